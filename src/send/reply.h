/* reply: the bounded, incremental parser of HTTP/1.1 replies. Pure text, no system call. Fed by
 * net.h with bytes as they come from the socket.
 *
 * Invariants: nothing in a reply is trusted. Feeding it in pieces of any size gives the same
 * result, every length is bounded before it is used, the memory is the struct and the caller's
 * buffer, and an error is final. Interim (1xx) replies are skipped; of a body the first bytes
 * are kept, all are counted. No Content-Encoding is asked for, so none is decoded.
 * Spec: RFC 9112; H-19, H-25. */
#ifndef OTEL__SEND_REPLY_H
#define OTEL__SEND_REPLY_H

#include "../core/platform.h"
#include "../core/text.h"
#include "http.h"

#if !defined(OTEL_LITE_NO_HTTP)

/* ---- reply: what it is and what can be wrong with it ---- */

#define OTEL__REPLY_HEAD_MAX 16384 /* bytes of a reply's head, 1xx and trailers included */
#define OTEL__REPLY_LINE_MAX 128   /* bytes of a line that matters to us                */

/* What can be wrong with a reply: name, text. */
#define OTEL__REPLY_ERROR_LIST(X)                                                                  \
    X(OK, "the reply is valid so far")                                                             \
    X(NOT_HTTP, "the peer does not speak HTTP/1")                                                  \
    X(HEADER, "the reply has a malformed header line")                                             \
    X(HEAD_LARGE, "the reply's head is larger than 16 KiB")                                        \
    X(LENGTH, "the reply's Content-Length is not valid or contradicts itself")                     \
    X(ENCODING, "the reply's Transfer-Encoding is not supported or contradicts its length")        \
    X(CHUNK, "the reply has a malformed chunk")                                                    \
    X(BODY_LARGE, "the reply's body is larger than allowed")                                       \
    X(UPGRADE, "the peer switched to another protocol")                                            \
    X(CUT, "the connection was closed before the end of the reply")

typedef enum otel__reply_error {
#define OTEL__REPLY_ENUM(name, text) OTEL__REPLY_E_##name,
    OTEL__REPLY_ERROR_LIST(OTEL__REPLY_ENUM)
#undef OTEL__REPLY_ENUM
        OTEL__REPLY_E_END
} otel__reply_error;

typedef enum otel__reply_result {
    OTEL__REPLY_MORE, /* all bytes were taken, more are needed   */
    OTEL__REPLY_DONE, /* the reply is complete                   */
    OTEL__REPLY_BAD   /* it is not valid: reply.error tells why  */
} otel__reply_result;

/* Where the parser stands. Up to AT_TRAILER lines are taken, behind it bytes. */
typedef enum otel__reply_state {
    OTEL__REPLY_AT_STATUS,
    OTEL__REPLY_AT_HEADER,
    OTEL__REPLY_AT_CHUNK_SIZE,
    OTEL__REPLY_AT_CHUNK_END, /* the empty line behind a chunk's bytes */
    OTEL__REPLY_AT_TRAILER,
    OTEL__REPLY_IN_LENGTH,
    OTEL__REPLY_IN_CHUNK,
    OTEL__REPLY_IN_CLOSE, /* until the connection ends */
    OTEL__REPLY_AT_END,
    OTEL__REPLY_AT_ERROR
} otel__reply_state;

/* One reply, while it is read and afterwards. Set up by otel__reply_init(). */
typedef struct otel__reply {
    char             *body;       /* the caller's; keeps the first bytes of the body         */
    size_t            body_cap;   /* bytes at body                                           */
    size_t            body_len;   /* bytes kept there                                        */
    uint32_t          body_max;   /* a body of more bytes is an error                        */
    uint32_t          body_total; /* bytes of the body so far                                */
    uint64_t          left;       /* bytes to come: of the body, or of this chunk            */
    otel__http_retry  retry;      /* Retry-After, {0, 0} without                             */
    uint64_t          date_s;     /* Date, seconds since 1970, 0 without                     */
    uint32_t          head_left;  /* bytes of head still allowed                             */
    uint16_t          status;     /* 100 to 999, 0 before it is known                        */
    uint16_t          line_len;   /* bytes of the line so far; LINE_MAX + 1: it is longer     */
    otel__reply_state state;
    otel__reply_error error;
    bool              began;      /* a byte has come                                         */
    bool              close;      /* the connection cannot be used for another request       */
    bool              cr;         /* the last byte of the line was a CR                      */
    bool              has_length; /* Content-Length was there, its value in `left`           */
    bool              chunked;
    char              line[OTEL__REPLY_LINE_MAX];
} otel__reply;

