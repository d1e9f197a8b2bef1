/* instrument: making instruments: names, identity, conflicts, options.
 * One struct serves all kinds, the kind is data; the public handle types only keep a caller from
 * mixing them up. Called by otel_*_create(), on any thread, under the set-up lock.
 * Spec: metrics/api.md, metrics/sdk.md "Duplicate instrument registration"; requirements
 * M-01..M-08, M-20..M-25, M-44, M-47. */
#ifndef OTEL__RECORD_INSTRUMENT_H
#define OTEL__RECORD_INSTRUMENT_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "point.h"

#define OTEL__BOUNDS_MAX 255u

/* M-44: the default boundaries. */
static const double otel__metric_bounds[15] = { 0,   5,   10,   25,   50,   75,   100,  250,
                                                500, 750, 1000, 2500, 5000, 7500, 10000 };

struct otel_counter {
    otel__instrument in;
};
struct otel_counter_f64 {
    otel__instrument in;
};
struct otel_updown {
    otel__instrument in;
};
struct otel_updown_f64 {
    otel__instrument in;
};
struct otel_gauge {
    otel__instrument in;
};
struct otel_gauge_f64 {
    otel__instrument in;
};
struct otel_histogram {
    otel__instrument in;
};
struct otel_histogram_f64 {
    otel__instrument in;
};
struct otel_observable {
    otel__instrument in;
};
struct otel_observable_f64 {
    otel__instrument in;
};

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
    OTEL__NEWS_BITS = 6,
    OTEL__NEWS_KEPT = 64 /* not told: a copy of the description stays */
};

/* ---- instrument: names ---- */

OTEL__FN char otel__metric_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* M-03: a letter, then letters, digits, _ . - /, at most 255 in all. */
OTEL__FN bool otel__metric_name_is_valid(const char *name)
{
    size_t n;
    for (n = 0; name[n] != '\0'; n++) {
        const char c = otel__metric_lower(name[n]);
        if (!(c >= 'a' && c <= 'z') &&
            (n == 0 || (!(c >= '-' && c <= '9') && c != '_'))) { /* - . / and the digits */
            return false;
        }
    }
    return n > 0 && n <= 255u;
}

/* Whether two texts are the same; `fold`: in any case (ASCII). */
OTEL__FN bool otel__metric_same(const char *a, const char *b, bool fold)
{
    size_t i = 0;
    while (a[i] != '\0' &&
           (a[i] == b[i] || (fold && otel__metric_lower(a[i]) == otel__metric_lower(b[i])))) {
        i++;
    }
    return a[i] == b[i];
}

/* ---- instrument: histogram options ---- */

OTEL__FN bool otel__metric_bounds_are_valid(const otel_histogram_options *o)
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

/* Take the options into the instrument, apart from the memory of boundaries; what is not valid is
 * left out. Returns whether all was. */
OTEL__FN bool otel__metric_take_options(const otel__metrics *m, otel__instrument *in,
                                        const otel_histogram_options *o)
{
    bool     valid = true;
    uint32_t aggregation = o->aggregation != 0 ? o->aggregation : m->histogram_aggregation;

    in->bounds = otel__metric_bounds;
    in->n_bounds = (uint32_t)(sizeof otel__metric_bounds / sizeof otel__metric_bounds[0]);
    if (!otel__metric_bounds_are_valid(o)) {
        valid = false;
    } else if (o->bounds != NULL) {
        in->bounds = o->bounds;
        in->n_bounds = (uint32_t)o->n_bounds;
    }
    in->no_min_max = o->no_min_max;
#if !defined(OTEL_LITE_NO_EXPONENTIAL)
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
        in->bounds = otel__metric_bounds; /* the caller's are of no use */
        in->n_bounds = 0;
        return valid;
    }
#endif
    in->aggregation = OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    return valid && (aggregation == OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM ||
                     aggregation == OTEL_AGGREGATION_DROP);
}

