/* SPDX-License-Identifier: MIT */
/*
 * What decorations define for parallel_stream_map(): the loop that it equals, compiled into the program where the call
 * stands. Nothing here is for programs to use.
 *
 * Items that are so cheap that help costs more than it brings are run by the caller alone. Where source, function and
 * sink are called by pointer, as the library has to, that costs more than such items do; here the compiler sees all
 * three, and makes one loop of them. The library decides when, and how many items: it hands out a *batch* of them at a
 * time, looks at the clock between two, and does by itself what is not so simple: items that have help, are measured,
 * timed, or tried again.
 *
 *      parallel_stream_loop_begin()       the call begins; true: there is a batch
 *      parallel_stream_loop_next()        the batch has been run, as it says itself; true: there is another one
 *
 * After false the call has ended, with `result` and errno. While a batch runs, nobody else is at the stream, so nobody
 * stops it; whether the call is to give up is looked at between two.
 *
 * Large arguments and results would be too much for the caller's stack: these are left to the library. So are programs
 * that are compiled with -fexceptions: an exception that leaves source or sink must not leave the call half done, and
 * where the library calls them, it does not get so far (base/unwind.h). In C that is compiled without, exceptions are
 * not to pass. A thread that ends in source, function or sink ends the program, as elsewhere (stream_map_loop.c).
 */
#ifndef LIBPARALLEL_DETAIL_STREAM_LOOP_H
#define LIBPARALLEL_DETAIL_STREAM_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/item.h>

PARALLEL_BEGIN_DECLS

/* How a batch has ended. */
typedef enum parallel_stream_batch_end {
    PARALLEL_STREAM_BATCH_DONE,   /* well: all of its items have been run and given */
    PARALLEL_STREAM_BATCH_SOURCE, /* source has returned `code`, which is 0 or less */
    PARALLEL_STREAM_BATCH_SINK,   /* sink has returned `code` for the item before `next` */
    PARALLEL_STREAM_BATCH_ITEM    /* item `next`, whose argument is in `failed`, has failed */
} parallel_stream_batch_end;

typedef struct parallel_stream_batch {
    bool by_library;     /* there are to be none: the library runs all items */
    void *call;          /* the library's */
    size_t next, end;    /* the items [next, end) are to be run; `next` moves on with them */
    parallel_span *span; /* of functions that can fail; a span's `index` is the item that runs */
    void *failed;        /* for an argument */
    int how;             /* a parallel_stream_batch_end */
    int code;
    int result; /* of the call: 0 or -1 */
} parallel_stream_batch;

PARALLEL_API bool parallel_stream_loop_begin(parallel_stream_batch *batch, const parallel_function *f,
                                             int (*source)(void *arg, void *data),
                                             int (*sink)(const parallel_item *item, void *data), void *data,
                                             const parallel_options *options);
PARALLEL_API bool parallel_stream_loop_next(parallel_stream_batch *batch);

PARALLEL_END_DECLS

#ifndef __cplusplus

#ifdef __EXCEPTIONS
#define PARALLEL_STREAM_(fn, call) PARALLEL_STREAM_OF_LIBRARY_(fn)
#else
#define PARALLEL_STREAM_(fn, call) PARALLEL_STREAM_LOOP_(fn, call)
#endif

#define PARALLEL_STREAM_HEAD_(fn)                                                                                      \
    fn##__parallel_stream(int (*pl_source)(void *, void *), int (*pl_sink)(const parallel_item *, void *),             \
                          void *pl_data, const parallel_options *pl_options)
