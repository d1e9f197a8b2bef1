/* URLs, request heads, header lists, dates: rows of what goes in and what must come out. Texts end
 * with their last byte (malloc), so that the sanitized build sees a read past it. The parser of
 * replies has test_reply.c. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A text in memory of exactly its size; its `s` is for free(). */
static otel__text exact(const char *s)
{
    const size_t n = strlen(s);
    char        *copy = (char *)malloc(n > 0 ? n : 1);

    memcpy(copy, s, n);
    return otel__text_make(copy, n);
}

static void done(otel__text t) { free((void *)t.s); }

/* ---- URLs ---- */

static void urls_are_taken_apart(void)
{
    static const struct {
        const char *url, *host, *path, *query;
        int         port;
        bool        https, ipv6;
    } rows[] = {
        { "http://localhost:4318", "localhost", "", "", 4318, false, false },
        { "http://c", "c", "", "", 80, false, false },
        { "https://c", "c", "", "", 443, true, false },
        { "hTTp://C.Example/", "C.Example", "/", "", 80, false, false },
        { "HTTPS://c:8443/my/path/", "c", "/my/path/", "", 8443, true, false },
        { "http://127.0.0.1:1", "127.0.0.1", "", "", 1, false, false },
        { "http://[::1]:4318/v1/traces", "::1", "/v1/traces", "", 4318, false, true },
        { "http://[2001:DB8::7.8.9.10]", "2001:DB8::7.8.9.10", "", "", 80, false, true },
        { "http://c:/", "c", "/", "", 80, false, false },
        { "http://[::1]:", "::1", "", "", 80, false, true },
        { "http://c:00065535", "c", "", "", 65535, false, false },
        { "http://c?a=b", "c", "", "?a=b", 80, false, false },
        { "http://c/p?a=/b?c#d", "c", "/p", "?a=/b?c", 80, false, false },
        { "http://c#d", "c", "", "", 80, false, false },
        { "http://c/a@b:c", "c", "/a@b:c", "", 80, false, false },
        { "http://under_score-1.x.", "under_score-1.x.", "", "", 80, false, false },
        { "http://c//a//b", "c", "//a//b", "", 80, false, false },
        { "http://c/%20%zz", "c", "/%20%zz", "", 80, false, false },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const otel__text text = exact(rows[i].url);
        otel__http_url   url;

        if (T_EQ_INT(otel__http_url_parse(text, &url), OTEL__HTTP_URL_OK)) {
            T_EQ_MEM(url.host.s, url.host.n, rows[i].host, strlen(rows[i].host));
            T_EQ_MEM(url.path.s, url.path.n, rows[i].path, strlen(rows[i].path));
            T_EQ_MEM(url.query.s, url.query.n, rows[i].query, strlen(rows[i].query));
            T_EQ_INT(url.port, rows[i].port);
            T_EQ_INT(url.https, rows[i].https);
            T_EQ_INT(url.ipv6, rows[i].ipv6);
        } else {
            printf("    in \"%s\"\n", rows[i].url);
        }
        done(text);
    }
}

