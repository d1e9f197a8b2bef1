/* Callbacks: when they run, what they may do, what becomes of the values they tell, and how they
 * are registered and unregistered. Everything on one thread; several: tests/threads/observe.c.
 * Requirements M-10..M-13, M-48, M-63, M-66, M-69, M-81, M-83. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"
#include "points.h"

/* ---- callbacks that do what a test says ---- */

typedef struct script {
    unsigned runs;
    void (*act)(struct script *me, otel_observer *observer);
    otel_observable   *to[3];
    int64_t            value;
    otel_registration *registration; /* its own, or another's to take away */
    otel_observer     *kept;
} script;

static void play(void *user, otel_observer *observer)
{
    script *me = (script *)user;

    me->runs++;
    if (me->act != NULL) {
        me->act(me, observer);
    }
}

static otel_callback callback_of(script *s)
{
    otel_callback callback;

    callback.observe = play;
    callback.user = s;
    return callback;
}

static otel_registration *registered(script *s)
{
    const otel_callback callback = callback_of(s);
    return otel_callback_register(scope, &callback);
}

static otel_observable *counter_with(const char *name, script *s)
{
    const otel_callback callback = callback_of(s);
    return otel_observable_counter_create(scope, name, NULL, NULL, &callback);
}

static otel_observable *counter_alone(const char *name)
{
    return otel_observable_counter_create(scope, name, NULL, NULL, NULL);
}

/* One value for each observable that it has. */
static void tell_all(script *me, otel_observer *observer)
{
    size_t i;

    for (i = 0; i < COUNT(me->to); i++) {
        otel_observe(observer, me->to[i], me->value + (int64_t)i, OTEL_NO_ATTRS); /* NULL: none */
    }
}

static script telling(otel_observable *to, int64_t value)
{
    script s;

    memset(&s, 0, sizeof s);
    s.act = tell_all;
    s.to[0] = to;
    s.value = value;
    return s;
}

/* ---- running ---- */

/* M-12. */
static void a_callback_given_at_creation_runs_once_in_each_reading(void)
{
    script   s = telling(NULL, 10);
    unsigned i;

    open_plain();
    s.to[0] = counter_with("c", &s);
    T_EQ_INT(s.runs, 0);
    for (i = 1; i <= 5; i++) {
        s.value = 10 * (int64_t)i;
        read_all();
        T_EQ_INT(s.runs, i);
        T_EQ_INT(n_points, 1);
        T_EQ_INT(point_of("c", "")->i, 10 * i);
    }
    T_EQ_INT(otel_collect(sdk, 1000), OTEL_OK);
    T_EQ_INT(s.runs, 6);
    (void)otel_poll(sdk); /* not due: reads nothing */
    T_EQ_INT(s.runs, 6);
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK); /* the last reading */
    T_EQ_INT(s.runs, 7);
    T_CHECK(otel_collect(sdk, 1000) == OTEL_DISABLED && s.runs == 7); /* M-104 */
    T_EQ_INT(n_told, 0);
    shut();
}

/* M-11: several for one observable. */
static void every_callback_of_an_observable_runs(void)
{
    script s[3];
    size_t i;

    open_plain();
    for (i = 0; i < COUNT(s); i++) {
        s[i] = telling(NULL, 0);
        s[i].act = NULL;
        s[i].to[0] = counter_with("c", &s[i]); /* the same observable each time */
        T_CHECK(s[i].to[0] != NULL && s[i].to[0] == s[0].to[0]);
    }
    read_all();
    T_EQ_INT(n_points, 0); /* no value, no point */
    for (i = 0; i < COUNT(s); i++) {
        T_EQ_INT(s[i].runs, 1);
    }
    s[0].act = tell_all;
    s[0].value = 1;
    read_all();
    T_EQ_INT(point_of("c", "")->i, 1);
    T_EQ_INT(s[2].runs, 2);
    shut();
}

/* M-11: one for several, of other scopes, too; M-13: with one time. */
static void one_callback_serves_several_observables(void)
{
    script      s = telling(NULL, 5);
    otel_scope *other;

    open_plain();
    other = otel_scope_get(sdk, "other", NULL);
    s.to[0] = counter_alone("a");
    s.to[1] = otel_observable_gauge_create(scope, "b", NULL, NULL, NULL);
    s.to[2] = otel_observable_updown_create(other, "c", NULL, NULL, NULL);
    T_CHECK(registered(&s) != NULL);
    read_all();
    T_EQ_INT(s.runs, 1);
    T_EQ_INT(n_points, 3);
    T_EQ_INT(point_of("a", "")->i, 5);
    T_EQ_INT(point_of("b", "")->i, 6);
    T_EQ_INT(point_of("c", "")->i, 7);
    T_CHECK(points[0].time == points[1].time && points[1].time == points[2].time);
    shut();
}

