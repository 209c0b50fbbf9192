"""Predict, then see: questions that take the reader's guess before they show the result, and lay one beside the other.

    predictions.number("steps", question="How many steps until …?", answer=run.steps, low=0, high=100)

A guess stays in the reader's browser. Where no script runs, the result stands folded. Questions, items and explanations
are Markdown with $mathematics$; a page reads them as its own text (MyST), a notebook shows the formulas as MathML.
"""

from __future__ import annotations

import html
import json
import os
import random
import re
from collections.abc import Sequence
from typing import Any
from unittest import mock

import anywidget
import comm
import traitlets

from lecturelib.core import display, figures, modules
from lecturelib.core.arguments import Real, Vector, checked
from lecturelib.core.display import BUILDING, FOLDED_RESULT, PREDICTION_MIME

FACE = modules.LIBRARY / "core" / "browser" / "predictions.js"
STYLE = FACE.with_suffix(".css")
FORMULA = re.compile(r"\$([^$]+)\$")


class Prediction(anywidget.AnyWidget):
    """A question with its result, as `number`, `order` and `curve` make it: the value of a cell.

    face: what the browser needs to ask and to compare. question, result, explanation: Markdown. items: those of an
    order, as they are shown before. svg: the curve as a picture. picture: a figure that belongs to the result.
    """

    data = traitlets.Dict().tag(sync=True)
    """What the browser asks and compares by, and in a notebook the texts as HTML."""

    def __init__(
        self,
        name: str,
        face: dict[str, Any],
        *,
        question: str,
        result: str,
        explanation: str,
        items: Sequence[str] = (),
        svg: str = "",
        picture: figures.Picture | None = None,
    ) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise ValueError(f"name: expected lower-case letters, digits and dashes, got {name!r}")
        if not question.strip():
            raise ValueError("question: expected what the reader is asked, got an empty text")
        self._texts = {"question": question.strip(), "result": result, "explanation": explanation.strip()}
        self._items, self._svg, self._picture = list(items), svg, picture
        self._face = {"name": name, **face}
        if os.environ.get(BUILDING):
            with mock.patch("comm.create_comm", comm.DummyComm):  # nobody listens, as for explorers
                super().__init__(data=self._face)
        else:
            texts = {key: markup(text) for key, text in self._texts.items()}
            shown = {"items": [markup(item, inline=True) for item in items], "svg": svg, "picture": self._drawn()}
            inside = {**self._face, **texts, **shown}
            code = {"_esm": modules.as_one(FACE), "_css": STYLE.read_text(encoding="utf-8") + palette()}
            self.add_traits(**{key: traitlets.Unicode(text).tag(sync=True) for key, text in code.items()})
            super().__init__(data=inside)

    @property
    def name(self) -> str:
        """By what name the browser keeps the guess, and addresses call the place."""
        return self._face["name"]

    def _repr_mimebundle_(self, **options: Any):
        words = {"text/plain": display.plain(self._texts["question"]), "text/markdown": self._folded()}
        if not os.environ.get(BUILDING):
            data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
            return {**words, **data}, metadata
        book: dict[str, Any] = {"face": self._face, **self._texts, "items": self._items, "svg": self._svg}
        book["picture"] = self._picture and self._picture.book
        return {**words, PREDICTION_MIME: json.dumps(book)}, {}

    def _folded(self) -> str:
        """What programs without widgets show: the question, and the result folded, with a curve in words."""
        items = "\n".join(f"- {item}" for item in self._items)
        question, result, explanation = (self._texts[key] for key in ("question", "result", "explanation"))
        inside = "\n\n".join(filter(None, [result, self._face.get("told"), explanation]))
        folded = f"<details><summary>{FOLDED_RESULT}</summary>\n\n{inside}\n\n</details>"
        return "\n\n".join(filter(None, [question, items, folded]))

    def _drawn(self) -> str:
        """The figure of the result for a notebook, or nothing."""
        if not self._picture:
            return ""
        book = self._picture.book
        source, alt = f"data:image/png;base64,{book['png']}", html.escape(book["alt"])
        image = f'<img src="{source}" width="{book["size"][0]}" alt="{alt}">'
        return f"<figure>{image}<figcaption>{markup(book['caption'])}</figcaption></figure>"


@checked
def number(
    name: str,
    *,
    question: str,
    answer: Real,
    low: Real,
    high: Real,
    step: Real | None = None,
    unit: str = "",
    explanation: str = "",
    picture: figures.Picture | None = None,
) -> Prediction:
    """Let the reader guess a number from `low` to `high`; `step` is the slider's, a hundredth of the way unless given.

    unit: what stands behind the number. picture: a figure, as `figures.show` makes it, that is seen with the result.
    Raises ValueError where low, answer and high are not in this order, or where `step` is not positive.
    """
    if not low < high:
        raise ValueError(f"high: expected more than low, {low:g}, got {high:g}")
    if not low <= answer <= high:
        raise ValueError(f"answer: expected a number from {low:g} to {high:g}, got {answer:g}")
    if step is not None and not step > 0:
        raise ValueError(f"step: expected a positive number, got {step:g}")
    face = {
        "kind": "number",
        "answer": answer,
        "low": low,
        "high": high,
        "step": step or (high - low) / 100,
        "unit": unit,
    }
    return Prediction(
        name,
        face,
        question=question,
        result=f"**It is {written(answer)}{unit and ' ' + unit}.**",
        explanation=explanation,
        picture=picture,
    )


