"""Labs as pages of the book. Sphinx reads the student's version of one, so that solutions never enter the build.

The student's notebook is made here too, from the resolved page, as chapters' notebooks are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from docutils import nodes
from docutils.parsers.rst import Directive
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from lecturelib.homework.lab import packing, source, versions
from lecturelib.homework.lab.lab import Lab, LabError
from lecturelib.site import notebooks

FOLDER = "labs/"
SOURCE_BUTTONS = {"source-edit-button", "source-file-button"}

PROGRESS = """
# Below each test cell, a line says which tasks pass.
from lecturelib.homework.lab import progress

progress.follow({tests})
"""
DATA = """
# Fetches the lab's data where they do not lie beside the notebook.
import pathlib, urllib.request

for name in {names}:
    if not pathlib.Path(name).exists():
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        urllib.request.urlretrieve("{address}/raw/{branch}/_sources/labs/" + name, name)
"""
DATA_MISSING = """
# Looks for the lab's data beside the notebook, and says what to do where they are missing.
import pathlib

for name in {names}:
    if not pathlib.Path(name).exists():
        raise FileNotFoundError(f"{{name}} is missing: unpack the lab's zip file and open the notebook in its folder.")
"""


class LabAnswer(Directive):
    """Where students answer a task in words; the argument is the task. Its text is one cell of their notebook."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """A box with the question and the place for the answer."""
        box = nodes.container(lab_answer=self.arguments[0], classes=["lab-answer"])
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


def is_lab(app: Sphinx, page: str) -> bool:
    """Whether a page is a lab: all that lie in the folder of labs are."""
    return page.startswith(FOLDER)


def read(app: Sphinx, page: str, text: list[str]) -> None:
    """Give Sphinx the student's version in place of the source, before anything else sees it."""
    if not is_lab(app, page):
        return
    lab = _lab(app, page, text[0])
    for data in lab.data:
        app.env.note_dependency(str(lab.path.parent / data))
    text[0] = versions.page(lab)


def _lab(app: Sphinx, page: str, text: str | None = None) -> Lab:
    path = Path(app.env.doc2path(page))
    try:
        return source.read(path) if text is None else source.reads(text, path)
    except LabError as error:
        raise ExtensionError(f"this lab breaks the format:\n{error}") from None


def write(app: Sphinx, page: str, doctree: nodes.document) -> Path:
    """Write the student's notebook with its data, all of it as a zip file, and the page's source, below _sources."""
    lab, path = _lab(app, page), notebooks.place(app, page)
    nbformat.write(notebook(app, page, doctree, lab), path)
    files = packing.student_files(lab, path.read_bytes())
    packing.lay_out(path.parent, files)
    path.with_suffix(".zip").write_bytes(packing.zipped(files, lab.name))
    path.with_suffix(".md").write_text(versions.page(lab), encoding="utf-8")
    return path


def notebook(app: Sphinx, page: str, doctree: nodes.document, lab: Lab) -> NotebookNode:
    """The student's notebook of a lab."""
    code = notebooks.code_cells(app, page, versions.page(lab))
    made = notebooks.notebook(app, page, doctree, code, first_cell(app, lab))
    answers = {task.name: task.solution for task in lab.tasks if task.kind == "written"}
    for cell in made.cells:
        if cell.cell_type == "markdown" and "nbgrader" in cell.metadata:
            cell.metadata = versions.source_cell(answers[cell.metadata["nbgrader"]["grade_id"]]).metadata
    return versions.finish(made)


def first_cell(app: Sphinx, lab: Lab) -> str:
    """The first code cell: makes the library and the data available, and turns on the progress line."""
    options = app.config.html_theme_options
    text = notebooks.setup_cell(app)
    if lab.data:
        address = options.get("repository_url", "").rstrip("/")
        form = DATA if address else DATA_MISSING
        names = json.dumps([data.as_posix() for data in lab.data])
        text += form.format(names=names, address=address, branch=notebooks.PUBLISHED)
    return text + PROGRESS.format(tests=json.dumps({task.name: len(task.tests) for task in lab.tasks}))


def hide_source(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> None:
    """Keep Sphinx from copying the source of a lab into the site, and take out links to it in the repository.

    By now the theme has made its buttons; the one that downloads the source finds what `write` put there.
    """
    if doctree is None or not is_lab(app, page):
        return
    context["sourcename"] = ""
    for group in context["header_buttons"]:
        if "buttons" in group:
            group["buttons"] = [button for button in group["buttons"] if button.get("label") not in SOURCE_BUTTONS]


def setup(app: Sphinx) -> None:
    """Register with Sphinx, as part of the book's extension."""
    app.add_directive("lab-answer", LabAnswer)
    app.connect("source-read", read, priority=1)
    # after the theme, at 501, has made its buttons
    app.connect("html-page-context", hide_source, priority=900)
