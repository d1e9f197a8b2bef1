/* Making instruments: which requests are one instrument, what conflicts lead to, names, texts and
 * options at their limits, what happens when memory is used up or nobody wants the data. Everything
 * is judged by what is delivered and told.
 * Requirements M-02..M-08, M-14, M-20..M-25, M-40, M-44, M-50, M-108. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"
#include "points.h"

/* ---- every kind of instrument ---- */

static void              *asked[16]; /* observables, told by the callback below */
static bool               asked_is_double[16];
static unsigned           n_asked;
static otel_registration *asking;

static void tell_asked(void *user, otel_observer *observer)
{
    unsigned i;

    (void)user;
    for (i = 0; i < n_asked; i++) {
        if (asked_is_double[i]) {
            otel_observe_f64(observer, (otel_observable_f64 *)asked[i], 1.0, OTEL_NO_ATTRS);
        } else {
            otel_observe(observer, (otel_observable *)asked[i], 1, OTEL_NO_ATTRS);
        }
    }
}

static void ask(void *observable, bool is_double)
{
    const otel_callback callback = { tell_asked, NULL };

    if (n_asked == 0) {
        asking = otel_callback_register(scope, &callback);
        T_CHECK(asking != NULL);
    }
    asked_is_double[n_asked] = is_double;
    asked[n_asked++] = observable;
}

#define SYNC(name, type, create, record, one)                                                      \
    static void *make_##name(otel_scope *s, const char *n, const char *unit, const char *d)        \
    {                                                                                              \
        return create;                                                                             \
    }                                                                                              \
    static void record_##name(void *in) { record((type *)in, one, OTEL_NO_ATTRS); }
#define PLAIN(name, type, create, record, one) SYNC(name, type, create(s, n, unit, d), record, one)
#define DISTRIBUTION(name, type, create, record, one)                                              \
    SYNC(name, type, create(s, n, unit, d, NULL), record, one)
#define OBSERVED(name, create, is_double)                                                          \
    static void *make_##name(otel_scope *s, const char *n, const char *unit, const char *d)        \
    {                                                                                              \
        return create(s, n, unit, d, NULL);                                                        \
    }                                                                                              \
    static void record_##name(void *in) { ask(in, is_double); }

PLAIN(counter, otel_counter, otel_counter_create, otel_counter_add, 1)
PLAIN(counter_f64, otel_counter_f64, otel_counter_create_f64, otel_counter_add_f64, 1.0)
PLAIN(updown, otel_updown, otel_updown_create, otel_updown_add, 1)
PLAIN(updown_f64, otel_updown_f64, otel_updown_create_f64, otel_updown_add_f64, 1.0)
PLAIN(gauge, otel_gauge, otel_gauge_create, otel_gauge_set, 1)
PLAIN(gauge_f64, otel_gauge_f64, otel_gauge_create_f64, otel_gauge_set_f64, 1.0)
DISTRIBUTION(histogram, otel_histogram, otel_histogram_create, otel_histogram_record, 1)
DISTRIBUTION(histogram_f64, otel_histogram_f64, otel_histogram_create_f64,
             otel_histogram_record_f64, 1.0)
OBSERVED(observable_counter, otel_observable_counter_create, false)
OBSERVED(observable_counter_f64, otel_observable_counter_create_f64, true)
OBSERVED(observable_updown, otel_observable_updown_create, false)
OBSERVED(observable_updown_f64, otel_observable_updown_create_f64, true)
OBSERVED(observable_gauge, otel_observable_gauge_create, false)
OBSERVED(observable_gauge_f64, otel_observable_gauge_create_f64, true)

typedef struct kind {
    const char *name;
    void *(*make)(otel_scope *s, const char *name, const char *unit, const char *description);
    void (*record)(void *instrument); /* one value, 1, without attributes */
    otel_instrument number;
    bool            is_double;
    uint32_t        data; /* DATA_* */
    bool            monotonic;
} kind;

#define KIND(name, number, is_double, data, monotonic)                                             \
    {                                                                                              \
#name, make_##name, record_##name, OTEL_INSTRUMENT_##number, is_double, data, monotonic    \
    }
static const kind kinds[] = {
    KIND(counter, COUNTER, false, DATA_SUM, true),
    KIND(counter_f64, COUNTER, true, DATA_SUM, true),
    KIND(updown, UPDOWN, false, DATA_SUM, false),
    KIND(updown_f64, UPDOWN, true, DATA_SUM, false),
    KIND(gauge, GAUGE, false, DATA_GAUGE, false),
    KIND(gauge_f64, GAUGE, true, DATA_GAUGE, false),
    KIND(histogram, HISTOGRAM, false, DATA_HISTOGRAM, false),
    KIND(histogram_f64, HISTOGRAM, true, DATA_HISTOGRAM, false),
    KIND(observable_counter, OBSERVABLE_COUNTER, false, DATA_SUM, true),
    KIND(observable_counter_f64, OBSERVABLE_COUNTER, true, DATA_SUM, true),
    KIND(observable_updown, OBSERVABLE_UPDOWN, false, DATA_SUM, false),
    KIND(observable_updown_f64, OBSERVABLE_UPDOWN, true, DATA_SUM, false),
    KIND(observable_gauge, OBSERVABLE_GAUGE, false, DATA_GAUGE, false),
    KIND(observable_gauge_f64, OBSERVABLE_GAUGE, true, DATA_GAUGE, false),
};

