"""Slices of the loss: knots worked by hand, against sampling, and errors."""

import math

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import LossSlice, Network, Spline, descend, gram, knot_counts, slice_loss, to_network, to_spline
from lecturelib.splines.breakpoints import checks_problems as autograd
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.loss_surface.slices import from_he, knot_chance, knot_shares, least_squares_pieces
from tests.splines.training.loops import tensor

ONE = Spline([0.0], [1.0], [1.0], 0.0)


def test_a_slice_worked_by_hand():
    # residuals 0 − 1 and 2 − 1 at x = 0 and 1 once the hinge 2 (x − β)₊ reaches them
    cut = slice_loss(Spline([5.0], [2.0], [1.0], 0.0), [1.0, 0.0], [1.0, 1.0], 0)
    assert cut.knots.tolist() == [0.0, 1.0]
    assert cut.quadratic.tolist() == [4.0, 2.0, 0.0]  # A μ²/2 with A = 2, 1, 0
    assert cut([-1.0, 0.0, 0.5, 1.0, 2.0]).tolist() == [5.0, 1.0, 0.5, 1.0, 1.0]
    assert cut.types == ["passthrough", "edge"]
    left, right = cut.slopes
    assert left.tolist() == [0.0, 2.0]
    assert right.tolist() == [-2.0, 0.0]


def test_knot_types_by_hand():
    up = slice_loss(Spline([5.0], [1.0], [1.0], 0.0), [0.0, 1.0], [-1.0, 1.5], 0)  # falls towards 0 from both sides
    assert up.types == ["attractor", "edge"]
    assert float(up([0.0])) < min(up([-0.1, 0.1]).tolist())
    down = slice_loss(Spline([5.0], [-1.0], [1.0], 0.0), [0.0, 1.0], [-3.0, 0.0], 0)
    assert down.types == ["repeller", "edge"]
    mirrored = slice_loss(Spline([5.0], [-1.0], [-1.0], 0.0), [0.0, -1.0], [-1.0, 1.5], 0)
    assert mirrored.types == ["edge", "attractor"]
    hill = LossSlice(torch.tensor([0.0, 1.0]), torch.ones(3), torch.tensor([2.0, -2.0, -2.0]), torch.zeros(3), 1.0)
    assert hill.types == ["repeller", "edge"]


@pytest.mark.parametrize(
    ("before", "after"), [(0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 2.0)]
)
def test_a_slope_of_0_passes_through(before, after):
    linear = torch.tensor([before, after, 0.0], dtype=torch.float64)  # the slopes at the knot 0
    cut = LossSlice(torch.tensor([0.0, 1.0], dtype=torch.float64), torch.ones(3), linear, torch.zeros(3), 1.0)
    assert cut.types == ["passthrough", "edge"]


def test_shares_of_knots_by_hand():
    """Three neurons at the data 0 and 1: one attracted to 0, where it nearly is, and two without delta-slope."""
    network = to_network(Spline([5e-4, 5.0, 1.5e-3], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0], 0.0))
    third = pytest.approx(1 / 3)
    found = knot_shares(network, [1.0, 0.0], [1.5, -1.0])
    assert found == {
        "passthrough": pytest.approx(2 / 3),
        "repeller": 0,
        "attractor": third,
        "held": third,
        "by attractor": third,
    }
    away = to_network(Spline([0.9996, 5.0], [-1.0, 0.0], [1.0, 1.0], 0.0))  # held by an edge, and repelled from 0
    found = knot_shares(away, [0.0, 1.0], [-3.0, 0.0])
    assert found == {"passthrough": 0.5, "repeller": 0.5, "attractor": 0, "held": 0.5, "by attractor": 0}


