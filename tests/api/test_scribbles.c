/* SPDX-License-Identifier: MIT */
/* Tasks with wild pointers: they write over the board, which workers and program share (process/board.h). */
#include <stdint.h>
#include <string.h>

#include "call/context.h"
#include "executors/process/board.h"
#include "support/workers.h"

enum { WORKERS = 2, TASKS = 300, SCRIBBLER = 20 };

/* What a round does, by its seed. */
static struct plan {
    unsigned long long seed;
    bool rooms;    /* also where workers note what they are at, and what tasks are given and give */
    size_t at;     /* only there, if there is something to write: */
    size_t length; /* bytes of */
    uint64_t what;
    bool own; /* in the task's own span */
} plan;

/* A kernel sees the board: its span is in a slot's room. Which slot that is the start of the board tells. */
static pl_board *board_of(parallel_span *span)
{
    unsigned char *room = (unsigned char *)span - offsetof(pl_context, span);
    for (size_t number = 0; number < WORKERS; number++) {
        uintptr_t board =
            (uintptr_t)room - offsetof(pl_board, slot) - number * sizeof(pl_slot_board) - offsetof(pl_slot_board, room);
        if (board % (uintptr_t)sysconf(_SC_PAGESIZE) == 0)
            return (pl_board *)board;
    }
    return NULL;
}

static bool is_room(size_t at)
{
    size_t in_slot = at < offsetof(pl_board, slot) ? 0 : (at - offsetof(pl_board, slot)) % sizeof(pl_slot_board);
    return in_slot >= offsetof(pl_slot_board, room) && in_slot < offsetof(pl_slot_board, reports);
}

/* Some nonsense, made of what is there. */
static uint64_t nonsense(unsigned long long *random, uint64_t was)
{
    uint64_t any = pl_random(random);
    switch (pl_random(random) % 7) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return any & 0xffff;
    case 3:
        return was + 1;
    case 4:
        return was ^ UINT64_C(1) << (any & 63);
    case 5:
        return was - (any & 0xff);
    default:
        return any;
    }
}

static void scribble(unsigned char *board)
{
    static const size_t ranges[] = {64, 256, 1024, 8192, 100000, SIZE_MAX};
    unsigned long long random = plan.seed * 0x9e3779b97f4a7c15 | 1;
    if (plan.length) {
        memcpy(board + plan.at, &plan.what, plan.length);
        return;
    }
    for (int i = 0; i < 5; i++)
        pl_random(&random);
    for (int n = (int)(pl_random(&random) % 8) + 1; n; n--) {
        size_t all = pl_board_bytes(WORKERS), range = ranges[pl_random(&random) % 6];
        size_t at = (size_t)pl_random(&random) % (range < all ? range : all) / 8 * 8;
        uint64_t was;
        memcpy(&was, board + at, sizeof was);
        was = nonsense(&random, was);
        if (plan.rooms || !is_room(at))
            memcpy(board + at, &was, sizeof was);
    }
}

static int work(int i)
{
    if (i % 8 == 0)
        pl_test_sleep(300);
    return i > 40 && i % 16 == 5 ? ENOENT : 0;
}

static size_t kernel(parallel_span *span, size_t begin, size_t end)
{
    const int *args = span->args;
    for (size_t i = begin; i < end; i++) {
        span->index = i;
        if (args[i] == SCRIBBLER)
            scribble(plan.own ? (unsigned char *)span : (unsigned char *)board_of(span));
        ((int *)span->results)[i] = args[i] + 1;
        span->code = work(args[i]);
        if (span->code)
            return i;
    }
    return end;
}

static const parallel_function function = {.arg_size = sizeof(int),
                                           .result_size = sizeof(int),
                                           .size = sizeof(parallel_function),
                                           .kernel = kernel,
                                           .can_fail = true};

static atomic_int *most_done;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    if (done > total)
        pl_set(most_done, 1);
}

