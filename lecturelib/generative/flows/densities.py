"""What any flow does: push points, sample, and give densities by the change of variables.

ln p(x) = ln N(z) + ln |det ∂z/∂x|, where z is the point that is carried to x.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, checked
from lecturelib.generative.flows.continuous import CHUNK, ContinuousFlow, Pushed, Trace, choose, log_normal, placed
from lecturelib.generative.flows.integrate import integrate
from lecturelib.generative.flows.planar import PlanarFlow, back_through, through

Flow = ContinuousFlow | PlanarFlow


@checked
def push(
    flow: ContinuousFlow | PlanarFlow, z: Annotated[Array, "... _N _d"], *, inverse: bool = False, steps: Count = 40,
    trace: Trace = "auto", probes: Count = 1, generator: Generator | None = None,
) -> Pushed:  # fmt: skip
    """Points z (..., N, d) carried by a flow, or back to where they came from, with ln |det| of the map.

    steps, trace, probes and generator are for continuous flows, as in `log_density`. Raises ValueError for points of
    another dimension, and where a generator is missing.

    >>> flow = PlanarFlow([[3.0, 0.0]], [[1.0, 0.0]], [0.0])  # wᵀû = −1 + ln(1 + e³)
    >>> push(flow, [[0.0, 1.0]])
    Pushed(points=tensor([[0., 1.]], dtype=torch.float64), log_det=tensor([1.1147], dtype=torch.float64))
    """
    z = placed(flow, "z", z)
    if isinstance(flow, PlanarFlow):
        return Pushed(*(back_through if inverse else through)(flow, z))
    ends = (flow.time, 0.0) if inverse else (0.0, flow.time)
    z = z.expand(*torch.broadcast_shapes(z.shape[:-2], flow.shape), *z.shape[-2:])
    parts = []
    for part in z.split(CHUNK, -2):
        parts.append(integrate(flow, part, *ends, steps, choose(flow, part, trace, probes, generator)))
    points, log_det = zip(*parts, strict=True)
    return Pushed(torch.cat(points, -2), torch.cat(log_det, -1))


@checked
def log_density(
    flow: ContinuousFlow | PlanarFlow, x: Annotated[Array, "... _N _d"], *, steps: Count = 40, trace: Trace = "auto",
    probes: Count = 1, generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """ln p at points x (..., N, d), where p is the density of a standard normal vector after the flow: (..., N).

    steps: of Runge–Kutta, for continuous flows. trace: "exact", "hutchinson", a mean over `probes` vectors of signs
    that are drawn once for the whole way, or "auto", exact for d ≤ 2. See Grathwohl et al. 2019. Raises ValueError for
    points of another dimension, and where a generator is missing.

    >>> flow = ContinuousFlow([[[1e-3]], [[1e3]]], [[0.0], [0.0]], [[0.0], [0.0]])  # nearly ż = z, so x = e z
    >>> round(float(log_density(flow, [[0.0]])[0]), 5)  # −½ ln 2π − 1
    -1.91894
    """
    back = push(flow, x, inverse=True, steps=steps, trace=trace, probes=probes, generator=generator)
    return log_normal(back.points) + back.log_det


@checked
def sample(
    flow: ContinuousFlow | PlanarFlow, count: Count, *, generator: Generator, steps: Count = 40
) -> Tensor:  # fmt: skip
    """Standard normal vectors after the flow: (..., count, d), each member of an ensemble with draws of its own.

    >>> sample(random_planar_flow(4, generator=torch.Generator().manual_seed(0)), 3, generator=torch.Generator()).shape
    torch.Size([3, 2])
    """
    options = {"generator": generator, "dtype": flow.dtype, "device": generator.device}
    z = torch.randn(*flow.shape, count, flow.dimension, **options)
    return push(flow, z, steps=steps, trace="exact").points
