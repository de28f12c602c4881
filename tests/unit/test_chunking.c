/* SPDX-License-Identifier: MIT */
/* Sizes of chunks: never none, never more than there is, all of it in the end, and larger where items are cheaper. */
#include "sched/chunking.h"
#include "support/test.h"

static uint64_t state;

/* Of any magnitude (a xorshift generator: Marsaglia, 2003), below 2^bits. */
static uint64_t any(unsigned bits)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> (64 - bits)) >> (state % bits);
}

enum { SEEDS = 2000 };

static void seed(int i)
{
    state = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

START_TEST(even_parts_are_enough_and_no_larger_than_needed)
{
    for (int i = 0; i < SEEDS; i++) {
        seed(i);
        uint64_t n = any(31) + 1, parts = any(20) + 1, size = pl_chunking_even(n, parts);
        ck_assert_msg(size * parts >= n && (size - 1) * parts < n, "seed %d", i);
    }
    ck_assert_uint_eq(pl_chunking_even(SIZE_MAX, 1), SIZE_MAX);
}
END_TEST

START_TEST(the_first_lasts_about_as_long_as_it_should)
{
    ck_assert_uint_eq(pl_chunking_first(UINT64_MAX, 1000), 1); /* unknown */
    ck_assert_uint_eq(pl_chunking_first(1001, 1000), 1);
    ck_assert_uint_eq(pl_chunking_first(0, 1000), 1001); /* as good as nothing */
    ck_assert_uint_eq(pl_chunking_first_of_range(UINT64_MAX, 1000), 1);
    ck_assert_uint_eq(pl_chunking_first_of_range(0, UINT64_MAX / 2), PL_CHUNKING_MOST);
    for (int i = 0; i < SEEDS; i++) {
        seed(i);
        uint64_t one = any(40), dearer = one + any(40), lasting = any(40), size = pl_chunking_first(one, lasting);
        ck_assert_msg(size >= 1 && size >= pl_chunking_first(dearer, lasting), "seed %d", i);
        ck_assert_msg(size == 1 || (size - 1) * one <= lasting, "seed %d", i);
        ck_assert_msg(size <= pl_chunking_first(one, lasting + any(40)), "seed %d", i);
    }
}
END_TEST

START_TEST(the_next_of_a_range_follows_the_clock_in_steps)
{
    ck_assert_uint_eq(pl_chunking_next_of_range(100, 100, 50, 100), 200);
    ck_assert_uint_eq(pl_chunking_next_of_range(100, 100, 1, 100), 100 * PL_CHUNKING_STEP);
    ck_assert_uint_eq(pl_chunking_next_of_range(5000, 100, 1, 100), 5000);
    ck_assert_uint_eq(pl_chunking_next_of_range(5000, 100, 50, 100), 200);
    ck_assert_uint_eq(pl_chunking_next_of_range(100, 100, 0, 100), 100 * PL_CHUNKING_STEP);
    ck_assert_uint_eq(pl_chunking_next_of_range(80, 80, UINT64_MAX, 100), 80 / PL_CHUNKING_STEP);
    ck_assert_uint_eq(pl_chunking_next_of_range(1, 1, UINT64_MAX, 100), 1);
    for (int i = 0; i < SEEDS; i++) {
        seed(i);
        uint32_t size = (uint32_t)any(29) + 1;
        uint64_t ticks = any(40), lasting = any(32) + 1, next = pl_chunking_next_of_range(size, size, ticks, lasting);
        ck_assert_msg(next >= 1 && next <= PL_CHUNKING_MOST, "seed %d", i);
        ck_assert_msg(next >= size / PL_CHUNKING_STEP && next <= (uint64_t)size * PL_CHUNKING_STEP, "seed %d", i);
        ck_assert_msg(next >= pl_chunking_next_of_range(size, size, ticks + any(20), lasting), "seed %d", i);
    }
}
END_TEST

/* However large chunks are wanted, the parts of a range are all of it, and some of it is left to the end. */
START_TEST(a_range_is_eaten_to_the_end)
{
    for (int i = 0; i < SEEDS; i++) {
        seed(i);
        uint32_t n = (uint32_t)any(32), rest = n, want = (uint32_t)any(32);
        for (int chunks = 0; rest; chunks++) {
            uint32_t size = pl_chunking_of_range(rest, want);
            ck_assert_msg(size >= 1 && size <= rest && (rest == 1 || size < rest), "seed %d", i);
            ck_assert_msg(size <= (want > 1 ? want : 1), "seed %d", i);
            rest -= size;
            want = (uint32_t)any(32) | n / 1024; /* so that it does not take long */
            ck_assert_msg(chunks < 8192, "seed %d", i);
        }
    }
    ck_assert_uint_eq(pl_chunking_of_range(UINT32_MAX, UINT32_MAX), UINT32_MAX / PL_CHUNKING_PART + 1);
    ck_assert_uint_eq(pl_chunking_of_range(5, 0), 1);
}
END_TEST

/* Cheap items go by whole vectors, but for the last ones, and none are left that are soon run; few of dear ones, or
 * where that is asked for, do not. */
START_TEST(cheap_items_go_by_vectors)
{
    for (int i = 0; i < SEEDS; i++) {
        seed(i);
        uint32_t rest = (uint32_t)any(32), want = (uint32_t)any(32), plain = pl_chunking_of_range(rest + 1, want);
        uint32_t least = i % 4 ? want / PL_CHUNKING_LEAST : 0;
        uint32_t size = pl_chunking_by_vectors(rest + 1, want, PL_CHUNKING_VECTOR, least);
        uint32_t left = rest + 1 - size, more = size - (plain < least ? least : plain);
        if (want < PL_CHUNKING_CHEAP)
            ck_assert_msg(size == plain, "seed %d", i);
        else if (left > 0)
            ck_assert_msg(size % PL_CHUNKING_VECTOR == 0 && more < PL_CHUNKING_VECTOR && left >= least, "seed %d", i);
        else
            ck_assert_msg(rest + 1 <= least || more < PL_CHUNKING_VECTOR + least, "seed %d", i);
        ck_assert_msg(pl_chunking_by_vectors(rest + 1, want, 1, least) == plain, "seed %d", i);
    }
    ck_assert_uint_eq(pl_chunking_by_vectors(UINT32_MAX, UINT32_MAX, PL_CHUNKING_VECTOR, 0),
                      (UINT32_MAX / PL_CHUNKING_PART / PL_CHUNKING_VECTOR + 1) * PL_CHUNKING_VECTOR);
}
END_TEST

START_TEST(a_loop_on_its_caller_is_run_to_the_end)
{
    for (int i = 0; i < SEEDS; i++) {
        seed(i);
        size_t n = any(12) + 1, done = 0, chunks = 0;
        uint64_t spent = 0, lasting = any(20) + 1, size = pl_chunking_first_alone(n, any(24), lasting);
        for (; done < n; chunks++) {
            ck_assert_msg(size >= 1 && size <= n - done, "seed %d", i);
            ck_assert_msg(n == 1 || chunks || size < n, "seed %d", i); /* a guess is not trusted with all */
            done += size;
            spent += any(24);
            size = pl_chunking_next_alone(n, done, spent, lasting);
        }
        ck_assert_msg(done == n, "seed %d", i);
    }
    ck_assert_uint_eq(pl_chunking_next_alone(100, 10, 0, 5), 90);   /* as good as nothing */
    ck_assert_uint_eq(pl_chunking_next_alone(100, 10, 10, 90), 90); /* all the rest */
    ck_assert_uint_eq(pl_chunking_next_alone(100, 10, 10, 89), 89);
}
END_TEST

START_TEST(a_loop_that_is_handed_over_leaves_something_for_everybody)
{
    for (int i = 0; i < SEEDS; i++) {
        seed(i);
        uint32_t n = (uint32_t)any(20) + 2, helpers = (uint32_t)any(6) + 1, cuts = i % 2 ? PL_CHUNKING_PIECES : 1;
        uint64_t guess = any(17) + 1, latency = any(13);
        pl_chunking_plan plan = pl_chunking_hand_over(n, guess, latency, helpers, cuts);
        ck_assert_msg(plan.mine >= 1 && plan.mine < n && plan.piece >= 1 && plan.pieces >= 1, "seed %d", i);
        ck_assert_msg(plan.pieces <= cuts * helpers, "seed %d", i);
        ck_assert_msg((uint64_t)plan.piece * plan.pieces >= n - plan.mine, "seed %d", i);
        ck_assert_msg((uint64_t)plan.piece * (plan.pieces - 1) < n - plan.mine, "seed %d", i);
        /* who comes later, gets less */
        ck_assert_msg(plan.mine <= pl_chunking_hand_over(n, guess, latency + any(13), helpers, cuts).mine, "seed %d",
                      i);
    }
    pl_chunking_plan plan = pl_chunking_hand_over(1000, 1000, 100, 1, 1); /* both end at once */
    ck_assert_uint_eq(plan.mine, 550);
    ck_assert_uint_eq(plan.piece, 450);
}
END_TEST

START_TEST(the_next_piece_is_larger_or_smaller)
{
    ck_assert_uint_eq(pl_chunking_next_piece(10, 10, 20, 50), 40);
    ck_assert_uint_eq(pl_chunking_next_piece(10, 9, 20, 50), 10);  /* it was cut short */
    ck_assert_uint_eq(pl_chunking_next_piece(10, 10, 50, 50), 10); /* just right */
    ck_assert_uint_eq(pl_chunking_next_piece(10, 10, 101, 50), 6);
    ck_assert_uint_eq(pl_chunking_next_piece(1, 1, UINT64_MAX, 50), 1);
    ck_assert_uint_eq(pl_chunking_next_piece(SIZE_MAX, SIZE_MAX, 0, 50), SIZE_MAX);
    ck_assert_uint_ge(pl_chunking_next_piece(1, 0, 101, 50), 1);
}
END_TEST

START_TEST(assignments_grow_and_shrink)
{
    for (int i = 0; i < SEEDS; i++) {
        seed(i);
        size_t n = any(20) + 1, done = 0, workers = any(6) + 1, least = any(10) + 1;
        while (done < n) {
            size_t rest = n - done, size = pl_chunking_assignment(rest, done, workers, least);
            ck_assert_msg(size >= 1 && size <= rest, "seed %d", i);
            ck_assert_msg(size <= pl_chunking_even(rest, workers), "seed %d", i); /* nobody is left without */
            ck_assert_msg(size <= least || size <= 1 + done / PL_CHUNKING_RAMP, "seed %d", i);
            done += size;
        }
        ck_assert_uint_eq(done, n);
    }
    ck_assert_uint_eq(pl_chunking_assignment(1000, 0, 4, 1), 1);
    ck_assert_uint_eq(pl_chunking_assignment(6400, 6400, 4, 1), 100);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, even_parts_are_enough_and_no_larger_than_needed);
    tcase_add_test(c, the_first_lasts_about_as_long_as_it_should);
    tcase_add_test(c, the_next_of_a_range_follows_the_clock_in_steps);
    tcase_add_test(c, a_range_is_eaten_to_the_end);
    tcase_add_test(c, cheap_items_go_by_vectors);
    tcase_add_test(c, a_loop_on_its_caller_is_run_to_the_end);
    tcase_add_test(c, a_loop_that_is_handed_over_leaves_something_for_everybody);
    tcase_add_test(c, the_next_piece_is_larger_or_smaller);
    tcase_add_test(c, assignments_grow_and_shrink);
    return pl_run("chunking", c);
}
