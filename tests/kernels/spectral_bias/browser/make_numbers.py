"""What the library computes, for the browser's tests to agree with: writes numbers.json beside this file.

Run: python -m tests.kernels.spectral_bias.browser.make_numbers
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from lecturelib.kernels import WideNetwork, draw_wide, empirical_kernel, predict, train_wide
from lecturelib.kernels.spectral_bias.explorer import MOMENTS, PLACES, SIZE, coefficients, schedule, wave_sum
from lecturelib.kernels.spectral_bias.prediction import decompose, growth
from lecturelib.kernels.tangent_kernel.wide_networks import value
from lecturelib.kernels.tangent_kernel.widths import circle, limit

NUMBERS = Path(__file__).with_name("numbers.json")
LAYERS = {"relu": 0.5, "relu without biases": 0.0, "erf": 0.5, "erf without biases": 0.0}
AMPLITUDES = {1: 0.5, 3: 0.3, 8: 1.0}
TIMES = (0.0, 0.01, 1.0, 100.0)
WIDTH, STEPS, RATE = 16, 4000, 0.005
SPARSE = 3  # every third place is stored, so that all places between two data occur


def flat(network: WideNetwork) -> dict:
    """A network as the browser has it."""
    (w, v), (b, c) = network.weights, network.biases
    return {
        "activation": network.activation,
        "bias": network.bias_scale,
        "w": w.flatten().tolist(),
        "b": b.tolist(),
        "v": v[0].tolist(),
        "c": float(c[0]),
    }


def training(activation: str, bias: float) -> dict:
    """A network before and after many steps, what it is on all places, and the trace of its kernel."""
    generator = torch.Generator().manual_seed(1)
    start = draw_wide((2, WIDTH, 1), generator=generator, activation=activation, bias_scale=bias)
    x, y = circle(SIZE)[0], wave_sum(AMPLITUDES, SIZE)
    run = train_wide(start, x, y, learning_rate=RATE, steps=STEPS, record_at=[0, STEPS], watch=circle(PLACES)[0])
    return {
        "start": flat(start),
        "end": flat(run.final),
        "values": run.outputs[-1, ::SPARSE].tolist(),
        "before": run.outputs[0, ::SPARSE].tolist(),
        "trace": float(empirical_kernel(start, x).trace()),
        "plan": schedule(start)[::16],
    }


def forecast(activation: str, bias: float) -> dict:
    """Both kernels, mean, deviation and shares at the times."""
    kernel, (x, _), (places, _) = limit(activation, bias), circle(SIZE), circle(PLACES)
    found = predict(kernel, x, wave_sum(AMPLITUDES, SIZE), TIMES, test=places)
    deviation = found.covariance.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()
    modes = decompose(kernel(x, x))
    # of every wave, what the matrix 1 − e^{−Θt} makes of it
    learned = modes.rates * growth(modes.rates, torch.tensor(TIMES, dtype=torch.float64))
    waves = torch.stack([wave_sum({k: 1.0}, SIZE) for k in range(1, SIZE // 2)])
    grown = torch.einsum("ij,tj,kj,wk->twi", modes.vectors, learned, modes.vectors, waves)
    shares = torch.stack([coefficients(grown[:, k - 1], [k])[:, 0] for k in range(1, SIZE // 2)], dim=1)
    on_data = predict(kernel, x, wave_sum(AMPLITUDES, SIZE), TIMES).covariance
    spreads = torch.einsum("wi,tij,wj->tw", waves, on_data, waves).clamp(min=0).sqrt() * 2 / SIZE
    return {
        "tangent": kernel(places[:1], places)[0, ::SPARSE].tolist(),
        "covariance": kernel(places[:1], places, kind="nngp")[0, ::SPARSE].tolist(),
        "mean": found.mean[:, ::SPARSE].tolist(),
        "deviation": deviation[:, ::SPARSE].tolist(),
        "shares": shares.tolist(),
        "spreads": spreads.tolist(),
    }


def numbers() -> dict:
    layers = {name: (name.split()[0], bias) for name, bias in LAYERS.items()}
    z = torch.linspace(-7, 7, 401, dtype=torch.float64)
    return {
        "amplitudes": list(AMPLITUDES.items()),
        "times": TIMES,
        "steps": STEPS,
        "sparse": SPARSE,
        "rate": RATE,
        "moments": MOMENTS[::16],
        "target": wave_sum(AMPLITUDES, SIZE).tolist(),
        "erf": {"at": z.tolist(), "values": value("erf", z).tolist()},
        "training": {name: training(*layer) for name, layer in layers.items()},
        "forecast": {name: forecast(*layer) for name, layer in layers.items()},
    }


if __name__ == "__main__":
    NUMBERS.write_text(json.dumps(numbers()) + "\n", encoding="utf-8")
