#!/bin/sh
# SPDX-License-Identifier: MIT
# The man pages: every public name has one, all say what they are to say, their programs compile and print what the
# pages show, and tools that read man pages have nothing to complain of.
. "$srcdir/tests/support/tap.sh"
pages=$builddir/man/made
[ -d "$pages" ] || pages=$srcdir/man/made

# names FOLDER: the names of the headers in that folder that are for programs, one a line.
names() {
    cat "$1"/libparallel/*.h "$1/parallel_mpi.h" >"$work/headers"
    {
        # macros, but for what declarations are made with
        sed -n 's/^#define \(\(PARALLEL\|parallel\)_[A-Za-z0-9_]*[A-Za-z0-9]\)\([ (].*\)*$/\1/p' "$work/headers"
        # words, for which there is a macro to find each out
        sed -n 's/^#define PARALLEL_\(ORDER_\)*\(WORD_\)*\(PARALLEL_[A-Z]*\)().*/\3/p' "$1"/libparallel/detail/*.h
        # functions, types, constants of enumerations
        awk '/^PARALLEL_API/ { on = 1 }
            on && !/extern/ && match($0, /parallel_[a-z0-9_]+\(/) { print substr($0, RSTART, RLENGTH - 1); on = 0 }
            /;/ { on = 0 }' "$work/headers"
        sed -n -e 's/^} \(parallel_[a-z_]*\);$/\1/p' -e 's/^typedef struct parallel_[a-z]* \(parallel_[a-z]*\);$/\1/p' \
            -e 's/^    \(PARALLEL_[A-Z0-9_]*[A-Z0-9]\)\( = 0\)*,* *\(\/\*.*\)*$/\1/p' "$work/headers"
    } | grep -vx -e PARALLEL_API -e PARALLEL_MUST_USE -e PARALLEL_BEGIN_DECLS -e PARALLEL_END_DECLS -e PARALLEL_MPI_H |
        sort -u
}

# missing FOLDER: names without a page.
missing() {
    names "$1" >"$work/names"
    [ "$(wc -l <"$work/names")" -gt 200 ] || return 0
    while read -r name; do
        [ -e "$pages/$name.3" ] || echo "$name has no page"
    done <"$work/names" | grep .
}

