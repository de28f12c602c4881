/* SPDX-License-Identifier: MIT */
/* Tasks: joins of all that a task has spawned, with what becomes of the results, and wherever the spawns may be. */
#include <parallel.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/process.h"
#include "support/tasks.h"

/* How many tasks have begun, and ended, since the count was reset. */
static atomic_int begun, ended;

static void reset_counts(void)
{
    atomic_store_explicit(&begun, 0, memory_order_relaxed);
    atomic_store_explicit(&ended, 0, memory_order_relaxed);
}

static int count_of(const atomic_int *counter)
{
    return atomic_load_explicit((atomic_int *)counter, memory_order_acquire);
}

PARALLEL_TASK(int, next_of, int, i)
{
    pl_count(&begun);
    pl_count(&ended);
    return i + 1;
}

/* ---- one kind -------------------------------------------------------------------------------------------- */

/* Order matters: the digits of a number. */
static uint64_t append_to(uint64_t numbers, int next)
{
    return numbers * 1000003 + (uint64_t)next;
}

#define APPEND_TO(numbers, next) ((numbers)*1000003 + (uint64_t)(next))
#define LONGER append_to

static uint64_t all_down_from(uint64_t numbers, int n)
{
    for (int i = n; i > 0; i--)
        numbers = append_to(numbers, i);
    return numbers;
}

/* How many times the joins come out wrong. A patient one waits for thieves for a moment between spawns and joins. */
PARALLEL_TASK(int, append_all, int, n, bool, patient)
{
    reset_counts();
    uint64_t numbers = 7, again[2] = {8, 9};
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_of, i);
    if (patient)
        pl_await(&begun, n, 0.002);
    PARALLEL_SYNC_ALL(next_of, append_to, numbers);
    int wrong = (numbers != all_down_from(7, n)) + (count_of(&ended) != n);
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_of, i);
    int first = n > 0 ? PARALLEL_SYNC(next_of) : 0, at = 0;
    PARALLEL_SYNC_ALL(next_of, APPEND_TO, again[at++]);
    wrong += (again[0] != all_down_from(8, n > 0 ? n - 1 : 0)) + (again[1] != 9) + (at != 1) + (first != n);
    PARALLEL_SYNC_ALL(next_of, LONGER, numbers); /* of none */
    return wrong + (numbers != all_down_from(7, n));
}

START_TEST(the_youngest_first)
{
    pl_workers(pl_task_workers[_i]);
    for (int n = 0; n < 300; n += n / 8 + 1)
        for (int round = 0; round < 4; round++)
            ck_assert_int_eq(PARALLEL_RUN(append_all, n, round == 3), 0);
    ck_assert_int_eq(PARALLEL_RUN(append_all, 100000, false), 0);
}
END_TEST

PARALLEL_TASK(int, item, const int *, items, int, i)
{
    return items[i];
}

/* The serial results are those of the loops that the words stand for. */
PARALLEL_TASK(int, try_integers, const int *, items, int, n)
{
    int plus = 3, times = 3, minimum = items[0], maximum = items[0], and = -1, or = 0, xor = 0, wrong = 0;
    long wide = 0;
#define TRY(word, acc, expected)                                                                                       \
    do {                                                                                                               \
        for (int i = 0; i < n; i++)                                                                                    \
            PARALLEL_SPAWN(item, items, i);                                                                            \
        PARALLEL_SYNC_ALL(item, word, acc);                                                                            \
        int serial = wrong_start;                                                                                      \
        for (int i = 0; i < n; i++)                                                                                    \
            serial = expected;                                                                                         \
        wrong += (acc) != serial;                                                                                      \
    } while (0)
    int wrong_start = 3;
    TRY(PARALLEL_PLUS, plus, serial + items[i]);
    TRY(PARALLEL_TIMES, times, serial * items[i]);
    wrong_start = items[0];
    TRY(PARALLEL_MIN, minimum, items[i] < serial ? items[i] : serial);
    TRY(PARALLEL_MAX, maximum, items[i] > serial ? items[i] : serial);
    wrong_start = -1;
    TRY(PARALLEL_AND, and, serial & items[i]);
    wrong_start = 0;
    TRY(PARALLEL_OR, or, serial | items[i]);
    TRY(PARALLEL_XOR, xor, serial ^ items[i]);
    TRY(PARALLEL_PLUS, wide, serial + items[i]);
#undef TRY
    return wrong;
}

START_TEST(words_on_integers)
{
    pl_workers(pl_task_workers[_i]);
    static const int items[] = {12, -5, 7, 3, 1, 9, -2, 14};
    for (int round = 0; round < 100; round++)
        for (int n = 1; n <= 8; n++)
            ck_assert_int_eq(PARALLEL_RUN(try_integers, items, n), 0);
}
END_TEST

