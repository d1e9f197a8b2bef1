/* metrics: runs programs of metrics calls, on one thread or on several at once, so that tests in
 * Python can drive the instruments, the callbacks and the readings of one SDK.
 *
 * Stdin: one instruction a line, words and texts as in drive.c. What each instruction takes stands
 * at its function. A program is a list of steps, one letter and its operands each:
 *   r INSTRUMENT SET VALUE       record, add or set
 *   b BOUND VALUE                the same through a bound handle
 *   o INSTRUMENT SET VALUE STEP  tell VALUE + STEP x earlier runs of the callback (in one only)
 *   c MS, f MS, x MS, p          collect, flush, close, poll: answers the status
 *   g SLOT, u SLOT               register a callback, unregister it
 *   i ID KIND                    create an instrument named i and its number
 *   a NS                         both clocks go on
 *   k KIND MS                    answer the oldest pending request: s sent, r retry, f refused
 *   y, w US                      let another thread run; wait so many microseconds
 * A VALUE is i and an integer or d and the 64 bits of a double in hexadecimal.
 * Stdout: frames as drive.c's. Threads answer nothing, only their requests are seen.
 * The clock is the program's own. It stands still, or goes on by `tick` each time it is read. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
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

#define MAX_SETS        4096
#define MAX_INSTRUMENTS 64
#define MAX_BOUNDS      256
#define MAX_SLOTS       64
#define MAX_THREADS     16
#define MAX_ANSWERS     1024
#define MAX_KEPT        (1 << 16)

#define START_MONOTONIC UINT64_C(5000000000)
#define START_UNIX      UINT64_C(1700000000000000000)

/* ---- clock, entropy ---- */

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
    return clock_offset + (clock_tick == 0 ? clock_ns : clock_seen);
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
    char     letter; /* of k */
    size_t   a;      /* instrument, bound handle, slot */
    size_t   b;      /* set, kind of instrument        */
    uint64_t n;      /* milliseconds, nanoseconds      */
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

typedef struct slot {
    program            program;
    uint64_t           calls;
    otel_registration *registration;
} slot;

typedef struct pending {
    otel_request *request;
    uint8_t      *body; /* a copy */
    size_t        length;
} pending;

static otel_sdk         *sdk;
static otel_scope       *scope;
static otel_attrs        sets[MAX_SETS];
static instrument        instruments[MAX_INSTRUMENTS];
static bound             bounds[MAX_BOUNDS];
static slot              slots[MAX_SLOTS];
static program           threads[MAX_THREADS];
static size_t            n_threads;
static size_t            n_reading; /* readers that are not through */
static pthread_barrier_t all_ready;
static void             *kept[MAX_KEPT];
static size_t            n_kept;
static struct {
    char     kind; /* s sent, r retry, f refused, p pending */
    uint32_t ms;
} answers[MAX_ANSWERS];
static size_t          n_answers;
static size_t          next_answer;
static pending         waiting;
static bool            muted; /* what the clean-up does is not reported */
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;

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

/* ---- the transport ---- */

static void out_request(const otel_request *request)
{
    const size_t n_path = strlen(request->path);
    const size_t n_type = strlen(request->content_type);

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
}

static otel_transport_result send_request(void *user, otel_request *request)
{
    otel_transport_result result = OTEL_TRANSPORT_SENT;

    (void)user;
    if (muted) {
        return OTEL_TRANSPORT_REFUSED;
    }
    (void)pthread_mutex_lock(&out_lock);
    out_request(request);
    if (next_answer < n_answers) {
        const size_t at = next_answer++;
        switch (answers[at].kind) {
        case 'r':
            request->retry_after_ms = answers[at].ms;
            result = OTEL_TRANSPORT_RETRY;
            break;
        case 'f': result = OTEL_TRANSPORT_REFUSED; break;
        case 'p':
            result = OTEL_TRANSPORT_PENDING;
            waiting.request = request;
            waiting.length = request->length;
            waiting.body = (uint8_t *)need(malloc(request->length + 1));
            memcpy(waiting.body, request->body, request->length);
            break;
        default: break;
        }
    }
    (void)pthread_mutex_unlock(&out_lock);
    return result;
}

