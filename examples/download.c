/* SPDX-License-Identifier: MIT */
/*
 * download [-o DATABASE] [-t SECONDS] [-r RETRIES] [-d SECONDS] [-j WORKERS] [URL...]: downloads pages, many at once,
 * and stores them in an SQLite database, in the order in which they were asked for. Without URLs, it reads them from
 * standard input, one a line.
 *
 * One parallel_map of one decorated function, with a time limit for each attempt (-t), more attempts for those that
 * fail (-r), after a delay (-d), and a progress bar. An option of 0 means none. What could not be had is listed on
 * standard error: index, URL, what happened, in how many attempts, and why.
 *
 * The database, pages.db, gets a table pages(position, url, status, seconds, body), in place of one that it had.
 *
 * Exit status: 0 if every page is stored; 1 if some could not be had, and the others are stored; 2 if nothing is
 * stored.
 */
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <parallel.h>

#include "usage.h"

/* The bytes are kept with the job, not in the result: if a task ends too late its result is discarded, and memory that
 * only the result knew of would be lost. */
struct job {
    char *url, *body;
    size_t length;
};

struct page {
    long status;
    double seconds;
};

/* Handles between two transfers, their connections still open: another page from the same host is there sooner. */
struct handles {
    pthread_mutex_t lock;
    size_t count;
    CURL *idle[64];
};

/* ---- the task ---------------------------------------------------------------------------------------------------- */

static CURL *take_handle(struct handles *handles)
{
    pthread_mutex_lock(&handles->lock);
    CURL *curl = handles->count ? handles->idle[--handles->count] : NULL;
    pthread_mutex_unlock(&handles->lock);
    return curl ? curl : curl_easy_init();
}

static void give_back(struct handles *handles, CURL *curl)
{
    curl_easy_reset(curl);
    pthread_mutex_lock(&handles->lock);
    if (handles->count < sizeof handles->idle / sizeof *handles->idle) {
        handles->idle[handles->count++] = curl;
        curl = NULL;
    }
    pthread_mutex_unlock(&handles->lock);
    curl_easy_cleanup(curl);
}

/* curl asks this again and again, once a second if nothing comes; an answer other than 0 ends the transfer. */
static int give_up(void *data, curl_off_t size, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
    (void)data, (void)size, (void)got, (void)to_send, (void)sent;
    return parallel_cancelled();
}

static CURLcode transfer(CURL *curl, const char *url, FILE *body, char *trouble)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, trouble);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* a must where there are threads */
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, give_up);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    return curl_easy_perform(curl);
}

static int download(struct job *const *arg, struct page *page, void *handles)
{
    struct job *job = *arg;
    free(job->body); /* of an attempt before */
    job->body = NULL;
    FILE *body = open_memstream(&job->body, &job->length);
    if (!body)
        return errno;
    CURL *curl = take_handle(handles);
    char trouble[CURL_ERROR_SIZE] = "";
    CURLcode code = curl ? transfer(curl, job->url, body, trouble) : CURLE_OUT_OF_MEMORY;
    if (curl) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &page->status);
        curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &page->seconds);
        give_back(handles, curl);
    }
    if (fclose(body) != 0)
        return errno;

    if (code == CURLE_ABORTED_BY_CALLBACK)
        return parallel_fail(ECANCELED, "given up, with %zu bytes here", job->length);
    if (code != CURLE_OK)
        return parallel_fail(EIO, "%s", *trouble ? trouble : curl_easy_strerror(code));
    bool later = page->status == 408 || page->status == 429; /* it took too long, or asks too often */
    if (page->status >= 400 && page->status < 500 && !later) /* and so it would be the next time */
        return parallel_fail_final((int)page->status, "HTTP status %ld", page->status);
    if (page->status >= 400)
        return parallel_fail((int)page->status, "HTTP status %ld", page->status);
    return 0;
}
PARALLEL_DECORATE_TASK(download, struct job *, struct page, .timeout = 10, .retries = 2, .retry_delay = 0.5,
                       .silent = true, .max_workers = 32, .progress = parallel_progress_bar);

/* ---- what to download -------------------------------------------------------------------------------------------- */

struct list {
    struct job **jobs;
    size_t count, room;
};

static bool add(struct list *list, const char *url)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        struct job **jobs = realloc(list->jobs, room * sizeof(struct job *));
        if (!jobs)
            return false;
        list->jobs = jobs;
        list->room = room;
    }
    struct job *job = calloc(1, sizeof *job);
    if (!job || !(job->url = strdup(url))) {
        free(job);
        return false;
    }
    list->jobs[list->count++] = job;
    return true;
}

static bool read_urls(struct list *list, char **urls)
{
    bool ok = true;
    for (size_t i = 0; ok && urls[i]; i++)
        ok = add(list, urls[i]);
    char *line = NULL;
    size_t room = 0;
    while (ok && !*urls && getline(&line, &room, stdin) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        ok = !*line || add(list, line);
    }
    free(line);
    return ok && !ferror(stdin);
}

