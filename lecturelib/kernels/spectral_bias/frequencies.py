"""Rahaman's experiment: a deep network is taught a sum of sines, and its Fourier coefficients are watched.

Run the full settings, and store them: python -m lecturelib.kernels.spectral_bias.frequencies --seeds 0 1
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor, nn

from lecturelib.core.arguments import Array, Counts, Vector, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep

FREQUENCIES = (5, 10, 15, 20, 25, 30, 35, 40, 45, 50)
AMPLITUDES = {"equal": [1.0] * 10, "increasing": [k / 10 for k in range(1, 11)]}
POINTS, WIDTH, LAYERS, RATE, STEPS = 200, 256, 6, 3e-4, 80_000  # published; LAYERS counts matrices of weights
SHOWN = (100, 1000, 10_000, 80_000)  # steps at which the published figure shows the function
STORED = Path("chapters/kernels/data/frequencies.json")

Waves = Annotated[Vector, "F"]


@checked
def waves(x: Annotated[Vector, "N"], frequencies: Waves, amplitudes: Waves, phases: Waves) -> Tensor:
    """Σ_j A_j sin(2π k_j x + φ_j) at x (N,): shape (N,)."""
    return torch.sin(2 * math.pi * x[:, None] * frequencies + phases) @ amplitudes


@checked
def learned(values: Array, frequencies: Annotated[Counts, "F"], amplitudes: Waves) -> Tensor:
    """The size of each frequency in `values` on the grid n/N of [0, 1), in units of the target's amplitude.

    values: (..., N); frequencies, amplitudes: (F,). Entry j is (2 / (A_j N)) |Σ_n values_n e^{−2πi k_j n/N}|, which is
    1 where the sine is there in full, whatever its phase. Raises ValueError where 2 k_j is not between 1 and N − 1.
    """
    size = values.shape[-1]
    if not bool(((frequencies > 0) & (2 * frequencies < size)).all()):
        raise ValueError(f"frequencies: expected them between 0 and half of {size} points, got {frequencies.tolist()}")
    return 2 * torch.fft.rfft(values)[..., frequencies].abs() / size / amplitudes


def deep_network(width: int, layers: int, generator: torch.Generator) -> nn.Sequential:
    """ReLU network of one input and output with `layers` matrices, float32, PyTorch's default start."""
    sizes = [1] + [width] * (layers - 1) + [1]
    parts: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        linear, bound = nn.Linear(fan_in, fan_out), fan_in**-0.5
        for parameter in linear.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
        parts += [linear, nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def spectrum(
    *, seed: int, amplitudes: str, steps: int = STEPS, record_every: int = 500,
    width: int = WIDTH, layers: int = LAYERS, frequencies: Sequence[int] = FREQUENCIES,
) -> dict[str, list]:  # fmt: skip
    """Train on `POINTS` points with full-batch Adam at 3e-4 on the mean squared error; random phases.

    amplitudes: "equal" (all 1) or "increasing" (0.1 to 1), cut to as many as there are frequencies.
    Returns step (R,), loss (R,) and learned (R, F), every `record_every` steps; the target (N,); and the outputs (N,)
    of those of the steps `SHOWN` that were reached, in the order of steps. Rahaman et al. 2019, section 4.
    """
    generator = generator_for(seed, "frequencies", amplitudes)
    x = torch.arange(POINTS, dtype=torch.float64) / POINTS
    sizes = AMPLITUDES[amplitudes][: len(frequencies)]
    phases = 2 * math.pi * torch.rand(len(frequencies), generator=generator, dtype=torch.float64)
    y = waves(x, torch.tensor(frequencies), sizes, phases).float()[:, None]
    model = deep_network(width, layers, generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    record, shown = [], []
    for step in range(steps + 1):
        outputs = model(x.float()[:, None])
        loss = (outputs - y).square().mean()
        if step % record_every == 0:
            found = learned(outputs.detach()[:, 0].double(), frequencies, sizes)
            record.append((step, float(f"{loss.item():.4g}"), _short(found)))
        if step in SHOWN:
            shown.append(_short(outputs))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = dict(zip(("step", "loss", "learned"), map(list, zip(*record, strict=True)), strict=True))
    return found | {"target": _short(y), "outputs": shown}


def _short(values: Tensor) -> list[float]:
    """All numbers, to three decimals, which is enough for figures."""
    return [round(float(value), 3) for value in values.detach().flatten()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the full settings for some seeds; what is interrupted carries on where it stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--amplitudes", nargs="+", choices=list(AMPLITUDES), default=list(AMPLITUDES))
    parser.add_argument("--store", default="_build/frequencies.jsonl", help="where single runs are kept")
    options = parser.parse_args(arguments)
    results = sweep(spectrum, settings(amplitudes=options.amplitudes), seeds=options.seeds, store=options.store)
    command = f"python -m lecturelib.kernels.spectral_bias.frequencies --seeds {' '.join(map(str, options.seeds))}"
    command += f" --amplitudes {' '.join(options.amplitudes)}"
    save(STORED, results, Provenance.here(command, options.seeds))


if __name__ == "__main__":
    main()
