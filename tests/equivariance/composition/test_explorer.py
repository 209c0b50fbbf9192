"""The explorer of the small classifier as Python has it; its numerics are tested beside the browser's modules."""

from lecturelib.equivariance import ClassifierExplorer
from tests.equivariance.composition.browser.make_classifiers import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-9)


def test_it_opens_with_the_setting_of_the_lecture():
    explorer = ClassifierExplorer()
    state = explorer.state
    assert (state["cloud"], state["activation"], state["rate"], state["noise"]) == ("circle", "tanh", 0.03, 0)
    assert explorer.hidden == [4, 2]
    assert explorer.names == ["x1", "x2"]
    assert explorer.givens["batch"] == 10
    explorer.use("squares")
    assert explorer.hidden == []
    assert explorer.names == ["x1²", "x2²"]
    explorer.state = {"squares": False}
    assert explorer.names == ["x1", "x2"]  # none is on
    run, seen = explorer.train(1)
    assert seen.y.shape == (1, 250)
    assert run.theta.shape == (1, 3)


def test_the_still_picture_says_what_is_wrong():
    alt = ClassifierExplorer(layer1=0.0, layer2=0.0, plain=False, squares=True).still().alt
    assert "hidden layers: no; 100 epochs; " in alt
    share = float(alt.split("epochs; ")[1].split(" %")[0])
    assert share < 2
