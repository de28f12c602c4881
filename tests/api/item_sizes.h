/* SPDX-License-Identifier: MIT */
/* All calls on items of SIZE bytes, which test_item_sizes.c defines each time that it includes this. */
#define NAME_(name, size) name##size
#define NAME(name, size) NAME_(name, size)
#define item NAME(item, SIZE)
#define after NAME(after, SIZE)
#define add NAME(add, SIZE)
#define turned NAME(turned, SIZE)
#define is_kept NAME(is_kept, SIZE)
#define is_rare NAME(is_rare, SIZE)
#define compared NAME(compared, SIZE)
#define item_at NAME(item_at, SIZE)
#define reduces NAME(reduces, SIZE)
#define scans NAME(scans, SIZE)
#define chooses NAME(chooses, SIZE)
#define all_of NAME(all_of, SIZE)

typedef struct item {
    unsigned char of[SIZE];
} item;
static item after(item x, item y)
{
    for (int i = 0; i < SIZE; i++)
        x.of[i] = byte_after(x.of[i], y.of[i]);
    return x;
}
PARALLEL_DECORATE_COMBINE(after, item);
PARALLEL_DECORATE_ZIP(after, item, item, item);
static void add(item *x, const item *y)
{
    *x = after(*x, *y);
}
PARALLEL_DECORATE_FOLD(add, add, item, item);
static item turned(item x)
{
    for (int i = 0; i < SIZE; i++)
        x.of[i] ^= 0x5a;
    return x;
}
PARALLEL_DECORATE(turned, item, item);
static bool is_kept(item x)
{
    return x.of[SIZE - 1] & 4;
}
PARALLEL_DECORATE(is_kept, item, bool);
static bool is_rare(item x)
{
    return x.of[0] == 77 && x.of[SIZE - 1] & 1;
}
PARALLEL_DECORATE(is_rare, item, bool);
static int compared(const item *x, const item *y)
{
    return memcmp(x, y, sizeof *x);
}
PARALLEL_DECORATE_ORDER(compared, item);
PARALLEL_LOOP_REDUCE(item, item_at, i, const item *, x)
{
    return turned(x[i]);
}

/* What the serial loops give, and whether the calls give it. */
static void reduces(const item *in, size_t n, int workers)
{
    item sum = {{3}}, by_turned = sum, got[4] = {sum, sum, sum, sum};
    for (size_t i = 0; i < n; i++) {
        sum = after(sum, in[i]);
        by_turned = after(by_turned, turned(in[i]));
    }
    ck_assert_int_eq(parallel_reduce(after, in, n, &got[0], WORKERS), 0);
    ck_assert_int_eq(parallel_fold(add, in, n, &got[1], WORKERS), 0);
    ck_assert_int_eq(parallel_map_reduce(turned, after, in, n, &got[2], WORKERS), 0);
    ck_assert_int_eq(parallel_loop_reduce(item_at, after, 0, (ptrdiff_t)n, (in), &got[3], WORKERS), 0);
    for (int k = 0; k < 4; k++)
        ck_assert_msg(memcmp(&got[k], k < 2 ? &sum : &by_turned, SIZE) == 0, "%d bytes, n = %zu, %d", SIZE, n, k);
}
static void scans(const item *in, size_t n, int workers)
{
    item *expected = some_room(n * SIZE), *out = some_room(n * SIZE), all = {{3}}, total = all;
    for (size_t i = 0; i < n; i++)
        expected[i] = i ? after(expected[i - 1], in[i]) : in[i];
    ck_assert_int_eq(parallel_scan_into(after, in, n, out, WORKERS), 0);
    ck_assert(memcmp(out, expected, n * SIZE) == 0);
    for (size_t i = 0; i < n; i++) {
        expected[i] = total;
        total = after(total, in[i]);
    }
    memcpy(out, in, n * SIZE);
    ck_assert_int_eq(parallel_scan_exclusive_into(after, out, n, out, &all, WORKERS), 0);
    ck_assert(memcmp(out, expected, n * SIZE) == 0 && memcmp(&all, &total, SIZE) == 0);
    for (size_t i = 0; i < n; i++)
        expected[i] = after(in[i], in[n - 1 - i]), out[i] = in[n - 1 - i];
    ck_assert_int_eq(parallel_zip_map_into(after, in, out, n, out, WORKERS), 0);
    ck_assert(memcmp(out, expected, n * SIZE) == 0);
    free(expected);
    free(out);
}
static void chooses(const item *in, size_t n, int workers)
{
    item *expected = some_room(n * SIZE), *out = some_room(n * SIZE);
    const item *least = n ? in : NULL, *greatest = least, *first = NULL, *last = NULL;
    size_t m = 0, kept = 0;
    for (int round = 1; round >= 0; round--)
        for (size_t i = 0; i < n; i++)
            if (is_kept(in[i]) == (round != 0))
                expected[m++] = in[i], kept += (size_t)round;
    for (size_t i = 0; i < n; i++) {
        least = compared(&in[i], least) < 0 ? &in[i] : least;
        greatest = compared(&in[i], greatest) > 0 ? &in[i] : greatest;
        last = is_rare(in[i]) ? &in[i] : last;
        first = first ? first : last;
    }
    ck_assert_int_eq(parallel_filter_into(is_kept, in, n, out, &m, WORKERS), 0);
    ck_assert(m == kept && memcmp(out, expected, kept * SIZE) == 0);
    ck_assert_int_eq(parallel_partition_into(is_kept, in, n, out, &m, WORKERS), 0);
    ck_assert(m == kept && memcmp(out, expected, n * SIZE) == 0);
    ck_assert_int_eq(parallel_count(is_kept, in, n, WORKERS), (ptrdiff_t)kept);
    ck_assert_ptr_eq(parallel_min(compared, in, n, WORKERS), least);
    ck_assert_ptr_eq(parallel_max(compared, in, n, WORKERS), greatest);
    ck_assert_ptr_eq(parallel_find(is_rare, in, n, WORKERS), first);
    ck_assert_ptr_eq(parallel_find_last(is_rare, in, n, WORKERS), last);
    ck_assert_int_eq(parallel_any(is_rare, in, n, WORKERS), first != NULL);
    ck_assert_int_eq(parallel_all(is_kept, in, n, WORKERS), kept == n);
    free(expected);
    free(out);
}
static void all_of(const void *in, size_t n, int workers)
{
    reduces(in, n, workers);
    scans(in, n, workers);
    chooses(in, n, workers);
}

#undef item
#undef after
#undef add
#undef turned
#undef is_kept
#undef is_rare
#undef compared
#undef item_at
#undef reduces
#undef scans
#undef chooses
#undef all_of
#undef NAME
#undef NAME_
#undef SIZE
