/* SPDX-License-Identifier: MIT */
/*
 * wordcount [-n K] [--time] PATH...: how often each word occurs in the files at and below these paths, most frequent
 * first; with -n, the K most frequent. A word is a run of the letters A to Z and a to z within a file, in lower case.
 * What is printed is what these print, with LC_ALL=C:
 *
 *     grep -rahoE '[A-Za-z]+' PATH... | tr A-Z a-z | sort | uniq -c | sort -k1,1nr -k2
 *
 * One parallel_for_each does it: a task reads a directory, and adds a task for each file and directory in it, or it
 * counts the words of a file, in a table that no other task has at the same time, which parallel_worker_index tells.
 * At the end, one table is made of all. Links are followed if they are a PATH. What cannot be read is reported, and
 * all else is counted. With --time, that is done several times, in turns on one thread, and the least times are shown.
 *
 * Exit status: 0; 1 if something could not be read, 2 if nothing could be done.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <parallel.h>

#include "usage.h"

/* ---- words ------------------------------------------------------------------------------------------------------- */

struct word {
    char *text; /* NULL: none is here */
    uint64_t hash;
    size_t count;
};

/* A hash table with open addressing, at most half full. An empty one is all zero. */
struct table {
    struct word *words;
    size_t room, count; /* room is 0, or a power of two */
    bool failed;        /* there was no memory for a word: the counts are of no use */
};

static void free_table(struct table *table)
{
    for (size_t i = 0; i < table->room; i++)
        free(table->words[i].text);
    free(table->words);
    *table = (struct table){0};
}

/* Where a word is, or is to be. */
static struct word *find_place(const struct table *table, const char *text, uint64_t hash)
{
    for (size_t i = (size_t)hash;; i++) {
        struct word *word = &table->words[i & (table->room - 1)];
        if (!word->text || (word->hash == hash && strcmp(word->text, text) == 0))
            return word;
    }
}

static bool make_room(struct table *table)
{
    struct table larger = {.room = table->room ? table->room * 2 : 256, .count = table->count};
    if (table->count < table->room / 2)
        return true;
    larger.words = calloc(larger.room, sizeof *larger.words);
    if (!larger.words)
        return false;
    for (size_t i = 0; i < table->room; i++)
        if (table->words[i].text)
            *find_place(&larger, table->words[i].text, table->words[i].hash) = table->words[i];
    free(table->words);
    *table = larger;
    return true;
}

/* Adds a word that has been seen once. */
static void count_word(struct table *table, const char *text, uint64_t hash)
{
    struct word *word = make_room(table) ? find_place(table, text, hash) : NULL;
    if (word && !word->text && (word->text = strdup(text))) {
        word->hash = hash;
        table->count++;
    }
    if (word && word->text)
        word->count++;
    else
        table->failed = true;
}

/* Moves a word of another table. */
static void move_word(struct table *to, const struct word *from)
{
    struct word *word = make_room(to) ? find_place(to, from->text, from->hash) : NULL;
    if (word && !word->text) {
        *word = *from;
        to->count++;
        return;
    }
    if (word)
        word->count += from->count;
    else
        to->failed = true;
    free(from->text);
}

/* Adds the words of another table, and frees it. It is the smaller one of both that is moved, as sums have no order. */
static void merge_tables(struct table *table, const struct table *other)
{
    struct table smaller = *other;
    if (table->count < other->count) {
        smaller = *table;
        *table = *other;
    }
    for (size_t i = 0; i < smaller.room; i++)
        if (smaller.words[i].text)
            move_word(table, &smaller.words[i]);
    free(smaller.words);
    table->failed |= smaller.failed;
}

/* ---- a file ------------------------------------------------------------------------------------------------------ */

struct entry {
    struct entry *next;
    bool is_file; /* or a directory */
    int error;    /* why it could not be read */
    char path[];
};

/* The letters of a word as far as they have been read, and the hash of them, FNV-1a. */
struct letters {
    char *text;
    size_t length, room;
    uint64_t hash;
};

static const uint64_t empty_hash = 0xcbf29ce484222325u;

static void add_letter(struct table *table, struct letters *word, int letter)
{
    if (word->length + 1 >= word->room) { /* also for the end */
        size_t room = word->room ? word->room * 2 : 64;
        char *text = realloc(word->text, room);
        if (!text) {
            table->failed = true;
            return;
        }
        word->text = text;
        word->room = room;
    }
    word->text[word->length++] = (char)letter;
    word->hash = (word->hash ^ (uint64_t)letter) * 0x100000001b3u;
}

