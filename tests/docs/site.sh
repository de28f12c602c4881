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
        find . -type f | sed 's|^\./|file |'
        grep -o ' id="[^"]*"' -- *.html | sed 's/^\([^:]*\): id="\(.*\)"$/place \1#\2/'
        grep -oE '(href|src)="[^"]*"' -- *.html | sed 's/^\([^:]*\):[a-z]*="\(.*\)"$/link \1 \2/'
    ) | awk '
        $1 == "file" || $1 == "place" { there[$2] = 1 }
        $1 == "link" && $3 !~ /^https?:/ {
            target = $3 ~ /^#/ ? $2 $3 : $3
            file = target
            sub(/#.*/, "", file)
            if (!(file in there) || (target ~ /#./ && !(target in there)))
                print $2 ": " $3
        }' | grep .
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
echo '<a href="nothing.html">nowhere</a>' >>"$work/site/sandbox.html"
check "found: a link to nothing" dangling "$work/site"
echo '<a href="tutorial.html#nothing">nowhere</a>' >"$work/site/sandbox.html"
check "found: a link to no place on a page" dangling "$work/site"
done_testing
