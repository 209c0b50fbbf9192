"""Tables of sentences: on a phone their rows stand as blocks, each cell under the name of its column (`book.css`).

They are marked when the book is built: a script would do it when the page has been seen, and what is below would move.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

TABLE = re.compile(r"<table\b.*?</table>", re.S)
LONG = 80
"""A table with a longer cell, in characters, is one of sentences."""
_HEAD = re.compile(r"<th\b[^>]*>(.*?)</th>", re.S)
_ROW = re.compile(r"<tr\b.*?</tr>", re.S)
_CELL = re.compile(r"<td\b([^>]*>)(.*?)</td>", re.S)


def _words(inside: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", inside)).strip()


def marked(table: str) -> str:
    """The table, marked if it has three columns or more, with names, and a long cell; it stays a table to hear."""
    names = [_words(name) for name in _HEAD.findall(table)]
    if len(names) < 3 or all(len(_words(inside)) <= LONG for _, inside in _CELL.findall(table)):
        return table

    def row(found: re.Match) -> str:
        columns: Iterator[str] = iter(names)

        def cell(inside: re.Match) -> str:
            name = next(columns, "")
            column = f' data-column="{html.escape(name)}"' if name and _words(inside[2]) else ""
            return f'<td role="cell"{column}{inside[1]}{inside[2]}</td>'

        return _CELL.sub(cell, found[0]).replace("<tr", '<tr role="row"', 1)

    table = _ROW.sub(row, table).replace("<th ", '<th role="columnheader" ')
    return re.sub(r'<table class="', '<table role="table" class="sentences ', table, count=1)


def mark(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Mark the tables of a page."""
    if context.get("body"):
        context["body"] = TABLE.sub(lambda found: marked(found[0]), context["body"])


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", mark)
