/* A signal or interrupt before every single atomic operation of every call, doing every other call
 * there: nothing is lost, doubled or torn. One thread, no chance: all cases, in order.
 * Several threads with random interrupts: tests/threads/spans_forced.c. */
#include <stddef.h>

static void (*interrupt)(void); /* runs once, before the atomic operation at which... */
static unsigned countdown;      /* ...this has come down to 0                          */

static void step(void)
{
    if (interrupt != NULL && countdown-- == 0) {
        void (*now)(void) = interrupt;
        interrupt = NULL;
        now();
    }
}

#define OTEL_LITE_IMPLEMENTATION
#define __atomic_load_n(p, order)        (step(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (step(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (step(), __atomic_exchange_n(p, v, order))
#define __atomic_fetch_add(p, v, order)  (step(), __atomic_fetch_add(p, v, order))
#define __atomic_fetch_and(p, v, order)  (step(), __atomic_fetch_and(p, v, order))
#define __atomic_fetch_or(p, v, order)   (step(), __atomic_fetch_or(p, v, order))
#define __atomic_fetch_xor(p, v, order)  (step(), __atomic_fetch_xor(p, v, order))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    (step(), __atomic_compare_exchange_n(p, e, v, weak, yes, no))
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

/* ---- what was done, and what arrived ---- */

typedef struct tally {
    unsigned logs, spans, shared_spans;
    int64_t  added, recorded; /* in all so far: readings are cumulative */
    unsigned sets;            /* of the counter, in all */
} tally;

static tally    done, arrived;
static unsigned overflow_points;

static otel_sdk       *sdk;
static otel_scope     *scope;
static otel_counter   *counter;
static otel_histogram *histogram;
static otel_span       shared;
static int64_t         run; /* number of this one: in every attribute of its span */

static void note_point(const otel__pb_field *p, bool sum)
{
    otel__pb_field any, buckets;
    uint64_t       count = 0;
    size_t         k;

    if (sum) {
        arrived.added += (int64_t)field_value(p, 6, 0);
        arrived.sets++;
        overflow_points += find_attr(p, 7, "otel.metric.overflow", &any);
        return;
    }
    T_CHECK(find_field(p->data, p->length, 6, 0, &buckets));
    for (k = 0; k < buckets.length; k += 8) {
        count += otel__attr_load64(buckets.data + k);
    }
    T_CHECK(count == field_value(p, 4, 0));
    arrived.recorded += (int64_t)count;
}

static void note_metric(const otel__pb_field *metric)
{
    otel__pb_field data, p;
    const bool     sum = find_field(metric->data, metric->length, 7, 0, &data);
    otel__pb       m;

    T_CHECK(sum || find_field(metric->data, metric->length, 9, 0, &data));
    m = otel__pb_open(data.data, data.length);
    while (otel__pb_next(&m, &p) == 1) {
        if (p.number == 1) {
            note_point(&p, sum);
        }
    }
}

static void note_span(const otel__pb_field *m)
{
    otel__pb_field kv, any, event;
    unsigned       i;

    arrived.spans++;
    if (!field_is(m, 5, "shared")) {
        return;
    }
    arrived.shared_spans++;
    for (i = 0; find_field(m->data, m->length, 9, i, &kv); i++) {
        T_CHECK(find_field(kv.data, kv.length, 2, 0, &any));
        T_EQ_INT(field_value(&any, 3, 0), run);
    }
    for (i = 0; find_field(m->data, m->length, 11, i, &event); i++) {
        T_EQ_INT(attr_int(&event, 3, "run", -1), run);
    }
}

static otel_signal signal_of;

static void note(void *user, const otel__pb_field *in, const otel__pb_field *m)
{
    (void)user;
    (void)in;
    if (signal_of == OTEL_SIGNAL_LOGS) {
        arrived.logs++;
    } else if (signal_of == OTEL_SIGNAL_TRACES) {
        note_span(m);
    } else {
        note_metric(m);
    }
}

