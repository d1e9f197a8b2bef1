/* metric: instruments: made once, recorded into from anywhere.
 * One struct serves all kinds, the kind is data; the public handle types only keep a caller from
 * mixing them up. Values are relaxed atomics on the series; histograms see histogram.h.
 * Spec: metrics/api.md, metrics/sdk.md; requirements M-01..M-10, M-20, M-44, M-48, M-49. */
#ifndef OTEL__RECORD_METRIC_H
#define OTEL__RECORD_METRIC_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "series_table.h"

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

/* ---- metric: creation ---- */

/* What an instrument is asked to be. */
typedef struct otel__metric_spec {
    otel__kind  kind;
    bool        is_double;
    const char *name;
    const char *unit;
    const char *description;
} otel__metric_spec;

OTEL__FN bool otel__metric_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* M-03: a letter, then letters, digits, _ . - /, at most 255 in all. */
OTEL__FN bool otel__metric_name_is_valid(const char *name)
{
    size_t n = 0;
    if (!otel__metric_is_letter(name[0])) {
        return false;
    }
    for (; name[n] != '\0'; n++) {
        const char c = name[n];
        if (!otel__metric_is_letter(c) && !(c >= '0' && c <= '9') && c != '_' && c != '.' &&
            c != '-' && c != '/') {
            return false;
        }
    }
    return n <= 255u;
}

OTEL__FN bool otel__metric_bounds_are_valid(const otel_histogram_options *options)
{
    size_t i;
    if (options->bounds == NULL || options->n_bounds > OTEL__BOUNDS_MAX) {
        return false;
    }
    for (i = 0; i < options->n_bounds; i++) {
        if (!otel__platform_is_finite(options->bounds[i]) ||
            (i > 0 && !(options->bounds[i - 1] < options->bounds[i]))) {
            return false;
        }
    }
    return true;
}

OTEL__FN otel__instrument *otel__metric_find(otel__metrics *m, const otel_scope *scope,
                                             const otel__metric_spec *spec)
{
    const uint32_t n = otel__a32_peek(&m->n_instruments);
    uint32_t       i;

    for (i = 0; i < n; i++) {
        otel__instrument *in = &m->instruments[i];
        if (in->scope == scope && in->kind == spec->kind && in->is_double == spec->is_double &&
            strcmp(in->name, spec->name) == 0 && strcmp(in->unit, spec->unit) == 0 &&
            strcmp(in->description, spec->description) == 0) {
            return in;
        }
    }
    return NULL;
}

/* Set the boundaries: the user's, or the default ones when those are missing or not valid. */
OTEL__FN bool otel__metric_set_bounds(otel__recorder *r, otel__instrument *in,
                                      const otel_histogram_options *options)
{
    double *copy;

    in->bounds = otel__metric_bounds;
    in->n_bounds = (uint32_t)(sizeof otel__metric_bounds / sizeof otel__metric_bounds[0]);
    if (options == NULL || (options->bounds == NULL && options->n_bounds == 0)) {
        return true;
    }
    if (!otel__metric_bounds_are_valid(options)) {
        return true; /* told by otel__metric_tell(), outside the lock */
    }
    copy = (double *)otel__arena_take(&r->text, options->n_bounds, sizeof(double));
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, options->bounds, options->n_bounds * sizeof(double));
    in->bounds = copy;
    in->n_bounds = (uint32_t)options->n_bounds;
    return true;
}

/* Build the overflow series, the first of the list, and put it into the table, where a program that
 * records that very set finds it. */
OTEL__FN bool otel__metric_make_overflow(otel__metrics *m, otel__instrument *in)
{
    const otel_attr  attr = otel_bool(OTEL__SERIES_OVERFLOW, true);
    const otel_attrs attrs = otel_attrs_of(&attr, 1);
    otel__set        set;

    if (!otel__series_claim(&m->n_filled, m->n_cells / 2u)) {
        return false;
    }
    otel__set_hash(&set, attrs, in->r->seed[0]);
    in->overflow = otel__series_build(m, in, &set, attrs);
    if (in->overflow == 0) {
        (void)otel__a32_count(&m->n_filled, 0xffffffffu); /* minus one */
        return false;
    }
    otel__a32_put(&in->tail, in->overflow);
    otel__series_place(m, in, in->overflow);
    return true;
}

/* Fill in a new instrument. Under the lock; false when memory is used up. */
OTEL__FN bool otel__metric_make(otel__metrics *m, otel_scope *scope, otel__instrument *in,
                                const otel__metric_spec      *spec,
                                const otel_histogram_options *options)
{
    otel__recorder *r = scope->r;

    in->r = r;
    in->scope = scope;
    in->kind = spec->kind;
    in->is_double = spec->is_double;
    in->name = otel__recorder_copy(r, spec->name, strlen(spec->name));
    in->unit = otel__recorder_copy(r, spec->unit, strlen(spec->unit));
    in->description = otel__recorder_copy(r, spec->description, strlen(spec->description));
    otel__a32_put(&in->last, 0);
    otel__a32_put(&in->n_series, 0);
    in->n_bounds = 0;
    if (in->name == NULL || in->unit == NULL || in->description == NULL) {
        return false;
    }
    if (spec->kind == OTEL__KIND_HISTOGRAM && !otel__metric_set_bounds(r, in, options)) {
        return false;
    }
    return otel__metric_make_overflow(m, in);
}

