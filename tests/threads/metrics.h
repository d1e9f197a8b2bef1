/* metrics.h: the races that metrics.c runs under real signals, metrics_forced.c with pauses and
 * interrupts before every atomic operation.
 *
 * Totals are exact, every single reading of a histogram is consistent, and a set that four threads
 * bring at once becomes one series. */
#ifndef METRICS_H
#define METRICS_H

#include "unit/helpers.h"
#include "race.h"

#define SETS   6
#define NESTED 1500

static otel_sdk   *sdk;
static otel_scope *scope;

static int           stop;
static unsigned long nested;

static __thread volatile sig_atomic_t inside, ready, handling;
static __thread uint64_t              my_seed, storm_seed;

/* ---- readings ---- */

static int64_t  counts[SETS], updowns[SETS], hist_counts[SETS], gauges[SETS]; /* newest reading */
static double   reals[SETS], hist_sums[SETS];
static int64_t  overflow; /* of any metric */
static unsigned n_readings, n_points;

/* The values that are recorded, one for each bucket used: so a sum, least and greatest value follow
 * from the buckets. All but the last bucket's bounds. */
static const double bounds[] = { 1, 20, 300 };
static const double values[] = { 0.5, 16, 256, 4096 };

static void check_histogram(const otel__pb_field *p, int set)
{
    otel__pb_field counts_field, f;
    uint64_t       buckets[COUNT(values)], count = 0;
    double         sum = 0, least = 0, greatest = 0;
    size_t         i;

    T_CHECK(find_field(p->data, p->length, 6, 0, &counts_field));
    if (!T_CHECK(counts_field.length == sizeof buckets)) {
        return;
    }
    memcpy(buckets, counts_field.data, sizeof buckets);
    for (i = 0; i < COUNT(values); i++) {
        if (buckets[i] > 0) {
            least = count == 0 ? values[i] : least;
            greatest = values[i];
        }
        count += buckets[i];
        sum += (double)buckets[i] * values[i]; /* exact: powers of two */
    }
    T_CHECK(count > 0);
    T_EQ_INT(field_value(p, 4, 0), count);
    T_CHECK(find_field(p->data, p->length, 5, 0, &f) && otel__platform_bits_double(f.value) == sum);
    T_CHECK(find_field(p->data, p->length, 11, 0, &f) &&
            otel__platform_bits_double(f.value) == least);
    T_CHECK(find_field(p->data, p->length, 12, 0, &f) &&
            otel__platform_bits_double(f.value) == greatest);
    T_CHECK((int64_t)count >= hist_counts[set]); /* never fewer than before */
    hist_counts[set] = (int64_t)count;
    hist_sums[set] = sum;
}

static void check_point(const otel__pb_field *p, char kind, int set)
{
    const int64_t v = (int64_t)field_value(p, 6, 0);
    const double  real = otel__platform_bits_double(field_value(p, 4, 0));

    switch (kind) {
    case 'c':
        T_CHECK(v >= counts[set]);
        counts[set] = v;
        break;
    case 'u': updowns[set] = v; break;
    case 'g':
        T_CHECK(v > 0 && v % 1001 == 0); /* one of those that were set, whole */
        gauges[set] = v;
        break;
    case 'r':
        T_CHECK(real >= reals[set]);
        reals[set] = real;
        break;
    default: check_histogram(p, set); break;
    }
}

static void check_metric(void *user, const otel__pb_field *in, const otel__pb_field *metric)
{
    otel__pb_field name, data, p, any;
    unsigned       i;

    (void)user;
    (void)in;
    T_CHECK(find_field(metric->data, metric->length, 1, 0, &name));
    T_CHECK(find_field(metric->data, metric->length, 5, 0, &data) ||
            find_field(metric->data, metric->length, 7, 0, &data) ||
            find_field(metric->data, metric->length, 9, 0, &data));
    for (i = 0; find_field(data.data, data.length, 1, i, &p); i++) {
        const uint32_t attrs = name.data[0] == 'h' ? 9 : 7;
        const int      set = (int)attr_int(&p, attrs, "set", -1);
        n_points++;
        T_CHECK(field_value(&p, 2, UINT64_MAX) <= field_value(&p, 3, 0)); /* start, time */
        if (find_attr(&p, attrs, "otel.metric.overflow", &any)) {
            overflow += (int64_t)field_value(&p, 6, 0);
        } else if (name.data[0] != 'n' && T_CHECK(set >= 0 && set < SETS)) {
            check_point(&p, (char)name.data[0], set);
        }
    }
    T_CHECK(i > 0);
}

