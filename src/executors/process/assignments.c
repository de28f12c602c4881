/* SPDX-License-Identifier: MIT */
/* What the coordinator assigns to workers, and what has become of it; process.h says how it fits together. */
#include <errno.h>
#include <string.h>

#include "executors/process/process.h"
#include "base/os_process.h"
#include "base/size.h"
#include "sched/chunking.h"
#include "sched/pool_stats.h"
#include "sched/trace.h"

/* ---- what is outstanding --------------------------------------------------------------------------------- */

pl_outstanding *pl_process_outstanding(pl_process_call *p, uint64_t position)
{
    return &p->outstanding[position % PL_BOARD_ENTRIES];
}

static void free_retry(pl_retry *r)
{
    if (r)
        free(r->message);
    free(r);
}

pl_retry *pl_process_take_retry(pl_process_call *p, uint64_t position)
{
    pl_outstanding *o = pl_process_outstanding(p, position);
    pl_retry *retry = o->retry;
    o->retry = NULL;
    return retry;
}

static void forget_retry(pl_outstanding *o)
{
    free_retry(o->retry);
    o->retry = NULL;
}

static void begin_outstanding(pl_outstanding *o, const pl_assignment *assignment, pl_retry *retry)
{
    *o = (pl_outstanding){.retry = retry, .ended = assignment->begin, .left = assignment->end};
}

/* What is still there is the retry of tasks that went well, and a message that a worker did not end before it died. */
static void end_outstanding(pl_outstanding *o)
{
    forget_retry(o);
    free(o->message);
    o->message = NULL;
}

void pl_process_forget_all(pl_process_call *p)
{
    for (unsigned i = 0; i < pl_coordinator_places(p->coordinator); i++)
        end_outstanding(&p->outstanding[pl_coordinator_place(p->coordinator, i)]);
}

/* A message comes in pieces. Without memory it is shorter. */
static void add_text(pl_outstanding *o, const char *text, size_t length)
{
    char *message = length ? realloc(o->message, pl_size_add(o->message_length, length + 1)) : NULL;
    if (!message)
        return;
    memcpy(message + o->message_length, text, length);
    o->message_length += length;
    message[o->message_length] = '\0';
    o->message = message;
}

static char *take_text(pl_outstanding *o)
{
    char *message = o->message;
    o->message = NULL;
    o->message_length = 0;
    return message;
}

/* ---- what does not run ----------------------------------------------------------------------------------- */

static size_t result_size(const pl_process_call *p)
{
    return p->call->work.kind->is_separate ? 0 : p->call->work.map.result_size;
}

/* What the program's vector has of tasks [begin, end) stays there. */
static void leave_alone(pl_process_call *p, size_t begin, size_t end)
{
    if (p->alone_count && p->alone[p->alone_count - 1].end == begin) {
        p->alone[p->alone_count - 1].end = end;
        return;
    }
    pl_stretch *list = realloc(p->alone, pl_size_multiply(p->alone_count + 1, sizeof *list));
    if (!list) { /* no memory: then they are copied to the block now, and back at the end */
        size_t size = result_size(p);
        memcpy((unsigned char *)p->call->work.map.out + begin * size, p->vector + begin * size, (end - begin) * size);
        return;
    }
    p->alone = list;
    p->alone[p->alone_count++] = (pl_stretch){begin, end};
}

static int by_begin(const void *a, const void *b)
{
    size_t i = ((const pl_stretch *)a)->begin, j = ((const pl_stretch *)b)->begin;
    return (i > j) - (i < j);
}

void pl_process_copy_back(pl_process_call *p)
{
    size_t at = 0, size = result_size(p);
    if (p->alone_count)
        qsort(p->alone, p->alone_count, sizeof *p->alone, by_begin);
    for (size_t k = 0; k <= p->alone_count; k++) {
        bool last = k == p->alone_count;
        size_t to = last ? p->call->work.n : p->alone[k].begin;
        memcpy(p->vector + at * size, (unsigned char *)p->call->work.map.out + at * size, (to - at) * size);
        at = last ? to : p->alone[k].end;
    }
}