static void urls_that_are_none_are_refused(void)
{
    static const struct {
        const char          *url;
        otel__http_url_error error;
    } rows[] = {
        { "", OTEL__HTTP_URL_LENGTH },
        { " http://c", OTEL__HTTP_URL_CHARACTER },
        { "http://c ", OTEL__HTTP_URL_CHARACTER },
        { "http://c/a b", OTEL__HTTP_URL_CHARACTER },
        { "http://c/\r\nX-Forged: 1", OTEL__HTTP_URL_CHARACTER },
        { "http://c/\t", OTEL__HTTP_URL_CHARACTER },
        { "http://c/\x7f", OTEL__HTTP_URL_CHARACTER },
        { "http://caf\xc3\xa9/", OTEL__HTTP_URL_CHARACTER },
        { "localhost", OTEL__HTTP_URL_NO_SCHEME },
        { "localhost:4318", OTEL__HTTP_URL_NO_SCHEME },
        { "//localhost", OTEL__HTTP_URL_NO_SCHEME },
        { "://localhost", OTEL__HTTP_URL_NO_SCHEME },
        { "http:", OTEL__HTTP_URL_NO_SCHEME },
        { "http:/", OTEL__HTTP_URL_NO_SCHEME },
        { "http:/c", OTEL__HTTP_URL_NO_SCHEME },
        { "h", OTEL__HTTP_URL_NO_SCHEME },
        { "ftp://c", OTEL__HTTP_URL_SCHEME },
        { "httpx://c", OTEL__HTTP_URL_SCHEME },
        { "unix:///run/otel.sock", OTEL__HTTP_URL_SCHEME },
        { "http://user:secret@c", OTEL__HTTP_URL_USERINFO },
        { "http://user@c:1/", OTEL__HTTP_URL_USERINFO },
        { "http://@c", OTEL__HTTP_URL_USERINFO },
        { "http://", OTEL__HTTP_URL_HOST },
        { "http:///v1", OTEL__HTTP_URL_HOST },
        { "http://:80", OTEL__HTTP_URL_HOST },
        { "http://?x", OTEL__HTTP_URL_HOST },
        { "http://a%20b", OTEL__HTTP_URL_HOST },
        { "http://a,b", OTEL__HTTP_URL_HOST },
        { "http://[]", OTEL__HTTP_URL_HOST },
        { "http://[", OTEL__HTTP_URL_HOST },
        { "http://[::1", OTEL__HTTP_URL_HOST },
        { "http://[::1]x", OTEL__HTTP_URL_HOST },
        { "http://[::1]4318", OTEL__HTTP_URL_HOST },
        { "http://[fe80::1%25eth0]", OTEL__HTTP_URL_HOST },
        { "http://[localhost]", OTEL__HTTP_URL_HOST },
        { "http://::1", OTEL__HTTP_URL_HOST },
        { "http://fe80::1", OTEL__HTTP_URL_PORT },
        { "http://c:0", OTEL__HTTP_URL_PORT },
        { "http://c:65536", OTEL__HTTP_URL_PORT },
        { "http://c:18446744073709551617", OTEL__HTTP_URL_PORT },
        { "http://c:80x", OTEL__HTTP_URL_PORT },
        { "http://c:-1", OTEL__HTTP_URL_PORT },
        { "http://c:80:80", OTEL__HTTP_URL_PORT },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const otel__text text = exact(rows[i].url);
        otel__http_url   url;

        if (!T_EQ_INT(otel__http_url_parse(text, &url), rows[i].error)) {
            printf("    in \"%s\"\n", rows[i].url);
        }
        T_CHECK(otel__http_url_text(rows[i].error)[0] != '\0');
        done(text);
    }
}

static void urls_and_hosts_have_a_greatest_length(void)
{
    char           text[OTEL__HTTP_URL_MAX + 2];
    otel__http_url url;

    memset(text, 'a', sizeof text);
    memcpy(text, "http://c/", 9);
    T_EQ_INT(otel__http_url_parse(otel__text_make(text, OTEL__HTTP_URL_MAX), &url),
             OTEL__HTTP_URL_OK);
    T_EQ_INT(otel__http_url_parse(otel__text_make(text, OTEL__HTTP_URL_MAX + 1), &url),
             OTEL__HTTP_URL_LENGTH);
    text[8] = 'c';
    T_EQ_INT(otel__http_url_parse(otel__text_make(text, 7 + OTEL__HTTP_HOST_MAX), &url),
             OTEL__HTTP_URL_OK);
    T_EQ_INT(otel__http_url_parse(otel__text_make(text, 8 + OTEL__HTTP_HOST_MAX), &url),
             OTEL__HTTP_URL_HOST);
}

