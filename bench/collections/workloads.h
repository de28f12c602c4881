/* SPDX-License-Identifier: MIT */
/* What the files of workloads share: workloads_SUBJECT.c has those of a subject, workloads.c puts them together. */
#ifndef WORKLOADS_H
#define WORKLOADS_H

#include "driver.h"

/* A workload's name, and what the way has for it. */
#define WORKLOAD(name_, kernel_) .name = (name_), .kernel = offsetof(way, kernel_)

/* One without a name ends each. */
extern const workload reductions[], searches[], array_workloads[], key_workloads[], stencils[], sorts[];

/* Bits that depend on i only. */
static inline uint64_t bits(size_t i)
{
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---- input that several have ---------------------------------------------------------------------------------- */

void fill_doubles(void *items, size_t n);  /* in [0, 1) */
void fill_ints(void *items, size_t n);     /* in [-100, 100]: small enough for the sum of 10^7 */
void fill_any_ints(void *items, size_t n); /* in [-2^30, 2^30) */

#endif
