"""Attacks by hand, in their box, and what was stored of training against them."""

import pytest
import torch
from captum.robust import FGSM, PGD
from torch.nn import functional

from lecturelib.core.experiments import load
from lecturelib.equivariance import attack
from lecturelib.equivariance.augmentation.adversarial import KINDS, SEEDS, SIZE, STORED, TESTED, moved, run


def test_steps_by_hand():
    w = torch.tensor([2.0, -1.0, 0.0]).double()
    x = torch.zeros(1, 3).double()
    assert attack(lambda z: z @ w, x, size=0.3, steps=1).tolist() == [[0.3, -0.3, 0.0]]
    # five steps of half the size each: two reach the corner, and the box holds
    assert attack(lambda z: z @ w, x, size=0.3, steps=5).tolist() == [[0.3, -0.3, 0.0]]
    found = attack(lambda z: -((z - 0.1) ** 2).sum(1), x, size=0.3, steps=10)
    assert float((found - 0.1).abs().max()) <= 0.075 + 1e-9  # it climbs to the top and steps about it
    two = attack(lambda z: (z**2).sum(1), torch.tensor([[0.1], [-0.2]]).double(), size=0.5)
    assert two.flatten().tolist() == pytest.approx([0.6, -0.7], rel=1e-6)


def test_many_steps_find_more_than_one():
    # the slope at the start leads away from the higher end
    losses = lambda z: torch.sin(5 * z[:, 0] + 1.0) + 0.3 * z[:, 0]  # noqa: E731
    x = torch.zeros(1, 1).double()
    one, many = (float(losses(attack(losses, x, size=1.0, steps=steps))) for steps in (1, 40))
    assert many > one + 0.1


@pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients:UserWarning")
def test_attacks_are_those_of_captum():
    draw = torch.Generator().manual_seed(4)
    x, y = torch.rand(7, 64, generator=draw), torch.arange(7)
    first, second = torch.randn(20, 64, generator=draw) / 8, torch.randn(10, 20, generator=draw)
    model = lambda z: torch.tanh(z @ first.T) @ second.T  # noqa: E731
    losses = lambda z: functional.cross_entropy(model(z), y, reduction="none")  # noqa: E731
    each = lambda found, labels: functional.cross_entropy(found, labels, reduction="none")  # noqa: E731
    one = FGSM(model, each).perturb(x.clone(), 0.1, y)
    many = PGD(model, each).perturb(x.clone(), 0.1, 0.025, 10, y)
    torch.testing.assert_close(attack(losses, x, size=0.1, steps=1), one.detach())
    torch.testing.assert_close(attack(losses, x, size=0.1, steps=10), many.detach())
    assert float((one - many).abs().max()) > 0.01


def test_what_is_refused():
    with pytest.raises(ValueError, match="^losses: expected the loss of each of 2 data"):
        attack(lambda z: z, torch.ones(2, 3), size=0.1)
    with pytest.raises(ValueError, match="^losses: expected the loss"):
        attack(lambda z: torch.ones(2), torch.ones(2, 3), size=0.1)
    with pytest.raises(ValueError, match="^x: expected shape"):
        attack(lambda z: z, torch.tensor(1.0), size=0.1)
    with pytest.raises(ValueError, match="^size"):
        attack(lambda z: z.sum(1), torch.ones(2, 3), size=-0.1)


def test_what_a_network_is_shown_stays_in_the_box():
    x, y = torch.rand(6, 64, generator=torch.Generator().manual_seed(0)), torch.arange(6)
    model = lambda z: z[:, :10] ** 2  # noqa: E731
    for kind in KINDS:
        off = (moved(kind, model, x, y, torch.Generator().manual_seed(1)) - x).abs()
        assert float(off.max()) == pytest.approx(0 if kind == "plain" else SIZE, abs=1e-6)
        assert kind != "noise" or float(off.min()) == pytest.approx(SIZE, abs=1e-6)


def test_stored_runs_are_what_a_run_gives_and_attacks_matter():
    found = run(seed=0, kind="one step", steps=2)
    assert found["gradients"] == 2
    assert len(found["wrong"]) == len(TESTED)
    runs, origin = load(STORED)
    assert origin.seeds == list(SEEDS)
    assert [(one["kind"], one["seed"]) for one in runs] == [(kind, seed) for kind in KINDS for seed in SEEDS]
    at = TESTED.index(SIZE)
    for one in runs:
        assert one["wrong"] == sorted(one["wrong"])
        assert (one["wrong"][at] < 0.35) == (one["kind"] in ("one step", "many steps"))
        assert one["one_step"] <= one["wrong"][at]