static otel_transport_result take(void *user, otel_request *request)
{
    (void)user;
    n_readings++;
    overflow = 0;
    n_points = 0;
    T_EQ_INT(each_record(request, check_metric, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

static void open_sdk(uint32_t max_series)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = take;
    o.ignore_environment = true;
    o.max_series = max_series;
    o.max_instruments = 1000;
    o.text_bytes = 1 << 20;
    o.metric_queue_bytes = 1 << 20;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "race", NULL);
    stop = 0;
    nested = 0;
    n_readings = 0;
}

/* ---- totals ---- */

static otel_counter       *counter;
static otel_updown        *updown;
static otel_gauge         *gauge;
static otel_counter_f64   *real_counter;
static otel_histogram_f64 *histogram;

/* What was recorded: each thread's and each thread's handler's own. */
typedef struct sums {
    int64_t counts[SETS], updowns[SETS], hist_counts[SETS];
    double  reals[SETS], hist_sums[SETS];
} sums;

static sums              all_sums[2 * THREADS];
static __thread unsigned me;

static void record(uint64_t *seed, sums *mine)
{
    const uint32_t   set = random_below(seed, SETS);
    const int64_t    n = 1 + (int64_t)random_below(seed, 100);
    const double     v = values[random_below(seed, COUNT(values))];
    const otel_attr  items[3] = { otel_int("set", set), otel_str("same", "for all"),
                                  otel_int("set", set) };
    const otel_attrs attrs = otel_attrs_of(items + random_below(seed, 2), 2); /* either order */

    switch (random_below(seed, 5)) {
    case 0:
        otel_counter_add(counter, n, attrs);
        mine->counts[set] += n;
        break;
    case 1:
        otel_updown_add(updown, n - 60, attrs);
        mine->updowns[set] += n - 60;
        break;
    case 2: otel_gauge_set(gauge, n * 1001, attrs); break;
    case 3:
        otel_counter_add_f64(real_counter, v, attrs);
        mine->reals[set] += v;
        break;
    default:
        otel_histogram_record_f64(histogram, v, attrs);
        mine->hist_counts[set]++;
        mine->hist_sums[set] += v;
        break;
    }
}

static void handler(int sig)
{
    (void)sig;
    if (ready && !handling) { /* its own sums bear no second one */
        handling = 1;
        if (inside) {
            (void)count_one(&nested);
        }
        record(&storm_seed, &all_sums[THREADS + me]);
        handling = 0;
    }
}

static void body(unsigned index)
{
    me = index;
    my_seed = index + 1;
    storm_seed = index + 100;
    ready = 1;
    unblock_storm();
    while (!is_set(&stop)) {
        inside = 1;
        record(&my_seed, &all_sums[index]);
        inside = 0;
    }
    block_storm();
    ready = 0;
}

static void totals_are_exact_and_each_reading_is_consistent(void)
{
    const otel_histogram_options options = { bounds, COUNT(bounds), 0, 0, 0, false };
    const double                 end = seconds() + PATIENCE, enough = seconds() + 0.4;
    runner                       runners[THREADS];
    unsigned                     set, i;

    open_sdk(0);
    memset(all_sums, 0, sizeof all_sums);
    counter = otel_counter_create(scope, "c", NULL, NULL);
    updown = otel_updown_create(scope, "u", NULL, NULL);
    gauge = otel_gauge_create(scope, "g", NULL, NULL);
    real_counter = otel_counter_create_f64(scope, "r", NULL, NULL);
    histogram = otel_histogram_create_f64(scope, "h", NULL, NULL, &options);
    begin_storm(handler);
    start_threads(runners, THREADS, body);
    while (!t_bad && (n_readings < 300 || now_count(&nested) < NESTED || seconds() < enough) &&
           T_CHECK(seconds() < end)) {
        T_CHECK(otel_flush(sdk, 10000) == OTEL_OK);
    }
    set_flag(&stop);
    end_storm();
    join_threads(runners, THREADS);
    T_EQ_INT(otel_flush(sdk, 10000), OTEL_OK);
    for (set = 0; set < SETS; set++) {
        sums t;
        memset(&t, 0, sizeof t);
        for (i = 0; i < 2 * THREADS; i++) {
            t.counts[set] += all_sums[i].counts[set];
            t.updowns[set] += all_sums[i].updowns[set];
            t.reals[set] += all_sums[i].reals[set];
            t.hist_counts[set] += all_sums[i].hist_counts[set];
            t.hist_sums[set] += all_sums[i].hist_sums[set];
        }
        T_EQ_INT(counts[set], t.counts[set]);
        T_EQ_INT(updowns[set], t.updowns[set]);
        T_CHECK(reals[set] == t.reals[set]);
        T_EQ_INT(hist_counts[set], t.hist_counts[set]);
        T_CHECK(hist_sums[set] == t.hist_sums[set]);
        T_CHECK(gauges[set] > 0);
    }
    T_EQ_INT(n_points, 5 * SETS);
    T_CHECK(nested >= NESTED && stats_add_up(sdk));
    printf("# %u readings, %lu recordings inside another\n", n_readings, nested);
    otel_release(sdk);
}

/* ---- many at once ---- */

#define ROUNDS 400

static pthread_barrier_t barrier;
static otel_counter     *round_counters[ROUNDS];

static void bring_the_same_set(unsigned index)
{
    unsigned i;
    char     text[32];

    for (i = 0; i < ROUNDS; i++) {
        (void)snprintf(text, sizeof text, "value of round %u", i);
        (void)pthread_barrier_wait(&barrier);
        if (index % 2 == 0) {
            otel_counter_add(counter, 1, OTEL_ATTRS(otel_str("text", text), otel_int("round", i)));
        } else {
            otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("round", i), otel_str("text", text)));
        }
    }
}