static bool open_for_kinds(const otel_options *o)
{
    n_asked = 0;
    return open_sdk(o);
}

static bool open_default(void)
{
    const otel_options o = plain_options();
    return open_for_kinds(&o);
}

/* That a metric is the kind's, with one point, whose value is 1. */
static void check_kind(const kind *k, const metric_seen *metric)
{
    const point_seen *p = point_in(metric, "");

    T_EQ_INT(metric->data, k->data);
    T_EQ_INT(metric->monotonic, k->monotonic);
    T_EQ_INT(metric->n_points, 1);
    if (!T_CHECK(p != NULL)) {
        return;
    }
    if (k->data == DATA_HISTOGRAM) {
        T_EQ_INT(p->count, 1);
        T_CHECK(p->sum == 1.0);
    } else {
        T_EQ_INT(p->is_double, k->is_double);
        T_CHECK(k->is_double ? p->d == 1.0 : p->i == 1);
    }
}

/* M-02, M-08. */
static void each_kind_is_exported_as_what_it_is(void)
{
    size_t i;

    open_default();
    for (i = 0; i < COUNT(kinds); i++) {
        void *in = kinds[i].make(scope, kinds[i].name, "1", "text");
        if (T_CHECK(in != NULL)) {
            kinds[i].record(in);
        }
    }
    read_all();
    T_EQ_INT(n_metrics, COUNT(kinds));
    for (i = 0; i < COUNT(kinds); i++) {
        const metric_seen *metric = metric_of(kinds[i].name, 0);
        check_kind(&kinds[i], metric);
        T_EQ_STR(metric->unit, "1");
        T_EQ_STR(metric->description, "text");
        T_EQ_STR(metric->scope, "test");
    }
    T_EQ_INT(n_told, 0);
    shut();
}

/* ---- identity ---- */

/* M-20. */
static void the_same_request_gives_the_same_instrument_in_every_kind(void)
{
    otel_stats before, after;
    char       name[64], unit[8], text[8]; /* equal texts at other addresses */
    size_t     i;

    open_default();
    for (i = 0; i < COUNT(kinds); i++) {
        void *first = kinds[i].make(scope, kinds[i].name, "By", "text");
        otel_stats_get(sdk, &before);
        (void)snprintf(name, sizeof name, "%s", kinds[i].name);
        (void)snprintf(unit, sizeof unit, "By");
        (void)snprintf(text, sizeof text, "text");
        T_CHECK(first != NULL && kinds[i].make(scope, name, unit, text) == first);
        otel_stats_get(sdk, &after);
        T_EQ_INT(after.series_bytes_used, before.series_bytes_used);
        kinds[i].record(first);
    }
    read_all();
    T_EQ_INT(n_metrics, COUNT(kinds));
    T_EQ_INT(n_told, 0);
    shut();
}

static void two_requests_for_one_instrument_add_into_one_stream(void)
{
    otel_counter *a, *b;

    open_default();
    a = otel_counter_create(scope, "requests", "{request}", "all of them");
    b = otel_counter_create(scope, "requests", "{request}", "all of them");
    otel_counter_add(a, 3, OTEL_ATTRS(otel_int("k", 1)));
    otel_counter_add(b, 4, OTEL_ATTRS(otel_int("k", 1)));
    read_all();
    T_EQ_INT(n_metrics, 1);
    T_EQ_INT(point_of("requests", "k=1")->i, 7);
    shut();
}

/* M-22. */
static void names_that_differ_in_case_are_one_and_the_first_spelling_goes_out(void)
{
    otel_counter *a, *b;

    open_default();
    a = otel_counter_create(scope, "Http.Requests-9/Z", NULL, NULL);
    b = otel_counter_create(scope, "hTTP.rEQUESTS-9/z", NULL, NULL);
    T_CHECK(a != NULL && a == b);
    T_CHECK(told_only(1, "hTTP.rEQUESTS-9/z", "case"));
    T_CHECK(otel_counter_create(scope, "Http.Requests-9/Z", NULL, NULL) == a);
    T_EQ_INT(n_told, 0); /* the spelling that is used: nothing to tell */
    otel_counter_add(b, 1, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_metrics, 1);
    T_EQ_INT(point_of("Http.Requests-9/Z", "")->i, 1);
    shut();
}

/* Case folds letters only: '@' and '`', '[' and '{' are as far apart as 'A' and 'a'. */
static void only_letters_have_a_case(void)
{
    open_default();
    T_CHECK(otel_counter_create(scope, "a@[", NULL, NULL) !=
            otel_counter_create(scope, "a`{", NULL, NULL));
    T_CHECK(otel_counter_create(scope, "a.", NULL, NULL) !=
            otel_counter_create(scope, "aN", NULL, NULL));
    shut();
}

/* Units are case-sensitive (M-05): another case is another unit, and a conflict. */
static void units_that_differ_in_case_are_two(void)
{
    otel_counter *a, *b;

    open_default();
    a = otel_counter_create(scope, "memory", "By", NULL);
    b = otel_counter_create(scope, "memory", "by", NULL);
    T_CHECK(a != NULL && b != NULL && a != b);
    T_CHECK(told_only(1, "memory", "unit"));
    shut();
}

