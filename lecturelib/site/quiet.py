"""Code that teaches is shown, the rest is quiet: a check is its line alone, a figure has one link to its code.

What happens to a cell follows from what it is. Only the page is changed: notebooks have every cell where it stands.

- A cell that only shows a check or a derivation leaves no code, nor does one that shows a prediction, whose code has
  the answer.
- A hidden cell (`hide-input`), or one that only shows something the library made, is folded behind one link below
  what it shows, together with the hidden cells before it that it needs.
- Hidden cells that lead to nothing one can see, such as those that set numbers of the text, are folded together at the
  end of the page.

The tag `show-input` shows the code of a cell whatever it is, `remove-input` leaves neither code nor link.
"""

from __future__ import annotations

import ast
import html
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

from lecturelib.core.display import EXPLORER_MIME, FIGURE_MIME, MYST_MIME, PREDICTION_MIME

LIBRARY = {MYST_MIME, FIGURE_MIME, EXPLORER_MIME, PREDICTION_MIME}
"""Types of output that the library makes, for which the code that only asks for them teaches nothing."""
KEPT = {"show-input", "hide-cell", "hide-output"}
"""Tags of cells that are left as they are."""


class code_behind(nodes.General, nodes.Element):
    """Code cells folded into one small line. `of` says, to those who do not see the page, whose code it is."""


class silent_cell(nodes.container):
    """A cell of which the page shows nothing. It stays in its place for those who ask where cells are."""


@dataclass
class Code:
    """A code cell of the page."""

    cell: nodes.container
    hidden: bool = False
    only_shows: bool = False  # imports, and one expression that asks the library for something to see
    binds: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)

    @property
    def source(self) -> nodes.Element | None:
        """The box with its code, if the page has one."""
        return next(_parts(self.cell, "cell_code_source"), None)

    @property
    def seen(self) -> list[nodes.container]:
        """What it shows: one container for each output, or for each type of it, that is not empty."""
        return [part for output in _parts(self.cell, "cell_code_output") for part in output.children if part.children]

    @property
    def made(self) -> dict[str, nodes.Element]:
        """What the library made among it: its type → the nodes."""
        bundles = [part for part in self.seen if part.get("nb_element") == "mime_bundle"]
        kinds = {kind["mime_type"]: kind for part in bundles for kind in part.children}
        return {name: kind for name, kind in kinds.items() if name in LIBRARY}


def _parts(cell: nodes.Element, name: str) -> Iterator[nodes.Element]:
    return (part for part in cell.children if part.get("nb_element") == name)


def read(cell: nodes.container) -> Code:
    """What the code of a cell binds and needs, and what kind of cell it is."""
    code = Code(cell)
    tags = {tag.replace("_", "-") for tag in cell["cell_metadata"].get("tags", [])}
    if code.source is None or tags & KEPT:
        return code
    text = code.source.astext()
    try:
        tree, table = ast.parse(text), symtable.symtable(text, "cell", "exec")
    except SyntaxError:  # magics of IPython, or commands of a shell
        code.hidden = "hide-input" in tags
        return code
    *before, last = tree.body or [ast.Pass()]
    imports = all(isinstance(line, ast.Import | ast.ImportFrom) for line in before)
    code.only_shows = imports and isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)
    code.hidden = "hide-input" in tags or (code.only_shows and bool(code.made))
    code.binds = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    code.needs = set(_asked(table)) - code.binds
    return code


def _asked(table: symtable.SymbolTable) -> Iterator[str]:
    """Names that a piece of code takes from the page, those of functions within it too."""
    top = table.get_type() == "module"
    yield from (one.get_name() for one in table.get_symbols() if one.is_referenced() and (top or one.is_global()))
    for inner in table.get_children():
        yield from _asked(inner)


def is_check(code: Code) -> bool:
    """Does a cell only show a check or a derivation, whose code says nothing that its line does not say?"""
    words = code.made.get(MYST_MIME)
    return code.only_shows and words is not None and any(True for _ in words.findall(_is_proof))


