"""Settings and the resource against a model written from the specification: random sources of every
setting, random lists, decoded by the official bindings."""
import ctypes
import re
import subprocess
import sys
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

FIRMWARE = ["-DOTEL_LITE_FREESTANDING", "-DOTEL_LITE_MONOTONIC_NS()=0", "-DOTEL_LITE_UNIX_NS()=0",
            "-DOTEL_LITE_ENTROPY(buffer,bytes)=true"]
FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror",
         "-DOTEL_LITE_EXEMPLARS"]
OK, INVALID, UNSUPPORTED = 0, -1, -3
ZERO, NO_LIMIT, NONE = 2**32 - 1, 2**32 - 2, 2**32 - 1
TEXTS = ["service_name", "endpoint", "headers"]
MANY = settings(max_examples=300, deadline=None,
                suppress_health_check=[HealthCheck.function_scoped_fixture])


def load(cc, name, flags=()):
    path = cc("tests/property/env_shim.c", f"env/{name}.so", [*FLAGS, *flags, "-shared", "-fPIC"])
    library = ctypes.CDLL(str(path))
    for function in ["shim_option", "shim_text_of", "shim_told"]:
        getattr(library, function).restype = ctypes.c_char_p
    library.shim_number_of.restype = ctypes.c_uint32
    library.shim_resource.restype = library.shim_headers.restype = ctypes.c_size_t
    names = iter(lambda: library.shim_option(len(library.rows)), None)
    library.rows = {}
    for option in names:
        library.rows[option.decode()] = len(library.rows)
    return library


@pytest.fixture(scope="module")
def reader(root):
    """The documentation's reader of the source."""
    sys.path.insert(0, str(root / "tools"))
    try:
        import configuration_doc
    finally:
        sys.path.pop(0)
    return configuration_doc


@pytest.fixture(scope="module")
def table(root, reader):
    """{field: its row}"""
    return {row.field: row for row in reader.settings(root)[0]}


@pytest.fixture(scope="module")
def lite(cc):
    return load(cc, "hosted")


# ---- the model of one setting ----

class Given(NamedTuple):
    """Where one number may come from; 0 and None: not set."""
    code: int
    variable: object
    fallback: int


def effective(row, value, queue):
    """A number in code: (effective, told), or None where it is not allowed."""
    if value == NO_LIMIT:
        if row.kind == "BATCH":
            return queue, 0
        return (NONE, 0) if row.kind in ("DURATION", "TIMEOUT", "LIMIT") else None
    value = 0 if value == ZERO else value
    if not row.low <= value <= row.high:
        return None
    if row.kind == "TIMEOUT" and value == 0:
        return NONE, 0
    return (queue, 1) if row.kind == "BATCH" and value > queue else (value, 0)


def number_in_variable(row, text, queue):
    """E-01, E-04, E-05, E-09: None when it counts as unset."""
    match = re.fullmatch(rb"[ \t]*([0-9]+)[ \t]*", text)
    value = int(match[1]) if match else -1
    if not row.low <= value <= min(row.high, 2**31 - 1, queue if row.kind == "BATCH" else 2**31):
        return None
    return NONE if row.kind == "TIMEOUT" and value == 0 else value


def standard(row, queue, firmware=False):
    value = row.firmware if firmware else row.hosted
    if row.field == "metric_queue_bytes":
        return max(queue, value)  # a reading of all series fits
    if row.kind == "QUEUE" and not firmware:
        return min(max(256 * queue, value), 2**30)
    return min(value, queue) if row.kind == "BATCH" else value


def resolved(row, sources, queue):
    """(effective, status, lines told)"""
    status, told = OK, 0
    for value in sources:
        in_code = isinstance(value, int)
        if in_code and value:
            found = effective(row, value, queue)
            if found:
                return found[0], status, told + found[1]
            status, told = INVALID, told + 1
        elif not in_code and value and row.variable:
            found = number_in_variable(row, value, queue)
            if found is not None:
                return found, status, told
            told += 1
    return standard(row, queue), status, told


