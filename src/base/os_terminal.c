/* SPDX-License-Identifier: MIT */
/* The terminal on standard error. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/os.h"

/* How long a terminal may keep us waiting in the middle of a text. */
enum { PATIENCE_MS = 1000 };

/* Read from the environment once: the program may change that while we run. */
static bool moves_cursor, has_blocks, has_colours;
static pthread_once_t environment_read = PTHREAD_ONCE_INIT;

/* The locale of letters, as setlocale() would choose it; a program need not have called that. */
static const char *letters_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return value;
    }
    return "C";
}

/* Where Chinese, Japanese or Korean is written, blocks may be as wide as its letters. */
static bool is_narrow_utf8(const char *locale)
{
    static const char *const names[] = {"UTF-8", "utf-8", "UTF8", "utf8"};
    bool utf8 = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        utf8 |= strstr(locale, names[i]) != NULL;
    return utf8 && strncmp(locale, "zh", 2) != 0 && strncmp(locale, "ja", 2) != 0 && strncmp(locale, "ko", 2) != 0;
}

static void read_environment(void)
{
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    moves_cursor = term && *term && strcmp(term, "dumb") != 0;
    bool plain = !moves_cursor || strncmp(term, "vt", 2) == 0; /* those of old, and what says that it is like them */
    has_blocks = !plain && strcmp(term, "linux") != 0 && is_narrow_utf8(letters_locale());
    has_colours = !plain && !(no_colour && *no_colour);
}

bool pl_os_terminal(pl_terminal *terminal)
{
    int saved = errno;
    bool usable = isatty(STDERR_FILENO) == 1;
    if (usable) {
        pthread_once(&environment_read, read_environment);
        pid_t group = tcgetpgrp(STDERR_FILENO); /* -1: it is not our controlling terminal */
        usable = moves_cursor && (group < 0 || group == getpgrp());
    }
    if (usable) {
        *terminal = (pl_terminal){
            .has_output = isatty(STDOUT_FILENO) == 1, .has_blocks = has_blocks, .has_colours = has_colours};
#ifdef TIOCGWINSZ
        struct winsize size;
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0)
            terminal->columns = size.ws_col;
#endif
    }
    errno = saved;
    return usable;
}

static bool takes_within(int milliseconds)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&fd, 1, milliseconds) == 1 && (fd.revents & POLLOUT);
}

bool pl_os_terminal_takes(void)
{
    int saved = errno;
    bool takes = takes_within(0);
    errno = saved;
    return takes;
}

bool pl_os_terminal_write(const char *text, size_t length)
{
    int saved = errno;
    while (length > 0) {
        ssize_t n = write(STDERR_FILENO, text, length);
        if (n > 0) {
            text += n;
            length -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            if (!takes_within(PATIENCE_MS))
                break;
        } else if (n == 0 || errno != EINTR)
            break;
    }
    errno = saved;
    return length == 0;
}
