"""How results of the library show themselves, in the book and in a notebook, from one source.

`Shown` carries Markdown. In the book it is parsed as MyST, with the page's own numbering and references; in JupyterLab
it is shown as Markdown without MyST's directives.
"""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass

MYST_MIME = "application/vnd.lecturelib.myst"
"""Output of this type is parsed as part of the page when the book is built (see `lecturelib.site.outputs`)."""

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_ROLE = re.compile(r"\s*\(\{[\w:]+\}`[^`]+`\)|\{[\w:]+\}`([^`]+)`")


@dataclass(frozen=True)
class Shown:
    """Something to look at: `myst` for the book, `plain` (Markdown with $mathematics$) for a notebook."""

    myst: str
    plain: str

    @classmethod
    def markdown(cls, text: str) -> Shown:
        """Markdown that may hold MyST roles; a notebook sees it without them."""
        return cls(text, _ROLE.sub(lambda match: match.group(1) or "", text))

    @classmethod
    def folded(cls, line: str, body: str, *, kind: str) -> Shown:
        """One line that unfolds to `body`. `kind` is a word that the style sheet knows: "claim" or "step"."""
        fence = ":" * max(4, 1 + max(map(len, re.findall(r"^:+", body, re.M)), default=0))
        myst = f"{fence}{{dropdown}} {line}\n:class-container: quiet {kind}\n\n{body}\n\n{fence}\n"
        plain = f"<details><summary>{html.escape(line, quote=False)}</summary>\n\n{body}\n\n</details>"
        return cls(myst, cls.markdown(plain).plain)

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