/* Whether an instrument that is there is what the options ask for: M-23. */
OTEL__FN bool otel__metric_same_advice(const otel__instrument *in, const otel__instrument *asked)
{
#if defined(OTEL_LITE_NO_DIAGNOSTICS)
    (void)in;
    (void)asked;
    return true; /* it is only told */
#else
    return in->aggregation == asked->aggregation && in->n_bounds == asked->n_bounds &&
           otel__attr_same_bytes(in->bounds, asked->bounds, in->n_bounds * sizeof(double)) &&
           in->max_size == asked->max_size && in->max_scale == asked->max_scale &&
           in->no_min_max == asked->no_min_max;
#endif
}

/* ---- instrument: finding and making ---- */

/* The instrument that is the same (M-20), or NULL. *named is the first with the name in any
 * case. */
OTEL__FN otel__instrument *otel__metric_find(otel__metrics *m, const otel_scope *scope,
                                             const otel__metric_spec *spec,
                                             otel__instrument       **named)
{
    const uint32_t n = otel__a32_peek(&m->n_instruments);
    uint32_t       i;

    *named = NULL;
    for (i = 0; i < n; i++) {
        otel__instrument *in = &m->instruments[i];
        if (in->scope == scope && otel__metric_same(in->name, spec->name, true)) {
            *named = *named != NULL ? *named : in;
            if (in->kind == (uint8_t)spec->form->kind && in->is_double == spec->form->is_double &&
                otel__metric_same(in->unit, spec->unit, false)) {
                return in;
            }
        }
    }
    return NULL;
}

/* Build the overflow series, the first of the list, where a program that records that very set
 * finds it. */
OTEL__FN bool otel__metric_make_overflow(otel__metrics *m, otel__instrument *in)
{
    const otel_attr attr = otel_bool(OTEL__SERIES_OVERFLOW, true);

    if (!otel__series_found(m, in, otel_attrs_of(&attr, 1))) {
        return false;
    }
    otel__a32_put(&in->tail, in->overflow);
    return true;
}

/* Whether a reading tells what came since the one before: M-61. */
OTEL__FN bool otel__metric_is_delta(const otel__metrics *m, otel_instrument kind)
{
    return m->temporality != OTEL_TEMPORALITY_CUMULATIVE &&
           (kind == OTEL_INSTRUMENT_COUNTER || kind == OTEL_INSTRUMENT_HISTOGRAM ||
            (kind == OTEL_INSTRUMENT_OBSERVABLE_COUNTER &&
             m->temporality == OTEL_TEMPORALITY_DELTA));
}

/* Fill in a new instrument, whose options were taken. Under the lock; false when memory is used
 * up. */
OTEL__FN bool otel__metric_make(otel__metrics *m, otel_scope *scope, otel__instrument *in,
                                const otel__metric_spec *spec)
{
    otel__recorder *r = scope->r;
    const char     *description;
    double         *bounds;

    in->r = r;
    in->scope = scope;
    in->kind = (uint8_t)spec->form->kind;
    in->is_double = spec->form->is_double;
    in->is_delta = otel__metric_is_delta(m, spec->form->kind);
    in->collected = otel__recorder_now(r);
    in->name = otel__recorder_keep(r, spec->name);
    in->unit = otel__recorder_keep(r, spec->unit);
    description = otel__recorder_keep(r, spec->description);
    otel__aptr_store(&in->description, (void *)(uintptr_t)description);
    if (in->name == NULL || in->unit == NULL || description == NULL) {
        return false;
    }
    if (in->aggregation == OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM &&
        in->bounds != otel__metric_bounds) {
        bounds = (double *)otel__arena_take(&r->text, in->n_bounds, sizeof(double));
        if (bounds == NULL) {
            return false;
        }
        otel__bytes_copy(bounds, in->bounds, in->n_bounds * sizeof(double));
        in->bounds = bounds;
    }
    return otel__metric_make_overflow(m, in);
}

/* What is new about a request for an instrument that is there. A longer description replaces the
 * first one, if there is room: it is the same stream. */
