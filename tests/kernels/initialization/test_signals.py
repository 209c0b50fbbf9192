"""Simulated networks against the exact means, within the scatter that the exact fourth moments allow."""

import pytest
import torch

from lecturelib.core.experiments import generator_for, load
from lecturelib.kernels.initialization import signals
from lecturelib.kernels.initialization.signals import LAWS, Signals, erf_sizes, log_sizes, simulate, sizes_by_depth
from lecturelib.kernels.initialization.variances import (
    backward_moments,
    equal_variances,
    erf_path,
    forward_moments,
    fourth_moments,
    log_step,
)

X = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("law", LAWS)
def test_means_over_many_networks(law):
    plan = equal_variances((3, 8, 4, 6), [0.5, 0.3, 0.4], 0.2)
    found = simulate(plan, X, ensemble=20_000, generator=seeded(0), law=law)
    for sizes, moments in ((found.forward, forward_moments(plan, X)), (found.backward, backward_moments(plan))):
        error = sizes.std(0) / 20_000**0.5
        gap = sizes.mean(0) - torch.stack([one.sum() for one in moments])
        assert bool((gap.abs() <= 4.5 * error + 1e-12).all())


def test_laws_are_standardized_and_what_their_names_say():
    draws = {name: fill(torch.empty(40_000, dtype=torch.float64), generator=seeded(1)) for name, fill in LAWS.items()}
    for draw in draws.values():
        assert abs(float(draw.mean())) < 0.02
        assert float(draw.square().mean()) == pytest.approx(1, abs=0.03)
    fourth = [float(draws[name].pow(4).mean()) for name in ("normal", "uniform", "signs")]
    assert fourth == pytest.approx([3, 9 / 5, 1], rel=0.05)
    assert float(draws["uniform"].abs().max()) == pytest.approx(3**0.5, rel=1e-3)


def test_fourth_moments_of_normal_networks():
    plan = equal_variances((3, 8, 8), 0.25, 0.1)
    found = simulate(plan, X, ensemble=40_000, generator=seeded(1)).forward
    exact = fourth_moments(plan, X)
    error = (found**2).std(0) / 200
    assert bool(((found**2).mean(0) - exact).abs().le(4.5 * error + 1e-12).all())


def test_logarithms_are_sums_of_independent_steps_whatever_the_widths():
    """He's start with widths that differ: mean and variance of ln ‖h‖²/k add up, and steps are uncorrelated."""
    widths, count = (3, 8, 5, 9), 40_000
    plan = equal_variances(widths, [2 / k for k in widths[:-1]])
    logs = (simulate(plan, X, ensemble=count, generator=seeded(2)).forward / torch.tensor(widths)).log()
    logs = logs[logs.isfinite().all(1)]
    steps = logs[:, 1:] - logs[:, :-1]
    for step, width in zip(steps.T, widths[1:], strict=True):
        mean, variance = log_step(width)
        assert float(step.mean()) == pytest.approx(mean, abs=4.5 * (variance / count) ** 0.5)
        assert float(step.var()) == pytest.approx(variance, rel=0.05)
    assert float(torch.corrcoef(steps.T).triu(1).abs().max()) < 4.5 / count**0.5


@pytest.mark.parametrize("chunk", [10, 70, 4_000_000])
def test_signals_back_are_derivatives(monkeypatch, chunk):
    """In parts of one network, of two, and all at once; layers are drawn in order, biases after weights."""
    monkeypatch.setattr(signals, "CHUNK", chunk)
    plan = equal_variances((3, 4, 5), 0.5, 0.1)
    many = simulate(plan, X, ensemble=(1, 3), generator=seeded(2))
    assert many.forward.shape == many.backward.shape == (1, 3, 3)
    size, generator = {10: 1, 70: 2}.get(chunk, 3), seeded(2)

    def draw(variances):
        return (
            torch.empty(size, *variances.shape, dtype=torch.float64).normal_(generator=generator)[0] * variances.sqrt()
        )

    h = [X.clone().requires_grad_()]
    for weights, biases in zip(plan.weights, plan.biases, strict=True):
        matrix = draw(weights)
        h.append(torch.relu(h[-1] @ matrix + draw(biases)))
    slopes = torch.autograd.grad(h[-1] @ draw(plan.output), h)
    torch.testing.assert_close(many.forward[0, 0], torch.stack([one.detach().square().sum() for one in h]))
    torch.testing.assert_close(many.backward[0, 0], torch.stack([one.square().sum() for one in slopes]))


