/* SPDX-License-Identifier: MIT */
/* Names of tasks: a table from name to index. */
#ifndef PL_CALL_NAMES_H
#define PL_CALL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A hash table with open addressing, of index + 1. */
typedef struct pl_names {
    const char *const *names;
    size_t *slots;
    size_t mask;      /* slots - 1, a power of two less one */
    const char **own; /* the array of names, if it is not the program's; else NULL */
} pl_names;

/* Whether each task has a name; or some may have NULL. */
typedef enum pl_names_of { PL_NAMES_OF_ALL, PL_NAMES_OF_SOME } pl_names_of;

/* False with errno EINVAL, if a name is there twice, or missing, or ENOMEM; and with a sentence. */
bool pl_names_init(pl_names *table, const char *const *names, size_t n, pl_names_of which);
void pl_names_free(pl_names *table);

/* The index of a name, or SIZE_MAX. */
size_t pl_names_find(const pl_names *table, const char *name);

#endif
