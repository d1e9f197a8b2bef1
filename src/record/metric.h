/* metric: recording into instruments, and what a forked child does with them.
 * Values are relaxed atomics on the series; histograms see histogram.h and exponential.h. Nothing
 * here waits, allocates or makes a system call.
 * Spec: metrics/api.md, metrics/sdk.md; requirements M-09, M-10, M-48, M-49, M-108. */
#ifndef OTEL__RECORD_METRIC_H
#define OTEL__RECORD_METRIC_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "instrument.h"

/* ---- metric: recording ---- */

/* The series of a set, made if it is new. One that was searched for twice in a row is tried first
 * from then on, until it is not the one: who goes through many sets, or has more than there is room
 * for, does not pay for comparing with the wrong one each time. */
#if defined(__OPTIMIZE_SIZE__)
OTEL__FN otel__series *otel__series_get(otel__metrics *m, otel__instrument *in, otel_attrs attrs)
{
    uint32_t offset = otel__a32_load(&in->last);

    if (attrs.items == NULL) {
        attrs.count = 0;
    }
    if (offset == 0 || !otel__series_same_order(otel__series_at(m, offset), attrs)) {
        otel__a32_put(&in->last, 0);
        offset = otel__series_search(m, in, attrs);
        if (offset != in->overflow) { /* its content is not what was asked for */
            otel__a32 *where = offset == otel__a32_peek(&in->searched) ? &in->last : &in->searched;
            otel__a32_store(where, offset);
        }
    }
    return otel__series_at(m, offset);
}
#else
OTEL__HOT otel__series *otel__series_get(otel__metrics *m, otel__instrument *in, otel_attrs attrs)
{
    const uint32_t last = otel__a32_load(&in->last);
    otel__series  *s = otel__series_at(m, last != 0 ? last : in->overflow);

    if (OTEL__UNLIKELY(attrs.items == NULL)) {
        attrs.count = 0;
    }
    if (OTEL__LIKELY(last != 0)) {
        if (OTEL__LIKELY(otel__series_same_order(s, attrs))) {
            return s;
        }
        otel__a32_put(&in->last, 0);
    }
    const uint32_t offset = otel__series_search(m, in, attrs);
    if (offset != in->overflow) { /* its content is not what was asked for */
        otel__a32_store(offset == otel__a32_peek(&in->searched) ? &in->last : &in->searched,
                        offset);
    }
    return otel__series_at(m, offset);
}
#endif

/* The series to record into, or NULL when nothing is recorded. Shared by all kinds: the lookup is
 * the larger part of the code. */
OTEL__FN OTEL__NOINLINE otel__series *otel__metric_series(otel__instrument *in, otel_attrs attrs)
{
    if (OTEL__UNLIKELY(!otel__recorder_live(in->r))) {
        return NULL;
    }
    return otel__series_get(in->r->metrics, in, attrs);
}

/* Count a value that cannot be kept (M-10, M-48): the engine tells once. */
OTEL__FN OTEL__COLD void otel__metric_bad_value(otel__instrument *in)
{
    (void)otel__a32_count(&in->r->losses.bad_values, 1u);
}

/* What follows takes NULL for a series when nothing is recorded. */

OTEL__HOT void otel__metric_add_int(const otel__instrument *in, otel__series *s, int64_t value)
{
    if (OTEL__LIKELY(s != NULL)) {
        (void)otel__a64_count(&s->cell.number, (uint64_t)value); /* wraps, defined: M-49 */
        otel__series_touch(in, s);
    }
}

OTEL__HOT void otel__metric_add_double(const otel__instrument *in, otel__series *s, double value)
{
    if (OTEL__LIKELY(s != NULL)) {
        otel__hist_add_double(&s->cell.number, value);
        otel__series_touch(in, s);
    }
}

OTEL__HOT void otel__metric_set(const otel__instrument *in, otel__series *s, uint64_t bits)
{
    if (OTEL__LIKELY(s != NULL)) {
        otel__a64_put(&s->cell.number, bits);
        otel__series_touch(in, s);
    }
}

