"""Changes of a function that no datum notices."""

import pytest
import torch

from lecturelib.splines import Spline, trade, turn
from tests.splines.training.loops import tensor

RIGHT = Spline([0.2, 0.6, 2.0], [1.0, 2.0, -1.0], [1.0, 1.0, 1.0], 0.5)


def test_a_trade_by_hand():
    """M = 3 and Q = 1.4; at 0.4 and 0.9: μ = (1.4 − 2.7)/(−0.5) = 2.6 and (1.2 − 1.4)/(−0.5) = 0.4."""
    traded = trade(RIGHT, (0, 1), [0.4, 0.9])
    torch.testing.assert_close(traded.breakpoints, tensor([0.4, 0.9, 2.0]))
    torch.testing.assert_close(traded.delta_slopes, tensor([2.6, 0.4, -1.0]))
    far = tensor([-1.0, 0.0, 1.0, 3.0])
    torch.testing.assert_close(traded(far), RIGHT(far))
    assert float((traded([0.5]) - RIGHT([0.5])).abs()) > 0.01


def test_a_turn_by_hand():
    """About 1 between 0.6 and 2: c = 0.8, so μ = 4 stands at 0.8; the rest is −3 at (−0.8 − 3.2)/(−3)."""
    turned = turn(RIGHT, (1, 2), 1.0, 4.0)
    torch.testing.assert_close(turned.breakpoints, tensor([0.2, 0.8, 4 / 3]))
    torch.testing.assert_close(turned.delta_slopes, tensor([1.0, 4.0, -3.0]))
    kept = tensor([-1.0, 0.0, 0.6, 1.0, 2.0, 5.0])
    torch.testing.assert_close(turned(kept), RIGHT(kept))
    assert float(turned([1.3]) - RIGHT([1.3])) == pytest.approx(0.3 * 2)


def test_neurons_that_face_left_do_the_same_in_the_mirror():
    mirror = Spline(-RIGHT.breakpoints, -RIGHT.delta_slopes, -RIGHT.orientations, RIGHT.b0)
    x = torch.linspace(-3, 3, 61, dtype=torch.float64)
    torch.testing.assert_close(trade(mirror, (0, 1), [-0.4, -0.9])(-x), trade(RIGHT, (0, 1), [0.4, 0.9])(x))
    torch.testing.assert_close(turn(mirror, (1, 2), -1.0, -4.0)(-x), turn(RIGHT, (1, 2), 1.0, 4.0)(x))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: trade(RIGHT, (0, 0), [0.1, 0.2]), "pair: expected two neurons that face the same way"),
        (lambda: trade(RIGHT, (0, 1), [0.3, 0.3]), "places: expected two different numbers"),
        (lambda: trade(RIGHT, (0, 1), [0.3]), "places: expected shape"),
        (lambda: trade(RIGHT, (0, 3), [0.1, 0.2]), "pair: expected indices of two of 3 neurons"),
        (lambda: trade(RIGHT, (-4, 1), [0.1, 0.2]), "pair: expected indices of two of 3 neurons"),
        (lambda: trade(RIGHT, (-1, 2), [0.1, 0.2]), "pair: expected two neurons that face"),
        (lambda: turn(RIGHT, (1, 2), 1.0, 0.0), "delta_slope: expected neither 0 nor the sum 1"),
        (lambda: turn(RIGHT, (1, 2), 1.0, 1.0), "delta_slope: expected neither 0 nor the sum 1"),
        (lambda: turn(Spline([0.0, 1.0], [1.0, 1.0], [1.0, -1.0], 0.0), (0, 1), 0.5, 2.0), "pair: expected two"),
        (
            lambda: turn(Spline([[0.0, 1.0]], [[1.0, 1.0]], [[1.0, 1.0]], [0.0]), (0, 1), 0.5, 2.0),
            "spline: expected a single",
        ),
    ],
)
def test_errors_name_the_argument(change, message):
    with pytest.raises(ValueError, match=message):
        change()


def test_indices_count_from_the_end_too_and_precision_is_kept():
    assert trade(RIGHT, (-3, -2), [0.4, 0.9]) == trade(RIGHT, (0, 1), [0.4, 0.9])
    assert turn(RIGHT, (-2, -1), 1.0, 4.0) == turn(RIGHT, (1, 2), 1.0, 4.0)
    single = turn(RIGHT.to(torch.float32), (1, 2), 1.0, 4.0)
    assert single.delta_slopes.dtype == torch.float32
    torch.testing.assert_close(single.breakpoints, tensor([0.2, 0.8, 4 / 3]).float())
