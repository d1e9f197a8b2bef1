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
#define FULL   2000u /* attribute sets that an instrument takes before it overflows */
#define BODY   "0123456789012345678901234567890123456789"

/* The attributes of all workloads, built at each call. */
#define METHOD       otel_str("http.request.method", "GET")
#define ROUTE        otel_str("http.route", "/api/users/{id}")
#define ATTRS        OTEL_ATTRS(METHOD, otel_int("http.response.status_code", 200), ROUTE)
#define ATTRS_OF(id) OTEL_ATTRS(METHOD, ROUTE, otel_int("user.id", (int64_t)(id)))

static otel_sdk     *sdk;
static otel_sdk     *full_sdk; /* its one counter has no place for a new set */
static otel_sdk     *two_sdk;  /* with two readers */
static otel_scope   *scope;
static otel_counter *requests;
static otel_counter *users;
static otel_counter *bare;
static otel_counter *crowded; /* full_sdk's */
static otel_counter *viewed;  /* without its status code     */
static otel_counter *twice;   /* of an SDK with two readers  */

static otel_bound_counter       bound_requests;
static otel_histogram_f64      *durations;
static otel_bound_histogram_f64 bound_durations;
static otel_histogram_f64      *scaled[3]; /* exponential, for: as W3, wide, narrow */
static otel_bound_histogram_f64 bound_scaled[3];

static double   values[3][VALUES];
static uint64_t sent_ns; /* when the transport got the last request */
static int      second_cpu = -1;

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

/* Two readers, or one; `viewed` has a view. */
static otel_sdk *open_sdk(bool two_readers)
{
    static const char *const keep[] = { "http.request.method", "http.route", NULL };
    static otel_view         view;
    otel_options             options;

    view.instrument_name = "viewed";
    view.keep = keep;

    memset(&options, 0, sizeof options);
    options.service_name = "bench";
    options.transport.send = discard;
    options.metric_interval_ms = 3600000;
    options.max_series = FULL;
    options.views = &view;
    options.n_views = 1;
    options.manual_reader = two_readers;
    options.ignore_environment = true;
    options.ignore_host = true;
    return otel_open(&options);
}

/* Log-uniform: `low` times up to `span`. */
static void make_values(double *to, double low, double span)
{
    uint64_t lcg = 42;

    for (size_t i = 0; i < VALUES; i++) {
        lcg = lcg * 6364136223846793005u + 1442695040888963407u;
        to[i] = low * pow(span, (double)(lcg >> 11) / 9007199254740992.0);
    }
}

static bool set_up_histograms(void)
{
    static const char *const names[] = { "as_w3", "wide", "narrow" };
    otel_histogram_options   options;
    bool                     made = true;

    memset(&options, 0, sizeof options);
    options.aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    options.max_size = 160;
    make_values(values[0], 0.1, 1e5);
    make_values(values[1], 1e-9, 1e18);
    make_values(values[2], 100, 1.1);
    durations = otel_histogram_create_f64(scope, "durations", "ms", NULL, NULL);
    bound_durations = otel_histogram_bind_f64(durations, ATTRS);
    for (size_t i = 0; i < 3; i++) {
        scaled[i] = otel_histogram_create_f64(scope, names[i], "ms", NULL, &options);
        bound_scaled[i] = otel_histogram_bind_f64(scaled[i], ATTRS);
        made = made && bound_scaled[i].cell != NULL;
    }
    return made && bound_durations.cell != NULL;
}

static bool set_up(void)
{
    sdk = open_sdk(false);
    full_sdk = open_sdk(false);
    two_sdk = open_sdk(true);
    scope = otel_scope_get(sdk, "bench", NULL);
    requests = otel_counter_create(scope, "requests", "{request}", NULL);
    users = otel_counter_create(scope, "users", "{request}", NULL);
    bare = otel_counter_create(scope, "bare", NULL, NULL);
    viewed = otel_counter_create(scope, "viewed", "{request}", NULL);
    twice = otel_counter_create(otel_scope_get(two_sdk, "bench", NULL), "twice", NULL, NULL);
    bound_requests = otel_counter_bind(requests, ATTRS);
    crowded = otel_counter_create(otel_scope_get(full_sdk, "bench", NULL), "crowded", NULL, NULL);
    for (uint32_t i = 0; i < FULL; i++) {
        otel_counter_add(crowded, 1, ATTRS_OF(SETS + i));
    }
    return users != NULL && bare != NULL && crowded != NULL && viewed != NULL && twice != NULL &&
           bound_requests.cell != NULL && set_up_histograms();
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
        otel_span_set(span, ATTRS);
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
        otel_span_set(span, ATTRS);
        otel_span_end(span);
    }
}

static void adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(requests, 1, ATTRS);
    }
}

static void cycling_adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(users, 1, ATTRS_OF(i % SETS));
    }
}

static void cycling_few(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(users, 1, ATTRS_OF(i % 8u));
    }
}

