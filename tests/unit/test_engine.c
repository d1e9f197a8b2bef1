/* The engine under a clock that only this test moves: when requests go out, what each answer
 * leads to,
 * what otel_poll() says about the time until it is wanted, and that the counts add up after every
 * step whatever the transport answers. */
#include <stddef.h>
#include <stdint.h>

#define SECOND UINT64_C(1000000000)
#define MS     UINT64_C(1000000)

static uint64_t clock_ns, unix_offset;
static unsigned n_waits;
static void (*on_wait)(void); /* called when the clock was moved by a wait */

static void wait_ms(uint64_t ms)
{
    n_waits++;
    clock_ns += ms * MS;
    if (on_wait != NULL) {
        on_wait();
    }
}

#define OTEL_LITE_MONOTONIC_NS()   clock_ns
#define OTEL_LITE_UNIX_NS()        (clock_ns + unix_offset)
#define OTEL_LITE_WAIT(fds, n, ms) ((void)(fds), (void)(n), wait_ms(ms))
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#define TRACES  OTEL_SIGNAL_TRACES
#define METRICS OTEL_SIGNAL_METRICS
#define LOGS    OTEL_SIGNAL_LOGS

/* ---- a backend that does as it is told ---- */

typedef struct call {
    uint64_t    at; /* ns */
    otel_signal signal;
    uint32_t    n_records, attempt;
} call;

static call                  calls[4096];
static unsigned              n_calls;
static otel_transport_result answers[3]; /* by signal */
static uint32_t              retry_after;
static otel_request         *pending; /* answered PENDING and not yet completed */
static bool                  sending;

static otel_transport_result backend(void *user, otel_request *request)
{
    call *c = &calls[n_calls++ % COUNT(calls)];

    (void)user;
    T_CHECK(!sending && pending == NULL); /* T-73: one at a time */
    sending = true;
    T_EQ_INT(each_record(request, NULL, NULL), request->n_records);
    T_CHECK(request->n_records > 0); /* P-30 */
    T_EQ_STR(request->path, otel__engine_paths[request->signal]);
    c->at = clock_ns;
    c->signal = request->signal;
    c->n_records = request->n_records;
    c->attempt = request->attempt;
    request->retry_after_ms = retry_after;
    if (answers[request->signal] == OTEL_TRANSPORT_PENDING) {
        pending = request;
    }
    sending = false;
    return answers[request->signal];
}

static void complete(otel_transport_result result)
{
    otel_request *request = pending;

    pending = NULL;
    otel_transport_complete(request, result);
}

static const call *last_call(void) { return &calls[(n_calls - 1) % COUNT(calls)]; }

/* ---- an SDK ---- */

static otel_sdk   *sdk;
static otel_scope *scope;

static otel_options defaults(void)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = backend;
    o.ignore_environment = true;
    return o;
}

static void open_with(const otel_options *o)
{
    clock_ns = 1000 * SECOND + 123;
    unix_offset = 1700000000 * SECOND;
    n_calls = n_waits = 0;
    memset(answers, 0, sizeof answers);
    retry_after = 0;
    pending = NULL;
    on_wait = NULL;
    sdk = otel_open(o);
    scope = otel_scope_get(sdk, "test", NULL);
}

static void shut(void)
{
    T_CHECK(stats_add_up(sdk));
    otel_release(sdk);
    pending = NULL;
}

static otel_signal_stats stats_of(otel_signal signal)
{
    otel_stats s;

    otel_stats_get(sdk, &s);
    return s.signal[signal];
}

static void put_log(void) { otel_log(scope, OTEL_SEVERITY_INFO, "body", OTEL_NO_ATTRS); }

static void put_span(void) { otel_span_end(otel_span_start(scope, "span", NULL)); }

static void put_logs(unsigned n)
{
    while (n-- > 0) {
        put_log();
    }
}

/* Polls as a program does: sleeps exactly as long as it was told, `ns` in all. */
static void run_for(uint64_t ns)
{
    const uint64_t end = clock_ns + ns;
    unsigned       rounds = 0;

    while (clock_ns < end) {
        const unsigned before = n_calls;
        const uint32_t ms = otel_poll(sdk);
        if (!T_CHECK(ms > 0 || n_calls > before)) { /* never asked to come again for nothing */
            return;
        }
        clock_ns = end - clock_ns < ms * MS ? end : clock_ns + ms * MS;
        if (!T_CHECK(rounds++ < 100000)) {
            return;
        }
    }
}

/* ---- delays and batches ---- */

/* At whatever moment a record comes, it goes out within the delay. */
static void a_record_goes_out_within_its_delay(void)
{
    otel_options o = defaults();
    uint64_t     seed = 81;
    unsigned     i;

    open_with(&o);
    for (i = 0; i < 200 && !t_bad; i++) {
        const bool     log = random_below(&seed, 2) != 0;
        const uint64_t delay = log ? 1000 * MS : 5000 * MS;
        const unsigned before = n_calls;
        uint64_t       at;

        run_for(random_below(&seed, 7000) * MS + random_below(&seed, 1000));
        T_EQ_INT(n_calls, before); /* P-30: an empty queue sends nothing */
        at = clock_ns;
        if (log) {
            put_log();
        } else {
            put_span();
        }
        run_for(delay + MS);
        T_EQ_INT(n_calls, before + 1);
        T_CHECK(last_call()->at - at <= delay + MS); /* one for rounding up */
        T_EQ_INT(last_call()->signal, log ? LOGS : TRACES);
    }
    shut();
}

