/* Three callers at once on one span, one histogram, one new attribute set, stopped at every atomic
 * operation: see schedules.h. */
#include <stdbool.h>
#include <stddef.h>

#include <stdint.h>

static void     step(void);
static uint64_t ticks; /* nanoseconds: no two readings of the clock are the same */

#define OTEL_LITE_MONOTONIC_NS() (++ticks)
#define OTEL_LITE_UNIX_NS()      (++ticks)
#define OTEL_LITE_IMPLEMENTATION
#define __atomic_load_n(p, order)        (step(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (step(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (step(), __atomic_exchange_n(p, v, order))
#define __atomic_fetch_add(p, v, order)  (step(), __atomic_fetch_add(p, v, order))
#define __atomic_fetch_and(p, v, order)  (step(), __atomic_fetch_and(p, v, order))
#define __atomic_fetch_or(p, v, order)   (step(), __atomic_fetch_or(p, v, order))
#define __atomic_fetch_xor(p, v, order)  (step(), __atomic_fetch_xor(p, v, order))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    (step(), __atomic_compare_exchange_n(p, e, v, weak, yes, no))
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#include "schedules.h"

/* ---- one span ---- */

static otel_sdk   *sdk;
static otel_scope *scope;
static otel_span   one, others[CALLERS];
static int64_t     run;
static unsigned    seen_one, seen_others;

static void note_span(void *user, const otel__pb_field *in, const otel__pb_field *m)
{
    const bool     is_one = field_is(m, 5, "one");
    const int64_t  want = is_one ? run : -run;
    otel__pb_field f, any;
    unsigned       i;

    (void)user;
    (void)in;
    seen_one += is_one;
    seen_others += !is_one;
    for (i = 0; find_field(m->data, m->length, 9, i, &f); i++) {
        T_CHECK(find_field(f.data, f.length, 2, 0, &any));
        T_EQ_INT(field_value(&any, 3, 0), want);
    }
    T_CHECK(i > 0 && count_fields(m->data, m->length, 15) <= 1);
    for (i = 0; find_field(m->data, m->length, 11, i, &f); i++) {
        T_EQ_INT(attr_int(&f, 3, "number", 0), want);
    }
    T_CHECK(field_value(m, 8, 0) > field_value(m, 7, UINT64_MAX)); /* its own end, not an old one */
}