static void bare_adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(bare, 1, OTEL_NO_ATTRS);
    }
}

static void bound_adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_bound_counter_add(bound_requests, 1);
    }
}

static void overflowing_adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(crowded, 1, ATTRS);
    }
}

static void cycling_overflowing_adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(crowded, 1, ATTRS_OF(i % SETS));
    }
}

static void viewed_adds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(viewed, 1, ATTRS);
    }
}

static void adds_for_two(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_counter_add(twice, 1, ATTRS);
    }
}

static void record(otel_histogram_f64 *histogram, const double *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_histogram_record_f64(histogram, from[i & (VALUES - 1u)], ATTRS);
    }
}

static void explicit_values(uint32_t n) { record(durations, values[0], n); }
static void scaled_values(uint32_t n) { record(scaled[0], values[0], n); }
static void wide_values(uint32_t n) { record(scaled[1], values[1], n); }
static void narrow_values(uint32_t n) { record(scaled[2], values[2], n); }

static void record_bound(otel_bound_histogram_f64 histogram, const double *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_bound_histogram_record_f64(histogram, from[i & (VALUES - 1u)]);
    }
}

static void bound_values(uint32_t n) { record_bound(bound_durations, values[0], n); }
static void bound_scaled_values(uint32_t n) { record_bound(bound_scaled[0], values[0], n); }
static void bound_narrow_values(uint32_t n) { record_bound(bound_scaled[2], values[2], n); }

static void logs(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        otel_log(scope, OTEL_SEVERITY_INFO, BODY, ATTRS);
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

typedef struct half {
    void (*work)(uint32_t n);
    uint32_t n;
} half;

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

static void *partner(void *its)
{
    const half *h = (const half *)its;

    pin(second_cpu);
    started++;
    while (started < 2) {
    }
    h->work(h->n);
    return NULL;
}

/* ns of wall time per call, both threads' calls counted. */
static bench_sample two_threads(void (*work)(uint32_t n), uint32_t n)
{
    half         h = { work, n };
    bench_sample s = { 0, 0, 0 };
    pthread_t    other;
    uint64_t     begin;

    started = 0;
    if (pthread_create(&other, NULL, partner, &h) != 0) {
        return s;
    }
    while (started < 1) {
    }
    begin = bench_wall_ns();
    started++;
    work(n);
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

/* Each line is one loop; a quick round does n calls. */
static const struct {
    const char *name;
    void (*work)(uint32_t n);
    uint32_t n;
} loops[] = {
    { "W1b", unsampled_spans, 50000 },
    { "W2", adds, 100000 },
    { "W2b", bound_adds, 200000 },
    { "W2c", cycling_adds, 50000 },
    { "W2o", overflowing_adds, 50000 },
    { "W2oc", cycling_overflowing_adds, 50000 },
    { "W2v", viewed_adds, 50000 },
    { "W2r", adds_for_two, 50000 },
    { "W3", explicit_values, 50000 },
    { "W3b", scaled_values, 50000 },
    { "W3bw", wide_values, 50000 },
    { "W3bn", narrow_values, 50000 },
    { "W3c", bound_values, 50000 },
    { "bare", bare_adds, 100000 }, /* from here on: to tell where the time goes */
    { "few", cycling_few, 50000 },
    { "bound", bound_scaled_values, 50000 },
    { "bound_narrow", bound_narrow_values, 50000 },
};

static void one_round(long scale)
{
    printf("floor.clock %.3f\n", floor_clock(scale));
    printf("floor.atomic %.3f\n", floor_atomic(scale));
    printf("floor.span %.3f\n", floor_span(scale));
    printf("floor.memcpy %.3f\n", floor_memcpy(scale));
    print_sample("W1", bursts(spans, 20 * scale));
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
        print_sample(loops[i].name, loop(loops[i].work, loops[i].n * (uint32_t)scale));
    }
    print_sample("W4", bursts(logs, 20 * scale));
    print_sample("W5", encoding(50 * scale));
    if (second_cpu >= 0) {
        print_sample("W7", two_threads(adds, (uint32_t)(50000 * scale)));
        print_sample("W7b", two_threads(bound_adds, (uint32_t)(50000 * scale)));
    }
}

/* Everything that was started was delivered, every set found its series, and only the crowded
 * counter overflowed, which got no set but its first. */
static bool nothing_is_missing(void)
{
    otel_stats stats;
    otel_stats full;
    bool       whole = true;

    drain();
    otel_stats_get(sdk, &stats);
    otel_stats_get(full_sdk, &full);
    for (int i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        whole = whole && stats.signal[i].delivered == stats.signal[i].ended;
    }
    return whole && stats.overflowing_instruments == 0 && stats.dropped_attributes == 0 &&
           stats.bad_values == 0 && stats.lost_values == 0 && stats.busy_handles == 0 &&
           full.overflowing_instruments == 1 && full.series == FULL;
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
    otel_release(full_sdk);
    otel_release(sdk);
    return 0;
}
