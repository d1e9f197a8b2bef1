/* env_table: the one table of settings.
 * A row names an option, its variable, its type, its defaults and its bounds; the parser, the
 * defaults and docs/configuration.md come from it. A later setting is a row more: nobody reads a
 * variable elsewhere. Used by env.h, which resolves the settings.
 * Spec: sdk-environment-variables.md; requirements E-01 to E-10. */
#ifndef OTEL__SDK_ENV_TABLE_H
#define OTEL__SDK_ENV_TABLE_H

#include "../core/text.h"

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

#endif /* OTEL__SDK_ENV_TABLE_H */
