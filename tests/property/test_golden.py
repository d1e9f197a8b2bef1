"""Golden vectors (tests/cases/golden): the library's bytes are those of the official bindings.

Two messages are the same when the bindings read them as the same, write them as the same bytes, and
the library's own bytes are as many: then they differ in the order of fields at most, and nothing
is written that could be left out.
"""
import importlib.util
import json
import re
import uuid

import pytest
from conftest import ROOT
from drive import REQUESTS, drive  # noqa: F401: drive is a fixture
from google.protobuf import descriptor_pool, message_factory, text_format

GOLDEN = ROOT / "tests/cases/golden"
FILES = sorted(GOLDEN.glob("*.json"))


@pytest.fixture(scope="module")
def make():
    """The generator as a module."""
    spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def message_class(name):
    descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    return message_factory.GetMessageClass(descriptor)


def test_the_files_are_what_the_official_bindings_write(make):
    assert {path.stem for path in FILES} == {case.__name__ for case in make.CASES}
    for case in make.CASES:
        fresh = json.loads(make.written(case))
        stored = json.loads((GOLDEN / f"{case.__name__}.json").read_text())
        remedy = f"{case.__name__}: run tests/cases/golden/make.py"
        for part in ("instructions", "message", "records"):
            assert stored[part] == fresh[part], remedy
        for record, meaning in zip(stored["records"], stored["meaning"]):
            parsed = text_format.Parse("\n".join(meaning), message_class(stored["message"])())
            assert parsed.SerializeToString(deterministic=True).hex() == record, remedy


def fields(data):
    """(number, wire type, bytes of the value) of each field of a message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        begin = at
        if tag & 7 == 0:
            varint()
        elif tag & 7 == 2:
            n = varint()
            begin, at = at, at + n
        else:
            at += {1: 8, 5: 4}[tag & 7]
        yield tag >> 3, tag & 7, data[begin:at]


def raw_records(body):
    """The bytes of each span, metric or log record of a request: fields 1, 2, 2 from outside."""
    return [record for n1, _, resource in fields(body) if n1 == 1
            for n2, _, scope in fields(resource) if n2 == 2
            for n3, _, record in fields(scope) if n3 == 2]


def with_golden_ids(data, result, instructions):
    """The bytes with the ids that the library made up replaced by those of the golden files."""
    traces, given = [], " ".join(instructions)
    for number, words in enumerate(result.values("context")):
        ids = bytes.fromhex(words[0])
        if ids[:16] not in traces and ids[:16].hex() not in given:
            traces.append(ids[:16])
        data = data.replace(ids[16:], bytes([0xb0 + number]) * 8)
    for number, trace in enumerate(traces):
        data = data.replace(trace, bytes([0xa0 + number]) * 16)
    return data


def tidy_resource(request):
    """Sort the attributes; take out what is new in each process or version, after a look at it."""
    resource = request.ListFields()[0][1][0].resource
    kept = {kv.key: kv for kv in resource.attributes}
    instance = kept.pop("service.instance.id", None)
    if instance is not None:
        assert uuid.UUID(instance.value.string_value).version == 4
    config = (ROOT / "src/api/config.h").read_text()
    version = re.search(r'OTEL_LITE_VERSION +"(.*)"', config)[1]
    assert kept["telemetry.sdk.version"].value.string_value == version
    kept["telemetry.sdk.version"].value.string_value = "0.0.0"
    ordered = [kept[key] for key in sorted(kept)]
    del resource.attributes[:]
    resource.attributes.extend(ordered)


def has_empty_name(message):
    """An empty name may be written or left out. (P-02)"""
    named = [message, *getattr(message, "events", [])]
    return any(getattr(one, "name", "some") == "" for one in named)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_library_writes_the_golden_bytes(path, drive):
    golden = json.loads(path.read_text())
    result = drive.run(golden["instructions"])
    kind, want = message_class(golden["message"]), [bytes.fromhex(r) for r in golden["records"]]
    whole = kind in REQUESTS
    signal = REQUESTS.index(kind) if whole else ["Span", "Metric", "LogRecord"].index(kind.__name__)
    got = [request.body for request in result.requests(signal)]
    if not whole:
        got = [record for body in got for record in raw_records(body)]
    got = [with_golden_ids(message, result, golden["instructions"]) for message in got]
    assert len(got) == len(want)
    for mine, theirs in zip(got, want):
        message = kind.FromString(mine)
        if whole:
            tidy_resource(message)
        again = message.SerializeToString(deterministic=True)
        assert text_format.MessageToString(message) == text_format.MessageToString(
            kind.FromString(theirs))
        assert again == theirs
        if not whole and not has_empty_name(message):
            assert len(mine) == len(theirs), "something is written that could be left out"
