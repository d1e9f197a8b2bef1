/* read: one reading of all metrics for the program itself: points as C structs, no bytes in
 * between. Called by otel_read() alone, inside the engine. It goes through the streams of the
 * second reader, which no other reading looks at: taking and settling their points changes
 * nothing for the others. A point is settled right after the program has seen it, so none is
 * ever left over. The buckets that it shows are those of the series; recorders are held off from
 * those of an exponential histogram meanwhile.
 * Spec: metrics/sdk.md "MetricReader", "Collect"; requirements M-12, M-46, M-60..M-66, M-100. */
#ifndef OTEL__RECORD_READ_H
#define OTEL__RECORD_READ_H

#if !defined(OTEL_LITE_NO_METRICS) && !defined(OTEL_LITE_NO_READER)

#include "collect.h"

#define OTEL__READ_EXEMPLARS 64u /* of one point that are shown */

/* One reading, on the stack of the thread that reads: about 3.5 KiB, with exemplars 8.5. */
typedef struct otel__read {
    otel__metrics *m;
    otel_point_fn  point; /* may be NULL */
    void          *user;
    uint64_t       now;                    /* Unix ns: time of every point            */
    bool           waiting;                /* some histogram was being recorded into  */
    otel_point     at;                     /* what the program sees                   */
    otel_attr      attrs[OTEL__ATTRS_MAX]; /* of the point; behind them those of exemplars */
#if defined(OTEL_LITE_EXEMPLARS)
    otel_exemplar exemplars[OTEL__READ_EXEMPLARS];
#endif
} otel__read;

/* ---- read: what a point says ---- */

/* The nearest integer towards 0; not defined by C for what is out of range. */
OTEL__FN int64_t otel__read_integer(double d)
{
    const double limit = 9223372036854775808.0; /* 2^63 */

    if (d >= -limit && d < limit) {
        return (int64_t)d;
    }
    return d > 0 ? INT64_MAX : INT64_MIN;
}

OTEL__FN void otel__read_number(otel_point *p, const otel__instrument *in, const otel__series *s)
{
    const uint64_t bits = otel__instrument_is_observable(in) ? otel__point_told_number(in, s)
                                                             : otel__point_number(in, s);

    p->i = (int64_t)bits;
    p->d = (double)p->i;
    if (in->is_double) {
        p->d = otel__platform_bits_double(bits);
        p->i = otel__read_integer(p->d);
    }
}

/* What both kinds of histograms have. */
OTEL__FN void otel__read_count(otel_point *p, const otel__instrument *in, const otel__hist *h)
{
    p->count = h->count;
    p->has_sum = otel__point_has_sum(in, h);
    p->sum = p->has_sum ? h->sum : 0;
    p->has_min_max = !in->no_min_max;
    p->min = p->has_min_max ? h->min : 0;
    p->max = p->has_min_max ? h->max : 0;
}

OTEL__FN void otel__read_explicit(otel_point *p, const otel__instrument *in, const otel__series *s)
{
    p->aggregation = OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    otel__read_count(p, in, &s->value.hist);
    p->bounds = in->bounds;
    p->n_bounds = in->n_bounds;
    p->buckets = s->value.hist.buckets;
}

#if !defined(OTEL_LITE_NO_EXPONENTIAL)
OTEL__FN void otel__read_buckets(otel_buckets *b, const otel__exp *h, uint32_t sign)
{
    b->n = h->used.n[sign];
    if (b->n > 0) {
        b->offset = h->used.first[sign];
        b->counts = h->totals[sign];
    }
}

OTEL__FN void otel__read_exponential(otel_point *p, const otel__instrument *in,
                                     const otel__series *s)
{
    const otel__exp *h = &s->value.exp;

    p->aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    otel__read_count(p, in, &h->base);
    p->scale = h->used.scale;
    p->zero_count = h->zero;
    otel__read_buckets(&p->positive, h, 0);
    otel__read_buckets(&p->negative, h, 1);
}
#endif

