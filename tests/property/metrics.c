/* metrics: runs programs of metrics calls, on one thread or on several at once, so that tests in
 * Python can drive the instruments, the callbacks and the readings of one SDK.
 *
 * Stdin: one instruction a line, words and texts as in drive.c. What each instruction takes stands
 * at its function. A program is a list of steps: those of metric_steps.h, and
 *   x MS                         close: answers the status
 *   i ID KIND                    create an instrument named i and its number
 *   k KIND MS                    answer the oldest pending request: s sent, r retry, f refused
 * Stdout: frames as drive.c's. Threads answer nothing, only their requests are seen. */
#include "metric_steps.h"
#include <sys/wait.h>

#define MAX_ANSWERS 1024

typedef struct pending {
    otel_request *request;
    uint8_t      *body; /* a copy */
    size_t        length;
} pending;

static struct {
    char     kind; /* s sent, r retry, f refused, p pending */
    uint32_t ms;
} answers[MAX_ANSWERS];
static size_t  n_answers;
static size_t  next_answer;
static pending waiting;

/* ---- the transport ---- */

static otel_transport_result send_request(void *user, otel_request *request)
{
    otel_transport_result result = OTEL_TRANSPORT_SENT;

    (void)user;
    if (muted) {
        return OTEL_TRANSPORT_REFUSED;
    }
    (void)pthread_mutex_lock(&out_lock);
    out_request(request);
    if (next_answer < n_answers) {
        const size_t at = next_answer++;
        switch (answers[at].kind) {
        case 'r':
            request->retry_after_ms = answers[at].ms;
            result = OTEL_TRANSPORT_RETRY;
            break;
        case 'f': result = OTEL_TRANSPORT_REFUSED; break;
        case 'p':
            result = OTEL_TRANSPORT_PENDING;
            waiting.request = request;
            waiting.length = request->length;
            waiting.body = (uint8_t *)need(malloc(request->length + 1));
            memcpy(waiting.body, request->body, request->length);
            break;
        default: break;
        }
    }
    (void)pthread_mutex_unlock(&out_lock);
    return result;
}

static void complete(char kind, uint32_t ms)
{
    pending one;

    (void)pthread_mutex_lock(&out_lock);
    one = waiting;
    waiting.request = NULL;
    waiting.body = NULL;
    (void)pthread_mutex_unlock(&out_lock);
    if (one.request == NULL) {
        tell_value("complete", 0);
        return;
    }
    if (one.request->length != one.length || memcmp(one.request->body, one.body, one.length) != 0) {
        tell('X', "a pending request's body changed");
    }
    free(one.body);
    one.request->retry_after_ms = ms;
    tell_value("complete", 1);
    otel_transport_complete(one.request, kind == 's'   ? OTEL_TRANSPORT_SENT
                                         : kind == 'f' ? OTEL_TRANSPORT_REFUSED
                                                       : OTEL_TRANSPORT_RETRY);
}

/* ---- steps ---- */

static void next_own_step(step *s)
{
    switch (s->kind) {
    case 'i':
        s->a = next_index(MAX_INSTRUMENTS);
        s->b = next_index(2 * KINDS);
        break;
    case 'k':
        s->letter = next_word()[0];
        s->n = next_u64();
        break;
    case 'x': s->n = next_u64(); break;
    default: fail("no such step", "");
    }
}

static void create_plain(size_t id, size_t kind)
{
    char         name[32];
    const making m = { scope, name, NULL, NULL, NULL, NULL };

    (void)snprintf(name, sizeof name, "i%zu", id);
    instruments[id].kind = kind;
    instruments[id].handle = create(kind, &m);
}

static void run_own_step(const step *s, const place *at)
{
    switch (s->kind) {
    case 'i': create_plain(s->a, s->b); break;
    case 'k': complete(s->letter, (uint32_t)s->n); break;
    default: answer_status(at, "close", otel_close(sdk, (uint32_t)s->n)); break;
    }
}

/* ---- instructions ---- */

static void forget_all(void)
{
    forget_steps();
    free(waiting.body);
    memset(&waiting, 0, sizeof waiting);
    n_answers = next_answer = 0;
    (void)unsetenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
    (void)unsetenv("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION");
}

/* open [environment] TICK [OPTION NUMBER]...: an SDK with one scope, which reads the environment
 * only if that is said. Metrics are read when a step says so, or as metric_interval_ms does. */
static void do_open(void)
{
    otel_options options = own_options("metrics");

    options.transport.send = send_request;
    options.ignore_environment = !next_is("environment");
    clock_tick = next_u64();
    open_sdk(&options);
    scope = otel_scope_get(sdk, "metrics", NULL);
}

static void do_instrument(void) /* instrument: see next_instrument(); answers whether it is */
{
    tell_value("instrument", next_instrument(NULL, NULL));
}

static void do_answer(void) /* answer KIND MS: of the next request without one; else it is sent */
{
    if (n_answers == MAX_ANSWERS) {
        fail("too many answers", "");
    }
    answers[n_answers].kind = next_word()[0];
    answers[n_answers++].ms = (uint32_t)next_u64();
}

static void do_accept(void) /* accept: forget the answers, every request is accepted from now on */
{
    n_answers = next_answer = 0;
    tell('V', "accept");
}

static void do_unix(void) /* unix NS: the wall clock is set, the other one is not */
{
    clock_offset = next_u64() - clock_ns;
}

/* fork STEP...: carries the steps out in a child, which says what comes of it between `child` and
 * `parent`, and closes its SDK. */
static void do_fork(void)
{
    static uint8_t buffer[1 << 16];
    int            ends[2];
    ssize_t        n;
    int            status;
    pid_t          child;

    if (pipe(ends) != 0 || (child = fork()) < 0) {
        fail("cannot fork", "");
        return;
    }
    if (child == 0) {
        out.length = 0;
        tell_value("child", 0);
        do_do();
        muted = true;
        (void)otel_close(sdk, 0);
        _exit(write(ends[1], out.bytes, out.length) == (ssize_t)out.length ? 0 : 1);
    }
    (void)close(ends[1]);
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0) {
        out_bytes(buffer, (size_t)n);
    }
    (void)close(ends[0]);
    if (waitpid(child, &status, 0) != child || status != 0) {
        tell('X', "the child died");
    }
    cursor = NULL;
    tell_value("parent", 0);
}

static const instruction instructions[] = {
    { "open", do_open },     { "environment", do_environment },
    { "set", do_set },       { "instrument", do_instrument },
    { "bind", do_bind },     { "callback", do_callback },
    { "calls", do_calls },   { "do", do_do },
    { "thread", do_thread }, { "reader", do_reader },
    { "run", do_run },       { "answer", do_answer },
    { "unix", do_unix },     { "accept", do_accept },
    { "fork", do_fork },     { "stats", do_stats },
    { "done", do_done },
};

int main(void) { return run_lines(instructions, sizeof instructions / sizeof instructions[0]); }
