"""Laws read off runs of `phases`: fitted exponents with the error of a jackknife over seeds, beside predicted ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Positive, PositiveArray, PositiveVector, checked
from lecturelib.core.experiments import PowerLaw, power_law, table
from lecturelib.kernels.lazy_or_feature.phases import DEPTH, SCALES
from lecturelib.kernels.lazy_or_feature.scaled import chain_growth, chain_kernel, chain_time

Scales = Annotated[PositiveVector, "S"]
POWERS = tuple(np.linspace(0, 1, 201))


class Law(NamedTuple):
    """What was fitted, where, the predicted exponent, the fit, and, where it has one, a chain's at the same scales."""

    what: str
    where: str
    predicted: float
    fit: PowerLaw
    chain: float | None = None


def grid(results: Sequence[Mapping[str, Any]], name: str, from_width: int = 0) -> tuple[list[int], Tensor, Tensor]:
    """Widths (W,), scales s = α √m (S,), and the numbers called `name`: (W, S, seeds), or (W, 1, seeds) for one number.

    Raises ValueError where the name is unknown, results have different scales, or widths different numbers of seeds.
    """
    widths = list(dict.fromkeys(result["width"] for result in results))
    scales = {tuple(result.get("scales", SCALES)) for result in results}
    if len(scales) != 1:
        raise ValueError(f"results: expected the same scales everywhere, got {len(scales)} lists of them")
    values = table(results, name, by="width")
    kept = sorted((width, k) for k, width in enumerate(widths) if width >= from_width)
    values = values.reshape(*values.shape[:2], -1).mT[[k for _, k in kept]]
    return [width for width, _ in kept], torch.tensor(scales.pop(), dtype=torch.float64), values


@checked
def crossing(scales: Scales, values: Annotated[PositiveArray, "... S"], level: Positive) -> Tensor:
    """Where a curve first crosses `level`, by straight lines on logarithmic axes: values (..., S) → (...).

    Raises ValueError where one does not cross it.
    """
    x, y = torch.log(scales), torch.log(values / level)
    turns = (y[..., 1:] > 0) != (y[..., :-1] > 0)
    if not bool(turns.any(-1).all()):
        raise ValueError(f"values: expected curves over {x.numel()} scales that all cross the level {level:g}")
    k = turns.double().argmax(-1, keepdim=True)
    low, high = y.gather(-1, k), y.gather(-1, k + 1)
    return torch.exp(x[k] + low / (low - high) * (x[k + 1] - x[k])).squeeze(-1)


def over_scales(results, name: str, low: float, high: float, *, width: int) -> PowerLaw:
    """The exponent of s = α √m between two scales, at one width, of the mean over seeds."""
    widths, scales, values = grid(results, name)
    if width not in widths:
        raise ValueError(f"width: expected one of {widths}, got {width}")
    inside = _between(scales, low, high)
    return power_law(scales[inside], values[widths.index(width)][inside])


def _between(scales: Tensor, low: float, high: float) -> Tensor:
    return (scales >= 0.999 * low) & (scales <= 1.001 * high)


def over_widths(results, name: str, scale: float, *, from_width: int = 0) -> PowerLaw:
    """The exponent of m at the scale s = α √m nearest to `scale`, of the mean over seeds."""
    widths, scales, values = grid(results, name, from_width)
    column = 0 if values.shape[1] == 1 else int((scales / scale).log().abs().argmin())
    return power_law(widths, values[:, column])


def root(law: PowerLaw) -> PowerLaw:
    """The law of the square root of what was fitted: a standard deviation from a variance."""
    return PowerLaw(law.exponent / 2, law.error / 2, math.sqrt(law.factor))


def border(results, name: str, level: float | str, *, from_width: int = 0) -> tuple[list[int], Tensor, PowerLaw]:
    """α* at which a curve over α crosses a level, for each width and seed: widths, α* (W, seeds), and its law in m.

    level: a number, or "half", the geometric middle between the curve's first and its last value.
    """
    widths, scales, values = grid(results, name, from_width)
    curves = values.mT  # (W, seeds, S)
    if level == "half":
        curves, level = curves / (curves[..., :1] * curves[..., -1:]).sqrt(), 1.0
    found = crossing(scales, curves, level) / torch.tensor(widths).sqrt().unsqueeze(-1)
    return widths, found, power_law(widths, found)


