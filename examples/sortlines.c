/* SPDX-License-Identifier: MIT */
/*
 * sortlines [-o OUTPUT] [FILE...]: the lines of these files, or of the standard input, in order, byte for byte as this
 * prints them:
 *
 *     LC_ALL=C sort -s [-o OUTPUT] [FILE...]
 *
 * All is read to memory. Loops list the lines, each with its first eight bytes as a number, so that most comparisons
 * look at nothing else; parallel_sort puts them in order; and loops copy them, block by block, to where they go in the
 * output.
 *
 * Exit status: 0; 2 if something could not be read or written, and then nothing is printed, or not all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <parallel.h>

#include "usage.h"

enum {
    PREFIX = 8,          /* bytes of a line that are compared first */
    CHUNK = 1 << 18,     /* bytes of the text whose lines are listed at once */
    BLOCK = 2048,        /* lines that are copied at once */
    BLOCKS_WRITTEN = 64, /* blocks that are written at once */
    AHEAD = 12           /* lines whose bytes are fetched before they are copied */
};

/* ---- the text ---------------------------------------------------------------------------------------------------- */

/* The input. Each line in it ends in a newline; PREFIX bytes may be read beyond the last one. */
struct text {
    unsigned char *bytes;
    size_t length, room;
};

static bool grow_text(struct text *text, size_t more)
{
    size_t room = text->length + more + 1 + PREFIX;
    if (room <= text->room)
        return true;
    room = room < 2 * text->room ? 2 * text->room : room;
    unsigned char *bytes = realloc(text->bytes, room);
    if (!bytes)
        return false;
    text->bytes = bytes;
    text->room = room;
    return true;
}

/* What is left to be read of a file, as far as one knows. */
static size_t length_of(int fd)
{
    enum { UNKNOWN = 1 << 16 };
    struct stat s;
    return fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 0 ? (size_t)s.st_size + 1 : UNKNOWN;
}

/* Appends a file, and a newline if its last line has none. False with errno. */
static bool read_file(struct text *text, int fd)
{
    size_t wanted = length_of(fd), begin = text->length;
    for (ssize_t got = 1; got > 0; text->length += got > 0 ? (size_t)got : 0) {
        if (!grow_text(text, wanted))
            return false;
        do
            got = read(fd, text->bytes + text->length, text->room - text->length - 1 - PREFIX);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return false;
        wanted = 1;
    }
    if (text->length > begin && text->bytes[text->length - 1] != '\n')
        text->bytes[text->length++] = '\n';
    memset(text->bytes + text->length, 0, PREFIX);
    return true;
}

static bool read_path(struct text *text, const char *path)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool well = fd >= 0 && read_file(text, fd);
    if (!well)
        fprintf(stderr, "sortlines: cannot read: %s: %s\n", path, strerror(errno));
    if (fd > STDIN_FILENO)
        close(fd);
    return well;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

struct line {
    uint64_t prefix; /* its first bytes, the first one on top; where it has fewer, zeros */
    const unsigned char *bytes;
    size_t length; /* without the newline */
};

static bool rest_comes_before(const struct line *a, const struct line *b)
{
    size_t shorter = a->length < b->length ? a->length : b->length;
    int difference = shorter > PREFIX ? memcmp(a->bytes + PREFIX, b->bytes + PREFIX, shorter - PREFIX) : 0;
    return difference ? difference < 0 : a->length < b->length;
}

static bool comes_before(const struct line *a, const struct line *b)
{
    return a->prefix != b->prefix ? a->prefix < b->prefix : rest_comes_before(a, b);
}
PARALLEL_DECORATE_ORDER(comes_before, struct line);

static struct line line_of(const unsigned char *bytes, size_t length)
{
    uint64_t prefix = 0;
    for (size_t i = 0; i < PREFIX; i++)
        prefix = prefix << 8 | bytes[i];
    if (length < PREFIX)
        prefix = length ? prefix >> 8 * (PREFIX - length) << 8 * (PREFIX - length) : 0;
    return (struct line){prefix, bytes, length};
}

static size_t chunk_end(const struct text *text, ptrdiff_t k)
{
    size_t end = ((size_t)k + 1) * CHUNK;
    return end < text->length ? end : text->length;
}

/* How many lines end in each chunk; later, those in all before it. */
PARALLEL_LOOP(count_lines, k, const struct text *, text, size_t *, counts)
{
    size_t count = 0;
    for (size_t i = (size_t)k * CHUNK; i < chunk_end(text, k); i++)
        count += text->bytes[i] == '\n';
    counts[k] = count;
}

/* Lists them. The first one may have begun in a chunk before, even long before. */
PARALLEL_LOOP(list_lines, k, const struct text *, text, const size_t *, counts, struct line *, lines)
{
    const unsigned char *begin = text->bytes + (size_t)k * CHUNK, *end = text->bytes + chunk_end(text, k);
    const unsigned char *newline = memchr(begin, '\n', (size_t)(end - begin));
    while (newline && begin > text->bytes && begin[-1] != '\n')
        begin--;
    for (struct line *line = lines + counts[k]; newline; line++) {
        *line = line_of(begin, (size_t)(newline - begin));
        begin = newline + 1;
        newline = memchr(begin, '\n', (size_t)(end - begin));
    }
}

/* Each number becomes the sum of those before it; returns that of all. */
static size_t sum_up(size_t *numbers, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        size_t number = numbers[i];
        numbers[i] = sum;
        sum += number;
    }
    return sum;
}

