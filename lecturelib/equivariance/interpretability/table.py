"""The table of PDE-FIND, row by row: data made here, the equation found, exact and with noise.

Run, and store: python -m lecturelib.equivariance.interpretability.table
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn import functional

from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.core.statements import CHAPTERS
from lecturelib.equivariance.interpretability import solvers
from lecturelib.equivariance.interpretability.equations import (
    columns,
    derivative_filter,
    dictionary,
    fit,
    jets,
)

STORED = CHAPTERS / "equivariance" / "data" / "equations.json"
SEEDS = range(3)


def monomials(names: Sequence[str], degree: int) -> list[str]:
    """All products of at most so many of the names: "u^2 v" stands for u times u times v."""
    powers = [one for one in product(range(degree + 1), repeat=len(names)) if sum(one) <= degree]
    written = [" ".join(f"{n}^{p}" if p > 1 else n for n, p in zip(names, one, strict=True) if p) for one in powers]
    return [one or "1" for one in written]


def times(first: Iterable[str], second: Iterable[str]) -> list[str]:
    """All products of two lists of terms."""
    return [" ".join(part for part in (a, b) if part != "1") or "1" for b in second for a in first]


class Row(NamedTuple):
    """A row of the table. noise: of the standard deviation; tolerances: for exact and for noisy data; widths, degrees:
    of the polynomials for noisy data, along places and times; truth: term → coefficient, for each field."""

    make: Callable[[], solvers.Flow]
    library: list[str]
    truth: list[dict[str, complex]]
    tolerances: tuple[float, float] = (0.2, 0.2)
    widths: tuple[int, int] = (10, 10)
    degrees: tuple[int, int] = (4, 4)
    noise: float = 0.01
    times: int = 0


IN_X = ["1", "u_x", "u_xx", "u_xxx"]
IN_PLANE = ["1", *(f"{name}_{order}" for name in "uv" for order in ("x", "y", "xx", "xy", "yy"))]
ROWS = {
    "KdV": Row(
        solvers.korteweg_de_vries, dictionary(2, 3), [{"u u_x": -6.0, "u_xxx": -1.0}], (0.2, 0.55), (20, 10), (5, 4),
    ),
    "Burgers": Row(solvers.burgers, dictionary(3, 3), [{"u u_x": -1.0, "u_xx": 0.1}], (0.2, 0.2)),
    "Schrödinger": Row(
        solvers.schroedinger, times(monomials(["u", "|u|", "V"], 2), IN_X), [{"u V": -1j, "u_xx": 0.5j}],
        (0.2, 0.2), (20, 10), (5, 4),
    ),
    "NLS": Row(
        solvers.nonlinear_schroedinger, times(monomials(["u", "|u|"], 3), IN_X), [{"u |u|^2": 1j, "u_xx": 0.5j}],
        (0.2, 0.5), (20, 5), (6, 3),
    ),
    "KS": Row(
        solvers.kuramoto_sivashinsky, dictionary(5, 5), [{"u u_x": -1.0, "u_xx": -1.0, "u_xxxx": -1.0}],
        (0.2, 1.0), (20, 5), (6, 3),
    ),
    "Reaction–diffusion": Row(
        solvers.reaction_diffusion, times(monomials(["u", "v"], 3), ["1"]) + IN_PLANE[1:],
        [
            {"u_xx": 0.1, "u_yy": 0.1, "u": 1.0, "u v^2": -1.0, "u^3": -1.0, "v^3": 1.0, "u^2 v": 1.0},
            {"v_xx": 0.1, "v_yy": 0.1, "v": 1.0, "u^2 v": -1.0, "v^3": -1.0, "u^3": -1.0, "u v^2": -1.0},
        ],
        (0.05, 0.05), (10, 6), noise=0.005, times=30,
    ),
    "Navier–Stokes": Row(
        solvers.vorticity, times(monomials(["w", "u", "v"], 2), ["1", "w_x", "w_y", "w_xx", "w_xy", "w_yy"]),
        [{"u w_x": -1.0, "v w_y": -1.0, "w_xx": 0.01, "w_yy": 0.01}], times=60,
    ),
}  # fmt: skip
POINTS = 5000


def with_noise(u: Tensor, share: float, generator: Generator) -> Tensor:
    """Each field with normal noise of a share of its standard deviation; real and imaginary parts alike."""

    def draw(part: Tensor) -> Tensor:
        spread = part.std(tuple(range(1, part.ndim)), keepdim=True)
        return share * spread * torch.randn(part.shape, generator=generator, dtype=torch.float64)

    return u + (torch.complex(draw(u.real), draw(u.imag)) if u.is_complex() else draw(u))


def on_line(flow: solvers.Flow, row: Row, smooth: bool) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Values of u, |u|, V = x²/2, u_x, … wherever filters fit, and u_t, for one field in one dimension."""
    order = max(name.count("x") for name in " ".join(row.library).split())
    steps = float(flow.x[1] - flow.x[0]), float(flow.t[1] - flow.t[0])
    values, y = jets(flow.u[0], steps, order, row.widths if smooth else None, row.degrees)
    margin = (len(flow.x) - len(y)) // 2
    well = flow.x[margin : margin + len(y), None].square() / 2
    return {**values, "|u|": values["u"].abs().to(y.dtype), "V": well.expand(y.shape).to(y.dtype)}, [y]


