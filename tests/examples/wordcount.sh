#!/bin/sh
# SPDX-License-Identifier: MIT
# wordcount prints what a pipeline of tr, sort and uniq prints, byte for byte, and reports what it cannot read.
. "$srcdir/tests/support/tap.sh"
wordcount=$(program examples/wordcount)
unset PARALLEL_NUM_THREADS
cd "$work" || exit 99
process=

at_exit() {
    [ -z "$process" ] || kill "$process" 2>/dev/null
}

expected() { # PATH...: a word does not go on in the next file
    find -H "$@" -type f -exec sh -c 'for file; do cat "$file"; echo; done' sh {} + | tr -cs A-Za-z '\n' | grep . |
        tr A-Z a-z | sort | uniq -c | sort -k1,1nr -k2
}
same() { # PATH...
    "$wordcount" "$@" >ours && expected "$@" >theirs && cmp ours theirs
}
fails() { # STATUS ARGUMENTS...
    status=$1
    shift
    "$wordcount" "$@" >ours 2>errors
    test $? -eq "$status"
}

# ---- files of all kinds --------------------------------------------------------------------------------------------

mkdir -p files/a/b files/none files/many
: >files/empty
printf 'the end' >files/a/no-newline
printf 'of The END' >files/a/b/no-newline
printf "don't na\\303\\257ve x2y _under_score\\0nul\\377A-Z[@\`{z\\r\\n" >"files/odd bytes
"
echo one >"files/with space"
head -c 300000 /dev/urandom >files/random
seed=0
while [ $seed -lt 150 ]; do
    ${AWK:-awk} -v seed=$seed 'BEGIN {
        srand(seed)
        letters = "etaoinshrdluETAOIN"
        for (i = int(rand() * 1000); i > 0; i--) {
            word = ""
            for (k = int(rand() * rand() * 9); k >= 0; k--)
                word = word substr(letters, 1 + int(rand() * length(letters)), 1)
            printf "%s%s", word, substr(" ,.\n09-", 1 + int(rand() * 7), 1)
        }
    }' >files/many/$seed
    seed=$((seed + 1))
done
ln -s many files/link
ln -s . files/a/loop
mkfifo files/a/fifo # whose opening would wait for ever

# Words that go over the edge of what is read at once, begin there, and end there; and one that fills several.
for before in 65530 65532 65535 65536 131070; do
    { head -c $before /dev/zero | tr '\0' ' '; printf 'edge%s more' "$before"; } >files/edge$before
done
head -c 65536 /dev/zero | tr '\0' Q >files/exactly
head -c 200000 /dev/zero | tr '\0' Q >files/long

for n in 1 2 5; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "files of all kinds, $n workers" same files
    cp ours all$n
    check "one file, $n workers" same files/random
done
unset PARALLEL_NUM_THREADS
check "there are many words" test "$(wc -l <ours)" -gt 1000
check "the same with any number of workers" cmp all1 all5
check "a source tree" same "$srcdir/examples" "$srcdir/tests/examples" "$srcdir/include"
check "files and directories, some twice" same files/a files/a/no-newline files/empty files/a/ "files/with space" files/a
check "no words" same files/empty files/none
check "... print nothing" test ! -s ours
check "a link that is a PATH is followed" same files/link
check "... and has words" test -s ours
if command -v timeout >/dev/null; then
    ln -s ../files/a files/many/loop
    check "a link that is none is not" timeout 60 "$wordcount" files
    rm files/many/loop
fi

# ---- what is printed -----------------------------------------------------------------------------------------------

most_frequent() { # K
    "$wordcount" -n "$1" files >ours && head -n "$1" all1 | cmp - ours
}
check "the most frequent word" most_frequent 1
check "the 100 most frequent" most_frequent 100
check "more than there are" most_frequent 99999999
timed() {
    "$wordcount" --time files >ours 2>errors && cmp ours all1 && grep -q '^[0-9]* files: serial loop .* times as fast' errors
}
check "beside the serial loop" timed
echo "b a b c" >few
check "as uniq -c does" test "$("$wordcount" few)" = "      2 b
      1 a
      1 c"

# ---- what cannot be read -------------------------------------------------------------------------------------------

check "a file that is not there: exit status 1" fails 1 files/gone few files/a/gone
check "... is reported, and another one, too" test "$(grep -c 'gone: cannot be read: No such file' errors)" -eq 2
check "... and the others are counted" test "$(wc -l <ours)" -eq 3
check "... and it is reported once with --time" fails 1 --time files/gone few
check "... by name" test "$(grep -c '^wordcount: files/gone: ' errors)" -eq 1
check "... and the words are the same" test "$(wc -l <ours)" -eq 3

# Root can read everything, so it tests as somebody else, with a copy, who may have no way into the build directory.
mkdir closed closed/directory closed/open bin
echo a >closed/file
echo b >closed/directory/file
echo c >closed/open/file
chmod 000 closed/file closed/directory
if [ -r closed/file ]; then
    if [ -e "$builddir/examples/.libs/wordcount" ]; then
        cp "$builddir"/.libs/libparallel.so* bin/
        cp "$builddir/examples/.libs/wordcount" bin/
    else
        cp "$builddir/examples/wordcount" bin/
    fi
    chmod 755 .
    wordcount() {
        setpriv --reuid=65534 --regid=65534 --clear-groups env LD_LIBRARY_PATH="$work/bin" bin/wordcount "$@"
    }
else
    wordcount() {
        "$wordcount" "$@"
    }
fi
if [ -z "$EMULATOR" ] && wordcount few >/dev/null 2>&1; then
    wordcount closed >ours 2>errors
    check "what may not be read: exit status 1" test $? -eq 1
    check "a file is reported" grep -q '^wordcount: closed/file: cannot be read: Permission denied' errors
    check "a directory is reported" grep -q '^wordcount: closed/directory: cannot be read: Permission denied' errors
    check "... and that is all" test "$(wc -l <errors)" -eq 2
    check "the rest is counted" test "$(cat ours)" = "      1 c"
else
    skip "what may not be read" "cannot run as another user here"
fi

# Files that come and go meanwhile: a directory that is gone when looked at may be back when it is opened as a file.
passed='/brief.*: (No such file|Is a directory)'
(
    while :; do
        mkdir -p files/many/brief
        echo brief >files/many/brief/1
        rm -r files/many/brief
    done
) 2>/dev/null &
process=$!
passing() {
    for round in 1 2 3 4 5 6 7 8 9 10; do
        "$wordcount" files/many >ours 2>errors || { test $? -eq 1 && grep -E "$passed" errors; } || return 1
        ! grep -vE "$passed" errors && grep -v ' brief$' ours >"without$round" || return 1
        cmp without1 "without$round" || return 1
    done
}
check "files that come and go" passing
{ kill $process && wait $process; } 2>/dev/null
process=

check "no PATH: exit status 2" fails 2
check "no number" fails 2 -n many few
check "the 0 most frequent" fails 2 -n 0 few
check "a number below" fails 2 -n -1 few
check "an unknown option" fails 2 -x few
refuse "a full disk" sh -c "'$wordcount' files >/dev/full"
done_testing
