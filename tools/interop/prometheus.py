#!/usr/bin/env python3
"""A real Prometheus for tests and for trying things out.

    prometheus.py build      build it, unless that was done before; prints its path
    prometheus.py run DIR    run it until it is interrupted; prints its endpoint, writes to DIR

It is built from its released module, whose checksum stands below, by a Go tool chain of version
1.26 or later; backend.py says where it is kept. Left out are its web pages, which the module does
not have, and the ways of finding targets in clouds. It listens on 127.0.0.1 only, takes OTLP over
HTTP, keeps metrics under their own names unless told otherwise, and their exemplars, scrapes
nothing, and answers queries. Exponential histograms become native ones, which this version always
stores.
"""
import json
import shutil
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from backend import (  # noqa: E402
    Failed, Missing, Server, cached, find_go, free_ports, go_build, run_go)

VERSION = "3.15.0"
MODULE = "github.com/prometheus/prometheus@v0.315.0"  # how its modules number that version
CHECKSUM = "h1:sFGZWmC2Hk9N1NBJGCnXYZb5hyLCq8yuAMoEjLAg6ac="
OPTIONS = ["-tags=netgo,remove_all_sd",
           f"-ldflags=-s -w -X github.com/prometheus/common/version.Version={VERSION}"]
DOWNLOAD_SECONDS = 300
QUERY_SECONDS = 10
CONFIG = """\
otlp: {{translation_strategy: {translation}}}
"""


def build(tell=print):
    """Path of the built Prometheus."""
    program = cached("prometheus", repr([MODULE, CHECKSUM, OPTIONS]).encode())
    if not program.exists():
        find_go()
        tell(f"building Prometheus {VERSION}: some minutes the first time")
        program.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=program.parent) as fresh:
            # Its go.mod replaces modules, which only counts, and is only allowed, in the main one.
            source = shutil.copytree(download(), Path(fresh) / "source")
            go_build(source, program, "./cmd/prometheus", OPTIONS)
    return program


def download():
    """The folder of the module in Go's own cache, which is read-only."""
    with tempfile.TemporaryDirectory() as nowhere:  # outside of any module
        done = run_go(["mod", "download", "-json", MODULE], nowhere, DOWNLOAD_SECONDS)
    got = json.loads(done.stdout or "{}")
    if done.returncode != 0:
        raise Missing(f"{MODULE} cannot be had: {got.get('Error') or done.stderr[-1000:]}")
    if got["Sum"] != CHECKSUM:
        raise Failed(f"{MODULE} has the checksum {got['Sum']}, not {CHECKSUM}")
    return got["Dir"]


class Prometheus(Server):
    """A running Prometheus; `endpoint` is the base to which OTLP's clients add /v1/metrics.

    translation: how names of metrics and attributes become its own; "NoTranslation" keeps them,
    Prometheus's default is "UnderscoreEscapingWithSuffixes".
    """
    name = "Prometheus"

    def __init__(self, program, folder, translation="NoTranslation"):
        super().__init__(program, folder)
        self.translation = translation

    def prepare(self):
        port, = free_ports(1)
        self.address = f"http://127.0.0.1:{port}"
        self.endpoint = self.address + "/api/v1/otlp"
        self.ready = (port, "/-/ready")
        config = self.folder / "prometheus.yml"
        config.write_text(CONFIG.format(translation=self.translation))
        return [f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
                f"--storage.tsdb.path={self.folder / 'data'}", "--web.enable-otlp-receiver",
                "--enable-feature=exemplar-storage"]

    def get(self, what, **parameters):
        """The `data` of an answer of its API."""
        url = f"{self.address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=QUERY_SECONDS) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as refused:
            raise Failed(f"{url}: {refused.read(4000).decode(errors='replace')}") from refused

    def query(self, expression, **parameters):
        """What an expression is now: a list of series, or a scalar."""
        return self.get("query", query=expression, **parameters)["result"]

    def exemplars(self, selector, start, end):
        """The exemplars from one time to another, in seconds since 1970, of each series that a
        selector means: a list of {"seriesLabels": ..., "exemplars": [...]}."""
        return self.get("query_exemplars", query=selector, start=start, end=end)


def main():
    command = sys.argv[1:]
    if command == ["build"]:
        print(build(tell=lambda text: print(text, file=sys.stderr)))
    elif len(command) == 2 and command[0] == "run":
        with Prometheus(build(), Path(command[1]).resolve()) as prometheus:
            print(f"OTLP over HTTP: {prometheus.endpoint}")
            print(f"queries: {prometheus.address}/api/v1/query", flush=True)
            try:
                prometheus.process.wait()
            except KeyboardInterrupt:
                pass
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main()
    except (Missing, Failed) as problem:
        sys.exit(f"prometheus.py: {problem}")
