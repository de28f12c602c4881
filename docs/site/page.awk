# SPDX-License-Identifier: MIT
# What becomes of a page that is HTML already: headings have an id, C is coloured, names lead to their pages, links to
# other documents to theirs. First file: names and their pages; second: documents and their pages. The variable `page`
# is the name of this one; `index_file` gets what can be found in it; `toc_file` its headings.

FILENAME == ARGV[1] { page_of[$1] = $2; next }
FILENAME == ARGV[2] { document[$1] = $2; next }

function slug(s) {
    gsub(/<[^>]*>/, "", s)
    gsub(/&[a-z]+;/, "", s)
    s = tolower(s)
    gsub(/[^a-z0-9_ -]/, "", s)
    gsub(/ /, "-", s)
    return s
}

function plain(s) {
    gsub(/<[^>]*>/, " ", s)
    gsub(/&quot;/, "\"", s)
    gsub(/&lt;/, "<", s)
    gsub(/&gt;/, ">", s)
    gsub(/&amp;/, "\\&", s)
    gsub(/[ \t]+/, " ", s)
    return s
}

function js(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    return "\"" s "\""
}

function flush_index() {
    if (title != "" && index_file != "")
        print "[" js(page (anchor == "" ? "" : "#" anchor)) "," js(title) "," js(substr(body, 1, 1500)) "]," >>index_file
    body = ""
}