static void paths_are_joined_with_one_slash(void)
{
    static const struct {
        const char *url, *signal, *path;
    } rows[] = {
        { "http://c:4318", "v1/traces", "/v1/traces" },
        { "http://c:4318/", "v1/traces", "/v1/traces" },
        { "http://c:4318/", "/v1/logs", "/v1/logs" },
        { "http://c:4318//", "/v1/logs", "/v1/logs" },
        { "http://c:4318/my", "v1/metrics", "/my/v1/metrics" },
        { "http://c:4318/my/", "v1/metrics", "/my/v1/metrics" },
        { "http://c:4318/a//b///", "v1/metrics", "/a//b/v1/metrics" },
        { "http://c?key=1", "v1/logs", "/v1/logs?key=1" },
        { "http://c/my/?key=1#x", "v1/logs", "/my/v1/logs?key=1" },
        { "http://c:4318", NULL, "/" }, /* a signal's own URL stays as it is */
        { "http://c:4318/", NULL, "/" },
        { "https://x/v1/metrics/", NULL, "/v1/metrics/" },
        { "http://c?key=1", NULL, "/?key=1" },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const otel__text text = exact(rows[i].url);
        const size_t     n = strlen(rows[i].path);
        otel__http_url   url;
        char             path[64];

        T_EQ_INT(otel__http_url_parse(text, &url), OTEL__HTTP_URL_OK);
        memset(path, 0x7e, sizeof path);
        T_EQ_INT(otel__http_path(&url, rows[i].signal, path, n + 1), n);
        T_EQ_STR(path, rows[i].path);
        T_EQ_INT(path[n + 1], 0x7e);
        T_EQ_INT(otel__http_path(&url, rows[i].signal, path, n), 0);
        done(text);
    }
}

/* ---- requests ---- */

static size_t head_of(const char *url_text, const char *headers, const char *encoding, char *dst,
                      size_t cap)
{
    otel__http_url     url;
    otel__http_request rq;

    if (!T_EQ_INT(otel__http_url_parse(otel__text_of(url_text), &url), OTEL__HTTP_URL_OK)) {
        return 0;
    }
    memset(&rq, 0, sizeof rq);
    rq.url = &url;
    rq.path = otel__text_of("/v1/traces");
    rq.content_type = otel__text_of("application/x-protobuf");
    rq.encoding = otel__text_of(encoding);
    rq.headers = otel__text_of(headers);
    rq.length = 1234567;
    return otel__http_head(&rq, dst, cap);
}

static void a_head_names_the_host_and_what_follows(void)
{
    static const struct {
        const char *url, *host;
    } rows[] = {
        { "http://localhost:4318", "localhost:4318" },
        { "http://c", "c" },
        { "http://c:80", "c" },
        { "http://c:443", "c:443" },
        { "https://c:443", "c" },
        { "https://c:80", "c:80" },
        { "http://[::1]:4318", "[::1]:4318" },
        { "http://[::1]", "[::1]" },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        char   head[OTEL__HTTP_HEAD_MAX], want[512];
        size_t n = head_of(rows[i].url, NULL, NULL, head, sizeof head);

        snprintf(want, sizeof want,
                 "POST /v1/traces HTTP/1.1\r\nHost: %s\r\n"
                 "User-Agent: otel_lite-OTLP-Exporter-C/%s\r\n"
                 "Content-Type: application/x-protobuf\r\nContent-Length: 1234567\r\n",
                 rows[i].host, OTEL_LITE_VERSION);
        T_EQ_MEM(head, n, want, strlen(want));
    }
}

static void a_head_fits_exactly_or_not_at_all(void)
{
    char   head[OTEL__HTTP_HEAD_MAX];
    size_t n = head_of("http://c:1", NULL, "gzip", head, sizeof head), i;

    T_CHECK(n > 0 && strstr(head, "\r\nContent-Encoding: gzip\r\n") != NULL);
    for (i = 0; i <= n; i++) {
        char *tight = (char *)malloc(i > 0 ? i : 1);

        T_EQ_INT(head_of("http://c:1", NULL, "gzip", tight, i), i == n ? n : 0);
        free(tight);
    }
}

