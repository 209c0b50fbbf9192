"""Terms of the book: where a chapter defines one, the index of all of them, and further words for the search.

`` {def}`breakpoint` `` marks the place where a term is defined; `` {def}`breaks <breakpoint>` `` shows other words than
the index has. `` {term}`breakpoint` `` elsewhere links to it. The directive `terms` lists all of them, by letter.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

ROLE = re.compile(r"\{def\}`([^`<]+?)(?:\s*<([^`>]+)>)?`")


class defined_term(nodes.strong):
    """A term where it is defined; `entry` is its name in the index."""


class terms_list(nodes.General, nodes.Element):
    """The place of the index of terms."""


@dataclass(frozen=True)
class Entry:
    """A term, and where it is defined: a page, the place in it, the title of the section around it and its anchor."""

    term: str
    page: str
    place: str
    section: str
    anchor: str

    @property
    def key(self) -> str:
        """What entries are sorted by: letters without accents, in lower case."""
        return plain(self.term)


def plain(text: str) -> str:
    """Lower case, without accents."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).casefold()


def repeated(text: str) -> str:
    """MyST text in which terms only stand out: where a chapter's words are shown again, nothing is defined."""
    return ROLE.sub(r"**\1**", text)


class DefinedTerm(ReferenceRole):
    """The role `def`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The term as a node with an anchor of its own, known to Sphinx as a term that other pages can link to."""
        term = " ".join(self.target.split())
        place = nodes.make_id(f"term-{term}")
        found = defined_term(self.rawtext, self.title, entry=term, ids=[place], classes=["term"])
        self.set_source_info(found)
        # Sphinx warns where the same term is defined twice
        self.env.get_domain("std")._note_term(term, place, location=found)
        return [found], []


class TermsList(Directive):
    """The directive `terms`: every term of the book with the place where it is defined."""

    def run(self) -> list[nodes.Node]:
        """A place that is filled once all pages are read."""
        return [terms_list()]


def entries(env: BuildEnvironment) -> list[Entry]:
    """All terms of the book, sorted."""
    found = [entry for page in _known(env).values() for entry in page]
    return sorted(found, key=lambda entry: (entry.key, entry.term))


def further(env: BuildEnvironment, page: str) -> list[str]:
    """The further words by which search finds a page: `terms` in its front matter.

    Raises ValueError where that is no list of words.
    """
    found = env.metadata.get(page, {}).get("terms", [])
    if isinstance(found, str):  # MyST keeps lists as JSON
        try:
            found = json.loads(found)
        except ValueError:
            found = None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise ValueError(f"{page}: terms: expected a list of words in the front matter")
    return found


def _known(env: BuildEnvironment) -> dict[str, list[Entry]]:
    if not hasattr(env, "book_terms"):
        env.book_terms = {}
    return env.book_terms


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Note the terms that a page defines, and check its further words."""
    page = app.env.docname
    _known(app.env)[page] = [_entry(page, node) for node in doctree.findall(defined_term)]
    try:
        further(app.env, page)
    except ValueError as error:
        logger.warning("%s", error, location=page)


def _entry(page: str, node: defined_term) -> Entry:
    around = node.parent
    while around is not None and not (isinstance(around, nodes.section) and isinstance(around[0], nodes.title)):
        around = around.parent
    title, anchor = (around[0].astext(), around["ids"][0]) if around is not None else ("", "")
    # the first heading of a page has no anchor of its own
    top = around is None or isinstance(around.parent, nodes.document)
    return Entry(node["entry"], page, node["ids"][0], title, "" if top else anchor)


def purge(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Forget the terms of a page that is read again or gone."""
    _known(env).pop(page, None)


def merge(app: Sphinx, env: BuildEnvironment, pages: Iterable[str], other: BuildEnvironment) -> None:
    """Take over what another process has read."""
    _known(env).update({page: found for page, found in _known(other).items() if page in pages})


def outdated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Pages with the index, to be written again where a term or a title has changed."""
    now = (entries(env), {page: title.astext() for page, title in env.titles.items()})
    if getattr(env, "book_terms_listed", None) == now:
        return []
    env.book_terms_listed = now
    return listing(env)


def listing(env: BuildEnvironment) -> list[str]:
    """The pages that hold the index."""
    return sorted(page for page in env.found_docs if env.metadata.get(page, {}).get("lists_terms"))


def remember_list(app: Sphinx, doctree: nodes.document) -> None:
    """Note that a page holds the index."""
    if next(doctree.findall(terms_list), None) is not None:
        app.env.metadata[app.env.docname]["lists_terms"] = True


def fill(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put the index where the directive stands."""
    for place in list(doctree.findall(terms_list)):
        place.replace_self(_index(app, page))


def _index(app: Sphinx, page: str) -> list[nodes.Node]:
    letters = [(letter, [*group]) for letter, group in groupby(entries(app.env), lambda entry: _letter(entry.key))]
    if not letters:
        return [nodes.paragraph("", "No term is defined yet.")]
    links = nodes.paragraph(classes=["terms-letters"])
    for letter, _ in letters:
        links += [nodes.reference("", letter, refuri=f"#{_letter_id(letter)}", internal=True), nodes.Text(" ")]
    found: list[nodes.Node] = [links]
    for letter, group in letters:
        found.append(nodes.rubric("", letter, ids=[_letter_id(letter)]))
        found.append(nodes.bullet_list("", *(_item(app, page, entry) for entry in group), classes=["terms", "simple"]))
    return found


def _letter(key: str) -> str:
    return key[0].upper() if key[:1].isalpha() else "0–9"


def _letter_id(letter: str) -> str:
    return nodes.make_id(f"letter-{letter}")


def _item(app: Sphinx, page: str, entry: Entry) -> nodes.list_item:
    """The term, which links to its definition, and the chapter and section where that stands."""
    uri = app.builder.get_relative_uri(page, entry.page)
    line = nodes.paragraph()
    line += nodes.reference("", entry.term, refuri=f"{uri}#{entry.place}", internal=True)
    line += nodes.Text(f", {where(app.env, entry)}")
    return nodes.list_item("", line)


def where(env: BuildEnvironment, entry: Entry) -> str:
    """Chapter and section of a term with their numbers, such as "6. Breakpoints, 6.2. Bends"."""
    chapter = numbered(env, entry.page, "", env.titles[entry.page].astext())
    section = numbered(env, entry.page, entry.anchor, entry.section) if entry.anchor else ""
    return f"{chapter}, {section}" if section else chapter


def numbered(env: BuildEnvironment, page: str, anchor: str, title: str) -> str:
    """A title as the page shows it, with its number where it has one."""
    number = env.toc_secnumbers.get(page, {}).get(f"#{anchor}" if anchor else "") or ()
    return f"{'.'.join(map(str, number))}. {title}" if number else title


def visit_defined_term(writer: HTML5Translator, node: defined_term) -> None:
    """Begin a definition in HTML."""
    writer.body.append(writer.starttag(node, "dfn", ""))


def depart_defined_term(writer: HTML5Translator, node: defined_term) -> None:
    """End a definition in HTML."""
    writer.body.append("</dfn>")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx, as part of the book's extension."""
    app.add_node(defined_term, html=(visit_defined_term, depart_defined_term))
    app.add_node(terms_list)
    app.add_role("def", DefinedTerm())
    app.add_directive("terms", TermsList)
    app.connect("doctree-read", collect)
    app.connect("doctree-read", remember_list)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", outdated)
    app.connect("doctree-resolved", fill, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