EDGES = [1, 2, 10, 64, 255, 256, 257, 511, 512, 513, 2047, 2048, 2049, 65520, 65521, 65535, 65536,
         2**22, 2**22 + 1, 2**26, 2**26 + 1, 2**30, 2**30 + 1, 2**31 - 1, 2**31, ZERO, NO_LIMIT]
in_code = st.one_of(st.just(0), st.sampled_from(EDGES), st.integers(0, 2**32 - 1))
blanks = st.text(" \t", max_size=3).map(str.encode)
digits = st.one_of(st.sampled_from(EDGES).map(str), st.integers(0, 2**70).map(str),
                   st.integers(0, 3000).map(str),
                   st.from_regex(r"0{0,30}[0-9]{1,5}", fullmatch=True))
no_number = st.one_of(
    st.sampled_from([b"-1", b"+5", b"0x10", b"12x", b"1e3", b"1.5", b"10s", b"1 2", b" ", b"\t",
                     b"1\n", b"\xb2", b"\xd9\xa3", b"1_0", b"NaN", b"inf", b"1,000", b"1;"]),
    st.binary(max_size=8).map(lambda b: b.replace(b"\0", b"1")))
in_variable = st.one_of(st.none(), st.just(b""), no_number,
                        st.builds(lambda a, b, c: a + b.encode() + c, blanks, digits, blanks))
sources_of_numbers = st.builds(Given, in_code, in_variable, in_code)


def numbers(table):
    return [row for row in table.values() if row.high and row.kind != "CHOICE"]


def test_every_number_comes_from_the_source_that_wins(lite, table):
    @MANY
    @given(st.fixed_dictionaries({row.field: sources_of_numbers for row in numbers(table)}))
    @example({row.field: Given(0, b"0", 0) for row in numbers(table)})
    @example({row.field: Given(ZERO, None, 0) for row in numbers(table)})
    @example({row.field: Given(0, b"10s", NO_LIMIT) for row in numbers(table)})
    def check(chosen):
        lite.shim_reset()
        want, status, told = {}, OK, 0
        for row in numbers(table):
            mine, index = chosen[row.field], lite.rows[row.field]
            lite.shim_number(0, index, ctypes.c_uint32(mine.code))
            lite.shim_number(1, index, ctypes.c_uint32(mine.fallback))
            if row.variable and mine.variable is not None:
                lite.shim_variable(row.variable.encode(), mine.variable)
            queue = want.get(row.field.split("_")[0] + "_queue", 0)
            if row.field == "metric_queue_bytes":
                queue = want["series_bytes"]
            want[row.field], bad, lines = resolved(row, mine, queue)
            status, told = min(status, bad), told + lines
        assert lite.shim_resolve() == status
        assert {f: lite.shim_number_of(lite.rows[f]) for f in want} == want
        assert lite.shim_told().count(b"\n") == told

    check()


@MANY
@given(code=st.booleans(), fallback=st.booleans(), variable=st.one_of(
    st.none(), st.just(b""), st.sampled_from([b"1", b"yes", b"on", b"0", b"truefalse", b"\n"]),
    st.builds(lambda a, b, c: a + b + c, blanks, st.sampled_from(
        [b"true", b"True", b"TRUE", b"tRUE", b"false", b"False", b"FALSE", b""]), blanks),
    st.binary(max_size=6).map(lambda b: b.replace(b"\0", b"t"))))
def test_only_true_in_any_case_is_true(lite, code, fallback, variable):
    lite.shim_reset()
    row = lite.rows["disabled"]
    for source, on in enumerate([code, fallback]):
        if on:
            lite.shim_flag(source, row)
    if variable is not None:
        lite.shim_variable(b"OTEL_SDK_DISABLED", variable)
    word = (variable or b"").strip(b" \t").lower()
    assert lite.shim_resolve() == OK
    assert bool(lite.shim_flag_of(row)) == (code or (word == b"true" if word else fallback))
    assert bool(lite.shim_told()) == (not code and word not in (b"", b"true", b"false"))


# ---- words ----

