/* Views in detail: which names a pattern means, which attributes stay, bound handles of instruments
 * with several streams, what is told, and what happens when memory ends. Every field against a
 * model: tests/property/test_views.py.
 * Requirements M-31..M-35, M-38, M-81, M-107, M-108. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"
#include "points.h"

#include <sys/wait.h>

static otel_view views[16];

static otel_options options_with(size_t n)
{
    otel_options o = plain_options();

    o.views = views;
    o.n_views = n;
    return o;
}

/* The first n views, which the test has filled in. */
static bool open_views(size_t n)
{
    const otel_options o = options_with(n);
    return open_sdk(&o);
}

static void forget_views(void) { memset(views, 0, sizeof views); }

static otel_attrs two(otel_attr *place, int64_t a, int64_t b)
{
    place[0] = otel_int("a", a);
    place[1] = otel_int("b", b);
    return otel_attrs_of(place, 2);
}

static int64_t int_of(const char *name, const char *attrs) { return point_of(name, attrs)->i; }

/* ---- names ---- */

static void a_pattern_means_the_names_that_it_should(void)
{
    static const struct {
        const char *pattern, *name;
        bool        fits;
    } cases[] = {
        { "", "", true },
        { "", "a", false },
        { "a", "", false },
        { "load", "load", true },
        { "load", "loads", false },
        { "loads", "load", false },
        { "LOAD", "load", true },
        { "load", "LoAd", true },
        { "[", "{", false }, /* bytes that differ as letters of two cases do */
        { "@", "`", false },
        { "*", "", true },
        { "*", "load", true },
        { "**", "", true },
        { "**", "load", true },
        { "***l***", "load", true },
        { "?", "", false },
        { "?", "l", true },
        { "?", "lo", false },
        { "??", "lo", true },
        { "?*", "", false },
        { "?*", "load", true },
        { "*?", "", false },
        { "*?", "l", true },
        { "*?*", "", false },
        { "*??*", "l", false },
        { "*??*", "lo", true },
        { "lo*", "load", true },
        { "lo*", "lo", true },
        { "lo*", "l", false },
        { "*ad", "load", true },
        { "*ad", "ad", true },
        { "*ad", "adx", false },
        { "*ad", "adad", true }, /* the * takes what looked like the end */
        { "l*d", "load", true },
        { "l*d", "ld", true },
        { "l*d", "lodo", false },
        { "a*b*c", "abc", true },
        { "a*b*c", "aXbYc", true },
        { "a*b*c", "abcbc", true },
        { "a*b*c", "acb", false },
        { "a*b*c", "ab", false },
        { "*ab*ab", "abab", true },
        { "*ab*ab", "aab", false },
        { "*aab", "aaab", true },
        { "a?c", "abc", true },
        { "a?c", "ac", false },
        { "a*?c", "abc", true },
        { "a*?c", "ac", false },
        { "*.read", "disk.read", true },
        { "*.read", "disk.readx", false },
        { "disk.*.bytes", "disk.read.bytes", true },
        { "disk.*.bytes", "disk.bytes", false },
        { "?", "\xc3\xa4", false }, /* bytes, not characters */
        { "??", "\xc3\xa4", true },
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        if (!T_EQ_INT(otel__view_name_fits(cases[i].pattern, cases[i].name), cases[i].fits)) {
            printf("    \"%s\" and \"%s\"\n", cases[i].pattern, cases[i].name);
        }
    }
}

/* The plainest way to say what a pattern means. */
static bool plainly_fits(const char *pattern, const char *name)
{
    if (*pattern == '*') {
        return plainly_fits(pattern + 1, name) ||
               (*name != '\0' && plainly_fits(pattern, name + 1));
    }
    if (*pattern == '\0' || *name == '\0') {
        return *pattern == *name;
    }
    return (*pattern == '?' || *pattern == *name) && plainly_fits(pattern + 1, name + 1);
}

static void all_short_patterns_are_what_they_mean(void)
{
    static const char in_pattern[] = "ab*?", in_name[] = "ab";
    char              pattern[6], name[6];
    unsigned          p, n, i, rest, bad = 0;

    for (p = 0; p < 5u * 5u * 5u * 5u * 5u; p++) { /* five places: a letter, or the end */
        for (i = 0, rest = p; i < 5; i++, rest /= 5) {
            pattern[i] = rest % 5 < 4 ? in_pattern[rest % 5] : '\0';
        }
        pattern[5] = '\0';
        for (n = 0; n < 3u * 3u * 3u * 3u * 3u; n++) {
            for (i = 0, rest = n; i < 5; i++, rest /= 3) {
                name[i] = rest % 3 < 2 ? in_name[rest % 3] : '\0';
            }
            name[5] = '\0';
            bad += otel__view_name_fits(pattern, name) != plainly_fits(pattern, name) ? 1u : 0u;
        }
    }
    T_EQ_INT(bad, 0);
}

