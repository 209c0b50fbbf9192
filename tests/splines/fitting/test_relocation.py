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
    slim = CROWD.clone()
    free = gather(slim, DATA.numpy())
    assert free.tolist() == [False, True, True, True, False, False, True]
    torch.testing.assert_close(slim(DATA), CROWD(DATA))
    # breakpoints 1/4 and 3/4 with delta-slopes 1 and 2 meet at (1/4 + 3/2) / 3
    assert float(-slim.b[4] / slim.w[4]) == pytest.approx(7 / 12)
    assert float(slim.w[4] * slim.v[4]) == pytest.approx(3)
    # slopes 1 and −1/2 add up to 1/2
    assert float(slim.w[0] * slim.v[0]) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("second", "joined"),
    [((1.0, 0.6, 1.0), True), ((2.0, 0.6, 3.0), True), ((1.0, 1.0, 1.0), True), ((1.0, 0.6, -1.0), False),
     ((-1.0, 0.6, 1.0), False), ((1.0, 1.2, 1.0), False), ((1.0, 0.0, 1.0), False), ((1.0, -1.7, 1.0), False)],
)  # fmt: skip
def test_who_is_alike(second, joined):
    """Whether another neuron, (w, β, v), joins one at 1/4 that faces right: facing, gap (0, 1], sign of v."""
    w, beta, v = second
    network = Network([1.0, w], [-0.25, -w * beta], [1.0, v], 0.0)
    slim = network.clone()
    assert int(gather(slim, DATA.numpy()).sum()) == joined
    torch.testing.assert_close(slim(DATA), network(DATA))


def test_straight_neurons_that_cancel_are_all_free():
    network = Network([1.0, 2.0, 1.0], [3.0, 8.0, 0.5], [2.0, -1.0, 1.0], 0.25)
    slim = network.clone()
    free = gather(slim, DATA.numpy())
    assert free.tolist() == [True, True, False]
    assert float(slim.b0) == pytest.approx(0.25 + 6 - 8)
    torch.testing.assert_close(slim(DATA), network(DATA))


def test_moved_neurons_are_silent_and_inside():
    x = torch.linspace(-1, 3, 41, dtype=torch.float64)
    done = relocate(CROWD, x, x**3)
    torch.testing.assert_close(done.network(x), CROWD(x))
    assert int(done.moved.sum()) >= 3
    beta = (-done.network.b / done.network.w)[done.moved]
    assert bool(((beta > -1) & (beta < 3)).all())
    assert bool((done.network.v[done.moved] == 0).all())
    assert torch.sign(done.network.w[done.moved]).tolist() == [1.0 if place >= 1 else -1.0 for place in beta.tolist()]
    assert {-1.0, 1.0} == set(torch.sign(done.network.w[done.moved]).tolist())


def test_moved_neurons_face_the_nearer_end_of_data_far_from_zero():
    x = torch.linspace(5, 9, 41, dtype=torch.float64)
    dead = Network([1.0] * 4, [-20.0] * 4, [1.0] * 4, 0.0)
    done = relocate(dead, x, (x - 6).abs() + (x - 8).abs())
    beta = (-done.network.b / done.network.w)[done.moved]
    assert int((beta < 7).sum()) > 0 < int((beta > 7).sum())
    assert torch.sign(done.network.w[done.moved]).tolist() == torch.sign(beta - 7).tolist()


def test_ensembles_are_relocated_one_by_one():
    generator = torch.Generator().manual_seed(3)
    networks = initialize(9, "pytorch", generator=generator, ensemble=(2, 3))
    x = torch.linspace(-1, 1, 30, dtype=torch.float64)
    before, together = networks.clone(), relocate(networks, x, torch.sin(4 * x))
    for i in range(2):
        for j in range(3):
            alone = relocate(networks[i, j], x, torch.sin(4 * x))
            assert alone.network == together.network[i, j]
            assert alone.moved.tolist() == together.moved[i, j].tolist()
    assert networks == before  # the caller's networks stay
    turned = Network(*(getattr(networks, name).transpose(0, 1) for name in ("w", "b", "v", "b0")))
    assert relocate(turned, x, torch.sin(4 * x)).network[2, 1] == together.network[1, 2]


def test_precision_is_kept():
    x = torch.linspace(-1, 3, 41)
    done = relocate(CROWD.to(torch.float32), x, x**3)
    assert done.network.dtype == torch.float32
    torch.testing.assert_close(done.network(x), CROWD.to(torch.float32)(x))
    assert done.moved.tolist() == relocate(CROWD, x.double(), x.double() ** 3).moved.tolist()


