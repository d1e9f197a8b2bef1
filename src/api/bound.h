/* bound: instruments with their attributes resolved once: adding to one is one atomic add, in the
 * caller's own code where the processor can do it. A bound handle is a small value: copy it,
 * keep it in a struct, use it from any thread, signal handler or interrupt; a zeroed one is a
 * no-op. It belongs to one series for good: bound while the instrument is over its limit it
 * stays with the overflow series. In a forked child it goes on with the child's own series.
 * With OTEL_LITE_SHARDS=8 (2 to 64) a bound int64 counter has 8 cells, and a thread adds to one of
 * them: threads that share a counter do not slow each other down.
 * Called by user code; the other half is record/bound.h.
 * Spec: metrics/api.md "Bind" (development); requirements M-15, M-107. */
#ifndef OTEL__API_BOUND_H
#define OTEL__API_BOUND_H

#include "metrics.h"

/* What is changed by atomic operations only. Private. */
typedef struct otel__a32 {
    uint32_t v;
} otel__a32;
typedef struct otel__a64 {
    uint64_t v;
} otel__a64;

#if !defined(OTEL_LITE_NO_METRICS)

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GCC_ATOMIC_LLONG_LOCK_FREE) && !defined(OTEL_LITE_SINGLE_THREADED)
#define OTEL__INLINE_CELLS (__GCC_ATOMIC_LLONG_LOCK_FREE == 2)
#else
#define OTEL__INLINE_CELLS 0
#endif

/* Needs 64-bit atomics and variables of a thread; without them the switch has no effect. */
#if defined(OTEL_LITE_SHARDS) && OTEL__INLINE_CELLS && !defined(OTEL_LITE_NO_THREADS) &&           \
    !defined(OTEL_LITE_DISABLE)
#define OTEL__SHARDS ((uint32_t)(OTEL_LITE_SHARDS))
#if defined(OTEL_LITE_STATIC)
#define OTEL__SHARD_API static OTEL__UNUSED
#else
#define OTEL__SHARD_API extern
#endif
#endif

/* The head of a series, private. */
struct otel__cell {
    otel__a64 number;  /* int64, or a double's bits                                    */
    otel__a32 touched; /* what the reading asks: 0 until there is a value              */
    otel__a32 next;    /* the instrument's next series                                 */
#if defined(OTEL__SHARDS)
    otel__a32 place; /* in each row, from 1; 0: none. See record/shards.h */
#endif
};

/* A counter with its attributes resolved. Its fields are private. */
typedef struct otel_bound_counter {
    otel_counter      *counter;
    struct otel__cell *cell;
    const otel__a32   *live;
#if defined(OTEL__SHARDS)
    uint8_t *shards; /* the thread's row further on is its cell; NULL: it has none */
#endif
} otel_bound_counter;

