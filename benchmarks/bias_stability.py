"""Sharpness by Lanczos' method on products, against forming the Hessian and against scipy's eigsh on the same products.

Run: python benchmarks/bias_stability.py [--repeats 5] [--dry]

One network of tanh, twenty points. The Hessian is formed by torch.func.hessian, as its documentation has it, and its
eigenvalues are torch's. eigsh is ARPACK on one product at a time, to the same relative error. Ratios are of one run.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from lecturelib.bias import random_network, sharpness, square_loss
from lecturelib.bias.stability.curvature import products
from lecturelib.core import timing

SIZES = [(20, 1), (40, 1), (20, 50)]  # hidden neurons in each of two layers, points at once
TOLERANCE = 1e-6


def by_matrix(loss: Callable, points: Tensor) -> Tensor:
    """Form each Hessian, and take all eigenvalues."""
    return torch.stack([torch.linalg.eigvalsh(torch.func.hessian(loss)(point))[-1] for point in points])


def by_arpack(loss: Callable, points: Tensor) -> Tensor:
    """eigsh on products, one point after the other."""
    found, size = [], points.shape[1]
    start = torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64).numpy()
    for point in points:
        product = products(loss, point[None])
        operator = LinearOperator(
            (size, size), lambda v, at=product: at(torch.from_numpy(v).reshape(1, -1))[0].numpy(), dtype=float
        )
        found.append(eigsh(operator, k=1, which="LA", return_eigenvectors=False, v0=start, tol=TOLERANCE)[0])
    return torch.tensor(found, dtype=torch.float64)


def rows(repeats: int) -> list[dict]:
    """A row for each size and peer."""
    found = []
    x = torch.linspace(-1, 1, 20, dtype=torch.float64)
    for width, count in SIZES:
        draw = torch.Generator().manual_seed(0)
        nets = random_network([2, width, width, 1], "tanh", generator=draw, ensemble=(count,))
        loss = square_loss(nets[0], torch.stack([x, torch.ones_like(x)], 1), (4 * x**3 - 3 * x)[:, None])
        kept: dict[Callable, Tensor] = {}

        def run(way: Callable, loss=loss, points=nets.vector, kept=kept) -> float:
            begin = perf_counter()
            kept[way] = way(loss, points)
            return perf_counter() - begin

        def ours(loss: Callable, points: Tensor) -> Tensor:
            return sharpness(loss, points, tolerance=TOLERANCE)

        for name, peer in (("torch.func.hessian", by_matrix), ("scipy eigsh", by_arpack)):
            pair = timing.paired(lambda peer=peer, run=run: run(peer), lambda ours=ours, run=run: run(ours), repeats)
            row = {"what": "Sharpness", "parameters": nets.vector.shape[1], "points": count, "peer": name}
            row |= {"peer, ms": 1e3 * pair.theirs, "sharpness, ms": 1e3 * pair.ours, "ratio": pair.ratio}
            row |= {"largest relative gap": float(((kept[ours] - kept[peer]) / kept[peer]).abs().max())}
            found.append(row)
            print(timing.as_table(found[-1:]), flush=True)
    return found


def main() -> None:
    timing.command("bias_stability", rows, about=__doc__, repeats=5)


if __name__ == "__main__":
    main()
