"""Exact training against automatic differentiation, on the cores and in torch."""

import io
import math
import re

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lecturelib.splines import Network, descend, gradient
from lecturelib.splines.training.prefix_sums import find_rows, prepare, sharpness
from tests.splines.training.loops import (
    FIELDS,
    by_autograd,
    distance,
    gentle_rate,
    optimizers,
    random_network,
    run,
    tensor,
    ways,
)

pytestmark = pytest.mark.usefixtures("one_thread")
fuzzed = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

# Few distinct values, so that points repeat and breakpoints lie on them exactly; no two of them nearly equal.
grid = st.integers(-8, 8).map(lambda k: k / 4)


@st.composite
def problems(draw):
    width, size = draw(st.integers(1, 12)), draw(st.integers(1, 15))
    few = st.lists(grid, min_size=width, max_size=width).map(tensor)
    network = Network(draw(few), draw(few), draw(few), tensor(draw(grid)))
    many = st.lists(grid, min_size=size, max_size=size).map(tensor)
    return network, draw(many), draw(many)


@fuzzed
@given(problems())
def test_gradient_is_that_of_autograd(problem):
    network, x, y = problem
    parameters = [getattr(network, name).clone().requires_grad_() for name in FIELDS]
    w, b, v, b0 = parameters
    expected = 0.5 * (torch.relu(w * x[:, None] + b) @ v + b0 - y).square().sum()
    expected.backward()
    loss, slopes = gradient(network, x, y)
    expected = expected.detach()
    assert float((loss - expected).abs()) <= 1e-12 * (1 + float(expected))
    assert distance(slopes, Network(*(p.grad for p in parameters))) <= 1e-11 * (1 + float(expected))


