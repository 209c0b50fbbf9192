"""Predictions on pages: their place, and the script that asks. Without it the result stands folded below."""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from lecturelib.core.display import FOLDED_RESULT
from lecturelib.core.modules import LIBRARY
from lecturelib.site import bundles, drawings

FOLDER = "assets/predictions"
"""Where the site has script and style sheet; only pages with a prediction load them."""
PAGE = Path(__file__).parent / "browser" / "predictions_page.js"
STYLE = LIBRARY / "core" / "browser" / "predictions.css"


class prediction_result(nodes.General, nodes.Element):
    """What unfolds: the result, the picture of it where there is one, and the explanation."""


def place(
    content: dict[str, Any],
    parse: Callable[[str], list[nodes.Element]],
    draw: Callable[[dict[str, str]], nodes.figure],
) -> nodes.container:
    """The place of a prediction in a page; `parse` makes nodes of MyST text, `draw` a figure with its number."""
    face = content["face"]
    box = nodes.container(classes=["prediction"], ids=[f"prediction-{face['name']}"], prediction=face["name"])
    box += nodes.container("", *parse(content["question"]), classes=["prediction-question"])
    if content["items"]:
        items = (nodes.list_item("", *parse(item)) for item in content["items"])
        box += nodes.bullet_list("", *items, classes=["prediction-items"])
    result = prediction_result()
    result += nodes.container("", *parse(content["result"]), classes=["prediction-answer"])
    if content["svg"]:
        still = f'<div class="drawing prediction-still">{drawings.light(content["svg"])}</div>'
        result += nodes.raw("", still, format="html")
    if content["explanation"]:
        result += nodes.container("", *parse(content["explanation"]), classes=["prediction-explanation"])
    if content["picture"]:
        result += draw(content["picture"])
    box += result
    data = json.dumps(face).replace("<", "\\u003c")
    box += nodes.raw("", f'<script type="application/json">{data}</script>', format="html")
    return box


def visit_result(self: HTML5Translator, node: prediction_result) -> None:
    """Open what unfolds."""
    summary = html.escape(FOLDED_RESULT)
    self.body.append(f'<details class="prediction-result"><summary>{summary}</summary>\n')


def depart_result(self: HTML5Translator, node: prediction_result) -> None:
    """Close what unfolds."""
    self.body.append("</details>\n")


def add_files(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> None:
    """Let a page with predictions load what asks; other pages load nothing of it."""
    if doctree is not None and any("prediction" in box for box in doctree.findall(nodes.container)):
        app.add_css_file(f"../{FOLDER}/predictions.css")
        app.add_js_file(f"../{FOLDER}/predictions.js", loading_method="defer")


def lay_out(app: Sphinx, failed: Exception | None) -> None:
    """Write the script and the style sheet of predictions into the site."""
    if failed or app.builder.format != "html":
        return
    target = Path(app.outdir) / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    bundles.write_alone(PAGE, target / "predictions.js")
    shutil.copyfile(STYLE, target / "predictions.css")


def setup(app: Sphinx) -> None:
    """Register with Sphinx, as part of the book's extension."""
    app.add_node(prediction_result, html=(visit_result, depart_result))
    app.connect("html-page-context", add_files)
    app.connect("build-finished", lay_out)
