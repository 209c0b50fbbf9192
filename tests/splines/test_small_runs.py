"""Experiments of the part at small sizes, against what was stored: see `tests/small.py`."""

from __future__ import annotations

import pytest

from tests.small import SINGLE, Small, check, read

SMALL = {
    "dimensions.gap": Small(lambda m: m.run(seed=0, alpha=0.3), {"STEPS": 20}),
    "dimensions.digits": Small(lambda m: m.run(seed=0, arm=next(iter(m.ARMS))), {"STEPS": 4}, SINGLE),
    "depth.runs": Small(
        lambda m: m.pieces_by_depth(seed=0, target="sine", layers=2, method="gd"),
        {"PACES": {"gd": (20, 1e-3), "adam": (20, 1e-3)}}),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_a_small_run_gives_what_it_gave(name):
    check("splines", name, SMALL[name])


def test_nothing_is_stored_that_is_not_run():
    assert list(read("splines")) == list(SMALL)
