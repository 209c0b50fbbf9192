"""What training does if the kernel stays what it is, and how far outputs have come when weights have moved.

Run the full settings, and store them: python -m lecturelib.kernels.lazy_or_feature.frozen (some minutes on a core of
its own).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor
from torch.linalg import matrix_norm

from lecturelib.core.arguments import Count, Positive, Reals, Seed, Square, Vector, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.kernels.lazy_or_feature.phases import (
    DATA,
    DEPTH,
    DIMENSION,
    PROBES,
    STARTS,
    TASKS,
    TRAIN,
    WIDTHS,
    Several,
    Task,
    moved,
)
from lecturelib.kernels.lazy_or_feature.scaled import SHARPNESS, soft_hinge_slope
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import (
    WideNetwork,
    draw_wide,
    layers_of,
    pulled,
    with_parts,
)

MOMENTS = (0.25, 0.5, 1.0)  # times at which `growth` looks, in units of s
SMALL = 1e-2  # the scale s at which it does
NARROW, MANY = 16, 40  # the least width of the frozen kernels, and how many kernels stand for that of infinite width


@checked
def follow_kernel(kernel: Square, y: Annotated[Vector, "N"], *, sharpness: Positive = SHARPNESS) -> Tensor:
    """Coefficients a (N,) of F = K a, the linear model of this kernel, when every F(x_n) y_n is 1 or more.

    The flow from F = 0 is ȧ = −(1/N) c'(F y) y with the slope c' of the soft hinge; elsewhere F is K(x, x_n) a.
    Raises ValueError where the data are not fitted within the time 10⁷.

    >>> follow_kernel([[2.0, 0.0], [0.0, 2.0]], [1.0, -1.0])
    tensor([ 0.5000, -0.5000], dtype=torch.float64)
    """
    theta, signs, count = kernel.double().numpy(), y.double().numpy(), len(y)

    def slopes(a: np.ndarray) -> np.ndarray:
        return soft_hinge_slope(torch.from_numpy(theta @ a * signs), sharpness).numpy()

    def speed(_, a: np.ndarray) -> np.ndarray:
        return -slopes(a) * signs / count

    def change_of_speed(_, a: np.ndarray) -> np.ndarray:
        bend = -sharpness * slopes(a) * (1 + slopes(a))  # c''
        return -bend[:, None] * theta / count

    def missing(_, a: np.ndarray) -> float:
        return float((theta @ a * signs).min()) - 1

    missing.terminal = True
    run = solve_ivp(
        speed, (0, 1e7), np.zeros(count), "BDF", jac=change_of_speed, events=missing, rtol=1e-6, atol=1e-9,
    )  # fmt: skip
    if not len(run.t_events[0]):
        raise ValueError("kernel: expected one whose linear model fits the data within the time 10⁷")
    return torch.from_numpy(run.y_events[0][0])


def _networks(seed: int, width: int, depth: int, ensemble: int, name: str) -> WideNetwork:
    options = {"generator": generator_for(seed, name, width, depth), "activation": "softplus", "weight_scale": 1.0}
    return draw_wide((DIMENSION, *[width] * depth, 1), ensemble=(ensemble,), **options)


def _wrong(kernel: Tensor, data: Task) -> tuple[Tensor, Tensor]:
    """F on the test data of the linear model of a kernel (all data, those to learn), and its share of errors."""
    outputs = kernel[len(data.x) :] @ follow_kernel(kernel[: len(data.x)], data.y)
    return outputs, (outputs * data.test_y <= 0).double().mean()


def frozen(
    *, seed: Seed, width: Count, task: str = "digits", ensemble: Several = STARTS, train: Count = TRAIN
) -> dict[str, float]:
    """Experiment: test errors of linear models with the kernels of the networks with which `phase` starts.

    error: mean over the starts; together: of the mean output of the starts.
    """
    data = TASKS[task](generator_for(seed, task), train)
    both = torch.cat([data.x, data.test_x])
    start = _networks(seed, width, DEPTH, ensemble, "phases")  # as in `phase`
    found = [_wrong(empirical_kernel(start[k], both, data.x), data) for k in range(ensemble)]
    together = torch.stack([outputs for outputs, _ in found]).mean(0) * data.test_y <= 0
    return {"error": float(sum(share for _, share in found)) / ensemble, "together": float(together.double().mean())}


def infinite(*, seed: Seed, width: Count = WIDTHS[-1], task: str = "digits", train: Count = TRAIN) -> dict[str, float]:
    """Experiment: test error of the linear model with the mean kernel of `MANY` networks, which is near the limit."""
    data = TASKS[task](generator_for(seed, task), train)
    both, networks = torch.cat([data.x, data.test_x]), _networks(seed, width, DEPTH, MANY, "limit")
    kernel = sum(empirical_kernel(networks[k], both, data.x) for k in range(MANY)) / MANY
    return {"error": float(_wrong(kernel, data)[1])}


def growth(
    *, seed: Seed, width: Count, scale: Positive = SMALL, moments: Reals = MOMENTS, ensemble: Several = STARTS,
    train: Count = TRAIN, steps: Count = 50,
) -> dict[str, list[float] | float]:  # fmt: skip
    """Experiment: networks with the scale s = α √width followed to the times τ s, for the numbers τ in `moments`.

    Root mean squares over starts and 64 test points, one number for each τ: output, of f − f₀; change, ‖ΔK‖ / ‖K‖;
    last, ‖Δv‖ / ‖v‖. Two numbers on the speed (1/N) Σ K₀(x, x_n) y_n with which F starts: speed, its root mean square,
    and shared, the same less the variance over starts. steps: of Heun's method, for each unit of τ.
    """
    data = TASKS["digits"](generator_for(seed, "digits"), train)
    start, probes = _networks(seed, width, DEPTH, ensemble, "phases"), data.test_x[:PROBES]
    alpha = scale / math.sqrt(width)
    base = start(data.x)

    def speeds(network: WideNetwork) -> list[Tensor]:
        layers = layers_of(network, data.x)
        margins = alpha * (layers[-1][1].squeeze(-1) - base) * data.y
        pulls = -soft_hinge_slope(margins) * data.y / (alpha * len(data.y))
        return pulled(network, layers, pulls)[0]

    def moved_by(network: WideNetwork, ways: Sequence[Tensor], length: float) -> WideNetwork:
        weights = [old + length * way for old, way in zip(network.weights, ways, strict=True)]
        return with_parts(network, weights, network.biases)

    begun = empirical_kernel(start, probes, data.x) @ data.y / len(data.y)  # (R, M)
    shared = (begun.square().mean() - begun.var(0).mean()).clamp(min=0)
    kernel, length = empirical_kernel(start, probes), scale / steps
    marks, network, found = [round(moment * steps) for moment in moments], start, []
    for taken in range(max(marks) + 1):
        if taken in marks:
            change = matrix_norm(empirical_kernel(network, probes) - kernel) / matrix_norm(kernel)
            output = network(probes) - start(probes)
            found.append([_root_mean_square(one) for one in (output, change, moved(start, network, -1))])
        first = speeds(network)
        second = speeds(moved_by(network, first, length))
        network = moved_by(network, [(a + b) / 2 for a, b in zip(first, second, strict=True)], length)
    both = {"speed": _root_mean_square(begun), "shared": _root_mean_square(shared.sqrt())}
    return dict(zip(("output", "change", "last"), map(list, zip(*found, strict=True)), strict=True)) | both


def _root_mean_square(values: Tensor) -> float:
    return float(f"{float(values.square().mean().sqrt()):.4g}")


RUNS = {
    "phases_frozen": (
        frozen,
        settings(width=[width for width in WIDTHS if width >= NARROW], task=["digits"])
        + settings(width=WIDTHS[1:5], task=["stripe"], train=[64], ensemble=[2]),
    ),
    "phases_infinite": (infinite, settings(task=["digits"]) + settings(task=["stripe"], train=[64])),
    "phases_growth": (growth, settings(width=list(WIDTHS))),
}
"""Name of a file in chapters/kernels/data → experiment and settings of its runs, ten seeds each."""


def main() -> None:
    """Run the full settings; what is interrupted carries on where it stopped."""
    for name, (run, over) in RUNS.items():
        results = sweep(run, over, seeds=range(10), store=f"_build/{name}.jsonl", progress=True)
        save(DATA / f"{name}.json", results, Provenance.here(f"python -m {__spec__.name}", range(10)))


if __name__ == "__main__":
    main()
