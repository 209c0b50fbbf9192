"""How flat the loss is where training ends, and where neurons degenerate."""

import math

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import Network, degenerate_cases, flat_share, hessian, settle, zero_count
from lecturelib.splines.breakpoints import checks_problems as autograd
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.loss_surface.flatness import DATA, spectra
from lecturelib.splines.loss_surface.hessian import measured_zeros, zeros_off_critical
from tests.splines.training.loops import tensor


@pytest.mark.parametrize("case", degenerate_cases(), ids=lambda case: case.name)
def test_degenerate_cases(case):
    found = measured_zeros(hessian(case.network, DATA, case.network(DATA)))
    assert found == 3 + case.extra
    if "output weight 0, active" not in case.name or "no datum" in case.name:
        assert zero_count(case.network, DATA).total == found


def test_degenerate_cases_are_what_they_are_called():
    def seen(case):
        return (case.network.w * DATA[:, None] + case.network.b > 0).sum(0).tolist()

    first, *others = degenerate_cases()
    third = {case.name: seen(case)[2] for case in others}
    assert seen(first)[2] not in (0, 1, 12, *seen(first)[:2])
    assert third["same active data as another"] == seen(first)[1]
    assert third["same gap as another, facing the other way"] == 12 - seen(first)[1]
    assert [third[f"active on {some}"] for some in ("all data", "no datum", "one datum")] == [12, 0, 1]
    assert third["output weight 0, active"] == seen(first)[2]
    assert third["output weight 0, active on no datum"] == third["input weight 0, bias negative"] == 0
    assert third["input weight 0, bias positive"] == 12
    for case in others:
        change = autograd.flatten(case.network) != autograd.flatten(first.network)
        assert set(change.nonzero().flatten().tolist()) <= {2, 5, 8}  # w, b, v of the third
        assert float(case.network.v[2]) == (0.0 if "output weight 0" in case.name else 0.9)
        assert (case.network.w[2] == 0, case.network.b[2] == 0) == (
            "input weight 0" in case.name,
            case.name == "bias 0",
        )


def test_training_ends_where_the_count_says():
    for seed in range(3):
        result = flat_share(seed=seed, width=60, points=6)
        if result["fitted"]:
            assert result["measured"] == result["predicted"] >= result["corollary"] - 1e-12
    start, end, x, y = spectra(seed=0, width=60, points=6)
    assert float((end(x) - y).abs().max()) < 1e-10
    assert measured_zeros(hessian(start, x, y)) == zeros_off_critical(start, x, y)
    result = flat_share(seed=0, width=60, points=6)  # 3 · 60 + 1 parameters
    assert result["fitted"] == 1.0
    assert result["corollary"] == 1 - 6 / 181
    for name, count in (
        ("start", measured_zeros(hessian(start, x, y))),
        ("measured", measured_zeros(hessian(end, x, y))),
        ("predicted", zero_count(end, x).total),
    ):
        assert result[name] == count / 181
    assert flat_share(seed=0, width=1, points=6)["measured"] == -1.0
    cells = 2 * torch.arange(6) / 6 - 1  # one datum in the middle half of each
    assert bool(((x > cells + 1 / 12) & (x < cells + 3 / 12)).all())


def test_the_experiment_is_gradient_descent_from_a_he_start():
    """A few steps by autograd, at half the largest stable rate, then full Gauss-Newton steps to the fit."""
    start, end, x, y = spectra(seed=2, width=30, points=4, steps=3)
    generator = generator_for(2, "flatness", 30, 4)
    shares = (torch.arange(4) + 0.25 + 0.5 * torch.rand(4, generator=generator, dtype=torch.float64)) / 4
    torch.testing.assert_close(x, 2 * shares - 1)
    torch.testing.assert_close(y, torch.sin(3 * x))
    assert start == initialize(30, "he", generator=generator)
    flat = autograd.flatten(start)
    rate = 1 / float(torch.linalg.matrix_norm(autograd.jacobian(start, x), 2) ** 2)
    for _ in range(3):
        flat = flat - rate * torch.autograd.functional.jacobian(lambda p: autograd.squares(p, x, y), flat)
    for _ in range(30):
        columns = torch.autograd.functional.jacobian(lambda p: autograd.output(p, x), flat)
        flat = flat + torch.linalg.pinv(columns) @ (y - autograd.output(flat, x))
    torch.testing.assert_close(autograd.flatten(end), flat, atol=1e-6, rtol=1e-6)


def test_settling_never_raises_the_loss_and_ends_where_asked():
    generator = torch.Generator().manual_seed(5)
    network, (x, y) = autograd.network(generator), autograd.data(generator)  # two data at one place: no fit
    losses = [float((settle(network, x, y, steps=k)(x) - y).square().sum()) for k in (0, 1, 2, 5, 30)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == float((network(x) - y).square().sum()) > losses[1]
    assert settle(network, x, y, steps=0) == network


def test_a_settling_step_is_halved_until_it_helps():
    """f = v (w x + b)₊ + b₀ is 100 at x = 1, J = (10, 10, 10, 1), and y = 700: the whole step, 2 J, goes too far."""
    found = settle(Network([5.0], [5.0], [10.0], 0.0), [1.0], [700.0], steps=1)
    step = tensor([10.0, 10.0, 10.0, 1.0]) * 600 / 301
    w, b, v, b0 = step
    assert abs(float((10 + v) * (10 + w + b) + b0) - 700) > 600
    torch.testing.assert_close(autograd.flatten(found), tensor([5.0, 5.0, 10.0, 0.0]) + step / 2)


def test_settling_ends_where_no_step_helps():
    dead = Network([1.0], [-9.0], [1.0], 1.0)
    assert settle(dead, [0.0, 1.0], [0.0, 2.0]) == dead  # b₀ is best, and nothing else is seen
    assert math.isclose(float(settle(dead, [0.0, 1.0], [0.0, 3.0]).b0), 1.5)
