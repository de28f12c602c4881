/* SPDX-License-Identifier: MIT */
/*
 * What every program of the suite is made of: a way to do the workloads, and main(), which does one of them as often as
 * fits:
 *
 *     PROGRAM WORKLOAD N MILLISECONDS
 *
 * prints `min=N median=N result=OK`, in nanoseconds. It exits with 1 if a result is WRONG, and with 3 if the way cannot
 * do that workload. Threads come from the environment, as the harness sets it. Timing is in driver.c; input, and what
 * results are compared with, in workloads*.c.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "items.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A reduction equals: for (size_t i = 0; i < n; i++) *acc = op(*acc, items[i]); the types depend on the workload. What
 * counts and searches puts its result in *acc. What writes arrays has all in `items`, and leaves *acc alone unless it
 * has a result, too. */
typedef void way_kernel(const void *items, size_t n, void *acc);

/* What a way cannot do is NULL. */
typedef struct way {
    void (*start)(int threads);   /* before all else, if it needs that */
    way_kernel *sum_double;       /* double, double: + */
    way_kernel *sum_float;        /* float, float: + */
    way_kernel *sum_int;          /* int, int: +, without overflow */
    way_kernel *max_int;          /* int, int: the greater */
    way_kernel *affine;           /* affine, affine: affine_then() */
    way_kernel *map_reduce_dear;  /* uint32_t, uint64_t: + of item_dear() */
    way_kernel *map_reduce_cheap; /* uint32_t, uint32_t: + of item_cheap() */
    way_kernel *histogram;        /* uint8_t, histogram: count_byte() */
    way_kernel *count;            /* int, size_t: how many is_positive() holds of */
    way_kernel *find;             /* int, const int *: the first that is_rare() holds of; or NULL */
    way_kernel *min_index;        /* double, const double *: the first of the least; all are different */
    way_kernel *scan_double;      /* arrays of double: out[i] becomes the sum of in[0] to in[i] */
    way_kernel *scan_int;         /* arrays of int: the same */
    way_kernel *filter;           /* arrays of int, size_t: out becomes those of which is_positive() holds; how many */
    way_kernel *stencil;          /* one image: diffuse() at each of its n points */
    way_kernel *sort_int;         /* shuffles of int: out becomes the next one in order */
    way_kernel *sort_record;      /* shuffles of record: by its key; all are different */
    way_kernel *sort_string;      /* shuffles of const char *: by strcmp() */
    way_kernel *sort_record32;    /* shuffles of records of so many bytes: by their keys; all are different */
    way_kernel *sort_record64;
    way_kernel *sort_record128;

    /* of keyed: `out` becomes a copy of `in`, sorted */
    way_kernel *sort_number_int;    /* int */
    way_kernel *sort_number_double; /* double */
    way_kernel *sort_by_key;        /* record, by key: those of equal keys in their order */
    way_kernel *histogram_many;     /* int: counts[many_keys()]++ */
    way_kernel *group_few;          /* int: out becomes those of each few_keys() in order, with offsets */
    way_kernel *group_many;         /* int: the same by many_keys() */
    way_kernel *flat_map;           /* int, size_t: all results of flat_few(), and how many */
    way_kernel *distinct;           /* int, size_t: the first of each value, in order, and how many */
} way;

extern const way the_way; /* each program has one */

#ifndef __cplusplus

typedef struct workload {
    const char *name;
    size_t kernel;     /* where it is in a way */
    size_t item_size;  /* 0: `items` is something else, of 64 bytes at most, which `fill` makes */
    const void *start; /* START_SIZE bytes that *acc is before each call; NULL: what the last call left there */
    void (*fill)(void *items, size_t n);
    void (*expect)(const void *items, size_t n);   /* computes serially what is_right() compares with */
    bool (*is_right)(const void *acc, long calls); /* after so many calls, if nothing is put there before each */
    void (*spoil)(void); /* NULL if *acc is all that is written; else the next is_right() finds what is not written */
} workload;

enum { START_SIZE = 16 };

const workload *workload_named(const char *name); /* or NULL */

/* The kernel of the program's way; NULL if it cannot. */
way_kernel *kernel_of(const workload *w);

#endif

#ifdef __cplusplus
}
#endif

#endif
