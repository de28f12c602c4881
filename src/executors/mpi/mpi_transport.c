/* SPDX-License-Identifier: MIT */
/*
 * Messages by MPI, which one thread of each rank calls.
 *
 * A message is sent as one, or in parts of PL_MPI_PART bytes at most, as MPI counts in ints; the vector that it has
 * been lent is in parts of its own, and is sent from where it lies. Parts but the last have the tag MORE. Parts from
 * one rank arrive in order, whatever their tags, as each is received by the probe that finds it, and its next one is
 * not looked at before it is here. No call waits for another rank, but for a few bytes that it has announced.
 */
#include "executors/mpi/mpi_transport.h"

#include <errno.h>
#include <stdlib.h>

#include "base/size.h"

enum { LAST = 1, MORE = 2 };

/* The most bytes of a part. */
#ifndef PL_MPI_PART
#define PL_MPI_PART ((size_t)1 << 30)
#endif

/* Up to how many bytes a part that has been announced is here already, or about to be, and is waited for. */
#define SHORT_PART 4096

/* A message on its way. */
typedef struct sending {
    struct sending *next;
    pl_message *message;
    size_t parts;
    size_t sent; /* parts before this one have been */
    MPI_Request requests[];
} sending;

/* What goes to a rank, and comes from it. */
typedef struct mpi_peer {
    sending *first, *last;
    pl_message *partial; /* of what parts have come */
    MPI_Request request; /* of a part that is coming; MPI_REQUEST_NULL: there is none */
    int tag;             /* of that */
    bool broken;         /* MPI could not send to it, or receive; or there was no memory to */
} mpi_peer;

typedef struct mpi_transport {
    pl_transport base;
    MPI_Comm comm;
    unsigned sends, receives; /* that are under way */
    mpi_peer *peers;
} mpi_transport;

/* ---- sending ------------------------------------------------------------------------------------------------- */

static size_t count_parts(size_t bytes)
{
    return (bytes + PL_MPI_PART - 1) / PL_MPI_PART;
}

/* Sends bytes in parts, of which the last has that tag. */
static void start_parts(mpi_transport *t, sending *s, const unsigned char *bytes, size_t size, int last)
{
    mpi_peer *peer = &t->peers[s->message->rank];
    for (size_t at = 0; at < size; at += PL_MPI_PART) {
        size_t part = size - at < PL_MPI_PART ? size - at : PL_MPI_PART;
        int tag = at + part < size ? MORE : last;
        MPI_Request *request = &s->requests[s->parts++];
        if (MPI_Isend(bytes + at, (int)part, MPI_BYTE, (int)s->message->rank, tag, t->comm, request) != MPI_SUCCESS) {
            *request = MPI_REQUEST_NULL;
            peer->broken = true;
        }
    }
}

static void send_message(pl_transport *transport, unsigned to, pl_message *m)
{
    mpi_transport *t = (mpi_transport *)transport;
    mpi_peer *peer = &t->peers[to];
    size_t parts = count_parts(m->at) + count_parts(m->rest_bytes);
    sending *s = malloc(pl_size_add(sizeof *s, pl_size_multiply(parts, sizeof s->requests[0])));
    if (!s) {
        peer->broken = true;
        pl_message_free(m);
        return;
    }
    *s = (sending){.message = m};
    *(peer->first ? &peer->last->next : &peer->first) = s;
    peer->last = s;
    t->sends++;
    start_parts(t, s, m->bytes, m->at, m->rest_bytes ? MORE : LAST);
    start_parts(t, s, m->rest, m->rest_bytes, LAST);
}

/* MPI is not to look at what a request is of any more. */
static void drop_request(MPI_Request *request)
{
    if (*request != MPI_REQUEST_NULL) {
        MPI_Cancel(request);
        MPI_Request_free(request);
    }
}

