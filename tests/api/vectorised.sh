#!/bin/sh
# SPDX-License-Identifier: MIT
# The kernel of a decorated one-liner is vectorised as the plain loop is, by each compiler that there is: shown from the
# assembly, where this test can read it.
. "$srcdir/tests/support/tap.sh"
command -v objdump >/dev/null || skip_all "no objdump"
case $(uname -m) in
x86_64) packed='v?(psrld|mulps)[[:space:]]' ;;
aarch64) packed='(ushr|fmul)[[:space:]]+v[0-9]+\.4s' ;;
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
