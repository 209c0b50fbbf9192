"""Breakpoints along lines: by hand, against dense samples, in every kind of layer, where many coincide, and errors."""

import math

import pytest
import torch
from torch import nn

from lecturelib.core.line_layers import layers_of
from lecturelib.core.lines import breakpoints_on_line, breakpoints_on_lines
from lecturelib.core.small_networks import Layout


def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def seeded(*modules, seed=0):
    """A model with normal weights, whatever came before."""
    model = nn.Sequential(*modules).double().eval()
    draw = torch.Generator().manual_seed(seed)
    for part in model.parameters():
        part.data = 0.6 * torch.randn(part.shape, generator=draw, dtype=torch.float64)
    for one in model:
        if hasattr(one, "running_mean"):
            one.running_mean.copy_(torch.randn(one.num_features, generator=draw))
            one.running_var.copy_(0.5 + torch.rand(one.num_features, generator=draw))
    return model


def sampled(model, start, direction, t):
    with torch.no_grad():
        return model(start + t.reshape(-1, *[1] * start.ndim) * direction).reshape(len(t), -1)


TENT = [(tensor([1.0], [1.0]), tensor(0.0, -1.0)), (tensor([1.0, -2.0]), tensor(-0.5)), (tensor([2.0]), tensor(0.25))]


def test_two_layers_by_hand():
    found = breakpoints_on_line(TENT, [0.0], [1.0])
    assert found.positions.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert found.layers.tolist() == [1, 2, 1, 2]
    assert found.units.tolist() == [0, 0, 1, 0]
    assert found.turns.tolist() == [1, 1, 1, -1]
    assert found.active.tolist() == [False, True, True, True]
    assert not found.degenerate.any()
    assert found.slopes[:, 0].tolist() == [0.0, 0.0, 2.0, -2.0, 0.0]
    assert found.intercepts[:, 0].tolist() == [0.25, 0.25, -0.75, 3.25, 0.25]
    assert found(tensor(-7.0, 0.75, 1.25, 9.0))[:, 0].tolist() == [0.25, 0.75, 0.75, 0.25]


def test_a_stretch_of_the_line_has_its_part():
    whole = breakpoints_on_line(TENT, [0.0], [1.0])
    part = breakpoints_on_line(TENT, [0.0], [1.0], low=0.25, high=1.25)
    assert part.positions.tolist() == [0.5, 1.0]
    assert torch.equal(part.slopes, whole.slopes[1:4])
    assert breakpoints_on_line(TENT, [0.0], [1.0], low=0.5, high=1.0).positions.tolist() == []
    assert breakpoints_on_line(TENT, [0.0], [1.0], high=0.75).positions.tolist() == [0.0, 0.5]
    assert breakpoints_on_line(TENT, [0.0], [1.0], low=0.75).positions.tolist() == [1.0, 1.5]
    for ends in ({"low": 2.0}, {"high": -2.0}, {"low": 2.0, "high": 3.0}):
        beyond = breakpoints_on_line(TENT, [0.0], [1.0], **ends)
        assert beyond.positions.tolist() == []
        assert (beyond.slopes.tolist(), beyond.intercepts.tolist()) == ([[0.0]], [[0.25]])


def test_other_coordinates_on_the_same_line():
    found = breakpoints_on_line(TENT, [1.0], [-2.0])  # x = 1 − 2t
    assert found.positions.tolist() == [-0.25, 0.0, 0.25, 0.5]
    assert found.turns.tolist() == [1, -1, -1, -1]
    assert found.slopes[:, 0].tolist() == [0.0, 4.0, -4.0, 0.0, 0.0]


