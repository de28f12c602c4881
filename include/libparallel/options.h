/* SPDX-License-Identifier: MIT */
/* The options of a call. A call names those it wants: parallel_map(fn, args, n, .max_workers = 4). A first one without
 * a name is an error at compile time. */
#ifndef LIBPARALLEL_OPTIONS_H
#define LIBPARALLEL_OPTIONS_H

#include <libparallel/base.h>

/** Where the tasks of a call run. */
typedef enum parallel_executor_kind {
    PARALLEL_DEFAULT_EXECUTOR = 0, /**< the decoration's choice, else threads */
    PARALLEL_THREAD,               /**< on the threads of this process */
    PARALLEL_SERIAL,               /**< on the calling thread, in index order: for debugging */
    PARALLEL_PROCESS,              /**< on worker processes, see process.h */
    PARALLEL_MPI                   /**< on the ranks of an MPI job, see parallel_mpi.h; without that: ENOTSUP */
} parallel_executor_kind;

/** What worker processes know of the program; process.h tells more. */
typedef enum parallel_isolation {
    PARALLEL_DEFAULT_ISOLATION = 0, /**< the decoration's choice, else a snapshot */
    PARALLEL_SNAPSHOT,              /**< forked for the call: every pointer and global is there, as at the call */
    PARALLEL_PERSISTENT             /**< kept from call to call, and sent the arguments, which hold no pointers */
} parallel_isolation;

/** A pool of one's own, see pool.h. */
typedef struct parallel_pool parallel_pool;

/**
 * Called while a call runs: `done` of `total` tasks have ended, well or not. From one thread at a time, any that works
 * on the call; at most some 20 times a second; and once more when the call ends. `done` never goes back, and is `total`
 * only then: if it is not, some tasks were never started. Without any tasks it is called once, with 0 of 0.
 */
typedef void parallel_progress(size_t done, size_t total, void *progress_data);

/**
 * Options of one call, or the defaults that a decoration gives to all calls of a function.
 *
 * Zero lets the library choose. A member that a call leaves at zero takes the decoration's value.
 */
typedef struct parallel_options {
    /**
     * sizeof(parallel_options), so that programs and library may be of different ages. The macros fill it in.
     * Zero stands for all that are declared here; a size that does not hold this member is EINVAL.
     */
    size_t size;

    /**
     * Seconds that one task may take, each attempt from its start. A task that ends later is PARALLEL_TIMED_OUT,
     * whatever it returns, and its result is discarded; one that runs past its time is asked to stop, see
     * parallel_cancelled(). The call waits until it has returned. What a discarded result alone pointed to is lost:
     * keep memory where the argument can reach it. Of a function that gets chunks, the time counts for a chunk.
     * Negative: none, whatever was decorated. Which task was late is exact to a hundredth of the time, or a
     * millisecond if that is more, where tasks are cheap: those are run several at a time. Others, and all where it is
     * less than four milliseconds, cost a reading of the clock each.
     */
    double timeout;

    /**
     * Seconds that the whole call may take. Past them, tasks that run are timed out in the same way, and the others are
     * PARALLEL_NOT_RUN. Negative: none, whatever was decorated. It bounds each task, too, and so costs what `timeout`
     * does.
     */
    double call_timeout;

    /**
     * The most threads that work on the call, the caller among them. More than there are cores is legal, and for
     * tasks that block: only then may tasks wait for each other, in a call of no more tasks than threads; where there
     * are more, a thread may take several cheap ones at once. A map or loop whose tasks were cheap so far begins on the
     * caller alone all the same: should a task block, other threads run those behind it, some milliseconds later.
     * Default: the size of `pool`; without one, the environment variable PARALLEL_NUM_THREADS, else the CPUs that the
     * process may use (affinity mask and cgroup quota). Negative: EINVAL.
     */
    int max_workers;

    /** Where the tasks run: on threads, on the caller alone, on worker processes, or on the ranks of an MPI job. */
    parallel_executor_kind executor;

    /** Try every task and keep every outcome, instead of stopping at the first failure. */
    bool silent;

    /** Handed to every task as its last argument. Borrowed for the call. */
    void *extras;

    /**
     * One name for each task, for parallel_get() and in failures: n strings, all different, none NULL (else
     * EINVAL). Borrowed for as long as the results live.
     */
    const char *const *names;

    /**
     * How many further attempts a task gets that failed or timed out, unless it said that this is final
     * (parallel_fail_final()). Negative: none, whatever was decorated.
     */
    int retries;

    /**
     * Seconds from a failure to the next attempt: at random between half as many and all of them, so that tasks which
     * failed together do not come back together; twice as many after each further failure. Other tasks run meanwhile.
     * Negative: none, whatever was decorated.
     */
    double retry_delay;

    /** Called from time to time, and at the end. parallel_progress_bar() is one. */
    parallel_progress *progress;

    /** Handed to `progress`. */
    void *progress_data;

    /**
     * The pool to run on, from parallel_pool_new(). Borrowed for the call. Default: that of the task that makes the
     * call, else the program's. What is no pool is EINVAL.
     */
    parallel_pool *pool;

    /** For parallel_async_map() and parallel_async_par(): wait for parallel_executor_start(). Else: EINVAL. */
    bool deferred;

    /**
     * For calls in the background: parallel_executor_next() gives each task as it ends. Tasks are run one by one then,
     * and each is taken down: some 100 ns, and 16 bytes, for each. Else: EINVAL.
     */
    bool as_completed;

    /**
     * For experts: how many neighbouring items are run together, by one thread. Chunks begin at multiples of it. Zero
     * lets the library choose: it begins with few, measures, and keeps chunks at some microseconds. A grain of one's
     * own is of use where a body wants ranges of a certain size, such as blocks of a matrix; or where items are
     * known to be dear, and the first measurement is to be spared.
     */
    size_t grain;

    /** Of worker processes: what they know of the program. */
    parallel_isolation isolation;

    /**
     * Of persistent worker processes: bytes that `extras` points to, which are sent to them with each call. The copy is
     * aligned to 64 bytes. More than memory can hold: ENOMEM.
     */
    size_t extras_size;

    /**
     * Of worker processes: bytes of memory that each may have beyond what it began with; past that, malloc() fails in
     * it, and a task that does not expect that crashes, alone. 0: no limit. Where limits cannot be set, as a sandbox
     * refuses that: ENOTSUP, before anything runs.
     */
    size_t memory_limit;

    /** Of worker processes: after so many tasks each is replaced by a new one. 0: never. Negative: EINVAL. */
    int tasks_per_worker;

    /**
     * For experts, of parallel_for_2d(): how many rows and columns a tile has, as where a block of a matrix is to stay
     * in a cache. Zero lets the library choose. More than PTRDIFF_MAX, which negative numbers become, is EINVAL. Other
     * calls leave them alone.
     */
    size_t tile_rows, tile_cols;

    /**
     * Of streams: how many items there may be between source and sink, at most; fewer than workers is legal. Zero lets
     * the library choose: 256, or as many as have arguments and results of 1 MiB, but four for each worker. More than
     * memory can hold is ENOMEM. Other calls leave it alone.
     */
    size_t window;

    /** Of streams: items are given as they end, and not in order. Other calls leave it alone. */
    bool unordered;
} parallel_options;

#include <libparallel/detail/options.h>

#endif
