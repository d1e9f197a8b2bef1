/* operations: the workloads of bench/README.md for counting instructions, one a run.
 *
 *     operations W1 1000
 *
 * does the work once unobserved, then once more inside counted(), which callgrind watches. */
#include "otel_lite.h"

#include <stdlib.h>
#include <string.h>

#define KEEP   __attribute__((noinline, noclone))
#define SETS   1000u
#define FULL   2000u /* attribute sets that an instrument takes before it overflows */
#define VALUES 1024u
#define BODY   "0123456789012345678901234567890123456789"
#define METHOD otel_str("http.request.method", "GET")
#define ROUTE  otel_str("http.route", "/api/users/{id}")
#define ATTRS  OTEL_ATTRS(METHOD, otel_int("http.response.status_code", 200), ROUTE)

#define ATTRS_OF(id) OTEL_ATTRS(METHOD, ROUTE, otel_int("user.id", (int64_t)(id)))

typedef void (*work)(uint32_t n);

static otel_sdk           *sdk;
static otel_scope         *scope;
static otel_counter       *requests;
static otel_counter       *crowded; /* gets more sets than it takes */
static otel_histogram_f64 *durations;
static otel_histogram_f64 *scaled; /* exponential */
static double              values[VALUES];

static otel_bound_counter       bound_requests;
static otel_bound_histogram_f64 bound_durations;

static otel_transport_result discard(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_SENT;
}

static otel_sdk *open_sdk(void)
{
    otel_options options;

    memset(&options, 0, sizeof options);
    options.service_name = "operations";
    options.transport.send = discard;
    options.metric_interval_ms = 3600000;
    options.span_delay_ms = 3600000;
    options.log_delay_ms = 3600000;
    options.max_series = FULL;
    options.ignore_environment = true;
    options.ignore_host = true;
    return otel_open(&options);
}

static bool set_up(void)
{
    otel_histogram_options options;
    uint64_t               x = 42;

    memset(&options, 0, sizeof options);
    options.aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    sdk = open_sdk();
    scope = otel_scope_get(sdk, "operations", NULL);
    requests = otel_counter_create(scope, "requests", NULL, NULL);
    crowded = otel_counter_create(scope, "crowded", NULL, NULL);
    durations = otel_histogram_create_f64(scope, "durations", "ms", NULL, NULL);
    scaled = otel_histogram_create_f64(scope, "scaled", "ms", NULL, &options);
    bound_requests = otel_counter_bind(requests, ATTRS);
    bound_durations = otel_histogram_bind_f64(durations, ATTRS);
    for (size_t i = 0; i < VALUES; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        values[i] = (double)(x >> 51); /* 0 to 8191 */
    }
    return crowded != NULL && scaled != NULL && bound_requests.cell != NULL &&
           bound_durations.cell != NULL;
}

static KEEP void do_spans(uint32_t n)
{
    while (n-- > 0) {
        const otel_span span = otel_span_start(scope, "GET /api/users/{id}", NULL);
        otel_span_set(span, ATTRS);
        otel_span_end(span);
    }
}

static KEEP void do_adds(uint32_t n)
{
    while (n-- > 0) {
        otel_counter_add(requests, 1, ATTRS);
    }
}

static KEEP void do_cycling_adds(uint32_t n)
{
    while (n-- > 0) {
        otel_counter_add(requests, 1, ATTRS_OF(n % SETS));
    }
}

static KEEP void do_bound_adds(uint32_t n)
{
    while (n-- > 0) {
        otel_bound_counter_add(bound_requests, 1);
    }
}

static KEEP void do_fill(uint32_t n)
{
    (void)n;
    for (uint32_t i = 0; i < FULL; i++) {
        otel_counter_add(crowded, 1, ATTRS_OF(SETS + i));
    }
}

static KEEP void do_overflowing_adds(uint32_t n)
{
    while (n-- > 0) {
        otel_counter_add(crowded, 1, ATTRS);
    }
}

static KEEP void do_cycling_overflowing_adds(uint32_t n)
{
    while (n-- > 0) {
        otel_counter_add(crowded, 1, ATTRS_OF(n % SETS));
    }
}

static KEEP void do_values(uint32_t n)
{
    while (n-- > 0) {
        otel_histogram_record_f64(durations, values[n % VALUES], ATTRS);
    }
}

static KEEP void do_scaled_values(uint32_t n)
{
    while (n-- > 0) {
        otel_histogram_record_f64(scaled, values[n % VALUES], ATTRS);
    }
}

static KEEP void do_bound_values(uint32_t n)
{
    while (n-- > 0) {
        otel_bound_histogram_record_f64(bound_durations, values[n % VALUES]);
    }
}

static KEEP void do_logs(uint32_t n)
{
    while (n-- > 0) {
        otel_log(scope, OTEL_SEVERITY_INFO, BODY, ATTRS);
    }
}

static KEEP void do_poll(uint32_t n)
{
    (void)n;
    (void)otel_poll(sdk);
}

static const struct {
    const char *name;
    work        before; /* what the counted work finds done */
    work        counted;
    uint32_t    overflowing; /* instruments */
} operations[] = {
    { "W1", NULL, do_spans, 0 },
    { "W2", NULL, do_adds, 0 },
    { "W2b", NULL, do_bound_adds, 0 },
    { "W2c", NULL, do_cycling_adds, 0 },
    { "W2o", do_fill, do_overflowing_adds, 1 },
    { "W2oc", do_fill, do_cycling_overflowing_adds, 1 },
    { "W3", NULL, do_values, 0 },
    { "W3b", NULL, do_scaled_values, 0 },
    { "W3c", NULL, do_bound_values, 0 },
    { "W4", NULL, do_logs, 0 },
    { "W5", do_spans, do_poll, 0 },
};

/* callgrind counts from here to the return. */
void      counted(work todo, uint32_t n);
KEEP void counted(work todo, uint32_t n) { todo(n); }

/* Everything was delivered, and went where it was meant to go. */
static bool all_arrived(uint32_t overflowing)
{
    otel_stats stats;
    bool       all = true;

    otel_stats_get(sdk, &stats);
    for (int i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        all = all && stats.signal[i].ended == stats.signal[i].delivered;
    }
    return all && stats.overflowing_instruments == overflowing && stats.lost_values == 0;
}

int main(int argc, char **argv)
{
    const uint32_t n = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000u;

    if (!set_up()) {
        return 2;
    }
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (argc > 1 && strcmp(operations[i].name, argv[1]) == 0) {
            for (int round = 0; round < 2; round++) {
                if (operations[i].before != NULL) {
                    operations[i].before(n);
                }
                if (round == 0) {
                    operations[i].counted(n);
                } else {
                    counted(operations[i].counted, n);
                }
                (void)otel_flush(sdk, 0);
            }
            return all_arrived(operations[i].overflowing) ? 0 : 1;
        }
    }
    return 2;
}
