#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests that tests/api/original.md names exist, and are run; each check is shown to find what it is for in a spoilt
# table.
. "$srcdir/tests/support/tap.sh"

table=$srcdir/tests/api/original.md

# Whether each `file:test` in a table is a test of that file.
all_exist() {
    grep -o '`[a-z_]*:[a-z_0-9]*`' "$1" | tr -d '`' | sort -u >"$work/named"
    missing=0
    while IFS=: read -r file name; do
        source=$srcdir/tests/api/test_$file.c
        if ! grep -q "^START_TEST($name)" "$source" || ! grep -q "tcase_add.*_test(c, $name[,)]" "$source"; then
            echo "no test $name in $source"
            missing=1
        fi
    done <"$work/named"
    [ -s "$work/named" ] && [ $missing = 0 ]
}

# Whether each row of a table names a test, or says what is not there.
all_named() {
    grep '^| ' "$1" | grep -v '^| where \|^| file ' >"$work/rows"
    [ -s "$work/rows" ] && ! grep -v '`[a-z_]*:[a-z_0-9]*`' "$work/rows"
}

check "the tests in the table exist, and are run" all_exist "$table"
check "every row of the table has a test" all_named "$table"
sed 's/original:one_worker/original:no_worker/' "$table" >"$work/spoilt"
refuse "found: a test that does not exist" all_exist "$work/spoilt"
echo '| file | `test` | somewhere |' | sed 's/file/some file/' >>"$work/spoilt"
refuse "found: a row without a test" all_named "$work/spoilt"

done_testing
