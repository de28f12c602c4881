/* SPDX-License-Identifier: MIT */
/*
 * Messages between home, which is rank 0, where the program runs, and the ranks that serve it.
 *
 *      from        kind        what follows the head
 *      ----        ----        ---------------------
 *      a rank      HELLO       pl_message_hello: it is there
 *      home        CALL        pl_message_call; the function, if all tasks have the same; the extras
 *      home        PIECE       pl_message_piece; the function, if tasks have their own; the arguments
 *      a rank      OUTCOME     of each piece, in any order: pl_message_outcome; what failed, with texts; the results
 *      home        STOP        pl_message_stop: the call's pieces are not to be begun any more
 *      home        END         the call is over, all of its pieces have come back
 *      home        EXIT        the rank is to end; the last message that it gets
 *      a rank      LEAVE       it ends, and has sent all that it sends
 *
 * What follows is put and got part by part; vectors lie at multiples of 64. All ranks are of one kind of machine: what
 * is sent is memory as it is.
 */
#ifndef PL_MPI_MESSAGE_H
#define PL_MPI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parallel.h>

#include "base/image.h"

typedef enum pl_message_kind {
    PL_MESSAGE_HELLO = 1,
    PL_MESSAGE_CALL,
    PL_MESSAGE_PIECE,
    PL_MESSAGE_OUTCOME,
    PL_MESSAGE_STOP,
    PL_MESSAGE_END,
    PL_MESSAGE_EXIT,
    PL_MESSAGE_LEAVE
} pl_message_kind;

/* What every message begins with. */
typedef struct pl_message_head {
    uint64_t bytes; /* of all the message */
    uint64_t kind;
    uint64_t call; /* whose it is; 0: none's */
} pl_message_head;

typedef struct pl_message {
    struct pl_message *next;
    unsigned rank; /* where it goes, or comes from */
    bool lost;     /* there was no memory for all that was put in, or not all was there that was to be got */
    size_t room, at;
    union {
        unsigned char *bytes; /* aligned to 64 */
        pl_message_head *head;
    };

    /* What follows the bytes, and is not copied: the last vector, of one that is sent. */
    const void *rest;
    size_t rest_bytes;
    void (*release)(void *owner); /* called when the message is freed; or NULL */
    void *owner;
} pl_message;

/* A message to a rank, with room for about so many bytes more. NULL: there is no memory. */
pl_message *pl_message_new(unsigned rank, pl_message_kind kind, uint64_t call, size_t more);

/* One that comes: room for its first part, or all of it, to be filled in. More is put. NULL: there is no memory. */
pl_message *pl_message_received(unsigned rank, size_t bytes);

/* Its first part has come, and says how many bytes there are: room for all of them, so that what comes is not moved.
 * False if there is no memory. */
bool pl_message_expect(pl_message *m);

/* All has come: what follows the head is to be got. */
void pl_message_rewind(pl_message *m);

void pl_message_free(pl_message *m);

/* Appends; without memory, the message is lost. Returns where it is now, NULL then. */
void *pl_message_put(pl_message *m, const void *from, size_t bytes);
void *pl_message_put_vector(pl_message *m, const void *from, size_t bytes);

/* Appends the last vector, which stays where it is, if it is long, until the message is freed. release(owner) is called
 * then, however long it is. */
void pl_message_lend_vector(pl_message *m, const void *from, size_t bytes, void (*release)(void *owner), void *owner);

/* Copies what has been lent, and gives it back: the message is all in its bytes. False if there is no memory. */
bool pl_message_join(pl_message *m);

/* The next part. NULL: there are not so many bytes, and the message is lost. */
const void *pl_message_get(pl_message *m, size_t bytes);
const void *pl_message_get_vector(pl_message *m, size_t bytes);

/* ---- what they say --------------------------------------------------------------------------------------- */

typedef struct pl_message_hello {
    uint64_t threads; /* that its pool has */
} pl_message_hello;

typedef struct pl_message_call {
    double left; /* seconds that the call may still take; 0: any number */
    int64_t max_workers, isolation, tasks_per_worker;
    uint64_t memory_limit, grain, silent, is_separate, extras_bytes;
} pl_message_call;

typedef struct pl_message_piece {
    uint64_t piece;
    uint64_t count; /* tasks */
    double timeout, retry_delay;
    int64_t retries;
} pl_message_piece;

typedef struct pl_message_outcome {
    uint64_t piece;
    uint64_t took_ns;
    uint64_t failures; /* as many pl_message_failure, each followed by its text */
    uint64_t result_bytes;
} pl_message_outcome;

/* Neighbours that ended badly. */
typedef struct pl_message_failure {
    uint64_t begin, count; /* in the piece */
    uint64_t state, signal, attempts;
    int64_t code;
    uint64_t text; /* bytes, with the end of the string; 0: none */
} pl_message_failure;

typedef struct pl_message_stop {
    int64_t why;  /* an error code */
    uint64_t all; /* 1: what runs is asked to give up, too */
} pl_message_stop;

/* A function. Where it cannot be found, `wrong` is set, and says why, in up to PL_MESSAGE_WRONG bytes. */
enum { PL_MESSAGE_WRONG = 3 * PL_IMAGE_PATH };

/* False if it is in no image. */
bool pl_message_put_function(pl_message *m, const parallel_function *f);
bool pl_message_get_function(pl_message *m, parallel_function *f, char wrong[static PL_MESSAGE_WRONG]);

#endif
