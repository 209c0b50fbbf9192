"""Explorers as Python has them: their state, what pages and notebooks get, and what stops them."""

import base64
import json
from typing import ClassVar

import pytest
import traitlets

from lecturelib.core import explorers, figures, modules
from lecturelib.core.controls import Choice, Number, Points, Switch
from lecturelib.core.display import BUILDING, EXPLORER_MIME
from lecturelib.core.explorers import Explorer


class Dot(Explorer):
    """A dot to move."""

    module = "core/browser/dot_face.js"
    title = "A dot"
    hint = "Move it."
    settings = (
        Number("place", "place", -1, 1, value=0.0),
        Choice("shape", "shape", {"round": "round", "square": "with corners"}, "round"),
        Switch("shown", "shown", True),
        Points("points", "points", most=2),
    )
    presets: ClassVar = {"far": ("Far away", {"place": 1, "shown": False})}

    def draw(self):
        figure, axes = figures.new()
        axes.plot([self.state["place"]], [0], "o")
        return figure, f"A dot at {self.state['place']:g}."


@pytest.fixture(autouse=True)
def without_files(monkeypatch):
    """The dot has no module for browsers; what notebooks are sent is tested with the modules."""
    monkeypatch.setattr(explorers.modules, "as_one", lambda path: f"// {path.name}")
    monkeypatch.setattr(explorers.modules, "style", lambda: "")
    monkeypatch.delenv(BUILDING, raising=False)


FIRST = {"place": 0.0, "shape": "round", "shown": True, "points": []}


def test_state_begins_as_declared_or_as_asked():
    assert Dot("dot").state == FIRST
    assert Dot("dot", place=0.5).state == {**FIRST, "place": 0.5}


def test_assigning_a_part_of_the_state_leaves_the_rest():
    dot = Dot("dot")
    dot.state = {"shape": "square", "points": [(0, 1)]}
    assert dot.state == {**FIRST, "shape": "square", "points": [[0.0, 1.0]]}
    dot.state = {"points": [(1e-300, 1)]}
    assert dot.state["points"] == [[0.0, 1.0]]
    dot.state = {"points": [(0, 1)], "place": -1}
    assert dot.state == {**FIRST, "shape": "square", "points": [[0.0, 1.0]], "place": -1.0}


def test_a_preset_sets_all_and_begins_from_the_first_state():
    dot = Dot("dot", shape="square")
    dot.state = {"shape": "round", "points": [(0, 1)]}
    dot.use("far")
    assert dot.begun == 1
    assert dot.state == {"place": 1.0, "shape": "square", "shown": False, "points": []}
    with pytest.raises(ValueError, match="preset: expected one of far, got 'near'"):
        dot.use("near")
    dot.use("far")
    assert dot.begun == 2, "a browser would not hear of a preset that changes no setting"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"place": 2}, "place: expected a number from -1 to 1, got 2"),
        ({"place": float("nan")}, "place: expected a number"),
        ({"place": True}, "place: expected a number"),
        ({"place": "0"}, "place: expected a number"),
        ({"shape": "oval"}, "shape: expected one of 'round', 'square', got 'oval'"),
        ({"shown": 1}, "shown: expected True or False, got 1"),
        ({"points": [(0, 1), (1, 1), (2, 1)]}, "points: expected at most 2 pairs"),
        ({"points": [(0, float("inf"))]}, "points: expected at most 2 pairs of finite numbers"),
        ({"points": [(0, 1e300)]}, "points: expected at most 2 pairs of finite numbers within ±1,000,000"),
        ({"points": [0]}, "points: expected at most 2 pairs"),
        ({"plaice": 0}, "plaice: no setting of Dot, which has place, shape, shown, points"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(change, message):
    dot = Dot("dot")
    with pytest.raises((ValueError, traitlets.TraitError), match=message):
        dot.state = change
    assert dot.state == FIRST
    with pytest.raises(ValueError, match=message):
        Dot("dot", **change)


@pytest.mark.parametrize("name", ["", "Dot", "a dot", "1", "dot.1"])
def test_a_name_has_to_fit_into_an_address(name):
    with pytest.raises(ValueError, match="name: expected lower-case letters"):
        Dot(name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Number("n", "n", 1, 1, value=1), "n: expected low < high"),
        (lambda: Number("n", "n", 0, 1, value=1, log=True), "low > 0 where log"),
        (lambda: Number("n", "n", 0, 1, value=2), "n: expected a number from 0 to 1, got 2"),
        (lambda: Choice("c", "c", {"a": "A"}, "b"), "c: expected one of 'a', got 'b'"),
        (lambda: Switch("a b", "s", True), "name: expected letters"),
    ],
)
def test_a_setting_has_to_make_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_notebook_gets_a_widget_with_its_code_and_a_picture_for_other_programs():
    dot = Dot("dot", place=0.5)
    data, metadata = dot._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == "A dot at 0.5."
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == dot.model_id
    assert "A dot at 0.5." in data["text/plain"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "text/html" not in data, "programs that do not trust a notebook drop drawings in it, and show nothing else"
    assert EXPLORER_MIME not in data
    sent = dot.get_state()
    assert sent["_esm"] == "// dot_face.js"
    assert sent["state"] == dot.state
    assert figures.PALETTE["blue"][1] in sent["_css"]


def test_a_page_gets_settings_and_picture_but_no_code_and_no_widget(monkeypatch):
    monkeypatch.setenv(BUILDING, "1")
    monkeypatch.setattr("comm.create_comm", lambda **options: pytest.fail("a channel to a browser was opened"))
    dot = Dot("dot", givens={"data": [1, 2]})
    data, _ = dot._repr_mimebundle_()
    book = json.loads(data[EXPLORER_MIME])
    assert book["givens"] == {"data": [1, 2]}
    assert book["still"]["caption"] == f"{Dot.title}."
    assert book["module"] == Dot.module
    assert book["spec"]["first"] == FIRST
    assert book["spec"]["presets"]["far"] == {"words": "Far away", "state": {"place": 1.0, "shown": False}}
    assert [setting["kind"] for setting in book["spec"]["settings"]] == ["number", "choice", "switch", "points"]
    assert book["svg"].startswith("<svg")
    assert not [name for name in data if "widget" in name]


def test_one_that_draws_nothing_cannot_be_shown():
    with pytest.raises(NotImplementedError):
        Explorer("bare").still()


def test_the_palette_of_notebooks_is_that_of_pages():
    for line in figures.style_sheet().splitlines():
        for colour in line.partition("{")[2].strip(" }").split("; "):
            assert colour.rstrip("; ") in explorers._palette()
    assert modules.STYLE.exists()
