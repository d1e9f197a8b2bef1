/* otel_lite.h - OpenTelemetry for C in one file: metrics, traces, logs over OTLP.  v0.1.0, MIT
 *
 * USE
 *   Copy this file. In exactly one C or C++ file:
 *       #define OTEL_LITE_IMPLEMENTATION
 *       #include "otel_lite.h"          (first, before any system header)
 *   Everywhere else just include it. Link with -pthread; nothing else is needed.
 *
 * CONTENTS  (search for the number in brackets)
 *   [1] example  [2] concepts  [3] options and environment  [4] compile-time switches  [5] memory
 *   [6] threads, signals, interrupts, fork  [7] errors and losses  [8] your own transport
 *   [9] limits, and what it does not do  [10] versions
 *
 * [1] EXAMPLE
 *       int main(void) {
 *           otel_sdk *sdk = otel_open(&(otel_options){ .service_name = "pump", .background = true,
 *                                                      .endpoint = "http://localhost:4318" });
 *           otel_scope *scope = otel_scope_get(sdk, "pump/control", "1.2.0");
 *
 *           otel_counter *strokes = otel_counter_create(scope, "pump.strokes", "{stroke}", NULL);
 *           otel_counter_add(strokes, 1, OTEL_ATTRS(otel_str("valve", "inlet")));
 *
 *           otel_span    span = otel_span_start(scope, "fill tank", NULL);
 *           otel_context outer = otel_span_attach(span);
 *           otel_span_set(span, OTEL_ATTRS(otel_f64("level", 0.8)));
 *           otel_log(scope, OTEL_SEVERITY_WARN, "pressure low", OTEL_ATTRS(otel_int("psi", 12)));
 *           otel_span_detach(outer);
 *           otel_span_end(span);
 *
 *           otel_close(sdk, 5000);
 *           otel_release(sdk);
 *       }
 *
 * [2] CONCEPTS
 *       program -> record -> queue or aggregate -> batch -> transport
 *   A span or log record is written as OTLP protobuf while it is recorded; ending it copies the
 *   bytes into a queue. Metrics are aggregated in place and read every metric_interval_ms;
 *   observable instruments are asked by callbacks then. docs/metrics.md tells it all.
 *   otel_poll() is the engine: it collects, batches, sends and reads answers without ever
 *   waiting. Call it from your loop, or set options.background and one thread calls it for you. A
 *   record leaves its queue only when the backend accepted it or refused it for good. A scope
 *   names the code that records; it serves as tracer, meter and logger. A span is a value: copy
 *   it, hand it on, end it anywhere. It becomes the current span of a thread by
 *   otel_span_attach() only; the current span is the parent of new ones and joined by log
 *   records.
 *
 * [3] OPTIONS AND ENVIRONMENT
 *   struct otel_options, documented field by field below. A field set in code wins over its
 *   variable, that over options.fallback, that over the default. Nothing configured means off:
 *   otel_open() returns NULL, opens no socket, starts no thread. (A departure from the
 *   specification, where an unset endpoint means localhost: a library must not send what nobody
 *   asked for.)
 *
 * [4] COMPILE-TIME SWITCHES, the same in every file of a program
 *   OTEL_LITE_IMPLEMENTATION   this file holds the implementation
 *   OTEL_LITE_STATIC           ... and every function is static: nothing is exported
 *   OTEL_LITE_DISABLE          every call compiles to nothing, and no symbol remains
 *   OTEL_LITE_NO_TRACES        no otel_span_*: calls do not compile; so do the next two
 *   OTEL_LITE_NO_METRICS       no instruments
 *   OTEL_LITE_NO_LOGS          no log records
 *   OTEL_LITE_NO_EXPONENTIAL   no base-2 exponential histograms; the default in firmware, where
 *   OTEL_LITE_EXPONENTIAL      ... brings them
 *   OTEL_LITE_NO_VIEWS         options.views is refused; the default in firmware, where
 *   OTEL_LITE_VIEWS            ... brings them
 *   OTEL_LITE_NO_READER        no otel_read(); the default in firmware, where
 *   OTEL_LITE_READER           ... brings it
 *   OTEL_LITE_EXEMPLARS        measurements may go out as exemplars of their points, each with
 *   OTEL_LITE_EXEMPLAR_BYTES   ... at most so many bytes of what a view left out [128]
 *   OTEL_LITE_SHARDS=8         bound int64 counters have 8 cells (2 to 64), a thread adds to one of
 *                              them: threads that share a counter do not slow each other down.
 *                              8 times 2.2 KB for the first 256 attribute sets, others have none.
 *                              No effect with OTEL_LITE_NO_THREADS or without 64-bit atomics
 *   OTEL_LITE_SERIES_LIST      attribute sets are searched one after the other instead of in a
 *                              hash table: smaller, for tens of sets; the default in firmware,
 *   OTEL_LITE_SERIES_TABLE     ... where this one brings the table
 *   OTEL_LITE_NO_DIAGNOSTICS   options.on_diagnostic is never called, and its texts are not
 *                              compiled in: 2.7 KB less on a Cortex-M4; statuses and counts still
 *                              tell
 *   OTEL_LITE_NO_UTF8_REPAIR   texts are sent as they are given: yours are UTF-8 without doubt
 *   OTEL_LITE_SINGLE_CORE      no memory barriers: one processor core, and interrupts on it
 *   OTEL_LITE_NO_HTTP          no built-in client: options.transport is needed
 *   OTEL_LITE_GETADDRINFO      host names are looked up by getaddrinfo(), which may block
 *                              otel_poll() for seconds; without it they come from /etc/hosts
 *   OTEL_LITE_NUMERIC_ONLY     ... and with this one from nowhere: numeric addresses and localhost
 *   OTEL_LITE_NO_ENV           no variable is read, getenv() is not referenced
 *   OTEL_LITE_NO_THREADS       no background thread, no thread-local current span
 *   OTEL_LITE_NO_MALLOC        options.memory is needed
 *   OTEL_LITE_NO_FORK          fork is not noticed: a child must not use the SDK
 *   OTEL_LITE_ATFORK           fork is noticed by pthread_atfork() even where a wiped page would do
 *   OTEL_LITE_NO_WAKE          a recording call never wakes the background thread: no system call
 *                              whatever; a full batch then waits for its delay
 *   OTEL_LITE_SINGLE_THREADED  no atomics at all: one thread, no signal handlers
 *   OTEL_LITE_FREESTANDING     no operating system; set by itself when there is none. Needs
 *                              OTEL_LITE_MONOTONIC_NS(), OTEL_LITE_UNIX_NS() (uint64_t) and
 *                              OTEL_LITE_ENTROPY(buffer, bytes) (fills, returns true)
 *   OTEL_LITE_SPAN_BYTES, OTEL_LITE_CHUNK_BYTES   memory of a span, see [5]
 *   OTEL_LITE_CRITICAL_ENTER(), OTEL_LITE_CRITICAL_LEAVE(state)   where the processor lacks
 *                              atomics; built in for Cortex-M
 *   OTEL_LITE_RESOLVE(...)     replaces the look-up of host names, see send/resolve.h
 *   OTEL_LITE_GETENV(name), OTEL_LITE_WAIT(fds, n, ms), OTEL_LITE_ALLOC(bytes), OTEL_LITE_FREE(p)
 *                              replace the C library's
 *
 * [5] MEMORY
 *   otel_open() takes one block, options.memory or one malloc(), and never more.
 *   otel_memory_needed() tells its size. Pages of it that are never touched cost nothing on a
 *   hosted system. An open span takes a slot of OTEL_LITE_SPAN_BYTES and, when that is full,
 *   chunks of OTEL_LITE_CHUNK_BYTES that all spans share, at most 8 runs of at most 32.
 *
 * [6] THREADS, SIGNALS, INTERRUPTS, FORK
 *   Recording (add, set, record, span_*, log) is lock-free and may be called from any thread,
 *   signal handler or interrupt; it makes no system call but reading the clock, and one write()
 *   to wake the background thread when a batch is complete. Opening, creating, polling, flushing
 *   and closing are for ordinary code. After fork() the child has new ids, empty queues, series
 *   at zero and no thread: call otel_poll() there, or open another SDK.
 *
 * [7] ERRORS AND LOSSES
 *   Recording never fails its caller. What is lost is counted by reason in otel_stats_get() and
 *   told once a minute at most through options.on_diagnostic. Bad UTF-8 is repaired with U+FFFD.
 *   NULL and zeroed handles are fine everywhere.
 *
 * [8] YOUR OWN TRANSPORT
 *   options.transport.send gets a finished OTLP request and answers sent, retry, refused, or
 *   pending, and then calls otel_transport_complete(). If it carries HTTP, otel_transport_http()
 *   applies OTLP's rules to the answer.
 *
 * [9] LIMITS, AND WHAT IT DOES NOT DO
 *   128 attributes a set, 128 events a span, keys of at most 16383 bytes, histograms of at most
 *   255 boundaries. Host names come from /etc/hosts or OTEL_LITE_GETADDRINFO. Attribute sets of
 *   metrics are never forgotten. No TLS, no gRPC, no compression: put a Collector beside it.
 *
 * [10] VERSIONS
 *   OTEL_LITE_VERSION. Before 1.0 a minor version may change the API; CHANGELOG.md says how.
 *
 * Generated from src/ by amalgamate.py, source id 7889a213325b6f9b. Do not edit. */

#ifndef OTEL_LITE_H
#define OTEL_LITE_H
#define OTEL_LITE_SOURCE_ID "7889a213325b6f9b"

/* ---- src/api/config.h ---- */
/* config: the compile-time switches, their defaults and the combinations that cannot work.
 * Read by every other part; holds no code. A switch is defined (to nothing or to 1) before the
 * header is included, the same in every file of a program. What each one saves stands in doc.h. */

/* The implementing file asks the C library for POSIX and its usual extensions (clock_gettime,
 * madvise, getrandom), whatever -std= says. That works only before the first system header. */
#if defined(OTEL_LITE_IMPLEMENTATION) && !defined(OTEL_LITE_DISABLE) &&                            \
    !defined(OTEL_LITE_FREESTANDING)
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif
#if !defined(_POSIX_C_SOURCE) && !defined(_GNU_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#if defined(__APPLE__) && !defined(_DARWIN_C_SOURCE)
#define _DARWIN_C_SOURCE 1
#endif
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OTEL_LITE_VERSION       "0.1.0"
#define OTEL_LITE_VERSION_MAJOR 0
#define OTEL_LITE_VERSION_MINOR 1
#define OTEL_LITE_VERSION_PATCH 0

/* A target with an operating system that speaks POSIX; everything else is firmware. */
#if !defined(OTEL_LITE_FREESTANDING)
#if !defined(__unix__) && !defined(__linux__) && !defined(__APPLE__)
#define OTEL_LITE_FREESTANDING
#endif
#endif

#if defined(OTEL_LITE_FREESTANDING)
#if !defined(OTEL_LITE_NO_THREADS)
#define OTEL_LITE_NO_THREADS
#endif
#if !defined(OTEL_LITE_NO_HTTP)
#define OTEL_LITE_NO_HTTP
#endif
#if !defined(OTEL_LITE_NO_ENV)
#define OTEL_LITE_NO_ENV
#endif
#if !defined(OTEL_LITE_NO_MALLOC)
#define OTEL_LITE_NO_MALLOC
#endif
#if !defined(OTEL_LITE_SERIES_TABLE) && !defined(OTEL_LITE_SERIES_LIST)
#define OTEL_LITE_SERIES_LIST
#endif
#if !defined(OTEL_LITE_NO_EXPONENTIAL) && !defined(OTEL_LITE_EXPONENTIAL)
#define OTEL_LITE_NO_EXPONENTIAL
#endif
#if !defined(OTEL_LITE_NO_VIEWS) && !defined(OTEL_LITE_VIEWS)
#define OTEL_LITE_NO_VIEWS
#endif
#if !defined(OTEL_LITE_NO_READER) && !defined(OTEL_LITE_READER)
#define OTEL_LITE_NO_READER
#endif
#endif

#if defined(OTEL_LITE_SINGLE_THREADED) && !defined(OTEL_LITE_NO_THREADS)
#define OTEL_LITE_NO_THREADS
#endif

#if defined(OTEL_LITE_NO_TRACES) && defined(OTEL_LITE_NO_METRICS) && defined(OTEL_LITE_NO_LOGS)
#error "otel_lite: every signal is compiled out; define OTEL_LITE_DISABLE instead"
#endif

/* Bytes of encoded attributes, events and status that a span holds before it takes a chunk. */
#if !defined(OTEL_LITE_SPAN_BYTES)
#if defined(OTEL_LITE_FREESTANDING)
#define OTEL_LITE_SPAN_BYTES 256
#else
#define OTEL_LITE_SPAN_BYTES 512
#endif
#endif

/* Bytes of one chunk that a bigger span takes from the pool shared by all open spans. */
#if !defined(OTEL_LITE_CHUNK_BYTES)
#if defined(OTEL_LITE_FREESTANDING)
#define OTEL_LITE_CHUNK_BYTES 128
#else
#define OTEL_LITE_CHUNK_BYTES 1024
#endif
#endif

#if OTEL_LITE_SPAN_BYTES < 192 || OTEL_LITE_SPAN_BYTES > 4096
#error "otel_lite: OTEL_LITE_SPAN_BYTES must be from 192 (ids, times and a short name) to 4096"
#endif
#if OTEL_LITE_CHUNK_BYTES < 64 || OTEL_LITE_CHUNK_BYTES > 4096
#error "otel_lite: OTEL_LITE_CHUNK_BYTES must be from 64 to 4096"
#endif

#if defined(OTEL_LITE_SHARDS) && (OTEL_LITE_SHARDS + 0 < 2 || OTEL_LITE_SHARDS + 0 > 64)
#error "otel_lite: OTEL_LITE_SHARDS must be from 2 to 64: cells of a bound counter, such as 8"
#endif

#if defined(__GNUC__) || defined(__clang__)
#define OTEL__INLINE static inline __attribute__((always_inline, unused))
#define OTEL__UNUSED __attribute__((unused))
#else
#define OTEL__INLINE static inline
#define OTEL__UNUSED
#endif

#if defined(OTEL_LITE_DISABLE)
#define OTEL_API OTEL__INLINE
#elif defined(OTEL_LITE_STATIC)
#define OTEL_API static OTEL__UNUSED
#else
#define OTEL_API extern
#endif

/* ---- src/api/api.h ---- */
/* api: results, attributes, transports, options, and the calls on an SDK as a whole; signals.h has
 * what records. Together they are all that is public.
 * A handle may be NULL (or a zeroed otel_span) everywhere: the call is then a cheap no-op, which is
 * what a failed or switched-off otel_open() gives. "Any thread" includes signal handlers and, on a
 * microcontroller, interrupts. Recording returns nothing and never fails its caller: losses are
 * counted, see otel_stats_get(). Enumerators carry OTLP's numbers. */

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

/* ---- src/api/signals.h ---- */
/* signals: what a program calls to record: context, spans, log records; metrics.h has the metrics.
 * All of it is for any thread, signal handlers and interrupts included, unless a comment says
 * otherwise; NULL and zeroed handles are no-ops; nothing returns an error, losses are counted.
 * Spec: trace/api.md, logs/api.md. */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- context ---- */

/* The identity of a span, as it travels between threads and processes. Zeroed = none. */
typedef struct otel_context {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t trace_flags; /* W3C: bit 0 sampled, bit 1 random trace id */
    uint8_t remote;      /* 1 when it came from another process       */
} otel_context;

#define OTEL_TRACE_FLAG_SAMPLED 0x01u
#define OTEL_TRACE_FLAG_RANDOM  0x02u

/* ---- propagation ---- */

#define OTEL_TRACEPARENT_SIZE 56 /* bytes, the terminating NUL included */

/* Write a context as the value of a W3C traceparent header, for a request that goes out. Version
 * 00; of the flags sampled and random go out.
 *
 *   to       OTEL_TRACEPARENT_SIZE bytes
 *   context  of the span on whose behalf the request is made, see otel_span_context()
 *
 * Returns  the length, 55; 0, and an empty text, when the context names no span: send no header.
 * Threads  any thread; needs no SDK.
 * Spec     W3C Trace Context Level 2 "traceparent Header". */
OTEL_API size_t otel_traceparent_write(char *to, otel_context context);

/* Read the value of a W3C traceparent header that came in. Blanks and tabs around it are no part of
 * it; higher versions than 00 are read as far as they are known. Two such headers in one request
 * are none: do not read either.
 *
 *   text     borrowed, `length` bytes, no NUL needed; NULL is no header
 *   context  receives what came, remote set; zeroed when it is not valid
 *
 * Returns  whether it is valid. If not, a span started with `context` as its parent begins a trace.
 * Threads  any thread; needs no SDK.
 * Spec     W3C Trace Context Level 2 "traceparent Header", "Versioning of traceparent". */
OTEL_API bool otel_traceparent_read(const char *text, size_t length, otel_context *context);

/* ---- spans ---- */

#if !defined(OTEL_LITE_NO_TRACES)

typedef enum otel_span_kind {
    OTEL_SPAN_KIND_DEFAULT = 0, /* internal */
    OTEL_SPAN_KIND_INTERNAL = 1,
    OTEL_SPAN_KIND_SERVER = 2,
    OTEL_SPAN_KIND_CLIENT = 3,
    OTEL_SPAN_KIND_PRODUCER = 4,
    OTEL_SPAN_KIND_CONSUMER = 5
} otel_span_kind;

typedef enum otel_status_code {
    OTEL_STATUS_CODE_UNSET = 0,
    OTEL_STATUS_CODE_OK = 1,
    OTEL_STATUS_CODE_ERROR = 2
} otel_status_code;

/* A span by value: copy it, hand it to another thread. It keeps its identity after it has ended (an
 * ended span can be a parent); everything else on an ended or zeroed one is a no-op. */
typedef struct otel_span {
    struct otel__span *slot;       /* NULL: not recording */
    uint32_t           generation; /* of the slot         */
    otel_context       context;
} otel_span;

/* How a span starts. Zeroed or NULL: internal, child of the current span, no attributes. */
typedef struct otel_span_options {
    const otel_context *parent; /* borrowed; NULL: the current span              */
    bool                root;   /* start a new trace whatever the current span   */
    otel_span_kind      kind;   /* [internal]                                    */
    otel_attrs          attrs;  /* borrowed                                      */
} otel_span_options;

/* Start a span. It does not become the current one: see otel_span_attach().
 *
 *   scope    from otel_scope_get()
 *   name     borrowed, UTF-8
 *   options  borrowed for the call, or NULL
 *
 * Returns  the span. When nothing is recorded (NULL scope, telemetry off, no free slot) a
 *          non-recording one: with the parent's identity if telemetry is off, else with ids of its
 *          own, so that propagation goes on.
 * Threads  any thread; may be ended on another.
 * Memory   one of max_open_spans slots; attributes that outgrow it take chunks.
 * Spec     trace/api.md "Span Creation"; trace/sdk.md "SDK Span creation". */
OTEL_API otel_span otel_span_start(otel_scope *scope, const char *name,
                                   const otel_span_options *options);

/* Set attributes; a key that is there already gets the new value.
 * Any thread; two threads at one span: one of them loses (counted: busy_handles).
 * Spec: trace/api.md "Set Attributes". */
OTEL_API void otel_span_set(otel_span span, otel_attrs attrs);

/* Add an event at the current time. Any thread. Spec: trace/api.md "Add Events". */
OTEL_API void otel_span_add_event(otel_span span, const char *name, otel_attrs attrs);

/* Set the status. Unset is ignored, Ok is final, Error replaces Error; `message` (borrowed, may be
 * NULL) counts only for Error. Any thread. Spec: trace/api.md "Set Status". */
OTEL_API void otel_span_set_status(otel_span span, otel_status_code code, const char *message);

/* End the span now and queue it. Every later call on it is a no-op.
 * Any thread; takes no lock; the record that completes a batch may write one word to wake a
 * sleeping engine. Spec: trace/api.md "End". */
OTEL_API void otel_span_end(otel_span span);

/* Whether setting anything on the span has an effect. Any thread. Spec: "IsRecording". */
OTEL_API bool otel_span_is_recording(otel_span span);

/* The span's identity; zeroed for a zeroed span. Any thread, also after its end. */
OTEL_API otel_context otel_span_context(otel_span span);

/* Make `span` the current one of this thread: parent of spans started, and joined by log records
 * written, without a context of their own.
 * Returns  the identity that was current before, for otel_span_detach().
 * Threads  the current span belongs to the calling thread (without threads: to the program).
 * Spec     trace/api.md "Context Interaction"; context/README.md "Attach Context". */
OTEL_API otel_context otel_span_attach(otel_span span);

/* Put back what otel_span_attach() returned. Same thread. */
OTEL_API void otel_span_detach(otel_context previous);

#endif /* OTEL_LITE_NO_TRACES */

/* ---- log records ---- */

#if !defined(OTEL_LITE_NO_LOGS)

/* A log record with every field. Zeroed fields are left out. Texts are borrowed, UTF-8. */
typedef struct otel_log_record {
    otel_severity       severity;
    const char         *severity_text; /* the source's own name of the level          */
    const char         *body;
    const char         *event_name; /* makes the record an event                   */
    otel_attrs          attrs;
    const otel_context *context;      /* the span it belongs to; NULL: the current   */
    uint64_t            time_unix_ns; /* when it happened; 0: not known, left out    */
} otel_log_record;

/* Write a log record of something that happens now, in the current span (if any).
 *
 *   severity  1 to 24, or OTEL_SEVERITY_UNSPECIFIED
 *   body      borrowed, UTF-8 (repaired if it is not); NULL for none
 *   attrs     borrowed
 *
 * Threads  any thread.
 * Memory   queue only; when it is full the record is dropped and counted.
 * Spec     logs/api.md "Emit a LogRecord". */
OTEL_API void otel_log(otel_scope *scope, otel_severity severity, const char *body,
                       otel_attrs attrs);

/* Write a log record with every field; `record` is borrowed; as otel_log(). */
OTEL_API void otel_log_emit(otel_scope *scope, const otel_log_record *record);

#endif /* OTEL_LITE_NO_LOGS */

#ifdef __cplusplus
}
#endif

/* ---- src/api/metrics.h ---- */
/* metrics: the instruments: made once, recorded into from anywhere, or asked for their values.
 * All of it is for any thread, signal handlers and interrupts included, unless a comment says
 * otherwise; NULL handles are no-ops; recording returns no error, losses are counted.
 * Instruments with their attributes resolved beforehand stand in bound.h.
 * Spec: metrics/api.md. */

#if !defined(OTEL_LITE_NO_METRICS)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- metrics: instruments ---- */

#define OTEL_SCALE_ZERO 127 /* for histogram_options.max_scale where 0 is wanted */

/* How a histogram is made. Zeroed or NULL: what the SDK's options say, by default OpenTelemetry's
 * 15 boundaries. */
typedef struct otel_histogram_options {
    const double *bounds;      /* explicit: upper, inclusive, strictly increasing, finite; copied */
    size_t        n_bounds;    /* at most 255                                                     */
    uint32_t      aggregation; /* enum otel_aggregation [options.histogram_aggregation]           */
    uint32_t      max_size;    /* exponential: buckets of each sign, 2 to 65535
                                  [options.exponential_max_size]                                  */
    int32_t       max_scale;   /* exponential: from -10 to 20, OTEL_SCALE_ZERO for 0 [20]         */
    bool          no_min_max;  /* leave the smallest and largest value out                        */
} otel_histogram_options;

/* Create a counter of integers, a sum that only grows.
 *
 *   scope        from otel_scope_get()
 *   name         first a letter, then letters, digits, _ . - /, at most 255; copied
 *   unit         UCUM, such as "By" or "{request}", at most 63 bytes; copied; NULL for none
 *   description  copied; NULL for none
 *
 * Returns  the counter; the same one for the same scope, name (in any case) and unit; NULL when the
 *          metrics signal is off, the kind is dropped, or memory is used up (reported). A name that
 *          stands for another kind, type or unit already is reported, and both are sent.
 * Threads  any thread, not a signal handler. It lives as long as the SDK.
 * Memory   one of max_instruments, and text for the copies.
 * Spec     metrics/api.md "Counter creation". */
OTEL_API otel_counter *otel_counter_create(otel_scope *scope, const char *name, const char *unit,
                                           const char *description);
/* Create a counter of doubles; otherwise as otel_counter_create(). */
OTEL_API otel_counter_f64 *otel_counter_create_f64(otel_scope *scope, const char *name,
                                                   const char *unit, const char *description);
/* Create an up-down counter of integers, a sum that also falls; as otel_counter_create(). */
OTEL_API otel_updown *otel_updown_create(otel_scope *scope, const char *name, const char *unit,
                                         const char *description);
/* Create an up-down counter of doubles; as otel_counter_create(). */
OTEL_API otel_updown_f64 *otel_updown_create_f64(otel_scope *scope, const char *name,
                                                 const char *unit, const char *description);
/* Create a gauge of integers, which keeps the last value; as otel_counter_create(). */
OTEL_API otel_gauge *otel_gauge_create(otel_scope *scope, const char *name, const char *unit,
                                       const char *description);
/* Create a gauge of doubles; as otel_counter_create(). */
OTEL_API otel_gauge_f64 *otel_gauge_create_f64(otel_scope *scope, const char *name,
                                               const char *unit, const char *description);
/* Create a histogram of integers; as otel_counter_create(). Options that are not valid are reported
 * and the default ones used; of two requests for one histogram the first one's options count. */
OTEL_API otel_histogram *otel_histogram_create(otel_scope *scope, const char *name,
                                               const char *unit, const char *description,
                                               const otel_histogram_options *options);
/* Create a histogram of doubles; as otel_histogram_create(). */
OTEL_API otel_histogram_f64 *otel_histogram_create_f64(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_histogram_options *options);

/* ---- metrics: recording ---- */

/* Add `value` to a counter for one attribute set.
 *
 *   counter  NULL is ignored
 *   value    in the instrument's unit, >= 0; a negative one is dropped (otel_stats: bad_values)
 *   attrs    borrowed; copied the first time the set is seen; at most 128 attributes count
 *
 * Threads  any thread.
 * Memory   a new set takes space of series_bytes; past max_series or that space it is counted in
 *          the series otel.metric.overflow=true, so that totals stay right.
 * Spec     metrics/api.md "Counter operations"; metrics/sdk.md "Cardinality limits". */
OTEL_API void otel_counter_add(otel_counter *counter, int64_t value, otel_attrs attrs);
/* Add a finite double >= 0; as otel_counter_add(). */
OTEL_API void otel_counter_add_f64(otel_counter_f64 *counter, double value, otel_attrs attrs);
/* Add a positive or negative integer; as otel_counter_add(). */
OTEL_API void otel_updown_add(otel_updown *updown, int64_t value, otel_attrs attrs);
/* Add a finite double; as otel_counter_add(). */
OTEL_API void otel_updown_add_f64(otel_updown_f64 *updown, double value, otel_attrs attrs);
/* Set the gauge of one attribute set; as otel_counter_add(). */
OTEL_API void otel_gauge_set(otel_gauge *gauge, int64_t value, otel_attrs attrs);
/* Set a finite double; as otel_counter_add(). */
OTEL_API void otel_gauge_set_f64(otel_gauge_f64 *gauge, double value, otel_attrs attrs);
/* Record an integer, negative ones too; as otel_counter_add(). An exponential histogram that is
 * widening its window may lose values of other threads at that moment (otel_stats: lost_values). */
OTEL_API void otel_histogram_record(otel_histogram *histogram, int64_t value, otel_attrs attrs);
/* Record a finite double; as otel_counter_add(). */
OTEL_API void otel_histogram_record_f64(otel_histogram_f64 *histogram, double value,
                                        otel_attrs attrs);

/* ---- metrics: is anybody interested ---- */

/* Whether recording into the counter has an effect now: false for NULL, thus for a dropped kind,
 * and for a closed SDK. For leaving out work that only makes a measurement; not to be kept. Any
 * thread. Spec: metrics/api.md "Enabled". */
OTEL_API bool otel_counter_enabled(const otel_counter *counter);
/* As otel_counter_enabled(). */
OTEL_API bool otel_counter_enabled_f64(const otel_counter_f64 *counter);
/* As otel_counter_enabled(). */
OTEL_API bool otel_updown_enabled(const otel_updown *updown);
/* As otel_counter_enabled(). */
OTEL_API bool otel_updown_enabled_f64(const otel_updown_f64 *updown);
/* As otel_counter_enabled(). */
OTEL_API bool otel_gauge_enabled(const otel_gauge *gauge);
/* As otel_counter_enabled(). */
OTEL_API bool otel_gauge_enabled_f64(const otel_gauge_f64 *gauge);
/* As otel_counter_enabled(). */
OTEL_API bool otel_histogram_enabled(const otel_histogram *histogram);
/* As otel_counter_enabled(). */
OTEL_API bool otel_histogram_enabled_f64(const otel_histogram_f64 *histogram);

/* ---- metrics: observable instruments ---- */

/* Asked for values once in each reading, before anything is read.
 *   observe  calls otel_observe() for what it knows; runs inside otel_poll(), otel_collect(),
 *            otel_read(), otel_flush(), otel_close() or the background thread, so it must not wait,
 *            and not call any of those. It may create instruments, record, and unregister
 *            callbacks. */
typedef struct otel_callback {
    void (*observe)(void *user, otel_observer *observer);
    void *user;
} otel_callback;

/* Create an observable counter of integers: a callback tells its sum so far, which only grows.
 *
 *   callback  copied; NULL when otel_callback_register() brings one
 *   the rest, result, threads and memory as otel_counter_create(), and one of max_callbacks
 *
 * Spec     metrics/api.md "Asynchronous Counter creation". */
OTEL_API otel_observable *otel_observable_counter_create(otel_scope *scope, const char *name,
                                                         const char *unit, const char *description,
                                                         const otel_callback *callback);
/* Create an observable counter of doubles; as otel_observable_counter_create(). */
OTEL_API otel_observable_f64 *otel_observable_counter_create_f64(otel_scope *scope,
                                                                 const char *name, const char *unit,
                                                                 const char          *description,
                                                                 const otel_callback *callback);
/* Create an observable sum that also falls; as otel_observable_counter_create(). */
OTEL_API otel_observable *otel_observable_updown_create(otel_scope *scope, const char *name,
                                                        const char *unit, const char *description,
                                                        const otel_callback *callback);
/* Create an observable sum of doubles; as otel_observable_counter_create(). */
OTEL_API otel_observable_f64 *otel_observable_updown_create_f64(otel_scope *scope, const char *name,
                                                                const char          *unit,
                                                                const char          *description,
                                                                const otel_callback *callback);
/* Create an observable gauge, a value of the moment; as otel_observable_counter_create(). */
OTEL_API otel_observable *otel_observable_gauge_create(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_callback *callback);
/* Create an observable gauge of doubles; as otel_observable_counter_create(). */
OTEL_API otel_observable_f64 *otel_observable_gauge_create_f64(otel_scope *scope, const char *name,
                                                               const char          *unit,
                                                               const char          *description,
                                                               const otel_callback *callback);

/* Tell a value for one attribute set. A second value for a set replaces the first; past max_series
 * the sums of all further sets are added up, of gauges the last one stays.
 *
 *   observer    as the callback got it; when no callback is running the call is ignored
 *   observable  NULL is ignored; any of the SDK's, so that one callback serves several
 *   value       absolute, not an increment; negative for a counter: dropped (bad_values)
 *   attrs       borrowed
 *
 * Threads  inside a callback.
 * Spec     metrics/api.md "Asynchronous Instrument API". */
OTEL_API void otel_observe(otel_observer *observer, otel_observable *observable, int64_t value,
                           otel_attrs attrs);
/* Tell a finite double; as otel_observe(). */
OTEL_API void otel_observe_f64(otel_observer *observer, otel_observable_f64 *observable,
                               double value, otel_attrs attrs);

/* Have a callback run in each reading, for any observables of the scope's SDK.
 *
 *   callback  copied
 * Returns  what otel_callback_unregister() takes; NULL when max_callbacks is used up (reported).
 * Threads  any thread, not a signal handler.
 * Spec     metrics/api.md "Asynchronous Instrument API": registering after creation. */
OTEL_API otel_registration *otel_callback_register(otel_scope          *scope,
                                                   const otel_callback *callback);

/* Stop running a callback. When the call returns it is not running, and its user data may go,
 * unless the call came from inside that callback. `registration` may not be used again.
 * Threads: any thread, not a signal handler; waits for a run that is under way. */
OTEL_API void otel_callback_unregister(otel_registration *registration);

#ifdef __cplusplus
}
#endif

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/api/bound.h ---- */
/* bound: instruments with their attributes resolved once: adding to one is one atomic add, in the
 * caller's own code where the processor can do it. A bound handle is a small value: copy it,
 * keep it in a struct, use it from any thread, signal handler or interrupt; a zeroed one is a
 * no-op. It belongs to one series for good: bound while the instrument is over its limit it
 * stays with the overflow series. In a forked child it goes on with the child's own series.
 * With OTEL_LITE_SHARDS=8 (2 to 64) a bound int64 counter has 8 cells, and a thread adds to one of
 * them: threads that share a counter do not slow each other down.
 * Called by user code; the other half is record/bound.h.
 * Spec: metrics/api.md "Bind" (development); requirements M-15, M-107. */

/* What is changed by atomic operations only. Private. */
typedef struct otel__a32 {
    uint32_t v;
} otel__a32;
typedef struct otel__a64 {
    uint64_t v;
} otel__a64;

#if !defined(OTEL_LITE_NO_METRICS)

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GCC_ATOMIC_LLONG_LOCK_FREE) && !defined(OTEL_LITE_SINGLE_THREADED)
#define OTEL__INLINE_CELLS (__GCC_ATOMIC_LLONG_LOCK_FREE == 2)
#else
#define OTEL__INLINE_CELLS 0
#endif

/* Needs 64-bit atomics and variables of a thread; without them the switch has no effect. */
#if defined(OTEL_LITE_SHARDS) && OTEL__INLINE_CELLS && !defined(OTEL_LITE_NO_THREADS) &&           \
    !defined(OTEL_LITE_DISABLE)
#define OTEL__SHARDS ((uint32_t)(OTEL_LITE_SHARDS))
#if defined(OTEL_LITE_STATIC)
#define OTEL__SHARD_API static OTEL__UNUSED
#else
#define OTEL__SHARD_API extern
#endif
#endif

/* The head of a series, private. */
struct otel__cell {
    otel__a64 number;  /* int64, or a double's bits                                    */
    otel__a32 touched; /* what the reading asks: 0 until there is a value              */
    otel__a32 next;    /* the instrument's next series                                 */
#if defined(OTEL__SHARDS)
    otel__a32 place; /* in each row, from 1; 0: none. See record/shards.h */
#endif
};

/* A counter with its attributes resolved. Its fields are private. */
typedef struct otel_bound_counter {
    otel_counter      *counter;
    struct otel__cell *cell;
    const otel__a32   *live;
#if defined(OTEL__SHARDS)
    uint8_t *shards; /* the thread's row further on is its cell; NULL: it has none */
#endif
} otel_bound_counter;

/* As otel_bound_counter. */
typedef struct otel_bound_counter_f64 {
    otel_counter_f64  *counter;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_counter_f64;

/* As otel_bound_counter. */
typedef struct otel_bound_updown {
    otel_updown       *updown;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_updown;

/* As otel_bound_counter. */
typedef struct otel_bound_updown_f64 {
    otel_updown_f64   *updown;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_updown_f64;

/* As otel_bound_counter. */
typedef struct otel_bound_gauge {
    otel_gauge        *gauge;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_gauge;

/* As otel_bound_counter. */
typedef struct otel_bound_gauge_f64 {
    otel_gauge_f64    *gauge;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_gauge_f64;

/* As otel_bound_counter. */
typedef struct otel_bound_histogram {
    otel_histogram    *histogram;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_histogram;

/* As otel_bound_counter. */
typedef struct otel_bound_histogram_f64 {
    otel_histogram_f64 *histogram;
    struct otel__cell  *cell;
    const otel__a32    *live;
} otel_bound_histogram_f64;

/* ---- bound: binding ---- */

/* Resolve the attributes of a counter once.
 *
 *   counter  NULL gives a zeroed handle
 *   attrs    borrowed; copied the first time the set is seen
 *
 * Returns  the handle; zeroed when nothing is recorded.
 * Threads  any thread.
 * Memory   as otel_counter_add() with these attributes, at once. The set has no point before the
 *          first value.
 * Spec     metrics/api.md "Bind". */
OTEL_API otel_bound_counter otel_counter_bind(otel_counter *counter, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_counter_f64 otel_counter_bind_f64(otel_counter_f64 *counter, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_updown otel_updown_bind(otel_updown *updown, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_updown_f64 otel_updown_bind_f64(otel_updown_f64 *updown, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_gauge otel_gauge_bind(otel_gauge *gauge, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_gauge_f64 otel_gauge_bind_f64(otel_gauge_f64 *gauge, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_histogram otel_histogram_bind(otel_histogram *histogram, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_histogram_f64 otel_histogram_bind_f64(otel_histogram_f64 *histogram,
                                                          otel_attrs          attrs);

/* Give a handle up: it is a no-op afterwards, copies of it are not. The set's memory and its values
 * stay with the instrument. */
#define OTEL_UNBIND(bound) ((bound).cell = NULL)

/* ---- bound: recording ---- */

#if !defined(OTEL_LITE_DISABLE)

/* The rest of what the calls below do. Private. */
OTEL_API void otel__bound_counter_add(otel_counter *counter, struct otel__cell *cell,
                                      int64_t value);
OTEL_API void otel__bound_counter_add_f64(otel_counter_f64 *counter, struct otel__cell *cell,
                                          double value);
OTEL_API void otel__bound_updown_add(otel_updown *updown, struct otel__cell *cell, int64_t value);
OTEL_API void otel__bound_updown_add_f64(otel_updown_f64 *updown, struct otel__cell *cell,
                                         double value);
OTEL_API void otel__bound_gauge_set(otel_gauge *gauge, struct otel__cell *cell, int64_t value);
OTEL_API void otel__bound_gauge_set_f64(otel_gauge_f64 *gauge, struct otel__cell *cell,
                                        double value);
OTEL_API void otel__bound_histogram_record(otel_histogram *histogram, struct otel__cell *cell,
                                           int64_t value);
OTEL_API void otel__bound_histogram_record_f64(otel_histogram_f64 *histogram,
                                               struct otel__cell *cell, double value);

/* Whether the number may be changed right here: the series has a value already, the SDK is open,
 * and this is not a child that has not settled yet (OTEL__LIVE_OPEN). */
#if OTEL__INLINE_CELLS
#define OTEL__BOUND_IS_WARM(bound)                                                                 \
    ((__atomic_load_n(&(bound).cell->touched.v, __ATOMIC_RELAXED) & 1u) != 0 &&                    \
     __atomic_load_n(&(bound).live->v, __ATOMIC_RELAXED) == 1u)
#define OTEL__BOUND_ADD(bound, value)                                                              \
    ((void)__atomic_fetch_add(&(bound).cell->number.v, (uint64_t)(value), __ATOMIC_RELAXED))
#define OTEL__BOUND_SET(bound, value)                                                              \
    (__atomic_store_n(&(bound).cell->number.v, (uint64_t)(value), __ATOMIC_RELAXED))
#else
#define OTEL__BOUND_IS_WARM(bound)    false
#define OTEL__BOUND_ADD(bound, value) ((void)0)
#define OTEL__BOUND_SET(bound, value) ((void)0)
#endif

#if defined(OTEL__SHARDS)
/* The thread's row, in bytes; 0: it has none yet. Private. */
OTEL__SHARD_API __thread otel__a32 otel__bound_row __attribute__((tls_model("initial-exec")));
/* Give the thread a row. Private. */
OTEL__SHARD_API uint32_t otel__bound_take_row(void);

/* The number to add to on this thread. Private. */
OTEL__INLINE uint64_t *otel__bound_number(otel_bound_counter bound)
{
    uint32_t row;

    if (bound.shards == NULL) {
        return &bound.cell->number.v;
    }
    row = __atomic_load_n(&otel__bound_row.v, __ATOMIC_RELAXED);
    return (uint64_t *)(void *)(bound.shards + (row != 0 ? row : otel__bound_take_row()));
}
#define OTEL__BOUND_COUNT(bound, value)                                                            \
    ((void)__atomic_fetch_add(otel__bound_number(bound), (uint64_t)(value), __ATOMIC_RELAXED))
#else
#define OTEL__BOUND_COUNT(bound, value) OTEL__BOUND_ADD(bound, value)
#endif

#endif

/* Add to a bound counter; as otel_counter_add() with the attributes it was bound with. */
OTEL__INLINE void otel_bound_counter_add(otel_bound_counter bound, int64_t value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL && value >= 0 && OTEL__BOUND_IS_WARM(bound)) {
        OTEL__BOUND_COUNT(bound, value);
        return;
    }
    if (bound.cell != NULL) {
        otel__bound_counter_add(bound.counter, bound.cell, value);
    }
#endif
}

/* A double; as otel_bound_counter_add(). */
OTEL__INLINE void otel_bound_counter_add_f64(otel_bound_counter_f64 bound, double value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_counter_add_f64(bound.counter, bound.cell, value);
    }
#endif
}

/* Add to a bound up-down counter; as otel_updown_add(). */
OTEL__INLINE void otel_bound_updown_add(otel_bound_updown bound, int64_t value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL && OTEL__BOUND_IS_WARM(bound)) {
        OTEL__BOUND_ADD(bound, value);
        return;
    }
    if (bound.cell != NULL) {
        otel__bound_updown_add(bound.updown, bound.cell, value);
    }
#endif
}

/* A double; as otel_bound_updown_add(). */
OTEL__INLINE void otel_bound_updown_add_f64(otel_bound_updown_f64 bound, double value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_updown_add_f64(bound.updown, bound.cell, value);
    }
#endif
}

/* Set a bound gauge; as otel_gauge_set(). */
OTEL__INLINE void otel_bound_gauge_set(otel_bound_gauge bound, int64_t value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL && OTEL__BOUND_IS_WARM(bound)) {
        OTEL__BOUND_SET(bound, value);
        return;
    }
    if (bound.cell != NULL) {
        otel__bound_gauge_set(bound.gauge, bound.cell, value);
    }
#endif
}

/* A double; as otel_bound_gauge_set(). */
OTEL__INLINE void otel_bound_gauge_set_f64(otel_bound_gauge_f64 bound, double value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_gauge_set_f64(bound.gauge, bound.cell, value);
    }
#endif
}

/* Record into a bound histogram; as otel_histogram_record(). */
OTEL__INLINE void otel_bound_histogram_record(otel_bound_histogram bound, int64_t value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_histogram_record(bound.histogram, bound.cell, value);
    }
#endif
}

/* A double; as otel_bound_histogram_record(). */
OTEL__INLINE void otel_bound_histogram_record_f64(otel_bound_histogram_f64 bound, double value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_histogram_record_f64(bound.histogram, bound.cell, value);
    }
#endif
}

#ifdef __cplusplus
}
#endif

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/api/views.h ---- */
/* views: what becomes of measurements on their way to a backend: views, exemplars, and a second
 * reader whose points a program looks at as C structs, in its tests or to show them itself.
 * Spec: metrics/sdk.md "View", "Exemplar", "MetricReader". */

#if !defined(OTEL_LITE_NO_METRICS)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- views: exemplars ---- */

/* A measurement on its way into a series. */
typedef struct otel_measurement {
    uint64_t     time_ns; /* Unix */
    bool         is_double;
    int64_t      i;       /* the value, of integer instruments     */
    double       d;       /* the value, of all                     */
    otel_attrs   attrs;   /* as they were recorded, before a view  */
    otel_context context; /* of the current span; zeroed when none */
} otel_measurement;

#define OTEL_EXEMPLAR_SKIP 0xffffffffu

/* A place for the exemplars of one series, and who chooses them, instead of the standard ones: the
 * last value of each bucket for explicit buckets, a fair sample for the rest.
 *   size   exemplars of one series, from 1 to 64
 *   offer  called while recording, for each measurement that passes the filter; returns which of
 *          the `size` places it takes, or OTEL_EXEMPLAR_SKIP. `seen` counts those before it since
 *          the last reading. Like recording it runs on any thread and in signal handlers: it must
 *          not wait and not record. */
typedef struct otel_exemplar_reservoir {
    uint32_t size;
    uint32_t (*offer)(void *user, const otel_measurement *measurement, uint32_t seen);
    void *user;
} otel_exemplar_reservoir;

/* ---- views ---- */

/* Instruments, and what becomes of their measurements. Each view that matches an instrument makes a
 * stream of it, with its own series and one of max_instruments; without one it has the stream that
 * its creation asked for. All that is set has to match; what is zero matches all, or changes
 * nothing. One that does not make sense for an instrument is ignored there, and reported.
 *   instrument_name   as created, in any case; * stands for any text, ? for one byte
 *   instrument_kinds  bits 1u << enum otel_instrument
 *   name              of the stream; may be any text
 *   keep              keys that stay, ended by NULL; the others are left out, and values whose
 *                     attributes are then equal become one series. With exemplars compiled in, what
 *                     is left out may still leave the program on them. At most 32 can stay, in
 *                     firmware 16; what is more counts as dropped
 *   exclude           keys that are left out, ended by NULL, after `keep`
 *   aggregation       enum otel_aggregation; bounds to no_min_max as in otel_histogram_options
 *   max_series        attribute sets, before the overflow series
 *   reservoir         NULL: the standard one */
typedef struct otel_view {
    const char *instrument_name;
    uint32_t    instrument_kinds;
    const char *instrument_unit;
    const char *scope_name;
    const char *scope_version;

    const char                    *name;
    const char                    *description;
    const char *const             *keep;
    const char *const             *exclude;
    uint32_t                       aggregation;
    const double                  *bounds;
    size_t                         n_bounds;
    uint32_t                       max_size;
    int32_t                        max_scale;
    bool                           no_min_max;
    uint32_t                       max_series;
    const otel_exemplar_reservoir *reservoir;
} otel_view;

/* ---- views: the second reader ---- */

/* A sampled measurement of a point. */
typedef struct otel_exemplar {
    uint64_t     time_ns; /* Unix */
    bool         is_double;
    int64_t      i;
    double       d;
    otel_context context; /* trace_id and span_id; zeroed when no span was current */
    otel_attrs   attrs;   /* those that a view left out */
} otel_exemplar;

/* Buckets of one sign of an exponential histogram: counts[i] is that of index offset + i. */
typedef struct otel_buckets {
    int32_t         offset;
    uint32_t        n;
    const uint64_t *counts;
} otel_buckets;

/* One point of a reading. Everything is borrowed for the call; texts of attributes have lengths and
 * no terminating NUL. Numbers are OTLP's. */
typedef struct otel_point {
    const char      *scope_name;
    const char      *scope_version;
    const char      *name; /* of the metric */
    const char      *unit;
    const char      *description;
    otel_instrument  kind;
    otel_aggregation aggregation; /* SUM, LAST_VALUE or one of the histograms       */
    otel_temporality temporality; /* DELTA or CUMULATIVE; DEFAULT for a last value  */
    bool             is_monotonic;
    bool             is_double; /* which of `i` and `d` was recorded; both are set  */
    uint64_t         start_ns;  /* Unix */
    uint64_t         time_ns;
    otel_attrs       attrs;
    /* sum, last value */
    int64_t i;
    double  d;
    /* histograms */
    uint64_t        count;
    bool            has_sum; /* not when it could fall: negative values, up-down counters, gauges */
    double          sum;
    bool            has_min_max;
    double          min;
    double          max;
    const double   *bounds; /* explicit */
    uint32_t        n_bounds;
    const uint64_t *buckets; /* n_bounds + 1 */
    int32_t         scale;   /* exponential */
    uint64_t        zero_count;
    otel_buckets    positive;
    otel_buckets    negative;
    /* compiled with OTEL_LITE_EXEMPLARS: at most 64; `attrs` and theirs are 128 at most */
    const otel_exemplar *exemplars;
    uint32_t             n_exemplars;
} otel_point;

/* Takes one point. Runs on the thread that reads; may record, must not poll, read, flush or close.
 * While it looks at an exponential histogram, recorders are held off from widening that series'
 * window: values may be lost (otel_stats: lost_values) when it takes its time. */
typedef void (*otel_point_fn)(void *user, const otel_point *point);

/* Read all metrics for the second reader (options.manual_reader), callbacks included, and look at
 * each point. What it reads is its own: other readings go on undisturbed, and each reader sees
 * every measurement once.
 *
 *   point       called for each point; NULL to let a delta reading pass
 *   timeout_ms  how long to wait for another thread that is inside the engine; 0 = one try;
 *               OTEL_NO_LIMIT is possible
 * Returns  OTEL_OK; OTEL_TIMEOUT (another thread stayed inside and nothing was read, or a histogram
 *          is a moment behind: the rest of its values comes with the next reading); OTEL_DISABLED;
 *          OTEL_INVALID without options.manual_reader.
 * Threads  as otel_flush().
 * Spec     metrics/sdk.md "MetricReader", "Collect". */
OTEL_API otel_status otel_read(otel_sdk *sdk, otel_point_fn point, void *user, uint32_t timeout_ms);

/* The attribute with that key, or NULL. Any thread. */
OTEL_API const otel_attr *otel_attrs_find(otel_attrs attrs, const char *key);

#ifdef __cplusplus
}
#endif

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/api/disabled.h ---- */
/* disabled: what the calls are when OTEL_LITE_DISABLE is defined: nothing, inlined even without
 * optimisation, so that no symbol and no code of the library remains in the program. The twins of
 * the declarations in api.h, signals.h, metrics.h and bound.h, in their order; a test compares
 * the two lists.
 * Spec: metrics/noop.md, logs/noop.md; trace/api.md "in the absence of an installed SDK". */

#if defined(OTEL_LITE_DISABLE)

OTEL_API otel_sdk *otel_open(const otel_options *options)
{
    if (options != NULL && options->status != NULL) {
        *options->status = OTEL_DISABLED;
    }
    return NULL;
}

OTEL_API size_t otel_memory_needed(const otel_options *options)
{
    (void)options;
    return 0;
}

OTEL_API uint32_t otel_poll(otel_sdk *sdk)
{
    (void)sdk;
    return UINT32_MAX;
}

OTEL_API otel_status otel_collect(otel_sdk *sdk, uint32_t timeout_ms)
{
    (void)sdk;
    (void)timeout_ms;
    return OTEL_DISABLED;
}

OTEL_API otel_status otel_flush(otel_sdk *sdk, uint32_t timeout_ms)
{
    (void)sdk;
    (void)timeout_ms;
    return OTEL_DISABLED;
}

OTEL_API otel_status otel_close(otel_sdk *sdk, uint32_t timeout_ms)
{
    (void)sdk;
    (void)timeout_ms;
    return OTEL_DISABLED;
}

OTEL_API void otel_release(otel_sdk *sdk) { (void)sdk; }

OTEL_API void otel_stats_get(otel_sdk *sdk, otel_stats *stats)
{
    (void)sdk;
    if (stats != NULL) {
        const otel_stats none = {
            { { 0, 0, 0, 0, 0, 0, { 0 } } }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        };
        *stats = none;
    }
}

OTEL_API uint32_t otel_queue_free(otel_sdk *sdk, otel_signal signal)
{
    (void)sdk;
    (void)signal;
    return 0;
}

OTEL_API const char *otel_status_text(otel_status status)
{
    (void)status;
    return "telemetry is compiled out";
}

OTEL_API const char *otel_drop_text(otel_drop reason)
{
    (void)reason;
    return "telemetry is compiled out";
}

OTEL_API void otel_transport_complete(otel_request *request, otel_transport_result result)
{
    (void)request;
    (void)result;
}

OTEL_API otel_transport_result otel_transport_http(otel_request *request, int http_status,
                                                   const char *retry_after, const void *body,
                                                   size_t length)
{
    (void)request;
    (void)http_status;
    (void)retry_after;
    (void)body;
    (void)length;
    return OTEL_TRANSPORT_REFUSED;
}

OTEL_API otel_scope *otel_scope_get(otel_sdk *sdk, const char *name, const char *version)
{
    (void)sdk;
    (void)name;
    (void)version;
    return NULL;
}

#if !defined(OTEL_LITE_FREESTANDING)
OTEL_API size_t otel_poll_fds(otel_sdk *sdk, struct pollfd *fds, size_t capacity)
{
    (void)sdk;
    (void)fds;
    (void)capacity;
    return 0;
}
#endif

OTEL_API size_t otel_traceparent_write(char *to, otel_context context)
{
    (void)context;
    if (to != NULL) {
        to[0] = '\0';
    }
    return 0;
}

OTEL_API bool otel_traceparent_read(const char *text, size_t length, otel_context *context)
{
    const otel_context none = { { 0 }, { 0 }, 0, 0 };
    (void)text;
    (void)length;
    if (context != NULL) {
        *context = none;
    }
    return false;
}

#if !defined(OTEL_LITE_NO_TRACES)

OTEL_API otel_span otel_span_start(otel_scope *scope, const char *name,
                                   const otel_span_options *options)
{
    otel_span span = { NULL, 0, { { 0 }, { 0 }, 0, 0 } };
    (void)scope;
    (void)name;
    if (options != NULL && options->parent != NULL) {
        span.context = *options->parent; /* a caller's context goes on: trace/api.md */
    }
    return span;
}

OTEL_API void otel_span_set(otel_span span, otel_attrs attrs)
{
    (void)span;
    (void)attrs;
}

OTEL_API void otel_span_add_event(otel_span span, const char *name, otel_attrs attrs)
{
    (void)span;
    (void)name;
    (void)attrs;
}

OTEL_API void otel_span_set_status(otel_span span, otel_status_code code, const char *message)
{
    (void)span;
    (void)code;
    (void)message;
}

OTEL_API void otel_span_end(otel_span span) { (void)span; }

OTEL_API bool otel_span_is_recording(otel_span span)
{
    (void)span;
    return false;
}

OTEL_API otel_context otel_span_context(otel_span span) { return span.context; }

OTEL_API otel_context otel_span_attach(otel_span span) { return span.context; }

OTEL_API void otel_span_detach(otel_context previous) { (void)previous; }

#endif

#if !defined(OTEL_LITE_NO_LOGS)

OTEL_API void otel_log(otel_scope *scope, otel_severity severity, const char *body,
                       otel_attrs attrs)
{
    (void)scope;
    (void)severity;
    (void)body;
    (void)attrs;
}

OTEL_API void otel_log_emit(otel_scope *scope, const otel_log_record *record)
{
    (void)scope;
    (void)record;
}

#endif

#if !defined(OTEL_LITE_NO_METRICS)

OTEL_API otel_counter *otel_counter_create(otel_scope *scope, const char *name, const char *unit,
                                           const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_counter_f64 *otel_counter_create_f64(otel_scope *scope, const char *name,
                                                   const char *unit, const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_updown *otel_updown_create(otel_scope *scope, const char *name, const char *unit,
                                         const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_updown_f64 *otel_updown_create_f64(otel_scope *scope, const char *name,
                                                 const char *unit, const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_gauge *otel_gauge_create(otel_scope *scope, const char *name, const char *unit,
                                       const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_gauge_f64 *otel_gauge_create_f64(otel_scope *scope, const char *name,
                                               const char *unit, const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_histogram *otel_histogram_create(otel_scope *scope, const char *name,
                                               const char *unit, const char *description,
                                               const otel_histogram_options *options)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)options;
    return NULL;
}

OTEL_API otel_histogram_f64 *otel_histogram_create_f64(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_histogram_options *options)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)options;
    return NULL;
}

OTEL_API void otel_counter_add(otel_counter *counter, int64_t value, otel_attrs attrs)
{
    (void)counter;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_counter_add_f64(otel_counter_f64 *counter, double value, otel_attrs attrs)
{
    (void)counter;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_updown_add(otel_updown *updown, int64_t value, otel_attrs attrs)
{
    (void)updown;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_updown_add_f64(otel_updown_f64 *updown, double value, otel_attrs attrs)
{
    (void)updown;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_gauge_set(otel_gauge *gauge, int64_t value, otel_attrs attrs)
{
    (void)gauge;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_gauge_set_f64(otel_gauge_f64 *gauge, double value, otel_attrs attrs)
{
    (void)gauge;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_histogram_record(otel_histogram *histogram, int64_t value, otel_attrs attrs)
{
    (void)histogram;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_histogram_record_f64(otel_histogram_f64 *histogram, double value,
                                        otel_attrs attrs)
{
    (void)histogram;
    (void)value;
    (void)attrs;
}

OTEL_API bool otel_counter_enabled(const otel_counter *counter)
{
    (void)counter;
    return false;
}

OTEL_API bool otel_counter_enabled_f64(const otel_counter_f64 *counter)
{
    (void)counter;
    return false;
}

OTEL_API bool otel_updown_enabled(const otel_updown *updown)
{
    (void)updown;
    return false;
}

OTEL_API bool otel_updown_enabled_f64(const otel_updown_f64 *updown)
{
    (void)updown;
    return false;
}

OTEL_API bool otel_gauge_enabled(const otel_gauge *gauge)
{
    (void)gauge;
    return false;
}

OTEL_API bool otel_gauge_enabled_f64(const otel_gauge_f64 *gauge)
{
    (void)gauge;
    return false;
}

OTEL_API bool otel_histogram_enabled(const otel_histogram *histogram)
{
    (void)histogram;
    return false;
}

OTEL_API bool otel_histogram_enabled_f64(const otel_histogram_f64 *histogram)
{
    (void)histogram;
    return false;
}

OTEL_API otel_observable *otel_observable_counter_create(otel_scope *scope, const char *name,
                                                         const char *unit, const char *description,
                                                         const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable_f64 *otel_observable_counter_create_f64(otel_scope *scope,
                                                                 const char *name, const char *unit,
                                                                 const char          *description,
                                                                 const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable *otel_observable_updown_create(otel_scope *scope, const char *name,
                                                        const char *unit, const char *description,
                                                        const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable_f64 *otel_observable_updown_create_f64(otel_scope *scope, const char *name,
                                                                const char          *unit,
                                                                const char          *description,
                                                                const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable *otel_observable_gauge_create(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable_f64 *otel_observable_gauge_create_f64(otel_scope *scope, const char *name,
                                                               const char          *unit,
                                                               const char          *description,
                                                               const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API void otel_observe(otel_observer *observer, otel_observable *observable, int64_t value,
                           otel_attrs attrs)
{
    (void)observer;
    (void)observable;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_observe_f64(otel_observer *observer, otel_observable_f64 *observable,
                               double value, otel_attrs attrs)
{
    (void)observer;
    (void)observable;
    (void)value;
    (void)attrs;
}

OTEL_API otel_registration *otel_callback_register(otel_scope *scope, const otel_callback *callback)
{
    (void)scope;
    (void)callback;
    return NULL;
}

OTEL_API void otel_callback_unregister(otel_registration *registration) { (void)registration; }

OTEL_API otel_bound_counter otel_counter_bind(otel_counter *counter, otel_attrs attrs)
{
    const otel_bound_counter none = { NULL, NULL, NULL };
    (void)counter;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_counter_f64 otel_counter_bind_f64(otel_counter_f64 *counter, otel_attrs attrs)
{
    const otel_bound_counter_f64 none = { NULL, NULL, NULL };
    (void)counter;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_updown otel_updown_bind(otel_updown *updown, otel_attrs attrs)
{
    const otel_bound_updown none = { NULL, NULL, NULL };
    (void)updown;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_updown_f64 otel_updown_bind_f64(otel_updown_f64 *updown, otel_attrs attrs)
{
    const otel_bound_updown_f64 none = { NULL, NULL, NULL };
    (void)updown;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_gauge otel_gauge_bind(otel_gauge *gauge, otel_attrs attrs)
{
    const otel_bound_gauge none = { NULL, NULL, NULL };
    (void)gauge;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_gauge_f64 otel_gauge_bind_f64(otel_gauge_f64 *gauge, otel_attrs attrs)
{
    const otel_bound_gauge_f64 none = { NULL, NULL, NULL };
    (void)gauge;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_histogram otel_histogram_bind(otel_histogram *histogram, otel_attrs attrs)
{
    const otel_bound_histogram none = { NULL, NULL, NULL };
    (void)histogram;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_histogram_f64 otel_histogram_bind_f64(otel_histogram_f64 *histogram,
                                                          otel_attrs          attrs)
{
    const otel_bound_histogram_f64 none = { NULL, NULL, NULL };
    (void)histogram;
    (void)attrs;
    return none;
}

OTEL_API otel_status otel_read(otel_sdk *sdk, otel_point_fn point, void *user, uint32_t timeout_ms)
{
    (void)sdk;
    (void)point;
    (void)user;
    (void)timeout_ms;
    return OTEL_DISABLED;
}

OTEL_API const otel_attr *otel_attrs_find(otel_attrs attrs, const char *key)
{
    (void)attrs;
    (void)key;
    return NULL;
}

#endif

#endif /* OTEL_LITE_DISABLE */

#endif /* OTEL_LITE_H */

#if defined(OTEL_LITE_IMPLEMENTATION) && !defined(OTEL__IMPLEMENTED) && !defined(OTEL_LITE_DISABLE)
#define OTEL__IMPLEMENTED

/* ---- src/core/platform.h ---- */
/* platform: atomics, clock, entropy, critical section, thread-local storage, threads, host facts.
 * Everything that differs between a Cortex-M0 and a Linux server, each piece replaceable by a macro
 * the user defines first. Called by every part below; of those only send/net.h and sdk/ may touch
 * the system by themselves. Recording uses nothing from here that makes a system call.
 * Invariants: otel__a32 is atomic everywhere, in signal handlers and interrupts too; otel__a64 is
 * made atomic by the critical section where the processor cannot do it. */

#include <string.h>

#if !defined(OTEL_LITE_FREESTANDING)
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#if !defined(CLOCK_MONOTONIC) || !defined(O_CLOEXEC) ||                                            \
    (defined(__linux__) && !defined(MADV_NORMAL))
#error                                                                                             \
    "otel_lite: include otel_lite.h before any system header in the implementing file, or compile \
it with -D_GNU_SOURCE"
#endif
#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/random.h>
#endif
#if !defined(OTEL_LITE_NO_THREADS)
#include <pthread.h>
#include <signal.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#endif
#if !defined(OTEL_LITE_NO_MALLOC)
#include <stdlib.h>
#endif
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
#define OTEL__STATIC_ASSERT(cond, name) static_assert(cond, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define OTEL__STATIC_ASSERT(cond, name) _Static_assert(cond, #name)
#else
#define OTEL__STATIC_ASSERT(cond, name)                                                            \
    typedef char otel__assert_##name[(cond) ? 1 : -1] OTEL__UNUSED
#endif

#if defined(__GNUC__) || defined(__clang__)
#define OTEL__LIKELY(x)   __builtin_expect(!!(x), 1)
#define OTEL__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define OTEL__COLD        __attribute__((noinline, cold, unused))
#define OTEL__NOINLINE    __attribute__((noinline, unused))
#define OTEL__MUST_USE    __attribute__((warn_unused_result))
#else
#define OTEL__LIKELY(x)   (x)
#define OTEL__UNLIKELY(x) (x)
#define OTEL__COLD
#define OTEL__NOINLINE
#define OTEL__MUST_USE
#endif

/* A private function that a reduced build may not call. */
#define OTEL__FN static OTEL__UNUSED

/* A piece of a recording call: inlined for speed, shared where size was asked for (-Os). */
#if defined(__OPTIMIZE_SIZE__)
#define OTEL__HOT OTEL__FN
#else
#define OTEL__HOT OTEL__INLINE
#endif

OTEL__STATIC_ASSERT(sizeof(double) == 8, double_is_ieee_binary64);

/* ---- critical section: where the processor lacks an atomic operation ---- */

#if defined(OTEL_LITE_SINGLE_THREADED)
#define OTEL__ATOMIC_32                 0
#define OTEL__ATOMIC_64                 0
#define OTEL_LITE_CRITICAL_ENTER()      0u
#define OTEL_LITE_CRITICAL_LEAVE(state) ((void)(state))
#elif defined(__GCC_ATOMIC_INT_LOCK_FREE) && __GCC_ATOMIC_INT_LOCK_FREE == 2
#define OTEL__ATOMIC_32 1
#if __GCC_ATOMIC_LLONG_LOCK_FREE == 2 || !defined(OTEL_LITE_FREESTANDING)
#define OTEL__ATOMIC_64 1
#else
#define OTEL__ATOMIC_64 0
#endif
#else
#define OTEL__ATOMIC_32 0
#define OTEL__ATOMIC_64 0
#endif

#if (!OTEL__ATOMIC_32 || !OTEL__ATOMIC_64) && !defined(OTEL_LITE_CRITICAL_ENTER)
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
OTEL__INLINE uint32_t otel__platform_mask(void)
{
    uint32_t state;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(state) : : "memory");
    return state;
}
OTEL__INLINE void otel__platform_unmask(uint32_t state)
{
    __asm__ volatile("msr primask, %0" : : "r"(state) : "memory");
}
#define OTEL_LITE_CRITICAL_ENTER()      otel__platform_mask()
#define OTEL_LITE_CRITICAL_LEAVE(state) otel__platform_unmask(state)
#else
#error                                                                                             \
    "otel_lite: this target lacks atomics: define OTEL_LITE_CRITICAL_ENTER() (masks interrupts, \
returns the old state) and OTEL_LITE_CRITICAL_LEAVE(state), or OTEL_LITE_SINGLE_THREADED"
#endif
#endif

/* ---- atomics: one set of primitives, named by what they order ---- */

/* One instruction or a few; where it takes a loop or a critical section, size asks for sharing. */
#if defined(__OPTIMIZE_SIZE__) && !defined(__x86_64__) && !defined(__i386__)
#define OTEL__ATOMIC OTEL__FN
#else
#define OTEL__ATOMIC OTEL__INLINE
#endif

typedef struct otel__aptr {
    void *v;
} otel__aptr;

#if defined(__GNUC__) || defined(__clang__)
#define OTEL__COMPILER_FENCE() __asm__ volatile("" : : : "memory")
#else
#define OTEL__COMPILER_FENCE() ((void)0)
#endif

#if OTEL__ATOMIC_32
/* With one core only the compiler has to keep the order: an interrupt sees what the processor
 * did. */
#if defined(OTEL_LITE_SINGLE_CORE)
#define OTEL__ORDER(order)  __ATOMIC_RELAXED
#define OTEL__ORDER_FENCE() OTEL__COMPILER_FENCE()
#else
#define OTEL__ORDER(order)  __ATOMIC_##order
#define OTEL__ORDER_FENCE() ((void)0)
#endif

OTEL__INLINE uint32_t otel__a32_load(const otel__a32 *a)
{
    const uint32_t v = __atomic_load_n(&a->v, OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return v;
}
OTEL__INLINE uint32_t otel__a32_peek(const otel__a32 *a)
{
    return __atomic_load_n(&a->v, __ATOMIC_RELAXED);
}
OTEL__INLINE void otel__a32_store(otel__a32 *a, uint32_t v)
{
    OTEL__ORDER_FENCE();
    __atomic_store_n(&a->v, v, OTEL__ORDER(RELEASE));
}
OTEL__INLINE void otel__a32_put(otel__a32 *a, uint32_t v)
{
    __atomic_store_n(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC uint32_t otel__a32_add(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_fetch_add(&a->v, v, OTEL__ORDER(ACQ_REL));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC uint32_t otel__a32_count(otel__a32 *a, uint32_t v)
{
    return __atomic_fetch_add(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC uint32_t otel__a32_and(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_fetch_and(&a->v, v, OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC uint32_t otel__a32_or(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_fetch_or(&a->v, v, OTEL__ORDER(RELEASE));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC uint32_t otel__a32_xor(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_fetch_xor(&a->v, v, OTEL__ORDER(ACQ_REL));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC uint32_t otel__a32_swap(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_exchange_n(&a->v, v, OTEL__ORDER(ACQ_REL));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC bool otel__a32_cas(otel__a32 *a, uint32_t *expected, uint32_t v)
{
    bool done;
    OTEL__ORDER_FENCE();
    done = __atomic_compare_exchange_n(&a->v, expected, v, false, OTEL__ORDER(ACQ_REL),
                                       OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return done;
}
OTEL__INLINE void *otel__aptr_load(const otel__aptr *a)
{
    void *v = __atomic_load_n(&a->v, OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return v;
}
OTEL__INLINE void otel__aptr_store(otel__aptr *a, void *v)
{
    OTEL__ORDER_FENCE();
    __atomic_store_n(&a->v, v, OTEL__ORDER(RELEASE));
}
OTEL__ATOMIC bool otel__aptr_cas(otel__aptr *a, void **expected, void *v)
{
    bool done;
    OTEL__ORDER_FENCE();
    done = __atomic_compare_exchange_n(&a->v, expected, v, false, OTEL__ORDER(ACQ_REL),
                                       OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return done;
}
#else /* aligned 32-bit loads and stores are whole; everything else is masked */
#define OTEL__MASKED_32(name, expression)                                                          \
    OTEL__ATOMIC uint32_t name(otel__a32 *a, uint32_t v)                                           \
    {                                                                                              \
        const uint32_t state = OTEL_LITE_CRITICAL_ENTER();                                         \
        const uint32_t old = *(volatile uint32_t *)&a->v;                                          \
        *(volatile uint32_t *)&a->v = (expression);                                                \
        OTEL_LITE_CRITICAL_LEAVE(state);                                                           \
        return old;                                                                                \
    }
OTEL__MASKED_32(otel__a32_add, old + v)
OTEL__MASKED_32(otel__a32_count, old + v)
OTEL__MASKED_32(otel__a32_and, old &v)
OTEL__MASKED_32(otel__a32_or, old | v)
OTEL__MASKED_32(otel__a32_xor, old ^ v)
OTEL__MASKED_32(otel__a32_swap, v)
OTEL__INLINE uint32_t otel__a32_load(const otel__a32 *a)
{
    const uint32_t v = *(const volatile uint32_t *)&a->v;
    OTEL__COMPILER_FENCE();
    return v;
}
OTEL__INLINE uint32_t otel__a32_peek(const otel__a32 *a)
{
    return *(const volatile uint32_t *)&a->v;
}
OTEL__INLINE void otel__a32_store(otel__a32 *a, uint32_t v)
{
    OTEL__COMPILER_FENCE();
    *(volatile uint32_t *)&a->v = v;
}
OTEL__INLINE void otel__a32_put(otel__a32 *a, uint32_t v) { *(volatile uint32_t *)&a->v = v; }
OTEL__ATOMIC bool otel__a32_cas(otel__a32 *a, uint32_t *expected, uint32_t v)
{
    const uint32_t state = OTEL_LITE_CRITICAL_ENTER();
    const uint32_t old = *(volatile uint32_t *)&a->v;
    const bool     same = old == *expected;
    if (same) {
        *(volatile uint32_t *)&a->v = v;
    }
    OTEL_LITE_CRITICAL_LEAVE(state);
    *expected = old;
    return same;
}
OTEL__INLINE void *otel__aptr_load(const otel__aptr *a)
{
    void *v = *(void *const volatile *)&a->v;
    OTEL__COMPILER_FENCE();
    return v;
}
OTEL__INLINE void otel__aptr_store(otel__aptr *a, void *v)
{
    OTEL__COMPILER_FENCE();
    *(void *volatile *)&a->v = v;
}
OTEL__ATOMIC bool otel__aptr_cas(otel__aptr *a, void **expected, void *v)
{
    const uint32_t state = OTEL_LITE_CRITICAL_ENTER();
    void          *old = *(void *volatile *)&a->v;
    const bool     same = old == *expected;
    if (same) {
        *(void *volatile *)&a->v = v;
    }
    OTEL_LITE_CRITICAL_LEAVE(state);
    *expected = old;
    return same;
}
#endif

#if OTEL__ATOMIC_64
OTEL__ATOMIC uint64_t otel__a64_peek(const otel__a64 *a)
{
    return __atomic_load_n(&a->v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC void otel__a64_put(otel__a64 *a, uint64_t v)
{
    __atomic_store_n(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC uint64_t otel__a64_count(otel__a64 *a, uint64_t v)
{
    return __atomic_fetch_add(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC uint64_t otel__a64_swap(otel__a64 *a, uint64_t v)
{
    return __atomic_exchange_n(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC bool otel__a64_cas(otel__a64 *a, uint64_t *expected, uint64_t v)
{
    return __atomic_compare_exchange_n(&a->v, expected, v, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}
#else
/* A call is shorter than a critical section. */
#if defined(__OPTIMIZE_SIZE__)
#define OTEL__MASKED OTEL__FN OTEL__NOINLINE
#else
#define OTEL__MASKED OTEL__ATOMIC
#endif
OTEL__MASKED uint64_t otel__a64_peek(const otel__a64 *a)
{
    const uint32_t state = OTEL_LITE_CRITICAL_ENTER();
    const uint64_t v = *(const volatile uint64_t *)&a->v;
    OTEL_LITE_CRITICAL_LEAVE(state);
    return v;
}
#define OTEL__MASKED_64(name, expression)                                                          \
    OTEL__MASKED uint64_t name(otel__a64 *a, uint64_t v)                                           \
    {                                                                                              \
        const uint32_t state = OTEL_LITE_CRITICAL_ENTER();                                         \
        const uint64_t old = *(volatile uint64_t *)&a->v;                                          \
        *(volatile uint64_t *)&a->v = (expression);                                                \
        OTEL_LITE_CRITICAL_LEAVE(state);                                                           \
        return old;                                                                                \
    }
OTEL__MASKED_64(otel__a64_count, old + v)
OTEL__MASKED_64(otel__a64_swap, v)
OTEL__MASKED void otel__a64_put(otel__a64 *a, uint64_t v) { (void)otel__a64_swap(a, v); }
OTEL__MASKED bool otel__a64_cas(otel__a64 *a, uint64_t *expected, uint64_t v)
{
    const uint32_t state = OTEL_LITE_CRITICAL_ENTER();
    const uint64_t old = *(volatile uint64_t *)&a->v;
    const bool     same = old == *expected;
    if (same) {
        *(volatile uint64_t *)&a->v = v;
    }
    OTEL_LITE_CRITICAL_LEAVE(state);
    *expected = old;
    return same;
}
#endif

/* Add to a counter that has one writer and any readers: no read-modify-write needed. */
OTEL__ATOMIC void otel__a64_bump(otel__a64 *a, uint64_t v)
{
    otel__a64_put(a, otel__a64_peek(a) + v);
}

/* ---- bits ---- */

/* The index of the lowest set bit; v != 0. */
OTEL__INLINE uint32_t otel__platform_lowest_bit(uint32_t v)
{
#if defined(__GNUC__) || defined(__clang__)
    return (uint32_t)__builtin_ctz(v);
#else
    uint32_t n = 0;
    while ((v & 1u) == 0) {
        v >>= 1;
        n++;
    }
    return n;
#endif
}

OTEL__INLINE uint64_t otel__platform_double_bits(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

OTEL__INLINE double otel__platform_bits_double(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* Whether a < b, neither of them NaN. A processor without doubles compares the bits, which are in
 * order but for the sign, instead of calling a routine. */
#if defined(__arm__) && !(defined(__ARM_FP) && (__ARM_FP & 8) != 0)
OTEL__FN OTEL__NOINLINE bool otel__platform_less(double a, double b)
{
    uint64_t x = otel__platform_double_bits(a);
    uint64_t y = otel__platform_double_bits(b);
    x = (x >> 63) != 0 ? (UINT64_C(1) << 63) - x : x; /* -0.0 is 0 */
    y = (y >> 63) != 0 ? (UINT64_C(1) << 63) - y : y;
    return (int64_t)x < (int64_t)y;
}
#else
OTEL__INLINE bool otel__platform_less(double a, double b) { return a < b; }
#endif

/* Finite, decided on the bits: -ffast-math must not remove the test. */
OTEL__INLINE bool otel__platform_is_finite(double d)
{
    return ((otel__platform_double_bits(d) >> 52) & 0x7ffu) != 0x7ffu;
}

/* ---- thread-local storage ---- */

#if defined(OTEL_LITE_NO_THREADS) || defined(OTEL_LITE_SINGLE_THREADED)
#define OTEL__TLS static
#elif defined(__GNUC__) || defined(__clang__)
/* initial-exec: reaching it from a signal handler must not allocate */
#define OTEL__TLS static __thread __attribute__((tls_model("initial-exec")))
#else
#define OTEL__TLS static _Thread_local
#endif

/* ---- clock and entropy ---- */

#if !defined(OTEL_LITE_FREESTANDING)
OTEL__FN uint64_t otel__platform_clock(clockid_t id)
{
    struct timespec t;
    t.tv_sec = 0;
    t.tv_nsec = 0;
    (void)clock_gettime(id, &t); /* cannot fail for the clocks used here */
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
#endif

#if !defined(OTEL_LITE_MONOTONIC_NS)
#if defined(OTEL_LITE_FREESTANDING)
#error "otel_lite: firmware has no clock of its own: define OTEL_LITE_MONOTONIC_NS() as uint64_t \
nanoseconds since start, and OTEL_LITE_UNIX_NS() as nanoseconds since 1970"
#endif
#define OTEL_LITE_MONOTONIC_NS() otel__platform_clock(CLOCK_MONOTONIC)
#endif
#if !defined(OTEL_LITE_UNIX_NS)
#if defined(OTEL_LITE_FREESTANDING)
#error "otel_lite: firmware has no wall clock of its own: define OTEL_LITE_UNIX_NS() as uint64_t \
nanoseconds since 1970"
#endif
#define OTEL_LITE_UNIX_NS() otel__platform_clock(CLOCK_REALTIME)
#endif

OTEL__INLINE uint64_t otel__mono_ns(void) { return OTEL_LITE_MONOTONIC_NS(); }

OTEL__INLINE uint64_t otel__unix_ns(void) { return OTEL_LITE_UNIX_NS(); }

#if !defined(OTEL_LITE_ENTROPY)
#if defined(OTEL_LITE_FREESTANDING)
#error                                                                                             \
    "otel_lite: define OTEL_LITE_ENTROPY(buffer, bytes): fills it with random bytes, returns true; \
a device without a generator mixes its serial number and a boot counter"
#endif
OTEL__FN bool otel__platform_entropy(void *buffer, size_t n)
{
    uint8_t *p = (uint8_t *)buffer;
    int      fd;
#if defined(__linux__)
    if (getrandom(p, n, 0) == (ssize_t)n) { /* n <= 256: never short, see getrandom(2) */
        return true;
    }
#endif
    fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && n > 0) {
        const ssize_t got = read(fd, p, n);
        if (got <= 0) {
            break;
        }
        p += got;
        n -= (size_t)got;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return n == 0;
}
#define OTEL_LITE_ENTROPY(buffer, bytes) otel__platform_entropy(buffer, bytes)
#endif

/* ---- waiting: only flush, close and the background thread do ---- */

/* Wait up to `ms` for one of `n` descriptors. A test with a clock of its own moves it here. */
#if !defined(OTEL_LITE_WAIT)
#if defined(OTEL_LITE_FREESTANDING)
#define OTEL_LITE_WAIT(fds, n, ms) ((void)(ms)) /* firmware: the flush loop is the wait */
#else
#define OTEL_LITE_WAIT(fds, n, ms) ((void)poll(fds, (nfds_t)(n), (int)(ms)))
#endif
#endif

/* ---- noticing fork without a system call ---- */

#if defined(__linux__) && !defined(OTEL_LITE_FREESTANDING) && !defined(OTEL_LITE_NO_FORK) &&       \
    !defined(OTEL_LITE_ATFORK)
#define OTEL__FORK_PAGE 4096u /* the word lives in a page of its own */
#if !defined(MADV_WIPEONFORK)
#define MADV_WIPEONFORK 18 /* Linux 4.14 */
#endif
/* A page whose bytes read as zero in a forked child, or NULL. Never given back while the SDK
 * lives. */
OTEL__FN otel__a32 *otel__platform_fork_page(void)
{
    void *page =
        mmap(NULL, OTEL__FORK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (madvise(page, OTEL__FORK_PAGE, MADV_WIPEONFORK) != 0) {
        (void)munmap(page, OTEL__FORK_PAGE);
        return NULL;
    }
    return (otel__a32 *)page;
}
OTEL__FN void otel__platform_fork_page_free(otel__a32 *page)
{
    if (page != NULL) {
        (void)munmap(page, OTEL__FORK_PAGE);
    }
}
#endif

/* ---- src/core/bytes.h ---- */
/* bytes: copying bytes, with the C library's functions or, in firmware that is built for size
 * (-Os), without: a Cortex-M4's memcpy and memmove take 560 bytes. For lengths that the compiler
 * does not know; a few bytes it copies itself. */

#if defined(OTEL_LITE_FREESTANDING) && defined(__OPTIMIZE_SIZE__)

/* Copy n bytes, first to last. The fence keeps the compiler from calling memcpy() after all. */
OTEL__FN OTEL__NOINLINE void otel__bytes_copy(void *to, const void *from, size_t n)
{
    uint8_t       *p = (uint8_t *)to;
    const uint8_t *q = (const uint8_t *)from;

    while (n-- > 0) {
        *p++ = *q++;
        OTEL__COMPILER_FENCE();
    }
}

/* Copy to a lower address; the two may overlap. */
OTEL__INLINE void otel__bytes_move_down(void *to, const void *from, size_t n)
{
    otel__bytes_copy(to, from, n);
}

#else

/* Copy n bytes that do not overlap. */
OTEL__INLINE void otel__bytes_copy(void *to, const void *from, size_t n) { memcpy(to, from, n); }

/* Copy to a lower address; the two may overlap. */
OTEL__INLINE void otel__bytes_move_down(void *to, const void *from, size_t n)
{
    memmove(to, from, n);
}

#endif

/* ---- src/core/diag.h ---- */
/* diag: telling the user what went wrong, and counting what was lost.
 * The sink calls the user's function with one bounded line; parts above the engine never call it
 * from a recording call, they count and the engine tells once. Counters are relaxed atomics: exact
 * at rest. Spec: error-handling.md "Configuring Error Handlers". */

#define OTEL__DIAG_LINE 192 /* bytes of the longest line, NUL included; longer ones are cut */
#define OTEL__DIAG_NAME 72  /* bytes of a name before a reason, which is to be read, too     */

typedef struct otel__diag_sink {
    otel_diagnostic_fn fn; /* NULL: nobody listens                                */
    void              *user;
    otel__a32          busy; /* 1 while the user's function runs: never recursive */
} otel__diag_sink;

#if defined(OTEL_LITE_NO_DIAGNOSTICS)
/* Nothing is evaluated, so that no text is linked. */
#define otel__diag(sink, severity, a, b, c)                                                        \
    ((void)sizeof(sink), (void)sizeof(severity), (void)sizeof(a), (void)sizeof(b), (void)sizeof(c))
#else
/* Append a text up to `end`. */
#if defined(OTEL_LITE_NO_DIAGNOSTICS)

/* Nobody is told anything: the texts are not even compiled in. */
#define otel__diag(sink, severity, a, b, c)                                                        \
    ((void)(sink), (void)(severity), (void)sizeof(a), (void)sizeof(b), (void)sizeof(c))

#else

OTEL__FN size_t otel__diag_append(char *line, size_t n, const char *text, size_t end)
{
    while (text != NULL && *text != '\0' && n < end) {
        const char c = *text++;
        line[n++] = (c >= 0x20 && c < 0x7f) ? c : '?'; /* a backend's text may hold anything */
    }
    return n;
}

/* Tell the user: the line is a, b and c joined; each may be NULL. Never pass a secret. */
OTEL__FN OTEL__COLD void otel__diag(otel__diag_sink *sink, otel_severity severity, const char *a,
                                    const char *b, const char *c)
{
    char   line[OTEL__DIAG_LINE];
    size_t end = OTEL__DIAG_LINE - 1u;
    size_t n = 0;

    if (sink == NULL || sink->fn == NULL || otel__a32_swap(&sink->busy, 1) != 0) {
        return;
    }
    n = otel__diag_append(line, n, a, OTEL__DIAG_LINE - 1u);
    end = c != NULL && n + OTEL__DIAG_NAME < end ? n + OTEL__DIAG_NAME : end;
    n = otel__diag_append(line, n, b, end);
    n = otel__diag_append(line, n, c, OTEL__DIAG_LINE - 1u);
    line[n] = '\0';
    sink->fn(sink->user, severity, line);
    otel__a32_store(&sink->busy, 0);
}

#endif
#endif

/* What a recording call could not keep, by reason. One per SDK. */
typedef struct otel__losses {
    otel__a64 dropped[OTEL_SIGNAL_COUNT][OTEL_DROP_COUNT]; /* before the queue */
    otel__a32 attributes;
    otel__a32 events;
    otel__a32 bad_values;
    otel__a32 busy_handles;
    otel__a32 lost_values;
} otel__losses;

OTEL__INLINE void otel__losses_drop(otel__losses *l, otel_signal signal, otel_drop reason)
{
    (void)otel__a64_count(&l->dropped[signal][reason], 1u);
}

/* ---- src/core/arena.h ---- */
/* arena: the one block of memory, carved once by otel_open() and never grown.
 * A measuring arena (base NULL) takes the same path and only counts, so that otel_memory_needed()
 * and otel_open() cannot disagree. `used` may pass `size`: otel__arena_fits() is asked once at the
 * end, nothing is stored past the block before that. Single thread. */

#define OTEL__ARENA_ALIGN 16u /* every piece begins on such a boundary of the block */

typedef struct otel__arena {
    uint8_t *base; /* NULL to measure                          */
    size_t   size; /* bytes at base                            */
    size_t   used; /* bytes needed so far; sticks at SIZE_MAX  */
} otel__arena;

OTEL__FN otel__arena otel__arena_make(void *base, size_t size)
{
    otel__arena a;
    a.base = (uint8_t *)base;
    a.size = base != NULL ? size : 0;
    a.used = 0;
    return a;
}

OTEL__FN bool otel__arena_fits(const otel__arena *a)
{
    return a->base != NULL && a->used <= a->size;
}

/* Take `count` items of `size` bytes, aligned, not cleared.
 * Returns NULL when measuring, when the block is used up, or when the product overflows. */
OTEL__FN void *otel__arena_take(otel__arena *a, size_t count, size_t size)
{
    const size_t start = a->used;
    const size_t room = SIZE_MAX - (OTEL__ARENA_ALIGN - 1u);

    if (start == SIZE_MAX || (size != 0 && count > room / size) || count * size > room - start) {
        a->used = SIZE_MAX;
        return NULL;
    }
    a->used =
        start + ((count * size + (OTEL__ARENA_ALIGN - 1u)) & ~(size_t)(OTEL__ARENA_ALIGN - 1u));
    return otel__arena_fits(a) ? a->base + start : NULL;
}

/* ---- src/core/ring.h ---- */
/* ring: the lock-free queue of byte records between recording calls and the engine.
 * Any number of producers (threads, signal handlers, interrupts), one consumer (the engine, behind
 * its busy flag). A record is a header of two 32-bit words and its bytes, padded to 8; it never
 * wraps: what does not fit before the end starts at the beginning, behind a padding record.
 * Invariants: bytes outside [tail, head) are zero; a header goes empty -> reserved (with its
 * length) -> committed and is then only read; the consumer stops at the first header that is
 * neither committed nor padding; it clears before it moves `tail`. A full ring refuses, it never
 * overwrites. */

#define OTEL__RING_HEADER   8u
#define OTEL__RING_LENGTH   0xfffffu /* 20 bits of word 0: payload bytes      */
#define OTEL__RING_RESERVED (1u << 30)
#define OTEL__RING_COMMITED (2u << 30)
#define OTEL__RING_PADDING  (3u << 30)
#define OTEL__RING_KIND     (3u << 30)

#define OTEL__RING_MIN 64u        /* smallest capacity, bytes */
#define OTEL__RING_MAX (1u << 30) /* largest capacity, bytes  */

/* Where producers stand. On targets with a 64-bit compare-and-swap the number of records ever put
 * rides in the same word as the position: one atomic step moves both, the limit in records is
 * exact, and a producer that sleeps while exactly 2^32 bytes pass cannot overrun. Elsewhere two
 * words. */
typedef struct otel__ring_head {
    uint32_t position;
    uint32_t count;
} otel__ring_head;

/* Keeps what producers write, what the consumer writes and what is only read in different cache
 * lines: for every record two processors would take a shared one from each other. */
#if defined(OTEL_LITE_FREESTANDING) || defined(OTEL_LITE_NO_THREADS)
#define OTEL__RING_APART(name)
#else
#define OTEL__RING_APART(name) uint8_t name[64];
#endif

typedef struct otel__ring {
    OTEL__RING_APART(apart_before)
    /* producers, atomic */
#if OTEL__ATOMIC_64
    otel__a64 head; /* count << 32 | position */
#else
    otel__a32 head;
    otel__a32 count;
#endif
    OTEL__RING_APART(apart_after)
    /* consumer, read by producers */
    otel__a32 tail;  /* position */
    otel__a32 taken; /* records ever released, modulo 2^32 */
    /* fixed */
    uint8_t *bytes;
    uint32_t capacity;    /* bytes, a power of two           */
    uint32_t max_records; /* records held at once, at most   */
} otel__ring;

typedef enum otel__ring_result {
    OTEL__RING_OK,
    OTEL__RING_FULL_RECORDS,
    OTEL__RING_FULL_BYTES,
    OTEL__RING_TOO_LARGE
} otel__ring_result;

/* A record being written: `data` has room for the bytes asked for. */
typedef struct otel__ring_slot {
    uint8_t *data;
    uint32_t queued; /* records in the ring, this one included */
    uint32_t bytes;  /* bytes in the ring, this one included   */
    uint32_t length; /* of the payload                         */
} otel__ring_slot;

/* The largest power of two <= n that is a legal capacity. */
OTEL__FN uint32_t otel__ring_capacity(uint32_t n)
{
    uint32_t capacity = OTEL__RING_MIN;
    while (capacity <= n / 2 && capacity < OTEL__RING_MAX) {
        capacity *= 2;
    }
    return capacity;
}

/* `bytes`: `capacity` bytes, all zero, 8-aligned; `start`: first position, a multiple of 8. */
OTEL__FN void otel__ring_init(otel__ring *r, uint8_t *bytes, uint32_t capacity,
                              uint32_t max_records, uint32_t start)
{
#if OTEL__ATOMIC_64
    otel__a64_put(&r->head, start);
#else
    otel__a32_put(&r->head, start);
    otel__a32_put(&r->count, 0);
#endif
    otel__a32_put(&r->tail, start);
    otel__a32_put(&r->taken, 0);
    r->bytes = bytes;
    r->capacity = capacity;
    r->max_records = max_records;
}

OTEL__INLINE otel__ring_head otel__ring_head_load(const otel__ring *r)
{
    otel__ring_head head;
#if OTEL__ATOMIC_64
    const uint64_t both = otel__a64_peek(&r->head);
    head.position = (uint32_t)both;
    head.count = (uint32_t)(both >> 32);
#else
    head.position = otel__a32_peek(&r->head);
    head.count = otel__a32_peek(&r->count);
#endif
    return head;
}

OTEL__HOT bool otel__ring_head_move(otel__ring *r, otel__ring_head from, uint32_t to)
{
#if OTEL__ATOMIC_64
    uint64_t       expected = ((uint64_t)from.count << 32) | from.position;
    const uint64_t wanted = ((uint64_t)(from.count + 1u) << 32) | to;
    return otel__a64_cas(&r->head, &expected, wanted);
#else
    uint32_t expected = from.position;
    if (!otel__a32_cas(&r->head, &expected, to)) {
        return false;
    }
    (void)otel__a32_count(&r->count, 1u);
    return true;
#endif
}

OTEL__HOT otel__a32 *otel__ring_word(otel__ring *r, uint32_t position)
{
    return (otel__a32 *)(void *)(r->bytes + (position & (r->capacity - 1u)));
}

/* Bytes of a record with its header. */
OTEL__HOT uint32_t otel__ring_size(uint32_t length)
{
    return OTEL__RING_HEADER + ((length + 7u) & ~7u);
}

/* The largest payload this ring takes: a record is at most half of it. */
OTEL__FN uint32_t otel__ring_largest(const otel__ring *r)
{
    const uint32_t half = r->capacity / 2u - OTEL__RING_HEADER;
    return half < OTEL__RING_LENGTH ? half : (OTEL__RING_LENGTH & ~7u);
}

OTEL__HOT uint32_t otel__ring_padding(const otel__ring *r, uint32_t position, uint32_t size)
{
    const uint32_t room = r->capacity - (position & (r->capacity - 1u));
    return room < size ? room : 0u;
}

/* Whether the ring is at `head` still. Only then does what was computed from it say that it is
 * full: a head that others have moved on looks fuller than the ring is. */
OTEL__HOT bool otel__ring_is_at(const otel__ring *r, otel__ring_head head)
{
    const otel__ring_head now = otel__ring_head_load(r);
    return now.position == head.position && now.count == head.count;
}

/* Reserve a record of `length` bytes; write them, then otel__ring_commit(). Lock-free: it goes
 * round only when another put succeeded meanwhile. The tail is read after the head. */
OTEL__HOT OTEL__MUST_USE otel__ring_result otel__ring_reserve(otel__ring *r, uint32_t length,
                                                              otel__ring_slot *slot)
{
    const uint32_t  size = otel__ring_size(length);
    otel__ring_head head;
    uint32_t        padding;
    uint32_t        queued;
    uint32_t        used;

    if (OTEL__UNLIKELY(length > otel__ring_largest(r))) {
        return OTEL__RING_TOO_LARGE;
    }
    for (;;) {
        head = otel__ring_head_load(r);
        const uint32_t tail = otel__a32_load(&r->tail);
        queued = head.count - otel__a32_peek(&r->taken);
        padding = otel__ring_padding(r, head.position, size);
        used = head.position + padding + size - tail;
        if (OTEL__UNLIKELY(queued >= r->max_records || used > r->capacity)) {
            if (otel__ring_is_at(r, head)) {
                return queued >= r->max_records ? OTEL__RING_FULL_RECORDS : OTEL__RING_FULL_BYTES;
            }
        } else if (OTEL__LIKELY(otel__ring_head_move(r, head, head.position + padding + size))) {
            break;
        }
    }
    otel__a32_put(otel__ring_word(r, head.position + padding), OTEL__RING_RESERVED | length);
    if (padding > 0) {
        otel__a32_store(otel__ring_word(r, head.position),
                        OTEL__RING_PADDING | (padding - OTEL__RING_HEADER));
    }
    OTEL__COMPILER_FENCE(); /* a signal handler or a crash sees the length before any byte */
    slot->data = (uint8_t *)otel__ring_word(r, head.position + padding) + OTEL__RING_HEADER;
    slot->queued = queued + 1u;
    slot->bytes = used;
    slot->length = length;
    return OTEL__RING_OK;
}

/* Hand the record to the consumer. */
OTEL__HOT void otel__ring_commit(const otel__ring_slot *slot)
{
    otel__a32 *word = (otel__a32 *)(void *)(slot->data - OTEL__RING_HEADER);
    otel__a32_store(word, OTEL__RING_COMMITED | slot->length);
}

/* ---- consumer ---- */

/* A cursor walks ahead of the tail: what was read stays in the ring until it is released. */
typedef struct otel__ring_cursor {
    uint32_t position;
    uint32_t records; /* read since the tail */
} otel__ring_cursor;

OTEL__FN otel__ring_cursor otel__ring_begin(const otel__ring *r)
{
    otel__ring_cursor c;
    c.position = otel__a32_peek(&r->tail);
    c.records = 0;
    return c;
}

/* Read the next committed record; returns false when there is none (yet). */
OTEL__FN bool otel__ring_next(otel__ring *r, otel__ring_cursor *c, const uint8_t **data,
                              uint32_t *length)
{
    for (;;) {
        /* the whole ring may be committed: then the word here is the tail's own record again */
        if (c->position - otel__a32_peek(&r->tail) >= r->capacity) {
            return false;
        }
        otel__a32     *word = otel__ring_word(r, c->position);
        const uint32_t header = otel__a32_load(word);
        const uint32_t n = header & OTEL__RING_LENGTH;

        if ((header & OTEL__RING_KIND) == OTEL__RING_PADDING) {
            c->position += otel__ring_size(n);
            continue;
        }
        if ((header & OTEL__RING_KIND) != OTEL__RING_COMMITED) {
            return false;
        }
        *data = (const uint8_t *)word + OTEL__RING_HEADER;
        *length = n;
        c->position += otel__ring_size(n);
        c->records++;
        return true;
    }
}

/* Give everything before the cursor back: cleared, then the tail moves. */
OTEL__FN void otel__ring_release(otel__ring *r, const otel__ring_cursor *c)
{
    const uint32_t tail = otel__a32_peek(&r->tail);
    const uint32_t n = c->position - tail;
    const uint32_t at = tail & (r->capacity - 1u);
    const uint32_t first = n <= r->capacity - at ? n : r->capacity - at;

    memset(r->bytes + at, 0, first);
    memset(r->bytes, 0, n - first);
    otel__a32_put(&r->taken, otel__a32_peek(&r->taken) + c->records);
    otel__a32_store(&r->tail, c->position);
}

/* Records put and not yet released: a record being written counts. */
OTEL__FN uint32_t otel__ring_queued(const otel__ring *r)
{
    const uint32_t taken = otel__a32_peek(&r->taken);
    const uint32_t n = otel__ring_head_load(r).count - taken;
    return n <= r->max_records ? n : r->max_records;
}

/* Bytes between tail and head, headers and padding included. */
OTEL__FN uint32_t otel__ring_bytes(const otel__ring *r)
{
    const uint32_t tail = otel__a32_load(&r->tail);
    return otel__ring_head_load(r).position - tail;
}

/* Empty the ring of a process that has no other user (a forked child, before it records). */
OTEL__FN void otel__ring_reset(otel__ring *r)
{
    memset(r->bytes, 0, r->capacity);
    otel__ring_init(r, r->bytes, r->capacity, r->max_records, 0);
}

/* ---- src/core/pool.h ---- */
/* pool: equal chunks of memory handed out in runs, by a bitmap of 32-bit words (bit set = free).
 * A run is 1 to 32 neighbours inside one word, so that one compare-and-swap takes it: no free list,
 * hence no ABA, and a double give-back shows. Used by live spans that outgrow their slot.
 * Lock-free; any thread, signal handler, interrupt. */

#define OTEL__POOL_RUN   32u /* chunks of the longest run              */
#define OTEL__POOL_NONE  0xffffu
#define OTEL__POOL_LIMIT 0xfff0u /* chunks at most: an index is 16 bits    */

typedef struct otel__pool {
    otel__a32 *free; /* one bit a chunk */
    uint8_t   *bytes;
    uint32_t   n;    /* chunks          */
    uint32_t   size; /* bytes of one    */
} otel__pool;

OTEL__INLINE uint32_t otel__pool_mask(uint32_t run)
{
    return run >= 32u ? 0xffffffffu : (1u << run) - 1u;
}

/* Carve the pool; every chunk is free. */
OTEL__FN void otel__pool_init(otel__pool *p, otel__arena *a, uint32_t n, uint32_t size)
{
    uint32_t w;

    p->n = n < OTEL__POOL_LIMIT ? n : OTEL__POOL_LIMIT;
    p->size = size;
    p->free = (otel__a32 *)otel__arena_take(a, (p->n + 31u) / 32u, sizeof *p->free);
    p->bytes = (uint8_t *)otel__arena_take(a, p->n, size);
    for (w = 0; otel__arena_fits(a) && w * 32u < p->n; w++) {
        const uint32_t left = p->n - w * 32u;
        otel__a32_put(&p->free[w], otel__pool_mask(left < 32u ? left : 32u));
    }
}

/* The lowest bit at which `run` set bits begin, or 32. Halving folds the word onto itself. */
OTEL__FN uint32_t otel__pool_find(uint32_t word, uint32_t run)
{
    uint32_t have = 1;
    while (have < run && word != 0) {
        const uint32_t step = have < run - have ? have : run - have;
        word &= word >> step;
        have += step;
    }
    return word != 0 ? otel__platform_lowest_bit(word) : 32u;
}

/* Take `run` neighbouring chunks. Returns the first one's index or OTEL__POOL_NONE. */
OTEL__FN uint32_t otel__pool_take(otel__pool *p, uint32_t run)
{
    uint32_t w;

    for (w = 0; run > 0 && run <= OTEL__POOL_RUN && w * 32u < p->n; w++) {
        uint32_t word = otel__a32_peek(&p->free[w]);
        uint32_t bit = otel__pool_find(word, run);
        while (bit < 32u) {
            if (otel__a32_cas(&p->free[w], &word, word & ~(otel__pool_mask(run) << bit))) {
                return w * 32u + bit;
            }
            bit = otel__pool_find(word, run);
        }
    }
    return OTEL__POOL_NONE;
}

OTEL__FN void otel__pool_give(otel__pool *p, uint32_t first, uint32_t run)
{
    (void)otel__a32_or(&p->free[first / 32u], otel__pool_mask(run) << (first % 32u));
}

OTEL__INLINE uint8_t *otel__pool_at(const otel__pool *p, uint32_t index)
{
    return p->bytes + (size_t)index * p->size;
}

/* Chunks that are free now. */
OTEL__FN uint32_t otel__pool_free_count(const otel__pool *p)
{
    uint32_t total = 0;
    uint32_t w;
    for (w = 0; w * 32u < p->n; w++) {
        uint32_t word = otel__a32_peek(&p->free[w]);
        for (; word != 0; word &= word - 1u) {
            total++;
        }
    }
    return total;
}

/* ---- src/core/text.h ---- */
/* text: UTF-8, numbers and small comparisons over bytes, without locale and without the C library.
 * Used by every part that reads or writes text: attributes, environment, HTTP.
 *
 * A text is a pointer and a length, never NUL-terminated by contract; NULL goes with length 0.
 * Nothing here allocates, fails halfway or reads past the length given. Where a destination may be
 * too small its size is a parameter; the other writers have a fixed or measured need, which their
 * comments state.
 * Spec: RFC 3629 and Unicode 15 section 3.9 (UTF-8), RFC 3986 section 2.1 (percent-encoding). */

/* Bytes that somebody else owns. */
typedef struct otel__text {
    const char *s;
    size_t      n;
} otel__text;

/* ---- text: spans ---- */

OTEL__FN otel__text otel__text_make(const char *s, size_t n)
{
    otel__text t;

    t.s = s;
    t.n = n;
    return t;
}

/* strlen(); in firmware without the C library's, which takes 220 bytes on a Cortex-M4. */
OTEL__FN size_t otel__text_length(const char *s)
{
#if defined(OTEL_LITE_FREESTANDING)
    size_t n = 0;

    while (*(const volatile char *)(s + n) != '\0') { /* volatile: or it becomes a strlen() */
        n++;
    }
    return n;
#else
    return strlen(s);
#endif
}

/* A C string as a text; NULL gives the empty one. */
OTEL__FN otel__text otel__text_of(const char *s)
{
    return otel__text_make(s, s != NULL ? otel__text_length(s) : 0);
}

static bool otel__text_is_blank(char c) { return c == ' ' || c == '\t'; }

/* Without the spaces and tabs at both ends. */
OTEL__FN otel__text otel__text_trim(otel__text t)
{
    while (t.n > 0 && otel__text_is_blank(t.s[0])) {
        t.s++;
        t.n--;
    }
    while (t.n > 0 && otel__text_is_blank(t.s[t.n - 1])) {
        t.n--;
    }
    return t;
}

/* Where `c` first stands in `t`, or t.n. */
static size_t otel__text_find(otel__text t, char c)
{
    size_t i = 0;

    while (i < t.n && t.s[i] != c) {
        i++;
    }
    return i;
}

/* Cut the piece before the first `separator` off the front of `rest`; without one, all of it.
 * Returns false when nothing was left. "a,,b," gives a, an empty piece, b. */
OTEL__FN bool otel__text_next(otel__text *rest, char separator, otel__text *piece)
{
    size_t at;

    if (rest->n == 0) {
        return false;
    }
    at = otel__text_find(*rest, separator);
    *piece = otel__text_make(rest->s, at);
    at += at < rest->n ? 1u : 0u; /* the separator goes too */
    rest->s += at;
    rest->n -= at;
    return true;
}

/* The n-th of a list of C strings, each behind the other's NUL: a table that takes no pointers, and
 * that the linker drops with its only user. */
OTEL__FN const char *otel__text_nth(const char *list, size_t n)
{
    for (; n > 0; n--) {
        list += otel__text_length(list) + 1;
    }
    return list;
}

/* Whether two C strings are the same. */
OTEL__FN OTEL__NOINLINE bool otel__text_same(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return *a == *b;
}

static char otel__text_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

/* Whether two texts are the same when ASCII letters of either case are the same. */
OTEL__FN bool otel__text_same_nocase(otel__text a, otel__text b)
{
    size_t i = 0;

    while (i < a.n && i < b.n && otel__text_lower(a.s[i]) == otel__text_lower(b.s[i])) {
        i++;
    }
    return i == a.n && i == b.n;
}

/* The same for a C string. */
OTEL__FN bool otel__text_is_nocase(otel__text t, const char *other)
{
    return otel__text_same_nocase(t, otel__text_of(other));
}

/* ---- text: bounded writing ---- */

/* A buffer that text is added to. What does not fit whole is not stored, and nothing after it is:
 * `len` counts on past `cap`, so one look at otel__text_fits() at the end is enough. */
typedef struct otel__text_buf {
    char  *s;   /* the destination, the caller's                        */
    size_t cap; /* bytes at s                                           */
    size_t len; /* bytes stored while <= cap, else needed; sticks at max */
} otel__text_buf;

static bool otel__text_fits(const otel__text_buf *b) { return b->len <= b->cap; }

OTEL__FN void otel__text_add(otel__text_buf *b, otel__text t)
{
    if (t.n > 0 && otel__text_fits(b) && t.n <= b->cap - b->len) {
        otel__bytes_copy(b->s + b->len, t.s, t.n);
    }
    b->len = t.n <= SIZE_MAX - b->len ? b->len + t.n : SIZE_MAX;
}

OTEL__FN void otel__text_add_c(otel__text_buf *b, const char *s)
{
    otel__text_add(b, otel__text_of(s));
}

/* ---- text: UTF-8 ---- */

/* The number of ASCII bytes at the front of `s`, looked at eight at a time; may stop early, but
 * not when another eight of them follow. */
OTEL__FN size_t otel__text_ascii_run(const char *s, size_t n)
{
    size_t i = 0;

    while (n - i >= sizeof(uint64_t)) {
        uint64_t eight;

        memcpy(&eight, s + i, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        i += sizeof eight;
    }
    return i;
}

#if defined(OTEL_LITE_NO_UTF8_REPAIR)

/* Text is taken to be UTF-8 as it is. */
OTEL__INLINE bool otel__text_utf8_valid(const char *s, size_t n)
{
    (void)s;
    (void)n;
    return true;
}

OTEL__INLINE size_t otel__text_utf8_step(const char *s, size_t n, bool *ok)
{
    (void)s;
    (void)n;
    *ok = true;
    return 1;
}

OTEL__INLINE size_t otel__text_utf8_repair(char *dst, const char *src, size_t n)
{
    if (dst != NULL) {
        otel__bytes_copy(dst, src, n);
    }
    return n;
}

#else

/* Measure the sequence at `s`, where n > 0 bytes can be read. Returns its length, 1 to 4, and
 * tells in `ok` whether it is well formed; if not, the length is that of its longest beginning
 * that could have become a character, at least 1 ("maximal subpart", Unicode 3.9, D93b). */
static size_t otel__text_utf8_step(const char *s, size_t n, bool *ok)
{
    const uint8_t lead = (uint8_t)s[0];
    uint8_t low = 0x80, high = 0xbf; /* of the second byte */
    size_t want = lead < 0xe0u ? 2u : lead < 0xf0u ? 3u : 4u, i;

    *ok = lead < 0x80u;
    if (lead < 0xc2u || lead > 0xf4u) { /* ASCII, a stray continuation, or no lead byte at all */
        return 1;
    }
    if (lead == 0xe0u || lead == 0xf0u) {
        low = lead == 0xe0u ? 0xa0 : 0x90; /* lower ones are overlong */
    } else if (lead == 0xedu || lead == 0xf4u) {
        high = lead == 0xedu ? 0x9f : 0x8f; /* higher ones are surrogates, or above U+10FFFF */
    }
    for (i = 1; i < want; i++) {
        if (i >= n || (uint8_t)s[i] < low || (uint8_t)s[i] > high) {
            return i;
        }
        low = 0x80;
        high = 0xbf;
    }
    *ok = true;
    return want;
}

/* Whether all n bytes are well-formed UTF-8. NUL is a character like any other. */
OTEL__FN bool otel__text_utf8_valid(const char *s, size_t n)
{
    size_t i = 0;
    bool ok = true;

    while (i < n && ok) {
#if !defined(__OPTIMIZE_SIZE__)
        i += otel__text_ascii_run(s + i, n - i);
#endif
        if (i < n) {
            i += otel__text_utf8_step(s + i, n - i, &ok);
        }
    }
    return ok;
}

/* Copy n bytes, each ill-formed sequence replaced by U+FFFD.
 *   dst  room for the length that a call with NULL returns, at most 3 * n; must not overlap src
 * Returns the length of the repaired text, which sticks at SIZE_MAX. */
OTEL__FN size_t otel__text_utf8_repair(char *dst, const char *src, size_t n)
{
    size_t i = 0, len = 0;

    while (i < n) {
        bool ok;
        const size_t step = otel__text_utf8_step(src + i, n - i, &ok);
        const size_t put = ok ? step : 3u;

        if (dst != NULL) {
            otel__bytes_copy(dst + len, ok ? src + i : "\xef\xbf\xbd", put);
        }
        len = put <= SIZE_MAX - len ? len + put : SIZE_MAX;
        i += step;
    }
    return len;
}

#endif

/* The length of the longest beginning of at most `max` bytes that ends between two characters.
 * In text that is not UTF-8 the result is still within `max`, and within 3 bytes of it. */
OTEL__FN size_t otel__text_utf8_cut(const char *s, size_t n, size_t max)
{
    size_t cut = max;

    if (n <= max) {
        return n;
    }
    while (cut > 0 && max - cut < 3 && ((uint8_t)s[cut] & 0xc0u) == 0x80u) {
        cut--;
    }
    return cut;
}

/* ---- text: numbers ---- */

/* Read a decimal number: digits only, all of the text, no sign, at most UINT64_MAX.
 * `out` is untouched when it returns false. */
OTEL__FN bool otel__text_parse_u64(const char *s, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    size_t   i;

    for (i = 0; i < n; i++) {
        const unsigned digit = (unsigned)(uint8_t)s[i] - '0';

        if (digit > 9 || v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit) {
            return false;
        }
        v = v * 10 + digit;
    }
    if (n > 0) {
        *out = v;
    }
    return n > 0;
}

#define OTEL__TEXT_U64_MAX 20 /* digits of UINT64_MAX, 18446744073709551615 */

/* Write v in decimal to dst, which has room for OTEL__TEXT_U64_MAX bytes; no NUL is added.
 * Returns the number of digits. */
OTEL__FN size_t otel__text_put_u64(char *dst, uint64_t v)
{
    char   digits[OTEL__TEXT_U64_MAX];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + (char)(v % 10));
        v /= 10;
    } while (v > 0);
    otel__bytes_copy(dst, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

/* Write n bytes in lowercase hexadecimal to dst, which has room for 2 * n; no NUL is added.
 * Returns 2 * n. */
OTEL__FN size_t otel__text_put_hex(char *dst, const uint8_t *src, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        dst[2 * i] = "0123456789abcdef"[src[i] >> 4];
        dst[2 * i + 1] = "0123456789abcdef"[src[i] & 0x0fu];
    }
    return 2 * n;
}

/* Add v in decimal. */
OTEL__FN void otel__text_add_u64(otel__text_buf *b, uint64_t v)
{
    char digits[OTEL__TEXT_U64_MAX];

    otel__text_add(b, otel__text_make(digits, otel__text_put_u64(digits, v)));
}

/* The value of a hexadecimal digit of either case, or 16. */
static unsigned otel__text_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    c = otel__text_lower(c);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10u : 16u;
}

/* Decode percent-encoded text into dst, which has room for `cap` bytes. '+' stays itself.
 * Returns false, with *length undefined, when an escape is not % and two hexadecimal digits or the
 * result does not fit; otherwise *length is the number of bytes written, at most t.n. */
OTEL__FN bool otel__text_percent_decode(otel__text t, char *dst, size_t cap, size_t *length)
{
    size_t i = 0, len = 0;

    while (i < t.n) {
        char   c = t.s[i];
        size_t used = 1;

        if (c == '%') {
            const bool     whole = t.n - i >= 3;
            const unsigned high = whole ? otel__text_hex_digit(t.s[i + 1]) : 16u;
            const unsigned low = whole ? otel__text_hex_digit(t.s[i + 2]) : 16u;

            if (high > 15 || low > 15) {
                return false;
            }
            c = (char)(uint8_t)(high * 16 + low);
            used = 3;
        }
        if (len == cap) {
            return false;
        }
        dst[len++] = c;
        i += used;
    }
    *length = len;
    return true;
}

/* ---- src/wire/proto.h ---- */
/* proto: protobuf, written once or only measured, and read within bounds.
 * The writer knows no message; the reader trusts nothing: every length is checked against the bytes
 * that are there, varints are at most ten bytes, groups are refused. Pure: no state, no system.
 * Spec: protobuf encoding guide; requirements P-01, P-05, P-06, P-10. */

/* ---- out: bytes written once, or only counted ---- */

/* Output cursor. One path measures and writes: with buf == NULL nothing is stored. len counts the
 * bytes needed and may pass cap; from then on nothing is stored, so that one otel__out_fits() at
 * the end replaces a check after every call. */
typedef struct otel__out {
    uint8_t *buf; /* destination, NULL to measure             */
    size_t   cap; /* bytes at buf                             */
    size_t   len; /* bytes needed so far; sticks at SIZE_MAX  */
} otel__out;

OTEL__FN otel__out otel__out_make(void *buf, size_t cap)
{
    otel__out o;
    o.buf = (uint8_t *)buf;
    o.cap = buf != NULL ? cap : 0;
    o.len = 0;
    return o;
}

OTEL__FN bool otel__out_fits(const otel__out *o) { return o->buf != NULL && o->len <= o->cap; }

OTEL__FN void otel__out_put(otel__out *o, const void *src, size_t n)
{
    if (n > 0 && otel__out_fits(o) && n <= o->cap - o->len) {
        otel__bytes_copy(o->buf + o->len, src, n);
    }
    o->len = n <= SIZE_MAX - o->len ? o->len + n : SIZE_MAX;
}

OTEL__FN void otel__out_byte(otel__out *o, uint8_t byte) { otel__out_put(o, &byte, 1); }

/* ---- writing ---- */

#define OTEL__VARINT_MAX 10 /* ceil(64 / 7) groups of seven bits */
OTEL__STATIC_ASSERT(OTEL__VARINT_MAX * 7 >= 64, varint_holds_a_u64);

enum { /* wire types */
       OTEL__PB_VARINT = 0,
       OTEL__PB_FIXED64 = 1,
       OTEL__PB_LEN = 2,
       OTEL__PB_FIXED32 = 5
};

/* Tag of a field whose number is below 16: one byte. */
#define OTEL__PB_TAG(number, wire) ((uint8_t)(((number) << 3) | (wire)))

OTEL__FN size_t otel__pb_varint_size(uint64_t v)
{
    size_t n = 1;
    while (v >= 0x80u) {
        v >>= 7;
        n++;
    }
    return n;
}

/* Store v at p, least significant group first; returns the byte behind it. p has room for ten. */
OTEL__FN uint8_t *otel__pb_store_varint(uint8_t *p, uint64_t v)
{
    while (v >= 0x80u) {
        *p++ = (uint8_t)((v & 0x7fu) | 0x80u);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

/* Store v in exactly `width` bytes, padded with empty groups: a length filled in afterwards. */
OTEL__FN void otel__pb_store_padded(uint8_t *p, uint32_t v, size_t width)
{
    size_t i;
    for (i = 0; i + 1 < width; i++) {
        p[i] = (uint8_t)((v & 0x7fu) | 0x80u);
        v >>= 7;
    }
    p[i] = (uint8_t)(v & 0x7fu);
}

OTEL__INLINE void otel__pb_store_le64(uint8_t *p, uint64_t v)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(p, &v, 8);
#else
    int i;
    for (i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
#endif
}

OTEL__INLINE uint64_t otel__pb_load_le64(const uint8_t *p)
{
    uint64_t v = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(&v, p, 8);
#else
    int i;
    for (i = 0; i < 8; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
#endif
    return v;
}

OTEL__INLINE void otel__pb_store_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* Append v as a base-128 varint. Negative int64 fields are passed as (uint64_t)v: ten bytes. */
OTEL__FN void otel__pb_varint(otel__out *o, uint64_t v)
{
    uint8_t        tmp[OTEL__VARINT_MAX];
    const uint8_t *end = otel__pb_store_varint(tmp, v);
    otel__out_put(o, tmp, (size_t)(end - tmp));
}

OTEL__FN void otel__pb_tag(otel__out *o, uint32_t number, uint32_t wire)
{
    otel__pb_varint(o, ((uint64_t)number << 3) | wire);
}

OTEL__FN void otel__pb_uint(otel__out *o, uint32_t number, uint64_t v)
{
    otel__pb_tag(o, number, OTEL__PB_VARINT);
    otel__pb_varint(o, v);
}

OTEL__FN void otel__pb_fixed64(otel__out *o, uint32_t number, uint64_t v)
{
    uint8_t tmp[8];
    otel__pb_store_le64(tmp, v);
    otel__pb_tag(o, number, OTEL__PB_FIXED64);
    otel__out_put(o, tmp, 8);
}

OTEL__FN void otel__pb_fixed32(otel__out *o, uint32_t number, uint32_t v)
{
    uint8_t tmp[4];
    otel__pb_store_le32(tmp, v);
    otel__pb_tag(o, number, OTEL__PB_FIXED32);
    otel__out_put(o, tmp, 4);
}

OTEL__FN void otel__pb_double(otel__out *o, uint32_t number, double v)
{
    otel__pb_fixed64(o, number, otel__platform_double_bits(v));
}

/* Tag and length of a message, string or bytes field whose `n` bytes follow. */
OTEL__FN void otel__pb_head(otel__out *o, uint32_t number, size_t n)
{
    otel__pb_tag(o, number, OTEL__PB_LEN);
    otel__pb_varint(o, n);
}

OTEL__FN void otel__pb_bytes(otel__out *o, uint32_t number, const void *data, size_t n)
{
    otel__pb_head(o, number, n);
    otel__out_put(o, data, n);
}

/* Bytes that a length-delimited field of a number below 16 takes around and with its content. */
OTEL__FN size_t otel__pb_field_size(size_t n)
{
    size_t size = 2u + n; /* the length takes one byte, or more: */

    for (; n >= 0x80u; n >>= 7) {
        size++;
    }
    return size;
}

/* ---- reading ---- */

/* A message being read: the bytes not yet looked at. */
typedef struct otel__pb {
    const uint8_t *p;
    const uint8_t *end;
} otel__pb;

typedef struct otel__pb_field {
    uint32_t       number;
    uint32_t       wire;   /* OTEL__PB_*                                  */
    uint64_t       value;  /* of a varint or fixed field                  */
    const uint8_t *data;   /* of a length-delimited one: inside the input */
    size_t         length; /* bytes at data                               */
} otel__pb_field;

OTEL__FN otel__pb otel__pb_open(const uint8_t *data, size_t n)
{
    otel__pb m;
    m.p = data;
    m.end = n > 0 ? data + n : data;
    return m;
}

/* Read a varint of at most ten bytes and 64 bits. Returns false at the end or when too long. */
OTEL__FN OTEL__MUST_USE bool otel__pb_read_varint(otel__pb *m, uint64_t *v)
{
    uint64_t value = 0;
    unsigned shift;

    for (shift = 0; shift < 70 && m->p < m->end; shift += 7) {
        const uint8_t byte = *m->p++;
        if (shift == 63 && byte > 1) {
            return false; /* more than 64 bits */
        }
        value |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80u) {
            *v = value;
            return true;
        }
    }
    return false;
}

OTEL__FN OTEL__MUST_USE bool otel__pb_read_fixed(otel__pb *m, size_t n, uint64_t *v)
{
    size_t i;
    if ((size_t)(m->end - m->p) < n) {
        return false;
    }
    *v = 0;
    for (i = 0; i < n; i++) {
        *v |= (uint64_t)m->p[i] << (8 * i);
    }
    m->p += n;
    return true;
}

/* Step to the next field. Returns 1 with a field, 0 at the end, -1 when the bytes are no
 * message. */
OTEL__FN OTEL__MUST_USE int otel__pb_next(otel__pb *m, otel__pb_field *f)
{
    uint64_t tag;
    bool     ok = false;

    if (m->p >= m->end) {
        return 0;
    }
    if (!otel__pb_read_varint(m, &tag) || (tag >> 3) == 0 || (tag >> 3) > 0x1fffffffu) {
        return -1;
    }
    f->number = (uint32_t)(tag >> 3);
    f->wire = (uint32_t)(tag & 7u);
    f->value = 0;
    f->data = m->p;
    f->length = 0;
    switch (f->wire) {
    case OTEL__PB_VARINT: ok = otel__pb_read_varint(m, &f->value); break;
    case OTEL__PB_FIXED64: ok = otel__pb_read_fixed(m, 8, &f->value); break;
    case OTEL__PB_FIXED32: ok = otel__pb_read_fixed(m, 4, &f->value); break;
    case OTEL__PB_LEN:
        ok = otel__pb_read_varint(m, &f->value) && f->value <= (uint64_t)(m->end - m->p);
        f->data = m->p;
        f->length = ok ? (size_t)f->value : 0;
        m->p += f->length;
        break;
    default: break; /* groups, and wire types 6 and 7, which do not exist */
    }
    return ok ? 1 : -1;
}

/* ---- src/wire/otlp.h ---- */
/* otlp: the one descriptor table of OTLP: every field's number, kind, presence and JSON name.
 * Transcoders and checks are loops over it; code that reads or writes one certain field may use its
 * named number (OTEL__SPAN_traceId). What a program does not use the compiler leaves out.
 * Pure: no state, no system.
 *
 * A message is named by the row before its first field (OTEL__OTLP_SPAN); its fields follow by
 * rising number, up to the next row with number 0.
 * Spec: opentelemetry-proto 1.x; requirements P-07, P-10, 8.2 to 8.6 and J (JSON names). */

/* How a value is written, and what it becomes in JSON. */
enum {
    OTEL__KIND_UINT32 = 0,   /* varint; number                              */
    OTEL__KIND_INT32 = 1,    /* varint, sign-extended to 64 bits; number    */
    OTEL__KIND_SINT32 = 2,   /* varint, zigzag; number                      */
    OTEL__KIND_ENUM = 3,     /* varint; number                              */
    OTEL__KIND_BOOL = 4,     /* varint; true or false                       */
    OTEL__KIND_INT64 = 5,    /* varint; decimal string                      */
    OTEL__KIND_UINT64 = 6,   /* varint; decimal string                      */
    OTEL__KIND_FIXED64 = 7,  /* 8 bytes; decimal string                     */
    OTEL__KIND_SFIXED64 = 8, /* 8 bytes, signed; decimal string             */
    OTEL__KIND_DOUBLE = 9,   /* 8 bytes; number, "NaN" or "Infinity"        */
    OTEL__KIND_FIXED32 = 10, /* 4 bytes; number                             */
    OTEL__KIND_STRING = 11,  /* UTF-8; string                               */
    OTEL__KIND_BYTES = 12,   /* base64 string                               */
    OTEL__KIND_HEX = 13,     /* bytes of a trace or span id; hex string     */
    OTEL__KIND_MESSAGE = 14  /* another row's message; object               */
};

/* When a field is there. */
enum {
    OTEL__HAS_ONE = 0,   /* left out when zero or empty                          */
    OTEL__HAS_MANY = 1,  /* repeated: an array in JSON; numbers are packed       */
    OTEL__HAS_MAYBE = 2, /* optional: written even when zero                     */
    OTEL__HAS_CHOICE = 3 /* member of the message's oneof: written even when zero */
};

/* M(message) begins a message, F(message, number, kind, presence, name) is a field of it, and
 * S(message, number, presence, name, its message) one that is a message. */
#define OTEL__OTLP_LIST(M, F, S)                                                                   \
    M(TRACE_REQUEST)                                                                               \
    S(TRACE_REQUEST, 1, MANY, resourceSpans, RESOURCE_SPANS)                                       \
    M(TRACE_RESPONSE)                                                                              \
    S(TRACE_RESPONSE, 1, ONE, partialSuccess, TRACE_PARTIAL)                                       \
    M(TRACE_PARTIAL)                                                                               \
    F(TRACE_PARTIAL, 1, INT64, ONE, rejectedSpans)                                                 \
    F(TRACE_PARTIAL, 2, STRING, ONE, errorMessage)                                                 \
    M(METRICS_REQUEST)                                                                             \
    S(METRICS_REQUEST, 1, MANY, resourceMetrics, RESOURCE_METRICS)                                 \
    M(METRICS_RESPONSE)                                                                            \
    S(METRICS_RESPONSE, 1, ONE, partialSuccess, METRICS_PARTIAL)                                   \
    M(METRICS_PARTIAL)                                                                             \
    F(METRICS_PARTIAL, 1, INT64, ONE, rejectedDataPoints)                                          \
    F(METRICS_PARTIAL, 2, STRING, ONE, errorMessage)                                               \
    M(LOGS_REQUEST)                                                                                \
    S(LOGS_REQUEST, 1, MANY, resourceLogs, RESOURCE_LOGS)                                          \
    M(LOGS_RESPONSE)                                                                               \
    S(LOGS_RESPONSE, 1, ONE, partialSuccess, LOGS_PARTIAL)                                         \
    M(LOGS_PARTIAL)                                                                                \
    F(LOGS_PARTIAL, 1, INT64, ONE, rejectedLogRecords)                                             \
    F(LOGS_PARTIAL, 2, STRING, ONE, errorMessage)                                                  \
                                                                                                   \
    M(ANY_VALUE)                                                                                   \
    F(ANY_VALUE, 1, STRING, CHOICE, stringValue)                                                   \
    F(ANY_VALUE, 2, BOOL, CHOICE, boolValue)                                                       \
    F(ANY_VALUE, 3, INT64, CHOICE, intValue)                                                       \
    F(ANY_VALUE, 4, DOUBLE, CHOICE, doubleValue)                                                   \
    S(ANY_VALUE, 5, CHOICE, arrayValue, ARRAY_VALUE)                                               \
    S(ANY_VALUE, 6, CHOICE, kvlistValue, KEY_VALUE_LIST)                                           \
    F(ANY_VALUE, 7, BYTES, CHOICE, bytesValue)                                                     \
    F(ANY_VALUE, 8, INT32, CHOICE, stringValueStrindex)                                            \
    M(ARRAY_VALUE)                                                                                 \
    S(ARRAY_VALUE, 1, MANY, values, ANY_VALUE)                                                     \
    M(KEY_VALUE_LIST)                                                                              \
    S(KEY_VALUE_LIST, 1, MANY, values, KEY_VALUE)                                                  \
    M(KEY_VALUE)                                                                                   \
    F(KEY_VALUE, 1, STRING, ONE, key)                                                              \
    S(KEY_VALUE, 2, ONE, value, ANY_VALUE)                                                         \
    F(KEY_VALUE, 3, INT32, ONE, keyStrindex)                                                       \
    M(SCOPE)                                                                                       \
    F(SCOPE, 1, STRING, ONE, name)                                                                 \
    F(SCOPE, 2, STRING, ONE, version)                                                              \
    S(SCOPE, 3, MANY, attributes, KEY_VALUE)                                                       \
    F(SCOPE, 4, UINT32, ONE, droppedAttributesCount)                                               \
    M(RESOURCE)                                                                                    \
    S(RESOURCE, 1, MANY, attributes, KEY_VALUE)                                                    \
    F(RESOURCE, 2, UINT32, ONE, droppedAttributesCount)                                            \
    S(RESOURCE, 3, MANY, entityRefs, ENTITY_REF)                                                   \
    M(ENTITY_REF)                                                                                  \
    F(ENTITY_REF, 1, STRING, ONE, schemaUrl)                                                       \
    F(ENTITY_REF, 2, STRING, ONE, type)                                                            \
    F(ENTITY_REF, 3, STRING, MANY, idKeys)                                                         \
    F(ENTITY_REF, 4, STRING, MANY, descriptionKeys)                                                \
                                                                                                   \
    M(RESOURCE_SPANS)                                                                              \
    S(RESOURCE_SPANS, 1, ONE, resource, RESOURCE)                                                  \
    S(RESOURCE_SPANS, 2, MANY, scopeSpans, SCOPE_SPANS)                                            \
    F(RESOURCE_SPANS, 3, STRING, ONE, schemaUrl)                                                   \
    M(SCOPE_SPANS)                                                                                 \
    S(SCOPE_SPANS, 1, ONE, scope, SCOPE)                                                           \
    S(SCOPE_SPANS, 2, MANY, spans, SPAN)                                                           \
    F(SCOPE_SPANS, 3, STRING, ONE, schemaUrl)                                                      \
    M(SPAN)                                                                                        \
    F(SPAN, 1, HEX, ONE, traceId)                                                                  \
    F(SPAN, 2, HEX, ONE, spanId)                                                                   \
    F(SPAN, 3, STRING, ONE, traceState)                                                            \
    F(SPAN, 4, HEX, ONE, parentSpanId)                                                             \
    F(SPAN, 5, STRING, ONE, name)                                                                  \
    F(SPAN, 6, ENUM, ONE, kind)                                                                    \
    F(SPAN, 7, FIXED64, ONE, startTimeUnixNano)                                                    \
    F(SPAN, 8, FIXED64, ONE, endTimeUnixNano)                                                      \
    S(SPAN, 9, MANY, attributes, KEY_VALUE)                                                        \
    F(SPAN, 10, UINT32, ONE, droppedAttributesCount)                                               \
    S(SPAN, 11, MANY, events, EVENT)                                                               \
    F(SPAN, 12, UINT32, ONE, droppedEventsCount)                                                   \
    S(SPAN, 13, MANY, links, LINK)                                                                 \
    F(SPAN, 14, UINT32, ONE, droppedLinksCount)                                                    \
    S(SPAN, 15, ONE, status, STATUS)                                                               \
    F(SPAN, 16, FIXED32, ONE, flags)                                                               \
    M(EVENT)                                                                                       \
    F(EVENT, 1, FIXED64, ONE, timeUnixNano)                                                        \
    F(EVENT, 2, STRING, ONE, name)                                                                 \
    S(EVENT, 3, MANY, attributes, KEY_VALUE)                                                       \
    F(EVENT, 4, UINT32, ONE, droppedAttributesCount)                                               \
    M(LINK)                                                                                        \
    F(LINK, 1, HEX, ONE, traceId)                                                                  \
    F(LINK, 2, HEX, ONE, spanId)                                                                   \
    F(LINK, 3, STRING, ONE, traceState)                                                            \
    S(LINK, 4, MANY, attributes, KEY_VALUE)                                                        \
    F(LINK, 5, UINT32, ONE, droppedAttributesCount)                                                \
    F(LINK, 6, FIXED32, ONE, flags)                                                                \
    M(STATUS)                                                                                      \
    F(STATUS, 2, STRING, ONE, message)                                                             \
    F(STATUS, 3, ENUM, ONE, code)                                                                  \
                                                                                                   \
    M(RESOURCE_METRICS)                                                                            \
    S(RESOURCE_METRICS, 1, ONE, resource, RESOURCE)                                                \
    S(RESOURCE_METRICS, 2, MANY, scopeMetrics, SCOPE_METRICS)                                      \
    F(RESOURCE_METRICS, 3, STRING, ONE, schemaUrl)                                                 \
    M(SCOPE_METRICS)                                                                               \
    S(SCOPE_METRICS, 1, ONE, scope, SCOPE)                                                         \
    S(SCOPE_METRICS, 2, MANY, metrics, METRIC)                                                     \
    F(SCOPE_METRICS, 3, STRING, ONE, schemaUrl)                                                    \
    M(METRIC)                                                                                      \
    F(METRIC, 1, STRING, ONE, name)                                                                \
    F(METRIC, 2, STRING, ONE, description)                                                         \
    F(METRIC, 3, STRING, ONE, unit)                                                                \
    S(METRIC, 5, CHOICE, gauge, GAUGE)                                                             \
    S(METRIC, 7, CHOICE, sum, SUM)                                                                 \
    S(METRIC, 9, CHOICE, histogram, HISTOGRAM)                                                     \
    S(METRIC, 10, CHOICE, exponentialHistogram, EXPONENTIAL)                                       \
    S(METRIC, 11, CHOICE, summary, SUMMARY)                                                        \
    S(METRIC, 12, MANY, metadata, KEY_VALUE)                                                       \
    M(GAUGE)                                                                                       \
    S(GAUGE, 1, MANY, dataPoints, NUMBER_POINT)                                                    \
    M(SUM)                                                                                         \
    S(SUM, 1, MANY, dataPoints, NUMBER_POINT)                                                      \
    F(SUM, 2, ENUM, ONE, aggregationTemporality)                                                   \
    F(SUM, 3, BOOL, ONE, isMonotonic)                                                              \
    M(HISTOGRAM)                                                                                   \
    S(HISTOGRAM, 1, MANY, dataPoints, HISTOGRAM_POINT)                                             \
    F(HISTOGRAM, 2, ENUM, ONE, aggregationTemporality)                                             \
    M(EXPONENTIAL)                                                                                 \
    S(EXPONENTIAL, 1, MANY, dataPoints, EXPONENTIAL_POINT)                                         \
    F(EXPONENTIAL, 2, ENUM, ONE, aggregationTemporality)                                           \
    M(SUMMARY)                                                                                     \
    S(SUMMARY, 1, MANY, dataPoints, SUMMARY_POINT)                                                 \
    M(NUMBER_POINT)                                                                                \
    F(NUMBER_POINT, 2, FIXED64, ONE, startTimeUnixNano)                                            \
    F(NUMBER_POINT, 3, FIXED64, ONE, timeUnixNano)                                                 \
    F(NUMBER_POINT, 4, DOUBLE, CHOICE, asDouble)                                                   \
    S(NUMBER_POINT, 5, MANY, exemplars, EXEMPLAR)                                                  \
    F(NUMBER_POINT, 6, SFIXED64, CHOICE, asInt)                                                    \
    S(NUMBER_POINT, 7, MANY, attributes, KEY_VALUE)                                                \
    F(NUMBER_POINT, 8, UINT32, ONE, flags)                                                         \
    M(HISTOGRAM_POINT)                                                                             \
    F(HISTOGRAM_POINT, 2, FIXED64, ONE, startTimeUnixNano)                                         \
    F(HISTOGRAM_POINT, 3, FIXED64, ONE, timeUnixNano)                                              \
    F(HISTOGRAM_POINT, 4, FIXED64, ONE, count)                                                     \
    F(HISTOGRAM_POINT, 5, DOUBLE, MAYBE, sum)                                                      \
    F(HISTOGRAM_POINT, 6, FIXED64, MANY, bucketCounts)                                             \
    F(HISTOGRAM_POINT, 7, DOUBLE, MANY, explicitBounds)                                            \
    S(HISTOGRAM_POINT, 8, MANY, exemplars, EXEMPLAR)                                               \
    S(HISTOGRAM_POINT, 9, MANY, attributes, KEY_VALUE)                                             \
    F(HISTOGRAM_POINT, 10, UINT32, ONE, flags)                                                     \
    F(HISTOGRAM_POINT, 11, DOUBLE, MAYBE, min)                                                     \
    F(HISTOGRAM_POINT, 12, DOUBLE, MAYBE, max)                                                     \
    M(EXPONENTIAL_POINT)                                                                           \
    S(EXPONENTIAL_POINT, 1, MANY, attributes, KEY_VALUE)                                           \
    F(EXPONENTIAL_POINT, 2, FIXED64, ONE, startTimeUnixNano)                                       \
    F(EXPONENTIAL_POINT, 3, FIXED64, ONE, timeUnixNano)                                            \
    F(EXPONENTIAL_POINT, 4, FIXED64, ONE, count)                                                   \
    F(EXPONENTIAL_POINT, 5, DOUBLE, MAYBE, sum)                                                    \
    F(EXPONENTIAL_POINT, 6, SINT32, ONE, scale)                                                    \
    F(EXPONENTIAL_POINT, 7, FIXED64, ONE, zeroCount)                                               \
    S(EXPONENTIAL_POINT, 8, ONE, positive, BUCKETS)                                                \
    S(EXPONENTIAL_POINT, 9, ONE, negative, BUCKETS)                                                \
    F(EXPONENTIAL_POINT, 10, UINT32, ONE, flags)                                                   \
    S(EXPONENTIAL_POINT, 11, MANY, exemplars, EXEMPLAR)                                            \
    F(EXPONENTIAL_POINT, 12, DOUBLE, MAYBE, min)                                                   \
    F(EXPONENTIAL_POINT, 13, DOUBLE, MAYBE, max)                                                   \
    F(EXPONENTIAL_POINT, 14, DOUBLE, ONE, zeroThreshold)                                           \
    M(BUCKETS)                                                                                     \
    F(BUCKETS, 1, SINT32, ONE, offset)                                                             \
    F(BUCKETS, 2, UINT64, MANY, bucketCounts)                                                      \
    M(SUMMARY_POINT)                                                                               \
    F(SUMMARY_POINT, 2, FIXED64, ONE, startTimeUnixNano)                                           \
    F(SUMMARY_POINT, 3, FIXED64, ONE, timeUnixNano)                                                \
    F(SUMMARY_POINT, 4, FIXED64, ONE, count)                                                       \
    F(SUMMARY_POINT, 5, DOUBLE, ONE, sum)                                                          \
    S(SUMMARY_POINT, 6, MANY, quantileValues, QUANTILE)                                            \
    S(SUMMARY_POINT, 7, MANY, attributes, KEY_VALUE)                                               \
    F(SUMMARY_POINT, 8, UINT32, ONE, flags)                                                        \
    M(QUANTILE)                                                                                    \
    F(QUANTILE, 1, DOUBLE, ONE, quantile)                                                          \
    F(QUANTILE, 2, DOUBLE, ONE, value)                                                             \
    M(EXEMPLAR)                                                                                    \
    F(EXEMPLAR, 2, FIXED64, ONE, timeUnixNano)                                                     \
    F(EXEMPLAR, 3, DOUBLE, CHOICE, asDouble)                                                       \
    F(EXEMPLAR, 4, HEX, ONE, spanId)                                                               \
    F(EXEMPLAR, 5, HEX, ONE, traceId)                                                              \
    F(EXEMPLAR, 6, SFIXED64, CHOICE, asInt)                                                        \
    S(EXEMPLAR, 7, MANY, filteredAttributes, KEY_VALUE)                                            \
                                                                                                   \
    M(RESOURCE_LOGS)                                                                               \
    S(RESOURCE_LOGS, 1, ONE, resource, RESOURCE)                                                   \
    S(RESOURCE_LOGS, 2, MANY, scopeLogs, SCOPE_LOGS)                                               \
    F(RESOURCE_LOGS, 3, STRING, ONE, schemaUrl)                                                    \
    M(SCOPE_LOGS)                                                                                  \
    S(SCOPE_LOGS, 1, ONE, scope, SCOPE)                                                            \
    S(SCOPE_LOGS, 2, MANY, logRecords, LOG_RECORD)                                                 \
    F(SCOPE_LOGS, 3, STRING, ONE, schemaUrl)                                                       \
    M(LOG_RECORD)                                                                                  \
    F(LOG_RECORD, 1, FIXED64, ONE, timeUnixNano)                                                   \
    F(LOG_RECORD, 2, ENUM, ONE, severityNumber)                                                    \
    F(LOG_RECORD, 3, STRING, ONE, severityText)                                                    \
    S(LOG_RECORD, 5, ONE, body, ANY_VALUE)                                                         \
    S(LOG_RECORD, 6, MANY, attributes, KEY_VALUE)                                                  \
    F(LOG_RECORD, 7, UINT32, ONE, droppedAttributesCount)                                          \
    F(LOG_RECORD, 8, FIXED32, ONE, flags)                                                          \
    F(LOG_RECORD, 9, HEX, ONE, traceId)                                                            \
    F(LOG_RECORD, 10, HEX, ONE, spanId)                                                            \
    F(LOG_RECORD, 11, FIXED64, ONE, observedTimeUnixNano)                                          \
    F(LOG_RECORD, 12, STRING, ONE, eventName)                                                      \
    M(END)

/* Every JSON name once: the rows share them. */
/* clang-format off */
#define OTEL__OTLP_NAMES(N)                                                                        \
    N(aggregationTemporality) N(arrayValue) N(asDouble) N(asInt) N(attributes) N(body)             \
    N(boolValue) N(bucketCounts) N(bytesValue) N(code) N(count) N(dataPoints) N(description)       \
    N(descriptionKeys) N(doubleValue) N(droppedAttributesCount) N(droppedEventsCount)              \
    N(droppedLinksCount) N(endTimeUnixNano) N(entityRefs) N(errorMessage) N(eventName) N(events)   \
    N(exemplars) N(explicitBounds) N(exponentialHistogram) N(filteredAttributes) N(flags)          \
    N(gauge) N(histogram) N(idKeys) N(intValue) N(isMonotonic) N(key) N(keyStrindex) N(kind)       \
    N(kvlistValue) N(links) N(logRecords) N(max) N(message) N(metadata) N(metrics) N(min)          \
    N(name) N(negative) N(observedTimeUnixNano) N(offset) N(parentSpanId) N(partialSuccess)        \
    N(positive) N(quantile) N(quantileValues) N(rejectedDataPoints) N(rejectedLogRecords)          \
    N(rejectedSpans) N(resource) N(resourceLogs) N(resourceMetrics) N(resourceSpans) N(scale)      \
    N(schemaUrl) N(scope) N(scopeLogs) N(scopeMetrics) N(scopeSpans) N(severityNumber)             \
    N(severityText) N(spanId) N(spans) N(startTimeUnixNano) N(status) N(stringValue)               \
    N(stringValueStrindex) N(sum) N(summary) N(timeUnixNano) N(traceId) N(traceState) N(type)      \
    N(unit) N(value) N(values) N(version) N(zeroCount) N(zeroThreshold)
/* clang-format on */

typedef struct otel__otlp_row {
    unsigned number   : 5;  /* field number, 1 to 16; 0: a message begins (or the table ends) */
    unsigned kind     : 4;  /* OTEL__KIND_*                                                   */
    unsigned presence : 2;  /* OTEL__HAS_*                                                    */
    unsigned message  : 8;  /* OTEL__OTLP_* of a field that is a message, else 0              */
    unsigned name     : 11; /* where the JSON name begins in otel__otlp_names                 */
} otel__otlp_row;

OTEL__STATIC_ASSERT(sizeof(otel__otlp_row) == 4, an_otlp_row_is_four_bytes);

/* Row numbers. Those of messages, such as OTEL__OTLP_SPAN, are the way to name one. */
enum {
#define OTEL__OTLP_M(message)                               OTEL__OTLP_##message,
#define OTEL__OTLP_F(message, number, kind, presence, name) OTEL__OTLP_##message##_##number,
#define OTEL__OTLP_S(message, number, presence, name, sub)  OTEL__OTLP_##message##_##number,
    OTEL__OTLP_LIST(OTEL__OTLP_M, OTEL__OTLP_F, OTEL__OTLP_S) OTEL__OTLP_ROWS
#undef OTEL__OTLP_M
#undef OTEL__OTLP_F
#undef OTEL__OTLP_S
};

/* Field numbers by message and JSON name: OTEL__SPAN_traceId is 1. */
enum {
#define OTEL__OTLP_M(message)
#define OTEL__OTLP_F(message, number, kind, presence, name) OTEL__##message##_##name = (number),
#define OTEL__OTLP_S(message, number, presence, name, sub)  OTEL__##message##_##name = (number),
    OTEL__OTLP_LIST(OTEL__OTLP_M, OTEL__OTLP_F, OTEL__OTLP_S) OTEL__OTLP_NUMBERS_END
#undef OTEL__OTLP_M
#undef OTEL__OTLP_F
#undef OTEL__OTLP_S
};

OTEL__STATIC_ASSERT(OTEL__OTLP_ROWS <= 256, an_otlp_row_number_fits_eight_bits);

/* The names one after the other, each with its NUL: offsets instead of pointers, which would take
 * twice the space and need relocating in a shared object. */
typedef struct otel__otlp_text {
#define OTEL__OTLP_N(name) char n_##name[sizeof #name];
    OTEL__OTLP_NAMES(OTEL__OTLP_N)
#undef OTEL__OTLP_N
} otel__otlp_text;

OTEL__STATIC_ASSERT(sizeof(otel__otlp_text) <= 2048, an_otlp_name_offset_fits_eleven_bits);

static const otel__otlp_text otel__otlp_names OTEL__UNUSED = {
#define OTEL__OTLP_N(name) #name,
    OTEL__OTLP_NAMES(OTEL__OTLP_N)
#undef OTEL__OTLP_N
};

static const otel__otlp_row otel__otlp_table[] OTEL__UNUSED = {
#define OTEL__OTLP_AT(name)   (unsigned)offsetof(otel__otlp_text, n_##name)
#define OTEL__OTLP_M(message) { 0, 0, 0, 0, 0 },
#define OTEL__OTLP_F(message, number, kind, presence, name)                                        \
    { number, OTEL__KIND_##kind, OTEL__HAS_##presence, 0, OTEL__OTLP_AT(name) },
#define OTEL__OTLP_S(message, number, presence, name, sub)                                         \
    { number, OTEL__KIND_MESSAGE, OTEL__HAS_##presence, OTEL__OTLP_##sub, OTEL__OTLP_AT(name) },
    OTEL__OTLP_LIST(OTEL__OTLP_M, OTEL__OTLP_F, OTEL__OTLP_S)
#undef OTEL__OTLP_AT
#undef OTEL__OTLP_M
#undef OTEL__OTLP_F
#undef OTEL__OTLP_S
};

/* ---- looking up ---- */

/* The row of field `number` of `message` (OTEL__OTLP_*), or NULL: OTLP has none, or a newer one. */
OTEL__FN const otel__otlp_row *otel__otlp_find(unsigned message, uint32_t number)
{
    const otel__otlp_row *row = &otel__otlp_table[message + 1]; /* END has no caller: in bounds */

    while (row->number != 0 && row->number != number) {
        row++;
    }
    return row->number != 0 ? row : NULL;
}

/* The field's name in JSON, constant. */
OTEL__FN const char *otel__otlp_name(const otel__otlp_row *row)
{
    return (const char *)&otel__otlp_names + row->name;
}

/* The wire type in which one value of `kind` (OTEL__KIND_*) is written. */
OTEL__FN uint32_t otel__otlp_wire(unsigned kind)
{
    if (kind <= OTEL__KIND_UINT64) {
        return OTEL__PB_VARINT;
    }
    if (kind <= OTEL__KIND_DOUBLE) {
        return OTEL__PB_FIXED64;
    }
    return kind == OTEL__KIND_FIXED32 ? OTEL__PB_FIXED32 : OTEL__PB_LEN;
}

/* ---- values ---- */

/* A zigzag value: 0, 1, 2, 3 mean 0, -1, 1, -2. */
OTEL__FN int64_t otel__otlp_zigzag(uint64_t v)
{
    return (v & 1u) != 0 ? -(int64_t)(v >> 1) - 1 : (int64_t)(v >> 1);
}

/* Take the next number, of wire type `wire`, off packed ones. False at the end and at bytes that
 * are no number; in the latter case packed->p has not reached packed->end. */
OTEL__FN OTEL__MUST_USE bool otel__otlp_unpack(otel__pb *packed, uint32_t wire, uint64_t *v)
{
    otel__pb rest = *packed;
    bool     ok = false;

    if (wire == OTEL__PB_VARINT) {
        ok = otel__pb_read_varint(&rest, v);
    } else if (wire == OTEL__PB_FIXED64) {
        ok = otel__pb_read_fixed(&rest, 8, v);
    }
    if (ok) {
        *packed = rest;
    }
    return ok;
}

/* ---- checking ---- */

/* Whether a field's bytes are what its row says. */
OTEL__FN bool otel__otlp_fits(const otel__otlp_row *row, const otel__pb_field *f)
{
    const uint32_t wire = otel__otlp_wire(row->kind);
    otel__pb       packed;
    uint64_t       v;

    if (f->wire == wire) {
        return row->kind != OTEL__KIND_STRING ||
               otel__text_utf8_valid((const char *)f->data, f->length);
    }
    if (f->wire != OTEL__PB_LEN || row->presence != OTEL__HAS_MANY) {
        return false;
    }
    packed = otel__pb_open(f->data, f->length);
    while (otel__otlp_unpack(&packed, wire, &v)) {
    }
    return packed.p == packed.end;
}

#define OTEL__OTLP_DEPTH 100 /* messages within messages: the official decoders' limit */

/* Whether `n` bytes at `data` are a well-formed `message` (OTEL__OTLP_*), through all that is in
 * it: lengths, wire types, UTF-8, packed numbers, and at most OTEL__OTLP_DEPTH levels. Unknown
 * fields are stepped over, groups refused. After it has said yes readers need not ask again.
 *
 *   bad_at  when the answer is no: offset of the field that is wrong; may be NULL
 *
 * Memory: about 1 KiB of stack whatever the input. Spec: P-07, P-09, P-10. */
OTEL__FN OTEL__MUST_USE bool otel__otlp_check(const uint8_t *data, size_t n, unsigned message,
                                              size_t *bad_at)
{
    const uint8_t        *ends[OTEL__OTLP_DEPTH]; /* of the messages around the current one */
    uint8_t               messages[OTEL__OTLP_DEPTH];
    size_t                depth = 0;
    otel__pb              m = otel__pb_open(data, n);
    const uint8_t        *at = data;
    const otel__otlp_row *row;
    otel__pb_field        f;
    int                   got;

    while ((got = otel__pb_next(&m, &f)) >= 0) {
        if (got == 0 && depth == 0) {
            return true;
        }
        if (got == 0) { /* back to the message around it, just behind this one */
            m.end = ends[--depth];
            message = messages[depth];
            at = m.p;
            continue;
        }
        row = otel__otlp_find(message, f.number);
        if (row != NULL && !otel__otlp_fits(row, &f)) {
            break;
        }
        if (row != NULL && row->kind == OTEL__KIND_MESSAGE) {
            if (depth == OTEL__OTLP_DEPTH) {
                break;
            }
            ends[depth] = m.end;
            messages[depth++] = (uint8_t)message;
            m = otel__pb_open(f.data, f.length);
            message = row->message;
        }
        at = m.p;
    }
    if (bad_at != NULL) {
        *bad_at = (size_t)(at - data);
    }
    return false;
}

/* ---- src/wire/attr.h ---- */
/* attr: attributes as OTLP KeyValue bytes, measured and written.
 * Used by resource, spans, events, log records and metric series. A value is written once, straight
 * to where it stays.
 * Invariants: a key is non-empty; text is valid UTF-8 once written (repaired if it was not).
 * Spec: common/README.md "Attribute", "AnyValue"; requirements C-01..C-20, P-03, P-05, P-09. */

#define OTEL__ATTRS_MAX 128u   /* attributes of one set that count                */
#define OTEL__KEY_MAX   16383u /* bytes of a key; a longer one is dropped, counted */

/* ---- attr: bytes ---- */

#define OTEL__ATTR_HIGH 0x8080808080808080u

OTEL__INLINE uint64_t otel__attr_load64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

OTEL__INLINE uint32_t otel__attr_load32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Where size was asked for (-Os) there is one way instead of a fast and a general one: texts are
 * always looked at character by character, bytes one at a time. The bytes written are the same. */
#if defined(__OPTIMIZE_SIZE__)

/* Copy n bytes; returns bits of OTEL__ATTR_HIGH when one of them is not ASCII. */
OTEL__FN uint64_t otel__attr_copy(uint8_t *to, const void *from, size_t n)
{
    const uint8_t *p = (const uint8_t *)from;
    uint8_t        high = 0;

    while (n-- > 0) {
        high = (uint8_t)(high | *p);
        *to++ = *p++;
    }
    return high & OTEL__ATTR_HIGH;
}

OTEL__FN bool otel__attr_same_bytes(const void *x, const void *y, size_t n)
{
    const uint8_t *a = (const uint8_t *)x;
    const uint8_t *b = (const uint8_t *)y;

    while (n > 0 && *a == *b) {
        a++;
        b++;
        n--;
    }
    return n == 0;
}

/* Whether no byte has its highest bit set. */
OTEL__FN bool otel__attr_is_ascii(const char *s, size_t n)
{
    while (n > 0 && ((uint8_t)*s & 0x80u) == 0) {
        s++;
        n--;
    }
    return n == 0;
}

#else /* in words */

/* Up to seven bytes as a number that differs when they or n differ in any bit. */
OTEL__HOT uint64_t otel__attr_load_few(const uint8_t *p, size_t n)
{
    if (n >= 4) {
        return otel__attr_load32(p) | (uint64_t)otel__attr_load32(p + n - 4) << 32;
    }
    if (n > 0) {
        return p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
    }
    return 0;
}

/* Copy n bytes; returns bits of OTEL__ATTR_HIGH when one of them is not ASCII. Short texts go in
 * words whose ends overlap: a call of memcpy costs more than the copy. */
OTEL__HOT uint64_t otel__attr_copy(uint8_t *to, const void *from, size_t n)
{
    const uint8_t *p = (const uint8_t *)from;
    uint64_t       high = 0;
    size_t         i;

    if (n >= 8) {
        const uint64_t last = otel__attr_load64(p + n - 8);
        for (i = 0; i + 8 < n; i += 8) {
            const uint64_t v = otel__attr_load64(p + i);
            memcpy(to + i, &v, 8);
            high |= v;
        }
        memcpy(to + n - 8, &last, 8);
        return (high | last) & OTEL__ATTR_HIGH;
    }
    if (n >= 4) {
        const uint32_t first = otel__attr_load32(p);
        const uint32_t last = otel__attr_load32(p + n - 4);
        memcpy(to, &first, 4);
        memcpy(to + n - 4, &last, 4);
        return (first | last) & OTEL__ATTR_HIGH;
    }
    for (i = 0; i < n; i++) {
        to[i] = p[i];
        high |= p[i];
    }
    return high & OTEL__ATTR_HIGH;
}

OTEL__HOT bool otel__attr_same_bytes(const void *x, const void *y, size_t n)
{
    const uint8_t *a = (const uint8_t *)x;
    const uint8_t *b = (const uint8_t *)y;
    size_t         i;

    if (n < 8) {
        return otel__attr_load_few(a, n) == otel__attr_load_few(b, n);
    }
    for (i = 0; i + 8 < n; i += 8) {
        if (otel__attr_load64(a + i) != otel__attr_load64(b + i)) {
            return false;
        }
    }
    return otel__attr_load64(a + n - 8) == otel__attr_load64(b + n - 8);
}

/* Whether no byte has its highest bit set; words whose ends overlap, as in the copy. */
OTEL__HOT bool otel__attr_is_ascii(const char *s, size_t n)
{
    const uint8_t *p = (const uint8_t *)s;
    uint64_t       high;
    size_t         i;

    if (n < 8) {
        return (otel__attr_load_few(p, n) & OTEL__ATTR_HIGH) == 0;
    }
    high = otel__attr_load64(p + n - 8);
    for (i = 0; i + 8 < n; i += 8) {
        high |= otel__attr_load64(p + i);
    }
    return (high & OTEL__ATTR_HIGH) == 0;
}

#endif

/* ---- attr: lengths ---- */

OTEL__INLINE size_t otel__attr_key_length(const otel_attr *a)
{
    return a->key_length != 0 || a->key == NULL ? a->key_length : otel__text_length(a->key);
}

OTEL__INLINE size_t otel__attr_value_length(const otel_attr *a)
{
    return a->length != OTEL_LENGTH_UNKNOWN ? a->length : otel__text_length(a->value.s);
}

/* Bytes of a varint below 2^35. */
OTEL__HOT size_t otel__attr_length_size(size_t n)
{
#if defined(__OPTIMIZE_SIZE__)
    return otel__pb_varint_size(n);
#else
    return n < 0x80u ? 1u : n < 0x4000u ? 2u : n < 0x200000u ? 3u : n < 0x10000000u ? 4u : 5u;
#endif
}

/* Bytes of a length-delimited field. */
OTEL__HOT size_t otel__attr_field_size(size_t n) { return 1u + otel__attr_length_size(n) + n; }

#if defined(__OPTIMIZE_SIZE__)

/* One attribute about to be written, or compared with a written one: behind the field's tag and
 * length come these parts. The texts are as they were given; all else is as it goes out. */
#define OTEL__KV_PARTS 5u
typedef struct otel__kv {
    otel__text part[OTEL__KV_PARTS]; /* head of the key, key, head of the value, value, text */
    size_t     key;                  /* bytes of the key, repaired                            */
    size_t     text;                 /* bytes of a string value, repaired                   */
    size_t     body;                 /* bytes of the KeyValue message                        */
    bool       broken;               /* perhaps: key or text is not UTF-8                    */
    uint8_t    bytes[24];            /* what the parts that are no texts point to            */
} otel__kv;

OTEL__FN OTEL__NOINLINE uint8_t *otel__kv_head(uint8_t *p, uint8_t tag, uint64_t n)
{
    *p++ = tag;
    return otel__pb_store_varint(p, n);
}

/* Write the AnyValue of `a` without its text, of which `n` bytes will follow. */
OTEL__FN uint8_t *otel__kv_value(uint8_t *p, const otel_attr *a, size_t n)
{
    switch (a->type) {
    case OTEL_TYPE_STRING: return otel__kv_head(p, OTEL__PB_TAG(1, OTEL__PB_LEN), n);
    case OTEL_TYPE_BOOL: return otel__kv_head(p, OTEL__PB_TAG(2, OTEL__PB_VARINT), a->value.i != 0);
    case OTEL_TYPE_INT:
        return otel__kv_head(p, OTEL__PB_TAG(3, OTEL__PB_VARINT), (uint64_t)a->value.i);
    case OTEL_TYPE_DOUBLE:
        *p++ = OTEL__PB_TAG(4, OTEL__PB_FIXED64);
        otel__pb_store_le64(p, otel__platform_double_bits(a->value.d));
        return p + 8;
    default: /* an empty value: P-04 */ return p;
    }
}

/* Measure exactly. Returns false for what is no attribute: without a key (C-01), or with one longer
 * than OTEL__KEY_MAX. */
OTEL__FN OTEL__NOINLINE bool otel__kv_measure(otel__kv *kv, const otel_attr *a)
{
    const size_t key = otel__attr_key_length(a);
    const size_t text = a->type == OTEL_TYPE_STRING ? otel__attr_value_length(a) : 0;
    const size_t key_size = otel__text_utf8_repair(NULL, a->key, key);
    const size_t text_size = otel__text_utf8_repair(NULL, a->value.s, text);
    uint8_t     *value = kv->bytes;
    uint8_t     *p = otel__kv_value(value, a, text_size);
    uint8_t *q = otel__kv_head(p, OTEL__PB_TAG(2, OTEL__PB_LEN), (size_t)(p - value) + text_size);
    uint8_t *r = otel__kv_head(q, OTEL__PB_TAG(1, OTEL__PB_LEN), key_size);

    kv->key = key_size;
    kv->text = text_size;
    kv->part[0] = otel__text_make((const char *)q, (size_t)(r - q));
    kv->part[1] = otel__text_make(a->key, key);
    kv->part[2] = otel__text_make((const char *)p, (size_t)(q - p));
    kv->part[3] = otel__text_make((const char *)value, (size_t)(p - value));
    kv->part[4] = otel__text_make(a->value.s, text);
    kv->body = (size_t)(r - value) + key_size + text_size;
    kv->broken = true;
    return key != 0 && key <= OTEL__KEY_MAX;
}

/* Whether a part is text, which may need repair. */
#if defined(OTEL_LITE_NO_UTF8_REPAIR)
#define OTEL__KV_IS_TEXT(i) false
#else
#define OTEL__KV_IS_TEXT(i) ((i) == 1 || (i) == 4)
#endif

#define otel__kv_measure_checked(kv, a) otel__kv_measure(kv, a)
#define otel__kv_check(kv, a)           ((void)(kv), (void)(a))

OTEL__FN size_t otel__kv_field_size(const otel__kv *kv) { return otel__attr_field_size(kv->body); }

#else

/* One attribute about to be written: its lengths, nested from the inside out. */
typedef struct otel__kv {
    size_t key;    /* bytes of the key, after repair                      */
    size_t text;   /* bytes of a string value, after repair               */
    size_t any;    /* bytes of the AnyValue message                       */
    size_t body;   /* bytes of the KeyValue message                       */
    bool   broken; /* key or text is not UTF-8 and is repaired on writing */
} otel__kv;

OTEL__HOT size_t otel__kv_field_size(const otel__kv *kv) { return otel__attr_field_size(kv->body); }

OTEL__HOT void otel__kv_add_up(otel__kv *kv, const otel_attr *a)
{
    switch (a->type) {
    case OTEL_TYPE_STRING: kv->any = otel__attr_field_size(kv->text); break;
    case OTEL_TYPE_BOOL: kv->any = 2; break;
    case OTEL_TYPE_INT: kv->any = 1u + otel__pb_varint_size((uint64_t)a->value.i); break;
    case OTEL_TYPE_DOUBLE: kv->any = 9; break;
    default: /* an empty value: P-04 */ kv->any = 0; break;
    }
    kv->body = otel__attr_field_size(kv->key) + otel__attr_field_size(kv->any);
}

/* Measure as if the texts were UTF-8. Returns false for what is no attribute: without a key (C-01),
 * or with one longer than OTEL__KEY_MAX. */
OTEL__HOT bool otel__kv_measure(otel__kv *kv, const otel_attr *a)
{
    kv->key = otel__attr_key_length(a);
    kv->text = a->type == OTEL_TYPE_STRING ? otel__attr_value_length(a) : 0;
    kv->broken = false;
    otel__kv_add_up(kv, a);
    return kv->key != 0 && kv->key <= OTEL__KEY_MAX;
}

/* Look at the texts byte by byte, and measure anew if one needs repair. */
OTEL__FN OTEL__COLD void otel__kv_check(otel__kv *kv, const otel_attr *a)
{
    const size_t text = a->type == OTEL_TYPE_STRING ? otel__attr_value_length(a) : 0;
    const size_t key = otel__attr_key_length(a);

    if (otel__text_utf8_valid(a->key, key) && otel__text_utf8_valid(a->value.s, text)) {
        return;
    }
    kv->broken = true;
    kv->key = otel__text_utf8_repair(NULL, a->key, key);
    kv->text = text > 0 ? otel__text_utf8_repair(NULL, a->value.s, text) : 0;
    otel__kv_add_up(kv, a);
}

/* Measure exactly, for a caller that must know the size before it writes. */
OTEL__FN bool otel__kv_measure_checked(otel__kv *kv, const otel_attr *a)
{
    if (!otel__kv_measure(kv, a)) {
        return false;
    }
    if (!otel__attr_is_ascii(a->key, kv->key) || !otel__attr_is_ascii(a->value.s, kv->text)) {
        otel__kv_check(kv, a);
    }
    return true;
}

#endif

/* ---- attr: writing ---- */

/* Lengths below 128, which nearly all are, take one store. */
OTEL__HOT uint8_t *otel__kv_length(uint8_t *p, size_t n)
{
#if !defined(__OPTIMIZE_SIZE__)
    if (OTEL__LIKELY(n < 0x80u)) {
        *p = (uint8_t)n;
        return p + 1;
    }
#endif
    return otel__pb_store_varint(p, n);
}

OTEL__HOT uint8_t *otel__kv_text(uint8_t *p, const char *s, size_t n, uint64_t *high)
{
    *high |= otel__attr_copy(p, s, n);
    return p + n;
}

#if defined(__OPTIMIZE_SIZE__)

/* Write the whole field: otel__kv_field_size() bytes. Measured exactly: `high` is not needed. */
OTEL__FN OTEL__NOINLINE uint8_t *otel__kv_store(uint8_t *p, uint8_t tag, const otel__kv *kv,
                                                const otel_attr *a, uint64_t *high)
{
    uint32_t i;

    (void)a;
    (void)high;
    p = otel__kv_head(p, tag, kv->body);
    for (i = 0; i < OTEL__KV_PARTS; i++) {
        const otel__text t = kv->part[i];
        if (OTEL__KV_IS_TEXT(i)) {
            p += otel__text_utf8_repair((char *)p, t.s, t.n);
        } else if (t.n > 0) {
            otel__bytes_copy(p, t.s, t.n);
            p += t.n;
        }
    }
    return p;
}

#else

/* Write the AnyValue of `a`, which takes kv->any bytes. */
OTEL__HOT uint8_t *otel__kv_store_any(uint8_t *p, const otel__kv *kv, const otel_attr *a,
                                      uint64_t *high)
{
    switch (a->type) {
    case OTEL_TYPE_STRING:
        *p++ = OTEL__PB_TAG(1, OTEL__PB_LEN);
        p = otel__kv_length(p, kv->text);
        if (OTEL__UNLIKELY(kv->broken)) {
            return p + otel__text_utf8_repair((char *)p, a->value.s, otel__attr_value_length(a));
        }
        return otel__kv_text(p, a->value.s, kv->text, high);
    case OTEL_TYPE_BOOL:
        *p++ = OTEL__PB_TAG(2, OTEL__PB_VARINT);
        *p++ = a->value.i != 0;
        return p;
    case OTEL_TYPE_INT:
        *p++ = OTEL__PB_TAG(3, OTEL__PB_VARINT);
        return otel__pb_store_varint(p, (uint64_t)a->value.i);
    case OTEL_TYPE_DOUBLE:
        *p++ = OTEL__PB_TAG(4, OTEL__PB_FIXED64);
        otel__pb_store_le64(p, otel__platform_double_bits(a->value.d));
        return p + 8;
    default: return p;
    }
}

#define OTEL__KV_SHORT 112u /* bytes of key and text: then every length takes one byte */
#define OTEL__KV_ROOM  (OTEL__KV_SHORT + 20u)

/* Write a field with at most OTEL__KV_SHORT bytes of key and text, as they are, in one pass: its
 * lengths are filled in when they are known. Takes at most OTEL__KV_ROOM bytes. */
OTEL__HOT uint8_t *otel__kv_store_short(uint8_t *p, uint8_t tag, const otel__kv *kv,
                                        const otel_attr *a, uint64_t *high)
{
    uint8_t *value = p + 4 + kv->key;
    uint8_t *end = value + 2;

    p[0] = tag;
    p[2] = OTEL__PB_TAG(1, OTEL__PB_LEN);
    p[3] = (uint8_t)kv->key;
    *high |= otel__attr_copy(p + 4, a->key, kv->key);
    end = otel__kv_store_any(end, kv, a, high);
    value[0] = OTEL__PB_TAG(2, OTEL__PB_LEN);
    value[1] = (uint8_t)(end - value - 2);
    p[1] = (uint8_t)(end - p - 2);
    return end;
}

/* Write the whole field: otel__kv_field_size() bytes. `high` gathers non-ASCII bits. */
OTEL__HOT uint8_t *otel__kv_store(uint8_t *p, uint8_t tag, const otel__kv *kv, const otel_attr *a,
                                  uint64_t *high)
{
    if (OTEL__LIKELY(kv->key + kv->text <= OTEL__KV_SHORT) && OTEL__LIKELY(!kv->broken)) {
        return otel__kv_store_short(p, tag, kv, a, high);
    }
    *p++ = tag;
    p = otel__kv_length(p, kv->body);
    *p++ = OTEL__PB_TAG(1, OTEL__PB_LEN);
    p = otel__kv_length(p, kv->key);
    if (OTEL__UNLIKELY(kv->broken)) {
        p += otel__text_utf8_repair((char *)p, a->key, otel__attr_key_length(a));
    } else {
        p = otel__kv_text(p, a->key, kv->key, high);
    }
    *p++ = OTEL__PB_TAG(2, OTEL__PB_LEN);
    p = otel__kv_length(p, kv->any);
    return otel__kv_store_any(p, kv, a, high);
}

#endif

/* Write the field of tag `tag` if it fits `room` bytes.
 * Returns the bytes it needs: more than `room` means that nothing counts as written; 0: no key. */
OTEL__FN OTEL__NOINLINE size_t otel__kv_put(uint8_t *p, size_t room, uint8_t tag,
                                            const otel_attr *a)
{
    otel__kv kv;
    uint64_t high = 0;
    size_t   need;

    if (!otel__kv_measure(&kv, a)) {
        return 0;
    }
    need = otel__kv_field_size(&kv);
    if (need > room) {
        return need;
    }
    (void)otel__kv_store(p, tag, &kv, a, &high);
    if (OTEL__UNLIKELY(high != 0)) {
        otel__kv_check(&kv, a);
        need = otel__kv_field_size(&kv);
        if (kv.broken && need <= room) {
            (void)otel__kv_store(p, tag, &kv, a, &high);
        }
    }
    return need;
}

/* ---- src/wire/attr_same.h ---- */
/* attr_same: attributes hashed, and compared with written ones: on the bytes where they stay,
 * without a second copy. Used by spans and metric series, and by attrs.h for lists.
 * Invariants: two lists are the same set in any order, and of equal keys, as they are once
 * repaired, the last one counts; what is read here was written by attr.h.
 * Spec: common/README.md "Attribute Collections"; requirements C-06, M-40. */

/* ---- attr: hashing, any order ---- */

OTEL__HOT uint64_t otel__attr_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio: every input bit reaches the top */
    return h ^ (h >> 32);
}

#if defined(__OPTIMIZE_SIZE__)

/* Of a text: every byte. */
OTEL__FN OTEL__NOINLINE uint64_t otel__attr_hash_text(const char *s, size_t n, uint64_t h)
{
    h = otel__attr_mix(h, n);
    while (n-- > 0) {
        h = otel__attr_mix(h, (uint8_t)*s++);
    }
    return h;
}

OTEL__FN uint64_t otel__attr_hash_key(const otel_attr *a, size_t n)
{
    return otel__attr_hash_text(a->key, n, 0);
}

#else

/* Of a key: length, first and last eight bytes. Crafted keys can collide; the comparison is
 * exact. */
OTEL__HOT uint64_t otel__attr_hash_key(const otel_attr *a, size_t n)
{
    const uint8_t *p = (const uint8_t *)a->key;
    if (n < 8) {
        return otel__attr_mix(n, otel__attr_load_few(p, n));
    }
    return otel__attr_mix(otel__attr_mix(n, otel__attr_load64(p)), otel__attr_load64(p + n - 8));
}

/* Of a text value: every byte. */
OTEL__HOT uint64_t otel__attr_hash_text(const char *s, size_t n, uint64_t h)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t         i;

    h ^= n;
    if (n < 8) {
        return otel__attr_mix(h, otel__attr_load_few(p, n));
    }
    for (i = 0; i + 8 < n; i += 8) {
        h = otel__attr_mix(h, otel__attr_load64(p + i));
    }
    return otel__attr_mix(h, otel__attr_load64(p + n - 8));
}

#endif

/* Of a whole attribute whose key hashed to `key`, starting from a secret `seed`. */
OTEL__HOT uint64_t otel__attr_hash(const otel_attr *a, uint64_t key, uint64_t seed)
{
    const uint64_t h = otel__attr_mix(key ^ seed, a->type);
    if (a->type == OTEL_TYPE_STRING) {
        return otel__attr_hash_text(a->value.s, otel__attr_value_length(a), h);
    }
    return otel__attr_mix(h, (uint64_t)a->value.i); /* a double by its bits: 0.0 is not -0.0 */
}

/* One bit of 64 by the key's hash: two keys on one bit may be equal and are then compared. */
OTEL__HOT uint64_t otel__attr_key_bit(uint64_t key_hash) { return (uint64_t)1 << (key_hash >> 58); }

/* ---- attr: equality ---- */

#if defined(OTEL_LITE_NO_UTF8_REPAIR)
OTEL__FN bool otel__attr_same_repaired(otel__text a, otel__text b)
{
    return a.n == b.n && otel__attr_same_bytes(a.s, b.s, a.n);
}
#else
/* The next character of a text as it is once repaired, cut off its front. */
OTEL__FN otel__text otel__attr_next_repaired(otel__text *rest)
{
    bool         ok;
    const size_t n = otel__text_utf8_step(rest->s, rest->n, &ok);
    otel__text   c = otel__text_make(rest->s, n);

    rest->s += n;
    rest->n -= n;
    return ok ? c : otel__text_make("\xef\xbf\xbd", 3); /* U+FFFD */
}

/* Whether two texts are the same once repaired. */
OTEL__FN OTEL__NOINLINE bool otel__attr_same_repaired(otel__text a, otel__text b)
{
    if (a.n == b.n && otel__attr_same_bytes(a.s, b.s, a.n)) {
        return true; /* nearly always, and quicker */
    }
    while (a.n > 0 && b.n > 0) {
        const otel__text x = otel__attr_next_repaired(&a);
        const otel__text y = otel__attr_next_repaired(&b);
        if (x.n != y.n || !otel__attr_same_bytes(x.s, y.s, x.n)) {
            return false;
        }
    }
    return a.n == b.n;
}
#endif

/* A varint this library wrote itself. */
OTEL__FN OTEL__NOINLINE uint64_t otel__kv_read_varint(const uint8_t **p)
{
    uint64_t v = 0;
    unsigned shift = 0;

    for (;; shift += 7) {
        const uint8_t byte = *(*p)++;
        v |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80u) {
            return v;
        }
    }
}

#if defined(__OPTIMIZE_SIZE__)
/* A length in bytes this library wrote itself. */
OTEL__FN OTEL__NOINLINE size_t otel__kv_read_length(const uint8_t **p)
{
    size_t   n = 0;
    unsigned shift = 0;
    uint8_t  byte;

    do {
        byte = *(*p)++;
        n |= (size_t)(byte & 0x7fu) << shift;
        shift += 7;
    } while (byte >= 0x80u);
    return n;
}
#else
/* A length in bytes this library wrote itself: minimal and inside its buffer. */
OTEL__HOT size_t otel__kv_read_length(const uint8_t **p)
{
    size_t   n = *(*p)++;
    unsigned shift = 7;
    if (OTEL__LIKELY(n < 0x80u)) {
        return n;
    }
    n &= 0x7fu;
    for (;;) {
        const uint8_t byte = *(*p)++;
        n |= (size_t)(byte & 0x7fu) << shift;
        if (byte < 0x80u) {
            return n;
        }
        shift += 7;
    }
}
#endif

/* The key of a written field that begins at `p`; `*value` is where the AnyValue's field begins. */
OTEL__HOT const uint8_t *otel__kv_key(const uint8_t *p, size_t *n, const uint8_t **value)
{
    const uint8_t *q = p + 1;
    (void)otel__kv_read_length(&q);
    q++; /* tag of the key */
    *n = otel__kv_read_length(&q);
    *value = q + *n;
    return q;
}

#if defined(__OPTIMIZE_SIZE__)
OTEL__FN OTEL__NOINLINE const uint8_t *otel__kv_end(const uint8_t *p)
#else
OTEL__HOT const uint8_t *otel__kv_end(const uint8_t *p)
#endif
{
    const uint8_t *q = p + 1;
    const size_t   n = otel__kv_read_length(&q);
    return q + n;
}

OTEL__HOT bool otel__kv_same_key(const uint8_t *p, const otel_attr *a, size_t key_length)
{
    const uint8_t *value;
    size_t         n;
    const uint8_t *key = otel__kv_key(p, &n, &value);
    return n == key_length && otel__attr_same_bytes(key, a->key, n);
}

/* The same for a key that may need repair. */
OTEL__FN bool otel__kv_same_odd_key(const uint8_t *p, const otel_attr *a, size_t key_length)
{
    const uint8_t *value;
    size_t         n;
    const uint8_t *key = otel__kv_key(p, &n, &value);
    return otel__attr_same_repaired(otel__text_make((const char *)key, n),
                                    otel__text_make(a->key, key_length));
}

/* ---- attr: a written field back as an attribute ---- */

/* Read a written KeyValue field; the result borrows its bytes. */
OTEL__FN OTEL__NOINLINE otel_attr otel__kv_attr(const uint8_t *p)
{
    const uint8_t *value;
    size_t         n;
    uint64_t       v;
    otel_attr      a = otel_int(NULL, 0);

    a.key = (const char *)otel__kv_key(p, &n, &value);
    a.key_length = (uint16_t)n; /* at most OTEL__KEY_MAX, repaired: three times that */
    a.type = (uint8_t)OTEL_TYPE_EMPTY;
    value++;
    if (otel__kv_read_length(&value) == 0) {
        return a;
    }
    a.type = (uint8_t)(*value++ >> 3); /* the types are numbered as AnyValue's fields */
    if (a.type == OTEL_TYPE_STRING) {
        a.length = (uint32_t)otel__kv_read_length(&value);
        a.value.s = (const char *)value;
        return a;
    }
    v = a.type == OTEL_TYPE_DOUBLE ? otel__pb_load_le64(value) : otel__kv_read_varint(&value);
    memcpy(&a.value, &v, sizeof v);
    return a;
}

/* ---- attr: a written field compared ---- */

#if defined(__OPTIMIZE_SIZE__)

/* Whether the written field at `p` is `a`, key and value, as it is once repaired. */
OTEL__FN OTEL__NOINLINE bool otel__kv_same(const uint8_t *p, const otel_attr *a)
{
    otel__kv kv;
    uint32_t i;

    (void)otel__kv_measure(&kv, a);
    p++; /* tag */
    if (otel__kv_read_length(&p) != kv.body) {
        return false;
    }
    for (i = 0; i < OTEL__KV_PARTS; i++) {
        otel__text t = kv.part[i];
        size_t     n = t.n;
        if (OTEL__KV_IS_TEXT(i)) {
            n = otel__text_utf8_repair(NULL, t.s, t.n);
            if (!otel__attr_same_repaired(otel__text_make((const char *)p, n), t)) {
                return false;
            }
        } else if (!otel__attr_same_bytes(p, t.s, n)) {
            return false;
        }
        p += n;
    }
    return true;
}

#define otel__kv_same_repaired(p, a) otel__kv_same(p, a)

#else

/* Whether the written AnyValue at `p` (n bytes) is the value of `a`. */
OTEL__HOT bool otel__kv_same_any(const uint8_t *p, size_t n, const otel_attr *a)
{
    uint8_t tmp[1 + OTEL__VARINT_MAX];
    size_t  length;

    switch (a->type) {
    case OTEL_TYPE_STRING:
        if (n == 0 || *p++ != OTEL__PB_TAG(1, OTEL__PB_LEN)) {
            return false;
        }
        length = otel__kv_read_length(&p);
        return length == otel__attr_value_length(a) && otel__attr_same_bytes(p, a->value.s, length);
    case OTEL_TYPE_BOOL:
        return n == 2 && p[0] == OTEL__PB_TAG(2, OTEL__PB_VARINT) &&
               (p[1] != 0) == (a->value.i != 0);
    case OTEL_TYPE_INT:
        tmp[0] = OTEL__PB_TAG(3, OTEL__PB_VARINT);
        length = (size_t)(otel__pb_store_varint(tmp + 1, (uint64_t)a->value.i) - tmp);
        return n == length && otel__attr_same_bytes(p, tmp, n);
    case OTEL_TYPE_DOUBLE:
        tmp[0] = OTEL__PB_TAG(4, OTEL__PB_FIXED64);
        otel__pb_store_le64(tmp + 1, otel__platform_double_bits(a->value.d));
        return n == 9 && otel__attr_same_bytes(p, tmp, 9);
    default: return n == 0;
    }
}

/* Whether the written field at `p` is `a`, key and value. */
OTEL__HOT bool otel__kv_same(const uint8_t *p, const otel_attr *a)
{
    const uint8_t *value;
    size_t         n;
    const size_t   key_length = otel__attr_key_length(a);
    const uint8_t *key = otel__kv_key(p, &n, &value);

    if (n != key_length || !otel__attr_same_bytes(key, a->key, n)) {
        return false;
    }
    value++; /* tag of the value */
    n = otel__kv_read_length(&value);
    return otel__kv_same_any(value, n, a);
}

/* The same for an attribute whose texts may need repair. */
OTEL__FN bool otel__kv_same_repaired(const uint8_t *p, const otel_attr *a)
{
    const otel_attr b = otel__kv_attr(p);
    otel_attr       c = *a;

    if (!otel__attr_same_repaired(otel__text_make(a->key, otel__attr_key_length(a)),
                                  otel__text_make(b.key, b.key_length))) {
        return false;
    }
    if (a->type == OTEL_TYPE_STRING) {
        return b.type == OTEL_TYPE_STRING &&
               otel__attr_same_repaired(otel__text_make(a->value.s, otel__attr_value_length(a)),
                                        otel__text_make(b.value.s, b.length));
    }
    c.key = b.key;
    c.key_length = b.key_length;
    return otel__kv_same(p, &c);
}

#endif

/* ---- src/wire/attrs.h ---- */
/* attrs: lists of attributes as a program gives them: which items count, and writing the usual list
 * in one go. Used by events, log records and metric series.
 * Invariants: of items with one key, as it is once repaired, the last counts; an item without a
 * key is none. Pure.
 * Spec: common/README.md "Attribute Collections", "Attribute Limits"; requirements C-06, C-09,
 * C-10. */

OTEL__HOT bool otel__attr_same_key(const otel_attr *a, const otel_attr *b)
{
    const size_t n = otel__attr_key_length(a);
    const size_t m = otel__attr_key_length(b);
#if defined(__OPTIMIZE_SIZE__)
    return otel__attr_same_repaired(otel__text_make(a->key, n), otel__text_make(b->key, m));
#else
    if (n == m && otel__attr_same_bytes(a->key, b->key, n)) {
        return true;
    }
    return !(otel__attr_is_ascii(a->key, n) && otel__attr_is_ascii(b->key, m)) &&
           otel__attr_same_repaired(otel__text_make(a->key, n), otel__text_make(b->key, m));
#endif
}

/* Whether a later item has the key of item i, which then does not count. */
OTEL__FN bool otel__attrs_is_shadowed(otel_attrs attrs, size_t i)
{
    size_t j;
    for (j = i + 1; j < attrs.count; j++) {
        if (otel__attr_same_key(&attrs.items[i], &attrs.items[j])) {
            return true;
        }
    }
    return false;
}

/* Whether two items may have one key: 64 bits of key hashes, so that the scan over all pairs is
 * needed rarely. Keys that are not ASCII may become the same when they are repaired. */
OTEL__FN bool otel__attrs_may_repeat(otel_attrs attrs)
{
    uint64_t seen = 0;
    size_t   i;
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        const size_t     n = otel__attr_key_length(a);
        const uint64_t   bit = otel__attr_key_bit(otel__attr_hash_key(a, n));
        if ((seen & bit) != 0 || !otel__attr_is_ascii(a->key, n)) {
            return true;
        }
        seen |= bit;
    }
    return false;
}

/* Whether every item is kept as it is: its key differs from the others, its texts are ASCII, and
 * there are at most `limit`. Nearly every list is; `bytes` is then what its fields take. */
OTEL__HOT bool otel__attrs_are_plain(otel_attrs attrs, uint32_t limit, size_t *bytes)
{
    uint64_t seen = 0;
    size_t   i;

    *bytes = 0;
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        otel__kv         kv;
        uint64_t         bit;
        if (!otel__kv_measure(&kv, a) || kv.broken) { /* then its lengths are those once repaired */
            return false;
        }
        bit = otel__attr_key_bit(otel__attr_hash_key(a, kv.key));
        if ((seen & bit) != 0 || !otel__attr_is_ascii(a->key, kv.key) ||
            !otel__attr_is_ascii(a->value.s, kv.text)) {
            return false;
        }
        seen |= bit;
        *bytes += otel__kv_field_size(&kv);
    }
    return attrs.count <= limit;
}

/* Write a plain list. */
OTEL__HOT uint8_t *otel__attrs_store_plain(uint8_t *p, uint8_t tag, otel_attrs attrs)
{
    uint64_t high = 0;
    size_t   i;

    for (i = 0; i < attrs.count; i++) {
        otel__kv kv;
        (void)otel__kv_measure(&kv, &attrs.items[i]);
        p = otel__kv_store(p, tag, &kv, &attrs.items[i], &high);
    }
    return p;
}

/* Whether item i of an event's or log record's attributes is kept; `kept` counts them. */
OTEL__FN bool otel__attrs_keeps(otel_attrs attrs, size_t i, bool repeats, uint32_t limit,
                                uint32_t *kept)
{
    if (repeats && otel__attrs_is_shadowed(attrs, i)) {
        return false; /* not a loss: the later one is kept */
    }
    if (*kept >= limit) {
        return false;
    }
    (*kept)++;
    return true;
}

/* ---- src/wire/resource.h ---- */
/* resource: who sends, as the bytes of an OTLP Resource message, made once by otel_open().
 * Layers, of which a later one wins key by key: built-in attributes (service.name, telemetry.sdk.*,
 * process and host), the fallback's, the environment's, the code's; in each the service name given
 * by itself beats the attribute. The system is not asked: what is known of process and host comes
 * in as otel__resource_facts.
 * Invariants: each key is written once; the same input gives the same bytes; they are UTF-8; the
 * variable is used whole or not at all. Nothing is stored, so measuring and writing are one path.
 * Spec: resource/sdk.md; semantic conventions "Service", "Telemetry SDK"; R-01 to R-19. */

#define OTEL__RESOURCE_SDK_NAME     "otel_lite" /* R-07 */
#define OTEL__RESOURCE_SDK_LANGUAGE "c"         /* R-08 */
#define OTEL__RESOURCE_UNKNOWN      "unknown_service"

/* Pairs in the variable: bounds the search for equal keys, which looks at every two of them. */
#define OTEL__RESOURCE_PAIRS_MAX 1024u

/* Whether there is a variable at all: without one the compiler drops what reads it. */
#if defined(OTEL_LITE_NO_ENV)
#define OTEL__RESOURCE_READS 0
#else
#define OTEL__RESOURCE_READS 1
#endif

#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__RESOURCE_EXECUTABLE_MAX 31u
#else
#define OTEL__RESOURCE_EXECUTABLE_MAX 255u /* Linux: NAME_MAX */
#endif

/* What the platform knows; borrowed for the call. Not known: NULL or 0, and left out (R-16). */
typedef struct otel__resource_facts {
    const char *executable; /* file name without its folders         */
    const char *host_name;
    const char *instance_id; /* a random UUID, new in each process    */
    int64_t     pid;
} otel__resource_facts;

/* What the user says; borrowed for the call, lowest layer first. */
typedef struct otel__resource_sources {
    otel_attrs  fallback;
    const char *fallback_name; /* service name of its own, or NULL          */
    const char *variable;      /* text of OTEL_RESOURCE_ATTRIBUTES, or NULL */
    const char *variable_name; /* text of OTEL_SERVICE_NAME, or NULL        */
    otel_attrs  code;
    const char *code_name;
    bool        ignore_host; /* no process.*, host.*, os.* attributes       */
} otel__resource_sources;

/* host.arch and os.type as the semantic conventions spell them; not known: left out. */
#if defined(__x86_64__)
#define OTEL__RESOURCE_ARCH "amd64"
#elif defined(__aarch64__)
#define OTEL__RESOURCE_ARCH "arm64"
#elif defined(__arm__)
#define OTEL__RESOURCE_ARCH "arm32"
#elif defined(__i386__)
#define OTEL__RESOURCE_ARCH "x86"
#elif defined(__powerpc64__)
#define OTEL__RESOURCE_ARCH "ppc64"
#elif defined(__powerpc__)
#define OTEL__RESOURCE_ARCH "ppc32"
#elif defined(__s390x__)
#define OTEL__RESOURCE_ARCH "s390x"
#elif defined(__ia64__)
#define OTEL__RESOURCE_ARCH "ia64"
#elif defined(__riscv) && __riscv_xlen == 64
#define OTEL__RESOURCE_ARCH "riscv64"
#else
#define OTEL__RESOURCE_ARCH ""
#endif

#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__RESOURCE_OS NULL
#elif defined(__linux__)
#define OTEL__RESOURCE_OS "linux"
#elif defined(__APPLE__)
#define OTEL__RESOURCE_OS "darwin"
#elif defined(__FreeBSD__)
#define OTEL__RESOURCE_OS "freebsd"
#elif defined(__NetBSD__)
#define OTEL__RESOURCE_OS "netbsd"
#elif defined(__OpenBSD__)
#define OTEL__RESOURCE_OS "openbsd"
#elif defined(__DragonFly__)
#define OTEL__RESOURCE_OS "dragonflybsd"
#elif defined(__sun)
#define OTEL__RESOURCE_OS "solaris"
#elif defined(_AIX)
#define OTEL__RESOURCE_OS "aix"
#else
#define OTEL__RESOURCE_OS NULL
#endif

#if OTEL__RESOURCE_READS

/* ---- resource: percent-encoded bytes, one at a time ---- */

#define OTEL__RESOURCE_END (-1) /* no byte is left                                      */
#define OTEL__RESOURCE_BAD (-2) /* a % that is not followed by two hexadecimal digits   */

/* Take the next byte of `rest`, decoded. Returns 0 to 255, or one of the above. */
static int otel__resource_byte(otel__text *rest)
{
    int    c = OTEL__RESOURCE_END;
    size_t used = 1;

    if (rest->n == 0) {
        return c;
    }
    c = (uint8_t)rest->s[0];
    if (c == '%') {
        const unsigned high = rest->n >= 3 ? otel__text_hex_digit(rest->s[1]) : 16u;
        const unsigned low = rest->n >= 3 ? otel__text_hex_digit(rest->s[2]) : 16u;

        if (high > 15 || low > 15) {
            return OTEL__RESOURCE_BAD;
        }
        c = (int)(high * 16 + low);
        used = 3;
    }
    rest->s += used;
    rest->n -= used;
    return c;
}

/* What is wrong with a key or value of the variable, or NULL. */
static const char *otel__resource_text_fault(otel__text rest)
{
    char   character[4] = ""; /* the one being gathered: no character of UTF-8 is longer */
    size_t n = 0;

    for (;;) {
        const int c = otel__resource_byte(&rest);

        if (c < 0 || (c & 0xc0) != 0x80) { /* another one begins: this one is complete */
            if (!otel__text_utf8_valid(character, n)) {
                return "text that is not UTF-8";
            }
            n = 0;
        }
        if (c < 0) {
            return c == OTEL__RESOURCE_END ? NULL : "a % without two hexadecimal digits";
        }
        if (n == sizeof character) {
            return "text that is not UTF-8";
        }
        character[n++] = (char)(uint8_t)c;
    }
}

/* ---- resource: the variable ---- */

/* Cut the next pair off `rest`, both halves trimmed and still encoded. A raw '=' in a value is part
 * of it (R-13). Empty members are skipped. Returns false at the end.
 *   has_equals  false: there is no '=', and key is the whole member */
static bool otel__resource_pair(otel__text *rest, otel__text *key, otel__text *value,
                                bool *has_equals)
{
    otel__text member;
    size_t     at;

    do {
        if (!otel__text_next(rest, ',', &member)) {
            return false;
        }
        member = otel__text_trim(member);
    } while (member.n == 0);

    at = otel__text_find(member, '=');
    *has_equals = at < member.n;
    *key = otel__text_trim(otel__text_make(member.s, at));
    at += *has_equals ? 1u : 0u;
    *value = otel__text_trim(otel__text_make(member.s + at, member.n - at));
    return true;
}

/* What is wrong with the variable, or NULL. Any fault discards all of it (R-12). */
OTEL__FN const char *otel__resource_list_fault(otel__text rest)
{
    otel__text  key, value;
    const char *fault = NULL;
    unsigned    pairs = 0;
    bool        has_equals;

    while (fault == NULL && otel__resource_pair(&rest, &key, &value, &has_equals)) {
        if (!has_equals) {
            fault = "a member without '='";
        } else if (key.n == 0) {
            fault = "an empty key";
        } else if (++pairs > OTEL__RESOURCE_PAIRS_MAX) {
            fault = "more than 1024 pairs";
        } else {
            fault = otel__resource_text_fault(key);
            fault = fault != NULL ? fault : otel__resource_text_fault(value);
        }
    }
    return fault;
}

#endif /* OTEL__RESOURCE_READS */

/* ---- resource: all pairs, lowest layer first ---- */

/* Layers; a service name is a list of one or none. */
enum {
    OTEL__RESOURCE_BUILT_IN,
    OTEL__RESOURCE_FALLBACK,
    OTEL__RESOURCE_FALLBACK_NAME,
#if OTEL__RESOURCE_READS
    OTEL__RESOURCE_VARIABLE, /* the only one that is text */
    OTEL__RESOURCE_VARIABLE_NAME,
#endif
    OTEL__RESOURCE_CODE,
    OTEL__RESOURCE_CODE_NAME,
    OTEL__RESOURCE_LAYERS
};

#if OTEL__RESOURCE_READS

/* A place in the sequence of all pairs; a copy goes on by itself. */
typedef struct otel__resource_walk {
    const otel_attrs *layers; /* OTEL__RESOURCE_LAYERS; that of VARIABLE is empty */
    unsigned          layer;
    size_t            at;   /* in that layer */
    otel__text        rest; /* of the variable */
} otel__resource_walk;

typedef struct otel__resource_item {
    const otel_attr *attr; /* NULL: a pair of the variable */
    otel__text       key;
    otel__text       value; /* of such a pair; encoded, like its key */
} otel__resource_item;

/* Step to the next attribute. Returns false at the end. */
static bool otel__resource_next(otel__resource_walk *walk, otel__resource_item *item)
{
    for (; walk->layer < OTEL__RESOURCE_LAYERS; walk->layer++, walk->at = 0) {
        const otel_attrs *layer = &walk->layers[walk->layer];

        if (walk->at < layer->count) {
            item->attr = &layer->items[walk->at++];
            item->key = otel__text_make(item->attr->key, otel__attr_key_length(item->attr));
            return true;
        }
        if (walk->layer == OTEL__RESOURCE_VARIABLE) {
            bool has_equals;
            item->attr = NULL;
            if (otel__resource_pair(&walk->rest, &item->key, &item->value, &has_equals)) {
                return true;
            }
        }
    }
    return false;
}

/* A key being compared as it will be written: decoded, or repaired. */
typedef struct otel__resource_key {
    otel__text rest;
    otel__text character; /* what is left of one of an option's key */
    bool       encoded;
} otel__resource_key;

static otel__resource_key otel__resource_key_of(const otel__resource_item *item)
{
    otel__resource_key key;

    key.rest = item->key;
    key.character = otel__text_make(NULL, 0);
    key.encoded = item->attr == NULL;
    return key;
}

static int otel__resource_key_byte(otel__resource_key *key)
{
    if (key->encoded) {
        return otel__resource_byte(&key->rest);
    }
    if (key->character.n == 0 && key->rest.n > 0) {
        bool         ok;
        const size_t n = otel__text_utf8_step(key->rest.s, key->rest.n, &ok);

        key->character = otel__text_make(ok ? key->rest.s : "\xef\xbf\xbd", ok ? n : 3u);
        key->rest = otel__text_make(key->rest.s + n, key->rest.n - n);
    }
    if (key->character.n == 0) {
        return OTEL__RESOURCE_END;
    }
    key->character.n--;
    return (uint8_t)*key->character.s++;
}

static bool otel__resource_same_key(const otel__resource_item *a, const otel__resource_item *b)
{
    otel__resource_key left = otel__resource_key_of(a), right = otel__resource_key_of(b);
    int                c, d;

    do {
        c = otel__resource_key_byte(&left);
        d = otel__resource_key_byte(&right);
    } while (c == d && c >= 0);
    return c == d;
}

/* Whether a later pair has the key of `item`, behind which `walk` stands; then that one counts. */
static bool otel__resource_shadowed(otel__resource_walk walk, const otel__resource_item *item)
{
    otel__resource_item other;
    bool                found = false;

    while (!found && otel__resource_next(&walk, &other)) {
        found = otel__resource_same_key(item, &other);
    }
    return found;
}

#else

/* The attribute at place i of all layers, or NULL behind the last. */
static const otel_attr *otel__resource_at(const otel_attrs *layers, size_t i)
{
    unsigned layer;

    for (layer = 0; layer < OTEL__RESOURCE_LAYERS; layer++) {
        if (i < layers[layer].count) {
            return &layers[layer].items[i];
        }
        i -= layers[layer].count;
    }
    return NULL;
}

/* Whether an attribute behind place i has the key of that one, `attr`; then the later one
 * counts. */
static bool otel__resource_shadowed(const otel_attrs *layers, size_t i, const otel_attr *attr)
{
    const otel_attr *other;

    do {
        other = otel__resource_at(layers, ++i);
    } while (other != NULL && !otel__attr_same_key(attr, other));
    return other != NULL;
}

#endif

/* ---- resource: writing ---- */

/* Resource.attributes, field 1; KeyValue and AnyValue have their text there too. */
#define OTEL__RESOURCE_FIELD 1u

static void otel__resource_put_attr(otel__out *out, const otel_attr *attr)
{
    const size_t at = out->len;
    otel__kv     kv;
    uint64_t     high = 0; /* was looked at by the measuring */
    size_t       need;

    if (otel__kv_measure_checked(&kv, attr)) {
        need = otel__pb_field_size(kv.body);
        out->len = need <= SIZE_MAX - at ? at + need : SIZE_MAX;
        if (otel__out_fits(out)) {
            (void)otel__kv_store(out->buf + at, OTEL__PB_TAG(OTEL__RESOURCE_FIELD, OTEL__PB_LEN),
                                 &kv, attr, &high);
        }
    }
}

#if OTEL__RESOURCE_READS

static size_t otel__resource_decoded_length(otel__text text)
{
    size_t n = 0;

    while (otel__resource_byte(&text) >= 0) {
        n++;
    }
    return n;
}

static void otel__resource_put_decoded(otel__out *out, otel__text text)
{
    int c;

    while ((c = otel__resource_byte(&text)) >= 0) {
        otel__out_byte(out, (uint8_t)c);
    }
}

/* A pair of the variable, found to be in order before. */
static void otel__resource_put_pair(otel__out *out, otel__text key, otel__text value)
{
    const size_t n_key = otel__resource_decoded_length(key);
    const size_t n_value = otel__resource_decoded_length(value);
    const size_t n_any = otel__pb_field_size(n_value);

    otel__pb_head(out, OTEL__RESOURCE_FIELD,
                  otel__pb_field_size(n_key) + otel__pb_field_size(n_any));
    otel__pb_head(out, 1, n_key);
    otel__resource_put_decoded(out, key);
    otel__pb_head(out, 2, n_any);
    otel__pb_head(out, 1, n_value);
    otel__resource_put_decoded(out, value);
}

#endif

/* ---- resource: built-in attributes ---- */

#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__RESOURCE_OWN_MAX 7 /* five built-in attributes, two service names */
#else
#define OTEL__RESOURCE_OWN_MAX 13 /* ten, and three */
#endif

/* Attributes that are in no list of the user's. */
typedef struct otel__resource_own {
    otel_attr attrs[OTEL__RESOURCE_OWN_MAX];
    size_t    count;
#if !defined(OTEL_LITE_FREESTANDING)
    char name[sizeof OTEL__RESOURCE_UNKNOWN + OTEL__RESOURCE_EXECUTABLE_MAX]; /* and a colon */
#endif
} otel__resource_own;

#if defined(OTEL_LITE_FREESTANDING)
/* Keys and values, one behind the other; what is of the host comes last. */
static const char otel__resource_texts[] OTEL__UNUSED =
    "service.name\0" OTEL__RESOURCE_UNKNOWN "\0"
    "telemetry.sdk.name\0" OTEL__RESOURCE_SDK_NAME "\0"
    "telemetry.sdk.language\0" OTEL__RESOURCE_SDK_LANGUAGE "\0"
    "telemetry.sdk.version\0" OTEL_LITE_VERSION "\0"
    "host.arch\0" OTEL__RESOURCE_ARCH;
#define OTEL__RESOURCE_SERVICE otel__resource_texts
#else
#define OTEL__RESOURCE_SERVICE "service.name"
#endif

/* Add an attribute to `own`, which was zeroed; without a value it gets no key, so that it is left
 * out. Returns it. */
OTEL__FN OTEL__NOINLINE const otel_attr *otel__resource_add(otel__resource_own *own,
                                                            const char *key, const char *value)
{
    otel_attr *attr = &own->attrs[own->count++];

    if (value != NULL && value[0] != '\0') {
        attr->key = key;
        attr->type = OTEL_TYPE_STRING;
        attr->length = OTEL_LENGTH_UNKNOWN;
        attr->value.s = value;
    }
    return attr;
}

static otel_attrs otel__resource_name(otel__resource_own *own, const char *name)
{
    return otel_attrs_of(otel__resource_add(own, OTEL__RESOURCE_SERVICE, name), 1);
}

#if !defined(OTEL_LITE_FREESTANDING)
/* The default service name: R-06. */
static void otel__resource_default_name(otel__resource_own *own, const char *executable)
{
    otel__text     file = otel__text_of(executable);
    otel__text_buf name = { own->name, sizeof own->name, 0 };

    file.n = otel__text_utf8_cut(file.s, file.n, OTEL__RESOURCE_EXECUTABLE_MAX);
    otel__text_add_c(&name, file.n > 0 ? OTEL__RESOURCE_UNKNOWN ":" : OTEL__RESOURCE_UNKNOWN);
    otel__text_add(&name, file);
    own->attrs[own->count++] = otel_strn(OTEL__RESOURCE_SERVICE, own->name, name.len);
}
#endif

#if defined(OTEL_LITE_FREESTANDING)
static void otel__resource_built_in(otel__resource_own *own, const otel__resource_facts *facts,
                                    bool ignore_host)
{
    const char *key = otel__resource_texts;
    const char *value;
    unsigned    left = ignore_host ? 4 : 5;

    (void)facts; /* there are none */
    memset(own, 0, sizeof *own);
    do {
        value = key + otel__text_length(key) + 1;
        (void)otel__resource_add(own, key, value);
        key = value + otel__text_length(value) + 1;
    } while (--left > 0);
}

#else

static void otel__resource_built_in(otel__resource_own *own, const otel__resource_facts *facts,
                                    bool ignore_host)
{
    memset(own, 0, sizeof *own);
    otel__resource_default_name(own, facts->executable);
    (void)otel__resource_add(own, "telemetry.sdk.name", OTEL__RESOURCE_SDK_NAME);
    (void)otel__resource_add(own, "telemetry.sdk.language", OTEL__RESOURCE_SDK_LANGUAGE);
    (void)otel__resource_add(own, "telemetry.sdk.version", OTEL_LITE_VERSION);
    (void)otel__resource_add(own, "service.instance.id", facts->instance_id);
    if (ignore_host) {
        return;
    }
    if (facts->pid != 0) {
        own->attrs[own->count++] = otel_int("process.pid", facts->pid);
    }
    (void)otel__resource_add(own, "process.executable.name", facts->executable);
    (void)otel__resource_add(own, "host.name", facts->host_name);
    (void)otel__resource_add(own, "host.arch", OTEL__RESOURCE_ARCH);
    (void)otel__resource_add(own, "os.type", OTEL__RESOURCE_OS);
}

#endif

/* ---- resource: the message ---- */

/* Write the Resource message, without a tag of its own; with an `out` that has no buffer, measure
 * it. Attributes without a key are left out (C-01); text in options that is not UTF-8 is repaired.
 *
 *   sink  told once why the variable is ignored, if it is; NULL when it was told before
 *
 * Memory   about 1 KiB of stack, 0.5 in firmware. Time grows with the square of the attributes. */
OTEL__FN void otel__resource_encode(otel__out *out, const otel__resource_sources *from,
                                    const otel__resource_facts *facts, otel__diag_sink *sink)
{
    otel__resource_own own;
    otel_attrs         layers[OTEL__RESOURCE_LAYERS];
#if OTEL__RESOURCE_READS
    const otel__text    text = otel__text_of(from->variable);
    const char *const   fault = otel__resource_list_fault(text);
    otel__resource_walk walk;
    otel__resource_item item;

    memset(&walk, 0, sizeof walk);
    walk.layers = layers;
    if (fault == NULL) {
        walk.rest = text;
    } else {
        otel__diag(sink, OTEL_SEVERITY_WARN, "OTEL_RESOURCE_ATTRIBUTES: ignored: it has ", fault,
                   NULL);
    }
#else
    const otel_attr *attr;
    size_t           i;

    (void)sink;
#endif
    otel__resource_built_in(&own, facts, from->ignore_host);
    layers[OTEL__RESOURCE_BUILT_IN] = otel_attrs_of(own.attrs, own.count);
    layers[OTEL__RESOURCE_FALLBACK] = from->fallback;
    layers[OTEL__RESOURCE_FALLBACK_NAME] = otel__resource_name(&own, from->fallback_name);
#if OTEL__RESOURCE_READS
    layers[OTEL__RESOURCE_VARIABLE] = OTEL_NO_ATTRS;
    layers[OTEL__RESOURCE_VARIABLE_NAME] = otel__resource_name(&own, from->variable_name);
#endif
    layers[OTEL__RESOURCE_CODE] = from->code;
    layers[OTEL__RESOURCE_CODE_NAME] = otel__resource_name(&own, from->code_name);

#if OTEL__RESOURCE_READS
    while (otel__resource_next(&walk, &item)) {
        if (otel__resource_shadowed(walk, &item)) {
            continue;
        }
        if (item.attr == NULL) {
            otel__resource_put_pair(out, item.key, item.value);
        } else {
            otel__resource_put_attr(out, item.attr);
        }
    }
#else
    for (i = 0; (attr = otel__resource_at(layers, i)) != NULL; i++) {
        if (!otel__resource_shadowed(layers, i, attr)) {
            otel__resource_put_attr(out, attr);
        }
    }
#endif
}

/* ---- src/record/context.h ---- */
/* context: what the three signals share while recording: the scopes, the clock's anchor, the source
 * of ids, the current span, the check that the SDK is open and that this is not a forked child.
 * Called by every recording call; filled in by sdk/. Nothing here waits or makes a system call,
 * except the set-up lock, which only otel_*_create() and otel_scope_get() take.
 * Spec: trace/sdk.md "ID Generators"; context/README.md; requirements T-36, T-37, X-03. */

struct otel__trace;
struct otel__metrics;
struct otel__logs;

/* There are processes, and one that forks is noticed. */
#if !defined(OTEL_LITE_FREESTANDING) && !defined(OTEL_LITE_NO_FORK)
#define OTEL__FORKS
#endif

enum {                        /* otel__recorder.live */
       OTEL__LIVE_FORKED = 0, /* what a wiped page reads as in a child */
       OTEL__LIVE_OPEN = 1,
       OTEL__LIVE_CLOSED = 2,
       OTEL__LIVE_RESETTING = 3, /* a child's first caller is emptying the inherited state */
       OTEL__LIVE_DETOUR = 4     /* of an instrument: open, but see route.h                */
};

typedef struct otel__recorder {
    /* read by every call */
    otel__a32            *live;   /* OTEL__LIVE_*, in a page that a forked child finds zeroed    */
    otel__a64             anchor; /* Unix time minus monotonic time, ns, renewed by the engine   */
    struct otel__trace   *trace;  /* NULL: the signal is off                                     */
    struct otel__metrics *metrics;
    struct otel__logs    *logs;
    otel_sdk             *sdk;
    uint32_t              attribute_limit; /* of one span, event or log record */
    /* ids: fixed until a fork */
    uint64_t  seed[4];
    otel__a64 serial; /* ids made without a slot: unsampled spans, and those that found none */
    /* waking the engine */
    otel__a32 sleeping; /* 1: the engine waits and wants one wake-up */
    void (*wake)(struct otel__recorder *r);
#if defined(OTEL__FORKS)
    void (*forked)(struct otel__recorder *r);
#endif
    /* losses and telling */
    otel__losses    losses;
    otel__diag_sink sink;
    /* set-up, under the lock */
    otel__a32   lock;
    otel__a32   n_scopes;
    uint32_t    max_scopes;
    otel_scope *scopes;
    otel__arena text;       /* copies of names, units, descriptions */
    otel__a32   live_local; /* stands in for the page where there is none */
} otel__recorder;

struct otel_scope {
    otel__recorder *r;
    const char     *name; /* copied, NUL-terminated; so is version */
    const char     *version;
    const uint8_t  *bytes; /* the InstrumentationScope message */
    uint32_t        length;
    uint32_t        index;
};

/* ---- context: is the SDK open ---- */

#if defined(OTEL__FORKS)
/* The rare half of otel__recorder_live(). */
OTEL__FN OTEL__NOINLINE bool otel__recorder_settle(otel__recorder *r)
{
    uint32_t expected = OTEL__LIVE_FORKED;
    if (otel__a32_cas(r->live, &expected, OTEL__LIVE_RESETTING)) {
        r->forked(r); /* leaves OTEL__LIVE_OPEN or _CLOSED */
    }
    return otel__a32_load(r->live) == OTEL__LIVE_OPEN;
}

/* Whether recording is possible: one load. Notices a fork, before anything is recorded. */
OTEL__INLINE bool otel__recorder_live(otel__recorder *r)
{
    return OTEL__LIKELY(otel__a32_load(r->live) == OTEL__LIVE_OPEN) || otel__recorder_settle(r);
}
#else
/* Whether recording is possible: one load. */
OTEL__INLINE bool otel__recorder_live(otel__recorder *r)
{
    return OTEL__LIKELY(otel__a32_load(r->live) == OTEL__LIVE_OPEN);
}
#endif

/* ---- context: time ---- */

/* The time as Unix nanoseconds, from one reading of the monotonic clock. */
OTEL__INLINE uint64_t otel__recorder_now(const otel__recorder *r)
{
    return otel__mono_ns() + otel__a64_peek(&r->anchor);
}

/* ---- context: ids ---- */

/* A bijection of 64 bits that no output bit leaves guessable without the seeds: distinct counters
 * give distinct ids. Constants: the finalizer of MurmurHash3 (public domain). */
OTEL__HOT uint64_t otel__recorder_mix(uint64_t x, uint64_t k0, uint64_t k1)
{
    x = (x ^ k0) * 0xff51afd7ed558ccdu;
    x = (x ^ (x >> 33) ^ k1) * 0xc4ceb9fe1a85ec53u;
    return x ^ (x >> 33);
}

/* The counter behind an id: which slot, and how often it was used. Slot 0 stands for no slot. */
OTEL__INLINE uint64_t otel__recorder_counter(uint32_t slot, uint64_t use)
{
    return ((uint64_t)slot << 44) ^ use;
}

/* New ids as numbers, stored with otel__pb_store_le64(): the same on every target, given the same
 * seeds. They stay in registers on the way to two places: sixteen bytes read back right after they
 * were stored in two halves would stall the processor. */
typedef struct otel__ids {
    uint64_t high; /* the trace id's first eight bytes */
    uint64_t low;
    uint64_t span;
} otel__ids;

/* `root`: a trace id is wanted, too. */
OTEL__HOT otel__ids otel__recorder_ids(const otel__recorder *r, uint64_t counter, bool root)
{
    otel__ids ids = { 0, 0, 0 };
    if (root) {
        ids.high = otel__recorder_mix(counter, r->seed[2], r->seed[0]);
        ids.low = otel__recorder_mix(counter, r->seed[3], r->seed[2]);
        ids.low += ids.low == 0; /* all zero is no id: T-37 */
    }
    ids.span = otel__recorder_mix(counter, r->seed[0], r->seed[1]);
    ids.span += ids.span == 0;
    return ids;
}

OTEL__FN bool otel__context_is_valid(const otel_context *c)
{
    uint64_t high;
    uint64_t low;
    uint64_t span;
    memcpy(&high, c->trace_id, 8);
    memcpy(&low, c->trace_id + 8, 8);
    memcpy(&span, c->span_id, 8);
    return (high | low) != 0 && span != 0;
}

/* Field by field: sixteen bytes at a time would overlap, and a read that needs two stores which are
 * still under way stalls the processor. */
OTEL__HOT void otel__context_copy(otel_context *to, const otel_context *from)
{
    memcpy(to->trace_id, from->trace_id, sizeof to->trace_id);
    memcpy(to->span_id, from->span_id, sizeof to->span_id);
    to->trace_flags = from->trace_flags;
    to->remote = from->remote;
}

/* ---- context: the current span of this thread ---- */

/* One copy counts; so many handlers less one may interrupt each other while they attach. */
#define OTEL__CURRENT_COPIES 4u

/* Several copies and which one counts. A handler that reads in the middle of an attach sees the old
 * one whole; one that attaches and detaches itself takes a copy that nobody is writing. */
typedef struct otel__current {
    otel_context      copy[OTEL__CURRENT_COPIES];
    volatile uint8_t  which;
    volatile uint8_t  writing; /* a bit for each copy being written */
    volatile uint32_t swaps;   /* ever made: tells a reader that a handler was here */
} otel__current;

OTEL__TLS otel__current otel__context_tls;

/* Copy the current span's identity, whole even if a handler attaches spans meanwhile. Returns false
 * when there is none; `to` is then not written. */
OTEL__HOT bool otel__context_read(otel_context *to)
{
    uint32_t swaps;
    bool     valid;

    do {
        const otel_context *current;
        swaps = otel__context_tls.swaps;
        OTEL__COMPILER_FENCE();
        current = &otel__context_tls.copy[otel__context_tls.which];
        valid = otel__context_is_valid(current);
        if (valid) {
            otel__context_copy(to, current);
        }
        OTEL__COMPILER_FENCE();
    } while (OTEL__UNLIKELY(swaps != otel__context_tls.swaps));
    return valid;
}

OTEL__FN otel_context otel__context_swap(const otel_context *next)
{
    const uint8_t busy = otel__context_tls.writing;
    otel_context  previous;
    uint8_t       at = 0;

    memset(&previous, 0, sizeof previous);
    (void)otel__context_read(&previous);
    while (at < OTEL__CURRENT_COPIES &&
           (at == otel__context_tls.which || ((busy >> at) & 1u) != 0)) {
        at++;
    }
    if (at < OTEL__CURRENT_COPIES) {
        otel__context_tls.writing = (uint8_t)(busy | (1u << at));
        OTEL__COMPILER_FENCE();
        otel__context_tls.copy[at] = *next;
        OTEL__COMPILER_FENCE();
        otel__context_tls.which = at;
        otel__context_tls.swaps = otel__context_tls.swaps + 1u; /* C++20: no ++ on a volatile */
        otel__context_tls.writing = busy;
    }
    return previous;
}

/* ---- context: waking the engine ---- */

/* After a commit: a batch is complete when its records, or half the ring, are there. */
OTEL__HOT void otel__recorder_committed(otel__recorder *r, const otel__ring *ring,
                                        const otel__ring_slot *slot, uint32_t batch)
{
    if (OTEL__UNLIKELY(slot->queued >= batch || slot->bytes > ring->capacity / 2u) &&
        OTEL__UNLIKELY(otel__a32_peek(&r->sleeping) == 1u) &&
        otel__a32_swap(&r->sleeping, 0) == 1u) {
        r->wake(r);
    }
}

/* Count a refusal of the ring as the signal's loss. */
OTEL__FN OTEL__COLD void otel__recorder_refused(otel__recorder *r, otel_signal signal,
                                                otel__ring_result why)
{
    const otel_drop reason = why == OTEL__RING_FULL_RECORDS ? OTEL_DROP_QUEUE_RECORDS
                             : why == OTEL__RING_FULL_BYTES ? OTEL_DROP_QUEUE_BYTES
                                                            : OTEL_DROP_TOO_LARGE;
    otel__losses_drop(&r->losses, signal, reason);
}

/* Every queued record begins with a word: its scope's index; of a cumulative metric also the number
 * of its reading, since a newer one makes it worthless. */
#define OTEL__RECORD_PREFIX     4u
#define OTEL__RECORD_SCOPE      0xffffu
#define OTEL__RECORD_CUMULATIVE 0x10000u
#define OTEL__RECORD_READING    0x20000u /* one reading further */

OTEL__INLINE uint8_t *otel__record_prefix(uint8_t *p, uint32_t word)
{
    memcpy(p, &word, OTEL__RECORD_PREFIX);
    return p + OTEL__RECORD_PREFIX;
}

/* ---- context: set-up ---- */

/* Wait a moment for another thread. Set-up only. */
OTEL__FN void otel__recorder_nap(void)
{
#if !defined(OTEL_LITE_FREESTANDING)
    struct timespec nap = { 0, 50000 };
    (void)nanosleep(&nap, NULL);
#endif
}

OTEL__FN void otel__recorder_lock(otel__recorder *r)
{
    while (otel__a32_swap(&r->lock, 1u) != 0) {
        otel__recorder_nap(); /* the holder copies a few bytes */
    }
}

OTEL__FN void otel__recorder_unlock(otel__recorder *r) { otel__a32_store(&r->lock, 0); }

/* Copy a text of n bytes into the block, repaired if it is not UTF-8, NUL-terminated; NULL when it
 * is full. Under the lock. */
OTEL__FN char *otel__recorder_copy(otel__recorder *r, const char *s, size_t n)
{
    const size_t used = r->text.used;
    const size_t need = n > 0 ? otel__text_utf8_repair(NULL, s, n) : 0;
    char        *copy;

    copy = (char *)otel__arena_take(&r->text, need + 1u, 1);
    if (copy == NULL) {
        r->text.used = used; /* a shorter text may still fit */
        return NULL;
    }
    if (n > 0) {
        (void)otel__text_utf8_repair(copy, s, n);
    }
    copy[need] = '\0';
    return copy;
}

/* A text as it would be copied: itself when it is UTF-8, else a repaired copy, so that what was
 * created from it is found again. NULL, which stands for the empty text, or when the block is
 * full. */
OTEL__FN const char *otel__recorder_clean(otel__recorder *r, const char *s)
{
#if defined(OTEL_LITE_NO_UTF8_REPAIR)
    (void)r;
    return s != NULL ? s : "";
#else
    const size_t n = s != NULL ? otel__text_length(s) : 0;
    if (n == 0) {
        return "";
    }
    return otel__text_utf8_valid(s, n) ? s : otel__recorder_copy(r, s, n);
#endif
}

/* Copy a clean text into the block; NULL when that is full. Under the lock. */
OTEL__FN const char *otel__recorder_keep(otel__recorder *r, const char *s)
{
    const size_t n = otel__text_length(s) + 1;
    char        *copy = (char *)otel__arena_take(&r->text, n, 1);
    if (copy != NULL) {
        otel__bytes_copy(copy, s, n);
    }
    return copy;
}

/* One field of the InstrumentationScope message: name = 1, version = 2. */
OTEL__FN void otel__scope_put(otel__out *o, uint32_t number, const char *text)
{
    if (text[0] != '\0') {
        otel__pb_bytes(o, number, text, otel__text_length(text));
    }
}

/* Fill in a new scope. Under the lock; false when there is no room for the copies. */
OTEL__FN bool otel__scope_make(otel__recorder *r, otel_scope *scope, const char *name,
                               const char *version)
{
    otel__out out;

    scope->name = otel__recorder_keep(r, name);
    scope->version = otel__recorder_keep(r, version);
    if (scope->name == NULL || scope->version == NULL) {
        return false;
    }
    out = otel__out_make(r->text.base + r->text.used, r->text.size - r->text.used);
    otel__scope_put(&out, 1, name);
    otel__scope_put(&out, 2, version);
    scope->bytes = (const uint8_t *)otel__arena_take(&r->text, out.len, 1); /* what it wrote to */
    scope->length = (uint32_t)out.len;
    scope->r = r;
    return scope->bytes != NULL;
}

/* The scope of clean texts, made if it is new; NULL when there is no room. Under the lock. */
OTEL__FN otel_scope *otel__scope_find_or_make(otel__recorder *r, const char *name,
                                              const char *version)
{
    const uint32_t n = otel__a32_peek(&r->n_scopes);
    otel_scope    *scope = r->scopes;
    uint32_t       i;

    for (i = 0; i < n; i++, scope++) {
        if (otel__text_same(scope->name, name) && otel__text_same(scope->version, version)) {
            return scope;
        }
    }
    if (n >= r->max_scopes || !otel__scope_make(r, scope, name, version)) {
        return NULL;
    }
    scope->index = n;
    otel__a32_store(&r->n_scopes, n + 1u);
    return scope;
}

/* The scope of that name and version, made if it is new; NULL when there is no room. */
OTEL__FN otel_scope *otel__scope_find(otel__recorder *r, const char *name, const char *version)
{
    otel_scope *found = NULL;
    uint32_t    n;
    size_t      used;

    otel__recorder_lock(r);
    used = r->text.used;
    n = otel__a32_peek(&r->n_scopes);
    name = otel__recorder_clean(r, name);
    version = otel__recorder_clean(r, version);
    if (name != NULL && version != NULL) {
        found = otel__scope_find_or_make(r, name, version);
    }
    if (n == otel__a32_peek(&r->n_scopes)) {
        r->text.used = used; /* none is new: no copy is needed */
    }
    otel__recorder_unlock(r);
    return found;
}

/* ---- src/record/traceparent.h ---- */
/* traceparent: the W3C header that carries a span's identity from process to process.
 * Pure functions over the caller's memory; nothing of the SDK is needed. What is read came from
 * outside: every byte is looked at before it is used, and none behind the length.
 * Spec: W3C Trace Context Level 2 "traceparent Header"; requirements X-30..X-44. */

#define OTEL__TRACEPARENT_LENGTH 55u /* of version 00: 00-<32>-<16>-<2> */
#define OTEL__TRACEPARENT_FLAGS  (OTEL_TRACE_FLAG_SAMPLED | OTEL_TRACE_FLAG_RANDOM)

/* ---- traceparent: reading ---- */

/* Decode 2 * n lowercase hexadecimal digits; false when there is anything else (X-30). */
OTEL__FN bool otel__traceparent_hex(uint8_t *to, const char *text, size_t n)
{
    size_t i;

    for (i = 0; i < 2u * n; i++) {
        const char     c = text[i];
        const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                               : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10u
                                                      : 16u;
        if (digit > 15u) {
            return false;
        }
        to[i / 2u] = (uint8_t)(i % 2u == 0 ? digit << 4 : to[i / 2u] | digit);
    }
    return true;
}

/* Whether the fields stand where they have to, for a version that is known or is yet to come. */
OTEL__FN bool otel__traceparent_has_form(otel__text t, uint8_t version)
{
    return version != 0xffu && t.s[2] == '-' && t.s[35] == '-' && t.s[52] == '-' &&
           (t.n == OTEL__TRACEPARENT_LENGTH ||
            (version != 0 && t.s[OTEL__TRACEPARENT_LENGTH] == '-'));
}

OTEL_API bool otel_traceparent_read(const char *text, size_t length, otel_context *context)
{
    otel__text   t = otel__text_trim(otel__text_make(text, text != NULL ? length : 0));
    otel_context c;
    uint8_t      version;

    memset(&c, 0, sizeof c);
    if (context == NULL) {
        return false;
    }
    memset(context, 0, sizeof *context);
    if (t.n < OTEL__TRACEPARENT_LENGTH || !otel__traceparent_hex(&version, t.s, 1) ||
        !otel__traceparent_has_form(t, version) ||
        !otel__traceparent_hex(c.trace_id, t.s + 3, 16) ||
        !otel__traceparent_hex(c.span_id, t.s + 36, 8) ||
        !otel__traceparent_hex(&c.trace_flags, t.s + 53, 1) || !otel__context_is_valid(&c)) {
        return false;
    }
    c.trace_flags &= OTEL__TRACEPARENT_FLAGS; /* others are not known: X-37 */
    c.remote = 1;
    *context = c;
    return true;
}

/* ---- traceparent: writing ---- */

OTEL_API size_t otel_traceparent_write(char *to, otel_context context)
{
    const uint8_t flags = (uint8_t)(context.trace_flags & OTEL__TRACEPARENT_FLAGS);

    if (to == NULL) {
        return 0;
    }
    to[0] = '\0';
    if (!otel__context_is_valid(&context)) {
        return 0; /* X-43 */
    }
    memcpy(to, "00-", 3);
    (void)otel__text_put_hex(to + 3, context.trace_id, 16);
    to[35] = '-';
    (void)otel__text_put_hex(to + 36, context.span_id, 8);
    to[52] = '-';
    (void)otel__text_put_hex(to + 53, &flags, 1);
    to[OTEL__TRACEPARENT_LENGTH] = '\0';
    return OTEL__TRACEPARENT_LENGTH;
}

/* ---- src/record/span.h ---- */
/* span: the memory of one live span, written as an OTLP Span message while it is recorded.
 * A slot holds a fixed head (ids, times, flags, kind), then items: name, attributes, events,
 * status, each a length-delimited field with a one-byte tag. Items that outgrow the slot go to
 * extents, runs of chunks from the shared pool; an item never straddles two regions. A replaced
 * item gets tag 0 and is skipped when the span is gathered. Called by trace.h, by the holder of
 * the slot's lock.
 * Spec: trace.proto "Span"; requirements P-20, P-21, P-27, C-06, C-09, C-10. */

#define OTEL__SPAN_EXTENTS                                                                         \
    8u /* regions beyond the slot; run lengths double: 1, 2, 4 ... 32 chunks */

/* Offsets in the head. The parent comes first, so that a root span simply begins behind it. */
enum {
    OTEL__SPAN_PARENT = 0, /* 22 08 and 8 bytes     */
    OTEL__SPAN_TRACE = 10, /* 0a 10 and 16 bytes    */
    OTEL__SPAN_ID = 28,    /* 12 08 and 8 bytes     */
    OTEL__SPAN_START = 38, /* 39 and fixed64        */
    OTEL__SPAN_END = 47,   /* 41 and fixed64        */
    OTEL__SPAN_FLAGS = 56, /* 85 01 and fixed32     */
    OTEL__SPAN_KIND = 62,  /* 30 and one byte       */
    OTEL__SPAN_HEAD = 64   /* items begin           */
};

enum { /* tags of items */
       OTEL__SPAN_DEAD = 0,
       OTEL__SPAN_NAME = OTEL__PB_TAG(5, OTEL__PB_LEN),
       OTEL__SPAN_ATTR = OTEL__PB_TAG(9, OTEL__PB_LEN),
       OTEL__SPAN_EVENT = OTEL__PB_TAG(11, OTEL__PB_LEN),
       OTEL__SPAN_STATUS = OTEL__PB_TAG(15, OTEL__PB_LEN)
};

enum { /* otel__span.word: generation << 3 | flags; an odd generation is live */
       OTEL__SPAN_LOCK = 1,
       OTEL__SPAN_ENDING = 2, /* an end was called, its time is being stored */
       OTEL__SPAN_ENDED = 4   /* the holder of the lock has to finish it     */
};

typedef struct otel__extent {
    uint16_t first; /* chunk        */
    uint16_t run;   /* chunks       */
    uint32_t used;  /* bytes        */
} otel__extent;

typedef struct otel__span {
    /* atomic */
    otel__a32 word;
    uint32_t  index;  /* fixed: 1 for the first slot */
    otel__a64 starts; /* spans this slot ever held   */
    /* fixed */
    otel__recorder *r;
    /* the holder of the lock */
    otel_scope  *scope;
    uint64_t     start_mono; /* ns                                       */
    uint64_t     start_unix; /* ns; the end is this plus monotonic time  */
    uint64_t     end_mono;   /* ns; written by the one caller that ends  */
    uint64_t     keys;       /* one bit of 64 for each key's hash        */
    uint8_t     *at;         /* where the next item goes                 */
    uint8_t     *limit;      /* end of the region `at` is in             */
    uint32_t     head_used;  /* bytes of `bytes` used once left          */
    uint16_t     begin;      /* first byte of the message in `bytes`     */
    uint16_t     n_attrs;
    uint16_t     n_events;
    uint8_t      n_extents;
    uint8_t      status; /* otel_status_code      */
    bool         dead;   /* some item is replaced */
    bool         bare;   /* the status found no room: its code is added at the end */
    uint32_t     dropped_attrs;
    uint32_t     dropped_events;
    otel__extent extents[OTEL__SPAN_EXTENTS];
    uint8_t      bytes[OTEL_LITE_SPAN_BYTES];
} otel__span;

typedef struct otel__trace {
    otel__ring  ring;
    otel__pool  pool;
    otel__span *slots;
    uint32_t    n_slots;
    uint32_t    batch; /* records that complete a batch */
} otel__trace;

/* ---- span: room ---- */

/* Note how far the region is used that is being left. */
OTEL__FN void otel__span_leave_region(otel__span *s, const otel__pool *pool)
{
    if (s->n_extents == 0) {
        s->head_used = (uint32_t)(s->at - s->bytes);
    } else {
        otel__extent *e = &s->extents[s->n_extents - 1u];
        e->used = (uint32_t)(s->at - otel__pool_at(pool, e->first));
    }
}

/* Open a new region of at least `need` bytes, twice the last one if the pool has it. */
OTEL__FN OTEL__NOINLINE bool otel__span_grow(otel__span *s, otel__pool *pool, size_t need)
{
    const size_t least = (need + pool->size - 1u) / pool->size;
    uint32_t     run = s->n_extents < 5u ? 1u << s->n_extents : OTEL__POOL_RUN;
    uint32_t     first;

    if (pool->n == 0 || least > OTEL__POOL_RUN || s->n_extents >= OTEL__SPAN_EXTENTS) {
        return false;
    }
    run = run > least ? run : (uint32_t)least;
    first = otel__pool_take(pool, run);
    if (first == OTEL__POOL_NONE && run > least) {
        run = (uint32_t)least;
        first = otel__pool_take(pool, run);
    }
    if (first == OTEL__POOL_NONE) {
        return false;
    }
    otel__span_leave_region(s, pool);
    s->extents[s->n_extents].first = (uint16_t)first;
    s->extents[s->n_extents].run = (uint16_t)run;
    s->extents[s->n_extents].used = 0;
    s->n_extents++;
    s->at = otel__pool_at(pool, first);
    s->limit = s->at + (size_t)run * pool->size;
    return true;
}

OTEL__HOT bool otel__span_room(otel__span *s, otel__pool *pool, size_t need)
{
    return OTEL__LIKELY(need <= (size_t)(s->limit - s->at)) || otel__span_grow(s, pool, need);
}

/* ---- span: finding what is there ---- */

/* Walks over every item, region by region. */
typedef struct otel__span_walk {
    const otel__span *s;
    const otel__pool *pool;
    uint8_t          *p;
    uint8_t          *end;
    uint32_t          region; /* 0 the slot, then extents */
} otel__span_walk;

OTEL__FN void otel__span_walk_region(otel__span_walk *w)
{
    if (w->region == 0) {
        w->p = (uint8_t *)(uintptr_t)w->s->bytes + OTEL__SPAN_HEAD;
        w->end = (uint8_t *)(uintptr_t)w->s->bytes + w->s->head_used;
    } else {
        const otel__extent *e = &w->s->extents[w->region - 1u];
        w->p = otel__pool_at(w->pool, e->first);
        w->end = w->p + e->used;
    }
}

OTEL__FN otel__span_walk otel__span_walk_begin(otel__span *s, const otel__pool *pool)
{
    otel__span_walk w;
    otel__span_leave_region(s, pool); /* make the last region's use known */
    w.s = s;
    w.pool = pool;
    w.region = 0;
    otel__span_walk_region(&w);
    return w;
}

/* The next item that is not dead, or NULL. */
OTEL__FN uint8_t *otel__span_walk_next(otel__span_walk *w)
{
    for (;;) {
        while (w->p < w->end) {
            uint8_t *item = w->p;
            w->p = (uint8_t *)(uintptr_t)otel__kv_end(item);
            if (*item != OTEL__SPAN_DEAD) {
                return item;
            }
        }
        if (w->region >= w->s->n_extents) {
            return NULL;
        }
        w->region++;
        otel__span_walk_region(w);
    }
}

/* The attribute with that key, or NULL. */
OTEL__FN OTEL__NOINLINE uint8_t *otel__span_find(otel__span *s, const otel__pool *pool,
                                                 const otel_attr *a)
{
    const size_t    n = otel__attr_key_length(a);
    otel__span_walk w = otel__span_walk_begin(s, pool);
    uint8_t        *item = otel__span_walk_next(&w);

    while (item != NULL && !(*item == OTEL__SPAN_ATTR && otel__kv_same_odd_key(item, a, n))) {
        item = otel__span_walk_next(&w);
    }
    return item;
}

/* The status item, or NULL. */
OTEL__FN uint8_t *otel__span_find_status(otel__span *s, const otel__pool *pool)
{
    otel__span_walk w = otel__span_walk_begin(s, pool);
    uint8_t        *item = otel__span_walk_next(&w);

    while (item != NULL && *item != OTEL__SPAN_STATUS) {
        item = otel__span_walk_next(&w);
    }
    return item;
}

OTEL__FN void otel__span_kill(otel__span *s, uint8_t *item)
{
    if (item != NULL) {
        *item = OTEL__SPAN_DEAD;
        s->dead = true;
    }
}

/* ---- span: writing ---- */

/* The common attribute: short, ASCII, with room to spare. Returns false when it is not such a
 * one. */
OTEL__HOT bool otel__span_append_short(otel__span *s, const otel_attr *a, size_t key_length)
{
#if defined(__OPTIMIZE_SIZE__)
    (void)s;
    (void)a;
    (void)key_length;
    return false;
#else
    uint64_t high = 0;
    uint8_t *end;
    otel__kv kv;

    kv.key = key_length;
    kv.text = a->type == OTEL_TYPE_STRING ? otel__attr_value_length(a) : 0;
    kv.broken = false;
    if (OTEL__UNLIKELY(kv.key + kv.text > OTEL__KV_SHORT) ||
        OTEL__UNLIKELY((size_t)(s->limit - s->at) < OTEL__KV_ROOM)) {
        return false;
    }
    end = otel__kv_store_short(s->at, OTEL__SPAN_ATTR, &kv, a, &high);
    if (OTEL__UNLIKELY(high != 0)) {
        return false;
    }
    s->at = end;
    return true;
#endif
}

/* Write one attribute behind the others. Returns false when there is no room. Text that is found to
 * need repair grows while it is written: hence more than one try. */
OTEL__FN bool otel__span_append(otel__span *s, otel__pool *pool, const otel_attr *a)
{
    for (;;) {
        const size_t room = (size_t)(s->limit - s->at);
        const size_t need = otel__kv_put(s->at, room, OTEL__SPAN_ATTR, a);
        if (need <= room) {
            s->at += need;
            return true;
        }
        if (!otel__span_grow(s, pool, need)) {
            return false;
        }
    }
}

/* Cover `n` bytes, at least two, that an item no longer needs, with a dead one. */
OTEL__FN void otel__span_fill(otel__span *s, uint8_t *p, size_t n)
{
    const size_t width = n - 2u < 0x80u ? 1u : n - 3u < 0x4000u ? 2u : 3u;

    p[0] = OTEL__SPAN_DEAD;
    otel__pb_store_padded(p + 1, (uint32_t)(n - 1u - width), width);
    s->dead = true;
}

/* Write a new value over an old field, where the two take the same room, or the new one less. */
OTEL__FN bool otel__span_overwrite(otel__span *s, uint8_t *old, const otel_attr *a)
{
    const size_t room = (size_t)(otel__kv_end(old) - old);
    otel__kv     kv;
    uint64_t     high = 0;
    size_t       need;

    if (!otel__kv_measure_checked(&kv, a)) {
        return false;
    }
    need = otel__kv_field_size(&kv);
    if (need != room && need + 2u > room) {
        return false;
    }
    (void)otel__kv_store(old, OTEL__SPAN_ATTR, &kv, a, &high);
    if (need < room) {
        otel__span_fill(s, old + need, room - need);
    }
    return true;
}

/* Set an attribute whose key may be there already, or which does not fit as simply as most do. */
OTEL__FN OTEL__NOINLINE void otel__span_set_odd(otel__span *s, otel__pool *pool, const otel_attr *a,
                                                uint64_t bit)
{
    const size_t n = otel__attr_key_length(a);
    uint8_t     *old = n != 0 && n <= OTEL__KEY_MAX ? otel__span_find(s, pool, a) : NULL;

    if (old != NULL && otel__span_overwrite(s, old, a)) {
        return;
    }
    if (n == 0 || n > OTEL__KEY_MAX || (old == NULL && s->n_attrs >= s->r->attribute_limit) ||
        !otel__span_append(s, pool, a)) {
        s->dropped_attrs++;
        return;
    }
    s->keys |= bit;
    s->n_attrs = (uint16_t)(s->n_attrs + (old == NULL));
    otel__span_kill(s, old);
}

/* Set one attribute: a key that is there gets the new value, a new one counts against the limit. */
OTEL__HOT void otel__span_set_one(otel__span *s, otel__pool *pool, const otel_attr *a)
{
    const size_t   n = otel__attr_key_length(a);
    const uint64_t bit = otel__attr_key_bit(otel__attr_hash_key(a, n));

    if (OTEL__LIKELY((s->keys & bit) == 0) && OTEL__LIKELY(n != 0) &&
        OTEL__LIKELY(s->n_attrs < s->r->attribute_limit) &&
        OTEL__LIKELY(otel__span_append_short(s, a, n))) {
        s->keys |= bit;
        s->n_attrs++;
    } else {
        otel__span_set_odd(s, pool, a, bit);
    }
}

/* The name when it is not UTF-8 or does not fit: it is repaired, and cut at a character. */
OTEL__FN OTEL__NOINLINE void otel__span_put_odd_name(otel__span *s, otel__pool *pool,
                                                     const char *name, size_t n)
{
    size_t length = otel__text_utf8_repair(NULL, name, n);

    if (!otel__span_room(s, pool, otel__pb_field_size(length))) {
        const size_t room = (size_t)(s->limit - s->at);
        /* a replaced byte takes three: a third of the room holds whatever it becomes */
        const size_t cut = room > 16u ? (room - 8u) / (length == n ? 1u : 3u) : 0;
        n = otel__text_utf8_cut(name, n, cut);
        length = otel__text_utf8_repair(NULL, name, n);
    }
    *s->at++ = OTEL__SPAN_NAME;
    s->at = otel__kv_length(s->at, length);
    s->at += otel__text_utf8_repair((char *)s->at, name, n);
}

/* Write the name, the first item. */
OTEL__HOT void otel__span_put_name(otel__span *s, otel__pool *pool, const char *name)
{
    const size_t n = strlen(name);
    uint64_t     high = 0;

    if (OTEL__UNLIKELY(n == 0)) {
        return; /* P-02: left out */
    }
    if (OTEL__LIKELY(n + 3u <= OTEL_LITE_SPAN_BYTES - OTEL__SPAN_HEAD)) {
        uint8_t *p = s->at;
        *p++ = OTEL__SPAN_NAME;
        p = otel__kv_text(otel__kv_length(p, n), name, n, &high);
        if (OTEL__LIKELY(high == 0) || otel__text_utf8_valid(name, n)) {
            s->at = p;
            return;
        }
    }
    otel__span_put_odd_name(s, pool, name, n);
}

/* ---- span: gathering ---- */

/* Bytes of the finished message: the walk leaves dead items out. */
OTEL__FN size_t otel__span_size(otel__span *s, const otel__pool *pool)
{
    size_t   n;
    uint32_t i;

    if (s->dead) {
        otel__span_walk w = otel__span_walk_begin(s, pool);
        const uint8_t  *item;
        n = OTEL__SPAN_HEAD - (size_t)s->begin;
        while ((item = otel__span_walk_next(&w)) != NULL) {
            n += (size_t)(otel__kv_end(item) - item);
        }
        return n;
    }
    otel__span_leave_region(s, pool);
    n = s->head_used - (size_t)s->begin;
    for (i = 0; i < s->n_extents; i++) {
        n += s->extents[i].used;
    }
    return n;
}

/* Copy the message to `p`; the same bytes that otel__span_size() counted. */
OTEL__FN uint8_t *otel__span_copy(otel__span *s, const otel__pool *pool, uint8_t *p)
{
    size_t   n = (s->dead ? (size_t)OTEL__SPAN_HEAD : s->head_used) - (size_t)s->begin;
    uint32_t i;

    memcpy(p, s->bytes + s->begin, n);
    p += n;
    if (s->dead) {
        otel__span_walk w = otel__span_walk_begin(s, pool);
        const uint8_t  *item;
        while ((item = otel__span_walk_next(&w)) != NULL) {
            n = (size_t)(otel__kv_end(item) - item);
            memcpy(p, item, n);
            p += n;
        }
        return p;
    }
    for (i = 0; i < s->n_extents; i++) {
        memcpy(p, otel__pool_at(pool, s->extents[i].first), s->extents[i].used);
        p += s->extents[i].used;
    }
    return p;
}

OTEL__FN void otel__span_free_extents(otel__span *s, otel__pool *pool)
{
    uint32_t i;
    for (i = 0; i < s->n_extents; i++) {
        otel__pool_give(pool, s->extents[i].first, s->extents[i].run);
    }
    s->n_extents = 0;
}

/* ---- src/record/trace.h ---- */
/* trace: starting, changing and ending spans, from any thread and any signal handler.
 * A slot is claimed by one compare-and-swap on its word; setting takes the word's lock bit and
 * gives it back; an end that meets a lock leaves the work to its holder. So nothing waits, and
 * each started span is queued exactly once. The handle carries the identity, so that ended,
 * unsampled and slot-less spans can still be parents.
 * Spec: trace/api.md, trace/sdk.md; requirements T-03..T-18, T-30..T-37, P-20, P-21. */

#if !defined(OTEL_LITE_NO_TRACES)

#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__SPAN_SPINS 0 /* one core: whoever holds the lock was interrupted by us */
#else
#define OTEL__SPAN_SPINS 200 /* a holder writes a few hundred bytes, then lets go */
#endif

OTEL__TLS uint32_t otel__trace_hint; /* the slot this thread used last */

/* ---- trace: the slot's word ---- */

/* Claim a free slot, by the thread's hint first. Returns NULL when all are live. */
OTEL__HOT otel__span *otel__trace_claim(otel__trace *t, uint32_t *generation)
{
    const uint32_t hint = otel__trace_hint;
    uint32_t       i = hint < t->n_slots ? hint : 0;
    uint32_t       n;

    for (n = 0; n < t->n_slots; n++) {
        otel__span *s = &t->slots[i];
        uint32_t    word = otel__a32_peek(&s->word);
        if ((word & 0xfu) == 0) { /* even generation, no flags: free */
            const uint32_t taken = word + 8u;
            if (otel__a32_cas(&s->word, &word, taken | OTEL__SPAN_LOCK)) {
                otel__trace_hint = i;
                *generation = taken >> 3;
                return s;
            }
        }
        i = i + 1u < t->n_slots ? i + 1u : 0;
    }
    return NULL;
}

/* Take the lock if the span is live and not ending. A lock held by another is tried for a
 * moment. */
OTEL__HOT bool otel__trace_lock(otel__span *s, uint32_t generation)
{
    const uint32_t open = generation << 3;
    uint32_t       word = open;
    int            spins = 0;

    while (OTEL__UNLIKELY(!otel__a32_cas(&s->word, &word, open | OTEL__SPAN_LOCK))) {
        if (word != (open | OTEL__SPAN_LOCK)) {
            return false; /* ended, ending, or the slot of another span */
        }
        if (spins++ >= OTEL__SPAN_SPINS) {
            (void)otel__a32_count(&s->r->losses.busy_handles, 1u);
            return false;
        }
        word = open;
    }
    return true;
}

/* Queue the span and free its slot. The caller holds the lock and the ending flag. */
OTEL__FN void otel__trace_finish(otel__span *s)
{
    otel__recorder *r = s->r;
    otel__trace    *t = r->trace;
    const uint32_t  generation = otel__a32_peek(&s->word) >> 3;
    uint8_t         tail[16]; /* two tags with 32-bit varints, and a status */
    uint8_t        *end = tail;
    otel__ring_slot slot;
    size_t          n;
    uint64_t        lasted = s->end_mono - s->start_mono;

    if (lasted >> 63 != 0) {
        lasted = 0; /* a clock hook that ran backwards: end never precedes start */
    }
    otel__pb_store_le64(s->bytes + OTEL__SPAN_END + 1, s->start_unix + lasted);
    if (OTEL__UNLIKELY(s->dropped_attrs != 0)) {
        *end++ = OTEL__PB_TAG(10, OTEL__PB_VARINT);
        end = otel__pb_store_varint(end, s->dropped_attrs);
        (void)otel__a32_count(&r->losses.attributes, s->dropped_attrs);
    }
    if (OTEL__UNLIKELY(s->dropped_events != 0)) {
        *end++ = OTEL__PB_TAG(12, OTEL__PB_VARINT);
        end = otel__pb_store_varint(end, s->dropped_events);
        (void)otel__a32_count(&r->losses.events, s->dropped_events);
    }
    if (OTEL__UNLIKELY(s->bare)) {
        *end++ = OTEL__SPAN_STATUS;
        *end++ = 2;
        *end++ = OTEL__PB_TAG(3, OTEL__PB_VARINT);
        *end++ = s->status;
    }
    n = OTEL__RECORD_PREFIX + otel__span_size(s, &t->pool) + (size_t)(end - tail);
    if (OTEL__UNLIKELY(otel__a32_load(r->live) != OTEL__LIVE_OPEN)) {
        otel__losses_drop(&r->losses, OTEL_SIGNAL_TRACES, OTEL_DROP_SHUTDOWN);
    } else {
        const otel__ring_result result = otel__ring_reserve(
            &t->ring, n <= OTEL__RING_LENGTH ? (uint32_t)n : OTEL__RING_LENGTH, &slot);
        if (OTEL__LIKELY(result == OTEL__RING_OK)) {
            uint8_t *p = otel__record_prefix(slot.data, s->scope->index);
            p = otel__span_copy(s, &t->pool, p);
            if (OTEL__UNLIKELY(end != tail)) {
                memcpy(p, tail, (size_t)(end - tail));
            }
            otel__ring_commit(&slot);
            otel__recorder_committed(r, &t->ring, &slot, t->batch);
        } else {
            otel__recorder_refused(r, OTEL_SIGNAL_TRACES, result);
        }
    }
    otel__span_free_extents(s, &t->pool);
    otel__a32_store(&s->word, (generation + 1u) << 3);
}

/* Give the lock back, and finish the span if somebody ended it meanwhile. */
OTEL__HOT void otel__trace_unlock(otel__span *s, uint32_t generation)
{
    uint32_t word = (generation << 3) | OTEL__SPAN_LOCK;
    while (OTEL__UNLIKELY(!otel__a32_cas(&s->word, &word, word & ~(uint32_t)OTEL__SPAN_LOCK))) {
        if ((word & OTEL__SPAN_ENDED) != 0) {
            otel__trace_finish(s);
            return;
        }
    }
}

/* ---- trace: start ---- */

static const uint8_t otel__span_template[OTEL__SPAN_HEAD] = {
    0x22, 8,    0, 0, 0, 0, 0, 0, 0, 0,                         /* parent_span_id       */
    0x0a, 16,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* trace_id             */
    0x12, 8,    0, 0, 0, 0, 0, 0, 0, 0,                         /* span_id              */
    0x39, 0,    0, 0, 0, 0, 0, 0, 0,                            /* start_time_unix_nano */
    0x41, 0,    0, 0, 0, 0, 0, 0, 0,                            /* end_time_unix_nano   */
    0x85, 0x01, 0, 0, 0, 0,                                     /* flags                */
    0x30, 0,                                                    /* kind                 */
};

/* The new span's identity, in its handle. A root's ids are as random as W3C's second level asks:
 * X-39. */
OTEL__HOT void otel__trace_identify(const otel_context *parent, const otel__ids *ids,
                                    otel_context *own)
{
    own->trace_flags = OTEL_TRACE_FLAG_SAMPLED | OTEL_TRACE_FLAG_RANDOM;
    own->remote = 0;
    if (parent != NULL) {
        memcpy(own->trace_id, parent->trace_id, sizeof own->trace_id);
        own->trace_flags = (uint8_t)(own->trace_flags & parent->trace_flags);
    } else {
        otel__pb_store_le64(own->trace_id, ids->high);
        otel__pb_store_le64(own->trace_id + 8, ids->low);
    }
    otel__pb_store_le64(own->span_id, ids->span);
}

/* The same identity, in the head of the message. */
OTEL__HOT void otel__trace_put_ids(uint8_t *head, const otel_context *parent, const otel__ids *ids)
{
    if (parent != NULL) {
        memcpy(head + OTEL__SPAN_PARENT + 2, parent->span_id, sizeof parent->span_id);
        memcpy(head + OTEL__SPAN_TRACE + 2, parent->trace_id, sizeof parent->trace_id);
    } else {
        otel__pb_store_le64(head + OTEL__SPAN_TRACE + 2, ids->high);
        otel__pb_store_le64(head + OTEL__SPAN_TRACE + 10, ids->low);
    }
    otel__pb_store_le64(head + OTEL__SPAN_ID + 2, ids->span);
}

/* Write the head of the message and forget what the slot held before. */
OTEL__HOT void otel__trace_fill(otel__span *s, otel_scope *scope, const otel_context *parent,
                                uint8_t flags)
{
    const bool child = parent != NULL;

    otel__pb_store_le32(s->bytes + OTEL__SPAN_FLAGS + 2, /* P-21: remoteness is known */
                        flags | 0x100u | (child && parent->remote ? 0x200u : 0u));
    s->scope = scope;
    s->start_mono = otel__mono_ns();
    s->start_unix = s->start_mono + otel__a64_peek(&scope->r->anchor);
    otel__pb_store_le64(s->bytes + OTEL__SPAN_START + 1, s->start_unix);
    s->keys = 0;
    s->at = s->bytes + OTEL__SPAN_HEAD;
    s->limit = s->bytes + OTEL_LITE_SPAN_BYTES;
    s->begin = child ? OTEL__SPAN_PARENT : OTEL__SPAN_TRACE;
    s->n_attrs = 0;
    s->n_events = 0;
    s->n_extents = 0;
    s->status = (uint8_t)OTEL_STATUS_CODE_UNSET;
    s->dead = false;
    s->bare = false;
    s->dropped_attrs = 0;
    s->dropped_events = 0;
}

/* A span that records nothing but has ids of its own (T-31). */
OTEL__FN void otel__trace_start_bare(otel__recorder *r, const otel_context *parent, otel_span *span)
{
    const uint64_t  use = otel__a64_count(&r->serial, 1u);
    const otel__ids ids = otel__recorder_ids(r, otel__recorder_counter(0, use), parent == NULL);
    otel__trace_identify(parent, &ids, &span->context);
}

/* The parent: what the options say, else the current span, copied to `current`; NULL for a root. */
OTEL__HOT const otel_context *otel__trace_parent(const otel_span_options *options,
                                                 otel_context            *current)
{
    if (options != NULL && options->root) {
        return NULL;
    }
    if (options != NULL && options->parent != NULL) {
        return otel__context_is_valid(options->parent) ? options->parent : NULL;
    }
    return otel__context_read(current) ? current : NULL;
}

/* Set what the start was given: kind, name, attributes. The slot is locked. */
OTEL__HOT void otel__trace_describe(otel__span *s, const char *name,
                                    const otel_span_options *options)
{
    otel__pool    *pool = &s->r->trace->pool;
    otel_span_kind kind = OTEL_SPAN_KIND_INTERNAL;
    size_t         i;

    otel__span_put_name(s, pool, name != NULL ? name : "");
    if (options != NULL) {
        if (options->kind > OTEL_SPAN_KIND_DEFAULT && options->kind <= OTEL_SPAN_KIND_CONSUMER) {
            kind = options->kind;
        }
        for (i = 0; options->attrs.items != NULL && i < options->attrs.count; i++) {
            otel__span_set_one(s, pool, &options->attrs.items[i]);
        }
    }
    s->bytes[OTEL__SPAN_KIND + 1] = (uint8_t)kind; /* P-22: never 0 */
}

OTEL_API otel_span otel_span_start(otel_scope *scope, const char *name,
                                   const otel_span_options *options)
{
    otel_context        current;
    const otel_context *parent = otel__trace_parent(options, &current);
    otel__recorder     *r = scope != NULL ? scope->r : NULL;
    otel_span           span;
    otel__span         *s;
    otel__ids           ids;
    uint64_t            use;

    memset(&span, 0, sizeof span);
    if (OTEL__UNLIKELY(r == NULL || r->trace == NULL || !otel__recorder_live(r))) {
        if (parent != NULL) {
            span.context = *parent; /* telemetry is off: the caller's context goes on (T-18) */
        }
        return span;
    }
    if (parent != NULL && (parent->trace_flags & OTEL_TRACE_FLAG_SAMPLED) == 0) {
        otel__trace_start_bare(r, parent, &span);
        return span;
    }
    s = otel__trace_claim(r->trace, &span.generation);
    if (OTEL__UNLIKELY(s == NULL)) {
        otel__losses_drop(&r->losses, OTEL_SIGNAL_TRACES, OTEL_DROP_NO_SLOT);
        otel__trace_start_bare(r, parent, &span);
        return span;
    }
    span.slot = s;
    use = otel__a64_peek(&s->starts) + 1u;
    otel__a64_put(&s->starts, use); /* the slot is ours: no read-modify-write needed */
    ids = otel__recorder_ids(r, otel__recorder_counter(s->index, use), parent == NULL);
    otel__trace_identify(parent, &ids, &span.context);
    memcpy(s->bytes, otel__span_template, OTEL__SPAN_HEAD);
    otel__trace_put_ids(s->bytes, parent, &ids);
    otel__trace_fill(s, scope, parent, span.context.trace_flags);
    otel__trace_describe(s, name, options);
    otel__a32_store(&s->word, span.generation << 3);
    return span;
}

/* ---- trace: change ---- */

/* Take the lock for a change; false when the call has no effect. */
OTEL__HOT bool otel__trace_open(const otel_span *span)
{
    return span->slot != NULL && otel__recorder_live(span->slot->r) &&
           otel__trace_lock(span->slot, span->generation);
}

OTEL_API void otel_span_set(otel_span span, otel_attrs attrs)
{
    size_t i;

    if (attrs.items == NULL || attrs.count == 0 || !otel__trace_open(&span)) {
        return;
    }
    for (i = 0; i < attrs.count; i++) {
        otel__span_set_one(span.slot, &span.slot->r->trace->pool, &attrs.items[i]);
    }
    otel__trace_unlock(span.slot, span.generation);
}

/* One event, measured: time, name, attributes that count, and how many do not. */
typedef struct otel__event {
    size_t   name;    /* bytes after repair          */
    size_t   body;    /* bytes of the Event message  */
    uint32_t dropped; /* attributes                  */
    bool     repeats; /* some keys may occur twice   */
} otel__event;

OTEL__FN void otel__event_measure(otel__event *e, const char *name, otel_attrs attrs,
                                  uint32_t limit)
{
    uint32_t kept = 0;
    size_t   i;

    e->name = otel__text_utf8_repair(NULL, name, strlen(name));
    e->body = 9u + (e->name > 0 ? otel__pb_field_size(e->name) : 0u);
    e->dropped = 0;
    e->repeats = otel__attrs_may_repeat(attrs);
    for (i = 0; i < attrs.count; i++) {
        otel__kv kv;
        if (!otel__kv_measure_checked(&kv, &attrs.items[i])) {
            e->dropped++;
        } else if (otel__attrs_keeps(attrs, i, e->repeats, limit, &kept)) {
            e->body += otel__kv_field_size(&kv);
        } else if (!e->repeats || !otel__attrs_is_shadowed(attrs, i)) {
            e->dropped++;
        }
    }
    if (e->dropped > 0) {
        e->body += 1u + otel__pb_varint_size(e->dropped);
    }
}

OTEL__FN uint8_t *otel__event_store(uint8_t *p, const otel__event *e, const char *name,
                                    otel_attrs attrs, uint32_t limit)
{
    uint32_t kept = 0;
    uint64_t high = 0;
    size_t   i;

    if (e->name > 0) {
        *p++ = OTEL__PB_TAG(2, OTEL__PB_LEN);
        p = otel__kv_length(p, e->name);
        p += otel__text_utf8_repair((char *)p, name, strlen(name));
    }
    for (i = 0; i < attrs.count; i++) {
        otel__kv kv;
        if (otel__kv_measure_checked(&kv, &attrs.items[i]) &&
            otel__attrs_keeps(attrs, i, e->repeats, limit, &kept)) {
            p = otel__kv_store(p, OTEL__PB_TAG(3, OTEL__PB_LEN), &kv, &attrs.items[i], &high);
        }
    }
    if (e->dropped > 0) {
        *p++ = OTEL__PB_TAG(4, OTEL__PB_VARINT);
        p = otel__pb_store_varint(p, e->dropped);
    }
    return p;
}

#define OTEL__EVENTS_MAX 128u /* T-34: EventCountLimit */

OTEL_API void otel_span_add_event(otel_span span, const char *name, otel_attrs attrs)
{
    otel__span *s = span.slot;
    otel__event e;

    if (!otel__trace_open(&span)) {
        return;
    }
    name = name != NULL ? name : "";
    attrs = otel_attrs_of(attrs.items, attrs.count);
    otel__event_measure(&e, name, attrs, s->r->attribute_limit);
    if (s->n_events >= OTEL__EVENTS_MAX ||
        !otel__span_room(s, &s->r->trace->pool, otel__pb_field_size(e.body))) {
        s->dropped_events++;
    } else {
        const uint64_t now = s->start_unix + (otel__mono_ns() - s->start_mono);
        *s->at++ = OTEL__SPAN_EVENT;
        s->at = otel__kv_length(s->at, e.body);
        *s->at++ = OTEL__PB_TAG(1, OTEL__PB_FIXED64);
        otel__pb_store_le64(s->at, now);
        s->at = otel__event_store(s->at + 8, &e, name, attrs, s->r->attribute_limit);
        s->n_events++;
        if (OTEL__UNLIKELY(e.dropped > 0)) {
            (void)otel__a32_count(&s->r->losses.attributes, e.dropped);
        }
    }
    otel__trace_unlock(s, span.generation);
}

/* Write the Status item. Returns false when there is no room even without the message. */
OTEL__FN bool otel__trace_put_status(otel__span *s, otel_status_code code, const char *message)
{
    const size_t n = message != NULL ? strlen(message) : 0;
    const size_t text = n > 0 ? otel__text_utf8_repair(NULL, message, n) : 0;
    const size_t body = 2u + (text > 0 ? otel__pb_field_size(text) : 0);

    if (!otel__span_room(s, &s->r->trace->pool, otel__pb_field_size(body))) {
        return text > 0 && otel__trace_put_status(s, code, NULL);
    }
    *s->at++ = OTEL__SPAN_STATUS;
    s->at = otel__kv_length(s->at, body);
    if (text > 0) {
        *s->at++ = OTEL__PB_TAG(2, OTEL__PB_LEN);
        s->at = otel__kv_length(s->at, text);
        s->at += otel__text_utf8_repair((char *)s->at, message, n);
    }
    *s->at++ = OTEL__PB_TAG(3, OTEL__PB_VARINT);
    *s->at++ = (uint8_t)code;
    return true;
}

OTEL_API void otel_span_set_status(otel_span span, otel_status_code code, const char *message)
{
    otel__span *s = span.slot;
    uint8_t    *old = NULL;

    if ((code != OTEL_STATUS_CODE_OK && code != OTEL_STATUS_CODE_ERROR) ||
        !otel__trace_open(&span)) {
        return;
    }
    if (s->status != OTEL_STATUS_CODE_OK) { /* T-13: Ok is final, Error replaces Error */
        if (s->status != OTEL_STATUS_CODE_UNSET) {
            old = otel__span_find_status(s, &s->r->trace->pool);
        }
        s->bare = !otel__trace_put_status(s, code, code == OTEL_STATUS_CODE_ERROR ? message : NULL);
        otel__span_kill(s, old);
        s->status = (uint8_t)code;
    }
    otel__trace_unlock(s, span.generation);
}

/* ---- trace: end ---- */

/* An end that met a lock: flag it, store the time, then whoever is last does the work. */
OTEL__FN OTEL__NOINLINE void otel__trace_end_contended(otel__span *s, uint32_t generation,
                                                       uint64_t now)
{
    uint32_t word = otel__a32_load(&s->word);

    do {
        if ((word >> 3) != generation || (word & OTEL__SPAN_ENDING) != 0) {
            return; /* somebody else ended it */
        }
    } while (!otel__a32_cas(&s->word, &word, word | OTEL__SPAN_ENDING));
    s->end_mono = now;
    word |= OTEL__SPAN_ENDING;
    for (;;) {
        const bool     locked = (word & OTEL__SPAN_LOCK) != 0;
        const uint32_t next = word | (uint32_t)(locked ? OTEL__SPAN_ENDED : OTEL__SPAN_LOCK);
        if (otel__a32_cas(&s->word, &word, next)) {
            if (!locked) {
                otel__trace_finish(s);
            }
            return;
        }
    }
}

OTEL_API void otel_span_end(otel_span span)
{
    otel__span *s = span.slot;
    uint32_t    word = span.generation << 3;
    uint64_t    now;

    if (s == NULL || !otel__recorder_live(s->r) ||
        (otel__a32_peek(&s->word) >> 3) != span.generation) {
        return;
    }
    now = otel__mono_ns();
    if (OTEL__LIKELY(otel__a32_cas(&s->word, &word, word | OTEL__SPAN_ENDING | OTEL__SPAN_LOCK))) {
        s->end_mono = now;
        otel__trace_finish(s);
    } else {
        otel__trace_end_contended(s, span.generation, now);
    }
}

OTEL_API bool otel_span_is_recording(otel_span span)
{
    return span.slot != NULL && otel__recorder_live(span.slot->r) &&
           (otel__a32_load(&span.slot->word) & ~(uint32_t)OTEL__SPAN_LOCK) == span.generation << 3;
}

OTEL_API otel_context otel_span_context(otel_span span) { return span.context; }

OTEL_API otel_context otel_span_attach(otel_span span) { return otel__context_swap(&span.context); }

OTEL_API void otel_span_detach(otel_context previous) { (void)otel__context_swap(&previous); }

/* ---- trace: set-up, counts, fork ---- */

/* Carve the state of the signal. */
OTEL__FN void otel__trace_init(otel__trace *t, otel__arena *a, otel__recorder *r, uint32_t n_slots,
                               uint32_t n_chunks)
{
    uint32_t i;

    t->n_slots = n_slots;
    t->slots = (otel__span *)otel__arena_take(a, n_slots, sizeof *t->slots);
    otel__pool_init(&t->pool, a, n_chunks, OTEL_LITE_CHUNK_BYTES);
    for (i = 0; otel__arena_fits(a) && i < n_slots; i++) {
        otel__a32_put(&t->slots[i].word, 0);
        otel__a64_put(&t->slots[i].starts, 0);
        t->slots[i].index = i + 1u;
        t->slots[i].r = r;
        t->slots[i].n_extents = 0;
    }
}

/* Spans that ever took a slot, and those that hold one now. */
OTEL__FN void otel__trace_count(const otel__trace *t, uint64_t *started, uint64_t *open)
{
    uint32_t i;

    *started = 0;
    *open = 0;
    for (i = 0; i < t->n_slots; i++) {
        *started += otel__a64_peek(&t->slots[i].starts);
        *open += (otel__a32_load(&t->slots[i].word) >> 3) & 1u;
    }
}

/* In a forked child: no span is open, no handle of the parent's is valid, all chunks are free. */
OTEL__FN void otel__trace_forget(otel__trace *t)
{
    uint32_t i;
    uint32_t w;

    for (i = 0; i < t->n_slots; i++) {
        const uint32_t generation = otel__a32_peek(&t->slots[i].word) >> 3;
        otel__a32_put(&t->slots[i].word, (generation + (generation & 1u)) << 3);
        otel__a64_put(&t->slots[i].starts, 0);
        t->slots[i].n_extents = 0;
    }
    for (w = 0; w * 32u < t->pool.n; w++) {
        const uint32_t left = t->pool.n - w * 32u;
        otel__a32_put(&t->pool.free[w], otel__pool_mask(left < 32u ? left : 32u));
    }
    otel__ring_reset(&t->ring);
}

#endif /* OTEL_LITE_NO_TRACES */

/* ---- src/record/log.h ---- */
/* log: log records, encoded straight into the queue's bytes: measured, reserved, written,
 * committed. Called from any thread, signal handler or interrupt; keeps no state but the ring.
 * Spec: logs/api.md "Emit a LogRecord", logs/sdk.md, logs.proto; requirements L-02..L-08, L-20,
 * P-31. */

#if !defined(OTEL_LITE_NO_LOGS)

typedef struct otel__logs {
    otel__ring ring;
    uint32_t   batch; /* records that complete a batch */
} otel__logs;

/* One record, measured: texts after repair, attributes that count. */
typedef struct otel__log_size {
    size_t       severity_text;
    size_t       body;    /* bytes of the text; the AnyValue adds its tag and length */
    size_t       any;     /* bytes of the body's AnyValue                            */
    size_t       event;   /* bytes of the event name                                 */
    size_t       total;   /* bytes of the LogRecord                                  */
    otel_context context; /* zeroed: none                                            */
    uint32_t     dropped; /* attributes                                              */
    bool         joins;   /* the context is valid                                    */
    bool         repeats; /* some keys may occur twice                               */
    bool         plain;   /* every attribute is kept as it is                        */
    bool         broken;  /* some text is not UTF-8: all of them are written with care */
} otel__log_size;

/* Bytes of a text once written. */
OTEL__HOT size_t otel__log_text(otel__log_size *m, const char *s)
{
    size_t n;

    if (s == NULL) {
        return 0;
    }
    n = strlen(s);
    if (OTEL__UNLIKELY(!otel__attr_is_ascii(s, n)) && !otel__text_utf8_valid(s, n)) {
        m->broken = true;
        n = otel__text_utf8_repair(NULL, s, n);
    }
    return n;
}

/* Whether item i is kept; `kept` counts those that are. A shadowed one is no loss. */
OTEL__HOT bool otel__log_keeps(otel__log_size *m, otel_attrs attrs, size_t i, uint32_t limit,
                               uint32_t *kept)
{
    if (OTEL__UNLIKELY(m->repeats) && otel__attrs_is_shadowed(attrs, i)) {
        return false;
    }
    if (OTEL__UNLIKELY(*kept >= limit)) {
        m->dropped++;
        return false;
    }
    (*kept)++;
    return true;
}

/* The list that is not plain: item by item. */
OTEL__FN OTEL__NOINLINE void otel__log_measure_odd(otel__log_size *m, otel_attrs attrs,
                                                   uint32_t limit)
{
    uint32_t kept = 0;
    size_t   i;

    m->repeats = otel__attrs_may_repeat(attrs);
    for (i = 0; i < attrs.count; i++) {
        otel__kv kv;
        if (OTEL__UNLIKELY(!otel__kv_measure_checked(&kv, &attrs.items[i]))) {
            m->dropped++;
        } else if (OTEL__LIKELY(otel__log_keeps(m, attrs, i, limit, &kept))) {
            m->total += otel__kv_field_size(&kv);
            m->broken = m->broken || kv.broken;
        }
    }
    if (OTEL__UNLIKELY(m->dropped > 0)) {
        m->total += 1u + otel__pb_varint_size(m->dropped);
    }
}

OTEL__HOT void otel__log_measure(otel__log_size *m, const otel_log_record *record, otel_attrs attrs,
                                 uint32_t limit)
{
    size_t bytes;

    if (record->context == NULL) {
        m->joins = otel__context_read(&m->context);
    } else { /* one that is not valid is absent, not zeros: L-04, P-20 */
        m->joins = otel__context_is_valid(record->context);
        otel__context_copy(&m->context, record->context);
    }
    m->dropped = 0;
    m->broken = false;
    m->severity_text = otel__log_text(m, record->severity_text);
    m->body = otel__log_text(m, record->body);
    m->any = record->body != NULL ? 1u + otel__attr_length_size(m->body) + m->body : 0;
    m->event = otel__log_text(m, record->event_name);
    m->total = 9; /* observed time */
    m->total += record->time_unix_ns != 0 ? 9u : 0u;
    m->total += record->severity != OTEL_SEVERITY_UNSPECIFIED ? 2u : 0u;
    m->total += m->severity_text > 0 ? otel__pb_field_size(m->severity_text) : 0u;
    m->total += record->body != NULL ? 1u + otel__attr_length_size(m->any) + m->any : 0u;
    m->total += m->event > 0 ? otel__pb_field_size(m->event) : 0u;
    m->total += m->joins ? 5u + 18u + 10u : 0u;
    m->plain = otel__attrs_are_plain(attrs, limit, &bytes);
    if (OTEL__LIKELY(m->plain)) {
        m->total += bytes;
    } else {
        otel__log_measure_odd(m, attrs, limit);
    }
}

/* Write a text of `n` bytes once written. */
OTEL__HOT uint8_t *otel__log_put_text(uint8_t *p, const otel__log_size *m, uint8_t tag,
                                      const char *s, size_t n)
{
    uint64_t high = 0;

    *p++ = tag;
    p = otel__kv_length(p, n);
    if (OTEL__UNLIKELY(m->broken)) {
        return p + otel__text_utf8_repair((char *)p, s, strlen(s));
    }
    return otel__kv_text(p, s, n, &high);
}

OTEL__HOT uint8_t *otel__log_put_context(uint8_t *p, const otel_context *c)
{
    *p++ = OTEL__PB_TAG(8, OTEL__PB_FIXED32);
    otel__pb_store_le32(p, c->trace_flags);
    p += 4;
    *p++ = OTEL__PB_TAG(9, OTEL__PB_LEN);
    *p++ = 16;
    memcpy(p, c->trace_id, 16);
    p += 16;
    *p++ = OTEL__PB_TAG(10, OTEL__PB_LEN);
    *p++ = 8;
    memcpy(p, c->span_id, 8);
    return p + 8;
}

OTEL__FN OTEL__NOINLINE uint8_t *otel__log_put_odd(uint8_t *p, otel__log_size *m, otel_attrs attrs,
                                                   uint32_t limit)
{
    const uint32_t dropped = m->dropped;
    uint32_t       kept = 0;
    uint64_t       high = 0;
    size_t         i;

    for (i = 0; i < attrs.count; i++) {
        otel__kv kv;
        if (OTEL__UNLIKELY(!otel__kv_measure(&kv, &attrs.items[i]))) {
            continue;
        }
        if (OTEL__UNLIKELY(m->broken)) {
            otel__kv_check(&kv, &attrs.items[i]);
        }
        if (OTEL__LIKELY(otel__log_keeps(m, attrs, i, limit, &kept))) {
            p = otel__kv_store(p, OTEL__PB_TAG(6, OTEL__PB_LEN), &kv, &attrs.items[i], &high);
        }
    }
    if (OTEL__UNLIKELY(dropped > 0)) {
        *p++ = OTEL__PB_TAG(7, OTEL__PB_VARINT);
        p = otel__pb_store_varint(p, dropped);
    }
    return p;
}

/* Write what otel__log_measure() counted. */
OTEL__HOT void otel__log_put(uint8_t *p, const otel__log_size *m, const otel_log_record *record,
                             uint64_t now)
{
    if (record->time_unix_ns != 0) {
        *p++ = OTEL__PB_TAG(1, OTEL__PB_FIXED64);
        otel__pb_store_le64(p, record->time_unix_ns);
        p += 8;
    }
    if (record->severity != OTEL_SEVERITY_UNSPECIFIED) {
        *p++ = OTEL__PB_TAG(2, OTEL__PB_VARINT);
        *p++ = (uint8_t)record->severity;
    }
    if (m->severity_text > 0) {
        p = otel__log_put_text(p, m, OTEL__PB_TAG(3, OTEL__PB_LEN), record->severity_text,
                               m->severity_text);
    }
    if (record->body != NULL) {
        *p++ = OTEL__PB_TAG(5, OTEL__PB_LEN);
        p = otel__kv_length(p, m->any);
        p = otel__log_put_text(p, m, OTEL__PB_TAG(1, OTEL__PB_LEN), record->body, m->body);
    }
    if (m->joins) {
        p = otel__log_put_context(p, &m->context);
    }
    *p++ = OTEL__PB_TAG(11, OTEL__PB_FIXED64);
    otel__pb_store_le64(p, now); /* L-03: always set */
    p += 8;
    if (m->event > 0) {
        (void)otel__log_put_text(p, m, OTEL__PB_TAG(12, OTEL__PB_LEN), record->event_name,
                                 m->event);
    }
}

/* Queue one record; `record` has a severity from 0 to 24. */
OTEL__FN OTEL__NOINLINE void otel__log_queue(otel_scope *scope, const otel_log_record *record,
                                             uint64_t now)
{
    otel__recorder   *r = scope->r;
    otel__logs       *logs = r->logs;
    const otel_attrs  attrs = otel_attrs_of(record->attrs.items, record->attrs.count);
    otel__log_size    m;
    otel__ring_slot   slot;
    otel__ring_result result;
    uint8_t          *p;

    otel__log_measure(&m, record, attrs, r->attribute_limit);
    if (m.dropped > 0) {
        (void)otel__a32_count(&r->losses.attributes, m.dropped);
    }
    m.total += OTEL__RECORD_PREFIX;
    result = otel__ring_reserve(
        &logs->ring, m.total <= OTEL__RING_LENGTH ? (uint32_t)m.total : OTEL__RING_LENGTH, &slot);
    if (OTEL__UNLIKELY(result != OTEL__RING_OK)) {
        otel__recorder_refused(r, OTEL_SIGNAL_LOGS, result);
        return;
    }
    p = otel__record_prefix(slot.data, scope->index);
    p = OTEL__LIKELY(m.plain) ? otel__attrs_store_plain(p, OTEL__PB_TAG(6, OTEL__PB_LEN), attrs)
                              : otel__log_put_odd(p, &m, attrs, r->attribute_limit);
    otel__log_put(p, &m, record, now);
    otel__ring_commit(&slot);
    otel__recorder_committed(r, &logs->ring, &slot, logs->batch);
}

OTEL_API void otel_log(otel_scope *scope, otel_severity severity, const char *body,
                       otel_attrs attrs)
{
    otel_log_record record;

    if (scope == NULL || scope->r->logs == NULL || !otel__recorder_live(scope->r)) {
        return;
    }
    memset(&record, 0, sizeof record);
    record.severity = (unsigned)severity > 24u ? OTEL_SEVERITY_UNSPECIFIED : severity;
    record.body = body;
    record.attrs = attrs;
    record.time_unix_ns = otel__recorder_now(scope->r);
    otel__log_queue(scope, &record, record.time_unix_ns);
}

OTEL_API void otel_log_emit(otel_scope *scope, const otel_log_record *record)
{
    otel_log_record copy;

    if (scope == NULL || record == NULL || scope->r->logs == NULL ||
        !otel__recorder_live(scope->r)) {
        return;
    }
    copy = *record;
    if ((unsigned)copy.severity > 24u) {
        copy.severity = OTEL_SEVERITY_UNSPECIFIED;
    }
    otel__log_queue(scope, &copy, otel__recorder_now(scope->r));
}

#endif /* OTEL_LITE_NO_LOGS */

/* ---- src/record/histogram.h ---- */
/* histogram: explicit buckets in two copies, one hot (recorded into), one cold (being read).
 * The lowest bit of `word` says which copy is hot, the rest counts beginnings by two. A recorder
 * touches sum, min and max first and the bucket last, with release: so the sum over a copy's
 * buckets is the number of recordings that have finished in it. The collector flips the bit and
 * reads the cold copy once as many have finished as had begun there; it never waits, and never
 * flips again before it has read. What it reads it adds to accumulators of its own. Nobody ever
 * waits.
 * Spec: metrics/sdk.md "Explicit Bucket Histogram Aggregation"; requirements M-44..M-46, P-25. */

/* What one copy and the accumulators hold besides buckets; doubles by their bits. */
typedef struct otel__hist_copy {
    otel__a64  sum;
    otel__a64  min;
    otel__a64  max;
    otel__a32 *buckets; /* n_buckets */
} otel__hist_copy;

typedef struct otel__hist {
    otel__a32       word;       /* begun << 1 | hot                                  */
    uint32_t        flipped_at; /* collector: begun at the last flip           */
    uint32_t        expected;   /* collector: recordings to appear in the cold */
    bool            cold_unread;
    otel__hist_copy copy[2];
    /* collector only */
    uint64_t *buckets; /* n_buckets, cumulative */
    uint64_t  count;
    double    sum;
    double    min;
    double    max;
} otel__hist;

#define OTEL__HIST_ABOVE_ALL UINT64_C(0x7ff0000000000000) /* the bits of infinity */
#define OTEL__HIST_BELOW_ALL UINT64_C(0xfff0000000000000)

/* Bytes of a histogram with that many buckets, its arrays included. */
OTEL__FN size_t otel__hist_bytes(uint32_t n_buckets)
{
    const size_t narrow = (2u * n_buckets * sizeof(otel__a32) + 7u) & ~(size_t)7u;
    return ((sizeof(otel__hist) + 7u) & ~(size_t)7u) + n_buckets * sizeof(uint64_t) + narrow;
}

OTEL__FN void otel__hist_copy_clear(otel__hist_copy *c, uint32_t n_buckets)
{
    uint32_t i;
    otel__a64_put(&c->sum, 0); /* 0.0 */
    otel__a64_put(&c->min, OTEL__HIST_ABOVE_ALL);
    otel__a64_put(&c->max, OTEL__HIST_BELOW_ALL);
    for (i = 0; i < n_buckets; i++) {
        otel__a32_put(&c->buckets[i], 0);
    }
}

/* The accumulators but for the buckets: as before the first recording. Collector only. */
OTEL__FN void otel__hist_restart(otel__hist *h)
{
    h->count = 0;
    h->sum = 0;
    h->min = otel__platform_bits_double(OTEL__HIST_ABOVE_ALL);
    h->max = otel__platform_bits_double(OTEL__HIST_BELOW_ALL);
}

/* Empty the accumulators: the next reading begins anew. Collector only. */
OTEL__FN void otel__hist_reset(otel__hist *h, uint32_t n_buckets)
{
    memset(h->buckets, 0, n_buckets * sizeof *h->buckets);
    otel__hist_restart(h);
}

/* Lay out a histogram in otel__hist_bytes() bytes, 8-aligned. */
OTEL__FN void otel__hist_init(otel__hist *h, uint32_t n_buckets)
{
    uint8_t *p = (uint8_t *)h + ((sizeof *h + 7u) & ~(size_t)7u);

    memset(h, 0, otel__hist_bytes(n_buckets));
    h->buckets = (uint64_t *)(void *)p;
    p += n_buckets * sizeof(uint64_t);
    h->copy[0].buckets = (otel__a32 *)(void *)p;
    h->copy[1].buckets = h->copy[0].buckets + n_buckets;
    otel__hist_copy_clear(&h->copy[0], n_buckets);
    otel__hist_copy_clear(&h->copy[1], n_buckets);
    otel__hist_restart(h);
}

/* The bucket of a value: the first whose bound is not below it (M-45). Halving without branches on
 * the value: buckets of real data are hard to predict. */
OTEL__HOT uint32_t otel__hist_bucket(const double *bounds, uint32_t n_bounds, double value)
{
    const double *base = bounds;
    uint32_t      n = n_bounds;

    while (n > 1) {
        const uint32_t half = n / 2u;
        base += half & (0u - (uint32_t)otel__platform_less(base[half - 1u],
                                                           value)); /* compilers branch on ?: */
        n -= half;
    }
    return (uint32_t)(base - bounds) + (n == 1u && otel__platform_less(*base, value) ? 1u : 0u);
}

OTEL__HOT void otel__hist_add_double(otel__a64 *to, double value)
{
    uint64_t bits = otel__a64_peek(to);
    while (!otel__a64_cas(to, &bits,
                          otel__platform_double_bits(otel__platform_bits_double(bits) + value))) {
    }
}

OTEL__HOT void otel__hist_lower(otel__a64 *to, double value)
{
    uint64_t bits = otel__a64_peek(to);
    while (otel__platform_less(value, otel__platform_bits_double(bits)) &&
           !otel__a64_cas(to, &bits, otel__platform_double_bits(value))) {
    }
}

OTEL__HOT void otel__hist_raise(otel__a64 *to, double value)
{
    uint64_t bits = otel__a64_peek(to);
    while (otel__platform_less(otel__platform_bits_double(bits), value) &&
           !otel__a64_cas(to, &bits, otel__platform_double_bits(value))) {
    }
}

/* A recording begins: the copy to record into. It ends with otel__a32_add on one of the copy's
 * buckets, which says that the rest is there. */
OTEL__HOT uint32_t otel__hist_begin(otel__hist *h) { return otel__a32_add(&h->word, 2u) & 1u; }

OTEL__HOT void otel__hist_touch(otel__hist_copy *c, double value)
{
    otel__hist_add_double(&c->sum, value);
    otel__hist_lower(&c->min, value);
    otel__hist_raise(&c->max, value);
}

/* Record a finite value. Lock-free; any thread, signal handler, interrupt. */
OTEL__HOT void otel__hist_record(otel__hist *h, const double *bounds, uint32_t n_bounds,
                                 double value)
{
    const uint32_t   bucket = otel__hist_bucket(bounds, n_bounds, value);
    otel__hist_copy *c = &h->copy[otel__hist_begin(h)];

    otel__hist_touch(c, value);
    (void)otel__a32_add(&c->buckets[bucket], 1u);
}

/* Turn the copies round; the one that was hot has to be read before the next time. */
OTEL__FN void otel__hist_flip(otel__hist *h)
{
    const uint32_t begun = otel__a32_xor(&h->word, 1u) >> 1;

    h->expected = (begun - h->flipped_at) & 0x7fffffffu; /* counted modulo 2^31 */
    h->flipped_at = begun;
    h->cold_unread = true;
}

/* The cold copy, and whether everyone has left it when `finished` have finished there. */
OTEL__FN uint32_t otel__hist_cold(const otel__hist *h)
{
    return (otel__a32_peek(&h->word) & 1u) ^ 1u;
}

OTEL__FN bool otel__hist_is_left(const otel__hist *h, uint32_t finished)
{
    return (finished & 0x7fffffffu) == h->expected;
}

/* Add everything but the buckets of a copy that everyone has left. */
OTEL__FN void otel__hist_fold_values(otel__hist *h, const otel__hist_copy *c, uint32_t count)
{
    double v = otel__platform_bits_double(otel__a64_peek(&c->min));

    h->min = otel__platform_less(v, h->min) ? v : h->min;
    v = otel__platform_bits_double(otel__a64_peek(&c->max));
    h->max = otel__platform_less(h->max, v) ? v : h->max;
    h->sum += otel__platform_bits_double(otel__a64_peek(&c->sum));
    h->count += count;
}

/* Add the cold copy to the accumulators if everyone has left it. Returns false if not yet. */
OTEL__FN bool otel__hist_fold(otel__hist *h, uint32_t n_buckets)
{
    otel__hist_copy *c = &h->copy[otel__hist_cold(h)];
    uint32_t         finished = 0;
    uint32_t         i;

    for (i = 0; i < n_buckets; i++) {
        finished += otel__a32_load(&c->buckets[i]);
    }
    if (!otel__hist_is_left(h, finished)) {
        return false;
    }
    for (i = 0; i < n_buckets; i++) {
        h->buckets[i] += otel__a32_peek(&c->buckets[i]);
    }
    otel__hist_fold_values(h, c, finished);
    otel__hist_copy_clear(c, n_buckets);
    h->cold_unread = false;
    return true;
}

/* Bring the accumulators up to date. Returns false when a recording is still under way: they then
 * hold a consistent earlier state, and the next call goes on. Collector only. */
OTEL__FN bool otel__hist_collect(otel__hist *h, uint32_t n_buckets)
{
    if (h->cold_unread && !otel__hist_fold(h, n_buckets)) {
        return false;
    }
    otel__hist_flip(h);
    return otel__hist_fold(h, n_buckets);
}

/* ---- src/record/exponential_index.h ---- */
/* exponential_index: which bucket of a base-2 exponential histogram a value falls into, exactly,
 * for every finite double above 0 (subnormals as they are) and every scale from -11 to 20. Integers
 * only: neither libm nor a floating-point unit. Called by record/exponential.h for each recording.
 * Bucket i at scale s holds what is above 2^(i / 2^s) and not above 2^((i + 1) / 2^s); so an index
 * at a coarser scale is the finer one shifted down.
 * Spec: metrics/data-model.md "ExponentialHistogram", requirements M-52, M-53. */

#if !defined(OTEL_LITE_NO_EXPONENTIAL)

#define OTEL__EXP_SCALE_MIN (-11) /* two buckets hold every double */
#define OTEL__EXP_SCALE_MAX 20

/* Arithmetic shift: down, also below zero; `by` < 32. */
OTEL__HOT int32_t otel__exp_shift(int32_t v, uint32_t by) { return v < 0 ? ~(~v >> by) : v >> by; }

/* ---- the binary logarithm, digit by digit ---- */

/* A number in [1, 2) with 95 binary places, the first word the highest. */
typedef struct otel__exp_wide {
    uint32_t w[3];
} otel__exp_wide;

/* Square x, halve the result if it is 2 or more: returns 1 then. The result is too small by less
 * than 6 units of 2^-94: what the low halves of the products would have added. */
OTEL__FN uint32_t otel__exp_square(otel__exp_wide *x)
{
    const uint64_t a = x->w[0], b = x->w[1], c = x->w[2];
    const uint64_t aa = a * a, ab = a * b;
    const uint64_t low = 2u * (uint64_t)(uint32_t)ab + 2u * ((a * c) >> 32) + ((b * b) >> 32);
    const uint64_t middle = 2u * (ab >> 32) + (uint32_t)aa + (low >> 32);
    uint32_t       top = (uint32_t)((aa >> 32) + (middle >> 32));
    const uint32_t two = top >> 31;

    x->w[0] = top;
    x->w[1] = (uint32_t)middle;
    x->w[2] = (uint32_t)low;
    if (two == 0) { /* 94 places: make it 95 again */
        x->w[0] = top << 1 | x->w[1] >> 31;
        x->w[1] = x->w[1] << 1 | x->w[2] >> 31;
        x->w[2] <<= 1;
    }
    return two;
}

/* The first `digits` binary places of log2(1 + f / 2^52), 0 < f < 2^52, digits <= 20: squaring
 * doubles the logarithm, and its whole part is the next digit.
 * Why this is exact: squarings only err downwards. A digit too low is made up for by ones in all
 * that follow and an x just below 2, so the result is wrong only if the true logarithm, times 2^20,
 * is above a whole number by less than the error: 2^20 * 6 * 2^-94 / ln 2 < 2^-70. Among all
 * doubles and all 2^20 boundaries of scale 20 the two that are closest without being equal differ
 * by a factor of 1 + 2^-77.7: 2^-57 in the same measure. (tests/property/test_exponential.py finds
 * it.) */
OTEL__FN int32_t otel__exp_log2_wide(uint64_t f, uint32_t digits)
{
    otel__exp_wide x;
    uint32_t       n = 0;

    x.w[0] = 0x80000000u | (uint32_t)(f >> 21);
    x.w[1] = (uint32_t)(f << 11);
    x.w[2] = 0;
    while (digits-- > 0) {
        n = n << 1 | otel__exp_square(&x);
    }
    return (int32_t)n;
}

#if defined(__SIZEOF_INT128__)
__extension__ typedef unsigned __int128 otel__exp_u128;

/* The same with 63 places. The error is below 2^20 * 2^-62 / ln 2 < 2^-41 of a digit's worth: it
 * can only matter if x ends within 2^-40 of 2, and then the wide one decides. */
OTEL__INLINE int32_t otel__exp_log2(uint64_t f, uint32_t digits)
{
    uint64_t x = UINT64_C(1) << 63 | f << 11;
    uint32_t n = 0, left = digits;

    while (left-- > 0) {
        const uint64_t square = (uint64_t)(((otel__exp_u128)x * x) >> 64);
        n = n << 1 | (uint32_t)(square >> 63);
        x = square << ((square >> 63) ^ 1u);
    }
    return OTEL__LIKELY(x >> 24 != (UINT64_C(1) << 40) - 1u) ? (int32_t)n
                                                             : otel__exp_log2_wide(f, digits);
}
#else
#define otel__exp_log2(f, digits) otel__exp_log2_wide(f, digits)
#endif

/* ---- the index ---- */

/* Move the highest set bit of a subnormal's fraction to where a normal one has its hidden bit, and
 * drop it; returns the exponent. */
OTEL__COLD static int32_t otel__exp_normalize(uint64_t *fraction)
{
    int32_t e = -1022;

    while (*fraction >> 52 == 0) {
        *fraction <<= 1;
        e--;
    }
    *fraction &= (UINT64_C(1) << 52) - 1u;
    return e;
}

#if !defined(OTEL_LITE_FREESTANDING)
/* The fractions of 2^(i / 64), cut to 52 places: a fraction is above the power when it is above
 * this; and how many of them lie below each 128th. (The same test computes them.) */
static const uint64_t otel__exp_bounds[65] = {
    UINT64_C(0x0000000000000), UINT64_C(0x02c9a3e778060), UINT64_C(0x059b0d3158574),
    UINT64_C(0x0874518759bc8), UINT64_C(0x0b5586cf9890f), UINT64_C(0x0e3ec32d3d1a2),
    UINT64_C(0x11301d0125b50), UINT64_C(0x1429aaea92ddf), UINT64_C(0x172b83c7d517a),
    UINT64_C(0x1a35beb6fcb75), UINT64_C(0x1d4873168b9aa), UINT64_C(0x2063b88628cd6),
    UINT64_C(0x2387a6e756238), UINT64_C(0x26b4565e27cdd), UINT64_C(0x29e9df51fdee1),
    UINT64_C(0x2d285a6e4030b), UINT64_C(0x306fe0a31b715), UINT64_C(0x33c08b26416ff),
    UINT64_C(0x371a7373aa9ca), UINT64_C(0x3a7db34e59ff6), UINT64_C(0x3dea64c123422),
    UINT64_C(0x4160a21f72e29), UINT64_C(0x44e086061892d), UINT64_C(0x486a2b5c13cd0),
    UINT64_C(0x4bfdad5362a27), UINT64_C(0x4f9b2769d2ca6), UINT64_C(0x5342b569d4f81),
    UINT64_C(0x56f4736b527da), UINT64_C(0x5ab07dd485429), UINT64_C(0x5e76f15ad2148),
    UINT64_C(0x6247eb03a5584), UINT64_C(0x6623882552224), UINT64_C(0x6a09e667f3bcc),
    UINT64_C(0x6dfb23c651a2e), UINT64_C(0x71f75e8ec5f73), UINT64_C(0x75feb564267c8),
    UINT64_C(0x7a11473eb0186), UINT64_C(0x7e2f336cf4e62), UINT64_C(0x82589994cce12),
    UINT64_C(0x868d99b4492ec), UINT64_C(0x8ace5422aa0db), UINT64_C(0x8f1ae99157736),
    UINT64_C(0x93737b0cdc5e4), UINT64_C(0x97d829fde4e4f), UINT64_C(0x9c49182a3f090),
    UINT64_C(0xa0c667b5de564), UINT64_C(0xa5503b23e255c), UINT64_C(0xa9e6b5579fdbf),
    UINT64_C(0xae89f995ad3ad), UINT64_C(0xb33a2b84f15fa), UINT64_C(0xb7f76f2fb5e46),
    UINT64_C(0xbcc1e904bc1d2), UINT64_C(0xc199bdd85529c), UINT64_C(0xc67f12e57d14b),
    UINT64_C(0xcb720dcef9069), UINT64_C(0xd072d4a07897b), UINT64_C(0xd5818dcfba487),
    UINT64_C(0xda9e603db3285), UINT64_C(0xdfc97337b9b5e), UINT64_C(0xe502ee78b3ff6),
    UINT64_C(0xea4afa2a490d9), UINT64_C(0xefa1bee615a27), UINT64_C(0xf50765b6e4540),
    UINT64_C(0xfa7c1819e90d8), UINT64_C(0x10000000000000)
};
static const uint8_t otel__exp_guess[128] = {
    0,  1,  2,  3,  3,  4,  5,  5,  6,  7,  7,  8,  9,  9,  10, 11, 11, 12, 13, 13, 14, 15,
    15, 16, 16, 17, 18, 18, 19, 19, 20, 21, 21, 22, 22, 23, 23, 24, 25, 25, 26, 26, 27, 27,
    28, 28, 29, 29, 30, 30, 31, 31, 32, 32, 33, 34, 34, 35, 35, 36, 36, 36, 37, 37, 38, 38,
    39, 39, 40, 40, 41, 41, 42, 42, 43, 43, 44, 44, 44, 45, 45, 46, 46, 47, 47, 48, 48, 48,
    49, 49, 50, 50, 51, 51, 51, 52, 52, 53, 53, 53, 54, 54, 55, 55, 55, 56, 56, 57, 57, 57,
    58, 58, 59, 59, 59, 60, 60, 60, 61, 61, 62, 62, 62, 63, 63, 63, 64, 64
};
#endif

/* The index of a finite value above 0, given by its bits. */
OTEL__HOT int32_t otel__exp_index(uint64_t bits, int32_t scale)
{
    int32_t        e = (int32_t)(bits >> 52) - 1023;
    uint64_t       f = bits & ((UINT64_C(1) << 52) - 1u);
    const uint32_t finer = scale > 0 ? (uint32_t)scale : 0,
                   coarser = scale < 0 ? 0u - (uint32_t)scale : 0;

    if (OTEL__UNLIKELY(e == -1023)) {
        e = otel__exp_normalize(&f);
    }
#if !defined(OTEL_LITE_FREESTANDING)
    if (OTEL__LIKELY(scale <= 6)) {
        const uint32_t below = otel__exp_guess[f >> 45];
        const int32_t  at = e * 64 - 1 + (int32_t)below + (f > otel__exp_bounds[below] ? 1 : 0);
        return otel__exp_shift(at, (uint32_t)(6 - scale));
    }
#endif
    e = e * (int32_t)(1u << finer) + (f == 0 ? -1 : otel__exp_log2(f, finer));
    return otel__exp_shift(e, coarser);
}

#endif /* OTEL_LITE_NO_EXPONENTIAL */

/* ---- src/record/exponential.h ---- */
/* exponential: a base-2 exponential histogram for one series, in two copies as in histogram.h. Each
 * copy has a window: a scale and, per sign, the index of its first bucket. They are written only
 * while the copy is cold, so that a value inside the window is recorded like one of an explicit
 * histogram, without a lock. One outside ends its visit empty-handed and takes the series' lock, if
 * it is free: the holder owns the accumulators, adds the value there, and turns the copies round
 * with a window chosen anew. Who finds the lock taken leaves its value in the pending list for the
 * holder; nobody ever waits. The collector holds the lock while it reads the accumulators.
 * Windows have no slack: without resets the scale is the largest at which all values fit (M-51);
 * after one, intervals begin with the last one's window, at most twice as wide as that one needed.
 * Spec: metrics/sdk.md "Base2 Exponential Bucket Histogram Aggregation"; requirements M-50..M-53 */

#if !defined(OTEL_LITE_NO_EXPONENTIAL)

typedef enum otel__exp_result {
    OTEL__EXP_OK,
    OTEL__EXP_LOST,          /* lock taken and list full: not recorded                   */
    OTEL__EXP_NEEDS_NEGATIVE /* not recorded: give memory for negative values, then again */
} otel__exp_result;

/* The gate: whether the lock is taken, and for each place of the list whether it is claimed and
 * whether the value is there. */
#define OTEL__EXP_LOCK    UINT32_C(1)
#define OTEL__EXP_PLACES  15u
#define OTEL__EXP_CLAIMED UINT32_C(0x0000fffe)
#define OTEL__EXP_READY   UINT32_C(0x7fff0000) /* those of claimed, shifted by 15 */

/* Indexes at one scale: n of them from first, for positive [0] and negative [1] values. */
typedef struct otel__exp_span {
    int32_t  scale;
    int32_t  first[2];
    uint32_t n[2];
} otel__exp_span;

/* What a copy has besides sum, min and max, which are in `base`. */
typedef struct otel__exp_copy {
    /* written while cold */
    otel__exp_span window;     /* n is max_size, or 0 before the first value */
    otel__a32     *buckets[2]; /* max_size each */
    /* recorders */
    otel__a32 zero;
    otel__a32 missed; /* visits that ended empty-handed */
} otel__exp_copy;

typedef struct otel__exp {
    otel__hist     base; /* its turn and copies; who holds the lock: count, sum, min, max */
    otel__exp_copy copy[2];
    otel__a32      gate;
    otel__aptr     negative; /* otel__exp_negative_bytes(), or NULL */
    otel__a64      pending[OTEL__EXP_PLACES];
    uint32_t       max_size;  /* of buckets per sign, 2..65535 */
    int32_t        max_scale; /* -11..20 */
    /* who holds the lock */
    uint64_t       zero;
    otel__exp_span used; /* where the accumulated buckets are, from [0]; behind there are zeros */
    uint64_t      *totals[2]; /* max_size each */
} otel__exp;

/* ---- memory ---- */

#define OTEL__EXP_ROOM ((sizeof(otel__exp) + 7u) & ~(size_t)7u)

/* Accumulated buckets, then those of both copies. */
OTEL__FN uint32_t otel__exp_negative_bytes(uint32_t max_size)
{
    return max_size * (uint32_t)(sizeof(uint64_t) + 2u * sizeof(otel__a32));
}

OTEL__FN size_t otel__exp_bytes(uint32_t max_size)
{
    return OTEL__EXP_ROOM + otel__exp_negative_bytes(max_size);
}

OTEL__FN otel__a32 *otel__exp_buckets(const otel__exp *h, uint32_t which, uint32_t sign)
{
    return (otel__a32 *)(void *)(h->totals[sign] + h->max_size) + which * h->max_size;
}

/* Lay out a histogram in otel__exp_bytes() bytes, 8-aligned. */
OTEL__FN void otel__exp_init(otel__exp *h, uint32_t max_size, int32_t max_scale)
{
    uint32_t i;

    memset(h, 0, otel__exp_bytes(max_size));
    h->max_size = max_size;
    h->max_scale = h->used.scale = max_scale;
    h->totals[0] = (uint64_t *)(void *)((uint8_t *)h + OTEL__EXP_ROOM);
    otel__hist_restart(&h->base);
    for (i = 0; i < 2; i++) {
        h->copy[i].window.scale = max_scale;
        h->copy[i].buckets[0] = otel__exp_buckets(h, i, 0);
        otel__hist_copy_clear(&h->base.copy[i], 0); /* it has none */
    }
}

/* Give otel__exp_negative_bytes() bytes, 8-aligned, for the buckets of negative values; any thread.
 * Returns false when another was first: the memory is not used. */
OTEL__FN bool otel__exp_give_negative(otel__exp *h, void *memory)
{
    void *none = NULL;

    memset(memory, 0, otel__exp_negative_bytes(h->max_size));
    return otel__aptr_cas(&h->negative, &none, memory);
}

/* ---- spans of indexes ---- */

OTEL__FN int32_t otel__exp_last(const otel__exp_span *a, uint32_t sign)
{
    return (int32_t)((uint32_t)a->first[sign] + (a->n[sign] - 1u));
}

/* The same span `by` scales coarser. */
OTEL__FN void otel__exp_coarsen(otel__exp_span *a, uint32_t by)
{
    uint32_t sign;

    for (sign = 0; sign < 2; sign++) {
        if (a->n[sign] > 0) {
            const int32_t last = otel__exp_shift(otel__exp_last(a, sign), by);
            a->first[sign] = otel__exp_shift(a->first[sign], by);
            a->n[sign] = (uint32_t)last - (uint32_t)a->first[sign] + 1u;
        }
    }
    a->scale -= (int32_t)by;
}

/* Make a span what covers both, at the largest scale at which each sign fits in max_size. */
OTEL__FN void otel__exp_join(otel__exp_span *a, otel__exp_span b, uint32_t max_size)
{
    uint32_t sign;

    if (b.n[0] == 0 && b.n[1] == 0) {
        return; /* its scale says nothing */
    }
    if (a->scale > b.scale) {
        otel__exp_coarsen(a, (uint32_t)(a->scale - b.scale));
    } else {
        otel__exp_coarsen(&b, (uint32_t)(b.scale - a->scale));
    }
    for (sign = 0; sign < 2; sign++) {
        if (b.n[sign] > 0) {
            int32_t first = b.first[sign], last = otel__exp_last(&b, sign);
            if (a->n[sign] > 0) {
                const int32_t end = otel__exp_last(a, sign);
                first = a->first[sign] < first ? a->first[sign] : first;
                last = end > last ? end : last;
            }
            a->first[sign] = first;
            a->n[sign] = (uint32_t)last - (uint32_t)first + 1u;
        }
    }
    while (a->n[0] > max_size || a->n[1] > max_size) {
        otel__exp_coarsen(a, 1);
    }
}

/* The part of a copy's window where something has been counted; returns how much. */
OTEL__FN uint32_t otel__exp_scan(const otel__exp *h, uint32_t which, otel__exp_span *part)
{
    uint32_t sum = 0, sign, i;

    *part = h->copy[which].window;
    for (sign = 0; sign < 2; sign++) {
        const otel__a32 *buckets = h->copy[which].buckets[sign];
        const uint32_t   n = part->n[sign];
        uint32_t         low = n, end = n;
        for (i = n; i-- > 0;) {
            const uint32_t counted = otel__a32_load(&buckets[i]);
            if (counted > 0) {
                end = low == n ? i + 1u : end;
                low = i;
                sum += counted;
            }
        }
        part->first[sign] += (int32_t)low;
        part->n[sign] = end - low;
    }
    return sum;
}

/* ---- the accumulators: with the lock ---- */

/* Make the accumulators cover a span too, coarser where they have to be. */
OTEL__FN void otel__exp_cover(otel__exp *h, const otel__exp_span *span)
{
    const otel__exp_span from = h->used;
    uint32_t             by, sign, i;

    h->totals[1] = (uint64_t *)otel__aptr_load(&h->negative);
    otel__exp_join(&h->used, *span, h->max_size);
    by = (uint32_t)(from.scale - h->used.scale);
    for (sign = 0; sign < 2; sign++) {
        uint64_t      *b = h->totals[sign];
        const int32_t  first = from.first[sign], low = otel__exp_shift(first, by);
        const uint32_t up = (uint32_t)low - (uint32_t)h->used.first[sign];
        const uint32_t room = h->used.n[sign] - up;
        const uint32_t n = from.n[sign] < room ? from.n[sign] : room; /* there are zeros behind */
        for (i = 0; by > 0 && i < from.n[sign]; i++) {
            const uint64_t v = b[i];
            b[i] = 0;
            b[otel__exp_shift(first + (int32_t)i, by) - low] += v;
        }
        if (from.n[sign] > 0 && up > 0) {
            memmove(b + up, b, n * sizeof *b);
            memset(b, 0, (up < n ? up : n) * sizeof *b);
        }
    }
}

/* Count n at an index inside what they cover. */
OTEL__FN void otel__exp_count(otel__exp *h, uint32_t sign, int32_t index, int32_t scale, uint32_t n)
{
    index = otel__exp_shift(index, (uint32_t)(scale - h->used.scale));
    h->totals[sign][index - h->used.first[sign]] += n;
}

/* Add one value, not 0. */
OTEL__FN void otel__exp_take(otel__exp *h, uint64_t bits)
{
    const uint32_t  sign = (uint32_t)(bits >> 63);
    otel__exp_span  one;
    otel__hist_copy alone;

    memset(&one, 0, sizeof one);
    one.scale = h->used.scale;
    one.first[sign] = otel__exp_index(bits & (UINT64_MAX >> 1), one.scale);
    one.n[sign] = 1;
    otel__exp_cover(h, &one);
    otel__exp_count(h, sign, one.first[sign], one.scale, 1);
    alone.sum.v = alone.min.v = alone.max.v = bits;
    alone.buckets = NULL;
    otel__hist_fold_values(&h->base, &alone, 1);
}

/* Add the cold copy, if there is something in it and everyone has left it; false if not yet. */
OTEL__FN bool otel__exp_fold(otel__exp *h)
{
    const uint32_t  which = otel__hist_cold(&h->base);
    otel__exp_copy *c = &h->copy[which];
    otel__exp_span  part;
    uint32_t        count, zero, sign, i;

    if (!h->base.cold_unread) {
        return true;
    }
    zero = otel__a32_load(&c->zero);
    count = otel__exp_scan(h, which, &part) + zero;
    if (!otel__hist_is_left(&h->base, count + otel__a32_load(&c->missed))) {
        return false;
    }
    otel__exp_cover(h, &part);
    for (sign = 0; sign < 2; sign++) {
        for (i = 0; i < part.n[sign]; i++) {
            const int32_t index = part.first[sign] + (int32_t)i;
            otel__a32 *bucket = otel__exp_buckets(h, which, sign) + (index - c->window.first[sign]);
            otel__exp_count(h, sign, index, part.scale, otel__a32_peek(bucket));
            otel__a32_put(bucket, 0);
        }
    }
    otel__hist_fold_values(&h->base, &h->base.copy[which], count);
    h->zero += zero;
    otel__hist_copy_clear(&h->base.copy[which], 0);
    otel__a32_put(&c->zero, 0);
    otel__a32_put(&c->missed, 0);
    h->base.cold_unread = false;
    return true;
}

/* Give the cold copy, which is empty, a window around all that is known; make it the hot one. */
OTEL__FN void otel__exp_flip(otel__exp *h)
{
    const uint32_t which = otel__hist_cold(&h->base);
    otel__exp_span wide = h->used, part;
    uint32_t       sign;

    (void)otel__exp_scan(h, which ^ 1u, &part);
    otel__exp_join(&wide, part, h->max_size);
    while (wide.scale < h->max_scale && 2u * wide.n[0] <= h->max_size &&
           2u * wide.n[1] <= h->max_size) { /* so only after a reset */
        wide.scale++;
        for (sign = 0; sign < 2; sign++) {
            wide.first[sign] *= 2;
            wide.n[sign] *= 2u;
        }
    }
    for (sign = 0; sign < 2; sign++) {
        if (wide.n[sign] > 0) {
            wide.first[sign] -= (int32_t)((h->max_size - wide.n[sign]) / 2u);
            wide.n[sign] = h->max_size;
            h->copy[which].buckets[sign] = otel__exp_buckets(h, which, sign);
        }
    }
    h->copy[which].window = wide;
    otel__hist_flip(&h->base);
}

/* ---- the lock and the pending list ---- */

/* Take the pending values in; once, not until there are none. */
OTEL__FN void otel__exp_drain(otel__exp *h)
{
    const uint32_t ready = otel__a32_load(&h->gate) & OTEL__EXP_READY;
    uint32_t       left;

    for (left = ready; left != 0; left &= left - 1u) {
        const uint32_t place = otel__platform_lowest_bit(left) - 16u;
        otel__exp_take(h, otel__a64_peek(&h->pending[place]));
    }
    if (ready != 0) {
        (void)otel__a32_xor(&h->gate, ready | ready >> 15);
    }
}

OTEL__FN void otel__exp_unlock(otel__exp *h)
{
    otel__exp_drain(h);
    (void)otel__a32_xor(&h->gate, OTEL__EXP_LOCK);
}

/* Take the lock, or else one of these places in the list: the bit that was set, or 0. */
OTEL__FN uint32_t otel__exp_enter(otel__exp *h, uint32_t places)
{
    uint32_t gate = otel__a32_peek(&h->gate);
    uint32_t bit;

    do {
        const uint32_t open = ~gate & places;
        bit = (gate & OTEL__EXP_LOCK) == 0 ? OTEL__EXP_LOCK : open & (0u - open);
    } while (bit != 0 && !otel__a32_cas(&h->gate, &gate, gate | bit));
    return bit;
}

/* The place of a value, given by the bits of its size, in a window; outside it when not below n. */
OTEL__HOT uint32_t otel__exp_place(const otel__exp_span *window, uint64_t size, uint32_t sign)
{
    return (uint32_t)otel__exp_index(size, window->scale) - (uint32_t)window->first[sign];
}

/* Record a value, given by its bits, that was outside the window. */
OTEL__COLD static otel__exp_result otel__exp_outside(otel__exp *h, uint64_t bits)
{
    const uint32_t        bit = otel__exp_enter(h, OTEL__EXP_CLAIMED);
    const uint32_t        sign = (uint32_t)(bits >> 63);
    const otel__exp_span *hot;

    if (bit == 0) {
        return OTEL__EXP_LOST;
    }
    if (bit != OTEL__EXP_LOCK) {
        otel__a64_put(&h->pending[otel__platform_lowest_bit(bit) - 1u], bits);
        (void)otel__a32_or(&h->gate, bit << 15);
        return OTEL__EXP_OK;
    }
    otel__exp_take(h, bits);
    otel__exp_drain(h);
    hot = &h->copy[otel__hist_cold(&h->base) ^ 1u].window;
    if (otel__exp_place(hot, bits & (UINT64_MAX >> 1), sign) >= hot->n[sign] && otel__exp_fold(h)) {
        otel__exp_flip(h); /* when it cannot be now, the next one tries again */
    }
    otel__exp_unlock(h);
    return OTEL__EXP_OK;
}

/* ---- recording ---- */

/* Record a finite value. Lock-free; any thread, signal handler, interrupt. */
OTEL__HOT otel__exp_result otel__exp_record(otel__exp *h, double value)
{
    const uint64_t  bits = otel__platform_double_bits(value);
    const uint64_t  size = bits & (UINT64_MAX >> 1);
    const uint32_t  sign = (uint32_t)(bits >> 63);
    uint32_t        which;
    otel__exp_copy *c;
    otel__a32      *bucket;

    if (sign != 0 && size != 0 && otel__aptr_load(&h->negative) == NULL) {
        return OTEL__EXP_NEEDS_NEGATIVE;
    }
    which = otel__hist_begin(&h->base);
    c = &h->copy[which];
    bucket = size == 0 ? &c->zero : &c->missed;
    if (OTEL__LIKELY(size != 0)) {
        const uint32_t at = otel__exp_place(&c->window, size, sign);
        if (OTEL__LIKELY(at < c->window.n[sign])) {
            bucket = &c->buckets[sign][at];
        }
    } else {
        value = 0; /* not -0.0 */
    }
    if (OTEL__LIKELY(bucket != &c->missed)) {
        otel__hist_touch(&h->base.copy[which], value);
    }
    (void)otel__a32_add(bucket, 1u);
    return OTEL__LIKELY(bucket != &c->missed) ? OTEL__EXP_OK : otel__exp_outside(h, bits);
}

/* ---- the collector: one at a time ---- */

/* Take the lock to read the accumulators as they are, until otel__exp_close(); false when it is
 * taken. Those are, in h: base.count, base.sum, base.min, base.max (infinite without a value),
 * zero, used.scale, and per sign used.n[sign] counts at totals[sign], the first of which is that
 * of index used.first[sign]. */
OTEL__FN bool otel__exp_open(otel__exp *h)
{
    if (otel__exp_enter(h, 0) == 0) {
        return false;
    }
    otel__exp_drain(h);
    return true;
}

/* Bring the accumulators up to date and keep the lock for reading them, until otel__exp_close().
 * Returns false, without the lock, when it is taken or a recording is still under way: they hold
 * a consistent earlier state, and the next call goes on. */
OTEL__FN bool otel__exp_collect(otel__exp *h)
{
    if (!otel__exp_open(h)) {
        return false;
    }
    if (otel__exp_fold(h)) {
        otel__exp_flip(h);
        if (otel__exp_fold(h)) {
            return true;
        }
    }
    otel__exp_unlock(h);
    return false;
}

/* Empty the accumulators. Windows stay as they are. */
OTEL__FN void otel__exp_reset(otel__exp *h)
{
    uint32_t sign;

    for (sign = 0; sign < 2; sign++) {
        if (h->used.n[sign] > 0) {
            memset(h->totals[sign], 0, h->used.n[sign] * sizeof(uint64_t));
            h->used.n[sign] = 0;
        }
    }
    h->used.scale = h->max_scale;
    h->zero = 0;
    otel__hist_restart(&h->base);
}

/* Give the lock back, after a delta report with empty accumulators. */
OTEL__FN void otel__exp_close(otel__exp *h, bool reset)
{
    if (reset) {
        otel__exp_reset(h);
    }
    otel__exp_unlock(h);
}

#endif /* OTEL_LITE_NO_EXPONENTIAL */

/* ---- src/record/shards.h ---- */
/* shards: cells of their own for the threads that add to bound counters. OTEL__SHARDS rows of cells
 * lie behind one another; a thread always adds in the same row, and a series has the same place in
 * each row. Rows share no cache line, so threads in different rows do not slow each other down;
 * threads beyond the rows share them. An addition is an atomic one to one cell. A cumulative
 * reading adds up the cells, which only grow; a delta one takes what is in them: each addition
 * counts exactly once. Places are given for good; without one a series has its number alone.
 * Called by bound.h, by metric.h and, on the thread that reads, by point.h. There are no rows
 * unless OTEL_LITE_SHARDS is defined: api/bound.h. Requirements M-15, M-60, M-70. */

#if !defined(OTEL_LITE_NO_METRICS)

/* A new series' cell: the last of its list, without a place in the rows. */
OTEL__INLINE void otel__shards_new_cell(struct otel__cell *cell)
{
    otel__a32_put(&cell->next, 0);
#if defined(OTEL__SHARDS)
    otel__a32_put(&cell->place, 0);
#endif
}

#if defined(OTEL__SHARDS)

#define OTEL__SHARD_PLACES 256u /* in a row: bound counters of one SDK that have cells */
#define OTEL__SHARD_GAP    96u  /* bytes before the first cell of a row, and behind the last */
#define OTEL__SHARD_STRIDE (OTEL__SHARD_GAP + OTEL__SHARD_PLACES * 8u + OTEL__SHARD_GAP)

typedef struct otel__shards {
    uint8_t  *rows;
    otel__a32 given; /* places, at most OTEL__SHARD_PLACES */
} otel__shards;

/* ---- shards: threads ---- */

#if !defined(OTEL_LITE_STATIC)
__thread otel__a32 otel__bound_row;
#endif
static otel__a32 otel__shards_threads; /* that have a row, modulo 2^32 */

/* Threads take the rows in turn. A signal handler may come in between: both rows are good. */
OTEL__SHARD_API uint32_t otel__bound_take_row(void)
{
    const uint32_t n = otel__a32_count(&otel__shards_threads, 1u) % OTEL__SHARDS;
    const uint32_t row = n * OTEL__SHARD_STRIDE + OTEL__SHARD_GAP;

    otel__a32_put(&otel__bound_row, row);
    return row;
}

/* ---- shards: memory ---- */

/* Take the rows; the block is zeroed. */
OTEL__FN void otel__shards_carve(otel__shards *t, otel__arena *a)
{
    t->rows = (uint8_t *)otel__arena_take(a, OTEL__SHARDS, OTEL__SHARD_STRIDE);
}

/* In a forked child: all cells are zero, and stay where handles find them. */
OTEL__FN void otel__shards_forget(otel__shards *t)
{
    memset(t->rows, 0, OTEL__SHARDS * OTEL__SHARD_STRIDE);
}

/* What a thread's row is added to, to get to the cell of a series; the series gets its place when
 * it is bound first. NULL when all places are given. When two threads bind a series at once, one
 * of their places is lost. */
OTEL__FN uint8_t *otel__shards_bind(otel__shards *t, struct otel__cell *cell)
{
    uint32_t place = otel__a32_load(&cell->place);
    uint32_t given = otel__a32_peek(&t->given);

    while (place == 0 && given < OTEL__SHARD_PLACES) {
        if (otel__a32_cas(&t->given, &given, given + 1u) &&
            otel__a32_cas(&cell->place, &place, given + 1u)) {
            place = given + 1u;
        }
    }
    return place != 0 ? t->rows + (size_t)(place - 1u) * 8u : NULL;
}

/* ---- shards: reading ---- */

OTEL__FN otel__a64 *otel__shards_cell(const otel__shards *t, uint32_t place, uint32_t row)
{
    return (otel__a64 *)(void *)(t->rows + (size_t)row * OTEL__SHARD_STRIDE + OTEL__SHARD_GAP +
                                 (size_t)(place - 1u) * 8u);
}

/* What a series' number and its cells come to. Collector. */
OTEL__FN uint64_t otel__shards_sum(const otel__shards *t, const struct otel__cell *cell)
{
    const uint32_t place = otel__a32_load(&cell->place);
    uint64_t       sum = otel__a64_peek(&cell->number);
    uint32_t       row;

    for (row = 0; place != 0 && row < OTEL__SHARDS; row++) {
        sum += otel__a64_peek(otel__shards_cell(t, place, row));
    }
    return sum;
}

/* The same, and all become zero. Collector. */
OTEL__FN uint64_t otel__shards_take(otel__shards *t, struct otel__cell *cell)
{
    const uint32_t place = otel__a32_load(&cell->place);
    uint64_t       sum = otel__a64_swap(&cell->number, 0);
    uint32_t       row;

    for (row = 0; place != 0 && row < OTEL__SHARDS; row++) {
        sum += otel__a64_swap(otel__shards_cell(t, place, row), 0);
    }
    return sum;
}

#endif

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/series.h ---- */
/* series: one attribute set of an instrument with its value: memory, building, comparing.
 * A series is made once, in memory from one pool, and never moves or goes away, so that recorders
 * and the collector need no lock. Its attributes stand behind it as they go out: identity is
 * compared on those bytes. series_table.h or series_list.h finds them; collect.h walks the lists.
 * Spec: metrics/sdk.md "Cardinality limits"; requirements C-08, M-80..M-84. */

#if !defined(OTEL_LITE_NO_METRICS)

#define OTEL__SERIES_UNIT    8u   /* offsets count these; 0 is no series        */
#define OTEL__SERIES_TYPICAL 128u /* pool bytes for one pair of cells           */
#if defined(OTEL_LITE_SERIES_LIST)
#define OTEL__SERIES_SPARES 1u
#else
#define OTEL__SERIES_SPARES 4u /* losers' series kept for the next new set */
#endif
#define OTEL__SERIES_OVERFLOW "otel.metric.overflow"

/* An instrument may have several streams, or one that values do not go straight into. */
#if !defined(OTEL_LITE_NO_VIEWS) || !defined(OTEL_LITE_NO_READER) || defined(OTEL_LITE_EXEMPLARS)
#define OTEL__STREAMS
#endif

enum {                         /* otel__series.cell.touched */
       OTEL__SERIES_VALUE = 1, /* a recorder was here                          */
       OTEL__SERIES_POINT = 2, /* the collector's: in the reading it is making */
       OTEL__SERIES_EVER = 4   /* a recorder was here some time                */
};

typedef struct otel__series {
    struct otel__cell cell;  /* number, touched: OTEL__SERIES_*, next: in order of appearance */
    otel__a64         start; /* Unix ns of its first value; 0: since the last reading         */
#if !defined(OTEL_LITE_SERIES_LIST)
    uint64_t hash;
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    otel__a32 exemplars; /* offset of its reservoir, 0 until the first one: exemplar.h */
#endif
    uint32_t instrument;  /* index                            */
    uint32_t bytes;       /* of the whole series, for a spare */
    uint32_t attrs_bytes; /* encoded attributes               */
    uint16_t n_attrs;
    uint16_t attrs_at; /* offset of the attributes from here, in OTEL__SERIES_UNIT */
    union {
        uint64_t   kept; /* collector: delta not sent yet; observables: value read last */
        otel__hist hist;
#if !defined(OTEL_LITE_NO_EXPONENTIAL)
        otel__exp exp;
#endif
    } value;
} otel__series;

struct otel__instrument;

/* What an aggregation does with its series: point.h has them. A program that makes no instrument of
 * a kind does not link what serves it. Collector, but for `bytes` and `clear`. */
typedef struct otel__aggregation {
    size_t (*bytes)(const struct otel__instrument *in); /* of the value                     */
    void (*clear)(const struct otel__instrument *in, otel__series *s);
    /* Take a point, if any. *waiting becomes true when some values come with the next reading. */
    bool (*take)(const struct otel__instrument *in, otel__series *s, bool *waiting);
    /* The point is over: `sent` when it is in the queue. */
    void (*settle)(const struct otel__instrument *in, otel__series *s, bool sent);
    /* Bytes of what `write` puts: the point without its times and attributes. */
    size_t (*size)(const struct otel__instrument *in, const otel__series *s);
    void (*write)(otel__out *o, const struct otel__instrument *in, const otel__series *s);
    uint8_t field; /* of the data in Metric                       */
    uint8_t tag;   /* of an attribute in a point                  */
    bool    held;  /* recorders are held off from taking to settling */
} otel__aggregation;

/* Readings go to the backend, or to a program that asks. */
#if defined(OTEL_LITE_NO_READER)
enum { OTEL__READER_PUSH = 0, OTEL__READERS = 1 };
#else
enum { OTEL__READER_PUSH = 0, OTEL__READER_MANUAL = 1, OTEL__READERS = 2 };
#endif

/* What one reader makes of instruments that no view speaks of. */
typedef struct otel__reader {
    bool     on;
    uint32_t temporality;           /* enum otel_temporality  */
    uint32_t histogram_aggregation; /* enum otel_aggregation  */
    uint32_t max_series;            /* of one stream          */
} otel__reader;

/* One stream of an instrument. Usually there is one, and it is the instrument: its handle. Views
 * and a second reader make more: stream.h. */
typedef struct otel__instrument {
    const otel__a32 *live; /* OTEL__LIVE_OPEN: values go straight into the series; else route.h */
    const otel__aggregation *ops;
    otel__recorder          *r;
    otel_scope              *scope;
    const char              *name;
    const char              *unit;
    otel__aptr               description; /* the longest that was given: M-21 */
    const double            *bounds;
    uint32_t                 n_bounds;
    uint32_t                 index;
    uint8_t                  kind;        /* enum otel_instrument                             */
    uint8_t                  aggregation; /* of a histogram: enum otel_aggregation            */
    int8_t                   max_scale;
    bool                     is_double;
    bool                     is_delta;
    bool                     no_min_max;
    uint16_t                 max_size;
    otel__a32 last;      /* offset of the series to try first, 0 for none                       */
    otel__a32 searched;  /* offset of the series found by searching last */
    otel__a32 tail;      /* offset of a series near the end of the list         */
    otel__a32 n_series;  /* without overflow                                    */
    otel__a32 full;      /* 1: some set found no memory, others will not either */
    uint32_t  overflow;  /* offset; there from creation, first of the list      */
    uint64_t  collected; /* collector: Unix ns of the last reading, or creation */
    uint32_t  max_series;
#if defined(OTEL__STREAMS)
    uint8_t                  reader;   /* OTEL__READER_*: whose readings it is in             */
    bool                     filters;  /* its view leaves attributes out                     */
    const char              *asked;    /* the instrument's name; `name` may be a view's      */
    struct otel__instrument *more;     /* the instrument's next stream, or NULL              */
    const otel_view         *view;     /* NULL: none speaks of it                            */
    uint32_t                 unbound;  /* of several streams: offset of a binding to overflow */
    otel__a32                bindings; /* offset of the last one made                         */
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    uint32_t                       n_exemplars; /* of one series; 0: none are wanted           */
    const otel_exemplar_reservoir *reservoir;   /* the program's, or NULL: a standard one      */
#endif
} otel__instrument;

/* A place for a callback: see observe.h. */
struct otel_registration {
    otel__a32     state; /* OTEL__OBSERVE_* */
    otel_callback callback;
};

/* What a callback gets. It outlives the callback, so that a late call on it does nothing. */
struct otel_observer {
    otel__a32 open; /* 1 while a callback runs */
};

typedef struct otel__metrics {
    otel__ring   ring;
    otel__reader readers[OTEL__READERS];
    uint32_t     reading; /* OTEL__READER_*: who reads now */
#if !defined(OTEL_LITE_NO_VIEWS)
    const otel_view *views;
    size_t           n_views;
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    uint32_t exemplar_filter; /* enum otel_exemplar_filter */
#endif
#if defined(OTEL__SHARDS)
    otel__shards shards;
#endif
    uint32_t           exponential_max_size;
    uint32_t           drop_instruments; /* bits 1 << enum otel_instrument              */
    uint32_t           max_callbacks;
    otel_registration *callbacks;
    otel_observer      observer;
    otel__a32          observes;              /* 1: there has been a callback */
    void (*observe)(struct otel__metrics *m); /* asks the callbacks           */
    otel__instrument *instruments;
    otel__a32         n_instruments;
    uint32_t          max_instruments;
    uint8_t          *pool;
    uint32_t          pool_units;
    otel__a32         pool_used; /* units */
    otel__a32        *cells;
    uint32_t          n_cells; /* a power of two */
    otel__a32 repaired;        /* 1: some set's text was repaired, and differs from what is given */
    otel__a32 n_filled;
    otel__a32 spares[OTEL__SERIES_SPARES]; /* offsets, 0 = none */
} otel__metrics;

OTEL__INLINE otel__series *otel__series_at(const otel__metrics *m, uint32_t offset)
{
    return (otel__series *)(void *)(m->pool + (size_t)(offset - 1u) * OTEL__SERIES_UNIT);
}

OTEL__INLINE uint8_t *otel__series_attrs(otel__series *s)
{
    return (uint8_t *)s + (size_t)s->attrs_at * OTEL__SERIES_UNIT;
}

#if defined(OTEL__STREAMS)
/* The offset of a series in use. */
OTEL__INLINE uint32_t otel__series_offset(const otel__metrics *m, const otel__series *s)
{
    return (uint32_t)((size_t)((const uint8_t *)s - m->pool) / OTEL__SERIES_UNIT) + 1u;
}

/* The series' attributes, in `to`, which has OTEL__ATTRS_MAX places; texts are borrowed. */
OTEL__FN otel_attrs otel__series_list_attrs(otel__series *s, otel_attr *to)
{
    const uint8_t *p = otel__series_attrs(s);
    uint32_t       i;

    for (i = 0; i < s->n_attrs; i++) {
        to[i] = otel__kv_attr(p);
        p = otel__kv_end(p);
    }
    return otel_attrs_of(to, s->n_attrs);
}
#endif

/* Whether the program tells the values in callbacks, instead of recording them. */
OTEL__HOT bool otel__instrument_is_observable(const otel__instrument *in)
{
    return in->kind >= (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER;
}

/* Whose readings the stream is in. */
OTEL__INLINE uint32_t otel__instrument_reader(const otel__instrument *in)
{
#if defined(OTEL__STREAMS)
    return in->reader;
#else
    (void)in;
    return OTEL__READER_PUSH;
#endif
}

/* Counters and histograms, of which only values that are not negative are expected. */
OTEL__FN bool otel__instrument_only_grows(const otel__instrument *in)
{
    return (in->kind & 3u) == (uint8_t)OTEL_INSTRUMENT_COUNTER ||
           (in->kind & 3u) == (uint8_t)OTEL_INSTRUMENT_HISTOGRAM;
}

OTEL__FN uint32_t otel__series_value_bytes(const otel__instrument *in)
{
    return (uint32_t)((offsetof(otel__series, value) + in->ops->bytes(in) + 7u) & ~(size_t)7u);
}

/* Empty the value of a series that nobody records into. */
OTEL__FN void otel__series_clear(const otel__instrument *in, otel__series *s)
{
    otel__a64_put(&s->cell.number, 0);
    otel__a32_put(&s->cell.touched, 0);
    otel__a64_put(&s->start, 0);
    in->ops->clear(in, s);
}

/* ---- series: memory ---- */

#if defined(OTEL_LITE_SERIES_LIST)

/* Keep memory that nobody sees for the next series, unless there is some already. */
OTEL__FN void otel__series_give(otel__metrics *m, uint32_t offset)
{
    uint32_t none = 0;
    (void)otel__a32_cas(&m->spares[0], &none, offset);
}

/* The spare if it is large enough, or 0. */
OTEL__FN uint32_t otel__series_spare(otel__metrics *m, uint32_t bytes)
{
    const uint32_t offset = otel__a32_swap(&m->spares[0], 0);

    if (offset == 0 || otel__series_at(m, offset)->bytes >= bytes) {
        return offset;
    }
    otel__series_give(m, offset);
    return 0;
}

#else

OTEL__FN void otel__series_give(otel__metrics *m, uint32_t offset)
{
    uint32_t i;
    for (i = 0; i < OTEL__SERIES_SPARES; i++) {
        uint32_t none = 0;
        if (otel__a32_cas(&m->spares[i], &none, offset)) {
            return;
        }
    }
}

/* A spare that is large enough, or 0. */
OTEL__FN uint32_t otel__series_spare(otel__metrics *m, uint32_t bytes)
{
    uint32_t i;
    for (i = 0; i < OTEL__SERIES_SPARES; i++) {
        uint32_t offset = otel__a32_load(&m->spares[i]);
        if (offset != 0 && otel__a32_cas(&m->spares[i], &offset, 0)) {
            uint32_t none = 0;
            if (otel__series_at(m, offset)->bytes >= bytes) {
                return offset;
            }
            if (!otel__a32_cas(&m->spares[i], &none, offset)) {
                continue; /* the place was taken meanwhile: this memory is lost to the pool */
            }
        }
    }
    return 0;
}

#endif

/* Memory for a series of `bytes`, or 0. Bounded compare-and-swap: never passes the end. */
OTEL__FN uint32_t otel__series_take(otel__metrics *m, uint32_t bytes)
{
    const uint32_t least = (uint32_t)offsetof(otel__series, value); /* its size is noted there */
    const uint32_t units =
        ((bytes > least ? bytes : least) + OTEL__SERIES_UNIT - 1u) / OTEL__SERIES_UNIT;
    uint32_t offset = otel__series_spare(m, bytes);
    uint32_t used;

    if (offset != 0) {
        return offset;
    }
    used = otel__a32_peek(&m->pool_used);
    while (units <= m->pool_units - used) {
        if (otel__a32_cas(&m->pool_used, &used, used + units)) {
            otel__series_at(m, used + 1u)->bytes = units * OTEL__SERIES_UNIT;
            return used + 1u;
        }
    }
    return 0;
}

/* ---- series: building one ---- */

/* Memory for a series of the instrument with `bytes` of attributes, empty, and seen by nobody.
 * Returns its offset, or 0 when the pool is used up. */
OTEL__FN uint32_t otel__series_make(otel__metrics *m, const otel__instrument *in, size_t bytes)
{
    const uint32_t head = otel__series_value_bytes(in);
    otel__series  *s;
    uint32_t       offset;

    if (bytes > (size_t)m->pool_units * OTEL__SERIES_UNIT || head / OTEL__SERIES_UNIT > 0xffffu) {
        return 0;
    }
    offset = otel__series_take(m, head + (uint32_t)bytes);
    if (offset == 0) {
        return 0;
    }
    s = otel__series_at(m, offset);
    otel__shards_new_cell(&s->cell);
#if defined(OTEL_LITE_EXEMPLARS)
    otel__a32_put(&s->exemplars, 0);
#endif
    otel__series_clear(in, s);
    s->instrument = in->index;
    s->attrs_at = (uint16_t)(head / OTEL__SERIES_UNIT);
    return offset;
}

#if !defined(OTEL_LITE_SERIES_LIST)

/* What a set comes to: its size once encoded, how many count, whether text needs repair. */
typedef struct otel__set {
    size_t   bytes;
    uint64_t hash;
    uint32_t n;       /* attributes looked at, at most OTEL__ATTRS_MAX           */
    bool     repeats; /* some keys may occur twice                              */
    bool     broken;  /* some text is repaired, after which keys may be the same */
} otel__set;

OTEL__FN void otel__set_measure(otel__set *set, otel_attrs attrs)
{
    size_t i;

    set->bytes = 0;
    set->broken = false;
    for (i = 0; i < set->n; i++) {
        otel__kv kv;
        if (otel__kv_measure_checked(&kv, &attrs.items[i])) {
            set->bytes += otel__kv_field_size(&kv);
            set->broken = set->broken || kv.broken;
        }
    }
}

/* Remove the written field whose key `field` has too; returns the new end. */
OTEL__FN uint8_t *otel__series_unrepeat(uint8_t *begin, uint8_t *field, uint8_t *end,
                                        uint16_t *n_attrs)
{
    const uint8_t *value;
    size_t         length;
    const uint8_t *key = otel__kv_key(field, &length, &value);
    uint8_t       *p = begin;

    while (p < field) {
        uint8_t       *after = (uint8_t *)(uintptr_t)otel__kv_end(p);
        size_t         n;
        const uint8_t *other = otel__kv_key(p, &n, &value);
        if (n == length && otel__attr_same_bytes(key, other, n)) {
            otel__bytes_move_down(p, after, (size_t)(end - after));
            (*n_attrs)--;
            return end - (after - p);
        }
        p = after;
    }
    return end;
}

/* Encode the set behind the series' value. Later ones of equal keys stay. */
OTEL__FN void otel__series_encode(otel__series *s, const otel__set *set, otel_attrs attrs,
                                  uint8_t tag)
{
    uint8_t *begin = otel__series_attrs(s);
    uint8_t *p = begin;
    uint64_t high = 0;
    size_t   i;

    s->n_attrs = 0;
    for (i = 0; i < set->n; i++) {
        const otel_attr *a = &attrs.items[i];
        otel__kv         kv;
        if (otel__kv_measure_checked(&kv, a)) {
            uint8_t *field = p;
            p = otel__kv_store(p, tag, &kv, a, &high);
            s->n_attrs++;
            if (set->repeats || set->broken) {
                p = otel__series_unrepeat(begin, field, p, &s->n_attrs);
            }
        }
    }
    s->attrs_bytes = (uint32_t)(p - begin);
}

/* The hash of a set is the sum of its attributes' hashes: any order, no sort. */
OTEL__FN uint64_t otel__series_hash(otel__series *s, uint64_t seed)
{
    const uint8_t *p = otel__series_attrs(s);
    uint64_t       sum = 0;
    uint32_t       i;

    for (i = 0; i < s->n_attrs; i++) {
        const otel_attr a = otel__kv_attr(p);
        sum += otel__attr_hash(&a, otel__attr_hash_key(&a, otel__attr_key_length(&a)), seed);
        p = otel__kv_end(p);
    }
    return sum;
}

/* Build a series that nobody sees yet. Returns its offset, or 0 when the pool is used up. */
OTEL__FN uint32_t otel__series_build(otel__metrics *m, const otel__instrument *in, otel__set *set,
                                     otel_attrs attrs)
{
    otel__series *s;
    uint32_t      offset;

    otel__set_measure(set, attrs);
    offset = otel__series_make(m, in, set->bytes);
    if (offset != 0) {
        s = otel__series_at(m, offset);
        otel__series_encode(s, set, attrs, in->ops->tag);
        s->hash = otel__series_hash(s, in->r->seed[0]);
    }
    return offset;
}

/* Append to the instrument's list: lock-free, since nothing is ever removed. */
OTEL__FN void otel__series_link(otel__metrics *m, otel__instrument *in, uint32_t offset)
{
    uint32_t tail = otel__a32_load(&in->tail);

    for (;;) {
        otel__series *s = otel__series_at(m, tail);
        uint32_t      next = 0;
        if (otel__a32_cas(&s->cell.next, &next, offset)) {
            otel__a32_store(&in->tail, offset);
            return;
        }
        tail = next;
    }
}

#endif

/* ---- series: comparing ---- */

/* Whether the list is the series' set, in the order in which it was first given. */
OTEL__HOT bool otel__series_same_order(otel__series *s, otel_attrs attrs)
{
    const uint8_t *p = otel__series_attrs(s);
    size_t         i;

    if (attrs.count != s->n_attrs) {
        return false;
    }
    for (i = 0; i < attrs.count; i++) {
        if (!otel__kv_same(p, &attrs.items[i])) {
            return false;
        }
        p = otel__kv_end(p);
    }
    return true;
}

#if !defined(OTEL_LITE_SERIES_LIST)

/* Whether it is the series' set in any order; attributes that do not count are left out. */
OTEL__FN OTEL__NOINLINE bool otel__series_same_any(otel__series *s, otel_attrs attrs,
                                                   const otel__set *set)
{
    uint32_t kept = 0;
    size_t   i;

    for (i = 0; i < set->n; i++) {
        const otel_attr *a = &attrs.items[i];
        const uint8_t   *p = otel__series_attrs(s);
        uint32_t         k;
        const size_t     n = otel__attr_key_length(a);
        if (n == 0 || n > OTEL__KEY_MAX ||
            (set->repeats && otel__attrs_is_shadowed(otel_attrs_of(attrs.items, set->n), i))) {
            continue;
        }
        for (k = 0; k < s->n_attrs && !otel__kv_same(p, a); k++) {
            p = otel__kv_end(p);
        }
        if (k == s->n_attrs) {
            return false;
        }
        kept++;
    }
    return kept == s->n_attrs;
}

/* Whether two series hold one set: the encoding of an attribute is unique, its place is not. */
OTEL__FN bool otel__series_same_encoded(otel__series *a, otel__series *b)
{
    const uint8_t *p = otel__series_attrs(a);
    uint32_t       i;
    uint32_t       k;

    if (a->n_attrs != b->n_attrs || a->attrs_bytes != b->attrs_bytes) {
        return false;
    }
    for (i = 0; i < a->n_attrs; i++) {
        const size_t   n = (size_t)(otel__kv_end(p) - p);
        const uint8_t *q = otel__series_attrs(b);
        for (k = 0; k < b->n_attrs; k++) {
            const size_t other = (size_t)(otel__kv_end(q) - q);
            if (n == other && otel__attr_same_bytes(p, q, n)) {
                break;
            }
            q += other;
        }
        if (k == b->n_attrs) {
            return false;
        }
        p += n;
    }
    return true;
}

#endif

/* ---- series: using one ---- */

/* Count one more of `limit`; false when they are used up. */
OTEL__FN bool otel__series_claim(otel__a32 *n, uint32_t limit)
{
    uint32_t have = otel__a32_peek(n);
    while (have < limit) {
        if (otel__a32_cas(n, &have, have + 1u)) {
            return true;
        }
    }
    return false;
}

/* The rare half of otel__series_touch(). A cumulative series begins with its first value; of a
 * delta one and of an observable the collector knows the begin. */
OTEL__FN OTEL__NOINLINE void otel__series_begin(const otel__instrument *in, otel__series *s)
{
    uint64_t none = 0;
    if (!in->is_delta && !otel__instrument_is_observable(in)) {
        (void)otel__a64_cas(&s->start, &none, otel__recorder_now(in->r));
    }
    (void)otel__a32_or(&s->cell.touched, OTEL__SERIES_VALUE | OTEL__SERIES_EVER);
}

/* Say that the series has a value; one load when that was said before. */
OTEL__INLINE void otel__series_touch(const otel__instrument *in, otel__series *s)
{
    if (OTEL__UNLIKELY((otel__a32_peek(&s->cell.touched) & OTEL__SERIES_VALUE) == 0)) {
        otel__series_begin(in, s);
    }
}

/* The next series of the instrument, or 0. */
OTEL__INLINE uint32_t otel__series_next(const otel__series *s)
{
    return otel__a32_load(&s->cell.next);
}

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/series_table.h ---- */
/* series_table: from attribute sets to series, one table for all instruments.
 * Cells are offsets into the series' pool, at least twice as many as series fit; a cell once filled
 * is final, so that a lookup that hits needs no lock. Two threads that see a new set at once both
 * build it; one publishes, the other's memory is kept as a spare. When the pool or the instrument's
 * limit is used up, new sets share the instrument's overflow series: totals stay right.
 * Spec: metrics/sdk.md "Cardinality limits"; requirements C-08, M-80..M-84, M-109. */

#if !defined(OTEL_LITE_NO_METRICS) && !defined(OTEL_LITE_SERIES_LIST)

/* ---- series: the table ---- */

/* Cells for a pool of that many bytes: two a series of typical size. */
OTEL__FN uint32_t otel__series_cells(uint32_t pool_bytes)
{
    uint32_t n = 16;
    while (n < pool_bytes / OTEL__SERIES_TYPICAL * 2u) {
        n *= 2u;
    }
    return n;
}

OTEL__FN void otel__series_init_table(otel__metrics *m, otel__arena *a, uint32_t pool_bytes)
{
    m->n_cells = otel__series_cells(pool_bytes);
    m->cells = (otel__a32 *)otel__arena_take(a, m->n_cells, sizeof *m->cells);
}

OTEL__HOT uint32_t otel__series_cell(const otel__metrics *m, const otel__instrument *in,
                                     uint64_t hash)
{
    const uint64_t h = otel__attr_mix(hash, in->index);
    return (uint32_t)(h >> 16) & (m->n_cells - 1u);
}

/* Hash the list as it was given: equal to the encoded set's hash when no text needs repair. */
OTEL__HOT void otel__set_hash(otel__set *set, otel_attrs attrs, uint64_t seed)
{
    uint64_t seen = 0;
    size_t   i;

    set->n = attrs.count < OTEL__ATTRS_MAX ? (uint32_t)attrs.count : OTEL__ATTRS_MAX;
    set->hash = 0;
    set->repeats = false;
    for (i = 0; i < set->n; i++) {
        const otel_attr *a = &attrs.items[i];
        const size_t     n = otel__attr_key_length(a);
        if (OTEL__LIKELY(n != 0 && n <= OTEL__KEY_MAX)) {
            const uint64_t key = otel__attr_hash_key(a, n);
            const uint64_t bit = otel__attr_key_bit(key);
            set->repeats = set->repeats || (seen & bit) != 0;
            seen |= bit;
            set->hash += otel__attr_hash(a, key, seed);
        }
    }
}

/* Take the hashes of shadowed items out again: only the last of equal keys counts. */
OTEL__FN OTEL__COLD void otel__set_unrepeat(otel__set *set, otel_attrs attrs, uint64_t seed)
{
    const otel_attrs seen = otel_attrs_of(attrs.items, set->n);
    bool             any = false;
    size_t           i;

    for (i = 0; i < set->n; i++) {
        const otel_attr *a = &attrs.items[i];
        const size_t     n = otel__attr_key_length(a);
        if (n != 0 && n <= OTEL__KEY_MAX && otel__attrs_is_shadowed(seen, i)) {
            set->hash -= otel__attr_hash(a, otel__attr_hash_key(a, n), seed);
            any = true;
        }
    }
    set->repeats = any;
}

#if defined(OTEL__STREAMS)
/* Build what holds a set but is found by no search: see stream.h. Returns its offset, or 0. */
OTEL__FN uint32_t otel__series_build_apart(otel__metrics *m, const otel__instrument *in,
                                           otel_attrs attrs)
{
    otel__set set;

    otel__set_hash(&set, attrs, in->r->seed[0]);
    return otel__series_build(m, in, &set, attrs);
}
#endif

/* Publish a built series, unless its set is there already. Returns the offset of the one in use. */
OTEL__FN uint32_t otel__series_publish(otel__metrics *m, otel__instrument *in, uint32_t offset)
{
    otel__series *s = otel__series_at(m, offset);
    uint32_t      cell = otel__series_cell(m, in, s->hash);

    for (;;) {
        uint32_t found = otel__a32_load(&m->cells[cell]);
        if (found == 0 && otel__a32_cas(&m->cells[cell], &found, offset)) {
            otel__series_link(m, in, offset);
            return offset;
        }
        if (found != 0) { /* a lost race looks at the same cell again */
            otel__series *other = otel__series_at(m, found);
            if (other->hash == s->hash && other->instrument == in->index &&
                otel__series_same_encoded(s, other)) {
                otel__series_give(m, offset);
                return found;
            }
            cell = (cell + 1u) & (m->n_cells - 1u);
        }
    }
}

/* Put a series whose set is in no cell into the first free one. */
OTEL__FN void otel__series_place(otel__metrics *m, const otel__instrument *in, uint32_t offset)
{
    uint32_t cell = otel__series_cell(m, in, otel__series_at(m, offset)->hash);
    uint32_t none = 0;

    while (!otel__a32_cas(&m->cells[cell], &none, offset)) {
        cell = (cell + 1u) & (m->n_cells - 1u);
        none = 0;
    }
}

/* Make the first series of an instrument, that of a set for all others. Under the lock. */
OTEL__FN bool otel__series_found(otel__metrics *m, otel__instrument *in, otel_attrs attrs)
{
    otel__set set;

    if (!otel__series_claim(&m->n_filled, m->n_cells / 2u)) {
        return false;
    }
    otel__set_hash(&set, attrs, in->r->seed[0]);
    in->overflow = otel__series_build(m, in, &set, attrs);
    if (in->overflow == 0) {
        (void)otel__a32_count(&m->n_filled, 0xffffffffu); /* minus one */
        return false;
    }
    otel__series_place(m, in, in->overflow);
    return true;
}

/* The series with the set of a built one, or 0. */
OTEL__FN uint32_t otel__series_twin(otel__metrics *m, const otel__instrument *in, uint32_t offset)
{
    otel__series *s = otel__series_at(m, offset);
    uint32_t      cell = otel__series_cell(m, in, s->hash);
    uint32_t      found;

    while ((found = otel__a32_load(&m->cells[cell])) != 0) {
        otel__series *other = otel__series_at(m, found);
        if (other->hash == s->hash && other->instrument == in->index &&
            otel__series_same_encoded(s, other)) {
            break;
        }
        cell = (cell + 1u) & (m->n_cells - 1u);
    }
    return found;
}

/* Build the set, unless that was done, and publish it, if the limits allow. Returns its offset,
 * that of another thread's, or 0. */
OTEL__FN uint32_t otel__series_add(otel__metrics *m, otel__instrument *in, otel__set *set,
                                   otel_attrs attrs, uint32_t built)
{
    uint32_t used = 0;

    if (otel__series_claim(&in->n_series, in->max_series)) {
        if (otel__series_claim(&m->n_filled, m->n_cells / 2u)) {
            built = built != 0 ? built : otel__series_build(m, in, set, attrs);
            used = built != 0 ? otel__series_publish(m, in, built) : 0;
            if (built == 0) {
                otel__a32_put(&in->full, 1u);
            }
            if (used != 0 && used == built) {
                return used;
            }
            (void)otel__a32_count(&m->n_filled, 0xffffffffu); /* minus one */
            built = 0;                                        /* publishing gave it back */
        }
        (void)otel__a32_count(&in->n_series, 0xffffffffu);
    }
    if (built != 0) {
        otel__series_give(m, built);
    }
    return used;
}

/* The series with the set as it was given, or 0. */
OTEL__HOT uint32_t otel__series_look(otel__metrics *m, const otel__instrument *in, otel_attrs attrs,
                                     const otel__set *set)
{
    uint32_t cell = otel__series_cell(m, in, set->hash);
    uint32_t offset;

    while ((offset = otel__a32_load(&m->cells[cell])) != 0) {
        otel__series *s = otel__series_at(m, offset);
        if (s->hash == set->hash && s->instrument == in->index &&
            (otel__series_same_order(s, attrs) || otel__series_same_any(s, attrs, set))) {
            break;
        }
        cell = (cell + 1u) & (m->n_cells - 1u);
    }
    return offset;
}

/* Whether a new set has no place: one look spares an instrument that is full the work of making it.
 * Not when some set's text was repaired: this one's may have to be, too, and be there already. */
OTEL__HOT bool otel__series_is_full(const otel__metrics *m, const otel__instrument *in)
{
    return (otel__a32_load(&in->n_series) >= in->max_series || otel__a32_load(&in->full) != 0 ||
            otel__a32_load(&m->n_filled) >= m->n_cells / 2u) &&
           otel__a32_load(&m->repaired) == 0;
}

/* A set that the table does not hold as it was given: make it, or share the overflow series. Text
 * that needs repair never matches as given: such a set is built to be looked up. */
OTEL__FN OTEL__COLD uint32_t otel__series_new(otel__metrics *m, otel__instrument *in,
                                              otel__set *set, otel_attrs attrs)
{
    uint32_t offset = 0;
    uint32_t found;

    otel__set_measure(set, attrs);
    if (set->broken) {
        otel__a32_store(&m->repaired, 1u);
        offset = otel__series_build(m, in, set, attrs);
        found = offset != 0 ? otel__series_twin(m, in, offset) : 0;
        if (found != 0) {
            otel__series_give(m, offset);
            return found;
        }
    }
    found = otel__series_add(m, in, set, attrs, offset);
    if (found == 0) { /* another thread may have taken the last place for this very set */
        found = otel__series_look(m, in, attrs, set);
    }
    return found != 0 ? found : in->overflow;
}

/* Find the series of a set that is not the one used last. */
OTEL__FN OTEL__NOINLINE uint32_t otel__series_search(otel__metrics *m, otel__instrument *in,
                                                     otel_attrs attrs)
{
    const uint64_t seed = in->r->seed[0];
    const bool     full = otel__series_is_full(m, in); /* before looking: one look is enough then */
    otel__set      set;
    uint32_t       offset;

    otel__set_hash(&set, attrs, seed);
    if (OTEL__UNLIKELY(set.repeats)) {
        otel__set_unrepeat(&set, attrs, seed);
    }
    offset = otel__series_look(m, in, attrs, &set);
    if (OTEL__LIKELY(offset != 0)) {
        return offset;
    }
    return full ? in->overflow : otel__series_new(m, in, &set, attrs);
}

/* ---- series: fork ---- */

/* Make the instruments' lists anew from the cells: another thread of the parent may have been about
 * to append one. Only in a forked child. */
OTEL__FN void otel__series_relink(otel__metrics *m)
{
    uint32_t n = otel__a32_peek(&m->n_instruments);
    uint32_t i;

    for (i = 0; i < otel__a32_peek(&m->n_instruments); i++) {
        otel__instrument *in = &m->instruments[i];
        otel__a32_put(&in->last, 0);
        otel__a32_put(&in->n_series, 0);
        otel__a32_put(&in->tail, in->overflow);
        otel__a32_put(&otel__series_at(m, in->overflow)->cell.next, 0);
    }
    for (i = 0; i < m->n_cells; i++) {
        const uint32_t offset = otel__a32_peek(&m->cells[i]);
        otel__series  *s = otel__series_at(m, offset != 0 ? offset : 1u);
        if (offset != 0 && m->instruments[s->instrument].overflow != offset) {
            otel__instrument *in = &m->instruments[s->instrument];
            otel__a32_put(&s->cell.next, 0);
            otel__series_link(m, in, offset);
            (void)otel__a32_count(&in->n_series, 1u);
            n++;
        }
    }
    otel__a32_put(&m->n_filled, n);
    memset(m->cells, 0, m->n_cells * sizeof *m->cells);
}

/* Find a place for a series again, whose hash is another one with a new seed. */
OTEL__FN void otel__series_reseed(otel__metrics *m, const otel__instrument *in, uint32_t offset)
{
    otel__series *s = otel__series_at(m, offset);
    s->hash = otel__series_hash(s, in->r->seed[0]);
    otel__series_place(m, in, offset);
}

#endif

/* ---- src/record/series_list.h ---- */
/* series_list: from attribute sets to series without a table: the instrument's own list is searched
 * from its begin. Smaller in code and memory, and quick enough for the few sets that a
 * microcontroller has; hosted programs use series_table.h.
 * A series is appended at the end of the list by compare-and-swap; who finds another there first
 * looks at it and goes on, so that equal sets always meet. Limits are as in series_table.h.
 * Spec: metrics/sdk.md "Cardinality limits"; requirements C-08, M-80..M-84, M-109. */

#if !defined(OTEL_LITE_NO_METRICS) && defined(OTEL_LITE_SERIES_LIST)

/* Whether an attribute of the list that ends at `end` counts: it has a key, and no later one has
 * that key. */
OTEL__FN OTEL__NOINLINE bool otel__series_counts(const otel_attr *a, const otel_attr *end)
{
    const size_t     n = otel__attr_key_length(a);
    const otel_attr *later = a + 1;

    while (later < end && !otel__attr_same_key(a, later)) {
        later++;
    }
    return later >= end && n != 0 && n <= OTEL__KEY_MAX;
}

/* Encode what counts behind the series' value; without a series only count its bytes. */
OTEL__FN OTEL__NOINLINE size_t otel__series_encode(otel__series *s, const otel_attr *a,
                                                   const otel_attr *end, uint8_t tag)
{
    size_t   bytes = 0;
    uint64_t high = 0;

    for (; a < end; a++) {
        otel__kv kv;
        if (otel__series_counts(a, end) && otel__kv_measure_checked(&kv, a)) {
            if (s != NULL) {
                (void)otel__kv_store(otel__series_attrs(s) + bytes, tag, &kv, a, &high);
                s->n_attrs++;
            }
            bytes += otel__kv_field_size(&kv);
        }
    }
    return bytes;
}

/* Build a series that nobody sees yet. Returns its offset, or 0 when the pool is used up. */
OTEL__FN OTEL__NOINLINE uint32_t otel__series_build(otel__metrics *m, const otel__instrument *in,
                                                    const otel_attr *a, const otel_attr *end)
{
    const uint32_t offset = otel__series_make(m, in, otel__series_encode(NULL, a, end, 0));

    if (offset != 0) {
        otel__series *s = otel__series_at(m, offset);
        s->n_attrs = 0;
        s->attrs_bytes = (uint32_t)otel__series_encode(s, a, end, in->ops->tag);
    }
    return offset;
}

#if defined(OTEL__STREAMS)
/* Build what holds a set but is in no list: see stream.h. Returns its offset, or 0. */
OTEL__FN uint32_t otel__series_build_apart(otel__metrics *m, const otel__instrument *in,
                                           otel_attrs attrs)
{
    const size_t n = attrs.count < OTEL__ATTRS_MAX ? attrs.count : OTEL__ATTRS_MAX;

    return otel__series_build(m, in, attrs.items, n > 0 ? attrs.items + n : attrs.items);
}
#endif

/* Whether the list is the series' set in any order. */
OTEL__FN bool otel__series_same_any(otel__series *s, const otel_attr *a, const otel_attr *end)
{
    uint32_t missing = s->n_attrs;

    for (; a < end; a++) {
        if (otel__series_counts(a, end)) {
            const uint8_t *p = otel__series_attrs(s);
            uint32_t       k = s->n_attrs;
            while (k > 0 && !otel__kv_same_repaired(p, a)) {
                p = otel__kv_end(p);
                k--;
            }
            if (k == 0) {
                return false;
            }
            missing--;
        }
    }
    return missing == 0;
}

/* A series for a set that the list does not hold, or 0 when there is no room for it. */
OTEL__FN uint32_t otel__series_new(otel__metrics *m, otel__instrument *in, const otel_attr *a,
                                   const otel_attr *end)
{
    uint32_t offset = 0;

    if (otel__a32_peek(&in->full) == 0 && otel__series_claim(&in->n_series, in->max_series)) {
        offset = otel__series_build(m, in, a, end);
        if (offset == 0) {
            (void)otel__a32_count(&in->n_series, 0xffffffffu); /* minus one */
            otel__a32_put(&in->full, 1u);
        }
    }
    return offset;
}

/* Find the series of a set that is not the one used last. At the end of the list a new one is
 * made and appended, unless another thread appends one there first: that is looked at too. A set
 * for which there is no room shares the overflow series. */
OTEL__FN OTEL__NOINLINE uint32_t otel__series_search(otel__metrics *m, otel__instrument *in,
                                                     otel_attrs attrs)
{
    const size_t     n = attrs.count < OTEL__ATTRS_MAX ? attrs.count : OTEL__ATTRS_MAX;
    const otel_attr *end = n > 0 ? attrs.items + n : attrs.items;
    uint32_t         built = 0;
    uint32_t         at = in->overflow;

    while (at != 0) {
        otel__series *s = otel__series_at(m, at);
        uint32_t      next;
        if (otel__series_same_any(s, attrs.items, end)) {
            break;
        }
        next = otel__series_next(s);
        if (next == 0) {
            built = built != 0 ? built : otel__series_new(m, in, attrs.items, end);
            if (built == 0) {
                next = otel__series_next(s);
            } else if (otel__a32_cas(&s->cell.next, &next, built)) {
                (void)otel__a32_count(&m->n_filled, 1u);
                return built;
            }
        }
        at = next;
    }
    if (built != 0) {
        (void)otel__a32_count(&in->n_series, 0xffffffffu);
        otel__series_give(m, built);
    }
    return at != 0 ? at : in->overflow;
}

OTEL__FN void otel__series_init_table(otel__metrics *m, otel__arena *a, uint32_t pool_bytes)
{
    (void)m;
    (void)a;
    (void)pool_bytes;
}

/* Make the first series of an instrument, that of a set for all others. Under the lock. */
OTEL__FN bool otel__series_found(otel__metrics *m, otel__instrument *in, otel_attrs attrs)
{
    in->overflow = otel__series_build(m, in, attrs.items, attrs.items + attrs.count);
    (void)otel__a32_count(&m->n_filled, in->overflow != 0 ? 1u : 0u);
    return in->overflow != 0;
}

/* In a forked child: lists are whole at any moment. */
OTEL__FN void otel__series_relink(otel__metrics *m) { (void)m; }

OTEL__FN void otel__series_reseed(otel__metrics *m, const otel__instrument *in, uint32_t offset)
{
    (void)m;
    (void)in;
    (void)offset;
}

#endif

/* ---- src/record/view.h ---- */
/* view: which instruments a view means, and which attributes of a measurement it leaves.
 * Views are the program's own structs, which it keeps in place; nothing is copied. Matching happens
 * when an instrument is made, leaving out while recording, on the caller's stack.
 * Used by stream.h and exemplar.h.
 * Spec: metrics/sdk.md "View"; requirements M-31, M-32, M-38. */

#if !defined(OTEL_LITE_NO_METRICS)

#if !defined(OTEL_LITE_NO_VIEWS)

/* ---- view: which instruments ---- */

/* Whether a name is what the pattern says: * is any text, ? one byte, letters in any case. The last
 * * takes as little as it can, and a byte more whenever the rest does not fit. */
OTEL__FN bool otel__view_name_fits(const char *pattern, const char *name)
{
    const char *star = NULL; /* behind the last * */
    const char *from = NULL; /* what that * does not take yet */

    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (*pattern == '?' || otel__text_lower(*pattern) == otel__text_lower(*name)) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

/* Whether a text is what is asked for; NULL asks for any. */
OTEL__FN bool otel__view_text_fits(const char *asked, const char *text)
{
    return asked == NULL || otel__text_same(asked, text);
}

/* Whether the view means instruments of that scope, kind, name and unit. */
OTEL__FN bool otel__view_fits(const otel_view *view, const otel_scope *scope, otel_instrument kind,
                              const char *name, const char *unit)
{
    return (view->instrument_kinds == 0 ||
            ((view->instrument_kinds >> (uint32_t)kind) & 1u) != 0) &&
           (view->instrument_name == NULL || otel__view_name_fits(view->instrument_name, name)) &&
           otel__view_text_fits(view->instrument_unit, unit) &&
           otel__view_text_fits(view->scope_name, scope->name) &&
           otel__view_text_fits(view->scope_version, scope->version);
}

/* ---- view: which attributes ---- */

/* Whether the view leaves some attributes out. */
OTEL__FN bool otel__view_filters(const otel_view *view)
{
    return view != NULL && (view->keep != NULL || view->exclude != NULL);
}

OTEL__FN bool otel__view_lists(const char *const *keys, const char *key, size_t length)
{
    for (; *keys != NULL; keys++) {
        if (otel__text_length(*keys) == length && otel__attr_same_bytes(*keys, key, length)) {
            return true;
        }
    }
    return false;
}

/* Whether an attribute stays. One without a key counts nowhere, and is not told apart here. */
OTEL__FN bool otel__view_keeps(const otel_view *view, const otel_attr *a)
{
    const size_t n = otel__attr_key_length(a);

    return n == 0 || ((view->keep == NULL || otel__view_lists(view->keep, a->key, n)) &&
                      (view->exclude == NULL || !otel__view_lists(view->exclude, a->key, n)));
}

/* So many can stay: they are copied to the stack of the recording call. */
#if defined(OTEL_LITE_SERIES_LIST)
#define OTEL__VIEW_ATTRS 16u
#else
#define OTEL__VIEW_ATTRS 32u
#endif

typedef struct otel__view_attrs {
    otel_attr kept[OTEL__VIEW_ATTRS];
    uint32_t  n;
    uint32_t  lost; /* would stay, but there is no place */
} otel__view_attrs;

/* The attributes that stay, in their order. */
OTEL__FN void otel__view_filter(const otel_view *view, otel_attrs attrs, otel__view_attrs *to)
{
    size_t i;

    to->n = 0;
    to->lost = 0;
    for (i = 0; attrs.items != NULL && i < attrs.count; i++) {
        if (!otel__view_keeps(view, &attrs.items[i])) {
            continue;
        }
        if (to->n < OTEL__VIEW_ATTRS) {
            to->kept[to->n++] = attrs.items[i];
        } else {
            to->lost++;
        }
    }
}

#endif
#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/exemplar.h ---- */
/* exemplar: sampled measurements of one series: how each filter and reservoir chooses them, and how
 * they go out with the point. A place has one state word; who does not get it at once leaves the
 * measurement out, so that nobody waits: recorders write on any thread and in signal handlers, the
 * collector holds what it reads from `take` to `settle`. A series' places are taken from the pool
 * with its first exemplar. Called by stream.h; by collect.h and read.h on the thread that reads.
 * Spec: metrics/sdk.md "Exemplar"; metrics.proto; requirements M-90..M-95. */

#if !defined(OTEL_LITE_NO_METRICS) && defined(OTEL_LITE_EXEMPLARS)

/* Bytes of encoded attributes that one exemplar holds, where a view leaves some out. */
#if !defined(OTEL_LITE_EXEMPLAR_BYTES)
#define OTEL_LITE_EXEMPLAR_BYTES 128
#endif
#if OTEL_LITE_EXEMPLAR_BYTES < 32 || OTEL_LITE_EXEMPLAR_BYTES > 4096
#error "otel_lite: OTEL_LITE_EXEMPLAR_BYTES must be from 32 to 4096"
#endif

#define OTEL__EXEMPLAR_ROOM    ((OTEL_LITE_EXEMPLAR_BYTES + 7u) & ~7u)
#define OTEL__EXEMPLAR_ATTRS   (OTEL__EXEMPLAR_ROOM / 7u) /* at most: a key of one byte, no value */
#define OTEL__EXEMPLAR_MOST    64u        /* places of a program's own reservoir                 */
#define OTEL__EXEMPLAR_FIXED   20u        /* places of an exponential histogram, at most: M-92   */
#define OTEL__EXEMPLAR_NO_ROOM UINT32_MAX /* otel__series.exemplars: the pool had no memory      */

enum { /* otel__exemplar.state */
       OTEL__EXEMPLAR_EMPTY = 0,
       OTEL__EXEMPLAR_FULL = 1,
       OTEL__EXEMPLAR_BUSY = 2, /* a recorder writes    */
       OTEL__EXEMPLAR_HELD = 3  /* in the reading       */
};

/* One place. Everything but the state belongs to who made it BUSY or HELD. */
typedef struct otel__exemplar {
    otel__a32 state;
    uint16_t  attrs_bytes; /* of Exemplar.filtered_attributes, which stand behind */
    bool      has_context;
    uint8_t   trace_flags;
    uint64_t  time; /* Unix ns                   */
    uint64_t  bits; /* int64, or a double's bits */
    uint8_t   trace_id[16];
    uint8_t   span_id[8];
} otel__exemplar;

/* Before the places of a series. */
typedef struct otel__exemplars {
    otel__a32 seen; /* offers since exemplars were sent last */
    uint32_t  unused;
} otel__exemplars;

/* Until others see it, only the states and `seen` are written to the pool's memory: its size, which
 * the pool noted there, stays for otel__series_give(). */
OTEL__STATIC_ASSERT(sizeof(otel__exemplar) % OTEL__SERIES_UNIT == 0, exemplars_are_aligned);
OTEL__STATIC_ASSERT(offsetof(otel__series, bytes) >=
                            sizeof(otel__exemplars) + offsetof(otel__exemplar, time) &&
                        offsetof(otel__series, bytes) + sizeof(uint32_t) <=
                            sizeof(otel__exemplars) + sizeof(otel__exemplar),
                    exemplars_leave_their_size);

/* ---- exemplar: which measurements ---- */

/* Whether a measurement may become an exemplar; *m is then filled in. */
OTEL__FN bool otel__exemplar_measure(const otel__instrument *in, uint64_t bits, otel_attrs attrs,
                                     otel_measurement *m)
{
    const uint32_t filter = in->r->metrics->exemplar_filter;
    const bool     always = filter == (uint32_t)OTEL_EXEMPLAR_FILTER_ALWAYS_ON;

    if (filter == (uint32_t)OTEL_EXEMPLAR_FILTER_ALWAYS_OFF) {
        return false;
    }
    if (!otel__context_read(&m->context)) {
        if (!always) {
            return false;
        }
        memset(&m->context, 0, sizeof m->context);
    } else if (!always && (m->context.trace_flags & OTEL_TRACE_FLAG_SAMPLED) == 0) {
        return false;
    }
    m->time_ns = otel__recorder_now(in->r);
    m->is_double = in->is_double;
    m->i = in->is_double ? 0 : (int64_t)bits;
    m->d = in->is_double ? otel__platform_bits_double(bits) : (double)m->i;
    m->attrs = attrs;
    return true;
}

/* How many places a series has: the program's number, or the standard one (M-92). */
OTEL__FN uint32_t otel__exemplar_places(const otel__instrument *in)
{
    uint32_t n = 1;
    uint32_t most = OTEL__EXEMPLAR_MOST;

    if (in->reservoir != NULL) {
        n = in->reservoir->size;
    } else if (in->ops->field == 10) {
        n = in->max_size;
        most = OTEL__EXEMPLAR_FIXED;
    } else if (in->ops->field == 9) {
        n = in->n_bounds + 1u;
        most = n;
    }
    return n < most ? n : most;
}

/* ---- exemplar: memory ---- */

OTEL__FN size_t otel__exemplar_stride(const otel__instrument *in)
{
    return sizeof(otel__exemplar) + (in->filters ? OTEL__EXEMPLAR_ROOM : 0u);
}

OTEL__FN otel__exemplar *otel__exemplar_at(const otel__instrument *in, otel__exemplars *e,
                                           uint32_t i)
{
    return (otel__exemplar *)(void *)((uint8_t *)(e + 1) + i * otel__exemplar_stride(in));
}

OTEL__FN uint8_t *otel__exemplar_attrs(otel__exemplar *x) { return (uint8_t *)(x + 1); }

/* The memory at an offset, or NULL if there is none. */
OTEL__FN otel__exemplars *otel__exemplar_memory(const otel__instrument *in, uint32_t offset)
{
    return offset == 0 || offset == OTEL__EXEMPLAR_NO_ROOM
               ? NULL
               : (otel__exemplars *)(void *)otel__series_at(in->r->metrics, offset);
}

/* The places of a series, or NULL if it has had no exemplar. */
OTEL__FN otel__exemplars *otel__exemplar_of(const otel__instrument *in, const otel__series *s)
{
    return otel__exemplar_memory(in, otel__a32_load(&s->exemplars));
}

OTEL__FN void otel__exemplar_clear(const otel__instrument *in, otel__exemplars *e)
{
    uint32_t i;

    otel__a32_put(&e->seen, 0);
    for (i = 0; i < in->n_exemplars; i++) {
        otel__a32_put(&otel__exemplar_at(in, e, i)->state, OTEL__EXEMPLAR_EMPTY);
    }
}

/* Take memory for the places of a series, once: who finds none leaves word, since the pool only
 * gets fuller. A handler or another thread may have been first; its memory is then used. */
OTEL__FN OTEL__COLD otel__exemplars *otel__exemplar_make(const otel__instrument *in,
                                                         otel__series           *s)
{
    const size_t bytes = sizeof(otel__exemplars) + in->n_exemplars * otel__exemplar_stride(in);
    uint32_t     offset = otel__series_take(in->r->metrics, (uint32_t)bytes);
    uint32_t     found = 0;

    if (offset == 0) {
        offset = OTEL__EXEMPLAR_NO_ROOM;
    } else {
        otel__exemplar_clear(in, otel__exemplar_memory(in, offset));
    }
    while (!otel__a32_cas(&s->exemplars, &found, offset)) {
        if (found != OTEL__EXEMPLAR_NO_ROOM) {
            if (offset != OTEL__EXEMPLAR_NO_ROOM) {
                otel__series_give(in->r->metrics, offset);
            }
            return otel__exemplar_memory(in, found);
        }
    }
    return otel__exemplar_memory(in, offset);
}

/* ---- exemplar: choosing a place ---- */

/* A fair sample: of n + 1 measurements each has the same chance to be there. The random number
 * differs between measurements, readings and series, and needs nothing shared. */
OTEL__FN uint32_t otel__exemplar_draw(const otel__instrument *in, const otel__series *s,
                                      uint64_t time, uint32_t seen)
{
    const uint64_t *seed = in->r->seed;
    uint64_t        x = otel__recorder_counter(otel__a32_peek(&s->exemplars), seen);

    if (seen < in->n_exemplars) {
        return seen;
    }
    x = otel__recorder_mix(x + time, seed[1], seed[3]) >> 32;
    return (uint32_t)((x * ((uint64_t)seen + 1u)) >> 32);
}

/* The place for a measurement; any number that is none: it is left out. */
OTEL__FN uint32_t otel__exemplar_choose(const otel__instrument *in, const otel__series *s,
                                        otel__exemplars *e, const otel_measurement *m)
{
    const otel_exemplar_reservoir *own = in->reservoir;

    if (own != NULL && own->offer != NULL) {
        return own->offer(own->user, m, otel__a32_count(&e->seen, 1u));
    }
    if (own == NULL && in->ops->field == 9 && in->n_bounds > 0) {
        return otel__hist_bucket(in->bounds, in->n_bounds, m->d);
    }
    return otel__exemplar_draw(in, s, m->time_ns, otel__a32_count(&e->seen, 1u));
}

/* ---- exemplar: writing one ---- */

/* Encode the attributes that the view leaves out, as many as fit. Returns their bytes. */
OTEL__FN uint16_t otel__exemplar_encode(const otel__instrument *in, uint8_t *begin,
                                        otel_attrs attrs)
{
    uint8_t *p = begin;
#if !defined(OTEL_LITE_NO_VIEWS)
    uint64_t high = 0;
    size_t   i;

    attrs.count = attrs.items == NULL             ? 0
                  : attrs.count < OTEL__ATTRS_MAX ? attrs.count
                                                  : OTEL__ATTRS_MAX;
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        otel__kv         kv;
        if (!otel__view_keeps(in->view, a) && !otel__attrs_is_shadowed(attrs, i) &&
            otel__kv_measure_checked(&kv, a) &&
            otel__kv_field_size(&kv) <= OTEL__EXEMPLAR_ROOM - (size_t)(p - begin)) {
            p = otel__kv_store(p, OTEL__PB_TAG(7, OTEL__PB_LEN), &kv, a, &high);
        }
    }
#else
    (void)in;
    (void)attrs;
#endif
    return (uint16_t)(p - begin);
}

/* Write a measurement to a place, unless somebody is there. */
OTEL__FN void otel__exemplar_keep(const otel__instrument *in, otel__exemplar *x,
                                  const otel_measurement *m)
{
    uint32_t state = otel__a32_peek(&x->state);

    do {
        if (state > OTEL__EXEMPLAR_FULL) {
            return;
        }
    } while (!otel__a32_cas(&x->state, &state, OTEL__EXEMPLAR_BUSY)); /* a reading came between */
    x->time = m->time_ns;
    x->bits = m->is_double ? otel__platform_double_bits(m->d) : (uint64_t)m->i;
    x->has_context = otel__context_is_valid(&m->context);
    x->trace_flags = m->context.trace_flags;
    memcpy(x->trace_id, m->context.trace_id, sizeof x->trace_id);
    memcpy(x->span_id, m->context.span_id, sizeof x->span_id);
    x->attrs_bytes = 0;
    if (in->filters && in->view != NULL) {
        x->attrs_bytes = otel__exemplar_encode(in, otel__exemplar_attrs(x), m->attrs);
    }
    otel__a32_store(&x->state, OTEL__EXEMPLAR_FULL);
}

/* Offer a measurement that passed the filter to the series it goes into. Lock-free; any thread,
 * signal handler, interrupt. */
OTEL__FN void otel__exemplar_offer(const otel__instrument *in, otel__series *s,
                                   const otel_measurement *m)
{
    const uint32_t   offset = otel__a32_load(&s->exemplars);
    otel__exemplars *e = otel__exemplar_memory(in, offset);
    uint32_t         i;

    if (e == NULL) {
        if (offset != 0 || in->n_exemplars == 0) {
            return;
        }
        e = otel__exemplar_make(in, s);
        if (e == NULL) {
            return;
        }
    }
    i = otel__exemplar_choose(in, s, e, m);
    if (i < in->n_exemplars) {
        otel__exemplar_keep(in, otel__exemplar_at(in, e, i), m);
    }
}

/* ---- exemplar: collecting ---- */

/* The next place from *i on that the reading holds, or NULL; *i is then behind it. Collector. */
OTEL__FN otel__exemplar *otel__exemplar_next(const otel__instrument *in, otel__exemplars *e,
                                             uint32_t *i)
{
    while (e != NULL && *i < in->n_exemplars) {
        otel__exemplar *x = otel__exemplar_at(in, e, (*i)++);
        if (otel__a32_peek(&x->state) == OTEL__EXEMPLAR_HELD) {
            return x;
        }
    }
    return NULL;
}

/* Hold what was measured up to `now`, the time of the point. What was measured a moment before the
 * point's start belongs to its first value, and is told with that time: M-91. Collector. */
OTEL__FN void otel__exemplar_take(const otel__instrument *in, otel__series *s, uint64_t now)
{
    otel__exemplars *e = otel__exemplar_of(in, s);
    uint64_t         start = otel__a64_peek(&s->start);
    uint32_t         i;

    start = start != 0 ? start : in->collected;
    start = start < now ? start : now;
    for (i = 0; e != NULL && i < in->n_exemplars; i++) {
        otel__exemplar *x = otel__exemplar_at(in, e, i);
        uint32_t        state = OTEL__EXEMPLAR_FULL;
        if (otel__a32_peek(&x->state) != state ||
            !otel__a32_cas(&x->state, &state, OTEL__EXEMPLAR_HELD)) {
            continue;
        }
        if (x->time > now) {
            otel__a32_store(&x->state, OTEL__EXEMPLAR_FULL); /* for the next reading */
        } else if (x->time < start) {
            x->time = start;
        }
    }
}

/* The reading is over: `sent` when it is in the queue; if not, it is offered again. The fair sample
 * then begins anew, behind the places that were held. Collector. */
OTEL__FN void otel__exemplar_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    otel__exemplars *e = otel__exemplar_of(in, s);
    otel__exemplar  *x;
    uint32_t         i = 0;

    while ((x = otel__exemplar_next(in, e, &i)) != NULL) {
        otel__a32_store(&x->state, sent ? OTEL__EXEMPLAR_EMPTY : OTEL__EXEMPLAR_FULL);
    }
    if (e != NULL && sent) {
        otel__a32_put(&e->seen, 0);
    }
}

/* In a forked child: the parent's are the parent's, and who was writing is not here. */
OTEL__FN void otel__exemplar_forget(const otel__instrument *in, otel__series *s)
{
    otel__exemplars *e = otel__exemplar_of(in, s);

    if (e != NULL) {
        otel__exemplar_clear(in, e);
    }
}

/* ---- exemplar: encoding ---- */

/* Bytes of an Exemplar message. */
OTEL__FN size_t otel__exemplar_body(const otel__exemplar *x)
{
    return 9u + 9u + (x->has_context ? 10u + 18u : 0u) + x->attrs_bytes;
}

/* Bytes of the held exemplars as fields of their point. Collector, as what follows. */
OTEL__FN size_t otel__exemplar_size(const otel__instrument *in, const otel__series *s)
{
    otel__exemplars *e = otel__exemplar_of(in, s);
    otel__exemplar  *x;
    uint32_t         i = 0;
    size_t           n = 0;

    while ((x = otel__exemplar_next(in, e, &i)) != NULL) {
        n += otel__pb_field_size(otel__exemplar_body(x));
    }
    return n;
}

/* Write them: otel__exemplar_size() bytes. */
OTEL__FN void otel__exemplar_write(otel__out *o, const otel__instrument *in, const otel__series *s)
{
    const uint32_t   field = in->ops->field == 9 ? 8u : in->ops->field == 10 ? 11u : 5u;
    otel__exemplars *e = otel__exemplar_of(in, s);
    otel__exemplar  *x;
    uint32_t         i = 0;

    while ((x = otel__exemplar_next(in, e, &i)) != NULL) {
        otel__pb_head(o, field, otel__exemplar_body(x));
        otel__pb_fixed64(o, 2, x->time);
        otel__pb_fixed64(o, in->is_double ? 3u : 6u, x->bits);
        if (x->has_context) {
            otel__pb_bytes(o, 4, x->span_id, sizeof x->span_id);
            otel__pb_bytes(o, 5, x->trace_id, sizeof x->trace_id);
        }
        otel__out_put(o, otel__exemplar_attrs(x), x->attrs_bytes);
    }
}

/* ---- exemplar: for C ---- */

/* Decode the attributes of a place into `room` ones at `to`; what is too much is left out. */
OTEL__FN otel_attrs otel__exemplar_decode(otel__exemplar *x, otel_attr *to, uint32_t room)
{
    const uint8_t *p = otel__exemplar_attrs(x);
    const uint8_t *end = p + x->attrs_bytes;
    uint32_t       n = 0;

    while (p < end && n < room) {
        to[n++] = otel__kv_attr(p);
        p = otel__kv_end(p);
    }
    return otel_attrs_of(to, n);
}

/* Where exemplars are listed: the caller's arrays. */
typedef struct otel__exemplar_room {
    otel_exemplar *to;
    uint32_t       capacity;
    otel_attr     *attrs; /* of all of them */
    uint32_t       attrs_capacity;
} otel__exemplar_room;

/* The held exemplars as structs; their attributes, of which one has at most OTEL__EXEMPLAR_ATTRS,
 * borrow from the place. Returns how many. */
OTEL__FN uint32_t otel__exemplar_list(const otel__instrument *in, otel__series *s,
                                      const otel__exemplar_room *room)
{
    otel_exemplar   *to = room->to;
    otel__exemplars *e = otel__exemplar_of(in, s);
    otel__exemplar  *x;
    uint32_t         used = 0;
    uint32_t         n = 0;
    uint32_t         i = 0;

    while (n < room->capacity && (x = otel__exemplar_next(in, e, &i)) != NULL) {
        memset(&to[n], 0, sizeof to[n]);
        to[n].time_ns = x->time;
        to[n].is_double = in->is_double;
        to[n].i = in->is_double ? 0 : (int64_t)x->bits;
        to[n].d = in->is_double ? otel__platform_bits_double(x->bits) : (double)to[n].i;
        memcpy(to[n].context.trace_id, x->trace_id, sizeof x->trace_id);
        memcpy(to[n].context.span_id, x->span_id, sizeof x->span_id);
        to[n].context.trace_flags = x->trace_flags;
        to[n].attrs = otel__exemplar_decode(x, room->attrs + used, room->attrs_capacity - used);
        used += (uint32_t)to[n].attrs.count;
        n++;
    }
    return n;
}

#endif /* OTEL_LITE_EXEMPLARS */

/* ---- src/record/point.h ---- */
/* point: what each aggregation does with its series: one data point of a reading, its size, its
 * bytes. A point is taken from its series, measured, written, and, once it is in the queue,
 * settled. In between nobody else changes what it says: cumulative numbers move on, but have
 * fixed width. A delta point that found no room is not settled as sent, so that the next one
 * covers its interval, too. Called by collect.h and read.h, one at a time.
 * Spec: metrics.proto; metrics/sdk.md "MetricReader"; requirements M-46, M-60..M-66, P-08,
 * P-23..P-27. */

#if !defined(OTEL_LITE_NO_METRICS)

/* ---- point: numbers: sums and last values ---- */

OTEL__FN size_t otel__point_number_bytes(const otel__instrument *in)
{
    (void)in;
    return sizeof(uint64_t);
}

OTEL__FN void otel__point_number_clear(const otel__instrument *in, otel__series *s)
{
    (void)in;
    s->value.kept = 0;
}

OTEL__FN uint64_t otel__point_add(const otel__instrument *in, uint64_t a, uint64_t b)
{
    return in->is_double ? otel__platform_double_bits(otel__platform_bits_double(a) +
                                                      otel__platform_bits_double(b))
                         : a + b;
}

/* A cumulative sum or gauge just stands there; a delta one moves to what is kept. */
OTEL__FN bool otel__point_number_take(const otel__instrument *in, otel__series *s, bool *waiting)
{
    uint32_t touched = otel__a32_load(&s->cell.touched);
    uint64_t number;

    (void)waiting;
    if (!in->is_delta) {
        return (touched & OTEL__SERIES_VALUE) != 0;
    }
    touched = otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_VALUE);
#if defined(OTEL__SHARDS)
    number = otel__shards_take(&in->r->metrics->shards, &s->cell);
#else
    number = otel__a64_swap(&s->cell.number, 0);
#endif
    s->value.kept = otel__point_add(in, s->value.kept, number);
    return (touched & (OTEL__SERIES_VALUE | OTEL__SERIES_POINT)) != 0 || /* not sent before */
           number != 0;
}

OTEL__FN void otel__point_number_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    if (in->is_delta && sent) {
        s->value.kept = 0;
    }
}

OTEL__FN size_t otel__point_number_size(const otel__instrument *in, const otel__series *s)
{
    (void)in;
    (void)s;
    return 9u;
}

OTEL__FN void otel__point_value(otel__out *o, const otel__instrument *in, uint64_t bits)
{
    otel__pb_fixed64(o, in->is_double ? 4u : 6u, bits);
}

/* What the point of a recorded number says. */
OTEL__FN uint64_t otel__point_number(const otel__instrument *in, const otel__series *s)
{
#if defined(OTEL__SHARDS)
    return in->is_delta ? s->value.kept : otel__shards_sum(&in->r->metrics->shards, &s->cell);
#else
    return in->is_delta ? s->value.kept : otel__a64_peek(&s->cell.number);
#endif
}

OTEL__FN void otel__point_number_write(otel__out *o, const otel__instrument *in,
                                       const otel__series *s)
{
    otel__point_value(o, in, otel__point_number(in, s));
}

#define OTEL__POINT_GAUGE 5u /* fields of Metric */
#define OTEL__POINT_SUM   7u

#define OTEL__POINT_NUMBER(field)                                                                  \
    {                                                                                              \
        otel__point_number_bytes, otel__point_number_clear, otel__point_number_take,               \
            otel__point_number_settle, otel__point_number_size, otel__point_number_write, field,   \
            OTEL__PB_TAG(7, OTEL__PB_LEN), false                                                   \
    }
static const otel__aggregation otel__point_sum = OTEL__POINT_NUMBER(OTEL__POINT_SUM);
static const otel__aggregation otel__point_gauge = OTEL__POINT_NUMBER(OTEL__POINT_GAUGE);

/* ---- point: numbers that callbacks tell ---- */

/* Whether what is told now is less than what was told before. */
OTEL__FN bool otel__point_told_fell(const otel__instrument *in, uint64_t now, uint64_t before)
{
    return in->is_double ? otel__platform_bits_double(now) < otel__platform_bits_double(before)
                         : (int64_t)now < (int64_t)before;
}

/* Only what was told for this reading counts (M-63). A cumulative series begins with the reading
 * before (M-65); so does a monotonic sum that fell. */
OTEL__FN bool otel__point_told_take(const otel__instrument *in, otel__series *s, bool *waiting)
{
    const uint32_t touched = otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_VALUE);
    const uint64_t number = otel__a64_peek(&s->cell.number);

    (void)waiting;
    if ((touched & OTEL__SERIES_VALUE) == 0) {
        return false;
    }
    if (!in->is_delta) {
        if (otel__a64_peek(&s->start) == 0 ||
            (in->kind == (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER &&
             otel__point_told_fell(in, number, s->value.kept))) {
            otel__a64_put(&s->start, in->collected);
        }
        s->value.kept = number;
    }
    return true;
}

/* What found no room is read again when there is, unless another reading begins before. */
OTEL__FN void otel__point_told_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    if (!sent) {
        (void)otel__a32_or(&s->cell.touched, OTEL__SERIES_VALUE);
    } else if (in->is_delta) {
        s->value.kept = otel__a64_peek(&s->cell.number);
    }
}

/* What the point says: the difference, if it is a delta one; a sum that fell began anew: M-67. */
OTEL__FN uint64_t otel__point_told_number(const otel__instrument *in, const otel__series *s)
{
    const uint64_t number = otel__a64_peek(&s->cell.number);

    if (!in->is_delta || otel__point_told_fell(in, number, s->value.kept)) {
        return number;
    }
    return in->is_double ? otel__platform_double_bits(otel__platform_bits_double(number) -
                                                      otel__platform_bits_double(s->value.kept))
                         : number - s->value.kept;
}

OTEL__FN void otel__point_told_write(otel__out *o, const otel__instrument *in,
                                     const otel__series *s)
{
    otel__point_value(o, in, otel__point_told_number(in, s));
}

#define OTEL__POINT_TOLD(field)                                                                    \
    {                                                                                              \
        otel__point_number_bytes, otel__point_number_clear, otel__point_told_take,                 \
            otel__point_told_settle, otel__point_number_size, otel__point_told_write, field,       \
            OTEL__PB_TAG(7, OTEL__PB_LEN), false                                                   \
    }
static const otel__aggregation otel__point_told_sum = OTEL__POINT_TOLD(OTEL__POINT_SUM);
static const otel__aggregation otel__point_told_gauge = OTEL__POINT_TOLD(OTEL__POINT_GAUGE);

/* ---- point: what both kinds of histograms have ---- */

/* Negative values were recorded, or may be: the sum could fall, and is left out (M-46, P-25). */
OTEL__FN bool otel__point_has_sum(const otel__instrument *in, const otel__hist *h)
{
    return otel__instrument_only_grows(in) && !otel__platform_less(h->min, 0);
}

/* Count, sum, min, max. */
OTEL__FN size_t otel__point_count_size(const otel__instrument *in, const otel__hist *h)
{
    return 9u + (otel__point_has_sum(in, h) ? 9u : 0u) + (in->no_min_max ? 0u : 9u + 9u);
}

/* Count and sum; min and max, whose fields differ. */
OTEL__FN void otel__point_count(otel__out *o, const otel__instrument *in, const otel__hist *h,
                                uint32_t field)
{
    otel__pb_fixed64(o, 4, h->count);
    if (otel__point_has_sum(in, h)) {
        otel__pb_double(o, 5, h->sum);
    }
    if (!in->no_min_max) {
        otel__pb_double(o, field, h->min);
        otel__pb_double(o, field + 1u, h->max);
    }
}

/* ---- point: explicit buckets ---- */

OTEL__FN size_t otel__point_explicit_bytes(const otel__instrument *in)
{
    return otel__hist_bytes(in->n_bounds + 1u);
}

OTEL__FN void otel__point_explicit_clear(const otel__instrument *in, otel__series *s)
{
    otel__hist_init(&s->value.hist, in->n_bounds + 1u);
}

OTEL__FN bool otel__point_explicit_take(const otel__instrument *in, otel__series *s, bool *waiting)
{
    *waiting = !otel__hist_collect(&s->value.hist, in->n_bounds + 1u) || *waiting;
    return s->value.hist.count > 0;
}

OTEL__FN void otel__point_explicit_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    if (in->is_delta && sent) {
        otel__hist_reset(&s->value.hist, in->n_bounds + 1u);
    }
}

OTEL__FN size_t otel__point_explicit_size(const otel__instrument *in, const otel__series *s)
{
    return otel__point_count_size(in, &s->value.hist) +
           otel__pb_field_size((in->n_bounds + 1u) * 8u) +
           (in->n_bounds > 0 ? otel__pb_field_size(in->n_bounds * 8u) : 0u);
}

/* Eight bytes of a packed field. */
OTEL__FN void otel__point_word(otel__out *o, uint64_t v)
{
    uint8_t word[8];
    otel__pb_store_le64(word, v);
    otel__out_put(o, word, 8);
}

OTEL__FN void otel__point_explicit_write(otel__out *o, const otel__instrument *in,
                                         const otel__series *s)
{
    const otel__hist *h = &s->value.hist;
    uint32_t          i;

    otel__point_count(o, in, h, 11);
    otel__pb_head(o, 6, (in->n_bounds + 1u) * 8u);
    for (i = 0; i <= in->n_bounds; i++) {
        otel__point_word(o, h->buckets[i]);
    }
    if (in->n_bounds > 0) {
        otel__pb_head(o, 7, in->n_bounds * 8u);
    }
    for (i = 0; i < in->n_bounds; i++) {
        otel__point_word(o, otel__platform_double_bits(in->bounds[i]));
    }
}

static const otel__aggregation otel__point_explicit = { otel__point_explicit_bytes,
                                                        otel__point_explicit_clear,
                                                        otel__point_explicit_take,
                                                        otel__point_explicit_settle,
                                                        otel__point_explicit_size,
                                                        otel__point_explicit_write,
                                                        9,
                                                        OTEL__PB_TAG(9, OTEL__PB_LEN),
                                                        false };

/* ---- point: exponential buckets ---- */

#if !defined(OTEL_LITE_NO_EXPONENTIAL)
OTEL__FN size_t otel__point_exp_bytes(const otel__instrument *in)
{
    return otel__exp_bytes(in->max_size);
}

OTEL__FN void otel__point_exp_clear(const otel__instrument *in, otel__series *s)
{
    otel__exp_init(&s->value.exp, in->max_size, in->max_scale);
}

OTEL__FN bool otel__point_exp_take(const otel__instrument *in, otel__series *s, bool *waiting)
{
    otel__exp *h = &s->value.exp;

    (void)in;
    if (!otel__exp_collect(h)) {
        *waiting = true;
        if (!otel__exp_open(h)) {
            return false;
        }
    }
    if (h->base.count == 0) {
        otel__exp_close(h, false);
        return false;
    }
    return true;
}

OTEL__FN void otel__point_exp_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    otel__exp_close(&s->value.exp, in->is_delta && sent);
}

/* The value of a sint32 field. */
OTEL__FN uint64_t otel__point_zigzag(int32_t v)
{
    return ((uint32_t)v << 1) ^ (v < 0 ? UINT32_MAX : 0u);
}

/* Bytes of the packed counts of one sign. */
OTEL__FN size_t otel__point_counts_size(const otel__exp *h, uint32_t sign)
{
    size_t   n = 0;
    uint32_t i;
    for (i = 0; i < h->used.n[sign]; i++) {
        n += otel__pb_varint_size(h->totals[sign][i]);
    }
    return n;
}

/* Bytes of a Buckets message. */
OTEL__FN size_t otel__point_buckets_size(const otel__exp *h, uint32_t sign)
{
    return 1u + otel__pb_varint_size(otel__point_zigzag(h->used.first[sign])) +
           otel__pb_field_size(otel__point_counts_size(h, sign));
}

OTEL__FN size_t otel__point_exp_size(const otel__instrument *in, const otel__series *s)
{
    const otel__exp *h = &s->value.exp;
    size_t           n = otel__point_count_size(in, &h->base) + 1u +
               otel__pb_varint_size(otel__point_zigzag(h->used.scale)) + 9u;
    uint32_t sign;

    for (sign = 0; sign < 2; sign++) {
        n += h->used.n[sign] > 0 ? otel__pb_field_size(otel__point_buckets_size(h, sign)) : 0u;
    }
    return n;
}

OTEL__FN void otel__point_buckets(otel__out *o, const otel__exp *h, uint32_t sign)
{
    uint32_t i;

    otel__pb_head(o, 8u + sign, otel__point_buckets_size(h, sign));
    otel__pb_uint(o, 1, otel__point_zigzag(h->used.first[sign]));
    otel__pb_head(o, 2, otel__point_counts_size(h, sign));
    for (i = 0; i < h->used.n[sign]; i++) {
        otel__pb_varint(o, h->totals[sign][i]);
    }
}

OTEL__FN void otel__point_exp_write(otel__out *o, const otel__instrument *in, const otel__series *s)
{
    const otel__exp *h = &s->value.exp;
    uint32_t         sign;

    otel__point_count(o, in, &h->base, 12);
    otel__pb_uint(o, 6, otel__point_zigzag(h->used.scale));
    otel__pb_fixed64(o, 7, h->zero);
    for (sign = 0; sign < 2; sign++) {
        if (h->used.n[sign] > 0) {
            otel__point_buckets(o, h, sign);
        }
    }
}

static const otel__aggregation otel__point_exponential = { otel__point_exp_bytes,
                                                           otel__point_exp_clear,
                                                           otel__point_exp_take,
                                                           otel__point_exp_settle,
                                                           otel__point_exp_size,
                                                           otel__point_exp_write,
                                                           10,
                                                           OTEL__PB_TAG(1, OTEL__PB_LEN),
                                                           true };
#endif

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/advice.h ---- */
/* advice: how a stream's values become points: by the reader's settings, the options that its
 * instrument was created with, and its view, each of which wins over those before it.
 * Called by instrument.h, under the set-up lock.
 * Spec: metrics/sdk.md "View", "Aggregation"; requirements M-25, M-34, M-35, M-41..M-47. */

#if !defined(OTEL_LITE_NO_METRICS)

#define OTEL__BOUNDS_MAX 255u

/* M-44: the default boundaries. */
static const double otel__advice_bounds[15] = { 0,   5,   10,   25,   50,   75,   100,  250,
                                                500, 750, 1000, 2500, 5000, 7500, 10000 };

/* What a public call makes. */
typedef struct otel__metric_form {
    const otel__aggregation *ops; /* of a histogram: unless its options say otherwise */
    otel_instrument          kind;
    bool                     is_double;
} otel__metric_form;

/* What an instrument is asked to be. */
typedef struct otel__metric_spec {
    const otel__metric_form      *form;
    const char                   *name;
    const char                   *unit;
    const char                   *description;
    const otel_histogram_options *options; /* of a histogram, or NULL */
} otel__metric_spec;

/* What there is to tell about a request, as bits. */
enum {
    OTEL__NEWS_OPTIONS = 1,
    OTEL__NEWS_SPELLING = 2,    /* the name differs in case from the first one: M-22       */
    OTEL__NEWS_CONFLICT = 4,    /* the name stands for something else already: M-21        */
    OTEL__NEWS_DESCRIPTION = 8, /* another one for the same instrument                     */
    OTEL__NEWS_ADVICE = 16,     /* other boundaries or sizes for the same instrument: M-23 */
    OTEL__NEWS_NAME = 32,       /* M-03                                                    */
    OTEL__NEWS_ROOM = 64,       /* there was none for all of it                            */
#if defined(OTEL_LITE_NO_VIEWS)
    OTEL__NEWS_BITS = 7,
#else
    OTEL__NEWS_VIEW = 128,   /* a view that does not suit the kind: M-34      */
    OTEL__NEWS_STREAM = 256, /* a view gives a name that is there: M-33       */
    OTEL__NEWS_BITS = 9,
#endif
    OTEL__NEWS_ROOM_BIT = 6,
    OTEL__NEWS_KEPT = 512 /* not told: a copy of the description stays */
};

/* ---- advice: of a histogram ---- */

OTEL__FN bool otel__advice_bounds_are_valid(const otel_histogram_options *o)
{
    size_t i;
    if (o->bounds == NULL || o->n_bounds > OTEL__BOUNDS_MAX) {
        return o->bounds == NULL && o->n_bounds == 0;
    }
    for (i = 0; i < o->n_bounds; i++) {
        if (!otel__platform_is_finite(o->bounds[i]) ||
            (i > 0 && !otel__platform_less(o->bounds[i - 1], o->bounds[i]))) {
            return false;
        }
    }
    return true;
}

/* Take the options of a histogram into the stream, apart from the memory of boundaries; what is not
 * valid is left out. Returns whether all was. */
OTEL__FN bool otel__advice_histogram(const otel__metrics *m, otel__instrument *in,
                                     const otel_histogram_options *o, uint32_t aggregation)
{
    bool valid = true;

    in->bounds = otel__advice_bounds;
    in->n_bounds = (uint32_t)(sizeof otel__advice_bounds / sizeof otel__advice_bounds[0]);
    if (!otel__advice_bounds_are_valid(o)) {
        valid = false;
    } else if (o->bounds != NULL) {
        in->bounds = o->bounds;
        in->n_bounds = (uint32_t)o->n_bounds;
    }
    in->no_min_max = o->no_min_max;
#if !defined(OTEL_LITE_NO_VIEWS)
    in->ops = &otel__point_explicit;
#endif
#if defined(OTEL_LITE_NO_EXPONENTIAL)
    (void)m;
#else
    in->max_size = (uint16_t)m->exponential_max_size;
    if (o->max_size >= 2u && o->max_size <= 0xffffu) {
        in->max_size = (uint16_t)o->max_size;
    } else if (o->max_size != 0) {
        valid = false;
    }
    in->max_scale = (int8_t)(o->max_scale == 0 ? 20 : o->max_scale);
    if (o->max_scale == OTEL_SCALE_ZERO) {
        in->max_scale = 0;
    } else if (o->max_scale < -10 || o->max_scale > 20) {
        in->max_scale = 20;
        valid = false;
    }
    if (aggregation == OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM) {
        in->aggregation = (uint8_t)aggregation;
        in->ops = &otel__point_exponential;
        in->bounds = otel__advice_bounds; /* the caller's are of no use */
        in->n_bounds = 0;
        return valid;
    }
#endif
    in->aggregation = OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    return valid && aggregation == OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
}

#if !defined(OTEL_LITE_NO_DIAGNOSTICS)
/* Whether an instrument that is there is what the options ask for: M-23. It is only told. */
OTEL__FN bool otel__advice_is_same(const otel__instrument *in, const otel__instrument *asked)
{
    return in->aggregation == asked->aggregation && in->n_bounds == asked->n_bounds &&
           otel__attr_same_bytes(in->bounds, asked->bounds, in->n_bounds * sizeof(double)) &&
           in->max_size == asked->max_size && in->max_scale == asked->max_scale &&
           in->no_min_max == asked->no_min_max;
}
#endif

/* ---- advice: of all sources ---- */

/* Whether measurements of a kind go nowhere in a reader's standard streams. */
OTEL__FN bool otel__advice_drops(const otel__metrics *m, const otel__metric_spec *spec,
                                 uint32_t reader)
{
    uint32_t aggregation = m->readers[reader].histogram_aggregation;

    if (spec->options != NULL && spec->options->aggregation != 0) {
        aggregation = spec->options->aggregation;
    }
    return ((m->drop_instruments >> (uint32_t)spec->form->kind) & 1u) != 0 ||
           (spec->form->kind == OTEL_INSTRUMENT_HISTOGRAM &&
            aggregation == (uint32_t)OTEL_AGGREGATION_DROP);
}

#if !defined(OTEL_LITE_NO_VIEWS)
/* Whether an aggregation of a view makes sense for a kind: values that callbacks tell are sums or
 * last values (M-34). */
OTEL__FN bool otel__advice_suits(otel_instrument kind, uint32_t aggregation)
{
    return aggregation <= (uint32_t)OTEL_AGGREGATION_LAST_VALUE ||
           (aggregation <= (uint32_t)OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM &&
            kind < OTEL_INSTRUMENT_OBSERVABLE_COUNTER);
}

/* Put what the view says over the options. One that names an aggregation does not look at the
 * instrument's: M-47. */
OTEL__FN void otel__advice_view(otel_histogram_options *o, const otel_view *view)
{
    if (view->aggregation != 0) {
        memset(o, 0, sizeof *o);
        o->aggregation = view->aggregation;
    }
    if (view->bounds != NULL || view->n_bounds != 0) {
        o->bounds = view->bounds;
        o->n_bounds = view->n_bounds;
    }
    o->max_size = view->max_size != 0 ? view->max_size : o->max_size;
    o->max_scale = view->max_scale != 0 ? view->max_scale : o->max_scale;
    o->no_min_max = o->no_min_max || view->no_min_max;
}

/* A view's choice of a sum or the last value. */
OTEL__FN void otel__advice_number(otel__instrument *in, uint32_t aggregation)
{
    const bool told = otel__instrument_is_observable(in);

    in->aggregation = (uint8_t)aggregation;
    if (aggregation == (uint32_t)OTEL_AGGREGATION_SUM) {
        in->ops = told ? &otel__point_told_sum : &otel__point_sum;
    } else {
        in->ops = told ? &otel__point_told_gauge : &otel__point_gauge;
    }
}
#endif

/* Decide how the stream aggregates; its kind, reader and view are set. Returns whether all options
 * were valid. */
OTEL__FN OTEL__NOINLINE bool otel__advice_take(const otel__metrics *m, otel__instrument *in,
                                               const otel__metric_spec *spec)
{
    static const otel_histogram_options standard = { NULL, 0, 0, 0, 0, false };
    const otel_histogram_options       *o = spec->options != NULL ? spec->options : &standard;
    uint32_t                            aggregation = o->aggregation;
#if !defined(OTEL_LITE_NO_VIEWS)
    otel_histogram_options merged = *o;

    if (in->view != NULL) {
        otel__advice_view(&merged, in->view);
        o = &merged;
        aggregation = o->aggregation;
        if (in->view->aggregation == (uint32_t)OTEL_AGGREGATION_SUM ||
            in->view->aggregation == (uint32_t)OTEL_AGGREGATION_LAST_VALUE) {
            otel__advice_number(in, aggregation);
            return true;
        }
    }
#endif
    if (aggregation == 0) {
        if (in->kind != (uint8_t)OTEL_INSTRUMENT_HISTOGRAM) {
            return true; /* its form says how */
        }
        aggregation = m->readers[otel__instrument_reader(in)].histogram_aggregation;
    }
    return otel__advice_histogram(m, in, o, aggregation);
}

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/stream.h ---- */
/* stream: what an instrument's values go to: a name, an aggregation, series, for one reader.
 * Usually an instrument has one stream and is it. Each view that matches makes one, and each
 * reader has its own, so that no reader and no view disturbs another; values of such instruments
 * take the long way, see route.h. Streams of one instrument lie behind one another, chained by
 * `more`. Called by instrument.h, under the set-up lock.
 * Spec: metrics/sdk.md "Measurement processing"; requirements M-33, M-61, M-68, M-80. */

#if !defined(OTEL_LITE_NO_METRICS)

/* Whether two names are the same, letters in any case (ASCII): M-22. */
OTEL__FN bool otel__stream_same_name(const char *a, const char *b)
{
    while (*a != '\0' && otel__text_lower(*a) == otel__text_lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* The name that the program gave; a view may have given the stream another one. NULL for a further
 * stream. */
OTEL__FN const char *otel__stream_asked(const otel__instrument *in)
{
#if defined(OTEL__STREAMS)
    return in->asked;
#else
    return in->name;
#endif
}

/* The view that made the stream, or NULL. */
OTEL__FN const otel_view *otel__stream_view(const otel__instrument *in)
{
#if defined(OTEL__STREAMS)
    return in->view;
#else
    (void)in;
    return NULL;
#endif
}

/* ---- stream: making one ---- */

/* Empty a place for a stream of that reader and view. */
OTEL__FN void otel__stream_ask(otel__instrument *in, uint32_t reader, const otel_view *view)
{
    memset(in, 0, sizeof *in);
#if defined(OTEL__STREAMS)
    in->reader = (uint8_t)reader;
    in->view = view;
#else
    (void)reader;
    (void)view;
#endif
}

/* Build the overflow series, the first of the list, where a program that records that very set
 * finds it. */
OTEL__FN bool otel__stream_make_overflow(otel__metrics *m, otel__instrument *in)
{
    const otel_attr attr = otel_bool(OTEL__SERIES_OVERFLOW, true);

    if (!otel__series_found(m, in, otel_attrs_of(&attr, 1))) {
        return false;
    }
    otel__a32_put(&in->tail, in->overflow);
    return true;
}

/* Whether a reading tells what came since the one before: M-61. Last values never do. */
OTEL__FN bool otel__stream_is_delta(uint32_t temporality, const otel__instrument *in)
{
    return temporality != (uint32_t)OTEL_TEMPORALITY_CUMULATIVE &&
           in->ops->field != OTEL__POINT_GAUGE &&
           (in->kind == (uint8_t)OTEL_INSTRUMENT_COUNTER ||
            in->kind == (uint8_t)OTEL_INSTRUMENT_HISTOGRAM ||
            (in->kind == (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER &&
             temporality == (uint32_t)OTEL_TEMPORALITY_DELTA));
}

/* Begin a stream of what is asked for: all that needs no memory. Its reader and view are set.
 * Returns false when some options were not valid, which are left out. */
OTEL__FN bool otel__stream_begin(const otel__metrics *m, otel_scope *scope, otel__instrument *in,
                                 const otel__metric_spec *spec)
{
    const otel__reader *reader = &m->readers[otel__instrument_reader(in)];
    bool                valid;

    in->r = scope->r;
    in->scope = scope;
    in->live = scope->r->live;
    in->ops = spec->form->ops;
    in->kind = (uint8_t)spec->form->kind;
    in->is_double = spec->form->is_double;
    in->max_series = reader->max_series;
    valid = otel__advice_take(m, in, spec);
    in->is_delta = otel__stream_is_delta(reader->temporality, in);
    return valid;
}

/* A copy of the boundaries, or NULL. */
OTEL__FN const double *otel__stream_keep_bounds(otel__recorder *r, const double *bounds, uint32_t n)
{
    double *copy = (double *)otel__arena_take(&r->text, n, sizeof(double));

    if (copy != NULL) {
        otel__bytes_copy(copy, bounds, n * sizeof(double));
    }
    return copy;
}

#if defined(OTEL__STREAMS)
/* Give a stream its name, unit and description, the view's where it has them. */
OTEL__FN bool otel__stream_name(otel__instrument *in, const otel__metric_spec *spec)
{
    otel__recorder *r = in->r;
    const char     *name = spec->name;
    const char     *description = spec->description;

#if !defined(OTEL_LITE_NO_VIEWS)
    if (in->view != NULL && in->view->name != NULL) {
        name = otel__recorder_clean(r, in->view->name);
    }
    if (in->view != NULL && in->view->description != NULL) {
        description = otel__recorder_clean(r, in->view->description);
    }
    if (name == NULL || description == NULL) {
        return false;
    }
#endif
    in->name = otel__recorder_keep(r, name);
    in->asked = name == spec->name ? in->name : otel__recorder_keep(r, spec->name);
    in->unit = otel__recorder_keep(r, spec->unit);
    description = otel__recorder_keep(r, description);
    otel__aptr_store(&in->description, (void *)(uintptr_t)description);
    return in->name != NULL && in->asked != NULL && in->unit != NULL && description != NULL;
}
#else
OTEL__FN bool otel__stream_name(otel__instrument *in, const otel__metric_spec *spec)
{
    const char *description = otel__recorder_keep(in->r, spec->description);

    in->name = otel__recorder_keep(in->r, spec->name);
    in->unit = otel__recorder_keep(in->r, spec->unit);
    otel__aptr_store(&in->description, (void *)(uintptr_t)description);
    return in->name != NULL && in->unit != NULL && description != NULL;
}
#endif

/* Give a stream that was begun its texts, boundaries and first series. False when memory is used
 * up. */
OTEL__FN bool otel__stream_make(otel__metrics *m, otel__instrument *in,
                                const otel__metric_spec *spec)
{
    in->collected = otel__recorder_now(in->r);
    if (in->n_bounds > 0 && in->bounds != otel__advice_bounds) {
        in->bounds = otel__stream_keep_bounds(in->r, in->bounds, in->n_bounds);
    }
    return (in->n_bounds == 0 || in->bounds != NULL) && otel__stream_name(in, spec) &&
           otel__stream_make_overflow(m, in);
}

/* ---- stream: all of an instrument ---- */

#if !defined(OTEL__STREAMS)

OTEL__FN void otel__stream_describe(otel__instrument *in, const char *description)
{
    otel__aptr_store(&in->description, (void *)(uintptr_t)description);
}

/* Make the instrument, unless it is dropped. */
OTEL__FN otel__instrument *otel__stream_make_all(otel__metrics *m, otel_scope *scope,
                                                 const otel__metric_spec *spec, uint32_t *news)
{
    const uint32_t    n = otel__a32_peek(&m->n_instruments);
    otel__instrument *in = &m->instruments[n];

    if (otel__advice_drops(m, spec, OTEL__READER_PUSH)) {
        return NULL;
    }
    otel__stream_ask(in, OTEL__READER_PUSH, NULL);
    if (!otel__stream_begin(m, scope, in, spec)) {
        *news |= OTEL__NEWS_OPTIONS;
    }
    in->index = n;
    if (n >= m->max_instruments || !otel__stream_make(m, in, spec)) {
        *news |= OTEL__NEWS_ROOM;
        return NULL;
    }
    otel__a32_store(&m->n_instruments, n + 1u);
    return in;
}

#else

/* Where values go that do not go straight into one series. */
static const otel__a32 otel__stream_detour = { OTEL__LIVE_DETOUR };

/* The instrument's description is another one; a view's stays. */
OTEL__FN void otel__stream_describe(otel__instrument *in, const char *description)
{
    for (; in != NULL; in = in->more) {
        if (in->view == NULL || in->view->description == NULL) {
            otel__aptr_store(&in->description, (void *)(uintptr_t)description);
        }
    }
}

/* ---- stream: bindings ---- */

/* A bound handle of an instrument with several streams needs a series in each, and what a view left
 * out if exemplars want it. It has a binding of its own: a series that no search finds, with the
 * whole attribute set, whose value is the offsets of the others. */
OTEL__FN bool otel__stream_binds(const otel__instrument *in)
{
    bool binds = in->more != NULL;
#if defined(OTEL_LITE_EXEMPLARS)
    binds = binds || (in->filters && in->n_exemplars > 0);
#endif
    return binds;
}

OTEL__FN uint32_t otel__stream_count(const otel__instrument *in)
{
    uint32_t n = 0;
    for (; in != NULL; in = in->more) {
        n++;
    }
    return n;
}

OTEL__FN size_t otel__stream_binding_bytes(const otel__instrument *in)
{
    return otel__stream_count(in) * sizeof(uint32_t);
}

OTEL__FN void otel__stream_binding_clear(const otel__instrument *in, otel__series *s)
{
    (void)in;
    (void)s;
}

OTEL__FN uint32_t *otel__stream_offsets(otel__series *binding)
{
    return (uint32_t *)(void *)&binding->value;
}

/* A binding of that set without its offsets, or 0. */
OTEL__FN uint32_t otel__stream_make_binding(otel__metrics *m, const otel__instrument *in,
                                            otel_attrs attrs)
{
    static const otel__aggregation ops = { otel__stream_binding_bytes,
                                           otel__stream_binding_clear,
                                           NULL,
                                           NULL,
                                           NULL,
                                           NULL,
                                           0,
                                           OTEL__PB_TAG(1, OTEL__PB_LEN),
                                           false };
    otel__instrument like = *in;

    like.ops = &ops;
    return otel__series_build_apart(m, &like, attrs);
}

/* The binding that handles share when there is no memory for one: to the overflow series. */
OTEL__FN bool otel__stream_make_unbound(otel__metrics *m, otel__instrument *in)
{
    uint32_t *to;

    if (!otel__stream_binds(in) || otel__instrument_is_observable(in)) {
        return true;
    }
    in->unbound = otel__stream_make_binding(m, in, OTEL_NO_ATTRS);
    if (in->unbound == 0) {
        return false;
    }
    to = otel__stream_offsets(otel__series_at(m, in->unbound));
    for (; in != NULL; in = in->more) {
        *to++ = in->overflow;
    }
    return true;
}

/* An instrument whose streams are being made. */
typedef struct otel__streams {
    otel__metrics *m;
    otel_scope *scope;
    const otel__metric_spec *spec;
    uint32_t first; /* index of the first stream */
    uint32_t n;
    uint32_t news; /* OTEL__NEWS_* */
} otel__streams;

#if !defined(OTEL_LITE_NO_VIEWS)
/* Whether a view gives two metrics of a reader one name: M-33. */
OTEL__FN bool otel__stream_name_is_taken(const otel__metrics *m, const otel__instrument *in)
{
    uint32_t i;

    for (i = 0; i < in->index; i++) {
        const otel__instrument *other = &m->instruments[i];
        if (other->scope == in->scope && other->reader == in->reader &&
            (other->view != NULL || in->view != NULL) &&
            otel__stream_same_name(other->name, in->name)) {
            return true;
        }
    }
    return false;
}
#endif

/* What a view says besides names and aggregation. */
OTEL__FN void otel__stream_limit(const otel__metrics *m, otel__instrument *in)
{
    (void)m;
    (void)in;
#if !defined(OTEL_LITE_NO_VIEWS)
    in->filters = otel__view_filters(in->view);
    if (in->view != NULL && in->view->max_series != 0) {
        in->max_series = in->view->max_series;
    }
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    if (m->exemplar_filter != (uint32_t)OTEL_EXEMPLAR_FILTER_ALWAYS_OFF) {
        in->reservoir = in->view != NULL ? in->view->reservoir : NULL;
        in->n_exemplars = otel__exemplar_places(in);
    }
#endif
}

/* Make one stream, unless it is dropped. */
OTEL__FN void otel__streams_add(otel__streams *t, uint32_t reader, const otel_view *view)
{
    otel__metrics *m = t->m;
    otel__instrument *in = &m->instruments[t->first + t->n];

    if (view == NULL || view->aggregation == 0 ? otel__advice_drops(m, t->spec, reader)
                                               : view->aggregation == OTEL_AGGREGATION_DROP) {
        return;
    }
    otel__stream_ask(in, reader, view);
    if (!otel__stream_begin(m, t->scope, in, t->spec)) {
        t->news |= OTEL__NEWS_OPTIONS;
    }
    otel__stream_limit(m, in);
    in->index = t->first + t->n;
    if (in->index >= m->max_instruments || !otel__stream_make(m, in, t->spec)) {
        t->news |= OTEL__NEWS_ROOM;
        return;
    }
#if !defined(OTEL_LITE_NO_VIEWS)
    if (otel__stream_name_is_taken(m, in)) {
        t->news |= OTEL__NEWS_STREAM;
    }
#endif
    if (t->n > 0) {
        in->asked = NULL;
        in[-1].more = in;
    }
    t->n++;
}

/* Make the streams of one reader: of each view that matches, or else the standard one. */
OTEL__FN void otel__streams_add_reader(otel__streams *t, uint32_t reader)
{
    bool matched = false;
#if !defined(OTEL_LITE_NO_VIEWS)
    const otel__metric_spec *spec = t->spec;
    size_t i;

    for (i = 0; i < t->m->n_views; i++) {
        const otel_view *view = &t->m->views[i];
        if (!otel__view_fits(view, t->scope, spec->form->kind, spec->name, spec->unit)) {
            continue;
        }
        if (!otel__advice_suits(spec->form->kind, view->aggregation)) {
            t->news |= OTEL__NEWS_VIEW;
            continue;
        }
        matched = true;
        otel__streams_add(t, reader, view);
    }
#endif
    if (!matched) {
        otel__streams_add(t, reader, NULL);
    }
}

/* Whether values of an instrument with this stream alone may go straight into its series: what the
 * recording calls do is what the stream asks for. */
OTEL__FN bool otel__stream_is_straight(const otel__instrument *in, const otel__metric_form *form)
{
    bool straight = in->more == NULL && !in->filters;

#if defined(OTEL_LITE_EXEMPLARS)
    straight = straight && in->n_exemplars == 0;
#endif
    return straight && (in->ops == form->ops ||
                        (form->kind == OTEL_INSTRUMENT_HISTOGRAM &&
                         in->aggregation >= OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM));
}

/* Make the instrument's streams. Returns the first, or NULL when all are dropped or there is no
 * room; when there is none for a further one, the others work. */
OTEL__FN otel__instrument *otel__stream_make_all(otel__metrics *m, otel_scope *scope,
                                                 const otel__metric_spec *spec, uint32_t *news)
{
    otel__streams t = { m, scope, spec, otel__a32_peek(&m->n_instruments), 0, 0 };
    otel__instrument *in = &m->instruments[t.first];
    uint32_t reader;

    for (reader = 0; reader < OTEL__READERS; reader++) {
        if (m->readers[reader].on) {
            otel__streams_add_reader(&t, reader);
        }
    }
    if (t.n > 0 && !otel__stream_is_straight(in, spec->form)) {
        in->live = &otel__stream_detour;
        if (!otel__stream_make_unbound(m, in)) {
            t.news |= OTEL__NEWS_ROOM;
        }
    }
    *news |= t.news;
    otel__a32_store(&m->n_instruments, t.first + t.n);
    return t.n > 0 ? in : NULL;
}

#endif

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/instrument.h ---- */
/* instrument: making instruments: names, identity, conflicts; stream.h makes what they consist of.
 * One struct serves all kinds, the kind is data; the public handle types only keep a caller from
 * mixing them up. Called by otel_*_create(), on any thread, under the set-up lock.
 * Spec: metrics/api.md, metrics/sdk.md "Duplicate instrument registration"; requirements
 * M-01..M-08, M-20..M-24. */

#if !defined(OTEL_LITE_NO_METRICS)

struct otel_counter {
    otel__instrument in;
};
struct otel_counter_f64 {
    otel__instrument in;
};
struct otel_updown {
    otel__instrument in;
};
struct otel_updown_f64 {
    otel__instrument in;
};
struct otel_gauge {
    otel__instrument in;
};
struct otel_gauge_f64 {
    otel__instrument in;
};
struct otel_histogram {
    otel__instrument in;
};
struct otel_histogram_f64 {
    otel__instrument in;
};
struct otel_observable {
    otel__instrument in;
};
struct otel_observable_f64 {
    otel__instrument in;
};

/* ---- instrument: names ---- */

/* M-03: a letter, then letters, digits, _ . - /, at most 255 in all. */
OTEL__FN bool otel__metric_name_is_valid(const char *name)
{
    size_t n;
    for (n = 0; name[n] != '\0'; n++) {
        const char c = otel__text_lower(name[n]);
        if (!(c >= 'a' && c <= 'z') &&
            (n == 0 || (!(c >= '-' && c <= '9') && c != '_'))) { /* - . / and the digits */
            return false;
        }
    }
    return n > 0 && n <= 255u;
}

/* ---- instrument: finding ---- */

/* The instrument that is the same (M-20), or NULL. *named is the first with the name in any
 * case. */
OTEL__FN otel__instrument *otel__metric_find(otel__metrics *m, const otel_scope *scope,
                                             const otel__metric_spec *spec,
                                             otel__instrument       **named)
{
    const uint32_t n = otel__a32_peek(&m->n_instruments);
    uint32_t       i;

    *named = NULL;
    for (i = 0; i < n; i++) {
        otel__instrument *in = &m->instruments[i];
        const char       *asked = otel__stream_asked(in);
        if (in->scope == scope && asked != NULL && otel__stream_same_name(asked, spec->name)) {
            *named = *named != NULL ? *named : in;
            if (in->kind == (uint8_t)spec->form->kind && in->is_double == spec->form->is_double &&
                otel__text_same(in->unit, spec->unit)) {
                return in;
            }
        }
    }
    return NULL;
}

/* What is new about the description of an instrument that is there. A longer one replaces the
 * first, if there is room: it is the same stream. */
OTEL__FN uint32_t otel__metric_meet(otel__instrument *in, const otel__metric_spec *spec)
{
    const char *description = (const char *)otel__aptr_load(&in->description);
    uint32_t    news = OTEL__NEWS_DESCRIPTION;

    if (otel__text_same(description, spec->description)) {
        return 0;
    }
    if (otel__text_length(spec->description) > otel__text_length(description)) {
        const char *copy = otel__recorder_keep(in->r, spec->description);
        if (copy != NULL) {
            otel__stream_describe(in, copy);
            news |= OTEL__NEWS_KEPT;
        }
    }
    return news;
}

#if !defined(OTEL_LITE_NO_DIAGNOSTICS)
/* What is new about the options of an instrument that is there. The place behind the last stream,
 * which is there for this, holds what is asked for. */
OTEL__FN uint32_t otel__metric_compare(otel__metrics *m, otel_scope *scope,
                                       const otel__instrument *in, const otel__metric_spec *spec)
{
    otel__instrument *asked = &m->instruments[otel__a32_peek(&m->n_instruments)];
    uint32_t          news = 0;

    otel__stream_ask(asked, otel__instrument_reader(in), otel__stream_view(in));
    if (!otel__stream_begin(m, scope, asked, spec)) {
        news |= OTEL__NEWS_OPTIONS;
    }
    if (!otel__advice_is_same(in, asked)) {
        news |= OTEL__NEWS_ADVICE;
    }
    return news;
}
#endif

/* ---- instrument: making one ---- */

/* Find the instrument or make it. Under the lock; NULL when it is dropped, or there is no room for
 * it. `spec` is repaired. */
OTEL__FN otel__instrument *otel__metric_find_or_make(otel__metrics *m, otel_scope *scope,
                                                     otel__metric_spec *spec, uint32_t *news)
{
    otel__instrument *named;
    otel__instrument *in = otel__metric_find(m, scope, spec, &named);

    if (named != NULL && !otel__text_same(otel__stream_asked(named), spec->name)) {
        *news |= OTEL__NEWS_SPELLING;
    }
    if (in == NULL) {
        if (named != NULL) {
            *news |= OTEL__NEWS_CONFLICT;
            spec->name = otel__stream_asked(named);
        }
        return otel__stream_make_all(m, scope, spec, news);
    }
#if !defined(OTEL_LITE_NO_DIAGNOSTICS)
    *news |= otel__metric_compare(m, scope, in, spec);
#endif
    *news |= otel__metric_meet(in, spec);
    return in;
}

/* Tell what was wrong with a request, when the lock is not held: the user's function may create
 * instruments itself. */
OTEL__FN void otel__metric_tell(otel__diag_sink *sink, const char *name, uint32_t news)
{
    static const char *const what[OTEL__NEWS_BITS] = {
        ": options that are not valid; the default ones are used",
        ": was created in another case before; that name is used",
        ": was created with another kind, number type or unit; both are sent: rename one",
        ": was created with another description; the longer one is used",
        ": was created with other options; the first ones are used",
        ": not a valid name",
        ": no room: raise max_instruments, series_bytes or text_bytes",
#if !defined(OTEL_LITE_NO_VIEWS)
        ": a view asks for an aggregation that this kind cannot have; that view is ignored",
        ": a view makes a second metric of this name; both are sent: rename one",
#endif
    };
    uint32_t i;

    for (i = 0; i < OTEL__NEWS_BITS; i++) {
        if (((news >> i) & 1u) != 0) {
            otel__diag(sink, i == OTEL__NEWS_ROOM_BIT ? OTEL_SEVERITY_ERROR : OTEL_SEVERITY_WARN,
                       "instrument ", name, what[i]);
        }
    }
}

/* The instrument of that identity, made if it is new (M-20). */
OTEL__FN otel__instrument *otel__metric_create(otel_scope *scope, const otel__metric_spec *given)
{
    otel__metrics    *m = scope != NULL ? scope->r->metrics : NULL;
    otel__instrument *in = NULL;
    otel__metric_spec spec = *given;
    otel__recorder   *r;
    uint32_t          news = 0;
    size_t            used;
    uint32_t          n;

    if (m == NULL || !otel__recorder_live(scope->r)) {
        return NULL;
    }
    r = scope->r;
    otel__recorder_lock(r);
    used = r->text.used;
    n = otel__a32_peek(&m->n_instruments);
    spec.name = otel__recorder_clean(r, given->name);
    spec.unit = otel__recorder_clean(r, given->unit);
    spec.description = otel__recorder_clean(r, given->description);
    if (spec.name != NULL && spec.unit != NULL && spec.description != NULL) {
        in = otel__metric_find_or_make(m, scope, &spec, &news);
    } else {
        news |= OTEL__NEWS_ROOM;
    }
    if (n == otel__a32_peek(&m->n_instruments) && (news & OTEL__NEWS_KEPT) == 0) {
        r->text.used = used; /* what was copied in vain */
    }
    otel__recorder_unlock(r);
    if (given->name == NULL || !otel__metric_name_is_valid(given->name)) {
        news |= OTEL__NEWS_NAME;
    }
    otel__metric_tell(&r->sink, given->name, news);
    return in;
}

/* ---- instrument: the public calls ---- */

OTEL__FN void *otel__metric_new(otel_scope *scope, const otel__metric_form *form,
                                const char *const texts[3], const otel_histogram_options *options)
{
    otel__metric_spec spec;
    spec.form = form;
    spec.name = texts[0];
    spec.unit = texts[1];
    spec.description = texts[2];
    spec.options = options;
    return otel__metric_create(scope, &spec);
}

#define OTEL__METRIC_CREATE(type, function, ops, kind, is_double)                                  \
    OTEL_API type *function(otel_scope *scope, const char *name, const char *unit,                 \
                            const char *description)                                               \
    {                                                                                              \
        static const otel__metric_form form = { ops, kind, is_double };                            \
        const char *const              texts[3] = { name, unit, description };                     \
        return (type *)otel__metric_new(scope, &form, texts, NULL);                                \
    }
OTEL__METRIC_CREATE(otel_counter, otel_counter_create, &otel__point_sum, OTEL_INSTRUMENT_COUNTER,
                    false)
OTEL__METRIC_CREATE(otel_counter_f64, otel_counter_create_f64, &otel__point_sum,
                    OTEL_INSTRUMENT_COUNTER, true)
OTEL__METRIC_CREATE(otel_updown, otel_updown_create, &otel__point_sum, OTEL_INSTRUMENT_UPDOWN,
                    false)
OTEL__METRIC_CREATE(otel_updown_f64, otel_updown_create_f64, &otel__point_sum,
                    OTEL_INSTRUMENT_UPDOWN, true)
OTEL__METRIC_CREATE(otel_gauge, otel_gauge_create, &otel__point_gauge, OTEL_INSTRUMENT_GAUGE, false)
OTEL__METRIC_CREATE(otel_gauge_f64, otel_gauge_create_f64, &otel__point_gauge,
                    OTEL_INSTRUMENT_GAUGE, true)
#undef OTEL__METRIC_CREATE

OTEL_API otel_histogram *otel_histogram_create(otel_scope *scope, const char *name,
                                               const char *unit, const char *description,
                                               const otel_histogram_options *options)
{
    static const otel__metric_form form = { &otel__point_explicit, OTEL_INSTRUMENT_HISTOGRAM,
                                            false };
    const char *const              texts[3] = { name, unit, description };
    return (otel_histogram *)otel__metric_new(scope, &form, texts, options);
}

OTEL_API otel_histogram_f64 *otel_histogram_create_f64(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_histogram_options *options)
{
    static const otel__metric_form form = { &otel__point_explicit, OTEL_INSTRUMENT_HISTOGRAM,
                                            true };
    const char *const              texts[3] = { name, unit, description };
    return (otel_histogram_f64 *)otel__metric_new(scope, &form, texts, options);
}

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/value.h ---- */
/* value: a value into the series of its attribute set. What every way of recording ends with: the
 * straight one of metric.h and bound.h, the long one of route.h, and observe.h.
 * Values are relaxed atomics on the series; histograms see histogram.h and exponential.h. Nothing
 * here waits, allocates or makes a system call.
 * Spec: metrics/api.md, metrics/sdk.md; requirements M-10, M-48, M-49. */

#if !defined(OTEL_LITE_NO_METRICS)

/* ---- value: the series ---- */

/* The series of a set, made if it is new. One that was searched for twice in a row is tried first
 * from then on, until it is not the one: who goes through many sets, or has more than there is room
 * for, does not pay for comparing with the wrong one each time. */
#if defined(__OPTIMIZE_SIZE__)
OTEL__FN otel__series *otel__series_get(otel__metrics *m, otel__instrument *in, otel_attrs attrs)
{
    uint32_t offset = otel__a32_load(&in->last);

    if (attrs.items == NULL) {
        attrs.count = 0;
    }
    if (offset == 0 || !otel__series_same_order(otel__series_at(m, offset), attrs)) {
        otel__a32_put(&in->last, 0);
        offset = otel__series_search(m, in, attrs);
        if (offset != in->overflow) { /* its content is not what was asked for */
            otel__a32 *where = offset == otel__a32_peek(&in->searched) ? &in->last : &in->searched;
            otel__a32_store(where, offset);
        }
    }
    return otel__series_at(m, offset);
}
#else
OTEL__HOT otel__series *otel__series_get(otel__metrics *m, otel__instrument *in, otel_attrs attrs)
{
    const uint32_t last = otel__a32_load(&in->last);
    otel__series  *s = otel__series_at(m, last != 0 ? last : in->overflow);

    if (OTEL__UNLIKELY(attrs.items == NULL)) {
        attrs.count = 0;
    }
    if (OTEL__LIKELY(last != 0)) {
        if (OTEL__LIKELY(otel__series_same_order(s, attrs))) {
            return s;
        }
        otel__a32_put(&in->last, 0);
    }
    const uint32_t offset = otel__series_search(m, in, attrs);
    if (offset != in->overflow) { /* its content is not what was asked for */
        otel__a32_store(offset == otel__a32_peek(&in->searched) ? &in->last : &in->searched,
                        offset);
    }
    return otel__series_at(m, offset);
}
#endif

/* The series to record into. Shared by all kinds: the lookup is the larger part of the code. */
OTEL__FN OTEL__NOINLINE otel__series *otel__value_series(otel__instrument *in, otel_attrs attrs)
{
    return otel__series_get(in->r->metrics, in, attrs);
}

/* Whether values go straight into the series of the instrument: one load. Else the long way knows:
 * route.h. */
OTEL__INLINE bool otel__value_is_straight(const otel__instrument *in)
{
    return OTEL__LIKELY(otel__a32_load(in->live) == OTEL__LIVE_OPEN);
}

/* ---- value: into a series ---- */

/* Count a value that cannot be kept (M-10, M-48): the engine tells once. */
OTEL__FN OTEL__COLD void otel__value_bad(otel__instrument *in)
{
    (void)otel__a32_count(&in->r->losses.bad_values, 1u);
}

OTEL__HOT void otel__value_add_int(const otel__instrument *in, otel__series *s, int64_t value)
{
    (void)otel__a64_count(&s->cell.number, (uint64_t)value); /* wraps, defined: M-49 */
    otel__series_touch(in, s);
}

OTEL__HOT void otel__value_add_double(const otel__instrument *in, otel__series *s, double value)
{
    otel__hist_add_double(&s->cell.number, value);
    otel__series_touch(in, s);
}

OTEL__HOT void otel__value_set(const otel__instrument *in, otel__series *s, uint64_t bits)
{
    otel__a64_put(&s->cell.number, bits);
    otel__series_touch(in, s);
}

#if !defined(OTEL_LITE_NO_EXPONENTIAL)
/* The first negative value takes memory for its buckets from the pool, at most once a series. */
OTEL__FN OTEL__COLD bool otel__value_give_negative(otel__instrument *in, otel__series *s)
{
    otel__metrics *m = in->r->metrics;
    const uint32_t offset = otel__series_take(m, otel__exp_negative_bytes(in->max_size));

    if (offset == 0) {
        return false;
    }
    (void)otel__exp_give_negative(&s->value.exp, otel__series_at(m, offset));
    return true; /* also when another thread was first: then this memory is lost to the pool */
}

OTEL__FN OTEL__NOINLINE void otel__value_record_exp(otel__instrument *in, otel__series *s,
                                                    double value)
{
    otel__exp_result result = otel__exp_record(&s->value.exp, value);

    if (OTEL__UNLIKELY(result == OTEL__EXP_NEEDS_NEGATIVE) && otel__value_give_negative(in, s)) {
        result = otel__exp_record(&s->value.exp, value);
    }
    if (OTEL__UNLIKELY(result != OTEL__EXP_OK)) {
        (void)otel__a32_count(&in->r->losses.lost_values, 1u);
    }
}
#endif

OTEL__HOT void otel__value_record(otel__instrument *in, otel__series *s, double value)
{
    otel__series_touch(in, s);
#if !defined(OTEL_LITE_NO_EXPONENTIAL)
    if (in->aggregation == (uint8_t)OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM) {
        otel__value_record_exp(in, s, value);
        return;
    }
#endif
    otel__hist_record(&s->value.hist, in->bounds, in->n_bounds, value);
}

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/route.h ---- */
/* route: the long way of a value: to every stream of its instrument, without the attributes that
 * views leave out, with exemplars, or after a fork or a close. Recording calls come here when their
 * instrument's word is not OTEL__LIVE_OPEN, so that others pay nothing for it.
 * Spec: metrics/sdk.md "Measurement processing"; requirements M-33, M-38, M-68, M-91, M-107. */

#if !defined(OTEL_LITE_NO_METRICS)

#if defined(OTEL__STREAMS) || defined(OTEL__FORKS)

/* Put a value, an int64 or the bits of a double, into a series of the stream. */
OTEL__FN void otel__route_put(otel__instrument *in, otel__series *s, uint64_t bits)
{
    if (in->ops->field == OTEL__POINT_GAUGE) {
        otel__value_set(in, s, bits);
    } else if (in->ops->field != OTEL__POINT_SUM) {
        otel__value_record(
            in, s, in->is_double ? otel__platform_bits_double(bits) : (double)(int64_t)bits);
    } else if (in->is_double) {
        otel__value_add_double(in, s, otel__platform_bits_double(bits));
    } else {
        otel__value_add_int(in, s, (int64_t)bits);
    }
}

#if !defined(OTEL__STREAMS)

/* After a fork. */
OTEL__FN OTEL__NOINLINE void otel__route_record(otel__instrument *in, uint64_t bits,
                                                otel_attrs attrs)
{
    if (otel__recorder_live(in->r)) {
        otel__route_put(in, otel__value_series(in, attrs), bits);
    }
}

OTEL__FN OTEL__NOINLINE void otel__route_bound(otel__instrument *in, struct otel__cell *cell,
                                               uint64_t bits)
{
    if (otel__recorder_live(in->r)) {
        otel__route_put(in, (otel__series *)(void *)cell, bits);
    }
}

#else

/* ---- route: attributes ---- */

#if !defined(OTEL_LITE_NO_VIEWS)
/* The series of what the view leaves. Apart, for the place on the stack that it takes. */
OTEL__FN OTEL__NOINLINE otel__series *otel__route_filtered(otel__instrument *in, otel_attrs attrs)
{
    otel__view_attrs left;

    otel__view_filter(in->view, attrs, &left);
    if (left.lost > 0) {
        (void)otel__a32_count(&in->r->losses.attributes, left.lost);
    }
    return otel__value_series(in, otel_attrs_of(left.kept, left.n));
}
#endif

/* The series of a stream for a set as it was recorded. */
OTEL__FN otel__series *otel__route_series(otel__instrument *in, otel_attrs attrs)
{
#if !defined(OTEL_LITE_NO_VIEWS)
    if (in->filters) {
        return otel__route_filtered(in, attrs);
    }
#endif
    return otel__value_series(in, attrs);
}

/* ---- route: recording ---- */

/* Offer a measurement as an exemplar of a series; NULL: there is none. */
OTEL__FN void otel__route_offer(otel__instrument *in, otel__series *s,
                                const otel_measurement *sample)
{
#if defined(OTEL_LITE_EXEMPLARS)
    if (sample != NULL && in->n_exemplars > 0) {
        otel__exemplar_offer(in, s, sample);
    }
#else
    (void)in;
    (void)s;
    (void)sample;
#endif
}

/* A value into one series. */
OTEL__FN void otel__route_one(otel__instrument *in, otel__series *s, uint64_t bits,
                              const otel_measurement *sample)
{
    otel__route_put(in, s, bits);
    otel__route_offer(in, s, sample);
}

/* The measurement when it may become an exemplar, else NULL. */
OTEL__FN const otel_measurement *otel__route_sample(const otel__instrument *in, uint64_t bits,
                                                    otel_attrs attrs, otel_measurement *m)
{
#if defined(OTEL_LITE_EXEMPLARS)
    return otel__exemplar_measure(in, bits, attrs, m) ? m : NULL;
#else
    (void)in;
    (void)bits;
    (void)attrs;
    (void)m;
    return NULL;
#endif
}

/* Record into all streams. */
OTEL__FN OTEL__NOINLINE void otel__route_record(otel__instrument *in, uint64_t bits,
                                                otel_attrs attrs)
{
    otel_measurement        m;
    const otel_measurement *sample;

    if (!otel__recorder_live(in->r)) {
        return;
    }
    sample = otel__route_sample(in, bits, attrs, &m);
    for (; in != NULL; in = in->more) {
        otel__route_one(in, otel__route_series(in, attrs), bits, sample);
    }
}

/* ---- route: bound handles ---- */

/* The binding of a set that was bound before in that order, or 0. */
OTEL__FN uint32_t otel__route_find(const otel__metrics *m, const otel__instrument *in,
                                   otel_attrs attrs)
{
    uint32_t at = otel__a32_load(&in->bindings);

    attrs.count = attrs.items != NULL ? attrs.count : 0;
    while (at != 0 && !otel__series_same_order(otel__series_at(m, at), attrs)) {
        at = otel__series_next(otel__series_at(m, at));
    }
    return at;
}

/* Whether two bindings are of one set: keys that occur twice and broken texts are not found as they
 * were given. */
OTEL__FN bool otel__route_same(otel__series *a, otel__series *b)
{
    return a->attrs_bytes == b->attrs_bytes &&
           otel__attr_same_bytes(otel__series_attrs(a), otel__series_attrs(b), a->attrs_bytes);
}

/* Publish a binding, unless there is one of its set, whose offset is returned then. */
OTEL__FN uint32_t otel__route_publish(otel__metrics *m, otel__instrument *in, uint32_t offset)
{
    otel__series *made = otel__series_at(m, offset);
    uint32_t      newest = otel__a32_load(&in->bindings);
    uint32_t      at = newest;

    while (at != 0) {
        otel__series *other = otel__series_at(m, at);
        if (otel__route_same(made, other)) {
            otel__series_give(m, offset);
            return at;
        }
        at = otel__series_next(other);
    }
    do { /* two threads may bind one set at once: then there are two */
        otel__a32_put(&made->cell.next, newest);
    } while (!otel__a32_cas(&in->bindings, &newest, offset));
    return offset;
}

/* What a handle of the instrument holds on to: a series, or a binding. NULL when there is no memory
 * for a binding, and none was made beforehand. */
OTEL__FN OTEL__NOINLINE otel__series *otel__route_bind(otel__instrument *in, otel_attrs attrs)
{
    otel__metrics    *m = in->r->metrics;
    otel__instrument *stream;
    uint32_t          offset;
    uint32_t         *to;

    if (!otel__stream_binds(in)) {
        return otel__route_series(in, attrs);
    }
    offset = otel__route_find(m, in, attrs);
    if (offset != 0) {
        return otel__series_at(m, offset);
    }
    offset = otel__stream_make_binding(m, in, attrs);
    if (offset == 0) {
        return in->unbound != 0 ? otel__series_at(m, in->unbound) : NULL;
    }
    to = otel__stream_offsets(otel__series_at(m, offset));
    for (stream = in; stream != NULL; stream = stream->more) {
        *to++ = otel__series_offset(m, otel__route_series(stream, attrs));
    }
    return otel__series_at(m, otel__route_publish(m, in, offset));
}

/* Record into all series of a binding. */
OTEL__FN void otel__route_binding(otel__instrument *in, otel__series *binding, uint64_t bits,
                                  const otel_measurement *sample)
{
    const uint32_t *offset = otel__stream_offsets(binding);

    for (; in != NULL; in = in->more) {
        otel__route_one(in, otel__series_at(in->r->metrics, *offset++), bits, sample);
    }
}

OTEL__FN void otel__route_to(otel__instrument *in, otel__series *s, uint64_t bits,
                             const otel_measurement *sample)
{
    if (otel__stream_binds(in)) {
        otel__route_binding(in, s, bits, sample);
    } else {
        otel__route_one(in, s, bits, sample);
    }
}

#if defined(OTEL_LITE_EXEMPLARS)
/* As otel__route_to(), as an exemplar with the attributes of the handle. */
OTEL__FN OTEL__NOINLINE void otel__route_sampled(otel__instrument *in, otel__series *s,
                                                 uint64_t bits, otel_measurement *m)
{
    otel_attr attrs[OTEL__ATTRS_MAX];

    m->attrs = otel__series_list_attrs(s, attrs);
    otel__route_to(in, s, bits, m);
}
#endif

/* Record through a handle. */
OTEL__FN OTEL__NOINLINE void otel__route_bound(otel__instrument *in, struct otel__cell *cell,
                                               uint64_t bits)
{
    otel__series *s = (otel__series *)(void *)cell;

    if (!otel__recorder_live(in->r)) {
        return;
    }
#if defined(OTEL_LITE_EXEMPLARS)
    otel_measurement m;
    if (otel__route_sample(in, bits, OTEL_NO_ATTRS, &m) != NULL) {
        otel__route_sampled(in, s, bits, &m);
        return;
    }
#endif
    otel__route_to(in, s, bits, NULL);
}

#endif
#else

/* Closed: nothing is recorded. */
OTEL__INLINE void otel__route_record(otel__instrument *in, uint64_t bits, otel_attrs attrs)
{
    (void)in;
    (void)bits;
    (void)attrs;
}

OTEL__INLINE void otel__route_bound(otel__instrument *in, struct otel__cell *cell, uint64_t bits)
{
    (void)in;
    (void)cell;
    (void)bits;
}

#endif

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/metric.h ---- */
/* metric: recording into instruments, and what a forked child does with them.
 * Called by user code from anywhere; nothing here waits, allocates or makes a system call.
 * Spec: metrics/api.md, metrics/sdk.md; requirements M-09, M-10, M-48, M-108. */

#if !defined(OTEL_LITE_NO_METRICS)

/* ---- metric: recording ---- */

OTEL_API void otel_counter_add(otel_counter *counter, int64_t value, otel_attrs attrs)
{
    if (counter == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(value < 0)) {
        otel__value_bad(&counter->in);
        return;
    }
    if (!otel__value_is_straight(&counter->in)) {
        otel__route_record(&counter->in, (uint64_t)value, attrs);
        return;
    }
    otel__value_add_int(&counter->in, otel__value_series(&counter->in, attrs), value);
}

OTEL_API void otel_counter_add_f64(otel_counter_f64 *counter, double value, otel_attrs attrs)
{
    if (counter == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!(value >= 0) || !otel__platform_is_finite(value))) {
        otel__value_bad(&counter->in);
        return;
    }
    if (!otel__value_is_straight(&counter->in)) {
        otel__route_record(&counter->in, otel__platform_double_bits(value), attrs);
        return;
    }
    otel__value_add_double(&counter->in, otel__value_series(&counter->in, attrs), value);
}

OTEL_API void otel_updown_add(otel_updown *updown, int64_t value, otel_attrs attrs)
{
    if (updown == NULL) {
        return;
    }
    if (!otel__value_is_straight(&updown->in)) {
        otel__route_record(&updown->in, (uint64_t)value, attrs);
        return;
    }
    otel__value_add_int(&updown->in, otel__value_series(&updown->in, attrs), value);
}

OTEL_API void otel_updown_add_f64(otel_updown_f64 *updown, double value, otel_attrs attrs)
{
    if (updown == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&updown->in);
        return;
    }
    if (!otel__value_is_straight(&updown->in)) {
        otel__route_record(&updown->in, otel__platform_double_bits(value), attrs);
        return;
    }
    otel__value_add_double(&updown->in, otel__value_series(&updown->in, attrs), value);
}

OTEL_API void otel_gauge_set(otel_gauge *gauge, int64_t value, otel_attrs attrs)
{
    if (gauge == NULL) {
        return;
    }
    if (!otel__value_is_straight(&gauge->in)) {
        otel__route_record(&gauge->in, (uint64_t)value, attrs);
        return;
    }
    otel__value_set(&gauge->in, otel__value_series(&gauge->in, attrs), (uint64_t)value);
}

OTEL_API void otel_gauge_set_f64(otel_gauge_f64 *gauge, double value, otel_attrs attrs)
{
    if (gauge == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&gauge->in);
        return;
    }
    if (!otel__value_is_straight(&gauge->in)) {
        otel__route_record(&gauge->in, otel__platform_double_bits(value), attrs);
        return;
    }
    otel__value_set(&gauge->in, otel__value_series(&gauge->in, attrs),
                    otel__platform_double_bits(value));
}

OTEL_API void otel_histogram_record(otel_histogram *histogram, int64_t value, otel_attrs attrs)
{
    if (histogram == NULL) {
        return;
    }
    if (!otel__value_is_straight(&histogram->in)) {
        otel__route_record(&histogram->in, (uint64_t)value, attrs);
        return;
    }
    otel__value_record(&histogram->in, otel__value_series(&histogram->in, attrs), (double)value);
}

OTEL_API void otel_histogram_record_f64(otel_histogram_f64 *histogram, double value,
                                        otel_attrs attrs)
{
    if (histogram == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&histogram->in);
        return;
    }
    if (!otel__value_is_straight(&histogram->in)) {
        otel__route_record(&histogram->in, otel__platform_double_bits(value), attrs);
        return;
    }
    otel__value_record(&histogram->in, otel__value_series(&histogram->in, attrs), value);
}

/* ---- metric: is anybody interested ---- */

OTEL__FN bool otel__metric_enabled(const otel__instrument *in)
{
    return otel__recorder_live(in->r);
}

#define OTEL__METRIC_ENABLED(function, type)                                                       \
    OTEL_API bool function(const type *instrument)                                                 \
    {                                                                                              \
        return instrument != NULL && otel__metric_enabled(&instrument->in);                        \
    }
OTEL__METRIC_ENABLED(otel_counter_enabled, otel_counter)
OTEL__METRIC_ENABLED(otel_counter_enabled_f64, otel_counter_f64)
OTEL__METRIC_ENABLED(otel_updown_enabled, otel_updown)
OTEL__METRIC_ENABLED(otel_updown_enabled_f64, otel_updown_f64)
OTEL__METRIC_ENABLED(otel_gauge_enabled, otel_gauge)
OTEL__METRIC_ENABLED(otel_gauge_enabled_f64, otel_gauge_f64)
OTEL__METRIC_ENABLED(otel_histogram_enabled, otel_histogram)
OTEL__METRIC_ENABLED(otel_histogram_enabled_f64, otel_histogram_f64)
#undef OTEL__METRIC_ENABLED

/* Instruments with values in their overflow series. */
OTEL__FN uint32_t otel__metrics_overflowing(const otel__metrics *m)
{
    const uint32_t n_instruments = otel__a32_load(&m->n_instruments);
    uint32_t       n = 0;
    uint32_t       i;

    for (i = 0; i < n_instruments; i++) {
        const otel__series *s = otel__series_at(m, m->instruments[i].overflow);
        n += (otel__a32_peek(&s->cell.touched) & OTEL__SERIES_EVER) != 0 ? 1u : 0u;
    }
    return n;
}

/* ---- metric: set-up, fork ---- */

OTEL__FN void otel__metrics_init(otel__metrics *m, otel__arena *a, uint32_t pool_bytes)
{
    m->pool_units = pool_bytes / OTEL__SERIES_UNIT;
    m->pool = (uint8_t *)otel__arena_take(a, m->pool_units, OTEL__SERIES_UNIT);
    otel__series_init_table(m, a, pool_bytes);
#if defined(OTEL__SHARDS)
    otel__shards_carve(&m->shards, a);
#endif
    m->instruments = (otel__instrument *)otel__arena_take(
        a, m->max_instruments + 1u, sizeof *m->instruments); /* one to work in: instrument.h */
    m->callbacks = (otel_registration *)otel__arena_take(a, m->max_callbacks, sizeof *m->callbacks);
}

#if !defined(OTEL_LITE_FREESTANDING) && !defined(OTEL_LITE_NO_FORK)
/* In a forked child: every series starts anew, in its old place, where bound handles find it. The
 * parent's values are the parent's. */
OTEL__FN void otel__metrics_forget(otel__metrics *m)
{
    uint32_t i;

    otel__series_relink(m);
    for (i = 0; i < otel__a32_peek(&m->n_instruments); i++) {
        otel__instrument *in = &m->instruments[i];
        uint32_t          offset = in->overflow;
        in->collected = otel__recorder_now(in->r);
        while (offset != 0) {
            otel__series *s = otel__series_at(m, offset);
            otel__series_clear(in, s);
#if defined(OTEL_LITE_EXEMPLARS)
            otel__exemplar_forget(in, s);
#endif
            otel__series_reseed(m, in, offset);
            offset = otel__series_next(s);
        }
    }
#if defined(OTEL__SHARDS)
    otel__shards_forget(&m->shards);
#endif
    otel__ring_reset(&m->ring);
}
#endif

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/bound.h ---- */
/* bound: the library's half of bound instruments: resolving attributes, and what a caller's inline
 * code leaves over: the first value of a series, doubles, histograms, bad values, a fork or a
 * close. A handle points to a series, which is never moved or freed while the SDK has its
 * memory; with OTEL_LITE_SHARDS a counter's also to cells: shards.h.
 * Spec: metrics/api.md "Bind" (development); requirements M-15, M-107. */

#if !defined(OTEL_LITE_NO_METRICS)

/* ---- bound: binding ---- */

OTEL__FN struct otel__cell *otel__bound_cell(otel__instrument *in, otel_attrs attrs)
{
    otel__series *s;

    if (!otel__recorder_live(in->r)) {
        return NULL;
    }
#if defined(OTEL__STREAMS)
    s = otel__route_bind(in, attrs);
#else
    s = otel__value_series(in, attrs);
#endif
    return s != NULL ? &s->cell : NULL;
}

/* The word that lets a caller's inline code change the number itself. A handle of a single stream
 * needs no detour: its cell is the series already, unless exemplars are wanted. */
OTEL__FN const otel__a32 *otel__bound_live(const otel__instrument *in)
{
#if defined(OTEL__STREAMS)
    const bool gauge = in->kind == (uint8_t)OTEL_INSTRUMENT_GAUGE;
    bool       alone = in->more == NULL;
#if defined(OTEL_LITE_EXEMPLARS)
    alone = alone && in->n_exemplars == 0;
#endif
    return alone && in->ops->field == (gauge ? OTEL__POINT_GAUGE : OTEL__POINT_SUM) ? in->r->live
                                                                                    : in->live;
#else
    return in->live;
#endif
}

#define OTEL__BIND(function, type, field)                                                          \
    OTEL_API otel_bound_##type function(otel_##type *field, otel_attrs attrs)                      \
    {                                                                                              \
        otel_bound_##type bound;                                                                   \
        bound.field = field;                                                                       \
        bound.cell = field != NULL ? otel__bound_cell(&field->in, attrs) : NULL;                   \
        bound.live = bound.cell != NULL ? otel__bound_live(&field->in) : NULL;                     \
        return bound;                                                                              \
    }
#if defined(OTEL__SHARDS)
OTEL_API otel_bound_counter otel_counter_bind(otel_counter *counter, otel_attrs attrs)
{
    otel_bound_counter bound = { counter, NULL, NULL, NULL };

    bound.cell = counter != NULL ? otel__bound_cell(&counter->in, attrs) : NULL;
    if (bound.cell != NULL) {
        otel__recorder *r = counter->in.r;
        bound.live = otel__bound_live(&counter->in);
        bound.shards =
            bound.live == r->live ? otel__shards_bind(&r->metrics->shards, bound.cell) : NULL;
    }
    return bound;
}
#else
OTEL__BIND(otel_counter_bind, counter, counter)
#endif
OTEL__BIND(otel_counter_bind_f64, counter_f64, counter)
OTEL__BIND(otel_updown_bind, updown, updown)
OTEL__BIND(otel_updown_bind_f64, updown_f64, updown)
OTEL__BIND(otel_gauge_bind, gauge, gauge)
OTEL__BIND(otel_gauge_bind_f64, gauge_f64, gauge)
OTEL__BIND(otel_histogram_bind, histogram, histogram)
OTEL__BIND(otel_histogram_bind_f64, histogram_f64, histogram)
#undef OTEL__BIND

/* ---- bound: recording ---- */

OTEL__INLINE otel__series *otel__bound_series(struct otel__cell *cell)
{
    return (otel__series *)(void *)cell;
}

OTEL_API void otel__bound_counter_add(otel_counter *counter, struct otel__cell *cell, int64_t value)
{
    if (OTEL__UNLIKELY(value < 0)) {
        otel__value_bad(&counter->in);
        return;
    }
    if (!otel__value_is_straight(&counter->in)) {
        otel__route_bound(&counter->in, cell, (uint64_t)value);
        return;
    }
    otel__value_add_int(&counter->in, otel__bound_series(cell), value);
}

OTEL_API void otel__bound_counter_add_f64(otel_counter_f64 *counter, struct otel__cell *cell,
                                          double value)
{
    if (OTEL__UNLIKELY(!(value >= 0) || !otel__platform_is_finite(value))) {
        otel__value_bad(&counter->in);
        return;
    }
    if (!otel__value_is_straight(&counter->in)) {
        otel__route_bound(&counter->in, cell, otel__platform_double_bits(value));
        return;
    }
    otel__value_add_double(&counter->in, otel__bound_series(cell), value);
}

OTEL_API void otel__bound_updown_add(otel_updown *updown, struct otel__cell *cell, int64_t value)
{
    if (!otel__value_is_straight(&updown->in)) {
        otel__route_bound(&updown->in, cell, (uint64_t)value);
        return;
    }
    otel__value_add_int(&updown->in, otel__bound_series(cell), value);
}

OTEL_API void otel__bound_updown_add_f64(otel_updown_f64 *updown, struct otel__cell *cell,
                                         double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&updown->in);
        return;
    }
    if (!otel__value_is_straight(&updown->in)) {
        otel__route_bound(&updown->in, cell, otel__platform_double_bits(value));
        return;
    }
    otel__value_add_double(&updown->in, otel__bound_series(cell), value);
}

OTEL_API void otel__bound_gauge_set(otel_gauge *gauge, struct otel__cell *cell, int64_t value)
{
    if (!otel__value_is_straight(&gauge->in)) {
        otel__route_bound(&gauge->in, cell, (uint64_t)value);
        return;
    }
    otel__value_set(&gauge->in, otel__bound_series(cell), (uint64_t)value);
}

OTEL_API void otel__bound_gauge_set_f64(otel_gauge_f64 *gauge, struct otel__cell *cell,
                                        double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&gauge->in);
        return;
    }
    if (!otel__value_is_straight(&gauge->in)) {
        otel__route_bound(&gauge->in, cell, otel__platform_double_bits(value));
        return;
    }
    otel__value_set(&gauge->in, otel__bound_series(cell), otel__platform_double_bits(value));
}

OTEL_API void otel__bound_histogram_record(otel_histogram *histogram, struct otel__cell *cell,
                                           int64_t value)
{
    if (!otel__value_is_straight(&histogram->in)) {
        otel__route_bound(&histogram->in, cell, (uint64_t)value);
        return;
    }
    otel__value_record(&histogram->in, otel__bound_series(cell), (double)value);
}

OTEL_API void otel__bound_histogram_record_f64(otel_histogram_f64 *histogram,
                                               struct otel__cell *cell, double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&histogram->in);
        return;
    }
    if (!otel__value_is_straight(&histogram->in)) {
        otel__route_bound(&histogram->in, cell, otel__platform_double_bits(value));
        return;
    }
    otel__value_record(&histogram->in, otel__bound_series(cell), value);
}

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/observe.h ---- */
/* observe: callbacks: registering them, running them, and the values they tell.
 * Each place has one word, so that a callback is never taken away while it runs and the engine
 * never waits: who unregisters one that runs leaves the freeing to the engine, and waits for it
 * unless it is that very callback. A told value stays in its series until the reading, which takes
 * only series that were told: see collect.h.
 * Spec: metrics/api.md "Asynchronous Instrument API"; requirements M-11..M-13, M-69, M-81, M-83. */

#if !defined(OTEL_LITE_NO_METRICS)

enum { /* otel_registration.state */
       OTEL__OBSERVE_FREE = 0,
       OTEL__OBSERVE_FILLING = 1,
       OTEL__OBSERVE_READY = 2,
       OTEL__OBSERVE_RUNNING = 3,
       OTEL__OBSERVE_LEAVING = 4 /* unregistered while it ran: free when it returns */
};

/* The callback that this thread is in. */
OTEL__TLS const otel_registration *otel__observe_current;

/* ---- observe: a round ---- */

/* Run one callback, unless it goes away just now. */
OTEL__FN void otel__observe_run(otel__metrics *m, otel_registration *at)
{
    const otel_registration *outer = otel__observe_current;
    uint32_t                 state = OTEL__OBSERVE_READY;

    if (!otel__a32_cas(&at->state, &state, OTEL__OBSERVE_RUNNING)) {
        return;
    }
    otel__observe_current = at;
    at->callback.observe(at->callback.user, &m->observer);
    otel__observe_current = outer; /* a callback may read another SDK */
    state = OTEL__OBSERVE_RUNNING;
    if (!otel__a32_cas(&at->state, &state, OTEL__OBSERVE_READY) && state == OTEL__OBSERVE_LEAVING) {
        otel__a32_store(&at->state, OTEL__OBSERVE_FREE);
    }
}

/* What was told and not read is out of date; sums told past the limit, and those that a view makes
 * one of several, add up from nothing. */
OTEL__FN void otel__observe_clear(otel__metrics *m, const otel__instrument *in)
{
    uint32_t offset = in->overflow;

    while (offset != 0) {
        otel__series *s = otel__series_at(m, offset);
        otel__a64_put(&s->cell.number, 0);
        (void)otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_VALUE);
        offset = otel__series_next(s);
    }
}

/* Ask every callback once (M-12), for the streams of the reader that reads. Engine only. */
OTEL__FN void otel__observe_all(otel__metrics *m)
{
    const uint32_t n = otel__a32_load(&m->n_instruments);
    uint32_t       i;

    for (i = 0; i < n; i++) {
        const otel__instrument *in = &m->instruments[i];
        if (otel__instrument_is_observable(in) && otel__instrument_reader(in) == m->reading) {
            otel__observe_clear(m, in);
        }
    }
    otel__a32_store(&m->observer.open, 1u);
    for (i = 0; i < m->max_callbacks; i++) {
        otel__observe_run(m, &m->callbacks[i]);
    }
    otel__a32_store(&m->observer.open, 0);
}

/* ---- observe: registering ---- */

/* Put a callback into a free place; NULL when there is none. */
OTEL__FN otel_registration *otel__observe_add(otel__metrics *m, const otel_callback *callback)
{
    uint32_t i;
    for (i = 0; i < m->max_callbacks; i++) {
        otel_registration *at = &m->callbacks[i];
        uint32_t           state = OTEL__OBSERVE_FREE;
        if (otel__a32_cas(&at->state, &state, OTEL__OBSERVE_FILLING)) {
            at->callback = *callback;
            otel__a32_store(&at->state, OTEL__OBSERVE_READY);
            return at;
        }
    }
    return NULL;
}

/* From now on readings ask callbacks. The function is set once, so that a program without callbacks
 * does not link it. */
OTEL__FN void otel__observe_begin(otel__recorder *r)
{
    otel__metrics *m = r->metrics;

    otel__recorder_lock(r);
    if (otel__a32_peek(&m->observes) == 0) {
        m->observe = otel__observe_all;
        otel__a32_store(&m->observes, 1u);
    }
    otel__recorder_unlock(r);
}

OTEL_API otel_registration *otel_callback_register(otel_scope *scope, const otel_callback *callback)
{
    otel_registration *at;

    if (scope == NULL || scope->r->metrics == NULL || callback == NULL ||
        callback->observe == NULL || !otel__recorder_live(scope->r)) {
        return NULL;
    }
    at = otel__observe_add(scope->r->metrics, callback);
    otel__observe_begin(scope->r);
    if (at == NULL) {
        otel__diag(&scope->r->sink, OTEL_SEVERITY_ERROR, "no room for a callback of ", scope->name,
                   ": raise max_callbacks");
    }
    return at;
}

/* Take a callback out of its place. Returns false when it runs, and will be freed on its return. */
OTEL__FN bool otel__observe_remove(otel_registration *at)
{
    uint32_t state = OTEL__OBSERVE_READY;

    while (!otel__a32_cas(&at->state, &state, OTEL__OBSERVE_FREE)) {
        if (state == OTEL__OBSERVE_RUNNING &&
            otel__a32_cas(&at->state, &state, OTEL__OBSERVE_LEAVING)) {
            return false;
        }
        if (state != OTEL__OBSERVE_READY && state != OTEL__OBSERVE_RUNNING) {
            break; /* was unregistered before */
        }
        state = OTEL__OBSERVE_READY;
    }
    return true;
}

OTEL_API void otel_callback_unregister(otel_registration *registration)
{
    if (registration == NULL || otel__observe_remove(registration)) {
        return;
    }
    while (otel__observe_current != registration &&
           otel__a32_load(&registration->state) == OTEL__OBSERVE_LEAVING) {
        otel__recorder_nap();
    }
}

/* ---- observe: making observables ---- */

#define OTEL__OBSERVABLE_CREATE(type, function, ops, kind, is_double)                              \
    OTEL_API type *function(otel_scope *scope, const char *name, const char *unit,                 \
                            const char *description, const otel_callback *callback)                \
    {                                                                                              \
        static const otel__metric_form form = { ops, kind, is_double };                            \
        const char *const              texts[3] = { name, unit, description };                     \
        type *observable = (type *)otel__metric_new(scope, &form, texts, NULL);                    \
        if (observable != NULL && callback != NULL) {                                              \
            (void)otel_callback_register(scope, callback);                                         \
        }                                                                                          \
        return observable;                                                                         \
    }
OTEL__OBSERVABLE_CREATE(otel_observable, otel_observable_counter_create, &otel__point_told_sum,
                        OTEL_INSTRUMENT_OBSERVABLE_COUNTER, false)
OTEL__OBSERVABLE_CREATE(otel_observable_f64, otel_observable_counter_create_f64,
                        &otel__point_told_sum, OTEL_INSTRUMENT_OBSERVABLE_COUNTER, true)
OTEL__OBSERVABLE_CREATE(otel_observable, otel_observable_updown_create, &otel__point_told_sum,
                        OTEL_INSTRUMENT_OBSERVABLE_UPDOWN, false)
OTEL__OBSERVABLE_CREATE(otel_observable_f64, otel_observable_updown_create_f64,
                        &otel__point_told_sum, OTEL_INSTRUMENT_OBSERVABLE_UPDOWN, true)
OTEL__OBSERVABLE_CREATE(otel_observable, otel_observable_gauge_create, &otel__point_told_gauge,
                        OTEL_INSTRUMENT_OBSERVABLE_GAUGE, false)
OTEL__OBSERVABLE_CREATE(otel_observable_f64, otel_observable_gauge_create_f64,
                        &otel__point_told_gauge, OTEL_INSTRUMENT_OBSERVABLE_GAUGE, true)
#undef OTEL__OBSERVABLE_CREATE

/* ---- observe: telling ---- */

/* Whether a callback is running that may tell something. */
OTEL__FN bool otel__observe_is_open(const otel_observer *observer)
{
    return observer != NULL && otel__a32_load(&observer->open) != 0;
}

/* Note a value in one stream. Sums of the sets past the limit are added up in the overflow series,
 * those of sets that are equal without what a view leaves out in theirs. */
OTEL__FN otel__series *otel__observe_note(otel__instrument *in, uint64_t bits, otel_attrs attrs)
{
#if defined(OTEL__STREAMS)
    otel__series *s = otel__route_series(in, attrs);
    const bool    shared = in->filters;
#else
    otel__series *s = otel__value_series(in, attrs);
    const bool    shared = false;
#endif

    if (in->ops->field == OTEL__POINT_GAUGE ||
        (!shared && s != otel__series_at(in->r->metrics, in->overflow))) {
        otel__value_set(in, s, bits);
    } else if (in->is_double) {
        otel__value_add_double(in, s, otel__platform_bits_double(bits));
    } else {
        otel__value_add_int(in, s, (int64_t)bits);
    }
    return s;
}

/* Note a value in the streams of the reader that reads. */
OTEL__FN void otel__observe_value(otel__instrument *in, uint64_t bits, otel_attrs attrs)
{
#if defined(OTEL__STREAMS)
    const uint32_t          reader = in->r->metrics->reading;
    otel_measurement        m;
    const otel_measurement *sample;

    if (!otel__recorder_live(in->r)) {
        return;
    }
    sample = otel__route_sample(in, bits, attrs, &m);
    for (; in != NULL; in = in->more) {
        if (in->reader == reader) {
            otel__route_offer(in, otel__observe_note(in, bits, attrs), sample);
        }
    }
#else
    if (otel__recorder_live(in->r)) {
        (void)otel__observe_note(in, bits, attrs);
    }
#endif
}

OTEL_API void otel_observe(otel_observer *observer, otel_observable *observable, int64_t value,
                           otel_attrs attrs)
{
    if (observable == NULL || !otel__observe_is_open(observer)) {
        return;
    }
    if (value < 0 && observable->in.kind == (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER) {
        otel__value_bad(&observable->in);
        return;
    }
    otel__observe_value(&observable->in, (uint64_t)value, attrs);
}

OTEL_API void otel_observe_f64(otel_observer *observer, otel_observable_f64 *observable,
                               double value, otel_attrs attrs)
{
    if (observable == NULL || !otel__observe_is_open(observer)) {
        return;
    }
    if (!otel__platform_is_finite(value) ||
        (value < 0 && observable->in.kind == (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER)) {
        otel__value_bad(&observable->in);
        return;
    }
    otel__observe_value(&observable->in, otel__platform_double_bits(value), attrs);
}

/* In a forked child: no callback is running any more. */
OTEL__FN void otel__observe_forget(otel__metrics *m)
{
    uint32_t i;

    otel__a32_put(&m->observer.open, 0);
    for (i = 0; i < m->max_callbacks; i++) {
        otel__a32     *state = &m->callbacks[i].state;
        const uint32_t was = otel__a32_peek(state);
        if (was != OTEL__OBSERVE_READY) {
            otel__a32_put(state,
                          was == OTEL__OBSERVE_RUNNING ? OTEL__OBSERVE_READY : OTEL__OBSERVE_FREE);
        }
    }
}

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/collect.h ---- */
/* collect: one reading of all metrics, encoded as OTLP Metric messages into the metrics ring.
 * Called by the engine alone. A metric whose points are too many for one record becomes several
 * records with the same name; sizes are known beforehand, so every byte is written once, in its
 * final place. A reading that the ring has no room for stops, and goes on where it stopped when
 * there is. A record's prefix tells which reading it is of, and whether a newer one makes it
 * worthless: see batch.h.
 * Spec: metrics.proto; metrics/sdk.md "Collect"; requirements M-12, M-42, M-62..M-66, P-03, P-08,
 * P-23..P-25. */

#if !defined(OTEL_LITE_NO_METRICS)

/* Exponential histograms hold their recorders off from being read until they are in the queue. */
#define OTEL__COLLECT_HELD 8u

/* One reading, perhaps under way. */
typedef struct otel__collect {
    otel__metrics *m;
    uint64_t       now;           /* Unix ns: time of every point                                */
    size_t         request;       /* bytes of a request behind its resource                      */
    uint32_t       tag;           /* of the records of this reading: OTEL__RECORD_CUMULATIVE ... */
    uint32_t       instrument;    /* the next one to read                                        */
    uint32_t       series;        /* where its points go on, or 0                                */
    uint32_t       n_instruments; /* there were so many at the begin                            */
    uint32_t       n_large;       /* records that fit no queue                                   */
    bool           waiting;       /* some histogram was being recorded into: come again          */
    size_t         meta;          /* bytes of name, description and unit of the instrument      */
    const char    *description;   /* of the instrument being read: one for size and bytes        */
} otel__collect;

/* ---- collect: the metric around the points ---- */

/* Sums and histograms say which temporality they have. */
OTEL__FN bool otel__collect_has_temporality(const otel__instrument *in)
{
    return in->ops->field != OTEL__POINT_GAUGE;
}

/* M-42. */
OTEL__FN bool otel__collect_is_monotonic(const otel__instrument *in)
{
    return in->ops->field == OTEL__POINT_SUM && otel__instrument_only_grows(in);
}

/* Bytes behind the points: temporality, and for sums whether they only grow. */
OTEL__FN size_t otel__collect_trailer_size(const otel__instrument *in)
{
    return !otel__collect_has_temporality(in) ? 0u : otel__collect_is_monotonic(in) ? 4u : 2u;
}

OTEL__FN void otel__collect_trailer(otel__out *o, const otel__instrument *in)
{
    if (otel__collect_has_temporality(in)) {
        otel__pb_uint(o, 2, in->is_delta ? OTEL_TEMPORALITY_DELTA : OTEL_TEMPORALITY_CUMULATIVE);
    }
    if (otel__collect_is_monotonic(in)) {
        otel__pb_uint(o, 3, 1);
    }
}

OTEL__FN void otel__collect_meta(const otel__collect *c, otel__out *o, const otel__instrument *in)
{
    otel__pb_bytes(o, 1, in->name, otel__text_length(in->name));
    if (c->description[0] != '\0') {
        otel__pb_bytes(o, 2, c->description, otel__text_length(c->description));
    }
    if (in->unit[0] != '\0') {
        otel__pb_bytes(o, 3, in->unit, otel__text_length(in->unit));
    }
}

/* ---- collect: one point ---- */

/* Bytes of a point that was taken. */
OTEL__FN size_t otel__collect_point_size(const otel__instrument *in, const otel__series *s)
{
    size_t n = 9u + 9u + in->ops->size(in, s) + s->attrs_bytes;
#if defined(OTEL_LITE_EXEMPLARS)
    n += otel__exemplar_size(in, s);
#endif
    return n;
}

/* Where a point of a reading at `now` begins. A series that began while the reading was made, or
 * before the clock was set back, begins with the reading, for good. */
OTEL__FN uint64_t otel__collect_start(uint64_t now, const otel__instrument *in, otel__series *s)
{
    uint64_t start = otel__a64_peek(&s->start);

    start = start != 0 ? start : in->collected;
    if (start > now) {
        start = now;
        if (!in->is_delta) {
            otel__a64_put(&s->start, start);
        }
    }
    return start;
}

/* Start and time are fields 2 and 3 of all kinds of points. */
OTEL__FN void otel__collect_point(const otel__collect *c, otel__out *o, const otel__instrument *in,
                                  otel__series *s)
{
    otel__pb_head(o, 1, otel__collect_point_size(in, s));
    otel__pb_fixed64(o, 2, otel__collect_start(c->now, in, s));
    otel__pb_fixed64(o, 3, c->now);
    in->ops->write(o, in, s);
#if defined(OTEL_LITE_EXEMPLARS)
    otel__exemplar_write(o, in, s);
#endif
    otel__out_put(o, otel__series_attrs(s), s->attrs_bytes);
}

/* The point is over: `sent` when it is in the queue. A delta one that is not goes on, from where it
 * began; the next one begins with the next reading's interval. */
OTEL__FN void otel__collect_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    in->ops->settle(in, s, sent);
#if defined(OTEL_LITE_EXEMPLARS)
    otel__exemplar_settle(in, s, sent);
#endif
    if (sent || !in->is_delta) {
        (void)otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_POINT);
    }
    if (in->is_delta && (sent || otel__a64_peek(&s->start) == 0)) {
        otel__a64_put(&s->start, sent ? 0 : in->collected);
    }
}

/* ---- collect: one record ---- */

/* Points of one instrument that go into one record. */
typedef struct otel__collect_part {
    uint32_t first; /* offsets of series */
    uint32_t last;
    uint32_t n;     /* points */
    size_t   bytes; /* of the points, with their tags and lengths */
} otel__collect_part;

/* Write the points of the part, or settle them when `o` is NULL. */
OTEL__FN void otel__collect_points(const otel__collect *c, const otel__instrument *in,
                                   const otel__collect_part *part, otel__out *o, bool sent)
{
    uint32_t offset = part->first;

    for (;;) {
        otel__series *s = otel__series_at(c->m, offset);
        if ((otel__a32_peek(&s->cell.touched) & OTEL__SERIES_POINT) != 0) {
            if (o != NULL) {
                otel__collect_point(c, o, in, s);
            } else {
                otel__collect_settle(in, s, sent);
            }
        }
        if (offset == part->last) {
            break;
        }
        offset = otel__series_next(s);
    }
}

/* Queue one Metric. */
OTEL__FN otel__ring_result otel__collect_write(otel__collect *c, const otel__instrument *in,
                                               const otel__collect_part *part)
{
    const size_t      data = part->bytes + otel__collect_trailer_size(in);
    otel__out         out;
    otel__ring_slot   slot;
    otel__ring_result result;
    size_t            n;

    n = OTEL__RECORD_PREFIX + c->meta + otel__pb_field_size(data);
    result = otel__ring_reserve(&c->m->ring,
                                n <= OTEL__RING_LENGTH ? (uint32_t)n : OTEL__RING_LENGTH, &slot);
    if (result != OTEL__RING_OK) {
        return result;
    }
    out = otel__out_make(
        otel__record_prefix(slot.data, in->scope->index | (in->is_delta ? 0 : c->tag)),
        n - OTEL__RECORD_PREFIX);
    otel__collect_meta(c, &out, in);
    otel__pb_head(&out, in->ops->field, data);
    otel__collect_points(c, in, part, &out, false);
    otel__collect_trailer(&out, in);
    otel__ring_commit(&slot);
    return OTEL__RING_OK;
}

/* Queue the part and begin another one. Returns false when it has to wait for room; what is too
 * large for any queue is counted. */
OTEL__FN bool otel__collect_queue(otel__collect *c, const otel__instrument *in,
                                  otel__collect_part *part)
{
    otel__ring_result result;

    if (part->n == 0) {
        return true;
    }
    result = otel__collect_write(c, in, part);
    otel__collect_points(c, in, part, NULL, result == OTEL__RING_OK);
    part->n = 0;
    part->bytes = 0;
    if (result == OTEL__RING_TOO_LARGE) {
        c->n_large++;
        otel__recorder_refused(in->r, OTEL_SIGNAL_METRICS, result);
    }
    return result == OTEL__RING_OK || result == OTEL__RING_TOO_LARGE;
}

/* ---- collect: one instrument ---- */

/* Bytes that the points of one record may take: of half the ring, and of a request that holds
 * nothing else. A single point that is larger is refused, and counted, when it is queued or
 * sent. */
OTEL__FN size_t otel__collect_room(const otel__collect *c, const otel__instrument *in)
{
    const size_t ring = otel__ring_largest(&c->m->ring) - OTEL__RECORD_PREFIX;
    const size_t heads = 16; /* tags and lengths of scope, record and data */
    const size_t around = heads + otel__pb_field_size(in->scope->length);
    const size_t request = c->request > around ? c->request - around : 0;
    const size_t most = ring < request ? ring : request;
    const size_t meta = c->meta + heads + otel__collect_trailer_size(in);

    return meta < most ? most - meta : 0;
}

/* Add the next series to the part, if it has a point. Returns false when what is there has to wait
 * for room, and the series with it. */
OTEL__FN bool otel__collect_series(otel__collect *c, const otel__instrument *in, uint32_t offset,
                                   otel__collect_part *part, size_t room)
{
    otel__series *s = otel__series_at(c->m, offset);
    bool          fits = true;
    size_t        one;

    if (!in->ops->take(in, s, &c->waiting)) {
        if ((otel__a32_peek(&s->cell.touched) & OTEL__SERIES_POINT) != 0) {
            (void)otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_POINT);
        }
        return true;
    }
#if defined(OTEL_LITE_EXEMPLARS)
    otel__exemplar_take(in, s, c->now);
#endif
    one = otel__pb_field_size(otel__collect_point_size(in, s));
    if (part->bytes + one > room || (part->n >= OTEL__COLLECT_HELD && in->ops->held)) {
        fits = otel__collect_queue(c, in, part);
    }
    (void)otel__a32_or(&s->cell.touched, OTEL__SERIES_POINT);
    if (!fits) {
        otel__collect_settle(in, s, false);
        return false;
    }
    part->first = part->n == 0 ? offset : part->first;
    part->last = offset;
    part->bytes += one;
    part->n++;
    return true;
}

/* Cut the instrument's points into records. Which series have a point, and which is the last, is
 * decided once, here: more may appear while a record is written. Returns false when there was no
 * room: c->series says where to go on. */
OTEL__FN bool otel__collect_instrument(otel__collect *c, otel__instrument *in)
{
    otel__collect_part part = { 0, 0, 0, 0 };
    uint32_t           offset = c->series != 0 ? c->series : in->overflow;
    otel__out          measure = otel__out_make(NULL, 0);
    size_t             room;

    c->description = (const char *)otel__aptr_load(&in->description);
    otel__collect_meta(c, &measure, in);
    c->meta = measure.len;
    room = otel__collect_room(c, in);
    while (offset != 0) {
        const uint32_t first = part.n > 0 ? part.first : offset;
        if (!otel__collect_series(c, in, offset, &part, room)) {
            c->series = first;
            return false;
        }
        offset = otel__series_next(otel__series_at(c->m, offset));
    }
    c->series = part.first;
    if (!otel__collect_queue(c, in, &part)) {
        return false;
    }
    c->series = 0;
    in->collected = c->now;
    return true;
}

/* The last reading stopped in the middle of an instrument, and will not go on: what it had not
 * got to keeps its begin. */
OTEL__FN void otel__collect_abandon(const otel__collect *c)
{
    otel__instrument *in = &c->m->instruments[c->instrument];
    uint32_t          offset = c->series;

    while (offset != 0) {
        otel__series *s = otel__series_at(c->m, offset);
        if (in->is_delta && otel__a64_peek(&s->start) == 0) {
            otel__a64_put(&s->start, in->collected);
        }
        offset = otel__series_next(s);
    }
    in->collected = c->now;
}

/* Begin a reading: ask the callbacks. */
OTEL__FN void otel__collect_begin(otel__collect *c, otel__recorder *r)
{
    c->m = r->metrics;
    c->m->reading = OTEL__READER_PUSH;
    c->waiting = false;
    if (c->series != 0) {
        otel__collect_abandon(c);
    }
    if (otel__a32_load(&c->m->observes) != 0) {
        c->m->observe(c->m);
    }
    c->n_instruments = otel__a32_load(&c->m->n_instruments); /* a callback may have made one */
    c->now = otel__recorder_now(r);
    c->instrument = 0;
    c->series = 0;
}

/* Instruments that the reading has not got to. */
OTEL__FN uint32_t otel__collect_left(const otel__collect *c)
{
    uint32_t n = 0;
    uint32_t i;

    for (i = c->instrument; i < c->n_instruments; i++) {
        n += otel__instrument_reader(&c->m->instruments[i]) == OTEL__READER_PUSH ? 1u : 0u;
    }
    return n;
}

/* Read on as long as there is room. Returns whether the reading is complete. */
OTEL__FN bool otel__collect_go_on(otel__collect *c)
{
    for (; c->instrument < c->n_instruments; c->instrument++) {
        otel__instrument *in = &c->m->instruments[c->instrument];
        if (otel__instrument_reader(in) == OTEL__READER_PUSH && !otel__collect_instrument(c, in)) {
            return false;
        }
    }
    return true;
}

#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/record/read.h ---- */
/* read: one reading of all metrics for the program itself: points as C structs, no bytes in
 * between. Called by otel_read() alone, inside the engine. It goes through the streams of the
 * second reader, which no other reading looks at: taking and settling their points changes
 * nothing for the others. A point is settled right after the program has seen it, so none is
 * ever left over. The buckets that it shows are those of the series; recorders are held off from
 * those of an exponential histogram meanwhile.
 * Spec: metrics/sdk.md "MetricReader", "Collect"; requirements M-12, M-46, M-60..M-66, M-100. */

#if !defined(OTEL_LITE_NO_METRICS) && !defined(OTEL_LITE_NO_READER)

#define OTEL__READ_EXEMPLARS 64u /* of one point that are shown */

/* One reading, on the stack of the thread that reads: about 3.5 KiB, with exemplars 8.5. */
typedef struct otel__read {
    otel__metrics *m;
    otel_point_fn  point; /* may be NULL */
    void          *user;
    uint64_t       now;                    /* Unix ns: time of every point            */
    bool           waiting;                /* some histogram was being recorded into  */
    otel_point     at;                     /* what the program sees                   */
    otel_attr      attrs[OTEL__ATTRS_MAX]; /* of the point; behind them those of exemplars */
#if defined(OTEL_LITE_EXEMPLARS)
    otel_exemplar exemplars[OTEL__READ_EXEMPLARS];
#endif
} otel__read;

/* ---- read: what a point says ---- */

/* The nearest integer towards 0; not defined by C for what is out of range. */
OTEL__FN int64_t otel__read_integer(double d)
{
    const double limit = 9223372036854775808.0; /* 2^63 */

    if (d >= -limit && d < limit) {
        return (int64_t)d;
    }
    return d > 0 ? INT64_MAX : INT64_MIN;
}

OTEL__FN void otel__read_number(otel_point *p, const otel__instrument *in, const otel__series *s)
{
    const uint64_t bits = otel__instrument_is_observable(in) ? otel__point_told_number(in, s)
                                                             : otel__point_number(in, s);

    p->i = (int64_t)bits;
    p->d = (double)p->i;
    if (in->is_double) {
        p->d = otel__platform_bits_double(bits);
        p->i = otel__read_integer(p->d);
    }
}

/* What both kinds of histograms have. */
OTEL__FN void otel__read_count(otel_point *p, const otel__instrument *in, const otel__hist *h)
{
    p->count = h->count;
    p->has_sum = otel__point_has_sum(in, h);
    p->sum = p->has_sum ? h->sum : 0;
    p->has_min_max = !in->no_min_max;
    p->min = p->has_min_max ? h->min : 0;
    p->max = p->has_min_max ? h->max : 0;
}

OTEL__FN void otel__read_explicit(otel_point *p, const otel__instrument *in, const otel__series *s)
{
    p->aggregation = OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    otel__read_count(p, in, &s->value.hist);
    p->bounds = in->bounds;
    p->n_bounds = in->n_bounds;
    p->buckets = s->value.hist.buckets;
}

#if !defined(OTEL_LITE_NO_EXPONENTIAL)
OTEL__FN void otel__read_buckets(otel_buckets *b, const otel__exp *h, uint32_t sign)
{
    b->n = h->used.n[sign];
    if (b->n > 0) {
        b->offset = h->used.first[sign];
        b->counts = h->totals[sign];
    }
}

OTEL__FN void otel__read_exponential(otel_point *p, const otel__instrument *in,
                                     const otel__series *s)
{
    const otel__exp *h = &s->value.exp;

    p->aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    otel__read_count(p, in, &h->base);
    p->scale = h->used.scale;
    p->zero_count = h->zero;
    otel__read_buckets(&p->positive, h, 0);
    otel__read_buckets(&p->negative, h, 1);
}
#endif

/* The value of a point that was taken, by its field in Metric. */
OTEL__FN void otel__read_value(otel_point *p, const otel__instrument *in, const otel__series *s)
{
    switch (in->ops->field) {
    case 9: otel__read_explicit(p, in, s); break;
#if !defined(OTEL_LITE_NO_EXPONENTIAL)
    case 10: otel__read_exponential(p, in, s); break;
#endif
    case OTEL__POINT_SUM:
        p->aggregation = OTEL_AGGREGATION_SUM;
        p->is_monotonic = otel__collect_is_monotonic(in);
        otel__read_number(p, in, s);
        break;
    default:
        p->aggregation = OTEL_AGGREGATION_LAST_VALUE;
        p->temporality = OTEL_TEMPORALITY_DEFAULT;
        otel__read_number(p, in, s);
        break;
    }
}

/* ---- read: going through ---- */

/* What all points of a stream have. */
OTEL__FN void otel__read_begin(otel__read *c, const otel__instrument *in)
{
    otel_point *p = &c->at;

    memset(p, 0, sizeof *p);
    p->scope_name = in->scope->name;
    p->scope_version = in->scope->version;
    p->name = in->name;
    p->unit = in->unit;
    p->description = (const char *)otel__aptr_load(&in->description);
    p->kind = (otel_instrument)in->kind;
    p->temporality = in->is_delta ? OTEL_TEMPORALITY_DELTA : OTEL_TEMPORALITY_CUMULATIVE;
    p->is_double = in->is_double;
    p->time_ns = c->now;
}

#if defined(OTEL_LITE_EXEMPLARS)
/* Their attributes stand behind those of the point. */
OTEL__FN void otel__read_exemplars(otel__read *c, const otel__instrument *in, otel__series *s)
{
    const uint32_t      used = (uint32_t)c->at.attrs.count;
    otel__exemplar_room room = { c->exemplars, OTEL__READ_EXEMPLARS, NULL, 0 };

    room.attrs = c->attrs + used;
    room.attrs_capacity = OTEL__ATTRS_MAX - used;
    c->at.exemplars = c->exemplars;
    c->at.n_exemplars = otel__exemplar_list(in, s, &room);
}
#endif

/* Show a point that was taken. */
OTEL__FN void otel__read_show(otel__read *c, const otel__instrument *in, otel__series *s)
{
    c->at.start_ns = otel__collect_start(c->now, in, s);
    c->at.attrs = otel__series_list_attrs(s, c->attrs);
    otel__read_value(&c->at, in, s);
#if defined(OTEL_LITE_EXEMPLARS)
    otel__read_exemplars(c, in, s);
#endif
    c->point(c->user, &c->at);
}

/* Read one series. What the program saw is settled, so nobody marks OTEL__SERIES_POINT here. */
OTEL__FN void otel__read_series(otel__read *c, const otel__instrument *in, otel__series *s)
{
    if (!in->ops->take(in, s, &c->waiting)) {
        return;
    }
#if defined(OTEL_LITE_EXEMPLARS)
    otel__exemplar_take(in, s, c->now);
#endif
    if (c->point != NULL) {
        otel__read_begin(c, in);
        otel__read_show(c, in, s);
    }
    otel__collect_settle(in, s, true);
}

OTEL__FN void otel__read_stream(otel__read *c, otel__instrument *in)
{
    uint32_t offset = in->overflow;

    while (offset != 0) {
        otel__series *s = otel__series_at(c->m, offset);
        otel__read_series(c, in, s);
        offset = otel__series_next(s);
    }
    in->collected = c->now;
}

/* Read all streams of the second reader. Returns whether some histogram is behind: the rest of its
 * values comes with the next reading. */
OTEL__FN bool otel__read_all(otel__recorder *r, otel_point_fn point, void *user)
{
    otel__metrics *m = r->metrics;
    otel__read     c;
    uint32_t       n;
    uint32_t       i;

    c.m = m;
    c.point = point;
    c.user = user;
    c.waiting = false;
    m->reading = OTEL__READER_MANUAL;
    if (otel__a32_load(&m->observes) != 0) {
        m->observe(m);
    }
    n = otel__a32_load(&m->n_instruments); /* a callback may have made one */
    c.now = otel__recorder_now(r);
    for (i = 0; i < n; i++) {
        if (m->instruments[i].reader == (uint8_t)OTEL__READER_MANUAL) {
            otel__read_stream(&c, &m->instruments[i]);
        }
    }
    return c.waiting;
}

#endif /* OTEL_LITE_NO_METRICS, OTEL_LITE_NO_READER */

/* ---- src/send/batch.h ---- */
/* batch: one export request out of queued records: resource, scopes, and the records as they are.
 * Called by the engine. Reads ahead of the ring's tail and releases nothing: until the request was
 * answered for good the records stay queued. Lengths of the two outer wrappers are known only at
 * the end; they are written padded to a fixed width, so that every byte is copied once.
 * Invariants: the order of records is kept; consecutive ones of a scope share its wrapper; a
 * request never passes its buffer, which is the limit in bytes; it has at least one record, and
 * no cumulative metric of another reading than the newest.
 * Spec: OTLP "OTLP/HTTP Request"; requirements P-28..P-30, H-15. */

#define OTEL__BATCH_LENGTH 4u /* bytes of a padded length: up to 256 MiB */
#define OTEL__BATCH_WRAP   (1u + OTEL__BATCH_LENGTH)

typedef struct otel__batch {
    uint8_t          *buf;
    size_t            cap;
    size_t            length;    /* bytes of the request                               */
    uint32_t          n_records; /* in the request                                     */
    uint32_t          n_large;   /* passed over: too large for any request             */
    uint32_t          n_stale;   /* passed over: a newer reading replaces them         */
    uint32_t          newest;    /* prefix of the newest reading's cumulative metrics  */
    otel__ring_cursor cursor;    /* behind the last record looked at                   */
} otel__batch;

/* Where the writing stands. */
typedef struct otel__batch_state {
    uint8_t *p;
    uint8_t *scope_length; /* where the open scope's length goes, or NULL */
    uint32_t scope;        /* index of the open scope                     */
} otel__batch_state;

/* Bytes that a request takes before its first scope. */
OTEL__FN size_t otel__batch_overhead(size_t resource)
{
    return OTEL__BATCH_WRAP + otel__pb_field_size(resource);
}

/* Fill in the length at `length`, if one is open, of what goes from there to `end`. */
OTEL__FN void otel__batch_close(uint8_t *length, const uint8_t *end)
{
    if (length != NULL) {
        otel__pb_store_padded(length, (uint32_t)(end - length) - OTEL__BATCH_LENGTH,
                              OTEL__BATCH_LENGTH);
    }
}

/* Add one record; false when it does not fit behind what is there. */
OTEL__FN bool otel__batch_add(otel__batch *b, otel__batch_state *s, const otel_scope *scope,
                              const uint8_t *record, size_t n)
{
    const bool   opens = s->scope_length == NULL || s->scope != scope->index;
    const size_t head = opens ? OTEL__BATCH_WRAP + otel__pb_field_size(scope->length) : 0;

    if (head + otel__pb_field_size(n) > b->cap - (size_t)(s->p - b->buf)) {
        return false;
    }
    if (opens) {
        otel__batch_close(s->scope_length, s->p);
        *s->p++ = OTEL__PB_TAG(2, OTEL__PB_LEN); /* Resource*.scope_* */
        s->scope_length = s->p;
        s->p += OTEL__BATCH_LENGTH;
        *s->p++ = OTEL__PB_TAG(1, OTEL__PB_LEN); /* Scope*.scope */
        s->p = otel__pb_store_varint(s->p, scope->length);
        otel__bytes_copy(s->p, scope->bytes, scope->length);
        s->p += scope->length;
        s->scope = scope->index;
    }
    *s->p++ = OTEL__PB_TAG(2, OTEL__PB_LEN); /* Scope*.spans, .metrics, .log_records */
    s->p = otel__pb_store_varint(s->p, n);
    otel__bytes_copy(s->p, record, n);
    s->p += n;
    return true;
}

/* Whether a cumulative metric is of an older reading than the newest: it is worth nothing. */
OTEL__FN bool otel__batch_is_stale(const otel__batch *b, uint32_t word)
{
    return (word & OTEL__RECORD_CUMULATIVE) != 0 && (word & ~OTEL__RECORD_SCOPE) != b->newest;
}

/* Build the next request of at most `max_records` from the front of the ring.
 *
 *   b         buf and cap are set; cap holds at least otel__batch_overhead() bytes
 *   resource  the encoded Resource message
 * Returns true with a request; false when there is no record, or only such as are too large or
 * stale, which the cursor has passed then. */
OTEL__FN bool otel__batch_build(otel__batch *b, otel__recorder *r, otel__ring *ring,
                                const otel__out *resource, uint32_t max_records)
{
    otel__batch_state s;
    const uint8_t    *data;
    uint32_t          n;

    b->n_records = 0;
    b->n_large = 0;
    b->n_stale = 0;
    b->cursor = otel__ring_begin(ring);
    s.p = b->buf + OTEL__BATCH_WRAP;
    s.scope_length = NULL;
    s.scope = 0;
    *s.p++ = OTEL__PB_TAG(1, OTEL__PB_LEN); /* Resource*.resource */
    s.p = otel__pb_store_varint(s.p, resource->len);
    otel__bytes_copy(s.p, resource->buf, resource->len);
    s.p += resource->len;
    while (b->n_records < max_records) {
        otel__ring_cursor next = b->cursor;
        uint32_t          word;
        if (!otel__ring_next(ring, &next, &data, &n)) {
            break;
        }
        memcpy(&word, data, sizeof word);
        if (otel__batch_is_stale(b, word)) {
            b->n_stale++;
        } else if (otel__batch_add(b, &s, &r->scopes[word & OTEL__RECORD_SCOPE],
                                   data + OTEL__RECORD_PREFIX, n - OTEL__RECORD_PREFIX)) {
            b->n_records++;
        } else if (b->n_records == 0) {
            b->n_large++; /* alone and still too large: it would be retried for ever */
        } else {
            break;
        }
        b->cursor = next;
    }
    otel__batch_close(s.scope_length, s.p);
    b->buf[0] = OTEL__PB_TAG(1, OTEL__PB_LEN); /* Export*ServiceRequest.resource_* */
    b->length = (size_t)(s.p - b->buf);
    otel__batch_close(b->buf + 1, s.p);
    return b->n_records > 0;
}

/* ---- src/send/http.h ---- */
/* http: the text of HTTP/1.1 requests: URLs, header lists, the head; and the date and
 * Retry-After of replies (reply.h has the rest). Pure text, no system call. Used by reply.h,
 * net.h, the engine.
 *
 * Invariants: a URL and a request path hold only visible ASCII, header lines hold no CR, LF or NUL
 * but their own line ends, so nothing configured can add a header. Texts of errors are constant and
 * never hold what was configured: it may be a secret.
 * Spec: RFC 9110, RFC 9112, RFC 3986; OTLP exporter "Endpoint URLs", "Specifying headers". */

/* Where the first character of `set` stands in `t`, or t.n. */
static size_t otel__http_find_any(otel__text t, const char *set)
{
    size_t at = t.n;

    for (; *set != '\0'; set++) {
        at = otel__text_find(otel__text_make(t.s, at), *set);
    }
    return at;
}

#if !defined(OTEL_LITE_NO_HTTP)

/* ---- http: URL ---- */

#define OTEL__HTTP_URL_MAX  768 /* bytes of a URL; with its head it must fit OTEL__HTTP_HEAD_MAX */
#define OTEL__HTTP_HOST_MAX 253 /* bytes of a host name: RFC 1035 section 2.3.4, as text         */

/* What can be wrong with a URL: name, text. */
#define OTEL__HTTP_URL_LIST(X)                                                                     \
    X(OK, "the URL is valid")                                                                      \
    X(LENGTH, "the URL is empty or longer than 768 bytes")                                         \
    X(CHARACTER, "the URL has a space, control or non-ASCII character: percent-encode it")         \
    X(NO_SCHEME, "the URL has no scheme: it must begin with http:// or https://")                  \
    X(SCHEME, "the URL's scheme is neither http nor https")                                        \
    X(USERINFO, "the URL has a user or password: put credentials in a header instead")             \
    X(HOST, "the URL's host is missing or not valid")                                              \
    X(PORT, "the URL's port is not from 1 to 65535 (an IPv6 address needs brackets)")

typedef enum otel__http_url_error {
#define OTEL__HTTP_ENUM(name, text) OTEL__HTTP_URL_##name,
    OTEL__HTTP_URL_LIST(OTEL__HTTP_ENUM)
#undef OTEL__HTTP_ENUM
        OTEL__HTTP_URL_END
} otel__http_url_error;

/* A parsed URL; its texts are parts of what was parsed. User names and fragments do not occur. */
typedef struct otel__http_url {
    otel__text host;  /* name or address, an IPv6 one without its brackets */
    otel__text path;  /* empty, or from its first slash on                 */
    otel__text query; /* empty, or from the question mark on               */
    uint16_t   port;  /* never 0; the scheme's own if none was given       */
    bool       https;
    bool       ipv6; /* the host stood in brackets */
} otel__http_url;

/* An error as one English line, constant. */
OTEL__FN const char *otel__http_url_text(otel__http_url_error error)
{
    switch (error) {
#define OTEL__HTTP_CASE(name, text)                                                                \
    case OTEL__HTTP_URL_##name: return text;
        OTEL__HTTP_URL_LIST(OTEL__HTTP_CASE)
#undef OTEL__HTTP_CASE
    case OTEL__HTTP_URL_END: break;
    }
    return "";
}

static bool otel__http_is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (otel__text_lower(c) >= 'a' && otel__text_lower(c) <= 'z');
}

/* Whether the host can be a name (or an IPv4 address), or an IPv6 address without a zone. */
static bool otel__http_host_valid(otel__text host, bool ipv6)
{
    size_t i;

    for (i = 0; i < host.n; i++) {
        const char c = host.s[i];
        const bool fits = ipv6 ? otel__text_hex_digit(c) < 16 || c == ':' || c == '.'
                               : otel__http_is_alnum(c) || c == '-' || c == '.' || c == '_';

        if (!fits) {
            return false;
        }
    }
    return host.n > 0 && host.n <= OTEL__HTTP_HOST_MAX;
}

/* Take host and port from what stands between the scheme and the path. */
static otel__http_url_error otel__http_url_authority(otel__text t, otel__http_url *url)
{
    uint64_t port = url->https ? 443 : 80;
    size_t   end;

    if (otel__text_find(t, '@') < t.n) {
        return OTEL__HTTP_URL_USERINFO;
    }
    url->ipv6 = t.n > 0 && t.s[0] == '[';
    end = otel__text_find(t, url->ipv6 ? ']' : ':');
    url->host = otel__text_make(t.s + (url->ipv6 ? 1 : 0), end - (url->ipv6 ? 1 : 0));
    if (!otel__http_host_valid(url->host, url->ipv6) || (url->ipv6 && end == t.n)) {
        return OTEL__HTTP_URL_HOST;
    }
    end += url->ipv6 ? 1 : 0;
    if (end < t.n && t.s[end] != ':') {
        return OTEL__HTTP_URL_HOST;
    }
    if (end + 1 < t.n && !otel__text_parse_u64(t.s + end + 1, t.n - end - 1, &port)) {
        return OTEL__HTTP_URL_PORT;
    }
    url->port = (uint16_t)port;
    return port >= 1 && port <= 65535 ? OTEL__HTTP_URL_OK : OTEL__HTTP_URL_PORT;
}

/* Parse an absolute http or https URL. `url` refers to `text` and is only defined on success.
 * An empty port means the default one; a query is kept, a fragment dropped. Spec: H-03 to H-06. */
OTEL__FN otel__http_url_error otel__http_url_parse(otel__text text, otel__http_url *url)
{
    const size_t colon = otel__text_find(text, ':');
    otel__text   scheme, rest;
    size_t       i;

    if (text.n == 0 || text.n > OTEL__HTTP_URL_MAX) {
        return OTEL__HTTP_URL_LENGTH;
    }
    for (i = 0; i < text.n; i++) {
        if (text.s[i] <= ' ' || text.s[i] > '~') { /* a signed char above 0x7f is below ' ' */
            return OTEL__HTTP_URL_CHARACTER;
        }
    }
    if (text.n - colon < 3 || text.s[colon + 1] != '/' || text.s[colon + 2] != '/') {
        return OTEL__HTTP_URL_NO_SCHEME;
    }
    scheme = otel__text_make(text.s, colon);
    url->https = otel__text_is_nocase(scheme, "https");
    if (!url->https && !otel__text_is_nocase(scheme, "http")) {
        return scheme.n == 0 ? OTEL__HTTP_URL_NO_SCHEME : OTEL__HTTP_URL_SCHEME;
    }
    rest = otel__text_make(text.s + colon + 3, text.n - colon - 3);
    rest.n = otel__text_find(rest, '#');
    i = otel__http_find_any(rest, "/?");
    url->path = otel__text_make(rest.s + i, rest.n - i);
    url->path.n = otel__text_find(url->path, '?');
    i += url->path.n;
    url->query = otel__text_make(rest.s + i, rest.n - i);
    return otel__http_url_authority(otel__text_make(rest.s, i - url->path.n), url);
}

/* Write the path that requests go to, with a NUL.
 *   signal  what follows a base URL, such as "v1/traces" (a leading slash is fine); NULL for a URL
 *           that is used as it stands, where a missing path becomes "/"
 * Returns its length, or 0 when cap is too small; strlen(signal) + OTEL__HTTP_URL_MAX + 2 is
 * enough.
 * Spec: H-01, H-02; one slash between the two, never two. */
OTEL__FN size_t otel__http_path(const otel__http_url *url, const char *signal, char *dst,
                                size_t cap)
{
    otel__text_buf out = { dst, cap, 0 };
    otel__text     base = url->path;

    if (signal != NULL) {
        while (base.n > 0 && base.s[base.n - 1] == '/') {
            base.n--;
        }
        otel__text_add(&out, base);
        otel__text_add_c(&out, signal[0] == '/' ? "" : "/");
        otel__text_add_c(&out, signal);
    } else if (base.n > 0) {
        otel__text_add(&out, base);
    } else {
        otel__text_add_c(&out, "/");
    }
    otel__text_add(&out, url->query);
    otel__text_add(&out, otel__text_make("", 1)); /* the NUL */
    return otel__text_fits(&out) ? out.len - 1 : 0;
}

/* ---- http: header lists ---- */

/* Told of each pair that is left out.
 *   key     its name, or empty when it has none or not a valid one (it may be part of a secret)
 *   reason  one English line, constant */
typedef void (*otel__http_bad_header_fn)(void *user, otel__text key, const char *reason);

/* Whether all of `t` are characters of a header's name. Spec: RFC 9110 section 5.6.2, token. */
static bool otel__http_is_token(otel__text t)
{
    const otel__text marks = otel__text_of("!#$%&'*+-.^_`|~");
    size_t           i;

    for (i = 0; i < t.n; i++) {
        if (!otel__http_is_alnum(t.s[i]) && otel__text_find(marks, t.s[i]) == marks.n) {
            return false;
        }
    }
    return t.n > 0;
}

/* Whether the library itself decides about this header. Spec: H-43; RFC 9110 section 7.6.1. */
static bool otel__http_is_reserved(otel__text name)
{
    otel__text list = otel__text_of("Host,Content-Length,Transfer-Encoding,Content-Type,"
                                    "Content-Encoding,Connection,Expect,Upgrade,TE,Trailer");
    otel__text piece;
    bool       found = false;

    while (!found && otel__text_next(&list, ',', &piece)) {
        found = otel__text_same_nocase(name, piece);
    }
    return found;
}

/* Find the line of the header `name` among ready lines. Returns its bytes, line end included, or
 * an empty text. */
static otel__text otel__http_line_find(otel__text lines, otel__text name)
{
    otel__text line;

    while (otel__text_next(&lines, '\n', &line)) {
        if (otel__text_same_nocase(otel__text_make(line.s, otel__text_find(line, ':')), name)) {
            return otel__text_make(line.s, line.n + 1);
        }
    }
    return otel__text_make(NULL, 0);
}

/* Add "name: value\r\n" to ready lines, in place of an earlier line of that name.
 *   value  percent-encoded
 * Returns NULL, or why it was not added; then the lines are as before. */
static const char *otel__http_header_add(otel__text_buf *lines, otel__text name, otel__text value)
{
    otel__text_buf out = *lines;
    otel__text     old;
    size_t         i, start;

    if (!otel__http_is_token(name)) {
        return "its name is not a valid header name";
    }
    if (otel__http_is_reserved(name)) {
        return "the library sets this header itself";
    }
    otel__text_add(&out, name);
    otel__text_add_c(&out, ": ");
    start = out.len;
    if (!otel__text_fits(&out) || out.cap - start < value.n + 2) {
        return "the headers are too long";
    }
    if (!otel__text_percent_decode(value, out.s + start, value.n, &i)) {
        return "its value is not percent-encoded correctly";
    }
    out.len += i;
    for (i = start; i < out.len; i++) { /* RFC 9110 section 5.5: no control but the tab */
        if (((uint8_t)out.s[i] < 0x20u && out.s[i] != '\t') || out.s[i] == 0x7f) {
            return "its value has a control character";
        }
    }
    otel__text_add_c(&out, "\r\n");
    old = otel__http_line_find(otel__text_make(lines->s, lines->len), name);
    if (old.n > 0) {
        char *hole = lines->s + (old.s - lines->s);

        memmove(hole, hole + old.n, (size_t)(out.s + out.len - (hole + old.n)));
    }
    lines->len = out.len - old.n;
    return NULL;
}

/* The room that otel__http_headers_parse() needs at most for this list. */
OTEL__FN size_t otel__http_headers_need(otel__text list)
{
    otel__text piece;
    size_t     need = list.n;

    while (otel__text_next(&list, ',', &piece)) {
        need += 3; /* "k=v" grows by the space and the line end */
    }
    return need;
}

/* Turn "k=v,k2=v2", values percent-encoded, into ready lines "k: v\r\n".
 *   lines  where they are added; empty at first, or holding ready lines that later ones replace
 *   bad    told of each pair left out, or NULL; `user` is handed to it
 * Empty pairs are skipped. Spec: H-40, H-41, H-43; EXP "Specifying headers". */
OTEL__FN void otel__http_headers_parse(otel__text list, otel__text_buf *lines,
                                       otel__http_bad_header_fn bad, void *user)
{
    otel__text pair;

    while (otel__text_next(&list, ',', &pair)) {
        const char *reason = "it has no '='";
        otel__text  key;
        size_t      at;

        pair = otel__text_trim(pair);
        at = otel__text_find(pair, '=');
        key = otel__text_trim(otel__text_make(pair.s, at));
        if (pair.n == 0) {
            continue;
        }
        if (at < pair.n) {
            pair = otel__text_make(pair.s + at + 1, pair.n - at - 1);
            reason = otel__http_header_add(lines, key, otel__text_trim(pair));
        } else {
            key.n = 0; /* perhaps the rest of a value with a bare comma */
        }
        if (reason != NULL && bad != NULL) {
            bad(user, otel__http_is_token(key) ? key : otel__text_make(NULL, 0), reason);
        }
    }
}

/* ---- http: request ---- */

#define OTEL__HTTP_HEAD_MAX   1024 /* bytes of a head without the custom headers, any valid URL */
#define OTEL__HTTP_USER_AGENT "otel_lite-OTLP-Exporter-C/" OTEL_LITE_VERSION

/* One POST. Texts are borrowed. */
typedef struct otel__http_request {
    const otel__http_url *url;          /* for Host                                             */
    otel__text            path;         /* from otel__http_path()                               */
    otel__text            content_type; /* "application/x-protobuf"                             */
    otel__text            encoding;     /* "gzip", or empty: identity must not be named (OTLP)  */
    otel__text            headers;      /* ready lines, sent behind the head; looked at only    */
    size_t                length;       /* bytes of the body                                    */
} otel__http_request;

static void otel__http_field(otel__text_buf *out, const char *name, otel__text value)
{
    otel__text_add_c(out, name);
    otel__text_add(out, value);
    otel__text_add_c(out, "\r\n");
}

/* Write the request line and the library's own headers; the custom ones and the blank line follow.
 * A User-Agent among the custom headers replaces ours.
 * Returns the length, or 0 when it does not fit in cap. Spec: RFC 9112 section 3; H-10, H-12. */
OTEL__FN size_t otel__http_head(const otel__http_request *rq, char *dst, size_t cap)
{
    const otel__http_url *url = rq->url;
    const otel__text      agent = otel__text_of("User-Agent");
    otel__text_buf        out = { dst, cap, 0 };

    otel__text_add_c(&out, "POST ");
    otel__text_add(&out, rq->path);
    otel__text_add_c(&out, url->ipv6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
    otel__text_add(&out, url->host);
    otel__text_add_c(&out, url->ipv6 ? "]" : "");
    if (url->port != (url->https ? 443 : 80)) {
        otel__text_add_c(&out, ":");
        otel__text_add_u64(&out, url->port);
    }
    otel__text_add_c(&out, "\r\n");
    if (otel__http_line_find(rq->headers, agent).n == 0) {
        otel__http_field(&out, "User-Agent: ", otel__text_of(OTEL__HTTP_USER_AGENT));
    }
    otel__http_field(&out, "Content-Type: ", rq->content_type);
    if (rq->encoding.n > 0) {
        otel__http_field(&out, "Content-Encoding: ", rq->encoding);
    }
    otel__text_add_c(&out, "Content-Length: ");
    otel__text_add_u64(&out, rq->length);
    otel__text_add_c(&out, "\r\n");
    return otel__text_fits(&out) ? out.len : 0;
}

#endif /* OTEL_LITE_NO_HTTP */

/* ---- http: dates and Retry-After, for every transport that carries HTTP ---- */

/* Read "hh:mm:ss" as seconds of the day; a leap second counts. */
static bool otel__http_time_parse(otel__text t, uint64_t *seconds)
{
    uint64_t h, m, s;

    if (t.n != 8 || t.s[2] != ':' || t.s[5] != ':' || !otel__text_parse_u64(t.s, 2, &h) ||
        !otel__text_parse_u64(t.s + 3, 2, &m) || !otel__text_parse_u64(t.s + 6, 2, &s)) {
        return false;
    }
    *seconds = h * 3600 + m * 60 + s;
    return h < 24 && m < 60 && s <= 60;
}

/* The month of a three-letter name, 1 to 12, or 0. */
static uint32_t otel__http_month(otel__text t)
{
    uint32_t m;

    for (m = 1; t.n == 3 && m <= 12; m++) {
        if (memcmp(t.s, &"JanFebMarAprMayJunJulAugSepOctNovDec"[(m - 1) * 3], 3) == 0) {
            return m;
        }
    }
    return 0;
}

/* Seconds from 1970 to a day, y >= 1970; a day past the month's end counts on into the next. */
static uint64_t otel__http_days(uint64_t y, uint32_t month, uint64_t day)
{
    const uint64_t march = month > 2 ? month - 3u : month + 9u; /* months since March */

    y -= month > 2 ? 0u : 1u;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * march + 2) / 5 + day - 719469;
}

/* Read an HTTP date in any of its three forms, as seconds since 1970:
 *     Sun, 06 Nov 1994 08:49:37 GMT    Sunday, 06-Nov-94 08:49:37 GMT    Sun Nov  6 08:49:37 1994
 * The parts are told by their looks, their order and the name of the day are not checked, but day
 * and year. Two-digit years are 1970 to 2069. Spec: RFC 9110 section 5.6.7. */
OTEL__FN bool otel__http_date_parse(otel__text t, uint64_t *unix_s)
{
    uint64_t clock = UINT64_MAX, number[2] = { 0, 0 }; /* day and year */
    uint32_t month = 0, n_numbers = 0, n_words = 0;

    while (t.n > 0) {
        const size_t     at = otel__http_find_any(t, " ,-");
        const otel__text piece = otel__text_make(t.s, at);

        t = otel__text_make(t.s + at + (at < t.n ? 1 : 0), t.n - at - (at < t.n ? 1 : 0));
        if (at == 0) {
            continue;
        }
        if (otel__text_find(piece, ':') < at) {
            if (clock != UINT64_MAX || !otel__http_time_parse(piece, &clock)) {
                return false;
            }
        } else if (otel__text_hex_digit(piece.s[0]) < 10) {
            if (n_numbers == 2 || !otel__text_parse_u64(piece.s, at, &number[n_numbers])) {
                return false;
            }
            n_numbers++;
            if (n_numbers == 2 && at == 2) {
                number[1] += number[1] < 70 ? 2000u : 1900u;
            }
        } else if (month == 0 && otel__http_month(piece) != 0) {
            month = otel__http_month(piece);
        } else if (n_words++ > 0 && !otel__text_is_nocase(piece, "GMT")) {
            return false; /* the first word is the day's name, another one an unknown zone */
        }
    }
    if (clock == UINT64_MAX || month == 0 || number[0] - 1 > 30 || number[1] < 1970 ||
        number[1] > 9999) {
        return false;
    }
    *unix_s = otel__http_days(number[1], month, number[0]) * 86400 + clock;
    return true;
}

/* A Retry-After header: at most one of the two is not 0. */
typedef struct otel__http_retry {
    uint64_t delay_s; /* seconds to wait                     */
    uint64_t date_s;  /* seconds since 1970 to wait for      */
} otel__http_retry;

/* Read a Retry-After header; what is neither a number nor a date gives {0, 0}. Spec: H-22. */
OTEL__FN otel__http_retry otel__http_retry_parse(otel__text t)
{
    otel__http_retry retry = { 0, 0 };

    t = otel__text_trim(t);
    if (!otel__text_parse_u64(t.s, t.n, &retry.delay_s)) {
        (void)otel__http_date_parse(t, &retry.date_s);
    }
    return retry;
}

/* The milliseconds to wait, at most UINT32_MAX; 0 = not known, now, or already over.
 *   unix_s  the wall clock, or the Date of the same reply, whose clock the sender set it by */
OTEL__FN uint32_t otel__http_retry_ms(otel__http_retry retry, uint64_t unix_s)
{
    uint64_t s = retry.delay_s;

    if (retry.date_s > unix_s) {
        s = retry.date_s - unix_s;
    }
    return s < UINT32_MAX / 1000 ? (uint32_t)s * 1000 : UINT32_MAX;
}

/* ---- src/send/retry.h ---- */
/* retry: OTLP's rules for an HTTP answer, and how long to wait before the next attempt.
 * Used by the engine for the built-in client and by transports that carry HTTP. No state.
 * Spec: OTLP "OTLP/HTTP Response", "Retryable Response Codes"; requirements H-20..H-23, H-27. */

#define OTEL__RETRY_FIRST_MS 1000u   /* the wait's range doubles from here ...       */
#define OTEL__RETRY_LAST_MS  30000u  /* ... up to here                               */
#define OTEL__RETRY_DOUBLED  5u      /* times: from then on it would be more         */
#define OTEL__RETRY_AFTER_MS 300000u /* a backend may ask for this much, at most     */

/* What a status code means for the records that were sent. */
OTEL__FN otel_transport_result otel__retry_classify(int http_status)
{
    if (http_status >= 200 && http_status < 300) {
        return OTEL_TRANSPORT_SENT;
    }
    if (http_status == 429 || http_status == 502 || http_status == 503 || http_status == 504) {
        return OTEL_TRANSPORT_RETRY;
    }
    return OTEL_TRANSPORT_REFUSED;
}

/* Milliseconds to wait after `attempt` (1 for the first) failed: full jitter over a doubling range,
 * so that many clients of one backend do not return together. `random`: any 32 bits. */
OTEL__FN uint32_t otel__retry_wait(uint32_t attempt, uint32_t retry_after_ms, uint32_t random)
{
    const uint32_t doubled = attempt > 1u ? attempt - 1u : 0u;
    const uint32_t range =
        doubled < OTEL__RETRY_DOUBLED ? OTEL__RETRY_FIRST_MS << doubled : OTEL__RETRY_LAST_MS;

    if (retry_after_ms > 0) {
        return retry_after_ms < OTEL__RETRY_AFTER_MS ? retry_after_ms : OTEL__RETRY_AFTER_MS;
    }
    return 1u + (uint32_t)(((uint64_t)random * range) >> 32);
}

OTEL_API otel_transport_result otel_transport_http(otel_request *request, int http_status,
                                                   const char *retry_after, const void *body,
                                                   size_t length)
{
    const otel_transport_result result = otel__retry_classify(http_status);

    (void)body; /* of an answer: only its status decides */
    (void)length;
    if (request != NULL && result == OTEL_TRANSPORT_RETRY && retry_after != NULL) {
        request->retry_after_ms = otel__http_retry_ms(
            otel__http_retry_parse(otel__text_of(retry_after)), otel__unix_ns() / 1000000000u);
    }
    return result;
}

/* ---- src/send/reply.h ---- */
/* reply: the bounded, incremental parser of HTTP/1.1 replies. Pure text, no system call. Fed by
 * net.h with bytes as they come from the socket.
 *
 * Invariants: nothing in a reply is trusted. Feeding it in pieces of any size gives the same
 * result, every length is bounded before it is used, the memory is the struct and the caller's
 * buffer, and an error is final. Interim (1xx) replies are skipped; of a body the first bytes
 * are kept, all are counted. No Content-Encoding is asked for, so none is decoded.
 * Spec: RFC 9112; H-19, H-25. */

#if !defined(OTEL_LITE_NO_HTTP)

/* ---- reply: what it is and what can be wrong with it ---- */

#define OTEL__REPLY_HEAD_MAX 16384 /* bytes of a reply's head, 1xx and trailers included */
#define OTEL__REPLY_LINE_MAX 128   /* bytes of a line that matters to us                */

/* What can be wrong with a reply: name, text. */
#define OTEL__REPLY_ERROR_LIST(X)                                                                  \
    X(OK, "the reply is valid so far")                                                             \
    X(NOT_HTTP, "the peer does not speak HTTP/1")                                                  \
    X(HEADER, "the reply has a malformed header line")                                             \
    X(HEAD_LARGE, "the reply's head is larger than 16 KiB")                                        \
    X(LENGTH, "the reply's Content-Length is not valid or contradicts itself")                     \
    X(ENCODING, "the reply's Transfer-Encoding is not supported or contradicts its length")        \
    X(CHUNK, "the reply has a malformed chunk")                                                    \
    X(BODY_LARGE, "the reply's body is larger than allowed")                                       \
    X(UPGRADE, "the peer switched to another protocol")                                            \
    X(CUT, "the connection was closed before the end of the reply")

typedef enum otel__reply_error {
#define OTEL__REPLY_ENUM(name, text) OTEL__REPLY_E_##name,
    OTEL__REPLY_ERROR_LIST(OTEL__REPLY_ENUM)
#undef OTEL__REPLY_ENUM
        OTEL__REPLY_E_END
} otel__reply_error;

typedef enum otel__reply_result {
    OTEL__REPLY_MORE, /* all bytes were taken, more are needed   */
    OTEL__REPLY_DONE, /* the reply is complete                   */
    OTEL__REPLY_BAD   /* it is not valid: reply.error tells why  */
} otel__reply_result;

/* Where the parser stands. Up to AT_TRAILER lines are taken, behind it bytes. */
typedef enum otel__reply_state {
    OTEL__REPLY_AT_STATUS,
    OTEL__REPLY_AT_HEADER,
    OTEL__REPLY_AT_CHUNK_SIZE,
    OTEL__REPLY_AT_CHUNK_END, /* the empty line behind a chunk's bytes */
    OTEL__REPLY_AT_TRAILER,
    OTEL__REPLY_IN_LENGTH,
    OTEL__REPLY_IN_CHUNK,
    OTEL__REPLY_IN_CLOSE, /* until the connection ends */
    OTEL__REPLY_AT_END,
    OTEL__REPLY_AT_ERROR
} otel__reply_state;

/* One reply, while it is read and afterwards. Set up by otel__reply_init(). */
typedef struct otel__reply {
    char             *body;       /* the caller's; keeps the first bytes of the body         */
    size_t            body_cap;   /* bytes at body                                           */
    size_t            body_len;   /* bytes kept there                                        */
    uint32_t          body_max;   /* a body of more bytes is an error                        */
    uint32_t          body_total; /* bytes of the body so far                                */
    uint64_t          left;       /* bytes to come: of the body, or of this chunk            */
    otel__http_retry  retry;      /* Retry-After, {0, 0} without                             */
    uint64_t          date_s;     /* Date, seconds since 1970, 0 without                     */
    uint32_t          head_left;  /* bytes of head still allowed                             */
    uint16_t          status;     /* 100 to 999, 0 before it is known                        */
    uint16_t          line_len;   /* bytes of the line so far; LINE_MAX + 1: it is longer     */
    otel__reply_state state;
    otel__reply_error error;
    bool              began;      /* a byte has come                                         */
    bool              close;      /* the connection cannot be used for another request       */
    bool              cr;         /* the last byte of the line was a CR                      */
    bool              has_length; /* Content-Length was there, its value in `left`           */
    bool              chunked;
    char              line[OTEL__REPLY_LINE_MAX];
} otel__reply;

/* An error as one English line, constant. */
OTEL__FN const char *otel__reply_text(otel__reply_error error)
{
    switch (error) {
#define OTEL__REPLY_CASE(name, text)                                                               \
    case OTEL__REPLY_E_##name: return text;
        OTEL__REPLY_ERROR_LIST(OTEL__REPLY_CASE)
#undef OTEL__REPLY_CASE
    case OTEL__REPLY_E_END: break;
    }
    return "";
}

/* Make ready for one reply.
 *   body, body_cap  where the first bytes of its body are kept; NULL, 0 for none
 *   body_max        a body of more bytes is an error (H-25: 4 MiB) */
OTEL__FN void otel__reply_init(otel__reply *r, char *body, size_t body_cap, uint32_t body_max)
{
    memset(r, 0, sizeof *r);
    r->body = body;
    r->body_cap = body_cap;
    r->body_max = body_max;
    r->head_left = OTEL__REPLY_HEAD_MAX;
}

static void otel__reply_fail(otel__reply *r, otel__reply_error error)
{
    r->state = OTEL__REPLY_AT_ERROR;
    r->error = error;
    r->close = true;
}

static otel__reply_result otel__reply_verdict(const otel__reply *r)
{
    if (r->state == OTEL__REPLY_AT_END) {
        return OTEL__REPLY_DONE;
    }
    return r->state == OTEL__REPLY_AT_ERROR ? OTEL__REPLY_BAD : OTEL__REPLY_MORE;
}

/* "HTTP/1.1 200 OK"; the reason may be missing with its space. Spec: RFC 9112 section 4. */
static void otel__reply_status(otel__reply *r, otel__text line)
{
    uint64_t status = 0;

    if (line.n < 12 || memcmp(line.s, "HTTP/1.", 7) != 0 || otel__text_hex_digit(line.s[7]) > 9 ||
        line.s[8] != ' ' || !otel__text_parse_u64(line.s + 9, 3, &status) || status < 100 ||
        (line.n > 12 && line.s[12] != ' ')) {
        otel__reply_fail(r, OTEL__REPLY_E_NOT_HTTP);
        return;
    }
    r->status = (uint16_t)status;
    r->close = line.s[7] == '0';
    r->state = OTEL__REPLY_AT_HEADER;
}

/* Content-Length: digits; repeated only with the same value. Spec: RFC 9112 section 6.3. */
static void otel__reply_length(otel__reply *r, otel__text value)
{
    uint64_t length = 0;

    if (!otel__text_parse_u64(value.s, value.n, &length) || (r->has_length && length != r->left)) {
        otel__reply_fail(r, OTEL__REPLY_E_LENGTH);
    }
    r->has_length = true;
    r->left = length;
}

/* The few headers that matter; true when `name` is one of them. */
static bool otel__reply_field(otel__reply *r, otel__text name, otel__text value)
{
    otel__text piece;

    if (otel__text_is_nocase(name, "Content-Length")) {
        otel__reply_length(r, value);
    } else if (otel__text_is_nocase(name, "Transfer-Encoding")) {
        if (r->chunked || !otel__text_is_nocase(value, "chunked")) {
            otel__reply_fail(r, OTEL__REPLY_E_ENCODING);
        }
        r->chunked = true;
    } else if (otel__text_is_nocase(name, "Connection")) {
        while (otel__text_next(&value, ',', &piece)) {
            r->close = r->close || otel__text_is_nocase(otel__text_trim(piece), "close");
        }
    } else if (otel__text_is_nocase(name, "Retry-After")) {
        r->retry = otel__http_retry_parse(value);
    } else if (otel__text_is_nocase(name, "Date")) {
        (void)otel__http_date_parse(value, &r->date_s);
    } else {
        return false;
    }
    return true;
}

/* The head is complete: decide how the body ends. Spec: RFC 9112 section 6.3. */
static void otel__reply_head_end(otel__reply *r)
{
    if (r->chunked && r->has_length) {
        otel__reply_fail(r, OTEL__REPLY_E_ENCODING);
    } else if (r->status == 101) {
        otel__reply_fail(r, OTEL__REPLY_E_UPGRADE);
    } else if (r->status < 200) { /* an interim reply: forget it, the answer follows */
        r->state = OTEL__REPLY_AT_STATUS;
        r->retry.delay_s = r->retry.date_s = 0;
        r->status = 0;
        r->has_length = r->chunked = false;
    } else if (r->status == 204 || r->status == 304) {
        r->state = OTEL__REPLY_AT_END;
    } else if (r->chunked) {
        r->state = OTEL__REPLY_AT_CHUNK_SIZE;
    } else if (!r->has_length) {
        r->close = true;
        r->state = OTEL__REPLY_IN_CLOSE;
    } else if (r->left > r->body_max) {
        otel__reply_fail(r, OTEL__REPLY_E_BODY_LARGE);
    } else {
        r->state = r->left > 0 ? OTEL__REPLY_IN_LENGTH : OTEL__REPLY_AT_END;
    }
}

/* "Name: value". A folded line begins with a blank, which no name has. `cut`: the line is longer
 * than what is kept of it, which matters only for a header that does. */
static void otel__reply_header(otel__reply *r, otel__text line, bool cut)
{
    const size_t     colon = otel__text_find(line, ':');
    const otel__text name = otel__text_make(line.s, colon);
    otel__text       value;

    if (line.n == 0) {
        otel__reply_head_end(r);
    } else if (colon == line.n || !otel__http_is_token(name)) {
        otel__reply_fail(r, OTEL__REPLY_E_HEADER);
    } else {
        value = otel__text_trim(otel__text_make(line.s + colon + 1, line.n - colon - 1));
        if (otel__reply_field(r, name, value) && cut) {
            otel__reply_fail(r, OTEL__REPLY_E_HEADER);
        }
    }
}

/* "1a2b;extension". Spec: RFC 9112 section 7.1. */
static void otel__reply_chunk(otel__reply *r, otel__text line)
{
    uint64_t size = 0;
    size_t   i = 0;

    while (i < line.n && otel__text_hex_digit(line.s[i]) < 16 && size <= r->body_max) {
        size = (size << 4) | otel__text_hex_digit(line.s[i]);
        i++;
    }
    if (size > r->body_max - r->body_total) {
        otel__reply_fail(r, OTEL__REPLY_E_BODY_LARGE);
        return;
    }
    line = otel__text_make(line.s, otel__text_find(line, ';'));
    if (i == 0 || otel__text_trim(line).n != i) {
        otel__reply_fail(r, OTEL__REPLY_E_CHUNK);
        return;
    }
    r->left = size;
    r->state = size > 0 ? OTEL__REPLY_IN_CHUNK : OTEL__REPLY_AT_TRAILER;
}

/* A whole line has come, without its end. */
static void otel__reply_line(otel__reply *r)
{
    const bool       cut = r->line_len > OTEL__REPLY_LINE_MAX;
    const otel__text line = otel__text_make(r->line, cut ? OTEL__REPLY_LINE_MAX : r->line_len);

    r->line_len = 0;
    r->cr = false;
    switch (r->state) {
    case OTEL__REPLY_AT_STATUS: otel__reply_status(r, line); break;
    case OTEL__REPLY_AT_HEADER: otel__reply_header(r, line, cut); break;
    case OTEL__REPLY_AT_CHUNK_SIZE: otel__reply_chunk(r, line); break;
    case OTEL__REPLY_AT_CHUNK_END:
        r->state = OTEL__REPLY_AT_CHUNK_SIZE;
        if (line.n > 0) {
            otel__reply_fail(r, OTEL__REPLY_E_CHUNK);
        }
        break;
    default: /* a trailer: none matters to us */
        r->state = line.n == 0 ? OTEL__REPLY_AT_END : OTEL__REPLY_AT_TRAILER;
        break;
    }
}

/* What a line that cannot be is called, by where it stands. */
static otel__reply_error otel__reply_line_error(otel__reply_state state)
{
    if (state == OTEL__REPLY_AT_CHUNK_SIZE || state == OTEL__REPLY_AT_CHUNK_END) {
        return OTEL__REPLY_E_CHUNK;
    }
    return state == OTEL__REPLY_AT_STATUS ? OTEL__REPLY_E_NOT_HTTP : OTEL__REPLY_E_HEADER;
}

/* One byte of a line. A line ends with CR LF, or LF alone (RFC 9112 section 2.2); a CR elsewhere or
 * a NUL is an error. Chunk lines are bounded one by one, all others together. */
static void otel__reply_byte(otel__reply *r, char c)
{
    const otel__reply_error error = otel__reply_line_error(r->state);

    if ((r->cr && c != '\n') || c == '\0') {
        otel__reply_fail(r, error);
    } else if (error != OTEL__REPLY_E_CHUNK && r->head_left-- == 0) {
        otel__reply_fail(r, OTEL__REPLY_E_HEAD_LARGE);
    } else if (c == '\n') {
        otel__reply_line(r);
    } else if (c == '\r') {
        r->cr = true;
    } else if (r->line_len < OTEL__REPLY_LINE_MAX) {
        r->line[r->line_len++] = c;
    } else if (error == OTEL__REPLY_E_CHUNK) {
        otel__reply_fail(r, error);
    } else {
        r->line_len = OTEL__REPLY_LINE_MAX + 1;
    }
}

/* Take bytes of the body: keep the first ones, count all. Returns how many belonged to it. */
static size_t otel__reply_body(otel__reply *r, const char *data, size_t n)
{
    const bool     until_close = r->state == OTEL__REPLY_IN_CLOSE;
    const uint32_t allowed = r->body_max - r->body_total; /* not 0 unless until_close */
    size_t         keep = r->body_cap - r->body_len;

    if (allowed == 0) {
        otel__reply_fail(r, OTEL__REPLY_E_BODY_LARGE);
        return 0;
    }
    n = n < allowed ? n : allowed;
    n = until_close || n < r->left ? n : (size_t)r->left;
    keep = n < keep ? n : keep;
    if (keep > 0) {
        memcpy(r->body + r->body_len, data, keep);
    }
    r->body_len += keep;
    r->body_total += (uint32_t)n;
    r->left -= until_close ? 0 : n;
    if (!until_close && r->left == 0) {
        const bool chunk = r->state == OTEL__REPLY_IN_CHUNK;

        r->state = chunk ? OTEL__REPLY_AT_CHUNK_END : OTEL__REPLY_AT_END;
    }
    return n;
}

/* Feed the next bytes, in pieces of any size. After DONE or BAD nothing is taken and the result
 * stays. *used, if not NULL, tells how many were taken: what is left after DONE is not of this
 * reply, and since one request is under way at a time, not of any that was asked for. */
OTEL__FN otel__reply_result otel__reply_feed(otel__reply *r, const char *data, size_t n,
                                             size_t *used)
{
    size_t i = 0;

    r->began = r->began || n > 0;
    while (i < n && r->state < OTEL__REPLY_AT_END) {
        if (r->state < OTEL__REPLY_IN_LENGTH) {
            otel__reply_byte(r, data[i++]);
        } else {
            i += otel__reply_body(r, data + i, n - i);
        }
    }
    if (used != NULL) {
        *used = i;
    }
    return otel__reply_verdict(r);
}

/* The connection has ended: only a body without a length is complete by that. */
OTEL__FN otel__reply_result otel__reply_end(otel__reply *r)
{
    if (r->state == OTEL__REPLY_IN_CLOSE) {
        r->state = OTEL__REPLY_AT_END;
    } else if (r->state < OTEL__REPLY_AT_END) {
        otel__reply_fail(r, OTEL__REPLY_E_CUT);
    }
    r->close = true;
    return otel__reply_verdict(r);
}

/* The milliseconds that a reply asks to wait, 0 = not said; `unix_s` is the wall clock, used for a
 * date when the reply has no Date of its own. */
OTEL__FN uint32_t otel__reply_wait_ms(const otel__reply *r, uint64_t unix_s)
{
    return otel__http_retry_ms(r->retry, r->date_s != 0 ? r->date_s : unix_s);
}

#endif /* OTEL_LITE_NO_HTTP */

/* ---- src/send/resolve.h ---- */
/* resolve: from the host of a URL to addresses to connect to. Called by net.h for each connection.
 *
 * Addresses and "localhost" need no lookup. Other names are looked up in /etc/hosts, bounded and
 * without the C library's resolver, which would add 33 KiB to a static program and block the
 * caller. Switches: OTEL_LITE_GETADDRINFO uses that resolver instead; OTEL_LITE_NUMERIC_ONLY
 * looks nothing up; OTEL_LITE_RESOLVE(host, port, addresses, max) is the user's own: it fills in
 * at most `max` elements of `struct sockaddr_storage *addresses` and returns their number, 0 =
 * not found. */

#if !defined(OTEL_LITE_NO_HTTP)

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#if defined(OTEL_LITE_RESOLVE)
#define OTEL__RESOLVE_ASK
#elif defined(OTEL_LITE_GETADDRINFO)
#define OTEL__RESOLVE_ASK
#include <netdb.h>
#elif !defined(OTEL_LITE_NUMERIC_ONLY)
#define OTEL__RESOLVE_HOSTS
#endif

#define OTEL__RESOLVE_MAX   4   /* addresses of one host that are tried                       */
#define OTEL__RESOLVE_LINE  256 /* bytes of a line of the hosts file, and of one read          */
#define OTEL__RESOLVE_READS 256 /* as much of the file counts: 64 KiB                         */
#if !defined(OTEL__RESOLVE_FILE)
#define OTEL__RESOLVE_FILE "/etc/hosts"
#endif

typedef union otel__address {
    struct sockaddr     any;
    struct sockaddr_in  v4;
    struct sockaddr_in6 v6;
} otel__address;

typedef struct otel__addresses {
    otel__address a[OTEL__RESOLVE_MAX]; /* in the order to try them, ports set */
    uint8_t       n;
} otel__addresses;

/* Add an address of either family with the port; false when it is another or there is no room. */
static bool otel__resolve_add(otel__addresses *to, const struct sockaddr *found, uint16_t port)
{
    otel__address *a = &to->a[to->n];

    if (to->n == OTEL__RESOLVE_MAX) {
        return false;
    }
    memset(a, 0, sizeof *a);
    if (found->sa_family == AF_INET) {
        memcpy(&a->v4, found, sizeof a->v4);
        a->v4.sin_port = htons(port);
    } else if (found->sa_family == AF_INET6) {
        memcpy(&a->v6, found, sizeof a->v6);
        a->v6.sin6_port = htons(port);
    } else {
        return false;
    }
    to->n++;
    return true;
}

/* Copy a host with a NUL; `out` has OTEL__HTTP_HOST_MAX + 1 bytes. False when it is longer. */
static bool otel__resolve_copy(otel__text host, char *out)
{
    if (host.n > OTEL__HTTP_HOST_MAX) {
        return false;
    }
    if (host.n > 0) {
        memcpy(out, host.s, host.n);
    }
    out[host.n] = '\0';
    return true;
}

/* Add `host` if it is an IPv4 or IPv6 address. */
static bool otel__resolve_literal(otel__addresses *to, otel__text host, uint16_t port)
{
    char          text[OTEL__HTTP_HOST_MAX + 1];
    otel__address a;

    memset(&a, 0, sizeof a);
    if (!otel__resolve_copy(host, text)) {
        return false;
    }
    if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
        a.any.sa_family = AF_INET;
    } else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1) {
        a.any.sa_family = AF_INET6;
    } else {
        return false;
    }
    return otel__resolve_add(to, &a.any, port);
}

#if defined(OTEL__RESOLVE_HOSTS)
/* "address name alias ... # comment": add the address if a name fits. */
static void otel__resolve_line(otel__text line, const otel__http_url *url, otel__addresses *to)
{
    otel__text address = otel__text_make(NULL, 0), word;
    size_t     end;

    line.n = otel__text_find(line, '#');
    while (line.n > 0) {
        end = otel__http_find_any(line, " \t");
        word = otel__text_make(line.s, end);
        end += end < line.n ? 1u : 0u;
        line = otel__text_make(line.s + end, line.n - end);
        if (address.n == 0) {
            address = word;
        } else if (otel__text_same_nocase(word, url->host)) {
            (void)otel__resolve_literal(to, address, url->port);
            return;
        }
    }
}

/* Look the host up in the hosts file: in its lines of less than 256 bytes, its first 64 KiB. */
static void otel__resolve_hosts(const otel__http_url *url, otel__addresses *to)
{
    char    block[OTEL__RESOLVE_LINE], line[OTEL__RESOLVE_LINE];
    size_t  len = 0;
    ssize_t got = 1, i;
    int     reads;
    int     fd = open(OTEL__RESOLVE_FILE, O_RDONLY | O_CLOEXEC);

    for (reads = 0; fd >= 0 && got > 0 && reads < OTEL__RESOLVE_READS; reads++) {
        got = read(fd, block, sizeof block);
        if (got == 0) { /* the last line may have no end */
            block[got++] = '\n';
            reads = OTEL__RESOLVE_READS;
        }
        for (i = 0; i < got; i++) {
            if (block[i] == '\n') {
                otel__resolve_line(otel__text_make(line, len < sizeof line ? len : 0), url, to);
                len = 0;
            } else if (len < sizeof line) { /* a full one is too long and left out */
                line[len++] = block[i];
            }
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}
#endif

#if defined(OTEL__RESOLVE_ASK)
/* Ask the user's function or the C library, which may block for seconds. */
static void otel__resolve_ask(const otel__http_url *url, otel__addresses *to)
{
    char host[OTEL__HTTP_HOST_MAX + 1];
#if defined(OTEL_LITE_RESOLVE)
    struct sockaddr_storage found[OTEL__RESOLVE_MAX];
    int                     count, i;

    if (otel__resolve_copy(url->host, host)) {
        memset(found, 0, sizeof found);
        count = OTEL_LITE_RESOLVE(host, url->port, found, OTEL__RESOLVE_MAX);
        for (i = 0; i < count && i < OTEL__RESOLVE_MAX; i++) {
            (void)otel__resolve_add(to, (const struct sockaddr *)&found[i], url->port);
        }
    }
#else
    struct addrinfo hints, *list = NULL, *one;

    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (otel__resolve_copy(url->host, host) && getaddrinfo(host, NULL, &hints, &list) == 0) {
        for (one = list; one != NULL; one = one->ai_next) {
            (void)otel__resolve_add(to, one->ai_addr, url->port);
        }
        freeaddrinfo(list);
    }
#endif
}
#endif

/* Fill in the addresses of the URL's host; none: it was not found. Changes errno. */
OTEL__FN void otel__resolve(const otel__http_url *url, otel__addresses *to)
{
    to->n = 0;
    if (otel__resolve_literal(to, url->host, url->port)) {
        return;
    }
    if (otel__text_is_nocase(url->host, "localhost")) {
        (void)otel__resolve_literal(to, otel__text_of("127.0.0.1"), url->port);
        (void)otel__resolve_literal(to, otel__text_of("::1"), url->port);
        return;
    }
#if defined(OTEL__RESOLVE_ASK)
    otel__resolve_ask(url, to);
#elif defined(OTEL__RESOLVE_HOSTS)
    otel__resolve_hosts(url, to);
#endif
}

#endif /* OTEL_LITE_NO_HTTP */

/* ---- src/send/net.h ---- */
/* net: one HTTP/1.1 exchange at a time over one kept connection, on POSIX sockets that never block.
 * The engine starts an exchange and steps it; between steps it waits on otel__net_pollfd().
 *
 * Invariants: a call returns without waiting (but see resolve.h), raises no SIGPIPE and
 * allocates nothing. One attempt is bounded from connect to the last byte of the reply. Headers,
 * and so credentials, go to the configured host alone: no redirect is followed. One thread at a
 * time.
 * Spec: OTLP "OTLP/HTTP Connection"; H-17, H-19, H-24, H-30. */

#if !defined(OTEL_LITE_NO_HTTP)

#include <netinet/tcp.h>
#include <sys/uio.h>

/* ---- net: what it holds ---- */

#define OTEL__NET_READ   1024       /* bytes read at once, on the stack                   */
#define OTEL__NET_READS  32         /* reads of one step: a fast peer must not hold it    */
#define OTEL__NET_PIECES 4          /* of a request: head, custom headers, blank line, body */
#define OTEL__NET_NEVER  UINT64_MAX /* a deadline that does not come                      */
#if !defined(MSG_NOSIGNAL)          /* Apple: SO_NOSIGPIPE is set on the socket instead */
#define OTEL__NET_SEND_FLAGS 0
#else
#define OTEL__NET_SEND_FLAGS MSG_NOSIGNAL
#endif

/* The request line, our own headers and a URL's host and path always fit. */
OTEL__STATIC_ASSERT(OTEL__HTTP_URL_MAX + 256 <= OTEL__HTTP_HEAD_MAX, net_head_holds_any_url);

/* Why an exchange failed: name, text. */
#define OTEL__NET_ERROR_LIST(X)                                                                    \
    X(OK, "no error")                                                                              \
    X(TLS, "https needs TLS, which this build does not have")                                      \
    X(HEAD, "the request's path and headers are too long")                                         \
    X(NAME, "the host name was not found: give an address, or see OTEL_LITE_GETADDRINFO")          \
    X(SOCKET, "no socket could be had")                                                            \
    X(CONNECT, "the connection was refused or the host cannot be reached")                         \
    X(CONNECT_TIMEOUT, "the host did not answer in time")                                          \
    X(TIMEOUT, "the reply did not come in time")                                                   \
    X(SEND, "the connection broke while the request was sent")                                     \
    X(RECEIVE, "the connection broke before the end of the reply")                                 \
    X(CLOSED, "the peer closed the connection without a reply")                                    \
    X(REPLY, "the reply is not valid")                                                             \
    X(REPLY_LARGE, "the reply is larger than allowed")

typedef enum otel__net_error {
#define OTEL__NET_ENUM(name, text) OTEL__NET_E_##name,
    OTEL__NET_ERROR_LIST(OTEL__NET_ENUM)
#undef OTEL__NET_ENUM
        OTEL__NET_E_END
} otel__net_error;

typedef enum otel__net_result {
    OTEL__NET_BUSY,  /* wait for otel__net_pollfd() or otel__net_deadline(), then step again */
    OTEL__NET_DONE,  /* a reply came: n->reply.status and its siblings                       */
    OTEL__NET_FAILED /* none came: n->error, n->error_text, n->sys_errno                     */
} otel__net_result;

typedef enum otel__net_state {
    OTEL__NET_IDLE,  /* no exchange; a connection may be kept         */
    OTEL__NET_BEGIN, /* started, nothing done yet                     */
    OTEL__NET_CONNECT,
    OTEL__NET_EXCHANGE /* the request goes out, the reply comes in     */
} otel__net_state;

/* Where to, and how. Borrowed texts must live as long as the otel__net. */
typedef struct otel__net_config {
    otel__http_url url;        /* borrowed texts                                                */
    otel__text     headers;    /* ready lines from otel__http_headers_parse(), borrowed         */
    const char    *encoding;   /* of bodies: \"gzip\"; NULL or empty: none  */
    uint32_t       timeout_ms; /* of one attempt, from connect to the last byte; 0 = no limit   */
    uint32_t       reply_max;  /* bytes of a reply's body; more is an error                     */
    char          *reply;      /* keeps the first bytes of the body, borrowed; may be NULL      */
    size_t         reply_cap;  /* bytes there                                                   */
} otel__net_config;

/* A client for one endpoint. Fields below `config` are private but for those the results name. */
typedef struct otel__net {
    otel__net_config config;
    otel__reply      reply;      /* the last reply; its body's first bytes are in config.reply  */
    const char      *error_text; /* constant                                                    */
    otel__net_error  error;
    int              sys_errno; /* the system's reason, 0 if it has none                       */
    int              fd;        /* -1: none                                                    */
    otel__net_state  state;
    otel__net_result result;      /* of the last exchange                                      */
    bool             reused;      /* this exchange runs on a kept connection                   */
    int              send_errno;  /* the request cannot be sent on; a reply may still be there */
    uint64_t         deadline_ns; /* of the attempt                                            */
    uint64_t         connect_ns;  /* deadline of this address                                  */
    size_t           sent;        /* bytes of the request                                      */
    otel__text       piece[OTEL__NET_PIECES];
    otel__addresses  addresses;  /* of the host, while connecting */
    uint8_t          at_address; /* the one being tried */
    char             head[OTEL__HTTP_HEAD_MAX];
} otel__net;

/* An error as one English line, constant. */
OTEL__FN const char *otel__net_text(otel__net_error error)
{
    switch (error) {
#define OTEL__NET_CASE(name, text)                                                                 \
    case OTEL__NET_E_##name: return text;
        OTEL__NET_ERROR_LIST(OTEL__NET_CASE)
#undef OTEL__NET_CASE
    case OTEL__NET_E_END: break;
    }
    return "";
}

/* ---- net: the connection ---- */

static void otel__net_drop(otel__net *n)
{
    if (n->fd >= 0) {
        (void)close(n->fd);
    }
    n->fd = -1;
}

/* End the exchange without a reply. */
static void otel__net_fail(otel__net *n, otel__net_error error, int sys_errno)
{
    otel__net_drop(n);
    n->state = OTEL__NET_IDLE;
    n->result = OTEL__NET_FAILED;
    n->error = error;
    n->error_text = otel__net_text(error);
    n->sys_errno = sys_errno;
}

/* A socket that does not block, is closed by exec and sends at once; -1 when there is none. */
static int otel__net_socket(int family)
{
    const int on = 1;
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
    const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
    const int fd = socket(family, SOCK_STREAM, 0);

    if (fd >= 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)) {
        (void)close(fd);
        return -1;
    }
#endif
    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only costs time */
#if defined(SO_NOSIGPIPE)
        (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    }
    return fd;
}

/* Begin to connect to the address at hand, or to the next one that can be begun with. An address
 * that does not answer gets its share of the time left, so that the others have theirs. */
static void otel__net_connect(otel__net *n, uint64_t now_ns)
{
    otel__net_error error = OTEL__NET_E_CONNECT;
    int             why = n->sys_errno;

    for (; n->at_address < n->addresses.n; n->at_address++) {
        const otel__address *a = &n->addresses.a[n->at_address];
        const bool           v6 = a->any.sa_family == AF_INET6;
        const uint64_t       left = n->deadline_ns > now_ns ? n->deadline_ns - now_ns : 0;

        otel__net_drop(n);
        n->fd = otel__net_socket(v6 ? AF_INET6 : AF_INET);
        if (n->fd < 0) {
            error = OTEL__NET_E_SOCKET;
            why = errno;
            continue;
        }
        n->connect_ns = OTEL__NET_NEVER;
        if (n->deadline_ns != OTEL__NET_NEVER) {
            n->connect_ns = now_ns + left / (uint64_t)(n->addresses.n - n->at_address);
        }
        n->state = OTEL__NET_CONNECT;
        if (connect(n->fd, &a->any, (socklen_t)(v6 ? sizeof a->v6 : sizeof a->v4)) == 0 ||
            errno == EINPROGRESS || errno == EINTR) {
            return;
        }
        error = OTEL__NET_E_CONNECT;
        why = errno;
    }
    otel__net_fail(n, why == ETIMEDOUT ? OTEL__NET_E_CONNECT_TIMEOUT : error, why);
}

/* See what became of the connection; go on to the exchange or to the next address. */
static void otel__net_connecting(otel__net *n, uint64_t now_ns)
{
    struct pollfd p;
    int           why = 0;
    socklen_t     size = sizeof why;

    p.fd = n->fd;
    p.events = POLLOUT;
    p.revents = 0;
    if (poll(&p, 1, 0) <= 0 || p.revents == 0) {
        if (now_ns < n->connect_ns) {
            return;
        }
        why = ETIMEDOUT;
    } else if (getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0) {
        why = errno;
    }
    if (why == 0) {
        n->state = OTEL__NET_EXCHANGE;
        return;
    }
    n->sys_errno = why;
    n->at_address++;
    otel__net_connect(n, now_ns);
}

/* Whether nothing has come on a kept connection: neither its end nor bytes nobody asked for. */
static bool otel__net_is_fresh(const otel__net *n)
{
    char byte;

    return recv(n->fd, &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* The first step of an exchange, and of its repetition on a new connection. */
static void otel__net_begin(otel__net *n, uint64_t now_ns)
{
    const otel__net_config *c = &n->config;

    n->sent = 0;
    n->send_errno = 0;
    n->sys_errno = 0;
    otel__reply_init(&n->reply, c->reply, c->reply_cap, c->reply_max);
    if (n->deadline_ns == 0) {
        n->deadline_ns =
            c->timeout_ms == 0 ? OTEL__NET_NEVER : now_ns + (uint64_t)c->timeout_ms * 1000000u;
    }
    if (c->url.https) {
        otel__net_fail(n, OTEL__NET_E_TLS, 0);
    } else if (n->piece[0].n == 0) {
        otel__net_fail(n, OTEL__NET_E_HEAD, 0);
    } else if (n->fd >= 0 && otel__net_is_fresh(n)) {
        n->reused = true;
        n->state = OTEL__NET_EXCHANGE;
    } else {
        otel__net_drop(n);
        n->reused = false;
        n->at_address = 0;
        otel__resolve(&c->url, &n->addresses);
        if (n->addresses.n == 0) {
            otel__net_fail(n, OTEL__NET_E_NAME, 0);
        } else {
            otel__net_connect(n, now_ns);
        }
    }
}

/* ---- net: the exchange ---- */

static size_t otel__net_total(const otel__net *n)
{
    return n->piece[0].n + n->piece[1].n + n->piece[2].n + n->piece[3].n;
}

/* Send what the socket takes. All four pieces go in one call, those already sent with length 0. */
static void otel__net_send(otel__net *n)
{
    while (n->send_errno == 0 && n->sent < otel__net_total(n)) {
        struct iovec  iov[OTEL__NET_PIECES];
        struct msghdr message;
        size_t        skip = n->sent, i;
        ssize_t       put;

        for (i = 0; i < OTEL__NET_PIECES; i++) {
            const size_t done = skip < n->piece[i].n ? skip : n->piece[i].n;

            iov[i].iov_base = (void *)(n->piece[i].s + done); /* sendmsg() only reads it */
            iov[i].iov_len = n->piece[i].n - done;
            skip -= done;
        }
        memset(&message, 0, sizeof message);
        message.msg_iov = iov;
        message.msg_iovlen = OTEL__NET_PIECES;
        put = sendmsg(n->fd, &message, OTEL__NET_SEND_FLAGS);
        if (put >= 0) {
            n->sent += (size_t)put;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno == ENOBUFS || errno == ENOMEM) {
            otel__net_fail(n, OTEL__NET_E_SEND,
                           errno); /* the system is short: no reply will come */
            return;
        } else if (errno != EINTR) {
            n->send_errno = errno; /* a refusal may have come before: read on */
        }
    }
}

/* The reply is complete. The connection is kept if the peer will, it has the whole request, and it
 * sent nothing more than the reply. */
static void otel__net_done(otel__net *n, bool all_used)
{
    if (n->reply.close || !all_used || n->sent < otel__net_total(n)) {
        otel__net_drop(n);
    }
    n->state = OTEL__NET_IDLE;
    n->result = OTEL__NET_DONE;
}

/* The reply cannot be parsed. */
static void otel__net_bad_reply(otel__net *n)
{
    const bool large = n->reply.error == OTEL__REPLY_E_BODY_LARGE;

    otel__net_fail(n, large ? OTEL__NET_E_REPLY_LARGE : OTEL__NET_E_REPLY, 0);
    n->error_text = otel__reply_text(n->reply.error);
}

/* The connection ended; `why` is an errno, or 0 when the peer closed it. A kept one that ends
 * before the first byte of a reply was stale: the exchange is repeated once on a new connection. */
static void otel__net_ended(otel__net *n, int why)
{
    if (n->reused && !n->reply.began) {
        otel__net_drop(n);
        n->state = OTEL__NET_BEGIN;
    } else if (why == 0 && n->reply.began) {
        if (otel__reply_end(&n->reply) == OTEL__REPLY_DONE) {
            otel__net_done(n, true);
        } else {
            otel__net_bad_reply(n);
        }
    } else if (n->send_errno != 0) {
        otel__net_fail(n, OTEL__NET_E_SEND, n->send_errno);
    } else {
        otel__net_fail(n, why == 0 ? OTEL__NET_E_CLOSED : OTEL__NET_E_RECEIVE, why);
    }
}

/* Read what has come. */
static void otel__net_receive(otel__net *n)
{
    char   data[OTEL__NET_READ];
    size_t used = 0;
    int    reads;

    for (reads = 0; reads < OTEL__NET_READS; reads++) {
        const ssize_t      got = recv(n->fd, data, sizeof data, 0);
        otel__reply_result result;

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (got <= 0) {
            otel__net_ended(n, got < 0 ? errno : 0);
            return;
        }
        result = otel__reply_feed(&n->reply, data, (size_t)got, &used);
        if (result == OTEL__REPLY_DONE) {
            otel__net_done(n, used == (size_t)got);
            return;
        }
        if (result == OTEL__REPLY_BAD) {
            otel__net_bad_reply(n);
            return;
        }
    }
}

/* ---- net: what the engine calls ---- */

/* Set up; nothing is opened. `config` is copied, its texts are borrowed. */
OTEL__FN void otel__net_init(otel__net *n, const otel__net_config *config)
{
    memset(n, 0, sizeof *n);
    n->config = *config;
    n->fd = -1;
}

/* Close the connection and forget the exchange. Can be started again. */
OTEL__FN void otel__net_close(otel__net *n)
{
    otel__net_drop(n);
    n->state = OTEL__NET_IDLE;
}

/* The same in a forked child: only its own descriptor is closed (no shutdown()), so that its
 * parent's connection goes on. */
OTEL__FN void otel__net_forget(otel__net *n) { otel__net_close(n); }

/* Give up the exchange under way, and with it the connection; without one nothing happens. */
OTEL__FN void otel__net_abort(otel__net *n)
{
    if (n->state != OTEL__NET_IDLE) {
        otel__net_close(n);
    }
}

/* Begin an exchange, in place of one under way. Does nothing yet: step it.
 *   path, content_type  read during the call; the path from otel__http_path()
 *   body, length        must stay valid until the exchange is over */
OTEL__FN void otel__net_start(otel__net *n, const char *path, const char *content_type,
                              const void *body, size_t length)
{
    otel__http_request rq;

    otel__net_abort(n);
    rq.url = &n->config.url;
    rq.path = otel__text_of(path);
    rq.content_type = otel__text_of(content_type);
    rq.encoding = otel__text_of(n->config.encoding);
    rq.headers = n->config.headers;
    rq.length = length;
    n->piece[0] = otel__text_make(n->head, otel__http_head(&rq, n->head, sizeof n->head));
    n->piece[1] = n->config.headers;
    n->piece[2] = otel__text_of("\r\n");
    n->piece[3] = otel__text_make((const char *)body, length);
    n->state = OTEL__NET_BEGIN;
    n->result = OTEL__NET_BUSY;
    n->error = OTEL__NET_E_OK;
    n->error_text = otel__net_text(OTEL__NET_E_OK);
    n->deadline_ns = 0;
    n->reused = false;
}

/* Do what can be done without waiting. What has come is taken even when the deadline has passed: an
 * engine that was stepped late must not repeat what was answered in time. Changes errno. */
OTEL__FN otel__net_result otel__net_step(otel__net *n, uint64_t now_ns)
{
    int tries;

    for (tries = 0; tries < 2; tries++) { /* twice when a kept connection turned out stale */
        if (n->state == OTEL__NET_BEGIN) {
            otel__net_begin(n, now_ns);
        }
        if (n->state == OTEL__NET_CONNECT) {
            otel__net_connecting(n, now_ns);
        }
        if (n->state == OTEL__NET_EXCHANGE) {
            otel__net_send(n);
        }
        if (n->state == OTEL__NET_EXCHANGE) {
            otel__net_receive(n);
        }
        if (n->state != OTEL__NET_BEGIN) {
            break;
        }
    }
    if (n->state != OTEL__NET_IDLE && now_ns >= n->deadline_ns) {
        const bool connecting = n->state == OTEL__NET_CONNECT;

        otel__net_fail(n, connecting ? OTEL__NET_E_CONNECT_TIMEOUT : OTEL__NET_E_TIMEOUT, 0);
    }
    return n->result;
}

/* Fill in what the exchange waits for; false: nothing. */
OTEL__FN bool otel__net_pollfd(const otel__net *n, struct pollfd *p)
{
    const bool sending = n->send_errno == 0 && n->sent < otel__net_total(n);

    p->fd = n->fd;
    p->events = POLLIN;
    p->revents = 0;
    if (n->state == OTEL__NET_CONNECT) {
        p->events = POLLOUT;
    } else if (sending) {
        p->events = POLLIN | POLLOUT;
    }
    return n->state == OTEL__NET_CONNECT || n->state == OTEL__NET_EXCHANGE;
}

/* When to step even if nothing became ready, in the clock of otel__net_step(); 0 = at once. */
OTEL__FN uint64_t otel__net_deadline(const otel__net *n)
{
    switch (n->state) {
    case OTEL__NET_BEGIN: return 0;
    case OTEL__NET_CONNECT: return n->connect_ns;
    case OTEL__NET_EXCHANGE: return n->deadline_ns;
    default: return OTEL__NET_NEVER;
    }
}

#endif /* OTEL_LITE_NO_HTTP */

/* ---- src/sdk/env_table.h ---- */
/* env_table: the one table of settings.
 * A row names an option, its variable, its type, its defaults and its bounds; the parser, the
 * defaults and docs/configuration.md come from it. A later setting is a row more: nobody reads a
 * variable elsewhere. Used by env.h, which resolves the settings.
 * Spec: sdk-environment-variables.md; requirements E-01 to E-10. */

/* ---- env: every setting ---- */

/* What a setting is, and what OTEL_ZERO and OTEL_NO_LIMIT give where they are allowed. */
typedef enum otel__env_kind {
    OTEL__ENV_DURATION, /* milliseconds; 0 is at once, no limit is never                         */
    OTEL__ENV_TIMEOUT,  /* milliseconds; 0 and no limit are both no limit (E-05)                 */
    OTEL__ENV_BATCH,    /* a number, at most the queue's records; no limit is all of them        */
    OTEL__ENV_LIMIT,    /* a number that only bounds; up to here there may be no limit           */
    OTEL__ENV_COUNT,    /* a number memory is taken for: always limited                          */
    OTEL__ENV_BYTES,    /* as COUNT, in bytes                                                    */
    OTEL__ENV_QUEUE,    /* as BYTES; by default it follows from the queue's records              */
    OTEL__ENV_FLAG,     /* bool; true in code wins                                               */
    OTEL__ENV_CHOICE,   /* a number of an enum, in the variable a word of OTEL__ENV_WORDS: `min` */
                        /* is the first word's, the bits of `max` tell which are allowed in code */
    OTEL__ENV_TEXT,     /* UTF-8                                                                 */
    OTEL__ENV_URL,      /* http or https                                                         */
    OTEL__ENV_HEADERS,  /* "k=v,k2=v2", values percent-encoded; secret                           */
    OTEL__ENV_ATTRS     /* attributes; the variable is a list, see resource.h                    */
} otel__env_kind;

/* Every setting with a value of its own: field of otel_options, kind, variable or NULL, default
 * when hosted, default in firmware, lowest, highest, what it is for (docs/configuration.md).
 * Texts have no default; a queue stands before what depends on it. */

/* Who sends, and where to. Firmware, which has neither variables nor the built-in client, takes the
 * texts as they are: see otel__env_resolve(). */
#define OTEL__ENV_PROGRAM(X)                                                                       \
    X(service_name, TEXT, "OTEL_SERVICE_NAME", 0, 0, 0, 0,                                         \
      "name of the service; unset: unknown_service:<executable>")                                  \
    X(resource, ATTRS, "OTEL_RESOURCE_ATTRIBUTES", 0, 0, 0, 0,                                     \
      "attributes of everything this program sends")                                               \
    X(endpoint, URL, "OTEL_EXPORTER_OTLP_ENDPOINT", 0, 0, 0, 0,                                    \
      "base URL; /v1/traces and so on are appended; unset: telemetry is off")                      \
    X(headers, HEADERS, "OTEL_EXPORTER_OTLP_HEADERS", 0, 0, 0, 0, "headers of each request")       \
    X(timeout_ms, TIMEOUT, "OTEL_EXPORTER_OTLP_TIMEOUT", 10000, 10000, 0, 2147483647,              \
      "one attempt, from connect to the last byte of the reply")

#define OTEL__ENV_SPANS(X)                                                                         \
    X(span_delay_ms, DURATION, "OTEL_BSP_SCHEDULE_DELAY", 5000, 5000, 0, 2147483647,               \
      "longest wait of a span for a batch")                                                        \
    X(span_timeout_ms, TIMEOUT, "OTEL_BSP_EXPORT_TIMEOUT", 30000, 30000, 0, 2147483647,            \
      "what one flush waits for")                                                                  \
    X(span_queue, COUNT, "OTEL_BSP_MAX_QUEUE_SIZE", 2048, 16, 1, 2147483647,                       \
      "spans queued at most")                                                                      \
    X(span_batch, BATCH, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, 512, 1, 2147483647,                \
      "spans of one request at most")                                                              \
    X(span_queue_bytes, QUEUE, NULL, 65536, 1024, 256, 1073741824, "encoded spans queued at most") \
    X(max_open_spans, COUNT, NULL, 256, 4, 1, 65520, "spans open at once")                         \
    X(span_chunks, COUNT, NULL, 256, 4, 0, 65520,                                                  \
      "pieces of OTEL_LITE_CHUNK_BYTES that big spans share")

#define OTEL__ENV_METRICS(X)                                                                       \
    X(metric_interval_ms, DURATION, "OTEL_METRIC_EXPORT_INTERVAL", 60000, 60000, 1, 2147483647,    \
      "time between two collections")                                                              \
    X(series_bytes, BYTES, NULL, 1048576, 2048, 256, 1073741824,                                   \
      "attribute sets and their values")                                                           \
    X(metric_queue_bytes, BYTES, NULL, 1048576, 2048, 256, 1073741824,                             \
      "encoded readings queued at most; by default what a reading of all series takes")            \
    X(max_series, LIMIT, NULL, 2000, 16, 1, 2147483647, "attribute sets of one instrument")        \
    X(max_instruments, COUNT, NULL, 256, 8, 1, 65535, "instruments")                               \
    X(max_callbacks, COUNT, NULL, 64, 4, 0, 65535, "callbacks registered at once")                 \
    X(temporality, CHOICE, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", 2, 2, 1, 14,       \
      "what one reading of counters and histograms covers")                                        \
    X(histogram_aggregation, CHOICE, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",   \
      4, 4, 4, 50, "how the values of histograms become points")                                   \
    X(drop_instruments, COUNT, NULL, 0, 0, 0, 127,                                                 \
      "kinds of instruments that are not aggregated: bits, 1 << enum otel_instrument")

#define OTEL__ENV_EXEMPLARS(X)                                                                     \
    X(exemplar_filter, CHOICE, "OTEL_METRICS_EXEMPLAR_FILTER", 3, 3, 1, 14,                        \
      "which measurements may become exemplars (with OTEL_LITE_EXEMPLARS)")

#define OTEL__ENV_READER(X)                                                                        \
    X(manual_temporality, CHOICE, NULL, 2, 2, 1, 14, "what one reading of otel_read() covers")     \
    X(manual_histogram_aggregation, CHOICE, NULL, 4, 4, 4, 50,                                     \
      "how the values of histograms become points for otel_read()")                                \
    X(manual_max_series, LIMIT, NULL, 2000, 16, 1, 2147483647,                                     \
      "attribute sets of one instrument for otel_read()")

#define OTEL__ENV_EXPONENTIAL(X)                                                                   \
    X(exponential_max_size, COUNT, NULL, 160, 160, 2, 65535,                                       \
      "buckets of each sign of an exponential histogram")

#define OTEL__ENV_LOGS(X)                                                                          \
    X(log_delay_ms, DURATION, NULL, 1000, 1000, 0, 2147483647,                                     \
      "longest wait of a log record for a batch")                                                  \
    X(log_queue, COUNT, NULL, 2048, 16, 1, 2147483647, "log records queued at most")               \
    X(log_batch, BATCH, NULL, 512, 512, 1, 2147483647, "log records of one request at most")       \
    X(log_queue_bytes, QUEUE, NULL, 65536, 1024, 256, 1073741824,                                  \
      "encoded log records queued at most")

/* Spans and log records. */
#define OTEL__ENV_RECORDS(X)                                                                       \
    X(attribute_limit, LIMIT, NULL, 128, 128, 0, 2147483647,                                       \
      "attributes of one span, event or log record")

#define OTEL__ENV_SHARED(X)                                                                        \
    X(max_request_bytes, BYTES, NULL, 1048576, 2048, 256, 67108864, "body of one request")         \
    X(max_scopes, COUNT, NULL, 32, 4, 1, 65535, "instrumentation scopes")                          \
    X(text_bytes, BYTES, NULL, 32768, 1024, 64, 1073741824, "copies of names, units, resource")

/* As the texts. */
#define OTEL__ENV_FLAGS(X)                                                                         \
    X(background, FLAG, NULL, 0, 0, 0, 0, "start one thread that calls otel_poll()")               \
    X(manual_reader, FLAG, NULL, 0, 0, 0, 0, "otel_read() has readings of its own")                \
    X(disabled, FLAG, "OTEL_SDK_DISABLED", 0, 0, 0, 0, "turn telemetry off")                       \
    X(ignore_environment, FLAG, NULL, 0, 0, 0, 0, "read no variable at all")                       \
    X(ignore_host, FLAG, NULL, 0, 0, 0, 0, "no process and host attributes in the resource")

/* The words of choices, of one number after the other, from the row's `min` on. */
#define OTEL__ENV_WORDS(X)                                                                         \
    X(temporality, "delta,cumulative,lowmemory")                                                   \
    X(histogram_aggregation, "explicit_bucket_histogram,base2_exponential_bucket_histogram")       \
    X(exemplar_filter, "always_on,always_off,trace_based")                                         \
    X(manual_temporality, "delta,cumulative,lowmemory")                                            \
    X(manual_histogram_aggregation, "explicit_bucket_histogram,base2_exponential_bucket_histogram")

/* Options that are handed on as they are, from code, else from the fallback: field, what must be
 * set there for it to count, what it is for. */
#define OTEL__ENV_GIVEN(X)                                                                         \
    X(transport, transport.send, "where requests go instead of HTTP")                              \
    X(views, views, "what becomes of metrics: n_views of them")                                    \
    X(n_views, views, "how many `views`")                                                          \
    X(memory, memory, "the block to use; unset: one malloc()")                                     \
    X(memory_bytes, memory, "bytes at `memory`")                                                   \
    X(on_diagnostic, on_diagnostic, "told about what went wrong")                                  \
    X(diagnostic_user, on_diagnostic, "handed to `on_diagnostic`")                                 \
    X(status, status, "receives the result of otel_open()")

/* The rows of this build: what is compiled out has none. */
#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__ENV_IF_HOSTED(list, X)
#else
#define OTEL__ENV_IF_HOSTED(list, X) list(X)
#endif
#if defined(OTEL_LITE_NO_TRACES)
#define OTEL__ENV_IF_TRACES(list, X)
#else
#define OTEL__ENV_IF_TRACES(list, X) list(X)
#endif
#if defined(OTEL_LITE_NO_METRICS)
#define OTEL__ENV_IF_METRICS(list, X)
#else
#define OTEL__ENV_IF_METRICS(list, X) list(X)
#endif
#if defined(OTEL_LITE_NO_METRICS) || defined(OTEL_LITE_NO_EXPONENTIAL)
#define OTEL__ENV_IF_EXPONENTIAL(list, X)
#else
#define OTEL__ENV_IF_EXPONENTIAL(list, X) list(X)
#endif
#if defined(OTEL_LITE_NO_METRICS) || !defined(OTEL_LITE_EXEMPLARS)
#define OTEL__ENV_IF_EXEMPLARS(list, X)
#else
#define OTEL__ENV_IF_EXEMPLARS(list, X) list(X)
#endif
#if defined(OTEL_LITE_NO_METRICS) || defined(OTEL_LITE_NO_READER)
#define OTEL__ENV_IF_READER(list, X)
#else
#define OTEL__ENV_IF_READER(list, X) list(X)
#endif
#if defined(OTEL_LITE_NO_LOGS)
#define OTEL__ENV_IF_LOGS(list, X)
#else
#define OTEL__ENV_IF_LOGS(list, X) list(X)
#endif
#if defined(OTEL_LITE_NO_TRACES) && defined(OTEL_LITE_NO_LOGS)
#define OTEL__ENV_IF_RECORDS(list, X)
#else
#define OTEL__ENV_IF_RECORDS(list, X) list(X)
#endif
#define OTEL__ENV_LIST(X)                                                                          \
    OTEL__ENV_IF_HOSTED(OTEL__ENV_PROGRAM, X)                                                      \
    OTEL__ENV_IF_TRACES(OTEL__ENV_SPANS, X)                                                        \
    OTEL__ENV_IF_METRICS(OTEL__ENV_METRICS, X)                                                     \
    OTEL__ENV_IF_EXPONENTIAL(OTEL__ENV_EXPONENTIAL, X)                                             \
    OTEL__ENV_IF_EXEMPLARS(OTEL__ENV_EXEMPLARS, X)                                                 \
    OTEL__ENV_IF_READER(OTEL__ENV_READER, X)                                                       \
    OTEL__ENV_IF_LOGS(OTEL__ENV_LOGS, X)                                                           \
    OTEL__ENV_IF_RECORDS(OTEL__ENV_RECORDS, X)                                                     \
    OTEL__ENV_SHARED(X)                                                                            \
    OTEL__ENV_IF_HOSTED(OTEL__ENV_FLAGS, X)

/* ---- env: the table ---- */

#define OTEL__ENV_INT_MAX 0x7fffffffu /* E-05: numbers in variables are from 0 to 2^31-1 */

#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__ENV_STANDARD(hosted, firmware) (firmware)
typedef uint16_t otel__env_small; /* a default or lowest number */
#else
#define OTEL__ENV_STANDARD(hosted, firmware) (hosted)
typedef uint32_t otel__env_small;
#endif

typedef struct otel__env_row {
#if !defined(OTEL_LITE_NO_ENV)
    const char *variable; /* NULL: in code only */
#endif
    uint32_t        max;           /* both bounds are included; see CHOICE */
    otel__env_small min, standard; /* standard: the default                */
    uint16_t        offset;        /* of the field in otel_options         */
    uint8_t         kind;          /* enum otel__env_kind                  */
} otel__env_row;

/* Index of a field's row. */
enum {
#define OTEL__ENV_ENUM(field, kind, variable, hosted, firmware, min, max, about)                   \
    OTEL__ENV_AT_##field,
    OTEL__ENV_LIST(OTEL__ENV_ENUM)
#undef OTEL__ENV_ENUM
        OTEL__ENV_ROWS
};

#if defined(OTEL_LITE_NO_ENV)
#define OTEL__ENV_NAME(variable)
#else
#define OTEL__ENV_NAME(variable) variable,
#endif

static const otel__env_row otel__env_rows[OTEL__ENV_ROWS] = {
#define OTEL__ENV_ROW(field, kind, variable, hosted, firmware, min, max, about)                    \
    { OTEL__ENV_NAME(variable)(max), (min), OTEL__ENV_STANDARD(hosted, firmware),                  \
      (uint16_t)offsetof(otel_options, field), (uint8_t)OTEL__ENV_##kind },
    OTEL__ENV_LIST(OTEL__ENV_ROW)
#undef OTEL__ENV_ROW
};

#if defined(OTEL_LITE_NO_DIAGNOSTICS)
/* Names of rows are for diagnostics only. */
OTEL__FN const char *otel__env_option(const otel__env_row *row)
{
    (void)row;
    return "";
}
#else
/* The names of the rows' fields, one behind the other. */
static const char otel__env_fields[] OTEL__UNUSED =
#define OTEL__ENV_FIELD(field, kind, variable, hosted, firmware, min, max, about) #field "\0"
    OTEL__ENV_LIST(OTEL__ENV_FIELD);
#undef OTEL__ENV_FIELD

/* The name of a row's option. */
OTEL__FN const char *otel__env_option(const otel__env_row *row)
{
    return otel__text_nth(otel__env_fields, (size_t)(row - otel__env_rows));
}
#endif

#if !defined(OTEL_LITE_NO_ENV)
/* The words of a choice. */
static const char *otel__env_words(const otel__env_row *row)
{
#define OTEL__ENV_WORDS_OF(field, words)                                                           \
    if (row->offset == offsetof(otel_options, field)) {                                            \
        return words;                                                                              \
    }
    OTEL__ENV_WORDS(OTEL__ENV_WORDS_OF)
#undef OTEL__ENV_WORDS_OF
    return "";
}
#endif

/* ---- src/sdk/env.h ---- */
/* env: the settings of env_table.h, resolved. Called by otel_open() and otel_memory_needed(), on
 * one thread.
 * Invariants: what comes out holds plain numbers, where UINT32_MAX means no limit, and is not to be
 * resolved again; texts are borrowed from the options and the environment until otel_open() has
 * copied them; a value is never printed, it may be a secret.
 * Spec: sdk-environment-variables.md, configuration/common.md; requirements E-01 to E-10. */

/* The function that looks a variable up: char *(const char *name), NULL when it is not set. */
#if !defined(OTEL_LITE_NO_ENV) && !defined(OTEL_LITE_GETENV)
#include <stdlib.h>
#define OTEL_LITE_GETENV(name) getenv(name)
#endif

/* What otel_open() works with. */
typedef struct otel__env {
    otel_options           options;  /* effective; `resource` is that of code, no fallback     */
    otel__resource_sources resource; /* for otel__resource_encode()                            */
    const char *headers_name;        /* option or variable that gave options.headers, or NULL  */
    bool        configured;          /* there is an endpoint, a transport or a manual reader   */
} otel__env;

/* ---- env: reading one source ---- */

/* Where values come from while they are resolved. */
typedef struct otel__env_input {
    const otel_options *code;
    const otel_options *fallback; /* never NULL: zeroed when there is none */
    otel__diag_sink    *sink;     /* NULL: say nothing                     */
    otel_status         status;   /* OTEL_INVALID after a bad option       */
    bool                environment;
} otel__env_input;

/* The variable's text; NULL when it is unset, empty (E-01), or not to be read. */
OTEL__FN const char *otel__env_variable(const otel__env_input *in, const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_ENV)
    (void)in;
    (void)row;
    return NULL;
#else
    const char *text = NULL;

    if (in->environment && row->variable != NULL) {
        text = OTEL_LITE_GETENV(row->variable);
    }
    return text != NULL && text[0] != '\0' ? text : NULL;
#endif
}

#if !defined(OTEL_LITE_FREESTANDING)
/* The name that a diagnostic about the variable begins with. */
OTEL__FN const char *otel__env_name(const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_ENV)
    return otel__env_option(row);
#else
    return row->variable;
#endif
}

/* Tell of a bad value, never showing it. In code that is an error, for otel_open() to return. */
static OTEL__COLD void otel__env_bad(otel__env_input *in, const otel__env_row *row, bool in_code,
                                     const char *why, const char *detail)
{
    const char *name = in_code ? otel__env_option(row) : otel__env_name(row);

    otel__diag(in->sink, in_code ? OTEL_SEVERITY_ERROR : OTEL_SEVERITY_WARN, name, why, detail);
    in->status = in_code ? OTEL_INVALID : in->status;
}
#endif

/* ---- env: numbers ---- */

#define OTEL__ENV_LACKING ": exponential histograms are not compiled in; ignored"

/* Whether it is a choice that needs a facility which is not compiled in. */
static bool otel__env_is_lacking(const otel__env_row *row, uint32_t v)
{
#if defined(OTEL_LITE_NO_EXPONENTIAL)
    return row->offset == offsetof(otel_options, histogram_aggregation) &&
           v == OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
#else
    (void)row;
    (void)v;
    return false;
#endif
}

/* Turn a number as given into the effective one. Returns false when the row does not allow it. */
static OTEL__MUST_USE bool otel__env_effective(const otel__env_row *row, uint32_t v, uint32_t *out)
{
    *out = v;
    if (row->kind == OTEL__ENV_CHOICE) {
        return v < 32u && ((row->max >> v) & 1u) != 0 && !otel__env_is_lacking(row, v);
    }
    if (v == OTEL_NO_LIMIT) {
        *out = UINT32_MAX;
        return row->kind <= OTEL__ENV_LIMIT;
    }
    v = v == OTEL_ZERO ? 0 : v;
    *out = v == 0 && row->kind == OTEL__ENV_TIMEOUT ? UINT32_MAX : v;
    return v >= row->min && v <= row->max;
}

#if defined(OTEL_LITE_FREESTANDING)
/* Tell of a number that the row does not allow. */
static OTEL__COLD void otel__env_refuse(otel__env_input *in, const otel__env_row *row, uint32_t v)
{
    otel__diag(in->sink, OTEL_SEVERITY_ERROR, otel__env_option(row),
               ": out of bounds, or not compiled in", NULL);
    in->status = otel__env_is_lacking(row, v) ? OTEL_UNSUPPORTED : OTEL_INVALID;
}
#else
static OTEL__COLD void otel__env_bad_number(otel__env_input *in, const otel__env_row *row,
                                            bool in_code, uint32_t max)
{
    char text[2 * OTEL__TEXT_U64_MAX + 16];
    otel__text_buf range = { text, sizeof text - 1, 0 };

    otel__text_add_u64(&range, row->min);
    otel__text_add_c(&range, " to ");
    otel__text_add_u64(&range, max);
    otel__text_add_c(&range, "; ignored");
    text[range.len] = '\0'; /* fits: two numbers and 13 bytes */
    otel__env_bad(in, row, in_code, ": not a whole number from ", text);
}

/* Tell of a number that the row does not allow. */
static OTEL__COLD void otel__env_refuse(otel__env_input *in, const otel__env_row *row, uint32_t v)
{
    if (row->kind != OTEL__ENV_CHOICE) {
        otel__env_bad_number(in, row, true, row->max);
    } else if (otel__env_is_lacking(row, v)) {
        otel__env_bad(in, row, true, OTEL__ENV_LACKING, NULL);
        in->status = OTEL_UNSUPPORTED;
    } else {
        otel__env_bad(in, row, true, ": no value of its enum; ignored", NULL);
    }
}
#endif

/* Whether it is a batch of a signal that is compiled in. */
static bool otel__env_is_batch(const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_TRACES) && defined(OTEL_LITE_NO_LOGS)
    (void)row;
    return false;
#else
    return row->kind == OTEL__ENV_BATCH;
#endif
}

/* Take the number v set in code. A batch above its queue is cut, because the queue may have come
 * from the environment. */
static bool otel__env_number_code(otel__env_input *in, const otel__env_row *row, uint32_t v,
                                  uint32_t queue, uint32_t *out)
{
    if (!otel__env_effective(row, v, out)) {
        otel__env_refuse(in, row, v);
        return false;
    }
    if (otel__env_is_batch(row) && *out > queue) {
        *out = queue;
        if (v != OTEL_NO_LIMIT) {
            otel__diag(in->sink, OTEL_SEVERITY_WARN, otel__env_option(row),
                       ": more than the queue holds; the queue's size is used", NULL);
        }
    }
    return true;
}

#if !defined(OTEL_LITE_NO_ENV)
/* Take a number from the environment; a bad one is as good as none (E-04, E-05, E-09). */
static bool otel__env_number_variable(otel__env_input *in, const otel__env_row *row, uint32_t cap,
                                      uint32_t *out)
{
    const char *value = otel__env_variable(in, row);
    otel__text  text = otel__text_trim(otel__text_of(value));
    uint64_t    v = 0;

    if (value == NULL) {
        return false;
    }
    if (otel__text_parse_u64(text.s, text.n, &v) && v <= OTEL__ENV_INT_MAX &&
        otel__env_effective(row, (uint32_t)v, out) && v <= cap) {
        return true;
    }
    otel__env_bad_number(in, row, false, cap < row->max ? cap : row->max);
    return false;
}

/* The number of the word that `text` is in any case, or 0. */
static uint32_t otel__env_word(const otel__env_row *row, otel__text text)
{
    otel__text words = otel__text_of(otel__env_words(row));
    otel__text word;
    uint32_t   v;

    for (v = row->min; otel__text_next(&words, ',', &word); v++) {
        if (otel__text_same_nocase(word, text)) {
            return v;
        }
    }
    return 0;
}

/* Take a choice from the environment; a word that is none is as good as no variable. */
static bool otel__env_choice_variable(otel__env_input *in, const otel__env_row *row, uint32_t *out)
{
    const char *value = otel__env_variable(in, row);

    if (value == NULL) {
        return false;
    }
    *out = otel__env_word(row, otel__text_trim(otel__text_of(value)));
    if (*out != 0 && !otel__env_is_lacking(row, *out)) {
        return true;
    }
    if (*out != 0) {
        otel__env_bad(in, row, false, OTEL__ENV_LACKING, NULL);
    } else {
        otel__env_bad(in, row, false, ": ignored: none of ", otel__env_words(row));
    }
    return false;
}

#endif

#if !defined(OTEL_LITE_FREESTANDING)
/* Take a setting's number from its variable, whichever way it is written there. */
static bool otel__env_variable_take(otel__env_input *in, const otel__env_row *row, uint32_t queue,
                                    uint32_t *out)
{
#if defined(OTEL_LITE_NO_ENV)
    (void)in;
    (void)row;
    (void)queue;
    (void)out;
    return false;
#else
    if (row->kind == OTEL__ENV_CHOICE) {
        return otel__env_choice_variable(in, row, out);
    }
    return otel__env_number_variable(in, row, otel__env_is_batch(row) ? queue : UINT32_MAX, out);
#endif
}
#endif

/* The records of the queue that a BATCH or QUEUE row belongs to; its row was resolved before. */
static uint32_t otel__env_queue_of(const otel_options *out, const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_TRACES) && defined(OTEL_LITE_NO_LOGS)
    (void)out;
    (void)row;
    return UINT32_MAX;
#else
    return row->offset < offsetof(otel_options, log_queue) ? out->span_queue : out->log_queue;
#endif
}

static uint32_t otel__env_standard(const otel__env_row *row, const otel_options *out,
                                   uint32_t queue)
{
    uint32_t v = row->standard;

#if !defined(OTEL_LITE_FREESTANDING)
    if (row->kind == OTEL__ENV_QUEUE) { /* 256 bytes a record, from 64 KiB to the ring's limit */
        v = queue > row->max / 256u ? row->max : queue * 256u > v ? queue * 256u : v;
    }
#endif
    if (row->offset == offsetof(otel_options, metric_queue_bytes) && v < out->series_bytes) {
        return out->series_bytes; /* resolved before: a reading of all series fits */
    }
    return otel__env_is_batch(row) && v > queue ? queue : v;
}

#if defined(OTEL_LITE_FREESTANDING)
/* Make a number effective, as it was given in code. */
static void otel__env_number(otel__env_input *in, const otel__env_row *row, otel_options *out)
{
    const uint32_t queue = otel__env_queue_of(out, row);
    uint32_t       v;

    memcpy(&v, (const char *)in->code + row->offset, sizeof v);
    if (v == 0) {
        memcpy(&v, (const char *)in->fallback + row->offset, sizeof v);
    }
    if (v == 0 || !otel__env_number_code(in, row, v, queue, &v)) {
        v = otel__env_standard(row, out, queue);
    }
    memcpy((char *)out + row->offset, &v, sizeof v);
}
#else
/* What one source in code gives, if it is set there and allowed. */
static bool otel__env_number_of(otel__env_input *in, const otel_options *options,
                                const otel__env_row *row, uint32_t queue, uint32_t *out)
{
    uint32_t v;

    memcpy(&v, (const char *)options + row->offset, sizeof v);
    return v != 0 && otel__env_number_code(in, row, v, queue, out);
}

static void otel__env_number(otel__env_input *in, const otel__env_row *row, otel_options *out)
{
    const uint32_t queue = otel__env_queue_of(out, row);
    uint32_t v = 0;

    if (!otel__env_number_of(in, in->code, row, queue, &v) &&
        !otel__env_variable_take(in, row, queue, &v) &&
        !otel__env_number_of(in, in->fallback, row, queue, &v)) {
        v = otel__env_standard(row, out, queue);
    }
    memcpy((char *)out + row->offset, &v, sizeof v);
}
#endif

/* ---- env: flags and texts ---- */

#if defined(OTEL_LITE_FREESTANDING)

/* Whether the option names an endpoint. What it is does not matter: there is no HTTP client. */
static bool otel__env_is_given(const char *endpoint)
{
    return endpoint != NULL && endpoint[0] != '\0';
}

/* Take what is no number. There are no variables, and no URL to check. */
static void otel__env_take(const otel_options *code, const otel_options *fallback, otel__env *env)
{
    otel_options *out = &env->options;
    size_t        i;

    env->resource.code = code->resource;
    env->resource.code_name = code->service_name;
    env->resource.fallback = fallback->resource;
    env->resource.fallback_name = fallback->service_name;
    /* the flags, which are neighbours */
    for (i = offsetof(otel_options, background); i <= offsetof(otel_options, ignore_host); i++) {
        ((char *)out)[i] = (char)(((const char *)code)[i] | ((const char *)fallback)[i]);
    }
    env->resource.ignore_host = out->ignore_host;
    out->status = (code->status != NULL ? code : fallback)->status;
    out->transport = (code->transport.send != NULL ? code : fallback)->transport;
    env->configured = out->transport.send != NULL || out->manual_reader ||
                      otel__env_is_given(code->endpoint) || otel__env_is_given(fallback->endpoint);
    out->views = (code->views != NULL ? code : fallback)->views;
    out->n_views = (code->views != NULL ? code : fallback)->n_views;
    code = code->memory != NULL ? code : fallback;
    out->memory = code->memory;
    out->memory_bytes = code->memory_bytes;
}

#else

static bool otel__env_flag_of(const otel_options *options, const otel__env_row *row)
{
    bool v;
    memcpy(&v, (const char *)options + row->offset, sizeof v);
    return v;
}

/* An option's text; NULL when it is unset or empty. */
static const char *otel__env_text_of(const otel_options *options, const otel__env_row *row)
{
    const char *v;
    memcpy(&v, (const char *)options + row->offset, sizeof v);
    return v != NULL && v[0] != '\0' ? v : NULL;
}

/* True in code wins; then a variable that is set decides, also against the fallback (E-03). */
static bool otel__env_flag(otel__env_input *in, const otel__env_row *row)
{
    const otel__text text = otel__text_trim(otel__text_of(otel__env_variable(in, row)));

    if (otel__env_flag_of(in->code, row)) {
        return true;
    }
    if (text.n == 0) {
        return otel__env_flag_of(in->fallback, row);
    }
    if (otel__text_is_nocase(text, "true")) {
        return true;
    }
    if (!otel__text_is_nocase(text, "false")) {
        otel__env_bad(in, row, false, ": neither true nor false; taken as false", NULL);
    }
    return false;
}

/* What is wrong with a text, or NULL. */
static const char *otel__env_text_fault(const otel__env_row *row, const char *text)
{
#if defined(OTEL_LITE_NO_HTTP)
    (void)row; /* only the built-in client reads URLs */
    (void)text;
    return NULL;
#else
    otel__http_url       url;
    otel__http_url_error error = OTEL__HTTP_URL_OK;

    if (row->kind == OTEL__ENV_URL) {
        error = otel__http_url_parse(otel__text_of(text), &url);
    }
    return error == OTEL__HTTP_URL_OK ? NULL : otel__http_url_text(error);
#endif
}

/* Resolve a text. *name becomes the option or variable that gave it. */
static const char *otel__env_text(otel__env_input *in, const otel__env_row *row, const char **name)
{
    const char *texts[3], *fault;
    unsigned i;

    texts[0] = otel__env_text_of(in->code, row);
    texts[1] = otel__env_variable(in, row);
    texts[2] = otel__env_text_of(in->fallback, row);
    for (i = 0; i < 3; i++) {
        fault = texts[i] != NULL ? otel__env_text_fault(row, texts[i]) : NULL;
        if (fault != NULL) {
            otel__env_bad(in, row, i != 1, ": ignored: ", fault);
        } else if (texts[i] != NULL) {
            *name = i == 1 ? otel__env_name(row) : otel__env_option(row);
            return texts[i];
        }
    }
    *name = NULL;
    return NULL;
}

/* ---- env: all of it ---- */

static void otel__env_row_resolve(otel__env_input *in, const otel__env_row *row, otel__env *env)
{
    char *field = (char *)&env->options + row->offset;
    const char *name, *text;
    bool flag;

    switch (row->kind) {
    case OTEL__ENV_FLAG:
        flag = otel__env_flag(in, row);
        memcpy(field, &flag, sizeof flag);
        break;
    case OTEL__ENV_TEXT:
    case OTEL__ENV_URL:
    case OTEL__ENV_HEADERS:
        text = otel__env_text(in, row, &name);
        memcpy(field, &text, sizeof text);
        if (row->kind == OTEL__ENV_HEADERS) {
            env->headers_name = name;
        }
        break;
    case OTEL__ENV_ATTRS: break; /* otel__env_resolve_texts() */
    default: otel__env_number(in, row, &env->options); break;
    }
}

/* The layers of the resource: the code's, the environment's, the fallback's, each on its own. */
static void otel__env_resolve_texts(otel__env_input *in, otel__env *env)
{
    const otel__env_row *name = &otel__env_rows[OTEL__ENV_AT_service_name];

    env->options.resource = in->code->resource;
    env->resource.code = in->code->resource;
    env->resource.code_name = otel__env_text_of(in->code, name);
    env->resource.fallback = in->fallback->resource;
    env->resource.fallback_name = otel__env_text_of(in->fallback, name);
    env->resource.variable = otel__env_variable(in, &otel__env_rows[OTEL__ENV_AT_resource]);
    env->resource.variable_name = otel__env_variable(in, name);
    env->resource.ignore_host = env->options.ignore_host;
}

#endif

/* Make the sink that the options ask for; what otel_open() tells goes there from the start. */
OTEL__FN void otel__env_sink(const otel_options *options, otel__diag_sink *sink)
{
#if defined(OTEL_LITE_NO_DIAGNOSTICS)
    (void)options; /* nobody is told */
    (void)sink;
#else
    const otel_options *from = options;

    memset(sink, 0, sizeof *sink);
    if (from != NULL && from->on_diagnostic == NULL) {
        from = from->fallback;
    }
    if (from != NULL) {
        sink->fn = from->on_diagnostic;
        sink->user = from->diagnostic_user;
    }
#endif
}

/* Resolve every setting: code, then environment, then the fallback, then the default.
 *
 *   options  borrowed, NULL for all defaults; a fallback's own fallback is not looked at
 *   env      filled in whatever is returned; where an option is bad the next source counts
 *   sink     told of each bad value once, or NULL
 *
 * Returns  OTEL_OK, or OTEL_INVALID when an option in code was bad. Bad variables are no error.
 * Spec     configuration/common.md; E-01 to E-05, E-09. */
OTEL__FN otel_status otel__env_resolve(const otel_options *options, otel__env *env,
                                       otel__diag_sink *sink)
{
    otel__env_input in;
    unsigned        i;

    memset(env, 0,
           sizeof *env); /* no field is read once it is resolved: it stands for no options */
    in.code = options != NULL ? options : &env->options;
    in.fallback = in.code->fallback != NULL ? in.code->fallback : &env->options;
    in.sink = sink;
    in.status = OTEL_OK;
#if defined(OTEL_LITE_FREESTANDING)
    for (i = 0; i < OTEL__ENV_ROWS; i++) {
        otel__env_number(&in, &otel__env_rows[i], &env->options);
    }
    otel__env_take(in.code, in.fallback, env);
#else
    in.environment = !in.code->ignore_environment && !in.fallback->ignore_environment;

    for (i = 0; i < OTEL__ENV_ROWS; i++) {
        otel__env_row_resolve(&in, &otel__env_rows[i], env);
    }
#define OTEL__ENV_TAKE(field, leader, about)                                                       \
    env->options.field = (in.code->leader != NULL ? in.code : in.fallback)->field;
    OTEL__ENV_GIVEN(OTEL__ENV_TAKE)
#undef OTEL__ENV_TAKE
    otel__env_resolve_texts(&in, env);
    env->configured = env->options.endpoint != NULL || env->options.transport.send != NULL ||
                      env->options.manual_reader;
#endif
    return in.status;
}

/* ---- env: headers ---- */

#if !defined(OTEL_LITE_NO_HTTP)

typedef struct otel__env_headers_told {
    const otel__env *env;
    otel__diag_sink *sink;
} otel__env_headers_told;

/* otel__http_bad_header_fn: names the header, never its value (H-41). */
static void otel__env_headers_tell(void *user, otel__text key, const char *reason)
{
    const otel__env_headers_told *told = (const otel__env_headers_told *)user;

    char           text[80];
    otel__text_buf line = { text, sizeof text - 1, 0 };

    key.n = key.n <= 60 ? key.n : 60; /* the rest of the text is 12 bytes long */
    otel__text_add_c(&line, ": header ");
    otel__text_add(&line, key);
    otel__text_add_c(&line, key.n > 0 ? ": " : "ignored: ");
    text[line.len] = '\0';
    otel__diag(told->sink, OTEL_SEVERITY_WARN, told->env->headers_name, text, reason);
}

/* Turn the effective headers into ready lines; a bad pair is left out and told.
 *   lines  empty, with room for otel__http_headers_need() bytes of the same text */
OTEL__FN void otel__env_headers(const otel__env *env, otel__text_buf *lines, otel__diag_sink *sink)
{
    otel__env_headers_told told;

    told.env = env;
    told.sink = sink;
    otel__http_headers_parse(otel__text_of(env->options.headers), lines, otel__env_headers_tell,
                             &told);
}

#endif /* OTEL_LITE_NO_HTTP */

/* ---- src/sdk/engine.h ---- */
/* engine: the one stepped machine: collects, batches, sends, reads answers, waits before it tries
 * again. otel_poll() is its only door; whoever steps it holds the busy flag, so that it has one
 * user at a time. It never waits itself.
 * Invariants: at most one request is under way; records leave a ring when their request was
 * accepted or finally refused, not before; each signal waits for its own backend answers only,
 * none for another's.
 * Spec: trace/sdk.md "Batching processor", metrics/sdk.md "Periodic exporting MetricReader";
 * requirements B-01..B-09, T-73, T-74, M-101. */

#define OTEL__ENGINE_NEVER  UINT64_MAX
#define OTEL__ENGINE_ROUNDS 64u /* requests answered at once that one step makes        */
#define OTEL__ENGINE_TELL   UINT64_C(60000000000) /* ns between two tellings of one kind */
#define OTEL__ENGINE_STALL  1000000u /* ns until an unfinished record is looked at again */
#define OTEL__ENGINE_LOOK   UINT64_C(10000000) /* ns between looks for records that want no delay */
#define OTEL__ENGINE_REPLY  1024u /* bytes of a reply's body that are kept               */

/* Signals from the first one that is compiled in to the last: each has a pipe. */
#if !defined(OTEL_LITE_NO_TRACES)
#define OTEL__ENGINE_FIRST OTEL_SIGNAL_TRACES
#elif !defined(OTEL_LITE_NO_METRICS)
#define OTEL__ENGINE_FIRST OTEL_SIGNAL_METRICS
#else
#define OTEL__ENGINE_FIRST OTEL_SIGNAL_LOGS
#endif
#if !defined(OTEL_LITE_NO_LOGS)
#define OTEL__ENGINE_LAST OTEL_SIGNAL_LOGS
#elif !defined(OTEL_LITE_NO_METRICS)
#define OTEL__ENGINE_LAST OTEL_SIGNAL_METRICS
#else
#define OTEL__ENGINE_LAST OTEL_SIGNAL_TRACES
#endif
#define OTEL__ENGINE_PIPES   ((uint32_t)OTEL__ENGINE_LAST - (uint32_t)OTEL__ENGINE_FIRST + 1u)
#define OTEL__ENGINE_METRICS ((uint32_t)OTEL_SIGNAL_METRICS - (uint32_t)OTEL__ENGINE_FIRST)

/* One signal's way out. The engine's, except `ring`. */
typedef struct otel__pipe {
    otel__ring *ring;     /* NULL: the signal is off                              */
    uint32_t    batch;    /* records of one request at most                       */
    uint32_t    resend;   /* records of the request that is tried again; 0: none  */
    uint32_t    failures; /* attempts failed in a row: the back-off, whatever was sent    */
    uint32_t    attempt;  /* of the request that is under way or waits            */
    bool        whole;    /* what became due goes out entirely, not a batch at a time     */
    bool        stalled;  /* the next record was reserved and is not written yet  */
    uint64_t    delay_ns; /* longest wait of a record for its batch               */
    uint64_t    due_ns;   /* when what is queued goes out, full or not            */
    uint64_t    retry_ns; /* not before: the backend asked for time               */
    uint64_t    told_ns;  /* last diagnostic about failures                       */
    otel__a64   delivered;
    otel__a64   dropped[OTEL_DROP_COUNT]; /* behind the queue */
#if !defined(OTEL_LITE_NO_HTTP)
    char *path; /* of the request, under the endpoint's own path */
#endif
} otel__pipe;

enum {                        /* otel__engine.answer: what a pending request has come to */
       OTEL__ANSWER_NONE = 0, /* no request, or it is not pending        */
       OTEL__ANSWER_WAIT = 1,
       OTEL__ANSWER_RESULT = 2 /* plus an otel_transport_result           */
};

typedef struct otel__engine {
    otel__a32 busy;   /* 1 while somebody steps                          */
    otel__a32 answer; /* OTEL__ANSWER_*, set from anywhere when pending  */
    bool      in_flight;
    bool      behind;     /* a flush met a histogram being recorded into: it reads again  */
    bool      reading_on; /* the newest reading goes on when its queue has room           */
#if !defined(OTEL_LITE_NO_THREADS)
    bool wakes; /* there is a thread that recording calls wake */
#endif
#if !defined(OTEL_LITE_NO_HTTP)
    bool use_http;
#endif
    uint32_t       flushes; /* under way                                              */
    uint32_t       reading; /* metrics ever queued up to the end of the newest reading */
    uint32_t       turn;    /* index of the pipe whose turn it is                     */
    uint32_t       random;
    otel__a32      lost; /* records refused for good, or too large                 */
    otel_transport transport;
    otel__out      resource; /* the encoded Resource                                   */
    otel__batch    batch;
    otel__pipe     pipes[OTEL__ENGINE_PIPES]; /* by signal, see otel__engine_at()      */
    otel_request   request;                   /* the one under way                     */
#if !defined(OTEL_LITE_NO_METRICS)
    otel__collect collect;
#endif
    uint64_t       now; /* monotonic ns, since otel__engine_enter()                    */
    uint64_t       interval_ns;
    uint64_t       collect_ns; /* when metrics are read next                           */
    otel__a64      requests;
    otel__a64      failed;
    otel__recorder r;
    uint64_t       tell_ns; /* when losses may be told again                           */
    uint32_t       told[6]; /* counts at the last telling                              */
#if !defined(OTEL_LITE_NO_HTTP)
    otel__net net;
#endif
} otel__engine;

static const char *const otel__engine_paths[OTEL_SIGNAL_COUNT] = { "/v1/traces", "/v1/metrics",
                                                                   "/v1/logs" };

/* Milliseconds as nanoseconds; UINT32_MAX: longer than anything lasts. */
OTEL__FN uint64_t otel__sdk_ns(uint32_t ms)
{
    return ms == UINT32_MAX ? (uint64_t)1 << 62 : (uint64_t)ms * 1000000u;
}

OTEL__FN uint32_t otel__engine_random(otel__engine *e)
{
    e->random = e->random * 1664525u + 1013904223u; /* the high bits are used: retry.h */
    return e->random;
}

/* Whether there is a thread that recording calls wake. */
OTEL__FN bool otel__engine_wakes(const otel__engine *e)
{
#if defined(OTEL_LITE_NO_THREADS)
    (void)e;
    return false;
#else
    return e->wakes;
#endif
}

/* Whether the signal of that pipe is on: with a manual reader alone none is. */
OTEL__FN bool otel__pipe_is_on(const otel__pipe *pipe)
{
#if defined(OTEL_LITE_NO_READER) && !defined(OTEL_LITE_NO_METRICS)
    (void)pipe;
    return true;
#else
    return pipe->ring != NULL; /* without metrics there is a gap between traces and logs */
#endif
}

/* The index of the pipe of a signal that is compiled in. */
OTEL__FN uint32_t otel__engine_at(otel_signal signal)
{
    return OTEL__ENGINE_PIPES > 1u ? (uint32_t)signal - (uint32_t)OTEL__ENGINE_FIRST : 0;
}

/* ---- engine: one user at a time ---- */

/* Enter and look at the clocks. Returns false when somebody else is inside. */
OTEL__FN OTEL__NOINLINE bool otel__engine_enter(otel__engine *e)
{
    if (otel__a32_swap(&e->busy, 1u) != 0) {
        return false;
    }
    e->now = otel__mono_ns();
    otel__a64_put(&e->r.anchor, otel__unix_ns() - e->now); /* a step of the wall clock is seen */
    return true;
}

OTEL__INLINE void otel__engine_leave(otel__engine *e) { otel__a32_store(&e->busy, 0); }

/* ---- engine: telling ---- */

#if defined(OTEL_LITE_NO_DIAGNOSTICS)
OTEL__FN void otel__engine_tell_failure(otel__engine *e, otel_signal signal, const char *why)
{
    (void)e;
    (void)signal;
    (void)why;
}

OTEL__FN void otel__engine_tell_losses(otel__engine *e) { (void)e; }
#else

/* Say once a minute at most that requests of a signal fail. */
OTEL__FN OTEL__COLD void otel__engine_tell_failure(otel__engine *e, otel_signal signal,
                                                   const char *why)
{
    static const char *const begin[OTEL_SIGNAL_COUNT] = { "traces: ", "metrics: ", "logs: " };
    otel__pipe *pipe = &e->pipes[otel__engine_at(signal)];

    if (pipe->told_ns == 0 || e->now - pipe->told_ns >= OTEL__ENGINE_TELL) {
        pipe->told_ns = e->now;
        otel__diag(&e->r.sink, OTEL_SEVERITY_WARN,
                   begin[(uint32_t)OTEL__ENGINE_FIRST + otel__engine_at(signal)], why,
                   pipe->attempt > 0 ? "; kept and tried again" : "; the records are dropped");
    }
}

#if defined(OTEL_LITE_NO_TRACES)
#define OTEL__ENGINE_OR_SPANS ""
#else
#define OTEL__ENGINE_OR_SPANS ", or too many spans were open"
#endif

enum { /* of otel__engine.told */
       OTEL__TOLD_ATTRIBUTES,
       OTEL__TOLD_EVENTS,
       OTEL__TOLD_BAD,
       OTEL__TOLD_OVERFLOW,
       OTEL__TOLD_FULL,
       OTEL__TOLD_WINDOW
};

/* Tell of one kind of loss, when there are more than were told. */
OTEL__FN OTEL__NOINLINE void otel__engine_tell(otel__engine *e, unsigned kind, uint32_t count,
                                               const char *what)
{
    if (count != e->told[kind]) {
        e->told[kind] = count;
        e->tell_ns = e->now + OTEL__ENGINE_TELL;
        otel__diag(&e->r.sink, OTEL_SEVERITY_WARN, what, NULL, NULL);
    }
}

/* Records that did not get into a queue. */
OTEL__FN uint32_t otel__engine_refused(const otel__engine *e)
{
    uint32_t n = 0;
    uint32_t i;
    uint32_t k;

    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        for (k = 0; k < OTEL_DROP_COUNT; k++) {
            n +=
                (uint32_t)otel__a64_peek(&e->r.losses.dropped[(uint32_t)OTEL__ENGINE_FIRST + i][k]);
        }
    }
    return n;
}

/* Say what recording calls could not keep: they count, the engine tells. */
OTEL__FN void otel__engine_tell_losses(otel__engine *e)
{
    const otel__losses *l = &e->r.losses;

    if (e->now < e->tell_ns) {
        return;
    }
#if !defined(OTEL_LITE_NO_TRACES) || !defined(OTEL_LITE_NO_LOGS) || !defined(OTEL_LITE_NO_VIEWS)
    otel__engine_tell(e, OTEL__TOLD_ATTRIBUTES, otel__a32_peek(&l->attributes),
                      "attributes were dropped: over the limit, without a key, or no room in the "
                      "span");
#endif
#if !defined(OTEL_LITE_NO_TRACES)
    otel__engine_tell(e, OTEL__TOLD_EVENTS, otel__a32_peek(&l->events),
                      "span events were dropped: over the limit, or no room in the span");
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__engine_tell(e, OTEL__TOLD_BAD, otel__a32_peek(&l->bad_values),
                      "values were dropped: not finite, or negative for a counter");
    otel__engine_tell(e, OTEL__TOLD_OVERFLOW, otel__metrics_overflowing(e->r.metrics),
                      "attribute sets over the limit are counted in otel.metric.overflow");
#endif
    otel__engine_tell(e, OTEL__TOLD_FULL, otel__engine_refused(e),
                      "records were dropped: the queue was full" OTEL__ENGINE_OR_SPANS);
#if !defined(OTEL_LITE_NO_METRICS) && !defined(OTEL_LITE_NO_EXPONENTIAL)
    otel__engine_tell(
        e, OTEL__TOLD_WINDOW, otel__a32_peek(&l->lost_values),
        "exponential histograms lost values that came while their window was widened");
#endif
}
#endif

/* ---- engine: collecting ---- */

/* Drop records from the front of the queue, as long as their prefix has all bits of `which`. */
OTEL__FN OTEL__NOINLINE void otel__engine_drop(otel__pipe *pipe, uint32_t which, otel_drop reason)
{
    otel__ring_cursor gone = otel__ring_begin(pipe->ring);
    otel__ring_cursor next = gone;
    const uint8_t    *data;
    uint32_t          n;
    uint32_t          word;

    while (otel__ring_next(pipe->ring, &next, &data, &n)) {
        memcpy(&word, data, sizeof word);
        if ((word & which) != which) {
            break;
        }
        gone = next;
    }
    if (gone.records > 0) {
        otel__a64_bump(&pipe->dropped[reason], gone.records);
        otel__ring_release(pipe->ring, &gone);
        pipe->attempt = 0;
        pipe->resend = 0;
    }
}

#if !defined(OTEL_LITE_NO_METRICS)
/* Whether the newest reading is to go on. */
OTEL__FN bool otel__engine_has_room(const otel__engine *e)
{
    return e->reading_on && otel__ring_queued(e->pipes[OTEL__ENGINE_METRICS].ring) == 0;
}

/* Read on into the ring. */
OTEL__FN void otel__engine_read_on(otel__engine *e)
{
    otel__pipe *pipe = &e->pipes[OTEL__ENGINE_METRICS];

    e->reading_on = !otel__collect_go_on(&e->collect);
    (void)otel__a32_count(&e->lost, e->collect.n_large);
    e->collect.n_large = 0;
    e->behind = e->collect.waiting;
    pipe->due_ns = e->now;
    e->reading = otel__ring_head_load(pipe->ring).count;
}

/* Read all metrics into their ring. Cumulative ones that were not sent are worth nothing once there
 * is a newer reading: those at the front of the queue make room for it now, others are passed over
 * when they are batched. */
OTEL__FN void otel__engine_collect(otel__engine *e)
{
    e->collect_ns = e->now + e->interval_ns;
    if (!e->in_flight || otel__engine_at(e->request.signal) != OTEL__ENGINE_METRICS) {
        otel__engine_drop(&e->pipes[OTEL__ENGINE_METRICS], OTEL__RECORD_CUMULATIVE,
                          OTEL_DROP_SUPERSEDED);
    }
    e->batch.newest =
        ((e->batch.newest + OTEL__RECORD_READING) & ~OTEL__RECORD_SCOPE) | OTEL__RECORD_CUMULATIVE;
    e->collect.tag = e->batch.newest;
    e->collect.request = e->batch.cap - otel__batch_overhead(e->resource.len);
    otel__collect_begin(&e->collect, &e->r);
    otel__engine_read_on(e);
}
#endif

/* ---- engine: answers ---- */

/* The records of the request leave the queue. */
OTEL__FN void otel__engine_release(otel__engine *e, otel__pipe *pipe)
{
    otel__ring_release(pipe->ring, &e->batch.cursor);
    otel__a64_bump(&pipe->dropped[OTEL_DROP_TOO_LARGE], e->batch.n_large);
    (void)otel__a32_count(&e->lost, e->batch.n_large);
    otel__a64_bump(&pipe->dropped[OTEL_DROP_SUPERSEDED], e->batch.n_stale);
    pipe->attempt = 0;
    pipe->resend = 0;
    pipe->failures = 0;
    pipe->retry_ns = 0;
    if (!pipe->whole || otel__ring_queued(pipe->ring) == 0) {
        pipe->due_ns = e->now + pipe->delay_ns;
    }
}

/* Act on an answer. `why` is told when it is not a success. */
OTEL__FN void otel__engine_answered(otel__engine *e, otel_transport_result result, const char *why)
{
    otel__pipe *pipe = &e->pipes[otel__engine_at(e->request.signal)];

    e->in_flight = false;
    otel__a32_store(&e->answer, OTEL__ANSWER_NONE);
    if (result == OTEL_TRANSPORT_SENT) {
        otel__a64_bump(&pipe->delivered, e->batch.n_records);
        pipe->told_ns = 0;
        otel__engine_release(e, pipe);
        return;
    }
    otel__a64_bump(&e->failed, 1u);
    if (result == OTEL_TRANSPORT_RETRY) {
        const uint32_t ms =
            otel__retry_wait(++pipe->failures, e->request.retry_after_ms, otel__engine_random(e));
        pipe->retry_ns = e->now + (uint64_t)ms * 1000000u;
    } else {
        otel__a64_bump(&pipe->dropped[OTEL_DROP_REFUSED], e->batch.n_records);
        (void)otel__a32_count(&e->lost, e->batch.n_records);
        otel__engine_release(e, pipe);
    }
    otel__engine_tell_failure(e, e->request.signal, why);
}

#if !defined(OTEL_LITE_NO_HTTP)
/* The client's exchange is over: turn what came into a result. */
OTEL__FN void otel__engine_http_done(otel__engine *e, otel__net_result result)
{
    const otel__reply    *reply = &e->net.reply;
    otel_transport_result answer = OTEL_TRANSPORT_RETRY; /* no reply: H-24 */
    const char           *why = e->net.error_text;

    if (result == OTEL__NET_DONE) {
        answer = otel__retry_classify(reply->status);
        why = reply->status == 404   ? "the backend answered 404: is the endpoint's path right?"
              : reply->status == 401 ? "the backend answered 401: credentials are missing"
              : reply->status == 413 ? "the backend answered 413: lower max_request_bytes"
              : reply->status >= 500 ? "the backend answered with a server error"
                                     : "the backend refused the request";
        e->request.retry_after_ms = otel__reply_wait_ms(reply, otel__unix_ns() / 1000000000u);
    } else if (e->net.error == OTEL__NET_E_REPLY_LARGE || e->net.error == OTEL__NET_E_HEAD ||
               e->net.error == OTEL__NET_E_TLS) {
        answer = OTEL_TRANSPORT_REFUSED; /* H-25: trying again would not help */
    }
    otel__engine_answered(e, answer, why);
}
#endif

/* Go on with the request under way. Returns true when it is over. */
OTEL__FN bool otel__engine_advance(otel__engine *e)
{
#if !defined(OTEL_LITE_NO_HTTP)
    if (e->use_http) {
        const otel__net_result result = otel__net_step(&e->net, e->now);
        if (result != OTEL__NET_BUSY) {
            otel__engine_http_done(e, result);
        }
        return result != OTEL__NET_BUSY;
    }
#endif
    {
        const uint32_t answer = otel__a32_load(&e->answer);
        if (answer < OTEL__ANSWER_RESULT) {
            return false;
        }
        otel__engine_answered(e, (otel_transport_result)(answer - OTEL__ANSWER_RESULT),
                              "the transport reported a failure");
    }
    return true;
}

/* ---- engine: requests ---- */

/* Whether the signal has something that should go out now. */
OTEL__FN OTEL__NOINLINE bool otel__engine_ready(const otel__engine *e, const otel__pipe *pipe)
{
    uint32_t queued;

    if (!otel__pipe_is_on(pipe) || e->now < pipe->retry_ns) {
        return false;
    }
    queued = otel__ring_queued(pipe->ring);
    return queued > 0 &&
           (queued >= pipe->batch || e->now >= pipe->due_ns || pipe->delay_ns == 0 ||
            e->flushes > 0 || otel__ring_bytes(pipe->ring) > pipe->ring->capacity / 2u);
}

/* Hand the built request over. */
OTEL__FN void otel__engine_send(otel__engine *e, otel_signal signal)
{
    otel__pipe           *pipe = &e->pipes[otel__engine_at(signal)];
    otel_transport_result result;

    pipe->attempt++;
    e->in_flight = true;
    otel__a64_bump(&e->requests, 1u);
    e->request.sdk = e->r.sdk;
    e->request.signal = signal;
    e->request.path = otel__engine_paths[signal];
    e->request.content_type = "application/x-protobuf";
    e->request.body = e->batch.buf;
    e->request.length = e->batch.length;
    e->request.n_records = e->batch.n_records;
    e->request.attempt = pipe->attempt;
    e->request.retry_after_ms = 0;
#if !defined(OTEL_LITE_NO_HTTP)
    if (e->use_http) {
        otel__net_start(&e->net, pipe->path, e->request.content_type, e->batch.buf,
                        e->batch.length);
        return;
    }
#endif
    otel__a32_store(&e->answer, OTEL__ANSWER_WAIT); /* it may complete before send() returns */
    result = e->transport.send(e->transport.user, &e->request);
    if (result != OTEL_TRANSPORT_PENDING) {
        otel__engine_answered(e, result, "the transport reported a failure");
    }
}

/* Start the next request, if a signal has one. Returns false when there is nothing to send. */
OTEL__FN bool otel__engine_start(otel__engine *e)
{
    uint32_t i;

#if !defined(OTEL_LITE_NO_METRICS)
    if (otel__engine_has_room(e)) {
        otel__engine_read_on(e);
    }
#endif
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        const uint32_t at = (e->turn + i) % OTEL__ENGINE_PIPES;
        otel__pipe    *pipe = &e->pipes[at];
        if (!otel__engine_ready(e, pipe)) {
            continue;
        }
        pipe->stalled = false;
        if (otel__batch_build(&e->batch, &e->r, pipe->ring, &e->resource,
                              pipe->resend > 0 ? pipe->resend : pipe->batch)) {
            pipe->resend = e->batch.n_records;
            e->turn = at + 1u;
            otel__engine_send(e, (otel_signal)((uint32_t)OTEL__ENGINE_FIRST + at));
            return true;
        }
        if (e->batch.n_large > 0 || e->batch.n_stale > 0) {
            otel__engine_release(e, pipe);
        } else {
            pipe->stalled = true; /* its producer was interrupted and must get to run */
        }
    }
    return false;
}

/* ---- engine: stepping ---- */

/* When the pipe wants to be looked at: `now` is at once. The wait that a record put into an empty
 * queue counts from: nobody notes its time, so that it is at most one delay behind the last step
 * that saw the queue empty. Without any delay each record wakes the thread, or, where there is
 * none, is looked for now and then. */
OTEL__FN uint64_t otel__engine_due(const otel__engine *e, otel__pipe *pipe)
{
    if (otel__engine_ready(e, pipe)) {
        return pipe->stalled ? e->now + OTEL__ENGINE_STALL : e->now;
    }
    if (e->now < pipe->retry_ns) {
        return pipe->retry_ns;
    }
    if (e->now >= pipe->due_ns) { /* nothing is queued, or it would be ready */
        const uint64_t none = otel__engine_wakes(e) ? otel__sdk_ns(UINT32_MAX) : OTEL__ENGINE_LOOK;
        pipe->due_ns = e->now + (pipe->delay_ns > 0 ? pipe->delay_ns : none);
    }
    return pipe->due_ns; /* whatever is queued: a record may come meanwhile */
}

/* When the engine wants to be stepped next, in monotonic ns. */
OTEL__FN uint64_t otel__engine_wanted(otel__engine *e)
{
    uint64_t at = OTEL__ENGINE_NEVER;
    uint32_t i;

    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        if (otel__pipe_is_on(&e->pipes[i])) {
            const uint64_t due = otel__engine_due(e, &e->pipes[i]);
            at = due < at ? due : at;
        }
    }
    if (e->in_flight) {
        at = OTEL__ENGINE_NEVER; /* only its answer lets another one go out */
    }
#if !defined(OTEL_LITE_NO_HTTP)
    if (e->in_flight && e->use_http) {
        at = otel__net_deadline(&e->net);
    }
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    if (!e->in_flight && otel__engine_has_room(e)) {
        at = e->now;
    }
    if (e->flushes == 0 && e->collect_ns < at) {
        at = e->collect_ns;
    }
#endif
    return at;
}

/* Do everything that can be done without waiting. The caller holds the busy flag. */
OTEL__FN void otel__engine_step(otel__engine *e)
{
    uint32_t rounds;

#if !defined(OTEL_LITE_NO_METRICS)
    if (e->now >= e->collect_ns && e->flushes == 0) {
        otel__engine_collect(e); /* a flush reads by itself */
    }
#endif
    for (rounds = 0; rounds < OTEL__ENGINE_ROUNDS; rounds++) {
        if (e->in_flight) {
            if (!otel__engine_advance(e)) {
                break;
            }
        } else if (!otel__engine_start(e)) {
            break;
        }
    }
    otel__engine_tell_losses(e);
}

/* ---- src/sdk/host.h ---- */
/* host: the facts of this process and machine, the background thread, and waking it.
 * Used by sdk.h alone. The thread does nothing but step the engine and wait; it has a name, a small
 * stack and all signals blocked, so that the program's handlers never run on it.
 * Spec: semantic conventions "process", "host"; requirements R-06, R-14. */

#define OTEL__HOST_TEXT  256u          /* bytes of a fact, NUL included */
#define OTEL__HOST_STACK (64u * 1024u) /* of the thread; it uses less than 8 KiB */

/* What is known of where we run. */
#if !defined(OTEL_LITE_FREESTANDING)
typedef struct otel__host {
    char executable[OTEL__HOST_TEXT];
    char name[OTEL__HOST_TEXT];
    char instance[37]; /* a random UUID, text */
} otel__host;
#endif

/* ---- host: facts ---- */

#if !defined(OTEL_LITE_FREESTANDING)

/* Write 16 random bytes as a UUID of version 4. */
OTEL__FN void otel__host_uuid(char text[37], const uint8_t random[16])
{
    static const char hex[] = "0123456789abcdef";
    size_t            n = 0;
    size_t            i;

    for (i = 0; i < 16; i++) {
        uint8_t byte = random[i];
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[n++] = '-';
        }
        byte = i == 6 ? (uint8_t)((byte & 0x0fu) | 0x40u) : byte;
        byte = i == 8 ? (uint8_t)((byte & 0x3fu) | 0x80u) : byte;
        text[n++] = hex[byte >> 4];
        text[n++] = hex[byte & 15u];
    }
    text[n] = '\0';
}

/* The name of the running file, from the link the system keeps; empty when there is none. */
OTEL__FN void otel__host_executable(char text[OTEL__HOST_TEXT])
{
    char    path[1024];
    ssize_t n = -1;
    size_t  begin;
    size_t  length;
    ssize_t i;

#if defined(__linux__)
    n = readlink("/proc/self/exe", path, sizeof path);
#endif
    begin = 0;
    for (i = 0; i < n; i++) {
        begin = path[i] == '/' ? (size_t)i + 1u : begin;
    }
    length = n > 0 ? (size_t)n - begin : 0;
    length = length < OTEL__HOST_TEXT ? length : OTEL__HOST_TEXT - 1u;
    memcpy(text, path + begin, length);
    text[length] = '\0';
}

OTEL__FN void otel__host_read(otel__host *host, otel__resource_facts *facts)
{
    uint8_t random[16];

    memset(host, 0, sizeof *host);
    memset(facts, 0, sizeof *facts);
    otel__host_executable(host->executable);
    if (gethostname(host->name, sizeof host->name - 1u) != 0) {
        host->name[0] = '\0';
    }
    if (OTEL_LITE_ENTROPY(random, sizeof random)) {
        otel__host_uuid(host->instance, random);
        facts->instance_id = host->instance;
    }
    facts->executable = host->executable;
    facts->host_name = host->name;
    facts->pid = (int64_t)getpid();
}
#endif

/* ---- host: after fork ---- */

#if defined(OTEL__FORKS)

/* The attribute of that key in an encoded Resource, or NULL. */
OTEL__FN uint8_t *otel__host_find(const otel__out *resource, const char *key)
{
    const otel_attr wanted = otel_int(key, 0);
    uint8_t        *p = resource->buf;

    while (p < resource->buf + resource->len) {
        if (otel__kv_same_key(p, &wanted, strlen(key))) {
            return p;
        }
        p = (uint8_t *)(uintptr_t)otel__kv_end(p);
    }
    return NULL;
}

/* A child is another process: give its resource its own process.pid and, unless the user chose one,
 * service.instance.id. The buffer has room for the longest pid. */
OTEL__FN void otel__host_forked(otel__out *resource, const otel__resource_facts *facts,
                                const char *old_instance)
{
    const otel_attr pid = otel_int("process.pid", facts->pid);
    uint8_t        *p = otel__host_find(resource, "process.pid");

    if (p != NULL) {
        const uint8_t *end = otel__kv_end(p);
        const size_t   old = (size_t)(end - p);
        otel__kv       kv;
        uint64_t       high = 0;
        if (otel__kv_measure(&kv, &pid) &&
            resource->len - old + otel__kv_field_size(&kv) <= resource->cap) {
            memmove(p + otel__kv_field_size(&kv), end,
                    (size_t)(resource->buf + resource->len - end));
            (void)otel__kv_store(p, *p, &kv, &pid, &high);
            resource->len = resource->len - old + otel__kv_field_size(&kv);
        }
    }
    p = otel__host_find(resource, "service.instance.id");
    if (p != NULL && facts->instance_id != NULL) {
        const otel_attr a = otel__kv_attr(p);
        if (a.type == OTEL_TYPE_STRING && a.length == 36 &&
            memcmp(a.value.s, old_instance, 36) == 0) {
            memcpy((char *)(uintptr_t)a.value.s, facts->instance_id, 36);
        }
    }
}

#endif /* OTEL__FORKS */

/* ---- host: the background thread ---- */

#if !defined(OTEL_LITE_NO_THREADS)

typedef struct otel__thread {
    pthread_t id;
    otel__a32 running; /* 1 between start and join                    */
    otel__a32 stop;
    int       wake[2]; /* the end it waits on, the end that is written */
} otel__thread;

/* Make the descriptor that wakes the thread: an event counter, else a pipe. */
OTEL__FN bool otel__thread_wake_open(otel__thread *t)
{
#if defined(__linux__)
    t->wake[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->wake[1] = t->wake[0];
    return t->wake[0] >= 0;
#else
    int i;
    if (pipe(t->wake) != 0) {
        t->wake[0] = t->wake[1] = -1;
        return false;
    }
    for (i = 0; i < 2; i++) {
        (void)fcntl(t->wake[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(t->wake[i], F_SETFL, O_NONBLOCK);
    }
    return true;
#endif
}

OTEL__FN void otel__thread_wake_close(otel__thread *t)
{
    if (t->wake[1] >= 0 && t->wake[1] != t->wake[0]) {
        (void)close(t->wake[1]);
    }
    if (t->wake[0] >= 0) {
        (void)close(t->wake[0]);
    }
    t->wake[0] = t->wake[1] = -1;
}

/* Async-signal-safe: one write of one word, errno kept. */
OTEL__FN void otel__thread_wake(const otel__thread *t)
{
    const uint64_t one = 1;
    const int      saved = errno;
    const ssize_t  n = t->wake[1] >= 0 ? write(t->wake[1], &one, sizeof one) : 0;
    (void)n; /* full means that a wake-up is already there */
    errno = saved;
}

OTEL__FN void otel__thread_drain(const otel__thread *t)
{
    uint64_t      count;
    const ssize_t n = t->wake[0] >= 0 ? read(t->wake[0], &count, sizeof count) : 0;
    (void)n;
}

/* Start `body(user)` with every signal blocked and a small stack. */
OTEL__FN bool otel__thread_start(otel__thread *t, void *(*body)(void *), void *user)
{
    pthread_attr_t attr;
    sigset_t       all;
    sigset_t       old;
    bool           ok;

    if (pthread_attr_init(&attr) != 0) {
        return false;
    }
    (void)pthread_attr_setstacksize(&attr, OTEL__HOST_STACK);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    ok = pthread_create(&t->id, &attr, body, user) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void)pthread_attr_destroy(&attr);
    otel__a32_store(&t->running, ok ? 1u : 0u);
    return ok;
}

#endif /* OTEL_LITE_NO_THREADS */

/* ---- src/sdk/plan.h ---- */
/* plan: what an SDK consists of, and how its one block of memory is carved. One function carves and
 * measures, so that otel_memory_needed() is exact. Used by open.h.
 * Spec: requirements C-24, E-02, R-05. */

struct otel_sdk {
    otel__engine e;
#if !defined(OTEL_LITE_NO_TRACES)
    otel__trace trace;
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__metrics metrics;
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    otel__logs logs;
#endif
#if !defined(OTEL_LITE_NO_THREADS)
    otel__thread thread;
#endif
#if defined(OTEL__FORK_PAGE)
    otel__a32 *fork_page;
#endif
    otel__a32 closed; /* 1 from the first otel_close() on */
#if !defined(OTEL_LITE_FREESTANDING)
    otel__host host;
#endif
    size_t memory_bytes;
#if !defined(OTEL_LITE_NO_MALLOC)
    bool owned; /* the block came from OTEL_LITE_ALLOC */
#endif
};

/* ---- plan: carving the block ---- */

/* What otel_open() and otel_memory_needed() both work out first. */
typedef struct otel__plan {
    otel__env env;
#if !defined(OTEL_LITE_FREESTANDING)
    otel__host host;
#endif
    otel__resource_facts facts; /* firmware: none */
    otel__diag_sink      sink;
    size_t               resource; /* bytes of the encoded Resource */
} otel__plan;

#define OTEL__PLAN_SLACK 16u /* for a longer process.pid in a forked child */

OTEL__FN otel_status otel__plan_make(otel__plan *plan, const otel_options *options)
{
    otel__out   measure = otel__out_make(NULL, 0);
    otel_status status;

    otel__env_sink(options, &plan->sink);
    status = otel__env_resolve(options, &plan->env, &plan->sink);
    if (status < OTEL_OK) {
        return status;
    }
    if (plan->env.options.disabled || !plan->env.configured) {
        return OTEL_DISABLED;
    }
#if !defined(OTEL_LITE_FREESTANDING)
    otel__host_read(&plan->host, &plan->facts);
#endif
    otel__resource_encode(&measure, &plan->env.resource, &plan->facts, NULL);
    plan->resource = measure.len;
    if (otel__batch_overhead(plan->resource) + 64u > plan->env.options.max_request_bytes) {
        otel__diag(&plan->sink, OTEL_SEVERITY_ERROR,
                   "max_request_bytes: the resource attributes alone are larger", NULL, NULL);
        return OTEL_INVALID;
    }
    return OTEL_OK;
}

/* Whether anything is to be sent; else there is a manual reader alone. */
OTEL__FN bool otel__sdk_sends(const otel_options *o)
{
#if defined(OTEL_LITE_NO_READER)
    (void)o;
    return true;
#else
    return o->transport.send != NULL || o->endpoint != NULL;
#endif
}

OTEL__FN void otel__sdk_carve_ring(otel__arena *a, otel__ring *ring, uint32_t bytes,
                                   uint32_t max_records)
{
    const uint32_t capacity = otel__ring_capacity(bytes);
    uint8_t       *p = (uint8_t *)otel__arena_take(a, capacity, 1);
    if (p != NULL) {
        otel__ring_init(ring, p, capacity, max_records, 0);
    }
}

#if !defined(OTEL_LITE_NO_HTTP)
/* The client: its URL, paths, header lines and reply buffer. */
OTEL__FN void otel__sdk_carve_http(otel__arena *a, otel__engine *e, otel__plan *plan)
{
    const otel_options *o = &plan->env.options;
    const size_t        n_url = strlen(o->endpoint);
    const size_t        n_headers = otel__http_headers_need(otel__text_of(o->headers));
    char               *url = (char *)otel__arena_take(a, n_url + 1u, 1);
    char               *headers = (char *)otel__arena_take(a, n_headers + 1u, 1);
    char               *reply = (char *)otel__arena_take(a, OTEL__ENGINE_REPLY, 1);
    otel__text_buf      lines = { headers, n_headers, 0 };
    otel__net_config    config;
    uint32_t            i;

    memset(&config, 0, sizeof config);
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        e->pipes[i].path = (char *)otel__arena_take(a, n_url + 16u, 1);
    }
    if (!otel__arena_fits(a)) {
        return;
    }
    memcpy(url, o->endpoint, n_url + 1u);
    (void)otel__http_url_parse(otel__text_make(url, n_url), &config.url); /* was valid: env.h */
    otel__env_headers(&plan->env, &lines, &plan->sink);
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        (void)otel__http_path(&config.url, otel__engine_paths[(uint32_t)OTEL__ENGINE_FIRST + i],
                              e->pipes[i].path, n_url + 16u);
    }
    config.headers = otel__text_make(headers, lines.len);
    config.timeout_ms = o->timeout_ms == UINT32_MAX ? 0 : o->timeout_ms;
    config.reply_max = 4u * 1024u * 1024u; /* H-25 */
    config.reply = reply;
    config.reply_cap = OTEL__ENGINE_REPLY;
    otel__net_init(&e->net, &config);
    e->use_http = true;
}
#endif

#if !defined(OTEL_LITE_NO_METRICS)
OTEL__FN OTEL__NOINLINE void otel__sdk_carve_metrics(otel__arena *a, otel__metrics *m,
                                                     const otel_options *o)
{
    m->max_instruments = o->max_instruments;
    m->max_callbacks = o->max_callbacks;
    m->readers[OTEL__READER_PUSH].on = otel__sdk_sends(o);
    m->readers[OTEL__READER_PUSH].temporality = o->temporality;
    m->readers[OTEL__READER_PUSH].histogram_aggregation = o->histogram_aggregation;
    m->readers[OTEL__READER_PUSH].max_series = o->max_series;
#if !defined(OTEL_LITE_NO_READER)
    m->readers[OTEL__READER_MANUAL].on = o->manual_reader;
    m->readers[OTEL__READER_MANUAL].temporality = o->manual_temporality;
    m->readers[OTEL__READER_MANUAL].histogram_aggregation = o->manual_histogram_aggregation;
    m->readers[OTEL__READER_MANUAL].max_series = o->manual_max_series;
#endif
#if !defined(OTEL_LITE_NO_VIEWS)
    m->views = o->views;
    m->n_views = o->views != NULL ? o->n_views : 0;
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    m->exemplar_filter = o->exemplar_filter;
#endif
    m->exponential_max_size = o->exponential_max_size;
    m->drop_instruments = o->drop_instruments;
    otel__sdk_carve_ring(a, &m->ring, o->metric_queue_bytes, 0x7fffffffu);
    otel__metrics_init(m, a, o->series_bytes);
}
#endif

/* Take every piece of the block. In an arena without bytes `sdk` is a scratch object. */
OTEL__FN void otel__sdk_carve(otel__arena *a, otel_sdk *sdk, otel__plan *plan)
{
    const otel_options *o = &plan->env.options;
    otel__recorder     *r = &sdk->e.r;
    uint8_t            *text;

    r->scopes = (otel_scope *)otel__arena_take(a, o->max_scopes, sizeof *r->scopes);
    text = (uint8_t *)otel__arena_take(a, o->text_bytes, 1);
    r->text = otel__arena_make(text, o->text_bytes);
    sdk->e.resource.cap = plan->resource + OTEL__PLAN_SLACK;
    sdk->e.resource.buf = (uint8_t *)otel__arena_take(a, sdk->e.resource.cap, 1);
    sdk->e.batch.cap = o->max_request_bytes;
    sdk->e.batch.buf = (uint8_t *)otel__arena_take(a, sdk->e.batch.cap, 1);
#if !defined(OTEL_LITE_NO_TRACES)
    otel__sdk_carve_ring(a, &sdk->trace.ring, o->span_queue_bytes, o->span_queue);
    otel__trace_init(&sdk->trace, a, r, o->max_open_spans, o->span_chunks);
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__sdk_carve_metrics(a, &sdk->metrics, o);
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    otel__sdk_carve_ring(a, &sdk->logs.ring, o->log_queue_bytes, o->log_queue);
#endif
#if !defined(OTEL_LITE_NO_HTTP)
    if (o->transport.send == NULL && o->endpoint != NULL) {
        otel__sdk_carve_http(a, &sdk->e, plan);
    }
#endif
}

/* Clear `sdk`, the beginning of a block of `size` bytes, all zero, and carve that. Returns the
 * bytes of the whole block for the plan; with size 0 nothing but `sdk` is written, to measure. */
OTEL__FN size_t otel__sdk_lay_out(otel__plan *plan, otel_sdk *sdk, size_t size)
{
    otel__arena block = otel__arena_make(sdk, size);

    memset(sdk, 0, sizeof *sdk);
    (void)otel__arena_take(&block, 1, sizeof *sdk);
    otel__sdk_carve(&block, sdk, plan);
    return block.used;
}

OTEL_API size_t otel_memory_needed(const otel_options *options)
{
    otel__plan plan;
    otel_sdk   scratch;

    if (otel__plan_make(&plan, options) != OTEL_OK) {
        return 0;
    }
    return otel__sdk_lay_out(&plan, &scratch, 0);
}

/* ---- src/sdk/fork.h ---- */
/* fork: what a forked child starts with: the instruments and the configuration, nothing else.
 * Ids are seeded anew, queues are empty, series start at zero, the parent's socket is only let
 * go of. Runs once in the child, before the first call there does anything: see
 * otel__recorder_live().
 * Spec: requirements B-11, T-37, M-70. */

/* Seed what must differ between processes and between devices: ids, hashes, waits. */
#if defined(OTEL_LITE_NO_TRACES) && !defined(OTEL_LITE_EXEMPLARS) &&                               \
    (defined(OTEL_LITE_NO_METRICS) || defined(OTEL_LITE_SERIES_LIST))
OTEL__FN bool otel__sdk_seed(otel_sdk *sdk)
{
    return OTEL_LITE_ENTROPY(&sdk->e.random, sizeof sdk->e.random); /* no ids, hashes, samples */
}
#else
OTEL__FN bool otel__sdk_seed(otel_sdk *sdk)
{
    uint8_t bytes[40];
    size_t  i;

    if (!OTEL_LITE_ENTROPY(bytes, sizeof bytes)) {
        return false;
    }
    for (i = 0; i < 4; i++) {
        sdk->e.r.seed[i] = otel__pb_load_le64(bytes + 8 * i); /* the same on every byte order */
    }
    sdk->e.random = (uint32_t)otel__pb_load_le64(bytes + 32);
    return true;
}
#endif

#if defined(OTEL__FORKS)
/* In a forked child, before anything else is done there: another process, with nothing inherited
 * but the instruments and the configuration. Runs once, while every other caller is held off. */
OTEL__FN void otel__sdk_forked(otel__recorder *r)
{
    otel_sdk            *sdk = r->sdk;
    otel__resource_facts facts;
    char                 old_instance[37];
    uint32_t             i;

    memcpy(old_instance, sdk->host.instance, sizeof old_instance);
    otel__host_read(&sdk->host, &facts);
    otel__host_forked(&sdk->e.resource, &facts, old_instance);
    (void)otel__sdk_seed(sdk); /* entropy was there when the parent opened */
    memset(&r->losses, 0, sizeof r->losses);
    otel__a64_put(&r->serial, 0);
    otel__a32_put(&r->lock, 0);
    otel__a32_put(&r->sleeping, 0);
#if !defined(OTEL_LITE_NO_HTTP)
    if (sdk->e.use_http) {
        otel__net_forget(&sdk->e.net);
    }
#endif
#if !defined(OTEL_LITE_NO_THREADS)
    otel__a32_put(&sdk->thread.running, 0);
    otel__thread_wake_close(&sdk->thread);
#endif
#if !defined(OTEL_LITE_NO_TRACES)
    otel__trace_forget(&sdk->trace);
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__metrics_forget(&sdk->metrics);
    otel__observe_forget(&sdk->metrics);
    sdk->e.collect.series = 0;
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    otel__ring_reset(&sdk->logs.ring);
#endif
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        otel__pipe *pipe = &sdk->e.pipes[i];
        memset(pipe->dropped, 0, sizeof pipe->dropped);
        otel__a64_put(&pipe->delivered, 0);
        pipe->attempt = 0;
        pipe->resend = 0;
        pipe->failures = 0;
        pipe->retry_ns = 0;
    }
    sdk->e.in_flight = false;
    sdk->e.behind = false;
#if !defined(OTEL_LITE_NO_THREADS)
    sdk->e.wakes = false; /* no thread came along */
#endif
    sdk->e.flushes = 0;
    sdk->e.reading = 0;
    otel__a32_put(&sdk->e.lost, 0);
    sdk->e.reading_on = false;
    otel__a64_put(&sdk->e.requests, 0);
    otel__a64_put(&sdk->e.failed, 0);
    otel__a32_put(&sdk->e.answer, OTEL__ANSWER_NONE);
    otel__a32_put(&sdk->e.busy, 0);
    otel__a32_store(r->live,
                    otel__a32_peek(&sdk->closed) != 0 ? OTEL__LIVE_CLOSED : OTEL__LIVE_OPEN);
}
#endif

/* ---- fork: being told, where no page can be marked ---- */

#if !defined(OTEL_LITE_NO_FORK) && !defined(OTEL_LITE_NO_THREADS)

#define OTEL__FORK_SDKS 8u /* SDKs open at once that this way covers */

/* pthread_atfork() handlers cannot be taken back and get no argument: hence one static list. */
static otel__aptr otel__fork_list[OTEL__FORK_SDKS];
static otel__a32  otel__fork_installed;

OTEL__FN void otel__fork_child(void)
{
    uint32_t i;
    for (i = 0; i < OTEL__FORK_SDKS; i++) {
        otel__recorder *r = (otel__recorder *)otel__aptr_load(&otel__fork_list[i]);
        if (r != NULL) {
            otel__a32_store(r->live, OTEL__LIVE_FORKED);
        }
    }
}

/* Have the recorder told of forks. */
OTEL__FN bool otel__fork_watch(otel__recorder *r)
{
    uint32_t i;

    if (otel__a32_swap(&otel__fork_installed, 1u) == 0 &&
        pthread_atfork(NULL, NULL, otel__fork_child) != 0) {
        otel__a32_store(&otel__fork_installed, 0);
        return false;
    }
    for (i = 0; i < OTEL__FORK_SDKS; i++) {
        void *none = NULL;
        if (otel__aptr_cas(&otel__fork_list[i], &none, r)) {
            return true;
        }
    }
    return false;
}

OTEL__FN void otel__fork_unwatch(otel__recorder *r)
{
    uint32_t i;
    for (i = 0; i < OTEL__FORK_SDKS; i++) {
        void *mine = r;
        if (otel__aptr_cas(&otel__fork_list[i], &mine, NULL)) {
            return;
        }
    }
}

#else
OTEL__FN bool otel__fork_watch(otel__recorder *r)
{
    (void)r;
    return false;
}
OTEL__FN void otel__fork_unwatch(otel__recorder *r) { (void)r; }
#endif

/* ---- src/sdk/open.h ---- */
/* open: otel_open(): resolves the settings, takes the block, wires the parts together.
 * Everything that can fail fails here, with a status and a diagnostic; recording cannot.
 * Spec: trace/sdk.md "Tracer Provider"; requirements C-23, C-24, H-05, B-09. */

#if !defined(OTEL_LITE_NO_MALLOC)
#if !defined(OTEL_LITE_ALLOC)
#define OTEL_LITE_ALLOC(bytes) calloc(1, bytes) /* zeroed; fresh pages stay untouched */
#define OTEL_LITE_FREE(p)      free(p)
#endif
#endif

/* ---- open ---- */

OTEL__FN void otel__sdk_pipe(otel__engine *e, otel_signal signal, otel__ring *ring, uint32_t batch,
                             uint32_t delay_ms)
{
    otel__pipe *pipe = &e->pipes[otel__engine_at(signal)];

    pipe->ring = ring;
    pipe->batch = batch;
    pipe->delay_ns = otel__sdk_ns(delay_ms);
    pipe->due_ns = e->now + pipe->delay_ns;
}

/* Connect the signals with their ways out. */
OTEL__FN void otel__sdk_wire_pipes(otel_sdk *sdk, const otel_options *o)
{
    otel__engine *e = &sdk->e;

#if !defined(OTEL_LITE_NO_TRACES)
    sdk->trace.batch = o->span_delay_ms == 0 ? 1u : o->span_batch;
    e->r.trace = &sdk->trace;
    otel__sdk_pipe(e, OTEL_SIGNAL_TRACES, &sdk->trace.ring, o->span_batch, o->span_delay_ms);
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__sdk_pipe(e, OTEL_SIGNAL_METRICS, &sdk->metrics.ring, 0x7fffffffu, UINT32_MAX);
    e->pipes[OTEL__ENGINE_METRICS].whole = true;
    e->interval_ns = otel__sdk_ns(o->metric_interval_ms);
    e->collect_ns = e->now + e->interval_ns;
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    sdk->logs.batch = o->log_delay_ms == 0 ? 1u : o->log_batch;
    e->r.logs = &sdk->logs;
    otel__sdk_pipe(e, OTEL_SIGNAL_LOGS, &sdk->logs.ring, o->log_batch, o->log_delay_ms);
#endif
}

/* Connect recorder, pipes and transport. */
OTEL__FN void otel__sdk_wire(otel_sdk *sdk, const otel_options *o)
{
    otel__engine   *e = &sdk->e;
    otel__recorder *r = &e->r;

    (void)otel__engine_enter(e); /* nobody else can be inside: sets the clocks */
    r->sdk = sdk;
#if !defined(OTEL_LITE_NO_TRACES) || !defined(OTEL_LITE_NO_LOGS)
    r->attribute_limit = o->attribute_limit;
#endif
    r->max_scopes = o->max_scopes;
#if !defined(OTEL_LITE_NO_METRICS)
    r->metrics = &sdk->metrics;
#endif
    e->transport = o->transport;
    e->collect_ns = OTEL__ENGINE_NEVER;
    if (otel__sdk_sends(o)) {
        otel__sdk_wire_pipes(sdk, o);
    }
    otel__engine_leave(e);
}

OTEL__FN void otel__sdk_wake(otel__recorder *r)
{
#if !defined(OTEL_LITE_NO_THREADS) && !defined(OTEL_LITE_NO_WAKE)
    otel__thread_wake(&r->sdk->thread);
#else
    (void)r;
#endif
}

#if !defined(OTEL_LITE_NO_THREADS)
/* The background thread: step, wait, until it is told to stop. */
OTEL__FN void *otel__sdk_thread(void *user)
{
    otel_sdk     *sdk = (otel_sdk *)user;
    struct pollfd fds[2];

#if defined(__linux__)
    (void)prctl(PR_SET_NAME, "otel_lite", 0, 0, 0);
#endif
    while (otel__a32_load(&sdk->thread.stop) == 0) {
        const uint32_t ms = otel_poll(sdk);
        const size_t   n = otel_poll_fds(sdk, fds, 2);
        if (ms > 0 && otel__a32_load(&sdk->thread.stop) == 0) {
            OTEL_LITE_WAIT(fds, n, ms < 0x7fffffffu ? ms : 0x7fffffffu);
            if (n > 0 && (fds[0].revents & POLLIN) != 0) {
                otel__thread_drain(&sdk->thread);
            }
        }
    }
    return NULL;
}
#endif

/* Start the thread if one is asked for; without threads otel__sdk_check() has refused. */
OTEL__FN bool otel__sdk_start_thread(otel_sdk *sdk, const otel_options *o)
{
#if defined(OTEL_LITE_NO_THREADS)
    (void)sdk;
    (void)o;
    return true;
#else
    if (!o->background) {
        return true;
    }
#if !defined(OTEL_LITE_NO_WAKE)
    sdk->e.wakes = true;
#endif
    return otel__thread_wake_open(&sdk->thread) &&
           otel__thread_start(&sdk->thread, otel__sdk_thread, sdk);
#endif
}

/* Where the recorder's state word lives: in the page a child finds wiped, else in the block. */
OTEL__FN void otel__sdk_make_live(otel_sdk *sdk)
{
    otel__recorder *r = &sdk->e.r;

    r->live = &r->live_local;
#if !defined(OTEL_LITE_NO_THREADS)
    r->wake = otel__sdk_wake;
#endif
#if defined(OTEL__FORKS)
    r->forked = otel__sdk_forked;
#endif
#if defined(OTEL__FORK_PAGE)
    sdk->fork_page = otel__platform_fork_page();
    if (sdk->fork_page != NULL) {
        r->live = sdk->fork_page;
    }
#endif
    otel__a32_store(r->live, OTEL__LIVE_OPEN);
#if defined(OTEL__FORKS)
    if (r->live == &r->live_local && !otel__fork_watch(r)) {
        otel__diag(&r->sink, OTEL_SEVERITY_WARN,
                   "fork is not noticed here: a child must not use the SDK", NULL, NULL);
    }
#endif
}

/* The block: the user's, zeroed, or a new one. NULL when there is none large enough. The user's is
 * measured with its own first bytes as scratch: a microcontroller's stack is small. */
OTEL__FN void *otel__sdk_block(otel__plan *plan, size_t *need)
{
    const otel_options *o = &plan->env.options;

    if (o->memory != NULL) {
        if (o->memory_bytes < sizeof(otel_sdk) ||
            ((uintptr_t)o->memory & (OTEL__ARENA_ALIGN - 1u)) != 0) {
            return NULL;
        }
        *need = otel__sdk_lay_out(plan, (otel_sdk *)o->memory, 0);
        if (o->memory_bytes < *need) {
            return NULL;
        }
        memset(o->memory, 0, *need);
        return o->memory;
    }
#if defined(OTEL_LITE_NO_MALLOC)
    return NULL;
#else
    {
        otel_sdk scratch;
        *need = otel__sdk_lay_out(plan, &scratch, 0);
        return OTEL_LITE_ALLOC(*need);
    }
#endif
}

OTEL__FN otel_status otel__sdk_check(const otel_options *o)
{
#if defined(OTEL_LITE_NO_THREADS)
    if (o->background) {
        return OTEL_UNSUPPORTED;
    }
#endif
#if defined(OTEL_LITE_NO_READER)
    if (o->manual_reader) {
        return OTEL_UNSUPPORTED;
    }
#endif
#if defined(OTEL_LITE_NO_VIEWS)
    if (o->views != NULL) {
        return OTEL_UNSUPPORTED;
    }
#endif
    if (o->transport.send != NULL || (o->endpoint == NULL && o->manual_reader)) {
        return OTEL_OK;
    }
#if defined(OTEL_LITE_NO_HTTP)
    return OTEL_UNSUPPORTED;
#else
    otel__http_url url;
    if (otel__http_url_parse(otel__text_of(o->endpoint), &url) != OTEL__HTTP_URL_OK || url.https) {
        return OTEL_UNSUPPORTED; /* H-05: never plain where TLS was asked for */
    }
    return OTEL_OK;
#endif
}

OTEL__FN otel_sdk *otel__sdk_open(otel__plan *plan, otel_status *status)
{
    const otel_options *o = &plan->env.options;
    size_t              need = 0;
    otel_sdk           *sdk;

    *status = otel__sdk_check(o);
    if (*status != OTEL_OK) {
        return NULL;
    }
    sdk = (otel_sdk *)otel__sdk_block(plan, &need);
    if (sdk == NULL) {
        *status = OTEL_NO_MEMORY;
        return NULL;
    }
    (void)otel__sdk_lay_out(plan, sdk, need);
    sdk->memory_bytes = need;
#if !defined(OTEL_LITE_NO_MALLOC)
    sdk->owned = o->memory == NULL;
#endif
#if !defined(OTEL_LITE_NO_DIAGNOSTICS)
    sdk->e.r.sink = plan->sink;
#endif
#if !defined(OTEL_LITE_FREESTANDING)
    sdk->host = plan->host;
#endif
    otel__resource_encode(&sdk->e.resource, &plan->env.resource, &plan->facts, &sdk->e.r.sink);
    otel__sdk_wire(sdk, o);
    otel__sdk_make_live(sdk);
#if !defined(OTEL_LITE_NO_THREADS)
    sdk->thread.wake[0] = sdk->thread.wake[1] = -1;
#endif
    if (!otel__sdk_seed(sdk) || !otel__sdk_start_thread(sdk, o)) {
        *status = OTEL_SYSTEM;
        otel_release(sdk);
        return NULL;
    }
    return sdk;
}

OTEL_API otel_sdk *otel_open(const otel_options *options)
{
    otel__plan  plan;
    otel_sdk   *sdk = NULL;
    otel_status status;
#if !defined(OTEL_LITE_FREESTANDING)
    const int saved = errno;
#endif

    status = otel__plan_make(&plan, options);
    if (status == OTEL_OK) {
        sdk = otel__sdk_open(&plan, &status);
        if (sdk == NULL) {
            otel__diag(&plan.sink, OTEL_SEVERITY_ERROR, "otel_open: ", otel_status_text(status),
                       NULL);
        }
    }
    if (plan.env.options.status != NULL) {
        *plan.env.options.status = status;
    }
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return sdk;
}

/* ---- src/sdk/run.h ---- */
/* run: otel_poll(), otel_flush(), otel_close(), otel_release(): the doors to the engine, each of
 * which keeps errno. Flush and close are the same machine with a deadline.
 * Spec: trace/sdk.md, metrics/sdk.md, logs/sdk.md "Shutdown", "ForceFlush"; requirements
 * B-05..B-08. */

/* ---- run: stepping ---- */

/* Milliseconds from `now` to `at`, rounded up: woken a little late, never in vain. */
OTEL__FN uint32_t otel__sdk_wait_ms(uint64_t at, uint64_t now)
{
    uint64_t left = at > now ? at - now : 0;
#if defined(OTEL_LITE_FREESTANDING) /* a 64-bit division would be linked for this alone */
    left = left < (uint64_t)1 << 38 ? left : ((uint64_t)1 << 38) - 1u; /* 274 s are enough */
    return left > 0 ? (uint32_t)((uint64_t)(uint32_t)(left >> 6) * 274878u >> 32) + 1u : 0u;
#else
    left = left / 1000000u + (left % 1000000u > 0 ? 1u : 0u);
    return left < 0xffffffffu ? (uint32_t)left : 0xfffffffeu;
#endif
}

/* Say whether a full batch is to wake the thread from now on. */
OTEL__FN void otel__sdk_sleep(otel__engine *e, bool sleeping)
{
    if (otel__engine_wakes(e)) {
        (void)otel__a32_swap(&e->r.sleeping, sleeping ? 1u : 0u);
    }
}

/* One step of the engine, which the caller has entered. Returns the wait. */
OTEL__FN uint32_t otel__sdk_step(otel__engine *e)
{
    otel__sdk_sleep(e, false);
    otel__engine_step(e);
    otel__sdk_sleep(e, true); /* from here on a full batch wakes the thread, or is seen here */
    return otel__sdk_wait_ms(otel__engine_wanted(e), e->now);
}

OTEL_API uint32_t otel_poll(otel_sdk *sdk)
{
    uint32_t ms = 1;
#if !defined(OTEL_LITE_FREESTANDING)
    const int saved = errno;
#endif

    if (sdk == NULL || !otel__recorder_live(&sdk->e.r)) {
        return UINT32_MAX;
    }
    if (otel__engine_enter(&sdk->e)) {
        ms = otel__sdk_step(&sdk->e);
        otel__engine_leave(&sdk->e);
    }
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return ms;
}

#if !defined(OTEL_LITE_FREESTANDING)
/* The socket of the request under way, unless somebody is stepping, who then looks after it. */
OTEL__FN size_t otel__sdk_socket(otel_sdk *sdk, struct pollfd *fd)
{
    size_t n = 0;
#if !defined(OTEL_LITE_NO_HTTP)
    if (otel__engine_enter(&sdk->e)) {
        n = sdk->e.use_http && otel__net_pollfd(&sdk->e.net, fd) ? 1u : 0u;
        otel__engine_leave(&sdk->e);
    }
#else
    (void)sdk;
    (void)fd;
#endif
    return n;
}

OTEL_API size_t otel_poll_fds(otel_sdk *sdk, struct pollfd *fds, size_t capacity)
{
    size_t n = 0;

    if (sdk == NULL || fds == NULL || !otel__recorder_live(&sdk->e.r)) {
        return 0;
    }
#if !defined(OTEL_LITE_NO_THREADS)
    if (n < capacity && sdk->thread.wake[0] >= 0) {
        fds[n].fd = sdk->thread.wake[0];
        fds[n].events = POLLIN;
        fds[n].revents = 0;
        n++;
    }
#endif
    return n < capacity ? n + otel__sdk_socket(sdk, &fds[n]) : n;
}
#endif

/* Have the background thread look again, whatever it waits for. */
OTEL__FN void otel__sdk_nudge(otel_sdk *sdk)
{
    otel__sdk_sleep(&sdk->e, false);
    otel__sdk_wake(&sdk->e.r);
}

OTEL_API void otel_transport_complete(otel_request *request, otel_transport_result result)
{
    otel_sdk *sdk = request != NULL ? request->sdk : NULL; /* once: the answer ends the request */
    uint32_t  expected = OTEL__ANSWER_WAIT;

    if (sdk != NULL && (unsigned)result < (unsigned)OTEL_TRANSPORT_PENDING &&
        otel__a32_cas(&sdk->e.answer, &expected, OTEL__ANSWER_RESULT + (uint32_t)result)) {
        otel__sdk_nudge(sdk);
    }
}

/* ---- run: flush and close ---- */

/* A deadline as nanoseconds. */
OTEL__FN uint64_t otel__sdk_limit(uint32_t timeout_ms)
{
    return otel__sdk_ns(timeout_ms == OTEL_NO_LIMIT ? UINT32_MAX
                        : timeout_ms == OTEL_ZERO   ? 0
                                                    : timeout_ms);
}

#define OTEL__FLUSH_NAP 10u /* ms: another thread's steps and answers are looked at this often */

/* Wait a moment for a socket, or for whoever else steps. */
OTEL__FN void otel__sdk_nap(otel_sdk *sdk, uint32_t ms)
{
    ms = ms < OTEL__FLUSH_NAP ? ms : OTEL__FLUSH_NAP;
#if defined(OTEL_LITE_FREESTANDING)
    (void)sdk;
    OTEL_LITE_WAIT(NULL, 0, ms);
#else
    {
        struct pollfd fd;
        const size_t  n = otel__sdk_socket(sdk, &fd);
        OTEL_LITE_WAIT(&fd, n, ms);
    }
#endif
}

/* What one flush waits for: records ever taken from each ring. On its caller's stack. */
typedef struct otel__flush {
    uint32_t to[OTEL__ENGINE_PIPES];
    uint32_t steps; /* enough without answers to wait for: a request takes a record or more */
    uint32_t ms;    /* wait that the last step asked for                                    */
    bool     begun;
    bool     reads; /* metrics are being read still                                         */
} otel__flush;

/* Mark what is queued now as what this flush waits for, and let it be tried at once. */
OTEL__FN void otel__sdk_flush_begin(otel__engine *e, otel__flush *flush)
{
    uint32_t i;

    e->flushes++;
    flush->begun = true;
    flush->steps = 2;
#if !defined(OTEL_LITE_NO_METRICS)
    if (otel__pipe_is_on(&e->pipes[OTEL__ENGINE_METRICS])) {
        otel__engine_collect(e);
    }
#endif
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        otel__pipe *pipe = &e->pipes[i];
        if (otel__pipe_is_on(pipe)) {
            flush->to[i] = otel__ring_head_load(pipe->ring).count;
            flush->steps += 1u + otel__ring_queued(pipe->ring) / (OTEL__ENGINE_ROUNDS / 4u);
            pipe->retry_ns = 0;
        }
    }
}

/* Whether everything that the flush waits for has left the queues. A reading of metrics that was
 * superseded is not delivered: the newest one counts, whoever made it. */
OTEL__FN bool otel__sdk_flushed(const otel__engine *e, const otel__flush *flush)
{
    bool     all = !e->behind && !e->reading_on;
    uint32_t i;

    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        const otel__pipe *pipe = &e->pipes[i];
        const uint32_t    to = i == OTEL__ENGINE_METRICS ? e->reading : flush->to[i];
        if (otel__pipe_is_on(pipe)) {
            const uint32_t left = to - otel__a32_peek(&pipe->ring->taken);
            all = all && (left == 0 || left >= 0x80000000u); /* counted modulo 2^32 */
        }
    }
    return all;
}

/* One step for a flush; the first one begins it. Returns whether that is done. */
OTEL__FN bool otel__sdk_flush_step(otel__engine *e, otel__flush *flush)
{
    bool done;

    flush->ms = 1;
    if (!otel__engine_enter(e)) {
        return false;
    }
    if (!flush->begun) {
        otel__sdk_flush_begin(e, flush);
#if !defined(OTEL_LITE_NO_HTTP)
        e->now = otel__mono_ns(); /* callbacks took their time: not from the request's timeout */
#endif
    }
    flush->ms = otel__sdk_step(e);
#if !defined(OTEL_LITE_NO_METRICS)
    if (e->behind && !e->reading_on) {
        otel__engine_collect(e);
    }
#endif
    flush->reads = e->reading_on;
    done = otel__sdk_flushed(e, flush);
    otel__engine_leave(e);
    return done;
}

/* This caller waits no more: what is left goes out in its own time. */
OTEL__FN void otel__sdk_flush_end(otel_sdk *sdk)
{
    while (!otel__engine_enter(&sdk->e)) {
        if (otel__a32_load(sdk->e.r.live) != OTEL__LIVE_OPEN) {
            return; /* closed by another thread, which keeps the engine */
        }
        otel__sdk_nap(sdk, 1); /* a step of another thread: it never waits itself */
    }
    sdk->e.flushes--;
    otel__engine_leave(&sdk->e);
    otel__sdk_nudge(sdk); /* the request under way is the thread's again */
}

/* The loop of a flush that has `limit` ns from `begin`. */
OTEL__FN otel_status otel__sdk_flush_wait(otel_sdk *sdk, otel__flush *flush, uint64_t limit)
{
    const uint64_t begin = otel__mono_ns();

    while (!otel__sdk_flush_step(&sdk->e, flush)) {
        uint64_t passed;
        if (otel__a32_load(sdk->e.r.live) != OTEL__LIVE_OPEN) {
            return OTEL_TIMEOUT; /* closed by another thread: what was left is counted there */
        }
        passed = otel__mono_ns() - begin;
        if (passed >= limit &&
            (limit > 0 || flush->ms > 0 || (!flush->reads && flush->steps-- == 0))) {
            return OTEL_TIMEOUT; /* without any time: everything that needs no waiting is done */
        }
        if (flush->ms > 0) {
            const uint32_t left = otel__sdk_wait_ms(limit, passed);
            otel__sdk_nap(sdk, flush->ms < left ? flush->ms : left);
        }
    }
    return OTEL_OK;
}

OTEL__FN otel_status otel__sdk_flush(otel_sdk *sdk, uint32_t timeout_ms)
{
    const uint32_t lost = otel__a32_peek(&sdk->e.lost);
    otel__flush    flush;
    otel_status    status;

    flush.begun = false; /* the steps set the rest */
    status = otel__sdk_flush_wait(sdk, &flush, otel__sdk_limit(timeout_ms));
    if (flush.begun) {
        otel__sdk_flush_end(sdk);
    }
    return status == OTEL_OK && otel__a32_peek(&sdk->e.lost) != lost ? OTEL_LOST : status;
}

#if !defined(OTEL_LITE_NO_METRICS)
/* One try to read all metrics. */
OTEL__FN otel_status otel__sdk_collect(otel_sdk *sdk)
{
    otel_status status;

    if (!otel__engine_enter(&sdk->e)) {
        return OTEL_TIMEOUT;
    }
    otel__engine_collect(&sdk->e);
    status = sdk->e.behind ? OTEL_TIMEOUT : OTEL_OK;
    otel__engine_leave(&sdk->e);
    otel__sdk_nudge(sdk);
    return status;
}
#endif

OTEL_API otel_status otel_collect(otel_sdk *sdk, uint32_t timeout_ms)
{
#if defined(OTEL_LITE_NO_METRICS)
    (void)sdk;
    (void)timeout_ms;
    return OTEL_DISABLED;
#else
    const uint64_t limit = otel__sdk_limit(timeout_ms);
    const uint64_t begin = otel__mono_ns();
    otel_status    status = OTEL_DISABLED;

    while (sdk != NULL && otel__recorder_live(&sdk->e.r) &&
           otel__pipe_is_on(&sdk->e.pipes[OTEL__ENGINE_METRICS])) { /* not a manual reader alone */
        status = otel__sdk_collect(sdk);
        if (status != OTEL_TIMEOUT || otel__mono_ns() - begin >= limit) {
            break;
        }
        otel__sdk_nap(sdk, 1);
    }
    return status;
#endif
}

OTEL_API otel_status otel_flush(otel_sdk *sdk, uint32_t timeout_ms)
{
    otel_status status;
#if !defined(OTEL_LITE_FREESTANDING)
    const int saved = errno;
#endif

    if (sdk == NULL || !otel__recorder_live(&sdk->e.r)) {
        return OTEL_DISABLED;
    }
    status = otel__sdk_flush(sdk, timeout_ms);
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return status;
}

OTEL__FN void otel__sdk_stop_thread(otel_sdk *sdk)
{
#if !defined(OTEL_LITE_NO_THREADS)
    if (otel__a32_swap(&sdk->thread.running, 0) == 1u) {
        otel__a32_store(&sdk->thread.stop, 1u);
        otel__thread_wake(&sdk->thread);
        (void)pthread_join(sdk->thread.id, NULL);
    }
#else
    (void)sdk;
#endif
}

/* Count what is left in the queues as lost, and let go of the system. */
OTEL__FN void otel__sdk_shut(otel_sdk *sdk)
{
    uint32_t i;

    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        otel__pipe *pipe = &sdk->e.pipes[i];
        if (otel__pipe_is_on(pipe)) {
            otel__engine_drop(pipe, 0, OTEL_DROP_SHUTDOWN);
        }
    }
#if !defined(OTEL_LITE_NO_METRICS)
    if (sdk->e.reading_on) { /* what it did not get to would have been a record each, at least */
        otel__a64_bump(&sdk->e.pipes[OTEL__ENGINE_METRICS].dropped[OTEL_DROP_SHUTDOWN],
                       otel__collect_left(&sdk->e.collect));
    }
#endif
#if !defined(OTEL_LITE_NO_HTTP)
    if (sdk->e.use_http) {
        otel__net_close(&sdk->e.net);
    }
#endif
    otel__sdk_sleep(&sdk->e, false); /* the wake-up's descriptor stays until the release:
                                               a recording call may be about to write to it */
}

OTEL_API otel_status otel_close(otel_sdk *sdk, uint32_t timeout_ms)
{
    otel_status status;
#if !defined(OTEL_LITE_FREESTANDING)
    const int saved = errno;
#endif

    if (sdk == NULL) {
        return OTEL_DISABLED;
    }
#if defined(OTEL__FORKS)
    (void)otel__recorder_live(&sdk->e.r); /* a forked child settles first */
#endif
    if (otel__a32_swap(&sdk->closed, 1u) != 0) {
        return OTEL_OK;
    }
    otel__sdk_stop_thread(sdk);
    status = otel__sdk_flush(sdk, timeout_ms);
    while (!otel__engine_enter(&sdk->e)) { /* kept: nobody steps a closed engine */
        otel__sdk_nap(sdk, 1);
    }
    otel__a32_store(sdk->e.r.live, OTEL__LIVE_CLOSED);
    otel__sdk_shut(sdk);
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return status;
}

OTEL_API void otel_release(otel_sdk *sdk)
{
    if (sdk == NULL) {
        return;
    }
    (void)otel_close(sdk, 0);
    otel__fork_unwatch(&sdk->e.r);
#if !defined(OTEL_LITE_NO_THREADS)
    otel__thread_wake_close(&sdk->thread);
#endif
#if defined(OTEL__FORK_PAGE)
    otel__platform_fork_page_free(sdk->fork_page);
#endif
#if !defined(OTEL_LITE_NO_MALLOC)
    if (sdk->owned) {
        OTEL_LITE_FREE(sdk);
    }
#endif
}

/* ---- src/sdk/read.h ---- */
/* read: otel_read(), the door of the second reader, and otel_attrs_find(), which looks at what it
 * shows. One reading at a time is made, whoever asks: the thread that reads holds the engine.
 * Spec: metrics/sdk.md "MetricReader", "Collect". */

#if !defined(OTEL_LITE_NO_METRICS)

OTEL_API const otel_attr *otel_attrs_find(otel_attrs attrs, const char *key)
{
    const size_t n = key != NULL ? otel__text_length(key) : 0;
    size_t       i = attrs.items != NULL && n > 0 ? attrs.count : 0;

    while (i-- > 0) { /* of equal keys the last one counts */
        const otel_attr *a = &attrs.items[i];
        if (otel__attr_key_length(a) == n && otel__attr_same_bytes(a->key, key, n)) {
            return a;
        }
    }
    return NULL;
}

#if defined(OTEL_LITE_NO_READER)
OTEL_API otel_status otel_read(otel_sdk *sdk, otel_point_fn point, void *user, uint32_t timeout_ms)
{
    (void)point;
    (void)user;
    (void)timeout_ms;
    return sdk == NULL || !otel__recorder_live(&sdk->e.r) ? OTEL_DISABLED : OTEL_INVALID;
}
#else

/* Enter the engine within `limit` ns. Returns OTEL_TIMEOUT, or OTEL_DISABLED when it was closed
 * meanwhile. */
OTEL__FN otel_status otel__sdk_read_enter(otel_sdk *sdk, uint64_t limit)
{
    const uint64_t begin = otel__mono_ns();

    while (otel__recorder_live(&sdk->e.r)) {
        if (otel__engine_enter(&sdk->e)) {
            return OTEL_OK;
        }
        if (otel__mono_ns() - begin >= limit) {
            return OTEL_TIMEOUT;
        }
        otel__sdk_nap(sdk, 1);
    }
    return OTEL_DISABLED;
}

OTEL_API otel_status otel_read(otel_sdk *sdk, otel_point_fn point, void *user, uint32_t timeout_ms)
{
    otel_status status = OTEL_DISABLED;
#if !defined(OTEL_LITE_FREESTANDING)
    const int   saved = errno;
#endif

    if (sdk == NULL || !otel__recorder_live(&sdk->e.r)) {
        return OTEL_DISABLED;
    }
    if (!sdk->metrics.readers[OTEL__READER_MANUAL].on) {
        return OTEL_INVALID;
    }
    status = otel__sdk_read_enter(sdk, otel__sdk_limit(timeout_ms));
    if (status == OTEL_OK) {
        status = otel__read_all(&sdk->e.r, point, user) ? OTEL_TIMEOUT : OTEL_OK;
        otel__engine_leave(&sdk->e);
    }
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return status;
}

#endif
#endif /* OTEL_LITE_NO_METRICS */

/* ---- src/sdk/stats.h ---- */
/* stats: the counts, the texts of closed lists, and otel_scope_get().
 * Reads atomics and the engine's counters; exact at rest.
 * Spec: self-observability; requirements H-28, C-21, C-22. */

/* ---- stats ---- */

OTEL__FN void otel__sdk_signal_stats(const otel_sdk *sdk, uint32_t signal, otel_signal_stats *s)
{
    const uint32_t    at = signal - (uint32_t)OTEL__ENGINE_FIRST;
    const otel__pipe *pipe = &sdk->e.pipes[at];
    uint64_t          lost = 0;
    uint32_t          i;

    if (at >= OTEL__ENGINE_PIPES || !otel__pipe_is_on(pipe)) {
        return;
    }
    for (i = 0; i < OTEL_DROP_COUNT; i++) {
        const uint64_t before = otel__a64_peek(&sdk->e.r.losses.dropped[signal][i]);
        s->dropped[i] = otel__a64_peek(&pipe->dropped[i]) + before;
        lost += s->dropped[i];
    }
    s->delivered = otel__a64_peek(&pipe->delivered);
    s->queued = otel__ring_queued(pipe->ring);
    s->ended = s->delivered + lost + s->queued; /* spans: counted apart, see below */
    s->started = s->ended;
}

#if !defined(OTEL_LITE_NO_TRACES)
/* Spans are counted where they start, apart from the queue: the identity is a check. */
OTEL__FN void otel__sdk_span_stats(const otel_sdk *sdk, otel_signal_stats *s)
{
    const otel__losses *l = &sdk->e.r.losses;
    uint64_t            slots;
    uint64_t            no_slot;

    otel__trace_count(&sdk->trace, &slots, &s->open);
    no_slot = otel__a64_peek(&l->dropped[OTEL_SIGNAL_TRACES][OTEL_DROP_NO_SLOT]);
    s->started = slots + otel__a64_peek(&sdk->e.r.serial);
    s->unsampled = otel__a64_peek(&sdk->e.r.serial) - no_slot;
    s->ended = slots + no_slot - s->open;
}
#endif

OTEL_API void otel_stats_get(otel_sdk *sdk, otel_stats *stats)
{
    const otel__losses *l;
    uint32_t            i;

    if (stats == NULL) {
        return;
    }
    memset(stats, 0, sizeof *stats);
    if (sdk == NULL) {
        return;
    }
    (void)otel__recorder_live(&sdk->e.r); /* a forked child counts for itself */
    l = &sdk->e.r.losses;
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        otel__sdk_signal_stats(sdk, i, &stats->signal[i]);
    }
#if !defined(OTEL_LITE_NO_TRACES)
    otel__sdk_span_stats(sdk, &stats->signal[OTEL_SIGNAL_TRACES]);
#endif
    stats->dropped_attributes = otel__a32_peek(&l->attributes);
    stats->dropped_events = otel__a32_peek(&l->events);
    stats->bad_values = otel__a32_peek(&l->bad_values);
    stats->busy_handles = otel__a32_peek(&l->busy_handles);
    stats->lost_values = otel__a32_peek(&l->lost_values);
    stats->requests = otel__a64_peek(&sdk->e.requests);
    stats->failed_requests = otel__a64_peek(&sdk->e.failed);
    stats->memory_bytes = sdk->memory_bytes;
#if !defined(OTEL_LITE_NO_METRICS)
    stats->series = otel__a32_peek(&sdk->metrics.n_filled) -
                    otel__a32_peek(&sdk->metrics.n_instruments); /* an overflow series each */
    stats->overflowing_instruments = otel__metrics_overflowing(&sdk->metrics);
    stats->series_bytes_used = (size_t)otel__a32_peek(&sdk->metrics.pool_used) * OTEL__SERIES_UNIT;
#endif
}

OTEL_API uint32_t otel_queue_free(otel_sdk *sdk, otel_signal signal)
{
    const uint32_t    at = (uint32_t)signal - (uint32_t)OTEL__ENGINE_FIRST;
    const otel__pipe *pipe;

    if (sdk == NULL || at >= OTEL__ENGINE_PIPES || !otel__recorder_live(&sdk->e.r)) {
        return 0;
    }
    pipe = &sdk->e.pipes[at];
    return otel__pipe_is_on(pipe) ? pipe->ring->max_records - otel__ring_queued(pipe->ring) : 0;
}

OTEL_API otel_scope *otel_scope_get(otel_sdk *sdk, const char *name, const char *version)
{
    otel_scope *scope;

    if (sdk == NULL || !otel__recorder_live(&sdk->e.r)) {
        return NULL;
    }
    if (name == NULL || name[0] == '\0') { /* C-22 */
        otel__diag(&sdk->e.r.sink, OTEL_SEVERITY_WARN, "an instrumentation scope has no name", NULL,
                   NULL);
    }
    scope = otel__scope_find(&sdk->e.r, name, version);
    if (scope == NULL) {
        otel__diag(&sdk->e.r.sink, OTEL_SEVERITY_ERROR, "no room for the scope ", name,
                   ": raise max_scopes or text_bytes");
    }
    return scope;
}

OTEL_API const char *otel_status_text(otel_status status)
{
    static const signed char numbers[] = {
#define OTEL__STATUS_NUMBER(name, number, text) number,
        OTEL_STATUS_LIST(OTEL__STATUS_NUMBER)
#undef OTEL__STATUS_NUMBER
    };
#define OTEL__STATUS_TEXT(name, number, text) text "\0"
    static const char texts[] = OTEL_STATUS_LIST(OTEL__STATUS_TEXT) "unknown status";
#undef OTEL__STATUS_TEXT
    size_t i = 0;

    while (i < sizeof numbers && numbers[i] != (int)status) {
        i++;
    }
    return otel__text_nth(texts, i);
}

OTEL_API const char *otel_drop_text(otel_drop reason)
{
#define OTEL__DROP_TEXT(name, number, text) text "\0"
    static const char texts[] = OTEL_DROP_LIST(OTEL__DROP_TEXT) "unknown reason";
#undef OTEL__DROP_TEXT

    return otel__text_nth(texts, (unsigned)reason < OTEL_DROP_COUNT ? (size_t)reason
                                                                    : (size_t)OTEL_DROP_COUNT);
}

#endif /* OTEL_LITE_IMPLEMENTATION */

/* Licence
 *
 * MIT License
 *
 * Copyright (c) 2026 the otel_lite authors
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software and associated documentation files (the "Software"), to deal
 * in the Software without restriction, including without limitation the rights
 * to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 * copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all
 * copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
 * OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
 * SOFTWARE.
 */
