"""Makes neurons.json, small networks as the library has them, for the tests of the browser's numerics.

Run: python -m tests.splines.breakpoints.browser.make_neurons
"""

import json
from pathlib import Path

import torch

from lecturelib.splines.breakpoints.network import Network, rescale, to_spline
from lecturelib.splines.training.prefix_sums import gradient

STORED = Path(__file__).with_name("neurons.json")
RATE, ALPHA = 0.05, 1.75


def networks() -> list[Network]:
    """One neuron and two: drawn at random, facing both ways, one without w, one that bends on a datum."""
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.randn(3, count, generator=generator, dtype=torch.float64) for count in (1, 1, 2, 2, 2)]
    by_hand = (
        ([1.0], [0.0], [1.0]),
        ([-2.0], [1.0], [0.5]),
        ([0.0], [1.0], [2.0]),
        ([2.0, 0.0], [-2.0, 3.0], [1.0, 1.0]),
    )
    return [Network(*parts, 0.0) for parts in (*drawn, *by_hand)]


def case(network: Network) -> dict:
    """A network with its values, loss, gradient and the step that follows from it."""
    x, y = torch.tensor([[-1.0, 0.0], [1.0, 2.0], [2.0, 3.0], [2.0, 2.5], [0.5, -1.0]], dtype=torch.float64).T
    at = torch.linspace(-4, 4, 17, dtype=torch.float64)
    loss, slopes = gradient(network, x, y)
    bends = bool((network.w != 0).all())
    after = Network(*(getattr(network, name) - RATE * getattr(slopes, name) for name in ("w", "b", "v")), 0.0)

    def neurons(one: Network) -> list[dict]:
        return [dict(zip("wbv", numbers, strict=True)) for numbers in torch.stack([one.w, one.b, one.v]).T.tolist()]

    return {
        "neurons": neurons(network),
        "data": torch.stack([x, y]).T.tolist(),
        "at": at.tolist(),
        "values": network(at).tolist(),
        "loss": float(loss),
        "gradient": neurons(slopes),
        "rate": RATE,
        "next": neurons(after),
        "alpha": ALPHA,
        "rescaled": neurons(rescale(network, ALPHA)),
        "breakpoints": to_spline(network).breakpoints.tolist() if bends else [],
        "slopes": to_spline(network).delta_slopes.tolist() if bends else [],
    }


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(network) for network in networks()]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
