/* Exemplars of one series: filters, reservoirs, what a view left out, readings byte for byte, and
 * an interrupt before every atomic operation. The instrument is put together by hand, its pool has
 * not a byte too many. Threads: tests/threads/exemplars.c. */
#include <stddef.h>
#include <stdint.h>

static uint64_t the_time;       /* Unix ns */
static void (*interrupt)(void); /* runs once, before the atomic operation at which... */
static unsigned countdown;      /* ...this has come down to 0                          */

static void step(void)
{
    if (interrupt != NULL && countdown-- == 0) {
        void (*now)(void) = interrupt;
        interrupt = NULL;
        now();
    }
}

#define OTEL_LITE_EXEMPLARS
#define OTEL_LITE_MONOTONIC_NS() (the_time)
#define OTEL_LITE_UNIX_NS()      (the_time)
#define OTEL_LITE_IMPLEMENTATION
#define __atomic_load_n(p, order)        (step(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (step(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (step(), __atomic_exchange_n(p, v, order))
#define __atomic_fetch_add(p, v, order)  (step(), __atomic_fetch_add(p, v, order))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    (step(), __atomic_compare_exchange_n(p, e, v, weak, yes, no))
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

/* ---- an instrument with one series ---- */

#define HEAD  8u   /* bytes of a reservoir: before its places,         */
#define PLACE 48u  /* of a place,                                      */
#define ROOM  128u /* and of what a view left out                      */
#define BEGIN UINT64_C(1700000000000000000)

static otel__recorder   r;
static otel__metrics    m;
static otel__instrument in;
static otel__series    *s;
static otel_view        view;

/* The held exemplars, in arrays of that many. */
#define LIST(series, to, n, attrs, m)                                                              \
    otel__exemplar_list(&in, series, &(const otel__exemplar_room){ to, n, attrs, m })

static const double      bounds3[3] = { 0, 10, 100 };
static const char *const ab[] = { "a", "b", NULL };

/* What the test may still change before ready(). */
static void begin(const otel__aggregation *ops, bool is_double)
{
    memset(&r, 0, sizeof r);
    memset(&m, 0, sizeof m);
    memset(&in, 0, sizeof in);
    memset(&view, 0, sizeof view);
    the_time = BEGIN;
    r.metrics = &m;
    r.seed[0] = 11;
    r.seed[1] = UINT64_C(0x243f6a8885a308d3);
    r.seed[2] = 13;
    r.seed[3] = UINT64_C(0x13198a2e03707344);
    m.exemplar_filter = OTEL_EXEMPLAR_FILTER_ALWAYS_ON;
    in.r = &r;
    in.ops = ops;
    in.is_double = is_double;
    in.collected = BEGIN;
    in.max_size = 4;
    in.max_scale = 20;
    if (ops->field == 9) {
        in.bounds = bounds3;
        in.n_bounds = COUNT(bounds3);
    }
}

static uint32_t reservoir_bytes(void)
{
    return HEAD + in.n_exemplars * (PLACE + (in.filters ? ROOM : 0));
}

static otel__series *add_series(void)
{
    const uint32_t offset = otel__series_make(&m, &in, 0);

    return T_CHECK(offset != 0) ? otel__series_at(&m, offset) : NULL;
}

/* What the pool gives when it is asked for that many bytes. */
static uint32_t least_bytes(uint32_t bytes)
{
    const uint32_t least = (uint32_t)offsetof(otel__series, value);
    return bytes >= least ? bytes : least;
}

/* The series, in a pool that has `bytes` more. */
static void ready_with(uint32_t bytes)
{
    const uint32_t of_series = otel__series_value_bytes(&in);

    in.n_exemplars = otel__exemplar_places(&in);
    m.pool_units = (of_series + bytes) / OTEL__SERIES_UNIT;
    m.pool = (uint8_t *)malloc((size_t)m.pool_units * OTEL__SERIES_UNIT);
    memset(m.pool, 0xAA, (size_t)m.pool_units * OTEL__SERIES_UNIT);
    s = add_series();
}

static void ready(void)
{
    in.n_exemplars = otel__exemplar_places(&in);
    ready_with(least_bytes(reservoir_bytes()));
}

/* A view that leaves attributes out: these, or all others. */
static void leave_out(const char *const *exclude, const char *const *keep)
{
    view.exclude = exclude;
    view.keep = keep;
    in.view = &view;
    in.filters = otel__view_filters(&view);
}

static void end(void)
{
    free(m.pool);
    m.pool = NULL;
}

/* ---- measuring ---- */

/* An identity that belongs to a number. */
static otel_context context_of(uint64_t n, unsigned flags)
{
    otel_context c;

    memset(&c, 0, sizeof c);
    otel__pb_store_le64(c.trace_id, n + 1);
    otel__pb_store_le64(c.trace_id + 8, ~n);
    otel__pb_store_le64(c.span_id, n ^ UINT64_C(0x5555555555555555));
    c.trace_flags = (uint8_t)flags;
    return c;
}

static void enter_span(uint64_t n, unsigned flags)
{
    const otel_context c = context_of(n, flags);
    (void)otel__context_swap(&c);
}

static void leave_spans(void)
{
    otel_context none;

    memset(&none, 0, sizeof none);
    (void)otel__context_swap(&none);
}

static uint64_t bits_of(double value)
{
    return in.is_double ? otel__platform_double_bits(value) : (uint64_t)(int64_t)value;
}

static void offer_to(otel__series *to, double value, otel_attrs attrs)
{
    otel_measurement x;

    if (otel__exemplar_measure(&in, bits_of(value), attrs, &x)) {
        otel__exemplar_offer(&in, to, &x);
    }
}

static void offer(double value) { offer_to(s, value, OTEL_NO_ATTRS); }

/* In a span whose identity belongs to the value. */
static void offer_in_span(double value)
{
    enter_span((uint64_t)value, OTEL_TRACE_FLAG_SAMPLED);
    offer(value);
    leave_spans();
}

/* ---- reading ---- */

typedef struct seen {
    uint64_t     time, bits;
    bool         has_ids;
    otel_context ids;
    char         attrs[400]; /* "k=v k=1" */
} seen;

static seen     all[256];
static unsigned n_all;

