"""Outputs as a notebook has them: nothing in them is for the builder alone, or for a kernel."""

import json

from nbformat.v4 import new_output

from lecturelib.core import figures
from lecturelib.core.display import EXPLORER_MIME, MYST_MIME, PREDICTION_MIME
from lecturelib.site import stored


def lower(data: dict) -> list[dict]:
    return [dict(one.data) for one in stored.lower([new_output("display_data", data=data)], {"thm-a": "Theorem 6.1"})]


def test_text_of_the_library_has_the_names_of_the_page():
    data = {MYST_MIME: "::: {x}", "text/markdown": "As {prf:ref}`thm-a` says.", "text/plain": "x"}
    words = "As Theorem 6.1 says."
    assert lower(data) == [{"text/markdown": words, "text/plain": words}]


def test_an_explorer_is_the_picture_of_how_it_begins():
    drawing, _ = figures.new()
    still = figures.show(drawing, caption="A title.", alt="A picture.", label="fig-still").book
    image, words = lower({EXPLORER_MIME: json.dumps({"still": still}), "text/plain": "x"})
    assert image["image/png"] == still["png"]
    assert words["text/plain"] == "An explorer, as it begins. Run the cell above to make it answer."


def test_a_prediction_is_its_question_with_the_result_folded():
    words = "How much?\n\n<details><summary>See</summary>\n\n2\n\n</details>"
    data = {PREDICTION_MIME: "{}", "text/markdown": words, "text/plain": "How much?"}
    assert lower(data) == [{"text/markdown": words, "text/plain": words}]


def test_a_widget_and_what_is_glued_leave_nothing_that_shows():
    assert lower({"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "IntSlider()"}) == []
    assert lower({"application/papermill.record/text/plain": "3"}) == []
    assert lower({"text/plain": "3"}) == [{"text/plain": "3"}]


def test_printed_lines_stay():
    printed = new_output("stream", name="stdout", text="3\n")
    assert stored.lower([printed], {}) == [printed]
