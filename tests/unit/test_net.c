/* The HTTP client against a server thread on loopback: each test gives the server a script and
 * looks at the outcome of the exchanges, what the server got, and how many connections it took. */
/* flags: -pthread */
#define OTEL_LITE_IMPLEMENTATION
#include <stdint.h>
struct sockaddr_storage;
static int test_resolve(const char *host, uint16_t port, struct sockaddr_storage *a, int max);
#define OTEL_LITE_RESOLVE(host, port, a, max) test_resolve(host, port, a, max)
#include "src/otel_lite.in.h"
#include "t.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#define LIMIT_MS 5000    /* of one exchange that is to succeed */
#define BIG      8388608 /* bytes of a big body: more than loopback's buffers take at once */

/* ---- the server ---- */

struct server {
    int       listener, conn;
    uint16_t  port;
    pthread_t thread;
    bool      running;
    void (*script)(struct server *);
    int    n_conns, n_requests;
    char   head[2048]; /* of the last request */
    size_t n_body;     /* of the last request */
    bool   body_ok;    /* it was the pattern that big_body() makes */
    int    stop[2];    /* a pipe: written to when the test is over */
    int    go[2];      /* a pipe: written to when the script may go on */
};

static struct server srv;

static char body_byte(size_t i) { return (char)('a' + (i * 7 + i / 251) % 26); }

static const char *big_body(void)
{
    static char body[BIG];
    size_t      i;

    for (i = 0; i < BIG && body[BIG - 1] == 0; i++) {
        body[i] = body_byte(i);
    }
    return body;
}

static void pause_ms(unsigned ms) { (void)poll(NULL, 0, (int)ms); }

/* Wait until `fd` has something to read; false when the test is over before that. */
static bool wait_for(struct server *s, int fd)
{
    struct pollfd p[2];

    p[0].fd = fd;
    p[1].fd = s->stop[0];
    p[0].events = p[1].events = POLLIN;
    p[0].revents = p[1].revents = 0;
    return poll(p, 2, -1) > 0 && p[1].revents == 0;
}

/* Wait until the test is over. */
static void linger(struct server *s)
{
    while (wait_for(s, -1)) {
    }
}

static void on_accept(struct server *s)
{
    s->conn = wait_for(s, s->listener) ? accept(s->listener, NULL, NULL) : -1;
    s->n_conns += s->conn >= 0;
}

static ssize_t take(struct server *s, char *to, size_t n)
{
    return s->conn >= 0 && wait_for(s, s->conn) ? recv(s->conn, to, n, 0) : -1;
}

static void hang_up(struct server *s)
{
    if (s->conn >= 0) {
        close(s->conn);
    }
    s->conn = -1;
}

