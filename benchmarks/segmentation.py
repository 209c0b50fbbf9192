"""The best fit of straight pieces against the package ruptures, in one process.

Run: python benchmarks/segmentation.py [--repeats 5]   (needs benchmarks/requirements.txt)

Both find the exact optimum of the same problem, by dynamic programming, with at least two points a piece. They take
turns, so that what else the machine does meets both alike; the table shows medians over the repeats, the median of the
ratios within a repeat, and how far the losses are apart.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

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


def describe() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(describe())
    begin = perf_counter()
    segment([0.0, 1.0], [0.0, 1.0], 1)
    print(f"first call: {perf_counter() - begin:.2f} s to compile, or to load what an earlier process compiled")
    if importlib.util.find_spec("ruptures") is None:
        print("ruptures is not installed: pip install -r benchmarks/requirements.txt")
    else:
        from importlib.metadata import version

        print(f"ruptures {version('ruptures')}")
        print(" points  pieces    ruptures ms    ours ms     ratio  losses apart")
        for size, pieces in SIZES:
            x, y = problem(size)
            rounds = [(theirs(x, y, pieces), ours(x, y, pieces)) for _ in range(repeats)]
            their, mine = (median(one[side][0] for one in rounds) for side in (0, 1))
            ratio = median(one[0][0] / one[1][0] for one in rounds)
            apart = max(abs(one[0][1] / one[1][1] - 1) for one in rounds)
            print(
                f"{size:7,} {pieces:7} {1e3 * their:14,.1f} {1e3 * mine:10.3f} {ratio:9,.0f}  {apart:.1e}", flush=True
            )
    for size, pieces in LONG:
        x, y = problem(size)
        print(f"{size:7,} {pieces:7}       not run {1e3 * median(ours(x, y, pieces)[0] for _ in range(repeats)):10.3f}")


if __name__ == "__main__":
    main()