static otel_transport_result take(void *user, otel_request *request)
{
    (void)user;
    signal_of = request->signal;
    if (signal_of == OTEL_SIGNAL_METRICS) {
        arrived.added = arrived.recorded = 0;
        arrived.sets = overflow_points = 0;
    }
    T_EQ_INT(each_record(request, note, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

/* ---- the calls ---- */

static void do_set(void)
{
    otel_span_set(shared, OTEL_ATTRS(otel_int("a", run), otel_int("b", run)));
}

static void do_set_more(void)
{
    otel_span_set(shared, OTEL_ATTRS(otel_int("a", run), otel_int("a longer key", run)));
}

static void do_event(void)
{
    otel_span_add_event(shared, "event", OTEL_ATTRS(otel_int("run", run)));
}

static void do_status(void) { otel_span_set_status(shared, OTEL_STATUS_CODE_ERROR, "message"); }

static void do_end(void) { otel_span_end(shared); }

static void do_span(void)
{
    const otel_span span = otel_span_start(scope, "own", NULL);

    otel_span_set(span, OTEL_ATTRS(otel_int("own", 1)));
    otel_span_end(span);
    done.spans++;
}

static void do_log(void)
{
    otel_log(scope, OTEL_SEVERITY_INFO, "body", OTEL_ATTRS(otel_int("a", run)));
    done.logs++;
}

static int64_t newest_set; /* the counter's sets are 0 up to this */

static void do_add_new(void)
{
    otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("set", run), otel_bool("new", true)));
    done.added++;
    done.sets += newest_set != run;
    newest_set = run;
}

static void do_add_other_order(void)
{
    otel_counter_add(counter, 1, OTEL_ATTRS(otel_bool("new", true), otel_int("set", run)));
    done.added++;
    done.sets += newest_set != run;
    newest_set = run;
}

static void do_add_known(void)
{
    otel_counter_add(counter, 1, OTEL_NO_ATTRS);
    done.added++;
}

static void do_record(void)
{
    otel_histogram_record(histogram, run % 5000, OTEL_NO_ATTRS);
    done.recorded++;
}

static void do_record_new(void)
{
    otel_histogram_record(histogram, run % 5000, OTEL_ATTRS(otel_int("set", run % 200)));
    done.recorded++;
}

static void do_attach(void)
{
    const otel_context before = otel_span_attach(shared);
    otel_span_detach(before);
}

static void do_poll(void) { (void)otel_poll(sdk); }

static void do_flush(void) { (void)otel_flush(sdk, 100); }

typedef struct call {
    const char *name;
    void (*act)(void);
} call;

static const call calls[] = {
    { "set", do_set },
    { "set more", do_set_more },
    { "add event", do_event },
    { "set status", do_status },
    { "end", do_end },
    { "span", do_span },
    { "log", do_log },
    { "add to a new set", do_add_new },
    { "add to it in another order", do_add_other_order },
    { "add to a known set", do_add_known },
    { "record", do_record },
    { "record into a new set", do_record_new },
    { "attach and detach", do_attach },
    { "flush", do_flush }, /* from here on: not for interrupts */
    { "poll", do_poll },
};

#define INTERRUPTS (COUNT(calls) - 2)

/* ---- every case ---- */

static void open_with(uint32_t max_series)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = take;
    o.ignore_environment = true;
    o.max_series = max_series;
    o.series_bytes = 1 << 18; /* small: a new SDK for each pair of calls */
    o.metric_queue_bytes = 1 << 17;
    o.max_request_bytes = 1 << 17;
    o.span_queue = o.log_queue = 100;
    o.max_open_spans = 4;
    o.span_chunks = 4;
    o.text_bytes = 2048;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "interrupt", NULL);
    counter = otel_counter_create(scope, "c", NULL, NULL);
    histogram = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    memset(&done, 0, sizeof done);
    memset(&arrived, 0, sizeof arrived);
    newest_set = -1;
}

/* Runs `outer` with `inner` at the nth step; whether there was an nth step. */
static bool run_case(const call *outer, const call *inner, unsigned n)
{
    const tally before = arrived, asked = done;
    bool        interrupted;

    run++;
    shared = otel_span_start(scope, "shared", NULL);
    countdown = n;
    interrupt = inner->act;
    outer->act();
    interrupted = interrupt == NULL;
    interrupt = NULL;
    otel_span_end(shared);
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_EQ_INT(arrived.logs, done.logs);
    T_EQ_INT(arrived.added, done.added);
    T_EQ_INT(arrived.recorded, done.recorded);
    T_CHECK(stats_add_up(sdk));
    T_EQ_INT(arrived.shared_spans, before.shared_spans + 1);
    T_EQ_INT(arrived.spans - before.spans, done.spans - asked.spans + 1);
    T_EQ_INT(otel__pool_free_count(&sdk->trace.pool), sdk->trace.pool.n);
    return interrupted;
}

static unsigned long explore(const call *outer, const call *inner)
{
    const bool    flushes = outer >= &calls[INTERRUPTS];
    unsigned long cases = 0;
    unsigned      n = 0;
    otel_stats    s;

    open_with(1000);
    do_add_known();
    done.sets++;
    while (!t_bad && run_case(outer, inner, n)) {
        n += flushes ? 1 + n / 16 : 1; /* of a flush's many steps all of the first ones */
        cases++;
    }
    if (t_bad) {
        printf("    in \"%s\", interrupted at step %u by \"%s\"\n", outer->name, n, inner->name);
    }
    T_EQ_INT(arrived.sets, done.sets);
    T_EQ_INT(overflow_points, 0);
    otel_stats_get(sdk, &s);
    T_CHECK(s.busy_handles <= cases); /* a set on a span that is being written: it says so */
    otel_release(sdk);
    return cases;
}

static void every_call_bears_every_other_at_every_step(void)
{
    unsigned long cases = 0;
    size_t        outer, inner;

    for (outer = 0; outer < COUNT(calls) && !t_bad; outer++) {
        for (inner = 0; inner < INTERRUPTS && !t_bad; inner++) {
            cases += explore(&calls[outer], &calls[inner]);
        }
    }
    printf("# %lu cases\n", cases);
    T_CHECK(cases > 3000);
}

/* The last place of an instrument, wanted by an interrupt too, for the same set: unless the
 * interrupt
 * comes while the interrupted call holds that place, both find the one series. */
static int64_t taken_at_interrupt;

static void add_the_same(void)
{
    taken_at_interrupt = otel__a32_peek(&counter->in.n_series);
    do_add_new();
}

static void a_set_that_has_its_series_by_then_does_not_overflow(void)
{
    unsigned n;
    bool     more = true;

    for (n = 0; more && !t_bad; n++) {
        open_with(1);
        run++;
        countdown = n;
        interrupt = add_the_same;
        taken_at_interrupt = 0;
        do_add_new();
        more = interrupt == NULL;
        interrupt = NULL;
        T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
        T_EQ_INT(arrived.added, more ? 2 : 1);
        T_CHECK(overflow_points == 0 || (overflow_points == 1 && taken_at_interrupt == 1));
        otel_release(sdk);
    }
    T_CHECK(n > 5);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(every_call_bears_every_other_at_every_step);
    T_RUN(a_set_that_has_its_series_by_then_does_not_overflow);
    return t_end();
}