/* Close with a reset instead of an orderly end. */
static void slam(struct server *s)
{
    struct linger hard;

    hard.l_onoff = 1;
    hard.l_linger = 0;
    setsockopt(s->conn, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    hang_up(s);
}

static void say_bytes(struct server *s, const char *text, size_t n)
{
    while (n > 0) {
        const ssize_t put = send(s->conn, text, n, MSG_NOSIGNAL);
        if (put <= 0) {
            return;
        }
        text += put;
        n -= (size_t)put;
    }
}

static void say(struct server *s, const char *text) { say_bytes(s, text, strlen(text)); }

/* Read one request: the head one byte at a time, then the body, `slow` bytes a millisecond. */
static bool hear(struct server *s, size_t slow)
{
    static char buffer[65536];
    size_t      n = 0, length;
    const char *field;

    while (n < 4 || memcmp(s->head + n - 4, "\r\n\r\n", 4) != 0) {
        if (n + 1 >= sizeof s->head || take(s, s->head + n, 1) != 1) {
            return false;
        }
        s->head[++n] = '\0';
    }
    field = strstr(s->head, "Content-Length: ");
    length = field != NULL ? strtoul(field + 16, NULL, 10) : 0;
    s->body_ok = true;
    for (s->n_body = 0; s->n_body < length;) {
        const size_t  left = length - s->n_body, most = slow > 0 ? slow : sizeof buffer;
        const ssize_t got = take(s, buffer, left < most ? left : most);
        ssize_t       i;

        if (got <= 0) {
            return false;
        }
        for (i = 0; i < got; i++) {
            s->body_ok = s->body_ok && buffer[i] == body_byte(s->n_body + (size_t)i);
        }
        s->n_body += (size_t)got;
        if (slow > 0) {
            pause_ms(1);
        }
    }
    s->n_requests++;
    return true;
}

static void *serve(void *user)
{
    struct server *s = (struct server *)user;

    s->script(s);
    hang_up(s);
    return NULL;
}

/* Listen on a free port of an address; false when the machine has no such address. */
static bool server_listen(int family, int backlog)
{
    struct sockaddr_in6 a6;
    struct sockaddr_in  a4;
    socklen_t           size = family == AF_INET6 ? sizeof a6 : sizeof a4;
    struct sockaddr    *a = family == AF_INET6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4;

    memset(&srv, 0, sizeof srv);
    memset(&a4, 0, sizeof a4);
    memset(&a6, 0, sizeof a6);
    a4.sin_family = AF_INET;
    a4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a6.sin6_family = AF_INET6;
    a6.sin6_addr.s6_addr[15] = 1;
    srv.conn = -1;
    srv.listener = socket(family, SOCK_STREAM, 0);
    if (srv.listener < 0 || bind(srv.listener, a, size) != 0 ||
        listen(srv.listener, backlog) != 0 || getsockname(srv.listener, a, &size) != 0) {
        return false;
    }
    srv.port = ntohs(family == AF_INET6 ? a6.sin6_port : a4.sin_port);
    return true;
}

static void server_run(void (*script)(struct server *))
{
    srv.script = script;
    T_CHECK(pipe(srv.stop) == 0 && pipe(srv.go) == 0);
    srv.running = T_EQ_INT(pthread_create(&srv.thread, NULL, serve, &srv), 0) != 0;
}

static void server_start(void (*script)(struct server *))
{
    T_CHECK(server_listen(AF_INET, 16));
    server_run(script);
}

/* Wait for the end of the script. */
static void server_end(void)
{
    if (srv.running) {
        T_EQ_INT(write(srv.stop[1], "x", 1), 1);
        pthread_join(srv.thread, NULL);
        close(srv.stop[0]);
        close(srv.stop[1]);
        close(srv.go[0]);
        close(srv.go[1]);
    }
    close(srv.listener);
}

/* ---- the client ---- */

static otel__net net;
static char      reply_bytes[64];
static char      url_text[128];

static otel__net_config config_for(const char *url)
{
    otel__net_config c;

    memset(&c, 0, sizeof c);
    snprintf(url_text, sizeof url_text, "%s", url);
    T_EQ_INT(otel__http_url_parse(otel__text_of(url_text), &c.url), OTEL__HTTP_URL_OK);
    c.timeout_ms = LIMIT_MS;
    c.reply_max = 100000;
    c.reply = reply_bytes;
    c.reply_cap = sizeof reply_bytes;
    return c;
}

static void client(const char *host, uint32_t timeout_ms)
{
    char             url[96];
    otel__net_config c;

    snprintf(url, sizeof url, "http://%s:%u", host, (unsigned)srv.port);
    c = config_for(url);
    c.timeout_ms = timeout_ms;
    otel__net_init(&net, &c);
}

static unsigned n_waits_to_send; /* how often an exchange waited for room to send */

/* Drive the exchange to its end, as an engine does. */
static otel__net_result drive(void)
{
    int rounds;

    n_waits_to_send = 0;
    for (rounds = 0; rounds < 100000; rounds++) {
        const uint64_t         now = otel__mono_ns();
        const otel__net_result result = otel__net_step(&net, now);
        const uint64_t         until = otel__net_deadline(&net);
        struct pollfd          p;
        uint64_t               ms;

        if (result != OTEL__NET_BUSY) {
            return result;
        }
        if (!T_CHECK(otel__net_pollfd(&net, &p))) {
            return result;
        }
        n_waits_to_send += (p.events & POLLIN) != 0 && (p.events & POLLOUT) != 0;
        ms = until > now ? (until - now) / 1000000 + 1 : 0;
        (void)poll(&p, 1, ms < 1000 ? (int)ms : 1000);
    }
    T_CHECK(!"the exchange came to an end");
    return OTEL__NET_BUSY;
}

static otel__net_result post(const char *body, size_t n)
{
    otel__net_start(&net, "/v1/traces", "application/x-protobuf", body, n);
    return drive();
}

static void expect_reply(otel__net_result result, int status, const char *body)
{
    if (!T_EQ_INT(result, OTEL__NET_DONE)) {
        printf("    error: %s (%d)\n", net.error_text, net.sys_errno);
        return;
    }
    T_EQ_INT(net.reply.status, status);
    T_EQ_MEM(reply_bytes, net.reply.body_len, body, strlen(body));
    T_EQ_INT(net.error, OTEL__NET_E_OK);
}

static void expect_failure(otel__net_result result, otel__net_error error)
{
    T_EQ_INT(result, OTEL__NET_FAILED);
    T_EQ_STR(net.error_text, otel__net_text(error));
    T_EQ_INT(net.error, error);
    T_EQ_INT(net.fd, -1);
    T_EQ_INT(otel__net_deadline(&net), OTEL__NET_NEVER);
}

/* ---- exchanges that succeed ---- */

static const char *const OK_REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void script_one(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
    }
    linger(s);
}

