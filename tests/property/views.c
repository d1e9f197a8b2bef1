/* views: runs programs of metrics calls under views, on one thread, so that tests in Python can
 * compare every stream with a model: what a transport gets, and what the second reader is shown.
 *
 * Stdin: one instruction a line, words and texts as in drive.c. What each instruction takes stands
 * at its function. Stdout: frames as drive.c's.
 * The clock is the program's own and stands still unless an instruction moves it. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t clock_ns;
static void     clock_wait(int64_t ms);
static bool     entropy(void *buffer, size_t n);

#define START_MONOTONIC UINT64_C(5000000000)
#define START_UNIX      UINT64_C(1700000000000000000)

#define OTEL_LITE_MONOTONIC_NS()         (START_MONOTONIC + clock_ns)
#define OTEL_LITE_UNIX_NS()              (START_UNIX + clock_ns)
#define OTEL_LITE_WAIT(fds, n, ms)       ((void)(fds), (void)(n), clock_wait(ms))
#define OTEL_LITE_ENTROPY(buffer, bytes) entropy(buffer, bytes)
#define OTEL_LITE_IMPLEMENTATION
#if !defined(DRIVE_HEADER)
#define DRIVE_HEADER "otel_lite.h"
#endif
#include DRIVE_HEADER

#include "drive_words.h"

#define MAX_VIEWS       16
#define MAX_SCOPES      8
#define MAX_SETS        256
#define MAX_INSTRUMENTS 32
#define MAX_BINDINGS    256
#define MAX_TOLD        256
#define MAX_SPANS       16
#define MAX_KEPT        4096

static void clock_wait(int64_t ms) { clock_ns += (uint64_t)ms * UINT64_C(1000000); }

/* The same in every list of instructions: ids of traces and spans come from it. */
static uint32_t entropy_state;

static bool entropy(void *buffer, size_t n)
{
    uint8_t *bytes = (uint8_t *)buffer;
    size_t   i;

    for (i = 0; i < n; i++) {
        entropy_state = entropy_state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(entropy_state >> 24);
    }
    return true;
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

typedef struct binding {
    size_t       kind;
    bound_handle handle;
} binding;

typedef struct told {
    size_t instrument;
    size_t set;
    value  value;
} told;

static otel_sdk               *sdk;
static otel_view               views[MAX_VIEWS];
static otel_exemplar_reservoir reservoirs[MAX_VIEWS];
static size_t                  n_views;
static otel_scope             *scopes[MAX_SCOPES];
static otel_attrs              sets[MAX_SETS];
static instrument              instruments[MAX_INSTRUMENTS];
static binding                 bindings[MAX_BINDINGS];
static told                    telling[MAX_TOLD]; /* by the callback, in each reading */
static size_t                  n_telling;
static otel_span               spans[MAX_SPANS];
static void                   *kept[MAX_KEPT]; /* what outlives its instruction */
static size_t                  n_kept;
static bool                    muted; /* what the clean-up does is not reported */

/* Let what was read live until `done`. */
static void keep_texts(void)
{
    while (n_texts > 0) {
        if (n_kept == MAX_KEPT) {
            fail("too many texts", "");
        }
        kept[n_kept++] = texts[--n_texts];
    }
}

static void *keep_memory(size_t bytes)
{
    if (n_texts == MAX_TEXTS) {
        fail("too many texts", "");
    }
    return texts[n_texts++] = need(malloc(bytes > 0 ? bytes : 1));
}

/* ---- answers of many words ---- */

static char   answer[1 << 16];
static size_t n_answer;

static void say(const char *word)
{
    n_answer += (size_t)snprintf(answer + n_answer, sizeof answer - n_answer, "%s%s",
                                 n_answer > 0 ? " " : "", word);
    if (n_answer >= sizeof answer) {
        fail("the answer is too long", "");
    }
}

static void say_int(int64_t number)
{
    char word[32];

    (void)snprintf(word, sizeof word, "%lld", (long long)number);
    say(word);
}

static void say_hex(const void *bytes, size_t n)
{
    char   word[2048] = "x";
    size_t i;

    for (i = 0; i < n && i < sizeof word / 2 - 1; i++) {
        (void)snprintf(word + 1 + 2 * i, 3, "%02x", ((const uint8_t *)bytes)[i]);
    }
    say(word);
}

static void say_text(const char *text) { say_hex(text, strlen(text)); }

static void say_double(double v)
{
    uint64_t bits;
    char     word[32];

    memcpy(&bits, &v, sizeof bits);
    (void)snprintf(word, sizeof word, "%016llx", (unsigned long long)bits);
    say(word);
}

/* How many, then of each its key, its type and its value. */
static void say_attrs(otel_attrs attrs)
{
    size_t i;

    say_int((int64_t)attrs.count);
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        say_hex(a->key, a->key_length != 0 ? a->key_length : strlen(a->key));
        say_int(a->type);
        if (a->type == OTEL_TYPE_STRING) {
            say_hex(a->value.s, a->length != OTEL_LENGTH_UNKNOWN ? a->length : strlen(a->value.s));
        } else if (a->type == OTEL_TYPE_DOUBLE) {
            say_double(a->value.d);
        } else {
            say_int(a->value.i);
        }
    }
}

