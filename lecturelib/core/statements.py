"""The words of the statements, which stand in the chapters and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"
KINDS = ("theorem", "proposition", "lemma", "corollary", "definition", "remark", "example")
STATEMENT = re.compile(
    rf"^(?P<fence>:{{3,}})\{{prf:(?P<kind>{'|'.join(KINDS)})\}} *(?P<title>[^\n]*)\n"
    r"(?P<head>(?::[\w-]+:[^\n]*\n)*)(?P<body>.*?)^(?P=fence) *$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Statement:
    """A numbered statement of a chapter: label, kind, title, words (MyST), and the page, as <part>/<chapter>."""

    label: str
    kind: str
    title: str
    body: str
    page: str


@cache
def all_statements(chapters: Path = CHAPTERS) -> dict[str, Statement]:
    """Label → statement, of all chapters; empty where the library was installed without the book.

    Raises ValueError where two statements share a label, or one has none.
    """
    found: dict[str, Statement] = {}
    for path in sorted(chapters.rglob("*.md")):
        page = path.relative_to(chapters).with_suffix("").as_posix()
        for match in STATEMENT.finditer(path.read_text(encoding="utf-8")):
            label = re.search(r"^:label: *(\S+)", match["head"], re.M)
            if label is None:
                raise ValueError(f"{path}: the {match['kind']} {match['title']!r} has no label")
            if label[1] in found:
                raise ValueError(f"{path}: the label {label[1]} stands in {found[label[1]].page} too")
            found[label[1]] = Statement(label[1], match["kind"], match["title"], match["body"].strip(), page)
    return found


def text(label: str, chapters: Path = CHAPTERS) -> str:
    """The words of a statement on one line, displayed formulas inline, without labels; empty where it is not found."""
    statement = all_statements(chapters).get(label)
    if statement is None:
        return ""
    words = re.sub(
        r"\$\$(.+?)\$\$(?: *\([\w-]+\))?", lambda formula: f"${formula[1].strip()}$", statement.body, flags=re.S
    )
    words = re.sub(r"^:{3,}.*$|^\(\S+\)=$", "", words, flags=re.M)
    return " ".join(words.split())


def cited(source: str) -> str:
    """The source of a claim as MyST: "own" and "key: place" with the key as a citation."""
    parts = (part.partition(": ") for part in source.split("; "))
    return "; ".join("this book" if not place else f"{{cite}}`{key}`, {place}" for key, _, place in parts)
