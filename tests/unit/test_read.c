/* The second reader: what otel_read() shows of each kind of instrument, what it leaves to the
 * reader that sends, and what it answers. Recording on several threads, and both readers against
 * an oracle: tests/property/test_readers.py; exemplars: test_read_exemplars.c.
 * Requirements M-12, M-42..M-47, M-60..M-67, M-80, M-100, M-104. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"
#include "points.h"

#include <pthread.h>
#include <unistd.h>

/* ---- what a reading shows, copied ---- */

#define MAX_SHOWN   300u
#define MAX_NUMBERS 260u

typedef struct shown {
    otel_point p; /* its pointers are not used, but for these copies */
    char       scope[64], version[64], name[64], unit[64], description[64];
    char       attrs[512]; /* "k=1 text=abc real=0.5 yes=true none=(none)", in their order */
    double     bounds[MAX_NUMBERS];
    uint64_t   buckets[MAX_NUMBERS], positive[MAX_NUMBERS], negative[MAX_NUMBERS];
} shown;

static shown    seen[MAX_SHOWN];
static unsigned n_seen;

static void copy_string(char *to, size_t room, const char *text)
{
    if (T_CHECK(text != NULL)) {
        T_CHECK((size_t)snprintf(to, room, "%s", text) < room);
    }
}

static void copy_numbers(uint64_t *to, const uint64_t *from, uint32_t n)
{
    if (n > 0 && T_CHECK(n <= MAX_NUMBERS && from != NULL)) {
        memcpy(to, from, n * sizeof *to);
    }
}

static void copy_attrs(char *to, size_t room, otel_attrs attrs)
{
    size_t n = 0, i;

    to[0] = '\0';
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        n += (size_t)snprintf(to + n, room - n, "%s%.*s=", i > 0 ? " " : "", a->key_length, a->key);
        switch (a->type) {
        case OTEL_TYPE_STRING:
            n += (size_t)snprintf(to + n, room - n, "%.*s", (int)a->length, a->value.s);
            break;
        case OTEL_TYPE_INT:
            n += (size_t)snprintf(to + n, room - n, "%lld", (long long)a->value.i);
            break;
        case OTEL_TYPE_DOUBLE: n += (size_t)snprintf(to + n, room - n, "%g", a->value.d); break;
        case OTEL_TYPE_BOOL:
            n += (size_t)snprintf(to + n, room - n, "%s", a->value.i != 0 ? "true" : "false");
            break;
        default: n += (size_t)snprintf(to + n, room - n, "(none)"); break;
        }
        if (!T_CHECK(n < room)) {
            return;
        }
    }
}

static void show(void *user, const otel_point *p)
{
    shown *to = &seen[n_seen];

    (void)user;
    if (!T_CHECK(n_seen < MAX_SHOWN)) {
        return;
    }
    n_seen++;
    memset(to, 0, sizeof *to);
    to->p = *p;
    copy_string(to->scope, sizeof to->scope, p->scope_name);
    copy_string(to->version, sizeof to->version, p->scope_version);
    copy_string(to->name, sizeof to->name, p->name);
    copy_string(to->unit, sizeof to->unit, p->unit);
    copy_string(to->description, sizeof to->description, p->description);
    copy_attrs(to->attrs, sizeof to->attrs, p->attrs);
    copy_numbers(to->positive, p->positive.counts, p->positive.n);
    copy_numbers(to->negative, p->negative.counts, p->negative.n);
    if (p->aggregation == OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM) {
        copy_numbers(to->buckets, p->buckets, p->n_bounds + 1u);
        if (p->n_bounds > 0 && T_CHECK(p->n_bounds < MAX_NUMBERS && p->bounds != NULL)) {
            memcpy(to->bounds, p->bounds, p->n_bounds * sizeof(double));
        }
    }
    T_CHECK(p->start_ns > 0 && p->start_ns <= p->time_ns); /* P-24 */
    T_CHECK(p->exemplars == NULL && p->n_exemplars == 0);
}

static void see(void)
{
    n_seen = 0;
    T_EQ_INT(otel_read(sdk, show, NULL, 60000), OTEL_OK);
}

/* The only point of that name with these attributes; a failed check and an empty one if there is
 * none. */
static const shown *seen_of(const char *name, const char *attrs)
{
    static shown none;
    const shown *found = NULL;
    unsigned     i, n = 0;

    for (i = 0; i < n_seen; i++) {
        if (strcmp(seen[i].name, name) == 0 && strcmp(seen[i].attrs, attrs) == 0) {
            found = &seen[i];
            n++;
        }
    }
    if (!T_CHECK(n == 1)) {
        printf("    %u points of %s with \"%s\"\n", n, name, attrs);
    }
    return n == 1 ? found : &none;
}

static bool same_counts(const uint64_t *is, const uint64_t *wanted, uint32_t n)
{
    return T_EQ_MEM(is, n * sizeof *is, wanted, n * sizeof *wanted);
}

/* ---- SDKs ---- */

/* Nothing is sent anywhere. */
static otel_options alone(uint32_t temporality)
{
    otel_options o = plain_options();

    o.transport.send = NULL;
    o.manual_reader = true;
    o.manual_temporality = temporality;
    return o;
}

static bool open_alone(uint32_t temporality)
{
    const otel_options o = alone(temporality);
    return open_sdk(&o);
}

/* One reader that sends, and one for the program. */
static bool open_both(uint32_t push, uint32_t manual)
{
    otel_options o = plain_options();

    o.temporality = push;
    o.manual_reader = true;
    o.manual_temporality = manual;
    return open_sdk(&o);
}

#define ONE OTEL_ATTRS(otel_int("k", 1))
#define TWO OTEL_ATTRS(otel_int("k", 2))

/* ---- as a program uses it ---- */

static int64_t strokes_seen;

static void take_strokes(void *user, const otel_point *point)
{
    const otel_attr *valve = otel_attrs_find(point->attrs, "valve");

    if (strcmp(point->name, "pump.strokes") == 0 && valve != NULL && valve->length == 5 &&
        memcmp(valve->value.s, "inlet", 5) == 0) {
        *(int64_t *)user = point->i;
    }
}