static void complete(char kind, uint32_t ms)
{
    pending one;

    (void)pthread_mutex_lock(&out_lock);
    one = waiting;
    waiting.request = NULL;
    waiting.body = NULL;
    (void)pthread_mutex_unlock(&out_lock);
    if (one.request == NULL) {
        tell_value("complete", 0);
        return;
    }
    if (one.request->length != one.length || memcmp(one.request->body, one.body, one.length) != 0) {
        tell('X', "a pending request's body changed");
    }
    free(one.body);
    one.request->retry_after_ms = ms;
    tell_value("complete", 1);
    otel_transport_complete(one.request, kind == 's'   ? OTEL_TRANSPORT_SENT
                                         : kind == 'f' ? OTEL_TRANSPORT_REFUSED
                                                       : OTEL_TRANSPORT_RETRY);
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

static void observe(otel_observer *observer, const step *s, uint64_t calls)
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

/* ---- creating ---- */

static void run_callback(void *user, otel_observer *observer);

static void *create(size_t kind, const char *name, const otel_histogram_options *options,
                    const otel_callback *callback)
{
#define CREATE(number, what)                                                                       \
    case number: return otel_##what##_create(scope, name, NULL, NULL);                             \
    case KINDS + number:                                                                           \
        return otel_##what##_create_f64(scope, name, NULL, NULL);
#define CREATE_OBSERVABLE(number, what)                                                            \
    case number: return otel_observable_##what##_create(scope, name, NULL, NULL, callback);        \
    case KINDS + number:                                                                           \
        return otel_observable_##what##_create_f64(scope, name, NULL, NULL, callback);
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
    case 'i':
        s.a = next_index(MAX_INSTRUMENTS);
        s.b = next_index(2 * KINDS);
        break;
    case 'g':
    case 'u': s.a = next_index(MAX_SLOTS); break;
    case 'k':
        s.letter = next_word()[0];
        s.n = next_u64();
        break;
    case 'c':
    case 'f':
    case 'x':
    case 'w':
    case 'a': s.n = next_u64(); break;
    case 'p':
    case 'y': break;
    default: fail("no such step", "");
    }
    return s;
}

/* The rest of the line; `room` steps at most. */
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

/* Where steps are run: a callback has an observer, a thread is quiet. */
typedef struct place {
    otel_observer *observer;
    uint64_t       calls;
    bool           quiet;
} place;

static void answer_status(const place *at, const char *name, int64_t status)
{
    if (!at->quiet) {
        tell_value(name, status);
    }
}

static void register_slot(size_t id)
{
    const otel_callback callback = { run_callback, &slots[id] };

    slots[id].registration = otel_callback_register(scope, &callback);
}

static void run_step(const step *s, const place *at)
{
    const uint32_t ms = (uint32_t)s->n;
    char           name[32];

    switch (s->kind) {
    case 'r': record(&instruments[s->a], s->value, sets[s->b]); break;
    case 'b': record_bound(&bounds[s->a], s->value); break;
    case 'o': observe(at->observer, s, at->calls); break;
    case 'c': answer_status(at, "collect", otel_collect(sdk, ms)); break;
    case 'f': answer_status(at, "flush", otel_flush(sdk, ms)); break;
    case 'x': answer_status(at, "close", otel_close(sdk, ms)); break;
    case 'p': answer_status(at, "poll", otel_poll(sdk)); break;
    case 'g': register_slot(s->a); break;
    case 'u': otel_callback_unregister(slots[s->a].registration); break;
    case 'i':
        (void)snprintf(name, sizeof name, "i%zu", s->a);
        instruments[s->a].kind = s->b;
        instruments[s->a].handle = create(s->b, name, NULL, NULL);
        break;
    case 'a': (void)__atomic_fetch_add(&clock_ns, s->n, __ATOMIC_RELAXED); break;
    case 'k': complete(s->letter, ms); break;
    case 'w': (void)usleep((useconds_t)s->n); break;
    default: (void)sched_yield(); break;
    }
}

