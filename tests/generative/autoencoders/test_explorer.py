"""The explorer of the plane as Python has it; its numerics are tested beside the browser's modules."""

import json

import torch

from lecturelib.generative.autoencoders.experiments import digits, stored_plane
from lecturelib.generative.autoencoders.explorer import PlaneWalkExplorer, planes
from tests.generative.autoencoders.browser.make_walks import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-9)


def test_codes_and_decoders_of_the_planes_belong_together():
    # at the code of a digit the decoder of the page draws what the model makes of that digit
    test = digits()[2][:20]
    vae, plain = stored_plane()
    for kind, back in (("vae", vae.decode(vae.encode(test)[0])), ("plain", plain(test))):
        explorer = PlaneWalkExplorer(kind=kind)
        for n, (x, y) in enumerate(planes()[0][kind]["codes"][:20]):
            if max(abs(x), abs(y)) > 3:
                continue
            explorer.state = {"x": x, "y": y}
            torch.testing.assert_close(explorer.pictures([0.0])[0], back[n].clamp(0, 1), atol=0.03, rtol=0)


def test_the_page_stays_light():
    assert len(json.dumps(PlaneWalkExplorer().givens)) < 200_000


def test_neighbours_and_the_still_picture():
    explorer = PlaneWalkExplorer()
    first = planes()[1][0]
    explorer.state = dict(zip("xy", planes()[0]["vae"]["codes"][0], strict=True))
    found = explorer.nearest(0.0)
    assert sum(found.values()) == 10
    assert first in found
    assert "of the 10 nearest digits" in explorer.still().alt
