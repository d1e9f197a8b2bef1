/* workloads: what a caller pays for each recording call, next to the floor, all interleaved.
 *
 *     workloads ROUNDS SCALE CPU [CPU2]    CPU < 0: not pinned
 *
 * One line a sample: `NAME caller all allocations`, times in ns per operation; `floor.NAME ns`.
 * A workload that drops or leaves out anything ends the program with 1: its time would be worth
 * nothing. Attributes, texts and values are those of the peers: W1 to W7 in README.md. */
#include "bench.h"
#include "otel_lite.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BURST  1536u /* records between two drains: below the queue's 2048, three batches */
#define BATCH  512u
#define SETS   1000u
#define VALUES 1024u /* a power of two */
#define BODY   "0123456789012345678901234567890123456789"

static otel_sdk           *sdk;
static otel_scope         *scope;
static otel_counter       *requests;
static otel_counter       *users;
static otel_histogram_f64 *durations;
static double              values[VALUES];
static uint64_t            sent_ns; /* when the transport got the last request */
static int                 second_cpu = -1;

/* ---- allocations: the linker sends every call here (-Wl,--wrap) ---- */

static _Atomic unsigned long allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    allocations++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    allocations++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    allocations++;
    return __real_realloc(p, n);
}

/* ---- the SDK under test ---- */

static otel_transport_result discard(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    sent_ns = bench_wall_ns();
    return OTEL_TRANSPORT_SENT;
}

static bool set_up(void)
{
    otel_options options;
    uint64_t     lcg = 42;

    memset(&options, 0, sizeof options);
    options.service_name = "bench";
    options.transport.send = discard;
    options.metric_interval_ms = 3600000;
    options.ignore_environment = true;
    options.ignore_host = true;
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "bench", NULL);
    requests = otel_counter_create(scope, "requests", "{request}", NULL);
    users = otel_counter_create(scope, "users", "{request}", NULL);
    durations = otel_histogram_create_f64(scope, "durations", "ms", NULL, NULL);
    for (size_t i = 0; i < VALUES; i++) { /* log-uniform from 0.1 to 10000 */
        lcg = lcg * 6364136223846793005u + 1442695040888963407u;
        values[i] = 0.1 * pow(1e5, (double)(lcg >> 11) / 9007199254740992.0);
    }
    return scope != NULL && requests != NULL && users != NULL && durations != NULL;
}

/* Until nothing is queued. */
static void drain(void)
{
    otel_stats stats;
    do {
        (void)otel_poll(sdk);
        otel_stats_get(sdk, &stats);
    } while (stats.signal[OTEL_SIGNAL_TRACES].queued + stats.signal[OTEL_SIGNAL_LOGS].queued > 0);
}

/* `n` bursts of BURST calls of `work`, each drained on the same thread. */
static bench_sample bursts(void (*work)(uint32_t n), long n)
{
    const unsigned long had = allocations;
    const double        total = (double)n * BURST;
    bench_sample        s = { 0, 0, 0 };

    for (long i = 0; i < n; i++) {
        const double begin = bench_cpu_ns();
        double       middle;
        work(BURST);
        middle = bench_cpu_ns();
        while (otel_queue_free(sdk, OTEL_SIGNAL_TRACES) < 2048u ||
               otel_queue_free(sdk, OTEL_SIGNAL_LOGS) < 2048u) {
            (void)otel_poll(sdk);
        }
        s.caller += middle - begin;
        s.all += bench_cpu_ns() - begin;
    }
    s.caller /= total;
    s.all /= total;
    s.allocs = (double)(allocations - had) / total;
    return s;
}

/* One loop of `n` calls that queues nothing. */
static bench_sample loop(void (*work)(uint32_t n), uint32_t n)
{
    const unsigned long had = allocations;
    const double        begin = bench_cpu_ns();
    bench_sample        s;

    work(n);
    s.caller = (bench_cpu_ns() - begin) / n;
    s.all = s.caller;
    s.allocs = (double)(allocations - had) / n;
    return s;
}

/* ---- the workloads ---- */

static void spans(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const otel_span span = otel_span_start(scope, "GET /api/users/{id}", NULL);
        otel_span_set(span, OTEL_ATTRS(otel_str("http.request.method", "GET"),
                                       otel_int("http.response.status_code", 200),
                                       otel_str("http.route", "/api/users/{id}")));
        otel_span_end(span);
    }
}

static void unsampled_spans(uint32_t n)
{
    otel_context      parent;
    otel_span_options options;

    memset(&parent, 1, sizeof parent);
    parent.trace_flags = 0;
    memset(&options, 0, sizeof options);
    options.parent = &parent;
    for (uint32_t i = 0; i < n; i++) {
        const otel_span span = otel_span_start(scope, "GET /api/users/{id}", &options);
        otel_span_set(span, OTEL_ATTRS(otel_str("http.request.method", "GET"),
                                       otel_int("http.response.status_code", 200),
                                       otel_str("http.route", "/api/users/{id}")));
        otel_span_end(span);
    }
}

static void adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(requests, 1,
                         OTEL_ATTRS(otel_str("http.request.method", "GET"),
                                    otel_int("http.response.status_code", 200),
                                    otel_str("http.route", "/api/users/{id}")));
    }
}

