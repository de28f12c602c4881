/* SPDX-License-Identifier: MIT */
/* What PARALLEL_DECORATE_ORDER defines, and the second halves of the macros that take orders. Nothing here is for
 * programs to use. */
#ifndef LIBPARALLEL_DETAIL_ORDER_H
#define LIBPARALLEL_DETAIL_ORDER_H

#include <libparallel/detail/options.h>
#include <libparallel/detail/paste.h>
#include <libparallel/detail/reduce.h>
#include <libparallel/detail/sorter_classify.h>
#include <libparallel/detail/sorter_divide.h>

enum { PARALLEL_WORD_ASCENDING_, PARALLEL_WORD_DESCENDING_, PARALLEL_ORDERS_ };

#ifndef __cplusplus

/* ---- words ------------------------------------------------------------------------------------------------- */

/* PARALLEL_IS_ORDER_(order) is 1 for a word, and 0 for any other name: as PARALLEL_IS_WORD_ does it. */
#define PARALLEL_ORDER_PARALLEL_ASCENDING() ~, 1
#define PARALLEL_ORDER_PARALLEL_DESCENDING() ~, 1
#define PARALLEL_IS_ORDER_(order) PARALLEL_SECOND_(PARALLEL_ORDER_##order(), 0, ~)

#define PARALLEL_ORDER_WORD_PARALLEL_ASCENDING PARALLEL_WORD_ASCENDING_
#define PARALLEL_ORDER_WORD_PARALLEL_DESCENDING PARALLEL_WORD_DESCENDING_

