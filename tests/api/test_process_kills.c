/* SPDX-License-Identifier: MIT */
/* Worker processes, their supervisors, and the program itself are killed at any moment. */
#include <pthread.h>
#include <string.h>

#include "support/workers.h"

/* What tasks tell: which processes are there, and what has run. */
struct told {
    atomic_int workers, supervisors; /* how many have told their process: */
    atomic_int worker[64], supervisor[64];
    atomic_int starts[200];
};
static struct told *told;

static void set_up(void)
{
    if (!told)
        told = pl_shared(sizeof *told);
    memset(told, 0, sizeof *told);
}

static void tell_pid(atomic_int *count, atomic_int *list, pid_t pid)
{
    for (int i = 0; i < 64; i++)
        if (pl_count(&list[i]) == pid)
            return;
    int place = pl_add(count, 1);
    if (place < 64)
        pl_set(&list[place], pid);
}

static int tell_and_nap(const int *number, int *result, void *extras)
{
    (void)extras;
    pl_add(&told->starts[*number >= 0 ? *number : 0], 1);
    tell_pid(&told->workers, told->worker, getpid());
    tell_pid(&told->supervisors, told->supervisor, getppid());
    while (*number < 0)
        pause();
    pl_test_sleep(*number % 5 * 300);
    *result = *number * 3;
    return 0;
}
PARALLEL_DECORATE_TASK(tell_and_nap, int, int);

START_TEST(nothing_outlives_the_program)
{
    pl_workers(2);
    for (int round = 0; round < 3; round++) {
        set_up();
        pid_t program = fork();
        if (program == 0) {
            int in[] = {-1, -1};
            parallel_results_free(parallel_map(tell_and_nap, in, 2, ON(_i), .max_workers = 2));
            _exit(0);
        }
        ck_assert(pl_await(&told->workers, 2));
        pl_test_sleep(2000); /* they tell their supervisor next, and then sleep */
        ck_assert(pl_await(&told->supervisors, 1));
        kill(program, SIGKILL);
        pl_status_of(program);
        for (int i = 0; i < 2; i++)
            ck_assert_msg(pl_await_death(pl_count(&told->worker[i])), "worker %d lives", i);
        ck_assert_msg(pl_await_death(pl_count(&told->supervisor[0])), "the supervisor lives");
    }
}
END_TEST

/* Whether a process is a worker whose supervisor lives, or that supervisor. */
static bool is_of_a_crew(pid_t pid)
{
    pid_t parent;
    char state;
    for (int i = 0; i < 64 && pl_count(&told->worker[i]); i++) {
        pid_t worker = pl_count(&told->worker[i]);
        if (!pl_look_at(worker, &parent, &state) || (worker != pid && parent != pid))
            continue;
        for (int k = 0; k < 64 && pl_count(&told->supervisor[k]); k++)
            if (parent == pl_count(&told->supervisor[k]))
                return true;
    }
    return false;
}

/* Kills some that have told their process, at any moment. */
struct killer {
    bool supervisors;
    unsigned long long seed;
    atomic_bool over;
    int kills;
    pid_t killed[3];
};

static void *kill_some(void *argument)
{
    struct killer *k = argument;
    atomic_int *list = k->supervisors ? told->supervisor : told->worker;
    while (k->kills < 3 && !atomic_load_explicit(&k->over, memory_order_relaxed)) {
        pl_test_sleep((long)(pl_random(&k->seed) % 5000));
        pid_t pid = pl_count(&list[pl_random(&k->seed) % 8]);
        if (pid > 1 && !pl_is_dead(pid) && is_of_a_crew(pid)) {
            kill(pid, SIGKILL);
            k->killed[k->kills++] = pid;
        }
    }
    return NULL;
}

/* Until all that has been killed, and what ends with it, is dead: from then on, nothing is hit by that. Workers whose
 * supervisor has ended are somebody else's children, and about to end. */
static void let_them_end(const pid_t *killed, int count)
{
    for (int i = 0; i < count; i++)
        ck_assert(pl_await_death(killed[i]));
    for (int i = 0; i < 64 && pl_count(&told->worker[i]); i++) {
        double end = pl_now() + PL_WHILE;
        while (!pl_is_dead(pl_count(&told->worker[i])) && !is_of_a_crew(pl_count(&told->worker[i]))) {
            ck_assert_msg(pl_now() < end, "a worker lives without its supervisor");
            pl_test_sleep(200);
        }
    }
}

