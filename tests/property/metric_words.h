/* metric_words: what metrics.c, readers.c and views.c have in common: a library with a clock of the
 * program's own, one SDK with numbered instruments, attribute sets and bound handles, and
 * instructions about them. Include it first, it includes the library; the program says where
 * entropy() comes from.
 *
 * The clock stands still, or goes on by `clock_tick` each time it is read. */
#ifndef METRIC_WORDS_H
#define METRIC_WORDS_H

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t clock_now(void);
static uint64_t clock_unix(void);
static void     clock_wait(uint32_t ms);
static bool     entropy(void *buffer, size_t n);

#define OTEL_LITE_MONOTONIC_NS()         clock_now()
#define OTEL_LITE_UNIX_NS()              clock_unix()
#define OTEL_LITE_WAIT(fds, n, ms)       ((void)(fds), (void)(n), clock_wait((uint32_t)(ms)))
#define OTEL_LITE_ENTROPY(buffer, bytes) entropy(buffer, bytes)
#define OTEL_LITE_IMPLEMENTATION
#if !defined(DRIVE_HEADER)
#define DRIVE_HEADER "otel_lite.h"
#endif
#include DRIVE_HEADER

#include "drive_words.h"

#include "drive_lines.h"

#define MAX_SETS        4096
#define MAX_INSTRUMENTS 64
#define MAX_BOUNDS      256
#define MAX_KEPT        (1 << 16)

#define START_MONOTONIC UINT64_C(5000000000)
#define START_UNIX      UINT64_C(1700000000000000000)

/* ---- clock ---- */

static uint64_t               clock_ns = START_MONOTONIC;
static uint64_t               clock_offset = START_UNIX - START_MONOTONIC;
static uint64_t               clock_tick;
static _Thread_local uint64_t clock_seen; /* so that both clocks agree to the nanosecond */

static uint64_t clock_now(void)
{
    clock_seen = __atomic_fetch_add(&clock_ns, clock_tick, __ATOMIC_RELAXED);
    return clock_seen;
}

static uint64_t clock_unix(void)
{
    const uint64_t now =
        clock_tick == 0 ? __atomic_load_n(&clock_ns, __ATOMIC_RELAXED) : clock_seen;
    return clock_offset + now;
}

static void advance(uint64_t ns) { (void)__atomic_fetch_add(&clock_ns, ns, __ATOMIC_RELAXED); }

static void clock_wait(uint32_t ms)
{
    advance(ms * UINT64_C(1000000));
    (void)sched_yield();
}

/* ---- what the instructions work on ---- */

typedef struct value {
    int64_t i;
    double  d;
} value;

/* Kinds as in enum otel_instrument, then the same for doubles. */
#define KINDS     7u
#define IS_F64(k) ((k) >= KINDS)

typedef struct instrument {
    size_t kind;
    void  *handle;
} instrument;

typedef union bound_handle {
    otel_bound_counter       counter;
    otel_bound_counter_f64   counter_f64;
    otel_bound_updown        updown;
    otel_bound_updown_f64    updown_f64;
    otel_bound_gauge         gauge;
    otel_bound_gauge_f64     gauge_f64;
    otel_bound_histogram     histogram;
    otel_bound_histogram_f64 histogram_f64;
} bound_handle;

typedef struct bound {
    size_t       kind;
    bound_handle handle;
} bound;

static otel_sdk       *sdk;
static otel_attrs      sets[MAX_SETS];
static instrument      instruments[MAX_INSTRUMENTS];
static bound           bounds[MAX_BOUNDS];
static void           *kept[MAX_KEPT]; /* what outlives its instruction */
static size_t          n_kept;
static bool            muted; /* what the clean-up does is not reported */
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;

/* Let what was read live until `done`. */
static void keep_texts(void)
{
    while (n_texts > 0) {
        if (n_kept == MAX_KEPT) {
            fail("too many texts to keep", "");
        }
        kept[n_kept++] = texts[--n_texts];
    }
}

/* Close without a word, and be as new. */
static void forget_metrics(void)
{
    muted = true;
    otel_release(sdk);
    muted = false;
    sdk = NULL;
    while (n_kept > 0) {
        free(kept[--n_kept]);
    }
    memset(sets, 0, sizeof sets);
    memset(instruments, 0, sizeof instruments);
    memset(bounds, 0, sizeof bounds);
    clock_ns = START_MONOTONIC;
    clock_offset = START_UNIX - START_MONOTONIC;
    clock_tick = 0;
}

