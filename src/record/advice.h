/* advice: how a stream's values become points: by the reader's settings, the options that its
 * instrument was created with, and its view, each of which wins over those before it.
 * Called by instrument.h, under the set-up lock.
 * Spec: metrics/sdk.md "View", "Aggregation"; requirements M-25, M-34, M-35, M-41..M-47. */
#ifndef OTEL__RECORD_ADVICE_H
#define OTEL__RECORD_ADVICE_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "point.h"
#include "view.h"

#define OTEL__BOUNDS_MAX 255u

/* M-44: the default boundaries. */
static const double otel__advice_bounds[15] = { 0,   5,   10,   25,   50,   75,   100,  250,
                                                500, 750, 1000, 2500, 5000, 7500, 10000 };

/* What a public call makes. */
typedef struct otel__metric_form {
    const otel__aggregation *ops; /* of a histogram: unless its options say otherwise */
    otel_instrument          kind;
    bool                     is_double;
} otel__metric_form;

/* What an instrument is asked to be. */
typedef struct otel__metric_spec {
    const otel__metric_form      *form;
    const char                   *name;
    const char                   *unit;
    const char                   *description;
    const otel_histogram_options *options; /* of a histogram, or NULL */
} otel__metric_spec;

/* What there is to tell about a request, as bits. */
enum {
    OTEL__NEWS_OPTIONS = 1,
    OTEL__NEWS_SPELLING = 2,    /* the name differs in case from the first one: M-22       */
    OTEL__NEWS_CONFLICT = 4,    /* the name stands for something else already: M-21        */
    OTEL__NEWS_DESCRIPTION = 8, /* another one for the same instrument                     */
    OTEL__NEWS_ADVICE = 16,     /* other boundaries or sizes for the same instrument: M-23 */
    OTEL__NEWS_NAME = 32,       /* M-03                                                    */
    OTEL__NEWS_ROOM = 64,       /* there was none for all of it                            */
#if defined(OTEL_LITE_NO_VIEWS)
    OTEL__NEWS_BITS = 7,
#else
    OTEL__NEWS_VIEW = 128,   /* a view that does not suit the kind: M-34      */
    OTEL__NEWS_STREAM = 256, /* a view gives a name that is there: M-33       */
    OTEL__NEWS_BITS = 9,
#endif
    OTEL__NEWS_ROOM_BIT = 6,
    OTEL__NEWS_KEPT = 512 /* not told: a copy of the description stays */
};

/* ---- advice: of a histogram ---- */

OTEL__FN bool otel__advice_bounds_are_valid(const otel_histogram_options *o)
{
    size_t i;
    if (o->bounds == NULL || o->n_bounds > OTEL__BOUNDS_MAX) {
        return o->bounds == NULL && o->n_bounds == 0;
    }
    for (i = 0; i < o->n_bounds; i++) {
        if (!otel__platform_is_finite(o->bounds[i]) ||
            (i > 0 && !otel__platform_less(o->bounds[i - 1], o->bounds[i]))) {
            return false;
        }
    }
    return true;
}

/* Take the options of a histogram into the stream, apart from the memory of boundaries; what is not
 * valid is left out. Returns whether all was. */
OTEL__FN bool otel__advice_histogram(const otel__metrics *m, otel__instrument *in,
                                     const otel_histogram_options *o, uint32_t aggregation)
{
    bool valid = true;

    in->bounds = otel__advice_bounds;
    in->n_bounds = (uint32_t)(sizeof otel__advice_bounds / sizeof otel__advice_bounds[0]);
    if (!otel__advice_bounds_are_valid(o)) {
        valid = false;
    } else if (o->bounds != NULL) {
        in->bounds = o->bounds;
        in->n_bounds = (uint32_t)o->n_bounds;
    }
    in->no_min_max = o->no_min_max;
#if !defined(OTEL_LITE_NO_VIEWS)
    in->ops = &otel__point_explicit;
#endif
#if defined(OTEL_LITE_NO_EXPONENTIAL)
    (void)m;
#else
    in->max_size = (uint16_t)m->exponential_max_size;
    if (o->max_size >= 2u && o->max_size <= 0xffffu) {
        in->max_size = (uint16_t)o->max_size;
    } else if (o->max_size != 0) {
        valid = false;
    }
    in->max_scale = (int8_t)(o->max_scale == 0 ? 20 : o->max_scale);
    if (o->max_scale == OTEL_SCALE_ZERO) {
        in->max_scale = 0;
    } else if (o->max_scale < -10 || o->max_scale > 20) {
        in->max_scale = 20;
        valid = false;
    }
    if (aggregation == OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM) {
        in->aggregation = (uint8_t)aggregation;
        in->ops = &otel__point_exponential;
        in->bounds = otel__advice_bounds; /* the caller's are of no use */
        in->n_bounds = 0;
        return valid;
    }
#endif
    in->aggregation = OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    return valid && aggregation == OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
}

