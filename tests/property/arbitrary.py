"""Hypothesis strategies for what a program may hand to the library."""
import math

from hypothesis import strategies as st
from model import Context
from words import Attr

ILL_FORMED = [b"\xff", b"\xfe", b"\x80", b"a\xc3", b"\xe2\x82", b"\xe2\x28\xa1", b"\xed\xa0\x80",
              b"\xf0\x9f\x92", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xf0\x80\x80\x80\xe2\x82\xac",
              b"\xc3\xa9\xff\xff\xc3", b"1234567\xe2\x82\xac\xe2", b"\xf1\x80\x80\xf1\x80\xf1"]
WELL_FORMED = ["", "a", "pump", "h\u00e9llo \u2713", "\U0001f600", "\ufffd", "1234567", "12345678",
               "\x7f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff"]
LONG = [127, 128, 129, 255, 300, 1000, 2000, 16383, 16384, 20000]
INTEGERS = [0, 1, -1, 127, 128, -128, 2**31, -2**31 - 1, 2**53 + 1, 2**63 - 1, -2**63]
DOUBLES = [0.0, -0.0, 0.5, -1.5, math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308]


def without_nul(data):
    return data.replace(b"\0", b"\1")


def long_text(piece, n):
    return piece.encode() * (n // len(piece.encode()))


texts = st.one_of(
    st.sampled_from(WELL_FORMED).map(str.encode),
    st.sampled_from(ILL_FORMED),
    st.binary(max_size=20).map(without_nul),
    st.text(max_size=12).map(lambda s: without_nul(s.encode("utf-8", "surrogatepass"))))
long_texts = st.builds(long_text, st.sampled_from(["x", "\u00e9", "\U0001f600"]),
                       st.sampled_from(LONG))
maybe_texts = st.one_of(st.none(), texts)
any_texts = st.one_of(texts, texts, texts, texts, texts, texts, long_texts)

# Few keys, so that they repeat; some become equal only when they are repaired.
keys = st.one_of(
    st.sampled_from([b"a", b"b", b"c", b"valve", b"http.response.status_code", b"\xc3\xbc", b"A",
                     b"\xff", b"\xfe", b"a\xff", b"a\xef\xbf\xbd", b"", b"k" * 130, b"k" * 16383,
                     b"k" * 16384]),
    st.sampled_from([b"a", b"b", b"c", b"d", b"e"]),
    st.binary(max_size=10).map(without_nul))
integers = st.one_of(st.sampled_from(INTEGERS), st.integers(-2**63, 2**63 - 1))
doubles = st.one_of(st.sampled_from(DOUBLES), st.floats(allow_nan=False))  # one NaN is enough


def attributes(values=any_texts):
    def attr(kind, value):
        return st.builds(Attr, st.just(kind), keys, value, st.booleans())

    return st.one_of(attr("s", st.one_of(st.none(), values)), attr("n", values),
                     attr("n", st.binary(max_size=9)), attr("i", integers), attr("d", doubles),
                     attr("b", st.booleans()), attr("e", st.none()))


lists = st.one_of(st.just([]), st.lists(attributes(), max_size=4),
                  st.lists(attributes(), max_size=12))
# Short ones for metric series, which are meant to meet again, in another order too.
sets = st.lists(st.one_of(
    st.builds(Attr, st.just("i"), st.sampled_from([b"a", b"b", b"c"]), st.integers(0, 2)),
    st.builds(Attr, st.just("s"), st.sampled_from([b"a", b"long enough to be a key", b"\xff"]),
              st.sampled_from([b"", b"x", b"eight by", b"\xff", b"\xfe", b"\xef\xbf\xbd"]),
              st.booleans()),
    attributes(texts)), max_size=4)
ids = st.one_of(st.just(True), st.just(True), st.just(False))
contexts = st.builds(
    lambda trace, span, flags, remote: Context(
        b"\x5b" * 16 if trace else bytes(16), b"\x1e" * 8 if span else bytes(8), flags, remote),
    ids, ids, st.sampled_from([0, 1, 1, 1, 3, 3, 0xfd, 0xff]), st.booleans())
