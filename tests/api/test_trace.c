/* SPDX-License-Identifier: MIT */
/* Traces: that files are what they are to be, and that what is in them adds up. */
#include <ctype.h>
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/emulator.h"
#include "support/test.h"

/* ---- files ------------------------------------------------------------------------------------------------- */

/* The file of a test, of its own. */
static const char *path_of(const char *ending)
{
    static char path[64];
    snprintf(path, sizeof path, "trace-%ld%s", (long)getpid(), ending);
    return path;
}

/* What a file has, to be freed. The file is removed. */
static char *take_file(const char *path, size_t *size)
{
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    FILE *file = fopen(path, "r");
    char *text = malloc((size_t)about.st_size + 1);
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(text);
    *size = fread(text, 1, (size_t)about.st_size, file);
    text[*size] = 0;
    fclose(file);
    unlink(path);
    return text;
}

/* ---- JSON -------------------------------------------------------------------------------------------------- */

/* Past a value; NULL: it is none. */
static const char *skip_value(const char *at);

static const char *skip_blanks(const char *at)
{
    while (at && isspace((unsigned char)*at))
        at++;
    return at;
}

static const char *skip_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    for (; *at != '"'; at++) {
        if ((unsigned char)*at < ' ' || (*at == '\\' && !strchr("\"\\/bfnrt", *++at)))
            return NULL;
    }
    return at + 1;
}

static const char *skip_members(const char *at, char end, bool named)
{
    at = skip_blanks(at + 1);
    while (at && *at != end) {
        if (named && (!(at = skip_blanks(skip_string(at))) || *at++ != ':'))
            return NULL;
        at = skip_blanks(skip_value(at));
        if (at && *at == ',')
            at = skip_blanks(at + 1);
        else if (at && *at != end)
            return NULL;
    }
    return at ? at + 1 : NULL;
}

static const char *skip_value(const char *at)
{
    at = skip_blanks(at);
    if (*at == '{' || *at == '[')
        return skip_members(at, *at == '{' ? '}' : ']', *at == '{');
    if (*at == '"')
        return skip_string(at);
    char *end;
    strtod(at, &end);
    return end == at ? NULL : end;
}

/* An event, as it stands on a line of its own. */
typedef struct event {
    char name[80], category[16];
    int thread;
    long from, to; /* in nanoseconds */
    unsigned long call, begin, items, chunks, n;
    double cpus;
    bool well;
} event;

typedef struct events {
    event *list;
    size_t count;
} events;

static double number_of(const char *line, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(line, quoted);
    return at ? strtod(at + strlen(quoted), NULL) : -1;
}

static unsigned long integer_of(const char *line, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(line, quoted);
    return at ? strtoul(at + strlen(quoted), NULL, 10) : 0;
}

static void text_of(const char *line, const char *key, char *to, size_t size)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
    const char *at = strstr(line, quoted);
    at = at ? at + strlen(quoted) : "";
    size_t length = strcspn(at, "\"");
    snprintf(to, size, "%.*s", (int)length, at);
}

static event event_of(const char *line)
{
    event e = {.thread = (int)number_of(line, "tid"), .from = (long)(number_of(line, "ts") * 1000 + .5)};
    double lasted = number_of(line, "dur");
    text_of(line, "name", e.name, sizeof e.name);
    text_of(line, "cat", e.category, sizeof e.category);
    e.to = e.from + (lasted > 0 ? (long)(lasted * 1000 + .5) : 0);
    e.call = integer_of(line, "call");
    e.begin = integer_of(line, "begin");
    e.items = integer_of(line, "items");
    e.chunks = integer_of(line, "chunks");
    e.n = integer_of(line, "n");
    e.cpus = number_of(line, "cpus");
    e.well = strstr(line, "\"outcome\":\"ok\"") != NULL;
    return e;
}

/* Ends the trace, and reads it; it must be JSON. */
static events take_events(size_t *bytes)
{
    ck_assert_int_eq(parallel_trace_end(), 0);
    size_t size;
    char *text = take_file(path_of(".json"), &size);
    const char *end = skip_blanks(skip_value(text));
    ck_assert_msg(end && !*end, "no JSON, but: %.200s", end ? end : text);
    events all = {.list = malloc((size / 20 + 1) * sizeof *all.list)};
    ck_assert_ptr_nonnull(all.list);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strstr(line, "\"ts\":"))
            all.list[all.count++] = event_of(line);
    free(text);
    if (bytes)
        *bytes = size;
    return all;
}

