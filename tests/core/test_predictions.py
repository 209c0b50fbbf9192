"""Predictions as Python has them: what is asked, what pages and notebooks get, and what stops them."""

import json

import pytest
import torch

from lecturelib.core import figures, modules, predictions
from lecturelib.core.display import PREDICTION_MIME
from lecturelib.core.explorers import BUILDING

NUMBER = {"question": "How many?", "answer": 3.0, "low": 0.0, "high": 10.0}
CURVE = {"question": "Sketch it.", "x": [0.0, 1.0, 3.0], "y": [0.0, -1.0, 2.0], "x_label": "time", "y_label": "loss",
         "low": -2.0, "high": 2.0}  # fmt: skip


@pytest.fixture
def building(monkeypatch):
    """As a cell of a chapter does, whose output becomes part of a page."""
    monkeypatch.setenv(BUILDING, "1")
    monkeypatch.setattr("comm.create_comm", lambda **options: pytest.fail("a channel to a browser was opened"))
    return lambda prediction: json.loads(prediction._repr_mimebundle_()[0][PREDICTION_MIME])


def test_a_number_has_limits_and_a_step(building):
    book = building(predictions.number("n", **NUMBER, unit="steps", explanation="Because."))
    face = {"kind": "number", "name": "n", "answer": 3.0, "low": 0.0, "high": 10.0, "step": 0.1, "unit": "steps"}
    assert book["face"] == face
    assert book["result"] == "**It is 3 steps.**"
    assert (book["question"], book["explanation"]) == ("How many?", "Because.")
    assert building(predictions.number("n", **NUMBER, step=2.0))["face"]["step"] == 2.0
    assert building(predictions.number("n", **NUMBER | {"answer": torch.tensor(2.0)}))["face"]["answer"] == 2.0
    negative = building(predictions.number("n", **NUMBER | {"answer": -0.123456, "low": -1.0}))
    assert negative["result"] == "**It is −0.1235.**"


@pytest.mark.parametrize("name", [f"order-{k}" for k in range(6)])
def test_items_are_shown_in_another_order_than_the_answer(building, name):
    items = ["a", "b", "c"]
    book = building(predictions.order(name, question="Sort.", items=items, answer=items))
    assert sorted(book["items"]) == items
    assert book["items"] != items
    assert [book["items"][place] for place in book["face"]["answer"]] == items
    assert book["result"].endswith("1. a\n2. b\n3. c")
    again = building(predictions.order(name, question="Sort.", items=items, answer=items))
    assert again["items"] == book["items"]


def test_a_curve_says_what_it_shows(building):
    book = building(predictions.curve("c", **CURVE))
    assert book["face"]["x"] == [0.0, 1.0, 3.0]
    assert book["face"]["told"] == "A curve of loss over time, from 0 at 0 to 2 at 3, lowest −1 at 1, highest 2 at 3."
    assert 'aria-label="A curve of loss over time' in book["svg"]
    folded = predictions.curve("c", **CURVE)._repr_mimebundle_()[0]["text/markdown"]
    assert folded.index("<details>") < folded.index("A curve of loss over time")


def test_a_notebook_gets_a_widget_with_formulas_as_mathml(monkeypatch):
    monkeypatch.delenv(BUILDING, raising=False)
    asked = predictions.order(
        "o", question=r"Which of $\frac12$ & *x*?", items=["$a_1$", "b <i>"], answer=["b <i>", "$a_1$"]
    )
    data, _ = asked._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == asked.model_id
    assert PREDICTION_MIME not in data
    sent = asked.get_state()
    assert "<mfrac>" in sent["data"]["question"]
    assert "&amp; <em>x</em>" in sent["data"]["question"]
    assert sorted(map(len, sent["data"]["items"]))
    assert any("<msub>" in item for item in sent["data"]["items"])
    assert "b &lt;i&gt;" in sent["data"]["items"], "an item is text, and no tags"
    assert figures.PALETTE["blue"][1] in sent["_css"]
    assert "export default" in sent["_esm"]
    # what cannot show widgets has the question, and the result folded
    assert data["text/markdown"].index("Which of") < data["text/markdown"].index("<details><summary>Guess first")
    assert data["text/markdown"].index("- b <i>") < data["text/markdown"].index("1. b <i>")


def test_a_figure_comes_with_the_result(building, monkeypatch):
    figure, axes = figures.new()
    axes.plot([0, 1], [0, 1])
    picture = figures.show(figure, caption="A line.", alt="It rises from 0 to 1.", label="fig-line")
    assert building(predictions.number("n", **NUMBER, picture=picture))["picture"]["label"] == "fig-line"
    assert building(predictions.number("n", **NUMBER))["picture"] is None
    monkeypatch.undo()
    asked = predictions.order("o", question="Sort.", items=["a", "b"], answer=["b", "a"], picture=picture)
    assert "It rises from 0 to 1." in asked.get_state()["data"]["picture"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: predictions.number("A b", **NUMBER), "name: expected lower-case letters"),
        (lambda: predictions.number("n", **NUMBER | {"question": " "}), "question: expected what the reader is asked"),
        (lambda: predictions.number("n", **NUMBER | {"answer": 11}), "answer: expected a number from 0 to 10, got 11"),
        (lambda: predictions.number("n", **NUMBER | {"high": 0}), "high: expected more than low, 0, got 0"),
        (lambda: predictions.number("n", **NUMBER, step=0), "step: expected a positive number"),
        (lambda: predictions.order("o", question="Q", items=["a"], answer=["a"]), "items: expected at least two"),
        (lambda: predictions.order("o", question="Q", items=["a", "a"], answer=["a", "a"]), "items: .*all different"),
        (
            lambda: predictions.order("o", question="Q", items=["a", "b"], answer=["a", "c"]),
            "answer: expected the items",
        ),
        (lambda: predictions.curve("c", **CURVE | {"y": [0.0, 1.0]}), "y: expected as many numbers as x has"),
        (lambda: predictions.curve("c", **CURVE | {"x": [0.0, 1.0, 1.0]}), "x: expected increasing numbers"),
        (lambda: predictions.curve("c", **CURVE | {"high": 1.0}), "y: expected numbers from -2 to 1, got -1 to 2"),
        (lambda: predictions.curve("c", **CURVE | {"low": 3.0}), "high: expected more than low, 3, got 2"),
    ],
)
def test_what_cannot_be_asked_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_face_needs_nothing_of_third_parties():
    assert not {*modules.gather(predictions.FACE)} & {*modules.VENDOR.values()}