void pl_process_leave_out(pl_process_call *p, size_t begin, size_t end)
{
    pl_call *c = p->call;
    parallel_failure failure = {.state = PARALLEL_NOT_RUN, .code = p->over};
    if (begin == end)
        return;
    if (p->copies_results)
        leave_alone(p, begin, end);
    else if (c->work.kind->is_separate && c->options.silent)
        c->work.kind->zero(&c->work, begin, end);
    else if (c->work.map.out && result_size(p) && c->options.silent) /* else they cannot be asked for */
        pl_os_share_zero((unsigned char *)c->work.map.out + begin * result_size(p), (end - begin) * result_size(p));
    c->policy.left_out = true;
    pl_call_worker_note(&p->worker, &failure, NULL, begin, end);
}

void pl_process_give_up(pl_process_call *p, pl_retry *retry)
{
    pl_call_worker_give_up(&p->worker, retry);
}

void pl_process_drop(pl_process_call *p, const pl_assignment *assignment, pl_retry *retry)
{
    if (retry)
        pl_process_give_up(p, retry);
    else
        pl_process_leave_out(p, assignment->begin, assignment->end);
}

/* ---- assigning ------------------------------------------------------------------------------------------- */

void pl_process_put_off(pl_process_call *p, const pl_assignment *assignment, size_t begin, size_t end, pl_retry *retry)
{
    if (begin >= end)
        return;
    if (p->pending_count == p->pending_room) {
        size_t room = p->pending_room ? p->pending_room * 2 : 16;
        pl_pending *list = realloc(p->pending, pl_size_multiply(room, sizeof *list));
        if (!list) {
            p->lost = true;
            p->over = p->over ? p->over : ENOMEM;
            free_retry(retry);
            pl_process_leave_out(p, begin, end);
            return;
        }
        p->pending = list;
        p->pending_room = room;
    }
    pl_pending *last = &p->pending[p->pending_count++];
    *last = (pl_pending){.assignment = *assignment, .retry = retry};
    last->assignment.begin = begin;
    last->assignment.end = end;
}

static bool assign_pending(pl_process_call *p, pl_pending *what)
{
    pl_call *c = p->call;
    pl_task_policy policy = pl_policy_of_task(&c->policy, &c->work, what->assignment.begin);
    what->assignment.timeout_ns = policy.timeout_ns;
    what->assignment.last = what->assignment.tried + 1 >= policy.attempts;
    unsigned places = pl_coordinator_places(p->coordinator);
    if (!pl_coordinator_assign(p->coordinator, &what->assignment))
        return false;
    pl_outstanding *o = pl_process_outstanding(p, what->assignment.position);
    if (pl_coordinator_places(p->coordinator) == places) /* something else stood there before */
        end_outstanding(o);
    begin_outstanding(o, &what->assignment, what->retry);
    return true;
}

/* How many tasks to assign next: few at first, since all the work may be in the first ones, and few at the end, so that
 * all workers end at the same time. */
static size_t next_size(const pl_process_call *p)
{
    size_t rest = p->call->work.n - p->next;
    if (p->call->work.kind->is_separate)
        return 1;
    if (p->whole)
        return rest < p->whole ? rest : p->whole;
    return pl_chunking_assignment(rest, p->next, p->workers, p->least);
}

/* Copies the arguments of the next tasks to where workers find them. */
static void send_args(pl_process_call *p, size_t count)
{
    size_t size = p->call->work.map.arg_size, at = p->next * size;
    pl_arena_warm(p->sent + at, count * size);
    memcpy(p->sent + at, (const unsigned char *)p->call->work.map.args + at, count * size);
}

/* Assigns what is due for its next attempt. False if there is no room for all of that; then the first that had none is
 * pending. */
