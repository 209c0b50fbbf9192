"""The explorer of spectral bias as Python has it; the browser's numerics are tested beside its modules."""

import json
import math

import pytest
import torch

from lecturelib.core.display import BUILDING, EXPLORER_MIME
from lecturelib.kernels import WideNetwork, train_wide
from lecturelib.kernels.spectral_bias.explorer import (
    FREQUENCIES,
    MOMENTS,
    PLACES,
    SIZE,
    ModesExplorer,
    coefficients,
    nearest,
    schedule,
    wave_sum,
)
from lecturelib.kernels.spectral_bias.modes import fourier_rates
from lecturelib.kernels.tangent_kernel.widths import circle
from tests.kernels.spectral_bias.browser.make_numbers import NUMBERS, numbers


def assert_same(stored, now) -> None:
    """Nested lists and mappings of numbers, equal but for rounding."""
    if isinstance(stored, dict):
        assert stored.keys() == now.keys()
        for key, value in stored.items():
            assert_same(value, now[key])
    elif isinstance(stored, list) and stored and not isinstance(stored[0], int | float):
        for one, other in zip(stored, now, strict=True):
            assert_same(one, other)
    elif isinstance(stored, str):
        assert stored == now
    else:
        torch.testing.assert_close(torch.tensor(stored), torch.tensor(now), rtol=1e-10, atol=1e-7)


def test_the_stored_numbers_are_those_of_the_library():
    assert_same(json.loads(NUMBERS.read_text()), json.loads(json.dumps(numbers())))


def test_what_the_browser_offers_becomes_a_network():
    explorer = ModesExplorer()
    for name in ("network", "time", "steps", "shares"):
        with pytest.raises(RuntimeError, match="show the explorer in a notebook"):
            getattr(explorer, name)
    layer = {"activation": "erf", "bias": 0.25, "w": [1.0, 2.0, 3.0, 4.0], "b": [0.5, 0.0], "v": [5.0, -6.0], "c": 2.0}
    explorer.found = {**layer, "steps": 7, "time": 0.3, "shares": [[2, 0.5, 0.625]]}
    assert isinstance(explorer.network, WideNetwork)
    x = torch.tensor([1.0, -1.0], dtype=torch.float64)
    hidden = [math.erf(1 - 2 + 0.25 * 0.5), math.erf(3 - 4)]
    assert explorer.network(x[None]).item() == pytest.approx(5 * hidden[0] - 6 * hidden[1] + 0.25 * 2, abs=1e-14)
    assert (explorer.time, explorer.steps, explorer.shares) == (0.3, 7, {2: (0.5, 0.625)})
    explorer.found = {**explorer.found, "bias": 0}  # as a browser sends it
    assert isinstance(explorer.network.bias_scale, float)


def test_waves_and_their_coefficients():
    y = wave_sum({2: 0.5, 5: -1.0}, SIZE)
    assert float(y[1]) == pytest.approx(0.5 * math.sin(math.pi / 6) - math.sin(5 * math.pi / 12))
    torch.testing.assert_close(coefficients(y, range(1, 12))[[1, 4, 2]], torch.tensor([0.5, -1.0, 0.0]).double())
    assert wave_sum({}, 4).tolist() == [0.0] * 4


def test_the_schedule_leads_from_moment_to_moment_and_is_stable():
    explorer = ModesExplorer(width=16)
    start, time = explorer.start(), 0.0
    largest = float(torch.linalg.eigvalsh(by_differentiation(start)).max())
    for moment, (steps, rate) in zip(MOMENTS[1:], schedule(start), strict=True):
        time += steps * rate
        assert steps >= 2
        assert rate <= 1 / largest
        assert time == pytest.approx(moment)


def by_differentiation(network: WideNetwork) -> torch.Tensor:
    """The kernel of a network by automatic differentiation."""
    parts = [part.clone().requires_grad_() for part in (*network.weights, *network.biases)]
    copy = WideNetwork(tuple(parts[:2]), tuple(parts[2:]), network.activation, network.weight_scale, network.bias_scale)
    rows = [
        torch.cat([g.flatten() for g in torch.autograd.grad(f, parts, retain_graph=True)])
        for f in copy(circle(SIZE)[0])
    ]
    return torch.stack(rows) @ torch.stack(rows).T


