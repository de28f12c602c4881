/* SPDX-License-Identifier: MIT */
/*
 * groupby KEY VALUE FILE: of a table of comma-separated values, whose first line names the columns, how many rows
 * there are with each KEY, and the sum of their VALUEs, in the order of the keys. For columns 1 and 3, that is what
 * this prints, below a header, where sums are exact or rounded alike:
 *
 *     LC_ALL=C awk -F, 'NR > 1 { count[$1]++; sum[$1] += $3 }
 *                       END { for (key in sum) printf "%s,%d,%.2f\n", key, count[key], sum[key] }' FILE |
 *         LC_ALL=C sort -s -t, -k1,1
 *
 * A parallel_fold over parts of the file counts in tables, and puts these together from the first to the last: so sums
 * are the same, to the last bit, however many threads there are. Then parallel_sort puts the keys in order. There are
 * no quotes in this kind of table; a value that is no number counts as 0, as far as it is none, as with awk.
 *
 * Exit status: 0; 1 if there is no such column; 2 if something could not be done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <parallel.h>

#include "usage.h"

/* The file is counted in parts, of so many bytes at least: each has a table of its own. */
enum { MOST_PARTS = 32, LEAST_PART = 1 << 17 };

/* ---- tables ------------------------------------------------------------------------------------------------------ */

struct group {
    const char *key; /* in the file; NULL: none is here */
    size_t length;
    uint64_t hash;
    size_t count;
    double sum;
};

/* A hash table with open addressing, at most half full. An empty one is all zero, as a fold wants it. */
struct table {
    struct group *groups;
    size_t room, count; /* room is 0, or a power of two */
    bool failed;        /* there was no memory: it is of no use */
};

/* Where a group is, or is to be. */
static struct group *find_place(const struct table *table, const struct group *wanted)
{
    for (size_t i = (size_t)wanted->hash;; i++) {
        struct group *group = &table->groups[i & (table->room - 1)];
        if (!group->key || (group->hash == wanted->hash && group->length == wanted->length &&
                            memcmp(group->key, wanted->key, wanted->length) == 0))
            return group;
    }
}

static bool make_room(struct table *table)
{
    struct table larger = {.room = table->room ? table->room * 2 : 256, .count = table->count};
    if (table->count < table->room / 2)
        return true;
    larger.groups = calloc(larger.room, sizeof *larger.groups);
    if (!larger.groups)
        return false;
    for (size_t i = 0; i < table->room; i++)
        if (table->groups[i].key)
            *find_place(&larger, &table->groups[i]) = table->groups[i];
    free(table->groups);
    *table = larger;
    return true;
}

static void add_group(struct table *table, const struct group *more)
{
    struct group *group = make_room(table) ? find_place(table, more) : NULL;
    table->failed |= !group;
    if (!group)
        return;
    if (!group->key) {
        *group = *more;
        table->count++;
        return;
    }
    group->count += more->count;
    group->sum += more->sum;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* A part of the file. Its rows are those that begin in it. */
struct part {
    const char *file, *begin, *end, *file_end;
    size_t key, value; /* columns, from 0 */
};

/* Of a row up to `end`, the column: from *begin to what is returned. */
static const char *find_column(const char **begin, const char *end, size_t column)
{
    const char *comma;
    for (; (comma = memchr(*begin, ',', (size_t)(end - *begin))) && column > 0; column--)
        *begin = comma + 1;
    if (column > 0)
        *begin = end;
    return comma && column == 0 ? comma : end;
}

/* FNV-1a, by eight bytes at a time. */
static uint64_t hash_of(const char *key, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u, bytes;
    for (; length > 0; length -= length < 8 ? length : 8, key += 8) {
        bytes = 0;
        memcpy(&bytes, key, length < 8 ? length : 8);
        hash = (hash ^ bytes) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

/* What strtod() makes of what may be in a number; it does not end in a byte that is zero. */
static double read_any(const char *begin, const char *end)
{
    char digits[64];
    size_t length = 0;
    for (; begin < end && strchr(" +-.0123456789eE", *begin) && *begin && length < sizeof digits - 1; begin++)
        digits[length++] = *begin;
    digits[length] = '\0';
    return strtod(digits, NULL);
}

/* The same, faster, for [-]digits[.digits] that are exact as an integer, and whose power of ten is. */
static double read_number(const char *begin, const char *end)
{
    static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    enum { MOST_DIGITS = 15 };
    const char *at = begin + (begin < end && *begin == '-'), *point = NULL, *first = at;
    uint64_t digits = 0;
    for (; at < end && ((*at >= '0' && *at <= '9') || (*at == '.' && !point)); at++)
        if (*at == '.')
            point = at;
        else
            digits = digits * 10 + (uint64_t)(*at - '0');
    if (at != end || at == first || at - first > MOST_DIGITS)
        return read_any(begin, end);
    double number = (double)digits / tens[point ? end - point - 1 : 0];
    return *begin == '-' ? -number : number;
}

static void add_row(struct table *table, const struct part *part, const char *row, const char *end)
{
    const char *key = row, *value = row, *key_end, *value_end;
    if (end > row && end[-1] == '\r')
        end--;
    key_end = find_column(&key, end, part->key);
    value_end = find_column(&value, end, part->value);
    struct group group = {key, (size_t)(key_end - key), hash_of(key, (size_t)(key_end - key)), 1,
                          read_number(value, value_end) + 0.0}; /* there is no -0 then */
    add_group(table, &group);
}

static const char *line_end(const char *row, const char *file_end)
{
    const char *newline = memchr(row, '\n', (size_t)(file_end - row));
    return newline ? newline : file_end;
}

static void add_part(struct table *table, const struct part *part)
{
    const char *row = part->begin, *end;
    if (row > part->file && row[-1] != '\n') /* it is another part's */
        row = line_end(row, part->end) + 1;
    for (; row < part->end; row = end + 1) {
        end = line_end(row, part->file_end);
        add_row(table, part, row, end);
    }
}

static void add_table(struct table *table, const struct table *right)
{
    for (size_t i = 0; i < right->room; i++)
        if (right->groups[i].key)
            add_group(table, &right->groups[i]);
    table->failed |= right->failed;
    free(right->groups);
}
PARALLEL_DECORATE_FOLD(add_part, add_table, struct table, struct part);

/* ---- the file ---------------------------------------------------------------------------------------------------- */

/* The file in memory, and its length; NULL with errno. There is nothing to be given back: the program ends soon. */
static const char *open_file(const char *path, size_t *length)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) != 0)
        return NULL;
    *length = (size_t)s.st_size;
    if (*length == 0)
        return "";
    void *file = mmap(NULL, *length, PROT_READ, MAP_PRIVATE, fd, 0);
    return file == MAP_FAILED ? NULL : file;
}