/* An error as one English line, constant. */
OTEL__FN const char *otel__reply_text(otel__reply_error error)
{
    switch (error) {
#define OTEL__REPLY_CASE(name, text)                                                               \
    case OTEL__REPLY_E_##name: return text;
        OTEL__REPLY_ERROR_LIST(OTEL__REPLY_CASE)
#undef OTEL__REPLY_CASE
    case OTEL__REPLY_E_END: break;
    }
    return "";
}

/* Make ready for one reply.
 *   body, body_cap  where the first bytes of its body are kept; NULL, 0 for none
 *   body_max        a body of more bytes is an error (H-25: 4 MiB) */
OTEL__FN void otel__reply_init(otel__reply *r, char *body, size_t body_cap, uint32_t body_max)
{
    memset(r, 0, sizeof *r);
    r->body = body;
    r->body_cap = body_cap;
    r->body_max = body_max;
    r->head_left = OTEL__REPLY_HEAD_MAX;
}

static void otel__reply_fail(otel__reply *r, otel__reply_error error)
{
    r->state = OTEL__REPLY_AT_ERROR;
    r->error = error;
    r->close = true;
}

static otel__reply_result otel__reply_verdict(const otel__reply *r)
{
    if (r->state == OTEL__REPLY_AT_END) {
        return OTEL__REPLY_DONE;
    }
    return r->state == OTEL__REPLY_AT_ERROR ? OTEL__REPLY_BAD : OTEL__REPLY_MORE;
}

/* "HTTP/1.1 200 OK"; the reason may be missing with its space. Spec: RFC 9112 section 4. */
static void otel__reply_status(otel__reply *r, otel__text line)
{
    uint64_t status = 0;

    if (line.n < 12 || memcmp(line.s, "HTTP/1.", 7) != 0 || otel__text_hex_digit(line.s[7]) > 9 ||
        line.s[8] != ' ' || !otel__text_parse_u64(line.s + 9, 3, &status) || status < 100 ||
        (line.n > 12 && line.s[12] != ' ')) {
        otel__reply_fail(r, OTEL__REPLY_E_NOT_HTTP);
        return;
    }
    r->status = (uint16_t)status;
    r->close = line.s[7] == '0';
    r->state = OTEL__REPLY_AT_HEADER;
}

/* Content-Length: digits; repeated only with the same value. Spec: RFC 9112 section 6.3. */
static void otel__reply_length(otel__reply *r, otel__text value)
{
    uint64_t length = 0;

    if (!otel__text_parse_u64(value.s, value.n, &length) || (r->has_length && length != r->left)) {
        otel__reply_fail(r, OTEL__REPLY_E_LENGTH);
    }
    r->has_length = true;
    r->left = length;
}

/* The few headers that matter; true when `name` is one of them. */
static bool otel__reply_field(otel__reply *r, otel__text name, otel__text value)
{
    otel__text piece;

    if (otel__text_is_nocase(name, "Content-Length")) {
        otel__reply_length(r, value);
    } else if (otel__text_is_nocase(name, "Transfer-Encoding")) {
        if (r->chunked || !otel__text_is_nocase(value, "chunked")) {
            otel__reply_fail(r, OTEL__REPLY_E_ENCODING);
        }
        r->chunked = true;
    } else if (otel__text_is_nocase(name, "Connection")) {
        while (otel__text_next(&value, ',', &piece)) {
            r->close = r->close || otel__text_is_nocase(otel__text_trim(piece), "close");
        }
    } else if (otel__text_is_nocase(name, "Retry-After")) {
        r->retry = otel__http_retry_parse(value);
    } else if (otel__text_is_nocase(name, "Date")) {
        (void)otel__http_date_parse(value, &r->date_s);
    } else {
        return false;
    }
    return true;
}

