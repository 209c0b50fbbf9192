"""Laws of motion, ψ and the tangent kernel: a case worked by hand, ensembles, limits, and errors."""

import math

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import (
    Network,
    Spline,
    apply_kernel,
    attractors,
    descend,
    flow,
    imbalance,
    initialize,
    moments,
    potential,
    psi,
    rescale,
    speeds,
    tangent_kernel,
    to_spline,
)
from lecturelib.splines.dynamics import gathering as experiments
from lecturelib.splines.dynamics.attraction import sums_beyond
from lecturelib.splines.dynamics.checks import problem
from lecturelib.splines.dynamics.checks_attraction import jacobian
from lecturelib.splines.dynamics.motion import (
    closed_speeds,
    metric,
    scaled_speeds,
    spline_gradient,
    squared_weight,
)
from lecturelib.splines.training.prefix_sums import prepare, sharpness


def tensor(values) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# 3 (2x − 2)₊, bends at 1; on x = 0, 2, 3 it is 0, 6, 12, and with y = 1, 5, 10 the residuals are −1, 1, 2
ONE = Network([2.0], [-2.0], [3.0], 0.0)
X, Y = tensor([3.0, 0.0, 2.0]), tensor([10.0, 1.0, 5.0])


def test_one_neuron_worked_by_hand():
    at = moments(ONE, X, Y)
    assert (at.pull.tolist(), at.tilt.tolist()) == ([3.0], [8.0])
    # ẇ = −3·8, ḃ = −3·3, v̇ = −(2·8 − 2·3): β̇ = (b ẇ/w − ḃ)/w, μ̇ = ẇ v + w v̇
    assert speeds(ONE, at).breakpoints.tolist() == [16.5]
    assert speeds(ONE, at).delta_slopes.tolist() == [-24 * 3 + 2 * -10]
    by = spline_gradient(to_spline(ONE), at)
    assert (by.breakpoints.tolist(), by.delta_slopes.tolist()) == ([-18.0], [5.0])
    assert metric(ONE).tolist() == [[[0.5, -1.5], [-1.5, 13.0]]]
    assert imbalance(ONE).tolist() == [-1.0]
    assert squared_weight(to_spline(ONE), imbalance(ONE)).tolist() == pytest.approx([4.0])
    assert scaled_speeds(ONE, at, 2.0).breakpoints.tolist() == [16.5 / 4]
    assert scaled_speeds(ONE, at, 2.0).delta_slopes.tolist() == [-9 * 8 / 4 - 4 * 4 * 5]
    # active at 2 and 3: 1 + 9 (1 + 6) + 2·4
    assert float(tangent_kernel(ONE, [2.0], [3.0])) == 72.0
    assert float(tangent_kernel(ONE, [0.0], [3.0])) == 1.0


def test_psi_worked_by_hand():
    at = tensor([-1.0, 1.0, 2.5])
    residuals = tensor([2.0, -1.0, 1.0])
    # beyond −1 all: 2 + 8β; beyond 1 the last two: 3 + 8β; beyond 2.5: 2 + 6β
    right, left = psi(X, residuals, at)
    assert right.tolist() == [-6.0, 11.0, 17.0]
    assert left.tolist() == [0.0, -1.0, 0.0 + 1 * (1 + 2.5 * 2) - 1]
    height, other = potential(X, residuals, at)
    assert height.tolist() == pytest.approx([10 / math.sqrt(2), 5 / math.sqrt(2), 1 / math.sqrt(7.25)])
    assert other.tolist() == pytest.approx([0.0, -1 / math.sqrt(2), -2.0 / math.sqrt(7.25)])


def test_sums_leave_out_points_at_the_place_itself():
    right, left = sums_beyond(X, torch.ones(3), [2.0])
    assert (right.tolist(), left.tolist()) == ([1.0], [1.0])


