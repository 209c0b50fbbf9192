"""Handwritten digits of 8 × 8 pixels that scikit-learn brings along, for every part that learns from them.

Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI repository, CC BY 4.0.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def all_digits() -> tuple[Tensor, Tensor]:
    """The 1,797 digits, pixels from 0 to 1, and which they are: (B, 8, 8) in float64, (B,)."""
    from sklearn.datasets import load_digits  # where only torch is, what needs no digits still works

    images, labels = load_digits(return_X_y=True)
    return torch.as_tensor(images / 16).reshape(-1, 8, 8), torch.as_tensor(labels)


def shuffled_digits(generator: Generator) -> tuple[Tensor, Tensor]:
    """The same in a random order."""
    images, labels = all_digits()
    order = torch.randperm(len(labels), generator=generator)
    return images[order], labels[order]
