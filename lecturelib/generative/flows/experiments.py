"""Stored experiments on flows, as functions of a seed.

Run them all, and store them: python -m lecturelib.generative.flows.experiments (about five minutes on a core).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import torch
from torch import Tensor

from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.generative.flows.continuous import ContinuousFlow, likelihood_gradient, random_continuous_flow
from lecturelib.generative.flows.densities import log_density
from lecturelib.generative.flows.planar import PlanarFlow, random_planar_flow
from lecturelib.generative.flows.targets import TARGETS, energies, log_masses
from lecturelib.generative.flows.training import bound, fit_energies, fit_likelihood

DATA = Path("chapters/generative/data")


def short(value: Any) -> Any:
    """Numbers, in nested lists, with four digits that count."""
    if isinstance(value, Tensor):
        value = value.tolist()
    return [short(one) for one in value] if isinstance(value, list) else float(f"{value:.4g}")


def stored_flow(numbers: Sequence, time: float) -> ContinuousFlow:
    """The flow of weights, biases and rates as they are stored."""
    return ContinuousFlow(*(tuple(map(torch.tensor, group)) for group in numbers), time).to(torch.float64)


def density_run(
    *, seed: int, target: str, hidden: list[int], iterations: int, steps: int, rate: float
) -> dict[str, Any]:  # fmt: skip
    """A continuous flow on samples of a density: losses on the way, the loss on fresh points, and its parameters.

    As in FFJORD, T = ½; here T stays. Training takes so many steps of Runge–Kutta in float32. The end is measured with
    the stored parameters on 4,000 points in float64, with 48 steps, with 24, and with those of training.
    """
    law, draw = TARGETS[target], generator_for(seed, "train", target)
    start = random_continuous_flow([2, *hidden], generator=generator_for(seed, "start", target), time=0.5)
    options: dict[str, Any] = {"iterations": iterations, "batch": 128, "rate": rate, "steps": steps, "generator": draw}
    flow, losses = fit_likelihood(start.to(torch.float32), law.draw, **options)
    numbers = [short(list(group)) for group in ([one.tolist() for one in group] for group in _groups(flow))]
    return {"losses": short(losses), **measured(numbers, target, seed, steps), "numbers": numbers if seed == 0 else []}


def measured(numbers: Sequence, target: str, seed: int, few: int) -> dict[str, float]:
    """The loss of a stored flow on fresh points, its excess over that of the density, and what few steps make of it."""
    law = TARGETS[target]
    x = law.draw(4000, generator_for(seed, "test", target))
    found = {steps: -log_density(stored_flow(numbers, 0.5), x, steps=steps) for steps in (few, 24, 48)}
    loss = found[48]
    gap = loss + law.log_density(x)
    return {
        "loss": round(float(loss.mean()), 5), "gap": round(float(gap.mean()), 5),
        "gap_error": short(gap.std() / len(x) ** 0.5),
        "half_steps": round(float(found[24].mean()), 5), "training_steps": round(float(found[few].mean()), 5),
    }  # fmt: skip


def _groups(flow: ContinuousFlow) -> tuple:
    return flow.weights, flow.biases, flow.rates


def planar_run(*, seed: int, layers: int, iterations: int) -> dict[str, Any]:
    """Five planar flows towards each energy: KL(q ‖ e^{−U}/Z) by 20,000 samples, and the first set of numbers."""
    draw = generator_for(seed, "planar", layers)
    flow = random_planar_flow(layers, generator=draw, ensemble=(4, 5))
    flow = fit_energies(flow, energies, iterations=iterations, batch=100, rate=1e-2, generator=draw)
    values = bound(flow, energies, 20_000, draw) + log_masses().reshape(4, 1, 1)
    first = flow[:, 0]
    return {
        "kl": short(values.mean(-1)), "error": short(values.std(-1) / 20_000**0.5),
        "numbers": [short(one) for one in (first.u, first.w, first.b)],
    }  # fmt: skip


def stored_planar(numbers: Sequence) -> PlanarFlow:
    """The flows of four energies as they are stored."""
    return PlanarFlow(*numbers)


def depth_run(*, seed: int, steps: int, method: str) -> dict[str, float]:
    """Bytes kept, seconds of a core, and the error of the gradient, for a flow of two hidden layers of 64 units."""
    flow, x, exact = _problem(seed)
    times = []
    for _ in range(3):
        begin = process_time()
        found = likelihood_gradient(flow, x, steps=steps, method=method)
        times.append(process_time() - begin)
    gradient = torch.cat([one.flatten() for one in found.gradient.parameters])
    off = float((gradient - exact).norm() / exact.norm())
    return {"bytes": found.kept, "seconds": short(min(times)), "error": short(off)}


@cache
def _problem(seed: int) -> tuple[ContinuousFlow, Tensor, Tensor]:
    """A flow, 256 points, and the gradient after 200 steps."""
    draw = generator_for(seed, "depth")
    flow = random_continuous_flow([2, 64, 64], generator=draw)
    last = torch.randn(2, 64, generator=draw, dtype=torch.float64) / 4
    flow = ContinuousFlow((*flow.weights[:-1], last), flow.biases, flow.rates)
    x = torch.randn(256, 2, generator=draw, dtype=torch.float64)
    exact = likelihood_gradient(flow, x, steps=200).gradient.parameters
    return flow, x, torch.cat([one.flatten() for one in exact])


def cost_run(*, seed: int, size: int) -> dict[str, float]:
    """Seconds of a core, per point, for f with ln |det ∂f/∂z|, its trace, and one Hutchinson estimate; 64 points.

    The network has two hidden layers as wide as the input. Both determinant and trace need all of ∂f/∂z, by forward
    derivatives of d directions; the estimate needs one.
    """
    draw = generator_for(seed, "cost", size)
    options = {"generator": draw, "dtype": torch.float64}
    one, two, three = (torch.randn(size, size, **options) / size**0.5 for _ in range(3))
    z, signs = torch.randn(64, size, **options), 2 * torch.randint(0, 2, (64, 1, size), generator=draw).double() - 1

    def along(rows: Tensor) -> Tensor:
        h = torch.tanh(z @ one)
        rows = (rows @ one) * (1 - h.square()).unsqueeze(1)
        h = torch.tanh(h @ two)
        return ((rows @ two) * (1 - h.square()).unsqueeze(1)) @ three

    units = torch.eye(size, dtype=torch.float64).expand(64, size, size)
    ways: dict[str, Callable[[], Tensor]] = {
        "value": lambda: torch.tanh(torch.tanh(z @ one) @ two) @ three,
        "determinant": lambda: torch.linalg.slogdet(along(units))[1],
        "trace": lambda: along(units).diagonal(dim1=-2, dim2=-1).sum(-1),
        "estimate": lambda: (along(signs) * signs).sum((-2, -1)),
    }
    return {name: short(_seconds(way) / 64) for name, way in ways.items()}


def _seconds(way: Callable[[], Any]) -> float:
    way()
    found = []
    for _ in range(5):
        begin, count = process_time(), 0
        while count < 3 or process_time() - begin < 0.02:
            way()
            count += 1
        found.append((process_time() - begin) / count)
    return min(found)


NAMES = list(TARGETS)
RUNS: dict[str, tuple[Callable, list[dict], range]] = {
    "flows_densities": (
        density_run, settings(target=NAMES, hidden=[[64, 64, 64]], iterations=[600], steps=[10], rate=[3e-3]), range(2)
    ),
    "flows_coarse": (
        density_run, settings(target=NAMES, hidden=[[64, 64, 64]], iterations=[600], steps=[4], rate=[5e-3]), range(1)
    ),
    "flows_small": (
        density_run, settings(target=NAMES, hidden=[[32, 32]], iterations=[2000], steps=[4], rate=[5e-3]), range(1)
    ),
    "flows_planar": (planar_run, settings(layers=[2, 8, 32], iterations=[1000]), range(1)),
    "flows_depth": (
        depth_run, settings(steps=[1, 2, 4, 8, 16, 32, 64], method=["direct", "adjoint"]), range(1)
    ),
    "flows_costs": (cost_run, settings(size=[2, 4, 8, 16, 32, 64, 128, 256]), range(1)),
}  # fmt: skip
"""Name of a file in chapters/generative/data → function, settings, seeds."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiments; what is interrupted carries on where it stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", default=list(RUNS), help=f"of {', '.join(RUNS)}")
    parser.add_argument("--store", default="_build/flows", help="folder where single runs are kept")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for name in options.runs:
        run, over, seeds = RUNS[name]
        results = sweep(run, over, seeds=seeds, store=Path(options.store, f"{name}.jsonl"))
        save(DATA / f"{name}.json", results, Provenance.here(f"python -m {__spec__.name} {name}", seeds))


if __name__ == "__main__":
    main()
