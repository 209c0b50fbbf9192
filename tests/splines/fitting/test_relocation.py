"""Breakpoints that are counted, and moved during training."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lecturelib.core.experiments import generator_for
from lecturelib.splines import Network, census, descend, descend_relocating, initialize, relocate
from lecturelib.splines.fitting import relocation
from lecturelib.splines.fitting.relocation import curved_places, gather, rescue

DATA = torch.tensor([-2.0, -1, 0, 1, 2], dtype=torch.float64)
CROWD = Network(
    # two straight on the data, one silent, two alike in the gap from 0 to 1, one alone, one with v = 0
    [1.0, -1, 1, 1, 2, 1, 1],
    [3.0, 4, -5, -0.25, -1.5, 1.5, 0.5],
    [1.0, 0.5, 1, 1, 1, 1, 0],
    0.25,
)


def test_census_by_hand():
    silent, straight, bending = census(CROWD, DATA)
    assert silent.tolist() == [False, False, True, False, False, False, True]
    assert straight.tolist() == [True, True, False, False, False, False, False]
    assert bending.tolist() == [False, False, False, True, True, True, False]
    constant = census(Network([0.0, 0.0], [1.0, -1.0], [1.0, 1.0], 0.0), DATA)
    assert constant.straight.tolist() == [True, False]
    assert constant.silent.tolist() == [False, True]
    # breakpoints on the outermost data: facing away from the others is silent, facing them is straight
    ends = census(Network([1.0, -1.0, 1.0, -1.0], [-2.0, -2.0, 2.0, 2.0], [1.0] * 4, 0.0), DATA)
    assert ends.silent.tolist() == [True, True, False, False]
    assert ends.straight.tolist() == [False, False, True, True]


def test_gathering_by_hand():
    slim, free = gather(CROWD, DATA)
    assert free.tolist() == [False, True, True, True, False, False, True]
    torch.testing.assert_close(slim(DATA), CROWD(DATA))
    # breakpoints 1/4 and 3/4 with delta-slopes 1 and 2 meet at (1/4 + 3/2) / 3
    assert float(-slim.b[4] / slim.w[4]) == pytest.approx(7 / 12)
    assert float(slim.w[4] * slim.v[4]) == pytest.approx(3)
    # slopes 1 and −1/2 add up to 1/2
    assert float(slim.w[0] * slim.v[0]) == pytest.approx(0.5)


def test_moved_neurons_are_silent_and_inside():
    x = torch.linspace(-1, 3, 41, dtype=torch.float64)
    done = relocate(CROWD, x, x**3)
    torch.testing.assert_close(done.network(x), CROWD(x))
    assert done.moved == done.places.numel() >= 3
    assert bool(((done.places > -1) & (done.places < 3)).all())
    beta = -done.network.b / done.network.w
    for place in done.places:
        where = torch.argmin((beta - place).abs())
        assert float(beta[where]) == pytest.approx(float(place))
        assert float(done.network.v[where]) == 0
        assert float(torch.sign(done.network.w[where])) == (1 if float(place) >= 1 else -1)


def test_neurons_move_to_where_the_target_bends():
    # the network fits the target left of 0 and misses its bend on the right
    x = torch.linspace(-2, 2, 81, dtype=torch.float64)
    network = Network([1.0, -1.0, 1.0], [1.0, -1.0, -9.0], [1.0, 1.0, 1.0], 0.0)
    y = torch.where(x < 0, network(x), network(x) + x**2)
    done = relocate(network, x, y)
    assert done.moved == 1
    assert 0 < float(done.places[0]) < 2


def test_pieces_end_where_the_network_bends():
    """A sharp bend that the network has itself is none of the residual's: the piece left of it is halved, at −0.4."""
    x = torch.linspace(-2, 2, 401, dtype=torch.float64)
    network = Network([2.0, 1.0], [-2.4, -9.0], [1.0, 1.0], 0.0)  # one bends at 1.2, one is silent
    wanted = 5 * (x - 1.2).abs() + torch.exp(-50 * (x + 1) ** 2) / 10
    done = relocate(network, x, network(x) - wanted)
    assert done.places.tolist() == pytest.approx([-0.4], abs=0.01)
    assert float(done.network.w[1]) == -2.0  # as large as the others, facing the nearer end
    assert float(-done.network.b[1] / done.network.w[1]) == pytest.approx(float(done.places[0]))


