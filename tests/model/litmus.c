/* SPDX-License-Identifier: MIT */
/*
 * What the tester's memory does, pinned down: small programs whose outcomes are known. Each is explored without a
 * bound, and must show exactly the outcomes that C11 (as amended for C++20) allows, except where load buffering is
 * among them: that is not modelled (memory.h). The names are those of Alglave, Maranget and Tautschnig, "Herding cats"
 * (TOPLAS 2014).
 *
 * An outcome is a number: two digits for each thread, its first read and its second; or one, if it reads once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/os.h"
#include "model/model.h"

enum { MOST = 16 };

#define RLX memory_order_relaxed
#define ACQ memory_order_acquire
#define REL memory_order_release
#define AR memory_order_acq_rel
#define SC memory_order_seq_cst

static _Atomic uint32_t x, y, z;
static int plain, *block, read_by[MODEL_THREADS];
static struct {
    int outcome[MOST], count, threads;
} seen;

static void reset(void)
{
    x = y = z = 0;
    plain = 0;
    memset(read_by, 0, sizeof read_by);
}

static void allocate(void)
{
    reset();
    block = pl_os_zalloc(sizeof *block);
}

static void add_outcome(int outcome)
{
    for (int i = 0; i < seen.count; i++)
        if (seen.outcome[i] == outcome)
            return;
    model_assert(seen.count < MOST);
    seen.outcome[seen.count++] = outcome;
}

/* After each execution. */
static void note(void)
{
    int outcome = 0;
    for (int i = 0; i < seen.threads; i++)
        outcome = 100 * outcome + read_by[i];
    add_outcome(outcome);
}

/* And what the locations hold at last. */
static void note_values(void)
{
    add_outcome(10000 * read_by[1] + 100 * (int)x + (int)y);
}

#define SET(at, value, order) atomic_store_explicit(&at, value, order)
#define GET(at, order) (int)atomic_load_explicit(&at, order)
#define THREAD(name, ...)                                                                                              \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        int *r = &read_by[model_self()];                                                                               \
        (void)r;                                                                                                       \
        __VA_ARGS__;                                                                                                   \
    }

