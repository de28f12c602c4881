/* SPDX-License-Identifier: MIT */
/*
 * httpd LOG: a small HTTP server on 127.0.0.1, for tests. It prints "PORT REFUSED PID": its port, a port that refuses
 * connections, and its process, which serves in the background until somebody ends it, or five minutes have passed.
 * LOG gets a line for each request, when it comes in.
 *
 *   /bytes/N           N bytes
 *   /together/N/...    the path, once N of these requests are in flight at the same time
 *   /flaky/N/...       503 for the first N requests of this path, then the path
 *   /drip              a byte now and then, without end
 *   /short             ends in the middle
 *   /hang              nothing
 *   /...               404
 *
 * httpd -b N: prints the N bytes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIFETIME = 300, PATHS = 64 };

static FILE *requests;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t enough = PTHREAD_COND_INITIALIZER;
static long together;
static struct {
    char path[128];
    long requests;
} flaky[PATHS];

static void die(const char *what)
{
    perror(what);
    exit(2);
}

/* The bytes differ from place to place, and zeros and line ends are among them. */
static unsigned char byte_at(size_t i)
{
    return (unsigned char)((i * 2654435761U) >> 13);
}

static bool send_all(int fd, const void *data, size_t n)
{
    const char *bytes = data;
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool send_head(int fd, const char *status, size_t length)
{
    char head[256];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, length);
    return send_all(fd, head, (size_t)n);
}

static bool send_text(int fd, const char *status, const char *text)
{
    return send_head(fd, status, strlen(text)) && send_all(fd, text, strlen(text));
}

static bool send_bytes(int fd, size_t n)
{
    unsigned char block[4096];
    bool ok = send_head(fd, "200 OK", n);
    for (size_t at = 0; ok && at < n;) {
        size_t size = 0;
        while (size < sizeof block && at < n)
            block[size++] = byte_at(at++);
        ok = send_all(fd, block, size);
    }
    return ok;
}

/* ---- what the paths do: false if the connection is to be closed -------------------------------------------------- */

static bool answer_together(int fd, const char *path, long n)
{
    pthread_mutex_lock(&lock);
    if (++together >= n)
        pthread_cond_broadcast(&enough);
    while (together < n)
        pthread_cond_wait(&enough, &lock);
    pthread_mutex_unlock(&lock);
    return send_text(fd, "200 OK", path);
}

static bool answer_flaky(int fd, const char *path, long n)
{
    int at = 0;
    pthread_mutex_lock(&lock);
    while (at < PATHS - 1 && *flaky[at].path && strcmp(flaky[at].path, path) != 0)
        at++;
    snprintf(flaky[at].path, sizeof flaky[at].path, "%s", path);
    bool good = ++flaky[at].requests > n;
    pthread_mutex_unlock(&lock);
    return good ? send_text(fd, "200 OK", path) : send_text(fd, "503 Service Unavailable", "later");
}

static bool answer_hang(int fd)
{
    char nothing;
    while (recv(fd, &nothing, 1, 0) > 0)
        ;
    return false;
}

static bool answer_drip(int fd)
{
    bool ok = send_head(fd, "200 OK", 1000000);
    while (ok) {
        usleep(20000);
        ok = send_all(fd, ".", 1);
    }
    return false;
}

static bool answer(int fd, const char *path)
{
    const char *slash = strchr(path + 1, '/');
    long n = slash ? strtol(slash + 1, NULL, 10) : 0;
    if (strncmp(path, "/bytes/", 7) == 0)
        return send_bytes(fd, (size_t)n);
    if (strncmp(path, "/together/", 10) == 0)
        return answer_together(fd, path, n);
    if (strncmp(path, "/flaky/", 7) == 0)
        return answer_flaky(fd, path, n);
    if (strcmp(path, "/drip") == 0)
        return answer_drip(fd);
    if (strcmp(path, "/hang") == 0)
        return answer_hang(fd);
    if (strcmp(path, "/short") == 0) {
        send_head(fd, "200 OK", 1000);
        send_all(fd, "too short", 9);
        return false;
    }
    return send_text(fd, "404 Not Found", "nothing here");
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

/* Reads the head of a request: false at the end of the connection, or if it makes no sense. */
static bool read_head(int fd, char *head, size_t room)
{
    size_t n = 0;
    while (n + 1 < room && recv(fd, head + n, 1, 0) == 1) {
        head[++n] = '\0';
        if (n >= 4 && strcmp(head + n - 4, "\r\n\r\n") == 0)
            return true;
    }
    return false;
}

static void *serve(void *connection)
{
    int fd = (int)(size_t)connection;
    char head[4096], path[128];
    while (read_head(fd, head, sizeof head) && sscanf(head, "GET %127s", path) == 1) {
        fprintf(requests, "%s\n", path);
        if (!answer(fd, path))
            break;
    }
    close(fd);
    return NULL;
}

/* A socket on a free port of 127.0.0.1, not listening yet. */
static int bound_socket(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("socket");
    *port = ntohs(address.sin_port);
    return fd;
}

static void accept_all(int listener)
{
    for (;;) {
        pthread_t thread;
        int one = 1, fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (pthread_create(&thread, NULL, serve, (void *)(size_t)fd) == 0)
            pthread_detach(thread);
        else
            close(fd);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "-b") == 0) {
        size_t n = (size_t)strtol(argv[2], NULL, 10);
        for (size_t i = 0; i < n; i++)
            putchar(byte_at(i));
        return fflush(stdout) == 0 ? 0 : 2;
    }
    unsigned port, refused;
    int listener = bound_socket(&port);
    bound_socket(&refused);
    if (argc != 2 || !(requests = fopen(argv[1], "w")) || listen(listener, 256) != 0)
        die("httpd");
    setvbuf(requests, NULL, _IOLBF, BUFSIZ);
    pid_t server = fork();
    if (server < 0)
        die("fork");
    if (server > 0) {
        printf("%u %u %ld\n", port, refused, (long)server);
        return 0;
    }
    signal(SIGALRM, SIG_DFL);
    alarm(LIFETIME);
    for (int fd = 0; fd <= 1; fd++) /* whoever reads what the parent has printed sees its end */
        close(fd);
    accept_all(listener);
}
