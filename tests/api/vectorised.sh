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

int map_scale(const float *in, size_t n, float *out) { return parallel_map_into(scale, in, n, out); }
int map_mix(const unsigned *in, size_t n, unsigned *out) { return parallel_map_into(mix, in, n, out); }
END

# vectorised COMPILER FUNCTION: its kernel has packed shifts or multiplications
vectorised() {
    "$1" -std=c11 -O3 -I"$srcdir/include" -c "$work/program.c" -o "$work/program.o" || return
    objdump -d "$work/program.o" | awk -v name="<$2__parallel_kernel>:" '
        /^[0-9a-f]+ </ { inside = $2 == name } inside' >"$work/kernel"
    cat "$work/kernel"
    grep -qE "$packed" "$work/kernel"
}

for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    check "$compiler, float" vectorised "$compiler" scale
    check "$compiler, unsigned" vectorised "$compiler" mix
done
done_testing
