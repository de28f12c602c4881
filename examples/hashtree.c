/* SPDX-License-Identifier: MIT */
/*
 * hashtree [--time] DIR: the SHA-256 of every regular file below DIR, in path order, printed as sha256sum prints it.
 *
 * One parallel_map of one decorated function. A file that cannot be read is a failed task: it is reported, and nothing
 * else is lost. With --time, it is done several times, in turns with a serial loop, and the least times are shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <parallel.h>

struct digest {
    unsigned char bytes[32];
};

/* ---- the task ---------------------------------------------------------------------------------------------------- */

/* Hashes what can be read from a descriptor: 0, or an errno value. */
static int hash_stream(int fd, const EVP_MD *sha256, struct digest *digest)
{
    unsigned char buffer[1 << 16];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int error = !context || !EVP_DigestInit_ex(context, sha256, NULL) ? ENOMEM : 0;
    while (!error) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno != EINTR)
            error = errno;
        else if (got > 0 && !EVP_DigestUpdate(context, buffer, (size_t)got))
            error = EIO;
        else if (got == 0)
            break;
    }
    if (!error && !EVP_DigestFinal_ex(context, digest->bytes, NULL))
        error = EIO;
    EVP_MD_CTX_free(context);
    return error;
}

static int hash_file(const char *const *path, struct digest *digest, void *sha256)
{
    int fd = open(*path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 ? errno : hash_stream(fd, sha256, digest);
    if (fd >= 0)
        close(fd);
    return error ? parallel_fail(error, "%s: %s", *path, strerror(error)) : 0;
}
PARALLEL_DECORATE_TASK(hash_file, const char *, struct digest);

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

/* nftw() gives its callback no context. */
static struct {
    const char **paths;
    size_t count, room;
    unsigned long long bytes;
    int problems;
} tree;

static int visit(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)where;
    if (type == FTW_DNR || type == FTW_NS) {
        fprintf(stderr, "hashtree: %s: cannot be read\n", path);
        tree.problems++;
    }
    if (type != FTW_F || !S_ISREG(status->st_mode))
        return 0;
    if (tree.count == tree.room) {
        size_t room = tree.room ? tree.room * 2 : 1024;
        const char **paths = realloc(tree.paths, room * sizeof *paths);
        if (!paths)
            return -1;
        tree.paths = paths;
        tree.room = room;
    }
    if (!(tree.paths[tree.count] = strdup(path)))
        return -1;
    tree.count++;
    tree.bytes += (unsigned long long)status->st_size;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- the output -------------------------------------------------------------------------------------------------- */

/* As sha256sum: a backslash in front of the line tells that the name holds escapes. */
static void print_line(const struct digest *digest, const char *path)
{
    bool escape = strpbrk(path, "\\\n\r") != NULL;
    if (escape)
        putchar('\\');
    for (size_t i = 0; i < sizeof digest->bytes; i++)
        printf("%02x", digest->bytes[i]);
    printf("  ");
    for (; *path; path++) {
        if (*path == '\\')
            printf("\\\\");
        else if (*path == '\n')
            printf("\\n");
        else if (*path == '\r')
            printf("\\r");
        else
            putchar(*path);
    }
    putchar('\n');
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static parallel_results *hash_all(EVP_MD *sha256)
{
    return parallel_map(hash_file, tree.paths, tree.count, .extras = sha256, .silent = true);
}

/* The serial loop that parallel_map equals. */
static void hash_serially(EVP_MD *sha256)
{
    struct digest digest;
    for (size_t i = 0; i < tree.count; i++)
        hash_file(&tree.paths[i], &digest, sha256);
}

/* Both, in turns; the page cache is warm for both. */
static void show_times(EVP_MD *sha256)
{
    enum { ROUNDS = 5 };
    double serial = 0, parallel = 0;
    hash_serially(sha256);
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        hash_serially(sha256);
        double middle = seconds();
        parallel_results_free(hash_all(sha256));
        double end = seconds();
        serial = round && serial < middle - start ? serial : middle - start;
        parallel = round && parallel < end - middle ? parallel : end - middle;
    }
    fprintf(stderr, "%zu files, %.1f MB: serial loop %.3f s, parallel_map %.3f s: %.2f times as fast (least of %d)\n",
            tree.count, (double)tree.bytes / 1e6, serial, parallel, serial / parallel, ROUNDS);
}

int main(int argc, char **argv)
{
    bool timed = argc == 3 && strcmp(argv[1], "--time") == 0;
    if (argc != 2 + timed) {
        fprintf(stderr, "usage: hashtree [--time] DIR\n");
        return 2;
    }
    if (nftw(argv[argc - 1], visit, 64, FTW_PHYS) != 0) {
        perror(argv[argc - 1]);
        return 2;
    }
    if (tree.count)
        qsort(tree.paths, tree.count, sizeof *tree.paths, by_path);

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); /* once: fetching takes locks */
#else
    EVP_MD *sha256 = (EVP_MD *)EVP_sha256();
#endif

    if (timed)
        show_times(sha256);
    PARALLEL_SCOPED parallel_results *results = hash_all(sha256);
    if (!results) {
        perror("hashtree");
        return 2;
    }

    for (size_t i = 0; i < tree.count; i++) {
        const struct digest *digest = parallel_result(results, i);
        if (digest)
            print_line(digest, tree.paths[i]);
    }
    const parallel_failure *failure;
    for (size_t k = 0; (failure = parallel_failed(results, k)); k++)
        fprintf(stderr, "hashtree: %s\n", failure->message);
    bool complete = parallel_failures(results) == 0 && tree.problems == 0;
    for (size_t i = 0; i < tree.count; i++)
        free((char *)tree.paths[i]);
    free(tree.paths);
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    EVP_MD_free(sha256);
#endif
    return fflush(stdout) == 0 && complete ? 0 : 1;
}
