/* SPDX-License-Identifier: MIT */
/* The interleaving tester: coroutines and decisions. */
#undef _FORTIFY_SOURCE /* its longjmp() takes another stack for a broken one */
#include "model/explore.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "deque/deque.h"
#include "model/memory.h"
#include "model/schedule.h"
#include "model/search.h"

enum { STACK = 1 << 18, MOST_DECISIONS = 20000 };

/* It is made once, and runs a thread of each execution, one after the other. */
typedef struct coroutine {
    ucontext_t start;
    sigjmp_buf context; /* where it goes on */
    bool begun;
    void (*run)(void);
    void *(*main)(void *); /* of one that was started */
    void *argument;
    enum { READY, WAITING, DONE, SPARE } state;
    const volatile void *word; /* that it waits on, */
    bool timed;                /* perhaps for a time only */
    /* It was stopped before this operation, and nobody has done anything that conflicts with it. */
    bool asleep;
    uintptr_t address;
    bool write;
} coroutine;

static struct {
    const scenario *scenario;
    coroutine thread[MODEL_THREADS];
    char stack[MODEL_THREADS][STACK];
    int threads, current, preemptions, weak;
    bounds bounds;
    int yields; /* since the current thread goes on */
    sigjmp_buf explorer;
    bool closed; /* there is nothing more to decide in this execution: it only goes to its end */
    /* the decisions of this execution: which of how many choices */
    struct decision {
        unsigned char choice, choices;
    } decision[MOST_DECISIONS];
    int decisions, replayed;
    uint64_t ticks;
    bool learned;  /* that a location is shared */
    clock_t until; /* when to stop, or 0 */
    bool cut;
    int mortal; /* the thread that may be killed, or -1 */
    bool killed;
    /* for model_explore_to_fail() */
    const char *failure;
    bool may_fail;
} m;

int model_self(void)
{
    return m.scenario ? m.current : -1;
}

void model_fail(const char *what)
{
    if (m.may_fail) {
        m.failure = what;
        siglongjmp(m.explorer, 1);
    }
    fprintf(stderr, "%s: %s\n", m.scenario->name, what);
    fprintf(stderr, "the schedule, %d preemptions, %d unusual:\n", m.preemptions, m.weak);
    schedule_print();
    _exit(1);
}

void model_count(int *n)
{
    ++*n;
}

bool model_times_cost;

static void crashed(int signal)
{
    m.may_fail = false;
    model_fail(signal == SIGABRT ? "an assertion failed" : "crash");
}

/* ---- decisions ----------------------------------------------------------------------------------------------- */

/* One of `choices`: as before while an earlier decision is replayed, else the first. */
static int decide(int choices)
{
    if (choices == 1 || m.closed)
        return 0;
    if (m.decisions == MOST_DECISIONS)
        model_fail("too many decisions: does it end?");
    if (m.decisions == m.replayed)
        m.decision[m.replayed++] = (struct decision){0, (unsigned char)choices};
    if (m.decision[m.decisions].choices != choices)
        model_fail("the same decisions lead to something else");
    return m.decision[m.decisions++].choice;
}

static bool may_preempt(void)
{
    return !m.closed && m.preemptions < m.bounds.preemptions && m.preemptions + m.weak < m.bounds.together;
}

static void close_execution(void)
{
    m.closed = true;
    for (int i = 0; i < m.threads; i++)
        m.thread[i].asleep = false;
}

int search_weak(int choices)
{
    if (choices == 1 || m.closed || m.weak == m.bounds.weak || m.preemptions + m.weak == m.bounds.together)
        return 0;
    int choice = decide(choices);
    m.weak += choice > 0;
    return choice;
}

int search_choose(int choices)
{
    return decide(choices);
}

/* ---- scheduling ---------------------------------------------------------------------------------------------- */

/* Goes on with a coroutine. It is entered by its ucontext once, and then by a jump that, other than swapcontext(),
 * makes no system call. */
static void resume(coroutine *c)
{
    if (c->begun)
        siglongjmp(c->context, 1);
    c->begun = true;
    setcontext(&c->start);
}

/* Lets a thread go on that was chosen while the current one is at a point, waits, or is done. */
static void switch_to(int next)
{
    int before = m.current;
    coroutine *c = &m.thread[next];
    if (c->state == WAITING)
        c->state = READY; /* its time is over */
    m.current = next;
    if (next == before)
        return;
    m.yields = 0;
    memory_switch(before, next);
    if (sigsetjmp(m.thread[before].context, 0) == 0)
        resume(c);
}

/* All have ended, or it is a deadlock. */
static void nobody_goes_on(void)
{
    for (int i = 0; i < m.threads; i++)
        if (m.thread[i].state != DONE && m.thread[i].state != SPARE)
            model_fail("deadlock: every thread waits");
    if (sigsetjmp(m.thread[m.current].context, 0) == 0)
        siglongjmp(m.explorer, 1);
}

