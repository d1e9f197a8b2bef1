#!/usr/bin/env python3
"""A real OpenTelemetry Collector for tests and for trying things out.

    collector.py build      build it, unless that was done before; prints its path
    collector.py run DIR    run it until it is interrupted; prints its endpoints, writes to DIR

It is built from the released modules that collector/go.mod names, checked against collector/go.sum,
by a Go tool chain of version 1.26 or later; backend.py says where it is kept. It listens on
127.0.0.1 only, takes OTLP over HTTP and writes what it understood to DIR/traces.jsonl,
DIR/metrics.jsonl and DIR/logs.jsonl, as OTLP JSON, one request a line, and to a Prometheus page.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from backend import (  # noqa: E402
    Failed, Missing, Server, cached, find_go, free_ports, go_build, page)

SOURCE = Path(__file__).resolve().parent / "collector"
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


def build(tell=print):
    """Path of the built Collector."""
    program = cached("collector", *[(SOURCE / name).read_bytes()
                                    for name in ("main.go", "go.mod", "go.sum")])
    if not program.exists():
        find_go()
        tell("building the OpenTelemetry Collector: some minutes the first time")
        program.parent.mkdir(parents=True, exist_ok=True)
        go_build(SOURCE, program, options=["-ldflags=-s -w"])
    return program


class Collector(Server):
    """A running Collector; `endpoint` is where it takes OTLP."""
    name = "Collector"

    def prepare(self):
        self.http, self.prometheus, health = free_ports(3)
        self.endpoint = f"http://127.0.0.1:{self.http}"
        self.ready = (health, "/")
        (self.folder / "config.yaml").write_text(CONFIG.format(
            folder=self.folder, http=self.http, prometheus=self.prometheus, health=health))
        return ["--config", str(self.folder / "config.yaml")]

    def metrics_page(self):
        """What a Prometheus server would be given."""
        return page(self.prometheus, "/metrics")

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
