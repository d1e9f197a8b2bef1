/* collect: one reading of all metrics, encoded as OTLP Metric messages into the metrics ring.
 * Called by the engine alone. A metric whose points are too many for one record becomes several
 * records with the same name; sizes are known beforehand, so every byte is written once, in its
 * final place. A reading that the ring has no room for stops, and goes on where it stopped when
 * there is. A record's prefix tells which reading it is of, and whether a newer one makes it
 * worthless: see batch.h.
 * Spec: metrics.proto; metrics/sdk.md "Collect"; requirements M-12, M-42, M-62..M-66, P-03, P-08,
 * P-23..P-25. */
#ifndef OTEL__RECORD_COLLECT_H
#define OTEL__RECORD_COLLECT_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "instrument.h"

/* Exponential histograms hold their recorders off from being read until they are in the queue. */
#define OTEL__COLLECT_HELD 8u

/* One reading, perhaps under way. */
typedef struct otel__collect {
    otel__metrics *m;
    uint64_t       now;           /* Unix ns: time of every point                                */
    size_t         request;       /* bytes of a request behind its resource                      */
    uint32_t       tag;           /* of the records of this reading: OTEL__RECORD_CUMULATIVE ... */
    uint32_t       instrument;    /* the next one to read                                        */
    uint32_t       series;        /* where its points go on, or 0                                */
    uint32_t       n_instruments; /* there were so many at the begin                            */
    uint32_t       n_large;       /* records that fit no queue                                   */
    bool           waiting;       /* some histogram was being recorded into: come again          */
    size_t         meta;          /* bytes of name, description and unit of the instrument      */
    const char    *description;   /* of the instrument being read: one for size and bytes        */
} otel__collect;

/* ---- collect: the metric around the points ---- */

/* Sums and histograms say which temporality they have. */
OTEL__FN bool otel__collect_has_temporality(const otel__instrument *in)
{
    return in->ops->field != OTEL__POINT_GAUGE;
}

/* M-42. */
OTEL__FN bool otel__collect_is_monotonic(const otel__instrument *in)
{
    return in->ops->field == OTEL__POINT_SUM && otel__instrument_only_grows(in);
}

/* Bytes behind the points: temporality, and for sums whether they only grow. */
OTEL__FN size_t otel__collect_trailer_size(const otel__instrument *in)
{
    return !otel__collect_has_temporality(in) ? 0u : otel__collect_is_monotonic(in) ? 4u : 2u;
}

OTEL__FN void otel__collect_trailer(otel__out *o, const otel__instrument *in)
{
    if (otel__collect_has_temporality(in)) {
        otel__pb_uint(o, 2, in->is_delta ? OTEL_TEMPORALITY_DELTA : OTEL_TEMPORALITY_CUMULATIVE);
    }
    if (otel__collect_is_monotonic(in)) {
        otel__pb_uint(o, 3, 1);
    }
}

OTEL__FN void otel__collect_meta(const otel__collect *c, otel__out *o, const otel__instrument *in)
{
    otel__pb_bytes(o, 1, in->name, otel__text_length(in->name));
    if (c->description[0] != '\0') {
        otel__pb_bytes(o, 2, c->description, otel__text_length(c->description));
    }
    if (in->unit[0] != '\0') {
        otel__pb_bytes(o, 3, in->unit, otel__text_length(in->unit));
    }
}

/* ---- collect: one point ---- */

/* Bytes of a point that was taken. */
OTEL__FN size_t otel__collect_point_size(const otel__instrument *in, const otel__series *s)
{
    size_t n = 9u + 9u + in->ops->size(in, s) + s->attrs_bytes;
#if defined(OTEL_LITE_EXEMPLARS)
    n += otel__exemplar_size(in, s);
#endif
    return n;
}

/* Where a point of a reading at `now` begins. A series that began while the reading was made, or
 * before the clock was set back, begins with the reading, for good. */
OTEL__FN uint64_t otel__collect_start(uint64_t now, const otel__instrument *in, otel__series *s)
{
    uint64_t start = otel__a64_peek(&s->start);

    start = start != 0 ? start : in->collected;
    if (start > now) {
        start = now;
        if (!in->is_delta) {
            otel__a64_put(&s->start, start);
        }
    }
    return start;
}

