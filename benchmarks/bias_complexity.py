"""A curve of double descent, every fit from the one before, against a fit for each number of features, in one process.

Run: python benchmarks/bias_complexity.py [--repeats 5]

Both find the least squares solution of least norm for the first 1, 2, …, 400 features of 100 data. They take turns, so
that what else the machine does meets both alike; the table shows medians over the repeats and the median of the ratios
within a repeat, and by how much the weights are apart, relative to their length, at the worst number of features.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
import torch

from lecturelib.bias import growing_fits
from lecturelib.core import timing

DATA, FEATURES = 100, 400


def problem() -> tuple[torch.Tensor, torch.Tensor]:
    """Normal features and targets, (DATA, FEATURES) and (DATA,)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(DATA, FEATURES, generator=generator, dtype=torch.float64)
    return x, torch.randn(DATA, generator=generator, dtype=torch.float64)


def by_numpy(x: torch.Tensor, y: torch.Tensor) -> list[np.ndarray]:
    """A fit for each number of features, by `numpy.linalg.lstsq`."""
    a, b = x.numpy(), y.numpy()
    return [np.linalg.lstsq(a[:, :k], b, rcond=None)[0] for k in range(1, FEATURES + 1)]


def by_torch(x: torch.Tensor, y: torch.Tensor) -> list[np.ndarray]:
    """The same by `torch.linalg.lstsq` with the driver for any rank."""
    b = y[:, None]
    fits = (torch.linalg.lstsq(x[:, :k], b, driver="gelsd").solution for k in range(1, FEATURES + 1))
    return [fit[:, 0].numpy() for fit in fits]


def compare(repeats: int) -> list[dict]:
    """A row for each peer, printed as it comes."""
    x, y = problem()
    rows = []
    for name, peer in (("numpy.linalg.lstsq", by_numpy), ("torch.linalg.lstsq", by_torch)):
        found = {}

        def run(which, found=found) -> float:
            begin = perf_counter()
            found[which] = which(x, y)
            return perf_counter() - begin

        pair = timing.paired(lambda run=run, peer=peer: run(peer), lambda run=run: run(growing_fits), repeats)
        ours = found[growing_fits].numpy()
        apart = max(
            float(np.linalg.norm(one - ours[k, : k + 1]) / np.linalg.norm(one)) for k, one in enumerate(found[peer])
        )
        rows.append(
            {
                "what": "A curve of double descent, 400 fits to 100 data",
                "peer": name,
                "peer, ms": 1e3 * pair.theirs,
                "growing_fits, ms": 1e3 * pair.ours,
                "ratio": pair.ratio,
                "weights apart": apart,
            }
        )
        print(timing.as_table(rows[-1:]), flush=True)
    return rows


def main() -> None:
    timing.command("bias_complexity", compare, about=__doc__, repeats=5)


if __name__ == "__main__":
    main()