/* Tell what was wrong with a request for an instrument: M-04, M-25. The user's function may create
 * instruments itself, so that the lock is not held here. */
OTEL__FN void otel__metric_tell(otel__diag_sink *sink, const otel__instrument *in,
                                const otel__metric_spec      *spec,
                                const otel_histogram_options *options)
{
    if (in == NULL) {
        otel__diag(sink, OTEL_SEVERITY_ERROR, "no room for the instrument ", spec->name,
                   ": raise max_instruments, series_bytes or text_bytes");
        return;
    }
    if (!otel__metric_name_is_valid(spec->name)) {
        otel__diag(sink, OTEL_SEVERITY_WARN, "not a valid instrument name: ", spec->name, NULL);
    }
    if (options != NULL && (options->bounds != NULL || options->n_bounds != 0) &&
        !otel__metric_bounds_are_valid(options)) {
        otel__diag(sink, OTEL_SEVERITY_WARN,
                   "histogram boundaries are not strictly increasing: ", spec->name,
                   ": the default ones are used");
    }
}

/* Find the instrument or make it. Under the lock; NULL when there is no room. */
OTEL__FN otel__instrument *otel__metric_find_or_make(otel__metrics *m, otel_scope *scope,
                                                     const otel__metric_spec      *asked,
                                                     const otel_histogram_options *options)
{
    otel__recorder   *r = scope->r;
    const size_t      used = r->text.used;
    const uint32_t    n = otel__a32_peek(&m->n_instruments);
    otel__metric_spec spec = *asked;
    otel__instrument *in;

    spec.name = otel__recorder_clean(r, asked->name);
    spec.unit = otel__recorder_clean(r, asked->unit);
    spec.description = otel__recorder_clean(r, asked->description);
    if (spec.name == NULL || spec.unit == NULL || spec.description == NULL) {
        r->text.used = used;
        return NULL;
    }
    in = otel__metric_find(m, scope, &spec);
    if (in != NULL) {
        r->text.used = used; /* repaired copies are not needed */
    } else if (n < m->max_instruments) {
        m->instruments[n].index = n;
        if (otel__metric_make(m, scope, &m->instruments[n], &spec, options)) {
            in = &m->instruments[n];
            otel__a32_store(&m->n_instruments, n + 1u);
        }
    }
    if (in == NULL) {
        r->text.used = used; /* what was copied in vain */
    }
    return in;
}

/* The instrument of that identity, made if it is new (M-20). */
OTEL__FN otel__instrument *otel__metric_create(otel_scope *scope, otel__metric_spec spec,
                                               const otel_histogram_options *options)
{
    otel__metrics    *m = scope != NULL ? scope->r->metrics : NULL;
    otel__instrument *in;

    if (m == NULL || !otel__recorder_live(scope->r)) {
        return NULL;
    }
    spec.name = spec.name != NULL ? spec.name : "";
    otel__recorder_lock(scope->r);
    in = otel__metric_find_or_make(m, scope, &spec, options);
    otel__recorder_unlock(scope->r);
    otel__metric_tell(&scope->r->sink, in, &spec, options);
    return in;
}

OTEL__FN otel__metric_spec otel__metric_spec_of(otel__kind kind, bool is_double, const char *name,
                                                const char *unit, const char *description)
{
    otel__metric_spec spec;
    spec.kind = kind;
    spec.is_double = is_double;
    spec.name = name;
    spec.unit = unit;
    spec.description = description;
    return spec;
}

#define OTEL__METRIC_CREATE(type, function, kind, is_double)                                       \
    OTEL_API type *function(otel_scope *scope, const char *name, const char *unit,                 \
                            const char *description)                                               \
    {                                                                                              \
        return (type *)(void *)otel__metric_create(                                                \
            scope, otel__metric_spec_of(kind, is_double, name, unit, description), NULL);          \
    }
OTEL__METRIC_CREATE(otel_counter, otel_counter_create, OTEL__KIND_COUNTER, false)
OTEL__METRIC_CREATE(otel_counter_f64, otel_counter_create_f64, OTEL__KIND_COUNTER, true)
OTEL__METRIC_CREATE(otel_updown, otel_updown_create, OTEL__KIND_UPDOWN, false)
OTEL__METRIC_CREATE(otel_updown_f64, otel_updown_create_f64, OTEL__KIND_UPDOWN, true)
OTEL__METRIC_CREATE(otel_gauge, otel_gauge_create, OTEL__KIND_GAUGE, false)
OTEL__METRIC_CREATE(otel_gauge_f64, otel_gauge_create_f64, OTEL__KIND_GAUGE, true)
#undef OTEL__METRIC_CREATE

