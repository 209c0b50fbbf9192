"""ψ and its attractors: by hand, where training goes, and errors."""

import math

import pytest
import torch

from lecturelib.splines import Network, attractors, descend, potential, psi, to_spline
from lecturelib.splines.dynamics.attraction import sums_beyond


def tensor(values) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


X, Y = tensor([3.0, 0.0, 2.0]), tensor([10.0, 1.0, 5.0])


def test_psi_worked_by_hand():
    at = tensor([-1.0, 1.0, 2.5])
    residuals = tensor([2.0, -1.0, 1.0])
    # beyond −1 all: 2 + 8β; beyond 1 the last two: 3 + 8β; beyond 2.5: 2 + 6β
    right, left = psi(X, residuals, at)
    assert right.tolist() == [-6.0, 11.0, 17.0]
    assert left.tolist() == [0.0, -1.0, 0.0 + 1 * (1 + 2.5 * 2) - 1]
    height, other = potential(X, residuals, at)
    assert height.tolist() == pytest.approx([10 / math.sqrt(2), 5 / math.sqrt(2), 1 / math.sqrt(7.25)])
    assert other.tolist() == pytest.approx([0.0, -1 / math.sqrt(2), -2.0 / math.sqrt(7.25)])


def test_sums_leave_out_points_at_the_place_itself():
    right, left = sums_beyond(X, torch.ones(3), [2.0])
    assert (right.tolist(), left.tolist()) == ([1.0], [1.0])


def test_attractors_worked_by_hand():
    # facing right: ψ = 2 + 8β left of 0, then 3 + 8β, 2 + 6β; one root, −1/4, where it rises
    places, signs = attractors(X, tensor([2.0, -1.0, 1.0]))
    assert (places.tolist(), signs.tolist()) == ([-0.25], [-1.0])
    # residuals 1 and −1 at 2 and 3: ψ = −β left of 2, −1 − 3β between; it falls through 0
    places, signs = attractors(tensor([2.0, 3.0]), tensor([1.0, -1.0]))
    assert (places.tolist(), signs.tolist()) == ([0.0], [1.0])
    # left of 1 ψ is 1, on it 1 · (1 + 1) · 2 is lost: it jumps from positive to negative
    places, signs = attractors(tensor([-1.0, 1.0, 2.0]), tensor([-1.0, 2.0, -1.0]))
    assert 1.0 in places.tolist()
    assert float(signs[places == 1.0]) == 1.0
    assert attractors(X, torch.zeros(3)).places.numel() == 0
    # facing left, right of both points: −ψ = 1 − β/2 falls through 0 at 2
    places, signs = attractors(tensor([0.0, 0.5]), tensor([-2.0, 1.0]), orientation=-1)
    assert (places[-1].item(), signs[-1].item()) == (2.0, 1.0)


def test_held_residuals_carry_neurons_to_attractors():
    """Tiny neurons do not change the residuals: training moves them to where ψ says, and to nowhere else."""
    x = torch.linspace(-2, 2, 60, dtype=torch.float64)
    y = torch.cos(3 * x)
    beta = tensor([-0.6, 0.5, 0.7, -0.4])
    w = tensor([1.0, 1.0, -1.0, -1.0])
    v = tensor([1.0, -1.0, 1.0, -1.0])
    network = Network(1e-3 * w, -1e-3 * w * beta, 1e-3 * v, y.mean())
    # fast: v/w is 1; the residual −y + mean hardly changes as long as the hinges stay small
    record = descend(network, x, y, steps=400, learning_rate=1e-4, record_every=1)
    assert float(record.losses[-1] / record.losses[0]) > 0.99
    final = to_spline(record.final).breakpoints
    for s in (1, -1):
        places, signs = attractors(x, network.b0 - y, orientation=s)
        for i in range(4):
            if w[i] * s > 0:
                mine = places[signs == torch.sign(record.final.v[i])]
                assert float((mine - final[i]).abs().min()) < float((mine - beta[i]).abs().min())


def test_a_zero_on_the_edge_of_a_gap_is_no_second_one():
    # residuals 1 and −1 at ±1: ψ₊ is −2β left of −1, −1 − β between, 0 right of 1; it is 0 at −1 from the right only
    assert attractors(tensor([-1.0, 1.0]), tensor([1.0, -1.0])).places.numel() == 0
    assert psi(tensor([-1.0, 1.0]), tensor([1.0, -1.0]), [-1.0]).right.tolist() == [0.0]
    # 1 and 2 with residuals −3, 2: ψ₊ is −1 + β left of 1, positive beyond it; the root, 1, is no place of that gap
    assert 1.0 not in attractors(tensor([1.0, 2.0]), tensor([-3.0, 2.0])).places.tolist()


def test_ensembles_of_residuals_and_precision():
    residuals = torch.stack([tensor([2.0, -1.0, 1.0]), tensor([0.5, 0.0, 1.0])])
    both = potential(X, residuals, [0.5, 2.5])
    torch.testing.assert_close(both.left[1], potential(X, residuals[1], [0.5, 2.5]).left)
    assert psi(X.float(), residuals.float(), [0.5]).right.dtype == torch.float32


def test_bad_arguments_of_attraction_are_named():
    with pytest.raises(ValueError, match="^amount: expected shape"):
        sums_beyond(X, [1.0], [0.0])
    with pytest.raises(ValueError, match="^residuals: expected"):
        psi(X, [math.inf, 0.0, 0.0], [0.0])
    with pytest.raises(ValueError, match="^orientation: expected one of 1, -1"):
        attractors(X, Y, orientation=0)
