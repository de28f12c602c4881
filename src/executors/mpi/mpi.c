/* SPDX-License-Identifier: MIT */
/*
 * Ranks of an MPI job: the transport, and what programs call.
 *
 * MPI is called by one thread of each rank, the messenger. Where the library initialises MPI, that is a thread which it
 * starts for it, on all ranks, as it is not known before which rank this is.
 *
 * A message is sent as one, or in parts of PART bytes at most, as MPI counts in ints. Parts but the last have the tag
 * MORE. Parts from one rank arrive in order, whatever their tags, as each is received by the probe that finds it.
 */
#include <errno.h>
#include <parallel_mpi.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/size.h"
#include "executors/mpi/home.h"
#include "executors/mpi/rank.h"
#include "executors/mpi/runners.h"

enum { LAST = 1, MORE = 2 };

/* The most bytes of a part. */
#ifndef PL_MPI_PART
#define PL_MPI_PART ((size_t)1 << 30)
#endif

/* A message on its way. */
typedef struct sending {
    struct sending *next;
    pl_message *message;
    size_t parts;
    size_t sent; /* parts before this one have been */
    MPI_Request requests[];
} sending;

typedef struct mpi_transport {
    pl_transport base;
    MPI_Comm comm;
    sending *sends;
    pl_message **partial;  /* by rank: of what parts have come */
    unsigned char *broken; /* by rank: MPI could not send to it, or receive; or there was no memory to */
} mpi_transport;

/* ---- sending ------------------------------------------------------------------------------------------------- */

static size_t part_size(size_t bytes, size_t at)
{
    return bytes - at < PL_MPI_PART ? bytes - at : PL_MPI_PART;
}

static void start_sending(mpi_transport *t, sending *s, unsigned to)
{
    unsigned char *bytes = s->message->bytes;
    size_t all = (size_t)s->message->head->bytes;
    for (size_t at = 0; at < all; at += PL_MPI_PART) {
        int tag = at + PL_MPI_PART < all ? MORE : LAST;
        MPI_Request *request = &s->requests[s->parts++];
        if (MPI_Isend(bytes + at, (int)part_size(all, at), MPI_BYTE, (int)to, tag, t->comm, request) != MPI_SUCCESS) {
            *request = MPI_REQUEST_NULL;
            t->broken[to] = 1;
        }
    }
}

static void send_message(pl_transport *transport, unsigned to, pl_message *m)
{
    mpi_transport *t = (mpi_transport *)transport;
    size_t parts = ((size_t)m->head->bytes - 1) / PL_MPI_PART + 1;
    sending *s = malloc(pl_size_add(sizeof *s, pl_size_multiply(parts, sizeof s->requests[0])));
    if (!s) {
        t->broken[to] = 1;
        pl_message_free(m);
        return;
    }
    *s = (sending){.message = m, .next = t->sends};
    t->sends = s;
    start_sending(t, s, to);
}

/* Moves on what is being sent. Whether all of it has been. */
static bool has_sent(mpi_transport *t, sending *s)
{
    int done = 1;
    for (; s->sent < s->parts && done; s->sent += done != 0) {
        if (MPI_Test(&s->requests[s->sent], &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) {
            t->broken[s->message->rank] = 1;
            done = 1;
        }
    }
    return done;
}

/* Frees what has been sent. */
static void end_sends(mpi_transport *t)
{
    sending **link = &t->sends;
    while (*link) {
        sending *s = *link;
        if (!has_sent(t, s)) {
            link = &s->next;
            continue;
        }
        *link = s->next;
        pl_message_free(s->message);
        free(s);
    }
}

static bool is_sending(pl_transport *transport)
{
    mpi_transport *t = (mpi_transport *)transport;
    end_sends(t);
    return t->sends;
}

/* ---- receiving ------------------------------------------------------------------------------------------------- */

/* Room for the next part of a rank's message, which it begins or goes on with. NULL: there is no memory. */
static unsigned char *make_room(mpi_transport *t, unsigned from, size_t bytes)
{
    pl_message *m = t->partial[from];
    if (!m)
        m = t->partial[from] = pl_message_received(from, bytes);
    else if (!pl_message_put(m, NULL, bytes))
        return NULL;
    return m ? m->bytes + (m->at - bytes) : NULL;
}

/* Takes in a part. The message, if that was its last. */
static pl_message *receive_part(mpi_transport *t, const MPI_Status *status)
{
    int bytes = 0, tag = status->MPI_TAG;
    unsigned from = (unsigned)status->MPI_SOURCE;
    MPI_Get_count(status, MPI_BYTE, &bytes);
    unsigned char *to = make_room(t, from, (size_t)bytes);
    if (!to || MPI_Recv(to, bytes, MPI_BYTE, status->MPI_SOURCE, tag, t->comm, MPI_STATUS_IGNORE) != MPI_SUCCESS) {
        t->broken[from] = 1;
        return NULL;
    }
    if (tag == MORE)
        return NULL;
    pl_message *m = t->partial[from];
    t->partial[from] = NULL;
    pl_message_rewind(m);
    return m;
}

static pl_message *receive_message(pl_transport *transport)
{
    mpi_transport *t = (mpi_transport *)transport;
    end_sends(t);
    for (;;) {
        MPI_Status status;
        int any = 0;
        if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, t->comm, &any, &status) != MPI_SUCCESS || !any)
            return NULL;
        if (t->broken[status.MPI_SOURCE]) /* what comes is not wanted, or cannot be received */
            return NULL;
        pl_message *m = receive_part(t, &status);
        if (m)
            return m;
    }
}

