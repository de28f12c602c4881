/* SPDX-License-Identifier: MIT */
/* The items of mpi.c, for futures.py: a shared object. */
#include <stdint.h>

uint64_t spin(uint64_t steps)
{
    uint64_t x = steps | 1;
    for (uint64_t i = 0; i < steps; i++)
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return x;
}
