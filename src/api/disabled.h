/* disabled: what the calls are when OTEL_LITE_DISABLE is defined: nothing, inlined even without
 * optimisation, so that no symbol and no code of the library remains in the program. The twins of
 * the declarations in api.h, signals.h, metrics.h and bound.h, in their order; a test compares
 * the two lists.
 * Spec: metrics/noop.md, logs/noop.md; trace/api.md "in the absence of an installed SDK". */
#ifndef OTEL__API_DISABLED_H
#define OTEL__API_DISABLED_H

#if defined(OTEL_LITE_DISABLE)

#include "views.h"

OTEL_API otel_sdk *otel_open(const otel_options *options)
{
    if (options != NULL && options->status != NULL) {
        *options->status = OTEL_DISABLED;
    }
    return NULL;
}

OTEL_API size_t otel_memory_needed(const otel_options *options)
{
    (void)options;
    return 0;
}

OTEL_API uint32_t otel_poll(otel_sdk *sdk)
{
    (void)sdk;
    return UINT32_MAX;
}

OTEL_API otel_status otel_collect(otel_sdk *sdk, uint32_t timeout_ms)
{
    (void)sdk;
    (void)timeout_ms;
    return OTEL_DISABLED;
}

OTEL_API otel_status otel_flush(otel_sdk *sdk, uint32_t timeout_ms)
{
    (void)sdk;
    (void)timeout_ms;
    return OTEL_DISABLED;
}

OTEL_API otel_status otel_close(otel_sdk *sdk, uint32_t timeout_ms)
{
    (void)sdk;
    (void)timeout_ms;
    return OTEL_DISABLED;
}

OTEL_API void otel_release(otel_sdk *sdk) { (void)sdk; }

OTEL_API void otel_stats_get(otel_sdk *sdk, otel_stats *stats)
{
    (void)sdk;
    if (stats != NULL) {
        const otel_stats none = {
            { { 0, 0, 0, 0, 0, 0, { 0 } } }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        };
        *stats = none;
    }
}

OTEL_API uint32_t otel_queue_free(otel_sdk *sdk, otel_signal signal)
{
    (void)sdk;
    (void)signal;
    return 0;
}

OTEL_API const char *otel_status_text(otel_status status)
{
    (void)status;
    return "telemetry is compiled out";
}

OTEL_API const char *otel_drop_text(otel_drop reason)
{
    (void)reason;
    return "telemetry is compiled out";
}

OTEL_API void otel_transport_complete(otel_request *request, otel_transport_result result)
{
    (void)request;
    (void)result;
}

OTEL_API otel_transport_result otel_transport_http(otel_request *request, int http_status,
                                                   const char *retry_after, const void *body,
                                                   size_t length)
{
    (void)request;
    (void)http_status;
    (void)retry_after;
    (void)body;
    (void)length;
    return OTEL_TRANSPORT_REFUSED;
}

OTEL_API otel_scope *otel_scope_get(otel_sdk *sdk, const char *name, const char *version)
{
    (void)sdk;
    (void)name;
    (void)version;
    return NULL;
}

#if !defined(OTEL_LITE_FREESTANDING)
OTEL_API size_t otel_poll_fds(otel_sdk *sdk, struct pollfd *fds, size_t capacity)
{
    (void)sdk;
    (void)fds;
    (void)capacity;
    return 0;
}
#endif

OTEL_API size_t otel_traceparent_write(char *to, otel_context context)
{
    (void)context;
    if (to != NULL) {
        to[0] = '\0';
    }
    return 0;
}

OTEL_API bool otel_traceparent_read(const char *text, size_t length, otel_context *context)
{
    const otel_context none = { { 0 }, { 0 }, 0, 0 };
    (void)text;
    (void)length;
    if (context != NULL) {
        *context = none;
    }
    return false;
}

#if !defined(OTEL_LITE_NO_TRACES)

OTEL_API otel_span otel_span_start(otel_scope *scope, const char *name,
                                   const otel_span_options *options)
{
    otel_span span = { NULL, 0, { { 0 }, { 0 }, 0, 0 } };
    (void)scope;
    (void)name;
    if (options != NULL && options->parent != NULL) {
        span.context = *options->parent; /* a caller's context goes on: trace/api.md */
    }
    return span;
}

