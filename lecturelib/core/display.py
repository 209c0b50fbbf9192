"""How results of the library show themselves, in the book and in a notebook, from one source.

`Shown` carries Markdown. In the book it is parsed as MyST, with the page's own numbering and references; in JupyterLab
it is shown as Markdown without MyST's directives. There references show what the book calls a thing, where the notebook
has said that by `name_labels`; notebooks that come with the book do.
"""

from __future__ import annotations

import html
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

BUILDING = "LECTURELIB_BOOK"
"""Set in the environment of kernels that run for a book: what cells show is for the builder, there is no browser."""
MYST_MIME = "application/vnd.lecturelib.myst"
"""Output of this type is parsed as part of the page when the book is built (see `lecturelib.site.outputs`)."""
FIGURE_MIME = "application/vnd.lecturelib.figure+json"
"""Output of this type becomes a numbered figure."""
EXPLORER_MIME = "application/vnd.lecturelib.explorer+json"
"""Output of this type becomes a living explorer."""
PREDICTION_MIME = "application/vnd.lecturelib.prediction+json"
"""Output of this type becomes the place of a prediction."""
FOLDED_RESULT = "Guess first, then see the result"
"""The words behind which the result of a prediction is folded where no script asks for a guess."""

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_ROLE = re.compile(r"\s*\(\{[\w:]+\}`([^`]+)`\)|\{[\w:]+\}`([^`]+)`")
_NAMES: dict[str, str] = {}


def name_labels(names: Mapping[str, str]) -> None:
    """Say what the book calls things: label → name, such as "fig-hill" → "Fig. 6.1". Earlier names stay."""
    _NAMES.update(names)


def plain(text: str, names: Mapping[str, str] | None = None) -> str:
    """Markdown without MyST's roles: a reference shows the name of its label, or the label where that has no name.

    A reference in parentheses, which only points, is left out without a name. `names`: label → name, instead of those
    of `name_labels`. While a book is built nobody has said names yet, and roles stay for the builder to lower them.
    """
    if names is None and os.environ.get(BUILDING):
        return text
    known = _NAMES if names is None else names

    def words(found: re.Match) -> str:
        title, label = _parts(found[1] or found[2])
        if found[1] and label not in known:
            return ""
        name = known.get(label, label)
        shown = title.replace("%s", name.split()[-1]) if title else name
        return f" ({shown.strip('()')})" if found[1] else shown

    return _ROLE.sub(words, text)


def labels(text: str) -> set[str]:
    """The labels that a text refers to."""
    return {_parts(found[1] or found[2])[1] for found in _ROLE.finditer(text)}


def _parts(content: str) -> tuple[str, str]:
    """What a role shows, or "", and its label."""
    found = re.fullmatch(r"(.*?)\s*<([^<>]+)>", content, re.S)
    return (found[1], found[2]) if found else ("", content)


@dataclass(frozen=True)
class Shown:
    """Something to look at: `myst` for the book, `plain` (Markdown with $mathematics$) for a notebook."""

    myst: str
    plain: str

    @classmethod
    def markdown(cls, text: str) -> Shown:
        """Markdown that may hold MyST roles; a notebook sees it without them."""
        return cls(text, plain(text))

    @classmethod
    def folded(cls, line: str, body: str, *, kind: str) -> Shown:
        """One line that unfolds to `body`. `kind` is a word that the style sheet knows: "claim" or "step"."""
        fence = ":" * max(4, 1 + max(map(len, re.findall(r"^:+", body, re.M)), default=0))
        myst = f"{fence}{{dropdown}} {line}\n:class-container: quiet {kind}\n\n{body}\n\n{fence}\n"
        return cls(myst, plain(f"<details><summary>{html.escape(line, quote=False)}</summary>\n\n{body}\n\n</details>"))

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {MYST_MIME: self.myst, "text/markdown": self.plain, "text/plain": self.plain}

    def __repr__(self) -> str:
        return self.plain


def escape(cell: str) -> str:
    """Text that stays in one cell of a Markdown table."""
    return cell.replace("\n", " ").replace("|", r"\|")


def number(value: float) -> str:
    """A figure as a reader likes it: 0, 0.13, 3.1 × 10⁻¹⁶, 'infinitely much'; no formula, pages have many of them."""
    if value == 0:
        return "0"
    if math.isinf(value):
        return "infinitely much"
    mantissa, exponent = f"{value:.1e}".split("e")
    if -3 < int(exponent) < 4:
        return f"{value:.2g}" if int(exponent) < 2 else f"{value:.0f}"
    return f"{mantissa}\u00a0×\u00a010{str(int(exponent)).translate(_RAISED)}"
