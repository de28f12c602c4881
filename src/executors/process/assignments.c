/* SPDX-License-Identifier: MIT */
/* What the coordinator assignments to worker processes, and what has become of it; process.h says how it fits together. */
#include <errno.h>
#include <string.h>

#include "executors/process/process.h"
#include "base/os_process.h"
#include "base/size.h"
#include "sched/chunking.h"

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
    if (!list) { /* then it is copied here, and back */
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

/* Tasks [begin, end) are not run. */
void pl_process_leave_out(pl_process_call *p, size_t begin, size_t end)
{
    pl_call *c = p->call;
    parallel_failure failure = {.state = PARALLEL_NOT_RUN, .code = p->over};
    if (begin == end)
        return;
    if (p->back)
        leave_alone(p, begin, end);
    else if (c->work.kind->is_separate && c->options.silent)
        c->work.kind->zero(&c->work, begin, end);
    else if (c->work.map.out && result_size(p) && c->options.silent) /* else nobody will see them */
        pl_os_share_zero((unsigned char *)c->work.map.out + begin * result_size(p), (end - begin) * result_size(p));
    c->policy.left_out = true;
    pl_call_worker_note(&p->run, &failure, NULL, begin, end);
}

static void drop_retry(pl_retry *r)
{
    if (r)
        free(r->message);
    free(r);
}

/* The attempt that came before is the last. */
void pl_process_give_up(pl_process_call *p, pl_retry *r)
{
    pl_call_worker_give_up(&p->run, r);
}

/* An assignment that nobody has begun, and nobody will. */
void pl_process_drop(pl_process_call *p, const pl_assignment *assignment, pl_retry *retry)
{
    if (retry)
        pl_process_give_up(p, retry);
    else
        pl_process_leave_out(p, assignment->begin, assignment->end);
}

/* ---- offering -------------------------------------------------------------------------------------------- */

/* To be assigned (again). */
void pl_process_put_off(pl_process_call *p, const pl_assignment *assignment, size_t begin, size_t end, pl_retry *retry)
{
    if (begin >= end)
        return;
    if (p->pending_count == p->room) {
        size_t room = p->room ? p->room * 2 : 16;
        pl_pending *list = realloc(p->pending, pl_size_multiply(room, sizeof *list));
        if (!list) {
            p->lost = true;
            p->over = p->over ? p->over : ENOMEM;
            drop_retry(retry);
            pl_process_leave_out(p, begin, end);
            return;
        }
        p->pending = list;
        p->room = room;
    }
    pl_pending *last = &p->pending[p->pending_count++];
    *last = (pl_pending){.assignment = *assignment, .retry = retry};
    last->assignment.begin = begin;
    last->assignment.end = end;
}

static bool assign_pending(pl_process_call *p, pl_pending *what)
{
    pl_call *c = p->call;
    pl_task_policy terms = pl_policy_of_task(&c->policy, &c->work, what->assignment.begin);
    what->assignment.timeout_ns = terms.timeout_ns;
    what->assignment.last = what->assignment.tried + 1 >= terms.attempts;
    if (!pl_coordinator_assign(p->coordinator, &what->assignment))
        return false;
    pl_retry **place = &p->trying[what->assignment.position % PL_BOARD_ENTRIES];
    if (what->assignment.position - p->coordinator->first >= PL_BOARD_ENTRIES)
        drop_retry(*place); /* that went well */
    *place = what->retry;
    p->progress[what->assignment.position % PL_BOARD_ENTRIES] =
        (pl_progressed){.ended = what->assignment.begin, .left = what->assignment.end};
    p->waited[what->assignment.position % PL_BOARD_ENTRIES] = (pl_waited){.who = 0};
    return true;
}

/* How many tasks to assign next. */
static size_t next_size(const pl_process_call *p)
{
    size_t rest = p->call->work.n - p->next;
    if (p->call->work.kind->is_separate)
        return 1;
    if (p->whole)
        return rest < p->whole ? rest : p->whole;
    return pl_chunking_assignment(rest, p->next, p->workers, p->least);
}

/* Copies the next arguments. */
static void send_args(pl_process_call *p, size_t count)
{
    size_t size = p->call->work.map.arg_size, at = p->next * size;
    pl_arena_warm(p->sent + at, count * size);
    memcpy(p->sent + at, (const unsigned char *)p->call->work.map.args + at, count * size);
}

/* Offers what there is, as far as there is room. Whether that was anything. */
bool pl_process_feed(pl_process_call *p)
{
    pl_call *c = p->call;
    pl_retry *r;
    uint64_t tail = p->coordinator->tail;
    while (p->pending_count && assign_pending(p, &p->pending[p->pending_count - 1]))
        p->pending_count--;
    if (p->pending_count)
        return p->coordinator->tail != tail;
    while ((r = pl_policy_take_due(&c->policy))) {
        pl_pending again = {.assignment = {.begin = r->begin, .end = r->end, .tried = r->failure.attempts}, .retry = r};
        if (!assign_pending(p, &again)) {
            pl_process_put_off(p, &again.assignment, r->begin, r->end, r);
            return p->coordinator->tail != tail;
        }
    }
    while (p->next < c->work.n) {
        size_t size = next_size(p);
        pl_pending fresh = {.assignment = {.begin = p->next, .end = p->next + size}};
        if (p->sent)
            send_args(p, size);
        if (!assign_pending(p, &fresh))
            break;
        p->next += size;
        if (p->persistent && p->next == size) /* the first: somebody may begin */
            pl_coordinator_call(p->coordinator, 1);
    }
    return p->coordinator->tail != tail;
}

/* ---- failures -------------------------------------------------------------------------------------------- */

/* Tasks [begin, end), which `assignment` was about, have failed, and are not tried again if that is `final`. Takes the message. */
static void fail(pl_process_call *p, const pl_assignment *assignment, parallel_failure *failure, bool final,
                 char *message, size_t begin, size_t end)
{
    pl_call *c = p->call;
    pl_task_policy terms = pl_policy_of_task(&c->policy, &c->work, begin);
    failure->index = begin;
    failure->attempts = assignment->tried + 1;
    bool again = failure->state != PARALLEL_CANCELLED && failure->attempts < terms.attempts && !final && !p->over;
    if (again)
        pl_call_worker_put_off(&p->run, failure, message, begin, end);
    else
        pl_call_worker_fail(&p->run, failure, message, begin, end);
}

pl_retry *pl_process_take_retry(pl_process_call *p, uint64_t position)
{
    pl_retry **place = &p->trying[position % PL_BOARD_ENTRIES], *before = *place;
    *place = NULL;
    return before;
}

/* The attempt before that was made of what stood at `position` does not count any more. */
void pl_process_forget_retry(pl_process_call *p, uint64_t position)
{
    drop_retry(pl_process_take_retry(p, position));
}

static void drop_text(pl_received *h)
{
    free(h->message);
    h->message = NULL;
    h->length = 0;
}

static void add_text(pl_received *h, uint64_t position, const char *text, size_t length)
{
    if (h->position != position) /* of another assignment is what somebody said who died */
        drop_text(h);
    h->position = position;
    char *message = length ? realloc(h->message, pl_size_add(h->length, length + 1)) : NULL;
    if (!message)
        return; /* then it is shorter */
    memcpy(message + h->length, text, length);
    h->length += length;
    message[h->length] = '\0';
    h->message = message;
}

static char *take_text(pl_received *h)
{
    char *message = h->message;
    h->message = NULL;
    h->length = 0;
    return message;
}

/* Whether a report can be true: it is about tasks that nothing has been said of yet. */
static bool is_sound(const pl_process_call *p, const pl_report *report)
{
    const pl_assignment *assignment = &p->coordinator->assigned[report->position % PL_BOARD_ENTRIES];
    const pl_progressed *progress = &p->progress[report->position % PL_BOARD_ENTRIES];
    if (report->position < p->coordinator->first || assignment->position != report->position ||
        report->begin >= report->end || report->final > 1 || report->begin < progress->ended ||
        report->end > progress->left)
        return false;
    return report->kind == PL_REPORT_LEFT || (report->kind == PL_REPORT_FAILED &&
                                              (report->state == PARALLEL_ERROR || report->state == PARALLEL_CANCELLED ||
                                               report->state == PARALLEL_TIMED_OUT));
}

static void take_report(pl_process_call *p, pl_received *h, const pl_report *report)
{
    const pl_assignment assignment = p->coordinator->assigned[report->position % PL_BOARD_ENTRIES];
    pl_progressed *progress = &p->progress[report->position % PL_BOARD_ENTRIES];
    progress->any = true;
    if (report->kind == PL_REPORT_LEFT) {
        pl_retry *before = report->begin == assignment.begin ? pl_process_take_retry(p, report->position) : NULL;
        progress->left = report->begin;
        if (p->over)
            pl_process_drop(p, &(pl_assignment){.begin = report->begin, .end = report->end}, before);
        else
            pl_process_put_off(p, &assignment, report->begin, report->end, before);
        return;
    }
    pl_process_forget_retry(p, report->position);
    parallel_failure failure = {.state = (parallel_state)report->state, .code = report->code};
    if (failure.state == PARALLEL_CANCELLED &&
        pl_policy_over(&p->call->policy) == ETIMEDOUT) /* that is why it was asked to */
        failure = (parallel_failure){.state = PARALLEL_TIMED_OUT, .code = ETIMEDOUT};
    progress->ended = report->end;
    fail(p, &assignment, &failure, report->final, take_text(h), report->begin, report->end);
}

/* Takes in what a slot's workers have reported. */
static bool take_reports(pl_process_call *p, unsigned slot)
{
    pl_report report;
    char text[PL_BOARD_TEXT];
    bool any = false;
    pl_received *h = &p->received[slot];
    for (; pl_coordinator_report(p->coordinator, slot, &report, text); any = true) {
        if (report.kind != PL_REPORT_TEXT && !is_sound(p, &report)) {
            p->coordinator->corrupted = true;
            break;
        }
        add_text(h, report.position, text, report.length);
        if (report.kind != PL_REPORT_TEXT)
            take_report(p, h, &report);
    }
    return any;
}

/* A worker has died that had taken `assignment`. */
void pl_process_reclaim(pl_process_call *p, const pl_death *death, const pl_assignment *assignment)
{
    const pl_progressed *progress = &p->progress[assignment->position % PL_BOARD_ENTRIES];
    size_t from = progress->ended, to = progress->left;
    size_t at = p->call->work.kind->is_separate && death->index != PL_NO_INDEX ? assignment->begin : death->index;
    if (at < from || at >= to) { /* it was between two tasks */
        pl_retry *before = progress->any ? NULL : pl_process_take_retry(p, assignment->position);
        pl_process_put_off(p, assignment, from, to, before);
        return;
    }
    if (!p->job.timed && !p->job.tasks_per_worker) /* else they have been counted one by one */
        p->run.done += at - from;
    pl_process_forget_retry(p, assignment->position);
    parallel_failure failure = {.state = PARALLEL_CRASHED, .code = death->code, .signal = death->signal};
    if (death->killed)
        failure = (parallel_failure){.state = PARALLEL_TIMED_OUT, .code = ETIMEDOUT};
    else if (death->signal)
        failure.code = EOWNERDEAD;
    size_t end = p->call->failures.chunks ? to : at + 1;
    fail(p, assignment, &failure, false, NULL, at, end);
    pl_process_put_off(p, assignment, end, to, NULL);
}

/* Takes in all there is; whether that was anything. */
bool pl_process_take_in(pl_process_call *p)
{
    pl_death death;
    pl_assignment assignment;
    bool any = false;
    pl_coordinator_look(p->coordinator);
    for (unsigned i = 0; i < p->group->workers; i++)
        any |= take_reports(p, i);
    while (pl_coordinator_death(p->coordinator, &death)) {
        any = true;
        take_reports(p, death.slot); /* it wrote that before it died */
        if (pl_coordinator_reclaim(p->coordinator, &death, &assignment))
            pl_process_reclaim(p, &death, &assignment);
    }
    pl_coordinator_settle(p->coordinator);
    return any;
}

/* ---- who does not follow --------------------------------------------------------------------------------- */

/* How long who has taken something may take beyond its tasks' timeouts; and for each byte of results: it clears them. */
#define GRACE_NS UINT64_C(5000000000)
#define BYTE_NS 100

/* Whether somebody has taken what stands at a place; and notes whether it is late. */
static bool watch_place(pl_process_call *p, unsigned place)
{
    const pl_assignment *assignment = &p->coordinator->assigned[place];
    pl_waited *w = &p->waited[place];
    uint64_t who, starts, now = p->clock, tasks = assignment->end - assignment->begin, grace = GRACE_NS;
    if (!pl_coordinator_taken(p->coordinator, place, &who, &starts))
        return false;
    w->since = who == w->who ? w->since : now;
    w->changed = who == w->who && starts == w->starts ? w->changed : now;
    w->who = who;
    w->starts = starts;
    grace += pl_group_slowness(p->group) + tasks * result_size(p) * BYTE_NS;
    uint64_t each = assignment->timeout_ns, most = each < UINT64_MAX / 2 / tasks ? each * tasks : UINT64_MAX / 2;
    w->late = each && (now - w->since > most + grace || now - w->changed > each + grace);
    return true;
}

bool pl_process_is_stuck(pl_process_call *p)
{
    bool any = false, late = false;
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && place < p->coordinator->tail - p->coordinator->first;
         place++) {
        unsigned at = (unsigned)((p->coordinator->first + place) % PL_BOARD_ENTRIES);
        any |= watch_place(p, at);
        late |= p->waited[at].late;
    }
    if (any || pl_coordinator_all_done(p->coordinator))
        p->moved = p->clock;
    return late || p->clock - p->moved > GRACE_NS + pl_group_slowness(p->group);
}
