/* SPDX-License-Identifier: MIT */
/*
 * A parser of MP4 films that should not be let near files of strangers: it was written by the book, and believes what
 * files say. Some make it read beyond its buffer, some make it recurse until the stack is full, and some keep it in a
 * loop. untrusted.c and mpi_untrusted.c have it run where that does no harm.
 */
#ifndef FILM_H
#define FILM_H

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parallel.h>

/* ---- the parser -------------------------------------------------------------------------------------------------- */

struct film {
    char brand[4];
    unsigned boxes, tracks;
    double seconds;
};

static unsigned number(const unsigned char *at)
{
    return (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

/* "Decoding time to sample": so many samples, of such a duration each; and that as often as the table says. */
static double sum_of_table(const unsigned char *table)
{
    unsigned long long sum = 0;
    unsigned entries = number(table + 4);
    const unsigned char *entry = table + 8;
    for (unsigned i = 0; i < entries; i++, entry += 8)
        sum += (unsigned long long)number(entry) * number(entry + 4);
    return (double)sum;
}

static bool holds_boxes(const char type[4])
{
    return memcmp(type, "moov", 4) == 0 || memcmp(type, "trak", 4) == 0 || memcmp(type, "mdia", 4) == 0 ||
           memcmp(type, "minf", 4) == 0 || memcmp(type, "stbl", 4) == 0;
}

/* A box begins with its size and its type. What it holds lasts until the next one, and some hold boxes. */
static void read_boxes(struct film *film, const unsigned char *at, const unsigned char *end, double scale)
{
    for (;;) {
        if (at >= end)
            return;
        unsigned size = number(at);
        const unsigned char *content = at + 8;
        char type[4];
        memcpy(type, at + 4, sizeof type);
        film->boxes++;
        if (memcmp(type, "ftyp", 4) == 0)
            memcpy(film->brand, content, 4);
        else if (memcmp(type, "mdhd", 4) == 0)
            scale = number(content + 12);
        else if (memcmp(type, "stts", 4) == 0 && sum_of_table(content) / scale > film->seconds)
            film->seconds = sum_of_table(content) / scale;
        else if (holds_boxes(type))
            read_boxes(film, content, at + size, scale);
        film->tracks += memcmp(type, "trak", 4) == 0;
        at += size;
    }
}

/* ---- a file ------------------------------------------------------------------------------------------------------ */

/* All that is in a file, which is the caller's to free; NULL with errno. */
static unsigned char *contents(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    unsigned char *all = NULL;
    size_t room = 0;
    *length = 0;
    while (file && !feof(file) && !ferror(file)) {
        if (*length == room) {
            unsigned char *more = realloc(all, room = room ? room * 2 : 1 << 16);
            if (!more)
                break;
            all = more;
        }
        *length += fread(all + *length, 1, room - *length, file);
    }
    int error = !file || ferror(file) ? errno : feof(file) ? 0 : ENOMEM;
    if (file)
        fclose(file);
    if (error) {
        free(all);
        errno = error;
        return NULL;
    }
    return all;
}

/* What a task returns, or not, of a file. */
static int read_film(const char *path, struct film *film)
{
    size_t length;
    unsigned char *all = contents(path, &length);
    if (!all)
        return parallel_fail(errno, "cannot be read: %s", strerror(errno));
    if (length < 12 || memcmp(all + 4, "ftyp", 4) != 0) {
        free(all);
        return parallel_fail(EBADMSG, "not an MP4 file");
    }
    read_boxes(film, all, all + length, 1);
    free(all);
    return 0;
}

static void print_film(const char *path, const struct film *film)
{
    char brand[5] = ""; /* it might hold anything */
    for (size_t i = 0; i < 4; i++)
        brand[i] = isprint((unsigned char)film->brand[i]) ? film->brand[i] : '?';
    printf("%s: %s, %u boxes, %u tracks, %.2f s\n", path, brand, film->boxes, film->tracks, film->seconds);
}

#endif
