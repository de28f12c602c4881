/* SPDX-License-Identifier: MIT */
/*
 * The progress bar.
 *
 * While the call runs, the bar is on the row below the cursor's, and the cursor stays where the program has left it. So
 * what the program prints comes out as if there were no bar, a line that it has only begun included, and when it goes
 * to its next line, that is the bar's row. Each time that the bar is drawn, what is right of the cursor and below it
 * is erased: the old bar, wherever the program's lines have pushed it. Where the cursor stands is never known:
 *
 *     index, up       one row down and up again, in the same column: now there is a row below, at the bottom of the
 *                     screen too, where this scrolls
 *     save            the cursor and the colours
 *     erase           the rest of this row, and the rows below
 *     ...             the bar, one row down
 *     restore
 *
 * All of it goes out in one write(), so that it is never mixed with what other threads print.
 *
 * The limits. Of several lines that the program prints between two updates, the second comes out on the bar's row, and
 * what it does not cover of the bar stays there. Nothing that all terminals understand prevents it: a protected row at
 * the bottom would outlive a program that is killed. So the bar keeps to the right, where shorter lines do not reach
 * it, and is faint, so that the rest of it is no part of the line to the eye. And what a program keeps on a row right
 * of the cursor is taken for the rest of the bar; so is the last column of a row that is full to the brim.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libparallel/progress.h>

#include "call/progress.h"
#include "base/os.h"

/* Columns. */
enum {
    COLUMNS = 80,        /* of a terminal that does not say */
    WIDEST = 80,         /* a bar */
    MOST_COLUMNS = 1024, /* of a terminal, to be believed */
    LEAST_GRAPH = 6,
    GOOD_GRAPH = 12,
    LEAST_TITLE = 4,
    ROOM_FOR_BOTH = 24, /* a good graph, and some title */
};

/* How often the last update waits a millisecond for those who are printing. */
enum { LAST_SLEEPS = 20 };

/* ---- a text in the making -------------------------------------------------------------------------------- */

typedef struct text {
    size_t length;
    char bytes[MOST_COLUMNS + WIDEST * 4 + 128];
} text;

static void put_bytes(text *t, const char *bytes, size_t n)
{
    if (n > sizeof t->bytes - t->length)
        return; /* cannot be */
    memcpy(t->bytes + t->length, bytes, n);
    t->length += n;
}

static void put_string(text *t, const char *string)
{
    put_bytes(t, string, strlen(string));
}

static void put_many(text *t, char c, size_t n)
{
    while (n-- > 0)
        put_bytes(t, &c, 1);
}

/* ---- the title ------------------------------------------------------------------------------------------- */

/* The length of the UTF-8 sequence that `s` begins with, and its code point; 0 if it is none. */
static size_t decode_character(const unsigned char *s, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    *point = s[0];
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc0 || s[0] > 0xf4)
        return 0;
    size_t n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    *point = s[0] & 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (s[i] & 0x3f);
    }
    bool surrogate = *point >= 0xd800 && *point < 0xe000;
    return *point < least[n] || *point > 0x10ffff || surrogate ? 0 : n;
}

/* What moves the cursor, or turns the direction of writing. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069);
}

/*
 * As much of the title as goes into `columns`, and how many of them it takes. `t` may be NULL. Scripts with wide
 * letters begin at U+1100; whatever comes after it counts as wide, so that no terminal takes more columns than we
 * think.
 */
static size_t put_title(text *t, const char *title, size_t columns)
{
    size_t used = 0;
    for (const unsigned char *s = (const unsigned char *)title; *s;) {
        uint32_t point;
        size_t n = decode_character(s, &point);
        bool shown = n > 0 && !is_control(point);
        size_t wide = shown && point >= 0x1100 ? 2 : 1;
        if (used + wide > columns)
            break;
        if (t)
            put_bytes(t, shown ? (const char *)s : "?", shown ? n : 1);
        used += wide;
        s += n ? n : 1;
    }
    return used;
}

/* ---- figures --------------------------------------------------------------------------------------------- */

/* In the order in which they are shown; and from the most to the least important. */
enum { COUNT, PERCENT, RATE, TIME, FAILED, FIGURES };
static const int by_importance[FIGURES] = {PERCENT, FAILED, COUNT, TIME, RATE};

typedef char figure[64];

static double done_share(size_t done, size_t total)
{
    return done >= total ? 1 : (double)done / (double)total;
}

/* `most` parts, but that many only when all is done, however it rounds; and 30 of 100 are not 29 where it rounds
 * twice. */
static size_t filled_parts(size_t done, size_t total, size_t most)
{
    size_t n = (size_t)(done_share(done, total) * (double)most + 1e-9);
    return done < total && n >= most ? most - 1 : n;
}

