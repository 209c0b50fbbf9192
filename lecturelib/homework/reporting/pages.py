"""Pages of a report: feedback for a student, and the overview of a class. They work offline and need no scripts.

All text of students is hostile: templates escape everything, and a policy in each page forbids scripts and anything
from outside. Sources of tests, tracebacks and what was printed never get here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from lecturelib.homework.grading.results import STATUSES, CellResult, clean
from lecturelib.homework.lab.lab import Lab
from lecturelib.homework.reporting.rows import Row

MEANING = {
    "ok": "It was graded as it stands.",
    "late": "It came after the due time.",
    "timeout": "Something took too long and was stopped; the rest counts.",
    "crashed": "Something ended the process; it was left out, the rest counts.",
    "invalid": "It could not be run: the reason says why.",
    "needs review": "A person will look at it.",
}
MOST_FAILURES = 12
MOST_SHOWN = 20_000
"""Signs of an answer in words that the overview shows."""


_pages = Environment(
    loader=PackageLoader("lecturelib.homework.reporting"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: value if hasattr(value, "__html__") else clean(str(value)),
)
_pages.filters["number"] = lambda value: f"{value:g}"


def feedback(row: Row) -> str:
    """The page for one student: tasks, points, and what the tests told."""
    lab, total, result = row.lab, row.total, row.record.result
    if lab is None or total is None:
        raise ValueError("row: expected a submission whose lab is known")
    given = {score.cell: score for score in total.scores}
    tests = {test.name: test for test in result.tests}
    tasks = []
    for task in lab.tasks:
        cells = [cell.name for cell in task.tests] or [task.name]
        scores = [given[name] for name in cells]
        tasks.append(
            {
                "name": task.name,
                "most": task.points,
                "points": sum(score.given or 0.0 for score in scores),
                "waiting": any(score.given is None for score in scores),
                "by_hand": any(score.by_hand for score in scores),
                "messages": [_message(tests[name]) for name in cells if name in tests and not tests[name].passed],
            }
        )
    return _pages.get_template("feedback.html").render(
        title=f"{lab.title}: feedback",
        lab=lab,
        student=row.record.student,
        result=result,
        meaning=MEANING[result.status],
        tasks=tasks,
        total=total,
    )


def unread(row: Row) -> str:
    """The page for a student in whose files no lab was recognised: what is wrong with them."""
    record = row.record
    return _pages.get_template("unread.html").render(
        title="What you handed in: feedback",
        student=record.student,
        result=record.result,
        path=record.path,
        meaning=MEANING[record.result.status],
    )


def _message(test: CellResult) -> dict[str, str]:
    return {"name": test.name, "text": test.message, "where": "in a test that you do not see" if test.hidden else ""}


def overview(rows: Sequence[Row], labs: Iterable[Lab]) -> str:
    """The page for the instructor: how each lab went, what failed often, and what a person should look at."""
    statuses = Counter(row.record.result.status for row in rows)
    review = [row for row in rows if row.record.result.status in ("needs review", "invalid", "crashed", "timeout")]
    return _pages.get_template("overview.html").render(
        title="Overview of the class",
        statuses=[(status, statuses[status], MEANING[status]) for status in STATUSES if statuses[status]],
        number=len(rows),
        labs=[_of_lab(lab, [row for row in rows if row.lab is not None and row.lab.name == lab.name]) for lab in labs],
        review=sorted(review, key=lambda row: (STATUSES.index(row.record.result.status), row.record.student.key)),
        waiting=[(row, cells) for row in rows if (cells := _to_mark(row))],
        seconds=sum(row.record.result.seconds for row in rows),
        slowest=sorted(rows, key=lambda row: -row.record.result.seconds)[:5],
    )


def _to_mark(row: Row) -> list[tuple[str, str]]:
    """Cells that wait for points by hand, or for new ones, each with the words that were found for it."""
    written = row.record.result.written
    cells = row.total.waiting + row.total.outdated if row.total else ()
    return [(cell, _cut(written.get(cell, "").strip())) for cell in cells]


def _cut(text: str) -> str:
    more = len(text) - MOST_SHOWN
    return f"{text[:MOST_SHOWN]}\n… {more} signs more, in the notebook" if more > 0 else text


def _of_lab(lab: Lab, everything: Sequence[Row]) -> dict[str, Any]:
    """What the overview tells of one lab. Files that could not be run say nothing of how it went: they are counted."""
    rows = [row for row in everything if row.record.result.status != "invalid"]
    results = [row.record.result for row in rows]
    tasks = []
    for task in lab.tasks:
        cells = {cell.name for cell in task.tests} or {task.name}
        scores = [score for row in rows if row.total for score in row.total.scores if score.cell in cells]
        given = [score.given for score in scores if score.given is not None]
        most = sum(score.most for score in scores if score.given is not None)
        full = sum(result.passed(task.name) for result in results) if task.kind == "code" else None
        share = 100 * sum(given) / most if most else 0.0
        tasks.append({"name": task.name, "most": task.points, "share": share, "full": full, "kind": task.kind})
    failures = Counter(
        (test.task, test.name, test.message) for result in results for test in result.tests if not test.passed
    )
    points = [row.total.points for row in rows if row.total is not None]
    return {
        "lab": lab,
        "number": len(rows),
        "invalid": len(everything) - len(rows),
        "tasks": tasks,
        "mean": sum(points) / len(points) if points else 0.0,
        "bins": _bins(points, lab.points),
        "failures": failures.most_common(MOST_FAILURES),
    }


def _bins(points: Sequence[float], most: float, number: int = 10) -> list[Mapping[str, Any]]:
    """How many got how much, in ten parts of the points; the last one includes the most that there is."""
    counts = Counter(min(number - 1, max(0, int(number * value / most))) for value in points) if most else Counter()
    high = max(counts.values(), default=0) or 1
    edges = [most * n / number for n in range(number + 1)]
    return [
        {"from": edges[n], "to": edges[n + 1], "count": counts[n], "height": 100 * counts[n] / high}
        for n in range(number)
    ]