/* Whether each task has failed, or has the right result. */
static bool are_right(const parallel_results *r)
{
    for (size_t i = 0; r && i < TASKS; i++)
        if (parallel_result_state(r, i) == PARALLEL_OK && *(const int *)parallel_result(r, i) != (int)i + 1)
            return false;
    return true;
}

/* In a process of its own: one call with scribbles, and another. */
static int run_plan(void)
{
    int in[TASKS], k = (int)(plan.seed % 3 == 0);
    for (int i = 0; i < TASKS; i++)
        in[i] = i;
    alarm(PL_TEST_SECONDS / 2);
    double began = pl_now();
    parallel_results *r = parallel_map_function(
        &function, in, TASKS,
        &(parallel_options){ON(k), .max_workers = WORKERS, .silent = plan.seed & 1, .retries = plan.seed >> 1 & 1,
                            .timeout = plan.seed & 4 ? 2 : 0, .call_timeout = PL_WHILE, .progress = note_progress});
    if (!plan.rooms && !are_right(r))
        return 2;
    if (pl_now() - began > PL_WHILE * 1.5)
        return 3;
    if (pl_count(most_done))
        return 4;
    parallel_results_free(r);
    return pl_call_works(k) ? 0 : 5;
}

static void try(const char *what, unsigned long long number)
{
    pid_t child = fork();
    if (child == 0)
        _exit(run_plan());
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "%s %llu: %s %d", what, number, WIFSIGNALED(status) ? "killed by signal" : "exit status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void set_up(void)
{
    pl_no_cores();
    pl_workers(WORKERS);
    most_done = pl_shared(sizeof *most_done);
}

START_TEST(a_board_of_nonsense_does_no_harm)
{
    set_up();
    for (unsigned long long seed = 1; seed <= (PL_SANITIZED ? 10 : 60); seed++) {
        plan = (struct plan){.seed = seed, .rooms = _i};
        try("seed", seed);
    }
}
END_TEST

/* Each word before the entries, and those of a few of these and of a slot, once with each. */
START_TEST(no_word_of_the_board_is_believed)
{
    static const uint64_t values[] = {0, UINT64_MAX, 100000, 0x7fffffffffff};
    set_up();
    size_t most = offsetof(pl_board, deaths) + 2 * sizeof(pl_death), step = PL_SANITIZED ? 40 : 8;
    for (size_t at = 0; at < most; at += step) {
        plan = (struct plan){.seed = at / step, .at = at, .length = at % 16 ? 8 : 4, .what = values[_i]};
        try("offset", at);
    }
    for (size_t at = 0; at < 128; at += step) {
        plan = (struct plan){.seed = at / step, .at = offsetof(pl_board, slot) + at, .length = 8, .what = values[_i]};
        try("offset in slot", at);
    }
}
END_TEST

/* A kernel reads its span, and may have written where that said: such a call does not go well. */
START_TEST(no_other_span_is_taken_for_ones_own)
{
    static const size_t places[] = {offsetof(parallel_span, args), offsetof(parallel_span, results),
                                    offsetof(parallel_span, extras), offsetof(parallel_span, stop)};
    set_up();
    int in[TASKS];
    for (int i = 0; i < TASKS; i++)
        in[i] = i;
    plan = (struct plan){.at = places[_i], .length = 1, .what = 0x5c, .own = true};
    for (int k = 0; k < PROCESS_KINDS; k++) {
        errno = 0;
        ck_assert_ptr_null(parallel_map_function(&function, in, TASKS,
                                                 &(parallel_options){ON(k), .max_workers = WORKERS, .silent = true}));
        ck_assert_int_eq(errno, EIO);
        ck_assert(pl_call_works(k));
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_board_of_nonsense_does_no_harm, 0, 2);
    tcase_add_loop_test(c, no_word_of_the_board_is_believed, 0, 4);
    tcase_add_loop_test(c, no_other_span_is_taken_for_ones_own, 0, 4);
    return pl_run("api/scribbles", c);
}