/* Three digits or so, without the locale's idea of a decimal point. */
static void show_rate(figure f, double rate)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    size_t unit = 0;
    for (; rate >= 999.5 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        rate /= 1000;
    if (rate < 0.005 || rate >= 999.5)
        f[0] = '\0';
    else if (rate < 0.995)
        snprintf(f, sizeof(figure), "0.%02u/s", (unsigned)(rate * 100 + 0.5));
    else if (rate < 9.95)
        snprintf(f, sizeof(figure), "%u.%u%s/s", (unsigned)(rate * 10 + 0.5) / 10, (unsigned)(rate * 10 + 0.5) % 10,
                 units[unit]);
    else
        snprintf(f, sizeof(figure), "%u%s/s", (unsigned)(rate + 0.5), units[unit]);
}

static void show_time(figure f, const char *before, double seconds, const char *after)
{
    unsigned long s = seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 1000000000;
    if (s >= 360000)
        snprintf(f, sizeof(figure), "%s%lu d%s", before, s / 86400, after);
    else if (s >= 3600)
        snprintf(f, sizeof(figure), "%s%lu:%02lu:%02lu%s", before, s / 3600, s / 60 % 60, s % 60, after);
    else
        snprintf(f, sizeof(figure), "%s%lu:%02lu%s", before, s / 60, s % 60, after);
}

static void show_time_taken(figure f, double seconds)
{
    unsigned ms = seconds < 60 ? (unsigned)(seconds * 1000 + 0.5) : 0;
    if (seconds >= 59.95)
        show_time(f, "in ", seconds, "");
    else if (ms >= 1000)
        snprintf(f, sizeof(figure), "in %u.%u s", (ms + 50) / 1000, (ms + 50) / 100 % 10);
    else
        snprintf(f, sizeof(figure), "in %u ms", ms);
}

static void show_figures(figure figures[FIGURES], size_t done, size_t total, const pl_progress_facts *facts)
{
    int digits = snprintf(NULL, 0, "%zu", total);
    snprintf(figures[COUNT], sizeof(figure), "%*zu/%zu", digits, done, total);
    snprintf(figures[PERCENT], sizeof(figure), "%3zu%%", filled_parts(done, total, 100));
    figures[RATE][0] = figures[TIME][0] = figures[FAILED][0] = '\0';
    if (facts->failures > 0)
        snprintf(figures[FAILED], sizeof(figure), "%zu failed", facts->failures);
    uint64_t now = pl_os_nanoseconds();
    if (facts->started == 0 || now <= facts->started)
        return;
    double seconds = (double)(now - facts->started) / 1e9;
    show_rate(figures[RATE], (double)done / seconds);
    if (facts->ended)
        show_time_taken(figures[TIME], seconds);
    else if (done > 0)
        show_time(figures[TIME], "", seconds / done_share(done, total) - seconds, " left");
}

/* ---- the line -------------------------------------------------------------------------------------------- */

/* Leaves those that there is room for, and says how much that takes. */
static size_t choose_widths(figure figures[FIGURES], size_t room)
{
    size_t used = 0;
    for (int k = 0; k < FIGURES; k++) {
        char *f = figures[by_importance[k]];
        size_t n = strlen(f);
        if (n > 0 && used + (used > 0) + n <= room)
            used += (used > 0) + n;
        else
            f[0] = '\0';
    }
    return used;
}

/* Colours of the foreground, by the numbers of all terminals; 9 is its own. */
enum { RED = 1, GREEN = 2, ITS_OWN = 9 };

static void put_colour(text *t, const pl_terminal *terminal, int colour)
{
    char sequence[] = "\033[30m";
    sequence[3] = (char)('0' + colour);
    if (terminal->has_colours)
        put_string(t, sequence);
}

/* In eighths of a column: U+2588 is a whole one, U+2589 to U+258F are seven eighths to one. */
static void put_blocks(text *t, size_t done, size_t total, size_t cells)
{
    size_t eighths = filled_parts(done, total, cells * 8), full = eighths / 8, rest = eighths % 8;
    for (size_t i = 0; i < full; i++)
        put_string(t, "\xe2\x96\x88");
    if (rest > 0) {
        put_string(t, "\xe2\x96");
        put_many(t, (char)(0x90 - rest), 1);
    }
    put_many(t, ' ', cells - full - (rest > 0));
}

static void put_marks(text *t, size_t done, size_t total, size_t cells)
{
    size_t full = filled_parts(done, total, cells);
    put_many(t, '#', full);
    put_many(t, '.', cells - full);
}

static void put_graph(text *t, const pl_terminal *terminal, size_t done, size_t total, size_t columns)
{
    put_string(t, "[");
    put_colour(t, terminal, GREEN);
    if (terminal->has_blocks)
        put_blocks(t, done, total, columns - 2);
    else
        put_marks(t, done, total, columns - 2);
    put_colour(t, terminal, ITS_OWN);
    put_string(t, "]");
}

static void put_figure(text *t, const pl_terminal *terminal, int which, const char *f)
{
    if (which == FAILED)
        put_colour(t, terminal, RED);
    put_string(t, f);
    if (which == FAILED)
        put_colour(t, terminal, ITS_OWN);
}