@optimizers
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("width", "size"), [(1, 1), (1, 12), (12, 1), (7, 9), (40, 50)])
def test_1000_steps_are_those_of_autograd(width, size, seed, optimizer):
    network = random_network(width, seed=seed)
    generator = torch.Generator().manual_seed(100 + seed)
    x = torch.randn(size, generator=generator, dtype=torch.float64)
    x[size // 2 :] = x[: size - size // 2].round(decimals=1)  # unsorted, some repeated
    y = torch.sin(3 * x) + 0.1 * torch.randn(size, generator=generator, dtype=torch.float64)
    rate = gentle_rate(network, x, y, optimizer)
    expected = by_autograd(network, x, y, steps=1000, rate=rate, optimizer=optimizer)
    mine = descend(network, x, y, steps=1000, learning_rate=rate, optimizer=optimizer)
    assert distance(mine.final, expected) <= 1e-9


@optimizers
@settings(fuzzed, max_examples=12)
@given(problem=problems())
def test_fuzzed_steps_are_those_of_autograd(problem, optimizer):
    network, x, y = problem
    rate = gentle_rate(network, x, y, optimizer)
    expected = by_autograd(network, x, y, steps=100, rate=rate, optimizer=optimizer)
    for way in ("cores", "torch"):
        mine = run(way, network, x, y, steps=100, learning_rate=rate, optimizer=optimizer)
        assert distance(mine.final, expected) <= 1e-9


@optimizers
@settings(fuzzed, max_examples=5)
@given(width=st.integers(1, 80), size=st.integers(1, 80), seed=st.integers(0, 999))
def test_1000_steps_of_any_size_are_those_of_autograd(optimizer, width, size, seed):
    """Where rounding errors do not grow: with Adam at 0.01 autograd and autograd on reordered data drift apart too."""
    network, generator = random_network(width, seed=seed), torch.Generator().manual_seed(seed + 1000)
    x = torch.randn(size, generator=generator, dtype=torch.float64)
    x[: size // 3] = x[torch.randint(size, (size // 3,), generator=generator)]  # unsorted, some repeated
    y = torch.sin(3 * x) + 0.3 * torch.randn(size, generator=generator, dtype=torch.float64)
    rate = 1e-3 if optimizer == "adam" else gentle_rate(network, x, y, optimizer)
    expected = by_autograd(network, x, y, steps=1000, rate=rate, optimizer=optimizer)
    mine = descend(network, x, y, steps=1000, learning_rate=rate, optimizer=optimizer)
    assert distance(mine.final, expected) <= 1e-9


@ways
@optimizers
def test_breakpoints_cross_data_neurons_die_and_weights_change_sign(optimizer, way):
    network = random_network(20, seed=3)
    network = Network(0.05 * network.w, network.b, network.v, network.b0)
    x = torch.linspace(-2, 2, 30, dtype=torch.float64)
    y = torch.sin(4 * x)
    rate = {"gd": 4e-3, "momentum": 1e-3, "adam": 0.02}[optimizer]
    mine = run(way, network, x, y, steps=400, learning_rate=rate, optimizer=optimizer, record_every=20)
    active = mine.networks.w[..., None] * x + mine.networks.b[..., None] > 0  # (R, H, N)
    assert bool((active[0] != active[-1]).any()), "no breakpoint crossed a point"
    assert bool((mine.networks.w[0] * mine.final.w < 0).any()), "no weight changed sign"
    expected = by_autograd(network, x, y, steps=400, rate=rate, optimizer=optimizer)
    assert distance(mine.final, expected) <= 1e-9


@ways
@optimizers
def test_a_dead_neuron_stays_as_it_is(optimizer, way):
    w, b = tensor([1.0, -1.0, 0.0, 0.0, 1.0]), tensor([-9.0, -9.0, -1.0, 0.0, 0.0])
    network = Network(w, b, torch.ones_like(w), tensor(0.0))
    x, y = tensor([-1.0, 0.5, 2.0]), tensor([1.0, -1.0, 3.0])
    final = run(way, network, x, y, steps=50, learning_rate=0.01, optimizer=optimizer).final
    for name in ("w", "b", "v"):
        assert torch.equal(getattr(final, name)[:4], getattr(network, name)[:4])
    assert float(final.w[4]) != 1.0


@ways
@optimizers
def test_a_neuron_with_w_0_trains(optimizer, way):
    network = Network(tensor([0.0, 0.0, -0.0]), tensor([1.0, 0.5, 0.25]), tensor([0.0, 1.0, 0.5]), tensor(0.1))
    x, y = tensor([-1.0, 0.5, 2.0, 0.5]), tensor([1.0, -1.0, 3.0, 0.0])
    final = run(way, network, x, y, steps=300, learning_rate=0.01, optimizer=optimizer).final
    assert distance(final, by_autograd(network, x, y, steps=300, rate=0.01, optimizer=optimizer)) <= 1e-9


@fuzzed
@given(st.lists(st.floats(-4, 4), min_size=1, max_size=20), st.floats(-2, 2), st.integers(0, 19), st.integers(-2, 2))
def test_activity_is_the_sign_that_relu_sees(points, w, nearest, nudges):
    """Breakpoints within a few roundings of a point, where −b/w is no guide."""
    x = tensor(points)
    b = -tensor(w) * x[nearest % len(points)]
    for _ in range(abs(nudges)):
        b = torch.nextafter(b, tensor(math.copysign(math.inf, nudges)))
    network = Network(tensor([w]), b[None], tensor([1.0]), tensor(0.0))
    parameters, data = prepare(network, x, torch.zeros_like(x))
    row, size = int(find_rows(parameters.w, parameters.b, data)), x.numel()
    active = torch.arange(size) >= row if row <= size else torch.arange(size) < row - size - 1
    assert torch.equal(active, torch.relu(w * data.x + b) > 0)
    final = descend(network, x, torch.zeros_like(x), steps=1, learning_rate=0.1).final
    assert distance(final, by_autograd(network, x, 0 * x, steps=1, rate=0.1, optimizer="gd")) <= 1e-12


@ways
def test_divergence_stops(way):
    network, x = random_network(30), torch.linspace(-2, 2, 20, dtype=torch.float64)
    lost = run(way, network, x, torch.sin(x), steps=1000, learning_rate=1.0, record_every=2)
    assert lost.diverged
    assert lost.steps.tolist() == list(range(0, 2 * len(lost.steps), 2))
    assert len(lost.losses) == len(lost.networks.w) == len(lost.steps) < 501
    assert bool(torch.isfinite(lost.losses).all())
    assert "diverged at step" in lost.reason


@optimizers
@ways
@pytest.mark.parametrize("steps", [200, 3000])
def test_the_rate_that_divergence_advises_is_good(way, optimizer, steps):
    x, y = torch.linspace(-2, 2, 20, dtype=torch.float64), tensor([[1.0], [10.0]]) * torch.linspace(-1, 1, 20)
    for seed in range(4):
        network = random_network(2, 15, seed=seed)
        options = {"steps": steps, "optimizer": optimizer}
        lost = run(way, network, x, y, learning_rate=tensor([1e-5, 1e9]), **options)
        told = re.search(r" in network \(1,\): learning rate 1e\+09 .*; with (\S+) the first (\S+) steps", lost.reason)
        advised, tried = float(told[1]), int(told[2].replace(",", ""))
        assert tried == min(steps, 1000)
        one = Network(*(getattr(network, name)[1] for name in FIELDS))
        again = descend(one, x, y[1], learning_rate=advised, **{**options, "steps": tried})
        assert not again.diverged
        assert again.losses[-1] < again.losses[0]
        # and it is not needlessly small
        assert advised > (1e-3 if optimizer == "adam" else 0.05 * gentle_rate(one, x, y[1], optimizer))


@ways
def test_divergence_names_the_step(way):
    """The first step after which the loss exceeds 10¹² times that of f = 0; also where it is the last step."""
    network, x, y = Network(tensor([1.0]), tensor([0.0]), tensor([1.0]), tensor(0.0)), tensor([1.0]), tensor([3.0])
    lost = run(way, network, x, y, steps=50, learning_rate=10.0, record_every=1)
    free, losses = network, []
    for _ in range(len(lost.steps) + 1):
        losses.append(float(0.5 * (free(x) - y).square().sum()))
        free = by_autograd(free, x, y, steps=1, rate=10.0, optimizer="gd")
    first = next(step for step, loss in enumerate(losses) if loss > 1e12 * 4.5)  # 4.5 is the loss of f = 0
    assert f"diverged at step {first}:" in lost.reason
    assert lost.steps.tolist() == list(range(first))
    assert lost.losses.tolist() == pytest.approx(losses[:first])
    last = run(way, network, x, y, steps=first, learning_rate=10.0)
    assert last.diverged
    assert last.steps.tolist() == [0]
    assert not run(way, network, x, y, steps=first - 1, learning_rate=10.0).diverged


@pytest.mark.parametrize(("optimizer", "edge"), [("gd", 2.0), ("momentum", 3.8)])
def test_no_rate_beyond_the_edge_of_stability_is_advised(optimizer, edge):
    network, x = random_network(30), torch.linspace(-2, 2, 20, dtype=torch.float64)
    lost = descend(network, x, torch.sin(x), steps=1000, learning_rate=1.0, optimizer=optimizer)
    advised = float(re.search(r"; with (\S+) the first", lost.reason)[1])
    assert advised <= 1.05 * edge / float(sharpness(*prepare(network, x, x)))  # said in two digits


def test_adam_is_advised_no_step_longer_than_its_parameters():
    network, x = random_network(3), torch.linspace(-2, 2, 20, dtype=torch.float64)
    lost = descend(network, x, torch.sin(x), steps=10, learning_rate=1e6, optimizer="adam")
    assert "learning rate 1e+06 is too large for adam; with " in lost.reason
    largest = max(float(getattr(network, name).abs().max()) for name in FIELDS)
    assert float(re.search(r"; with (\S+) the first 10 steps", lost.reason)[1]) <= 1.05 * largest


def test_a_batch_of_all_data_is_plain_descent():
    network, x = random_network(5), torch.linspace(-2, 2, 7, dtype=torch.float64)
    whole = descend(network, x, torch.sin(x), steps=20, learning_rate=0.01)
    batches = descend(
        network, x, torch.sin(x), steps=20, learning_rate=0.01, batch=7, generator=torch.Generator().manual_seed(0)
    )
    assert distance(whole.final, batches.final) <= 1e-12


def test_the_last_of_the_recorded_networks_is_the_final_one():
    network, x = random_network(5), torch.linspace(-2, 2, 7, dtype=torch.float64)
    run = descend(network, x, torch.sin(x), steps=5, learning_rate=0.01, record_every=2)
    assert run.steps.tolist() == [0, 2, 4, 5]
    assert torch.equal(run.final.w, run.networks.w[3])
    assert torch.equal(run.final.b0, run.networks.b0[3])
    assert float(run.losses[3]) == pytest.approx(float(0.5 * (run.final(x) - torch.sin(x)).square().sum()))
    assert distance(run.final, by_autograd(network, x, torch.sin(x), steps=5, rate=0.01, optimizer="gd")) <= 1e-12


def test_divergence_names_the_network():
    network, x = random_network(2, 2, 5), torch.linspace(-2, 2, 20, dtype=torch.float64)
    rates = tensor([[1e-3, 1e-3], [5.0, 1e-3]])
    lost = descend(network, x, x, steps=500, learning_rate=rates, optimizer="momentum", record_every=1)
    assert "network (1, 0)" in lost.reason
    both = descend(network, x, x, steps=500, learning_rate=[[1e-3, 1e-3], [1e-3, 50.0]], record_every=1)
    later = descend(network, x, x, steps=500, learning_rate=[[1e-3, 0.3], [1e-3, 1e-3]], record_every=1)
    assert len(later.steps) > len(both.steps)
    rates = [[1e-3, 0.3], [1e-3, 50.0]]  # two are lost, and the first of them ends the run
    assert descend(network, x, x, steps=500, learning_rate=rates, record_every=1).reason == both.reason
    assert "network (1, 1)" in both.reason
    assert lost.losses.shape == (len(lost.steps), 2, 2)


def test_sharpness_is_the_largest_eigenvalue():
    network, x = random_network(12), torch.linspace(-2, 2, 15, dtype=torch.float64)
    active = torch.relu(network.w[:, None] * x + network.b[:, None])  # (H, N)
    gate = (active > 0).double() * network.v[:, None]
    jacobian = torch.cat([gate * x, gate, active, torch.ones(1, 15)])
    expected = float(torch.linalg.eigvalsh(jacobian @ jacobian.T)[-1])
    assert float(sharpness(*prepare(network, x, x))) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [0.0, math.nan]}, "x: expected real numbers, all finite"),
        ({"y": [0.0, math.inf]}, "y: expected real numbers, all finite"),
        ({"x": [], "y": []}, "^x: expected shape .* with at least one number"),
        ({"x": [[0.0, 1.0]]}, "x: expected shape"),
        ({"y": [0.0, 1.0, 2.0]}, "y: expected shape"),
        ({"y": 1.0}, "y: expected shape"),
        ({"y": [[0.0, 1.0], [0.0, 1.0]]}, "y: expected a number or a shape that broadcasts"),
        ({"network": random_network(2, 4), "y": torch.zeros(3, 2)}, "y: expected a number or a shape that broadcasts"),
        (
            {"network": Network(torch.zeros(0), torch.zeros(0), torch.zeros(0), tensor(0.0))},
            "network: expected .* with at least one number",
        ),
        (
            {"network": Network(tensor([1e200]), tensor([0.0]), tensor([1e200]), tensor(0.0))},
            "network: expected a finite",
        ),
        (  # one of two in an ensemble
            {"network": Network(tensor([[1.0], [1e200]]), torch.zeros(2, 1), tensor([[1.0], [1e200]]), torch.zeros(2))},
            "network: expected a finite",
        ),
        ({"steps": 0}, "steps: expected an integer, at least 1"),
        ({"steps": 2.5}, "steps: expected an integer, at least 1"),
        ({"steps": True}, "steps: expected an integer, at least 1"),
        ({"learning_rate": 0.0}, "learning_rate: expected positive numbers"),
        ({"learning_rate": -1.0}, "learning_rate: expected positive numbers"),
        ({"learning_rate": math.nan}, "learning_rate: expected positive numbers, all finite"),
        ({"learning_rate": [0.1, 0.2]}, "learning_rate: expected a number or"),
        ({"optimizer": "sgd"}, "optimizer: expected one of 'gd', 'momentum', 'adam'"),
        ({"record_every": 0}, "record_every: expected an integer, at least 1"),
        ({"batch": 0, "generator": torch.Generator()}, "batch: expected an integer, at least 1"),
        ({"batch": 3, "generator": torch.Generator()}, "batch: expected at most the 2"),
        ({"batch": 1}, "generator: expected a torch.Generator"),
    ],
)
def test_errors_name_the_argument(change, message):
    arguments = {
        "network": random_network(4),
        "x": [0.0, 1.0],
        "y": [0.0, 1.0],
        "steps": 3,
        "learning_rate": 0.1,
        **change,
    }
    with pytest.raises((ValueError, TypeError), match=message):
        descend(arguments.pop("network"), arguments.pop("x"), arguments.pop("y"), **arguments)
    if not set(change) - {"x", "y"}:
        with pytest.raises((ValueError, TypeError), match=message):
            gradient(random_network(4), change.get("x", [0.0, 1.0]), change.get("y", [0.0, 1.0]))


