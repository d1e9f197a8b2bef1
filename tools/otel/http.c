/* http: see http.h. Every descriptor is non-blocking and close-on-exec. */
#include "base.h"
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#if !defined(MSG_NOSIGNAL)
#define MSG_NOSIGNAL 0 /* the program ignores SIGPIPE */
#endif

#define READ_BYTES  16384
#define INSIDE_MS   30000u /* a request may stand still this long */
#define DRAINING_MS 2000u  /* so may a connection we have ended   */

typedef struct connection {
    int         fd;       /* -1: the slot is free                                            */
    bool        ending;   /* close when `out` is written                               */
    bool        draining; /* our side is shut; what still comes is thrown away, so that
                             the reply is not lost to a reset                          */
    uint64_t    last_ms;  /* of the last byte in or out                                */
    text        out;      /* replies not yet written, from `sent` on                   */
    size_t      sent;
    size_t      in_at, in_end; /* bytes read but not parsed                            */
    char        in[READ_BYTES];
    http_parser parser;
} connection;

struct http_server {
    http_options  options;
    int           fd;
    uint16_t      port;
    connection   *slots[HTTP_CONNECTIONS]; /* NULL: not used yet */
    struct pollfd polled[HTTP_CONNECTIONS + 2];
    connection   *polled_for[HTTP_CONNECTIONS + 2];
};

static uint64_t now_ms(void) { return otel__mono_ns() / 1000000u; }

static bool prepare(int fd)
{
    const int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* ---- open, close ---- */

static bool listen_on(http_server *server)
{
    struct sockaddr_in address;
    socklen_t          length = sizeof address;
    const int          yes = 1;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(server->options.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (server->fd < 0 || !prepare(server->fd)) {
        return false;
    }
    (void)setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(server->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->fd, HTTP_CONNECTIONS) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &length) != 0) {
        return false;
    }
    server->port = ntohs(address.sin_port);
    return true;
}

http_server *http_open(const http_options *options)
{
    http_server *server = (http_server *)text_memory(NULL, sizeof *server);

    memset(server, 0, sizeof *server);
    server->options = *options;
    if (!listen_on(server)) {
        const int problem = errno;
        if (server->fd >= 0) {
            close(server->fd);
        }
        free(server);
        errno = problem;
        return NULL;
    }
    return server;
}

uint16_t http_port(const http_server *server) { return server->port; }

static void close_connection(connection *c)
{
    close(c->fd);
    c->fd = -1;
    text_free(&c->out);
    http_parser_free(&c->parser);
}

/* ---- connections ---- */

/* A free slot; when all are taken, that of the longest idle connection. */
static connection *free_slot(http_server *server)
{
    connection *idlest = NULL;

    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        if (server->slots[i] == NULL) {
            server->slots[i] = (connection *)text_memory(NULL, sizeof(connection));
            server->slots[i]->fd = -1;
        }
        if (server->slots[i]->fd < 0) {
            return server->slots[i];
        }
        if (idlest == NULL || server->slots[i]->last_ms < idlest->last_ms) {
            idlest = server->slots[i];
        }
    }
    close_connection(idlest);
    return idlest;
}

static void accept_all(http_server *server)
{
    for (int i = 0; i < HTTP_CONNECTIONS; i++) {
        const int   fd = accept(server->fd, NULL, NULL);
        connection *c;

        if (fd < 0) {
            return; /* none is waiting, or it is gone again, or there is no descriptor left */
        }
        if (!prepare(fd)) {
            close(fd);
            continue;
        }
        c = free_slot(server);
        memset(c, 0, sizeof *c);
        c->fd = fd;
        c->last_ms = now_ms();
    }
}

static const char *reason(int status)
{
    static const struct {
        int         status;
        const char *reason;
    } rows[] = { { 200, "OK" },
                 { 400, "Bad Request" },
                 { 404, "Not Found" },
                 { 405, "Method Not Allowed" },
                 { 413, "Content Too Large" },
                 { 414, "URI Too Long" },
                 { 415, "Unsupported Media Type" },
                 { 417, "Expectation Failed" },
                 { 431, "Request Header Fields Too Large" },
                 { 501, "Not Implemented" },
                 { 505, "HTTP Version Not Supported" } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].status == status) {
            return rows[i].reason;
        }
    }
    return "Status";
}

static void queue_reply(connection *c, const http_reply *reply)
{
    text *out = &c->out;

    text_format(out, "HTTP/1.1 %d %s\r\n", reply->status, reason(reply->status));
    if (reply->type != NULL) {
        text_format(out, "Content-Type: %s\r\n", reply->type);
    }
    if (reply->allow != NULL) {
        text_format(out, "Allow: %s\r\n", reply->allow);
    }
    text_format(out, "Content-Length: %lu\r\n", (unsigned long)reply->length);
    text_add(out, c->ending ? "Connection: close\r\n\r\n" : "\r\n");
    text_put(out, reply->body, reply->length);
}

static void refuse(http_server *server, connection *c)
{
    char       body[128];
    http_reply reply = { 0, "text/plain", NULL, body, 0 };
    const int  n = snprintf(body, sizeof body, "%s\n", c->parser.why);

    reply.status = c->parser.status;
    reply.length = n > 0 ? (size_t)n : 0;
    c->ending = true;
    queue_reply(c, &reply);
    if (server->options.refused != NULL) {
        server->options.refused(server->options.user, c->parser.status, c->parser.why);
    }
}

