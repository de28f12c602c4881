/* SPDX-License-Identifier: MIT */
/* Estimates of cost: what they believe, and what they take for an accident. */
#include "base/os.h"
#include "sched/cost.h"
#include "support/test.h"

START_TEST(unknown_is_dear)
{
    pl_cost cost = {0};
    ck_assert_uint_eq(pl_cost_guess(&cost, 1), UINT64_MAX);
    pl_cost_learn(&cost, 1000, 0, PL_COST_UNSURE); /* of nothing, nothing is learnt */
    ck_assert_uint_eq(pl_cost_guess(&cost, 1), UINT64_MAX);
    pl_cost_learn(&cost, 0, 100, PL_COST_UNSURE); /* too cheap to measure is known, all the same */
    ck_assert_uint_lt(pl_cost_guess(&cost, 1000), 10);
}
END_TEST

START_TEST(near_is_averaged_and_far_replaces)
{
    pl_cost cost = {0};
    pl_cost_learn(&cost, 1000, 10, PL_COST_UNSURE);
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 1000);
    pl_cost_learn(&cost, 1400, 10, PL_COST_UNSURE); /* a quarter of the way */
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 1100);
    pl_cost_learn(&cost, 10, 10, PL_COST_UNSURE); /* down: at once */
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 10);
    pl_cost_learn(&cost, 40, 10, PL_COST_UNSURE); /* up by less than eight: at once */
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 40);
}
END_TEST

START_TEST(a_jump_is_believed_the_second_time)
{
    pl_cost cost = {0};
    pl_cost_learn(&cost, 100, 10, PL_COST_UNSURE);
    pl_cost_learn(&cost, 1000000, 10, PL_COST_UNSURE);
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 100);
    pl_cost_learn(&cost, 100, 10, PL_COST_UNSURE); /* it was an accident */
    pl_cost_learn(&cost, 1000000, 10, PL_COST_UNSURE);
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 100);
    pl_cost_learn(&cost, 1000000, 10, PL_COST_UNSURE); /* it was none */
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 1000000);
}
END_TEST

START_TEST(a_long_jump_is_believed_at_once)
{
    pl_cost cost = {0};
    pl_cost_learn(&cost, 100, 10, PL_COST_UNSURE);
    pl_cost_learn(&cost, 1000000, 10, PL_COST_SURE);
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 1000000);
}
END_TEST

START_TEST(extremes_do_not_overflow)
{
    pl_cost cost = {0};
    pl_cost_learn(&cost, UINT64_MAX, 1, PL_COST_UNSURE);
    ck_assert_uint_gt(pl_cost_guess(&cost, 1), UINT64_MAX >> 40);
    ck_assert_uint_eq(pl_cost_guess(&cost, UINT64_MAX), UINT64_MAX);
    pl_cost_learn(&cost, 1, UINT64_MAX, PL_COST_UNSURE);
    ck_assert_uint_eq(pl_cost_guess(&cost, 1), 0);
}
END_TEST

/* After a call that lasted long, a cheap one is not believed for a while; a while that ends. */
START_TEST(dear_calls_are_not_forgotten)
{
    uint64_t us = pl_os_ticks_per_us();
    pl_cost cost = {0};
    pl_cost_learn(&cost, 1000, 8, PL_COST_SURE);
    pl_cost_learn(&cost, 16000 * us, 8, PL_COST_SURE);
    ck_assert_uint_eq(pl_cost_guess(&cost, 8), 16000 * us);
    int calls = 0;
    do
        pl_cost_learn(&cost, 1000 + (unsigned)calls, 8, PL_COST_UNSURE);
    while (pl_cost_guess(&cost, 8) == UINT64_MAX && ++calls < 10000);
    ck_assert_int_ge(calls, 16);
    ck_assert_int_lt(calls, 200);
    for (int k = 0; k < 10; k++) /* what has been so for long, and is no more, is another thing */
        pl_cost_learn(&cost, 16000 * us, 8, PL_COST_SURE);
    pl_cost_learn(&cost, 1000, 8, PL_COST_UNSURE);
    ck_assert_uint_eq(pl_cost_guess(&cost, 8), 1000);
    pl_cost_learn(&cost, 100 * us, 8, PL_COST_SURE); /* and so is what did not last long */
    pl_cost_learn(&cost, 1000, 8, PL_COST_UNSURE);
    ck_assert_uint_eq(pl_cost_guess(&cost, 8), 1000);
}
END_TEST

/* A cost that rises to what would have been worth help varies, for a while: it is known, but nothing runs at once. */
START_TEST(costs_that_vary)
{
    uint64_t us = pl_os_ticks_per_us();
    pl_cost cost = {0};
    pl_cost_learn(&cost, 100 * us, 10, PL_COST_SURE); /* to fall, as after the first call, is another thing, */
    pl_cost_learn(&cost, 1000, 10, PL_COST_SURE);
    pl_cost_learn(&cost, 5 * us + 8000, 10, PL_COST_SURE); /* and so is what is short all the same */
    ck_assert(!pl_cost_varies(&cost) || 5 * us + 8000 > 10 * us);
    pl_cost_forget(&cost);
    pl_cost_learn(&cost, 1000, 10, PL_COST_SURE);
    ck_assert_uint_eq(pl_cost_estimate(&cost), 25600);
    pl_cost_learn(&cost, 1000 * us, 10, PL_COST_SURE);
    ck_assert(pl_cost_varies(&cost));
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 1000 * us);
    pl_cost_learn(&cost, 1000, 10, PL_COST_UNSURE);
    ck_assert(pl_cost_varies(&cost));
    ck_assert_uint_eq(pl_cost_guess(&cost, 10), 1000);
    ck_assert_uint_gt(pl_cost_estimate(&cost), UINT64_MAX >> 22);
    for (int calls = 0; pl_cost_varies(&cost); calls++) {
        ck_assert_int_lt(calls, 10000000);
        pl_cost_learn(&cost, 1000, 10, PL_COST_UNSURE);
    }
}
END_TEST

/* Functions have an estimate each, or begin afresh. */
START_TEST(table_does_not_mix_functions)
{
    for (uintptr_t f = 0x1000; f < 0x1000 + 16 * 4096; f += 16) {
        ck_assert_uint_eq(pl_cost_guess(pl_cost_of(f), 1), UINT64_MAX);
        pl_cost_learn(pl_cost_of(f), 100, 1, PL_COST_UNSURE);
        ck_assert_uint_eq(pl_cost_guess(pl_cost_of(f), 1), 100);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, unknown_is_dear);
    tcase_add_test(c, near_is_averaged_and_far_replaces);
    tcase_add_test(c, a_jump_is_believed_the_second_time);
    tcase_add_test(c, a_long_jump_is_believed_at_once);
    tcase_add_test(c, dear_calls_are_not_forgotten);
    tcase_add_test(c, costs_that_vary);
    tcase_add_test(c, extremes_do_not_overflow);
    tcase_add_test(c, table_does_not_mix_functions);
    return pl_run("cost", c);
}