static void the_largest_url_fits_a_head(void)
{
    char               text[OTEL__HTTP_URL_MAX + 1], path[OTEL__HTTP_URL_MAX + 16];
    char               head[OTEL__HTTP_HEAD_MAX];
    otel__http_url     url;
    otel__http_request rq;

    memset(text, 'a', sizeof text);
    memcpy(text, "http://", 7);
    memcpy(text + 7 + 200, ":65535/", 7);
    T_EQ_INT(otel__http_url_parse(otel__text_make(text, OTEL__HTTP_URL_MAX), &url),
             OTEL__HTTP_URL_OK);
    memset(&rq, 0, sizeof rq);
    rq.url = &url;
    rq.path = otel__text_make(path, otel__http_path(&url, "v1/metrics", path, sizeof path));
    rq.content_type = otel__text_of("application/x-protobuf");
    rq.encoding = otel__text_of("gzip");
    rq.length = SIZE_MAX;
    T_CHECK(rq.path.n > 0 && otel__http_head(&rq, head, sizeof head) > 0);
}

static void a_user_agent_of_the_user_replaces_ours(void)
{
    char   head[OTEL__HTTP_HEAD_MAX];
    size_t n = head_of("http://c", "X: 1\r\nuser-agent: mine\r\n", NULL, head, sizeof head);

    head[n] = '\0';
    T_CHECK(n > 0 && strstr(head, "ser-") == NULL);
    n = head_of("http://c", "X-User-Agent: 1\r\n", NULL, head, sizeof head);
    head[n] = '\0';
    T_CHECK(n > 0 && strstr(head, "User-Agent: otel_lite-") != NULL);
}

/* ---- header lists ---- */

static char told[1024]; /* what the callback was told, one "key|reason;" each */

static void tell(void *user, otel__text key, const char *reason)
{
    const size_t n = strlen(told);

    T_CHECK(user == told);
    snprintf(told + n, sizeof told - n, "%.*s|%s;", (int)key.n, key.n > 0 ? key.s : "", reason);
}

static void header_lists_become_lines(void)
{
    static const struct {
        const char *list, *lines, *told;
    } rows[] = {
        { "", "", "" },
        { "k=v", "k: v\r\n", "" },
        { "k=v,k2=v2", "k: v\r\nk2: v2\r\n", "" },
        { " \tk\t = v , k2 =\tv2 ", "k: v\r\nk2: v2\r\n", "" },
        { "auth=dXNlcg==", "auth: dXNlcg==\r\n", "" },
        { "Authorization=Basic%20dXNlcg==", "Authorization: Basic dXNlcg==\r\n", "" },
        { "k=a%2Cb+c%3d", "k: a,b+c=\r\n", "" },
        { "k=", "k: \r\n", "" },
        { "k=;p=1;q", "k: ;p=1;q\r\n", "" },
        { "k=%C3%A9\xc3\xa9", "k: \xc3\xa9\xc3\xa9\r\n", "" },
        { ",,k=v,, ,", "k: v\r\n", "" },
        { "a=1,A=2", "A: 2\r\n", "" },
        { "a=1,b=2,A=3,c=4,a=5", "b: 2\r\nc: 4\r\na: 5\r\n", "" },
        { "aa=1,a=2,aaa=3,a=4", "aa: 1\r\naaa: 3\r\na: 4\r\n", "" },
        { "a=1,a=%0d", "a: 1\r\n", "a|its value has a control character;" },
        { "key", "", "|it has no '=';" },
        { "a=1,SECRET PART", "a: 1\r\n", "|it has no '=';" },
        { "=v", "", "|its name is not a valid header name;" },
        { "a b=v", "", "|its name is not a valid header name;" },
        { "a\r\nX: y=v", "", "|its name is not a valid header name;" },
        { "k\xc3\xa9=v,a:b=1", "",
          "|its name is not a valid header name;"
          "|its name is not a valid header name;" },
        { "k=a\r\nX-Forged: 1", "", "k|its value has a control character;" },
        { "k=a%0D%0AX-Forged: 1", "", "k|its value has a control character;" },
        { "k=%0a,l=%00,m=%7f,n=%1b", "",
          "k|its value has a control character;l|its value has a control character;"
          "m|its value has a control character;n|its value has a control character;" },
        { "k=a%09b", "k: a\tb\r\n", "" },
        { "k=%2", "", "k|its value is not percent-encoded correctly;" },
        { "k=50%,l=1", "l: 1\r\n", "k|its value is not percent-encoded correctly;" },
        { "Host=a,hOST=b", "",
          "Host|the library sets this header itself;hOST|the library sets this header itself;" },
        { "Content-Length=1,transfer-encoding=chunked,Content-Type=x,CONTENT-ENCODING=gzip,"
          "Connection=close,k=v",
          "k: v\r\n",
          "Content-Length|the library sets this header itself;"
          "transfer-encoding|the library sets this header itself;"
          "Content-Type|the library sets this header itself;"
          "CONTENT-ENCODING|the library sets this header itself;"
          "Connection|the library sets this header itself;" },
        { "expect=100-continue,te=trailers", "",
          "expect|the library sets this header itself;te|the library sets this header itself;" },
        { "User-Agent=mine,X-Host=1", "User-Agent: mine\r\nX-Host: 1\r\n", "" },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const otel__text list = exact(rows[i].list);
        const size_t     need = otel__http_headers_need(list);
        otel__text_buf   lines = { (char *)malloc(need > 0 ? need : 1), need, 0 };

        told[0] = '\0';
        otel__http_headers_parse(list, &lines, tell, told);
        if (!T_EQ_MEM(lines.s, lines.len, rows[i].lines, strlen(rows[i].lines)) ||
            !T_EQ_STR(told, rows[i].told)) {
            printf("    in \"%s\"\n", rows[i].list);
        }
        lines.len = 0;
        otel__http_headers_parse(list, &lines, NULL, NULL);
        T_EQ_INT(lines.len, strlen(rows[i].lines));
        free(lines.s);
        done(list);
    }
}

