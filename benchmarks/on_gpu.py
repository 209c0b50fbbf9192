"""What a GPU computes: first whether it is what the cores compute, then long versions of the book's experiments.

Run: python benchmarks/on_gpu.py [--only NAME ...] [--device cuda] [--store FOLDER] [--minutes 9] [--again]

Each job has a process and a limit of its own; all end within the minutes given. What stands in the folder is not run
again, so that a machine that is lent for minutes can be used twice. Needs torch, NumPy, SciPy, Numba and scikit-learn,
no widgets and nothing of the site. `--device cpu --quick` tries everything at small sizes on any machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lecturelib.core import devices
from lecturelib.core.experiments import Provenance, generator_for, save

STORED = Path(__file__).resolve().parent / "results" / "gpu"
NEAR = 1e-9
"""Relative distance of the same computation on two devices in float64, after as many steps as a check takes."""
LEAST = 5.0  # seconds; a job that has less left is not begun

Rows = list[dict[str, Any]]


class Job(NamedTuple):
    """run(device, quick) gives rows that are stored; seconds is its limit."""

    run: Callable[[str, bool], Rows]
    seconds: float


JOBS: dict[str, Job] = {}


def job(seconds: float) -> Callable:
    """Enters a function under its name; checks begin with "check"."""

    def enter(run: Callable[[str, bool], Rows]) -> Callable[[str, bool], Rows]:
        JOBS[run.__name__] = Job(run, seconds)
        return run

    return enter


def apart(found: Tensor, expected: Tensor) -> float:
    """Largest difference, in units of the largest number expected."""
    found = found.detach().cpu().double()
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-300))


def compared(pairs: dict[str, tuple[Tensor, Tensor]], device: str) -> Rows:
    """A row for each pair (there, here); raises AssertionError where one lies on another device or they are apart."""
    rows = []
    for name, (there, here) in pairs.items():
        gap = apart(there, here.detach())
        rows.append({"what": name, "apart": gap})
        assert there.device.type == device, f"{name}: expected it on {device}, it is on {there.device}"
        assert gap <= NEAR, f"{name}: {gap:.1e} apart, {NEAR:g} allowed"
    return rows


# Checks: the same numbers on both devices.


@job(60)
def check_splines(device: str, quick: bool) -> Rows:
    from lecturelib.splines import descend, gradient, initialize, pieces

    x = torch.linspace(-1, 1, 11, dtype=torch.float64)
    start = initialize(7, "pytorch", generator=generator_for(0, "check"), ensemble=(3,))
    found = {}
    for optimizer in ("gd", "momentum", "adam"):
        options = {"steps": 200, "learning_rate": 0.003, "optimizer": optimizer}
        there, here = (descend(one, x.to(one.w.device), x.sin().to(one.w.device), **options).final
                       for one in (start.to(device), start))  # fmt: skip
        found |= {f"descend, {optimizer}": (there.v, here.v)}
    there, here = (gradient(one, x.to(one.w.device), x.sin().to(one.w.device)) for one in (start.to(device), start))
    slopes = pieces(start.to(device)).slopes, pieces(start).slopes
    return compared(
        found | {"loss": (there[0], here[0]), "gradient": (there[1].w, here[1].w), "slopes": slopes}, device
    )


@job(60)
def check_small_networks(device: str, quick: bool) -> Rows:
    from lecturelib.core.small_networks import Layout, fit

    layout, found = Layout((2, 9, 7, 1), "tanh"), {}
    theta = layout.start(3, generator=generator_for(0, "start"))
    x = torch.randn(40, 2, generator=generator_for(0, "data"), dtype=torch.float64)
    for optimizer in ("sgd", "momentum", "rmsprop", "adam"):
        there, here = (fit(layout, theta, x, x.prod(1, keepdim=True), steps=50, learning_rate=0.01, optimizer=optimizer,
                           batch=8, generator=generator_for(0, "batch"), device=where).parameters[-1]
                       for where in (device, None))  # fmt: skip
        found[f"fit, {optimizer}"] = there, here
    return compared(found, device)


@job(90)
def check_games(device: str, quick: bool) -> Rows:
    from lecturelib.generative import GaussianGrid, train_gan

    found = {}
    for method in ("simultaneous", "alternating", "follow_the_ridge"):
        options = {"g_sizes": 8, "d_sizes": 8, "steps": 30, "batch": 16, "method": method, "ensemble": 2}
        there, here = (train_gan(GaussianGrid(2), **options, generator=generator_for(0, method), device=where)
                       for where in (device, None))  # fmt: skip
        found |= {f"G, {method}": (there.g_parameters[-1], here.g_parameters[-1])}
        found |= {f"D, {method}": (there.d_parameters[-1], here.d_parameters[-1])}
    return compared(found, device)


@job(60)
def check_flows(device: str, quick: bool) -> Rows:
    from lecturelib.generative import likelihood_gradient, random_continuous_flow

    flow = random_continuous_flow([2, 8, 8], generator=generator_for(0, "flow"))
    x = torch.randn(50, 2, generator=generator_for(0, "points"), dtype=torch.float64)
    found = {}
    for method in ("direct", "adjoint"):
        there, here = (likelihood_gradient(one, x.to(one.weights[0].device), method=method, steps=8)
                       for one in (flow.to(device), flow))  # fmt: skip
        found[f"loss, {method}"] = there.loss, here.loss
        found[f"gradient, {method}"] = there.gradient.weights[0], here.gradient.weights[0]
    return compared(found, device)


@job(60)
def check_kernels(device: str, quick: bool) -> Rows:
    from lecturelib.kernels import draw_wide, empirical_kernel, train_wide

    wide = draw_wide((2, 50, 50, 1), generator=generator_for(0, "wide"))
    x = torch.randn(6, 2, generator=generator_for(0, "inputs"), dtype=torch.float64)
    kernels = empirical_kernel(wide.to(device), x.to(device)), empirical_kernel(wide, x)
    there, here = (train_wide(one, points, points[:, 0].sin(), steps=50, learning_rate=0.01, record_at=[0, 50])
                   for one, points in ((wide.to(device), x.to(device)), (wide, x)))  # fmt: skip
    return compared({"tangent kernel": kernels, "outputs in training": (there.outputs, here.outputs)}, device)


@job(60)
def check_equivariance(device: str, quick: bool) -> Rows:
    from lecturelib.equivariance import fourier_mask
    from lecturelib.equivariance.augmentation import filters

    x = torch.randn(20, 8, 8, generator=generator_for(0, "pictures"), dtype=torch.float64)
    w, labels = torch.randn(3, 64, generator=generator_for(0, "model"), dtype=torch.float64), torch.arange(20) % 3

    def mask(where: str) -> Tensor:
        model = lambda one: one.flatten(1) @ w.to(where).T  # noqa: E731
        return fourier_mask(model, (x.to(where), labels.to(where)), penalty=0.01, steps=20).mask

    (*_, (_, there)), (*_, (_, here)) = (
        filters.train([0, 1], "random", "turned", 3, where) for where in (device, "cpu")
    )
    return compared({"mask": (mask(device), mask("cpu")), "filters": (there[0], here[0])}, device)


# Experiments, longer than chapters have them.


@job(80)
def spread_of_fits(device: str, quick: bool) -> Rows:
    """Where descent from random starts ends, by width: quantiles of the loss over many starts."""
    from lecturelib.splines import descend, initialize

    members, steps = (20, 200) if quick else (4000, 20_000)
    x = torch.linspace(-1, 1, 20, dtype=torch.float64, device=device)
    rows = []
    for width in (5, 10, 20, 40):
        start = initialize(width, "pytorch", generator=generator_for(0, "fits", width), ensemble=(members,)).to(device)
        run = descend(start, x, torch.sin(4 * x), steps=steps, learning_rate=1e-3, optimizer="adam")
        shares = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95], dtype=torch.float64, device=device)
        rows.append({"width": width, "steps": steps, "starts": members,
                     "loss at 5, 25, 50, 75, 95 %": torch.quantile(run.losses[-1], shares).tolist()})  # fmt: skip
    return rows


@job(80)
def kernels_that_stay(device: str, quick: bool) -> Rows:
    """Relative change of the tangent kernel while a network learns, by width."""
    from lecturelib.kernels import draw_wide, empirical_kernel, train_wide

    rows = []
    for width in (2**k for k in (range(4, 7) if quick else range(4, 15, 2))):
        changes = []
        for seed in range(2 if quick else 10):
            start = draw_wide((2, width, width, 1), generator=generator_for(seed, "stay", width)).to(device)
            x = torch.randn(10, 2, generator=generator_for(seed, "inputs"), dtype=torch.float64).to(device)
            before, steps = empirical_kernel(start, x), 20 if quick else 300
            rate = 1 / float(torch.linalg.eigvalsh(before)[-1])
            run = train_wide(start, x, x[:, 0].sin(), steps=steps, learning_rate=rate, record_at=[steps])
            changes.append(float((empirical_kernel(run.final, x) - before).norm() / before.norm()))
        rows.append({"width": width, "seeds": len(changes), "change": changes})
    return rows


@job(130)
def games_with_many_seeds(device: str, quick: bool) -> Rows:
    """The slides' four settings with 64 seeds in one batch: modes covered well, as they play."""
    from lecturelib.generative import GaussianGrid, covered_modes, train_gan

    grid, members, steps = GaussianGrid(3), *((2, 20) if quick else (64, 6000))
    rows = []
    for optimizer in ("sgd", "rmsprop"):
        for method in ("simultaneous", "follow_the_ridge"):
            options = {"method": method, "optimizer": optimizer, "decay": 0.999 if optimizer == "rmsprop" else None}
            options |= {"steps": steps, "record_every": max(1, steps // 6), "latent_scale": 0.1, "ensemble": members}
            draw = generator_for(0, "games")
            run = train_gan(grid, **options, generator=draw, dtype=torch.float32, device=device)
            made = run.samples.double().nan_to_num(1e9, 1e9, -1e9).cpu()
            rows.append({"method": method, "optimizer": optimizer, "at": list(run.steps),
                         "well": covered_modes(made, grid).well.tolist()})  # fmt: skip
    return rows


@job(60)
def filters_of_many_networks(device: str, quick: bool) -> Rows:
    """How symmetric filters become from turned digits: 100 networks for each start and kind of data, in one batch."""
    from lecturelib.equivariance.augmentation import filters

    seeds, rows = list(range(2 if quick else 100)), []
    for kind in filters.STARTS:
        for data in filters.DATA:
            found = filters.run(seeds, kind=kind, data=data, steps=3 if quick else filters.STEPS, device=device)
            last = {name: [one[name][-1] for one in found] for name in ("each", "set", "output")}
            rows.append({"kind": kind, "data": data, **last})
    return rows


@job(100)
def densities_at_length(device: str, quick: bool) -> Rows:
    """Continuous flows on FFJORD's densities of the plane, ten times as long as stored: loss beside the entropy."""
    from lecturelib.generative import log_density, random_continuous_flow
    from lecturelib.generative.flows.targets import TARGETS
    from lecturelib.generative.flows.training import fit_likelihood

    iterations, rows = 5 if quick else 6000, []
    for name, law in TARGETS.items():
        start = random_continuous_flow([2, 64, 64, 64], generator=generator_for(0, "start", name), time=0.5)

        def draw(count: int, generator: torch.Generator, law: Any = law) -> Tensor:
            return law.draw(count, generator).to(device)

        flow, _ = fit_likelihood(start.to(device).to(torch.float32), draw, iterations=iterations, batch=512, rate=3e-3,
                                 steps=10, generator=generator_for(0, "train", name))  # fmt: skip
        x = law.draw(4000, generator_for(0, "test", name))
        said = log_density(flow.to(device).to(torch.float64), x.to(device), steps=48).cpu()
        rows.append({"density": name, "iterations": iterations, "loss": -float(said.mean()),
                     "entropy": -float(law.log_density(x).mean())})  # fmt: skip
    return rows


# The runner.


def in_its_process(name: str, device: str, quick: bool, folder: Path, seconds: float) -> str:
    """Run one job in a process of its own; what became of it, in words."""
    line = [sys.executable, __file__, "--here", name, "--device", device, "--store", str(folder)]
    try:
        ended = subprocess.run(line + ["--quick"] * quick, timeout=seconds, capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        return f"stopped after {seconds:.0f} s"
    if ended.returncode:
        said = ended.stderr.strip().splitlines()
        return f"failed: {said[-1] if said else 'without a word'}"
    return "done"


def run_here(name: str, device: str, quick: bool, folder: Path) -> None:
    rows = JOBS[name].run(device, quick)
    command = f"python benchmarks/on_gpu.py --only {name} --device {device}" + " --quick" * quick
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / f"{name}.json", rows, Provenance.here(command, []))


def run_all(names: list[str], device: str, quick: bool, folder: Path, seconds: float, again: bool) -> dict[str, str]:
    """What became of each job: checks first, in the order of this file; nothing that stands is run again."""
    end, became = monotonic() + seconds, {}
    for name in names:
        left = end - monotonic()
        if (folder / f"{name}.json").exists() and not again:
            became[name] = "stands"
        elif left < LEAST:
            became[name] = "not begun: no time left"
        else:
            became[name] = in_its_process(name, device, quick, folder, min(JOBS[name].seconds, left))
        print(f"{name}: {became[name]}", flush=True)
    return became


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS), metavar="NAME", help=", ".join(JOBS))
    parser.add_argument("--device", choices=devices.ORDER, default="cuda")
    parser.add_argument("--store", type=Path, default=STORED)
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--again", action="store_true", help="also what stands in the folder")
    parser.add_argument("--here", choices=JOBS, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    try:
        device = devices.pick(given.device).type
    except ValueError as problem:
        parser.error(f"--device: {problem}")
    if given.here:
        run_here(given.here, device, given.quick, given.store)
        return 0
    names = [name for name in JOBS if name in given.only]
    became = run_all(names, device, given.quick, given.store, 60 * given.minutes, given.again)
    return int(any(said not in ("done", "stands") for said in became.values()))


if __name__ == "__main__":
    sys.exit(main())