static void begin_trace(void)
{
    ck_assert_int_eq(parallel_trace_begin(path_of(".json")), 0);
}

static size_t count_category(const events *all, const char *category)
{
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++)
        count += strcmp(all->list[i].category, category) == 0;
    return count;
}

static double greatest_cpus(const events *all)
{
    double most = 0;
    for (size_t i = 0; i < all->count; i++)
        most = all->list[i].cpus > most ? all->list[i].cpus : most;
    return most;
}

static const event *find_event(const events *all, const char *category, const char *name)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->list[i].category, category) == 0 && strcmp(all->list[i].name, name) == 0)
            return &all->list[i];
    return NULL;
}

/* ---- what must hold of each trace -------------------------------------------------------------------------- */

static bool is(const event *e, const char *category)
{
    return strcmp(e->category, category) == 0;
}

/* Events that last, of one thread, are one after the other, or one inside of the other. */
static void check_nesting(const events *all)
{
    for (size_t i = 0; i < all->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const event *a = &all->list[i], *b = &all->list[k];
            bool apart = a->thread != b->thread || a->to <= b->from || b->to <= a->from;
            bool inside = (a->from <= b->from && b->to <= a->to) || (b->from <= a->from && a->to <= b->to);
            bool same_kind = is(a, "run") && is(b, "run") && a->call == b->call;
            ck_assert_msg(apart || (inside && !same_kind),
                          "on thread %d %s [%ld, %ld] of call %lu overlaps %s [%ld, %ld] of call %lu", a->thread,
                          a->name, a->from, a->to, a->call, b->name, b->from, b->to, b->call);
        }
    }
}

/* The runs of each call have all its items, each once. */
static void check_items(const events *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const event *call = &all->list[i];
        if (!is(call, "call") || !call->well)
            continue;
        unsigned long items = 0, chunks = 0, sum = 0;
        for (size_t k = 0; k < all->count; k++) {
            const event *run = &all->list[k];
            if (!is(run, "run") || run->call != call->call)
                continue;
            items += run->items;
            chunks += run->chunks;
            sum += run->items * (2 * run->begin + run->items - 1) / 2;
        }
        ck_assert_msg(items == call->n && sum == call->n * (call->n - 1) / 2, "%s: %lu of %lu items", call->name, items,
                      call->n);
        ck_assert_uint_eq(chunks, call->chunks);
    }
}

static void check_trace(events *all)
{
    check_nesting(all);
    check_items(all);
}

/* ---- tasks ------------------------------------------------------------------------------------------------- */

static long spin(int rounds)
{
    volatile long sum = 0;
    for (int i = 0; i < rounds; i++)
        sum = sum + i;
    return sum;
}
PARALLEL_DECORATE(spin, int, long);

enum { N = 3000 };
static int in[N];
static long out[N];

static void fill(int value)
{
    for (int i = 0; i < N; i++)
        in[i] = value;
}

/* Calls that run at once, that are handed over, and that are shared. */
START_TEST(items_of_calls_add_up)
{
    pl_workers(pl_worker_counts[_i]);
    fill(200);
    for (int round = 0; round < 3; round++) {
        begin_trace();
        for (size_t n = 1; n <= N; n = n * 5 / 2 + 1)
            for (int k = 0; k < 3; k++)
                ck_assert_int_eq(parallel_map_into(spin, in, n, out), 0);
        events all = take_events(NULL);
        ck_assert_uint_ge(count_category(&all, "call"), 3 * 9);
        ck_assert_ptr_nonnull(find_event(&all, "call", "map of spin"));
        ck_assert(greatest_cpus(&all) > 0); /* of a short one that waited for a CPU it is 0.00 */
        check_trace(&all);
        free(all.list);
    }
}
END_TEST

