/* readers: one SDK with both readers of metrics, the one that sends and the one for the program.
 * Threads record and read as they are told; what is sent and what is shown goes to stdout.
 *
 * Stdin: one instruction a line, words and texts as in drive.c. What each instruction takes stands
 * at its function. A program is a list of steps, one letter and its operands each:
 *   r INSTRUMENT SET VALUE       record, add or set
 *   b BOUND VALUE                the same through a bound handle
 *   o INSTRUMENT SET VALUE STEP  tell VALUE + STEP x earlier runs of the callback (in one only)
 *   c MS, f MS, p                collect, flush, poll
 *   m MS, n MS                   read, as otel_read() shows it; let a reading pass unseen
 *   a NS                         both clocks go on
 *   y, w US                      let another thread run; wait so many microseconds
 * A VALUE is i and an integer or d and the 64 bits of a double in hexadecimal.
 * Stdout: frames as drive.c's. A point is a value: see show().
 * The clock is the program's own. It stands still, or goes on by `tick` each time it is read. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

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

#define MAX_SETS        256
#define MAX_INSTRUMENTS 32
#define MAX_BOUNDS      256
#define MAX_THREADS     8
#define MAX_KEPT        (1 << 14)

#define START_MONOTONIC UINT64_C(5000000000)
#define START_UNIX      UINT64_C(1700000000000000000)

/* ---- clock, entropy ---- */

static uint64_t               clock_ns = START_MONOTONIC;
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
    return START_UNIX - START_MONOTONIC + now;
}

static void clock_wait(uint32_t ms)
{
    (void)__atomic_fetch_add(&clock_ns, ms * UINT64_C(1000000), __ATOMIC_RELAXED);
    (void)sched_yield();
}

static bool entropy(void *buffer, size_t n)
{
    memset(buffer, 0x5b, n);
    return true;
}

/* ---- what the steps work on ---- */

typedef struct value {
    int64_t i;
    double  d;
} value;

typedef struct step {
    char     kind;
    size_t   a; /* instrument, bound handle */
    size_t   b; /* set                      */
    uint64_t n; /* milliseconds, nanoseconds */
    value    value;
    value    more;
} step;

typedef struct program {
    step    *steps;
    size_t   n_steps;
    uint64_t times;
    bool     reads;
} program;

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

static otel_sdk         *sdk;
static otel_scope       *scope;
static otel_attrs        sets[MAX_SETS];
static instrument        instruments[MAX_INSTRUMENTS];
static bound             bounds[MAX_BOUNDS];
static program           callback_steps;
static uint64_t          calls;
static program           threads[MAX_THREADS];
static size_t            n_threads;
static size_t            n_reading; /* readers that are not through */
static pthread_barrier_t all_ready;
static void             *kept[MAX_KEPT];
static size_t            n_kept;
static bool              muted; /* what the clean-up does is not reported */
static pthread_mutex_t   out_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- frames ---- */

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
    (void)pthread_mutex_lock(&out_lock);
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
    (void)pthread_mutex_unlock(&out_lock);
    return OTEL_TRANSPORT_SENT;
}

/* ---- points ---- */

/* A line that grows. */
typedef struct line {
    char  *text;
    size_t length;
    size_t room;
} line;

static void put(line *to, const char *format, ...)
{
    va_list list;
    int     n;

    if (to->room - to->length < 64) {
        to->room = 2 * to->room + 256;
        to->text = (char *)need(realloc(to->text, to->room));
    }
    va_start(list, format);
    n = vsnprintf(to->text + to->length, to->room - to->length, format, list);
    va_end(list);
    if (n < 0 || n >= 64) {
        fail("a word is too long", format);
    }
    to->length += (size_t)n;
}

static void put_u64(line *to, uint64_t v) { put(to, " %llu", (unsigned long long)v); }

static void put_i64(line *to, int64_t v) { put(to, " %lld", (long long)v); }

static void put_double(line *to, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put(to, " %016llx", (unsigned long long)bits);
}

static void put_text(line *to, const char *text, size_t n)
{
    size_t i;

    put(to, " x");
    for (i = 0; i < n; i++) {
        put(to, "%02x", (unsigned char)text[i]);
    }
}

static void put_numbers(line *to, const uint64_t *numbers, uint32_t n)
{
    uint32_t i;

    put_u64(to, n);
    for (i = 0; i < n; i++) {
        put_u64(to, numbers[i]);
    }
}

static void put_attrs(line *to, otel_attrs attrs)
{
    size_t i;

    put_u64(to, attrs.count);
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        put_u64(to, a->type);
        put_text(to, a->key, a->key_length);
        switch (a->type) {
        case OTEL_TYPE_STRING: put_text(to, a->value.s, a->length); break;
        case OTEL_TYPE_DOUBLE: put_double(to, a->value.d); break;
        default: put_i64(to, a->value.i); break;
        }
    }
}