static void a_program_reads_what_it_recorded_without_an_endpoint_or_a_transport(void)
{
    otel_options  o;
    otel_sdk     *own;
    otel_counter *strokes;

    memset(&o, 0, sizeof o);
    o.manual_reader = true;
    o.ignore_environment = true;
    own = otel_open(&o);
    if (!T_CHECK(own != NULL)) {
        return;
    }
    strokes = otel_counter_create(otel_scope_get(own, "pump", NULL), "pump.strokes", NULL, NULL);
    otel_counter_add(strokes, 2, OTEL_ATTRS(otel_str("valve", "inlet")));
    otel_counter_add(strokes, 5, OTEL_ATTRS(otel_str("valve", "outlet")));
    otel_counter_add(strokes, 1, OTEL_ATTRS(otel_str("valve", "inlet")));
    strokes_seen = -1;
    T_EQ_INT(otel_read(own, take_strokes, &strokes_seen, 1000), OTEL_OK);
    T_EQ_INT(strokes_seen, 3);
    T_EQ_INT(otel_close(own, 1000), OTEL_OK);
    otel_release(own);
}

static void a_reading_of_nothing_is_empty_and_ok(void)
{
    open_alone(0);
    see();
    T_EQ_INT(n_seen, 0);
    T_CHECK(otel_counter_create(scope, "c", NULL, NULL) != NULL);
    T_CHECK(otel_histogram_create(scope, "h", NULL, NULL, NULL) != NULL);
    see();
    T_EQ_INT(n_seen, 0); /* M-63: nobody recorded */
    T_EQ_INT(n_told, 0);
    shut();
}

/* ---- what the structs say ---- */

static void the_metric_around_a_point_is_shown(void)
{
    const shown *p;
    otel_scope  *other;

    open_alone(0);
    other = otel_scope_get(sdk, "lib", "1.2.3");
    otel_counter_add(otel_counter_create(scope, "plain", NULL, NULL), 1, OTEL_NO_ATTRS);
    otel_counter_add(otel_counter_create(other, "rich", "By", "short"), 1, OTEL_NO_ATTRS);
    otel_counter_add(otel_counter_create(other, "rich", "By", "a longer one"), 1, OTEL_NO_ATTRS);
    see();
    T_EQ_INT(n_seen, 2);
    p = seen_of("plain", "");
    T_EQ_STR(p->scope, "test");
    T_EQ_STR(p->version, "");
    T_EQ_STR(p->unit, "");
    T_EQ_STR(p->description, "");
    T_EQ_INT(p->p.attrs.count, 0);
    p = seen_of("rich", "");
    T_EQ_STR(p->scope, "lib");
    T_EQ_STR(p->version, "1.2.3");
    T_EQ_STR(p->unit, "By");
    T_EQ_STR(p->description, "a longer one"); /* M-21 */
    T_EQ_INT(p->p.i, 2);
    shut();
}

static void tell_numbers(void *user, otel_observer *observer)
{
    void *const *to = (void *const *)user;

    otel_observe(observer, (otel_observable *)to[0], 30, ONE);
    otel_observe(observer, (otel_observable *)to[1], -40, ONE);
    otel_observe(observer, (otel_observable *)to[2], 50, ONE);
    otel_observe_f64(observer, (otel_observable_f64 *)to[3], 30.5, ONE);
    otel_observe_f64(observer, (otel_observable_f64 *)to[4], -40.5, ONE);
    otel_observe_f64(observer, (otel_observable_f64 *)to[5], 50.5, ONE);
}

typedef struct number_row {
    const char      *name;
    otel_instrument  kind;
    otel_aggregation aggregation;
    otel_temporality delta; /* what it has when deltas are preferred */
    bool             monotonic;
    bool             is_double;
    int64_t          i;
    double           d;
} number_row;

#define SUM   OTEL_AGGREGATION_SUM
#define LAST  OTEL_AGGREGATION_LAST_VALUE
#define DELTA OTEL_TEMPORALITY_DELTA
#define CUM   OTEL_TEMPORALITY_CUMULATIVE
#define NONE  OTEL_TEMPORALITY_DEFAULT

static const number_row number_rows[] = {
    { "c", OTEL_INSTRUMENT_COUNTER, SUM, DELTA, true, false, 7, 7 },
    { "u", OTEL_INSTRUMENT_UPDOWN, SUM, CUM, false, false, -8, -8 },
    { "g", OTEL_INSTRUMENT_GAUGE, LAST, NONE, false, false, -9, -9 },
    { "cd", OTEL_INSTRUMENT_COUNTER, SUM, DELTA, true, true, 7, 7.5 },
    { "ud", OTEL_INSTRUMENT_UPDOWN, SUM, CUM, false, true, -8, -8.75 },
    { "gd", OTEL_INSTRUMENT_GAUGE, LAST, NONE, false, true, -9, -9.25 },
    { "oc", OTEL_INSTRUMENT_OBSERVABLE_COUNTER, SUM, DELTA, true, false, 30, 30 },
    { "ou", OTEL_INSTRUMENT_OBSERVABLE_UPDOWN, SUM, CUM, false, false, -40, -40 },
    { "og", OTEL_INSTRUMENT_OBSERVABLE_GAUGE, LAST, NONE, false, false, 50, 50 },
    { "ocd", OTEL_INSTRUMENT_OBSERVABLE_COUNTER, SUM, DELTA, true, true, 30, 30.5 },
    { "oud", OTEL_INSTRUMENT_OBSERVABLE_UPDOWN, SUM, CUM, false, true, -40, -40.5 },
    { "ogd", OTEL_INSTRUMENT_OBSERVABLE_GAUGE, LAST, NONE, false, true, 50, 50.5 },
};

/* One series for each of the rows. */
static void record_numbers(void **observables)
{
    otel_callback callback;

    callback.observe = tell_numbers;
    callback.user = observables;
    otel_counter_add(otel_counter_create(scope, "c", NULL, NULL), 7, ONE);
    otel_updown_add(otel_updown_create(scope, "u", NULL, NULL), -8, ONE);
    otel_gauge_set(otel_gauge_create(scope, "g", NULL, NULL), -9, ONE);
    otel_counter_add_f64(otel_counter_create_f64(scope, "cd", NULL, NULL), 7.5, ONE);
    otel_updown_add_f64(otel_updown_create_f64(scope, "ud", NULL, NULL), -8.75, ONE);
    otel_gauge_set_f64(otel_gauge_create_f64(scope, "gd", NULL, NULL), -9.25, ONE);
    observables[0] = otel_observable_counter_create(scope, "oc", NULL, NULL, &callback);
    observables[1] = otel_observable_updown_create(scope, "ou", NULL, NULL, NULL);
    observables[2] = otel_observable_gauge_create(scope, "og", NULL, NULL, NULL);
    observables[3] = otel_observable_counter_create_f64(scope, "ocd", NULL, NULL, NULL);
    observables[4] = otel_observable_updown_create_f64(scope, "oud", NULL, NULL, NULL);
    observables[5] = otel_observable_gauge_create_f64(scope, "ogd", NULL, NULL, NULL);
}

