/* SPDX-License-Identifier: MIT */
/* Tasks: arguments and results of all sorts, by each of the ways that they travel. */
#include <parallel.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "support/tasks.h"

#pragma GCC diagnostic ignored "-Wpsabi" /* over-aligned arguments were passed in another way by gcc before 4.6 */

/* ---- echoes ---------------------------------------------------------------------------------------------- */

static atomic_int begun;

/* ECHO(name, type): tasks that send make_NAME(i) down by a spawn, a call and a run, and get it back as it was; so says
 * is_NAME(value, i). try_NAME(n, patient) gives how often it was not so. A patient one waits for thieves for a moment
 * between spawn and join. */
#define ECHO(name, type)                                                                                               \
    PARALLEL_TASK(type, echo_##name, type, value, int, i)                                                              \
    {                                                                                                                  \
        pl_count(&begun);                                                                                              \
        if (!is_##name(value, i))                                                                                      \
            return make_##name(i + 1000);                                                                              \
        return value;                                                                                                  \
    }                                                                                                                  \
    PARALLEL_TASK(int, try_##name, int, n, bool, patient)                                                              \
    {                                                                                                                  \
        int wrong = 0;                                                                                                 \
        atomic_store_explicit(&begun, 0, memory_order_relaxed);                                                        \
        for (int i = 0; i < n; i++)                                                                                    \
            PARALLEL_SPAWN(echo_##name, make_##name(i), i);                                                            \
        if (patient)                                                                                                   \
            pl_await(&begun, n, 0.002);                                                                                \
        wrong += !is_##name(PARALLEL_CALL(echo_##name, make_##name(99), 99), 99);                                      \
        for (int i = n - 1; i >= 0; i--)                                                                               \
            wrong += !is_##name(PARALLEL_SYNC(echo_##name), i);                                                        \
        return wrong;                                                                                                  \
    }                                                                                                                  \
    static void check_##name(void)                                                                                     \
    {                                                                                                                  \
        for (int i = 0; i < 20; i++)                                                                                   \
            ck_assert(is_##name(PARALLEL_RUN(echo_##name, make_##name(i), i), i));                                     \
        for (int round = 0; round < 20; round++)                                                                       \
            ck_assert_int_eq(PARALLEL_RUN(try_##name, round % 8 + 1, round % 4 == 0), 0);                              \
        ck_assert_int_eq(PARALLEL_RUN(try_##name, 500, false), 0);                                                     \
        ck_assert_int_eq(PARALLEL_RUN(try_##name, 500, true), 0);                                                      \
    }

/* ---- scalars --------------------------------------------------------------------------------------------- */

static bool make_bool(int i)
{
    return i % 3 == 0;
}
static bool is_bool(bool b, int i)
{
    return b == (i % 3 == 0);
}
ECHO(bool, bool)

static signed char make_char(int i)
{
    return (signed char)(i % 200 - 100);
}
static bool is_char(signed char c, int i)
{
    return c == (signed char)(i % 200 - 100);
}
ECHO(char, signed char)

static unsigned long long make_integer(int i)
{
    return ~(unsigned long long)i;
}
static bool is_integer(unsigned long long n, int i)
{
    return n == ~(unsigned long long)i;
}
ECHO(integer, unsigned long long)

static double make_double(int i)
{
    return i / 8.0;
}
static bool is_double(double d, int i)
{
    return d >= i / 8.0 && d <= i / 8.0;
}
ECHO(double, double)

static long double make_long_double(int i)
{
    return i / 16.0L;
}
static bool is_long_double(long double d, int i)
{
    return d >= i / 16.0L && d <= i / 16.0L;
}
ECHO(long_double, long double)

static char letters[2000];

static const char *make_pointer(int i)
{
    return letters + i;
}
static bool is_pointer(const char *p, int i)
{
    return p == letters + i;
}
ECHO(pointer, const char *)

typedef int (*function)(int);

static int one(int i)
{
    return i + 1;
}
static int two(int i)
{
    return i + 2;
}
static function make_function(int i)
{
    return i % 2 ? one : two;
}
static bool is_function(function f, int i)
{
    return f(i) == i + (i % 2 ? 1 : 2);
}
ECHO(function, function)

enum colour { RED, GREEN, BLUE };

static enum colour make_enum(int i)
{
    return (enum colour)(i % 3);
}
static bool is_enum(enum colour c, int i)
{
    return c == (enum colour)(i % 3);
}
ECHO(enum, enum colour)

START_TEST(scalars)
{
    pl_workers(pl_task_workers[_i]);
    check_bool();
    check_char();
    check_integer();
    check_double();
    check_long_double();
    check_pointer();
    check_function();
    check_enum();
}
END_TEST

/* ---- structs --------------------------------------------------------------------------------------------- */

static void fill(void *bytes, size_t size, int i)
{
    for (size_t k = 0; k < size; k++)
        ((unsigned char *)bytes)[k] = (unsigned char)((size_t)i * 7 + k);
}

static bool is_filled(const void *bytes, size_t size, int i)
{
    for (size_t k = 0; k < size; k++)
        if (((const unsigned char *)bytes)[k] != (unsigned char)((size_t)i * 7 + k))
            return false;
    return true;
}

typedef struct pair {
    short a;
    double b;
} pair;

static pair make_pair(int i)
{
    return (pair){(short)i, i * 0.5};
}
static bool is_pair(pair p, int i)
{
    return p.a == i && is_double(p.b, i * 4);
}
ECHO(pair, pair)

union either {
    long n;
    void *p;
};

static union either make_union(int i)
{
    return (union either){.n = i};
}
static bool is_union(union either u, int i)
{
    return u.n == i;
}
ECHO(union, union either)

/* BYTES(name, size, alignment): a struct of that size, which is to be where its alignment says. */
#define BYTES(name, size, alignment)                                                                                   \
    struct name {                                                                                                      \
        alignas(alignment) unsigned char bytes[size];                                                                  \
    };                                                                                                                 \
    static struct name make_##name(int i)                                                                              \
    {                                                                                                                  \
        struct name s;                                                                                                 \
        fill(s.bytes, sizeof s.bytes, i);                                                                              \
        return s;                                                                                                      \
    }                                                                                                                  \
    static bool is_##name(struct name s, int i)                                                                        \
    {                                                                                                                  \
        return (uintptr_t)&s % (alignment) == 0 && is_filled(s.bytes, sizeof s.bytes, i);                              \
    }                                                                                                                  \
    ECHO(name, struct name)

BYTES(one_byte, 1, 1)
BYTES(forty_bytes, 40, 4)
BYTES(just_fits, 44, 4) /* with the int after it */
BYTES(just_too_large, 48, 4)
BYTES(a_line, 64, 1)
BYTES(hundred_bytes, 100, 1)
BYTES(page, 5000, 8)
BYTES(aligned_to_16, 16, 16)
BYTES(aligned_to_32, 32, 32)
BYTES(aligned_to_64, 192, 64)

START_TEST(structs)
{
    pl_workers(pl_task_workers[_i]);
    check_pair();
    check_union();
    check_one_byte();
    check_forty_bytes();
    check_just_fits();
    check_just_too_large();
    check_a_line();
    check_hundred_bytes();
    check_page();
}
END_TEST

START_TEST(over_aligned_structs)
{
    pl_workers(pl_task_workers[_i]);
    check_aligned_to_16();
    check_aligned_to_32();
    check_aligned_to_64();
}
END_TEST

/* ---- other sizes down than up ---------------------------------------------------------------------------- */

PARALLEL_TASK(struct page, widen, int, i)
{
    pl_count(&begun);
    return make_page(i);
}

PARALLEL_TASK(int, narrow, struct page, s)
{
    pl_count(&begun);
    int i = 0;
    while (i < 256 && !is_page(s, i))
        i++;
    return i;
}

PARALLEL_TASK(void, swallow, struct hundred_bytes, s, struct a_line, t, int *, to)
{
    pl_count(&begun);
    *to = is_hundred_bytes(s, 3) && is_a_line(t, 4);
}

PARALLEL_TASK(struct aligned_to_64, align, struct one_byte, s)
{
    return make_aligned_to_64(is_one_byte(s, 5) ? 6 : 7);
}

PARALLEL_TASK(int, down_and_up, bool, patient)
{
    int swallowed = 0, wrong = 0;
    atomic_store_explicit(&begun, 0, memory_order_relaxed);
    PARALLEL_SPAWN(widen, 11);
    PARALLEL_SPAWN(narrow, make_page(12));
    PARALLEL_SPAWN(swallow, make_hundred_bytes(3), make_a_line(4), &swallowed);
    PARALLEL_SPAWN(align, make_one_byte(5));
    PARALLEL_SPAWN(widen, 13);
    if (patient)
        pl_await(&begun, 4, 0.002);
    wrong += !is_page(PARALLEL_SYNC(widen), 13);
    wrong += !is_aligned_to_64(PARALLEL_SYNC(align), 6);
    PARALLEL_SYNC(swallow);
    wrong += swallowed != 1;
    PARALLEL_SPAWN(narrow, make_page(14));
    wrong += PARALLEL_SYNC(narrow) != 14;
    wrong += PARALLEL_SYNC(narrow) != 12;
    wrong += !is_page(PARALLEL_SYNC(widen), 11);
    return wrong;
}

START_TEST(other_sizes_down_than_up)
{
    pl_workers(pl_task_workers[_i]);
    for (int round = 0; round < 100; round++)
        ck_assert_int_eq(PARALLEL_RUN(down_and_up, round % 4 == 0), 0);
}
END_TEST

/* ---- one to eight arguments, of any name ----------------------------------------------------------------- */

PARALLEL_TASK(int, task, int, result)
{
    return result + 1;
}

PARALLEL_TASK(double, slot, const int *, p, float, task)
{
    return *p + (double)task;
}

PARALLEL_TASK(long, worker, short, worker, struct hundred_bytes, slot, unsigned char, head)
{
    return is_hundred_bytes(slot, 8) ? worker * 1000L + head : -1;
}

PARALLEL_TASK(long double, p, long double, in, bool, out, function, fn, pair, data)
{
    return out ? in + fn(data.a) + (long double)data.b : 0;
}

PARALLEL_TASK(pair, result, pair, frame, pair, make, pair, t1, pair, n1)
{
    return (pair){(short)(frame.a + make.a + t1.a + n1.a), frame.b + make.b + t1.b + n1.b};
}

/* Each gives its arguments, 1 to 9, as digits; some fit into a slot, and some do not. */
PARALLEL_TASK(long, five, char, a, const long *, each, float, c, short, d, bool, e)
{
    return ((((a * 10L + *each) * 10 + (long)c) * 10) + d) * 10 + e;
}

PARALLEL_TASK(long, six, long, pl, short, typed, double, named, const int *, members, char, put, pair, taken)
{
    return (((((pl * 10L + typed) * 10 + (long)named) * 10) + *members) * 10 + put) * 10 + taken.a;
}

PARALLEL_TASK(long, seven, int, b, int, d, int, f, int, h, int, j, int, l, int, n)
{
    return ((((((b * 10L + d) * 10 + f) * 10) + h) * 10 + j) * 10 + l) * 10 + n;
}

PARALLEL_TASK(long, eight, char, a, double, A, long, between, struct hundred_bytes, s, function, form, unsigned char, F,
              float, E, enum colour, type)
{
    long digits = ((a * 10L + (long)A) * 10 + between) * 10 + (is_hundred_bytes(s, 8) ? 4 : 0);
    return (((digits * 10 + form(4)) * 10 + F) * 10 + (long)E) * 10 + (type == BLUE ? 8 : 0);
}

PARALLEL_TASK_DECLARE(long, eight_longs, long, a, long, b, long, c, long, d, long, e, long, f, long, g, long, h);

PARALLEL_TASK(int, digits, int, three)
{
    int wrong = 0;
    long two = 2;
    PARALLEL_SPAWN(five, 1, &two, 3.5F, 4, true);
    PARALLEL_SPAWN(six, 1, 2, 3.5, &three, 5, make_pair(6));
    PARALLEL_SPAWN(seven, 1, 2, three, 4, 5, 6, 7);
    PARALLEL_SPAWN(eight, 1, 2.5, three, make_hundred_bytes(8), one, 6, 7.5F, BLUE);
    PARALLEL_SPAWN(eight_longs, 1, two, three, 4, 5, 6, 7, 8);
    wrong += PARALLEL_CALL(five, 9, &two, 3, 4, true) != 92341;
    wrong += PARALLEL_CALL(six, 9, 2, 3, &three, 5, make_pair(6)) != 923356;
    wrong += PARALLEL_CALL(seven, 9, 2, three, 4, 5, 6, 7) != 9234567;
    wrong += PARALLEL_CALL(eight, 9, 2, three, make_hundred_bytes(8), one, 6, 7, BLUE) != 92345678;
    wrong += PARALLEL_CALL(eight_longs, 9, two, three, 4, 5, 6, 7, 8) != 92345678;
    wrong += PARALLEL_SYNC(eight_longs) != 12345678;
    wrong += PARALLEL_SYNC(eight) != 12345678;
    wrong += PARALLEL_SYNC(seven) != 1234567;
    wrong += PARALLEL_SYNC(six) != 123356;
    wrong += PARALLEL_SYNC(five) != 12341;
    return wrong;
}

PARALLEL_TASK_DEFINE(long, eight_longs, long, a, long, b, long, c, long, d, long, e, long, f, long, g, long, h)
{
    if (h == 0) /* once more, by a spawn, with what is missing */
        return ((((((a * 10 + b) * 10 + c) * 10 + d) * 10 + e) * 10 + f) * 10 + g) * 10;
    PARALLEL_SPAWN(eight_longs, a, b, c, d, e, f, g, 0);
    return PARALLEL_SYNC(eight_longs) + h;
}

START_TEST(five_to_eight_parameters)
{
    pl_workers(pl_task_workers[_i]);
    long two = 2;
    for (int round = 0; round < 500; round++)
        ck_assert_int_eq(PARALLEL_RUN(digits, 3), 0);
    ck_assert_int_eq(PARALLEL_RUN(five, 5, &two, 3, 4, true), 52341);
    ck_assert_int_eq(PARALLEL_RUN(seven, 7, 2, 3, 4, 5, 6, 7), 7234567);
    ck_assert_int_eq(PARALLEL_RUN(eight, 8, 2, 3, make_hundred_bytes(8), one, 6, 7, BLUE), 82345678);
    ck_assert_int_eq(PARALLEL_RUN(eight_longs, 1, 2, 3, 4, 5, 6, 7, 9), 12345679);
}
END_TEST

PARALLEL_TASK(int, names, int, name)
{
    int wrong = 0;
    PARALLEL_SPAWN(task, name);
    PARALLEL_SPAWN(slot, &name, 0.5F);
    PARALLEL_SPAWN(worker, -3, make_hundred_bytes(8), 200);
    PARALLEL_SPAWN(p, 0.25L, true, one, ((pair){4, 0.5}));
    PARALLEL_SPAWN(result, make_pair(1), make_pair(2), make_pair(3), make_pair(4));
    pair ten = PARALLEL_SYNC(result);
    long double sum = PARALLEL_SYNC(p);
    long product = PARALLEL_SYNC(worker);
    double half = PARALLEL_SYNC(slot);
    wrong += !is_pair(ten, 10);
    wrong += !is_long_double(sum, 92);
    wrong += product != -2800;
    wrong += !is_double(half, name * 8 + 4);
    return wrong + (PARALLEL_SYNC(task) != name + 1);
}

START_TEST(parameters_of_any_name)
{
    pl_workers(pl_task_workers[_i]);
    for (int round = 0; round < 500; round++)
        ck_assert_int_eq(PARALLEL_RUN(names, round), 0);
    ck_assert_int_eq(PARALLEL_RUN(task, 1), 2);
    ck_assert(is_pair(PARALLEL_RUN(result, make_pair(1), make_pair(2), make_pair(3), make_pair(4)), 10));
}
END_TEST

/* Arguments of other types are converted, as for a function. */
PARALLEL_TASK(double, converted, double, d, unsigned char, c)
{
    return d + c;
}

PARALLEL_TASK(int, convert, int, n)
{
    PARALLEL_SPAWN(converted, n, n + 256);
    double called = PARALLEL_CALL(converted, n, n + 512);
    double joined = PARALLEL_SYNC(converted);
    return !is_double(called, n * 16) + !is_double(joined, n * 16);
}

START_TEST(arguments_are_converted)
{
    pl_workers(pl_task_workers[_i]);
    for (int n = 0; n < 200; n++)
        ck_assert_int_eq(PARALLEL_RUN(convert, n), 0);
    int too_large = 259;
    ck_assert(is_double(PARALLEL_RUN(converted, 3, too_large), 48));
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, scalars, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, structs, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, over_aligned_structs, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, other_sizes_down_than_up, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, five_to_eight_parameters, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, parameters_of_any_name, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, arguments_are_converted, 0, PL_TASK_WORKERS);
    return pl_run("api/task_types", c);
}
