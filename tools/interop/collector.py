#!/usr/bin/env python3
"""A real OpenTelemetry Collector for tests and for trying things out.

    collector.py build      build it, unless that was done before; prints its path
    collector.py run DIR    run it until it is interrupted; prints its endpoints, writes to DIR

It is built from the released modules that collector/go.mod names, checked against collector/go.sum,
by a Go tool chain of version 1.26 or later. The first build takes minutes; its result is kept in
${XDG_CACHE_HOME:-~/.cache}/otel_lite-backends, under a name that changes with the sources. It
listens on 127.0.0.1 only, takes OTLP over HTTP and writes what it understood to DIR/traces.jsonl,
DIR/metrics.jsonl and DIR/logs.jsonl, as OTLP JSON, one request a line, and to a Prometheus page.
"""
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "collector"
GO = (1, 26)
BUILD_SECONDS, READY_SECONDS, STOP_SECONDS = 45 * 60, 60, 10
TRIES = 5  # a port found free may be taken by somebody else before the Collector has it
CONFIG = """\
receivers:
  otlp:
    protocols:
      http: {{endpoint: '127.0.0.1:{http}'}}
exporters:
  file/traces: {{path: '{folder}/traces.jsonl', flush_interval: 50ms}}
  file/metrics: {{path: '{folder}/metrics.jsonl', flush_interval: 50ms}}
  file/logs: {{path: '{folder}/logs.jsonl', flush_interval: 50ms}}
  prometheus: {{endpoint: '127.0.0.1:{prometheus}'}}
extensions:
  health_check: {{endpoint: '127.0.0.1:{health}'}}
service:
  extensions: [health_check]
  telemetry:
    metrics: {{level: none}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [file/traces]}}
    metrics: {{receivers: [otlp], exporters: [file/metrics, prometheus]}}
    logs: {{receivers: [otlp], exporters: [file/logs]}}
"""


class Missing(Exception):
    """A tool is not there; the text says which."""


class Failed(Exception):
    """The Collector could not be built or started; the text says why."""


# ---- building ----

def find_go():
    """The go command, of a version that can build the Collector."""
    go = os.environ.get("GO") or shutil.which("go")
    if not go:
        raise Missing("go missing")
    said = subprocess.run([go, "version"], capture_output=True, text=True).stdout
    version = re.search(r"go(\d+)\.(\d+)", said)
    if not version or (int(version[1]), int(version[2])) < GO:
        raise Missing(f"go is older than {GO[0]}.{GO[1]}")
    return go


def cached():
    """Where the program built from these sources is kept."""
    key = hashlib.sha256()
    for name in ("main.go", "go.mod", "go.sum"):
        key.update((SOURCE / name).read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "otel_lite-backends" / f"collector-{key.hexdigest()[:16]}"


def build(tell=print):
    """Path of the built Collector. Nothing is written to the source tree."""
    program = cached()
    if program.exists():
        return program
    go = find_go()
    tell("building the OpenTelemetry Collector: some minutes the first time")
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as fresh:
        done = subprocess.run(
            [go, "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w",
             "-o", f"{fresh}/collector", "."], cwd=SOURCE, capture_output=True, text=True,
            timeout=BUILD_SECONDS,
            env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local",
                 "GOFLAGS": ""})
        if done.returncode != 0:
            raise Failed(f"go build: {done.stderr[-4000:]}")
        os.replace(f"{fresh}/collector", program)  # whole, or not there
    return program


# ---- running ----

def free_ports(count):
    """Ports that nobody listens on, all different, chosen by the system."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Collector:
    """A running Collector; use it with `with`. folder: where it writes, made if need be."""

    def __init__(self, program, folder):
        self.program, self.folder, self.process = program, Path(folder), None

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(TRIES):
            if self.start():
                return self
            if "address already in use" not in self.said():
                break
        raise Failed(f"the Collector did not start: {self.said()}")

    def __exit__(self, *problem):
        self.stop()

    def start(self):
        """Start it on fresh ports; True once it is ready, False when it is not to be."""
        self.http, self.prometheus, self.health = free_ports(3)
        self.endpoint = f"http://127.0.0.1:{self.http}"
        (self.folder / "config.yaml").write_text(CONFIG.format(
            folder=self.folder, http=self.http, prometheus=self.prometheus, health=self.health))
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [str(self.program), "--config", str(self.folder / "config.yaml")],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            if self.page(self.health, "/") is not None:
                return True
            time.sleep(0.1)
        self.stop()
        return False

    def stop(self):
        """End the process, by force if it takes long."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def said(self):
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    @staticmethod
    def page(port, path):
        """The text of a page, or None when it is not to be had."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
                return reply.read().decode()
        except OSError:
            return None

    def metrics_page(self):
        """What a Prometheus server would be given."""
        return self.page(self.prometheus, "/metrics")

    def lines(self, signal):
        """The requests of traces, metrics or logs so far, each as its line of OTLP JSON."""
        path = self.folder / f"{signal}.jsonl"
        text = path.read_text() if path.exists() else ""
        return text[:text.rfind("\n") + 1].splitlines()


def main():
    command = sys.argv[1:]
    if command == ["build"]:
        print(build(tell=lambda text: print(text, file=sys.stderr)))
    elif len(command) == 2 and command[0] == "run":
        with Collector(build(), Path(command[1]).resolve()) as collector:
            print(f"OTLP over HTTP: {collector.endpoint}")
            print(f"Prometheus: http://127.0.0.1:{collector.prometheus}/metrics", flush=True)
            try:
                collector.process.wait()
            except KeyboardInterrupt:
                pass
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main()
    except (Missing, Failed) as problem:
        sys.exit(f"collector.py: {problem}")
