"""The explorer of three widths: its still picture, and that both languages have the same sizes."""

import re
from pathlib import Path

import pytest
import torch

from lecturelib.kernels import WidthsExplorer
from lecturelib.kernels.tangent_kernel import explorer as module

BROWSER = Path(module.__file__).parent / "browser"


def test_the_browser_has_the_same_sizes():
    text = (BROWSER / "three_widths.js").read_text(encoding="utf-8")
    assert tuple(map(int, re.search(r"WIDTHS = \[(.*)\]", text)[1].split(","))) == module.WIDTHS
    for name in ("SIZE", "PLACES", "SHOWN"):
        assert int(re.search(rf"{name} = (\d+)", text)[1]) == getattr(module, name)


@pytest.mark.parametrize("preset", ["near", "far", "smooth"])
def test_stills_tell_that_wide_networks_move_less(preset):
    shown = WidthsExplorer()
    shown.use(preset)
    _, alt = shown.draw()
    moved = [float(number) for number in re.findall(r"([\d.]+) with", alt)]
    assert len(moved) == 3
    assert moved[0] > 1.5 * moved[1] > 2.25 * moved[2] > 0


def test_training_comes_to_the_data():
    _, final, functions = WidthsExplorer(size=2).trained(100)
    x, y = module.circle(12)
    assert float((final(x)[0] - 2 * y).abs().max()) < 0.2
    torch.testing.assert_close(functions[1, ::10], final(x)[0])
