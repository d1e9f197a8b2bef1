/* collect: one reading of all metrics, encoded as OTLP Metric messages into the metrics ring.
 * Called by the engine alone. A metric whose points are too many for one record becomes several
 * records with the same name; sizes are known beforehand, since all numbers but lengths have fixed
 * width, so every byte is written once, in its final place. Readings are cumulative.
 * Spec: metrics.proto; metrics/sdk.md "Collect"; requirements M-62, M-63, P-03, P-08,
 * P-23..P-25. */
#ifndef OTEL__RECORD_COLLECT_H
#define OTEL__RECORD_COLLECT_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "metric.h"

#define OTEL__COLLECT_CUMULATIVE 2u /* AggregationTemporality */

/* One collection under way. */
typedef struct otel__collect {
    otel__metrics *m;
    uint64_t       now;     /* Unix ns: time of every point                         */
    size_t         request; /* bytes of a request behind its resource               */
    bool           waiting; /* some histogram was being recorded into: come again   */
    bool           lost;    /* some record found no room                            */
} otel__collect;

/* ---- collect: sizes ---- */

/* Whether the series has anything to say. */
OTEL__FN bool otel__collect_has_point(const otel__instrument *in, const otel__series *s)
{
    if (in->kind == OTEL__KIND_HISTOGRAM) {
        return s->value.hist.count > 0;
    }
    return otel__a32_load(&s->touched) != 0;
}

/* Negative values were recorded: the sum could fall, and is left out (P-25). */
OTEL__FN bool otel__collect_has_sum(const otel__hist *h) { return h->min >= 0; }

OTEL__FN size_t otel__collect_point_size(const otel__instrument *in, const otel__series *s)
{
    const size_t times = 9u + 9u;
    if (in->kind != OTEL__KIND_HISTOGRAM) {
        return times + 9u + s->attrs_bytes;
    }
    return times + 9u + (otel__collect_has_sum(&s->value.hist) ? 9u : 0u) +
           otel__pb_field_size((in->n_bounds + 1u) * 8u) +
           (in->n_bounds > 0 ? otel__pb_field_size(in->n_bounds * 8u) : 0u) + 9u + 9u +
           s->attrs_bytes;
}

/* Field number of the data: gauge 5, sum 7, histogram 9. */
OTEL__FN uint32_t otel__collect_data_field(const otel__instrument *in)
{
    return in->kind == OTEL__KIND_GAUGE ? 5u : in->kind == OTEL__KIND_HISTOGRAM ? 9u : 7u;
}

/* Bytes behind the points: temporality, and for sums whether they only grow. */
OTEL__FN size_t otel__collect_trailer_size(const otel__instrument *in)
{
    return in->kind == OTEL__KIND_GAUGE ? 0u : in->kind == OTEL__KIND_COUNTER ? 4u : 2u;
}

OTEL__FN void otel__collect_meta(otel__out *o, const otel__instrument *in)
{
    otel__pb_bytes(o, 1, in->name, strlen(in->name));
    if (in->description[0] != '\0') {
        otel__pb_bytes(o, 2, in->description, strlen(in->description));
    }
    if (in->unit[0] != '\0') {
        otel__pb_bytes(o, 3, in->unit, strlen(in->unit));
    }
}

/* ---- collect: writing ---- */

OTEL__FN void otel__collect_number(otel__out *o, const otel__instrument *in, otel__series *s,
                                   uint64_t now)
{
    otel__pb_fixed64(o, 2, s->start_unix < now ? s->start_unix : now); /* born just now */
    otel__pb_fixed64(o, 3, now);
    otel__pb_fixed64(o, in->is_double ? 4u : 6u, otel__a64_peek(&s->value.number));
    otel__out_put(o, otel__series_attrs(s), s->attrs_bytes);
}

OTEL__FN void otel__collect_histogram(otel__out *o, const otel__instrument *in, otel__series *s,
                                      uint64_t now)
{
    const otel__hist *h = &s->value.hist;
    uint8_t           word[8];
    uint32_t          i;

    otel__pb_fixed64(o, 2, s->start_unix < now ? s->start_unix : now); /* born just now */
    otel__pb_fixed64(o, 3, now);
    otel__pb_fixed64(o, 4, h->count);
    if (otel__collect_has_sum(h)) {
        otel__pb_double(o, 5, h->sum);
    }
    otel__pb_head(o, 6, (in->n_bounds + 1u) * 8u);
    for (i = 0; i <= in->n_bounds; i++) {
        otel__pb_store_le64(word, h->buckets[i]);
        otel__out_put(o, word, 8);
    }
    if (in->n_bounds > 0) {
        otel__pb_head(o, 7, in->n_bounds * 8u);
    }
    for (i = 0; i < in->n_bounds; i++) {
        otel__pb_store_le64(word, otel__platform_double_bits(in->bounds[i]));
        otel__out_put(o, word, 8);
    }
    otel__out_put(o, otel__series_attrs(s), s->attrs_bytes);
    otel__pb_double(o, 11, h->min);
    otel__pb_double(o, 12, h->max);
}

