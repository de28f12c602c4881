#!/bin/sh
# SPDX-License-Identifier: MIT
# What would compile, and do something else than what was meant, does not compile: decorations whose types are not those
# of the function, and options without names. The first error says what is wrong, with each compiler that there is, also
# where the headers are a system's, about which compilers are silent as a rule. What is right compiles without a
# warning.
. "$srcdir/tests/support/tap.sh"
command -v gcc >/dev/null || command -v clang >/dev/null || skip_all "neither gcc nor clang"

cat >"$work/begin.h" <<'END'
#include <parallel.h>
struct request { const char *url, *table; };
struct page { double size; };
enum colour { RED, GREEN };
typedef double real;
typedef int triple[3];
typedef int (*callback)(int);
extern double in[4], out[4];
static inline double cube(double x) { return x * x * x; }
static inline int fetch(const struct request *r, struct page *p, void *extras)
{
    p->size = extras ? 1 : 0;
    return r->url == 0;
}
static inline int upper(const double *v, size_t n, double *results, void *extras)
{
    results[n - 1] = v[n - 1];
    return extras != 0;
}
END

# compile COMPILER STANDARD HOW FLAGS...: the snippet.c; HOW is -I or -isystem
compile() {
    compiler=$1 standard=$2 how=$3
    shift 3
    "$compiler" -std="$standard" -Wall -Wextra -Wpedantic "$@" "$how" "$srcdir/include" -c "$work/snippet.c" \
        -o "$work/snippet.o" 2>"$work/err"
}

# fails COMPILER WORDS: the first error says so.
fails() {
    for how in -I -isystem; do
        if compile "$1" c11 "$how"; then
            echo "it compiles, with $how"
            return 1
        fi
        cat "$work/err"
        grep -m 1 'error:' "$work/err" | grep -qF "$2" || return
    done
}

# compiles COMPILER: without a warning.
compiles() {
    for standard in c11 gnu17 c2x; do
        compile "$1" "$standard" -I -Werror || {
            cat "$work/err"
            return 1
        }
    done
}

# wrong WORDS: what standard input holds does not compile. right WHAT: it does.
snippet() {
    {
        echo '#include "begin.h"'
        cat
    } >"$work/snippet.c"
}
wrong() {
    snippet
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        check "$compiler: $(sed -n '$s/^ *//p' "$work/snippet.c")" fails $compiler "$1"
    done
}
right() {
    snippet
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        check "$compiler compiles $1" compiles $compiler
    done
}

# ---- types --------------------------------------------------------------------------------------------------------

result="the result type is not that of the function"
argument="the argument type is not that of the function"
types="the types are not those of the function"

wrong "PARALLEL_DECORATE(cube, ...): $result" <<'END'
PARALLEL_DECORATE(cube, double, int);
END
wrong "PARALLEL_DECORATE(cube, ...): $argument" <<'END'
PARALLEL_DECORATE(cube, int, double);
END
wrong "PARALLEL_DECORATE(cube, ...): $argument" <<'END'
PARALLEL_DECORATE(cube, float, double);
END
wrong "PARALLEL_DECORATE(cube, ...): $argument" <<'END'
PARALLEL_DECORATE(cube, int, void);
END
wrong "$result" <<'END'
static void effect(int x) { in[0] = x; }
PARALLEL_DECORATE(effect, int, double);
END
wrong "$argument" <<'END'
static int name(int c) { return c; }
PARALLEL_DECORATE(name, enum colour, int);
END
wrong "$argument" <<'END'
static int first(long x) { return (int)x; }
PARALLEL_DECORATE(first, int, int, .timeout = 5);
END
wrong "$result" <<'END'
static double *find(int x) { return in + x; }
PARALLEL_DECORATE(find, int, int *);
END
wrong "$argument" <<'END'
static int is_set(_Bool b) { return b; }
PARALLEL_DECORATE(is_set, char *, int);
END
wrong "PARALLEL_DECORATE_TASK(fetch, ...): $types" <<'END'
PARALLEL_DECORATE_TASK(fetch, struct page, struct page);
END
wrong "PARALLEL_DECORATE_TASK(fetch, ...): $types" <<'END'
PARALLEL_DECORATE_TASK(fetch, struct request, double);
END
wrong "PARALLEL_DECORATE_TASK(fetch, ...): $types" <<'END'
PARALLEL_DECORATE_TASK(fetch, struct request, void);
END
wrong "PARALLEL_DECORATE_TASK(load, ...): the function does not return int" <<'END'
static double load(const int *x, double *y, void *extras) { return *x + *y + (extras != 0); }
PARALLEL_DECORATE_TASK(load, int, double);
END
wrong "PARALLEL_DECORATE_TASK(load, ...): the function does not return int" <<'END'
static void load(const int *x, double *y, void *extras) { *y = *x + (extras != 0); }
PARALLEL_DECORATE_TASK(load, int, double);
END
wrong "PARALLEL_DECORATE_SPLIT(upper, ...): $types" <<'END'
PARALLEL_DECORATE_SPLIT(upper, float, double);
END
wrong "PARALLEL_DECORATE_SPLIT(upper, ...): $types" <<'END'
PARALLEL_DECORATE_SPLIT(upper, double, float);
END
wrong "PARALLEL_DECORATE_SPLIT(narrow, ...): $types" <<'END'
static int narrow(const double *v, int n, double *r, void *extras) { return v && n && r && extras; }
PARALLEL_DECORATE_SPLIT(narrow, double, double);
END