#if !defined(OTEL_LITE_NO_DIAGNOSTICS)
/* Whether an instrument that is there is what the options ask for: M-23. It is only told. */
OTEL__FN bool otel__advice_is_same(const otel__instrument *in, const otel__instrument *asked)
{
    return in->aggregation == asked->aggregation && in->n_bounds == asked->n_bounds &&
           otel__attr_same_bytes(in->bounds, asked->bounds, in->n_bounds * sizeof(double)) &&
           in->max_size == asked->max_size && in->max_scale == asked->max_scale &&
           in->no_min_max == asked->no_min_max;
}
#endif

/* ---- advice: of all sources ---- */

/* Whether measurements of a kind go nowhere in a reader's standard streams. */
OTEL__FN bool otel__advice_drops(const otel__metrics *m, const otel__metric_spec *spec,
                                 uint32_t reader)
{
    uint32_t aggregation = m->readers[reader].histogram_aggregation;

    if (spec->options != NULL && spec->options->aggregation != 0) {
        aggregation = spec->options->aggregation;
    }
    return ((m->drop_instruments >> (uint32_t)spec->form->kind) & 1u) != 0 ||
           (spec->form->kind == OTEL_INSTRUMENT_HISTOGRAM &&
            aggregation == (uint32_t)OTEL_AGGREGATION_DROP);
}

#if !defined(OTEL_LITE_NO_VIEWS)
/* Whether an aggregation of a view makes sense for a kind: values that callbacks tell are sums or
 * last values (M-34). */
OTEL__FN bool otel__advice_suits(otel_instrument kind, uint32_t aggregation)
{
    return aggregation <= (uint32_t)OTEL_AGGREGATION_LAST_VALUE ||
           (aggregation <= (uint32_t)OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM &&
            kind < OTEL_INSTRUMENT_OBSERVABLE_COUNTER);
}

/* Put what the view says over the options. One that names an aggregation does not look at the
 * instrument's: M-47. */
OTEL__FN void otel__advice_view(otel_histogram_options *o, const otel_view *view)
{
    if (view->aggregation != 0) {
        memset(o, 0, sizeof *o);
        o->aggregation = view->aggregation;
    }
    if (view->bounds != NULL || view->n_bounds != 0) {
        o->bounds = view->bounds;
        o->n_bounds = view->n_bounds;
    }
    o->max_size = view->max_size != 0 ? view->max_size : o->max_size;
    o->max_scale = view->max_scale != 0 ? view->max_scale : o->max_scale;
    o->no_min_max = o->no_min_max || view->no_min_max;
}

/* A view's choice of a sum or the last value. */
OTEL__FN void otel__advice_number(otel__instrument *in, uint32_t aggregation)
{
    const bool told = otel__instrument_is_observable(in);

    in->aggregation = (uint8_t)aggregation;
    if (aggregation == (uint32_t)OTEL_AGGREGATION_SUM) {
        in->ops = told ? &otel__point_told_sum : &otel__point_sum;
    } else {
        in->ops = told ? &otel__point_told_gauge : &otel__point_gauge;
    }
}
#endif

/* Decide how the stream aggregates; its kind, reader and view are set. Returns whether all options
 * were valid. */
OTEL__FN OTEL__NOINLINE bool otel__advice_take(const otel__metrics *m, otel__instrument *in,
                                               const otel__metric_spec *spec)
{
    static const otel_histogram_options standard = { NULL, 0, 0, 0, 0, false };
    const otel_histogram_options       *o = spec->options != NULL ? spec->options : &standard;
    uint32_t                            aggregation = o->aggregation;
#if !defined(OTEL_LITE_NO_VIEWS)
    otel_histogram_options merged = *o;

    if (in->view != NULL) {
        otel__advice_view(&merged, in->view);
        o = &merged;
        aggregation = o->aggregation;
        if (in->view->aggregation == (uint32_t)OTEL_AGGREGATION_SUM ||
            in->view->aggregation == (uint32_t)OTEL_AGGREGATION_LAST_VALUE) {
            otel__advice_number(in, aggregation);
            return true;
        }
    }
#endif
    if (aggregation == 0) {
        if (in->kind != (uint8_t)OTEL_INSTRUMENT_HISTOGRAM) {
            return true; /* its form says how */
        }
        aggregation = m->readers[otel__instrument_reader(in)].histogram_aggregation;
    }
    return otel__advice_histogram(m, in, o, aggregation);
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_ADVICE_H */
