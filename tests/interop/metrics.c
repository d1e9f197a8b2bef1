/* metrics: every kind of instrument, in two rounds with a reading after each, for the tests against
 * real backends. OTEL_* variables say where to; the rest is always the same:
 *
 *   test.requests     counter, {request}      route=/a 3 then 2 more, route=/b 4 then nothing
 *   test.bytes        counter, By, bound      direction=in 2^53 + 1 then 2 more
 *   test.energy       counter of doubles, J   0.5 then 0.25 more
 *   test.jobs         up-down counter, {job}  5 - 7, then 12 more
 *   test.temperature  gauge of doubles, Cel   room=attic 21.5 then -3.25
 *   test.latency      histogram, ms           default bounds: 0 5 5.5 10000 10001, then 75 100.25
 *   test.size         exponential histogram   kind=any 0 0 1 2 3 8, then 0 4 4
 *                     of doubles, By          kind=one 1 1, then nothing
 *                                             kind=signed -2 1 -8, then nothing
 *   test.ticks        observable counter, {tick}     core=0 100 then 150, core=1 7 then 7
 *   test.depth        observable up-down counter     9 then 4   } one callback,
 *   test.load         observable gauge of doubles, 1 0.5 then 0.75   } registered later
 *
 * Prints "everything was delivered", or what went wrong and exits with 1.
 */
#define _POSIX_C_SOURCE 200809L
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <stdio.h>
#include <time.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define WAIT_MS       10000

static int round_number; /* 0, then 1: what the callbacks tell */

typedef struct instruments {
    otel_counter        *requests;
    otel_bound_counter   bytes_in;
    otel_counter_f64    *energy;
    otel_updown         *jobs;
    otel_gauge_f64      *temperature;
    otel_histogram_f64  *latency;
    otel_histogram_f64  *size;
    otel_observable     *ticks;
    otel_observable     *depth;
    otel_observable_f64 *load;
} instruments;

static void observe_ticks(void *user, otel_observer *observer)
{
    const instruments *made = (const instruments *)user;

    otel_observe(observer, made->ticks, round_number == 0 ? 100 : 150,
                 OTEL_ATTRS(otel_int("core", 0)));
    otel_observe(observer, made->ticks, 7, OTEL_ATTRS(otel_int("core", 1)));
}

static void observe_both(void *user, otel_observer *observer)
{
    const instruments *made = (const instruments *)user;

    otel_observe(observer, made->depth, round_number == 0 ? 9 : 4, OTEL_NO_ATTRS);
    otel_observe_f64(observer, made->load, round_number == 0 ? 0.5 : 0.75, OTEL_NO_ATTRS);
}

static void create(otel_scope *scope, instruments *made)
{
    const otel_histogram_options exponential = {
        .aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM
    };
    const otel_callback ticks = { observe_ticks, made };
    const otel_callback both = { observe_both, made };

    made->requests = otel_counter_create(scope, "test.requests", "{request}", "Requests answered");
    made->bytes_in = otel_counter_bind(otel_counter_create(scope, "test.bytes", "By", NULL),
                                       OTEL_ATTRS(otel_str("direction", "in")));
    made->energy = otel_counter_create_f64(scope, "test.energy", "J", NULL);
    made->jobs = otel_updown_create(scope, "test.jobs", "{job}", "Jobs under way");
    made->temperature = otel_gauge_create_f64(scope, "test.temperature", "Cel", NULL);
    made->latency = otel_histogram_create_f64(scope, "test.latency", "ms", "Time to answer", NULL);
    made->size = otel_histogram_create_f64(scope, "test.size", "By", NULL, &exponential);
    made->ticks = otel_observable_counter_create(scope, "test.ticks", "{tick}", NULL, &ticks);
    made->depth = otel_observable_updown_create(scope, "test.depth", NULL, NULL, NULL);
    made->load = otel_observable_gauge_create_f64(scope, "test.load", "1", NULL, NULL);
    otel_callback_register(scope, &both);
}

static void record_all(otel_histogram_f64 *histogram, const double *values, size_t n,
                       otel_attrs attrs)
{
    for (size_t i = 0; i < n; i++) {
        otel_histogram_record_f64(histogram, values[i], attrs);
    }
}

