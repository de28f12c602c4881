/* SPDX-License-Identifier: MIT */
/* Flags on any POSIX system: each is a pipe, which has one byte in it while it is raised. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/os.h"

static bool set_up_end(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

int pl_os_flag_open(pl_os_flag *flag)
{
    int ends[2];
    flag->fd = flag->end = -1;
    if (pipe(ends) != 0)
        return errno == EMFILE || errno == ENFILE ? errno : ENOMEM;
    flag->fd = ends[0];
    flag->end = ends[1];
    if (set_up_end(ends[0]) && set_up_end(ends[1]))
        return 0;
    pl_os_flag_close(flag);
    return ENOMEM;
}

void pl_os_flag_raise(const pl_os_flag *flag)
{
    while (write(flag->end, "", 1) < 0 && errno == EINTR) {
    }
}

void pl_os_flag_lower(const pl_os_flag *flag)
{
    char byte;
    while (read(flag->fd, &byte, 1) < 0 && errno == EINTR) {
    }
}

void pl_os_flag_close(pl_os_flag *flag)
{
    if (flag->fd >= 0)
        close(flag->fd);
    if (flag->end >= 0)
        close(flag->end);
    flag->fd = flag->end = -1;
}

bool pl_os_flag_renew(pl_os_flag *flag)
{
    pl_os_flag own;
    int number = flag->fd;
    close(flag->end);
    flag->end = -1;
    if (pl_os_flag_open(&own) != 0) { /* no two descriptors are left beside these */
        pl_os_flag_close(flag);
        if (pl_os_flag_open(&own) != 0)
            return false;
    }
    if (own.end == number) /* not to be closed by what follows */
        own.end = fcntl(own.end, F_DUPFD_CLOEXEC, 0);
    if (own.fd != number) {
        dup2(own.fd, number);
        fcntl(number, F_SETFD, FD_CLOEXEC);
        close(own.fd);
    }
    *flag = (pl_os_flag){.fd = number, .end = own.end};
    return own.end >= 0;
}
