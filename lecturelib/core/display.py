"""How results of the library show themselves, in the book and in a notebook, from one source.

`Shown` carries Markdown. In the book it is parsed as MyST, with the page's own numbering and references; in JupyterLab
it is shown as Markdown without MyST's directives.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

MYST_MIME = "application/vnd.lecturelib.myst"
"""Output of this type is parsed as part of the page when the book is built (see `lecturelib.site.outputs`)."""

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
        """One line that unfolds to `body`. `kind` is a word that the style sheet knows, such as "claim"."""
        myst = f"::::{{dropdown}} {line}\n:class-container: {kind}\n\n{body}\n\n::::\n"
        plain = f"<details><summary>{html.escape(line, quote=False)}</summary>\n\n{body}\n\n</details>"
        return cls(myst, cls.markdown(plain).plain)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {MYST_MIME: self.myst, "text/markdown": self.plain, "text/plain": self.plain}

    def __repr__(self) -> str:
        return self.plain


def escape(cell: str) -> str:
    """Text that stays in one cell of a Markdown table."""
    return cell.replace("\n", " ").replace("|", r"\|")
