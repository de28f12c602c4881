/* SPDX-License-Identifier: MIT */
/* Random calls that count, search and filter: their predicates; making them; and what may come of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/random.h"
#include "support/tasks.h"

/* ---- predicates ------------------------------------------------------------------------------------------ */

/* Whether the predicate holds of an item: of none, few, half, most or all of a call's. */
static bool holds_of(const rnd_call *c, size_t i)
{
    static const unsigned sixteenths[] = {0, 1, 8, 15, 16};
    return pl_scramble(rnd_value(c, i)) / 8 % 16 < sixteenths[c->plan.seed % 5];
}

/* One that has failed leaves a result that nobody is to look at. */
static int ask_task(const rnd_item *item, bool *result, void *extras)
{
    if (*result)
        rnd_complain(item->call, "the result of predicate %zu does not begin as false", item->index);
    int code = rnd_run_tasks(item, 1, NULL, extras, true);
    *result = code != 0 || holds_of(item->call, item->index);
    return code;
}
PARALLEL_DECORATE_TASK(ask_task, rnd_item, bool);

static bool ask_plain(rnd_item item)
{
    rnd_run_tasks(&item, 1, NULL, NULL, false);
    return holds_of(item.call, item.index);
}
PARALLEL_DECORATE(ask_plain, rnd_item, bool);

static int ask_tried(const rnd_item *item, bool *result, void *extras)
{
    return ask_task(item, result, extras);
}
PARALLEL_DECORATE_TASK(ask_tried, rnd_item, bool, .retries = 1);

static int call_ask_task(const void *item, void *result, void *extras)
{
    return ask_task(item, result, extras);
}

static const parallel_function runtime = {
    .name = "runtime", .arg_size = sizeof(rnd_item), .result_size = sizeof(bool), .call = call_ask_task};

static const parallel_function *const predicates[RND_FUNCTIONS] = {
    [RND_TASK] = &ask_task__parallel,
    [RND_PLAIN] = &ask_plain__parallel,
    [RND_RUNTIME] = &runtime,
    [RND_TRIED] = &ask_tried__parallel,
};

/* ---- counts and filters ---------------------------------------------------------------------------------- */

/* No task is to be named. A call of tasks that can fail has one that it did not run. */
static void check_nameless(const rnd_call *c, int code)
{
    rnd_check_stopped(c, code);
    if (c->plan.function != RND_PLAIN)
        rnd_complain(c, "the call has failed, with errno %d, without a failure", code);
}

/* Items may be looked at and yet not be packed, when a call of what cannot fail is stopped: the failure is then that of
 * one of these. */
static void check_failure(const rnd_call *c, int code)
{
    const parallel_failure *f = parallel_last_failure();
    if (f && (c->plan.function != RND_PLAIN || f->state != PARALLEL_NOT_RUN)) {
        rnd_check_failure(c, code);
        return;
    }
    check_nameless(c, code);
    if (f && (f->code != code || f->index >= c->plan.n || f->arg != &c->items[f->index]))
        rnd_complain(c, "failure %zu has code %d, or a wrong argument", f->index, f->code);
}

/* All is well: with each item, too. */
static void check_all_well(const rnd_call *c)
{
    if (parallel_last_failure())
        rnd_complain(c, "a call that is well has a failure");
    for (size_t i = 0; i < c->plan.n; i++)
        if (!rnd_may_be_well(c, i))
            rnd_complain(c, "all is well, but predicate %zu ran %u times, the last with code %d", i, rnd_runs(c, i),
                         c->logs[i].code);
    rnd_check_progress(c, true, c->plan.n);
    rnd_check_runs(c);
}

static void check_count(const rnd_call *c, ptrdiff_t count, int code)
{
    ptrdiff_t want = 0;
    for (size_t i = 0; i < c->plan.n; i++)
        want += holds_of(c, i);
    if (count == -1) {
        check_failure(c, code);
        return;
    }
    check_all_well(c);
    if (count != want)
        rnd_complain(c, "the count is %td, not %td", count, want);
}

/* From `at` on, there are those items that the predicate holds of, or does not; but not those that have failed. Returns
 * where they end. */
static size_t check_items(const rnd_call *c, const rnd_item *out, size_t at, bool holds, const bool *failed)
{
    for (size_t i = 0; i < c->plan.n; i++) {
        if (failed[i] || holds_of(c, i) != holds)
            continue;
        if (out[at].magic != RND_MAGIC || out[at].index != i || out[at].call != c)
            rnd_complain(c, "place %zu has item %zu, not %zu", at, out[at].index, i);
        at++;
    }
    return at;
}

