/* The current span of a thread whose signal handler makes spans current itself, properly nested and
 * put back: the thread never sees anything but its own. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "unit/helpers.h"
#include "race.h"

#define ENOUGH 12000ul /* signals, which come one at a time */

static unsigned long         handled;
static volatile sig_atomic_t levels; /* attaches inside one another, in the handler */

static otel_span span_of(uint8_t mark)
{
    otel_span s;

    memset(&s, 0, sizeof s);
    memset(s.context.trace_id, mark, 16);
    memset(s.context.span_id, mark, 8);
    s.context.trace_flags = OTEL_TRACE_FLAG_SAMPLED;
    return s;
}

static bool is_of(const otel_context *c, uint8_t mark)
{
    const otel_context want = span_of(mark).context;
    return memcmp(c, &want, 24) == 0; /* both ids */
}

static bool is_current(uint8_t mark)
{
    otel_context c;

    memset(&c, 0, sizeof c);
    (void)otel__context_read(&c); /* false, and untouched, when there is none */
    return is_of(&c, mark);
}

static void handler(int sig)
{
    otel_context before[3];
    int          i;

    (void)sig;
    for (i = 0; i < levels; i++) {
        before[i] = otel_span_attach(span_of((uint8_t)(0x80 + i)));
    }
    for (i = levels; i-- > 0;) {
        otel_span_detach(before[i]);
    }
    (void)count_one(&handled);
}

static void storm(void (*body)(uint64_t *seed))
{
    const double end = seconds() + PATIENCE;
    uint64_t     seed = 1;

    for (levels = 1; levels <= 3 && !t_bad; levels++) {
        handled = 0;
        begin_storm(handler);
        set_storm(20);
        unblock_storm();
        while (!t_bad && now_count(&handled) < ENOUGH / 3 && T_CHECK(seconds() < end)) {
            unsigned i;
            for (i = 0; i < 200; i++) {
                body(&seed);
            }
        }
        block_storm();
        end_storm();
    }
}

static void attach_and_look(uint64_t *seed)
{
    const uint8_t      outer = (uint8_t)(1 + random_below(seed, 100)), inner = (uint8_t)(outer + 1);
    const otel_context first = otel_span_attach(span_of(outer));
    const otel_context second = otel_span_attach(span_of(inner));

    T_CHECK(is_current(inner));
    T_CHECK(is_of(&second, outer));
    otel_span_detach(second);
    T_CHECK(is_current(outer));
    otel_span_detach(first);
}

static void a_handlers_spans_leave_the_threads_current_one_alone(void) { storm(attach_and_look); }

/* ---- a handler that leaves spans attached ---- */

static void leave_attached(int sig)
{
    (void)sig;
    (void)otel_span_attach(span_of((uint8_t)(1 + handled % 100)));
    (void)otel_span_attach(span_of((uint8_t)(101 + handled % 100)));
    (void)count_one(&handled);
}

/* Whichever it sees, it sees it whole. */
static void a_reader_sees_a_whole_identity_whoever_attaches_meanwhile(void)
{
    const double end = seconds() + PATIENCE;
    otel_context c;

    handled = 0;
    (void)otel_span_attach(span_of(1));
    begin_storm(leave_attached);
    set_storm(20);
    unblock_storm();
    while (!t_bad && now_count(&handled) < ENOUGH && T_CHECK(seconds() < end)) {
        unsigned i;
        for (i = 0; i < 1000; i++) {
            T_CHECK(otel__context_read(&c) && is_of(&c, c.trace_id[0]));
        }
    }
    block_storm();
    end_storm();
    memset(&otel__context_tls, 0, sizeof otel__context_tls);
}

/* ---- what joins the current span ---- */

static otel_sdk   *sdk;
static otel_scope *scope;

static void check_log(void *user, const otel__pb_field *in, const otel__pb_field *m)
{
    otel__pb_field body, trace, span;
    uint8_t        mark;

    (void)user;
    (void)in;
    T_CHECK(find_field(m->data, m->length, 2, 0, &body)); /* severity: 1 + mark % 20 */
    T_CHECK(find_field(m->data, m->length, 9, 0, &trace) && trace.length == 16);
    T_CHECK(find_field(m->data, m->length, 10, 0, &span) && span.length == 8);
    mark = trace.data[0];
    T_EQ_INT(body.value, 1 + mark % 20);
    T_CHECK(mark < 0x80 && memcmp(trace.data, span_of(mark).context.trace_id, 16) == 0);
    T_CHECK(memcmp(span.data, span_of(mark).context.span_id, 8) == 0);
}

static otel_transport_result take(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(each_record(request, check_log, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

static void record_in_span(uint64_t *seed)
{
    const uint8_t      mark = (uint8_t)(1 + random_below(seed, 100));
    const otel_context before = otel_span_attach(span_of(mark));
    otel_span          child;

    otel_log(scope, (otel_severity)(1 + mark % 20), "body", OTEL_NO_ATTRS);
    child = otel_span_start(scope, "child", NULL);
    T_CHECK(child.context.trace_id[0] == mark && child.context.trace_id[15] == mark);
    T_CHECK(child.slot == NULL || child.slot->bytes[OTEL__SPAN_PARENT + 2] == mark);
    T_CHECK(child.slot == NULL || child.slot->bytes[OTEL__SPAN_PARENT + 9] == mark);
    otel_span_end(child);
    otel_span_detach(before);
    if (otel_queue_free(sdk, OTEL_SIGNAL_LOGS) < 100) {
        T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    }
}

static otel_transport_result swallow(void *user, otel_request *request)
{
    return request->signal == OTEL_SIGNAL_LOGS ? take(user, request) : OTEL_TRANSPORT_SENT;
}

static void records_join_the_threads_span_and_not_a_handlers(void)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = swallow;
    o.ignore_environment = true;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "context", NULL);
    storm(record_in_span);
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_CHECK(stats_add_up(sdk));
    otel_release(sdk);
}

/* ---- threads ---- */

static void attach_for_a_while(unsigned index)
{
    uint64_t seed = index;
    unsigned i;

    T_CHECK(is_current(0)); /* a new thread has none */
    for (i = 0; i < 5000; i++) {
        attach_and_look(&seed);
    }
}

static void each_thread_has_a_current_span_of_its_own(void)
{
    runner runners[THREADS];

    start_threads(runners, THREADS, attach_for_a_while);
    join_threads(runners, THREADS);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_handlers_spans_leave_the_threads_current_one_alone);
    T_RUN(a_reader_sees_a_whole_identity_whoever_attaches_meanwhile);
    T_RUN(records_join_the_threads_span_and_not_a_handlers);
    T_RUN(each_thread_has_a_current_span_of_its_own);
    return t_end();
}
