"""The explorer of the latent plane: a straight walk between two codes, and what a decoder draws on the way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.generative.autoencoders.experiments import digits, stored_plane
from lecturelib.generative.autoencoders.linear import principal_components
from lecturelib.generative.autoencoders.networks import through

REACH, SHOWN, PLACES, NEAREST = 3.0, 300, 9, 10
"""Ends of the axes, test digits in the plane, pictures of a walk, and neighbours that are counted."""
KINDS = {"vae": "variational", "plain": "plain", "components": "principal components"}


@cache
def planes() -> tuple[dict[str, dict[str, Any]], list[int]]:
    """For each kind the layers of its decoder and codes of the test digits, and what digits these are.

    All that is shown has four digits. Codes of the plain autoencoder and of principal components are measured in
    standard deviations of the training data, so that the three planes have one scale.
    """
    x, _, test, names = digits()
    vae, plain = stored_plane()
    linear = principal_components(x, 2)
    decoders = {
        "vae": vae.decoder, "plain": plain.decoder,
        "components": (torch.cat([linear.directions, linear.mean[None]]),),
    }  # fmt: skip
    codes = {
        kind: (one(x), one(test))
        for kind, one in (("vae", lambda x: vae.encode(x)[0]), ("plain", plain.encode), ("components", linear.encode))
    }
    found = {}
    for kind, (first, *rest) in decoders.items():
        trained, shown = codes[kind]
        middle, spread = (
            (0 * trained.mean(0), 0 * trained.std(0) + 1) if kind == "vae" else (trained.mean(0), trained.std(0))
        )
        first = torch.cat([spread[:, None] * first[:-1], first[-1:] + middle @ first[:-1]])
        layers = [[[float(f"{value:.4g}") for value in row] for row in layer.tolist()] for layer in (first, *rest)]
        places = ((shown - middle) / spread)[:SHOWN]
        found[kind] = {"layers": layers, "codes": [[round(value, 3) for value in row] for row in places.tolist()]}
    return found, names[:SHOWN].tolist()


def typical(name: int, kind: str = "vae") -> tuple[float, float]:
    """The code, with two decimals, of that one of the digits shown which is nearest to all others of its kind."""
    found, names = planes()
    codes = torch.tensor([code for code, one in zip(found[kind]["codes"], names, strict=True) if one == name])
    return tuple(round(value, 2) for value in codes[torch.cdist(codes, codes).sum(1).argmin()].tolist())


def _walk(first: int, last: int) -> dict[str, Any]:
    (x, y), (u, v) = typical(first), typical(last)
    return {"kind": "vae", "x": x, "y": y, "u": u, "v": v, "part": 0.5}


class PlaneWalkExplorer(Explorer):
    """A walk from (x, y) to (u, v) in the plane of codes, and what the decoder draws on it.

    Settings: whose plane it is, the part of the way, and both ends.
    """

    module = "generative/autoencoders/browser/face.js"
    title = "A walk in the plane of digits"
    hint = "Drag the two ends, then move along the way. Where does one digit become another?"
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("kind", "plane of", KINDS, "vae"),
        Number("part", "part of the way", 0.0, 1.0, 0.5, step=0.01),
        *(
            Number(name, label, -REACH, REACH, value, hidden=True)
            for (name, label), value in zip(
                (("x", "start, z₁"), ("y", "start, z₂"), ("u", "end, z₁"), ("v", "end, z₂")),
                (*typical(0), *typical(7)),
                strict=True,
            )
        ),
    )
    presets: ClassVar[Mapping] = {
        "similar": ("From 3 to 8", _walk(3, 8)),
        "apart": ("From 6 to 2", _walk(6, 2)),
        "outside": ("Where no digit is", {"kind": "vae", "x": 0.0, "y": 0.0, "u": 3.0, "v": -3.0, "part": 1.0}),
        "hole": ("In the plain plane", _walk(0, 7) | {"kind": "plain"}),
    }
    heights = (720, 830)

    def __init__(self, name: str = "walk", **beginning: Any) -> None:
        found, names = planes()
        givens = {"planes": found, "names": names, "reach": REACH, "places": PLACES, "nearest": NEAREST}
        super().__init__(name, givens=givens, **beginning)

    def codes(self, parts: Any) -> Tensor:
        """Places of the plane at these parts of the way (P,): (P, 2)."""
        parts = torch.as_tensor(parts, dtype=torch.float64)[:, None]
        ends = torch.tensor([[self.state[one] for one in pair] for pair in ("xy", "uv")], dtype=torch.float64)
        return (1 - parts) * ends[0] + parts * ends[1]

    def pictures(self, parts: Any) -> Tensor:
        """What the decoder draws there, 8 × 8 pixels between 0 and 1 as a row: (P, 64)."""
        layers = self.givens["planes"][self.state["kind"]]["layers"]
        return through([torch.tensor(one, dtype=torch.float64) for one in layers], self.codes(parts)).clamp(0, 1)

    def nearest(self, part: float) -> dict[int, int]:
        """Digit → how many of the ten digits nearest to this part of the way are this one, most frequent first."""
        codes = torch.tensor(self.givens["planes"][self.state["kind"]]["codes"], dtype=torch.float64)
        order = (codes - self.codes([part])).square().sum(1).argsort(stable=True)[:NEAREST]
        found = [self.givens["names"][int(k)] for k in order]
        return dict(sorted(((one, found.count(one)) for one in set(found)), key=lambda pair: (-pair[1], pair[0])))

    def draw(self) -> tuple[Figure, str]:
        """The plane with the walk, and the pictures on it."""
        figure, (plane, strip) = figures.new(2, 1, height=5.2, gridspec_kw={"height_ratios": [4, 1]})
        codes = self.givens["planes"][self.state["kind"]]["codes"]
        for (x, y), name in zip(codes, self.givens["names"], strict=True):
            if max(abs(x), abs(y)) < REACH:
                plane.text(x, y, str(name), fontsize=7, ha="center", va="center", color=figures.MUTED)
        ends = self.codes([0.0, 1.0])
        plane.plot(*ends.T, "-", color=figures.BLUE)
        plane.plot(*ends[:1].T, "o", color=figures.BLUE)
        plane.plot(*ends[1:].T, "s", color=figures.ORANGE)
        plane.set(xlabel="$z_1$", ylabel="$z_2$", xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
        row = self.pictures(torch.linspace(0, 1, PLACES)).reshape(-1, 8, 8).transpose(0, 1).reshape(8, -1).numpy()
        strip.imshow(row, cmap="gray_r", vmin=0, vmax=1)
        strip.set(xticks=[], yticks=[])
        told = ", ".join(f"{count} are {name}" for name, count in self.nearest(self.state["part"]).items())
        start, end = (", ".join(f"{one:.3g}" for one in place.tolist()) for place in ends)
        return figure, (
            f"A walk from ({start}) to ({end}) among codes ({KINDS[self.state['kind']]}). "
            f"At {self.state['part']:g} of the way, of the {NEAREST} nearest digits {told}."
        )
