/* SPDX-License-Identifier: MIT */
/* A loop whose captures do not say that they do not overlap: to see what that costs. */
#include <parallel.h>
#include <stdlib.h>

#include "../driver.h"

PARALLEL_LOOP(diffuse_row, row, ptrdiff_t, width, const float *, u, const float *, c, float *, flow, float *, next)
{
    for (ptrdiff_t k = row * width + 1; k <= row * width + width - 2; k++)
        diffuse(k, width, u, c, flow, next);
}

static void diffuse_all(const void *items, size_t n, void *acc)
{
    const image *p = items;
    (void)n;
    (void)acc;
    if (parallel_loop(diffuse_row, 1, p->side + 1, (p->side + 2, p->u, p->c, p->flow, p->next)) != 0)
        abort();
}

const way the_way = {.stencil = diffuse_all};
