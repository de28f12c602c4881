/* SPDX-License-Identifier: MIT */
/* Limits on memory: a worker's, part of os_process.h; and the process's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/os_process.h"

#ifndef RLIMIT_AS
#define RLIMIT_AS RLIMIT_DATA
#endif

/* The process's address space, in bytes, from /proc; 0 if that is not known. */
static size_t read_address_space(void)
{
    char text[32];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    text[got > 0 ? got : 0] = '\0';
    return (size_t)strtoull(text, NULL, 10) * pl_os_page();
}

/* Whether the process can have another page where the limit is so many bytes. */
static bool can_grow_below(rlim_t bytes, const struct rlimit *before)
{
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = before->rlim_max};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return true;
    void *page = mmap(NULL, pl_os_page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED)
        munmap(page, pl_os_page());
    return page != MAP_FAILED;
}

/* Grows the stack now, so that it need not grow in the functions that are called next. */
__attribute__((noinline)) static void grow_stack(void)
{
    volatile char room[16384];
    for (size_t i = sizeof room; i > 0; i -= 1024)
        room[i - 1] = 0;
    room[0] = 0;
}

/* The same, found by trying limits: for systems without /proc. */
static size_t measure_address_space(const struct rlimit *before)
{
    grow_stack();
    size_t page = pl_os_page(), too_little = page, enough = 2 * page;
    while (enough <= SIZE_MAX / 2 && enough < before->rlim_cur && !can_grow_below((rlim_t)enough, before)) {
        too_little = enough;
        enough *= 2;
    }
    while (enough - too_little > page) {
        size_t middle = too_little + (enough - too_little) / 2 / page * page;
        if (can_grow_below((rlim_t)middle, before))
            enough = middle;
        else
            too_little = middle;
    }
    setrlimit(RLIMIT_AS, before);
    return too_little;
}

bool pl_os_can_limit_memory(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && setrlimit(RLIMIT_AS, &limit) == 0;
}

void pl_os_limit_memory(size_t bytes)
{
    static struct rlimit before;
    static size_t had, limited_to; /* bytes at the first call, and of the limit; 0: no limit */
    static bool known;
    if (bytes == limited_to)
        return;
    if (!known) {
        known = true;
        getrlimit(RLIMIT_AS, &before);
        had = read_address_space();
        had = had ? had : measure_address_space(&before);
    }
    limited_to = bytes;
    struct rlimit limit = before;
    rlim_t wanted = bytes < SIZE_MAX - had ? (rlim_t)(had + bytes) : RLIM_INFINITY;
    if (bytes && (before.rlim_cur == RLIM_INFINITY || wanted < before.rlim_cur))
        limit.rlim_cur = wanted;
    setrlimit(RLIMIT_AS, &limit);
}

static bool is_unlimited(int resource)
{
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

bool pl_os_may_keep(size_t bytes, unsigned share)
{
#ifdef _SC_PHYS_PAGES
    long pages = sysconf(_SC_PHYS_PAGES);
    bool is_little = pages > 0 && bytes / pl_os_page() <= (size_t)pages / share;
#else
    bool is_little = false;
    (void)bytes;
    (void)share;
#endif
    return is_little && is_unlimited(RLIMIT_AS) && is_unlimited(RLIMIT_DATA);
}