/* M-21: of any two kinds under one name both work, are told about with what to do, and are sent. */
static void a_conflict_of_kind_or_number_type_gives_two_working_instruments(void)
{
    size_t i, k;

    for (i = 0; i < COUNT(kinds); i++) {
        for (k = 0; k < COUNT(kinds); k++) {
            void *a, *b;
            if (i == k) {
                continue;
            }
            open_default();
            a = kinds[i].make(scope, "Same", "1", "text");
            T_EQ_INT(n_told, 0);
            b = kinds[k].make(scope, "same", "1", "text");
            T_CHECK(a != NULL && b != NULL && a != b);
            T_EQ_INT(told_of("same: was created with another kind", "rename"), 1);
            T_EQ_INT(told_of("same", "case"), 1);
            T_EQ_INT(n_told, 2);
            kinds[i].record(a);
            kinds[k].record(b);
            read_all();
            T_EQ_INT(n_metrics, 2);
            check_kind(&kinds[i], metric_of("Same", 0)); /* the first spelling, for both: M-22 */
            check_kind(&kinds[k], metric_of("Same", 1));
            T_CHECK(kinds[k].make(scope, "Same", "1", "text") == b); /* found again */
            shut();
            if (t_bad) {
                printf("    %s and then %s\n", kinds[i].name, kinds[k].name);
                return;
            }
        }
    }
}

static void a_conflict_of_unit_gives_two_working_instruments(void)
{
    otel_histogram *a, *b;

    open_default();
    a = otel_histogram_create(scope, "latency", "s", NULL, NULL);
    b = otel_histogram_create(scope, "latency", "ms", NULL, NULL);
    T_CHECK(a != NULL && b != NULL && a != b);
    T_EQ_INT(told_severity[0], OTEL_SEVERITY_WARN);
    T_CHECK(told_only(1, "latency", "rename"));
    otel_histogram_record(a, 1, OTEL_NO_ATTRS);
    otel_histogram_record(b, 1, OTEL_NO_ATTRS);
    otel_histogram_record(b, 2, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_metrics, 2);
    T_EQ_STR(metric_of("latency", 0)->unit, "s");
    T_EQ_STR(metric_of("latency", 1)->unit, "ms");
    T_EQ_INT(points[0].count, 1);
    T_EQ_INT(points[1].count, 2);
    shut();
}

/* M-21, the exception. */
static void of_two_descriptions_the_longer_one_goes_out_and_it_is_told(void)
{
    otel_counter *a;

    open_default();
    a = otel_counter_create(scope, "c", NULL, "middling");
    T_CHECK(otel_counter_create(scope, "c", NULL, "short") == a);
    T_CHECK(told_only(1, "c: ", "description"));
    otel_counter_add(a, 1, OTEL_NO_ATTRS);
    read_all();
    T_EQ_STR(metric_of("c", 0)->description, "middling");
    T_CHECK(otel_counter_create(scope, "c", NULL, "the longest of the three") == a);
    T_CHECK(told_only(1, "c: ", "description"));
    T_CHECK(otel_counter_create(scope, "c", NULL, NULL) == a);
    T_CHECK(told_only(1, "c: ", "description"));
    T_CHECK(otel_counter_create(scope, "c", NULL, "the longest of the three") == a);
    T_EQ_INT(n_told, 0);
    read_all();
    T_EQ_INT(n_metrics, 1);
    T_EQ_STR(metric_of("c", 0)->description, "the longest of the three");
    T_EQ_INT(point_of("c", "")->i, 1);
    shut();
}

/* M-24. */
static void scopes_are_separate_name_spaces(void)
{
    otel_scope   *other, *newer;
    otel_counter *a, *b;
    otel_gauge   *g;
    unsigned      i;

    open_default();
    other = otel_scope_get(sdk, "other", NULL);
    newer = otel_scope_get(sdk, "test", "2");
    a = otel_counter_create(scope, "same", "1", "one");
    b = otel_counter_create(other, "SAME", "s", "two");
    g = otel_gauge_create(newer, "same", "1", "one");
    T_CHECK(a != NULL && b != NULL && a != b && g != NULL);
    T_EQ_INT(n_told, 0);
    otel_counter_add(a, 1, OTEL_NO_ATTRS);
    otel_counter_add(b, 2, OTEL_NO_ATTRS);
    otel_gauge_set(g, 3, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_metrics, 3);
    for (i = 0; i < n_metrics; i++) {
        if (strcmp(metrics[i].scope, "other") == 0) {
            T_EQ_STR(metrics[i].name, "SAME");
            T_EQ_STR(metrics[i].unit, "s");
        }
    }
    shut();
}

/* ---- advice ---- */

/* M-23. */
static void of_two_sets_of_options_the_first_one_counts_and_it_is_told(void)
{
    const double                 ten[] = { 10 }, twenty[] = { 20 };
    const otel_histogram_options first = { ten, 1, 0, 0, 0, false };
    const otel_histogram_options same = { ten, 1, 0, 0, 0, false };
    const otel_histogram_options others[] = {
        { twenty, 1, 0, 0, 0, false },
        { ten, 1, 0, 0, 0, true },
        { NULL, 0, 0, 0, 0, false },
        { ten, 1, OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, 0, 0, false },
        { ten, 1, 0, 20, 0, false },
        { ten, 1, 0, 0, OTEL_SCALE_ZERO, false },
    };
    otel_histogram *h;
    size_t          i;

    open_default();
    h = otel_histogram_create(scope, "h", NULL, NULL, &first);
    T_CHECK(otel_histogram_create(scope, "h", NULL, NULL, &same) == h);
    T_EQ_INT(n_told, 0);
    for (i = 0; i < COUNT(others); i++) {
        T_CHECK(otel_histogram_create(scope, "h", NULL, NULL, &others[i]) == h);
        T_CHECK(told_only(1, "h: ", "first ones are used"));
    }
    T_CHECK(otel_histogram_create(scope, "h", NULL, NULL, NULL) == h);
    T_CHECK(told_only(1, "h: ", "first ones are used"));
    otel_histogram_record(h, 15, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_metrics, 1);
    T_EQ_INT(points[0].n_bounds, 1);
    T_CHECK(points[0].bounds[0] == 10 && points[0].has_min_max);
    shut();
}

