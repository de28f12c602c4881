/* SPDX-License-Identifier: MIT */
/* Names of functions, as traces keep them; trace_name.h says why. */
#include "sched/trace_name.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/life.h"
#include "base/os.h"

enum { NAME_BYTES = 64 };
/* What an exported function is called by is what is between these. */
#define PREFIX "parallel_"
#define SUFFIX "_function"

/* Kept under the mutex. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char **names;
static size_t name_count;

/* The index of a text, which is copied: what it is in may be unloaded before it is read. With the mutex held. */
static uint64_t intern_name(const char *text)
{
    for (size_t i = 0; i < name_count; i++)
        if (strcmp(names[i], text) == 0)
            return i + 1;
    if (name_count == PL_TRACE_NAMES || (!names && !(names = calloc(PL_TRACE_NAMES, sizeof *names))))
        return 0;
    char *copy = strdup(text);
    if (!copy)
        return 0;
    names[name_count++] = copy;
    return name_count;
}

uint64_t pl_trace_name(const char *what, const char *name)
{
    char text[NAME_BYTES];
    int state = pl_os_cancel_defer();
    bool is_function = strncmp(what, PREFIX, strlen(PREFIX)) == 0;
    what += is_function ? strlen(PREFIX) : 0;
    size_t length = strlen(what), suffix = strlen(SUFFIX);
    if (is_function && length > suffix && strcmp(what + length - suffix, SUFFIX) == 0)
        length -= suffix;
    snprintf(text, sizeof text, "%.*s%s%s", (int)length, what, name ? " of " : "", name ? name : "");
    pthread_mutex_lock(&mutex);
    uint64_t index = intern_name(text);
    pthread_mutex_unlock(&mutex);
    pl_os_cancel_restore(state);
    return index;
}

const char *pl_trace_name_at(uint64_t index)
{
    pthread_mutex_lock(&mutex);
    const char *name = index && index <= name_count ? names[index - 1] : "?";
    pthread_mutex_unlock(&mutex);
    return name;
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void free_names(void)
{
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < name_count; i++)
        free(names[i]);
    free(names);
    names = NULL;
    name_count = 0;
    pthread_mutex_unlock(&mutex);
}

static void begin_child(void)
{
    pthread_mutex_init(&mutex, NULL);
}

PL_LIFE(PL_LIFE_NAMES, .in_child = begin_child, .unloaded = free_names);