def _is_proof(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Element):
        return False
    return "derivation" in node["classes"] or {"quiet", "claim"} <= {*node.get("container_classes", ())}


def behind(found: list[Code], thing: Code) -> tuple[list[Code], list[Code]]:
    """Of the cells `found` before one that shows something: hidden ones that belong to it, and other hidden ones.

    A cell belongs to it if it makes what is needed later. So does one that draws into a figure, and makes no name at
    all; but a cell that sets numbers for the text is there for the text.
    """
    needed, belong, others = set(thing.needs), [], []
    for code in reversed(found):
        wanted = bool(code.binds & needed)
        if wanted or (code.hidden and "glue" not in code.needs | code.binds):
            needed |= code.needs
            belong += [code] if code.hidden else []
        elif code.hidden:
            others.append(code)
    return belong[::-1], others[::-1]


class QuietCode(SphinxPostTransform):
    """Folds the code of a page. It runs before types of output are chosen, so that it sees which there are."""

    default_priority = 3
    formats = ("html",)

    def run(self, **options) -> None:
        """Change the page."""
        before: list[Code] = []
        rest: list[Code] = []
        for cell in list(self.document.findall(_is_cell)):
            code = read(cell)
            if not code.hidden or not code.seen:
                before.append(code)
            elif is_check(code) or PREDICTION_MIME in code.made:
                cell.remove(code.source)
            else:
                belong, others = behind(before, code)
                rest += others
                cell.append(self.fold([*belong, code], self.name(code)))
                before = []
        rest += [code for code in before if code.hidden]
        if rest:
            place = next(self.document.findall(nodes.section), self.document)
            place.append(self.fold(rest, "not shown above"))

    def fold(self, found: list[Code], of: str) -> code_behind:
        """Move the code of these cells into a place of its own."""
        folded = code_behind(of=of)
        for code in found:
            source = code.source
            code.cell.remove(source)
            code.cell["classes"] = [name for name in code.cell["classes"] if not name.startswith("tag_hide")]
            code.cell.attributes.pop("hide_mode", None)
            folded.append(source)
            if not code.cell.children:
                silent = silent_cell("", **code.cell.attributes)
                silent.source, silent.line = code.cell.source, code.cell.line
                code.cell.replace_self(silent)
        return folded

    def name(self, code: Code) -> str:
        """Whose code it is, in words that follow "code"."""
        numbers = self.env.toc_fignumbers.get(self.env.docname, {}).get("figure", {})
        shown = code.made.values()
        for figure in (node for kind in shown for node in kind.findall(nodes.figure)):
            if number := next((numbers[name] for name in figure["ids"] if name in numbers), None):
                return "of " + self.config.numfig_format["figure"].replace("%s", ".".join(map(str, number)))
        for box in (node for kind in shown for node in kind.findall(nodes.container) if "explorer" in node):
            return f"of the explorer {box['explorer']['title']}"
        table = any(True for kind in shown for _ in kind.findall(nodes.table))
        return "of the table above" if table else "of the output above"


def _is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def visit_code(self: HTML5Translator, node: code_behind) -> None:
    """The line that unfolds is one word for the eye; its name says more."""
    of = html.escape(node["of"])
    self.body.append(
        f'<details class="code-behind"><summary>code<span class="visually-hidden"> {of}</span></summary>\n'
    )


def depart_code(self: HTML5Translator, node: code_behind) -> None:
    """Close what unfolds."""
    self.body.append("</details>\n")


def skip(self: HTML5Translator, node: nodes.Node) -> None:
    """Show nothing."""
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register with Sphinx, as part of the book's extension."""
    app.add_node(code_behind, html=(visit_code, depart_code))
    app.add_node(silent_cell, html=(skip, None))
    app.add_post_transform(QuietCode)
