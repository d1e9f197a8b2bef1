/* http: the text of HTTP/1.1 requests: URLs, header lists, the head; and the date and
 * Retry-After of replies (reply.h has the rest). Pure text, no system call. Used by reply.h,
 * net.h, the engine.
 *
 * Invariants: a URL and a request path hold only visible ASCII, header lines hold no CR, LF or NUL
 * but their own line ends, so nothing configured can add a header. Texts of errors are constant and
 * never hold what was configured: it may be a secret.
 * Spec: RFC 9110, RFC 9112, RFC 3986; OTLP exporter "Endpoint URLs", "Specifying headers". */
#ifndef OTEL__SEND_HTTP_H
#define OTEL__SEND_HTTP_H

#include "../core/platform.h"
#include "../core/text.h"

/* Where the first character of `set` stands in `t`, or t.n. */
static size_t otel__http_find_any(otel__text t, const char *set)
{
    size_t at = t.n;

    for (; *set != '\0'; set++) {
        at = otel__text_find(otel__text_make(t.s, at), *set);
    }
    return at;
}

#if !defined(OTEL_LITE_NO_HTTP)

/* ---- http: URL ---- */

#define OTEL__HTTP_URL_MAX  768 /* bytes of a URL; with its head it must fit OTEL__HTTP_HEAD_MAX */
#define OTEL__HTTP_HOST_MAX 253 /* bytes of a host name: RFC 1035 section 2.3.4, as text         */

/* What can be wrong with a URL: name, text. */
#define OTEL__HTTP_URL_LIST(X)                                                                     \
    X(OK, "the URL is valid")                                                                      \
    X(LENGTH, "the URL is empty or longer than 768 bytes")                                         \
    X(CHARACTER, "the URL has a space, control or non-ASCII character: percent-encode it")         \
    X(NO_SCHEME, "the URL has no scheme: it must begin with http:// or https://")                  \
    X(SCHEME, "the URL's scheme is neither http nor https")                                        \
    X(USERINFO, "the URL has a user or password: put credentials in a header instead")             \
    X(HOST, "the URL's host is missing or not valid")                                              \
    X(PORT, "the URL's port is not from 1 to 65535 (an IPv6 address needs brackets)")

typedef enum otel__http_url_error {
#define OTEL__HTTP_ENUM(name, text) OTEL__HTTP_URL_##name,
    OTEL__HTTP_URL_LIST(OTEL__HTTP_ENUM)
#undef OTEL__HTTP_ENUM
        OTEL__HTTP_URL_END
} otel__http_url_error;

/* A parsed URL; its texts are parts of what was parsed. User names and fragments do not occur. */
typedef struct otel__http_url {
    otel__text host;  /* name or address, an IPv6 one without its brackets */
    otel__text path;  /* empty, or from its first slash on                 */
    otel__text query; /* empty, or from the question mark on               */
    uint16_t   port;  /* never 0; the scheme's own if none was given       */
    bool       https;
    bool       ipv6; /* the host stood in brackets */
} otel__http_url;

/* An error as one English line, constant. */
OTEL__FN const char *otel__http_url_text(otel__http_url_error error)
{
    switch (error) {
#define OTEL__HTTP_CASE(name, text)                                                                \
    case OTEL__HTTP_URL_##name: return text;
        OTEL__HTTP_URL_LIST(OTEL__HTTP_CASE)
#undef OTEL__HTTP_CASE
    case OTEL__HTTP_URL_END: break;
    }
    return "";
}

static bool otel__http_is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (otel__text_lower(c) >= 'a' && otel__text_lower(c) <= 'z');
}

/* Whether the host can be a name (or an IPv4 address), or an IPv6 address without a zone. */
static bool otel__http_host_valid(otel__text host, bool ipv6)
{
    size_t i;

    for (i = 0; i < host.n; i++) {
        const char c = host.s[i];
        const bool fits = ipv6 ? otel__text_hex_digit(c) < 16 || c == ':' || c == '.'
                               : otel__http_is_alnum(c) || c == '-' || c == '.' || c == '_';

        if (!fits) {
            return false;
        }
    }
    return host.n > 0 && host.n <= OTEL__HTTP_HOST_MAX;
}

