/* SPDX-License-Identifier: MIT */
/*
 * Scenarios on calls on ranks: the shipped home and the shipped rank (home.h, pieces.h, rank.h), with their messengers,
 * runners and messages. What a call keeps account of, and what running a piece is, are ranks_call.h's.
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
#include "executors/mpi/rank.h"
#include "model/memory.h"
#include "model/ranks_call.h"
#include "model/search.h"

enum { MOST_RANKS = 3 };

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
    run->function = ranks_function;
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
    memset(&ranks_call, 0, sizeof ranks_call);
    model_times_cost = true;
    ranks_call.is_woken = true;
    ranks_call.attempts = 1;
    ranks_call.call.work = (pl_work){.kind = &ranks_kind, .n = tasks, .function = ranks_function};
    ranks_call.call.work.map.arg_size = ranks_call.call.work.map.result_size = sizeof(int);
    ranks_call.call.work.map.out = ranks_call.results;
    ranks_call.call.options.size = sizeof ranks_call.call.options;
    ranks_call.call.options.max_workers = 1;
    ranks_call.call.ended = (void *)&someone;
    for (int i = 0; i < RANKS_TASKS; i++)
        ranks_call.args[i] = i + 1;
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
    set_up_home(2, RANKS_TASKS);
    ranks_call.call.ended = NULL;
}

static void set_up_death(void)
{
    set_up_home(2, 2);
    net.somebody_dies = true;
}

static void set_up_retries(void)
{
    set_up_death();
    ranks_call.attempts = 2;
}

static void set_up_closing(void)
{
    set_up_home(2, 2);
    net.is_closed = true;
}

static void set_up_cancelling(void)
{
    set_up_home(2, 2);
    ranks_call.is_woken = false;
}

static void make_call(void)
{
    ranks_executor->run(&ranks_call.call, ranks_call.results);
    model_assert(ranks_call.is_over && ranks_call.call.error == 0);
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
    memset(ranks_call.well, 0, sizeof ranks_call.well);
    memset(ranks_call.failed, 0, sizeof ranks_call.failed);
    memset(ranks_call.results, 0, sizeof ranks_call.results);
    ranks_call.is_over = false;
    call_and_close();
}

static void cancel_call(void)
{
    pl_stop_raise(&ranks_call.call.policy.stop, PL_STOP_ALL);
}

/* Each task has ended once; and well, if nobody has disturbed it. Returns how many have not. */
static size_t all_ended(void)
{
    size_t badly = 0;
    for (size_t i = 0; i < ranks_call.call.work.n; i++) {
        int bad = ranks_call.failed[i] + ranks_call.left_out[i];
        model_assert(!ranks_call.call.ended || ranks_call.well[i] + bad == 1);
        model_assert(bad == 0 ? ranks_call.results[i] == 10 * ranks_call.args[i] : bad == 1);
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
    model_assert(pl_message_put_function(m, &ranks_function));
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
    memset(&ranks_call, 0, sizeof ranks_call);
    memset(outcomes, 0, sizeof outcomes);
    has_greeted = has_left = has_served = false;
    model_times_cost = true;
    pl_run_services = &ranks_services;
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
