"""Simulated networks against the exact means, within the scatter that the exact fourth moments allow."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.kernels.initialization import signals
from lecturelib.kernels.initialization.signals import LAWS, erf_sizes, log_sizes, simulate, sizes_by_depth
from lecturelib.kernels.initialization.variances import (
    backward_moments,
    equal_variances,
    erf_path,
    forward_moments,
    fourth_moments,
)

X = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)


@pytest.mark.parametrize("law", LAWS)
def test_means_over_many_networks(law):
    plan = equal_variances((3, 8, 4, 6), [0.5, 0.3, 0.4], 0.2)
    found = simulate(plan, X, members=20_000, generator=torch.Generator().manual_seed(0), law=law)
    for sizes, moments in ((found.forward, forward_moments(plan, X)), (found.backward, backward_moments(plan))):
        error = sizes.std(1) / 20_000**0.5
        gap = sizes.mean(1) - torch.stack([one.sum() for one in moments])
        assert bool((gap.abs() <= 4.5 * error + 1e-12).all())


def test_fourth_moments_of_normal_networks():
    plan = equal_variances((3, 8, 8), 0.25, 0.1)
    found = simulate(plan, X, members=40_000, generator=torch.Generator().manual_seed(1)).forward
    exact = fourth_moments(plan, X)
    error = (found**2).std(1) / 200
    assert bool(((found**2).mean(1) - exact).abs().le(4.5 * error + 1e-12).all())


def test_signals_back_are_derivatives(monkeypatch):
    monkeypatch.setattr(signals, "CHUNK", 10)  # one network at a time
    plan = equal_variances((3, 4, 5), 0.5, 0.1)
    many = simulate(plan, X, members=3, generator=torch.Generator().manual_seed(2))
    assert many.forward.shape == many.backward.shape == (3, 3)
    generator = torch.Generator().manual_seed(2)
    h = [X.clone().requires_grad_()]
    for weights, biases in zip(plan.weights, plan.biases, strict=True):
        matrix = signals.normal((1, *weights.shape), generator)[0] * weights.sqrt()
        h.append(torch.relu(h[-1] @ matrix + signals.normal((1, *biases.shape), generator)[0] * biases.sqrt()))
    v = signals.normal((1, 5), generator)[0] * plan.output.sqrt()
    slopes = torch.autograd.grad(h[-1] @ v, h)
    torch.testing.assert_close(many.forward[:, 0], torch.stack([one.detach().square().sum() for one in h]))
    torch.testing.assert_close(many.backward[:, 0], torch.stack([one.square().sum() for one in slopes]))


def test_experiments_return_every_layer():
    found = sizes_by_depth(seed=0, width=6, depth=4, growth=1.0, members=3)
    assert len(found["forward"]) == len(found["backward"]) == 5
    assert found["forward"][0] == 1
    logs = log_sizes(seed=0, width=6, depth=4, members=7)
    assert (len(logs["last"]), len(logs["middle"])) == (7, 5)
    assert len(erf_sizes(seed=0, width=20, depth=3, weight=1.0)["sizes"]) == 3


def test_experiments_measure_what_they_say():
    found = sizes_by_depth(seed=0, width=40, depth=2, growth=1.7, bias=0.6, members=400)
    # ‖h‖²/k doubles its mean with k σ_w² = 2 growth, and half of the bias's variance is added
    assert found["forward"][1:] == pytest.approx([1.7 + 0.3, 1.7 * 2 + 0.3], rel=0.05)
    assert found["backward"][0] / found["backward"][2] == pytest.approx(1.7**2, rel=0.1)
    logs = log_sizes(seed=0, width=6, depth=4, members=7)
    assert logs["middle"][0] == 1
    assert sorted(logs["last"])[3] == logs["middle"][-1]
    path = erf_path(0.8, 3)
    assert erf_sizes(seed=0, width=2000, depth=3, weight=0.8)["sizes"] == pytest.approx(path[-3:].tolist(), rel=0.1)


@pytest.mark.parametrize(
    ("name", "options"), [("law", {"law": "cauchy"}), ("members", {"members": 0}), ("x", {"x": [1.0]})]
)
def test_bad_arguments_are_named(name, options):
    arguments = {"x": X, "members": 1, **options}
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        simulate(equal_variances((3, 4), 0.5), arguments.pop("x"), generator=torch.Generator(), **arguments)


def test_the_long_run_is_stored_with_its_provenance(monkeypatch, tmp_path):
    short = {"width": 4, "depth": 2, "growth": 1.0, "bias": 0.1, "members": 2}
    monkeypatch.setattr(signals, "settings", lambda **_: [short])
    signals.store(tmp_path / "sizes.json")
    results, provenance = load(tmp_path / "sizes.json")
    assert len(results) == len(provenance.seeds) == 10
    assert provenance.command == "python -m lecturelib.kernels.initialization.signals"
    assert len(results[0]["forward"]) == 3
