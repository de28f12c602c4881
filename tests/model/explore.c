/* SPDX-License-Identifier: MIT */
/* The interleaving tester: coroutines, decisions, and the operating system as the library sees it. */
#undef _FORTIFY_SOURCE /* its longjmp() takes another stack for a broken one */
#include "model/explore.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/os.h"
#include "base/os_process.h"

enum { STACK = 1 << 18, MOST_DECISIONS = 20000, MOST_STEPS = 50000, SHOWN = 400 };

/* It is made once, and runs a thread of each execution, one after the other. */
typedef struct coroutine {
    ucontext_t start;
    sigjmp_buf context; /* where it goes on */
    bool begun;
    void (*run)(void);
    enum { READY, WAITING, DONE } state;
    _Atomic uint32_t *word; /* that it waits on, */
    bool timed;             /* perhaps for a time only */
} coroutine;

static struct {
    const scenario *scenario;
    coroutine thread[MODEL_THREADS];
    char stack[MODEL_THREADS][STACK];
    int threads, current, bound, preemptions;
    int yields; /* since the current thread goes on */
    sigjmp_buf explorer;
    /* the decisions of this execution: which of how many choices */
    struct decision {
        unsigned char choice, choices;
    } decision[MOST_DECISIONS];
    int decisions, replayed;
    /* the steps taken, for the report */
    struct step {
        const char *file;
        int line, thread;
    } step[MOST_STEPS];
    int steps;
    uint64_t ticks;
} m;

int model_self(void)
{
    return m.current;
}

static void print_schedule(void)
{
    int first = m.steps > SHOWN ? m.steps - SHOWN : 0;
    fprintf(stderr, "the schedule, %d preemptions, %d steps%s:\n", m.preemptions, m.steps, first ? " (the last)" : "");
    for (int i = first; i < m.steps; i++) {
        const char *file = strstr(m.step[i].file, "src/");
        file = file ? file : strstr(m.step[i].file, "include/");
        fprintf(stderr, "  %*sthread %d  %s:%d\n", m.step[i].thread * 4, "", m.step[i].thread,
                file ? file : m.step[i].file, m.step[i].line);
    }
}

void model_fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", m.scenario->name, what);
    print_schedule();
    _exit(1);
}

static void crashed(int signal)
{
    model_fail(signal == SIGABRT ? "an assertion failed" : "crash");
}

/* ---- scheduling ---------------------------------------------------------------------------------------------- */

/* One of `choices`: as before while an earlier decision is replayed, else the first. */
static int decide(int choices)
{
    if (choices == 1)
        return 0;
    if (m.decisions == MOST_DECISIONS)
        model_fail("too many decisions: does it end?");
    if (m.decisions == m.replayed) {
        m.decision[m.replayed++] = (struct decision){0, (unsigned char)choices};
    }
    return m.decision[m.decisions++].choice;
}

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
    if (sigsetjmp(m.thread[before].context, 0) == 0)
        resume(c);
}

/* Chooses who goes on. A thread that `yields` does so only if there is nobody else. */
static void reschedule(bool yields)
{
    int able[MODEL_THREADS], count = 0;
    bool ready = m.thread[m.current].state == READY && !yields;
    if (ready)
        able[count++] = m.current;
    if (!ready || m.preemptions < m.bound)
        for (int i = 0; i < m.threads; i++)
            if (i != m.current && m.thread[i].state == READY)
                able[count++] = i;
    /* Times run out when the tester says so; when nothing else can happen, they must. */
    if (m.preemptions < m.bound || count == 0)
        for (int i = 0; i < m.threads; i++)
            if (m.thread[i].state == WAITING && m.thread[i].timed)
                able[count++] = i;
    if (count == 0 && yields)
        return;
    if (count == 0) {
        for (int i = 0; i < m.threads; i++)
            if (m.thread[i].state != DONE)
                model_fail("deadlock: every thread waits");
        if (sigsetjmp(m.thread[m.current].context, 0) == 0)
            siglongjmp(m.explorer, 1);
        return;
    }
    int choice = decide(count);
    m.preemptions += ready && choice > 0;
    switch_to(able[choice]);
}

void pl_model_point(const char *file, int line)
{
    if (!m.scenario || m.current < 0)
        return; /* in setup and check */
    if (!model_has_errands && strstr(file, "sched/inbox.c"))
        return; /* what nobody changes is as good as read at any other time */
    if (m.steps == MOST_STEPS)
        model_fail("too many steps: does it end?");
    m.step[m.steps++] = (struct step){file, line, m.current};
    reschedule(false);
}

static void run_threads(void)
{
    for (;;) {
        m.thread[m.current].run();
        m.thread[m.current].state = DONE;
        reschedule(false);
    }
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

static void execute(void)
{
    m.decisions = m.steps = m.preemptions = m.yields = 0;
    m.ticks = 0;
    m.current = -1;
    model_no_memory = model_has_errands = false;
    m.scenario->setup();
    for (int i = 0; i < m.threads; i++) {
        m.thread[i].run = m.scenario->thread[i];
        m.thread[i].state = READY;
    }
    m.current = decide(m.threads); /* who begins is free */
    if (sigsetjmp(m.explorer, 0) == 0)
        resume(&m.thread[m.current]);
    m.current = -1;
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

unsigned long model_explore(const scenario *s, int bound)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], crashed);
    if (!m.thread[0].start.uc_stack.ss_sp)
        make_coroutines();
    m.scenario = s;
    m.bound = bound;
    m.replayed = 0;
    m.threads = 0;
    while (m.threads < MODEL_THREADS && s->thread[m.threads])
        m.threads++;
    unsigned long executions = 0;
    do {
        execute();
        executions++;
    } while (advance());
    m.scenario = NULL;
    return executions;
}

