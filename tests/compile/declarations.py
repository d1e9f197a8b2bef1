"""The public functions as src/api declares them, parsed; what generated tests are made from."""
import re
from collections import namedtuple

from conftest import ROOT

HEADERS = [ROOT / "src/api/api.h", ROOT / "src/api/signals.h"]
DECLARATION = re.compile(r"^OTEL_API\s+([^;{]*?)\b(otel_\w+)\(([^;{]*?)\)\s*[;{]", re.M)

Function = namedtuple("Function", "result name parameters")  # parameters: [(type, name)]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def parameter(text):
    """"const char *name" -> ("const char *", "name")"""
    kind, name = re.fullmatch(r"(.*?[\s*])(\w+)", " ".join(text.split())).groups()
    return kind.strip(), name


def functions(*paths):
    """Every function that these files declare or define with OTEL_API, in their order."""
    found = []
    for path in paths or HEADERS:
        for result, name, parameters in DECLARATION.findall(without_comments(path.read_text())):
            parameters = [parameter(one) for one in parameters.split(",")]
            found.append(Function(" ".join(result.split()), name, parameters))
    return found
