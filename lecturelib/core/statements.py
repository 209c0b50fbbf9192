"""The words of the statements, which stand in the chapters and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"
CHECKED = ("theorem", "proposition", "lemma", "corollary")
"""Kinds of statements that need a claim."""
KINDS = (*CHECKED, "definition", "remark", "example")
STATEMENT = re.compile(
    rf"^(?P<fence>:{{3,}}|`{{3,}})\{{prf:(?P<kind>{'|'.join(KINDS)})\}} *(?P<title>[^\n]*)\n"
    r"(?P<head>(?::[\w-]+:[^\n]*\n)*)(?P<body>.*?)^(?P=fence) *$",
    re.M | re.S,
)
_LABEL = re.compile(r"^:label: *(\S+)", re.M)
_EQUATION = re.compile(r"(?P<formula>\$\$.+?\$\$) *\([\w:-]+\)", re.S)
_TARGET = re.compile(r"^\([\w:-]+\)=\n", re.M)


@dataclass(frozen=True)
class Statement:
    """A numbered statement of a chapter: label, kind, title, words (MyST), and the page, as <part>/<chapter>."""

    label: str
    kind: str
    title: str
    body: str
    page: str

    @property
    def words(self) -> str:
        """The words as MyST to be shown on another page: without labels, of which a book can have one each."""
        body = _EQUATION.sub(lambda found: found["formula"], self.body)
        return _TARGET.sub("", re.sub(r"^:label:.*\n", "", body, flags=re.M)).strip()


@cache
def all_statements(chapters: Path = CHAPTERS) -> dict[str, Statement]:
    """Label → statement, in the order of the pages (see `pages`); empty where the library came without the book.

    Raises ValueError where two statements share a label, or one has none.
    """
    found: dict[str, Statement] = {}
    for page, match in sources(chapters):
        label = _LABEL.search(match["head"])
        if label is None:
            raise ValueError(f"{page}: the {match['kind']} {match['title']!r} has no label")
        if label[1] in found:
            raise ValueError(f"{page}: the label {label[1]} stands in {found[label[1]].page} too")
        found[label[1]] = Statement(label[1], match["kind"], match["title"].strip(), match["body"].strip(), page)
    return found


def sources(chapters: Path = CHAPTERS) -> Iterator[tuple[str, re.Match]]:
    """Each statement as it stands in its page, with the page."""
    return ((page, match) for page in pages(chapters) for match in STATEMENT.finditer(_text(chapters, page)))


def pages(chapters: Path = CHAPTERS) -> list[str]:
    """All pages below `chapters`, as <part>/<chapter>: those of the table of contents in its order, then the others."""
    contents = chapters.parent / "_toc.yml"
    listed = re.findall(rf"{chapters.name}/(\S+)", contents.read_text(encoding="utf-8")) if contents.exists() else []
    there = sorted(path.relative_to(chapters).with_suffix("").as_posix() for path in chapters.rglob("*.md"))
    return [page for page in listed if page in there] + [page for page in there if page not in listed]


def chapter(page: str) -> str:
    """The chapter to which a page belongs: itself, or what stands before _more for the page behind a chapter."""
    return page.removesuffix("_more")


@cache
def heading(page: str, chapters: Path = CHAPTERS) -> str:
    """The title of a page."""
    text = re.sub(r"\A---\n.*?^---$", "", _text(chapters, page), flags=re.M | re.S)
    found = re.search(r"^# +(.+?) *$", text, re.M)
    return found[1] if found else page


def _text(chapters: Path, page: str) -> str:
    return (chapters / f"{page}.md").read_text(encoding="utf-8")


def cited(source: str) -> str:
    """The source of a claim as MyST: "own" and "key: place" with the key as a citation."""
    parts = (part.partition(": ") for part in source.split("; "))
    return "; ".join("this book" if not place else f"{{cite}}`{key}`, {place}" for key, _, place in parts)
