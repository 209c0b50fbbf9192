"""The explorer of the first page as Python sees it."""

import json

import pytest
import torch

from lecturelib.core.display import BUILDING, EXPLORER_MIME
from lecturelib.splines.playground.spaces import MARK, STEPS, TwoSpaces


def test_its_network_learns_the_points():
    run = TwoSpaces("spaces").train()
    x, y = torch.tensor(MARK, dtype=torch.float64).T
    assert run.final.w.numel() == 40
    assert (run.final(x) - y).abs().max() < 0.01
    assert (run.networks[0](x) - y).abs().max() > 0.1


def test_points_width_and_draw_are_what_it_trains_on():
    few = TwoSpaces("spaces", points=[(0.0, 0.5), (0.5, 0.5)], width=3, seed=2)
    run = few.train()
    assert run.final.w.numel() == 3
    assert float(run.final([0.0])) == pytest.approx(0.5, abs=1e-3)
    other = TwoSpaces("spaces", points=[(0.0, 0.5), (0.5, 0.5)], width=3, seed=3).train()
    assert not torch.equal(other.networks[0].w, run.networks[0].w)


@pytest.mark.parametrize(
    ("given", "message"),
    [({"points": [(0, 0)] * 13}, "points: expected at most 12"), ({"width": 1}, "width: expected a number from 2")],
)
def test_what_does_not_fit_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        TwoSpaces("spaces", **given)


def test_a_page_gets_its_settings_and_a_picture(monkeypatch):
    monkeypatch.setenv(BUILDING, "1")
    bundle, _ = TwoSpaces("spaces")._repr_mimebundle_()
    book = json.loads(bundle[EXPLORER_MIME])
    assert book["spec"]["first"]["points"] == [list(point) for point in MARK]
    assert "5 data" in book["svg"]
    assert f"{STEPS:,} steps" in book["svg"]
