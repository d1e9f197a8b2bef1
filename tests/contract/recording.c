/* recording: makes every recording call there is, in every state that can be reached, where no
 * system call is allowed; only the clock may be read, which the vDSO does.
 *
 *   recording            after otel_open(), without a thread
 *   recording thread     with the background thread, which is not under the filter; one word may
 *                        be written, the wake-up
 *   recording unwoken    the same with no word allowed: built with OTEL_LITE_NO_WAKE it passes
 *   recording clock      only reads the clocks: whether this machine has a vDSO for them
 *   recording forbidden  makes one system call: the control, killed by SIGSYS
 *   recording nothing    opens an SDK for which nothing is configured, under the filter
 *   recording configured opens one that is configured, under the filter: a second control
 *
 * Exit code 0, or the line (modulo 250, plus 1) of the check that failed. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include "filter.h"

#define CHECK(cond) check((cond) ? 1 : 0, __LINE__)

static void check(int held, int line)
{
    if (!held) {
        _exit(line % 250 + 1);
    }
}

static otel_transport_result deliver(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_SENT;
}

static otel_sdk   *sdk;
static otel_scope *scope;
static char        large[40000];

static struct {
    otel_counter        *counter;
    otel_counter_f64    *counter_f64;
    otel_updown         *updown;
    otel_updown_f64     *updown_f64;
    otel_gauge          *gauge;
    otel_gauge_f64      *gauge_f64;
    otel_histogram      *histogram;
    otel_histogram_f64  *histogram_f64;
    otel_histogram_f64  *exponential;
    otel_observable     *observable;
    otel_observable_f64 *observable_f64;
} made;

static int            told; /* rounds of the callback */
static otel_observer *observer;

/* Tells values, to 8 series and the overflow series; the observer stays, for late calls. */
static void tell(void *user, otel_observer *now)
{
    int i;

    for (i = 0; i < 12; i++) {
        otel_observe(now, made.observable, i, OTEL_ATTRS(otel_int("i", i)));
        otel_observe_f64(now, made.observable_f64, 0.5, OTEL_ATTRS(otel_int("i", i)));
    }
    otel_observe(now, made.observable, -1, OTEL_NO_ATTRS); /* a bad value */
    *(otel_observer **)user = now;
    told++;
}

static void open_sdk(bool background)
{
    static const otel_callback callback = { tell, &observer };
    static const double        bounds[] = { -1, 0, 1.5, 1000 };
    otel_histogram_options     options = { bounds, 4, 0, 0, 0, false };
    otel_histogram_options     narrow = { NULL, 0, 0, 4, 0, false };
    otel_options               o;

    memset(&o, 0, sizeof o);
    memset(large, 'x', sizeof large - 1);
    o.transport.send = deliver;
    o.ignore_environment = true;
    o.background = background;
    o.span_queue = o.log_queue = 64; /* small limits: each of them is met */
    o.span_batch = o.log_batch = 16;
    o.span_queue_bytes = o.log_queue_bytes = 65536;
    o.max_open_spans = 4;
    o.span_chunks = 8;
    o.max_series = 8;
    o.attribute_limit = 16;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "recording", "1");
    made.counter = otel_counter_create(scope, "c", "1", "integers that grow");
    made.counter_f64 = otel_counter_create_f64(scope, "cd", NULL, NULL);
    made.updown = otel_updown_create(scope, "u", NULL, NULL);
    made.updown_f64 = otel_updown_create_f64(scope, "ud", NULL, NULL);
    made.gauge = otel_gauge_create(scope, "g", NULL, NULL);
    made.gauge_f64 = otel_gauge_create_f64(scope, "gd", NULL, NULL);
    made.histogram = otel_histogram_create(scope, "h", NULL, NULL, &options);
    made.histogram_f64 = otel_histogram_create_f64(scope, "hd", NULL, NULL, NULL);
    narrow.aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    made.exponential = otel_histogram_create_f64(scope, "e", NULL, NULL, &narrow);
    made.observable = otel_observable_counter_create(scope, "o", NULL, NULL, &callback);
    made.observable_f64 = otel_observable_gauge_create_f64(scope, "od", NULL, NULL, NULL);
    CHECK(sdk != NULL && made.histogram_f64 != NULL && made.exponential != NULL);
    CHECK(made.observable_f64 != NULL);
}

