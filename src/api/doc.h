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
 *   OTEL_LITE_VERSION. Before 1.0 a minor version may change the API; CHANGELOG.md says how. */
#ifndef OTEL__API_DOC_H
#define OTEL__API_DOC_H

#endif /* OTEL__API_DOC_H */
