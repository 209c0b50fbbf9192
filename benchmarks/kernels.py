"""Tangent kernels against neural-tangents and against torch.func.

Run: python benchmarks/kernels.py [--peer PYTHON] [--repeats 5]

neural-tangents 0.6.5 needs jax 0.5.3, which does not go with the packages of the book. It gets an environment of its
own, made in _build/neural-tangents unless --peer names a Python that has it. That process stays open and takes turns
with this one, so that what else the machine does meets both alike. Both compute in float64 with all cores; the peer's
function is compiled before the first turn.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, jacrev, vmap

from lecturelib.core import timing
from lecturelib.kernels import empirical_kernel, infinite_kernel
from lecturelib.kernels.tangent_kernel.moments import exact_kernel

SCALES = {"weight_scale": 2**0.5, "bias_scale": 0.1}
SIZES = [(1000, 784, 2, "relu"), (3000, 784, 2, "relu"), (3000, 784, 2, "erf")]  # inputs, dimension, depth
PINS = ("neural-tangents==0.6.5", "jax==0.5.3", "jaxlib==0.5.3")
NETWORKS = [(200, (784, 512, 512, 1)), (100, (784, 512, 512, 10))]  # inputs, layers
PEER = """
import sys, time
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
from neural_tangents import stax
for line in sys.stdin:
    size, dimension, depth, activation, save = line.split()
    dense = dict(W_std=2**0.5, b_std=0.1, parameterization="ntk")
    layers = [stax.Dense(1, **dense), stax.Relu() if activation == "relu" else stax.Erf()] * int(depth)
    kernel = jax.jit(stax.serial(*layers, stax.Dense(1, **dense))[2], static_argnames="get")
    x = jax.numpy.asarray(np.random.default_rng(0).normal(size=(int(size), int(dimension))))
    kernel(x, None, get="ntk").block_until_ready()
    print("ready", flush=True)
    while sys.stdin.readline().strip() == "go":
        begin = time.perf_counter()
        found = kernel(x, None, get="ntk").block_until_ready()
        print(time.perf_counter() - begin, flush=True)
    np.save(save, np.asarray(found[:50]))
    print("saved", flush=True)
"""


def peer_python() -> str:
    """The Python of an environment with neural-tangents, which is made where it is missing."""
    home = Path("_build/neural-tangents")
    if not (home / "bin/python").exists():
        print("making an environment for neural-tangents", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin/python"), "-m", "pip", "install", "-q", *PINS], check=True)
    return str(home / "bin/python")


class Peer:
    """neural-tangents in a process of its own, asked for one kernel after another."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen([python, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line: str) -> str:
        """One line there, one line back."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError("the peer ended: is neural-tangents installed for the Python that --peer names?")
        return answer


def infinite(peer: Peer, repeats: int, folder: str) -> list[dict]:
    """A row for each size: x with itself, from the inputs to the finished matrix."""
    rows = []
    for size, dimension, depth, activation in SIZES:
        x = torch.from_numpy(np.random.default_rng(0).normal(size=(size, dimension)))
        options = {"depth": depth, "activation": activation, **SCALES}
        path = f"{folder}/peer.npy"
        peer.ask(f"{size} {dimension} {depth} {activation} {path}")

        def ours(x=x, options=options) -> float:
            begin = perf_counter()
            infinite_kernel(x, **options)
            return perf_counter() - begin

        pair = timing.paired(lambda: float(peer.ask("go")), ours, repeats)
        peer.ask("stop")
        peer_rows = torch.from_numpy(np.load(path))
        row = {
            "what": "Kernel of an infinitely wide network",
            "inputs": size,
            "dimension": dimension,
            "hidden layers": depth,
        }
        row |= {"activation": activation, "neural-tangents, s": pair.theirs, "infinite_kernel, s": pair.ours}
        rows.append(row | {"ratio": pair.ratio} | agreement(x, peer_rows, infinite_kernel(x, **options), options))
        print(timing.as_table(rows[-1:]), flush=True)
    return rows


def agreement(x: torch.Tensor, theirs: torch.Tensor, ours: torch.Tensor, options: dict) -> dict:
    """How far the two are apart, and how far each is from 50 digits where they are apart most: on the diagonal.

    All relative to the root of the product of the two entries on the diagonal, over the rows that the peer sent.
    """
    count = theirs.shape[0]
    sizes = ours.diagonal().sqrt()
    gaps = (theirs - ours[:count]).abs() / torch.outer(sizes[:count], sizes)
    diagonal = gaps.diagonal().clone()
    gaps.fill_diagonal_(0)
    n = int(diagonal.argmax())
    exact = float(exact_kernel(x[n], x[n], **options)[0])
    errors = {name: abs(float(kernel[n, n]) / exact - 1) for name, kernel in (("peer", theirs), ("library", ours))}
    row = {"largest gap off the diagonal": float(gaps.max()), "on the diagonal": float(diagonal.max())}
    return row | {"error there, neural-tangents": errors["peer"], "error there, infinite_kernel": errors["library"]}


def by_jacobian(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What torch's own tutorial on tangent kernels does: all Jacobians, contracted parameter by parameter."""
    parameters = {name: part.detach() for name, part in model.named_parameters()}
    rows = vmap(jacrev(lambda p, one: functional_call(model, p, (one[None],))[0]), (None, 0))(parameters, x)
    return sum(torch.einsum("nkp,mjp->nmkj", part.flatten(2), part.flatten(2)) for part in rows.values())


def finite(repeats: int) -> list[dict]:
    """A row for each network: its kernel on x with itself."""
    rows = []
    for size, layers in NETWORKS:
        torch.manual_seed(0)
        parts = [part for pair in pairwise(layers) for part in (nn.Linear(*pair), nn.ReLU())]
        model, x = nn.Sequential(*parts[:-1]).double(), torch.randn(size, layers[0], dtype=torch.float64)
        found = {}

        def run(way, model=model, x=x, found=found) -> float:
            begin = perf_counter()
            found[way] = way(model, x)
            return perf_counter() - begin

        pair = timing.paired(lambda run=run: run(by_jacobian), lambda run=run: run(empirical_kernel), repeats)
        expected, mine = found[by_jacobian], found[empirical_kernel]
        row = {"what": "Kernel of a finite network", "inputs": size, "layers": "-".join(map(str, layers))}
        row |= {"torch.func, ms": 1e3 * pair.theirs, "empirical_kernel, ms": 1e3 * pair.ours, "ratio": pair.ratio}
        gap = float((mine.reshape(expected.shape) - expected).abs().max() / expected.abs().max())
        rows.append(row | {"largest relative gap": gap})
        print(timing.as_table(rows[-1:]), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer", help="a Python that has neural-tangents")
    parser.add_argument("--dry", action="store_true", help="print only, store nothing")
    options = parser.parse_args()
    print(timing.machine())
    infinite_kernel(torch.ones(2, 2), depth=1, **SCALES)  # compiles, or loads what an earlier process compiled
    with tempfile.TemporaryDirectory() as folder:
        rows = infinite(Peer(options.peer or peer_python()), options.repeats, folder) + finite(options.repeats)
    if not options.dry:
        print("stored", timing.store("kernels", rows, "python benchmarks/kernels.py"))


if __name__ == "__main__":
    main()