static bool assign_due(pl_process_call *p, bool *any)
{
    pl_retry *r;
    while ((r = pl_policy_take_due(&p->call->policy))) {
        pl_pending again = {.assignment = {.begin = r->begin, .end = r->end, .tried = r->failure.attempts}, .retry = r};
        if (!assign_pending(p, &again)) {
            pl_process_put_off(p, &again.assignment, r->begin, r->end, r);
            return false;
        }
        *any = true;
    }
    return true;
}

static void assign_fresh(pl_process_call *p, bool *any)
{
    while (p->next < p->call->work.n) {
        size_t size = next_size(p);
        pl_pending fresh = {.assignment = {.begin = p->next, .end = p->next + size}};
        if (p->sent)
            send_args(p, size);
        if (!assign_pending(p, &fresh))
            return;
        *any = true;
        p->next += size;
        if (p->kept && p->next == size) /* the first: a worker may begin */
            pl_coordinator_call(p->coordinator, 1);
    }
}

bool pl_process_feed(pl_process_call *p)
{
    bool any = false;
    for (; p->pending_count && assign_pending(p, &p->pending[p->pending_count - 1]); p->pending_count--)
        any = true;
    if (!p->pending_count && assign_due(p, &any))
        assign_fresh(p, &any);
    return any;
}

/* ---- failures -------------------------------------------------------------------------------------------- */

/* Whether a failure is one of the call, whatever attempts the task has left. */
/* Whether a failure is one of the call, or there may be another attempt. */
typedef enum verdict { MAY_BE_RETRIED, IS_FINAL } verdict;

static void note_failure(const parallel_failure *failure)
{
    bool crashed = failure->state == PARALLEL_CRASHED;
    pl_pool_count(crashed ? PL_COUNT_CRASHES : PL_COUNT_TIMEOUTS);
    if (crashed)
        PL_PROBE(crash, failure->index, failure->signal);
    if (pl_trace_is_on())
        pl_trace_moment(crashed ? PL_TRACE_CRASH : PL_TRACE_TIMEOUT, failure->index, (uint64_t)failure->signal);
}

/* Tasks [begin, end) of `assignment` have failed. Takes the message. */
static void fail_tasks(pl_process_call *p, const pl_assignment *assignment, parallel_failure *failure, verdict how,
                       char *message, size_t begin, size_t end)
{
    pl_call *c = p->call;
    pl_task_policy policy = pl_policy_of_task(&c->policy, &c->work, begin);
    failure->index = begin;
    failure->attempts = assignment->tried + 1;
    if (failure->state == PARALLEL_CRASHED || failure->state == PARALLEL_TIMED_OUT)
        note_failure(failure);
    bool again = how == MAY_BE_RETRIED && failure->state != PARALLEL_CANCELLED && failure->attempts < policy.attempts &&
                 !p->over;
    if (again)
        pl_call_worker_put_off(&p->worker, failure, message, begin, end);
    else
        pl_call_worker_fail(&p->worker, failure, message, begin, end);
}

/* ---- reports --------------------------------------------------------------------------------------------- */

/* Whether a report can be true of what is outstanding: it is about tasks of which nothing has been said yet. */
static bool is_sound(const pl_outstanding *o, const pl_report *report)
{
    if (report->kind == PL_REPORT_TEXT)
        return true;
    if (report->kind == PL_REPORT_RAN)
        return report->length == PL_REPORT_RUN_BYTES;
    if (report->begin >= report->end || report->begin < o->ended || report->end > o->left || report->final > 1)
        return false;
    return report->kind == PL_REPORT_LEFT || (report->kind == PL_REPORT_FAILED &&
                                              (report->state == PARALLEL_ERROR || report->state == PARALLEL_CANCELLED ||
                                               report->state == PARALLEL_TIMED_OUT));
}

/* Tasks were given back. If the first of the assignment is one of them, there was no attempt, and the one before still
 * counts. */