right "numbers, structs and void" <<'END'
static inline struct page wide(struct request r) { return (struct page){r.url ? 1 : 2}; }
static void effect(const int x) { in[0] = x; }
static int counted(int x) { in[0] = x; return x; }
static _Bool odd(unsigned x) { return x % 2; }
static enum colour next(enum colour c) { return c == RED ? GREEN : RED; }
PARALLEL_DECORATE(cube, double, real);
PARALLEL_DECORATE(wide, struct request, struct page);
PARALLEL_DECORATE(effect, int, void);
PARALLEL_DECORATE(counted, int, void);
PARALLEL_DECORATE(odd, unsigned, _Bool);
PARALLEL_DECORATE(next, enum colour, enum colour);
void use(void) { parallel_map_into(cube, in, 4, out); }
END
right "attributes, other declarations, and macros before a function" <<'END'
#include <math.h>
#include <stdlib.h>
#define half(x) half(x)
__attribute__((const)) static double squared(double x) { return x * x; }
__attribute__((pure)) static double most(const double x) { return x > in[0] ? x : in[0]; }
__attribute__((noreturn)) static void leave(int status) { exit(status); }
double once(double), once(double x);
static double(half)(double x) { return x / 2; }
PARALLEL_DECORATE(squared, double, double);
PARALLEL_DECORATE(most, double, double);
PARALLEL_DECORATE(leave, int, void);
PARALLEL_DECORATE(once, double, double);
PARALLEL_DECORATE(half, double, double);
PARALLEL_DECORATE(sqrt, double, double);
PARALLEL_DECORATE(exit, int, void);
END
right "pointers" <<'END'
static const char *after(const char *s) { return s + 1; }
static char *same(char *s) { return s; }
static void *any(const void *p) { return (void *)(in + (p != 0)); }
static int apply(callback f) { return f(1); }
static callback choose(int x) { return x ? 0 : (callback)0; }
static int sum(const int *t) { return t[0] + t[1] + t[2]; }
static size_t deep(char *const *p) { return p[0] != 0; }
PARALLEL_DECORATE(after, char *, const char *);
PARALLEL_DECORATE(same, char *, const char *);
PARALLEL_DECORATE(any, struct page *, double *);
PARALLEL_DECORATE(apply, callback, int);
PARALLEL_DECORATE(choose, int, callback);
PARALLEL_DECORATE(sum, triple, int);
PARALLEL_DECORATE(deep, char **, size_t);
END
right "functions that can fail" <<'END'
static int raw(const void *arg, void *result, void *extras) { return arg && result && extras; }
static enum colour coloured(const int *x, void *none, const void *extras) { return *x && !none && extras ? RED : GREEN; }
static _Bool refuses(const struct request r[], struct page *restrict p, void *const extras) { return r && p && extras; }
PARALLEL_DECORATE_TASK(fetch, struct request, struct page);
PARALLEL_DECORATE_TASK(raw, struct request, struct page);
PARALLEL_DECORATE_TASK(coloured, int, void);
PARALLEL_DECORATE_TASK(refuses, struct request, struct page);
PARALLEL_DECORATE_SPLIT(upper, double, double);
END

# It has warnings of its own: those of a function that is declared so.
returns_const() {
    for how in -I -isystem; do
        compile "$1" c11 "$how" -Wno-ignored-qualifiers -Werror || {
            cat "$work/err"
            return 1
        }
    done
}
snippet <<'END'
static const double constant(double x) { return x; }
PARALLEL_DECORATE(constant, double, double);
static const int coded(const int *x, int *y, void *extras) { return x && y && extras; }
PARALLEL_DECORATE_TASK(coded, int, int);
END
for compiler in gcc clang; do
    command -v $compiler >/dev/null && check "$compiler compiles functions that return const" returns_const $compiler
done

# ---- options ------------------------------------------------------------------------------------------------------