static long call_inside(int rounds)
{
    long sums[20] = {0}, sum = 0;
    int inner[20];
    for (int i = 0; i < 20; i++)
        inner[i] = rounds;
    parallel_map_into(spin, inner, 20, sums);
    for (int i = 0; i < 20; i++)
        sum += sums[i];
    return sum;
}
PARALLEL_DECORATE(call_inside, int, long);

START_TEST(calls_in_calls_add_up)
{
    pl_workers(pl_worker_counts[_i]);
    fill(2000);
    begin_trace();
    for (int k = 0; k < 3; k++)
        ck_assert_int_eq(parallel_map_into(call_inside, in, 30, out), 0);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(call_inside, in, 10);
    ck_assert_ptr_nonnull(parallel_executor_results(ex));
    events all = take_events(NULL);
    ck_assert_uint_eq(count_category(&all, "call"), 3 * 31 + 11);
    ck_assert_uint_eq(count_category(&all, "background"), 1);
    check_trace(&all);
    free(all.list);
}
END_TEST

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

START_TEST(only_stolen_tasks_show)
{
    pl_workers(2);
    begin_trace();
    ck_assert_int_eq(PARALLEL_RUN(fib, 25), 75025);
    events all = take_events(NULL);
    ck_assert_ptr_nonnull(find_event(&all, "call", "run of fib"));
    ck_assert_uint_le(count_category(&all, "task"), count_category(&all, "steal"));
    check_nesting(&all);
    free(all.list);
}
END_TEST

static void body(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    (void)begin;
    (void)end;
    spin(100);
}

/* Chunks that follow on each other are one event. */
START_TEST(a_million_chunks_are_few_events)
{
    enum { MILLION = 1000000 };
    pl_workers(pl_worker_counts[_i]);
    size_t bytes;
    parallel_for(1000, body, NULL, .grain = 1); /* so it becomes known what it costs */
    begin_trace();
    ck_assert_int_eq(parallel_for(MILLION, body, NULL, .grain = 1), 0);
    events all = take_events(&bytes);
    const event *call = find_event(&all, "call", "for");
    ck_assert_ptr_nonnull(call);
    ck_assert_uint_eq(call->chunks, MILLION);
    ck_assert_uint_lt(bytes, PL_SANITIZED ? MILLION : 100000); /* where all is slow, more happens in between */
    check_items(&all);
    free(all.list);
}
END_TEST

/* ---- what is apart, and streams ---------------------------------------------------------------------------- */

/* Worker processes have rows of their own, and what they run adds up. */
START_TEST(processes_have_rows)
{
    static const int isolation[] = {PARALLEL_SNAPSHOT, PARALLEL_PERSISTENT};
    pl_workers(2);
    fill(20000);
    begin_trace();
    for (int k = 0; k < 3; k++) {
        PARALLEL_SCOPED parallel_results *r = parallel_process_map(spin, in, 200, .isolation = isolation[_i]);
        ck_assert_ptr_nonnull(r);
    }
    events all = take_events(NULL);
    ck_assert_uint_eq(count_category(&all, "call"), 3);
    const event *call = find_event(&all, "call", "map of spin");
    ck_assert_ptr_nonnull(call);
    ck_assert_uint_ge(count_category(&all, "run"), 3);
    for (size_t i = 0; i < all.count; i++)
        ck_assert(!is(&all.list[i], "run") || all.list[i].thread != call->thread);
    check_trace(&all);
    free(all.list);
}
END_TEST

enum { GIVEN = 30 };
static int given, taken;

static int give_slowly(int *to, void *data)
{
    (void)data;
    *to = 100;
    return given < GIVEN && (pl_test_sleep(100), ++given);
}

static int take_slowly(const parallel_item *item, void *data)
{
    (void)item;
    (void)data;
    pl_test_sleep(100);
    taken++;
    return 0;
}

