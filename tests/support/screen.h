/* SPDX-License-Identifier: MIT */
/*
 * A terminal to test with: a pseudo terminal, and what a screen would show of what is written to it. It knows the
 * sequences that the library uses, and takes any other for an error. Rows are counted from the first one ever, those
 * that have scrolled away included.
 */
#ifndef PL_TESTS_SUPPORT_SCREEN_H
#define PL_TESTS_SUPPORT_SCREEN_H

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "support/test.h"

enum { MOST_ROWS = 512, MOST_COLUMNS_SHOWN = 256 };

typedef struct screen {
    int terminal, program; /* the ends of the pseudo terminal */
    unsigned rows, columns;
    unsigned top; /* the first row that is on the screen */
    unsigned row, column, saved_row, saved_column;
    bool beyond;  /* the next letter goes to the next row */
    bool wraps;   /* it does if so */
    bool wrapped; /* since the last look */
    unsigned errors;
    unsigned colour, coloured; /* of the foreground, 0: its own; how many letters have had another */
    char sequence[32];
    size_t length; /* of the sequence, escape or UTF-8, that has begun */
    uint32_t cells[MOST_ROWS][MOST_COLUMNS_SHOWN];
} screen;

static inline void screen_erase(screen *s, unsigned row, unsigned column)
{
    for (; column < s->columns; column++)
        s->cells[row][column] = ' ';
}

static inline void screen_line_feed(screen *s)
{
    s->beyond = false;
    s->row++;
    ck_assert_uint_lt(s->row, MOST_ROWS);
    if (s->row == s->top + s->rows)
        s->top++;
}

static inline void screen_letter(screen *s, uint32_t point)
{
    bool is_block = point >= 0x2580 && point < 0x25a0;
    unsigned width = point >= 0x1100 && !is_block && s->columns > 1 ? 2 : 1;
    s->coloured += s->colour != 0;
    if (s->beyond || s->column + width > s->columns) {
        s->wrapped = true;
        if (s->wraps) {
            screen_line_feed(s);
            s->column = 0;
        } else
            s->column = s->columns - width;
        s->beyond = false;
    }
    s->cells[s->row][s->column] = point;
    if (width == 2)
        s->cells[s->row][s->column + 1] = 0;
    s->column += width;
    if (s->column == s->columns) {
        s->column--;
        s->beyond = true;
    }
}

/* An escape sequence: without its escape, ending in `last`. */
static inline void screen_sequence(screen *s, const char *sequence, char last)
{
    unsigned n = 1;
    bool numbered = sscanf(sequence, "[%u", &n) == 1;
    if (strcmp(sequence, "D") == 0)
        screen_line_feed(s);
    else if (strcmp(sequence, "7") == 0) {
        s->saved_row = s->row - s->top; /* it does not scroll along */
        s->saved_column = s->column;
    } else if (strcmp(sequence, "8") == 0) {
        s->row = s->top + s->saved_row;
        s->column = s->saved_column;
        s->beyond = false;
        s->colour = 0;
    } else if (strcmp(sequence, "[?7l") == 0 || strcmp(sequence, "[?7h") == 0)
        s->wraps = last == 'h';
    else if (last == 'A' && n > 0) {
        s->row -= s->row - s->top < n ? s->row - s->top : n;
        s->beyond = false;
    } else if (last == 'C' && n > 0) {
        s->column = s->column + n < s->columns ? s->column + n : s->columns - 1;
        s->beyond = false;
    } else if ((last == 'K' || last == 'J') && !numbered) {
        screen_erase(s, s->row, s->column);
        for (unsigned row = s->row + 1; last == 'J' && row < s->top + s->rows; row++)
            screen_erase(s, row, 0);
    } else if (last == 'm')
        s->colour = n >= 30 && n < 38 ? n - 30 : 0;
    else
        s->errors++;
}

