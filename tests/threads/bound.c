/* Bound instruments on two to eight threads: one handle for all of them, handles bound to one set
 * by all of them at once, and a close in the middle of it. Totals are exact, in both temporalities,
 * while readings are made. Signals: tests/threads/signals.c. Requirements M-15, M-107. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "unit/helpers.h"
#include "unit/points.h"
#include "race.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CALLS 3000u /* of each thread, into each kind */
#else
#define CALLS 30000u
#endif
#define MOST 8u /* threads */

/* ---- one handle for all ---- */

static const otel_histogram_options exponential_options = { NULL, 0, 5, 0, 0, false };

static otel_bound_counter       counter;
static otel_bound_counter_f64   counter_f64;
static otel_bound_updown        updown;
static otel_bound_updown_f64    updown_f64;
static otel_bound_gauge         gauge;
static otel_bound_gauge_f64     gauge_f64;
static otel_bound_histogram     histogram;
static otel_bound_histogram_f64 histogram_f64;
static otel_bound_histogram     exponential;
static otel_bound_histogram_f64 exponential_f64;

static void bind_all(otel_attrs attrs)
{
    counter = otel_counter_bind(otel_counter_create(scope, "counter", NULL, NULL), attrs);
    counter_f64 =
        otel_counter_bind_f64(otel_counter_create_f64(scope, "counter_f64", NULL, NULL), attrs);
    updown = otel_updown_bind(otel_updown_create(scope, "updown", NULL, NULL), attrs);
    updown_f64 =
        otel_updown_bind_f64(otel_updown_create_f64(scope, "updown_f64", NULL, NULL), attrs);
    gauge = otel_gauge_bind(otel_gauge_create(scope, "gauge", NULL, NULL), attrs);
    gauge_f64 = otel_gauge_bind_f64(otel_gauge_create_f64(scope, "gauge_f64", NULL, NULL), attrs);
    histogram =
        otel_histogram_bind(otel_histogram_create(scope, "histogram", NULL, NULL, NULL), attrs);
    histogram_f64 = otel_histogram_bind_f64(
        otel_histogram_create_f64(scope, "histogram_f64", NULL, NULL, NULL), attrs);
    exponential = otel_histogram_bind(
        otel_histogram_create(scope, "exponential", NULL, NULL, &exponential_options), attrs);
    exponential_f64 = otel_histogram_bind_f64(
        otel_histogram_create_f64(scope, "exponential_f64", NULL, NULL, &exponential_options),
        attrs);
}

/* The values of call i: small, exact as doubles, the same from every thread. */
static int64_t value_of(unsigned i) { return (int64_t)1 << (i % 8); }

static void record_all(unsigned index)
{
    const otel_bound_counter mine = counter; /* a copy is as good */
    unsigned                 i;

    (void)index;
    for (i = 0; i < CALLS; i++) {
        const int64_t v = value_of(i);
        otel_bound_counter_add(i % 2 == 0 ? counter : mine, v);
        otel_bound_counter_add_f64(counter_f64, (double)v);
        otel_bound_updown_add(updown, i % 3 == 0 ? -v : v);
        otel_bound_updown_add_f64(updown_f64, i % 3 == 0 ? (double)-v : (double)v);
        otel_bound_gauge_set(gauge, v * 1001);
        otel_bound_gauge_set_f64(gauge_f64, (double)v * 1001);
        otel_bound_histogram_record(histogram, v);
        otel_bound_histogram_record_f64(histogram_f64, (double)v);
        otel_bound_histogram_record(exponential, v);
        otel_bound_histogram_record_f64(exponential_f64, (double)v);
    }
}

static const char *const names[] = { "counter",     "counter_f64",    "updown",    "updown_f64",
                                     "gauge",       "gauge_f64",      "histogram", "histogram_f64",
                                     "exponential", "exponential_f64" };

enum {
    COUNTER,
    COUNTER_F64,
    UPDOWN,
    UPDOWN_F64,
    GAUGE,
    GAUGE_F64,
    HISTOGRAM,
    HISTOGRAM_F64,
    EXPONENTIAL,
    EXPONENTIAL_F64,
    KINDS
};

typedef struct totals {
    double   number, sum; /* of delta points: added up */
    uint64_t count;
} totals;

static totals arrived[KINDS];

static bool is_whole(const point_seen *p, unsigned kind)
{
    const int64_t v = p->is_double ? (int64_t)p->d : p->i;
    return (kind != GAUGE && kind != GAUGE_F64) || (v > 0 && v % 1001 == 0);
}