static void a_request_arrives_whole_and_its_reply_comes_back(void)
{
    char             want[512];
    otel__net_config c;

    server_start(script_one);
    client("127.0.0.1", LIMIT_MS);
    c = net.config;
    c.headers = otel__text_of("Authorization: Bearer x\r\nX-Scope: 1\r\n");
    otel__net_init(&net, &c);
    expect_reply(post(big_body(), 1000), 200, "ok");
    server_end();
    snprintf(want, sizeof want,
             "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: %s\r\n"
             "Content-Type: application/x-protobuf\r\nContent-Length: 1000\r\n"
             "Authorization: Bearer x\r\nX-Scope: 1\r\n\r\n",
             (unsigned)srv.port, OTEL__HTTP_USER_AGENT);
    T_EQ_STR(srv.head, want);
    T_EQ_INT(srv.n_body, 1000);
    T_CHECK(srv.body_ok);
    otel__net_close(&net);
}

static void an_empty_body_is_sent_with_its_length(void)
{
    server_start(script_one);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post(NULL, 0), 200, "ok");
    otel__net_close(&net);
    server_end();
    T_CHECK(strstr(srv.head, "Content-Length: 0\r\n") != NULL);
}

static void script_drip(struct server *s)
{
    const char *text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "2\r\nok\r\n4\r\n now\r\n0\r\n\r\n";

    on_accept(s);
    if (hear(s, 0)) {
        for (; *text != '\0'; text++) {
            say_bytes(s, text, 1);
            pause_ms(1);
        }
    }
    linger(s);
}

static void script_interim(struct server *s)
{
    on_accept(s);
    say(s, "HTTP/1.1 100 Continue\r\n\r\n");
    if (hear(s, 0)) {
        pause_ms(5);
        say(s, "HTTP/1.1 102 Processing\r\n\r\n");
        pause_ms(5);
        say(s, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    }
    linger(s);
}

static void script_until_close(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, "HTTP/1.0 200 OK\r\n\r\nall of it");
    }
}

static void script_redirect(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, "HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\n"
               "Content-Length: 0\r\n\r\n");
    }
    linger(s);
}

static void replies_of_every_form_are_read(void)
{
    server_start(script_drip);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok now");
    T_CHECK(net.fd >= 0);
    otel__net_close(&net);
    server_end();

    server_start(script_interim);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 503, "");
    T_EQ_INT(otel__reply_wait_ms(&net.reply, 0), 7000);
    otel__net_close(&net);
    server_end();

    server_start(script_until_close);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "all of it");
    T_EQ_INT(net.fd, -1);
    server_end();
}

static void redirects_are_not_followed(void)
{
    server_start(script_redirect);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 307, "");
    otel__net_close(&net);
    server_end();
    T_EQ_INT(srv.n_conns, 1);
}

static void script_slow_reader(struct server *s)
{
    on_accept(s);
    if (hear(s, 65536)) {
        say(s, OK_REPLY);
    }
    linger(s);
}

static void a_big_body_reaches_a_slow_reader_in_pieces(void)
{
    server_start(script_slow_reader);
    client("127.0.0.1", 20000);
    expect_reply(post(big_body(), BIG), 200, "ok");
    T_CHECK(n_waits_to_send > 0);
    otel__net_close(&net);
    server_end();
    T_EQ_INT(srv.n_body, BIG);
    T_CHECK(srv.body_ok);
}

static void script_refuse_early(struct server *s)
{
    on_accept(s);
    say(s, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    linger(s); /* reads nothing of the body */
}

static void a_reply_before_the_request_was_sent_counts_and_ends_the_connection(void)
{
    server_start(script_refuse_early);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post(big_body(), BIG), 413, "no");
    T_EQ_INT(net.fd, -1);
    server_end();
}

/* ---- one connection, several requests ---- */

static void script_keep(struct server *s)
{
    on_accept(s);
    while (hear(s, 0)) {
        say(s, OK_REPLY);
    }
}

static void a_connection_is_kept_for_the_next_request(void)
{
    int i;

    server_start(script_keep);
    client("127.0.0.1", LIMIT_MS);
    for (i = 0; i < 20; i++) {
        expect_reply(post(big_body(), (size_t)i * 100), 200, "ok");
    }
    T_CHECK(net.reused);
    otel__net_close(&net);
    server_end();
    T_EQ_INT(srv.n_conns, 1);
    T_EQ_INT(srv.n_requests, 20);
}

static void script_close_each(struct server *s)
{
    int i;

    for (i = 0; i < 3; i++) {
        on_accept(s);
        if (hear(s, 0)) {
            say(s, OK_REPLY); /* says nothing of closing */
        }
        hang_up(s);
    }
}

/* Wait until the peer's end of the connection has arrived. */
static void wait_for_end(void)
{
    struct pollfd p;

    p.fd = net.fd;
    p.events = POLLIN;
    p.revents = 0;
    T_EQ_INT(poll(&p, 1, LIMIT_MS), 1);
}