static void headers_that_do_not_fit_are_told_and_left_out(void)
{
    const char    *list = "first=1,second=22,first=3,x=4";
    size_t         cap;
    otel__text_buf lines;

    for (cap = 0; cap <= otel__http_headers_need(otel__text_of(list)); cap++) {
        otel__text rest, line;
        size_t     n_lines = 0, n_told = 0;
        char      *at;

        lines.s = (char *)malloc(cap > 0 ? cap : 1);
        lines.cap = cap;
        lines.len = 0;
        told[0] = '\0';
        otel__http_headers_parse(otel__text_of(list), &lines, tell, told);
        T_CHECK(lines.len <= cap);
        rest = otel__text_make(lines.s, lines.len);
        while (otel__text_next(&rest, '\n', &line)) { /* whole lines only */
            T_CHECK(line.n > 3 && line.s[line.n - 1] == '\r' &&
                    otel__text_find(line, ':') < line.n);
            n_lines++;
        }
        for (at = told; (at = strchr(at, ';')) != NULL; at++) {
            n_told++;
        }
        T_CHECK(n_lines + n_told == 3 || (n_told > 0 && n_lines + n_told == 4));
        free(lines.s);
    }
}

static void headers_join_lines_that_are_there(void)
{
    char           room[128];
    otel__text_buf lines = { room, sizeof room, 0 };

    otel__http_headers_parse(otel__text_of("a=general,b=general"), &lines, NULL, NULL);
    otel__http_headers_parse(otel__text_of("B=own,c=own"), &lines, NULL, NULL);
    T_EQ_MEM(room, lines.len, "a: general\r\nB: own\r\nc: own\r\n", 28);
}

/* ---- dates and Retry-After ---- */

