/* SPDX-License-Identifier: MIT */
/*
 * The life of the library: what runs when it is loaded, around a fork() of the program, and when it is unloaded or the
 * program exits. Each file that has something to do then says so by PL_LIFE(), at its end. The order is decided here
 * alone, by the stages, whatever the order is in which a linker calls constructors.
 *
 *      loaded            from the first stage to the last, as each file's constructor runs (in the linker's order:
 *                        so what is done there needs nothing of other files)
 *      before_fork       from the last stage to the first
 *      after_fork        from the first to the last, in the parent
 *      in_child          from the first to the last, in the child: lower layers are put right first
 *      unloaded          from the last stage to the first. After the program's own destructors, but for those with a
 *                        priority below 1000
 *
 * When the program exits, the threads of pools end earlier, by a function that is registered with atexit() when the
 * first pool is made (sched/pool.c): before the static objects are destroyed that were there by then.
 *
 * No lock is held while fork handlers of the program run: these may make calls.
 */
#ifndef PL_BASE_LIFE_H
#define PL_BASE_LIFE_H

typedef enum pl_life_stage {
    PL_LIFE_CLOCK,     /* base/os_common.c: the clock is chosen */
    PL_LIFE_SYSTEM,    /* base/os_linux.c: children of fork() are known */
    PL_LIFE_SPARE,     /* base/spare.c: memory that is kept from one call to the next */
    PL_LIFE_APART,     /* base/os_process.c: processes apart */
    PL_LIFE_STOP,      /* sched/stop.c */
    PL_LIFE_WATCH,     /* sched/watch.c: the thread that watches tasks with a time limit */
    PL_LIFE_STATS,     /* sched/stats.c: what threads have done, in numbers */
    PL_LIFE_NAMES,     /* sched/trace_name.c: names of functions, for traces */
    PL_LIFE_TRACE,     /* sched/trace.c: what threads do is recorded */
    PL_LIFE_RECORDING, /* trace/recording.c: what was recorded is written, after all threads have ended */
    PL_LIFE_VERBOSE,   /* api/verbose.c: sums are printed, if the user has asked for that */
    PL_LIFE_FAILURES,  /* call/failure.c: the last failure of each thread, those of pools among them */
    PL_LIFE_POOLS,     /* sched/pool_fork.c: threads, and the number of forks */
    PL_LIFE_STREAMS,   /* stream/stream_map_loop.c: threads that end in a call */
    PL_LIFE_ARENA,     /* executors/process/arena.c: memory shared with worker processes */
    PL_LIFE_GROUPS,    /* executors/process/group.c: worker groups, whose boards are in the arena */
    PL_LIFE_CALLS,     /* api/executor.c: calls in the background */
    PL_LIFE_WORKER,    /* executors/process/worker.c: this is a worker process, and its child ends */
    PL_LIFE_STAGES
} pl_life_stage;

/* The functions of one stage; NULL: none. */
typedef struct pl_life {
    void (*loaded)(void), (*before_fork)(void), (*after_fork)(void), (*in_child)(void), (*unloaded)(void);
} pl_life;

/* Called at most once for each stage. */
void pl_life_register(pl_life_stage stage, const pl_life *life);

/* For a file: PL_LIFE(PL_LIFE_POOLS, .in_child = become_child) */
#define PL_LIFE(stage, ...)                                                                                            \
    __attribute__((constructor)) static void register_life(void)                                                       \
    {                                                                                                                  \
        static const pl_life life = {__VA_ARGS__};                                                                     \
        pl_life_register(stage, &life);                                                                                \
    }                                                                                                                  \
    _Static_assert((stage) < PL_LIFE_STAGES, "a stage of the library's life")

#endif