static void a_kept_connection_that_was_closed_is_replaced_before_it_is_used(void)
{
    int i;

    server_start(script_close_each);
    client("127.0.0.1", LIMIT_MS);
    for (i = 0; i < 3; i++) {
        expect_reply(post(big_body(), 10), 200, "ok");
        T_CHECK(!net.reused);
        wait_for_end();
    }
    otel__net_close(&net);
    server_end();
    T_EQ_INT(srv.n_conns, 3);
    T_EQ_INT(srv.n_requests, 3);
}

static void (*break_off)(struct server *) = hang_up;

static void script_stale(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
    }
    (void)hear(s, 0); /* the second request is read and not answered */
    break_off(s);
    on_accept(s);
    if (hear(s, 0)) {
        say(s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain");
    }
    linger(s);
}

static void a_kept_connection_that_ends_without_a_reply_is_replaced_once(void)
{
    int i;

    for (i = 0; i < 2; i++) {
        break_off = i == 0 ? hang_up : slam;
        server_start(script_stale);
        client("127.0.0.1", LIMIT_MS);
        expect_reply(post(big_body(), 10), 200, "ok");
        expect_reply(post(big_body(), BIG / 32), 200, "again");
        T_CHECK(!net.reused);
        otel__net_close(&net);
        server_end();
        T_EQ_INT(srv.n_conns, 2);
        T_EQ_INT(srv.n_requests, 3);
        T_CHECK(srv.body_ok && srv.n_body == BIG / 32);
    }
}

static void script_stale_in_body(struct server *s)
{
    char c;

    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
    }
    (void)take(s, &c, 1);
    slam(s);
    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
    }
    linger(s);
}

static void a_kept_connection_that_breaks_while_sending_is_replaced_and_all_sent_again(void)
{
    server_start(script_stale_in_body);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    expect_reply(post(big_body(), BIG), 200, "ok");
    otel__net_close(&net);
    server_end();
    T_CHECK(srv.n_conns == 2 && srv.body_ok && srv.n_body == BIG);
}

static void script_stale_when_told(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
    }
    (void)wait_for(s, s->go[0]);
    hang_up(s);
    linger(s);
}

static void replacing_a_connection_does_not_extend_the_deadline(void)
{
    const uint64_t start = 1000000000, timeout = 100000000, later = start + timeout / 2;

    server_start(script_stale_when_told);
    client("127.0.0.1", 100);
    expect_reply(post("x", 1), 200, "ok");
    otel__net_start(&net, "/", "text/plain", "x", 1);
    T_EQ_INT(otel__net_step(&net, start), OTEL__NET_BUSY);
    T_CHECK(net.reused && otel__net_deadline(&net) == start + timeout);
    T_EQ_INT(write(srv.go[1], "x", 1), 1);
    wait_for_end();
    T_EQ_INT(otel__net_step(&net, later), OTEL__NET_BUSY);
    T_CHECK(!net.reused && otel__net_deadline(&net) == start + timeout);
    otel__net_close(&net);
    server_end();
}

static void script_stale_for_good(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
    }
    (void)hear(s, 0);
    hang_up(s);
    on_accept(s);
    (void)hear(s, 0);
    hang_up(s);
    linger(s);
}

static void a_new_connection_that_ends_without_a_reply_is_a_failure(void)
{
    server_start(script_stale_for_good);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    expect_failure(post("x", 1), OTEL__NET_E_CLOSED);
    server_end();
    T_EQ_INT(srv.n_conns, 2);
}

static void script_half_reply_on_kept(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
    }
    if (hear(s, 0)) {
        say(s, "H");
        hang_up(s);
    }
    linger(s);
}

static void after_the_first_byte_of_a_reply_nothing_is_repeated(void)
{
    server_start(script_half_reply_on_kept);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    T_EQ_INT(post("x", 1), OTEL__NET_FAILED);
    T_EQ_INT(net.error, OTEL__NET_E_REPLY);
    T_EQ_STR(net.error_text, otel__reply_text(OTEL__REPLY_E_CUT));
    server_end();
    T_EQ_INT(srv.n_conns, 1);
}

static const char *odd_reply; /* what script_odd answers first */

static void script_odd(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, odd_reply);
    }
    on_accept(s);
    if (s->conn >= 0 && hear(s, 0)) {
        say(s, OK_REPLY);
    }
    linger(s);
}

static void a_connection_is_not_kept_when_the_peer_will_not_or_said_too_much(void)
{
    static const char *const odd[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Forged\r\n\r\n",
    };
    size_t i;

    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        int first;

        odd_reply = odd[i];
        server_start(script_odd);
        client("127.0.0.1", LIMIT_MS);
        expect_reply(post("x", 1), 200, "ok");
        T_EQ_INT(net.fd, -1);
        expect_reply(post("x", 1), 200, "ok");
        first = net.reused;
        T_CHECK(!first);
        otel__net_close(&net);
        server_end();
        T_EQ_INT(srv.n_conns, 2);
    }
}