/* Memory for n of them: NULL with errno. */
static void *allocate(size_t n, size_t size)
{
    return calloc(n + !n, size);
}

/* All lines, in order. NULL with errno. */
static struct line *sort_text(const struct text *text, size_t *n)
{
    size_t chunks = (text->length + CHUNK - 1) / CHUNK, *counts = allocate(chunks, sizeof *counts);
    struct line *lines = NULL;
    if (!counts || parallel_loop(count_lines, 0, (ptrdiff_t)chunks, (text, counts)) != 0)
        goto end;
    *n = sum_up(counts, chunks);
    lines = allocate(*n, sizeof *lines);
    if (lines && (parallel_loop(list_lines, 0, (ptrdiff_t)chunks, (text, counts, lines)) != 0 ||
                  parallel_sort(comes_before, lines, *n) != 0)) {
        free(lines);
        lines = NULL;
    }
end:
    free(counts);
    return lines;
}

/* ---- the output -------------------------------------------------------------------------------------------------- */

struct output {
    const struct line *lines;
    size_t n;
    size_t *offsets; /* where each block begins, and one that is none */
    char *bytes;     /* room for BLOCKS_WRITTEN blocks */
};

static size_t block_end(const struct output *out, ptrdiff_t k)
{
    size_t end = ((size_t)k + 1) * BLOCK;
    return end < out->n ? end : out->n;
}

PARALLEL_LOOP(measure_block, k, const struct output *, out)
{
    size_t bytes = 0;
    for (size_t i = (size_t)k * BLOCK; i < block_end(out, k); i++)
        bytes += out->lines[i].length + 1;
    out->offsets[k] = bytes;
}

PARALLEL_LOOP(copy_block, k, const struct output *, out, ptrdiff_t, first)
{
    char *to = out->bytes + (out->offsets[k] - out->offsets[first]);
    size_t end = block_end(out, k);
    for (size_t i = (size_t)k * BLOCK; i < end; i++) {
        const struct line *line = &out->lines[i];
        if (end - i > AHEAD)
            __builtin_prefetch(line[AHEAD].bytes);
        memcpy(to, line->bytes, line->length);
        to += line->length;
        *to++ = '\n';
    }
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, bytes, length);
        if (done < 0 && errno != EINTR)
            return false;
        bytes += done > 0 ? done : 0;
        length -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

static ptrdiff_t round_end(ptrdiff_t first, ptrdiff_t blocks)
{
    return blocks - first < BLOCKS_WRITTEN ? blocks : first + BLOCKS_WRITTEN;
}

/* False with errno. */
static bool write_blocks(struct output *out, ptrdiff_t blocks, int fd)
{
    size_t most = 1;
    if (parallel_loop(measure_block, 0, blocks, (out)) != 0)
        return false;
    out->offsets[blocks] = sum_up(out->offsets, (size_t)blocks);
    for (ptrdiff_t k = 0; k < blocks; k = round_end(k, blocks)) {
        size_t bytes = out->offsets[round_end(k, blocks)] - out->offsets[k];
        most = bytes > most ? bytes : most;
    }
    out->bytes = malloc(most);
    bool well = out->bytes != NULL;
    for (ptrdiff_t k = 0; well && k < blocks; k = round_end(k, blocks)) {
        ptrdiff_t end = round_end(k, blocks);
        well = parallel_loop(copy_block, k, end, (out, k)) == 0 &&
               write_all(fd, out->bytes, out->offsets[end] - out->offsets[k]);
    }
    free(out->bytes);
    return well;
}

static bool write_lines(const struct line *lines, size_t n, int fd)
{
    size_t blocks = (n + BLOCK - 1) / BLOCK;
    struct output out = {.lines = lines, .n = n, .offsets = allocate(blocks + 1, sizeof *out.offsets)};
    bool well = out.offsets && write_blocks(&out, (ptrdiff_t)blocks, fd);
    free(out.offsets);
    return well;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

/* NULL: the standard output. It may be one of the files that have been read. */
static bool print_lines(const struct line *lines, size_t n, const char *path)
{
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
    bool well = fd >= 0 && write_lines(lines, n, fd);
    if (path && fd >= 0 && close(fd) != 0)
        well = false;
    if (!well)
        fprintf(stderr, "sortlines: cannot write: %s: %s\n", path ? path : "standard output", strerror(errno));
    return well;
}

static const char usage[] =
    "usage: sortlines [-o OUTPUT] [FILE...]\n"
    "Sorts lines by their bytes, as LC_ALL=C sort -s does; those of standard input without a FILE.\n";

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage);
    static char *nowhere[] = {"-", NULL};
    const char *output = NULL;
    struct text text = {0};
    size_t n = 0;
    for (int option; (option = getopt(argc, argv, "o:")) != -1; output = optarg)
        if (option != 'o') {
            fputs(usage, stderr);
            return 2;
        }
    bool well = true;
    for (char **path = optind < argc ? argv + optind : nowhere; well && *path; path++)
        well = read_path(&text, *path);
    struct line *lines = well ? sort_text(&text, &n) : NULL;
    if (well && !lines)
        fprintf(stderr, "sortlines: %s\n", strerror(errno));
    well = lines && print_lines(lines, n, output);
    free(lines);
    free(text.bytes);
    return well ? 0 : 2;
}
