/* SPDX-License-Identifier: MIT */
/* OpenMP's loop; how its threads wait is said by OMP_WAIT_POLICY. */
#include "../items.h"

bool run_map(const item *from, item *to)
{
#pragma omp parallel for
    for (int i = 0; i < ITEMS; i++)
        to[i] = work(from[i]);
    return true;
}
