/* route: the long way of a value: to every stream of its instrument, without the attributes that
 * views leave out, with exemplars, or after a fork or a close. Recording calls come here when their
 * instrument's word is not OTEL__LIVE_OPEN, so that others pay nothing for it.
 * Spec: metrics/sdk.md "Measurement processing"; requirements M-33, M-38, M-68, M-91, M-107. */
#ifndef OTEL__RECORD_ROUTE_H
#define OTEL__RECORD_ROUTE_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "value.h"

#if defined(OTEL__STREAMS) || defined(OTEL__FORKS)

/* Put a value, an int64 or the bits of a double, into a series of the stream. */
OTEL__FN void otel__route_put(otel__instrument *in, otel__series *s, uint64_t bits)
{
    if (in->ops->field == OTEL__POINT_GAUGE) {
        otel__value_set(in, s, bits);
    } else if (in->ops->field != OTEL__POINT_SUM) {
        otel__value_record(
            in, s, in->is_double ? otel__platform_bits_double(bits) : (double)(int64_t)bits);
    } else if (in->is_double) {
        otel__value_add_double(in, s, otel__platform_bits_double(bits));
    } else {
        otel__value_add_int(in, s, (int64_t)bits);
    }
}

#if !defined(OTEL__STREAMS)

/* After a fork. */
OTEL__FN OTEL__NOINLINE void otel__route_record(otel__instrument *in, uint64_t bits,
                                                otel_attrs attrs)
{
    if (otel__recorder_live(in->r)) {
        otel__route_put(in, otel__value_series(in, attrs), bits);
    }
}

OTEL__FN OTEL__NOINLINE void otel__route_bound(otel__instrument *in, struct otel__cell *cell,
                                               uint64_t bits)
{
    if (otel__recorder_live(in->r)) {
        otel__route_put(in, (otel__series *)(void *)cell, bits);
    }
}

#else

/* ---- route: attributes ---- */

#if !defined(OTEL_LITE_NO_VIEWS)
/* The series of what the view leaves. Apart, for the place on the stack that it takes. */
OTEL__FN OTEL__NOINLINE otel__series *otel__route_filtered(otel__instrument *in, otel_attrs attrs)
{
    otel__view_attrs left;

    otel__view_filter(in->view, attrs, &left);
    if (left.lost > 0) {
        (void)otel__a32_count(&in->r->losses.attributes, left.lost);
    }
    return otel__value_series(in, otel_attrs_of(left.kept, left.n));
}
#endif

/* The series of a stream for a set as it was recorded. */
OTEL__FN otel__series *otel__route_series(otel__instrument *in, otel_attrs attrs)
{
#if !defined(OTEL_LITE_NO_VIEWS)
    if (in->filters) {
        return otel__route_filtered(in, attrs);
    }
#endif
    return otel__value_series(in, attrs);
}

/* ---- route: recording ---- */

/* Offer a measurement as an exemplar of a series; NULL: there is none. */
OTEL__FN void otel__route_offer(otel__instrument *in, otel__series *s,
                                const otel_measurement *sample)
{
#if defined(OTEL_LITE_EXEMPLARS)
    if (sample != NULL && in->n_exemplars > 0) {
        otel__exemplar_offer(in, s, sample);
    }
#else
    (void)in;
    (void)s;
    (void)sample;
#endif
}

/* A value into one series. */
OTEL__FN void otel__route_one(otel__instrument *in, otel__series *s, uint64_t bits,
                              const otel_measurement *sample)
{
    otel__route_put(in, s, bits);
    otel__route_offer(in, s, sample);
}

/* The measurement when it may become an exemplar, else NULL. */
OTEL__FN const otel_measurement *otel__route_sample(const otel__instrument *in, uint64_t bits,
                                                    otel_attrs attrs, otel_measurement *m)
{
#if defined(OTEL_LITE_EXEMPLARS)
    return otel__exemplar_measure(in, bits, attrs, m) ? m : NULL;
#else
    (void)in;
    (void)bits;
    (void)attrs;
    (void)m;
    return NULL;
#endif
}

/* Record into all streams. */
OTEL__FN OTEL__NOINLINE void otel__route_record(otel__instrument *in, uint64_t bits,
                                                otel_attrs attrs)
{
    otel_measurement        m;
    const otel_measurement *sample;

    if (!otel__recorder_live(in->r)) {
        return;
    }
    sample = otel__route_sample(in, bits, attrs, &m);
    for (; in != NULL; in = in->more) {
        otel__route_one(in, otel__route_series(in, attrs), bits, sample);
    }
}

/* ---- route: bound handles ---- */

