/* SPDX-License-Identifier: MIT */
#include "items.h"

enum { TURNS = 1100 };

uint64_t item_dear(uint32_t x)
{
    uint32_t turned = x;
    for (int turn = 0; turn < TURNS; turn++)
        turned = (turned ^ turned >> 7) + 0x9e3779b9u;
    return (uint64_t)x << 32 | turned;
}