/* Take host and port from what stands between the scheme and the path. */
static otel__http_url_error otel__http_url_authority(otel__text t, otel__http_url *url)
{
    uint64_t port = url->https ? 443 : 80;
    size_t   end;

    if (otel__text_find(t, '@') < t.n) {
        return OTEL__HTTP_URL_USERINFO;
    }
    url->ipv6 = t.n > 0 && t.s[0] == '[';
    end = otel__text_find(t, url->ipv6 ? ']' : ':');
    url->host = otel__text_make(t.s + (url->ipv6 ? 1 : 0), end - (url->ipv6 ? 1 : 0));
    if (!otel__http_host_valid(url->host, url->ipv6) || (url->ipv6 && end == t.n)) {
        return OTEL__HTTP_URL_HOST;
    }
    end += url->ipv6 ? 1 : 0;
    if (end < t.n && t.s[end] != ':') {
        return OTEL__HTTP_URL_HOST;
    }
    if (end + 1 < t.n && !otel__text_parse_u64(t.s + end + 1, t.n - end - 1, &port)) {
        return OTEL__HTTP_URL_PORT;
    }
    url->port = (uint16_t)port;
    return port >= 1 && port <= 65535 ? OTEL__HTTP_URL_OK : OTEL__HTTP_URL_PORT;
}

/* Parse an absolute http or https URL. `url` refers to `text` and is only defined on success.
 * An empty port means the default one; a query is kept, a fragment dropped. Spec: H-03 to H-06. */
OTEL__FN otel__http_url_error otel__http_url_parse(otel__text text, otel__http_url *url)
{
    const size_t colon = otel__text_find(text, ':');
    otel__text   scheme, rest;
    size_t       i;

    if (text.n == 0 || text.n > OTEL__HTTP_URL_MAX) {
        return OTEL__HTTP_URL_LENGTH;
    }
    for (i = 0; i < text.n; i++) {
        if (text.s[i] <= ' ' || text.s[i] > '~') { /* a signed char above 0x7f is below ' ' */
            return OTEL__HTTP_URL_CHARACTER;
        }
    }
    if (text.n - colon < 3 || text.s[colon + 1] != '/' || text.s[colon + 2] != '/') {
        return OTEL__HTTP_URL_NO_SCHEME;
    }
    scheme = otel__text_make(text.s, colon);
    url->https = otel__text_is_nocase(scheme, "https");
    if (!url->https && !otel__text_is_nocase(scheme, "http")) {
        return scheme.n == 0 ? OTEL__HTTP_URL_NO_SCHEME : OTEL__HTTP_URL_SCHEME;
    }
    rest = otel__text_make(text.s + colon + 3, text.n - colon - 3);
    rest.n = otel__text_find(rest, '#');
    i = otel__http_find_any(rest, "/?");
    url->path = otel__text_make(rest.s + i, rest.n - i);
    url->path.n = otel__text_find(url->path, '?');
    i += url->path.n;
    url->query = otel__text_make(rest.s + i, rest.n - i);
    return otel__http_url_authority(otel__text_make(rest.s, i - url->path.n), url);
}

/* Write the path that requests go to, with a NUL.
 *   signal  what follows a base URL, such as "v1/traces" (a leading slash is fine); NULL for a URL
 *           that is used as it stands, where a missing path becomes "/"
 * Returns its length, or 0 when cap is too small; strlen(signal) + OTEL__HTTP_URL_MAX + 2 is
 * enough.
 * Spec: H-01, H-02; one slash between the two, never two. */
OTEL__FN size_t otel__http_path(const otel__http_url *url, const char *signal, char *dst,
                                size_t cap)
{
    otel__text_buf out = { dst, cap, 0 };
    otel__text     base = url->path;

    if (signal != NULL) {
        while (base.n > 0 && base.s[base.n - 1] == '/') {
            base.n--;
        }
        otel__text_add(&out, base);
        otel__text_add_c(&out, signal[0] == '/' ? "" : "/");
        otel__text_add_c(&out, signal);
    } else if (base.n > 0) {
        otel__text_add(&out, base);
    } else {
        otel__text_add_c(&out, "/");
    }
    otel__text_add(&out, url->query);
    otel__text_add(&out, otel__text_make("", 1)); /* the NUL */
    return otel__text_fits(&out) ? out.len - 1 : 0;
}