/* The number of the column of that name, or SIZE_MAX. */
static size_t column_of(const char *header, const char *end, const char *name)
{
    size_t length = strlen(name), column = 0;
    if (end > header && end[-1] == '\r')
        end--;
    for (const char *comma; header <= end; header = comma + 1, column++) {
        comma = memchr(header, ',', (size_t)(end - header));
        comma = comma ? comma : end;
        if ((size_t)(comma - header) == length && memcmp(header, name, length) == 0)
            return column;
    }
    fprintf(stderr, "groupby: there is no column '%s'\n", name);
    return SIZE_MAX;
}

/* Counts all rows below the header. False with errno. */
static bool count_rows(struct table *table, const struct part *all)
{
    size_t length = (size_t)(all->end - all->begin), n = length / LEAST_PART + 1;
    struct part parts[MOST_PARTS];
    n = n < MOST_PARTS ? n : MOST_PARTS;
    for (size_t k = 0; k < n; k++) {
        parts[k] = *all;
        parts[k].begin = all->begin + length / n * k;
        parts[k].end = k + 1 < n ? all->begin + length / n * (k + 1) : all->end;
    }
    bool well = parallel_fold(add_part, parts, n, table) == 0;
    if (well && table->failed)
        errno = ENOMEM;
    return well && !table->failed;
}

/* ---- the output -------------------------------------------------------------------------------------------------- */

static bool comes_before(const struct group *a, const struct group *b)
{
    int difference = memcmp(a->key, b->key, a->length < b->length ? a->length : b->length);
    return difference ? difference < 0 : a->length < b->length;
}
PARALLEL_DECORATE_ORDER(comes_before, struct group);

/* Afterwards it is no table any more. */
static bool print_groups(const struct table *table, const char *key, const char *value)
{
    size_t n = 0;
    for (size_t i = 0; i < table->room; i++)
        if (table->groups[i].key)
            table->groups[n++] = table->groups[i];
    if (n && parallel_sort(comes_before, table->groups, n) != 0)
        return false;
    printf("%s,count,%s\n", key, value);
    for (size_t i = 0; i < n; i++) {
        const struct group *group = &table->groups[i];
        fwrite(group->key, 1, group->length, stdout);
        printf(",%zu,%.2f\n", group->count, group->sum);
    }
    return fflush(stdout) == 0;
}

static const char usage[] = "usage: groupby KEY VALUE FILE\n"
                            "Sums the column VALUE of a CSV file for each key in its column KEY.\n";

int main(int argc, char **argv)
{
    size_t length;
    answer_options(argc, argv, usage);
    if (argc != 4) {
        fputs(usage, stderr);
        return 2;
    }
    const char *file = open_file(argv[3], &length);
    if (!file) {
        fprintf(stderr, "groupby: cannot read: %s: %s\n", argv[3], strerror(errno));
        return 2;
    }
    const char *end = file + length, *header = line_end(file, end);
    struct part all = {file, header < end ? header + 1 : end,  end,
                       end,  column_of(file, header, argv[1]), column_of(file, header, argv[2])};
    if (all.key == SIZE_MAX || all.value == SIZE_MAX)
        return 1;
    struct table table = {0};
    bool well = count_rows(&table, &all) && print_groups(&table, argv[1], argv[2]);
    if (!well)
        fprintf(stderr, "groupby: %s\n", strerror(errno));
    free(table.groups);
    return well ? 0 : 2;
}
