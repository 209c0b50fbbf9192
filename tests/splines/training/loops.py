"""The loop a user would write, both ways of `descend`, and networks to train with them."""

import pytest
import torch

from lecturelib.splines import Network, descend
from lecturelib.splines.training import descend as module
from lecturelib.splines.training.prefix_sums import prepare, sharpness
from lecturelib.splines.training.runners import in_torch

FIELDS = ("w", "b", "v", "b0")
ways = pytest.mark.parametrize("way", ["cores", "torch"])
optimizers = pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam"])


def tensor(values) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


def random_network(*shape: int, seed: int = 0) -> Network:
    generator = torch.Generator().manual_seed(seed)
    w, b, v = (torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(3))
    return Network(w, b, v / shape[-1] ** 0.5, torch.zeros(shape[:-1], dtype=torch.float64))


def run(way: str, *arguments, **options):
    """`descend`, in one of its two ways."""
    with pytest.MonkeyPatch.context() as patch:
        if way == "torch":
            patch.setattr(module, "on_cores", in_torch)
        return descend(*arguments, **options)


def by_autograd(network, x, y, *, steps, rate, optimizer) -> Network:
    """The loop a user would write, on the same loss."""
    parameters = [getattr(network, name).clone().requires_grad_() for name in FIELDS]
    w, b, v, b0 = parameters
    make = {
        "gd": lambda: torch.optim.SGD(parameters, lr=rate),
        "momentum": lambda: torch.optim.SGD(parameters, lr=rate, momentum=0.9),
        "adam": lambda: torch.optim.Adam(parameters, lr=rate),
    }
    optimize = make[optimizer]()
    for _ in range(steps):
        optimize.zero_grad()
        residual = torch.relu(w * x[:, None] + b) @ v + b0 - y
        (0.5 * residual.square().sum()).backward()
        optimize.step()
    return Network(*(p.detach() for p in parameters))


def distance(one: Network, other: Network) -> float:
    return max(float((getattr(one, name) - getattr(other, name)).abs().max()) for name in FIELDS)


def gentle_rate(network: Network, x, y, optimizer: str) -> float:
    """A quarter of the rate at the edge of stability, so that rounding errors are not amplified."""
    edge = 2 / float(sharpness(*prepare(network, x, y)))
    return {"gd": 0.25 * edge, "momentum": 0.25 * edge, "adam": 0.01}[optimizer]
