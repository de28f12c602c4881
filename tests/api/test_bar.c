/* SPDX-License-Identifier: MIT */
/* The progress bar, on the screen of a terminal. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

#include "api/bar.c" /* the figures have no other way to be seen */

#include "support/screen.h"

static const unsigned widths[] = {10, 20, 80, 200};
enum { WIDTHS = sizeof widths / sizeof widths[0] };

static pl_progress_facts facts;

static void begin(void)
{
    facts = (pl_progress_facts){.started = 0};
}

/* As a call does it. */
static void update(size_t done, size_t total, const char *title, bool ended)
{
    facts.ended = ended;
    pl_progress_now = &facts;
    parallel_progress_bar(done, total, (char *)title);
    pl_progress_now = NULL;
}

static void program_prints(const char *text)
{
    ck_assert_int_eq(write(STDOUT_FILENO, text, strlen(text)), (int)strlen(text));
}

static void looks_like(const screen *s, unsigned row, const char *text)
{
    ck_assert_str_eq(screen_row(s, row), text);
}

/* The cursor is there, the row below is a bar that ends as it is to, and there is nothing below that. */
static void has_bar(screen *s, unsigned row, unsigned column, const char *end)
{
    screen_look(s);
    ck_assert_uint_eq(s->errors, 0);
    ck_assert(!s->wrapped && s->wraps);
    ck_assert_uint_eq(s->row, row);
    ck_assert_uint_eq(s->column, column);
    const char *bar = screen_row(s, row + 1);
    ck_assert_uint_ge(strlen(bar), strlen(end));
    ck_assert_str_eq(bar + strlen(bar) - strlen(end), end);
    for (row += 2; row < s->top + s->rows; row++)
        looks_like(s, row, "");
}

/* The cursor is at the start of this row, all below which is empty. */
static void has_no_bar(screen *s, unsigned row)
{
    screen_look(s);
    ck_assert_uint_eq(s->errors, 0);
    ck_assert_uint_eq(s->row, row);
    ck_assert_uint_eq(s->column, 0);
    for (; row < s->top + s->rows; row++)
        looks_like(s, row, "");
}

/* ---- on the screen --------------------------------------------------------------------------------------- */

START_TEST(looks)
{
    screen *s = screen_new(10, widths[_i]);
    begin();
    program_prints("begins\n");
    update(30, 100, NULL, false);
    static const char *const ends[] = {"    30%", "[#...]  30/100  30%", ".....]  30/100  30%", ".....]  30/100  30%"};
    has_bar(s, 1, 0, ends[_i]);
    update(31, 100, "fetching", false);
    has_bar(s, 1, 0, " 31%");
    if (_i >= 2) {
        ck_assert_ptr_nonnull(strstr(screen_row(s, 2), "    fetching [###"));
        ck_assert_uint_eq(strlen(screen_row(s, 2)), widths[_i] - 1);
    }
    facts.failures = 7;
    update(99, 100, "fetching", false);
    has_bar(s, 1, 0, _i == 0 ? " 99%" : "99% 7 failed");
    facts.failures = 0;
    update(100, 100, "fetching", true);
    has_no_bar(s, 2);
    looks_like(s, 0, "begins");
    if (_i == 0)
        looks_like(s, 1, "fetc 100%");
    else if (_i == 1)
        looks_like(s, 1, "fetchi 100/100 100%");
    else
        ck_assert_ptr_nonnull(strstr(screen_row(s, 1), "fetching [####"));
    screen_free(s);
}
END_TEST

START_TEST(lines_of_the_program_come_out_whole)
{
    for (unsigned rows = 2; rows < 40; rows += 5) {
        screen *s = screen_new(rows, widths[_i]);
        begin();
        for (unsigned k = 0; k < 30; k++) {
            update(k, 30, "fetching", false);
            has_bar(s, k, 0, "%");
            char text[16];
            snprintf(text, sizeof text, "line %u\n", k);
            program_prints(text);
        }
        update(30, 30, "fetching", true);
        has_no_bar(s, 31);
        for (unsigned k = 0; k < 30; k++) {
            char text[16];
            snprintf(text, sizeof text, "line %u", k);
            looks_like(s, k, text);
        }
        screen_free(s);
    }
}
END_TEST