/* Start and time are fields 2 and 3 of all kinds of points. */
OTEL__FN void otel__collect_point(const otel__collect *c, otel__out *o, const otel__instrument *in,
                                  otel__series *s)
{
    otel__pb_head(o, 1, otel__collect_point_size(in, s));
    otel__pb_fixed64(o, 2, otel__collect_start(c->now, in, s));
    otel__pb_fixed64(o, 3, c->now);
    in->ops->write(o, in, s);
#if defined(OTEL_LITE_EXEMPLARS)
    otel__exemplar_write(o, in, s);
#endif
    otel__out_put(o, otel__series_attrs(s), s->attrs_bytes);
}

/* The point is over: `sent` when it is in the queue. A delta one that is not goes on, from where it
 * began; the next one begins with the next reading's interval. */
OTEL__FN void otel__collect_settle(const otel__instrument *in, otel__series *s, bool sent)
{
    in->ops->settle(in, s, sent);
#if defined(OTEL_LITE_EXEMPLARS)
    otel__exemplar_settle(in, s, sent);
#endif
    if (sent || !in->is_delta) {
        (void)otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_POINT);
    }
    if (in->is_delta && (sent || otel__a64_peek(&s->start) == 0)) {
        otel__a64_put(&s->start, sent ? 0 : in->collected);
    }
}

/* ---- collect: one record ---- */

/* Points of one instrument that go into one record. */
typedef struct otel__collect_part {
    uint32_t first; /* offsets of series */
    uint32_t last;
    uint32_t n;     /* points */
    size_t   bytes; /* of the points, with their tags and lengths */
} otel__collect_part;

/* Write the points of the part, or settle them when `o` is NULL. */
OTEL__FN void otel__collect_points(const otel__collect *c, const otel__instrument *in,
                                   const otel__collect_part *part, otel__out *o, bool sent)
{
    uint32_t offset = part->first;

    for (;;) {
        otel__series *s = otel__series_at(c->m, offset);
        if ((otel__a32_peek(&s->cell.touched) & OTEL__SERIES_POINT) != 0) {
            if (o != NULL) {
                otel__collect_point(c, o, in, s);
            } else {
                otel__collect_settle(in, s, sent);
            }
        }
        if (offset == part->last) {
            break;
        }
        offset = otel__series_next(s);
    }
}

/* Queue one Metric. */
OTEL__FN otel__ring_result otel__collect_write(otel__collect *c, const otel__instrument *in,
                                               const otel__collect_part *part)
{
    const size_t      data = part->bytes + otel__collect_trailer_size(in);
    otel__out         out;
    otel__ring_slot   slot;
    otel__ring_result result;
    size_t            n;

    n = OTEL__RECORD_PREFIX + c->meta + otel__pb_field_size(data);
    result = otel__ring_reserve(&c->m->ring,
                                n <= OTEL__RING_LENGTH ? (uint32_t)n : OTEL__RING_LENGTH, &slot);
    if (result != OTEL__RING_OK) {
        return result;
    }
    out = otel__out_make(
        otel__record_prefix(slot.data, in->scope->index | (in->is_delta ? 0 : c->tag)),
        n - OTEL__RECORD_PREFIX);
    otel__collect_meta(c, &out, in);
    otel__pb_head(&out, in->ops->field, data);
    otel__collect_points(c, in, part, &out, false);
    otel__collect_trailer(&out, in);
    otel__ring_commit(&slot);
    return OTEL__RING_OK;
}

/* Queue the part and begin another one. Returns false when it has to wait for room; what is too
 * large for any queue is counted. */
OTEL__FN bool otel__collect_queue(otel__collect *c, const otel__instrument *in,
                                  otel__collect_part *part)
{
    otel__ring_result result;

    if (part->n == 0) {
        return true;
    }
    result = otel__collect_write(c, in, part);
    otel__collect_points(c, in, part, NULL, result == OTEL__RING_OK);
    part->n = 0;
    part->bytes = 0;
    if (result == OTEL__RING_TOO_LARGE) {
        c->n_large++;
        otel__recorder_refused(in->r, OTEL_SIGNAL_METRICS, result);
    }
    return result == OTEL__RING_OK || result == OTEL__RING_TOO_LARGE;
}

/* ---- collect: one instrument ---- */

/* Bytes that the points of one record may take: of half the ring, and of a request that holds
 * nothing else. A single point that is larger is refused, and counted, when it is queued or
 * sent. */
OTEL__FN size_t otel__collect_room(const otel__collect *c, const otel__instrument *in)
{
    const size_t ring = otel__ring_largest(&c->m->ring) - OTEL__RECORD_PREFIX;
    const size_t heads = 16; /* tags and lengths of scope, record and data */
    const size_t around = heads + otel__pb_field_size(in->scope->length);
    const size_t request = c->request > around ? c->request - around : 0;
    const size_t most = ring < request ? ring : request;
    const size_t meta = c->meta + heads + otel__collect_trailer_size(in);

    return meta < most ? most - meta : 0;
}

