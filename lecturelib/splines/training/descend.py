r"""Training shallow ReLU networks of one input exactly, in O(H + N) a step.

The loss is ½ Σ_n (f(x_n) − y_n)². On sorted data a neuron is active on a prefix or a suffix, so outputs are running
sums over neurons and gradients are running sums over residuals (`lecturelib.splines.training.steps` tells how). The
result is that of automatic differentiation on the same loss up to rounding; nothing of size H × N exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lecturelib.core.arguments import positive
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.training.prefix_sums import Data, Parameters, find_rows, outputs, prepare, sharpness
from lecturelib.splines.training.runners import OPTIMIZERS, Plan, Record, get_ready, in_torch, on_cores

_HUGE = 1e12  # a loss that has grown by this factor is not coming back
_TRIAL = 1000  # steps taken to see whether a rate is stable
_HALVINGS = 100  # of a rate, before no smaller one is tried


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What a run of `descend` recorded.

    steps: numbers of the recorded steps, shape (R,), 0 and the last among them; losses: ½ Σ_n (f(x_n) − y_n)² over all
    data then, shape (R, ...); networks: the networks then, an ensemble of shape (R, ..., H). reason: why the run ended,
    in words; diverged: whether it ended early. compile_seconds: what the first run in a process spent on compiling, or
    on loading what an earlier process compiled.
    """

    steps: Tensor
    losses: Tensor
    networks: Network
    reason: str
    diverged: bool
    compile_seconds: float

    @property
    def final(self) -> Network:
        """The network at the last recorded step."""
        last = self.networks
        return Network(last.w[-1], last.b[-1], last.v[-1], last.b0[-1])


def descend(
    network: Network,
    x,
    y,
    *,
    steps: int,
    learning_rate,
    optimizer: str = "gd",
    record_every: int | None = None,
    batch: int | None = None,
    generator: torch.Generator | None = None,
) -> Trajectory:
    """Train w, b, v and b0 on the loss ½ Σ_n (f(x_n) − y_n)², in O(H + N) a step.

    network: one, shape (H,), or an ensemble (..., H), trained side by side on as many threads as torch may use, or on
    the GPU where the network lies there. x: (N,), in any order, repeats allowed; y: (N,) or (..., N).
    learning_rate: a number, or one a network, shape (...). optimizer: "gd", "momentum" (0.9) or "adam", with the
    constants and conventions of torch.optim. record_every: record each such step besides the first and the last;
    None for these two alone. Computed in float64, returned in the network's precision.

    batch: each step takes the gradient of ½ Σ (f(x_n) − y_n)² over that many points, drawn from `generator` without
    replacement, anew for every step (not epoch by epoch). The sum is not rescaled by N / batch. All networks of an
    ensemble see the same points, so they differ by their start alone, and each does as it would by itself.

    A run whose loss grows without bound stops; what was recorded until then is returned, and `reason` says at which
    step it was lost and at which rate a trial of up to 1,000 steps went well. Where one network of an ensemble is lost,
    all stop there.
    How near it comes to automatic differentiation: after 1,000 steps at a stable rate to some 1e-14. Where training
    amplifies rounding errors it cannot stay near: Adam divides by the size of the gradient, so where that is nothing
    but rounding (a fit without error), it turns it into steps of full length; and large rates make training chaotic.
    Raises ValueError for NaN, no data, shapes that do not fit, an unknown optimizer, and steps, learning_rate,
    record_every or batch that are not positive.
    """
    parameters, data = prepare(network, x, y)
    plan = _plan(network, parameters, data, steps, learning_rate, optimizer, record_every, batch, generator)
    on_gpu = network.w.is_cuda
    compile_seconds = 0.0 if on_gpu else get_ready()
    record = (in_torch if on_gpu else on_cores)(parameters, data, plan)
    return _trajectory(network, parameters, data, plan, record, compile_seconds)


