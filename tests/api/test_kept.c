/* SPDX-License-Identifier: MIT */
/* Workers that are kept: whose they are. */
#include <string.h>

#include "support/workers.h"

enum { WORKERS = 2, TASKS = 8 };

/* ---- who runs tasks --------------------------------------------------------------------------------------- */

struct self {
    pid_t pid;
};

static struct self self_of(int unused)
{
    (void)unused;
    return (struct self){getpid()};
}
PARALLEL_DECORATE(self_of, int, struct self);

static bool look(struct self tasks[TASKS], parallel_pool *pool)
{
    static const int in[TASKS];
    return parallel_map_into(self_of, in, TASKS, tasks, ON(1), .max_workers = WORKERS, .pool = pool) == 0;
}

static bool is_among(pid_t pid, const struct self tasks[TASKS])
{
    for (int i = 0; i < TASKS; i++)
        if (tasks[i].pid == pid)
            return true;
    return false;
}

/* ---- whose they are ------------------------------------------------------------------------------------------ */

static parallel_executor *call_later(parallel_pool *pool, int kind, bool deferred)
{
    static const int in[TASKS];
    return parallel_async_map(self_of, in, TASKS, ON(kind), .max_workers = WORKERS, .pool = pool, .deferred = deferred);
}

/* A call that waits when its pool is freed goes on; but the workers that it had are nobody's, and do not stay. */
START_TEST(a_pool_is_freed_before_the_call)
{
    pl_workers(WORKERS);
    parallel_pool *pool = parallel_pool_new(1);
    struct self tasks[TASKS], others[TASKS];
    ck_assert_ptr_nonnull(pool);
    PARALLEL_SCOPED parallel_executor *ex = call_later(pool, _i, true);
    parallel_pool_free(pool);
    void *there = malloc(3 * sizeof(void *)); /* where it was, maybe */
    ck_assert_ptr_nonnull(there);
    memset(there, 0x41, 3 * sizeof(void *));
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_ptr_nonnull(r);
    memcpy(tasks, parallel_values(r), sizeof tasks);
    free(there);
    for (int i = 0; i < TASKS; i++)
        ck_assert(pl_await_death(tasks[i].pid));
    parallel_pool *other = parallel_pool_new(1);
    ck_assert(look(others, other));
    for (int i = 0; i < TASKS; i++)
        ck_assert(!is_among(others[i].pid, tasks));
    parallel_pool_free(other);
}
END_TEST

/* The same for calls that queue up behind others. */
START_TEST(a_pool_is_freed_while_calls_are_queued)
{
    enum { CALLS = 6 };
    pl_workers(WORKERS);
    for (int round = 0; round < (PL_SANITIZED ? 3 : 20); round++) {
        parallel_pool *pool = parallel_pool_new(1);
        parallel_executor *calls[CALLS];
        struct self tasks[CALLS][TASKS];
        for (int k = 0; k < CALLS; k++)
            calls[k] = call_later(pool, _i, false);
        parallel_pool_free(pool);
        for (int k = 0; k < CALLS; k++) {
            parallel_results *r = parallel_executor_results(calls[k]);
            ck_assert_ptr_nonnull(r);
            memcpy(tasks[k], parallel_values(r), sizeof tasks[k]);
        }
        for (int k = 0; k < CALLS; k++)
            parallel_executor_free(calls[k]);
        for (int k = 0; k < CALLS; k++)
            for (int i = 0; i < TASKS; i++)
                ck_assert(pl_await_death(tasks[k][i].pid));
    }
}
END_TEST

/* Pools do not end, nor use, each other's workers, nor those of the program. */
START_TEST(each_pool_has_its_own)
{
    pl_workers(WORKERS);
    struct self tasks[3][TASKS], again[TASKS];
    parallel_pool *pools[3] = {NULL, parallel_pool_new(1), parallel_pool_new(1)};
    for (int k = 0; k < 3; k++)
        ck_assert(look(tasks[k], pools[k]));
    parallel_pool_free(pools[1]);
    for (int i = 0; i < TASKS; i++) {
        ck_assert(pl_await_death(tasks[1][i].pid));
        ck_assert(!pl_is_dead(tasks[0][i].pid) && !pl_is_dead(tasks[2][i].pid));
    }
    pools[1] = parallel_pool_new(1);
    ck_assert(look(again, pools[1]));
    for (int i = 0; i < TASKS; i++)
        ck_assert(!is_among(again[i].pid, tasks[0]) && !is_among(again[i].pid, tasks[2]));
    parallel_pool_free(pools[1]);
    parallel_pool_free(pools[2]);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_pool_is_freed_before_the_call, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, a_pool_is_freed_while_calls_are_queued, 0, PROCESS_KINDS);
    tcase_add_test(c, each_pool_has_its_own);
    return pl_run("api/kept", c);
}