static void cycling_adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(users, 1,
                         OTEL_ATTRS(otel_str("http.request.method", "GET"),
                                    otel_str("http.route", "/api/users/{id}"),
                                    otel_int("user.id", (int64_t)(i % SETS))));
    }
}

static void values_recorded(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_histogram_record_f64(durations, values[i & (VALUES - 1u)],
                                  OTEL_ATTRS(otel_str("http.request.method", "GET"),
                                             otel_int("http.response.status_code", 200),
                                             otel_str("http.route", "/api/users/{id}")));
    }
}

static void logs(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_log(scope, OTEL_SEVERITY_INFO, BODY,
                 OTEL_ATTRS(otel_str("http.request.method", "GET"),
                            otel_int("http.response.status_code", 200),
                            otel_str("http.route", "/api/users/{id}")));
    }
}

/* From BATCH ended spans to the bytes of a request, `n` times: up to the call of the transport, and
 * as `all` up to the return, when the queue is clear again. The median, since one request takes
 * microseconds and an interruption would count for all. */
static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static bench_sample encoding(long n)
{
    static double       encoded[1000];
    static double       done[1000];
    const unsigned long had = allocations;
    bench_sample        s;

    n = n < 1000 ? n : 1000;
    for (long i = 0; i < n; i++) {
        uint64_t begin;
        spans(BATCH);
        begin = bench_wall_ns();
        (void)otel_poll(sdk);
        done[i] = (double)(bench_wall_ns() - begin) / BATCH;
        encoded[i] = (double)(sent_ns - begin) / BATCH;
    }
    qsort(encoded, (size_t)n, sizeof *encoded, by_size);
    qsort(done, (size_t)n, sizeof *done, by_size);
    s.caller = encoded[n / 2];
    s.all = done[n / 2];
    s.allocs = (double)(allocations - had) / (double)n;
    return s;
}

/* ---- two threads on one series ---- */

static atomic_int started;

static void pin(int cpu)
{
    cpu_set_t set;

    if (cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0) {
            perror("sched_setaffinity");
        }
    }
}

static void *partner(void *n)
{
    pin(second_cpu);
    started++;
    while (started < 2) {
    }
    adds(*(uint32_t *)n);
    return NULL;
}

/* ns of wall time per addition, both threads' additions counted. */
static bench_sample two_threads(uint32_t n)
{
    bench_sample s = { 0, 0, 0 };
    pthread_t    other;
    uint64_t     begin;

    started = 0;
    if (pthread_create(&other, NULL, partner, &n) != 0) {
        return s;
    }
    while (started < 1) {
    }
    begin = bench_wall_ns();
    started++;
    adds(n);
    pthread_join(other, NULL);
    s.caller = (double)(bench_wall_ns() - begin) / (2.0 * n);
    s.all = s.caller;
    return s;
}

/* ---- rounds ---- */

static void print_sample(const char *name, bench_sample s)
{
    printf("%s %.3f %.3f %.6f\n", name, s.caller, s.all, s.allocs);
}

static void one_round(long scale)
{
    printf("floor.clock %.3f\n", floor_clock(scale));
    printf("floor.atomic %.3f\n", floor_atomic(scale));
    printf("floor.span %.3f\n", floor_span(scale));
    printf("floor.memcpy %.3f\n", floor_memcpy(scale));
    print_sample("W1", bursts(spans, 20 * scale));
    print_sample("W1b", loop(unsampled_spans, (uint32_t)(50000 * scale)));
    print_sample("W2", loop(adds, (uint32_t)(100000 * scale)));
    print_sample("W2c", loop(cycling_adds, (uint32_t)(50000 * scale)));
    print_sample("W3", loop(values_recorded, (uint32_t)(50000 * scale)));
    print_sample("W4", bursts(logs, 20 * scale));
    print_sample("W5", encoding(50 * scale));
    if (second_cpu >= 0) {
        print_sample("W7", two_threads((uint32_t)(50000 * scale)));
    }
}

/* Everything that was started was delivered, and every set found its series. */
static bool nothing_is_missing(void)
{
    otel_stats stats;
    bool       whole = true;

    drain();
    otel_stats_get(sdk, &stats);
    for (int i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        whole = whole && stats.signal[i].delivered == stats.signal[i].ended;
    }
    return whole && stats.overflowed_series == 0 && stats.dropped_attributes == 0 &&
           stats.bad_values == 0 && stats.busy_handles == 0;
}

int main(int argc, char **argv)
{
    const long rounds = argc > 1 ? atol(argv[1]) : 9;
    const long scale = argc > 2 ? atol(argv[2]) : 4;

    if (!set_up()) {
        fprintf(stderr, "workloads: the SDK did not open\n");
        return 1;
    }
    pin(argc > 3 ? atoi(argv[3]) : -1);
    second_cpu = argc > 4 ? atoi(argv[4]) : -1;
    for (long i = 0; i <= rounds; i++) {
        if (i == 1) {
            printf("begin\n"); /* what came before warmed up caches, pages and the table */
        }
        one_round(scale);
        fflush(stdout);
    }
    if (!nothing_is_missing()) {
        fprintf(stderr, "workloads: records were lost, the times are worth nothing\n");
        return 1;
    }
    otel_release(sdk);
    return 0;
}
