/* net: one HTTP/1.1 exchange at a time over one kept connection, on POSIX sockets that never block.
 * The engine starts an exchange and steps it; between steps it waits on otel__net_pollfd().
 *
 * Invariants: a call returns without waiting (but see resolve.h), raises no SIGPIPE and
 * allocates nothing. One attempt is bounded from connect to the last byte of the reply. Headers,
 * and so credentials, go to the configured host alone: no redirect is followed. One thread at a
 * time.
 * Spec: OTLP "OTLP/HTTP Connection"; H-17, H-19, H-24, H-30. */
#ifndef OTEL__SEND_NET_H
#define OTEL__SEND_NET_H

#include "../core/platform.h"
#include "../core/text.h"
#include "http.h"
#include "reply.h"
#include "resolve.h"

#if !defined(OTEL_LITE_NO_HTTP)

#include <netinet/tcp.h>
#include <sys/uio.h>

/* ---- net: what it holds ---- */

#define OTEL__NET_READ   1024       /* bytes read at once, on the stack                   */
#define OTEL__NET_READS  32         /* reads of one step: a fast peer must not hold it    */
#define OTEL__NET_PIECES 4          /* of a request: head, custom headers, blank line, body */
#define OTEL__NET_NEVER  UINT64_MAX /* a deadline that does not come                      */
#if !defined(MSG_NOSIGNAL)          /* Apple: SO_NOSIGPIPE is set on the socket instead */
#define OTEL__NET_SEND_FLAGS 0
#else
#define OTEL__NET_SEND_FLAGS MSG_NOSIGNAL
#endif

/* The request line, our own headers and a URL's host and path always fit. */
OTEL__STATIC_ASSERT(OTEL__HTTP_URL_MAX + 256 <= OTEL__HTTP_HEAD_MAX, net_head_holds_any_url);

/* Why an exchange failed: name, text. */
#define OTEL__NET_ERROR_LIST(X)                                                                    \
    X(OK, "no error")                                                                              \
    X(TLS, "https needs TLS, which this build does not have")                                      \
    X(HEAD, "the request's path and headers are too long")                                         \
    X(NAME, "the host name was not found: give an address, or see OTEL_LITE_GETADDRINFO")          \
    X(SOCKET, "no socket could be had")                                                            \
    X(CONNECT, "the connection was refused or the host cannot be reached")                         \
    X(CONNECT_TIMEOUT, "the host did not answer in time")                                          \
    X(TIMEOUT, "the reply did not come in time")                                                   \
    X(SEND, "the connection broke while the request was sent")                                     \
    X(RECEIVE, "the connection broke before the end of the reply")                                 \
    X(CLOSED, "the peer closed the connection without a reply")                                    \
    X(REPLY, "the reply is not valid")                                                             \
    X(REPLY_LARGE, "the reply is larger than allowed")

typedef enum otel__net_error {
#define OTEL__NET_ENUM(name, text) OTEL__NET_E_##name,
    OTEL__NET_ERROR_LIST(OTEL__NET_ENUM)
#undef OTEL__NET_ENUM
        OTEL__NET_E_END
} otel__net_error;

typedef enum otel__net_result {
    OTEL__NET_BUSY,  /* wait for otel__net_pollfd() or otel__net_deadline(), then step again */
    OTEL__NET_DONE,  /* a reply came: n->reply.status and its siblings                       */
    OTEL__NET_FAILED /* none came: n->error, n->error_text, n->sys_errno                     */
} otel__net_result;

typedef enum otel__net_state {
    OTEL__NET_IDLE,  /* no exchange; a connection may be kept         */
    OTEL__NET_BEGIN, /* started, nothing done yet                     */
    OTEL__NET_CONNECT,
    OTEL__NET_EXCHANGE /* the request goes out, the reply comes in     */
} otel__net_state;

/* Where to, and how. Borrowed texts must live as long as the otel__net. */
typedef struct otel__net_config {
    otel__http_url url;        /* borrowed texts                                                */
    otel__text     headers;    /* ready lines from otel__http_headers_parse(), borrowed         */
    const char    *encoding;   /* of bodies: \"gzip\"; NULL or empty: none  */
    uint32_t       timeout_ms; /* of one attempt, from connect to the last byte; 0 = no limit   */
    uint32_t       reply_max;  /* bytes of a reply's body; more is an error                     */
    char          *reply;      /* keeps the first bytes of the body, borrowed; may be NULL      */
    size_t         reply_cap;  /* bytes there                                                   */
} otel__net_config;

