/* drive: does what a list of instructions says, so that tests in Python can drive the library.
 *
 * Stdin: one instruction a line, words between single spaces. A text is x and its bytes in
 * hexadecimal, or - for NULL; a double is its 64 bits in hexadecimal; attributes are their number
 * and then `type key value` each. What each instruction takes stands at its function.
 * Stdout: frames, all of them at `done`: a kind byte, the payload's length as 4 bytes (little
 * endian), the payload.
 *   R  a request: signal, attempt, records (4 bytes each), path, a line feed, content type, a line
 *      feed, body
 *   V  text: what an instruction answers, its own name first
 *   D  text: a diagnostic
 *   X  text: the library broke a promise
 *   E  the end of the answers to one list
 * Clock and entropy are the program's own, so that equal instructions give equal bytes. Every text
 * is a block of exactly its size and is freed after its instruction: a sanitizer sees each byte
 * read beyond it or kept too long. Only public names are used.
 * -DDRIVE_HEADER chooses between the generated header and src/otel_lite.in.h. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t drive_monotonic_ns = 1000000000u;
static uint64_t drive_unix_ns = 1700000000000000000u;
static uint64_t drive_random = 1;
static bool     drive_entropy(void *buffer, size_t n);

#define OTEL_LITE_MONOTONIC_NS()         (drive_monotonic_ns)
#define OTEL_LITE_UNIX_NS()              (drive_unix_ns)
#define OTEL_LITE_ENTROPY(buffer, bytes) drive_entropy(buffer, bytes)
#define OTEL_LITE_IMPLEMENTATION
#if !defined(DRIVE_HEADER)
#define DRIVE_HEADER "otel_lite.h"
#endif
#include DRIVE_HEADER

#include "drive_words.h"

#include "drive_lines.h"

#define MAX_SCOPES      64
#define MAX_SPANS       4096
#define MAX_INSTRUMENTS 512
#define MAX_ATTACHED    256
#define MAX_ANSWERS     4096
#define MAX_PENDING     4096

/* Bytes that repeat: a linear congruential generator (constants: Knuth, MMIX). */
static bool drive_entropy(void *buffer, size_t n)
{
    uint8_t *p = (uint8_t *)buffer;

    while (n-- > 0) {
        drive_random = drive_random * 6364136223846793005u + 1442695040888963407u;
        *p++ = (uint8_t)(drive_random >> 56);
    }
    return true;
}

/* ---- what the instructions work on ---- */

typedef struct answer {
    char     kind; /* s sent, r retry, f refused, p pending, h an HTTP status */
    uint32_t number;
    char     retry_after[64]; /* of h */
} answer;

typedef struct instrument {
    const char *kind; /* see find_kind() */
    void       *handle;
} instrument;

typedef struct pending {
    otel_request *request;
    uint8_t      *body; /* a copy */
    size_t        length;
} pending;

static otel_sdk    *sdk;
static otel_scope  *scopes[MAX_SCOPES];
static otel_span    spans[MAX_SPANS];
static instrument   instruments[MAX_INSTRUMENTS];
static otel_context attached[MAX_ATTACHED];
static size_t       n_attached;
static answer       answers[MAX_ANSWERS];
static size_t       n_answers;
static size_t       next_answer;
static pending      pendings[MAX_PENDING];
static size_t       n_pending;
static bool         muted; /* requests of the clean-up are not reported */

static void on_diagnostic(void *user, otel_severity severity, const char *text)
{
    (void)user;
    (void)severity;
    out_text('D', text);
}

/* ---- the transport ---- */

static void keep_pending(otel_request *request)
{
    pending *p = &pendings[n_pending];

    if (n_pending++ == MAX_PENDING) {
        fail("too many pending requests", "");
    }
    p->request = request;
    p->length = request->length;
    p->body = (uint8_t *)need(malloc(request->length + 1));
    memcpy(p->body, request->body, request->length);
}

