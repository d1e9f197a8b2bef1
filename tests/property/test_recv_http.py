"""`otel recv` keeps to HTTP's rules and to its options, and survives what is neither of the two."""
import http.client
import os
import re
import signal
import socket
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from receiver import (
    FEW, PATHS, PROTOBUF, Receiver, otel, pump_logs, pump_metrics, pump_traces, recv)  # noqa: F401

# ---- HTTP ----

LOGS = pump_logs().SerializeToString()
HEAD = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"


def post(body=LOGS, extra=b""):
    return HEAD + b"%sContent-Length: %d\r\n\r\n" % (extra, len(body)) + body


def chunked(body, *cuts):
    marks = [0, *sorted(cuts), len(body)]
    pieces = [body[a:b] for a, b in zip(marks, marks[1:]) if a < b]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)
    return chunks + b"0;last=1\r\nA-Trailer: x\r\n\r\n"


STATUSES = [
    ("/v1/logs", "POST", {"Content-Type": "application/x-protobuf"}, 200),
    ("/v1/logs?a=b", "POST", {"Content-Type": "Application/X-Protobuf; charset=x"}, 200),
    ("/v1/logs", "POST", {**PROTOBUF, "Content-Encoding": "identity"}, 200),
    ("/v1/logs", "POST", {**PROTOBUF, "Content-Encoding": "gzip"}, 415),
    ("/v1/logs", "POST", {"Content-Type": "application/json"}, 415),
    ("/v1/logs", "POST", {}, 415),
    ("/v1/logs", "GET", PROTOBUF, 405),
    ("/v1/logs/", "POST", PROTOBUF, 404),
    ("/", "GET", {}, 404),
    ("/v1/traces", "POST", PROTOBUF, 400),  # a log record is no span
]


def test_statuses_follow_path_method_and_type(recv):
    for path, method, headers, status in STATUSES:
        got, body, reply = recv.request(path, LOGS, headers, method)
        assert got == status, (path, method, headers)
        assert status == 200 or (reply.headers["Content-Type"] == "text/plain" and body)
        assert reply.headers["Allow"] == ("POST" if status == 405 else None)
    assert "err" in recv.fresh() and recv.err.read_text().count("bad request:") == 7


REFUSED = {
    400: [b"\r\n\r\n\x00\r\n", b"GET\r\n", b"POST  / HTTP/1.1\r\n", b"P\x80ST / HTTP/1.1\r\n",
          b"POST / HTTP/1.1 \r\n", b"POST /\r\n", b"POST v1 HTTP/1.1\r\n", b"POST / HTTP/1.1\n\n",
          b"POST / HTTP/1.1\r\nA\r\n", b"POST / HTTP/1.1\r\nA : b\r\n",
          b"POST / HTTP/1.1\r\nA: b\r\n c: d\r\n", b"POST / HTTP/1.1\r\nA: b\rc\r\n",
          b"POST / HTTP/1.1\r\nA: \x00\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n",
          b"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n", b"POST / HTTP/1.1\r\nContent-Length:\r\n",
          b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
          b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n",
          b"POST / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"],
    413: [b"POST / HTTP/1.1\r\nContent-Length: 4194305\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n400001\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n"],
    414: [b"GET /" + b"a" * 300 + b" HTTP/1.1\r\n"],
    417: [b"POST / HTTP/1.1\r\nExpect: wonders\r\n"],
    431: [b"GET / HTTP/1.1\r\nA: " + b"a" * 9000, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 6000,
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 300],
    501: [b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n",
          b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
          b"A" * 20 + b" / HTTP/1.1\r\n"],
    505: [b"GET / HTTP/2.0\r\n"],
}


def test_what_is_no_request_is_refused_and_the_connection_closed(recv):
    cases = [(status, bytes_) for status, rows in REFUSED.items() for bytes_ in rows]
    for status, bytes_ in cases:
        reply = recv.raw(bytes_)
        assert reply.startswith(b"HTTP/1.1 %d " % status), (bytes_[:80], reply)
        assert b"\r\nConnection: close\r\n" in reply
    recv.send(pump_logs())
    assert recv.err.read_text().count("bad request:") == len(cases)


def replies(data):
    """The statuses in what a connection gave back."""
    return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d+) ", data)]


