/* series: one attribute set of an instrument with its value: memory, building, comparing.
 * A series is made once, in memory from one pool, and never moves or goes away, so that recorders
 * and the collector need no lock. Its attributes stand behind it as they go out: identity is
 * compared on those bytes. series_table.h or series_list.h finds them; collect.h walks the lists.
 * Spec: metrics/sdk.md "Cardinality limits"; requirements C-08, M-80..M-84. */
#ifndef OTEL__RECORD_SERIES_H
#define OTEL__RECORD_SERIES_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "context.h"
#include "exponential.h"
#include "histogram.h"
#include "shards.h"

#define OTEL__SERIES_UNIT    8u   /* offsets count these; 0 is no series        */
#define OTEL__SERIES_TYPICAL 128u /* pool bytes for one pair of cells           */
#if defined(OTEL_LITE_SERIES_LIST)
#define OTEL__SERIES_SPARES 1u
#else
#define OTEL__SERIES_SPARES 4u /* losers' series kept for the next new set */
#endif
#define OTEL__SERIES_OVERFLOW "otel.metric.overflow"

/* An instrument may have several streams, or one that values do not go straight into. */
#if !defined(OTEL_LITE_NO_VIEWS) || !defined(OTEL_LITE_NO_READER) || defined(OTEL_LITE_EXEMPLARS)
#define OTEL__STREAMS
#endif

enum {                         /* otel__series.cell.touched */
       OTEL__SERIES_VALUE = 1, /* a recorder was here                          */
       OTEL__SERIES_POINT = 2, /* the collector's: in the reading it is making */
       OTEL__SERIES_EVER = 4   /* a recorder was here some time                */
};

typedef struct otel__series {
    struct otel__cell cell;  /* number, touched: OTEL__SERIES_*, next: in order of appearance */
    otel__a64         start; /* Unix ns of its first value; 0: since the last reading         */
#if !defined(OTEL_LITE_SERIES_LIST)
    uint64_t hash;
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    otel__a32 exemplars; /* offset of its reservoir, 0 until the first one: exemplar.h */
#endif
    uint32_t instrument;  /* index                            */
    uint32_t bytes;       /* of the whole series, for a spare */
    uint32_t attrs_bytes; /* encoded attributes               */
    uint16_t n_attrs;
    uint16_t attrs_at; /* offset of the attributes from here, in OTEL__SERIES_UNIT */
    union {
        uint64_t   kept; /* collector: delta not sent yet; observables: value read last */
        otel__hist hist;
#if !defined(OTEL_LITE_NO_EXPONENTIAL)
        otel__exp exp;
#endif
    } value;
} otel__series;

struct otel__instrument;

/* What an aggregation does with its series: point.h has them. A program that makes no instrument of
 * a kind does not link what serves it. Collector, but for `bytes` and `clear`. */
typedef struct otel__aggregation {
    size_t (*bytes)(const struct otel__instrument *in); /* of the value                     */
    void (*clear)(const struct otel__instrument *in, otel__series *s);
    /* Take a point, if any. *waiting becomes true when some values come with the next reading. */
    bool (*take)(const struct otel__instrument *in, otel__series *s, bool *waiting);
    /* The point is over: `sent` when it is in the queue. */
    void (*settle)(const struct otel__instrument *in, otel__series *s, bool sent);
    /* Bytes of what `write` puts: the point without its times and attributes. */
    size_t (*size)(const struct otel__instrument *in, const otel__series *s);
    void (*write)(otel__out *o, const struct otel__instrument *in, const otel__series *s);
    uint8_t field; /* of the data in Metric                       */
    uint8_t tag;   /* of an attribute in a point                  */
    bool    held;  /* recorders are held off from taking to settling */
} otel__aggregation;

/* Readings go to the backend, or to a program that asks. */
#if defined(OTEL_LITE_NO_READER)
enum { OTEL__READER_PUSH = 0, OTEL__READERS = 1 };
#else
enum { OTEL__READER_PUSH = 0, OTEL__READER_MANUAL = 1, OTEL__READERS = 2 };
#endif

/* What one reader makes of instruments that no view speaks of. */
typedef struct otel__reader {
    bool     on;
    uint32_t temporality;           /* enum otel_temporality  */
    uint32_t histogram_aggregation; /* enum otel_aggregation  */
    uint32_t max_series;            /* of one stream          */
} otel__reader;

/* One stream of an instrument. Usually there is one, and it is the instrument: its handle. Views
 * and a second reader make more: stream.h. */
