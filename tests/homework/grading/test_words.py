"""Answers in words: found where they are, told from the place that was handed out, and never a silent 0."""

import copy

import nbformat
import pytest

from lecturelib.homework.grading import grade, gradebook, matching
from lecturelib.homework.grading.course import Course
from lecturelib.homework.lab import source, versions
from lecturelib.homework.lab.lab import KEPT_BACK
from lecturelib.homework.reporting import report
from tests.homework import handed_in
from tests.homework.handed_in import USUAL, notebook, text
from tests.homework.labs import LAB

LAB_ON_LINES = handed_in.lab()
BLANK = f"Why has an upright line no slope?\n\n{versions.TO_WRITE}"
WORDS = "Its run is zero, and nothing can be divided by it."
MARK = '+++ {"nbgrader": {"grade_id": "explain", "points": 4}}'
APART = source.reads(
    LAB.replace(
        f"{MARK}\n\nWhy has an upright line no slope?\n",
        f"Why has an upright line no slope? See {{prf:ref}}`the-line`.\n\n{MARK}\n",
    ),
    "lines.md",
)
"""As the labs of the book are: the question stands in a cell of its own, with a reference that is resolved."""
QUESTION = "Why has an upright line no slope? See Theorem 3.1."


def markdown(words):
    return nbformat.v4.new_markdown_cell(words)


def apart(answer=versions.TO_WRITE):
    """A right notebook of the lab whose question stands apart."""
    content = notebook(APART, explain=answer)
    for cell in content.cells:
        cell.source = cell.source.replace("{prf:ref}`the-line`", "Theorem 3.1")
    return content


def stripped(content):
    for cell in content.cells:
        cell.metadata = {}
    return content


def found(content, lab=LAB_ON_LINES):
    return matching.match(lab, content)


def test_words_behind_the_marks_are_the_answer():
    for answer in (WORDS, f"{BLANK}\n\n{WORDS}", BLANK.replace(versions.TO_WRITE, "7"), f"# {WORDS}", "∞", "$0/0$"):
        submitted = found(notebook(explain=answer))
        assert submitted.written == {"explain": answer}
        assert (submitted.unfound, submitted.doubts, submitted.notes) == ((), (), ())
    longer = notebook(explain=WORDS)
    longer.cells.insert(longer.cells.index(handed_in.cell(longer, "explain")) + 1, markdown("And more."))
    assert found(longer).written == {"explain": f"{WORDS}\n\nAnd more."}


@pytest.mark.parametrize("lost", ["all marks", "the mark of the answer"])
@pytest.mark.parametrize("lab", [LAB_ON_LINES, APART], ids=["together", "apart"])
def test_an_answer_without_its_mark_is_told_by_its_place(lab, lost):
    content = notebook(explain=BLANK.replace(versions.TO_WRITE, WORDS)) if lab is LAB_ON_LINES else apart(WORDS)
    answer = handed_in.cell(content, "explain")
    stripped(content) if lost == "all marks" else answer.metadata.clear()
    submitted = found(content, lab)
    assert submitted.written["explain"].endswith(WORDS)
    assert submitted.unfound == ()
    assert "told by its place" in submitted.notes[-1]


def test_an_answer_typed_elsewhere_is_shown_and_looked_at():
    content = apart(WORDS)
    answer = handed_in.cell(content, "explain")
    content.cells.remove(answer)
    content.cells.append(markdown(WORDS))
    submitted = found(content, APART)
    assert submitted.written == {"explain": WORDS}
    assert submitted.unfound == ("explain",)
    assert "is missing or not where it was" in submitted.doubts[0]
    # in the question itself, and in a cell of code
    typed = apart(WORDS)
    typed.cells.remove(handed_in.cell(typed, "explain"))
    question = next(cell for cell in typed.cells if cell.source.endswith(QUESTION))
    question.source += f"\n\n{WORDS}"
    assert WORDS in found(typed, APART).written["explain"]
    coded = apart(WORDS)
    coded.cells[coded.cells.index(handed_in.cell(coded, "explain"))] = nbformat.v4.new_code_cell(WORDS)
    assert found(coded, APART).written["explain"] == WORDS


def test_an_answer_that_is_nowhere_is_looked_for_by_a_person():
    for lab, content in ((LAB_ON_LINES, notebook()), (APART, apart())):
        content.cells.remove(handed_in.cell(content, "explain"))
        submitted = found(content, lab)
        assert submitted.written == {"explain": ""}
        assert submitted.unfound == ("explain",)
        assert submitted.doubts == ("explain: the answer in words was not found",)