OTEL_API void otel_span_set(otel_span span, otel_attrs attrs)
{
    (void)span;
    (void)attrs;
}

OTEL_API void otel_span_add_event(otel_span span, const char *name, otel_attrs attrs)
{
    (void)span;
    (void)name;
    (void)attrs;
}

OTEL_API void otel_span_set_status(otel_span span, otel_status_code code, const char *message)
{
    (void)span;
    (void)code;
    (void)message;
}

OTEL_API void otel_span_end(otel_span span) { (void)span; }

OTEL_API bool otel_span_is_recording(otel_span span)
{
    (void)span;
    return false;
}

OTEL_API otel_context otel_span_context(otel_span span) { return span.context; }

OTEL_API otel_context otel_span_attach(otel_span span) { return span.context; }

OTEL_API void otel_span_detach(otel_context previous) { (void)previous; }

#endif

#if !defined(OTEL_LITE_NO_LOGS)

OTEL_API void otel_log(otel_scope *scope, otel_severity severity, const char *body,
                       otel_attrs attrs)
{
    (void)scope;
    (void)severity;
    (void)body;
    (void)attrs;
}

OTEL_API void otel_log_emit(otel_scope *scope, const otel_log_record *record)
{
    (void)scope;
    (void)record;
}

#endif

#if !defined(OTEL_LITE_NO_METRICS)

OTEL_API otel_counter *otel_counter_create(otel_scope *scope, const char *name, const char *unit,
                                           const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_counter_f64 *otel_counter_create_f64(otel_scope *scope, const char *name,
                                                   const char *unit, const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_updown *otel_updown_create(otel_scope *scope, const char *name, const char *unit,
                                         const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_updown_f64 *otel_updown_create_f64(otel_scope *scope, const char *name,
                                                 const char *unit, const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_gauge *otel_gauge_create(otel_scope *scope, const char *name, const char *unit,
                                       const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_gauge_f64 *otel_gauge_create_f64(otel_scope *scope, const char *name,
                                               const char *unit, const char *description)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    return NULL;
}

OTEL_API otel_histogram *otel_histogram_create(otel_scope *scope, const char *name,
                                               const char *unit, const char *description,
                                               const otel_histogram_options *options)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)options;
    return NULL;
}

OTEL_API otel_histogram_f64 *otel_histogram_create_f64(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_histogram_options *options)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)options;
    return NULL;
}