static void add_attr(char *to, size_t room, const otel_attr *a)
{
    const char *space = to[0] != '\0' ? " " : "";
    size_t      n = strlen(to);

    (void)snprintf(to + n, room - n, "%s%.*s=", space, (int)a->key_length, a->key);
    n = strlen(to);
    if (a->type == OTEL_TYPE_STRING) {
        (void)snprintf(to + n, room - n, "%.*s", (int)a->length, a->value.s);
    } else if (a->type != OTEL_TYPE_EMPTY) {
        (void)snprintf(to + n, room - n, "%lld", (long long)a->value.i);
    }
}

static void note_attr(seen *x, const otel__pb_field *kv)
{
    otel_attr      a = otel_str("", NULL);
    otel__pb_field key, any, f;

    T_CHECK(find_field(kv->data, kv->length, 1, 0, &key));
    T_CHECK(find_field(kv->data, kv->length, 2, 0, &any));
    if (any.length > 0) {
        otel__pb value = otel__pb_open(any.data, any.length);
        T_CHECK(otel__pb_next(&value, &f) == 1 && value.p == value.end);
        a = f.number == 1 ? otel_strn("", (const char *)f.data, f.length)
                          : otel_int("", (int64_t)f.value);
    }
    a.key = (const char *)key.data;
    a.key_length = (uint16_t)key.length;
    add_attr(x->attrs, sizeof x->attrs, &a);
}

static void note(seen *x, const otel__pb_field *e)
{
    otel__pb       fields = otel__pb_open(e->data, e->length);
    otel__pb_field f;

    memset(x, 0, sizeof *x);
    while (otel__pb_next(&fields, &f) == 1) {
        if (f.number == 2) {
            x->time = f.value;
        } else if (f.number == (in.is_double ? 3u : 6u)) {
            x->bits = f.value;
        } else if (f.number == 4 && T_EQ_INT(f.length, 8)) {
            memcpy(x->ids.span_id, f.data, 8);
        } else if (f.number == 5 && T_EQ_INT(f.length, 16)) {
            memcpy(x->ids.trace_id, f.data, 16);
            x->has_ids = true;
        } else if (T_EQ_INT(f.number, 7)) {
            note_attr(x, &f);
        }
    }
    T_EQ_INT(count_fields(e->data, e->length, 2), 1);
    T_EQ_INT(count_fields(e->data, e->length, in.is_double ? 3 : 6), 1);
    T_EQ_INT(count_fields(e->data, e->length, 4), count_fields(e->data, e->length, 5));
}

/* What is held as C structs says the same. */
static void check_list(otel__series *of)
{
    static otel_exemplar list[256];
    static otel_attr     attrs[256 * OTEL__EXEMPLAR_ATTRS];
    uint32_t             i, n;

    n = LIST(of, list, COUNT(list), attrs, COUNT(attrs));
    if (!T_EQ_INT(n, n_all)) {
        return;
    }
    for (i = 0; i < n; i++) {
        char     text[400] = "";
        uint32_t k;
        T_EQ_INT(list[i].time_ns, all[i].time);
        T_EQ_INT(list[i].is_double, in.is_double);
        T_CHECK(in.is_double ? otel__platform_double_bits(list[i].d) == all[i].bits
                             : list[i].i == (int64_t)all[i].bits && list[i].d == (double)list[i].i);
        T_EQ_MEM(list[i].context.trace_id, 16, all[i].ids.trace_id, 16);
        T_EQ_MEM(list[i].context.span_id, 8, all[i].ids.span_id, 8);
        for (k = 0; k < list[i].attrs.count; k++) {
            add_attr(text, sizeof text, &list[i].attrs.items[k]);
        }
        T_EQ_STR(text, all[i].attrs);
    }
}

/* Write what is held, into exactly its bytes; decode it. */
static void look(otel__series *of)
{
    const uint32_t field = in.ops->field == 9 ? 8u : in.ops->field == 10 ? 11u : 5u;
    const unsigned message = field == 8    ? OTEL__OTLP_HISTOGRAM_POINT
                             : field == 11 ? OTEL__OTLP_EXPONENTIAL_POINT
                                           : OTEL__OTLP_NUMBER_POINT;
    const size_t   size = otel__exemplar_size(&in, of);
    uint8_t       *buffer = (uint8_t *)malloc(size + 1);
    otel__out      out = otel__out_make(buffer, size);
    otel__pb_field f;

    otel__exemplar_write(&out, &in, of);
    T_EQ_INT(out.len, size);
    T_CHECK(otel__otlp_check(buffer, size, message, NULL));
    n_all = 0;
    while (n_all < COUNT(all) && find_field(buffer, size, field, n_all, &f)) {
        note(&all[n_all++], &f);
    }
    T_EQ_INT(count_fields(buffer, size, field), n_all);
    T_CHECK(size == 0 || n_all > 0);
    free(buffer);
    check_list(of);
}

static void read_series(otel__series *of, bool sent)
{
    otel__exemplar_take(&in, of, the_time);
    look(of);
    otel__exemplar_settle(&in, of, sent);
}

static void read_all(void) { read_series(s, true); }

/* How many of the reading have the value. */
static unsigned count_of(double value)
{
    unsigned i, n = 0;

    for (i = 0; i < n_all; i++) {
        n += all[i].bits == bits_of(value) ? 1u : 0u;
    }
    return n;
}

/* What offer_in_span() gave, from one measurement. */
static void check_whole(const seen *x)
{
    const double value =
        in.is_double ? otel__platform_bits_double(x->bits) : (double)(int64_t)x->bits;
    const otel_context c = context_of((uint64_t)value, 0);

    T_CHECK(x->has_ids);
    T_EQ_MEM(x->ids.trace_id, 16, c.trace_id, 16);
    T_EQ_MEM(x->ids.span_id, 8, c.span_id, 8);
}

/* ---- filters ---- */

static unsigned kept_by(uint32_t filter)
{
    m.exemplar_filter = filter;
    offer(1);
    read_all();
    return n_all;
}