static void check_number(const number_row *row, uint32_t preference)
{
    const shown     *p = seen_of(row->name, "k=1");
    otel_temporality want = row->delta;

    if (want == DELTA && (preference == CUM || (preference == OTEL_TEMPORALITY_LOWMEMORY &&
                                                row->kind == OTEL_INSTRUMENT_OBSERVABLE_COUNTER))) {
        want = CUM;
    }
    T_EQ_INT(p->p.kind, row->kind);
    T_EQ_INT(p->p.aggregation, row->aggregation);
    T_EQ_INT(p->p.temporality, want);
    T_CHECK(p->p.is_monotonic == row->monotonic);
    T_CHECK(p->p.is_double == row->is_double);
    T_EQ_INT(p->p.i, row->i);
    T_CHECK(p->p.d >= row->d && p->p.d <= row->d);
    T_CHECK(p->p.count == 0 && !p->p.has_sum && !p->p.has_min_max && p->p.buckets == NULL);
    T_CHECK(p->p.bounds == NULL && p->p.positive.n == 0 && p->p.negative.n == 0);
}

/* M-42, M-43, M-61. */
static void every_kind_of_number_is_shown_with_what_it_means(void)
{
    static const uint32_t preferences[] = { 0, OTEL_TEMPORALITY_DELTA, OTEL_TEMPORALITY_CUMULATIVE,
                                            OTEL_TEMPORALITY_LOWMEMORY };
    void                 *observables[6];
    size_t                i, k;

    for (i = 0; i < COUNT(preferences); i++) {
        open_alone(preferences[i]);
        record_numbers(observables);
        see();
        T_EQ_INT(n_seen, COUNT(number_rows));
        for (k = 0; k < COUNT(number_rows); k++) {
            check_number(&number_rows[k], preferences[i] != 0 ? preferences[i] : CUM);
        }
        T_EQ_INT(n_told, 0);
        shut();
    }
}

/* The integer beside a double: towards 0, and the nearest where there is none. */
static void a_double_is_shown_as_an_integer_as_far_as_there_is_one(void)
{
    static const struct {
        double  d;
        int64_t i;
    } rows[] = {
        { 0.0, 0 },
        { 0.99, 0 },
        { -0.99, 0 },
        { -1.5, -1 },
        { 9223372036854774784.0, INT64_C(9223372036854774784) }, /* the last below 2^63 */
        { 9223372036854775808.0, INT64_MAX },
        { -9223372036854775808.0, INT64_MIN },
        { 1e300, INT64_MAX },
        { -1e300, INT64_MIN },
    };
    otel_gauge_f64 *g;
    otel_updown    *u;
    size_t          i;

    open_alone(0);
    g = otel_gauge_create_f64(scope, "g", NULL, NULL);
    for (i = 0; i < COUNT(rows); i++) {
        otel_gauge_set_f64(g, rows[i].d, OTEL_NO_ATTRS);
        see();
        T_EQ_INT(seen_of("g", "")->p.i, rows[i].i);
        T_CHECK(seen_of("g", "")->p.d >= rows[i].d && seen_of("g", "")->p.d <= rows[i].d);
    }
    u = otel_updown_create(scope, "u", NULL, NULL);
    otel_updown_add(u, INT64_MIN, OTEL_NO_ATTRS);
    see();
    T_EQ_INT(seen_of("u", "")->p.i, INT64_MIN);
    T_CHECK(seen_of("u", "")->p.d <= -9223372036854775808.0);
    shut();
}

/* M-44, M-45. */
static void explicit_buckets_are_shown(void)
{
    static const double    bounds[] = { 1, 10, 100 };
    static const uint64_t  want[] = { 2, 1, 0, 3 };
    otel_histogram_options o;
    otel_histogram        *h;
    const shown           *p;
    size_t                 i;
    const int64_t          values[] = { 0, 1, 2, 101, 1000, 10000 };

    memset(&o, 0, sizeof o);
    o.bounds = bounds;
    o.n_bounds = COUNT(bounds);
    open_alone(0);
    h = otel_histogram_create(scope, "h", NULL, NULL, &o);
    for (i = 0; i < COUNT(values); i++) {
        otel_histogram_record(h, values[i], ONE);
    }
    see();
    p = seen_of("h", "k=1");
    T_EQ_INT(p->p.kind, OTEL_INSTRUMENT_HISTOGRAM);
    T_EQ_INT(p->p.aggregation, OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM);
    T_EQ_INT(p->p.temporality, OTEL_TEMPORALITY_CUMULATIVE);
    T_CHECK(!p->p.is_monotonic && !p->p.is_double);
    T_EQ_INT(p->p.count, 6);
    T_CHECK(p->p.has_sum && p->p.has_min_max);
    T_EQ_INT(p->p.sum, 11104);
    T_EQ_INT(p->p.min, 0);
    T_EQ_INT(p->p.max, 10000);
    T_EQ_INT(p->p.n_bounds, 3);
    T_EQ_MEM(p->bounds, sizeof bounds, bounds, sizeof bounds);
    (void)same_counts(p->buckets, want, 4);
    T_CHECK(p->p.i == 0 && p->p.positive.n == 0 && p->p.zero_count == 0);
    shut();
}

/* M-44, M-47: the default boundaries, none at all, and no smallest and largest value; M-46. */
static void histograms_say_what_they_leave_out(void)
{
    static const double    none = 0;
    otel_histogram_options o;
    const shown           *p;
    otel_histogram_f64    *h;

    open_alone(0);
    h = otel_histogram_create_f64(scope, "standard", NULL, NULL, NULL);
    otel_histogram_record_f64(h, 5.5, ONE);
    memset(&o, 0, sizeof o);
    o.bounds = &none;
    o.n_bounds = 0;
    o.no_min_max = true;
    h = otel_histogram_create_f64(scope, "bare", NULL, NULL, &o);
    otel_histogram_record_f64(h, 5.5, ONE);
    otel_histogram_record_f64(h, -5.5, TWO);
    see();
    p = seen_of("standard", "k=1");
    T_CHECK(p->p.is_double);
    T_EQ_INT(p->p.n_bounds, 15);
    T_CHECK(p->bounds[0] <= 0 && p->bounds[14] >= 10000 && p->buckets[2] == 1);
    p = seen_of("bare", "k=1");
    T_EQ_INT(p->p.n_bounds, 0);
    T_EQ_INT(p->buckets[0], 1);
    T_CHECK(!p->p.has_min_max && p->p.min <= 0 && p->p.max <= 0);
    T_CHECK(p->p.has_sum && p->p.sum > 5 && p->p.sum < 6);
    p = seen_of("bare", "k=2");
    T_CHECK(!p->p.has_sum && p->p.sum >= 0 && p->p.count == 1);
    shut();
}