# What the library exports is declared in its headers: for programs, or in detail/ for macros. One thing is for
# libparallel-mpi.
undeclared() {
    ${NM:-nm} -D --defined-only "$builddir/.libs/libparallel.so" | sed -n 's/.* [TWi] \([a-z0-9_]*\).*/\1/p' |
        grep -vx parallel_private_services | sort >"$work/exported"
    [ "$(wc -l <"$work/exported")" -gt 100 ] || return 0
    {
        names "$srcdir/include"
        grep -ohE 'parallel_(task|stream_loop)_[a-z_]*\(' "$srcdir"/include/libparallel/detail/*.h | tr -d '('
    } | sort -u | comm -23 "$work/exported" - | grep .
}

# own FOLDER: the pages there that are not just another name's.
own() {
    grep -L '^\.so ' "$1"/*.3
}

# incomplete FOLDER: pages that lack a section.
incomplete() {
    own "$1" | while read -r page; do
        awk '
            /^\.SH / { head = substr($0, 5); order = order head "," ; next }
            { lines[head]++ }
            head == "NAME" && /^\\- ./ { brief = 1 }
            head == "SYNOPSIS" && /[a-zA-Z]\\fR?$|;\\fR$|PARALLEL_/ { shown = 1 }
            END {
                if (order !~ /^NAME,SYNOPSIS,DESCRIPTION,(RETURN VALUE,)?(ERRORS,)?EXAMPLES,SEE ALSO,$/)
                    print FILENAME ": sections " order
                if (!brief || !shown || lines["DESCRIPTION"] < 1 || lines["EXAMPLES"] < 10 || lines["SEE ALSO"] < 1)
                    print FILENAME ": a section is empty"
            }' "$page"
    done | grep .
}

# dangling FOLDER: references to pages that are not there.
dangling() {
    for page in "$1"/*.3; do
        sed -n -e 's/^\.BR \\*%*\([a-zA-Z_0-9]*\) (3).*/\1/p' -e 's/^\.so man3\/\(.*\)\.3$/\1/p' "$page" | while read -r name; do
            [ -e "$1/$name.3" ] || [ "$name" = parallel ] || echo "$page: $name"
        done
    done | grep .
}

refuse "a public name has no man page" missing "$srcdir/include"
if [ -e "$builddir/.libs/libparallel.so" ] && command -v nm >/dev/null; then
    refuse "the library exports what no header declares" undeclared
else
    skip "what is exported is declared" "no shared library"
fi
refuse "a page lacks a section" incomplete "$pages"
refuse "a page refers to one that is not there" dangling "$pages"

mkdir "$work/copy" && cp -R "$srcdir/include" "$srcdir/man" "$work/copy/"
make_pages() {
    rm -rf "$work/made" && "$srcdir/scripts/manpages" "$work/copy" "$work/made"
}
check "pages are made" make_pages
same() {
    diff -r "$pages" "$work/made"
}
check "those of the build are as new" same
echo 'PARALLEL_API int parallel_plant(void);' >>"$work/copy/include/libparallel/stats.h"
check "found: a function without a page" missing "$work/copy/include"
printf '/** Planted. */\nPARALLEL_API int parallel_plant(void);\n' >>"$work/copy/include/libparallel/stats.h"
refuse "found: a comment without a line in the table" make_pages
sed -i '/parallel_plant/d' "$work/copy/include/libparallel/stats.h"
sed -i 's/^parallel_stats /parallel_statistics /' "$work/copy/man/pages"
refuse "found: a line in the table without a comment" make_pages
mkdir "$work/spoilt" && sed 's/^\.SH EXAMPLES/.SH EXAMPLE/' "$pages/parallel_map.3" >"$work/spoilt/parallel_map.3"
check "found: a page without examples" incomplete "$work/spoilt"
check "found: a reference to no page" dangling "$work/spoilt"

# Tools.
lint() {
    own "$1" | while read -r page; do
        mandoc -T lint -W warning "$page"
    done | grep .
}
if command -v mandoc >/dev/null; then
    refuse "mandoc complains" lint "$pages"
    sed 's/^\.EE$/.EEE/' "$pages/parallel_map.3" >"$work/spoilt/parallel_map.3"
    check "found: a macro that is none" lint "$work/spoilt"
else
    skip "mandoc" "not there"
fi
warnings() {
    { own "$pages"; echo "$srcdir/man/parallel.3"; } | while read -r page; do
        LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null
    done | grep -v "macro 'mF' not defined" | grep .
}
if man --version 2>/dev/null | grep -q '^man [0-9]' && command -v groff >/dev/null; then
    refuse "groff warns" warnings
else
    skip "groff" "not there"
fi
apropos_finds() { # NAME TEXT
    apropos -M "$work/share" "$1" | grep -q "^$1 (3) .*$2"
}
if command -v mandb >/dev/null; then
    mkdir -p "$work/share/man3" && cp "$pages"/*.3 "$work/share/man3/" && mandb -q -c "$work/share" >/dev/null 2>&1
    check "apropos parallel_sort" apropos_finds parallel_sort 'sort an array'
    check "apropos PARALLEL_SPAWN" apropos_finds PARALLEL_SPAWN 'start another task'
    check "a second name of a page, parallel_thread_map" apropos_finds parallel_thread_map 'map a function'
else
    skip "apropos" "no mandb"
fi

# The programs.
flags="-std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Wpedantic -Werror -I$srcdir/include"
library="$builddir/.libs/libparallel.a -lpthread -lm"
compile_example() { # SOURCE FLAGS...
    source=$1
    shift
    # shellcheck disable=SC2086
    $CC $flags $CFLAGS "$source" "$@" $library $SANITIZERS -o "$work/example"
}
prints_that() {
    awk '/^\/\* It prints:/ { on = 1 } on && sub(/^ \*     /, "")' "$1" >"$work/wanted"
    # shellcheck disable=SC2086
    [ -s "$work/wanted" ] && (cd "$work" && $EMULATOR ./example >printed) && diff "$work/wanted" "$work/printed"
}
unused() {
    for example in "$srcdir"/man/examples/*.c; do
        name=${example##*/}
        grep -q "| ${name%.c}\$" "$srcdir/man/pages" || echo "$name"
    done | grep .
}
refuse "a program is on no page" unused
for example in "$srcdir"/man/examples/*.c; do
    name=${example##*/}
    case $name in
    mpi*)
        if [ -z "$OPENMPI_RUN" ] || [ -n "$SANITIZERS$EMULATOR" ]; then
            skip "$name" "no Open MPI"
            continue
        fi
        # shellcheck disable=SC2086
        check "$name compiles" compile_example "$example" -Wno-pedantic $OPENMPI_CPPFLAGS \
            "$builddir/.libs/libparallel-mpi-openmpi.a" "$builddir/.libs/libparallel.a" $OPENMPI_LIBS
        ;;
    *) check "$name compiles" compile_example "$example" ;;
    esac
    check "... and prints what its page says" prints_that "$example"
done
done_testing
