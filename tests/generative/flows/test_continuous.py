"""Continuous flows: by hand, against autograd, closed forms and a peer's stored numbers; ensembles; hard inputs."""

import json
import math
from pathlib import Path

import pytest
import torch

from lecturelib.generative import (
    ContinuousFlow,
    likelihood_gradient,
    log_density,
    push,
    random_continuous_flow,
    sample,
)
from lecturelib.generative.flows.continuous import CHUNK, log_normal
from lecturelib.generative.flows.fields import evaluate, exact_probes, random_probes

PEER = Path(__file__).with_name("torchdiffeq.json")
SHAPES = [([2, 8], (), {}), ([2, 7, 6], (3,), {}), ([3, 5, 4, 6], (), {"trace": "exact"}),
          ([3, 6], (2,), {"trace": "hutchinson", "probes": 2}), ([4, 5, 3], (), {"trace": "hutchinson"})]  # fmt: skip


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def flow_of(sizes, ensemble=(), time=0.8):
    shapes = [(after, before) for before, after in zip(sizes, [*sizes[1:], sizes[0]], strict=True)]
    weights = tuple(normal(k, *ensemble, *shape) / math.sqrt(shape[1]) for k, shape in enumerate(shapes))
    biases, rates = (tuple(0.4 * normal(k + s, *ensemble, n) for k, (n, _) in enumerate(shapes)) for s in (10, 20))
    return ContinuousFlow(weights, biases, rates, time)


def signs(options):
    return options | {"generator": torch.Generator().manual_seed(5)}


def vector(flow, ensemble=()):
    return torch.cat([one.reshape(*ensemble, -1) for one in flow.parameters], -1)