static void records_wait_for_company_as_long_as_the_delay(void)
{
    otel_options o = defaults();
    unsigned     i;

    open_with(&o);
    run_for(1001 * MS); /* just rested: the next rest of the logs is a second away */
    for (i = 0; i < 9; i++) {
        put_log();
        run_for(100 * MS);
    }
    T_EQ_INT(n_calls, 0);
    run_for(200 * MS);
    T_EQ_INT(n_calls, 1);
    T_EQ_INT(last_call()->n_records, 9);
    shut();
}

static void a_complete_batch_goes_out_at_once_and_the_rest_waits(void)
{
    otel_options o = defaults();

    o.log_batch = 5;
    open_with(&o);
    put_logs(4);
    T_CHECK(otel_poll(sdk) > 0);
    T_EQ_INT(n_calls, 0);
    put_logs(1);
    (void)otel_poll(sdk);
    T_EQ_INT(n_calls, 1);
    T_EQ_INT(last_call()->n_records, 5);
    put_logs(13);
    T_CHECK(otel_poll(sdk) > 0);
    T_EQ_INT(n_calls, 3);
    T_EQ_INT(stats_of(LOGS).queued, 3);
    run_for(1000 * MS + 1);
    T_EQ_INT(n_calls, 4);
    T_EQ_INT(last_call()->n_records, 3);
    shut();
}

static void half_a_queue_of_bytes_goes_out_at_once(void)
{
    otel_options o = defaults();
    char         text[1001];
    unsigned     i;

    memset(text, 'x', 1000);
    text[1000] = '\0';
    o.log_queue_bytes = 65536;
    open_with(&o);
    for (i = 0; i < 30; i++) {
        otel_log(scope, OTEL_SEVERITY_INFO, text, OTEL_NO_ATTRS);
    }
    T_CHECK(otel_poll(sdk) > 0);
    T_EQ_INT(n_calls, 0);
    for (i = 0; i < 4; i++) {
        otel_log(scope, OTEL_SEVERITY_INFO, text, OTEL_NO_ATTRS);
    }
    (void)otel_poll(sdk);
    T_EQ_INT(n_calls, 1);
    T_EQ_INT(last_call()->n_records, 34);
    shut();
}

/* OTEL_ZERO: no delay. Each record soon, and no loop without work. */
static void without_a_delay_records_go_out_soon_and_nothing_spins(void)
{
    otel_options o = defaults();
    unsigned     i;

    o.log_delay_ms = OTEL_ZERO;
    o.span_delay_ms = OTEL_ZERO;
    open_with(&o);
    for (i = 0; i < 50; i++) {
        const unsigned before = n_calls;
        run_for(137 * MS);
        T_EQ_INT(n_calls, before);
        put_log();
        put_span();
        run_for(20 * MS);
        T_EQ_INT(n_calls, before + 2);
    }
    shut();
}

static void metrics_are_read_at_their_interval(void)
{
    otel_options  o = defaults();
    otel_counter *c;
    uint64_t      begin;
    unsigned      i;

    o.metric_interval_ms = 7000;
    open_with(&o);
    begin = clock_ns;
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    run_for(71 * SECOND);
    T_EQ_INT(n_calls, 10);
    for (i = 0; i < n_calls && i < 10; i++) {
        T_EQ_INT(calls[i].signal, METRICS);
        T_EQ_INT((calls[i].at - begin) / MS, 7000 * (i + 1));
    }
    shut();
}

static void an_interval_without_end_reads_metrics_only_when_flushed(void)
{
    otel_options  o = defaults();
    otel_counter *c;

    o.metric_interval_ms = OTEL_NO_LIMIT;
    o.span_delay_ms = OTEL_NO_LIMIT;
    o.log_delay_ms = OTEL_NO_LIMIT;
    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    T_CHECK(otel_poll(sdk) > 1000000000u);
    T_CHECK(otel_poll(sdk) < UINT32_MAX); /* that would mean: closed */
    run_for(1000000 * SECOND);
    T_EQ_INT(n_calls, 0);
    T_EQ_INT(otel_flush(sdk, 0), OTEL_OK);
    T_EQ_INT(n_calls, 1);
    shut();
}

/* ---- answers ---- */

static void a_refused_request_is_dropped_and_the_next_goes_out(void)
{
    otel_options o = defaults();

    o.log_batch = 3;
    open_with(&o);
    answers[LOGS] = OTEL_TRANSPORT_REFUSED;
    put_logs(7);
    (void)otel_poll(sdk);
    T_EQ_INT(n_calls, 2);
    T_EQ_INT(stats_of(LOGS).dropped[OTEL_DROP_REFUSED], 6);
    T_EQ_INT(stats_of(LOGS).queued, 1);
    answers[LOGS] = OTEL_TRANSPORT_SENT;
    run_for(1001 * MS);
    T_EQ_INT(stats_of(LOGS).delivered, 1);
    T_EQ_INT(last_call()->attempt, 1);
    shut();
}

static void an_answer_that_does_not_exist_is_a_refusal(void)
{
    otel_options o = defaults();

    open_with(&o);
    answers[LOGS] = (otel_transport_result)99;
    put_log();
    run_for(1001 * MS);
    T_EQ_INT(stats_of(LOGS).dropped[OTEL_DROP_REFUSED], 1);
    shut();
}

