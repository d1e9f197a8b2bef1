/* http_parser: see http_parser.h. */
#include "base.h"
#include "http_parser.h"

void http_parser_reset(http_parser *p)
{
    const text body = p->body;

    memset(p, 0, sizeof *p);
    p->body = body;
    p->body.length = 0;
}

void http_parser_free(http_parser *p) { text_free(&p->body); }

bool http_parser_is_inside(const http_parser *p)
{
    return p->state != HTTP_DONE && p->state != HTTP_BAD &&
           (p->state != HTTP_REQUEST_LINE || p->line_length > 0);
}

static void fail(http_parser *p, int status, const char *why)
{
    p->state = HTTP_BAD;
    p->status = status;
    p->why = why;
}

/* ---- lines ---- */

/* Visible ASCII that may stand in a method or a header's name (RFC 9110, 5.6.2). */
static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(otel__text t)
{
    size_t i = 0;

    while (i < t.n && is_token_char(t.s[i])) {
        i++;
    }
    return t.n > 0 && i == t.n;
}

/* Copy into an array as a C string, in lower case if asked. False when there is no room. */
static bool copy(char *to, size_t room, otel__text from, bool lower)
{
    if (from.n >= room) {
        return false;
    }
    for (size_t i = 0; i < from.n; i++) {
        to[i] = lower ? otel__text_lower(from.s[i]) : from.s[i];
    }
    to[from.n] = '\0';
    return true;
}

/* "POST /v1/traces HTTP/1.1" */
static void read_request_line(http_parser *p, otel__text line)
{
    otel__text method, target;

    if (line.n == 0) { /* a stray empty line before a request is allowed (RFC 9112, 2.2) */
        return;
    }
    if (!otel__text_next(&line, ' ', &method) || !is_token(method) ||
        !otel__text_next(&line, ' ', &target) || target.n == 0 || target.s[0] != '/' ||
        line.n != 8 || memcmp(line.s, "HTTP/", 5) != 0) {
        fail(p, 400, "not an HTTP request");
    } else if (memcmp(line.s, "HTTP/1.1", 8) != 0 && memcmp(line.s, "HTTP/1.0", 8) != 0) {
        fail(p, 505, "only HTTP/1.1 is spoken here");
    } else if (!copy(p->method, sizeof p->method, method, false)) {
        fail(p, 501, "unknown method");
    } else if (!copy(p->target, sizeof p->target, target, false)) {
        fail(p, 414, "the path is too long");
    } else {
        p->keep_alive = line.s[7] == '1';
        p->state = HTTP_HEADER;
    }
}

static void read_length(http_parser *p, otel__text value)
{
    uint64_t n = 0;

    if (!otel__text_parse_u64(value.s, value.n, &n)) {
        fail(p, 400, "Content-Length is no number");
    } else if (p->has_length && n != p->remaining) {
        fail(p, 400, "two values of Content-Length");
    } else if (n > HTTP_BODY_MAX) {
        fail(p, 413, "the body is too large");
    } else {
        p->has_length = true;
        p->remaining = n;
    }
}

static void read_connection(http_parser *p, otel__text value)
{
    otel__text option;

    while (otel__text_next(&value, ',', &option)) {
        if (otel__text_is_nocase(otel__text_trim(option), "close")) {
            p->keep_alive = false;
        }
    }
}

/* The header fields that matter; every other one is passed over. */
static void read_field(http_parser *p, otel__text name, otel__text value)
{
    otel__text media;

    if (otel__text_is_nocase(name, "content-length")) {
        read_length(p, value);
    } else if (otel__text_is_nocase(name, "transfer-encoding")) {
        if (p->chunked || !otel__text_is_nocase(value, "chunked")) {
            fail(p, 501, "unknown Transfer-Encoding");
        }
        p->chunked = true;
    } else if (otel__text_is_nocase(name, "connection")) {
        read_connection(p, value);
    } else if (otel__text_is_nocase(name, "expect")) {
        p->expects_continue = otel__text_is_nocase(value, "100-continue");
        if (!p->expects_continue) {
            fail(p, 417, "unknown Expect");
        }
    } else if (otel__text_is_nocase(name, "content-type")) {
        media = otel__text_trim(otel__text_make(value.s, otel__text_find(value, ';')));
        if (!copy(p->type, sizeof p->type, media, true)) {
            fail(p, 415, "unknown Content-Type");
        }
    } else if (otel__text_is_nocase(name, "content-encoding")) {
        if (!copy(p->coding, sizeof p->coding, value, true)) {
            fail(p, 415, "unknown Content-Encoding");
        }
    }
}

