"""Claims of the chapter `kernels/initialization`.

Means over the start are taken over *all* choices of signs (or values) of a small network, so that they are exact. The
sizes of the entries are random and generic: no pre-activation of a network with biases is 0.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.initialization.variances import (
    Variances,
    backward_moments,
    forward_moments,
    gradient_moments,
    scheme_variances,
)

JELENKOVIC = "Jelenković, lecture 13"
EXACT = 1e-11
SIGNS = torch.tensor([-1.0, 1.0], dtype=torch.float64)
THREE = torch.tensor([-(3**0.5), 0.0, 3**0.5], dtype=torch.float64)
"""Values with probabilities 1/6, 2/3, 1/6: mean 0, variance 1 and fourth moment 3, as a normal number has."""


def plan(generator: Generator, widths: tuple[int, ...]) -> tuple[Variances, Tensor]:
    """Random variances, every entry its own, and an input."""

    def positive(*shape: int) -> Tensor:
        return 0.2 + torch.rand(*shape, generator=generator, dtype=torch.float64)

    weights = tuple(positive(*pair) for pair in pairwise(widths))
    biases = tuple(positive(width) for width in widths[1:])
    return Variances(weights, biases, positive(widths[-1])), positive(widths[0])


def every_network(
    variances: Variances, values: Tensor = SIGNS, *, sign_biases: bool = False
) -> tuple[list, list, Tensor]:
    """All networks whose entries are one of `values` times their deviation: matrices, biases, v; leading dimension all.

    Output weights, and biases where `sign_biases`, take signs alone.
    """
    parts = [*variances.weights, *variances.biases, variances.output]
    layers = len(variances.weights)
    choices = []
    for place, part in enumerate(parts):
        only_signs = place == 2 * layers or (sign_biases and place >= layers)
        choices += [SIGNS if only_signs else values] * part.numel()
    grid = torch.cartesian_prod(*choices)
    split = grid.split([part.numel() for part in parts], dim=1)
    shaped = [one.reshape(-1, *part.shape) * part.sqrt() for one, part in zip(split, parts, strict=True)]
    return shaped[:layers], shaped[layers : 2 * layers], shaped[-1]


def layers_of(matrices: list, biases: list, x: Tensor) -> list[Tensor]:
    """h_0, …, h_L of every network: (all, k)."""
    h = [x.expand(matrices[0].shape[0], -1)]
    for matrix, bias in zip(matrices, biases, strict=True):
        h.append(torch.relu(torch.einsum("si,sij->sj", h[-1], matrix) + bias))
    return h


def _worst(found, expected) -> float:
    return max(relative_gap(one, other) for one, other in zip(found, expected, strict=True))


# The half


def _half_of_a_symmetric_law(half, generator: Generator) -> float:
    values = torch.randn(5, generator=generator, dtype=torch.float64)
    z = torch.cat([values, -values, torch.zeros(3, dtype=torch.float64)])
    return float((half(z) - torch.relu(z).square().mean()).abs())


symmetric_half = Claim(
    label="lem-deepinit-half",
    statement=r"If $z$ and $-z$ have the same law, $\E (z)_+^2 = \frac12 \E z^2$.",
    source=JELENKOVIC,
    method="exact identity",
    tolerance=EXACT,
    check=_half_of_a_symmetric_law,
    formula=lambda z: z.square().mean() / 2,
    falsifiers={
        r"$\E z^2$": lambda z: z.square().mean(),
        r"$\frac12 (\E \lvert z \rvert)^2$": lambda z: z.abs().mean() ** 2 / 2,
        r"$\Var (z)_+$": lambda z: torch.relu(z).var(unbiased=False),
    },
)


# Forward


def _forward_over_all_signs(moments, generator: Generator) -> float:
    variances, x = plan(generator, (2, 2, 2))
    matrices, biases, _ = every_network(variances)
    return _worst(moments(variances, x), [h.square().mean(0) for h in layers_of(matrices, biases, x)])


def _changed_forward(weight: float = 0.5, bias: float = 0.5):
    def moments(variances: Variances, x: Tensor) -> list[Tensor]:
        found = [x.square()]
        for weights, biases in zip(variances.weights, variances.biases, strict=True):
            found.append(weight * weights.T @ found[-1] + bias * biases)
        return found

    return moments


def _as_variances(variances: Variances, x: Tensor) -> list[Tensor]:
    found = [x.square()]
    for weights, biases in zip(variances.weights, variances.biases, strict=True):
        # the variance of (z)₊ for normal z, handed on as if it were a second moment
        found.append((weights.T @ found[-1] + biases) * (0.5 - 0.5 / torch.pi))
    return found


forward = Claim(
    label="thm-deepinit-forward",
    statement=r"$\E h_{\ell, j}^2 = \frac12 \bigl( \sum_i \Var(W_{\ell, ij})\, \E h_{\ell-1, i}^2 + \Var(b_{\ell, j}) "
    r"\bigr)$, at every width; checked over all signs of networks of widths 2, 2, 2.",
    source=f"{JELENKOVIC}, for equal variances",
    method="exact identity",
    tolerance=EXACT,
    check=_forward_over_all_signs,
    formula=forward_moments,
    falsifiers={
        "without the half": _changed_forward(1.0, 1.0),
        "biases not halved": _changed_forward(0.5, 1.0),
        "a minus sign before the biases": _changed_forward(0.5, -0.5),
        r"$\Var h^2$ in place of the second moment": _as_variances,
    },
)


# Backward


def _signals(matrices, biases, v, x) -> list[Tensor]:
    """∂f/∂h_ℓ of every network by automatic differentiation."""
    h = [x.expand(matrices[0].shape[0], -1).clone().requires_grad_()]
    for matrix, bias in zip(matrices, biases, strict=True):
        h.append(torch.relu(torch.einsum("si,sij->sj", h[-1], matrix) + bias))
    return list(torch.autograd.grad((h[-1] * v).sum(), h))


def _backward_over_all_signs(moments, generator: Generator) -> float:
    variances, x = plan(generator, (2, 2, 2))
    return _worst(moments(variances), [one.square().mean(0) for one in _signals(*every_network(variances), x)])


def _changed_backward(factor: float, *, transposed: bool = False):
    def moments(variances: Variances) -> list[Tensor]:
        found = [variances.output]
        for weights in reversed(variances.weights):
            found.append(factor * (weights.T if transposed else weights) @ found[-1])
        return found[::-1]

    return moments


backward = Claim(
    label="thm-deepinit-backward",
    statement=r"$\E (\partial f / \partial h_{\ell-1, i})^2 = \frac12 \sum_j \Var(W_{\ell, ij})\, "
    r"\E (\partial f / \partial h_{\ell, j})^2$, at every width; checked over all signs of networks of widths 2, 2, 2.",
    source=f"{JELENKOVIC}, two layers; Hanin 2018",
    method="exact identity",
    tolerance=EXACT,
    check=_backward_over_all_signs,
    formula=backward_moments,
    falsifiers={
        "without the half": _changed_backward(1.0),
        "a quarter": _changed_backward(0.25),
        "the other way through the weights": _changed_backward(0.5, transposed=True),
        "half also for the output weights": lambda v: [one / 2 for one in backward_moments(v)],
    },
)


def _gradients_over_all_signs(moments, generator: Generator) -> float:
    variances, x = plan(generator, (2, 2, 2))
    matrices, biases, v = every_network(variances)
    leaves = [one.clone().requires_grad_() for one in (*matrices, *biases)]
    h = layers_of(leaves[:2], leaves[2:], x)
    found = [one.square().mean(0) for one in torch.autograd.grad((h[-1] * v).sum(), leaves)]
    weights, offsets = moments(variances, x)
    return _worst([*weights, *offsets], found)


def _scaled(first: float, second: float):
    def moments(variances: Variances, x: Tensor):
        weights, biases = gradient_moments(variances, x)
        return [first * one for one in weights], [second * one for one in biases]

    return moments


def _signal_before_the_layer(variances: Variances, x: Tensor):
    q, g = forward_moments(variances, x), backward_moments(variances)
    weights = [after[:, None] * before / 2 for before, after in zip(q[1:], g[:-1], strict=True)]
    return weights, gradient_moments(variances, x)[1]


gradients = Claim(
    label="thm-deepinit-gradients",
    statement=r"$\E (\partial f / \partial W_{\ell, ij})^2 = \frac12 \E h_{\ell-1, i}^2\, \E (\partial f / \partial "
    r"h_{\ell, j})^2$, and $\frac12 \E (\partial f / \partial h_{\ell, j})^2$ for biases.",
    source=f"{JELENKOVIC}, two layers; in general derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_gradients_over_all_signs,
    formula=gradient_moments,
    falsifiers={
        "without the half, weights": _scaled(2.0, 1.0),
        "without the half, biases": _scaled(1.0, 2.0),
        "signals on the wrong sides of the layer": _signal_before_the_layer,
    },
)


# Schemes


def _sizes_at_every_layer(claimed, generator: Generator) -> float:
    widths = (*(int(k) for k in torch.randint(1, 4, (3,), generator=generator)), 1)
    x = torch.randn(widths[0], generator=generator, dtype=torch.float64)
    return max(abs(claimed(widths, x, name) - _per_neuron(widths, x, name)) for name in ("he", "glorot", "lecun"))


def _per_neuron(widths, x: Tensor, scheme: str) -> float:
    """E ‖h_L‖²/k_L relative to ‖x‖²/d, over all signs."""
    variances = scheme_variances(widths, scheme)
    grid = torch.cartesian_prod(*[SIGNS] * sum(one.numel() for one in variances.weights))
    split = grid.reshape(-1, grid.shape[-1] if grid.ndim > 1 else 1).split(
        [w.numel() for w in variances.weights], dim=1
    )
    matrices = [s.reshape(-1, *w.shape) * w.sqrt() for s, w in zip(split, variances.weights, strict=True)]
    zeros = [torch.zeros(1, w.shape[1], dtype=torch.float64) for w in variances.weights]
    last = layers_of(matrices, zeros, x)[-1]
    return float(last.square().mean() / x.square().mean())


def _stated_sizes(widths, x: Tensor, scheme: str) -> float:
    """1 for He, ½ a layer for LeCun, k_in / (k_in + k_out) a layer for Glorot."""
    found = 1.0
    for before, after in pairwise(widths):
        found *= {"he": 1.0, "lecun": 0.5, "glorot": before / (before + after)}[scheme]
    return found


schemes = Claim(
    label="cor-deepinit-schemes",
    statement=r"Without biases $\E h^2$ is the same in every layer for $\Var W = 2/k_{\ell-1}$, is halved by each "
    r"layer for $1/k_{\ell-1}$, and multiplied by $k_{\ell-1}/(k_{\ell-1} + k_\ell)$ for Glorot's rule.",
    source=f"{JELENKOVIC}; Anselmi, class 3; He et al. 2015; Glorot and Bengio 2010",
    method="exact identity",
    tolerance=EXACT,
    check=_sizes_at_every_layer,
    formula=_stated_sizes,
    falsifiers={
        "1/k keeps the size, as for a linear network": lambda k, x, s: 1.0 if s == "lecun" else _stated_sizes(k, x, s),
        "Glorot keeps it": lambda k, x, s: 1.0 if s == "glorot" else _stated_sizes(k, x, s),
        "He doubles it": lambda k, x, s: 2.0 ** (len(k) - 1) if s == "he" else _stated_sizes(k, x, s),
    },
)


def _backward_norm(scheme: str, generator: Generator) -> float:
    widths = (2, 3, 2)
    _, x = plan(generator, widths)
    variances = scheme_variances(widths, scheme)
    # biases of a generic size keep pre-activations away from 0; they do not enter the backward moments
    biases = tuple(torch.rand(k, generator=generator, dtype=torch.float64) for k in widths[1:])
    found = _signals(*every_network(Variances(variances.weights[:1], biases[:1], torch.ones(3) / 3)), x)
    sizes = torch.stack([one.square().sum(1).mean() for one in found])
    return float((sizes - sizes[-1]).abs().max())


he_backward = Claim(
    label="cor-deepinit-he",
    statement=r"With $\Var W_\ell = 2/k_{\ell-1}$ the mean of $\lVert \partial f / \partial h_\ell \rVert^2$ is the "
    "same for all layers, whatever their widths.",
    source="derived here; for equal widths He et al. 2015",
    method="exact identity",
    tolerance=EXACT,
    check=_backward_norm,
    formula="he",
    falsifiers={
        r"with $2/(k_{\ell-1} + k_\ell)$": "glorot",
        r"with $2/k_\ell$": "he_backward",
        r"with $1/k_{\ell-1}$": "lecun",
    },
)
