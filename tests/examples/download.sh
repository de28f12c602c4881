#!/bin/sh
# SPDX-License-Identifier: MIT
# download stores what a server has, in order and byte for byte, many transfers at once, and lists what could not be
# had. The server is a local one. No clock decides: transfers that are to overlap wait for each other, in the server.
. "$srcdir/tests/support/tap.sh"
download=$builddir/examples/download
httpd=$builddir/tests/support/httpd
pages=$builddir/tests/support/pages
[ -x "$download" ] || skip_all "built without libcurl or SQLite"
# each transfer takes some
case $(ulimit -n) in
? | ?? | 1?? | 2[0-4]?) ulimit -S -n 250 2>/dev/null || skip_all "too few files may be open" ;;
esac
unset PARALLEL_NUM_THREADS http_proxy HTTP_PROXY all_proxy ALL_PROXY

at_exit() {
    [ -z "$server" ] || kill "$server"
}
read -r port refused server <<END
$("$httpd" "$work/requests")
END
here=http://127.0.0.1:$port
cd "$work" || exit 99

# run WANTED-STATUS ARGUMENTS...: what it writes is in $work/out and $work/errors.
run() {
    wanted=$1
    shift
    status=0
    "$download" "$@" >out 2>errors </dev/null || status=$?
    cat out errors
    test "$status" -eq "$wanted"
}
asked() { # how often a path was asked for
    grep -cFx "$1" requests
}

# ---- pages as they are, in order, many at once --------------------------------------------------------------------
sizes="0 1 10 4095 4096 4097 100000 3000000 17 0 99999"
n=0
for size in $sizes; do
    echo "$here/bytes/$size"
    echo "$here/together/20/$n" # waits until 20 of the 22 are in flight
    echo "$here/together/20/$n/again"
    n=$((n + 1))
done >urls
from_stdin() {
    "$download" -o all.db -t 60 -r 0 <urls >out 2>errors
}
check "33 pages, 20 of them in flight at once" from_stdin
check "nothing is written on a pipe" test ! -s out -a ! -s errors

n=0
for size in $sizes; do
    echo "$((3 * n)) $here/bytes/$size 200 $size"
    for path in "together/20/$n" "together/20/$n/again"; do
        n3=$((n3 + 1))
        echo "$((3 * n + n3)) $here/$path 200 $((${#path} + 1))"
    done
    n3=0
    n=$((n + 1))
done >want
"$pages" all.db >got
check "all are stored, in the order of their URLs" cmp want got
same_bodies() {
    n=0
    for size in $sizes; do
        "$httpd" -b "$size" >want && "$pages" all.db $((3 * n)) >got && cmp want got || return 1
        printf '/together/20/%d/again' "$n" >want
        "$pages" all.db $((3 * n + 2)) >got && cmp want got || return 1
        n=$((n + 1))
    done
}
check "byte for byte" same_bodies
check "each was asked for once" test "$(wc -l <requests)" -eq 33

# ---- what cannot be had -------------------------------------------------------------------------------------------
check "pages that others fail beside: exit status 1" run 1 -o some.db -t 1 -r 2 -d 0.01 \
    "$here/bytes/5" "$here/nowhere" "$here/flaky/2/a" "$here/flaky/3/b" "$here/hang" "$here/drip" "$here/short" \
    "http://127.0.0.1:$refused/" "$here/bytes/6"
listed() { # INDEX PATTERN
    grep -Ex "download: $1 http://127.0.0.1:[0-9]+$2" errors
}
check "a page that is not there" listed 1 "/nowhere: failed, attempts: 1: HTTP status 404"
check "... was not asked for again" test "$(asked /nowhere)" -eq 1
check "one that is there at the third attempt" test "$(asked /flaky/2/a)" -eq 3
check "... is not listed" not grep -F flaky/2/a errors
check "one that would be there at the fourth" listed 3 "/flaky/3/b: failed, attempts: 3: HTTP status 503"
check "a server that does not answer" listed 4 "/hang: timed out, attempts: 3: given up, with 0 bytes here"
check "... was asked again" test "$(asked /hang)" -eq 3
check "a page without end" listed 5 "/drip: timed out, attempts: 3: given up, with [1-9][0-9]* bytes here"
check "a page cut short" listed 6 "/short: failed, attempts: 3: .*"
check "a port that refuses" listed 7 "/: failed, attempts: 3: .*[Cc]onnect.*"
check "each of them in a line, in order" test "$(cut -d ' ' -f 2 errors | tr '\n' ' ')" = "1 3 4 5 6 7 "
cat >want <<END
0 $here/bytes/5 200 5
2 $here/flaky/2/a 200 10
8 $here/bytes/6 200 6
END
"$pages" some.db >got
check "the others are stored" cmp want got

check "without retries, one attempt" run 1 -o some.db -r 0 "$here/flaky/1/c"
check "... is what the list says" listed 0 "/flaky/1/c: failed, attempts: 1: HTTP status 503"
check "a table that was there is replaced" test -z "$("$pages" some.db)"
check "one transfer at a time will do" run 0 -o some.db -j 1 "$here/bytes/7" "$here/bytes/8"
check "... and is stored" test "$("$pages" some.db | wc -l)" -eq 2
check "no URLs, no pages" run 0 -o none.db

# ---- what is wrong from the beginning -----------------------------------------------------------------------------
check "a database that cannot be: exit status 2" run 2 -o none/pages.db "$here/bytes/9"
check "... and nothing is downloaded" test "$(asked /bytes/9)" -eq 0
echo "something else, and long enough to be read as a database's head, which is a hundred bytes; here they are all" >text
check "a file that is no database" run 2 -o text "$here/bytes/9"
check "an unknown option" run 2 -x
check "a time that is none" run 2 -t soon "$here/bytes/9"
done_testing