/* Each kind of instrument with the same attributes. */
static void measure(int64_t v, otel_attrs attrs)
{
    otel_counter_add(made.counter, v, attrs);
    otel_counter_add_f64(made.counter_f64, (double)v, attrs);
    otel_updown_add(made.updown, -v, attrs);
    otel_updown_add_f64(made.updown_f64, -0.5, attrs);
    otel_gauge_set(made.gauge, v, attrs);
    otel_gauge_set_f64(made.gauge_f64, 1e300, attrs);
    otel_histogram_record(made.histogram, v, attrs);
    otel_histogram_record_f64(made.histogram_f64, (double)v / 3, attrs);
    otel_histogram_record_f64(made.exponential, (double)v * (double)v - 5, attrs);
}

/* The same through handles: cold and warm series, the overflow series, bad values. */
static void measure_bound(int64_t v, otel_attrs attrs)
{
    const otel_bound_counter       counter = otel_counter_bind(made.counter, attrs);
    const otel_bound_counter_f64   counter_f64 = otel_counter_bind_f64(made.counter_f64, attrs);
    const otel_bound_updown        updown = otel_updown_bind(made.updown, attrs);
    const otel_bound_updown_f64    updown_f64 = otel_updown_bind_f64(made.updown_f64, attrs);
    const otel_bound_gauge         gauge = otel_gauge_bind(made.gauge, attrs);
    const otel_bound_gauge_f64     gauge_f64 = otel_gauge_bind_f64(made.gauge_f64, attrs);
    const otel_bound_histogram     histogram = otel_histogram_bind(made.histogram, attrs);
    const otel_bound_histogram_f64 exponential = otel_histogram_bind_f64(made.exponential, attrs);

    otel_bound_counter_add(counter, v);
    otel_bound_counter_add(counter, v);
    otel_bound_counter_add_f64(counter_f64, (double)v);
    otel_bound_updown_add(updown, -v);
    otel_bound_updown_add(updown, -v);
    otel_bound_updown_add_f64(updown_f64, 0.25);
    otel_bound_gauge_set(gauge, v);
    otel_bound_gauge_set(gauge, v);
    otel_bound_gauge_set_f64(gauge_f64, (double)v);
    otel_bound_histogram_record(histogram, v);
    otel_bound_histogram_record_f64(exponential, (double)v * 1e10);
}

/* Whether every instrument says so. */
static bool all_are_enabled(void)
{
    return otel_counter_enabled(made.counter) && otel_counter_enabled_f64(made.counter_f64) &&
           otel_updown_enabled(made.updown) && otel_updown_enabled_f64(made.updown_f64) &&
           otel_gauge_enabled(made.gauge) && otel_gauge_enabled_f64(made.gauge_f64) &&
           otel_histogram_enabled(made.histogram) && otel_histogram_enabled_f64(made.histogram_f64);
}

static void record_metrics(void)
{
    const double zero = strlen(large) > 0 ? 0.0 : 1.0; /* unknown to the compiler */
    int          i;

    measure_bound(7, OTEL_ATTRS(otel_int("i", 0), otel_str("bound", "first")));
    for (i = 0; i < 40; i++) { /* 8 series, then the overflow series */
        measure(i, OTEL_ATTRS(otel_int("i", i), otel_str("s", "x")));
        measure(i, OTEL_ATTRS(otel_str("s", "x"), otel_int("i", i))); /* in another order */
    }
    measure_bound(7, OTEL_ATTRS(otel_int("i", 0), otel_str("bound", "too late")));
    measure_bound(-1, OTEL_ATTRS(otel_int("i", 0), otel_str("s", "x")));
    measure(1, OTEL_NO_ATTRS);
    measure(1, OTEL_ATTRS(otel_str("k", large), otel_f64("d", zero / zero), otel_bool("b", true)));
    measure(-1, OTEL_ATTRS(otel_str("bad", "\xff\xfe"), otel_str(NULL, "x"), otel_str("n", NULL)));
    otel_counter_add_f64(made.counter_f64, zero / zero, OTEL_NO_ATTRS);
    otel_histogram_record_f64(made.histogram_f64, 1 / zero, OTEL_NO_ATTRS);
    (void)otel_collect(sdk, 0); /* runs the callback, unless the thread is inside the engine */
    otel_observe(observer, made.observable, 1, OTEL_NO_ATTRS); /* too late: ignored */
    otel_observe_f64(observer, made.observable_f64, 1, OTEL_NO_ATTRS);
    CHECK(all_are_enabled() == (sdk != NULL));
}

