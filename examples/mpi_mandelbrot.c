/* SPDX-License-Identifier: MIT */
/*
 * mpi_mandelbrot [--size WIDTHxHEIGHT] FILE.ppm: draws the Mandelbrot set on the ranks of an MPI job, one task a row.
 *
 *      mpirun -n 4 mpi_mandelbrot set.ppm
 *
 * The same picture is drawn by the serial loop, and must come out the same to the byte. Both times are shown.
 */
#include <parallel_mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "usage.h"

enum { DEPTH = 500, MOST_WIDTH = 4096 };

/* What a rank has to know of a row, as it has nothing of this program's memory. */
struct row {
    unsigned y, width, height;
};

struct colour {
    unsigned char r, g, b;
};

/* A row of the picture: its first `width` pixels count. */
struct pixels {
    struct colour at[MOST_WIDTH];
};

/* ---- the task ------------------------------------------------------------------------------------------------ */

static int depth_at(double cx, double cy)
{
    double x = 0, y = 0;
    int n = 0;
    while (n < DEPTH && x * x + y * y <= 4) {
        double next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
        n++;
    }
    return n;
}

static int paint_row(const struct row *row, struct pixels *pixels, void *extras)
{
    double scale = 2.6 / row->height, cy = (row->y - row->height / 2.0) * scale;
    (void)extras;
    for (unsigned x = 0; x < row->width; x++) {
        int n = depth_at(-0.7 + (x - row->width / 2.0) * scale, cy);
        unsigned char light = (unsigned char)(n == DEPTH ? 0 : 255 * n / (n + 24));
        pixels->at[x] = (struct colour){light / 2, light, n == DEPTH ? 0 : 255};
    }
    return 0;
}
PARALLEL_DECORATE_TASK(paint_row, struct row, struct pixels);

/* ---- the program --------------------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The serial loop. NULL: there is no memory. */
static struct pixels *paint_serially(const struct row *rows, unsigned height)
{
    struct pixels *picture = calloc(height, sizeof *picture);
    for (unsigned y = 0; picture && y < height; y++)
        paint_row(&rows[y], &picture[y], NULL);
    return picture;
}

static int save_picture(const char *path, const struct pixels *picture, unsigned width, unsigned height)
{
    FILE *f = fopen(path, "wb");
    if (!f) {
        perror(path);
        return 1;
    }
    fprintf(f, "P6\n%u %u\n255\n", width, height);
    for (unsigned y = 0; y < height; y++)
        fwrite(picture[y].at, sizeof(struct colour), width, f);
    int failed = ferror(f);
    if (fclose(f) != 0 || failed) {
        perror(path);
        return 1;
    }
    return 0;
}

static int draw(const char *path, unsigned width, unsigned height)
{
    struct row *rows = malloc(height * sizeof *rows);
    for (unsigned y = 0; rows && y < height; y++)
        rows[y] = (struct row){y, width, height};
    double begin = seconds();
    PARALLEL_SCOPED parallel_results *r = rows ? parallel_map(paint_row, rows, height, .executor = PARALLEL_MPI) : NULL;
    double ranks = seconds() - begin;
    if (!r) {
        fprintf(stderr, "mpi_mandelbrot: %s\n", rows ? parallel_error() : "no memory");
        free(rows);
        return 1;
    }
    begin = seconds();
    struct pixels *serial = paint_serially(rows, height);
    double alone = seconds() - begin;
    const struct pixels *picture = parallel_values(r);
    int same = serial && memcmp(serial, picture, height * sizeof *picture) == 0;
    printf("%d ranks %.3f s, serial %.3f s: %.2f times as fast; %s\n", parallel_mpi_ranks(), ranks, alone,
           alone / ranks, same ? "the same picture" : "NOT the same picture");
    int status = save_picture(path, picture, width, height) || !same;
    free(serial);
    free(rows);
    return status;
}

static const char usage[] =
    "usage: mpi_mandelbrot [--size WIDTHxHEIGHT] FILE.ppm\n"
    "Draws the Mandelbrot set on the ranks of a job: mpirun -n 4 ./mpi_mandelbrot picture.ppm\n";

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage);
    unsigned width = 1200, height = 900;
    if (parallel_mpi_init(&argc, &argv) != 0) {
        fprintf(stderr, "mpi_mandelbrot: %s\n", parallel_error());
        return 1;
    }
    if (argc == 4 && strcmp(argv[1], "--size") == 0 && sscanf(argv[2], "%ux%u", &width, &height) == 2 && width > 0 &&
        width <= MOST_WIDTH && height > 0 && height <= MOST_WIDTH)
        return draw(argv[3], width, height);
    if (argc == 2 && argv[1][0] != '-')
        return draw(argv[1], width, height);
    fprintf(stderr, "%sA side has at most %d pixels.\n", usage, MOST_WIDTH);
    return 2;
}
