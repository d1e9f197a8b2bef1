/* scenario: one program for every target: records with every signal and instrument under a fake
 * clock and fixed entropy, so that each target must send the same bytes. Built hosted and, with
 * OTEL_LITE_FREESTANDING, for targets without an operating system; linked with hosted.c or
 * cortex_m/machine.c for target_write(). The limits are the firmware's defaults, named one by one
 * so that every build has them. Exit code 0, or the number of the step that failed. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* hosted: system headers come before otel_lite.h here */
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t scenario_ns = 5000000000u;
static bool     scenario_entropy(void *buffer, size_t n);

static inline void scenario_wait(uint32_t ms) { scenario_ns += (uint64_t)ms * 1000000u; }

#define OTEL_LITE_MONOTONIC_NS()         (scenario_ns)
#define OTEL_LITE_UNIX_NS()              (scenario_ns + UINT64_C(1700000000000000000))
#define OTEL_LITE_ENTROPY(buffer, bytes) scenario_entropy(buffer, bytes)
#define OTEL_LITE_WAIT(fds, n, ms)       ((void)(fds), (void)(n), scenario_wait(ms))
#define OTEL_LITE_SPAN_BYTES             256
#define OTEL_LITE_CHUNK_BYTES            128
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include "target.h"

static bool scenario_entropy(void *buffer, size_t n)
{
    uint32_t state = 12345u; /* the same bytes each time: hosted builds ask more often */
    uint8_t *p = (uint8_t *)buffer;

    while (n-- > 0) {
        state = state * 1664525u + 1013904223u; /* Numerical Recipes' generator */
        *p++ = (uint8_t)(state >> 24);
    }
    return true;
}

/* A request as signal and length, 4 bytes each, little endian, then the body. The first request of
 * each signal is put off once, the third answered later. */
static otel_transport_result scenario_send(void *user, otel_request *request)
{
    uint32_t *n_requests = (uint32_t *)user;
    uint8_t   head[8];
    uint32_t  i;

    (*n_requests)++;
    for (i = 0; i < 4; i++) {
        head[i] = (uint8_t)((uint32_t)request->signal >> (8 * i));
        head[4 + i] = (uint8_t)((uint32_t)request->length >> (8 * i));
    }
    if (request->attempt == 1 && *n_requests <= 3) {
        request->retry_after_ms = 20;
        return OTEL_TRANSPORT_RETRY;
    }
    target_write(head, sizeof head);
    target_write(request->body, request->length);
    if (*n_requests == 5) {
        otel_transport_complete(request, OTEL_TRANSPORT_SENT);
        return OTEL_TRANSPORT_PENDING;
    }
    return OTEL_TRANSPORT_SENT;
}

static void pass(uint32_t ms) { scenario_ns += (uint64_t)ms * 1000000u + 123u; }

#if !defined(OTEL_LITE_FREESTANDING)
#define BLOCK 32768 /* bytes */
#else
#define BLOCK 13568 /* leaves a Cortex-M0 with 16 KiB its stack */
#endif

static union {
    uint64_t aligned;
    uint8_t  bytes[BLOCK + 16];
} block;

static otel_sdk *scenario_open(uint32_t *n_requests)
{
    static const char instance[] = "00000000-0000-4000-8000-000000000001";
    const otel_attr   resource[] = { otel_str("service.instance.id", instance),
                                     otel_bool("device.fixed", true) };
    otel_options      o;

    memset(&o, 0, sizeof o);
    o.service_name = "scenario";
    o.resource = otel_attrs_of(resource, 2);
    o.ignore_host = o.ignore_environment = true;
    o.transport.send = scenario_send;
    o.transport.user = n_requests;
    o.max_request_bytes = 2048;
    o.span_delay_ms = 2000;
    o.span_queue = o.log_queue = 16;
    o.span_batch = o.log_batch = 16;
    o.span_queue_bytes = o.log_queue_bytes = o.metric_queue_bytes = 1024;
    o.max_open_spans = o.span_chunks = o.max_scopes = 4;
    o.metric_interval_ms = 10000;
    o.series_bytes = 2048;
    o.text_bytes = 1024;
    o.max_series = 3;
    o.max_instruments = 8;
    o.max_callbacks = 4;
    o.memory = block.bytes + (16u - (uintptr_t)block.bytes % 16u) % 16u;
    o.memory_bytes = BLOCK;
    return otel_open(&o);
}

/* Asked in each reading: a sum so far, and one that began anew. */
static void observe(void *user, otel_observer *observer)
{
    static int64_t    asked;
    otel_observable **seconds = (otel_observable **)user;

    asked++;
    otel_observe(observer, *seconds, asked * 10, OTEL_ATTRS(otel_str("of", "all")));
    otel_observe(observer, *seconds, asked < 2 ? 5 : asked - 2, OTEL_ATTRS(otel_str("of", "new")));
}

