"""Trained networks with their masks: five that saw shape and texture agree, five that saw any texture.

Run, and store: python -m lecturelib.equivariance.interpretability.trained
"""

from __future__ import annotations

import base64
import math

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.experiments import Provenance, generator_for, load, save, settings, sweep
from lecturelib.core.statements import CHAPTERS
from lecturelib.equivariance.interpretability.glyphs import draw_pictures, scores, start, train
from lecturelib.equivariance.interpretability.masks import fourier_mask, masked

STORED = CHAPTERS / "equivariance" / "data" / "glyphs.json"
SEEDS, PENALTY, SEEN, TESTED = range(5), 0.01, 60, 400
TESTS = ("agree", "shape", "conflict")


def pack(weights: list[Tensor]) -> str:
    """Weights as text, two bytes each."""
    return base64.b64encode(torch.cat([one.flatten() for one in weights]).half().numpy().tobytes()).decode()


def unpack(text: str) -> list[Tensor]:
    """The weights that `pack` made a text of."""
    shapes = [one.shape for one in start(Generator())]
    numbers = torch.as_tensor(np.frombuffer(base64.b64decode(text), dtype=np.float16).astype(np.float32))
    parts = numbers.split([math.prod(shape) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def share(weights: list[Tensor], x: Tensor, labels: Tensor) -> float:
    """How many pictures a network names as the labels say."""
    with torch.no_grad():
        return round(float((scores(weights, x).argmax(1) == labels).double().mean()), 4)


def run(*, seed: int, cues: str) -> dict:
    """Train a network; what it names by shape and by texture; its mask, and what is named right within and without."""
    text = pack(train(seed, cues))
    weights, found = unpack(text), {}
    for test in TESTS:
        pictures = draw_pictures(TESTED, generator_for(seed, "test", test), test)
        found[test] = [share(weights, pictures.x, labels) for labels in (pictures.shape, pictures.texture)]
    seen = draw_pictures(SEEN, generator_for(seed, "mask", cues), cues)
    mask = fourier_mask(lambda x: scores(weights, x), (seen.x, seen.shape), penalty=PENALTY, steps=50).mask
    tests = draw_pictures(TESTED, generator_for(seed, "test", cues), cues)
    found["kept"] = share(weights, masked(tests.x, mask), tests.shape)
    found["left"] = share(weights, masked(tests.x, 1 - (mask > 0.1).to(mask)), tests.shape)
    return {**found, "mask": [[round(float(one), 2) for one in row] for row in mask], "weights": text}


def main() -> None:
    results = sweep(run, settings(cues=("agree", "shape")), seeds=SEEDS)
    save(STORED, results, Provenance.here("python -m lecturelib.equivariance.interpretability.trained", SEEDS))


def networks() -> dict[str, list[list[Tensor]]]:
    """The stored weights: cues → one list of tensors for each seed."""
    results, _ = load(STORED)
    return {cues: [unpack(one["weights"]) for one in results if one["cues"] == cues] for cues in ("agree", "shape")}


if __name__ == "__main__":
    main()