static void each_filter_lets_through_what_it_says(void)
{
    unsigned round;

    begin(&otel__point_sum, false);
    ready();
    for (round = 0; round < 3; round++) { /* no span, one that is not sampled, one that is */
        if (round > 0) {
            enter_span(7, round == 2 ? OTEL_TRACE_FLAG_SAMPLED : OTEL_TRACE_FLAG_RANDOM);
        }
        T_EQ_INT(kept_by(OTEL_EXEMPLAR_FILTER_ALWAYS_OFF), 0);
        T_EQ_INT(kept_by(OTEL_EXEMPLAR_FILTER_TRACE_BASED), round == 2);
        T_EQ_INT(kept_by(OTEL_EXEMPLAR_FILTER_ALWAYS_ON), 1);
        T_EQ_INT(all[0].has_ids, round > 0); /* sampled or not */
    }
    leave_spans();
    end();
}

static void a_measurement_says_what_was_recorded(void)
{
    const otel_attrs   attrs = OTEL_ATTRS(otel_int("k", 1));
    const otel_context c = context_of(3, OTEL_TRACE_FLAG_SAMPLED), none = { { 0 }, { 0 }, 0, 0 };
    otel_measurement   x;

    begin(&otel__point_sum, false);
    otel__a64_put(&r.anchor, 5);
    memset(&x, 0xff, sizeof x);
    T_CHECK(otel__exemplar_measure(&in, (uint64_t)-3, attrs, &x));
    T_CHECK(!x.is_double && x.i == -3 && x.d == -3);
    T_EQ_INT(x.time_ns, BEGIN + 5);
    T_CHECK(x.attrs.items == attrs.items && x.attrs.count == 1);
    T_EQ_MEM(&x.context, sizeof none, &none, sizeof none);
    in.is_double = true;
    (void)otel__context_swap(&c);
    T_CHECK(otel__exemplar_measure(&in, otel__platform_double_bits(-0.5), OTEL_NO_ATTRS, &x));
    T_CHECK(x.is_double && x.i == 0 && x.d == -0.5);
    T_EQ_MEM(&x.context, sizeof c, &c, sizeof c);
    leave_spans();
}

static void an_integer_stays_exact(void)
{
    otel_measurement x;
    const uint64_t   large = (UINT64_C(1) << 53) + 1;

    begin(&otel__point_explicit, false);
    ready();
    T_CHECK(otel__exemplar_measure(&in, large, OTEL_NO_ATTRS, &x));
    otel__exemplar_offer(&in, s, &x);
    read_all();
    T_CHECK(n_all == 1 && all[0].bits == large);
    end();
}

/* ---- how many places ---- */

static uint32_t own_first(void *user, const otel_measurement *x, uint32_t before)
{
    (void)user;
    (void)x;
    (void)before;
    return 0;
}

/* M-92. */
static void each_aggregation_has_its_number_of_places(void)
{
    otel_exemplar_reservoir own = { 5, own_first, NULL };

    begin(&otel__point_sum, false);
    T_EQ_INT(otel__exemplar_places(&in), 1);
    begin(&otel__point_gauge, true);
    T_EQ_INT(otel__exemplar_places(&in), 1);
    begin(&otel__point_explicit, true);
    T_EQ_INT(otel__exemplar_places(&in), 4);
    in.n_bounds = 255;
    T_EQ_INT(otel__exemplar_places(&in), 256);
    in.n_bounds = 0;
    T_EQ_INT(otel__exemplar_places(&in), 1);
    begin(&otel__point_exponential, true);
    T_EQ_INT(otel__exemplar_places(&in), 4);
    in.max_size = 160;
    T_EQ_INT(otel__exemplar_places(&in), 20);
    in.reservoir = &own;
    T_EQ_INT(otel__exemplar_places(&in), 5);
    own.size = 65;
    T_EQ_INT(otel__exemplar_places(&in), 64);
    own.size = 0;
    T_EQ_INT(otel__exemplar_places(&in), 0);
}

static void a_series_pays_for_its_places_with_its_first_exemplar(void)
{
    uint32_t filters, units;

    for (filters = 0; filters < 2; filters++) {
        begin(&otel__point_explicit, true);
        if (filters != 0) {
            leave_out(ab, NULL);
        }
        ready();
        units = otel__a32_peek(&m.pool_used);
        T_EQ_INT(reservoir_bytes(), filters == 0 ? 8 + 4 * 48 : 8 + 4 * 176);
        otel__exemplar_take(&in, s, the_time);
        T_EQ_INT(otel__a32_peek(&s->exemplars), 0);
        offer(1);
        offer(50);
        T_EQ_INT((otel__a32_peek(&m.pool_used) - units) * 8, reservoir_bytes());
        read_all();
        T_EQ_INT(n_all, 2);
        end();
    }
}

/* ---- reservoirs ---- */

static void the_last_value_of_each_bucket_stays(void)
{
    static const double values[] = { -5, 0, 3, 10, 10.5, 100, 7, 100.5, 1e300, -1 };
    unsigned            i;

    begin(&otel__point_explicit, true);
    ready();
    for (i = 0; i < COUNT(values); i++) {
        offer(values[i]);
    }
    read_all();
    T_EQ_INT(n_all, 4); /* in the order of the buckets */
    T_CHECK(all[0].bits == bits_of(-1) && all[1].bits == bits_of(7));
    T_CHECK(all[2].bits == bits_of(100) && all[3].bits == bits_of(1e300));
    end();
}

/* One reservoir of `size` gets `n` measurements a reading; how often each of them stays. */
static void count_draws(otel__series *of, unsigned n, unsigned readings, unsigned *counts)
{
    unsigned i, k;

    memset(counts, 0, n * sizeof *counts);
    for (i = 0; i < readings; i++) {
        for (k = 0; k < n; k++) {
            the_time += 1000;
            offer_to(of, k, OTEL_NO_ATTRS);
        }
        otel__exemplar_take(&in, of, the_time);
        T_EQ_INT(otel__exemplar_size(&in, of), in.n_exemplars * 20);
        for (k = 0; k < in.n_exemplars; k++) {
            const otel__exemplar *x = otel__exemplar_at(&in, otel__exemplar_of(&in, of), k);
            counts[x->bits]++;
        }
        otel__exemplar_settle(&in, of, true);
    }
}

