"""Trained networks with their masks: five that saw shape and texture agree, five that saw any texture.

Run, and store: python -m lecturelib.equivariance.interpretability.trained [--device cuda]. All seeds are one batch.
"""

from __future__ import annotations

import argparse
import base64
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.experiments import Provenance, generator_for, load, save
from lecturelib.core.statements import CHAPTERS
from lecturelib.equivariance.augmentation.filters import stacked
from lecturelib.equivariance.interpretability.glyphs import all_scores, draw_pictures, scores, start, train
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


def run(seeds: Sequence[int], *, cues: str, device: str = "cpu") -> list[dict]:
    """Train a network for each seed; what it names by shape and by texture; its mask, and what is named right with it
    and with all waves but those that it keeps."""
    trained = train(seeds, cues, device=device)
    packed = [pack([one[k].cpu() for one in trained]) for k in range(len(seeds))]
    each = [unpack(text) for text in packed]
    seen = [draw_pictures(SEEN, generator_for(seed, "mask", cues), cues) for seed in seeds]
    x, shape, *_ = stacked(seen, device)
    together = stacked(each, device)
    masks = fourier_mask(lambda x: all_scores(together, x), (x, shape), penalty=PENALTY, steps=50).mask.cpu()
    results = []
    for seed, text, weights, mask in zip(seeds, packed, each, masks, strict=True):
        found = {}
        for test in TESTS:
            pictures = draw_pictures(TESTED, generator_for(seed, "test", test), test)
            found[test] = [share(weights, pictures.x, labels) for labels in (pictures.shape, pictures.texture)]
        tests = draw_pictures(TESTED, generator_for(seed, "test", cues), cues)
        found["kept"] = share(weights, masked(tests.x, mask), tests.shape)
        found["left"] = share(weights, masked(tests.x, 1 - (mask > 0.1).to(mask)), tests.shape)
        rounded = [[round(float(one), 2) for one in row] for row in mask]
        results.append({"cues": cues, "seed": seed, **found, "mask": rounded, "weights": text})
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    device = parser.parse_args().device
    results = [one for cues in ("agree", "shape") for one in run(SEEDS, cues=cues, device=device)]
    save(STORED, results, Provenance.here("python -m lecturelib.equivariance.interpretability.trained", SEEDS))


def networks() -> dict[str, list[list[Tensor]]]:
    """The stored weights: cues → one list of tensors for each seed."""
    results, _ = load(STORED)
    return {cues: [unpack(one["weights"]) for one in results if one["cues"] == cues] for cues in ("agree", "shape")}


if __name__ == "__main__":
    main()