/* A title, a graph, figures: as much as goes into `room` columns. How many it takes. */
static size_t put_line(text *t, const pl_terminal *terminal, size_t room, const char *title, size_t done, size_t total,
                       const pl_progress_facts *facts)
{
    figure figures[FIGURES];
    show_figures(figures, done, total, facts);
    size_t used = choose_widths(figures, room);
    size_t rest = room - used - (used > 0 && used < room);
    size_t for_graph = rest >= ROOM_FOR_BOTH ? GOOD_GRAPH + 1 : 0;
    const char *space = "";
    size_t title_used = title && rest >= LEAST_TITLE ? put_title(t, title, rest - for_graph) : 0;
    if (title_used > 0) {
        space = " ";
        used += title_used + (used > 0);
        rest -= title_used + (title_used < rest);
    }
    if (rest >= LEAST_GRAPH) {
        put_string(t, space);
        put_graph(t, terminal, done, total, rest);
        space = " ";
        used = room;
    }
    for (int k = 0; k < FIGURES; k++)
        if (figures[k][0]) {
            put_string(t, space);
            put_figure(t, terminal, k, figures[k]);
            space = " ";
        }
    return used;
}

/* For how many columns of so many. The last one stays free, so that the cursor never stands beyond it; and in wide
 * terminals a part on the left, for the program's lines. */
static size_t room_in(size_t columns)
{
    size_t most = columns < 53 ? columns - 1 : columns / 4 * 3;
    return most < WIDEST ? most : WIDEST;
}

/* ---- the screen ------------------------------------------------------------------------------------------ */

/* The bar on the row below, see above. Faint (2), and cut off, not wrapped (?7), should the terminal be narrower than
 * we know. */
static void put_running(text *t, size_t columns, bool drawn, const text *line, size_t used)
{
    char indent[32];
    put_string(t, "\033D\033[A\0337\033[0;2m");
    if (drawn)
        put_string(t, "\033[K");
    put_string(t, "\r\n\033[J\033[?7l");
    if (columns - 1 > used) {
        snprintf(indent, sizeof indent, "\033[%zuC", columns - 1 - used);
        put_string(t, indent);
    }
    put_bytes(t, line->bytes, line->length);
    put_string(t, "\033[?7h\0338");
}

/*
 * A line of its own. So many spaces as there are columns fill the cursor's row if that is empty; else they go on to the
 * next: either way it is an empty row that they end on.
 */
static void put_last(text *t, size_t columns, const text *line)
{
    put_string(t, "\033[J");
    if (line->length == 0)
        return;
    if (columns > 0) {
        put_many(t, ' ', columns);
        put_string(t, "\r\033[K");
    }
    put_bytes(t, line->bytes, line->length);
    put_string(t, "\r\n");
}

/*
 * Keeps other threads from printing, unless one is just about it, or keeps the streams locked for a block of lines.
 * Only the last update waits a little for such a one. Nobody who holds these locks is ever waited for without limit,
 * and nobody waits long for us, who hold them while the terminal takes one text.
 */
static bool lock_streams(const pl_terminal *terminal, bool ended)
{
    for (int naps = 0;; naps++) {
        if (!terminal->has_output || ftrylockfile(stdout) == 0) {
            if (ftrylockfile(stderr) == 0)
                return true;
            if (terminal->has_output)
                funlockfile(stdout);
        }
        if (!ended || naps == LAST_SLEEPS)
            return false;
        pl_os_sleep();
    }
}

static void unlock_streams(const pl_terminal *terminal)
{
    funlockfile(stderr);
    if (terminal->has_output)
        funlockfile(stdout);
}

/* Whether it could. A stopped terminal holds up nobody but the last update, which then holds no locks. */
static bool show_bar(const pl_terminal *terminal, const text *t, bool ended)
{
    int state = pl_os_cancel_defer(); /* with the streams locked */
    bool locked = lock_streams(terminal, ended);
    bool takes = (locked || ended) && pl_os_terminal_takes();
    if (locked && !takes) {
        unlock_streams(terminal);
        locked = false;
    }
    bool shown = (takes || ended) && pl_os_terminal_write(t->bytes, t->length);
    if (locked)
        unlock_streams(terminal);
    pl_os_cancel_restore(state);
    return shown;
}

void parallel_progress_bar(size_t done, size_t total, void *progress_data)
{
    pl_terminal terminal;
    if (!pl_os_terminal(&terminal))
        return;
    int saved = errno;
    pl_progress_facts alone = {.ended = done >= total, .drawn = true};
    pl_progress_facts *facts = pl_progress_now ? pl_progress_now : &alone;
    size_t known = terminal.columns <= MOST_COLUMNS ? terminal.columns : 0, columns = known ? known : COLUMNS;
    text line, all;
    line.length = all.length = 0;
    size_t used = put_line(&line, &terminal, room_in(columns), progress_data, done, total, facts);
    if (facts->ended)
        put_last(&all, known, &line);
    else
        put_running(&all, columns, facts->drawn, &line, used);
    if ((used > 0 || facts->drawn) && show_bar(&terminal, &all, facts->ended))
        facts->drawn = !facts->ended;
    errno = saved;
}
