"""Check of the page behind `splines/depth`: what a ray of a random direction crosses."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from scipy.integrate import quad
from torch import Generator, Tensor

from lecturelib.core.checking import has_mean
from lecturelib.core.claims import claim
from lecturelib.splines.depth.digits import expected_crossings


def planes_around(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Normals of any length (P, D), offsets (P,) of planes ⟨n, x⟩ = c, and a reach; some planes are out of reach."""
    for dimension, count, reach in ((3, 3, 1.0), (4, 5, 2.0), (9, 6, 1.5)):
        normals = torch.randn(count, dimension, generator=generator, dtype=torch.float64)
        near = reach * torch.linspace(0.05, 1.2, count, dtype=torch.float64) / dimension**0.5
        near[-1] = 1.2 * reach
        signs = 2.0 * torch.randint(2, (count,), generator=generator) - 1
        yield normals, signs * near * normals.norm(dim=1), reach


def crossed_by_chance(generator: Generator, normals: Tensor, offsets: Tensor, reach: float) -> Tensor:
    """How many planes have their two sides at both ends of the ray, for 60,000 directions from 0."""
    ends = torch.randn(60_000, normals.shape[1], generator=generator, dtype=torch.float64)
    ends = reach * ends / ends.norm(dim=1, keepdim=True)
    return ((ends @ normals.T > offsets) != (offsets < 0)).double().sum(1)


def share(distance: float, *, fewer: float, power: float) -> float:
    """The regularized incomplete Beta function I at 1 − distance², by quadrature over the angle."""
    if distance >= 1:
        return 0.0

    def density(angle: float) -> float:
        """Of directions at this angle from the normal."""
        return math.sin(angle) ** (2 * fewer - 1) * math.cos(angle) ** (2 * power - 1)

    return quad(density, 0, math.acos(distance))[0] / quad(density, 0, math.pi / 2)[0]


@claim(
    "prop-depth-ray",
    source="own",
    check=has_mean(crossed_by_chance, on=planes_around),
    also=(
        lambda normals, offsets, reach: expected_crossings(
            offsets.abs() / normals.norm(dim=1), reach, normals.shape[1]
        ),
    ),
    wrong={
        "both directions": {"half": 1.0},
        "one dimension more": {"fewer": 0},
        "distances as if normals had length 1": lambda normals, offsets, reach: expected_crossings(
            offsets.abs(), reach, normals.shape[1]
        ),
    },
)
def ray(normals, offsets, reach, *, half=0.5, fewer=1, power=0.5):
    distances, dimension = offsets.abs() / normals.norm(dim=1), normals.shape[1]
    return half * sum(share(float(m) / reach, fewer=(dimension - fewer) / 2, power=power) for m in distances)
