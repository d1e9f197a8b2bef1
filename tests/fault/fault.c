/* fault: opens, records, flushes and closes while one system function fails; linked with
 * --wrap for each function below.
 *
 *   fault <endpoint>                                 counts the calls of each function
 *   fault <endpoint> <function> <first> <last> <how> the calls first..last fail; <how> is an
 *                                                    errno value, or 0: as little as possible is
 *                                                    done (one byte sent, one received)
 *   fault <endpoint> clock                           the wall clock steps back while a span is open
 *
 * Prints `name value` lines. Exit code 1 when a descriptor or a count is lost, or errno touched. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SPANS 40

#define FUNCTIONS(X)                                                                               \
    X(calloc)                                                                                      \
    X(mmap)                                                                                        \
    X(madvise)                                                                                     \
    X(getrandom)                                                                                   \
    X(open)                                                                                        \
    X(read)                                                                                        \
    X(write)                                                                                       \
    X(readlink)                                                                                    \
    X(gethostname)                                                                                 \
    X(eventfd)                                                                                     \
    X(pthread_attr_init)                                                                           \
    X(pthread_create)                                                                              \
    X(pthread_atfork)                                                                              \
    X(poll)                                                                                        \
    X(socket)                                                                                      \
    X(setsockopt)                                                                                  \
    X(connect)                                                                                     \
    X(getsockopt)                                                                                  \
    X(sendmsg)                                                                                     \
    X(recv)

enum {
#define AS_ENUM(name) AT_##name,
    FUNCTIONS(AS_ENUM) N_FUNCTIONS
};

static const char *const names[] = {
#define AS_TEXT(name) #name,
    FUNCTIONS(AS_TEXT)
};

static long calls[N_FUNCTIONS];
static int  chosen = -1, how;
static long first, last;
static int  armed; /* only the library's own calls fail: between open and release */

/* Count a call; whether it fails. */
static int fails(int function)
{
    const long n = __atomic_add_fetch(&calls[function], armed ? 1 : 0, __ATOMIC_RELAXED);

    return armed && function == chosen && n >= first && n <= last;
}

#define REAL(type, name, parameters)                                                               \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters

/* A function that reports through errno. */
#define FAILING(type, name, parameters, arguments, failure)                                        \
    REAL(type, name, parameters)                                                                   \
    {                                                                                              \
        if (fails(AT_##name)) {                                                                    \
            errno = how;                                                                           \
            return failure;                                                                        \
        }                                                                                          \
        return __real_##name arguments;                                                            \
    }

/* A function that returns its error. */
#define RETURNING(name, parameters, arguments)                                                     \
    REAL(int, name, parameters) { return fails(AT_##name) ? how : __real_##name arguments; }

FAILING(void *, calloc, (size_t n, size_t size), (n, size), NULL)
FAILING(void *, mmap, (void *at, size_t n, int prot, int flags, int fd, off_t offset),
        (at, n, prot, flags, fd, offset), MAP_FAILED)
FAILING(int, madvise, (void *at, size_t n, int advice), (at, n, advice), -1)
FAILING(ssize_t, getrandom, (void *p, size_t n, unsigned flags), (p, n, flags), -1)
FAILING(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), -1)
FAILING(ssize_t, readlink, (const char *path, char *p, size_t n), (path, p, n), -1)
FAILING(int, gethostname, (char *p, size_t n), (p, n), -1)
FAILING(int, eventfd, (unsigned count, int flags), (count, flags), -1)
FAILING(int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms), -1)
FAILING(int, socket, (int family, int type, int protocol), (family, type, protocol), -1)
FAILING(int, setsockopt, (int fd, int level, int name, const void *p, socklen_t n),
        (fd, level, name, p, n), -1)
FAILING(int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n), -1)
FAILING(int, getsockopt, (int fd, int level, int name, void *p, socklen_t *n),
        (fd, level, name, p, n), -1)
RETURNING(pthread_attr_init, (pthread_attr_t * attr), (attr))
RETURNING(pthread_create,
          (pthread_t * thread, const pthread_attr_t *attr, void *(*body)(void *), void *user),
          (thread, attr, body, user))
RETURNING(pthread_atfork, (void (*before)(void), void (*parent)(void), void (*child)(void)),
          (before, parent, child))

/* The wake-up's counter refuses a word only when it is full of them: it is there nevertheless. */
REAL(ssize_t, write, (int fd, const void *p, size_t n))
{
    const ssize_t done = __real_write(fd, p, n);

    if (!fails(AT_write)) {
        return done;
    }
    errno = how;
    return -1;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    if (fails(AT_open)) {
        errno = how;
        return -1;
    }
    return __real_open(path, flags); /* nothing here creates a file */
}

/* A connection that is said to be broken is broken: the next call sees it too. */
static void break_connection(int fd)
{
    if (how == EPIPE || how == ECONNRESET || how == ETIMEDOUT || how == EIO) {
        (void)shutdown(fd, SHUT_RDWR);
    }
    errno = how;
}