static void take_left(pl_process_call *p, pl_outstanding *o, const pl_assignment *assignment, const pl_report *report)
{
    bool none_begun = report->begin == assignment->begin;
    pl_retry *retry = none_begun ? pl_process_take_retry(p, report->position) : NULL;
    o->left = report->begin;
    if (p->over)
        pl_process_drop(p, &(pl_assignment){.begin = report->begin, .end = report->end}, retry);
    else
        pl_process_put_off(p, assignment, report->begin, report->end, retry);
}

static void take_failure(pl_process_call *p, pl_outstanding *o, const pl_assignment *assignment,
                         const pl_report *report)
{
    forget_retry(o);
    o->ended = report->end;
    parallel_failure failure = {.state = (parallel_state)report->state, .code = report->code};
    bool late = pl_policy_over(&p->call->policy) == ETIMEDOUT;
    if (failure.state == PARALLEL_CANCELLED && late) /* the task was asked to give up as the call is late */
        failure = (parallel_failure){.state = PARALLEL_TIMED_OUT, .code = ETIMEDOUT};
    fail_tasks(p, assignment, &failure, report->final ? IS_FINAL : MAY_BE_RETRIED, take_text(o), report->begin,
               report->end);
}

/* A worker says when it ran an assignment: since the call began, and before now. */
static void trace_run(const pl_process_call *p, unsigned slot, const pl_assignment *assignment, const char *text)
{
    uint64_t ticks[2], now = pl_ticks(), began = p->coordinator->began;
    memcpy(ticks, text, sizeof ticks);
    uint64_t from = ticks[0] > began ? ticks[0] : began, to = ticks[1] < now ? ticks[1] : now;
    pl_trace_event run = pl_trace_run_of(p->traced_call, from, to, assignment->begin, assignment->end);
    pl_trace_apart(PL_TRACE_PROCESS, slot, &run);
}

/* Takes in a report of a slot. False if it cannot be true. */
static bool take_report(pl_process_call *p, unsigned slot, const pl_report *report, const char *text)
{
    const pl_assignment *assignment = pl_coordinator_assigned(p->coordinator, report->position);
    pl_outstanding *o = pl_process_outstanding(p, report->position);
    if (!assignment || !is_sound(o, report))
        return false;
    if (report->kind == PL_REPORT_RAN) {
        trace_run(p, slot, assignment, text);
        return true;
    }
    add_text(o, text, report->length);
    if (report->kind == PL_REPORT_TEXT)
        return true;
    o->reported = true;
    if (report->kind == PL_REPORT_LEFT)
        take_left(p, o, assignment, report);
    else
        take_failure(p, o, assignment, report);
    return true;
}

/* Takes in what a slot's workers have reported. Whether that was anything. */
static bool take_reports(pl_process_call *p, unsigned slot)
{
    pl_report report;
    char text[PL_BOARD_TEXT];
    bool any = false;
    for (; pl_coordinator_report(p->coordinator, slot, &report, text); any = true) {
        if (!take_report(p, slot, &report, text)) {
            pl_coordinator_distrust(p->coordinator);
            break;
        }
    }
    return any;
}

/* ---- deaths ---------------------------------------------------------------------------------------------- */

/* How a task has ended in which a worker has died. */
static parallel_failure failure_of_death(const pl_death *death)
{
    if (death->killed)
        return (parallel_failure){.state = PARALLEL_TIMED_OUT, .code = ETIMEDOUT};
    return (parallel_failure){
        .state = PARALLEL_CRASHED, .code = death->signal ? EOWNERDEAD : death->code, .signal = death->signal};
}

/* Of its tasks, those before `ended` have ended. The one that the worker was at has failed; and those after it up to
 * `left` were not begun. */