def test_growth_at_one_rate_by_hand():
    # nearly f = z: points grow by e^T, areas by e^2T
    small = torch.eye(2, dtype=torch.float64) * 1e-4
    zero = torch.zeros(2, dtype=torch.float64)
    flow = ContinuousFlow((small, torch.eye(2) * 1e4), (zero, zero), (zero, zero), 0.5)
    z = normal(0, 4, 2)
    found = push(flow, z)
    torch.testing.assert_close(found.points, math.exp(0.5) * z, rtol=1e-5, atol=0)
    torch.testing.assert_close(found.log_det, torch.ones(4).double(), rtol=1e-5, atol=0)
    expected = log_normal(z) - 1
    torch.testing.assert_close(log_density(flow, found.points), expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize(("sizes", "ensemble", "options"), SHAPES)
def test_field_and_trace_are_those_of_autograd(sizes, ensemble, options):
    flow = flow_of(sizes, ensemble)
    z = normal(1, *ensemble, 3, sizes[0])
    f, trace, _ = evaluate(flow, z, 0.3, exact_probes(z))
    torch.testing.assert_close(f, flow(z, 0.3))
    jacobian = torch.autograd.functional.jacobian(lambda z: flow(z, 0.3).sum(-2), z)
    rows = torch.diagonal(jacobian.reshape(*ensemble, sizes[0], *z.shape), dim1=-3, dim2=-1) if not ensemble else None
    if rows is not None:
        torch.testing.assert_close(trace, rows.sum(-1))
    if len(sizes) == 2:
        torch.testing.assert_close(evaluate(flow, z, 0.3, "closed")[1], trace)


@pytest.mark.parametrize(("sizes", "ensemble", "options"), SHAPES)
def test_the_direct_gradient_is_autograds(sizes, ensemble, options):
    flow, x = flow_of(sizes, ensemble), normal(2, *ensemble, 5, sizes[0])
    found = likelihood_gradient(flow, x, steps=3, **signs(options))
    numbers = [one.clone().requires_grad_() for one in flow.parameters]
    n = len(flow.weights)
    same = ContinuousFlow(tuple(numbers[:n]), tuple(numbers[n : 2 * n]), tuple(numbers[2 * n :]), flow.time)
    loss = -log_density(same, x, steps=3, **signs(options)).mean(-1)
    torch.testing.assert_close(found.loss, loss.detach())
    for one, expected in zip(found.gradient.parameters, torch.autograd.grad(loss.sum(), numbers), strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("sizes", "ensemble", "options"), SHAPES)
def test_the_adjoint_tends_to_the_direct_gradient_as_the_fourth_power_of_the_step(sizes, ensemble, options):
    flow, x = flow_of(sizes, ensemble), normal(3, *ensemble, 4, sizes[0])
    off = []
    for steps in (6, 12):
        both = [
            likelihood_gradient(flow, x, method=way, steps=steps, **signs(options)) for way in ("direct", "adjoint")
        ]
        off.append(float((vector(both[0].gradient) - vector(both[1].gradient)).abs().max()))
        assert both[0].kept > 0
        assert both[1].kept == 0
    assert 8 < off[0] / off[1] < 80  # of fourth or fifth order


def test_loss_and_gradient_are_those_of_torchdiffeq():
    stored = json.loads(PEER.read_text())
    groups = (tuple(map(torch.tensor, group)) for group in stored["numbers"])
    flow = ContinuousFlow(*groups, stored["time"]).to(torch.float64)
    for method in ("direct", "adjoint"):
        found = likelihood_gradient(flow, stored["x"], method=method, steps=60)
        assert float(found.loss) == pytest.approx(stored["loss"], abs=1e-8)
        expected = torch.tensor(stored["gradient"], dtype=torch.float64)
        torch.testing.assert_close(vector(found.gradient), expected, rtol=1e-6, atol=1e-8)


def test_there_and_back():
    flow = flow_of([2, 9, 9])
    z = normal(4, CHUNK + 3, 2)  # more than travel together
    there = push(flow, z, steps=80)
    back = push(flow, there.points, inverse=True, steps=80)
    torch.testing.assert_close(back.points, z, rtol=0, atol=1e-8)
    torch.testing.assert_close(back.log_det, -there.log_det, rtol=0, atol=1e-7)
    torch.testing.assert_close(
        log_density(flow, there.points, steps=80), log_normal(z) - there.log_det, atol=1e-7, rtol=0
    )


def test_a_density_has_mass_one_and_samples_follow_it():
    flow = flow_of([2, 6], time=0.6)
    line = torch.linspace(-9, 9, 181, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    density = log_density(flow, grid, steps=12).exp() * 0.01
    assert float(density.sum()) == pytest.approx(1, abs=1e-5)
    drawn = sample(flow, 40_000, generator=torch.Generator().manual_seed(6), steps=12)
    mean = (density[:, None] * grid).sum(0)
    assert bool(((drawn.mean(0) - mean).abs() < 5 * drawn.std(0) / 200).all())
    share = density[grid[:, 0] < -0.04].sum()  # cells up to -0.05
    assert float((drawn[:, 0] < -0.05).double().mean()) == pytest.approx(float(share), abs=0.02)


def test_hutchinson_has_the_exact_mean():
    flow, z = flow_of([3, 6, 5]), normal(7, 2, 3)
    draw = torch.Generator().manual_seed(8)
    exact = evaluate(flow, z, 0.1, exact_probes(z))[1]
    each = torch.stack([evaluate(flow, z, 0.1, random_probes(z, 1, draw))[1] for _ in range(4000)])
    assert bool(((each.mean(0) - exact).abs() < 5 * each.std(0) / math.sqrt(4000)).all())
    many = evaluate(flow, z, 0.1, random_probes(z, 4000, draw))[1]
    assert bool(((many - exact).abs() < 5 * each.std(0) / math.sqrt(4000)).all())


def test_memory_grows_with_the_steps_and_not_with_the_chunks():
    flow = flow_of([2, 8])
    kept = [likelihood_gradient(flow, normal(9, n, 2), steps=k).kept for n, k in ((50, 3), (50, 6), (3 * CHUNK, 3))]
    assert kept[1] == 2 * kept[0]
    assert kept[2] == likelihood_gradient(flow, normal(9, CHUNK, 2), steps=3).kept


def test_what_does_not_fit_is_refused():
    flow = flow_of([3, 4])
    with pytest.raises(ValueError, match="^generator: expected a torch.Generator"):
        log_density(flow, normal(0, 2, 3))
    with pytest.raises(ValueError, match="^x: expected shape"):
        likelihood_gradient(flow, normal(0, 2, 2))
    with pytest.raises(ValueError, match="^z: expected an ensemble"):
        push(flow_of([2, 3], (4,)), normal(0, 3, 5, 2))
    with pytest.raises(ValueError, match="^x: expected shape"):
        likelihood_gradient(flow_of([2, 3]), normal(0, 3, 5, 2))
    with pytest.raises(ValueError, match="^weights: expected two or more"):
        ContinuousFlow([[[1.0]]], [[0.0]], [[0.0]])
    with pytest.raises(ValueError, match="^biases: expected shapes"):
        ContinuousFlow([[[1.0]], [[1.0]]], [[0.0], [0.0, 0.0]], [[0.0], [0.0]])
    with pytest.raises(ValueError, match="^weights\\[1\\]: expected shape"):
        ContinuousFlow(
            (normal(0, 2, 3, 1), normal(1, 1, 3)), (normal(2, 2, 3), normal(3, 1)), (normal(2, 2, 3), normal(3, 1))
        )


def test_a_start_is_the_identity():
    flow = random_continuous_flow([2, 5, 5], generator=torch.Generator().manual_seed(0), ensemble=(2,))
    z = normal(0, 3, 2)
    found = push(flow, z)
    torch.testing.assert_close(found.points, z.expand(2, 3, 2))
    assert float(found.log_det.abs().max()) == 0
