"""Makes runs.json, deep networks trained by the library and their breakpoints, for the tests of the browser's numerics.

Run: python -m tests.splines.depth.browser.make_runs
"""

import json
from pathlib import Path

import torch

from lecturelib.core.small_networks import Layout, fit
from lecturelib.splines import breakpoints_of

STORED = Path(__file__).with_name("runs.json")
CASES = [((1, 4, 1), "gd", 0.01, 20), ((1, 3, 5, 4, 1), "gd", 0.005, 30), ((1, 6, 6, 6, 6, 6, 1), "adam", 0.003, 15),
         ((1, 2, 3, 1), "adam", 0.01, 25)]  # fmt: skip


def case(number: int, sizes: tuple[int, ...], optimizer: str, rate: float, steps: int) -> dict:
    """One network: start, end, loss, values and breakpoints."""
    layout = Layout(sizes)
    draw = torch.Generator().manual_seed(number)
    start = (torch.randn(1, layout.count, generator=draw, dtype=torch.float64) * 700).round() / 1000
    x = torch.linspace(-1, 1, 11, dtype=torch.float64)
    y = (3 * x).sin()
    given = rate * (len(x) if optimizer == "gd" else 1)
    run = fit(
        layout,
        start,
        x[:, None],
        y[:, None],
        steps=steps,
        learning_rate=given,
        optimizer=optimizer.replace("gd", "sgd"),
    )
    end = run.parameters[-1, 0]
    values = layout.outputs(end, x[:, None])[:, 0]
    found = breakpoints_of(layout, end, low=-1.3, high=1.3)
    steep = float(found.slopes.abs().max())
    bends = ((found.slopes[1:] - found.slopes[:-1]).abs()[:, 0] > 1e-9 * steep).tolist()
    rows = [
        list(one)
        for one in zip(found.positions.tolist(), found.layers.tolist(), found.units.tolist(), bends, strict=True)
    ]
    return {
        "sizes": list(sizes), "optimizer": optimizer, "rate": rate, "steps": steps, "start": start[0].tolist(),
        "end": end.tolist(), "loss": 0.5 * float((values - y).square().sum()), "values": values.tolist(), "found": rows,
    }  # fmt: skip


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(number, *one) for number, one in enumerate(CASES)]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
