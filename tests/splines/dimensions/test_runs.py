"""Training with a gap, digits, fits by units, and the explorer: by hand and from what is stored."""

import json

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.splines import PlanesExplorer, fit_units, train_planes, unit_spline
from lecturelib.splines.dimensions import digits, gap
from lecturelib.splines.regimes.interpolants import natural_cubic
from tests.splines.dimensions.browser.make_lines import STORED, cases


def test_a_step_by_hand():
    # f(1, 0) = ½·1 + 0, residual −½: w falls by 0.1·½·(−½)·(1, 0), v by 0.1·1·(−½)
    first, last = train_planes([[1.0, 0.0]], [1.0], [[1.0, 0.0]], [0.0], [0.5], steps=1, rate=0.1)
    assert first.v.tolist() == [0.5]
    assert last.w.tolist() == [[1.025, 0.0]]
    assert last.b.tolist() == pytest.approx([0.025])
    assert last.v.tolist() == pytest.approx([0.55])
    assert float(last.b0) == pytest.approx(0.05)
    with pytest.raises(ValueError, match="^y: expected 1 numbers"):
        train_planes([[1.0, 0.0]], [1.0, 2.0], [[1.0, 0.0]], [0.0], [0.5], steps=1, rate=0.1)
    with pytest.raises(ValueError, match="^rate: expected one at which"):
        train_planes([[9.0, 0.0]], [1.0], [[9.0, 0.0]], [0.0], [5.0], steps=200, rate=5.0)


def test_data_keep_out_of_the_gap_and_stored_runs_are_whole():
    x = gap.data_with_gap(50, 0.4, torch.Generator().manual_seed(0))
    assert float(x[:, 0].abs().min()) >= 0.4
    assert float(x.abs().max()) <= 1
    runs, _ = load(gap.STORED)
    assert [(one["alpha"], one["seed"]) for one in runs] == [(a, s) for a in gap.ALPHAS for s in gap.SEEDS]
    assert all(one["loss"] < 1e-3 for one in runs)
    means = [sum(one["norm"] for one in runs if one["alpha"] == a) / 5 for a in gap.ALPHAS]
    assert means == sorted(means)


def test_slow_waves_of_digits():
    place = torch.arange(64) % 8
    for waves, kept in ((0, 1), (2, 1), (3, 0)):
        wave = torch.cos(2 * torch.pi * waves * place / 8)[None]
        torch.testing.assert_close(digits.slow_part(wave), kept * wave, atol=1e-6, rtol=0)


def test_the_nearest_change_of_a_linear_answer_and_planes_on_the_way():
    # scores 2 x₁ and 0 of one neuron that is active: the lead 2 x₁ is gone after x₁
    w, b = torch.zeros(2, 64), torch.zeros(2)
    w[0, 0], w[1, 1] = 1.0, 1.0
    v, c = torch.zeros(10, 2), torch.full((10,), -99.0)
    v[3, 0], c[3], c[4] = 2.0, 0.0, 1.0
    x = torch.zeros(1, 64)
    x[0, 0], x[0, 1] = 2.0, 0.5
    way = digits.nearest(lambda at: digits.scores([w, b, v, c], at), x)
    assert float(way[0, 0]) == pytest.approx(-1.5, abs=1e-3)
    assert float(way[0, 1:].abs().max()) == 0
    assert digits.crossed([w, b, v, c], x, -x * 1.1).tolist() == [2]
    assert digits.crossed([w, b, v, c], x, way).tolist() == [0]


def test_the_stored_digits_say_what_the_chapter_says():
    runs, _ = load(digits.STORED)
    assert [(one["arm"], one["seed"]) for one in runs] == [(arm, s) for arm in digits.ARMS for s in digits.SEEDS]
    for one in runs:
        assert one["right"] > 0.94
        assert one["kept_way"][-1] < 0.05 < 0.5 < one["kept_aside"][-1]
        assert one["fast_way"] < 0.35 < 39 / 64
    mean = {arm: sum(one["fast_way"] for one in runs if one["arm"] == arm) / 5 for arm in digits.ARMS}
    assert mean["slow start"] < mean["plain"] - 0.03


def test_fits_go_through_the_data_and_near_their_spline():
    x, y = torch.tensor([-1.0, -0.2, 0.3, 1.0]).double(), torch.tensor([0.0, 1.0, -0.5, 0.2]).double()
    at = torch.linspace(-1, 1, 41, dtype=torch.float64)
    for kind in ("step", 1.25, "relu", 4.0, "saturating"):
        torch.testing.assert_close(unit_spline(x, y, x, kind), y, atol=1e-8, rtol=0)
        draw = torch.Generator().manual_seed(3)
        found = fit_units(x, y, at, kind, count=3000, reach=2.0, generator=draw)
        assert float((found - unit_spline(x, y, at, kind)).abs().max()) < 0.15
    torch.testing.assert_close(unit_spline(x, y, at, "relu"), natural_cubic(x, y)(at), atol=1e-8, rtol=0)
    assert unit_spline([0.0, 2.0], [1.0, 5.0], [0.5], "step").tolist() == pytest.approx([2])
    with pytest.raises(ValueError, match="^activation: expected"):
        unit_spline(x, y, at, "sigmoid")
    with pytest.raises(ValueError, match="^x: expected at least 4"):
        unit_spline([0.0, 2.0], [1.0, 5.0], [0.5], 4.0)


def test_the_stored_steps_are_those_of_the_library():
    for stored, now in zip(json.loads(STORED.read_text()), cases(), strict=True):
        assert stored["loss"] == pytest.approx(now["loss"], rel=1e-9)
        assert stored["jump"] == pytest.approx(now["jump"], rel=1e-9, abs=1e-12)


def test_the_explorer_has_a_still_picture():
    explorer = PlanesExplorer()
    explorer.use("lazy")
    assert explorer.state["alpha"] == 3
    assert "30 break lines and 40 data" in explorer.still().alt
