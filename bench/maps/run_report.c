/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/harness.h"
#include "run.h"

static const char *const state_names[] = {"near", "far", "mixed"};

/* ---- conditions ------------------------------------------------------------------------------------------ */

static void describe(FILE *to)
{
    static const double items[] = {1, 1.4, 2, 10, 100, 1e3};
    describe_machine(to, how.directory);
    fprintf(to, "# commit: %s, %d rounds, programs in turn in each; a process fills %g ms with calls\n", how.commit,
            how.rounds, how.milliseconds);
    fprintf(to, "# round trip of a cache line between CPUs: %.0f ns now; below 150 ns is near\n", round_trip_ns());
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        unsigned turns = turns_of(items[i]);
        fprintf(to, "# an item of %g ns: %u turns, %.2f ns in a serial loop\n", items[i], turns, ns_of(turns));
    }
}

void report_header(FILE *csv)
{
    describe(csv);
    describe(stdout);
    fprintf(csv, "workload,n,item_ns,way,compiler,threads,state,rounds,unit,min_ns,median_ns,ratio_to_serial,"
                 "ratio_to_best_peer,round_trip_ns,repeats,result\n");
    fflush(csv);
}

/* ---- figures --------------------------------------------------------------------------------------------- */

typedef struct figure {
    int rounds; /* 0: there is none */
    double min;
    double median; /* of the processes' medians */
    double round_trip;
} figure;

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static bool in_state(const series *s, const run *r, distance state)
{
    return s->serial || r->state == state;
}

/* Of the runs in one state; the serial loop does not depend on it. */
static figure figure_of(const series *s, distance state)
{
    figure f = {0, INFINITY, 0, INFINITY};
    double medians[MOST_ROUNDS];
    for (int i = 0; i < s->n_runs; i++) {
        const run *r = &s->runs[i];
        if (s->wrong || !in_state(s, r, state))
            continue;
        f.min = fmin(f.min, r->min);
        f.round_trip = fmin(f.round_trip, r->round_trip);
        medians[f.rounds++] = r->median;
    }
    qsort(medians, (size_t)f.rounds, sizeof *medians, by_value);
    f.median = f.rounds ? medians[f.rounds / 2] : 0;
    return f;
}

/* By what a series is judged; infinite if it did not run in this state. */
static double judged(const measured *m, const series *s, distance state)
{
    figure f = figure_of(s, state);
    return !f.rounds ? INFINITY : m->what->by_median ? f.median : f.min;
}

static double ratio(double a, double b)
{
    return a == b ? 1 : a / b;
}

typedef enum kind { SERIAL = 1, PEERS = 2, OURS = 4 } kind;

static kind kind_of(const series *s)
{
    return s->serial ? SERIAL : s->ours ? OURS : PEERS;
}

/* The compilers whose programs are compared with those of this one: itself, and those that compile no C. */
static bool comparable(const series *s, const char *compiler)
{
    return !compiler || strcmp(s->compiler, compiler) == 0 || strcmp(s->compiler, "rustc") == 0;
}

/* The fastest with so many threads: of the kinds given, and comparable with the compiler unless NULL; or NULL. */
static const series *best(const measured *m, int kinds, int threads, distance state, const char *compiler)
{
    const series *found = NULL;
    for (int i = 0; i < m->n_series; i++) {
        const series *s = &m->all[i];
        if (!(kind_of(s) & kinds) || (!s->serial && s->threads != threads) || !comparable(s, compiler) ||
            isinf(judged(m, s, state)))
            continue;
        if (!found || judged(m, s, state) < judged(m, found, state))
            found = s;
    }
    return found;
}