/* Write the points of the series from `first` to `last`, those that were measured. */
OTEL__FN void otel__collect_points(otel__out *o, const otel__collect *c, const otel__instrument *in,
                                   uint32_t first, uint32_t last)
{
    uint32_t offset = first;

    for (;;) {
        otel__series *s = otel__series_at(c->m, offset);
        if ((otel__a32_peek(&s->touched) & OTEL__SERIES_POINT) != 0) {
            otel__pb_head(o, 1, otel__collect_point_size(in, s));
            if (in->kind == OTEL__KIND_HISTOGRAM) {
                otel__collect_histogram(o, in, s, c->now);
            } else {
                otel__collect_number(o, in, s, c->now);
            }
        }
        if (offset == last) {
            break;
        }
        offset = otel__a32_load(&s->next);
    }
    if (in->kind != OTEL__KIND_GAUGE) {
        otel__pb_uint(o, 2, OTEL__COLLECT_CUMULATIVE);
    }
    if (in->kind == OTEL__KIND_COUNTER) {
        otel__pb_uint(o, 3, 1);
    }
}

/* Queue one Metric with the points from `first` to `last`, which take `points` bytes. */
OTEL__FN void otel__collect_queue(otel__collect *c, otel__instrument *in, uint32_t first,
                                  uint32_t last, size_t points)
{
    const size_t      data = points + otel__collect_trailer_size(in);
    otel__out         measure = otel__out_make(NULL, 0);
    otel__out         out;
    otel__ring_slot   slot;
    otel__ring_result result;
    size_t            n;

    otel__collect_meta(&measure, in);
    n = OTEL__RECORD_PREFIX + measure.len + otel__pb_field_size(data);
    result = otel__ring_reserve(&c->m->ring,
                                n <= OTEL__RING_LENGTH ? (uint32_t)n : OTEL__RING_LENGTH, &slot);
    if (result != OTEL__RING_OK) {
        otel__recorder_refused(in->r, OTEL_SIGNAL_METRICS, result);
        c->lost = true;
        return;
    }
    out = otel__out_make(otel__record_prefix(slot.data, in->scope->index), n - OTEL__RECORD_PREFIX);
    otel__collect_meta(&out, in);
    otel__pb_head(&out, otel__collect_data_field(in), data);
    otel__collect_points(&out, c, in, first, last);
    otel__ring_commit(&slot);
}

/* Bring all histograms of the instrument up to date. */
OTEL__FN void otel__collect_fold(otel__collect *c, otel__instrument *in)
{
    uint32_t offset;
    for (offset = in->overflow; offset != 0;) {
        otel__series *s = otel__series_at(c->m, offset);
        if (!otel__hist_collect(&s->value.hist, in->n_bounds + 1u)) {
            c->waiting = true;
        }
        offset = otel__a32_load(&s->next);
    }
}

/* Bytes that the points of one record may take: of half the ring, and of a request that holds
 * nothing else. A single point that is larger is refused, and counted, when it is queued or
 * sent. */
OTEL__FN size_t otel__collect_room(const otel__collect *c, const otel__instrument *in)
{
    const size_t ring = otel__ring_largest(&c->m->ring) - OTEL__RECORD_PREFIX;
    const size_t heads = 16; /* tags and lengths of scope, record and data */
    const size_t around = heads + otel__pb_field_size(in->scope->length);
    const size_t request = c->request > around ? c->request - around : 0;
    otel__out    meta = otel__out_make(NULL, 0);

    otel__collect_meta(&meta, in);
    meta.len += heads + otel__collect_trailer_size(in);
    if (meta.len >= ring || meta.len >= request) {
        return 0;
    }
    return (ring < request ? ring : request) - meta.len;
}

/* Cut the instrument's points into records. Which series have a point, and which is the last, is
 * decided once, here: more may appear while the record is written. */
OTEL__FN void otel__collect_instrument(otel__collect *c, otel__instrument *in)
{
    const size_t room = otel__collect_room(c, in);
    uint32_t     first = in->overflow;
    uint32_t     last = 0;
    uint32_t     offset;
    size_t       points = 0;

    if (in->kind == OTEL__KIND_HISTOGRAM) {
        otel__collect_fold(c, in);
    }
    for (offset = first; offset != 0;) {
        otel__series *s = otel__series_at(c->m, offset);
        if (otel__collect_has_point(in, s)) {
            otel__a32_put(&s->touched,
                          OTEL__SERIES_VALUE | OTEL__SERIES_POINT); /* not 0: it stays */
            const size_t one = otel__pb_field_size(otel__collect_point_size(in, s));
            if (points > 0 && points + one > room) {
                otel__collect_queue(c, in, first, last, points);
                first = offset;
                points = 0;
            }
            points += one;
            last = offset;
        }
        offset = otel__a32_load(&s->next);
    }
    if (points > 0) {
        otel__collect_queue(c, in, first, last, points);
    }
}

/* Read every instrument into the ring. */
OTEL__FN void otel__collect_all(otel__collect *c, otel__recorder *r)
{
    const uint32_t n = otel__a32_load(&r->metrics->n_instruments);
    uint32_t       i;

    c->m = r->metrics;
    c->now = otel__recorder_now(r);
    c->waiting = false;
    c->lost = false;
    for (i = 0; i < n; i++) {
        otel__collect_instrument(c, &c->m->instruments[i]);
    }
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_COLLECT_H */
