/* SPDX-License-Identifier: MIT */
/*
 * Scenarios on calls on ranks: the shipped home and the shipped rank (home.h, pieces.h, rank.h), with their messengers,
 * runners and messages. What a call keeps account of, and what running a piece is, are the scenario's.
 *
 * The transport is of the tester, too. Those at its other end are no threads: they answer a message when it is sent,
 * and the tester decides when, and in which order, answers come, and at which message, to it or from it, somebody dies.
 * They hold who sends to what message.h says: a call comes before its pieces, and no piece after the call's end.
 */
#include "model/model.h"

#include <errno.h>
#include <string.h>

#include "executors/mpi/home.h"
#include "executors/mpi/outcome.h"
#include "executors/mpi/pieces.h"
#include "executors/mpi/rank.h"
#include "model/memory.h"
#include "model/search.h"

enum { MOST_TASKS = 4, MOST_RANKS = 3, COORDINATOR = 0, MESSENGER = 1 };

/* ---- runs ---------------------------------------------------------------------------------------------------- */

const pl_services *pl_run_services;

pl_run *pl_run_new(void)
{
    return memory_calloc(1, sizeof(pl_run));
}

/* What stands for a run's executor are its results. */
void pl_run_free(pl_run *run)
{
    memory_free(run->executor);
    if (run->failed != &run->whole)
        memory_free(run->failed);
    memory_free(run);
}

void pl_run_fail(pl_run *run, parallel_state state, int code, const char *message)
{
    (void)message;
    run->whole = (pl_run_failed){0, run->count, {.state = state, .code = code, .attempts = state != PARALLEL_NOT_RUN}};
    run->failed = &run->whole;
    run->failures = 1;
    run->results = NULL;
}

bool pl_run_prepare(pl_run *run)
{
    run->executor = memory_calloc(run->count, sizeof(int));
    return true;
}

void pl_run_perform(pl_run *run)
{
    int *results = (void *)run->executor;
    for (size_t i = 0; i < run->count; i++)
        results[i] = 10 * ((const int *)run->args)[i];
    run->results = results;
    run->took_ns = 1000;
}

/* It has not been freed. */
void pl_run_cancel(const pl_run *run)
{
    model_assert(run->executor);
}

/* ---- functions are all in one place -------------------------------------------------------------------------- */

bool pl_image_find(pl_image_place *place, const void *function)
{
    (void)function;
    place->id_bytes = 0;
    return true;
}

bool pl_image_resolve(const pl_image_place *place, void **function, pl_image_place *here)
{
    (void)place;
    (void)here;
    *function = NULL;
    return true;
}

void pl_image_id_text(const pl_image_place *place, char text[static 17])
{
    (void)place;
    text[0] = '\0';
}

/* ---- a call -------------------------------------------------------------------------------------------------- */

/* Its tasks, and how often each has ended in which way. */
static struct {
    pl_call call;
    int args[MOST_TASKS], results[MOST_TASKS];
    int well[MOST_TASKS], failed[MOST_TASKS], left_out[MOST_TASKS];
    unsigned attempts;
    pl_retry *retries[MOST_TASKS];
    size_t waiting; /* of those */
    bool is_woken;  /* whatever its coordinator waits for wakes it up: it need not look */
    bool is_over;
} the;

static int return_zero(const void *arg, void *result, void *extras)
{
    (void)arg;
    (void)result;
    (void)extras;
    return 0;
}

static const parallel_function function = {
    .size = sizeof function, .arg_size = sizeof(int), .result_size = sizeof(int), .call = return_zero};

static void bind_task(const pl_work *work, size_t i, pl_bound *to)
{
    (void)work;
    (void)i;
    *to = (pl_bound){.function = function, .args = the.args, .out = the.results};
}

static const pl_work_kind kind = {.name = "map", .bind = bind_task};

static void count_all(int *ways, size_t begin, size_t end)
{
    model_assert(!the.is_over);
    for (size_t i = begin; i < end; i++)
        ways[i]++;
}

static void ended_well(pl_ended *ended, size_t begin, size_t end)
{
    (void)ended;
    count_all(the.well, begin, end);
}

static void begin_policy(pl_policy *policy, const parallel_options *options, size_t n)
{
    (void)options;
    (void)n;
    policy->began = 1;
}

static pl_task_policy policy_of_task(const pl_policy *policy, const pl_work *work, size_t i)
{
    (void)policy;
    (void)work;
    (void)i;
    return (pl_task_policy){.attempts = the.attempts};
}

