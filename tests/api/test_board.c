/* SPDX-License-Identifier: MIT */
/* What the coordinator makes of a board on which anything may stand: its functions, without workers, between
 * scribbles. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "api/executors.h"
#include "executors/process/process.h"
#include "executors/process/board_internal.h"
#include "support/test.h"

enum { SLOTS = 3, TASKS = 2000, STEPS = 40 };

typedef unsigned long long seed;

static struct {
    pl_board *board;
    pl_call call;
    pl_group group;
    pl_process_call *p;
    pl_endpoint endpoints[SLOTS];
    pl_assignment assignments[SLOTS];
    bool has[SLOTS];
    uint32_t noted;
    int in[TASKS], out[TASKS];
} all;

static int fail_some(const int *number, int *result, void *extras)
{
    (void)extras;
    *result = *number + 1;
    return *number % 7 ? 0 : EDOM;
}
PARALLEL_DECORATE_TASK(fail_some, int, int);

static size_t below(seed *random, size_t n)
{
    return (size_t)(pl_random(random) % n);
}

/* ---- a call, as process.c makes it ------------------------------------------------------------------------- */

static void begin(seed *random)
{
    size_t n = below(random, TASKS) + 1;
    parallel_options options = {.silent = below(random, 2), .retries = (int)below(random, 3), .max_workers = SLOTS};
    memset(&all, 0, sizeof all);
    ck_assert(pl_call_begin_map(&all.call, &pl_work_map, &fail_some__parallel, all.in, n, &options,
                                PL_NOW(PARALLEL_PROCESS)));
    pl_policy_begin(&all.call.policy, &options, n);
    all.call.work.map.out = all.out;
    all.board = calloc(1, pl_board_bytes(SLOTS));
    all.p = calloc(1, sizeof *all.p);
    ck_assert(all.board && all.p);
    all.p->call = &all.call;
    all.p->group = &all.group;
    all.p->coordinator = &all.group.coordinator;
    all.group.workers = all.p->workers = SLOTS;
    all.group.board = all.board;
    all.p->least = below(random, 20) + 1;
    all.p->work = (pl_board_work){.timed = below(random, 2)};
    pl_call_worker_begin(&all.p->worker, &all.call, 0);
    pl_board_init(all.board, SLOTS, PL_REMOTE_INDEX);
    pl_coordinator_init(all.p->coordinator, all.board, SLOTS, PL_REMOTE_INDEX);
    pl_coordinator_want(all.p->coordinator, SLOTS);
    pl_coordinator_begin(all.p->coordinator, &all.p->work, SLOTS, 0);
    for (unsigned i = 0; i < SLOTS; i++)
        pl_endpoint_begin(&all.endpoints[i], all.board, SLOTS, PL_REMOTE_INDEX, i, 1);
}

static void drop(void)
{
    pl_process_call *p = all.p;
    pl_retry *r;
    p->over = p->over ? p->over : EIO;
    while (p->pending_count) {
        pl_pending last = p->pending[--p->pending_count];
        pl_process_drop(p, &last.assignment, last.retry);
    }
    while ((r = pl_policy_take_any(&all.call.policy)))
        pl_process_give_up(p, r);
    pl_process_leave_out(p, p->next, all.call.work.n);
}

/* Whether each failure is of a task that there is. */
static bool failures_are_sound(void)
{
    const pl_failed_list *failed = &all.call.failures.all;
    for (size_t k = 0; k < failed->tasks; k++) {
        const parallel_failure *f = pl_failures_get(failed, k);
        if (!f || f->index >= all.call.work.n || !f->message || f->state == PARALLEL_OK || f->state > PARALLEL_NOT_RUN)
            return false;
    }
    return true;
}

static void end(seed number)
{
    pl_process_call *p = all.p;
    drop();
    pl_process_forget_all(p);
    pl_coordinator_end(p->coordinator);
    pl_call_worker_end(&p->worker);
    pl_failures_settle(&all.call.failures);
    ck_assert_msg(failures_are_sound(), "seed %llu: failures of what there is not", number);
    pl_call_end(&all.call);
    free(p->pending);
    free(p->alone);
    free(p);
    free(all.board);
}

/* ---- workers, as long as nobody scribbles: they trust what they have -------------------------------------- */

