#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that were compiled for the last release run with this library: nothing that they know of its interface has
# changed. The check finds what would be wrong, in copies of the release's dump.
. "$srcdir/tests/support/tap.sh"
library=$builddir/.libs/libparallel.so
dump=$srcdir/packaging/abi/x86_64.abi
for tool in abidiff perl readelf; do
    command -v $tool >/dev/null || skip_all "no $tool"
done
[ -z "$SANITIZERS" ] && [ -e "$library" ] || skip_all "a library that is sanitized, or is not shared"
readelf -h "$library" | grep -q X86-64 || skip_all "the dump is of x86-64"
readelf -p .debug_str "$library" 2>/dev/null | grep -q 'GNU C' || skip_all "no debugging information, or not gcc's"

check "what the last release's programs know is there" "$srcdir/scripts/check-abi" "$library"
# changed WHAT SED-SCRIPT: had the release been so, this library would not do
changed() {
    sed "$2" "$dump" >"$work/dump"
    refuse "(the plant changes the dump)" cmp -s "$work/dump" "$dump"
    refuse "found: $1" "$srcdir/scripts/check-abi" "$library" "$work/dump"
}
changed "a function that is gone" "s/'parallel_cancelled'/'parallel_gone'/"
changed "another type of a result" "/function-decl name='parallel_length'/,/<return/s/<return type-id='[^']*'/<return type-id='type-id-1'/"
changed "another size of a structure" "/class-decl name='parallel_failure'/s/size-in-bits='[0-9]*'/size-in-bits='640000'/"
changed "a member elsewhere" "/class-decl name='parallel_function'/,/<\\/class-decl>/s/layout-offset-in-bits='64'/layout-offset-in-bits='72'/"
changed "options that have lost the last one" "/class-decl name='parallel_options'/s/size-in-bits='[0-9]*'/size-in-bits='64000'/"
# the release had one option less
perl -0pe "s|(<class-decl name='parallel_options' size-in-bits=')(\\d+)('.*?)\\s*<data-member access='public' layout-offset-in-bits='\\d+'>(?:(?!<data-member).)*?</data-member>(\\s*</class-decl>)|\$1.(\$2-64).\$3.\$4|se" \
    "$dump" >"$work/dump"
refuse "(the plant changes the dump)" cmp -s "$work/dump" "$dump"
check "one more option, at the end, is no change" "$srcdir/scripts/check-abi" "$library" "$work/dump"
sed "/elf-symbol name='parallel_shutdown'/d; /function-decl name='parallel_shutdown'/,/<\\/function-decl>/d" "$dump" >"$work/dump"
refuse "(the plant changes the dump)" cmp -s "$work/dump" "$dump"
check "nor is one more function" "$srcdir/scripts/check-abi" "$library" "$work/dump"
done_testing
