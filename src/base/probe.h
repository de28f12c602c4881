/* SPDX-License-Identifier: MIT */
/*
 * Static probes for tracers of the system (SystemTap, bpftrace, perf, gdb), where configure found <sys/sdt.h>: each is
 * an instruction that does nothing, and a note of where it stands. So no argument may be one that has to be computed:
 * it is a register, or a place in memory. Without that header, there is nothing.
 */
#ifndef PL_BASE_PROBE_H
#define PL_BASE_PROBE_H

#ifdef PL_SDT
#include <sys/sdt.h>
#ifdef __clang__ /* its macros have fewer arguments than C11 asks for */
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif
#define PL_PROBE(name, a, b) DTRACE_PROBE2(parallel, name, a, b)
#else
#define PL_PROBE(name, a, b) ((void)0)
#endif

#endif
