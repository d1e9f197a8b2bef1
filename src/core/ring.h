/* ring: the lock-free queue of byte records between recording calls and the engine.
 * Any number of producers (threads, signal handlers, interrupts), one consumer (the engine, behind
 * its busy flag). A record is a header of two 32-bit words and its bytes, padded to 8; it never
 * wraps: what does not fit before the end starts at the beginning, behind a padding record.
 * Invariants: bytes outside [tail, head) are zero; a header goes empty -> reserved (with its
 * length) -> committed and is then only read; the consumer stops at the first header that is
 * neither committed nor padding; it clears before it moves `tail`. A full ring refuses, it never
 * overwrites. */
#ifndef OTEL__CORE_RING_H
#define OTEL__CORE_RING_H

#include "platform.h"

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

#endif /* OTEL__CORE_RING_H */