/* ---- answers ---- */

static void tell(char kind, const char *text)
{
    (void)pthread_mutex_lock(&out_lock);
    out_text(kind, text);
    (void)pthread_mutex_unlock(&out_lock);
}

static void tell_value(const char *name, int64_t number)
{
    (void)pthread_mutex_lock(&out_lock);
    out_value(name, (uint64_t)number);
    (void)pthread_mutex_unlock(&out_lock);
}

static void on_diagnostic(void *user, otel_severity severity, const char *text)
{
    (void)user;
    (void)severity;
    if (!muted) {
        tell('D', text);
        tell('V', "told"); /* among the values, whose order is kept */
    }
}

/* A transport that takes every request. */
static inline otel_transport_result take_request(void *user, otel_request *request)
{
    (void)user;
    if (muted) {
        return OTEL_TRANSPORT_REFUSED;
    }
    (void)pthread_mutex_lock(&out_lock);
    out_request(request);
    (void)pthread_mutex_unlock(&out_lock);
    return OTEL_TRANSPORT_SENT;
}

/* ---- recording ---- */

/* CALL(number, name, verb): for each synchronous kind, in the order of enum otel_instrument */
#define EACH_KIND(CALL)                                                                            \
    CALL(0, counter, add) CALL(1, updown, add) CALL(2, gauge, set) CALL(3, histogram, record)

static void record(const instrument *one, value v, otel_attrs attrs)
{
    switch (one->kind) {
#define RECORD(number, name, verb)                                                                 \
    case number: otel_##name##_##verb((otel_##name *)one->handle, v.i, attrs); break;              \
    case KINDS + number:                                                                           \
        otel_##name##_##verb##_f64((otel_##name##_f64 *)one->handle, v.d, attrs);                  \
        break;
        EACH_KIND(RECORD)
#undef RECORD
    default: fail("not to be recorded into", "");
    }
}

static void record_bound(const bound *one, value v)
{
    switch (one->kind) {
#define RECORD(number, name, verb)                                                                 \
    case number: otel_bound_##name##_##verb(one->handle.name, v.i); break;                         \
    case KINDS + number: otel_bound_##name##_##verb##_f64(one->handle.name##_f64, v.d); break;
        EACH_KIND(RECORD)
#undef RECORD
    default: fail("not bound", "");
    }
}

static void observe(otel_observer *observer, const instrument *one, value v, otel_attrs attrs)
{
    if (IS_F64(one->kind)) {
        otel_observe_f64(observer, (otel_observable_f64 *)one->handle, v.d, attrs);
    } else {
        otel_observe(observer, (otel_observable *)one->handle, v.i, attrs);
    }
}

/* ---- creating ---- */

/* What an instrument is created with; `options` of histograms, `callback` of observables. */
typedef struct making {
    otel_scope                   *scope;
    const char                   *name;
    const char                   *unit;
    const char                   *description;
    const otel_histogram_options *options;
    const otel_callback          *callback;
} making;

static void *create(size_t kind, const making *m)
{
#define CREATE(number, what)                                                                       \
    case number: return otel_##what##_create(m->scope, m->name, m->unit, m->description);          \
    case KINDS + number:                                                                           \
        return otel_##what##_create_f64(m->scope, m->name, m->unit, m->description);
#define CREATE_WITH(number, what, with)                                                            \
    case number: return otel_##what##_create(m->scope, m->name, m->unit, m->description, m->with); \
    case KINDS + number:                                                                           \
        return otel_##what##_create_f64(m->scope, m->name, m->unit, m->description, m->with);
    switch (kind) {
        CREATE(0, counter)
        CREATE(1, updown)
        CREATE(2, gauge)
        CREATE_WITH(3, histogram, options)
        CREATE_WITH(4, observable_counter, callback)
        CREATE_WITH(5, observable_updown, callback)
        CREATE_WITH(6, observable_gauge, callback)
    default: fail("no such kind", m->name); return NULL;
    }
#undef CREATE
#undef CREATE_WITH
}

