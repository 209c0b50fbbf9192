"""What the figures of the chapter `splines/dynamics` share."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from torch import Tensor

from lecturelib.core.figures import BLUE, FAINT, INK, MUTED, ORANGE
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.dynamics.attraction import attractors, psi

KINDS = ((1, "^", BLUE), (-1, "v", ORANGE))


def mark_kinds(axes: Axes, network: Network, *, low: float, high: float, height: float = 0.04) -> None:
    """Mark breakpoints of one network in (low, high): blue, upright for v > 0, orange, upside down for v < 0.

    height: where the marks stand, as a fraction of the axes from the bottom.
    """
    beta, foot = to_spline(network).breakpoints, axes.get_xaxis_transform()
    for sign, marker, color in KINDS:
        places = beta[(network.v * sign > 0) & (beta > low) & (beta < high)]
        axes.plot(places, [height] * len(places), marker, color=color, markersize=4, transform=foot)


def draw_snapshot(left: Axes, right: Axes, network: Network, x: Tensor, y: Tensor) -> None:
    """One time of Figure 7: data and function on the left, ψ of neurons facing right and what it attracts on the right.

    x, y: (N,). Marks of `mark_kinds` stand at the bottom of both; stems rise from the zeros of ψ, in the colour of the
    neurons that gather there.
    """
    low, high = float(x.min()), float(x.max())
    z = torch.linspace(low, high, 601, dtype=torch.float64)
    left.plot(x, y, ".", color=MUTED, markersize=2.5)
    left.plot(z, network(z), color=INK)
    mark_kinds(left, network, low=low, high=high)
    residuals = network(x) - y
    right.axhline(0, color=FAINT, linewidth=1)
    right.plot(z, psi(x, residuals, z).right, color=INK, linewidth=1.2)
    mark_kinds(right, network, low=low, high=high)
    places, signs = attractors(x, residuals)
    for sign, _, color in KINDS:
        here = places[(signs == sign) & (places > low) & (places < high)]
        right.plot(here, torch.zeros_like(here), "o", color=color, markersize=6, markerfacecolor="none")


def draw_paths(axes: Axes, steps: Tensor, networks: Network, *, low: float, high: float) -> None:
    """Breakpoints in (low, high) against the step, networks of shape (R, H), coloured by the first sign of v."""
    paths = to_spline(networks).breakpoints
    paths = torch.where((paths > low) & (paths < high), paths, torch.nan)
    for i in range(paths.shape[1]):
        axes.plot(steps, paths[:, i], color=BLUE if networks.v[0, i] > 0 else ORANGE, linewidth=0.8)
