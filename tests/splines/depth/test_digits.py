"""Classifiers of digits along lines: what is counted and where the answer changes, by hand and against samples."""

import math

import pytest
import torch
from torch import nn

from lecturelib.core.experiments import load
from lecturelib.core.lines import breakpoints_on_line
from lecturelib.core.statements import CHAPTERS
from lecturelib.splines.depth import digits


def doubles(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def test_rings_by_hand():
    column = torch.cos(2 * math.pi * torch.arange(8, dtype=torch.float64) / 8 * 3)
    waves = torch.stack([torch.ones(8, 8), column.expand(8, 8), column[:, None] + torch.zeros(8, 8)]).flatten(1)
    torch.testing.assert_close(digits.rings(waves), torch.eye(5, dtype=torch.float64)[[0, 3, 3]])
    spot = torch.zeros(1, 64, dtype=torch.float64)
    spot[0, 11] = 2.0  # all waves alike: 1, 8, 16, 24 and 15 of 64
    torch.testing.assert_close(digits.rings(spot)[0], doubles(1, 8, 16, 24, 15) / 64)
    both = torch.cat([spot, 0 * spot, waves[:1]])  # squared sizes 4, 0 and 64
    torch.testing.assert_close(digits.rings_together(both), doubles(64 + 4 / 64, 0.5, 1, 1.5, 15 / 16) / 68)


@pytest.mark.parametrize("dimension", [2, 3, 30])
def test_crossings_of_random_rays(dimension):
    draw = torch.Generator().manual_seed(dimension)
    u = torch.randn(100_000, dimension, generator=draw, dtype=torch.float64)
    along = (u / u.norm(dim=1, keepdim=True))[:, 0]
    far = doubles(0.1, 0.3, 0.9, 2.0)
    seen = (along[:, None] > far / 1.5).double().sum(1)
    assert digits.expected_crossings(far, 1.5, dimension) == pytest.approx(float(seen.mean()), abs=5 * 0.003)


def test_the_first_change_of_an_answer_by_hand_and_against_samples():
    class_0_falls = nn.Linear(1, 3).double()  # 1 − t, −1, t − 2: class 2 overtakes at 3/2
    class_0_falls.weight.data, class_0_falls.bias.data = doubles([-1.0], [0.0], [1.0]), doubles(1.0, -1.0, -2.0)
    found = breakpoints_on_line(class_0_falls, [0.0], [1.0], low=0.0, high=digits.REACH)
    assert digits.first_change(found, 0) == pytest.approx(1.5)
    assert digits.first_change(found, 1) == 0.0
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 4)).double()
    t = torch.linspace(0, digits.REACH, 40_001, dtype=torch.float64)
    changed = 0
    for start, way in torch.randn(12, 2, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64):
        answers = model(start + t[:, None] * way).argmax(1)
        other = (answers != answers[0]).nonzero()
        found = breakpoints_on_line(model, start, way, low=0.0, high=digits.REACH)
        place = digits.first_change(found, int(answers[0]))
        assert place == (pytest.approx(float(t[other[0, 0]]), abs=1.1e-4) if len(other) else math.inf)
        changed += len(other) > 0
    assert 2 < changed < 12


def test_the_nearest_change_of_a_linear_classifier_is_its_nearest_plane():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).double()
    x = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    way = digits.nearest(model, x).flatten(1)
    said, weights = model(x).detach(), model[1].weight.detach()
    for k in range(5):
        named = int(said[k].argmax())
        far = [(said[k, named] - said[k, j]) / (weights[named] - weights[j]).norm() for j in range(10) if j != named]
        assert float(way[k].norm()) == pytest.approx(float(min(far)), abs=2e-4)
        assert int(model(x[k : k + 1] + way[k].reshape(1, 1, 8, 8)).argmax()) != named


@pytest.mark.parametrize("network", ["dense", "convolutional"])
def test_a_short_run_has_what_is_stored(network, monkeypatch):
    monkeypatch.setattr(digits, "STEPS", 60)
    monkeypatch.setattr(digits, "TESTED", 8)
    found = digits.digit_lines(seed=1, network=network)
    stored, origin = load(CHAPTERS / "splines/data/digit_lines.json")
    (row,) = (one for one in stored if one["network"] == network and one["seed"] == 1)
    assert set(found) | {"network", "seed"} == set(row)
    assert origin.command == digits.COMMAND
    assert 0.5 < found["right"] < row["right"]
    assert len(found["change_way"]) == 8
    assert max(found["change_way"]) < digits.REACH
    assert found["distance"] < sorted(found["change_aside"])[4]
    for kind in ("way", "aside"):
        so_far = torch.tensor(found[f"so_far_{kind}"])
        assert bool((so_far.diff(dim=1) >= 0).all())
        assert float(so_far[:, 0].sum()) == 0
        assert sum(found[f"rings_{kind}"]) == pytest.approx(1)
    if network == "dense":
        assert found["so_far_aside"][0][-1] == pytest.approx(found["expected"][-1], rel=0.2)
