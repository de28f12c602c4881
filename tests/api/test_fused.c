/* SPDX-License-Identifier: MIT */
/* Functions whose results are integers, reduced by words and counted: such results are combined as they come. Each
 * against the loop that it equals. */
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"

static const size_t sizes[] = {1, 2, 7, 64, 129, 1000, 4097, 65536, 100003, 1000003};
enum { SIZES = sizeof sizes / sizeof sizes[0], MOST = 1000003 };

static uint64_t *random_words(size_t count)
{
    uint64_t *in = malloc(count * sizeof *in);
    unsigned long long state = 88172645463325252u;
    ck_assert_ptr_nonnull(in);
    for (size_t i = 0; i < count; i++)
        in[i] = pl_random(&state) | 1; /* so that products do not end as 0 */
    return in;
}

/* ---- types --------------------------------------------------------------------------------------------------- */

#define TYPE(name, type)                                                                                               \
    static type get_##name(uint64_t x)                                                                                 \
    {                                                                                                                  \
        return (type)(x ^ x >> 7);                                                                                     \
    }                                                                                                                  \
    PARALLEL_DECORATE(get_##name, uint64_t, type);                                                                     \
    static int get_##name##_by_task(const uint64_t *x, type *result, void *extras)                                     \
    {                                                                                                                  \
        (void)extras;                                                                                                  \
        *result = get_##name(*x);                                                                                      \
        return 0;                                                                                                      \
    }                                                                                                                  \
    PARALLEL_DECORATE_TASK(get_##name##_by_task, uint64_t, type)

TYPE(char, char);
TYPE(schar, signed char);
TYPE(uchar, unsigned char);
TYPE(short, short);
TYPE(ushort, unsigned short);
TYPE(int, int);
TYPE(unsigned, unsigned);
TYPE(long, long);
TYPE(ulong, unsigned long);
TYPE(llong, long long);
TYPE(ullong, unsigned long long);
TYPE(truth, bool);

#define CHECK(name, type, word, start, expression)                                                                     \
    do {                                                                                                               \
        type expected = (start), acc = (start), serial = (start), grained = (start), tasks = (start);                  \
        for (size_t i = 0; i < n; i++) {                                                                               \
            type a = expected, b = get_##name(in[i]);                                                                  \
            expected = (type)(expression);                                                                             \
        }                                                                                                              \
        ck_assert_int_eq(parallel_map_reduce(get_##name, word, in, n, &acc), 0);                                       \
        ck_assert_int_eq(parallel_map_reduce(get_##name, word, in, n, &serial, .executor = PARALLEL_SERIAL), 0);       \
        ck_assert_int_eq(parallel_map_reduce(get_##name, word, in, n, &grained, .max_workers = 3, .grain = 9), 0);     \
        ck_assert_int_eq(parallel_map_reduce(get_##name##_by_task, word, in, n < 5000 ? n : 0, &tasks), 0);            \
        ck_assert_msg(acc == expected && serial == expected && grained == expected, #word " of " #type ", n = %zu",    \
                      n);                                                                                              \
        ck_assert_msg(n >= 5000 || tasks == expected, #word " of " #type " by tasks, n = %zu", n);                     \
    } while (0)

#define CHECK_BITS(name, type)                                                                                         \
    do {                                                                                                               \
        CHECK(name, type, PARALLEL_MIN, (type)1, b < a ? b : a);                                                       \
        CHECK(name, type, PARALLEL_MAX, (type)1, b > a ? b : a);                                                       \
        CHECK(name, type, PARALLEL_AND, (type)-1, a &b);                                                               \
        CHECK(name, type, PARALLEL_OR, (type)0, a | b);                                                                \
        CHECK(name, type, PARALLEL_XOR, (type)1, a ^ b);                                                               \
    } while (0)

#define CHECK_ALL(name, type)                                                                                          \
    do {                                                                                                               \
        CHECK(name, type, PARALLEL_PLUS, (type)3, (uint64_t)a + (uint64_t)b);                                          \
        CHECK(name, type, PARALLEL_TIMES, (type)5, (uint64_t)a *(uint64_t)b);                                          \
        CHECK_BITS(name, type);                                                                                        \
    } while (0)

START_TEST(words_of_all_types)
{
    size_t n = sizes[_i];
    uint64_t *in = random_words(MOST);
    CHECK_ALL(char, char);
    CHECK_ALL(schar, signed char);
    CHECK_ALL(uchar, unsigned char);
    CHECK_ALL(short, short);
    CHECK_ALL(ushort, unsigned short);
    CHECK_ALL(int, int);
    CHECK_ALL(unsigned, unsigned);
    CHECK_ALL(long, long);
    CHECK_ALL(ulong, unsigned long);
    CHECK_ALL(llong, long long);
    CHECK_ALL(ullong, unsigned long long);
    CHECK_BITS(truth, bool);
    free(in);
}
END_TEST

/* What the value of the reduction is may be one of the items, which count as they were before. */
START_TEST(the_value_may_be_an_item)
{
    uint64_t *in = random_words(1000), expected = in[7];
    for (size_t i = 0; i < 1000; i++)
        expected += get_ullong(in[i]);
    for (int round = 0; round < 3; round++) {
        uint64_t before = in[7];
        ck_assert_int_eq(parallel_map_reduce(get_ullong, PARALLEL_PLUS, in, 1000, (unsigned long long *)in + 7), 0);
        ck_assert(in[7] == expected);
        in[7] = before;
    }
    free(in);
}
END_TEST

/* ---- other types --------------------------------------------------------------------------------------------- */

enum colour { RED, GREEN = 5 };
struct pair {
    uint64_t a, b;
};

static enum colour get_colour(uint64_t x)
{
    return x & 2 ? GREEN : RED;
}
static struct pair get_pair(uint64_t x)
{
    return (struct pair){x, 1};
}
static double get_double(uint64_t x)
{
    return (double)(x % 1000);
}
static struct pair add_pairs(struct pair a, struct pair b)
{
    return (struct pair){a.a + b.a, a.b + b.b};
}
static const uint64_t *get_pointer(const uint64_t *x)
{
    return x;
}
static const uint64_t *later(const uint64_t *a, const uint64_t *b)
{
    return a > b ? a : b;
}
static void do_nothing(uint64_t x)
{
    (void)x;
}
PARALLEL_DECORATE(get_colour, uint64_t, enum colour);
PARALLEL_DECORATE(get_pair, uint64_t, struct pair);
PARALLEL_DECORATE(get_double, uint64_t, double);
PARALLEL_DECORATE(do_nothing, uint64_t, void);
typedef const uint64_t *address;
PARALLEL_DECORATE(get_pointer, address, address);
PARALLEL_DECORATE_COMBINE(add_pairs, struct pair);
PARALLEL_DECORATE_COMBINE(later, address);

START_TEST(results_that_are_no_integers)
{
    enum { N = 3000 };
    uint64_t *in = random_words(N), first = 0;
    address *at = malloc(N * sizeof *at), last = in;
    struct pair pairs = {0, 0};
    double sum = 0, expected = 0;
    unsigned colours = 0, greens = 0;
    ck_assert_ptr_nonnull(at);
    for (size_t i = 0; i < N; i++) {
        at[i] = in + i;
        first += in[i];
        expected += get_double(in[i]); /* without a rounding */
        greens |= get_colour(in[i]);
    }
    ck_assert_int_eq(parallel_map_reduce(get_pair, add_pairs, in, N, &pairs), 0);
    ck_assert_int_eq(parallel_map_reduce(get_double, PARALLEL_PLUS, in, N, &sum), 0);
    ck_assert_int_eq(parallel_map_reduce(get_pointer, later, at, N, &last), 0);
    ck_assert_int_eq(parallel_map_reduce_function(&get_colour__parallel_fused,
                                                  &parallel_word_combines[PARALLEL_WORD_OR_][PARALLEL_U32_], in, N,
                                                  &colours, NULL),
                     0);
    ck_assert(!do_nothing__parallel_fused.fused);
    ck_assert(pairs.a == first && pairs.b == N && sum == expected && last == in + N - 1 && colours == greens);
    free(in);
    free(at);
}
END_TEST

/* ---- counts and searches ------------------------------------------------------------------------------------- */

static bool is_rare(uint64_t x)
{
    return x % 4099 == 5;
}
static bool is_common(uint64_t x)
{
    return !is_rare(x);
}
PARALLEL_DECORATE(is_rare, uint64_t, bool);
PARALLEL_DECORATE(is_common, uint64_t, bool);

START_TEST(counts_and_searches)
{
    size_t n = sizes[_i];
    uint64_t *in = random_words(n);
    ptrdiff_t count = 0;
    const uint64_t *first = NULL, *last = NULL;
    for (size_t i = 0; i < n; i++)
        if (is_rare(in[i])) {
            count++;
            first = first ? first : in + i;
            last = in + i;
        }
    for (int round = 0; round < 5; round++) {
        ck_assert(parallel_count(is_rare, in, n) == count && parallel_count(is_common, in, n) == (ptrdiff_t)n - count);
        ck_assert(parallel_count(is_rare, in, n, .grain = 100, .max_workers = 5) == count);
        ck_assert(parallel_find(is_rare, in, n) == first && parallel_find_last(is_rare, in, n) == last);
        ck_assert(parallel_find(is_rare, in, n, .max_workers = 3, .grain = 700) == first);
        ck_assert(parallel_find_last(is_rare, in, n, .executor = PARALLEL_SERIAL) == last);
        ck_assert(parallel_any(is_rare, in, n) == (count > 0) && parallel_all(is_common, in, n) == (count == 0));
    }
    free(in);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, words_of_all_types, 0, SIZES);
    tcase_add_test(c, the_value_may_be_an_item);
    tcase_add_test(c, results_that_are_no_integers);
    tcase_add_loop_test(c, counts_and_searches, 0, SIZES);
    return pl_run("api/fused", c);
}
