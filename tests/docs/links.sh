#!/bin/sh
# SPDX-License-Identifier: MIT
# No link in the documents is dead: of the sources, and, in a release, of its tarball. The checker finds those that are.
. "$srcdir/tests/support/tap.sh"

check "no link is dead" "$srcdir/scripts/check-links" "$srcdir"

mkdir "$work/docs"
cat >"$work/docs/page.md" <<'END'
# A page, of docs

[this](page.md), [its heading](#a-page-of-docs), [another](../other.md#two-words) and [outside](https://localhost/none).
`[no](link.md)`

```c
[not](a.link)
```
END
printf '# Two words\n![a picture](docs/picture.svg)\n' >"$work/other.md"
: >"$work/docs/picture.svg"
check "links to files, pictures and headings pass" "$srcdir/scripts/check-links" "$work"
for dead in '[x](gone.md)' '![x](gone.svg)' '[x](#gone)' '[x](../other.md#gone)' '<img src="gone.png">' '[x](../docs/../gone)'; do
    cp "$work/docs/page.md" "$work/kept"
    echo "$dead" >>"$work/docs/page.md"
    refuse "found: $dead" "$srcdir/scripts/check-links" "$work"
    cp "$work/kept" "$work/docs/page.md"
done
done_testing
