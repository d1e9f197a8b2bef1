/* instrument: making instruments: names, identity, conflicts; stream.h makes what they consist of.
 * One struct serves all kinds, the kind is data; the public handle types only keep a caller from
 * mixing them up. Called by otel_*_create(), on any thread, under the set-up lock.
 * Spec: metrics/api.md, metrics/sdk.md "Duplicate instrument registration"; requirements
 * M-01..M-08, M-20..M-24. */
#ifndef OTEL__RECORD_INSTRUMENT_H
#define OTEL__RECORD_INSTRUMENT_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "stream.h"

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

/* ---- instrument: names ---- */

/* M-03: a letter, then letters, digits, _ . - /, at most 255 in all. */
OTEL__FN bool otel__metric_name_is_valid(const char *name)
{
    size_t n;
    for (n = 0; name[n] != '\0'; n++) {
        const char c = otel__text_lower(name[n]);
        if (!(c >= 'a' && c <= 'z') &&
            (n == 0 || (!(c >= '-' && c <= '9') && c != '_'))) { /* - . / and the digits */
            return false;
        }
    }
    return n > 0 && n <= 255u;
}

/* ---- instrument: finding ---- */

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
        const char       *asked = otel__stream_asked(in);
        if (in->scope == scope && asked != NULL && otel__stream_same_name(asked, spec->name)) {
            *named = *named != NULL ? *named : in;
            if (in->kind == (uint8_t)spec->form->kind && in->is_double == spec->form->is_double &&
                otel__text_same(in->unit, spec->unit)) {
                return in;
            }
        }
    }
    return NULL;
}

/* What is new about the description of an instrument that is there. A longer one replaces the
 * first, if there is room: it is the same stream. */
OTEL__FN uint32_t otel__metric_meet(otel__instrument *in, const otel__metric_spec *spec)
{
    const char *description = (const char *)otel__aptr_load(&in->description);
    uint32_t    news = OTEL__NEWS_DESCRIPTION;

    if (otel__text_same(description, spec->description)) {
        return 0;
    }
    if (otel__text_length(spec->description) > otel__text_length(description)) {
        const char *copy = otel__recorder_keep(in->r, spec->description);
        if (copy != NULL) {
            otel__stream_describe(in, copy);
            news |= OTEL__NEWS_KEPT;
        }
    }
    return news;
}

#if !defined(OTEL_LITE_NO_DIAGNOSTICS)
/* What is new about the options of an instrument that is there. The place behind the last stream,
 * which is there for this, holds what is asked for. */
OTEL__FN uint32_t otel__metric_compare(otel__metrics *m, otel_scope *scope,
                                       const otel__instrument *in, const otel__metric_spec *spec)
{
    otel__instrument *asked = &m->instruments[otel__a32_peek(&m->n_instruments)];
    uint32_t          news = 0;

    otel__stream_ask(asked, otel__instrument_reader(in), otel__stream_view(in));
    if (!otel__stream_begin(m, scope, asked, spec)) {
        news |= OTEL__NEWS_OPTIONS;
    }
    if (!otel__advice_is_same(in, asked)) {
        news |= OTEL__NEWS_ADVICE;
    }
    return news;
}
#endif

/* ---- instrument: making one ---- */

/* Find the instrument or make it. Under the lock; NULL when it is dropped, or there is no room for
 * it. `spec` is repaired. */
OTEL__FN otel__instrument *otel__metric_find_or_make(otel__metrics *m, otel_scope *scope,
                                                     otel__metric_spec *spec, uint32_t *news)
{
    otel__instrument *named;
    otel__instrument *in = otel__metric_find(m, scope, spec, &named);

    if (named != NULL && !otel__text_same(otel__stream_asked(named), spec->name)) {
        *news |= OTEL__NEWS_SPELLING;
    }
    if (in == NULL) {
        if (named != NULL) {
            *news |= OTEL__NEWS_CONFLICT;
            spec->name = otel__stream_asked(named);
        }
        return otel__stream_make_all(m, scope, spec, news);
    }
#if !defined(OTEL_LITE_NO_DIAGNOSTICS)
    *news |= otel__metric_compare(m, scope, in, spec);
#endif
    *news |= otel__metric_meet(in, spec);
    return in;
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
        ": no room: raise max_instruments, series_bytes or text_bytes",
#if !defined(OTEL_LITE_NO_VIEWS)
        ": a view asks for an aggregation that this kind cannot have; that view is ignored",
        ": a view makes a second metric of this name; both are sent: rename one",
#endif
    };
    uint32_t i;

    for (i = 0; i < OTEL__NEWS_BITS; i++) {
        if (((news >> i) & 1u) != 0) {
            otel__diag(sink, i == OTEL__NEWS_ROOM_BIT ? OTEL_SEVERITY_ERROR : OTEL_SEVERITY_WARN,
                       "instrument ", name, what[i]);
        }
    }
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

    if (m == NULL || !otel__recorder_live(scope->r)) {
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
    } else {
        news |= OTEL__NEWS_ROOM;
    }
    if (n == otel__a32_peek(&m->n_instruments) && (news & OTEL__NEWS_KEPT) == 0) {
        r->text.used = used; /* what was copied in vain */
    }
    otel__recorder_unlock(r);
    if (given->name == NULL || !otel__metric_name_is_valid(given->name)) {
        news |= OTEL__NEWS_NAME;
    }
    otel__metric_tell(&r->sink, given->name, news);
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
