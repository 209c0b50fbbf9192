"""Experiments of the chapter `splines/dynamics`: breakpoints that gather, and what the scale of the start changes.

The data of Figure 7 of Sahs et al. (2022) are lost. A cosine with three bends stands in; widths, learning rate, start
and recorded steps are the published ones.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Network, rescale, to_spline
from lecturelib.splines.dynamics.attraction import attractors
from lecturelib.splines.dynamics.motion import imbalance
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import Trajectory, descend
from lecturelib.splines.training.prefix_sums import prepare, sharpness

RATE = 3e-5  # of the published runs
SNAPSHOTS = (0, 1_000, 4_000, 10_000, 100_000)  # the five times of Figure 7
EDGE = 2.4  # data lie in [−EDGE, EDGE]
VALLEY = (0.8, EDGE)  # where |x| is near a valley of the cosine
STRETCH = 0.1  # length of the stretch in which breakpoints are counted


def hills(size: int = 100) -> tuple[Tensor, Tensor]:
    """cos 2x at equally spaced x in [−2.4, 2.4]: a hill at 0 between valleys at ±π/2. Shapes (N,), (N,)."""
    x = torch.linspace(-EDGE, EDGE, size, dtype=torch.float64)
    return x, torch.cos(2 * x)


def train(*, seed: int, width: int, ensemble: int, steps: int = 100_000, record_every: int = 500) -> Trajectory:
    """The published run on `hills`, for several starts at once: networks of shape (R, ensemble, width)."""
    start = initialize(width, "pytorch", generator=generator_for(seed, "gather", width), ensemble=ensemble)
    return descend(start, *hills(), steps=steps, learning_rate=RATE, record_every=record_every)


def densest(breakpoints: Tensor) -> tuple[Tensor, Tensor]:
    """The fullest stretch of length `STRETCH` near a valley: the share of all breakpoints in it, and where it begins.

    breakpoints: (..., H); both results have shape (...). Only places with 0.8 < |β| < 2.4 count. A share is at least
    1/H where any breakpoint is there, and 0 where none is.
    """
    width = breakpoints.shape[-1]
    near = (breakpoints.abs() > VALLEY[0]) & (breakpoints.abs() < VALLEY[1])
    # those elsewhere move out of the way, far apart from one another
    apart = 10 + torch.arange(width, dtype=breakpoints.dtype)
    places = torch.sort(torch.where(near, breakpoints, apart), dim=-1)[0].contiguous()
    ends = torch.searchsorted(places, places + STRETCH, right=True)
    counts = (ends - torch.arange(width)) * (places < VALLEY[1])
    most, first = counts.max(-1)
    return most / width, places.gather(-1, first[..., None])[..., 0]


def gathering(*, seed: int, width: int, ensemble: int = 12) -> dict[str, list]:
    """Experiment: how full the fullest stretch is along the published run; (R,) steps, (R, ensemble) shares.

    gaps: at step 10,000, for each network, how far the middle of its fullest stretch is from the nearest place that
    attracts v > 0 for neurons facing right, as ψ says; before: the same from the fullest stretch at the start; peaks:
    as gaps, from the nearest maximum of the residual.
    misses: at steps 1,000, 4,000 and 10,000, how far each such place is from the nearest maximum of the residual.
    """
    record = train(seed=seed, width=width, ensemble=ensemble)
    steps = record.steps.tolist()
    share, begin = densest(to_spline(record.networks).breakpoints)
    x, y = hills()
    shots = [[snapshot(one, x, y) for one in record.networks[steps.index(step)]] for step in SNAPSHOTS[1:4]]
    misses = [[_nearest(shot["maxima"], place) for shot in some for place in shot["attractors"]] for some in shots]
    middles = {"gaps": begin[steps.index(10_000)] + STRETCH / 2, "before": begin[0] + STRETCH / 2}
    found = {
        name: [_nearest(shot["attractors"], float(at)) for shot, at in zip(shots[-1], middle, strict=True)]
        for name, middle in middles.items()
    }
    found["peaks"] = [_nearest(shot["maxima"], float(at)) for shot, at in zip(shots[-1], middles["gaps"], strict=True)]
    return {"steps": steps, "share": share.tolist(), "losses": record.losses.tolist(), "misses": misses, **found}


def _nearest(places: list[float], to: float) -> float:
    return min(abs(place - to) for place in places)


def snapshot(network: Network, x: Tensor, y: Tensor) -> dict:
    """One time of Figure 7 in numbers: loss, |Σ ε| / Σ |ε|, and places among the data.

    attractors: the places that attract upward bends facing right; maxima: those where the residual is larger than at
    both neighbours. x: (N,), sorted; y: (N,).
    """
    residuals = network(x) - y
    places, signs = attractors(x, residuals)
    among = (signs > 0) & (places > x[0]) & (places < x[-1])
    peak = (residuals[1:-1] > residuals[:-2]) & (residuals[1:-1] > residuals[2:])
    return {
        "loss": float(0.5 * residuals.square().sum()),
        "centred": float(residuals.sum().abs() / residuals.abs().sum()),
        "attractors": places[among].tolist(),
        "maxima": x[1:-1][peak].tolist(),
    }


def gathered(network: Network, x: Tensor, y: Tensor, *, within: float = 0.05) -> list[tuple[float, int, int]]:
    """Places among the data that attract neurons facing right, from left to right, and who is there.

    Each with the sign of the output weights it attracts and the number of breakpoints of that sign near it. x: (N,),
    sorted; y: (N,).
    """
    places, signs = attractors(x, network(x) - y)
    beta = to_spline(network).breakpoints
    return [
        (float(place), int(sign), int((((beta - place).abs() <= within) & (network.v * sign > 0)).sum()))
        for place, sign in zip(places, signs, strict=True)
        if x[0] < place < x[-1]
    ]


def movement(*, seed: int, alpha: list[float], width=60, ensemble: int = 10, steps: int = 5_000) -> dict[str, list]:
    """Experiment: how far breakpoints and delta-slopes have moved when the loss is a tenth of what it was.

    The same starts rescaled by each α, each trained at 0.3 of its own stable rate. breakpoints: median |Δβ| of neurons
    that start among the data; delta_slopes: root mean square of Δμ over them. Shapes (len(alpha), ensemble).
    Raises ValueError where a run does not get there.
    """
    x, y = hills()
    start = starts(seed=seed, ensemble=ensemble, width=width)
    shape = (len(alpha), ensemble)
    factors = torch.tensor(alpha, dtype=torch.float64)[:, None, None]
    scaled = rescale(start.map(lambda part: part.expand(len(alpha), *part.shape)), factors)
    rates = 0.6 / sharpness(*prepare(scaled, x, y)).reshape(shape)
    record = descend(scaled, x, y, steps=steps, learning_rate=rates, record_every=20)
    fitted = record.losses <= 0.1 * record.losses[0]
    if not bool(fitted.any(0).all()):
        raise ValueError(f"steps: expected enough to reach a tenth of the loss, {steps} are not")
    rows, columns = torch.meshgrid(*map(torch.arange, shape), indexing="ij")
    before, after = to_spline(start), to_spline(record.networks[fitted.int().argmax(0), rows, columns])
    among = (before.breakpoints.abs() < EDGE).expand(*shape, width)
    moved = (after.breakpoints - before.breakpoints).abs().where(among, torch.nan)
    changed = (after.delta_slopes - before.delta_slopes).square().where(among, torch.nan)
    return {"breakpoints": moved.nanmedian(-1)[0].tolist(), "delta_slopes": changed.nanmean(-1).sqrt().tolist()}


def leak(*, seed: int, rate: float, time: float = 0.06, width: int = 60, ensemble: int = 8) -> dict[str, list]:
    """Experiment: by how much steps of finite length change w² + b² − v²: largest |Δq| of each network, (ensemble,).

    All runs go on for the same time = steps × rate from the same starts.
    """
    start = initialize(width, "pytorch", generator=generator_for(seed, "leak"), ensemble=(ensemble,))
    record = descend(start, *hills(), steps=round(time / rate), learning_rate=rate)
    return {"leak": (imbalance(record.final) - imbalance(start)).abs().amax(-1).tolist()}


def starts(*, seed: int, ensemble: int, width: int = 60) -> Network:
    """The starts of `movement` with α = 1: shape (ensemble, width)."""
    return initialize(width, "pytorch", generator=generator_for(seed, "movement"), ensemble=(ensemble,))
