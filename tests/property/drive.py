"""Talks to drive.c: writes instructions, reads frames. Import the fixture `drive` to get a Drive.

A Drive is one process that works on many lists of instructions, each with its own SDK. When the
program dies (a sanitizer's report, a signal) or hangs, that list fails and the next one gets a new
process.
"""
import os
import selectors
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

import pytest
from conftest import ROOT, WARNINGS_C, compile_c
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACES, METRICS, LOGS = 0, 1, 2
REQUESTS = [ExportTraceServiceRequest, ExportMetricsServiceRequest, ExportLogsServiceRequest]
PATHS = ["/v1/traces", "/v1/metrics", "/v1/logs"]
SECONDS = 60  # for one list of instructions, which takes milliseconds
BUILDS = {
    "parts": ["-DDRIVE_HEADER=\"src/otel_lite.in.h\"", "-O1", "-fsanitize=address,undefined",
              "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"],
    "header": ["-DDRIVE_HEADER=\"otel_lite.h\"", "-O2"],
}
DROPS = ["queue_records", "queue_bytes", "too_large", "no_slot", "refused", "superseded",
         "shutdown", "busy"]
TOTALS = ["dropped_attributes", "dropped_events", "bad_values", "lost_values", "busy_handles",
          "overflowing_instruments", "series", "requests", "failed_requests", "memory_bytes",
          "series_bytes_used"]


@dataclass
class Request:
    signal: int
    attempt: int
    n_records: int
    path: str
    content_type: str
    body: bytes

    def decoded(self):
        return REQUESTS[self.signal].FromString(self.body)


@dataclass
class Result:
    """What one list of instructions gave, in order."""
    events: list = field(default_factory=list)  # ("request", Request) or ("value", [name, words])
    diagnostics: list = field(default_factory=list)
    broken_promises: list = field(default_factory=list)

    def requests(self, signal=None):
        return [e for kind, e in self.events
                if kind == "request" and signal in (None, e.signal)]

    def values(self, name):
        return [e[1] for kind, e in self.events if kind == "value" and e[0] == name]

    def stats(self):
        """The last answer to `stats`, as {"traces": {...}, ..., "requests": n}."""
        numbers = iter(map(int, self.values("stats")[-1]))
        out = {}
        for signal in ("traces", "metrics", "logs"):
            names = ["started", "unsampled", "open", "ended", "delivered", "queued"]
            out[signal] = {name: next(numbers) for name in names}
            out[signal]["dropped"] = {name: next(numbers) for name in DROPS}
        out.update({name: next(numbers) for name in TOTALS})
        return out


def check_identity(stats):
    """The identity that holds whenever nothing is under way, for each signal."""
    for name in ("traces", "metrics", "logs"):
        s = stats[name]
        lost = sum(s["dropped"].values())
        assert s["started"] == s["unsampled"] + s["open"] + s["ended"], (name, s)
        assert s["ended"] == s["delivered"] + lost + s["queued"], (name, s)


class Drive:
    def __init__(self, program):
        self.program, self.process, self.errors = program, None, None

    def start(self):
        self.errors = tempfile.TemporaryFile()
        environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
                       "ASAN_OPTIONS": "detect_stack_use_after_return=1:abort_on_error=1"}
        self.process = subprocess.Popen([str(self.program)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors,
                                        env=environment)
        os.set_blocking(self.process.stdout.fileno(), False)

    def stop(self):
        """End the process, by force if it does not by itself; returns what it had to say."""
        if self.process is None:
            return ""
        try:
            self.process.stdin.close()
            self.process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        code, self.process = self.process.returncode, None
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        self.errors.close()
        return f"exit code {code}\n{said[-6000:]}"

    def broken(self, why, lines):
        shown = "\n".join(line[:300] for line in lines[-40:])
        raise AssertionError(f"{why}\n{self.stop()}\nthe last instructions:\n{shown}")

    def run(self, lines):
        """Carry out the instructions, with a `done` after them; returns a Result."""
        lines = [*lines, "done"]
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(("\n".join(lines) + "\n").encode())
            self.process.stdin.flush()
        except OSError:
            self.broken("drive died", lines)
        result = self.result(self.read(lines))
        assert not result.broken_promises, result.broken_promises
        return result

    def read(self, lines):
        """All bytes up to and including the end frame."""
        data, deadline = bytearray(), time.monotonic() + SECONDS
        end = b"E\0\0\0\0"
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not data.endswith(end) or not self.is_whole(data):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.process.kill()
                    self.broken(f"drive hung for {SECONDS} s", lines)
                piece = self.process.stdout.read(1 << 20)
                if not piece:
                    self.broken("drive died", lines)
                data += piece
        return bytes(data)

    @staticmethod
    def frames(data):
        at = 0
        while at + 5 <= len(data):
            n = int.from_bytes(data[at + 1:at + 5], "little")
            yield chr(data[at]), bytes(data[at + 5:at + 5 + n])
            at += 5 + n

    def is_whole(self, data):
        return [kind for kind, _ in self.frames(data)][-1:] == ["E"]

    def result(self, data):
        result = Result()
        for kind, payload in self.frames(data):
            if kind == "R":
                signal, attempt, n_records = struct.unpack("<III", payload[:12])
                path, content_type, body = payload[12:].split(b"\n", 2)
                result.events.append(("request", Request(
                    signal, attempt, n_records, path.decode(), content_type.decode(), body)))
            elif kind == "V":
                name, *words = payload.decode().split(" ")
                result.events.append(("value", (name, words)))
            elif kind == "D":
                result.diagnostics.append(payload.decode(errors="replace"))
            elif kind == "X":
                result.broken_promises.append(payload.decode())
        return result


def build_drive(build):
    flags = ["-std=gnu11", "-g", "-pthread", *WARNINGS_C, *BUILDS[build]]
    return compile_c(ROOT / "tests/property/drive.c", f"property/drive.{build}", flags)


@pytest.fixture(scope="module", params=list(BUILDS))
def drive(request):
    """A Drive of the development build, sanitized, and one of the generated header."""
    drive = Drive(build_drive(request.param))
    yield drive
    said = drive.stop()
    assert not said or said.startswith("exit code 0\n"), said
