/* SPDX-License-Identifier: MIT */
/*
 * progress [-b BLOCKS] [-g GAP]: counts the primes from 10^9 on, in BLOCKS blocks of ten thousand numbers, and prints
 * every two of them between which there is a gap of at least GAP. It takes a while: a bar below these lines shows how
 * far it is, and Ctrl-C ends it early, with a report of what has been done until then.
 *
 * The map runs in the background, and its executor is what the signal handler cancels.
 *
 * Exit status: 0 if all blocks were searched, 1 if it ended early, 2 if it could not begin.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <parallel.h>

#include "usage.h"

enum { FIRST = 1000000000, WIDTH = 10000, MOST_BLOCKS = 300000 };

struct tally {
    unsigned primes, widest;
};

/* ---- the task ---------------------------------------------------------------------------------------------------- */

static bool is_prime(unsigned n)
{
    for (unsigned d = 3; d <= n / d; d += 2)
        if (n % d == 0)
            return false;
    return n % 2 == 1;
}

/* Searches one block, and beyond it for the prime that ends its last gap. */
static int search(const unsigned *block, struct tally *tally, void *least)
{
    unsigned begin = FIRST + *block * WIDTH, last = 0;
    for (unsigned n = begin + 1; last < begin + WIDTH; n += 2) {
        if (parallel_cancelled())
            return ECANCELED;
        if (!is_prime(n))
            continue;
        if (last && n - last > tally->widest)
            tally->widest = n - last;
        if (last && n - last >= *(const unsigned *)least)
            printf("%u and %u: a gap of %u\n", last, n, n - last);
        tally->primes += n < begin + WIDTH;
        last = n;
    }
    return 0;
}
PARALLEL_DECORATE_TASK(search, unsigned, struct tally, .silent = true, .progress = parallel_progress_bar,
                       .progress_data = "searching");

/* ---- Ctrl-C ------------------------------------------------------------------------------------------------------ */

static parallel_executor *_Atomic searching;

static void on_interrupt(int signal)
{
    (void)signal;
    parallel_cancel(searching); /* NOLINT: it is safe here */
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static unsigned number(unsigned most)
{
    char *end;
    unsigned long value = strtoul(optarg, &end, 10);
    if (end == optarg || *end || value < 1 || value > most) {
        fprintf(stderr, "progress: %s: not from 1 to %u\n", optarg, most);
        exit(2);
    }
    return (unsigned)value;
}

/* Adds up what was done. Returns whether that is everything. */
static bool report(const parallel_results *results)
{
    size_t blocks = parallel_length(results), done = parallel_succeeded(results, NULL, 0);
    unsigned long primes = 0;
    unsigned widest = 0;
    for (size_t i = 0; i < blocks; i++) {
        const struct tally *tally = parallel_result(results, i);
        primes += tally ? tally->primes : 0;
        widest = tally && tally->widest > widest ? tally->widest : widest;
    }
    printf("%s %zu of %zu blocks: %lu primes, the widest gap is %u\n", done < blocks ? "stopped after" : "searched",
           done, blocks, primes, widest);
    return done == blocks;
}

static const char usage[] =
    "usage: progress [-b BLOCKS] [-g GAP]\n"
    "Looks for gaps of GAP or more between primes, in so many blocks, under a bar; Ctrl-C reports.\n";

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage);
    unsigned blocks = 2000, least = 200;
    for (int option; (option = getopt(argc, argv, "b:g:")) != -1;) {
        if (option == 'b')
            blocks = number(MOST_BLOCKS);
        else if (option == 'g')
            least = number(WIDTH);
        else {
            fputs(usage, stderr);
            return 2;
        }
    }
    unsigned *block = calloc(blocks, sizeof *block);
    for (unsigned i = 0; block && i < blocks; i++)
        block[i] = i;
    parallel_executor *ex = block ? parallel_async_map(search, block, blocks, .extras = &least) : NULL;
    if (!ex) {
        fprintf(stderr, "progress: %s\n", block ? parallel_error() : "no memory");
        free(block);
        return 2;
    }
    searching = ex;
    signal(SIGINT, on_interrupt);
    printf("gaps of %u and more between primes from %u on; Ctrl-C ends it\n", least, (unsigned)FIRST);
    fflush(stdout);

    const parallel_results *results = parallel_executor_results(ex);
    signal(SIGINT, SIG_DFL); /* the executor ends here, and the handler must not find it */
    int status = 2;
    if (results)
        status = report(results) ? 0 : 1;
    else
        fprintf(stderr, "progress: %s\n", parallel_error());
    parallel_executor_free(ex);
    free(block);
    return fflush(stdout) == 0 ? status : 2;
}
