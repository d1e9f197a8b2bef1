/* observe: callbacks: registering them, running them, and the values they tell.
 * Each place has one word, so that a callback is never taken away while it runs and the engine
 * never waits: who unregisters one that runs leaves the freeing to the engine, and waits for it
 * unless it is that very callback. A told value stays in its series until the reading, which takes
 * only series that were told: see collect.h.
 * Spec: metrics/api.md "Asynchronous Instrument API"; requirements M-11..M-13, M-69, M-81, M-83. */
#ifndef OTEL__RECORD_OBSERVE_H
#define OTEL__RECORD_OBSERVE_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "metric.h"

enum { /* otel_registration.state */
       OTEL__OBSERVE_FREE = 0,
       OTEL__OBSERVE_FILLING = 1,
       OTEL__OBSERVE_READY = 2,
       OTEL__OBSERVE_RUNNING = 3,
       OTEL__OBSERVE_LEAVING = 4 /* unregistered while it ran: free when it returns */
};

/* The callback that this thread is in. */
OTEL__TLS const otel_registration *otel__observe_current;

/* ---- observe: a round ---- */

/* Run one callback, unless it goes away just now. */
OTEL__FN void otel__observe_run(otel__metrics *m, otel_registration *at)
{
    const otel_registration *outer = otel__observe_current;
    uint32_t                 state = OTEL__OBSERVE_READY;

    if (!otel__a32_cas(&at->state, &state, OTEL__OBSERVE_RUNNING)) {
        return;
    }
    otel__observe_current = at;
    at->callback.observe(at->callback.user, &m->observer);
    otel__observe_current = outer; /* a callback may read another SDK */
    state = OTEL__OBSERVE_RUNNING;
    if (!otel__a32_cas(&at->state, &state, OTEL__OBSERVE_READY) && state == OTEL__OBSERVE_LEAVING) {
        otel__a32_store(&at->state, OTEL__OBSERVE_FREE);
    }
}

/* What was told and not read is out of date; sums told past the limit, and those that a view makes
 * one of several, add up from nothing. */
OTEL__FN void otel__observe_clear(otel__metrics *m, const otel__instrument *in)
{
    uint32_t offset = in->overflow;

    while (offset != 0) {
        otel__series *s = otel__series_at(m, offset);
        otel__a64_put(&s->cell.number, 0);
        (void)otel__a32_and(&s->cell.touched, ~(uint32_t)OTEL__SERIES_VALUE);
        offset = otel__series_next(s);
    }
}

/* Ask every callback once (M-12), for the streams of the reader that reads. Engine only. */
OTEL__FN void otel__observe_all(otel__metrics *m)
{
    const uint32_t n = otel__a32_load(&m->n_instruments);
    uint32_t       i;

    for (i = 0; i < n; i++) {
        const otel__instrument *in = &m->instruments[i];
        if (otel__instrument_is_observable(in) && otel__instrument_reader(in) == m->reading) {
            otel__observe_clear(m, in);
        }
    }
    otel__a32_store(&m->observer.open, 1u);
    for (i = 0; i < m->max_callbacks; i++) {
        otel__observe_run(m, &m->callbacks[i]);
    }
    otel__a32_store(&m->observer.open, 0);
}

/* ---- observe: registering ---- */

/* Put a callback into a free place; NULL when there is none. */
OTEL__FN otel_registration *otel__observe_add(otel__metrics *m, const otel_callback *callback)
{
    uint32_t i;
    for (i = 0; i < m->max_callbacks; i++) {
        otel_registration *at = &m->callbacks[i];
        uint32_t           state = OTEL__OBSERVE_FREE;
        if (otel__a32_cas(&at->state, &state, OTEL__OBSERVE_FILLING)) {
            at->callback = *callback;
            otel__a32_store(&at->state, OTEL__OBSERVE_READY);
            return at;
        }
    }
    return NULL;
}

/* From now on readings ask callbacks. The function is set once, so that a program without callbacks
 * does not link it. */
OTEL__FN void otel__observe_begin(otel__recorder *r)
{
    otel__metrics *m = r->metrics;

    otel__recorder_lock(r);
    if (otel__a32_peek(&m->observes) == 0) {
        m->observe = otel__observe_all;
        otel__a32_store(&m->observes, 1u);
    }
    otel__recorder_unlock(r);
}

OTEL_API otel_registration *otel_callback_register(otel_scope *scope, const otel_callback *callback)
{
    otel_registration *at;

    if (scope == NULL || scope->r->metrics == NULL || callback == NULL ||
        callback->observe == NULL || !otel__recorder_live(scope->r)) {
        return NULL;
    }
    at = otel__observe_add(scope->r->metrics, callback);
    otel__observe_begin(scope->r);
    if (at == NULL) {
        otel__diag(&scope->r->sink, OTEL_SEVERITY_ERROR, "no room for a callback of ", scope->name,
                   ": raise max_callbacks");
    }
    return at;
}

/* Take a callback out of its place. Returns false when it runs, and will be freed on its return. */
OTEL__FN bool otel__observe_remove(otel_registration *at)
{
    uint32_t state = OTEL__OBSERVE_READY;

    while (!otel__a32_cas(&at->state, &state, OTEL__OBSERVE_FREE)) {
        if (state == OTEL__OBSERVE_RUNNING &&
            otel__a32_cas(&at->state, &state, OTEL__OBSERVE_LEAVING)) {
            return false;
        }
        if (state != OTEL__OBSERVE_READY && state != OTEL__OBSERVE_RUNNING) {
            break; /* was unregistered before */
        }
        state = OTEL__OBSERVE_READY;
    }
    return true;
}

