"""The quickstart as a static program with musl: it is small, and what a server gets from it is what
its first comment promises."""
import sys

import pytest
from conftest import ROOT, WARNINGS_C

sys.path.insert(0, str(ROOT / "tests" / "contract"))
from otlp_backend import Backend, attributes, records  # noqa: E402

LIMIT = 96 * 1024  # bytes
SMALL = ["-Os", "-s", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections",
         "-fno-asynchronous-unwind-tables"]


@pytest.fixture(scope="module")
def quickstart(cc, need):
    need("musl-gcc")
    return cc(ROOT / "examples/quickstart.c", "targets/quickstart.musl",
              ["-static", "-std=c99", *WARNINGS_C, *SMALL], cc="musl-gcc")


def test_the_static_quickstart_is_small(quickstart):
    size = quickstart.stat().st_size
    print(f"{size} bytes")
    assert size <= LIMIT


@pytest.fixture(scope="module")
def received(quickstart, run_c):
    with Backend() as backend:
        result = run_c(quickstart, env={"OTEL_EXPORTER_OTLP_ENDPOINT": backend.endpoint})
        assert result.returncode == 0 and "everything was delivered" in result.stdout
        return backend.requests


def of(received, path):
    return list(records(request.message for request in received if request.path == path))


def test_the_metrics_arrive(received):
    metrics = {metric.name: metric for _, _, metric in of(received, "/v1/metrics")}
    strokes = {attributes(point)["valve"]: point.as_int
               for point in metrics["pump.strokes"].sum.data_points}
    assert strokes == {"inlet": 5, "outlet": 4} and metrics["pump.strokes"].sum.is_monotonic
    (jobs,) = metrics["pump.jobs.active"].sum.data_points
    assert jobs.as_int == 2 and not metrics["pump.jobs.active"].sum.is_monotonic
    (pressure,) = metrics["pump.pressure"].gauge.data_points
    assert pressure.as_double == 2.5
    (duration,) = metrics["pump.fill.duration"].histogram.data_points
    assert (duration.count, duration.sum, duration.min, duration.max) == (4, 32.25, 0.25, 30)
    assert len(duration.explicit_bounds) == 15 and sum(duration.bucket_counts) == 4
    assert list(duration.bucket_counts)[:5] == [0, 3, 0, 0, 1]


def test_the_spans_and_the_log_record_arrive(received):
    spans = {span.name: span for _, _, span in of(received, "/v1/traces")}
    fill, valve = spans["fill tank"], spans["open valve"]
    assert attributes(fill) == {"tank": "north", "level": 0.8}
    assert [(event.name, attributes(event)) for event in fill.events] == [
        ("half full", {"level": 0.5})]
    assert valve.parent_span_id == fill.span_id and valve.trace_id == fill.trace_id
    assert valve.kind == 3 and attributes(valve) == {"valve": "inlet"}
    ((resource, scope, log),) = of(received, "/v1/logs")
    assert log.body.string_value == "pressure low" and attributes(log) == {"psi": 12}
    assert log.span_id == fill.span_id and log.severity_number == 13
    assert attributes(resource)["service.name"] == "pump"
    assert (scope.name, scope.version) == ("pump/control", "1.2.0")