/* Each attempt at the very moment that was announced, within the range of its wait. */
static void a_request_is_tried_again_when_its_wait_is_over(void)
{
    static const uint32_t ranges[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000 };
    otel_options          o = defaults();
    unsigned              run, i;

    for (run = 0; run < 50; run++) {
        open_with(&o);
        answers[TRACES] = OTEL_TRANSPORT_RETRY;
        put_span();
        run_for(5001 * MS);
        T_EQ_INT(n_calls, 1);
        for (i = 0; i < COUNT(ranges); i++) {
            const uint64_t failed_at = last_call()->at;
            T_EQ_INT(last_call()->attempt, i + 1);
            T_EQ_INT(n_calls, i + 1);
            while (n_calls == i + 1 && !t_bad) {
                const uint32_t ms = otel_poll(sdk);
                T_CHECK(n_calls > i + 1 || ms > 0);
                clock_ns += n_calls == i + 1 ? ms * MS : 0;
            }
            T_CHECK(last_call()->at - failed_at <= ranges[i] * MS);
            T_CHECK(last_call()->at > failed_at);
        }
        answers[TRACES] = OTEL_TRANSPORT_SENT;
        run_for(31 * SECOND);
        T_EQ_INT(stats_of(TRACES).delivered, 1);
        put_span(); /* attempts are counted anew */
        run_for(6 * SECOND);
        T_EQ_INT(last_call()->attempt, 1);
        shut();
    }
}

static void the_time_a_backend_asks_for_is_kept_to_the_millisecond(void)
{
    static const uint32_t rows[][2] = {
        { 1, 1 }, { 250, 250 }, { 45000, 45000 }, { 300000, 300000 }, { 4000000000u, 300000 }
    };
    otel_options o = defaults();
    size_t       i;

    o.metric_interval_ms = OTEL_NO_LIMIT;
    for (i = 0; i < COUNT(rows); i++) {
        uint64_t at;
        open_with(&o);
        answers[TRACES] = OTEL_TRANSPORT_RETRY;
        retry_after = rows[i][0];
        put_span();
        run_for(5001 * MS);
        T_EQ_INT(n_calls, 1);
        at = calls[0].at;
        answers[TRACES] = OTEL_TRANSPORT_SENT;
        run_for(301 * SECOND);
        T_EQ_INT(n_calls, 2);
        T_EQ_INT((calls[1].at - at) / MS, rows[i][1]);
        shut();
    }
}

/* H-24: the same body again, so that a backend that had taken it can tell. */
static void what_is_tried_again_is_the_same_request(void)
{
    otel_options o = defaults();

    open_with(&o);
    answers[LOGS] = OTEL_TRANSPORT_RETRY;
    put_logs(3);
    run_for(1001 * MS);
    put_logs(5);
    run_for(10 * SECOND);
    T_CHECK(n_calls > 2 && last_call()->n_records == 3);
    answers[LOGS] = OTEL_TRANSPORT_SENT;
    run_for(30 * SECOND);
    T_EQ_INT(stats_of(LOGS).delivered, 8);
    T_EQ_INT(last_call()->n_records, 5);
    T_EQ_INT(last_call()->attempt, 1);
    shut();
}

static void one_signals_wait_does_not_hold_up_the_others(void)
{
    otel_options  o = defaults();
    otel_counter *c;

    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    answers[LOGS] = OTEL_TRANSPORT_RETRY;
    retry_after = 300000;
    put_log();
    run_for(1001 * MS);
    T_EQ_INT(n_calls, 1);
    put_span();
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    run_for(61 * SECOND);
    T_EQ_INT(stats_of(TRACES).delivered, 1);
    T_EQ_INT(stats_of(METRICS).delivered, 1);
    T_EQ_INT(stats_of(LOGS).queued, 1);
    shut();
}

static void signals_take_turns(void)
{
    otel_options o = defaults();
    unsigned     i;

    o.log_batch = 1;
    o.span_batch = 1;
    open_with(&o);
    for (i = 0; i < 20; i++) {
        put_span();
        put_log();
    }
    (void)otel_poll(sdk);
    T_EQ_INT(n_calls, 40);
    for (i = 1; i < 40; i++) {
        T_CHECK(calls[i].signal != calls[i - 1].signal);
    }
    shut();
}

static void a_long_backlog_is_sent_in_several_steps(void)
{
    otel_options o = defaults();

    o.log_batch = 1;
    o.log_queue = 200;
    open_with(&o);
    put_logs(200);
    T_EQ_INT(otel_poll(sdk), 0); /* more can be done: the caller decides */
    T_CHECK(n_calls < 200 && n_calls > 0);
    run_for(10 * MS);
    T_EQ_INT(n_calls, 200);
    shut();
}

/* ---- pending ---- */

static void a_pending_request_is_waited_for(void)
{
    otel_options o = defaults();

    open_with(&o);
    answers[LOGS] = OTEL_TRANSPORT_PENDING;
    put_log();
    run_for(1001 * MS);
    T_EQ_INT(n_calls, 1);
    put_span();
    put_logs(600);
    run_for(50 * SECOND);
    T_EQ_INT(n_calls, 1);
    T_EQ_INT(stats_of(LOGS).queued, 601);
    answers[LOGS] = OTEL_TRANSPORT_SENT;
    complete(OTEL_TRANSPORT_SENT);
    run_for(10 * SECOND);
    T_EQ_INT(stats_of(LOGS).delivered, 601);
    T_EQ_INT(stats_of(TRACES).delivered, 1);
    shut();
}