/* Moves on what is being sent. Whether all of it has been; or it never will. */
static bool has_sent(mpi_peer *peer, sending *s)
{
    int done = 1;
    for (; s->sent < s->parts && done; s->sent += done != 0) {
        MPI_Request *request = &s->requests[s->sent];
        peer->broken |= MPI_Test(request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS;
        if (peer->broken)
            drop_request(request);
        done |= peer->broken;
    }
    return done;
}

/* Frees what has been sent to a rank: in order, so that one look is enough where the first has not. */
static void end_sends(mpi_transport *t, mpi_peer *peer)
{
    sending *s;
    while ((s = peer->first) && has_sent(peer, s)) {
        peer->first = s->next;
        t->sends--;
        pl_message_free(s->message);
        free(s);
    }
}

static void end_all_sends(mpi_transport *t)
{
    for (unsigned rank = 0; t->sends && rank < t->base.ranks; rank++)
        end_sends(t, &t->peers[rank]);
}

static bool is_busy(pl_transport *transport)
{
    mpi_transport *t = (mpi_transport *)transport;
    end_all_sends(t);
    return t->sends || t->receives;
}

/* ---- receiving ------------------------------------------------------------------------------------------------- */

/* Room for the next part of a rank's message, which it begins or goes on with. NULL: there is no memory. */
static unsigned char *make_room(mpi_peer *peer, unsigned from, size_t bytes)
{
    pl_message *m = peer->partial;
    if (!m)
        m = peer->partial = pl_message_received(from, bytes);
    else if (!pl_message_put(m, NULL, bytes))
        return NULL;
    return m ? m->bytes + (m->at - bytes) : NULL;
}

/* A part has come. The message, if that was its last. */
static pl_message *end_part(mpi_transport *t, mpi_peer *peer, int tag)
{
    pl_message *m = peer->broken ? NULL : peer->partial;
    if (m && tag == MORE)
        peer->broken |= !pl_message_expect(m);
    if (!m || tag == MORE)
        return NULL;
    peer->partial = NULL;
    end_sends(t, peer); /* what it has received before it said this */
    pl_message_rewind(m);
    return m;
}

/* Looks at a part that was coming. The message, if it has come, and was its last. */
static pl_message *look_at_part(mpi_transport *t, mpi_peer *peer)
{
    int done = 1;
    peer->broken |= MPI_Test(&peer->request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS;
    if (!done && !peer->broken)
        return NULL;
    t->receives--;
    drop_request(&peer->request);
    return end_part(t, peer, peer->tag);
}

/* Takes in a part. The message, if it is here, and was its last. */
static pl_message *begin_part(mpi_transport *t, const MPI_Status *status)
{
    int bytes = 0, error, from = status->MPI_SOURCE;
    mpi_peer *peer = &t->peers[from];
    MPI_Get_count(status, MPI_BYTE, &bytes);
    unsigned char *to = make_room(peer, (unsigned)from, (size_t)bytes);
    if (!to) {
        peer->broken = true;
        return NULL;
    }
    if (bytes <= SHORT_PART)
        error = MPI_Recv(to, bytes, MPI_BYTE, from, status->MPI_TAG, t->comm, MPI_STATUS_IGNORE);
    else
        error = MPI_Irecv(to, bytes, MPI_BYTE, from, status->MPI_TAG, t->comm, &peer->request);
    peer->broken |= error != MPI_SUCCESS;
    peer->tag = status->MPI_TAG;
    if (peer->broken || bytes <= SHORT_PART)
        return end_part(t, peer, peer->tag);
    t->receives++;
    return look_at_part(t, peer);
}

/* The parts that are coming. A message of which that was the last. */
static pl_message *look_at_all(mpi_transport *t)
{
    pl_message *m = NULL;
    for (unsigned rank = 0; !m && t->receives && rank < t->base.ranks; rank++)
        if (t->peers[rank].request != MPI_REQUEST_NULL)
            m = look_at_part(t, &t->peers[rank]);
    return m;
}

/* A rank's parts are received one after the other: while one is coming, its next one is not looked at. */
static pl_message *receive_message(pl_transport *transport)
{
    mpi_transport *t = (mpi_transport *)transport;
    pl_message *m = look_at_all(t);
    while (!m) {
        MPI_Status status;
        int any = 0;
        if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, t->comm, &any, &status) != MPI_SUCCESS || !any)
            break;
        const mpi_peer *peer = &t->peers[status.MPI_SOURCE];
        if (peer->broken || peer->request != MPI_REQUEST_NULL)
            break; /* what comes is not wanted, or cannot be received; or not yet */
        m = begin_part(t, &status);
    }
    return m;
}

static bool is_alive(pl_transport *transport, unsigned rank)
{
    return !((mpi_transport *)transport)->peers[rank].broken;
}

/* ---- its life -------------------------------------------------------------------------------------------------- */

void pl_mpi_transport_free(pl_transport *transport)
{
    mpi_transport *t = (mpi_transport *)transport;
    for (unsigned rank = 0; t->peers && rank < t->base.ranks; rank++)
        pl_message_free(t->peers[rank].partial);
    free(t->peers);
    MPI_Comm_free(&t->comm);
    free(t);
}

void pl_mpi_transport_abort(pl_transport *transport)
{
    MPI_Abort(((mpi_transport *)transport)->comm, EXIT_FAILURE);
}

pl_transport *pl_mpi_transport_new(MPI_Comm comm)
{
    int self, ranks;
    mpi_transport *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    if (MPI_Comm_dup(comm, &t->comm) != MPI_SUCCESS || MPI_Comm_rank(t->comm, &self) != MPI_SUCCESS ||
        MPI_Comm_size(t->comm, &ranks) != MPI_SUCCESS) {
        free(t);
        errno = EIO;
        return NULL;
    }
    MPI_Comm_set_errhandler(t->comm, MPI_ERRORS_RETURN);
    t->base = (pl_transport){.self = (unsigned)self,
                             .ranks = (unsigned)ranks,
                             .send = send_message,
                             .receive = receive_message,
                             .is_busy = is_busy,
                             .is_alive = is_alive};
    t->peers = calloc((size_t)ranks, sizeof *t->peers);
    for (int rank = 0; t->peers && rank < ranks; rank++)
        t->peers[rank].request = MPI_REQUEST_NULL;
    if (t->peers)
        return &t->base;
    pl_mpi_transport_free(&t->base);
    errno = ENOMEM;
    return NULL;
}
