"""The stored experiment on clusters: it repeats itself, and its data are what they are said to be."""

import pytest
import torch

from lecturelib.bias.maximum_margin.clusters import SEEDS, SIZES, STORED, clusters_run, drawn
from lecturelib.core.experiments import load


def test_squares_are_apart_and_have_one_label_each():
    labels = torch.arange(9.0, dtype=torch.float64).reshape(3, 3)
    x, y = drawn(labels, 500, torch.Generator().manual_seed(0))
    assert x.shape == (500, 16)
    assert bool((x[:, -1] == 1).all())
    assert bool((x[:, :-1].abs() <= 0.5).all())
    for label in range(9):
        inside = x[y == label, :2]
        assert bool((inside.amax(0) - inside.amin(0) <= 0.25).all())
    one, other = x[y == 0, :2].amax(0), x[y == 4, :2].amin(0)
    assert bool((other - one >= 0.125 - 1e-12).all())


@pytest.mark.parametrize("trained", ["both", "output"])
def test_a_short_run_fits_and_repeats_itself(trained):
    options = {"seed": 0, "size": 12, "trained": trained, "width": 40, "steps": 300, "new": 100}
    run = clusters_run(**options)
    assert run == clusters_run(**options)
    assert run["fitted"] == 1
    assert run["margin"] > 0


def test_what_is_stored_is_whole():
    results, origin = load(STORED)
    assert origin.seeds == list(SEEDS)
    assert len(results) == 2 * len(SIZES) * len(SEEDS)
    assert all(one["fitted"] == 1 for one in results)