static void note_reading(void)
{
    unsigned i, k;

    for (i = 0; i < n_points; i++) {
        const point_seen  *p = &points[i];
        const metric_seen *m = &metrics[p->metric];
        for (k = 0; k < KINDS && strcmp(m->name, names[k]) != 0; k++) {
        }
        if (!T_CHECK(k < KINDS)) {
            return;
        }
        if (m->temporality != OTEL_TEMPORALITY_DELTA) {
            T_CHECK(k == UPDOWN || k == UPDOWN_F64 || k == GAUGE || k == GAUGE_F64 ||
                    (p->count >= arrived[k].count &&
                     (p->is_double ? p->d : (double)p->i) >= arrived[k].number));
            memset(&arrived[k], 0, sizeof arrived[k]);
        }
        T_CHECK(is_whole(p, k));
        arrived[k].number += p->is_double ? p->d : (double)p->i;
        arrived[k].count += p->count;
        arrived[k].sum += p->sum;
        T_CHECK(m->data != DATA_EXPONENTIAL || p->in_buckets + p->zeros == p->count);
    }
}

/* A flush that meets a histogram being recorded into reads again: each reading for itself. */
static otel_transport_result take_and_note(void *user, otel_request *request)
{
    const otel_transport_result result = take_points(user, request);

    note_reading();
    n_metrics = n_points = 0;
    return result;
}

static void check_totals(uint64_t threads)
{
    double     sum = 0, signed_sum = 0;
    uint64_t   n = 0;
    unsigned   i;
    otel_stats s;

    for (i = 0; i < CALLS; i++) {
        sum += (double)value_of(i);
        signed_sum += i % 3 == 0 ? (double)-value_of(i) : (double)value_of(i);
    }
    sum *= (double)threads;
    signed_sum *= (double)threads;
    n = threads * CALLS;
    T_CHECK(arrived[COUNTER].number == sum && arrived[COUNTER_F64].number == sum);
    T_CHECK(arrived[UPDOWN].number == signed_sum && arrived[UPDOWN_F64].number == signed_sum);
    T_EQ_INT(arrived[HISTOGRAM].count, n);
    T_EQ_INT(arrived[HISTOGRAM_F64].count, n);
    T_CHECK(arrived[HISTOGRAM].sum == sum && arrived[HISTOGRAM_F64].sum == sum);
    otel_stats_get(sdk, &s);
    T_EQ_INT(arrived[EXPONENTIAL].count + arrived[EXPONENTIAL_F64].count + s.lost_values, 2 * n);
    T_CHECK(s.lost_values > 0 ||
            (arrived[EXPONENTIAL].sum == sum && arrived[EXPONENTIAL_F64].sum == sum));
    T_EQ_INT(s.series, KINDS);
}

static void run_threads(otel_temporality temporality, unsigned threads)
{
    otel_options o = plain_options();
    runner       runners[MOST];
    unsigned     i;

    o.transport.send = take_and_note;
    o.temporality = (uint32_t)temporality;
    o.on_diagnostic = NULL;
    if (!open_sdk(&o)) {
        return;
    }
    memset(arrived, 0, sizeof arrived);
    bind_all(OTEL_ATTRS(otel_str("one", "set")));
    start_threads(runners, threads, record_all);
    for (i = 0; i < 15 && !t_bad; i++) {
        read_all();
        (void)usleep(100);
    }
    join_threads(runners, threads);
    read_all();
    check_totals(threads);
    if (t_bad) {
        printf("    temporality %u, %u threads\n", (unsigned)temporality, threads);
    }
    shut();
}

static void one_handle_serves_two_to_eight_threads(void)
{
    unsigned threads;

    for (threads = 2; threads <= MOST && !t_bad; threads += threads < 4 ? 1 : 2) {
        run_threads(OTEL_TEMPORALITY_CUMULATIVE, threads);
        run_threads(OTEL_TEMPORALITY_DELTA, threads);
    }
}

/* ---- binding at once ---- */

#define ROUNDS 200u

static pthread_barrier_t  barrier;
static otel_counter      *bind_counter;
static otel_histogram    *bind_histogram;
static otel_bound_counter bound_by[MOST][ROUNDS];

