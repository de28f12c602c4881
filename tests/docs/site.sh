#!/bin/sh
# SPDX-License-Identifier: MIT
# The site is made, and no link in it leads to nothing.
. "$srcdir/tests/support/tap.sh"
command -v cmark-gfm >/dev/null || skip_all "no cmark-gfm"

cp -R "$srcdir/docs" "$srcdir/include" "$srcdir/man" "$srcdir/scripts" "$srcdir/README.md" "$srcdir/CONTRIBUTING.md" \
    "$work/" && mkdir -p "$work/bench/results" && cp -R "$srcdir/bench/results/maps" "$work/bench/results/"
check "the site is made" "$work/scripts/site" "$work" "$work/site"

# dangling FOLDER: links to files, or to places on pages, that are not there.
dangling() {
    (
        cd "$1" || exit
        for page in *.html; do
            grep -o '\(href\|src\)="[^"]*"' "$page" | sed 's/^[a-z]*="\(.*\)"$/\1/' | sort -u | grep -v '^https*:' |
                while IFS='#' read -r target place; do
                    target=${target:-$page}
                    if [ ! -e "$target" ]; then
                        echo "$page: $target"
                    elif [ -n "$place" ] && ! grep -q "id=\"$place\"" "$target"; then
                        echo "$page: $target#$place"
                    fi
                done
        done
    ) | grep .
}
refuse "a link leads to nothing" dangling "$work/site"
for page in index tutorial from-openmp reference man.parallel man.parallel_map man.PARALLEL_SPAWN; do
    check "there is $page.html" test -s "$work/site/$page.html"
done
finds() {
    grep -q "^\[\"$1" "$work/site/search.js"
}
check "the search knows functions" finds man.parallel_sort.html
check "... and paragraphs" finds 'event-loops.html#'
elsewhere() { # nothing is fetched from elsewhere when a page is read
    grep -l 'src="https*:\|href="https*:[^"]*\.css' "$work"/site/*.html
}
refuse "a page fetches something" elsewhere
echo '[nowhere](nothing.html)' >>"$work/docs/sandbox.md"
check "(the site is made with a plant)" "$work/scripts/site" "$work" "$work/site"
check "found: a link to nothing" dangling "$work/site"
done_testing
