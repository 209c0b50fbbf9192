"""Drawing: hinges add up, marks point to the active side."""

import pytest
import torch

from lecturelib.core import figures
from lecturelib.splines import Spline
from lecturelib.splines.breakpoints.drawing import draw_hinges, hinges, mark_breakpoints

SPLINE = Spline([-1.0, 0.5], [2.0, -1.0], [1.0, -1.0], 0.0)
X = torch.linspace(-2, 2, 9, dtype=torch.float64)


def test_hinges_add_up():
    torch.testing.assert_close(sum(one(X) for one in hinges(SPLINE)), SPLINE(X))


def test_marks_point_to_the_active_side():
    _, axes = figures.new()
    mark_breakpoints(axes, SPLINE)
    found = {line.get_marker(): line.get_xdata().tolist() for line in axes.lines}
    assert found == {">": [-1.0], "<": [0.5]}


def test_each_hinge_is_drawn_with_its_mark():
    _, axes = figures.new()
    draw_hinges(axes, SPLINE, X)
    assert [line.get_label() for line in axes.lines if line.get_label().startswith("neuron")] == [
        "neuron 1",
        "neuron 2",
    ]
    torch.testing.assert_close(torch.as_tensor(axes.lines[0].get_ydata()), hinges(SPLINE)[0](X))


def test_an_ensemble_is_refused():
    many = Spline([[1.0]], [[1.0]], [[1.0]], [0.0])
    _, axes = figures.new()
    for call in (lambda: hinges(many), lambda: mark_breakpoints(axes, many)):
        with pytest.raises(ValueError, match="^spline: expected a single Spline"):
            call()