static void run_steps(const program *p, const place *at)
{
    size_t i;

    for (i = 0; i < p->n_steps; i++) {
        run_step(&p->steps[i], at);
    }
}

static void run_callback(void *user, otel_observer *observer)
{
    slot       *one = (slot *)user;
    const place at = { observer, one->calls, true };

    run_steps(&one->program, &at);
    one->calls++;
}

/* Threads begin together. Who records goes on as long as somebody reads, so that each reading meets
 * recordings; how often it went through its steps is counted. */
static void *run_thread(void *user)
{
    program    *p = (program *)user;
    const place at = { NULL, 0, true };
    uint64_t    i;

    (void)pthread_barrier_wait(&all_ready);
    for (i = 0; i < p->times || (!p->reads && __atomic_load_n(&n_reading, __ATOMIC_ACQUIRE) > 0);
         i++) {
        run_steps(p, &at);
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
    for (i = 0; i < MAX_SLOTS; i++) {
        free(slots[i].program.steps);
    }
    for (i = 0; i < n_threads; i++) {
        free(threads[i].steps);
    }
    while (n_kept > 0) {
        free(kept[--n_kept]);
    }
    free(waiting.body);
    memset(&waiting, 0, sizeof waiting);
    memset(sets, 0, sizeof sets);
    memset(instruments, 0, sizeof instruments);
    memset(bounds, 0, sizeof bounds);
    memset(slots, 0, sizeof slots);
    n_answers = next_answer = n_threads = n_reading = 0;
    clock_ns = START_MONOTONIC;
    clock_offset = START_UNIX - START_MONOTONIC;
    clock_tick = 0;
    (void)unsetenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
    (void)unsetenv("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION");
}

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
#undef OPTION
    fail("no such option", name);
    return NULL;
}

/* open [environment] TICK [OPTION NUMBER]...: an SDK with one scope, which reads the environment
 * only if that is said. Metrics are read when a step says so, or as metric_interval_ms does. */
static void do_open(void)
{
    otel_options options;
    otel_status  status = OTEL_SYSTEM;

    memset(&options, 0, sizeof options);
    options.service_name = "metrics";
    options.transport.send = send_request;
    options.on_diagnostic = on_diagnostic;
    options.ignore_environment = !next_is("environment");
    options.ignore_host = true;
    options.metric_interval_ms = OTEL_NO_LIMIT;
    options.status = &status;
    clock_tick = next_u64();
    while (more_words()) {
        uint32_t *field = find_option(&options, next_word());
        *field = (uint32_t)next_u64();
    }
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "metrics", NULL);
    tell_value("open", status);
}