/* As otel_bound_counter. */
typedef struct otel_bound_counter_f64 {
    otel_counter_f64  *counter;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_counter_f64;

/* As otel_bound_counter. */
typedef struct otel_bound_updown {
    otel_updown       *updown;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_updown;

/* As otel_bound_counter. */
typedef struct otel_bound_updown_f64 {
    otel_updown_f64   *updown;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_updown_f64;

/* As otel_bound_counter. */
typedef struct otel_bound_gauge {
    otel_gauge        *gauge;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_gauge;

/* As otel_bound_counter. */
typedef struct otel_bound_gauge_f64 {
    otel_gauge_f64    *gauge;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_gauge_f64;

/* As otel_bound_counter. */
typedef struct otel_bound_histogram {
    otel_histogram    *histogram;
    struct otel__cell *cell;
    const otel__a32   *live;
} otel_bound_histogram;

/* As otel_bound_counter. */
typedef struct otel_bound_histogram_f64 {
    otel_histogram_f64 *histogram;
    struct otel__cell  *cell;
    const otel__a32    *live;
} otel_bound_histogram_f64;

/* ---- bound: binding ---- */

/* Resolve the attributes of a counter once.
 *
 *   counter  NULL gives a zeroed handle
 *   attrs    borrowed; copied the first time the set is seen
 *
 * Returns  the handle; zeroed when nothing is recorded.
 * Threads  any thread.
 * Memory   as otel_counter_add() with these attributes, at once. The set has no point before the
 *          first value.
 * Spec     metrics/api.md "Bind". */
OTEL_API otel_bound_counter otel_counter_bind(otel_counter *counter, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_counter_f64 otel_counter_bind_f64(otel_counter_f64 *counter, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_updown otel_updown_bind(otel_updown *updown, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_updown_f64 otel_updown_bind_f64(otel_updown_f64 *updown, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_gauge otel_gauge_bind(otel_gauge *gauge, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_gauge_f64 otel_gauge_bind_f64(otel_gauge_f64 *gauge, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_histogram otel_histogram_bind(otel_histogram *histogram, otel_attrs attrs);
/* As otel_counter_bind(). */
OTEL_API otel_bound_histogram_f64 otel_histogram_bind_f64(otel_histogram_f64 *histogram,
                                                          otel_attrs          attrs);

/* Give a handle up: it is a no-op afterwards, copies of it are not. The set's memory and its values
 * stay with the instrument. */
#define OTEL_UNBIND(bound) ((bound).cell = NULL)

/* ---- bound: recording ---- */

#if !defined(OTEL_LITE_DISABLE)

/* The rest of what the calls below do. Private. */
OTEL_API void otel__bound_counter_add(otel_counter *counter, struct otel__cell *cell,
                                      int64_t value);
OTEL_API void otel__bound_counter_add_f64(otel_counter_f64 *counter, struct otel__cell *cell,
                                          double value);
OTEL_API void otel__bound_updown_add(otel_updown *updown, struct otel__cell *cell, int64_t value);
OTEL_API void otel__bound_updown_add_f64(otel_updown_f64 *updown, struct otel__cell *cell,
                                         double value);
OTEL_API void otel__bound_gauge_set(otel_gauge *gauge, struct otel__cell *cell, int64_t value);
OTEL_API void otel__bound_gauge_set_f64(otel_gauge_f64 *gauge, struct otel__cell *cell,
                                        double value);
OTEL_API void otel__bound_histogram_record(otel_histogram *histogram, struct otel__cell *cell,
                                           int64_t value);
OTEL_API void otel__bound_histogram_record_f64(otel_histogram_f64 *histogram,
                                               struct otel__cell *cell, double value);

/* Whether the number may be changed right here: the series has a value already, the SDK is open,
 * and this is not a child that has not settled yet (OTEL__LIVE_OPEN). */
#if OTEL__INLINE_CELLS
#define OTEL__BOUND_IS_WARM(bound)                                                                 \
    ((__atomic_load_n(&(bound).cell->touched.v, __ATOMIC_RELAXED) & 1u) != 0 &&                    \
     __atomic_load_n(&(bound).live->v, __ATOMIC_RELAXED) == 1u)
#define OTEL__BOUND_ADD(bound, value)                                                              \
    ((void)__atomic_fetch_add(&(bound).cell->number.v, (uint64_t)(value), __ATOMIC_RELAXED))
#define OTEL__BOUND_SET(bound, value)                                                              \
    (__atomic_store_n(&(bound).cell->number.v, (uint64_t)(value), __ATOMIC_RELAXED))
#else
#define OTEL__BOUND_IS_WARM(bound)    false
#define OTEL__BOUND_ADD(bound, value) ((void)0)
#define OTEL__BOUND_SET(bound, value) ((void)0)
#endif

#if defined(OTEL__SHARDS)
/* The thread's row, in bytes; 0: it has none yet. Private. */
OTEL__SHARD_API __thread otel__a32 otel__bound_row __attribute__((tls_model("initial-exec")));
/* Give the thread a row. Private. */
OTEL__SHARD_API uint32_t otel__bound_take_row(void);

/* The number to add to on this thread. Private. */
OTEL__INLINE uint64_t *otel__bound_number(otel_bound_counter bound)
{
    uint32_t row;

    if (bound.shards == NULL) {
        return &bound.cell->number.v;
    }
    row = __atomic_load_n(&otel__bound_row.v, __ATOMIC_RELAXED);
    return (uint64_t *)(void *)(bound.shards + (row != 0 ? row : otel__bound_take_row()));
}
#define OTEL__BOUND_COUNT(bound, value)                                                            \
    ((void)__atomic_fetch_add(otel__bound_number(bound), (uint64_t)(value), __ATOMIC_RELAXED))
#else
#define OTEL__BOUND_COUNT(bound, value) OTEL__BOUND_ADD(bound, value)
#endif

#endif

/* Add to a bound counter; as otel_counter_add() with the attributes it was bound with. */
OTEL__INLINE void otel_bound_counter_add(otel_bound_counter bound, int64_t value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL && value >= 0 && OTEL__BOUND_IS_WARM(bound)) {
        OTEL__BOUND_COUNT(bound, value);
        return;
    }
    if (bound.cell != NULL) {
        otel__bound_counter_add(bound.counter, bound.cell, value);
    }
#endif
}

/* A double; as otel_bound_counter_add(). */
OTEL__INLINE void otel_bound_counter_add_f64(otel_bound_counter_f64 bound, double value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_counter_add_f64(bound.counter, bound.cell, value);
    }
#endif
}

/* Add to a bound up-down counter; as otel_updown_add(). */
OTEL__INLINE void otel_bound_updown_add(otel_bound_updown bound, int64_t value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL && OTEL__BOUND_IS_WARM(bound)) {
        OTEL__BOUND_ADD(bound, value);
        return;
    }
    if (bound.cell != NULL) {
        otel__bound_updown_add(bound.updown, bound.cell, value);
    }
#endif
}

/* A double; as otel_bound_updown_add(). */
OTEL__INLINE void otel_bound_updown_add_f64(otel_bound_updown_f64 bound, double value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_updown_add_f64(bound.updown, bound.cell, value);
    }
#endif
}

/* Set a bound gauge; as otel_gauge_set(). */
OTEL__INLINE void otel_bound_gauge_set(otel_bound_gauge bound, int64_t value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL && OTEL__BOUND_IS_WARM(bound)) {
        OTEL__BOUND_SET(bound, value);
        return;
    }
    if (bound.cell != NULL) {
        otel__bound_gauge_set(bound.gauge, bound.cell, value);
    }
#endif
}

/* A double; as otel_bound_gauge_set(). */
OTEL__INLINE void otel_bound_gauge_set_f64(otel_bound_gauge_f64 bound, double value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_gauge_set_f64(bound.gauge, bound.cell, value);
    }
#endif
}

/* Record into a bound histogram; as otel_histogram_record(). */
OTEL__INLINE void otel_bound_histogram_record(otel_bound_histogram bound, int64_t value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_histogram_record(bound.histogram, bound.cell, value);
    }
#endif
}

/* A double; as otel_bound_histogram_record(). */
OTEL__INLINE void otel_bound_histogram_record_f64(otel_bound_histogram_f64 bound, double value)
{
#if defined(OTEL_LITE_DISABLE)
    (void)bound;
    (void)value;
#else
    if (bound.cell != NULL) {
        otel__bound_histogram_record_f64(bound.histogram, bound.cell, value);
    }
#endif
}

#ifdef __cplusplus
}
#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__API_BOUND_H */
