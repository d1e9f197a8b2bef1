/* quickstart: one of everything. A pump fills a tank, and a backend sees it.
 *
 *     cc -std=c99 -I. examples/quickstart.c -o quickstart -lpthread
 *     ./quickstart                # to http://127.0.0.1:4318; OTEL_* variables change that
 *
 * What it sends (service "pump", scope "pump/control" 1.2.0), always the same:
 *
 *   pump.strokes        counter, {stroke}     valve=inlet 5, valve=outlet 4
 *   pump.jobs.active    up-down counter, {job} 2
 *   pump.pressure       gauge, bar            2.5
 *   pump.fill.duration  histogram, s          0.25 0.5 1.5 30: count 4, sum 32.25, default bounds
 *   "fill tank"         span                  tank=north level=0.8, event "half full" level=0.5
 *   "open valve"        its child, a client   valve=inlet
 *   "pressure low"      log record, WARN      psi=12, in the span "fill tank"
 */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <stdio.h>

static void record_metrics(otel_scope *scope)
{
    static const double seconds[] = { 0.25, 0.5, 1.5, 30.0 };
    otel_counter *strokes = otel_counter_create(scope, "pump.strokes", "{stroke}", "Strokes made");
    otel_updown  *jobs = otel_updown_create(scope, "pump.jobs.active", "{job}", "Jobs begun");
    otel_gauge_f64     *pressure = otel_gauge_create_f64(scope, "pump.pressure", "bar", NULL);
    otel_histogram_f64 *duration =
        otel_histogram_create_f64(scope, "pump.fill.duration", "s", "Time to fill a tank", NULL);

    otel_counter_add(strokes, 3, OTEL_ATTRS(otel_str("valve", "inlet")));
    otel_counter_add(strokes, 2, OTEL_ATTRS(otel_str("valve", "inlet")));
    otel_counter_add(strokes, 4, OTEL_ATTRS(otel_str("valve", "outlet")));
    otel_updown_add(jobs, 3, OTEL_NO_ATTRS);
    otel_updown_add(jobs, -1, OTEL_NO_ATTRS);
    otel_gauge_set_f64(pressure, 2.5, OTEL_NO_ATTRS);
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        otel_histogram_record_f64(duration, seconds[i], OTEL_NO_ATTRS);
    }
}

static void fill_tank(otel_scope *scope)
{
    otel_span    fill = otel_span_start(scope, "fill tank", NULL);
    otel_context before = otel_span_attach(fill); /* what follows belongs to it */
    otel_span    valve =
        otel_span_start(scope, "open valve", &(otel_span_options){ .kind = OTEL_SPAN_KIND_CLIENT });

    otel_span_set(valve, OTEL_ATTRS(otel_str("valve", "inlet")));
    otel_span_end(valve);
    otel_span_set(fill, OTEL_ATTRS(otel_str("tank", "north"), otel_f64("level", 0.8)));
    otel_span_add_event(fill, "half full", OTEL_ATTRS(otel_f64("level", 0.5)));
    otel_log(scope, OTEL_SEVERITY_WARN, "pressure low", OTEL_ATTRS(otel_int("psi", 12)));
    otel_span_detach(before);
    otel_span_end(fill);
}

int main(void)
{
    const otel_options defaults = { .service_name = "pump", .endpoint = "http://127.0.0.1:4318" };
    otel_status        opened;
    otel_sdk          *sdk =
        otel_open(&(otel_options){ .background = true, .fallback = &defaults, .status = &opened });
    otel_scope *scope = otel_scope_get(sdk, "pump/control", "1.2.0");
    otel_stats  stats;
    bool        whole = true;

    record_metrics(scope);
    fill_tank(scope);
    otel_close(sdk, 5000); /* deliver, for at most 5 s */

    otel_stats_get(sdk, &stats);
    for (int i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        whole = whole && stats.signal[i].delivered == stats.signal[i].ended;
    }
    puts(opened != OTEL_OK ? otel_status_text(opened)
         : whole           ? "quickstart: everything was delivered"
                           : "quickstart: records were lost");
    otel_release(sdk);
    return whole && opened >= OTEL_OK ? 0 : 1;
}