static void bind_the_same(unsigned index)
{
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        const otel_attr  either[] = { otel_int("round", i), otel_str("text", "of some length"),
                                      otel_int("round", i) };
        const otel_attrs attrs = otel_attrs_of(&either[index % 2], 2);
        (void)pthread_barrier_wait(&barrier);
        bound_by[index][i] = otel_counter_bind(bind_counter, attrs);
        otel_bound_counter_add(bound_by[index][i], 1);
        otel_bound_histogram_record(otel_histogram_bind(bind_histogram, attrs), 1);
    }
}

/* Both instruments have a point for each round, which counts each thread once. */
static void read_rounds(unsigned threads)
{
    unsigned i, n_counters = 0;

    read_all();
    T_EQ_INT(n_points, 2 * ROUNDS);
    for (i = 0; i < n_points; i++) {
        const bool is_counter = metrics[points[i].metric].data == DATA_SUM;
        n_counters += is_counter ? 1 : 0;
        T_EQ_INT(is_counter ? (uint64_t)points[i].i : points[i].count, threads);
    }
    T_EQ_INT(n_counters, ROUNDS);
}

static void a_set_bound_by_all_threads_at_once_is_one_series(void)
{
    unsigned     threads, i, k;
    otel_options o = plain_options();

    o.on_diagnostic = NULL;
    for (threads = 2; threads <= MOST && !t_bad; threads *= 2) {
        runner     runners[MOST];
        otel_stats s;
        if (!open_sdk(&o)) {
            return;
        }
        bind_counter = otel_counter_create(scope, "c", NULL, NULL);
        bind_histogram = otel_histogram_create(scope, "h", NULL, NULL, NULL);
        (void)pthread_barrier_init(&barrier, NULL, threads);
        start_threads(runners, threads, bind_the_same);
        join_threads(runners, threads);
        (void)pthread_barrier_destroy(&barrier);
        for (i = 0; i < ROUNDS; i++) {
            for (k = 0; k < threads; k++) {
                T_CHECK(bound_by[k][i].cell != NULL && bound_by[k][i].cell == bound_by[0][i].cell);
            }
            T_CHECK(i == 0 || bound_by[0][i].cell != bound_by[0][i - 1].cell);
        }
        otel_stats_get(sdk, &s);
        T_EQ_INT(s.series, 2 * ROUNDS);
        T_EQ_INT(s.overflowing_instruments, 0);
        read_rounds(threads);
        shut();
    }
}

/* ---- a close in the middle ---- */

static int           closed;
static unsigned long n_added, n_running;

static void add_until_closed(unsigned index)
{
    unsigned after = 0;

    (void)index;
    (void)count_one(&n_running);
    while (after < 200) { /* some calls after the close, too */
        after += is_set(&closed) ? 1 : 0;
        (void)count_one(&n_added); /* before: so never fewer than arrived */
        otel_bound_counter_add(counter, 1);
        otel_bound_counter_add_f64(counter_f64, 1.0);
        otel_bound_updown_add(updown, 1);
        otel_bound_gauge_set(gauge, 1001);
        otel_bound_histogram_record(histogram, 1);
        otel_bound_histogram_record(exponential, 1);
    }
}

static void a_close_ends_what_threads_record_through_handles(void)
{
    otel_options o = plain_options();
    unsigned     round;

    o.transport.send = take_and_note;
    o.on_diagnostic = NULL;
    for (round = 0; round < 15 && !t_bad; round++) {
        runner        runners[THREADS];
        unsigned long before;
        if (!open_sdk(&o)) {
            return;
        }
        memset(arrived, 0, sizeof arrived);
        closed = 0;
        n_added = n_running = 0;
        bind_all(OTEL_NO_ATTRS);
        start_threads(runners, THREADS, add_until_closed);
        while (now_count(&n_running) < THREADS || now_count(&n_added) < 100) {
            (void)sched_yield();
        }
        before = now_count(&n_added);
        (void)otel_close(sdk, 10000);
        set_flag(&closed);
        join_threads(runners, THREADS);
        T_CHECK(arrived[COUNTER].number + THREADS >= (double)before);
        T_CHECK(arrived[COUNTER].number <= (double)n_added);
        T_CHECK(arrived[COUNTER_F64].number <= (double)n_added);
        T_CHECK(arrived[HISTOGRAM].count <= n_added);
        T_CHECK(n_added >= 200 * THREADS);
        shut();
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(one_handle_serves_two_to_eight_threads);
    T_RUN(a_set_bound_by_all_threads_at_once_is_one_series);
    T_RUN(a_close_ends_what_threads_record_through_handles);
    return t_end();
}