typedef struct otel__instrument {
    const otel__a32 *live; /* OTEL__LIVE_OPEN: values go straight into the series; else route.h */
    const otel__aggregation *ops;
    otel__recorder          *r;
    otel_scope              *scope;
    const char              *name;
    const char              *unit;
    otel__aptr               description; /* the longest that was given: M-21 */
    const double            *bounds;
    uint32_t                 n_bounds;
    uint32_t                 index;
    uint8_t                  kind;        /* enum otel_instrument                             */
    uint8_t                  aggregation; /* of a histogram: enum otel_aggregation            */
    int8_t                   max_scale;
    bool                     is_double;
    bool                     is_delta;
    bool                     no_min_max;
    uint16_t                 max_size;
    otel__a32 last;      /* offset of the series to try first, 0 for none                       */
    otel__a32 searched;  /* offset of the series found by searching last */
    otel__a32 tail;      /* offset of a series near the end of the list         */
    otel__a32 n_series;  /* without overflow                                    */
    otel__a32 full;      /* 1: some set found no memory, others will not either */
    uint32_t  overflow;  /* offset; there from creation, first of the list      */
    uint64_t  collected; /* collector: Unix ns of the last reading, or creation */
    uint32_t  max_series;
#if defined(OTEL__STREAMS)
    uint8_t                  reader;   /* OTEL__READER_*: whose readings it is in             */
    bool                     filters;  /* its view leaves attributes out                     */
    const char              *asked;    /* the instrument's name; `name` may be a view's      */
    struct otel__instrument *more;     /* the instrument's next stream, or NULL              */
    const otel_view         *view;     /* NULL: none speaks of it                            */
    uint32_t                 unbound;  /* of several streams: offset of a binding to overflow */
    otel__a32                bindings; /* offset of the last one made                         */
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    uint32_t                       n_exemplars; /* of one series; 0: none are wanted           */
    const otel_exemplar_reservoir *reservoir;   /* the program's, or NULL: a standard one      */
#endif
} otel__instrument;

/* A place for a callback: see observe.h. */
struct otel_registration {
    otel__a32     state; /* OTEL__OBSERVE_* */
    otel_callback callback;
};

/* What a callback gets. It outlives the callback, so that a late call on it does nothing. */
struct otel_observer {
    otel__a32 open; /* 1 while a callback runs */
};

typedef struct otel__metrics {
    otel__ring   ring;
    otel__reader readers[OTEL__READERS];
    uint32_t     reading; /* OTEL__READER_*: who reads now */
#if !defined(OTEL_LITE_NO_VIEWS)
    const otel_view *views;
    size_t           n_views;
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    uint32_t exemplar_filter; /* enum otel_exemplar_filter */
#endif
#if defined(OTEL__SHARDS)
    otel__shards shards;
#endif
    uint32_t           exponential_max_size;
    uint32_t           drop_instruments; /* bits 1 << enum otel_instrument              */
    uint32_t           max_callbacks;
    otel_registration *callbacks;
    otel_observer      observer;
    otel__a32          observes;              /* 1: there has been a callback */
    void (*observe)(struct otel__metrics *m); /* asks the callbacks           */
    otel__instrument *instruments;
    otel__a32         n_instruments;
    uint32_t          max_instruments;
    uint8_t          *pool;
    uint32_t          pool_units;
    otel__a32         pool_used; /* units */
    otel__a32        *cells;
    uint32_t          n_cells; /* a power of two */
    otel__a32 repaired;        /* 1: some set's text was repaired, and differs from what is given */
    otel__a32 n_filled;
    otel__a32 spares[OTEL__SERIES_SPARES]; /* offsets, 0 = none */
} otel__metrics;

OTEL__INLINE otel__series *otel__series_at(const otel__metrics *m, uint32_t offset)
{
    return (otel__series *)(void *)(m->pool + (size_t)(offset - 1u) * OTEL__SERIES_UNIT);
}

OTEL__INLINE uint8_t *otel__series_attrs(otel__series *s)
{
    return (uint8_t *)s + (size_t)s->attrs_at * OTEL__SERIES_UNIT;
}

#if defined(OTEL__STREAMS)
/* The offset of a series in use. */
OTEL__INLINE uint32_t otel__series_offset(const otel__metrics *m, const otel__series *s)
{
    return (uint32_t)((size_t)((const uint8_t *)s - m->pool) / OTEL__SERIES_UNIT) + 1u;
}

/* The series' attributes, in `to`, which has OTEL__ATTRS_MAX places; texts are borrowed. */
OTEL__FN otel_attrs otel__series_list_attrs(otel__series *s, otel_attr *to)
{
    const uint8_t *p = otel__series_attrs(s);
    uint32_t       i;

    for (i = 0; i < s->n_attrs; i++) {
        to[i] = otel__kv_attr(p);
        p = otel__kv_end(p);
    }
    return otel_attrs_of(to, s->n_attrs);
}
#endif

