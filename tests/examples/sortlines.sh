#!/bin/sh
# SPDX-License-Identifier: MIT
# sortlines prints what `LC_ALL=C sort -s` prints, byte for byte.
. "$srcdir/tests/support/tap.sh"
sortlines=$(program examples/sortlines)
unset PARALLEL_NUM_THREADS
cd "$work" || exit 99

same() { # FILE...
    "$sortlines" "$@" >ours && sort -s "$@" >theirs && cmp ours theirs
}
fails() { # ARGUMENTS...
    "$sortlines" "$@" >ours 2>errors
    test $? -eq 2
}

: >empty
printf '\n' >newline
printf 'the end' >no-newline
# lines that begin alike, up to the eight bytes that are compared first and beyond; bytes that are zero, and above 127
printf 'b\na\n\nab\0c\nab\nab\0\nabcdefghij\nabcdefgh\nabcdefghi\nabcdefgh\0\n\377\n\200abcdefg\nabcdefgh\nlast' >few
head -c 3000000 /dev/urandom >random
head -c 600000 /dev/zero | tr '\0' x >long # one line, which many parts of the text are full of
{ cat long; echo; echo a; cat long; echo y; } >longer
${AWK:-awk} 'BEGIN {
    srand(1)
    for (i = 0; i < 200000; i++) {
        line = sprintf("%c%06d", 97 + int(rand() * 3), int(rand() * 20000))
        for (k = int(rand() * 4); k > 0; k--)
            line = line "/" int(rand() * 10)
        print line
    }
}' >lines
head -c 1000000 /dev/zero | tr '\0' '\n' >empty-lines
sort lines >sorted
sort -r lines >reversed

for n in 1 2 5; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "200000 lines, $n workers" same lines
    check "random bytes, $n workers" same random
    check "one line that is long, $n workers" same long
    check "... and others, $n workers" same longer
done
unset PARALLEL_NUM_THREADS
check "lines that begin alike" same few
check "no file that has anything" same empty
check "... prints nothing" test ! -s ours
check "an empty line" same newline
check "many empty lines" same empty-lines
check "sorted ones" same sorted
check "reversed ones" same reversed
check "files without a newline at their ends" same no-newline few no-newline empty long no-newline
check "some twice" same lines random lines
standard_input() {
    "$sortlines" <lines >ours && sort -s lines | cmp - ours && cat lines | "$sortlines" few - no-newline >ours &&
        sort -s few lines no-newline | cmp - ours
}
check "the standard input" standard_input
in_place() {
    cp lines copy && "$sortlines" -o copy copy && sort -s lines | cmp - copy
}
check "a file, to itself" in_place

check "a file that is not there: exit status 2" fails lines gone
check "... is reported" grep -q '^sortlines: cannot read: gone: No such file' errors
check "... and nothing is printed" test ! -s ours
check "a directory is no file" fails .
check "an output that cannot be" fails -o gone/away lines
check "an unknown option" fails -x lines
refuse "a full disk" sh -c "'$sortlines' lines >/dev/full"
done_testing
