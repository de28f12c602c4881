/* SPDX-License-Identifier: MIT */
/*
 * Ranks of an MPI job: what programs call.
 *
 * MPI is called by one thread of each rank, the messenger. Where the library initialises MPI, that is a thread which it
 * starts for it, on all ranks, as it is not known before which rank this is.
 */
#include <errno.h>
#include <parallel_mpi.h>
#include <pthread.h>
#include <stdlib.h>

#include "executors/mpi/home.h"
#include "executors/mpi/mpi_transport.h"
#include "executors/mpi/rank.h"
#include "executors/mpi/run.h"

/* Why a job does not begin. */
typedef enum refusal {
    NO_REFUSAL,
    OTHER_RELEASE,
    BEGUN,
    MPI_THERE,
    MPI_FAILED,
    MPI_ONE_THREAD,
    NO_COMMUNICATOR,
    NO_MEMORY,
    NO_THREAD
} refusal;

static const struct {
    int code;
    const char *sentence;
} refusals[] = {
    [NO_REFUSAL] = {0, NULL},
    [OTHER_RELEASE] = {ENOTSUP, NULL}, /* nor can it say why */
    [BEGUN] = {EALREADY, "calls on ranks have begun before"},
    [MPI_THERE] = {EIO, "MPI has been initialised: parallel_mpi_init_on() is for programs that do that"},
    [MPI_FAILED] = {EIO, "MPI cannot be initialised"},
    [MPI_ONE_THREAD] = {ENOTSUP, "MPI has been initialised with less than MPI_THREAD_MULTIPLE on some rank"},
    [NO_COMMUNICATOR] = {EIO, "the communicator cannot be duplicated"},
    [NO_MEMORY] = {ENOMEM, "there is no memory for the ranks"},
    [NO_THREAD] = {EAGAIN, "there is no thread for messages"},
};

/* 0, or what a call gives that is refused. */
static int refuse_job(refusal why)
{
    if (refusals[why].sentence)
        pl_run_services->error_deny(refusals[why].code, "%s", refusals[why].sentence);
    errno = refusals[why].code;
    return why ? -1 : 0;
}

typedef enum job_state {
    NOT_BEGUN,
    BEGINNING,
    HOME,   /* this is rank 0 */
    SERVED, /* this was another */
    FAILED, /* it could not begin: `why` */
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
    refusal why;
    pl_rank_end end; /* of a rank that has served */
    pl_transport *transport;
    pthread_t messenger;
} job = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void set_state(job_state state)
{
    pthread_mutex_lock(&job.mutex);
    job.state = state;
    pthread_cond_broadcast(&job.changed);
    pthread_mutex_unlock(&job.mutex);
}

static void fail_job(refusal why)
{
    job.why = why;
    set_state(FAILED);
}

/* Serves as another rank than 0, until the end. */
static void serve_home(void)
{
    pl_home_be_elsewhere();
    job.end = pl_rank_serve(job.transport, job.initialises ? PL_RANK_LEAVES : PL_RANK_WAITS);
    if (job.end == PL_RANK_FAILED) /* home would wait for ever */
        pl_mpi_transport_abort(job.transport);
}

/* Is home's messenger until the end; in a job of one rank it has nothing to do until then. */
static void serve_program(void)
{
    if (job.transport->ranks > 1) {
        set_state(HOME);
        pl_home_run();
        return;
    }
    set_state(HOME);
    pthread_mutex_lock(&job.mutex);
    while (!job.ends)
        pthread_cond_wait(&job.changed, &job.mutex);
    pthread_mutex_unlock(&job.mutex);
}

/* The messenger, with a transport; as rank 0, or another. */
static void be_messenger(void)
{
    if (job.transport->self != 0)
        serve_home();
    else if (pl_home_open(job.transport))
        serve_program();
    else
        pl_mpi_transport_abort(job.transport);
}

static refusal make_transport(MPI_Comm comm)
{
    job.transport = pl_mpi_transport_new(comm);
    return job.transport ? NO_REFUSAL : errno == ENOMEM ? NO_MEMORY : NO_COMMUNICATOR;
}

static refusal initialise_mpi(void)
{
    int before = 0, level;
    if (MPI_Initialized(&before) != MPI_SUCCESS || before)
        return MPI_THERE;
    if (MPI_Init_thread(job.argc, job.argv, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS)
        return MPI_FAILED;
    return make_transport(MPI_COMM_WORLD);
}

static void *run_messenger(void *unused)
{
    (void)unused;
    refusal why = job.initialises ? initialise_mpi() : NO_REFUSAL;
    if (why) {
        fail_job(why);
        return NULL;
    }
    bool serves = job.transport->self != 0;
    be_messenger();
    if (job.end != PL_RANK_BUSY)
        pl_mpi_transport_free(job.transport);
    if (job.initialises)
        MPI_Finalize();
    if (serves)
        set_state(SERVED);
    return NULL;
}

/* In the child process of a fork() there is no messenger, and nothing to end. */
static void forget_job(void)
{
    job.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    job.state = job.state == NOT_BEGUN ? NOT_BEGUN : ENDED;
    pl_home_forget();
}

/* The job begins, by whoever is first. */
static refusal begin_job(void)
{
    if (!pl_home_begin())
        return OTHER_RELEASE;
    pthread_mutex_lock(&job.mutex);
    bool first = job.state == NOT_BEGUN;
    job.state = first ? BEGINNING : job.state;
    pthread_mutex_unlock(&job.mutex);
    if (first) {
        atexit(parallel_mpi_shutdown);
        pthread_atfork(NULL, NULL, forget_job);
    }
    return first ? NO_REFUSAL : BEGUN;
}

/* Starts the messenger, and waits until it knows what this rank is. */
static refusal start_messenger(void)
{
    pl_os_thread_attributes as_usual = {0};
    if (!pl_run_services->thread(&job.messenger, run_messenger, NULL, -1, &as_usual))
        return NO_THREAD;
    pthread_mutex_lock(&job.mutex);
    while (job.state == BEGINNING)
        pthread_cond_wait(&job.changed, &job.mutex);
    job_state state = job.state;
    pthread_mutex_unlock(&job.mutex);
    if (state != HOME)
        pthread_join(job.messenger, NULL);
    return job.why;
}

int parallel_mpi_init(int *argc, char ***argv)
{
    refusal why = begin_job();
    if (why)
        return refuse_job(why);
    job.initialises = true;
    job.argc = argc;
    job.argv = argv;
    why = start_messenger();
    if (why || job.state == HOME)
        return refuse_job(why);
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
    refusal why = begin_job();
    if (why)
        return refuse_job(why);
    why = allows_threads(comm) ? make_transport(comm) : MPI_ONE_THREAD;
    if (!why && job.transport->self == 0)
        why = start_messenger();
    else if (!why)
        run_messenger(NULL);
    else
        fail_job(why);
    return refuse_job(why);
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
