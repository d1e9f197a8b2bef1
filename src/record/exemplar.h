/* exemplar: sampled measurements of one series: how each filter and reservoir chooses them, and how
 * they go out with the point. A place has one state word; who does not get it at once leaves the
 * measurement out, so that nobody waits: recorders write on any thread and in signal handlers, the
 * collector holds what it reads from `take` to `settle`. A series' places are taken from the pool
 * with its first exemplar. Called by stream.h; by collect.h and read.h on the thread that reads.
 * Spec: metrics/sdk.md "Exemplar"; metrics.proto; requirements M-90..M-95. */
#ifndef OTEL__RECORD_EXEMPLAR_H
#define OTEL__RECORD_EXEMPLAR_H

#if !defined(OTEL_LITE_NO_METRICS) && defined(OTEL_LITE_EXEMPLARS)

#include "view.h"

/* Bytes of encoded attributes that one exemplar holds, where a view leaves some out. */
#if !defined(OTEL_LITE_EXEMPLAR_BYTES)
#define OTEL_LITE_EXEMPLAR_BYTES 128
#endif
#if OTEL_LITE_EXEMPLAR_BYTES < 32 || OTEL_LITE_EXEMPLAR_BYTES > 4096
#error "otel_lite: OTEL_LITE_EXEMPLAR_BYTES must be from 32 to 4096"
#endif

#define OTEL__EXEMPLAR_ROOM    ((OTEL_LITE_EXEMPLAR_BYTES + 7u) & ~7u)
#define OTEL__EXEMPLAR_ATTRS   (OTEL__EXEMPLAR_ROOM / 7u) /* at most: a key of one byte, no value */
#define OTEL__EXEMPLAR_MOST    64u        /* places of a program's own reservoir                 */
#define OTEL__EXEMPLAR_FIXED   20u        /* places of an exponential histogram, at most: M-92   */
#define OTEL__EXEMPLAR_NO_ROOM UINT32_MAX /* otel__series.exemplars: the pool had no memory      */

enum { /* otel__exemplar.state */
       OTEL__EXEMPLAR_EMPTY = 0,
       OTEL__EXEMPLAR_FULL = 1,
       OTEL__EXEMPLAR_BUSY = 2, /* a recorder writes    */
       OTEL__EXEMPLAR_HELD = 3  /* in the reading       */
};

/* One place. Everything but the state belongs to who made it BUSY or HELD. */
typedef struct otel__exemplar {
    otel__a32 state;
    uint16_t  attrs_bytes; /* of Exemplar.filtered_attributes, which stand behind */
    bool      has_context;
    uint8_t   trace_flags;
    uint64_t  time; /* Unix ns                   */
    uint64_t  bits; /* int64, or a double's bits */
    uint8_t   trace_id[16];
    uint8_t   span_id[8];
} otel__exemplar;

/* Before the places of a series. */
typedef struct otel__exemplars {
    otel__a32 seen; /* offers since exemplars were sent last */
    uint32_t  unused;
} otel__exemplars;

/* Until others see it, only the states and `seen` are written to the pool's memory: its size, which
 * the pool noted there, stays for otel__series_give(). */
OTEL__STATIC_ASSERT(sizeof(otel__exemplar) % OTEL__SERIES_UNIT == 0, exemplars_are_aligned);
OTEL__STATIC_ASSERT(offsetof(otel__series, bytes) >=
                            sizeof(otel__exemplars) + offsetof(otel__exemplar, time) &&
                        offsetof(otel__series, bytes) + sizeof(uint32_t) <=
                            sizeof(otel__exemplars) + sizeof(otel__exemplar),
                    exemplars_leave_their_size);

/* ---- exemplar: which measurements ---- */

