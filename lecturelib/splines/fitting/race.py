r"""Experiment: descent against the best fits at equal numbers of pieces (Sahs et al. 2022, Figure 9), and batch norm.

Every method trains networks of k − 1 neurons, which have at most k pieces, on samples of x²/2, from PyTorch's default
start. Each gets its own learning rate: the one of `RATES` that ends with the least median loss.
"""

from __future__ import annotations

import math
from pathlib import Path
from statistics import median
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Positive, Seed, Vector, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import descend

Method = Literal["gd", "momentum", "adam", "sgd", "gd with batch norm", "sgd with batch norm"]
METHODS = get_args(Method)
PIECES = (5, 10, 20, 50, 100, 200)
BATCH = 50
RATES = (2.0, 4.0, 8.0, 12.0, 16.0)  # times 1 / (points · pieces), and for Adam times 1e-3 / 2


@checked
def standardize(x: Vector) -> Tensor:
    """(x − mean) / standard deviation, the latter with divisor N: shape (N,), for x that do not all agree."""
    return (x - x.mean()) / x.std(correction=0)


@checked
def under_batch_norm(network: Network) -> Network:
    """What batch normalization before the ReLU makes of a network, as a function of the standardized input.

    Its pre-activation w x + b has mean w x̄ + b and standard deviation |w| σ over the data, so that what is normalized
    is sign(w) z with z = (x − x̄)/σ: w and b are gone. Scale 1 and shift 0 at the start are the new w (up to its sign)
    and b, and are trained in their place. For all data in one batch and ε = 0. Raises ValueError where a w is 0.
    """
    signs = to_spline(network).orientations
    return Network(signs, torch.zeros_like(signs), network.v, network.b0)


@checked
def race(*, seed: Seed, pieces: Count, method: Method, rate: Positive, steps: Count) -> dict[str, Any]:
    """Experiment: train ten networks of pieces − 1 neurons on 500 points; final losses, infinite where one diverged.

    rate: the learning rate in the unit of its method, see `RATES`. Returns losses and used, the number of straight
    pieces that each function has on the data.
    """
    x = torch.linspace(-2, 2, 500, dtype=torch.float64)
    y = x**2 / 2
    network = initialize(pieces - 1, "pytorch", generator=generator_for(seed, "race", pieces), ensemble=(10,))
    name, _, normalized = method.partition(" with ")
    unit = 1 / (len(x) * pieces)
    # momentum makes steps ten times as long in the end
    rate *= {"adam": 1e-3 / 2, "momentum": unit / 10, "sgd": unit * len(x) / BATCH, "gd": unit}[name]
    inputs = standardize(x) if normalized else x
    stochastic = {"batch": BATCH, "generator": generator_for(seed, "batches", pieces)} if name == "sgd" else {}
    if normalized and stochastic:
        network, diverged = train_batch_norm(network, x, y, steps=steps, learning_rate=rate, **stochastic)
    else:
        network = under_batch_norm(network) if normalized else network
        name = name.removeprefix("s")  # which is one in batches
        run = descend(network, inputs, y, steps=steps, learning_rate=rate, optimizer=name, **stochastic)
        network, diverged = run.final, run.diverged
    if diverged:
        return {"losses": [math.inf] * 10, "used": [0] * 10}
    losses = (network(inputs) - y).square().sum(-1) / 2
    return {"losses": losses.tolist(), "used": used_pieces(network, inputs).tolist()}


@checked
def used_pieces(network: Network, x: Vector) -> Tensor:
    """How many straight pieces the data see: 1 + the number of gaps between data with a breakpoint; shape (...)."""
    x, beta = x.sort().values, -network.b / network.w
    gaps = torch.where((network.v != 0) & (beta < x[-1]), torch.searchsorted(x, beta), 0)
    return 1 + (gaps.unsqueeze(-1) == torch.arange(1, len(x))).any(-2).sum(-1)


def train_batch_norm(
    start: Network, x: Tensor, y: Tensor, *, steps: int, learning_rate: float, batch: int, generator: torch.Generator
) -> tuple[Network, bool]:
    """Stochastic descent with batch normalization, in plain torch, for an ensemble: the network in standardized inputs.

    Each batch is normalized by its own mean and deviation; for the result, the mean and deviation of all data take
    their place. Also returns whether the loss was lost.
    """
    network = under_batch_norm(start).map(lambda part: part.clone().requires_grad_())
    leaves = [network.w, network.b, network.v, network.b0]  # w: the scale, b: the shift
    optimizer = torch.optim.SGD(leaves, lr=learning_rate)
    for _ in range(steps):
        chosen = torch.randperm(x.numel(), generator=generator)[:batch]
        optimizer.zero_grad()
        (0.5 * (network(standardize(x[chosen])) - y[chosen]).square().sum()).backward()
        optimizer.step()
    return network.detach(), not all(bool(leaf.isfinite().all()) for leaf in leaves)


def best_rates(results: list[dict]) -> dict[tuple[str, int], dict]:
    """For each method and number of pieces the result whose rate ends with the least median loss."""
    ordered = sorted(results, key=lambda row: median(row["losses"]), reverse=True)  # the last of a key stays
    return {(row["method"], row["pieces"]): row for row in ordered}


def main() -> None:
    """The long run: all methods, all rates; what each method did at its best rate is stored."""
    *exact, plain = METHODS
    over = settings(pieces=PIECES, method=exact, rate=RATES, steps=[20_000])
    # no fast way: minutes each
    over += settings(pieces=PIECES[:5], method=[plain], rate=[0.5, 1.0, *RATES[:3]], steps=[20_000])
    results = sweep(race, over, seeds=[0], store="_build/fitting_race.jsonl")
    here = Provenance.here("python -m lecturelib.splines.fitting.race", [0])
    save(Path("chapters/splines/data/fitting_race.json"), list(best_rates(results).values()), here)


if __name__ == "__main__":
    main()
