/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "workloads.h"

void fill_doubles(void *items, size_t n)
{
    double *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(bits(i) >> 11) * 0x1p-53;
}

void fill_ints(void *items, size_t n)
{
    int *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (int)(bits(i) % 201) - 100;
}

void fill_any_ints(void *items, size_t n)
{
    int *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (int)(bits(i) >> 33) - (1 << 30);
}

static const workload *const groups[] = {reductions, searches, array_workloads, key_workloads, stencils, sorts, NULL};

const workload *workload_named(const char *name)
{
    for (const workload *const *group = groups; *group; group++)
        for (const workload *w = *group; w->name; w++)
            if (strcmp(w->name, name) == 0)
                return w;
    return NULL;
}

way_kernel *kernel_of(const workload *w)
{
    return *(way_kernel *const *)((const char *)&the_way + w->kernel);
}
