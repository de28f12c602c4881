/* SPDX-License-Identifier: MIT */
/* What the loop_... examples have in common: their work, and what they print. */
#ifndef EXAMPLES_LOOP_WORK_H
#define EXAMPLES_LOOP_WORK_H

#include <stdio.h>
#include <stdlib.h>

#include <parallel.h>

#include "usage.h"

enum { WIDTH = 2000, MOST_PARTS = 1000000 };

/* The primes among WIDTH numbers. */
static unsigned count_primes(unsigned part)
{
    unsigned count = 0;
    for (unsigned n = part * WIDTH; n < (part + 1) * WIDTH; n++) {
        unsigned d = 2;
        while (d <= n / d && n % d)
            d++;
        count += n > 1 && d > n / d;
    }
    return count;
}
PARALLEL_DECORATE(count_primes, unsigned, unsigned);

static const char usage[] = "usage: loop_poll, loop_uv or loop_glib [PARTS, 1 to 1000000]\n"
                            "Counts primes in the background of an event loop, which goes on.\n";
_Static_assert(MOST_PARTS == 1000000, "what the usage says");

static parallel_executor *ex;
static unsigned parts[MOST_PARTS], done, primes, ticks;

/* Starts the work: as many parts as the command line says. Exits if that cannot be. */
static void start_work(int argc, char **argv)
{
    answer_options(argc, argv, usage);
    long n = argc > 1 ? atol(argv[1]) : 500;
    for (unsigned i = 0; i < MOST_PARTS; i++)
        parts[i] = i;
    if (n > 0 && n <= MOST_PARTS)
        ex = parallel_async_map(count_primes, parts, (size_t)n, .as_completed = true);
    if (!ex) {
        fputs(usage, stderr);
        exit(2);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Takes what has ended. Whether that was all. */
static bool take_work(void)
{
    parallel_item item;
    int rc;
    while ((rc = parallel_executor_next(ex, &item, 0)) == 1) {
        if (!item.failure) {
            primes += *(const unsigned *)item.result;
            done++;
        }
    }
    return rc == 0;
}

static void tick(void)
{
    printf("tick %u: %u parts are done\n", ++ticks, done);
}

/* Frees the work. The program's exit status. */
static int report_work(void)
{
    bool well = parallel_executor_status(ex) == PARALLEL_DONE;
    printf("%s: %u parts, %u primes, %u ticks\n", well ? "done" : "stopped", done, primes, ticks);
    parallel_executor_free(ex);
    return well ? 0 : 1;
}

#endif
