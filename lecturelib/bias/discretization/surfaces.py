"""Surfaces over a plane on which paths are drawn: polynomials, which the browser differentiates as well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

Terms = tuple[tuple[float, int, int], ...]


def derivative(terms: Terms, variable: int) -> Terms:
    """The terms of ∂ by a (0) or b (1)."""
    kept = (term for term in terms if term[1 + variable])
    return tuple((c * i, i - 1, j) if variable == 0 else (c * j, i, j - 1) for c, i, j in kept)


def polynomial(terms: Terms, w: Tensor) -> Tensor:
    """Σ c a^i b^j at w (..., 2): (...)."""
    if not terms:
        return torch.zeros_like(w[..., 0])
    c, i, j = (w.new_tensor(column) for column in zip(*terms, strict=True))
    return (c * w[..., :1] ** i * w[..., 1:] ** j).sum(-1)


@dataclass(frozen=True)
class Surface:
    """A loss Σ c a^i b^j of weights w = (a, b), as terms (c, i, j).

    words: what it is called; x, y: the part of the plane that is drawn; start; time: how long descent goes on.
    """

    words: str
    terms: Terms
    x: tuple[float, float]
    y: tuple[float, float]
    start: tuple[float, float]
    time: float

    def __call__(self, w: Tensor) -> Tensor:
        """C(w): (..., 2) → (...)."""
        return polynomial(self.terms, w)

    @cached_property
    def _derivatives(self) -> dict[str, Terms]:
        """The terms of the derivatives up to the third, by the variables: "a", "b", "aa", …"""
        found = {"": self.terms}
        for names in ("a", "b", "aa", "ab", "bb", "aaa", "aab", "abb", "bbb"):
            found[names] = derivative(found[names[:-1]], "ab".index(names[-1]))
        return found

    def speed(self, w: Tensor, learning_rate: float, order: int) -> Tensor:
        """f, f + h f₁ or f + h f₁ + h² f₂ of f = −∇C at w (2,), for the order 0, 1 or 2, in closed form."""

        def at(*names: str) -> list[Tensor]:
            return [polynomial(self._derivatives[name], w) for name in names]

        g = torch.stack(at("a", "b"))
        if order == 0:
            return -g
        aa, ab, bb = at("aa", "ab", "bb")
        hessian = torch.stack([aa, ab, ab, bb]).view(2, 2)
        once = hessian @ g
        if order == 1:
            return -g - learning_rate / 2 * once
        aaa, aab, abb, bbb = at("aaa", "aab", "abb", "bbb")
        bent = torch.stack([aaa, aab, aab, abb, aab, abb, abb, bbb]).view(2, 2, 2) @ g @ g
        return -g - learning_rate / 2 * once - learning_rate**2 * (hessian @ once / 3 + bent / 12)


SURFACES = {
    "valley": Surface(
        "a valley of minima, ½ (ab − 1)²",
        ((0.5, 2, 2), (-1.0, 1, 1), (0.5, 0, 0)),
        (1.2, 2.4),
        (0.2, 1.4),
        (2.0, 1.0),
        2.0,
    ),
    "bowl": Surface("a bowl, ½ a² + 2 b²", ((0.5, 2, 0), (2.0, 0, 2)), (-1.5, 3.0), (-1.6, 1.6), (2.6, 1.2), 2.0),
    "bend": Surface(
        "a bent valley, ½ (b − a²)² + ¼ (a − 1)²",
        ((0.5, 0, 2), (-1.0, 2, 1), (0.5, 4, 0), (0.25, 2, 0), (-0.5, 1, 0), (0.25, 0, 0)),
        (-1.8, 1.8),
        (-0.6, 2.6),
        (-1.2, 0.4),
        3.0,
    ),
    "saddle": Surface(
        "two basins, ¼ (a² − 1)² + ½ (b − ½ a)²",
        ((0.25, 4, 0), (-0.375, 2, 0), (0.25, 0, 0), (0.5, 0, 2), (-0.5, 1, 1)),
        (-2.0, 2.0),
        (-1.5, 2.2),
        (-1.7, 1.0),
        4.0,
    ),
}
"""By name; the valley comes first."""