static void record_small_span(otel_scope *in)
{
    otel_span    span = otel_span_start(in, "small", NULL);
    otel_context before = otel_span_attach(span);
    otel_span    child = otel_span_start(in, "child", NULL);

    otel_span_set(child, OTEL_ATTRS(otel_str("k", "v"), otel_strn("n", "value", 3)));
    otel_span_set(child, OTEL_ATTRS(otel_str("k", "another value")));
    otel_log(in, OTEL_SEVERITY_INFO, "in the span", OTEL_NO_ATTRS);
    otel_span_end(child);
    otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, "it broke \xff");
    otel_span_set_status(span, OTEL_STATUS_CODE_OK, NULL);
    otel_span_detach(before);
    otel_span_end(span);
    otel_span_end(span); /* stale: a no-op */
    otel_span_set(span, OTEL_ATTRS(otel_int("late", 1)));
}

/* Grows through chunks, meets the limit of attributes and the end of the chunks. */
static void record_large_span(otel_scope *in)
{
    otel_context      other = otel_span_context(otel_span_start(NULL, "no scope", NULL));
    otel_span_options options = { NULL, true, OTEL_SPAN_KIND_SERVER, { NULL, 0 } };
    otel_span         span = otel_span_start(in, "large", &options);
    otel_context      came;
    char              header[OTEL_TRACEPARENT_SIZE];
    int               i;

    options.parent = &other;
    options.root = false;
    for (i = 0; i < 40; i++) {
        otel_span_set(span, OTEL_ATTRS(otel_strn("text", large, (size_t)i * 40)));
        otel_span_add_event(span, "event", OTEL_ATTRS(otel_strn("t", large, 300)));
    }
    for (i = 0; i < 20; i++) {
        char key[3] = { 'k', (char)('a' + i), '\0' };
        otel_span_set(span, OTEL_ATTRS(otel_int(key, i)));
    }
    CHECK(otel_span_is_recording(span) == (in != NULL));
    CHECK((otel_traceparent_write(header, otel_span_context(span)) == 55) == (in != NULL));
    CHECK(otel_traceparent_read(header, strlen(header), &came) == (in != NULL));
    otel_span_end(otel_span_start(in, large, &options)); /* a name that needs chunks */
    otel_span_end(span);
}

static void record_logs(otel_scope *in)
{
    otel_span       span = otel_span_start(in, "named by its logs", NULL);
    otel_context    context = otel_span_context(span);
    otel_log_record record;
    int             i;

    memset(&record, 0, sizeof record);
    otel_log_emit(in, &record);
    record.severity = OTEL_SEVERITY_FATAL;
    record.severity_text = "EMERG";
    record.body = "body \xc3\x28";
    record.event_name = "event";
    record.attrs = OTEL_ATTRS(otel_f64("d", 0.1), otel_str("t", large), otel_bool("b", false));
    record.context = &context;
    record.time_unix_ns = 1;
    otel_log_emit(in, &record);
    otel_span_end(span);
    otel_log(in, OTEL_SEVERITY_WARN, large, OTEL_NO_ATTRS); /* larger than half the queue */
    for (i = 0; i < 200; i++) {                             /* and until the queue is full */
        otel_log(in, OTEL_SEVERITY_DEBUG, "again", OTEL_ATTRS(otel_int("i", i)));
    }
}

