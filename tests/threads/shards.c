/* OTEL_LITE_SHARDS on two to eight threads, with fewer cells than that: one handle for all, handles
 * bound by each, and calls without one, while readings are made. Every addition is in exactly one
 * delta reading; a cumulative sum never falls and ends exact. Threads that bind one set at once get
 * one series, and its cells. Requirements M-15, M-60, M-107. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define OTEL_LITE_SHARDS 4
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "unit/helpers.h"
#include "unit/points.h"
#include "race.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define READINGS 60u /* while threads add */
#else
#define READINGS 600u
#endif
#define MOST     8u /* threads */
#define COUNTERS 3u

/* ---- totals ---- */

static otel_counter      *counters[COUNTERS];
static otel_bound_counter bound[COUNTERS];
static const char *const  names[COUNTERS] = { "a", "b", "c" };

static int64_t       arrived[COUNTERS]; /* cumulative: in the newest reading; delta: added up */
static bool          is_delta;
static unsigned long n_running;
static int           enough;
static int64_t       added[MOST]; /* by each thread, to each counter */

/* Add until there were enough readings. */
static void add_all(unsigned index)
{
    otel_bound_counter mine[COUNTERS];
    unsigned           i, k;

    for (k = 0; k < COUNTERS; k++) {
        mine[k] = otel_counter_bind(counters[k], OTEL_NO_ATTRS);
    }
    (void)count_one(&n_running);
    for (i = 0; !is_set(&enough); i++) {
        const int64_t v = (int64_t)1 << (i % 8);
        otel_bound_counter_add(bound[0], v);
        otel_bound_counter_add(i % 2 == 0 ? bound[1] : mine[1], v);
        if (i % 16 == index) {
            otel_counter_add(counters[2], v, OTEL_NO_ATTRS);
        } else {
            otel_bound_counter_add(mine[2], v);
        }
        added[index] += v;
    }
}

static void note_sum(const char *name, int64_t sum)
{
    unsigned k;

    for (k = 0; k < COUNTERS && strcmp(name, names[k]) != 0; k++) {
    }
    if (T_CHECK(k < COUNTERS)) {
        T_CHECK(sum >= (is_delta ? 0 : arrived[k]));
        arrived[k] = is_delta ? arrived[k] + sum : sum;
    }
}

static void note_point_read(void *user, const otel_point *p)
{
    (void)user;
    note_sum(p->name, p->i);
}

static void read_sums(bool manual)
{
    unsigned i;

    if (manual) {
        T_EQ_INT(otel_read(sdk, note_point_read, NULL, 60000), OTEL_OK);
        return;
    }
    read_all();
    for (i = 0; i < n_points; i++) {
        note_sum(metrics[points[i].metric].name, points[i].i);
    }
}

static void check_sums(unsigned threads)
{
    int64_t  sum = 0;
    unsigned i, k;

    for (i = 0; i < threads; i++) {
        T_CHECK(added[i] > 0);
        sum += added[i];
    }
    for (k = 0; k < COUNTERS; k++) {
        T_EQ_INT(arrived[k], sum);
    }
}

static void run_threads(unsigned threads, otel_temporality temporality, bool manual)
{
    otel_options o = plain_options();
    runner       runners[MOST];
    unsigned     i, k;

    o.on_diagnostic = NULL;
    o.temporality = o.manual_temporality = (uint32_t)temporality;
    o.manual_reader = manual;
    o.transport.send = manual ? NULL : o.transport.send;
    if (!open_sdk(&o)) {
        return;
    }
    is_delta = temporality == OTEL_TEMPORALITY_DELTA;
    n_running = 0;
    enough = 0;
    memset(added, 0, sizeof added);
    memset(arrived, 0, sizeof arrived);
    for (k = 0; k < COUNTERS; k++) {
        counters[k] = otel_counter_create(scope, names[k], NULL, NULL);
        bound[k] = otel_counter_bind(counters[k], OTEL_NO_ATTRS);
        T_CHECK(bound[k].shards != NULL);
    }
    start_threads(runners, threads, add_all);
    while (now_count(&n_running) < threads) {
        (void)sched_yield();
    }
    for (i = 0; i < READINGS && !t_bad; i++) {
        read_sums(manual);
    }
    set_flag(&enough);
    join_threads(runners, threads);
    read_sums(manual);
    check_sums(threads);
    if (t_bad) {
        printf("    temporality %u, %u threads\n", (unsigned)temporality, threads);
    }
    shut();
}

static void each_addition_is_in_exactly_one_reading(void)
{
    unsigned threads;

    for (threads = 2; threads <= MOST && !t_bad; threads += threads < 4 ? 1 : 2) {
        run_threads(threads, OTEL_TEMPORALITY_CUMULATIVE, false);
        run_threads(threads, OTEL_TEMPORALITY_DELTA, false);
    }
}

static void the_manual_reader_sees_each_addition_once(void)
{
    run_threads(3, OTEL_TEMPORALITY_CUMULATIVE, true);
    run_threads(6, OTEL_TEMPORALITY_DELTA, true);
}

/* ---- binding at once ---- */

#define ROUNDS 200u /* with lost races more than there are places, perhaps */

static unsigned long      n_ready;
static otel_bound_counter bound_by[THREADS][ROUNDS];

static void bind_the_same(unsigned index)
{
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        (void)count_one(&n_ready);
        while (now_count(&n_ready) < (i + 1) * THREADS) {
            (void)sched_yield();
        }
        bound_by[index][i] = otel_counter_bind(counters[0], OTEL_ATTRS(otel_int("round", i)));
        otel_bound_counter_add(bound_by[index][i], 1);
        otel_bound_counter_add(bound_by[index][i], 10);
    }
}

static void a_set_bound_by_all_threads_at_once_has_one_place(void)
{
    runner   runners[THREADS];
    unsigned i, k;

    open_plain();
    counters[0] = otel_counter_create(scope, "a", NULL, NULL);
    for (i = 0; i < ROUNDS; i++) { /* the series are there: threads meet at the place */
        otel_counter_add(counters[0], 0, OTEL_ATTRS(otel_int("round", i)));
    }
    n_ready = 0;
    start_threads(runners, THREADS, bind_the_same);
    join_threads(runners, THREADS);
    for (i = 0; i < ROUNDS; i++) {
        const uint8_t *shards = NULL;
        for (k = 0; k < THREADS; k++) {
            const otel_bound_counter b = bound_by[k][i];
            T_CHECK(b.cell != NULL && b.cell == bound_by[0][i].cell);
            T_CHECK(b.shards == NULL || shards == NULL || b.shards == shards);
            shards = b.shards != NULL ? b.shards : shards;
        }
        T_CHECK(i > 50 || shards != NULL);
        T_CHECK(i == 0 || shards == NULL || shards != bound_by[0][i - 1].shards);
    }
    read_all();
    T_EQ_INT(n_points, ROUNDS);
    for (i = 0; i < n_points; i++) {
        T_EQ_INT(points[i].i, 11 * THREADS);
    }
    shut();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(each_addition_is_in_exactly_one_reading);
    T_RUN(the_manual_reader_sees_each_addition_once);
    T_RUN(a_set_bound_by_all_threads_at_once_has_one_place);
    return t_end();
}