static pl_retry *take_retry(pl_policy *policy)
{
    (void)policy;
    return the.waiting ? the.retries[--the.waiting] : NULL;
}

static uint64_t next_due(pl_policy *policy)
{
    (void)policy;
    return the.waiting ? 0 : UINT64_MAX;
}

static int policy_over(const pl_policy *policy)
{
    return pl_stop_level(&policy->stop) ? ECANCELED : 0;
}

static int call_over(const pl_call *c)
{
    int why = policy_over(&c->policy);
    if (model_self() == COORDINATOR)
        the.is_woken |= why != 0;
    return why;
}

static void worker_begin(pl_call_worker *t, pl_call *c, unsigned participant)
{
    (void)participant;
    t->call = c;
}

static void worker_end(pl_call_worker *t)
{
    size_t left_out = 0;
    for (size_t i = 0; i < the.call.work.n; i++)
        left_out += (size_t)the.left_out[i];
    model_assert(t->done + t->failed + left_out == the.call.work.n);
}

static void worker_report(pl_call_worker *t)
{
    (void)t;
}

static void worker_fail(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    model_assert(failure->state != PARALLEL_NOT_RUN && failure->attempts <= the.attempts);
    count_all(the.failed, begin, end);
    t->failed += end - begin;
    memory_free(message);
}

static void worker_put_off(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    (void)t;
    pl_retry *r = memory_calloc(1, sizeof *r);
    *r = (pl_retry){.begin = begin, .end = end, .failure = *failure, .message = message};
    model_assert(failure->attempts < the.attempts && the.waiting < MOST_TASKS);
    the.retries[the.waiting++] = r;
}

static void worker_give_up(pl_call_worker *t, pl_retry *r)
{
    worker_fail(t, &r->failure, r->message, r->begin, r->end);
    memory_free(r);
}

static void worker_leave_out(pl_call_worker *t, int why, size_t begin, size_t end)
{
    (void)t;
    model_assert(why);
    count_all(the.left_out, begin, end);
}

static void end_progress(pl_call *c)
{
    (void)c;
    the.is_over = true;
}

/* ---- services ------------------------------------------------------------------------------------------------ */

static const pl_executor *on_ranks;

static void set_executor(const pl_executor *executor)
{
    on_ranks = executor;
}

/* The messenger has to look at its transport again and again; and so has the coordinator for a cancelling, until it has
 * seen it. Everything else is to wake it up: else this is a deadlock. */
static void wait_for(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t until_ns)
{
    bool looks = model_self() == MESSENGER || !the.is_woken;
    pl_os_cond_wait(condition, mutex, looks ? until_ns : UINT64_MAX);
}

static unsigned one_core(void)
{
    return 1;
}

static pl_cost *call_cost(const pl_call *c, pl_call_way way)
{
    (void)c;
    (void)way;
    return NULL;
}

static uint64_t guess_cost(const pl_cost *cost, uint64_t items)
{
    (void)cost;
    (void)items;
    return UINT64_MAX;
}

static void learn_cost(pl_cost *cost, uint64_t ticks, uint64_t items, pl_cost_trust trust)
{
    (void)cost;
    (void)ticks;
    (void)items;
    (void)trust;
}

static uint64_t trace_nothing(void)
{
    return 0;
}

static const pl_services services = {
    .set_executor = set_executor,
    .nanoseconds = pl_os_nanoseconds,
    .cond_init = pl_os_cond_init,
    .cond_wait = wait_for,
    .thread = pl_os_thread,
    .cores = one_core,
    .ticks_per_us = pl_os_ticks_per_us,
    .call_cost = call_cost,
    .cost_guess = guess_cost,
    .cost_learn = learn_cost,
    .call_over = call_over,
    .recording_drop = nothing,
    .trace_pending_call = trace_nothing,
    .policy_begin = begin_policy,
    .policy_of_task = policy_of_task,
    .policy_take_due = take_retry,
    .policy_take_any = take_retry,
    .policy_next_due = next_due,
    .policy_over = policy_over,
    .worker_begin = worker_begin,
    .worker_end = worker_end,
    .worker_report = worker_report,
    .worker_fail = worker_fail,
    .worker_put_off = worker_put_off,
    .worker_give_up = worker_give_up,
    .worker_leave_out = worker_leave_out,
    .worker_end_progress = end_progress,
    .ended_well = ended_well,
};

const void *parallel_private_services(unsigned version)
{
    return version == PL_SERVICES_VERSION ? &services : NULL;
}