static void say_context(const otel_context *context)
{
    say_hex(context->trace_id, sizeof context->trace_id);
    say_hex(context->span_id, sizeof context->span_id);
}

static void end_answer(void)
{
    out_text('V', answer);
    n_answer = 0;
}

/* ---- what the library calls ---- */

static void on_diagnostic(void *user, otel_severity severity, const char *text)
{
    (void)user;
    (void)severity;
    if (!muted) {
        out_text('D', text);
        say("told"); /* among the values, whose order is kept */
        say_text(text);
        end_answer();
    }
}

static otel_transport_result send_request(void *user, otel_request *request)
{
    const size_t n_path = strlen(request->path);
    const size_t n_type = strlen(request->content_type);

    (void)user;
    if (muted) {
        return OTEL_TRANSPORT_REFUSED;
    }
    out_bytes("R", 1);
    out_u32((uint32_t)(12 + n_path + 1 + n_type + 1 + request->length));
    out_u32((uint32_t)request->signal);
    out_u32(request->attempt);
    out_u32(request->n_records);
    out_bytes(request->path, n_path);
    out_bytes("\n", 1);
    out_bytes(request->content_type, n_type);
    out_bytes("\n", 1);
    out_bytes(request->body, request->length);
    return OTEL_TRANSPORT_SENT;
}

static void observe(void *user, otel_observer *observer)
{
    size_t i;

    (void)user;
    for (i = 0; i < n_telling; i++) {
        const told       *one = &telling[i];
        const instrument *to = &instruments[one->instrument];
        if (IS_F64(to->kind)) {
            otel_observe_f64(observer, (otel_observable_f64 *)to->handle, one->value.d,
                             sets[one->set]);
        } else {
            otel_observe(observer, (otel_observable *)to->handle, one->value.i, sets[one->set]);
        }
    }
}

/* ---- a reservoir of the program ---- */