OTEL_API void otel_counter_add(otel_counter *counter, int64_t value, otel_attrs attrs)
{
    (void)counter;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_counter_add_f64(otel_counter_f64 *counter, double value, otel_attrs attrs)
{
    (void)counter;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_updown_add(otel_updown *updown, int64_t value, otel_attrs attrs)
{
    (void)updown;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_updown_add_f64(otel_updown_f64 *updown, double value, otel_attrs attrs)
{
    (void)updown;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_gauge_set(otel_gauge *gauge, int64_t value, otel_attrs attrs)
{
    (void)gauge;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_gauge_set_f64(otel_gauge_f64 *gauge, double value, otel_attrs attrs)
{
    (void)gauge;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_histogram_record(otel_histogram *histogram, int64_t value, otel_attrs attrs)
{
    (void)histogram;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_histogram_record_f64(otel_histogram_f64 *histogram, double value,
                                        otel_attrs attrs)
{
    (void)histogram;
    (void)value;
    (void)attrs;
}

OTEL_API bool otel_counter_enabled(const otel_counter *counter)
{
    (void)counter;
    return false;
}

OTEL_API bool otel_counter_enabled_f64(const otel_counter_f64 *counter)
{
    (void)counter;
    return false;
}

OTEL_API bool otel_updown_enabled(const otel_updown *updown)
{
    (void)updown;
    return false;
}

OTEL_API bool otel_updown_enabled_f64(const otel_updown_f64 *updown)
{
    (void)updown;
    return false;
}

OTEL_API bool otel_gauge_enabled(const otel_gauge *gauge)
{
    (void)gauge;
    return false;
}

OTEL_API bool otel_gauge_enabled_f64(const otel_gauge_f64 *gauge)
{
    (void)gauge;
    return false;
}

OTEL_API bool otel_histogram_enabled(const otel_histogram *histogram)
{
    (void)histogram;
    return false;
}

OTEL_API bool otel_histogram_enabled_f64(const otel_histogram_f64 *histogram)
{
    (void)histogram;
    return false;
}

OTEL_API otel_observable *otel_observable_counter_create(otel_scope *scope, const char *name,
                                                         const char *unit, const char *description,
                                                         const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable_f64 *otel_observable_counter_create_f64(otel_scope *scope,
                                                                 const char *name, const char *unit,
                                                                 const char          *description,
                                                                 const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable *otel_observable_updown_create(otel_scope *scope, const char *name,
                                                        const char *unit, const char *description,
                                                        const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable_f64 *otel_observable_updown_create_f64(otel_scope *scope, const char *name,
                                                                const char          *unit,
                                                                const char          *description,
                                                                const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable *otel_observable_gauge_create(otel_scope *scope, const char *name,
                                                       const char *unit, const char *description,
                                                       const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API otel_observable_f64 *otel_observable_gauge_create_f64(otel_scope *scope, const char *name,
                                                               const char          *unit,
                                                               const char          *description,
                                                               const otel_callback *callback)
{
    (void)scope;
    (void)name;
    (void)unit;
    (void)description;
    (void)callback;
    return NULL;
}

OTEL_API void otel_observe(otel_observer *observer, otel_observable *observable, int64_t value,
                           otel_attrs attrs)
{
    (void)observer;
    (void)observable;
    (void)value;
    (void)attrs;
}

OTEL_API void otel_observe_f64(otel_observer *observer, otel_observable_f64 *observable,
                               double value, otel_attrs attrs)
{
    (void)observer;
    (void)observable;
    (void)value;
    (void)attrs;
}

OTEL_API otel_registration *otel_callback_register(otel_scope *scope, const otel_callback *callback)
{
    (void)scope;
    (void)callback;
    return NULL;
}

OTEL_API void otel_callback_unregister(otel_registration *registration) { (void)registration; }

OTEL_API otel_bound_counter otel_counter_bind(otel_counter *counter, otel_attrs attrs)
{
    const otel_bound_counter none = { NULL, NULL, NULL };
    (void)counter;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_counter_f64 otel_counter_bind_f64(otel_counter_f64 *counter, otel_attrs attrs)
{
    const otel_bound_counter_f64 none = { NULL, NULL, NULL };
    (void)counter;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_updown otel_updown_bind(otel_updown *updown, otel_attrs attrs)
{
    const otel_bound_updown none = { NULL, NULL, NULL };
    (void)updown;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_updown_f64 otel_updown_bind_f64(otel_updown_f64 *updown, otel_attrs attrs)
{
    const otel_bound_updown_f64 none = { NULL, NULL, NULL };
    (void)updown;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_gauge otel_gauge_bind(otel_gauge *gauge, otel_attrs attrs)
{
    const otel_bound_gauge none = { NULL, NULL, NULL };
    (void)gauge;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_gauge_f64 otel_gauge_bind_f64(otel_gauge_f64 *gauge, otel_attrs attrs)
{
    const otel_bound_gauge_f64 none = { NULL, NULL, NULL };
    (void)gauge;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_histogram otel_histogram_bind(otel_histogram *histogram, otel_attrs attrs)
{
    const otel_bound_histogram none = { NULL, NULL, NULL };
    (void)histogram;
    (void)attrs;
    return none;
}

OTEL_API otel_bound_histogram_f64 otel_histogram_bind_f64(otel_histogram_f64 *histogram,
                                                          otel_attrs          attrs)
{
    const otel_bound_histogram_f64 none = { NULL, NULL, NULL };
    (void)histogram;
    (void)attrs;
    return none;
}

OTEL_API otel_status otel_read(otel_sdk *sdk, otel_point_fn point, void *user, uint32_t timeout_ms)
{
    (void)sdk;
    (void)point;
    (void)user;
    (void)timeout_ms;
    return OTEL_DISABLED;
}

OTEL_API const otel_attr *otel_attrs_find(otel_attrs attrs, const char *key)
{
    (void)attrs;
    (void)key;
    return NULL;
}

#endif

#endif /* OTEL_LITE_DISABLE */
#endif /* OTEL__API_DISABLED_H */
