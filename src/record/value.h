/* value: a value into the series of its attribute set. What every way of recording ends with: the
 * straight one of metric.h and bound.h, the long one of route.h, and observe.h.
 * Values are relaxed atomics on the series; histograms see histogram.h and exponential.h. Nothing
 * here waits, allocates or makes a system call.
 * Spec: metrics/api.md, metrics/sdk.md; requirements M-10, M-48, M-49. */
#ifndef OTEL__RECORD_VALUE_H
#define OTEL__RECORD_VALUE_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "instrument.h"

/* ---- value: the series ---- */

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

/* The series to record into. Shared by all kinds: the lookup is the larger part of the code. */
OTEL__FN OTEL__NOINLINE otel__series *otel__value_series(otel__instrument *in, otel_attrs attrs)
{
    return otel__series_get(in->r->metrics, in, attrs);
}

/* Whether values go straight into the series of the instrument: one load. Else the long way knows:
 * route.h. */
OTEL__INLINE bool otel__value_is_straight(const otel__instrument *in)
{
    return OTEL__LIKELY(otel__a32_load(in->live) == OTEL__LIVE_OPEN);
}

/* ---- value: into a series ---- */

/* Count a value that cannot be kept (M-10, M-48): the engine tells once. */
OTEL__FN OTEL__COLD void otel__value_bad(otel__instrument *in)
{
    (void)otel__a32_count(&in->r->losses.bad_values, 1u);
}

OTEL__HOT void otel__value_add_int(const otel__instrument *in, otel__series *s, int64_t value)
{
    (void)otel__a64_count(&s->cell.number, (uint64_t)value); /* wraps, defined: M-49 */
    otel__series_touch(in, s);
}

OTEL__HOT void otel__value_add_double(const otel__instrument *in, otel__series *s, double value)
{
    otel__hist_add_double(&s->cell.number, value);
    otel__series_touch(in, s);
}

OTEL__HOT void otel__value_set(const otel__instrument *in, otel__series *s, uint64_t bits)
{
    otel__a64_put(&s->cell.number, bits);
    otel__series_touch(in, s);
}

#if !defined(OTEL_LITE_NO_EXPONENTIAL)
/* The first negative value takes memory for its buckets from the pool, at most once a series. */
OTEL__FN OTEL__COLD bool otel__value_give_negative(otel__instrument *in, otel__series *s)
{
    otel__metrics *m = in->r->metrics;
    const uint32_t offset = otel__series_take(m, otel__exp_negative_bytes(in->max_size));

    if (offset == 0) {
        return false;
    }
    (void)otel__exp_give_negative(&s->value.exp, otel__series_at(m, offset));
    return true; /* also when another thread was first: then this memory is lost to the pool */
}

OTEL__FN OTEL__NOINLINE void otel__value_record_exp(otel__instrument *in, otel__series *s,
                                                    double value)
{
    otel__exp_result result = otel__exp_record(&s->value.exp, value);

    if (OTEL__UNLIKELY(result == OTEL__EXP_NEEDS_NEGATIVE) && otel__value_give_negative(in, s)) {
        result = otel__exp_record(&s->value.exp, value);
    }
    if (OTEL__UNLIKELY(result != OTEL__EXP_OK)) {
        (void)otel__a32_count(&in->r->losses.lost_values, 1u);
    }
}
#endif

OTEL__HOT void otel__value_record(otel__instrument *in, otel__series *s, double value)
{
    otel__series_touch(in, s);
#if !defined(OTEL_LITE_NO_EXPONENTIAL)
    if (in->aggregation == (uint8_t)OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM) {
        otel__value_record_exp(in, s, value);
        return;
    }
#endif
    otel__hist_record(&s->value.hist, in->bounds, in->n_bounds, value);
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_VALUE_H */
