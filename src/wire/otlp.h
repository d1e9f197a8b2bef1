/* otlp: the one descriptor table of OTLP: every field's number, kind, presence and JSON name.
 * Transcoders and checks are loops over it; code that reads or writes one certain field may use its
 * named number (OTEL__SPAN_traceId). What a program does not use the compiler leaves out.
 * Pure: no state, no system.
 *
 * A message is named by the row before its first field (OTEL__OTLP_SPAN); its fields follow by
 * rising number, up to the next row with number 0.
 * Spec: opentelemetry-proto 1.x; requirements P-07, P-10, 8.2 to 8.6 and J (JSON names). */
#ifndef OTEL__WIRE_OTLP_H
#define OTEL__WIRE_OTLP_H

#include "../core/text.h"
#include "proto.h"

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

#endif /* OTEL__WIRE_OTLP_H */
