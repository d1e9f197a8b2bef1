/* trace: starting, changing and ending spans, from any thread and any signal handler.
 * A slot is claimed by one compare-and-swap on its word; setting takes the word's lock bit and
 * gives it back; an end that meets a lock leaves the work to its holder. So nothing waits, and
 * each started span is queued exactly once. The handle carries the identity, so that ended,
 * unsampled and slot-less spans can still be parents.
 * Spec: trace/api.md, trace/sdk.md; requirements T-03..T-18, T-30..T-37, P-20, P-21. */
#ifndef OTEL__RECORD_TRACE_H
#define OTEL__RECORD_TRACE_H

#if !defined(OTEL_LITE_NO_TRACES)

#include "span.h"

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
 * */
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
#endif /* OTEL__RECORD_TRACE_H */
