"""Text of the library in a notebook: without roles, with the names that the book gives."""

import pytest

from lecturelib.core import display
from lecturelib.core.display import BUILDING, Shown


@pytest.fixture(autouse=True)
def nameless(monkeypatch):
    monkeypatch.delenv(BUILDING, raising=False)
    monkeypatch.setattr(display, "_NAMES", {})


TEXT = "See {numref}`fig-a`, {prf:ref}`thm-b` and {eq}`eq-c` ({prf:ref}`thm-d`) with {numref}`Figs. %s <fig-e>`."


def test_without_names_labels_stand_and_mere_pointers_go():
    assert display.plain(TEXT) == "See fig-a, thm-b and eq-c with Figs. fig-e."


def test_references_show_what_the_book_calls_things():
    display.name_labels({"fig-a": "Fig. 6.1", "thm-b": "Theorem 6.2"})
    display.name_labels({"eq-c": "(6.3)", "thm-d": "Lemma 6.4", "fig-e": "Fig. 6.5"})
    assert Shown.markdown(TEXT).plain == "See Fig. 6.1, Theorem 6.2 and (6.3) (Lemma 6.4) with Figs. 6.5."
    assert display.plain(TEXT, {}) == "See fig-a, thm-b and eq-c with Figs. fig-e."


def test_the_labels_of_a_text():
    assert display.labels(TEXT) == {"fig-a", "thm-b", "eq-c", "thm-d", "fig-e"}


def test_the_builder_gets_the_roles(monkeypatch):
    monkeypatch.setenv(BUILDING, "1")
    assert Shown.markdown(TEXT).plain == TEXT