/* A call during which somebody kills; and what came of it. Returns how many it has cost. */
static int survive(int kind, bool supervisors, unsigned long long seed)
{
    enum { N = 200 };
    int in[N], crashed = 0;
    set_up();
    for (int i = 0; i < N; i++)
        in[i] = i;
    struct killer killer = {.supervisors = supervisors, .seed = seed};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, kill_some, &killer), 0);
    double timeout = seed % 2 ? 0 : PL_LONG;
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(tell_and_nap, in, N, ON(kind), .silent = true, .timeout = timeout);
    atomic_store_explicit(&killer.over, true, memory_order_relaxed);
    pthread_join(thread, NULL);
    ck_assert_msg(r, "seed %llu: errno %d", seed, errno);
    for (int i = 0; i < N; i++) {
        parallel_state state = parallel_result_state(r, (size_t)i);
        int starts = pl_count(&told->starts[i]);
        ck_assert_msg(state == PARALLEL_OK || state == PARALLEL_CRASHED, "seed %llu: task %d: %d", seed, i, (int)state);
        ck_assert_msg(state == PARALLEL_OK ? starts == 1 : starts <= 1, "seed %llu: task %d, state %d: %d starts", seed,
                      i, (int)state, starts);
        if (state == PARALLEL_OK)
            ck_assert_int_eq(*(const int *)parallel_result(r, (size_t)i), i * 3);
        crashed += state == PARALLEL_CRASHED;
    }
    ck_assert_msg(crashed <= killer.kills * (supervisors ? 2 : 1), "seed %llu: %d kills cost %d tasks", seed,
                  killer.kills, crashed);
    for (size_t j = 0; j < parallel_failures(r); j++)
        ck_assert_int_eq(parallel_failed(r, j)->signal, SIGKILL);
    let_them_end(killer.killed, killer.kills);
    ck_assert(pl_call_works(kind));
    return killer.kills;
}

/* Some calls end before anybody is killed, but not all. */
static void survive_many(int kind, bool supervisors)
{
    pl_workers(2);
    int kills = 0;
    for (unsigned long long seed = 1; seed <= 20; seed++)
        kills += survive(kind, supervisors, seed);
#ifdef PL_OS_LINUX
    ck_assert_int_gt(kills, 0);
#endif
}

START_TEST(workers_may_be_killed)
{
    survive_many(_i, false);
}
END_TEST

START_TEST(supervisors_may_be_killed)
{
    survive_many(_i, true);
}
END_TEST

/* Between two calls of persistent ones. The first that comes before they are dead may still be hit. */
START_TEST(idle_ones_may_be_killed)
{
    pl_workers(2);
    int in[20];
    for (int i = 0; i < 20; i++)
        in[i] = i;
    for (int round = 0; round < (PL_SANITIZED ? 4 : 20); round++) {
        set_up();
        PARALLEL_SCOPED parallel_results *r = parallel_map(tell_and_nap, in, 20, ON(1));
        ck_assert_msg(r, "round %d: errno %d", round, errno);
        pid_t pid = pl_count(round % 2 ? &told->supervisor[0] : &told->worker[0]);
        ck_assert_int_gt(pid, 1);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        if (round % 4 < 2) {
            PARALLEL_SCOPED parallel_results *hit = parallel_map(tell_and_nap, in, 20, ON(1), .silent = true);
            for (size_t i = 0; i < 20; i++)
                if (parallel_result_state(hit, i) != PARALLEL_CRASHED)
                    ck_assert_int_eq(*(const int *)parallel_result(hit, i), (int)i * 3);
            ck_assert_uint_le(parallel_failures(hit), 2);
        }
        let_them_end(&pid, 1);
        ck_assert(pl_call_works(1));
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    if (!PL_VALGRIND) /* under which a process takes seconds to start, and who is killed says nothing of its memory */
        tcase_add_loop_test(c, nothing_outlives_the_program, 0, PROCESS_KINDS);
    if (!pl_has_proc()) {
        puts("# no other tests, as there is no /proc to say whose process is whose");
        return pl_run("api/process_kills", c);
    }
    if (!PL_VALGRIND) {
        tcase_add_loop_test(c, workers_may_be_killed, 0, PROCESS_KINDS);
        tcase_add_loop_test(c, supervisors_may_be_killed, 0, PROCESS_KINDS);
    }
    tcase_add_test(c, idle_ones_may_be_killed);
    return pl_run("api/process_kills", c);
}
