"""The best fit of straight pieces against the package ruptures, in one process.

Run: python benchmarks/segmentation.py [--repeats 3]   (needs benchmarks/requirements.txt)

Both find the exact optimum of the same problem, by dynamic programming, with at least two points a piece. They take
turns, so that what else the machine does meets both alike; the table shows medians over the repeats, the median of the
ratios within a repeat, and how far the losses are apart.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter

import numpy as np

from lecturelib.core import timing
from lecturelib.splines import segment

SIZES = [(100, 5), (200, 10), (500, 20)]  # points, pieces
LONG = [(2_000, 50), (5_000, 100)]  # of ours alone


def problem(size: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy sine, x in random places, sorted: two arrays of shape (size,)."""
    random = np.random.default_rng(0)
    x = np.sort(random.uniform(-2, 2, size))
    return x, np.sin(4 * x) + 0.1 * random.normal(size=size)


def theirs(x: np.ndarray, y: np.ndarray, pieces: int) -> tuple[float, float]:
    """Seconds and loss of `ruptures.Dynp` with its linear model."""
    import ruptures

    signal = np.stack([y, x, np.ones_like(x)], axis=1)
    begin = perf_counter()
    model = ruptures.Dynp(model="linear", min_size=2, jump=1).fit(signal)
    cuts = model.predict(pieces - 1)
    return perf_counter() - begin, model.cost.sum_of_costs(cuts) / 2


def ours(x: np.ndarray, y: np.ndarray, pieces: int) -> tuple[float, float]:
    """Seconds and loss of `segment`."""
    begin = perf_counter()
    fit = segment(x, y, pieces, min_size=2)
    return perf_counter() - begin, fit.loss


def compare(repeats: int) -> list[dict]:
    """A row for each size: medians of both, the ratio, and how far apart the losses are."""
    rows = []
    for size, pieces in SIZES:
        x, y = problem(size)
        losses = {}

        def run(which, x=x, y=y, pieces=pieces, losses=losses) -> float:
            seconds, losses[which] = which(x, y, pieces)
            return seconds

        pair = timing.paired(lambda run=run: run(theirs), lambda run=run: run(ours), repeats)
        rows.append(
            {
                "what": "The best fit of straight pieces, by dynamic programming",
                "points": size,
                "pieces": pieces,
                "ruptures, ms": 1e3 * pair.theirs,
                "segment, ms": 1e3 * pair.ours,
                "ratio": pair.ratio,
                "losses apart": abs(losses[theirs] / losses[ours] - 1),
            }
        )
        print(timing.as_table(rows[-1:]), flush=True)
    return rows


def alone(repeats: int) -> list[dict]:
    """Sizes at which only ours is run."""
    rows = []
    for size, pieces in LONG:
        x, y = problem(size)
        seconds = median(ours(x, y, pieces)[0] for _ in range(repeats))
        rows.append({"what": "Larger ones, alone", "points": size, "pieces": pieces, "segment, ms": 1e3 * seconds})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print only, store nothing")
    options = parser.parse_args()
    print(timing.machine())
    segment([0.0, 1.0], [0.0, 1.0], 1)  # compiles, or loads what an earlier process compiled
    rows = compare(options.repeats) + alone(options.repeats)
    print(timing.as_table(rows[-1:]))
    if not options.dry:
        print("stored", timing.store("segmentation", rows, "python benchmarks/segmentation.py"))


if __name__ == "__main__":
    main()