static void script_talks_when_idle(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
        pause_ms(20);
        say(s, "HTTP/1.1 408 Too Slow\r\nContent-Length: 0\r\n\r\n");
    }
    on_accept(s);
    if (hear(s, 0)) {
        say(s, "HTTP/1.1 202 Yes\r\nContent-Length: 0\r\n\r\n");
    }
    linger(s);
}

static void bytes_that_came_between_requests_are_not_taken_for_the_next_reply(void)
{
    server_start(script_talks_when_idle);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    if (net.fd >= 0) {
        wait_for_end();
    }
    expect_reply(post("x", 1), 202, "");
    otel__net_close(&net);
    server_end();
    T_EQ_INT(srv.n_conns, 2);
}

/* ---- exchanges that fail ---- */

static void script_early_end(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    }
    hang_up(s);
    linger(s);
}

static void script_garbage(struct server *s)
{
    on_accept(s);
    if (hear(s, 0)) {
        say(s, "SSH-2.0-OpenSSH_9.2p1\r\n");
    }
    linger(s);
}

static void script_endless(struct server *s)
{
    int i;

    on_accept(s);
    if (hear(s, 0)) {
        say(s, "HTTP/1.1 200 OK\r\n\r\n");
        for (i = 0; i < 100; i++) {
            say_bytes(s, big_body(), 4096);
        }
    }
    linger(s);
}

static void bad_replies_end_the_exchange_and_the_connection(void)
{
    static const struct {
        void (*script)(struct server *);
        otel__net_error   error;
        otel__reply_error reply_error;
    } rows[] = {
        { script_early_end, OTEL__NET_E_REPLY, OTEL__REPLY_E_CUT },
        { script_garbage, OTEL__NET_E_REPLY, OTEL__REPLY_E_NOT_HTTP },
        { script_endless, OTEL__NET_E_REPLY_LARGE, OTEL__REPLY_E_BODY_LARGE },
    };
    size_t i;

    (void)big_body();
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server_start(rows[i].script);
        client("127.0.0.1", LIMIT_MS);
        T_EQ_INT(post("x", 1), OTEL__NET_FAILED);
        T_EQ_INT(net.error, rows[i].error);
        T_EQ_STR(net.error_text, otel__reply_text(rows[i].reply_error));
        T_EQ_INT(net.fd, -1);
        server_end();
        T_EQ_INT(srv.n_conns, 1);
    }
}

static void script_silent(struct server *s)
{
    on_accept(s);
    (void)hear(s, 0);
    linger(s);
}

static void script_deaf(struct server *s)
{
    on_accept(s);
    linger(s);
}

static void script_endless_drip(struct server *s)
{
    struct pollfd p;

    on_accept(s);
    (void)hear(s, 0);
    say(s, "HTTP/1.1 200 OK\r\n\r\n");
    p.fd = s->stop[0];
    p.events = POLLIN;
    p.revents = 0;
    while (poll(&p, 1, 5) == 0) {
        say(s, "x");
    }
}

static void one_attempt_has_one_deadline_whatever_the_peer_does(void)
{
    void (*const scripts[])(struct server *) = { script_silent, script_deaf, script_endless_drip };
    size_t i;

    for (i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        uint64_t began, took_ms;

        server_start(scripts[i]);
        client("127.0.0.1", 150);
        began = otel__mono_ns();
        expect_failure(post(big_body(), scripts[i] == script_deaf ? BIG : 10), OTEL__NET_E_TIMEOUT);
        took_ms = (otel__mono_ns() - began) / 1000000;
        T_CHECK(took_ms >= 150 && took_ms < 3000);
        server_end();
    }
}

static void a_port_without_a_server_refuses(void)
{
    T_CHECK(server_listen(AF_INET, 1));
    close(srv.listener);
    client("127.0.0.1", LIMIT_MS);
    expect_failure(post("x", 1), OTEL__NET_E_CONNECT);
    T_EQ_INT(net.sys_errno, ECONNREFUSED);
    expect_failure(post("x", 1), OTEL__NET_E_CONNECT); /* and can be asked again */
    T_EQ_INT(net.sys_errno, ECONNREFUSED);
}

/* ---- a host that does not answer ---- */

#define FILL 8
static int hole, hole_fill[FILL];