/* ---- the transport ------------------------------------------------------------------------------------------- */

/* Who is at its other end, and what they have sent. */
typedef struct other_end {
    pl_message *first, *last;
    bool has_call, is_stopped, is_over, has_exited, is_dead;
} other_end;

static struct {
    pl_transport base;
    other_end ends[MOST_RANKS]; /* by rank; the first is home, if this is another's */
    pl_message *sent;           /* and not free yet */
    bool somebody_dies;         /* yet */
    bool is_quiet;              /* nothing comes before the next look, though something could */
    bool is_closed;             /* home is, or is about to be: pieces are not waited for */
} net;

static void add_message(other_end *from, pl_message *m)
{
    model_assert(m && pl_message_join(m));
    m->rank = (unsigned)(from - net.ends);
    m->next = NULL;
    pl_message_rewind(m);
    *(from->first ? &from->last->next : &from->first) = m;
    from->last = m;
}

static void drop_messages(pl_message *m)
{
    while (m) {
        pl_message *next = m->next;
        pl_message_free(m);
        m = next;
    }
}

/* Perhaps somebody dies just now; one in an execution. */
static bool is_dead(other_end *o)
{
    if (net.somebody_dies && search_choose(2) == 1) {
        net.somebody_dies = false;
        o->is_dead = true;
        drop_messages(o->first);
        o->first = NULL;
    }
    return o->is_dead;
}

static pl_message *receive_message(pl_transport *t)
{
    other_end *from[MOST_RANKS];
    int count = 0;
    (void)t;
    for (unsigned rank = 0; rank < net.base.ranks; rank++)
        if (net.ends[rank].first && !is_dead(&net.ends[rank]))
            from[count++] = &net.ends[rank];
    net.is_quiet |= count > 0 && search_weak(2) == 1;
    if (count == 0 || net.is_quiet)
        return NULL;
    other_end *o = from[search_choose(count)];
    pl_message *m = o->first;
    o->first = m->next;
    return m;
}

/* What has been sent is free now, or later. This is the end of a look. */
static bool is_busy(pl_transport *t)
{
    (void)t;
    net.is_quiet = false;
    if (net.sent && search_weak(2) == 0) {
        drop_messages(net.sent);
        net.sent = NULL;
    }
    return net.sent;
}

static bool is_alive(pl_transport *t, unsigned rank)
{
    (void)t;
    return !net.ends[rank].is_dead;
}

static void keep_sent(pl_message *m)
{
    m->next = net.sent;
    net.sent = m;
}

static void begin_transport(unsigned self, unsigned ranks, void (*send)(pl_transport *t, unsigned to, pl_message *m))
{
    memset(&net, 0, sizeof net);
    net.base = (pl_transport){.self = self,
                              .ranks = ranks,
                              .send = send,
                              .receive = receive_message,
                              .is_busy = is_busy,
                              .is_alive = is_alive};
}

/* ---- home, and ranks that answer at once --------------------------------------------------------------------- */

/* The outcome of a piece: each result is ten times the argument. */
static void answer_piece(other_end *rank, pl_message *m)
{
    const pl_message_piece *said = pl_message_get(m, sizeof *said);
    model_assert(said);
    const int *args = pl_message_get_vector(m, said->count * sizeof *args);
    pl_run *run = pl_run_new();
    model_assert(args && run);
    run->piece = said->piece;
    run->count = said->count;
    run->function = function;
    run->args = args;
    pl_run_prepare(run);
    pl_run_perform(run);
    add_message(rank, pl_outcome_write(run, m->head->call));
}

static void hear_home(pl_transport *t, unsigned to, pl_message *m)
{
    other_end *rank = &net.ends[to];
    (void)t;
    keep_sent(m);
    model_assert(!m->rest && !rank->has_exited);
    if (is_dead(rank))
        return;
    pl_message_rewind(m);
    switch (m->head->kind) {
    case PL_MESSAGE_CALL:
        model_assert(!rank->has_call || rank->is_over);
        rank->has_call = true;
        rank->is_stopped = rank->is_over = false;
        break;
    case PL_MESSAGE_PIECE:
        model_assert(rank->has_call && !rank->is_stopped && !rank->is_over);
        answer_piece(rank, m);
        break;
    case PL_MESSAGE_STOP:
        model_assert(rank->has_call && !rank->is_over);
        rank->is_stopped = true;
        break;
    case PL_MESSAGE_END:
        model_assert(rank->has_call && !rank->is_over && (net.is_closed || !rank->first));
        rank->is_over = true;
        break;
    default:
        model_assert(m->head->kind == PL_MESSAGE_EXIT && (net.is_closed || rank->is_over || !rank->has_call));
        rank->has_exited = true;
        add_message(rank, pl_message_new(0, PL_MESSAGE_LEAVE, 0, 0));
    }
}

