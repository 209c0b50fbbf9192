"""Experiments on how breakpoints gather: by hand, and run again."""

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import Network, descend, imbalance, initialize, rescale, to_spline
from lecturelib.splines.dynamics import gathering as experiments
from lecturelib.splines.training.prefix_sums import prepare, sharpness


def tensor(values) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


def test_experiments_return_data_of_their_seed():
    one = experiments.movement(seed=3, alpha=[0.5, 2.0], ensemble=2)
    assert one == experiments.movement(seed=3, alpha=[0.5, 2.0], ensemble=2)
    assert one != experiments.movement(seed=4, alpha=[0.5, 2.0], ensemble=2)
    assert torch.tensor(one["breakpoints"]).shape == (2, 2)
    found = experiments.leak(seed=0, rate=1e-4, ensemble=2)
    assert len(found["leak"]) == 2
    with pytest.raises(ValueError, match="^steps: expected enough"):
        experiments.movement(seed=0, alpha=[1.0], ensemble=1, steps=5)


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
    found = experiments.movement(seed=5, alpha=[0.5, 2.0], ensemble=2)
    start, (x, y) = experiments.starts(seed=5, ensemble=2), experiments.hills()
    for k, alpha in enumerate((0.5, 2.0)):
        for i in range(2):
            one = rescale(start[i], alpha)
            run = descend(one, x, y, steps=5000, learning_rate=0.6 / sharpness(*prepare(one, x, y))[0], record_every=20)
            first = next(r for r, loss in enumerate(run.losses) if loss <= 0.1 * run.losses[0])
            before, after = to_spline(one), to_spline(run.networks[first])
            among = before.breakpoints.abs() < 2.4
            ways = (after.breakpoints - before.breakpoints).abs()[among]
            assert found["breakpoints"][k][i] == pytest.approx(float(ways.median()), rel=1e-6)
            squares = (after.delta_slopes - before.delta_slopes)[among].square()
            assert found["delta_slopes"][k][i] == pytest.approx(float(squares.mean().sqrt()), rel=1e-6)


def test_the_leak_is_the_largest_change_of_the_imbalance():
    found = experiments.leak(seed=0, rate=1e-4, ensemble=2, width=5)
    start = initialize(5, "pytorch", generator=generator_for(0, "leak"), ensemble=(2,))
    end = descend(start, *experiments.hills(), steps=600, learning_rate=1e-4).final
    assert found["leak"] == pytest.approx((imbalance(end) - imbalance(start)).abs().max(1).values.tolist())


def test_gathering_follows_the_published_run():
    found = experiments.gathering(seed=1, width=40, ensemble=2)
    run, (x, y) = experiments.train(seed=1, width=40, ensemble=2), experiments.hills()
    assert found["steps"] == list(range(0, 100_001, 500))
    share, begin = experiments.densest(to_spline(run.networks).breakpoints)
    assert found["share"] == share.tolist()
    for i in range(2):
        shot = experiments.snapshot(run.networks[20, i], x, y)  # step 10,000
        for name, record in (("gaps", 20), ("before", 0)):
            middle = float(begin[record, i]) + 0.05
            assert found[name][i] == pytest.approx(min(abs(place - middle) for place in shot["attractors"]))
        middle = float(begin[20, i]) + 0.05
        assert found["peaks"][i] == pytest.approx(min(abs(place - middle) for place in shot["maxima"]))
    shots = [experiments.snapshot(run.networks[2, i], x, y) for i in range(2)]  # step 1,000
    expected = [min(abs(m - place) for m in shot["maxima"]) for shot in shots for place in shot["attractors"]]
    assert found["misses"][0] == pytest.approx(expected)
