/* SPDX-License-Identifier: MIT */
/*
 * Recordings: sessions that end in a file. There is one at most: the program's, from parallel_trace_begin() to
 * parallel_trace_end(), or the environment's, from when the library is loaded until the program exits.
 */
#ifndef PL_TRACE_RECORDING_H
#define PL_TRACE_RECORDING_H

/* Begins one, and opens its file. 0; or EBUSY, EINVAL (the name's ending is neither .svg nor .json), ENOMEM, or why the
 * file cannot be opened. */
int pl_recording_begin(const char *path);

/* Ends it, and writes its file. 0; or EINVAL (there is none of the program's), EBUSY (there is the environment's),
 * ENOMEM, or why it could not be written. */
int pl_recording_end(void);

/* Ends the environment's, if there is one, and writes nothing: the file is another process's of the same job. */
void pl_recording_drop(void);

/* The program exits: ends the environment's, if there is one, and writes its file. */
void pl_recording_write(void);

#endif
