/* SPDX-License-Identifier: MIT */
/* Names of tasks: a table from name to index. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "call/names.h"
#include "base/size.h"
#include "call/error.h"

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t hash_of(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

/* The slot that holds `name`, or the empty one where it belongs. */
static size_t *slot_of(const pl_names *table, const char *name)
{
    size_t i = (size_t)hash_of(name) & table->mask;
    while (table->slots[i] && strcmp(table->names[table->slots[i] - 1], name) != 0)
        i = (i + 1) & table->mask;
    return &table->slots[i];
}

bool pl_names_init(pl_names *table, const char *const *names, size_t n, pl_names_of which)
{
    size_t size = 4;
    if (pl_size_multiply(n, 4 * sizeof *table->slots) == PL_SIZE_NONE)
        return pl_error_deny_memory();
    while (size < n * 2)
        size *= 2;
    *table = (pl_names){.names = names, .slots = calloc(size, sizeof *table->slots), .mask = size - 1};
    if (!table->slots)
        return pl_error_deny_memory();
    for (size_t i = 0; i < n; i++) {
        if (!names[i] && which == PL_NAMES_OF_SOME)
            continue;
        size_t *slot = names[i] ? slot_of(table, names[i]) : NULL;
        if (!slot || *slot) {
            size_t other = slot ? *slot - 1 : 0;
            pl_names_free(table);
            return slot ? pl_error_deny(EINVAL, "names %zu and %zu are both '%s'", other, i, names[i])
                        : pl_error_deny(EINVAL, "name %zu is NULL", i);
        }
        *slot = i + 1;
    }
    return true;
}

void pl_names_free(pl_names *table)
{
    free(table->slots);
    free(table->own);
    table->slots = NULL;
    table->own = NULL;
}

size_t pl_names_find(const pl_names *table, const char *name)
{
    if (!table->slots || !name)
        return SIZE_MAX;
    size_t index = *slot_of(table, name);
    return index ? index - 1 : SIZE_MAX;
}