/* The head is complete: decide how the body ends. Spec: RFC 9112 section 6.3. */
static void otel__reply_head_end(otel__reply *r)
{
    if (r->chunked && r->has_length) {
        otel__reply_fail(r, OTEL__REPLY_E_ENCODING);
    } else if (r->status == 101) {
        otel__reply_fail(r, OTEL__REPLY_E_UPGRADE);
    } else if (r->status < 200) { /* an interim reply: forget it, the answer follows */
        r->state = OTEL__REPLY_AT_STATUS;
        r->retry.delay_s = r->retry.date_s = 0;
        r->status = 0;
        r->has_length = r->chunked = false;
    } else if (r->status == 204 || r->status == 304) {
        r->state = OTEL__REPLY_AT_END;
    } else if (r->chunked) {
        r->state = OTEL__REPLY_AT_CHUNK_SIZE;
    } else if (!r->has_length) {
        r->close = true;
        r->state = OTEL__REPLY_IN_CLOSE;
    } else if (r->left > r->body_max) {
        otel__reply_fail(r, OTEL__REPLY_E_BODY_LARGE);
    } else {
        r->state = r->left > 0 ? OTEL__REPLY_IN_LENGTH : OTEL__REPLY_AT_END;
    }
}

/* "Name: value". A folded line begins with a blank, which no name has. `cut`: the line is longer
 * than what is kept of it, which matters only for a header that does. */
static void otel__reply_header(otel__reply *r, otel__text line, bool cut)
{
    const size_t     colon = otel__text_find(line, ':');
    const otel__text name = otel__text_make(line.s, colon);
    otel__text       value;

    if (line.n == 0) {
        otel__reply_head_end(r);
    } else if (colon == line.n || !otel__http_is_token(name)) {
        otel__reply_fail(r, OTEL__REPLY_E_HEADER);
    } else {
        value = otel__text_trim(otel__text_make(line.s + colon + 1, line.n - colon - 1));
        if (otel__reply_field(r, name, value) && cut) {
            otel__reply_fail(r, OTEL__REPLY_E_HEADER);
        }
    }
}

/* "1a2b;extension". Spec: RFC 9112 section 7.1. */
static void otel__reply_chunk(otel__reply *r, otel__text line)
{
    uint64_t size = 0;
    size_t   i = 0;

    while (i < line.n && otel__text_hex_digit(line.s[i]) < 16 && size <= r->body_max) {
        size = (size << 4) | otel__text_hex_digit(line.s[i]);
        i++;
    }
    if (size > r->body_max - r->body_total) {
        otel__reply_fail(r, OTEL__REPLY_E_BODY_LARGE);
        return;
    }
    line = otel__text_make(line.s, otel__text_find(line, ';'));
    if (i == 0 || otel__text_trim(line).n != i) {
        otel__reply_fail(r, OTEL__REPLY_E_CHUNK);
        return;
    }
    r->left = size;
    r->state = size > 0 ? OTEL__REPLY_IN_CHUNK : OTEL__REPLY_AT_TRAILER;
}

/* A whole line has come, without its end. */
static void otel__reply_line(otel__reply *r)
{
    const bool       cut = r->line_len > OTEL__REPLY_LINE_MAX;
    const otel__text line = otel__text_make(r->line, cut ? OTEL__REPLY_LINE_MAX : r->line_len);

    r->line_len = 0;
    r->cr = false;
    switch (r->state) {
    case OTEL__REPLY_AT_STATUS: otel__reply_status(r, line); break;
    case OTEL__REPLY_AT_HEADER: otel__reply_header(r, line, cut); break;
    case OTEL__REPLY_AT_CHUNK_SIZE: otel__reply_chunk(r, line); break;
    case OTEL__REPLY_AT_CHUNK_END:
        r->state = OTEL__REPLY_AT_CHUNK_SIZE;
        if (line.n > 0) {
            otel__reply_fail(r, OTEL__REPLY_E_CHUNK);
        }
        break;
    default: /* a trailer: none matters to us */
        r->state = line.n == 0 ? OTEL__REPLY_AT_END : OTEL__REPLY_AT_TRAILER;
        break;
    }
}

