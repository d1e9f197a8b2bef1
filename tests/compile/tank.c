/* tank: the second of two files that use the header: records with every signal there is. */
#include "pump.h"

#if defined(__TINYC__) /* tcc 0.9.27 cannot size an array by structs that functions return */
#define TANK_ATTRS(n, ...) otel_attrs_of((const otel_attr[n]){ __VA_ARGS__ }, n)
#else
#define TANK_ATTRS(n, ...) OTEL_ATTRS(__VA_ARGS__)
#endif

#if !defined(OTEL_LITE_NO_METRICS)
static void tank_measure(otel_scope *scope)
{
    otel_counter       *strokes = otel_counter_create(scope, "pump.strokes", "{stroke}", NULL);
    otel_histogram_f64 *seconds = otel_histogram_create_f64(scope, "pump.fill", "s", NULL, NULL);

    otel_counter_add(strokes, 3, TANK_ATTRS(2, otel_str("valve", "inlet"), otel_int("stage", 1)));
    otel_histogram_record_f64(seconds, 0.25, OTEL_NO_ATTRS);
}
#endif

#if !defined(OTEL_LITE_NO_TRACES)
static void tank_trace(otel_scope *scope)
{
    otel_span_options options = { NULL, false, OTEL_SPAN_KIND_CLIENT, { NULL, 0 } };
    otel_span         fill = otel_span_start(scope, "fill tank", NULL);
    otel_context      before = otel_span_attach(fill);
    otel_span         valve = otel_span_start(scope, "open valve", &options);

    otel_span_add_event(valve, "half open", TANK_ATTRS(1, otel_f64("angle", 45.0)));
    otel_span_end(valve);
    otel_span_set(fill, TANK_ATTRS(2, otel_bool("full", true), otel_strn("tank", "north", 5)));
    otel_span_set_status(fill, OTEL_STATUS_CODE_OK, NULL);
    otel_span_detach(before);
    otel_span_end(fill);
}
#endif

void tank_fill(otel_scope *scope)
{
#if !defined(OTEL_LITE_NO_METRICS)
    tank_measure(scope);
#endif
#if !defined(OTEL_LITE_NO_TRACES)
    tank_trace(scope);
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    otel_log(scope, OTEL_SEVERITY_INFO, "filling", OTEL_NO_ATTRS);
    otel_log(scope, OTEL_SEVERITY_WARN, "pressure low", TANK_ATTRS(1, otel_int("psi", 12)));
#endif
    (void)scope;
}
