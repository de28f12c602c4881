/* SPDX-License-Identifier: MIT */
/* In which group each item is, of those that splitters divide: a part of sorter.h. */
#ifndef LIBPARALLEL_DETAIL_SORTER_CLASSIFY_H
#define LIBPARALLEL_DETAIL_SORTER_CLASSIFY_H

#include <libparallel/detail/sorter.h>

#ifndef __cplusplus

/* For each k below n, which is a constant: gcc unrolls loops only where it is asked to optimise more than as a rule. */
#ifdef __clang__
#define PARALLEL_SORT_EACH_(k, n) for (size_t k = 0; k < (n); k++)
#else
#define PARALLEL_SORT_EACH_(k, n) _Pragma("GCC unroll 6") for (size_t k = 0; k < (n); k++)
#endif

/* Several items go down the tree side by side, as each waits for its comparison (Sanders and Winkel, "Super scalar
 * sample sort", 2004, section 4). */
PARALLEL_SORT_INLINE_ void parallel_sort_classify_some(const parallel_splitters *p, const unsigned char *v, size_t n,
                                                       unsigned char *groups, size_t size, parallel_sort_call *call)
{
    size_t node[PARALLEL_SORT_ABREAST_], leaves = (size_t)1 << p->levels;
    PARALLEL_SORT_EACH_(k, n)
    {
        node[k] = 1;
    }
    for (unsigned level = 0; level < p->levels; level++) {
        PARALLEL_SORT_EACH_(k, n)
        {
            node[k] = 2 * node[k] + parallel_sort_before(p->tree + node[k] * size, v + k * size, call);
            __asm__("" : "+r"(node[k])); /* or a compiler makes vectors of some of them */
        }
    }
    PARALLEL_SORT_EACH_(k, n)
    {
        node[k] -= leaves;
    }
    if (p->sorted) {
        PARALLEL_SORT_EACH_(k, n)
        {
            bool is_last = node[k] == leaves - 1;
            bool equals = !parallel_sort_before(v + k * size, p->sorted + node[k] * size, call);
            node[k] = 2 * node[k] + (equals & !is_last);
        }
    }
    PARALLEL_SORT_EACH_(k, n)
    {
        groups[k] = (unsigned char)node[k];
    }
}

PARALLEL_SORT_INLINE_ void parallel_sort_classify(const parallel_splitters *p, const unsigned char *v, size_t n,
                                                  unsigned char *groups, size_t size, parallel_sort_call *call)
{
    for (; n >= PARALLEL_SORT_ABREAST_; n -= PARALLEL_SORT_ABREAST_) {
        parallel_sort_classify_some(p, v, PARALLEL_SORT_ABREAST_, groups, size, call);
        v += PARALLEL_SORT_ABREAST_ * size;
        groups += PARALLEL_SORT_ABREAST_;
    }
    for (; n > 0; n--, v += size, groups++)
        parallel_sort_classify_some(p, v, 1, groups, size, call);
}

#endif /* !__cplusplus */

#endif
