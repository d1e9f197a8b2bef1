/* metric_steps: programs of steps, run at once, in callbacks or on several threads: what metrics.c
 * and readers.c have in common. A step is one letter and its operands:
 *   r INSTRUMENT SET VALUE       record, add or set
 *   b BOUND VALUE                the same through a bound handle
 *   o INSTRUMENT SET VALUE STEP  tell VALUE + STEP x earlier runs of the callback (in one only)
 *   c MS, f MS, p                collect, flush, poll: answers the status
 *   g SLOT, u SLOT               register a callback, unregister it
 *   a NS                         both clocks go on
 *   y, w US                      let another thread run; wait so many microseconds
 * A program has more of its own: next_own_step() reads them, run_own_step() runs them. */
#ifndef METRIC_STEPS_H
#define METRIC_STEPS_H

#include "metric_words.h"
#include <unistd.h>

#define MAX_SLOTS   64
#define MAX_THREADS 16

typedef struct step {
    char     kind;
    char     letter; /* a second one            */
    size_t   a;      /* instrument, bound handle, slot */
    size_t   b;      /* set, kind of instrument */
    uint64_t n;      /* milliseconds, nanoseconds */
    value    value;
    value    more;
} step;

typedef struct program {
    step    *steps;
    size_t   n_steps;
    uint64_t times;
    bool     reads;
} program;

typedef struct slot {
    program            program;
    uint64_t           calls;
    otel_registration *registration;
} slot;

/* Where steps are run: a callback has an observer, a thread is quiet. */
typedef struct place {
    otel_observer *observer;
    uint64_t       calls;
    bool           quiet;
} place;

static otel_scope       *scope;
static slot              slots[MAX_SLOTS];
static program           threads[MAX_THREADS];
static size_t            n_threads;
static size_t            n_reading; /* readers that are not through */
static pthread_barrier_t all_ready;

static void next_own_step(step *s);
static void run_own_step(const step *s, const place *at);

static bool entropy(void *buffer, size_t n)
{
    memset(buffer, 0x5b, n);
    return true;
}

static void forget_steps(void)
{
    size_t i;

    forget_metrics();
    for (i = 0; i < MAX_SLOTS; i++) {
        free(slots[i].program.steps);
    }
    for (i = 0; i < n_threads; i++) {
        free(threads[i].steps);
    }
    memset(slots, 0, sizeof slots);
    n_threads = n_reading = 0;
}

/* ---- steps ---- */

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
    case 'g':
    case 'u': s.a = next_index(MAX_SLOTS); break;
    case 'c':
    case 'f':
    case 'w':
    case 'a': s.n = next_u64(); break;
    case 'p':
    case 'y': break;
    default: next_own_step(&s);
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

static void answer_status(const place *at, const char *name, int64_t status)
{
    if (!at->quiet) {
        tell_value(name, status);
    }
}

static void tell_of(const step *s, const place *at)
{
    const value v = { s->value.i + s->more.i * (int64_t)at->calls,
                      s->value.d + s->more.d * (double)at->calls };

    observe(at->observer, &instruments[s->a], v, sets[s->b]);
}

static void run_callback(void *user, otel_observer *observer);

static void register_slot(size_t id)
{
    const otel_callback callback = { run_callback, &slots[id] };

    slots[id].registration = otel_callback_register(scope, &callback);
}

static void run_step(const step *s, const place *at)
{
    const uint32_t ms = (uint32_t)s->n;

    switch (s->kind) {
    case 'r': record(&instruments[s->a], s->value, sets[s->b]); break;
    case 'b': record_bound(&bounds[s->a], s->value); break;
    case 'o': tell_of(s, at); break;
    case 'c': answer_status(at, "collect", otel_collect(sdk, ms)); break;
    case 'f': answer_status(at, "flush", otel_flush(sdk, ms)); break;
    case 'p': answer_status(at, "poll", otel_poll(sdk)); break;
    case 'g': register_slot(s->a); break;
    case 'u': otel_callback_unregister(slots[s->a].registration); break;
    case 'a': advance(s->n); break;
    case 'w': (void)usleep((useconds_t)s->n); break;
    case 'y': (void)sched_yield(); break;
    default: run_own_step(s, at);
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
    one->calls++; /* readings do not overlap */
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

/* ID KIND NAME [SLOT] [HISTOGRAM]: KIND as in enum otel_instrument, plus 7 for doubles. SLOT for an
 * observable: its callback, or none. Whether there is such an instrument. */
static bool next_instrument(const char *unit, const char *description)
{
    instrument            *one = &instruments[next_index(MAX_INSTRUMENTS)];
    otel_callback          callback = { run_callback, NULL };
    otel_histogram_options options;
    making                 m = { scope, NULL, unit, description, &options, NULL };

    one->kind = next_index(2 * KINDS);
    m.name = next_word();
    if (one->kind % KINDS > 3 && more_words()) {
        callback.user = &slots[next_index(MAX_SLOTS)];
        m.callback = &callback;
    }
    options = next_histogram();
    one->handle = create(one->kind, &m);
    return one->handle != NULL;
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

#endif /* METRIC_STEPS_H */