void pl_process_reclaim(pl_process_call *p, const pl_death *death, const pl_assignment *assignment)
{
    pl_outstanding *o = pl_process_outstanding(p, assignment->position);
    bool separate = p->call->work.kind->is_separate;
    size_t at = separate && death->index != PL_NO_INDEX ? assignment->begin : death->index;
    if (at < o->ended || at >= o->left) { /* the worker was between two tasks */
        pl_retry *retry = o->reported ? NULL : pl_process_take_retry(p, assignment->position);
        pl_process_put_off(p, assignment, o->ended, o->left, retry);
        return;
    }
    if (!p->work.timed && !p->work.tasks_per_worker) /* else they have been counted one by one */
        p->worker.done += at - o->ended;
    forget_retry(o);
    parallel_failure failure = failure_of_death(death);
    size_t end = p->call->failures.chunks ? o->left : at + 1;
    fail_tasks(p, assignment, &failure, MAY_BE_RETRIED, NULL, at, end);
    pl_process_put_off(p, assignment, end, o->left, NULL);
}

/* Where items are wanted as they end, each assignment is one, or one chunk: if a worker has run it, and has reported
 * nothing of it, it went well. */
static void note_ended(pl_process_call *p)
{
    for (unsigned i = 0; p->call->ended && i < pl_coordinator_places(p->coordinator); i++) {
        unsigned place = pl_coordinator_place(p->coordinator, i);
        const pl_assignment *assignment = pl_coordinator_run(p->coordinator, place);
        if (assignment && !p->outstanding[place].reported)
            pl_ended_well(p->call->ended, assignment->begin, assignment->end);
    }
}

bool pl_process_take_in(pl_process_call *p)
{
    pl_death death;
    pl_assignment assignment;
    bool any = false;
    pl_coordinator_look(p->coordinator);
    for (unsigned slot = 0; slot < p->group->workers; slot++)
        any |= take_reports(p, slot);
    while (pl_coordinator_death(p->coordinator, &death)) {
        any = true;
        take_reports(p, death.slot); /* what the worker reported before it died */
        if (pl_coordinator_reclaim(p->coordinator, &death, &assignment))
            pl_process_reclaim(p, &death, &assignment);
    }
    note_ended(p);
    pl_coordinator_settle(p->coordinator);
    return any;
}

/* ---- a group that does not follow ------------------------------------------------------------------------ */

/* How much longer than its tasks' timeouts a worker may have an assignment. */
#define GRACE_NS UINT64_C(5000000000)
/* And how much longer for each byte of results, which it clears first. */
#define BYTE_NS 100

/* Whether a worker has taken what stands at a place. Notes whether it is late. */
static bool watch_place(pl_process_call *p, unsigned place)
{
    pl_outstanding *o = &p->outstanding[place];
    uint64_t holder, starts, now = p->clock;
    const pl_assignment *assignment = pl_coordinator_taken(p->coordinator, place, &holder, &starts);
    if (!assignment)
        return false;
    o->since = holder == o->holder ? o->since : now;
    o->changed = holder == o->holder && starts == o->starts ? o->changed : now;
    o->holder = holder;
    o->starts = starts;
    uint64_t tasks = assignment->end - assignment->begin;
    uint64_t grace = GRACE_NS + pl_group_slowness(p->group) + tasks * result_size(p) * BYTE_NS;
    uint64_t each = assignment->timeout_ns, all = each < UINT64_MAX / 2 / tasks ? each * tasks : UINT64_MAX / 2;
    o->late = each && (now - o->since > all + grace || now - o->changed > each + grace);
    return true;
}

bool pl_process_is_stuck(pl_process_call *p)
{
    bool any = false, late = false;
    for (unsigned i = 0; i < pl_coordinator_places(p->coordinator); i++) {
        unsigned place = pl_coordinator_place(p->coordinator, i);
        any |= watch_place(p, place);
        late |= p->outstanding[place].late;
    }
    if (any || pl_coordinator_all_done(p->coordinator))
        p->moved = p->clock;
    return late || p->clock - p->moved > GRACE_NS + pl_group_slowness(p->group);
}
