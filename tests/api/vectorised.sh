#!/bin/sh
# SPDX-License-Identifier: MIT
# The kernel of a decorated one-liner is vectorised as the plain loop is, and a comparison that is written with branches
# has none in a sort, and a stream of cheap items is one loop, by each compiler that there is: shown from the assembly,
# where this test can read it.
. "$srcdir/tests/support/tap.sh"
command -v objdump >/dev/null || skip_all "no objdump"
case $(uname -m) in
x86_64)
    packed='v?(psrld|mulps)[[:space:]]'
    branch='[[:space:]]j[a-ln-z]'
    ;;
aarch64)
    packed='(ushr|fmul)[[:space:]]+v[0-9]+\.4s'
    branch='[[:space:]](b\.|cbn?z|tbn?z)'
    ;;
*) skip_all "no reading of this machine's assembly" ;;
esac

cat >"$work/program.c" <<'END'
#include <parallel.h>

static float scale(float x) { return 3.0f * x; }
PARALLEL_DECORATE(scale, float, float);

static unsigned mix(unsigned x) { return (x ^ x >> 7) * 2654435761u + 17; }
PARALLEL_DECORATE(mix, unsigned, unsigned);

static float product(float x, float y) { return x * y; }
PARALLEL_DECORATE_ZIP(product, float, float, float);

PARALLEL_LOOP(add_scaled, i, float, a, const float *restrict, x, float *restrict, y) { y[i] += a * x[i]; }

PARALLEL_LOOP(stencil, i, const float *restrict, a, const float *restrict, b, const float *restrict, c, float *restrict, d)
{
    d[i] = 0.5f * a[i - 1] + a[i] * b[i] + c[i + 1];
}

int zip_product(const float *x, const float *y, size_t n, float *out) { return parallel_zip_map_into(product, x, y, n, out); }
int loop_add_scaled(float a, const float *x, float *y, ptrdiff_t n) { return parallel_loop(add_scaled, 0, n, (a, x, y)); }
int loop_stencil(const float *a, const float *b, float *d, ptrdiff_t n)
{
    return parallel_loop(stencil, 1, n - 1, (a, b, b, d));
}
int map_scale(const float *in, size_t n, float *out) { return parallel_map_into(scale, in, n, out); }
int map_mix(const unsigned *in, size_t n, unsigned *out) { return parallel_map_into(mix, in, n, out); }
END

cat >"$work/orders.c" <<'END'
#include <parallel.h>

static bool is_less(const int *a, const int *b) { return *a < *b; }
PARALLEL_DECORATE_ORDER(is_less, int);

static int by_branches(const int *a, const int *b)
{
    if (*a < *b)
        return -1;
    if (*a > *b)
        return 1;
    return 0;
}
PARALLEL_DECORATE_ORDER(by_branches, int);

static int by_choice(const int *a, const int *b) { return *a < *b ? -1 : *a > *b; }
PARALLEL_DECORATE_ORDER(by_choice, int);

int sort_less(int *x, size_t n) { return parallel_sort(is_less, x, n); }
int sort_branches(int *x, size_t n) { return parallel_sort(by_branches, x, n); }
int sort_choice(int *x, size_t n) { return parallel_sort(by_choice, x, n); }
END

cat >"$work/stream.c" <<'END'
#include <parallel.h>

struct sum { unsigned next, end, all; };
static unsigned mix(unsigned x) { return (x ^ x >> 7) * 2654435761u + 17; }
PARALLEL_DECORATE(mix, unsigned, unsigned);
static int try_mix(const unsigned *x, unsigned *result, void *extras)
{
    (void)extras;
    *result = mix(*x);
    return *x == 77;
}
PARALLEL_DECORATE_TASK(try_mix, unsigned, unsigned);
static int next_number(unsigned *x, void *data)
{
    struct sum *s = data;
    *x = s->next;
    return s->next++ < s->end;
}
static int add(const parallel_item *item, void *data)
{
    ((struct sum *)data)->all += *(const unsigned *)item->result;
    return 0;
}
int stream_mix(struct sum *s) { return parallel_stream_map(mix, next_number, add, s); }
int stream_try(struct sum *s) { return parallel_stream_map(try_mix, next_number, add, s); }
END