static otel_histogram_f64 *exponential(const char *name, bool no_min_max)
{
    otel_histogram_options o;

    memset(&o, 0, sizeof o);
    o.aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    o.max_size = 8;
    o.max_scale = OTEL_SCALE_ZERO;
    o.no_min_max = no_min_max;
    return otel_histogram_create_f64(scope, name, NULL, NULL, &o);
}

/* M-50..M-53: at scale 0 the bucket of index i is (2^i, 2^(i+1)]. */
static void exponential_buckets_of_both_signs_are_shown(void)
{
    static const double   values[] = { 0, -0.0, 1, 2, 2, 8, -1, -0.75, -16 };
    static const uint64_t positive[] = { 1, 2, 0, 1 };
    static const uint64_t negative[] = { 2, 0, 0, 0, 1 };
    otel_histogram_f64   *h, *only;
    const shown          *p;
    size_t                i;

    open_alone(0);
    h = exponential("e", false);
    only = exponential("only", true);
    for (i = 0; i < COUNT(values); i++) {
        otel_histogram_record_f64(h, values[i], ONE);
    }
    otel_histogram_record_f64(only, 3, ONE);
    see();
    p = seen_of("e", "k=1");
    T_EQ_INT(p->p.aggregation, OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM);
    T_EQ_INT(p->p.count, 9);
    T_CHECK(!p->p.has_sum && p->p.has_min_max);
    T_EQ_INT(p->p.min, -16);
    T_EQ_INT(p->p.max, 8);
    T_EQ_INT(p->p.scale, 0);
    T_EQ_INT(p->p.zero_count, 2);
    T_EQ_INT(p->p.positive.offset, -1);
    T_EQ_INT(p->p.positive.n, 4);
    (void)same_counts(p->positive, positive, 4);
    T_EQ_INT(p->p.negative.offset, -1);
    T_EQ_INT(p->p.negative.n, 5);
    (void)same_counts(p->negative, negative, 5);
    T_CHECK(p->p.n_bounds == 0 && p->p.buckets == NULL);
    p = seen_of("only", "k=1");
    T_CHECK(p->p.has_sum && !p->p.has_min_max);
    T_EQ_INT(p->p.sum, 3);
    T_EQ_INT(p->p.negative.n, 0);
    T_CHECK(p->p.negative.counts == NULL && p->p.negative.offset == 0);
    shut();
}

/* The reader's own preference, not that of the one that sends. */
static void each_reader_has_its_own_histogram_aggregation(void)
{
    otel_options    o = plain_options();
    otel_histogram *h;

    o.manual_reader = true;
    o.manual_histogram_aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    open_sdk(&o);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    otel_histogram_record(h, 5, ONE);
    see();
    T_EQ_INT(seen_of("h", "k=1")->p.aggregation,
             OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM);
    T_EQ_INT(seen_of("h", "k=1")->p.scale, 20);
    T_EQ_INT(seen_of("h", "k=1")->p.positive.n, 1);
    read_all();
    T_EQ_INT(metric_of("h", 0)->data, DATA_HISTOGRAM);
    shut();
}

/* ---- attributes ---- */

static void count_found(void *user, const otel_point *p)
{
    unsigned *found = (unsigned *)user;
    char      key[16];
    unsigned  i;

    T_EQ_INT(p->attrs.count, OTEL__ATTRS_MAX);
    for (i = 0; i < OTEL__ATTRS_MAX; i++) {
        const otel_attr *a;
        (void)snprintf(key, sizeof key, "key%u", i);
        a = otel_attrs_find(p->attrs, key);
        *found += a != NULL && a->type == OTEL_TYPE_INT && a->value.i == (int64_t)i ? 1u : 0u;
    }
    T_CHECK(otel_attrs_find(p->attrs, "key128") == NULL);
}

static void the_largest_set_is_shown_whole(void)
{
    otel_attr list[OTEL__ATTRS_MAX];
    char      keys[OTEL__ATTRS_MAX][16];
    unsigned  i, found = 0;

    open_alone(0);
    for (i = 0; i < OTEL__ATTRS_MAX; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key%u", i);
        list[i] = otel_int(keys[i], (int64_t)i);
    }
    otel_counter_add(otel_counter_create(scope, "c", NULL, NULL), 1,
                     otel_attrs_of(list, OTEL__ATTRS_MAX));
    T_EQ_INT(otel_read(sdk, count_found, &found, 0), OTEL_OK);
    T_EQ_INT(found, OTEL__ATTRS_MAX);
    shut();
}

static void attributes_of_every_type_are_shown(void)
{
    const otel_attr all[] = { otel_str("text", "caf\xc3\xa9"), otel_int("int", INT64_MIN),
                              otel_f64("real", 0.5),           otel_bool("yes", true),
                              otel_bool("no", false),          otel_str("none", NULL),
                              otel_str("empty", ""),           otel_strn("cut", "abcdef", 3) };
    otel_counter   *c;

    open_alone(0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, otel_attrs_of(all, COUNT(all)));
    otel_counter_add(c, 1, OTEL_ATTRS(otel_str("bad\xff", "\xff")));
    otel_counter_add(c, 1,
                     OTEL_ATTRS(otel_int("twice", 1), otel_int("a", 2), otel_int("twice", 3)));
    see();
    T_EQ_INT(n_seen, 3);
    (void)seen_of("c", "text=caf\xc3\xa9 int=-9223372036854775808 real=0.5 yes=true no=false "
                       "none=(none) empty= cut=abc");
    (void)seen_of("c", "bad\xef\xbf\xbd=\xef\xbf\xbd"); /* as it goes out: repaired */
    (void)seen_of("c", "a=2 twice=3");
    shut();
}

static void the_last_attribute_of_a_key_is_found(void)
{
    static const char text[] = { 'k', 'e', 'y', 's' };
    otel_attr         list[5];
    const otel_attrs  attrs = otel_attrs_of(list, COUNT(list));

    list[0] = otel_int("key", 1);
    list[1] = otel_int("keys", 2);
    list[2] = otel_int("key", 3);
    list[3] = otel_int(NULL, 4);
    list[4] = otel_int(NULL, 5);
    list[4].key = text; /* no NUL behind it */
    list[4].key_length = 2;
    T_CHECK(otel_attrs_find(attrs, "key") == &list[2]);
    T_CHECK(otel_attrs_find(attrs, "keys") == &list[1]);
    T_CHECK(otel_attrs_find(attrs, "ke") == &list[4]);
    T_CHECK(otel_attrs_find(attrs, "k") == NULL);
    T_CHECK(otel_attrs_find(attrs, "Key") == NULL);
    T_CHECK(otel_attrs_find(attrs, "") == NULL);
    T_CHECK(otel_attrs_find(attrs, NULL) == NULL);
    T_CHECK(otel_attrs_find(OTEL_NO_ATTRS, "key") == NULL);
    list[0].key_length = 0; /* measured when it is used */
    T_CHECK(otel_attrs_find(otel_attrs_of(list, 2), "key") == &list[0]);
}

