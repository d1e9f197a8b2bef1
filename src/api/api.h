/* api: results, attributes, transports, options, and the calls on an SDK as a whole; signals.h has
 * what records. Together they are all that is public.
 * A handle may be NULL (or a zeroed otel_span) everywhere: the call is then a cheap no-op, which is
 * what a failed or switched-off otel_open() gives. "Any thread" includes signal handlers and, on a
 * microcontroller, interrupts. Recording returns nothing and never fails its caller: losses are
 * counted, see otel_stats_get(). Enumerators carry OTLP's numbers. */
#ifndef OTEL__API_API_H
#define OTEL__API_API_H

#include "config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- results ---- */

/* Every status: name, number, text. 0 is success, positive a note, negative an error. */
#define OTEL_STATUS_LIST(X)                                                                        \
    X(OK, 0, "success")                                                                            \
    X(DISABLED, 1, "telemetry is off: nothing is configured, or it was switched off")              \
    X(TIMEOUT, 2, "the deadline passed before everything was delivered")                           \
    X(INVALID, -1, "an option or argument is not valid")                                           \
    X(NO_MEMORY, -2, "the memory block is too small, or no memory could be had")                   \
    X(UNSUPPORTED, -3, "the option needs a facility that is not compiled in")                      \
    X(SYSTEM, -4, "the operating system refused a thread, a descriptor or entropy")                \
    X(LOST, -5, "records were dropped: otel_stats_get() tells how many and why")

typedef enum otel_status {
#define OTEL__STATUS_ENUM(name, number, text) OTEL_##name = (number),
    OTEL_STATUS_LIST(OTEL__STATUS_ENUM)
#undef OTEL__STATUS_ENUM
        OTEL__STATUS_END = 127
} otel_status;

/* The three signals, as indices of otel_stats and as arguments. */
typedef enum otel_signal {
    OTEL_SIGNAL_TRACES = 0,
    OTEL_SIGNAL_METRICS = 1,
    OTEL_SIGNAL_LOGS = 2,
    OTEL_SIGNAL_COUNT = 3
} otel_signal;

/* Why a record was lost: name, number, text. */
#define OTEL_DROP_LIST(X)                                                                          \
    X(QUEUE_RECORDS, 0, "the queue held its full number of records")                               \
    X(QUEUE_BYTES, 1, "the queue's bytes were used up")                                            \
    X(TOO_LARGE, 2, "one record was larger than half the queue or than a request may be")          \
    X(NO_SLOT, 3, "too many spans were open at once")                                              \
    X(REFUSED, 4, "the backend refused the record for good")                                       \
    X(SUPERSEDED, 5, "a newer cumulative reading replaced an unsent one (no data is missing)")     \
    X(SHUTDOWN, 6, "still queued when the SDK was closed")                                         \
    X(BUSY, 7, "a handle was used while another thread held it")

typedef enum otel_drop {
#define OTEL__DROP_ENUM(name, number, text) OTEL_DROP_##name = (number),
    OTEL_DROP_LIST(OTEL__DROP_ENUM)
#undef OTEL__DROP_ENUM
        OTEL_DROP_COUNT = 8
} otel_drop;

/* ---- handles ---- */

typedef struct otel_sdk            otel_sdk;
typedef struct otel_scope          otel_scope;
typedef struct otel_counter        otel_counter;
typedef struct otel_counter_f64    otel_counter_f64;
typedef struct otel_updown         otel_updown;
typedef struct otel_updown_f64     otel_updown_f64;
typedef struct otel_gauge          otel_gauge;
typedef struct otel_gauge_f64      otel_gauge_f64;
typedef struct otel_histogram      otel_histogram;
typedef struct otel_histogram_f64  otel_histogram_f64;
typedef struct otel_observable     otel_observable;
typedef struct otel_observable_f64 otel_observable_f64;
typedef struct otel_observer       otel_observer;
typedef struct otel_registration   otel_registration;

/* ---- attributes ---- */

typedef enum otel_type {
    OTEL_TYPE_EMPTY = 0,
    OTEL_TYPE_STRING = 1,
    OTEL_TYPE_BOOL = 2,
    OTEL_TYPE_INT = 3,
    OTEL_TYPE_DOUBLE = 4
} otel_type;

#define OTEL_LENGTH_UNKNOWN 0xffffffffu /* value length: measured when it is used */

/* One key and value, 24 bytes on every target. Made by otel_str() and its siblings; the texts are
 * borrowed until the call that takes the attribute returns. */