/* Whether a measurement may become an exemplar; *m is then filled in. */
OTEL__FN bool otel__exemplar_measure(const otel__instrument *in, uint64_t bits, otel_attrs attrs,
                                     otel_measurement *m)
{
    const uint32_t filter = in->r->metrics->exemplar_filter;
    const bool     always = filter == (uint32_t)OTEL_EXEMPLAR_FILTER_ALWAYS_ON;

    if (filter == (uint32_t)OTEL_EXEMPLAR_FILTER_ALWAYS_OFF) {
        return false;
    }
    if (!otel__context_read(&m->context)) {
        if (!always) {
            return false;
        }
        memset(&m->context, 0, sizeof m->context);
    } else if (!always && (m->context.trace_flags & OTEL_TRACE_FLAG_SAMPLED) == 0) {
        return false;
    }
    m->time_ns = otel__recorder_now(in->r);
    m->is_double = in->is_double;
    m->i = in->is_double ? 0 : (int64_t)bits;
    m->d = in->is_double ? otel__platform_bits_double(bits) : (double)m->i;
    m->attrs = attrs;
    return true;
}

/* How many places a series has: the program's number, or the standard one (M-92). */
OTEL__FN uint32_t otel__exemplar_places(const otel__instrument *in)
{
    uint32_t n = 1;
    uint32_t most = OTEL__EXEMPLAR_MOST;

    if (in->reservoir != NULL) {
        n = in->reservoir->size;
    } else if (in->ops->field == 10) {
        n = in->max_size;
        most = OTEL__EXEMPLAR_FIXED;
    } else if (in->ops->field == 9) {
        n = in->n_bounds + 1u;
        most = n;
    }
    return n < most ? n : most;
}

/* ---- exemplar: memory ---- */

OTEL__FN size_t otel__exemplar_stride(const otel__instrument *in)
{
    return sizeof(otel__exemplar) + (in->filters ? OTEL__EXEMPLAR_ROOM : 0u);
}

OTEL__FN otel__exemplar *otel__exemplar_at(const otel__instrument *in, otel__exemplars *e,
                                           uint32_t i)
{
    return (otel__exemplar *)(void *)((uint8_t *)(e + 1) + i * otel__exemplar_stride(in));
}

OTEL__FN uint8_t *otel__exemplar_attrs(otel__exemplar *x) { return (uint8_t *)(x + 1); }

/* The memory at an offset, or NULL if there is none. */
OTEL__FN otel__exemplars *otel__exemplar_memory(const otel__instrument *in, uint32_t offset)
{
    return offset == 0 || offset == OTEL__EXEMPLAR_NO_ROOM
               ? NULL
               : (otel__exemplars *)(void *)otel__series_at(in->r->metrics, offset);
}

/* The places of a series, or NULL if it has had no exemplar. */
OTEL__FN otel__exemplars *otel__exemplar_of(const otel__instrument *in, const otel__series *s)
{
    return otel__exemplar_memory(in, otel__a32_load(&s->exemplars));
}

OTEL__FN void otel__exemplar_clear(const otel__instrument *in, otel__exemplars *e)
{
    uint32_t i;

    otel__a32_put(&e->seen, 0);
    for (i = 0; i < in->n_exemplars; i++) {
        otel__a32_put(&otel__exemplar_at(in, e, i)->state, OTEL__EXEMPLAR_EMPTY);
    }
}

/* Take memory for the places of a series, once: who finds none leaves word, since the pool only
 * gets fuller. A handler or another thread may have been first; its memory is then used. */
OTEL__FN OTEL__COLD otel__exemplars *otel__exemplar_make(const otel__instrument *in,
                                                         otel__series           *s)
{
    const size_t bytes = sizeof(otel__exemplars) + in->n_exemplars * otel__exemplar_stride(in);
    uint32_t     offset = otel__series_take(in->r->metrics, (uint32_t)bytes);
    uint32_t     found = 0;

    if (offset == 0) {
        offset = OTEL__EXEMPLAR_NO_ROOM;
    } else {
        otel__exemplar_clear(in, otel__exemplar_memory(in, offset));
    }
    while (!otel__a32_cas(&s->exemplars, &found, offset)) {
        if (found != OTEL__EXEMPLAR_NO_ROOM) {
            if (offset != OTEL__EXEMPLAR_NO_ROOM) {
                otel__series_give(in->r->metrics, offset);
            }
            return otel__exemplar_memory(in, found);
        }
    }
    return otel__exemplar_memory(in, offset);
}