/* ---- attributes ---- */

static void the_filter_leaves_what_it_should_in_order(void)
{
    static const char *const keep[] = { "a", "bb", "c", NULL };
    static const char *const exclude[] = { "c", "zz", NULL };
    const otel_attr          given[] = { otel_int("d", 1),   otel_int("bb", 2), otel_int("b", 3),
                                         otel_int("bbb", 4), otel_int("c", 5),  otel_int("a", 6),
                                         otel_int("a", 7),   otel_int("A", 8) };
    const otel_attrs         all = otel_attrs_of(given, COUNT(given));
    const otel_attrs         missing = { NULL, 5 };
    otel__view_attrs         out;
    otel_view                view;

    memset(&view, 0, sizeof view);
    T_CHECK(!otel__view_filters(&view) && !otel__view_filters(NULL));
    otel__view_filter(&view, all, &out);
    T_EQ_INT(out.n, 8);
    view.keep = keep;
    view.exclude = exclude;
    T_CHECK(otel__view_filters(&view));
    otel__view_filter(&view, all, &out);
    if (T_EQ_INT(out.n, 3)) {
        T_EQ_INT(out.kept[0].value.i, 2);
        T_EQ_INT(out.kept[1].value.i, 6);
        T_EQ_INT(out.kept[2].value.i, 7); /* of one key: the series looks for the last */
    }
    view.keep = NULL;
    otel__view_filter(&view, all, &out);
    T_EQ_INT(out.n, 7);
    T_EQ_INT(out.lost, 0);
    otel__view_filter(&view, missing, &out);
    T_EQ_INT(out.n, 0);
}

static void a_key_with_a_length_needs_no_end(void)
{
    static const char *const keep[] = { "ab", NULL };
    char                     text[2] = { 'a', 'b' };
    otel_attr                a = otel_int(NULL, 1);
    otel_view                view;

    memset(&view, 0, sizeof view);
    view.keep = keep;
    a.key = text;
    a.key_length = 2;
    T_CHECK(otel__view_keeps(&view, &a));
    a.key_length = 1;
    T_CHECK(!otel__view_keeps(&view, &a));
}

static void a_list_that_is_too_long_is_cut_and_what_is_lost_is_counted(void)
{
    static otel_attr         given[3 * OTEL__ATTRS_MAX];
    static const char *const exclude[] = { "none", NULL };
    otel__view_attrs         out;
    otel_view                view;
    size_t                   i;

    memset(&view, 0, sizeof view);
    view.exclude = exclude;
    for (i = 0; i < COUNT(given); i++) {
        given[i] = otel_int("k", (int64_t)i);
    }
    otel__view_filter(&view, otel_attrs_of(given, COUNT(given)), &out);
    T_EQ_INT(out.n, OTEL__VIEW_ATTRS);
    T_EQ_INT(out.lost, COUNT(given) - OTEL__VIEW_ATTRS);
    T_EQ_INT(out.kept[OTEL__VIEW_ATTRS - 1].value.i, OTEL__VIEW_ATTRS - 1);
}

static void an_empty_list_to_keep_leaves_one_series(void)
{
    static const char *const none[] = { NULL };
    otel_attr                place[2];
    otel_counter            *counter;
    int64_t                  i;

    forget_views();
    views[0].keep = none;
    open_views(1);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    for (i = 1; i <= 10; i++) {
        otel_counter_add(counter, i, two(place, i, -i));
    }
    otel_counter_add(counter, 100, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_points, 1);
    T_EQ_INT(int_of("load", ""), 155);
    shut();
}

static void attributes_that_stay_past_the_limit_count_as_dropped(void)
{
    static const char *const exclude[] = { "none", NULL };
    static char              keys[OTEL__VIEW_ATTRS + 3][4];
    static otel_attr         given[OTEL__VIEW_ATTRS + 3];
    otel_stats               stats;
    otel_counter            *counter;
    unsigned                 i;

    for (i = 0; i < COUNT(given); i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%u", i);
        given[i] = otel_int(keys[i], 1);
    }
    forget_views();
    views[0].exclude = exclude;
    open_views(1);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    otel_counter_add(counter, 1, otel_attrs_of(given, OTEL__VIEW_ATTRS));
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.dropped_attributes, 0);
    otel_counter_add(counter, 1, otel_attrs_of(given, COUNT(given)));
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.dropped_attributes, 3);
    T_EQ_INT(stats.series, 1);
    shut();
}

