"""Batch normalization, and descent against the best fits."""

import math

import pytest
import torch

from lecturelib.splines import Network, descend, initialize
from lecturelib.splines.fitting.race import METHODS, best_rates, race, standardize, under_batch_norm, used_pieces


def test_batch_norm_network_by_hand():
    network = under_batch_norm(Network([2.0, -3.0], [5.0, 7.0], [1.0, 10.0], 0.5))
    z = standardize([0.0, 2.0])
    assert z.tolist() == [-1, 1]
    assert network(z).tolist() == [10.5, 1.5]
    with pytest.raises(ValueError, match="^x: expected at least two different"):
        standardize([1.0, 1.0])


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


@pytest.mark.parametrize("method", METHODS)
def test_every_method_races(method):
    short = race(seed=0, pieces=6, method=method, rate=2.0, steps=1, points=100, members=2)
    longer = race(seed=0, pieces=6, method=method, rate=2.0, steps=400, points=100, members=2)
    assert sum(longer["losses"]) < sum(short["losses"])
    assert all(1 <= used <= 6 for used in longer["used"])
    assert longer == race(seed=0, pieces=6, method=method, rate=2.0, steps=400, points=100, members=2)


def test_the_race_reports_lost_runs_and_picks_rates():
    lost = race(seed=0, pieces=6, method="gd", rate=1e4, steps=50, points=100, members=2)
    assert lost["losses"] == [math.inf, math.inf]
    rows = [{"method": "gd", "pieces": 6, "rate": r, "losses": [x, x]} for r, x in ((1, 2.0), (2, 1.0), (3, math.inf))]
    assert best_rates(rows)[("gd", 6)]["rate"] == 2
    with pytest.raises(ValueError, match="^method: expected one of"):
        race(seed=0, pieces=6, method="lbfgs", rate=1.0, steps=1)


def test_used_pieces_by_hand():
    network = Network([1.0, 1, 1, -1, 1], [0.5, 0.6, -2.5, 1.5, 9], [1.0, 1, 1, 1, 1], 0.0)
    # breakpoints −0.5 and −0.6 share a gap, 2.5, 1.5, and −9 outside
    assert float(used_pieces(network, [-1.0, 0, 1, 2, 3])) == 4