/* Add the next series to the part, if it has a point. Returns false when what is there has to wait
 * for room, and the series with it. */
OTEL__FN bool otel__collect_series(otel__collect *c, const otel__instrument *in, uint32_t offset,
                                   otel__collect_part *part, size_t room)
{
    otel__series *s = otel__series_at(c->m, offset);
    bool          fits = true;
    size_t        one;

    if (!in->ops->take(in, s, &c->waiting)) {
        if ((otel__a32_peek(&s->cell.touched) & OTEL__SERIES_POINT) != 0) {
            (void)otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_POINT);
        }
        return true;
    }
#if defined(OTEL_LITE_EXEMPLARS)
    otel__exemplar_take(in, s, c->now);
#endif
    one = otel__pb_field_size(otel__collect_point_size(in, s));
    if (part->bytes + one > room || (part->n >= OTEL__COLLECT_HELD && in->ops->held)) {
        fits = otel__collect_queue(c, in, part);
    }
    (void)otel__a32_or(&s->cell.touched, OTEL__SERIES_POINT);
    if (!fits) {
        otel__collect_settle(in, s, false);
        return false;
    }
    part->first = part->n == 0 ? offset : part->first;
    part->last = offset;
    part->bytes += one;
    part->n++;
    return true;
}

/* Cut the instrument's points into records. Which series have a point, and which is the last, is
 * decided once, here: more may appear while a record is written. Returns false when there was no
 * room: c->series says where to go on. */
OTEL__FN bool otel__collect_instrument(otel__collect *c, otel__instrument *in)
{
    otel__collect_part part = { 0, 0, 0, 0 };
    uint32_t           offset = c->series != 0 ? c->series : in->overflow;
    otel__out          measure = otel__out_make(NULL, 0);
    size_t             room;

    c->description = (const char *)otel__aptr_load(&in->description);
    otel__collect_meta(c, &measure, in);
    c->meta = measure.len;
    room = otel__collect_room(c, in);
    while (offset != 0) {
        const uint32_t first = part.n > 0 ? part.first : offset;
        if (!otel__collect_series(c, in, offset, &part, room)) {
            c->series = first;
            return false;
        }
        offset = otel__series_next(otel__series_at(c->m, offset));
    }
    c->series = part.first;
    if (!otel__collect_queue(c, in, &part)) {
        return false;
    }
    c->series = 0;
    in->collected = c->now;
    return true;
}

/* The last reading stopped in the middle of an instrument, and will not go on: what it had not
 * got to keeps its begin. */
OTEL__FN void otel__collect_abandon(const otel__collect *c)
{
    otel__instrument *in = &c->m->instruments[c->instrument];
    uint32_t          offset = c->series;

    while (offset != 0) {
        otel__series *s = otel__series_at(c->m, offset);
        if (in->is_delta && otel__a64_peek(&s->start) == 0) {
            otel__a64_put(&s->start, in->collected);
        }
        offset = otel__series_next(s);
    }
    in->collected = c->now;
}

/* Begin a reading: ask the callbacks. */
OTEL__FN void otel__collect_begin(otel__collect *c, otel__recorder *r)
{
    c->m = r->metrics;
    c->m->reading = OTEL__READER_PUSH;
    c->waiting = false;
    if (c->series != 0) {
        otel__collect_abandon(c);
    }
    if (otel__a32_load(&c->m->observes) != 0) {
        c->m->observe(c->m);
    }
    c->n_instruments = otel__a32_load(&c->m->n_instruments); /* a callback may have made one */
    c->now = otel__recorder_now(r);
    c->instrument = 0;
    c->series = 0;
}

/* Instruments that the reading has not got to. */
OTEL__FN uint32_t otel__collect_left(const otel__collect *c)
{
    uint32_t n = 0;
    uint32_t i;

    for (i = c->instrument; i < c->n_instruments; i++) {
        n += otel__instrument_reader(&c->m->instruments[i]) == OTEL__READER_PUSH ? 1u : 0u;
    }
    return n;
}

/* Read on as long as there is room. Returns whether the reading is complete. */
OTEL__FN bool otel__collect_go_on(otel__collect *c)
{
    for (; c->instrument < c->n_instruments; c->instrument++) {
        otel__instrument *in = &c->m->instruments[c->instrument];
        if (otel__instrument_reader(in) == OTEL__READER_PUSH && !otel__collect_instrument(c, in)) {
            return false;
        }
    }
    return true;
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_COLLECT_H */
