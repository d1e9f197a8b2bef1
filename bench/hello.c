/* hello: the smallest useful program, for W8: a counter, a histogram, a span, a log record, sent
 * by OTLP/HTTP to OTEL_EXPORTER_OTLP_ENDPOINT. Returns 0 when everything was delivered. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

int main(void)
{
    otel_options        options;
    otel_sdk           *sdk;
    otel_scope         *scope;
    otel_counter       *requests;
    otel_histogram_f64 *duration;
    otel_span           span;
    const otel_attr     list[] = { otel_str("http.request.method", "GET"),
                                   otel_int("http.response.status_code", 200),
                                   otel_str("http.route", "/api/users/{id}") };
    const otel_attrs    attrs = otel_attrs_of(list, 3);

    memset(&options, 0, sizeof options);
    options.service_name = "hello";
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "hello", NULL);
    requests = otel_counter_create(scope, "requests", NULL, NULL);
    duration = otel_histogram_create_f64(scope, "duration", "ms", NULL, NULL);
    span = otel_span_start(scope, "GET /api/users/{id}", NULL);
    otel_span_set(span, attrs);
    otel_span_end(span);
    otel_counter_add(requests, 1, attrs);
    otel_histogram_record_f64(duration, 12.5, attrs);
    otel_log(scope, OTEL_SEVERITY_INFO, "hello telemetry", attrs);
    return sdk != NULL && otel_close(sdk, 5000) == OTEL_OK ? 0 : 1;
}