MODELS = {
    "deep": (
        seeded(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)),
        (1,),
    ),
    "outputs and leaks": (
        seeded(nn.Linear(3, 9), nn.LeakyReLU(0.1), nn.Linear(9, 7, bias=False), nn.LeakyReLU(0.3), nn.Linear(7, 4)),
        (3,),
    ),
    "ends in a ReLU": (
        seeded(nn.Linear(2, 6), nn.ReLU(), nn.Sequential(nn.Identity(), nn.Linear(6, 3), nn.ReLU())),
        (2,),
    ),
    "convolutions": (
        seeded(
            nn.Conv2d(2, 3, 3, padding=1),
            nn.BatchNorm2d(3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(3, 4, 3, stride=2),
            nn.ReLU(),
            nn.AvgPool2d(2, stride=1),
            nn.Flatten(),
            nn.Linear(4, 5),
            nn.BatchNorm1d(5),
            nn.ReLU(),
            nn.Linear(5, 2),
        ),
        (2, 12, 12),
    ),
    "windows that overlap": (
        seeded(
            nn.Conv2d(1, 2, 3),
            nn.MaxPool2d(3, stride=2, padding=1),
            nn.Flatten(),
            nn.Dropout(),
            nn.Linear(18, 4),
            nn.ReLU(),
            nn.Linear(4, 1),
        ),
        (1, 8, 8),
    ),
    "one dimension": (
        seeded(
            nn.Conv1d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(9, 2)
        ),
        (2, 12),
    ),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(2))
def test_the_pieces_are_the_function_and_no_sample_bends_elsewhere(name, seed):
    model, shape = MODELS[name]
    start, direction = random(*shape, seed=seed), random(*shape, seed=seed + 10)
    found = breakpoints_on_line(model, start, direction)
    assert len(found.positions) > 5
    assert bool((found.positions.diff() >= 0).all())
    t = torch.linspace(-8, 8, 20_001, dtype=torch.float64)
    values = sampled(model, start, direction, t)
    assert float((found(t) - values).abs().max()) < 1e-11 * float(values.abs().max())
    # between samples without a breakpoint nothing bends; and every active one that is alone bends some output
    count = torch.histc(found.positions, 20_000, -8, 8)
    empty = count[1:] + count[:-1] == 0
    assert float((values[2:] - 2 * values[1:-1] + values[:-2])[empty].abs().max()) < 1e-12 * float(values.abs().max())
    jumps = (found.slopes[1:] - found.slopes[:-1]).abs().amax(-1)
    steep = float(found.slopes.abs().max())
    alone = ~found.degenerate
    assert bool((jumps[alone & found.active] > 1e-12 * steep).all())
    assert bool((jumps[alone & ~found.active] <= 1e-12 * steep).all())


@pytest.mark.parametrize("name", ["deep", "convolutions"])
def test_a_stretch_agrees_with_the_line(name):
    model, shape = MODELS[name]
    start, direction = random(*shape, seed=3), random(*shape, seed=4)
    whole = breakpoints_on_line(model, start, direction)
    part = breakpoints_on_line(model, start, direction, low=-0.5, high=0.75)
    inside = (whole.positions > -0.5) & (whole.positions < 0.75)
    assert torch.allclose(part.positions, whole.positions[inside], rtol=1e-9, atol=1e-11)
    for name in ("layers", "units", "turns", "active"):
        assert torch.equal(getattr(part, name), getattr(whole, name)[inside]), name


def test_without_biases_everything_coincides():
    model = seeded(
        nn.Linear(2, 8, bias=False), nn.ReLU(), nn.Linear(8, 6, bias=False), nn.ReLU(), nn.Linear(6, 1, bias=False)
    )
    found = breakpoints_on_line(model, [0.0, 0.0], [1.0, 0.5])
    assert found.positions.unique().tolist() == [0.0]
    assert (found.layers == 1).sum() == 8
    assert found.degenerate.all()
    assert found(tensor(-1.0, 1.0))[:, 0].tolist() == pytest.approx(
        sampled(model, tensor(0.0, 0.0), tensor(1.0, 0.5), tensor(-1.0, 1.0))[:, 0].tolist()
    )