static void each_late_answer_has_its_effect(void)
{
    otel_options o = defaults();

    open_with(&o);
    answers[LOGS] = OTEL_TRANSPORT_PENDING;
    put_log();
    run_for(1001 * MS);
    complete(OTEL_TRANSPORT_RETRY);
    (void)otel_poll(sdk);
    T_EQ_INT(stats_of(LOGS).queued, 1);
    run_for(1001 * MS);
    T_EQ_INT(n_calls, 2);
    T_EQ_INT(last_call()->attempt, 2);
    complete(OTEL_TRANSPORT_REFUSED);
    (void)otel_poll(sdk);
    T_EQ_INT(stats_of(LOGS).dropped[OTEL_DROP_REFUSED], 1);
    put_log();
    run_for(1001 * MS);
    complete(OTEL_TRANSPORT_SENT);
    (void)otel_poll(sdk);
    T_EQ_INT(stats_of(LOGS).delivered, 1);
    shut();
}

static otel_transport_result answer_inside(void *user, otel_request *request)
{
    (void)user;
    n_calls++;
    otel_transport_complete(request, OTEL_TRANSPORT_SENT);
    otel_transport_complete(request, OTEL_TRANSPORT_REFUSED); /* too late */
    return OTEL_TRANSPORT_PENDING;
}

static void a_transport_may_complete_before_it_returns(void)
{
    otel_options o = defaults();

    o.transport.send = answer_inside;
    o.log_batch = 1;
    open_with(&o);
    put_logs(5);
    T_CHECK(otel_poll(sdk) > 0);
    T_EQ_INT(n_calls, 5);
    T_EQ_INT(stats_of(LOGS).delivered, 5);
    shut();
}

static void answers_that_were_not_asked_for_are_ignored(void)
{
    otel_options o = defaults();
    otel_request other;

    memset(&other, 0, sizeof other);
    open_with(&o);
    otel_transport_complete(NULL, OTEL_TRANSPORT_SENT);
    otel_transport_complete(&other, OTEL_TRANSPORT_SENT);
    answers[LOGS] = OTEL_TRANSPORT_PENDING;
    put_log();
    run_for(1001 * MS);
    otel_transport_complete(pending, OTEL_TRANSPORT_PENDING); /* no answer at all */
    otel_transport_complete(pending, (otel_transport_result)-1);
    otel_transport_complete(pending, (otel_transport_result)77);
    (void)otel_poll(sdk);
    T_EQ_INT(stats_of(LOGS).queued, 1);
    other = *pending;
    complete(OTEL_TRANSPORT_SENT);
    otel_transport_complete(&other, OTEL_TRANSPORT_REFUSED);
    (void)otel_poll(sdk);
    otel_transport_complete(&other, OTEL_TRANSPORT_REFUSED);
    (void)otel_poll(sdk);
    T_EQ_INT(stats_of(LOGS).delivered, 1);
    shut();
}

static otel_transport_result record_inside(void *user, otel_request *request)
{
    (void)user;
    n_calls++;
    if (request->signal == TRACES) {
        return OTEL_TRANSPORT_RETRY;
    }
    if (n_calls < 5000) {
        put_log(); /* its own telemetry, as the contract allows */
    }
    return OTEL_TRANSPORT_SENT;
}

/* A transport that logs each request, and traces that cannot be delivered: what can be done at once
 * has an end. */
static void a_flush_without_time_ends_though_there_is_always_more_to_send(void)
{
    otel_options o = defaults();

    o.transport.send = record_inside;
    open_with(&o);
    put_span();
    put_log();
    T_EQ_INT(otel_flush(sdk, 0), OTEL_TIMEOUT);
    T_CHECK(n_calls < 1000);
    T_EQ_INT(otel_close(sdk, 0), OTEL_TIMEOUT);
    T_CHECK(n_calls < 2000);
    shut();
}

/* ---- readings that were not sent ---- */

static void only_the_newest_unsent_reading_is_kept(void)
{
    otel_options  o = defaults();
    otel_counter *c;
    otel_gauge   *g;

    o.metric_interval_ms = 1000;
    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    g = otel_gauge_create(scope, "g", NULL, NULL);
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    otel_gauge_set(g, 1, OTEL_NO_ATTRS);
    answers[METRICS] = OTEL_TRANSPORT_RETRY;
    run_for(20500 * MS);
    T_EQ_INT(stats_of(METRICS).queued, 2);
    T_EQ_INT(stats_of(METRICS).dropped[OTEL_DROP_SUPERSEDED], 2 * 19);
    T_CHECK(n_calls > 3);
    T_CHECK(stats_add_up(sdk));
    answers[METRICS] = OTEL_TRANSPORT_SENT;
    run_for(31 * SECOND);
    T_CHECK(stats_of(METRICS).delivered >= 2);
    T_EQ_INT(stats_of(METRICS).dropped[OTEL_DROP_QUEUE_BYTES], 0);
    shut();
}

/* Readings come at a second, waits grow to thirty: the waits must not shrink with each reading. */
static void a_new_reading_does_not_make_attempts_more_frequent(void)
{
    otel_options  o = defaults();
    otel_counter *c;
    unsigned      first;

    o.metric_interval_ms = 1000;
    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    answers[METRICS] = OTEL_TRANSPORT_RETRY;
    run_for(300 * SECOND);
    first = n_calls;
    run_for(600 * SECOND);
    T_CHECK(n_calls - first < 100); /* ranges of 30 s: about 40; of 1 s: 600 or more */
    T_CHECK(n_calls - first > 15);
    shut();
}