/* What a callback told before it ran is no part of the reading: M-63. */
static void a_callback_registered_later_runs_from_then_on(void)
{
    script s;

    open_plain();
    s = telling(counter_alone("c"), 3);
    read_all();
    T_EQ_INT(n_points, 0);
    T_CHECK(registered(&s) != NULL);
    T_EQ_INT(s.runs, 0);
    read_all();
    T_EQ_INT(s.runs, 1);
    T_EQ_INT(point_of("c", "")->i, 3);
    shut();
}

static void the_same_callback_registered_twice_runs_twice(void)
{
    script             s;
    otel_registration *a, *b;

    open_plain();
    s = telling(counter_alone("c"), 3);
    a = registered(&s);
    b = registered(&s);
    T_CHECK(a != NULL && b != NULL && a != b);
    read_all();
    T_EQ_INT(s.runs, 2);
    otel_callback_unregister(a);
    read_all();
    T_EQ_INT(s.runs, 3);
    T_EQ_INT(point_of("c", "")->i, 3);
    otel_callback_unregister(b);
    read_all();
    T_EQ_INT(s.runs, 3);
    T_EQ_INT(n_points, 0);
    shut();
}

static void an_unregistered_callback_does_not_run_again(void)
{
    script             a, b;
    otel_registration *first, *second;

    open_plain();
    a = telling(counter_alone("a"), 1);
    b = telling(counter_alone("b"), 2);
    first = registered(&a);
    second = registered(&b);
    otel_callback_unregister(first); /* before it ever ran */
    read_all();
    T_EQ_INT(a.runs, 0);
    T_EQ_INT(b.runs, 1);
    T_EQ_INT(metrics_named("a"), 0);
    first = registered(&a);
    read_all();
    T_EQ_INT(a.runs, 1);
    otel_callback_unregister(second); /* between two readings */
    read_all();
    T_EQ_INT(a.runs, 2);
    T_EQ_INT(b.runs, 2);
    T_EQ_INT(metrics_named("b"), 0); /* M-63: only what this reading's callbacks told */
    T_EQ_INT(metrics_named("a"), 1);
    otel_callback_unregister(first);
    otel_callback_unregister(NULL);
    shut();
}

static void leave(script *me, otel_observer *observer)
{
    otel_callback_unregister(me->registration); /* its own: returns although it runs */
    tell_all(me, observer);                     /* and this counts: it is still running */
}

static void a_callback_may_unregister_itself(void)
{
    script   s;
    unsigned i;

    open_plain();
    for (i = 1; i <= 200; i++) { /* more often than there are places: each becomes free again */
        s = telling(counter_alone("c"), (int64_t)i);
        s.act = leave;
        s.registration = registered(&s);
        T_CHECK(s.registration != NULL);
        read_all();
        T_EQ_INT(s.runs, 1);
        T_EQ_INT(point_of("c", "")->i, i);
        read_all();
        T_EQ_INT(s.runs, 1);
        T_EQ_INT(n_points, 0);
    }
    T_EQ_INT(n_told, 0);
    shut();
}

static void take_away(script *me, otel_observer *observer)
{
    otel_callback_unregister(me->registration); /* another's */
    me->registration = NULL;
    tell_all(me, observer);
}

/* Whichever runs first takes the other away: that one does not run. */
static void a_callback_may_unregister_another(void)
{
    script a, b;

    open_plain();
    a = telling(counter_alone("a"), 1);
    b = telling(counter_alone("b"), 2);
    a.act = b.act = take_away;
    b.registration = registered(&a);
    a.registration = registered(&b);
    read_all();
    T_EQ_INT(a.runs + b.runs, 1);
    T_EQ_INT(n_points, 1);
    read_all();
    T_EQ_INT(a.runs + b.runs, 2);
    shut();
}

static script late;

static void make_things(script *me, otel_observer *observer)
{
    otel_counter   *counter = otel_counter_create(scope, "made.counter", NULL, NULL);
    otel_histogram *histogram = otel_histogram_create(scope, "made.histogram", NULL, NULL, NULL);
    otel_scope     *made = otel_scope_get(sdk, "made", NULL);
    const otel_attr attr = otel_int("run", (int64_t)me->runs);

    otel_counter_add(counter, 2, otel_attrs_of(&attr, 1));
    otel_histogram_record(histogram, 3, OTEL_NO_ATTRS);
    me->to[1] = otel_observable_gauge_create(made, "made.gauge", NULL, NULL, NULL);
    otel_observe(observer, me->to[1], 9, OTEL_NO_ATTRS);
    if (me->runs == 1) {
        late = telling(otel_observable_gauge_create(scope, "late", NULL, NULL, NULL), 8);
        late.registration = registered(&late);
        T_CHECK(late.registration != NULL);
    } else {
        otel_callback_unregister(late.registration);
        otel_log(scope, OTEL_SEVERITY_INFO, "from a callback", OTEL_NO_ATTRS);
    }
}

