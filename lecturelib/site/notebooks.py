"""Each page as a notebook to download: its text in plain Markdown, its code cells as they stand in the chapter.

A notebook says where it comes from, and has what its cells showed when the book was built (stored.py), so that it can
be read where nothing runs. Two builds of the same page give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
from docutils import nodes
from myst_nb.core.read import create_nb_reader
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinxcontrib.bibtex.transforms import node_text_transform

from lecturelib.site import stored
from lecturelib.site.markdown import Answer, Cell, Markdown, Part

logger = logging.getLogger(__name__)

_IMAGE = re.compile(r"!\[([^]]*)\]\(attachment:([^)]*)\)")

PUBLISHED = "gh-pages"
"""The branch that holds the built site, where Colab finds the notebooks of the pages, and they their data."""

METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
CODE_LICENCE = "https://opensource.org/license/mit"

FROM_REPOSITORY = """\
# Makes lecturelib, the library of this book, available: installs it from the book's repository where it is missing.
try:
    import lecturelib
except ModuleNotFoundError:
    print("Installing lecturelib, the library of this book, and what it needs: this takes some minutes, once.")
    %pip install --quiet "lecturelib @ git+{address}@{branch}"
"""
FROM_COPY = """\
# Looks for lecturelib, the library of this book, and says what to do where it is missing.
try:
    import lecturelib
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "This notebook needs lecturelib, the library of its book, "
        "{book}. {where} "
        "Run the notebook inside a copy of the book, "
        "with the Python environment that `make` sets up there."
    ) from None
"""
NAMES = """\
# What the book calls its figures and statements, for the captions of this notebook.
from lecturelib.core import display