/* Answers what it is offered, leaves negative values out and goes round its places. */
static uint32_t offer(void *user, const otel_measurement *measurement, uint32_t seen)
{
    const otel_exemplar_reservoir *own = (const otel_exemplar_reservoir *)user;

    say("offered");
    say_int(seen);
    say_int((int64_t)measurement->time_ns);
    say_int(measurement->is_double);
    say_int(measurement->i);
    say_double(measurement->d);
    say_context(&measurement->context);
    say_attrs(measurement->attrs);
    end_answer();
    return measurement->d < 0 ? OTEL_EXEMPLAR_SKIP : seen % own->size;
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

static void record_bound(const binding *one, value v)
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

/* Whether the library says that recording has an effect; of observables, whether there is one. */
static bool is_enabled(const instrument *one)
{
    switch (one->kind) {
#define ENABLED(number, name, verb)                                                                \
    case number: return otel_##name##_enabled((const otel_##name *)one->handle);                   \
    case KINDS + number: return otel_##name##_enabled_f64((const otel_##name##_f64 *)one->handle);
        EACH_KIND(ENABLED)
#undef ENABLED
    default: return one->handle != NULL;
    }
}

/* ---- instructions ---- */

static void forget_all(void)
{
    muted = true;
    otel_release(sdk);
    muted = false;
    sdk = NULL;
    while (n_kept > 0) {
        free(kept[--n_kept]);
    }
    memset(views, 0, sizeof views);
    memset(scopes, 0, sizeof scopes);
    memset(sets, 0, sizeof sets);
    memset(instruments, 0, sizeof instruments);
    memset(bindings, 0, sizeof bindings);
    memset(spans, 0, sizeof spans);
    n_views = n_telling = 0;
    clock_ns = 0;
    entropy_state = 0;
    (void)unsetenv("OTEL_METRICS_EXEMPLAR_FILTER");
}

static const double *next_bounds(size_t *n) /* COUNT [BOUND]..., or - for NULL */
{
    double *bounds = NULL;
    size_t  i;

    *n = 0;
    if (next_is("-")) {
        return NULL;
    }
    *n = next_index(1024);
    bounds = (double *)keep_memory(*n * sizeof *bounds);
    for (i = 0; i < *n; i++) {
        bounds[i] = next_double();
    }
    return bounds;
}

static const char *const *next_keys(void) /* COUNT [KEY]..., or - for NULL */
{
    const char **keys = NULL;
    size_t       n;
    size_t       i;

    if (next_is("-")) {
        return NULL;
    }
    n = next_index(64);
    keys = (const char **)keep_memory((n + 1) * sizeof *keys);
    for (i = 0; i < n; i++) {
        keys[i] = next_text();
    }
    keys[n] = NULL;
    return keys;
}

/* view INSTRUMENT_NAME KINDS UNIT SCOPE_NAME SCOPE_VERSION NAME DESCRIPTION KEEP EXCLUDE
 * AGGREGATION BOUNDS MAX_SIZE MAX_SCALE NO_MIN_MAX MAX_SERIES RESERVOIR: one more, for `open`.
 * RESERVOIR is the size of one, or 0. */
static void do_view(void)
{
    otel_view *view = &views[n_views < MAX_VIEWS ? n_views : 0];

    if (n_views == MAX_VIEWS) {
        fail("too many views", "");
    }
    view->instrument_name = next_text();
    view->instrument_kinds = (uint32_t)next_u64();
    view->instrument_unit = next_text();
    view->scope_name = next_text();
    view->scope_version = next_text();
    view->name = next_text();
    view->description = next_text();
    view->keep = next_keys();
    view->exclude = next_keys();
    view->aggregation = (uint32_t)next_u64();
    view->bounds = next_bounds(&view->n_bounds);
    view->max_size = (uint32_t)next_u64();
    view->max_scale = (int32_t)next_i64();
    view->no_min_max = next_u64() != 0;
    view->max_series = (uint32_t)next_u64();
    reservoirs[n_views].size = (uint32_t)next_u64();
    reservoirs[n_views].offer = offer;
    reservoirs[n_views].user = &reservoirs[n_views];
    view->reservoir = reservoirs[n_views].size != 0 ? &reservoirs[n_views] : NULL;
    n_views++;
    keep_texts();
}

static void do_environment(void) /* environment NAME VALUE: for `open`; both words as they are */
{
    const char *name = next_word();

    (void)setenv(name, next_word(), 1);
}

/* The number field of otel_options that has this name. */
static uint32_t *find_option(otel_options *o, const char *name)
{
#define OPTION(field)                                                                              \
    if (strcmp(name, #field) == 0) {                                                               \
        return &o->field;                                                                          \
    }
    OPTION(series_bytes)
    OPTION(max_series)
    OPTION(max_instruments)
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

/* open ENVIRONMENT READER SENDS [OPTION NUMBER]...: an SDK with the views so far; three times 0 or
 * 1 say whether it reads the environment, has a second reader, and has a transport. Answers the
 * status. */
static void do_open(void)
{
    otel_options options;
    otel_status  status = OTEL_SYSTEM;

    memset(&options, 0, sizeof options);
    options.service_name = "views";
    options.on_diagnostic = on_diagnostic;
    options.ignore_environment = next_u64() == 0;
    options.ignore_host = true;
    options.metric_interval_ms = OTEL_NO_LIMIT;
    options.manual_reader = next_u64() != 0;
    options.transport.send = next_u64() != 0 ? send_request : NULL;
    options.views = views;
    options.n_views = n_views;
    options.status = &status;
    while (more_words()) {
        uint32_t *field = find_option(&options, next_word());
        *field = (uint32_t)next_u64();
    }
    sdk = otel_open(&options);
    out_value("open", (uint64_t)(int64_t)status);
}

static void do_scope(void) /* scope ID NAME VERSION; 0 gets the callback that tells */
{
    const size_t        id = next_index(MAX_SCOPES);
    const char         *name = next_text();
    const otel_callback callback = { observe, NULL };

    scopes[id] = otel_scope_get(sdk, name, next_text());
    if (id == 0) {
        (void)otel_callback_register(scopes[id], &callback);
    }
}

static void do_set(void) /* set ID ATTRS */
{
    const size_t id = next_index(MAX_SETS);

    sets[id] = next_attrs();
    keep_texts();
}

static otel_histogram_options next_histogram(void)
{
    otel_histogram_options options;

    memset(&options, 0, sizeof options);
    options.aggregation = (uint32_t)next_u64();
    options.bounds = next_bounds(&options.n_bounds);
    options.max_size = (uint32_t)next_u64();
    options.max_scale = (int32_t)next_i64();
    options.no_min_max = next_u64() != 0;
    return options;
}

static void *create(size_t kind, otel_scope *scope, const char *const texts3[3],
                    const otel_histogram_options *options)
{
#define CREATE(number, what)                                                                       \
    case number: return otel_##what##_create(scope, texts3[0], texts3[1], texts3[2]);              \
    case KINDS + number:                                                                           \
        return otel_##what##_create_f64(scope, texts3[0], texts3[1], texts3[2]);
#define CREATE_WITH(number, what, with)                                                            \
    case number: return otel_##what##_create(scope, texts3[0], texts3[1], texts3[2], with);        \
    case KINDS + number:                                                                           \
        return otel_##what##_create_f64(scope, texts3[0], texts3[1], texts3[2], with);
    switch (kind) {
        CREATE(0, counter)
        CREATE(1, updown)
        CREATE(2, gauge)
        CREATE_WITH(3, histogram, options)
        CREATE_WITH(4, observable_counter, NULL)
        CREATE_WITH(5, observable_updown, NULL)
        CREATE_WITH(6, observable_gauge, NULL)
    default: fail("no such kind", texts3[0]); return NULL;
    }
#undef CREATE
#undef CREATE_WITH
}

/* instrument ID SCOPE KIND NAME UNIT DESCRIPTION [AGGREGATION BOUNDS MAX_SIZE MAX_SCALE
 * NO_MIN_MAX]: KIND as in enum otel_instrument, plus 7 for doubles; the rest for a histogram.
 * Answers whether it is there, whether it is enabled, and whether a second request for it gives the
 * same one. */
static void do_instrument(void)
{
    instrument            *one = &instruments[next_index(MAX_INSTRUMENTS)];
    otel_scope            *scope = scopes[next_index(MAX_SCOPES)];
    const size_t           kind = next_index(2 * KINDS);
    const char            *texts3[3];
    otel_histogram_options options;
    bool                   same;
    size_t                 i;

    for (i = 0; i < 3; i++) {
        texts3[i] = next_text();
    }
    memset(&options, 0, sizeof options);
    if (more_words()) {
        options = next_histogram();
    }
    one->kind = kind;
    one->handle = create(kind, scope, texts3, &options);
    same = create(kind, scope, texts3, &options) == one->handle;
    say("instrument");
    say_int(one->handle != NULL);
    say_int(is_enabled(one));
    say_int(same);
    end_answer();
}

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

static void do_bind(void) /* bind ID INSTRUMENT SET */
{
    binding          *one = &bindings[next_index(MAX_BINDINGS)];
    const instrument *to = &instruments[next_index(MAX_INSTRUMENTS)];

    one->kind = to->kind;
    one->handle = bind_to(to, sets[next_index(MAX_SETS)]);
}

static void do_record(void) /* record INSTRUMENT SET VALUE */
{
    const instrument *to = &instruments[next_index(MAX_INSTRUMENTS)];
    const otel_attrs  attrs = sets[next_index(MAX_SETS)];

    record(to, next_value(), attrs);
}

static void do_bound(void) /* bound ID VALUE */
{
    const binding *one = &bindings[next_index(MAX_BINDINGS)];

    record_bound(one, next_value());
}

static void do_tell(void) /* tell INSTRUMENT SET VALUE: in each reading from now on */
{
    told *one = &telling[n_telling < MAX_TOLD ? n_telling : 0];

    if (n_telling == MAX_TOLD) {
        fail("too much to tell", "");
    }
    one->instrument = next_index(MAX_INSTRUMENTS);
    one->set = next_index(MAX_SETS);
    one->value = next_value();
    n_telling++;
}

static void do_hush(void) { n_telling = 0; } /* hush: tell nothing any more */

static void do_advance(void) { clock_ns += next_u64(); } /* advance NS */

static void do_span(void) /* span ID SAMPLED: starts one, makes it current, answers who it is */
{
    otel_span        *span = &spans[next_index(MAX_SPANS)];
    otel_context      parent;
    otel_span_options options;

    memset(&parent, 0x11, sizeof parent);
    parent.trace_flags = next_u64() != 0 ? OTEL_TRACE_FLAG_SAMPLED : 0;
    parent.remote = 1;
    memset(&options, 0, sizeof options);
    options.parent = &parent;
    *span = otel_span_start(scopes[0], "span", &options);
    (void)otel_span_attach(*span);
    say("span");
    say_context(&span->context);
    end_answer();
}

static void do_end(void) /* end ID: no span is current any more */
{
    const otel_context none = { { 0 }, { 0 }, 0, 0 };

    otel_span_end(spans[next_index(MAX_SPANS)]);
    otel_span_detach(none);
}

static void do_flush(void) /* flush: the clocks go on by 1 ns first; answers the status */
{
    clock_ns++;
    out_value("flush", (uint64_t)(int64_t)otel_flush(sdk, 60000));
}

static void do_close(void) /* close: answers the status */
{
    out_value("close", (uint64_t)(int64_t)otel_close(sdk, 60000));
}

/* ---- the second reader ---- */

static void say_buckets(const otel_buckets *buckets)
{
    uint32_t i;

    say_int(buckets->offset);
    say_int(buckets->n);
    for (i = 0; i < buckets->n; i++) {
        say_int((int64_t)buckets->counts[i]);
    }
}

static void say_histogram(const otel_point *p)
{
    uint32_t i;

    say_int((int64_t)p->count);
    say_int(p->has_sum);
    say_double(p->sum);
    say_int(p->has_min_max);
    say_double(p->min);
    say_double(p->max);
    if (p->aggregation == OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM) {
        say_int(p->n_bounds);
        for (i = 0; i < p->n_bounds; i++) {
            say_double(p->bounds[i]);
        }
        for (i = 0; i <= p->n_bounds; i++) {
            say_int((int64_t)p->buckets[i]);
        }
    } else {
        say_int(p->scale);
        say_int((int64_t)p->zero_count);
        say_buckets(&p->positive);
        say_buckets(&p->negative);
    }
}

static void on_point(void *user, const otel_point *p)
{
    uint32_t i;

    (void)user;
    say("point");
    say_text(p->scope_name);
    say_text(p->scope_version);
    say_text(p->name);
    say_text(p->unit);
    say_text(p->description);
    say_int(p->kind);
    say_int(p->aggregation);
    say_int(p->temporality);
    say_int(p->is_monotonic);
    say_int(p->is_double);
    say_int((int64_t)p->start_ns);
    say_int((int64_t)p->time_ns);
    say_int(p->i);
    say_double(p->d);
    say_attrs(p->attrs);
    say_int(p->n_exemplars);
    for (i = 0; i < p->n_exemplars; i++) {
        const otel_exemplar *e = &p->exemplars[i];
        say_int((int64_t)e->time_ns);
        say_int(e->is_double);
        say_int(e->i);
        say_double(e->d);
        say_context(&e->context);
        say_attrs(e->attrs);
    }
    if (p->aggregation >= OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM) {
        say_histogram(p);
    }
    end_answer();
}

static void do_read(void) /* read: the clocks go on by 1 ns first; answers each point, the status */
{
    clock_ns++;
    out_value("read", (uint64_t)(int64_t)otel_read(sdk, on_point, NULL, 60000));
}

/* ---- the rest ---- */

static void do_stats(void) /* stats: answers bad values, lost ones, overflowing instruments */
{
    otel_stats s;

    otel_stats_get(sdk, &s);
    say("stats");
    say_int((int64_t)s.bad_values);
    say_int((int64_t)s.lost_values);
    say_int((int64_t)s.overflowing_instruments);
    end_answer();
}

static void do_done(void) /* done: writes the frames, and forgets everything */
{
    forget_all();
    out_text('E', "");
    if (fwrite(out.bytes, 1, out.length, stdout) != out.length || fflush(stdout) != 0) {
        exit(3);
    }
    out.length = 0;
}

static const struct {
    const char *name;
    void (*run)(void);
} instructions[] = {
    { "view", do_view },   { "environment", do_environment },
    { "open", do_open },   { "scope", do_scope },
    { "set", do_set },     { "instrument", do_instrument },
    { "bind", do_bind },   { "record", do_record },
    { "bound", do_bound }, { "tell", do_tell },
    { "hush", do_hush },   { "advance", do_advance },
    { "span", do_span },   { "end", do_end },
    { "flush", do_flush }, { "close", do_close },
    { "read", do_read },   { "stats", do_stats },
    { "done", do_done },
};

static void run_line(char *line)
{
    const size_t n = sizeof instructions / sizeof instructions[0];
    const char  *name;
    size_t       i = 0;

    line[strcspn(line, "\n")] = '\0';
    cursor = line;
    name = next_word();
    while (i < n && strcmp(instructions[i].name, name) != 0) {
        i++;
    }
    if (i == n) {
        fail("no such instruction", name);
    }
    instructions[i < n ? i : 0].run();
    if (more_words()) {
        fail("words too many after", name);
    }
    free_texts();
}

int main(void)
{
    char  *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        run_line(line);
    }
    forget_all();
    free(line);
    free(out.bytes);
    return 0;
}
