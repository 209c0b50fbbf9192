r"""Training shallow ReLU networks of one input exactly, in O(H + N) a step.

The loss is ½ Σ_n (f(x_n) − y_n)². On sorted data a neuron is active on a prefix or a suffix, so outputs are running
sums over neurons and gradients are running sums over residuals (`lecturelib.splines.training.steps` tells how). The
result is that of automatic differentiation on the same loss up to rounding; nothing of size H × N exists.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Counts, PositiveArray, broadcast, checked
from lecturelib.core.records import Record
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.training.prefix_sums import Data, Inputs, Networks, Parameters, Targets, assess, sharpness
from lecturelib.splines.training.runners import Optimizer, Outcome, Plan, in_torch, on_cores

_HUGE = 1e12  # a loss that has grown by this factor is not coming back
_TRIAL = 1000  # steps taken to see whether a rate is stable
_HALVINGS = 100  # of a rate, before no smaller one is tried


class Trajectory(Record):
    """What a run of `descend` recorded.

    steps: numbers of the recorded steps, shape (R,), 0 and the last among them; losses: ½ Σ_n (f(x_n) − y_n)² over all
    data then, shape (R, ...); networks: the networks then, an ensemble of shape (R, ..., H). reason: why the run ended,
    in words; diverged: whether it ended early.

    >>> start = Network([1.0], [0.0], [1.0], 0.0)
    >>> Trajectory([0], [0.5], Network([[1.0]], [[0.0]], [[1.0]], [0.0]), "took no step", False).final == start
    True
    """

    steps: Annotated[Counts, "R"]
    losses: Array
    networks: Network
    reason: str
    diverged: bool

    @property
    def final(self) -> Network:
        """The network at the last recorded step."""
        return self.networks[-1]


@checked
def descend(
    network: Networks, x: Inputs, y: Targets, *, steps: Count, learning_rate: PositiveArray,
    optimizer: Optimizer = "gd", record_every: Count | None = None, batch: Count | None = None,
    generator: torch.Generator | None = None,
) -> Trajectory:  # fmt: skip
    """Train w, b, v and b0 on the loss ½ Σ_n (f(x_n) − y_n)², in O(H + N) a step.

    network: one, or an ensemble, trained side by side on as many threads as torch may use, or on the GPU where the
    network lies there. There is one output, since a neuron's breakpoint and delta-slope belong to one function.
    x: in any order, repeats allowed; y: shape (N,), or (..., N) that broadcasts to the ensemble. learning_rate: a
    number, or one a network, shape (...). optimizer: "gd", "momentum" (0.9) or "adam", with the constants and
    conventions of torch.optim. record_every: record each such step besides the first and the last; None for these two
    alone. Computed in float64, returned in the network's precision.

    batch: each step takes the gradient of ½ Σ (f(x_n) − y_n)² over that many points, drawn from `generator` without
    replacement, anew for every step (not epoch by epoch). The sum is not rescaled by N / batch. All networks of an
    ensemble see the same points, so they differ by their start alone, and each does as it would by itself.

    A run whose loss grows without bound stops; what was recorded until then is returned, and `reason` says at which
    step it was lost and at which rate a trial of up to 1,000 steps went well. Where one network of an ensemble is lost,
    all stop there.
    How near it comes to automatic differentiation: after 1,000 steps at a stable rate to some 1e-14. Where training
    amplifies rounding errors it cannot stay near: Adam divides by the size of the gradient, so where that is nothing
    but rounding (a fit without error), it turns it into steps of full length; and large rates make training chaotic.
    Raises ValueError where outputs or targets are so large that the loss may overflow, for a batch of more than N
    points and for one without a generator.

    >>> hinge = Network([1.0], [0.5], [1.0], 0.0)
    >>> run = descend(hinge, [-1.0, 0.0, 1.0], [0.0, 0.0, 1.0], steps=100, learning_rate=0.1)
    >>> run.steps.tolist(), run.diverged, bool(run.losses[1] < 1e-3)
    ([0, 100], False, True)
    """
    parameters, data, _, _, loss = assess(network, x, y)
    if batch is not None and batch > len(x):
        raise ValueError(f"batch: expected at most the {len(x)} data points, got {batch}")
    if batch is not None and generator is None:
        raise ValueError("generator: expected a torch.Generator to draw batches from, got none")
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device)) if batch and generator else 0
    limits = _HUGE * torch.maximum(loss, 0.5 * data.y.square().sum(1)).clamp(min=1.0)
    if not bool(torch.isfinite(limits).all()):
        raise ValueError("network: expected a loss below 1e296 at the start, but outputs or targets are too large")
    rates = broadcast("learning_rate", learning_rate, network.shape).reshape(-1).double()
    marks = [*range(0, steps, record_every or steps), steps]
    plan = Plan(steps, rates, optimizer, marks, limits, batch or 0, seed)
    outcome = (in_torch if network.w.is_cuda else on_cores)(parameters, data, plan)
    return _trajectory(network, parameters, data, plan, outcome)


def _trajectory(network: Network, start: Parameters, data: Data, plan: Plan, outcome: Outcome) -> Trajectory:
    """Cut the record where the first network was lost, and give it the shape of the ensemble."""
    lost = outcome.stopped >= 0
    end = int(outcome.stopped[lost].min()) if bool(lost.any()) else plan.steps + 1
    marks = [mark for mark in plan.marks if mark < end]

    def shaped(tensor: Tensor) -> Tensor:
        return tensor[: len(marks)].to(network.w).reshape(len(marks), *network.shape, *tensor.shape[2:])

    reason, networks = f"took all {plan.steps} steps", Network(*map(shaped, outcome.parameters))
    if end <= plan.steps:
        reason = _lost(network.shape, start, data, plan, outcome.stopped.tolist().index(end), end)
    return Trajectory(marks, shaped(outcome.losses), networks, reason, end <= plan.steps)


def _lost(shape: tuple[int, ...], start: Parameters, data: Data, plan: Plan, which: int, step: int) -> str:
    """Say in words where network `which` diverged, and which rate would have been stable."""
    where = f" in network {tuple(map(int, np.unravel_index(which, shape)))}" if shape else ""
    steps, rate = _tried(start, data, plan, which)
    said = f"learning rate {float(plan.rates[which]):g} is too large for {plan.optimizer}"
    better = f"with {rate:.2g} the first {steps:,} steps lower the loss" if rate else "no smaller one was found to do"
    return f"diverged at step {step}{where}: {said}; {better}"


def _tried(start: Parameters, data: Data, plan: Plan, which: int) -> tuple[int, float]:
    """Steps of a trial on all data, and the first of rates, each half the last, at which it ends with a smaller loss.

    A quadratic of curvature λ is stable below 2/λ, with momentum m below 2 (1 + m)/λ, so more is not tried. But
    curvature changes on the way, which momentum bears badly. Adam moves every parameter by about its rate a step.
    The rate is 0 where none was found.
    """
    chosen = slice(which, which + 1)
    one = Parameters(*(p[chosen].cpu() for p in start))
    points = Data(data.x.cpu(), data.walls.cpu(), data.y[chosen].cpu())
    edge = {"gd": 2, "momentum": 3.8}.get(plan.optimizer)
    most = edge / float(sharpness(one, points)) if edge else max(float(p.abs().max()) for p in one)
    rate, steps = min(float(plan.rates[which]) / 2, most), min(plan.steps, _TRIAL)
    for _ in range(_HALVINGS):
        rate = float(f"{rate:.2g}")  # as it is told
        rates = torch.tensor([rate], dtype=torch.float64)
        run = on_cores(one, points, Plan(steps, rates, plan.optimizer, [0, steps], plan.limits[chosen].cpu()))
        if run.stopped[0] < 0 and run.losses[-1, 0] < run.losses[0, 0]:
            return steps, rate
        rate /= 2
    return steps, 0.0
