"""Deep networks in training: speeds, births and deaths, and where breakpoints go."""

import pytest
import torch

from lecturelib.core.small_networks import Layout
from lecturelib.splines import (
    DeepRun,
    Target,
    births_and_deaths,
    breakpoint_speed,
    breakpoints_of,
    curvature_correlation,
    descent,
    start_deep,
    train_deep,
)

TENT = Layout((1, 2, 1, 1))


def tent(down):
    """2 ((x)₊ − 2 (x − 1)₊ − down)₊."""
    return torch.tensor([1.0, 1, 0, -1, 1, -2, -down, 2, 0], dtype=torch.float64)


def test_the_tent_by_hand():
    theta, velocity = tent(0.5), torch.zeros(9, dtype=torch.float64)
    found = breakpoints_of(TENT, theta)
    velocity[6] = -1.0
    assert breakpoint_speed(TENT, theta, velocity, found).tolist() == [0.0, 1.0, 0.0, -1.0]
    velocity[6], velocity[2] = 0.0, 1.0  # the floor rises where unit 0 is on
    assert breakpoint_speed(TENT, theta, velocity, found).tolist() == [-1.0, -1.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="velocity"):
        breakpoint_speed(TENT, theta, velocity[:3], found)


def test_over_a_flat_piece_a_single_breakpoint_dies():
    assert breakpoints_of(TENT, tent(1e-3)).positions[[0, 1, -1]].tolist() == pytest.approx([0, 1e-3, 2 - 1e-3])
    assert breakpoints_of(TENT, tent(-1e-3)).positions.tolist() == pytest.approx([0, 1, 2 + 1e-3])


def test_descent_is_minus_the_gradient():
    layout = Layout((1, 5, 4, 1))
    theta = start_deep(layout, "he", generator=torch.Generator().manual_seed(1))[0]
    x = torch.linspace(-1, 1, 7, dtype=torch.float64)
    way = descent(layout, theta, x, x**2)
    loss = lambda theta: 0.5 * (layout.outputs(theta, x[:, None])[:, 0] - x**2).square().sum()  # noqa: E731
    step = 1e-6 * torch.randn(layout.count, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert float(loss(theta + step) - loss(theta - step)) == pytest.approx(-2 * float(way @ step), rel=1e-6)


def test_training_goes_the_way_of_descent():
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    run = train_deep(
        [4, 3], x, x**2, steps=1, learning_rate=1e-3, members=2, generator=torch.Generator().manual_seed(0)
    )
    start, end = run.parameters[:, 1]
    assert torch.allclose(end - start, 1e-3 * descent(run.layout, start, x, x**2), rtol=1e-9, atol=1e-15)
    outputs = run.layout.outputs(start, x[:, None])[:, 0]
    assert float(run.losses[1, 0]) == pytest.approx(0.5 * float((outputs - x**2).square().sum()))
    adam = train_deep(
        [4, 3], x, x**2, steps=1, learning_rate=1e-3, method="adam", generator=torch.Generator().manual_seed(0)
    )
    assert float((adam.parameters[1] - adam.parameters[0]).abs().max()) == pytest.approx(1e-3, rel=1e-4)
    assert (
        adam.breakpoints(0).positions.tolist() == breakpoints_of(adam.layout, adam.parameters[0, 0]).positions.tolist()
    )


def test_births_and_deaths_by_hand():
    thetas = torch.stack([tent(0.5), tent(1.5), tent(0.25), tent(-0.5)])[:, None]
    run = DeepRun(TENT, [0, 1, 2, 3], thetas, torch.zeros(1, 3))
    found = births_and_deaths(run)
    assert found.births[:, 0].tolist() == [[0, 0], [0, 2], [0, 0]]
    assert found.deaths[:, 0].tolist() == [[0, 2], [0, 0], [0, 1]]
    assert found.counts[:, 0].tolist() == [[2, 2], [2, 0], [2, 2], [2, 1]]
    assert births_and_deaths(run, low=0.5).counts[:, 0].tolist() == [[1, 1], [1, 0], [1, 1], [1, 1]]


def test_breakpoints_where_the_target_is_curved():
    hat = Target(lambda x: x, lambda x: x, lambda x: (x.abs() < 1).double() * -3)
    middle = torch.linspace(-0.9, 0.9, 12, dtype=torch.float64)
    assert curvature_correlation(middle, hat, (-2, 2), bins=4) == pytest.approx(1.0)
    outside = torch.tensor([-1.9, -1.2, 1.2, 1.9, 7.0], dtype=torch.float64)
    assert curvature_correlation(outside, hat, (-2, 2), bins=4) == pytest.approx(-1.0)
    with pytest.raises(ValueError, match="breakpoints"):
        curvature_correlation(torch.zeros(0), hat, (-2, 2))