def test_places_are_where_the_residual_bends():
    x = np.linspace(0, 10, 101)
    bent = np.where(x >= 5, (x - 7.5) ** 2, 3 * x)
    places = curved_places([5.0], x, bent, 2)
    assert places[0] == pytest.approx(7.5, abs=0.11)
    assert 5 < places[1] < 10
    assert curved_places([], x[:3], bent[:3], 9).size <= 2
    assert curved_places([], np.zeros(4), np.zeros(4), 3).size == 0


@given(st.integers(0, 40), st.integers(1, 12), st.sampled_from(["he", "pytorch", "uniform_breakpoints"]))
@settings(max_examples=50, deadline=None)
def test_relocation_never_changes_the_function_on_the_data(seed, width, scheme):
    generator = torch.Generator().manual_seed(seed)
    network = initialize(width, scheme, generator=generator)
    x = torch.randint(-4, 5, (12,), generator=generator).to(torch.float64) / 3
    y = torch.randn(12, generator=generator, dtype=torch.float64)
    done = relocate(network, x, y)
    torch.testing.assert_close(done.network(x), network(x), rtol=1e-9, atol=1e-11)


def test_a_neuron_with_no_weight_becomes_a_constant():
    network = Network([0.0, 1.0], [2.0, 0.5], [3.0, 1.0], 0.25)
    done = relocate(network, DATA, DATA**2)
    assert done.moved == 1
    torch.testing.assert_close(done.network(DATA), network(DATA))


@pytest.mark.parametrize(("moves", "calls"), [(None, 3), (0, 0), (2, 2)])
def test_moves_come_before_all_stretches_but_the_last(moves, calls, monkeypatch):
    seen = []

    def count(network, x, y):
        seen.append(network)
        return network, torch.zeros(network.w.shape[:-1], dtype=torch.long)

    monkeypatch.setattr(relocation, "_relocate_all", count)
    start = initialize(3, "pytorch", generator=torch.Generator().manual_seed(2), ensemble=(2,))
    descend_relocating(start, DATA, DATA**2, steps=40, every=10, learning_rate=1e-3, moves=moves)
    assert len(seen) == calls


def test_the_experiment_is_descent_on_its_targets():
    x = torch.linspace(-2, 2, 500, dtype=torch.float64)
    for target, y in (("sine", torch.sin(3 * x)), ("quadratic", x**2 / 2)):
        found = rescue(seed=1, optimizer="gd", moves=0, target=target, width=6, steps=700)
        start = initialize(6, "pytorch", generator=generator_for(1, "rescue", 6), ensemble=(12,))
        run = descend(start, x, y, steps=700, learning_rate=1e-4)
        assert found["steps"] == [0, 500, 700]
        assert found["losses"][0] == pytest.approx(run.losses[0].tolist())
        assert found["losses"][-1] == pytest.approx(run.losses[-1].tolist())
        assert found["bending"] == census(run.final, x).bending.sum(-1).tolist()
        assert found["at_start"] == census(start, x).bending.sum(-1).tolist()


def test_interleaved_descent():
    x = torch.linspace(-2, 2, 60, dtype=torch.float64)
    y = x**2 / 2
    start = initialize(12, "pytorch", generator=torch.Generator().manual_seed(2), ensemble=(3,))
    options = {"steps": 350, "every": 100, "learning_rate": 1e-3}
    plain = descend_relocating(start, x, y, moves=0, **options)
    run = descend(start, x, y, steps=350, learning_rate=1e-3)
    torch.testing.assert_close(plain.losses[-1], run.losses[-1])
    assert plain.steps.tolist() == [0, 100, 200, 300, 350]
    assert int(plain.moved.sum()) == 0
    moved = descend_relocating(start, x, y, **options)
    assert moved.moved.shape == (4, 3)
    assert int(moved.moved[0].sum()) > 0 == int(moved.moved[-1].sum())
    torch.testing.assert_close(moved.losses[0], plain.losses[0])
    with pytest.raises(ValueError, match="^learning_rate: after 0 steps, diverged"):
        descend_relocating(start, x, y, steps=200, every=100, learning_rate=10.0)


def test_one_network_at_a_time():
    with pytest.raises(ValueError, match=r"^network: expected one network, shape \(H,\)"):
        relocate(Network([[1.0]], [[1.0]], [[1.0]], [0.0]), DATA, DATA)
