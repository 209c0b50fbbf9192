"""Margins and the widest of them: by hand, against scikit-learn, and what is refused."""

import numpy as np
import pytest
import torch
from sklearn.svm import SVC

from lecturelib.bias import HardMargin, hard_margin, leave_one_out, margin, smooth_margin
from lecturelib.bias.maximum_margin.checks_problems import built
from lecturelib.bias.maximum_margin.margins import overlapping

X, Y = [[1.0, 0.0], [0.0, -2.0]], [1, -1]


def test_two_points_by_hand():
    found = hard_margin(X, Y)
    torch.testing.assert_close(found.weights, torch.tensor([1.0, 0.5], dtype=torch.float64))
    torch.testing.assert_close(found.multipliers, torch.tensor([1.0, 0.25], dtype=torch.float64))
    assert float(found.margin) == pytest.approx(2 / 5**0.5)
    assert float(margin(found.weights, X, Y)) == pytest.approx(2 / 5**0.5)
    assert float(smooth_margin([1.0, 0.5], X, Y)) == pytest.approx((1 - np.log(2)) / 1.25**0.5)


@pytest.mark.parametrize("seed", range(5))
def test_scikit_learn_finds_the_same(seed):
    generator = torch.Generator().manual_seed(seed)
    z, w, _ = built(generator, 30, 4, 3)
    y = torch.where(torch.arange(30) % 2 == 0, 1.0, -1.0).double()
    found = hard_margin(y[:, None] * z, y)
    torch.testing.assert_close(found.weights, w, rtol=1e-9, atol=1e-9)
    # without a bias of its own: a linear kernel, whose solution goes through 0 where each z has its mirror image
    both = torch.cat([z, -z]).numpy()
    svc = SVC(kernel="linear", C=1e8, tol=1e-10).fit(both, np.repeat([1, -1], 30))
    np.testing.assert_allclose(svc.coef_[0], found.weights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-150, 1e-6, 1.0, 1e6, 1e150])
def test_the_unit_of_the_data_does_not_matter(scale):
    z, w, alpha = built(torch.Generator().manual_seed(1), 12, 3, 2)
    found = hard_margin(scale * z, torch.ones(12))
    torch.testing.assert_close(scale * found.weights, w, rtol=1e-9, atol=1e-9)
    assert found.support.tolist() == torch.nonzero(alpha)[:, 0].tolist()


def test_a_tiny_margin_is_found_and_no_margin_is_refused():
    narrow = hard_margin([[1.0, 1e-5], [-1.0, 1e-5]], [1, 1])
    assert float(narrow.margin) == pytest.approx(1e-5, rel=1e-6)
    for x, y in (([[1.0], [1.0]], [1, -1]), ([[0.0, 0.0]], [1]), ([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], [1, 1, 1])):
        with pytest.raises(ValueError, match="y: expected data that a hyperplane"):
            hard_margin(x, y)


@pytest.mark.parametrize("wrong", [[1, 0], [1, 2], [0.5, 1]])
def test_labels_are_plus_or_minus_one(wrong):
    for function in (hard_margin, leave_one_out):
        with pytest.raises(ValueError, match="y: expected labels −1 or 1"):
            function(X, wrong)
    with pytest.raises(ValueError, match="y: expected labels −1 or 1"):
        margin([1.0, 1.0], X, wrong)


def test_weights_of_zero_have_no_margin():
    for function in (margin, smooth_margin):
        with pytest.raises(ValueError, match="w: expected weights that are not all 0"):
            function([0.0, 0.0], X, Y)


def test_margins_of_an_ensemble_in_single_precision():
    w = torch.tensor([[[1.0, 0.5], [1.0, 1.0]]], dtype=torch.float32)
    x, y = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
    assert margin(w, x, y).shape == (1, 2)
    assert margin(w, x, y).dtype == torch.float32
    assert hard_margin(x, y).weights.dtype == torch.float32
    torch.testing.assert_close(margin(w, x, y).double(), margin(w.double(), X, Y), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("loss", ["exponential", "logistic"])
def test_the_smooth_margin_by_its_definition_and_far_out(loss):
    w, (z1, z2) = torch.tensor([0.7, 0.2], dtype=torch.float64), (0.7, 0.4)
    near = {"exponential": -np.log(np.exp(-z1) + np.exp(-z2)),
            "logistic": -np.log(np.expm1(np.log1p(np.exp(-z1)) + np.log1p(np.exp(-z2))))}[loss]  # fmt: skip
    assert float(smooth_margin(w, X, Y, loss=loss)) == pytest.approx(near / float(w.norm()))
    far = smooth_margin(1e5 * w, X, Y, loss=loss)
    assert float(far) == pytest.approx(float(margin(w, X, Y)), rel=1e-5)
    assert bool(torch.isfinite(smooth_margin(-1e5 * w, X, Y, loss="exponential")))


def test_left_out_points_at_right_angles_are_all_wrong():
    assert leave_one_out(np.eye(4), np.ones(4)) == 4
    assert leave_one_out([[1.0, 0.1], [1.0, -0.1], [2.0, 0.0]], [1, 1, 1]) == 0


def test_which_points_overlap():
    def of(*rows):
        return overlapping(np.array(rows, dtype=float)).tolist()

    assert of([1, 0], [0, 1]) == [False, False]
    assert of([1, 0], [-1, 0]) == [True, True]
    assert of([1, 0], [-1, 0], [0, 1]) == [True, True, False]
    assert of([0, 0]) == [True]


def test_a_record_of_the_widest_margin():
    assert HardMargin([3.0, 4.0], [25.0]).direction.tolist() == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("shape", [(20, 2), (30, 8)])
def test_clarabel_finds_the_same(shape):
    import cvxpy

    n, d = shape
    z, *_ = built(torch.Generator().manual_seed(n), n, d, 2)
    w = cvxpy.Variable(d)
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(w)), [z.numpy() @ w >= 1])
    problem.solve(solver="CLARABEL", tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    np.testing.assert_allclose(hard_margin(z, torch.ones(n)).weights, w.value, rtol=1e-6, atol=1e-7)


def test_units_do_not_matter():
    x, y = torch.tensor([[1.0, 2.0], [2.0, 0.5], [-1.0, -1.0], [-2.0, 0.3]]).double(), [1, 1, -1, -1]
    assert {leave_one_out(scale * x, y) for scale in (1e-10, 1e-3, 1.0, 1e6, 1e8)} == {0}


@pytest.mark.parametrize("share", [1.2e-7, 2e-7, 3.1e-7, 1e-5])
def test_margins_down_to_what_is_promised(share):
    found = hard_margin([[1.0, share], [-1.0, share]], [1, 1])
    assert float(found.margin) == pytest.approx(share, rel=1e-9)
    with pytest.raises(ValueError, match="y: expected data that a hyperplane"):
        hard_margin([[1.0, share / 1000], [-1.0, share / 1000]], [1, 1])


def test_the_smooth_margin_of_very_wrong_weights():
    x, y = [[1.0, 0.0], [2.0, 1.0], [3.0, 1.0]], [1, 1, 1]
    w = torch.tensor([-30.0, 0.0])
    assert float(smooth_margin(w, x, y, loss="logistic")) == pytest.approx(-6.0, rel=1e-6)
    assert float(smooth_margin(100 * w.double(), x, y, loss="logistic")) == pytest.approx(-6.0, rel=1e-9)