typedef struct otel_attr {
    const char *key;
    uint16_t    key_length; /* bytes; 0 = unknown, measured when it is used           */
    uint8_t     type;       /* enum otel_type                                         */
    uint8_t     reserved;   /* 0                                                      */
    uint32_t    length;     /* bytes of a string; OTEL_LENGTH_UNKNOWN; 0 for the rest */
    union {
        const char *s;
        int64_t     i; /* also a truth value: 0 or 1 */
        double      d;
    } value;
} otel_attr;

/* A borrowed list of attributes. A key that occurs twice: the last one counts. */
typedef struct otel_attrs {
    const otel_attr *items;
    size_t           count;
} otel_attrs;

#if defined(__GNUC__) || defined(__clang__)
#define OTEL__KNOWN_LENGTH(text, unknown)                                                          \
    (__builtin_constant_p(__builtin_strlen(text)) ? __builtin_strlen(text) : (unknown))
#else
#define OTEL__KNOWN_LENGTH(text, unknown) (unknown)
#endif

OTEL__INLINE otel_attr otel__attr_make(const char *key, otel_type type)
{
    const size_t n = key != NULL ? OTEL__KNOWN_LENGTH(key, 0) : 0;
    otel_attr    attr;

    attr.key = key;
    attr.key_length = (uint16_t)(n <= 0xffffu ? n : 0);
    attr.type = (uint8_t)type;
    attr.reserved = 0;
    attr.length = 0;
    attr.value.i = 0;
    return attr;
}

/* An attribute with a text value, borrowed, UTF-8; NULL is an empty value. Any thread. */
OTEL__INLINE otel_attr otel_str(const char *key, const char *value)
{
    otel_attr attr = otel__attr_make(key, value != NULL ? OTEL_TYPE_STRING : OTEL_TYPE_EMPTY);
    if (value != NULL) {
        attr.length = (uint32_t)OTEL__KNOWN_LENGTH(value, OTEL_LENGTH_UNKNOWN);
        attr.value.s = value;
    }
    return attr;
}

/* An attribute with a text value of `length` bytes, which needs no terminating NUL. Any thread. */
OTEL__INLINE otel_attr otel_strn(const char *key, const char *value, size_t length)
{
    otel_attr attr = otel__attr_make(key, value != NULL ? OTEL_TYPE_STRING : OTEL_TYPE_EMPTY);
    if (value != NULL) {
        attr.length = length < OTEL_LENGTH_UNKNOWN ? (uint32_t)length : OTEL_LENGTH_UNKNOWN - 1u;
        attr.value.s = value;
    }
    return attr;
}

/* An attribute with a signed 64-bit value. Any thread. */
OTEL__INLINE otel_attr otel_int(const char *key, int64_t value)
{
    otel_attr attr = otel__attr_make(key, OTEL_TYPE_INT);
    attr.value.i = value;
    return attr;
}

/* An attribute with a double value; NaN and infinities are allowed. Any thread. */
OTEL__INLINE otel_attr otel_f64(const char *key, double value)
{
    otel_attr attr = otel__attr_make(key, OTEL_TYPE_DOUBLE);
    attr.value.d = value;
    return attr;
}

/* An attribute with a truth value. Any thread. */
OTEL__INLINE otel_attr otel_bool(const char *key, bool value)
{
    otel_attr attr = otel__attr_make(key, OTEL_TYPE_BOOL);
    attr.value.i = value ? 1 : 0;
    return attr;
}

/* A list from an array of `count` attributes, borrowed. Any thread. */
OTEL__INLINE otel_attrs otel_attrs_of(const otel_attr *items, size_t count)
{
    otel_attrs attrs;
    attrs.items = items;
    attrs.count = items != NULL ? count : 0;
    return attrs;
}

/* The empty list. */
#define OTEL_NO_ATTRS (otel_attrs_of(NULL, 0))

/* A list written in place: OTEL_ATTRS(otel_str("valve", "inlet"), otel_int("psi", 12)). */
#if !defined(__cplusplus)
#define OTEL_ATTRS(...)                                                                            \
    (otel_attrs_of((const otel_attr[]){ __VA_ARGS__ },                                             \
                   sizeof((const otel_attr[]){ __VA_ARGS__ }) / sizeof(otel_attr)))