/* ---- http: header lists ---- */

/* Told of each pair that is left out.
 *   key     its name, or empty when it has none or not a valid one (it may be part of a secret)
 *   reason  one English line, constant */
typedef void (*otel__http_bad_header_fn)(void *user, otel__text key, const char *reason);

/* Whether all of `t` are characters of a header's name. Spec: RFC 9110 section 5.6.2, token. */
static bool otel__http_is_token(otel__text t)
{
    const otel__text marks = otel__text_of("!#$%&'*+-.^_`|~");
    size_t           i;

    for (i = 0; i < t.n; i++) {
        if (!otel__http_is_alnum(t.s[i]) && otel__text_find(marks, t.s[i]) == marks.n) {
            return false;
        }
    }
    return t.n > 0;
}

/* Whether the library itself decides about this header. Spec: H-43; RFC 9110 section 7.6.1. */
static bool otel__http_is_reserved(otel__text name)
{
    otel__text list = otel__text_of("Host,Content-Length,Transfer-Encoding,Content-Type,"
                                    "Content-Encoding,Connection,Expect,Upgrade,TE,Trailer");
    otel__text piece;
    bool       found = false;

    while (!found && otel__text_next(&list, ',', &piece)) {
        found = otel__text_same_nocase(name, piece);
    }
    return found;
}

/* Find the line of the header `name` among ready lines. Returns its bytes, line end included, or
 * an empty text. */
static otel__text otel__http_line_find(otel__text lines, otel__text name)
{
    otel__text line;

    while (otel__text_next(&lines, '\n', &line)) {
        if (otel__text_same_nocase(otel__text_make(line.s, otel__text_find(line, ':')), name)) {
            return otel__text_make(line.s, line.n + 1);
        }
    }
    return otel__text_make(NULL, 0);
}

/* Add "name: value\r\n" to ready lines, in place of an earlier line of that name.
 *   value  percent-encoded
 * Returns NULL, or why it was not added; then the lines are as before. */
static const char *otel__http_header_add(otel__text_buf *lines, otel__text name, otel__text value)
{
    otel__text_buf out = *lines;
    otel__text     old;
    size_t         i, start;

    if (!otel__http_is_token(name)) {
        return "its name is not a valid header name";
    }
    if (otel__http_is_reserved(name)) {
        return "the library sets this header itself";
    }
    otel__text_add(&out, name);
    otel__text_add_c(&out, ": ");
    start = out.len;
    if (!otel__text_fits(&out) || out.cap - start < value.n + 2) {
        return "the headers are too long";
    }
    if (!otel__text_percent_decode(value, out.s + start, value.n, &i)) {
        return "its value is not percent-encoded correctly";
    }
    out.len += i;
    for (i = start; i < out.len; i++) { /* RFC 9110 section 5.5: no control but the tab */
        if (((uint8_t)out.s[i] < 0x20u && out.s[i] != '\t') || out.s[i] == 0x7f) {
            return "its value has a control character";
        }
    }
    otel__text_add_c(&out, "\r\n");
    old = otel__http_line_find(otel__text_make(lines->s, lines->len), name);
    if (old.n > 0) {
        char *hole = lines->s + (old.s - lines->s);

        memmove(hole, hole + old.n, (size_t)(out.s + out.len - (hole + old.n)));
    }
    lines->len = out.len - old.n;
    return NULL;
}

/* The room that otel__http_headers_parse() needs at most for this list. */
OTEL__FN size_t otel__http_headers_need(otel__text list)
{
    otel__text piece;
    size_t     need = list.n;

    while (otel__text_next(&list, ',', &piece)) {
        need += 3; /* "k=v" grows by the space and the line end */
    }
    return need;
}

/* Turn "k=v,k2=v2", values percent-encoded, into ready lines "k: v\r\n".
 *   lines  where they are added; empty at first, or holding ready lines that later ones replace
 *   bad    told of each pair left out, or NULL; `user` is handed to it
 * Empty pairs are skipped. Spec: H-40, H-41, H-43; EXP "Specifying headers". */