def test_requests_come_in_pieces_one_after_the_other_and_at_once(recv):
    close = b"Connection: close\r\n"
    one = post(extra=close)
    assert replies(recv.raw(*(one[i:i + 1] for i in range(len(one))))) == [200]
    assert replies(recv.raw(post() * 20 + one)) == [200] * 21
    assert replies(recv.raw(b"\r\n" + post() + post(b"\xff") + one)) == [200, 400, 200]
    assert replies(recv.raw(one + post())) == [200]  # nothing counts after close
    assert replies(recv.raw(one.replace(b"HTTP/1.1", b"HTTP/1.0"))) == [200]
    assert replies(recv.raw(post()[:-1], shut=True)) == []


@FEW
@given(st.lists(st.integers(1, len(LOGS) - 1), max_size=6), st.integers(1, 200))
def test_chunked_bodies_are_put_together(recv, cuts, step):
    request = HEAD + b"Transfer-Encoding: Chunked\r\nConnection: close\r\n\r\n"
    request += chunked(LOGS, *cuts)
    recv.fresh()
    pieces = [request[i:i + step] for i in range(0, len(request), step)]
    assert replies(recv.raw(*pieces)) == [200]
    assert "pressure low" in recv.fresh()


def test_a_body_held_back_is_asked_for(recv):
    with socket.create_connection(("127.0.0.1", recv.port), 20) as connection:
        for _ in range(2):
            head, _, body = post(extra=b"Expect: 100-continue\r\n").partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\n\r\n")
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(body)
            assert replies(connection.recv(1000)) == [200]


def test_many_idle_connections_do_not_keep_others_out(recv):
    idle = [socket.create_connection(("127.0.0.1", recv.port), 20) for _ in range(150)]
    for connection in idle[::2]:
        connection.sendall(HEAD)
    for _ in range(3):
        recv.client.close()
        recv.send(pump_logs())
    for connection in idle:
        connection.close()


def test_the_largest_body_is_taken_and_a_larger_one_refused(recv):
    # 2 bytes each: empty ResourceLogs, of which nothing is shown
    assert recv.request("/v1/logs", b"\x0a\x00" * (2 * 1024 * 1024))[0] == 200
    assert recv.raw(post(b"\x0a\x00" * (2 * 1024 * 1024) + b"\x0a\x00")[:1000]).startswith(
        b"HTTP/1.1 413 ")
    half = b"200001\r\n%s\r\n" % bytes(0x200001)
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    assert recv.raw(head + half + b"200000\r\n").startswith(b"HTTP/1.1 413 ")


# ---- hostile bodies ----

parsers = {path: kind for kind, path in PATHS.items()}
SAMPLES = {"/v1/traces": pump_traces(), "/v1/metrics": pump_metrics(), "/v1/logs": pump_logs()}


@st.composite
def damaged(draw):
    """A path and a body: random bytes, or a good body with a few bytes changed, cut or doubled."""
    path = draw(st.sampled_from(sorted(SAMPLES)))
    body = bytearray(SAMPLES[path].SerializeToString())
    if draw(st.integers(0, 9)) == 0:
        return path, draw(st.binary(max_size=60))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        action = draw(st.sampled_from(["set", "cut", "insert", "double"]))
        if action == "set" and at < len(body):
            body[at] = draw(st.integers(0, 255))
        elif action == "cut":
            del body[at:at + draw(st.integers(1, 4))]
        elif action == "insert":
            body[at:at] = draw(st.binary(min_size=1, max_size=4))
        else:
            body[at:at] = body[at:at + 20]
    return path, bytes(body)


def official_takes(path, body):
    try:
        parsers[path].FromString(body)
        return True
    except Exception:
        return False


@settings(FEW, max_examples=400)
@given(damaged())
def test_damaged_bodies_are_refused_unless_the_official_decoder_takes_them(recv, case):
    path, body = case
    status, _, _ = recv.request(path, body)
    assert status in (200, 400)
    assert status == 400 or official_takes(path, body)
    recv.fresh()


@settings(FEW, max_examples=100)
@given(st.lists(st.binary(max_size=50) | st.sampled_from(
    [HEAD, b"\r\n\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\n", LOGS,
     b"GET / HTTP/1.1\r\n", post()]), max_size=6))
def test_garbage_on_the_connection_is_survived(recv, pieces):
    recv.raw(*pieces, shut=True)
    assert recv.process.poll() is None