/* Answer every request that is whole; stop at the first reply, so that a sender who does not read
 * cannot make us hold more than one. */
static void parse(http_server *server, connection *c)
{
    http_parser *p = &c->parser;

    while (c->in_at < c->in_end && c->out.length == 0 && !c->ending) {
        c->in_at += http_parser_feed(p, c->in + c->in_at, c->in_end - c->in_at);
        if (p->state == HTTP_DONE) {
            http_reply reply = { 0, NULL, NULL, NULL, 0 };

            server->options.handle(server->options.user, p, &reply);
            c->ending = !p->keep_alive;
            queue_reply(c, &reply);
            http_parser_reset(p);
        } else if (p->state == HTTP_BAD) {
            refuse(server, c);
        } else if (p->expects_continue && p->state >= HTTP_BODY && p->state <= HTTP_CHUNK_SIZE) {
            if (c->in_at == c->in_end) { /* else the body is already coming */
                text_add(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
            }
            p->expects_continue = false;
        }
    }
}

/* Returns false when the connection is at its end. */
static bool receive(connection *c)
{
    const ssize_t got = recv(c->fd, c->in, sizeof c->in, 0);

    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    }
    c->last_ms = now_ms();
    c->in_at = 0;
    c->in_end = c->draining ? 0 : (size_t)got;
    return true;
}

/* Write what is queued. Returns false when the connection is broken. */
static bool transmit(connection *c)
{
    while (c->sent < c->out.length) {
        const ssize_t n = send(c->fd, c->out.data + c->sent, c->out.length - c->sent, MSG_NOSIGNAL);

        if (n < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        }
        c->sent += (size_t)n;
        c->last_ms = now_ms();
    }
    c->out.length = 0;
    c->sent = 0;
    return true;
}

/* Go on as far as possible without waiting. `ready`: the socket can be read. */
static void advance(http_server *server, connection *c, bool ready)
{
    bool open = true;

    if (ready && c->in_at == c->in_end && c->out.length == 0) {
        open = receive(c);
    }
    do {
        parse(server, c);
        open = open && transmit(c);
    } while (open && c->in_at < c->in_end && c->out.length == 0 && !c->ending);
    if (open && c->ending && c->out.length == 0 && !c->draining) {
        open = shutdown(c->fd, SHUT_WR) == 0;
        c->draining = true;
        c->in_at = c->in_end;
    }
    if (!open) {
        close_connection(c);
    }
}

/* ---- the loop ---- */

/* Whether the connection has stood still for too long. An idle one may do so between requests. */
static bool is_stuck(const connection *c, uint64_t now)
{
    const uint64_t still = now - c->last_ms;

    return (c->draining && still > DRAINING_MS) ||
           ((c->out.length > 0 || http_parser_is_inside(&c->parser)) && still > INSIDE_MS);
}

/* Fill in what to wait for; returns the number of entries. */
static size_t gather(http_server *server, int wake)
{
    size_t n = 0;

    memset(server->polled, 0, sizeof server->polled);
    server->polled[n].fd = wake; /* poll() passes over a negative one */
    server->polled[n++].events = POLLIN;
    server->polled[n].fd = server->fd;
    server->polled[n++].events = POLLIN;
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        connection *c = server->slots[i];

        if (c != NULL && c->fd >= 0) {
            server->polled[n].fd = c->fd;
            server->polled[n].events = c->out.length > 0 ? POLLOUT : POLLIN;
            server->polled_for[n++] = c;
        }
    }
    return n;
}

bool http_step(http_server *server, int timeout_ms, int wake)
{
    const int    longest = 1000; /* ms, so that stuck connections are noticed */
    const int    wait = timeout_ms < 0 || timeout_ms > longest ? longest : timeout_ms;
    const size_t n = gather(server, wake);
    const int    ready = poll(server->polled, (nfds_t)n, wait);

    if (ready < 0) { /* a signal: what it did shows at `wake` next time */
        return false;
    }
    for (size_t i = 2; i < n; i++) {
        connection *c = server->polled_for[i];

        if (server->polled[i].revents != 0) {
            advance(server, c, (server->polled[i].revents & ~POLLOUT) != 0);
        } else if (is_stuck(c, now_ms())) {
            close_connection(c);
        }
    }
    if (server->polled[1].revents != 0) {
        accept_all(server);
    }
    return server->polled[0].revents != 0;
}

static bool is_writing(const http_server *server)
{
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        if (server->slots[i] != NULL && server->slots[i]->fd >= 0 &&
            server->slots[i]->out.length > 0) {
            return true;
        }
    }
    return false;
}

void http_close(http_server *server, int timeout_ms)
{
    const uint64_t end = now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);

    close(server->fd);
    server->fd = -1;
    while (is_writing(server) && now_ms() < end) {
        http_step(server, (int)(end - now_ms()), -1);
    }
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
        if (server->slots[i] != NULL) {
            if (server->slots[i]->fd >= 0) {
                close_connection(server->slots[i]);
            }
            free(server->slots[i]);
        }
    }
    free(server);
}