REAL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
    struct msghdr one;
    struct iovec  byte;
    size_t        i = 0;

    if (!fails(AT_sendmsg)) {
        return __real_sendmsg(fd, message, flags);
    }
    if (how != 0) {
        break_connection(fd);
        return -1;
    }
    while (message->msg_iov[i].iov_len == 0) {
        i++;
    }
    byte.iov_base = message->msg_iov[i].iov_base;
    byte.iov_len = 1;
    memset(&one, 0, sizeof one);
    one.msg_iov = &byte;
    one.msg_iovlen = 1;
    return __real_sendmsg(fd, &one, flags);
}

REAL(ssize_t, recv, (int fd, void *p, size_t n, int flags))
{
    if (!fails(AT_recv)) {
        return __real_recv(fd, p, n, flags);
    }
    if (how != 0) {
        break_connection(fd);
        return -1;
    }
    return __real_recv(fd, p, n > 0 ? 1 : 0, flags);
}

static int stepped; /* the wall clock went back by an hour */

REAL(int, clock_gettime, (clockid_t id, struct timespec *t))
{
    const int result = __real_clock_gettime(id, t);
    if (stepped && id == CLOCK_REALTIME) {
        t->tv_sec -= 3600;
    }
    return result;
}

static long open_descriptors(void)
{
    long n = 0;
    int  fd;
    for (fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

static void tell(void *user, otel_severity severity, const char *text)
{
    (void)user;
    (void)severity;
    (void)printf("told %s\n", text);
}

static void record(otel_scope *scope, int back)
{
    otel_counter *counter = otel_counter_create(scope, "c", NULL, NULL);
    int           i;

    for (i = 0; i < SPANS; i++) {
        otel_span span = otel_span_start(scope, "span", NULL);
        stepped = stepped || (back && i == SPANS / 2);
        otel_counter_add(counter, 1, OTEL_NO_ATTRS);
        otel_log(scope, OTEL_SEVERITY_INFO, "log", OTEL_NO_ATTRS);
        otel_span_end(span);
    }
}

static int counts_agree(otel_sdk *sdk)
{
    otel_stats stats;
    uint64_t   delivered = 0, ended = 0;
    int        i, k, agree = 1;

    otel_stats_get(sdk, &stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        const otel_signal_stats *s = &stats.signal[i];
        uint64_t                 gone = s->delivered + s->queued;
        for (k = 0; k < OTEL_DROP_COUNT; k++) {
            gone += s->dropped[k];
        }
        agree = agree && s->started == s->unsampled + s->open + s->ended && s->ended == gone;
        delivered += s->delivered;
        ended += s->ended;
    }
    (void)printf(
        "delivered %llu\nended %llu\nsuperseded %llu\n", (unsigned long long)delivered,
        (unsigned long long)ended,
        (unsigned long long)stats.signal[OTEL_SIGNAL_METRICS].dropped[OTEL_DROP_SUPERSEDED]);
    return agree;
}

int main(int argc, char **argv)
{
    const long   descriptors = open_descriptors();
    otel_status  status = OTEL_OK, closed;
    otel_options o;
    otel_sdk    *sdk;
    uint64_t     begin, took;
    int          i, agree;

    memset(&o, 0, sizeof o);
    o.endpoint = argv[1];
    o.background = true;
    o.span_batch = 16; /* so that there are wake-ups and several requests */
    o.ignore_environment = true;
    o.on_diagnostic = tell;
    o.status = &status;
    for (i = 0; argc > 5 && i < N_FUNCTIONS; i++) {
        chosen = strcmp(argv[2], names[i]) == 0 ? i : chosen;
    }
    if (argc > 5) {
        first = strtol(argv[3], NULL, 10);
        last = strtol(argv[4], NULL, 10);
        how = (int)strtol(argv[5], NULL, 10);
    }
    armed = 1;
    errno = 77;
    sdk = otel_open(&o);
    record(otel_scope_get(sdk, "fault", NULL), argc == 3);
    (void)otel_flush(sdk, 300);
    record(otel_scope_get(sdk, "fault", NULL), 0);
    begin = otel__mono_ns();
    closed = otel_close(sdk, 2000);
    took = otel__mono_ns() - begin;
    armed = 0;
    agree = errno == 77; /* looked at before anything is printed */
    agree = counts_agree(sdk) && agree;
    otel_release(sdk);
    (void)printf("opened %d\nclosed %d\nclose_ms %llu\n", (int)status, (int)closed,
                 (unsigned long long)(took / 1000000u));
    for (i = 0; argc == 2 && i < N_FUNCTIONS; i++) {
        (void)printf("calls %s %ld\n", names[i], calls[i]);
    }
    return agree && open_descriptors() == descriptors ? 0 : 1;
}
