"""Equations from data: a sparse fit on the Gram matrix, against the published search on all points, and pysindy.

Run: python benchmarks/equivariance_equations.py [--repeats 5] [--dry]

The peer is the search of PDE-FIND (Rudy et al. 2017): 25 tolerances, each tried by up to ten ridge fits on all points,
compared by the error on a fifth of them and a penalty for each term. Here as many tolerances are tried on the Gram
matrix, which is counted in. Both get the same matrix of terms, and have to give the same coefficients.
"""

from __future__ import annotations

from time import perf_counter

import pysindy
import torch
from torch import Tensor

from lecturelib.core import timing
from lecturelib.equivariance import dictionary, find_equation
from lecturelib.equivariance.interpretability import solvers
from lecturelib.equivariance.interpretability.equations import columns, fit, jets, sparse_fit

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


def searches(repeats: int) -> list[dict]:
    """A row for each equation: the published search."""
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


def by_pysindy(flow: solvers.Flow) -> dict[str, float]:
    """Term → coefficient, by pysindy from measurements."""
    differences = {"order": 2, "is_uniform": True}
    library = pysindy.PDELibrary(
        function_library=pysindy.PolynomialLibrary(degree=3, include_bias=False), derivative_order=3,
        spatial_grid=flow.x.numpy(), include_bias=True, diff_kwargs=differences,
    )  # fmt: skip
    model = pysindy.SINDy(
        optimizer=pysindy.STLSQ(threshold=0.05, alpha=1e-5), feature_library=library,
        differentiation_method=pysindy.FiniteDifference(axis=-2, **differences),
    )  # fmt: skip
    model.fit(flow.u[0].numpy()[:, :, None], t=flow.t.numpy())
    named = {"x0_11": "u_xx", "x0x0_1": "u u_x"}
    found = zip(model.get_feature_names(), model.coefficients()[0].tolist(), strict=True)
    return {named.get(name, name): value for name, value in found if value}


def pysindy_rows(repeats: int) -> list[dict]:
    """Burgers' equation from measurements, and from the matrix of terms."""
    flow, library = solvers.burgers(), dictionary(3, 3)
    steps = float(flow.x[1] - flow.x[0]), float(flow.t[1] - flow.t[0])
    values, y = jets(flow.u[0], steps, 3, None, (4, 4))
    theta, y = columns(library, values), y.flatten()

    def by_rows() -> dict[str, float]:
        model = pysindy.STLSQ(threshold=0.05, alpha=1e-5).fit(theta.numpy(), y[:, None].numpy())
        return {term: value for term, value in zip(library, model.coef_[0].tolist(), strict=True) if value}

    def ours(equation) -> dict[str, float]:
        return dict(zip(equation.terms, equation.coefficients.tolist(), strict=True))

    ways = {
        "measurements": (lambda: by_pysindy(flow), lambda: ours(find_equation(flow.u[0], flow.x, flow.t, library))),
        "the matrix of terms": (by_rows, lambda: ours(fit(theta, y, library, 0.2))),
    }
    found = []
    for name, both in ways.items():
        kept: dict[int, dict[str, float]] = {}

        def run(which: int, both=both, kept=kept) -> float:
            begin = perf_counter()
            kept[which] = both[which]()
            return perf_counter() - begin

        pair = timing.paired(lambda run=run: run(0), lambda run=run: run(1), repeats)
        row = {"what": "Burgers' equation", "from": name, "terms": len(library), "pysindy, ms": 1e3 * pair.theirs}
        row |= {"library, ms": 1e3 * pair.ours, "ratio": pair.ratio}
        for who, one in (("pysindy", kept[0]), ("library", kept[1])):
            row[f"found by {who}"] = ", ".join(f"{value:.4f} {term}" for term, value in sorted(one.items()))
        found.append(row)
        print(timing.as_table(found[-1:]), flush=True)
    return found


def rows(repeats: int) -> list[dict]:
    return searches(repeats) + pysindy_rows(repeats)


def main() -> None:
    timing.command("equivariance_equations", rows, about=__doc__, repeats=5)


if __name__ == "__main__":
    main()
