/* SPDX-License-Identifier: MIT */
/* Keys of items; keys.h says how they are had. */
#include "collections/keys.h"

#include <errno.h>
#include <stdalign.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/function.h"
#include "call/results.h"
#include "collections/chained.h"
#include "collections/room.h"
#include "collections/windows.h"
#include "sched/cost.h"

enum {
    WINDOW = 32768,      /* tasks in a window at most */
    LEAST_ITEMS = 16,    /* in a block */
    BLOCK_BYTES = 65536, /* of items in one that has more as they cost little */
    LITTLE_US = 500,
    LARGEST_KEY = 16
};
_Static_assert(sizeof(long double) <= LARGEST_KEY, "no key is larger");

size_t pl_keys_size(parallel_key type)
{
    static const unsigned char sizes[] = {
        [PARALLEL_KEY_INT8] = 1,   [PARALLEL_KEY_INT16] = 2,  [PARALLEL_KEY_INT32] = 4,
        [PARALLEL_KEY_INT64] = 8,  [PARALLEL_KEY_UINT8] = 1,  [PARALLEL_KEY_UINT16] = 2,
        [PARALLEL_KEY_UINT32] = 4, [PARALLEL_KEY_UINT64] = 8, [PARALLEL_KEY_FLOAT] = 4,
        [PARALLEL_KEY_DOUBLE] = 8, [PARALLEL_KEY_BOOL] = 1,   [PARALLEL_KEY_LONG_DOUBLE] = sizeof(long double),
    };
    return (size_t)type < sizeof sizes ? sizes[type] : 0;
}

/* ---- beginning ---------------------------------------------------------------------------------------- */

bool pl_keys_is_plain(const parallel_function *f, parallel_key type, const void *args, const parallel_options *options)
{
    return !options && f && f->size == sizeof *f && f->kernel && !f->can_fail && !f->options && args && f->arg_size &&
           f->result_size && f->result_size == pl_keys_size(type) && pl_function_is_aligned(f);
}

/* The function that gives keys. False with errno. */
static bool take_function(parallel_function *to, const parallel_function *f, parallel_key type)
{
    size_t size = pl_keys_size(type);
    if (!size)
        return pl_error_deny(EINVAL, "there is no such type of keys, %d", (int)type);
    if (!pl_function_take(to, f))
        return false;
    if (to->result_size != size)
        return pl_error_deny(EINVAL, "the function gives %zu bytes, and a key has %zu", to->result_size, size);
    return !to->splits || pl_error_deny(EINVAL, "the function gets chunks, and is to get items");
}

bool pl_keys_begin(pl_keys *k, const parallel_function *f, parallel_key type, const void *args, size_t n,
                   const parallel_options *options, const pl_request *request)
{
    pl_search_means means;
    pl_failure_clear_last();
    if (!take_function(&means.f, f, type))
        return false;
    if (n && !args)
        return pl_error_deny_null("args", n);
    if (pl_size_multiply(n, means.f.arg_size) == PL_SIZE_NONE)
        return pl_error_deny_memory();
    if (!pl_options_merge(&means.options, options, means.f.options, request))
        return false;
    if (means.options.names)
        return pl_error_deny(EINVAL, "this call has no option names");
    *k = (pl_keys){.f = means.f,
                   .type = type,
                   .merged = means.options,
                   .has_options = options || means.f.options,
                   .is_map = pl_search_needs_map(&means) || means.options.call_timeout > 0,
                   .args = args,
                   .n = n};
    k->f.options = NULL; /* they are in `merged` */
    return true;
}

pl_phases pl_keys_phases(const pl_keys *k, const pl_request *request)
{
    return pl_phases_begin(k->has_options ? &k->merged : NULL, request);
}

/* ---- piece by piece ----------------------------------------------------------------------------------- */

void pl_keys_take(const pl_keys *k, size_t begin, size_t end)
{
    alignas(PL_LINE) unsigned char keys[PL_KEYS_PIECE * LARGEST_KEY];
    size_t piece = PL_KEYS_PIECE;
    for (size_t to; begin < end; begin = to) {
        to = end - begin < piece ? end : begin + piece;
        parallel_span span = {.args = k->args + begin * k->f.arg_size, .results = keys};
        k->f.kernel(&span, 0, to - begin);
        k->take(k->ctx, begin, to - begin, keys);
    }
}

static void take_blocks(size_t begin, size_t end, void *ctx)
{
    const pl_keys *k = (const pl_keys *)((const char *)ctx - offsetof(pl_keys, work));
    for (; begin < end; begin++) {
        size_t from = pl_blocks_begin(&k->work.blocks, begin);
        pl_keys_take(k, from, from + pl_blocks_length(&k->work.blocks, begin));
    }
}

