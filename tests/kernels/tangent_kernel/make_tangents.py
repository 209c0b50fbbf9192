"""Makes tangents.json: kernels of infinitely wide networks as neural-tangents computes them, in float64.

It needs an environment of its own: pip install neural-tangents==0.6.5 jax==0.5.3 jaxlib==0.5.3
Run there: python tests/kernels/tangent_kernel/make_tangents.py
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

from neural_tangents import stax  # noqa: E402

DEPTHS = (0, 1, 2, 5)
SCALES = ((2**0.5, 0.0), (1.0, 0.5), (1.7, 0.1))


def inputs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of inputs, each (n1, d) and (n2, d)."""
    random = np.random.default_rng(0)
    plain = random.normal(size=(6, 4))
    unit = random.normal(size=(5, 7))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    near = plain[:3] + 1e-3 * random.normal(size=(3, 4))
    nearer = plain[:3] * (1 + 1e-7 * random.normal(size=(3, 4)))
    return {
        "normal": (plain, random.normal(size=(3, 4))),
        "one input": (np.linspace(-2, 2, 5)[:, None], np.array([[0.3], [1.0], [-1.7]])),
        "unit norm": (unit, unit),
        "near": (plain[:3], near),
        "nearer": (plain[:3], nearer),
        "opposite": (plain[:2], -plain[:2]),
        "parallel": (plain[:2], 3 * plain[:2]),
        "large": (30 * plain[:3], 0.01 * plain[:3]),
    }


def network(depth: int, activation: str, weight_scale: float, bias_scale: float):
    """The kernel function of `depth` hidden layers and one output."""
    dense = {"W_std": weight_scale, "b_std": bias_scale, "parameterization": "ntk"}
    hidden = [stax.Dense(1, **dense), stax.Relu() if activation == "relu" else stax.Erf()]
    return stax.serial(*(hidden * depth), stax.Dense(1, **dense))[2]


def main() -> None:
    """Every pair of inputs through every network, NTK and NNGP."""
    cases, pairs = [], inputs()
    for activation in ("relu", "erf"):
        for depth in DEPTHS:
            for weight_scale, bias_scale in SCALES:
                kernel = network(depth, activation, weight_scale, bias_scale)
                for name, (x1, x2) in pairs.items():
                    found = kernel(x1, None if x1 is x2 else x2, ("ntk", "nngp"))
                    setting = {"depth": depth, "activation": activation}
                    setting |= {"weight_scale": weight_scale, "bias_scale": bias_scale}
                    outputs = {kind: np.asarray(getattr(found, kind)).tolist() for kind in ("ntk", "nngp")}
                    cases.append({"inputs": name, **setting, **outputs})
    versions = {name: version(name) for name in ("neural-tangents", "jax", "jaxlib", "numpy")}
    content = {
        "made by": "python tests/kernels/tangent_kernel/make_tangents.py",
        "versions": versions | {"python": platform.python_version()},
        "inputs": {name: [x.tolist() for x in pair] for name, pair in pairs.items()},
    }
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = json.dumps(content)[:-1] + f',\n"cases": [\n{lines}\n]}}\n'
    Path(__file__).with_name("tangents.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