/* What a line that cannot be is called, by where it stands. */
static otel__reply_error otel__reply_line_error(otel__reply_state state)
{
    if (state == OTEL__REPLY_AT_CHUNK_SIZE || state == OTEL__REPLY_AT_CHUNK_END) {
        return OTEL__REPLY_E_CHUNK;
    }
    return state == OTEL__REPLY_AT_STATUS ? OTEL__REPLY_E_NOT_HTTP : OTEL__REPLY_E_HEADER;
}

/* One byte of a line. A line ends with CR LF, or LF alone (RFC 9112 section 2.2); a CR elsewhere or
 * a NUL is an error. Chunk lines are bounded one by one, all others together. */
static void otel__reply_byte(otel__reply *r, char c)
{
    const otel__reply_error error = otel__reply_line_error(r->state);

    if ((r->cr && c != '\n') || c == '\0') {
        otel__reply_fail(r, error);
    } else if (error != OTEL__REPLY_E_CHUNK && r->head_left-- == 0) {
        otel__reply_fail(r, OTEL__REPLY_E_HEAD_LARGE);
    } else if (c == '\n') {
        otel__reply_line(r);
    } else if (c == '\r') {
        r->cr = true;
    } else if (r->line_len < OTEL__REPLY_LINE_MAX) {
        r->line[r->line_len++] = c;
    } else if (error == OTEL__REPLY_E_CHUNK) {
        otel__reply_fail(r, error);
    } else {
        r->line_len = OTEL__REPLY_LINE_MAX + 1;
    }
}

/* Take bytes of the body: keep the first ones, count all. Returns how many belonged to it. */
static size_t otel__reply_body(otel__reply *r, const char *data, size_t n)
{
    const bool     until_close = r->state == OTEL__REPLY_IN_CLOSE;
    const uint32_t allowed = r->body_max - r->body_total; /* not 0 unless until_close */
    size_t         keep = r->body_cap - r->body_len;

    if (allowed == 0) {
        otel__reply_fail(r, OTEL__REPLY_E_BODY_LARGE);
        return 0;
    }
    n = n < allowed ? n : allowed;
    n = until_close || n < r->left ? n : (size_t)r->left;
    keep = n < keep ? n : keep;
    if (keep > 0) {
        memcpy(r->body + r->body_len, data, keep);
    }
    r->body_len += keep;
    r->body_total += (uint32_t)n;
    r->left -= until_close ? 0 : n;
    if (!until_close && r->left == 0) {
        const bool chunk = r->state == OTEL__REPLY_IN_CHUNK;

        r->state = chunk ? OTEL__REPLY_AT_CHUNK_END : OTEL__REPLY_AT_END;
    }
    return n;
}

/* Feed the next bytes, in pieces of any size. After DONE or BAD nothing is taken and the result
 * stays. *used, if not NULL, tells how many were taken: what is left after DONE is not of this
 * reply, and since one request is under way at a time, not of any that was asked for. */
OTEL__FN otel__reply_result otel__reply_feed(otel__reply *r, const char *data, size_t n,
                                             size_t *used)
{
    size_t i = 0;

    r->began = r->began || n > 0;
    while (i < n && r->state < OTEL__REPLY_AT_END) {
        if (r->state < OTEL__REPLY_IN_LENGTH) {
            otel__reply_byte(r, data[i++]);
        } else {
            i += otel__reply_body(r, data + i, n - i);
        }
    }
    if (used != NULL) {
        *used = i;
    }
    return otel__reply_verdict(r);
}

/* The connection has ended: only a body without a length is complete by that. */
OTEL__FN otel__reply_result otel__reply_end(otel__reply *r)
{
    if (r->state == OTEL__REPLY_IN_CLOSE) {
        r->state = OTEL__REPLY_AT_END;
    } else if (r->state < OTEL__REPLY_AT_END) {
        otel__reply_fail(r, OTEL__REPLY_E_CUT);
    }
    r->close = true;
    return otel__reply_verdict(r);
}

/* The milliseconds that a reply asks to wait, 0 = not said; `unix_s` is the wall clock, used for a
 * date when the reply has no Date of its own. */
OTEL__FN uint32_t otel__reply_wait_ms(const otel__reply *r, uint64_t unix_s)
{
    return otel__http_retry_ms(r->retry, r->date_s != 0 ? r->date_s : unix_s);
}

#endif /* OTEL_LITE_NO_HTTP */

#endif /* OTEL__SEND_REPLY_H */
