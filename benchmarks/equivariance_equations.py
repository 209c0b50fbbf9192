"""Equations from data: a sparse fit on the Gram matrix, against the published search on all points.

Run: python benchmarks/equivariance_equations.py [--repeats 3] [--dry]

The peer is the search of PDE-FIND (Rudy et al. 2017): 25 tolerances, each tried by up to ten ridge fits on all points,
compared by the error on a fifth of them and a penalty for each term. Here as many tolerances are tried on the Gram
matrix, which is counted in. Both get the same matrix of terms, and have to give the same coefficients.
"""

from __future__ import annotations

from time import perf_counter

import torch
from torch import Tensor

from lecturelib.core import timing
from lecturelib.equivariance import dictionary
from lecturelib.equivariance.interpretability import solvers
from lecturelib.equivariance.interpretability.equations import columns, jets, sparse_fit

CASES = {"KdV": (solvers.korteweg_de_vries, 2, 5.0), "Burgers": (solvers.burgers, 3, 0.1)}
"""Data, highest power of u, and the first step of the published search."""
TRIALS = 25


def ridge_fits(theta: Tensor, y: Tensor, tolerance: float, penalty: float = 1e-5) -> Tensor:
    """Ridge fits on all points, terms dropped below the tolerance, as published."""
    scale = 1 / theta.norm(dim=0)
    theta = theta * scale

    def solve(part: Tensor) -> Tensor:
        return torch.linalg.solve(part.T @ part + penalty * torch.eye(part.shape[1], dtype=part.dtype), part.T @ y)

    w, kept = solve(theta), None
    for _ in range(10):
        large = (w.abs() > tolerance).nonzero()[:, 0]
        if kept is not None and len(large) == len(kept):
            break
        kept, w = large, torch.zeros_like(w)
        if not len(kept):
            return w
        w[kept] = solve(theta[:, kept])
    w[kept] = torch.linalg.lstsq(theta[:, kept], y[:, None], driver="gelsd").solution[:, 0]
    return scale * w


def published_search(theta: Tensor, y: Tensor, step: float) -> Tensor:
    """Tolerances one after the other; the best by the error on a fifth of the points and the number of terms."""
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    train, test = order[: int(0.8 * len(y))], order[int(0.8 * len(y)) :]
    seen, known, other, held = theta[train], y[train], theta[test], y[test]
    price = 0.001 * float(torch.linalg.cond(theta))
    score = lambda w: float((held - other @ w).norm()) + price * int(w.count_nonzero())  # noqa: E731
    best = torch.linalg.lstsq(seen, known[:, None], driver="gelsd").solution[:, 0]
    least, tolerance = score(best), step
    for trial in range(TRIALS):
        w = ridge_fits(seen, known, tolerance)
        if score(w) <= least:
            best, least, tolerance = w, score(w), tolerance + step
        else:
            tolerance = max(0.0, tolerance - 2 * step)
            step = 2 * step / (TRIALS - trial)
            tolerance += step
    return best


def on_gram(theta: Tensor, y: Tensor) -> Tensor:
    """As many tolerances on the Gram matrix; what 0.2 gives."""
    gram, products, square = theta.T @ theta, theta.T @ y, float(y.square().sum())
    tried = [sparse_fit(gram, products, square, 0.2 * 2 ** (k / TRIALS)) for k in range(TRIALS)]
    return tried[0]


def rows(repeats: int) -> list[dict]:
    """A row for each equation."""
    found = []
    for name, (make, powers, step) in CASES.items():
        flow = make()
        steps = float(flow.x[1] - flow.x[0]), float(flow.t[1] - flow.t[0])
        values, y = jets(flow.u[0], steps, 3, None, (4, 4))
        theta, y = columns(dictionary(powers, 3), values), y.flatten()
        kept = {}

        def run(way, *more, theta=theta, y=y, kept=kept) -> float:
            begin = perf_counter()
            kept[way] = way(theta, y, *more)
            return perf_counter() - begin

        theirs = lambda run=run, step=step: run(published_search, step)  # noqa: E731
        pair = timing.paired(theirs, lambda run=run: run(on_gram), repeats)
        terms = (int(kept[published_search].count_nonzero()), int(kept[on_gram].count_nonzero()))
        row = {"what": "Sparse fits", "data": name, "points": len(y), "terms": theta.shape[1], "kept": terms[1]}
        row |= {"published search, ms": 1e3 * pair.theirs, "library, ms": 1e3 * pair.ours, "ratio": pair.ratio}
        row |= {"kept by the search": terms[0]}
        off = kept[published_search] - kept[on_gram]
        row |= {"coefficients apart": float(off.abs().max() / kept[on_gram].abs().max())}
        found.append(row)
        print(timing.as_table(found[-1:]), flush=True)
    return found


def main() -> None:
    timing.command("equivariance_equations", rows, about=__doc__, repeats=3)


if __name__ == "__main__":
    main()
