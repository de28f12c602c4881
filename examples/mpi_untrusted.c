/* SPDX-License-Identifier: MIT */
/*
 * mpi_untrusted FILE...: what is in MP4 films, as untrusted has it, read on the ranks of an MPI job. Each rank runs the
 * parser in worker processes of its own: what crashes, or never ends, is one file's failure, and neither the rank's end
 * nor the job's.
 *
 *      mpirun -n 4 mpi_untrusted *.mp4
 *
 * Ranks have nothing of this one's memory: a task's argument is the path itself, and not a pointer to it. All hosts are
 * to have the files at the same paths.
 *
 * Exit status: 0 if all files were in order, 1 if some were not, 2 if it could not begin.
 */
#include <parallel_mpi.h>

#include "film.h"
#include "usage.h"

struct path {
    char is[4096];
};

static int examine(const struct path *path, struct film *film, void *extras)
{
    (void)extras;
    return read_film(path->is, film);
}
PARALLEL_DECORATE_TASK(examine, struct path, struct film, .timeout = 2, .silent = true,
                       .isolation = PARALLEL_PERSISTENT);

static bool report(const parallel_results *results, const char *const *names)
{
    const parallel_failure *failure;
    for (size_t i = 0; i < parallel_length(results); i++) {
        const struct film *film = parallel_result(results, i);
        if (film)
            print_film(names[i], film);
    }
    if (parallel_failures(results))
        printf("%zu of %zu files are not in order:\n", parallel_failures(results), parallel_length(results));
    for (size_t k = 0; (failure = parallel_failed(results, k)); k++)
        printf("%s: %s\n", failure->name, failure->message); /* the task's, or what killed its worker process */
    return parallel_failures(results) == 0;
}

static int examine_all(const char **names, size_t count)
{
    struct path *paths = calloc(count, sizeof *paths);
    for (size_t i = 0; paths && i < count; i++)
        snprintf(paths[i].is, sizeof paths[i].is, "%s", names[i]);
    PARALLEL_SCOPED parallel_results *results =
        paths ? parallel_map(examine, paths, count, .executor = PARALLEL_MPI, .names = names) : NULL;
    free(paths);
    if (!results)
        fprintf(stderr, "mpi_untrusted: %s\n", parallel_error());
    return !results ? 2 : report(results, names) ? 0 : 1;
}

static const char usage[] = "usage: mpi_untrusted FILE...\n"
                            "Has files examined by a parser that may crash or hang, on the ranks of a job.\n";

int main(int argc, char **argv)
{
    answer_options(argc, argv, usage);
    if (parallel_mpi_init(&argc, &argv) != 0) {
        fprintf(stderr, "mpi_untrusted: %s\n", parallel_error());
        return 2;
    }
    if (argc < 2) {
        fputs(usage, stderr);
        return 2;
    }
    int status = examine_all((const char **)argv + 1, (size_t)argc - 1);
    return fflush(stdout) == 0 ? status : 2;
}
