#!/bin/sh
# SPDX-License-Identifier: MIT
# hashtree prints what sha256sum prints, byte for byte, and reports what it cannot read.
. "$srcdir/tests/support/tap.sh"
hashtree=$builddir/examples/hashtree
[ -x "$hashtree" ] || skip_all "built without libcrypto"
command -v sha256sum >/dev/null || skip_all "no sha256sum"
unset PARALLEL_NUM_THREADS

tree=$work/tree
mkdir -p "$tree/a/b" "$tree/empty" "$tree/A"
: >"$tree/nothing"
printf 'x' >"$tree/with space"
printf 'y' >"$tree/back\\slash"
printf 'z' >"$tree/new
line"
head -c 1000000 /dev/zero >"$tree/a/large"
ln -s ../nothing "$tree/a/link"
i=0
while [ $i -lt 300 ]; do
    echo $i >"$tree/a/b/file$i"
    echo "$i$i" >"$tree/A/f$i"
    i=$((i + 1))
done

expected() { # DIR, if not $tree
    find "${1:-$tree}" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
}
same() {
    "$hashtree" "$@" "$tree" >"$work/ours" && expected >"$work/theirs" && cmp "$work/ours" "$work/theirs"
}
check "the same as sha256sum" same
check "the same with --time" same --time
check "605 files" test "$(wc -l <"$work/ours")" -eq 605
for n in 1 2 9; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "the same with $n workers" same
done
unset PARALLEL_NUM_THREADS

# Trees of other shapes.
like_sha256sum() { # DIR
    "$hashtree" "$1" >"$work/ours" && expected "$1" >"$work/theirs" && cmp "$work/ours" "$work/theirs"
}
shapes=$work/shapes
level=0
name=$(printf '%0100d' 0)
deep=$shapes/deep
while [ $level -lt 33 ]; do
    deep=$deep/$name
    level=$((level + 1))
done
mkdir -p "$deep" "$shapes/wide" "$shapes/none"
echo deep >"$deep/file"
names=
i=0
while [ $i -lt 1500 ]; do
    names="$names d$i"
    i=$((i + 1))
done
(
    cd "$shapes/wide" || exit 99
    # shellcheck disable=SC2086
    mkdir $names
    for name in $names; do
        echo "$name" >"$name/$name"
    done
)
ln -s . "$shapes/wide/d7/loop"
ln -s none "$shapes/wide/d8/dangling"
mkfifo "$shapes/wide/d9/fifo" # whose opening would wait for ever
printf 'bytes' >"$shapes/$(printf '\001\351 \\\r\n*?')"
check "a deep tree" like_sha256sum "$shapes/deep"
check "... has its file" test "$(wc -l <"$work/ours")" -eq 1
check "a wide tree, with links and a FIFO" like_sha256sum "$shapes/wide"
check "... has 1500 files" test "$(wc -l <"$work/ours")" -eq 1500
check "an empty tree" like_sha256sum "$shapes/none"
check "... has none" test ! -s "$work/ours"
check "names of odd bytes" like_sha256sum "$shapes"
check "DIR/" like_sha256sum "$shapes/"
check "a single file" like_sha256sum "$tree/a/large"
cd "$shapes" || exit 99
check "the current directory" like_sha256sum .
ln -s wide "$shapes/link"
check "a link is no directory" like_sha256sum link
check "... and has no files" test ! -s "$work/ours"
cd / || exit 99

refuse "a missing directory" "$hashtree" "$work/none"
refuse "no directory" "$hashtree"

# Unreadable files. Root can read everything, so it tests as somebody else.
chmod 000 "$tree/a/b/file7" "$tree/A/f9"
as=
if [ -r "$tree/a/b/file7" ]; then
    # as a copy, since that somebody may have no way into the build directory
    as="setpriv --reuid=65534 --regid=65534 --clear-groups env LD_LIBRARY_PATH=$work/bin"
    mkdir "$work/bin"
    if [ -e "$builddir/examples/.libs/hashtree" ]; then
        hashtree=$builddir/examples/.libs/hashtree
        cp "$builddir"/.libs/libparallel.so* "$work/bin/"
    fi
    cp "$hashtree" "$work/bin/"
    hashtree=$work/bin/hashtree
    chmod 755 "$work"
fi
if [ -z "$as" ] || $as test -x "$hashtree" 2>/dev/null; then
    $as "$hashtree" "$tree" >"$work/ours" 2>"$work/errors"
    check "exit status 1 if a file cannot be read" test $? -eq 1
    check "both are reported" test "$(grep -c 'Permission denied' "$work/errors")" -eq 2
    check "by name" grep -q "hashtree: $tree/a/b/file7: Permission denied" "$work/errors"
    chmod 644 "$tree/a/b/file7" "$tree/A/f9"
    expected | grep -vE '/(b/file7|A/f9)$' >"$work/theirs"
    check "nothing else is lost" cmp "$work/ours" "$work/theirs"

    chmod 000 "$tree/a/b"
    $as "$hashtree" "$tree" >"$work/ours" 2>"$work/errors"
    check "exit status 1 if a directory cannot be read" test $? -eq 1
    check "it is reported, alone" test "$(grep -c . "$work/errors")" -eq 1
    check "... by name" grep -q "hashtree: $tree/a/b: cannot be read" "$work/errors"
    chmod 755 "$tree/a/b"
    expected | grep -v '/b/file' >"$work/theirs"
    check "all else is hashed" cmp "$work/ours" "$work/theirs"
    chmod 444 "$tree/A" # names can be read, and that is all
    $as "$hashtree" "$tree/A" >"$work/ours" 2>"$work/errors"
    check "exit status 1 if no file of a directory can be had" test $? -eq 1
    check "all of them are reported" test "$(grep -c 'hashtree: .*/A/f[0-9]*: ' "$work/errors")" -eq 300
    chmod 755 "$tree/A"
else
    skip "unreadable files and directories" "cannot run as another user here"
fi
done_testing
