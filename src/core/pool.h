/* pool: equal chunks of memory handed out in runs, by a bitmap of 32-bit words (bit set = free).
 * A run is 1 to 32 neighbours inside one word, so that one compare-and-swap takes it: no free list,
 * hence no ABA, and a double give-back shows. Used by live spans that outgrow their slot.
 * Lock-free; any thread, signal handler, interrupt. */
#ifndef OTEL__CORE_POOL_H
#define OTEL__CORE_POOL_H

#include "arena.h"

#define OTEL__POOL_RUN   32u /* chunks of the longest run              */
#define OTEL__POOL_NONE  0xffffu
#define OTEL__POOL_LIMIT 0xfff0u /* chunks at most: an index is 16 bits    */

typedef struct otel__pool {
    otel__a32 *free; /* one bit a chunk */
    uint8_t   *bytes;
    uint32_t   n;    /* chunks          */
    uint32_t   size; /* bytes of one    */
} otel__pool;

OTEL__INLINE uint32_t otel__pool_mask(uint32_t run)
{
    return run >= 32u ? 0xffffffffu : (1u << run) - 1u;
}

/* Carve the pool; every chunk is free. */
OTEL__FN void otel__pool_init(otel__pool *p, otel__arena *a, uint32_t n, uint32_t size)
{
    uint32_t w;

    p->n = n < OTEL__POOL_LIMIT ? n : OTEL__POOL_LIMIT;
    p->size = size;
    p->free = (otel__a32 *)otel__arena_take(a, (p->n + 31u) / 32u, sizeof *p->free);
    p->bytes = (uint8_t *)otel__arena_take(a, p->n, size);
    for (w = 0; otel__arena_fits(a) && w * 32u < p->n; w++) {
        const uint32_t left = p->n - w * 32u;
        otel__a32_put(&p->free[w], otel__pool_mask(left < 32u ? left : 32u));
    }
}

/* The lowest bit at which `run` set bits begin, or 32. Halving folds the word onto itself. */
OTEL__FN uint32_t otel__pool_find(uint32_t word, uint32_t run)
{
    uint32_t have = 1;
    while (have < run && word != 0) {
        const uint32_t step = have < run - have ? have : run - have;
        word &= word >> step;
        have += step;
    }
    return word != 0 ? otel__platform_lowest_bit(word) : 32u;
}

/* Take `run` neighbouring chunks. Returns the first one's index or OTEL__POOL_NONE. */
OTEL__FN uint32_t otel__pool_take(otel__pool *p, uint32_t run)
{
    uint32_t w;

    for (w = 0; run > 0 && run <= OTEL__POOL_RUN && w * 32u < p->n; w++) {
        uint32_t word = otel__a32_peek(&p->free[w]);
        uint32_t bit = otel__pool_find(word, run);
        while (bit < 32u) {
            if (otel__a32_cas(&p->free[w], &word, word & ~(otel__pool_mask(run) << bit))) {
                return w * 32u + bit;
            }
            bit = otel__pool_find(word, run);
        }
    }
    return OTEL__POOL_NONE;
}

OTEL__FN void otel__pool_give(otel__pool *p, uint32_t first, uint32_t run)
{
    (void)otel__a32_or(&p->free[first / 32u], otel__pool_mask(run) << (first % 32u));
}

OTEL__INLINE uint8_t *otel__pool_at(const otel__pool *p, uint32_t index)
{
    return p->bytes + (size_t)index * p->size;
}

/* Chunks that are free now. */
OTEL__FN uint32_t otel__pool_free_count(const otel__pool *p)
{
    uint32_t total = 0;
    uint32_t w;
    for (w = 0; w * 32u < p->n; w++) {
        uint32_t word = otel__a32_peek(&p->free[w]);
        for (; word != 0; word &= word - 1u) {
            total++;
        }
    }
    return total;
}

#endif /* OTEL__CORE_POOL_H */
