/* SPDX-License-Identifier: MIT */
/* The range: taken from the front, halved from the back, each iteration exactly once. */
#include <pthread.h>
#include <string.h>

#include "sched/range.h"
#include "support/test.h"

START_TEST(takes_at_most_a_quarter)
{
    pl_range r;
    uint32_t b, e;
    pl_range_set(&r, 10, 110);
    ck_assert_uint_eq(pl_range_rest(&r), 100);
    ck_assert(pl_range_take(&r, 7, &b, &e));
    ck_assert(b == 10 && e == 17);
    ck_assert(pl_range_take(&r, 1000, &b, &e));
    ck_assert(b == 17 && e == 17 + 24);
    ck_assert(pl_range_take(&r, 0, &b, &e));
    ck_assert(b == 41 && e == 42);
}
END_TEST

START_TEST(halves_from_the_back)
{
    pl_range r;
    uint32_t b, e;
    pl_range_set(&r, 0, 5);
    ck_assert(pl_range_steal(&r, PL_RANGE_HALF, &b, &e));
    ck_assert(b == 2 && e == 5);
    ck_assert(pl_range_steal(&r, PL_RANGE_HALF, &b, &e));
    ck_assert(b == 1 && e == 2);
    ck_assert(pl_range_steal(&r, PL_RANGE_HALF, &b, &e)); /* a single iteration goes, too */
    ck_assert(b == 0 && e == 1);
    ck_assert(!pl_range_steal(&r, PL_RANGE_HALF, &b, &e));
    ck_assert(!pl_range_take(&r, 1, &b, &e));
    ck_assert_uint_eq(pl_range_rest(&r), 0);
}
END_TEST

START_TEST(all_that_nobody_is_at)
{
    pl_range r;
    uint32_t b, e;
    pl_range_set(&r, 3, 8);
    ck_assert(pl_range_steal(&r, PL_RANGE_ALL, &b, &e));
    ck_assert(b == 3 && e == 8);
    ck_assert_uint_eq(pl_range_rest(&r), 0);
    ck_assert(!pl_range_steal(&r, PL_RANGE_ALL, &b, &e));
    ck_assert(!pl_range_steal(&r, PL_RANGE_HALF, &b, &e));
    ck_assert(!pl_range_take(&r, 1, &b, &e));
}
END_TEST

/* At the end of the 32 bits nothing wraps around. */
START_TEST(works_at_the_largest_indices)
{
    pl_range r;
    uint32_t b, e;
    uint64_t count = 0;
    pl_range_set(&r, 0, UINT32_MAX);
    ck_assert_uint_eq(pl_range_rest(&r), UINT32_MAX);
    while (pl_range_take(&r, UINT32_MAX, &b, &e)) {
        ck_assert_uint_eq(b, count);
        count = e;
    }
    ck_assert_uint_eq(count, UINT32_MAX);
    pl_range_set(&r, UINT32_MAX - 3, UINT32_MAX);
    ck_assert(pl_range_steal(&r, PL_RANGE_HALF, &b, &e));
    ck_assert(b == UINT32_MAX - 2 && e == UINT32_MAX);
}
END_TEST

enum { SEATS = 4, COUNT = 300000 };

static struct {
    pl_range range[SEATS];
    _Atomic unsigned char done[COUNT];
    _Atomic uint32_t left;
} shared;

static void *worker(void *seat)
{
    pl_range *mine = seat;
    unsigned long long seed = (unsigned long long)(mine - shared.range) + 1;
    uint32_t b, e;
    while (atomic_load_explicit(&shared.left, memory_order_relaxed)) {
        if (pl_range_take(mine, (uint32_t)(pl_random(&seed) % 50), &b, &e)) {
            for (uint32_t i = b; i < e; i++)
                atomic_fetch_add_explicit(&shared.done[i], 1, memory_order_relaxed);
            atomic_fetch_sub_explicit(&shared.left, e - b, memory_order_relaxed);
        } else if (pl_range_steal(&shared.range[pl_random(&seed) % SEATS],
                                  pl_random(&seed) % 8 ? PL_RANGE_HALF : PL_RANGE_ALL, &b, &e))
            pl_range_set(mine, b, e);
    }
    return NULL;
}

