"""What the library computes, for the browser's tests to agree with: writes numbers.json beside this file.

Run: python -m tests.splines.playground.browser.make_numbers
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from lecturelib.splines import (
    Network,
    attractors,
    descend,
    linear_interpolant,
    natural_cubic,
    psi,
    roughness,
    stable_rate,
    to_network,
)
from lecturelib.splines.playground.explorer import TARGETS
from lecturelib.splines.training.prefix_sums import prepare, sharpness

NUMBERS = Path(__file__).with_name("numbers.json")
WIDTH, POINTS, STEPS = 16, 25, 10_000
RATES = {"gd": 3e-4, "momentum": 3e-5, "adam": 1e-4}  # on the way, where nothing has settled


def problem() -> tuple[Network, torch.Tensor, torch.Tensor]:
    """A network among whose neurons one has w = 0 and one sits on a datum, and data with two at one place."""
    generator = torch.Generator().manual_seed(0)
    w, b, v = torch.randn(3, WIDTH, generator=generator, dtype=torch.float64)
    x = 2 * torch.rand(POINTS, generator=generator, dtype=torch.float64) - 1
    x[3] = x[4]
    w[0], b[1] = 0.0, -w[1] * x[7]
    return Network(w, b, v / WIDTH**0.5, 0.1), x, torch.sin(5 * x) + 0.1 * x


def flat(network: Network) -> dict[str, list[float] | float]:
    return {name: getattr(network, name).tolist() for name in ("w", "b", "v", "b0")}


def attraction(x: torch.Tensor, residuals: torch.Tensor, at: torch.Tensor) -> dict:
    sides = psi(x, residuals, at)
    found = {name: attractors(x, residuals, orientation=s) for name, s in (("right", 1), ("left", -1))}
    return {
        "at": at.tolist(),
        "right": sides.right.tolist(),
        "left": sides.left.tolist(),
        "attractors": {
            name: [{"place": p, "sign": s} for p, s in zip(a.places.tolist(), a.signs.tolist(), strict=True)]
            for name, a in found.items()
        },
    }


def numbers() -> dict:
    network, x, y = problem()
    runs = {
        name: descend(network, x, y, steps=STEPS, learning_rate=rate, optimizer=name) for name, rate in RATES.items()
    }
    points = torch.unique(x)
    heights = torch.stack([y[x == place].mean() for place in points])
    z = torch.linspace(-1.5, 1.5, 13, dtype=torch.float64)
    return {
        "start": flat(network),
        "x": x.tolist(),
        "y": y.tolist(),
        "steps": STEPS,
        "rates": RATES,
        "ends": {name: {**flat(run.final), "loss": float(run.losses[-1])} for name, run in runs.items()},
        "diverged": descend(network, x, y, steps=STEPS, learning_rate=1.0).reason,
        "roughness": float(roughness(network)),
        "sharpness": float(sharpness(*prepare(network, x, y))[0]),
        "stable_rate": float(stable_rate(network, points, heights)),
        "values": {"at": z.tolist(), "network": network(z).tolist()},
        "linear": to_network(linear_interpolant(points, heights))(z).tolist(),
        "cubic": natural_cubic(points, heights)(z).tolist(),
        "targets": {name: target(z).tolist() for name, target in TARGETS.items()},
        "attraction": attraction(x, network(x) - y, torch.linspace(-1.2, 1.2, 11, dtype=torch.float64)),
    }


if __name__ == "__main__":
    NUMBERS.write_text(json.dumps(numbers(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
