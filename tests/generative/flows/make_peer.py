"""Makes torchdiffeq.json: loss and gradient of a small flow by torchdiffeq's adjoint, to 1e-10.

Run: pip install -r benchmarks/requirements.txt && python -m tests.generative.flows.make_peer
"""

import json
import runpy
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[3]
STORED = Path(__file__).with_name("torchdiffeq.json")


def main() -> None:
    found = runpy.run_path(str(ROOT / "benchmarks" / "generative_flows.py"), run_name="benchmark")
    flow = found["random_flow"]([2, 5, 4])
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    loss, gradient = found["peer"](flow, x, 1e-10)
    numbers = [[one.tolist() for one in group] for group in (flow.weights, flow.biases, flow.rates)]
    stored = {"numbers": numbers, "time": flow.time, "x": x.tolist(), "loss": loss, "gradient": gradient.tolist()}
    STORED.write_text(json.dumps(stored) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
