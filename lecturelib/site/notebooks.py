"""Each page as a notebook to download."""

from __future__ import annotations

from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.application import Sphinx


def write(app: Sphinx, page: str, doctree: nodes.document) -> Path:
    """Write the page as a notebook below _sources; the path of it."""
    path = Path(app.outdir) / "_sources" / f"{page}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(), path)
    return path
