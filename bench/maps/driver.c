/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver.h"

double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- shapes of the input --------------------------------------------------------------------------------- */

/* A number in (0, 1] that depends on i only. */
static double uniform(size_t i)
{
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53 + 0x1p-54;
}

/* Costs after Pareto with exponent 1.1, at least `turns`, at most a thousandfold. */
static unsigned pareto(size_t i, unsigned turns)
{
    double factor = pow(uniform(i), -1 / 1.1);
    double cost = turns * (factor < 1000 ? factor : 1000);
    return cost < MOST_TURNS ? (unsigned)cost : MOST_TURNS;
}

static uint32_t with_turns(size_t i, unsigned turns)
{
    return (uint32_t)i << TURN_BITS | turns;
}

void fill(job *j, unsigned turns)
{
    for (size_t i = 0; i < j->n; i++)
        if (strcmp(j->shape, "pareto") == 0)
            j->in[i] = with_turns(i, pareto(i, turns));
        else if (strcmp(j->shape, "last") == 0) /* all cost in the last hundredth */
            j->in[i] = with_turns(i, i >= j->n - j->n / 100 ? turns : 1);
        else if (strcmp(j->shape, "rows") == 0)
            j->in[i] = (uint32_t)j->n << 16 | (uint32_t)i;
        else if (strcmp(j->shape, "index") == 0)
            j->in[i] = (uint32_t)i;
        else
            j->in[i] = with_turns(i, turns);
}

/* ---- one job --------------------------------------------------------------------------------------------- */

/* "turn:NAME" is `turn` with these options. */
static way_kernel *kernel_with(const char *options)
{
    if (!the_way.with)
        return the_way.turn;
    for (const named_kernel *k = the_way.with; k->name; k++)
        if (strcmp(k->name, options) == 0)
            return k->run;
    return NULL;
}

static way_kernel *kernel_named(const char *name)
{
    if (strncmp(name, "turn:", 5) == 0)
        return kernel_with(name + 5);
    return strcmp(name, "turn") == 0             ? the_way.turn
           : strcmp(name, "row") == 0            ? the_way.row
           : strcmp(name, "mix") == 0            ? the_way.mix
           : strcmp(name, "poly") == 0           ? the_way.poly
           : strcmp(name, "nested") == 0         ? the_way.nested
           : strcmp(name, "steps") == 0          ? the_way.steps
           : strcmp(name, "steps-in-place") == 0 ? the_way.steps_in_place
           : strcmp(name, "again") == 0          ? the_way.again
                                                 : NULL;
}

static uint64_t checksum(const uint32_t *out, size_t n)
{
    uint64_t sum = n;
    for (size_t i = 0; i < n; i++)
        sum = (sum << 7 | sum >> 57) ^ (sum + out[i]) * 0x9e3779b97f4a7c15u;
    return sum;
}

static int threads(void)
{
    const char *text = getenv("SUITE_THREADS");
    int n = text ? atoi(text) : 1;
    return n > 0 ? n : 1;
}

static int run_job(job *j)
{
    /* pages are there before anything is timed, as `in` is filled and `out` is not all zero */
    fill(j, j->turns);
    memset(j->out, 1, j->n * sizeof *j->out);
    if (the_way.start)
        the_way.start(threads());
    figures f = {0, 0};
    int status = run_mode(j, &f);
    if (status == 0)
        printf("min=%.3f median=%.3f checksum=%016llx\n", f.min, f.median, (unsigned long long)checksum(j->out, j->n));
    return status;
}

/* Arrays begin with a cache line in all programs: where malloc() has them depends on what a language's library has had
 * before. */
static uint32_t *new_array(size_t n)
{
    size_t line = 64, bytes = n * sizeof(uint32_t);
    return aligned_alloc(line, (bytes + line - 1) / line * line);
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: %s MODE KERNEL SHAPE N TURNS TURNS2 MILLISECONDS\n", argv[0]);
        return 2;
    }
    job j = {.mode = argv[1],
             .kernel = argv[2],
             .shape = argv[3],
             .n = strtoul(argv[4], NULL, 10),
             .turns = (unsigned)strtoul(argv[5], NULL, 10),
             .turns2 = (unsigned)strtoul(argv[6], NULL, 10),
             .slice = strtod(argv[7], NULL) * 1e-3,
             .argv = argv};
    j.run = kernel_named(j.kernel);
    if (!j.run)
        return CANNOT;
    j.in = new_array(j.n + 1);
    j.out = new_array(j.n + 1);
    int status = 2;
    if (j.in && j.out)
        status = run_job(&j);
    else
        perror(argv[0]);
    free(j.in);
    free(j.out);
    return status;
}