static void put_histogram(line *to, const otel_point *p)
{
    const bool explicit_ = p->aggregation == OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    uint32_t   i;

    put_u64(to, p->count);
    put_u64(to, p->has_sum);
    put_double(to, p->sum);
    put_u64(to, p->has_min_max);
    put_double(to, p->min);
    put_double(to, p->max);
    put_u64(to, p->n_bounds);
    for (i = 0; i < p->n_bounds; i++) {
        put_double(to, p->bounds[i]);
    }
    put_numbers(to, p->buckets, explicit_ ? p->n_bounds + 1 : 0);
    put_i64(to, p->scale);
    put_u64(to, p->zero_count);
    put_i64(to, p->positive.offset);
    put_numbers(to, p->positive.counts, p->positive.n);
    put_i64(to, p->negative.offset);
    put_numbers(to, p->negative.counts, p->negative.n);
}

/* A value `point`: scope, name, unit, description, kind, aggregation, temporality, is_monotonic,
 * is_double, start, time, attributes, i, d, and what histograms have. */
static void show(void *user, const otel_point *p)
{
    line to = { NULL, 0, 0 };

    (void)user;
    put(&to, "point");
    put_text(&to, p->scope_name, strlen(p->scope_name));
    put_text(&to, p->name, strlen(p->name));
    put_text(&to, p->unit, strlen(p->unit));
    put_text(&to, p->description, strlen(p->description));
    put_u64(&to, p->kind);
    put_u64(&to, p->aggregation);
    put_u64(&to, p->temporality);
    put_u64(&to, p->is_monotonic);
    put_u64(&to, p->is_double);
    put_u64(&to, p->start_ns);
    put_u64(&to, p->time_ns);
    put_attrs(&to, p->attrs);
    put_i64(&to, p->i);
    put_double(&to, p->d);
    put_histogram(&to, p);
    tell('V', to.text);
    free(to.text);
}

/* ---- recording ---- */

/* CALL(name, argument): for each synchronous kind, in the order of enum otel_instrument */
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

static void observe(otel_observer *observer, const step *s)
{
    const instrument *one = &instruments[s->a];

    if (IS_F64(one->kind)) {
        otel_observe_f64(observer, (otel_observable_f64 *)one->handle,
                         s->value.d + s->more.d * (double)calls, sets[s->b]);
    } else {
        otel_observe(observer, (otel_observable *)one->handle,
                     s->value.i + s->more.i * (int64_t)calls, sets[s->b]);
    }
}