def in_plane(
    flow: solvers.Flow, row: Row, smooth: bool, generator: Generator
) -> tuple[dict[str, Tensor], list[Tensor]]:
    """The same at 5,000 places and some times, both random, for fields in two dimensions."""
    names = "wuv" if len(flow.u) == 3 else "uv"
    steps = float(flow.x[1] - flow.x[0]), float(flow.t[1] - flow.t[0])
    options = [{"width": row.widths[k] if smooth else None, "degree": row.degrees[k]} for k in (0, 1)]
    first, second, along = (derivative_filter(k, steps[a], **options[a]) for k, a in ((1, 0), (2, 0), (1, 1)))
    margin, late = len(second) // 2, len(along) // 2
    draw = lambda low, high, count: torch.randint(low, high, (count,), generator=generator)  # noqa: E731
    places = draw(margin, len(flow.x) - margin, POINTS), draw(margin, len(flow.x) - margin, POINTS)
    moments = late + torch.randperm(len(flow.t) - 2 * late, generator=generator)[: row.times]

    def slide(u: Tensor, w: Tensor, axis: int) -> Tensor:
        """Correlation of (times, N, N) along an axis, with zeros outside, where no place is taken."""
        kernel = w.reshape((1, 1, -1, 1) if axis == 0 else (1, 1, 1, -1))
        return functional.conv2d(u[:, None], kernel, padding="same")[:, 0]

    values, pick = {}, lambda u: u[:, places[0], places[1]]
    for name, u in zip(names, flow.u[..., moments].movedim(-1, 1), strict=True):
        across = slide(u, first, 0)
        values |= {name: pick(u), f"{name}_x": pick(across), f"{name}_y": pick(slide(u, first, 1))}
        values |= {f"{name}_xx": pick(slide(u, second, 0)), f"{name}_yy": pick(slide(u, second, 1))}
        values |= {f"{name}_xy": pick(slide(across, first, 1))}
    window = moments[:, None] + torch.arange(-late, late + 1)
    return values, [(u[places][:, window] @ along).T for u in flow.u[: len(row.truth)]]


@cache
def data(row: str) -> solvers.Flow:
    """The data of a row without noise."""
    return ROWS[row].make()


def run(*, seed: int, row: str, noisy: bool) -> dict:
    """For each field of a row: the terms found, and the coefficients of the true terms over the true coefficients."""
    wanted, draw = ROWS[row], generator_for(seed, "equations", row)
    flow = data(row)
    if noisy:
        flow = flow._replace(u=with_noise(flow.u, wanted.noise, draw))
    values, targets = in_plane(flow, wanted, noisy, draw) if wanted.times else on_line(flow, wanted, noisy)
    theta, found = columns(wanted.library, values), []
    for y, truth in zip(targets, wanted.truth, strict=True):
        equation = fit(theta, y.flatten(), wanted.library, wanted.tolerances[noisy])
        kept = [wanted.library.index(term) for term in truth]
        known = fit(theta[:, kept], y.flatten(), list(truth), 1e-9)
        numbers = torch.as_tensor(known.dense) / torch.tensor(list(truth.values()), dtype=known.dense.dtype)
        share = [round(float(one.real), 6) for one in numbers]
        found.append({"terms": list(equation.terms), "shares": share, "residual": round(known.residual, 5)})
    return {"fields": found}


def errors(results: list[dict], row: str, noisy: bool) -> Tensor:
    """Errors in percent of the coefficients of the true terms: (draws of noise, coefficients)."""
    runs = [one["fields"] for one in results if (one["row"], one["noisy"]) == (row, noisy)]
    return 100 * (torch.tensor([[share for field in one for share in field["shares"]] for one in runs]) - 1).abs()


def main() -> None:
    exact = sweep(run, settings(row=ROWS, noisy=(False,)), seeds=[0])
    noisy = sweep(run, settings(row=ROWS, noisy=(True,)), seeds=SEEDS)
    command = "python -m lecturelib.equivariance.interpretability.table"
    save(STORED, exact + noisy, Provenance.here(command, SEEDS))


if __name__ == "__main__":
    main()