/* M-80, M-82: a limit for each reader. */
static void past_its_own_limit_a_reader_shows_the_overflow_series(void)
{
    otel_options  o = plain_options();
    otel_counter *c;
    int64_t       i;

    o.manual_reader = true;
    o.manual_max_series = 2;
    o.max_series = 4;
    open_sdk(&o);
    c = otel_counter_create(scope, "c", NULL, NULL);
    for (i = 1; i <= 6; i++) {
        otel_counter_add(c, 1, OTEL_ATTRS(otel_int("k", i)));
    }
    see();
    T_EQ_INT(n_seen, 3);
    T_EQ_INT(seen_of("c", "k=2")->p.i, 1);
    T_EQ_INT(seen_of("c", "otel.metric.overflow=true")->p.i, 4);
    read_all();
    T_EQ_INT(n_points, 5);
    T_EQ_INT(point_of("c", "otel.metric.overflow=true")->i, 2);
    shut();
}

static void a_dropped_kind_is_not_shown(void)
{
    otel_options o = alone(0);

    o.drop_instruments = 1u << OTEL_INSTRUMENT_GAUGE;
    open_sdk(&o);
    otel_gauge_set(otel_gauge_create(scope, "g", NULL, NULL), 1, ONE);
    otel_updown_add(otel_updown_create(scope, "u", NULL, NULL), 1, ONE);
    see();
    T_EQ_INT(n_seen, 1);
    T_EQ_INT(seen_of("u", "k=1")->p.i, 1);
    shut();
}

/* ---- one reading after another ---- */

/* M-62, M-64, M-65. */
static void cumulative_points_go_on_from_one_start(void)
{
    otel_counter   *c;
    otel_histogram *h;
    uint64_t        start, time;

    open_alone(CUM);
    c = otel_counter_create(scope, "c", NULL, NULL);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    otel_counter_add(c, 1, ONE);
    otel_histogram_record(h, 1, ONE);
    see();
    start = seen_of("c", "k=1")->p.start_ns;
    time = seen_of("c", "k=1")->p.time_ns;
    T_EQ_INT(seen_of("h", "k=1")->p.time_ns, time); /* M-13: one time for all */
    see();                                          /* nothing new, all the same */
    T_EQ_INT(seen_of("c", "k=1")->p.i, 1);
    T_EQ_INT(seen_of("h", "k=1")->p.count, 1);
    otel_counter_add(c, 2, ONE);
    otel_counter_add(c, 2, TWO);
    otel_histogram_record(h, 2, ONE);
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 3);
    T_EQ_INT(seen_of("c", "k=1")->p.start_ns, start);
    T_CHECK(seen_of("c", "k=1")->p.time_ns >= time);
    T_CHECK(seen_of("c", "k=2")->p.start_ns >= start);
    T_EQ_INT(seen_of("h", "k=1")->p.count, 2);
    T_EQ_INT(seen_of("h", "k=1")->p.sum, 3);
    shut();
}

/* M-62, M-63: what came since the last reading, once; without anything new no point. */
static void delta_points_show_each_value_once_and_adjoin(void)
{
    otel_counter       *c;
    otel_histogram     *h;
    otel_histogram_f64 *e;
    uint64_t            time;
    int64_t             i;

    open_alone(DELTA);
    c = otel_counter_create(scope, "c", NULL, NULL);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    e = exponential("e", false);
    see();
    T_EQ_INT(n_seen, 0);
    otel_counter_add(c, 100, ONE);
    see();
    time = seen_of("c", "k=1")->p.time_ns;
    for (i = 1; i <= 3; i++) {
        otel_counter_add(c, i, ONE);
        otel_histogram_record(h, i, ONE);
        otel_histogram_record_f64(e, (double)(4 * i), ONE);
        see();
        T_EQ_INT(n_seen, 3);
        T_EQ_INT(seen_of("c", "k=1")->p.i, i);
        T_EQ_INT(seen_of("c", "k=1")->p.start_ns, time);
        T_EQ_INT(seen_of("h", "k=1")->p.start_ns, time);
        T_EQ_INT(seen_of("h", "k=1")->p.count, 1);
        T_EQ_INT(seen_of("h", "k=1")->p.sum, i);
        T_EQ_INT(seen_of("e", "k=1")->p.count, 1);
        T_EQ_INT(seen_of("e", "k=1")->p.max, 4 * i);
        time = seen_of("c", "k=1")->p.time_ns;
    }
    see();
    T_EQ_INT(n_seen, 0);
    otel_histogram_record_f64(e, 0, ONE); /* the buckets of before are not shown */
    see();
    T_EQ_INT(seen_of("e", "k=1")->p.zero_count, 1);
    T_EQ_INT(seen_of("e", "k=1")->p.positive.n, 0);
    T_EQ_INT(seen_of("e", "k=1")->p.positive.offset, 0);
    T_CHECK(seen_of("e", "k=1")->p.positive.counts == NULL);
    shut();
}

static void without_a_function_a_delta_reading_passes(void)
{
    otel_counter       *c;
    otel_histogram_f64 *e;

    open_alone(DELTA);
    c = otel_counter_create(scope, "c", NULL, NULL);
    e = exponential("e", false);
    otel_counter_add(c, 5, ONE);
    otel_histogram_record_f64(e, 1, ONE);
    T_EQ_INT(otel_read(sdk, NULL, NULL, 0), OTEL_OK);
    otel_counter_add(c, 1, ONE);
    otel_histogram_record_f64(e, 64, ONE); /* the lock was given back */
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 1);
    T_EQ_INT(seen_of("e", "k=1")->p.count, 1);
    T_EQ_INT(seen_of("e", "k=1")->p.min, 64);
    shut();
}

typedef struct recorders {
    otel_counter       *c;
    otel_histogram     *h;
    otel_histogram_f64 *e;
    unsigned            n;
} recorders;

static void record_on(void *user, const otel_point *p)
{
    recorders *me = (recorders *)user;

    (void)p;
    me->n++;
    otel_counter_add(me->c, 10, ONE);
    otel_histogram_record(me->h, 10, ONE);
    otel_histogram_record_f64(me->e, 0.001 * me->n, ONE); /* outside the window */
}