/* The caller's array of boundaries is copied: it may go, whatever the aggregation. */
static void the_callers_boundaries_may_go(void)
{
    const uint32_t aggregations[] = { OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                      OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM };
    size_t         i;

    for (i = 0; i < COUNT(aggregations); i++) {
        otel_histogram_options options = { NULL, 2, aggregations[i], 0, 0, false };
        double                *bounds = (double *)malloc(2 * sizeof *bounds);
        const double           same[] = { 1, 2 };
        otel_histogram        *h;

        open_default();
        bounds[0] = 1;
        bounds[1] = 2;
        options.bounds = bounds;
        h = otel_histogram_create(scope, "h", NULL, NULL, &options);
        bounds[0] = 99; /* a plain build sees this, a sanitized one the access */
        free(bounds);
        options.bounds = same;
        T_CHECK(h != NULL && otel_histogram_create(scope, "h", NULL, NULL, &options) == h);
        T_EQ_INT(n_told, 0);
        otel_histogram_record(h, 1, OTEL_NO_ATTRS);
        read_all();
        T_EQ_INT(points[0].n_bounds, i == 0 ? 2 : 0);
        T_CHECK(i == 1 || (points[0].bounds[0] == 1 && points[0].bounds[1] == 2));
        shut();
    }
}

/* What one histogram with these options is exported with. */
static const point_seen *made_with(const otel_histogram_options *options)
{
    otel_histogram_f64 *h;

    open_default();
    h = otel_histogram_create_f64(scope, "h", NULL, NULL, options);
    T_CHECK(h != NULL);
    otel_histogram_record_f64(h, 3.0, OTEL_NO_ATTRS);
    otel_histogram_record_f64(h, 70.0, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_points, 1);
    T_EQ_INT(points[0].count, 2);
    return &points[0];
}

static const double default_bounds[] = { 0,   5,   10,   25,   50,   75,   100,  250,
                                         500, 750, 1000, 2500, 5000, 7500, 10000 };

/* M-25. */
static void boundaries_that_are_not_valid_are_told_and_the_default_ones_used(void)
{
    const double zero = 0, inf = 1 / zero, nan = inf - inf;
    const double falling[] = { 1, 3, 2 }, equal[] = { 1, 1 }, open_end[] = { 1, 2, inf },
                 from_below[] = { -inf, 1 }, not_a_number[] = { 1, nan, 3 }, alone[] = { nan };
    double                       many[256];
    const otel_histogram_options bad[] = {
        { falling, 3, 0, 0, 0, false },      { equal, 2, 0, 0, 0, false },
        { open_end, 3, 0, 0, 0, false },     { from_below, 2, 0, 0, 0, false },
        { not_a_number, 3, 0, 0, 0, false }, { alone, 1, 0, 0, 0, false },
        { many, 256, 0, 0, 0, false },       { NULL, 3, 0, 0, 0, false },
    };
    size_t i;

    for (i = 0; i < COUNT(many); i++) {
        many[i] = (double)i;
    }
    for (i = 0; i < COUNT(bad); i++) {
        const point_seen *p = made_with(&bad[i]);
        T_CHECK(told_only(1, "h: ", "not valid"));
        T_EQ_INT(p->n_buckets, 16);
        T_EQ_MEM(p->bounds, p->n_bounds * sizeof(double), default_bounds, sizeof default_bounds);
        shut();
    }
}

/* M-44 and the limits of what is valid. */
static void boundaries_at_the_limits_are_taken(void)
{
    double                 many[255];
    otel_histogram_options options = { NULL, 0, 0, 0, 0, false };
    const point_seen      *p = made_with(NULL);
    size_t                 i;

    T_EQ_INT(n_told, 0);
    T_EQ_INT(metrics[0].data, DATA_HISTOGRAM);
    T_EQ_MEM(p->bounds, p->n_bounds * sizeof(double), default_bounds, sizeof default_bounds);
    T_EQ_INT(p->n_buckets, 16);
    T_CHECK(p->has_sum && p->sum == 73 && p->has_min_max && p->min == 3 && p->max == 70);
    T_CHECK(p->buckets[1] == 1 && p->buckets[5] == 1);
    shut();

    for (i = 0; i < COUNT(many); i++) {
        many[i] = i == 0 ? -1e300 : (double)i; /* any finite numbers */
    }
    options.bounds = many;
    options.n_bounds = COUNT(many);
    p = made_with(&options);
    T_EQ_INT(n_told, 0);
    T_EQ_MEM(p->bounds, p->n_bounds * sizeof(double), many, sizeof many);
    T_EQ_INT(p->n_buckets, 256);
    shut();

    options.n_bounds = 0; /* none: one bucket */
    p = made_with(&options);
    T_EQ_INT(n_told, 0);
    T_EQ_INT(p->n_bounds, 0);
    T_EQ_INT(p->n_buckets, 1);
    T_EQ_INT(p->buckets[0], 2);
    shut();

    options.bounds = NULL;
    options.no_min_max = true;
    p = made_with(&options);
    T_CHECK(!p->has_min_max && p->has_sum && p->n_buckets == 16);
    T_EQ_INT(n_told, 0);
    shut();
}