/* Whether the program tells the values in callbacks, instead of recording them. */
OTEL__HOT bool otel__instrument_is_observable(const otel__instrument *in)
{
    return in->kind >= (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER;
}

/* Whose readings the stream is in. */
OTEL__INLINE uint32_t otel__instrument_reader(const otel__instrument *in)
{
#if defined(OTEL__STREAMS)
    return in->reader;
#else
    (void)in;
    return OTEL__READER_PUSH;
#endif
}

/* Counters and histograms, of which only values that are not negative are expected. */
OTEL__FN bool otel__instrument_only_grows(const otel__instrument *in)
{
    return (in->kind & 3u) == (uint8_t)OTEL_INSTRUMENT_COUNTER ||
           (in->kind & 3u) == (uint8_t)OTEL_INSTRUMENT_HISTOGRAM;
}

OTEL__FN uint32_t otel__series_value_bytes(const otel__instrument *in)
{
    return (uint32_t)((offsetof(otel__series, value) + in->ops->bytes(in) + 7u) & ~(size_t)7u);
}

/* Empty the value of a series that nobody records into. */
OTEL__FN void otel__series_clear(const otel__instrument *in, otel__series *s)
{
    otel__a64_put(&s->cell.number, 0);
    otel__a32_put(&s->cell.touched, 0);
    otel__a64_put(&s->start, 0);
    in->ops->clear(in, s);
}

/* ---- series: memory ---- */

#if defined(OTEL_LITE_SERIES_LIST)

/* Keep memory that nobody sees for the next series, unless there is some already. */
OTEL__FN void otel__series_give(otel__metrics *m, uint32_t offset)
{
    uint32_t none = 0;
    (void)otel__a32_cas(&m->spares[0], &none, offset);
}

/* The spare if it is large enough, or 0. */
OTEL__FN uint32_t otel__series_spare(otel__metrics *m, uint32_t bytes)
{
    const uint32_t offset = otel__a32_swap(&m->spares[0], 0);

    if (offset == 0 || otel__series_at(m, offset)->bytes >= bytes) {
        return offset;
    }
    otel__series_give(m, offset);
    return 0;
}

#else

OTEL__FN void otel__series_give(otel__metrics *m, uint32_t offset)
{
    uint32_t i;
    for (i = 0; i < OTEL__SERIES_SPARES; i++) {
        uint32_t none = 0;
        if (otel__a32_cas(&m->spares[i], &none, offset)) {
            return;
        }
    }
}

/* A spare that is large enough, or 0. */
OTEL__FN uint32_t otel__series_spare(otel__metrics *m, uint32_t bytes)
{
    uint32_t i;
    for (i = 0; i < OTEL__SERIES_SPARES; i++) {
        uint32_t offset = otel__a32_load(&m->spares[i]);
        if (offset != 0 && otel__a32_cas(&m->spares[i], &offset, 0)) {
            uint32_t none = 0;
            if (otel__series_at(m, offset)->bytes >= bytes) {
                return offset;
            }
            if (!otel__a32_cas(&m->spares[i], &none, offset)) {
                continue; /* the place was taken meanwhile: this memory is lost to the pool */
            }
        }
    }
    return 0;
}

#endif

/* Memory for a series of `bytes`, or 0. Bounded compare-and-swap: never passes the end. */
OTEL__FN uint32_t otel__series_take(otel__metrics *m, uint32_t bytes)
{
    const uint32_t least = (uint32_t)offsetof(otel__series, value); /* its size is noted there */
    const uint32_t units =
        ((bytes > least ? bytes : least) + OTEL__SERIES_UNIT - 1u) / OTEL__SERIES_UNIT;
    uint32_t offset = otel__series_spare(m, bytes);
    uint32_t used;

    if (offset != 0) {
        return offset;
    }
    used = otel__a32_peek(&m->pool_used);
    while (units <= m->pool_units - used) {
        if (otel__a32_cas(&m->pool_used, &used, used + units)) {
            otel__series_at(m, used + 1u)->bytes = units * OTEL__SERIES_UNIT;
            return used + 1u;
        }
    }
    return 0;
}

/* ---- series: building one ---- */

/* Memory for a series of the instrument with `bytes` of attributes, empty, and seen by nobody.
 * Returns its offset, or 0 when the pool is used up. */
OTEL__FN uint32_t otel__series_make(otel__metrics *m, const otel__instrument *in, size_t bytes)
{
    const uint32_t head = otel__series_value_bytes(in);
    otel__series  *s;
    uint32_t       offset;

    if (bytes > (size_t)m->pool_units * OTEL__SERIES_UNIT || head / OTEL__SERIES_UNIT > 0xffffu) {
        return 0;
    }
    offset = otel__series_take(m, head + (uint32_t)bytes);
    if (offset == 0) {
        return 0;
    }
    s = otel__series_at(m, offset);
    otel__shards_new_cell(&s->cell);
#if defined(OTEL_LITE_EXEMPLARS)
    otel__a32_put(&s->exemplars, 0);
#endif
    otel__series_clear(in, s);
    s->instrument = in->index;
    s->attrs_at = (uint16_t)(head / OTEL__SERIES_UNIT);
    return offset;
}

#if !defined(OTEL_LITE_SERIES_LIST)

/* What a set comes to: its size once encoded, how many count, whether text needs repair. */
typedef struct otel__set {
    size_t   bytes;
    uint64_t hash;
    uint32_t n;       /* attributes looked at, at most OTEL__ATTRS_MAX           */
    bool     repeats; /* some keys may occur twice                              */
    bool     broken;  /* some text is repaired, after which keys may be the same */
} otel__set;

OTEL__FN void otel__set_measure(otel__set *set, otel_attrs attrs)
{
    size_t i;

    set->bytes = 0;
    set->broken = false;
    for (i = 0; i < set->n; i++) {
        otel__kv kv;
        if (otel__kv_measure_checked(&kv, &attrs.items[i])) {
            set->bytes += otel__kv_field_size(&kv);
            set->broken = set->broken || kv.broken;
        }
    }
}

/* Remove the written field whose key `field` has too; returns the new end. */
OTEL__FN uint8_t *otel__series_unrepeat(uint8_t *begin, uint8_t *field, uint8_t *end,
                                        uint16_t *n_attrs)
{
    const uint8_t *value;
    size_t         length;
    const uint8_t *key = otel__kv_key(field, &length, &value);
    uint8_t       *p = begin;

    while (p < field) {
        uint8_t       *after = (uint8_t *)(uintptr_t)otel__kv_end(p);
        size_t         n;
        const uint8_t *other = otel__kv_key(p, &n, &value);
        if (n == length && otel__attr_same_bytes(key, other, n)) {
            otel__bytes_move_down(p, after, (size_t)(end - after));
            (*n_attrs)--;
            return end - (after - p);
        }
        p = after;
    }
    return end;
}

/* Encode the set behind the series' value. Later ones of equal keys stay. */
OTEL__FN void otel__series_encode(otel__series *s, const otel__set *set, otel_attrs attrs,
                                  uint8_t tag)
{
    uint8_t *begin = otel__series_attrs(s);
    uint8_t *p = begin;
    uint64_t high = 0;
    size_t   i;

    s->n_attrs = 0;
    for (i = 0; i < set->n; i++) {
        const otel_attr *a = &attrs.items[i];
        otel__kv         kv;
        if (otel__kv_measure_checked(&kv, a)) {
            uint8_t *field = p;
            p = otel__kv_store(p, tag, &kv, a, &high);
            s->n_attrs++;
            if (set->repeats || set->broken) {
                p = otel__series_unrepeat(begin, field, p, &s->n_attrs);
            }
        }
    }
    s->attrs_bytes = (uint32_t)(p - begin);
}

/* The hash of a set is the sum of its attributes' hashes: any order, no sort. */
OTEL__FN uint64_t otel__series_hash(otel__series *s, uint64_t seed)
{
    const uint8_t *p = otel__series_attrs(s);
    uint64_t       sum = 0;
    uint32_t       i;

    for (i = 0; i < s->n_attrs; i++) {
        const otel_attr a = otel__kv_attr(p);
        sum += otel__attr_hash(&a, otel__attr_hash_key(&a, otel__attr_key_length(&a)), seed);
        p = otel__kv_end(p);
    }
    return sum;
}

/* Build a series that nobody sees yet. Returns its offset, or 0 when the pool is used up. */
OTEL__FN uint32_t otel__series_build(otel__metrics *m, const otel__instrument *in, otel__set *set,
                                     otel_attrs attrs)
{
    otel__series *s;
    uint32_t      offset;

    otel__set_measure(set, attrs);
    offset = otel__series_make(m, in, set->bytes);
    if (offset != 0) {
        s = otel__series_at(m, offset);
        otel__series_encode(s, set, attrs, in->ops->tag);
        s->hash = otel__series_hash(s, in->r->seed[0]);
    }
    return offset;
}

/* Append to the instrument's list: lock-free, since nothing is ever removed. */
OTEL__FN void otel__series_link(otel__metrics *m, otel__instrument *in, uint32_t offset)
{
    uint32_t tail = otel__a32_load(&in->tail);

    for (;;) {
        otel__series *s = otel__series_at(m, tail);
        uint32_t      next = 0;
        if (otel__a32_cas(&s->cell.next, &next, offset)) {
            otel__a32_store(&in->tail, offset);
            return;
        }
        tail = next;
    }
}

#endif

/* ---- series: comparing ---- */

/* Whether the list is the series' set, in the order in which it was first given. */
OTEL__HOT bool otel__series_same_order(otel__series *s, otel_attrs attrs)
{
    const uint8_t *p = otel__series_attrs(s);
    size_t         i;

    if (attrs.count != s->n_attrs) {
        return false;
    }
    for (i = 0; i < attrs.count; i++) {
        if (!otel__kv_same(p, &attrs.items[i])) {
            return false;
        }
        p = otel__kv_end(p);
    }
    return true;
}

#if !defined(OTEL_LITE_SERIES_LIST)

/* Whether it is the series' set in any order; attributes that do not count are left out. */
OTEL__FN OTEL__NOINLINE bool otel__series_same_any(otel__series *s, otel_attrs attrs,
                                                   const otel__set *set)
{
    uint32_t kept = 0;
    size_t   i;

    for (i = 0; i < set->n; i++) {
        const otel_attr *a = &attrs.items[i];
        const uint8_t   *p = otel__series_attrs(s);
        uint32_t         k;
        const size_t     n = otel__attr_key_length(a);
        if (n == 0 || n > OTEL__KEY_MAX ||
            (set->repeats && otel__attrs_is_shadowed(otel_attrs_of(attrs.items, set->n), i))) {
            continue;
        }
        for (k = 0; k < s->n_attrs && !otel__kv_same(p, a); k++) {
            p = otel__kv_end(p);
        }
        if (k == s->n_attrs) {
            return false;
        }
        kept++;
    }
    return kept == s->n_attrs;
}

/* Whether two series hold one set: the encoding of an attribute is unique, its place is not. */
OTEL__FN bool otel__series_same_encoded(otel__series *a, otel__series *b)
{
    const uint8_t *p = otel__series_attrs(a);
    uint32_t       i;
    uint32_t       k;

    if (a->n_attrs != b->n_attrs || a->attrs_bytes != b->attrs_bytes) {
        return false;
    }
    for (i = 0; i < a->n_attrs; i++) {
        const size_t   n = (size_t)(otel__kv_end(p) - p);
        const uint8_t *q = otel__series_attrs(b);
        for (k = 0; k < b->n_attrs; k++) {
            const size_t other = (size_t)(otel__kv_end(q) - q);
            if (n == other && otel__attr_same_bytes(p, q, n)) {
                break;
            }
            q += other;
        }
        if (k == b->n_attrs) {
            return false;
        }
        p += n;
    }
    return true;
}

#endif

/* ---- series: using one ---- */

/* Count one more of `limit`; false when they are used up. */
OTEL__FN bool otel__series_claim(otel__a32 *n, uint32_t limit)
{
    uint32_t have = otel__a32_peek(n);
    while (have < limit) {
        if (otel__a32_cas(n, &have, have + 1u)) {
            return true;
        }
    }
    return false;
}

/* The rare half of otel__series_touch(). A cumulative series begins with its first value; of a
 * delta one and of an observable the collector knows the begin. */
OTEL__FN OTEL__NOINLINE void otel__series_begin(const otel__instrument *in, otel__series *s)
{
    uint64_t none = 0;
    if (!in->is_delta && !otel__instrument_is_observable(in)) {
        (void)otel__a64_cas(&s->start, &none, otel__recorder_now(in->r));
    }
    (void)otel__a32_or(&s->cell.touched, OTEL__SERIES_VALUE | OTEL__SERIES_EVER);
}

/* Say that the series has a value; one load when that was said before. */
OTEL__INLINE void otel__series_touch(const otel__instrument *in, otel__series *s)
{
    if (OTEL__UNLIKELY((otel__a32_peek(&s->cell.touched) & OTEL__SERIES_VALUE) == 0)) {
        otel__series_begin(in, s);
    }
}

/* The next series of the instrument, or 0. */
OTEL__INLINE uint32_t otel__series_next(const otel__series *s)
{
    return otel__a32_load(&s->cell.next);
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_SERIES_H */