/* The binding of a set that was bound before in that order, or 0. */
OTEL__FN uint32_t otel__route_find(const otel__metrics *m, const otel__instrument *in,
                                   otel_attrs attrs)
{
    uint32_t at = otel__a32_load(&in->bindings);

    attrs.count = attrs.items != NULL ? attrs.count : 0;
    while (at != 0 && !otel__series_same_order(otel__series_at(m, at), attrs)) {
        at = otel__series_next(otel__series_at(m, at));
    }
    return at;
}

/* Whether two bindings are of one set: keys that occur twice and broken texts are not found as they
 * were given. */
OTEL__FN bool otel__route_same(otel__series *a, otel__series *b)
{
    return a->attrs_bytes == b->attrs_bytes &&
           otel__attr_same_bytes(otel__series_attrs(a), otel__series_attrs(b), a->attrs_bytes);
}

/* Publish a binding, unless there is one of its set, whose offset is returned then. */
OTEL__FN uint32_t otel__route_publish(otel__metrics *m, otel__instrument *in, uint32_t offset)
{
    otel__series *made = otel__series_at(m, offset);
    uint32_t      newest = otel__a32_load(&in->bindings);
    uint32_t      at = newest;

    while (at != 0) {
        otel__series *other = otel__series_at(m, at);
        if (otel__route_same(made, other)) {
            otel__series_give(m, offset);
            return at;
        }
        at = otel__series_next(other);
    }
    do { /* two threads may bind one set at once: then there are two */
        otel__a32_put(&made->cell.next, newest);
    } while (!otel__a32_cas(&in->bindings, &newest, offset));
    return offset;
}

/* What a handle of the instrument holds on to: a series, or a binding. NULL when there is no memory
 * for a binding, and none was made beforehand. */
OTEL__FN OTEL__NOINLINE otel__series *otel__route_bind(otel__instrument *in, otel_attrs attrs)
{
    otel__metrics    *m = in->r->metrics;
    otel__instrument *stream;
    uint32_t          offset;
    uint32_t         *to;

    if (!otel__stream_binds(in)) {
        return otel__route_series(in, attrs);
    }
    offset = otel__route_find(m, in, attrs);
    if (offset != 0) {
        return otel__series_at(m, offset);
    }
    offset = otel__stream_make_binding(m, in, attrs);
    if (offset == 0) {
        return in->unbound != 0 ? otel__series_at(m, in->unbound) : NULL;
    }
    to = otel__stream_offsets(otel__series_at(m, offset));
    for (stream = in; stream != NULL; stream = stream->more) {
        *to++ = otel__series_offset(m, otel__route_series(stream, attrs));
    }
    return otel__series_at(m, otel__route_publish(m, in, offset));
}

/* Record into all series of a binding. */
OTEL__FN void otel__route_binding(otel__instrument *in, otel__series *binding, uint64_t bits,
                                  const otel_measurement *sample)
{
    const uint32_t *offset = otel__stream_offsets(binding);

    for (; in != NULL; in = in->more) {
        otel__route_one(in, otel__series_at(in->r->metrics, *offset++), bits, sample);
    }
}

OTEL__FN void otel__route_to(otel__instrument *in, otel__series *s, uint64_t bits,
                             const otel_measurement *sample)
{
    if (otel__stream_binds(in)) {
        otel__route_binding(in, s, bits, sample);
    } else {
        otel__route_one(in, s, bits, sample);
    }
}

#if defined(OTEL_LITE_EXEMPLARS)
/* As otel__route_to(), as an exemplar with the attributes of the handle. */
OTEL__FN OTEL__NOINLINE void otel__route_sampled(otel__instrument *in, otel__series *s,
                                                 uint64_t bits, otel_measurement *m)
{
    otel_attr attrs[OTEL__ATTRS_MAX];

    m->attrs = otel__series_list_attrs(s, attrs);
    otel__route_to(in, s, bits, m);
}
#endif

/* Record through a handle. */
OTEL__FN OTEL__NOINLINE void otel__route_bound(otel__instrument *in, struct otel__cell *cell,
                                               uint64_t bits)
{
    otel__series *s = (otel__series *)(void *)cell;

    if (!otel__recorder_live(in->r)) {
        return;
    }
#if defined(OTEL_LITE_EXEMPLARS)
    otel_measurement m;
    if (otel__route_sample(in, bits, OTEL_NO_ATTRS, &m) != NULL) {
        otel__route_sampled(in, s, bits, &m);
        return;
    }
#endif
    otel__route_to(in, s, bits, NULL);
}

#endif
#else

/* Closed: nothing is recorded. */
OTEL__INLINE void otel__route_record(otel__instrument *in, uint64_t bits, otel_attrs attrs)
{
    (void)in;
    (void)bits;
    (void)attrs;
}

OTEL__INLINE void otel__route_bound(otel__instrument *in, struct otel__cell *cell, uint64_t bits)
{
    (void)in;
    (void)cell;
    (void)bits;
}

#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_ROUTE_H */
