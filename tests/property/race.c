/* race: four threads record while another delivers; every request goes to stdout, its signal and
 * length (4 bytes each, little endian) in front. In step i thread t records a log record and a span
 * named "t i", and into a counter and a histogram with the set thread=t and, for a while, a new one
 * each: new=t*1000000+i. Stderr tells what was lost: spans, metrics, logs; and how many instruments
 * overflowed. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 4
#define STEPS   3000
#define NEW     400 /* steps with a set of their own */

static otel_sdk           *sdk;
static otel_scope         *scope;
static otel_counter       *counter;
static otel_histogram_f64 *histogram;
static int                 running = THREADS;

static void put_u32(uint32_t v)
{
    int i;
    for (i = 0; i < 4; i++) {
        (void)putchar((int)(v >> 8 * i & 0xffu));
    }
}

static otel_transport_result write_request(void *user, otel_request *request)
{
    (void)user;
    put_u32((uint32_t)request->signal);
    put_u32((uint32_t)request->length);
    (void)fwrite(request->body, 1, request->length, stdout);
    return OTEL_TRANSPORT_SENT;
}

static void *record(void *argument)
{
    const int thread = *(const int *)argument;
    int       i;

    for (i = 0; i < STEPS; i++) {
        char      name[32];
        otel_span span;
        (void)snprintf(name, sizeof name, "%d %d", thread, i);
        span = otel_span_start(scope, name, NULL);
        otel_span_set(span, OTEL_ATTRS(otel_int("step", i)));
        otel_log(scope, OTEL_SEVERITY_INFO, name, OTEL_NO_ATTRS);
        otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("thread", thread)));
        otel_histogram_record_f64(histogram, 1.0, OTEL_ATTRS(otel_int("thread", thread)));
        if (i < NEW) {
            const otel_attr own = otel_int("new", thread * 1000000 + i);
            otel_counter_add(counter, 1, otel_attrs_of(&own, 1));
            otel_histogram_record_f64(histogram, 0.5, otel_attrs_of(&own, 1));
        }
        otel_span_end(span);
    }
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
    return NULL;
}

int main(void)
{
    static int   numbers[THREADS];
    pthread_t    threads[THREADS];
    otel_options options = { 0 };
    otel_stats   stats;
    uint64_t     lost[OTEL_SIGNAL_COUNT] = { 0 };
    int          i;
    int          k;

    options.service_name = "race";
    options.transport.send = write_request;
    options.ignore_environment = true;
    options.span_queue = options.log_queue = 16384;
    options.metric_queue_bytes = 8u << 20;
    options.series_bytes = 4u << 20;
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "race", NULL);
    counter = otel_counter_create(scope, "steps", NULL, NULL);
    histogram = otel_histogram_create_f64(scope, "weights", NULL, NULL, NULL);
    for (i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, record, &numbers[i]) != 0) {
            return 1;
        }
    }
    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) > 0) {
        (void)otel_flush(sdk, 0);
    }
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    if (otel_close(sdk, 10000) != OTEL_OK) {
        return 1;
    }
    otel_stats_get(sdk, &stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        for (k = 0; k < OTEL_DROP_COUNT; k++) {
            lost[i] += k != OTEL_DROP_SUPERSEDED ? stats.signal[i].dropped[k] : 0;
        }
    }
    fprintf(stderr, "%llu %llu %llu %llu\n", (unsigned long long)lost[OTEL_SIGNAL_TRACES],
            (unsigned long long)lost[OTEL_SIGNAL_METRICS],
            (unsigned long long)lost[OTEL_SIGNAL_LOGS],
            (unsigned long long)stats.overflowing_instruments);
    otel_release(sdk);
    return 0;
}
