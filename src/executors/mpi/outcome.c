/* SPDX-License-Identifier: MIT */
/* What came of a piece, as a message and back. */
#include "executors/mpi/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static size_t result_bytes(const pl_run *run)
{
    return run->results ? run->count * run->function.result_size : 0;
}

/* The texts that there are for a state anyway are not sent. */
static const char *text_of(const parallel_failure *f)
{
    return f->state == PARALLEL_ERROR || f->state == PARALLEL_CANCELLED ? f->message : NULL;
}

static void put_failure(pl_message *m, const pl_run_failed *failed)
{
    const parallel_failure *f = &failed->failure;
    const char *text = text_of(f);
    pl_message_failure sent = {
        .begin = failed->begin,
        .count = failed->count,
        .state = f->state,
        .signal = (uint64_t)f->signal,
        .attempts = f->attempts,
        .code = f->code,
        .text = text ? strlen(text) + 1 : 0,
    };
    pl_message_put(m, &sent, sizeof sent);
    pl_message_put(m, text, sent.text);
}

static void free_run(void *run)
{
    free(((pl_run *)run)->owned);
    pl_run_free(run);
}

pl_message *pl_outcome_write(pl_run *run, uint64_t call)
{
    pl_message_outcome outcome = {
        .piece = run->piece, .took_ns = run->took_ns, .failures = run->failures, .result_bytes = result_bytes(run)};
    pl_message *m = pl_message_new(0, PL_MESSAGE_OUTCOME, call, sizeof outcome);
    if (!m)
        return NULL;
    pl_message_put(m, &outcome, sizeof outcome);
    for (size_t k = 0; k < run->failures; k++)
        put_failure(m, &run->failed[k]);
    pl_message_lend_vector(m, run->results, result_bytes(run), free_run, run);
    if (!m->lost)
        return m;
    m->release = NULL;
    pl_message_free(m);
    return NULL;
}

static bool get_failure(pl_message *m, pl_run_failed *failed)
{
    pl_message_failure sent;
    const void *from = pl_message_get(m, sizeof sent);
    if (!from)
        return false;
    memcpy(&sent, from, sizeof sent);
    const char *text = sent.text ? pl_message_get(m, (size_t)sent.text) : NULL;
    if (m->lost || sent.state > PARALLEL_NOT_RUN || (text && text[sent.text - 1]))
        return false;
    *failed = (pl_run_failed){.begin = (size_t)sent.begin, .count = (size_t)sent.count};
    failed->failure = (parallel_failure){
        .state = (parallel_state)sent.state,
        .signal = (int)sent.signal,
        .attempts = (unsigned)sent.attempts,
        .code = (int)sent.code,
        .message = text,
    };
    return true;
}

static bool get_outcome(pl_message *m, pl_run *run)
{
    pl_message_outcome outcome;
    const void *from = pl_message_get(m, sizeof outcome);
    if (!from)
        return false;
    memcpy(&outcome, from, sizeof outcome);
    run->piece = outcome.piece;
    run->took_ns = outcome.took_ns;
    run->failures = (size_t)outcome.failures;
    if (run->failures) {
        run->failed = malloc(pl_size_multiply(run->failures, sizeof *run->failed));
        if (!run->failed)
            return false;
    }
    for (size_t k = 0; k < run->failures; k++)
        if (!get_failure(m, &run->failed[k]))
            return false;
    const void *results = pl_message_get_vector(m, (size_t)outcome.result_bytes);
    run->results = outcome.result_bytes ? results : NULL;
    return !m->lost;
}

pl_run *pl_outcome_read(pl_message *m)
{
    pl_run *run = pl_run_new();
    if (run && get_outcome(m, run)) {
        run->owned = m;
        return run;
    }
    if (run)
        pl_run_free(run);
    return NULL;
}
