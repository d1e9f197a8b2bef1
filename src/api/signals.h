/* signals: what a program calls to record: context, spans, log records; metrics.h has the metrics.
 * All of it is for any thread, signal handlers and interrupts included, unless a comment says
 * otherwise; NULL and zeroed handles are no-ops; nothing returns an error, losses are counted.
 * Spec: trace/api.md, logs/api.md. */
#ifndef OTEL__API_SIGNALS_H
#define OTEL__API_SIGNALS_H

#include "api.h"

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

#endif /* OTEL__API_SIGNALS_H */
