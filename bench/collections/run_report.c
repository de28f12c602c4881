/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../harness/harness.h"
#include "run.h"

/* ---- conditions ------------------------------------------------------------------------------------------ */

static void describe(FILE *to)
{
    describe_machine(to, how.directory);
    fprintf(to, "# commit: %s, %d rounds, programs in turn in each; a process fills %g ms with calls\n", how.commit,
            how.rounds, how.milliseconds);
    fprintf(to, "# a run that others disturbed is done again, %d times at most\n", how.most_repeats);
}

void report_header(FILE *csv)
{
    describe(csv);
    describe(stdout);
    fprintf(csv, "workload,n,way,compiler,threads,rounds,min_ns,median_ns,min_ns_per_item,ratio_to_serial,"
                 "ratio_to_best_peer,repeats,result\n");
    fflush(csv);
}

/* ---- figures --------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static void sort_figures(series *s)
{
    qsort(s->min_ns, (size_t)s->runs, sizeof s->min_ns[0], by_value);
    qsort(s->median_ns, (size_t)s->runs, sizeof s->median_ns[0], by_value);
}

typedef enum kind { SERIAL = 1, PEERS = 2, OURS = 4, VARIANTS = 8 } kind;

static kind kind_of(const series *s)
{
    return s->serial ? SERIAL : s->ours ? OURS : s->variant ? VARIANTS : PEERS;
}

/* The fastest with so many threads, of the kinds given, and of the compiler unless NULL; or NULL. */
static const series *best(const measured *m, int kinds, int threads, const char *compiler)
{
    const series *found = NULL;
    for (int i = 0; i < m->n_series; i++) {
        const series *s = &m->all[i];
        if (!(kind_of(s) & kinds) || (!s->serial && s->threads != threads) || s->failed || !s->runs ||
            (compiler && s->compiler != compiler))
            continue;
        if (!found || s->min_ns[0] < found->min_ns[0])
            found = s;
    }
    return found;
}

/* One's least time in the other's; blank where one of them did not run. */
static const char *ratio_text(char text[24], const series *s, const series *other)
{
    text[0] = '\0';
    if (s && other && s->runs && other->runs)
        snprintf(text, 24, "%.3f", s->min_ns[0] / other->min_ns[0]);
    return text;
}

static const char *beside_serial(char text[24], const measured *m, const series *s)
{
    return ratio_text(text, s, best(m, SERIAL, 1, s->compiler));
}

static const char *beside_peer(char text[24], const measured *m, const series *s)
{
    return ratio_text(text, s, s->serial ? NULL : best(m, PEERS, s->threads, s->compiler));
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

static void write_row(FILE *csv, const measured *m, const series *s)
{
    char serial[24], peer[24];
    if (s->cannot)
        return;
    fprintf(csv, "%s,%ld,%s,%s,%d,%d,", m->what->name, m->n, s->way, s->compiler, s->threads, s->runs);
    if (s->runs)
        fprintf(csv, "%.2f,%.2f,%.4f,%s,%s,", s->min_ns[0], s->median_ns[s->runs / 2], s->min_ns[0] / (double)m->n,
                beside_serial(serial, m, s), beside_peer(peer, m, s));
    else
        fprintf(csv, ",,,,,");
    fprintf(csv, "%d,%s\n", s->repeats, s->wrong ? "WRONG" : s->failed ? "FAILED" : "OK");
}

static void print_row(const measured *m, const series *s, int threads)
{
    char serial[24], peer[24];
    const char *mark = s == best(m, SERIAL | PEERS | OURS, threads, NULL) ? "**"
                       : s == best(m, PEERS, threads, NULL)               ? "*"
                                                                          : "";
    if (s->cannot)
        return;
    printf("  %-2s %-21s %-6s", mark, s->way, s->compiler);
    if (s->runs)
        printf("%14.1f %14.1f %9.3f %9s %9s", s->min_ns[0], s->median_ns[s->runs / 2], s->min_ns[0] / (double)m->n,
               beside_serial(serial, m, s), beside_peer(peer, m, s));
    printf("%s\n", s->wrong ? "  WRONG" : s->failed ? "  FAILED" : "");
}

/* Libparallel beside the better of the serial loop and the best peer, of each compiler. */
static void print_verdicts(const measured *m, int threads)
{
    for (int i = 0; i < m->n_series; i++) {
        const series *s = &m->all[i];
        const series *other = best(m, SERIAL | PEERS, threads, s->compiler);
        if (!s->ours || s->threads != threads || !s->runs || !other)
            continue;
        double times = s->min_ns[0] / other->min_ns[0];
        printf("     parallel, %s: %.3f of %s, the best other: %s\n", s->compiler, times, other->way,
               times < 1   ? "a win"
               : times > 1 ? "a loss"
                           : "a draw");
    }
}

static void print_table(const measured *m, int threads)
{
    printf("\n%s, n = %ld: %s\n%d thread%s\n", m->what->name, m->n, m->what->about, threads, threads == 1 ? "" : "s");
    printf("  %30s%14s %14s %9s %9s %9s\n", "", "ns min", "ns med", "/ item", "/ serial", "/ peer");
    for (int i = 0; i < m->n_series; i++)
        if (m->all[i].serial || m->all[i].threads == threads)
            print_row(m, &m->all[i], threads);
    print_verdicts(m, threads);
}

/* ---- the summary ----------------------------------------------------------------------------------------- */

static const char *const our_compilers[] = {"gcc", "clang", NULL};

void report_summary_header(FILE *summary)
{
    fprintf(
        summary,
        "\nlibparallel's time in that of the serial loop, and of the best peer, same compiler; above 1 is a loss\n\n"
        "%-17s %9s %3s %-27s %19s %19s\n",
        "", "", "", "", "gcc        ", "clang       ");
    fprintf(summary, "%-17s %9s %3s %-27s %9s %9s %9s %9s\n", "workload", "n", "thr", "fastest of all", "/ serial",
            "/ peer", "/ serial", "/ peer");
}

static void summarise(FILE *summary, const measured *m, int threads)
{
    const series *fastest = best(m, SERIAL | PEERS | OURS, threads, NULL);
    char name[2 * MOST_NAME] = "";
    if (fastest)
        snprintf(name, sizeof name, "%s %s", fastest->way, fastest->compiler);
    fprintf(summary, "%-17s %9ld %3d %-27s", m->what->name, m->n, threads, name);
    for (int c = 0; our_compilers[c]; c++) {
        char serial[24] = "", peer[24] = "";
        for (int i = 0; i < m->n_series; i++) {
            const series *s = &m->all[i];
            if (!s->ours || s->threads != threads || strcmp(s->compiler, our_compilers[c]) != 0)
                continue;
            beside_serial(serial, m, s);
            beside_peer(peer, m, s);
        }
        fprintf(summary, " %9s %9s", serial, peer);
    }
    fprintf(summary, "\n");
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

void report_measured(FILE *csv, FILE *summary, measured *m)
{
    for (int i = 0; i < m->n_series; i++)
        sort_figures(&m->all[i]);
    for (int i = 0; i < m->n_series; i++)
        write_row(csv, m, &m->all[i]);
    fflush(csv);
    for (const int *threads = how.threads; *threads; threads++) {
        print_table(m, *threads);
        summarise(summary, m, *threads);
    }
    fflush(stdout);
}
