/* SPDX-License-Identifier: MIT */
/* Recordings: of the program, and of the environment; recording.h says what they are. */
#include "trace/recording.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/life.h"
#include "base/os.h"
#include "sched/inline.h"
#include "sched/pool.h"
#include "trace/json.h"
#include "trace/picture.h"

typedef enum recording_state {
    NO_RECORDING,
    BY_PROGRAM,
    BY_ENVIRONMENT,
    BEING_WRITTEN /* by the thread that ended it */
} recording_state;

typedef void writer(FILE *file, const pl_timeline *t);

/* Kept under the mutex. */
static struct {
    pthread_mutex_t mutex;
    recording_state state;
    FILE *file; /* BY_PROGRAM */
    char *path; /* BY_ENVIRONMENT */
    writer *write;
    long process; /* whose it is */
} recording = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* By the ending of a file's name; NULL: there is none for that. */
static writer *writer_of(const char *path)
{
    const char *dot = path ? strrchr(path, '.') : NULL;
    return !dot ? NULL : strcmp(dot, ".svg") == 0 ? pl_picture_write : strcmp(dot, ".json") == 0 ? pl_json_write : NULL;
}

/* Closed by exec(), where the C library knows that letter. */
static FILE *open_file(const char *path)
{
    return fopen(path, "we");
}

/* Writes a session's file, and closes it. 0, or an error code. */
static int write_session(FILE *file, writer *write, uint32_t session)
{
    pl_timeline t;
    errno = 0;
    bool well = pl_timeline_read(&t, session, pl_pool_default_cores());
    if (well)
        write(file, &t);
    pl_timeline_free(&t);
    int code = !well ? ENOMEM : !ferror(file) ? 0 : errno ? errno : EIO;
    if (fclose(file) != 0 && code == 0)
        code = errno;
    return code;
}

int pl_recording_begin(const char *path)
{
    writer *write = writer_of(path);
    if (!write)
        return EINVAL;
    int code = 0;
    pthread_mutex_lock(&recording.mutex);
    if (recording.state != NO_RECORDING) {
        code = EBUSY;
    } else if (!(recording.file = open_file(path))) {
        code = errno;
    } else {
        recording.state = BY_PROGRAM;
        recording.write = write;
        recording.process = pl_os_process_id();
        pl_trace_begin();
    }
    pthread_mutex_unlock(&recording.mutex);
    if (code == 0)
        pl_inline_look(); /* so that this thread's next loop is recorded */
    return code;
}

int pl_recording_end(void)
{
    pthread_mutex_lock(&recording.mutex);
    recording_state state = recording.state;
    bool is_own = state == BY_PROGRAM && recording.process == pl_os_process_id();
    if (is_own)
        recording.state = BEING_WRITTEN;
    pthread_mutex_unlock(&recording.mutex);
    if (!is_own)
        return state == NO_RECORDING || state == BY_PROGRAM ? EINVAL : EBUSY;
    int code = write_session(recording.file, recording.write, pl_trace_stop());
    pthread_mutex_lock(&recording.mutex);
    recording.state = NO_RECORDING;
    recording.file = NULL;
    pthread_mutex_unlock(&recording.mutex);
    return code;
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void begin_by_environment(void)
{
    const char *path = pl_os_environment("PARALLEL_TRACE");
    recording.write = writer_of(path);
    recording.path = recording.write ? strdup(path) : NULL;
    if (!recording.path)
        return;
    recording.state = BY_ENVIRONMENT;
    recording.process = pl_os_process_id();
    pl_trace_begin();
}

/* The program exits. What cannot be written is left out; so is what it has not ended itself. */
void pl_recording_write(void)
{
    if (recording.state == BY_ENVIRONMENT && recording.process == pl_os_process_id()) {
        FILE *file = open_file(recording.path);
        uint32_t session = pl_trace_stop();
        if (file)
            write_session(file, recording.write, session);
    }
    free(recording.path);
    recording.path = NULL;
}

void pl_recording_drop(void)
{
    pthread_mutex_lock(&recording.mutex);
    if (recording.state == BY_ENVIRONMENT) {
        recording.state = NO_RECORDING;
        pl_trace_stop();
    }
    pthread_mutex_unlock(&recording.mutex);
}

/* The recording is the parent's, which writes it. Nothing is in the file yet, nor in its buffer. */
static void forget_recording(void)
{
    pthread_mutex_init(&recording.mutex, NULL);
    if (recording.state == BY_PROGRAM)
        fclose(recording.file);
    recording.state = NO_RECORDING;
    recording.file = NULL;
}

PL_LIFE(PL_LIFE_RECORDING, .loaded = begin_by_environment, .in_child = forget_recording,
        .unloaded = pl_recording_write);
