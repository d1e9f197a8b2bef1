/* bound_cases.h: what test_bound.c checks with the header's inline code and test_bound_single.c
 * without it, where every call goes through the library's own. */
#ifndef BOUND_CASES_H
#define BOUND_CASES_H

#include <sys/wait.h>

/* ---- every kind ---- */

typedef union handle {
    otel_bound_counter       counter;
    otel_bound_counter_f64   counter_f64;
    otel_bound_updown        updown;
    otel_bound_updown_f64    updown_f64;
    otel_bound_gauge         gauge;
    otel_bound_gauge_f64     gauge_f64;
    otel_bound_histogram     histogram;
    otel_bound_histogram_f64 histogram_f64;
} handle;

/* A value for both number types. */
typedef struct number {
    int64_t i;
    double  d;
} number;

static const otel_histogram_options exponential_options = {
    NULL, 0, OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, 0, 0, false
};

#define BOUND_KIND(label, type, create, bind, call, bound_call, field)                             \
    static void *make_##label(otel_scope *in) { return create; }                                   \
    static void  call_##label(void *to, number v, otel_attrs attrs)                                \
    {                                                                                              \
        call((otel_##type *)to, v.field, attrs);                                                   \
    }                                                                                              \
    static handle bind_##label(void *to, otel_attrs attrs)                                         \
    {                                                                                              \
        handle h;                                                                                  \
        memset(&h, 0, sizeof h);                                                                   \
        h.type = bind((otel_##type *)to, attrs);                                                   \
        return h;                                                                                  \
    }                                                                                              \
    static void bound_##label(handle h, number v) { bound_call(h.type, v.field); }                 \
    static void unbind_##label(handle *h) { OTEL_UNBIND(h->type); }                                \
    static bool is_bound_##label(const handle *h) { return h->type.cell != NULL; }

BOUND_KIND(counter, counter, otel_counter_create(in, "counter", NULL, NULL), otel_counter_bind,
           otel_counter_add, otel_bound_counter_add, i)
BOUND_KIND(counter_f64, counter_f64, otel_counter_create_f64(in, "counter_f64", NULL, NULL),
           otel_counter_bind_f64, otel_counter_add_f64, otel_bound_counter_add_f64, d)
BOUND_KIND(updown, updown, otel_updown_create(in, "updown", NULL, NULL), otel_updown_bind,
           otel_updown_add, otel_bound_updown_add, i)
BOUND_KIND(updown_f64, updown_f64, otel_updown_create_f64(in, "updown_f64", NULL, NULL),
           otel_updown_bind_f64, otel_updown_add_f64, otel_bound_updown_add_f64, d)
BOUND_KIND(gauge, gauge, otel_gauge_create(in, "gauge", NULL, NULL), otel_gauge_bind,
           otel_gauge_set, otel_bound_gauge_set, i)
BOUND_KIND(gauge_f64, gauge_f64, otel_gauge_create_f64(in, "gauge_f64", NULL, NULL),
           otel_gauge_bind_f64, otel_gauge_set_f64, otel_bound_gauge_set_f64, d)
BOUND_KIND(histogram, histogram, otel_histogram_create(in, "histogram", NULL, NULL, NULL),
           otel_histogram_bind, otel_histogram_record, otel_bound_histogram_record, i)
BOUND_KIND(histogram_f64, histogram_f64,
           otel_histogram_create_f64(in, "histogram_f64", NULL, NULL, NULL),
           otel_histogram_bind_f64, otel_histogram_record_f64, otel_bound_histogram_record_f64, d)
BOUND_KIND(exponential, histogram,
           otel_histogram_create(in, "exponential", NULL, NULL, &exponential_options),
           otel_histogram_bind, otel_histogram_record, otel_bound_histogram_record, i)
BOUND_KIND(exponential_f64, histogram_f64,
           otel_histogram_create_f64(in, "exponential_f64", NULL, NULL, &exponential_options),
           otel_histogram_bind_f64, otel_histogram_record_f64, otel_bound_histogram_record_f64, d)

typedef struct bound_kind {
    const char *name; /* of the instrument, too */
    void *(*make)(otel_scope *in);
    void (*call)(void *to, number v, otel_attrs attrs);
    handle (*bind)(void *to, otel_attrs attrs);
    void (*bound)(handle h, number v);
    void (*unbind)(handle *h);
    bool (*is_bound)(const handle *h);
} bound_kind;

#define ROW(label)                                                                                 \
    {                                                                                              \
#label, make_##label, call_##label, bind_##label, bound_##label, unbind_##label,           \
            is_bound_##label                                                                       \
    }
static const bound_kind kinds[] = {
    ROW(counter),   ROW(counter_f64), ROW(updown),        ROW(updown_f64),  ROW(gauge),
    ROW(gauge_f64), ROW(histogram),   ROW(histogram_f64), ROW(exponential), ROW(exponential_f64),
};

#define KINDS COUNT(kinds)

static number number_of(double v)
{
    number n;
    n.d = v;
    n.i = (int64_t)v;
    return n;
}

/* How much a point holds: the sum or last value, of histograms the count. */
static double amount(const point_seen *p)
{
    const uint32_t data = metrics[p->metric].data;

    return data == DATA_HISTOGRAM || data == DATA_EXPONENTIAL ? (double)p->count
           : p->is_double                                     ? p->d
                                                              : (double)p->i;
}

/* What `times` recordings of 1 come to. */
static double ones(size_t kind, unsigned times)
{
    return strncmp(kinds[kind].name, "gauge", 5) == 0 ? 1.0 : (double)times;
}

/* ---- equal to calls with the attributes ---- */

static number values_at[32];
static size_t n_values;

static void fill_values(void)
{
    const double  zero = 0, inf = 1 / zero;
    const double  d[] = { 0, 1,  2.5, 1e-3,  7,    5,         1e6, -0.0, 0x1p-1074,
                          3, -1, -7,  1e300, 4096, inf - inf, inf, -inf, 12 };
    const int64_t i[] = { 0,
                          1,
                          2,
                          10000,
                          7,
                          5,
                          1000000,
                          3,
                          1 << 20,
                          9,
                          -1,
                          -7,
                          INT64_C(1) << 40,
                          4096,
                          INT64_MIN,
                          INT64_C(1) << 53,
                          250,
                          12 };

    n_values = COUNT(d);
    for (size_t k = 0; k < n_values; k++) {
        values_at[k].d = d[k];
        values_at[k].i = i[k];
    }
}

static const point_seen *point_from(const char *in_scope, const char *name, const char *attrs)
{
    unsigned i;

    for (i = 0; i < n_points; i++) {
        const metric_seen *m = &metrics[points[i].metric];
        if (strcmp(m->scope, in_scope) == 0 && strcmp(m->name, name) == 0 &&
            strcmp(points[i].attrs, attrs) == 0) {
            return &points[i];
        }
    }
    return NULL;
}

/* The points of both scopes say the same, byte for byte. */
static void compare_scopes(const char *attrs)
{
    size_t k;

    for (k = 0; k < KINDS; k++) {
        const point_seen *a = point_from("plain", kinds[k].name, attrs);
        const point_seen *b = point_from("bound", kinds[k].name, attrs);
        if (!T_CHECK((a == NULL) == (b == NULL)) ||
            (a != NULL && !T_EQ_MEM(b->said, b->n_said, a->said, a->n_said))) {
            printf("    %s with \"%s\"\n", kinds[k].name, attrs);
        }
    }
}

/* M-107. */
static void a_handle_records_what_a_call_with_its_attributes_would(void)
{
    const otel_attr  attr = otel_str("k", "v");
    const otel_attrs sets[] = { OTEL_NO_ATTRS, otel_attrs_of(&attr, 1) };
    const uint32_t   temporalities[] = { OTEL_TEMPORALITY_CUMULATIVE, OTEL_TEMPORALITY_DELTA,
                                         OTEL_TEMPORALITY_LOWMEMORY };
    otel_options     o = plain_options();
    size_t           t, k, s, v;

    fill_values();
    for (t = 0; t < COUNT(temporalities); t++) {
        otel_scope *plain, *bound;
        void       *as_plain[KINDS], *as_bound[KINDS];
        handle      handles[KINDS][2];
        unsigned    round;
        o.temporality = temporalities[t];
        open_sdk(&o);
        plain = otel_scope_get(sdk, "plain", NULL);
        bound = otel_scope_get(sdk, "bound", NULL);
        for (k = 0; k < KINDS; k++) {
            as_plain[k] = kinds[k].make(plain);
            as_bound[k] = kinds[k].make(bound);
            for (s = 0; s < COUNT(sets); s++) {
                handles[k][s] = kinds[k].bind(as_bound[k], sets[s]);
                T_CHECK(kinds[k].is_bound(&handles[k][s]));
            }
        }
        for (round = 0; round < 4; round++) {
            for (v = round; v < n_values; v += round == 3 ? n_values : round + 1) {
                uint64_t bad = bad_values();
                for (s = 0; s < COUNT(sets); s++) {
                    for (k = 0; k < KINDS; k++) {
                        kinds[k].call(as_plain[k], values_at[v], sets[s]);
                    }
                }
                T_EQ_INT((bad_values() - bad) % 2, 0);
                bad = 2 * bad_values() - bad;
                for (s = 0; s < COUNT(sets); s++) {
                    for (k = 0; k < KINDS; k++) {
                        kinds[k].bound(handles[k][s], values_at[v]);
                    }
                }
                T_EQ_INT(bad_values(), bad);
            }
            read_all();
            T_CHECK(n_points >= 2 * 2 * 2);
            compare_scopes("");
            compare_scopes("k=v");
        }
        shut();
    }
}

/* The header's inline code and the library's own: both on one warm series. */
static void the_inline_calls_and_the_librarys_own_agree(void)
{
    otel_counter      *c;
    otel_updown       *u;
    otel_gauge        *g;
    otel_bound_counter bc;
    otel_bound_updown  bu;
    otel_bound_gauge   bg;
    const int64_t      v[] = { 1, 0, 5, INT64_MAX, 9 };
    uint64_t           sum = 0;
    size_t             i;

    open_plain();
    c = otel_counter_create(scope, "c", NULL, NULL);
    u = otel_updown_create(scope, "u", NULL, NULL);
    g = otel_gauge_create(scope, "g", NULL, NULL);
    bc = otel_counter_bind(c, OTEL_NO_ATTRS);
    bu = otel_updown_bind(u, OTEL_NO_ATTRS);
    bg = otel_gauge_bind(g, OTEL_NO_ATTRS);
    for (i = 0; i < COUNT(v); i++) {
        otel_bound_counter_add(bc, v[i]);
        otel__bound_counter_add(bc.counter, bc.cell, v[i]);
        otel_bound_updown_add(bu, -v[i]);
        otel__bound_updown_add(bu.updown, bu.cell, -v[i]);
        otel_bound_gauge_set(bg, v[i]);
        sum += 2 * (uint64_t)v[i]; /* wraps: M-49 */
        read_all();
        T_EQ_INT(point_of("c", "")->i, (int64_t)sum);
        T_EQ_INT(point_of("u", "")->i, (int64_t)(0 - sum));
        T_EQ_INT(point_of("g", "")->i, v[i]);
        otel__bound_gauge_set(bg.gauge, bg.cell, -v[i]);
        read_all();
        T_EQ_INT(point_of("g", "")->i, -v[i]);
    }
    otel_bound_counter_add(bc, -1);
    otel__bound_counter_add(bc.counter, bc.cell, -1);
    T_EQ_INT(bad_values(), 2);
    shut();
}

/* ---- which series ---- */

static void binding_a_set_again_gives_the_same_series(void)
{
    const otel_attr a[] = { otel_int("a", 1), otel_int("b", 2) };
    const otel_attr b[] = { otel_int("b", 2), otel_int("a", 1) };
    const otel_attr c[] = { otel_int("a", 9), otel_int("b", 2), otel_int("a", 1) };
    otel_stats      stats;
    size_t          k;

    open_plain();
    for (k = 0; k < KINDS; k++) {
        void  *in = kinds[k].make(scope);
        handle x = kinds[k].bind(in, otel_attrs_of(a, 2)), copy = x;
        handle y = kinds[k].bind(in, otel_attrs_of(b, 2));
        handle z = kinds[k].bind(in, otel_attrs_of(c, 3));
        T_CHECK(memcmp(&x, &y, sizeof x) == 0 && memcmp(&x, &z, sizeof x) == 0);
        kinds[k].bound(x, number_of(1));
        kinds[k].bound(y, number_of(1));
        kinds[k].bound(z, number_of(1));
        kinds[k].bound(copy, number_of(1));
        kinds[k].call(in, number_of(1), otel_attrs_of(b, 2));
    }
    read_all();
    T_EQ_INT(n_points, KINDS);
    for (k = 0; k < KINDS; k++) {
        T_CHECK(amount(point_of(kinds[k].name, "a=1 b=2")) == ones(k, 5));
    }
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.series, KINDS);
    shut();
}

static void a_zeroed_handle_and_one_of_null_do_nothing(void)
{
    handle zero;
    size_t k;

    memset(&zero, 0, sizeof zero);
    open_plain();
    for (k = 0; k < KINDS; k++) {
        void        *in = kinds[k].make(scope);
        const handle none = kinds[k].bind(NULL, OTEL_ATTRS(otel_int("k", 1)));
        T_CHECK(memcmp(&none, &zero, sizeof none) == 0);
        kinds[k].bound(none, number_of(1));
        kinds[k].bound(zero, number_of(1));
        kinds[k].bound(zero, number_of(-1));
        T_CHECK(in != NULL);
    }
    read_all();
    T_EQ_INT(n_points, 0);
    T_EQ_INT(bad_values(), 0);
    shut();
}

static void a_handle_that_was_given_up_does_nothing_and_its_values_stay(void)
{
    size_t k;

    open_plain();
    for (k = 0; k < KINDS; k++) {
        void  *in = kinds[k].make(scope);
        handle h = kinds[k].bind(in, OTEL_NO_ATTRS), copy = h;
        kinds[k].bound(h, number_of(1));
        kinds[k].unbind(&h);
        T_CHECK(!kinds[k].is_bound(&h));
        kinds[k].bound(h, number_of(1));
        kinds[k].bound(copy, number_of(1)); /* is not given up */
        kinds[k].unbind(&h);                /* once more: harmless */
        h = kinds[k].bind(in, OTEL_NO_ATTRS);
        kinds[k].bound(h, number_of(1));
    }
    read_all();
    T_EQ_INT(n_points, KINDS);
    for (k = 0; k < KINDS; k++) {
        T_CHECK(amount(point_of(kinds[k].name, "")) == ones(k, 3));
    }
    shut();
}

static void a_series_has_no_point_before_its_first_value(void)
{
    const uint32_t temporalities[] = { OTEL_TEMPORALITY_CUMULATIVE, OTEL_TEMPORALITY_DELTA };
    otel_options   o = plain_options();
    size_t         t, k;

    for (t = 0; t < COUNT(temporalities); t++) {
        handle handles[KINDS];
        o.temporality = temporalities[t];
        open_sdk(&o);
        for (k = 0; k < KINDS; k++) {
            handles[k] = kinds[k].bind(kinds[k].make(scope), OTEL_ATTRS(otel_int("k", 1)));
        }
        read_all();
        T_EQ_INT(n_points, 0);
        for (k = 0; k < KINDS; k++) {
            kinds[k].bound(handles[k], number_of(0)); /* 0 is a value, too */
        }
        read_all();
        T_EQ_INT(n_points, KINDS);
        read_all(); /* M-63: sums that rise and histograms only when there was one */
        T_EQ_INT(n_points, t == 0 ? KINDS : 4);
        for (k = 0; k < KINDS; k++) {
            kinds[k].bound(handles[k], number_of(1));
        }
        read_all();
        T_EQ_INT(n_points, KINDS);
        shut();
    }
}

/* ---- limits ---- */

static void a_handle_bound_during_overflow_stays_with_the_overflow(void)
{
    otel_options o = plain_options();
    handle       within[KINDS], over[KINDS];
    void        *in[KINDS];
    otel_stats   stats;
    size_t       k;

    o.max_series = 1;
    open_sdk(&o);
    for (k = 0; k < KINDS; k++) {
        in[k] = kinds[k].make(scope);
        within[k] = kinds[k].bind(in[k], OTEL_ATTRS(otel_int("k", 1)));
        over[k] = kinds[k].bind(in[k], OTEL_ATTRS(otel_int("k", 2)));
        T_CHECK(kinds[k].is_bound(&over[k]));
        kinds[k].bound(within[k], number_of(1));
    }
    read_all();
    T_EQ_INT(n_points, KINDS); /* no value in the overflow yet */
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.overflowing_instruments, 0);
    for (k = 0; k < KINDS; k++) {
        kinds[k].bound(over[k], number_of(1));
        kinds[k].bound(over[k], number_of(1));
        kinds[k].call(in[k], number_of(1), OTEL_ATTRS(otel_int("k", 3)));
        kinds[k].bound(within[k], number_of(1));
    }
    read_all();
    T_EQ_INT(n_points, 2 * KINDS);
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.overflowing_instruments, KINDS);
    T_EQ_INT(stats.series, KINDS);
    for (k = 0; k < KINDS; k++) {
        T_CHECK(amount(point_of(kinds[k].name, "k=1")) == ones(k, 2));
        T_CHECK(amount(point_of(kinds[k].name, "otel.metric.overflow=true")) == ones(k, 3));
    }
    shut();
}

/* When the series' memory is used up, too. */
static void a_handle_that_finds_no_memory_is_bound_to_the_overflow(void)
{
    otel_options  o = plain_options();
    otel_counter *c;
    unsigned      i;
    otel_stats    stats;

    o.series_bytes = 2048;
    open_sdk(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    for (i = 0; i < 100; i++) {
        const otel_bound_counter b = otel_counter_bind(c, OTEL_ATTRS(otel_int("k", i)));
        otel_bound_counter_add(b, 1);
        otel_bound_counter_add(b, 1);
    }
    read_all();
    otel_stats_get(sdk, &stats);
    T_CHECK(stats.series > 3 && stats.series < 90);
    T_EQ_INT(n_points, stats.series + 1);
    T_EQ_INT(point_of("c", "k=0")->i, 2);
    T_EQ_INT(point_of("c", "otel.metric.overflow=true")->i, 200 - 2 * (int64_t)stats.series);
    shut();
}

/* ---- close ---- */

static void a_handle_survives_the_close_and_does_nothing(void)
{
    handle     handles[KINDS], cold[KINDS];
    otel_stats before, after;
    void      *in[KINDS];
    size_t     k;

    open_plain();
    for (k = 0; k < KINDS; k++) {
        in[k] = kinds[k].make(scope);
        handles[k] = kinds[k].bind(in[k], OTEL_NO_ATTRS);
        cold[k] = kinds[k].bind(in[k], OTEL_ATTRS(otel_int("k", 1)));
        kinds[k].bound(handles[k], number_of(1));
    }
    n_metrics = n_points = 0;
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK);
    T_EQ_INT(n_points, KINDS);
    otel_stats_get(sdk, &before);
    for (k = 0; k < KINDS; k++) {
        otel__series  *s = (otel__series *)(void *)handles[k].counter.cell;
        const uint64_t before_it = otel__a64_peek(&s->cell.number);
        const uint32_t word = otel__a32_peek(&s->value.hist.word);
        handle         late;
        kinds[k].bound(handles[k], number_of(1));
        kinds[k].bound(cold[k], number_of(1));
        T_EQ_INT(otel__a64_peek(&s->cell.number), before_it);
        T_CHECK(k < 6 || otel__a32_peek(&s->value.hist.word) == word);
        late = kinds[k].bind(in[k], OTEL_NO_ATTRS);
        T_CHECK(!kinds[k].is_bound(&late));
        kinds[k].bound(late, number_of(1));
    }
    otel_stats_get(sdk, &after);
    T_EQ_MEM(&before, sizeof before, &after, sizeof after);
    shut();
}

/* ---- fork ---- */

static otel_bound_counter fork_counter, fork_cold, fork_overflow;
static otel_bound_updown  fork_updown;
static handle             fork_handles[KINDS];

typedef enum first_call {
    BOUND_FIRST,
    FLUSH_FIRST,
    BIND_FIRST,
    STATS_FIRST,
    FIRST_CALLS
} first_call;

/* In the child: everything counts from zero and once, whichever call comes first. */
static void be_a_child(first_call first, unsigned generations)
{
    otel_counter *c = fork_counter.counter;
    otel_stats    stats;
    size_t        k;

    if (first == FLUSH_FIRST) {
        read_all();
        T_EQ_INT(n_points, 0); /* the parent's values are the parent's */
    } else if (first == BIND_FIRST) {
        const otel_bound_counter again = otel_counter_bind(c, OTEL_ATTRS(otel_int("k", 1)));
        T_CHECK(again.cell == fork_counter.cell);
    } else if (first == STATS_FIRST) {
        otel_stats_get(sdk, &stats);
    }
    for (k = 0; k < KINDS; k++) {
        kinds[k].bound(fork_handles[k], number_of(1));
        kinds[k].bound(fork_handles[k], number_of(1));
    }
    otel_bound_counter_add(fork_counter, 5);
    otel_counter_add(c, 2, OTEL_ATTRS(otel_int("k", 1)));
    otel_bound_counter_add(fork_cold, 3);
    otel_bound_counter_add(fork_overflow, 4);
    otel_bound_updown_add(fork_updown, -6);
    read_all();
    T_EQ_INT(n_points, KINDS + 4);
    T_EQ_INT(point_of("c", "k=1")->i, 7);
    T_EQ_INT(point_of("c", "k=2")->i, 3);
    T_EQ_INT(point_of("c", "otel.metric.overflow=true")->i, 4);
    T_EQ_INT(point_of("u", "")->i, -6);
    for (k = 0; k < KINDS; k++) {
        T_CHECK(amount(point_of(kinds[k].name, "")) == ones(k, 2));
    }
    read_all(); /* and not again */
    T_EQ_INT(point_of("c", "k=1")->i, 7);
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.series, KINDS + 3);
    if (generations > 1) {
        const pid_t pid = fork();
        int         status = -1;
        if (pid == 0) {
            be_a_child(first, generations - 1);
            fflush(stdout);
            _exit(t_bad);
        }
        T_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
}

static void a_forked_child_counts_through_the_parents_handles_from_zero(void)
{
    otel_options  o = plain_options();
    otel_counter *c;
    int           first;
    size_t        k;

    o.max_series = 2;
    open_sdk(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    fork_counter = otel_counter_bind(c, OTEL_ATTRS(otel_int("k", 1)));
    fork_cold = otel_counter_bind(c, OTEL_ATTRS(otel_int("k", 2)));
    fork_overflow = otel_counter_bind(c, OTEL_ATTRS(otel_int("k", 3)));
    fork_updown = otel_updown_bind(otel_updown_create(scope, "u", NULL, NULL), OTEL_NO_ATTRS);
    for (k = 0; k < KINDS; k++) {
        fork_handles[k] = kinds[k].bind(kinds[k].make(scope), OTEL_NO_ATTRS);
        kinds[k].bound(fork_handles[k], number_of(1));
    }
    otel_bound_counter_add(fork_counter, 100);
    otel_bound_counter_add(fork_overflow, 100);
    otel_bound_updown_add(fork_updown, 100);
    for (first = 0; first < FIRST_CALLS; first++) {
        pid_t pid;
        int   status = -1;
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            be_a_child((first_call)first, 2);
            fflush(stdout);
            _exit(t_bad);
        }
        if (!T_CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)) {
            printf("    first call %d, status 0x%x\n", first, (unsigned)status);
        }
        otel_bound_counter_add(fork_counter, 1); /* the parent goes on */
    }
    read_all();
    T_EQ_INT(point_of("c", "k=1")->i, 100 + FIRST_CALLS);
    T_EQ_INT(point_of("c", "otel.metric.overflow=true")->i, 100);
    T_EQ_INT(point_of("u", "")->i, 100);
    T_EQ_INT(n_points, KINDS + 3);
    shut();
}

#endif /* BOUND_CASES_H */