/* The scale of a histogram made with these options that holds 1 and 1024. */
static int32_t scale_of_two(const otel_histogram_options *options)
{
    otel_histogram_f64 *h;

    open_default();
    h = otel_histogram_create_f64(scope, "h", NULL, NULL, options);
    otel_histogram_record_f64(h, 1.0, OTEL_NO_ATTRS);
    otel_histogram_record_f64(h, 1024.0, OTEL_NO_ATTRS); /* ten octaves apart */
    read_all();
    T_EQ_INT(metrics[0].data, DATA_EXPONENTIAL);
    T_EQ_INT(points[0].count, 2);
    return points[0].scale;
}

/* M-25, M-50. The largest scale at which ten octaves fit tells the number of buckets. */
static void sizes_and_scales_that_are_not_valid_are_told_and_the_default_ones_used(void)
{
    const struct {
        uint32_t aggregation, max_size;
        int32_t  max_scale;
        bool     valid;
        int32_t  scale;
    } cases[] = {
        { 5, 0, 0, true, 3 },                                  /* 8 buckets an octave: 81 of 160 */
        { 5, 160, 20, true, 3 },        { 5, 2, 0, true, -4 }, /* 16 octaves a bucket */
        { 5, 20, 0, true, 0 },          { 5, 160, OTEL_SCALE_ZERO, true, 0 },
        { 5, 160, -10, true, -10 },     { 5, 160, 1, true, 1 },
        { 5, 1, 0, false, 3 },          { 5, 65536, 0, false, 3 },
        { 5, UINT32_MAX, 0, false, 3 }, { 5, 160, 21, false, 3 },
        { 5, 160, -11, false, 3 },      { 5, 160, 126, false, 3 },
        { 5, 160, 128, false, 3 },      { 5, 160, INT32_MIN, false, 3 },
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        otel_histogram_options options = { NULL, 0, 0, 0, 0, false };
        options.aggregation = cases[i].aggregation;
        options.max_size = cases[i].max_size;
        options.max_scale = cases[i].max_scale;
        T_EQ_INT(scale_of_two(&options), cases[i].scale);
        T_CHECK(told_only(cases[i].valid ? 0 : 1, "h: ", "not valid"));
        shut();
        if (t_bad) {
            printf("    size %u, scale %d\n", (unsigned)options.max_size, (int)options.max_scale);
            return;
        }
    }
}

static void an_aggregation_that_does_not_exist_is_told_and_the_default_one_used(void)
{
    const uint32_t         bad[] = { 2, 3, 6, 99, UINT32_MAX };
    otel_histogram_options options = { NULL, 0, 0, 0, 0, false };
    size_t                 i;

    for (i = 0; i < COUNT(bad); i++) {
        options.aggregation = bad[i];
        T_EQ_INT(made_with(&options)->n_buckets, 16);
        T_EQ_INT(metrics[0].data, DATA_HISTOGRAM);
        T_CHECK(told_only(1, "h: ", "not valid"));
        shut();
    }
}