static otel_transport_result send_request(void *user, otel_request *request)
{
    static answer sent = { 's', 0, "" };
    const answer *a = next_answer < n_answers ? &answers[next_answer++] : &sent;

    if (user != &sdk || (sdk != NULL && request->sdk != sdk)) {
        out_text('X', "the transport was called with the wrong user pointer or SDK");
    }
    if (muted) {
        return OTEL_TRANSPORT_REFUSED;
    }
    out_request(request);
    switch (a->kind) {
    case 'r': request->retry_after_ms = a->number; return OTEL_TRANSPORT_RETRY;
    case 'f': return OTEL_TRANSPORT_REFUSED;
    case 'p': keep_pending(request); return OTEL_TRANSPORT_PENDING;
    case 'h':
        return otel_transport_http(request, (int)a->number,
                                   a->retry_after[0] != '\0' ? a->retry_after : NULL, NULL, 0);
    default: return OTEL_TRANSPORT_SENT;
    }
}

/* ---- instructions: time, transport ---- */

static void do_time(void) /* time MONOTONIC UNIX, in ns */
{
    drive_monotonic_ns = next_u64();
    drive_unix_ns = next_u64();
}

static void do_advance(void) /* advance NS: both clocks */
{
    const uint64_t ns = next_u64();

    drive_monotonic_ns += ns;
    drive_unix_ns += ns;
}

static void do_entropy(void) /* entropy SEED */ { drive_random = next_u64(); }

/* answer KIND NUMBER [TEXT]: of the next request without an answer; r: milliseconds or 0, h: the
 * status and the Retry-After header. Without instructions a request is accepted. */
static void do_answer(void)
{
    answer *a = &answers[n_answers];

    if (n_answers++ == MAX_ANSWERS) {
        fail("too many answers", "");
    }
    a->kind = next_word()[0];
    a->number = (uint32_t)next_u64();
    a->retry_after[0] = '\0';
    if (more_words()) {
        (void)snprintf(a->retry_after, sizeof a->retry_after, "%s", next_text());
    }
}

/* complete KIND MS: the oldest pending request that still is, if any */
static void do_complete(void)
{
    const char     kind = next_word()[0];
    const uint32_t ms = (uint32_t)next_u64();
    pending       *p = pendings;

    while (p < pendings + n_pending && p->request == NULL) {
        p++;
    }
    if (p == pendings + n_pending) {
        out_text('V', "complete none");
        return;
    }
    if (p->request->length != p->length || memcmp(p->request->body, p->body, p->length) != 0) {
        out_text('X', "a pending request's body changed");
    }
    free(p->body);
    p->request->retry_after_ms = ms;
    otel_transport_complete(p->request, kind == 's'   ? OTEL_TRANSPORT_SENT
                                        : kind == 'f' ? OTEL_TRANSPORT_REFUSED
                                                      : OTEL_TRANSPORT_RETRY);
    p->request = NULL;
    out_text('V', "complete one");
}

/* ---- instructions: the SDK ---- */

static void forget_all(void)
{
    size_t i;

    muted = true;
    otel_release(sdk);
    muted = false;
    sdk = NULL;
    while (n_attached > 0) {
        otel_span_detach(attached[--n_attached]);
    }
    for (i = 0; i < n_pending; i++) {
        if (pendings[i].request != NULL) {
            free(pendings[i].body);
        }
    }
    memset(scopes, 0, sizeof scopes);
    memset(spans, 0, sizeof spans);
    memset(instruments, 0, sizeof instruments);
    n_answers = next_answer = n_pending = 0;
}

