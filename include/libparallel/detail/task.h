/* SPDX-License-Identifier: MIT */
/* What PARALLEL_TASK defines: the functions that spawn, call, join, steal and run a task. Nothing here is for programs
 * to use. */
#ifndef LIBPARALLEL_DETAIL_TASK_H
#define LIBPARALLEL_DETAIL_TASK_H

#ifndef __cplusplus

#include <libparallel/detail/check.h>
#include <libparallel/detail/paste.h>
#include <libparallel/detail/slot.h>
#include <libparallel/detail/words.h>

#define PARALLEL_TASK_INLINE_ static inline __attribute__((always_inline, unused))

/* Both halves of a definition, or the one that `make` makes. */
#define PARALLEL_TASK_(result_t, fn, ...)                                                                              \
    PARALLEL_TASK_DECLARE(result_t, fn, __VA_ARGS__);                                                                  \
    PARALLEL_TASK_DEFINE(result_t, fn, __VA_ARGS__)
#define PARALLEL_TASK_MAKE_(make, result_t, fn, ...)                                                                   \
    PARALLEL_CAT_(PARALLEL_TASK_MAKE_, PARALLEL_IS_TYPE_(fn))(make, result_t, fn, __VA_ARGS__)
#define PARALLEL_TASK_MAKE_0(make, result_t, fn, ...) PARALLEL_TASK_LIST_(__VA_ARGS__)(make, result_t, fn, __VA_ARGS__)
#define PARALLEL_TASK_MAKE_1(make, result_t, fn, ...)                                                                  \
    _Static_assert(0, "the type of the result comes first: PARALLEL_TASK(result_t, fn, type, name, ...)")

/* Gives PARALLEL_TASK_n_, which calls `make` with n parameters in all the forms that it needs: their declarations in a
 * struct, in a parameter list under the user's names and under ours, our names as arguments, the same out of a struct,
 * and their way into one. Of other than one to eight pairs it gives PARALLEL_TASK_WRONG_ (up to 32 arguments are told
 * from more). */
#define PARALLEL_TASK_LIST_(...)                                                                                       \
    PARALLEL_33RD_(__VA_ARGS__, PARALLEL_TASK_WRONG_8_, PARALLEL_TASK_WRONG_8_, PARALLEL_TASK_8_,                      \
                   PARALLEL_TASK_WRONG_, PARALLEL_TASK_7_, PARALLEL_TASK_WRONG_, PARALLEL_TASK_6_,                     \
                   PARALLEL_TASK_WRONG_, PARALLEL_TASK_5_, PARALLEL_TASK_WRONG_, PARALLEL_TASK_4_,                     \
                   PARALLEL_TASK_WRONG_, PARALLEL_TASK_3_, PARALLEL_TASK_WRONG_, PARALLEL_TASK_2_,                     \
                   PARALLEL_TASK_WRONG_, PARALLEL_TASK_1_, PARALLEL_TASK_WRONG_, ~)
#define PARALLEL_TASK_WRONG_8_                                                                                         \
    PARALLEL_TASK_WRONG_, PARALLEL_TASK_WRONG_, PARALLEL_TASK_WRONG_, PARALLEL_TASK_WRONG_, PARALLEL_TASK_WRONG_,      \
        PARALLEL_TASK_WRONG_, PARALLEL_TASK_WRONG_, PARALLEL_TASK_WRONG_