def test_attractors_worked_by_hand():
    # facing right: ψ = 2 + 8β left of 0, then 3 + 8β, 2 + 6β; one root, −1/4, where it rises
    places, signs = attractors(X, tensor([2.0, -1.0, 1.0]))
    assert (places.tolist(), signs.tolist()) == ([-0.25], [-1.0])
    # residuals 1 and −1 at 2 and 3: ψ = −β left of 2, −1 − 3β between; it falls through 0
    places, signs = attractors(tensor([2.0, 3.0]), tensor([1.0, -1.0]))
    assert (places.tolist(), signs.tolist()) == ([0.0], [1.0])
    # left of 1 ψ is 1, on it 1 · (1 + 1) · 2 is lost: it jumps from positive to negative
    places, signs = attractors(tensor([-1.0, 1.0, 2.0]), tensor([-1.0, 2.0, -1.0]))
    assert 1.0 in places.tolist()
    assert float(signs[places == 1.0]) == 1.0
    assert attractors(X, torch.zeros(3)).places.numel() == 0
    # facing left, right of both points: −ψ = 1 − β/2 falls through 0 at 2
    places, signs = attractors(tensor([0.0, 0.5]), tensor([-2.0, 1.0]), orientation=-1)
    assert (places[-1].item(), signs[-1].item()) == (2.0, 1.0)


def test_held_residuals_carry_neurons_to_attractors():
    """Tiny neurons do not change the residuals: training moves them to where ψ says, and to nowhere else."""
    x = torch.linspace(-2, 2, 60, dtype=torch.float64)
    y = torch.cos(3 * x)
    beta = tensor([-0.6, 0.5, 0.7, -0.4])
    w = tensor([1.0, 1.0, -1.0, -1.0])
    v = tensor([1.0, -1.0, 1.0, -1.0])
    network = Network(1e-3 * w, -1e-3 * w * beta, 1e-3 * v, y.mean())
    # fast: v/w is 1; the residual −y + mean hardly changes as long as the hinges stay small
    record = descend(network, x, y, steps=400, learning_rate=1e-4, record_every=1)
    assert float(record.losses[-1] / record.losses[0]) > 0.99
    final = to_spline(record.final).breakpoints
    for s in (1, -1):
        places, signs = attractors(x, network.b0 - y, orientation=s)
        for i in range(4):
            if w[i] * s > 0:
                mine = places[signs == torch.sign(record.final.v[i])]
                assert float((mine - final[i]).abs().min()) < float((mine - beta[i]).abs().min())


def test_ensembles_are_their_members():
    start = initialize(7, "he", generator=generator(), ensemble=(2, 3))
    x = torch.linspace(-1, 2, 9, dtype=torch.float64)
    y = torch.stack([x, x**2, x.abs()])
    one = experiments.member(start, 1, 2)
    at = moments(start, x, y)
    mine = moments(one, x, y[2])
    torch.testing.assert_close(at.pull[1, 2], mine.pull)
    torch.testing.assert_close(at.tilt[1, 2], mine.tilt)
    torch.testing.assert_close(speeds(start, at).breakpoints[1, 2], speeds(one, mine).breakpoints)
    torch.testing.assert_close(metric(start)[1, 2], metric(one))
    torch.testing.assert_close(tangent_kernel(start, x)[1, 2], tangent_kernel(one, x))
    torch.testing.assert_close(apply_kernel(start, x, y)[1, 2], tangent_kernel(one, x) @ y[2])
    residuals = start(x) - y
    torch.testing.assert_close(psi(x, residuals, [0.3]).left[1, 2], psi(x, residuals[1, 2], [0.3]).left)


def test_kernel_with_dead_and_flat_neurons():
    w, b = tensor([0.0, 0.0, 1.0, -1.0, 2.0]), tensor([1.0, -1.0, -9.0, -9.0, 0.0])
    network = Network(w, b, torch.ones(5), 0.0)
    x = tensor([0.0, 1.0, -1.0, 1.0])
    expected = jacobian(network, x) @ jacobian(network, x).T
    torch.testing.assert_close(tangent_kernel(network, x), expected)
    torch.testing.assert_close(apply_kernel(network, x, x), expected @ x)