OTEL__FN void otel__http_headers_parse(otel__text list, otel__text_buf *lines,
                                       otel__http_bad_header_fn bad, void *user)
{
    otel__text pair;

    while (otel__text_next(&list, ',', &pair)) {
        const char *reason = "it has no '='";
        otel__text  key;
        size_t      at;

        pair = otel__text_trim(pair);
        at = otel__text_find(pair, '=');
        key = otel__text_trim(otel__text_make(pair.s, at));
        if (pair.n == 0) {
            continue;
        }
        if (at < pair.n) {
            pair = otel__text_make(pair.s + at + 1, pair.n - at - 1);
            reason = otel__http_header_add(lines, key, otel__text_trim(pair));
        } else {
            key.n = 0; /* perhaps the rest of a value with a bare comma */
        }
        if (reason != NULL && bad != NULL) {
            bad(user, otel__http_is_token(key) ? key : otel__text_make(NULL, 0), reason);
        }
    }
}

/* ---- http: request ---- */

#define OTEL__HTTP_HEAD_MAX   1024 /* bytes of a head without the custom headers, any valid URL */
#define OTEL__HTTP_USER_AGENT "otel_lite-OTLP-Exporter-C/" OTEL_LITE_VERSION

/* One POST. Texts are borrowed. */
typedef struct otel__http_request {
    const otel__http_url *url;          /* for Host                                             */
    otel__text            path;         /* from otel__http_path()                               */
    otel__text            content_type; /* "application/x-protobuf"                             */
    otel__text            encoding;     /* "gzip", or empty: identity must not be named (OTLP)  */
    otel__text            headers;      /* ready lines, sent behind the head; looked at only    */
    size_t                length;       /* bytes of the body                                    */
} otel__http_request;

static void otel__http_field(otel__text_buf *out, const char *name, otel__text value)
{
    otel__text_add_c(out, name);
    otel__text_add(out, value);
    otel__text_add_c(out, "\r\n");
}

/* Write the request line and the library's own headers; the custom ones and the blank line follow.
 * A User-Agent among the custom headers replaces ours.
 * Returns the length, or 0 when it does not fit in cap. Spec: RFC 9112 section 3; H-10, H-12. */
OTEL__FN size_t otel__http_head(const otel__http_request *rq, char *dst, size_t cap)
{
    const otel__http_url *url = rq->url;
    const otel__text      agent = otel__text_of("User-Agent");
    otel__text_buf        out = { dst, cap, 0 };

    otel__text_add_c(&out, "POST ");
    otel__text_add(&out, rq->path);
    otel__text_add_c(&out, url->ipv6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
    otel__text_add(&out, url->host);
    otel__text_add_c(&out, url->ipv6 ? "]" : "");
    if (url->port != (url->https ? 443 : 80)) {
        otel__text_add_c(&out, ":");
        otel__text_add_u64(&out, url->port);
    }
    otel__text_add_c(&out, "\r\n");
    if (otel__http_line_find(rq->headers, agent).n == 0) {
        otel__http_field(&out, "User-Agent: ", otel__text_of(OTEL__HTTP_USER_AGENT));
    }
    otel__http_field(&out, "Content-Type: ", rq->content_type);
    if (rq->encoding.n > 0) {
        otel__http_field(&out, "Content-Encoding: ", rq->encoding);
    }
    otel__text_add_c(&out, "Content-Length: ");
    otel__text_add_u64(&out, rq->length);
    otel__text_add_c(&out, "\r\n");
    return otel__text_fits(&out) ? out.len : 0;
}

#endif /* OTEL_LITE_NO_HTTP */

/* ---- http: dates and Retry-After, for every transport that carries HTTP ---- */

/* Read "hh:mm:ss" as seconds of the day; a leap second counts. */
static bool otel__http_time_parse(otel__text t, uint64_t *seconds)
{
    uint64_t h, m, s;

    if (t.n != 8 || t.s[2] != ':' || t.s[5] != ':' || !otel__text_parse_u64(t.s, 2, &h) ||
        !otel__text_parse_u64(t.s + 3, 2, &m) || !otel__text_parse_u64(t.s + 6, 2, &s)) {
        return false;
    }
    *seconds = h * 3600 + m * 60 + s;
    return h < 24 && m < 60 && s <= 60;
}

/* The month of a three-letter name, 1 to 12, or 0. */
static uint32_t otel__http_month(otel__text t)
{
    uint32_t m;

    for (m = 1; t.n == 3 && m <= 12; m++) {
        if (memcmp(t.s, &"JanFebMarAprMayJunJulAugSepOctNovDec"[(m - 1) * 3], 3) == 0) {
            return m;
        }
    }
    return 0;
}

/* Seconds from 1970 to a day, y >= 1970; a day past the month's end counts on into the next. */
static uint64_t otel__http_days(uint64_t y, uint32_t month, uint64_t day)
{
    const uint64_t march = month > 2 ? month - 3u : month + 9u; /* months since March */

    y -= month > 2 ? 0u : 1u;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * march + 2) / 5 + day - 719469;
}

