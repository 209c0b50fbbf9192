"""Group convolutions beside a sum written out, their exactness, networks of sets, and the stored runs of digits."""

import itertools

import pytest
import torch

from lecturelib.core import experiments
from lecturelib.core.statements import CHAPTERS
from lecturelib.equivariance import DeepSets, GroupConvolution, assert_equivariant, dihedral, turned
from lecturelib.equivariance.groups.experiments import Turning, digits, quarter_turned, run


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=1):
    return torch.randn(shape, generator=draw(seed), dtype=torch.float64)


@pytest.mark.parametrize("regular", [False, True])
def test_elements_multiply(regular):
    """Moving by h and then by g is moving by one element, and all are different."""
    x = normal(8, 3, 3)
    every = [turned(x, g, group="D4", regular=regular) for g in range(8)]
    assert all(not a.equal(b) for a, b in itertools.combinations(every, 2))
    for first, then in itertools.product(range(8), repeat=2):
        both = turned(every[first], then, group="D4", regular=regular)
        assert sum(both.equal(one) for one in every) == 1


@pytest.mark.parametrize("group", ["C4", "D4"])
def test_convolutions_are_exact(group):
    first = GroupConvolution(2, 3, 3, group=group, lifting=True, generator=draw())
    second = GroupConvolution(3, 2, 5, group=group, generator=draw())
    x = normal(2, 2, 6, 6)
    with torch.no_grad():
        first.bias += 0.5
        y = second(first(x).relu())
        assert y.shape == (2, 2, 4 if group == "C4" else 8, 6, 6)
        for g in range(y.shape[2]):
            moved = second(first(turned(x, g, group=group)).relu())
            torch.testing.assert_close(moved, turned(y, g, group=group, regular=True))


def test_lifting_is_one_filter_in_every_position():
    layer = GroupConvolution(1, 1, 3, group="D4", lifting=True, generator=draw())
    x = normal(1, 1, 5, 5)
    with torch.no_grad():
        y = layer(x)
        for g in range(8):
            filters = turned(layer.weight, g, group="D4")
            torch.testing.assert_close(y[:, :, g], torch.nn.functional.conv2d(x, filters, padding=1))


def test_a_group_convolution_is_the_sum_over_elements():
    """y(g) = Σ_h x(h) ⋆ ψ(g⁻¹h, g⁻¹·), written out for C4, where g⁻¹h is h − g."""
    layer = GroupConvolution(1, 1, 3, generator=draw())
    x = normal(1, 1, 4, 5, 5)
    with torch.no_grad():
        y = layer(x)
        for g in range(4):
            terms = [
                torch.nn.functional.conv2d(x[:, :, h], layer.weight[:, :, (h - g) % 4].rot90(g, (-2, -1)), padding=1)
                for h in range(4)
            ]
            torch.testing.assert_close(y[:, :, g], torch.stack(terms).sum(0))


def test_it_agrees_with_the_action_on_images():
    square = dihedral(4)
    layer = GroupConvolution(1, 1, 3, group="D4", lifting=True, generator=draw())
    pooled = lambda x: layer(x).mean(2)  # noqa: E731
    assert assert_equivariant(pooled, square.images(4), square.images(4), shape=(1, 4, 4)) < 1e-12


def test_sets_have_no_order():
    model = DeepSets(2, 8, 3, generator=draw())
    x = normal(4, 6, 2)
    torch.testing.assert_close(model(x), model(x[:, torch.randperm(6, generator=draw())]))
    torch.testing.assert_close(model(x), model(torch.cat([x, x], 1)))  # twice the same
    assert not torch.allclose(model(x), model(x[:, :5]))
    assert not torch.allclose(model(x), model(x.mean(1, keepdim=True)))


def test_shapes_are_refused():
    with pytest.raises(ValueError, match="^size: expected an odd number"):
        GroupConvolution(1, 1, 4, generator=draw())
    layer = GroupConvolution(2, 1, 3, generator=draw())
    with pytest.raises(ValueError, match=r"^x: expected shape \(B, 2, 4, N, N\)"):
        layer(torch.ones(1, 2, 5, 5))
    with pytest.raises(ValueError, match=r"^x: expected shape \(\.\.\., M, 3\)"):
        DeepSets(3, 2, 1, generator=draw())(torch.ones(4, 2))
    with pytest.raises(ValueError, match="^element: expected a number below 4"):
        turned(torch.ones(2, 2), 4)
    with pytest.raises(ValueError, match="^x: expected shape"):
        turned(torch.ones(2, 3), 1)


def test_the_network_for_turns_sees_none():
    x = digits(draw())[0][:20]
    model = Turning(2, draw())
    with torch.no_grad():
        torch.testing.assert_close(model(x), model(quarter_turned(x, draw(1))), atol=1e-5, rtol=1e-4)


def test_what_is_stored_is_what_a_run_gives():
    found = run(seed=0, kind="plain", steps=3)
    assert found["parameters"] == 4414
    assert 0.5 < found["upright"] <= 1
    stored, _ = experiments.load(CHAPTERS / "equivariance/data/groups_digits.json")
    assert len(stored) == 15
    for row in stored:
        assert (row["upright"] == row["turned"]) == (row["kind"] == "C4") or row["kind"] == "turned data"
        assert row["parameters"] == (4156 if row["kind"] == "C4" else 4414)