static void record_everything(otel_scope *in)
{
    otel_span held[6];
    int       i;

    for (i = 0; i < 40; i++) { /* until the queue is full */
        record_small_span(in);
        record_large_span(in);
    }
    for (i = 0; i < 6; i++) { /* more than may be open */
        held[i] = otel_span_start(in, "held", NULL);
    }
    record_small_span(in);
    for (i = 0; i < 6; i++) {
        otel_span_end(held[i]);
    }
    record_metrics();
    record_logs(in);
    otel_transport_complete(NULL, OTEL_TRANSPORT_SENT);
}

/* That the limits were met, and nothing is unaccounted for. */
static void check_counts(void)
{
    otel_stats stats;
    int        i, k;

    otel_stats_get(sdk, &stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        const otel_signal_stats *s = &stats.signal[i];
        uint64_t                 gone = s->delivered + s->queued;
        for (k = 0; k < OTEL_DROP_COUNT; k++) {
            gone += s->dropped[k];
        }
        CHECK(s->started == s->unsampled + s->open + s->ended && s->ended == gone);
    }
    CHECK(stats.signal[OTEL_SIGNAL_TRACES].started > 160);
    CHECK(stats.signal[OTEL_SIGNAL_TRACES].dropped[OTEL_DROP_NO_SLOT] > 0);
    CHECK(stats.signal[OTEL_SIGNAL_LOGS].dropped[OTEL_DROP_TOO_LARGE] > 0);
    CHECK(stats.overflowing_instruments >= 11 && stats.bad_values > 0);
    CHECK(stats.dropped_attributes > 0 && stats.dropped_events > 0);
}

/* Without an engine that empties them, both queues are full: one by records, one by bytes. */
static void check_full(void)
{
    otel_stats stats;

    otel_stats_get(sdk, &stats);
    CHECK(told == 2 && stats.signal[OTEL_SIGNAL_METRICS].queued > 0);
    CHECK(otel_queue_free(sdk, OTEL_SIGNAL_LOGS) == 0);
    CHECK(stats.signal[OTEL_SIGNAL_LOGS].dropped[OTEL_DROP_QUEUE_RECORDS] > 0);
    CHECK(stats.signal[OTEL_SIGNAL_TRACES].dropped[OTEL_DROP_QUEUE_BYTES] > 0);
}

static int open_under_filter(const char *endpoint)
{
    otel_status  status = OTEL_OK;
    otel_options o;

    memset(&o, 0, sizeof o);
    o.status = &status;
    o.endpoint = endpoint;
    o.background = true;
    CHECK(filter_forbid(0) == 0);
    sdk = otel_open(&o);
    CHECK(sdk == NULL && status == OTEL_DISABLED);
    record_small_span(otel_scope_get(sdk, "nothing", NULL));
    record_metrics();
    CHECK(otel_poll(sdk) == UINT32_MAX && otel_flush(sdk, 1000) == OTEL_DISABLED);
    CHECK(otel_close(sdk, 1000) == OTEL_DISABLED);
    otel_release(sdk);
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    const bool  thread = strcmp(mode, "thread") == 0;
    const bool  unwoken = strcmp(mode, "unwoken") == 0;

    if (strcmp(mode, "nothing") == 0) {
        _exit(open_under_filter(NULL));
    }
    if (strcmp(mode, "configured") == 0) {
        _exit(open_under_filter("http://127.0.0.1:9"));
    }
    open_sdk(thread || unwoken);
    CHECK(otel__mono_ns() > 0 && otel__unix_ns() > 0); /* resolved before the filter */
    CHECK(filter_forbid(thread) == 0);
    if (strcmp(mode, "clock") == 0) {
        _exit(otel__mono_ns() > 0 && otel__unix_ns() > 0 ? 0 : 1);
    }
    if (strcmp(mode, "forbidden") == 0) {
        (void)getppid();
    }
    record_everything(scope);
    record_everything(NULL);
    if (!thread && !unwoken) {
        check_full();
    }
    check_counts();
    _exit(0);
}
