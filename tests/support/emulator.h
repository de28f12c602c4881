/* SPDX-License-Identifier: MIT */
/* Whether a test is run by an emulator of another processor, as ./dev cross does. */
#ifndef PL_TESTS_SUPPORT_EMULATOR_H
#define PL_TESTS_SUPPORT_EMULATOR_H

#include <stdbool.h>
#include <stdlib.h>

/*
 * Then this is not the machine that is tested, in some ways: qemu-user (7.2) has a thread of its own in each process,
 * and the address space is its own, too, so that no limits are put on it; it cannot execute a program of the other
 * processor; it lets nobody be a subreaper, and makes no process that shares memory and is no thread; and if the child
 * that a process with threads has forked makes a thread, an assertion of qemu's may end it.
 */
static inline bool pl_emulated(void)
{
    const char *emulator = getenv("EMULATOR");
    return emulator && *emulator;
}

#endif
