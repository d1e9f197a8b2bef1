/* point: what each aggregation does with its series: one data point of a reading, its size, its
 * bytes. A point is taken from its series, measured, written, and, once it is in the queue,
 * settled. In between nobody else changes what it says: cumulative numbers move on, but have
 * fixed width. A delta point that found no room is not settled as sent, so that the next one
 * covers its interval, too. Called by collect.h and read.h, one at a time.
 * Spec: metrics.proto; metrics/sdk.md "MetricReader"; requirements M-46, M-60..M-66, P-08,
 * P-23..P-27. */
#ifndef OTEL__RECORD_POINT_H
#define OTEL__RECORD_POINT_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "exemplar.h"
#include "series_list.h"
#include "series_table.h"

/* ---- point: numbers: sums and last values ---- */

OTEL__FN size_t otel__point_number_bytes(const otel__instrument *in)
{
    (void)in;
    return sizeof(uint64_t);
}

OTEL__FN void otel__point_number_clear(const otel__instrument *in, otel__series *s)
{
    (void)in;
    s->value.kept = 0;
}

OTEL__FN uint64_t otel__point_add(const otel__instrument *in, uint64_t a, uint64_t b)
{
    return in->is_double ? otel__platform_double_bits(otel__platform_bits_double(a) +
                                                      otel__platform_bits_double(b))
                         : a + b;
}

/* A cumulative sum or gauge just stands there; a delta one moves to what is kept. */
OTEL__FN bool otel__point_number_take(const otel__instrument *in, otel__series *s, bool *waiting)
{
    uint32_t touched = otel__a32_load(&s->cell.touched);
    uint64_t number;

    (void)waiting;
    if (!in->is_delta) {
        return (touched & OTEL__SERIES_VALUE) != 0;
    }
    touched = otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_VALUE);
#if defined(OTEL__SHARDS)
    number = otel__shards_take(&in->r->metrics->shards, &s->cell);
#else
    number = otel__a64_swap(&s->cell.number, 0);
#endif
    s->value.kept = otel__point_add(in, s->value.kept, number);
    return (touched & (OTEL__SERIES_VALUE | OTEL__SERIES_POINT)) != 0 || /* not sent before */
           number != 0;
}

OTEL__FN void otel__point_number_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    if (in->is_delta && sent) {
        s->value.kept = 0;
    }
}

OTEL__FN size_t otel__point_number_size(const otel__instrument *in, const otel__series *s)
{
    (void)in;
    (void)s;
    return 9u;
}

OTEL__FN void otel__point_value(otel__out *o, const otel__instrument *in, uint64_t bits)
{
    otel__pb_fixed64(o, in->is_double ? 4u : 6u, bits);
}

/* What the point of a recorded number says. */
OTEL__FN uint64_t otel__point_number(const otel__instrument *in, const otel__series *s)
{
#if defined(OTEL__SHARDS)
    return in->is_delta ? s->value.kept : otel__shards_sum(&in->r->metrics->shards, &s->cell);
#else
    return in->is_delta ? s->value.kept : otel__a64_peek(&s->cell.number);
#endif
}

OTEL__FN void otel__point_number_write(otel__out *o, const otel__instrument *in,
                                       const otel__series *s)
{
    otel__point_value(o, in, otel__point_number(in, s));
}

#define OTEL__POINT_GAUGE 5u /* fields of Metric */
#define OTEL__POINT_SUM   7u

#define OTEL__POINT_NUMBER(field)                                                                  \
    {                                                                                              \
        otel__point_number_bytes, otel__point_number_clear, otel__point_number_take,               \
            otel__point_number_settle, otel__point_number_size, otel__point_number_write, field,   \
            OTEL__PB_TAG(7, OTEL__PB_LEN), false                                                   \
    }
static const otel__aggregation otel__point_sum = OTEL__POINT_NUMBER(OTEL__POINT_SUM);
static const otel__aggregation otel__point_gauge = OTEL__POINT_NUMBER(OTEL__POINT_GAUGE);

/* ---- point: numbers that callbacks tell ---- */

/* Whether what is told now is less than what was told before. */
OTEL__FN bool otel__point_told_fell(const otel__instrument *in, uint64_t now, uint64_t before)
{
    return in->is_double ? otel__platform_bits_double(now) < otel__platform_bits_double(before)
                         : (int64_t)now < (int64_t)before;
}

/* Only what was told for this reading counts (M-63). A cumulative series begins with the reading
 * before (M-65); so does a monotonic sum that fell. */