/* The sum of squared deviations, over its expectation: near n - 1 when each has the same chance of
 * `size` in n, and the choices of different readings have nothing to do with each other. */
static double unfairness(const unsigned *counts, unsigned n, unsigned readings, unsigned size)
{
    const double wanted = (double)readings * size / n;
    double       sum = 0;
    unsigned     i;

    for (i = 0; i < n; i++) {
        sum += (counts[i] - wanted) * (counts[i] - wanted) / wanted;
    }
    return sum / (1 - (double)size / n);
}

/* 39, 6 and 2 degrees of freedom: the limits are passed by one of a million fair samples. */
static void every_measurement_has_the_same_chance(void)
{
    otel_exemplar_reservoir fair = { 4, NULL, NULL }; /* without a choice of its own */
    unsigned                counts[40];

    begin(&otel__point_explicit, false);
    in.reservoir = &fair;
    ready();
    count_draws(s, 40, 20000, counts);
    T_CHECK(unfairness(counts, 40, 20000, 4) < 93);
    end();
    begin(&otel__point_sum, false);
    ready();
    count_draws(s, 7, 20000, counts);
    T_CHECK(unfairness(counts, 7, 20000, 1) < 39);
    end();
    begin(&otel__point_exponential, false);
    in.max_size = 2;
    ready();
    count_draws(s, 3, 20000, counts);
    T_CHECK(unfairness(counts, 3, 20000, 2) < 28);
    end();
}

/* Two series with the same measurements: were they to choose alike, all of them would agree. */
static void series_and_readings_choose_independently(void)
{
    otel__series *other;
    unsigned      i, k, same = 0, again = 0;
    uint64_t      last = 99;

    begin(&otel__point_sum, false);
    in.n_exemplars = 1;
    ready_with(1000);
    other = add_series();
    for (i = 0; i < 4000; i++) {
        uint64_t mine;
        the_time += 1000000; /* a coarse clock: one time for all of a reading */
        for (k = 0; k < 10; k++) {
            offer_to(s, k, OTEL_NO_ATTRS);
            offer_to(other, k, OTEL_NO_ATTRS);
        }
        read_series(s, true);
        mine = all[0].bits;
        read_series(other, true);
        same += mine == all[0].bits ? 1u : 0u;
        again += mine == last ? 1u : 0u;
        last = mine;
    }
    T_CHECK(same > 305 && same < 495); /* 400 expected, 19 the standard deviation */
    T_CHECK(again > 305 && again < 495);
    end();
}

static void the_first_ones_are_all_kept(void)
{
    unsigned i, k;

    begin(&otel__point_exponential, true);
    in.max_size = 160;
    ready();
    for (i = 0; i < 3; i++) { /* in every reading */
        for (k = 0; k < 20; k++) {
            offer(k);
        }
        read_all();
        T_EQ_INT(n_all, 20);
        for (k = 0; k < 20; k++) {
            T_EQ_INT(count_of(k), 1);
        }
    }
    end();
}

typedef struct told {
    otel_measurement last;
    uint32_t         seen, place;
    unsigned         calls;
} told;

static uint32_t own_offer(void *user, const otel_measurement *x, uint32_t before)
{
    told *t = (told *)user;

    t->last = *x;
    t->seen = before;
    t->calls++;
    return t->place;
}

static void a_programs_own_reservoir_chooses(void)
{
    const otel_attrs        attrs = OTEL_ATTRS(otel_int("k", 1));
    told                    t;
    otel_exemplar_reservoir own = { 3, own_offer, NULL };
    unsigned                i;

    own.user = &t;
    memset(&t, 0, sizeof t);
    begin(&otel__point_explicit, false);
    in.reservoir = &own;
    ready();
    for (i = 0; i < 6; i++) {
        static const uint32_t places[6] = { 2, OTEL_EXEMPLAR_SKIP, 0, 2, 3, 0xfffffffeu };
        t.place = places[i];
        the_time++;
        offer_to(s, i, attrs);
        T_EQ_INT(t.calls, i + 1);
        T_EQ_INT(t.seen, i);
        T_CHECK(t.last.i == (int64_t)i && t.last.time_ns == the_time &&
                t.last.attrs.items == attrs.items);
    }
    m.exemplar_filter = OTEL_EXEMPLAR_FILTER_TRACE_BASED;
    offer(9);
    T_EQ_INT(t.calls, 6); /* only what passes the filter */
    read_all();
    T_EQ_INT(n_all, 2);
    T_CHECK(all[0].bits == 2 && all[1].bits == 3);
    m.exemplar_filter = OTEL_EXEMPLAR_FILTER_ALWAYS_ON;
    offer(9);
    T_EQ_INT(t.seen, 0); /* since the reading */
    end();
}

/* ---- what a view left out ---- */

/* The attributes of an exemplar whose measurement had these. */
static const char *left_out(otel_attrs attrs)
{
    offer_to(s, 1, attrs);
    read_all();
    return T_EQ_INT(n_all, 1) ? all[0].attrs : "(none)";
}

static void what_a_view_leaves_out_is_on_the_exemplar(void)
{
    begin(&otel__point_sum, false);
    leave_out(ab, NULL);
    ready();
    T_EQ_STR(left_out(OTEL_ATTRS(otel_int("a", 1), otel_int("c", 2), otel_str("b", "x"))),
             "a=1 b=x");
    T_EQ_STR(left_out(OTEL_ATTRS(otel_int("c", 1))), "");
    T_EQ_STR(left_out(OTEL_NO_ATTRS), "");
    T_EQ_STR(left_out(OTEL_ATTRS(otel_str("a", NULL), otel_bool("b", true))), "a= b=1");
    T_EQ_STR(left_out(OTEL_ATTRS(otel_f64("b", 0.0))), "b=0");
    leave_out(NULL, ab);
    T_EQ_STR(left_out(OTEL_ATTRS(otel_int("a", 1), otel_int("c", 2), otel_int("d", 3))), "c=2 d=3");
    end();
    begin(&otel__point_sum, false); /* no view: nothing, and no room for it */
    ready();
    T_EQ_STR(left_out(OTEL_ATTRS(otel_int("a", 1))), "");
    end();
}

