/* batch: one export request out of queued records: resource, scopes, and the records as they are.
 * Called by the engine. Reads ahead of the ring's tail and releases nothing: until the request was
 * answered for good the records stay queued. Lengths of the two outer wrappers are known only at
 * the end; they are written padded to a fixed width, so that every byte is copied once.
 * Invariants: the order of records is kept; consecutive ones of a scope share its wrapper; a
 * request never passes its buffer, which is the limit in bytes; it has at least one record, and
 * no cumulative metric of another reading than the newest.
 * Spec: OTLP "OTLP/HTTP Request"; requirements P-28..P-30, H-15. */
#ifndef OTEL__SEND_BATCH_H
#define OTEL__SEND_BATCH_H

#include "../core/ring.h"
#include "../record/context.h"
#include "../wire/proto.h"

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

#endif /* OTEL__SEND_BATCH_H */