static void free_list(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->jobs[i]->url);
        free(list->jobs[i]->body);
        free(list->jobs[i]);
    }
    free(list->jobs);
}

/* ---- what becomes of it ------------------------------------------------------------------------------------------ */

static bool sql(sqlite3 *db, const char *statements)
{
    return sqlite3_exec(db, statements, NULL, NULL, NULL) == SQLITE_OK;
}

static bool prepare_table(sqlite3 *db)
{
    return sql(db, "CREATE TABLE IF NOT EXISTS pages(position INTEGER PRIMARY KEY, url TEXT NOT NULL,"
                   " status INTEGER NOT NULL, seconds REAL NOT NULL, body BLOB NOT NULL)");
}

static bool store(sqlite3 *db, const struct list *list, const parallel_results *results)
{
    sqlite3_stmt *insert = NULL;
    bool ok = sql(db, "BEGIN; DELETE FROM pages") &&
              sqlite3_prepare_v2(db, "INSERT INTO pages VALUES (?, ?, ?, ?, ?)", -1, &insert, NULL) == SQLITE_OK;
    for (size_t i = 0; ok && i < list->count; i++) {
        const struct page *page = parallel_result(results, i);
        if (!page)
            continue;
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)i);
        sqlite3_bind_text(insert, 2, list->jobs[i]->url, -1, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 3, page->status);
        sqlite3_bind_double(insert, 4, page->seconds);
        sqlite3_bind_blob64(insert, 5, list->jobs[i]->body, list->jobs[i]->length, SQLITE_STATIC);
        ok = sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK;
    }
    sqlite3_finalize(insert);
    return ok && sql(db, "COMMIT");
}

static void list_failures(const parallel_results *results)
{
    static const char *const how[] = {[PARALLEL_ERROR] = "failed",
                                      [PARALLEL_TIMED_OUT] = "timed out",
                                      [PARALLEL_CANCELLED] = "cancelled",
                                      [PARALLEL_NOT_RUN] = "not tried"};
    const parallel_failure *f;
    for (size_t k = 0; (f = parallel_failed(results, k)); k++)
        fprintf(stderr, "download: %zu %s: %s, attempts: %u: %s\n", f->index, (*(struct job *const *)f->arg)->url,
                how[f->state], f->attempts, f->message);
}

/* Options that nobody gave stay 0, which stands for what was decorated. */
static int run(const struct list *list, sqlite3 *db, const parallel_options *given)
{
    struct handles handles = {.lock = PTHREAD_MUTEX_INITIALIZER};
    PARALLEL_SCOPED parallel_results *results =
        parallel_map(download, list->jobs, list->count, .extras = &handles, .timeout = given->timeout,
                     .retries = given->retries, .retry_delay = given->retry_delay, .max_workers = given->max_workers);
    while (handles.count)
        curl_easy_cleanup(handles.idle[--handles.count]);
    if (!results) {
        fprintf(stderr, "download: %s\n", parallel_error());
        return 2;
    }
    list_failures(results);
    if (!store(db, list, results)) {
        fprintf(stderr, "download: %s\n", sqlite3_errmsg(db));
        return 2;
    }
    return parallel_failures(results) ? 1 : 0;
}

/* The number that an option has. To the library, none is negative. */
static double number(void)
{
    char *end;
    double value = strtod(optarg, &end);
    if (end == optarg || *end || !(value >= 0 && value <= 1e6)) {
        fprintf(stderr, "download: %s: not a number that makes sense\n", optarg);
        exit(2);
    }
    return value > 0 ? value : -1;
}

static const char usage[] =
    "usage: download [-o DATABASE] [-t SECONDS] [-r RETRIES] [-d SECONDS] [-j WORKERS] [URL...]\n"
    "Stores pages in an SQLite database, and lists what could not be had: time limits (-t), retries\n"
    "(-r) and pauses between them (-d), transfers at once (-j); URLs are of the input, if not given.\n";

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage);
    const char *path = "pages.db";
    parallel_options options = {0};
    for (int option; (option = getopt(argc, argv, "o:t:r:d:j:")) != -1;) {
        if (option == 'o')
            path = optarg;
        else if (option == 't')
            options.timeout = number();
        else if (option == 'r')
            options.retries = (int)number();
        else if (option == 'd')
            options.retry_delay = number();
        else if (option == 'j')
            options.max_workers = (int)number();
        else {
            fputs(usage, stderr);
            return 2;
        }
    }
    struct list list = {0};
    sqlite3 *db = NULL;
    int status = 2;
    curl_global_init(CURL_GLOBAL_DEFAULT); /* before there are threads */
    if (!read_urls(&list, argv + optind))
        perror("download");
    else if (sqlite3_open(path, &db) != SQLITE_OK || !prepare_table(db)) /* before there is anything to lose */
        fprintf(stderr, "download: %s: %s\n", path, sqlite3_errmsg(db));
    else
        status = run(&list, db, &options);
    sqlite3_close(db);
    free_list(&list);
    curl_global_cleanup();
    return status;
}
