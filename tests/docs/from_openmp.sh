#!/bin/sh
# SPDX-License-Identifier: MIT
# The code in docs/from-openmp.md is what test_from_openmp compiles and runs: each paragraph of it stands in those
# sources, line for line, but for how far it is indented. Lines are as many as the page says.
. "$srcdir/tests/support/tap.sh"
page=$srcdir/docs/from-openmp.md
sources="$srcdir/tests/docs/from_openmp.h $srcdir/tests/docs/openmp_*.c $srcdir/tests/docs/parallel_*.c"

# paragraphs PAGE: prints those that stand in none of the sources, and how many there are.
paragraphs() {
    # shellcheck disable=SC2086
    awk 'BEGIN { all = "\n" }
        function look() {
            if (text != "" && !index(all, "\n" text)) {
                printf "line %d:\n%s", at, text
                missing++
            }
            count += text != ""
            text = ""
        }
        { line = $0; sub(/^[ \t]+/, "", line) }
        FILENAME != ARGV[ARGC - 1] { all = all line "\n"; next }
        /^```c$/ { on = 1; next }
        /^```/ { look(); on = 0; next }
        !on { next }
        line == "" { look(); next }
        { at = FNR; text = text line "\n" }
        END { print count " paragraphs"; exit !count || missing > 0 }' $sources "$1"
}

# counts PAGE: the numbers of lines in the heads of its tables are those of the two blocks of code below.
counts() {
    awk '/<th>/ {
            split($0, cells, /<\/th>/)
            for (i = 1; i <= 2; i++) {
                said[++tables] = cells[i]
                gsub(/.*: | lines/, "", said[tables])
            }
        }
        /^```c$/ && tables { on = 1; block++; next }
        /^```/ { on = 0; next }
        on && /[^ ]/ { lines[block]++ }
        END {
            for (i = 1; i <= tables; i++) {
                print "said: " said[i] ", counted: " lines[i]
                wrong += said[i] + 0 != lines[i]
            }
            exit wrong || tables != 4 || block != 4
        }' "$1"
}

check "all code of the page stands in the sources of its test" paragraphs "$page"
check "lines are as many as the page says" counts "$page"
sed 's/y\[i\] += a \* x\[i\];/y[i] -= a * x[i];/' "$page" >"$work/page.md"
refuse "(the plant changes the page)" cmp -s "$page" "$work/page.md"
refuse "found: code that is not in the sources" paragraphs "$work/page.md"
sed 's/OpenMP: \([0-9]*\) lines/OpenMP: 1\1 lines/' "$page" >"$work/page.md"
refuse "found: another number of lines" counts "$work/page.md"
done_testing
