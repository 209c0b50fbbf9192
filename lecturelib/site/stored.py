"""What the cells of a page showed when it was executed, as outputs of its notebook that any program can show.

Types for the builder become types for readers: a figure an image with its caption, text of the library Markdown in
which references have the names that the page gives them, an explorer the picture of how it begins, a prediction its
question with the result folded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from docutils import nodes
from jupyter_cache import get_cache
from myst_nb.core.read import create_nb_reader
from nbformat import NotebookNode
from nbformat.v4 import new_output
from sphinx.application import Sphinx

from lecturelib.core import display, figures
from lecturelib.core.display import EXPLORER_MIME, FIGURE_MIME, MYST_MIME, PREDICTION_MIME
from lecturelib.site.key import part_of
from lecturelib.site.markdown import Markdown

LEFT_OUT = ("application/vnd.jupyter.widget", "application/vnd.lecturelib", "application/papermill.record")
"""Beginnings of types that need a kernel, or are only for the builder: nothing shows them in a notebook."""
PLAIN = "text/plain"
ALIVE = "*An explorer, as it begins. Run the cell above to make it answer.*"


def read(app: Sphinx, page: str, text: str) -> dict[int, list[NotebookNode]]:
    """Index → outputs of the code cells of a page whose source is `text`; nothing where it was not executed."""
    reader = create_nb_reader(app.env.doc2path(page), app.env.myst_config, app.env.mystnb_config, text)
    place = app.config.part_caches[part_of(app.srcdir, page)]
    if reader is None:
        return {}
    try:
        _, done = get_cache(place).merge_match_into_notebook(reader.read(text))
    except KeyError:
        return {}
    return {index: cell.outputs for index, cell in enumerate(done.cells) if cell.cell_type == "code"}


def names(doctree: nodes.document, shown: Mapping[int, Iterable[NotebookNode]], markdown: Markdown) -> dict[str, str]:
    """Label → name of what the outputs of a page show or refer to, as "fig-hill" → "Fig. 6.1"."""
    books = [content for outputs in shown.values() for output in outputs for content in _books(output)]
    wanted = {label for content in books for label in _labels(content)}
    found = {}
    for node in doctree.findall(nodes.reference):
        anchor = (node.get("refid") or node.get("refuri", "").rpartition("#")[2]).removeprefix("equation-")
        if anchor in wanted:
            found[anchor] = node.astext()
    for figure in doctree.findall(nodes.figure):
        if (number := markdown.number("figure", figure)) and wanted.intersection(figure["ids"]):
            found[figure["ids"][0]] = markdown.formats["figure"] % number
    return dict(sorted(found.items()))


def _books(output: NotebookNode) -> Iterator[Any]:
    """What an output gives to the builder: text in MyST, or the data of a figure."""
    data = output.get("data", {})
    if MYST_MIME in data:
        yield data[MYST_MIME]
    if FIGURE_MIME in data:
        yield _loaded(data[FIGURE_MIME])
    if PREDICTION_MIME in data and (picture := _loaded(data[PREDICTION_MIME])["picture"]):
        yield picture


def _labels(content: str | Mapping[str, Any]) -> set[str]:
    if isinstance(content, str):
        return display.labels(content)
    return {content["label"], *display.labels(content["caption"])}


def _loaded(content: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of a type that ends in +json, which may be there as text or read already."""
    return json.loads(content) if isinstance(content, str) else content


def lower(outputs: Iterable[NotebookNode], known: Mapping[str, str]) -> list[NotebookNode]:
    """Outputs of a cell as a notebook has them; `known`: label → name."""
    return [made for output in outputs for made in _lower(output, known)]


def _lower(output: NotebookNode, known: Mapping[str, str]) -> Iterator[NotebookNode]:
    data = output.get("data")
    if data is None:
        yield output
    elif FIGURE_MIME in data:
        yield from map(_shown, figures.outputs(_loaded(data[FIGURE_MIME]), known))
    elif EXPLORER_MIME in data:
        still, _ = figures.outputs(_loaded(data[EXPLORER_MIME])["still"], known)
        yield from map(_shown, [still, ({"text/markdown": ALIVE, PLAIN: ALIVE.strip("*")}, {})])
    elif MYST_MIME in data or PREDICTION_MIME in data:
        words = display.plain(data["text/markdown"], known)
        yield _shown(({"text/markdown": words, PLAIN: words}, {}))
    else:
        kept = {kind: content for kind, content in data.items() if not kind.startswith(LEFT_OUT)}
        if kept and (kept.keys() - {PLAIN} or kept == data):
            yield _shown((kept, output.get("metadata", {})))


def _shown(output: figures.Output) -> NotebookNode:
    data, metadata = output
    return new_output("display_data", data=data, metadata=metadata)
