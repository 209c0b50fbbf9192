"""One page of the book alone, seconds after an edit, also where the book was never built: `make page PAGE=…`.

Sphinx reads the page itself and of all others a skeleton: headings, and whatever has a number or a label. So the page
has its number, its place in the contents and its references, and nothing else is executed or laid out. Links to other
pages lead into the built book where there is one.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from jupyter_book.sphinx import build_sphinx
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.parsing import parse_toc_yaml

from lecturelib.site.terms import ROLE

SITE = Path("_build", "page")
"""Where the page is put, in the folder of its book."""
FRONT_MATTER = re.compile(r"\A---\n.*?^---$\n", re.M | re.S)
LISTING = re.compile(r"(`{3,})(?:\{(?:code-cell|code-block|literalinclude)\}|[\w.+-]*\s*$)")
"""The line on which something begins that is no text of the page."""
FENCE = re.compile(r" *(`{3,})(?:(\{(?!code-cell|code-block|literalinclude)[\w:-]+\}.*)|\s*$)")
DIRECTIVE = re.compile(r" *[:`]{3,}\{(prf:\w+|exercise|exercise-start|math|figure)\} *(.*)")
LABEL = re.compile(r" *:(?:label|name): *(\S+)")
EQUATION = re.compile(r".*\$\$ *\(([\w:-]+)\) *$")
FIGURE = re.compile(r"""\blabel *= *["'](fig-[\w-]+)["']""")
MISSING = re.compile(r"not found|undefined|unknown|not exist|could not find|no number", re.I)
"""What Sphinx says of a reference that leads nowhere."""


def find(book: Path, wanted: str) -> str:
    """The name of a page of the book. Raises ValueError, with the names that are nearest, where it has no such page."""
    contents = parse_toc_yaml(book / "_toc.yml")
    pages = sorted(str(page) for page in contents)
    name = wanted.strip().removeprefix(f"{book}/").removeprefix("./").removesuffix(".md").strip("/")
    if name in pages:
        return name
    last = {page: page.rsplit("/", 1)[-1] for page in pages}
    alike = difflib.get_close_matches(name.rsplit("/", 1)[-1], last.values(), n=3)
    near = [page for page in pages if last[page] in alike] or difflib.get_close_matches(name, pages, n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The pages are: {', '.join(pages)}"
    raise ValueError(f"The book has no page {wanted!r}. {hint}" if wanted else f"PAGE is empty. {hint}")


def skeleton(text: str) -> str:
    """Of the text of a page what other pages refer to, in its order, so that all numbers are the same."""
    if "{bibliography}" in text:
        return text
    return "\n".join(_kept(FRONT_MATTER.sub("", text).splitlines())) + "\n"


def _kept(lines: list[str]) -> Iterator[str]:
    listing, kind, title = "", "", ""
    around: list[str] = []  # fences of backticks that are open, of what is text
    for line in lines:
        if not listing and (fence := FENCE.match(line)):
            if fence[2]:
                around.append(fence[1])
            elif around and around[-1] == fence[1]:
                around.pop()
                continue
        if listing:
            yield from (f":::{{skeleton-figure}} {label}\n:::\n" for label in FIGURE.findall(line))
            if line.strip().startswith(listing) and not line.strip().strip("`"):
                listing = ""
        elif found := LISTING.match(line):
            listing = found[1]
        elif found := DIRECTIVE.match(line):
            kind, title = found[1].removesuffix("-start"), found[2]
        elif (found := LABEL.match(line)) and kind:
            yield _numbered(kind, title, found[1])
            kind = ""
        elif found := EQUATION.match(line):
            yield _numbered("math", "", found[1])
        elif re.match(r"#{1,6} ", line):
            yield f"{line}\n"
        elif re.match(r"\([\w:.-]+\)=\s*$", line):
            yield line
        else:
            yield from (f"{found[0]}\n" for found in ROLE.finditer(line))


def _numbered(kind: str, title: str, label: str) -> str:
    if kind == "figure":
        return f":::{{skeleton-figure}} {label}\n:::\n"
    return f":::{{{kind}}} {'' if kind == 'math' else title}\n:label: {label}\n\n0\n:::\n"


class SkeletonFigure(Directive):
    """A figure of a page that is not laid out; the argument is its label."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """A figure with a number."""
        figure = nodes.figure("", nodes.caption("", self.arguments[0]), names=[self.arguments[0]])
        self.state.document.note_explicit_target(figure, figure)
        return [figure]


def alone(app: Sphinx, page: str) -> bool:
    """Whether the book is built for another page than this."""
    return app.config.only_page not in ("", page)


def reduce(app: Sphinx, page: str, text: list[str]) -> None:
    """Give Sphinx the skeleton of a page that is not asked for."""
    if alone(app, page):
        text[0] = skeleton(text[0])


def write_only(app: Sphinx, env: BuildEnvironment) -> None:
    """Write no other page because it shows a part of this one, which Sphinx has to know until it has looked at all."""
    env.files_to_rebuild.clear()


def lead_into_the_book(app: Sphinx) -> None:
    """Let links to other pages lead into the built book, where it has them."""
    target, site = app.builder.get_target_uri, Path(app.outdir).parent / "html"

    def elsewhere(page: str, typ: str | None = None) -> str:
        uri = target(page, typ)
        return f"../{site.name}/{uri}" if alone(app, page) and (site / f"{page}.html").exists() else uri

    app.builder.get_target_uri = elsewhere


class OfThisPage(logging.Filter):
    """Lets pass what is wrong in the page, but neither what skeletons lack, nor references to what only they lack."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__()
        self.place, root = app.env.doc2path(app.config.only_page), Path(app.srcdir)
        others = {app.env.doc2path(page) for page in app.env.found_docs} - {self.place}
        self.others = tuple(sorted(others))
        # derivations label the equations that cells show
        named = [*(root / path for path in others), *(root / "lecturelib").rglob("derivations*.py")]
        self.words = {word for path in named for word in re.findall(r"[\w:.-]+", path.read_text("utf-8"))}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is of use for who writes the page."""
        location, message = str(getattr(record, "location", "") or ""), record.getMessage()
        if location.startswith(self.others):
            return False
        return not (MISSING.search(message) and self.words & set(_named(message)))


def _named(message: str) -> list[str]:
    """What a complaint could be about: what it quotes, or else its last word."""
    return re.findall(r"['\"`]([^'\"`\s]+)['\"`]", message) or re.findall(r"[\w:.-]+", message)[-1:]


def filter_warnings(app: Sphinx, env: BuildEnvironment, pages: list[str]) -> None:
    """From now on tell only what is wrong in the page."""
    for handler in logging.getLogger("sphinx").handlers:
        handler.addFilter(OfThisPage(app))


def configure(app: Sphinx, config: Config) -> None:
    """Connect what is only done for a page alone."""
    if not config.only_page:
        return
    app.add_directive("skeleton-figure", SkeletonFigure)
    app.connect("builder-inited", lead_into_the_book)
    app.connect("env-before-read-docs", filter_warnings, priority=100)
    # labs have given Sphinx what students see of them by then
    app.connect("source-read", reduce, priority=2)
    app.connect("env-check-consistency", write_only)


def setup(app: Sphinx) -> None:
    """Register with Sphinx, as part of the book's extension."""
    app.add_config_value("only_page", "", "env")
    app.connect("config-inited", configure)


def main(folder: str, page: str) -> int:
    """Let Sphinx build a page of the book in a folder; the exit status."""
    book = Path(folder)
    settings = {"external_toc_path": str(book / "_toc.yml"), "latex_individualpages": False, "only_page": page}
    done = build_sphinx(
        book,
        book / SITE,
        noconfig=True,
        path_config=book / "_config.yml",
        confoverrides=settings,
        doctreedir=book / SITE.with_suffix(".doctrees"),
        filenames=[str(book / f"{page}.md")],
        freshenv=True,
    )
    return done if isinstance(done, int) else 1