/* A vector lists what has failed, in order, and has the others that the predicate holds of. */
static void check_filtered(const rnd_call *c, const parallel_results *r)
{
    bool *failed = calloc(c->plan.n + 1, sizeof *failed);
    size_t count = parallel_failures(r), last = 0, wanted = 0;
    for (size_t k = 0; k < count; k++) {
        const parallel_failure *f = parallel_failed(r, k);
        if (!c->options.silent || f->index >= c->plan.n || (k && f->index <= last)) {
            rnd_complain(c, "failure %zu is that of item %zu", k, f->index);
            break;
        }
        rnd_check_task(c, f, false);
        failed[last = f->index] = true;
    }
    for (size_t i = 0; i < c->plan.n; i++) {
        wanted += !failed[i] && holds_of(c, i);
        if (!failed[i] && !rnd_may_be_well(c, i))
            rnd_complain(c, "item %zu is not among the failures: it ran %u times, the last with code %d", i,
                         rnd_runs(c, i), c->logs[i].code);
    }
    if (parallel_length(r) != wanted)
        rnd_complain(c, "%zu items are kept, not %zu", parallel_length(r), wanted);
    else if (wanted)
        check_items(c, parallel_values(r), 0, true, failed);
    free(failed);
    rnd_check_progress(c, false, 0);
    rnd_check_runs(c);
}

/* A silent call that has failed leaves what the others give, if nothing has stopped it, and no task may be late. */
static bool is_certain(const rnd_call *c)
{
    for (size_t i = 0; i < c->plan.n; i++)
        if (rnd_late(c, i))
            return false;
    return !rnd_stopped(c);
}

/* What stands there. Nothing is written beyond it, if that is not the items' own memory. */
static void check_out(const rnd_call *c, const rnd_item *out, size_t kept, bool is_well)
{
    size_t n = c->plan.n, end;
    bool *failed = calloc(n + 1, sizeof *failed);
    for (size_t i = 0; i < n && !is_well; i++)
        failed[i] = !rnd_is_well(c, i);
    end = check_items(c, out, 0, true, failed);
    if (kept != end)
        rnd_complain(c, "%zu items are kept, not %zu", kept, end);
    if (c->plan.kind == RND_PARTITION)
        end = check_items(c, out, end, false, failed);
    for (const unsigned char *p = (const unsigned char *)(out + end); out != c->items && is_well; p++) {
        if (p == (const unsigned char *)(out + n))
            break;
        if (*p != 0xa5)
            rnd_complain(c, "something is written beyond place %zu", end);
    }
    free(failed);
}

static void run_filter_into(const rnd_call *c, const parallel_options *options)
{
    const parallel_function *f = predicates[c->plan.function];
    size_t n = c->plan.n, kept = 4711, size = (n + 1) * sizeof *c->items;
    bool is_in_place = c->plan.kind == RND_FILTER_INTO && c->plan.seed / 8 % 4 == 0;
    rnd_item *room = memset(aligned_alloc(sizeof *c->items, size), 0xa5, size), *out = is_in_place ? c->items : room;
    int rc = c->plan.kind == RND_PARTITION ? parallel_partition_into_function(f, c->items, n, out, &kept, options)
                                           : parallel_filter_into_function(f, c->items, n, out, &kept, options);
    if (rc == 0)
        check_all_well(c);
    else
        check_failure(c, errno);
    if (rc == 0 || (c->options.silent && is_certain(c)))
        check_out(c, out, kept, rc == 0);
    else if (!c->options.silent && kept != 4711)
        rnd_complain(c, "a call that has failed says how many items it keeps");
    free(room);
}

static void run_filter(const rnd_call *c, const parallel_options *options)
{
    parallel_results *r = parallel_filter_function(predicates[c->plan.function], c->items, c->plan.n, options);
    if (!r)
        check_failure(c, errno);
    else
        check_filtered(c, r);
    if (r && parallel_last_failure())
        rnd_complain(c, "a call that has results has a failure");
    parallel_results_free(r);
}

/* ---- searches -------------------------------------------------------------------------------------------- */

/* *Positions* are those of the serial loop. */
static size_t index_of(const rnd_call *c, size_t position)
{
    return c->plan.kind == RND_FIND_LAST ? c->plan.n - 1 - position : position;
}

/* Whether the loop ends with the item. */
static bool is_sought(const rnd_call *c, size_t i)
{
    return holds_of(c, i) == (c->plan.kind != RND_ALL);
}

