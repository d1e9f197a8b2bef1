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
#ifndef OTEL__RECORD_EXPONENTIAL_H
#define OTEL__RECORD_EXPONENTIAL_H

#include "../core/platform.h"
#include "histogram.h"
#include "exponential_index.h"

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
#endif /* OTEL__RECORD_EXPONENTIAL_H */
