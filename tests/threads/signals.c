/* A timer signal whose handler records into the very series that it interrupted the recording of,
 * in every kind of instrument: nothing hangs, and what is delivered is what both recorded. Only
 * interruptions inside the library count, by the address of the interrupted instruction. Readings
 * are made all the while, and are interrupted, too.
 *
 * Every loop ends after so many interrupted recordings, or so many calls: never by the clock. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define _GNU_SOURCE
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "unit/helpers.h"
#include "unit/points.h"
#include "race.h"

#include <ucontext.h>

#if defined(__SANITIZE_THREAD__) /* puts signals off until the next call of the C library */
#define ENOUGH    0u             /* recordings interrupted in the library, of each subject  */
#define MAX_CALLS 20000u
#elif defined(__SANITIZE_ADDRESS__)
#define ENOUGH    200u
#define MAX_CALLS 100000000u
#else
#define ENOUGH    10000u
#define MAX_CALLS 2000000000u
#endif

/* ---- inside the library ---- */

/* Everything in this program's text but what runs between two recordings, which is all in one
 * section. The loops of bound instruments are not: there the library's code is part of them. */
#if defined(__ELF__) && (defined(__x86_64__) || defined(__aarch64__)) && ENOUGH > 0
#define SEES_ADDRESSES 1
#define BETWEEN        __attribute__((noinline, section("between_recordings")))
extern const char __executable_start[], etext[];
extern const char __start_between_recordings[], __stop_between_recordings[];

static bool is_inside(uintptr_t at)
{
    return at >= (uintptr_t)__executable_start && at < (uintptr_t)etext &&
           (at < (uintptr_t)__start_between_recordings ||
            at >= (uintptr_t)__stop_between_recordings);
}