#else
} /* extern "C": a template cannot have C linkage */
template <size_t N> OTEL__INLINE otel_attrs otel__attrs_list(const otel_attr (&items)[N])
{
    return otel_attrs_of(items, N);
}
extern "C" {
#define OTEL_ATTRS(...) (otel__attrs_list({ __VA_ARGS__ }))
#endif

/* ---- diagnostics and counts ---- */

typedef enum otel_severity { /* OTLP SeverityNumber; the other numbers of a range are allowed */
                             OTEL_SEVERITY_UNSPECIFIED = 0,
                             OTEL_SEVERITY_TRACE = 1,
                             OTEL_SEVERITY_DEBUG = 5,
                             OTEL_SEVERITY_INFO = 9,
                             OTEL_SEVERITY_WARN = 13,
                             OTEL_SEVERITY_ERROR = 17,
                             OTEL_SEVERITY_FATAL = 21
} otel_severity;

/* Told about what went wrong: a bad option or variable, a loss, a backend's refusal.
 *   user      options.diagnostic_user
 *   severity  OTEL_SEVERITY_WARN or _ERROR
 *   text      constant or valid for the call, one line, never a secret
 * Runs on the thread that noticed: never from a recording call, never recursively. */
typedef void (*otel_diagnostic_fn)(void *user, otel_severity severity, const char *text);

/* Counts of one signal; records are spans, log records or encoded metrics.
 * At rest: started = unsampled + open + ended; ended = delivered + dropped by reason + queued. */
typedef struct otel_signal_stats {
    uint64_t started;
    uint64_t unsampled;
    uint64_t open;
    uint64_t ended;
    uint64_t delivered;
    uint64_t queued;
    uint64_t dropped[OTEL_DROP_COUNT]; /* by enum otel_drop */
} otel_signal_stats;

typedef struct otel_stats {
    otel_signal_stats signal[OTEL_SIGNAL_COUNT]; /* by enum otel_signal */
    uint64_t          dropped_attributes;        /* over a limit, without a key, or no room   */
    uint64_t          dropped_events;            /* span events that found no room            */
    uint64_t          bad_values;                /* NaN, infinite, or negative counter adds   */
    uint64_t          lost_values;               /* exponential histograms: met a busy window */
    uint64_t          busy_handles;              /* calls on a span another thread was using  */
    uint64_t          overflowing_instruments;   /* with values in otel.metric.overflow;
                                                    each view's and reader's stream counts    */
    uint64_t          series;                    /* attribute sets in use, all instruments    */
    uint64_t          requests;                  /* attempts handed to the transport          */
    uint64_t          failed_requests;           /* of those, answered by retry or refusal    */
    size_t            memory_bytes;              /* the whole block                           */
    size_t            series_bytes_used;         /* of options.series_bytes                   */
} otel_stats;

/* ---- transport ---- */

/* What became of a request. */
typedef enum otel_transport_result {
    OTEL_TRANSPORT_SENT = 0,    /* accepted: the records leave the queue                          */
    OTEL_TRANSPORT_RETRY = 1,   /* not now: they stay queued and are offered again                */
    OTEL_TRANSPORT_REFUSED = 2, /* never: they are dropped and counted                            */
    OTEL_TRANSPORT_PENDING = 3  /* not known yet: otel_transport_complete() will tell             */
} otel_transport_result;

/* One OTLP export request. Everything is valid until it is answered. */
typedef struct otel_request {
    otel_sdk      *sdk;
    otel_signal    signal;
    const char    *path;           /* "/v1/traces", "/v1/metrics", "/v1/logs"                     */
    const char    *content_type;   /* "application/x-protobuf"                                    */
    const uint8_t *body;           /* an Export*ServiceRequest message                            */
    size_t         length;         /* bytes of the body                                           */
    uint32_t       n_records;      /* spans, log records or metrics in it                         */
    uint32_t       attempt;        /* 1 for the first                                             */
    uint32_t       retry_after_ms; /* set by the transport with _RETRY if known; 0 = not known    */
} otel_request;

/* Where requests go instead of the built-in HTTP client.
 *   send  called from otel_poll(), otel_flush(), otel_close() or the background thread, one request
 *         at a time; answers at once, or _PENDING and calls otel_transport_complete() later.
 *         It may record telemetry of its own, but must not call poll, flush or close. */
typedef struct otel_transport {
    otel_transport_result (*send)(void *user, otel_request *request);
    void *user;
} otel_transport;

/* ---- readings of metrics ---- */

/* What one reading covers. Up-down counters and gauges are cumulative with every preference. */
typedef enum otel_temporality {
    OTEL_TEMPORALITY_DEFAULT = 0,    /* the environment's, else cumulative                        */
    OTEL_TEMPORALITY_DELTA = 1,      /* counters and histograms: since the last reading           */
    OTEL_TEMPORALITY_CUMULATIVE = 2, /* since the start                                           */
    OTEL_TEMPORALITY_LOWMEMORY = 3   /* delta for counters and histograms that are recorded into,
                                        cumulative for observable counters                        */
} otel_temporality;

/* How measurements become points. */
typedef enum otel_aggregation {
    OTEL_AGGREGATION_DEFAULT = 0,
    OTEL_AGGREGATION_DROP = 1,
    OTEL_AGGREGATION_SUM = 2,        /* in views; of a gauge or histogram: of what is recorded */
    OTEL_AGGREGATION_LAST_VALUE = 3, /* in views                                               */
    OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM = 4,
    OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM = 5
} otel_aggregation;

/* The kinds of instruments, as bits of options.drop_instruments: 1u << OTEL_INSTRUMENT_GAUGE. */
typedef enum otel_instrument {
    OTEL_INSTRUMENT_COUNTER = 0,
    OTEL_INSTRUMENT_UPDOWN = 1,
    OTEL_INSTRUMENT_GAUGE = 2,
    OTEL_INSTRUMENT_HISTOGRAM = 3,
    OTEL_INSTRUMENT_OBSERVABLE_COUNTER = 4,
    OTEL_INSTRUMENT_OBSERVABLE_UPDOWN = 5,
    OTEL_INSTRUMENT_OBSERVABLE_GAUGE = 6
} otel_instrument;

/* Which measurements may become exemplars. Compiled in with OTEL_LITE_EXEMPLARS. */
typedef enum otel_exemplar_filter {
    OTEL_EXEMPLAR_FILTER_DEFAULT = 0, /* the environment's, else trace-based         */
    OTEL_EXEMPLAR_FILTER_ALWAYS_ON = 1,
    OTEL_EXEMPLAR_FILTER_ALWAYS_OFF = 2,
    OTEL_EXEMPLAR_FILTER_TRACE_BASED = 3 /* made while a sampled span is current */
} otel_exemplar_filter;

/* ---- the SDK ---- */

#define OTEL_ZERO 0xffffffffu /* for a number field where 0 is wanted: as 0 in its variable */
#define OTEL_NO_LIMIT                                                                              \
    0xfffffffeu /* for a limit or timeout: none                                  */

/* How an SDK is set up. Zero the struct, name what differs. A field set here wins over its
 * environment variable, that over `fallback`, that over the default in brackets. */
typedef struct otel_options {
    /* identity, copied */
    const char *service_name; /* OTEL_SERVICE_NAME [unknown_service:<executable>]                 */
    otel_attrs  resource;     /* over OTEL_RESOURCE_ATTRIBUTES                                    */

    /* where to, copied */
    const char    *endpoint;  /* OTEL_EXPORTER_OTLP_ENDPOINT, a base URL [none: telemetry is off] */
    const char    *headers;   /* OTEL_EXPORTER_OTLP_HEADERS, "k=v,k2=v2", values percent-encoded  */
    otel_transport transport; /* with `send` set it is used instead of HTTP                       */
    uint32_t timeout_ms;      /* OTEL_EXPORTER_OTLP_TIMEOUT, one attempt [10000]                  */
    uint32_t max_request_bytes; /* body of one request [1 MiB; firmware 2048]                */

    /* spans */
    uint32_t span_delay_ms;    /* OTEL_BSP_SCHEDULE_DELAY [5000]                                  */
    uint32_t span_timeout_ms;  /* OTEL_BSP_EXPORT_TIMEOUT, what one flush waits for [30000]       */
    uint32_t span_queue;       /* OTEL_BSP_MAX_QUEUE_SIZE, records [2048; firmware 16]            */
    uint32_t span_batch;       /* OTEL_BSP_MAX_EXPORT_BATCH_SIZE, records [512, at most queue]    */
    uint32_t span_queue_bytes; /* [256 x span_queue, at least 64 KiB; firmware 1024]              */
    uint32_t max_open_spans;   /* spans that can be open at once [256; firmware 4]                */
    uint32_t span_chunks;      /* OTEL_LITE_CHUNK_BYTES each, shared [256; firmware 4]            */

    /* metrics */
    uint32_t metric_interval_ms; /* OTEL_METRIC_EXPORT_INTERVAL; OTEL_NO_LIMIT: only when asked
                                    [60000]                                                     */
    uint32_t metric_queue_bytes; /* readings, by default >= series_bytes [1 MiB; firmware 2048] */
    uint32_t series_bytes;    /* attribute sets and their values [1 MiB; firmware 2048]         */
    uint32_t max_series;      /* attribute sets of one instrument [2000; firmware 16]           */
    uint32_t max_instruments; /* [256; firmware 8]                                              */
    uint32_t max_callbacks;   /* [64; firmware 4]                                               */
    uint32_t
        temporality; /* enum otel_temporality, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE
                             [cumulative]                                                       */
    uint32_t histogram_aggregation; /* enum otel_aggregation,
                                        OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION
                                        [explicit buckets]                                      */
    uint32_t exponential_max_size;  /* buckets of each sign [160]                              */
    uint32_t drop_instruments;      /* bits 1u << enum otel_instrument: not aggregated [none]  */

    /* what `views` points to stays in place as long as the SDK */
    const struct otel_view *views;
    size_t                  n_views;
    uint32_t exemplar_filter; /* enum otel_exemplar_filter, OTEL_METRICS_EXEMPLAR_FILTER
                                 [trace_based]                                         */

    /* for otel_read(), if `manual_reader` is set */
    uint32_t manual_temporality;           /* [cumulative]         */
    uint32_t manual_histogram_aggregation; /* [explicit buckets]   */
    uint32_t manual_max_series;            /* [2000; firmware 16]  */

    /* log records */
    uint32_t log_delay_ms; /* [1000]                                                            */
    uint32_t log_queue;    /* records [2048; firmware 16]                                       */
    uint32_t log_batch;    /* records [512, at most queue]                                      */
    uint32_t
        log_queue_bytes; /* [256 x log_queue, at least 64 KiB; firmware 1024]                 */

    /* shared limits */
    uint32_t max_scopes; /* [32; firmware 4]                                                  */
    uint32_t
        attribute_limit; /* attributes of one span, event or log record [128]                 */
    uint32_t text_bytes; /* copies of names, units, resource [32 KiB; firmware 1024]          */

    /* the engine */
    bool background;         /* start one thread that calls otel_poll()                           */
    bool manual_reader;      /* there is an otel_read(); alone it needs no endpoint, no transport */
    bool disabled;           /* OTEL_SDK_DISABLED: otel_open() returns NULL                       */
    bool ignore_environment; /* read no variable at all                                           */
    bool ignore_host;        /* no process and host attributes in the resource                    */
    void  *memory;           /* the block to use, 16-byte aligned, or NULL for one malloc()       */
    size_t memory_bytes;     /* bytes at `memory`; see otel_memory_needed()                       */

    /* telling */
    otel_diagnostic_fn
                 on_diagnostic; /* [none]                                                    */
    void        *diagnostic_user;
    otel_status *status; /* receives the result of otel_open(), may be NULL           */

    const struct otel_options
        *fallback; /* a program's own defaults, below the environment        */
} otel_options;

/* Open an SDK.
 *
 *   options  borrowed for the call; NULL means all defaults (telemetry is then off unless the
 *            environment names an endpoint)
 *
 * Returns  the SDK, or NULL: nothing is configured (*status OTEL_DISABLED) or it failed (*status
 *          negative, and a diagnostic says why). NULL is fine for every other call.
 * Threads  any thread, not a signal handler; several SDKs may be open at once.
 * Memory   options.memory, or one malloc() of otel_memory_needed() bytes; nothing after that. A
 *          thread's stack comes on top when options.background is set.
 * Spec     trace/sdk.md "Tracer Provider", metrics/sdk.md "MeterProvider", logs/sdk.md. */
OTEL_API otel_sdk *otel_open(const otel_options *options);

/* The bytes that otel_open() would take for these options, environment included.
 * Returns 0 when an option is not valid. Any thread, not a signal handler. */
OTEL_API size_t otel_memory_needed(const otel_options *options);

/* Do what can be done without waiting: collect, batch, send, read replies.
 *
 * Returns  milliseconds until it wants to be called again, 0 = at once; for a NULL or closed SDK
 *          UINT32_MAX. A descriptor of otel_poll_fds() becoming ready is a reason to call sooner.
 * Threads  any thread, not a signal handler; when another thread is inside, returns 1 at once. */
OTEL_API uint32_t otel_poll(otel_sdk *sdk);

#if !defined(OTEL_LITE_FREESTANDING)
struct pollfd;

/* Fill in the descriptors that otel_poll() waits for (the wake-up and, during a request, a socket).
 *
 *   fds       room for `capacity` entries; at most 2 are used
 * Returns  the number filled in. Call it after each otel_poll(); descriptors change.
 * Threads  the thread that calls otel_poll(). */
OTEL_API size_t otel_poll_fds(otel_sdk *sdk, struct pollfd *fds, size_t capacity);
#endif

/* Read all metrics into their queue now, callbacks included; sending takes its usual course.
 *
 *   timeout_ms  how long to wait for another thread that is inside the engine, and for recordings
 *               into histograms that are under way; 0 = one try; OTEL_NO_LIMIT is possible
 * Returns  OTEL_OK, also when the queue holds a part only: the rest is read as it empties;
 *          OTEL_TIMEOUT (nothing read, or a histogram is a moment behind: its values come with
 *          the next reading); OTEL_DISABLED.
 * Threads  as otel_flush().
 * Spec     metrics/sdk.md "Collect". */
OTEL_API otel_status otel_collect(otel_sdk *sdk, uint32_t timeout_ms);

/* Collect metrics and deliver everything recorded so far.
 *
 *   timeout_ms  0 = do what can be done at once; OTEL_NO_LIMIT waits as long as it takes
 * Returns  OTEL_OK, OTEL_TIMEOUT (what is left stays queued), OTEL_LOST (something was refused).
 * Threads  any thread, not a signal handler, not from a transport or diagnostic callback.
 * Spec     trace/sdk.md, metrics/sdk.md, logs/sdk.md "ForceFlush". */
OTEL_API otel_status otel_flush(otel_sdk *sdk, uint32_t timeout_ms);

/* Flush within the deadline, stop the thread, close the socket. What is left counts as dropped.
 * Afterwards every call on the SDK and its handles is a no-op; the block stays in place.
 *
 * Returns  as otel_flush(). A second call returns OTEL_OK at once.
 * Threads  any thread, not a signal handler.
 * Spec     "Shutdown" of the three SDK documents. */
OTEL_API otel_status otel_close(otel_sdk *sdk, uint32_t timeout_ms);

/* Close at once if that was not done, and give the block back. No handle may be used afterwards.
 * Threads: no other thread may be using the SDK. */
OTEL_API void otel_release(otel_sdk *sdk);

/* Copy the counts of `sdk` into `stats`, zeroed for NULL. Exact at rest, within what was recorded
 * meanwhile otherwise. Any thread, not a signal handler. */
OTEL_API void otel_stats_get(otel_sdk *sdk, otel_stats *stats);

/* The records that the queue of `signal` still has room for, by its limit in records; 0 for NULL or
 * a bad signal. Any thread. */
OTEL_API uint32_t otel_queue_free(otel_sdk *sdk, otel_signal signal);

/* A status as one English line, constant. Any thread. */
OTEL_API const char *otel_status_text(otel_status status);

/* A loss reason as one English line, constant. Any thread. */
OTEL_API const char *otel_drop_text(otel_drop reason);

/* Answer a request that a transport left pending, exactly once: until then nothing else is sent,
 * and the body stays valid, also after an otel_close() that ran out of time, up to
 * otel_release(). A second answer would be taken for the next request's. Any thread, signal
 * handler or interrupt. */
OTEL_API void otel_transport_complete(otel_request *request, otel_transport_result result);

/* Turn an HTTP answer into a transport result by OTLP's rules: any 2xx is success; 429, 502, 503
 * and 504 are retried, after `retry_after` seconds if that header was there (else NULL); the
 * rest is final. A transport that carries HTTP returns its result.
 *   body, length  the reply's body, or NULL, 0
 * Spec: OTLP "OTLP/HTTP Response". Any thread. */
OTEL_API otel_transport_result otel_transport_http(otel_request *request, int http_status,
                                                   const char *retry_after, const void *body,
                                                   size_t length);

/* Get the instrumentation scope that names the code which records.
 *
 *   name     of the library or module, copied; NULL or empty is allowed and reported
 *   version  copied; NULL for none
 * Returns  the scope, the same one for the same pair; NULL when max_scopes is used up (reported).
 * Threads  any thread, not a signal handler. The scope lives as long as the SDK.
 * Spec     common/instrumentation-scope.md; serves as tracer, meter and logger. */
OTEL_API otel_scope *otel_scope_get(otel_sdk *sdk, const char *name, const char *version);

#ifdef __cplusplus
}
#endif

#endif /* OTEL__API_API_H */
