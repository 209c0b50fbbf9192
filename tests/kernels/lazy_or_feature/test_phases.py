"""Lazy or feature training, measured: its data, and stored runs."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from lecturelib.core.experiments import generator_for, load
from lecturelib.kernels import draw_wide, empirical_kernel, train_scaled
from lecturelib.kernels.lazy_or_feature import phases

STORED = phases.Path(__file__).parents[3] / phases.DATA / "phases.json"


def test_data_are_on_the_sphere_and_balanced():
    for name, task in phases.TASKS.items():
        found = task(torch.Generator().manual_seed(0), 50)
        assert found.x.shape == (50, 10)
        torch.testing.assert_close(found.test_x.square().sum(1), torch.full_like(found.test_y, 10))
        assert abs(float(found.test_y.mean())) < 0.1, name
        assert len(task(torch.Generator()).x) == 128
    with pytest.raises(ValueError, match="train: expected more than 10 and less than 1,797 data, got 1797"):
        phases.digits(torch.Generator(), 1797)
    with pytest.raises(ValueError, match="train: expected more than 10 and less than 2,010 data, got 10"):
        phases.stripe(torch.Generator(), 10)
    with pytest.raises(ValueError, match="task: expected one of 'digits', 'stripe'"):
        phases.phase(seed=0, width=8, task="faces")
    with pytest.raises(ValueError, match="ensemble: expected an integer, at least 2"):
        phases.phase(seed=0, width=8, ensemble=1)


def test_digits_are_principal_components_of_those_to_learn():
    found = phases.digits(torch.Generator().manual_seed(3), 40)
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(3)).numpy()
    images, classes = (part[order] for part in load_digits(return_X_y=True))
    assert [*found.y.tolist(), *found.test_y.tolist()] == [1.0 if one < 5 else -1.0 for one in classes]
    values, vectors = np.linalg.eigh(np.cov(images[:40].T))
    parts = (images - images[:40].mean(0)) @ vectors[:, np.argsort(values)[:-11:-1]]
    parts *= math.sqrt(10) / np.linalg.norm(parts, axis=1, keepdims=True)
    np.testing.assert_allclose(found.test_x.abs(), np.abs(parts[40:]), atol=1e-8)


def test_stripes_depend_on_the_first_direction_alone():
    found = phases.stripe(torch.Generator().manual_seed(1), 20)
    assert found.test_x.shape == (2000, 10)
    sizes = found.test_x[:, 0].abs()
    inside = sizes[found.test_y == 1]
    assert float(inside.max()) < float(sizes[found.test_y == -1].min())
    assert len(inside) == pytest.approx(1000, abs=100)
    draws = torch.randn(2020, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(found.x, draws[:20] * (10 / draws[:20].square().sum(1, keepdim=True)).sqrt())


def test_stored_runs_come_out_again():
    results, provenance = load(STORED)
    assert provenance.command == "python -m lecturelib.kernels.lazy_or_feature.phases phases"
    stored = next(result for result in results if (result["width"], result["seed"]) == (32, 1))
    scales = phases.SCALES[5:9:3]
    again = phases.phase(seed=1, width=32, scales=scales)
    for name in ("half", "change", "first", "hidden", "last", "size", "spread"):
        assert again[name] == pytest.approx(stored[name][5:9:3], rel=0.02), name
    for name in ("error", "together", "ended"):
        assert again[name] == pytest.approx(stored[name][5:9:3], abs=0.005), name
    assert again["kernel"] == pytest.approx(stored["kernel"])
    assert again.keys() == stored.keys() - {"width", "seed"}


def test_settings_are_those_of_the_stored_runs():
    for name, over in phases.RUNS.items():
        results = load(STORED.with_name(f"{name}.json"))[0]
        assert {result["seed"] for result in results} == set(range(10))
        for setting in over.keys() & {"width", "task", "depth", "scales", "train"}:
            found, wanted = ([tuple(one) if isinstance(one, list) else one for one in some] for some in (
                [result[setting] for result in results], over[setting]))  # fmt: skip
            assert set(found) == set(wanted)
        assert len(results[0]["half"]) == len(over.get("scales", [phases.SCALES])[0])
    assert phases.RUNS["phases_stripe"]["ensemble"] == [2]
    assert pytest.approx([10**k for k in torch.arange(-3, 3.1, 0.5).tolist()]) == phases.SCALES


def test_everything_is_measured_as_it_says():
    """One phase, each number computed again from the networks, one after the other."""
    scales, width, train = (0.1, 30.0), 8, 24
    found = phases.phase(seed=2, width=width, task="stripe", depth=2, scales=scales, ensemble=2, train=train)
    data = phases.stripe(generator_for(2, "stripe"), train)
    options = {"activation": "softplus", "weight_scale": 1.0, "ensemble": (2,)}
    start = draw_wide((10, width, width, 1), generator=generator_for(2, "phases", width, 2), **options)
    probes = data.test_x[:64]
    for place, s in enumerate(scales):
        run, outputs, each = train_scaled(start, data.x, data.y, alpha=s / width**0.5), [], []
        for k in range(2):
            before, after = start[k], run.final.now[k]
            f = s / width**0.5 * (after(data.test_x) - before(data.test_x))
            kernels = [empirical_kernel(network, probes) for network in (before, after)]
            moves = [float((b - a).norm() / a.norm()) for a, b in zip(before.weights, after.weights, strict=True)]
            change = float((kernels[1] - kernels[0]).norm() / kernels[0].norm())
            wrong = sum(float(one * y) <= 0 for one, y in zip(f, data.test_y, strict=True)) / 2000
            each.append(
                [wrong, float(run.half_times[k]), float(run.times[k]), change, *moves, float(f.square().mean())]
            )
            outputs.append(f)
        names = ("error", "half", "time", "change", "first", "hidden", "last", "size")
        for name, values in zip(names, zip(*each, strict=True), strict=True):
            assert found[name][place] == pytest.approx(sum(values) / 2, rel=1e-2, abs=2e-3), name
        one, two = outputs
        assert found["spread"][place] == pytest.approx(float((one - two).square().mean() / 2), rel=1e-2)
        together = float(((one + two) * data.test_y <= 0).double().mean())
        assert found["together"][place] == pytest.approx(together, abs=2e-3)
        assert found["ended"][place] == 1
    one, two = (empirical_kernel(start[k], probes) for k in range(2))
    relative = (one - two).square().sum() / 2 / ((one + two) / 2).square().sum()
    assert found["kernel"] == pytest.approx(float(relative), rel=1e-3)


def test_the_full_settings_are_run_and_stored(monkeypatch, tmp_path):
    asked = []

    def sweep(run, over, **options):
        asked.append((run, over, options))
        return [{"width": 8}]

    monkeypatch.setattr(phases, "sweep", sweep)
    monkeypatch.setattr(phases, "DATA", tmp_path)
    phases.main([])
    phases.main(["phases_stripe", "--store", "elsewhere"])
    assert [one[0] for one in asked] == [phases.phase] * 4
    assert [len(one[1]) for one in asked] == [6, 4, 6, 4]
    assert [str(one[2]["store"]) for one in asked] == ["_build/phases.jsonl"] * 3 + ["elsewhere"]
    assert all(one[2]["seeds"] == range(10) and one[2]["progress"] for one in asked)
    results, provenance = load(tmp_path / "phases_stripe.json")
    assert results == [{"width": 8}]
    assert provenance.seeds == list(range(10))
    assert provenance.command.endswith("lazy_or_feature.phases phases_stripe")
    assert load(tmp_path / "phases.json")[1].command.endswith("phases phases")