static void a_reading_under_way_is_not_superseded(void)
{
    otel_options  o = defaults();
    otel_counter *c;

    o.metric_interval_ms = 1000;
    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    answers[METRICS] = OTEL_TRANSPORT_PENDING;
    run_for(5500 * MS);
    T_EQ_INT(n_calls, 1);
    T_EQ_INT(stats_of(METRICS).dropped[OTEL_DROP_SUPERSEDED], 0);
    answers[METRICS] = OTEL_TRANSPORT_SENT;
    complete(OTEL_TRANSPORT_SENT);
    (void)otel_poll(sdk);
    T_EQ_INT(stats_of(METRICS).delivered, 2); /* the one under way and the newest */
    T_EQ_INT(stats_of(METRICS).dropped[OTEL_DROP_SUPERSEDED], 3);
    T_EQ_INT(n_calls, 2);
    run_for(5 * SECOND);
    T_CHECK(stats_add_up(sdk));
    T_EQ_INT(stats_of(METRICS).queued, 0);
    shut();
}

/* The number of a reading has 15 bits. */
static void readings_are_told_apart_when_their_number_comes_round(void)
{
    otel_options  o = defaults();
    otel_counter *c;
    unsigned      i;

    o.metric_interval_ms = 1000;
    open_with(&o);
    sdk->e.batch.newest = 0xfffd0000u;
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    for (i = 1; i <= 4; i++) {
        answers[METRICS] = OTEL_TRANSPORT_PENDING;
        run_for(2500 * MS); /* one is under way, the next ones wait behind it */
        answers[METRICS] = OTEL_TRANSPORT_SENT;
        complete(OTEL_TRANSPORT_SENT);
        (void)otel_poll(sdk);
        T_EQ_INT(stats_of(METRICS).delivered, 2 * i);
        T_EQ_INT(stats_of(METRICS).queued, 0);
    }
    T_CHECK(sdk->e.batch.newest < 0x1000000u);
    shut();
}

/* ---- delta readings ---- */

static int64_t  delta_sum;
static uint64_t delta_end; /* of the last point */
static unsigned n_deltas;

static void note_delta(void *user, const otel__pb_field *in, const otel__pb_field *metric)
{
    otel__pb_field data, p;

    (void)user;
    (void)in;
    if (T_CHECK(find_field(metric->data, metric->length, 7, 0, &data)) &&
        T_CHECK(find_field(data.data, data.length, 1, 0, &p))) {
        T_EQ_INT(field_value(&data, 2, 0), OTEL_TEMPORALITY_DELTA);
        T_EQ_INT(field_value(&p, 2, 0), delta_end); /* no gap, nothing twice */
        delta_end = field_value(&p, 3, 0);
        delta_sum += (int64_t)field_value(&p, 6, 0);
        n_deltas++;
    }
}

static otel_transport_result take_deltas(void *user, otel_request *request)
{
    const otel_transport_result result = backend(user, request);

    if (result != OTEL_TRANSPORT_RETRY) {
        T_EQ_INT(each_record(request, note_delta, NULL), request->n_records);
    }
    return result;
}

/* Nothing replaces a delta reading: it waits, and once the queue is full, in its series. */
static void delta_readings_that_find_no_room_come_later_and_whole(void)
{
    otel_options  o = defaults();
    otel_counter *c;
    unsigned      i, drop;

    o.metric_interval_ms = 1000;
    o.series_bytes = 4096;
    o.metric_queue_bytes = 1024;
    o.temporality = OTEL_TEMPORALITY_DELTA;
    o.transport.send = take_deltas;
    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    delta_sum = 0;
    n_deltas = 0;
    delta_end = unix_offset + clock_ns; /* it was made then */
    answers[METRICS] = OTEL_TRANSPORT_RETRY;
    retry_after = 1000;
    for (i = 0; i < 40; i++) {
        otel_counter_add(c, 3, OTEL_NO_ATTRS);
        run_for(SECOND);
    }
    T_EQ_INT(stats_of(METRICS).delivered, 0);
    T_CHECK(stats_of(METRICS).queued > 5 && stats_of(METRICS).queued < 30); /* it was full */
    answers[METRICS] = OTEL_TRANSPORT_SENT;
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_EQ_INT(delta_sum, 40 * 3);
    T_EQ_INT(delta_end, unix_offset + clock_ns);
    T_EQ_INT(stats_of(METRICS).delivered, n_deltas);
    for (drop = 0; drop < OTEL_DROP_COUNT; drop++) {
        T_EQ_INT(stats_of(METRICS).dropped[drop], 0);
    }
    run_for(5 * SECOND);
    T_EQ_INT(delta_sum, 40 * 3); /* idle: no point */
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    delta_end += 4 * SECOND; /* the last reading, though it had no point; now is the fifth */
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_EQ_INT(delta_sum, 40 * 3 + 1);
    shut();
}

/* ---- flush and close ---- */

static void a_flush_delivers_everything_at_once(void)
{
    otel_options  o = defaults();
    otel_counter *c;
    uint64_t      begin;

    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    put_logs(1300);
    put_span();
    begin = clock_ns;
    T_EQ_INT(otel_flush(sdk, 10000), OTEL_OK);
    T_CHECK(clock_ns == begin);
    T_EQ_INT(stats_of(LOGS).delivered, 1300);
    T_EQ_INT(stats_of(TRACES).delivered, 1);
    T_EQ_INT(stats_of(METRICS).delivered, 1);
    T_EQ_INT(otel_flush(sdk, 10000), OTEL_OK); /* the counter is read again */
    T_EQ_INT(stats_of(METRICS).delivered, 2);
    shut();
}