static void an_empty_list_to_leave_out_leaves_all(void)
{
    static const char *const none[] = { NULL };
    otel_attr                place[2];
    otel_counter            *counter;

    forget_views();
    views[0].exclude = none;
    open_views(1);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    otel_counter_add(counter, 3, two(place, 1, 2));
    read_all();
    T_EQ_INT(int_of("load", "a=1 b=2"), 3);
    shut();
}

static int64_t told_values[3];
static void   *told_to;

static void tell_three(void *user, otel_observer *observer)
{
    otel_attr place[2];
    int64_t   i;

    (void)user;
    for (i = 0; i < 3; i++) {
        otel_observe(observer, (otel_observable *)told_to, told_values[i], two(place, i / 2, i));
    }
}

static void what_callbacks_tell_of_sets_that_become_one_is_added_up_in_each_reading(void)
{
    static const char *const keep[] = { "a", NULL };
    const otel_callback      callback = { tell_three, NULL };
    unsigned                 round;

    forget_views();
    views[0].keep = keep;
    views[1].name = "last";
    views[1].keep = keep;
    views[1].aggregation = OTEL_AGGREGATION_LAST_VALUE;
    open_views(2);
    told_to = otel_observable_counter_create(scope, "told", NULL, NULL, &callback);
    for (round = 1; round <= 3; round++) {
        told_values[0] = 10 * round;
        told_values[1] = round;
        told_values[2] = 1000;
        read_all();
        T_EQ_INT(n_points, 4);
        T_EQ_INT(int_of("told", "a=0"), 11 * round);
        T_EQ_INT(int_of("told", "a=1"), 1000);
        T_EQ_INT(int_of("last", "a=0"), round);
        T_EQ_INT(int_of("last", "a=1"), 1000);
    }
    shut();
}

/* ---- which instruments, and what changes ---- */

static void a_view_of_zeros_changes_nothing(void)
{
    static uint8_t         before[6000];
    const double           bounds[] = { 1, 2 };
    otel_histogram_options asked = { bounds, 2, 0, 0, 0, true };
    otel_attr              place[2];
    size_t                 n = 0;
    unsigned               turn;

    forget_views();
    for (turn = 0; turn < 3; turn++) { /* without, NULL, with */
        otel_options      o = options_with(1);
        otel_histogram   *histogram;
        const point_seen *p;
        o.n_views = turn == 0 ? 0 : 1;
        o.views = turn == 1 ? NULL : views;
        open_sdk(&o);
        histogram = otel_histogram_create(scope, "load", "By", "text", &asked);
        otel_histogram_record(histogram, 2, two(place, 1, 2));
        read_all();
        p = point_of("load", "a=1 b=2");
        T_EQ_STR(metric_of("load", 0)->unit, "By");
        T_EQ_STR(metric_of("load", 0)->description, "text");
        T_EQ_INT(p->n_bounds, 2);
        T_CHECK(!p->has_min_max);
        if (turn == 0) {
            memcpy(before, p->said, n = p->n_said);
        } else {
            T_EQ_MEM(p->said, p->n_said, before, n);
        }
        T_CHECK(told_only(0, "", ""));
        shut();
    }
}

static void criteria_without_text_mean_instruments_without_it(void)
{
    otel_scope *versioned;

    forget_views();
    views[0].instrument_unit = "";
    views[0].scope_version = "";
    views[0].aggregation = OTEL_AGGREGATION_DROP;
    open_views(1);
    versioned = otel_scope_get(sdk, "test", "1");
    T_CHECK(otel_counter_create(scope, "none", NULL, NULL) == NULL);
    T_CHECK(otel_counter_create(scope, "empty", "", NULL) == NULL);
    T_CHECK(otel_counter_create(scope, "unit", "By", NULL) != NULL);
    T_CHECK(otel_counter_create(versioned, "version", NULL, NULL) != NULL);
    shut();
}

