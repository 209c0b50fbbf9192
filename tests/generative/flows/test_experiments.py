"""Stored runs: what stands in the files is found again from their numbers."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.core.statements import CHAPTERS
from lecturelib.generative.flows.experiments import (
    RUNS,
    cost_run,
    density_run,
    depth_run,
    measured,
    planar_run,
    stored_planar,
)
from lecturelib.generative.flows.targets import TARGETS, energies, log_masses
from lecturelib.generative.flows.training import bound

DATA = CHAPTERS / "generative/data"


@pytest.mark.parametrize("name", RUNS)
def test_files_hold_all_runs(name):
    results, origin = load(DATA / f"{name}.json")
    _, over, seeds = RUNS[name]
    assert [{**one, "seed": seed} for one in over for seed in seeds] == [
        {key: row[key] for key in (*over[0], "seed")} for row in results
    ]
    assert origin.command == f"python -m lecturelib.generative.flows.experiments {name}"


@pytest.mark.parametrize("name", ["flows_small", "flows_densities"])
def test_losses_are_those_of_the_stored_numbers(name):
    row = next(one for one in load(DATA / f"{name}.json")[0] if one["numbers"] and one["target"] == "eight Gaussians")
    if name == "flows_densities":  # many, and a few are enough
        assert row["loss"] == pytest.approx(TARGETS[row["target"]].entropy + row["gap"], abs=0.08)
        assert row["half_steps"] == pytest.approx(row["loss"], abs=1e-3)
        return
    found = measured(row["numbers"], row["target"], row["seed"], row["steps"])
    for key, value in found.items():
        assert row[key] == pytest.approx(value, abs=1e-4), key


def test_divergences_are_those_of_the_stored_numbers():
    for row in load(DATA / "flows_planar.json")[0]:
        flow = stored_planar(row["numbers"])
        one = type(flow)(flow.u[:, None], flow.w[:, None], flow.b[:, None])
        values = bound(one, energies, 4000, torch.Generator().manual_seed(9)) + log_masses(7.0, 500).reshape(4, 1, 1)
        error = 6 * values.std(-1)[:, 0] / 4000**0.5
        stored = torch.tensor(row["kl"], dtype=torch.float64)[:, 0]
        assert bool(((values.mean(-1)[:, 0] - stored).abs() < error).all()), row["layers"]


def test_runs_give_what_is_stored():
    rows = {name: load(DATA / f"{name}.json")[0][0] for name in RUNS}
    short = density_run(seed=1, target="checkerboard", hidden=[3], iterations=100, steps=1, rate=1e-3)
    assert {*short, "target", "hidden", "iterations", "steps", "rate", "seed"} == {*rows["flows_small"]}
    assert short["numbers"] == []
    assert len(short["losses"]) == 1
    assert {*planar_run(seed=0, layers=1, iterations=2), "layers", "iterations", "seed"} == {*rows["flows_planar"]}
    assert {*cost_run(seed=0, size=2), "size", "seed"} == {*rows["flows_costs"]}
    found = depth_run(seed=0, steps=4, method="adjoint")
    stored = next(r for r in load(DATA / "flows_depth.json")[0] if (r["steps"], r["method"]) == (4, "adjoint"))
    assert found["error"] == pytest.approx(stored["error"], rel=0.01)
    assert found["bytes"] == stored["bytes"]