/* Ends that take long, too. */
START_TEST(streams_show)
{
    pl_workers(pl_worker_counts[_i]);
    given = taken = 0;
    begin_trace();
    ck_assert_int_eq(parallel_stream_map(spin, give_slowly, take_slowly, NULL), 0);
    events all = take_events(NULL);
    const event *call = find_event(&all, "call", "stream of spin");
    ck_assert_uint_eq(count_category(&all, "call"), 1);
    ck_assert_ptr_nonnull(call);
    ck_assert_uint_eq(call->n, GIVEN);
    ck_assert(call->well);
    size_t asked = 0, given_on = 0;
    for (size_t i = 0; i < all.count; i++) {
        asked += is(&all.list[i], "stream") && strcmp(all.list[i].name, "source of spin") == 0 ? all.list[i].items : 0;
        given_on += is(&all.list[i], "stream") && strcmp(all.list[i].name, "sink of spin") == 0;
    }
    ck_assert_uint_le(asked, GIVEN);
    ck_assert_uint_le(given_on, GIVEN);
    ck_assert(pl_worker_counts[_i] == 1 || (asked > 0 && given_on > 0)); /* one thread takes the short way */
    check_nesting(&all);
    free(all.list);
}
END_TEST

START_TEST(open_streams_show)
{
    pl_workers(pl_worker_counts[_i]);
    begin_trace();
    parallel_stream *s = parallel_stream_open(spin, .window = 8);
    ck_assert_ptr_nonnull(s);
    parallel_item item;
    int rounds = 10000;
    for (int i = 0; i < N; i++)
        while (parallel_stream_put(s, &rounds) != 0)
            ck_assert_int_eq(parallel_stream_next(s, &item, -1), 1);
    parallel_stream_end(s);
    while (parallel_stream_next(s, &item, -1) == 1)
        continue;
    parallel_stream_free(s);
    events all = take_events(NULL);
    const event *call = find_event(&all, "call", "stream of spin");
    ck_assert_ptr_nonnull(call);
    ck_assert_uint_eq(call->n, N);
    check_trace(&all);
    free(all.list);
}
END_TEST

/* ---- what goes wrong --------------------------------------------------------------------------------------- */

static int fail_once(const int *arg, int *result, void *extras)
{
    *result = *arg;
    return ++*(int *)extras < 2 ? EIO : 0;
}
PARALLEL_DECORATE_TASK(fail_once, int, int);

static int refuse(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = 0;
    return *arg == 5 ? EIO : 0;
}
PARALLEL_DECORATE_TASK(refuse, int, int);

static int crash(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    return *arg == 5 ? raise(SIGKILL) : 0;
}
PARALLEL_DECORATE_TASK(crash, int, int);

static int oversleep(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    return *arg == 5 && parallel_sleep(10) ? ETIMEDOUT : 0;
}
PARALLEL_DECORATE_TASK(oversleep, int, int);