WORDS = {"temporality": {b"delta": 1, b"cumulative": 2, b"lowmemory": 3},
         "histogram_aggregation": {b"explicit_bucket_histogram": 4,
                                   b"base2_exponential_bucket_histogram": 5}}
ALLOWED = {"temporality": {1, 2, 3}, "histogram_aggregation": {1, 4, 5}}  # in code
STANDARD = {"temporality": 2, "histogram_aggregation": 4}
odd_words = st.sampled_from([b"", b" ", b"drop", b"(drop)", b"1", b"2", b"delta,cumulative", b",",
                             b"deltaa", b"delt", b"low memory", b"cumulative\n",
                             b"explicit_bucket_histogram,"])
any_case = st.builds(lambda word, upper: bytes(c - 32 if u and 97 <= c < 123 else c
                                               for c, u in zip(word, upper)),
                     st.sampled_from([word for words in WORDS.values() for word in words]),
                     st.lists(st.booleans(), min_size=40, max_size=40))
word_texts = st.one_of(st.none(), odd_words, st.binary(max_size=6).map(
    lambda b: b.replace(b"\0", b"d")), st.builds(lambda a, b, c: a + b + c, blanks, any_case,
                                                blanks))
numbers_of_words = st.one_of(st.just(0), st.integers(0, 40), st.sampled_from([ZERO, NO_LIMIT]))


def word_resolved(field, sources, lacking=()):
    """(effective, status, lines told)"""
    status, told = OK, 0
    for value in sources:
        if isinstance(value, int):
            if value in ALLOWED[field] - set(lacking):
                return value, status, told
            if value:
                status = UNSUPPORTED if value in lacking else INVALID
        elif value:
            number = WORDS[field].get(value.strip(b" \t").lower())
            if number and number not in lacking:
                return number, status, told
        told += bool(value)
    return STANDARD[field], status, told


@pytest.mark.parametrize("field", WORDS)
def test_a_word_comes_from_the_source_that_wins(lite, table, field):
    @MANY
    @given(numbers_of_words, word_texts, numbers_of_words)
    @example(0, b"Delta", 0)
    @example(0, b" EXPLICIT_bucket_Histogram\t", 1)
    @example(1, None, 0)
    @example(0, None, 5)
    @example(0, b"(drop)", 0)
    def check(code, variable, fallback):
        lite.shim_reset()
        lite.shim_number(0, lite.rows[field], ctypes.c_uint32(code))
        lite.shim_number(1, lite.rows[field], ctypes.c_uint32(fallback))
        if variable is not None:
            lite.shim_variable(table[field].variable.encode(), variable)
        want, status, lines = word_resolved(field, (code, variable, fallback))
        assert lite.shim_resolve() == status
        assert lite.shim_number_of(lite.rows[field]) == want
        told = lite.shim_told()
        assert told.count(b"\n") == lines
        names = {table[field].variable.encode(), field.encode()}
        assert all(line.split(b":")[0] in names for line in told.splitlines())

    check()


@pytest.mark.parametrize("flags", [[], FIRMWARE], ids=["hosted", "firmware"])
def test_an_exponential_histogram_that_is_not_compiled_in_is_refused(cc, table, flags):
    name = "firmware" if flags else "explicit"
    lite = load(cc, name, [*flags, "-DOTEL_LITE_NO_EXPONENTIAL"])
    field = "histogram_aggregation"
    variables = [None] if flags else [None, b"base2_exponential_bucket_histogram"]
    for code in [0, 1, 4, 5]:
        for variable in variables:
            lite.shim_reset()
            lite.shim_number(0, lite.rows[field], ctypes.c_uint32(code))
            if variable:
                lite.shim_variable(table[field].variable.encode(), variable)
            want, status, lines = word_resolved(field, (code, variable, 0), lacking=[5])
            assert lite.shim_resolve() == status
            assert lite.shim_number_of(lite.rows[field]) == want
            assert lite.shim_told().count(b"\n") == lines
            assert not lines or b"not compiled in" in lite.shim_told()


# ---- the model of the resource ----