static int64_t round_totals[ROUNDS];
static int64_t grand_total;

static void note_rounds(void *user, const otel__pb_field *in, const otel__pb_field *metric)
{
    otel__pb_field data, p, any;
    unsigned       i;

    (void)user;
    (void)in;
    T_CHECK(find_field(metric->data, metric->length, 7, 0, &data));
    for (i = 0; find_field(data.data, data.length, 1, i, &p); i++) {
        const int64_t round = attr_int(&p, 7, "round", -1);
        n_points++;
        grand_total += (int64_t)field_value(&p, 6, 0);
        if (find_attr(&p, 7, "otel.metric.overflow", &any)) {
            overflow += (int64_t)field_value(&p, 6, 0);
        }
        if (round >= 0 && T_CHECK(round < ROUNDS)) {
            T_EQ_INT(round_totals[round], 0); /* one point for a set */
            round_totals[round] = (int64_t)field_value(&p, 6, 0);
        }
    }
}

static otel_transport_result take_rounds(void *user, otel_request *request)
{
    (void)user;
    n_points = 0;
    overflow = 0;
    grand_total = 0;
    memset(round_totals, 0, sizeof round_totals);
    T_EQ_INT(each_record(request, note_rounds, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

static void a_set_brought_by_four_threads_at_once_is_one_series(void)
{
    runner     runners[THREADS];
    otel_stats s;
    unsigned   i;

    open_sdk(ROUNDS + 10);
    sdk->e.transport.send = take_rounds;
    counter = otel_counter_create(scope, "n", NULL, NULL);
    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    start_threads(runners, THREADS, bring_the_same_set);
    for (i = 0; i < 50; i++) { /* readings while series appear: each one well formed */
        T_CHECK(otel_flush(sdk, 10000) == OTEL_OK);
        (void)usleep(200);
    }
    join_threads(runners, THREADS);
    T_EQ_INT(otel_flush(sdk, 10000), OTEL_OK);
    otel_stats_get(sdk, &s);
    T_EQ_INT(s.series, ROUNDS);
    T_EQ_INT(s.overflowing_instruments, 0);
    T_EQ_INT(n_points, ROUNDS);
    for (i = 0; i < ROUNDS; i++) {
        T_EQ_INT(round_totals[i], THREADS);
    }
    (void)pthread_barrier_destroy(&barrier);
    otel_release(sdk);
}

/* With room for one series, who comes second while the first is being made may land in the
 * overflow:
 * but nothing is counted twice or not at all, and there is one series. */
static void bring_to_full_instruments(unsigned index)
{
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        (void)pthread_barrier_wait(&barrier);
        otel_counter_add(round_counters[i], 1, OTEL_ATTRS(otel_int("k", index < 2 ? 1 : index)));
    }
}

static void totals_stay_right_when_the_last_place_is_fought_for(void)
{
    runner     runners[THREADS];
    otel_stats s;
    unsigned   i;
    char       name[16];

    open_sdk(1);
    sdk->e.transport.send = take_rounds;
    for (i = 0; i < ROUNDS; i++) {
        (void)snprintf(name, sizeof name, "n%u", i);
        round_counters[i] = otel_counter_create(scope, name, NULL, NULL);
        T_CHECK(round_counters[i] != NULL);
    }
    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    start_threads(runners, THREADS, bring_to_full_instruments);
    join_threads(runners, THREADS);
    T_EQ_INT(otel_flush(sdk, 10000), OTEL_OK);
    otel_stats_get(sdk, &s);
    T_EQ_INT(grand_total, THREADS * ROUNDS);
    T_EQ_INT(s.series, ROUNDS);
    T_EQ_INT(s.overflowing_instruments, ROUNDS); /* three sets for one place in each */
    T_CHECK(overflow >= 2 * ROUNDS && overflow <= 3 * ROUNDS);
    printf("# %ld of %u went to the overflow, at least %u had to\n", (long)overflow,
           THREADS * ROUNDS, 2 * ROUNDS);
    (void)pthread_barrier_destroy(&barrier);
    otel_release(sdk);
}

/* ---- making instruments and scopes ---- */

static otel_counter *made[THREADS][50];

static void make_the_same(unsigned index)
{
    unsigned i;
    char     name[16];

    for (i = 0; i < 50; i++) {
        otel_scope *own;
        (void)snprintf(name, sizeof name, "n%u", i);
        (void)pthread_barrier_wait(&barrier);
        own = otel_scope_get(sdk, i % 2 != 0 ? "odd" : "even", "1");
        made[index][i] = otel_counter_create(own, name, "By", NULL);
        otel_counter_add(made[index][i], 1, OTEL_NO_ATTRS);
    }
}

static void an_instrument_asked_for_by_four_threads_at_once_is_made_once(void)
{
    runner   runners[THREADS];
    unsigned i, k;

    open_sdk(0);
    sdk->e.transport.send = take_rounds;
    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    start_threads(runners, THREADS, make_the_same);
    join_threads(runners, THREADS);
    for (i = 0; i < 50; i++) {
        for (k = 0; k < THREADS; k++) {
            T_CHECK(made[k][i] != NULL && made[k][i] == made[0][i]);
        }
    }
    T_EQ_INT(otel_flush(sdk, 10000), OTEL_OK);
    T_EQ_INT(grand_total, 50 * THREADS);
    T_EQ_INT(n_points, 50);
    (void)pthread_barrier_destroy(&barrier);
    otel_release(sdk);
}

#endif /* METRICS_H */