PARALLEL_TASK(double, real, const double *, items, int, i)
{
    return items[i];
}

/* What is no number is passed over; with nothing else it stays. */
PARALLEL_TASK(int, try_reals, int, n)
{
    const double items[] = {NAN, 2.5, NAN, -1.5, 4.5, NAN};
    double least = NAN, most = NAN, nothing = NAN, number = 1;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(real, items, i);
    PARALLEL_SYNC_ALL(real, PARALLEL_MIN, least);
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(real, items, i);
    PARALLEL_SYNC_ALL(real, PARALLEL_MAX, most);
    PARALLEL_SPAWN(real, items, 0);
    PARALLEL_SPAWN(real, items, 2);
    PARALLEL_SYNC_ALL(real, PARALLEL_MAX, nothing);
    PARALLEL_SPAWN(real, items, 0);
    PARALLEL_SYNC_ALL(real, PARALLEL_MIN, number);
    PARALLEL_SPAWN(real, items, 0);
    PARALLEL_SYNC_ALL(real, PARALLEL_MAX, number);
    int wrong = !(least <= -1.5 && least >= -1.5) + !(most >= 4.5 && most <= 4.5);
    return wrong + !isnan(nothing) + !(number >= 1 && number <= 1);
}

START_TEST(words_on_reals)
{
    pl_workers(pl_task_workers[_i]);
    for (int round = 0; round < 100; round++)
        ck_assert_int_eq(PARALLEL_RUN(try_reals, 6), 0);
}
END_TEST

/* ---- results of any size --------------------------------------------------------------------------------- */