/* ---- exemplar: choosing a place ---- */

/* A fair sample: of n + 1 measurements each has the same chance to be there. The random number
 * differs between measurements, readings and series, and needs nothing shared. */
OTEL__FN uint32_t otel__exemplar_draw(const otel__instrument *in, const otel__series *s,
                                      uint64_t time, uint32_t seen)
{
    const uint64_t *seed = in->r->seed;
    uint64_t        x = otel__recorder_counter(otel__a32_peek(&s->exemplars), seen);

    if (seen < in->n_exemplars) {
        return seen;
    }
    x = otel__recorder_mix(x + time, seed[1], seed[3]) >> 32;
    return (uint32_t)((x * ((uint64_t)seen + 1u)) >> 32);
}

/* The place for a measurement; any number that is none: it is left out. */
OTEL__FN uint32_t otel__exemplar_choose(const otel__instrument *in, const otel__series *s,
                                        otel__exemplars *e, const otel_measurement *m)
{
    const otel_exemplar_reservoir *own = in->reservoir;

    if (own != NULL && own->offer != NULL) {
        return own->offer(own->user, m, otel__a32_count(&e->seen, 1u));
    }
    if (own == NULL && in->ops->field == 9 && in->n_bounds > 0) {
        return otel__hist_bucket(in->bounds, in->n_bounds, m->d);
    }
    return otel__exemplar_draw(in, s, m->time_ns, otel__a32_count(&e->seen, 1u));
}

/* ---- exemplar: writing one ---- */

/* Encode the attributes that the view leaves out, as many as fit. Returns their bytes. */
OTEL__FN uint16_t otel__exemplar_encode(const otel__instrument *in, uint8_t *begin,
                                        otel_attrs attrs)
{
    uint8_t *p = begin;
#if !defined(OTEL_LITE_NO_VIEWS)
    uint64_t high = 0;
    size_t   i;

    attrs.count = attrs.items == NULL             ? 0
                  : attrs.count < OTEL__ATTRS_MAX ? attrs.count
                                                  : OTEL__ATTRS_MAX;
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        otel__kv         kv;
        if (!otel__view_keeps(in->view, a) && !otel__attrs_is_shadowed(attrs, i) &&
            otel__kv_measure_checked(&kv, a) &&
            otel__kv_field_size(&kv) <= OTEL__EXEMPLAR_ROOM - (size_t)(p - begin)) {
            p = otel__kv_store(p, OTEL__PB_TAG(7, OTEL__PB_LEN), &kv, a, &high);
        }
    }
#else
    (void)in;
    (void)attrs;
#endif
    return (uint16_t)(p - begin);
}

/* Write a measurement to a place, unless somebody is there. */
OTEL__FN void otel__exemplar_keep(const otel__instrument *in, otel__exemplar *x,
                                  const otel_measurement *m)
{
    uint32_t state = otel__a32_peek(&x->state);

    do {
        if (state > OTEL__EXEMPLAR_FULL) {
            return;
        }
    } while (!otel__a32_cas(&x->state, &state, OTEL__EXEMPLAR_BUSY)); /* a reading came between */
    x->time = m->time_ns;
    x->bits = m->is_double ? otel__platform_double_bits(m->d) : (uint64_t)m->i;
    x->has_context = otel__context_is_valid(&m->context);
    x->trace_flags = m->context.trace_flags;
    memcpy(x->trace_id, m->context.trace_id, sizeof x->trace_id);
    memcpy(x->span_id, m->context.span_id, sizeof x->span_id);
    x->attrs_bytes = 0;
    if (in->filters && in->view != NULL) {
        x->attrs_bytes = otel__exemplar_encode(in, otel__exemplar_attrs(x), m->attrs);
    }
    otel__a32_store(&x->state, OTEL__EXEMPLAR_FULL);
}

