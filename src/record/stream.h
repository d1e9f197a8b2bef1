/* stream: what an instrument's values go to: a name, an aggregation, series, for one reader.
 * Usually an instrument has one stream and is it. Each view that matches makes one, and each
 * reader has its own, so that no reader and no view disturbs another; values of such instruments
 * take the long way, see route.h. Streams of one instrument lie behind one another, chained by
 * `more`. Called by instrument.h, under the set-up lock.
 * Spec: metrics/sdk.md "Measurement processing"; requirements M-33, M-61, M-68, M-80. */
#ifndef OTEL__RECORD_STREAM_H
#define OTEL__RECORD_STREAM_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "advice.h"

/* Whether two names are the same, letters in any case (ASCII): M-22. */
OTEL__FN bool otel__stream_same_name(const char *a, const char *b)
{
    while (*a != '\0' && otel__text_lower(*a) == otel__text_lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* The name that the program gave; a view may have given the stream another one. NULL for a further
 * stream. */
OTEL__FN const char *otel__stream_asked(const otel__instrument *in)
{
#if defined(OTEL__STREAMS)
    return in->asked;
#else
    return in->name;
#endif
}

/* The view that made the stream, or NULL. */
OTEL__FN const otel_view *otel__stream_view(const otel__instrument *in)
{
#if defined(OTEL__STREAMS)
    return in->view;
#else
    (void)in;
    return NULL;
#endif
}

/* ---- stream: making one ---- */

/* Empty a place for a stream of that reader and view. */
OTEL__FN void otel__stream_ask(otel__instrument *in, uint32_t reader, const otel_view *view)
{
    memset(in, 0, sizeof *in);
#if defined(OTEL__STREAMS)
    in->reader = (uint8_t)reader;
    in->view = view;
#else
    (void)reader;
    (void)view;
#endif
}

/* Build the overflow series, the first of the list, where a program that records that very set
 * finds it. */
OTEL__FN bool otel__stream_make_overflow(otel__metrics *m, otel__instrument *in)
{
    const otel_attr attr = otel_bool(OTEL__SERIES_OVERFLOW, true);

    if (!otel__series_found(m, in, otel_attrs_of(&attr, 1))) {
        return false;
    }
    otel__a32_put(&in->tail, in->overflow);
    return true;
}

/* Whether a reading tells what came since the one before: M-61. Last values never do. */
OTEL__FN bool otel__stream_is_delta(uint32_t temporality, const otel__instrument *in)
{
    return temporality != (uint32_t)OTEL_TEMPORALITY_CUMULATIVE &&
           in->ops->field != OTEL__POINT_GAUGE &&
           (in->kind == (uint8_t)OTEL_INSTRUMENT_COUNTER ||
            in->kind == (uint8_t)OTEL_INSTRUMENT_HISTOGRAM ||
            (in->kind == (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER &&
             temporality == (uint32_t)OTEL_TEMPORALITY_DELTA));
}

/* Begin a stream of what is asked for: all that needs no memory. Its reader and view are set.
 * Returns false when some options were not valid, which are left out. */
OTEL__FN bool otel__stream_begin(const otel__metrics *m, otel_scope *scope, otel__instrument *in,
                                 const otel__metric_spec *spec)
{
    const otel__reader *reader = &m->readers[otel__instrument_reader(in)];
    bool                valid;

    in->r = scope->r;
    in->scope = scope;
    in->live = scope->r->live;
    in->ops = spec->form->ops;
    in->kind = (uint8_t)spec->form->kind;
    in->is_double = spec->form->is_double;
    in->max_series = reader->max_series;
    valid = otel__advice_take(m, in, spec);
    in->is_delta = otel__stream_is_delta(reader->temporality, in);
    return valid;
}

/* A copy of the boundaries, or NULL. */
OTEL__FN const double *otel__stream_keep_bounds(otel__recorder *r, const double *bounds, uint32_t n)
{
    double *copy = (double *)otel__arena_take(&r->text, n, sizeof(double));

    if (copy != NULL) {
        otel__bytes_copy(copy, bounds, n * sizeof(double));
    }
    return copy;
}

#if defined(OTEL__STREAMS)
/* Give a stream its name, unit and description, the view's where it has them. */
OTEL__FN bool otel__stream_name(otel__instrument *in, const otel__metric_spec *spec)
{
    otel__recorder *r = in->r;
    const char     *name = spec->name;
    const char     *description = spec->description;

#if !defined(OTEL_LITE_NO_VIEWS)
    if (in->view != NULL && in->view->name != NULL) {
        name = otel__recorder_clean(r, in->view->name);
    }
    if (in->view != NULL && in->view->description != NULL) {
        description = otel__recorder_clean(r, in->view->description);
    }
    if (name == NULL || description == NULL) {
        return false;
    }
#endif
    in->name = otel__recorder_keep(r, name);
    in->asked = name == spec->name ? in->name : otel__recorder_keep(r, spec->name);
    in->unit = otel__recorder_keep(r, spec->unit);
    description = otel__recorder_keep(r, description);
    otel__aptr_store(&in->description, (void *)(uintptr_t)description);
    return in->name != NULL && in->asked != NULL && in->unit != NULL && description != NULL;
}
#else
OTEL__FN bool otel__stream_name(otel__instrument *in, const otel__metric_spec *spec)
{
    const char *description = otel__recorder_keep(in->r, spec->description);

    in->name = otel__recorder_keep(in->r, spec->name);
    in->unit = otel__recorder_keep(in->r, spec->unit);
    otel__aptr_store(&in->description, (void *)(uintptr_t)description);
    return in->name != NULL && in->unit != NULL && description != NULL;
}
#endif

/* Give a stream that was begun its texts, boundaries and first series. False when memory is used
 * up. */
OTEL__FN bool otel__stream_make(otel__metrics *m, otel__instrument *in,
                                const otel__metric_spec *spec)
{
    in->collected = otel__recorder_now(in->r);
    if (in->n_bounds > 0 && in->bounds != otel__advice_bounds) {
        in->bounds = otel__stream_keep_bounds(in->r, in->bounds, in->n_bounds);
    }
    return (in->n_bounds == 0 || in->bounds != NULL) && otel__stream_name(in, spec) &&
           otel__stream_make_overflow(m, in);
}

/* ---- stream: all of an instrument ---- */

#if !defined(OTEL__STREAMS)

OTEL__FN void otel__stream_describe(otel__instrument *in, const char *description)
{
    otel__aptr_store(&in->description, (void *)(uintptr_t)description);
}

/* Make the instrument, unless it is dropped. */
OTEL__FN otel__instrument *otel__stream_make_all(otel__metrics *m, otel_scope *scope,
                                                 const otel__metric_spec *spec, uint32_t *news)
{
    const uint32_t    n = otel__a32_peek(&m->n_instruments);
    otel__instrument *in = &m->instruments[n];

    if (otel__advice_drops(m, spec, OTEL__READER_PUSH)) {
        return NULL;
    }
    otel__stream_ask(in, OTEL__READER_PUSH, NULL);
    if (!otel__stream_begin(m, scope, in, spec)) {
        *news |= OTEL__NEWS_OPTIONS;
    }
    in->index = n;
    if (n >= m->max_instruments || !otel__stream_make(m, in, spec)) {
        *news |= OTEL__NEWS_ROOM;
        return NULL;
    }
    otel__a32_store(&m->n_instruments, n + 1u);
    return in;
}

#else

/* Where values go that do not go straight into one series. */
static const otel__a32 otel__stream_detour = { OTEL__LIVE_DETOUR };

/* The instrument's description is another one; a view's stays. */
OTEL__FN void otel__stream_describe(otel__instrument *in, const char *description)
{
    for (; in != NULL; in = in->more) {
        if (in->view == NULL || in->view->description == NULL) {
            otel__aptr_store(&in->description, (void *)(uintptr_t)description);
        }
    }
}

/* ---- stream: bindings ---- */

/* A bound handle of an instrument with several streams needs a series in each, and what a view left
 * out if exemplars want it. It has a binding of its own: a series that no search finds, with the
 * whole attribute set, whose value is the offsets of the others. */
OTEL__FN bool otel__stream_binds(const otel__instrument *in)
{
    bool binds = in->more != NULL;
#if defined(OTEL_LITE_EXEMPLARS)
    binds = binds || (in->filters && in->n_exemplars > 0);
#endif
    return binds;
}

OTEL__FN uint32_t otel__stream_count(const otel__instrument *in)
{
    uint32_t n = 0;
    for (; in != NULL; in = in->more) {
        n++;
    }
    return n;
}

OTEL__FN size_t otel__stream_binding_bytes(const otel__instrument *in)
{
    return otel__stream_count(in) * sizeof(uint32_t);
}

OTEL__FN void otel__stream_binding_clear(const otel__instrument *in, otel__series *s)
{
    (void)in;
    (void)s;
}

OTEL__FN uint32_t *otel__stream_offsets(otel__series *binding)
{
    return (uint32_t *)(void *)&binding->value;
}

/* A binding of that set without its offsets, or 0. */
OTEL__FN uint32_t otel__stream_make_binding(otel__metrics *m, const otel__instrument *in,
                                            otel_attrs attrs)
{
    static const otel__aggregation ops = { otel__stream_binding_bytes,
                                           otel__stream_binding_clear,
                                           NULL,
                                           NULL,
                                           NULL,
                                           NULL,
                                           0,
                                           OTEL__PB_TAG(1, OTEL__PB_LEN),
                                           false };
    otel__instrument like = *in;

    like.ops = &ops;
    return otel__series_build_apart(m, &like, attrs);
}

/* The binding that handles share when there is no memory for one: to the overflow series. */
OTEL__FN bool otel__stream_make_unbound(otel__metrics *m, otel__instrument *in)
{
    uint32_t *to;

    if (!otel__stream_binds(in) || otel__instrument_is_observable(in)) {
        return true;
    }
    in->unbound = otel__stream_make_binding(m, in, OTEL_NO_ATTRS);
    if (in->unbound == 0) {
        return false;
    }
    to = otel__stream_offsets(otel__series_at(m, in->unbound));
    for (; in != NULL; in = in->more) {
        *to++ = in->overflow;
    }
    return true;
}

/* An instrument whose streams are being made. */
typedef struct otel__streams {
    otel__metrics *m;
    otel_scope *scope;
    const otel__metric_spec *spec;
    uint32_t first; /* index of the first stream */
    uint32_t n;
    uint32_t news; /* OTEL__NEWS_* */
} otel__streams;

#if !defined(OTEL_LITE_NO_VIEWS)
/* Whether a view gives two metrics of a reader one name: M-33. */
OTEL__FN bool otel__stream_name_is_taken(const otel__metrics *m, const otel__instrument *in)
{
    uint32_t i;

    for (i = 0; i < in->index; i++) {
        const otel__instrument *other = &m->instruments[i];
        if (other->scope == in->scope && other->reader == in->reader &&
            (other->view != NULL || in->view != NULL) &&
            otel__stream_same_name(other->name, in->name)) {
            return true;
        }
    }
    return false;
}
#endif

/* What a view says besides names and aggregation. */
OTEL__FN void otel__stream_limit(const otel__metrics *m, otel__instrument *in)
{
    (void)m;
    (void)in;
#if !defined(OTEL_LITE_NO_VIEWS)
    in->filters = otel__view_filters(in->view);
    if (in->view != NULL && in->view->max_series != 0) {
        in->max_series = in->view->max_series;
    }
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    if (m->exemplar_filter != (uint32_t)OTEL_EXEMPLAR_FILTER_ALWAYS_OFF) {
        in->reservoir = in->view != NULL ? in->view->reservoir : NULL;
        in->n_exemplars = otel__exemplar_places(in);
    }
#endif
}

/* Make one stream, unless it is dropped. */
OTEL__FN void otel__streams_add(otel__streams *t, uint32_t reader, const otel_view *view)
{
    otel__metrics *m = t->m;
    otel__instrument *in = &m->instruments[t->first + t->n];

    if (view == NULL || view->aggregation == 0 ? otel__advice_drops(m, t->spec, reader)
                                               : view->aggregation == OTEL_AGGREGATION_DROP) {
        return;
    }
    otel__stream_ask(in, reader, view);
    if (!otel__stream_begin(m, t->scope, in, t->spec)) {
        t->news |= OTEL__NEWS_OPTIONS;
    }
    otel__stream_limit(m, in);
    in->index = t->first + t->n;
    if (in->index >= m->max_instruments || !otel__stream_make(m, in, t->spec)) {
        t->news |= OTEL__NEWS_ROOM;
        return;
    }
#if !defined(OTEL_LITE_NO_VIEWS)
    if (otel__stream_name_is_taken(m, in)) {
        t->news |= OTEL__NEWS_STREAM;
    }
#endif
    if (t->n > 0) {
        in->asked = NULL;
        in[-1].more = in;
    }
    t->n++;
}

/* Make the streams of one reader: of each view that matches, or else the standard one. */
OTEL__FN void otel__streams_add_reader(otel__streams *t, uint32_t reader)
{
    bool matched = false;
#if !defined(OTEL_LITE_NO_VIEWS)
    const otel__metric_spec *spec = t->spec;
    size_t i;

    for (i = 0; i < t->m->n_views; i++) {
        const otel_view *view = &t->m->views[i];
        if (!otel__view_fits(view, t->scope, spec->form->kind, spec->name, spec->unit)) {
            continue;
        }
        if (!otel__advice_suits(spec->form->kind, view->aggregation)) {
            t->news |= OTEL__NEWS_VIEW;
            continue;
        }
        matched = true;
        otel__streams_add(t, reader, view);
    }
#endif
    if (!matched) {
        otel__streams_add(t, reader, NULL);
    }
}

/* Whether values of an instrument with this stream alone may go straight into its series: what the
 * recording calls do is what the stream asks for. */
OTEL__FN bool otel__stream_is_straight(const otel__instrument *in, const otel__metric_form *form)
{
    bool straight = in->more == NULL && !in->filters;

#if defined(OTEL_LITE_EXEMPLARS)
    straight = straight && in->n_exemplars == 0;
#endif
    return straight && (in->ops == form->ops ||
                        (form->kind == OTEL_INSTRUMENT_HISTOGRAM &&
                         in->aggregation >= OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM));
}

/* Make the instrument's streams. Returns the first, or NULL when all are dropped or there is no
 * room; when there is none for a further one, the others work. */
OTEL__FN otel__instrument *otel__stream_make_all(otel__metrics *m, otel_scope *scope,
                                                 const otel__metric_spec *spec, uint32_t *news)
{
    otel__streams t = { m, scope, spec, otel__a32_peek(&m->n_instruments), 0, 0 };
    otel__instrument *in = &m->instruments[t.first];
    uint32_t reader;

    for (reader = 0; reader < OTEL__READERS; reader++) {
        if (m->readers[reader].on) {
            otel__streams_add_reader(&t, reader);
        }
    }
    if (t.n > 0 && !otel__stream_is_straight(in, spec->form)) {
        in->live = &otel__stream_detour;
        if (!otel__stream_make_unbound(m, in)) {
            t.news |= OTEL__NEWS_ROOM;
        }
    }
    *news |= t.news;
    otel__a32_store(&m->n_instruments, t.first + t.n);
    return t.n > 0 ? in : NULL;
}

#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_STREAM_H */