/* The value of a point that was taken, by its field in Metric. */
OTEL__FN void otel__read_value(otel_point *p, const otel__instrument *in, const otel__series *s)
{
    switch (in->ops->field) {
    case 9: otel__read_explicit(p, in, s); break;
#if !defined(OTEL_LITE_NO_EXPONENTIAL)
    case 10: otel__read_exponential(p, in, s); break;
#endif
    case OTEL__POINT_SUM:
        p->aggregation = OTEL_AGGREGATION_SUM;
        p->is_monotonic = otel__collect_is_monotonic(in);
        otel__read_number(p, in, s);
        break;
    default:
        p->aggregation = OTEL_AGGREGATION_LAST_VALUE;
        p->temporality = OTEL_TEMPORALITY_DEFAULT;
        otel__read_number(p, in, s);
        break;
    }
}

/* ---- read: going through ---- */

/* What all points of a stream have. */
OTEL__FN void otel__read_begin(otel__read *c, const otel__instrument *in)
{
    otel_point *p = &c->at;

    memset(p, 0, sizeof *p);
    p->scope_name = in->scope->name;
    p->scope_version = in->scope->version;
    p->name = in->name;
    p->unit = in->unit;
    p->description = (const char *)otel__aptr_load(&in->description);
    p->kind = (otel_instrument)in->kind;
    p->temporality = in->is_delta ? OTEL_TEMPORALITY_DELTA : OTEL_TEMPORALITY_CUMULATIVE;
    p->is_double = in->is_double;
    p->time_ns = c->now;
}

#if defined(OTEL_LITE_EXEMPLARS)
/* Their attributes stand behind those of the point. */
OTEL__FN void otel__read_exemplars(otel__read *c, const otel__instrument *in, otel__series *s)
{
    const uint32_t      used = (uint32_t)c->at.attrs.count;
    otel__exemplar_room room = { c->exemplars, OTEL__READ_EXEMPLARS, NULL, 0 };

    room.attrs = c->attrs + used;
    room.attrs_capacity = OTEL__ATTRS_MAX - used;
    c->at.exemplars = c->exemplars;
    c->at.n_exemplars = otel__exemplar_list(in, s, &room);
}
#endif

/* Show a point that was taken. */
OTEL__FN void otel__read_show(otel__read *c, const otel__instrument *in, otel__series *s)
{
    c->at.start_ns = otel__collect_start(c->now, in, s);
    c->at.attrs = otel__series_list_attrs(s, c->attrs);
    otel__read_value(&c->at, in, s);
#if defined(OTEL_LITE_EXEMPLARS)
    otel__read_exemplars(c, in, s);
#endif
    c->point(c->user, &c->at);
}

/* Read one series. What the program saw is settled, so nobody marks OTEL__SERIES_POINT here. */
OTEL__FN void otel__read_series(otel__read *c, const otel__instrument *in, otel__series *s)
{
    if (!in->ops->take(in, s, &c->waiting)) {
        return;
    }
#if defined(OTEL_LITE_EXEMPLARS)
    otel__exemplar_take(in, s, c->now);
#endif
    if (c->point != NULL) {
        otel__read_begin(c, in);
        otel__read_show(c, in, s);
    }
    otel__collect_settle(in, s, true);
}

OTEL__FN void otel__read_stream(otel__read *c, otel__instrument *in)
{
    uint32_t offset = in->overflow;

    while (offset != 0) {
        otel__series *s = otel__series_at(c->m, offset);
        otel__read_series(c, in, s);
        offset = otel__series_next(s);
    }
    in->collected = c->now;
}

/* Read all streams of the second reader. Returns whether some histogram is behind: the rest of its
 * values comes with the next reading. */
OTEL__FN bool otel__read_all(otel__recorder *r, otel_point_fn point, void *user)
{
    otel__metrics *m = r->metrics;
    otel__read     c;
    uint32_t       n;
    uint32_t       i;

    c.m = m;
    c.point = point;
    c.user = user;
    c.waiting = false;
    m->reading = OTEL__READER_MANUAL;
    if (otel__a32_load(&m->observes) != 0) {
        m->observe(m);
    }
    n = otel__a32_load(&m->n_instruments); /* a callback may have made one */
    c.now = otel__recorder_now(r);
    for (i = 0; i < n; i++) {
        if (m->instruments[i].reader == (uint8_t)OTEL__READER_MANUAL) {
            otel__read_stream(&c, &m->instruments[i]);
        }
    }
    return c.waiting;
}

#endif /* OTEL_LITE_NO_METRICS, OTEL_LITE_NO_READER */
#endif /* OTEL__RECORD_READ_H */
