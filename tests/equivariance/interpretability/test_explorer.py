"""The explorer of waves, as Python has it; its numerics are tested beside the browser's modules."""

import json

import pytest
import torch

from lecturelib.equivariance import WaveExplorer
from lecturelib.equivariance.interpretability.explorer import classifier, mask_of
from tests.equivariance.interpretability.browser.make_waves import STORED, cases


def test_the_stored_numbers_are_those_of_the_library():
    stored = json.loads(STORED.read_text())
    assert [stored["weights"], stored["biases"]] == list(classifier()[1:])
    for before, now in zip(stored["cases"], cases(), strict=True):
        assert before["state"] == now["state"]
        assert before["x"] == now["x"]
        assert before["mask"] == now["mask"]
        for name in ("picture", "scores"):
            assert torch.tensor(before[name]).flatten().tolist() == pytest.approx(
                torch.tensor(now[name]).flatten().tolist(), abs=1e-11
            )


def test_a_mask_is_even_and_a_pair_is_flipped_once():
    mask = mask_of(6, [[1, 0], [-4, 2]])
    assert mask.sum() == 60
    assert mask[0, 1] == mask[0, 7] == mask[2, 4] == mask[6, 4] == 0
    assert torch.equal(mask, mask.flip(0, 1).roll((1, 1), (0, 1)))
    assert mask_of(1, []).sum() == 5


def test_the_classifier_names_every_digit_that_is_shown():
    for digit in range(10):
        assert int(WaveExplorer(digit=str(digit)).outputs()["scores"].argmax()) == digit


def test_presets_show_what_they_say():
    explorer = WaveExplorer()
    named = {}
    for name in explorer.presets:
        explorer.use(name)
        named[name] = int(explorer.outputs()["scores"].argmax())
    assert named["whole"] == named["slow"] == 3
    assert named["few"] != 3
    assert named["eight"] != 8


def test_the_still_picture_says_what_is_seen():
    assert (
        WaveExplorer().still().alt.startswith("64 of 64 waves of a picture of a 3 are kept; the classifier names a 3")
    )