def test_closed_paths_are_not_active():
    # unit 0 goes nowhere, unit 1 only into a unit that is off, unit 2 into one that is on
    layers = [
        (tensor([1.0], [1.0], [1.0]), tensor(0.0, -1.0, -2.0)),
        (tensor([0.0, 1.0, 0.0], [0.0, 0.0, 1.0]), tensor(-9.0, 1.0)),
        (tensor([1.0, 1.0]), tensor(0.0)),
    ]
    found = breakpoints_on_line(layers, [0.0], [1.0], low=-3, high=5)
    assert found.positions.tolist() == [0.0, 1.0, 2.0]
    assert found.active.tolist() == [False, False, True]


def test_bends_may_cancel():
    twins = [(tensor([1.0], [1.0]), tensor(0.0, 0.0)), (tensor([3.0, -3.0]), tensor(0.0))]
    found = breakpoints_on_line(twins, [0.0], [1.0])
    assert found.degenerate.tolist() == found.active.tolist() == [True, True]
    assert found.slopes[[0, -1], 0].tolist() == [0.0, 0.0]


def test_max_pooling_by_hand():
    model = nn.Sequential(nn.MaxPool1d(3))
    # of t, 1 and −t the largest is −t, 1, t in turn
    found = breakpoints_on_line(model, [[0.0, 1.0, 0.0]], [[1.0, 0.0, -1.0]])
    assert found.positions.tolist() == [-1.0, 1.0]
    assert found.slopes[:, 0].tolist() == [-1.0, 0.0, 1.0]
    assert found.turns.tolist() == [0, 0]


def test_a_linear_model_has_none():
    found = breakpoints_on_line(nn.Linear(2, 3).double(), [0.0, 1.0], [1.0, 1.0])
    assert found.positions.shape == (0,)
    assert found.slopes.shape == (1, 3)


def test_single_precision_is_computed_in_double():
    model = seeded(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 1))
    double = breakpoints_on_line(model.float(), [0.0], [1.0])
    assert double.positions.dtype == torch.float64
    assert len(double.positions) == 8


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Sequential(nn.Linear(1, 2), nn.Tanh()), r"model: layer 1 \(Tanh\)"),
        (nn.Sequential(nn.Linear(1, 2), nn.Sequential(nn.GELU())), r"layer 1\.0 \(GELU\)"),
        (nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2)), "evaluation"),
        (nn.Sequential(nn.Linear(1, 2), nn.Dropout()), "evaluation"),
        (nn.Sequential(nn.Linear(2, 2)), r"inputs of shape \(2,\), got \(1,\)"),
        (nn.Softmax(), r"model: expected nn.Sequential of piecewise"),
        ([], "at least one layer"),
        ([1, 2], "pairs"),
        ([(torch.ones(2, 3), torch.ones(2))], r"weights of shape \(out, 1\)"),
    ],
)
def test_what_is_not_piecewise_linear_is_named(model, words):
    with pytest.raises(ValueError, match=words):
        breakpoints_on_line(model, [0.0], [1.0])


