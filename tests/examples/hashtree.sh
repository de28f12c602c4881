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

expected() {
    find "$tree" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
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
else
    skip "unreadable files" "cannot run as another user here"
fi
done_testing