/* The items in blocks: which these are, nothing depends on. */
static pl_blocks blocks_of(const pl_keys *k, const pl_cost *cost)
{
    if (k->block)
        return pl_blocks_of_size(k->n, k->block);
    pl_blocks b = pl_blocks_of_links(k->n, k->f.arg_size, sizeof(size_t), LEAST_ITEMS);
    size_t times = pl_chained_worth(cost, LEAST_ITEMS), most = BLOCK_BYTES / k->f.arg_size;
    times = times < most / LEAST_ITEMS ? times : most / LEAST_ITEMS;
    return b.size < times * LEAST_ITEMS ? pl_blocks_of_size(k->n, times * LEAST_ITEMS) : b;
}

/* By which it is known what keys cost. */
static uintptr_t key_of(const pl_keys *k)
{
    return (uintptr_t)k->f.kernel * 31 + (uintptr_t)k->take;
}

bool pl_keys_cost_little(const pl_keys *k, size_t items)
{
    return pl_cost_guess(pl_cost_of(key_of(k)), items) < LITTLE_US * pl_os_ticks_per_us();
}

static int run_plain(pl_keys *k, pl_phases *phases)
{
    uintptr_t key = key_of(k);
    k->work = (pl_blocks_work){
        .blocks = blocks_of(k, pl_cost_of(key)), .args = k->args, .arg_size = k->f.arg_size, .treat = take_blocks};
    return pl_phases_run(phases, &k->work, key);
}

/* ---- tasks -------------------------------------------------------------------------------------------- */

static bool take_window(void *ctx, size_t first, size_t count, const unsigned char *results)
{
    const pl_keys *k = ctx;
    k->take(k->ctx, first, count, results);
    return true;
}

PL_NOT_INLINED static int run_tasks(pl_keys *k, pl_phases *phases, bool *goes_on)
{
    pl_room results;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    size_t room = k->n < WINDOW ? k->n : WINDOW;
    if (!pl_room_take(&results, room * k->f.result_size))
        return -1;
    pl_windows w = {.f = &k->f,
                    .args = k->args,
                    .n = k->n,
                    .options = &k->merged,
                    .request = phases->request,
                    .results = results.start,
                    .room = room,
                    .take = take_window,
                    .ctx = k};
    pl_cleanup_begin(&cleanup, pl_room_drop, &results);
    int result = pl_windows_run(&w);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&results);
    *goes_on = result == 0 || w.done == k->n; /* also if some have failed that may */
    phases->has_reported = phases->had_tasks = true;
    return result;
}

int pl_keys_run(pl_keys *k, pl_phases *phases, bool *goes_on)
{
    if (k->is_map)
        return run_tasks(k, phases, goes_on);
    int result = run_plain(k, phases);
    *goes_on = result == 0;
    return result;
}

/* ---- as words ----------------------------------------------------------------------------------------- */

#define INTEGERS_TO_WORDS(type, flip)                                                                                  \
    for (size_t i = 0; i < n; i++)                                                                                     \
        words[i] = (uint64_t)((const type *)keys)[i] ^ (flip);                                                         \
    break;

#define SIGN (UINT64_C(1) << 63)

/* A double's bits, but that NaN are the last, and alike, and that there is one zero. */
static inline uint64_t word_of(double key)
{
    uint64_t bits;
    key += 0.0; /* of -0.0 that makes 0.0 */
    memcpy(&bits, &key, sizeof bits);
    bits ^= (0 - (bits >> 63)) | SIGN;
    return key != key ? UINT64_MAX : bits;
}

/* A float is as a double. */
void pl_keys_to_words(parallel_key type, const void *keys, uint64_t *words, size_t n)
{
    switch (type) {
    case PARALLEL_KEY_INT8:
        INTEGERS_TO_WORDS(int8_t, SIGN)
    case PARALLEL_KEY_INT16:
        INTEGERS_TO_WORDS(int16_t, SIGN)
    case PARALLEL_KEY_INT32:
        INTEGERS_TO_WORDS(int32_t, SIGN)
    case PARALLEL_KEY_INT64:
        INTEGERS_TO_WORDS(int64_t, SIGN)
    case PARALLEL_KEY_UINT16:
        INTEGERS_TO_WORDS(uint16_t, 0)
    case PARALLEL_KEY_UINT32:
        INTEGERS_TO_WORDS(uint32_t, 0)
    case PARALLEL_KEY_UINT64:
        INTEGERS_TO_WORDS(uint64_t, 0)
    case PARALLEL_KEY_FLOAT:
        for (size_t i = 0; i < n; i++)
            words[i] = word_of(((const float *)keys)[i]);
        break;
    case PARALLEL_KEY_DOUBLE:
        for (size_t i = 0; i < n; i++)
            words[i] = word_of(((const double *)keys)[i]);
        break;
    default: /* bytes, and bool */
        INTEGERS_TO_WORDS(uint8_t, 0)
    }
}