display.name_labels({names})
"""


def write(app: Sphinx, page: str, doctree: nodes.document) -> Path:
    """Write the page as a notebook below _sources; the path of it."""
    path = place(app, page)
    text = Path(app.env.doc2path(page)).read_text(encoding="utf-8")
    made = notebook(
        app, page, doctree, code_cells(app, page, text), setup_cell(app), shown=stored.read(app, page, text)
    )
    nbformat.write(made, path)
    return path


def place(app: Sphinx, page: str) -> Path:
    """Where the notebook of a page is written; its folder is made."""
    path = Path(app.outdir) / "_sources" / f"{page}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def notebook(
    app: Sphinx,
    page: str,
    doctree: nodes.document,
    code: dict[int, NotebookNode],
    setup: str,
    *,
    shown: dict[int, list[NotebookNode]] | None = None,
) -> NotebookNode:
    """The page as a notebook with its cells `code`, index → cell, the first of them behind the cell `setup`.

    `shown`: index → what a cell has put out, in types of the builder too. A node that has no Markdown makes a warning
    that names it.
    """

    def unknown(node: nodes.Node) -> None:
        kind = type(node).__name__
        logger.warning("notebook of this page: no Markdown for a node of type %s", kind, location=node, type="notebook")

    base = app.config.html_baseurl
    markdown = Markdown(
        unknown=unknown,
        numbers=app.env.toc_fignumbers.get(page, {}),
        sections=app.env.toc_secnumbers.get(page, {}),
        formats=app.config.numfig_format,
        macros=app.config.formula_macros,
        address=f"{base.rstrip('/')}/{app.builder.get_target_uri(page)}" if base else "",
    )
    parts = markdown.parts(doctree)
    parts += references(app, page, markdown)
    images = {name: _file(app, node) for name, node in markdown.images.items()}
    names = stored.names(doctree, shown or {}, markdown)
    before = [new_code_cell(setup.rstrip()), *_names_cell(names)] if code else []
    for index, outputs in (shown or {}).items():
        code[index].outputs = stored.lower(outputs, names)
    cells = [new_markdown_cell(origin(app, markdown.address)), *_cells(parts, code, before)]
    for position, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            _attach(cell, images)
        cell.id = hashlib.sha256(f"{page} {position} {cell.source}".encode()).hexdigest()[:12]
    title = app.env.titles[page].astext()
    return new_notebook(cells=cells, metadata={**METADATA, **about(app, title, markdown.address)})


def origin(app: Sphinx, address: str) -> str:
    """The first cell: of what book this is a page, where that is, and what may be done with it."""
    book = f"*{app.config.html_title}*, © {app.config.copyright} {app.config.author}."
    place = f" The page in the book: <{address}>." if address else ""
    return f"{book}{place} Text and figures: [CC BY 4.0]({LICENCE}); code: [MIT licence]({CODE_LICENCE})."


def about(app: Sphinx, title: str, address: str) -> dict[str, Any]:
    """The same as metadata, with the names that nbformat has for them."""
    found = {
        "title": f"{title} — {app.config.html_title}",
        "authors": [{"name": app.config.author}],
        "license": {"text": {"name": "CC BY 4.0", "url": LICENCE}, "code": {"name": "MIT", "url": CODE_LICENCE}},
    }
    return {**found, "address": address} if address else found


def _names_cell(names: dict[str, str]) -> list[NotebookNode]:
    """A folded cell that tells the library what the book calls things; none where nothing is called anything."""
    if not names:
        return []
    text = NAMES.format(names=json.dumps(names, indent=4, ensure_ascii=False)).rstrip()
    return [new_code_cell(text, metadata={"jupyter": {"source_hidden": True}})]


def references(app: Sphinx, page: str, markdown: Markdown) -> list[str]:
    """The works that the page cites, as the bibliography lists them; nothing where the page is the bibliography."""
    domain = app.env.get_domain("cite")
    cited = {target.key for ref in domain.citation_refs if ref.docname == page for target in ref.targets}
    entries = []
    for citation in domain.citations:
        if citation.key in cited and citation.bibliography_key.docname != page:
            entry = domain.backend.paragraph(citation.formatted_entry)
            node_text_transform(entry)
            entries += [f"- {part}" for part in markdown.parts(entry)]
    return ["## References", "\n".join(entries)] if entries else []


def code_cells(app: Sphinx, page: str, text: str) -> dict[int, NotebookNode]:
    """Index → code cell of the page whose source is `text`: the page does not show all of them."""
    path = app.env.doc2path(page)
    reader = create_nb_reader(path, app.env.myst_config, app.env.mystnb_config, text)
    cells = reader.read(text).cells if reader else []
    return {index: cell for index, cell in enumerate(cells) if cell.cell_type == "code"}


def _cells(parts: list[Part], code: dict[int, NotebookNode], before: list[NotebookNode]) -> Iterator[NotebookNode]:
    """The cells of the notebook: a new one at every heading, and the code where it stands in the chapter.

    `before`: cells that come in front of the first code.
    """
    # cells that the page leaves out altogether, which later ones may need
    absent = [index for index, cell in code.items() if _removed(cell)]
    text: list[str] = []
    for part in [*parts, Cell(max(code, default=-1) + 1)]:
        if text and (not isinstance(part, str) or part.startswith("#")):
            yield new_markdown_cell("\n\n".join(text))
            text = []
        if isinstance(part, str):
            text.append(part)
            continue
        if isinstance(part, Answer):
            yield new_markdown_cell(part.text, metadata={"nbgrader": {"grade_id": part.task}})
            continue
        indices = [index for index in absent if index < part.index]
        absent = absent[len(indices) :]
        for index in [*indices, *([part.index] if part.index in code else [])]:
            yield from before
            before = []
            yield _code(code[index], folded=part.folded)


def _tags(cell: NotebookNode) -> set[str]:
    return {tag.replace("_", "-") for tag in cell.metadata.get("tags", [])}


def _removed(cell: NotebookNode) -> bool:
    return "remove-cell" in _tags(cell) or {"remove-input", "remove-output"} <= _tags(cell)


def _code(cell: NotebookNode, *, folded: bool) -> NotebookNode:
    """A cell of the chapter, folded where the page hides it."""
    tags, metadata = _tags(cell), dict(cell.metadata)
    hidden = {
        "source_hidden": folded or bool(tags & {"hide-input", "hide-cell", "remove-input", "remove-cell"}),
        "outputs_hidden": bool(tags & {"hide-output", "hide-cell", "remove-output", "remove-cell"}),
    }
    if any(hidden.values()):
        metadata["jupyter"] = {name: True for name, value in hidden.items() if value}
    return new_code_cell(cell.source, metadata=metadata, outputs=cell.outputs)


def setup_cell(app: Sphinx) -> str:
    """The first code cell, which makes the library available."""
    options = app.config.html_theme_options
    address = options.get("repository_url", "").rstrip("/")
    if not address:
        base = app.config.html_baseurl
        where = f"The book is at {base}." if base else "The book is where you got this notebook."
        return FROM_COPY.format(book=app.config.html_title, where=where)
    return FROM_REPOSITORY.format(address=address, branch=options.get("repository_branch") or "main")


def _file(app: Sphinx, node: nodes.image) -> Path:
    """The file of an image: by now the node names it as the site does."""
    names = {name: source for source, name in app.builder.images.items()}
    uri = unquote(node["uri"])
    return Path(app.srcdir) / names.get(Path(uri).name, uri)


def _attach(cell: NotebookNode, images: dict[str, Path]) -> None:
    """Store with the cell the images that it shows."""

    def store(found: re.Match) -> str:
        alt, name = found[1], found[2]
        if name not in images:  # it stands in a listing
            return found[0]
        data = base64.b64encode(images[name].read_bytes()).decode()
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if kind == "image/svg+xml":  # JupyterLab shows no attachments of this kind
            return f'<img alt="{html.escape(alt)}" src="data:{kind};base64,{data}">'
        cell.setdefault("attachments", {})[name] = {kind: data}
        return found[0]

    cell.source = _IMAGE.sub(store, cell.source)
