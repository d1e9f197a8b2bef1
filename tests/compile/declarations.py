"""The public functions as src/api declares them, parsed; what generated tests are made from."""
import re
from collections import namedtuple

from conftest import ROOT

HEADERS = [ROOT / f"src/api/{name}.h" for name in ("api", "signals", "metrics", "bound", "views")]
DECLARATION = re.compile(r"^OTEL_API\s+([^;{]*?)\b(otel_\w+)\(([^;{]*?)\)\s*[;{]", re.M)
INLINE = re.compile(r"^OTEL__INLINE\s+(\w+)\s+(otel_[a-z]\w*)\(([^)]*)\)", re.M)

Function = namedtuple("Function", "result name parameters")  # parameters: [(type, name)]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def parameter(text):
    """"const char *name" -> ("const char *", "name")"""
    kind, name = re.fullmatch(r"(.*?[\s*])(\w+)", " ".join(text.split())).groups()
    return kind.strip(), name


def matching(pattern, paths):
    found = []
    for path in paths or HEADERS:
        for result, name, parameters in pattern.findall(without_comments(path.read_text())):
            parameters = [parameter(one) for one in parameters.split(",")]
            found.append(Function(" ".join(result.split()), name, parameters))
    return found


def functions(*paths):
    """Every function that these files declare or define with OTEL_API, in their order."""
    return [one for one in matching(DECLARATION, paths) if not one.name.startswith("otel__")]


def inner_functions(*paths):
    """The private functions that these files' inline ones call: exported, but for nobody else."""
    return [one for one in matching(DECLARATION, paths) if one.name.startswith("otel__")]


def inline_functions(*paths):
    """The public functions that these files define inline: what makes attributes, and bound
    instruments."""
    return matching(INLINE, paths)
