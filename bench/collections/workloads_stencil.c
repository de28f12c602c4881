/* SPDX-License-Identifier: MIT */
/* The stencil: its input, and its results by a serial loop, which those of others are compared with. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads.h"

static image picture;
static float *expected_flow, *expected_next;
static size_t picture_size;
static bool look_at_all;

static float *numbers_of_picture(void)
{
    float *x = malloc(picture_size * sizeof *x);
    if (!x)
        exit(2);
    for (size_t i = 0; i < picture_size; i++)
        x[i] = (float)(bits(i) >> 40) * 0x1p-24f;
    return x;
}

/* The rows [row, end) become NaN, which is what a call has not written. */
static void spoil_rows(ptrdiff_t row, ptrdiff_t end)
{
    ptrdiff_t width = picture.side + 2;
    size_t bytes = (size_t)((end - row) * width) * sizeof(float);
    memset(picture.flow + row * width, 0xff, bytes);
    memset(picture.next + row * width, 0xff, bytes);
}

static void spoil_picture(void)
{
    spoil_rows(1, picture.side + 1);
    look_at_all = true;
}

static void fill_picture(void *items, size_t n)
{
    picture.side = (ptrdiff_t)sqrt((double)n);
    picture_size = (size_t)(picture.side + 2) * (size_t)(picture.side + 2);
    picture.u = numbers_of_picture();
    picture.c = numbers_of_picture();
    picture.flow = numbers_of_picture();
    picture.next = numbers_of_picture();
    spoil_picture();
    memcpy(items, &picture, sizeof picture);
}

static void expect_picture(const void *items, size_t n)
{
    const image *p = items;
    ptrdiff_t width = p->side + 2;
    (void)n;
    expected_flow = numbers_of_picture();
    expected_next = numbers_of_picture();
    for (ptrdiff_t row = 1; row <= p->side; row++)
        for (ptrdiff_t col = 1; col <= p->side; col++)
            diffuse(row * width + col, width, p->u, p->c, expected_flow, expected_next);
}

/* Compilers may fuse multiplications and additions: so floats are close, and not the same. */
static bool is_row(ptrdiff_t row)
{
    ptrdiff_t width = picture.side + 2;
    bool same = true;
    for (ptrdiff_t k = row * width + 1; k <= row * width + picture.side; k++)
        same &= fabsf(picture.flow[k] - expected_flow[k]) < 1e-5f && fabsf(picture.next[k] - expected_next[k]) < 1e-5f;
    return same;
}

/* All of it after the first call and the last one; else a row at a time, as more would cool the threads' caches. */
static bool is_picture(const void *acc, long calls)
{
    ptrdiff_t row = calls % picture.side + 1, end = row + 1;
    bool same = true;
    (void)acc;
    if (look_at_all) {
        look_at_all = false;
        row = 1;
        end = picture.side + 1;
    }
    for (ptrdiff_t i = row; i < end; i++)
        same &= is_row(i);
    spoil_rows(row, end);
    return same;
}

const workload stencils[] = {
    {WORKLOAD("stencil", stencil), 0, NULL, fill_picture, expect_picture, is_picture, spoil_picture}, {0}};
