/* exemplars: measurements inside of sampled spans, of unsampled ones and outside of any, in two
 * rounds with a reading after each, for the tests against real backends. OTEL_* variables say where
 * to, and which measurements may become exemplars; the rest is always the same.
 *
 * Prints each measurement as a line of JSON: what was recorded, the ids of the span that was
 * current, and the clock before and after; then "everything was delivered", or what went wrong and
 * exits with 1. With the argument `metrics` the spans stay open and are thus not sent, for a
 * backend that takes metrics only.
 */
#define _POSIX_C_SOURCE 200809L
#define OTEL_LITE_EXEMPLARS
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define WAIT_MS       10000
#define ROUNDS        2

typedef enum metric { REQUESTS, JOBS, LOGINS, BOUND, WAITS, SIZES, LEVEL } metric;
typedef enum place { OUTSIDE, UNSAMPLED, ROOT, CHILD } place; /* the last two are sampled */

typedef struct measurement {
    int         round;
    metric      metric;
    place       place;
    double      value;
    const char *route; /* NULL: no attributes              */
    const char *user;  /* with an attempt; NULL: neither   */
    int         attempt;
} measurement;

static const char *const names[] = { "test.requests", "test.jobs",  "test.logins", "test.logins",
                                     "test.waits",    "test.sizes", "test.level" };
static const char *const places[] = { "outside", "unsampled", "sampled", "sampled" };

/* Of metrics with one exemplar a series, at most one of a series and a round is in a sampled span:
 * which of several stays is left to chance. */
static const measurement measurements[] = {
    { 0, REQUESTS, OUTSIDE, 1, "/a", NULL, 0 },
    { 0, REQUESTS, ROOT, 2, "/a", NULL, 0 },
    { 0, REQUESTS, OUTSIDE, 4, "/outside", NULL, 0 },
    { 0, REQUESTS, UNSAMPLED, 8, "/unsampled", NULL, 0 },
    { 1, REQUESTS, CHILD, 16, "/a", NULL, 0 },
    { 1, REQUESTS, OUTSIDE, 32, "/a", NULL, 0 },
    { 0, JOBS, CHILD, 5, NULL, NULL, 0 },
    { 1, JOBS, ROOT, -7, NULL, NULL, 0 },
    /* behind the view, which leaves out user and attempt */
    { 0, LOGINS, OUTSIDE, 0.5, "/v", "ann", 1 },
    { 0, LOGINS, CHILD, 0.25, "/v", "ben", 2 },
    { 1, LOGINS, ROOT, 1.5, "/v", "cyn", 3 },
    { 1, LOGINS, UNSAMPLED, 3, "/v", "dan", 4 },
    { 0, BOUND, ROOT, 6, "/bound", "eve", 7 },
    { 1, BOUND, CHILD, 12, "/bound", "eve", 7 },
    /* bounds 1 10 100: the last one of each bucket stays */
    { 0, WAITS, CHILD, 0.25, NULL, NULL, 0 },
    { 0, WAITS, OUTSIDE, 0.5, NULL, NULL, 0 },
    { 0, WAITS, ROOT, 5, NULL, NULL, 0 },
    { 0, WAITS, CHILD, 10, NULL, NULL, 0 },
    { 0, WAITS, UNSAMPLED, 9, NULL, NULL, 0 },
    { 0, WAITS, ROOT, 1000, NULL, NULL, 0 },
    { 1, WAITS, CHILD, 50.5, NULL, NULL, 0 },
    { 1, WAITS, ROOT, 5.5, NULL, NULL, 0 },
    /* an exponential one: all of them stay */
    { 0, SIZES, ROOT, 4, NULL, NULL, 0 },
    { 0, SIZES, OUTSIDE, 2, NULL, NULL, 0 },
    { 0, SIZES, CHILD, 1, NULL, NULL, 0 },
    { 0, SIZES, ROOT, 1, NULL, NULL, 0 },
    { 0, SIZES, UNSAMPLED, 3, NULL, NULL, 0 },
    { 0, SIZES, CHILD, 0, NULL, NULL, 0 },
    { 1, SIZES, OUTSIDE, 16, NULL, NULL, 0 },
    { 1, SIZES, ROOT, 8, NULL, NULL, 0 },
    { 0, LEVEL, OUTSIDE, 20, NULL, NULL, 0 },
    { 0, LEVEL, ROOT, 21.5, NULL, NULL, 0 },
    { 1, LEVEL, CHILD, -3.25, NULL, NULL, 0 },
};

static otel_scope            *scope;
static otel_counter          *requests;
static otel_updown           *jobs;
static otel_counter_f64      *logins;
static otel_bound_counter_f64 bound;
static otel_histogram_f64    *waits;
static otel_histogram        *sizes;
static otel_gauge_f64        *level;
static otel_context           family; /* parent of each CHILD */
static bool                   spans_stay_open;

/* ---- recording ---- */

static uint64_t unix_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* So that no two measurements fall into one millisecond: some backends keep time no finer, and no
 * exemplar that is older than the last one. */
static void pause_briefly(void)
{
    const struct timespec pause = { 0, 2 * 1000 * 1000 };

    nanosleep(&pause, NULL);
}

static otel_attrs attributes_of(const measurement *m, otel_attr *to)
{
    size_t n = 0;

    if (m->route != NULL) {
        to[n++] = otel_str("route", m->route);
    }
    if (m->user != NULL) {
        to[n++] = otel_str("user", m->user);
        to[n++] = otel_int("attempt", m->attempt);
    }
    return otel_attrs_of(to, n);
}