def nested(levels):
    """A log request with a text so many messages deep; the official encoder refuses to go there."""
    body = b"\x0a\x06bottom"
    for level in range(levels, 0, -1):  # 1 ResourceLogs, 2 ScopeLogs, 3 LogRecord, 4 AnyValue, ...
        field = {1: 1, 2: 2, 3: 2, 4: 5}.get(level, 5 if level % 2 else 1)
        length = len(body)
        size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
        body = bytes([field << 3 | 2]) + size + body
    return body


def test_nesting_is_taken_as_deep_as_by_the_official_decoder(recv):
    for levels in (4, 50, 96, 98, 100, 102, 104, 200):
        body = nested(levels)
        status, _, _ = recv.request("/v1/logs", body)
        assert (status == 200) == official_takes("/v1/logs", body), levels
        assert ("bottom" in recv.fresh()) == (status == 200)


# ---- options ----

def test_count_ends_it_with_a_summary(otel, tmp_path):
    with Receiver(otel, tmp_path, "--count", "10") as recv:
        recv.send(pump_traces())
        recv.send(pump_metrics())
        assert recv.process.poll() is None
        recv.request("/v1/logs", LOGS)
        assert recv.process.wait(20) == 0
    assert recv.out.read_text().endswith("\n\n3 spans, 5 metrics, 2 logs, 0 bad requests\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_with_a_summary(otel, tmp_path, number):
    with Receiver(otel, tmp_path, "--quiet") as recv:
        recv.send(pump_logs())
        recv.request("/v1/logs", b"\xff")
        recv.process.send_signal(number)
        assert recv.process.wait(20) == 0
    assert recv.out.read_text().splitlines()[1:] == ["0 spans, 0 metrics, 2 logs, 1 bad requests"]


@pytest.mark.parametrize("options, posts, code", [
    (["--timeout", "1"], 0, 1), (["--timeout", "3"], 1, 0),
    (["--timeout", "3", "--count", "3"], 1, 1), (["--timeout", "30", "--count", "2"], 1, 0)])
def test_the_timeout_fails_when_too_little_came(otel, tmp_path, options, posts, code):
    with Receiver(otel, tmp_path, *options, code=code) as recv:
        for _ in range(posts):
            recv.request("/v1/logs", LOGS)
        assert recv.process.wait(20) == code


@pytest.mark.parametrize("body, code", [(LOGS, 0), (b"\xff", 1)])
def test_check_shows_counts_only_and_fails_on_bad_requests(otel, tmp_path, body, code):
    with Receiver(otel, tmp_path, "--check", code=code) as recv:
        recv.request("/v1/logs", body)
    counts = f"0 spans, 0 metrics, {2 - 2 * code} logs, {code} bad requests"
    assert recv.out.read_text().splitlines()[1:] == [counts] and recv.err.read_text() == ""


def test_raw_keeps_the_bodies(otel, tmp_path):
    with Receiver(otel, tmp_path, "--raw", str(tmp_path / "raw")) as recv:
        recv.send(pump_logs())
        recv.request("/v1/logs", b"\xff")
        recv.send(pump_metrics())
    metrics = pump_metrics().SerializeToString()
    assert (tmp_path / "raw").read_bytes() == (b"/v1/logs %d\n%s\n/v1/metrics %d\n%s\n" % (
        len(LOGS), LOGS, len(metrics), metrics))


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--port"], ["--count", "x"], ["--wat"],
                                       ["--timeout", "-1"], ["--raw", "/nowhere/file"]])
def test_bad_options_are_named(otel, arguments):
    done = subprocess.run([otel, "recv", *arguments], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("otel recv: ")


def test_a_port_in_use_is_told(otel, recv):
    done = subprocess.run([otel, "recv", "--port", str(recv.port)], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 2 and "cannot listen" in done.stderr


def test_help_and_version(otel):
    for arguments, code in ([["--help"], 0], [["recv", "--help"], 0], [["--version"], 0], [[], 2]):
        done = subprocess.run([otel, *arguments], capture_output=True, text=True, timeout=20)
        assert done.returncode == code and ("usage" in done.stdout + done.stderr) == (
            arguments != ["--version"])


def test_it_ends_when_nobody_reads_what_it_shows(otel, tmp_path):
    read_end, write_end = os.pipe()
    process = subprocess.Popen([otel, "recv", "--port", "0"], stdout=write_end)
    os.close(write_end)
    port = int(os.read(read_end, 100).split(b":")[1])
    os.close(read_end)
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("POST", "/v1/logs", LOGS, PROTOBUF)
    assert process.wait(20) == 1