static void end_word(struct table *table, struct letters *word)
{
    if (word->length == 0)
        return;
    word->text[word->length] = '\0';
    count_word(table, word->text, word->hash);
    word->length = 0;
    word->hash = empty_hash;
}

/* A letter in lower case; 0 for any other byte. ASCII's cases are 32 apart. */
static int letter_of(unsigned char byte)
{
    int lower = byte | 32;
    return lower >= 'a' && lower <= 'z' ? lower : 0;
}

/* Counts the words of what can be read from a descriptor: 0, or an errno value. */
static int count_stream(int fd, struct table *table)
{
    unsigned char buffer[1 << 16];
    struct letters word = {.hash = empty_hash};
    ssize_t got;
    while ((got = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            int letter = letter_of(buffer[i]);
            if (letter)
                add_letter(table, &word, letter);
            else
                end_word(table, &word);
        }
    int error = got < 0 ? errno : 0;
    end_word(table, &word);
    free(word.text);
    return error;
}

/* Adds the words of a file to a table. If an error ends it early, the words before that count. */
static void count_file(struct table *table, struct entry *file)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    file->error = fd < 0 ? errno : count_stream(fd, table);
    if (fd >= 0)
        close(fd);
}

/* ---- the walk ---------------------------------------------------------------------------------------------------- */

/* What a worker has counted, on cache lines of its own. */
struct worker {
    alignas(128) struct table table;
};

struct walk {
    pthread_mutex_t lock; /* of what has been found */
    struct entry *entries;
    size_t files;
    struct worker *workers; /* so many as there may be */
    size_t limit;
};

/* Keeps an entry of a directory; NULL if there is no memory. */
static struct entry *keep_entry(struct walk *walk, const char *directory, const char *name, bool is_file)
{
    size_t length = strlen(directory), room = length + strlen(name) + 2;
    struct entry *entry = malloc(sizeof *entry + room);
    if (!entry)
        return NULL;
    snprintf(entry->path, room, "%s%s%s", directory, length == 0 || directory[length - 1] == '/' ? "" : "/", name);
    entry->is_file = is_file;
    entry->error = 0;
    pthread_mutex_lock(&walk->lock);
    entry->next = walk->entries;
    walk->entries = entry;
    walk->files += is_file;
    pthread_mutex_unlock(&walk->lock);
    return entry;
}

/* The task: what cannot be read is no reason for the walk to fail. */
static int visit(struct entry *const *entry, void *none, void *extras);

static int take_entry(struct walk *walk, DIR *directory, const char *path, const char *name)
{
    struct stat status = {.st_mode = S_IFREG}; /* or what else there is: it will be reported when it is to be counted */
    if (fstatat(dirfd(directory), name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode) &&
        !S_ISDIR(status.st_mode))
        return 0;
    struct entry *entry = keep_entry(walk, path, name, !S_ISDIR(status.st_mode));
    if (!entry)
        return ENOMEM;
    return parallel_for_each_add(visit, &entry) == 0 ? 0 : errno;
}

/* As readdir(), whose NULL is an end, or a failure: at the end errno is 0. */
static const struct dirent *next_entry(DIR *directory)
{
    errno = 0;
    return readdir(directory);
}

static int read_directory(struct entry *entry, struct walk *walk)
{
    DIR *directory = opendir(entry->path);
    const struct dirent *found = NULL;
    int error = 0;
    while (directory && !error && (found = next_entry(directory)))
        if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
            error = take_entry(walk, directory, entry->path, found->d_name);
    if (!found)
        entry->error = errno;
    if (directory)
        closedir(directory);
    return error;
}

static int visit(struct entry *const *entry, void *none, void *extras)
{
    struct walk *walk = extras;
    (void)none;
    if (!(*entry)->is_file)
        return read_directory(*entry, walk);
    count_file(&walk->workers[parallel_worker_index()].table, *entry);
    return 0;
}
PARALLEL_DECORATE_TASK(visit, struct entry *, void);

/* Visits all that is at or below some paths: 0; or -1 with errno. */
static int visit_all(struct walk *walk, char **paths, size_t n, parallel_executor_kind executor)
{
    struct entry **roots = malloc(n * sizeof(struct entry *));
    bool failed = !roots;
    for (size_t i = 0; i < n && !failed; i++) {
        struct stat status;
        roots[i] = keep_entry(walk, "", paths[i], stat(paths[i], &status) != 0 || !S_ISDIR(status.st_mode));
        failed = !roots[i];
    }
    failed = failed || parallel_for_each(visit, roots, n, .extras = walk, .executor = executor) != 0;
    int error = errno;
    free(roots);
    errno = error;
    return failed ? -1 : 0;
}

