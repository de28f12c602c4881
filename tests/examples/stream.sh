#!/bin/sh
# SPDX-License-Identifier: MIT
# grepstream prints what grep prints, each line as it comes; pgz writes what gzip reads; both report a full disk.
. "$srcdir/tests/support/tap.sh"
grepstream=$(program examples/grepstream)
cd "$work" || exit 99

head -c 3000000 /dev/urandom | od -An -tx1 >lines
same_lines() { # PATTERN
    "$grepstream" "$1" <lines >ours
    grep -nE "$1" lines >theirs
    cmp ours theirs
}
check "lines of which few match" same_lines '^ 00 .*(ff|fe)$'
check "lines of which most match" same_lines '[02468]'
check "lines of which none matches" same_lines xyz
refuse "no such pattern" "$grepstream" '('
refuse "a full disk, for lines" sh -c "'$grepstream' 0 <lines >/dev/full"

# the writer goes on only when it has seen the line before
mkfifo from to
as_they_come() {
    "$grepstream" . <to >from &
    exec 3>to 4<from
    for i in 1 2 3; do
        echo "line $i" >&3
        read -r line <&4 && [ "$line" = "$i:line $i" ] || return
    done
    exec 3>&- 4<&-
    wait $!
}
check "each line as it comes" as_they_come

if [ -x "$builddir/examples/pgz" ]; then
    pgz=$(program examples/pgz)
    packs() { # FILE
        "$pgz" <"$1" >packed && gzip -dc packed | cmp - "$1"
    }
    echo one >one
    check "a file of some megabytes, packed" packs lines
    check "a file of some bytes, packed" packs one
    same_bytes() {
        for n in 1 2 5; do
            PARALLEL_NUM_THREADS=$n "$pgz" <lines >packed.$n || return
        done
        cmp packed.1 packed.2 && cmp packed.1 packed.5
    }
    check "the same bytes by any number of workers" same_bytes
    refuse "a full disk, for gzip" sh -c "'$pgz' <lines >/dev/full"
else
    skip "pgz" "no zlib"
fi
done_testing
