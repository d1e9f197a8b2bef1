"""What the tools for real backends share: a Go tool chain, a place for what it built, and a server
process on ports of its own. collector.py and prometheus.py are made of it.

A backend is built from released modules of fixed versions and checksums. The first build takes
minutes; its result is kept in ${XDG_CACHE_HOME:-~/.cache}/otel_lite-backends, under a name that
changes with what it was built from. Nothing is written to the source tree.
"""
import hashlib
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

GO = (1, 26)
BUILD_SECONDS, READY_SECONDS, STOP_SECONDS = 45 * 60, 60, 10
TRIES = 5  # a port found free may be taken by somebody else before the server has it


class Missing(Exception):
    """Something that a backend is made from cannot be had; the text says what."""


class Failed(Exception):
    """A backend could not be built or started; the text says why."""


# ---- building ----

def find_go():
    """The go command, of a version that can build the backends."""
    go = os.environ.get("GO") or shutil.which("go")
    if not go:
        raise Missing("go missing")
    said = subprocess.run([go, "version"], capture_output=True, text=True).stdout
    version = re.search(r"go(\d+)\.(\d+)", said)
    if not version or (int(version[1]), int(version[2])) < GO:
        raise Missing(f"go is older than {GO[0]}.{GO[1]}")
    return go


def cached(name, *made_from):
    """Where the program built from these bytes is kept."""
    key = hashlib.sha256()
    for part in made_from:
        key.update(part)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "otel_lite-backends" / f"{name}-{key.hexdigest()[:16]}"


def run_go(arguments, folder, seconds=BUILD_SECONDS):
    """Run the go command in a folder; its CompletedProcess, also when it failed."""
    try:
        return subprocess.run(
            [find_go(), *arguments], cwd=folder, capture_output=True, text=True, timeout=seconds,
            stdin=subprocess.DEVNULL, env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off",
                                           "GOTOOLCHAIN": "local", "GOFLAGS": ""})
    except subprocess.TimeoutExpired as late:
        raise Failed(f"go {' '.join(arguments[:2])} took over {seconds} s") from late


def go_build(source, program, package=".", options=()):
    """Build a package of the module in the folder `source`; `program` is whole or not there."""
    fresh = program.with_name(f".{program.name}.{os.getpid()}")
    try:
        done = run_go(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", *options,
                       "-o", str(fresh), package], source)
        if done.returncode != 0:
            raise Failed(f"go build: {done.stderr[-4000:]}")
        os.replace(fresh, program)
    finally:
        fresh.unlink(missing_ok=True)


# ---- running ----

def free_ports(count):
    """Ports that nobody listens on, all different, chosen by the system."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def page(port, path):
    """The text of a page, or None when it is not to be had."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return reply.read().decode()
    except OSError:
        return None


class Server:
    """A running backend; use it with `with`. folder: where it writes, made if need be.

    What a backend adds: its `name`, prepare(), which takes fresh ports, writes the configuration
    and returns the arguments of the program, and `ready`, the port and the path that then answer.
    """
    name = "server"

    def __init__(self, program, folder):
        self.program, self.folder, self.process = program, Path(folder), None

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(TRIES):
            if self.start():
                return self
            if "address already in use" not in self.said():
                break
        raise Failed(f"{self.name} did not start: {self.said()}")

    def __exit__(self, *problem):
        self.stop()

    def start(self):
        """Start it on fresh ports; True once it is ready, False when it is not to be."""
        arguments = self.prepare()
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([str(self.program), *arguments], cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            if page(*self.ready) is not None:
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