/* The number field of otel_options that has this name. */
static uint32_t *find_option(otel_options *o, const char *name)
{
#define OPTION(field)                                                                              \
    if (strcmp(name, #field) == 0) {                                                               \
        return &o->field;                                                                          \
    }
    OPTION(timeout_ms)
    OPTION(max_request_bytes)
    OPTION(span_delay_ms)
    OPTION(span_timeout_ms)
    OPTION(span_queue)
    OPTION(span_batch)
    OPTION(span_queue_bytes)
    OPTION(max_open_spans)
    OPTION(span_chunks)
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
    OPTION(log_delay_ms)
    OPTION(log_queue)
    OPTION(log_batch)
    OPTION(log_queue_bytes)
    OPTION(max_scopes)
    OPTION(attribute_limit)
    OPTION(text_bytes)
#undef OPTION
    fail("no such option", name);
    return NULL;
}

/* open SERVICE ATTRS [OPTION NUMBER]...: an SDK without environment and host facts. Answers the
 * status, whether there is an SDK, and the bytes otel_memory_needed() told. */
static void do_open(void)
{
    otel_options options;
    otel_status  status = OTEL_SYSTEM;
    char         text[96];

    forget_all();
    memset(&options, 0, sizeof options);
    options.service_name = next_text();
    options.resource = next_attrs();
    options.transport.send = send_request;
    options.transport.user = &sdk;
    options.on_diagnostic = on_diagnostic;
    options.ignore_environment = true;
    options.ignore_host = true;
    options.status = &status;
    while (more_words()) {
        uint32_t *field = find_option(&options, next_word());
        *field = (uint32_t)next_u64();
    }
    sdk = otel_open(&options);
    (void)snprintf(text, sizeof text, "open %d %d %llu", (int)status, sdk != NULL,
                   (unsigned long long)otel_memory_needed(&options));
    out_text('V', text);
}

static void do_poll(void) /* poll: answers the milliseconds */
{
    out_value("poll", otel_poll(sdk));
}

static void do_collect(void) /* collect MS: answers the status */
{
    out_value("collect", (uint64_t)(int64_t)otel_collect(sdk, (uint32_t)next_u64()));
}

static void do_flush(void) /* flush MS: answers the status */
{
    out_value("flush", (uint64_t)(int64_t)otel_flush(sdk, (uint32_t)next_u64()));
}

static void do_close(void) /* close MS: answers the status */
{
    out_value("close", (uint64_t)(int64_t)otel_close(sdk, (uint32_t)next_u64()));
}

static bool all_delivered(void)
{
    otel_stats stats;
    int        i;
    uint64_t   queued = 0;

    otel_stats_get(sdk, &stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        queued += stats.signal[i].queued;
    }
    return queued == 0;
}

/* settle TIMES: polls, each time as much later as the last one asked for, until nothing is queued.
 * Answers the last one's milliseconds, or 0. */
static void do_settle(void)
{
    uint64_t times = next_u64();
    uint64_t ms = 0;

    while (times-- > 0 && !all_delivered()) {
        ms = otel_poll(sdk);
        drive_monotonic_ns += ms * 1000000u;
        drive_unix_ns += ms * 1000000u;
    }
    out_value("settle", ms);
}

static void add_number(char *text, size_t room, uint64_t v)
{
    const size_t used = strlen(text);

    (void)snprintf(text + used, room - used, " %llu", (unsigned long long)v);
}

static void do_stats(void) /* stats: answers every field in its order in otel_stats */
{
    otel_stats s;
    char       text[2048] = "stats";
    int        i;
    int        j;

    otel_stats_get(sdk, &s);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        const otel_signal_stats *one = &s.signal[i];
        const uint64_t           v[] = { one->started, one->unsampled, one->open,
                                         one->ended,   one->delivered, one->queued };
        for (j = 0; j < (int)(sizeof v / sizeof v[0]); j++) {
            add_number(text, sizeof text, v[j]);
        }
        for (j = 0; j < OTEL_DROP_COUNT; j++) {
            add_number(text, sizeof text, one->dropped[j]);
        }
    }
    {
        const uint64_t v[] = {
            s.dropped_attributes,
            s.dropped_events,
            s.bad_values,
            s.lost_values,
            s.busy_handles,
            s.overflowing_instruments,
            s.series,
            s.requests,
            s.failed_requests,
            s.memory_bytes,
            s.series_bytes_used,
        };
        for (i = 0; i < (int)(sizeof v / sizeof v[0]); i++) {
            add_number(text, sizeof text, v[i]);
        }
    }
    out_text('V', text);
}

static void do_free(void) /* free SIGNAL: answers otel_queue_free() */
{
    out_value("free", otel_queue_free(sdk, (otel_signal)next_u64()));
}

static void do_scope(void) /* scope ID NAME VERSION: answers the first id with the same handle */
{
    const size_t id = next_index(MAX_SCOPES);
    const char  *name = next_text();
    size_t       first = 0;

    scopes[id] = otel_scope_get(sdk, name, next_text());
    while (scopes[first] != scopes[id]) {
        first++;
    }
    out_value("scope", scopes[id] != NULL ? first : UINT64_MAX);
}

/* ---- instructions: spans ---- */

/* A context: s and a span's number, or c and a text of 26 bytes: trace id, span id, flags, and
 * whether it is remote. */
