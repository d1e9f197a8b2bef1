"""The table of src/wire/otlp.h is that of the official descriptors."""
import re

from google.protobuf.descriptor import FieldDescriptor
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest, ExportLogsServiceResponse)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest, ExportMetricsServiceResponse)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest, ExportTraceServiceResponse)

ROOTS = {"TRACE_REQUEST": ExportTraceServiceRequest, "TRACE_RESPONSE": ExportTraceServiceResponse,
         "METRICS_REQUEST": ExportMetricsServiceRequest,
         "METRICS_RESPONSE": ExportMetricsServiceResponse,
         "LOGS_REQUEST": ExportLogsServiceRequest, "LOGS_RESPONSE": ExportLogsServiceResponse}
ROW = re.compile(r"^ +([MFS])\(([A-Z_]+)(?:, (\d+), ([\w, ]+))?\)", re.M)
TYPES = {getattr(FieldDescriptor, name): name[5:]
         for name in dir(FieldDescriptor) if name.startswith("TYPE_")}


def presence(field):
    if field.is_repeated:
        return "MANY"
    oneof = field.containing_oneof  # `optional` is a oneof of one
    return "ONE" if oneof is None else "MAYBE" if len(oneof.fields) == 1 else "CHOICE"


def row(field):
    """What the table should say of a field; the name of a message in it is up to the table."""
    if field.message_type:
        return ["S", presence(field), field.json_name]
    is_id = field.json_name.lower().endswith(("traceid", "spanid"))
    return ["F", "HEX" if is_id else TYPES[field.type], presence(field), field.json_name]


def test_the_table_is_that_of_the_official_descriptors(root):
    table = {}
    for kind, message, number, rest in ROW.findall((root / "src/wire/otlp.h").read_text()):
        rows = table.setdefault(message, {})
        if kind != "M":
            rows[int(number)] = [kind, *rest.split(", ")]
    assert table.pop("END") == {}

    seen, todo = {}, [(name, kind.DESCRIPTOR) for name, kind in ROOTS.items()]
    while todo:
        name, message = todo.pop()
        if name in seen:
            assert seen[name] == message.full_name
            continue
        seen[name] = message.full_name
        assert sorted(table[name]) == sorted(field.number for field in message.fields), name
        for field in message.fields:
            ours = table[name][field.number]
            if field.message_type:
                todo.append((ours.pop(), field.message_type))
            assert ours == row(field), (name, field.name)
    assert sorted(seen) == sorted(table) and len(set(seen.values())) == len(seen)