def pairs_of(text):
    """R-11 to R-13: the pairs of OTEL_RESOURCE_ATTRIBUTES, or None when all of it is discarded."""
    found = []
    for member in text.split(b","):
        member = member.strip(b" \t")
        if not member:
            continue
        key, equals, value = (part.strip(b" \t") for part in member.partition(b"="))
        if not equals or not key:
            return None
        try:
            found.append((decoded(key), decoded(value)))
        except ValueError:  # UnicodeDecodeError too
            return None
    return found if len(found) <= 1024 else None


def decoded(text):
    if re.search(rb"%(?![0-9a-fA-F]{2})", text):
        raise ValueError("a bad escape")
    return re.sub(rb"%(..)", lambda m: bytes([int(m[1], 16)]), text, flags=re.S).decode()


def repaired(text):
    return text.decode("utf-8", "replace")


def attributes(data):
    """[(key, value)] in the order of the bytes, read by the official bindings."""
    return [(a.key, a.value.int_value if a.value.HasField("int_value") else a.value.string_value)
            for a in Resource.FromString(data).attributes]


def encoded(lite, executable=None, host=None, pid=0):
    to = ctypes.create_string_buffer(1 << 20)
    length = lite.shim_resource(to, ctypes.c_size_t(len(to) - 1), executable, host,
                                ctypes.c_int64(pid))
    assert length > 0
    return attributes(to.raw[:length])


characters = st.sampled_from([*"ab=,% \t+\"\\;\x7f", "%2C", "%3d", "%20", "%41", "%C3%A9",
                              "%c3", "%a9", "%ff", "%00", "%f0%9f%98%80", "%ed%a0%80", "%", "%4",
                              "%zz", "\u00e9", "\u20ac", "\U0001f600", "a=1,", "k=v"])
keys = st.sampled_from(["a", "b", "%61", "service.name", "host.name", "k.\u00e9", "k.%c3%a9",
                        "telemetry.sdk.name"])
good_pairs = st.builds(lambda k, v: f"{k}={v}", keys, st.lists(st.sampled_from(
    ["x", "=", "%2C", " ", "%C3%A9", "\u00e9", "%25"]), max_size=4).map("".join))
lists = st.one_of(
    st.lists(good_pairs, max_size=8).map(",".join).map(str.encode),
    st.lists(st.one_of(good_pairs, characters), max_size=12).map(",".join).map(str.encode),
    st.lists(characters, max_size=24).map("".join).map(str.encode),
    st.binary(max_size=24)).map(lambda b: b.replace(b"\0", b"%"))