static void what_is_recorded_while_points_are_shown_comes_with_the_next_reading(void)
{
    recorders me;

    open_alone(DELTA);
    me.n = 0;
    me.c = otel_counter_create(scope, "c", NULL, NULL);
    me.h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    me.e = exponential("e", false);
    otel_counter_add(me.c, 1, ONE);
    otel_histogram_record(me.h, 1, ONE);
    otel_histogram_record_f64(me.e, 1, ONE);
    T_EQ_INT(otel_read(sdk, record_on, &me, 0), OTEL_OK);
    T_CHECK(me.n == 3);
    see(); /* what came before the point of its own series is in the first reading */
    T_EQ_INT(seen_of("c", "k=1")->p.i, 30);
    T_EQ_INT(seen_of("h", "k=1")->p.count, 2);
    T_EQ_INT(seen_of("e", "k=1")->p.count, 1);
    shut();
}

/* ---- two readers ---- */

static void each_reader_sees_every_value_once(void)
{
    otel_counter   *c;
    otel_histogram *h;
    otel_updown    *u;
    otel_gauge     *g;

    open_both(DELTA, CUM);
    c = otel_counter_create(scope, "c", NULL, NULL);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    u = otel_updown_create(scope, "u", NULL, NULL);
    g = otel_gauge_create(scope, "g", NULL, NULL);
    otel_counter_add(c, 1, ONE);
    otel_histogram_record(h, 5, ONE);
    otel_updown_add(u, -3, ONE);
    otel_gauge_set(g, 4, ONE);
    read_all();
    T_EQ_INT(point_of("c", "k=1")->i, 1);
    otel_counter_add(c, 2, ONE);
    otel_histogram_record(h, 6, ONE);
    otel_updown_add(u, 1, ONE);
    otel_gauge_set(g, 5, ONE);
    see();
    T_EQ_INT(n_seen, 4);
    T_EQ_INT(seen_of("c", "k=1")->p.i, 3);
    T_EQ_INT(seen_of("h", "k=1")->p.count, 2);
    T_EQ_INT(seen_of("h", "k=1")->p.sum, 11);
    T_EQ_INT(seen_of("u", "k=1")->p.i, -2);
    T_EQ_INT(seen_of("g", "k=1")->p.i, 5);
    read_all();
    T_EQ_INT(n_points, 4);
    T_EQ_INT(point_of("c", "k=1")->i, 2);
    T_EQ_INT(point_of("h", "k=1")->count, 1);
    T_EQ_INT(point_of("u", "k=1")->i, -2);
    T_EQ_INT(point_of("g", "k=1")->i, 5);
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 3);
    T_EQ_INT(n_told, 0);
    shut();
}

static void bound_handles_record_for_both_readers(void)
{
    otel_bound_counter c;

    open_both(CUM, DELTA);
    c = otel_counter_bind(otel_counter_create(scope, "c", NULL, NULL), ONE);
    otel_bound_counter_add(c, 3);
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 3);
    otel_bound_counter_add(c, 4);
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 4);
    read_all();
    T_EQ_INT(point_of("c", "k=1")->i, 7);
    shut();
}

/* M-62: the intervals of one reader begin where its own last one ended. */
static void a_reading_leaves_the_other_readers_intervals_alone(void)
{
    otel_counter   *c;
    otel_histogram *h;
    uint64_t        sent_at, seen_at;
    int             i;

    open_both(DELTA, DELTA);
    c = otel_counter_create(scope, "c", NULL, NULL);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    otel_counter_add(c, 1, ONE);
    otel_histogram_record(h, 1, ONE);
    read_all();
    sent_at = point_of("c", "k=1")->time;
    see();
    seen_at = seen_of("c", "k=1")->p.time_ns;
    for (i = 0; i < 3; i++) {
        otel_counter_add(c, 1, ONE);
        otel_histogram_record(h, 1, ONE);
        see();
        T_EQ_INT(seen_of("c", "k=1")->p.start_ns, seen_at);
        T_EQ_INT(seen_of("h", "k=1")->p.start_ns, seen_at);
        seen_at = seen_of("c", "k=1")->p.time_ns;
    }
    read_all();
    T_EQ_INT(point_of("c", "k=1")->start, sent_at);
    T_EQ_INT(point_of("h", "k=1")->start, sent_at);
    T_EQ_INT(point_of("c", "k=1")->i, 3);
    T_EQ_INT(point_of("h", "k=1")->count, 3);
    T_CHECK(point_of("c", "k=1")->time >= seen_at);
    shut();
}

typedef struct meter_of {
    otel_observable *counter;
    otel_counter    *asked;
    int64_t          value;
    unsigned         runs;
} meter_of;

static void tell_next(void *user, otel_observer *observer)
{
    meter_of *me = (meter_of *)user;

    me->runs++;
    otel_counter_add(me->asked, 1, OTEL_NO_ATTRS);
    otel_observe(observer, me->counter, me->value, ONE);
}

/* M-12, M-66: each reader's difference is to what it was told itself. */
static void callbacks_run_once_for_each_reading_and_tell_only_its_reader(void)
{
    meter_of      me;
    otel_callback callback;

    open_both(CUM, DELTA);
    memset(&me, 0, sizeof me);
    callback.observe = tell_next;
    callback.user = &me;
    me.asked = otel_counter_create(scope, "asked", NULL, NULL);
    me.counter = otel_observable_counter_create(scope, "o", NULL, NULL, &callback);
    me.value = 10;
    see();
    T_EQ_INT(me.runs, 1);
    T_EQ_INT(seen_of("o", "k=1")->p.i, 10);
    T_EQ_INT(seen_of("asked", "")->p.i, 1); /* recorded before anything is read */
    me.value = 25;
    read_all();
    T_EQ_INT(me.runs, 2);
    T_EQ_INT(point_of("o", "k=1")->i, 25);
    T_EQ_INT(point_of("asked", "")->i, 2);
    me.value = 26;
    see();
    T_EQ_INT(me.runs, 3);
    T_EQ_INT(seen_of("o", "k=1")->p.i, 16); /* since its own last reading */
    T_EQ_INT(seen_of("asked", "")->p.i, 2);
    me.value = 3; /* M-67: it began anew */
    see();
    T_EQ_INT(seen_of("o", "k=1")->p.i, 3);
    read_all();
    T_EQ_INT(point_of("o", "k=1")->i, 3);
    T_EQ_INT(me.runs, 5);
    shut();
}

static void make_one(void *user, otel_observer *observer)
{
    (void)user;
    (void)observer;
    otel_counter_add(otel_counter_create(scope, "late", NULL, NULL), 1, ONE);
}