def _whole(name: str, value) -> int:
    """A positive whole number, or a ValueError naming the argument."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 1:
        raise ValueError(f"{name}: expected a positive whole number, got {value!r}")
    return value.__index__()


def _plan(network, parameters, data, steps, learning_rate, optimizer, record_every, batch, generator) -> Plan:
    """Check what `descend` was asked for; see there."""
    steps = _whole("steps", steps)
    every = steps if record_every is None else _whole("record_every", record_every)
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer: expected one of {', '.join(OPTIMIZERS)}, got {optimizer!r}")
    rates = positive("learning_rate", learning_rate, dtype=torch.float64).to(network.w.device)
    leading = network.w.shape[:-1]
    try:
        rates = rates.expand(leading).reshape(-1)
    except RuntimeError:
        expected = f"expected a number or a shape that broadcasts to {tuple(leading)}"
        raise ValueError(f"learning_rate: {expected}, got {tuple(rates.shape)}") from None
    size, seed = data.x.numel(), 0
    if batch is not None:
        if _whole("batch", batch) > size:
            raise ValueError(f"batch: expected at most the {size} data points, got {batch}")
        if not isinstance(generator, torch.Generator):
            raise ValueError("generator: expected a torch.Generator to draw batches from, got none")
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    rows = find_rows(parameters.w, parameters.b, data)
    loss = 0.5 * (outputs(parameters, rows, data) - data.y).square().sum(1)
    if not bool(torch.isfinite(loss).all()):
        raise ValueError("network: expected a finite loss at the start, but outputs or targets are too large")
    scale = torch.maximum(loss, 0.5 * data.y.square().sum(1)).clamp(min=1.0)
    limits = (_HUGE * scale).clamp(max=1e300)
    marks = [*range(0, steps, every), steps]
    return Plan(steps, rates, optimizer, marks, rows, limits, 0 if batch is None else batch.__index__(), seed)


def _trajectory(network: Network, start: Parameters, data: Data, plan: Plan, record: Record, seconds) -> Trajectory:
    """Cut the record where the first network was lost, and give it the shape of the ensemble."""
    lost = record.stopped >= 0
    end = int(record.stopped[lost].min()) if bool(lost.any()) else plan.steps + 1
    marks = torch.tensor([mark for mark in plan.marks if mark < end])
    count, shape, dtype = len(marks), network.w.shape, network.w.dtype
    w, b, v = (p[:count].to(network.w).reshape(count, *shape) for p in record.parameters[:3])
    b0 = record.parameters.b0[:count].to(network.w).reshape(count, *shape[:-1])
    losses = record.losses[:count].to(network.w.device, dtype).reshape(count, *shape[:-1])
    reason = f"took all {plan.steps} steps"
    if end <= plan.steps:
        which = int(torch.where(record.stopped == end)[0][0])
        reason = _lost(shape, start, data, plan, which, end)
    return Trajectory(marks, losses, Network(w, b, v, b0), reason, end <= plan.steps, seconds)


def _lost(shape, start: Parameters, data: Data, plan: Plan, which: int, step: int) -> str:
    """Say in words where network `which` diverged, and which rate would have been stable."""
    index = tuple(int(i) for i in torch.unravel_index(torch.tensor(which), shape[:-1])) if len(shape) > 1 else ()
    where = f" in network {index}" if index else ""
    steps, rate = _tried(start, data, plan, which)
    said = f"learning rate {float(plan.rates[which]):g} is too large for {plan.optimizer}"
    return f"diverged at step {step}{where}: {said}; with {rate:.2g} the first {steps:,} steps lower the loss"


def _tried(start: Parameters, data: Data, plan: Plan, which: int) -> tuple[int, float]:
    """Steps of a trial on all data, and the first of rates, each half the last, at which it ends with a smaller loss.

    A quadratic of curvature λ is stable below 2/λ, with momentum m below 2 (1 + m)/λ, so more is not tried. But
    curvature changes on the way, which momentum bears badly. Adam moves every parameter by about its rate a step.
    """
    chosen = slice(which, which + 1)
    one = Parameters(*(p[chosen].cpu() for p in start))
    points = Data(data.x.cpu(), data.walls.cpu(), data.y[chosen].cpu())
    if plan.optimizer == "adam":
        most = max(float(p.abs().max()) for p in one)
    else:
        most = (2 if plan.optimizer == "gd" else 3.8) / float(sharpness(one, points))
    rate, steps = min(float(plan.rates[which]) / 2, most), min(plan.steps, _TRIAL)
    rows, limits = plan.rows[chosen].cpu(), plan.limits[chosen].cpu()
    for _ in range(_HALVINGS):
        rate = float(f"{rate:.2g}")  # as it is told
        rates = torch.tensor([rate], dtype=torch.float64)
        run = on_cores(one, points, Plan(steps, rates, plan.optimizer, [0, steps], rows, limits))
        if run.stopped[0] < 0 and run.losses[-1, 0] < run.losses[0, 0]:
            break
        rate /= 2
    return steps, rate
