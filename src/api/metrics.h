/* metrics: the instruments: made once, recorded into from anywhere, or asked for their values.
 * All of it is for any thread, signal handlers and interrupts included, unless a comment says
 * otherwise; NULL handles are no-ops; recording returns no error, losses are counted.
 * Instruments with their attributes resolved beforehand stand in bound.h.
 * Spec: metrics/api.md. */
#ifndef OTEL__API_METRICS_H
#define OTEL__API_METRICS_H

#include "signals.h"

#if !defined(OTEL_LITE_NO_METRICS)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- metrics: instruments ---- */

#define OTEL_SCALE_ZERO 127 /* for histogram_options.max_scale where 0 is wanted */

/* How a histogram is made. Zeroed or NULL: what the SDK's options say, by default OpenTelemetry's
 * 15 boundaries. */
typedef struct otel_histogram_options {
    const double *bounds;      /* explicit: upper, inclusive, strictly increasing, finite; copied */
    size_t        n_bounds;    /* at most 255                                                     */
    uint32_t      aggregation; /* enum otel_aggregation [options.histogram_aggregation]           */
    uint32_t      max_size;    /* exponential: buckets of each sign, 2 to 65535
                                  [options.exponential_max_size]                                  */
    int32_t       max_scale;   /* exponential: from -10 to 20, OTEL_SCALE_ZERO for 0 [20]         */
    bool          no_min_max;  /* leave the smallest and largest value out                        */
} otel_histogram_options;

/* Create a counter of integers, a sum that only grows.
 *
 *   scope        from otel_scope_get()
 *   name         first a letter, then letters, digits, _ . - /, at most 255; copied
 *   unit         UCUM, such as "By" or "{request}", at most 63 bytes; copied; NULL for none
 *   description  copied; NULL for none
 *
 * Returns  the counter; the same one for the same scope, name (in any case) and unit; NULL when the
 *          metrics signal is off, the kind is dropped, or memory is used up (reported). A name that
 *          stands for another kind, type or unit already is reported, and both are sent.
 * Threads  any thread, not a signal handler. It lives as long as the SDK.
 * Memory   one of max_instruments, and text for the copies.
 * Spec     metrics/api.md "Counter creation". */
OTEL_API otel_counter *otel_counter_create(otel_scope *scope, const char *name, const char *unit,
                                           const char *description);
/* Create a counter of doubles; otherwise as otel_counter_create(). */
OTEL_API otel_counter_f64 *otel_counter_create_f64(otel_scope *scope, const char *name,
                                                   const char *unit, const char *description);
/* Create an up-down counter of integers, a sum that also falls; as otel_counter_create(). */
OTEL_API otel_updown *otel_updown_create(otel_scope *scope, const char *name, const char *unit,
                                         const char *description);
/* Create an up-down counter of doubles; as otel_counter_create(). */
OTEL_API otel_updown_f64 *otel_updown_create_f64(otel_scope *scope, const char *name,
                                                 const char *unit, const char *description);
/* Create a gauge of integers, which keeps the last value; as otel_counter_create(). */
OTEL_API otel_gauge *otel_gauge_create(otel_scope *scope, const char *name, const char *unit,
                                       const char *description);
/* Create a gauge of doubles; as otel_counter_create(). */
OTEL_API otel_gauge_f64 *otel_gauge_create_f64(otel_scope *scope, const char *name,
                                               const char *unit, const char *description);
/* Create a histogram of integers; as otel_counter_create(). Options that are not valid are reported
 * and the default ones used; of two requests for one histogram the first one's options count. */
OTEL_API otel_histogram *otel_histogram_create(otel_scope *scope, const char *name,
                                               const char *unit, const char *description,
                                               const otel_histogram_options *options);
/* Create a histogram of doubles; as otel_histogram_create(). */
OTEL_API otel_histogram_f64 *otel_histogram_create_f64(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_histogram_options *options);

/* ---- metrics: recording ---- */

/* Add `value` to a counter for one attribute set.
 *
 *   counter  NULL is ignored
 *   value    in the instrument's unit, >= 0; a negative one is dropped (otel_stats: bad_values)
 *   attrs    borrowed; copied the first time the set is seen; at most 128 attributes count
 *
 * Threads  any thread.
 * Memory   a new set takes space of series_bytes; past max_series or that space it is counted in
 *          the series otel.metric.overflow=true, so that totals stay right.
 * Spec     metrics/api.md "Counter operations"; metrics/sdk.md "Cardinality limits". */
OTEL_API void otel_counter_add(otel_counter *counter, int64_t value, otel_attrs attrs);
/* Add a finite double >= 0; as otel_counter_add(). */
OTEL_API void otel_counter_add_f64(otel_counter_f64 *counter, double value, otel_attrs attrs);
/* Add a positive or negative integer; as otel_counter_add(). */
OTEL_API void otel_updown_add(otel_updown *updown, int64_t value, otel_attrs attrs);
/* Add a finite double; as otel_counter_add(). */
OTEL_API void otel_updown_add_f64(otel_updown_f64 *updown, double value, otel_attrs attrs);
/* Set the gauge of one attribute set; as otel_counter_add(). */
OTEL_API void otel_gauge_set(otel_gauge *gauge, int64_t value, otel_attrs attrs);
/* Set a finite double; as otel_counter_add(). */
OTEL_API void otel_gauge_set_f64(otel_gauge_f64 *gauge, double value, otel_attrs attrs);
/* Record an integer, negative ones too; as otel_counter_add(). An exponential histogram that is
 * widening its window may lose values of other threads at that moment (otel_stats: lost_values). */