def test_lines_that_are_none():
    with pytest.raises(ValueError, match="direction: .* not 0"):
        breakpoints_on_line(TENT, [0.0], [0.0])
    with pytest.raises(ValueError, match="direction: expected the shape of start"):
        breakpoints_on_line(TENT, [0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="low: expected less than high"):
        breakpoints_on_line(TENT, [0.0], [1.0], low=1.0, high=1.0)
    hooked = nn.Sequential(nn.Linear(1, 1))
    hooked[0].register_forward_hook(lambda *_: None)
    with pytest.raises(ValueError, match="hooks"):
        breakpoints_on_line(hooked, [0.0], [1.0])


def test_layers_are_read_in_double():
    (layer,) = layers_of(nn.Linear(2, 3), (2,))
    assert layer.weights.dtype == "float64"
    assert math.prod(layer.weights.shape) == 6


def test_the_absolute_value_is_a_leak_of_minus_one():
    model = nn.Sequential(nn.Linear(1, 2), nn.LeakyReLU(-1.0), nn.Linear(2, 1), nn.LeakyReLU(-1.0)).double()
    weights = tensor([1.0], [1.0]), tensor(0.0, -1.0), tensor([1.0, 1.0]), tensor(-2.0)
    for part, numbers in zip(model.parameters(), weights, strict=True):
        part.data = numbers
    found = breakpoints_on_line(model, [0.0], [1.0])  # ||x| + |x − 1| − 2|
    assert found.positions.tolist() == [-0.5, 0.0, 1.0, 1.5]
    assert found.layers.tolist() == [2, 1, 1, 2]
    assert found.turns.tolist() == [-1, 1, 1, 1]
    assert found.active.all()
    assert found.slopes[:, 0].tolist() == [-2.0, 2.0, 0.0, -2.0, 2.0]
    assert found(tensor(-2.0, 0.5, 3.0))[:, 0].tolist() == [3.0, 1.0, 3.0]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", ["outputs and leaks", "convolutions"])
@pytest.mark.parametrize("threads", [1, 2])
def test_many_lines_are_found_as_each_by_itself(name, threads):
    model, shape = MODELS[name]
    starts, directions = random(5, *shape, seed=5), random(5, *shape, seed=6)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = breakpoints_on_lines(model, starts, directions, low=-3, high=2)
        fan = breakpoints_on_lines(model, starts[:1], directions)
        sheaf = breakpoints_on_lines(model, starts, directions[2:3])
    finally:
        torch.set_num_threads(before)
    assert len(found) == len(fan) == len(sheaf) == 5
    assert len({len(one.positions) for one in fan}) > 1
    for k in range(5):
        assert same(found[k], breakpoints_on_line(model, starts[k], directions[k], low=-3, high=2))
        assert same(fan[k], breakpoints_on_line(model, starts[0], directions[k]))
        assert same(sheaf[k], breakpoints_on_line(model, starts[k], directions[2]))


def test_an_ensemble_of_networks_has_a_line_each():
    layout, theta = Layout((2, 5, 4, 1)), random(3, Layout((2, 5, 4, 1)).count, seed=8)
    starts, directions = random(3, 2, seed=1), random(3, 2, seed=2)
    ensemble, every = list(layout.layers(theta)), [list(layout.layers(one)) for one in theta]
    found = breakpoints_on_lines(ensemble, starts, directions)
    alike = breakpoints_on_lines(ensemble, starts[:1], directions[:1])
    assert len(found) == len(alike) == 3
    for k in range(3):
        assert same(found[k], breakpoints_on_line(every[k], starts[k], directions[k]))
        assert same(alike[k], breakpoints_on_line(every[k], starts[0], directions[0]))


@pytest.mark.parametrize(
    ("starts", "directions", "words"),
    [
        (
            torch.zeros(2, 1),
            torch.ones(3, 1),
            r"shape \(2, 1\) and one network .* got \(3, 1\)",
        ),
        (torch.zeros(2, 1), torch.ones(2, 2), "directions: expected"),
        (torch.zeros(2), torch.ones(2), "directions: expected"),
        (torch.zeros(2, 1), tensor([1.0], [0.0]), "directions: expected a direction that is not 0"),
    ],
)
def test_lines_that_do_not_fit_are_errors(starts, directions, words):
    with pytest.raises(ValueError, match=words):
        breakpoints_on_lines(TENT, starts, directions)


def test_ensembles_that_do_not_fit_are_errors():
    layers = [(random(3, 4, 1), random(3, 4)), (random(2, 1, 4), random(2, 1))]
    with pytest.raises(ValueError, match="model: expected as many weights"):
        breakpoints_on_lines(layers, torch.zeros(1, 1), torch.ones(1, 1))
    with pytest.raises(ValueError, match="3 networks"):
        breakpoints_on_lines(layers[:1], torch.zeros(2, 1), torch.ones(2, 1))
    with pytest.raises(ValueError, match="low"):
        breakpoints_on_lines(TENT, torch.zeros(2, 1), torch.ones(2, 1), low=1.0, high=0.0)