static bound_handle bind_to(const instrument *one, otel_attrs attrs)
{
    bound_handle h;

    memset(&h, 0, sizeof h);
    switch (one->kind) {
#define BIND(number, name, verb)                                                                   \
    case number: h.name = otel_##name##_bind((otel_##name *)one->handle, attrs); break;            \
    case KINDS + number:                                                                           \
        h.name##_f64 = otel_##name##_bind_f64((otel_##name##_f64 *)one->handle, attrs);            \
        break;
        EACH_KIND(BIND)
#undef BIND
    default: fail("not to be bound", "");
    }
    return h;
}

/* ---- words ---- */

/* i and an integer, or d and the 64 bits of a double in hexadecimal */
static value next_value(void)
{
    value v = { 0, 0 };

    if (cursor == NULL || (*cursor != 'i' && *cursor != 'd')) {
        fail("not a value", cursor);
    } else if (*cursor++ == 'i') {
        v.i = next_i64();
    } else {
        v.d = next_double();
    }
    return v;
}

static void *text_memory(size_t bytes) /* lives as a text does */
{
    if (n_texts == MAX_TEXTS) {
        fail("too many texts", "");
    }
    return texts[n_texts++] = need(malloc(bytes > 0 ? bytes : 1));
}

static const double *next_bounds(size_t *n) /* COUNT [BOUND]..., or - for NULL */
{
    double *list = NULL;
    size_t  i;

    *n = 0;
    if (next_is("-")) {
        return NULL;
    }
    *n = next_index(1024);
    list = (double *)text_memory(*n * sizeof *list);
    for (i = 0; i < *n; i++) {
        list[i] = next_double();
    }
    return list;
}

static otel_histogram_options next_histogram(void) /* the words of a HISTOGRAM, or none */
{
    otel_histogram_options options;

    memset(&options, 0, sizeof options);
    if (more_words()) {
        options.aggregation = (uint32_t)next_u64();
        options.bounds = next_bounds(&options.n_bounds);
        options.max_size = (uint32_t)next_u64();
        options.max_scale = (int32_t)next_i64();
        options.no_min_max = next_u64() != 0;
    }
    return options;
}

/* ---- options ---- */

/* The number field of otel_options that has this name. */
static uint32_t *find_option(otel_options *o, const char *name)
{
#define OPTION(field)                                                                              \
    if (strcmp(name, #field) == 0) {                                                               \
        return &o->field;                                                                          \
    }
    OPTION(max_request_bytes)
    OPTION(metric_interval_ms)
    OPTION(metric_queue_bytes)
    OPTION(series_bytes)
    OPTION(max_series)
    OPTION(max_instruments)
    OPTION(max_callbacks)
    OPTION(temporality)
    OPTION(histogram_aggregation)
    OPTION(exponential_max_size)
    OPTION(drop_instruments)
    OPTION(exemplar_filter)
    OPTION(manual_temporality)
    OPTION(manual_histogram_aggregation)
    OPTION(manual_max_series)
#undef OPTION
    fail("no such option", name);
    return NULL;
}

/* Options of an SDK that reads no environment, and metrics only when an instruction says so. */
static otel_options own_options(const char *service)
{
    otel_options options;

    memset(&options, 0, sizeof options);
    options.service_name = service;
    options.on_diagnostic = on_diagnostic;
    options.ignore_environment = true;
    options.ignore_host = true;
    options.metric_interval_ms = OTEL_NO_LIMIT;
    return options;
}

/* The rest of an `open`, [OPTION NUMBER]...: opens the SDK and answers the status. */
static void open_sdk(otel_options *options)
{
    otel_status status = OTEL_SYSTEM;

    options->status = &status;
    while (more_words()) {
        uint32_t *field = find_option(options, next_word());
        *field = (uint32_t)next_u64();
    }
    sdk = otel_open(options);
    tell_value("open", status);
}

/* ---- instructions ---- */

static void do_set(void) /* set ID ATTRS: an attribute set */
{
    const size_t id = next_index(MAX_SETS);

    sets[id] = next_attrs();
    keep_texts();
}

static void do_bind(void) /* bind ID INSTRUMENT SET */
{
    bound            *one = &bounds[next_index(MAX_BOUNDS)];
    const instrument *to = &instruments[next_index(MAX_INSTRUMENTS)];

    one->kind = to->kind;
    one->handle = bind_to(to, sets[next_index(MAX_SETS)]);
}

static inline void do_environment(void) /* environment NAME VALUE: for `open`; as they are */
{
    const char *name = next_word();

    (void)setenv(name, next_word(), 1);
}

#endif /* METRIC_WORDS_H */