static void of_equal_keys_the_last_one_is_on_the_exemplar(void)
{
    begin(&otel__point_sum, false);
    leave_out(ab, NULL);
    ready();
    T_EQ_STR(left_out(OTEL_ATTRS(otel_int("a", 1), otel_int("b", 2), otel_str("a", "z"))),
             "b=2 a=z");
    T_EQ_STR(left_out(OTEL_ATTRS(otel_int("a", 1), otel_int("a", 2), otel_int("a", 3))), "a=3");
    leave_out(NULL, ab); /* keys that are the same once repaired */
    T_EQ_STR(left_out(OTEL_ATTRS(otel_int("k\xff", 1), otel_int("a", 2), otel_int("k\xc3", 3))),
             "k\xef\xbf\xbd=3");
    end();
}

static void broken_text_is_repaired_on_the_exemplar(void)
{
    begin(&otel__point_sum, false);
    leave_out(ab, NULL);
    ready();
    T_EQ_STR(left_out(OTEL_ATTRS(otel_str("a", "x\xffy\xe2\x82z"))),
             "a=x\xef\xbf\xbdy\xef\xbf\xbdz");
    end();
}

static void an_attribute_without_a_key_is_none(void)
{
    otel_attr   items[3] = { otel_int(NULL, 1), otel_int("", 2), otel_int("c", 3) };
    otel_attrs  nowhere;
    static char long_key[OTEL__KEY_MAX + 2];

    begin(&otel__point_sum, false);
    leave_out(NULL, ab);
    ready();
    T_EQ_STR(left_out(otel_attrs_of(items, 3)), "c=3");
    memset(long_key, 'k', sizeof long_key - 1);
    items[1].key = long_key;
    T_EQ_STR(left_out(otel_attrs_of(items, 3)), "c=3");
    nowhere.items = NULL;
    nowhere.count = 5;
    T_EQ_STR(left_out(nowhere), "");
    end();
}

static void what_does_not_fit_is_left_out_whole(void)
{
    char   x[300], bad[40], wanted[310];
    size_t n;

    begin(&otel__point_sum, false);
    leave_out(NULL, ab);
    ready();
    memset(x, 'x', sizeof x);
    memset(bad, 0xff, sizeof bad);
    for (n = 110; n < sizeof x; n++) { /* nine bytes go around a text whose key has one */
        (void)snprintf(wanted, sizeof wanted, "k=%.*s", (int)n, x);
        T_EQ_STR(left_out(OTEL_ATTRS(otel_strn("k", x, n))), n <= 119 ? wanted : "");
    }
    T_EQ_STR(left_out(OTEL_ATTRS(otel_strn("k", x, 120), otel_int("l", 1), otel_strn("m", x, 111),
                                 otel_int("n", 2))),
             "l=1 n=2");
    T_CHECK(strlen(left_out(OTEL_ATTRS(otel_strn("k", bad, 39)))) == 2 + 117); /* repaired */
    T_EQ_STR(left_out(OTEL_ATTRS(otel_strn("k", bad, 40), otel_int("l", 1))), "l=1");
    /* the last of equal keys counts, also when it does not fit */
    T_EQ_STR(left_out(OTEL_ATTRS(otel_int("k", 1), otel_int("l", 2), otel_strn("k", x, 200))),
             "l=2");
    end();
}

static void an_exemplar_holds_as_many_attributes_as_its_bytes_allow(void)
{
    static char keys[40][2];
    otel_attr   many[40];
    size_t      n;

    begin(&otel__point_sum, false);
    leave_out(NULL, ab);
    ready();
    for (n = 0; n < COUNT(many); n++) { /* seven bytes each: less is not possible */
        keys[n][0] = (char)('A' + n);
        many[n] = otel_str(keys[n], NULL);
    }
    offer_to(s, 1, otel_attrs_of(many, COUNT(many)));
    read_all();
    T_EQ_INT(OTEL__EXEMPLAR_ATTRS, 18);
    T_EQ_STR(all[0].attrs, "A= B= C= D= E= F= G= H= I= J= K= L= M= N= O= P= Q= R=");
    end();
}

/* As in a set of attributes without a view. */
static void only_the_first_128_attributes_count(void)
{
    otel_attr many[200];
    size_t    n;

    begin(&otel__point_sum, false);
    leave_out(NULL, ab);
    ready();
    for (n = 0; n < COUNT(many); n++) {
        many[n] = otel_int("a", 1);
    }
    many[127] = otel_int("x", 127);
    many[128] = otel_int("y", 128);
    many[129] = otel_int("x", 129);
    T_EQ_STR(left_out(otel_attrs_of(many, COUNT(many))), "x=127");
    end();
}

/* ---- readings ---- */