START_TEST(failures_show)
{
    pl_workers(2);
    int numbers[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, results[10], tries = 0;
    begin_trace();
    ck_assert_int_eq(parallel_map_into(fail_once, numbers, 1, results, .retries = 3, .extras = &tries), 0);
    ck_assert_int_eq(parallel_map_into(refuse, numbers, 10, results), -1);
    ck_assert_int_eq(parallel_map_into(oversleep, numbers, 10, results, .timeout = 0.01, .silent = true), -1);
    PARALLEL_SCOPED parallel_results *r = parallel_process_map(crash, numbers, 10, .silent = true);
    ck_assert_ptr_nonnull(r);
    events all = take_events(NULL);
    ck_assert_uint_eq(count_category(&all, "retry"), 1);
    ck_assert_uint_eq(count_category(&all, "timeout"), 1);
    ck_assert_uint_eq(count_category(&all, "start"), 1);
    ck_assert_uint_eq(count_category(&all, "crash"), 1);
    check_nesting(&all);
    const event *well = find_event(&all, "call", "map of fail_once"),
                *badly = find_event(&all, "call", "map of refuse");
    ck_assert_ptr_nonnull(well);
    ck_assert_ptr_nonnull(badly);
    ck_assert(well->well);
    ck_assert(!badly->well);
    free(all.list);
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
    pl_workers(2);
    ck_assert_int_eq(parallel_trace_end(), -1);
    ck_assert_int_eq(errno, EINVAL);
    static const char *const wrong[] = {NULL, "", "trace", "trace.txt", "trace.svg.gz"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(parallel_trace_begin(wrong[i]), -1);
        ck_assert_int_eq(errno, EINVAL);
    }
    ck_assert_int_eq(parallel_trace_begin("/no/such/directory/trace.svg"), -1);
    ck_assert_int_eq(errno, ENOENT);
    begin_trace();
    ck_assert_int_eq(parallel_trace_begin(path_of(".svg")), -1);
    ck_assert_int_eq(errno, EBUSY);
    free(take_events(NULL).list);
    ck_assert_int_eq(parallel_trace_end(), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(a_full_disk_is_noticed)
{
    pl_workers(2);
    const char *path = path_of(".json");
    ck_assert_int_eq(symlink("/dev/full", path), 0);
    ck_assert_int_eq(parallel_trace_begin(path), 0);
    ck_assert_int_eq(parallel_trace_end(), -1);
    ck_assert_int_eq(errno, ENOSPC);
    unlink(path);
    begin_trace(); /* it has ended nevertheless */
    free(take_events(NULL).list);
}
END_TEST

/* ---- other threads and processes --------------------------------------------------------------------------- */

enum { CALLERS = 3, ROUNDS = 60 };
static _Atomic bool is_over;

static void *call_on(void *unused)
{
    int mine[400];
    long results[400];
    (void)unused;
    for (int i = 0; i < 400; i++)
        mine[i] = 30;
    while (!atomic_load_explicit(&is_over, memory_order_relaxed))
        for (size_t n = 1; n <= 400; n = n * 3)
            parallel_map_into(spin, mine, n, results);
    return NULL;
}

/* Traces begin and end while others call. Calls that are there only in part are not looked at. */
START_TEST(traces_begin_and_end_at_any_time)
{
    pl_workers(4);
    fill(100);
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_on, NULL), 0);
    for (int round = 0; round < ROUNDS; round++) {
        begin_trace();
        ck_assert_int_eq(parallel_map_into(spin, in, 200, out), 0);
        pl_test_sleep(round * 20);
        events all = take_events(NULL);
        ck_assert_uint_ge(all.count, 1);
        if (all.count < 3000)
            check_nesting(&all);
        free(all.list);
    }
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(children_leave_the_file_alone)
{
    pl_workers(2);
    fill(1000);
    begin_trace();
    ck_assert_int_eq(parallel_map_into(spin, in, 100, out), 0);
    pl_test_sleep(50000); /* sanitizers do not put their malloc() right in a child, if another thread was in it */
    pid_t child = fork();
    if (child == 0) {
        bool well = parallel_map_into(spin, in, 100, out, .max_workers = 1) == 0 && parallel_trace_end() == -1 &&
                    errno == EINVAL;
        exit(well ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(parallel_map_into(spin, in, 100, out), 0);
    events all = take_events(NULL);
    ck_assert_uint_eq(count_category(&all, "call"), 2);
    check_trace(&all);
    free(all.list);
}
END_TEST

/* ---- pictures ---------------------------------------------------------------------------------------------- */

/* Whether elements begin and end as they should, and there is nothing that would have to be quoted. */
static void check_elements(const char *text)
{
    char open[20][16];
    int depth = 0;
    while (*text) {
        if (*text != '<') {
            ck_assert_msg(*text != '&' || strncmp(text, "&#", 2) == 0, "not quoted: %.20s", text);
            text++;
            continue;
        }
        size_t length = strcspn(text, ">");
        ck_assert_int_eq(text[length], '>');
        if (text[1] == '/') {
            ck_assert_int_gt(depth--, 0);
            ck_assert_uint_eq(length - 2, strlen(open[depth]));
            ck_assert_int_eq(strncmp(text + 2, open[depth], length - 2), 0);
        } else if (text[length - 1] != '/') {
            ck_assert_int_lt(depth, 20);
            snprintf(open[depth++], sizeof open[0], "%.*s", (int)strcspn(text + 1, " >"), text + 1);
        }
        text += length + 1;
    }
    ck_assert_int_eq(depth, 0);
}

START_TEST(pictures_are_small_and_well_formed)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_function odd = spin__parallel;
    odd.name = "a < b && \"c\" \001\200";
    fill(300);
    ck_assert_int_eq(parallel_trace_begin(path_of(".svg")), 0);
    for (int k = 0; k < 300; k++) {
        ck_assert_int_eq(parallel_map_into_function(&odd, in, 60, out, NULL), 0);
        ck_assert_int_eq(parallel_map_into(spin, in, (size_t)(k % 40 * 50 + 1), out), 0);
    }
    ck_assert_int_eq(parallel_trace_end(), 0);
    size_t size;
    char *text = take_file(path_of(".svg"), &size);
    ck_assert_uint_lt(size, 100000);
    ck_assert_ptr_nonnull(strstr(text, "map of spin"));
    ck_assert_ptr_nonnull(strstr(text, "CPUs busy"));
    check_elements(text);
    free(text);
}
END_TEST

START_TEST(nothing_makes_a_picture_too)
{
    pl_workers(2);
    size_t size;
    ck_assert_int_eq(parallel_trace_begin(path_of(".svg")), 0);
    ck_assert_int_eq(parallel_trace_end(), 0);
    char *text = take_file(path_of(".svg"), &size);
    check_elements(text);
    free(text);
}
END_TEST

/* A picture says how many events there was no room for: of each thread, 2^20 are kept. */
START_TEST(the_oldest_events_go)
{
    enum { CALLS = 600000 }; /* of two events each */
    pl_workers(2);
    size_t size;
    long result;
    ck_assert_int_eq(parallel_trace_begin(path_of(".svg")), 0);
    for (int i = 0; i < CALLS; i++)
        ck_assert_int_eq(parallel_map_into(spin, in, 1, &result), 0);
    ck_assert_int_eq(parallel_trace_end(), 0);
    char *text = take_file(path_of(".svg"), &size);
    const char *lost = strstr(text, "the oldest ");
    ck_assert_ptr_nonnull(lost);
    unsigned long count = strtoul(lost + strlen("the oldest "), NULL, 10);
    ck_assert_msg(count >= 2 * CALLS - (1 << 20) && count <= 2 * CALLS + 100 - (1 << 20), "%lu are lost", count);
    ck_assert_uint_lt(size, 100000);
    check_elements(text);
    free(text);
}
END_TEST

/* ---- the environment --------------------------------------------------------------------------------------- */

static bool is_busy(int result)
{
    return result == -1 && errno == EBUSY;
}

/* What a program finds that PARALLEL_TRACE was set for: 0 if all is well. */
static int be_traced(void)
{
    bool well = is_busy(parallel_trace_begin("trace-other.svg")) && is_busy(parallel_trace_end());
    return well && parallel_map_into(spin, in, 10, out) == 0 ? 0 : 1;
}

START_TEST(the_environments_trace_is_the_only_one)
{
    if (pl_emulated())
        return; /* it cannot execute a program of its own */
    char path[64];
    size_t size;
    int status;
    snprintf(path, sizeof path, "%s", path_of(".svg"));
    pid_t child = fork();
    if (child == 0) {
        setenv("PARALLEL_TRACE", path, 1);
        execl("/proc/self/exe", "test_trace", "be-traced", (char *)NULL);
        _exit(99);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    free(take_file(path, &size));
    ck_assert_uint_gt(size, 0);
    ck_assert_int_ne(access("trace-other.svg", F_OK), 0);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "be-traced") == 0)
        return be_traced();
    TCase *c = pl_case();
    tcase_add_loop_test(c, items_of_calls_add_up, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, calls_in_calls_add_up, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, only_stolen_tasks_show);
    tcase_add_loop_test(c, a_million_chunks_are_few_events, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, processes_have_rows, 0, 2);
    tcase_add_loop_test(c, streams_show, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, open_streams_show, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, failures_show);
    tcase_add_test(c, what_is_wrong_is_refused);
    tcase_add_test(c, a_full_disk_is_noticed);
    tcase_add_test(c, traces_begin_and_end_at_any_time);
    tcase_add_test(c, children_leave_the_file_alone);
    tcase_add_loop_test(c, pictures_are_small_and_well_formed, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, nothing_makes_a_picture_too);
    tcase_add_test(c, the_oldest_events_go);
    tcase_add_test(c, the_environments_trace_is_the_only_one);
    return pl_run("trace", c);
}
