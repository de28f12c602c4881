/* SPDX-License-Identifier: MIT */
/* Random calls whose tasks add items, and such as have an operator or an order: making and checking them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/random.h"
#include "support/tasks.h"

/* ---- items that tasks add -------------------------------------------------------------------------------- */

/*
 * The first items are those that the call is given. Each of the others has one before it as its parent, whose task adds
 * it in its first run, or, if that is one that may be tried again, in its second.
 */
static size_t roots_of(const rnd_call *c)
{
    size_t n = c->plan.n;
    return n ? 1 + c->plan.seed / 8 % n : 0;
}

/* How many an item adds, if there are so many left. */
static size_t children_of(const rnd_call *c)
{
    return 1 + c->plan.seed % 3;
}

static size_t parent_of(const rnd_call *c, size_t i)
{
    return (i - roots_of(c)) / children_of(c);
}

static unsigned run_that_adds(const rnd_call *c, size_t i)
{
    rnd_act what = rnd_act_of(c, parent_of(c, i));
    return (what == RND_FAIL || what == RND_FLAKY) && rnd_value(c, i) / 2 % 2;
}

static bool is_added(const rnd_call *c, size_t i)
{
    return i < roots_of(c) || rnd_runs(c, parent_of(c, i)) > run_that_adds(c, i);
}

static int visit(const rnd_item *item, void *none, void *extras);
PARALLEL_DECORATE_TASK(visit, rnd_item, void);

static int visit_tried(const rnd_item *item, void *none, void *extras)
{
    return visit(item, none, extras);
}
PARALLEL_DECORATE_TASK(visit_tried, rnd_item, void, .retries = 1);

static int call_visit(const void *item, void *none, void *extras)
{
    return visit(item, none, extras);
}

static const parallel_function runtime = {.name = "runtime", .arg_size = sizeof(rnd_item), .call = call_visit};

static const parallel_function *const visits[RND_FUNCTIONS] = {
    [RND_TASK] = &visit__parallel, [RND_RUNTIME] = &runtime, [RND_TRIED] = &visit_tried__parallel};

static void add_item(const rnd_call *c, size_t i)
{
    rnd_item copy = c->items[i];
    parallel_function f = *visits[c->plan.function];
    int rc = c->plan.function == RND_TASK && i % 2 ? parallel_for_each_add(visit, &copy)
                                                   : parallel_for_each_add_function(&f, &copy);
    if (rc != 0)
        rnd_complain(c, "item %zu is not added: errno %d", i, errno);
    memset(&copy, 0xdd, sizeof copy);
}

/* Adds those that are to be added in this run, before the task does what it does, or after that. */
static void add_items(const rnd_call *c, size_t parent, unsigned run, bool before)
{
    size_t first = roots_of(c) + parent * children_of(c);
    for (size_t i = first; i < first + children_of(c) && i < c->plan.n; i++)
        if (run_that_adds(c, i) == run && before == (rnd_value(c, i) / 4 % 2 != 0))
            add_item(c, i);
}

static int visit(const rnd_item *item, void *none, void *extras)
{
    const rnd_call *c = item->call;
    size_t i = item->index;
    unsigned run = rnd_runs(c, i);
    if (none)
        rnd_complain(c, "a task without a result has room for one");
    add_items(c, i, run, true);
    int code = rnd_run_tasks(item, 1, NULL, extras, true);
    add_items(c, i, run, false);
    return code;
}

/* The failure of an item that has been added has another index, but a copy of the item. It is the first of those that
 * are known to have failed, if it is one of the first items. */
static void check_growing_failure(const rnd_call *c, int code)
{
    const parallel_failure *f = parallel_last_failure();
    const rnd_item *item = f ? f->arg : NULL;
    size_t roots = roots_of(c), n = c->plan.n;
    bool is_root = f && f->index < roots;
    if (!item || item->magic != RND_MAGIC || item->call != c || item->index >= n || f->code != code ||
        (is_root ? item->index != f->index : item->index < roots)) {
        rnd_complain(c, "the call has failed, with errno %d, and failure %zu has a wrong item", code,
                     f ? f->index : SIZE_MAX);
        return;
    }
    parallel_failure known = *f;
    known.index = item->index;
    known.arg = &c->items[item->index];
    rnd_check_first_failure(c, &known, is_root ? item->index : roots);
}