/* Takes down who may go on in place of the current thread, awake ones; returns how many. */
static int others(int *able)
{
    int count = 0, asleep = 0;
    for (int i = 0; i < m.threads; i++) {
        if (i == m.current || m.thread[i].state != READY)
            continue;
        if (m.thread[i].asleep)
            asleep++;
        else
            able[count++] = i;
    }
    if (count > 0 || asleep == 0)
        return count;
    close_execution(); /* they go on as they might have before */
    return others(able);
}

/* Chooses who goes on. The current thread may, unless it `yields` or cannot. */
static void reschedule(bool yields)
{
    int able[MODEL_THREADS + 1], count = 0;
    coroutine *self = &m.thread[m.current];
    bool ready = self->state == READY && !yields;
    if (ready)
        able[count++] = m.current;
    if (!ready)
        count = others(able);
    else if (may_preempt())
        for (int i = 0; i < m.threads; i++)
            if (i != m.current && m.thread[i].state == READY && !m.thread[i].asleep)
                able[count++] = i;
    /* Times run out when the tester says so; when nothing else can happen, they must. */
    int first_timed = count;
    if (may_preempt() || count == 0)
        for (int i = 0; i < m.threads; i++)
            if (m.thread[i].state == WAITING && m.thread[i].timed)
                able[count++] = i;
    if (count == 0 && yields)
        return;
    if (count == 0) {
        nobody_goes_on();
        return;
    }
    int choice = decide(count);
    bool early = model_times_cost && first_timed > 0 && choice >= first_timed;
    m.preemptions += early || (ready && choice > 0);
    self->asleep = ready && choice > 0;
    switch_to(able[choice]);
}

/* ---- being killed -------------------------------------------------------------------------------------------- */

void model_may_be_killed(int i)
{
    m.mortal = i;
}

void model_may_not_be_killed(void)
{
    if (m.mortal == m.current)
        m.mortal = -1;
}

/* Its stack is left as it is; in the next execution it begins anew. */
static void may_be_killed(void)
{
    if (m.mortal != m.current || decide(2) == 0)
        return;
    coroutine *self = &m.thread[m.current];
    m.mortal = -1;
    m.killed = true;
    memory_release(m.current, self);
    for (int i = 0; i < m.threads; i++)
        m.thread[i].asleep = false;
    search_wake(self, true);
    self->state = DONE;
    self->begun = false;
    reschedule(false);
}

void search_plain_write(uintptr_t address)
{
    uintptr_t stack = (uintptr_t)m.stack[m.current];
    if (address - stack >= STACK)
        may_be_killed();
}

bool model_await_end(int i)
{
    coroutine *other = &m.thread[i];
    search_point(0, true);
    while (other->state != DONE)
        search_wait(other, false);
    memory_acquire(m.current, other);
    return m.killed;
}

/* ---- points ---------------------------------------------------------------------------------------------------- */

/* Whether it matters to others what the running thread does there. That it does may be news: then the search begins
 * anew, as it has passed over points where they might have gone on. */
static bool is_shared(uintptr_t address, bool write)
{
    bool news = false, shared = address == 0 || users_share(address, m.current, write, &news);
    if (news) {
        m.learned = true;
        close_execution();
    }
    return shared;
}

void search_point(uintptr_t address, bool write)
{
    if (m.current < 0)
        return;
    coroutine *self = &m.thread[m.current];
    self->address = address;
    self->write = write;
    place here = schedule_place(); /* of this one, not of who goes on before */
    may_be_killed();
    if (is_shared(address, write))
        reschedule(false);
    self->asleep = false;
    for (int i = 0; i < m.threads; i++) {
        coroutine *c = &m.thread[i];
        if (c->address == address || c->address == 0 || address == 0)
            if (c->write || write)
                c->asleep = false;
    }
    schedule_step(here, m.current, address);
}

void search_wait(const volatile void *word, bool timed)
{
    coroutine *c = &m.thread[m.current];
    c->state = WAITING;
    c->word = word;
    c->timed = timed;
    reschedule(false);
}

void search_wake(const volatile void *word, bool all)
{
    for (int i = 0; i < m.threads; i++) {
        if (m.thread[i].state == WAITING && m.thread[i].word == word) {
            m.thread[i].state = READY;
            m.thread[i].asleep = false;
            if (!all)
                return;
        }
    }
}

/* Who yields again and again waits for somebody, who then goes on, at no cost: else this would not end. */
void search_yield(void)
{
    if (m.current >= 0 && m.yields++ > 0)
        reschedule(true);
}

uint64_t search_ticks(void)
{
    return m.ticks += 1000;
}

/* ---- threads that come and go ---------------------------------------------------------------------------------- */

static void run_threads(void)
{
    for (;;) {
        coroutine *self = &m.thread[m.current];
        self->run();
        search_at_thread_end();
        search_point((uintptr_t)self, true);
        memory_release(m.current, self);
        self->state = DONE;
        search_wake(self, true);
        reschedule(false);
    }
}

