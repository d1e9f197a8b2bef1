"""Exponential histograms against integers of any size: every index, every bucket of a histogram.

Nothing here is computed with floating point. BOUNDS holds 2^52 * 2^(k / 2^20), cut to an integer,
for each k below 2^20: the boundaries between the buckets of scale 20, which are those of all
coarser scales too. They are irrational but for the first, so a 53-bit mantissa is above one when
it is above the integer.
"""
import itertools
import random
import re
import struct
import subprocess
from array import array
from bisect import bisect_left
from math import isqrt

import pytest
from conftest import ROOT, WARNINGS_C

FINEST, COARSEST = 20, -11
BUCKETS = 1 << FINEST  # of scale 20 in an octave
PLACES = 240           # binary places of the arithmetic here
ONE = 1 << PLACES


# ---- the oracle ----

def bounds():
    """(k-th boundary cut to an integer, the bits behind it), proved by rounding down and up."""
    down = up = 2 << PLACES
    for _ in range(FINEST):
        down, up = isqrt(down << PLACES), isqrt(up << PLACES) + 1
    low = high = ONE
    cut = PLACES - 52
    for _ in range(BUCKETS):
        assert low >> cut == high >> cut
        yield low >> cut, low & ((1 << cut) - 1)
        low, high = low * down >> PLACES, (high * up >> PLACES) + 1
    assert low <= 2 * ONE <= high


BOUNDS, BEHIND = [], []


@pytest.fixture(scope="module", autouse=True)
def oracle():
    if not BOUNDS:
        for bound, behind in bounds():
            BOUNDS.append(bound)
            BEHIND.append(behind)


def parts(bits):
    """(exponent, 53-bit mantissa) of a double above 0."""
    exponent, mantissa = bits >> 52, bits & ((1 << 52) - 1)
    if exponent:
        return exponent - 1023, mantissa | 1 << 52
    up = 53 - mantissa.bit_length()
    return -1022 - up, mantissa << up


def index(bits, scale):
    exponent, mantissa = parts(bits)
    return ((exponent << FINEST) + bisect_left(BOUNDS, mantissa) - 1) >> (FINEST - scale)


def index_by_squaring(bits, scale):
    """The same without BOUNDS: the logarithm between two bounds, with more places until it is
    decided. (Positive scales; the upper bound of a bucket belongs to it.)"""
    exponent, mantissa = parts(bits)
    if mantissa == 1 << 52:
        return (exponent << scale) - 1
    for places in itertools.count(64, 32):
        low = high = mantissa << (places - 52)
        digits_low = digits_high = 0
        for _ in range(scale):
            low, high = low * low >> places, (high * high >> places) + 1
            digit_low, digit_high = low >> (places + 1), high >> (places + 1)
            digits_low, digits_high = 2 * digits_low + digit_low, 2 * digits_high + digit_high
            low, high = low >> digit_low, high + digit_high >> digit_high
        if digits_low == digits_high:
            return (exponent << scale) + digits_low


# ---- the program ----