static otel_transport_result take_spans(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(each_record(request, note_span, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

static void open_sdk(otel_transport_result (*send)(void *, otel_request *), uint32_t max_series)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = send;
    o.ignore_environment = true;
    o.max_open_spans = 1; /* who starts another gets the same slot, or none */
    o.span_chunks = 2;
    o.span_queue = o.log_queue = 16;
    o.max_series = max_series;
    o.series_bytes = 16384;
    o.metric_queue_bytes = 16384;
    o.max_request_bytes = 16384;
    o.text_bytes = 2048;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "schedules", NULL);
}

static void set_it(unsigned index)
{
    (void)index;
    otel_span_set(one, OTEL_ATTRS(otel_int("number", run), otel_int("more", run)));
}

static void end_it(unsigned index)
{
    (void)index;
    otel_span_end(one);
}

static void tell_it(unsigned index)
{
    (void)index;
    otel_span_add_event(one, "event", OTEL_ATTRS(otel_int("number", run)));
    otel_span_set_status(one, OTEL_STATUS_CODE_ERROR, NULL);
}

/* Ends it and starts another one, in the same slot when that is free. */
static void replace_it(unsigned index)
{
    otel_span_end(one);
    others[index] = otel_span_start(scope, "other", NULL);
    otel_span_set(others[index], OTEL_ATTRS(otel_int("number", -run)));
}

static uint32_t started;

static void begin_span(void)
{
    run++;
    memset(others, 0, sizeof others);
    seen_one = seen_others = 0;
    one = otel_span_start(scope, "one", NULL);
    T_CHECK(one.slot != NULL); /* else a case before this one has broken the slot */
    otel_span_set(one, OTEL_ATTRS(otel_int("number", run)));
}

static void check_span(void)
{
    otel_stats s;
    unsigned   k;

    otel_span_end(one);
    started = 0;
    for (k = 0; k < CALLERS; k++) {
        started += others[k].slot != NULL;
        otel_span_end(others[k]);
    }
    T_EQ_INT(otel_flush(sdk, 0), OTEL_OK);
    T_EQ_INT(seen_one, 1);
    T_EQ_INT(seen_others, started);
    otel_stats_get(sdk, &s);
    T_EQ_INT(s.signal[OTEL_SIGNAL_TRACES].open, 0);
    T_CHECK(adds_up(&s.signal[OTEL_SIGNAL_TRACES]));
    T_EQ_INT(otel__pool_free_count(&sdk->trace.pool), 2);
    T_EQ_INT(otel__a32_peek(&sdk->trace.slots[0].word) & 15u, 0);
}

static void a_span_that_three_use_is_delivered_once_and_whole(void)
{
    static void (*const acts[])(unsigned) = { set_it, end_it, tell_it, replace_it };
    size_t a, b, c;

    open_sdk(take_spans, 0);
    for (a = 0; a < COUNT(acts); a++) {
        for (b = 0; b < COUNT(acts); b++) {
            for (c = 0; c < COUNT(acts) && !t_bad; c++) {
                const trio t = { { acts[a], acts[b], acts[c] }, begin_span, check_span };
                try_all(&t);
                if (t_bad) {
                    printf("    calls %u, %u, %u\n", (unsigned)a, (unsigned)b, (unsigned)c);
                }
            }
        }
    }
    tell_cases(20000);
    otel_release(sdk);
}

/* ---- one histogram ---- */

static const double bounds[] = { 10 };
static otel__hist  *hist;
static uint64_t     hist_memory[64];
static uint64_t     readings; /* that said yes */
static unsigned     finished; /* recordings    */

static void record_some(unsigned index)
{
    (void)index;
    otel__hist_record(hist, bounds, 1, 4);
    finished++;
    otel__hist_record(hist, bounds, 1, 64);
    finished++;
}

/* Each reading is consistent; one that says yes has all that had finished when it began. */
static void read_some(unsigned index)
{
    unsigned i;

    (void)index;
    for (i = 0; i < 3; i++) {
        const unsigned before = finished;
        const bool     all = otel__hist_collect(hist, 2);
        T_CHECK(hist->count == hist->buckets[0] + hist->buckets[1]);
        T_CHECK(hist->sum == 4.0 * (double)hist->buckets[0] + 64.0 * (double)hist->buckets[1]);
        T_CHECK(hist->count == 0 || hist->min == (hist->buckets[0] > 0 ? 4 : 64));
        T_CHECK(hist->count == 0 || hist->max == (hist->buckets[1] > 0 ? 64 : 4));
        T_CHECK(!all || hist->count >= before);
        readings += all;
    }
}

static void begin_histogram(void)
{
    T_CHECK(otel__hist_bytes(2) <= sizeof hist_memory);
    hist = (otel__hist *)(void *)hist_memory;
    otel__hist_init(hist, 2);
    finished = 0;
}

static void check_histogram(void)
{
    T_CHECK(otel__hist_collect(hist, 2));
    T_EQ_INT(hist->count, finished);
    T_CHECK(hist->buckets[0] == hist->buckets[1]);
    T_CHECK(hist->sum == 34.0 * finished);
}

static void a_histogram_is_consistent_in_every_reading(void)
{
    static const trio trios[] = {
        { { record_some, record_some, read_some }, begin_histogram, check_histogram },
        { { record_some, read_some, record_some }, begin_histogram, check_histogram },
        { { read_some, record_some, record_some }, begin_histogram, check_histogram },
    };
    size_t i;

    for (i = 0; i < COUNT(trios); i++) {
        try_all(&trios[i]);
    }
    tell_cases(5000);
}

/* ---- one new set ---- */

static otel_counter *counter;
static uint32_t      limit;
static unsigned      points, overflow_points;
static int64_t       total;

static void note_points(void *user, const otel__pb_field *in, const otel__pb_field *metric)
{
    otel__pb_field data, p, any;
    unsigned       i;

    (void)user;
    (void)in;
    T_CHECK(find_field(metric->data, metric->length, 7, 0, &data));
    for (i = 0; find_field(data.data, data.length, 1, i, &p); i++) {
        total += (int64_t)field_value(&p, 6, 0);
        points++;
        overflow_points += find_attr(&p, 7, "otel.metric.overflow", &any);
    }
}

static otel_transport_result take_points(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(each_record(request, note_points, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

static void add_same(unsigned index)
{
    (void)index;
    otel_counter_add(counter, 1, OTEL_ATTRS(otel_str("key", "value"), otel_int("n", 1)));
}

static void add_same_turned(unsigned index)
{
    (void)index;
    otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("n", 1), otel_str("key", "value")));
}

static void add_other(unsigned index)
{
    otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("other", index)));
}

