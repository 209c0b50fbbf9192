"""The loss surface: cases worked by hand, second derivatives against autograd, ensembles, and errors."""

import math

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from lecturelib.splines import (
    LossSlice,
    Network,
    Spline,
    alone,
    degenerate_cases,
    flat_share,
    gram,
    gram_rank,
    hessian,
    jacobian,
    knot_counts,
    loneliness,
    settle,
    slice_loss,
    to_network,
    zero_count,
)
from lecturelib.splines.loss_surface import partitions as parts
from lecturelib.splines.loss_surface.checks_critical import mixed, one_sided
from lecturelib.splines.loss_surface.checks_hessian import autograd_hessian, critical_with_idle
from lecturelib.splines.loss_surface.flatness import DATA, spectra
from lecturelib.splines.loss_surface.hessian import (
    blocks,
    critical_residuals,
    flatten,
    measured_zeros,
    unflatten,
    zeros_off_critical,
)
from lecturelib.splines.loss_surface.slices import knot_chance, knot_shares, least_squares_pieces, safe_rate
from tests.splines.training.loops import tensor

ONE = Spline([0.0], [1.0], [1.0], 0.0)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


# Slices


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
    assert cut.minima[:2].tolist() == [0.0, 0.5]
    assert math.isnan(cut.minima[2])


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


def test_the_safe_rate_is_half_of_the_largest_stable_one(generator):
    network, x = mixed(generator)
    assert safe_rate(network, x) == pytest.approx(1 / float(torch.linalg.eigvalsh(gram(network, x))[-1]), rel=1e-4)


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


# Partitions


def test_partitions_by_hand():
    assert (parts.count_partitions(2, 2), parts.count_lonely(2, 2)) == (6, 3)
    assert parts.lonely_chance(2, 2) == 0.5
    assert parts.lonely_chance_spaced(2, 2) == pytest.approx(2 / 3)
    assert parts.lonely_chance_spaced(2, 3) == pytest.approx(2 / 9)
    assert parts.lonely_chance_spaced(2, 4) == 0.0
    assert parts.alone_share(3, 1) == 1.0
    assert parts.alone_share(1, 2) == pytest.approx(1 / 3)
    assert alone([0.5, 2.0], [0.0, 0.1, 1.0, 3.0]).tolist() == [False, False, True, True]
    assert parts.crowding(parts.he_density, 2.0) == pytest.approx(math.pi / 2 * (1 / 2 + 2 / 3))
    assert parts.crowding(parts.pytorch_density, 1.0) == pytest.approx(2.0)
    assert parts.alone_share_limit(6.0, parts.pytorch_density, 1.0) == pytest.approx((6 / 8) ** 2)


def test_equal_densities_give_one_limit():
    assert parts.lonely_chance(10_000 * 2, 100) == pytest.approx(parts.lonely_limit(2.0), abs=0.01)
    assert parts.lonely_chance_spaced(10_000 * 2, 100) == pytest.approx(parts.lonely_limit(2.0, 0.5), abs=0.01)
    assert parts.alone_share(3_000_000, 1_000_000) == pytest.approx((3 / 4) ** 2, abs=1e-5)


def test_densities_are_densities():
    x = torch.linspace(-2000, 2000, 4_000_001, dtype=torch.float64)
    for density in (parts.he_density, parts.pytorch_density):
        assert float(torch.trapezoid(density(x), x)) == pytest.approx(1, abs=1e-3)


def test_a_lonely_fit():
    spline = parts.fit_lonely([3.5, 0.5, 1.5, -4.0, 1.7], [0.0, 1.0, 3.0], [1.0, 2.0, 0.0])
    assert spline([0.0, 1.0, 3.0]).tolist() == pytest.approx([1.0, 2.0, 0.0])
    assert spline.delta_slopes[[0, 3, 4]].tolist() == [0.0, 0.0, 0.0]


def test_least_squares_on_pieces():
    found = least_squares_pieces([1.5, 3.5], [0.0, 1.0, 2.0, 3.0, 3.2, 5.0], [1.0, 3.0, 0.0, 1.0, 1.2, 7.0])
    assert found.slopes[:2].tolist() == pytest.approx([2.0, 1.0])
    assert found.intercepts[:2].tolist() == pytest.approx([1.0, -2.0])
    assert math.isnan(found.slopes[2])


# Second derivatives