@pytest.mark.parametrize("large", [1e153, 1e200])
def test_losses_too_large_to_follow_are_refused(large):
    network = random_network(4)
    for x, y in (([1.0, 2.0], [large, 1.0]), ([large, 2.0], [1.0, 1.0])):
        with pytest.raises(ValueError, match="^network: expected a (finite loss|loss below 1e296)"):
            descend(network, x, y, steps=3, learning_rate=0.1)
    with pytest.raises(ValueError, match="^network: expected a finite loss, but"):
        gradient(network, [1.0], [1e200])


def test_where_no_smaller_rate_does_none_is_advised(monkeypatch):
    monkeypatch.setattr("lecturelib.splines.training.descend._HALVINGS", 0)
    network, x = random_network(5), torch.linspace(-2, 2, 7, dtype=torch.float64)
    lost = descend(network, x, 100 * x, steps=500, learning_rate=1e9, optimizer="adam")
    assert lost.reason.endswith("learning rate 1e+09 is too large for adam; no smaller one was found to do")


def test_a_trajectory_is_a_record():
    network, x = random_network(3, 5), torch.linspace(-2, 2, 7, dtype=torch.float64)
    options = {"steps": 5, "learning_rate": 0.01, "record_every": 2}
    run = descend(network, x, torch.sin(x), **options)
    assert run == descend(network, x, torch.sin(x), **options)
    assert run != descend(network, x, torch.sin(x), **options | {"learning_rate": 0.02})
    assert run.to(torch.float32).networks.w.dtype == run.to(torch.float32).losses.dtype == torch.float32
    assert run.to(torch.float32).steps.dtype == torch.int64
    assert run.final == run.networks[3]
    file = io.BytesIO()
    torch.save(run, file)
    file.seek(0)
    assert torch.load(file) == run


