/* SPDX-License-Identifier: MIT */
/*
 * untrusted [-t SECONDS] PATH...: what is in MP4 films: each PATH, or each file below it. Files are read on worker
 * processes, as the parser is one that should not be let near files of strangers: it was written by the book, and
 * believes what files say. Some make it read beyond its buffer, some make it recurse until the stack is full, and some
 * keep it in a loop. A film that is in order is printed, all others are listed with what became of them.
 *
 * No care is taken of any of that, but for the call's options. Arguments may be pointers, as workers are forked for
 * the call.
 *
 * Exit status: 0 if all files were in order, 1 if some were not, 2 if it could not begin.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "film.h"
#include "usage.h"

/* ---- the task ---------------------------------------------------------------------------------------------------- */

static int examine(const char *const *path, struct film *film, void *extras)
{
    (void)extras;
    return read_film(*path, film);
}
PARALLEL_DECORATE_TASK(examine, const char *, struct film, .timeout = 5, .silent = true);

/* ---- which files ------------------------------------------------------------------------------------------------- */

/* nftw() gives its callback no context. */
static struct {
    const char **paths;
    size_t count, room;
} files;

static int visit(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    if (type == FTW_D || type == FTW_DP || (where->level > 0 && type == FTW_SL))
        return 0;
    if (files.count == files.room) {
        size_t room = files.room ? files.room * 2 : 64;
        const char **paths = realloc(files.paths, room * sizeof *paths);
        if (!paths)
            return -1;
        files.paths = paths;
        files.room = room;
    }
    if (!(files.paths[files.count] = strdup(path)))
        return -1;
    files.count++;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In order, and each once, since they are names. */
static void sort_files(void)
{
    size_t kept = 0;
    if (files.count)
        qsort(files.paths, files.count, sizeof *files.paths, by_path);
    for (size_t i = 0; i < files.count; i++)
        if (kept && strcmp(files.paths[i], files.paths[kept - 1]) == 0)
            free((char *)files.paths[i]);
        else
            files.paths[kept++] = files.paths[i];
    files.count = kept;
}

/* ---- the output -------------------------------------------------------------------------------------------------- */

static bool report(const parallel_results *results)
{
    for (size_t i = 0; i < files.count; i++) {
        const struct film *film = parallel_result(results, i);
        if (film)
            print_film(files.paths[i], film);
    }
    if (parallel_failures(results))
        printf("%zu of %zu files are not in order:\n", parallel_failures(results), files.count);
    const parallel_failure *failure;
    for (size_t k = 0; (failure = parallel_failed(results, k)); k++)
        printf("%s: %s\n", failure->name, failure->message); /* the task's, or what killed it */
    return parallel_failures(results) == 0;
}

static const char usage_text[] =
    "usage: untrusted [-t SECONDS] PATH...\n"
    "Has files examined by a parser that may crash or hang, on worker processes, each for so long.\n";

static int usage(void)
{
    fputs(usage_text, stderr);
    return 2;
}

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage_text);
    double timeout = 0; /* what is decorated */
    for (int option; (option = getopt(argc, argv, "t:")) != -1;)
        if (option != 't' || (timeout = atof(optarg)) <= 0)
            return usage();
    if (optind == argc)
        return usage();
    for (int i = optind; i < argc; i++)
        if (nftw(argv[i], visit, 64, FTW_PHYS) != 0) {
            perror(argv[i]);
            return 2;
        }
    sort_files();

    PARALLEL_SCOPED parallel_results *results =
        parallel_process_map(examine, files.paths, files.count, .timeout = timeout, .names = files.paths);
    if (!results)
        fprintf(stderr, "untrusted: %s\n", parallel_error());
    int status = !results ? 2 : report(results) ? 0 : 1;
    for (size_t i = 0; i < files.count; i++)
        free((char *)files.paths[i]);
    free(files.paths);
    return fflush(stdout) == 0 ? status : 2;
}
