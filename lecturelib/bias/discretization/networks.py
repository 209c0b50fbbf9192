"""Small networks on sixteen data: how sharp the minima are where descent ends, by rate, batches and schedule.

Run: python -m lecturelib.bias.discretization.networks
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.func import grad, hessian, vmap

from lecturelib.core.experiments import Provenance, generator_for, save

STORED = Path(__file__).parents[3] / "chapters" / "bias" / "data" / "discretization.json"
TIME, SEEDS = 300, range(10)
RATES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
SLOW = RATES[0]
WIDTH, COUNT = 8, 16


def unpack(parameters: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    w, b, v = parameters[..., :-1].unflatten(-1, (3, WIDTH)).unbind(-2)
    return w, b, v, parameters[..., -1:]


def outputs(parameters: Tensor, x: Tensor) -> Tensor:
    """f(x) = Σ v tanh(w x + b) + c for parameters (..., 25) and x (..., N): (..., N)."""
    w, b, v, c = unpack(parameters)
    return (torch.tanh(x[..., None] * w[..., None, :] + b[..., None, :]) * v[..., None, :]).sum(-1) + c


def data(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs and targets (16,) with noise 0.1, and parameters to start from, (25,)."""
    generator = generator_for(seed, "network")

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    x = torch.linspace(-2, 2, COUNT, dtype=torch.float64)
    y = torch.sin(2 * x) + 0.1 * normal(COUNT)
    start = torch.cat([1.5 * normal(WIDTH), 1.5 * normal(WIDTH), 2.0 * normal(WIDTH) / WIDTH**0.5, normal(1) * 0])
    return x, y, start


def loss(parameters: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """½ mean squared error: (..., 25), (..., N), (..., N) → (...)."""
    return 0.5 * (outputs(parameters, x) - y).square().mean(-1)


def sharpness(parameters: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The largest eigenvalue of the Hessian of the loss, of an ensemble (S, 25): (S,)."""
    return torch.linalg.eigvalsh(vmap(hessian(loss))(parameters, x, y))[..., -1]


def descend(
    rates: list[float],
    *,
    seeds: range,
    batches: int = 1,
    penalty: float = 0.0,
    after: tuple[float, ...] | list[float] = (),
) -> dict[str, list[float]]:
    """Descend an ensemble of networks, one for each seed, with a list of learning rates.

    batches: into how many the data are split, anew in every epoch; penalty: μ of (μ/4) ‖∇C‖² that is added to the loss;
    after: rates of steps with all data that follow.
    Gives the loss, the squared gradient and the sharpness at the end, and the squared error on the curve, by seed.
    """
    x, y, w = (torch.stack(part) for part in zip(*map(data, seeds), strict=True))
    draws = [generator_for(seed, "batches", rates[0]) for seed in seeds]
    size = COUNT // batches

    def total(at: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return loss(at, x, y).sum()

    def penalized(at: Tensor, x: Tensor, y: Tensor) -> Tensor:
        slopes = grad(total)(at, x, y)
        return total(at, x, y) + penalty / 4 * slopes.square().sum()

    slope = grad(penalized if penalty else total)
    for step, rate in enumerate([*rates, *after]):
        if batches == 1 or step >= len(rates):
            w = w - rate * slope(w, x, y)
            continue
        part = step % batches
        if part == 0:
            order = torch.stack([torch.randperm(COUNT, generator=one) for one in draws])
        chosen = order[:, part * size : (part + 1) * size]
        w = w - rate * slope(w, x.gather(1, chosen), y.gather(1, chosen))
    grid = torch.linspace(-2, 2, 201, dtype=torch.float64).expand(len(w), -1)
    found = {
        "loss": loss(w, x, y),
        "slope": grad(total)(w, x, y).square().sum(-1),
        "sharpness": sharpness(w, x, y) if bool(torch.isfinite(w).all()) else torch.full((len(w),), torch.inf),
        "error": (outputs(w, grid) - torch.sin(2 * grid)).square().mean(-1),
    }
    return {name: values.tolist() for name, values in found.items()}


def arms() -> dict[tuple[str, float], dict[str, Any]]:
    """(what is done, rate) → the settings of `descend`.

    "penalty" makes small steps on C + (μ/4) ‖∇C‖², with μ so that small steps and penalty together have the modified
    loss of the large steps.
    """
    found: dict[tuple[str, float], dict[str, Any]] = {}
    for rate in RATES:
        steps = round(TIME / rate)
        found["full", rate] = {"rates": [rate] * steps}
        found["shuffled", rate] = {"rates": [rate] * steps, "batches": 8}
        if rate > SLOW:
            found["penalty", rate] = {"rates": [SLOW] * round(TIME / SLOW), "penalty": rate - SLOW}
    fast, slow = ([rate] * round(TIME / 2 / rate) for rate in (0.4, SLOW))
    found["fast, then slow", 0.4] = {"rates": fast + slow}
    found["slow, then fast", 0.4] = {"rates": slow + fast}
    shuffled = [0.2] * (8 * round(TIME / 16 / 0.2)), [SLOW] * round(TIME / 2 / SLOW)
    found["shuffled, then full", 0.2] = {"rates": shuffled[0], "batches": 8, "after": shuffled[1]}
    return found


def main() -> None:
    rows = []
    for (arm, rate), settings in arms().items():
        rows.append({"arm": arm, "rate": rate, **descend(**settings, seeds=SEEDS)})
        print(rows[-1]["arm"], rate, [round(one, 2) for one in rows[-1]["sharpness"]], flush=True)
    save(STORED, rows, Provenance.here("python -m lecturelib.bias.discretization.networks", SEEDS))


if __name__ == "__main__":
    main()
