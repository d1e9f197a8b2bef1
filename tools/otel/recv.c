/* recv: see recv.h and docs/otel-tool.md. One thread: a signal handler writes to a pipe, the loop
 * is http_step(). Exit code: 0 stopped as asked, 1 too little or something bad came, 2 no start. */
#include "base.h"
#include "http.h"
#include "recv.h"
#include "view.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct recv_options {
    uint64_t    port;
    uint64_t    count;     /* records to wait for; 0: no end           */
    uint64_t    timeout_s; /* 0: no end                                */
    const char *raw;       /* path of the file for bodies, or NULL     */
    bool        quiet;     /* show no telemetry                        */
    bool        check;     /* show the counts only; bad requests count */
} recv_options;

typedef struct receiver {
    recv_options options;
    view         view;
    uint64_t     bad;     /* requests not answered by 200      */
    FILE        *raw;     /* or NULL                           */
    bool         broken;  /* stdout or the file cannot take it */
    char         why[96]; /* body of the last reply            */
} receiver;

const char recv_help[] =
    "usage: otel recv [options]\n"
    "Listen on 127.0.0.1 for OTLP over HTTP (protobuf) and show what comes.\n"
    "  --port N      port, 0: any free one [4318]\n"
    "  --count N     exit after N records (spans, metrics, log records)\n"
    "  --timeout S   exit after S seconds; the exit code is then 1 if less than --count came,\n"
    "                or without --count nothing at all\n"
    "  --quiet       do not show telemetry\n"
    "  --check       show nothing but the counts; exit code 1 if a request was bad\n"
    "  --raw FILE    append each request to FILE: a line \"PATH LENGTH\", the body, a newline\n";

/* ---- answering ---- */

typedef struct route {
    const char *path;
    unsigned    message; /* OTEL__OTLP_* */
    void (*render)(view *v, bytes request);
} route;

static const route routes[] = {
    { "/v1/traces", OTEL__OTLP_TRACE_REQUEST, render_traces },
    { "/v1/metrics", OTEL__OTLP_METRICS_REQUEST, render_metrics },
    { "/v1/logs", OTEL__OTLP_LOGS_REQUEST, render_logs },
};

static const route *find_route(const char *target)
{
    const size_t n = strcspn(target, "?");

    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strlen(routes[i].path) == n && memcmp(routes[i].path, target, n) == 0) {
            return &routes[i];
        }
    }
    return NULL;
}

static void refuse(receiver *r, http_reply *reply, int status, const char *why)
{
    reply->status = status;
    reply->type = "text/plain";
    reply->allow = status == 405 ? "POST" : NULL;
    snprintf(r->why, sizeof r->why, "%s\n", why);
    reply->body = r->why;
    reply->length = strlen(r->why);
}

/* Show a bad request, as one line on stderr. */
static void tell(receiver *r, const http_parser *request, int status, const char *why)
{
    text line = { NULL, 0, 0, false };

    r->bad++;
    if (!r->options.check) {
        text_add(&line, "bad request: ");
        if (request != NULL) {
            text_escape(&line, request->method, strlen(request->method), 0);
            text_add(&line, " ");
            text_escape(&line, request->target, strlen(request->target), 0);
            text_add(&line, " ");
        }
        text_format(&line, "%d ", status);
        text_put(&line, why, strcspn(why, "\n"));
        text_add(&line, "\n");
        text_write(&line, stderr);
        text_free(&line);
    }
}

static void keep_raw(receiver *r, const route *to, const text *body)
{
    if (r->raw != NULL) {
        fprintf(r->raw, "%s %lu\n", to->path, (unsigned long)body->length);
        text_write(body, r->raw);
        fputc('\n', r->raw);
        if (fflush(r->raw) != 0) {
            fprintf(stderr, "otel recv: cannot write to %s\n", r->options.raw);
            r->broken = true;
        }
    }
}

/* Decode, count and show one request. */
static void take(receiver *r, const route *to, const text *body)
{
    bytes request;

    keep_raw(r, to, body);
    request.p = (const uint8_t *)body->data;
    request.n = body->length;
    r->view.out.length = 0;
    to->render(&r->view, request);
    if (!r->options.quiet && !r->options.check) {
        text_write(&r->view.out, stdout);
        r->broken = fflush(stdout) != 0 || r->broken;
    }
}

static void handle(void *user, const http_parser *request, http_reply *reply)
{
    receiver    *r = (receiver *)user;
    const route *to = find_route(request->target);
    char         where[64];
    size_t       bad_at = 0;

    if (to == NULL) {
        refuse(r, reply, 404, "no such path: use /v1/traces, /v1/metrics or /v1/logs");
    } else if (strcmp(request->method, "POST") != 0) {
        refuse(r, reply, 405, "use POST");
    } else if (strcmp(request->type, "application/x-protobuf") != 0) {
        refuse(r, reply, 415, "only application/x-protobuf is understood");
    } else if (request->coding[0] != '\0' && strcmp(request->coding, "identity") != 0) {
        refuse(r, reply, 415, "no Content-Encoding is understood: send it uncompressed");
    } else if (!otel__otlp_check((const uint8_t *)request->body.data, request->body.length,
                                 to->message, &bad_at)) {
        snprintf(where, sizeof where, "not a valid OTLP message: byte %lu", (unsigned long)bad_at);
        refuse(r, reply, 400, where);
    } else {
        reply->status = 200; /* an empty Export*ServiceResponse has no bytes */
        reply->type = "application/x-protobuf";
        take(r, to, &request->body);
        return;
    }
    tell(r, request, reply->status, reply->body);
}