static void begin_set(void)
{
    otel__metrics *m = &sdk->metrics;

    points = overflow_points = 0;
    total = 0;
    memset(m->cells, 0, m->n_cells * sizeof *m->cells); /* as new: no set, no memory taken */
    memset(m->spares, 0, sizeof m->spares);
    otel__a32_put(&m->pool_used, 0);
    otel__a32_put(&m->n_filled, 0);
    otel__a32_put(&counter->in.last, 0);
    otel__a32_put(&counter->in.n_series, 0);
    otel__a32_put(&counter->in.full, 0);
    T_CHECK(otel__stream_make_overflow(m, &counter->in));
    counter->in.max_series = limit;
}

/* Who finds that another was first gives back the place it had taken; a third may have found none
 * just then, and shares the overflow: accepted, so the number of series is exact only with a
 * place for
 * each caller. */
static void check_sets(unsigned sets)
{
    const otel__metrics *m = &sdk->metrics;
    unsigned             series;

    (void)otel_flush(sdk, 0);
    series = points - overflow_points;
    T_EQ_INT(total, CALLERS); /* each in exactly one series */
    T_CHECK(series >= 1 && series <= sets && series <= limit && overflow_points <= 1);
    T_CHECK(limit < CALLERS || series == sets);
    T_CHECK(limit < CALLERS || overflow_points == 0);
    T_EQ_INT(otel__a32_peek(&counter->in.n_series), series);
    T_CHECK(otel__a32_peek(&m->pool_used) <= m->pool_units);
}

static void check_one_set(void) { check_sets(1); }

static void check_two_sets(void) { check_sets(2); }

static void a_set_that_three_bring_at_once_is_one_series(void)
{
    static const trio trios[] = {
        { { add_same, add_same_turned, add_same }, begin_set, check_one_set },
        { { add_same, add_other, add_same_turned }, begin_set, check_two_sets },
        { { add_same, add_same_turned, add_other }, begin_set, check_two_sets },
    };
    size_t i;

    open_sdk(take_points, 10);
    counter = otel_counter_create(scope, "c", NULL, NULL);
    for (limit = 1; limit <= 3; limit++) {
        for (i = 0; i < COUNT(trios); i++) {
            try_all(&trios[i]);
        }
    }
    tell_cases(5000);
    otel_release(sdk);
}

/* ---- a reading while sets appear ---- */

static void collect(unsigned index)
{
    (void)index;
    points = overflow_points = 0;
    total = 0;
    T_EQ_INT(otel_flush(sdk, 0), OTEL_OK); /* take_points looks at every record */
    T_CHECK(total <= CALLERS - 1 && overflow_points == 0);
}

static void check_reading(void)
{
    collect(0);
    T_EQ_INT(total, CALLERS - 1);
}

static void a_reading_is_well_formed_while_sets_appear(void)
{
    static const trio trios[] = {
        { { add_same, collect, add_other }, begin_set, check_reading },
        { { add_same, collect, add_same_turned }, begin_set, check_reading },
        { { collect, add_same, add_other }, begin_set, check_reading },
    };
    size_t i;

    open_sdk(take_points, 10);
    counter = otel_counter_create(scope, "c", NULL, NULL);
    limit = 10;
    for (i = 0; i < COUNT(trios); i++) {
        try_all(&trios[i]);
    }
    tell_cases(5000);
    otel_release(sdk);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_span_that_three_use_is_delivered_once_and_whole);
    T_RUN(a_histogram_is_consistent_in_every_reading);
    T_RUN(a_set_that_three_bring_at_once_is_one_series);
    T_RUN(a_reading_is_well_formed_while_sets_appear);
    return t_end();
}
