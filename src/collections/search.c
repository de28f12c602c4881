/* SPDX-License-Identifier: MIT */
/* What counting and searching have in common (search.h): their beginning, and bytes. */
#include "collections/search.h"

#include <libparallel/detail/words.h>

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/size.h"
#include "call/failure.h"
#include "call/function.h"

/* Items that are counted in an unsigned number. */
#define MOST_FUSED ((size_t)1 << 30)

/* ---- beginning ------------------------------------------------------------------------------------------- */

bool pl_search_begin(pl_search_means *means, const parallel_function *f, const void *args, size_t n,
                     const parallel_options *options, const pl_request *request)
{
    pl_failure_clear_last();
    if (!pl_function_take(&means->f, f))
        return false;
    if (means->f.result_size != sizeof(bool))
        return pl_error_deny(EINVAL, "the predicate gives %zu bytes, and not a bool", means->f.result_size);
    if (means->f.splits)
        return pl_error_deny(EINVAL, "the predicate gets chunks, and is to get items");
    if (n && !args)
        return pl_error_deny_null("args", n);
    if (pl_size_multiply(n, means->f.arg_size) == PL_SIZE_NONE)
        return pl_error_deny_memory();
    means->has_options = options || means->f.options;
    if (!pl_options_merge(&means->options, options, means->f.options, request))
        return false;
    return !means->options.names || pl_error_deny(EINVAL, "this call has no option names");
}

bool pl_search_needs_map(const pl_search_means *means)
{
    const parallel_options *o = &means->options;
    return pl_function_can_fail(&means->f) || o->timeout > 0 || o->retries > 0 || o->extras ||
           pl_options_is_elsewhere(o->executor);
}

void pl_search_ask(const parallel_function *f, const unsigned char *args, size_t begin, size_t end, void *bytes)
{
    parallel_span span = {.args = args + begin * f->arg_size, .results = bytes};
    f->kernel(&span, 0, end - begin);
}

size_t pl_search_count_fused(const parallel_function *f, const unsigned char *args, size_t begin, size_t end)
{
    size_t count = 0;
    for (size_t to; begin < end; begin = to) {
        unsigned piece = 0;
        to = end - begin < MOST_FUSED ? end : begin + MOST_FUSED;
        f->fused(&piece, args + begin * f->arg_size, to - begin, PARALLEL_COUNT_TRUE_);
        count += piece;
    }
    return count;
}

/* ---- bytes ----------------------------------------------------------------------------------------------- */

/* A vector that may stand anywhere. */
typedef unsigned char bytes16 __attribute__((vector_size(16), aligned(1), may_alias));

size_t pl_search_count_bytes(const unsigned char *bytes, size_t n)
{
    size_t count = 0, i = 0;
    while (n - i >= sizeof(bytes16)) {
        size_t rounds = (n - i) / sizeof(bytes16), most = UCHAR_MAX; /* what a byte can count to */
        bytes16 sums = {0};
        for (size_t end = i + (rounds < most ? rounds : most) * sizeof sums; i < end; i += sizeof sums)
            sums -= (bytes16)(*(const bytes16 *)(bytes + i) != 0);
        uint64_t halves[2], pairs = UINT64_C(0x00ff00ff00ff00ff);
        memcpy(halves, &sums, sizeof halves);
        for (int k = 0; k < 2; k++) /* four sums of two bytes each, which a product adds up in its highest */
            count += ((halves[k] & pairs) + (halves[k] >> 8 & pairs)) * UINT64_C(0x0001000100010001) >> 48;
    }
    for (; i < n; i++)
        count += bytes[i] != 0;
    return count;
}

/* The last byte that is not 0. */
static size_t last_of(const unsigned char *bytes, size_t n)
{
    size_t i = n;
    for (uint64_t words[4]; i >= sizeof words; i -= sizeof words) {
        memcpy(words, bytes + i - sizeof words, sizeof words);
        if (words[0] | words[1] | words[2] | words[3])
            break;
    }
    while (i > 0)
        if (bytes[--i])
            return i;
    return n;
}

/* Of so few, they are looked at one by one: vectors would wait for what has just been stored byte by byte. */
#define FEW_BYTES 16

static size_t first_of_few(const unsigned char *bytes, size_t n, bool value)
{
    size_t i = 0;
    while (i < n && (bytes[i] != 0) != value)
        i++;
    return i;
}

size_t pl_search_bytes(pl_search_aim aim, const unsigned char *bytes, size_t n)
{
    if (aim == PL_SEARCH_LAST)
        return last_of(bytes, n);
    if (n <= FEW_BYTES)
        return first_of_few(bytes, n, aim == PL_SEARCH_FIRST);
    const unsigned char *first = memchr(bytes, aim == PL_SEARCH_FIRST, n);
    return first ? (size_t)(first - bytes) : n;
}