OTEL_API void otel_histogram_record(otel_histogram *histogram, int64_t value, otel_attrs attrs);
/* Record a finite double; as otel_counter_add(). */
OTEL_API void otel_histogram_record_f64(otel_histogram_f64 *histogram, double value,
                                        otel_attrs attrs);

/* ---- metrics: is anybody interested ---- */

/* Whether recording into the counter has an effect now: false for NULL, thus for a dropped kind,
 * and for a closed SDK. For leaving out work that only makes a measurement; not to be kept. Any
 * thread. Spec: metrics/api.md "Enabled". */
OTEL_API bool otel_counter_enabled(const otel_counter *counter);
/* As otel_counter_enabled(). */
OTEL_API bool otel_counter_enabled_f64(const otel_counter_f64 *counter);
/* As otel_counter_enabled(). */
OTEL_API bool otel_updown_enabled(const otel_updown *updown);
/* As otel_counter_enabled(). */
OTEL_API bool otel_updown_enabled_f64(const otel_updown_f64 *updown);
/* As otel_counter_enabled(). */
OTEL_API bool otel_gauge_enabled(const otel_gauge *gauge);
/* As otel_counter_enabled(). */
OTEL_API bool otel_gauge_enabled_f64(const otel_gauge_f64 *gauge);
/* As otel_counter_enabled(). */
OTEL_API bool otel_histogram_enabled(const otel_histogram *histogram);
/* As otel_counter_enabled(). */
OTEL_API bool otel_histogram_enabled_f64(const otel_histogram_f64 *histogram);

/* ---- metrics: observable instruments ---- */

/* Asked for values once in each reading, before anything is read.
 *   observe  calls otel_observe() for what it knows; runs inside otel_poll(), otel_collect(),
 *            otel_read(), otel_flush(), otel_close() or the background thread, so it must not wait,
 *            and not call any of those. It may create instruments, record, and unregister
 *            callbacks. */
typedef struct otel_callback {
    void (*observe)(void *user, otel_observer *observer);
    void *user;
} otel_callback;

/* Create an observable counter of integers: a callback tells its sum so far, which only grows.
 *
 *   callback  copied; NULL when otel_callback_register() brings one
 *   the rest, result, threads and memory as otel_counter_create(), and one of max_callbacks
 *
 * Spec     metrics/api.md "Asynchronous Counter creation". */
OTEL_API otel_observable *otel_observable_counter_create(otel_scope *scope, const char *name,
                                                         const char *unit, const char *description,
                                                         const otel_callback *callback);
/* Create an observable counter of doubles; as otel_observable_counter_create(). */
OTEL_API otel_observable_f64 *otel_observable_counter_create_f64(otel_scope *scope,
                                                                 const char *name, const char *unit,
                                                                 const char          *description,
                                                                 const otel_callback *callback);
/* Create an observable sum that also falls; as otel_observable_counter_create(). */
OTEL_API otel_observable *otel_observable_updown_create(otel_scope *scope, const char *name,
                                                        const char *unit, const char *description,
                                                        const otel_callback *callback);
/* Create an observable sum of doubles; as otel_observable_counter_create(). */
OTEL_API otel_observable_f64 *otel_observable_updown_create_f64(otel_scope *scope, const char *name,
                                                                const char          *unit,
                                                                const char          *description,
                                                                const otel_callback *callback);
/* Create an observable gauge, a value of the moment; as otel_observable_counter_create(). */
OTEL_API otel_observable *otel_observable_gauge_create(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_callback *callback);
/* Create an observable gauge of doubles; as otel_observable_counter_create(). */
OTEL_API otel_observable_f64 *otel_observable_gauge_create_f64(otel_scope *scope, const char *name,
                                                               const char          *unit,
                                                               const char          *description,
                                                               const otel_callback *callback);

/* Tell a value for one attribute set. A second value for a set replaces the first; past max_series
 * the sums of all further sets are added up, of gauges the last one stays.
 *
 *   observer    as the callback got it; when no callback is running the call is ignored
 *   observable  NULL is ignored; any of the SDK's, so that one callback serves several
 *   value       absolute, not an increment; negative for a counter: dropped (bad_values)
 *   attrs       borrowed
 *
 * Threads  inside a callback.
 * Spec     metrics/api.md "Asynchronous Instrument API". */
OTEL_API void otel_observe(otel_observer *observer, otel_observable *observable, int64_t value,
                           otel_attrs attrs);
/* Tell a finite double; as otel_observe(). */
OTEL_API void otel_observe_f64(otel_observer *observer, otel_observable_f64 *observable,
                               double value, otel_attrs attrs);

/* Have a callback run in each reading, for any observables of the scope's SDK.
 *
 *   callback  copied
 * Returns  what otel_callback_unregister() takes; NULL when max_callbacks is used up (reported).
 * Threads  any thread, not a signal handler.
 * Spec     metrics/api.md "Asynchronous Instrument API": registering after creation. */
OTEL_API otel_registration *otel_callback_register(otel_scope          *scope,
                                                   const otel_callback *callback);

/* Stop running a callback. When the call returns it is not running, and its user data may go,
 * unless the call came from inside that callback. `registration` may not be used again.
 * Threads: any thread, not a signal handler; waits for a run that is under way. */
OTEL_API void otel_callback_unregister(otel_registration *registration);

#ifdef __cplusplus
}
#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__API_METRICS_H */
