/* shards: cells of their own for the threads that add to bound counters. OTEL__SHARDS rows of cells
 * lie behind one another; a thread always adds in the same row, and a series has the same place in
 * each row. Rows share no cache line, so threads in different rows do not slow each other down;
 * threads beyond the rows share them. An addition is an atomic one to one cell. A cumulative
 * reading adds up the cells, which only grow; a delta one takes what is in them: each addition
 * counts exactly once. Places are given for good; without one a series has its number alone.
 * Called by bound.h, by metric.h and, on the thread that reads, by point.h. There are no rows
 * unless OTEL_LITE_SHARDS is defined: api/bound.h. Requirements M-15, M-60, M-70. */
#ifndef OTEL__RECORD_SHARDS_H
#define OTEL__RECORD_SHARDS_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "../core/arena.h"

/* A new series' cell: the last of its list, without a place in the rows. */
OTEL__INLINE void otel__shards_new_cell(struct otel__cell *cell)
{
    otel__a32_put(&cell->next, 0);
#if defined(OTEL__SHARDS)
    otel__a32_put(&cell->place, 0);
#endif
}

#if defined(OTEL__SHARDS)

#define OTEL__SHARD_PLACES 256u /* in a row: bound counters of one SDK that have cells */
#define OTEL__SHARD_GAP    96u  /* bytes before the first cell of a row, and behind the last */
#define OTEL__SHARD_STRIDE (OTEL__SHARD_GAP + OTEL__SHARD_PLACES * 8u + OTEL__SHARD_GAP)

typedef struct otel__shards {
    uint8_t  *rows;
    otel__a32 given; /* places, at most OTEL__SHARD_PLACES */
} otel__shards;

/* ---- shards: threads ---- */

#if !defined(OTEL_LITE_STATIC)
__thread otel__a32 otel__bound_row;
#endif
static otel__a32 otel__shards_threads; /* that have a row, modulo 2^32 */

/* Threads take the rows in turn. A signal handler may come in between: both rows are good. */
OTEL__SHARD_API uint32_t otel__bound_take_row(void)
{
    const uint32_t n = otel__a32_count(&otel__shards_threads, 1u) % OTEL__SHARDS;
    const uint32_t row = n * OTEL__SHARD_STRIDE + OTEL__SHARD_GAP;

    otel__a32_put(&otel__bound_row, row);
    return row;
}

/* ---- shards: memory ---- */

/* Take the rows; the block is zeroed. */
OTEL__FN void otel__shards_carve(otel__shards *t, otel__arena *a)
{
    t->rows = (uint8_t *)otel__arena_take(a, OTEL__SHARDS, OTEL__SHARD_STRIDE);
}

/* In a forked child: all cells are zero, and stay where handles find them. */
OTEL__FN void otel__shards_forget(otel__shards *t)
{
    memset(t->rows, 0, OTEL__SHARDS * OTEL__SHARD_STRIDE);
}

/* What a thread's row is added to, to get to the cell of a series; the series gets its place when
 * it is bound first. NULL when all places are given. When two threads bind a series at once, one
 * of their places is lost. */
OTEL__FN uint8_t *otel__shards_bind(otel__shards *t, struct otel__cell *cell)
{
    uint32_t place = otel__a32_load(&cell->place);
    uint32_t given = otel__a32_peek(&t->given);

    while (place == 0 && given < OTEL__SHARD_PLACES) {
        if (otel__a32_cas(&t->given, &given, given + 1u) &&
            otel__a32_cas(&cell->place, &place, given + 1u)) {
            place = given + 1u;
        }
    }
    return place != 0 ? t->rows + (size_t)(place - 1u) * 8u : NULL;
}

/* ---- shards: reading ---- */

OTEL__FN otel__a64 *otel__shards_cell(const otel__shards *t, uint32_t place, uint32_t row)
{
    return (otel__a64 *)(void *)(t->rows + (size_t)row * OTEL__SHARD_STRIDE + OTEL__SHARD_GAP +
                                 (size_t)(place - 1u) * 8u);
}

/* What a series' number and its cells come to. Collector. */
OTEL__FN uint64_t otel__shards_sum(const otel__shards *t, const struct otel__cell *cell)
{
    const uint32_t place = otel__a32_load(&cell->place);
    uint64_t       sum = otel__a64_peek(&cell->number);
    uint32_t       row;

    for (row = 0; place != 0 && row < OTEL__SHARDS; row++) {
        sum += otel__a64_peek(otel__shards_cell(t, place, row));
    }
    return sum;
}

/* The same, and all become zero. Collector. */
OTEL__FN uint64_t otel__shards_take(otel__shards *t, struct otel__cell *cell)
{
    const uint32_t place = otel__a32_load(&cell->place);
    uint64_t       sum = otel__a64_swap(&cell->number, 0);
    uint32_t       row;

    for (row = 0; place != 0 && row < OTEL__SHARDS; row++) {
        sum += otel__a64_swap(otel__shards_cell(t, place, row), 0);
    }
    return sum;
}

#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_SHARDS_H */
