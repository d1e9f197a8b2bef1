"""No operation takes more instructions than before, by more than 2 %: exact counts, no times.

The counts are checked in as bench/instructions.json. After a change that is worth its cost, or that
saves something: python3 tests/perf/instructions.py --update.
"""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import instructions  # noqa: E402  (beside this file)

UPDATE = "python3 tests/perf/instructions.py --update"


@pytest.fixture(scope="module")
def built(need):
    """The program, on a machine with the tools and the compiler of the checked-in counts."""
    for tool in instructions.TOOLS:
        need(tool)
    wanted, here = instructions.checked_in().get("compiler"), instructions.compiler()
    if here != wanted:
        pytest.skip(f"the counts are of {wanted}, this is {here}")
    return instructions.program()


@pytest.mark.parametrize("operation", instructions.OPERATIONS)
def test_an_operation_takes_no_more_instructions_than_before(built, operation, capsys):
    before = instructions.checked_in()["instructions"][operation]
    now = instructions.count(built, operation)
    change = f"{operation}: {now} instructions, before {before} ({now / before - 1:+.1%})"
    assert now <= before * (1 + instructions.GROWTH), f"{change}; if it is worth that: {UPDATE}"
    if now < before:
        with capsys.disabled():
            print(f"\n{change}; keep the gain: {UPDATE}")


def test_counting_twice_gives_the_same_number(built):
    assert instructions.count(built, "W2") == instructions.count(built, "W2")