void rnd_run_growing(const rnd_call *c, const parallel_options *options)
{
    size_t n = c->plan.n, added = 0, not_run = 0;
    int rc = parallel_for_each_function(visits[c->plan.function], c->items, roots_of(c), options), code = errno;
    bool in_processes = c->options.executor == PARALLEL_PROCESS;
    for (size_t i = 0; i < n; i++) {
        added += is_added(c, i) && !in_processes;
        not_run += rnd_runs(c, i) == 0 && is_added(c, i);
        if (rnd_runs(c, i) > 0 && (in_processes || !is_added(c, i)))
            rnd_complain(c, "item %zu runs, which is not there", i);
        if (rc == 0 && is_added(c, i) && !rnd_may_be_well(c, i))
            rnd_complain(c, "all is well, but item %zu ran %u times, the last with code %d", i, rnd_runs(c, i),
                         c->logs[i].code);
    }
    if (in_processes) {
        if (rc != -1 || code != ENOTSUP)
            rnd_complain(c, "a call on processes gives %d, errno %d", rc, code);
        return;
    }
    if (not_run && c->options.silent && !rnd_stopped(c))
        rnd_complain(c, "%zu items of %zu are not run", not_run, added);
    if (rc != 0)
        check_growing_failure(c, code);
    else if (parallel_last_failure())
        rnd_complain(c, "a call that is well has a failure");
    if (rc == 0)
        rnd_check_progress(c, true, added);
    rnd_check_runs(c);
}

/* ---- operators and orders -------------------------------------------------------------------------------- */

/* Takes long now and then. */
static unsigned long long slow_compose(unsigned long long left, unsigned long long right)
{
    for (volatile unsigned k = right % 64 == 1 ? 500 : 0; k; k--) {
    }
    return rnd_compose(left, right);
}
PARALLEL_DECORATE_COMBINE(slow_compose, unsigned long long);

static unsigned long long add_numbers(unsigned long long left, unsigned long long right)
{
    return left + right;
}

/* Many items are equal. */
static bool is_before(const unsigned long long *a, const unsigned long long *b)
{
    return *a / 2 % 16 < *b / 2 % 16;
}
PARALLEL_DECORATE_ORDER(is_before, unsigned long long);

typedef struct composed {
    bool is_some; /* there is a value */
    unsigned long long value;
} composed;

static void compose_item(composed *acc, const unsigned long long *item)
{
    acc->value = acc->is_some ? slow_compose(acc->value, *item) : *item;
    acc->is_some = true;
}

static void compose_parts(composed *acc, const composed *right)
{
    if (right->is_some)
        compose_item(acc, &right->value);
}
PARALLEL_DECORATE_FOLD(compose_item, compose_parts, composed, unsigned long long);

/* A call, and the operator that it has. */
typedef struct values_call {
    const rnd_call *c;
    const parallel_combine *op;
    unsigned long long (*serial_op)(unsigned long long left, unsigned long long right);
    const unsigned long long *args;
    unsigned long long *out;
} values_call;

/* Whether it has; else it has been stopped, before it came to an item, as a rule. */
static bool check_ended_well(const values_call *v, bool is_well, int code)
{
    const rnd_call *c = v->c;
    const parallel_failure *f = parallel_last_failure();
    if (is_well) {
        if (f)
            rnd_complain(c, "a call that is well has a failure");
        rnd_check_progress(c, true, c->plan.n);
        return true;
    }
    rnd_check_stopped(c, code);
    if (f && (f->code != code || f->index >= c->plan.n || f->arg != &v->args[f->index]))
        rnd_complain(c, "failure %zu has code %d, or a wrong argument", f->index, f->code);
    return false;
}

/* What a scan gives, and what all come to, if it begins with 1. */
static void check_scan(const values_call *v, const unsigned long long *got, unsigned long long total)
{
    const rnd_call *c = v->c;
    bool is_exclusive = c->plan.kind == RND_SCAN_EXCLUSIVE;
    unsigned long long value = 1;
    for (size_t i = 0; i < c->plan.n; i++) {
        unsigned long long item = rnd_value(c, i), next = is_exclusive || i ? v->serial_op(value, item) : item;
        if (got[i] != (is_exclusive ? value : next)) {
            rnd_complain(c, "place %zu has %llx, not %llx", i, got[i], is_exclusive ? value : next);
            return;
        }
        value = next;
    }
    if (total != (is_exclusive ? value : 1))
        rnd_complain(c, "all come to %llx, not %llx", total, value);
}