def test_ensembles_are_records_and_precision_is_kept():
    plan = equal_variances((3, 4), 0.5)
    one = simulate(plan, X, ensemble=(), generator=seeded(3))
    assert one.shape == ()
    many = simulate(plan, X, ensemble=(2, 3), generator=seeded(3))
    assert many.shape == (2, 3)
    assert many[1] == Signals(many.forward[1], many.backward[1])
    single = simulate(plan.to(torch.float32), X, ensemble=2, generator=seeded(3))
    assert single.forward.dtype == torch.float32


def test_experiments_are_means_and_medians_of_simulations():
    """Defaults as well: no biases, 50 networks with normal weights; 200 for logarithms."""
    ones = torch.ones(6, dtype=torch.float64)
    found = sizes_by_depth(seed=3, width=6, depth=4, growth=1.3)
    plan = equal_variances((6,) * 5, 2 * 1.3 / 6)
    generator = generator_for(3, "signals", 6, 4, 1.3, 0.0, "normal")
    many = simulate(plan, ones, ensemble=50, generator=generator)
    assert found == {"forward": (many.forward.mean(0) / 6).tolist(), "backward": many.backward.mean(0).tolist()}
    logs = log_sizes(seed=3, width=6, depth=4)
    plan = equal_variances((6,) * 5, 2 / 6)
    many = simulate(plan, ones, ensemble=200, generator=generator_for(3, "logarithms", 6, 4)).forward / 6
    assert logs == {"last": many[:, -1].tolist(), "middle": many.median(0).values.tolist()}
    signed = sizes_by_depth(seed=3, width=6, depth=2, growth=1.0, ensemble=1, law="signs")
    assert [18 * size == pytest.approx(round(18 * size)) for size in signed["forward"][:2]] == [True, True]


def test_experiments_measure_what_they_say():
    found = sizes_by_depth(seed=0, width=40, depth=2, growth=1.7, bias=0.6, ensemble=400)
    # ‖h‖²/k doubles its mean with k σ_w² = 2 growth, and half of the bias's variance is added
    assert found["forward"] == pytest.approx([1, 1.7 + 0.3, 1.7 * 2 + 0.3], rel=0.05)
    assert found["backward"][2] == pytest.approx(1, rel=0.05)
    assert found["backward"][0] / found["backward"][2] == pytest.approx(1.7**2, rel=0.1)
    path = erf_path(0.8, 3)
    assert erf_sizes(seed=0, width=2000, depth=3, weight=0.8)["sizes"] == pytest.approx(path.tolist(), rel=0.1)


@pytest.mark.parametrize(
    ("name", "options"), [("law", {"law": "cauchy"}), ("ensemble", {"ensemble": 0}), ("x", {"x": [1.0]})]
)
def test_bad_arguments_are_named(name, options):
    arguments = {"x": X, "ensemble": 1, **options}
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        simulate(equal_variances((3, 4), 0.5), arguments.pop("x"), generator=torch.Generator(), **arguments)


def test_the_long_run_is_stored_with_its_provenance(monkeypatch, tmp_path):
    short, asked = {"width": 4, "depth": 2, "growth": 1.0, "bias": 0.1, "ensemble": 2}, {}
    monkeypatch.setattr(signals, "settings", lambda **over: asked.update(over) or [short])
    signals.store(tmp_path / "sizes.json")
    results, provenance = load(tmp_path / "sizes.json")
    assert asked == {"width": [100], "depth": [50], "growth": [0.8, 1.0, 1.25], "bias": [0.1], "ensemble": [100]}
    assert [result["seed"] for result in results] == provenance.seeds == list(range(10))
    assert provenance.command == "python -m lecturelib.kernels.initialization.signals"
    whole = sizes_by_depth(seed=9, **short)
    for name in ("forward", "backward"):
        assert results[9][name] == [float(f"{value:.6g}") for value in whole[name]]
