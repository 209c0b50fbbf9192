"""The flow towards the widest margin against torch's SGD, and the widest margin itself against cvxpy with Clarabel.

Run: python benchmarks/bias_maximum_margin.py [--repeats 3]   (needs cvxpy, of the requirements of tests)

SGD takes steps of 1/n, for which the theorem of the chapter holds, to the same time t = steps / n as the flow; the
gap of the weights is what these steps are off. For t = 10¹² no peer can be had. Hard margins should agree to 10⁻⁷, and
the table says how far they do. Peers take turns in one process; the table shows medians, and
the median of the ratios within a repeat.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from lecturelib.bias import hard_margin, margin_flow
from lecturelib.core import timing

POINTS, TIME = 40, 500.0
LATE = (1e12, 1e300)
HARD = [(60, 2), (60, 10)]  # data, dimensions


def problem(n: int, d: int) -> tuple[Tensor, Tensor]:
    """n points in the unit ball of d dimensions, at least 0.05 from a hyperplane: x (n, d), y (n,)."""
    generator = torch.Generator().manual_seed(0)
    axis = torch.nn.functional.normalize(torch.randn(d, generator=generator, dtype=torch.float64), dim=0)
    x = torch.randn(40 * n, d, generator=generator, dtype=torch.float64)
    x *= (torch.rand(len(x), generator=generator, dtype=torch.float64) ** (1 / d) / x.norm(dim=1))[:, None]
    x = x[(x @ axis).abs() > 0.05][:n]
    return x, torch.sign(x @ axis)


def descent(x: Tensor, y: Tensor, time: float) -> Tensor:
    """SGD of torch on the whole loss, as one writes it."""
    z = y[:, None] * x
    w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1 / len(x))
    for _ in range(round(time * len(x))):
        optimizer.zero_grad()
        torch.exp(-(z @ w)).sum().backward()
        optimizer.step()
    return w.detach()


def quadratic_program(x: Tensor, y: Tensor) -> Tensor:
    """The shortest w with all y_i w·x_i ≥ 1, by cvxpy with Clarabel."""
    import cvxpy

    w = cvxpy.Variable(x.shape[1])
    constraints = [y.numpy()[:, None] * x.numpy() @ w >= 1]
    options = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-10)
    cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(w)), constraints).solve(solver="CLARABEL", **options)
    return torch.from_numpy(np.asarray(w.value))


def compare(what: str, names: tuple[str, str], theirs, ours, repeats: int, **sizes) -> dict:
    """One row: seconds of both, the ratio, how far they are apart; ours, which is short, is run ten times."""
    found = {}

    def run(which, times=1) -> float:
        begin = perf_counter()
        for _ in range(times):
            found[which] = which()
        return (perf_counter() - begin) / times

    ours()
    pair = timing.paired(lambda: run(theirs), lambda: run(ours, 10), repeats)
    apart = float((found[theirs] - found[ours]).norm() / found[ours].norm())
    seconds = {f"{names[0]}, ms": 1e3 * pair.theirs, f"{names[1]}, ms": 1e3 * pair.ours}
    return {"what": what, **sizes, **seconds, "ratio": pair.ratio, "relative gap": apart}


def flows(repeats: int) -> list[dict]:
    """Rows of the flow: beside SGD, and alone to times that SGD cannot reach."""
    x, y = problem(POINTS, 2)
    margin_flow(x, y, [1.0])  # compiles, or loads what an earlier process compiled
    names = ("SGD of torch", "margin_flow")
    peers = (lambda: descent(x, y, TIME), lambda: margin_flow(x, y, [TIME])[0])
    rows = [compare(f"The flow to t = {TIME:g}", names, *peers, repeats, points=POINTS)]
    for time in LATE:
        seconds = []
        for _ in range(10 * repeats):
            begin = perf_counter()
            margin_flow(x, y, [time])
            seconds.append(perf_counter() - begin)
        what = f"The flow to t = {time:.0e}, alone"
        rows.append({"what": what, "points": POINTS, "margin_flow, ms": 1e3 * median(seconds)})
    return rows


def widest(repeats: int) -> list[dict]:
    """Rows of the widest margin, beside a quadratic program."""
    rows, names = [], ("cvxpy and Clarabel", "hard_margin")
    for n, d in HARD:
        x, y = problem(n, d)
        peers = (lambda x=x, y=y: quadratic_program(x, y), lambda x=x, y=y: hard_margin(x, y).weights)
        rows.append(compare("The widest margin", names, *peers, 5 * repeats, points=n, dimensions=d))
    return rows


def rows(repeats: int) -> list[dict]:
    """All rows, printed."""
    found = flows(repeats) + widest(repeats)
    for row in found:
        print(timing.as_table([row]))
    return found


def main() -> None:
    timing.command("bias_maximum_margin", rows, about=__doc__, repeats=3)


if __name__ == "__main__":
    main()
