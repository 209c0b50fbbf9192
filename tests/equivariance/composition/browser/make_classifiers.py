"""Makes classifiers.json, some epochs of training as the library does them, for the tests of the browser's numerics.

Run: python -m tests.equivariance.composition.browser.make_classifiers
"""

import json
from pathlib import Path

import torch

from lecturelib.equivariance.composition.classifier import (
    FORMULAS,
    Points,
    draw_points,
    start_classifier,
    train_classifier,
)

STORED = Path(__file__).with_name("classifiers.json")
CASES = [
    ("circle", [4, 2], ["x1", "x2"], "tanh"), ("xor", [3], ["x1", "x2", "sin x1", "sin x2"], "relu"),
    ("gauss", [], ["x1²", "x2²", "x1x2"], "linear"), ("spiral", [2, 3, 2, 2], list(FORMULAS), "sigmoid"),
    ("xor", [2, 2], ["x1x2"], "linear"),
]  # fmt: skip
COUNT, BATCH, EPOCHS, RATE = 24, 4, 3, 0.1


def case(cloud: str, hidden: list[int], names: list[str], activation: str) -> dict:
    """Points, the start, and parameters, losses and errors after some epochs."""
    generator = torch.Generator().manual_seed(11)
    drawn = draw_points(cloud, COUNT, generator=generator, members=1)
    half = COUNT // 2
    theta = start_classifier(len(names), hidden, members=1, generator=generator)
    run = train_classifier(
        theta, *(Points(drawn.x[:, part], drawn.y[:, part]) for part in (slice(half), slice(half, None))),
        hidden=hidden, names=names, activation=activation, learning_rate=RATE, batch=BATCH, epochs=EPOCHS,
    )  # fmt: skip
    return {
        "hidden": hidden, "names": names, "activation": activation, "batch": BATCH, "epochs": EPOCHS, "rate": RATE,
        "x": drawn.x[0].flatten().tolist(), "y": drawn.y[0].tolist(), "start": theta[0].tolist(),
        "end": run.theta[0].tolist(), "train": float(run.train[0, -1]), "test": float(run.test[0, -1]),
        "wrong": float(run.wrong[0, -1]),
    }  # fmt: skip


def cases() -> list[dict]:
    """Every activation and cloud."""
    return [case(*one) for one in CASES]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
