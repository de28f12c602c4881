/* SPDX-License-Identifier: MIT */
/* The steps of an execution, for the report; and the users of each location. */
#include "model/schedule.h"

#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "model/explore.h"
#include "model/memory.h"
#include "model/search.h"

enum { MOST_STEPS = 50000, SHOWN = 400, KNOWN = 1 << 14 };

/* ---- steps ------------------------------------------------------------------------------------------------------- */

typedef struct step {
    place where;
    const char *what;
    uintptr_t address;
    uint64_t value;
    int thread, order, behind;
} step;

static struct {
    step step[MOST_STEPS];
    int steps;
    place next;
} all;

/* Before each atomic operation, by its macro. */
void pl_model_point(const char *file, int line)
{
    all.next = (place){file, line};
}

place schedule_place(void)
{
    return all.next;
}

void schedule_step(place where, int thread, uintptr_t address)
{
    if (all.steps == MOST_STEPS)
        model_fail("too many steps: does it end?");
    all.step[all.steps++] = (step){.where = where, .thread = thread, .address = address};
}

void search_did(const char *what, int order, uint64_t value, int behind)
{
    step *s = &all.step[all.steps - 1];
    s->what = what;
    s->order = order;
    s->value = value;
    s->behind = behind;
}

void schedule_forget(void)
{
    all.steps = 0;
}

void schedule_print(void)
{
    static const char *const orders[] = {"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
    for (int i = all.steps > SHOWN ? all.steps - SHOWN : 0; i < all.steps; i++) {
        const step *s = &all.step[i];
        const char *file = strstr(s->where.file, "src/");
        file = file ? file : strstr(s->where.file, "include/");
        fprintf(stderr, "  %*sthread %d  %s:%d", s->thread * 4, "", s->thread, file ? file : s->where.file,
                s->where.line);
        if (s->what)
            fprintf(stderr, "  %s %s %#lx %#llx", s->what, orders[s->order], (unsigned long)s->address,
                    (unsigned long long)s->value);
        if (s->behind)
            fprintf(stderr, ", %d behind", s->behind);
        fprintf(stderr, "\n");
    }
}

/* ---- who uses what, in all executions of a scenario
 * ---------------------------------------------------------------- */

static struct users {
    uintptr_t address;
    unsigned readers, writers; /* a bit for each thread */
} known[KNOWN];

static struct users *users_of(uintptr_t address)
{
    for (size_t i = (size_t)(address * UINT64_C(0x9E3779B97F4A7C15) >> 40);; i++) {
        struct users *u = &known[i % KNOWN];
        if (u->address == 0)
            u->address = address;
        if (u->address == address)
            return u;
    }
}

/* Whether it is written, and more than one thread uses it. */
static bool is_contended(const struct users *u)
{
    unsigned all_users = u->readers | u->writers;
    return u->writers != 0 && (all_users & (all_users - 1)) != 0;
}

bool users_share(uintptr_t address, int thread, bool write, bool *news)
{
    struct users *u = users_of(address);
    bool was = is_contended(u);
    *(write ? &u->writers : &u->readers) |= 1U << thread;
    *news = is_contended(u) && !was;
    return is_contended(u);
}

void users_forget(void)
{
    memset(known, 0, sizeof known);
}
