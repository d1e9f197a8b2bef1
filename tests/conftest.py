"""What all tests share: paths, the compiler, tools that may be missing, and the last line.

Fixtures: root, build, cc, need, run_c. The session ends with one `left out: ...` line for each test
that was not run and with `N passed, N failed`; with CI=true in the environment a test that was left
out counts as failed.
"""
import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tests"
IN_CI = os.environ.get("CI") == "true"
WARNINGS = """-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef
              -Wcast-align -Werror""".split()
WARNINGS_C = [*WARNINGS, "-Wstrict-prototypes", "-Wmissing-prototypes"]


class CompileError(Exception):
    """A compiler refused; the text is its command and its output."""


@pytest.fixture(scope="session")
def root():
    """The project's top directory."""
    return ROOT


@pytest.fixture(scope="session")
def build():
    """Where tests may write: build/tests; each file of tests under a name of its own."""
    BUILD.mkdir(parents=True, exist_ok=True)
    return BUILD


def compile_c(sources, out, flags=(), cc="gcc", cwd=ROOT):
    """Compile sources to build/tests/<out>, from the project's top; see the fixture cc."""
    sources = [sources] if isinstance(sources, (str, Path)) else sources
    sources, flags, out = [str(s) for s in sources], [str(f) for f in flags], BUILD / out
    libraries = [flag for flag in flags if flag.startswith("-l")]  # only count after the sources
    flags = ["-I", str(ROOT), "-I", str(ROOT / "tests"), *[f for f in flags if f not in libraries]]
    command = [cc, *flags, *sources, *libraries]
    binary = [source for source in sources if source.endswith((".o", ".a", ".so"))]

    # What the result depends on: the command, and every byte that the preprocessor lets through.
    text = [source for source in sources if source not in binary]
    seen = subprocess.run([cc, *flags, "-E", *text], cwd=cwd, capture_output=True)
    key = hashlib.sha256(repr([command, shutil.which(cc)]).encode() + seen.stdout)
    for source in binary:
        key.update((Path(cwd) / source).read_bytes())
    stamp = out.with_name(out.name + ".key")
    known = out.exists() and stamp.exists() and stamp.read_text()
    if seen.returncode == 0 and known == key.hexdigest():
        return out

    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f"{out.name}.{os.getpid()}{out.suffix}")  # renamed when whole
    done = subprocess.run([*command, "-o", str(fresh)], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        raise CompileError(f"{' '.join(command)}\n{done.stderr}{done.stdout}")
    os.replace(fresh, out)
    stamp.write_text(key.hexdigest())
    return out


@pytest.fixture(scope="session")
def cc(build):
    """cc(sources, out, flags=[], cc="gcc") -> Path of build/tests/<out>.

    The project's top directory and tests/ are on the include path. Nothing is compiled again when
    neither the preprocessed source nor the command changed. Raises with the compiler's output.
    """
    return compile_c


@pytest.fixture(scope="session")
def need():
    """need("musl-gcc") -> its path; when there is no such tool the test is left out, by name.

    need("qemu-s390x-static", "qemu-s390x") takes the first one that is there.
    """
    def first_of(*names):
        found = next((path for path in map(shutil.which, names) if path), None)
        return found or pytest.skip(f"{' or '.join(names)} missing")

    return first_of


def no_random_addresses():
    """Command prefix that turns address randomisation off where that is allowed: with the many
    random bits of new kernels ThreadSanitizer cannot place its shadow memory."""
    prefix = ["setarch", platform.machine(), "-R"]
    if not shutil.which("setarch"):
        return []
    allowed = subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    return prefix if allowed else []


@pytest.fixture(scope="session")
def run_c():
    """run_c(program, *arguments, timeout=120, tsan=False, env={}) -> CompletedProcess with text.

    Sanitizer reports make the exit code non-zero. A program that hangs is killed and fails.
    """
    quiet = no_random_addresses()

    def run(program, *arguments, timeout=120, tsan=False, env=None, **options):
        environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
                       "ASAN_OPTIONS": "detect_stack_use_after_return=1",
                       "TSAN_OPTIONS": "halt_on_error=1", **(env or {})}
        return subprocess.run([*(quiet if tsan else []), str(program), *map(str, arguments)],
                              capture_output=True, text=True, errors="replace", timeout=timeout,
                              env=environment, stdin=subprocess.DEVNULL, **options)

    return run


class Count:
    """Passed and failed tests of the session, and what was left out, for its last lines."""

    def __init__(self):
        self.passed, self.failed, self.left_out = 0, 0, {}

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed += 1
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "skipped"
            self.left_out[report.nodeid] = reason.removeprefix("Skipped: ")
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed += 1
        elif report.skipped:
            self.left_out[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        if exitstatus == pytest.ExitCode.OK and IN_CI and self.left_out:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        for name, reason in self.left_out.items():
            print(f"left out: {name.removeprefix('tests/')} ({reason})")
        failed = self.failed + (len(self.left_out) if IN_CI else 0)
        print(f"{self.passed} passed, {failed} failed", flush=True)


def pytest_configure(config):
    config.pluginmanager.register(Count(), "otel-count")
