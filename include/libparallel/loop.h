/* SPDX-License-Identifier: MIT */
/* Loops whose bodies use what stands around them, and loops over rectangles. */
#ifndef LIBPARALLEL_LOOP_H
#define LIBPARALLEL_LOOP_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

/**
 * The body of a loop, with a way to run it over a range. PARALLEL_LOOP makes one. For a body known at run time, and in
 * C++, fill in `name` and `call` and leave the rest zero:
 *
 *     void scale(const void *captures, ptrdiff_t begin, ptrdiff_t end);
 *     parallel_loop_body body = {.name = "scale", .call = scale};
 */
typedef struct parallel_loop_body {
    const char *name; /**< for people; may be NULL */
    size_t size;      /**< sizeof(parallel_loop_body); 0: the members up to `call` are all */

    /** Runs the iterations [begin, end) in order. */
    void (*call)(const void *captures, ptrdiff_t begin, ptrdiff_t end);

    size_t captures_size; /**< bytes of the captures; 0: unknown */
    parallel_cost *cost;  /**< where to remember what an iteration costs, or NULL */
} parallel_loop_body;

#ifndef __cplusplus

/**
 * PARALLEL_LOOP(name, i, type, capture, ...) { body }
 *
 * Defines the body of a loop, for parallel_loop(). It stands at file scope. Without the macros it would be
 * `void name(ptrdiff_t i, type capture, ...)`, with up to eight captures by value, of any types and names, or none. A
 * type whose name stands in its middle (a pointer to a function, or to an array) needs a typedef; an array is captured
 * by a pointer to its first element.
 *
 *     PARALLEL_LOOP(add_scaled, i, double, a, const double *restrict, x, double *restrict, y)
 *     {
 *         y[i] += a * x[i];
 *     }
 *     parallel_loop(add_scaled, 1, n - 1, (a, x, y));
 *
 * The body is compiled into the loop, with the captures as parameters of the function that the loop stands in: so
 * `restrict` means that the arrays do not overlap, in any iteration, and the compiler vectorises as it would in the
 * serial program. `return` ends an iteration, as `continue` does in a loop; nothing in a body ends the loop.
 *
 * A body treats every index alike, as several run at once and in any order: it writes to nothing that another iteration
 * reads or writes. It returns: it is not left by longjmp(), pthread_exit() or C++ exceptions; parallel.h says what
 * becomes of that. It may call anything, parallel_loop() too, and parallel_cancelled().
 *
 * It defines `name__parallel_loop`, a `static const parallel_loop_body`.
 */
#define PARALLEL_LOOP(...) PARALLEL_LOOP_MAKE_(PARALLEL_LOOP_EACH_, __VA_ARGS__)

/**
 * PARALLEL_LOOP_RANGE(name, from, to, type, capture, ...) { body }
 *
 * The same for a body that is given the iterations [from, to), which are some of the loop's, as it has something to set
 * up for them, or a way of its own through them:
 *
 *     PARALLEL_LOOP_RANGE(blur_rows, from, to, struct image *, im)
 *     {
 *         float window[9];
 *         for (ptrdiff_t row = from; row < to; row++)
 *             ...
 *     }
 *     parallel_loop(blur_rows, 0, im->rows, (im));
 */
#define PARALLEL_LOOP_RANGE(name, from, ...) PARALLEL_LOOP_MAKE_(PARALLEL_LOOP_OF_RANGE_, (name, from), __VA_ARGS__)

/**
 * parallel_loop(name, begin, end, (captures...), ...options): runs a loop. Equals
 *
 *     for (ptrdiff_t i = begin; i < end; i++)
 *         body
 *
 * for a body that treats every index alike, see PARALLEL_LOOP; of one made with PARALLEL_LOOP_RANGE, it equals the body
 * with the whole range.
 *
 * @param name     of a PARALLEL_LOOP, or PARALLEL_LOOP_RANGE, in sight
 * @param begin    the first index, a ptrdiff_t, which may be negative
 * @param end      the one after the last; `begin >= end` runs nothing
 * @param captures in parentheses, as many as the body has, in that order; `()` if it has none. Evaluated once, copied
 *                 into the call, and converted to the body's types as C converts numbers; a pointer to another type, or
 *                 to const where the body's is not, is an error at compile time. What pointers point to is borrowed for
 *                 the call.
 * @param options  as `.name = value`, see parallel_options
 * @return 0; or -1 with errno EINVAL (end - begin is more than PTRDIFF_MAX, or an option that asks for what a loop has
 *         not: `names`, `extras`, `timeout`, `retries`, `deferred`), ETIMEDOUT (past `call_timeout`), ECANCELED (a
 *         task makes it that is to give up) or ENOTSUP (PARALLEL_PROCESS). Options that only say how, of failures or of
 *         worker processes, change nothing.
 *
 * From any thread, and from inside tasks and loops: a nested one runs on the same threads. What an iteration costs is
 * remembered for each `name` by itself; a loop known to be over before help would come runs on its caller.
 */
#define parallel_loop(...)                                                                                             \
    PARALLEL_CALL_4_(PARALLEL_LOOP_CALL_, "parallel_loop(loop, begin, end, (captures), ...options)", __VA_ARGS__)

/**
 * parallel_for_2d(rows, cols, body, ctx, ...options): runs a loop body over the tiles of a rectangle. Equals
 *
 *     body(0, rows, 0, cols, ctx);
 *
 * for a body that treats every pair of a row in [row, row_end) and a column in [col, col_end) alike: the library calls
 * it with tiles that cover the rectangle exactly once, several at once.
 *
 * Tiles begin at multiples of the tile's size. Where `tile_rows` or `tile_cols` is given, no tile is larger, and those
 * at the end of the rectangle may be smaller. What is not given the library chooses, by the rectangle alone: up to 64,
 * and less if there were too few tiles to share; and then neighbours that run together may be one call.
 *
 * @param rows    how many; if this or `cols` is 0, nothing is called
 * @param cols    how many; as in C's matrices, neighbours in memory are neighbouring columns
 * @param body    void body(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
 * @param ctx     handed to every call; may be NULL
 * @param options as for parallel_for(); `grain` and `progress` count tiles
 * @return as parallel_for(). EINVAL also if there are more than PTRDIFF_MAX rows, columns or tiles.
 */
#define parallel_for_2d(...)                                                                                           \
    PARALLEL_CALL_4_(PARALLEL_FOR_2D_, "parallel_for_2d(rows, cols, body, ctx, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What parallel_loop() is made of: for bodies known at run time, and for C++.
 *
 * @param body     read during the call only
 * @param captures handed to every call of body->call; borrowed for the call; may be NULL
 * @param options  NULL: none
 * @return as parallel_loop(); EINVAL also for an incomplete `body`
 */
PARALLEL_API int parallel_loop_function(const parallel_loop_body *body, ptrdiff_t begin, ptrdiff_t end,
                                        const void *captures, const parallel_options *options);

/** What parallel_for_2d() is made of. */
PARALLEL_API int parallel_for_2d_function(size_t rows, size_t cols,
                                          void (*body)(size_t row, size_t row_end, size_t col, size_t col_end,
                                                       void *ctx),
                                          void *ctx, const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/loop.h>

#endif