static bool is_alive(pl_transport *transport, unsigned rank)
{
    return !((mpi_transport *)transport)->broken[rank];
}

/* ---- its life -------------------------------------------------------------------------------------------------- */

static void free_transport(mpi_transport *t)
{
    for (unsigned rank = 0; t->partial && rank < t->base.ranks; rank++)
        pl_message_free(t->partial[rank]);
    free(t->partial);
    free(t->broken);
    MPI_Comm_free(&t->comm);
    free(t);
}

/* A transport over a copy of a communicator. NULL with errno. Collective. */
static mpi_transport *new_transport(MPI_Comm comm)
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
                             .is_sending = is_sending,
                             .is_alive = is_alive};
    t->partial = calloc((size_t)ranks, sizeof *t->partial);
    t->broken = calloc((size_t)ranks, 1);
    if (t->partial && t->broken)
        return t;
    free_transport(t);
    errno = ENOMEM;
    return NULL;
}

/* ---- the program's side ---------------------------------------------------------------------------------------- */

typedef enum job_state {
    NOT_BEGUN,
    BEGINNING,
    HOME,   /* this is rank 0 */
    SERVED, /* this was another */
    FAILED, /* it could not begin: `error` */
    ENDED
} job_state;

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* `state` has */
    job_state state;
    bool ends;        /* the messenger of a job of one rank is to end */
    bool initialises; /* MPI is the library's to initialise and to finalize */
    int *argc;
    char ***argv;
    int error;
    pl_rank_end end; /* of a rank that has served */
    mpi_transport *transport;
    pthread_t messenger;
} job = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void set_state(job_state state, int error)
{
    pthread_mutex_lock(&job.mutex);
    job.state = state;
    job.error = error;
    pthread_cond_broadcast(&job.changed);
    pthread_mutex_unlock(&job.mutex);
}

/* Serves as another rank than 0, until the end. */
static void serve_home(void)
{
    MPI_Comm comm = job.transport->comm;
    pl_home_be_elsewhere();
    job.end = pl_rank_serve(&job.transport->base, job.initialises ? PL_RANK_LEAVES : PL_RANK_WAITS);
    if (job.end == PL_RANK_FAILED) /* home would wait for ever */
        MPI_Abort(comm, EXIT_FAILURE);
}

/* Is home's messenger until the end; in a job of one rank it has nothing to do until then. */
static void serve_program(void)
{
    if (job.transport->base.ranks > 1) {
        set_state(HOME, 0);
        pl_home_run();
        return;
    }
    set_state(HOME, 0);
    pthread_mutex_lock(&job.mutex);
    while (!job.ends)
        pthread_cond_wait(&job.changed, &job.mutex);
    pthread_mutex_unlock(&job.mutex);
}

/* The messenger, with a transport; as rank 0, or another. */
static void be_messenger(void)
{
    if (job.transport->base.self != 0)
        serve_home();
    else if (pl_home_open(&job.transport->base))
        serve_program();
    else
        MPI_Abort(job.transport->comm, EXIT_FAILURE);
}