names = st.one_of(st.none(), st.sampled_from([b"", b"pump", b"caf\xc3\xa9", b"\xff", b"a\xc3"]))
attrs = st.lists(st.tuples(
    st.sampled_from([b"a", b"b", b"service.name", b"k.\xc3\xa9", b"\xff", b"\xfe",
                     b"\xef\xbf\xbd", b""]),
    st.sampled_from([b"", b"1", b"two", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80"])), max_size=5)


@MANY
@given(variable=lists, own=st.tuples(names, names, names), code=attrs, fallback=attrs,
       executable=st.sampled_from([None, b"", b"pumpd", b"\xe2\x82", b"x" * 400]),
       host=st.sampled_from([None, b"mill"]), pid=st.sampled_from([0, 1, 2**31]),
       bare=st.booleans())
@example(b"a=1,%61=2", (None, None, None), [], [], None, None, 0, True)
@example(b"a=1,b", (None, b"named", None), [], [], b"exe", b"h", 7, False)
@example(b"k=v," * 1024, (None, None, None), [], [], None, None, 0, True)
@example(b"k=v," * 1025, (None, None, None), [], [], None, None, 0, True)
def test_the_resource_is_the_union_of_its_layers(lite, variable, own, code, fallback, executable,
                                                 host, pid, bare):
    lite.shim_reset()
    lite.shim_variable(b"OTEL_RESOURCE_ATTRIBUTES", variable)
    if own[1] is not None:
        lite.shim_variable(b"OTEL_SERVICE_NAME", own[1])
    for source, name, given_attrs in [(0, own[0], code), (1, own[2], fallback)]:
        if name is not None:
            lite.shim_text(source, lite.rows["service_name"], name)
        for key, value in given_attrs:
            lite.shim_attr(source, key, value)
    if bare:
        lite.shim_flag(0, lite.rows["ignore_host"])
    assert lite.shim_resolve() == OK
    got = encoded(lite, executable, host, pid)

    cut = (executable or b"")[:255]
    base = [("service.name", "unknown_service" + (":" + repaired(cut) if cut else "")),
            ("telemetry.sdk.name", "otel_lite"), ("telemetry.sdk.language", "c")]
    facts = [("process.pid", pid), ("process.executable.name", repaired(executable or b"")),
             ("host.name", repaired(host or b""))]
    known = [(key, value) for key, value in facts if value and not bare]
    pairs = pairs_of(variable)
    layers = [*base, *known]
    layers += [(repaired(k), repaired(v)) for k, v in fallback if k]
    layers += [("service.name", repaired(own[2]))] if own[2] else []
    layers += pairs or []
    layers += [("service.name", repaired(own[1]))] if own[1] else []
    layers += [(repaired(k), repaired(v)) for k, v in code if k]
    layers += [("service.name", repaired(own[0]))] if own[0] else []
    want = {}
    for key, value in layers:
        want.pop(key, None)  # the place of the last one
        want[key] = value

    assert len(dict(got)) == len(got)  # R-02, C-06: each key once
    version = dict(got).pop("telemetry.sdk.version")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    compiled_in = {"host.arch", "os.type"}  # by the target
    rest = [pair for pair in got if pair[0] not in compiled_in | {"telemetry.sdk.version"}]
    assert rest == list(want.items())
    assert compiled_in & set(dict(got)) == (set() if bare else compiled_in)
    told = lite.shim_told()
    assert told.count(b"\n") == (pairs is None)
    assert pairs is not None or told.startswith(b"OTEL_RESOURCE_ATTRIBUTES: ")


# ---- nothing secret is told ----

SECRET = "s3(ret"  # not a character sequence that a header's name may have
secrets = st.builds(lambda a, b: (a + SECRET + b).replace("\0", "%"), st.text(
    "ab=,% /:@[]%2\n\t\u00e9", max_size=12), st.text("ab=,% /:@[]%2\n\t\u00e9", max_size=12))


@MANY
@given(st.lists(secrets, min_size=15, max_size=15))
def test_no_diagnostic_shows_a_value(lite, table, values):
    lite.shim_reset()
    for row, value in zip([row for row in table.values() if row.variable], values):
        lite.shim_variable(row.variable.encode(), value.encode())
    for field, value in zip(TEXTS, values[11:]):
        lite.shim_text(1, lite.rows[field], value.encode())
    lite.shim_resolve()
    encoded(lite)
    to = ctypes.create_string_buffer(4000)
    lite.shim_headers(to, ctypes.c_size_t(len(to)))
    told = lite.shim_told()
    assert SECRET.encode() not in told and b"OTEL_BSP_SCHEDULE_DELAY: " in told


# ---- reduced builds ----

def undefined(program):
    command = ["nm", "-D", "--undefined-only", program]
    listed = subprocess.run(command, capture_output=True, text=True)
    assert listed.returncode == 0
    return {line.split()[-1].split("@")[0] for line in listed.stdout.splitlines()}


def test_without_the_environment_no_getenv_is_referenced(cc, build, table, need):
    need("nm")
    load(cc, "real", ["-DSHIM_REAL"])
    bare = load(cc, "bare", ["-DOTEL_LITE_NO_ENV"])
    assert "getenv" in undefined(build / "env/real.so")
    assert "getenv" not in undefined(build / "env/bare.so")

    bare.shim_reset()
    for row in table.values():
        if row.variable:
            bare.shim_variable(row.variable.encode(), b"1")
    bare.shim_number(0, bare.rows["span_batch"], ctypes.c_uint32(3))
    bare.shim_number(1, bare.rows["span_queue"], ctypes.c_uint32(5))
    assert bare.shim_resolve() == OK
    for row in numbers(table):
        queue = 5 if row.field.startswith("span") else 2048
        want = {"span_queue": 5, "span_batch": 3}.get(row.field, standard(row, queue))
        assert bare.shim_number_of(bare.rows[row.field]) == want, row.field
    assert [bare.shim_text_of(bare.rows[field]) for field in TEXTS] == [None] * 3
    assert bare.shim_told() == b""


def test_the_real_environment_is_read_by_default(cc):
    real = load(cc, "real", ["-DSHIM_REAL"])
    libc = ctypes.CDLL(None)
    try:
        libc.setenv(b"OTEL_BSP_MAX_QUEUE_SIZE", b"77", 1)
        real.shim_reset()
        assert real.shim_resolve() == OK
        assert real.shim_number_of(real.rows["span_queue"]) == 77
    finally:
        libc.unsetenv(b"OTEL_BSP_MAX_QUEUE_SIZE")


def test_firmware_has_its_own_defaults(cc, table):
    firmware = load(cc, "firmware", [*FIRMWARE])
    firmware.shim_reset()
    assert firmware.shim_resolve() == OK
    rows = [row for row in table.values() if row.field in firmware.rows]
    assert len(rows) == len(firmware.rows) > 20
    for row in rows:
        want = standard(row, 16, firmware=True)
        assert firmware.shim_number_of(firmware.rows[row.field]) == want, row.field
    got = dict(encoded(firmware))
    assert got["service.name"] == "unknown_service" and "os.type" not in got


def test_firmware_resolves_code_then_fallback_and_refuses_what_is_out_of_bounds(cc, table):
    firmware = load(cc, "firmware", [*FIRMWARE])
    rows = [row for row in numbers(table) if row.field in firmware.rows]

    @MANY
    @given(st.fixed_dictionaries({row.field: st.tuples(in_code, in_code) for row in rows}))
    @example({row.field: (ZERO, 0) for row in rows})
    @example({row.field: (0, NO_LIMIT) for row in rows})
    def check(chosen):
        firmware.shim_reset()
        want, status, told = {}, OK, 0
        for row in rows:
            code, fallback = chosen[row.field]
            firmware.shim_number(0, firmware.rows[row.field], ctypes.c_uint32(code))
            firmware.shim_number(1, firmware.rows[row.field], ctypes.c_uint32(fallback))
            queue = want.get(row.field.split("_")[0] + "_queue", 0)
            if row.field == "metric_queue_bytes":
                queue = want["series_bytes"]
            given_here = code or fallback
            found = effective(row, given_here, queue) if given_here else None
            status = INVALID if given_here and not found else status
            told += found[1] if found else bool(given_here)
            want[row.field] = found[0] if found else standard(row, queue, firmware=True)
        assert firmware.shim_resolve() == status
        assert {f: firmware.shim_number_of(firmware.rows[f]) for f in want} == want
        lines = firmware.shim_told().decode().splitlines()
        assert len(lines) == told
        assert all(line.split(":")[0] in want for line in lines)

    check()


@pytest.mark.parametrize("gone, prefixes", [("TRACES", ["span_", "max_open_spans"]),
                                            ("LOGS", ["log_"]),
                                            ("METRICS", ["metric_", "series_", "max_series",
                                                         "max_instruments", "max_callbacks",
                                                         "temporality", "histogram_",
                                                         "exponential_", "drop_", "exemplar_",
                                                         "manual_temporality",
                                                         "manual_histogram_", "manual_max_"])])
def test_a_signal_that_is_compiled_out_has_no_rows(cc, table, gone, prefixes):
    lite = load(cc, f"no_{gone.lower()}", [f"-DOTEL_LITE_NO_{gone}"])
    assert set(table) - set(lite.rows) == {field for field in table
                                           if field.startswith(tuple(prefixes))}
    lite.shim_reset()
    assert lite.shim_resolve() == OK and lite.shim_told() == b""
    kept = [row for row in numbers(table) if row.field in lite.rows]
    for row in kept:
        if row.kind not in ("QUEUE", "BATCH"):
            assert lite.shim_number_of(lite.rows[row.field]) == row.hosted, row.field