/* message passing */
THREAD(mp_set_rlx, SET(x, 1, RLX), SET(y, 1, RLX))
THREAD(mp_set_rel, SET(x, 1, RLX), SET(y, 1, REL))
THREAD(mp_get_rlx, *r = 10 * GET(y, RLX), *r += GET(x, RLX))
THREAD(mp_get_acq, *r = 10 * GET(y, ACQ), *r += GET(x, RLX))
THREAD(mp_get_sc, *r = 10 * GET(y, SC), *r += GET(x, SC))
/* through a read-modify-write operation of a third, and through a plain store of it */
THREAD(add_rlx, *r = (int)atomic_fetch_add_explicit(&y, 1, RLX))
THREAD(set_two_rlx, SET(y, 2, RLX))
THREAD(set_two_rel, SET(y, 2, REL))
/* store buffering */
THREAD(sb_x_rlx, SET(x, 1, RLX), *r = GET(y, RLX))
THREAD(sb_y_rlx, SET(y, 1, RLX), *r = GET(x, RLX))
THREAD(sb_x_ra, SET(x, 1, REL), *r = GET(y, ACQ))
THREAD(sb_y_ra, SET(y, 1, REL), *r = GET(x, ACQ))
THREAD(sb_x_sc, SET(x, 1, SC), *r = GET(y, SC))
THREAD(sb_y_sc, SET(y, 1, SC), *r = GET(x, SC))
THREAD(sb_x_rlx_own, SET(x, 1, RLX), (void)GET(x, SC), *r = GET(y, SC))
THREAD(sb_y_load_acq, SET(y, 1, SC), *r = GET(x, ACQ))
THREAD(sb_x_change, (void)atomic_fetch_add_explicit(&x, 1, SC), *r = GET(y, SC))
THREAD(sb_y_change, SET(y, 1, SC), *r = (int)atomic_fetch_add_explicit(&x, 0, SC))
/* the same with an asymmetric fence */
THREAD(sb_light, SET(x, 1, RLX), atomic_signal_fence(SC), *r = GET(y, RLX))
THREAD(sb_heavy, SET(y, 1, RLX), (void)pl_os_fence_all(), *r = GET(x, RLX))
THREAD(sb_heavy_too, SET(x, 1, RLX), (void)pl_os_fence_all(), *r = GET(y, RLX))
/* A heavy fence has not reached one thread yet, but another, from which the first may have heard since. */
THREAD(reach_heavy, SET(x, 1, RLX), (void)pl_os_fence_all(), *r = GET(y, RLX))
THREAD(reach_first, SET(y, 1, RLX), atomic_signal_fence(SC), SET(z, 1, RLX))
THREAD(reach_second, *r = 10 * GET(z, RLX), atomic_signal_fence(SC), *r += GET(x, RLX))
/* load buffering */
THREAD(lb_x, *r = GET(x, RLX), SET(y, 1, RLX))
THREAD(lb_y, *r = GET(y, RLX), SET(x, 1, RLX))
/* coherence */
THREAD(set_x_twice, SET(x, 1, RLX), SET(x, 2, RLX))
THREAD(get_x_twice, *r = 10 * GET(x, RLX), *r += GET(x, RLX))
THREAD(set_x, SET(x, 1, RLX))
THREAD(set_x_two, SET(x, 2, RLX))
THREAD(get_x_set_x, *r = GET(x, RLX), SET(x, 2, RLX))
/* two writes by each of two */
THREAD(w2_xy, SET(x, 1, RLX), SET(y, 2, RLX))
THREAD(w2_yx, SET(y, 1, RLX), SET(x, 2, RLX))
THREAD(w2_xy_rel, SET(x, 1, REL), SET(y, 2, REL))
THREAD(w2_yx_rel, SET(y, 1, REL), SET(x, 2, REL))
THREAD(w2_xy_sc, SET(x, 1, SC), SET(y, 2, SC))
THREAD(w2_yx_sc, SET(y, 1, SC), SET(x, 2, SC))
/* independent reads of independent writes */
THREAD(set_x_rel, SET(x, 1, REL))
THREAD(set_y_rel, SET(y, 1, REL))
THREAD(set_x_sc, SET(x, 1, SC))
THREAD(set_y_sc, SET(y, 1, SC))
THREAD(get_xy_acq, *r = 10 * GET(x, ACQ), *r += GET(y, ACQ))
THREAD(get_yx_acq, *r = 10 * GET(y, ACQ), *r += GET(x, ACQ))
THREAD(get_xy_sc, *r = 10 * GET(x, SC), *r += GET(y, SC))
THREAD(get_yx_sc, *r = 10 * GET(y, SC), *r += GET(x, SC))
/* write-to-read causality: the middle one passes on what it has read */
THREAD(wrc_rlx, *r = GET(x, RLX), SET(y, 1, REL))
THREAD(wrc_acq, *r = GET(x, ACQ), SET(y, 1, REL))
/* compare-exchange: it may fail by an old value, does not succeed by one, and two do not succeed with one */
THREAD(cas, uint32_t e = 0; *r = atomic_compare_exchange_strong_explicit(&x, &e, 1, RLX, RLX))
THREAD(cas_late, *r = 10 * GET(y, RLX); uint32_t e = 1;
       *r += atomic_compare_exchange_strong_explicit(&x, &e, 2, RLX, RLX))
THREAD(cas_late_acq, *r = 10 * GET(y, ACQ); uint32_t e = 1;
       *r += atomic_compare_exchange_strong_explicit(&x, &e, 2, RLX, RLX))
THREAD(cas_weak, uint32_t e = 0; *r = atomic_compare_exchange_weak_explicit(&x, &e, 1, RLX, RLX))
THREAD(add_x, *r = (int)atomic_fetch_add_explicit(&x, 1, RLX))

/* what must be found */
THREAD(write_plain, plain = 1)
THREAD(write_plain_then_set, plain = 1, SET(x, 1, REL))
THREAD(write_plain_then_set_rlx, plain = 1, SET(x, 1, RLX))
THREAD(set_then_write_plain, SET(x, 1, REL), plain = 1)
THREAD(read_plain_if_set, if (GET(x, ACQ)) *r = plain)
THREAD(read_plain_if_changed, if (atomic_exchange_explicit(&x, 0, ACQ)) *r = plain)
THREAD(overrun_block, block[1] = 1)
THREAD(use_block, *r = *block, SET(x, 1, RLX))
THREAD(use_block_then_set, *r = *block, SET(x, 1, REL))
THREAD(free_block_if_set, if (GET(x, ACQ)) pl_os_release(block, sizeof *block))
THREAD(free_block, pl_os_release(block, sizeof *block), SET(x, 1, REL))
THREAD(use_block_if_set, if (GET(x, ACQ)) *r = *block)
THREAD(free_block_too, if (GET(x, ACQ)) pl_os_release(block, sizeof *block))
THREAD(wait_for_x, while (!GET(x, ACQ)) pl_os_wait(&x, 0, -1))
THREAD(wake_after_set, SET(x, 1, REL), pl_os_wake(&x))
THREAD(set_after_wake, pl_os_wake(&x), SET(x, 1, REL))
/* A waker that saves the wake, and a sleeper: Dekker's pattern. */
THREAD(sleep_sc, SET(y, 1, SC); if (!GET(x, SC)) pl_os_wait(&y, 1, -1))
THREAD(
    wake_if_asleep_sc, SET(x, 1, SC); if (GET(y, SC)) { SET(y, 0, SC), pl_os_wake(&y); })