static void dates_are_read_in_three_forms(void)
{
    static const struct {
        const char *date;
        uint64_t    unix_s;
    } rows[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
        { "Sun Nov  6 08:49:37 1994", 784111777 },
        { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
        { "Tue, 29 Feb 2000 23:59:59 GMT", 951868799 },
        { "Wed, 01 Mar 2000 00:00:00 GMT", 951868800 },
        { "Tue, 28 Feb 2023 12:00:00 GMT", 1677585600 },
        { "Wed, 01 Mar 2023 12:00:00 GMT", 1677672000 },
        { "Thu, 31 Dec 2026 23:59:60 GMT", 1798761600 }, /* a leap second */
        { "Sat, 01 Jan 2028 00:00:00 GMT", 1830297600 },
        { "Mon, 01 Mar 2100 00:00:00 GMT", 4107542400 },
        { "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
        { "Sunday, 06-Nov-69 08:49:37 GMT", 3150953377 },
        { "Friday, 06-Nov-70 08:49:37 GMT", 26729377 },
        { "Monday, 03-Jan-00 00:00:00 GMT", 946857600 },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const otel__text t = exact(rows[i].date);
        uint64_t         unix_s = 1;

        T_CHECK(otel__http_date_parse(t, &unix_s));
        T_EQ_INT(unix_s, rows[i].unix_s);
        done(t);
    }
}

static void what_is_no_date_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "soon",
        "Sun, 06 Nov 1994",
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 06 Nov 1994 08:49:37 GMT x",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 10000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 5 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 06 11 1994 08:49:37 GMT",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
        "Sun, 1x Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        ":::::::::",
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const otel__text t = exact(rows[i]);
        uint64_t         unix_s = 1;

        if (!T_CHECK(!otel__http_date_parse(t, &unix_s)) || !T_EQ_INT(unix_s, 1)) {
            printf("    in \"%s\"\n", rows[i]);
        }
        done(t);
    }
}

static void every_day_follows_the_one_before(void)
{
    static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    uint64_t                   want = 0;
    unsigned                   y, m, d;

    for (y = 1970; y <= 2500; y++) {
        for (m = 1; m <= 12; m++) {
            const bool     leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
            const unsigned n = lengths[m - 1] + (m == 2 && leap ? 1u : 0u);

            for (d = 1; d <= n; d++, want++) {
                if (!T_EQ_INT(otel__http_days(y, m, d), want)) {
                    return;
                }
            }
        }
    }
}

static void retry_after_is_seconds_or_a_date(void)
{
    static const struct {
        const char *value;
        uint64_t    now;
        uint32_t    ms;
    } rows[] = {
        { "0", 5, 0 },
        { "7", 5, 7000 },
        { " 7\t", 5, 7000 },
        { "4294967", 5, UINT32_MAX }, /* the first that is told as "as long as can be said" */
        { "4294966", 5, 4294966000u },
        { "18446744073709551615", 5, UINT32_MAX },
        { "18446744073709551616", 5, 0 }, /* not a number that we can read */
        { "-7", 5, 0 },
        { "7.5", 5, 0 },
        { "", 5, 0 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111776, 1000 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777, 0 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 1784111777, 0 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 0, UINT32_MAX },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const otel__text t = exact(rows[i].value);

        T_EQ_INT(otel__http_retry_ms(otel__http_retry_parse(t), rows[i].now), rows[i].ms);
        done(t);
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(urls_are_taken_apart);
    T_RUN(urls_that_are_none_are_refused);
    T_RUN(urls_and_hosts_have_a_greatest_length);
    T_RUN(paths_are_joined_with_one_slash);
    T_RUN(a_head_names_the_host_and_what_follows);
    T_RUN(a_head_fits_exactly_or_not_at_all);
    T_RUN(the_largest_url_fits_a_head);
    T_RUN(a_user_agent_of_the_user_replaces_ours);
    T_RUN(header_lists_become_lines);
    T_RUN(headers_that_do_not_fit_are_told_and_left_out);
    T_RUN(headers_join_lines_that_are_there);
    T_RUN(dates_are_read_in_three_forms);
    T_RUN(what_is_no_date_is_refused);
    T_RUN(every_day_follows_the_one_before);
    T_RUN(retry_after_is_seconds_or_a_date);
    return t_end();
}
