/* SPDX-License-Identifier: MIT */
/* Packing, in all ways that this machine has: against a loop, beside memory that is not to be touched, and in place. */
#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "support/test.h"

enum { MOST = 700, GUARD = 64, LARGEST = 40 };

static unsigned long long state = 88172645463325252u;

/* Bits of which about so many in 16 are set. */
static size_t random_flags(bool *flags, size_t n, unsigned in_16)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        kept += flags[i] = pl_random(&state) % 16 < in_16;
    return kept;
}

static void check_way(pl_pack_way way, size_t size, size_t n, unsigned in_16)
{
    static unsigned char items[MOST * LARGEST], expected[MOST * LARGEST], out[MOST * LARGEST + GUARD];
    static bool flags[MOST];
    uint64_t bits[PL_PACK_WORDS(MOST) + 1];
    size_t kept = random_flags(flags, n, in_16), j = 0;
    memset(bits, 0xff, sizeof bits);
    ck_assert_uint_eq(pl_pack_bits(bits, flags, n), kept);
    for (size_t i = 0; i < n * size; i++)
        items[i] = (unsigned char)pl_random(&state);
    for (size_t i = 0; i < n; i++)
        if (flags[i])
            memcpy(expected + j++ * size, items + i * size, size);
    for (size_t i = 0; i < 64 * PL_PACK_WORDS(n); i++)
        ck_assert((bits[i / 64] >> i % 64 & 1) == (i < n && flags[i]));
    ck_assert(bits[PL_PACK_WORDS(n)] == UINT64_MAX);
    memset(out, 0x5a, sizeof out);
    pl_pack_items_by(way, out + GUARD / 2, items, size, bits, n, kept);
    ck_assert_msg(memcmp(out + GUARD / 2, expected, kept * size) == 0, "way %d, size %zu, n = %zu", way, size, n);
    for (size_t i = 0; i < GUARD / 2; i++)
        ck_assert(out[i] == 0x5a && out[GUARD / 2 + kept * size + i] == 0x5a);
    pl_pack_items_by(way, items, items, size, bits, n, kept);
    ck_assert(memcmp(items, expected, kept * size) == 0);
}

START_TEST(all_ways)
{
    static const size_t sizes[] = {1, 2, 3, 4, 8, 12, 16, 20, 24, 32, 40};
    for (pl_pack_way way = PL_PACK_ANYWHERE; way <= pl_pack_best(); way++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            for (size_t n = 0; n < MOST; n += n < 140 ? 1 : 37)
                for (unsigned in_16 = 0; in_16 <= 16; in_16 += 4)
                    check_way(way, sizes[s], n, in_16);
}
END_TEST

START_TEST(to_before_where_they_are)
{
    enum { N = 500, BY = 7 };
    static uint64_t wide[N + BY], expected[N];
    static bool flags[N];
    uint64_t bits[PL_PACK_WORDS(N)];
    for (pl_pack_way way = PL_PACK_ANYWHERE; way <= pl_pack_best(); way++)
        for (int round = 0; round < 50; round++) {
            size_t kept = random_flags(flags, N, 1 + (unsigned)round % 16), j = 0;
            for (size_t i = 0; i < N; i++) {
                wide[BY + i] = pl_random(&state);
                if (flags[i])
                    expected[j++] = wide[BY + i];
            }
            pl_pack_bits(bits, flags, N);
            pl_pack_items_by(way, wide, wide + BY, sizeof *wide, bits, N, kept);
            ck_assert(memcmp(wide, expected, kept * sizeof *wide) == 0);
        }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, all_ways);
    tcase_add_test(c, to_before_where_they_are);
    return pl_run("unit/pack", c);
}