def test_a_he_start_descends_with_half_of_the_largest_stable_rate():
    x, y = autograd.data(torch.Generator().manual_seed(5))
    start, end = from_he(9, x, y, steps=1, generator=torch.Generator().manual_seed(0))
    assert start == initialize(9, "he", generator=torch.Generator().manual_seed(0))
    rate = 1 / float(torch.linalg.eigvalsh(gram(start, x))[-1])
    step = autograd.flatten(start) - autograd.flatten(end)
    torch.testing.assert_close(step, rate * autograd.gradient(start, x, y), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_types_are_what_sampling_sees(seed):
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.arange(12, dtype=torch.float64), torch.randn(12, generator=generator, dtype=torch.float64)
    mu, side = 0.05 * torch.randn((), generator=generator, dtype=torch.float64), 1.0 - 2.0 * (seed % 2)
    cut = slice_loss(Spline(torch.zeros(1), mu[None], [side], 0.0), x, y, 0)
    here, left, right = cut(x), cut(x - 1e-4), cut(x + 1e-4)
    for n, kind in enumerate(cut.types):
        if kind == "edge":
            assert n == (11 if side > 0 else 0)
            assert float((here - (right if side > 0 else left))[n]) == pytest.approx(0, abs=1e-12)
        else:
            assert (kind == "attractor") == bool(here[n] < min(left[n], right[n]))
            assert (kind == "repeller") == bool(here[n] > max(left[n], right[n]))


def test_repeated_data_make_one_knot():
    cut = slice_loss(ONE, [0.0, 1.0, 1.0], [1.0, 2.0, 3.0], 0)
    assert cut.knots.tolist() == [0.0, 1.0]
    assert cut.quadratic.tolist() == [1.5, 1.0, 0.0]
    assert float(cut([-1.0])) == 0.5 * (0.0 + 0.0 + 1.0)


def test_chance_of_a_knot():
    assert knot_chance(torch.tensor([1.0, 2.0])).tolist() == pytest.approx([0.25, 0.125])


def test_least_squares_on_pieces():
    found = least_squares_pieces([1.5, 3.5], [0.0, 1.0, 2.0, 3.0, 3.2, 5.0], [1.0, 3.0, 0.0, 1.0, 1.2, 7.0])
    assert found.slopes[:2].tolist() == pytest.approx([2.0, 1.0])
    assert found.intercepts[:2].tolist() == pytest.approx([1.0, -2.0])
    assert math.isnan(found.slopes[2])


def test_the_experiment_is_gradient_descent_from_a_he_start():
    """Steps by autograd at half the largest stable rate; the types of knots by the losses beside them."""
    found = knot_counts(seed=3, width=4, noise=0.3, points=6, steps=5)
    generator = generator_for(3, "knots", 4, 0.3)
    x = torch.sort(2 * torch.rand(6, generator=generator, dtype=torch.float64) - 1).values
    y = torch.sin(3 * x) + 0.3 * torch.randn(6, generator=generator, dtype=torch.float64)
    start = initialize(4, "he", generator=generator)
    flat = autograd.flatten(start)
    rate = 1 / float(torch.linalg.matrix_norm(autograd.jacobian(start, x), 2) ** 2)
    for _ in range(5):
        flat = flat - rate * torch.autograd.functional.jacobian(lambda p: autograd.squares(p, x, y), flat)
    for when, parameters in enumerate((autograd.flatten(start), flat)):
        w, b, v, b0 = parameters.split([4, 4, 4, 1])
        error = autograd.output(parameters, x) - y
        assert found["error"][when] == pytest.approx(float(error.square().mean().sqrt()))
        kinds = []
        for i in range(4):
            bias = [torch.where(torch.arange(4) == i, -w * (place + t), b) for place in x for t in (-1e-6, 0.0, 1e-6)]
            values = [float(autograd.squares(torch.cat([w, one, v, b0]), x, y)) for one in bias]
            knots = list(zip(values[::3], values[1::3], values[2::3], strict=True))
            for left, here, right in knots[:-1] if w[i] > 0 else knots[1:]:
                low, high = here < min(left, right), here > max(left, right)
                kinds.append("attractor" if low else "repeller" if high else "passthrough")
        for kind in ("attractor", "repeller", "passthrough"):
            assert found[kind][when] == pytest.approx(kinds.count(kind) / 20)


def test_an_attractor_of_a_slice_need_not_hold_a_breakpoint_in_training():
    """The example of the chapter: by itself the breakpoint stops at 1, descent on the weights carries it through."""
    network, x = Network([0.1], [-0.095], [0.1], 0.0), tensor([-2.0, -1.0, 1.0, 2.0, 3.0])
    y = network(x) - tensor([0.0, -0.2, 0.3, -1.0, 0.9])
    cut = slice_loss(to_spline(network), x, y, 0)
    assert cut.types[2] == "attractor"
    assert float(cut([1.0])) < min(cut([0.95, 0.98, 1.02, 1.16]).tolist())
    end = descend(network, x, y, steps=400, learning_rate=0.001).final
    assert float(-end.b / end.w) > 1.16


def test_a_slice_is_a_record_in_any_precision():
    x, y = tensor([0.3, -1.2, 0.8]), tensor([1.0, 0.5, -0.4])
    spline = Spline([0.1, 0.2], [1.0, -0.7], [1.0, -1.0], 0.3)
    cut = slice_loss(spline, x, y, 1)
    single = slice_loss(spline.to(torch.float32), x, y.tolist(), 1)
    assert (single.constant.dtype, single([0.1]).dtype) == (torch.float32, torch.float32)
    torch.testing.assert_close(single([0.1, 5.0]).double(), cut([0.1, 5.0]), rtol=1e-5, atol=1e-6)
    assert slice_loss(spline, x, y, -1) == cut
    assert cut.to(torch.float32).types == cut.types
    for beta in (-2.0, 0.3, 0.5, 4.0):
        moved = Spline([0.1, beta], [1.0, -0.7], [1.0, -1.0], 0.3)
        assert float(cut([beta])) == pytest.approx(0.5 * float((moved(x) - y).square().sum()))


def test_counts_of_knots_are_a_function_of_the_seed():
    one, again = (knot_counts(seed=1, width=6, noise=0.5, points=8, steps=50) for _ in range(2))
    assert one == again
    for when in (0, 1):
        assert one["passthrough"][when] + one["repeller"][when] + one["attractor"][when] == pytest.approx(1)
    for noise in (0.0, 100.0):  # the root mean square of the targets is near that of sin 3x, or of the noise
        before, after = knot_counts(seed=2, width=20, noise=noise, points=60, steps=2000)["error"]
        assert after < before
        assert after < 0.3 if noise == 0 else before == pytest.approx(100, rel=0.3)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^x: expected shape"):
        slice_loss(ONE, [], [], 0)
    with pytest.raises(ValueError, match="^linear: expected shape"):
        LossSlice([0.0], [1.0, 0.0], [1.0], [0.0, 0.0], 1.0)
    with pytest.raises(ValueError, match="^y: expected shape"):
        slice_loss(ONE, [0.0], [0.0, 1.0], 0)
    with pytest.raises(ValueError, match="^neuron: expected an index"):
        slice_loss(ONE, [0.0], [0.0], 1)
    many = Spline([[0.0]], [[1.0]], [[1.0]], [0.0])
    with pytest.raises(ValueError, match="^spline: expected a single Spline"):
        slice_loss(many, [0.0], [0.0], 0)