/* The serial program of the compiler, or gcc's. */
static const series *serial_beside(const measured *m, const char *compiler)
{
    const series *found = NULL;
    for (int i = 0; i < m->n_series; i++)
        if (m->all[i].serial && (!found || strcmp(m->all[i].compiler, compiler) == 0))
            found = &m->all[i];
    return found;
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

/* What is left blank where there is nothing to compare with. */
static const char *ratio_text(char text[24], const measured *m, const series *s, const series *other, distance state)
{
    text[0] = '\0';
    if (other && !isinf(judged(m, other, state)))
        snprintf(text, 24, "%.3f", ratio(judged(m, s, state), judged(m, other, state)));
    return text;
}

static const char *beside_serial(char text[24], const measured *m, const series *s, distance state)
{
    return ratio_text(text, m, s, serial_beside(m, s->compiler), state);
}

static const char *beside_peer(char text[24], const measured *m, const series *s, distance state)
{
    text[0] = '\0';
    return s->serial ? text : ratio_text(text, m, s, best(m, PEERS, s->threads, state, s->compiler), state);
}

static void write_row(FILE *csv, const measured *m, const series *s, distance state)
{
    char serial[24], peer[24];
    figure f = figure_of(s, state);
    bool failure = s->failed && state == NEAR;
    if (s->cannot || (!f.rounds && !failure) || (s->serial && state != NEAR))
        return;
    const char *unit = m->what->unit ? m->what->unit : "ns";
    fprintf(csv, "%s,%ld,%g,%s,%s,%d,%s,%d,%s,", m->what->name, m->n, m->what->item_ns, s->way, s->compiler, s->threads,
            s->serial ? "any" : state_names[state], f.rounds, unit);
    if (f.rounds)
        fprintf(csv, "%.2f,%.2f,%s,%s,%.1f,", f.min, f.median, beside_serial(serial, m, s, state),
                beside_peer(peer, m, s, state), f.round_trip);
    else
        fprintf(csv, ",,,,,");
    fprintf(csv, "%d,%s\n", s->repeats, s->wrong ? "WRONG" : s->failed ? "FAILED" : "OK");
}

static void print_row(const measured *m, const series *s, int threads, distance state)
{
    char serial[24], peer[24];
    figure f = figure_of(s, state);
    const char *mark = s == best(m, SERIAL | PEERS | OURS, threads, state, NULL) ? "**"
                       : s == best(m, PEERS, threads, state, NULL)               ? "*"
                                                                                 : "";
    if (s->cannot || (!f.rounds && !s->failed))
        return;
    printf("  %-2s %-24s %-6s", mark, s->way, s->compiler);
    if (f.rounds)
        printf("%14.1f %14.1f %9s %9s %6d", f.min, f.median, beside_serial(serial, m, s, state),
               beside_peer(peer, m, s, state), f.rounds);
    printf("%s\n", s->wrong ? "  WRONG" : s->failed ? "  FAILED" : "");
}

/* Libparallel beside the better of the serial loop and the best peer, of each compiler. */
static void print_verdicts(const measured *m, int threads, distance state)
{
    for (int i = 0; i < m->n_series; i++) {
        const series *s = &m->all[i];
        if (!s->ours || s->threads != threads || isinf(judged(m, s, state)))
            continue;
        const series *other = best(m, SERIAL | PEERS, threads, state, s->compiler);
        if (!other)
            continue;
        double times = ratio(judged(m, s, state), judged(m, other, state));
        printf("     %s, %s: %.3f of %s, the best other: %s\n", s->way, s->compiler, times, other->way,
               times < 1   ? "a win"
               : times > 1 ? "a loss"
                           : "a draw");
    }
}

static void print_state(const measured *m, int threads, distance state)
{
    bool sweep = m->what->sizes[2] != 0;
    double round_trip = INFINITY;
    for (int i = 0; i < m->n_series; i++)
        if (!m->all[i].serial && m->all[i].threads == threads)
            round_trip = fmin(round_trip, figure_of(&m->all[i], state).round_trip);
    const char *unit = m->what->unit ? m->what->unit : "ns";
    printf("\n%s, n = %ld: %s%s\n", m->what->name, m->n, m->what->about, m->what->by_median ? "; medians count" : "");
    printf("%d thread%s, %s (%.0f ns)\n", threads, threads == 1 ? "" : "s", state_names[state], round_trip);
    if (!sweep) {
        printf("  %34s%10s min %10s med  / serial    / peer rounds\n", "", unit, unit);
        for (int i = 0; i < m->n_series; i++)
            if (m->all[i].serial || m->all[i].threads == threads)
                print_row(m, &m->all[i], threads, state);
    }
    print_verdicts(m, threads, state);
}

/* ---- the summary ----------------------------------------------------------------------------------------- */

static const char *const our_ways[] = {"parallel-map", "parallel-for", NULL};
static const char *const our_compilers[] = {"gcc", "clang", NULL};

void report_summary_header(FILE *summary)
{
    fprintf(summary,
            "\nlibparallel's time in that of the better of the serial loop and the best peer, same compiler;\n"
            "above 1 is a loss\n\n%-18s %9s %3s %-5s %-30s %9s %9s %9s %9s\n",
            "", "", "", "", "", "map", "map", "for", "for");
    fprintf(summary, "%-18s %9s %3s %-5s %-30s %9s %9s %9s %9s\n", "workload", "n", "thr", "state", "fastest of all",
            "gcc", "clang", "gcc", "clang");
}

static const series *ours(const measured *m, const char *way, const char *compiler, int threads)
{
    for (int i = 0; i < m->n_series; i++)
        if (strcmp(m->all[i].way, way) == 0 && strcmp(m->all[i].compiler, compiler) == 0 &&
            m->all[i].threads == threads)
            return &m->all[i];
    return NULL;
}

static void summarise(FILE *summary, const measured *m, int threads, distance state)
{
    const series *fastest = best(m, SERIAL | PEERS | OURS, threads, state, NULL);
    char name[2 * MOST_NAME] = "";
    if (fastest)
        snprintf(name, sizeof name, "%s %s", fastest->way, fastest->compiler);
    fprintf(summary, "%-18s %9ld %3d %-5s %-30s", m->what->name, m->n, threads, state_names[state], name);
    for (int w = 0; our_ways[w]; w++)
        for (int c = 0; our_compilers[c]; c++) {
            const series *s = ours(m, our_ways[w], our_compilers[c], threads);
            char text[24] = "";
            if (s && !isinf(judged(m, s, state)))
                ratio_text(text, m, s, best(m, SERIAL | PEERS, threads, state, s->compiler), state);
            fprintf(summary, " %9s", text);
        }
    fprintf(summary, "\n");
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

/* Whether anything but the serial loop ran so. */
static bool any(const measured *m, int threads, distance state)
{
    for (int i = 0; i < m->n_series; i++)
        if (!m->all[i].serial && m->all[i].threads == threads && figure_of(&m->all[i], state).rounds)
            return true;
    return false;
}

/* Runs during which the state changed count for nothing, but are in the CSV. */
void report_measured(FILE *csv, FILE *summary, const measured *m)
{
    for (distance state = NEAR; state < DISTANCES; state++)
        for (int i = 0; i < m->n_series; i++)
            write_row(csv, m, &m->all[i], state);
    fflush(csv);
    for (int i = 0; i < m->n_series; i++) {
        int threads = m->all[i].threads;
        if (m->all[i].serial || (i > 0 && !m->all[i - 1].serial && m->all[i - 1].threads == threads))
            continue;
        for (distance state = NEAR; state < MIXED; state++)
            if (any(m, threads, state)) {
                print_state(m, threads, state);
                summarise(summary, m, threads, state);
            }
    }
    fflush(stdout);
}