/* A client for one endpoint. Fields below `config` are private but for those the results name. */
typedef struct otel__net {
    otel__net_config config;
    otel__reply      reply;      /* the last reply; its body's first bytes are in config.reply  */
    const char      *error_text; /* constant                                                    */
    otel__net_error  error;
    int              sys_errno; /* the system's reason, 0 if it has none                       */
    int              fd;        /* -1: none                                                    */
    otel__net_state  state;
    otel__net_result result;      /* of the last exchange                                      */
    bool             reused;      /* this exchange runs on a kept connection                   */
    int              send_errno;  /* the request cannot be sent on; a reply may still be there */
    uint64_t         deadline_ns; /* of the attempt                                            */
    uint64_t         connect_ns;  /* deadline of this address                                  */
    size_t           sent;        /* bytes of the request                                      */
    otel__text       piece[OTEL__NET_PIECES];
    otel__addresses  addresses;  /* of the host, while connecting */
    uint8_t          at_address; /* the one being tried */
    char             head[OTEL__HTTP_HEAD_MAX];
} otel__net;

/* An error as one English line, constant. */
OTEL__FN const char *otel__net_text(otel__net_error error)
{
    switch (error) {
#define OTEL__NET_CASE(name, text)                                                                 \
    case OTEL__NET_E_##name: return text;
        OTEL__NET_ERROR_LIST(OTEL__NET_CASE)
#undef OTEL__NET_CASE
    case OTEL__NET_E_END: break;
    }
    return "";
}

/* ---- net: the connection ---- */

static void otel__net_drop(otel__net *n)
{
    if (n->fd >= 0) {
        (void)close(n->fd);
    }
    n->fd = -1;
}

/* End the exchange without a reply. */
static void otel__net_fail(otel__net *n, otel__net_error error, int sys_errno)
{
    otel__net_drop(n);
    n->state = OTEL__NET_IDLE;
    n->result = OTEL__NET_FAILED;
    n->error = error;
    n->error_text = otel__net_text(error);
    n->sys_errno = sys_errno;
}

/* A socket that does not block, is closed by exec and sends at once; -1 when there is none. */
static int otel__net_socket(int family)
{
    const int on = 1;
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
    const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
    const int fd = socket(family, SOCK_STREAM, 0);

    if (fd >= 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)) {
        (void)close(fd);
        return -1;
    }
#endif
    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only costs time */
#if defined(SO_NOSIGPIPE)
        (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    }
    return fd;
}

/* Begin to connect to the address at hand, or to the next one that can be begun with. An address
 * that does not answer gets its share of the time left, so that the others have theirs. */
static void otel__net_connect(otel__net *n, uint64_t now_ns)
{
    otel__net_error error = OTEL__NET_E_CONNECT;
    int             why = n->sys_errno;

    for (; n->at_address < n->addresses.n; n->at_address++) {
        const otel__address *a = &n->addresses.a[n->at_address];
        const bool           v6 = a->any.sa_family == AF_INET6;
        const uint64_t       left = n->deadline_ns > now_ns ? n->deadline_ns - now_ns : 0;

        otel__net_drop(n);
        n->fd = otel__net_socket(v6 ? AF_INET6 : AF_INET);
        if (n->fd < 0) {
            error = OTEL__NET_E_SOCKET;
            why = errno;
            continue;
        }
        n->connect_ns = OTEL__NET_NEVER;
        if (n->deadline_ns != OTEL__NET_NEVER) {
            n->connect_ns = now_ns + left / (uint64_t)(n->addresses.n - n->at_address);
        }
        n->state = OTEL__NET_CONNECT;
        if (connect(n->fd, &a->any, (socklen_t)(v6 ? sizeof a->v6 : sizeof a->v4)) == 0 ||
            errno == EINPROGRESS || errno == EINTR) {
            return;
        }
        error = OTEL__NET_E_CONNECT;
        why = errno;
    }
    otel__net_fail(n, why == ETIMEDOUT ? OTEL__NET_E_CONNECT_TIMEOUT : error, why);
}

/* See what became of the connection; go on to the exchange or to the next address. */
static void otel__net_connecting(otel__net *n, uint64_t now_ns)
{
    struct pollfd p;
    int           why = 0;
    socklen_t     size = sizeof why;

    p.fd = n->fd;
    p.events = POLLOUT;
    p.revents = 0;
    if (poll(&p, 1, 0) <= 0 || p.revents == 0) {
        if (now_ns < n->connect_ns) {
            return;
        }
        why = ETIMEDOUT;
    } else if (getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0) {
        why = errno;
    }
    if (why == 0) {
        n->state = OTEL__NET_EXCHANGE;
        return;
    }
    n->sys_errno = why;
    n->at_address++;
    otel__net_connect(n, now_ns);
}