@pytest.fixture(scope="module")
def ask(cc):
    program = cc("tests/property/exponential.c", "exponential",
                 ["-std=gnu11", "-O2", *WARNINGS_C, "-DOTEL_DEV", "-pthread"])

    def run(request):
        done = subprocess.run([program], input=request, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


# ---- indexes ----

def near_bounds(chance, n):
    """Doubles next to boundaries: of any scale and octave, on both sides."""
    for _ in range(n):
        k = chance.randrange(1 << chance.randrange(1, FINEST + 1))
        k <<= chance.randrange(FINEST + 1 - max(1, k.bit_length()))
        mantissa = min(max(BOUNDS[k] + chance.randrange(-1, 3), 1 << 52), (1 << 53) - 1)
        exponent = chance.randrange(-60, 2046)
        if exponent > 0:
            yield exponent << 52 | mantissa & ((1 << 52) - 1)
        else:
            yield max(1, mantissa >> (1 - exponent)) if exponent > -52 else 1


def nearest(n):
    """The doubles that are nearest to boundaries: on which side they are is hardest to say."""
    whole = 1 << (PLACES - 52)
    keys = sorted(range(1, BUCKETS), key=lambda k: min(BEHIND[k], whole - BEHIND[k]))[:n]
    return [1023 << 52 | BOUNDS[k] + above & ((1 << 52) - 1) for k in keys for above in (0, 1)]


def all_values(chance):
    infinite = 0x7ff << 52
    for exponent in range(2046):
        yield from (exponent << 52 | fraction for fraction in (1, (1 << 52) - 1))
        yield exponent << 52 or 1
    for place in range(52):
        yield from (1 << place, (2 << place) - 1, (1 << place) + 1)
    for bits in nearest(20000):
        yield bits
        yield bits + (chance.randrange(-1022, 1024) << 52)
    yield from near_bounds(chance, 500_000)
    for _ in range(100_000):
        yield 1 + chance.getrandbits(chance.randrange(1, 53)) % ((1 << 52) - 1)
    while True:
        yield 1 + chance.randrange(infinite - 1)


def test_a_million_indexes(ask):
    chance = random.Random(61)
    values = list(itertools.islice(all_values(chance), 1_000_000))
    scales = chance.choices([*range(COARSEST, FINEST + 1), *[FINEST] * 20], k=len(values))
    question = array("q", itertools.chain.from_iterable(zip(values, scales, strict=True)))
    answer = array("i", ask(struct.pack("II", 1, len(values)) + question.tobytes()))
    right = array("i", [index(*pair) for pair in zip(values, scales, strict=True)])
    for name, given in (("index", answer[0::2]), ("plain index", answer[1::2])):
        wrong = [(hex(bits), scale, is_, wanted) for bits, scale, is_, wanted
                 in zip(values, scales, given, right, strict=True) if is_ != wanted]
        assert not wrong, f"{len(wrong)} wrong of {name}, (bits, scale, is, wanted): {wrong[:10]}"


def test_two_ways_to_the_right_index_agree():
    chance = random.Random(67)
    for bits in [*itertools.islice(near_bounds(chance, 3000), 3000), *nearest(300)]:
        for scale in (1, 3, 6, 11, 20):
            assert index(bits, scale) == index_by_squaring(bits, scale), (hex(bits), scale)


def test_no_double_is_as_near_to_a_boundary_as_the_error():
    """What the comment at otel__exp_log2_wide says."""
    whole = 1 << (PLACES - 52)
    relative = min((min(behind, whole - behind) << 160) // (bound << (PLACES - 52))
                   for bound, behind in zip(BOUNDS[1:], BEHIND[1:], strict=True))
    assert 1 << (160 - 78) < relative < 1 << (160 - 77)
    error = 6 << FINEST + 160 - 94  # of the logarithm times 2^20, but for 1 / ln 2
    assert error * 3 // 2 < 1 << (160 - 70) < relative << FINEST


def test_the_tables_are_the_powers():
    text = (ROOT / "src/record/exponential_index.h").read_text()
    tables = [[int(number, 0) for number in re.findall(r"0x[0-9a-f]+|\b\d+\b", found)]
              for found in re.findall(r"otel__exp_(?:bounds|guess)\[\d+\] = \{(.*?)\};",
                                      text.replace("UINT64_C", ""), re.S)]
    powers = [bound - (1 << 52) for bound in BOUNDS[::BUCKETS // 64]]
    assert tables[0] == [*powers, 1 << 52]
    assert tables[1] == [bisect_left(powers, step << 45) for step in range(128)]


# ---- histograms ----

def bits_of(value):
    return struct.unpack("Q", struct.pack("d", abs(value)))[0]


class Textbook:
    """One value after the other: downscale when a range would have too many buckets."""

    def __init__(self, max_size, max_scale):
        self.max_size, self.scale = max_size, max_scale
        self.count = self.zero = 0
        self.buckets = [{}, {}]

    def record(self, value):
        self.count += 1
        if value == 0:
            self.zero += 1
            return
        buckets = self.buckets[value < 0]
        at = index(bits_of(value), self.scale)
        buckets[at] = buckets.get(at, 0) + 1
        while any(b and max(b) - min(b) >= self.max_size for b in self.buckets):
            self.downscale()

    def downscale(self):
        self.scale -= 1
        for sign, buckets in enumerate(self.buckets):
            self.buckets[sign] = {}
            for at, n in buckets.items():
                self.buckets[sign][at >> 1] = self.buckets[sign].get(at >> 1, 0) + n


def read(answer, at):
    """One report: (count, zero, sum, min, max, scale, [buckets, buckets]), and where it ends."""
    *head, first, first_negative, n, n_negative = struct.unpack_from("=QQdddiiiii", answer, at)
    at += struct.calcsize("=QQdddiiiii")
    buckets = []
    for low, size in ((first, n), (first_negative, n_negative)):
        counts = struct.unpack_from(f"={size}Q", answer, at)
        at += 8 * size
        assert not counts or (counts[0] and counts[-1])
        buckets.append({low + i: count for i, count in enumerate(counts) if count})
    return (*head, buckets), at


def numbers(chance, n):
    """Values of one shape: spread over all doubles, over some octaves, equal, integers."""
    shape = chance.randrange(6)
    negative = chance.choice([0, 0, 0.5, 1])
    middle, width = chance.randrange(-1074, 1024), chance.choice([0, 1, 3, 10, 30, 100, 500])
    some = [chance.uniform(0.1, 1000) for _ in range(3)]
    for _ in range(n):
        exponent = chance.randrange(1, 0x7ff)
        near = min(max(middle + chance.randrange(-width, width + 1) + 1023, 0), 0x7fe)
        bits = [chance.randrange(1, 0x7ff << 52), near << 52 | chance.getrandbits(52),
                bits_of(chance.choice(some)), bits_of(chance.randrange(1, 2000)),
                exponent << 52, BOUNDS[chance.randrange(BUCKETS)] + chance.randrange(2)
                & ((1 << 52) - 1) | near << 52][shape]
        if chance.randrange(30) == 0:
            bits = 0
        yield struct.unpack("d", struct.pack("Q", bits))[0] * (
            -1 if chance.random() < negative else 1)


def sequences(chance, n, resets):
    for _ in range(n):
        length = chance.choice([1, 2, 3, 10, 50, 150])
        yield (list(numbers(chance, length)), chance.choice([2, 3, 20, 160, 160]),
               chance.choice([FINEST, FINEST, FINEST, 7, 0, -11]),
               chance.choice([0, 1, 2, 7, 30]), resets)


def request(values, max_size, max_scale, every, reset):
    return struct.pack("IIiiii", 2, len(values), max_size, max_scale, every, reset) + struct.pack(
        f"{len(values)}d", *values)


def ends(values, every):
    """After how many values there is a report."""
    return [i for i in range(1, len(values) + 1)
            if i == len(values) or (every and i % every == 0)]


def reports(ask, chance, n, resets):
    asked = list(sequences(chance, n, resets))
    answer, at = ask(b"".join(request(*one) for one in asked)), 0
    for values, max_size, max_scale, every, reset in asked:
        start = done = 0
        for end in ends(values, every):
            report, at = read(answer, at)
            if reset or done == 0:
                start, wanted = done, Textbook(max_size, max_scale)
            for value in values[done:end]:
                wanted.record(value)
            done, told = end, values[start:end]
            assert report[:2] == (wanted.count, wanted.zero), told
            assert report[3:5] == (min(told), max(told)), told
            if all(value == int(value) and abs(value) < 2**40 for value in told):
                assert report[2] == sum(told), told
            yield report[5], report[6], wanted, told
    assert at == len(answer)


def test_histograms_are_those_of_the_textbook(ask):
    seen = 0
    for scale, buckets, wanted, told in reports(ask, random.Random(71), 4000, False):
        assert (scale, buckets) == (wanted.scale, wanted.buckets), (wanted.max_size, told)
        seen += 1
    assert seen > 10000


def test_histograms_with_resets_have_every_value_in_its_bucket(ask):
    """An interval starts with the window of the last one, so its scale may be coarser."""
    seen = coarser = 0
    for scale, buckets, wanted, told in reports(ask, random.Random(73), 4000, True):
        assert scale <= wanted.scale
        coarser += scale < wanted.scale
        while wanted.scale > scale:
            wanted.downscale()
        assert buckets == wanted.buckets, (scale, wanted.max_size, told)
        seen += 1
    assert seen > 10000 and coarser > 0