OTEL__FN uint32_t otel__metric_meet(otel__instrument *in, const otel__instrument *asked,
                                    const otel__metric_spec *spec)
{
    const char *description = (const char *)otel__aptr_load(&in->description);
    uint32_t    news = 0;

    if (in->kind == (uint8_t)OTEL_INSTRUMENT_HISTOGRAM && !otel__metric_same_advice(in, asked)) {
        news = OTEL__NEWS_ADVICE;
    }
    if (otel__metric_same(description, spec->description, false)) {
        return news;
    }
    if (otel__text_length(spec->description) > otel__text_length(description)) {
        const char *copy = otel__recorder_keep(in->r, spec->description);
        if (copy != NULL) {
            otel__aptr_store(&in->description, (void *)(uintptr_t)copy);
            news |= OTEL__NEWS_KEPT;
        }
    }
    return news | OTEL__NEWS_DESCRIPTION;
}

/* Find the instrument or make it. Under the lock; NULL when there is no room. `spec` is
 * repaired. The place behind the last instrument, which is there for this, holds what is asked
 * for. */
OTEL__FN otel__instrument *otel__metric_find_or_make(otel__metrics *m, otel_scope *scope,
                                                     otel__metric_spec *spec, uint32_t *news)
{
    static const otel_histogram_options standard = { NULL, 0, 0, 0, 0, false };
    const uint32_t                      n = otel__a32_peek(&m->n_instruments);
    otel__instrument                   *asked = &m->instruments[n];
    otel__instrument                   *named;
    otel__instrument                   *in = otel__metric_find(m, scope, spec, &named);

    memset(asked, 0, sizeof *asked);
    asked->ops = spec->form->ops;
    if (spec->form->kind == OTEL_INSTRUMENT_HISTOGRAM &&
        !otel__metric_take_options(m, asked, spec->options != NULL ? spec->options : &standard)) {
        *news |= OTEL__NEWS_OPTIONS;
    }
    if (named != NULL && !otel__metric_same(named->name, spec->name, false)) {
        *news |= OTEL__NEWS_SPELLING;
    }
    if (in != NULL) {
        *news |= otel__metric_meet(in, asked, spec);
        return in;
    }
    if (named != NULL) {
        *news |= OTEL__NEWS_CONFLICT;
        spec->name = named->name;
    }
    asked->index = n;
    if (n >= m->max_instruments || !otel__metric_make(m, scope, asked, spec)) {
        return NULL;
    }
    otel__a32_store(&m->n_instruments, n + 1u);
    return asked;
}

/* Tell what was wrong with a request, when the lock is not held: the user's function may create
 * instruments itself. */
OTEL__FN void otel__metric_tell(otel__diag_sink *sink, const char *name, uint32_t news)
{
    static const char *const what[OTEL__NEWS_BITS] = {
        ": options that are not valid; the default ones are used",
        ": was created in another case before; that name is used",
        ": was created with another kind, number type or unit; both are sent: rename one",
        ": was created with another description; the longer one is used",
        ": was created with other options; the first ones are used",
        ": not a valid name",
    };
    uint32_t i;

    for (i = 0; i < OTEL__NEWS_BITS; i++) {
        if (((news >> i) & 1u) != 0) {
            otel__diag(sink, OTEL_SEVERITY_WARN, "instrument ", name, what[i]);
        }
    }
}

/* Whether measurements of that kind go nowhere: such an instrument is NULL. */
OTEL__FN bool otel__metric_is_dropped(const otel__metrics *m, const otel__metric_spec *spec)
{
    uint32_t aggregation = m->histogram_aggregation;
    if (spec->options != NULL && spec->options->aggregation != 0) {
        aggregation = spec->options->aggregation;
    }
    return ((m->drop_instruments >> (uint32_t)spec->form->kind) & 1u) != 0 ||
           (spec->form->kind == OTEL_INSTRUMENT_HISTOGRAM &&
            aggregation == (uint32_t)OTEL_AGGREGATION_DROP);
}