function heading(line,   level, inner, id) {
    match(line, /<h[1-3]/)
    level = substr(line, RSTART + 2, 1)
    inner = line
    sub(/^<h[1-3][^>]*>/, "", inner)
    sub(/<\/h[1-3]>.*/, "", inner)
    id = slug(inner)
    if (match(line, / id="[^"]*"/))
        id = substr(line, RSTART + 5, RLENGTH - 6)
    if (level < 3) {
        flush_index()
        title = (level == 2 ? top ": " : "") plain(inner)
        anchor = level == 2 ? id : ""
        if (level == 1)
            top = plain(inner)
    }
    if (level == 2)
        print "<a href=\"#" id "\">" inner "</a>" >>toc_file
    return "<h" level " id=\"" id "\">" inner (level > 1 ? " <a class=\"here\" href=\"#" id "\">#</a>" : "") "</h" level ">"
}

# ---- C ------------------------------------------------------------------------------------------------------------

function is_keyword(word) {
    if (language == "python")
        return word ~ /^(def|import|from|in|with|as|lambda|class|for|while|if|else|return|try|except|None|True|False)$/
    return word ~ /^(auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long|register|restrict|return|short|signed|sizeof|static|struct|switch|typedef|union|unsigned|void|volatile|while|bool|true|false|NULL|size_t|ptrdiff_t|uint64_t|uint32_t|atomic_int|auto|class|using|namespace|template)$/
}

function paint(line,   out, token, end) {
    if (comment) {
        end = index(line, "*/")
        if (!end)
            return "<span class=\"c\">" line "</span>"
        comment = 0
        return "<span class=\"c\">" substr(line, 1, end + 1) "</span>" paint(substr(line, end + 2))
    }
    if (match(line, /^ *#(include|define|pragma|if|ifdef|ifndef|endif|else)/) && language != "sh")
        return "<span class=\"d\">" substr(line, 1, RLENGTH) "</span>" paint(substr(line, RLENGTH + 1))
    out = ""
    while (match(line, /\/\*|\/\/|&quot;|&[a-z]+;|'(\\.|[^'])+'|[A-Za-z_][A-Za-z0-9_]*|[0-9][0-9a-zA-Z.]*/)) {
        token = substr(line, RSTART, RLENGTH)
        out = out substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        if (token == "/*") {
            end = index(line, "*/")
            if (!end) {
                comment = 1
                return out "<span class=\"c\">" token line "</span>"
            }
            out = out "<span class=\"c\">" token substr(line, 1, end + 1) "</span>"
            line = substr(line, end + 2)
        } else if (token == "//")
            return out "<span class=\"c\">" token line "</span>"
        else if (token == "&quot;") {
            end = 1
            while (end <= length(line) && substr(line, end, 6) != "&quot;")
                end += substr(line, end, 1) == "\\" ? (substr(line, end + 1, 6) == "&quot;" ? 7 : 2) : 1
            out = out "<span class=\"s\">" token substr(line, 1, end + 5) "</span>"
            line = substr(line, end + 6)
        } else if (token ~ /^'/)
            out = out "<span class=\"s\">" token "</span>"
        else if (token in page_of && token != "parallel")
            out = out "<a class=\"n\" href=\"" page_of[token] ".html\">" token "</a>"
        else if (is_keyword(token))
            out = out "<span class=\"k\">" token "</span>"
        else if (token ~ /^[0-9]/)
            out = out "<span class=\"m\">" token "</span>"
        else
            out = out token
    }
    return out line
}

# ---- charts -------------------------------------------------------------------------------------------------------

function chart_name(line) {
    gsub(/^ +|\[.*/, "", line)
    return line
}

# ---- links --------------------------------------------------------------------------------------------------------

# Names in `code` and in bold lead to their pages, but that of this one.
function link_names(line,   out, name, bare, tag) {
    out = ""
    while (match(line, /<(code|b)>(parallel|PARALLEL)_[A-Za-z0-9_]+(\(\))?<\/(code|b)>/)) {
        name = substr(line, RSTART, RLENGTH)
        out = out substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        bare = name
        gsub(/<[^>]*>|\(\)/, "", bare)
        if (bare in page_of && page_of[bare] ".html" != page && out !~ /<a [^>]*>[^<]*$/)
            name = "<a class=\"name\" href=\"" page_of[bare] ".html\">" name "</a>"
        out = out name
    }
    return out line
}

# Documents that are pages; others are in the sources, and only named.
function link_documents(line,   out, target, hash, base, rest) {
    out = ""
    while (match(line, /<a href="[^"]*">/)) {
        target = substr(line, RSTART + 9, RLENGTH - 11)
        rest = substr(line, RSTART + RLENGTH)
        out = out substr(line, 1, RSTART - 1)
        hash = ""
        base = target
        if (match(base, /#.*/)) {
            hash = substr(base, RSTART)
            base = substr(base, 1, RSTART - 1)
        }
        sub(/^(\.\.\/|\.\/|docs\/)*/, "", base)
        if (target ~ /^(#|https?:)/ || base ~ /\.html$/)
            out = out "<a href=\"" target "\">"
        else if (base in document)
            out = out "<a href=\"" document[base] ".html" hash "\">"
        else {
            out = out "<span class=\"source\" title=\"in the sources: " base "\">"
            sub(/<\/a>/, "</span>", rest)
        }
        line = rest
    }
    out = out line
    while (match(out, /<img src="[^"]*\//)) {
        target = substr(out, RSTART + 10, RLENGTH - 10)
        out = substr(out, 1, RSTART + 9) "\001" substr(out, RSTART + RLENGTH)
    }
    gsub(/\001/, "images/", out)
    return out
}

# A chart of boxes, one above the other: its source has a line for each box, and at last one for their order.
/<pre><code class="language-mermaid">/ { in_chart = 1; next }
in_chart && /<\/code><\/pre>/ { in_chart = 0; next }
in_chart && match($0, /\[&quot;.*&quot;\]/) {
    box[chart_name($0)] = substr($0, RSTART + 7, RLENGTH - 14)
    next
}
in_chart && /--&gt;/ {
    boxes = split($0, order, / *--&gt; */)
    print "<ol class=\"chart\">"
    for (i = 1; i <= boxes; i++) {
        line = box[chart_name(order[i])]
        gsub(/&lt;br\/&gt;/, "<br>", line)
        print "<li>" line "</li>"
        body = body " " plain(line)
    }
    print "</ol>"
    next
}
in_chart { next }

/<pre><code/ {
    language = $0
    if (language ~ /language-/) {
        sub(/.*language-/, "", language)
        sub(/".*/, "", language)
    } else
        language = language ~ /synopsis/ ? "synopsis" : "text"
    comment = 0
    in_code = 1
    match($0, /<pre><code[^>]*>/)
    printf "%s<div class=\"code in-%s\"><pre><code>", substr($0, 1, RSTART - 1), language
    $0 = substr($0, RSTART + RLENGTH)
    if ($0 == "")
        next
}
in_code && /<\/code><\/pre>/ {
    sub(/<\/code><\/pre>/, "")
    if ($0 != "")
        print language ~ /^(c|cpp|python)$/ ? paint($0) : $0
    print "</code></pre></div>"
    in_code = 0
    next
}
in_code {
    body = body " " plain($0)
    if (language == "synopsis")
        print link_names($0)
    else
        print language ~ /^(c|cpp|python)$/ ? paint($0) : $0
    next
}
/^<h[1-3]/ { print heading($0); next }
/^<table/ { print "<div class=\"table\">" }
{
    body = body " " plain($0)
    print link_documents(link_names($0))
}
/^<\/table/ { print "</div>" }
END { flush_index() }
