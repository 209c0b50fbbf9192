"""Two ways to train an ensemble by the same algorithm: compiled on the cores, or in torch on any device.

Both take a `Plan` and return an `Outcome`. The compiled way runs one network on one core; the other handles all
networks at once, which pays on a GPU.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from lecturelib.splines.training.prefix_sums import Data, Parameters, find_rows, outputs, pull_back

Optimizer = Literal["gd", "momentum", "adam"]
OPTIMIZERS = get_args(Optimizer)  # numbered as in lecturelib.splines.training.steps
_WORK_A_CALL = 2e9  # neurons × steps between two looks at the keyboard, some seconds
_NEVER = np.iinfo(np.int64).max


class Plan(NamedTuple):
    """What to do with M networks: `steps` steps at `rates` (M,), recording the steps in `marks`, sorted.

    limits: (M,), the loss beyond which a network has diverged. batch: points a step, 0 for all, drawn from `seed`.
    """

    steps: int
    rates: Tensor
    optimizer: str
    marks: list[int]
    limits: Tensor
    batch: int = 0
    seed: int = 0


class Outcome(NamedTuple):
    """w, b, v (R, M, H), b0 and losses (R, M); stopped (M,): the step at which a network diverged, or −1."""

    parameters: Parameters
    losses: Tensor
    stopped: Tensor


def on_cores(parameters: Parameters, data: Data, plan: Plan) -> Outcome:
    """Carry out the plan with the compiled loops: networks side by side in threads, as many as torch may use."""
    from lecturelib.splines.training.steps import train_some  # here, since loading the compiler takes a second

    members, width = parameters.w.shape
    marks, stopped = np.array([*plan.marks, _NEVER]), np.full(members, -1)
    records = (members, len(plan.marks))
    out = (np.zeros((*records, 3, width)), np.zeros(records), np.zeros(records))
    params = torch.stack(parameters[:3], dim=1).cpu().numpy().copy()
    moments = {"gd": (0, 0), "momentum": (width, 0), "adam": (width, width)}[plan.optimizer]
    b0 = np.zeros((members, 3))
    b0[:, 0] = parameters.b0.cpu().numpy()
    state = (params, *(np.zeros((members, 3, size)) for size in moments), b0, np.zeros((members, width), np.uint32))
    draws = (np.tile(np.arange(data.x.numel()), (members, 1)), np.full((members, 1), plan.seed, dtype=np.uint64))
    walls, y, rates, limits = (np.ascontiguousarray(t.cpu()) for t in (data.walls, data.y, plan.rates, plan.limits))
    optimizer = OPTIMIZERS.index(plan.optimizer)
    rest = (state, walls, y, rates, optimizer, draws, plan.batch, limits, marks, out, stopped)
    threads = min(torch.get_num_threads(), members)
    # Several pieces a thread, so that one slow core does not leave the others waiting for long.
    cuts = np.linspace(0, members, min(members, 4 * threads if threads > 1 else 1) + 1).astype(int).tolist()
    stride = max(1, int(_WORK_A_CALL // (members * (width + data.x.numel()))))
    with ThreadPoolExecutor(threads) as pool:
        side_by_side = map if threads == 1 else pool.map
        for start in range(0, max(plan.steps, 1), stride):
            ends = repeat(start), repeat(min(start + stride, plan.steps))
            list(side_by_side(lambda *piece: train_some(*piece, *rest), cuts, cuts[1:], *ends))
            if (stopped >= 0).any():
                break
    found, b0, losses = (torch.from_numpy(o).movedim(0, 1) for o in out)
    return Outcome(Parameters(*found.unbind(2), b0), losses, torch.from_numpy(stopped))


def in_torch(parameters: Parameters, data: Data, plan: Plan) -> Outcome:
    """Carry out the plan in torch, on the device of the parameters, for all networks at once."""
    rates, limits = plan.rates.to(parameters.w), plan.limits.to(parameters.w)
    moments = [[torch.zeros_like(p) for p in parameters] for _ in range(2)]
    marks, kept, losses = set(plan.marks), [], []
    stopped = torch.full(rates.shape, -1, device=rates.device)
    draw = _draws(data, plan)
    for step in range(plan.steps + 1):
        rows = find_rows(parameters.w, parameters.b, data)
        r = outputs(parameters, rows, data) - data.y
        loss = 0.5 * r.square().sum(1)
        lost = ~(loss <= limits)
        if bool(lost.any()):
            stopped[lost] = step
            break
        if step in marks:
            kept.append(parameters)
            losses.append(loss)
        if step < plan.steps:
            slopes = pull_back(parameters, rows, r * next(draw) if plan.batch else r, data)
            parameters = _step(parameters, slopes, moments, rates, plan.optimizer, step + 1)
    return Outcome(Parameters(*(torch.stack(p) for p in zip(*kept, strict=True))), torch.stack(losses), stopped)


def _step(parameters, slopes, moments, rates: Tensor, optimizer: str, step: int) -> Parameters:
    """One step of torch.optim's SGD or Adam with their default constants; moves `moments` on."""
    from lecturelib.splines.training.steps import ADAM_EPS, ADAM_FIRST, ADAM_SECOND, MOMENTUM_DECAY

    moved = []
    for p, g, first, second in zip(parameters, slopes, *moments, strict=True):
        rate = rates[:, None] if p.ndim == 2 else rates
        if optimizer == "gd":
            moved.append(p - rate * g)
        elif optimizer == "momentum":
            first.mul_(MOMENTUM_DECAY).add_(g)
            moved.append(p - rate * first)
        else:
            first.lerp_(g, 1 - ADAM_FIRST)
            second.mul_(ADAM_SECOND).addcmul_(g, g, value=1 - ADAM_SECOND)
            spread = second.sqrt() / (1 - ADAM_SECOND**step) ** 0.5 + ADAM_EPS
            moved.append(p - rate / (1 - ADAM_FIRST**step) * (first / spread))
    return Parameters(*moved)


def _draws(data: Data, plan: Plan):
    """For each step 1 at the points drawn and 0 at the others: the same draws as the compiled loops make."""
    from lecturelib.splines.training.steps import draw

    order, state = np.arange(data.x.numel()), np.full(1, plan.seed, dtype=np.uint64)
    while True:
        draw(order, state, plan.batch)
        chosen = torch.zeros_like(data.x)
        chosen[torch.from_numpy(order[: plan.batch]).to(chosen.device)] = 1.0
        yield chosen