/* The search has gone on beyond the first `end` positions. */
static void check_passed(const rnd_call *c, size_t end)
{
    for (size_t k = 0; k < end; k++) {
        size_t i = index_of(c, k);
        bool may_be_passed =
            c->options.silent ? !rnd_is_well(c, i) || !is_sought(c, i) : rnd_may_be_well(c, i) && !is_sought(c, i);
        if (!may_be_passed)
            rnd_complain(c, "the search does not end with item %zu, which ran %u times, the last with code %d", i,
                         rnd_runs(c, i), c->logs[i].code);
        if (rnd_runs(c, i) == 0)
            rnd_complain(c, "the search has left out item %zu", i);
    }
}

/* The item at this position has been found; or none, if it is beyond the last. */
static void check_found(const rnd_call *c, size_t position)
{
    size_t n = c->plan.n, i = position < n ? index_of(c, position) : n;
    check_passed(c, position);
    if (parallel_last_failure())
        rnd_complain(c, "a search that is well has a failure");
    if (i < n && (!rnd_may_be_well(c, i) || !is_sought(c, i)))
        rnd_complain(c, "item %zu is found, which ran %u times, the last with code %d", i, rnd_runs(c, i),
                     c->logs[i].code);
    rnd_check_progress(c, false, 0);
    if (c->plan.with_progress && (i < n ? c->done <= position : c->done != n))
        rnd_complain(c, "%zu items are looked at, though position %zu is found", c->done, position);
    rnd_check_runs(c);
}

/* Whether the failure may be that of a call which was stopped. */
static bool may_be_a_stop(const rnd_call *c, const parallel_failure *f)
{
    return f->state == PARALLEL_NOT_RUN || f->state == PARALLEL_CANCELLED ||
           (f->state == PARALLEL_TIMED_OUT && c->plan.call_timeout == RND_SHORT);
}

/* It is the first failure that has ended the search; or, in a silent call, where no item is found, the first that has
 * been passed. */
static void check_search_failure(const rnd_call *c, int code)
{
    const parallel_failure *f = parallel_last_failure();
    size_t n = c->plan.n;
    if (!f) {
        check_nameless(c, code);
        return;
    }
    rnd_check_task(c, f, false);
    if (f->code != code || f->index >= n) {
        rnd_complain(c, "the search has failed, with errno %d, and with code %d of item %zu", code, f->code, f->index);
        return;
    }
    size_t position = index_of(c, f->index);
    bool is_stop = c->options.silent && may_be_a_stop(c, f);
    for (size_t k = 0; k < position && !is_stop; k++)
        if (!rnd_may_be_well(c, index_of(c, k)))
            rnd_complain(c, "failure %zu is reported, but item %zu comes before", f->index, index_of(c, k));
    check_passed(c, c->options.silent && !is_stop ? n : position);
    rnd_check_progress(c, false, 0);
    rnd_check_runs(c);
}

static void run_find(const rnd_call *c, const parallel_options *options)
{
    size_t n = c->plan.n;
    const rnd_item *found = c->plan.kind == RND_FIND
                                ? parallel_find_function(predicates[c->plan.function], c->items, n, options)
                                : parallel_find_last_function(predicates[c->plan.function], c->items, n, options);
    int code = errno;
    if (!found && code != 0)
        check_search_failure(c, code);
    else if (found && (found < c->items || found >= c->items + n))
        rnd_complain(c, "what is found is no item");
    else
        check_found(c, found ? index_of(c, (size_t)(found - c->items)) : n);
}

/* The item that has decided is the first that may have. */
static void run_decision(const rnd_call *c, const parallel_options *options)
{
    size_t n = c->plan.n, k = 0;
    int answer = c->plan.kind == RND_ANY ? parallel_any_function(predicates[c->plan.function], c->items, n, options)
                                         : parallel_all_function(predicates[c->plan.function], c->items, n, options);
    if (answer == -1) {
        check_search_failure(c, errno);
        return;
    }
    bool found = answer == (c->plan.kind == RND_ANY);
    while (found && k < n && !(rnd_may_be_well(c, k) && is_sought(c, k)))
        k++;
    if (found && k == n)
        rnd_complain(c, "the answer is %d, but no item is one for which it is", answer);
    check_found(c, found ? k : n);
}

void rnd_run_predicate(const rnd_call *c, const parallel_options *options)
{
    ptrdiff_t count;
    switch (c->plan.kind) {
    case RND_COUNT:
        count = parallel_count_function(predicates[c->plan.function], c->items, c->plan.n, options);
        check_count(c, count, errno);
        break;
    case RND_FILTER:
        run_filter(c, options);
        break;
    case RND_FILTER_INTO:
    case RND_PARTITION:
        run_filter_into(c, options);
        break;
    case RND_ANY:
    case RND_ALL:
        run_decision(c, options);
        break;
    default:
        run_find(c, options);
        break;
    }
}