static void a_flush_ends_at_its_deadline(void)
{
    static const uint32_t timeouts[] = { 0, 1, 9, 10, 11, 1000, 12345 };
    otel_options          o = defaults();
    size_t                i;
    int                   kind;

    for (kind = 0; kind < 2; kind++) {
        for (i = 0; i < COUNT(timeouts); i++) {
            uint64_t begin;
            open_with(&o);
            answers[LOGS] = kind == 0 ? OTEL_TRANSPORT_RETRY : OTEL_TRANSPORT_PENDING;
            retry_after = kind == 0 ? 300000 : 0;
            put_log();
            begin = clock_ns;
            T_EQ_INT(otel_flush(sdk, timeouts[i]), OTEL_TIMEOUT);
            T_EQ_INT((clock_ns - begin) / MS, timeouts[i]);
            T_CHECK((clock_ns - begin) % MS == 0);
            T_CHECK(n_waits <= timeouts[i] / 10 + 2); /* it sleeps, in naps of 10 ms */
            T_EQ_INT(n_calls, 1); /* tried once, then what the backend asked for is respected */
            T_EQ_INT(stats_of(LOGS).queued, 1);
            begin = clock_ns;
            T_EQ_INT(otel_close(sdk, timeouts[i]), OTEL_TIMEOUT);
            T_EQ_INT((clock_ns - begin) / MS, timeouts[i]);
            T_EQ_INT(stats_of(LOGS).dropped[OTEL_DROP_SHUTDOWN], 1);
            shut();
        }
    }
}

static uint64_t answer_at;

static void answer_when_due(void)
{
    if (pending != NULL && clock_ns >= answer_at) {
        complete(OTEL_TRANSPORT_SENT);
    }
}

static void a_flush_returns_when_the_late_answer_has_come(void)
{
    otel_options o = defaults();
    uint64_t     begin;

    open_with(&o);
    answers[LOGS] = OTEL_TRANSPORT_PENDING;
    put_log();
    begin = clock_ns;
    answer_at = clock_ns + 2500 * MS;
    on_wait = answer_when_due;
    T_EQ_INT(otel_flush(sdk, OTEL_NO_LIMIT), OTEL_OK);
    T_CHECK(clock_ns - begin >= 2500 * MS && clock_ns - begin <= 2510 * MS);
    T_EQ_INT(stats_of(LOGS).delivered, 1);
    shut();
}

static void a_flush_tries_at_once_what_was_to_wait(void)
{
    otel_options o = defaults();

    open_with(&o);
    answers[LOGS] = OTEL_TRANSPORT_RETRY;
    retry_after = 200000;
    put_log();
    run_for(1001 * MS);
    answers[LOGS] = OTEL_TRANSPORT_SENT;
    T_EQ_INT(otel_flush(sdk, 0), OTEL_OK);
    T_EQ_INT(stats_of(LOGS).delivered, 1);
    shut();
}

static void a_flush_tells_what_was_lost(void)
{
    otel_options o = defaults();

    open_with(&o);
    answers[LOGS] = OTEL_TRANSPORT_REFUSED;
    put_log();
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_LOST);
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK); /* nothing more was lost */
    shut();
}

/* A backend that answers "later" to metrics all the time: their next reading replaces the first
 * one,
 * which does not make it delivered. */
static void a_superseded_reading_is_not_a_flushed_one(void)
{
    otel_options  o = defaults();
    otel_counter *c;
    uint64_t      begin;

    o.metric_interval_ms = 1000;
    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    answers[METRICS] = OTEL_TRANSPORT_RETRY;
    begin = clock_ns;
    T_EQ_INT(otel_flush(sdk, 20000), OTEL_TIMEOUT);
    T_EQ_INT((clock_ns - begin) / MS, 20000);
    T_EQ_INT(stats_of(METRICS).delivered, 0);
    run_for(3 * SECOND); /* readings go on afterwards */
    T_CHECK(stats_of(METRICS).dropped[OTEL_DROP_SUPERSEDED] > 1);
    shut();
}

