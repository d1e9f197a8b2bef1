/* Fuzzing of everything that reads text from outside: replies, URLs, header lists, dates, UTF-8.
 * The first byte chooses the reader; what must hold of its result is checked, memory by the
 * sanitizers (each input ends with its memory).
 *
 *   with libFuzzer:  clang -g -O1 -fsanitize=fuzzer,address,undefined -DFUZZ_LIBFUZZER -I. ...
 *   without:         the program replays the files named, or else runs 200000 inputs of its own */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C"
#endif
    int
    LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) ((cond) ? (void)0 : fail(__LINE__, #cond))

static void fail(int line, const char *what)
{
    fprintf(stderr, "fuzz_http.c:%d: does not hold: %s\n", line, what);
    abort();
}

static uint64_t draw_state;

static uint32_t draw(uint32_t n) /* 0 to n - 1; xorshift64* */
{
    draw_state ^= draw_state >> 12;
    draw_state ^= draw_state << 25;
    draw_state ^= draw_state >> 27;
    return (uint32_t)(draw_state * UINT64_C(2685821657736338717) >> 33) % n;
}

/* ---- replies ---- */

#define KEEP 37

static otel__reply_result feed_in_pieces(otel__reply *r, otel__text t, uint32_t most, bool eof)
{
    otel__reply_result result = OTEL__REPLY_MORE;

    while (t.n > 0 && result == OTEL__REPLY_MORE) {
        const size_t want = 1 + (size_t)(most > 1 ? draw(most) : 0), n = want < t.n ? want : t.n;
        size_t       used = n + 1;

        result = otel__reply_feed(r, t.s, n, &used);
        MUST(used <= n && (used == n || result != OTEL__REPLY_MORE));
        t = otel__text_make(t.s + n, t.n - n);
    }
    return eof ? otel__reply_end(r) : result;
}

static void fuzz_reply(otel__text t, uint32_t max, bool eof)
{
    char               body[2][KEEP];
    otel__reply        r[2];
    otel__reply_result result[2];
    int                i;

    for (i = 0; i < 2; i++) {
        otel__reply_init(&r[i], body[i], KEEP, max);
        result[i] = feed_in_pieces(&r[i], t, i == 0 ? UINT32_MAX : draw(2) * 20 + 1, eof);
        if (i == 0 && t.n > 0 && r[0].state != OTEL__REPLY_AT_ERROR) { /* at once */
            otel__reply_init(&r[0], body[0], KEEP, max);
            result[0] = otel__reply_feed(&r[0], t.s, t.n, NULL);
            result[0] = eof ? otel__reply_end(&r[0]) : result[0];
        }
        MUST(r[i].body_total <= max && r[i].body_len <= KEEP && r[i].body_len <= r[i].body_total);
        MUST((result[i] == OTEL__REPLY_BAD) == (r[i].error != OTEL__REPLY_E_OK));
        MUST(result[i] != OTEL__REPLY_DONE || (r[i].status >= 200 && r[i].status <= 999));
        MUST(!eof || result[i] != OTEL__REPLY_MORE);
        MUST(r[i].began == (t.n > 0));
        (void)otel__reply_wait_ms(&r[i], max);
    }
    MUST(result[0] == result[1] && r[0].error == r[1].error && r[0].status == r[1].status);
    MUST(r[0].close == r[1].close && r[0].body_total == r[1].body_total);
    MUST(r[0].body_len == r[1].body_len && memcmp(body[0], body[1], r[0].body_len) == 0);
    MUST(r[0].retry.delay_s == r[1].retry.delay_s && r[0].retry.date_s == r[1].retry.date_s);
}

/* ---- URLs ---- */

static void fuzz_url(otel__text t)
{
    char               path[OTEL__HTTP_URL_MAX + 16], head[OTEL__HTTP_HEAD_MAX];
    otel__http_url     url;
    otel__http_request rq;
    size_t             n, i, lines = 0, blanks = 0;

    if (otel__http_url_parse(t, &url) != OTEL__HTTP_URL_OK) {
        return;
    }
    MUST(url.port > 0 && url.host.n > 0 && url.host.n <= OTEL__HTTP_HOST_MAX);
    MUST(url.host.s > t.s && url.host.s + url.host.n <= t.s + t.n);
    MUST(url.path.n == 0 || url.path.s[0] == '/');
    MUST(url.query.n == 0 || url.query.s[0] == '?');
    memset(&rq, 0, sizeof rq);
    rq.url = &url;
    n = otel__http_path(&url, draw(2) != 0 ? "v1/metrics" : NULL, path, sizeof path);
    MUST(n > 0 && n == strlen(path) && path[0] == '/');
    rq.path = otel__text_make(path, n);
    rq.content_type = otel__text_of("application/x-protobuf");
    rq.length = SIZE_MAX;
    n = otel__http_head(&rq, head, sizeof head);
    MUST(n > 0);
    for (i = 0; i < n; i++) { /* nothing was smuggled in */
        lines += head[i] == '\n' ? 1u : 0u;
        blanks += head[i] == ' ' ? 1u : 0u;
        MUST(head[i] >= ' ' || head[i] == '\r' || head[i] == '\n');
    }
    MUST(lines == 5 && blanks == 6);
}

/* ---- header lists ---- */

static void bad_header(void *user, otel__text key, const char *reason)
{
    (*(size_t *)user)++;
    MUST(key.n == 0 || otel__http_is_token(key));
    MUST(reason[0] != '\0');
}

static void fuzz_headers(otel__text t)
{
    const size_t   need = otel__http_headers_need(t), cap = draw(4) == 0 ? draw(64) : need;
    otel__text_buf lines = { (char *)malloc(cap > 0 ? cap : 1), cap, 0 };
    otel__text     rest, line, name;
    size_t         n_bad = 0, i;

    otel__http_headers_parse(t, &lines, bad_header, &n_bad);
    MUST(lines.len <= cap);
    rest = otel__text_make(lines.s, lines.len);
    while (otel__text_next(&rest, '\n', &line)) {
        name = otel__text_make(line.s, otel__text_find(line, ':'));
        MUST(otel__http_is_token(name) && !otel__http_is_reserved(name));
        MUST(line.n >= name.n + 3 && line.s[name.n + 1] == ' ' && line.s[line.n - 1] == '\r');
        for (i = name.n; i + 1 < line.n; i++) {
            MUST((uint8_t)line.s[i] >= 0x20u || line.s[i] == '\t');
        }
        MUST(otel__http_line_find(rest, name).n == 0); /* each name once */
    }
    free(lines.s);
}

/* ---- the rest ---- */

static void fuzz_date(otel__text t)
{
    uint64_t               unix_s = 0;
    const otel__http_retry retry = otel__http_retry_parse(t);

    MUST(!otel__http_date_parse(t, &unix_s) || unix_s <= UINT64_C(253402300800) + 86400 * 3);
    MUST(retry.delay_s == 0 || retry.date_s == 0);
    MUST(retry.date_s != 0 || otel__http_retry_ms(retry, 0) / 1000 <= retry.delay_s);
}

static void fuzz_text(otel__text t)
{
    const size_t n = otel__text_utf8_repair(NULL, t.s, t.n), max = draw(20);
    char        *out = (char *)malloc(n > 0 ? n : 1);
    size_t       cut, length = 0;
    uint64_t     v = 0;

    MUST(otel__text_utf8_repair(out, t.s, t.n) == n && n <= 3 * t.n);
    MUST(otel__text_utf8_valid(out, n));
    MUST(otel__text_utf8_valid(t.s, t.n) == (n == t.n && (n == 0 || memcmp(out, t.s, n) == 0)));
    cut = otel__text_utf8_cut(out, n, max);
    MUST(cut <= n && cut <= max && (cut == n || cut + 3 >= max));
    MUST(otel__text_utf8_valid(out, cut));
    MUST(otel__text_utf8_cut(t.s, t.n, max) <= max);
    if (otel__text_percent_decode(t, out, n < max ? n : max, &length)) {
        MUST(length <= max && length <= t.n);
    }
    (void)otel__text_parse_u64(t.s, t.n, &v);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char      *copy;
    otel__text t;

    if (size == 0) {
        return 0;
    }
    draw_state = UINT64_C(0x9e3779b97f4a7c15) ^ size * 2654435761u ^ data[size - 1];
    copy = (char *)malloc(size > 1 ? size - 1 : 1);
    memcpy(copy, data + 1, size - 1);
    t = otel__text_make(copy, size - 1);
    switch (data[0] & 7) {
    case 0: fuzz_url(t); break;
    case 1: fuzz_headers(t); break;
    case 2: fuzz_date(t); break;
    case 3: fuzz_text(t); break;
    case 4: fuzz_reply(t, 4194304, true); break;
    case 5: fuzz_reply(t, 20, false); break;
    case 6: fuzz_reply(t, 20, true); break;
    default: fuzz_reply(t, 4194304, false); break;
    }
    free(copy);
    return 0;
}

#if !defined(FUZZ_LIBFUZZER)

#define INPUT_MAX 4096
#define ROUNDS    200000

static const char *const seeds[] = {
    "0http://user@collector:4318/v1/traces?key=value#part",
    "0https://[2001:db8::1]:4318//a//b/",
    "1Authorization=Basic%20dXNlcg==,k=v, k2 = a%2Cb ,K=w,Host=x,bad,c=%0d",
    "2Sun, 06 Nov 1994 08:49:37 GMT",
    "2Sunday, 06-Nov-94 08:49:37 GMT",
    "2Sun Nov  6 08:49:37 1994",
    "2120",
    "3caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\xa0\x80 %20 12345678901234567890",
    "4HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "5HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;x=y\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n",
    "6HTTP/1.0 503 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: a, close\r\n"
    "Date: Sun, 06 Nov 1994 08:49:30 GMT\r\n\r\nuntil the end",
    "7HTTP/1.1 204 No\nRetry-After: 120\nContent-Length: 0\n\n",
};

/* Change an input here and there: other bytes, pieces left out, doubled, or taken from a seed. */
static size_t change(uint8_t *input, size_t n)
{
    uint32_t times = 1 + draw(6);

    while (times-- > 0 && n > 0) {
        const size_t at = draw((uint32_t)n), most = n - at, len = 1 + draw((uint32_t)most);
        const char  *other = seeds[draw(sizeof seeds / sizeof seeds[0])];

        switch (draw(6)) {
        case 0: input[at] = (uint8_t)draw(256); break;
        case 1: input[at] = (uint8_t) "\r\n :;,=%0\t\0/[]@-9fF"[draw(20)]; break;
        case 2: input[at] = (uint8_t)(input[at] ^ 1u << draw(8)); break;
        case 3:
            memmove(input + at, input + at + len, most - len);
            n -= len;
            break;
        case 4:
            if (n + len <= INPUT_MAX) {
                memmove(input + at + len, input + at, most);
                n += len;
            }
            break;
        default: memcpy(input + at, other, strlen(other) < most ? strlen(other) : most); break;
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    static uint8_t input[65536];
    uint64_t       state = 1;
    uint32_t       i;

    for (i = 1; i < (uint32_t)argc; i++) {
        FILE *file = fopen(argv[i], "rb");

        if (file == NULL) {
            perror(argv[i]);
            return 1;
        }
        (void)LLVMFuzzerTestOneInput(input, fread(input, 1, sizeof input, file));
        fclose(file);
    }
    for (i = 0; argc == 1 && i < ROUNDS; i++) {
        const char *seed;
        size_t      n;

        draw_state = state + i * UINT64_C(0x9e3779b97f4a7c15);
        (void)draw(2);
        seed = seeds[draw(sizeof seeds / sizeof seeds[0])];
        n = strlen(seed);
        memcpy(input, seed, n);
        (void)LLVMFuzzerTestOneInput(input, i < 100 ? n : change(input, n));
    }
    printf("ok\n");
    return 0;
}
#endif