/* Counts all words, in the first table: 0; or -1 with errno. */
static int count_words(struct walk *walk, char **paths, size_t n, parallel_executor_kind executor)
{
    *walk = (struct walk){.lock = PTHREAD_MUTEX_INITIALIZER};
    size_t limit = parallel_worker_limit(NULL);
    walk->workers = aligned_alloc(alignof(struct worker), limit * sizeof *walk->workers);
    if (!walk->workers)
        return -1;
    for (; walk->limit < limit; walk->limit++)
        walk->workers[walk->limit] = (struct worker){{0}};
    if (visit_all(walk, paths, n, executor) != 0)
        return -1;
    struct table *all = &walk->workers[0].table;
    for (size_t i = 1; i < limit; i++) {
        merge_tables(all, &walk->workers[i].table);
        walk->workers[i].table = (struct table){0};
    }
    errno = ENOMEM;
    return all->failed ? -1 : 0;
}

/* Frees all that a walk has found. Returns how much of it could not be read, and reports that, if it is to. */
static size_t end_walk(struct walk *walk, bool reports)
{
    size_t problems = 0;
    for (struct entry *entry = walk->entries, *next; entry; entry = next) {
        next = entry->next;
        if (entry->error && reports)
            fprintf(stderr, "wordcount: %s: cannot be read: %s\n", entry->path, strerror(entry->error));
        problems += entry->error != 0;
        free(entry);
    }
    for (size_t i = 0; i < walk->limit; i++)
        free_table(&walk->workers[i].table);
    free(walk->workers);
    return problems;
}

/* ---- the output -------------------------------------------------------------------------------------------------- */

static int by_count(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->text, y->text);
}

/* As uniq -c. Afterwards the table is fit for nothing but to be freed. */
static void print_words(struct table *table, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < table->room; i++)
        if (table->words[i].text) {
            struct word word = table->words[i];
            table->words[i].text = NULL;
            table->words[count++] = word;
        }
    if (count)
        qsort(table->words, count, sizeof *table->words, by_count);
    for (size_t i = 0; i < count && i < most; i++)
        printf("%7zu %s\n", table->words[i].count, table->words[i].text);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds that it takes to count all words; `files`: in so many. */
static double time_count(char **paths, size_t n, parallel_executor_kind executor, size_t *files)
{
    struct walk walk;
    double start = seconds();
    count_words(&walk, paths, n, executor);
    *files = walk.files;
    end_walk(&walk, false);
    return seconds() - start;
}

/* On one thread and on all, in turns; the page cache is warm for both. */
static void show_times(char **paths, size_t n)
{
    enum { ROUNDS = 5 };
    double serial = 0, parallel = 0;
    size_t files;
    time_count(paths, n, PARALLEL_SERIAL, &files);
    for (int round = 0; round < ROUNDS; round++) {
        double one = time_count(paths, n, PARALLEL_SERIAL, &files);
        double all = time_count(paths, n, PARALLEL_THREAD, &files);
        serial = round && serial < one ? serial : one;
        parallel = round && parallel < all ? parallel : all;
    }
    fprintf(stderr, "%zu files: serial loop %.3f s, parallel_for_each %.3f s: %.2f times as fast (least of %d)\n",
            files, serial, parallel, serial / parallel, ROUNDS);
}

/* 0 if it is none. */
static size_t number_of(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    return strchr(text, '-') || *end ? 0 : number;
}

static const char usage_text[] =
    "usage: wordcount [-n K] [--time] PATH...\n"
    "How often each word occurs in files and below directories; -n: the K most frequent ones;\n"
    "--time: beside a serial loop.\n";

static int usage(void)
{
    fputs(usage_text, stderr);
    return 2;
}

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage_text);
    static const struct option options[] = {{"time", no_argument, NULL, 't'}, {0}};
    size_t most = SIZE_MAX;
    bool timed = false;
    for (int option; (option = getopt_long(argc, argv, "n:", options, NULL)) != -1;) {
        if (option == 't')
            timed = true;
        else if (option != 'n' || (most = number_of(optarg)) == 0)
            return usage();
    }
    if (optind == argc)
        return usage();
    struct walk walk;
    if (timed)
        show_times(argv + optind, (size_t)(argc - optind));
    bool failed = count_words(&walk, argv + optind, (size_t)(argc - optind), PARALLEL_THREAD) != 0;
    if (failed)
        perror("wordcount");
    else
        print_words(&walk.workers[0].table, most);
    int status = end_walk(&walk, true) > 0;
    return failed || fflush(stdout) != 0 ? 2 : status;
}