START_TEST(a_begun_line_stays)
{
    screen *s = screen_new(3 + _i % 2 * 20, widths[_i / 2]);
    begin();
    update(0, 3, "title", false);
    has_bar(s, 0, 0, "%");
    program_prints("abc");
    update(1, 3, "title", false);
    has_bar(s, 0, 3, "%");
    looks_like(s, 0, "abc");
    program_prints("def\nghi\nj");
    update(2, 3, "title", false);
    has_bar(s, 2, 1, "%");
    program_prints("kl");
    update(3, 3, "title", true);
    looks_like(s, 0, "abcdef");
    s->wrapped = false;
    has_no_bar(s, 4);
    looks_like(s, 2, "jkl");
    ck_assert_ptr_nonnull(strstr(screen_row(s, 3), "100%"));
    screen_free(s);
}
END_TEST

/* Of several lines, all but the second are whole, and that is where it should be, with space after it. */
START_TEST(several_lines_at_once)
{
    screen *s = screen_new(24, 80);
    begin();
    unsigned long long random = (unsigned long long)_i + 1;
    unsigned lines = 0;
    for (size_t k = 0; k < 50; k++) {
        update(k, 50, "fetching", false);
        screen_look(s);
        for (unsigned n = pl_random(&random) % 6; n > 0; n--) {
            char text[32];
            snprintf(text, sizeof text, "%-.*s%u\n", (int)(pl_random(&random) % 13), "------------", lines++);
            program_prints(text);
        }
    }
    update(50, 50, "fetching", true);
    has_no_bar(s, lines + 1);
    random = (unsigned long long)_i + 1;
    unsigned line = 0;
    for (size_t k = 0; k < 50; k++) {
        unsigned n = pl_random(&random) % 6;
        for (unsigned j = 0; j < n; j++, line++) {
            char text[32];
            size_t length =
                (size_t)snprintf(text, sizeof text, "%-.*s%u", (int)(pl_random(&random) % 13), "------------", line);
            const char *row = screen_row(s, line);
            if (j != 1)
                ck_assert_str_eq(row, text);
            ck_assert_int_eq(strncmp(row, text, length), 0);
            ck_assert(row[length] == '\0' || row[length] == ' ');
        }
    }
    screen_free(s);
}
END_TEST

START_TEST(a_shorter_bar_leaves_nothing_of_a_longer_one)
{
    screen *s = screen_new(10, 10);
    begin();
    update(99, 100, "title", false);
    has_bar(s, 0, 0, "");
    looks_like(s, 1, "titl  99%");
    update(99, 100, NULL, false);
    has_bar(s, 0, 0, "");
    looks_like(s, 1, "      99%");
    screen_free(s);
}
END_TEST

START_TEST(a_call_that_ends_before_the_first_update)
{
    screen *s = screen_new(5, 80);
    begin();
    facts.started = pl_os_nanoseconds();
    program_prints("before\n");
    update(8, 8, "short", true);
    program_prints("after\n");
    has_no_bar(s, 3);
    looks_like(s, 0, "before");
    ck_assert_int_eq(strncmp(screen_row(s, 1), "short [##########", 17), 0);
    ck_assert_ptr_nonnull(strstr(screen_row(s, 1), " 8/8 100% "));
    looks_like(s, 2, "after");
    screen_free(s);
}
END_TEST

START_TEST(a_call_that_fails_says_how_far_it_was)
{
    screen *s = screen_new(5, 80);
    begin();
    update(2, 8, NULL, false);
    facts.failures = 1;
    update(3, 8, NULL, true);
    has_no_bar(s, 1);
    ck_assert_ptr_nonnull(strstr(screen_row(s, 0), "] 3/8  37% 1 failed"));
    screen_free(s);
}
END_TEST