static void do_environment(void) /* environment NAME VALUE: for `open`; both words as they are */
{
    const char *name = next_word();

    (void)setenv(name, next_word(), 1);
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

/* instrument ID KIND NAME [SLOT] [AGGREGATION MAX_SIZE MAX_SCALE NO_MIN_MAX EXPLICIT [BOUND]...]:
 * KIND as in enum otel_instrument, plus 7 for doubles. SLOT for an observable: its callback, or
 * none. The rest for a histogram: EXPLICIT 1 takes the bounds that follow. Answers whether it
 * is. */
static void do_instrument(void)
{
    const size_t           id = next_index(MAX_INSTRUMENTS);
    const size_t           kind = next_index(2 * KINDS);
    const char            *name = next_word();
    otel_callback          callback = { run_callback, NULL };
    otel_histogram_options options;
    double                 list[MAX_ATTRS];

    memset(&options, 0, sizeof options);
    if (kind % KINDS > 3 && more_words()) {
        callback.user = &slots[next_index(MAX_SLOTS)];
    } else if (kind % KINDS == 3 && more_words()) {
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
    instruments[id].handle = create(kind, name, &options, callback.user != NULL ? &callback : NULL);
    tell_value("instrument", instruments[id].handle != NULL);
}

static void do_bind(void) /* bind ID INSTRUMENT SET */
{
    const size_t id = next_index(MAX_BOUNDS);
    const size_t to = next_index(MAX_INSTRUMENTS);

    bounds[id].kind = instruments[to].kind;
    bounds[id].handle = bind_to(&instruments[to], sets[next_index(MAX_SETS)]);
}

static void do_callback(void) /* callback SLOT STEP...: what it does; in place of what it did */
{
    slot *one = &slots[next_index(MAX_SLOTS)];

    free(one->program.steps);
    one->program = next_program();
}

static void do_calls(void) /* calls SLOT: answers how often it was called */
{
    tell_value("calls", (int64_t)slots[next_index(MAX_SLOTS)].calls);
}

static void do_do(void) /* do STEP...: at once, on this thread */
{
    const place   at = { NULL, 0, false };
    const program p = next_program();

    run_steps(&p, &at);
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

static void do_answer(void) /* answer KIND MS: of the next request without one; else it is sent */
{
    if (n_answers == MAX_ANSWERS) {
        fail("too many answers", "");
    }
    answers[n_answers].kind = next_word()[0];
    answers[n_answers++].ms = (uint32_t)next_u64();
}

static void do_accept(void) /* accept: forget the answers, every request is accepted from now on */
{
    n_answers = next_answer = 0;
    tell('V', "accept");
}

static void do_unix(void) /* unix NS: the wall clock is set, the other one is not */
{
    clock_offset = next_u64() - clock_ns;
}

/* fork STEP...: carries the steps out in a child, which says what comes of it between `child` and
 * `parent`, and closes its SDK. */
static void do_fork(void)
{
    static uint8_t buffer[1 << 16];
    int            ends[2];
    ssize_t        n;
    int            status;
    pid_t          child;

    if (pipe(ends) != 0 || (child = fork()) < 0) {
        fail("cannot fork", "");
        return;
    }
    if (child == 0) {
        out.length = 0;
        tell_value("child", 0);
        do_do();
        muted = true;
        (void)otel_close(sdk, 0);
        _exit(write(ends[1], out.bytes, out.length) == (ssize_t)out.length ? 0 : 1);
    }
    (void)close(ends[1]);
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0) {
        out_bytes(buffer, (size_t)n);
    }
    (void)close(ends[0]);
    if (waitpid(child, &status, 0) != child || status != 0) {
        tell('X', "the child died");
    }
    cursor = NULL;
    tell_value("parent", 0);
}

static void do_stats(void) /* stats: answers names and numbers; what is not named is of metrics */
{
    static const char *const drops[OTEL_DROP_COUNT] = { "queue_records", "queue_bytes",
                                                        "too_large",     "no_slot",
                                                        "refused",       "superseded",
                                                        "shutdown",      "busy" };
    otel_stats               s;
    const otel_signal_stats *m = &s.signal[OTEL_SIGNAL_METRICS];
    char                     text[2048];
    size_t                   used;
    size_t                   i;

    otel_stats_get(sdk, &s);
#define PART(what) (unsigned long long)what
    used = (size_t)snprintf(text, sizeof text,
                            "stats started %llu ended %llu delivered %llu queued %llu requests "
                            "%llu failed %llu bad_values %llu lost_values %llu overflowing %llu "
                            "series %llu series_bytes %llu",
                            PART(m->started), PART(m->ended), PART(m->delivered), PART(m->queued),
                            PART(s.requests), PART(s.failed_requests), PART(s.bad_values),
                            PART(s.lost_values), PART(s.overflowing_instruments), PART(s.series),
                            PART(s.series_bytes_used));
    for (i = 0; i < OTEL_DROP_COUNT; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, " %s %llu", drops[i],
                                 PART(m->dropped[i]));
    }
#undef PART
    tell('V', text);
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
    { "open", do_open },     { "environment", do_environment },
    { "set", do_set },       { "instrument", do_instrument },
    { "bind", do_bind },     { "callback", do_callback },
    { "calls", do_calls },   { "do", do_do },
    { "thread", do_thread }, { "reader", do_reader },
    { "run", do_run },       { "answer", do_answer },
    { "unix", do_unix },     { "accept", do_accept },
    { "fork", do_fork },     { "stats", do_stats },
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