static inline void screen_byte(screen *s, unsigned char c)
{
    if (s->length > 0 && s->sequence[0] == '\033') {
        ck_assert_uint_lt(s->length, sizeof s->sequence - 1);
        s->sequence[s->length++] = (char)c;
        bool ends = s->length == 2 ? c != '[' : c >= 0x40;
        if (ends) {
            s->sequence[s->length] = '\0';
            s->length = 0;
            screen_sequence(s, s->sequence + 1, (char)c);
        }
    } else if (s->length > 0) { /* in UTF-8 */
        s->errors += (c & 0xc0) != 0x80;
        s->sequence[s->length++] = (char)c;
        unsigned char first = (unsigned char)s->sequence[0];
        if (s->length == (first < 0xe0 ? 2u : first < 0xf0 ? 3u : 4u)) {
            uint32_t point = first & 0x7fu >> s->length;
            for (size_t i = 1; i < s->length; i++)
                point = point << 6 | ((unsigned char)s->sequence[i] & 0x3f);
            s->length = 0;
            s->errors += point >= 0x80 && point < 0xa0;
            screen_letter(s, point);
        }
    } else if (c == '\033' || c >= 0xc0) {
        s->sequence[s->length++] = (char)c;
    } else if (c == '\r') {
        s->column = 0;
        s->beyond = false;
    } else if (c == '\n')
        screen_line_feed(s);
    else if (c >= 0x20 && c < 0x7f)
        screen_letter(s, c);
    else
        s->errors++;
}

/* Shows all that has been written. A zero marks the end of it: the system hands it on when it likes. */
static inline void screen_look(screen *s)
{
    unsigned char bytes[4096];
    ck_assert_int_eq(write(s->program, "", 1), 1);
    for (;;) {
        ssize_t n = read(s->terminal, bytes, sizeof bytes);
        ck_assert_int_gt(n, 0);
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\0') {
                ck_assert_int_eq(i, n - 1);
                return;
            }
            screen_byte(s, bytes[i]);
        }
    }
}

/* Whether there are terminals for that: not where /dev/pts is not mounted. */
static inline bool screen_exists(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    bool exists = terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0;
    int program = exists ? open(ptsname(terminal), O_RDWR | O_NOCTTY) : -1;
    if (program >= 0)
        close(program);
    if (terminal >= 0)
        close(terminal);
    return program >= 0;
}

/* Makes this process one that prints on such a screen, on standard output and standard error. It is a plain one, unless
 * a test sets its environment before it draws. */
static inline screen *screen_new(unsigned rows, unsigned columns)
{
    screen *s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    *s = (screen){.rows = rows, .columns = columns, .wraps = true};
    for (unsigned row = 0; row < MOST_ROWS; row++)
        screen_erase(s, row, 0);
    s->terminal = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(s->terminal, 0);
    ck_assert_int_eq(grantpt(s->terminal) | unlockpt(s->terminal), 0);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    ck_assert_int_eq(ioctl(s->terminal, TIOCSWINSZ, &size), 0);
    s->program = open(ptsname(s->terminal), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(s->program, 0);
    fflush(stdout);
    ck_assert_int_ge(dup2(s->program, STDOUT_FILENO), 0);
    ck_assert_int_ge(dup2(s->program, STDERR_FILENO), 0);
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C", 1);
    setenv("NO_COLOR", "1", 1);
    return s;
}

static inline void screen_free(screen *s)
{
    close(s->terminal);
    close(s->program);
    free(s);
}

/* A row as a string, without the spaces at its end; good until the next one but three. */
static inline const char *screen_row(const screen *s, unsigned row)
{
    static char texts[4][MOST_COLUMNS_SHOWN * 4 + 1];
    static unsigned next;
    char *text = texts[next++ % 4], *to = text, *end = text;
    for (unsigned column = 0; column < s->columns; column++) {
        uint32_t point = s->cells[row][column];
        if (point == 0)
            continue;
        if (point < 0x80)
            *to++ = (char)point;
        else {
            int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
            *to++ = (char)((0xf00 >> (more + 1) & 0xff) | point >> 6 * more);
            while (more-- > 0)
                *to++ = (char)(0x80 | (point >> 6 * more & 0x3f));
        }
        if (point != ' ')
            end = to;
    }
    *end = '\0';
    return text;
}

#endif
