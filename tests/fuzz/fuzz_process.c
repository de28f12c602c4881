/* SPDX-License-Identifier: MIT */
/* Calls on worker processes. What becomes of a task follows from its argument alone. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

enum { MOST = 12 };

typedef enum fate { WELL, FAILS, EXITS, IS_KILLED, HANGS } fate;

typedef struct sent {
    fate fate;
    int number;
} sent;

typedef struct sending {
    size_t n;
    sent args[MOST];
    parallel_options options;
} sending;

static int suffer(const sent *arg, long *result, void *extras)
{
    (void)extras;
    *result = arg->number * 7L;
    switch (arg->fate) {
    case FAILS:
        return parallel_fail(EIO, "number %d", arg->number);
    case EXITS:
        _exit(arg->number);
    case IS_KILLED:
        raise(arg->number % 2 ? SIGKILL : SIGTERM);
        return 0;
    case HANGS:
        for (;;)
            pause();
    default:
        return 0;
    }
}
PARALLEL_DECORATE_TASK(suffer, sent, long);

static void choose(sending *s, rnd_source *source)
{
    static const fate fates[] = {WELL, WELL, WELL, WELL, WELL, FAILS, EXITS, IS_KILLED};
    memset(s, 0, sizeof *s);
    parallel_options *o = &s->options;
    size_t kind = fuzz_one_of(source, 256), spoilt = fuzz_one_of(source, 256);
    s->n = kind % (MOST + 1);
    o->size = sizeof *o;
    o->isolation = kind & 128 ? PARALLEL_PERSISTENT : PARALLEL_SNAPSHOT;
    o->silent = spoilt % 4 != 0;
    o->max_workers = 1 + (int)(spoilt / 4 % 3);
    o->retries = spoilt / 16 % 4 == 3;
    o->tasks_per_worker = spoilt / 64 % 4 == 3;
    for (size_t i = 0; i < s->n; i++) {
        size_t byte = fuzz_one_of(source, 256);
        s->args[i] = (sent){spoilt % 8 == 7 ? WELL : fates[byte % 8], 1 + (int)(byte / 8)};
    }
    if (s->n && fuzz_one_of(source, 16) == 15) {
        s->args[fuzz_one_of(source, s->n)].fate = HANGS;
        o->timeout = 0.05; /* anybody may be late */
    }
}

/* Whether the task may end like this. */
static bool is_right(const sending *s, size_t i, parallel_state state, int code, int signal)
{
    const sent *arg = &s->args[i];
    if (state == PARALLEL_TIMED_OUT)
        return s->options.timeout > 0 && code == ETIMEDOUT;
    switch (arg->fate) {
    case WELL:
        return state == PARALLEL_OK;
    case FAILS:
        return state == PARALLEL_ERROR && code == EIO;
    case EXITS:
        return state == PARALLEL_CRASHED && code == arg->number && signal == 0;
    case IS_KILLED:
        return state == PARALLEL_CRASHED && signal == (arg->number % 2 ? SIGKILL : SIGTERM);
    default:
        return false;
    }
}

static void check_failed(const sending *s, const parallel_failure *f)
{
    if (f->index >= s->n || f->state == PARALLEL_OK || !is_right(s, f->index, f->state, f->code, f->signal))
        rnd_complain(NULL, "on processes: task %zu, fate %d %d, ends in state %d, code %d, signal %d", f->index,
                     f->index < s->n ? (int)s->args[f->index].fate : -1,
                     f->index < s->n ? s->args[f->index].number : -1, f->state, f->code, f->signal);
    else if (s->args[f->index].fate == FAILS && f->state == PARALLEL_ERROR &&
             (strncmp(f->message, "number ", 7) != 0 || atoi(f->message + 7) != s->args[f->index].number))
        rnd_complain(NULL, "on processes: task %zu says '%s'", f->index, f->message);
    else if (f->attempts > (unsigned)s->options.retries + 1 ||
             (s->options.silent && f->attempts <= (unsigned)s->options.retries))
        rnd_complain(NULL, "on processes: task %zu has been tried %u times", f->index, f->attempts);
}

static void check_results(const sending *s, const parallel_results *r)
{
    size_t failures = 0;
    for (size_t i = 0; i < s->n; i++) {
        const long *value = parallel_result(r, i);
        if (parallel_result_state(r, i) != PARALLEL_OK) {
            const parallel_failure *f = parallel_failed(r, failures++);
            if (value || !f || f->index != i)
                rnd_complain(NULL, "on processes: task %zu is not listed as failed", i);
            else
                check_failed(s, f);
        } else if (!is_right(s, i, PARALLEL_OK, 0, 0) || !value || *value != s->args[i].number * 7L)
            rnd_complain(NULL, "on processes: task %zu, fate %d, has a wrong value", i, s->args[i].fate);
    }
    if (parallel_failures(r) != failures || (failures && !s->options.silent))
        rnd_complain(NULL, "on processes: %zu failures, not %zu", parallel_failures(r), failures);
}

void fuzz_process(rnd_source *source)
{
    sending s;
    choose(&s, source);
    parallel_results *r = parallel_process_map_function(&suffer__parallel, s.args, s.n, &s.options);
    int error = errno;
    const parallel_failure *f = parallel_last_failure();
    if (r)
        check_results(&s, r);
    else if (s.options.silent || !f)
        rnd_complain(NULL, "on processes: no results, errno %d", error);
    else
        check_failed(&s, f);
    parallel_results_free(r);
}
