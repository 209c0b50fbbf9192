"""Fits that grow by a feature: by hand, against a solver at each size, where rank is lost, and in float32."""

import pytest
import torch

from lecturelib.bias import growing_fits


def generated(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def one_by_one(x: torch.Tensor, y: torch.Tensor, ridge: float = 0.0) -> torch.Tensor:
    """Every fit anew, by the pseudo-inverse or the normal equations."""
    found = x.new_zeros(x.shape[1], x.shape[1])
    for k in range(1, x.shape[1] + 1):
        part = x[:, :k]
        normal = part.T @ part + ridge * torch.eye(k, dtype=x.dtype)
        found[k - 1, :k] = torch.linalg.solve(normal, part.T @ y) if ridge else torch.linalg.pinv(part) @ y
    return found


def test_by_hand():
    # one column fits the mean 2 of the two values, two equal ones share it, and the third explains the rest
    found = growing_fits([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0]], [1.0, 3.0])
    assert found.flatten().tolist() == pytest.approx([2, 0, 0, 1, 1, 0, 1, 1, -1])


@pytest.mark.parametrize("ridge", [0.0, 0.1, 10.0])
def test_all_sizes_agree_with_a_solver(ridge):
    x, y = generated(12, 30), generated(12)
    assert float((growing_fits(x, y, ridge) - one_by_one(x, y, ridge)).abs().max()) < 1e-9


def test_columns_that_repeat_or_vanish_share_or_get_nothing():
    x, y = generated(6, 5), generated(6)
    x[:, 2], x[:, 3] = x[:, 0] - 2 * x[:, 1], 0.0
    found = growing_fits(x, y)
    assert float((found - one_by_one(x, y)).abs().max()) < 1e-10
    assert found[4, 3] == 0


def test_an_ensemble_is_its_members():
    x, y = generated(3, 4, 5, 7), generated(3, 4, 5)
    found = growing_fits(x, y)
    assert found.shape == (3, 4, 7, 7)
    assert torch.equal(found[1, 2], growing_fits(x[1, 2], y[1, 2]))


def test_float32_stays_float32():
    x, y = generated(8, 20), generated(8)
    found = growing_fits(x.float(), y.float(), 0.5)
    assert found.dtype == torch.float32
    assert float((found.double() - growing_fits(x, y, 0.5)).abs().max()) < 1e-4


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="y"):
        growing_fits(generated(4, 3), generated(5))
    with pytest.raises(ValueError, match="ridge: expected a number, at least 0, got -1"):
        growing_fits(generated(4, 3), generated(4), -1)


def test_a_ridge_that_rounding_hides_counts_as_none():
    x, y = torch.tensor([[1.0, 2.0, 3.0], [1.0, 0.0, 1.0]]).double(), torch.tensor([1.0, 2.0]).double()
    assert torch.equal(growing_fits(x, y, 1e-20), growing_fits(x, y))
