/* http: a small HTTP/1.1 server for one thread and one poll() loop: keep-alive, several
 * connections, Content-Length and chunked bodies, Expect: 100-continue. It listens on 127.0.0.1
 * only. Memory is bounded: HTTP_CONNECTIONS times what http_parser.h allows one request. */
#ifndef OTEL_TOOL_HTTP_H
#define OTEL_TOOL_HTTP_H

#include "http_parser.h"

#define HTTP_CONNECTIONS 64 /* at once; for one more the longest idle one is closed */

/* An answer. Everything is borrowed until the handler's caller has copied it. */
typedef struct http_reply {
    int         status;
    const char *type;  /* Content-Type                                */
    const char *allow; /* methods, for 405; else NULL                 */
    const char *body;
    size_t      length;
} http_reply;

typedef struct http_options {
    uint16_t port; /* 0: the system chooses                                                    */
    void    *user; /* handed to both functions                                                 */
    /* A whole request; fill in the reply, which is zeroed. */
    void (*handle)(void *user, const http_parser *request, http_reply *reply);
    /* Bytes that are no request were answered with `status`; may be NULL. */
    void (*refused)(void *user, int status, const char *why);
} http_options;

typedef struct http_server http_server;

/* Listen. Returns NULL with errno set when that fails. Options are copied. */
http_server *http_open(const http_options *options);

/* The port that is listened on. */
uint16_t http_port(const http_server *server);

/* Wait up to timeout_ms (-1: as long as it takes) for something to do, and do it. Returns early,
 * with true, when `wake` (a descriptor, or -1) can be read. */
bool http_step(http_server *server, int timeout_ms, int wake);

/* Stop listening, write replies that are under way for up to timeout_ms, give everything back. */
void http_close(http_server *server, int timeout_ms);

#endif /* OTEL_TOOL_HTTP_H */