static void measure(otel_scope *scope)
{
    static otel_observable *seconds;
    const otel_callback     callback = { observe, &seconds };
    otel_bound_updown_f64   bound;
    static const double     bounds[] = { -1.5, 0, 100 };
    otel_histogram_options  options = { bounds, 3, 0, 0, 0, false };
    otel_counter           *frames = otel_counter_create(scope, "frames", "{frame}", "Frames sent");
    otel_updown_f64        *level = otel_updown_create_f64(scope, "level", "l", NULL);
    otel_gauge             *spot = otel_gauge_create(scope, "spot", "1", NULL);
    otel_histogram_f64 *delay = otel_histogram_create_f64(scope, "delay", "ms", "Wait", &options);
    int                 i;

    for (i = 0; i < 6; i++) { /* past max_series: the overflow series */
        otel_counter_add(frames, INT64_C(1) << (10 * i), OTEL_ATTRS(otel_int("port", i % 4)));
    }
    otel_updown_add_f64(level, 0.1, OTEL_NO_ATTRS);
    bound = otel_updown_bind_f64(level, OTEL_NO_ATTRS);
    otel_bound_updown_add_f64(bound, -1e-3);
    seconds = otel_observable_counter_create(scope, "seconds", "s", NULL, &callback);
    otel_gauge_set(spot, INT64_MIN, OTEL_ATTRS(otel_bool("on", true), otel_str("a", "b")));
    otel_gauge_set(spot, -7, OTEL_ATTRS(otel_str("a", "b"), otel_bool("on", true)));
    otel_histogram_record_f64(delay, 0.5, OTEL_NO_ATTRS);
    otel_histogram_record_f64(delay, 1e9, OTEL_NO_ATTRS);
    otel_histogram_record_f64(delay, -1.5, OTEL_NO_ATTRS);
}

static void trace(otel_scope *scope, const char *text)
{
    otel_span_options client = { NULL, false, OTEL_SPAN_KIND_CLIENT, { NULL, 0 } };
    otel_context      remote = { { 0x11, 0x22, 3 }, { 4, 5, 6, 7, 8, 9, 10, 11 }, 1, 1 };
    otel_span         outer = otel_span_start(scope, "outer", NULL);
    otel_context      before = otel_span_attach(outer);
    otel_span         inner;

    pass(1);
    inner = otel_span_start(scope, "inner \xc3\xa9 \xff", &client); /* a bad byte is repaired */
    otel_span_set(inner, OTEL_ATTRS(otel_str("text", "short"), otel_f64("ratio", 0.25)));
    otel_span_set(inner, OTEL_ATTRS(otel_str("text", text), otel_int("n", -1)));
    otel_span_add_event(inner, "half", OTEL_ATTRS(otel_f64("part", 0.5), otel_bool("ok", false)));
    otel_log(scope, OTEL_SEVERITY_WARN, "inside", OTEL_ATTRS(otel_int("psi", 12)));
    pass(2);
    otel_span_set_status(inner, OTEL_STATUS_CODE_ERROR, "it broke");
    otel_span_end(inner);
    otel_span_detach(before);
    otel_span_set_status(outer, OTEL_STATUS_CODE_OK, NULL);
    otel_span_end(outer);
    client.parent = &remote;
    client.kind = OTEL_SPAN_KIND_SERVER;
    client.attrs = OTEL_ATTRS(otel_strn("at start", text, 3));
    otel_span_end(otel_span_start(scope, "served", &client));
}

static void write_logs(otel_scope *scope)
{
    otel_log_record record;
    int             i;

    memset(&record, 0, sizeof record);
    record.severity = OTEL_SEVERITY_FATAL;
    record.severity_text = "EMERG";
    record.body = "everything";
    record.event_name = "device.event";
    record.attrs = OTEL_ATTRS(otel_f64("tiny", 5e-324), otel_str("empty", ""));
    record.time_unix_ns = 1;
    otel_log_emit(scope, &record);
    for (i = 0; i < 20; i++) { /* more than the queue holds */
        otel_log(scope, OTEL_SEVERITY_INFO, NULL, OTEL_ATTRS(otel_int("i", i)));
    }
}

/* What the counts must be at the end: the same losses everywhere. */
static bool counts_are_right(otel_sdk *sdk)
{
    otel_stats stats;
    int        i;

    otel_stats_get(sdk, &stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        const otel_signal_stats *s = &stats.signal[i];
        if (s->queued != 0 || s->open != 0 || s->ended != s->started) {
            return false;
        }
    }
    return stats.signal[OTEL_SIGNAL_TRACES].delivered == 6 && stats.overflowing_instruments == 1 &&
           stats.signal[OTEL_SIGNAL_LOGS].dropped[OTEL_DROP_QUEUE_RECORDS] == 6;
}

int main(void)
{
    static char long_text[200];
    uint32_t    n_requests = 0;
    otel_sdk   *sdk = scenario_open(&n_requests);
    otel_scope *scope = otel_scope_get(sdk, "scenario/parts", "1.0");
    int         i;

    if (scope == NULL) {
        return 1;
    }
    memset(long_text, 'x', sizeof long_text - 1);
    trace(scope, long_text);
    measure(scope);
    write_logs(scope);
    for (i = 0; i < 8; i++) { /* retries, and answers that come later */
        pass(2500);
        (void)otel_poll(sdk);
    }
    trace(otel_scope_get(sdk, "second", NULL), "value");
    if (otel_close(sdk, 1000) != OTEL_OK) {
        return 2;
    }
    if (!counts_are_right(sdk)) {
        return 3;
    }
    otel_release(sdk);
    return 0;
}