def collapse_exponent(results, name: str = "error", *, powers: Sequence[float] = POWERS) -> PowerLaw:
    """The power γ for which curves of `name`, moved to lie between 0 and 1 each, are nearest to one function of α m^γ.

    Curves are means over seeds; 0 and 1 are the means of the three smallest and the three largest scales. Nearest: the
    least mean square distance of all pairs of curves on the stretch that they share. The error is a jackknife's over
    seeds. Geiger et al. 2020, figure 3d.
    """
    widths, scales, values = grid(results, name)
    x, sizes = torch.log(scales), torch.log(torch.tensor(widths, dtype=torch.float64))

    def misfit(power: float, curves: Tensor) -> float:
        """Mean square distance of pairs of curves over ln(α m^power), α = s / √m."""
        shifts = (power - 0.5) * sizes
        at = torch.linspace(float(x[0] + shifts.max()), float(x[-1] + shifts.min()), 60, dtype=torch.float64)
        moved = [np.interp(at - shift, x, curve) for shift, curve in zip(shifts, curves, strict=True)]
        return float(np.var(moved, 0).mean())

    def best(chosen: Tensor) -> float:
        curves = chosen.mean(-1)  # (W, S)
        low, high = curves[:, :3].mean(1, keepdim=True), curves[:, -3:].mean(1, keepdim=True)
        return min(powers, key=lambda power: misfit(power, (curves - low) / (high - low)))

    count = values.shape[-1]
    left_out = torch.tensor([best(torch.cat([values[..., :k], values[..., k + 1 :]], -1)) for k in range(count)])
    return PowerLaw(best(values), float(((count - 1) * left_out.var(unbiased=False)).sqrt()), 1.0)


def chain_units(results, *, width: int) -> tuple[float, float]:
    """What a chain (see `chain_time`) has to be stretched by to have the half-loss times of the networks of a width.

    Factors of time and of s: t_{1/2} = unit · chain_time(D, factor · s, 1/2), from the smallest and the largest scale.
    """
    widths, scales, values = grid(results, "half")
    times = values[widths.index(width)].mean(-1)
    unit = float(times[-1]) * 2 * (DEPTH + 1)  # the chain needs 1 / (2 D)
    return unit, float(times[0] / scales[0]) * (DEPTH - 1) / unit


def chain_exponent(name: str, factor: float, low: float, high: float) -> float:
    """The exponent that the same fit over the same scales finds for a chain: "half", "change" or "last" (a factor)."""
    scales = torch.tensor(SCALES, dtype=torch.float64)
    scales = scales[_between(scales, low, high)]
    values = {
        "half": chain_time(DEPTH + 1, factor * scales, 0.5),
        "change": chain_kernel(DEPTH + 1, factor * scales, 1.0) - 1,
        "last": torch.expm1(chain_growth(DEPTH + 1, factor * scales, 1.0) / (DEPTH + 1)),
    }
    return power_law(scales, values[name]).exponent


SMALL, LAZY = r"$s = 10^{-2}$", r"$s = 10^3$"
BELOW, ABOVE = r"$s \leq 10^{-1}$", r"$s \geq 10^2$"


def laws(results: Sequence[Mapping[str, Any]], *, from_width: int = 32) -> list[Law]:
    """All laws of the chapter: in s at the largest width, in m over the widths from `from_width` on."""
    widest, growth = max(result["width"] for result in results), 1 / (DEPTH + 1)
    _, factor = chain_units(results, width=widest)

    def star(name: str, level: float | str) -> PowerLaw:
        return border(results, name, level, from_width=from_width)[2]

    def across(name: str, low: float, high: float) -> tuple[PowerLaw, float]:
        return over_scales(results, name, low, high, width=widest), chain_exponent(name, factor, low, high)

    def wide(name: str, scale: float) -> PowerLaw:
        return over_widths(results, name, scale, from_width=from_width)

    return [
        Law(r"$\alpha^*$: output weights move by their size", "", -0.5, star("last", 1.0)),
        Law(r"$\alpha^*$: the kernel changes by its size", "", -0.5, star("change", 1.0)),
        Law(r"$\alpha^*$: $t_{1/2}$ is between its two laws", "", -0.5, star("half", "half")),
        Law(r"spread of $K_0$ with $m$", "start", -0.5, root(wide("kernel", 1.0))),
        Law(r"$\delta F$ with $m$", LAZY, -0.5, root(wide("spread", SCALES[-1]))),
        Law(r"$\delta F$ with $m$", SMALL, -0.5, root(wide("spread", 1e-2))),
        Law(r"$t_{1/2}$ with $s$", BELOW, 1.0, *across("half", SCALES[0], 0.1)),
        Law(r"$t_{1/2}$ with $s$", ABOVE, 0.0, *across("half", 100, SCALES[-1])),
        Law(r"$t_{1/2}$ with $m$", SMALL, 0.0, wide("half", 1e-2)),
        Law(r"change of $K$ with $s$", BELOW, -2 * DEPTH * growth, *across("change", SCALES[0], 0.1)),
        Law(r"change of $K$ with $s$", ABOVE, -1.0, *across("change", 100, SCALES[-1])),
        Law(r"change of $K$ with $m$", SMALL, 0.0, wide("change", 1e-2)),
        Law(r"change of $K$ with $m$", LAZY, -0.5, wide("change", SCALES[-1])),
        Law(r"distance of $v$ with $s$", BELOW, -growth, *across("last", SCALES[0], 0.1)),
        Law(r"distance of $v$ with $s$", ABOVE, -1.0, *across("last", 100, SCALES[-1])),
        Law(r"distance of $W_2$ with $m$", SMALL, -0.5, wide("hidden", 1e-2)),
    ]
