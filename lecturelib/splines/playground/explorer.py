"""The playground: a shallow ReLU network that trains before the reader's eyes, in the browser.

Its steps are those of `lecturelib.splines.descend`. Its random starts follow the laws of `initialize`, drawn by a
generator of the browser's own, so a start that is to be repeated in Python is read back or passed in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.arguments import Vector, checked
from lecturelib.core.controls import Choice, Number, Points, Setting, Switch
from lecturelib.core.explorers import Explorer
from lecturelib.splines.breakpoints.network import Network, rescale
from lecturelib.splines.dynamics.drawing import draw_paths
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.regimes.flows import stable_rate
from lecturelib.splines.regimes.interpolants import linear_interpolant, natural_cubic
from lecturelib.splines.training.descend import Trajectory, descend

TARGETS = {
    "sine": lambda x: torch.sin(1.5 * math.pi * x),
    "gap": lambda x: -x + 1.5 * torch.sign(x),
    "steps": lambda x: (torch.sign(x + 1 / 3) + torch.sign(x - 1 / 3)) / 2,
    "sawtooth": lambda x: 2 * (1.5 * x - torch.floor(1.5 * x + 0.5)),
    "quadratic": lambda x: 2 * x**2 - 1,
    "hills": lambda x: torch.cos(4.8 * x),
}
"""What there is to fit on [−1, 1], as in browser/targets.js; "gap" has no data for |x| < ½."""
OWN = ((-1.0, -0.4), (-0.6, 0.5), (-0.2, -0.3), (0.2, 0.6), (0.6, -0.5), (1.0, 0.3))

_TARGETS = {"sine": "a sine", "gap": "two lines with a gap", "steps": "steps", "sawtooth": "a sawtooth"}
_TARGETS |= {"quadratic": "a parabola", "hills": "a hill between valleys", "own": "points of my own"}
_SCHEMES = {"he": "He", "glorot": "Glorot", "pytorch": "PyTorch", "uniform_breakpoints": "uniform breakpoints"}
_SCHEMES |= {"spiky": "spiky", "flat": "flat (v = 0)"}
_SPEEDS = {"even": "even in log time", "1": "1 step"}
_SPEEDS |= {"10": "10 steps", "100": "100 steps", "1000": "1,000 steps", "full": "full"}
_PLAIN = {"target": "sine", "count": 30, "noise": 0, "scheme": "he", "width": 40, "alpha": 1, "optimizer": "gd"}
_PLAIN |= {"auto": True, "cubic": False, "linear": False, "psi": False, "loss": True, "scatter": True}
# ψ takes the place of loss and scatter, so that all charts are on one screen
_GATHER = {**_PLAIN, "target": "hills", "count": 100, "scheme": "pytorch", "width": 60}
_GATHER |= {"psi": True, "loss": False, "scatter": False}
# two that are compared differ in one thing: a start with f = 0 whose w and b are scaled by α
_COMPARED = {**_PLAIN, "target": "own", "scheme": "flat", "width": 400, "optimizer": "momentum"}
_COMPARED |= {"cubic": True, "linear": True}
# Rates that are chosen are those of regimes/browser/measures.js: a quadratic of curvature λ is stable below EDGE / λ.
_EDGES, _ADAM_RATE = {"gd": 2, "momentum": 3.8}, 0.003
_STILL_STEPS = 20_000
_FIELDS = ("w", "b", "v", "b0")


def _settings(targets: Mapping[str, str], schemes: Mapping[str, str]) -> tuple[Setting, ...]:
    """The settings, with these data and starts to choose from; the first of each is chosen."""
    return (
        Choice("target", "data", targets, next(iter(targets))),
        Number("count", "number of data", 2, 200, 30, step=1),
        Number("noise", "noise", 0, 0.5, 0, step=0.01),
        Choice("scheme", "start", schemes, next(iter(schemes))),
        Number("width", "width H", 5, 5000, 40, step=1, log=True),
        Number("alpha", "scale α of the start", 0.01, 1000, 1, log=True),
        Choice("optimizer", "optimizer", {"gd": "gradient descent", "momentum": "momentum", "adam": "Adam"}, "gd"),
        Switch("auto", "choose a stable rate", True),
        Number("rate", "learning rate η", 1e-8, 1, 0.01, log=True),
        Number("seed", "draw", 1, 9999, 1, step=1, hidden=True),
        Choice("speed", "steps a frame", _SPEEDS, "even", hidden=True),
        Points("points", "points", OWN),
        Switch("cubic", "natural cubic spline", False),
        Switch("linear", "linear interpolant", False),
        Switch("paths", "paths of breakpoints", True),
        Switch("psi", "ψ and where breakpoints gather", False),
        Switch("loss", "loss and roughness", True),
        Switch("scatter", "scatter of (β, μ)", True),
    )


@checked
def _one(network: Annotated[Network, "H"]) -> dict[str, Any]:
    """A single network as JSON has it."""
    return {key: getattr(network, key).tolist() for key in _FIELDS}


@checked
def _points(x: Annotated[Vector, "N"], y: Annotated[Vector, "N"]) -> dict[str, list[float]]:
    """Data as JSON has them."""
    return {"x": x.tolist(), "y": y.tolist()}


def _tensors(points: Mapping[str, list[float]]) -> tuple[Tensor, Tensor]:
    """x and y, shape (N,), from JSON."""
    return torch.tensor(points["x"], dtype=torch.float64), torch.tensor(points["y"], dtype=torch.float64)


class Playground(Explorer):
    """Train a shallow ReLU network live (chapters *Breakpoints* and *Dynamics*).

    network: a start, one network of shape (H,), offered beside the random ones and chosen first; data: a pair (x, y) of
    shape (N,) each, offered beside the targets and chosen first. Further keywords are settings, see
    `Playground.settings`. In JupyterLab `network`, `data` and `steps` are what the browser shows. Raises ValueError for
    an ensemble, NaN, shapes that do not fit, and settings that do not exist.
    """

    module = "splines/playground/browser/face.js"
    title = "The playground"
    hint = "Press Play and watch the breakpoints move. Then change one thing, and guess before you press Play again."
    settings: ClassVar[tuple[Setting, ...]] = _settings(_TARGETS, _SCHEMES)
    presets: ClassVar[Mapping] = {
        "kernel": ("Kernel regime, α = 100", {**_COMPARED, "alpha": 100}),
        "adaptive": ("Adaptive, α = 0.1", {**_COMPARED, "alpha": 0.1}),
        "gap": ("Two lines with a gap", {**_PLAIN, "target": "gap", "count": 20, "width": 100}),
        "gather": ("Breakpoints gather", _GATHER),
        "spiky": ("A spiky start", {**_PLAIN, "scheme": "spiky", "count": 24, "width": 100, "cubic": True}),
        "diverges": ("Too large a rate", {**_PLAIN, "auto": False, "rate": 0.1}),
    }
    heights = (730, 1200)

    def __init__(
        self, name: str = "playground", *, network: Network | None = None, data=None, **beginning: Any
    ) -> None:
        givens: dict[str, Any] = {}
        targets, schemes = _TARGETS, _SCHEMES
        if network is not None:
            givens["network"] = _one(network)
            schemes = {"given": "given by Python", **schemes}
        if data is not None:
            givens["data"] = _points(*data)
            targets = {"given": "given by Python", **targets}
        if givens:
            self.settings = _settings(targets, schemes)
        if beginning.get("psi"):
            fewer = not beginning.get("loss", True) and not beginning.get("scatter", True)
            self.heights = (725, 1190) if fewer else (875, 1345)  # one chart more
        super().__init__(name, givens=givens, **beginning)

    @property
    def network(self) -> Network:
        """The network that the browser shows. Raises RuntimeError before a browser has shown the playground."""
        return Network(*(self.seen()[key] for key in _FIELDS))

    @property
    def data(self) -> tuple[Tensor, Tensor]:
        """What it is trained on: x and y, shape (N,), sorted. Raises RuntimeError as `network` does."""
        return _tensors(self.seen())

    @property
    def steps(self) -> int:
        """After how many steps. Raises RuntimeError as `network` does."""
        return int(self.seen()["steps"])

    def sample(self) -> tuple[Tensor, Tensor]:
        """The data as the settings have them, but with noise of a generator of Python's own: x and y, shape (N,)."""
        state = self.state
        if state["target"] == "given":
            return _tensors(self.givens["data"])
        if state["target"] == "own":
            points = torch.tensor(state["points"], dtype=torch.float64).reshape(-1, 2)
            return points[:, 0], points[:, 1]
        count = int(state["count"])
        x = torch.linspace(-1, 1, count, dtype=torch.float64)
        if state["target"] == "gap":
            left = (count + 1) // 2
            ends = ((-1, -0.5, left), (0.5, 1, count - left))
            x = torch.cat([torch.linspace(*each, dtype=torch.float64) for each in ends])
        generator = torch.Generator().manual_seed(int(state["seed"]))
        noise = torch.randn(count, generator=generator, dtype=torch.float64)
        return x, TARGETS[state["target"]](x) + state["noise"] * noise

    def start(self) -> Network:
        """A start as the settings have it: the given one moved along its orbit, or one drawn by `initialize`."""
        state = self.state
        if state["scheme"] == "given":
            return rescale(Network(**self.givens["network"]), state["alpha"])
        generator = torch.Generator().manual_seed(int(state["seed"]))
        return initialize(int(state["width"]), state["scheme"], alpha=state["alpha"], generator=generator)

    def train(self) -> Trajectory:
        """What the settings lead to after 20,000 steps, computed by the library."""
        x, y = self.sample()
        start, optimizer = self.start(), self.state["optimizer"]
        rate = self.state["rate"]
        if self.state["auto"]:
            rate = _ADAM_RATE if optimizer == "adam" else _EDGES[optimizer] / 2 * float(stable_rate(start, x, y))
        options = {"optimizer": optimizer, "learning_rate": rate, "record_every": _STILL_STEPS // 200}
        return descend(start, x, y, steps=_STILL_STEPS, **options)

    def draw(self) -> tuple[Figure, str]:
        """Data, start and end of a run of the library above, the paths of its breakpoints below."""
        x, y = self.sample()
        run = self.train()
        middle, reach = float(x.max() + x.min()) / 2, max(1.0, float(x.max() - x.min()) / 2)
        low, high = middle - 1.4 * reach, middle + 1.4 * reach
        z = torch.linspace(low, high, 561, dtype=torch.float64)
        figure, (top, bottom) = figures.new(2, 1, height=5.0)
        if self.state["cubic"]:
            top.plot(z, natural_cubic(x, y)(z), "--", color=figures.GREEN, label="natural cubic spline")
        if self.state["linear"]:
            top.plot(z, linear_interpolant(x, y)(z), "--", color=figures.PINK, label="linear interpolant")
        first = run.networks[0]
        top.plot(z, first(z), color=figures.MUTED, linewidth=1, label="start")
        top.plot(z, run.final(z), color=figures.INK, label=f"step {int(run.steps[-1]):,}")
        top.plot(x, y, "o", color=figures.GOLD, markersize=4, label="data")
        room = 0.4 * max(1.0, float(y.max() - y.min()))
        top.set(ylabel="$f(x)$", ylim=(float(y.min()) - room, float(y.max()) + room))
        top.legend(ncols=2)
        draw_paths(bottom, run.steps.clamp(min=50), run.networks, low=low, high=high)
        bottom.set(xscale="log", xlabel="step", ylabel=r"breakpoint $\beta$")
        before, after = float(run.losses[0]), float(run.losses[-1])
        return figure, (
            f"Above: {x.numel()} data, a random network of {first.w.numel()} neurons, and the network after "
            f"{int(run.steps[-1]):,} steps; the loss fell from {before:.3g} to {after:.3g}. "
            "Below: the breakpoints on their way."
        )