static otel_context next_context(void)
{
    const uint8_t *bytes;
    otel_context   context;
    size_t         n;

    memset(&context, 0, sizeof context);
    if (cursor != NULL && *cursor == 's') {
        cursor++;
        return otel_span_context(spans[next_index(MAX_SPANS)]);
    }
    if (cursor == NULL || *cursor++ != 'c') {
        fail("not a context", cursor);
    }
    bytes = (const uint8_t *)next_bytes(&n, 0);
    if (bytes == NULL || n != 26) {
        fail("not a context", "");
        return context;
    }
    memcpy(context.trace_id, bytes, 16);
    memcpy(context.span_id, bytes + 16, 8);
    context.trace_flags = bytes[24];
    context.remote = bytes[25];
    return context;
}

/* span ID SCOPE NAME KIND PARENT ATTRS: PARENT is "current", "root" or a context. */
static void do_span(void)
{
    const size_t      id = next_index(MAX_SPANS);
    otel_scope       *scope = scopes[next_index(MAX_SCOPES)];
    const char       *name = next_text();
    otel_span_options options;
    otel_context      parent;

    memset(&options, 0, sizeof options);
    options.kind = (otel_span_kind)next_u64();
    if (next_is("current")) {
        options.parent = NULL;
    } else if (next_is("root")) {
        options.root = true;
    } else {
        parent = next_context();
        options.parent = &parent;
    }
    options.attrs = next_attrs();
    spans[id] = otel_span_start(scope, name, &options);
    memset(&parent, 0xee, sizeof parent); /* borrowed for the call only */
}

static void do_set(void) /* set SPAN ATTRS */
{
    const size_t id = next_index(MAX_SPANS);

    otel_span_set(spans[id], next_attrs());
}

static void do_event(void) /* event SPAN NAME ATTRS */
{
    const size_t id = next_index(MAX_SPANS);
    const char  *name = next_text();

    otel_span_add_event(spans[id], name, next_attrs());
}

static void do_status(void) /* status SPAN CODE MESSAGE */
{
    const size_t           id = next_index(MAX_SPANS);
    const otel_status_code code = (otel_status_code)next_u64();

    otel_span_set_status(spans[id], code, next_text());
}

static void do_end(void) /* end SPAN */ { otel_span_end(spans[next_index(MAX_SPANS)]); }

static void do_attach(void) /* attach SPAN */
{
    const size_t id = next_index(MAX_SPANS);

    if (n_attached == MAX_ATTACHED) {
        fail("too many spans attached", "");
    }
    attached[n_attached++] = otel_span_attach(spans[id]);
}

static void do_detach(void) /* detach: undoes the last attach that was not undone */
{
    if (n_attached > 0) {
        otel_span_detach(attached[--n_attached]);
    }
}

static void do_context(
    void) /* context SPAN: answers ids, flags, remote in hexadecimal, recording */
{
    const otel_span    span = spans[next_index(MAX_SPANS)];
    const otel_context c = otel_span_context(span);
    char               text[96] = "context ";
    size_t             used = strlen(text);
    size_t             i;

    for (i = 0; i < 24; i++) {
        const unsigned byte = i < 16 ? c.trace_id[i] : c.span_id[i - 16];
        used += (size_t)snprintf(text + used, sizeof text - used, "%02x", byte);
    }
    (void)snprintf(text + used, sizeof text - used, " %u %u %d", (unsigned)c.trace_flags,
                   (unsigned)c.remote, otel_span_is_recording(span));
    out_text('V', text);
}

/* ---- instructions: log records ---- */

static void do_log(void) /* log SCOPE SEVERITY BODY ATTRS */
{
    otel_scope         *scope = scopes[next_index(MAX_SCOPES)];
    const otel_severity severity = (otel_severity)next_u64();
    const char         *body = next_text();

    otel_log(scope, severity, body, next_attrs());
}

/* emit SCOPE SEVERITY SEVERITY_TEXT BODY EVENT_NAME TIME CONTEXT ATTRS: CONTEXT can be "current" */
static void do_emit(void)
{
    otel_scope     *scope = scopes[next_index(MAX_SCOPES)];
    otel_log_record record;
    otel_context    context;

    memset(&record, 0, sizeof record);
    record.severity = (otel_severity)next_u64();
    record.severity_text = next_text();
    record.body = next_text();
    record.event_name = next_text();
    record.time_unix_ns = next_u64();
    if (!next_is("current")) {
        context = next_context();
        record.context = &context;
    }
    record.attrs = next_attrs();
    otel_log_emit(scope, &record);
}

