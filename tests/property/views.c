/* views: runs programs of metrics calls under views, on one thread, so that tests in Python can
 * compare every stream with a model: what a transport gets, and what the second reader is shown.
 *
 * Stdin: one instruction a line, words and texts as in drive.c. What each instruction takes stands
 * at its function. Stdout: frames as drive.c's. The clock stands still unless an instruction moves
 * it. */
#include "metric_words.h"

#include "metric_points.h"

#define MAX_VIEWS  16
#define MAX_SCOPES 8
#define MAX_TOLD   256
#define MAX_SPANS  16

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

typedef struct told {
    size_t instrument;
    size_t set;
    value  value;
} told;

static otel_view               views[MAX_VIEWS];
static otel_exemplar_reservoir reservoirs[MAX_VIEWS];
static size_t                  n_views;
static otel_scope             *scopes[MAX_SCOPES];
static told                    telling[MAX_TOLD]; /* by the callback, in each reading */
static size_t                  n_telling;
static otel_span               spans[MAX_SPANS];

/* ---- what the library calls ---- */

static void tell_all(void *user, otel_observer *observer)
{
    size_t i;

    (void)user;
    for (i = 0; i < n_telling; i++) {
        const told *one = &telling[i];
        observe(observer, &instruments[one->instrument], one->value, sets[one->set]);
    }
}

/* A reservoir: answers what it is offered, leaves negative values out and goes round its places. */
static uint32_t offer(void *user, const otel_measurement *measurement, uint32_t seen)
{
    const otel_exemplar_reservoir *own = (const otel_exemplar_reservoir *)user;
    saying                         to = { NULL, 0, 0 };

    say(&to, "offered");
    say_int(&to, seen);
    say_u64(&to, measurement->time_ns);
    say_int(&to, measurement->is_double);
    say_int(&to, measurement->i);
    say_double(&to, measurement->d);
    say_context(&to, &measurement->context);
    say_attrs(&to, measurement->attrs);
    end_answer(&to);
    return measurement->d < 0 ? OTEL_EXEMPLAR_SKIP : seen % own->size;
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
    forget_metrics();
    memset(views, 0, sizeof views);
    memset(scopes, 0, sizeof scopes);
    memset(spans, 0, sizeof spans);
    n_views = n_telling = 0;
    entropy_state = 0;
    (void)unsetenv("OTEL_METRICS_EXEMPLAR_FILTER");
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
    keys = (const char **)text_memory((n + 1) * sizeof *keys);
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

/* open ENVIRONMENT READER SENDS [OPTION NUMBER]...: an SDK with the views so far; three times 0 or
 * 1 say whether it reads the environment, has a second reader, and has a transport. */
static void do_open(void)
{
    otel_options options = own_options("views");

    options.ignore_environment = next_u64() == 0;
    options.manual_reader = next_u64() != 0;
    options.transport.send = next_u64() != 0 ? take_request : NULL;
    options.views = views;
    options.n_views = n_views;
    open_sdk(&options);
}

static void do_scope(void) /* scope ID NAME VERSION; 0 gets the callback that tells */
{
    const size_t        id = next_index(MAX_SCOPES);
    const char         *name = next_text();
    const otel_callback callback = { tell_all, NULL };

    scopes[id] = otel_scope_get(sdk, name, next_text());
    if (id == 0) {
        (void)otel_callback_register(scopes[id], &callback);
    }
}

/* instrument ID SCOPE KIND NAME UNIT DESCRIPTION [HISTOGRAM]: KIND as in enum otel_instrument, plus
 * 7 for doubles. Answers whether it is there, whether it is enabled, and whether a second request
 * for it gives the same one. */
static void do_instrument(void)
{
    instrument            *one = &instruments[next_index(MAX_INSTRUMENTS)];
    otel_histogram_options options;
    making                 m = { NULL, NULL, NULL, NULL, &options, NULL };
    saying                 to = { NULL, 0, 0 };
    bool                   same;

    m.scope = scopes[next_index(MAX_SCOPES)];
    one->kind = next_index(2 * KINDS);
    m.name = next_text();
    m.unit = next_text();
    m.description = next_text();
    options = next_histogram();
    one->handle = create(one->kind, &m);
    same = create(one->kind, &m) == one->handle;
    say(&to, "instrument");
    say_int(&to, one->handle != NULL);
    say_int(&to, is_enabled(one));
    say_int(&to, same);
    end_answer(&to);
}

static void do_record(void) /* record INSTRUMENT SET VALUE */
{
    const instrument *to = &instruments[next_index(MAX_INSTRUMENTS)];
    const otel_attrs  attrs = sets[next_index(MAX_SETS)];

    record(to, next_value(), attrs);
}

static void do_bound(void) /* bound ID VALUE */
{
    const bound *one = &bounds[next_index(MAX_BOUNDS)];

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

static void do_advance(void) { advance(next_u64()); } /* advance NS */

static void do_span(void) /* span ID SAMPLED: starts one, makes it current, answers who it is */
{
    otel_span        *span = &spans[next_index(MAX_SPANS)];
    otel_context      parent;
    otel_span_options options;
    saying            to = { NULL, 0, 0 };

    memset(&parent, 0x11, sizeof parent);
    parent.trace_flags = next_u64() != 0 ? OTEL_TRACE_FLAG_SAMPLED : 0;
    parent.remote = 1;
    memset(&options, 0, sizeof options);
    options.parent = &parent;
    *span = otel_span_start(scopes[0], "span", &options);
    (void)otel_span_attach(*span);
    say(&to, "span");
    say_context(&to, &span->context);
    end_answer(&to);
}

static void do_end(void) /* end ID: no span is current any more */
{
    const otel_context none = { { 0 }, { 0 }, 0, 0 };

    otel_span_end(spans[next_index(MAX_SPANS)]);
    otel_span_detach(none);
}

static void do_flush(void) /* flush: the clocks go on by 1 ns first; answers the status */
{
    advance(1);
    tell_value("flush", otel_flush(sdk, 60000));
}

static void do_close(void) /* close: answers the status */
{
    tell_value("close", otel_close(sdk, 60000));
}

static void do_read(void) /* read: the clocks go on by 1 ns first; answers each point, the status */
{
    advance(1);
    tell_value("read", otel_read(sdk, show_point, NULL, 60000));
}

static void do_stats(void) /* stats: answers bad values, lost ones, overflowing instruments */
{
    otel_stats s;
    saying     to = { NULL, 0, 0 };

    otel_stats_get(sdk, &s);
    say(&to, "stats");
    say_u64(&to, s.bad_values);
    say_u64(&to, s.lost_values);
    say_u64(&to, s.overflowing_instruments);
    end_answer(&to);
}

static const instruction instructions[] = {
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

int main(void) { return run_lines(instructions, sizeof instructions / sizeof instructions[0]); }
