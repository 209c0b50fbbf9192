"""Networks that are stopped, and networks that are penalized: by hand, and where both must agree."""

import torch

from lecturelib.bias.early_stopping.networks import RATE, outputs, race, train


def weights(*values):
    return tuple(torch.tensor([value], dtype=torch.float64) for value in values)


def test_one_neuron_by_hand():
    x, y = torch.tensor([0.5], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64)
    start = weights(1.0, 0.0, 2.0)
    rise = torch.tanh(torch.tensor(0.5).double())
    assert float(outputs(start, x)) == float(2 * rise)
    (first, later) = train(start, x, y, 0.0, [0, 1])
    assert first is start
    torch.testing.assert_close(later[2], 2 - RATE * (2 * rise - 1) * rise[None])


def test_a_penalty_holds_weights_at_their_start():
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    start = tuple(torch.randn(3, 4, generator=torch.Generator().manual_seed(k), dtype=torch.float64) for k in range(3))
    free, held = (train(start, x, torch.sin(3 * x), price, [200])[0] for price in (0.0, 20.0))
    moved = [
        sum(float((one - first).square().sum()) for one, first in zip(end, start, strict=True)) for end in (free, held)
    ]
    assert moved[1] < 0.05 * moved[0]


def test_early_both_agree():
    found = race([0.03, 0.3], ensemble=2, generator=torch.Generator().manual_seed(0))
    assert found["stopped"].shape == found["ridge"].shape == found["apart"].shape == (2, 2)
    assert bool((found["apart"][0] < found["apart"][1]).all())
    assert found["others"].shape == (2, 2)
    assert bool((found["others"][0] > found["apart"][0]).all())
