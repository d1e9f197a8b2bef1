"""The traceparent header against a model written from W3C Trace Context Level 2."""
import re
import subprocess

import pytest
from conftest import ROOT, WARNINGS_C
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DRIVER = ROOT / "tests" / "property" / "traceparent.c"
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
VALID = re.compile(rb"[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?",
                   re.DOTALL)


def model(header):
    """What the driver says of a header: X-30..X-44."""
    found = VALID.fullmatch(header.rstrip(b" \t"))
    if found is None or found[1] == b"ff" or (found[1] == b"00" and found[5] is not None):
        return "-"
    _, trace, span, flags, _ = (part and part.decode() for part in found.groups())
    if int(trace, 16) == 0 or int(span, 16) == 0:
        return "-"
    known = f"{int(flags, 16) & 3:02x}"
    return f"{trace} {span} {known} 00-{trace}-{span}-{known}"


def of(digits, *sizes):
    return st.sampled_from(sizes).flatmap(
        lambda n: st.text(digits, min_size=n, max_size=n)).map(str.encode)


def fields():
    """The fields of a header, most of them as they should be."""
    lower = "0123456789abcdef"
    version = st.one_of(st.just(b"00"), st.sampled_from([b"01", b"cc", b"fe", b"ff", b"0", b"000"]),
                        of(lower, 2))
    trace = st.one_of(of(lower, 32), of("0", 32), of(lower + "AF", 32), of(lower, 31, 33))
    span = st.one_of(of(lower, 16), of("0", 16), of(lower + "g", 16), of(lower, 15, 17))
    flags = st.one_of(of(lower, 2), of(lower + "F ", 2), of(lower, 1, 3))
    more = st.one_of(st.just(b""), st.just(b""), st.sampled_from([b"-", b".", b"-x.y", b" "]),
                     st.binary(max_size=6))
    blank = st.sampled_from([b"", b"", b"", b" ", b"\t \t"])
    return st.tuples(blank, version, trace, span, flags, more, blank)


def joined(parts):
    before, version, trace, span, flags, more, behind = parts
    return before + b"-".join([version, trace, span, flags]) + more + behind


@st.composite
def damaged(draw):
    """A header with one byte changed, put in or taken out."""
    header = bytearray(joined(draw(fields())))
    at = draw(st.integers(0, len(header) - 1))
    header[at:at + draw(st.integers(0, 1))] = draw(st.binary(max_size=1))
    return bytes(header)


@pytest.fixture(scope="module")
def driver(cc):
    flags = ["-std=c99", "-D_GNU_SOURCE", *WARNINGS_C, "-O1", "-g", "-pthread",
             "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    return cc([DRIVER], "property/traceparent", flags)


def answers(driver, headers):
    done = subprocess.run([driver], input="".join(h.hex() + "\n" for h in headers), text=True,
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@MANY
@given(st.lists(st.one_of(fields().map(joined), damaged(), st.binary(max_size=120)), min_size=1,
                max_size=200))
def test_a_header_is_what_the_model_says(driver, headers):
    assert answers(driver, headers) == [model(header) for header in headers]


def test_the_model_knows_valid_headers_from_others():
    ids = b"0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
    assert model(b"00-" + ids + b"-ff").endswith("-03")
    assert model(b" cc-" + ids + b"-01-x ") != "-"
    assert [model(b"00-" + ids + bad) for bad in (b"-01-", b"-1", b"-01.")] == ["-"] * 3