OTEL__FN bool otel__point_told_take(const otel__instrument *in, otel__series *s, bool *waiting)
{
    const uint32_t touched = otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_VALUE);
    const uint64_t number = otel__a64_peek(&s->cell.number);

    (void)waiting;
    if ((touched & OTEL__SERIES_VALUE) == 0) {
        return false;
    }
    if (!in->is_delta) {
        if (otel__a64_peek(&s->start) == 0 ||
            (in->kind == (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER &&
             otel__point_told_fell(in, number, s->value.kept))) {
            otel__a64_put(&s->start, in->collected);
        }
        s->value.kept = number;
    }
    return true;
}

/* What found no room is read again when there is, unless another reading begins before. */
OTEL__FN void otel__point_told_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    if (!sent) {
        (void)otel__a32_or(&s->cell.touched, OTEL__SERIES_VALUE);
    } else if (in->is_delta) {
        s->value.kept = otel__a64_peek(&s->cell.number);
    }
}

/* What the point says: the difference, if it is a delta one; a sum that fell began anew: M-67. */
OTEL__FN uint64_t otel__point_told_number(const otel__instrument *in, const otel__series *s)
{
    const uint64_t number = otel__a64_peek(&s->cell.number);

    if (!in->is_delta || otel__point_told_fell(in, number, s->value.kept)) {
        return number;
    }
    return in->is_double ? otel__platform_double_bits(otel__platform_bits_double(number) -
                                                      otel__platform_bits_double(s->value.kept))
                         : number - s->value.kept;
}

OTEL__FN void otel__point_told_write(otel__out *o, const otel__instrument *in,
                                     const otel__series *s)
{
    otel__point_value(o, in, otel__point_told_number(in, s));
}

#define OTEL__POINT_TOLD(field)                                                                    \
    {                                                                                              \
        otel__point_number_bytes, otel__point_number_clear, otel__point_told_take,                 \
            otel__point_told_settle, otel__point_number_size, otel__point_told_write, field,       \
            OTEL__PB_TAG(7, OTEL__PB_LEN), false                                                   \
    }
static const otel__aggregation otel__point_told_sum = OTEL__POINT_TOLD(OTEL__POINT_SUM);
static const otel__aggregation otel__point_told_gauge = OTEL__POINT_TOLD(OTEL__POINT_GAUGE);

/* ---- point: what both kinds of histograms have ---- */

/* Negative values were recorded, or may be: the sum could fall, and is left out (M-46, P-25). */
OTEL__FN bool otel__point_has_sum(const otel__instrument *in, const otel__hist *h)
{
    return otel__instrument_only_grows(in) && !otel__platform_less(h->min, 0);
}

/* Count, sum, min, max. */
OTEL__FN size_t otel__point_count_size(const otel__instrument *in, const otel__hist *h)
{
    return 9u + (otel__point_has_sum(in, h) ? 9u : 0u) + (in->no_min_max ? 0u : 9u + 9u);
}

/* Count and sum; min and max, whose fields differ. */
OTEL__FN void otel__point_count(otel__out *o, const otel__instrument *in, const otel__hist *h,
                                uint32_t field)
{
    otel__pb_fixed64(o, 4, h->count);
    if (otel__point_has_sum(in, h)) {
        otel__pb_double(o, 5, h->sum);
    }
    if (!in->no_min_max) {
        otel__pb_double(o, field, h->min);
        otel__pb_double(o, field + 1u, h->max);
    }
}

/* ---- point: explicit buckets ---- */

OTEL__FN size_t otel__point_explicit_bytes(const otel__instrument *in)
{
    return otel__hist_bytes(in->n_bounds + 1u);
}

OTEL__FN void otel__point_explicit_clear(const otel__instrument *in, otel__series *s)
{
    otel__hist_init(&s->value.hist, in->n_bounds + 1u);
}

OTEL__FN bool otel__point_explicit_take(const otel__instrument *in, otel__series *s, bool *waiting)
{
    *waiting = !otel__hist_collect(&s->value.hist, in->n_bounds + 1u) || *waiting;
    return s->value.hist.count > 0;
}

OTEL__FN void otel__point_explicit_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    if (in->is_delta && sent) {
        otel__hist_reset(&s->value.hist, in->n_bounds + 1u);
    }
}

OTEL__FN size_t otel__point_explicit_size(const otel__instrument *in, const otel__series *s)
{
    return otel__point_count_size(in, &s->value.hist) +
           otel__pb_field_size((in->n_bounds + 1u) * 8u) +
           (in->n_bounds > 0 ? otel__pb_field_size(in->n_bounds * 8u) : 0u);
}

/* Eight bytes of a packed field. */
OTEL__FN void otel__point_word(otel__out *o, uint64_t v)
{
    uint8_t word[8];
    otel__pb_store_le64(word, v);
    otel__out_put(o, word, 8);
}