/* What it records is in the very reading, with the instruments that it makes. */
static void a_callback_may_create_record_register_and_unregister(void)
{
    script   s = telling(NULL, 0);
    unsigned runs;

    open_plain();
    s.act = make_things;
    T_CHECK(registered(&s) != NULL);
    read_all();
    T_EQ_INT(point_of("made.counter", "run=1")->i, 2);
    T_EQ_INT(point_of("made.histogram", "")->count, 1);
    T_EQ_INT(point_of("made.gauge", "")->i, 9);
    T_EQ_STR(metric_of("made.gauge", 0)->scope, "made");
    T_CHECK(late.runs <= 1); /* in this reading or from the next on, but once in each */
    runs = late.runs;
    T_EQ_INT(metrics_named("late"), runs);
    read_all(); /* takes the late one away, which runs before or not any more */
    T_EQ_INT(s.runs, 2);
    T_EQ_INT(point_of("made.counter", "run=1")->i, 2);
    T_EQ_INT(point_of("made.counter", "run=2")->i, 2);
    T_CHECK(late.runs <= runs + 1);
    runs = late.runs;
    s.act = NULL;
    read_all();
    T_EQ_INT(late.runs, runs);
    T_EQ_INT(n_told, 0);
    shut();
}

/* ---- what is told ---- */

static void keep_observer(script *me, otel_observer *observer)
{
    me->kept = observer;
    otel_observe(observer, me->to[0], 1, OTEL_NO_ATTRS);
}

/* M-69. */
static void what_is_told_after_the_callback_returned_is_ignored(void)
{
    script     s = telling(NULL, 0);
    otel_stats stats;

    open_plain();
    s.act = keep_observer;
    s.to[0] = counter_with("c", &s);
    otel_observe(NULL, s.to[0], 5, OTEL_NO_ATTRS);
    read_all();
    T_EQ_INT(point_of("c", "")->i, 1);
    otel_observe(s.kept, s.to[0], 99, OTEL_NO_ATTRS);
    otel_observe(s.kept, s.to[0], 99, OTEL_ATTRS(otel_int("k", 1)));
    otel_observe(s.kept, s.to[0], -1, OTEL_NO_ATTRS);
    otel_observe(NULL, s.to[0], -1, OTEL_NO_ATTRS);
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.bad_values, 0);
    T_EQ_INT(stats.series, 1); /* no place was taken for the new set */
    s.act = NULL;
    read_all();
    T_EQ_INT(s.runs, 2);
    T_EQ_INT(n_points, 0);
    s.act = keep_observer;
    read_all();
    T_EQ_INT(n_points, 1);
    T_EQ_INT(point_of("c", "")->i, 1);
    shut();
}

static void tell_twice(script *me, otel_observer *observer)
{
    otel_observe(observer, me->to[0], 7, OTEL_ATTRS(otel_int("a", 1), otel_int("b", 2)));
    otel_observe(observer, me->to[0], 3, OTEL_ATTRS(otel_int("b", 2), otel_int("a", 1)));
    otel_observe(observer, me->to[0], 5, OTEL_ATTRS(otel_int("a", 2)));
}

static void the_last_value_told_for_a_set_counts(void)
{
    script s = telling(NULL, 0);

    open_plain();
    s.act = tell_twice;
    s.to[0] = counter_with("c", &s);
    read_all();
    T_EQ_INT(n_points, 2);
    T_EQ_INT(point_of("c", "a=1 b=2")->i, 3);
    T_EQ_INT(point_of("c", "a=2")->i, 5);
    shut();
}

static otel_observable_f64 *reals[3]; /* counter, up-down counter, gauge */

