/* metric: recording into instruments, and what a forked child does with them.
 * Called by user code from anywhere; nothing here waits, allocates or makes a system call.
 * Spec: metrics/api.md, metrics/sdk.md; requirements M-09, M-10, M-48, M-108. */
#ifndef OTEL__RECORD_METRIC_H
#define OTEL__RECORD_METRIC_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "route.h"

/* ---- metric: recording ---- */

OTEL_API void otel_counter_add(otel_counter *counter, int64_t value, otel_attrs attrs)
{
    if (counter == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(value < 0)) {
        otel__value_bad(&counter->in);
        return;
    }
    if (!otel__value_is_straight(&counter->in)) {
        otel__route_record(&counter->in, (uint64_t)value, attrs);
        return;
    }
    otel__value_add_int(&counter->in, otel__value_series(&counter->in, attrs), value);
}

OTEL_API void otel_counter_add_f64(otel_counter_f64 *counter, double value, otel_attrs attrs)
{
    if (counter == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!(value >= 0) || !otel__platform_is_finite(value))) {
        otel__value_bad(&counter->in);
        return;
    }
    if (!otel__value_is_straight(&counter->in)) {
        otel__route_record(&counter->in, otel__platform_double_bits(value), attrs);
        return;
    }
    otel__value_add_double(&counter->in, otel__value_series(&counter->in, attrs), value);
}

OTEL_API void otel_updown_add(otel_updown *updown, int64_t value, otel_attrs attrs)
{
    if (updown == NULL) {
        return;
    }
    if (!otel__value_is_straight(&updown->in)) {
        otel__route_record(&updown->in, (uint64_t)value, attrs);
        return;
    }
    otel__value_add_int(&updown->in, otel__value_series(&updown->in, attrs), value);
}

OTEL_API void otel_updown_add_f64(otel_updown_f64 *updown, double value, otel_attrs attrs)
{
    if (updown == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&updown->in);
        return;
    }
    if (!otel__value_is_straight(&updown->in)) {
        otel__route_record(&updown->in, otel__platform_double_bits(value), attrs);
        return;
    }
    otel__value_add_double(&updown->in, otel__value_series(&updown->in, attrs), value);
}

OTEL_API void otel_gauge_set(otel_gauge *gauge, int64_t value, otel_attrs attrs)
{
    if (gauge == NULL) {
        return;
    }
    if (!otel__value_is_straight(&gauge->in)) {
        otel__route_record(&gauge->in, (uint64_t)value, attrs);
        return;
    }
    otel__value_set(&gauge->in, otel__value_series(&gauge->in, attrs), (uint64_t)value);
}

OTEL_API void otel_gauge_set_f64(otel_gauge_f64 *gauge, double value, otel_attrs attrs)
{
    if (gauge == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&gauge->in);
        return;
    }
    if (!otel__value_is_straight(&gauge->in)) {
        otel__route_record(&gauge->in, otel__platform_double_bits(value), attrs);
        return;
    }
    otel__value_set(&gauge->in, otel__value_series(&gauge->in, attrs),
                    otel__platform_double_bits(value));
}

OTEL_API void otel_histogram_record(otel_histogram *histogram, int64_t value, otel_attrs attrs)
{
    if (histogram == NULL) {
        return;
    }
    if (!otel__value_is_straight(&histogram->in)) {
        otel__route_record(&histogram->in, (uint64_t)value, attrs);
        return;
    }
    otel__value_record(&histogram->in, otel__value_series(&histogram->in, attrs), (double)value);
}

OTEL_API void otel_histogram_record_f64(otel_histogram_f64 *histogram, double value,
                                        otel_attrs attrs)
{
    if (histogram == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__value_bad(&histogram->in);
        return;
    }
    if (!otel__value_is_straight(&histogram->in)) {
        otel__route_record(&histogram->in, otel__platform_double_bits(value), attrs);
        return;
    }
    otel__value_record(&histogram->in, otel__value_series(&histogram->in, attrs), value);
}

/* ---- metric: is anybody interested ---- */

OTEL__FN bool otel__metric_enabled(const otel__instrument *in)
{
    return otel__recorder_live(in->r);
}

#define OTEL__METRIC_ENABLED(function, type)                                                       \
    OTEL_API bool function(const type *instrument)                                                 \
    {                                                                                              \
        return instrument != NULL && otel__metric_enabled(&instrument->in);                        \
    }
OTEL__METRIC_ENABLED(otel_counter_enabled, otel_counter)
OTEL__METRIC_ENABLED(otel_counter_enabled_f64, otel_counter_f64)
OTEL__METRIC_ENABLED(otel_updown_enabled, otel_updown)
OTEL__METRIC_ENABLED(otel_updown_enabled_f64, otel_updown_f64)
OTEL__METRIC_ENABLED(otel_gauge_enabled, otel_gauge)
OTEL__METRIC_ENABLED(otel_gauge_enabled_f64, otel_gauge_f64)
OTEL__METRIC_ENABLED(otel_histogram_enabled, otel_histogram)
OTEL__METRIC_ENABLED(otel_histogram_enabled_f64, otel_histogram_f64)
#undef OTEL__METRIC_ENABLED

/* Instruments with values in their overflow series. */
OTEL__FN uint32_t otel__metrics_overflowing(const otel__metrics *m)
{
    const uint32_t n_instruments = otel__a32_load(&m->n_instruments);
    uint32_t       n = 0;
    uint32_t       i;

    for (i = 0; i < n_instruments; i++) {
        const otel__series *s = otel__series_at(m, m->instruments[i].overflow);
        n += (otel__a32_peek(&s->cell.touched) & OTEL__SERIES_EVER) != 0 ? 1u : 0u;
    }
    return n;
}

/* ---- metric: set-up, fork ---- */

OTEL__FN void otel__metrics_init(otel__metrics *m, otel__arena *a, uint32_t pool_bytes)
{
    m->pool_units = pool_bytes / OTEL__SERIES_UNIT;
    m->pool = (uint8_t *)otel__arena_take(a, m->pool_units, OTEL__SERIES_UNIT);
    otel__series_init_table(m, a, pool_bytes);
#if defined(OTEL__SHARDS)
    otel__shards_carve(&m->shards, a);
#endif
    m->instruments = (otel__instrument *)otel__arena_take(
        a, m->max_instruments + 1u, sizeof *m->instruments); /* one to work in: instrument.h */
    m->callbacks = (otel_registration *)otel__arena_take(a, m->max_callbacks, sizeof *m->callbacks);
}

#if !defined(OTEL_LITE_FREESTANDING) && !defined(OTEL_LITE_NO_FORK)
/* In a forked child: every series starts anew, in its old place, where bound handles find it. The
 * parent's values are the parent's. */
OTEL__FN void otel__metrics_forget(otel__metrics *m)
{
    uint32_t i;

    otel__series_relink(m);
    for (i = 0; i < otel__a32_peek(&m->n_instruments); i++) {
        otel__instrument *in = &m->instruments[i];
        uint32_t          offset = in->overflow;
        in->collected = otel__recorder_now(in->r);
        while (offset != 0) {
            otel__series *s = otel__series_at(m, offset);
            otel__series_clear(in, s);
#if defined(OTEL_LITE_EXEMPLARS)
            otel__exemplar_forget(in, s);
#endif
            otel__series_reseed(m, in, offset);
            offset = otel__series_next(s);
        }
    }
#if defined(OTEL__SHARDS)
    otel__shards_forget(&m->shards);
#endif
    otel__ring_reset(&m->ring);
}
#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_METRIC_H */