/* Offer a measurement that passed the filter to the series it goes into. Lock-free; any thread,
 * signal handler, interrupt. */
OTEL__FN void otel__exemplar_offer(const otel__instrument *in, otel__series *s,
                                   const otel_measurement *m)
{
    const uint32_t   offset = otel__a32_load(&s->exemplars);
    otel__exemplars *e = otel__exemplar_memory(in, offset);
    uint32_t         i;

    if (e == NULL) {
        if (offset != 0 || in->n_exemplars == 0) {
            return;
        }
        e = otel__exemplar_make(in, s);
        if (e == NULL) {
            return;
        }
    }
    i = otel__exemplar_choose(in, s, e, m);
    if (i < in->n_exemplars) {
        otel__exemplar_keep(in, otel__exemplar_at(in, e, i), m);
    }
}

/* ---- exemplar: collecting ---- */

/* The next place from *i on that the reading holds, or NULL; *i is then behind it. Collector. */
OTEL__FN otel__exemplar *otel__exemplar_next(const otel__instrument *in, otel__exemplars *e,
                                             uint32_t *i)
{
    while (e != NULL && *i < in->n_exemplars) {
        otel__exemplar *x = otel__exemplar_at(in, e, (*i)++);
        if (otel__a32_peek(&x->state) == OTEL__EXEMPLAR_HELD) {
            return x;
        }
    }
    return NULL;
}

/* Hold what was measured up to `now`, the time of the point. What was measured a moment before the
 * point's start belongs to its first value, and is told with that time: M-91. Collector. */
OTEL__FN void otel__exemplar_take(const otel__instrument *in, otel__series *s, uint64_t now)
{
    otel__exemplars *e = otel__exemplar_of(in, s);
    uint64_t         start = otel__a64_peek(&s->start);
    uint32_t         i;

    start = start != 0 ? start : in->collected;
    start = start < now ? start : now;
    for (i = 0; e != NULL && i < in->n_exemplars; i++) {
        otel__exemplar *x = otel__exemplar_at(in, e, i);
        uint32_t        state = OTEL__EXEMPLAR_FULL;
        if (otel__a32_peek(&x->state) != state ||
            !otel__a32_cas(&x->state, &state, OTEL__EXEMPLAR_HELD)) {
            continue;
        }
        if (x->time > now) {
            otel__a32_store(&x->state, OTEL__EXEMPLAR_FULL); /* for the next reading */
        } else if (x->time < start) {
            x->time = start;
        }
    }
}

/* The reading is over: `sent` when it is in the queue; if not, it is offered again. The fair sample
 * then begins anew, behind the places that were held. Collector. */
OTEL__FN void otel__exemplar_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    otel__exemplars *e = otel__exemplar_of(in, s);
    otel__exemplar  *x;
    uint32_t         i = 0;

    while ((x = otel__exemplar_next(in, e, &i)) != NULL) {
        otel__a32_store(&x->state, sent ? OTEL__EXEMPLAR_EMPTY : OTEL__EXEMPLAR_FULL);
    }
    if (e != NULL && sent) {
        otel__a32_put(&e->seen, 0);
    }
}

/* In a forked child: the parent's are the parent's, and who was writing is not here. */
OTEL__FN void otel__exemplar_forget(const otel__instrument *in, otel__series *s)
{
    otel__exemplars *e = otel__exemplar_of(in, s);

    if (e != NULL) {
        otel__exemplar_clear(in, e);
    }
}

/* ---- exemplar: encoding ---- */

/* Bytes of an Exemplar message. */
OTEL__FN size_t otel__exemplar_body(const otel__exemplar *x)
{
    return 9u + 9u + (x->has_context ? 10u + 18u : 0u) + x->attrs_bytes;
}

