/* SPDX-License-Identifier: MIT */
#include "items.h"

uint32_t item_turn(uint32_t turns)
{
    uint32_t x = turns;
    for (uint32_t left = turns & MOST_TURNS; left; left--)
        x = (x ^ x >> 7) + 0x9e3779b9u;
    return x;
}

static uint32_t iterations(double a, double b)
{
    enum { MOST = 256 };
    double x = 0, y = 0;
    uint32_t i = 0;
    for (; i < MOST && x * x + y * y < 4; i++) {
        double next = x * x - y * y + a;
        y = 2 * x * y + b;
        x = next;
    }
    return i;
}

uint32_t item_row(uint32_t row)
{
    uint32_t rows = row >> 16, sum = 0;
    double b = -1.25 + 2.5 * (row & 0xffff) / rows;
    for (uint32_t column = 0; column < rows; column++)
        sum += iterations(-2.0 + 2.5 * column / rows, b);
    return sum;
}