static uintptr_t interrupted_at(const void *context)
{
    const ucontext_t *c = (const ucontext_t *)context;
#if defined(__x86_64__)
    return (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
#else
    return (uintptr_t)c->uc_mcontext.pc;
#endif
}
#else
#define SEES_ADDRESSES 0
#define BETWEEN
#endif

/* ---- what was recorded ---- */

#define SETS   2
#define VALUES 8

/* By the loop and by the handler, into each set. */
typedef struct tally {
    uint64_t n;
    int64_t  sum, last;
    uint64_t of[VALUES]; /* how often 4 to that power */
} tally;

static tally looped[SETS], handled[SETS];

static volatile sig_atomic_t recording; /* the loop is in one          */
static volatile uint32_t     call_no;   /* which one, of all           */
static volatile uint32_t     set_at;    /* the set that it records to  */
static volatile uint32_t     which_at;  /* and which value             */
static uint32_t              counted;   /* call_no that was counted last */
static volatile uint32_t     inside;    /* recordings interrupted in the library */
static volatile uint32_t     n_handled;

static otel_attr  set_items[SETS];
static otel_attrs sets[SETS];

/* What a kind does with the loop's and the handler's numbers. */
typedef enum use { USE_AS_IS, USE_SIGNED, USE_UNIQUE } use;

static use use_now;

static inline __attribute__((always_inline)) int64_t noted(tally *t, uint32_t which, int64_t value)
{
    t->n++;
    t->sum += value;
    t->last = value;
    t->of[which]++;
    return value;
}

/* The loop's next number, noted before it is recorded. */
static inline __attribute__((always_inline)) int64_t next_of_loop(void)
{
    const uint32_t no = call_no + 1, which = (no >> 1) % VALUES;

    call_no = no;
    set_at = no % SETS;
    which_at = which;
    return noted(&looped[no % SETS], which,
                 use_now == USE_UNIQUE ? (int64_t)no : (int64_t)1 << (2 * which));
}

/* The handler's: every other time the very value that the loop is recording. */
static int64_t next_of_handler(void)
{
    const uint32_t which = n_handled % 2 == 0 ? which_at : n_handled / 2 % VALUES;
    int64_t        value = (int64_t)1 << (2 * which);

    n_handled = n_handled + 1;
    if (use_now != USE_AS_IS) {
        value = use_now == USE_SIGNED ? -value : -(int64_t)n_handled;
    }
    return noted(&handled[set_at], which, value);
}

/* A gauge that is being set holds a value that somebody set, or none yet: never parts of two. The
 * loop's are above 0, the handler's below. */
static const struct otel__cell *gauge_cell[SETS];
static bool                     gauge_is_double;
static unsigned                 torn;

static void look_at_gauge(void)
{
    const uint64_t bits = otel__a64_peek(&gauge_cell[set_at]->number);
    const double   v = gauge_is_double ? otel__platform_bits_double(bits) : (double)(int64_t)bits;
    const bool     in_range = v >= -(double)n_handled && v <= (double)call_no;

    torn += in_range && v == (double)(int64_t)v ? 0u : 1u;
}

/* ---- every kind, by calls with attributes and by handles ---- */

/* Calls go through pointers, so that no part of the library becomes part of the loop. */
#define KIND(label, type, number, call)                                                            \
    static otel_##type      *label##_instrument;                                                   \
    static otel_bound_##type label##_bound[SETS];                                                  \
    BETWEEN static void      label##_loop(unsigned n)                                              \
    {                                                                                              \
        void (*volatile record)(otel_##type *, number, otel_attrs) = otel_##call;                  \
        for (; n > 0; n--) {                                                                       \
            const number value = (number)next_of_loop();                                           \
            record(label##_instrument, value, sets[set_at]);                                       \
        }                                                                                          \
    }                                                                                              \
    static void label##_handler(void)                                                              \
    {                                                                                              \
        const number value = (number)next_of_handler();                                            \
        otel_##call(label##_instrument, value, sets[set_at]);                                      \
    }                                                                                              \
    static __attribute__((noinline)) void label##_bound_loop(unsigned n)                           \
    {                                                                                              \
        for (; n > 0; n--) {                                                                       \
            const number value = (number)next_of_loop();                                           \
            otel_bound_##call(label##_bound[set_at], value);                                       \
        }                                                                                          \
    }                                                                                              \
    static void label##_bound_handler(void)                                                        \
    {                                                                                              \
        const number value = (number)next_of_handler();                                            \
        otel_bound_##call(label##_bound[set_at], value);                                           \
    }
#define SETUP(label, create, bind)                                                                 \
    static void label##_setup(void)                                                                \
    {                                                                                              \
        unsigned i;                                                                                \
        label##_instrument = create;                                                               \
        for (i = 0; i < SETS; i++) {                                                               \
            label##_bound[i] = bind(label##_instrument, sets[i]);                                  \
        }                                                                                          \
    }

static const otel_histogram_options explicit_options = { NULL, 0, 4, 0, 0, false };
static const otel_histogram_options exponential_options = { NULL, 0, 5, 0, 0, false };

KIND(counter, counter, int64_t, counter_add)
SETUP(counter, otel_counter_create(scope, "m", NULL, NULL), otel_counter_bind)
KIND(counter_f64, counter_f64, double, counter_add_f64)
SETUP(counter_f64, otel_counter_create_f64(scope, "m", NULL, NULL), otel_counter_bind_f64)
KIND(updown, updown, int64_t, updown_add)
SETUP(updown, otel_updown_create(scope, "m", NULL, NULL), otel_updown_bind)
KIND(updown_f64, updown_f64, double, updown_add_f64)
SETUP(updown_f64, otel_updown_create_f64(scope, "m", NULL, NULL), otel_updown_bind_f64)
KIND(gauge, gauge, int64_t, gauge_set)
SETUP(gauge, otel_gauge_create(scope, "m", NULL, NULL), otel_gauge_bind)
KIND(gauge_f64, gauge_f64, double, gauge_set_f64)
SETUP(gauge_f64, otel_gauge_create_f64(scope, "m", NULL, NULL), otel_gauge_bind_f64)
KIND(histogram, histogram, int64_t, histogram_record)
SETUP(histogram, otel_histogram_create(scope, "m", NULL, NULL, &explicit_options),
      otel_histogram_bind)
KIND(histogram_f64, histogram_f64, double, histogram_record_f64)
SETUP(histogram_f64, otel_histogram_create_f64(scope, "m", NULL, NULL, &explicit_options),
      otel_histogram_bind_f64)
KIND(exponential, histogram, int64_t, histogram_record)
SETUP(exponential, otel_histogram_create(scope, "m", NULL, NULL, &exponential_options),
      otel_histogram_bind)
KIND(exponential_f64, histogram_f64, double, histogram_record_f64)
SETUP(exponential_f64, otel_histogram_create_f64(scope, "m", NULL, NULL, &exponential_options),
      otel_histogram_bind_f64)

typedef struct subject {
    const char *name;
    void (*setup)(void);
    void (*loop)(unsigned n);
    void (*handler)(void);
    use how;
} subject;

#define SUBJECTS(label, how)                                                                       \
    { #label, label##_setup, label##_loop, label##_handler, how },                                 \
    {                                                                                              \
        "bound " #label, label##_setup, label##_bound_loop, label##_bound_handler, how             \
    }

static const subject counters[] = { SUBJECTS(counter, USE_AS_IS),
                                    SUBJECTS(counter_f64, USE_AS_IS) };
static void          watch_gauge(bool is_double)
{
    unsigned i;

    torn = 0;
    gauge_is_double = is_double;
    for (i = 0; i < SETS; i++) {
        gauge_cell[i] = is_double ? gauge_f64_bound[i].cell : gauge_bound[i].cell;
    }
}

static const subject updowns[] = { SUBJECTS(updown, USE_SIGNED), SUBJECTS(updown_f64, USE_SIGNED) };
static const subject gauges[] = { SUBJECTS(gauge, USE_UNIQUE), SUBJECTS(gauge_f64, USE_UNIQUE) };
static const subject histograms[] = { SUBJECTS(histogram, USE_AS_IS),
                                      SUBJECTS(histogram_f64, USE_AS_IS) };
static const subject exponentials[] = { SUBJECTS(exponential, USE_AS_IS),
                                        SUBJECTS(exponential_f64, USE_AS_IS) };

/* ---- the storm ---- */

static void (*handle)(void);
static uint32_t pause_us; /* from the end of one handler to the next signal */
static uint32_t seen_no;  /* call_no at the last signal                     */
static uint64_t pause_seed;

/* One signal, after a pause that gets longer while the program does not get on: so it does, however
 * slow the machine is. A bit of chance keeps the signals from falling into step with the loop. */
static void arm_signal(void)
{
    struct itimerval once;

    if (call_no == seen_no) {
        pause_us = pause_us < 20000 ? pause_us * 2 : pause_us;
    } else {
        pause_us = pause_us / 2 > 10 ? pause_us / 2 : 10;
    }
    seen_no = call_no;
    memset(&once, 0, sizeof once);
    once.it_value.tv_usec = (long)(pause_us + random_below(&pause_seed, 16));
    (void)setitimer(ITIMER_REAL, &once, NULL);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
    const int saved = errno;

    (void)sig;
    (void)info;
#if SEES_ADDRESSES
    if (recording && call_no != counted && is_inside(interrupted_at(context))) {
        counted = call_no;
        inside = inside + 1;
    }
#else
    (void)context;
#endif
    if (use_now == USE_UNIQUE) {
        look_at_gauge();
    }
    handle();
    arm_signal();
    errno = saved;
}

static void begin_signals(void (*what)(void))
{
    struct sigaction action;

    handle = what;
    memset(looped, 0, sizeof looped);
    memset(handled, 0, sizeof handled);
    call_no = counted = inside = n_handled = 0;
    seen_no = pause_us = 20;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    (void)sigaction(SIGALRM, &action, NULL);
    unblock_storm();
    arm_signal();
}

static void end_signals(void)
{
    block_storm();
    end_storm(); /* nothing is handled from here on */
}

/* Whether the storm has to go on. */
static bool wants_more(uint64_t calls)
{
    return !t_bad && (SEES_ADDRESSES ? inside < ENOUGH : true) && calls < MAX_CALLS;
}

/* Say what came; enough of it, wherever that can be seen. */
static void check_storm(const char *name, uint64_t calls, double began)
{
    if (SEES_ADDRESSES) {
        printf("# %s: %u of %llu recordings interrupted in the library, %.2f s\n", name,
               (unsigned)inside, (unsigned long long)calls, seconds() - began);
        T_CHECK(inside >= ENOUGH);
    } else {
        printf("left out: %s: counting interruptions by address (%u signals, %llu recordings)\n",
               name, (unsigned)n_handled, (unsigned long long)calls);
    }
}

/* ---- what arrived ---- */

static double product(double a, double b) { return a * b; }

/* Sum, least and greatest of what both recorded into a histogram follow from how often each. */
static void check_distribution(const point_seen *p, unsigned set)
{
    uint64_t of[VALUES], n = looped[set].n + handled[set].n, in_buckets = 0;
    double   sum = 0, value = 1;
    unsigned i;

    for (i = 0; i < VALUES; i++, value *= 4) {
        of[i] = looped[set].of[i] + handled[set].of[i];
        sum += product((double)of[i], value);
        T_CHECK(of[i] > 0);
    }
    T_EQ_INT(p->count, n);
    T_CHECK(p->sum == sum && p->min == 1 && p->max == 16384);
    if (metrics[p->metric].data == DATA_EXPONENTIAL) {
        T_EQ_INT(p->in_buckets + p->zeros, n);
        return;
    }
    for (i = 0; i < p->n_buckets; i++) {
        in_buckets += p->buckets[i];
    }
    T_EQ_INT(in_buckets, n);
    T_EQ_INT(p->buckets[1], of[0] + of[1]); /* 1 and 4: above 0, up to 5 */
    T_EQ_INT(p->buckets[15], of[7]);        /* 16384: above 10000 */
}

static void check_set(unsigned set, use how)
{
    const point_seen *p = point_of("m", set == 0 ? "set=0" : "set=1");
    const uint32_t    data = metrics[p->metric].data;
    int64_t           got = p->is_double ? (int64_t)p->d : p->i;

    if (data == DATA_HISTOGRAM || data == DATA_EXPONENTIAL) {
        check_distribution(p, set);
    } else if (how == USE_UNIQUE) { /* a gauge: whoever was last, and whole */
        T_CHECK(got == looped[set].last || got == handled[set].last);
    } else {
        T_EQ_INT(got, looped[set].sum + handled[set].sum);
        T_CHECK(p->is_double == (p->d == (double)got));
    }
}

static bool open_for_storm(void)
{
    unsigned i;

    for (i = 0; i < SETS; i++) {
        set_items[i] = otel_int("set", i);
        sets[i] = otel_attrs_of(&set_items[i], 1);
    }
    return open_plain();
}

/* Both sets get every value once, so that a window fits them all from the start. */
static void weather(const subject *s)
{
    const double began = seconds();
    uint64_t     calls = 2 * VALUES;
    otel_stats   stats;
    unsigned     round, i;

    if (!open_for_storm()) {
        return;
    }
    use_now = s->how;
    s->setup();
    watch_gauge(s->setup == gauge_f64_setup);
    begin_signals(s->handler);
    block_storm();
    s->loop(2 * VALUES);
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.lost_values, 0);
    unblock_storm();
    for (round = 0; wants_more(calls); round++) {
        recording = 1;
        s->loop(1000);
        recording = 0;
        calls += 1000;
        if (round % 16 == 0) {
            read_all();
        }
    }
    end_signals();
    read_all();
    check_storm(s->name, calls, began);
    T_EQ_INT(n_points, SETS);
    for (i = 0; i < SETS; i++) {
        check_set(i, s->how);
    }
    otel_stats_get(sdk, &stats);
    T_EQ_INT(stats.lost_values, 0);
    T_EQ_INT(stats.bad_values, 0);
    T_EQ_INT(torn, 0);
    T_EQ_INT(n_told, 0);
    shut();
}

#define WEATHER_ALL(subjects)                                                                      \
    do {                                                                                           \
        size_t k;                                                                                  \
        for (k = 0; k < COUNT(subjects); k++) {                                                    \
            weather(&(subjects)[k]);                                                               \
        }                                                                                          \
    } while (0)

static void counters_bear_a_handler_in_the_same_series(void) { WEATHER_ALL(counters); }
static void updown_counters_bear_a_handler_in_the_same_series(void) { WEATHER_ALL(updowns); }
static void gauges_bear_a_handler_in_the_same_series(void) { WEATHER_ALL(gauges); }
static void explicit_histograms_bear_a_handler_in_the_same_series(void) { WEATHER_ALL(histograms); }
static void exponential_histograms_that_fit_lose_nothing(void) { WEATHER_ALL(exponentials); }

/* ---- windows that do not fit ---- */

#define SERIES 60
#define STEPS  60

static otel_histogram_f64 *wide;
static otel_attr           wide_item;
static double              wide_value;
static unsigned            n_signals;

/* Further out than what is being recorded, of the other sign now and then; sometimes more values
 * than the list holds that is kept for whoever is widening the window. */
static void widen(void)
{
    unsigned n = ++n_signals % 4 == 0 ? OTEL__EXP_PLACES + 3 : 1;

    for (; n > 0; n--) {
        n_handled = n_handled + 1;
        otel_histogram_record_f64(wide, n_handled % 4 == 0 ? -wide_value * 8 : wide_value * 8,
                                  otel_attrs_of(&wide_item, 1));
    }
}

/* Values that leave the window on both sides, again and again, and of both signs. */
BETWEEN static void record_wide(unsigned series)
{
    void (*volatile record)(otel_histogram_f64 *, double, otel_attrs) = otel_histogram_record_f64;
    double   above = 1, below = 1;
    unsigned i;

    wide_item = otel_int("series", series);
    for (i = 0; i < STEPS; i++) {
        above *= 0x1p12;
        below *= 0x1p-12;
        wide_value = (i % 2 == 0 ? above : below) * (series % 2 == 0 ? 1 : -1);
        call_no = call_no + 1;
        recording = 1;
        record(wide, wide_value, otel_attrs_of(&wide_item, 1));
        recording = 0;
    }
}

static otel_options wide_options(void)
{
    static union {
        uint8_t  bytes[4 << 20];
        uint64_t align[2];
    } block __attribute__((aligned(16)));
    otel_options o = plain_options();

    o.memory = &block;
    o.memory_bytes = sizeof block;
    o.series_bytes = 1 << 20;
    o.max_instruments = 4;
    o.span_queue = o.log_queue = 16;
    o.max_open_spans = o.span_chunks = 4;
    o.histogram_aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    return o;
}

static void what_comes_while_a_window_is_widened_is_recorded_or_counted_as_lost(void)
{
    const otel_options o = wide_options();
    const double       began = seconds();
    uint64_t           calls = 0, lost = 0, here;
    otel_stats         stats;
    unsigned           i;

    use_now = USE_AS_IS;
    begin_signals(widen);
    block_storm();
    while (wants_more(calls) && open_sdk(&o)) {
        uint64_t before = n_handled, count = 0;
        wide = otel_histogram_create_f64(scope, "w", NULL, NULL, NULL);
        wide_item = otel_int("series", 0);
        unblock_storm();
        for (i = 0; i < SERIES; i++) {
            record_wide(i);
        }
        block_storm();
        here = SERIES * STEPS + n_handled - before;
        calls += SERIES * STEPS;
        read_all();
        T_EQ_INT(n_points, SERIES);
        for (i = 0; i < n_points; i++) {
            count += points[i].count;
            T_EQ_INT(points[i].in_buckets + points[i].zeros, points[i].count);
        }
        otel_stats_get(sdk, &stats);
        T_EQ_INT(count + stats.lost_values, here);
        lost += stats.lost_values;
        shut();
    }
    end_signals();
    check_storm("widening", calls, began);
    printf("# %llu values were lost, and counted\n", (unsigned long long)lost);
}

/* ---- the test of the address itself ---- */

static void the_librarys_calls_are_inside_and_the_loops_around_them_are_not(void)
{
#if SEES_ADDRESSES
    T_CHECK(is_inside((uintptr_t)otel_counter_add));
    T_CHECK(is_inside((uintptr_t)otel__value_series));
    T_CHECK(is_inside((uintptr_t)otel__bound_histogram_record));
    T_CHECK(is_inside((uintptr_t)counter_bound_loop));
    T_CHECK(!is_inside((uintptr_t)counter_loop));
    T_CHECK(!is_inside((uintptr_t)exponential_f64_loop));
    T_CHECK(!is_inside((uintptr_t)record_wide));
    T_CHECK(!is_inside((uintptr_t)&points[0]));
#else
    printf("left out: telling the library's code by its address\n");
#endif
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(the_librarys_calls_are_inside_and_the_loops_around_them_are_not);
    T_RUN(counters_bear_a_handler_in_the_same_series);
    T_RUN(updown_counters_bear_a_handler_in_the_same_series);
    T_RUN(gauges_bear_a_handler_in_the_same_series);
    T_RUN(explicit_histograms_bear_a_handler_in_the_same_series);
    T_RUN(exponential_histograms_that_fit_lose_nothing);
    T_RUN(what_comes_while_a_window_is_widened_is_recorded_or_counted_as_lost);
    return t_end();
}
