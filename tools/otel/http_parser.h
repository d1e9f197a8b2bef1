/* http_parser: HTTP/1.1 requests out of bytes, in whatever pieces they come. Pure: no socket, and
 * nothing trusted. Lines, header and body are bounded; what two readers could take for different
 * requests (RFC 9112, sections 5.1, 6.3 and 11.2) is refused.
 * Spec: RFC 9110, RFC 9112. */
#ifndef OTEL_TOOL_HTTP_PARSER_H
#define OTEL_TOOL_HTTP_PARSER_H

#include "text.h"

#define HTTP_LINE_MAX       8192u              /* bytes of one line                              */
#define HTTP_CHUNK_LINE_MAX 256u               /* bytes of a chunk's size and extensions         */
#define HTTP_HEAD_MAX       32768u             /* bytes of request line, header and trailer      */
#define HTTP_BODY_MAX       (4u * 1024 * 1024) /* bytes of a body: four of otel_lite's largest */

typedef enum http_state {
    HTTP_REQUEST_LINE,
    HTTP_HEADER,
    HTTP_BODY,
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK,
    HTTP_CHUNK_END,
    HTTP_TRAILER,
    HTTP_DONE, /* a whole request: read it, then http_parser_reset() */
    HTTP_BAD   /* answer `status`, then close the connection         */
} http_state;

typedef struct http_parser {
    http_state  state;
    int         status; /* of HTTP_BAD: 400, 413, 417, 431, 501, 505 */
    const char *why;    /* of HTTP_BAD, constant                     */

    char method[16];
    char target[256]; /* as sent, query and all                                        */
    char type[128];   /* Content-Type, in lower case, without parameters; "" if absent */
    char coding[64];  /* Content-Encoding, in lower case; "" if absent                 */
    bool keep_alive;
    bool expects_continue; /* the body is held back until 100 is answered */
    text body;

    bool     has_length;
    bool     chunked;
    uint64_t remaining; /* bytes of the body or chunk still to come */
    size_t   head_bytes;
    size_t   line_length;
    char     line[HTTP_LINE_MAX];
} http_parser;

/* Make ready for the next request; the body's memory is kept. Zero the struct before the first. */
void http_parser_reset(http_parser *p);

void http_parser_free(http_parser *p);

/* Whether something of a request has come, but not all. */
bool http_parser_is_inside(const http_parser *p);

/* Feed up to n bytes. Returns the number used: less than n only when HTTP_DONE or HTTP_BAD. */
size_t http_parser_feed(http_parser *p, const char *bytes, size_t n);

#endif /* OTEL_TOOL_HTTP_PARSER_H */