void model_spare(void)
{
    coroutine *self = &m.thread[m.current];
    memory_acquire(m.current, self);
    memory_fresh_locals();
    self->main(self->argument);
}

int search_start(void *(*run)(void *), void *argument)
{
    for (int i = 0; i < m.threads; i++) {
        coroutine *c = &m.thread[i];
        if (c->state != SPARE)
            continue;
        c->main = run;
        c->argument = argument;
        c->asleep = false;
        memory_release(m.current, c);
        c->state = READY;
        return i;
    }
    return -1;
}

void search_join(int thread)
{
    model_await_end(thread);
    m.thread[thread].state = SPARE;
}

bool search_try_join(int thread)
{
    search_point((uintptr_t)&m.thread[thread], false);
    bool ended = m.thread[thread].state == DONE;
    if (ended)
        search_join(thread);
    return ended;
}

int model_started(void)
{
    int count = 0;
    for (int i = 0; i < m.threads; i++)
        count += m.thread[i].run == model_spare && m.thread[i].state != SPARE;
    return count;
}

static void make_coroutines(void)
{
    for (int i = 0; i < MODEL_THREADS; i++) {
        ucontext_t *start = &m.thread[i].start;
        getcontext(start);
        start->uc_stack.ss_sp = m.stack[i];
        start->uc_stack.ss_size = STACK;
        makecontext(start, run_threads, 0);
    }
}

/* ---- exploring ----------------------------------------------------------------------------------------------- */

/* Who begins is free. */
static int first_thread(void)
{
    int able[MODEL_THREADS], count = 0;
    for (int i = 0; i < m.threads; i++)
        if (m.thread[i].state == READY)
            able[count++] = i;
    return able[decide(count)];
}

static void execute(void)
{
    m.decisions = m.preemptions = m.weak = m.yields = 0;
    m.ticks = 0;
    schedule_forget();
    m.current = -1;
    m.closed = m.killed = false;
    m.mortal = -1;
    model_no_memory = model_no_fences = model_fences_fail = model_starts_fail = model_keeps_off = false;
    model_commits_fail = model_times_cost = false;
    pl_model_first_room = pl_model_kept_room = PL_DEQUE_RESERVE;
    memory_reset();
    m.scenario->setup();
    for (int i = 0; i < m.threads; i++) {
        m.thread[i].run = m.scenario->thread[i];
        m.thread[i].state = m.thread[i].run == model_spare ? SPARE : READY;
        m.thread[i].asleep = false;
    }
    m.current = first_thread();
    memory_switch(-1, m.current);
    if (sigsetjmp(m.explorer, 0) == 0)
        resume(&m.thread[m.current]);
    m.current = -1;
    if (m.failure)
        for (int i = 0; i < m.threads; i++)
            m.thread[i].begun = false; /* it begins anew, wherever it was */
    else
        m.scenario->check();
}

/* The next set of decisions, depth first; false when all have been tried. */
static bool advance(void)
{
    while (m.replayed > 0) {
        struct decision *last = &m.decision[m.replayed - 1];
        if (++last->choice < last->choices)
            return true;
        m.replayed--;
    }
    return false;
}

static unsigned long explore(bounds b)
{
    m.bounds = b;
    m.replayed = 0;
    unsigned long executions = 0;
    do {
        m.learned = false;
        execute();
        executions++;
        if (m.learned) {
            m.replayed = 0;
            executions = 0;
        }
        m.cut = m.until && executions % 256 == 0 && clock() > m.until;
    } while (!m.failure && !m.cut && (m.learned || advance()));
    return executions;
}

/* With few preemptions first: that is where most of what is shared is learned. */
static unsigned long explore_more_and_more(const scenario *s, bounds b)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], crashed);
    if (!m.thread[0].start.uc_stack.ss_sp)
        make_coroutines();
    users_forget();
    m.scenario = s;
    m.failure = NULL;
    m.threads = 0;
    while (m.threads < MODEL_THREADS && s->thread[m.threads])
        m.threads++;
    unsigned long executions = 0;
    m.cut = false;
    for (int i = 0; i <= b.together && !m.failure && !m.cut; i++)
        executions = explore((bounds){b.preemptions, b.weak, i});
    m.scenario = NULL;
    m.current = -1;
    return executions;
}

unsigned long model_explore(const scenario *s, bounds b, unsigned seconds, bool *cut)
{
    m.may_fail = false;
    m.until = seconds ? clock() + (clock_t)seconds * CLOCKS_PER_SEC : 0;
    unsigned long executions = explore_more_and_more(s, b);
    *cut = m.cut;
    return executions;
}

const char *model_explore_to_fail(const scenario *s, bounds b)
{
    m.may_fail = true;
    m.until = 0;
    explore_more_and_more(s, b);
    return m.failure;
}