/* Listen on `address` and `port` with a full queue, which drops the next ones to connect. */
static bool hole_open(uint32_t address, uint16_t port)
{
    struct sockaddr_in a;
    socklen_t          size = sizeof a;
    int                i;

    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(address);
    a.sin_port = htons(port);
    hole = socket(AF_INET, SOCK_STREAM, 0);
    if (!T_CHECK(bind(hole, (struct sockaddr *)&a, sizeof a) == 0 && listen(hole, 0) == 0 &&
                 getsockname(hole, (struct sockaddr *)&a, &size) == 0)) {
        return false;
    }
    srv.port = ntohs(a.sin_port);
    for (i = 0; i < FILL; i++) {
        hole_fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(hole_fill[i], (struct sockaddr *)&a, sizeof a);
    }
    pause_ms(20);
    return true;
}

static void hole_close(void)
{
    int i;

    for (i = 0; i < FILL; i++) {
        close(hole_fill[i]);
    }
    close(hole);
}

static void a_host_that_does_not_answer_is_given_up_in_time(void)
{
    uint64_t began, took_ms;

    if (!hole_open(INADDR_LOOPBACK, 0)) {
        return;
    }
    client("127.0.0.1", 150);
    began = otel__mono_ns();
    expect_failure(post("x", 1), OTEL__NET_E_CONNECT_TIMEOUT);
    took_ms = (otel__mono_ns() - began) / 1000000;
    T_CHECK(took_ms >= 149 && took_ms < 3000);
    hole_close();
}

static void script_reset(struct server *s)
{
    char c;

    on_accept(s);
    (void)take(s, &c, 1);
    slam(s);
    linger(s);
}

static void a_reset_while_sending_raises_no_signal(void)
{
    int i;

    for (i = 0; i < 5; i++) {
        server_start(script_reset);
        client("127.0.0.1", LIMIT_MS);
        T_EQ_INT(post(big_body(), BIG), OTEL__NET_FAILED);
        T_CHECK(net.error == OTEL__NET_E_SEND || net.error == OTEL__NET_E_RECEIVE);
        T_CHECK(net.sys_errno == ECONNRESET || net.sys_errno == EPIPE);
        server_end();
    }
}

static void an_end_just_before_sending_raises_no_signal(void)
{
    server_start(script_close_each);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    wait_for_end();
    otel__net_start(&net, "/v1/logs", "text/plain", big_body(), BIG);
    otel__reply_init(&net.reply, reply_bytes, sizeof reply_bytes, 100);
    net.state = OTEL__NET_EXCHANGE; /* as if the end had come right behind the look for it */
    net.reused = true;
    net.sent = 0;
    net.deadline_ns = otel__mono_ns() + LIMIT_MS * UINT64_C(1000000);
    expect_reply(drive(), 200, "ok");
    T_CHECK(!net.reused);
    otel__net_close(&net);
    server_end();
    T_CHECK(srv.n_conns == 2 && srv.body_ok && srv.n_body == BIG);
}

static void https_is_refused_without_a_socket(void)
{
    otel__net_config c = config_for("https://127.0.0.1:4318");

    otel__net_init(&net, &c);
    expect_failure(post("x", 1), OTEL__NET_E_TLS);
}

static void a_path_too_long_for_the_head_is_refused(void)
{
    static char      path[OTEL__HTTP_HEAD_MAX + 1];
    otel__net_config c = config_for("http://127.0.0.1:1");

    memset(path, 'a', sizeof path - 1);
    otel__net_init(&net, &c);
    otel__net_start(&net, path, "text/plain", "x", 1);
    expect_failure(drive(), OTEL__NET_E_HEAD);
}

/* ---- addresses ---- */

static int resolve_how; /* what the user's function answers */

static int test_resolve(const char *host, uint16_t port, struct sockaddr_storage *a, int max)
{
    struct sockaddr_in in;
    int                i;

    T_EQ_STR(host, "backend.example");
    T_EQ_INT(max, OTEL__RESOLVE_MAX);
    if (resolve_how == 0) {
        return 0;
    }
    for (i = 0; i < 3; i++) { /* two addresses where nobody answers, then the right one */
        memset(&in, 0, sizeof in);
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        in.sin_addr.s_addr = htonl(i < 2 ? INADDR_LOOPBACK + 7u + (uint32_t)i : INADDR_LOOPBACK);
        memcpy(&a[i], &in, sizeof in);
    }
    return resolve_how;
}

