"""Modified losses and fields: cases worked by hand, ensembles, other precisions, and errors that name the argument."""

import math

import pytest
import torch

from lecturelib.bias import gradient_field, modified_field, modified_loss, sgd_modified_loss


def valley(w):
    """½ (ab − 1)², of which all derivatives are known by hand."""
    return 0.5 * (w[..., 0] * w[..., 1] - 1) ** 2


POINTS = torch.tensor([[3.0, 1.0], [1.0, 2.0], [-0.5, 0.25]], dtype=torch.float64)


def test_the_valley_by_hand():
    # at (3, 1) the residual is 2, the gradient (2, 6), and C = 2
    assert gradient_field(valley)(POINTS[0]).tolist() == [-2.0, -6.0]
    assert float(modified_loss(valley, 0.1)(POINTS[0])) == pytest.approx(2 + 0.025 * 40, rel=1e-15)


def test_the_field_of_a_loss_at_order_one_is_that_of_its_modified_loss():
    expected = gradient_field(modified_loss(valley, 0.2))(POINTS)
    torch.testing.assert_close(modified_field(gradient_field(valley), 0.2)(POINTS), expected, rtol=1e-14, atol=1e-14)


def test_a_field_that_turns_by_hand():
    # f = (y, −x): f′f = −w, f′f′f = (−y, x), f″ = 0
    def field(w):
        return torch.stack([w[..., 1], -w[..., 0]], dim=-1)

    at, h = torch.tensor([2.0, 1.0], dtype=torch.float64), 0.3
    once = [1 + h / 2 * 2, -2 + h / 2 * 1]
    assert modified_field(field, h)(at).tolist() == pytest.approx(once, rel=1e-14)
    twice = [once[0] - h**2 / 3, once[1] + h**2 / 3 * 2]
    assert modified_field(field, h, order=2)(at).tolist() == pytest.approx(twice, rel=1e-14)


def test_the_second_derivative_counts():
    # f = w²: f′f = 2 w³, f′f′f = 4 w⁴, f″(f, f) = 2 w⁴, so that f₂ = (4/3 + 1/6) w⁴
    at = torch.tensor([2.0], dtype=torch.float64)
    assert float(modified_field(lambda w: w**2, 0.1, 2)(at)) == pytest.approx(4 - 0.1 * 8 + 0.01 * 1.5 * 16, rel=1e-14)


@pytest.mark.parametrize("curvature", [0.5, 2.0, 5.0])
def test_orders_of_a_parabola_are_those_of_a_logarithm(curvature):
    h, one = 0.1, torch.ones(1, dtype=torch.float64)
    exact = math.log(1 - h * curvature) / h

    def field(w):
        return -curvature * w

    off = [abs(float(modified_field(field, h, order)(one)) - exact) for order in (1, 2)]
    x = h * curvature  # the logarithm's series has x³/3 and x⁴/4 next, and all its terms one sign
    assert x**3 / 3 / h < off[0] < x**3 / 3 / h / (1 - x)
    assert x**4 / 4 / h < off[1] < x**4 / 4 / h / (1 - x)


def test_no_step_no_correction():
    field = gradient_field(valley)
    for order in (1, 2):
        assert torch.equal(modified_field(field, 0.0, order)(POINTS), field(POINTS))
    assert torch.equal(modified_loss(valley, 0)(POINTS), valley(POINTS))


def test_batches_by_hand():
    # (w − 1)² and (w + 1)² at 0.5: losses 0.25 and 2.25, slopes −1 and 3
    batches = [lambda w: ((w - 1) ** 2).sum(-1), lambda w: ((w + 1) ** 2).sum(-1)]
    at = torch.tensor([0.5], dtype=torch.float64)
    assert float(sgd_modified_loss(batches, 0.4)(at)) == pytest.approx(1.25 + 0.4 / 8 * (1 + 9), rel=1e-15)


def test_one_batch_is_descent_and_equal_batches_too():
    for count in (1, 3):
        torch.testing.assert_close(sgd_modified_loss([valley] * count, 0.3)(POINTS), modified_loss(valley, 0.3)(POINTS))


def test_batches_that_differ_pay_for_it():
    batches = [lambda w: ((w - 1) ** 2).sum(-1), lambda w: ((w + 1) ** 2).sum(-1)]

    def mean(w):
        return (batches[0](w) + batches[1](w)) / 2

    more = sgd_modified_loss(batches, 0.4)(POINTS) - modified_loss(mean, 0.4)(POINTS)
    torch.testing.assert_close(more, torch.full_like(more, 0.1 * 8))  # slopes are off their mean by (2, 2), ‖·‖² = 8


@pytest.mark.parametrize("make", [lambda: modified_loss(valley, 0.1), lambda: sgd_modified_loss([valley, valley], 0.1)])
def test_losses_of_ensembles_and_precisions(make):
    loss = make()
    many = torch.stack([POINTS, 2 * POINTS])
    assert loss(many).shape == (2, 3)
    torch.testing.assert_close(loss(many)[1, 2], loss(2 * POINTS[2]))
    assert loss(POINTS.float()).dtype == torch.float32
    assert loss(POINTS[:0]).shape == (0,)


def test_they_can_be_differentiated_again():
    at = POINTS[0].clone().requires_grad_()
    loss = modified_loss(valley, 0.1)
    (slope,) = torch.autograd.grad(loss(at), at)
    torch.testing.assert_close(-slope, gradient_field(loss)(POINTS[0]))
    assert torch.func.hessian(loss)(POINTS[0]).shape == (2, 2)
    twice = modified_loss(loss, 0.1)(POINTS[0])
    assert float(twice) == pytest.approx(float(loss(POINTS[0])) + 0.025 * float(slope @ slope), rel=1e-14)


def test_a_loss_that_is_constant_stays():
    assert float(modified_loss(lambda w: 0 * w.sum(-1) + 3, 0.1)(POINTS[0])) == 3.0
    assert float(modified_loss(lambda w: torch.tensor(3.0), 0.1)(POINTS[0])) == 3.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: modified_loss(lambda w: w, 0.1)(POINTS), r"loss: expected a function that gives \(3,\) of \(3, 2\)"),
        (lambda: modified_loss(lambda w: 1.0, 0.1)(POINTS), "loss: expected .*, got float"),
        (lambda: gradient_field(lambda w: w.sum())(POINTS), r"loss: .* got shape \(\)"),
        (lambda: sgd_modified_loss([valley, lambda w: w], 0.1)(POINTS), r"losses\[1\]: expected a function"),
        (lambda: sgd_modified_loss([], 0.1), "losses: expected"),
        (lambda: modified_field(valley, 0.1)(POINTS), r"field: expected a function that gives \(3, 2\) of the same"),
        (lambda: modified_field(valley, 0.1, order=3), "order: expected one of 1, 2"),
        (lambda: modified_loss(valley, -0.1), "learning_rate: expected a number, at least 0"),
    ],
)
def test_errors(call, said):
    with pytest.raises(ValueError, match=said):
        call()