def test_moments():
    assert MOMENTS[0] == 0
    assert MOMENTS[-1] == pytest.approx(100)
    assert [nearest(float(f"{time:.3g}")) for time in MOMENTS] == list(range(len(MOMENTS)))


@pytest.mark.parametrize("start", ["zero", "random"])
def test_training_is_that_of_the_library(start):
    explorer = ModesExplorer(width=8, start=start, time=MOMENTS[3], a8=0)
    begin, x = explorer.start(), circle(SIZE)[0]
    end = explorer.train(begin)
    network = begin
    for steps, rate in schedule(begin)[:3]:
        network = train_wide(network, x, explorer.targets(begin), learning_rate=rate, steps=steps, record_at=[0]).final
    assert torch.equal(end(x), network(x))
    assert explorer.amplitudes == dict.fromkeys((1, 2, 3, 4, 5), 0.5)
    gap = explorer.targets(begin) - wave_sum(explorer.amplitudes, SIZE)
    torch.testing.assert_close(gap, begin(x) if start == "zero" else torch.zeros_like(gap))


def shares(explorer: ModesExplorer) -> dict[int, float]:
    """What the forecast has of each frequency of the target."""
    found = coefficients(explorer.forecast(SIZE).mean[0], FREQUENCIES)
    return {
        k: float(one) / explorer.amplitudes[k]
        for k, one in zip(FREQUENCIES, found, strict=True)
        if k in explorer.amplitudes
    }


def test_what_the_chapter_says_of_the_explorer():
    explorer = ModesExplorer()
    first = shares(explorer)
    assert list(first.values()) == sorted(first.values(), reverse=True)
    explorer.use("low-first")
    low = list(shares(explorer).values())
    assert low == sorted(low, reverse=True)
    rates = SIZE * fourier_rates("relu", SIZE, 0.5)
    assert 0.8 < rates[4] / rates[3] < 1  # "almost together"
    explorer.use("parity")
    parity = shares(explorer)
    assert max(parity[3], parity[5]) < 1e-9
    assert parity[8] > 0.999
    explorer.use("smooth")
    smooth = shares(explorer)
    explorer.state = {"activation": "relu"}
    rough = shares(explorer)
    assert smooth[8] < 0.6 * rough[8]
    early = shares(ModesExplorer(activation="erf", time=0.3))
    assert early[3] > early[2] > early[4]
    odd = fourier_rates("erf", SIZE, 0.0)
    assert max(odd[0:9:2]) < 1e-12 < min(odd[1:9:2])  # without biases no even frequency ever comes


def test_without_biases_a_trained_network_has_nothing_of_the_odd_frequencies():
    explorer = ModesExplorer()
    explorer.use("parity")
    start = explorer.start()
    values = explorer.train(start)(circle(SIZE)[0]) - start(circle(SIZE)[0])
    found = coefficients(values, FREQUENCIES) / 0.5
    assert found[[2, 4]].abs().max() < 1e-10
    assert (found[[0, 1, 3, 5]] > 0.9).all()


@pytest.mark.parametrize("preset", ["low-first", "narrow", "smooth", "starts"])
def test_presets_have_stills(preset):
    explorer = ModesExplorer()
    explorer.use(preset)
    explorer.state = {"width": min(64, explorer.state["width"])}
    _, alt = explorer.draw()
    assert f"At time {explorer.state['time']:g}" in alt
    assert f"by frequency: 1: {shares(explorer)[1]:.0%} and" in alt


def test_in_a_book_it_carries_all_that_a_page_needs(monkeypatch):
    monkeypatch.setenv(BUILDING, "1")
    data, _ = ModesExplorer("modes", width=8)._repr_mimebundle_()
    content = json.loads(data[EXPLORER_MIME])
    assert content["spec"]["first"]["width"] == 8
    assert content["module"] == "kernels/spectral_bias/browser/face.js"
    assert PLACES % SIZE == 0