/* Whether nothing has come on a kept connection: neither its end nor bytes nobody asked for. */
static bool otel__net_is_fresh(const otel__net *n)
{
    char byte;

    return recv(n->fd, &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* The first step of an exchange, and of its repetition on a new connection. */
static void otel__net_begin(otel__net *n, uint64_t now_ns)
{
    const otel__net_config *c = &n->config;

    n->sent = 0;
    n->send_errno = 0;
    n->sys_errno = 0;
    otel__reply_init(&n->reply, c->reply, c->reply_cap, c->reply_max);
    if (n->deadline_ns == 0) {
        n->deadline_ns =
            c->timeout_ms == 0 ? OTEL__NET_NEVER : now_ns + (uint64_t)c->timeout_ms * 1000000u;
    }
    if (c->url.https) {
        otel__net_fail(n, OTEL__NET_E_TLS, 0);
    } else if (n->piece[0].n == 0) {
        otel__net_fail(n, OTEL__NET_E_HEAD, 0);
    } else if (n->fd >= 0 && otel__net_is_fresh(n)) {
        n->reused = true;
        n->state = OTEL__NET_EXCHANGE;
    } else {
        otel__net_drop(n);
        n->reused = false;
        n->at_address = 0;
        otel__resolve(&c->url, &n->addresses);
        if (n->addresses.n == 0) {
            otel__net_fail(n, OTEL__NET_E_NAME, 0);
        } else {
            otel__net_connect(n, now_ns);
        }
    }
}

/* ---- net: the exchange ---- */

static size_t otel__net_total(const otel__net *n)
{
    return n->piece[0].n + n->piece[1].n + n->piece[2].n + n->piece[3].n;
}

/* Send what the socket takes. All four pieces go in one call, those already sent with length 0. */
static void otel__net_send(otel__net *n)
{
    while (n->send_errno == 0 && n->sent < otel__net_total(n)) {
        struct iovec  iov[OTEL__NET_PIECES];
        struct msghdr message;
        size_t        skip = n->sent, i;
        ssize_t       put;

        for (i = 0; i < OTEL__NET_PIECES; i++) {
            const size_t done = skip < n->piece[i].n ? skip : n->piece[i].n;

            iov[i].iov_base = (void *)(n->piece[i].s + done); /* sendmsg() only reads it */
            iov[i].iov_len = n->piece[i].n - done;
            skip -= done;
        }
        memset(&message, 0, sizeof message);
        message.msg_iov = iov;
        message.msg_iovlen = OTEL__NET_PIECES;
        put = sendmsg(n->fd, &message, OTEL__NET_SEND_FLAGS);
        if (put >= 0) {
            n->sent += (size_t)put;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno == ENOBUFS || errno == ENOMEM) {
            otel__net_fail(n, OTEL__NET_E_SEND,
                           errno); /* the system is short: no reply will come */
            return;
        } else if (errno != EINTR) {
            n->send_errno = errno; /* a refusal may have come before: read on */
        }
    }
}

/* The reply is complete. The connection is kept if the peer will, it has the whole request, and it
 * sent nothing more than the reply. */
static void otel__net_done(otel__net *n, bool all_used)
{
    if (n->reply.close || !all_used || n->sent < otel__net_total(n)) {
        otel__net_drop(n);
    }
    n->state = OTEL__NET_IDLE;
    n->result = OTEL__NET_DONE;
}

/* The reply cannot be parsed. */
static void otel__net_bad_reply(otel__net *n)
{
    const bool large = n->reply.error == OTEL__REPLY_E_BODY_LARGE;

    otel__net_fail(n, large ? OTEL__NET_E_REPLY_LARGE : OTEL__NET_E_REPLY, 0);
    n->error_text = otel__reply_text(n->reply.error);
}

/* The connection ended; `why` is an errno, or 0 when the peer closed it. A kept one that ends
 * before the first byte of a reply was stale: the exchange is repeated once on a new connection. */
static void otel__net_ended(otel__net *n, int why)
{
    if (n->reused && !n->reply.began) {
        otel__net_drop(n);
        n->state = OTEL__NET_BEGIN;
    } else if (why == 0 && n->reply.began) {
        if (otel__reply_end(&n->reply) == OTEL__REPLY_DONE) {
            otel__net_done(n, true);
        } else {
            otel__net_bad_reply(n);
        }
    } else if (n->send_errno != 0) {
        otel__net_fail(n, OTEL__NET_E_SEND, n->send_errno);
    } else {
        otel__net_fail(n, why == 0 ? OTEL__NET_E_CLOSED : OTEL__NET_E_RECEIVE, why);
    }
}

/* Read what has come. */
static void otel__net_receive(otel__net *n)
{
    char   data[OTEL__NET_READ];
    size_t used = 0;
    int    reads;

    for (reads = 0; reads < OTEL__NET_READS; reads++) {
        const ssize_t      got = recv(n->fd, data, sizeof data, 0);
        otel__reply_result result;

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (got <= 0) {
            otel__net_ended(n, got < 0 ? errno : 0);
            return;
        }
        result = otel__reply_feed(&n->reply, data, (size_t)got, &used);
        if (result == OTEL__REPLY_DONE) {
            otel__net_done(n, used == (size_t)got);
            return;
        }
        if (result == OTEL__REPLY_BAD) {
            otel__net_bad_reply(n);
            return;
        }
    }
}

/* ---- net: what the engine calls ---- */

/* Set up; nothing is opened. `config` is copied, its texts are borrowed. */
OTEL__FN void otel__net_init(otel__net *n, const otel__net_config *config)
{
    memset(n, 0, sizeof *n);
    n->config = *config;
    n->fd = -1;
}

/* Close the connection and forget the exchange. Can be started again. */
OTEL__FN void otel__net_close(otel__net *n)
{
    otel__net_drop(n);
    n->state = OTEL__NET_IDLE;
}

/* The same in a forked child: only its own descriptor is closed (no shutdown()), so that its
 * parent's connection goes on. */
OTEL__FN void otel__net_forget(otel__net *n) { otel__net_close(n); }

/* Give up the exchange under way, and with it the connection; without one nothing happens. */
OTEL__FN void otel__net_abort(otel__net *n)
{
    if (n->state != OTEL__NET_IDLE) {
        otel__net_close(n);
    }
}

/* Begin an exchange, in place of one under way. Does nothing yet: step it.
 *   path, content_type  read during the call; the path from otel__http_path()
 *   body, length        must stay valid until the exchange is over */
OTEL__FN void otel__net_start(otel__net *n, const char *path, const char *content_type,
                              const void *body, size_t length)
{
    otel__http_request rq;

    otel__net_abort(n);
    rq.url = &n->config.url;
    rq.path = otel__text_of(path);
    rq.content_type = otel__text_of(content_type);
    rq.encoding = otel__text_of(n->config.encoding);
    rq.headers = n->config.headers;
    rq.length = length;
    n->piece[0] = otel__text_make(n->head, otel__http_head(&rq, n->head, sizeof n->head));
    n->piece[1] = n->config.headers;
    n->piece[2] = otel__text_of("\r\n");
    n->piece[3] = otel__text_make((const char *)body, length);
    n->state = OTEL__NET_BEGIN;
    n->result = OTEL__NET_BUSY;
    n->error = OTEL__NET_E_OK;
    n->error_text = otel__net_text(OTEL__NET_E_OK);
    n->deadline_ns = 0;
    n->reused = false;
}

/* Do what can be done without waiting. What has come is taken even when the deadline has passed: an
 * engine that was stepped late must not repeat what was answered in time. Changes errno. */
OTEL__FN otel__net_result otel__net_step(otel__net *n, uint64_t now_ns)
{
    int tries;

    for (tries = 0; tries < 2; tries++) { /* twice when a kept connection turned out stale */
        if (n->state == OTEL__NET_BEGIN) {
            otel__net_begin(n, now_ns);
        }
        if (n->state == OTEL__NET_CONNECT) {
            otel__net_connecting(n, now_ns);
        }
        if (n->state == OTEL__NET_EXCHANGE) {
            otel__net_send(n);
        }
        if (n->state == OTEL__NET_EXCHANGE) {
            otel__net_receive(n);
        }
        if (n->state != OTEL__NET_BEGIN) {
            break;
        }
    }
    if (n->state != OTEL__NET_IDLE && now_ns >= n->deadline_ns) {
        const bool connecting = n->state == OTEL__NET_CONNECT;

        otel__net_fail(n, connecting ? OTEL__NET_E_CONNECT_TIMEOUT : OTEL__NET_E_TIMEOUT, 0);
    }
    return n->result;
}

/* Fill in what the exchange waits for; false: nothing. */
OTEL__FN bool otel__net_pollfd(const otel__net *n, struct pollfd *p)
{
    const bool sending = n->send_errno == 0 && n->sent < otel__net_total(n);

    p->fd = n->fd;
    p->events = POLLIN;
    p->revents = 0;
    if (n->state == OTEL__NET_CONNECT) {
        p->events = POLLOUT;
    } else if (sending) {
        p->events = POLLIN | POLLOUT;
    }
    return n->state == OTEL__NET_CONNECT || n->state == OTEL__NET_EXCHANGE;
}

/* When to step even if nothing became ready, in the clock of otel__net_step(); 0 = at once. */
OTEL__FN uint64_t otel__net_deadline(const otel__net *n)
{
    switch (n->state) {
    case OTEL__NET_BEGIN: return 0;
    case OTEL__NET_CONNECT: return n->connect_ns;
    case OTEL__NET_EXCHANGE: return n->deadline_ns;
    default: return OTEL__NET_NEVER;
    }
}

#endif /* OTEL_LITE_NO_HTTP */

#endif /* OTEL__SEND_NET_H */
