/* SPDX-License-Identifier: MIT */
/*
 * Inputs of the fuzzer as a test, for any compiler: the files that are named, or all in corpus/, and some that are made
 * up. What takes longer than LIMIT hangs.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "support/tasks.h"

enum { MOST = 4096, LIMIT = 240, MADE_UP = PL_SANITIZED ? 50 : 300 };

static int count, failed;

static void run(const char *name, const unsigned char *bytes, size_t size)
{
    fprintf(stderr, "%s\n", name); /* shown if it crashes or hangs */
    alarm(LIMIT);
    const char *complaint = failed ? "one before it has failed" : fuzz_run(bytes, size);
    failed |= complaint != NULL;
    printf("%s %d - %s%s%s\n", complaint ? "not ok" : "ok", ++count, name, complaint ? ": " : "",
           complaint ? complaint : "");
    fflush(stdout);
}

static void run_file(const char *path)
{
    static unsigned char bytes[MOST];
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("not ok %d - %s cannot be read\n", ++count, path);
        failed = 1;
        return;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    const char *slash = strrchr(path, '/');
    run(slash ? slash + 1 : path, bytes, size);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void run_all_in(const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_visible, alphasort);
    if (n <= 0) {
        printf("not ok %d - there is nothing in %s\n", ++count, folder);
        failed = 1;
    }
    for (int i = 0; i < n; i++) {
        char path[8192];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        run_file(path);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static void run_made_up(unsigned long long seed)
{
    unsigned char bytes[512];
    char name[40];
    unsigned long long state = pl_scramble(seed) | 1;
    size_t size = 16 + pl_random(&state) / 8 % (sizeof bytes - 16);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(pl_random(&state) >> 32);
    snprintf(name, sizeof name, "made up of seed %llu", seed);
    run(name, bytes, size);
}

int main(int argc, char **argv)
{
    const char *source = getenv("srcdir");
    char corpus[4096];
    fuzz_begin();
    for (int i = 1; i < argc; i++)
        run_file(argv[i]);
    if (argc == 1) {
        snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus", source ? source : ".");
        run_all_in(corpus);
        for (unsigned long long seed = 1; seed <= MADE_UP; seed++)
            run_made_up(seed);
    }
    rnd_end();
    printf("1..%d\n", count);
    return failed;
}