/* M-12: callbacks run before anything is read. */
static void an_instrument_that_a_callback_makes_is_in_the_reading(void)
{
    otel_callback callback;

    open_both(CUM, CUM);
    callback.observe = make_one;
    callback.user = NULL;
    T_CHECK(otel_callback_register(scope, &callback) != NULL);
    see();
    T_EQ_INT(seen_of("late", "k=1")->p.i, 1);
    T_CHECK(seen_of("late", "k=1")->p.start_ns <= seen_of("late", "k=1")->p.time_ns);
    shut();
}

/* A reading that found its queue full goes on later, with what it was told. */
static void a_reading_made_while_another_one_waits_for_room_takes_nothing_from_it(void)
{
    otel_options  o = plain_options();
    meter_of      me;
    otel_callback callback;
    otel_counter *c;
    int64_t       i;
    uint64_t      time;
    unsigned      n;

    o.temporality = DELTA;
    o.manual_reader = true;
    o.manual_temporality = DELTA;
    o.metric_queue_bytes = 4096;
    open_sdk(&o);
    memset(&me, 0, sizeof me);
    callback.observe = tell_next;
    callback.user = &me;
    me.asked = otel_counter_create(scope, "asked", NULL, NULL);
    c = otel_counter_create(scope, "c", NULL, NULL);
    for (i = 0; i < 200; i++) {
        otel_counter_add(c, 1, OTEL_ATTRS(otel_int("k", i)));
    }
    me.counter = otel_observable_counter_create(scope, "o", NULL, NULL, &callback);
    me.value = 7;
    n_metrics = n_points = 0;
    (void)otel_collect(sdk, 0);
    T_CHECK(sdk->e.reading_on); /* else this tests nothing */
    me.value = 9;
    see();
    T_EQ_INT(seen_of("o", "k=1")->p.i, 9);
    T_EQ_INT(n_seen, 202);
    for (n = 0; n < 1000 && (sdk->e.reading_on || otel__ring_queued(&sdk->metrics.ring) > 0); n++) {
        (void)otel_poll(sdk);
    }
    T_EQ_INT(n_points, 202);
    T_EQ_INT(point_of("o", "k=1")->i, 7);
    T_EQ_INT(point_of("asked", "")->i, 1);
    time = point_of("asked", "")->time;
    for (n = 0; n < n_points; n++) {
        T_EQ_INT(points[n].time, time);
        T_CHECK(points[n].start < time);
    }
    read_all();
    T_EQ_INT(point_of("o", "k=1")->i, 2);
    T_EQ_INT(point_of("asked", "")->i, 2); /* the manual reading's callback, and its own */
    T_EQ_INT(point_of("o", "k=1")->start, time);
    shut();
}

static otel_transport_result not_now(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_RETRY;
}

/* Metrics lost by closing while a reading waits for room. */
static uint64_t lost_at_the_close(bool manual_reader)
{
    otel_options o = plain_options();
    otel_stats   stats;
    char         name[8];
    unsigned     i;

    o.manual_reader = manual_reader;
    o.metric_queue_bytes = 256;
    o.transport.send = not_now;
    open_sdk(&o);
    for (i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "c%u", i);
        otel_counter_add(otel_counter_create(scope, name, NULL, NULL), 1, OTEL_NO_ATTRS);
    }
    (void)otel_collect(sdk, 0);
    T_CHECK(sdk->e.reading_on); /* else this tests nothing */
    (void)otel_close(sdk, 0);
    otel_stats_get(sdk, &stats);
    otel_release(sdk);
    return stats.signal[OTEL_SIGNAL_METRICS].dropped[OTEL_DROP_SHUTDOWN];
}

static void what_the_manual_reader_has_is_not_lost_at_the_close(void)
{
    const uint64_t lost = lost_at_the_close(false);

    T_CHECK(lost >= 10 && lost <= 20);
    T_EQ_INT(lost_at_the_close(true), lost);
}

static void two_sdks_are_read_apart(void)
{
    otel_options  o = alone(DELTA);
    otel_sdk     *other;
    otel_counter *mine, *others;

    open_alone(DELTA);
    other = otel_open(&o);
    mine = otel_counter_create(scope, "c", NULL, NULL);
    others = otel_counter_create(otel_scope_get(other, "test", NULL), "c", NULL, NULL);
    T_CHECK(mine != NULL && others != NULL && mine != others);
    otel_counter_add(mine, 1, ONE);
    otel_counter_add(others, 2, ONE);
    n_seen = 0;
    T_EQ_INT(otel_read(other, show, NULL, 0), OTEL_OK);
    T_EQ_INT(seen_of("c", "k=1")->p.i, 2);
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 1);
    T_EQ_INT(otel_close(other, 1000), OTEL_OK);
    otel_release(other);
    otel_counter_add(mine, 5, ONE);
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 5);
    shut();
}

/* ---- what it answers ---- */

/* M-104. */
static void a_closed_sdk_and_none_at_all_are_disabled(void)
{
    T_EQ_INT(otel_read(NULL, show, NULL, OTEL_NO_LIMIT), OTEL_DISABLED);
    open_both(CUM, CUM);
    otel_counter_add(otel_counter_create(scope, "c", NULL, NULL), 1, ONE);
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK);
    n_seen = 0;
    T_EQ_INT(otel_read(sdk, show, NULL, OTEL_NO_LIMIT), OTEL_DISABLED);
    T_EQ_INT(n_seen, 0);
    shut();
}

static void without_the_option_a_reading_is_invalid(void)
{
    open_plain();
    otel_counter_add(otel_counter_create(scope, "c", NULL, NULL), 1, ONE);
    n_seen = 0;
    T_EQ_INT(otel_read(sdk, show, NULL, 0), OTEL_INVALID);
    T_EQ_INT(n_seen, 0);
    read_all();
    T_EQ_INT(point_of("c", "k=1")->i, 1);
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK);
    T_EQ_INT(otel_read(sdk, show, NULL, 0), OTEL_DISABLED); /* of both reasons the one that stays */
    shut();
}

static void while_another_thread_is_inside_nothing_is_read(void)
{
    uint64_t      begin;
    otel_counter *c;

    open_alone(DELTA);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, ONE);
    T_CHECK(otel__engine_enter(&sdk->e));
    n_seen = 0;
    begin = otel__mono_ns();
    T_EQ_INT(otel_read(sdk, show, NULL, 0), OTEL_TIMEOUT);
    T_EQ_INT(otel_read(sdk, show, NULL, 20), OTEL_TIMEOUT);
    T_CHECK(otel__mono_ns() - begin >= 20000000u);
    T_EQ_INT(n_seen, 0);
    otel__engine_leave(&sdk->e);
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 1);
    T_CHECK(otel__engine_enter(&sdk->e)); /* it was left */
    otel__engine_leave(&sdk->e);
    shut();
}