def test_the_place_for_the_answer_as_it_was_handed_out_is_no_answer():
    for answer in (BLANK, versions.TO_WRITE, "Why has an upright line no slope?", "", f"{BLANK}\n\n  \n"):
        submitted = found(notebook(explain=answer))
        assert submitted.written == {"explain": ""}
        assert (submitted.unfound, submitted.doubts) == ((), ())
        assert submitted.notes == ("explain: no answer was written",)
    handed_out = [versions.student_cell(APART, cell) for cell in APART.cells if cell.kind not in KEPT_BACK]
    for content in (nbformat.v4.new_notebook(cells=handed_out), apart(), stripped(apart())):
        submitted = found(content, APART)
        assert (submitted.written, submitted.unfound) == ({"explain": ""}, ())


@pytest.mark.parametrize("where", ["right below", "at the end", "in the question", "in a cell of code"])
def test_an_answer_below_the_place_that_was_left_empty_is_looked_at(where):
    content = apart()
    below = content.cells.index(handed_in.cell(content, "explain")) + 1
    if where == "in the question":
        content.cells[below - 2].source += f"\n\n{WORDS}"
    elif where == "in a cell of code":
        content.cells.insert(below, nbformat.v4.new_code_cell(f"# {WORDS}"))
    else:
        content.cells.insert(below if where == "right below" else len(content.cells), markdown(WORDS))
    submitted = found(content, APART)
    assert WORDS in submitted.written["explain"]
    assert submitted.unfound == ("explain",)
    assert submitted.doubts[0].startswith("explain: the cell for the answer in words is empty")
    content = apart()
    content.cells.insert(below, nbformat.v4.new_code_cell("print(slope((0.0, 0.0), (1.0, 1.0)))"))
    assert found(content, APART).unfound == ()


def test_two_answers_do_not_take_each_others_words():
    two = source.reads(
        LAB + '\nAnd a level one?\n\n+++ {"nbgrader": {"grade_id": "level", "points": 1}}\n\n'
        "### BEGIN SOLUTION\nZero.\n### END SOLUTION\n\n"
        '+++ {"tags": ["rubric"], "lab": {"task": "level"}}\n\nOne point.\n',
        "lines.md",
    )
    content = stripped(notebook(two, explain=BLANK.replace(versions.TO_WRITE, WORDS), level="It is zero."))
    submitted = found(content, two)
    assert submitted.written["level"] == "It is zero."
    assert submitted.written["explain"].endswith(WORDS)
    assert submitted.unfound == ()
    content = notebook(two, explain=BLANK, level="It is zero.")
    assert found(content, two).written == {"explain": "", "level": "It is zero."}


def test_grading_waits_for_an_answer_that_was_not_found(tmp_path):
    handed_in.isolation()
    (tmp_path / "lines.md").write_text(LAB)
    course = Course(tmp_path / "grades", [handed_in.lab(tmp_path / "lines.md")], limits=USUAL)
    contents = {"marked": notebook(), "nowhere": notebook(), "stripped": stripped(notebook())}
    contents["nowhere"].cells.remove(handed_in.cell(contents["nowhere"], "explain"))
    contents["below"] = copy.deepcopy(contents["nowhere"])
    contents["below"].cells.append(markdown(f"{WORDS} <b>"))
    contents["blank"] = notebook(explain=BLANK)
    for name, content in contents.items():
        path = tmp_path / "submissions" / name / "lines.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(text(content))
    done = grade.grade(course, tmp_path / "submissions", progress=False)
    status = {record.student.key: record.result.status for record in done.records}
    assert [name for name, word in status.items() if word == "needs review"] == ["below", "nowhere", "stripped"]
    with gradebook.opened(course.folder / "gradebook.db") as book:
        for name in contents:
            waiting = gradebook.total(book, course.labs[0], name).waiting
            assert waiting == (() if name == "blank" else ("explain",)), name
    report.report(course, tmp_path / "report")
    page = (tmp_path / "report" / "overview.html").read_text(encoding="utf-8")
    assert f'<summary>explain, as it was written</summary><p class="message">{WORDS} &lt;b&gt;</p>' in page
    blank = (tmp_path / "report" / "feedback" / "lines" / "blank.html").read_text(encoding="utf-8")
    assert "There is no answer." in blank
    assert "explain: no answer was written" in blank