# calls COMPILER FUNCTION [FLAG]: what it calls, each once
calls() {
    "$1" -std=c11 -O2 ${3:+"$3"} -I"$srcdir/include" -c "$work/stream.c" -o "$work/stream.o" || return
    objdump -dr "$work/stream.o" | awk -v name="<$2>:" '
        /^[0-9a-f]+ </ { inside = $2 == name }
        inside && /R_[A-Z0-9_]*(PLT|PLTOFF|PC)[0-9]*|R_AARCH64_(CALL|JUMP)26/ { print $NF }
        inside && /[[:space:]](call|blr)[[:space:]]+(\*|x)/ { print "a pointer" }
        inside && /[[:space:]](call|bl)[[:space:]]/ && match($0, /<(next_number|add|mix|try_mix)>/) {
            print substr($0, RSTART + 1, RLENGTH - 2)
        }' |
        sed 's/[-+].*//' | grep -E '^(parallel|a pointer|next_number|add$|mix$|try_mix$)' | grep -v '__parallel' | sort -u
}

# fused COMPILER FUNCTION: source, function and sink are part of it
fused() {
    found=$(calls "$1" "$2")
    echo "calls $found"
    [ "$found" = "parallel_stream_loop_begin
parallel_stream_loop_next" ]
}

# left COMPILER FUNCTION: with exceptions, the library calls all three
left() {
    found=$(calls "$1" "$2" -fexceptions)
    echo "calls $found"
    [ "$found" = parallel_stream_loop_begin ]
}

# branches ORDER: how many conditional branches there are in what classifies items by it
branches() {
    objdump -d --no-show-raw-insn "$work/orders.o" | awk -v name="<$1__parallel_order_classify>:" '
        /^[0-9a-f]+ </ { inside = $2 == name } inside' | grep -cE "$branch"
}

# straight COMPILER ORDER: it has no more of them than is_less
straight() {
    "$1" -std=c11 -O2 -I"$srcdir/include" -c "$work/orders.c" -o "$work/orders.o" || return
    usual=$(branches is_less)
    found=$(branches "$2")
    echo "$found branches, and $usual for is_less"
    [ "$usual" -gt 0 ] && [ "$found" -gt 0 ] && [ "$found" -le "$usual" ]
}

# vectorised COMPILER FUNCTION [SOURCE]: it has packed shifts or multiplications
vectorised() {
    "$1" -std=c11 -O3 -I"$srcdir/include" -c "${3:-$work/program.c}" -o "$work/program.o" || return
    objdump -d "$work/program.o" | awk -v name="<$2>:" '
        /^[0-9a-f]+ </ { inside = $2 == name } inside' >"$work/kernel"
    cat "$work/kernel"
    grep -qE "$packed" "$work/kernel"
}

# unversioned: gcc makes no second, serial version of the loops, for arrays that overlap
unversioned() {
    gcc -std=c11 -O3 -I"$srcdir/include" -fopt-info-vec -c "$work/program.c" -o "$work/program.o" 2>"$work/told"
    cat "$work/told"
    for line in $(sed -n '/^PARALLEL_LOOP(/=' "$work/program.c"); do
        grep -q "program\.c:$line:.*loop vectorized" "$work/told" || return
        ! grep -q "program\.c:$line:.*aliasing" "$work/told" || return
    done
}

for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    check "$compiler, float" vectorised "$compiler" scale__parallel_kernel
    check "$compiler, unsigned" vectorised "$compiler" mix__parallel_kernel
    check "$compiler, a comparison by branches" straight "$compiler" by_branches
    check "$compiler, a comparison by choice" straight "$compiler" by_choice
    for function in stream_mix stream_try; do
        check "$compiler, $function is one loop" fused "$compiler" $function
        check "$compiler, $function is the library's where exceptions may be thrown" left "$compiler" $function
    done
    check "$compiler, two arrays" vectorised "$compiler" product__parallel_zip_kernel
    check "$compiler, a loop of two arrays" vectorised "$compiler" add_scaled__parallel_range
    check "$compiler, a loop of four arrays" vectorised "$compiler" stencil__parallel_range
    check "$compiler, a loop of rows of four arrays" vectorised "$compiler" diffuse_row__parallel_range \
        "$srcdir/bench/collections/ways/parallel.c"
done
if command -v gcc >/dev/null; then
    check "loops of restricted arrays do not ask whether they overlap" unversioned
else
    skip "loops of restricted arrays" "no gcc"
fi
done_testing
