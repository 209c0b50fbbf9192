"""Makes margins.json, flows and widest margins as the library has them, for the tests of the browser's numerics.

Run: python -m tests.bias.maximum_margin.browser.make_margins
"""

import json
from pathlib import Path

import torch

from lecturelib.bias import hard_margin, margin, margin_flow, smooth_margin
from lecturelib.bias.maximum_margin.explorer import MarginExplorer

STORED = Path(__file__).with_name("margins.json")
TIMES = [0.1, 1.0, 1e3, 1e6, 1e12]


def case(x: torch.Tensor, y: torch.Tensor) -> dict:
    """Data with their flow at some times, its margins, and the widest margin where there is one."""
    path = margin_flow(x, y, TIMES, tolerance=1e-9)
    try:
        best = hard_margin(x, y)
        found = {"weights": best.weights.tolist(), "margin": float(best.margin), "support": best.support.tolist()}
    except ValueError:
        found = None
    return {
        "plus": x[y > 0].tolist(),
        "minus": x[y < 0].tolist(),
        "times": TIMES,
        "path": path.tolist(),
        "margins": margin(path, x, y).tolist(),
        "smooth": smooth_margin(path, x, y).tolist(),
        "widest": found,
    }


def cases() -> list[dict]:
    """Those of the explorer's presets, and random ones beyond a line."""
    presets = [MarginExplorer("m", **state).data for _, state in MarginExplorer.presets.values()]
    generator, random = torch.Generator().manual_seed(0), []
    for n in (2, 5, 12):
        x = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        y = torch.sign(x[:, 0] + 0.3 * x[:, 1])
        random.append((torch.cat([x[y > 0], x[y < 0]]), torch.cat([y[y > 0], y[y < 0]])))
    return [case(*one) for one in (*presets, *random)]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
