/* SPDX-License-Identifier: MIT */
/* The parts of the driver: driver.c measures calls, driver_ends.c how workers end and are replaced. */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum way { SERIAL, THREADS, PERSISTENT, SNAPSHOT, FORK, BARE_FORK, WAYS } way;

/* What is to be measured, and the times found, in nanoseconds. */
typedef struct measurement {
    way way;
    size_t n; /* tasks in a call */
    int workers;
    double fill; /* seconds, with repetitions */
    double *ns;  /* of which there is room for MOST_TIMES */
    size_t times;
    uint64_t sum; /* of the results of a call */
} measurement;

enum { MOST_TIMES = 20000 };

double now_ns(void);
bool note_time(measurement *m, double ns); /* false: there is no more room */

/* A call in which every other task crashes, on one worker: from a crash to the start of the next task. */
bool measure_crashes(measurement *m);

/* A call in which every other task is in a loop without end, for LATE_NS: how much later the next one starts. */
bool measure_lateness(measurement *m);

#define LATE_NS 20e6

#endif