static void say(seed *random, unsigned i)
{
    pl_endpoint *endpoint = &all.endpoints[i];
    pl_assignment *assignment = &all.assignments[i];
    static char text[3 * PL_BOARD_TEXT];
    size_t length = below(random, 4) ? 0 : below(random, sizeof text);
    memset(text, 'x', sizeof text);
    text[length] = '\0';
    if (assignment->begin == assignment->end)
        return;
    pl_report report = {.kind = PL_REPORT_FAILED,
                        .position = assignment->position,
                        .begin = assignment->begin,
                        .end = assignment->begin + 1,
                        .code = EDOM,
                        .state = PARALLEL_ERROR};
    if (below(random, 5) == 0) {
        report.kind = PL_REPORT_LEFT;
        report.end = assignment->end;
    }
    assignment->begin = report.end;
    pl_endpoint_report(endpoint, &report, length ? text : NULL);
    pl_process_take_in(all.p); /* so that there is always room */
}

static void die(seed *random, unsigned i)
{
    pl_death death = {.slot = i, .generation = all.endpoints[i].generation, .signal = 9, .killed = below(random, 2)};
    death.index = all.has[i] ? all.assignments[i].begin : PL_NO_INDEX;
    pl_board_note_death(all.board, SLOTS, all.noted++, &death);
    pl_endpoint_begin(&all.endpoints[i], all.board, SLOTS, PL_REMOTE_INDEX, i, death.generation + 1);
    all.has[i] = false;
    pl_process_take_in(all.p);
}

static void work(seed *random)
{
    unsigned i = (unsigned)below(random, SLOTS);
    if (!all.has[i]) {
        all.has[i] = pl_endpoint_take(&all.endpoints[i], &all.assignments[i]);
        return;
    }
    switch (below(random, 6)) {
    case 0:
        die(random, i);
        break;
    case 1:
    case 2:
        say(random, i);
        break;
    case 3:
        pl_endpoint_count(&all.endpoints[i], all.assignments[i].end - all.assignments[i].begin);
        /* fall through */
    default:
        pl_endpoint_done(&all.endpoints[i]);
        all.has[i] = false;
    }
}

/* ---- nonsense ---------------------------------------------------------------------------------------------- */

/* Any word; and reports and notes whose seals are right: those would keep out all that follows. */

static size_t number(seed *random)
{
    size_t any = (size_t)pl_random(random);
    switch (below(random, 5)) {
    case 0:
        return 0;
    case 1:
        return SIZE_MAX;
    case 2:
        return below(random, TASKS + 10);
    case 3:
        return below(random, 5);
    default:
        return any;
    }
}

static void scribble_word(seed *random)
{
    static const size_t ranges[] = {128, 512, 12000, 60000, SIZE_MAX};
    size_t bytes = pl_board_bytes(SLOTS), range = ranges[below(random, 5)], what = number(random), old;
    size_t at = below(random, range < bytes ? range : bytes) / sizeof what * sizeof what;
    unsigned char *place = (unsigned char *)all.board + at;
    memcpy(&old, place, sizeof old);
    if (below(random, 3) == 0)
        what = old + below(random, 3) - 1;
    else if (below(random, 3) == 0)
        what = old ^ (size_t)1 << below(random, 8 * sizeof what);
    memcpy(place, &what, sizeof what);
}

static void forge_report(seed *random)
{
    unsigned slot = (unsigned)below(random, SLOTS);
    pl_slot_board *board = &all.board->slot[slot];
    const pl_coordinator *coordinator = all.p->coordinator;
    uint32_t read = coordinator->slot[slot].read;
    size_t some = (size_t)coordinator->tail - (coordinator->tail ? below(random, (size_t)coordinator->tail) : 0);
    pl_report report = {.kind = (uint32_t)below(random, 5),
                        .length = (uint32_t)(below(random, 2) ? below(random, PL_BOARD_REPORTS) : number(random)),
                        .position = below(random, 2) ? some : number(random),
                        .begin = number(random),
                        .end = number(random),
                        .code = (int32_t)number(random),
                        .state = (uint32_t)number(random)};
    const pl_assignment *assignment = &coordinator->assigned[report.position % PL_BOARD_ENTRIES];
    if (below(random, 2)) {
        report.begin = assignment->begin + below(random, 3) - 1;
        report.end = assignment->end + below(random, 3) - 1;
    }
    report.seal = seal_of_report(&report, read, slot);
    copy_into_ring(board->reports, read, &report, sizeof report);
    atomic_store(&board->wrote,
                 checked_number(read + (uint32_t)(sizeof report + below(random, PL_BOARD_REPORTS + 10))));
    atomic_store(&board->read, read);
}