START_TEST(alone)
{
    screen *s = screen_new(5, 80);
    parallel_progress_bar(1, 2, NULL);
    has_bar(s, 0, 0, "1/2  50%");
    parallel_progress_bar(2, 2, NULL);
    has_no_bar(s, 1);
    screen_free(s);
}
END_TEST

/* ---- any numbers, any title, any width ------------------------------------------------------------------- */

static const char *const titles[] = {
    NULL,
    "",
    "x",
    "plain",
    "d\303\251j\303\240 vu \342\200\224 \346\226\207\345\255\227\345\214\226\343\201\221",
    "\360\237\232\200\360\237\232\200\360\237\232\200 launch",
    "\033[2J\r\n\a\177\302\205\342\200\256\377\300\257\355\240\200\364\220\200\200\303",
    "a title that is a good deal longer than any terminal on which it is ever to be drawn, so that it is cut, wherever "
    "that is; and then some, and then some more, until nobody wants to read any further, not even on a large screen."};

enum { NARROW = 30 };

START_TEST(never_wraps)
{
    static const size_t numbers[][2] = {
        {0, 0}, {0, 1}, {5, 0}, {7, 5}, {1, SIZE_MAX}, {SIZE_MAX - 1, SIZE_MAX}, {SIZE_MAX, SIZE_MAX}, {999, 1000}};
    static const unsigned wide[] = {52, 53, 54, 80, 106, 107, 108, 200};
    screen *s = screen_new(6, _i < NARROW ? (unsigned)_i + 1 : wide[_i - NARROW]);
    for (size_t t = 0; t < sizeof titles / sizeof titles[0]; t++)
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
            begin();
            facts.started = t % 2 ? 1 : 0;
            facts.failures = k % 2 ? numbers[k][0] : 0;
            unsigned row = s->row;
            update(numbers[k][0], numbers[k][1], titles[t], false);
            has_bar(s, row, 0, "");
            ck_assert_int_eq(strchr(screen_row(s, row + 1), '%') != NULL, s->columns >= 5);
            bool room = facts.drawn;
            update(numbers[k][0], numbers[k][1], titles[t], true);
            has_no_bar(s, row + room);
        }
    screen_free(s);
}
END_TEST

START_TEST(titles_are_cut_between_letters)
{
    screen *s = screen_new(6, 14);
    begin();
    update(1, 2, titles[4], false);
    has_bar(s, 0, 0, "d\303\251j\303\240 1/2  50%");
    update(1, 2, titles[5], false);
    has_bar(s, 0, 0, "\360\237\232\200\360\237\232\200 1/2  50%");
    update(1, 2, "\033\177\302\205\377ok", false);
    has_bar(s, 0, 0, "???? 1/2  50%");
    screen_free(s);
}
END_TEST

START_TEST(an_unknown_width)
{
    screen *s = screen_new(5, 40);
    struct winsize size = {.ws_col = 0};
    ck_assert_int_eq(ioctl(s->terminal, TIOCSWINSZ, &size), 0);
    begin();
    program_prints("abc\n");
    update(1, 2, "title", false);
    screen_look(s);
    ck_assert_uint_eq(s->row, 1); /* cut, not wrapped */
    ck_assert(s->wraps);
    update(2, 2, "title", true);
    screen_look(s);
    ck_assert_uint_eq(s->column, 0);
    looks_like(s, 0, "abc");
    screen_free(s);
}
END_TEST

