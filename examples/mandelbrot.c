/* SPDX-License-Identifier: MIT */
/*
 * mandelbrot [--size WIDTHxHEIGHT] [--rounds N] FILE.png: draws the Mandelbrot set, one task a pixel: millions of tiny
 * tasks, some a thousand times as long as others.
 *
 * The picture is computed by a serial loop, by parallel_map_into and, where the compiler has it, by OpenMP with
 * schedule(dynamic), in turns, and must come out the same to the byte. The times are shown: the least and the median of
 * the rounds.
 */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <parallel.h>

#include "usage.h"

enum { DEPTH = 500, MOST_ROUNDS = 99 };

struct pixel {
    unsigned short x, y;
};

struct colour {
    unsigned char r, g, b;
};

static unsigned width = 1600, height = 1200;

/* ---- the task ---------------------------------------------------------------------------------------------------- */

static struct colour paint(struct pixel p)
{
    double scale = 2.6 / (double)height;
    double cx = -0.7 + ((double)p.x - (double)width / 2) * scale, cy = ((double)p.y - (double)height / 2) * scale;
    double x = 0, y = 0;
    int n = 0;
    while (n < DEPTH && x * x + y * y <= 4) {
        double next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
        n++;
    }
    if (n == DEPTH)
        return (struct colour){0, 0, 0};
    /* a smooth path from blue through white to amber, walked faster near the set's edge */
    int t = (int)(n * 767.0 / (n + 24.0));
    if (t < 256)
        return (struct colour){(unsigned char)(t / 4), (unsigned char)(t / 2), (unsigned char)(64 + t * 3 / 4)};
    if (t < 512)
        return (struct colour){(unsigned char)(64 + (t - 256) * 3 / 4), (unsigned char)(128 + (t - 256) / 2), 255};
    return (struct colour){255, (unsigned char)(255 - (t - 512) / 2), (unsigned char)(255 - (t - 512))};
}
PARALLEL_DECORATE(paint, struct pixel, struct colour);

/* ---- three ways to the picture ----------------------------------------------------------------------------------- */

typedef void way(const struct pixel *pixels, size_t n, struct colour *picture);

static void serial(const struct pixel *pixels, size_t n, struct colour *picture)
{
    for (size_t i = 0; i < n; i++)
        picture[i] = paint(pixels[i]);
}

static void parallel(const struct pixel *pixels, size_t n, struct colour *picture)
{
    if (parallel_map_into(paint, pixels, n, picture) != 0) {
        fprintf(stderr, "mandelbrot: %s\n", parallel_error());
        exit(2);
    }
}

#ifdef _OPENMP
static void openmp(const struct pixel *pixels, size_t n, struct colour *picture)
{
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < n; i++)
        picture[i] = paint(pixels[i]);
}
#endif

static const struct {
    const char *name;
    way *run;
} ways[] = {
    {"serial loop", serial},
    {"parallel_map_into", parallel},
#ifdef _OPENMP
    {"OpenMP schedule(dynamic)", openmp},
#endif
};

enum { WAYS = sizeof ways / sizeof ways[0] };

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_time(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static int write_png(const char *path, const struct colour *picture)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
    if (png_image_write_to_file(&image, path, 0, picture, (png_int_32)(width * sizeof *picture), NULL))
        return 0;
    fprintf(stderr, "mandelbrot: %s: %s\n", path, image.message);
    return -1;
}

static const char usage_text[] =
    "usage: mandelbrot [--size WIDTHxHEIGHT] [--rounds N] FILE.png\n"
    "Draws the Mandelbrot set, one task a pixel, beside other ways, and shows the times.\n";

static int usage(void)
{
    fputs(usage_text, stderr);
    return 2;
}

/* Draws in all ways, in turns, and shows the times. Returns how many pictures differ from the serial one. */
static int draw(const struct pixel *pixels, size_t n, struct colour *picture[WAYS], int rounds)
{
    double time[WAYS][MOST_ROUNDS];
    for (int round = 0; round < rounds; round++) {
        for (int w = 0; w < WAYS; w++) {
            double start = seconds();
            ways[w].run(pixels, n, picture[w]);
            time[w][round] = seconds() - start;
        }
    }
    int wrong = 0;
    printf("%ux%u, %zu tasks, %d rounds\n", width, height, n, rounds);
    for (int w = 0; w < WAYS; w++) {
        qsort(time[w], (size_t)rounds, sizeof time[w][0], by_time);
        bool same = memcmp(picture[w], picture[0], n * sizeof *picture[0]) == 0;
        wrong += !same;
        printf("  %-26s min %7.1f ms, median %7.1f ms, %.2f times as fast as serial (minima)%s\n", ways[w].name,
               time[w][0] * 1e3, time[w][rounds / 2] * 1e3, time[0][0] / time[w][0], same ? "" : ", WRONG PICTURE");
    }
    return wrong;
}

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage_text);
    int rounds = 5, at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        bool sized = strcmp(argv[at], "--size") == 0 && sscanf(argv[at + 1], "%ux%u", &width, &height) == 2;
        bool counted = strcmp(argv[at], "--rounds") == 0 && sscanf(argv[at + 1], "%d", &rounds) == 1;
        if (!sized && !counted)
            return usage();
    }
    bool sane = width >= 1 && width <= 65535 && height >= 1 && height <= 65535 && rounds >= 1 && rounds <= MOST_ROUNDS;
    if (at + 1 != argc || argv[at][0] == '-' || !sane)
        return usage();

    size_t n = (size_t)width * height;
    struct pixel *pixels = calloc(n, sizeof *pixels);
    struct colour *pictures = calloc(n, sizeof *pictures * WAYS), *picture[WAYS];
    int status = 2;
    if (pixels && pictures) {
        for (size_t i = 0; i < n; i++)
            pixels[i] = (struct pixel){(unsigned short)(i % width), (unsigned short)(i / width)};
        for (int w = 0; w < WAYS; w++)
            picture[w] = pictures + (size_t)w * n;
        status = draw(pixels, n, picture, rounds) || write_png(argv[at], picture[1]) ? 1 : 0;
    } else
        perror("mandelbrot");
    free(pixels);
    free(pictures);
    return status;
}
