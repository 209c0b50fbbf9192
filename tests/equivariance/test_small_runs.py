"""Experiments of the part at small sizes, against what was stored: see `tests/small.py`."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from lecturelib.core.experiments import generator_for
from tests.small import SINGLE, Small, check, read


def flow(made: Any) -> list:
    """The beginning, the middle and the end of a field, and where it is known."""
    u = torch.cat([made.u.real, made.u.imag]) if made.u.is_complex() else made.u
    return [u[..., [0, u.shape[-1] // 2, -1]].tolist(), made.x.tolist(), made.t.tolist()]


def picture(module: Any, cues: str) -> list:
    drawn = module.draw_pictures(6, generator_for(0, "pictures"), cues)
    return [drawn.x.tolist(), drawn.shape.tolist(), drawn.texture.tolist()]


def weights(found: Any) -> list:
    return [one.tolist() for one in found]


SMALL = {
    **{f"interpretability.solvers: {name}": Small(lambda m, name=name: flow(getattr(m, name)()))
       for name in ("burgers", "korteweg_de_vries", "kuramoto_sivashinsky", "nonlinear_schroedinger", "schroedinger")},
    "interpretability.solvers: reaction_diffusion": Small(lambda m: flow(m.reaction_diffusion(16))),
    "interpretability.solvers: vorticity": Small(lambda m: flow(m.vorticity(16))),
    "interpretability.table: exact": Small(lambda m: m.run(seed=0, row="Burgers", noisy=False)),
    "interpretability.table: noisy": Small(lambda m: m.run(seed=0, row="Burgers", noisy=True)),
    **{f"interpretability.glyphs: {cues}": Small(lambda m, cues=cues: picture(m, cues), within=SINGLE)
       for cues in ("agree", "shape", "conflict")},
    "interpretability.glyphs: train": Small(lambda m: weights(m.train([0, 1], "agree", 3)), within=SINGLE),
    "augmentation.adversarial: many": Small(lambda m: m.run(seed=0, kind="many steps", steps=4), within=SINGLE),
    "augmentation.adversarial: noise": Small(lambda m: m.run(seed=0, kind="noise", steps=4), within=SINGLE),
    "augmentation.filters: random": Small(
        lambda m: m.run([0, 1], kind="random", data="one turn each", steps=3)),
    "augmentation.filters: copies": Small(lambda m: m.run([0, 1], kind="copies", data="turned", steps=3)),
    **{f"composition.learning: {kind}": Small(
        lambda m, kind=kind: m.run(seed=0, kind=kind, count=100, target="tree", steps=4))
       for kind in ("tree", "other tree", "deep")},
    "composition.keyhole": Small(lambda m: m.run(seed=0, depth=2, steps=4)),
    "composition.learning: pairs": Small(
        lambda m: m.run(seed=0, kind="deep", count=100, target="pairs", steps=4)),
    "composition.learning: sum": Small(lambda m: m.run(seed=0, kind="flat", count=100, target="sum", steps=4)),
    "composition.parts: train": Small(lambda m: weights(m.train(
        m.start(generator_for(0, "start")), torch.rand(40, 1, 8, 8, generator=generator_for(0, "x")),
        torch.arange(40) % 10, generator_for(0, "batches"), steps=3)), {"TRAINED": 40, "BATCH": 10}, SINGLE),
    "composition.parts: images": Small(lambda m: m.exciting_images(
        m.start(generator_for(0, "start")), 1, 5, generator=generator_for(0, "ascent")).tolist(), within=SINGLE),
    "composition.parts: classifiers": Small(
        lambda m: m.run_classifiers(seed=0, task=3), {"MEMBERS": 2, "POINTS": 60, "EPOCHS": 20}),
    **{f"convolution.digits: {kind}": Small(lambda m, kind=kind: m.run(seed=0, kind=kind), {"STEPS": 4}, SINGLE)
       for kind in ("dense", "flattened", "pooled", "blurred")},
    **{f"groups.experiments: {kind}": Small(lambda m, kind=kind: m.run(seed=0, kind=kind, steps=4), within=SINGLE)
       for kind in ("plain", "turned data", "C4")},
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_a_small_run_gives_what_it_gave(name):
    check("equivariance", name, SMALL[name])


def test_nothing_is_stored_that_is_not_run():
    assert list(read("equivariance")) == list(SMALL)