START_TEST(figures)
{
    figure f;
    static const struct {
        double rate;
        const char *text;
    } rates[] = {{0, ""},           {0.004, ""},     {0.01, "0.01/s"}, {0.994, "0.99/s"}, {0.996, "1.0/s"},
                 {9.94, "9.9/s"},   {9.96, "10/s"},  {999, "999/s"},   {999.6, "1.0k/s"}, {12345, "12k/s"},
                 {2.5e6, "2.5M/s"}, {7e9, "7.0G/s"}, {7e14, "700T/s"}, {1e300, ""}};
    for (size_t k = 0; k < sizeof rates / sizeof rates[0]; k++) {
        show_rate(f, rates[k].rate);
        ck_assert_str_eq(f, rates[k].text);
    }
    static const struct {
        double seconds;
        const char *left, *taken;
    } times[] = {{0, "0:00", "in 0 ms"},      {0.0834, "0:00", "in 83 ms"},    {0.9996, "0:01", "in 1.0 s"},
                 {8.26, "0:08", "in 8.3 s"},  {59.94, "1:00", "in 59.9 s"},    {59.96, "1:00", "in 1:00"},
                 {3599, "59:59", "in 59:59"}, {3600, "1:00:00", "in 1:00:00"}, {359999, "99:59:59", "in 99:59:59"},
                 {360000, "4 d", "in 4 d"},   {1e300, "11574 d", "in 11574 d"}};
    for (size_t k = 0; k < sizeof times / sizeof times[0]; k++) {
        show_time(f, "", times[k].seconds, "");
        ck_assert_str_eq(f, times[k].left);
        show_time_taken(f, times[k].seconds);
        ck_assert_str_eq(f, times[k].taken);
    }
    ck_assert_uint_eq(filled_parts(0, 0, 100), 100);
    ck_assert_uint_eq(filled_parts(9, 5, 100), 100);
    ck_assert_uint_eq(filled_parts(SIZE_MAX - 1, SIZE_MAX, 100), 99);
    ck_assert_uint_eq(filled_parts(1, SIZE_MAX, 100), 0);
}
END_TEST

START_TEST(rate_and_time_are_there)
{
    screen *s = screen_new(5, 80);
    begin();
    facts.started = pl_os_nanoseconds() - 1000000;
    update(1000, 2000, NULL, false);
    has_bar(s, 0, 0, " left");
    ck_assert_ptr_nonnull(strstr(screen_row(s, 1), "/s "));
    update(0, 2000, NULL, false);
    has_bar(s, 0, 0, "0/2000   0%");
    update(2000, 2000, NULL, true);
    has_no_bar(s, 1);
    ck_assert_ptr_nonnull(strstr(screen_row(s, 0), " in "));
    screen_free(s);
}
END_TEST

/* ---- where nothing is drawn ------------------------------------------------------------------------------ */