OTEL_API void otel_callback_unregister(otel_registration *registration)
{
    if (registration == NULL || otel__observe_remove(registration)) {
        return;
    }
    while (otel__observe_current != registration &&
           otel__a32_load(&registration->state) == OTEL__OBSERVE_LEAVING) {
        otel__recorder_nap();
    }
}

/* ---- observe: making observables ---- */

#define OTEL__OBSERVABLE_CREATE(type, function, ops, kind, is_double)                              \
    OTEL_API type *function(otel_scope *scope, const char *name, const char *unit,                 \
                            const char *description, const otel_callback *callback)                \
    {                                                                                              \
        static const otel__metric_form form = { ops, kind, is_double };                            \
        const char *const              texts[3] = { name, unit, description };                     \
        type *observable = (type *)otel__metric_new(scope, &form, texts, NULL);                    \
        if (observable != NULL && callback != NULL) {                                              \
            (void)otel_callback_register(scope, callback);                                         \
        }                                                                                          \
        return observable;                                                                         \
    }
OTEL__OBSERVABLE_CREATE(otel_observable, otel_observable_counter_create, &otel__point_told_sum,
                        OTEL_INSTRUMENT_OBSERVABLE_COUNTER, false)
OTEL__OBSERVABLE_CREATE(otel_observable_f64, otel_observable_counter_create_f64,
                        &otel__point_told_sum, OTEL_INSTRUMENT_OBSERVABLE_COUNTER, true)
OTEL__OBSERVABLE_CREATE(otel_observable, otel_observable_updown_create, &otel__point_told_sum,
                        OTEL_INSTRUMENT_OBSERVABLE_UPDOWN, false)
OTEL__OBSERVABLE_CREATE(otel_observable_f64, otel_observable_updown_create_f64,
                        &otel__point_told_sum, OTEL_INSTRUMENT_OBSERVABLE_UPDOWN, true)
OTEL__OBSERVABLE_CREATE(otel_observable, otel_observable_gauge_create, &otel__point_told_gauge,
                        OTEL_INSTRUMENT_OBSERVABLE_GAUGE, false)
OTEL__OBSERVABLE_CREATE(otel_observable_f64, otel_observable_gauge_create_f64,
                        &otel__point_told_gauge, OTEL_INSTRUMENT_OBSERVABLE_GAUGE, true)
#undef OTEL__OBSERVABLE_CREATE

/* ---- observe: telling ---- */

/* Whether a callback is running that may tell something. */
OTEL__FN bool otel__observe_is_open(const otel_observer *observer)
{
    return observer != NULL && otel__a32_load(&observer->open) != 0;
}

/* Note a value in one stream. Sums of the sets past the limit are added up in the overflow series,
 * those of sets that are equal without what a view leaves out in theirs. */
OTEL__FN otel__series *otel__observe_note(otel__instrument *in, uint64_t bits, otel_attrs attrs)
{
#if defined(OTEL__STREAMS)
    otel__series *s = otel__route_series(in, attrs);
    const bool    shared = in->filters;
#else
    otel__series *s = otel__value_series(in, attrs);
    const bool    shared = false;
#endif

    if (in->ops->field == OTEL__POINT_GAUGE ||
        (!shared && s != otel__series_at(in->r->metrics, in->overflow))) {
        otel__value_set(in, s, bits);
    } else if (in->is_double) {
        otel__value_add_double(in, s, otel__platform_bits_double(bits));
    } else {
        otel__value_add_int(in, s, (int64_t)bits);
    }
    return s;
}

/* Note a value in the streams of the reader that reads. */
OTEL__FN void otel__observe_value(otel__instrument *in, uint64_t bits, otel_attrs attrs)
{
#if defined(OTEL__STREAMS)
    const uint32_t          reader = in->r->metrics->reading;
    otel_measurement        m;
    const otel_measurement *sample;

    if (!otel__recorder_live(in->r)) {
        return;
    }
    sample = otel__route_sample(in, bits, attrs, &m);
    for (; in != NULL; in = in->more) {
        if (in->reader == reader) {
            otel__route_offer(in, otel__observe_note(in, bits, attrs), sample);
        }
    }
#else
    if (otel__recorder_live(in->r)) {
        (void)otel__observe_note(in, bits, attrs);
    }
#endif
}

OTEL_API void otel_observe(otel_observer *observer, otel_observable *observable, int64_t value,
                           otel_attrs attrs)
{
    if (observable == NULL || !otel__observe_is_open(observer)) {
        return;
    }
    if (value < 0 && observable->in.kind == (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER) {
        otel__value_bad(&observable->in);
        return;
    }
    otel__observe_value(&observable->in, (uint64_t)value, attrs);
}

OTEL_API void otel_observe_f64(otel_observer *observer, otel_observable_f64 *observable,
                               double value, otel_attrs attrs)
{
    if (observable == NULL || !otel__observe_is_open(observer)) {
        return;
    }
    if (!otel__platform_is_finite(value) ||
        (value < 0 && observable->in.kind == (uint8_t)OTEL_INSTRUMENT_OBSERVABLE_COUNTER)) {
        otel__value_bad(&observable->in);
        return;
    }
    otel__observe_value(&observable->in, otel__platform_double_bits(value), attrs);
}

/* In a forked child: no callback is running any more. */
OTEL__FN void otel__observe_forget(otel__metrics *m)
{
    uint32_t i;

    otel__a32_put(&m->observer.open, 0);
    for (i = 0; i < m->max_callbacks; i++) {
        otel__a32     *state = &m->callbacks[i].state;
        const uint32_t was = otel__a32_peek(state);
        if (was != OTEL__OBSERVE_READY) {
            otel__a32_put(state,
                          was == OTEL__OBSERVE_RUNNING ? OTEL__OBSERVE_READY : OTEL__OBSERVE_FREE);
        }
    }
}

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_OBSERVE_H */