static void an_instrument_is_enabled_while_one_view_leaves_it_a_stream(void)
{
    otel_counter *counter;

    forget_views();
    views[0].aggregation = OTEL_AGGREGATION_DROP;
    views[1].instrument_name = "kept*";
    views[2].instrument_name = "unsuited";
    views[2].aggregation = OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    open_views(3);
    T_CHECK(otel_counter_create(scope, "gone", NULL, NULL) == NULL);
    T_CHECK(!otel_counter_enabled(NULL));
    T_CHECK(otel_observable_gauge_create(scope, "unsuited", NULL, NULL, NULL) == NULL);
    T_CHECK(told_only(1, "instrument unsuited", "view is ignored"));
    counter = otel_counter_create(scope, "kept", NULL, NULL);
    T_CHECK(otel_counter_enabled(counter));
    otel_counter_add(NULL, 1, OTEL_NO_ATTRS);
    otel_counter_add(counter, 1, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(n_metrics, 1);
    T_EQ_INT(int_of("kept", ""), 1);
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK);
    T_CHECK(!otel_counter_enabled(counter));
    shut();
}

static void a_view_for_another_kind_is_told_and_the_default_stands(void)
{
    const otel_callback callback = { tell_three, NULL };

    forget_views();
    views[0].name = "renamed";
    views[0].aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    open_views(1);
    told_to = otel_observable_updown_create(scope, "told", NULL, NULL, &callback);
    T_CHECK(told_only(1, "instrument told", "view is ignored"));
    read_all();
    T_EQ_INT(n_metrics, 1);
    T_EQ_INT(metric_of("told", 0)->data, DATA_SUM);
    shut();
}