static void addresses_are_tried_in_turn(void)
{
    resolve_how = 3;
    server_start(script_one);
    client("backend.example", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    T_EQ_INT(net.at_address, 2);
    otel__net_close(&net);
    server_end();
    T_CHECK(strstr(srv.head, "\r\nHost: backend.example:") != NULL);
}

static void an_address_that_does_not_answer_leaves_time_for_the_next(void)
{
    resolve_how = 3;
    server_start(script_one);
    if (hole_open(INADDR_LOOPBACK + 7u, srv.port)) {
        client("backend.example", 600);
        expect_reply(post("x", 1), 200, "ok");
        T_EQ_INT(net.at_address, 2);
        otel__net_close(&net);
        hole_close();
    }
    server_end();
}

static void all_addresses_refused_is_a_failure_and_an_unknown_name_another(void)
{
    resolve_how = 2;
    T_CHECK(server_listen(AF_INET, 1));
    client("backend.example", LIMIT_MS);
    expect_failure(post("x", 1), OTEL__NET_E_CONNECT);
    T_EQ_INT(net.sys_errno, ECONNREFUSED);
    resolve_how = 0;
    expect_failure(post("x", 1), OTEL__NET_E_NAME);
    T_EQ_INT(net.sys_errno, 0);
    close(srv.listener);
}

/* Listen on ::1, at a port that nobody else has on 127.0.0.1: it is bound there, but refuses.
 * Returns that socket, or -1 when this machine has no ::1. */
static int listen_on_ipv6_alone(void)
{
    struct sockaddr_in a4;
    int                i;

    for (i = 0; i < 100; i++) {
        int fd;
        if (!server_listen(AF_INET6, 16)) {
            close(srv.listener);
            break;
        }
        memset(&a4, 0, sizeof a4);
        a4.sin_family = AF_INET;
        a4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        a4.sin_port = htons(srv.port);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd >= 0 && bind(fd, (struct sockaddr *)&a4, sizeof a4) == 0) {
            return fd;
        }
        close(fd);
        close(srv.listener);
    }
    return -1;
}