static void put_le64(uint8_t *p, uint64_t v)
{
    unsigned i;
    for (i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

/* By hand from metrics.proto. */
static void an_exemplar_is_these_bytes(void)
{
    static const otel__aggregation *const ops[3] = { &otel__point_sum, &otel__point_explicit,
                                                     &otel__point_exponential };
    static const uint8_t                  tags[3] = { 0x2a, 0x42, 0x5a }; /* 5, 8, 11 */
    unsigned                              i, is_double;

    for (i = 0; i < 3; i++) {
        for (is_double = 0; is_double < 2; is_double++) {
            uint8_t      wanted[2 + 46 + 9], got[100];
            uint8_t     *p = wanted;
            otel__out    out = otel__out_make(got, sizeof got);
            otel_context c = context_of(1, OTEL_TRACE_FLAG_SAMPLED);
            begin(ops[i], is_double != 0);
            leave_out(ab, NULL);
            ready();
            (void)otel__context_swap(&c);
            offer_to(s, 3, OTEL_ATTRS(otel_int("a", 5), otel_int("c", 6)));
            leave_spans();
            *p++ = tags[i];
            *p++ = 46 + 9;
            *p++ = 0x11; /* time_unix_nano, 2: fixed64 */
            put_le64(p, BEGIN);
            p += 8;
            *p++ = is_double != 0 ? 0x19 : 0x31; /* as_double, 3; as_int, 6: sfixed64 */
            put_le64(p, is_double != 0 ? UINT64_C(0x4008000000000000) : 3);
            p += 8;
            *p++ = 0x22; /* span_id, 4 */
            *p++ = 8;
            memcpy(p, c.span_id, 8);
            p += 8;
            *p++ = 0x2a; /* trace_id, 5 */
            *p++ = 16;
            memcpy(p, c.trace_id, 16);
            p += 16;
            memcpy(p,
                   "\x3a\x07\x0a\x01"
                   "a\x12\x02\x18\x05",
                   9); /* filtered_attributes, 7 */
            p += 9;
            otel__exemplar_take(&in, s, the_time);
            otel__exemplar_write(&out, &in, s);
            T_EQ_MEM(got, out.len, wanted, (size_t)(p - wanted));
            T_EQ_INT(otel__exemplar_size(&in, s), out.len);
            end();
        }
    }
}

/* Anything: instruments, measurements, readings that are sent or not. */
static void sizes_and_bytes_agree_whatever_was_measured(void)
{
    static const otel__aggregation *const ops[4] = { &otel__point_sum, &otel__point_gauge,
                                                     &otel__point_explicit,
                                                     &otel__point_exponential };
    static const char *const              keep[] = { "kept", "", NULL };
    uint64_t                              seed = 5;
    unsigned                              i, k, round, n_read = 0;
    char                                  text[160];

    memset(text, 'x', sizeof text);
    for (i = 0; i < 400 && !t_bad; i++) {
        begin(ops[random_below(&seed, 4)], random_below(&seed, 2) != 0);
        in.max_size = (uint16_t)(2 + random_below(&seed, 30));
        if (random_below(&seed, 2) != 0) {
            leave_out(NULL, keep);
        }
        ready();
        for (round = 0; round < 8; round++) {
            const unsigned n = random_below(&seed, 30);
            for (k = 0; k < n; k++) {
                const otel_attrs attrs =
                    OTEL_ATTRS(otel_int("kept", 1), otel_int("i", (int64_t)random_of(&seed)),
                               otel_strn("text", text, random_below(&seed, 160)),
                               otel_str(random_below(&seed, 2) != 0 ? "text" : "other", "y"));
                if (random_below(&seed, 2) != 0) {
                    enter_span(random_of(&seed) >> 1, 0);
                }
                the_time += random_below(&seed, 100);
                offer_to(s, (double)random_below(&seed, 300) - 100, attrs);
                leave_spans();
            }
            otel__exemplar_take(&in, s, the_time - random_below(&seed, 200));
            look(s);
            n_read += n_all;
            otel__exemplar_settle(&in, s, random_below(&seed, 3) != 0);
        }
        end();
    }
    T_CHECK(n_read > 5000);
}

static void a_reading_that_was_not_sent_is_offered_again(void)
{
    begin(&otel__point_explicit, true);
    ready();
    offer_in_span(5);
    offer_in_span(50);
    read_series(s, false);
    T_EQ_INT(n_all, 2);
    read_series(s, false);
    T_EQ_INT(n_all, 2);
    the_time++;
    offer_in_span(6); /* the last one still wins */
    read_series(s, true);
    T_EQ_INT(n_all, 2);
    T_CHECK(all[0].bits == bits_of(6) && all[1].bits == bits_of(50));
    T_EQ_INT(all[0].time, BEGIN + 1);
    T_EQ_INT(all[1].time, BEGIN);
    check_whole(&all[0]);
    check_whole(&all[1]);
    end();
}

static void a_reading_that_was_sent_is_gone(void)
{
    begin(&otel__point_explicit, true);
    ready();
    offer(5);
    read_all();
    T_EQ_INT(n_all, 1);
    read_all();
    T_EQ_INT(n_all, 0);
    offer(50);
    read_all();
    T_CHECK(n_all == 1 && all[0].bits == bits_of(50));
    end();
}

static void the_sample_goes_on_when_it_was_not_sent(void)
{
    unsigned i, first = 0;

    begin(&otel__point_sum, false);
    ready();
    for (i = 0; i < 1000; i++) { /* of two, one before and one after a reading that failed */
        the_time += 1000;
        offer(1);
        read_series(s, false);
        the_time += 1000;
        offer(2);
        read_series(s, true);
        first += count_of(1);
    }
    T_CHECK(first > 420 && first < 580); /* 500 expected, 16 the standard deviation */
    end();
}

static void what_came_later_than_the_reading_waits_for_the_next(void)
{
    begin(&otel__point_explicit, true);
    ready();
    offer(5);
    the_time += 10;
    offer(50);
    the_time += 10;
    offer(500);
    otel__exemplar_take(&in, s, BEGIN + 10);
    look(s);
    otel__exemplar_settle(&in, s, true);
    T_EQ_INT(n_all, 2);
    T_CHECK(all[0].bits == bits_of(5) && all[1].bits == bits_of(50));
    read_all();
    T_EQ_INT(n_all, 1);
    T_CHECK(all[0].bits == bits_of(500) && all[0].time == BEGIN + 20);
    end();
}

/* M-91: a series starts when its first value is recorded, which is measured before. */
static void no_exemplar_is_older_than_its_point(void)
{
    begin(&otel__point_explicit, true);
    ready();
    offer(5);
    otel__a64_put(&s->start, BEGIN + 3);
    the_time = BEGIN + 10;
    offer(50);
    read_series(s, false);
    T_EQ_INT(all[0].time, BEGIN + 3);
    T_EQ_INT(all[1].time, BEGIN + 10);
    otel__a64_put(&s->start, 0); /* then the last reading is its start */
    in.collected = BEGIN + 7;
    read_series(s, false);
    T_EQ_INT(all[0].time, BEGIN + 7);
    T_EQ_INT(all[1].time, BEGIN + 10);
    otel__a64_put(&s->start,
                  BEGIN + 99); /* the clock was set back: the point starts with its time */
    read_series(s, true);
    T_EQ_INT(all[0].time, BEGIN + 10);
    T_EQ_INT(all[1].time, BEGIN + 10);
    end();
}

static void what_is_held_or_being_written_is_left_alone(void)
{
    otel__exemplar *x;

    begin(&otel__point_explicit, true);
    ready();
    offer_in_span(5);
    otel__exemplar_take(&in, s, the_time);
    offer_in_span(6); /* in the place that is held */
    offer_in_span(60);
    look(s);
    T_CHECK(n_all == 1 && all[0].bits == bits_of(5));
    check_whole(&all[0]);
    otel__exemplar_take(&in, s, the_time); /* again, before it was settled */
    look(s);
    T_EQ_INT(n_all, 2);
    otel__exemplar_settle(&in, s, true);
    offer_in_span(5);
    x = otel__exemplar_at(&in, otel__exemplar_of(&in, s), 1);
    otel__a32_put(&x->state, OTEL__EXEMPLAR_BUSY);
    offer_in_span(6);
    read_all();
    T_EQ_INT(n_all, 0);
    T_EQ_INT(otel__a32_peek(&x->state), OTEL__EXEMPLAR_BUSY);
    T_CHECK(x->bits == bits_of(5));
    end();
}

static void a_series_without_exemplars_has_none_to_read(void)
{
    unsigned full;

    for (full = 0; full < 2; full++) { /* never one, and no memory for one */
        otel__out out = otel__out_make(NULL, 0);
        begin(&otel__point_explicit, true);
        ready_with(0);
        if (full != 0) {
            offer(1);
            T_EQ_INT(otel__a32_peek(&s->exemplars), OTEL__EXEMPLAR_NO_ROOM);
        }
        otel__exemplar_take(&in, s, the_time);
        T_EQ_INT(otel__exemplar_size(&in, s), 0);
        otel__exemplar_write(&out, &in, s);
        T_EQ_INT(out.len, 0);
        T_EQ_INT(LIST(s, NULL, 0, NULL, 0), 0);
        otel__exemplar_settle(&in, s, true);
        otel__exemplar_forget(&in, s);
        end();
    }
    begin(&otel__point_sum, true);
    ready();
    in.n_exemplars = 0; /* none are wanted */
    offer(1);
    T_EQ_INT(otel__a32_peek(&s->exemplars), 0);
    end();
}

static void a_list_takes_as_many_as_there_is_room_for(void)
{
    otel_exemplar to[4];
    otel_attr     attrs[8];
    unsigned      i;

    begin(&otel__point_explicit, true);
    leave_out(NULL, ab);
    ready();
    for (i = 0; i < 4; i++) {
        enter_span(i, OTEL_TRACE_FLAG_SAMPLED);
        offer_to(s, (i == 0 ? -1.0 : bounds3[i - 1] + 1),
                 OTEL_ATTRS(otel_int("x", i), otel_str("y", "text")));
        leave_spans();
    }
    otel__exemplar_take(&in, s, the_time);
    T_EQ_INT(LIST(s, to, 3, attrs, 5), 3);
    T_EQ_INT(to[0].attrs.count, 2);
    T_EQ_INT(to[1].attrs.count, 2);
    T_EQ_INT(to[2].attrs.count, 1);
    T_CHECK(to[1].attrs.items == attrs + 2 && attrs[2].value.i == 1);
    T_CHECK(attrs[1].length == 4 && memcmp(attrs[1].value.s, "text", 4) == 0);
    T_CHECK(to[2].context.trace_flags == OTEL_TRACE_FLAG_SAMPLED && to[2].context.remote == 0);
    T_EQ_INT(LIST(s, to, 0, attrs, 5), 0);
    T_EQ_INT(LIST(s, to, 4, attrs, 8), 4);
    T_CHECK(to[3].d == 101 && to[3].attrs.count == 2);
    end();
}

static void a_forked_child_has_none_of_its_parents(void)
{
    uint32_t i;

    begin(&otel__point_exponential, true);
    ready();
    for (i = 0; i < 9; i++) {
        offer(i);
    }
    for (i = 0; i < 4; i++) {
        otel__a32_put(&otel__exemplar_at(&in, otel__exemplar_of(&in, s), i)->state, i);
    }
    otel__exemplar_forget(&in, s);
    read_all();
    T_EQ_INT(n_all, 0);
    for (i = 0; i < 4; i++) {
        offer(i); /* all places, from the first one on */
    }
    read_all();
    T_EQ_INT(n_all, 4);
    end();
}

/* ---- memory ---- */

static void without_room_the_exemplar_is_not_kept_and_nobody_asks_again(void)
{
    otel__series  *other;
    const uint32_t spare = 1;

    begin(&otel__point_explicit, true);
    ready();
    in.n_exemplars = 0;
    m.pool_units += otel__series_value_bytes(&in) / OTEL__SERIES_UNIT;
    m.pool = (uint8_t *)realloc(m.pool, (size_t)m.pool_units * OTEL__SERIES_UNIT);
    s = otel__series_at(&m, 1);
    other = add_series();
    in.n_exemplars = otel__exemplar_places(&in);
    offer(5);
    offer_to(other, 6, OTEL_NO_ATTRS);
    T_EQ_INT(otel__a32_peek(&other->exemplars), OTEL__EXEMPLAR_NO_ROOM);
    otel__a32_put(&m.spares[0], spare);
    offer_to(other, 7, OTEL_NO_ATTRS);
    T_EQ_INT(otel__a32_peek(&m.spares[0]), spare);
    read_series(other, true);
    T_EQ_INT(n_all, 0);
    read_all();
    T_EQ_INT(n_all, 1);
    end();
}

static void used_memory_is_emptied_first(void)
{
    uint32_t offset;

    begin(&otel__point_explicit, true);
    ready();
    offset = otel__series_take(&m, reservoir_bytes());
    memset((uint8_t *)otel__series_at(&m, offset) + HEAD, OTEL__EXEMPLAR_FULL,
           offsetof(otel__series, bytes) - HEAD);
    memset((uint8_t *)otel__series_at(&m, offset) + HEAD + PLACE, OTEL__EXEMPLAR_FULL,
           reservoir_bytes() - HEAD - PLACE);
    otel__series_give(&m, offset);
    offer(5);
    T_EQ_INT(otel__a32_peek(&s->exemplars), offset);
    read_all();
    T_EQ_INT(n_all, 1);
    end();
}

/* ---- interrupts ---- */

static unsigned fired;

static void offer_two(void)
{
    fired++;
    offer_in_span(2);
}

static void read_once(void)
{
    fired++;
    read_all();
}

static void begin_interrupted(bool buckets, unsigned at, void (*what)(void))
{
    begin(buckets ? &otel__point_explicit : &otel__point_sum, false);
    in.n_exemplars = otel__exemplar_places(&in);
    ready_with(2 * reservoir_bytes() + 200);
    countdown = at;
    fired = 0;
    interrupt = what;
}

/* Both use the same place, and both bring the series' first exemplar. */
static void an_offer_inside_an_offer_at_any_step(void)
{
    unsigned buckets, at, cases = 0;

    for (buckets = 0; buckets < 2; buckets++) {
        for (at = 0, fired = 1; fired != 0 && !t_bad; at++, cases++) {
            uint32_t units, used, one, spare;
            begin_interrupted(buckets != 0, at, offer_two);
            units = m.pool_used.v; /* no step */
            one = least_bytes(reservoir_bytes()) / OTEL__SERIES_UNIT;
            offer_in_span(1);
            interrupt = NULL;
            read_all();
            T_EQ_INT(n_all, 1);
            T_CHECK(fired != 0 ? count_of(1) + count_of(2) == 1 : count_of(1) == 1);
            check_whole(&all[0]);
            used = otel__a32_peek(&m.pool_used) - units;
            spare = otel__a32_peek(&m.spares[0]); /* of who came too late, with its size */
            T_EQ_INT(used, spare != 0 ? 2 * one : one);
            T_CHECK(spare == 0 || otel__series_at(&m, spare)->bytes == one * OTEL__SERIES_UNIT);
            T_CHECK(spare != otel__a32_peek(&s->exemplars));
            end();
        }
    }
    T_CHECK(cases > 20);
}

/* There is memory for one of them. */
static void memory_for_one_is_used_by_one(void)
{
    unsigned at;

    for (at = 0, fired = 1; fired != 0 && !t_bad; at++) {
        begin(&otel__point_explicit, false);
        ready();
        countdown = at;
        fired = 0;
        interrupt = offer_two;
        offer_in_span(1);
        interrupt = NULL;
        read_all();
        T_EQ_INT(n_all, 1);
        check_whole(&all[0]);
        T_EQ_INT(m.spares[0].v, 0); /* nothing is left over */
        end();
    }
    T_CHECK(at > 10);
}

static void an_offer_inside_a_reading_at_any_step(void)
{
    unsigned buckets, at, cases = 0;

    for (buckets = 0; buckets < 2; buckets++) {
        for (at = 0, fired = 1; fired != 0 && !t_bad; at++, cases++) {
            unsigned ones, twos;
            begin_interrupted(buckets != 0, at, NULL);
            offer_in_span(1);
            interrupt = offer_two;
            countdown = at;
            otel__exemplar_take(&in, s, the_time);
            look(s);
            otel__exemplar_settle(&in, s, true);
            interrupt = NULL;
            T_EQ_INT(n_all, 1);
            check_whole(&all[0]);
            ones = count_of(1);
            twos = count_of(2);
            read_all();
            T_CHECK(n_all == 0 || (n_all == 1 && count_of(2) == 1 && twos == 0));
            T_CHECK(ones + twos == 1);
            end();
        }
    }
    T_CHECK(cases > 20);
}

static void a_reading_inside_an_offer_at_any_step(void)
{
    unsigned at;

    for (at = 0, fired = 1; fired != 0 && !t_bad; at++) {
        begin_interrupted(true, at, NULL);
        offer_in_span(3);
        interrupt = read_once;
        countdown = at;
        n_all = 0;
        offer_in_span(4);
        interrupt = NULL;
        T_CHECK(n_all <= 1);
        if (n_all == 1) {
            check_whole(&all[0]);
        }
        T_CHECK(n_all == 0 || count_of(4) == 1 || count_of(3) == 1);
        if (n_all == 0 || count_of(3) == 1) {
            read_all();
            T_CHECK(n_all == 1 && count_of(4) == 1);
            check_whole(&all[0]);
        }
        end();
    }
    T_CHECK(at > 5);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(each_filter_lets_through_what_it_says);
    T_RUN(a_measurement_says_what_was_recorded);
    T_RUN(an_integer_stays_exact);
    T_RUN(each_aggregation_has_its_number_of_places);
    T_RUN(a_series_pays_for_its_places_with_its_first_exemplar);
    T_RUN(the_last_value_of_each_bucket_stays);
    T_RUN(every_measurement_has_the_same_chance);
    T_RUN(series_and_readings_choose_independently);
    T_RUN(the_first_ones_are_all_kept);
    T_RUN(a_programs_own_reservoir_chooses);
    T_RUN(what_a_view_leaves_out_is_on_the_exemplar);
    T_RUN(of_equal_keys_the_last_one_is_on_the_exemplar);
    T_RUN(broken_text_is_repaired_on_the_exemplar);
    T_RUN(an_attribute_without_a_key_is_none);
    T_RUN(what_does_not_fit_is_left_out_whole);
    T_RUN(an_exemplar_holds_as_many_attributes_as_its_bytes_allow);
    T_RUN(only_the_first_128_attributes_count);
    T_RUN(an_exemplar_is_these_bytes);
    T_RUN(sizes_and_bytes_agree_whatever_was_measured);
    T_RUN(a_reading_that_was_not_sent_is_offered_again);
    T_RUN(a_reading_that_was_sent_is_gone);
    T_RUN(the_sample_goes_on_when_it_was_not_sent);
    T_RUN(what_came_later_than_the_reading_waits_for_the_next);
    T_RUN(no_exemplar_is_older_than_its_point);
    T_RUN(what_is_held_or_being_written_is_left_alone);
    T_RUN(a_series_without_exemplars_has_none_to_read);
    T_RUN(a_list_takes_as_many_as_there_is_room_for);
    T_RUN(a_forked_child_has_none_of_its_parents);
    T_RUN(without_room_the_exemplar_is_not_kept_and_nobody_asks_again);
    T_RUN(used_memory_is_emptied_first);
    T_RUN(an_offer_inside_an_offer_at_any_step);
    T_RUN(memory_for_one_is_used_by_one);
    T_RUN(an_offer_inside_a_reading_at_any_step);
    T_RUN(a_reading_inside_an_offer_at_any_step);
    return t_end();
}
