/* SPDX-License-Identifier: MIT */
/* Flags on Linux: each is an eventfd, whose number is 1 while it is raised. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/os.h"

int pl_os_flag_open(pl_os_flag *flag)
{
    flag->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    flag->end = -1;
    if (flag->fd >= 0)
        return 0;
    return errno == EMFILE || errno == ENFILE ? errno : ENOMEM;
}

void pl_os_flag_raise(const pl_os_flag *flag)
{
    uint64_t one = 1;
    while (write(flag->fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void pl_os_flag_lower(const pl_os_flag *flag)
{
    uint64_t number;
    while (read(flag->fd, &number, sizeof number) < 0 && errno == EINTR) {
    }
}

void pl_os_flag_close(pl_os_flag *flag)
{
    if (flag->fd >= 0)
        close(flag->fd);
    flag->fd = -1;
}

bool pl_os_flag_renew(pl_os_flag *flag)
{
    pl_os_flag own;
    int number = flag->fd;
    if (pl_os_flag_open(&own) != 0) { /* no descriptor is left beside that one */
        close(number);
        if (pl_os_flag_open(&own) != 0) {
            flag->fd = -1;
            return false;
        }
    }
    if (own.fd != number) {
        dup3(own.fd, number, O_CLOEXEC);
        close(own.fd);
    }
    return true;
}