static void localhost_also_finds_a_server_on_ipv6_alone(void)
{
    const int held = listen_on_ipv6_alone();

    if (held < 0) {
        printf("  left out: this machine has no ::1\n");
        return;
    }
    server_run(script_one);
    client("localhost", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    otel__net_close(&net);
    server_end();
    close(held);

    T_CHECK(server_listen(AF_INET6, 16));
    server_run(script_one);
    client("[::1]", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    otel__net_close(&net);
    server_end();
    T_CHECK(strstr(srv.head, "\r\nHost: [::1]:") != NULL);
}

/* ---- the engine's side ---- */

static void script_when_told(struct server *s)
{
    on_accept(s);
    if (hear(s, 0) && wait_for(s, s->go[0])) {
        say(s, OK_REPLY);
    }
    linger(s);
}

static void an_answer_that_came_in_time_counts_even_when_it_is_read_late(void)
{
    const uint64_t start = 1000000000, deadline = start + 100000000;
    struct pollfd  p;
    int            i;

    server_start(script_when_told);
    client("127.0.0.1", 100);
    otel__net_start(&net, "/v1/logs", "application/json", "a", 1);
    T_EQ_INT(otel__net_deadline(&net), 0);
    T_CHECK(!otel__net_pollfd(&net, &p));
    for (i = 0; i < 1000 && net.sent < otel__net_total(&net); i++) {
        T_EQ_INT(otel__net_step(&net, start), OTEL__NET_BUSY);
        T_CHECK(otel__net_deadline(&net) == deadline);
        pause_ms(1);
    }
    T_CHECK(otel__net_pollfd(&net, &p) && p.fd == net.fd && p.events == POLLIN);
    T_EQ_INT(write(srv.go[1], "x", 1), 1);
    T_EQ_INT(poll(&p, 1, LIMIT_MS), 1);
    expect_reply(otel__net_step(&net, deadline + 60000000000u), 200, "ok");
    T_CHECK(!otel__net_pollfd(&net, &p));
    T_EQ_INT(otel__net_step(&net, start), OTEL__NET_DONE); /* nothing more to do */
    otel__net_close(&net);
    server_end();
}

static void no_timeout_means_no_deadline(void)
{
    server_start(script_silent);
    client("127.0.0.1", 0);
    otel__net_start(&net, "/v1/logs", "application/json", "a", 1);
    T_EQ_INT(otel__net_step(&net, 5), OTEL__NET_BUSY);
    T_CHECK(otel__net_deadline(&net) == OTEL__NET_NEVER);
    T_EQ_INT(otel__net_step(&net, UINT64_MAX - 1), OTEL__NET_BUSY);
    otel__net_abort(&net);
    T_EQ_INT(net.fd, -1);
    server_end();
}

static void script_two_conns(struct server *s)
{
    on_accept(s);
    (void)hear(s, 0);
    on_accept(s);
    if (hear(s, 0)) {
        say(s, OK_REPLY);
    }
    linger(s);
}

static void an_exchange_given_up_does_not_disturb_the_next(void)
{
    int i;

    server_start(script_two_conns);
    client("127.0.0.1", LIMIT_MS);
    otel__net_start(&net, "/v1/logs", "application/json", "a", 1);
    for (i = 0; i < 1000 && net.sent == 0; i++) {
        T_EQ_INT(otel__net_step(&net, otel__mono_ns()), OTEL__NET_BUSY);
        pause_ms(1);
    }
    expect_reply(post("x", 1), 200, "ok"); /* start alone gives the old one up */
    otel__net_abort(&net);                 /* without an exchange the connection stays */
    T_CHECK(net.fd >= 0);
    otel__net_close(&net);
    T_EQ_INT(net.fd, -1);
    otel__net_close(&net); /* twice is fine */
    server_end();
    T_EQ_INT(srv.n_conns, 2);
}

static void a_forked_child_that_forgets_leaves_the_connection_alone(void)
{
    pid_t child;
    int   status = -1;

    server_start(script_keep);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    child = fork();
    if (child == 0) {
        otel__net_forget(&net);
        _exit(net.fd == -1 && net.state == OTEL__NET_IDLE ? 0 : 1);
    }
    T_CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    expect_reply(post("x", 1), 200, "ok");
    T_CHECK(net.reused);
    otel__net_close(&net);
    server_end();
    T_EQ_INT(srv.n_conns, 1);
}

static void sockets_do_not_block_and_are_closed_by_exec(void)
{
    server_start(script_one);
    client("127.0.0.1", LIMIT_MS);
    expect_reply(post("x", 1), 200, "ok");
    T_CHECK((fcntl(net.fd, F_GETFL) & O_NONBLOCK) != 0);
    T_CHECK((fcntl(net.fd, F_GETFD) & FD_CLOEXEC) != 0);
    otel__net_close(&net);
    server_end();
}

static void every_error_has_a_text_of_its_own(void)
{
    int i, j;

    for (i = 0; i < OTEL__NET_E_END; i++) {
        T_CHECK(otel__net_text((otel__net_error)i)[0] != '\0');
        for (j = 0; j < i; j++) {
            T_CHECK(strcmp(otel__net_text((otel__net_error)i),
                           otel__net_text((otel__net_error)j)) != 0);
        }
    }
    T_EQ_STR(otel__net_text(OTEL__NET_E_END), "");
}

static int lowest_free; /* descriptor before the first test */

static void no_descriptor_is_left_open(void)
{
    const int fd = dup(0);

    T_EQ_INT(fd, lowest_free);
    close(fd);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    lowest_free = dup(0);
    close(lowest_free);
    T_RUN(a_request_arrives_whole_and_its_reply_comes_back);
    T_RUN(an_empty_body_is_sent_with_its_length);
    T_RUN(replies_of_every_form_are_read);
    T_RUN(redirects_are_not_followed);
    T_RUN(a_big_body_reaches_a_slow_reader_in_pieces);
    T_RUN(a_reply_before_the_request_was_sent_counts_and_ends_the_connection);
    T_RUN(a_connection_is_kept_for_the_next_request);
    T_RUN(a_kept_connection_that_was_closed_is_replaced_before_it_is_used);
    T_RUN(a_kept_connection_that_ends_without_a_reply_is_replaced_once);
    T_RUN(a_kept_connection_that_breaks_while_sending_is_replaced_and_all_sent_again);
    T_RUN(replacing_a_connection_does_not_extend_the_deadline);
    T_RUN(a_new_connection_that_ends_without_a_reply_is_a_failure);
    T_RUN(after_the_first_byte_of_a_reply_nothing_is_repeated);
    T_RUN(a_connection_is_not_kept_when_the_peer_will_not_or_said_too_much);
    T_RUN(bytes_that_came_between_requests_are_not_taken_for_the_next_reply);
    T_RUN(bad_replies_end_the_exchange_and_the_connection);
    T_RUN(one_attempt_has_one_deadline_whatever_the_peer_does);
    T_RUN(a_port_without_a_server_refuses);
    T_RUN(a_host_that_does_not_answer_is_given_up_in_time);
    T_RUN(a_reset_while_sending_raises_no_signal);
    T_RUN(an_end_just_before_sending_raises_no_signal);
    T_RUN(https_is_refused_without_a_socket);
    T_RUN(a_path_too_long_for_the_head_is_refused);
    T_RUN(addresses_are_tried_in_turn);
    T_RUN(an_address_that_does_not_answer_leaves_time_for_the_next);
    T_RUN(all_addresses_refused_is_a_failure_and_an_unknown_name_another);
    T_RUN(localhost_also_finds_a_server_on_ipv6_alone);
    T_RUN(an_answer_that_came_in_time_counts_even_when_it_is_read_late);
    T_RUN(no_timeout_means_no_deadline);
    T_RUN(an_exchange_given_up_does_not_disturb_the_next);
    T_RUN(a_forked_child_that_forgets_leaves_the_connection_alone);
    T_RUN(sockets_do_not_block_and_are_closed_by_exec);
    T_RUN(every_error_has_a_text_of_its_own);
    T_RUN(no_descriptor_is_left_open);
    return t_end();
}
