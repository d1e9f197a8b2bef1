"""The size of the library in a microcontroller's program, of which CI keeps watch."""
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from linked import HISTOGRAM, METRICS_ONLY, SMALLEST, linked  # noqa: E402

# Bytes of code and constants, Cortex-M4, -Os: "whole" is the linked program, with what it needs of
# the C library and of soft floating point; "own" the library alone: see bench/README.md.
LIMITS = {"metrics_small": ("whole", 12 * 1024, [*METRICS_ONLY, *HISTOGRAM, *SMALLEST]),
          "metrics": ("own", 14 * 1024 + 512, [*METRICS_ONLY, *HISTOGRAM]),
          "all": ("own", 22 * 1024, HISTOGRAM)}


@pytest.mark.parametrize("name", LIMITS)
def test_the_program_is_no_larger_than_its_limit(name, need):
    need("arm-none-eabi-gcc")
    share, limit, flags = LIMITS[name]
    found = linked("m4", f"limit_{name}", flags)
    assert 0 < found[share] <= limit, found