OTEL_API otel_histogram *otel_histogram_create(otel_scope *scope, const char *name,
                                               const char *unit, const char *description,
                                               const otel_histogram_options *options)
{
    return (otel_histogram *)(void *)otel__metric_create(
        scope, otel__metric_spec_of(OTEL__KIND_HISTOGRAM, false, name, unit, description), options);
}

OTEL_API otel_histogram_f64 *otel_histogram_create_f64(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_histogram_options *options)
{
    return (otel_histogram_f64 *)(void *)otel__metric_create(
        scope, otel__metric_spec_of(OTEL__KIND_HISTOGRAM, true, name, unit, description), options);
}

/* ---- metric: recording ---- */

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

OTEL__HOT void otel__metric_add_int(otel__instrument *in, int64_t value, otel_attrs attrs)
{
    otel__series *s = otel__metric_series(in, attrs);
    if (s != NULL) {
        (void)otel__a64_count(&s->value.number, (uint64_t)value); /* wraps, defined: M-49 */
        otel__series_touch(s);
    }
}

OTEL__HOT void otel__metric_add_double(otel__instrument *in, double value, otel_attrs attrs)
{
    otel__series *s = otel__metric_series(in, attrs);
    if (s != NULL) {
        otel__hist_add_double(&s->value.number, value);
        otel__series_touch(s);
    }
}

OTEL__HOT void otel__metric_set(otel__instrument *in, uint64_t bits, otel_attrs attrs)
{
    otel__series *s = otel__metric_series(in, attrs);
    if (s != NULL) {
        otel__a64_put(&s->value.number, bits);
        otel__series_touch(s);
    }
}

OTEL__HOT void otel__metric_record(otel__instrument *in, double value, otel_attrs attrs)
{
    otel__series *s = otel__metric_series(in, attrs);
    if (s != NULL) {
        otel__hist_record(&s->value.hist, in->bounds, in->n_bounds, value);
    }
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
    otel__metric_add_int(&counter->in, value, attrs);
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
    otel__metric_add_double(&counter->in, value, attrs);
}

OTEL_API void otel_updown_add(otel_updown *updown, int64_t value, otel_attrs attrs)
{
    if (updown != NULL) {
        otel__metric_add_int(&updown->in, value, attrs);
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
    otel__metric_add_double(&updown->in, value, attrs);
}

OTEL_API void otel_gauge_set(otel_gauge *gauge, int64_t value, otel_attrs attrs)
{
    if (gauge != NULL) {
        otel__metric_set(&gauge->in, (uint64_t)value, attrs);
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
    otel__metric_set(&gauge->in, otel__platform_double_bits(value), attrs);
}

OTEL_API void otel_histogram_record(otel_histogram *histogram, int64_t value, otel_attrs attrs)
{
    if (histogram != NULL) {
        otel__metric_record(&histogram->in, (double)value, attrs);
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
    otel__metric_record(&histogram->in, value, attrs);
}

/* ---- metric: set-up, fork ---- */

/* Cells for a pool of that many bytes: two a series of typical size. */
OTEL__FN uint32_t otel__metrics_cells(uint32_t pool_bytes)
{
    uint32_t n = 16;
    while (n < pool_bytes / OTEL__SERIES_TYPICAL * 2u) {
        n *= 2u;
    }
    return n;
}

OTEL__FN void otel__metrics_init(otel__metrics *m, otel__arena *a, uint32_t pool_bytes)
{
    m->pool_units = pool_bytes / OTEL__SERIES_UNIT;
    m->pool = (uint8_t *)otel__arena_take(a, m->pool_units, OTEL__SERIES_UNIT);
    m->n_cells = otel__metrics_cells(pool_bytes);
    m->cells = (otel__a32 *)otel__arena_take(a, m->n_cells, sizeof *m->cells);
    m->instruments =
        (otel__instrument *)otel__arena_take(a, m->max_instruments, sizeof *m->instruments);
}

/* In a forked child: every series starts anew. The parent's sums are the parent's. */
OTEL__FN void otel__metrics_forget(otel__metrics *m)
{
    uint32_t i;

    memset(m->cells, 0, m->n_cells * sizeof *m->cells);
    otel__a32_put(&m->pool_used, 0);
    otel__a32_put(&m->n_filled, 0);
    for (i = 0; i < OTEL__SERIES_SPARES; i++) {
        otel__a32_put(&m->spares[i], 0);
    }
    for (i = 0; i < otel__a32_peek(&m->n_instruments); i++) {
        otel__instrument *in = &m->instruments[i];
        otel__a32_put(&in->last, 0);
        otel__a32_put(&in->n_series, 0);
        (void)otel__metric_make_overflow(m, in); /* it fitted before: the pool is empty */
    }
    otel__ring_reset(&m->ring);
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_METRIC_H */
