"""Experiments of the part at small sizes, against what was stored: see `tests/small.py`."""

from __future__ import annotations

import pytest

from lecturelib.core.experiments import generator_for
from tests.small import Small, check, read

SMALL = {
    "approximation.comparisons: worst": Small(
        lambda m: m.worst_errors(2, 8, generator_for(0, "worst")), {"POINTS": 50, "DRAWS": 2, "RUNS": 2}),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_a_small_run_gives_what_it_gave(name):
    check("kernels", name, SMALL[name])


def test_nothing_is_stored_that_is_not_run():
    assert list(read("kernels")) == list(SMALL)