static void run_scan(const values_call *v, const parallel_options *options)
{
    const rnd_call *c = v->c;
    size_t n = c->plan.n;
    unsigned long long acc = 1;
    if (c->plan.kind == RND_SCAN) {
        parallel_results *r = parallel_scan_function(v->op, v->args, n, options);
        if (check_ended_well(v, r != NULL, errno)) {
            if (parallel_length(r) != n || parallel_failures(r) != 0)
                rnd_complain(c, "a scan of %zu items gives %zu", n, parallel_length(r));
            else
                check_scan(v, parallel_values(r), acc);
        }
        parallel_results_free(r);
        return;
    }
    int rc = c->plan.kind == RND_SCAN_INTO
                 ? parallel_scan_into_function(v->op, v->args, n, v->out, options)
                 : parallel_scan_exclusive_into_function(v->op, v->args, n, v->out, &acc, options);
    if (check_ended_well(v, rc == 0, errno))
        check_scan(v, v->out, acc);
    else if (acc != 1)
        rnd_complain(c, "a scan that has failed has a total");
}

static void run_reduction(const values_call *v, const parallel_options *options)
{
    const rnd_call *c = v->c;
    bool is_fold = c->plan.kind == RND_FOLD;
    unsigned long long want = 1;
    composed acc = {.is_some = true, .value = 1};
    int rc = is_fold ? parallel_fold_function(&compose_item__parallel_fold, v->args, c->plan.n, &acc, options)
                     : parallel_reduce_function(v->op, v->args, c->plan.n, &acc.value, options);
    bool is_well = check_ended_well(v, rc == 0, errno);
    for (size_t i = 0; i < c->plan.n && is_well; i++)
        want = is_fold ? rnd_compose(want, rnd_value(c, i)) : v->serial_op(want, rnd_value(c, i));
    if (acc.value != want || !acc.is_some)
        rnd_complain(c, "all come to %llx, not %llx", acc.value, want);
}

static void run_extreme(const values_call *v, const parallel_options *options)
{
    const rnd_call *c = v->c;
    const unsigned long long *x = v->args, *best = c->plan.n ? x : NULL;
    bool by_word = c->plan.seed / 2 % 2, is_min = c->plan.kind == RND_MIN;
    const parallel_order *order = by_word ? PARALLEL_ORDER_OF_(PARALLEL_ASCENDING, x) : &is_before__parallel_order;
    const unsigned long long *got = is_min ? parallel_min_function(order, x, c->plan.n, options)
                                           : parallel_max_function(order, x, c->plan.n, options);
    if (!check_ended_well(v, got || errno == 0, errno))
        return;
    for (size_t i = 1; i < c->plan.n; i++) {
        const unsigned long long *a = is_min ? &x[i] : best, *b = is_min ? best : &x[i];
        if (by_word ? *a < *b : is_before(a, b))
            best = &x[i];
    }
    if (got != best)
        rnd_complain(c, "the extreme is item %td, not %td", got ? got - x : -1, best ? best - x : -1);
}

void rnd_run_values(const rnd_call *c, const parallel_options *options)
{
    size_t size = (c->plan.n + 1) * sizeof(unsigned long long);
    unsigned long long *args = malloc(size);
    bool by_word = c->plan.seed % 4 == 0, is_in_place = c->plan.seed / 4 % 4 == 0;
    for (size_t i = 0; i < c->plan.n; i++)
        args[i] = rnd_value(c, i);
    values_call v = {
        .c = c,
        .op = by_word ? PARALLEL_COMBINE_OF_(PARALLEL_PLUS, args) : &slow_compose__parallel_combine,
        .serial_op = by_word ? add_numbers : rnd_compose,
        .args = args,
        .out = is_in_place ? args : c->out,
    };
    switch (c->plan.kind) {
    case RND_PLAIN_REDUCE:
    case RND_FOLD:
        run_reduction(&v, options);
        break;
    case RND_MIN:
    case RND_MAX:
        run_extreme(&v, options);
        break;
    default:
        run_scan(&v, options);
        break;
    }
    memset(args, 0xdd, size);
    free(args);
}
