/* SPDX-License-Identifier: MIT */
/*
 * hashtree [--time] DIR: the SHA-256 of every regular file below DIR, in path order, printed as sha256sum prints it.
 *
 * parallel_for_each walks the tree: a task reads one directory, and adds a task for each directory in it. Then one
 * parallel_map of one decorated function hashes the files. A file that cannot be read is a failed task: it is reported,
 * and nothing else is lost. With --time, the files are hashed several times, in turns with a serial loop, and the least
 * times are shown.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <parallel.h>

#include "usage.h"

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

/* A file, or a directory, which tasks are about. */
struct entry {
    struct entry *next;
    bool is_file;
    char path[];
};

/* What has been found. */
struct tree {
    pthread_mutex_t lock;
    struct entry *entries;
    size_t files, problems;
    unsigned long long bytes; /* of all files */
};

/* Keeps an entry of a directory, whose path is as find prints it; NULL if there is no memory. */
static struct entry *keep_entry(struct tree *tree, const char *directory, const char *name, const struct stat *status)
{
    size_t length = strlen(directory), room = length + strlen(name) + 2;
    struct entry *entry = malloc(sizeof *entry + room);
    if (!entry)
        return NULL;
    snprintf(entry->path, room, "%s%s%s", directory, length == 0 || directory[length - 1] == '/' ? "" : "/", name);
    entry->is_file = S_ISREG(status->st_mode);
    pthread_mutex_lock(&tree->lock);
    entry->next = tree->entries;
    tree->entries = entry;
    tree->files += entry->is_file;
    tree->bytes += entry->is_file ? (unsigned long long)status->st_size : 0;
    pthread_mutex_unlock(&tree->lock);
    return entry;
}

static void report_directory(struct tree *tree, const char *path, int error)
{
    fprintf(stderr, "hashtree: %s: cannot be read: %s\n", path, strerror(error));
    pthread_mutex_lock(&tree->lock);
    tree->problems++;
    pthread_mutex_unlock(&tree->lock);
}

/* Reads a directory: files are kept, and directories are tasks, too. One that cannot be read is reported, and is no
 * reason for the walk to fail. */
static int read_directory(const char *const *path, void *none, void *tree);
PARALLEL_DECORATE_TASK(read_directory, const char *, void);

static int take_entry(struct tree *tree, DIR *directory, const char *path, const char *name)
{
    struct stat status = {.st_mode = S_IFREG}; /* or what else there is: it will be reported when it is to be hashed */
    if (fstatat(dirfd(directory), name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode) &&
        !S_ISDIR(status.st_mode))
        return 0;
    const struct entry *entry = keep_entry(tree, path, name, &status);
    if (!entry)
        return ENOMEM;
    const char *found = entry->path;
    return entry->is_file || parallel_for_each_add(read_directory, &found) == 0 ? 0 : errno;
}

/* As readdir(), whose NULL is an end, or a failure: at the end errno is 0. */
static const struct dirent *next_entry(DIR *directory)
{
    errno = 0;
    return readdir(directory);
}

