/* span: the memory of one live span, written as an OTLP Span message while it is recorded.
 * A slot holds a fixed head (ids, times, flags, kind), then items: name, attributes, events,
 * status, each a length-delimited field with a one-byte tag. Items that outgrow the slot go to
 * extents, runs of chunks from the shared pool; an item never straddles two regions. A replaced
 * item gets tag 0 and is skipped when the span is gathered. Called by trace.h, by the holder of
 * the slot's lock.
 * Spec: trace.proto "Span"; requirements P-20, P-21, P-27, C-06, C-09, C-10. */
#ifndef OTEL__RECORD_SPAN_H
#define OTEL__RECORD_SPAN_H

#include "../core/pool.h"
#include "context.h"

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

#endif /* OTEL__RECORD_SPAN_H */