OTEL__FN void otel__point_explicit_write(otel__out *o, const otel__instrument *in,
                                         const otel__series *s)
{
    const otel__hist *h = &s->value.hist;
    uint32_t          i;

    otel__point_count(o, in, h, 11);
    otel__pb_head(o, 6, (in->n_bounds + 1u) * 8u);
    for (i = 0; i <= in->n_bounds; i++) {
        otel__point_word(o, h->buckets[i]);
    }
    if (in->n_bounds > 0) {
        otel__pb_head(o, 7, in->n_bounds * 8u);
    }
    for (i = 0; i < in->n_bounds; i++) {
        otel__point_word(o, otel__platform_double_bits(in->bounds[i]));
    }
}

static const otel__aggregation otel__point_explicit = { otel__point_explicit_bytes,
                                                        otel__point_explicit_clear,
                                                        otel__point_explicit_take,
                                                        otel__point_explicit_settle,
                                                        otel__point_explicit_size,
                                                        otel__point_explicit_write,
                                                        9,
                                                        OTEL__PB_TAG(9, OTEL__PB_LEN),
                                                        false };

/* ---- point: exponential buckets ---- */

#if !defined(OTEL_LITE_NO_EXPONENTIAL)
OTEL__FN size_t otel__point_exp_bytes(const otel__instrument *in)
{
    return otel__exp_bytes(in->max_size);
}

OTEL__FN void otel__point_exp_clear(const otel__instrument *in, otel__series *s)
{
    otel__exp_init(&s->value.exp, in->max_size, in->max_scale);
}

OTEL__FN bool otel__point_exp_take(const otel__instrument *in, otel__series *s, bool *waiting)
{
    otel__exp *h = &s->value.exp;

    (void)in;
    if (!otel__exp_collect(h)) {
        *waiting = true;
        if (!otel__exp_open(h)) {
            return false;
        }
    }
    if (h->base.count == 0) {
        otel__exp_close(h, false);
        return false;
    }
    return true;
}

OTEL__FN void otel__point_exp_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    otel__exp_close(&s->value.exp, in->is_delta && sent);
}

/* The value of a sint32 field. */
OTEL__FN uint64_t otel__point_zigzag(int32_t v)
{
    return ((uint32_t)v << 1) ^ (v < 0 ? UINT32_MAX : 0u);
}

/* Bytes of the packed counts of one sign. */
OTEL__FN size_t otel__point_counts_size(const otel__exp *h, uint32_t sign)
{
    size_t   n = 0;
    uint32_t i;
    for (i = 0; i < h->used.n[sign]; i++) {
        n += otel__pb_varint_size(h->totals[sign][i]);
    }
    return n;
}

/* Bytes of a Buckets message. */
OTEL__FN size_t otel__point_buckets_size(const otel__exp *h, uint32_t sign)
{
    return 1u + otel__pb_varint_size(otel__point_zigzag(h->used.first[sign])) +
           otel__pb_field_size(otel__point_counts_size(h, sign));
}

OTEL__FN size_t otel__point_exp_size(const otel__instrument *in, const otel__series *s)
{
    const otel__exp *h = &s->value.exp;
    size_t           n = otel__point_count_size(in, &h->base) + 1u +
               otel__pb_varint_size(otel__point_zigzag(h->used.scale)) + 9u;
    uint32_t sign;

    for (sign = 0; sign < 2; sign++) {
        n += h->used.n[sign] > 0 ? otel__pb_field_size(otel__point_buckets_size(h, sign)) : 0u;
    }
    return n;
}

OTEL__FN void otel__point_buckets(otel__out *o, const otel__exp *h, uint32_t sign)
{
    uint32_t i;

    otel__pb_head(o, 8u + sign, otel__point_buckets_size(h, sign));
    otel__pb_uint(o, 1, otel__point_zigzag(h->used.first[sign]));
    otel__pb_head(o, 2, otel__point_counts_size(h, sign));
    for (i = 0; i < h->used.n[sign]; i++) {
        otel__pb_varint(o, h->totals[sign][i]);
    }
}

OTEL__FN void otel__point_exp_write(otel__out *o, const otel__instrument *in, const otel__series *s)
{
    const otel__exp *h = &s->value.exp;
    uint32_t         sign;

    otel__point_count(o, in, &h->base, 12);
    otel__pb_uint(o, 6, otel__point_zigzag(h->used.scale));
    otel__pb_fixed64(o, 7, h->zero);
    for (sign = 0; sign < 2; sign++) {
        if (h->used.n[sign] > 0) {
            otel__point_buckets(o, h, sign);
        }
    }
}

static const otel__aggregation otel__point_exponential = { otel__point_exp_bytes,
                                                           otel__point_exp_clear,
                                                           otel__point_exp_take,
                                                           otel__point_exp_settle,
                                                           otel__point_exp_size,
                                                           otel__point_exp_write,
                                                           10,
                                                           OTEL__PB_TAG(1, OTEL__PB_LEN),
                                                           true };
#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_POINT_H */