/* BYTES(size): tasks that give a struct so large, which a function combines. */
#define BYTES(size)                                                                                                    \
    struct bytes_##size {                                                                                              \
        unsigned char at[size];                                                                                        \
    };                                                                                                                 \
    PARALLEL_TASK(struct bytes_##size, give_##size, int, i)                                                            \
    {                                                                                                                  \
        pl_count(&begun);                                                                                              \
        struct bytes_##size b;                                                                                         \
        for (int k = 0; k < (size); k++)                                                                               \
            b.at[k] = (unsigned char)(i + k);                                                                          \
        return b;                                                                                                      \
    }                                                                                                                  \
    static struct bytes_##size add_##size(struct bytes_##size sum, struct bytes_##size b)                              \
    {                                                                                                                  \
        for (int k = 0; k < (size); k++)                                                                               \
            sum.at[k] = (unsigned char)(sum.at[k] * 3 + b.at[k]);                                                      \
        return sum;                                                                                                    \
    }                                                                                                                  \
    PARALLEL_TASK(int, try_##size, int, n, bool, patient)                                                              \
    {                                                                                                                  \
        struct bytes_##size sum = {{0}}, serial = {{0}};                                                               \
        reset_counts();                                                                                                \
        for (int i = 0; i < n; i++)                                                                                    \
            PARALLEL_SPAWN(give_##size, i);                                                                            \
        if (patient)                                                                                                   \
            pl_await(&begun, n, 0.002);                                                                                \
        PARALLEL_SYNC_ALL(give_##size, add_##size, sum);                                                               \
        for (int i = n; i-- > 0;)                                                                                      \
            serial = add_##size(serial, PARALLEL_CALL(give_##size, i));                                                \
        int wrong = memcmp(&sum, &serial, size) != 0;                                                                  \
        reset_counts();                                                                                                \
        for (int i = 0; i < n; i++)                                                                                    \
            PARALLEL_SPAWN(give_##size, i);                                                                            \
        PARALLEL_SYNC_ALL();                                                                                           \
        return wrong + (count_of(&begun) != n);                                                                        \
    }

BYTES(1)
BYTES(48)
BYTES(49)
BYTES(56)
BYTES(57)
BYTES(64)
BYTES(5000)

START_TEST(results_of_any_size)
{
    pl_workers(pl_task_workers[_i]);
    for (int round = 0; round < 20; round++) {
        int n = round * 2;
        bool patient = round % 4 == 3;
        ck_assert_int_eq(PARALLEL_RUN(try_1, n, patient), 0);
        ck_assert_int_eq(PARALLEL_RUN(try_48, n, patient), 0);
        ck_assert_int_eq(PARALLEL_RUN(try_49, n, patient), 0);
        ck_assert_int_eq(PARALLEL_RUN(try_56, n, patient), 0);
        ck_assert_int_eq(PARALLEL_RUN(try_57, n, patient), 0);
        ck_assert_int_eq(PARALLEL_RUN(try_64, n, patient), 0);
        ck_assert_int_eq(PARALLEL_RUN(try_5000, n, patient), 0);
    }
}
END_TEST

/* ---- kinds in turn --------------------------------------------------------------------------------------- */

PARALLEL_TASK(void, square, int *, to, int, i)
{
    pl_count(&begun);
    *to = i * i;
    pl_count(&ended);
}

/* Arguments that do not fit, and a result that does. */
PARALLEL_TASK(int, first_of, struct bytes_5000, b, int, i)
{
    pl_count(&begun);
    pl_count(&ended);
    return b.at[0] == (unsigned char)i;
}

/* Spawns by itself, and joins all of that. */
PARALLEL_TASK(struct bytes_64, parent, int, i)
{
    pl_count(&begun);
    int sum = 0, squares[2] = {0};
    for (int k = 0; k < i % 4; k++)
        PARALLEL_SPAWN(next_of, k);
    PARALLEL_SYNC_ALL(next_of, PARALLEL_PLUS, sum);
    PARALLEL_SPAWN(square, &squares[0], 3);
    PARALLEL_SPAWN(next_of, 1);
    PARALLEL_SPAWN(square, &squares[1], 4);
    PARALLEL_SYNC_ALL();
    pl_count(&ended);
    bool right = sum == i % 4 * (i % 4 + 1) / 2 && squares[0] == 9 && squares[1] == 16;
    return (struct bytes_64){{right ? (unsigned char)i : (unsigned char)~i}};
}

/* What begins and ends if n of each are spawned. */
static int parts_of(int n)
{
    int parts = 0;
    for (int i = 0; i < n; i++)
        parts += 1 + 1 + 1 + 1 + i % 4 + 3;
    return parts;
}

/* All are joined by their kind, at the first join of all; those before, one by one. */
PARALLEL_TASK(int, mixture, int, n, bool, patient)
{
    int squares[100] = {0}, wrong = 0;
    reset_counts();
    for (int i = 0; i < n; i++) {
        PARALLEL_SPAWN(next_of, i);
        PARALLEL_SPAWN(parent, i);
        PARALLEL_SPAWN(square, &squares[i], i);
        PARALLEL_SPAWN(first_of, PARALLEL_CALL(give_5000, i), i);
    }
    if (patient)
        pl_await(&begun, parts_of(n) + n, 0.002);
    if (n > 0 && n % 3 == 0) {
        wrong += PARALLEL_SYNC(first_of) != 1;
        PARALLEL_SYNC(square);
        wrong += PARALLEL_SYNC(parent).at[0] != (unsigned char)(n - 1);
    }
    PARALLEL_SYNC_ALL();
    wrong += (count_of(&ended) != parts_of(n)) + (count_of(&begun) != parts_of(n) + n);
    for (int i = 0; i < n; i++)
        wrong += squares[i] != i * i;
    PARALLEL_SYNC_ALL();
    return wrong;
}

START_TEST(kinds_in_turn)
{
    pl_workers(pl_task_workers[_i]);
    for (int n = 0; n <= 100; n += n / 4 + 1)
        for (int round = 0; round < 8; round++)
            ck_assert_int_eq(PARALLEL_RUN(mixture, n, round == 7), 0);
}
END_TEST

/* ---- whose they are -------------------------------------------------------------------------------------- */

/* Joins all of its own in many places, below tasks that have others open. */
PARALLEL_TASK(int, nest, int, depth)
{
    int sum = 0, own = 0;
    PARALLEL_SYNC_ALL(); /* its callers have some */
    if (depth == 0)
        return 1;
    PARALLEL_SPAWN(next_of, depth);
    PARALLEL_SPAWN(nest, depth - 1);
    PARALLEL_SPAWN(next_of, 2 * depth);
    int called = PARALLEL_CALL(nest, depth - 1);
    PARALLEL_SPAWN(next_of, 3 * depth);
    called += PARALLEL_CALL(nest, depth - 1);
    own = PARALLEL_SYNC(next_of) == 3 * depth + 1;
    own += PARALLEL_SYNC(next_of) == 2 * depth + 1;
    sum = PARALLEL_SYNC(nest);
    own += PARALLEL_SYNC(next_of) == depth + 1;
    PARALLEL_SYNC_ALL();
    if (depth % 2) {
        PARALLEL_SPAWN(nest, 0);
        PARALLEL_SPAWN(nest, 0);
        PARALLEL_SYNC_ALL();
        return own == 3 ? sum + called : -1000000;
    }
    PARALLEL_SPAWN(nest, 0);
    PARALLEL_SPAWN(nest, 0);
    PARALLEL_SYNC_ALL(nest, PARALLEL_PLUS, sum);
    return own == 3 ? sum + called - 2 : -1000000;
}

/* Three to the power of the depth. */
static int power_of_three(int depth)
{
    return depth == 0 ? 1 : 3 * power_of_three(depth - 1);
}

START_TEST(their_own_only)
{
    pl_workers(pl_task_workers[_i]);
    for (int depth = 0; depth <= (PL_SANITIZED ? 6 : 8); depth++)
        for (int round = 0; round < 3; round++)
            ck_assert_int_eq(PARALLEL_RUN(nest, depth), power_of_three(depth));
}
END_TEST

/* A loop, its joins of all, and ways out of it. */
PARALLEL_TASK(int, in_loops, int, n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i % 5; k++)
            PARALLEL_SPAWN(next_of, k);
        if (i % 7 == 3)
            PARALLEL_SYNC_ALL();
        else if (i % 7 == 5)
            continue; /* they are joined with the next ones */
        else
            PARALLEL_SYNC_ALL(next_of, PARALLEL_PLUS, sum);
        if (sum < 0)
            break;
    }
    PARALLEL_SYNC_ALL(next_of, PARALLEL_PLUS, sum);
    return sum;
}

static int serial_in_loops(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        if (i % 7 != 3)
            sum += i % 5 * (i % 5 + 1) / 2;
    return sum;
}

START_TEST(loops)
{
    pl_workers(pl_task_workers[_i]);
    for (int n = 0; n < 200; n++)
        ck_assert_int_eq(PARALLEL_RUN(in_loops, n), serial_in_loops(n));
}
END_TEST

/* ---- where there is no room for them --------------------------------------------------------------------- */

/* Joins with kept results below, its callers' and its own. */
PARALLEL_TASK(int, without_room, int, n, int, levels)
{
    int wrong = 0, sum = 0;
    uint64_t numbers = 7;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_of, i);
    if (levels > 0)
        wrong += PARALLEL_CALL(without_room, n / 2, levels - 1);
    PARALLEL_SYNC_ALL(next_of, append_to, numbers);
    wrong += numbers != all_down_from(7, n);
    for (int i = 0; i < n; i++) {
        PARALLEL_SPAWN(next_of, i);
        if (i % 8 == 0)
            PARALLEL_SPAWN(give_5000, i);
        if (i % 8 == 1)
            PARALLEL_SPAWN(give_57, i);
        if (i % 8 == 2)
            PARALLEL_SPAWN(parent, i);
        if (i % 8 == 3) {
            PARALLEL_SPAWN(without_room, 2, 0);
            wrong += PARALLEL_SYNC(without_room);
        }
    }
    if (levels > 0)
        wrong += PARALLEL_CALL(without_room, n / 2, levels - 1);
    PARALLEL_SYNC_ALL();
    PARALLEL_SPAWN(next_of, 1);
    PARALLEL_SPAWN(next_of, 2);
    PARALLEL_SYNC_ALL(next_of, PARALLEL_PLUS, sum);
    return wrong + (sum != 5);
}

/* Its callee's joins are none of its own; of these, half are one by one, and then all. */
PARALLEL_TASK(int, parent_without_room, int, n, int, callees)
{
    uint64_t numbers = 7;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_of, i);
    int wrong = PARALLEL_CALL(without_room, callees, 2);
    for (int i = n; i > n / 2; i--)
        wrong += PARALLEL_SYNC(next_of) != i;
    PARALLEL_SYNC_ALL(next_of, append_to, numbers);
    return wrong + (numbers != all_down_from(7, n / 2));
}

START_TEST(more_spawns_than_there_is_room_for)
{
    pl_workers(pl_task_workers[_i]);
    struct rlimit old;
    if (PL_SANITIZED || !pl_take_away_room(&old, 12 << 20))
        return;
    int wrong = PARALLEL_RUN(parent_without_room, 1000, 100);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(wrong, 0);
    for (int round = 0; round < 3; round++) /* the address space of the deque has been reserved, for few */
        ck_assert_int_eq(PARALLEL_RUN(parent_without_room, 300000, 100), 0);
}
END_TEST

/* What has no room in the deque has a little in the heap: glibc has taken that from the system beforehand. */
#ifdef __GLIBC__
enum { HEAP = 0 };
#else
enum { HEAP = 512 << 10 };
#endif

START_TEST(no_room_at_all)
{
    pl_workers(pl_task_workers[_i]);
    struct rlimit old;
    if (PL_SANITIZED || !pl_take_away_room(&old, HEAP))
        return;
    int wrong = PARALLEL_RUN(parent_without_room, 12, 12);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(PARALLEL_RUN(parent_without_room, 1000, 1000), 0);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, the_youngest_first, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, words_on_integers, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, words_on_reals, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, results_of_any_size, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, kinds_in_turn, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, their_own_only, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, loops, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, more_spawns_than_there_is_room_for, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, no_room_at_all, 0, PL_TASK_WORKERS);
    return pl_run("api/task_sync_all", c);
}
