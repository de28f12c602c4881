#!/bin/sh
# SPDX-License-Identifier: MIT
# What would compile, and do something else than what was meant, does not compile: decorations whose types are not those
# of the function, and options without names. The first error says what is wrong, with each compiler that there is,
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

# fails COMPILER WORDS: the first error says so. An error in a system's header is one anywhere else, too.
fails() {
    if compile "$1" c11 -isystem; then
        echo "it compiles"
        return 1
    fi
    cat "$work/err"
    grep -m 1 'error:' "$work/err" | grep -qF "$2"
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

# ---- calls that lack something ---------------------------------------------------------------------------------------

# missing USAGE CALL: it is told how the call is written.
missing() {
    wrong "there are arguments missing: $1" <<END
PARALLEL_DECORATE(cube, double, double);
void use(void);
void use(void) { (void)$2; }
END
}
missing 'parallel_map(fn, args, n, ...options)' 'parallel_map(cube)'
missing 'parallel_map(fn, args, n, ...options)' 'parallel_map(cube, in)'
missing 'parallel_map_into(fn, args, n, out, ...options)' 'parallel_map_into(cube, in, 4)'
missing 'parallel_for(n, body, ctx, ...options)' 'parallel_for(4)'
missing 'parallel_reduce(op, args, n, acc, ...options)' 'parallel_reduce(PARALLEL_PLUS, in, 4)'
missing 'parallel_sorted(order, args, n, ...options)' 'parallel_sorted(PARALLEL_ASCENDING, in)'
missing 'parallel_loop_reduce(loop, op, begin, end, (captures), acc, ...options)' \
    'parallel_loop_reduce(cube, PARALLEL_PLUS, 0, 4, ())'
missing 'parallel_async_map(fn, args, n, ...options)' 'parallel_async_map(cube, in)'
wrong "there are arguments missing: PARALLEL_DECORATE(fn, arg_t, result_t, ...options)" <<'END'
PARALLEL_DECORATE(cube);
END
for type in double 'double *' 'struct page' 'const char *' size_t bool; do
    wrong "the function comes first: PARALLEL_DECORATE(fn, arg_t, result_t, ...options)" <<END
#include <stdbool.h>
PARALLEL_DECORATE($type, cube, double);
END
done
wrong "the function comes first: PARALLEL_DECORATE_COMBINE(fn, type, ...options)" <<'END'
PARALLEL_DECORATE_COMBINE(double, cube);
END
wrong "the function comes first: PARALLEL_DECORATE_ZIP(fn, a_t, b_t, result_t, ...options)" <<'END'
PARALLEL_DECORATE_ZIP(double, double, double, cube);
END
wrong "cubic" <<'END'
PARALLEL_DECORATE(cubic, double, double);
END
wrong "there are arguments missing: PARALLEL_FUTURE(fn, arg, ...options)" <<'END'
PARALLEL_DECORATE(cube, double, double);
parallel_future use(void);
parallel_future use(void) { return (parallel_future)PARALLEL_FUTURE(cube); }
END
wrong "options are given by name, as .timeout = 5" <<'END'
PARALLEL_DECORATE(cube, double, double);
int use(void);
int use(void) { return parallel_map_into(cube, in, 4, out, ); }
END
for parameters in '' ', int' ', int, a, int, b, int, c, int, d, int, e, int, f, int, g, int, h, int, i'; do
    wrong "one to eight parameters, a type and a name each" <<END
PARALLEL_TASK(long, fib$parameters) { return 1; }
END
done
for statement in 'PARALLEL_SPAWN(fib, 3)' '(void)PARALLEL_CALL(fib, 3)' '(void)PARALLEL_SYNC(fib)' 'PARALLEL_SYNC_ALL()'; do
    macro=${statement#(void)}
    wrong "${macro%%(*}() stands in the body of a PARALLEL_TASK" <<END
PARALLEL_TASK(long, fib, int, n) { return n; }
void use(void);
void use(void) { $statement; }
END
done
for call in 'parallel_loop(fill, 0, 4, out)' 'parallel_loop(fill, 0, 4, &out[1], .grain = 2)'; do
    wrong "captures stand in parentheses, as (a, x, y), or ()" <<END
PARALLEL_LOOP(fill, i, double *, x) { x[i] = 1; }
int use(void);
int use(void) { return $call; }
END
done
wrong "captures stand in parentheses, as (a, x, y), or ()" <<'END'
PARALLEL_LOOP_REDUCE(double, sum, i, const double *, x) { return x[i]; }
int use(double *all);
int use(double *all) { return parallel_loop_reduce(sum, PARALLEL_PLUS, 0, 4, in, all); }
END
wrong "args is to point to what cube takes" <<'END'
PARALLEL_DECORATE(cube, double, double);
parallel_results *use(const int *v);
parallel_results *use(const int *v) { return parallel_map(cube, v, 4); }
END
wrong "args is to point to what cut takes" <<'END'
static int cut(char *s) { return s[0]; }
PARALLEL_DECORATE(cut, char *, int);
parallel_results *use(const char **texts);
parallel_results *use(const char **texts) { return parallel_map(cut, texts, 4); }
END
right "arguments that are const, and pointers to what may be less const" <<'END'
#include <string.h>
static int same(const int x) { return x; }
PARALLEL_DECORATE(strlen, const char *, size_t);
PARALLEL_DECORATE(same, const int, int);
parallel_results *measure(int argc, char **argv);
parallel_results *measure(int argc, char **argv) { return parallel_map(strlen, argv + 1, (size_t)argc - 1); }
parallel_results *use(const int *v, int *w);
parallel_results *use(const int *v, int *w)
{
    parallel_future futures[] = {PARALLEL_FUTURE(same, *v), PARALLEL_FUTURE(same, 3, .timeout = 1)};
    return parallel_map_into(same, v, 4, w) == 0 ? parallel_par(futures, 2) : parallel_map(same, w, 4);
}
END

# What is lost is not freed: a warning, of each call that gives something to free.
warns() {
    compile "$1" c11 -I || return
    cat "$work/err"
    test "$(grep -c 'ignoring return value.*warn_unused_result' "$work/err")" -eq 4
}
snippet <<'END'
PARALLEL_DECORATE(cube, double, double);
void use(void);
void use(void)
{
    parallel_map(cube, in, 4);
    parallel_async_map(cube, in, 4);
    parallel_stream_open(cube);
    parallel_pool_new(2);
}
END
for compiler in gcc clang; do
    command -v $compiler >/dev/null && check "$compiler warns of results that are lost" warns $compiler
done

# The macros are for C: C++ is told what there is in their place.
cxx_is_told() {
    "$1" -std=c++17 -I "$srcdir/include" -fsyntax-only "$work/snippet.cc" 2>"$work/err" && return 1
    cat "$work/err"
    grep -m 1 'error:' "$work/err" | grep -qF "$2() is for C: in C++ there are <parallel.hpp>, and the function"
}
# cxx MACRO: what standard input holds is such a mistake.
cxx() {
    { echo '#include <parallel.h>' && cat; } >"$work/snippet.cc"
    for compiler in g++ clang++; do
        command -v $compiler >/dev/null || continue
        check "$compiler is told that $1 is for C" cxx_is_told $compiler "$1"
    done
}
cxx PARALLEL_DECORATE <<'END'
double cube(double x) { return x * x * x; }
PARALLEL_DECORATE(cube, double, double);
END
cxx PARALLEL_TASK <<'END'
PARALLEL_TASK(long, fib, int, n) { return 1; }
END
cxx PARALLEL_RUN <<'END'
int main() { return PARALLEL_RUN(fib, 3); }
END
cxx parallel_map <<'END'
parallel_results *use(double (*cube)(double), const double *in) { return parallel_map(cube, in, 4); }
END
# names that other libraries have in their namespaces are theirs
others_compile() {
    "$1" -std=c++17 -Wall -Wextra -Werror -I "$srcdir/include" -fsyntax-only "$work/snippet.cc"
}
cat >"$work/snippet.cc" <<'END'
#include <parallel.h>
namespace other {
inline int parallel_for(int begin, int end) { return end - begin; }
inline int parallel_sort(int n) { return n; }
}
int main() { return other::parallel_for(1, 2) - other::parallel_sort(1); }
END
for compiler in g++ clang++; do
    command -v $compiler >/dev/null && check "$compiler: other libraries' names" others_compile $compiler
done

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

# ---- loops, integers, two arrays ----------------------------------------------------------------------------------

pairs="PARALLEL_LOOP: captures are pairs of a type and a name, 8 at most"
capture="parallel_loop(scale, ...): a capture is of another type"
scale='PARALLEL_LOOP(scale, i, double, a, const double *restrict, x, double *restrict, y) { y[i] = a * x[i]; }'
wrong "$pairs" <<'END'
PARALLEL_LOOP(scale, i, double) { in[i] = 0; }
END
wrong "$pairs" <<'END'
PARALLEL_LOOP_RANGE(scale, from, to, double, a, int) { in[from] = 0; }
END
wrong "$pairs" <<'END'
PARALLEL_LOOP(scale, i, int, a, int, b, int, c, int, d, int, e, int, f, int, g, int, h, int, j) { in[i] = a; }
END
for captures in '1.0, pointer, out' '1.0, in, pointer' '1.0, in, view' '1.0, 0x1000, out' '1, in, text'; do
    wrong "$capture" <<END
$scale
int use(int *pointer, const double *view, const char *text);
int use(int *pointer, const double *view, const char *text) { return (pointer || view || text) + parallel_loop(scale, 0, 4, ($captures)); }
END
done
for captures in '' '1.0' '1.0, in' '1.0, in, out, 1' '1, 2, 3, 4, 5, 6, 7, 8' '1, 2, 3, 4, 5, 6, 7, 8, 9'; do
    wrong "parallel_loop(scale, ...): the loop has another number of captures" <<END
$scale
int use(void);
int use(void) { return parallel_loop(scale, 0, 4, ($captures)); }
END
done
for captures in 'in, in, out' '1.0, 2.0, out'; do
    wrong "incompatible type" <<END
$scale
int use(void);
int use(void) { return parallel_loop(scale, 0, 4, ($captures)); }
END
done
wrong "incompatible type" <<'END'
PARALLEL_LOOP(scale, i, struct request, r) { in[i] = r.url != 0; }
int use(struct page p);
int use(struct page p) { return parallel_loop(scale, 0, 4, (p)); }
END
wrong "undeclared" <<'END'
int use(void);
int use(void) { return parallel_loop(nowhere, 0, 4, ()); }
END
wrong "parallel_loop(dot, ...): it is a PARALLEL_LOOP_REDUCE" <<'END'
PARALLEL_LOOP_REDUCE(double, dot, i, const double *, x) { return x[i]; }
int use(void);
int use(void) { return parallel_loop(dot, 0, 4, (in)); }
END
range_body="the body is to be void body(size_t begin, size_t end, void *ctx)"
tile_body="the body is to be void body(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)"
bodies='void range(size_t, size_t, void *);
void tile(size_t, size_t, size_t, size_t, void *);
void narrow(unsigned, unsigned, void *);
int gives(size_t, size_t, void *);
void typed(size_t, size_t, double *);
int use(void);'
for body in tile narrow gives typed 'in' '&in'; do
    wrong "$range_body" <<END
$bodies
int use(void) { return parallel_for(4, $body, NULL); }
END
done
for body in range '&range' in; do
    wrong "$tile_body" <<END
$bodies
int use(void) { return parallel_for_2d(4, 4, $body, NULL); }
END
done
right "bodies of loops, and none" <<'END'
void range(size_t, size_t, void *);
void tile(const size_t, size_t, size_t, size_t, void *restrict);
int use(void (*body)(size_t begin, size_t end, void *ctx));
int use(void (*body)(size_t begin, size_t end, void *ctx))
{
    return parallel_for(4, range, NULL) + parallel_for(4, &range, in, .grain = 2) + parallel_for(4, body, NULL) +
           parallel_for(4, NULL, NULL) + parallel_for(4, body ? body : range, NULL) + parallel_for_2d(4, 4, NULL, NULL) +
           parallel_for_2d(4, 4, tile, NULL) + parallel_for_2d(4, 4, &tile, in, .tile_rows = 2);
}
END
integers="the argument type is not an integer type"
wrong "parallel_map_range(cube, ...): $integers" <<'END'
PARALLEL_DECORATE(cube, double, double);
void use(void);
void use(void) { parallel_results_free(parallel_map_range(cube, 0, 4)); }
END
wrong "parallel_map_range_into(fetch, ...): $integers" <<'END'
PARALLEL_DECORATE_TASK(fetch, struct request, struct page);
int use(struct page *p);
int use(struct page *p) { return parallel_map_range_into(fetch, 0, 4, p); }
END
wrong "parallel_map_range(is_set, ...): $integers" <<'END'
static int is_set(_Bool b) { return b; }
PARALLEL_DECORATE(is_set, _Bool, int);
void use(void);
void use(void) { parallel_results_free(parallel_map_range(is_set, 0, 4)); }
END
wrong "" <<'END'
static int twice(int x) { return 2 * x; }
PARALLEL_DECORATE(twice, int, int);
int use(void);
int use(void) { return parallel_map_range_into(twice, 0, 4, out); }
END
wrong "PARALLEL_DECORATE_ZIP(add, ...): the argument types are not those of the function" <<'END'
static double add(double x, double y) { return x + y; }
PARALLEL_DECORATE_ZIP(add, double, float, double);
END
wrong "argument" <<'END'
PARALLEL_DECORATE_ZIP(cube, double, double, double);
END
wrong "PARALLEL_DECORATE_ZIP(add, ...): the result type is not that of the function" <<'END'
static double add(double x, double y) { return x + y; }
PARALLEL_DECORATE_ZIP(add, double, double, int);
END
for arrays in 'in, v, 4, out' 'v, in, 4, out' 'in, in, 4, v' 'in, in, 4, view'; do
    wrong "" <<END
static double add(double x, double y) { return x + y; }
PARALLEL_DECORATE_ZIP(add, double, double, double);
int use(int *v, const double *view);
int use(int *v, const double *view) { return (v || view) + parallel_zip_map_into(add, $arrays); }
END
done

visit='static int visit(const struct page *p, void *none, void *extras) { return p == none || extras; }
PARALLEL_DECORATE_TASK(visit, struct page, void);'
wrong "parallel_for_each(fetch, ...): the result type is not void" <<'END'
PARALLEL_DECORATE_TASK(fetch, struct request, struct page);
int use(const struct request *r);
int use(const struct request *r) { return parallel_for_each(fetch, r, 4); }
END
for items in in '(void *)in' '&names'; do
    wrong "" <<END
$visit
const char *names[4];
int use(void);
int use(void) { return parallel_for_each(visit, $items, 4); }
END
done
for item in in '&r' '&p' 'names' '(void *)p'; do
    wrong "parallel_for_each_add(visit, ...): the type of the item is not that of the function" <<END
$visit
int use(struct request r, struct page *p, const char **names);
int use(struct request r, struct page *p, const char **names)
{
    return (r.url || p || names) + parallel_for_each_add(visit, $item);
}
END
done
wrong "parallel_for_each_add(fetch, ...): the type of the item is not that of the function" <<'END'
int use(const struct request *r);
int use(const struct request *r) { return parallel_for_each_add(fetch, r); }
END
wrong "argument" <<'END'
int use(void);
int use(void) { return parallel_for_each_add(cube, in); }
END

right "work that brings forth more, with items of all kinds" <<'END'
#define PAIR(a, b) ((struct request){a, b})
static int later(const char *const *text, void *none, void *extras);
PARALLEL_DECORATE_TASK(later, const char *, void, .retries = 2);
static int later(const char *const *text, void *none, void *extras)
{
    const char *more = *text + 1;
    return none || extras ? 0 : parallel_for_each_add(later, &more) + parallel_for_each_add(later, text);
}
static int by_value(const int *i, void *none, void *extras)
{
    int list[2] = {*i};
    const int fixed = 3;
    (void)none, (void)extras;
    return parallel_for_each_add(by_value, &list[1]) + parallel_for_each_add(by_value, list) +
           parallel_for_each_add(by_value, &fixed) + parallel_for_each_add(by_value, &(int){4});
}
PARALLEL_DECORATE_TASK(by_value, int, void);
static _Bool untyped(const void *item, void *none, const void *extras)
{
    return none || extras || parallel_for_each_add(untyped, (const struct request *)item);
}
PARALLEL_DECORATE_TASK(untyped, struct request, void);
static enum colour coloured(const enum colour *c, void *none, void *extras)
{
    return none || extras || parallel_for_each_add(coloured, c) ? RED : GREEN;
}
PARALLEL_DECORATE_TASK(coloured, enum colour, void);
int use(const char **texts, const int *list, enum colour c);
int use(const char **texts, const int *list, enum colour c)
{
    return parallel_for_each(later, texts, 4) + parallel_for_each(later, (const char **)0, 0, .silent = true) +
           parallel_for_each(by_value, list, 4) + parallel_for_each(untyped, &PAIR("a", "b"), 1) +
           parallel_for_each(coloured, &c, 1, .max_workers = 2);
}
END
ends='int source(double *arg, void *data);
int sink(const parallel_item *item, void *data);
int wide(struct page *arg, void *data);
int bare(double *arg);
int takes_result(const double *result, void *data);
PARALLEL_DECORATE(cube, double, double);'
for call in 'cube, wide, sink, 0' 'cube, bare, sink, 0' 'cube, out, sink, 0' 'cube, source, takes_result, 0' \
    'cube, source, source, 0' 'cube, source, sink'; do
    wrong "" <<END
$ends
int use(void);
int use(void) { return parallel_stream_map($call); }
END
done
right "streams whose ends are functions, and others" <<END
$ends
int any(void *arg, void *data);
PARALLEL_DECORATE_TASK(fetch, struct request, struct page, .silent = true);
int next_request(struct request *arg, void *data);
int use(void);
int use(void)
{
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(fetch);
    PARALLEL_SCOPED parallel_stream *t = parallel_stream_open(cube, .window = 3, .unordered = true);
    parallel_item item;
    return parallel_stream_map(cube, source, sink, &item) + parallel_stream_map(cube, any, sink, NULL, .window = 9) +
           parallel_stream_map(fetch, next_request, sink, s, .executor = PARALLEL_PROCESS, .timeout = 2) +
           parallel_stream_map(fetch, next_request, NULL, t) + parallel_stream_put(s, &(struct request){"a", "b"}) +
           parallel_stream_next(t, &item, 0.5);
}
END
right "traces and sums" <<'END'
int use(parallel_pool *pool);
int use(parallel_pool *pool)
{
    parallel_stats_t s = {.size = sizeof s};
    return parallel_trace_begin("run.svg") + parallel_stats(NULL, &s) + parallel_stats(pool, &s) + (int)s.busy_ns +
           parallel_trace_end();
}
END
wrong "too few arguments" <<'END'
void use(void) { parallel_stats_t s = {.size = sizeof s}; parallel_stats(&s); }
END
wrong "too many arguments" <<'END'
void use(void) { parallel_trace_end("run.svg"); }
END
right "loops with captures of all kinds" <<'END'
enum { WIDTH = 4 };
typedef void notify(int);
PARALLEL_LOOP(all, i, char, a, const short, b, _Bool, c, long double, d, enum colour, e, struct page, f, callback, g,
              const void *restrict, h)
{
    if (c)
        return;
    out[i] = a + b + (double)d + e + f.size + g(1) + (h != 0);
}
PARALLEL_LOOP(none, k) { out[k] = 0; }
PARALLEL_LOOP(no_index, i) { in[0] = 1; }
PARALLEL_LOOP(one, i, void *, p) { ((double *)p)[i] = 1; }
PARALLEL_LOOP(two, i, double *, x, const double *const, y) { x[i] = y[i]; }
PARALLEL_LOOP(unused, i, int, x) { out[i] = x; }
PARALLEL_LOOP(told, i, notify *, f) { f((int)i); }
PARALLEL_LOOP_RANGE(range, from, to, double, a)
{
    for (ptrdiff_t i = from; i < to; i++)
        out[i] = a;
}
PARALLEL_LOOP_RANGE(bare, from, to) { out[from] = (double)to; }
int use(size_t n, struct page p, callback g, void *memory, notify *f);
int use(size_t n, struct page p, callback g, void *memory, notify *f)
{
    const double *view = in;
    double rows[WIDTH][WIDTH];
    return parallel_loop(all, 0, WIDTH, (1, 2.0, 1, 2.5f, RED, p, g, view)) +
           parallel_loop(all, -1, 4, (n, 'b', n, 1, 1, ((struct page){1}), (callback)0, NULL), .max_workers = 2) +
           parallel_loop(none, 0, 4, ()) + parallel_loop(none, 0, 4, ( ), .grain = 2) + parallel_loop(no_index, 0, n, ()) +
           parallel_loop(one, 0, 4, (in)) + parallel_loop(one, 0, 4, (rows[1])) + parallel_loop(one, 0, 4, (NULL)) +
           parallel_loop(two, 0, 4, (in, out)) + parallel_loop(two, 0, 4, ((double *)memory, view)) +
           parallel_loop(two, 0, 4, (memory, memory)) + parallel_loop(two, 0, 4, (&in[0], in + 1)) +
           parallel_loop(range, 1, (int)n - 1, (n ? 1 : 2.5)) + parallel_loop(bare, 0, 4, ()) +
           parallel_loop(told, 0, 4, (f));
}
END
right "maps over integers, and over two arrays" <<'END'
static enum colour next(enum colour c) { return c == RED ? GREEN : RED; }
static char letter(unsigned char c) { return (char)c; }
static void effect(const long long x) { in[0] = (double)x; }
static double add(double x, double y) { return x + y; }
static const char *later(const char *s, size_t n) { return s + n; }
PARALLEL_DECORATE(next, enum colour, enum colour);
PARALLEL_DECORATE(letter, unsigned char, char);
PARALLEL_DECORATE(effect, long long, void);
PARALLEL_DECORATE(cube, double, double);
PARALLEL_DECORATE_ZIP(add, double, real, double);
PARALLEL_DECORATE_ZIP(later, const char *, size_t, const char *, .max_workers = 2);
int use(const double *view, char *text, const char **texts, const size_t *n);
int use(const double *view, char *text, const char **texts, const size_t *n)
{
    parallel_results_free(parallel_map_range(next, 0, 2));
    return parallel_map_range_into(letter, 'a', 'z' + 1, text, .grain = 3) + parallel_map_range_into(effect, -5, 5, NULL) +
           parallel_zip_map_into(add, view, in, 4, out) + parallel_zip_map_into(later, texts, n, 4, texts, .grain = 2);
}
END

# ---- options ------------------------------------------------------------------------------------------------------

named="options are given by name, as .timeout = 5"
decorated='PARALLEL_DECORATE(cube, double, double);
static int twice(int x) { return 2 * x; }
PARALLEL_DECORATE(twice, int, int);
static double add(double x, double y) { return x + y; }
PARALLEL_DECORATE_ZIP(add, double, double, double);
PARALLEL_LOOP(clear, i) { out[i] = 0; }
static int visit(const double *item, void *none, void *extras) { return item == none || extras; }
PARALLEL_DECORATE_TASK(visit, double, void);
void tile(size_t, size_t, size_t, size_t, void *);
void body(size_t, size_t, void *);
int next(double *, void *);
int take(const parallel_item *, void *);
parallel_options opts;
void use(void);'
for call in 'parallel_map(cube, in, 4, 4)' 'parallel_thread_map(cube, in, 4, 2.5)' 'parallel_process_map(cube, in, 4, opts)' \
    'parallel_map(cube, in, 4, 4, .timeout = 5)' 'parallel_map(cube, in, 4, (opts))' 'parallel_map(cube, in, 4, NULL)' \
    'parallel_map_into(cube, in, 4, out, PARALLEL_SERIAL)' 'parallel_for(4, body, NULL, 1)' \
    'parallel_loop(clear, 0, 4, (), 1)' 'parallel_for_2d(4, 4, tile, NULL, 1)' 'parallel_map_range(twice, 0, 4, 1)' \
    'parallel_map_range_into(twice, 0, 4, (int *)NULL, 1)' 'parallel_for_each(visit, (double *)0, 0, 4)' 'parallel_zip_map_into(add, in, in, 4, out, 1)' \
    'parallel_stream_map(cube, next, take, NULL, 4)' 'parallel_stream_open(cube, 4)' 'parallel_async_map(cube, in, 4, 4)' 'parallel_async(cube, 2.0, 4)' 'parallel_thread_async_map(cube, in, 4, 4)' \
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
    .pool = pool, .deferred = false, .as_completed = false, .grain = 1, .isolation = PARALLEL_SNAPSHOT, .extras_size = 1, .memory_limit = 1,      \
    .tasks_per_worker = 1, .tile_rows = 1, .tile_cols = 1, .window = 1, .unordered = false
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
    parallel_executor_free(parallel_async(cube, 2.0));
    parallel_executor_free(parallel_async(cube, 2.0 + 1, .deferred = true, .as_completed = true));
    parallel_executor_free(parallel_async(fetch, ((struct request){.url = "x", .table = "y"}), .retries = 2));
    parallel_future futures[] = {
        PARALLEL_FUTURE(cube, 2.0),
        PARALLEL_FUTURE(cube, 2.0 + 1, .name = "a", .retries = 2),
        PARALLEL_FUTURE(fetch, ((struct request){.url = "x", .table = "y"}), .extras = &(struct request){"a", "b"}),
    };
    futures[0] = PARALLEL_FUTURE(cube, in[1], .timeout = 1);
    parallel_results_free(parallel_par(futures, 3, .silent = true));
}
END

# ---- reductions ---------------------------------------------------------------------------------------------------

cat >>"$work/begin.h" <<'END'
struct range { double low, high; };
static inline struct range hull(struct range a, struct range b)
{
    return (struct range){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
}
static inline struct range alone(double x) { return (struct range){x, x}; }
static inline double plain(double a, double b) { return a + b; }
struct counts { unsigned of[256]; };
static inline void count(struct counts *c, const unsigned char *byte) { c->of[*byte]++; }
static inline void add_counts(struct counts *c, const struct counts *right) { c->of[0] += right->of[0]; }
extern struct range ranges[4];
extern unsigned char bytes[4];
extern _Bool bits[4];
END
decorated='PARALLEL_DECORATE_COMBINE(hull, struct range);
PARALLEL_DECORATE(cube, double, double);
PARALLEL_DECORATE(alone, double, struct range);
PARALLEL_DECORATE_FOLD(count, add_counts, struct counts, unsigned char);
void use(double *sum, float *other, struct range *all, struct counts *c, _Bool *bit);'

# no_reduction WORDS CALL
no_reduction() {
    wrong "$1" <<END
$decorated
void use(double *sum, float *other, struct range *all, struct counts *c, _Bool *bit) { $2; }
END
}
no_reduction "acc, or out, is to point to the type of the items, and not to const" 'parallel_reduce(PARALLEL_PLUS, in, 4, other)'
no_reduction "acc, or out, is to point to what hull takes, and not to const" 'parallel_reduce(hull, ranges, 4, sum)'
no_reduction "args is to point to what hull takes" 'parallel_reduce(hull, in, 4, all)'
no_reduction "PARALLEL_PLUS takes numbers, and args are none" 'parallel_reduce(PARALLEL_PLUS, bits, 4, bit)'
no_reduction "PARALLEL_AND takes integers or bool, and args are neither" 'parallel_reduce(PARALLEL_AND, in, 4, sum)'
no_reduction "PARALLEL_MAX takes numbers or bool, and args are neither" 'parallel_reduce(PARALLEL_MAX, ranges, 4, all)'
no_reduction "plain__parallel_" 'parallel_reduce(plain, in, 4, sum)'
no_reduction "PARALLEL_SUM__parallel_" 'parallel_reduce(PARALLEL_SUM, in, 4, sum)'
no_reduction "acc is to point to what cube gives" 'parallel_map_reduce(cube, hull, in, 4, all)'
no_reduction "PARALLEL_PLUS takes numbers, and args are none" 'parallel_map_reduce(alone, PARALLEL_PLUS, in, 4, all)'
no_reduction "acc is to point to what cube gives" 'parallel_map_reduce(cube, PARALLEL_PLUS, in, 4, other)'
no_reduction "args is to point to what cube takes" 'parallel_map_reduce(cube, PARALLEL_PLUS, bytes, 4, sum)'
no_reduction "args is to point to what count adds" 'parallel_fold(count, in, 4, c)'
no_reduction "acc is to point to what count adds to" 'parallel_fold(count, bytes, 4, sum)'
no_reduction "count__parallel_" 'parallel_reduce(count, bytes, 4, c)'
no_reduction "by name" 'parallel_reduce(PARALLEL_PLUS, in, 4, sum, 3)'
no_reduction "by name" 'parallel_map_reduce(cube, PARALLEL_PLUS, in, 4, sum, 3)'
no_reduction "by name" 'parallel_fold(count, bytes, 4, c, 3)'
loops='PARALLEL_LOOP_REDUCE(double, dot, i, const double *, x, const double *, y) { return x[i] * y[i]; }
PARALLEL_LOOP_REDUCE(struct range, range_at, i, const double *, x) { return (struct range){x[i], x[i]}; }
PARALLEL_LOOP(clear, i, double *, x) { x[i] = 0; }'

# no_loop WORDS CALL
no_loop() {
    wrong "$1" <<END
$loops
PARALLEL_DECORATE_COMBINE(hull, struct range);
int use(double *sum, float *other, struct range *all, const struct range *view, int *few);
int use(double *sum, float *other, struct range *all, const struct range *view, int *few) { return (sum || other || all || view || few) + $2; }
END
}
no_loop "acc is to point to what dot gives" 'parallel_loop_reduce(dot, PARALLEL_PLUS, 0, 4, (in, in), other)'
no_loop "acc is to point to what dot gives" 'parallel_loop_reduce(dot, hull, 0, 4, (in, in), all)'
no_loop "acc, or out, is to point to what hull takes, and not to const" 'parallel_loop_reduce(dot, hull, 0, 4, (in, in), sum)'
no_loop "acc is to point to what range_at gives" 'parallel_loop_reduce(range_at, hull, 0, 4, (in), view)'
no_loop "PARALLEL_PLUS takes numbers, and args are none" 'parallel_loop_reduce(range_at, PARALLEL_PLUS, 0, 4, (in), all)'
no_loop "the loop has another number of captures" 'parallel_loop_reduce(dot, PARALLEL_PLUS, 0, 4, (in), sum)'
no_loop "a capture is of another type" 'parallel_loop_reduce(dot, PARALLEL_PLUS, 0, 4, (in, few), sum)'
no_loop "clear__parallel_" 'parallel_loop_reduce(clear, PARALLEL_PLUS, 0, 4, (in), sum)'
no_loop "by name" 'parallel_loop_reduce(dot, PARALLEL_PLUS, 0, 4, (in, in), sum, 3)'
wrong "PARALLEL_DECORATE_COMBINE(plain, ...): the function is to be float plain(float, float)" <<'END'
PARALLEL_DECORATE_COMBINE(plain, float);
END
wrong "by name" <<'END'
PARALLEL_DECORATE_COMBINE(plain, double, 3);
END

# ---- counting and searching ----------------------------------------------------------------------------------------

# no_search WORDS CALL
no_search() {
    wrong "$1" <<END
static int is_odd(int x) { return x % 2; }
static _Bool is_set(unsigned char x) { return x != 0; }
static inline int ask(const double *x, int *result, void *extras) { *result = *x > 0; return extras != 0; }
PARALLEL_DECORATE(is_odd, int, int);
PARALLEL_DECORATE(is_set, unsigned char, _Bool);
PARALLEL_DECORATE_TASK(ask, double, int);
void use(const int *x, int *y, size_t *kept, const void *p[4]);
void use(const int *x, int *y, size_t *kept, const void *p[4]) { p[0] = x, p[2] = y, p[3] = kept; $2; }
END
}
predicate="the function is no predicate, its result type is not bool"
no_search "parallel_count(is_odd, ...): $predicate" '(void)parallel_count(is_odd, x, 4)'
no_search "parallel_find(is_odd, ...): $predicate" 'p[1] = parallel_find(is_odd, x, 4)'
no_search "parallel_find_last(is_odd, ...): $predicate" 'p[1] = parallel_find_last(is_odd, x, 4)'
no_search "parallel_any(ask, ...): $predicate" '(void)parallel_any(ask, in, 4)'
no_search "parallel_all(ask, ...): $predicate" '(void)parallel_all(ask, in, 4)'
no_search "args is to point to what is_set takes" '(void)parallel_all(is_set, x, 4)'
no_search "args is to point to what is_set takes" 'p[1] = parallel_find(is_set, x, 4)'
for call in count any find_last filter; do
    no_search "args is to point to what is_set takes" "p[1] = (void *)parallel_$call(is_set, x, 4)"
done
no_search "args is to point to what is_set takes" '(void)parallel_filter_into(is_set, x, 4, bytes, kept)'
no_search "args is to point to what is_set takes" '(void)parallel_partition_into(is_set, x, 4, bytes, kept)'
no_search "kept is to point to a size_t" '(void)parallel_partition_into(is_set, bytes, 4, bytes, y)'
no_search "by name" '(void)parallel_count(is_set, bytes, 4, 3)'

no_search "parallel_filter(is_odd, ...): $predicate" 'p[1] = parallel_filter(is_odd, x, 4)'
no_search "parallel_filter_into(is_odd, ...): $predicate" '(void)parallel_filter_into(is_odd, x, 4, y, kept)'
no_search "parallel_partition_into(ask, ...): $predicate" '(void)parallel_partition_into(ask, in, 4, out, kept)'
no_search "args is to point to what is_set takes" 'p[1] = parallel_filter(is_set, x, 4)'
no_search "out is to point to what is_set takes, and not to const" '(void)parallel_filter_into(is_set, bytes, 4, y, kept)'
no_search "out is to point to what is_set takes, and not to const" '(void)parallel_filter_into(is_set, bytes, 4, (const unsigned char *)bytes, kept)'
no_search "out is to point to what is_set takes, and not to const" '(void)parallel_partition_into(is_set, bytes, 4, y, kept)'
no_search "kept is to point to a size_t" '(void)parallel_filter_into(is_set, bytes, 4, bytes, y)'
no_search "by name" '(void)parallel_filter_into(is_set, bytes, 4, bytes, kept, 3)'
no_search "by name" '(void)parallel_partition_into(is_set, bytes, 4, bytes, kept, 3)'
no_search "by name" 'p[1] = parallel_filter(is_set, bytes, 4, 3)'

# ---- keys ----------------------------------------------------------------------------------------------------------

# no_keys WORDS CALL
no_keys() {
    wrong "$1" <<END
static inline int size_of(const struct page *x, struct page *result, void *extras) { *result = *x; return extras != 0; }
static inline size_t letters(const struct request *r, char *out, size_t room) { if (room) *out = *r->url; return 1; }
PARALLEL_DECORATE(cube, double, double);
PARALLEL_DECORATE_TASK(size_of, struct page, struct page);
PARALLEL_DECORATE_FLAT(letters, struct request, char);
void use(const double *x, struct page *p, const struct request *q, size_t *counts, int *few, void **r);
void use(const double *x, struct page *p, const struct request *q, size_t *counts, int *few, void **r)
{
    r[0] = p, r[1] = counts, r[2] = few, r[3] = q ? in : x ? out : 0;
    $2;
}
END
}
no_key="the function gives no key, its result type is not a number"
no_index="the function gives no index, its result type is not an integer type"
no_keys "parallel_sort_by(size_of, ...): $no_key" '(void)parallel_sort_by(size_of, p, 4)'
no_keys "array is to point to what cube takes, and not to const" '(void)parallel_sort_by(cube, x, 4)'
no_keys "array is to point to what cube takes, and not to const" '(void)parallel_sort_by(cube, few, 4)'
no_keys "by name" '(void)parallel_sort_by(cube, in, 4, 3)'
no_keys "parallel_histogram(cube, ...): $no_index" '(void)parallel_histogram(cube, x, 4, counts, 4)'
no_keys "parallel_group(cube, ...): $no_index" 'r[4] = parallel_group(cube, x, 4, 4, counts)'
no_keys "parallel_group(size_of, ...): $no_index" 'r[4] = parallel_group(size_of, p, 4, 4, counts)'
no_keys "args is to point to what letters takes" 'r[4] = parallel_flat_map(letters, x, 4)'
no_keys "by name" 'r[4] = parallel_flat_map(letters, q, 4, 3)'
wrong "PARALLEL_DECORATE_FLAT(cube, ...): the function is to be size_t cube(const double *, double *, size_t)" <<'END'
PARALLEL_DECORATE_FLAT(cube, double, double);
END
wrong "by name" <<'END'
static inline size_t letters(const struct request *r, char *out, size_t room) { if (room) *out = *r->url; return 1; }
PARALLEL_DECORATE_FLAT(letters, struct request, char, 3);
END
wrong "counts are not of type size_t or uint32_t" <<'END'
static inline short kind(double x) { return (short)x; }
PARALLEL_DECORATE(kind, double, short);
int use(const double *x, unsigned char *counts);
int use(const double *x, unsigned char *counts) { return parallel_histogram(kind, x, 4, counts, 4); }
END
wrong "offsets is to point to size_t" <<'END'
static inline short kind(double x) { return (short)x; }
PARALLEL_DECORATE(kind, double, short);
void *use(const double *x, int *offsets);
void *use(const double *x, int *offsets) { return parallel_group(kind, x, 4, 4, offsets); }
END

# ---- scans ---------------------------------------------------------------------------------------------------------

no_reduction "acc, or out, is to point to the type of the items, and not to const" 'parallel_scan_into(PARALLEL_PLUS, in, 4, other)'
no_reduction "acc, or out, is to point to the type of the items, and not to const" 'parallel_scan_into(PARALLEL_PLUS, in, 4, (const double *)sum)'
no_reduction "acc, or out, is to point to the type of the items, and not to const" 'parallel_scan_into(PARALLEL_PLUS, (const double *)in, 4, (const double *)sum)'
no_reduction "args is to point to what hull takes" 'parallel_scan_into(hull, in, 4, all)'
no_reduction "acc, or out, is to point to what hull takes, and not to const" 'parallel_scan_into(hull, ranges, 4, sum)'
no_reduction "PARALLEL_XOR takes integers or bool, and args are neither" 'parallel_scan_into(PARALLEL_XOR, in, 4, sum)'
no_reduction "acc, or out, is to point to the type of the items, and not to const" 'parallel_scan_exclusive_into(PARALLEL_PLUS, in, 4, other, sum)'
no_reduction "acc, or out, is to point to the type of the items, and not to const" 'parallel_scan_exclusive_into(PARALLEL_PLUS, in, 4, sum, other)'
no_reduction "acc, or out, is to point to what hull takes, and not to const" 'parallel_scan_exclusive_into(hull, ranges, 4, all, sum)'
no_reduction "PARALLEL_PLUS takes numbers, and args are none" '(void)parallel_scan(PARALLEL_PLUS, ranges, 4)'
no_reduction "args is to point to what hull takes" '(void)parallel_scan(hull, in, 4)'
no_reduction "args is to point to what hull takes" 'parallel_scan_exclusive_into(hull, in, 4, ranges, all)'
no_reduction "PARALLEL_AND takes integers or bool, and args are neither" 'parallel_scan_exclusive_into(PARALLEL_AND, in, 4, in, sum)'
no_reduction "plain__parallel_" '(void)parallel_scan(plain, in, 4)'
no_reduction "by name" 'parallel_scan_into(PARALLEL_PLUS, in, 4, sum, 3)'
no_reduction "by name" 'parallel_scan_exclusive_into(PARALLEL_PLUS, in, 4, sum, sum, 3)'
no_reduction "by name" '(void)parallel_scan(PARALLEL_PLUS, in, 4, 3)'

# ---- orders --------------------------------------------------------------------------------------------------------

# no_order WORDS CALL
no_order() {
    wrong "$1" <<END
static _Bool is_wider(const struct range *a, const struct range *b) { return a->high - a->low > b->high - b->low; }
static inline int plain_order(const double *a, const double *b) { return *a < *b; }
PARALLEL_DECORATE_ORDER(is_wider, struct range);
void use(const void *p[2]);
void use(const void *p[2]) { p[0] = $2; }
END
}
no_order "args is to point to what is_wider compares" 'parallel_min(is_wider, in, 4)'
no_order "args is to point to what is_wider compares" 'parallel_max(is_wider, in, 4)'
no_order "PARALLEL_ASCENDING takes numbers or bool, and args are neither" 'parallel_max(PARALLEL_ASCENDING, ranges, 4)'
no_order "PARALLEL_DESCENDING takes numbers or bool, and args are neither" 'parallel_min(PARALLEL_DESCENDING, p, 2)'
no_order "plain_order__parallel_" 'parallel_min(plain_order, in, 4)'
no_order "PARALLEL_UPWARDS__parallel_" 'parallel_max(PARALLEL_UPWARDS, in, 4)'
no_order "by name" 'parallel_max(is_wider, ranges, 4, 3)'
no_order "array is to point to what is_wider compares, and not to const" 'p[0] = parallel_sort(is_wider, (const struct range *)ranges, 4) ? p : 0'
no_order "array is to point to what is_wider compares, and not to const" 'p[0] = parallel_sort(is_wider, in, 4) ? p : 0'
no_order "PARALLEL_ASCENDING takes numbers or bool, and args are neither" 'p[0] = parallel_sort(PARALLEL_ASCENDING, ranges, 4) ? p : 0'
no_order "args is to point to what is_wider compares" 'p[0] = parallel_sorted(is_wider, in, 4)'
no_order "PARALLEL_DESCENDING takes numbers or bool, and args are neither" 'p[0] = parallel_distinct(PARALLEL_DESCENDING, ranges, 4)'
no_order "plain_order__parallel_" 'p[0] = parallel_sorted(plain_order, in, 4)'
no_order "by name" 'p[0] = parallel_distinct(is_wider, ranges, 4, 3)'
order='the function is to be bool or int is_less(const double *, const double *)'
wrong "PARALLEL_DECORATE_ORDER(is_less, ...): $order" <<'END'
static _Bool is_less(double a, double b) { return a < b; }
PARALLEL_DECORATE_ORDER(is_less, double);
END
wrong "PARALLEL_DECORATE_ORDER(is_less, ...): $order" <<'END'
static double is_less(const double *a, const double *b) { return *a - *b; }
PARALLEL_DECORATE_ORDER(is_less, double);
END
wrong "PARALLEL_DECORATE_ORDER(is_less, ...): $order" <<'END'
static int is_less(const float *a, const float *b) { return *a < *b; }
PARALLEL_DECORATE_ORDER(is_less, double);
END
wrong "by name" <<'END'
static int is_less(const float *a, const float *b) { return *a < *b; }
PARALLEL_DECORATE_ORDER(is_less, float, 3);
END
right "orders" <<'END'
static _Bool is_wider(const struct range *a, const struct range *b) { return a->high - a->low > b->high - b->low; }
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static inline int by_length(const char *const *a, const char *const *b) { return (*a)[0] - (*b)[0]; }
PARALLEL_DECORATE_ORDER(is_wider, struct range);
PARALLEL_DECORATE_ORDER(compare, int, .max_workers = 2);
PARALLEL_DECORATE_ORDER(by_length, const char *);
const char *use(const int *x, const char **strings, struct range **range);
const char *use(const int *x, const char **strings, struct range **range)
{
    const struct range *widest = parallel_min(is_wider, ranges, 4, .grain = 3);
    x = parallel_max(compare, x, 4);
    const int *least = parallel_min(PARALLEL_DESCENDING, x, 4, .max_workers = 2);
    const double *d = parallel_max(PARALLEL_ASCENDING, in, 4);
    const _Bool *bit = parallel_max(PARALLEL_ASCENDING, bits, 4);
    *range = ranges + (widest - ranges) + (d - in) + (least - x) + (bit - bits);
    PARALLEL_SCOPED parallel_results *r = parallel_sorted(compare, x, 4, .max_workers = 2);
    PARALLEL_SCOPED parallel_results *s = parallel_distinct(by_length, strings, 4);
    *range += parallel_sort(is_wider, ranges, 4) + parallel_sort(by_length, strings, 4, .grain = 9) +
              parallel_sort(PARALLEL_ASCENDING, bits, 4) + (r == s);
    return *parallel_min(by_length, strings, 4);
}
END
right "scans and filters" <<'END'
static _Bool is_set(unsigned char x) { return x != 0; }
static inline int ask(const struct page *x, _Bool *result, void *extras) { *result = x->size > 0; return extras != 0; }
PARALLEL_DECORATE(is_set, unsigned char, _Bool);
PARALLEL_DECORATE_TASK(ask, struct page, _Bool, .retries = 1);
PARALLEL_DECORATE_COMBINE(hull, struct range);
int use(struct page *pages, const struct page *view, struct range *all, double *sum);
int use(struct page *pages, const struct page *view, struct range *all, double *sum)
{
    size_t kept;
    PARALLEL_SCOPED parallel_results *r = parallel_filter(ask, view, 4, .silent = true);
    PARALLEL_SCOPED parallel_results *s = parallel_scan(hull, ranges, 4, .max_workers = 2);
    return parallel_filter_into(ask, pages, 4, pages, &kept) + parallel_filter_into(is_set, bytes, 4, bytes, &kept) +
           parallel_partition_into(ask, view, 4, pages, &kept, .grain = 2) + (r == s) +
           parallel_scan_into(PARALLEL_PLUS, in, 4, out) + parallel_scan_into(PARALLEL_OR, bits, 4, bits) +
           parallel_scan_into(hull, (const struct range *)all, 4, all, .grain = 1) +
           parallel_scan_exclusive_into(PARALLEL_MAX, (const double *)in, 4, in, sum) +
           parallel_scan_exclusive_into(hull, ranges, 4, ranges, all);
}
END
right "keys" <<'END'
static inline long double weight(struct page p) { return p.size; }
static inline int shelf(const struct page *x, char *result, void *extras) { *result = x->size > 1; return extras != 0; }
static inline size_t letters(const struct request *r, char *out, size_t room) { if (room) *out = *r->url; return 1; }
PARALLEL_DECORATE(weight, struct page, long double);
PARALLEL_DECORATE_TASK(shelf, struct page, char, .retries = 1);
PARALLEL_DECORATE_FLAT(letters, struct request, char, .max_workers = 2);
int use(struct page *pages, const struct page *view, const struct request *q, size_t *counts, unsigned *small);
int use(struct page *pages, const struct page *view, const struct request *q, size_t *counts, unsigned *small)
{
    PARALLEL_SCOPED parallel_results *r = parallel_group(shelf, view, 4, 2, counts, .silent = true);
    PARALLEL_SCOPED parallel_results *s = parallel_flat_map(letters, q, 4);
    return parallel_sort_by(weight, pages, 4, .grain = 2) + parallel_sort_by(shelf, pages, 4) + (r == s) +
           parallel_histogram(shelf, view, 4, small, 2) + parallel_histogram(shelf, pages, 4, counts, 2, .timeout = 1);
}
END
right "counting and searching" <<'END'
static _Bool is_set(unsigned char x) { return x != 0; }
static inline int ask(const struct page *x, _Bool *result, void *extras) { *result = x->size > 0; return extras != 0; }
PARALLEL_DECORATE(is_set, unsigned char, _Bool);
PARALLEL_DECORATE_TASK(ask, struct page, _Bool);
ptrdiff_t use(struct page *pages, const unsigned char *last);
ptrdiff_t use(struct page *pages, const unsigned char *last)
{
    const struct page *p = parallel_find(ask, pages, 4, .max_workers = 2);
    const unsigned char *first = parallel_find(is_set, bytes, 4);
    last = parallel_find_last(is_set, bytes, 4, .grain = 2);
    return parallel_count(is_set, bytes, 4) + (first == last) + (p == pages) + parallel_any(ask, pages, 4) +
           parallel_all(is_set, last, 4);
}
END
wrong "PARALLEL_DECORATE_FOLD(count, ...): the function is to be" <<'END'
PARALLEL_DECORATE_FOLD(count, add_counts, struct counts, char);
END
wrong "PARALLEL_DECORATE_FOLD(count, ...): what combines is to be" <<'END'
PARALLEL_DECORATE_FOLD(count, count, struct counts, unsigned char);
END

right "reductions" <<'END'
PARALLEL_DECORATE_COMBINE(hull, struct range, .max_workers = 3, .grain = 4);
PARALLEL_DECORATE_COMBINE(plain, double);
PARALLEL_DECORATE(cube, double, double);
PARALLEL_DECORATE(alone, double, struct range);
PARALLEL_DECORATE_FOLD(count, add_counts, struct counts, unsigned char);
int use(const double *x, const _Bool *b, const char *c, unsigned char *u, const long double *l, double *sum);
int use(const double *x, const _Bool *b, const char *c, unsigned char *u, const long double *l, double *sum)
{
    struct range all = {0, 0};
    struct counts counted = {{0}};
    _Bool every = 1;
    char least = 0;
    long double greatest = 0;
    double first[1] = {0};
    return parallel_reduce(PARALLEL_PLUS, x, 4, sum) | parallel_reduce(PARALLEL_AND, b, 4, &every, .grain = 2) |
           parallel_reduce(PARALLEL_MIN, c, 4, &least) | parallel_reduce(PARALLEL_MAX, l, 4, &greatest) |
           parallel_reduce(PARALLEL_XOR, u, 4, u) | parallel_reduce(plain, in, 4, first) |
           parallel_reduce(hull, ranges, 4, &all, .call_timeout = 1) |
           parallel_map_reduce(alone, hull, x, 4, &all, .executor = PARALLEL_SERIAL) |
           parallel_map_reduce(cube, PARALLEL_TIMES, x, 4, sum) | parallel_fold(count, u, 4, &counted) |
           parallel_fold(count, (const unsigned char *)u, 4, &counted, .max_workers = 2);
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
