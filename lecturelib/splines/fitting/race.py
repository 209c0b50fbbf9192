r"""Experiment: descent against the best fits at equal numbers of pieces (Sahs et al. 2022, Figure 9), and batch norm.

Every method trains networks of k − 1 neurons, which have at most k pieces, on samples of x²/2, from PyTorch's default
start. Each gets its own learning rate: the one of `RATES` that ends with the least median loss.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from lecturelib.core.arguments import one_dimensional
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import descend

METHODS = ("gd", "momentum", "adam", "sgd", "gd with batch norm", "sgd with batch norm")
PIECES = (5, 10, 20, 50, 100, 200)
BATCH = 50
RATES = (2.0, 4.0, 8.0, 12.0, 16.0)  # times 1 / (points · pieces), and for Adam times 1e-3 / 2
MOMENTUM_SHARE = 0.1  # heavy-ball momentum 0.9 makes steps ten times as long in the end
MEMBERS = 10
STORED = "chapters/splines/data/fitting_race.json"
COMMAND = "python -m lecturelib.splines.fitting.race"


def quadratic_data(points: int) -> tuple[Tensor, Tensor]:
    """Samples of x²/2 at equal spacing on [−2, 2]: x, y of shape (points,)."""
    x = torch.linspace(-2, 2, points, dtype=torch.float64)
    return x, x**2 / 2


def standardize(x) -> Tensor:
    """(x − mean) / standard deviation, the latter with divisor N: shape (N,). Raises ValueError where all x agree."""
    x = one_dimensional("x", x, dtype=torch.float64)
    centred = x - x.mean()
    scale = centred.square().mean().sqrt()
    if not float(scale) > 0:
        raise ValueError("x: expected at least two different numbers")
    return centred / scale


def under_batch_norm(network: Network) -> Network:
    """What batch normalization before the ReLU makes of a network, as a function of the standardized input.

    Its pre-activation w x + b has mean w x̄ + b and standard deviation |w| σ over the data, so that what is normalized
    is sign(w) z with z = (x − x̄)/σ: w and b are gone. Scale 1 and shift 0 at the start are the new w (up to its sign)
    and b, and are trained in their place. For all data in one batch and ε = 0. Raises ValueError where a w is 0.
    """
    signs = to_spline(network).orientations
    return Network(signs, torch.zeros_like(signs), network.v, network.b0)


def race(
    *, seed: int, pieces: int, method: str, rate: float, steps: int, points: int = 500, members: int = MEMBERS
) -> dict:
    """Train `members` networks of pieces − 1 neurons: final losses, infinite for all where one run diverged.

    rate: the learning rate in the unit of its method, see `RATES`. Returns losses and used, the number of straight
    pieces that each function has on the data.
    """
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    x, y = quadratic_data(points)
    start = initialize(pieces - 1, "pytorch", generator=generator_for(seed, "race", pieces), ensemble=(members,))
    unit = 1 / (points * pieces)
    batches = generator_for(seed, "batches", pieces)
    if method == "sgd with batch norm":
        network = train_batch_norm(
            start, x, y, steps=steps, learning_rate=rate * unit * points / BATCH, generator=batches
        )
        run = None if network is None else (network, (network(standardize(x)) - y).square().sum(-1) / 2)
    else:
        normalized = method == "gd with batch norm"
        begin, inputs = (under_batch_norm(start), standardize(x)) if normalized else (start, x)
        optimizer = method if method in ("momentum", "adam") else "gd"
        scale = {"momentum": MOMENTUM_SHARE * unit, "adam": 5e-4, "sgd": unit * points / BATCH}.get(method, unit)
        batch = {"batch": BATCH, "generator": batches} if method == "sgd" else {}
        done = descend(begin, inputs, y, steps=steps, learning_rate=rate * scale, optimizer=optimizer, **batch)
        run = None if done.diverged else (done.final, done.losses[-1])
    if run is None:
        return {"losses": [math.inf] * members, "used": [0] * members}
    inputs = standardize(x) if "norm" in method else x
    return {"losses": run[1].tolist(), "used": used_pieces(run[0], inputs).tolist()}


def used_pieces(network: Network, x) -> Tensor:
    """How many straight pieces the data see: 1 + the number of gaps between data with a breakpoint; shape (...)."""
    x = torch.sort(one_dimensional("x", x, dtype=torch.float64))[0]
    beta = -network.b / network.w
    gap = torch.searchsorted(x, beta.contiguous()).clamp(max=x.numel())
    seen = torch.zeros(*beta.shape[:-1], x.numel() + 1, dtype=torch.float64)
    seen.scatter_(-1, gap, (network.v != 0).to(torch.float64))
    return 1 + seen[..., 1:-1].sum(-1)


def train_batch_norm(start: Network, x, y, *, steps: int, learning_rate: float, generator: torch.Generator):
    """Stochastic descent with batch normalization, in plain torch, for an ensemble: the network in standardized inputs.

    Each batch of `BATCH` points is normalized by its own mean and deviation; for the result, the mean and deviation of
    all data take their place. None where the loss is lost.
    """
    begin = under_batch_norm(start)
    leaves = [part.clone().requires_grad_() for part in (begin.w, begin.b, begin.v, begin.b0)]
    scale, shift, v, b0 = leaves
    optimizer = torch.optim.SGD(leaves, lr=learning_rate)
    for _ in range(steps):
        chosen = torch.randperm(x.numel(), generator=generator)[:BATCH]
        centred = x[chosen] - x[chosen].mean()
        z = centred / centred.square().mean().sqrt()
        hidden = torch.relu(torch.addcmul(shift[..., None], scale[..., None], z))  # (..., H, BATCH)
        outputs = (v[..., None, :] @ hidden).squeeze(-2) + b0[..., None]
        optimizer.zero_grad()
        (0.5 * (outputs - y[chosen]).square().sum()).backward()
        optimizer.step()
    if not all(bool(torch.isfinite(leaf).all()) for leaf in leaves):
        return None
    return Network(*(leaf.detach() for leaf in leaves))


def best_rates(results: list[dict]) -> dict[tuple[str, int], dict]:
    """For each method and number of pieces the result whose rate ends with the least median loss."""
    found: dict[tuple[str, int], dict] = {}
    for result in results:
        key = (result["method"], result["pieces"])
        if key not in found or _median(result) < _median(found[key]):
            found[key] = result
    return found


def _median(result: dict) -> float:
    return float(torch.tensor(result["losses"], dtype=torch.float64).median())


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