static void tell_bad_ones(script *me, otel_observer *observer)
{
    const double zero = 0, inf = 1 / zero, nan = inf - inf;
    size_t       i;

    otel_observe(observer, me->to[0], 4, OTEL_NO_ATTRS);
    otel_observe(observer, me->to[0], -1, OTEL_NO_ATTRS); /* bad, and does not replace */
    otel_observe(observer, me->to[0], INT64_MIN, OTEL_ATTRS(otel_int("k", 1)));
    otel_observe(observer, me->to[1], -2, OTEL_NO_ATTRS); /* of an up-down counter: fine */
    otel_observe(observer, me->to[2], -3, OTEL_NO_ATTRS); /* of a gauge, too */
    for (i = 0; i < COUNT(reals); i++) {
        otel_observe_f64(observer, reals[i], 0.5, OTEL_NO_ATTRS);
        otel_observe_f64(observer, reals[i], nan, OTEL_NO_ATTRS);
        otel_observe_f64(observer, reals[i], inf, OTEL_NO_ATTRS);
        otel_observe_f64(observer, reals[i], -inf, OTEL_ATTRS(otel_int("k", 1)));
        otel_observe_f64(observer, reals[i], -0.25, OTEL_ATTRS(otel_int("neg", 1)));
    }
    otel_observe_f64(observer, NULL, 1.0, OTEL_NO_ATTRS);
}

/* M-10, M-48. */
static void values_that_cannot_be_are_dropped_counted_and_told_once(void)
{
    script s = telling(NULL, 0);

    open_plain();
    s.act = tell_bad_ones;
    s.to[0] = counter_with("c", &s);
    s.to[1] = otel_observable_updown_create(scope, "u", NULL, NULL, NULL);
    s.to[2] = otel_observable_gauge_create(scope, "g", NULL, NULL, NULL);
    reals[0] = otel_observable_counter_create_f64(scope, "cf", NULL, NULL, NULL);
    reals[1] = otel_observable_updown_create_f64(scope, "uf", NULL, NULL, NULL);
    reals[2] = otel_observable_gauge_create_f64(scope, "gf", NULL, NULL, NULL);
    read_all();
    T_EQ_INT(n_points, 3 + 3 + 2); /* "neg" of two */
    T_EQ_INT(point_of("c", "")->i, 4);
    T_EQ_INT(point_of("u", "")->i, -2);
    T_EQ_INT(point_of("g", "")->i, -3);
    T_CHECK(point_of("cf", "")->d == 0.5 && point_of("uf", "")->d == 0.5);
    T_CHECK(point_of("gf", "")->d == 0.5 && point_of("gf", "neg=1")->d == -0.25);
    T_CHECK(point_of("uf", "neg=1")->d == -0.25);
    T_EQ_INT(bad_values(), 2 + 3 * 3 + 1);
    T_CHECK(told_only(1, "values were dropped", "negative"));
    read_all();
    T_EQ_INT(n_told, 0); /* not again within the minute */
    T_EQ_INT(bad_values(), 2 * (2 + 3 * 3 + 1));
    shut();
}

static void tell_many(script *me, otel_observer *observer)
{
    int64_t i;

    for (i = 0; i < 6; i++) {
        otel_observe(observer, me->to[0], i + me->value, OTEL_ATTRS(otel_int("k", i)));
        otel_observe(observer, me->to[1], i + me->value, OTEL_ATTRS(otel_int("k", i)));
        otel_observe(observer, me->to[2], i + me->value, OTEL_ATTRS(otel_int("k", i)));
        otel_observe_f64(observer, reals[0], (double)(i + me->value), OTEL_ATTRS(otel_int("k", i)));
    }
}

/* M-81, M-83: the first sets told keep their places; the sums of the others add up, anew in each
 * reading; of gauges the last one stays. */
static void past_the_limit_sums_add_up_in_the_overflow(void)
{
    otel_options o = plain_options();
    script       s = telling(NULL, 10);
    unsigned     round;

    o.max_series = 3;
    open_sdk(&o);
    s.act = tell_many;
    s.to[0] = counter_with("c", &s);
    s.to[1] = otel_observable_updown_create(scope, "u", NULL, NULL, NULL);
    s.to[2] = otel_observable_gauge_create(scope, "g", NULL, NULL, NULL);
    reals[0] = otel_observable_counter_create_f64(scope, "cf", NULL, NULL, NULL);
    for (round = 0; round < 3; round++) {
        const int64_t v = s.value;
        read_all();
        T_EQ_INT(n_points, 4 * 4);
        T_EQ_INT(point_of("c", "k=0")->i, v);
        T_EQ_INT(point_of("c", "k=2")->i, v + 2);
        T_EQ_INT(point_of("c", "otel.metric.overflow=true")->i, 3 * v + 3 + 4 + 5);
        T_EQ_INT(point_of("u", "otel.metric.overflow=true")->i, 3 * v + 3 + 4 + 5);
        T_EQ_INT(point_of("g", "otel.metric.overflow=true")->i, v + 5);
        T_CHECK(point_of("cf", "otel.metric.overflow=true")->d == (double)(3 * v + 3 + 4 + 5));
        s.value += 100;
    }
    shut();
}