/* ---- instructions: metrics ---- */

static const char *const kinds[] = { "counter",     "updown",     "gauge",     "histogram",
                                     "counter_f64", "updown_f64", "gauge_f64", "histogram_f64" };

static const char *find_kind(const char *word)
{
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i], word) == 0) {
            return kinds[i];
        }
    }
    fail("no such kind of instrument", word);
    return NULL;
}

static const double *next_bounds(size_t *count)
{
    double *bounds;
    size_t  i;

    *count = next_index(MAX_ATTRS);
    if (*count == 0) {
        return NULL;
    }
    bounds = (double *)need(malloc(*count * sizeof *bounds));
    texts[n_texts++] = bounds;
    for (i = 0; i < *count; i++) {
        bounds[i] = next_double();
    }
    return bounds;
}

static void *create(const char *kind, otel_scope *scope, const char *name, const char *unit,
                    const char *description)
{
    otel_histogram_options options;

    memset(&options, 0, sizeof options);
#define CREATE(which)                                                                              \
    if (strcmp(kind, #which) == 0) {                                                               \
        return otel_##which##_create(scope, name, unit, description);                              \
    }                                                                                              \
    if (strcmp(kind, #which "_f64") == 0) {                                                        \
        return otel_##which##_create_f64(scope, name, unit, description);                          \
    }
    CREATE(counter)
    CREATE(updown)
    CREATE(gauge)
#undef CREATE
    options.bounds = next_bounds(&options.n_bounds);
    return strcmp(kind, "histogram") == 0
               ? (void *)otel_histogram_create(scope, name, unit, description, &options)
               : (void *)otel_histogram_create_f64(scope, name, unit, description, &options);
}

/* instrument ID KIND SCOPE NAME UNIT DESCRIPTION [BOUNDS]: bounds (their number, then doubles) for
 * histograms only. Answers the first id with the same handle. */
static void do_instrument(void)
{
    const size_t id = next_index(MAX_INSTRUMENTS);
    const char  *kind = find_kind(next_word());
    otel_scope  *scope = scopes[next_index(MAX_SCOPES)];
    const char  *name = next_text();
    const char  *unit = next_text();
    const char  *description = next_text();
    size_t       first = 0;

    instruments[id].kind = kind;
    instruments[id].handle = create(kind, scope, name, unit, description);
    while (instruments[first].handle != instruments[id].handle) {
        first++;
    }
    out_value("instrument", instruments[id].handle != NULL ? first : UINT64_MAX);
}

static void do_record(void) /* record INSTRUMENT VALUE ATTRS: the value in the instrument's type */
{
    const instrument *one = &instruments[next_index(MAX_INSTRUMENTS)];
    const char       *kind = one->kind != NULL ? one->kind : "";

#define RECORD(which, verb)                                                                        \
    if (strcmp(kind, #which) == 0) {                                                               \
        const int64_t value = next_i64();                                                          \
        otel_##which##_##verb((otel_##which *)one->handle, value, next_attrs());                   \
    } else if (strcmp(kind, #which "_f64") == 0) {                                                 \
        const double value = next_double();                                                        \
        otel_##which##_##verb##_f64((otel_##which##_f64 *)one->handle, value, next_attrs());       \
    }
    RECORD(counter, add)
    RECORD(updown, add)
    RECORD(gauge, set)
    RECORD(histogram, record)
#undef RECORD
}

/* ---- the list of instructions ---- */

static const instruction instructions[] = {
    { "time", do_time },     { "advance", do_advance },   { "entropy", do_entropy },
    { "answer", do_answer }, { "complete", do_complete }, { "open", do_open },
    { "poll", do_poll },     { "flush", do_flush },       { "close", do_close },
    { "settle", do_settle }, { "stats", do_stats },       { "free", do_free },
    { "scope", do_scope },   { "span", do_span },         { "set", do_set },
    { "event", do_event },   { "status", do_status },     { "end", do_end },
    { "attach", do_attach }, { "detach", do_detach },     { "context", do_context },
    { "log", do_log },       { "emit", do_emit },         { "instrument", do_instrument },
    { "record", do_record }, { "collect", do_collect },   { "done", do_done },
};

int main(void) { return run_lines(instructions, sizeof instructions / sizeof instructions[0]); }
