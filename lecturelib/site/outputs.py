"""What the library shows in a cell, as nodes of the page: MyST text, numbered figures, explorers, predictions."""

from __future__ import annotations

import json
from typing import ClassVar

from docutils import nodes
from myst_nb.core.render import MimeData, MimeRenderPlugin, NbElementRenderer

from lecturelib.core.display import EXPLORER_MIME, FIGURE_MIME, MYST_MIME, PREDICTION_MIME
from lecturelib.site import drawings, explorers, predictions, terms

TYPES = (MYST_MIME, FIGURE_MIME, EXPLORER_MIME, PREDICTION_MIME)


class LibraryOutputs(MimeRenderPlugin):
    """Renders `MYST_MIME` as part of the page, `FIGURE_MIME` as a figure with number, caption and label, and
    `EXPLORER_MIME` and `PREDICTION_MIME` as the place of an explorer or a prediction.
    """

    mime_priority_overrides: ClassVar = [("*", mime, 1) for mime in TYPES]

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        """Nodes for the types of the library, None for all others."""
        if inline or data.mime_type not in TYPES:
            return None
        if data.mime_type == MYST_MIME:
            return _parse(renderer, data.string, data.line)
        # a type that ends in +json may arrive parsed already
        content = data.content if isinstance(data.content, dict) else json.loads(data.string)
        if data.mime_type == EXPLORER_MIME:
            return [explorers.place(content)]
        if data.mime_type == PREDICTION_MIME:
            parse, draw = (lambda part, make=make: make(renderer, part, data.line) for make in (_parse, _figure))
            return [predictions.place(content, parse, draw)]
        return [_figure(renderer, content, data.line)]


def _parse(renderer: NbElementRenderer, text: str, line: int | None) -> list[nodes.Element]:
    holder = nodes.Element()
    with renderer.renderer.current_node_context(holder):
        renderer.renderer.nested_render_text(terms.repeated(text), line or 0)
    return holder.children


def _figure(renderer: NbElementRenderer, content: dict[str, str], line: int | None) -> nodes.figure:
    figure = nodes.figure(classes=["drawn"])
    # a box of its own scrolls on narrow screens, and the caption stays
    figure += nodes.raw("", f'<div class="drawing">{drawings.light(content["svg"])}</div>', format="html")
    caption = nodes.caption()
    for paragraph in _parse(renderer, content["caption"], line):
        caption += paragraph.children
    figure += caption
    figure["names"].append(nodes.fully_normalize_name(content["label"]))
    document = renderer.renderer.document
    document.note_explicit_target(figure, figure)
    return figure
