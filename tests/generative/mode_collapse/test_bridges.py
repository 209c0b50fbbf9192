"""Mass between modes: equality for a straight map, networks below the bound; slopes by autograd; the stored runs."""

import math

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.core.small_networks import Layout
from lecturelib.generative import least_between, most_beyond
from lecturelib.generative.mode_collapse.bridges import lipschitz_bound, slopes
from lecturelib.generative.mode_collapse.runs import RUNS, STORED, slide_run


def normal_below(t):
    return 0.5 * math.erfc(-t / math.sqrt(2))


def test_a_straight_map_reaches_the_bound():
    # G(z) = 3 z, s = 0.5: A = {x ≤ −1}, B = {x ≥ 2}
    share = normal_below(-1 / 1.5)
    found = most_beyond(share, distance=3.0, lipschitz=3.0, latent_scale=0.5)
    assert float(found) == pytest.approx(1 - normal_below(2 / 1.5), rel=1e-12)


def test_equal_shares():
    between = float(least_between(distance=4.0, lipschitz=1.5, latent_scale=0.8))
    share = (1 - between) / 2
    assert float(most_beyond(share, distance=4.0, lipschitz=1.5, latent_scale=0.8)) == pytest.approx(share, rel=1e-12)
    assert least_between(distance=[1.0, 2.0], lipschitz=1.0).shape == (2,)


def test_slopes_are_differences_and_stay_below_the_bound():
    draw = torch.Generator().manual_seed(2)
    layout = Layout((2, 5, 4, 3), "tanh")
    theta = layout.start(2, generator=draw)
    z = torch.randn(2, 6, 2, generator=draw, dtype=torch.float64)
    found = slopes(layout, theta, z)
    assert found.shape == (2, 6)
    step = 1e-6 * torch.eye(2, dtype=torch.float64)
    columns = [(layout.outputs(theta, z + one) - layout.outputs(theta, z - one)) / 2e-6 for one in step]
    torch.testing.assert_close(found, torch.linalg.svdvals(torch.stack(columns, -1))[..., 0], rtol=1e-6, atol=1e-8)
    assert bool((found <= lipschitz_bound(layout, theta)[:, None]).all())


def test_a_bridge_that_no_network_leaves_out():
    # the left mode of a network against its right one: what lies between is at least what the bound says
    draw = torch.Generator().manual_seed(4)
    layout = Layout((2, 20, 1))
    theta = layout.start(5, generator=draw)
    z = torch.randn(5, 100_000, 2, generator=draw, dtype=torch.float64)
    made, bound = layout.outputs(theta, z)[..., 0], lipschitz_bound(layout, theta)
    for values, lipschitz in zip(made, bound, strict=True):
        edge = float(values.quantile(0.3))
        share = float((values <= edge).double().mean())
        right = float((values >= edge + 0.7 * float(lipschitz)).double().mean())
        assert right <= float(most_beyond(share, distance=0.7 * lipschitz, lipschitz=lipschitz)) + 0.01


def test_errors():
    with pytest.raises(ValueError, match="share"):
        most_beyond(1.0, distance=1.0, lipschitz=1.0)
    with pytest.raises(ValueError, match="distance"):
        least_between(distance=0.0, lipschitz=1.0)


@pytest.fixture(scope="module")
def short():
    return slide_run(method="simultaneous", optimizer="rmsprop", steps=40, records=4, seed=0, width=8, samples=100)


def test_a_run_records_what_it_says(short):
    assert short["at"] == [0, 10, 20, 30, 40]
    for name in ("hit", "well", "none", "bound", "inside", "between", "steepest"):
        assert len(short[name]) == 5, name
    assert all(steep <= bound * 1.001 for steep, bound in zip(short["steepest"], short["bound"], strict=True))
    assert all(well <= hit <= 9 for hit, well in zip(short["hit"], short["well"], strict=True))


def test_a_run_is_the_same_again(short):
    again = slide_run(method="simultaneous", optimizer="rmsprop", steps=40, records=4, seed=0, width=8, samples=100)
    assert again == short


def test_the_stored_runs_are_whole():
    found, origin = load(STORED)
    assert len(found) == len(RUNS) * len(origin.seeds)
    assert {(one["method"], one["optimizer"]) for one in found} == {(one["method"], one["optimizer"]) for one in RUNS}
    assert all(one["at"][-1] == one["steps"] and len(one["well"]) == len(one["at"]) for one in found)
    assert f"--steps {found[0]['steps']} " in origin.command
