/* log: log records, encoded straight into the queue's bytes: measured, reserved, written,
 * committed. Called from any thread, signal handler or interrupt; keeps no state but the ring.
 * Spec: logs/api.md "Emit a LogRecord", logs/sdk.md, logs.proto; requirements L-02..L-08, L-20,
 * P-31. */
#ifndef OTEL__RECORD_LOG_H
#define OTEL__RECORD_LOG_H

#if !defined(OTEL_LITE_NO_LOGS)

#include "context.h"

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
#endif /* OTEL__RECORD_LOG_H */