#define PARALLEL_TASK_WRONG_(make, result_t, fn, ...)                                                                  \
    _Static_assert(0, "PARALLEL_TASK(" #result_t ", " #fn ", ...): one to eight parameters, a type and a name each")

#define PARALLEL_TASK_1_(...) PARALLEL_TASK_FORMS_(PARALLEL_EACH_1_, __VA_ARGS__)
#define PARALLEL_TASK_2_(...) PARALLEL_TASK_FORMS_(PARALLEL_EACH_2_, __VA_ARGS__)
#define PARALLEL_TASK_3_(...) PARALLEL_TASK_FORMS_(PARALLEL_EACH_3_, __VA_ARGS__)
#define PARALLEL_TASK_4_(...) PARALLEL_TASK_FORMS_(PARALLEL_EACH_4_, __VA_ARGS__)
#define PARALLEL_TASK_5_(...) PARALLEL_TASK_FORMS_(PARALLEL_EACH_5_, __VA_ARGS__)
#define PARALLEL_TASK_6_(...) PARALLEL_TASK_FORMS_(PARALLEL_EACH_6_, __VA_ARGS__)
#define PARALLEL_TASK_7_(...) PARALLEL_TASK_FORMS_(PARALLEL_EACH_7_, __VA_ARGS__)
#define PARALLEL_TASK_8_(...) PARALLEL_TASK_FORMS_(PARALLEL_EACH_8_, __VA_ARGS__)
#define PARALLEL_TASK_FORMS_(each, make, result_t, fn, ...)                                                            \
    make(result_t, fn, (each(PARALLEL_TASK_MEMBER_, PARALLEL_NOTHING_, __VA_ARGS__)),                                  \
         (each(PARALLEL_TASK_NAMED_, PARALLEL_COMMA_, __VA_ARGS__)),                                                   \
         (each(PARALLEL_TASK_TYPED_, PARALLEL_COMMA_, __VA_ARGS__)),                                                   \
         (each(PARALLEL_TASK_PASSED_, PARALLEL_COMMA_, __VA_ARGS__)),                                                  \
         (each(PARALLEL_TASK_TAKEN_, PARALLEL_COMMA_, __VA_ARGS__)),                                                   \
         (each(PARALLEL_TASK_PUT_, PARALLEL_COMMA_, __VA_ARGS__)))

/* The forms of a parameter. */
#define PARALLEL_TASK_MEMBER_(i, type, name) type pl_##i;
#define PARALLEL_TASK_NAMED_(i, type, name) type name
#define PARALLEL_TASK_TYPED_(i, type, name) type pl_##i
#define PARALLEL_TASK_PASSED_(i, type, name) pl_##i
#define PARALLEL_TASK_TAKEN_(i, type, name) pl_in.pl_##i
/* A parameter that is an array becomes a pointer, and is not what its member is. */
#define PARALLEL_TASK_PUT_(i, type, name)                                                                              \
    ((void)_Generic(&pl_##i, __typeof__(&pl_data->in.pl_##i) : 0),                                                     \
     (void)__builtin_memcpy((char *)pl_data + __builtin_offsetof(__typeof__(*pl_data), in.pl_##i),                     \
                            (const void *)&pl_##i, sizeof pl_##i))

/* What differs where the result is void. */
#define PARALLEL_TASK_OUT_(result_t) PARALLEL_CAT_(PARALLEL_TASK_OUT_, PARALLEL_IS_VOID_(result_t))(result_t)
#define PARALLEL_TASK_OUT_0(result_t) result_t out;
#define PARALLEL_TASK_OUT_1(result_t)
#define PARALLEL_TASK_LET_(result_t) PARALLEL_CAT_(PARALLEL_TASK_LET_, PARALLEL_IS_VOID_(result_t))(result_t)
#define PARALLEL_TASK_LET_0(result_t) result_t pl_result =
#define PARALLEL_TASK_LET_1(result_t)
#define PARALLEL_TASK_GIVE_(result_t) PARALLEL_CAT_(PARALLEL_TASK_GIVE_, PARALLEL_IS_VOID_(result_t))
#define PARALLEL_TASK_GIVE_0 return pl_result
#define PARALLEL_TASK_GIVE_1 return
#define PARALLEL_TASK_SET_(result_t) PARALLEL_CAT_(PARALLEL_TASK_SET_, PARALLEL_IS_VOID_(result_t))
#define PARALLEL_TASK_SET_0 pl_data->out = pl_result
#define PARALLEL_TASK_SET_1 (void)0
#define PARALLEL_TASK_GET_(result_t) PARALLEL_CAT_(PARALLEL_TASK_GET_, PARALLEL_IS_VOID_(result_t))
#define PARALLEL_TASK_GET_0 return pl_data->out
#define PARALLEL_TASK_GET_1 return

/*
 * The body is compiled into itself: copies of it call each other in a ring, so that the compiler may inline some levels
 * of a recursion, which it does not, or not as well, within one function. Which copy comes next travels as `pl_self`,
 * together with the kind of task, `pl_task`, that it is a copy of; both are constants wherever the body is inlined.
 */
#define PARALLEL_TASK_DECLARE_(result_t, fn, members, named, typed, passed, taken, put)                                \
    typedef union {                                                                                                    \
        struct {                                                                                                       \
            PARALLEL_OPEN_ members                                                                                     \
        } in;                                                                                                          \
        PARALLEL_TASK_OUT_(result_t)                                                                                   \
    } __attribute__((may_alias)) fn##__parallel_data;                                                                  \
    enum {                                                                                                             \
        fn##__parallel_fits =                                                                                          \
            sizeof(fn##__parallel_data) <= sizeof(((parallel_slot *)0)->data) && _Alignof(fn##__parallel_data) <= 16,  \
        fn##__parallel_parameters = PARALLEL_HOW_MANY_(1, PARALLEL_OPEN_ passed)                                       \
    };                                                                                                                 \
    typedef result_t fn##__parallel_copy(parallel_worker *, parallel_slot *, PARALLEL_OPEN_ typed);                    \
    __attribute__((unused)) static inline fn##__parallel_copy fn##__parallel_copy_0;                                   \
    __attribute__((unused)) static void fn##__parallel_stolen(parallel_worker *, parallel_slot *, parallel_slot *);    \
    __attribute__((unused)) static const parallel_task fn##__parallel_task = {                                         \
        fn##__parallel_stolen, #fn, sizeof(fn##__parallel_data), fn##__parallel_fits};                                 \
    _Static_assert(_Alignof(fn##__parallel_data) <= 64, "a task's arguments and result are aligned to 64 at most");    \
    PARALLEL_TASK_INLINE_ void fn##__parallel_spawn(parallel_frame *pl_frame, PARALLEL_OPEN_ typed)                    \
    {                                                                                                                  \
        parallel_worker *pl_worker = pl_frame->worker;                                                                 \
        parallel_slot *pl_slot = pl_frame->head;                                                                       \
        fn##__parallel_data *pl_data = (fn##__parallel_data *)(void *)pl_slot->data, pl_far;                           \
        if (!fn##__parallel_fits) {                                                                                    \
            void *pl_room = parallel_task_reserve(pl_worker, sizeof *pl_data);                                         \
            pl_data = pl_room ? (fn##__parallel_data *)pl_room : &pl_far;                                              \
            __builtin_memcpy(pl_slot->data, &pl_data, sizeof(void *));                                                 \
        }                                                                                                              \
        PARALLEL_OPEN_ put;                                                                                            \
        PARALLEL_TASK_CHECK_(parallel_task_note_spawn(pl_frame, &fn##__parallel_task));                                \
        if (!fn##__parallel_fits && pl_data == &pl_far) {                                                              \
            parallel_task_run_now(pl_worker, pl_slot, &fn##__parallel_task);                                           \
            pl_frame->floor -= sizeof *pl_slot;                                                                        \
        } else if (PARALLEL_TASK_LIKELY_(parallel_slot_push(pl_worker, pl_slot, &fn##__parallel_task))) {              \
            pl_frame->head = pl_slot + 1;                                                                              \
        } else {                                                                                                       \
            parallel_slot *pl_next;                                                                                    \
            parallel_task_push_slow(pl_worker, pl_slot, &pl_next);                                                     \
            pl_frame->floor -= (uintptr_t)(pl_slot + 1) - (uintptr_t)pl_next;                                          \
            pl_frame->head = pl_next;                                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
    PARALLEL_TASK_INLINE_ result_t fn##__parallel_call(const parallel_task *pl_task, void (*pl_self)(void),            \
                                                       parallel_frame *pl_frame, PARALLEL_OPEN_ typed)                 \
    {                                                                                                                  \
        fn##__parallel_copy *pl_copy =                                                                                 \
            pl_task == &fn##__parallel_task ? (fn##__parallel_copy *)pl_self : fn##__parallel_copy_0;                  \
        PARALLEL_TASK_LET_(result_t) pl_copy(pl_frame->worker, pl_frame->head, PARALLEL_OPEN_ passed);                 \
        PARALLEL_TASK_GIVE_(result_t);                                                                                 \
    }                                                                                                                  \
    PARALLEL_TASK_INLINE_ result_t fn##__parallel_sync(const parallel_task *pl_task, void (*pl_self)(void),            \
                                                       parallel_frame *pl_frame)                                       \
    {                                                                                                                  \
        parallel_worker *pl_worker = pl_frame->worker;                                                                 \
        parallel_slot *pl_slot = pl_frame->head - 1;                                                                   \
        fn##__parallel_data *pl_data = (fn##__parallel_data *)(void *)pl_slot->data;                                   \
        PARALLEL_TASK_CHECK_(parallel_task_check_sync(pl_frame, &fn##__parallel_task, pl_task->name));                 \
        if (!PARALLEL_TASK_LIKELY_(parallel_slot_pop(pl_worker, pl_slot))) {                                           \
            parallel_joined pl_joined;                                                                                 \
            parallel_task_pop_slow(pl_worker, pl_slot, &fn##__parallel_task, &pl_joined);                              \
            if (pl_joined.result) {                                                                                    \
                pl_frame->floor += (uintptr_t)pl_joined.head - (uintptr_t)pl_slot;                                     \
                pl_frame->head = pl_joined.head;                                                                       \
                pl_data = (fn##__parallel_data *)pl_joined.result;                                                     \
                PARALLEL_TASK_GET_(result_t);                                                                          \
            }                                                                                                          \
        }                                                                                                              \
        pl_frame->head = pl_slot;                                                                                      \
        __typeof__(pl_data->in) pl_in;                                                                                 \
        if (!fn##__parallel_fits)                                                                                      \
            __builtin_memcpy(&pl_data, pl_slot->data, sizeof(void *));                                                 \
        __builtin_memcpy(&pl_in, pl_data, sizeof pl_in);                                                               \
        if (!fn##__parallel_fits)                                                                                      \
            parallel_task_release(pl_worker, pl_data);                                                                 \
        PARALLEL_TASK_LET_(result_t)                                                                                   \
        fn##__parallel_call(pl_task, pl_self, pl_frame, PARALLEL_OPEN_ taken);                                         \
        PARALLEL_TASK_GIVE_(result_t);                                                                                 \
    }                                                                                                                  \
    static void fn##__parallel_stolen(parallel_worker *pl_worker, parallel_slot *pl_slot, parallel_slot *pl_head)      \
    {                                                                                                                  \
        fn##__parallel_data *pl_data = (fn##__parallel_data *)(void *)pl_slot->data;                                   \
        __typeof__(pl_data->in) pl_in;                                                                                 \
        if (!fn##__parallel_fits)                                                                                      \
            __builtin_memcpy(&pl_data, pl_slot->data, sizeof(void *));                                                 \
        __builtin_memcpy(&pl_in, pl_data, sizeof pl_in);                                                               \
        PARALLEL_TASK_LET_(result_t) fn##__parallel_copy_0(pl_worker, pl_head, PARALLEL_OPEN_ taken);                  \
        PARALLEL_TASK_SET_(result_t);                                                                                  \
    }                                                                                                                  \
    __attribute__((unused)) static inline result_t fn##__parallel_run(PARALLEL_OPEN_ typed)                            \
    {                                                                                                                  \
        parallel_slot pl_slot;                                                                                         \
        fn##__parallel_data *pl_data = (fn##__parallel_data *)(void *)pl_slot.data, pl_far;                            \
        if (!fn##__parallel_fits) {                                                                                    \
            pl_data = &pl_far;                                                                                         \
            __builtin_memcpy(pl_slot.data, &pl_data, sizeof(void *));                                                  \
        }                                                                                                              \
        PARALLEL_OPEN_ put;                                                                                            \
        parallel_task_run(&fn##__parallel_task, &pl_slot);                                                             \
        PARALLEL_TASK_GET_(result_t);                                                                                  \
    }                                                                                                                  \
    typedef result_t fn##__parallel_task_result

#define PARALLEL_TASK_DEFINE_(result_t, fn, members, named, typed, passed, taken, put)                                 \
    PARALLEL_TASK_INLINE_ result_t fn##__parallel_body(const parallel_task *, void (*)(void), parallel_frame *,        \
                                                       PARALLEL_OPEN_ typed);                                          \
    PARALLEL_TASK_RING_(result_t, fn, typed, passed)                                                                   \
    PARALLEL_TASK_INLINE_ result_t fn##__parallel_body(                                                                \
        const parallel_task *pl_task __attribute__((unused)), void (*pl_self)(void) __attribute__((unused)),           \
        parallel_frame *pl_frame __attribute__((unused)), PARALLEL_OPEN_ named)

/* The ring: each copy calls the one before it, the first one the last. */
#define PARALLEL_TASK_RING_ PARALLEL_CAT_(PARALLEL_TASK_RING_, PARALLEL_TASK_COPIES)
#define PARALLEL_TASK_RING_1(...) PARALLEL_TASK_COPY_(0, 0, __VA_ARGS__)
#define PARALLEL_TASK_RING_2(...) PARALLEL_TASK_CHAIN_1(__VA_ARGS__) PARALLEL_TASK_COPY_(0, 1, __VA_ARGS__)
#define PARALLEL_TASK_RING_3(...) PARALLEL_TASK_CHAIN_2(__VA_ARGS__) PARALLEL_TASK_COPY_(0, 2, __VA_ARGS__)
#define PARALLEL_TASK_RING_4(...) PARALLEL_TASK_CHAIN_3(__VA_ARGS__) PARALLEL_TASK_COPY_(0, 3, __VA_ARGS__)
#define PARALLEL_TASK_RING_5(...) PARALLEL_TASK_CHAIN_4(__VA_ARGS__) PARALLEL_TASK_COPY_(0, 4, __VA_ARGS__)
#define PARALLEL_TASK_CHAIN_1(...) PARALLEL_TASK_COPY_(1, 0, __VA_ARGS__)
#define PARALLEL_TASK_CHAIN_2(...) PARALLEL_TASK_CHAIN_1(__VA_ARGS__) PARALLEL_TASK_COPY_(2, 1, __VA_ARGS__)
#define PARALLEL_TASK_CHAIN_3(...) PARALLEL_TASK_CHAIN_2(__VA_ARGS__) PARALLEL_TASK_COPY_(3, 2, __VA_ARGS__)
#define PARALLEL_TASK_CHAIN_4(...) PARALLEL_TASK_CHAIN_3(__VA_ARGS__) PARALLEL_TASK_COPY_(4, 3, __VA_ARGS__)

#define PARALLEL_TASK_COPY_(i, next, result_t, fn, typed, passed)                                                      \
    static inline result_t fn##__parallel_copy_##i(parallel_worker *pl_worker, parallel_slot *pl_head,                 \
                                                   PARALLEL_OPEN_ typed)                                               \
    {                                                                                                                  \
        parallel_frame pl_frame = {.worker = pl_worker, .head = pl_head, .floor = (uintptr_t)pl_head};                 \
        PARALLEL_TASK_LET_(result_t)                                                                                   \
        fn##__parallel_body(&fn##__parallel_task, (void (*)(void))fn##__parallel_copy_##next, &pl_frame,               \
                            PARALLEL_OPEN_ passed);                                                                    \
        PARALLEL_TASK_CHECK_(pl_frame.spawned == 0 ||                                                                  \
                             (parallel_task_misuse(#fn, "a PARALLEL_SPAWN without PARALLEL_SYNC"), 0));                \
        PARALLEL_TASK_GIVE_(result_t);                                                                                 \
    }

/* Outside of a task, this is what the macros find in place of its frame: an error that tells where they stand. */
void pl_frame(void);
#define PARALLEL_IN_TASK_(macro)                                                                                       \
    ((void)PARALLEL_ASSERT_(__builtin_types_compatible_p(__typeof__(&*pl_frame), parallel_frame *),                    \
                            macro "() stands in the body of a PARALLEL_TASK"))
#define PARALLEL_FRAME_(macro) (PARALLEL_IN_TASK_(macro), pl_frame)
#define PARALLEL_TASK_SELF_(macro) (PARALLEL_IN_TASK_(macro), pl_task)

/* What stands before a spawn, a call or a run: an error if the arguments are not those that the task takes. `text` is
 * how they were written, with no macro in it expanded, so that it is short where calls are arguments of calls. */
#define PARALLEL_TASK_TAKES_(macro, fn, text, ...)                                                                     \
    ((void)PARALLEL_ASSERT_(PARALLEL_HOW_MANY_(1, __VA_ARGS__) == fn##__parallel_parameters &&                         \
                                __builtin_strncmp(&("," text)[sizeof text - 1], ",", 1) != 0,                          \
                            macro "(" #fn ", ...): an argument for each parameter of the task, and no comma after "    \
                                  "the last"))

/* PARALLEL_SYNC_ALL() with three arguments, with none, and with any other number. */
#define PARALLEL_SYNC_ALL_(...)                                                                                        \
    PARALLEL_EIGHTH_(__VA_ARGS__, PARALLEL_SYNC_WRONG_, PARALLEL_SYNC_WRONG_, PARALLEL_SYNC_WRONG_,                    \
                     PARALLEL_SYNC_WRONG_, PARALLEL_SYNC_COMBINE_, PARALLEL_SYNC_WRONG_, PARALLEL_SYNC_DROP_, ~)       \
    (__VA_ARGS__)
#define PARALLEL_EIGHTH_(a, b, c, d, e, f, g, nth, ...) nth

#define PARALLEL_SYNC_COMBINE_(fn, op, acc)                                                                            \
    do {                                                                                                               \
        _Static_assert(!__builtin_types_compatible_p(fn##__parallel_task_result, void),                                \
                       "PARALLEL_SYNC_ALL(" #fn ", ...): the task has no result");                                     \
        PARALLEL_IN_TASK_("PARALLEL_SYNC_ALL");                                                                        \
        __typeof__(acc) *const pl_acc = &(acc);                                                                        \
        while (parallel_frame_is_open(pl_frame)) {                                                                     \
            fn##__parallel_task_result pl_result = fn##__parallel_sync(pl_task, pl_self, pl_frame);                    \
            *pl_acc = PARALLEL_COMBINE_(op, *pl_acc, pl_result);                                                       \
        }                                                                                                              \
    } while (0)
#define PARALLEL_SYNC_DROP_(nothing)                                                                                   \
    do {                                                                                                               \
        PARALLEL_IN_TASK_("PARALLEL_SYNC_ALL");                                                                        \
        _Static_assert(sizeof #nothing == 1, PARALLEL_SYNC_TAKES_);                                                    \
        while (parallel_frame_is_open(pl_frame))                                                                       \
            parallel_frame_join(pl_frame);                                                                             \
    } while (0)
#define PARALLEL_SYNC_WRONG_(...) _Static_assert(0, PARALLEL_SYNC_TAKES_)
#define PARALLEL_SYNC_TAKES_ "PARALLEL_SYNC_ALL() takes nothing, or a task, an operator, and where its results go"

#endif /* !__cplusplus */

#endif