/* What a terminal says of itself, and whether the bar is in blocks and in colours there. */
static const struct {
    const char *term, *lc_all, *lang, *no_colour;
    bool blocks, colours;
} kinds[] = {
    {"xterm", "C.UTF-8", NULL, NULL, true, true},      {"xterm", "", "de_DE.utf8", "", true, true},
    {"xterm", "C.UTF-8", NULL, "1", true, false},      {"xterm", "C", "de_DE.UTF-8", NULL, false, true},
    {"xterm", NULL, NULL, NULL, false, true},          {"linux", "C.UTF-8", NULL, NULL, false, true},
    {"xterm", "ja_JP.UTF-8", NULL, NULL, false, true}, {"vt100", "C.UTF-8", NULL, NULL, false, false},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void set_variable(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

START_TEST(blocks_and_colours_where_they_are)
{
    screen *s = screen_new(10, 40);
    set_variable("TERM", kinds[_i].term);
    set_variable("LC_ALL", kinds[_i].lc_all);
    set_variable("LC_CTYPE", NULL);
    set_variable("LANG", kinds[_i].lang);
    set_variable("NO_COLOR", kinds[_i].no_colour);
    begin();
    update(50, 160, NULL, false); /* of 23 columns: 7 and a bit more than an eighth */
    has_bar(s, 0, 0, kinds[_i].blocks ? "]  50/160  31%" : "...]  50/160  31%");
    const char *bar = screen_row(s, 1), *mark = kinds[_i].blocks ? "\xe2\x96\x88" : "#";
    ck_assert(strstr(bar, mark) && !strstr(bar, kinds[_i].blocks ? "#" : "\xe2\x96"));
    ck_assert_uint_eq(s->coloured > 0, kinds[_i].colours);
    ck_assert_uint_eq(s->colour, 0);
    unsigned before = s->coloured;
    facts.failures = 3;
    update(160, 160, NULL, true);
    screen_look(s);
    ck_assert_uint_eq(s->errors, 0);
    ck_assert_uint_eq(s->coloured > before, kinds[_i].colours);
    ck_assert_uint_eq(s->colour, 0);
    screen_free(s);
}
END_TEST

/* A column has eight steps, and the last one is taken when all is done. */
START_TEST(eighths)
{
    static const struct {
        size_t done;
        const char *graph;
    } graphs[] = {
        {0, "    "},
        {1, "\xe2\x96\x8f   "},
        {4, "\xe2\x96\x8c   "},
        {7, "\xe2\x96\x89   "},
        {8, "\xe2\x96\x88   "},
        {9, "\xe2\x96\x88\xe2\x96\x8f  "},
        {31, "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x89"},
        {32, "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"},
    };
    for (size_t i = 0; i < sizeof graphs / sizeof graphs[0]; i++) {
        text t;
        t.length = 0;
        put_blocks(&t, graphs[i].done, 32, 4);
        t.bytes[t.length] = '\0';
        ck_assert_str_eq(t.bytes, graphs[i].graph);
    }
}
END_TEST

START_TEST(nothing_into_a_pipe)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    setenv("TERM", "xterm", 1);
    fflush(stderr);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    begin();
    errno = EDOM;
    update(1, 2, "title", false);
    update(2, 2, "title", true);
    ck_assert_int_eq(errno, EDOM);
    close(STDERR_FILENO);
    close(ends[1]);
    char c;
    ck_assert_int_eq(read(ends[0], &c, 1), 0);
    update(2, 2, "title", true); /* no standard error at all */
    ck_assert_int_eq(errno, EDOM);
    close(ends[0]);
}
END_TEST

START_TEST(nothing_on_a_dumb_terminal)
{
    static const char *const dumb[] = {"dumb", "", NULL};
    screen *s = screen_new(5, 80);
    if (dumb[_i])
        setenv("TERM", dumb[_i], 1);
    else
        unsetenv("TERM");
    begin();
    update(1, 2, "title", false);
    update(2, 2, "title", true);
    has_no_bar(s, 0);
    screen_free(s);
}
END_TEST

/* A session of its own on that terminal, which draws in the foreground and then in the background. */
static void run_session(screen *s, int ready)
{
    int program = dup(s->program);
    screen_free(s);
    if (setsid() < 0 || ioctl(program, TIOCSCTTY, 0) != 0)
        _exit(1);
    update(1, 3, NULL, false);
    pid_t background = fork();
    if (background == 0) {
        if (setpgid(0, 0) != 0)
            _exit(1);
        update(2, 3, NULL, false);
        update(3, 3, NULL, true);
        _exit(0);
    }
    int status;
    if (waitpid(background, &status, 0) != background || status != 0 || write(ready, "r", 1) != 1)
        _exit(1);
    pause(); /* the terminal would end with us */
    _exit(1);
}

START_TEST(nothing_from_the_background)
{
    screen *s = screen_new(5, 80);
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    begin();
    pid_t session = fork();
    if (session == 0)
        run_session(s, ready[1]);
    close(ready[1]);
    char c;
    ck_assert_int_eq(read(ready[0], &c, 1), 1);
    has_bar(s, 0, 0, "33%");
    kill(session, SIGKILL);
    waitpid(session, NULL, 0);
    close(ready[0]);
    screen_free(s);
}
END_TEST

#ifdef PL_OS_LINUX
/* Ctrl-S holds up no update but the last. */
START_TEST(a_stopped_terminal)
{
    screen *s = screen_new(5, 80);
    begin();
    update(1, 3, NULL, false);
    has_bar(s, 0, 0, "33%");
    ck_assert_int_eq(tcflow(s->program, TCOOFF), 0);
    errno = EDOM;
    update(2, 3, NULL, false);
    ck_assert_int_eq(errno, EDOM);
    ck_assert_int_eq(tcflow(s->program, TCOON), 0);
    has_bar(s, 0, 0, "33%");
    update(2, 3, NULL, false);
    has_bar(s, 0, 0, "66%");
    screen_free(s);
}
END_TEST
#endif

/* Nobody reads what is printed, and the program's writes do not wait: the last update does, for a second. */
START_TEST(a_terminal_that_takes_no_more)
{
    screen *s = screen_new(5, 80);
    begin();
    update(1, 3, NULL, false);
    ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK), 0);
    while (write(STDERR_FILENO, "x", 1) == 1) {
    }
    ck_assert_int_eq(errno, EAGAIN);
    errno = EDOM;
    update(2, 3, NULL, false);
    update(3, 3, NULL, true);
    ck_assert_int_eq(errno, EDOM);
    screen_free(s);
}
END_TEST