def test_neurons_move_to_where_the_target_bends():
    # the network fits the target left of 0 and misses its bend on the right
    x = torch.linspace(-2, 2, 81, dtype=torch.float64)
    network = Network([1.0, -1.0, 1.0], [1.0, -1.0, -9.0], [1.0, 1.0, 1.0], 0.0)
    y = torch.where(x < 0, network(x), network(x) + x**2)
    done = relocate(network, x, y)
    assert done.moved.tolist() == [False, False, True]
    assert float(-done.network.b[2] / done.network.w[2]) == pytest.approx(0.5, abs=0.03)  # halfway from −1 to 2


def test_pieces_end_where_the_network_bends():
    """A sharp bend that the network has itself is none of the residual's: the piece left of it is halved, at −0.4."""
    x = torch.linspace(-2, 2, 401, dtype=torch.float64)
    network = Network([2.0, 1.0], [-2.4, -9.0], [1.0, 1.0], 0.0)  # one bends at 1.2, one is silent
    wanted = 5 * (x - 1.2).abs() + torch.exp(-50 * (x + 1) ** 2) / 10
    done = relocate(network, x, network(x) - wanted)
    assert float(done.network.w[1]) == -2.0  # as large as the others, facing the nearer end
    assert float(-done.network.b[1] / done.network.w[1]) == pytest.approx(-0.4, abs=0.01)
    far = Network([2.0, 6.0, 9.0, -9.0], [2.0, 1.0, -99.0, -99.0], [1.0, 1.0, 1.0, 1.0], 0.0)
    assert relocate(far, x, wanted).network.w[2:].abs().tolist() == [4.0, 4.0]  # the median of 2 and 6


def test_places_are_where_the_residual_bends():
    x = np.linspace(0, 10, 101)
    bent = np.where(x >= 5, (x - 7.5) ** 2, 3 * x)
    places = curved_places([5.0], x, bent, 2)
    assert places[0] == pytest.approx(7.5, abs=0.11)
    assert 5 < places[1] < 10
    assert curved_places([], np.zeros(4), np.zeros(4), 3).size == 0
    # three points are halved in the middle of their range, and two no more
    assert curved_places([], np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 0.0]), 9).tolist() == [2.5]
    assert curved_places([], np.array([0.0, 2.0, 4.0, 5.0]), np.array([0.0, 1.0, 0.0, 0.0]), 2).tolist() == [3.0]
    assert curved_places([], np.array([0.0, 0.0, 0.0, 5.0]), np.array([0.0, 1.0, 0.0, 0.0]), 9).tolist() == [2.5]


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
    assert done.moved.tolist() == [True, False]
    torch.testing.assert_close(done.network(DATA), network(DATA))
    only = relocate(Network([0.0], [2.0], [3.0], 0.25), DATA, DATA**2)  # no size to copy: 1
    assert only.network.w.abs().tolist() == [1.0]
    assert float(only.network.b0) == 6.25


@pytest.mark.parametrize(("moves", "calls"), [(None, 3), (0, 0), (2, 2)])
def test_moves_come_before_all_stretches_but_the_last(moves, calls, monkeypatch):
    seen = []

    def count(network, x, y):
        seen.append(network)
        return network, torch.zeros(network.w.shape, dtype=torch.bool)

    monkeypatch.setattr(relocation, "relocate", count)
    start = initialize(3, "pytorch", generator=torch.Generator().manual_seed(2), ensemble=(2,))
    descend_relocating(start, DATA, DATA**2, steps=40, every=10, learning_rate=1e-3, moves=moves)
    assert len(seen) == calls


@pytest.mark.parametrize(("optimizer", "rate", "moves"), [("gd", 1e-4, None), ("adam", 1e-3, 1)])
def test_the_experiment_is_descent_with_moves(optimizer, rate, moves):
    x = torch.linspace(-2, 2, 500, dtype=torch.float64)
    y = torch.sin(3 * x)
    network = initialize(40, "pytorch", generator=generator_for(1, "rescue", 40), ensemble=(12,))
    moved, losses = [], [(network(x) - y).square().sum(-1) / 2]
    for stretch in range(20):
        moved.append([0] * 12)
        if stretch < (19 if moves is None else moves):
            network, mask = relocate(network, x, y)
            moved[-1] = mask.sum(-1).tolist()
        run = descend(network, x, y, steps=500, learning_rate=rate, optimizer=optimizer)
        network = run.final
        losses.append(run.losses[-1])
    found = rescue(seed=1, optimizer=optimizer, moves=moves)
    assert found["steps"] == list(range(0, 10_001, 500))
    assert found["moved"] == moved
    np.testing.assert_allclose(found["losses"], torch.stack(losses), rtol=1e-9)
    assert found["bending"] == census(network, x).bending.sum(-1).tolist()


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
