# SPDX-License-Identifier: MIT
# A man page as HTML: the requests that scripts/manpages writes, and those of man/parallel.3.

function html(s) {
    gsub(/&/, "\\&amp;", s)
    gsub(/</, "\\&lt;", s)
    gsub(/>/, "\\&gt;", s)
    gsub(/"/, "\\&quot;", s)
    return s
}

# Fonts are open until the next, also beyond the line that they begin in. What is bold as the head of a paragraph is no
# name.
function fonts(s,   out, at, inner) {
    s = html(s)
    gsub(/\\[%&]/, "", s)
    gsub(/\\-/, "-", s)
    gsub(/\\\(bu/, "\342\200\242", s)
    gsub(/\\ /, " ", s)
    out = open_tag(font)
    while ((at = match(s, /\\f[BIR]/))) {
        out = out substr(s, 1, at - 1) close_tag(font)
        font = substr(s, at + 2, 1)
        out = out open_tag(font)
        s = substr(s, at + 3)
    }
    s = out s close_tag(font)
    gsub(/\\e/, "\\\\", s)
    while ((at = match(s, /<b>[A-Z][A-Za-z, ]*\.<\/b>/))) {
        inner = substr(s, at + 3, RLENGTH - 7)
        s = substr(s, 1, at - 1) "<strong>" inner "</strong>" substr(s, at + RLENGTH)
    }
    return s
}

function open_tag(font) {
    return font == "B" ? "<b>" : font == "I" ? "<i>" : ""
}

function close_tag(font) {
    return font == "B" ? "</b>" : font == "I" ? "</i>" : ""
}

# The words of a request, of which those in quotes may have blanks.
function words_of(s, list,   n) {
    n = 0
    while (s != "") {
        sub(/^ +/, "", s)
        if (s == "")
            break
        if (s ~ /^"/) {
            s = substr(s, 2)
            match(s, /"|$/)
            list[++n] = substr(s, 1, RSTART - 1)
            s = substr(s, RSTART + 1)
        } else {
            match(s, /[^ ]+/)
            list[++n] = substr(s, 1, RLENGTH)
            s = substr(s, RLENGTH + 1)
        }
    }
    return n
}

# .BR and the like: words in two fonts in turn.
function in_turn(request, s,   list, n, i, out) {
    n = words_of(s, list)
    if (request ~ /^[BI]$/) {
        for (i = 1; i <= n; i++)
            out = out (i > 1 ? " " : "") list[i]
        return fonts("\\f" request out "\\fR")
    }
    for (i = 1; i <= n; i++)
        out = out fonts("\\f" substr(request, 2 - i % 2, 1) list[i] "\\fR")
    return out
}

function end_text() {
    if (text)
        print "</p>"
    text = 0
}

function end_list() {
    end_text()
    if (list != "")
        print "</" (list == "dl" ? "dd></dl" : "li></ul") ">"
    list = ""
}

function begin_list(kind) {
    end_text()
    if (list == kind) {
        print kind == "dl" ? "</dd>" : "</li>"
        return
    }
    end_list()
    list = kind
    print "<" kind ">"
}

function say(s) {
    if (code) {
        print s
        return
    }
    if (term) {
        print "<dt>" s "</dt><dd>"
        term = 0
        return
    }
    if (!text)
        print "<p>"
    text = 1
    print s
}

function head(level, s,   id) {
    end_list()
    id = s
    gsub(/[^A-Za-z0-9_]+/, "-", id)
    if (level == 2)
        s = toupper(substr(s, 1, 1)) tolower(substr(s, 2))
    print "<h" level " id=\"" id "\">" html(s) "</h" level ">"
}

/^\.\\"|^\.TH|^\.ad|^\.nh|^\.in|^\\&\.\.\.$/ && !code { next }
/^\.SH NAME/ { in_name = 1; next }
in_name && !/^\.SH/ { next }
/^\.SH / { in_name = 0; head(2, substr($0, 5)); next }
/^\.SS / { head(3, substr($0, 5)); next }
/^\.(nf|EX)/ { end_text(); print "<pre><code class=\"" ($1 == ".EX" ? "language-c" : "synopsis") "\">"; code = 1; next }
/^\.(fi|EE)/ { print "</code></pre>"; code = 0; next }
/^\.RS|^\.RE/ { next }
/^\.PP/ && code { print ""; next }
/^\.PP/ { was = list; end_text(); getline following; if (following !~ /^\.(RS|EX)/) end_list(); $0 = following }
/^\.(RS|RE|nf)/ { if ($1 == ".nf") { end_text(); print "<pre><code class=\"language-c\">"; code = 1 } next }
/^\.(EX)/ { end_text(); print "<pre><code class=\"language-c\">"; code = 1; next }
/^\.TP/ { begin_list("dl"); term = 1; next }
/^\.IP/ { begin_list("ul"); print "<li>"; next }
/^\.(BR|BI|IB|IR|RB|RI|B|I) / { request = substr($1, 2); say(in_turn(request, substr($0, length($1) + 2))); next }
/^\./ { next }
{ say(fonts($0)) }
END { end_list() }