/* The instrument of that identity, made if it is new (M-20). */
OTEL__FN otel__instrument *otel__metric_create(otel_scope *scope, const otel__metric_spec *given)
{
    otel__metrics    *m = scope != NULL ? scope->r->metrics : NULL;
    otel__instrument *in = NULL;
    otel__metric_spec spec = *given;
    otel__recorder   *r;
    uint32_t          news = 0;
    size_t            used;
    uint32_t          n;

    if (m == NULL || !otel__recorder_live(scope->r) || otel__metric_is_dropped(m, given)) {
        return NULL;
    }
    r = scope->r;
    otel__recorder_lock(r);
    used = r->text.used;
    n = otel__a32_peek(&m->n_instruments);
    spec.name = otel__recorder_clean(r, given->name);
    spec.unit = otel__recorder_clean(r, given->unit);
    spec.description = otel__recorder_clean(r, given->description);
    if (spec.name != NULL && spec.unit != NULL && spec.description != NULL) {
        in = otel__metric_find_or_make(m, scope, &spec, &news);
    }
    if (n == otel__a32_peek(&m->n_instruments) && (news & OTEL__NEWS_KEPT) == 0) {
        r->text.used = used; /* what was copied in vain */
    }
    otel__recorder_unlock(r);
    if (given->name == NULL || !otel__metric_name_is_valid(given->name)) {
        news |= OTEL__NEWS_NAME;
    }
    otel__metric_tell(&r->sink, given->name, news);
    if (in == NULL) {
        otel__diag(&r->sink, OTEL_SEVERITY_ERROR, "instrument ", given->name,
                   ": no room: raise max_instruments, series_bytes or text_bytes");
    }
    return in;
}

/* ---- instrument: the public calls ---- */

OTEL__FN void *otel__metric_new(otel_scope *scope, const otel__metric_form *form,
                                const char *const texts[3], const otel_histogram_options *options)
{
    otel__metric_spec spec;
    spec.form = form;
    spec.name = texts[0];
    spec.unit = texts[1];
    spec.description = texts[2];
    spec.options = options;
    return otel__metric_create(scope, &spec);
}

#define OTEL__METRIC_CREATE(type, function, ops, kind, is_double)                                  \
    OTEL_API type *function(otel_scope *scope, const char *name, const char *unit,                 \
                            const char *description)                                               \
    {                                                                                              \
        static const otel__metric_form form = { ops, kind, is_double };                            \
        const char *const              texts[3] = { name, unit, description };                     \
        return (type *)otel__metric_new(scope, &form, texts, NULL);                                \
    }
OTEL__METRIC_CREATE(otel_counter, otel_counter_create, &otel__point_sum, OTEL_INSTRUMENT_COUNTER,
                    false)
OTEL__METRIC_CREATE(otel_counter_f64, otel_counter_create_f64, &otel__point_sum,
                    OTEL_INSTRUMENT_COUNTER, true)
OTEL__METRIC_CREATE(otel_updown, otel_updown_create, &otel__point_sum, OTEL_INSTRUMENT_UPDOWN,
                    false)
OTEL__METRIC_CREATE(otel_updown_f64, otel_updown_create_f64, &otel__point_sum,
                    OTEL_INSTRUMENT_UPDOWN, true)
OTEL__METRIC_CREATE(otel_gauge, otel_gauge_create, &otel__point_gauge, OTEL_INSTRUMENT_GAUGE, false)
OTEL__METRIC_CREATE(otel_gauge_f64, otel_gauge_create_f64, &otel__point_gauge,
                    OTEL_INSTRUMENT_GAUGE, true)
#undef OTEL__METRIC_CREATE

OTEL_API otel_histogram *otel_histogram_create(otel_scope *scope, const char *name,
                                               const char *unit, const char *description,
                                               const otel_histogram_options *options)
{
    static const otel__metric_form form = { &otel__point_explicit, OTEL_INSTRUMENT_HISTOGRAM,
                                            false };
    const char *const              texts[3] = { name, unit, description };
    return (otel_histogram *)otel__metric_new(scope, &form, texts, options);
}

OTEL_API otel_histogram_f64 *otel_histogram_create_f64(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_histogram_options *options)
{
    static const otel__metric_form form = { &otel__point_explicit, OTEL_INSTRUMENT_HISTOGRAM,
                                            true };
    const char *const              texts[3] = { name, unit, description };
    return (otel_histogram_f64 *)otel__metric_new(scope, &form, texts, options);
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_INSTRUMENT_H */
