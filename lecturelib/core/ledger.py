"""The page *What was checked*: every claim of the book, by part and chapter, and what its check would notice.

A claim is one line, which unfolds to the words of the statement, the wrong versions and the source.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from lecturelib.core import claims, statements
from lecturelib.core.changes import RELATIVE
from lecturelib.core.checking import BOUNDS
from lecturelib.core.claims import Claim
from lecturelib.core.display import Shown
from lecturelib.core.resolution import in_words

NONE_YET = "None so far.\n"
COMPARED = {
    "algebra": "Formulas, by a computer that knows algebra.",
    "exact identity": "Both sides of an identity, at random problems; they differ by rounding, or by the error of an "
    "integral or a search.",
    "bound": "A quantity and what bounds it, at problems made to come near the bound.",
    "limit": "A limit and the value at a finite size, or the speed of approach and the slope that is measured.",
    "Monte Carlo": "Means of random draws, and the formula for them; counted in standard errors.",
    "experiment": "The outcome of training and an order, a sign or an interval that was stated.",
}
"""Method → what is compared."""


def everything() -> list[Claim]:
    """All claims of the book."""
    return [claim for found in claims.all_claims().values() for claim in found]


def methods(found: Iterable[Claim] | None = None) -> Shown:
    """The methods as a table: what is compared, what change each number has to be noticed at, how many claims."""
    used = [claim.check.method for claim in (everything() if found is None else found)]
    rows = ["| method | what is compared | has to notice | claims |", "|---" * 4 + "|"]
    for method, bound in BOUNDS.items():
        change = "wrong orders, wrong intervals" if bound is None else in_words({"value": (RELATIVE, bound)})
        rows.append(f"| {method} | {COMPARED[method]} | {change} | {used.count(method)} |")
    return Shown.markdown("\n".join(rows))


def excused(found: Iterable[Claim] | None = None) -> Shown:
    """The claims whose check notices less than its method promises, with the reasons."""
    known = everything() if found is None else found
    rows = [f"- {{prf:ref}}`{claim.label}`: {claim.excused}." for claim in known if claim.excused]
    return Shown.markdown("\n".join(rows) or "None.\n")


def part(name: str) -> Shown:
    """All claims of a part of the book; raises AssertionError where one does not stand."""
    return listing(claim for claim in everything() if claim.module.split(".")[1:2] == [name])


def listing(found: Iterable[Claim], chapters: Path = statements.CHAPTERS) -> Shown:
    """Claims by chapter, in the order of the statements; ValueError for one without a statement in `chapters`."""
    by_label = {claim.label: claim for claim in found}
    known = statements.all_statements(chapters)
    if lost := [label for label in by_label if label not in known]:
        raise ValueError(f"claims: expected labels of statements of the chapters, got {', '.join(lost)}")
    myst, plain = [], []
    stated_here = (one for label, one in known.items() if label in by_label)
    for page, stated in groupby(stated_here, lambda one: statements.chapter(one.page)):
        title = statements.heading(page, chapters)
        entries = [_entry(by_label[one.label], one) for one in stated]
        myst.append(f":::{{rubric}} {title}\n:heading-level: 3\n:::\n\n" + "\n".join(entry.myst for entry in entries))
        plain.append(f"**{title}**\n\n" + "\n\n".join(entry.plain for entry in entries))
    return Shown("\n\n".join(myst) or NONE_YET, "\n\n".join(plain) or NONE_YET)


def _entry(claim: Claim, statement: statements.Statement) -> Shown:
    """One claim: what was stated, how it was checked, what was found and what would have been noticed; more unfolds."""
    verdict = claim.verdict().require()
    notices = verdict.notices(brief=True)
    cells = (
        f"{{prf:ref}}`{claim.label}` {statement.title}".strip(),
        claim.check.method,
        verdict.found(),
        f"would notice {notices}" if notices else f"{len(verdict.closest)} wrong versions rejected",
    )
    body = f"{{prf:ref}}`{claim.label}`:\n\n{statement.words}\n\n{verdict.details()}"
    line = " ".join(f"[{cell}]{{.cell}}" for cell in cells)
    plain = Shown.markdown(f"<summary>{html.escape('; '.join(cells), quote=False)}</summary>\n\n{body}").plain
    return Shown(Shown.folded(line, body, kind="claim listed").myst, f"<details>{plain}\n\n</details>")
