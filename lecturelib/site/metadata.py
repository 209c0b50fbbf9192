"""What stands in the head of a page and below its foot: title, description, preview, icons, licence; and pages of the
site that no chapter makes: the first address, the one for addresses that do not exist, the map for search engines.

Where `html.baseurl` of _config.yml is set, addresses are whole: pages name the one they are published at, and the map
is written. Where it is not, nobody knows them, and there is neither.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from lecturelib.core.figures import PALETTE
from lecturelib.site import formulas, labs, pictures

TEMPLATES = Path(__file__).parent / "templates"
PREVIEW = "_static/preview.png"
OWN_TITLES = {"genindex": "Index", "search": "Search"}
"""Of pages whose templates give themselves a title."""
SHORTEST, LONGEST = 40, 200  # characters of a description; search engines show fewer
SUBJECT = "a course textbook on the theory of neural networks"
LICENCE = (
    'Text under <a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>, '
    'code under the <a rel="license" href="https://opensource.org/license/mit">MIT licence</a>.'
)
REDIRECT = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={first}">
{canonical}</head>
<body><p><a href="{first}">{title}</a></p></body>
</html>
"""
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def configure(app: Sphinx, config: Config) -> None:
    """Pages are made with our templates, and say in their footer what may be done with them."""
    config.templates_path = [str(TEMPLATES), *config.templates_path]  # before the theme's, whose parts they replace
    config.html_theme_options["extra_footer"] = config.html_theme_options.get("extra_footer") or LICENCE


def first_words(doctree: nodes.document, *, after: int = 0) -> str:
    """The first sentences that say something by themselves, of the first paragraph that has one; or nothing.

    A sentence with a formula says nothing in plain text, nor does one that refers to a figure. `after`: how many
    paragraphs are left out.
    """
    section = next(doctree.findall(nodes.section), doctree)
    paragraphs = [node for node in section.children if isinstance(node, nodes.paragraph)][after:]
    return next(filter(None, map(_sentences, paragraphs)), "")


def _sentences(paragraph: nodes.paragraph) -> str:
    chosen = ""
    for sentence in re.split(r"(?<=[.?!])\s+", " ".join("".join(map(_words, paragraph.children)).split())):
        if UNSAID not in sentence and len(chosen) + len(sentence) < LONGEST:
            chosen += f" {sentence}"
        elif chosen:
            break
    return chosen.strip() if len(chosen) > SHORTEST else ""


UNSAID = "\0"


def _words(node: nodes.Node) -> str:
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.math | nodes.raw) or "std-numref" in node.get("classes", ()):
        return UNSAID
    return "".join(map(_words, node.children))


def add(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give the templates what they write into the head of a page."""
    book, base = app.config.html_title, app.config.html_baseurl
    if page in app.env.titles:
        title = formulas.plain(app, app.env.titles[page])
    else:
        title = context.get("title") or context.get("indextitle") or OWN_TITLES.get(page, "")
    name = "" if page == app.config.root_doc else title
    given = app.env.metadata.get(page, {}).get("description", "")
    # a lab begins with what it asks for, as all do
    described = given or (first_words(doctree, after=labs.is_lab(app, page)) if doctree is not None else "")
    address = urljoin(_folder(base), app.builder.get_target_uri(page)) if base else ""
    preview = urljoin(_folder(base), PREVIEW) if base else context["pathto"](PREVIEW, 1)
    context["head"] = {
        "title": f"{name} · {book}" if name and name != book else book,
        "name": name or book,
        "description": described or ": ".join(filter(None, (name, f"{book}, {SUBJECT}."))),
        "address": address,
        "preview": preview,
        "kind": "website" if page == app.config.root_doc else "article",
        "papers": PALETTE["paper"],
    }
    if page == "404":
        context["pageurl"] = None
    # docutils says it a second time
    context["metatags"] = re.sub(r'<meta name="viewport"[^>]*>\s*', "", context.get("metatags", ""))


def _folder(base: str) -> str:
    return base.rstrip("/") + "/"


def missing_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """404.html, which servers show for every address that does not exist, in whatever folder it would lie."""
    if app.builder.format == "html":
        base = _folder(app.config.html_baseurl) if app.config.html_baseurl else ""
        yield "404", {"title": "Page not found", "base": base, "first": _first(app)}, "404.html"


def _first(app: Sphinx) -> str:
    return app.builder.get_target_uri(app.config.root_doc)


def draw(app: Sphinx) -> None:
    """Draw icons and preview into the site."""
    if app.builder.format != "html":
        return
    site = Path(app.outdir)
    (site / "_static").mkdir(parents=True, exist_ok=True)
    pictures.write_icons(site)
    pictures.write_preview(site / PREVIEW, app.config.html_title)


def write_addresses(app: Sphinx, failed: Exception | None) -> None:
    """index.html leads to the first page, and sitemap.xml lists all pages where it is known where they are."""
    if failed or app.builder.format != "html":
        return
    site, base, first = Path(app.outdir), app.config.html_baseurl, _first(app)
    if first != "index.html":
        canonical = f'<link rel="canonical" href="{urljoin(_folder(base), first)}">\n' if base else ""
        text = REDIRECT.format(
            language=app.config.language, title=html.escape(app.config.html_title), first=first, canonical=canonical
        )
        (site / "index.html").write_text(text, encoding="utf-8")
    sitemap = site / "sitemap.xml"
    if not base:
        sitemap.unlink(missing_ok=True)
        return
    ElementTree.register_namespace("", SITEMAP)
    listed = ElementTree.Element(f"{{{SITEMAP}}}urlset")
    for page in sorted(app.env.found_docs):
        entry = ElementTree.SubElement(listed, f"{{{SITEMAP}}}url")
        ElementTree.SubElement(entry, f"{{{SITEMAP}}}loc").text = urljoin(
            _folder(base), app.builder.get_target_uri(page)
        )
    ElementTree.ElementTree(listed).write(sitemap, encoding="utf-8", xml_declaration=True)


def setup(app: Sphinx) -> None:
    """Register with Sphinx, as part of the book's extension."""
    app.connect("config-inited", configure, priority=100)
    app.connect("builder-inited", draw)
    app.connect("html-collect-pages", missing_page)
    app.connect("html-page-context", add, priority=600)
    # after the table of contents, which writes an index without a title where there is none
    app.connect("build-finished", write_addresses, priority=900)