static void forge_death(seed *random)
{
    pl_coordinator *coordinator = all.p->coordinator;
    pl_death death = {.slot = (uint32_t)(below(random, 2) ? below(random, SLOTS) : number(random)),
                      .killed = (uint32_t)number(random),
                      .signal = (int)number(random),
                      .code = (int)number(random),
                      .index = number(random)};
    death.generation =
        death.slot < SLOTS && below(random, 2) ? coordinator->slot[death.slot].died + 1 : (uint32_t)number(random);
    death.seal = seal_of_death(&death, coordinator->deaths_read);
    all.board->deaths[coordinator->deaths_read % PL_BOARD_DEATHS] = death;
    atomic_store(&all.board->deaths_wrote, coordinator->deaths_read + (uint32_t)below(random, 3));
}

/* An entry in a state that it may be in, but is not. */
static void forge_word(seed *random)
{
    const pl_coordinator *coordinator = all.p->coordinator;
    if (!coordinator->tail)
        return;
    uint64_t place = below(random, (size_t)coordinator->tail) % PL_BOARD_ENTRIES,
             lap = lap_of(coordinator->assigned[place].position);
    unsigned slot = (unsigned)below(random, SLOTS + 1), generation = (unsigned)below(random, 4);
    uint64_t words[] = {word_of(FREE, 0, 0, lap), word_of(TAKEN, slot, generation, lap),
                        done_word(coordinator->seal[place], lap)};
    atomic_store(&all.board->entries[place].word, words[below(random, 3)]);
}

/* ---- the rounds -------------------------------------------------------------------------------------------- */

static void do_something(seed *random)
{
    pl_process_call *p = all.p;
    pl_assignment assignment;
    pl_death death;
    uint64_t ticks;
    switch (below(random, 9)) {
    case 0:
    case 1:
        pl_process_take_in(p);
        break;
    case 2:
        pl_process_feed(p);
        pl_coordinator_announce_rest(p->coordinator, PL_MORE_TO_COME);
        break;
    case 3:
        if (pl_coordinator_take_back(p->coordinator, &assignment))
            pl_process_put_off(p, &assignment, assignment.begin, assignment.end,
                               pl_process_take_retry(p, assignment.position));
        break;
    case 4:
        pl_coordinator_doubt(p->coordinator);
        break;
    case 5:
        if (pl_coordinator_all_done(p->coordinator))
            pl_coordinator_verify(p->coordinator);
        break;
    case 6:
        pl_coordinator_call(p->coordinator, SLOTS);
        break;
    case 7:
        ck_assert_uint_le(pl_coordinator_done(p->coordinator), p->coordinator->tasks);
        ck_assert(pl_coordinator_unavailable(p->coordinator) == 0 || pl_coordinator_unavailable(p->coordinator) == EIO);
        if (pl_coordinator_busy(p->coordinator, &ticks))
            ck_assert_uint_lt(ticks, SLOTS * (UINT64_C(1) << 50));
        break;
    default:
        if (below(random, 8) == 0 && pl_coordinator_reclaim_any(p->coordinator, &assignment, &death))
            pl_process_reclaim(p, &death, &assignment);
    }
}

static void scribble(seed *random)
{
    void (*const ways[])(seed *) = {scribble_word, scribble_word, scribble_word, forge_report, forge_death, forge_word};
    for (size_t n = below(random, 4) + 1; n; n--)
        ways[below(random, 6)](random);
}

START_TEST(the_coordinator_believes_no_nonsense)
{
    unsigned rounds = PL_SANITIZED ? 2000 : 10000;
    for (seed k = 1; k <= rounds; k++) {
        seed random = (k + (seed)_i * rounds) * 0x9e3779b97f4a7c15 | 1;
        begin(&random);
        for (size_t i = below(&random, 100); i; i--)
            if (below(&random, 3))
                work(&random);
            else
                pl_process_feed(all.p);
        for (size_t i = below(&random, 4); i; i--)
            pl_process_take_in(all.p);
        ck_assert_msg(!all.p->coordinator->corrupted, "seed %llu: what workers have written is not believed", k);
        for (int step = 0; step < STEPS; step++) {
            scribble(&random);
            do_something(&random);
            if (below(&random, 2)) /* what if that had not been noticed? */
                all.p->coordinator->corrupted = false;
        }
        end(k);
    }
}
END_TEST