static void bad_boundaries_of_a_view_are_told_and_the_default_ones_stand(void)
{
    static const double    bad[] = { 5, 1 };
    const double           asked[] = { 7 };
    otel_histogram_options options = { asked, 1, 0, 0, 0, false };
    otel_histogram        *histogram;

    forget_views();
    views[0].bounds = bad;
    views[0].n_bounds = 2;
    open_views(1);
    histogram = otel_histogram_create(scope, "load", NULL, NULL, &options);
    T_CHECK(told_only(1, "instrument load", "not valid"));
    otel_histogram_record(histogram, 3, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(point_of("load", "")->n_bounds, 15);
    shut();
}

static void a_longer_description_reaches_the_streams_that_have_no_other(void)
{
    otel_counter *counter;

    forget_views();
    views[0].name = "described";
    views[0].description = "v";
    views[1].name = "plain";
    open_views(2);
    counter = otel_counter_create(scope, "load", NULL, "short");
    T_CHECK(told_only(0, "", ""));
    T_CHECK(otel_counter_create(scope, "LOAD", NULL, "much longer") == counter);
    T_EQ_INT(told_of("instrument LOAD", "another case"), 1);
    T_EQ_INT(told_of("instrument LOAD", "another description"), 1);
    otel_counter_add(counter, 1, OTEL_NO_ATTRS);
    read_all();
    T_EQ_STR(metric_of("described", 0)->description, "v");
    T_EQ_STR(metric_of("plain", 0)->description, "much longer");
    shut();
}

/* ---- names that clash ---- */

static void two_views_of_one_instrument_with_one_name_are_told_and_both_sent(void)
{
    otel_counter *counter;

    forget_views();
    views[1].aggregation = OTEL_AGGREGATION_LAST_VALUE;
    open_views(2);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    T_CHECK(told_only(1, "instrument load", "second metric of this name"));
    otel_counter_add(counter, 3, OTEL_NO_ATTRS);
    otel_counter_add(counter, 4, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(metrics_named("load"), 2);
    T_EQ_INT(point_in(metric_of("load", 0), "")->i, 7);
    T_EQ_INT(point_in(metric_of("load", 1), "")->i, 4);
    shut();
}

static void instruments_that_a_view_gives_one_name_are_told_and_stay_apart(void)
{
    otel_counter *one, *other, *elsewhere;

    forget_views();
    views[0].instrument_name = "load.?";
    views[0].name = "LOAD";
    open_views(1);
    one = otel_counter_create(scope, "load.1", NULL, NULL);
    T_CHECK(told_only(0, "", ""));
    other = otel_counter_create(scope, "load.2", NULL, NULL);
    T_CHECK(told_only(1, "instrument load.2", "second metric of this name"));
    T_CHECK(otel_counter_create(scope, "load", NULL, NULL) != NULL);
    T_CHECK(told_only(1, "instrument load", "second metric of this name"));
    elsewhere = otel_counter_create(otel_scope_get(sdk, "else", NULL), "load.1", NULL, NULL);
    T_CHECK(told_only(0, "", ""));
    T_CHECK(one != other && other != elsewhere && one != elsewhere);
    otel_counter_add(one, 1, OTEL_NO_ATTRS);
    otel_counter_add(other, 2, OTEL_NO_ATTRS);
    otel_counter_add(elsewhere, 3, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(metrics_named("LOAD"), 3);
    T_EQ_INT(point_in(metric_of("LOAD", 0), "")->i, 1);
    T_EQ_INT(point_in(metric_of("LOAD", 1), "")->i, 2);
    T_EQ_INT(point_in(metric_of("LOAD", 2), "")->i, 3);
    shut();
}

static void asking_again_is_by_the_instruments_name_and_not_a_views(void)
{
    otel_counter *counter;

    forget_views();
    views[0].instrument_name = "load";
    views[0].name = "renamed";
    views[1].instrument_name = "load";
    views[1].name = "again";
    open_views(2);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    T_CHECK(otel_counter_create(scope, "load", NULL, NULL) == counter);
    T_CHECK(told_only(0, "", ""));
    T_CHECK(otel_counter_create(scope, "again", NULL, NULL) != counter);
    T_CHECK(told_only(1, "instrument again", "second metric of this name"));
    T_CHECK(otel_updown_create(scope, "load", NULL, NULL) != NULL);
    T_EQ_INT(told_of("instrument load", "another kind"), 1);
    T_EQ_INT(told_of("instrument load", "second metric of this name"), 1);
    shut();
}

/* ---- many streams ---- */

static void every_view_of_an_instrument_gets_every_value(void)
{
    static char        names[COUNT(views)][16];
    otel_attr          place[2];
    otel_counter      *counter;
    otel_bound_counter bound;
    char               attrs[32];
    size_t             i;

    forget_views();
    for (i = 0; i < COUNT(views); i++) {
        (void)snprintf(names[i], sizeof names[i], "v%u", (unsigned)i);
        views[i].name = names[i];
        views[i].max_series = (uint32_t)i + 1;
    }
    open_views(COUNT(views));
    counter = otel_counter_create(scope, "load", NULL, NULL);
    for (i = 0; i < COUNT(views); i++) {
        otel_counter_add(counter, 1, two(place, (int64_t)i, 0));
        bound = otel_counter_bind(counter, two(place, (int64_t)i, 0));
        otel_bound_counter_add(bound, 1);
        otel_bound_counter_add(bound, 1);
    }
    read_all();
    T_EQ_INT(n_metrics, COUNT(views));
    for (i = 0; i < COUNT(views); i++) {
        (void)snprintf(attrs, sizeof attrs, "a=%u b=0", (unsigned)i);
        T_EQ_INT(int_of(names[i], attrs), 3); /* the last set that fits */
        T_EQ_INT(metric_of(names[i], 0)->n_points, i + 1 < COUNT(views) ? i + 2 : i + 1);
        if (i + 1 < COUNT(views)) {
            T_EQ_INT(int_of(names[i], "otel.metric.overflow=true"), 3 * (15 - (int)i));
        }
    }
    shut();
}

static void when_streams_use_up_the_places_of_instruments_those_that_are_there_work(void)
{
    uint32_t      limit;
    otel_counter *first, *second;
    otel_attr     place[2];

    for (limit = 1; limit <= 7; limit++) {
        otel_options o = options_with(3);
        unsigned     n = limit < 3 ? limit : 3;
        forget_views();
        views[0].name = "x";
        views[1].name = "y";
        views[2].name = "z";
        o.max_instruments = limit;
        open_sdk(&o);
        first = otel_counter_create(scope, "first", NULL, NULL);
        T_CHECK(first != NULL);
        T_EQ_INT(told_of("instrument first", "no room"), limit < 3);
        second = otel_counter_create(scope, "second", NULL, NULL);
        T_CHECK((second != NULL) == (limit > 3));
        T_EQ_INT(told_of("instrument second", "no room"), limit < 6);
        otel_counter_add(first, 5, two(place, 1, 2));
        otel_bound_counter_add(otel_counter_bind(first, two(place, 1, 2)), 2);
        otel_counter_add(second, 9, two(place, 1, 2));
        otel_bound_counter_add(otel_counter_bind(second, two(place, 1, 2)), 2);
        read_all();
        T_EQ_INT(n_metrics, limit < 6 ? limit : 6);
        T_EQ_INT(metrics_named("x"), limit > 3 ? 2 : 1);
        T_EQ_INT(metrics_named("y"), limit > 4 ? 2 : limit > 1);
        T_EQ_INT(metrics_named("z"), limit > 5 ? 2 : limit > 2);
        for (; n > 0; n--) {
            T_EQ_INT(points[n - 1].i, 7);
        }
        shut();
    }
}

/* ---- bound handles ---- */

enum {
    COUNTER,
    COUNTER_F64,
    UPDOWN,
    UPDOWN_F64,
    GAUGE,
    GAUGE_F64,
    HISTOGRAM,
    HISTOGRAM_F64,
    KINDS
};

static const char *const kind_names[KINDS] = { "counter",    "counter_f64",  "updown",
                                               "updown_f64", "gauge",        "gauge_f64",
                                               "histogram",  "histogram_f64" };

/* Record 3 and 4 into an instrument of that kind, by calls or through a handle. */
static void record_into(unsigned kind, otel_attrs attrs, bool bound)
{
#define PLAIN(type, verb, suffix)                                                                  \
    {                                                                                              \
        otel_##type##suffix *in =                                                                  \
            otel_##type##_create##suffix(scope, kind_names[kind], NULL, NULL);                     \
        INTO(type, verb, suffix)                                                                   \
    }
#define DISTRIBUTION(type, verb, suffix)                                                           \
    {                                                                                              \
        otel_##type##suffix *in =                                                                  \
            otel_##type##_create##suffix(scope, kind_names[kind], NULL, NULL, NULL);               \
        INTO(type, verb, suffix)                                                                   \
    }
#define INTO(type, verb, suffix)                                                                   \
    otel_bound_##type##suffix handle = otel_##type##_bind##suffix(in, attrs);                      \
    int                       v;                                                                   \
    for (v = 3; v <= 4; v++) {                                                                     \
        if (bound) {                                                                               \
            otel_bound_##type##_##verb##suffix(handle, v);                                         \
        } else {                                                                                   \
            otel_##type##_##verb##suffix(in, v, attrs);                                            \
        }                                                                                          \
    }
    switch (kind) {
    case COUNTER: PLAIN(counter, add, ) break;
    case COUNTER_F64: PLAIN(counter, add, _f64) break;
    case UPDOWN: PLAIN(updown, add, ) break;
    case UPDOWN_F64: PLAIN(updown, add, _f64) break;
    case GAUGE: PLAIN(gauge, set, ) break;
    case GAUGE_F64: PLAIN(gauge, set, _f64) break;
    case HISTOGRAM: DISTRIBUTION(histogram, record, ) break;
    default: DISTRIBUTION(histogram, record, _f64) break;
    }
#undef PLAIN
#undef DISTRIBUTION
#undef INTO
}

/* What is read after recordings into an instrument of each kind. */
static size_t record_and_read(size_t n_views, bool bound, uint8_t *to, size_t room)
{
    otel_attr place[2];
    unsigned  kind, i;
    size_t    n = 0;

    open_views(n_views);
    for (kind = 0; kind < KINDS; kind++) {
        record_into(kind, two(place, 1, 2), bound);
    }
    read_all();
    T_EQ_INT(n_points, KINDS * n_views);
    for (i = 0; i < n_points && T_CHECK(n + points[i].n_said + 256 < room); i++) {
        n += (size_t)snprintf((char *)to + n, room - n, "%s %u %s:", metrics[points[i].metric].name,
                              (unsigned)metrics[points[i].metric].data, points[i].attrs);
        memcpy(to + n, points[i].said, points[i].n_said);
        n += points[i].n_said;
    }
    shut();
    return n;
}

static void a_handle_records_what_calls_do_whatever_views_make_of_it(void)
{
    static const char *const keep[] = { "b", NULL };
    static uint8_t           called[40000], bound[40000];
    size_t                   n, n_bound;
    unsigned                 aggregation, n_views, filters;

    for (aggregation = 0; aggregation <= 5; aggregation++) {
        for (n_views = 1; n_views <= 3; n_views++) {
            for (filters = 0; filters < 2; filters++) {
                if (aggregation == OTEL_AGGREGATION_DROP) {
                    continue;
                }
                forget_views();
                views[0].aggregation = aggregation;
                views[1].name = "y";
                views[1].aggregation = OTEL_AGGREGATION_LAST_VALUE;
                views[2].name = "z";
                views[filters ? n_views - 1 : 3].keep = keep;
                n = record_and_read(n_views, false, called, sizeof called);
                n_bound = record_and_read(n_views, true, bound, sizeof bound);
                T_EQ_MEM(bound, n_bound, called, n);
            }
        }
    }
}

static void a_handle_keeps_its_place_in_each_stream(void)
{
    otel_attr          place[2];
    otel_counter      *counter;
    otel_bound_counter early, late;

    forget_views();
    views[0].name = "small";
    views[0].max_series = 1;
    views[1].name = "large";
    open_views(2);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    early = otel_counter_bind(counter, two(place, 1, 1)); /* takes the only place of `small` */
    otel_counter_add(counter, 10, two(place, 2, 2));
    late = otel_counter_bind(counter, two(place, 2, 2));
    otel_bound_counter_add(early, 1);
    otel_bound_counter_add(late, 5);
    read_all();
    T_EQ_INT(n_points, 4);
    T_EQ_INT(int_of("small", "a=1 b=1"), 1);
    T_EQ_INT(int_of("small", "otel.metric.overflow=true"), 15);
    T_EQ_INT(int_of("large", "a=1 b=1"), 1);
    T_EQ_INT(int_of("large", "a=2 b=2"), 15);
    otel_bound_counter_add(late, 5); /* for good */
    otel_bound_counter_add(early, 1);
    read_all();
    T_EQ_INT(int_of("small", "a=1 b=1"), 2);
    T_EQ_INT(int_of("small", "otel.metric.overflow=true"), 20);
    T_EQ_INT(int_of("large", "a=2 b=2"), 20);
    shut();
}

static void handles_of_sets_that_become_one_share_a_series(void)
{
    static const char *const keep[] = { "a", NULL };
    otel_attr                place[2];
    otel_counter            *counter;
    otel_bound_counter       one, other;

    forget_views();
    views[0].keep = keep;
    open_views(1);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    one = otel_counter_bind(counter, two(place, 1, 1));
    other = otel_counter_bind(counter, two(place, 1, 2));
    otel_bound_counter_add(one, 1);
    otel_bound_counter_add(other, 2);
    otel_counter_add(counter, 4, two(place, 1, 3));
    read_all();
    T_EQ_INT(n_points, 1);
    T_EQ_INT(int_of("load", "a=1"), 7);
    shut();
}

/* A program that binds for each request must not run out of memory for it. */
static void binding_one_set_again_and_again_stays_with_its_series(void)
{
    otel_options  o = options_with(2);
    otel_attr     place[2];
    otel_counter *counter;
    otel_stats    before, after;
    unsigned      i;

    forget_views();
    views[0].name = "x";
    views[1].name = "y";
    o.series_bytes = 16384;
    open_sdk(&o);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    for (i = 0; i < 10; i++) {
        otel_bound_counter_add(otel_counter_bind(counter, two(place, 1, 1)), 1);
    }
    otel_stats_get(sdk, &before);
    for (; i < 1000; i++) {
        otel_bound_counter_add(otel_counter_bind(counter, two(place, 1, 1)), 1);
    }
    otel_stats_get(sdk, &after);
    T_EQ_INT(after.series_bytes_used, before.series_bytes_used);
    read_all();
    T_EQ_INT(n_points, 2);
    T_EQ_INT(int_of("x", "a=1 b=1"), 1000);
    T_EQ_INT(int_of("y", "a=1 b=1"), 1000);
    shut();
}

static void when_memory_ends_nothing_is_lost_or_counted_twice(void)
{
    otel_options  o = options_with(3);
    otel_attr     place[2];
    otel_counter *counter;
    int64_t       sum[3] = { 0, 0, 0 };
    int64_t       i;
    unsigned      k;

    forget_views();
    views[0].name = "x";
    views[1].name = "y";
    views[2].name = "z";
    o.series_bytes = 8192;
    open_sdk(&o);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    for (i = 0; i < 300; i++) {
        otel_bound_counter bound = otel_counter_bind(counter, two(place, i, 0));
        otel_bound_counter_add(bound, 1);
        otel_bound_counter_add(bound, 2);
        otel_counter_add(counter, 4, two(place, i, 0));
    }
    read_all();
    for (k = 0; k < n_points; k++) {
        sum[metrics[points[k].metric].name[0] - 'x'] += points[k].i;
    }
    for (k = 0; k < 3; k++) {
        T_EQ_INT(sum[k], 300 * 7);
    }
    T_EQ_INT(n_metrics, 3);
    shut();
}

static void a_closed_sdk_takes_nothing_through_its_streams(void)
{
    otel_attr          place[2];
    otel_counter      *counter;
    otel_bound_counter bound;

    forget_views();
    views[0].name = "x";
    views[1].name = "y";
    open_views(2);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    bound = otel_counter_bind(counter, two(place, 1, 1));
    otel_bound_counter_add(bound, 1);
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK);
    T_EQ_INT(n_points, 2);
    n_metrics = n_points = 0;
    otel_counter_add(counter, 1, two(place, 1, 1));
    otel_bound_counter_add(bound, 1);
    T_CHECK(otel_counter_bind(counter, two(place, 1, 2)).cell == NULL);
    T_CHECK(otel_counter_create(scope, "other", NULL, NULL) == NULL);
    shut();
}

static void a_forked_child_counts_from_zero_in_each_stream(void)
{
    static const char *const keep[] = { "a", NULL };
    otel_attr                place[2];
    otel_counter            *counter;
    otel_bound_counter       bound;
    int                      status = 0;
    pid_t                    child;

    forget_views();
    views[0].name = "x";
    views[1].name = "y";
    views[1].keep = keep;
    open_views(2);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    bound = otel_counter_bind(counter, two(place, 1, 1));
    otel_bound_counter_add(bound, 1);
    otel_counter_add(counter, 1, two(place, 1, 1));
    fflush(stdout);
    child = fork();
    if (child == 0) {
        t_bad = 0;
        otel_bound_counter_add(bound, 10);
        otel_counter_add(counter, 20, two(place, 1, 1));
        otel_counter_add(counter, 40, two(place, 1, 2));
        read_all();
        T_EQ_INT(n_points, 3);
        T_EQ_INT(int_of("x", "a=1 b=1"), 30);
        T_EQ_INT(int_of("x", "a=1 b=2"), 40);
        T_EQ_INT(int_of("y", "a=1"), 70);
        fflush(stdout);
        _exit(t_bad);
    }
    T_CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    otel_bound_counter_add(bound, 1);
    read_all();
    T_EQ_INT(int_of("x", "a=1 b=1"), 3);
    T_EQ_INT(int_of("y", "a=1"), 3);
    shut();
}

static void a_bad_value_counts_once_however_many_views_there_are(void)
{
    otel_attr          place[2];
    otel_counter      *counter;
    otel_counter_f64  *real;
    otel_bound_counter bound;

    forget_views();
    views[0].name = "x";
    views[1].name = "y";
    open_views(2);
    counter = otel_counter_create(scope, "load", NULL, NULL);
    real = otel_counter_create_f64(scope, "real", NULL, NULL);
    bound = otel_counter_bind(counter, two(place, 1, 1));
    otel_counter_add(counter, -1, OTEL_NO_ATTRS);
    otel_bound_counter_add(bound, -1);
    otel_counter_add_f64(real, -0.5, OTEL_NO_ATTRS);
    T_EQ_INT(bad_values(), 3);
    read_all();
    T_EQ_INT(n_points, 0);
    shut();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_pattern_means_the_names_that_it_should);
    T_RUN(all_short_patterns_are_what_they_mean);
    T_RUN(the_filter_leaves_what_it_should_in_order);
    T_RUN(a_key_with_a_length_needs_no_end);
    T_RUN(a_list_that_is_too_long_is_cut_and_what_is_lost_is_counted);
    T_RUN(an_empty_list_to_keep_leaves_one_series);
    T_RUN(attributes_that_stay_past_the_limit_count_as_dropped);
    T_RUN(an_empty_list_to_leave_out_leaves_all);
    T_RUN(what_callbacks_tell_of_sets_that_become_one_is_added_up_in_each_reading);
    T_RUN(a_view_of_zeros_changes_nothing);
    T_RUN(criteria_without_text_mean_instruments_without_it);
    T_RUN(an_instrument_is_enabled_while_one_view_leaves_it_a_stream);
    T_RUN(a_view_for_another_kind_is_told_and_the_default_stands);
    T_RUN(bad_boundaries_of_a_view_are_told_and_the_default_ones_stand);
    T_RUN(a_longer_description_reaches_the_streams_that_have_no_other);
    T_RUN(two_views_of_one_instrument_with_one_name_are_told_and_both_sent);
    T_RUN(instruments_that_a_view_gives_one_name_are_told_and_stay_apart);
    T_RUN(asking_again_is_by_the_instruments_name_and_not_a_views);
    T_RUN(every_view_of_an_instrument_gets_every_value);
    T_RUN(when_streams_use_up_the_places_of_instruments_those_that_are_there_work);
    T_RUN(a_handle_records_what_calls_do_whatever_views_make_of_it);
    T_RUN(a_handle_keeps_its_place_in_each_stream);
    T_RUN(handles_of_sets_that_become_one_share_a_series);
    T_RUN(binding_one_set_again_and_again_stays_with_its_series);
    T_RUN(when_memory_ends_nothing_is_lost_or_counted_twice);
    T_RUN(a_closed_sdk_takes_nothing_through_its_streams);
    T_RUN(a_forked_child_counts_from_zero_in_each_stream);
    T_RUN(a_bad_value_counts_once_however_many_views_there_are);
    return t_end();
}
