/* bound: the library's half of bound instruments: resolving attributes, and what a caller's inline
 * code leaves over: the first value of a series, doubles, histograms, bad values, a fork or a
 * close. A handle points to a series, which is never moved or freed while the SDK has its
 * memory.
 * Spec: metrics/api.md "Bind" (development); requirements M-15, M-107. */
#ifndef OTEL__RECORD_BOUND_H
#define OTEL__RECORD_BOUND_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "metric.h"

/* ---- bound: binding ---- */

OTEL__FN struct otel__cell *otel__bound_cell(otel__instrument *in, otel_attrs attrs)
{
    otel__series *s = otel__metric_series(in, attrs);
    return s != NULL ? &s->cell : NULL;
}

#define OTEL__BIND(function, type, field)                                                          \
    OTEL_API otel_bound_##type function(otel_##type *field, otel_attrs attrs)                      \
    {                                                                                              \
        otel_bound_##type bound;                                                                   \
        bound.field = field;                                                                       \
        bound.cell = field != NULL ? otel__bound_cell(&field->in, attrs) : NULL;                   \
        bound.live = bound.cell != NULL ? field->in.r->live : NULL;                                \
        return bound;                                                                              \
    }
OTEL__BIND(otel_counter_bind, counter, counter)
OTEL__BIND(otel_counter_bind_f64, counter_f64, counter)
OTEL__BIND(otel_updown_bind, updown, updown)
OTEL__BIND(otel_updown_bind_f64, updown_f64, updown)
OTEL__BIND(otel_gauge_bind, gauge, gauge)
OTEL__BIND(otel_gauge_bind_f64, gauge_f64, gauge)
OTEL__BIND(otel_histogram_bind, histogram, histogram)
OTEL__BIND(otel_histogram_bind_f64, histogram_f64, histogram)
#undef OTEL__BIND

/* ---- bound: recording ---- */

/* The series behind a handle, or NULL when nothing is recorded. */
OTEL__HOT otel__series *otel__bound_series(otel__instrument *in, struct otel__cell *cell)
{
    return otel__recorder_live(in->r) ? (otel__series *)(void *)cell : NULL;
}

OTEL_API void otel__bound_counter_add(otel_counter *counter, struct otel__cell *cell, int64_t value)
{
    if (OTEL__UNLIKELY(value < 0)) {
        otel__metric_bad_value(&counter->in);
        return;
    }
    otel__metric_add_int(&counter->in, otel__bound_series(&counter->in, cell), value);
}

OTEL_API void otel__bound_counter_add_f64(otel_counter_f64 *counter, struct otel__cell *cell,
                                          double value)
{
    if (OTEL__UNLIKELY(!(value >= 0) || !otel__platform_is_finite(value))) {
        otel__metric_bad_value(&counter->in);
        return;
    }
    otel__metric_add_double(&counter->in, otel__bound_series(&counter->in, cell), value);
}

OTEL_API void otel__bound_updown_add(otel_updown *updown, struct otel__cell *cell, int64_t value)
{
    otel__metric_add_int(&updown->in, otel__bound_series(&updown->in, cell), value);
}

OTEL_API void otel__bound_updown_add_f64(otel_updown_f64 *updown, struct otel__cell *cell,
                                         double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__metric_bad_value(&updown->in);
        return;
    }
    otel__metric_add_double(&updown->in, otel__bound_series(&updown->in, cell), value);
}

OTEL_API void otel__bound_gauge_set(otel_gauge *gauge, struct otel__cell *cell, int64_t value)
{
    otel__metric_set(&gauge->in, otel__bound_series(&gauge->in, cell), (uint64_t)value);
}

OTEL_API void otel__bound_gauge_set_f64(otel_gauge_f64 *gauge, struct otel__cell *cell,
                                        double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__metric_bad_value(&gauge->in);
        return;
    }
    otel__metric_set(&gauge->in, otel__bound_series(&gauge->in, cell),
                     otel__platform_double_bits(value));
}

OTEL_API void otel__bound_histogram_record(otel_histogram *histogram, struct otel__cell *cell,
                                           int64_t value)
{
    otel__metric_record(&histogram->in, otel__bound_series(&histogram->in, cell), (double)value);
}

OTEL_API void otel__bound_histogram_record_f64(otel_histogram_f64 *histogram,
                                               struct otel__cell *cell, double value)
{
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__metric_bad_value(&histogram->in);
        return;
    }
    otel__metric_record(&histogram->in, otel__bound_series(&histogram->in, cell), value);
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_BOUND_H */