static int64_t deltas[4]; /* told one after the other; < 0: nothing */

static void tell_delta(script *me, otel_observer *observer)
{
    const int64_t v = deltas[me->runs - 1];

    if (v >= 0) {
        otel_observe(observer, me->to[0], v, OTEL_NO_ATTRS);
    }
}

/* M-66: what is told is the sum so far; delta points are the differences. */
static void delta_points_are_differences_of_what_is_told(void)
{
    otel_options o = plain_options();
    script       s = telling(NULL, 0);
    uint64_t     before;

    o.temporality = OTEL_TEMPORALITY_DELTA;
    open_sdk(&o);
    s.act = tell_delta;
    s.to[0] = counter_with("c", &s);
    deltas[0] = 10;
    deltas[1] = 25;
    deltas[2] = -1;
    deltas[3] = 40;
    read_all();
    T_EQ_INT(point_of("c", "")->i, 10);
    before = points[0].time;
    read_all();
    T_EQ_INT(point_of("c", "")->i, 15);
    T_EQ_INT(points[0].start, before);
    read_all();
    T_EQ_INT(n_points, 0);
    read_all();
    T_EQ_INT(point_of("c", "")->i, 15); /* none of it is lost */
    s.act = NULL;
    shut();
}

/* ---- limits ---- */

static void used_up_callbacks_are_told_and_null(void)
{
    const otel_callback nothing = { NULL, NULL };
    otel_options        o = plain_options();
    script              s[4];
    otel_registration  *at[4];
    otel_observable    *made;
    size_t              i;

    o.max_callbacks = 2;
    open_sdk(&o);
    for (i = 0; i < COUNT(s); i++) {
        s[i] = telling(counter_alone("c"), (int64_t)i);
        T_EQ_INT(n_told, i < 3 ? 0 : 1);
        at[i] = registered(&s[i]);
        T_EQ_INT(at[i] != NULL, i < 2);
    }
    T_EQ_INT(told_severity[0], OTEL_SEVERITY_ERROR);
    T_CHECK(told_only(2, "callback", "max_callbacks"));
    made = counter_with("d", &s[2]); /* the observable works, its callback found no place */
    T_CHECK(made != NULL);
    T_CHECK(told_only(1, "callback", "max_callbacks"));
    read_all();
    T_CHECK(s[0].runs == 1 && s[1].runs == 1 && s[2].runs == 0 && s[3].runs == 0);
    otel_callback_unregister(at[0]);
    at[2] = registered(&s[2]); /* in its place */
    T_CHECK(at[2] != NULL);
    read_all();
    T_CHECK(s[0].runs == 1 && s[1].runs == 2 && s[2].runs == 1 && s[3].runs == 0);
    T_EQ_INT(n_told, 0);
    T_CHECK(otel_callback_register(scope, NULL) == NULL);
    T_CHECK(otel_callback_register(scope, &nothing) == NULL);
    T_CHECK(otel_callback_register(NULL, &nothing) == NULL);
    shut();
}

static void after_the_close_nothing_is_registered(void)
{
    script             s;
    otel_registration *at;

    open_plain();
    s = telling(counter_alone("c"), 1);
    at = registered(&s);
    T_EQ_INT(otel_close(sdk, 1000), OTEL_OK);
    T_EQ_INT(s.runs, 1);
    T_CHECK(registered(&s) == NULL);
    otel_callback_unregister(at); /* fine, and does not hang */
    shut();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_callback_given_at_creation_runs_once_in_each_reading);
    T_RUN(every_callback_of_an_observable_runs);
    T_RUN(one_callback_serves_several_observables);
    T_RUN(a_callback_registered_later_runs_from_then_on);
    T_RUN(the_same_callback_registered_twice_runs_twice);
    T_RUN(an_unregistered_callback_does_not_run_again);
    T_RUN(a_callback_may_unregister_itself);
    T_RUN(a_callback_may_unregister_another);
    T_RUN(a_callback_may_create_record_register_and_unregister);
    T_RUN(what_is_told_after_the_callback_returned_is_ignored);
    T_RUN(the_last_value_told_for_a_set_counts);
    T_RUN(values_that_cannot_be_are_dropped_counted_and_told_once);
    T_RUN(past_the_limit_sums_add_up_in_the_overflow);
    T_RUN(delta_points_are_differences_of_what_is_told);
    T_RUN(used_up_callbacks_are_told_and_null);
    T_RUN(after_the_close_nothing_is_registered);
    return t_end();
}
