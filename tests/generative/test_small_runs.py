"""Experiments of the part at small sizes, against what was stored: see `tests/small.py`."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch

from lecturelib.core.experiments import generator_for
from tests.small import SINGLE, Small, check, read


def small_flow() -> Any:
    return importlib.import_module("lecturelib.generative").random_continuous_flow(
        [2, 4], generator=generator_for(0, "flow")
    )


SMALL = {
    "mode_collapse.runs": Small(
        lambda m: m.slide_run(method="follow_the_ridge", optimizer="rmsprop", steps=20, records=2, seed=0, width=8,
                              batch=16, points=100, samples=50), {"SHOWN": 5}, SINGLE),
    "flows.training": Small(lambda m: [one.tolist() for one in m.fit_likelihood(
        small_flow(), lambda n, g: torch.randn(n, 2, generator=g, dtype=torch.float64), iterations=3, batch=4,
        rate=0.01, steps=2, generator=generator_for(0, "train"))[0].parameters]),
    "flows.experiments: planar": Small(lambda m: m.planar_run(seed=0, layers=2, iterations=3)),
    "autoencoders.experiments: plane": Small(lambda m: m.plane(0), {"STEPS": 3}, SINGLE),
    "autoencoders.experiments: bounds": Small(lambda m: m.bounds(2, 2), {"STEPS": 3}, SINGLE),
    "autoencoders.experiments: gaps": Small(lambda m: m.gaps(3, 4, 0), {"GRID": 60}),
    "autoencoders.experiments: race": Small(
        lambda m: m.race(0.5, 0), {"RUNS": 5, "COUNTS": (6, 16, 40)}),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_a_small_run_gives_what_it_gave(name):
    check("generative", name, SMALL[name])


def test_nothing_is_stored_that_is_not_run():
    assert list(read("generative")) == list(SMALL)
