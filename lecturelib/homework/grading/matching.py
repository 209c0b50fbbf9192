"""The cells of a notebook that was handed in, held against those of a lab.

Cells are told by their grade_id; where metadata was stripped, by their text. Only the student's own cells are run:
test cells come from the source, whatever became of those in the notebook.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lecturelib.homework.grading import reading, words
from lecturelib.homework.grading.reading import Cell
from lecturelib.homework.lab import names
from lecturelib.homework.lab.lab import KEPT_BACK, Lab, Task, split

ALIKE = 0.6
"""Which part of their lines (0 to 1) two cells without metadata share that are taken for the same."""


@dataclass(frozen=True)
class Submitted:
    """What of a notebook concerns a lab.

    to_run: code cells in their order, without test cells. written: task → answer in Markdown, empty where nothing was
    written; unfound: tasks whose answer may be another or stand elsewhere. notes: harmless deviations. doubts: what a
    person should look at. score: how sure it is that it belongs to the lab, 0 to 1. digests: task → a short name for
    what answers it, another one where the answer is.
    """

    to_run: tuple[Cell, ...]
    written: dict[str, str]
    unfound: tuple[str, ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    score: float
    digests: dict[str, str]


def match(lab: Lab, notebook: Mapping[str, Any]) -> Submitted:
    """Hold a notebook against a lab; a low `score` says that it is of another.

    Raises reading.Invalid where it is none.
    """
    mine = reading.cells(notebook)
    graded = {cell.name: cell for cell in lab.cells if cell.name}
    by_name = [cell for cell in mine if cell.name in graded]
    counts = Counter(cell.name for cell in by_name)
    tests = {cell.name: _essence(split(cell)[0]) for cell in lab.cells if cell.kind == "test"}
    notes, doubts, skipped, seen = [], [], set(), Counter(counts)
    for cell in by_name:
        if cell.name not in tests:
            continue
        skipped.add(cell.index)
        if cell.is_code and _essence(cell.source) != tests[cell.name]:
            doubts.append(f"test cell {cell.name} was edited; the original was used")
    taken = {name for cell in lab.cells for name in cell.takes}
    for cell in mine:
        if cell.is_code and not cell.name and (test := _alike(_essence(cell.source), tests)):
            seen[test] += 1
            if not taken & _defined(cell.source):  # an answer may have been written into it
                skipped.add(cell.index)
    if not by_name and (seen or _shared(lab, mine)):
        doubts.append("the cells have lost their marks; they were told by their text")
    doubts += [f"the cell {name} is there {times} times" for name, times in sorted(counts.items()) if times > 1]
    doubts += [
        f"the points of {cell.name} were changed to {cell.points:g}; {graded[cell.name].points:g} count"
        for cell in by_name
        if cell.points is not None and graded[cell.name].kind != "solution" and cell.points != graded[cell.name].points
    ]
    notes += [f"test cell {name} was deleted; the original was used" for name in tests if not seen[name]]
    doubts += _kernel(notebook)
    answers = words.answers(lab, mine)
    doubts += [answer.doubt for answer in answers.values() if answer.doubt]
    notes += [answer.note for answer in answers.values() if answer.note]
    to_run = tuple(cell for cell in mine if cell.is_code and cell.index not in skipped)
    return Submitted(
        to_run=to_run,
        written={task: answer.text for task, answer in answers.items()},
        unfound=tuple(task for task, answer in answers.items() if not answer.found),
        notes=tuple(notes),
        doubts=tuple(doubts),
        score=len(counts) / max(1, len(graded)) if counts else _shared(lab, mine),
        digests={task.name: _digest(task, answers, to_run) for task in lab.tasks},
    )


def _digest(task: Task, answers: Mapping[str, words.Answer], to_run: Iterable[Cell]) -> str:
    """A short name for what answers a task. Code without its mark may be anywhere: then all of it counts."""
    to_run = list(to_run)
    code = [cell for cell in to_run if cell.name == task.name] or to_run
    parts = [answers[task.name].text] if task.name in answers else [cell.source.strip() for cell in code]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _defined(source: str) -> set[str]:
    """The names that a cell defines; none where it is no plain Python."""
    try:
        return names.defined(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _kernel(notebook: Mapping[str, Any]) -> list[str]:
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        described = metadata.get(part)
        language = described.get(key) if isinstance(described, dict) else None
        if isinstance(language, str) and language:
            wrong = not language.lower().startswith(("python", "ipython"))
            return [f"the notebook says that it is written in {language[:40]}; it was run as Python"] * wrong
    return []


def _essence(source: str) -> str:
    """A cell without comments, blank lines and spaces at the ends of lines."""
    lines = (line.rstrip() for line in source.splitlines())
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _alike(text: str, others: Mapping[str, str]) -> str:
    """The name of the text that shares most lines, empty where none shares enough. Letters would take long."""
    mine = text.split("\n")
    best, name = ALIKE, ""
    for other, there in others.items():
        theirs = there.split("\n")
        if text and there and len(mine) <= 3 * len(theirs):
            ratio = difflib.SequenceMatcher(None, theirs, mine, autojunk=False).ratio()
            if ratio >= best:
                best, name = ratio, other
    return name


def _shared(lab: Lab, mine: Iterable[Cell]) -> float:
    """Which part of a lab's lines, those that students are given, is found in the notebook."""
    kept = [cell for cell in lab.cells if cell.kind not in KEPT_BACK]
    given = {line for cell in kept for line in _lines(split(cell)[0])}
    there = {line for cell in mine for line in _lines(cell.source)}
    return len(given & there) / max(1, len(given))


def _lines(source: str) -> set[str]:
    """Lines that say something: at least twelve letters and signs, spaces left out."""
    return {line for line in (re.sub(r"\s+", "", line) for line in source.splitlines()) if len(line) >= 12}
