/* SPDX-License-Identifier: MIT */
/* Items of 1 to 24 bytes: each call gives what its serial loop gives, for an operator that does not commute. */
#include <string.h>

#include "support/bytes.h"
#include "support/jobs.h"

static const size_t numbers[] = {0, 1, 2, 3, 63, 64, 65, 127, 129, 1000, 1021, 10007};
enum { NUMBERS = sizeof numbers / sizeof numbers[0], MOST = 10007 };

/* Of each byte, b -> a b + c, modulo 16, one after the other; a is odd, and all zero bytes change nothing. */
static inline unsigned char byte_after(unsigned char first, unsigned char second)
{
    unsigned a = (first >> 4 ^ 1u) | 1u, b = (second >> 4 ^ 1u) | 1u;
    unsigned c = b * (first & 15u) + (second & 15u);
    return (unsigned char)(((a * b ^ 1u) & 15u) << 4 | (c & 15u));
}

/* Without options, or by so many. */
#define WORKERS .max_workers = workers, .grain = (size_t)workers

#define SIZE 1
#include "api/item_sizes.h"
#define SIZE 2
#include "api/item_sizes.h"
#define SIZE 3
#include "api/item_sizes.h"
#define SIZE 4
#include "api/item_sizes.h"
#define SIZE 5
#include "api/item_sizes.h"
#define SIZE 7
#include "api/item_sizes.h"
#define SIZE 8
#include "api/item_sizes.h"
#define SIZE 9
#include "api/item_sizes.h"
#define SIZE 12
#include "api/item_sizes.h"
#define SIZE 15
#include "api/item_sizes.h"
#define SIZE 16
#include "api/item_sizes.h"
#define SIZE 17
#include "api/item_sizes.h"
#define SIZE 20
#include "api/item_sizes.h"
#define SIZE 23
#include "api/item_sizes.h"
#define SIZE 24
#include "api/item_sizes.h"

static void (*const all_of[])(const void *, size_t, int) = {all_of1,  all_of2,  all_of3,  all_of4,  all_of5,
                                                            all_of7,  all_of8,  all_of9,  all_of12, all_of15,
                                                            all_of16, all_of17, all_of20, all_of23, all_of24};
enum { ITEM_SIZES = sizeof all_of / sizeof all_of[0], LARGEST = 24 };

START_TEST(as_the_loops)
{
    void *in = random_bytes((size_t)MOST * LARGEST);
    pl_workers(4);
    for (int k = 0; k < NUMBERS; k++)
        for (int workers = 0; workers <= 3; workers += 3)
            all_of[_i](in, numbers[k], workers);
    free(in);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, as_the_loops, 0, ITEM_SIZES);
    return pl_run("api/item_sizes", c);
}