/* ---- the operating system ------------------------------------------------------------------------------------ */

void pl_os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
    pl_model_point("pl_os_wait", 0);
    if (*(volatile uint32_t *)word != expected)
        return;
    coroutine *c = &m.thread[m.current];
    c->state = WAITING;
    c->word = word;
    c->timed = timeout_ns >= 0;
    reschedule(false);
}

void pl_os_wake(_Atomic uint32_t *word)
{
    pl_model_point("pl_os_wake", 0);
    for (int i = 0; i < m.threads; i++) {
        if (m.thread[i].state == WAITING && m.thread[i].word == word) {
            m.thread[i].state = READY;
            return;
        }
    }
}

void pl_os_doze(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    pl_os_wait(word, expected, timeout_ns < INT64_MAX / 2 ? (int64_t)timeout_ns : -1);
}

void pl_os_rouse(_Atomic uint32_t *word)
{
    pl_model_point("pl_os_rouse", 0);
    for (int i = 0; i < m.threads; i++)
        if (m.thread[i].state == WAITING && m.thread[i].word == word)
            m.thread[i].state = READY;
}

/* Processes are threads here. */
void pl_os_shared_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    pl_os_doze(word, expected, timeout_ns);
}

void pl_os_shared_wake(_Atomic uint32_t *word, bool all)
{
    if (all)
        pl_os_rouse(word);
    else
        pl_os_wake(word);
}

void pl_os_leave(int status)
{
    (void)status;
    for (;;)
        pl_os_nap();
}

const int pl_os_killed_by = 9;

unsigned pl_pool_forks(void)
{
    return 0;
}

/* A mutex's first word says whether it is locked. These take the place of the C library's. */
int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    (void)attributes;
    memset(mutex, 0, sizeof *mutex);
    return 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    uint32_t *locked = (uint32_t *)mutex;
    pl_model_point("pthread_mutex_lock", 0);
    while (*(volatile uint32_t *)locked)
        pl_os_wait((_Atomic uint32_t *)locked, 1, -1);
    *(volatile uint32_t *)locked = 1;
    return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    uint32_t *locked = (uint32_t *)mutex;
    *(volatile uint32_t *)locked = 0;
    pl_os_rouse((_Atomic uint32_t *)locked);
    return 0;
}

/* Who yields again and again waits for somebody, who then goes on, at no cost: else this would not end. */
void pl_os_yield(void)
{
    if (m.current >= 0 && m.yields++ > 0)
        reschedule(true);
}

void pl_os_name_self(const char *name)
{
    (void)name;
}

int pl_os_cpu(void)
{
    return -1;
}

bool pl_os_may_keep_off(pthread_t thread, int cpu)
{
    (void)thread;
    (void)cpu;
    return false;
}

void pl_os_keep_off(pthread_t thread, int cpu, bool off)
{
    (void)thread;
    (void)cpu;
    (void)off;
}

void pl_os_nap(void)
{
    pl_os_yield();
}

/* All that is explored is sequentially consistent, so that a fence has nothing to do. */
bool pl_os_fence_init(void)
{
    return true;
}

bool pl_os_fence_all(void)
{
    pl_model_point("pl_os_fence_all", 0);
    return true;
}

/* Each reading of the clock is a millisecond after the last: nobody spins for long, and chunks stay at one item. */
uint64_t pl_ticks(void)
{
    return m.ticks += 1000;
}

uint64_t pl_os_ticks_per_us(void)
{
    return 1;
}

uint64_t pl_os_nanoseconds(void)
{
    return pl_ticks() * 1000;
}

/* More than this is not to be touched each time, and comes from the system; or is what has been released before, since
 * the system takes its time. It need not be zero then: it is room for large arguments. */
enum { SMALL = 1 << 16, FEW = 1 << 12 };

static struct {
    void *start;
    size_t bytes;
} spare[MODEL_THREADS];

bool model_no_memory, model_has_errands;

void *pl_os_reserve(size_t bytes)
{
    if (model_no_memory && bytes > FEW)
        return NULL;
    if (bytes <= SMALL)
        return pl_os_zalloc(bytes);
    for (int i = 0; i < MODEL_THREADS; i++) {
        void *start = spare[i].start;
        if (start && spare[i].bytes == bytes) {
            spare[i].start = NULL;
            return start;
        }
    }
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

bool pl_os_commit(void *start, size_t bytes)
{
    return start && bytes;
}

void pl_os_release(void *start, size_t bytes)
{
    if (bytes <= SMALL) {
        free(start);
        return;
    }
    for (int i = 0; i < MODEL_THREADS; i++) {
        if (!spare[i].start) {
            spare[i].start = start;
            spare[i].bytes = bytes;
            return;
        }
    }
    munmap(start, bytes);
}

void pl_os_trim(void *start, size_t kept, size_t used, size_t *warm)
{
    (void)start;
    *warm = used > kept ? used : 0;
}

void *pl_os_zalloc(size_t bytes)
{
    void *memory = aligned_alloc(PL_LINE, (bytes + PL_LINE - 1) / PL_LINE * PL_LINE);
    return memory ? memset(memory, 0, bytes) : NULL;
}
