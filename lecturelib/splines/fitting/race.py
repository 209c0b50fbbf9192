r"""Experiment: descent against the best fits at equal numbers of pieces (Sahs et al. 2022, Figure 9), and batch norm.

Every method trains networks of k − 1 neurons, which have at most k pieces, on samples of x²/2, from PyTorch's default
start. Each gets its own learning rate: the one of `RATES` that ends with the least median loss.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Positive, Seed, Vector, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import descend

Method = Literal["gd", "momentum", "adam", "sgd", "gd with batch norm", "sgd with batch norm"]
METHODS = Method.__args__
PIECES = (5, 10, 20, 50, 100, 200)
BATCH = 50
RATES = (2.0, 4.0, 8.0, 12.0, 16.0)  # times 1 / (points · pieces), and for Adam times 1e-3 / 2
STORED = "chapters/splines/data/fitting_race.json"
COMMAND = "python -m lecturelib.splines.fitting.race"


def quadratic_data(points: int) -> tuple[Tensor, Tensor]:
    """Samples of x²/2 at equal spacing on [−2, 2]: x, y of shape (points,)."""
    x = torch.linspace(-2, 2, points, dtype=torch.float64)
    return x, x**2 / 2


@checked
def standardize(x: Vector) -> Tensor:
    """(x − mean) / standard deviation, the latter with divisor N: shape (N,). Raises ValueError where all x agree."""
    scale = x.std(correction=0)
    if not scale > 0:
        raise ValueError("x: expected at least two different numbers")
    return (x - x.mean()) / scale


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
def race(
    *, seed: Seed, pieces: Count, method: Method, rate: Positive, steps: Count, points: Count = 500,
    ensemble: Count = 10,
) -> dict[str, Any]:  # fmt: skip
    """Experiment: train networks of pieces − 1 neurons; final losses, infinite for all where one run diverged.

    rate: the learning rate in the unit of its method, see `RATES`. Returns losses and used, the number of straight
    pieces that each function has on the data.
    """
    x, y = quadratic_data(points)
    start = initialize(pieces - 1, "pytorch", generator=generator_for(seed, "race", pieces), ensemble=(ensemble,))
    name, _, normalized = method.partition(" with ")
    unit = 1 / (points * pieces)
    # momentum makes steps ten times as long in the end
    rate *= {"adam": 1e-3 / 2, "momentum": unit / 10, "sgd": unit * points / BATCH, "gd": unit}[name]
    batches = {"batch": BATCH, "generator": generator_for(seed, "batches", pieces)} if name == "sgd" else {}
    if normalized and batches:
        final = train_batch_norm(start, x, y, steps=steps, learning_rate=rate, **batches)
    else:
        begin, x = (under_batch_norm(start), standardize(x)) if normalized else (start, x)
        optimizer = "gd" if name == "sgd" else name
        run = descend(begin, x, y, steps=steps, learning_rate=rate, optimizer=optimizer, **batches)
        final = None if run.diverged else run.final
    if final is None:
        return {"losses": [math.inf] * ensemble, "used": [0] * ensemble}
    x = standardize(x) if normalized else x  # once more changes nothing
    losses = (final(x) - y).square().sum(-1) / 2
    return {"losses": losses.tolist(), "used": used_pieces(final, x).tolist()}


@checked
def used_pieces(network: Network, x: Vector) -> Tensor:
    """How many straight pieces the data see: 1 + the number of gaps between data with a breakpoint; shape (...)."""
    gap = torch.searchsorted(x.sort().values, (-network.b / network.w).contiguous())
    seen = torch.zeros(*network.shape, len(x) + 1, dtype=torch.long)
    seen.scatter_(-1, gap, (network.v != 0).long())
    return 1 + seen[..., 1:-1].sum(-1)


def train_batch_norm(
    start: Network, x: Tensor, y: Tensor, *, steps: int, learning_rate: float, batch: int, generator: torch.Generator
) -> Network | None:
    """Stochastic descent with batch normalization, in plain torch, for an ensemble: the network in standardized inputs.

    Each batch is normalized by its own mean and deviation; for the result, the mean and deviation of all data take
    their place. None where the loss is lost.
    """
    network = under_batch_norm(start).map(lambda part: part.clone().requires_grad_())
    leaves = [network.w, network.b, network.v, network.b0]  # w: the scale, b: the shift
    optimizer = torch.optim.SGD(leaves, lr=learning_rate)
    for _ in range(steps):
        chosen = torch.randperm(x.numel(), generator=generator)[:batch]
        optimizer.zero_grad()
        (0.5 * (network(standardize(x[chosen])) - y[chosen]).square().sum()).backward()
        optimizer.step()
    return network.detach() if all(bool(leaf.isfinite().all()) for leaf in leaves) else None


def best_rates(results: list[dict]) -> dict[tuple[str, int], dict]:
    """For each method and number of pieces the result whose rate ends with the least median loss."""

    def median(row: dict) -> float:
        return float(torch.tensor(row["losses"], dtype=torch.float64).median())

    return {(row["method"], row["pieces"]): row for row in sorted(results, key=median, reverse=True)}


def main() -> None:
    """The long run: all methods, all rates; what each method did at its best rate is stored."""
    *exact, plain = METHODS
    over = settings(pieces=PIECES, method=exact, rate=RATES, steps=[20_000])
    # no fast way: minutes each
    over += settings(pieces=PIECES[:5], method=[plain], rate=[0.5, 1.0, *RATES[:3]], steps=[20_000])
    results = sweep(race, over, seeds=[0], store="_build/fitting_race.jsonl")
    save(Path(STORED), list(best_rates(results).values()), Provenance.here(COMMAND, [0]))


if __name__ == "__main__":
    main()
