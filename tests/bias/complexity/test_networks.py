"""Ensembles of networks: gradients against autograd, members that do not meet, dropout and decay; stored runs."""

import pytest
import torch

from lecturelib.bias.complexity import experiments
from lecturelib.bias.complexity.networks import Ensemble, gradient, start_networks, train
from lecturelib.core.experiments import load
from lecturelib.core.statements import CHAPTERS


def problem(members: int = 3) -> tuple[Ensemble, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    start = start_networks(members, 6, 2, generator=generator)
    x, y = (torch.randn(members, 9, size, generator=generator, dtype=torch.float64) for size in (2, 1))
    return start, x, y[..., 0]


def test_the_gradient_is_that_of_autograd():
    start, x, y = problem()
    model = start.map(lambda one: one + 0.1)
    leaves = [one.clone().requires_grad_() for one in model.parameters]
    loss = 0.5 * (Ensemble(*leaves)(x) - y).square().mean(-1).sum()
    for one, other in zip(torch.autograd.grad(loss, leaves), gradient(model, x, y).parameters, strict=True):
        assert torch.allclose(one, other, atol=1e-12)


def test_members_train_as_they_would_alone_and_the_loss_falls():
    start, x, y = problem()
    steps = dict(train(start, x, y, steps=200, learning_rate=0.02, record_every=100))
    assert list(steps) == [0, 100, 200]
    *_, (_, alone) = train(start[1], x[1], y[1], steps=200, learning_rate=0.02, record_every=200)
    assert torch.allclose(alone.w, steps[200].w[1], atol=1e-9)
    before, after = ((steps[k](x) - y).square().mean() for k in (0, 200))
    assert float(after) < 0.5 * float(before)


def test_plain_descent_takes_a_step_of_the_gradient_with_decay():
    start, x, y = problem(1)
    *_, (_, after) = train(start, x, y, steps=1, learning_rate=0.1, record_every=1, decay=0.3, adam=False)
    wanted = start.v - 0.1 * (gradient(start, x, y).v + 0.3 * start.v)
    assert torch.allclose(after.v, wanted)


def test_dropout_needs_a_generator_and_keeps_means():
    start, x, y = problem(1)
    with pytest.raises(ValueError, match=r"generator: expected a torch.Generator for dropout"):
        next(train(start, x, y, steps=1, learning_rate=0.1, record_every=1, drop=0.5))
    with pytest.raises(ValueError, match="drop: expected less than 1"):
        next(train(start, x, y, steps=1, learning_rate=0.1, record_every=1, drop=1.0, generator=torch.Generator()))
    plain = gradient(start, x, 0 * y)
    generator = torch.Generator().manual_seed(1)
    many = torch.stack([gradient(start, x, 0 * y, drop=0.3, generator=generator).c for _ in range(2000)])
    assert abs(float(many.mean() - plain.c.mean())) < 5 * float(many.std()) / 2000**0.5


@pytest.mark.parametrize("name", list(experiments.RUNS))
def test_stored_runs_are_of_the_settings_in_the_code(name):
    results, origin = load(CHAPTERS / f"bias/data/complexity_{name}.json")
    _, over = experiments.RUNS[name]
    assert [{key: run[key] for key in one} for one, run in zip(over, results, strict=True)] == over
    assert f"--only {name}" in origin.command


def test_a_short_run_of_each_gives_what_is_stored():
    short = {
        "widths": {"width": 3, "noise": 0.5, "members": 2, "steps": 20},
        "epochs": {"width": 3, "members": 2, "steps": 40},
        "dropping": {"drop": 0.5, "members": 2, "steps": 20},
        "freedoms": {"width": 3, "draws": 2, "steps": 20},
    }
    for name, (run, _) in experiments.RUNS.items():
        (stored, *_), _ = load(CHAPTERS / f"bias/data/complexity_{name}.json")
        now = run(seed=1, **short[name])
        assert now.keys() <= stored.keys()


def test_networks_descend_twice():
    """The curve of the chapter: a valley, a peak where the training error vanishes, and a fall beyond."""
    results, _ = load(CHAPTERS / "bias/data/complexity_widths.json")
    runs = [run for run in results if run["noise"] == 0.5]
    test = torch.tensor([run["test"] for run in runs]).median(1).values
    peak = int(test.argmax())
    assert 0 < peak < len(runs) - 1
    assert float(test[:peak].min()) < 0.5 * float(test[peak])
    assert float(test[-1]) < 0.5 * float(test[peak])
