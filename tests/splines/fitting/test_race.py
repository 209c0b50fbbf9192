"""Batch normalization, and descent against the best fits."""

import math
from pathlib import Path

import pytest
import torch

from lecturelib.core import experiments
from lecturelib.core.experiments import generator_for
from lecturelib.splines import Network, descend, initialize
from lecturelib.splines.fitting import race as experiment
from lecturelib.splines.fitting.race import METHODS, best_rates, race, standardize, under_batch_norm, used_pieces

STORED = Path(__file__).resolve().parents[3] / "chapters/splines/data/fitting_race.json"


def test_batch_norm_network_by_hand():
    network = under_batch_norm(Network([2.0, -3.0], [5.0, 7.0], [1.0, 10.0], 0.5))
    z = standardize([0.0, 2.0])
    assert z.tolist() == [-1, 1]
    assert network(z).tolist() == [10.5, 1.5]
    assert standardize([0.0, 1.0, 5.0]).square().mean().item() == pytest.approx(1)


def test_batch_norm_trains_as_torch_does():
    generator = torch.Generator().manual_seed(0)
    start = initialize(6, "pytorch", generator=generator)
    x = torch.linspace(-1, 3, 30, dtype=torch.float64)
    y = torch.sin(x)
    layer = torch.nn.BatchNorm1d(6, eps=1e-30, dtype=torch.float64)
    v, b0 = start.v.clone().requires_grad_(), start.b0.clone().requires_grad_()
    optimizer = torch.optim.SGD([*layer.parameters(), v, b0], lr=1e-3)
    for _ in range(50):
        outputs = torch.relu(layer(x[:, None] * start.w + start.b)) @ v + b0
        optimizer.zero_grad()
        (0.5 * (outputs - y).square().sum()).backward()
        optimizer.step()
    mine = descend(under_batch_norm(start), standardize(x), y, steps=50, learning_rate=1e-3).final
    torch.testing.assert_close(mine.v, v.detach(), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(mine.b, layer.bias.detach(), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(mine.w, layer.weight.detach() * torch.sign(start.w), rtol=1e-9, atol=1e-12)


def in_torch(method, steps, rate, pieces=6):
    """The same races by torch.optim and batch normalization as defined: the losses of ten networks."""
    x = torch.linspace(-2, 2, 500, dtype=torch.float64)
    start = initialize(pieces - 1, "pytorch", generator=generator_for(0, "race", pieces), ensemble=(10,))
    gamma, kappa = torch.ones_like(start.w), torch.zeros_like(start.w)
    norm = "norm" in method
    leaves = [part.clone() for part in ((gamma, kappa) if norm else (start.w, start.b)) + (start.v, start.b0)]
    for leaf in leaves:
        leaf.requires_grad_()
    unit = rate / 500 / pieces
    optimizer = {
        "gd": lambda: torch.optim.SGD(leaves, lr=unit),
        "momentum": lambda: torch.optim.SGD(leaves, lr=unit / 10, momentum=0.9),
        "adam": lambda: torch.optim.Adam(leaves, lr=rate * 5e-4),
        "sgd": lambda: torch.optim.SGD(leaves, lr=10 * unit),
    }[method.split()[0]]()
    batches = generator_for(0, "batches", pieces)

    def loss(chosen):
        if norm:
            before = start.w[..., None] * x[chosen] + start.b[..., None]
            centred = before - before.mean(-1, keepdim=True)
            before = (
                leaves[0][..., None] * centred / centred.square().mean(-1, keepdim=True).sqrt() + leaves[1][..., None]
            )
        else:
            before = leaves[0][..., None] * x[chosen] + leaves[1][..., None]
        f = (leaves[2][..., None] * torch.relu(before)).sum(-2) + leaves[3][..., None]
        return (f - x[chosen] ** 2 / 2).square().sum(-1) / 2

    everything = torch.arange(500)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(torch.randperm(500, generator=batches)[:50] if "sgd" in method else everything).sum().backward()
        optimizer.step()
    return loss(everything).tolist()


@pytest.mark.parametrize("method", [one for one in METHODS if one != "sgd"])
def test_races_are_those_of_torch(method):
    found = race(seed=0, pieces=6, method=method, rate=2.0, steps=30)
    assert found["losses"] == pytest.approx(in_torch(method, 30, 2.0), rel=1e-9)
    assert all(1 <= used <= 6 for used in found["used"])


def test_stochastic_races_take_fifty_points_at_ten_times_the_rate():
    x = torch.linspace(-2, 2, 500, dtype=torch.float64)
    start = initialize(4, "pytorch", generator=generator_for(0, "race", 5), ensemble=(10,))
    options = {"batch": 50, "generator": generator_for(0, "batches", 5)}
    run = descend(start, x, x**2 / 2, steps=40, learning_rate=1.5 * 10 / 2500, **options)
    found = race(seed=0, pieces=5, method="sgd", rate=1.5, steps=40)
    assert found["losses"] == pytest.approx(run.losses[-1].tolist(), rel=1e-12)
    assert found["used"] == used_pieces(run.final, x).tolist()


def test_lost_races_are_told_by_infinite_losses():
    for method in ("gd", "gd with batch norm", "sgd with batch norm"):
        lost = race(seed=0, pieces=6, method=method, rate=1e4, steps=120)
        assert lost == {"losses": [math.inf] * 10, "used": [0] * 10}
    with pytest.raises(ValueError, match="^method: expected one of"):
        race(seed=0, pieces=6, method="lbfgs", rate=1.0, steps=1)


def test_the_best_rate_is_that_of_the_least_median():
    rows = [
        {"method": "gd", "pieces": pieces, "rate": rate, "losses": losses}
        for pieces in (6, 7)
        for rate, losses in ((1, [2.0, 2, 2]), (2, [9.0, 1, 1]), (3, [math.inf, 0, math.inf]), (4, [0.0, 3, 3]))
    ]
    best = best_rates(rows)
    assert {key: row["rate"] for key, row in best.items()} == {("gd", 6): 2, ("gd", 7): 2}


def test_what_is_stored_is_what_the_long_run_finds(monkeypatch):
    asked, saved = [], []
    monkeypatch.setattr(experiment, "sweep", lambda run, over, **options: asked.extend(over) or stored)
    monkeypatch.setattr(experiment, "save", lambda path, rows, where: saved.extend(rows))
    stored, _ = experiments.load(STORED)
    experiment.main()
    assert len(asked) == 5 * 6 * 5 + 5 * 5
    names = ("method", "pieces", "rate", "steps")
    assert all({name: row[name] for name in names} in asked for row in stored)
    assert sorted(map(str, saved)) == sorted(map(str, stored))
    row = next(row for row in stored if (row["method"], row["pieces"]) == ("momentum", 5))
    again = race(seed=0, pieces=5, method="momentum", rate=row["rate"], steps=row["steps"])
    assert again["losses"] == pytest.approx(row["losses"])
    assert again["used"] == row["used"]


def test_used_pieces_by_hand():
    network = Network([1.0, 1, 1, -1, 1], [0.5, 0.6, -2.5, 1.5, 9], [1.0, 1, 1, 1, 1], 0.0)
    # breakpoints −0.5 and −0.6 share a gap, 2.5, 1.5, and −9 outside
    assert int(used_pieces(network, [3.0, 0, -1, 2, 1])) == 4
    # on a datum is in the gap to its left; neither what has v = 0 counts, nor what is on the outermost data
    edge = Network([1.0] * 5, [1.0, 0.0, -3.0, -1.5, -0.0], [1.0, 1, 1, 0, 0], 0.0)
    assert int(used_pieces(edge, [-1.0, 0, 1, 2, 3])) == 2
    both = Network(*(torch.stack([getattr(network, name), getattr(edge, name)]) for name in "wbv"), [0.0, 0.0])
    assert used_pieces(both, [-1.0, 0, 1, 2, 3]).tolist() == [4, 2]
