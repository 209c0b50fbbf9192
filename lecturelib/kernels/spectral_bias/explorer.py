"""Which frequencies a network has learned, by forecast and by training.

The browser's network takes the steps of `lecturelib.kernels.tangent_kernel.wide_networks`, in the `schedule` of this
file. Its random starts are drawn by a generator of the browser's own, so a start that is to be repeated in Python is
read back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.kernels.spectral_bias.prediction import Prediction, predict
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, draw_wide, step
from lecturelib.kernels.tangent_kernel.widths import circle, limit

SIZE, PLACES = 24, 192  # data, and places to look at, both equally spaced on the circle
FREQUENCIES = (1, 2, 3, 4, 5, 8)
MOMENTS = (0.0, *(0.01 * 10 ** (k / 96) for k in range(4 * 96 + 1)))
"""The times at which the browser keeps the network."""
FEWEST = 2  # steps between two moments


def wave_sum(amplitudes: Mapping[int, float], size: int) -> Tensor:
    """Σ_k a_k sin(k γ) at `size` equally spaced angles γ from 0: (size,)."""
    phases = 2 * math.pi * torch.arange(size, dtype=torch.float64)[:, None] * torch.tensor(list(amplitudes)) / size
    return torch.sin(phases) @ torch.tensor(list(amplitudes.values()), dtype=torch.float64)


def coefficients(outputs: Tensor, frequencies) -> Tensor:
    """Of values at equally spaced angles (..., N), the coefficients of sin(k γ) for 0 < k < N/2: (..., K)."""
    return -2 / outputs.shape[-1] * torch.fft.rfft(outputs).imag[..., list(frequencies)]


def schedule(network: WideNetwork) -> list[tuple[int, float]]:
    """How many steps of which length lead from each of `MOMENTS` to the next.

    No step is longer than 1 over the trace of the network's kernel on the data, which is half of what is stable for
    certain, and there are at least two of them.
    """
    trace = float(empirical_kernel(network, circle(SIZE)[0]).trace())
    spans = (later - sooner for sooner, later in pairwise(MOMENTS))
    return [(steps := max(FEWEST, math.ceil(span * trace)), span / steps) for span in spans]


class ModesExplorer(Explorer):
    """Compose a target on the circle and see its frequencies fill in (chapter *Spectral bias*).

    The target is Σ_k a_k sin(k γ) on 24 data; a network with one hidden layer, weight scale √2, is trained on it by
    gradient descent. In JupyterLab `network`, `time`, `steps` and `shares` are what the browser shows.
    """

    module = "kernels/spectral_bias/browser/face.js"
    title = "Modes fill in"
    hint = "Press Play and watch which frequencies come first. Then change their sizes: does the order change?"
    settings: ClassVar[tuple[Setting, ...]] = (
        *(Number(f"a{k}", f"size of sin {k if k > 1 else ''}γ", 0, 1, 0.5, step=0.05) for k in FREQUENCIES),
        Number("width", "width m", 4, 2000, 256, step=1, log=True),
        Choice("activation", "activation", {"relu": "ReLU", "erf": "error function"}, "relu"),
        Number("bias", "bias scale", 0, 1, 0.5, step=0.05),
        Choice("start", "start", {"zero": "at zero: f − f₀ is trained", "random": "random: f is trained"}, "zero"),
        Number("time", "time t", 0, MOMENTS[-1], 0.3, hidden=True),
        Number("seed", "draw", 1, 9999, 1, step=1, hidden=True),
    )
    presets: ClassVar[Mapping] = {
        "low-first": (
            "Low first, though high ones are larger",
            {"a1": 0.1, "a2": 0.2, "a3": 0.3, "a4": 0.4, "a5": 0.5, "a8": 0.8, "time": 0.5},
        ),
        "parity": ("What a layer without biases cannot learn", {"bias": 0, "time": 100}),
        "narrow": ("A narrow network strays", {"width": 8, "time": 5}),
        "smooth": ("A smooth activation waits longer", {"activation": "erf", "time": 10}),
        "starts": ("Random starts", {"a3": 0, "a5": 0, "a8": 0, "start": "random", "time": 0.03}),
    }
    heights = (690, 1040)

    def __init__(self, name: str = "modes", **beginning: Any) -> None:
        super().__init__(name, **beginning)

    @property
    def amplitudes(self) -> dict[int, float]:
        """The sizes of the frequencies in the target, those of size 0 left out."""
        return {k: self.state[f"a{k}"] for k in FREQUENCIES if self.state[f"a{k}"]}

    @property
    def network(self) -> WideNetwork:
        """The network that the browser shows. Raises RuntimeError before a browser has shown the explorer."""
        found = self.seen()
        w, b, v = (torch.tensor(found[key], dtype=torch.float64) for key in ("w", "b", "v"))
        biases = (b, torch.tensor([found["c"]], dtype=torch.float64))
        return WideNetwork((w.reshape(-1, 2), v[None]), biases, found["activation"], math.sqrt(2), float(found["bias"]))

    @property
    def time(self) -> float:
        """The time of the moment that is shown. Raises RuntimeError as `network` does."""
        return float(self.seen()["time"])

    @property
    def steps(self) -> int:
        """After how many steps. Raises RuntimeError as `network` does."""
        return int(self.seen()["steps"])

    @property
    def shares(self) -> dict[int, tuple[float, float]]:
        """Frequency → share learned by forecast and by the network. Raises RuntimeError as `network` does."""
        return {int(k): (forecast, network) for k, forecast, network in self.seen()["shares"]}

    def forecast(self, size: int = PLACES) -> Prediction:
        """Mean and covariance of networks of infinite width with random starts, at the time of the state (T = 1)."""
        kernel, y = limit(self.state["activation"], self.state["bias"]), wave_sum(self.amplitudes, SIZE)
        return predict(kernel, circle(SIZE)[0], y, [self.state["time"]], test=circle(size)[0])

    def start(self) -> WideNetwork:
        """A random start as the settings have it, drawn in Python: not that of the browser."""
        generator = torch.Generator().manual_seed(int(self.state["seed"]))
        options = {"activation": self.state["activation"], "bias_scale": self.state["bias"]}
        return draw_wide((2, int(self.state["width"]), 1), generator=generator, **options)

    def targets(self, start: WideNetwork) -> Tensor:
        """What this start is trained on: the target, to which f₀ is added where f − f₀ is to learn it: (24,)."""
        y = wave_sum(self.amplitudes, SIZE)
        return y + start(circle(SIZE)[0]) if self.state["start"] == "zero" else y

    def train(self, start: WideNetwork) -> WideNetwork:
        """What becomes of a start up to the moment nearest to the time of the state, by the steps of the browser."""
        x, y, network = circle(SIZE)[0], self.targets(start), start
        for steps, rate in schedule(start)[: nearest(self.state["time"])]:
            for _ in range(steps):
                network = step(network, x, y, rate)
        return network

    def draw(self) -> tuple[Figure, str]:
        """Target, forecast and a network trained by the library above, their frequencies below."""
        start, (places, _) = self.start(), circle(PLACES)
        values = self.train(start)(places) - (start(places) if self.state["start"] == "zero" else 0)
        forecast = self.forecast()
        mean, deviation = forecast.mean[0], forecast.covariance[0].diagonal().sqrt()
        angle = torch.arange(PLACES) * 360 / PLACES
        figure, (top, bottom) = figures.new(2, 1, height=5.0)
        if self.state["start"] == "random":
            top.fill_between(angle, mean - deviation, mean + deviation, color=figures.ORANGE, alpha=0.25, linewidth=0)
        top.plot(angle[::8], wave_sum(self.amplitudes, SIZE), "o", color=figures.INK, markersize=4, label="data")
        top.plot(angle, mean, color=figures.ORANGE, linewidth=2.5, label="forecast")
        top.plot(angle, values, color=figures.BLUE, label="trained network")
        top.set(xlabel="angle (degrees)", ylabel="$f$", xticks=range(0, 361, 90))
        top.legend(ncols=3, fontsize=8)
        return figure, self._columns(bottom, mean[::8], values[::8])

    def _columns(self, axes, mean: Tensor, values: Tensor) -> str:
        """Draw the coefficients of frequencies 1 to 10, and say what is seen."""
        frequencies = range(1, 11)
        wanted = [self.amplitudes.get(k, 0) for k in frequencies]
        expected, found = (coefficients(outputs, frequencies).tolist() for outputs in (mean, values))
        axes.bar(frequencies, wanted, 0.8, fill=False, edgecolor=figures.INK)
        for shift, heights, color in ((-0.19, expected, figures.ORANGE), (0.19, found, figures.BLUE)):
            axes.bar([k + shift for k in frequencies], heights, 0.3, color=color)
        axes.set(xlabel="frequency $k$", ylabel=r"coefficient of $\sin k\gamma$", xticks=frequencies)
        shares = {k: (expected[k - 1] / a, found[k - 1] / a) for k, a in self.amplitudes.items()}
        learned = ", ".join(f"{k}: {forecast:.0%} and {network:.0%}" for k, (forecast, network) in shares.items())
        of = f"the forecast and by a network of width {int(self.state['width'])}"
        return f"At time {self.state['time']:g}, shares learned by {of}, by frequency: {learned}."


def nearest(time: float) -> int:
    """The number of the moment that is nearest to a time, as in the browser."""
    if time < MOMENTS[1] / 2:
        return 0
    return max(1, min(len(MOMENTS) - 1, 1 + math.floor(96 * math.log10(time / MOMENTS[1]) + 0.5)))