/* Read an HTTP date in any of its three forms, as seconds since 1970:
 *     Sun, 06 Nov 1994 08:49:37 GMT    Sunday, 06-Nov-94 08:49:37 GMT    Sun Nov  6 08:49:37 1994
 * The parts are told by their looks, their order and the name of the day are not checked, but day
 * and year. Two-digit years are 1970 to 2069. Spec: RFC 9110 section 5.6.7. */
OTEL__FN bool otel__http_date_parse(otel__text t, uint64_t *unix_s)
{
    uint64_t clock = UINT64_MAX, number[2] = { 0, 0 }; /* day and year */
    uint32_t month = 0, n_numbers = 0, n_words = 0;

    while (t.n > 0) {
        const size_t     at = otel__http_find_any(t, " ,-");
        const otel__text piece = otel__text_make(t.s, at);

        t = otel__text_make(t.s + at + (at < t.n ? 1 : 0), t.n - at - (at < t.n ? 1 : 0));
        if (at == 0) {
            continue;
        }
        if (otel__text_find(piece, ':') < at) {
            if (clock != UINT64_MAX || !otel__http_time_parse(piece, &clock)) {
                return false;
            }
        } else if (otel__text_hex_digit(piece.s[0]) < 10) {
            if (n_numbers == 2 || !otel__text_parse_u64(piece.s, at, &number[n_numbers])) {
                return false;
            }
            n_numbers++;
            if (n_numbers == 2 && at == 2) {
                number[1] += number[1] < 70 ? 2000u : 1900u;
            }
        } else if (month == 0 && otel__http_month(piece) != 0) {
            month = otel__http_month(piece);
        } else if (n_words++ > 0 && !otel__text_is_nocase(piece, "GMT")) {
            return false; /* the first word is the day's name, another one an unknown zone */
        }
    }
    if (clock == UINT64_MAX || month == 0 || number[0] - 1 > 30 || number[1] < 1970 ||
        number[1] > 9999) {
        return false;
    }
    *unix_s = otel__http_days(number[1], month, number[0]) * 86400 + clock;
    return true;
}

/* A Retry-After header: at most one of the two is not 0. */
typedef struct otel__http_retry {
    uint64_t delay_s; /* seconds to wait                     */
    uint64_t date_s;  /* seconds since 1970 to wait for      */
} otel__http_retry;

/* Read a Retry-After header; what is neither a number nor a date gives {0, 0}. Spec: H-22. */
OTEL__FN otel__http_retry otel__http_retry_parse(otel__text t)
{
    otel__http_retry retry = { 0, 0 };

    t = otel__text_trim(t);
    if (!otel__text_parse_u64(t.s, t.n, &retry.delay_s)) {
        (void)otel__http_date_parse(t, &retry.date_s);
    }
    return retry;
}

/* The milliseconds to wait, at most UINT32_MAX; 0 = not known, now, or already over.
 *   unix_s  the wall clock, or the Date of the same reply, whose clock the sender set it by */
OTEL__FN uint32_t otel__http_retry_ms(otel__http_retry retry, uint64_t unix_s)
{
    uint64_t s = retry.delay_s;

    if (retry.date_s > unix_s) {
        s = retry.date_s - unix_s;
    }
    return s < UINT32_MAX / 1000 ? (uint32_t)s * 1000 : UINT32_MAX;
}

#endif /* OTEL__SEND_HTTP_H */