static void *close_soon(void *user)
{
    const otel_sdk *closing = (const otel_sdk *)user;

    (void)usleep(5000);
    otel__a32_store(closing->e.r.live, OTEL__LIVE_CLOSED); /* and the engine stays taken */
    return NULL;
}

static void who_waits_while_the_sdk_is_closed_gives_up(void)
{
    pthread_t thread;

    open_alone(CUM);
    T_CHECK(otel__engine_enter(&sdk->e));
    n_seen = 0;
    if (T_CHECK(pthread_create(&thread, NULL, close_soon, sdk) == 0)) {
        T_EQ_INT(otel_read(sdk, show, NULL, OTEL_NO_LIMIT), OTEL_DISABLED);
        (void)pthread_join(thread, NULL);
    }
    T_EQ_INT(n_seen, 0);
    otel__a32_store(sdk->e.r.live, OTEL__LIVE_OPEN);
    otel__engine_leave(&sdk->e);
    shut();
}

/* Nothing to send: no queue, no request, and no step that is due. */
static void an_sdk_that_sends_nothing_may_be_stepped_all_the_same(void)
{
    otel_options o = alone(DELTA);
    otel_stats   stats;
    int          i;

    o.metric_interval_ms = 1;
    open_sdk(&o);
    otel_counter_add(otel_counter_create(scope, "c", NULL, NULL), 1, ONE);
    otel_log(scope, OTEL_SEVERITY_INFO, "nobody takes it", OTEL_NO_ATTRS);
    otel_span_end(otel_span_start(scope, "nor that", NULL));
    for (i = 0; i < 3; i++) {
        T_CHECK(otel_poll(sdk) > 0);
        (void)usleep(2000);
    }
    T_EQ_INT(otel_collect(sdk, 0), OTEL_DISABLED); /* there is no queue to read into */
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    see();
    T_EQ_INT(seen_of("c", "k=1")->p.i, 1); /* none of these was a reading of it */
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.requests, 0);
    T_EQ_INT(stats.series, 1);
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK);
    T_EQ_INT(n_told, 0);
    shut();
}

/* The only series but overflow of an instrument's stream for the program. */
static otel__series *manual_series(otel__instrument *in)
{
    otel__metrics *m = in->r->metrics;

    while (in->reader != (uint8_t)OTEL__READER_MANUAL) {
        in = in->more;
    }
    return otel__series_at(m, otel__series_next(otel__series_at(m, in->overflow)));
}

/* A recording that was interrupted: the rest comes, what there is is shown. */
static void a_histogram_that_is_behind_is_told_and_loses_nothing(void)
{
    otel_histogram  *h;
    otel_counter    *c;
    otel__hist      *stuck;
    otel__hist_copy *copy;
    uint64_t         time;

    open_alone(DELTA);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_histogram_record(h, 1, ONE);
    otel_counter_add(c, 1, ONE);
    stuck = &manual_series(&h->in)->value.hist;
    copy = &stuck->copy[otel__hist_begin(stuck)];
    n_seen = 0;
    T_EQ_INT(otel_read(sdk, show, NULL, 60000), OTEL_TIMEOUT);
    T_EQ_INT(n_seen, 1);
    time = seen_of("c", "k=1")->p.time_ns;
    otel__hist_touch(copy, 3);
    (void)otel__a32_add(&copy->buckets[1], 1u);
    see();
    T_EQ_INT(n_seen, 1);
    T_EQ_INT(seen_of("h", "k=1")->p.count, 2);
    T_EQ_INT(seen_of("h", "k=1")->p.sum, 4);
    T_CHECK(seen_of("h", "k=1")->p.start_ns <= time);
    shut();
}

static void spoil_errno(void *user, const otel_point *p)
{
    (void)user;
    (void)p;
    errno = EBADF;
}

static void a_reading_keeps_errno(void)
{
    open_alone(CUM);
    otel_counter_add(otel_counter_create(scope, "c", NULL, NULL), 1, ONE);
    errno = 123;
    T_EQ_INT(otel_read(sdk, spoil_errno, NULL, 0), OTEL_OK);
    T_EQ_INT(errno, 123);
    T_CHECK(otel__engine_enter(&sdk->e));
    errno = 124;
    T_EQ_INT(otel_read(sdk, spoil_errno, NULL, 3), OTEL_TIMEOUT);
    T_EQ_INT(errno, 124);
    otel__engine_leave(&sdk->e);
    shut();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_program_reads_what_it_recorded_without_an_endpoint_or_a_transport);
    T_RUN(a_reading_of_nothing_is_empty_and_ok);
    T_RUN(the_metric_around_a_point_is_shown);
    T_RUN(every_kind_of_number_is_shown_with_what_it_means);
    T_RUN(a_double_is_shown_as_an_integer_as_far_as_there_is_one);
    T_RUN(explicit_buckets_are_shown);
    T_RUN(histograms_say_what_they_leave_out);
    T_RUN(exponential_buckets_of_both_signs_are_shown);
    T_RUN(each_reader_has_its_own_histogram_aggregation);
    T_RUN(attributes_of_every_type_are_shown);
    T_RUN(the_largest_set_is_shown_whole);
    T_RUN(the_last_attribute_of_a_key_is_found);
    T_RUN(past_its_own_limit_a_reader_shows_the_overflow_series);
    T_RUN(a_dropped_kind_is_not_shown);
    T_RUN(cumulative_points_go_on_from_one_start);
    T_RUN(delta_points_show_each_value_once_and_adjoin);
    T_RUN(without_a_function_a_delta_reading_passes);
    T_RUN(what_is_recorded_while_points_are_shown_comes_with_the_next_reading);
    T_RUN(each_reader_sees_every_value_once);
    T_RUN(bound_handles_record_for_both_readers);
    T_RUN(a_reading_leaves_the_other_readers_intervals_alone);
    T_RUN(callbacks_run_once_for_each_reading_and_tell_only_its_reader);
    T_RUN(an_instrument_that_a_callback_makes_is_in_the_reading);
    T_RUN(a_reading_made_while_another_one_waits_for_room_takes_nothing_from_it);
    T_RUN(what_the_manual_reader_has_is_not_lost_at_the_close);
    T_RUN(two_sdks_are_read_apart);
    T_RUN(a_closed_sdk_and_none_at_all_are_disabled);
    T_RUN(without_the_option_a_reading_is_invalid);
    T_RUN(while_another_thread_is_inside_nothing_is_read);
    T_RUN(who_waits_while_the_sdk_is_closed_gives_up);
    T_RUN(an_sdk_that_sends_nothing_may_be_stepped_all_the_same);
    T_RUN(a_histogram_that_is_behind_is_told_and_loses_nothing);
    T_RUN(a_reading_keeps_errno);
    return t_end();
}