/* An empty line ended the header: what follows? */
static void end_header(http_parser *p)
{
    if (p->has_length && p->chunked) {
        fail(p, 400, "both Content-Length and Transfer-Encoding");
    } else if (p->chunked) {
        p->state = HTTP_CHUNK_SIZE;
    } else {
        p->state = p->remaining > 0 ? HTTP_BODY : HTTP_DONE;
    }
}

static void read_header_line(http_parser *p, otel__text line)
{
    const size_t colon = otel__text_find(line, ':');

    if (line.n == 0) {
        if (p->state == HTTP_TRAILER) {
            p->state = HTTP_DONE;
        } else {
            end_header(p);
        }
    } else if (colon == line.n || !is_token(otel__text_make(line.s, colon))) {
        fail(p, 400, "a header line is not well formed");
    } else if (p->state == HTTP_HEADER) { /* nothing in a trailer matters */
        read_field(p, otel__text_make(line.s, colon),
                   otel__text_trim(otel__text_make(line.s + colon + 1, line.n - colon - 1)));
    }
}

/* "1a" or "1a;extension=..." */
static void read_chunk_size(http_parser *p, otel__text line)
{
    otel__text digits = otel__text_trim(otel__text_make(line.s, otel__text_find(line, ';')));
    uint64_t   n = 0;

    for (size_t i = 0; i < digits.n; i++) {
        const unsigned digit = otel__text_hex_digit(digits.s[i]);

        if (digit > 15 || n > HTTP_BODY_MAX) {
            fail(p, digit > 15 ? 400 : 413, digit > 15 ? "bad chunk" : "the body is too large");
            return;
        }
        n = n * 16 + digit;
    }
    if (digits.n == 0) {
        fail(p, 400, "bad chunk");
    } else if (n > HTTP_BODY_MAX - p->body.length) {
        fail(p, 413, "the body is too large");
    } else {
        p->remaining = n;
        p->state = n > 0 ? HTTP_CHUNK : HTTP_TRAILER;
    }
}

static void read_line(http_parser *p, otel__text line)
{
    switch (p->state) {
    case HTTP_REQUEST_LINE: read_request_line(p, line); break;
    case HTTP_CHUNK_SIZE: read_chunk_size(p, line); break;
    case HTTP_CHUNK_END:
        if (line.n > 0) {
            fail(p, 400, "bad chunk");
        } else {
            p->state = HTTP_CHUNK_SIZE;
        }
        break;
    default: read_header_line(p, line); break;
    }
}

/* ---- bytes ---- */

/* Add one byte to the line; at its CR LF read it. */
static void feed_line(http_parser *p, char c)
{
    const bool after_cr = p->line_length > 0 && p->line[p->line_length - 1] == '\r';
    const bool is_head = p->state != HTTP_CHUNK_SIZE && p->state != HTTP_CHUNK_END;
    otel__text line;

    if (is_head && ++p->head_bytes > HTTP_HEAD_MAX) {
        fail(p, 431, "the header is too large");
    } else if (c == '\n' && after_cr) {
        line = otel__text_make(p->line, p->line_length - 1);
        p->line_length = 0;
        read_line(p, line);
    } else if (after_cr || c == '\n' || c == '\0') {
        fail(p, 400, "a line does not end in CR LF");
    } else if (p->line_length == (is_head ? HTTP_LINE_MAX : HTTP_CHUNK_LINE_MAX)) {
        fail(p, 431, "a line is too long");
    } else {
        p->line[p->line_length++] = c;
    }
}

static size_t feed_body(http_parser *p, const char *bytes, size_t n)
{
    const size_t take = n < p->remaining ? n : (size_t)p->remaining;

    text_put(&p->body, bytes, take);
    p->remaining -= take;
    if (p->remaining == 0) {
        p->state = p->state == HTTP_CHUNK ? HTTP_CHUNK_END : HTTP_DONE;
    }
    return take;
}

size_t http_parser_feed(http_parser *p, const char *bytes, size_t n)
{
    size_t used = 0;

    while (used < n && p->state != HTTP_DONE && p->state != HTTP_BAD) {
        if (p->state == HTTP_BODY || p->state == HTTP_CHUNK) {
            used += feed_body(p, bytes + used, n - used);
        } else {
            feed_line(p, bytes[used++]);
        }
    }
    return used;
}