static int read_directory(const char *const *path, void *none, void *tree)
{
    DIR *directory = opendir(*path);
    const struct dirent *entry = NULL;
    int error = 0;
    (void)none;
    while (directory && !error && (entry = next_entry(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            error = take_entry(tree, directory, *path, entry->d_name);
    if (!entry && errno)
        report_directory(tree, *path, errno);
    if (directory)
        closedir(directory);
    return error;
}

/* Finds all that is at or below a path: 0; or -1 with errno. */
static int walk_tree(struct tree *tree, const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return -1;
    if (S_ISDIR(status.st_mode))
        return parallel_for_each(read_directory, &path, 1, .extras = tree);
    return !S_ISREG(status.st_mode) || keep_entry(tree, "", path, &status) ? 0 : -1;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The paths of all files, in order, in an array to be freed; NULL if there is no memory. */
static const char **sort_files(const struct tree *tree)
{
    const char **paths = malloc((tree->files + 1) * sizeof *paths);
    size_t count = 0;
    for (const struct entry *entry = tree->entries; paths && entry; entry = entry->next)
        if (entry->is_file)
            paths[count++] = entry->path;
    if (paths)
        qsort(paths, count, sizeof *paths, by_path);
    return paths;
}

static void free_entries(struct tree *tree)
{
    for (struct entry *entry = tree->entries, *next; entry; entry = next) {
        next = entry->next;
        free(entry);
    }
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

static parallel_results *hash_all(const char **paths, size_t n, EVP_MD *sha256)
{
    return parallel_map(hash_file, paths, n, .extras = sha256, .silent = true);
}

/* The serial loop that parallel_map equals. */
static void hash_serially(const char **paths, size_t n, EVP_MD *sha256)
{
    struct digest digest;
    for (size_t i = 0; i < n; i++)
        hash_file(&paths[i], &digest, sha256);
}

/* Both, in turns; the page cache is warm for both. */
static void show_times(const char **paths, const struct tree *tree, EVP_MD *sha256)
{
    enum { ROUNDS = 5 };
    double serial = 0, parallel = 0;
    hash_serially(paths, tree->files, sha256);
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        hash_serially(paths, tree->files, sha256);
        double middle = seconds();
        parallel_results_free(hash_all(paths, tree->files, sha256));
        double end = seconds();
        serial = round && serial < middle - start ? serial : middle - start;
        parallel = round && parallel < end - middle ? parallel : end - middle;
    }
    fprintf(stderr, "%zu files, %.1f MB: serial loop %.3f s, parallel_map %.3f s: %.2f times as fast (least of %d)\n",
            tree->files, (double)tree->bytes / 1e6, serial, parallel, serial / parallel, ROUNDS);
}

/* Returns how many files could not be read; -1 with errno if none was tried. */
static ptrdiff_t print_hashes(const char **paths, size_t n, EVP_MD *sha256)
{
    PARALLEL_SCOPED parallel_results *results = hash_all(paths, n, sha256);
    if (!results)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct digest *digest = parallel_result(results, i);
        if (digest)
            print_line(digest, paths[i]);
    }
    const parallel_failure *failure;
    for (size_t k = 0; (failure = parallel_failed(results, k)); k++)
        fprintf(stderr, "hashtree: %s\n", failure->message);
    return (ptrdiff_t)parallel_failures(results);
}

/* Returns the exit status. */
static int hash_tree(const struct tree *tree, bool timed)
{
    const char **paths = sort_files(tree);
    if (!paths) {
        perror("hashtree");
        return 2;
    }
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); /* once: fetching takes locks */
#else
    EVP_MD *sha256 = (EVP_MD *)EVP_sha256();
#endif
    if (timed)
        show_times(paths, tree, sha256);
    ptrdiff_t failures = print_hashes(paths, tree->files, sha256);
    if (failures < 0)
        fprintf(stderr, "hashtree: %s\n", parallel_error());
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    EVP_MD_free(sha256);
#endif
    free(paths);
    return failures < 0 ? 2 : failures || tree->problems ? 1 : 0;
}

static const char usage[] =
    "usage: hashtree [--time] DIR\n"
    "Prints the SHA-256 of every file below DIR as sha256sum does; --time: beside a serial loop.\n";

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage);
    bool timed = argc == 3 && strcmp(argv[1], "--time") == 0;
    if (argc != 2 + timed || argv[argc - 1][0] == '-') {
        fputs(usage, stderr);
        return 2;
    }
    struct tree tree = {.lock = PTHREAD_MUTEX_INITIALIZER};
    int status = 2;
    if (walk_tree(&tree, argv[argc - 1]) != 0)
        perror(argv[argc - 1]);
    else
        status = hash_tree(&tree, timed);
    free_entries(&tree);
    return fflush(stdout) == 0 || status ? status : 1;
}
