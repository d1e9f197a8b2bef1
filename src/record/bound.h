/* bound: the library's half of bound instruments: resolving attributes, and what a caller's inline
 * code leaves over: the first value of a series, doubles, histograms, bad values, a fork or a
 * close. A handle points to a series, which is never moved or freed while the SDK has its
 * memory; with OTEL_LITE_SHARDS a counter's also to cells: shards.h.
 * Spec: metrics/api.md "Bind" (development); requirements M-15, M-107. */
#ifndef OTEL__RECORD_BOUND_H
#define OTEL__RECORD_BOUND_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "metric.h"

/* ---- bound: binding ---- */

OTEL__FN struct otel__cell *otel__bound_cell(otel__instrument *in, otel_attrs attrs)
{
    otel__series *s;

    if (!otel__recorder_live(in->r)) {
        return NULL;
    }
#if defined(OTEL__STREAMS)
    s = otel__route_bind(in, attrs);
#else
    s = otel__value_series(in, attrs);
#endif
    return s != NULL ? &s->cell : NULL;
}

/* The word that lets a caller's inline code change the number itself. A handle of a single stream
 * needs no detour: its cell is the series already, unless exemplars are wanted. */
OTEL__FN const otel__a32 *otel__bound_live(const otel__instrument *in)
{
#if defined(OTEL__STREAMS)
    const bool gauge = in->kind == (uint8_t)OTEL_INSTRUMENT_GAUGE;
    bool       alone = in->more == NULL;
#if defined(OTEL_LITE_EXEMPLARS)
    alone = alone && in->n_exemplars == 0;
#endif
    return alone && in->ops->field == (gauge ? OTEL__POINT_GAUGE : OTEL__POINT_SUM) ? in->r->live
                                                                                    : in->live;
#else
    return in->live;
#endif
}

#define OTEL__BIND(function, type, field)                                                          \
    OTEL_API otel_bound_##type function(otel_##type *field, otel_attrs attrs)                      \
    {                                                                                              \
        otel_bound_##type bound;                                                                   \
        bound.field = field;                                                                       \
        bound.cell = field != NULL ? otel__bound_cell(&field->in, attrs) : NULL;                   \
        bound.live = bound.cell != NULL ? otel__bound_live(&field->in) : NULL;                     \
        return bound;                                                                              \
    }
#if defined(OTEL__SHARDS)
OTEL_API otel_bound_counter otel_counter_bind(otel_counter *counter, otel_attrs attrs)
{
    otel_bound_counter bound = { counter, NULL, NULL, NULL };

    bound.cell = counter != NULL ? otel__bound_cell(&counter->in, attrs) : NULL;
    if (bound.cell != NULL) {
        otel__recorder *r = counter->in.r;
        bound.live = otel__bound_live(&counter->in);
        bound.shards =
            bound.live == r->live ? otel__shards_bind(&r->metrics->shards, bound.cell) : NULL;
    }
    return bound;
}
#else
OTEL__BIND(otel_counter_bind, counter, counter)
#endif
OTEL__BIND(otel_counter_bind_f64, counter_f64, counter)
OTEL__BIND(otel_updown_bind, updown, updown)
OTEL__BIND(otel_updown_bind_f64, updown_f64, updown)
OTEL__BIND(otel_gauge_bind, gauge, gauge)
OTEL__BIND(otel_gauge_bind_f64, gauge_f64, gauge)
OTEL__BIND(otel_histogram_bind, histogram, histogram)
OTEL__BIND(otel_histogram_bind_f64, histogram_f64, histogram)
#undef OTEL__BIND

/* ---- bound: recording ---- */

OTEL__INLINE otel__series *otel__bound_series(struct otel__cell *cell)
{
    return (otel__series *)(void *)cell;
}

OTEL_API void otel__bound_counter_add(otel_counter *counter, struct otel__cell *cell, int64_t value)
{
    if (OTEL__UNLIKELY(value < 0)) {
        otel__value_bad(&counter->in);
        return;
    }
    if (!otel__value_is_straight(&counter->in)) {
        otel__route_bound(&counter->in, cell, (uint64_t)value);
        return;
    }
    otel__value_add_int(&counter->in, otel__bound_series(cell), value);
}

OTEL_API void otel__bound_counter_add_f64(otel_counter_f64 *counter, struct otel__cell *cell,
                                          double value)
{
    if (OTEL__UNLIKELY(!(value >= 0) || !otel__platform_is_finite(value))) {
        otel__value_bad(&counter->in);
        return;
    }
    if (!otel__value_is_straight(&counter->in)) {
        otel__route_bound(&counter->in, cell, otel__platform_double_bits(value));
        return;
    }
    otel__value_add_double(&counter->in, otel__bound_series(cell), value);
}

OTEL_API void otel__bound_updown_add(otel_updown *updown, struct otel__cell *cell, int64_t value)
{
    if (!otel__value_is_straight(&updown->in)) {
        otel__route_bound(&updown->in, cell, (uint64_t)value);
        return;
    }
    otel__value_add_int(&updown->in, otel__bound_series(cell), value);
}

OTEL_API void otel__bound_updown_add_f64(otel_updown_f64 *updown, struct otel__cell *cell,
                                         double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&updown->in);
        return;
    }
    if (!otel__value_is_straight(&updown->in)) {
        otel__route_bound(&updown->in, cell, otel__platform_double_bits(value));
        return;
    }
    otel__value_add_double(&updown->in, otel__bound_series(cell), value);
}

OTEL_API void otel__bound_gauge_set(otel_gauge *gauge, struct otel__cell *cell, int64_t value)
{
    if (!otel__value_is_straight(&gauge->in)) {
        otel__route_bound(&gauge->in, cell, (uint64_t)value);
        return;
    }
    otel__value_set(&gauge->in, otel__bound_series(cell), (uint64_t)value);
}

OTEL_API void otel__bound_gauge_set_f64(otel_gauge_f64 *gauge, struct otel__cell *cell,
                                        double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&gauge->in);
        return;
    }
    if (!otel__value_is_straight(&gauge->in)) {
        otel__route_bound(&gauge->in, cell, otel__platform_double_bits(value));
        return;
    }
    otel__value_set(&gauge->in, otel__bound_series(cell), otel__platform_double_bits(value));
}

OTEL_API void otel__bound_histogram_record(otel_histogram *histogram, struct otel__cell *cell,
                                           int64_t value)
{
    if (!otel__value_is_straight(&histogram->in)) {
        otel__route_bound(&histogram->in, cell, (uint64_t)value);
        return;
    }
    otel__value_record(&histogram->in, otel__bound_series(cell), (double)value);
}

OTEL_API void otel__bound_histogram_record_f64(otel_histogram_f64 *histogram,
                                               struct otel__cell *cell, double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&histogram->in);
        return;
    }
    if (!otel__value_is_straight(&histogram->in)) {
        otel__route_bound(&histogram->in, cell, otel__platform_double_bits(value));
        return;
    }
    otel__value_record(&histogram->in, otel__bound_series(cell), value);
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_BOUND_H */