named="options are given by name, as .timeout = 5"
decorated='PARALLEL_DECORATE(cube, double, double);
void body(size_t, size_t, void *);
parallel_options opts;
void use(void);'
for call in 'parallel_map(cube, in, 4, 4)' 'parallel_thread_map(cube, in, 4, 2.5)' 'parallel_process_map(cube, in, 4, opts)' \
    'parallel_map(cube, in, 4, 4, .timeout = 5)' 'parallel_map(cube, in, 4, (opts))' 'parallel_map(cube, in, 4, NULL)' \
    'parallel_map_into(cube, in, 4, out, PARALLEL_SERIAL)' 'parallel_for(4, body, NULL, 1)' \
    'parallel_async_map(cube, in, 4, 4)' 'parallel_thread_async_map(cube, in, 4, 4)' \
    'parallel_process_async_map(cube, in, 4, 4)' 'parallel_par((parallel_future *)0, 0, 4)' \
    'parallel_thread_par((parallel_future *)0, 0, 4)' 'parallel_process_par((parallel_future *)0, 0, 4)' \
    'parallel_async_par((parallel_future *)0, 0, 4)' 'parallel_thread_async_par((parallel_future *)0, 0, 4)' \
    'parallel_process_async_par((parallel_future *)0, 0, 4)' 'PARALLEL_FUTURE(cube, 2.0, 2.5)'; do
    wrong "$named" <<END
$decorated
void use(void) { (void)$call; }
END
done
wrong "$named" <<'END'
PARALLEL_DECORATE_SPLIT(upper, double, double);
void use(void) { (void)parallel_split(upper, in, 4, 4); }
END
wrong "$named" <<'END'
PARALLEL_DECORATE(cube, double, double, 4);
END
wrong "$named" <<'END'
PARALLEL_DECORATE_TASK(fetch, struct request, struct page, 5, .retries = 2);
END
wrong "$named" <<'END'
PARALLEL_DECORATE_SPLIT(upper, double, double, PARALLEL_PROCESS);
END

right "options in all their spellings" <<'END'
#define PATIENT .timeout = 5, .retries = 2
#define EVERY                                                                                                          \
    .timeout = 1, .call_timeout = 1, .max_workers = 1, .executor = PARALLEL_THREAD, .silent = true, .extras = &shared,     \
    .names = names, .retries = 1, .retry_delay = 1, .progress = parallel_progress_bar, .progress_data = "title",           \
    .pool = pool, .deferred = false, .grain = 1, .isolation = PARALLEL_SNAPSHOT, .extras_size = 1, .memory_limit = 1,      \
    .tasks_per_worker = 1
#define ALONE parallel_thread_map(cube, in, 4, PATIENT)
static struct page shared;
PARALLEL_DECORATE(cube, double, double, PATIENT, .extras = &shared, .names = (const char *const[]){"a", "b", "c", "d"});
PARALLEL_DECORATE_TASK(fetch, struct request, struct page, .max_workers = 2 + 2, .executor = PARALLEL_PROCESS);
void use(parallel_pool *pool, const char *const *names)
{
    parallel_results_free(parallel_map(cube, in, 4));
    parallel_results_free(parallel_map(cube, in, 4, PATIENT));
    parallel_results_free(parallel_map(cube, in, 4, . timeout = names ? 5 : .5, .pool = pool, .names = names));
    parallel_results_free(parallel_map(cube, in, 4, .extras = &(struct request){"a, b", .table = "{,"}, .silent = true));
    parallel_results_free(parallel_map(cube, in, 4, .names = (const char *const[]){"a", "b", "c", "d"}, .silent = true));
    parallel_results_free(parallel_map(cube, in, 4, /* no name */ .progress_data = (double[2]){1, 2}));
    parallel_results_free(ALONE);
    parallel_results_free(parallel_map(cube, in, 4, EVERY));
    parallel_executor_free(parallel_async_map(cube, in, 4, .deferred = true));
    parallel_future futures[] = {
        PARALLEL_FUTURE(cube, 2.0),
        PARALLEL_FUTURE(cube, 2.0 + 1, .name = "a", .retries = 2),
        PARALLEL_FUTURE(fetch, ((struct request){.url = "x", .table = "y"}), .extras = &(struct request){"a", "b"}),
    };
    futures[0] = PARALLEL_FUTURE(cube, in[1], .timeout = 1);
    parallel_results_free(parallel_par(futures, 3, .silent = true));
}
END

# Warns, as before: it is said twice.
says_size() {
    for how in -I -isystem; do
        compile "$1" c11 "$how" || {
            cat "$work/err"
            return 1
        }
    done
}
snippet <<'END'
PARALLEL_DECORATE(cube, double, double, .size = sizeof(parallel_options), .timeout = 5);
void use(void) { parallel_results_free(parallel_map(cube, in, 4, .size = sizeof(parallel_options), .silent = 1)); }
END
for compiler in gcc clang; do
    command -v $compiler >/dev/null && check "$compiler compiles options with their size" says_size $compiler
done
done_testing
