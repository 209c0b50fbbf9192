"""Benchmarks run through with what the library has become: at tiny sizes, of which nothing is stored."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
TINY = {
    "descend": {"SIZES": [(3, 4, 5, 2)], "ENSEMBLE": (2, 3, 4, 5)},
    "playground": {"SIZES": [(3, 4, 5)]},
}


@pytest.fixture
def benchmark(monkeypatch):
    """Runs the functions of a benchmark whose sizes have been made tiny."""

    def load(name: str) -> dict:
        found = runpy.run_path(str(FOLDER / f"{name}.py"), run_name="benchmark")
        space = found["main"].__globals__
        space.update(TINY.get(name, {}))
        return space

    monkeypatch.setattr(sys, "argv", ["benchmark", "--dry", "--repeats", "1"])
    return load


@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_runs_through(benchmark, capsys, name):
    before = (FOLDER / "results" / f"{name}.json").read_bytes()
    space = benchmark(name)
    space["main"]()
    told = capsys.readouterr().out
    assert all(optimizer in told for optimizer in ("gd", "momentum", "adam"))
    assert "stored" not in told
    assert (FOLDER / "results" / f"{name}.json").read_bytes() == before


def test_kernels_of_finite_networks_agree_with_the_peer(benchmark):
    space = benchmark("kernels")
    space["NETWORKS"] = [(4, (5, 6, 2))]
    (row,) = space["finite"](1)
    assert row["largest relative gap"] < 1e-10


def test_segmentation_finds_what_a_peer_is_asked_for(benchmark, monkeypatch):
    space = benchmark("segmentation")
    space.update(SIZES=[(20, 2)], LONG=[(20, 2)], theirs=space["ours"])
    (row,) = space["compare"](1)
    assert row["losses apart"] == 0
    assert [one["points"] for one in space["alone"](1)] == [20]


def test_snapshots_of_descent_are_those_of_the_loop(benchmark):
    space = benchmark("bias_minimum_norm")
    space.update(DATA=4, WEIGHTS=7, SNAPSHOTS=5, STEPS=60)
    row = space["compare"](1)
    assert row["steps"] == 60
    assert row["weights apart"] < 1e-12


def test_sharpness_is_that_of_its_peers(benchmark):
    space = benchmark("bias_stability")
    space["SIZES"] = [(3, 2)]
    assert all(row["largest relative gap"] < 1e-4 for row in space["rows"](1))


def test_margins_agree_with_their_peers(benchmark):
    space = benchmark("bias_maximum_margin")
    space.update(POINTS=5, TIME=2.0, LATE=(1e6,), HARD=[(8, 2)])
    steps, late = space["flows"](1)
    assert steps["relative gap"] < 0.1  # steps of 1/n are no flow
    assert late["margin_flow, ms"] > 0
    (row,) = space["widest"](1)
    assert row["relative gap"] < 1e-7


def test_two_ways_to_complete_a_matrix_agree(benchmark):
    space = benchmark("bias_matrix_factorization")
    space.update(SIZES=[(8, 1, 50, 2)], TOLERANCE=1e-4)
    (row,) = space["compare"](1)
    assert row["effective rank, torch"] == pytest.approx(row["effective rank, complete"], abs=0.1)
    assert max(row["error, torch"], row["error, complete"]) < 1e-2


def test_a_game_compiled_is_the_game_in_torch(benchmark):
    space = benchmark("generative_gan")
    space.update(HIDDEN=5, BATCH=7, OURS=4, THEIRS=3)
    rows = space["compare"](1)
    assert len(rows) == 4
    assert all(row["apart after 20 steps"] < 1e-4 for row in rows)


def test_flows_have_the_error_that_they_are_asked_for(benchmark):
    space = benchmark("generative_flows")

    def rough(flow, x, tolerance):
        return space["ours"](flow, x, 3)

    space.update(SIZES=[[2, 5]], BATCH=4, peer=rough)
    found = space["rows"](1)
    assert [row["ours"] for row in found] == ["direct, 3 steps", "adjoint, 3 steps"]


def test_both_ways_to_equivariant_maps_agree(benchmark):
    space = benchmark("equivariance_basis")
    space["CASES"] = {name: (make, 1, 2) for name, (make, _, _) in space["CASES"].items()}
    assert [row["free"] for row in space["rows"](1)] == [5, 1]


def test_pysindy_finds_the_same_equation(benchmark):
    space = benchmark("equivariance_equations")
    whole, fit = space["pysindy_rows"](1)
    assert fit["found by pysindy"] == fit["found by library"]
    for row in (whole, fit):
        for who in ("pysindy", "library"):
            first, second = (float(one.split()[0]) for one in row[f"found by {who}"].split(", "))
            assert (first, second) == pytest.approx((-1, 0.1), rel=0.01)
