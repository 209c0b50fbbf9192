"""Networks and splines: a case worked by hand, ensembles, hard inputs, and errors that name the argument."""

import io
from collections import OrderedDict

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from lecturelib.splines import (
    Network,
    Pieces,
    Spikes,
    Spline,
    balance,
    flip,
    pieces,
    rescale,
    same_function,
    spikes,
    to_network,
    to_spline,
)
from lecturelib.splines.breakpoints.checks_bends import disguise
from lecturelib.splines.breakpoints.checks_problems import network

# (x − 1)₊ · 2 and (−2x + 1)₊ · 3 and 1: bends at 1 (up by 2) and at ½ (up by 6), slope −6 on the far left
HAND = Network(w=[1.0, -2.0], b=[-1.0, 1.0], v=[2.0, 3.0], b0=1.0)
X = torch.linspace(-5, 5, 101, dtype=torch.float64)
MANY = Network(*torch.randn(3, 2, 3, 4, generator=torch.Generator().manual_seed(1)), torch.ones(2, 3))  # float32


def test_a_network_worked_by_hand():
    assert HAND([0.0, 0.5, 0.75, 1.0, 2.0]).tolist() == [4.0, 1.0, 1.0, 1.0, 3.0]
    spline = to_spline(HAND)
    assert spline.breakpoints.tolist() == [1.0, 0.5]
    assert spline.delta_slopes.tolist() == [2.0, -6.0]
    assert spline.orientations.tolist() == [1.0, -1.0]
    assert spline.slope_jumps.tolist() == [2.0, 6.0]
    assert spline([0.0, 0.5, 0.75, 1.0, 2.0]).tolist() == [4.0, 1.0, 1.0, 1.0, 3.0]
    assert pieces(HAND) == Pieces([0.5, 1.0], [-6.0, 0.0, 2.0], [4.0, 1.0, -1.0])
    assert spikes(HAND) == Spikes([0.5, 1.0], [6.0, 2.0])


def test_there_and_back():
    spline = to_spline(HAND)
    network = to_network(spline, scale=[0.5, 4.0])
    assert network.w.tolist() == [0.5, -4.0]
    assert network.b.tolist() == [-0.5, 2.0]
    assert network.v.tolist() == [4.0, 1.5]
    assert to_network(spline).w.abs().tolist() == [1.0, 1.0]
    balanced = balance(HAND)
    assert balanced.v**2 == pytest.approx((balanced.w**2 + balanced.b**2).numpy())
    moved = rescale(HAND, [2.0, 4.0])
    assert [part.tolist() for part in (moved.w, moved.b, moved.v)] == [[2.0, -8.0], [-2.0, 4.0], [1.0, 0.75]]


def test_an_ensemble_is_its_members(generator):
    w, b, v = torch.randn(3, 2, 4, 7, generator=generator, dtype=torch.float64)
    b0 = torch.randn(2, 4, generator=generator, dtype=torch.float64)
    ensemble, one = Network(w, b, v, b0), Network(w[1, 2], b[1, 2], v[1, 2], b0[1, 2])
    assert ensemble(X).shape == (2, 4, X.numel())
    torch.testing.assert_close(ensemble(X)[1, 2], one(X))
    torch.testing.assert_close(to_spline(ensemble)(X)[1, 2], one(X))
    torch.testing.assert_close(pieces(ensemble)(X)[1, 2], one(X))
    torch.testing.assert_close(pieces(ensemble).slopes[1, 2], pieces(one).slopes)
    torch.testing.assert_close(rescale(ensemble, 3.0)(X), ensemble(X))
    torch.testing.assert_close(balance(ensemble)(X), ensemble(X))
    with pytest.raises(ValueError, match="expected a single Network"):
        spikes(ensemble)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(7)


NUMBERS = st.floats(-4, 4).map(lambda value: round(value, 1))  # rounded, so that breakpoints coincide now and then
NEURONS = st.lists(st.tuples(NUMBERS.filter(bool), NUMBERS, NUMBERS), min_size=1, max_size=12)