/* Initialises MPI. False if that cannot be. */
static bool initialise_mpi(void)
{
    int before = 0, level;
    if (MPI_Initialized(&before) != MPI_SUCCESS || before ||
        MPI_Init_thread(job.argc, job.argv, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) {
        errno = EIO;
        return false;
    }
    job.transport = new_transport(MPI_COMM_WORLD);
    return job.transport;
}

static void *run_messenger(void *unused)
{
    (void)unused;
    if (job.initialises && !initialise_mpi()) {
        set_state(FAILED, errno);
        return NULL;
    }
    bool serves = job.transport->base.self != 0;
    be_messenger();
    if (job.end != PL_RANK_BUSY)
        free_transport(job.transport);
    if (job.initialises)
        MPI_Finalize();
    if (serves)
        set_state(SERVED, 0);
    return NULL;
}

/* In the child process of a fork() there is no messenger, and nothing to end. */
static void forget_job(void)
{
    job.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    job.state = job.state == NOT_BEGUN ? NOT_BEGUN : ENDED;
    pl_home_forget();
}

/* The job begins, by whoever is first. 0, or an error code. */
static int begin_job(void)
{
    if (!pl_home_begin())
        return ENOTSUP;
    pthread_mutex_lock(&job.mutex);
    bool first = job.state == NOT_BEGUN;
    job.state = first ? BEGINNING : job.state;
    pthread_mutex_unlock(&job.mutex);
    if (first) {
        atexit(parallel_mpi_shutdown);
        pthread_atfork(NULL, NULL, forget_job);
    }
    return first ? 0 : EALREADY;
}

/* Starts the messenger, and waits until it knows what this rank is. 0, or an error code. */
static int start_messenger(void)
{
    pl_os_thread_attributes as_usual = {0};
    if (!pl_runners_services->thread(&job.messenger, run_messenger, NULL, -1, &as_usual))
        return EAGAIN;
    pthread_mutex_lock(&job.mutex);
    while (job.state == BEGINNING)
        pthread_cond_wait(&job.changed, &job.mutex);
    job_state state = job.state;
    pthread_mutex_unlock(&job.mutex);
    if (state != HOME)
        pthread_join(job.messenger, NULL);
    return job.error;
}

static int return_code(int error)
{
    errno = error;
    return error ? -1 : 0;
}

int parallel_mpi_init(int *argc, char ***argv)
{
    int error = begin_job();
    if (error)
        return return_code(error);
    job.initialises = true;
    job.argc = argc;
    job.argv = argv;
    error = start_messenger();
    if (error || job.state == HOME)
        return return_code(error);
    if (job.end == PL_RANK_BUSY) /* threads of the pool that exit() would wait for */
        _Exit(EXIT_SUCCESS);
    exit(EXIT_SUCCESS);
}

/* Whether all ranks of a communicator may call MPI from several threads. Collective. */
static bool allows_threads(MPI_Comm comm)
{
    int level = MPI_THREAD_SINGLE, lowest = MPI_THREAD_SINGLE;
    MPI_Query_thread(&level);
    return MPI_Allreduce(&level, &lowest, 1, MPI_INT, MPI_MIN, comm) == MPI_SUCCESS && lowest >= MPI_THREAD_MULTIPLE;
}

int parallel_mpi_init_on(MPI_Comm comm)
{
    int error = begin_job();
    if (!error && !allows_threads(comm))
        error = ENOTSUP;
    if (!error && !(job.transport = new_transport(comm)))
        error = errno;
    if (error) {
        if (error != EALREADY)
            set_state(FAILED, error);
        return return_code(error);
    }
    if (job.transport->base.self == 0)
        return return_code(start_messenger());
    run_messenger(NULL);
    return return_code(0);
}

void parallel_mpi_shutdown(void)
{
    pthread_mutex_lock(&job.mutex);
    bool ends = job.state == HOME;
    if (ends) {
        job.state = ENDED;
        job.ends = true;
        pthread_cond_broadcast(&job.changed);
    }
    pthread_mutex_unlock(&job.mutex);
    if (!ends)
        return;
    pl_home_close();
    pthread_join(job.messenger, NULL);
}

int parallel_mpi_ranks(void)
{
    return (int)pl_home_ranks();
}
