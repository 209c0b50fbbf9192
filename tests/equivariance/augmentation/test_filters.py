"""Starts with and without symmetry, what is shown in a step, and what was stored of training."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.equivariance import asymmetry
from lecturelib.equivariance.augmentation.filters import (
    DATA,
    SEEDS,
    STARTS,
    STORED,
    TIMES,
    WIDTH,
    digits,
    measured,
    run,
    scores,
    shown,
    start,
    turns,
)


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", STARTS)
def test_starts_have_the_symmetry_that_they_are_named_for(kind):
    group = turns()
    weights = [one.detach() for one in start(kind, group, draw())]
    assert [tuple(one.shape) for one in weights] == [(WIDTH, 64), (WIDTH,), (10, WIDTH), (10,)]
    each, together = (float(asymmetry(weights[0], group, as_set=one)) for one in (False, True))
    assert (each < 1e-12) == (kind == "symmetric")
    assert (together < 1e-12) == (kind != "random")
    assert float(weights[0].norm()) == pytest.approx(WIDTH**0.5, rel=0.15)
    x = digits(0)[0][:5]
    same = torch.allclose(scores(weights, x), scores(weights, x.reshape(-1, 8, 8).rot90(1, (1, 2)).flatten(1)))
    assert same == (kind != "random")


def test_what_is_shown():
    x, y, others, known = digits(1)
    assert (len(x), len(others), len(known)) == (400, 1397, 1397)
    moves = turns().elements
    turned, labels = shown("turned", x[:3], y[:3], moves, [draw()])
    assert turned.shape == (12, 64)
    assert labels.tolist() == 4 * y[:3].tolist()
    every = {tuple(one.tolist()) for one in turned}
    one, _ = shown("one turn each", x[:3], y[:3], moves, [draw()])
    assert {tuple(row.tolist()) for row in one} <= every
    assert all((turned[place::3] == one[place]).all(1).any() for place in range(3))
    assert shown("upright", x, y, moves, [draw()])[0] is x


def test_an_invariant_network_is_measured_as_one():
    x, y, *_ = digits(0)
    found = measured(start("copies", turns(), draw()), turns(), x[:50], y[:50])
    assert found["output"] < 1e-12
    assert found["upright"] == found["turned"]
    assert measured(start("random", turns(), draw()), turns(), x[:50], y[:50])["output"] > 0.5


@pytest.mark.parametrize("data", DATA)
def test_seeds_in_one_batch_are_those_alone(data):
    together = run([0, 3, 4], kind="random", data=data, steps=10)
    for seed, one in zip((0, 3, 4), together, strict=True):
        (alone,) = run([seed], kind="random", data=data, steps=10)
        assert all(one[name] == pytest.approx(alone[name], rel=1e-6) for name in alone)
    assert together[0]["each"] != together[1]["each"]


def test_stored_runs_keep_what_theory_says():
    (found,) = run([0], kind="copies", data="upright", steps=3)
    runs, origin = load(STORED)
    assert origin.seeds == list(SEEDS)
    assert [(one["kind"], one["data"], one["seed"]) for one in runs] == [
        (kind, data, seed) for kind in STARTS for data in DATA for seed in SEEDS
    ]
    stored = next(one for one in runs if (one["kind"], one["data"], one["seed"]) == ("copies", "upright", 0))
    assert found["set"][1:] == pytest.approx(stored["set"][1:3], rel=1e-3)
    for one in runs:
        assert all(len(one[name]) == len(TIMES) for name in ("each", "set", "output", "upright", "turned"))
        kept = one["set"][TIMES.index(300)] < 1e-10
        assert kept == (one["data"] == "turned" and one["kind"] != "random")