static void set_up_home(unsigned ranks, size_t tasks)
{
    static char someone;
    memset(&the, 0, sizeof the);
    model_times_cost = true;
    the.is_woken = true;
    the.attempts = 1;
    the.call.work = (pl_work){.kind = &kind, .n = tasks, .function = function};
    the.call.work.map.arg_size = the.call.work.map.result_size = sizeof(int);
    the.call.work.map.out = the.results;
    the.call.options.size = sizeof the.call.options;
    the.call.options.max_workers = 1;
    the.call.ended = (void *)&someone;
    for (int i = 0; i < MOST_TASKS; i++)
        the.args[i] = i + 1;
    begin_transport(0, ranks, hear_home);
    pl_home_forget();
    model_assert(pl_home_begin() && pl_home_open(&net.base));
}

static void set_up_three(void)
{
    set_up_home(3, 3);
}

static void set_up_pieces_by_time(void)
{
    set_up_home(2, MOST_TASKS);
    the.call.ended = NULL;
}

static void set_up_death(void)
{
    set_up_home(2, 2);
    net.somebody_dies = true;
}

static void set_up_retries(void)
{
    set_up_death();
    the.attempts = 2;
}

static void set_up_closing(void)
{
    set_up_home(2, 2);
    net.is_closed = true;
}

static void set_up_cancelling(void)
{
    set_up_home(2, 2);
    the.is_woken = false;
}

static void make_call(void)
{
    on_ranks->run(&the.call, the.results);
    model_assert(the.is_over && the.call.error == 0);
}

static void call_and_close(void)
{
    make_call();
    pl_home_close();
}

/* The second may begin after a rank has died in the first. */
static void call_twice_and_close(void)
{
    make_call();
    memset(the.well, 0, sizeof the.well);
    memset(the.failed, 0, sizeof the.failed);
    memset(the.results, 0, sizeof the.results);
    the.is_over = false;
    call_and_close();
}

static void cancel_call(void)
{
    pl_stop_raise(&the.call.policy.stop, PL_STOP_ALL);
}

/* Each task has ended once; and well, if nobody has disturbed it. Returns how many have not. */
static size_t all_ended(void)
{
    size_t badly = 0;
    for (size_t i = 0; i < the.call.work.n; i++) {
        int bad = the.failed[i] + the.left_out[i];
        model_assert(!the.call.ended || the.well[i] + bad == 1);
        model_assert(bad == 0 ? the.results[i] == 10 * the.args[i] : bad == 1);
        badly += (size_t)bad;
    }
    for (unsigned rank = 1; rank < net.base.ranks; rank++)
        model_assert(net.ends[rank].is_dead || (net.ends[rank].has_exited && !net.ends[rank].first));
    return badly;
}

static void nothing_is_left(void)
{
    for (unsigned rank = 0; rank < net.base.ranks; rank++)
        drop_messages(net.ends[rank].first);
    model_assert(!net.sent && memory_left() == 0 && model_started() == 0);
}

static void all_are_well(void)
{
    model_assert(all_ended() == 0);
    nothing_is_left();
}

static void all_but_the_dead(void)
{
    model_assert(all_ended() == 0 || !net.somebody_dies);
    nothing_is_left();
}

/* What home has had may be left, if the call has outlived it. */
static void all_have_ended(void)
{
    all_ended();
    model_assert(!net.sent && model_started() == 0);
}

static void all_but_the_cancelled(void)
{
    all_ended();
    nothing_is_left();
}

/* ---- a rank, and home that sends two pieces ------------------------------------------------------------------ */

enum { CALL_ID = 7 };

static int outcomes[2]; /* of each piece */
static bool has_greeted, has_left, has_served;

static pl_message *message_of_home(pl_message_kind what)
{
    return pl_message_new(0, what, CALL_ID, 0);
}

static void send_call(void)
{
    pl_message_call said = {.max_workers = 1};
    pl_message *m = message_of_home(PL_MESSAGE_CALL);
    pl_message_put(m, &said, sizeof said);
    model_assert(pl_message_put_function(m, &function));
    add_message(net.ends, m);
}