#if !defined(OTEL_LITE_NO_EXPONENTIAL)
/* The first negative value takes memory for its buckets from the pool, at most once a series. */
OTEL__FN OTEL__COLD bool otel__metric_give_negative(otel__instrument *in, otel__series *s)
{
    otel__metrics *m = in->r->metrics;
    const uint32_t offset = otel__series_take(m, otel__exp_negative_bytes(in->max_size));

    if (offset == 0) {
        return false;
    }
    (void)otel__exp_give_negative(&s->value.exp, otel__series_at(m, offset));
    return true; /* also when another thread was first: then this memory is lost to the pool */
}

OTEL__FN OTEL__NOINLINE void otel__metric_record_exp(otel__instrument *in, otel__series *s,
                                                     double value)
{
    otel__exp_result result = otel__exp_record(&s->value.exp, value);

    if (OTEL__UNLIKELY(result == OTEL__EXP_NEEDS_NEGATIVE) && otel__metric_give_negative(in, s)) {
        result = otel__exp_record(&s->value.exp, value);
    }
    if (OTEL__UNLIKELY(result != OTEL__EXP_OK)) {
        (void)otel__a32_count(&in->r->losses.lost_values, 1u);
    }
}
#endif

OTEL__HOT void otel__metric_record(otel__instrument *in, otel__series *s, double value)
{
    if (OTEL__UNLIKELY(s == NULL)) {
        return;
    }
    otel__series_touch(in, s);
#if !defined(OTEL_LITE_NO_EXPONENTIAL)
    if (in->aggregation == (uint8_t)OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM) {
        otel__metric_record_exp(in, s, value);
        return;
    }
#endif
    otel__hist_record(&s->value.hist, in->bounds, in->n_bounds, value);
}

OTEL_API void otel_counter_add(otel_counter *counter, int64_t value, otel_attrs attrs)
{
    if (counter == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(value < 0)) {
        otel__metric_bad_value(&counter->in);
        return;
    }
    otel__metric_add_int(&counter->in, otel__metric_series(&counter->in, attrs), value);
}

OTEL_API void otel_counter_add_f64(otel_counter_f64 *counter, double value, otel_attrs attrs)
{
    if (counter == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!(value >= 0) || !otel__platform_is_finite(value))) {
        otel__metric_bad_value(&counter->in);
        return;
    }
    otel__metric_add_double(&counter->in, otel__metric_series(&counter->in, attrs), value);
}

OTEL_API void otel_updown_add(otel_updown *updown, int64_t value, otel_attrs attrs)
{
    if (updown != NULL) {
        otel__metric_add_int(&updown->in, otel__metric_series(&updown->in, attrs), value);
    }
}

OTEL_API void otel_updown_add_f64(otel_updown_f64 *updown, double value, otel_attrs attrs)
{
    if (updown == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__metric_bad_value(&updown->in);
        return;
    }
    otel__metric_add_double(&updown->in, otel__metric_series(&updown->in, attrs), value);
}

OTEL_API void otel_gauge_set(otel_gauge *gauge, int64_t value, otel_attrs attrs)
{
    if (gauge != NULL) {
        otel__metric_set(&gauge->in, otel__metric_series(&gauge->in, attrs), (uint64_t)value);
    }
}

OTEL_API void otel_gauge_set_f64(otel_gauge_f64 *gauge, double value, otel_attrs attrs)
{
    if (gauge == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__metric_bad_value(&gauge->in);
        return;
    }
    otel__metric_set(&gauge->in, otel__metric_series(&gauge->in, attrs),
                     otel__platform_double_bits(value));
}

OTEL_API void otel_histogram_record(otel_histogram *histogram, int64_t value, otel_attrs attrs)
{
    if (histogram != NULL) {
        otel__metric_record(&histogram->in, otel__metric_series(&histogram->in, attrs),
                            (double)value);
    }
}

OTEL_API void otel_histogram_record_f64(otel_histogram_f64 *histogram, double value,
                                        otel_attrs attrs)
{
    if (histogram == NULL) {
        return;
    }
    if (OTEL__UNLIKELY(!otel__platform_is_finite(value))) {
        otel__metric_bad_value(&histogram->in);
        return;
    }
    otel__metric_record(&histogram->in, otel__metric_series(&histogram->in, attrs), value);
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
            otel__series_reseed(m, in, offset);
            offset = otel__series_next(s);
        }
    }
    otel__ring_reset(&m->ring);
}
#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_METRIC_H */