def test_gradients_of_an_ensemble_in_its_precision():
    network, x = random_network(2, 3, 5), torch.linspace(-2, 2, 7, dtype=torch.float64)
    y = torch.stack([torch.sin(x), x, x.square()])  # for the three
    loss, slopes = gradient(network, x, y)
    assert loss.shape == slopes.shape == (2, 3)
    one_loss, one = gradient(network[1, 2], x, y[2])
    assert float(loss[1, 2]) == pytest.approx(float(one_loss))
    assert distance(slopes[1, 2], one) <= 1e-12
    single_loss, single = gradient(network.to(torch.float32), x, y)
    assert single.dtype == single_loss.dtype == torch.float32
    torch.testing.assert_close(single.w.double(), slopes.w, rtol=1e-4, atol=1e-4)


def test_adam_amplifies_gradients_that_are_only_rounding():
    """Where the fit is perfect no two ways of adding agree, since Adam makes full steps of what is left."""
    network, x = random_network(10, seed=5), torch.linspace(-2, 2, 12, dtype=torch.float64)
    options = {"steps": 300, "optimizer": "adam"}
    perfect = descend(network, x, network(x), learning_rate=0.01, **options)
    assert distance(perfect.final, by_autograd(network, x, network(x), rate=0.01, **options)) > 1e-9
    gd = descend(network, x, network(x), learning_rate=0.01, steps=300)
    assert distance(gd.final, network) <= 1e-12
