r"""Layers for images that turn, and for sets.

With ψ_g(h, u) = ψ(g⁻¹h, g⁻¹u) the group convolution is y(g, ·) = Σ_h x(h, ·) ⋆ ψ_g(h, ·), where ⋆ is the correlation
that frameworks call convolution (Cohen and Welling 2016). An element r + 4s of D4 mirrors s times, then turns r times.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from lecturelib.core.arguments import Array, Count, Natural, Precision, checked

Turns = Literal["C4", "D4"]
ORDER = {"C4": 4, "D4": 8}


def _moved(x: Tensor, element: int, group: str, regular: bool) -> Tensor:
    mirrored, turns = divmod(element, 4)
    if regular:
        sign = -1 if mirrored else 1  # (r, s)⁻¹ (r', s'), with s ρ = ρ⁻¹ s
        order = [sign * (h % 4 - turns) % 4 + 4 * (mirrored ^ h // 4) for h in range(ORDER[group])]
        x = x[..., order, :, :]
    return torch.rot90(x.flip(-1) if mirrored else x, turns, (-2, -1))


@checked
def turned(x: Array, element: Natural, *, group: Turns = "C4", regular: bool = False) -> Tensor:
    """Images moved by an element, x(g⁻¹u): shape (..., N, N); with `regular` also x(g⁻¹h, u), shape (..., |G|, N, N).

    Raises ValueError where images are not square, or there is no such element.

    >>> turned([[1.0, 2.0], [3.0, 4.0]], 1)
    tensor([[2., 4.],
            [1., 3.]], dtype=torch.float64)
    """
    if x.ndim < 2 or x.shape[-1] != x.shape[-2] or (regular and (x.ndim < 3 or x.shape[-3] != ORDER[group])):
        raise ValueError(f"x: expected shape (..., {'|G|, ' if regular else ''}N, N), got {tuple(x.shape)}")
    if element >= ORDER[group]:
        raise ValueError(f"element: expected a number below {ORDER[group]}, got {element}")
    return _moved(x, element, group, regular)


class GroupConvolution(nn.Module):
    """A convolution over turns (C4), or turns and mirror images (D4), and shifts: every filter in every position.

    With `lifting` it takes images (B, inputs, N, N), else what another one gives, (B, inputs, |G|, N, N); it gives
    (B, outputs, |G|, N, N). Borders are filled with 0, which turns keep. Raises ValueError for a filter of even size.

    >>> generator = torch.Generator().manual_seed(0)
    >>> first = GroupConvolution(1, 2, 3, lifting=True, generator=generator)
    >>> second = GroupConvolution(2, 5, 3, generator=generator)
    >>> x = torch.arange(36.0).reshape(1, 1, 6, 6)
    >>> y = second(first(x))
    >>> y.shape, bool(torch.allclose(second(first(x.rot90(1, (2, 3)))), turned(y, 1, regular=True)))
    (torch.Size([1, 5, 4, 6, 6]), True)
    """

    @checked
    def __init__(
        self, inputs: Count, outputs: Count, size: Count, *, group: Turns = "C4", lifting: bool = False,
        generator: Generator, dtype: Precision = torch.float64,
    ) -> None:  # fmt: skip
        super().__init__()
        if size % 2 == 0:
            raise ValueError(f"size: expected an odd number, whose filters have a centre, got {size}")
        self.group, self.lifting, self.inputs = group, lifting, inputs
        shape = (outputs, inputs, size, size) if lifting else (outputs, inputs, ORDER[group], size, size)
        scale = math.sqrt(2 / math.prod(shape[1:]))
        self.weight = nn.Parameter(scale * torch.randn(shape, generator=generator, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(outputs, dtype=dtype))

    @checked
    def forward(self, x: Array) -> Tensor:
        """Shape (B, outputs, |G|, N, N). Raises ValueError for another shape than the class says."""
        lifted = () if self.lifting else (ORDER[self.group],)
        if x.ndim != 4 + len(lifted) or x.shape[1:-2] != (self.inputs, *lifted) or 0 in x.shape:
            names = ", ".join(map(str, ("B", self.inputs, *lifted, "N", "N")))
            raise ValueError(f"x: expected shape ({names}), got {tuple(x.shape)}")
        order, size = ORDER[self.group], self.weight.shape[-1]
        filters = torch.stack([_moved(self.weight, g, self.group, not self.lifting) for g in range(order)], 1)
        filters = filters.reshape(-1, x[0].numel() // (x.shape[-1] * x.shape[-2]), size, size)
        y = nn.functional.conv2d(x.to(self.weight).flatten(1, -3), filters, padding=size // 2)
        return y.unflatten(1, (-1, order)) + self.bias[:, None, None, None]


class DeepSets(nn.Module):
    """A function of sets: ρ(Σ_i φ(x_i) / M), whatever the order of the x_i and their number M (Zaheer et al. 2017).

    x (..., M, inputs) → (..., outputs); φ and ρ have one hidden layer of ReLU each.

    >>> model = DeepSets(2, 8, 3, generator=torch.Generator().manual_seed(0))
    >>> x = torch.arange(10.0).reshape(5, 2)
    >>> bool(torch.allclose(model(x), model(x.flip(0)))), model(x).shape
    (True, torch.Size([3]))
    """

    @checked
    def __init__(
        self, inputs: Count, hidden: Count, outputs: Count, *, generator: Generator, dtype: Precision = torch.float64
    ) -> None:
        super().__init__()
        sizes = [(inputs, hidden), (hidden, hidden), (hidden, hidden), (hidden, outputs)]
        draws = [math.sqrt(2 / a) * torch.randn(b, a, generator=generator, dtype=dtype) for a, b in sizes]
        self.weights = nn.ParameterList(draws)
        self.biases = nn.ParameterList([torch.zeros(b, dtype=dtype) for _, b in sizes])

    @checked
    def forward(self, x: Array) -> Tensor:
        """Shape (..., outputs), for x of shape (..., M, inputs). Raises ValueError for another."""
        if x.ndim < 2 or x.shape[-1] != self.weights[0].shape[1]:
            raise ValueError(f"x: expected shape (..., M, {self.weights[0].shape[1]}), got {tuple(x.shape)}")
        layer = [lambda y, k=k: nn.functional.linear(y, self.weights[k], self.biases[k]) for k in range(4)]
        inside = layer[1](torch.relu(layer[0](x.to(self.weights[0])))).mean(-2)
        return layer[3](torch.relu(layer[2](inside)))