@checked
def order(
    name: str,
    *,
    question: str,
    items: Sequence[str],
    answer: Sequence[str],
    explanation: str = "",
    picture: figures.Picture | None = None,
) -> Prediction:
    """Let the reader put items in an order; `answer` has the same items in the order that comes out.

    Items are shown as they are given, but in another order where that is the answer. picture: a figure that is seen
    with the result. Raises ValueError where there are fewer than two items, two are the same, or the answer has others.
    """
    if len(items) < 2 or len({*items}) < len(items):
        raise ValueError(f"items: expected at least two, all different, got {list(items)!r}")
    if sorted(answer) != sorted(items):
        raise ValueError(f"answer: expected the items in another order, got {list(answer)!r}")
    shown, draw = list(items), random.Random(name)
    while shown == list(answer):
        draw.shuffle(shown)
    places = [shown.index(item) for item in answer]
    result = "**The order is:**\n\n" + "\n".join(f"{place}. {item}" for place, item in enumerate(answer, 1))
    return Prediction(
        name,
        {"kind": "order", "answer": places},
        question=question,
        result=result,
        explanation=explanation,
        items=shown,
        picture=picture,
    )


@checked
def curve(
    name: str,
    *,
    question: str,
    x: Vector,
    y: Vector,
    x_label: str,
    y_label: str,
    low: Real,
    high: Real,
    explanation: str = "",
) -> Prediction:
    """Let the reader sketch a curve; the answer goes through (x[k], y[k]) and is then drawn over the sketch.

    x: increasing; the sketch goes from its first to its last. low, high: ends of the axis of heights. Labels are plain
    text. Raises ValueError where x does not increase, x and y differ in length, or heights are not within the axis.
    """
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"y: expected as many numbers as x has, and at least 2, got {len(y)} for {len(x)}")
    if not bool((x[1:] > x[:-1]).all()):
        raise ValueError("x: expected increasing numbers")
    if not low < high:
        raise ValueError(f"high: expected more than low, {low:g}, got {high:g}")
    if not bool(((y >= low) & (y <= high)).all()):
        raise ValueError(f"y: expected numbers from {low:g} to {high:g}, got {float(y.min()):g} to {float(y.max()):g}")
    figure, axes = figures.new(height=2.6)
    axes.plot(x.tolist(), y.tolist(), color=figures.ORANGE)
    axes.set(xlabel=x_label, ylabel=y_label, xlim=(float(x[0]), float(x[-1])), ylim=(low, high))
    told = _in_words(x.tolist(), y.tolist(), x_label, y_label)
    picture = figures.show(figure, caption=question, alt=told, label=f"fig-prediction-{name}")
    face = {"kind": "curve", "x": _short(x.tolist()), "y": _short(y.tolist()), "low": low, "high": high, "told": told}
    face |= {"xLabel": x_label, "yLabel": y_label}
    return Prediction(
        name, face, question=question, result="**This is what comes out:**", explanation=explanation, svg=picture.svg
    )


def written(value: float) -> str:
    """A number as a reader likes it: four digits, a true minus sign."""
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def _short(values: list[float]) -> list[float]:
    """Numbers as exact as a picture needs them."""
    return [float(f"{value:.6g}") for value in values]


def _in_words(x: list[float], y: list[float], x_label: str, y_label: str) -> str:
    """A curve for those who cannot see it."""
    low, high = y.index(min(y)), y.index(max(y))
    places = [("from", 0), ("to", len(x) - 1), ("lowest", low), ("highest", high)]
    first, last, *others = (f"{word} {written(y[k])} at {written(x[k])}" for word, k in places)
    return f"A curve of {y_label} over {x_label}, {first} {last}, {', '.join(others)}."


def markup(text: str, *, inline: bool = False) -> str:
    """Markdown with $formulas$ as HTML with MathML, for a notebook, where nobody else typesets it."""
    # a page is built without them
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt

    formulas: list[str] = []

    def keep(found: re.Match) -> str:
        formulas.append(convert(found[1]))
        return f"\ue000{len(formulas) - 1}\ue001"

    reader = MarkdownIt("commonmark", {"html": False})
    kept = FORMULA.sub(keep, display.plain(text))
    made = reader.renderInline(kept) if inline else reader.render(kept)
    return re.sub("\ue000(\\d+)\ue001", lambda found: formulas[int(found[1])], made)


def palette() -> str:
    """The colours of figures for a notebook, light and dark."""
    light, dark = (" ".join(f"--figure-{name}: {pair[k]};" for name, pair in figures.PALETTE.items()) for k in (0, 1))
    return f'.prediction {{ {light} }}\n[data-jp-theme-light="false"] .prediction {{ {dark} }}\n'