/* Each kind of nonsense is noticed, as soon as the coordinator looks. */
START_TEST(the_coordinator_notices_changes_of_what_only_it_writes)
{
    static const struct {
        size_t at, bytes;
    } words[] = {
        {offsetof(pl_board, tail), 8},
        {offsetof(pl_board, active), 4},
        {offsetof(pl_board, wanted), 4},
        {offsetof(pl_board, kill_requests), 4},
        {offsetof(pl_board, watch), 8},
        {offsetof(pl_board, deaths_read), 4},
        {offsetof(pl_board, slot) + offsetof(pl_slot_board, read), 4},
        {offsetof(pl_board, slot) + offsetof(pl_slot_board, wrote), 8},
        {offsetof(pl_board, entries) + offsetof(pl_entry, word), 8},
    };
    seed random = 1;
    begin(&random);
    pl_process_feed(all.p);
    pl_process_take_in(all.p);
    ck_assert(!all.p->coordinator->corrupted);
    unsigned char *word = (unsigned char *)all.board + words[_i].at;
    for (size_t bit = 0; bit < words[_i].bytes * 8; bit++) {
        word[bit / 8] ^= (unsigned char)(1 << bit % 8);
        pl_process_take_in(all.p);
        ck_assert_msg(all.p->coordinator->corrupted, "bit %zu of the word at %zu is not noticed", bit, words[_i].at);
        word[bit / 8] ^= (unsigned char)(1 << bit % 8);
        all.p->coordinator->corrupted = false;
        pl_process_take_in(all.p);
        ck_assert(!all.p->coordinator->corrupted);
    }
    end(1);
}
END_TEST

/* A worker does not run what the coordinator has not assigned, and the coordinator learns of it. */
START_TEST(a_worker_runs_what_has_been_assigned)
{
    seed random = 5;
    size_t size = offsetof(pl_assignment, position) + sizeof(uint64_t);
    for (size_t at = 0; at < size + sizeof(pl_board_work); at++) {
        begin(&random);
        pl_process_feed(all.p);
        unsigned char *byte = at < size ? (unsigned char *)&all.board->entries[0].assignment + at
                                        : (unsigned char *)&all.board->work + (at - size);
        pl_assignment assignment, was = all.board->entries[0].assignment;
        pl_board_work job = all.board->work;
        *byte ^= 1;
        bool took = pl_endpoint_take(&all.endpoints[0], &assignment);
        if (took) /* it was a byte that nobody reads */
            ck_assert(assignment.begin == was.begin && assignment.end == was.end && assignment.tried == was.tried &&
                      assignment.last == was.last && assignment.timeout_ns == was.timeout_ns &&
                      all.endpoints[0].work.context == job.context && all.endpoints[0].work.run == job.run &&
                      all.endpoints[0].work.timed == job.timed &&
                      all.endpoints[0].work.memory_limit == job.memory_limit);
        pl_process_take_in(all.p);
        ck_assert_int_eq(all.p->coordinator->corrupted, !took);
        end(at);
    }
}
END_TEST

/* What would never end: an entry that nobody has, or where nobody looks. */
START_TEST(the_coordinator_doubts_what_no_worker_has)
{
    seed random = 3;
    begin(&random);
    pl_process_feed(all.p);
    pl_process_take_in(all.p);
    pl_coordinator_doubt(all.p->coordinator);
    ck_assert(!all.p->coordinator->corrupted);
    pl_assignment assignment;
    _Atomic uint64_t *word = &all.board->entries[1].word;
    uint64_t was = atomic_load(word);
    ck_assert(pl_endpoint_take(&all.endpoints[0], &assignment));
    pl_process_take_in(all.p);
    pl_coordinator_doubt(all.p->coordinator);
    ck_assert(!all.p->coordinator->corrupted);
    atomic_store(&all.board->slot[1].asleep, ASLEEP);
    atomic_store(word, word_of(TAKEN, 1, 1, 1));
    pl_process_take_in(all.p);
    ck_assert(!all.p->coordinator->corrupted);
    pl_coordinator_doubt(all.p->coordinator);
    ck_assert(all.p->coordinator->corrupted);
    all.p->coordinator->corrupted = false;
    atomic_store(word, was);
    pl_coordinator_doubt(all.p->coordinator);
    ck_assert(!all.p->coordinator->corrupted);
    atomic_store(&all.board->head, 2);
    pl_coordinator_doubt(all.p->coordinator);
    ck_assert(all.p->coordinator->corrupted);
    end(1);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, the_coordinator_believes_no_nonsense, 0, 4);
    tcase_add_loop_test(c, the_coordinator_notices_changes_of_what_only_it_writes, 0, 9);
    tcase_add_test(c, a_worker_runs_what_has_been_assigned);
    tcase_add_test(c, the_coordinator_doubts_what_no_worker_has);
    return pl_run("api/board", c);
}
