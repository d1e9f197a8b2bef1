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
#define VALUES 1024u
#define BODY   "0123456789012345678901234567890123456789"
#define METHOD otel_str("http.request.method", "GET")
#define ROUTE  otel_str("http.route", "/api/users/{id}")
#define ATTRS  OTEL_ATTRS(METHOD, otel_int("http.response.status_code", 200), ROUTE)

typedef void (*work)(uint32_t n);

static otel_sdk           *sdk;
static otel_scope         *scope;
static otel_counter       *requests;
static otel_histogram_f64 *durations;
static double              values[VALUES];

static otel_transport_result discard(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_SENT;
}

static bool set_up(void)
{
    otel_options options;
    uint64_t     x = 42;

    memset(&options, 0, sizeof options);
    options.service_name = "operations";
    options.transport.send = discard;
    options.metric_interval_ms = 3600000;
    options.span_delay_ms = 3600000;
    options.log_delay_ms = 3600000;
    options.ignore_environment = true;
    options.ignore_host = true;
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "operations", NULL);
    requests = otel_counter_create(scope, "requests", NULL, NULL);
    durations = otel_histogram_create_f64(scope, "durations", "ms", NULL, NULL);
    for (size_t i = 0; i < VALUES; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        values[i] = (double)(x >> 51); /* 0 to 8191 */
    }
    return requests != NULL && durations != NULL;
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
        otel_counter_add(requests, 1,
                         OTEL_ATTRS(METHOD, ROUTE, otel_int("user.id", (int64_t)(n % SETS))));
    }
}

static KEEP void do_values(uint32_t n)
{
    while (n-- > 0) {
        otel_histogram_record_f64(durations, values[n % VALUES], ATTRS);
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
    work        before; /* what the counted work finds queued */
    work        counted;
} operations[] = {
    { "W1", NULL, do_spans },  { "W2", NULL, do_adds }, { "W2c", NULL, do_cycling_adds },
    { "W3", NULL, do_values }, { "W4", NULL, do_logs }, { "W5", do_spans, do_poll },
};

/* callgrind counts from here to the return. */
void      counted(work todo, uint32_t n);
KEEP void counted(work todo, uint32_t n) { todo(n); }

int main(int argc, char **argv)
{
    const uint32_t n = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000u;
    otel_stats     stats;

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
            otel_stats_get(sdk, &stats);
            return stats.signal[OTEL_SIGNAL_TRACES].ended ==
                               stats.signal[OTEL_SIGNAL_TRACES].delivered &&
                           stats.signal[OTEL_SIGNAL_LOGS].ended ==
                               stats.signal[OTEL_SIGNAL_LOGS].delivered &&
                           stats.overflowed_series == 0
                       ? 0
                       : 1;
        }
    }
    return 2;
}
