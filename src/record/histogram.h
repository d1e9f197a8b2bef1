/* histogram: explicit buckets in two copies, one hot (recorded into), one cold (being read).
 * The lowest bit of `word` says which copy is hot, the rest counts beginnings by two. A recorder
 * touches sum, min and max first and the bucket last, with release: so the sum over a copy's
 * buckets is the number of recordings that have finished in it. The collector flips the bit and
 * reads the cold copy once as many have finished as had begun there; it never waits, and never
 * flips again before it has read. What it reads it adds to accumulators of its own. Nobody ever
 * waits.
 * Spec: metrics/sdk.md "Explicit Bucket Histogram Aggregation"; requirements M-44..M-46, P-25. */
#ifndef OTEL__RECORD_HISTOGRAM_H
#define OTEL__RECORD_HISTOGRAM_H

#include "../core/platform.h"

/* What one copy and the accumulators hold besides buckets; doubles by their bits. */
typedef struct otel__hist_copy {
    otel__a64  sum;
    otel__a64  min;
    otel__a64  max;
    otel__a32 *buckets; /* n_buckets */
} otel__hist_copy;

typedef struct otel__hist {
    otel__a32       word;       /* begun << 1 | hot                                  */
    uint32_t        flipped_at; /* collector: begun at the last flip           */
    uint32_t        expected;   /* collector: recordings to appear in the cold */
    bool            cold_unread;
    otel__hist_copy copy[2];
    /* collector only */
    uint64_t *buckets; /* n_buckets, cumulative */
    uint64_t  count;
    double    sum;
    double    min;
    double    max;
} otel__hist;

#define OTEL__HIST_ABOVE_ALL UINT64_C(0x7ff0000000000000) /* the bits of infinity */
#define OTEL__HIST_BELOW_ALL UINT64_C(0xfff0000000000000)

/* Bytes of a histogram with that many buckets, its arrays included. */
OTEL__FN size_t otel__hist_bytes(uint32_t n_buckets)
{
    const size_t narrow = (2u * n_buckets * sizeof(otel__a32) + 7u) & ~(size_t)7u;
    return ((sizeof(otel__hist) + 7u) & ~(size_t)7u) + n_buckets * sizeof(uint64_t) + narrow;
}

OTEL__FN void otel__hist_copy_clear(otel__hist_copy *c, uint32_t n_buckets)
{
    uint32_t i;
    otel__a64_put(&c->sum, 0); /* 0.0 */
    otel__a64_put(&c->min, OTEL__HIST_ABOVE_ALL);
    otel__a64_put(&c->max, OTEL__HIST_BELOW_ALL);
    for (i = 0; i < n_buckets; i++) {
        otel__a32_put(&c->buckets[i], 0);
    }
}

/* The accumulators but for the buckets: as before the first recording. Collector only. */
OTEL__FN void otel__hist_restart(otel__hist *h)
{
    h->count = 0;
    h->sum = 0;
    h->min = otel__platform_bits_double(OTEL__HIST_ABOVE_ALL);
    h->max = otel__platform_bits_double(OTEL__HIST_BELOW_ALL);
}

/* Empty the accumulators: the next reading begins anew. Collector only. */
OTEL__FN void otel__hist_reset(otel__hist *h, uint32_t n_buckets)
{
    memset(h->buckets, 0, n_buckets * sizeof *h->buckets);
    otel__hist_restart(h);
}

/* Lay out a histogram in otel__hist_bytes() bytes, 8-aligned. */
OTEL__FN void otel__hist_init(otel__hist *h, uint32_t n_buckets)
{
    uint8_t *p = (uint8_t *)h + ((sizeof *h + 7u) & ~(size_t)7u);

    memset(h, 0, otel__hist_bytes(n_buckets));
    h->buckets = (uint64_t *)(void *)p;
    p += n_buckets * sizeof(uint64_t);
    h->copy[0].buckets = (otel__a32 *)(void *)p;
    h->copy[1].buckets = h->copy[0].buckets + n_buckets;
    otel__hist_copy_clear(&h->copy[0], n_buckets);
    otel__hist_copy_clear(&h->copy[1], n_buckets);
    otel__hist_restart(h);
}

/* The bucket of a value: the first whose bound is not below it (M-45). Halving without branches on
 * the value: buckets of real data are hard to predict. */
OTEL__HOT uint32_t otel__hist_bucket(const double *bounds, uint32_t n_bounds, double value)
{
    const double *base = bounds;
    uint32_t      n = n_bounds;

    while (n > 1) {
        const uint32_t half = n / 2u;
        base += half & (0u - (uint32_t)otel__platform_less(base[half - 1u],
                                                           value)); /* compilers branch on ?: */
        n -= half;
    }
    return (uint32_t)(base - bounds) + (n == 1u && otel__platform_less(*base, value) ? 1u : 0u);
}

