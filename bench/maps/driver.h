/* SPDX-License-Identifier: MIT */
/*
 * What every program of the suite is made of: a way to run maps, and main(), which runs one map as often as fits:
 *
 *     PROGRAM MODE KERNEL SHAPE N TURNS TURNS2 MILLISECONDS
 *
 * prints `min=N median=N checksum=N`, and exits with 3 if the way cannot do that kernel. Threads come from the
 * environment, as the harness sets it. Modes are in driver_modes.c, shapes of the input in driver.c.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "items.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Equals: for (size_t i = 0; i < n; i++) out[i] = item(in[i]); */
typedef void way_kernel(const uint32_t *in, uint32_t *out, size_t n);

/* A kernel that has a name. */
typedef struct named_kernel {
    const char *name;
    way_kernel *run;
} named_kernel;

/* What a way cannot do is NULL. */
typedef struct way {
    void (*start)(int threads); /* before all else, if it needs that */
    way_kernel *turn;           /* opaque items: item_turn() */
    way_kernel *row;            /* likewise: item_row() */
    way_kernel *mix;            /* inlined items, bound by memory: item_mix() */
    way_kernel *poly;           /* inlined items, bound by arithmetic: item_poly() */
    way_kernel *nested;         /* item_turn(), INNER_ITEMS of them by each item of an outer map */
    way_kernel *steps;          /* inlined items with a loop of their own: item_steps() */
    way_kernel *steps_in_place; /* the same, once `in` has been copied to `out`, from there to there */
    way_kernel *again;          /* from `out` to `out`, which is all: item_again() */

    /* `turn` with options, up to one without a name; NULL: the way has no options, and `turn` stands for all. */
    const named_kernel *with;
} way;

extern const way the_way; /* each program has one */

typedef struct job {
    const char *mode;
    const char *kernel;
    const char *shape;
    size_t n;
    unsigned turns;
    unsigned turns2;
    double slice; /* seconds to fill */
    char **argv;
    way_kernel *run;
    uint32_t *in;
    uint32_t *out;
} job;

/* Of single calls in nanoseconds, or in the unit of the mode. */
typedef struct figures {
    double min;
    double median;
} figures;

enum { CANNOT = 3 };

void fill(job *j, unsigned turns);
double now_ns(void);
int run_mode(job *j, figures *f); /* 0, or what to exit with */

#ifdef __cplusplus
}
#endif

#endif
