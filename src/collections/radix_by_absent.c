/* SPDX-License-Identifier: MIT */
/* Items that have no key, as their task has failed, in calls that go on in spite of it: they come last. */
#include <errno.h>
#include <stdlib.h>

#include "call/failure.h"
#include "collections/radix_by.h"

void pl_radix_note_absent(const pl_radix_keyed *s, size_t first, size_t count)
{
    for (size_t i = first; s->absent && i < first + count; i++)
        s->absent[i / 64] |= UINT64_C(1) << i % 64;
}

size_t pl_radix_move_absent(const pl_radix_keyed *s, void *keys, size_t key_size, void *room)
{
    unsigned char *items = s->items, *key = keys, *aside = room;
    size_t size = s->keys.f.arg_size, others = 0, moved = 0;
    for (size_t i = 0; i < s->keys.n; i++) {
        if (s->absent[i / 64] >> i % 64 & 1) {
            memcpy(aside + moved++ * size, items + i * size, size);
            continue;
        }
        memmove(items + others * size, items + i * size, size);
        memmove(key + others * key_size, key + i * key_size, key_size);
        others++;
    }
    memcpy(items + others * size, aside, moved * size);
    return others;
}

int pl_radix_compute_and_sort(pl_radix_keyed *s, void *keys, size_t key_size, void *room,
                              int (*sort)(const pl_radix_keyed *s, size_t n, void *ctx), void *ctx, pl_phases *phases)
{
    bool goes_on;
    int result = pl_keys_run(&s->keys, phases, &goes_on), code = errno;
    if (!goes_on)
        return -1;
    if (result == 0)
        return sort(s, s->keys.n, ctx);
    pl_put_aside failure;
    pl_failure_put_aside(&failure);
    size_t n = pl_radix_move_absent(s, keys, key_size, room);
    result = sort(s, n, ctx);
    if (result == 0) { /* what has failed is a key */
        pl_failure_put_back(&failure);
        errno = code;
    } else {
        pl_failure_forget(&failure);
    }
    return -1;
}
