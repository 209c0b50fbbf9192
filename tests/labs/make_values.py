"""Writes the values that the lab `splines_breakpoints` reads: `python -m tests.labs.make_values`.

The network is that of the lab's hidden tests, which `test_labs.py` compares with the file.
"""

from pathlib import Path

import numpy as np
import torch

from lecturelib.splines import Spline

FILE = Path(__file__).resolve().parents[2] / "labs" / "data" / "splines_breakpoints_values.csv"
SPLINE = Spline(
    breakpoints=[-3.1417, -2.0629, -0.7183, 0.1873, 1.2361, 2.0946, 3.3019],
    delta_slopes=[0.8421, -1.3307, 0.9174, 1.7713, -0.6358, 1.1192, -1.4846],
    orientations=[1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0],
    b0=0.3719,
)


def places() -> np.ndarray:
    """121 places, nearly but not quite equally spaced on [−4, 4], three digits each."""
    shifts = np.random.default_rng(0).uniform(-0.02, 0.02, 121)
    return np.round(np.linspace(-4, 4, 121) + shifts, 3)


def table() -> str:
    """The file: a head line, then x and f(x) with all digits."""
    x = places()
    values = SPLINE(torch.as_tensor(x)).tolist()
    return "\n".join(["x,f", *(f"{float(one)!r},{value!r}" for one, value in zip(x, values, strict=True)), ""])


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(table(), encoding="utf-8")