@settings(deadline=None)
@given(NEURONS, NUMBERS, st.floats(0.1, 9))
def test_all_forms_agree_for_any_network(neurons, b0, factor):
    w, b, v = torch.tensor(neurons, dtype=torch.float64).T
    network = Network(w, b, v, b0)
    spline = to_spline(network)
    for other in (spline, pieces(network), pieces(spline), to_network(spline, factor), rescale(network, factor)):
        torch.testing.assert_close(other(X), network(X), atol=1e-9, rtol=1e-12)
    assert same_function(network, spline)
    assert same_function(network, rescale(network, factor))


@pytest.mark.parametrize("seed", range(5))
def test_a_disguised_network_is_the_same_function(seed):
    generator = torch.Generator().manual_seed(seed)
    one = network(generator)
    other = disguise(one, generator)
    torch.testing.assert_close(other(X), one(X), atol=1e-12, rtol=1e-12)
    assert len(other.w) > len(one.w)
    assert same_function(one, other)
    assert not same_function(one, flip(to_spline(one), [0]))


def test_coincident_breakpoints():
    spline = Spline([0.0, 0.0, 1.0], [1.0, 2.0, 0.0], [1.0, -1.0, 1.0], 0.5)
    assert pieces(spline).slopes.tolist() == [2.0, 3.0, 1.0, 1.0]
    assert spikes(spline) == Spikes([0.0], [-1.0])
    near = Spline([0.0, 1e-12], [1.0, 1.0], [1.0, 1.0], 0.0)
    assert spikes(near).positions.numel() == 2
    assert spikes(near, tolerance=1e-9).weights.tolist() == [2.0]


def test_rounding_is_dropped_and_small_jumps_are_not():
    cancel = Spline([0.0, 0.0, 0.0], [0.1, 0.2, -0.3], [1.0, 1.0, 1.0], 0.0)  # 0.1 + 0.2 is not quite 0.3
    assert spikes(cancel).positions.numel() == 0
    assert spikes(Spline([0.0], [1e-12], [1.0], 0.0)).weights.tolist() == [1e-12]
    for units, count in ((12, 0), (20, 1)):  # the limit is 8 rounding units of the sum of sizes, here 16
        nearly = Spline([0.0, 0.0], [1.0, units * 2.0**-52 - 1], [1.0, 1.0], 0.0)
        assert len(spikes(nearly).weights) == count


def test_sameness_is_relative_to_the_size_of_the_numbers():
    large = Spline([0.0], [1e6], [1.0], 0.0)
    assert same_function(large, Spline([0.0], [1e6 + 1e-5], [1.0], 0.0))
    assert not same_function(large, Spline([0.0], [1e6 + 1e-1], [1.0], 0.0))
    assert not same_function(Spline([0.0], [1.0], [1.0], 0.0), Spline([0.0], [1.0 + 1e-5], [1.0], 0.0))
    # numbers that are large and negative count too, and functions near 0 are compared as if they had size 1
    low = Spline([0.0], [1.0], [1.0], -1e6)
    assert same_function(low, Spline([0.0], [1.0], [1.0], -1e6 - 1e-5))
    assert same_function(Spline([0.0], [1e-10], [1.0], 0.0), Spline([0.0], [2e-10], [1.0], 0.0))


def test_sameness_in_single_precision():
    single = MANY[0, 0]
    assert same_function(single, rescale(single, [0.3, 3.0, 1.0, 7.0]))
    assert same_function(single, single.to(torch.float64))
    assert not same_function(single, Network(single.w, single.b, single.v, single.b0 + 1e-3))
    assert not same_function(single, Network(single.w, single.b, single.v, single.b0 + 1e-3), tolerance=1e-6)
    assert same_function(single, Network(single.w, single.b, single.v, single.b0 + 1e-3), tolerance=0.1)
    bend = Spline([0.0], [1.0], [1.0], 0.0)
    for off, same in ((7e-10, True), (1.2e-9, False)):  # √ε/16 is 9.3e-10
        assert same_function(bend, Spline([0.0], [1.0], [1.0], off)) == same


