"""Loss and gradient of a continuous flow in two dimensions, against torchdiffeq's adjoint, at equal error.

Run: python benchmarks/generative_flows.py [--repeats 5] [--dry]

The peer is what its documentation and FFJORD's code do: odeint_adjoint with dopri5, a torch.nn network, the trace by
automatic differentiation, row by row. Ours takes as few steps as leave an error of the gradient that is no larger. Both
are compared with 200 of them, in float64. Times are those of the processor, one core; ratios are of one run.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import torch
from torch import Tensor, nn

from lecturelib.core import timing
from lecturelib.generative import ContinuousFlow, likelihood_gradient
from lecturelib.generative.flows.continuous import log_normal

BATCH = 512
SIZES = [[2, 64], [2, 64, 64, 64]]
TOLERANCES = [1e-5]
"""Relative and absolute, of dopri5; 1e-5 is FFJORD's."""


class Field(nn.Module):
    """The network of a flow, as one writes it in torch, with the trace by automatic differentiation."""

    def __init__(self, flow: ContinuousFlow) -> None:
        super().__init__()
        groups = (flow.weights, flow.biases, flow.rates)
        self.groups = [nn.ParameterList(one.clone() for one in group) for group in groups]
        self.every = nn.ParameterList(one for group in self.groups for one in group)

    def forward(self, t: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            z = state[0].requires_grad_()
            h, last = z, len(self.groups[0]) - 1
            for k, (weight, b, c) in enumerate(zip(*self.groups, strict=True)):
                h = h @ weight.T + b + c * t
                h = torch.tanh(h) if k < last else h
            rows = [torch.autograd.grad(h[:, i].sum(), z, create_graph=True)[0][:, i] for i in range(z.shape[1])]
            return h, torch.stack(rows).sum(0)


def random_flow(sizes: list[int], seed: int = 0) -> ContinuousFlow:
    """Weights that are normal with deviation 1/√in, and biases and rates with 0.3."""
    draw = torch.Generator().manual_seed(seed)
    shapes = list(zip([*sizes[1:], sizes[0]], sizes, strict=True))
    weights = [torch.randn(shape, generator=draw, dtype=torch.float64) / shape[1] ** 0.5 for shape in shapes]
    shifts = [[0.3 * torch.randn(shape[0], generator=draw, dtype=torch.float64) for shape in shapes] for _ in range(2)]
    return ContinuousFlow(tuple(weights), *map(tuple, shifts))


def peer(flow: ContinuousFlow, x: Tensor, tolerance: float) -> tuple[float, Tensor]:
    """The loss and all derivatives in one vector, by torchdiffeq."""
    from torchdiffeq import odeint_adjoint

    field = Field(flow)
    times = torch.tensor([flow.time, 0.0], dtype=x.dtype)
    start = x.clone(), torch.zeros(len(x), dtype=x.dtype)
    z, log_det = odeint_adjoint(
        field, start, times, rtol=tolerance, atol=tolerance, method="dopri5", adjoint_params=tuple(field.every)
    )
    loss = -(log_normal(z[-1]) + log_det[-1]).mean()
    loss.backward()
    return float(loss.detach()), torch.cat([one.grad.flatten() for one in field.every])


def ours(flow: ContinuousFlow, x: Tensor, steps: int, method: str = "direct") -> tuple[float, Tensor]:
    """The same by the library."""
    found = likelihood_gradient(flow, x, steps=steps, method=method)
    return float(found.loss), torch.cat([one.flatten() for one in found.gradient.parameters])


def timed(function: Callable[[], tuple]) -> Callable[[], float]:
    def run() -> float:
        begin = process_time()
        function()
        return process_time() - begin

    return run


def rows(repeats: int) -> list[dict]:
    """A row for each network, tolerance and way back."""
    found = []
    for sizes in SIZES:
        flow = random_flow(sizes)
        x = torch.randn(BATCH, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        _, exact = ours(flow, x, 200)

        def error(gradient: Tensor, exact=exact) -> float:
            return float((gradient - exact).norm() / exact.norm())

        for tolerance in TOLERANCES:
            theirs = error(peer(flow, x, tolerance)[1])
            for method in ("direct", "adjoint"):
                steps = next(k for k in range(1, 200) if error(ours(flow, x, k, method)[1]) <= theirs)
                pair = timing.paired(
                    timed(lambda flow=flow, x=x, tolerance=tolerance: peer(flow, x, tolerance)),
                    timed(lambda flow=flow, x=x, steps=steps, method=method: ours(flow, x, steps, method)),
                    repeats,
                )
                row = {"what": "Likelihood and gradient of a continuous flow"}
                row |= {
                    "hidden": " × ".join(map(str, sizes[1:])),
                    "batch": BATCH,
                    "dopri5, tolerance": f"{tolerance:g}",
                    "ours": f"{method}, {steps} steps",
                }
                row |= {"torchdiffeq, ms": 1e3 * pair.theirs, "library, ms": 1e3 * pair.ours, "ratio": pair.ratio}
                row |= {"error, torchdiffeq": theirs, "error, library": error(ours(flow, x, steps, method)[1])}
                found.append(row)
                print(timing.as_table(found[-1:]), flush=True)
    return found


def main() -> None:
    timing.command("generative_flows", rows, about=__doc__, repeats=5)


if __name__ == "__main__":
    main()