THREAD(sleep_ra, SET(y, 1, REL); if (!GET(x, ACQ)) pl_os_wait(&y, 1, -1))
THREAD(
    wake_if_asleep_ra, SET(x, 1, REL); if (GET(y, ACQ)) { SET(y, 0, REL), pl_os_wake(&y); })

typedef struct litmus {
    const char *name;
    void (*thread[MODEL_THREADS])(void);
    void (*setup)(void);
    void (*check)(void);
    const char *expected; /* outcomes in order; or how it fails, after "!" */
} litmus;

static const litmus tests[] = {
    {"MP relaxed", {mp_set_rlx, mp_get_rlx}, reset, note, "0 1 10 11"},
    {"MP release, acquire", {mp_set_rel, mp_get_acq}, reset, note, "0 1 11"},
    {"MP release, relaxed", {mp_set_rel, mp_get_rlx}, reset, note, "0 1 10 11"},
    {"MP relaxed, acquire", {mp_set_rlx, mp_get_acq}, reset, note, "0 1 10 11"},
    {"MP relaxed stores, seq_cst loads", {mp_set_rlx, mp_get_sc}, reset, note, "0 1 10 11"},
    {"MP through a read-modify-write", {mp_set_rel, add_rlx, mp_get_acq}, reset, note, "0 1 10 11 100 101 111 121"},
    {"MP through a relaxed store", {mp_set_rel, set_two_rlx, mp_get_acq}, reset, note, "0 1 11 20 21"},
    {"MP of another's release", {mp_set_rel, set_two_rel, mp_get_acq}, reset, note, "0 1 11 20 21"},
    {"SB relaxed", {sb_x_rlx, sb_y_rlx}, reset, note, "0 1 100 101"},
    {"SB release, acquire", {sb_x_ra, sb_y_ra}, reset, note, "0 1 100 101"},
    {"SB seq_cst", {sb_x_sc, sb_y_sc}, reset, note, "1 100 101"},
    {"SB seq_cst but for a load", {sb_x_sc, sb_y_load_acq}, reset, note, "0 1 100 101"},
    {"SB seq_cst but for a store", {sb_x_ra, sb_y_sc}, reset, note, "0 1 100 101"},
    {"SB with a relaxed store that its thread reads", {sb_x_rlx_own, sb_y_sc}, reset, note, "0 1 100 101"},
    {"SB with a seq_cst change", {sb_x_change, sb_y_sc}, reset, note, "1 100 101"},
    {"SB that ends in a change", {sb_x_sc, sb_y_change}, reset, note, "1 100 101"},
    {"SB that ends in a change, relaxed store", {sb_x_rlx, sb_y_change}, reset, note, "0 1 100 101"},
    {"SB with asymmetric fences", {sb_light, sb_heavy}, reset, note, "1 100 101"},
    {"SB without the light fence", {sb_x_rlx, sb_heavy}, reset, note, "0 1 100 101"},
    {"SB without the heavy fence", {sb_light, sb_y_rlx}, reset, note, "0 1 100 101"},
    {"SB with two heavy fences", {sb_heavy_too, sb_heavy}, reset, note, "1 100 101"},
    {"a heavy fence that reaches one after the other",
     {reach_heavy, reach_first, reach_second},
     reset,
     note,
     "0 1 10 11 10000 10001 10010 10011"},
    {"LB, of which C11 allows 101 too", {lb_x, lb_y}, reset, note, "0 1 100"},
    {"CoRR", {set_x_twice, get_x_twice}, reset, note, "0 1 2 11 12 22"},
    {"CoRW", {set_x, get_x_set_x}, reset, note_values, "100 200 10200"},
    {"CoWW", {set_x_twice}, reset, note_values, "200"},
    {"two stores", {set_x, set_x_two}, reset, note_values, "100 200"},
    {"2+2W relaxed", {w2_xy, w2_yx}, reset, note_values, "101 102 201 202"},
    {"2+2W release", {w2_xy_rel, w2_yx_rel}, reset, note_values, "101 102 201 202"},
    {"2+2W seq_cst", {w2_xy_sc, w2_yx_sc}, reset, note_values, "102 201 202"},
    {"IRIW release, acquire", {set_x_rel, set_y_rel, get_xy_acq, get_yx_acq}, reset, note, "all of 16"},
    {"IRIW seq_cst", {set_x_sc, set_y_sc, get_xy_sc, get_yx_sc}, reset, note, "all but 1010"},
    {"WRC relaxed", {set_x, wrc_rlx, mp_get_rlx}, reset, note, "0 1 10 11 100 101 110 111"},
    {"WRC acquire", {set_x_rel, wrc_acq, mp_get_acq}, reset, note, "0 1 10 11 100 101 111"},
    {"compare-exchange by two", {cas, cas}, reset, note, "1 100"},
    {"compare-exchange that misses", {mp_set_rlx, cas_late}, reset, note, "0 1 10 11"},
    {"compare-exchange that sees", {mp_set_rel, cas_late_acq}, reset, note, "0 1 11"},
    {"compare-exchange, weak", {cas_weak}, reset, note, "0 1"},
    {"two changes", {add_x, add_x}, reset, note, "1 100"},
    {"race: two writes", {write_plain, write_plain}, reset, note, "!data race: two writes"},
    {"race: relaxed flag", {write_plain_then_set_rlx, read_plain_if_set}, reset, note, "!data race: a read"},
    {"race: a flag that comes too early", {set_then_write_plain, read_plain_if_set}, reset, note, "!data race: a"},
    {"race: none with a flag", {write_plain_then_set, read_plain_if_set}, reset, note, "0 1"},
    {"race: none with a change", {write_plain_then_set, read_plain_if_changed}, reset, note, "0 1"},
    {"race: reader before writer", {use_block, free_block_if_set}, allocate, note, "!data race: a write"},
    {"used past its end", {overrun_block}, allocate, note, "!memory is used that has not been allocated"},
    {"freed after use", {use_block_then_set, free_block_if_set}, allocate, note, "0"},
    {"used after it is freed", {free_block, use_block_if_set}, allocate, note, "!memory is used that has been freed"},
    {"freed twice", {free_block, free_block_too}, allocate, note, "!memory is freed twice"},
    {"wait and wake", {wait_for_x, wake_after_set}, reset, note, "0"},
    {"a wake before the store", {wait_for_x, set_after_wake}, reset, note, "!deadlock"},
    {"Dekker with a futex, seq_cst", {sleep_sc, wake_if_asleep_sc}, reset, note, "0"},
    {"Dekker with a futex, release", {sleep_ra, wake_if_asleep_ra}, reset, note, "!deadlock"},
};

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static bool is_expected(const litmus *t, const char *failure, char *text, size_t room)
{
    if (failure) {
        snprintf(text, room, "!%s", failure);
        return strncmp(text, t->expected, strlen(t->expected)) == 0;
    }
    qsort(seen.outcome, (size_t)seen.count, sizeof seen.outcome[0], by_value);
    size_t used = 0;
    for (int i = 0; i < seen.count; i++)
        used += (size_t)snprintf(text + used, room - used, i ? " %d" : "%d", seen.outcome[i]);
    if (strcmp(t->expected, "all of 16") == 0)
        return seen.count == 16;
    if (strcmp(t->expected, "all but 1010") == 0)
        return seen.count == 15 && !strstr(text, "1010");
    return strcmp(text, t->expected) == 0;
}

int run_litmus(void)
{
    int failed = 0, count = (int)(sizeof tests / sizeof tests[0]);
    for (int i = 0; i < count; i++) {
        const litmus *t = &tests[i];
        scenario s = {.name = t->name, .setup = t->setup, .check = t->check};
        memcpy(s.thread, t->thread, sizeof s.thread);
        seen.count = seen.threads = 0;
        while (seen.threads < MODEL_THREADS && t->thread[seen.threads])
            seen.threads++;
        const char *failure = model_explore_to_fail(&s, (bounds){9, 9, 9});
        char text[200] = "";
        bool ok = is_expected(t, failure, text, sizeof text);
        failed += !ok;
        printf("%s %d - %s: %s\n", ok ? "ok" : "not ok", i + 1, t->name, text);
        if (!ok)
            printf("# expected: %s\n", t->expected);
    }
    printf("1..%d\n", count);
    return failed > 0;
}