static void record(const measurement *m)
{
    otel_attr        items[3];
    const otel_attrs attrs = attributes_of(m, items);

    switch (m->metric) {
    case REQUESTS: otel_counter_add(requests, (int64_t)m->value, attrs); break;
    case JOBS: otel_updown_add(jobs, (int64_t)m->value, attrs); break;
    case LOGINS: otel_counter_add_f64(logins, m->value, attrs); break;
    case BOUND: otel_bound_counter_add_f64(bound, m->value); break;
    case WAITS: otel_histogram_record_f64(waits, m->value, attrs); break;
    case SIZES: otel_histogram_record(sizes, (int64_t)m->value, attrs); break;
    case LEVEL: otel_gauge_set_f64(level, m->value, attrs); break;
    }
}

static otel_span start_span(place where, size_t number)
{
    static const otel_context unsampled = { { 1 }, { 2 }, 0, 1 };
    const otel_span_options   options = { .root = where == ROOT,
                                          .parent = where == UNSAMPLED ? &unsampled : &family };
    char                      name[32];

    snprintf(name, sizeof name, "measurement %d", (int)number);
    return otel_span_start(scope, name, &options);
}

/* ---- telling ---- */

static void show_hex(const char *name, const uint8_t *bytes, size_t n)
{
    printf(", \"%s\": \"", name);
    for (size_t i = 0; i < n; i++) {
        printf("%02x", bytes[i]);
    }
    putchar('"');
}

static void show_measurement(const measurement *m, const otel_context *current,
                             const uint64_t *clock)
{
    printf("{\"metric\": \"%s\", \"round\": %d, \"place\": \"%s\", \"value\": %.17g",
           names[m->metric], m->round, places[m->place], m->value);
    printf(", \"kept\": {");
    if (m->route != NULL) {
        printf("\"route\": \"%s\"", m->route);
    }
    printf("}, \"left_out\": {");
    if (m->user != NULL) {
        printf("\"user\": \"%s\", \"attempt\": %d", m->user, m->attempt);
    }
    putchar('}');
    if (m->place != OUTSIDE) {
        show_hex("trace_id", current->trace_id, sizeof current->trace_id);
        show_hex("span_id", current->span_id, sizeof current->span_id);
    }
    printf(", \"number\": %d, \"clock\": [%llu, %llu]}\n", (int)(m - measurements),
           (unsigned long long)clock[0], (unsigned long long)clock[1]);
}

static void measure(const measurement *m)
{
    otel_context current = { { 0 }, { 0 }, 0, 0 };
    uint64_t     clock[2];

    if (m->place == OUTSIDE) {
        clock[0] = unix_ns();
        record(m);
        clock[1] = unix_ns();
    } else {
        const otel_span span = start_span(m->place, (size_t)(m - measurements));
        otel_context    before;
        current = otel_span_context(span);
        clock[0] = unix_ns();
        before = otel_span_attach(span);
        record(m);
        otel_span_detach(before);
        clock[1] = unix_ns();
        if (!spans_stay_open) {
            otel_span_end(span);
        }
    }
    show_measurement(m, &current, clock);
}

/* ---- the program ---- */

static void create(otel_sdk *sdk)
{
    static const double          bounds[] = { 1, 10, 100 };
    const otel_histogram_options explicit_ones = { .bounds = bounds, .n_bounds = LENGTH(bounds) };
    const otel_histogram_options exponential = {
        .aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, .max_scale = 3
    };

    scope = otel_scope_get(sdk, "test/exemplars", "1.0.0");
    requests = otel_counter_create(scope, "test.requests", "{request}", NULL);
    jobs = otel_updown_create(scope, "test.jobs", "{job}", NULL);
    logins = otel_counter_create_f64(scope, "test.logins", "s", NULL);
    bound =
        otel_counter_bind_f64(logins, OTEL_ATTRS(otel_str("route", "/bound"),
                                                 otel_str("user", "eve"), otel_int("attempt", 7)));
    waits = otel_histogram_create_f64(scope, "test.waits", "ms", NULL, &explicit_ones);
    sizes = otel_histogram_create(scope, "test.sizes", "By", NULL, &exponential);
    level = otel_gauge_create_f64(scope, "test.level", "Cel", NULL);
}

static otel_status run(otel_sdk *sdk)
{
    otel_status status = OTEL_OK;
    otel_span   parent;

    create(sdk);
    parent = otel_span_start(scope, "family", NULL);
    family = otel_span_context(parent);
    for (int round = 0; round < ROUNDS && status == OTEL_OK; round++) {
        for (size_t i = 0; i < LENGTH(measurements); i++) {
            if (measurements[i].round == round) {
                measure(&measurements[i]);
                pause_briefly();
            }
        }
        status = otel_flush(sdk, WAIT_MS);
        pause_briefly();
    }
    if (!spans_stay_open) {
        otel_span_end(parent);
    }
    return status;
}

static void show(void *user, otel_severity severity, const char *text)
{
    (void)user;
    (void)severity;
    printf("exemplars: %s\n", text);
}

int main(int argc, char **argv)
{
    static const char *const kept[] = { "route", NULL };
    static const otel_view   view = { .instrument_name = "test.logins", .keep = kept };
    otel_status              opened, flushed, closed;
    otel_stats               stats;
    otel_sdk                *sdk = otel_open(&(otel_options){ .metric_interval_ms = OTEL_NO_LIMIT,
                                                              .views = &view,
                                                              .n_views = 1,
                                                              .on_diagnostic = show,
                                                              .status = &opened });

    spans_stay_open = argc > 1 && strcmp(argv[1], "metrics") == 0;
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
    puts("exemplars: everything was delivered");
    return 0;
}