/* Bytes of the held exemplars as fields of their point. Collector, as what follows. */
OTEL__FN size_t otel__exemplar_size(const otel__instrument *in, const otel__series *s)
{
    otel__exemplars *e = otel__exemplar_of(in, s);
    otel__exemplar  *x;
    uint32_t         i = 0;
    size_t           n = 0;

    while ((x = otel__exemplar_next(in, e, &i)) != NULL) {
        n += otel__pb_field_size(otel__exemplar_body(x));
    }
    return n;
}

/* Write them: otel__exemplar_size() bytes. */
OTEL__FN void otel__exemplar_write(otel__out *o, const otel__instrument *in, const otel__series *s)
{
    const uint32_t   field = in->ops->field == 9 ? 8u : in->ops->field == 10 ? 11u : 5u;
    otel__exemplars *e = otel__exemplar_of(in, s);
    otel__exemplar  *x;
    uint32_t         i = 0;

    while ((x = otel__exemplar_next(in, e, &i)) != NULL) {
        otel__pb_head(o, field, otel__exemplar_body(x));
        otel__pb_fixed64(o, 2, x->time);
        otel__pb_fixed64(o, in->is_double ? 3u : 6u, x->bits);
        if (x->has_context) {
            otel__pb_bytes(o, 4, x->span_id, sizeof x->span_id);
            otel__pb_bytes(o, 5, x->trace_id, sizeof x->trace_id);
        }
        otel__out_put(o, otel__exemplar_attrs(x), x->attrs_bytes);
    }
}

/* ---- exemplar: for C ---- */

/* Decode the attributes of a place into `room` ones at `to`; what is too much is left out. */
OTEL__FN otel_attrs otel__exemplar_decode(otel__exemplar *x, otel_attr *to, uint32_t room)
{
    const uint8_t *p = otel__exemplar_attrs(x);
    const uint8_t *end = p + x->attrs_bytes;
    uint32_t       n = 0;

    while (p < end && n < room) {
        to[n++] = otel__kv_attr(p);
        p = otel__kv_end(p);
    }
    return otel_attrs_of(to, n);
}

/* Where exemplars are listed: the caller's arrays. */
typedef struct otel__exemplar_room {
    otel_exemplar *to;
    uint32_t       capacity;
    otel_attr     *attrs; /* of all of them */
    uint32_t       attrs_capacity;
} otel__exemplar_room;

/* The held exemplars as structs; their attributes, of which one has at most OTEL__EXEMPLAR_ATTRS,
 * borrow from the place. Returns how many. */
OTEL__FN uint32_t otel__exemplar_list(const otel__instrument *in, otel__series *s,
                                      const otel__exemplar_room *room)
{
    otel_exemplar   *to = room->to;
    otel__exemplars *e = otel__exemplar_of(in, s);
    otel__exemplar  *x;
    uint32_t         used = 0;
    uint32_t         n = 0;
    uint32_t         i = 0;

    while (n < room->capacity && (x = otel__exemplar_next(in, e, &i)) != NULL) {
        memset(&to[n], 0, sizeof to[n]);
        to[n].time_ns = x->time;
        to[n].is_double = in->is_double;
        to[n].i = in->is_double ? 0 : (int64_t)x->bits;
        to[n].d = in->is_double ? otel__platform_bits_double(x->bits) : (double)to[n].i;
        memcpy(to[n].context.trace_id, x->trace_id, sizeof x->trace_id);
        memcpy(to[n].context.span_id, x->span_id, sizeof x->span_id);
        to[n].context.trace_flags = x->trace_flags;
        to[n].attrs = otel__exemplar_decode(x, room->attrs + used, room->attrs_capacity - used);
        used += (uint32_t)to[n].attrs.count;
        n++;
    }
    return n;
}

#endif /* OTEL_LITE_EXEMPLARS */
#endif /* OTEL__RECORD_EXEMPLAR_H */