def test_small_spikes_that_only_one_has_are_within_tolerance():
    bend = Spline([0.0], [1.0], [1.0], 0.0)
    assert same_function(bend, Spline([0.0, 2.0], [1.0, 1e-11], [1.0, 1.0], 0.0))
    assert not same_function(bend, Spline([0.0, 2.0], [1.0, 1e-7], [1.0, 1.0], 0.0))
    # an idle neuron far away says nothing about the size of the numbers
    far = Spline([0.0, 1e12], [1.0, 0.0], [1.0, 1.0], 0.0)
    assert same_function(bend, far)
    assert not same_function(far, Spline([0.0], [1.1], [1.0], 0.0))


def test_turning_by_index():
    spline = to_spline(HAND)
    # the second neuron, −6 (x − ½) to the left, becomes 6 (x − ½) to the right; with 3 in b₀ the function gains 6 x
    assert flip(spline, 1) == Spline([1.0, 0.5], [2.0, 6.0], [1.0, 1.0], 4.0)
    torch.testing.assert_close(flip(spline, 1)(X), spline(X) + 6 * X)
    assert flip(spline, 1) == flip(spline, [-1]) == flip(spline, torch.tensor([1]))
    assert flip(spline, ()) == spline
    both = Spline(*(torch.stack([part, part]) for part in vars(spline).values() if isinstance(part, torch.Tensor)))
    assert flip(both, [0])[1] == flip(spline, [0])
    for bad in ([2], [-3], [0, 5]):
        with pytest.raises(ValueError, match="^neurons: expected indices of 2 neurons"):
            flip(spline, bad)
    for bad in (None, 0.5, [True, False]):
        with pytest.raises(TypeError, match="^neurons: expected"):
            flip(spline, bad)


def test_a_network_without_neurons_is_a_constant():
    nothing = Network([], [], [], 2.0)
    assert nothing([1.0, 5.0]).tolist() == [2.0, 2.0]
    assert pieces(nothing) == Pieces([], [0.0], [2.0])
    assert same_function(nothing, Network([1.0], [1.0], [0.0], 2.0))
    assert not same_function(nothing, HAND)


def test_functions_that_bend_in_different_numbers_of_places_differ():
    assert not same_function(Spline([0.0], [1.0], [1.0], 0.0), Spline([0.0, 1.0], [1.0, 1.0], [1.0, 1.0], 0.0))


def test_gradients_pass_through():
    w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    spline = to_spline(Network(w, torch.tensor([-1.0, 1.0], dtype=torch.float64), torch.ones(2), 0.0))
    spline.breakpoints.sum().backward()
    assert w.grad.tolist() == [-1.0, 0.25]


@pytest.mark.parametrize("kind", [lambda n: n, to_spline, pieces], ids=["Network", "Spline", "Pieces"])
def test_records_index_move_compare_and_save(kind):
    many = kind(MANY)
    assert many.shape == (2, 3)
    assert many.dtype == torch.float32
    torch.testing.assert_close(kind(MANY[1, 2])(X), many(X)[1, 2])
    assert many[1, 2] == kind(MANY[1, 2])
    assert many[1] != many[0]
    assert many.to(torch.float64).dtype == many.to(torch.float64)(X).dtype == torch.float64
    assert many.to("meta").device.type == "meta"
    file = io.BytesIO()
    torch.save(many, file)
    file.seek(0)
    assert torch.load(file) == many
    one = spikes(to_spline(HAND))
    assert one.to(torch.float32).weights.dtype == torch.float32


def test_pieces_are_one_more_than_knots():
    with pytest.raises(ValueError, match="^slopes: expected 2 for 1 knots, got 1"):
        Pieces([0.0], [1.0], [1.0])
    assert Pieces([0.0], [float("nan"), 2.0], [float("nan"), 1.0])([1.0]).tolist() == [3.0]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_network_is_a_module_and_back(bias, dtype):
    module = nn.Sequential(nn.Linear(1, 6, bias), nn.ReLU(), nn.Linear(6, 1, bias)).to(dtype)
    network, x = Network.from_module(module), X.to(dtype)
    assert network.dtype == dtype
    torch.testing.assert_close(network(x), module(x[:, None])[:, 0].detach())
    before = network.clone()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 1
    assert network == before
    again = network.to_module()
    torch.testing.assert_close(again(x[:, None])[:, 0], network(x))
    assert Network.from_module(again) == network
    again(x[:, None]).sum().backward()  # it can be trained, and the network stays
    torch.optim.SGD(again.parameters(), lr=0.1).step()
    assert network == before
    assert Network.from_module(again) != network