static void first_round(const instruments *made)
{
    static const double latencies[] = { 0, 5, 5.5, 10000, 10001 };
    static const double sizes[] = { 0, 0, 1, 2, 3, 8 }, ones[] = { 1, 1 }, both[] = { -2, 1, -8 };

    otel_counter_add(made->requests, 1, OTEL_ATTRS(otel_str("route", "/a")));
    otel_counter_add(made->requests, 4, OTEL_ATTRS(otel_str("route", "/b")));
    otel_counter_add(made->requests, 2, OTEL_ATTRS(otel_str("route", "/a")));
    otel_bound_counter_add(made->bytes_in, INT64_C(9007199254740993));
    otel_counter_add_f64(made->energy, 0.5, OTEL_NO_ATTRS);
    otel_updown_add(made->jobs, 5, OTEL_NO_ATTRS);
    otel_updown_add(made->jobs, -7, OTEL_NO_ATTRS);
    otel_gauge_set_f64(made->temperature, 1000, OTEL_ATTRS(otel_str("room", "attic")));
    otel_gauge_set_f64(made->temperature, 21.5, OTEL_ATTRS(otel_str("room", "attic")));
    record_all(made->latency, latencies, LENGTH(latencies), OTEL_NO_ATTRS);
    record_all(made->size, sizes, LENGTH(sizes), OTEL_ATTRS(otel_str("kind", "any")));
    record_all(made->size, ones, LENGTH(ones), OTEL_ATTRS(otel_str("kind", "one")));
    record_all(made->size, both, LENGTH(both), OTEL_ATTRS(otel_str("kind", "signed")));
}

static void second_round(const instruments *made)
{
    static const double latencies[] = { 75, 100.25 }, sizes[] = { 0, 4, 4 };

    otel_counter_add(made->requests, 2, OTEL_ATTRS(otel_str("route", "/a")));
    otel_bound_counter_add(made->bytes_in, 2);
    otel_counter_add_f64(made->energy, 0.25, OTEL_NO_ATTRS);
    otel_updown_add(made->jobs, 12, OTEL_NO_ATTRS);
    otel_gauge_set_f64(made->temperature, -3.25, OTEL_ATTRS(otel_str("room", "attic")));
    record_all(made->latency, latencies, LENGTH(latencies), OTEL_NO_ATTRS);
    record_all(made->size, sizes, LENGTH(sizes), OTEL_ATTRS(otel_str("kind", "any")));
}

/* Two samples of one series that differ must not fall into one millisecond: some backends keep
 * time no finer than that. */
static void pause_briefly(void)
{
    const struct timespec pause = { 0, 20 * 1000 * 1000 };

    nanosleep(&pause, NULL);
}

static void show(void *user, otel_severity severity, const char *text)
{
    (void)user;
    (void)severity;
    printf("metrics: %s\n", text);
}

static otel_status run(otel_sdk *sdk)
{
    static instruments made; /* the callbacks use it until the SDK is closed */
    otel_status        status;

    create(otel_scope_get(sdk, "test/metrics", "1.0.0"), &made);
    first_round(&made);
    status = otel_flush(sdk, WAIT_MS);
    pause_briefly();
    round_number = 1;
    second_round(&made);
    status = status == OTEL_OK ? otel_flush(sdk, WAIT_MS) : status;
    pause_briefly();
    return status;
}

int main(void)
{
    otel_status opened, flushed, closed;
    otel_stats  stats;
    otel_sdk   *sdk = otel_open(&(otel_options){ .background = true,
                                                 .metric_interval_ms = OTEL_NO_LIMIT,
                                                 .on_diagnostic = show,
                                                 .status = &opened });

    if (opened != OTEL_OK) {
        puts(otel_status_text(opened));
        return 1;
    }
    flushed = run(sdk);
    closed = otel_close(sdk, WAIT_MS);
    otel_stats_get(sdk, &stats);
    otel_release(sdk);
    if (flushed != OTEL_OK || closed != OTEL_OK || stats.bad_values != 0 ||
        stats.lost_values != 0 || stats.overflowing_instruments != 0) {
        puts(otel_status_text(flushed != OTEL_OK ? flushed : closed));
        return 1;
    }
    puts("metrics: everything was delivered");
    return 0;
}