/* A histogram's own options win over the SDK's. */
static void the_sdks_aggregation_is_the_default_of_its_histograms(void)
{
    const otel_histogram_options explicit_one = { NULL, 0, 4, 0, 0, false };
    const otel_histogram_options sized = { NULL, 0, 0, 20, 0, false };
    otel_options                 o = plain_options();
    otel_histogram              *a, *b, *c;

    o.histogram_aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    o.exponential_max_size = 2;
    open_sdk(&o);
    a = otel_histogram_create(scope, "a", NULL, NULL, NULL);
    b = otel_histogram_create(scope, "b", NULL, NULL, &explicit_one);
    c = otel_histogram_create(scope, "c", NULL, NULL, &sized);
    otel_histogram_record(a, 1, OTEL_NO_ATTRS);
    otel_histogram_record(a, 1024, OTEL_NO_ATTRS);
    otel_histogram_record(b, 1, OTEL_NO_ATTRS);
    otel_histogram_record(c, 1, OTEL_NO_ATTRS);
    otel_histogram_record(c, 1024, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(metric_of("a", 0)->data, DATA_EXPONENTIAL);
    T_EQ_INT(metric_of("b", 0)->data, DATA_HISTOGRAM);
    T_EQ_INT(point_of("a", "")->scale, -4);
    T_EQ_INT(point_of("c", "")->scale, 0);
    T_EQ_INT(n_told, 0);
    shut();
}

/* ---- names and texts ---- */

#define A16  "aaaaaaaaaaaaaaaa"
#define A64  A16 A16 A16 A16
#define A255 A64 A64 A64 A16 A16 A16 "aaaaaaaaaaaaaaa"

/* M-03, M-04. */
static void names_that_are_not_valid_are_told_and_work(void)
{
    static const struct {
        const char *name;
        bool        valid;
    } cases[] = {
        { "a", true },
        { "Z", true },
        { "a_b.c-d/e", true },
        { "a0123456789", true },
        { "zZaA", true },
        { "x--", true },
        { A255, true },
        { A255 "a", false },
        { "", false },
        { "1a", false },
        { "_a", false },
        { ".a", false },
        { "-a", false },
        { "/a", false },
        { " a", false },
        { "a ", false },
        { "a b", false },
        { "a,b", false },
        { "a:b", false },
        { "a;b", false },
        { "a@b", false },
        { "a[b", false },
        { "a`b", false },
        { "a{b", false },
        { "a\\b", false },
        { "a+b", false },
        { "a\tb", false },
        { "a\nb", false },
        { "a\x7f", false },
        { "gr\xc3\xb6\xc3\x9f"
          "e",
          false },
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        otel_counter *c;
        open_default();
        c = otel_counter_create(scope, cases[i].name, NULL, NULL);
        T_CHECK(c != NULL);
        T_CHECK(told_only(cases[i].valid ? 0 : 1, "instrument ", cases[i].valid ? "" : "name"));
        otel_counter_add(c, 5, OTEL_NO_ATTRS);
        read_all();
        T_EQ_INT(point_of(cases[i].name, "")->i, 5);
        T_CHECK(otel_counter_create(scope, cases[i].name, NULL, NULL) == c);
        shut();
        if (t_bad) {
            printf("    name \"%s\"\n", cases[i].name);
            return;
        }
    }
}

/* M-05, M-06: characters of one, two, three and four bytes. */
static void texts_of_full_length_survive_whole(void)
{
    static const char *const characters[] = { "d", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8c\x8d" };
    static char              description[4 * 1023 + 1];
    char                     unit[64];
    size_t                   i, n;
    unsigned                 k;

    memset(unit, 'u', 63);
    unit[63] = '\0';
    for (i = 0; i < COUNT(characters); i++) {
        otel_counter *c;
        open_default();
        for (n = 0, k = 0; k < 1023; k++) {
            memcpy(description + n, characters[i], strlen(characters[i]));
            n += strlen(characters[i]);
        }
        description[n] = '\0';
        c = otel_counter_create(scope, "c", unit, description);
        otel_counter_add(c, 1, OTEL_NO_ATTRS);
        read_all();
        T_EQ_STR(metric_of("c", 0)->unit, unit);
        T_EQ_STR(metric_of("c", 0)->description, description);
        T_CHECK(otel_counter_create(scope, "c", unit, description) == c);
        T_EQ_INT(n_told, 0);
        shut();
    }
}

static void missing_texts_are_empty_ones(void)
{
    otel_scope   *nameless;
    otel_counter *c, *d;

    open_default();
    c = otel_counter_create(scope, "c", NULL, NULL);
    T_CHECK(c != NULL && otel_counter_create(scope, "c", "", "") == c);
    T_EQ_INT(n_told, 0);
    d = otel_counter_create(scope, NULL, NULL, NULL);
    T_CHECK(d != NULL && d != c);
    T_CHECK(told_only(1, "instrument ", "not a valid name"));
    T_CHECK(otel_counter_create(scope, "", NULL, NULL) == d);
    T_CHECK(told_only(1, "instrument ", "not a valid name"));
    nameless = otel_scope_get(sdk, NULL, NULL);
    T_CHECK(nameless != NULL && otel_counter_create(nameless, "c", NULL, NULL) != c);
    otel_counter_add(d, 2, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(point_of("", "")->i, 2);
    T_CHECK(otel_counter_create(NULL, "c", NULL, NULL) == NULL);
    shut();
}

/* Bytes that are no UTF-8 become U+FFFD, and the same bytes find the same instrument. */
static void texts_that_are_not_utf8_are_repaired(void)
{
    otel_counter *c;

    open_default();
    c = otel_counter_create(scope,
                            "a\xff"
                            "b",
                            "u\xc3",
                            "\x80"
                            "d\xed\xa0\x80");
    T_CHECK(c != NULL);
    T_CHECK(told_only(1, "instrument a?b", "not a valid name"));
    T_CHECK(otel_counter_create(scope,
                                "a\xff"
                                "b",
                                "u\xc3",
                                "\x80"
                                "d\xed\xa0\x80") == c);
    T_CHECK(told_only(1, "instrument a?b", "not a valid name"));
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_metrics, 1);
    T_EQ_STR(metrics[0].name, "a\xef\xbf\xbd"
                              "b");
    T_EQ_STR(metrics[0].unit, "u\xef\xbf\xbd");
    T_CHECK(strncmp(metrics[0].description,
                    "\xef\xbf\xbd"
                    "d\xef\xbf\xbd",
                    7) == 0);
    T_CHECK(otel__text_utf8_valid(metrics[0].description, strlen(metrics[0].description)));
    shut();
}

/* However often it is asked for: a request for an instrument that is there uses no memory up. */
static void asking_again_takes_no_memory(void)
{
    otel_counter *c;
    unsigned      i;

    open_default();
    c = otel_counter_create(scope, "c\xff", "u\xff", "a description that is the longer one");
    for (i = 0; i < 5000 && T_CHECK(c != NULL); i++) {
        forget_told();
        if (!T_CHECK(otel_counter_create(scope, "C\xff", "u\xff", "other\xff") == c)) {
            printf("    asked %u times\n", i);
            break;
        }
    }
    forget_told();
    T_CHECK(otel_counter_create(scope, "new", "u", "text") != NULL);
    T_EQ_INT(n_told, 0);
    shut();
}

/* ---- no room ---- */

static void what_finds_no_room_is_told_and_null_and_the_rest_goes_on(otel_options *o)
{
    otel_counter *first = NULL, *c = NULL, *again;
    unsigned      made;
    char          name[32];

    open_sdk(o);
    for (made = 0; made < 2000; made++) {
        (void)snprintf(name, sizeof name, "counter.number.%u", made);
        forget_told();
        c = otel_counter_create(scope, name, "By", "a text of some length");
        if (c == NULL) {
            break;
        }
        T_EQ_INT(n_told, 0);
        first = made == 0 ? c : first;
        otel_counter_add(c, 1, OTEL_NO_ATTRS);
    }
    T_CHECK(made > 0 && made < 2000);
    T_CHECK(told_of(name, "no room") == 1);
    T_EQ_INT(told_severity[0], OTEL_SEVERITY_ERROR);
    T_CHECK(told_only(1, name, "max_instruments"));
    otel_counter_add(c, 1, OTEL_NO_ATTRS); /* NULL: nothing */
    T_CHECK(!otel_counter_enabled(c));
    again = otel_counter_create(scope, "counter.number.0", "By", "a text of some length");
    T_CHECK(again == first); /* what is there is found */
    T_EQ_INT(n_told, 0);
    otel_counter_add(first, 1, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_points, made);
    T_EQ_INT(point_of("counter.number.0", "")->i, 2);
    T_EQ_INT(bad_values(), 0);
    shut();
}

static void used_up_instruments_are_told(void)
{
    otel_options o = plain_options();
    o.max_instruments = 3;
    what_finds_no_room_is_told_and_null_and_the_rest_goes_on(&o);
}

static void used_up_text_is_told(void)
{
    otel_options o = plain_options();
    o.text_bytes = 512;
    what_finds_no_room_is_told_and_null_and_the_rest_goes_on(&o);
}

static void used_up_series_memory_is_told(void)
{
    otel_options o = plain_options();
    o.series_bytes = 1024;
    what_finds_no_room_is_told_and_null_and_the_rest_goes_on(&o);
}

/* A name that is too long for what is left does not keep a shorter one out. */
static void what_found_no_room_gives_back_what_it_took(void)
{
    otel_options o = plain_options();
    char         longest[3000];
    unsigned     i;

    memset(longest, 'd', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    o.text_bytes = 1024;
    open_sdk(&o);
    for (i = 0; i < 50; i++) {
        forget_told();
        T_CHECK(otel_counter_create(scope, "c", "By", longest) == NULL);
        T_CHECK(told_only(1, "c: ", "no room"));
    }
    T_CHECK(otel_counter_create(scope, "c", "By", "short") != NULL);
    T_EQ_INT(n_told, 0);
    T_CHECK(otel_counter_create(scope, "c", "By", longest) != NULL); /* keeps the short one */
    T_CHECK(told_only(1, "c: ", "description"));
    shut();
}

static void a_histogram_that_is_larger_than_the_memory_is_told(void)
{
    const otel_histogram_options options = { NULL, 0, 5, 65535, 0, false };
    otel_options                 o = plain_options();

    o.series_bytes = 64 * 1024;
    open_sdk(&o);
    T_CHECK(otel_histogram_create(scope, "h", NULL, NULL, &options) == NULL);
    T_CHECK(told_only(1, "h: ", "no room"));
    T_CHECK(otel_histogram_create(scope, "h", NULL, NULL, NULL) != NULL);
    T_EQ_INT(n_told, 0);
    shut();
}

/* ---- nobody is interested ---- */

#define ENABLED(type, name, suffix)                                                                \
    static bool enabled_##name##suffix(void *in)                                                   \
    {                                                                                              \
        return otel_##name##_enabled##suffix((const type *)in);                                    \
    }
ENABLED(otel_counter, counter, )
ENABLED(otel_counter_f64, counter, _f64)
ENABLED(otel_updown, updown, )
ENABLED(otel_updown_f64, updown, _f64)
ENABLED(otel_gauge, gauge, )
ENABLED(otel_gauge_f64, gauge, _f64)
ENABLED(otel_histogram, histogram, )
ENABLED(otel_histogram_f64, histogram, _f64)

static bool (*const enabled[])(void *in) = {
    enabled_counter, enabled_counter_f64, enabled_updown,    enabled_updown_f64,
    enabled_gauge,   enabled_gauge_f64,   enabled_histogram, enabled_histogram_f64,
};

/* M-14, M-108. */
static void an_instrument_is_enabled_until_the_sdk_is_closed(void)
{
    void  *made[COUNT(enabled)];
    size_t i;

    open_default();
    for (i = 0; i < COUNT(enabled); i++) {
        made[i] = kinds[i].make(scope, kinds[i].name, NULL, NULL);
        T_CHECK(made[i] != NULL && enabled[i](made[i]));
        T_CHECK(!enabled[i](NULL));
    }
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK);
    for (i = 0; i < COUNT(enabled); i++) {
        T_CHECK(!enabled[i](made[i]));
        T_CHECK(kinds[i].make(scope, kinds[i].name, NULL, NULL) == NULL);
    }
    T_EQ_INT(n_told, 0);
    shut();
}

/* drop_instruments: every kind alone, and all of them. */
static void dropped_kinds_give_null_and_send_nothing(void)
{
    otel_options o = plain_options();
    size_t       i;
    uint32_t     bit;

    for (bit = 0; bit <= 7; bit++) {
        unsigned kept = 0;
        o.drop_instruments = bit < 7 ? 1u << bit : 0x7fu;
        open_for_kinds(&o);
        for (i = 0; i < COUNT(kinds); i++) {
            void      *in = kinds[i].make(scope, kinds[i].name, NULL, NULL);
            const bool dropped = ((o.drop_instruments >> kinds[i].number) & 1u) != 0;
            T_EQ_INT(in == NULL, dropped);
            if (in != NULL) {
                kinds[i].record(in);
                kept++;
            } else if (i < COUNT(enabled)) {
                kinds[i].record(in); /* does nothing */
                T_CHECK(!enabled[i](in));
            }
        }
        T_EQ_INT(kept, bit < 7 ? COUNT(kinds) - 2 : 0);
        read_all();
        T_EQ_INT(n_metrics, kept);
        T_EQ_INT(n_told, 0);
        shut();
    }
}

/* A callback that comes with a dropped observable is not run. */
static unsigned runs;

static void count_run(void *user, otel_observer *observer)
{
    (void)user;
    (void)observer;
    runs++;
}

static void the_callback_of_a_dropped_observable_does_not_run(void)
{
    const otel_callback callback = { count_run, NULL };
    otel_options        o = plain_options();

    o.drop_instruments = 1u << OTEL_INSTRUMENT_OBSERVABLE_GAUGE;
    open_sdk(&o);
    runs = 0;
    T_CHECK(otel_observable_gauge_create(scope, "g", NULL, NULL, &callback) == NULL);
    read_all();
    T_EQ_INT(runs, 0);
    shut();
}

/* M-40: a histogram's own aggregation, and the SDK's for its histograms. */
static void the_drop_aggregation_gives_null_and_sends_nothing(void)
{
    const otel_histogram_options drop = { NULL, 0, OTEL_AGGREGATION_DROP, 0, 0, false };
    const otel_histogram_options keep = { NULL, 0, 4, 0, 0, false };
    otel_options                 o = plain_options();
    otel_histogram              *h;

    open_default();
    h = otel_histogram_create(scope, "h", NULL, NULL, &drop);
    T_CHECK(h == NULL && !otel_histogram_enabled(h));
    T_CHECK(otel_histogram_create_f64(scope, "h", NULL, NULL, &drop) == NULL);
    otel_histogram_record(h, 1, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_metrics, 0);
    T_EQ_INT(n_told, 0);
    shut();

    o.histogram_aggregation = OTEL_AGGREGATION_DROP;
    open_sdk(&o);
    T_CHECK(otel_histogram_create(scope, "h", NULL, NULL, NULL) == NULL);
    h = otel_histogram_create(scope, "kept", NULL, NULL, &keep); /* its own wins */
    T_CHECK(h != NULL && otel_counter_create(scope, "c", NULL, NULL) != NULL);
    otel_histogram_record(h, 1, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_metrics, 1);
    T_EQ_INT(metrics_named("kept"), 1);
    T_EQ_INT(n_told, 0);
    shut();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(each_kind_is_exported_as_what_it_is);
    T_RUN(the_same_request_gives_the_same_instrument_in_every_kind);
    T_RUN(two_requests_for_one_instrument_add_into_one_stream);
    T_RUN(names_that_differ_in_case_are_one_and_the_first_spelling_goes_out);
    T_RUN(only_letters_have_a_case);
    T_RUN(units_that_differ_in_case_are_two);
    T_RUN(a_conflict_of_kind_or_number_type_gives_two_working_instruments);
    T_RUN(a_conflict_of_unit_gives_two_working_instruments);
    T_RUN(of_two_descriptions_the_longer_one_goes_out_and_it_is_told);
    T_RUN(scopes_are_separate_name_spaces);
    T_RUN(of_two_sets_of_options_the_first_one_counts_and_it_is_told);
    T_RUN(the_callers_boundaries_may_go);
    T_RUN(boundaries_that_are_not_valid_are_told_and_the_default_ones_used);
    T_RUN(boundaries_at_the_limits_are_taken);
    T_RUN(sizes_and_scales_that_are_not_valid_are_told_and_the_default_ones_used);
    T_RUN(an_aggregation_that_does_not_exist_is_told_and_the_default_one_used);
    T_RUN(the_sdks_aggregation_is_the_default_of_its_histograms);
    T_RUN(names_that_are_not_valid_are_told_and_work);
    T_RUN(texts_of_full_length_survive_whole);
    T_RUN(missing_texts_are_empty_ones);
    T_RUN(texts_that_are_not_utf8_are_repaired);
    T_RUN(asking_again_takes_no_memory);
    T_RUN(used_up_instruments_are_told);
    T_RUN(used_up_text_is_told);
    T_RUN(used_up_series_memory_is_told);
    T_RUN(what_found_no_room_gives_back_what_it_took);
    T_RUN(a_histogram_that_is_larger_than_the_memory_is_told);
    T_RUN(an_instrument_is_enabled_until_the_sdk_is_closed);
    T_RUN(dropped_kinds_give_null_and_send_nothing);
    T_RUN(the_callback_of_a_dropped_observable_does_not_run);
    T_RUN(the_drop_aggregation_gives_null_and_sends_nothing);
    return t_end();
}
