"""The stored experiment, in short."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.core.statements import CHAPTERS
from lecturelib.splines.depth import runs
from lecturelib.splines.depth.runs import LAYERS, NAMES, SEEDS, curvature, data, five_layers, learned, pieces_by_depth


@pytest.mark.parametrize("target", NAMES)
def test_targets_fit_into_one(target):
    x, y = data(target)
    assert float(x.abs().max()) == pytest.approx(torch.pi)
    assert float(y.abs().max()) == pytest.approx(1.0)


def test_five_pieces_and_curvatures():
    x = torch.linspace(-3.1, 3.1, 6201, dtype=torch.float64)
    bent = runs.FUNCTIONS["5-piece poly"](x).diff().diff().abs() > 1e-9
    assert int((bent[1:] & ~bent[:-1]).sum()) == 4
    at = torch.tensor([0.5, 2.0], dtype=torch.float64)
    assert curvature("cubic").curvature(at).tolist() == pytest.approx([3.0, 12.0], abs=1e-5)
    assert curvature("fast sine").curvature(at).tolist() == pytest.approx((-9 * torch.sin(3 * at)).tolist(), abs=1e-5)


def test_a_short_run(monkeypatch):
    monkeypatch.setattr(runs, "PACES", {"gd": (50, 1e-3), "adam": (50, 1e-3)})
    found = pieces_by_depth(seed=0, target="fast sine", layers=2, method="adam")
    assert found["start"]["pieces"] <= found["start"]["breakpoints"] + 1
    assert found["end"]["inside"] <= found["end"]["breakpoints"]
    assert -1 <= found["end"]["correlation"] <= 1


def test_what_is_stored_is_whole():
    rows, origin = load(CHAPTERS / "splines/data/depth_pieces.json")
    assert len(rows) == len(NAMES) * len(LAYERS) * 2 * len(SEEDS)
    assert "lecturelib.splines.depth.runs" in origin.command
    shallow = [row["end"]["breakpoints"] for row in rows if row["layers"] == 1]
    assert set(shallow) == {40}


def test_five_layers_from_both_starts(monkeypatch):
    rows, _ = load(CHAPTERS / "splines/data/depth_starts.json")
    for start in ("he", "pytorch"):
        for target in ("quadratic", "exp", "fast sine"):
            mine = [row for row in rows if (row["target"], row["start"]) == (target, start) and learned(row)]
            assert len(mine) == 10
            more = torch.tensor([float(row["after"]["inside"] - row["before"]["inside"]) for row in mine])
            errors = float(more.mean() / (more.std() / len(more) ** 0.5))
            assert errors > 4 if target == "fast sine" else abs(errors) < 2  # what the page says
    monkeypatch.setattr(runs, "PACES", {"gd": (50, 1e-3)})
    again = five_layers(seed=0, target="exp", start="he")
    (stored,) = (row for row in rows if (row["target"], row["start"], row["seed"]) == ("exp", "he", 0))
    assert again["before"] == stored["before"]
    assert stored["loss"] < again["loss"]