static void send_piece(uint64_t number)
{
    pl_message_piece said = {.piece = number, .count = 1};
    int arg = (int)number + 1;
    pl_message *m = message_of_home(PL_MESSAGE_PIECE);
    pl_message_put(m, &said, sizeof said);
    pl_message_put_vector(m, &arg, sizeof arg);
    add_message(net.ends, m);
}

/* Both have come back: the call ends, and so does the rank. */
static void end_rank(void)
{
    add_message(net.ends, message_of_home(PL_MESSAGE_END));
    add_message(net.ends, message_of_home(PL_MESSAGE_EXIT));
}

static void take_outcome(pl_message *m)
{
    const pl_message_outcome *said = pl_message_get(m, sizeof *said);
    model_assert(said && said->piece < 2 && m->head->call == CALL_ID);
    outcomes[said->piece]++;
    if (said->failures) {
        const pl_message_failure *failure = pl_message_get(m, sizeof *failure);
        model_assert(net.ends[0].is_stopped && failure && failure->state == PARALLEL_NOT_RUN);
    } else {
        const int *result = pl_message_get_vector(m, sizeof *result);
        model_assert(result && *result == 10 * ((int)said->piece + 1));
    }
    if (outcomes[0] + outcomes[1] == 2)
        end_rank();
}

static void hear_rank(pl_transport *t, unsigned to, pl_message *m)
{
    (void)t;
    keep_sent(m);
    model_assert(to == 0 && !m->rest && !has_left);
    if (is_dead(net.ends))
        return;
    pl_message_rewind(m);
    if (m->head->kind == PL_MESSAGE_HELLO) {
        model_assert(!has_greeted);
        has_greeted = true;
    } else if (m->head->kind == PL_MESSAGE_LEAVE) {
        model_assert(has_greeted);
        has_left = true;
    } else {
        model_assert(has_greeted && m->head->kind == PL_MESSAGE_OUTCOME);
        take_outcome(m);
    }
}

static void set_up_rank(void)
{
    memset(&the, 0, sizeof the);
    memset(outcomes, 0, sizeof outcomes);
    has_greeted = has_left = has_served = false;
    model_times_cost = true;
    pl_run_services = &services;
    begin_transport(1, 2, hear_rank);
    send_call();
    send_piece(0);
    send_piece(1);
}

static void set_up_stop(void)
{
    set_up_rank();
    pl_message_stop stop = {.why = ECANCELED, .all = true};
    pl_message *m = message_of_home(PL_MESSAGE_STOP);
    pl_message_put(m, &stop, sizeof stop);
    add_message(net.ends, m);
    net.ends[0].is_stopped = true;
}

static void set_up_orphan(void)
{
    set_up_rank();
    net.somebody_dies = true;
}

static void serve(void)
{
    model_assert(pl_rank_serve(&net.base, PL_RANK_WAITS) == PL_RANK_DONE);
    has_served = true;
}

static void rank_is_done(void)
{
    model_assert(has_served && (net.ends[0].is_dead || (has_left && outcomes[0] + outcomes[1] == 2)));
    model_assert(outcomes[0] <= 1 && outcomes[1] <= 1);
    nothing_is_left();
}

const scenario ranks_scenarios[] = {
    {"ranks: a call", set_up_three, {call_and_close, pl_home_run, model_spare}, all_are_well, 1},
    {"ranks: pieces by time", set_up_pieces_by_time, {call_and_close, pl_home_run, model_spare}, all_are_well, 1},
    {"ranks: one dies", set_up_death, {call_and_close, pl_home_run, model_spare}, all_but_the_dead, 1},
    {"ranks: one dies, two calls", set_up_death, {call_twice_and_close, pl_home_run, model_spare}, all_but_the_dead, 2},
    {"ranks: one dies, and its tasks are tried again",
     set_up_retries,
     {call_and_close, pl_home_run, model_spare},
     all_are_well,
     1},
    {"ranks: home closes", set_up_closing, {make_call, pl_home_run, model_spare, pl_home_close}, all_have_ended, 1},
    {"ranks: a call is cancelled",
     set_up_cancelling,
     {call_and_close, pl_home_run, model_spare, cancel_call},
     all_but_the_cancelled,
     1},
    {"ranks: one serves", set_up_rank, {serve, model_spare}, rank_is_done, 0},
    {"ranks: one is stopped", set_up_stop, {serve, model_spare}, rank_is_done, 0},
    {"ranks: home dies", set_up_orphan, {serve, model_spare}, rank_is_done, 0},
    {0},
};