#define PARALLEL_STREAM_BEGIN_(fn)                                                                                     \
    parallel_stream_loop_begin(&pl_batch, &fn##__parallel, pl_source, pl_sink, pl_data, pl_options)

/* The handle is defined after it. */
#define PARALLEL_STREAM_OF_LIBRARY_(fn)                                                                                \
    __attribute__((unused)) static const parallel_function fn##__parallel;                                             \
    __attribute__((unused)) static inline int PARALLEL_STREAM_HEAD_(fn)                                                \
    {                                                                                                                  \
        parallel_stream_batch pl_batch = {.by_library = 1};                                                            \
        PARALLEL_STREAM_BEGIN_(fn);                                                                                    \
        return pl_batch.result;                                                                                        \
    }

/* Always inlined, as only there source and sink are constants. */
#define PARALLEL_STREAM_LOOP_(fn, call)                                                                                \
    __attribute__((unused)) static const parallel_function fn##__parallel;                                             \
    __attribute__((always_inline, unused)) static inline int PARALLEL_STREAM_HEAD_(fn)                                 \
    {                                                                                                                  \
        parallel_stream_batch pl_batch = {.by_library = sizeof(fn##__parallel_arg) > PARALLEL_STREAM_MOST_ ||          \
                                                        call##_SIZE_(fn) > PARALLEL_STREAM_MOST_};                     \
        if (pl_batch.by_library) {                                                                                     \
            PARALLEL_STREAM_BEGIN_(fn);                                                                                \
            return pl_batch.result;                                                                                    \
        }                                                                                                              \
        for (bool pl_more = PARALLEL_STREAM_BEGIN_(fn); pl_more; pl_more = parallel_stream_loop_next(&pl_batch)) {     \
            size_t pl_i = pl_batch.next, pl_end = pl_batch.end;                                                        \
            int pl_how = PARALLEL_STREAM_BATCH_DONE, pl_code = 0;                                                      \
            while (pl_i < pl_end) {                                                                                    \
                PARALLEL_STREAM_SMALL_(fn##__parallel_arg) pl_arg;                                                     \
                __builtin_memset((void *)&pl_arg, 0, sizeof pl_arg);                                                   \
                if ((pl_code = pl_source((void *)&pl_arg, pl_data)) <= 0) {                                            \
                    pl_how = PARALLEL_STREAM_BATCH_SOURCE;                                                             \
                    break;                                                                                             \
                }                                                                                                      \
                call##_(fn);                                                                                           \
                parallel_item pl_item = {pl_i++, &pl_arg, call##_RESULT_, 0};                                          \
                if ((pl_code = pl_sink(&pl_item, pl_data)) != 0) {                                                     \
                    pl_how = PARALLEL_STREAM_BATCH_SINK;                                                               \
                    break;                                                                                             \
                }                                                                                                      \
            }                                                                                                          \
            pl_batch.next = pl_i;                                                                                      \
            pl_batch.how = pl_how;                                                                                     \
            pl_batch.code = pl_code;                                                                                   \
        }                                                                                                              \
        return pl_batch.result;                                                                                        \
    }

/* Types that are too large become one that is not, where nothing is run. And a variable is not const. */
#define PARALLEL_STREAM_MOST_ 512
#define PARALLEL_STREAM_SMALL_(type)                                                                                   \
    __typeof__(*__builtin_choose_expr(sizeof(type) > PARALLEL_STREAM_MOST_, (char *)0,                                 \
                                      (__typeof__(((void)0, *(type *)0)) *)0))
#define PARALLEL_STREAM_ARG_(fn) ((fn##__parallel_arg const *)(const void *)&pl_arg)
#define PARALLEL_STREAM_RESULT_(fn) ((fn##__parallel_result *)(void *)&pl_result)

/* How an item is run, by a function with a value, */
#define PARALLEL_STREAM_CALL_0_(fn)                                                                                    \
    PARALLEL_STREAM_SMALL_(fn##__parallel_result) pl_result;                                                           \
    *PARALLEL_STREAM_RESULT_(fn) = fn(*PARALLEL_STREAM_ARG_(fn))
#define PARALLEL_STREAM_CALL_0_SIZE_(fn) sizeof(fn##__parallel_result)
#define PARALLEL_STREAM_CALL_0_RESULT_ &pl_result

/* one without, */
#define PARALLEL_STREAM_CALL_1_(fn) fn(*PARALLEL_STREAM_ARG_(fn))
#define PARALLEL_STREAM_CALL_1_SIZE_(fn) 0
#define PARALLEL_STREAM_CALL_1_RESULT_ 0

/* and one that can fail, with a result or without. */
#define PARALLEL_STREAM_TRY_0_(fn)                                                                                     \
    PARALLEL_STREAM_SMALL_(fn##__parallel_result) pl_result;                                                           \
    __builtin_memset((void *)&pl_result, 0, sizeof pl_result);                                                         \
    PARALLEL_STREAM_TRIED_(fn, PARALLEL_STREAM_RESULT_(fn))
#define PARALLEL_STREAM_TRY_0_SIZE_(fn) sizeof(fn##__parallel_result)
#define PARALLEL_STREAM_TRY_0_RESULT_ &pl_result
#define PARALLEL_STREAM_TRY_1_(fn) PARALLEL_STREAM_TRIED_(fn, 0)
#define PARALLEL_STREAM_TRY_1_SIZE_(fn) 0
#define PARALLEL_STREAM_TRY_1_RESULT_ 0
#define PARALLEL_STREAM_TRIED_(fn, result)                                                                             \
    pl_batch.span->index = pl_i;                                                                                       \
    pl_batch.span->code = fn(PARALLEL_STREAM_ARG_(fn), (result), pl_batch.span->extras);                               \
    if (pl_batch.span->code) {                                                                                         \
        __builtin_memcpy(pl_batch.failed, &pl_arg, sizeof pl_arg);                                                     \
        pl_how = PARALLEL_STREAM_BATCH_ITEM;                                                                           \
        break;                                                                                                         \
    }

#endif /* !__cplusplus */

#endif