/* ---- as indices --------------------------------------------------------------------------------------- */

/* Those below 0 are large, and all are looked at together first. */
#define TO_INDICES(type, index)                                                                                        \
    do {                                                                                                               \
        const type *from = keys;                                                                                       \
        index *to = indices;                                                                                           \
        uint64_t beyond = 0;                                                                                           \
        for (size_t i = 0; i < n; i++) {                                                                               \
            uint64_t key = (uint64_t)from[i];                                                                          \
            beyond |= key >= limit;                                                                                    \
            to[i] = (index)key;                                                                                        \
        }                                                                                                              \
        if (!beyond)                                                                                                   \
            return n;                                                                                                  \
        for (size_t i = 0;; i++)                                                                                       \
            if ((uint64_t)from[i] >= limit)                                                                            \
                return i;                                                                                              \
    } while (0)

#define TO_INDICES_BY_TYPE(index)                                                                                      \
    switch (type) {                                                                                                    \
    case PARALLEL_KEY_INT8:                                                                                            \
        TO_INDICES(int8_t, index);                                                                                     \
    case PARALLEL_KEY_INT16:                                                                                           \
        TO_INDICES(int16_t, index);                                                                                    \
    case PARALLEL_KEY_INT32:                                                                                           \
        TO_INDICES(int32_t, index);                                                                                    \
    case PARALLEL_KEY_INT64:                                                                                           \
        TO_INDICES(int64_t, index);                                                                                    \
    case PARALLEL_KEY_UINT16:                                                                                          \
        TO_INDICES(uint16_t, index);                                                                                   \
    case PARALLEL_KEY_UINT32:                                                                                          \
        TO_INDICES(uint32_t, index);                                                                                   \
    case PARALLEL_KEY_UINT64:                                                                                          \
        TO_INDICES(uint64_t, index);                                                                                   \
    default:                                                                                                           \
        TO_INDICES(uint8_t, index);                                                                                    \
    }

typedef __attribute__((vector_size(16), aligned(4), may_alias)) uint32_t four_keys;
typedef __attribute__((may_alias)) uint32_t one_key;

bool pl_keys_are_below(parallel_key type, const void *keys, size_t n, uint64_t limit)
{
    const one_key *x = keys;
    four_keys beyond = {0};
    size_t i = 0;
    uint32_t any[4], most = (uint32_t)limit;
    if (pl_keys_size(type) != sizeof *x || !pl_keys_are_indices(type) || limit > UINT32_MAX)
        return false;
    for (; n - i >= 4; i += 4)
        beyond |= (four_keys)(*(const four_keys *)(const void *)(x + i) >= most);
    memcpy(any, &beyond, sizeof any);
    for (; i < n; i++)
        any[0] |= x[i] >= most;
    return !(any[0] | any[1] | any[2] | any[3]);
}

size_t pl_keys_to_indices(parallel_key type, const void *keys, unsigned width, void *indices, size_t n, uint64_t limit)
{
    if (width == 4 && pl_keys_are_below(type, keys, n, limit)) {
        memcpy(indices, keys, n * sizeof(uint32_t));
        return n;
    }
    if (width == 2) {
        TO_INDICES_BY_TYPE(uint16_t)
    } else if (width == 4) {
        TO_INDICES_BY_TYPE(uint32_t)
    } else {
        TO_INDICES_BY_TYPE(uint64_t)
    }
}

bool pl_keys_are_indices(parallel_key type)
{
    return pl_keys_size(type) && type != PARALLEL_KEY_FLOAT && type != PARALLEL_KEY_DOUBLE &&
           type != PARALLEL_KEY_LONG_DOUBLE;
}

int pl_keys_fail_range(const pl_keys *k, size_t i)
{
    pl_failure_set_last(&(parallel_failure){.index = i,
                                            .state = PARALLEL_ERROR,
                                            .code = ERANGE,
                                            .attempts = 1,
                                            .message = "the key is out of range",
                                            .arg = k->args + i * k->f.arg_size},
                        &(pl_failed_call){.function = k->f.name});
    errno = ERANGE;
    return -1;
}