@pytest.mark.parametrize(
    "module",
    [
        nn.Linear(1, 1),
        nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU()),
    ],
)
def test_other_modules_are_refused(module):
    with pytest.raises(ValueError, match="^module: expected"):
        Network.from_module(module)
    with pytest.raises(ValueError, match="^network: expected a single"):
        MANY.to_module()


def test_float32_stays():
    network = Network(torch.ones(2), torch.zeros(2), torch.ones(2), 0.0)
    assert network([1.0]).dtype == torch.float32
    assert pieces(network).slopes.dtype == torch.float32


GOOD = {"w": [1.0, -2.0], "b": [0.0, 1.0], "v": [1.0, 1.0], "b0": 0.0}
BEND = {"breakpoints": [1.0, 2.0], "delta_slopes": [0.0, 1.0], "orientations": [1.0, -1.0], "b0": 0.0}


@pytest.mark.parametrize(
    ("kind", "good", "name", "bad", "expected"),
    [
        (Network, GOOD, "w", [float("nan"), 1.0], "finite"),
        (Network, GOOD, "w", 1.0, r"shape \(\.\.\., H\)"),
        (Network, GOOD, "b", [1.0], r"shape \(2,\), as w has, got \(1,\)"),
        (Network, GOOD, "v", [[1.0, 1.0]], r"shape \(2,\), .*w.*, got \(1, 2\)"),
        (Network, GOOD, "v", [1.0, float("inf")], "finite"),
        (Network, GOOD, "b0", [0.0, 0.0], r"shape \(\), .*w.*, got \(2,\)"),
        (Network, GOOD, "b0", float("nan"), "finite"),
        (Spline, BEND, "breakpoints", [float("inf"), 1.0], "finite"),
        (Spline, BEND, "delta_slopes", [1.0, 1.0, 1.0], r"shape \(2,\)"),
        (Spline, BEND, "orientations", [1.0, 0.0], r"\+1 .* or -1"),
        (Spline, BEND, "orientations", [2.0, -1.0], r"\+1 .* or -1"),
    ],
)
def test_bad_fields_are_named(kind, good, name, bad, expected):
    with pytest.raises(ValueError, match=f"^{name}.*: expected .*{expected}"):
        kind(**{**good, name: bad})


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^x: expected shape"):
        HAND([[0.0]])
    with pytest.raises(ValueError, match="^x: expected real numbers, all finite"):
        to_spline(HAND)([float("nan")])
    for w in (0.0, 1e-320):
        network = Network([1.0, w], [1.0, 1.0], [1.0, 1.0], 0.0)
        for function in (to_spline, pieces, spikes):
            with pytest.raises(ValueError, match="^w: expected non-zero"):
                function(network)
    assert Network([0.0], [1.0], [2.0], 0.0)([5.0]).tolist() == [2.0]
    for alpha in (0.0, -1.0, [1.0, -1.0]):
        with pytest.raises(ValueError, match="^alpha: expected positive numbers, found"):
            rescale(HAND, alpha)
    with pytest.raises(ValueError, match=r"^alpha: expected a number or a shape that broadcasts to \(2,\), got \(3,\)"):
        rescale(HAND, [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="^scale: expected positive"):
        to_network(to_spline(HAND), 0.0)
    for last in ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)):  # v = 0, or w = b = 0, in the last of two neurons
        with pytest.raises(ValueError, match="^network: expected v"):
            balance(Network(*zip((1.0, 1.0, 1.0), last, strict=True), 0.0))


def test_a_module_that_computes_something_else_is_refused():
    class Shifted(nn.Sequential):
        def forward(self, x):
            return super().forward(x) + 5

    hooked = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    hooked[1].register_forward_hook(lambda module, given, output: 2 * output)
    named = nn.Sequential(OrderedDict(a=nn.Linear(1, 2), b=nn.ReLU(), c=nn.Linear(2, 1)))
    for module in (Shifted(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)), hooked, named):
        with pytest.raises(ValueError, match="^module: expected nn.Sequential of"):
            Network.from_module(module)
