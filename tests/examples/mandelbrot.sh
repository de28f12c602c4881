#!/bin/sh
# SPDX-License-Identifier: MIT
# mandelbrot draws the same picture serially and in parallel (it compares them itself), and writes a PNG.
. "$srcdir/tests/support/tap.sh"
mandelbrot=$(program examples/mandelbrot)
[ -x "$mandelbrot" ] || skip_all "built without libpng"

draw() {
    "$mandelbrot" --size 320x240 --rounds 2 "$1"
}
for n in 1 2 9; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "the same picture with $n workers" draw "$work/$n.png"
done
check "the same file, too" cmp "$work/1.png" "$work/9.png"
signature=$(head -c 4 "$work/1.png" | od -An -c | tr -d ' ')
check "it is a PNG" test "$signature" = "211PNG"
refuse "a place where it cannot write" draw "$work/none/x.png"
refuse "a size of nothing" "$mandelbrot" --size 0x10 "$work/x.png"
done_testing