OTEL__HOT void otel__hist_add_double(otel__a64 *to, double value)
{
    uint64_t bits = otel__a64_peek(to);
    while (!otel__a64_cas(to, &bits,
                          otel__platform_double_bits(otel__platform_bits_double(bits) + value))) {
    }
}

OTEL__HOT void otel__hist_lower(otel__a64 *to, double value)
{
    uint64_t bits = otel__a64_peek(to);
    while (otel__platform_less(value, otel__platform_bits_double(bits)) &&
           !otel__a64_cas(to, &bits, otel__platform_double_bits(value))) {
    }
}

OTEL__HOT void otel__hist_raise(otel__a64 *to, double value)
{
    uint64_t bits = otel__a64_peek(to);
    while (otel__platform_less(otel__platform_bits_double(bits), value) &&
           !otel__a64_cas(to, &bits, otel__platform_double_bits(value))) {
    }
}

/* A recording begins: the copy to record into. It ends with otel__a32_add on one of the copy's
 * buckets, which says that the rest is there. */
OTEL__HOT uint32_t otel__hist_begin(otel__hist *h) { return otel__a32_add(&h->word, 2u) & 1u; }

OTEL__HOT void otel__hist_touch(otel__hist_copy *c, double value)
{
    otel__hist_add_double(&c->sum, value);
    otel__hist_lower(&c->min, value);
    otel__hist_raise(&c->max, value);
}

/* Record a finite value. Lock-free; any thread, signal handler, interrupt. */
OTEL__HOT void otel__hist_record(otel__hist *h, const double *bounds, uint32_t n_bounds,
                                 double value)
{
    const uint32_t   bucket = otel__hist_bucket(bounds, n_bounds, value);
    otel__hist_copy *c = &h->copy[otel__hist_begin(h)];

    otel__hist_touch(c, value);
    (void)otel__a32_add(&c->buckets[bucket], 1u);
}

/* Turn the copies round; the one that was hot has to be read before the next time. */
OTEL__FN void otel__hist_flip(otel__hist *h)
{
    const uint32_t begun = otel__a32_xor(&h->word, 1u) >> 1;

    h->expected = (begun - h->flipped_at) & 0x7fffffffu; /* counted modulo 2^31 */
    h->flipped_at = begun;
    h->cold_unread = true;
}

/* The cold copy, and whether everyone has left it when `finished` have finished there. */
OTEL__FN uint32_t otel__hist_cold(const otel__hist *h)
{
    return (otel__a32_peek(&h->word) & 1u) ^ 1u;
}

OTEL__FN bool otel__hist_is_left(const otel__hist *h, uint32_t finished)
{
    return (finished & 0x7fffffffu) == h->expected;
}

/* Add everything but the buckets of a copy that everyone has left. */
OTEL__FN void otel__hist_fold_values(otel__hist *h, const otel__hist_copy *c, uint32_t count)
{
    double v = otel__platform_bits_double(otel__a64_peek(&c->min));

    h->min = otel__platform_less(v, h->min) ? v : h->min;
    v = otel__platform_bits_double(otel__a64_peek(&c->max));
    h->max = otel__platform_less(h->max, v) ? v : h->max;
    h->sum += otel__platform_bits_double(otel__a64_peek(&c->sum));
    h->count += count;
}

/* Add the cold copy to the accumulators if everyone has left it. Returns false if not yet. */
OTEL__FN bool otel__hist_fold(otel__hist *h, uint32_t n_buckets)
{
    otel__hist_copy *c = &h->copy[otel__hist_cold(h)];
    uint32_t         finished = 0;
    uint32_t         i;

    for (i = 0; i < n_buckets; i++) {
        finished += otel__a32_load(&c->buckets[i]);
    }
    if (!otel__hist_is_left(h, finished)) {
        return false;
    }
    for (i = 0; i < n_buckets; i++) {
        h->buckets[i] += otel__a32_peek(&c->buckets[i]);
    }
    otel__hist_fold_values(h, c, finished);
    otel__hist_copy_clear(c, n_buckets);
    h->cold_unread = false;
    return true;
}

/* Bring the accumulators up to date. Returns false when a recording is still under way: they then
 * hold a consistent earlier state, and the next call goes on. Collector only. */
OTEL__FN bool otel__hist_collect(otel__hist *h, uint32_t n_buckets)
{
    if (h->cold_unread && !otel__hist_fold(h, n_buckets)) {
        return false;
    }
    otel__hist_flip(h);
    return otel__hist_fold(h, n_buckets);
}

#endif /* OTEL__RECORD_HISTOGRAM_H */