@pytest.mark.parametrize("seed", range(3))
def test_an_ensemble_is_its_members(seed):
    generator = torch.Generator().manual_seed(seed)
    w, b, v = torch.randn(3, 2, 3, 6, generator=generator, dtype=torch.float64)
    b0 = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    x, y = torch.randn(9, generator=generator, dtype=torch.float64), torch.randn(2, 3, 9, generator=generator).double()
    many = Network(w, b, v, b0)
    whole, products, columns = hessian(many, x, y), gram(many, x), jacobian(many, x)
    assert whole.shape == products.shape == (2, 3, 19, 19)
    one = Network(w[1, 2], b[1, 2], v[1, 2], b0[1, 2])
    torch.testing.assert_close(whole[1, 2], hessian(one, x, y[1, 2]))
    torch.testing.assert_close(whole[1, 2], autograd_hessian(one, x, y[1, 2]))
    torch.testing.assert_close(products, columns.mT @ columns)
    torch.testing.assert_close(unflatten(flatten(many)).v, many.v)


NUMBERS = st.floats(-3, 3).map(lambda value: round(value, 1))


@settings(deadline=None)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=7),
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=7),
)
def test_any_hessian_is_that_of_autograd(neurons, data):
    w, b, v = torch.tensor(neurons, dtype=torch.float64).T
    x, y = torch.tensor(data, dtype=torch.float64).T
    network = Network(w, b + 0.0123, v, 0.2)  # breakpoints off the data, which lie on multiples of 0.1
    if bool((w[:, None] * x + network.b[:, None] == 0).any()):
        return
    torch.testing.assert_close(hessian(network, x, y), autograd_hessian(network, x, y), atol=1e-10, rtol=1e-10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_func_hessian_agrees(generator):
    network, x = mixed(generator, width=30, points=20)
    y = torch.sin(x)

    def loss(p):
        return 0.5 * (p[60:-1] @ torch.relu(p[:30, None] * x + p[30:60, None]) + p[-1] - y).square().sum()

    torch.testing.assert_close(
        hessian(network, x, y), torch.func.hessian(loss)(flatten(network)), atol=1e-10, rtol=1e-10
    )


def test_blocks_by_hand():
    x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    right = to_network(Spline([1.5, 3.5], [1.0, 1.0], [1.0, 1.0], 0.0))
    assert blocks(right, x).bounds.tolist() == [0, 2, 4, 6]
    assert blocks(right, x).turns.tolist() == [1, 0, 0]
    assert blocks(right, x).free
    assert gram_rank(right, x) == 5
    assert zero_count(right, x) == (2, 0, 0, 0)
    both = to_network(Spline([1.5, 3.5], [1.0, 1.0], [1.0, -1.0], 0.0))
    assert blocks(both, x).turns.tolist() == [1, -1, 1]
    meet = to_network(Spline([1.5, 1.6], [1.0, 1.0], [1.0, -1.0], 0.0))
    assert blocks(meet, x).turns is None
    assert gram_rank(meet, x) == 4
    assert zero_count(meet, x) == (2, 0, 0, 1)
    dead = to_network(Spline([1.5, 7.0], [1.0, 1.0], [1.0, 1.0], 0.0))
    assert zero_count(dead, x) == (2, 2, 0, 0)
    everywhere = to_network(Spline([-1.0, 9.0], [1.0, 1.0], [1.0, -1.0], 0.0))
    assert zero_count(everywhere, x) == (2, 0, 2, 1)
    assert zero_count(right, [0.0, 2.0, 2.0]).total == measured_zeros(gram(right, [0.0, 2.0, 2.0]))


def test_critical_points_need_not_be_least_squares(generator):
    network, x = one_sided(generator)
    basis = critical_residuals(network, x)
    torch.testing.assert_close(jacobian(network, x).T @ basis, torch.zeros(10, basis.shape[1]).double())
    first = int(blocks(network, x).bounds[1])
    assert float((x[:first] @ basis[:first]).abs().max()) > 1e-3  # the first piece is not a least squares fit
    assert float(basis[:first].sum(0).abs().max()) < 1e-12
    apart = to_network(Spline([1.5, 3.5], [1.0, 1.0], [1.0, -1.0], 0.0))  # turns 1, −1, 1
    x = torch.arange(6, dtype=torch.float64)
    only = critical_residuals(apart, x)  # 0 in the sum over each pair, and 1, −1, 1 in its moment
    torch.testing.assert_close(only / only[1], tensor([[-1.0], [1.0], [1.0], [-1.0], [-1.0], [1.0]]))


def test_a_critical_point_that_is_a_saddle(generator):
    network, x, r = critical_with_idle(generator)
    y = network(x) - r
    assert float((jacobian(network, x).T @ r).abs().max()) < 1e-12
    assert float(torch.linalg.eigvalsh(hessian(network, x, y)).min()) < -1e-3


@pytest.mark.parametrize("case", degenerate_cases(), ids=lambda case: case.name)
def test_degenerate_cases(case):
    found = measured_zeros(hessian(case.network, DATA, case.network(DATA)))
    assert found == 3 + case.extra
    if "output weight 0, active" not in case.name or "no datum" in case.name:
        assert zero_count(case.network, DATA).total == found


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


def test_at_a_fit_nothing_is_turned_by_residuals():
    network = to_network(Spline([1.5, 3.5, 7.0], [1.0, 1.0, 1.0], [1.0, -1.0, 1.0], 0.0))  # the last one is dead
    x = torch.arange(6, dtype=torch.float64)
    assert zeros_off_critical(network, x, network(x)) == 2 + 3


def test_settling_never_raises_the_loss(generator):
    network, x = mixed(generator)
    y = torch.sin(x)
    done = settle(network, x, y)
    assert float((done(x) - y).square().sum()) <= float((network(x) - y).square().sum())


# Experiments


def test_experiments_are_functions_of_the_seed():
    one, again = (knot_counts(seed=1, width=6, noise=0.5, points=8, steps=50) for _ in range(2))
    assert one == again
    for when in (0, 1):
        assert one["passthrough"][when] + one["repeller"][when] + one["attractor"][when] == pytest.approx(1)
    for noise in (0.0, 100.0):  # the root mean square of the targets is near that of sin 3x, or of the noise
        before, after = knot_counts(seed=2, width=20, noise=noise, points=60, steps=2000)["error"]
        assert after < before
        assert after < 0.3 if noise == 0 else before == pytest.approx(100, rel=0.3)
    assert loneliness(seed=1, scheme="he", ratio=2, reach=1.0) == loneliness(seed=1, scheme="he", ratio=2, reach=1.0)
    few = [loneliness(seed=k, scheme="uniform_breakpoints", ratio=6, reach=1.0, points=3) for k in range(20)]
    assert {one["lonely"] for one in few} == {0.0, 1.0}
    assert all((one["share"] == 1) == (one["lonely"] == 1) for one in few)
    shares = [loneliness(seed=k, scheme="uniform_breakpoints", ratio=4, reach=5.0)["share"] for k in range(40)]
    assert sum(shares) / 40 == pytest.approx(parts.alone_share(200, 50), abs=0.05)


# Errors


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^x: expected at least one"):
        slice_loss(ONE, [], [], 0)
    with pytest.raises(ValueError, match="^y: expected shape"):
        slice_loss(ONE, [0.0], [0.0, 1.0], 0)
    with pytest.raises(ValueError, match="^neuron: expected an index"):
        slice_loss(ONE, [0.0], [0.0], 1)
    many = Spline([[0.0]], [[1.0]], [[1.0]], [0.0])
    with pytest.raises(ValueError, match="^spline: expected one spline"):
        slice_loss(many, [0.0], [0.0], 0)
    for w, b in ((1.0, -2.0), (-1.0, 2.0), (0.0, 0.0)):
        with pytest.raises(ValueError, match="^network: expected no breakpoint on a datum"):
            hessian(Network([1.0, w], [0.5, b], [1.0, 1.0], 0.0), [0.0, 2.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="^network: expected v ≠ 0"):
        gram_rank(Network([1.0, 1.0], [-0.5, 0.5], [1.0, 0.0], 0.0), [0.0, 2.0])
    with pytest.raises(ValueError, match="^network: expected one network"):
        zero_count(Network([[1.0]], [[0.5]], [[1.0]], [0.0]), [0.0, 2.0])
    with pytest.raises(ValueError, match="^x: expected distinct data, sorted"):
        critical_residuals(Network([1.0], [0.5], [1.0], 0.0), [0.0, 3.0, 2.0])
    with pytest.raises(ValueError, match="^parameters: expected shape"):
        unflatten(torch.zeros(6))
    assert unflatten(torch.zeros(4)).w.shape == (1,)
    for bad in (0, 2.5, True):
        with pytest.raises(ValueError, match="^width: expected a positive whole number"):
            parts.count_lonely(bad, 2)
    with pytest.raises(ValueError, match="^breakpoints: expected a lonely partition"):
        parts.fit_lonely([0.5], [0.0, 1.0, 2.0], [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="^x: expected distinct data, sorted"):
        parts.fit_lonely([0.5], [1.0, 0.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="^x: expected distinct data, sorted"):
        parts.fit_lonely([0.5], [0.0, 0.0], [0.0, 0.0])
