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
static bool moves_cursor;
static pthread_once_t environment_read = PTHREAD_ONCE_INIT;

static void read_environment(void)
{
    const char *term = getenv("TERM");
    moves_cursor = term && *term && strcmp(term, "dumb") != 0;
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
        *terminal = (pl_terminal){.has_output = isatty(STDOUT_FILENO) == 1};
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
