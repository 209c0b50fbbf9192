"""The explorer of the game as Python has it; its numerics are tested beside the browser's modules."""

from lecturelib.generative import GameExplorer
from tests.generative.adversarial.browser.make_games import STORED, games
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, games(), within=1e-9)


def test_settings_are_those_of_the_training():
    explorer = GameExplorer(clumps="3", spacing=1.5, rounds=2.0, loss="saturating")
    assert explorer.data.means.abs().max() == 1.5
    run = explorer.train(3)
    assert run.d.sizes == (2, 32, 1)
    assert run.samples.shape == (2, 1, 400, 2)
    assert float(run.g_losses[0]) < 0  # a mean of ln(1 − D)
    explorer.use("ahead")
    assert explorer.state["rounds"] == 10


def test_the_still_picture_says_how_many_clumps_are_covered():
    explorer = GameExplorer()
    covered = int(explorer.train(1000).well[-1, 0])
    assert f"near {covered} of 4 clumps" in explorer.still().alt