/* The order for an array; the array, if it is one of the order's items, const or not; and the type of an item. */
#define PARALLEL_ORDER_OF_(order, args) PARALLEL_CAT_(PARALLEL_ORDER_OF_, PARALLEL_IS_ORDER_(order))(order, args)
#define PARALLEL_ORDER_OF_0(order, args) &order##__parallel_order
#define PARALLEL_ORDER_OF_1(order, args)                                                                               \
    &parallel_word_orders[PARALLEL_ORDER_WORD_##order]                                                                 \
                         [PARALLEL_OF_NUMBERS_OR_BOOL_(#order, args) + PARALLEL_NUMBER_OR_BOOL_(args)]
#define PARALLEL_ORDER_ARGS_(order, args) PARALLEL_CAT_(PARALLEL_ORDER_ARGS_, PARALLEL_IS_ORDER_(order))(order, args)
#define PARALLEL_ORDER_ARGS_0(order, args)                                                                             \
    PARALLEL_VIEW_(args, order##__parallel_item, "args is to point to what " #order " compares")
#define PARALLEL_ORDER_ARGS_1(order, args) (args)
#define PARALLEL_ORDER_ITEM_(order, args) PARALLEL_CAT_(PARALLEL_ORDER_ITEM_, PARALLEL_IS_ORDER_(order))(order, args)
#define PARALLEL_ORDER_ITEM_0(order, args) order##__parallel_item
#define PARALLEL_ORDER_ITEM_1(order, args) __typeof__(*(args))

/* ---- calls ------------------------------------------------------------------------------------------------- */

#define PARALLEL_EXTREME_(function_, order_, args_, n_, ...)                                                           \
    ((PARALLEL_ORDER_ITEM_(order_, args_) const *)function_(                                                           \
        PARALLEL_ORDER_OF_(order_, args_), PARALLEL_ORDER_ARGS_(order_, args_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__)))

/* ---- decorations ------------------------------------------------------------------------------------------- */

/* What a function says: whether the first comes before the second, or by how much. */
static inline int parallel_order_says(bool is_before)
{
    return -(int)is_before;
}
static inline int parallel_order_compares(int difference)
{
    /* two branches, so that gcc makes one comparison of a function's `if (x < y) return -1; if (x > y) return 1;` */
    if (difference < 0)
        return -1;
    return 0;
}
#define PARALLEL_ORDER_CALL_(fn, a, b)                                                                                 \
    _Generic(fn(a, b), _Bool : parallel_order_says, int : parallel_order_compares)(fn(a, b))

/* For a size and a function that are constants where it is inlined. A loop in a loop, as better items are few: a choice
 * in one loop has each item wait for the one before. */
static inline __attribute__((always_inline)) size_t
parallel_order_pick(const void *items, size_t n, size_t size, bool greatest, int (*call)(const void *, const void *))
{
    const unsigned char *first = (const unsigned char *)items, *best = first, *item = first, *end = first + n * size;
    if (greatest) {
        while (item < end) {
            best = item;
            do
                item += size;
            while (item < end && call(best, item) >= 0);
        }
    } else {
        while (item < end) {
            best = item;
            do
                item += size;
            while (item < end && call(item, best) >= 0);
        }
    }
    return (size_t)(best - first) / size;
}

#define PARALLEL_DECORATE_ORDER_(fn, type, ...)                                                                        \
    typedef __typeof__(type) fn##__parallel_item;                                                                      \
    PARALLEL_CHECK_ORDER_(fn, type)                                                                                    \
    __attribute__((unused)) static inline int fn##__parallel_order_call(const void *pl_a, const void *pl_b)            \
    {                                                                                                                  \
        return PARALLEL_ORDER_CALL_(fn, (const fn##__parallel_item *)pl_a, (const fn##__parallel_item *)pl_b);         \
    }                                                                                                                  \
    __attribute__((unused)) static size_t fn##__parallel_order_pick(const void *pl_items, size_t pl_n,                 \
                                                                    bool pl_greatest)                                  \
    {                                                                                                                  \
        return parallel_order_pick(pl_items, pl_n, sizeof(fn##__parallel_item), pl_greatest,                           \
                                   fn##__parallel_order_call);                                                         \
    }                                                                                                                  \
    PARALLEL_SORTER_(fn)                                                                                               \
    PARALLEL_DEFAULTS_(fn##__parallel_order, __VA_ARGS__)                                                              \
    __attribute__((unused)) static const parallel_order fn##__parallel_order = {                                       \
        .name = #fn,                                                                                                   \
        .size = sizeof(parallel_order),                                                                                \
        .call = fn##__parallel_order_call,                                                                             \
        .type_size = sizeof(fn##__parallel_item),                                                                      \
        .type_align = _Alignof(fn##__parallel_item),                                                                   \
        .pick = fn##__parallel_order_pick,                                                                             \
        .options = PARALLEL_IF_ANY_(&fn##__parallel_order_options, (const parallel_options *)0, __VA_ARGS__),          \
        .cost = &fn##__parallel_order_cost,                                                                            \
        .sorter = &fn##__parallel_order_sorter,                                                                        \
    }

#define PARALLEL_SORTER_(fn)                                                                                           \
    __attribute__((unused)) static void fn##__parallel_order_sort(parallel_sorting *pl_s,                              \
                                                                  const parallel_order *pl_order)                      \
    {                                                                                                                  \
        (void)pl_order;                                                                                                \
        parallel_sort_all(pl_s, sizeof(fn##__parallel_item), fn##__parallel_order_call);                               \
    }                                                                                                                  \
    __attribute__((unused)) static size_t fn##__parallel_order_run(const void *pl_items, size_t pl_n, bool *pl_falls,  \
                                                                   const parallel_order *pl_order)                     \
    {                                                                                                                  \
        (void)pl_order;                                                                                                \
        return parallel_sort_run((const unsigned char *)pl_items, pl_n, pl_falls, sizeof(fn##__parallel_item),         \
                                 fn##__parallel_order_call);                                                           \
    }                                                                                                                  \
    __attribute__((unused)) static void fn##__parallel_order_classify(                                                 \
        const parallel_splitters *pl_splitters, const void *pl_items, size_t pl_n, unsigned char *pl_groups,           \
        const parallel_order *pl_order)                                                                                \
    {                                                                                                                  \
        (void)pl_order;                                                                                                \
        parallel_sort_classify(pl_splitters, (const unsigned char *)pl_items, pl_n, pl_groups,                         \
                               sizeof(fn##__parallel_item), fn##__parallel_order_call);                                \
    }                                                                                                                  \
    __attribute__((unused)) static const parallel_sorter fn##__parallel_order_sorter = {                               \
        .sort = fn##__parallel_order_sort,                                                                             \
        .run = fn##__parallel_order_run,                                                                               \
        .classify = fn##__parallel_order_classify,                                                                     \
    };

#define PARALLEL_CHECK_ORDER_(fn, type)                                                                                \
    _Static_assert(_Generic(&fn, _Bool(*)(const fn##__parallel_item *, const fn##__parallel_item *) : 1,               \
                            int (*)(const fn##__parallel_item *, const fn##__parallel_item *) : 1,                     \
                            _Bool (*)(const void *, const void *) : 1, int (*)(const void *, const void *) : 1,        \
                            default : 0),                                                                              \
                   "PARALLEL_DECORATE_ORDER(" #fn ", ...): the function is to be bool or int " #fn "(const " #type     \
                   " *, const " #type " *)");

#endif /* !__cplusplus */

#endif
