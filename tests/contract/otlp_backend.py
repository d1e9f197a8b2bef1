"""A backend on loopback for tests: keeps every request with the connection it came on and its time;
decodes with the official bindings. Also backends that misbehave. Every port is the system's
choice."""
import socket
import struct
import threading
import time
from collections import namedtuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import \
    ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MESSAGES = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest,
            "/v1/logs": ExportLogsServiceRequest}
PATHS = list(MESSAGES)  # by otel_signal
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

Request = namedtuple("Request", "path headers message connection time")


def decode(path, body):
    return MESSAGES[path].FromString(body)


def records(messages):
    """(resource, scope, record) of every span, log record or metric in these messages."""
    for message in messages:
        name = next(n for n in ("resource_spans", "resource_logs", "resource_metrics")
                    if n in message.DESCRIPTOR.fields_by_name)
        for group in getattr(message, name):
            for scope in getattr(group, name.replace("resource", "scope")):
                inner = {"resource_spans": "spans", "resource_logs": "log_records",
                         "resource_metrics": "metrics"}[name]
                for record in getattr(scope, inner):
                    yield group.resource, scope.scope, record


def attributes(owner):
    """A resource's or record's attributes as a dict of plain values."""
    return {kv.key: getattr(kv.value, kv.value.WhichOneof("value") or "string_value")
            for kv in owner.attributes}


def frames(data):
    """[(path, message)] from what a program wrote: signal, length (4 bytes each, little endian)
    and body, again and again."""
    found = []
    while data:
        signal, length = struct.unpack_from("<II", data)
        found.append((PATHS[signal], decode(PATHS[signal], data[8:8 + length])))
        assert len(data) >= 8 + length, "a request was cut off"
        data = data[8 + length:]
    return found


class Server:
    """Listens on a port of loopback and runs `serve` for each connection, until the with block
    ends. On its own it is a black hole: it accepts and says nothing."""
    accepts = True
    port = 0

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.connections, self.lock = [], threading.Lock()
        if self.accepts:
            threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        with self.lock:
            for connection in self.connections:
                connection.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(connection)
                number = len(self.connections)
            threading.Thread(target=self.guard, args=(connection, number), daemon=True).start()

    def guard(self, connection, number):
        try:
            self.serve(connection, number)
        except OSError:
            pass  # the client went away, or the test is over

    def serve(self, connection, number):
        while connection.recv(65536):
            pass


class Deaf(Server):
    """Listens and never accepts: the system completes connections, nobody reads."""
    accepts = False


class Backend(Server):
    """Answers every request with `reply`, and keeps it."""

    def __init__(self, reply=OK, port=0):
        self.reply, self.port, self.requests = reply, port, []

    def serve(self, connection, number):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head, data = data.split(b"\r\n\r\n", 1)
            first, *lines = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            while len(data) < int(headers["content-length"]):
                data += connection.recv(65536)
            body, data = data[:int(headers["content-length"])], data[
                int(headers["content-length"]):]
            path = first.split()[1]
            message = decode(path, body)
            with self.lock:
                self.requests.append(Request(path, headers, message, number, time.monotonic()))
            self.answer(connection)

    def answer(self, connection):
        connection.sendall(self.reply)

    def messages(self, path=None):
        with self.lock:
            return [r.message for r in self.requests if path in (None, r.path)]


def closed_port():
    """An endpoint where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
