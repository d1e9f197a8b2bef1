/* interrupts: the main program and the timer's interrupt record into the same instruments and
 * queues at once; every total must be exact. What is sent goes to target_write(); the last log
 * record says what was recorded. Exit code 0, or the number of the step that failed. */
#include "machine.h"
#include "../target.h"

#include <stdbool.h>

static volatile uint32_t ticks; /* written by the interrupt alone */
static volatile bool     stopped;
static bool              fill(void *buffer, size_t n);

#define OTEL_LITE_MONOTONIC_NS()         ((uint64_t)ticks * 1000u + 1u)
#define OTEL_LITE_UNIX_NS()              ((uint64_t)ticks * 1000u + UINT64_C(1700000000000000000))
#define OTEL_LITE_ENTROPY(buffer, bytes) fill(buffer, bytes)
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#define ROUNDS 400
#define ADDS   16 /* of a round */

static bool fill(void *buffer, size_t n)
{
    memset(buffer, 0x5a, n);
    return true;
}

static otel_transport_result put(void *user, otel_request *request)
{
    const uint32_t head[2] = { (uint32_t)request->signal, (uint32_t)request->length };

    (void)user;
    target_write(head, sizeof head); /* this machine is little-endian */
    target_write(request->body, request->length);
    return OTEL_TRANSPORT_SENT;
}

static otel_scope     *scope;
static otel_counter   *both; /* added to by the program and by the interrupt */
static otel_histogram *seen;
static uint32_t        block[(13536 + 16) / 4];

void tick(void);
void tick(void)
{
    const uint32_t n = ticks + 1u;

    if (stopped) {
        return;
    }
    ticks = n;
    otel_counter_add(both, 1, OTEL_ATTRS(otel_str("from", "all"), otel_int("one", 1)));
    otel_histogram_record(seen, (int64_t)(n % 10u), OTEL_NO_ATTRS);
    if (n % 8u == 0) {
        otel_log(scope, OTEL_SEVERITY_INFO, "tick", OTEL_ATTRS(otel_int("n", (int64_t)n)));
    }
    if (n % 16u == 0) {
        otel_span_end(otel_span_start(scope, "tick", NULL));
    }
}

static otel_sdk *open_sdk(void)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.service_name = "interrupts";
    o.transport.send = put;
    o.span_delay_ms = o.log_delay_ms = OTEL_ZERO;
    o.series_bytes = 2048;
    o.metric_queue_bytes = 1024;
    o.memory = (uint8_t *)block + (16u - (uintptr_t)block % 16u) % 16u;
    o.memory_bytes = sizeof block - 16u;
    return otel_open(&o);
}

static void run(otel_sdk *sdk)
{
    int i, k;

    for (i = 0; i < ROUNDS; i++) {
        otel_span span;
        if (i % 16 == 0) { /* another rhythm: other instructions are interrupted */
            machine_start_timer(2311u + 61u * (uint32_t)(i / 16));
        }
        span = otel_span_start(scope, "round", NULL);
        otel_span_set(span, OTEL_ATTRS(otel_int("round", i)));
        for (k = 0; k < ADDS; k++) {
            otel_counter_add(both, 1, OTEL_ATTRS(otel_str("from", "all"), otel_int("one", 1)));
        }
        otel_log(scope, OTEL_SEVERITY_INFO, "round", OTEL_ATTRS(otel_int("n", i)));
        otel_span_end(span);
        (void)otel_poll(sdk);
    }
}

static bool counts_agree(otel_sdk *sdk)
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
        if (s->open != 0 || s->started != s->ended || s->ended != gone) {
            return false;
        }
    }
    return stats.bad_values == 0 && stats.overflowing_instruments == 0;
}

int main(void)
{
    otel_sdk *sdk = open_sdk();

    scope = otel_scope_get(sdk, "interrupts", NULL);
    both = otel_counter_create(scope, "both", NULL, NULL);
    seen = otel_histogram_create(scope, "seen", NULL, NULL, NULL);
    if (seen == NULL) {
        return 1;
    }
    run(sdk);
    stopped = true;
    if (otel_flush(sdk, 0) != OTEL_OK) {
        return 2;
    }
    otel_log(scope, OTEL_SEVERITY_INFO, "end",
             OTEL_ATTRS(otel_int("added", ROUNDS * ADDS), otel_int("ticks", (int64_t)ticks)));
    if (otel_close(sdk, 0) != OTEL_OK) {
        return 3;
    }
    return counts_agree(sdk) ? 0 : 4;
}
