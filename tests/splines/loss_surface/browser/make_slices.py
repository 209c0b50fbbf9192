"""Makes slices.json, slices of the loss by the library, for the tests of the browser's numerics.

Run: python -m tests.splines.loss_surface.browser.make_slices
"""

import json
from pathlib import Path

import torch

from lecturelib.splines.breakpoints.network import Spline
from lecturelib.splines.loss_surface.explorer import scenes
from lecturelib.splines.loss_surface.slices import slice_loss

STORED = Path(__file__).with_name("slices.json")
SHAPES = [
    (0, 1, 1.0, 0.5),
    (0, 5, -1.0, -0.7),
    (3, 9, 1.0, 0.2),
    (6, 12, -1.0, 1.5),
    (2, 8, 1.0, 0.0),
    (4, 30, 1.0, -2.0),
]
"""Other neurons, data, facing and delta-slope of the neuron that moves."""


def drawn(seed: int, others: int, data: int) -> dict:
    """Data in no order and with repeats, and a network, drawn at random."""
    generator = torch.Generator().manual_seed(seed)

    def normal(size: int) -> torch.Tensor:
        return torch.randn(size, generator=generator, dtype=torch.float64)

    x = (normal(data) * 8).round() / 4  # repeats, and places that are exact in binary
    signs = torch.where(normal(others) > 0, 1.0, -1.0).double()
    rest = {"breakpoints": normal(others), "delta_slopes": normal(others), "orientations": signs}
    rest = {name: values.tolist() for name, values in rest.items()}
    return {"x": x.tolist(), "y": normal(data).tolist(), "rest": {**rest, "b0": float(normal(1)[0])}}


def case(data: dict, mu: float, side: float) -> dict:
    """The slice of a neuron that is added to a network, and what it is at some places and on some knots."""
    rest = data["rest"]
    moving = {"breakpoints": 0.1, "delta_slopes": mu, "orientations": side}
    spline = Spline(**{name: [*rest[name], value] for name, value in moving.items()}, b0=rest["b0"])
    cut = slice_loss(spline, data["x"], data["y"], neuron=-1)
    at = torch.cat([torch.linspace(-4, 4, 13, dtype=torch.float64), cut.knots[:3]])
    without = Spline([0.0, *rest["breakpoints"]], [0.0, *rest["delta_slopes"]], [1, *rest["orientations"]], rest["b0"])
    left, right = cut.slopes
    answers = {"knots": cut.knots, "quadratic": cut.quadratic, "linear": cut.linear, "constant": cut.constant}
    answers |= {"at": at, "left": left, "right": right, "losses": cut(at), "values": without(at)}
    answers = {name: values.tolist() for name, values in answers.items()}
    return {**data, "mu": mu, "side": side, "types": cut.types, **answers}


def cases() -> list[dict]:
    """All cases, computed now: drawn ones, and the scenes of the explorer."""
    random = [case(drawn(seed, others, data), mu, side) for seed, (others, data, side, mu) in enumerate(SHAPES)]
    return random + [case(scene, 0.2, side) for scene in scenes().values() for side in (1.0, -1.0)]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
