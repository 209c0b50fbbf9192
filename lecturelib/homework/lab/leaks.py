"""Looks for solutions, hidden tests, model answers and rubrics in what students can get: files, pages, archives, index.

Texts are compared without white space, quotation marks, backslashes and case, as they stand and with HTML tags,
entities, JSON and percent signs undone, so that neither highlighting nor escaping hides anything. What is said to
students in the lab itself is no secret; nor, outside the lab's own files, is what chapters or the library say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from sphinx.search.en import SearchEnglish

from lecturelib.homework.lab.lab import KEPT_BACK, Lab, LabCell, split
from lecturelib.homework.lab.unwrap import normal, texts

SHORT, LONG = 8, 16
"""Fewest characters that are looked for, after normalising: in the lab's own files, and in all others."""
WORDS, FEW = 6, 4
"""Of prose, so many words in a row are looked for; fewer where a mark ends them, but not so few."""
_STRING = re.compile(r"""\"([^\"]{8,})\"|'([^']{8,})'""")
_MARKUP = re.compile(r"[*_`$|#()\[\]{}<>]+|[.,;:!?](?=\s|$)")
_PICTURES = {".woff", ".woff2", ".ttf", ".eot", ".png", ".ico", ".mo", ".pyc"}


@dataclass(frozen=True)
class Secret:
    """A piece of a cell that students must not find; `text` is as it stands in the source, `key` normalised."""

    cell: LabCell
    text: str
    key: bytes


@dataclass(frozen=True)
class Leak:
    """Where a secret was found."""

    secret: Secret
    place: str


def secrets(lab: Lab) -> list[Secret]:
    """All pieces of the lab that students must not find: lines, and pairs of lines too short by themselves."""
    told = "\n".join(split(cell)[0] for cell in lab.cells if cell.kind not in KEPT_BACK)
    seen = normal(told) + b"\0" + normal(_MARKUP.sub(" ", told))
    found: dict[bytes, Secret] = {}
    for cell in lab.cells:
        whole = [cell.source, cell.because] if cell.kind in KEPT_BACK else []
        for text in (*whole, *split(cell)[1]):
            for piece in _pieces(text, cell.is_code):
                key = normal(piece)
                if len(key) >= SHORT and key not in seen:
                    found.setdefault(key, Secret(cell, piece.strip(), key))
    return list(found.values())


def _pieces(text: str, is_code: bool) -> Iterator[str]:
    """Of code lines, pairs of lines, and strings; of prose words in a row, without marks."""
    if not is_code:
        for run in _MARKUP.split(text):
            words = run.split()
            starts = range(max(1, len(words) - WORDS + 1)) if len(words) >= FEW else ()
            yield from (" ".join(words[start : start + WORDS]) for start in starts)
        return
    lines = [line for line in text.split("\n") if line.strip()]
    yield from lines
    yield from (f"{one.strip()}\n{two.strip()}" for one, two in pairwise(lines))
    yield from (found[1] or found[2] for line in lines for found in _STRING.finditer(line))


def find(lab: Lab, files: Iterable[tuple[str, Path]], allowed: Iterable[str]) -> list[Leak]:
    """The first place of every secret of the lab that is found in `files`, given as name → path.

    A file belongs to the lab when its name has the lab's name in it. `allowed` are texts that other files may repeat.
    """
    looked_for = secrets(lab)
    free = b"\0".join(map(normal, allowed))
    elsewhere = [secret for secret in looked_for if len(secret.key) >= LONG and secret.key not in free]
    leaks: dict[bytes, Leak] = {}
    shown: set[str] = set()  # words of the student's notebook, which the index may list
    indices = []
    for name, path in files:
        if path.suffix in _PICTURES:
            continue
        data, own = path.read_bytes(), lab.name in name
        for place, text in texts(name, data):
            for secret in looked_for if own else elsewhere:
                if secret.key in text:
                    leaks.setdefault(secret.key, Leak(secret, place))
        if own and path.suffix == ".ipynb":
            shown |= _all_words(data.decode())
        if name.endswith("search/index.js"):
            indices.append((name, data.decode()))
    for name, index in indices:
        leaks.update((leak.secret.key, leak) for leak in _indexed(lab, name, index, shown))
    return sorted(leaks.values(), key=lambda leak: (leak.secret.cell.index, leak.place))


def _indexed(lab: Lab, place: str, index: str, shown: set[str]) -> Iterator[Leak]:
    """Words that the search index lists for the lab's page and that only its secrets have."""
    found = json.loads(json.loads(index[index.index("=") + 1 :].strip().rstrip(";")))
    pages = [number for number, page in enumerate(found["pages"]) if page["address"] == f"labs/{lab.name}.html"]
    terms = json.loads(found["index"])
    sections = {key for key, one in terms["documentIds"].items() if found["sections"][one]["page"] in pages}
    stem = SearchEnglish({}).stem
    listed = {stem(term).lower() for term, fields in terms["index"] if any(map(sections.intersection, fields.values()))}
    listed -= {stem(word).lower() for word in shown}
    for secret in secrets(lab):
        for word in sorted(_words(secret.text)):
            if stem(word).lower() in listed:
                yield Leak(Secret(secret.cell, word, normal(word)), place)


def _words(text: str) -> set[str]:
    """Words that say something when the index has them: no short ones, no numbers."""
    return {word for word in _all_words(text) if len(word) > 3 and not word.isdigit()}


def _all_words(text: str) -> set[str]:
    # in a notebook, which is JSON, a line begins with the sign of a break
    return set(re.findall(r"\w+", re.sub(r"\\[nrt]", " ", text).lower()))
