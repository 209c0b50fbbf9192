"""Figures of the chapter that take more than a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.experiments import generator_for
from lecturelib.generative.autoencoders.estimators import quadratic_variances
from lecturelib.generative.autoencoders.experiments import KINDS, digits, stored_plane

WORDS = {"bayes": "naive Bayes", "logistic": "logistic, λ = 0.001", "penalized": "logistic, λ = 1"}
LOOKS = {"bayes": (figures.BLUE, "o-"), "logistic": (figures.ORANGE, "s--"), "penalized": (figures.GREEN, "^:")}


def draw_race(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Errors of the classifiers over the number of data, for each stored problem."""
    figure, axes = figures.new(2, 2, height=5.0)
    for one, row in zip(axes.flat, rows, strict=True):
        for name, (color, mark) in LOOKS.items():
            one.loglog(row["counts"], row[name], mark, color=color, markersize=3.5, label=WORDS[name])
        if "best" in row:
            one.axhline(row["best"], color=figures.MUTED, linewidth=1)
        one.set(xlabel="data", title=f"correlation {row['correlation']:g}" if "best" in row else "digits 3 and 8")
        low, high = one.get_ylim()
        ticks = [tick for tick in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if low <= tick <= high]
        one.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        one.minorticks_off()
    axes[0, 0].set(ylabel="share of errors")
    axes[1, 0].set(ylabel="share of errors")
    axes[0, 0].legend()
    return figure


def draw_gaps(rows: Sequence[Mapping[str, float]]) -> Figure:
    """The gap of each family of q over the digits: quartiles, median and mean."""
    names = ("encoder", "one variance", "diagonal", "full", "two Gaussians")
    figure, axes = figures.new(height=2.8)
    for place, kind in enumerate(KINDS):
        values = torch.tensor([row[kind] for row in rows], dtype=torch.float64)
        low, middle, high = torch.quantile(values, torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)).tolist()
        axes.plot([place, place], [low, high], color=figures.BLUE, linewidth=5, alpha=0.4)
        axes.plot(
            [place], [middle], "o", color=figures.BLUE, label="median, and half of the digits" if not place else None
        )
        axes.plot([place], [float(values.mean())], "D", color=figures.ORANGE, label=None if place else "mean")
    axes.set(yscale="log", xticks=range(len(KINDS)), ylabel="gap, nats", xlim=(-0.5, len(KINDS) - 0.5))
    axes.set_xticklabels(names)
    axes.legend()
    return figure


def draw_variances(sizes: Sequence[int]) -> tuple[Figure, dict[str, Tensor]]:
    """Variances of the estimates for f = |z|²/2 at a place of length 1, k numbers with σ = ½; and the numbers."""
    found: dict[str, list] = {"reparametrized": [], "score": [], "score_best": []}
    for size in sizes:
        slope = torch.full((size,), size**-0.5, dtype=torch.float64)
        exact = quadratic_variances(torch.eye(size, dtype=torch.float64), slope, 0.5, scale=0.5)._asdict()
        for name, row in found.items():
            row.append(exact[name])
    columns = {name: torch.stack(row) for name, row in found.items()}
    figure, axes = figures.new(height=2.6)
    for row, (color, mark), words in zip(
        columns.values(), LOOKS.values(), ("reparametrized", "score", "score, best constant taken off"), strict=True
    ):
        axes.loglog(sizes, row, mark, color=color, markersize=4, label=words)
    axes.set(xlabel="latent numbers $k$", ylabel="variance of the gradient")
    axes.legend()
    return figure, columns


def draw_planes(shown: int = 400) -> Figure:
    """Where both encoders put test digits, and what both decoders draw on a grid of the plane."""
    _, _, test, names = digits()
    vae, plain = stored_plane()
    codes = {"variational": vae.encode(test)[0][:shown], "plain": plain.encode(test)[:shown]}
    figure, axes = figures.new(2, 2, height=6.4, width=6.8)
    for row, (name, code), model in zip(axes, codes.items(), (vae, plain), strict=True):
        low, high = (
            (code.amin(0), code.amax(0)) if name == "plain" else (torch.tensor([-2.5, -2.5]), torch.tensor([2.5, 2.5]))
        )
        for (x, y), digit in zip(code.tolist(), names.tolist(), strict=False):
            row[0].text(x, y, str(digit), fontsize=6, ha="center", va="center", clip_on=True,
                        color=figures.CYCLE[digit % 6])  # fmt: skip
        row[0].set(
            xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="$z_1$", ylabel="$z_2$", title=f"{name}: codes"
        )
        lines = [torch.linspace(float(low[k]), float(high[k]), 11, dtype=torch.float64) for k in (0, 1)]
        grid = torch.cartesian_prod(lines[1].flip(0), lines[0]).flip(1)
        drawn = model.decode(grid).reshape(11, 11, 8, 8).transpose(1, 2).reshape(88, 88).numpy()
        row[1].imshow(drawn, cmap="gray_r", vmin=0, vmax=1)
        row[1].set(xticks=[], yticks=[], title=f"{name}: decoder")
    return figure


def strangeness(count: int = 1000) -> dict[str, tuple[float, float]]:
    """How far from all training digits: median distance to the nearest, and the share beyond 95 % of the test digits.

    Of what decoders draw for codes: of the test digits; from N(0, I) (variational); from a Gaussian with the mean and
    covariance of the codes of training digits (plain).
    """
    x, _, test, _ = digits()
    vae, plain = stored_plane()
    generator = generator_for(0, "strangeness")
    normal = torch.randn(count, 2, generator=generator, dtype=x.dtype)
    codes = plain.encode(x)
    factor = torch.linalg.cholesky(torch.cov(codes.T))
    drawn = {
        "test digits, variational": vae.decode(vae.encode(test)[0]), "test digits, plain": plain(test),
        "variational": vae.decode(normal), "plain": plain.decode(codes.mean(0) + normal @ factor.mT),
    }  # fmt: skip
    far = {name: torch.cdist(one, x).amin(1) for name, one in drawn.items()}
    return {
        name: (
            float(one.median()),
            float((one > torch.quantile(far[f"test digits, {name.split(', ')[-1]}"], 0.95)).double().mean()),
        )
        for name, one in far.items()
    }