def test_the_squared_weight_is_exact_where_nearly_all_cancels():
    network = Network([1e-6], [1e-6], [1e3], 0.0)
    found = squared_weight(to_spline(network), imbalance(network))
    assert float(found) == pytest.approx(1e-12, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_flow_is_where_gradient_descent_goes_as_steps_shrink(seed):
    network, x, y = problem(generator(seed), width=5)
    network = rescale(network, 1.5)  # away from w = 0, which no weight passes here
    path = flow(to_spline(network), imbalance(network), x, y, time=0.01, steps=400)
    gaps = []
    for steps in (500, 5_000):
        final = to_spline(descend(network, x, y, steps=steps, learning_rate=0.01 / steps).final)
        gaps.append(float((final.breakpoints - path[-1].breakpoints).abs().max()))
        assert float((final.delta_slopes - path[-1].delta_slopes).abs().max()) < 20 / steps
    assert gaps[1] < max(0.3 * gaps[0], 1e-4)
    assert len(path) == 401


def test_experiments_return_data_of_their_seed():
    one = experiments.movement(seed=3, alpha=[0.5, 2.0], networks=2)
    assert one == experiments.movement(seed=3, alpha=[0.5, 2.0], networks=2)
    assert one != experiments.movement(seed=4, alpha=[0.5, 2.0], networks=2)
    assert torch.tensor(one["breakpoints"]).shape == (2, 2)
    found = experiments.leak(seed=0, rate=1e-4, networks=2)
    assert len(found["leak"]) == 2
    with pytest.raises(ValueError, match="^steps: expected enough"):
        experiments.movement(seed=0, alpha=[1.0], networks=1, steps=5)


def test_who_has_gathered_where():
    x = torch.arange(-2.0, 3.0, dtype=torch.float64)
    y = tensor([0.0, 1.0, -2.0, 1.0, 0.0])  # residuals −y of a silent network: it is too high in the middle
    beta, v = tensor([0.04, -0.03, 0.06, 0.0, -1.0]), tensor([1.0, 2.0, 3.0, -1.0, 1.0])
    network = Network(torch.zeros(5).double() + 1e-9, -1e-9 * beta, v, 0.0)
    found = experiments.gathered(network, x, y)
    middle = [(sign, count) for place, sign, count in found if abs(place) < 1e-6]
    assert middle == [(1, 2)]
    assert experiments.gathered(network, x, y, within=0.07)[[place for place, *_ in found].index(0.0)][2] == 3
    assert [place for place, *_ in found] == sorted(place for place, *_ in found)


def test_a_snapshot_in_numbers():
    x = tensor([-1.0, 0.0, 1.0, 2.0])
    row = experiments.snapshot(Network([1.0], [5.0], [0.0], 0.0), x, tensor([1.0, -1.0, 1.0, -1.0]))
    assert (row["loss"], row["centred"], row["maxima"]) == (2.0, 0.0, [0.0])
    assert all(-1 < place < 2 for place in row["attractors"])
    flat = Network([1.0], [5.0], [0.0], 0.0)
    row = experiments.snapshot(flat, x, tensor([1.0, 2.0, -1.0, 0.0]))  # residuals −1, −2, 1, 0
    assert (row["centred"], row["maxima"]) == (0.5, [1.0])
    # ψ₊ is −4 − β left of all data, −3 − 2β on (−1, 0), 1 − 2β on (0, 1) and −3 − 6β on (1, 2): it falls at −4 and ½
    row = experiments.snapshot(flat, x, tensor([1.0, 4.0, -4.0, 3.0]))  # residuals −1, −4, 4, −3
    assert row["attractors"] == [0.5]


def test_the_fullest_stretch():
    beta = tensor([[1.5, 1.55, 1.62, -1.0, 0.0, 0.01, 0.02, 5.0], [0.0, 0.1, 0.2, 0.3, 3.0, 0.4, 0.5, 0.6]])
    share, begin = experiments.densest(beta)
    assert share.tolist() == [2 / 8, 0.0]
    assert float(begin[0]) == 1.5
    left = tensor([-1.5, 1.3, -1.56, -1.55, -9.0, 0.5])  # those left of the hill count too
    share, begin = experiments.densest(left.expand(2, 3, 6))
    assert share.tolist() == [[0.5] * 3] * 2
    assert begin.tolist() == [[-1.56] * 3] * 2


def test_movement_is_measured_when_the_loss_is_a_tenth():
    found = experiments.movement(seed=5, alpha=[0.5, 2.0], networks=2)
    start, (x, y) = experiments.starts(seed=5, networks=2), experiments.hills()
    for k, alpha in enumerate((0.5, 2.0)):
        for i in range(2):
            one = rescale(experiments.member(start, i), alpha)
            run = descend(one, x, y, steps=5000, learning_rate=0.6 / sharpness(*prepare(one, x, y))[0], record_every=20)
            first = next(r for r, loss in enumerate(run.losses) if loss <= 0.1 * run.losses[0])
            before, after = to_spline(one), to_spline(experiments.member(run.networks, first))
            among = before.breakpoints.abs() < 2.4
            ways = (after.breakpoints - before.breakpoints).abs()[among]
            assert found["breakpoints"][k][i] == pytest.approx(float(ways.median()), rel=1e-6)
            squares = (after.delta_slopes - before.delta_slopes)[among].square()
            assert found["delta_slopes"][k][i] == pytest.approx(float(squares.mean().sqrt()), rel=1e-6)


def test_the_leak_is_the_largest_change_of_the_imbalance():
    found = experiments.leak(seed=0, rate=1e-4, networks=2, width=5)
    start = initialize(5, "pytorch", generator=generator_for(0, "leak"), ensemble=(2,))
    end = descend(start, *experiments.hills(), steps=600, learning_rate=1e-4).final
    assert found["leak"] == pytest.approx((imbalance(end) - imbalance(start)).abs().max(1).values.tolist())


def test_gathering_follows_the_published_run():
    found = experiments.gathering(seed=1, width=40, networks=2)
    run, (x, y) = experiments.train(seed=1, width=40, networks=2), experiments.hills()
    assert found["steps"] == list(range(0, 100_001, 500))
    share, begin = experiments.densest(to_spline(run.networks).breakpoints)
    assert found["share"] == share.tolist()
    for i in range(2):
        shot = experiments.snapshot(experiments.member(run.networks, 20, i), x, y)  # step 10,000
        for name, record in (("gaps", 20), ("before", 0)):
            middle = float(begin[record, i]) + 0.05
            assert found[name][i] == pytest.approx(min(abs(place - middle) for place in shot["attractors"]))
    shots = [experiments.snapshot(experiments.member(run.networks, 2, i), x, y) for i in range(2)]  # step 1,000
    expected = [min(abs(m - place) for m in shot["maxima"]) for shot in shots for place in shot["attractors"]]
    assert found["misses"][0] == pytest.approx(expected)


def test_bad_arguments_are_named():
    spline = Spline([1.0], [0.0], [1.0], 0.0)
    with pytest.raises(ValueError, match="^q: expected q > 0"):
        squared_weight(Spline([1.0, 1.0], [0.5, 0.0], [1.0, 1.0], 0.0), [-1.0, -1.0])
    with pytest.raises(ValueError, match="^q: expected shape"):
        squared_weight(spline, [1.0, 1.0])
    with pytest.raises(ValueError, match="^q: expected q > 0"):
        closed_speeds(spline, [0.0], moments(ONE, X, Y))
    with pytest.raises(ValueError, match="^alpha: expected positive"):
        scaled_speeds(ONE, moments(ONE, X, Y), 0.0)
    with pytest.raises(ValueError, match="^w: expected non-zero"):
        speeds(Network([0.0], [1.0], [1.0], 0.0), moments(ONE, X, Y))
    with pytest.raises(ValueError, match="^x: expected finite"):
        moments(ONE, [math.nan], [0.0])
    with pytest.raises(ValueError, match="^steps: expected a positive"):
        flow(to_spline(ONE), imbalance(ONE), X, Y, time=1.0, steps=0)
    with pytest.raises(ValueError, match="^time: expected positive"):
        flow(to_spline(ONE), imbalance(ONE), X, Y, time=0.0, steps=1)
    with pytest.raises(ValueError, match="^amount: expected shape"):
        sums_beyond(X, [1.0], [0.0])
    with pytest.raises(ValueError, match="^residuals: expected finite"):
        psi(X, [math.inf, 0.0, 0.0], [0.0])
    with pytest.raises(ValueError, match="^orientation: expected 1 or -1"):
        attractors(X, Y, orientation=0)
    with pytest.raises(ValueError, match="^z: expected shape"):
        tangent_kernel(ONE, X, [[1.0]])
