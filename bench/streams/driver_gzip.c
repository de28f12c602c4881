/* SPDX-License-Identifier: MIT */
/* WAY gzip MS: has COMMAND compress a text for so long, three times at least; prints what it took, and a checksum of
 * the text. COMMAND is a printf format of how many threads there are to be, and may be in the program's directory. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_RUNS = 1000, LEAST_RUNS = 3, LINE = 4096 };
#define BYTES 60000000l

static char text[] = "/tmp/parallel-text-XXXXXX", packed[] = "/tmp/parallel-gzip-XXXXXX";

static uint64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Lines as a log has them: words of a small language, some often, some rarely, and numbers. */
static int write_text(FILE *to)
{
    uint64_t x = 1;
    for (long written = 0; written < BYTES;) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        unsigned often = (unsigned)(x >> 40) % 97, word = (unsigned)(x >> 33) % (often < 60 ? 40 : 4000);
        int n = often == 0 ? fprintf(to, "%u\n", (unsigned)(x >> 32))
                           : fprintf(to, "w%xs%o ", word * 2654435761u >> 20, word);
        if (n < 0)
            return -1;
        written += n;
    }
    return fflush(to);
}

/* The checksum of what was packed, which gzip reads. */
static int check_packed(unsigned long *sum)
{
    char line[LINE];
    snprintf(line, sizeof line, "gzip -dc %s | cksum", packed);
    FILE *from = popen(line, "r");
    int got = from ? fscanf(from, "%lu", sum) : 0;
    return from && pclose(from) == 0 && got == 1 ? 0 : -1;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure(const char *command, double ms)
{
    static double all[MOST_RUNS];
    int runs = 0;
    unsigned long sum;
    if (system(command) != 0 || check_packed(&sum) != 0) /* does not count */
        return 1;
    for (uint64_t began = nanoseconds(); runs < LEAST_RUNS || (runs < MOST_RUNS && nanoseconds() - began < ms * 1e6);) {
        uint64_t start = nanoseconds();
        if (system(command) != 0)
            return 1;
        all[runs++] = (double)(nanoseconds() - start);
    }
    qsort(all, (size_t)runs, sizeof *all, by_value);
    printf("min_ns=%.2f median_ns=%.2f max_ns=%.2f sum=%016lx\n", all[0], all[runs / 2], all[runs - 1], sum);
    return 0;
}

/* What is beside this program is found first. */
static void look_in(const char *program)
{
    char path[2 * LINE];
    const char *slash = strrchr(program, '/'), *before = getenv("PATH");
    if (slash && snprintf(path, sizeof path, "%.*s:%s", (int)(slash - program), program, before ? before : "") > 0)
        setenv("PATH", path, 1);
}

int main(int argc, char **argv)
{
    char command[LINE], line[2 * LINE];
    const char *threads = getenv("SUITE_THREADS");
    if (argc != 3)
        return 2;
    look_in(argv[0]);
    int fd = mkstemp(text), out = mkstemp(packed);
    FILE *to = fd < 0 || out < 0 ? NULL : fdopen(fd, "w");
    snprintf(command, sizeof command, COMMAND, threads ? threads : "2");
    snprintf(line, sizeof line, "%s <%s >%s", command, text, packed);
    int failed = !to || write_text(to) != 0 || measure(line, atof(argv[2])) != 0;
    unlink(text);
    unlink(packed);
    return failed;
}