static void *create(size_t kind, const char *name, const otel_histogram_options *options)
{
#define CREATE(number, what)                                                                       \
    case number: return otel_##what##_create(scope, name, "u", "what it is");                      \
    case KINDS + number:                                                                           \
        return otel_##what##_create_f64(scope, name, NULL, NULL);
#define CREATE_OBSERVABLE(number, what)                                                            \
    case number: return otel_observable_##what##_create(scope, name, NULL, NULL, NULL);            \
    case KINDS + number: return otel_observable_##what##_create_f64(scope, name, NULL, NULL, NULL);
    switch (kind) {
        CREATE(0, counter)
        CREATE(1, updown)
        CREATE(2, gauge)
        CREATE_OBSERVABLE(4, counter)
        CREATE_OBSERVABLE(5, updown)
        CREATE_OBSERVABLE(6, gauge)
    case 3: return otel_histogram_create(scope, name, NULL, NULL, options);
    case KINDS + 3: return otel_histogram_create_f64(scope, name, NULL, NULL, options);
    default: fail("no such kind", name); return NULL;
    }
#undef CREATE
#undef CREATE_OBSERVABLE
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

/* ---- steps ---- */

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

static step next_step(void)
{
    step s;

    memset(&s, 0, sizeof s);
    s.kind = next_word()[0];
    switch (s.kind) {
    case 'r':
    case 'o':
        s.a = next_index(MAX_INSTRUMENTS);
        s.b = next_index(MAX_SETS);
        s.value = next_value();
        if (s.kind == 'o') {
            s.more = next_value();
        }
        break;
    case 'b':
        s.a = next_index(MAX_BOUNDS);
        s.value = next_value();
        break;
    case 'c':
    case 'f':
    case 'm':
    case 'n':
    case 'w':
    case 'a': s.n = next_u64(); break;
    case 'p':
    case 'y': break;
    default: fail("no such step", "");
    }
    return s;
}

/* The rest of the line. */
static program next_program(void)
{
    program p = { NULL, 0, 0, false };
    size_t  room = 0;

    while (more_words()) {
        if (p.n_steps == room) {
            room = 2 * room + 16;
            p.steps = (step *)need(realloc(p.steps, room * sizeof *p.steps));
        }
        p.steps[p.n_steps++] = next_step();
    }
    return p;
}

/* What reads answers the status, but for threads, which are quiet. */
static void run_step(const step *s, otel_observer *observer, bool quiet)
{
    const uint32_t ms = (uint32_t)s->n;
    const char     name[2] = { s->kind, '\0' };
    otel_status    status;

    switch (s->kind) {
    case 'r': record(&instruments[s->a], s->value, sets[s->b]); return;
    case 'b': record_bound(&bounds[s->a], s->value); return;
    case 'o': observe(observer, s); return;
    case 'a': (void)__atomic_fetch_add(&clock_ns, s->n, __ATOMIC_RELAXED); return;
    case 'p': (void)otel_poll(sdk); return;
    case 'w': (void)usleep((useconds_t)s->n); return;
    case 'y': (void)sched_yield(); return;
    case 'c': status = otel_collect(sdk, ms); break;
    case 'f': status = otel_flush(sdk, ms); break;
    case 'm': status = otel_read(sdk, show, NULL, ms); break;
    default: status = otel_read(sdk, NULL, NULL, ms); break;
    }
    if (!quiet) {
        tell_value(name, status);
    }
}

static void run_callback(void *user, otel_observer *observer)
{
    size_t i;

    (void)user;
    for (i = 0; i < callback_steps.n_steps; i++) {
        run_step(&callback_steps.steps[i], observer, true);
    }
    calls++; /* readings do not overlap */
}

/* Threads begin together. Who records goes on as long as somebody reads, so that each reading meets
 * recordings; how often it went through its steps is counted. */
static void *run_thread(void *user)
{
    program *p = (program *)user;
    uint64_t i;
    size_t   k;

    (void)pthread_barrier_wait(&all_ready);
    for (i = 0; i < p->times || (!p->reads && __atomic_load_n(&n_reading, __ATOMIC_ACQUIRE) > 0);
         i++) {
        for (k = 0; k < p->n_steps; k++) {
            run_step(&p->steps[k], NULL, true);
        }
    }
    if (p->reads) {
        (void)__atomic_sub_fetch(&n_reading, 1, __ATOMIC_RELEASE);
    }
    p->times = i;
    return NULL;
}

/* ---- instructions ---- */

static void forget_all(void)
{
    size_t i;

    muted = true;
    otel_release(sdk);
    muted = false;
    sdk = NULL;
    for (i = 0; i < n_threads; i++) {
        free(threads[i].steps);
    }
    free(callback_steps.steps);
    while (n_kept > 0) {
        free(kept[--n_kept]);
    }
    memset(&callback_steps, 0, sizeof callback_steps);
    memset(sets, 0, sizeof sets);
    memset(instruments, 0, sizeof instruments);
    memset(bounds, 0, sizeof bounds);
    calls = n_threads = n_reading = 0;
    clock_ns = START_MONOTONIC;
    clock_tick = 0;
}

/* The number field of otel_options that has this name. */
static uint32_t *find_option(otel_options *o, const char *name)
{
#define OPTION(field)                                                                              \
    if (strcmp(name, #field) == 0) {                                                               \
        return &o->field;                                                                          \
    }
    OPTION(metric_queue_bytes)
    OPTION(max_request_bytes)
    OPTION(series_bytes)
    OPTION(max_series)
    OPTION(temporality)
    OPTION(histogram_aggregation)
    OPTION(manual_temporality)
    OPTION(manual_histogram_aggregation)
    OPTION(manual_max_series)
#undef OPTION
    fail("no such option", name);
    return NULL;
}

/* open [alone] TICK [OPTION NUMBER]...: an SDK with both readers, or with the program's alone, one
 * scope and a callback, which does nothing yet. Metrics are read when a step says so. */
static void do_open(void)
{
    const otel_callback callback = { run_callback, NULL };
    otel_options        options;
    otel_status         status = OTEL_SYSTEM;

    memset(&options, 0, sizeof options);
    options.service_name = "readers";
    options.transport.send = next_is("alone") ? NULL : send_request;
    options.on_diagnostic = on_diagnostic;
    options.ignore_environment = true;
    options.ignore_host = true;
    options.metric_interval_ms = OTEL_NO_LIMIT;
    options.manual_reader = true;
    options.status = &status;
    clock_tick = next_u64();
    while (more_words()) {
        uint32_t *field = find_option(&options, next_word());
        *field = (uint32_t)next_u64();
    }
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "readers", NULL);
    (void)otel_callback_register(scope, &callback);
    tell_value("open", status);
}

static void do_set(void) /* set ID ATTRS: an attribute set for the steps */
{
    const size_t id = next_index(MAX_SETS);

    sets[id] = next_attrs();
    while (n_texts > 0) {
        if (n_kept == MAX_KEPT) {
            fail("too many sets", "");
        }
        kept[n_kept++] = texts[--n_texts];
    }
}

/* instrument ID KIND NAME [AGGREGATION MAX_SIZE MAX_SCALE NO_MIN_MAX EXPLICIT [BOUND]...]: KIND as
 * in enum otel_instrument, plus 7 for doubles. The rest for a histogram: EXPLICIT 1 takes the
 * bounds that follow. */
static void do_instrument(void)
{
    const size_t           id = next_index(MAX_INSTRUMENTS);
    const size_t           kind = next_index(2 * KINDS);
    const char            *name = next_word();
    otel_histogram_options options;
    double                 list[MAX_ATTRS];

    memset(&options, 0, sizeof options);
    if (more_words()) {
        options.aggregation = (uint32_t)next_u64();
        options.max_size = (uint32_t)next_u64();
        options.max_scale = (int32_t)next_i64();
        options.no_min_max = next_u64() != 0;
        options.bounds = next_u64() != 0 ? list : NULL;
        while (more_words()) {
            list[options.n_bounds++] = next_double();
        }
    }
    instruments[id].kind = kind;
    instruments[id].handle = create(kind, name, &options);
    if (instruments[id].handle == NULL) {
        fail("not created", name);
    }
}

static void do_bind(void) /* bind ID INSTRUMENT SET */
{
    const size_t id = next_index(MAX_BOUNDS);
    const size_t to = next_index(MAX_INSTRUMENTS);

    bounds[id].kind = instruments[to].kind;
    bounds[id].handle = bind_to(&instruments[to], sets[next_index(MAX_SETS)]);
}

static void do_callback(void) /* callback STEP...: what it does; in place of what it did */
{
    free(callback_steps.steps);
    callback_steps = next_program();
}

static void do_calls(void) /* calls: answers how often the callback ran */
{
    tell_value("calls", (int64_t)calls);
}

static void do_do(void) /* do STEP...: at once, on this thread */
{
    const program p = next_program();
    size_t        i;

    for (i = 0; i < p.n_steps; i++) {
        run_step(&p.steps[i], NULL, false);
    }
    free(p.steps);
}

/* thread TIMES STEP...: one more thread for `run`, which goes through its steps so often, and on as
 * long as a reader is not through; reader TIMES STEP...: so often. */
static program *add_thread(void)
{
    const uint64_t times = next_u64();

    if (n_threads == MAX_THREADS) {
        fail("too many threads", "");
    }
    threads[n_threads] = next_program();
    threads[n_threads].times = times;
    return &threads[n_threads++];
}

static void do_thread(void) { (void)add_thread(); }

static void do_reader(void)
{
    add_thread()->reads = true;
    n_reading++;
}

/* run: all threads at once, until they are through; answers how often each went through its
 * steps */
static void do_run(void)
{
    pthread_t ids[MAX_THREADS];
    size_t    i;

    (void)pthread_barrier_init(&all_ready, NULL, (unsigned)n_threads);
    for (i = 0; i < n_threads; i++) {
        if (pthread_create(&ids[i], NULL, run_thread, &threads[i]) != 0) {
            fail("no thread", "");
        }
    }
    for (i = 0; i < n_threads; i++) {
        (void)pthread_join(ids[i], NULL);
        tell_value("times", (int64_t)threads[i].times);
        free(threads[i].steps);
    }
    (void)pthread_barrier_destroy(&all_ready);
    n_threads = 0;
}

static void do_stats(
    void) /* stats: answers lost values, bad values, and what was lost of metrics */
{
    otel_stats s;
    uint64_t   lost = 0;
    size_t     i;

    otel_stats_get(sdk, &s);
    for (i = 0; i < OTEL_DROP_COUNT; i++) {
        lost += s.signal[OTEL_SIGNAL_METRICS].dropped[i];
    }
    tell_value("lost_values", (int64_t)s.lost_values);
    tell_value("bad_values", (int64_t)s.bad_values);
    tell_value("superseded", (int64_t)s.signal[OTEL_SIGNAL_METRICS].dropped[OTEL_DROP_SUPERSEDED]);
    tell_value("lost", (int64_t)lost);
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
    { "open", do_open }, { "set", do_set },           { "instrument", do_instrument },
    { "bind", do_bind }, { "callback", do_callback }, { "calls", do_calls },
    { "do", do_do },     { "thread", do_thread },     { "reader", do_reader },
    { "run", do_run },   { "stats", do_stats },       { "done", do_done },
};

static void run_line(char *text)
{
    const size_t n = sizeof instructions / sizeof instructions[0];
    const char  *name;
    size_t       i = 0;

    text[strcspn(text, "\n")] = '\0';
    cursor = text;
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
    char  *text = NULL;
    size_t room = 0;

    while (getline(&text, &room, stdin) > 0) {
        run_line(text);
    }
    forget_all();
    free(text);
    free(out.bytes);
    return 0;
}
