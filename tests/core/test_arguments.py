"""Checks of arguments name the argument and what was expected."""

import numpy as np
import pytest
import torch

from lecturelib.core.arguments import as_tensor, one_dimensional, positive, same_shape


def test_numbers_become_float64_and_tensors_keep_their_precision():
    assert as_tensor("x", [1, 2]).dtype == torch.float64
    assert as_tensor("x", 3).dtype == torch.float64
    assert as_tensor("x", np.float32([1.0])).dtype == torch.float32
    assert as_tensor("x", torch.tensor([1, 2])).dtype == torch.float64
    assert as_tensor("x", torch.zeros(2, dtype=torch.float32)).dtype == torch.float32
    assert as_tensor("x", torch.zeros(2, dtype=torch.float32), dtype=torch.float64).dtype == torch.float64


@pytest.mark.parametrize("value", [float("nan"), [1.0, float("inf")], "text", [[1.0], [1.0, 2.0]], 1j, True])
def test_what_is_not_finite_real_numbers_is_named(value):
    with pytest.raises(ValueError, match="^scale: expected"):
        as_tensor("scale", value)


def test_shapes_and_signs_are_named():
    with pytest.raises(ValueError, match=r"b: expected shape \(3,\), as w has, got \(2,\)"):
        same_shape((3,), "w", b=torch.zeros(2))
    with pytest.raises(ValueError, match="alpha: expected positive numbers, found -1"):
        positive("alpha", [1.0, -1.0])
    with pytest.raises(ValueError, match=r"x: expected shape \(N,\), got \(1, 1\)"):
        one_dimensional("x", [[1.0]])