/* ---- those who are printing ------------------------------------------------------------------------------ */

static sem_t holds, may_go;

static void *hold(void *stream)
{
    flockfile(stream);
    sem_post(&holds);
    sem_wait(&may_go);
    funlockfile(stream);
    return NULL;
}

START_TEST(waits_for_nobody_who_prints)
{
    screen *s = screen_new(5, 80);
    sem_init(&holds, 0, 0);
    sem_init(&may_go, 0, 0);
    begin();
    update(1, 3, NULL, false);
    has_bar(s, 0, 0, "33%");
    pthread_t other;
    ck_assert_int_eq(pthread_create(&other, NULL, hold, _i ? stdout : stderr), 0);
    sem_wait(&holds);
    update(2, 3, NULL, false);
    has_bar(s, 0, 0, "33%");
    update(3, 3, NULL, true);
    has_no_bar(s, 1);
    sem_post(&may_go);
    pthread_join(other, NULL);
    begin();
    flockfile(stdout); /* one's own lock is no obstacle */
    update(2, 3, NULL, false);
    funlockfile(stdout);
    has_bar(s, 1, 0, "66%");
    screen_free(s);
}
END_TEST

/* What needs a screen. */
static void add_screens(TCase *c)
{
    tcase_add_loop_test(c, looks, 0, WIDTHS);
    tcase_add_loop_test(c, lines_of_the_program_come_out_whole, 0, WIDTHS);
    tcase_add_loop_test(c, a_begun_line_stays, 0, 2 * WIDTHS);
    tcase_add_loop_test(c, several_lines_at_once, 0, 8);
    tcase_add_test(c, a_shorter_bar_leaves_nothing_of_a_longer_one);
    tcase_add_test(c, a_call_that_ends_before_the_first_update);
    tcase_add_test(c, a_call_that_fails_says_how_far_it_was);
    tcase_add_test(c, alone);
    tcase_add_loop_test(c, never_wraps, 0, NARROW + 8);
    tcase_add_test(c, titles_are_cut_between_letters);
    tcase_add_test(c, an_unknown_width);
    tcase_add_test(c, rate_and_time_are_there);
    tcase_add_loop_test(c, blocks_and_colours_where_they_are, 0, KINDS);
    tcase_add_loop_test(c, nothing_on_a_dumb_terminal, 0, 3);
    tcase_add_test(c, nothing_from_the_background);
    tcase_add_test(c, a_terminal_that_takes_no_more);
    tcase_add_loop_test(c, waits_for_nobody_who_prints, 0, 2);
#ifdef PL_OS_LINUX
    tcase_add_test(c, a_stopped_terminal);
#endif
}

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, figures);
    tcase_add_test(c, eighths);
    tcase_add_test(c, nothing_into_a_pipe);
    if (screen_exists())
        add_screens(c);
    else
        puts("# no other tests, as there are no terminals: is /dev/pts mounted?");
    return pl_run("bar", c);
}