static void a_closed_sdk_does_nothing(void)
{
    otel_options  o = defaults();
    otel_counter *c;
    otel_span     span;

    open_with(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    span = otel_span_start(scope, "open", NULL);
    put_logs(3);
    T_EQ_INT(otel_close(sdk, 100), OTEL_OK);
    n_calls = 0;
    T_EQ_INT(otel_close(sdk, 100), OTEL_OK);
    T_EQ_INT(otel_flush(sdk, 100), OTEL_DISABLED);
    T_CHECK(otel_poll(sdk) == UINT32_MAX);
    put_log();
    put_span();
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    otel_span_set(span, OTEL_ATTRS(otel_int("a", 1)));
    otel_span_end(span);
    T_CHECK(!otel_span_is_recording(span));
    T_CHECK(otel_scope_get(sdk, "new", NULL) == NULL);
    T_CHECK(otel_counter_create(scope, "new", NULL, NULL) == NULL);
    T_EQ_INT(otel_queue_free(sdk, LOGS), 0);
    T_EQ_INT(stats_of(LOGS).delivered, 3);
    T_EQ_INT(stats_of(LOGS).started, 3);
    T_EQ_INT(stats_of(TRACES).open, 1);
    T_EQ_INT(n_calls, 0);
    shut();
}

/* ---- records that are not finished ---- */

static void an_unfinished_record_is_looked_at_again_soon_but_not_in_a_loop(void)
{
    otel_options    o = defaults();
    otel__ring_slot slot;
    unsigned        i;

    open_with(&o);
    if (!T_CHECK(otel__ring_reserve(&sdk->logs.ring, 30, &slot) == OTEL__RING_OK)) {
        return;
    }
    put_logs(3); /* behind one that is held up */
    run_for(5 * SECOND);
    T_EQ_INT(n_calls, 0);
    for (i = 0; i < 5; i++) {
        const uint32_t ms = otel_poll(sdk);
        T_CHECK(ms >= 1 && ms <= 10);
        clock_ns += ms * MS;
    }
    memset(otel__record_prefix(slot.data, scope->index), 0, 26);
    slot.data[4] = 0x7a; /* an unknown field of 24 bytes */
    slot.data[5] = 24;
    otel__ring_commit(&slot);
    run_for(11 * MS);
    T_EQ_INT(n_calls, 1);
    T_EQ_INT(last_call()->n_records, 4);
    shut();
}

/* ---- the clocks ---- */

static uint64_t last_start, last_end;

static void note_times(void *user, const otel__pb_field *in, const otel__pb_field *record)
{
    (void)user;
    (void)in;
    last_start = field_value(record, 7, 0);
    last_end = field_value(record, 8, 0);
}

static otel_transport_result note_span(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(each_record(request, note_times, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

static void a_step_of_the_wall_clock_does_not_bend_a_span(void)
{
    otel_options o = defaults();
    otel_span    span;
    uint64_t     started;

    o.transport.send = note_span;
    open_with(&o);
    (void)otel_poll(sdk);
    started = clock_ns + unix_offset;
    span = otel_span_start(scope, "span", NULL);
    clock_ns += 3 * SECOND;
    unix_offset -= 3600 * SECOND; /* set back by an hour */
    (void)otel_poll(sdk);
    clock_ns += 4 * SECOND;
    otel_span_end(span);
    T_EQ_INT(otel_flush(sdk, 100), OTEL_OK);
    T_CHECK(last_start == started && last_end == started + 7 * SECOND);
    span = otel_span_start(scope, "span", NULL);
    clock_ns -= 5 * SECOND; /* a hook that is not monotonic */
    otel_span_end(span);
    clock_ns += 5 * SECOND;
    T_EQ_INT(otel_flush(sdk, 100), OTEL_OK);
    T_CHECK(last_end == last_start && last_start == clock_ns + unix_offset);
    shut();
}

static void a_clock_that_runs_backwards_stops_nothing_for_good(void)
{
    otel_options o = defaults();
    unsigned     i;

    open_with(&o);
    for (i = 0; i < 10; i++) {
        put_log();
        (void)otel_poll(sdk);
        clock_ns -= 100 * SECOND;
        (void)otel_poll(sdk);
        clock_ns += 100 * SECOND;
        run_for(1500 * MS);
        T_EQ_INT(stats_of(LOGS).delivered, i + 1);
    }
    shut();
}

/* As if so many records had gone through before. */
static void the_counts_add_up_past_two_to_the_32(void)
{
    otel_options o = defaults();
    otel__ring  *ring;
    unsigned     i;

    o.log_queue = 8;
    open_with(&o);
    ring = &sdk->logs.ring;
    otel__a64_put(&ring->head, UINT64_C(0xfffffffa) << 32 | otel__ring_head_load(ring).position);
    otel__a32_put(&ring->taken, 0xfffffffau);
    otel__a64_put(&sdk->e.pipes[LOGS].delivered, 0xfffffffau);
    for (i = 0; i < 3; i++) {
        put_logs(10); /* two of them find no room */
        T_CHECK(stats_add_up(sdk));
        T_EQ_INT(otel_flush(sdk, 100), OTEL_OK);
        T_CHECK(stats_add_up(sdk));
    }
    T_CHECK(stats_of(LOGS).delivered == UINT64_C(0xfffffffa) + 24);
    T_EQ_INT(stats_of(LOGS).dropped[OTEL_DROP_QUEUE_RECORDS], 6);
    T_CHECK(stats_of(LOGS).started == UINT64_C(0xfffffffa) + 30);
    shut();
}

/* ---- everything at random ---- */

static uint64_t chaos;

static otel_transport_result any_answer(void *user, otel_request *request)
{
    const uint32_t dice = random_below(&chaos, 10);

    answers[request->signal] = dice < 4   ? OTEL_TRANSPORT_SENT
                               : dice < 6 ? OTEL_TRANSPORT_RETRY
                               : dice < 7 ? OTEL_TRANSPORT_REFUSED
                                          : OTEL_TRANSPORT_PENDING;
    retry_after = random_below(&chaos, 3) == 0 ? random_below(&chaos, 5000) : 0;
    return backend(user, request);
}

static otel_span     spans[8];
static otel_counter *counter;

static void record_something(void)
{
    static char text[600];
    otel_span  *span = &spans[random_below(&chaos, COUNT(spans))];

    memset(text, 'x', sizeof text);
    switch (random_below(&chaos, 5)) {
    case 0:
        if (!otel_span_is_recording(*span)) {
            *span = otel_span_start(scope, "span", NULL);
        }
        break;
    case 1: otel_span_end(*span); break;
    case 2:
        otel_span_set(*span, OTEL_ATTRS(otel_strn("k", text, random_below(&chaos, 600))));
        break;
    case 3:
        otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("k", random_below(&chaos, 40))));
        break;
    default:
        otel_log(scope, OTEL_SEVERITY_INFO, "body",
                 OTEL_ATTRS(otel_strn("k", text, random_below(&chaos, 600))));
        break;
    }
}

static void step_somehow(void)
{
    const unsigned before = n_calls;
    uint32_t       ms;

    switch (random_below(&chaos, 40)) {
    case 0: (void)otel_flush(sdk, random_below(&chaos, 300)); break;
    case 1:
    case 2:
    case 3:
        if (pending != NULL) {
            complete((otel_transport_result)random_below(&chaos, 3));
        }
        break;
    case 4:
    case 5:
    case 6:
        ms = otel_poll(sdk);
        T_CHECK(ms > 0 || n_calls > before);
        clock_ns += random_below(&chaos, ms < 100000 ? ms + 1 : 1000) * MS; /* or less */
        break;
    case 7: clock_ns += random_below(&chaos, 3000) * MS; break;
    default: record_something(); break;
    }
}

static void the_counts_add_up_after_every_step(void)
{
    uint64_t     delivered = 0, refused = 0, superseded = 0, full = 0;
    unsigned     run, i;
    otel_options o = defaults();

    chaos = 91;
    o.transport.send = any_answer;
    o.log_queue = 40;
    o.log_batch = 7;
    o.log_queue_bytes = 8192;
    o.span_queue = 30;
    o.span_batch = 5;
    o.max_open_spans = 6;
    o.span_chunks = 4;
    o.metric_interval_ms = 2000;
    o.max_series = 20;
    o.max_request_bytes = 3000;
    for (run = 0; run < 40 && !t_bad; run++) {
        otel_stats s;
        open_with(&o);
        memset(spans, 0, sizeof spans);
        counter = otel_counter_create(scope, "c", NULL, NULL);
        for (i = 0; i < 1500 && !t_bad; i++) {
            step_somehow();
            T_CHECK(stats_add_up(sdk));
        }
        (void)otel_close(sdk, random_below(&chaos, 2000));
        T_CHECK(stats_add_up(sdk));
        otel_stats_get(sdk, &s);
        for (i = 0; i < 3; i++) {
            T_EQ_INT(s.signal[i].queued, 0); /* closed: nothing is left between the chairs */
            delivered += s.signal[i].delivered;
            refused += s.signal[i].dropped[OTEL_DROP_REFUSED];
            superseded += s.signal[i].dropped[OTEL_DROP_SUPERSEDED];
            full += s.signal[i].dropped[OTEL_DROP_QUEUE_RECORDS] +
                    s.signal[i].dropped[OTEL_DROP_QUEUE_BYTES];
        }
        otel_release(sdk);
        pending = NULL;
    }
    T_CHECK(delivered > 1000 && refused > 100 && superseded > 10 && full > 100);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_record_goes_out_within_its_delay);
    T_RUN(records_wait_for_company_as_long_as_the_delay);
    T_RUN(a_complete_batch_goes_out_at_once_and_the_rest_waits);
    T_RUN(half_a_queue_of_bytes_goes_out_at_once);
    T_RUN(without_a_delay_records_go_out_soon_and_nothing_spins);
    T_RUN(metrics_are_read_at_their_interval);
    T_RUN(an_interval_without_end_reads_metrics_only_when_flushed);
    T_RUN(a_refused_request_is_dropped_and_the_next_goes_out);
    T_RUN(an_answer_that_does_not_exist_is_a_refusal);
    T_RUN(a_request_is_tried_again_when_its_wait_is_over);
    T_RUN(the_time_a_backend_asks_for_is_kept_to_the_millisecond);
    T_RUN(what_is_tried_again_is_the_same_request);
    T_RUN(one_signals_wait_does_not_hold_up_the_others);
    T_RUN(signals_take_turns);
    T_RUN(a_long_backlog_is_sent_in_several_steps);
    T_RUN(a_pending_request_is_waited_for);
    T_RUN(each_late_answer_has_its_effect);
    T_RUN(a_transport_may_complete_before_it_returns);
    T_RUN(answers_that_were_not_asked_for_are_ignored);
    T_RUN(a_flush_without_time_ends_though_there_is_always_more_to_send);
    T_RUN(only_the_newest_unsent_reading_is_kept);
    T_RUN(a_new_reading_does_not_make_attempts_more_frequent);
    T_RUN(a_reading_under_way_is_not_superseded);
    T_RUN(readings_are_told_apart_when_their_number_comes_round);
    T_RUN(delta_readings_that_find_no_room_come_later_and_whole);
    T_RUN(a_flush_delivers_everything_at_once);
    T_RUN(a_flush_ends_at_its_deadline);
    T_RUN(a_flush_returns_when_the_late_answer_has_come);
    T_RUN(a_flush_tries_at_once_what_was_to_wait);
    T_RUN(a_flush_tells_what_was_lost);
    T_RUN(a_superseded_reading_is_not_a_flushed_one);
    T_RUN(a_closed_sdk_does_nothing);
    T_RUN(an_unfinished_record_is_looked_at_again_soon_but_not_in_a_loop);
    T_RUN(a_step_of_the_wall_clock_does_not_bend_a_span);
    T_RUN(a_clock_that_runs_backwards_stops_nothing_for_good);
    T_RUN(the_counts_add_up_past_two_to_the_32);
    T_RUN(the_counts_add_up_after_every_step);
    return t_end();
}