static void refused(void *user, int status, const char *why)
{
    tell((receiver *)user, NULL, status, why);
}

/* ---- options ---- */

static bool read_number(const char *value, uint64_t most, uint64_t *to)
{
    uint64_t n = 0;

    if (value == NULL || !otel__text_parse_u64(value, strlen(value), &n) || n > most) {
        return false;
    }
    *to = n;
    return true;
}

static bool read_options(recv_options *o, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool        ok = true, alone = false;

        if (strcmp(name, "--port") == 0) {
            ok = read_number(value, 65535, &o->port);
        } else if (strcmp(name, "--count") == 0) {
            ok = read_number(value, UINT64_MAX, &o->count);
        } else if (strcmp(name, "--timeout") == 0) {
            ok = read_number(value, 1000000000, &o->timeout_s);
        } else if (strcmp(name, "--raw") == 0) {
            o->raw = value;
            ok = value != NULL;
        } else {
            alone = true;
            o->quiet = o->quiet || strcmp(name, "--quiet") == 0;
            o->check = o->check || strcmp(name, "--check") == 0;
            ok = strcmp(name, "--quiet") == 0 || strcmp(name, "--check") == 0;
        }
        if (!ok) {
            fprintf(stderr, "otel recv: %s: bad option or value; try: otel recv --help\n", name);
            return false;
        }
        i += alone ? 0 : 1;
    }
    return true;
}

static bool wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

/* ---- the loop ---- */

static int wake_pipe[2] = { -1, -1 };

static void on_signal(int number)
{
    const int saved = errno;

    (void)number;
    if (write(wake_pipe[1], "", 1) < 0) { /* full: it is awake already */
        errno = saved;
    }
    errno = saved;
}

static bool catch_signals(void)
{
    struct sigaction action;

    if (pipe(wake_pipe) != 0) {
        return false;
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN; /* `otel recv | head` ends by a failed write */
    sigaction(SIGPIPE, &action, NULL);
    return true;
}

static uint64_t records(const receiver *r)
{
    return r->view.spans + r->view.metrics + r->view.logs;
}

/* Until a signal, the count or the time; returns false when the time ended it. */
static bool serve(receiver *r, http_server *server)
{
    const uint64_t ms = 1000000u, end = otel__mono_ns() + r->options.timeout_s * 1000 * ms;

    while (!r->broken && (r->options.count == 0 || records(r) < r->options.count)) {
        const uint64_t now = otel__mono_ns();
        int            wait = -1;

        if (r->options.timeout_s > 0) {
            if (now >= end) {
                return false;
            }
            wait = (end - now) / ms < 1000 ? (int)((end - now) / ms) + 1 : 1000;
        }
        if (http_step(server, wait, wake_pipe[0])) {
            break;
        }
    }
    return true;
}

static void summarise(const receiver *r)
{
    printf("%s%llu spans, %llu metrics, %llu logs, %llu bad requests\n",
           r->view.out.length > 0 && !r->options.quiet && !r->options.check ? "\n" : "",
           (unsigned long long)r->view.spans, (unsigned long long)r->view.metrics,
           (unsigned long long)r->view.logs, (unsigned long long)r->bad);
    fflush(stdout);
}

static int exit_code(const receiver *r, bool in_time)
{
    const uint64_t wanted = r->options.count > 0 ? r->options.count : 1;

    if (r->broken || (r->options.check && r->bad > 0) || (!in_time && records(r) < wanted)) {
        return 1;
    }
    return 0;
}

static int run(receiver *r)
{
    http_options options;
    http_server *server;
    bool         in_time;

    memset(&options, 0, sizeof options);
    options.port = (uint16_t)r->options.port;
    options.user = r;
    options.handle = handle;
    options.refused = refused;
    server = catch_signals() ? http_open(&options) : NULL;
    if (server == NULL) {
        fprintf(stderr, "otel recv: cannot listen on 127.0.0.1:%u: %s\n", (unsigned)options.port,
                strerror(errno));
        return 2;
    }
    printf("listening on 127.0.0.1:%u\n", (unsigned)http_port(server));
    r->broken = fflush(stdout) != 0;
    in_time = serve(r, server);
    http_close(server, 1000);
    summarise(r);
    return exit_code(r, in_time);
}

int recv_main(int argc, char **argv)
{
    receiver r;
    int      code;

    memset(&r, 0, sizeof r);
    r.options.port = 4318;
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        fputs(recv_help, stdout);
        return 0;
    }
    if (!read_options(&r.options, argc, argv)) {
        return 2;
    }
    if (r.options.raw != NULL && (r.raw = fopen(r.options.raw, "ab")) == NULL) {
        fprintf(stderr, "otel recv: %s: %s\n", r.options.raw, strerror(errno));
        return 2;
    }
    r.view.out.colour = wants_colour();
    code = run(&r);
    if (r.raw != NULL) {
        fclose(r.raw);
    }
    text_free(&r.view.out);
    text_free(&r.view.resource);
    text_free(&r.view.scope);
    return code;
}