START_TEST(exactly_once)
{
    pthread_t threads[SEATS];
    shared.left = COUNT;
    pl_range_set(&shared.range[_i % SEATS], 0, COUNT);
    for (int i = 0; i < SEATS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, worker, &shared.range[i]), 0);
    for (int i = 0; i < SEATS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < COUNT; i++)
        ck_assert_msg(shared.done[i] == 1, "iteration %d ran %d times", i, shared.done[i]);
}
END_TEST

START_TEST(is_cut_once_and_for_all)
{
    pl_range r;
    uint32_t b, e;
    pl_range_set(&r, 0, 100);
    pl_range_cut(&r, 200);
    ck_assert_uint_eq(pl_range_end(&r), 100);
    pl_range_cut(&r, 60);
    pl_range_cut(&r, 80);
    ck_assert_uint_eq(pl_range_end(&r), 60);
    ck_assert(pl_range_take(&r, 10, &b, &e));
    ck_assert(b == 0 && e == 10 && pl_range_front(&r) == 10);
    pl_range_cut(&r, 5); /* before what has been taken */
    ck_assert(!pl_range_take(&r, 10, &b, &e) && !pl_range_steal(&r, PL_RANGE_HALF, &b, &e));
    ck_assert(pl_range_rest(&r) == 0 && pl_range_end(&r) == 5 && pl_range_front(&r) == 10);
    pl_range_set(&r, UINT32_MAX - 5, UINT32_MAX);
    pl_range_cut(&r, UINT32_MAX - 3);
    ck_assert_uint_eq(pl_range_rest(&r), 2);
}
END_TEST

/* Several take from one range; those whose iterations are at or beyond a place of their own cut it. */
static struct {
    pl_range range;
    _Atomic unsigned char done[COUNT];
} front;

static void *searcher(void *place)
{
    uint32_t b, e, hit = *(uint32_t *)place;
    unsigned long long seed = hit;
    while (pl_range_take(&front.range, (uint32_t)(pl_random(&seed) % 5), &b, &e)) {
        for (uint32_t i = b; i < e; i++)
            atomic_fetch_add_explicit(&front.done[i], 1, memory_order_relaxed);
        if (e > hit) {
            pl_range_cut(&front.range, b);
            break;
        }
    }
    return NULL;
}

START_TEST(all_before_a_cut_are_taken)
{
    pthread_t threads[SEATS];
    uint32_t places[SEATS];
    pl_range_set(&front.range, 0, COUNT);
    for (int i = 0; i < SEATS; i++) {
        places[i] = (uint32_t)(COUNT / 2 + i * 7 * _i);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, searcher, &places[i]), 0);
    }
    for (int i = 0; i < SEATS; i++)
        pthread_join(threads[i], NULL);
    uint32_t end = pl_range_end(&front.range);
    ck_assert_uint_ge(end, COUNT / 2 - 4);
    for (uint32_t i = 0; i < COUNT; i++) {
        int done = atomic_load_explicit(&front.done[i], memory_order_relaxed);
        ck_assert_msg(i < end ? done == 1 : done <= 1, "iteration %u ran %d times", i, done);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, is_cut_once_and_for_all);
    tcase_add_loop_test(c, all_before_a_cut_are_taken, 0, 4);
    tcase_add_test(c, takes_at_most_a_quarter);
    tcase_add_test(c, halves_from_the_back);
    tcase_add_test(c, all_that_nobody_is_at);
    tcase_add_test(c, works_at_the_largest_indices);
    tcase_add_loop_test(c, exactly_once, 0, 4);
    return pl_run("range", c);
}
