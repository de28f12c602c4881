/* SPDX-License-Identifier: MIT */
/* SHA-1 (FIPS 180-4) of a message that fits one block, both in big-endian words, so that no bytes need be swapped. */
#ifndef UTS_SHA1_H
#define UTS_SHA1_H

#include <stdint.h>
#include <string.h>

enum { SHA1_WORDS = 5, SHA1_BLOCK_WORDS = 16 };

static inline uint32_t rotate_left(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

/* How the steps of one of the four rounds mix three of the five words. */
typedef uint32_t sha1_mix(uint32_t b, uint32_t c, uint32_t d);

static inline uint32_t sha1_choose(uint32_t b, uint32_t c, uint32_t d)
{
    return (b & c) | (~b & d);
}

static inline uint32_t sha1_parity(uint32_t b, uint32_t c, uint32_t d)
{
    return b ^ c ^ d;
}

static inline uint32_t sha1_majority(uint32_t b, uint32_t c, uint32_t d)
{
    return (b & c) | (b & d) | (c & d);
}

/* The word of a step: from the message, then from the words of the 16 steps before, which take each other's place. */
static inline uint32_t sha1_word(uint32_t w[SHA1_BLOCK_WORDS], int t)
{
    if (t >= 16)
        w[t & 15] = rotate_left(w[(t - 3) & 15] ^ w[(t - 8) & 15] ^ w[(t - 14) & 15] ^ w[t & 15], 1);
    return w[t & 15];
}

/* Instead of moving each word one place on, the callers name the words one place further back. */
static inline void sha1_step(uint32_t a, uint32_t *b, uint32_t mixed, uint32_t *e, uint32_t w)
{
    *e += rotate_left(a, 5) + mixed + w;
    *b = rotate_left(*b, 30);
}

/* 20 steps. */
__attribute__((always_inline)) static inline void sha1_round(uint32_t s[SHA1_WORDS], uint32_t *w, int first,
                                                             sha1_mix *mix, uint32_t constant)
{
    uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4];
    for (int t = first; t < first + 20; t += 5) {
        sha1_step(a, &b, mix(b, c, d) + constant, &e, sha1_word(w, t));
        sha1_step(e, &a, mix(a, b, c) + constant, &d, sha1_word(w, t + 1));
        sha1_step(d, &e, mix(e, a, b) + constant, &c, sha1_word(w, t + 2));
        sha1_step(c, &d, mix(d, e, a) + constant, &b, sha1_word(w, t + 3));
        sha1_step(b, &c, mix(c, d, e) + constant, &a, sha1_word(w, t + 4));
    }
    s[0] = a;
    s[1] = b;
    s[2] = c;
    s[3] = d;
    s[4] = e;
}

/* words <= 13: one more holds the end mark, two the length. */
static inline void sha1(const uint32_t *message, int words, uint32_t digest[SHA1_WORDS])
{
    static const uint32_t start[SHA1_WORDS] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint32_t w[SHA1_BLOCK_WORDS] = {0};
    memcpy(w, message, (size_t)words * sizeof *w);
    w[words] = 0x80000000;
    w[SHA1_BLOCK_WORDS - 1] = (uint32_t)words * 32;
    memcpy(digest, start, sizeof start);
    sha1_round(digest, w, 0, sha1_choose, 0x5a827999);
    sha1_round(digest, w, 20, sha1_parity, 0x6ed9eba1);
    sha1_round(digest, w, 40, sha1_majority, 0x8f1bbcdc);
    sha1_round(digest, w, 60, sha1_parity, 0xca62c1d6);
    for (int i = 0; i < SHA1_WORDS; i++)
        digest[i] += start[i];
}

#endif
