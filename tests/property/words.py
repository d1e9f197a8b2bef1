"""The words of drive.c's instructions."""
import struct
from dataclasses import dataclass


def text(value):
    """A text as a word: bytes, or str for its UTF-8, or None for NULL."""
    value = value.encode() if isinstance(value, str) else value
    return "-" if value is None else "x" + value.hex()


def double(value):
    return struct.pack(">d", value).hex()


@dataclass(frozen=True)
class Attr:
    """One attribute; kind: s, n, i, d, b, e as in drive.c."""
    kind: str
    key: bytes
    value: object = None
    measured: bool = False  # the key comes with its length

    def words(self):
        kind = self.kind + ("k" if self.measured else "")
        if self.kind == "e":
            return f"{kind} {text(self.key)}"
        value = {"s": text, "n": text, "d": double}.get(self.kind, lambda v: str(int(v)))
        return f"{kind} {text(self.key)} {value(self.value)}"


def attrs(items):
    return " ".join([str(len(items)), *[item.words() for item in items]])


def attrs_of(values):
    """{"key": value} as Attrs, by the Python type; None is the empty value."""
    kinds = {bool: "b", int: "i", float: "d", str: "s", type(None): "e"}
    return [Attr(kinds[type(value)], key.encode(),
                 value.encode() if isinstance(value, str) else value)
            for key, value in values.items()]
