"""One convolutional layer with its ways to lose equivariance, and images to try it on."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional

WAYS = {
    "ring": ("ring", "all"), "zeros": ("zeros", "all"), "ring, stride 2": ("ring", "stride"),
    "ring, maximum of 2 × 2": ("ring", "maximum"), "ring, mean of 2 × 2": ("ring", "mean"),
    "ring, blur, stride 2": ("ring", "blur"),
}  # fmt: skip
"""Name → padding, and how places are taken."""


def clouds(count: int, size: int, generator: Generator) -> Tensor:
    """Random images on a ring, waves of k periods with sizes like 1/k, mean 0, mean square 1: (count, 1, N, N).

    Spectra of photographs fall about as fast.
    """
    waves = torch.fft.fft2(torch.randn(count, 1, size, size, generator=generator, dtype=torch.float64))
    k = torch.fft.fftfreq(size, 1 / size, dtype=torch.float64)
    length = (k[:, None].square() + k.square()).sqrt()
    images = torch.fft.ifft2(waves * torch.where(length > 0, 1 / length.clamp(min=1), 0)).real
    return images / images.square().mean((2, 3), keepdim=True).sqrt()


def layer(x: Tensor, filters: Tensor, padding: str = "ring", taken: str = "all") -> Tensor:
    """relu(filters ∗ x), of which all places are taken, every second ("stride"), or one number of each 2 × 2.

    x: (B, C, N, N); filters: (D, C, K, K), K odd. "blur" takes every second place of the mean with (1, 2, 1)/4.
    """
    reach = filters.shape[-1] // 2
    x = functional.pad(x, (reach,) * 4, mode="circular" if padding == "ring" else "constant")
    y = torch.relu(functional.conv2d(x, filters))
    if taken == "maximum":
        return functional.max_pool2d(y, 2)
    if taken == "mean":
        return functional.avg_pool2d(y, 2)
    if taken == "blur":
        for axis in (2, 3):
            y = (torch.roll(y, 1, axis) + 2 * y + torch.roll(y, -1, axis)) / 4
    return y if taken == "all" else y[..., ::2, ::2]
