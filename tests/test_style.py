"""Style, and that book, library and tests fit together. Which room may look into which is in test_rooms.py."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lecturelib.core.claims import all_claims
from lecturelib.core.derivations import all_derivations
from lecturelib.core.statements import CHECKED, all_statements

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "chapters").rglob("*.md"))}


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(command):
    done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def claimed() -> set[str]:
    """The labels of all claims."""
    return {claim.label for claims in all_claims().values() for claim in claims}


def test_every_claim_has_its_words_in_a_chapter():
    stated = {label for label, one in all_statements().items() if one.kind in CHECKED}
    assert not claimed() - stated


def test_every_theorem_has_a_claim():
    stated = {label: one.page for label, one in all_statements().items() if one.kind in CHECKED}
    known = claimed()
    assert not {label: page for label, page in stated.items() if label not in known}


def test_every_part_with_claims_is_on_the_page_of_what_was_checked():
    folder = ROOT / "chapters" / "appendix" / "checked"
    for part in {module.split(".")[1] for module in all_claims()}:
        assert f'ledger.part("{part}")' in CHAPTERS[folder / f"{part}.md"]


def test_every_derivation_is_shown():
    text = "\n".join(CHAPTERS.values())
    labels = [derivation.label for derivation in all_derivations()]
    assert len(labels) == len(set(labels))
    for module in (ROOT / "lecturelib").rglob("*.py"):
        for function in re.findall(r"^def (\w+)\(\) -> Derivation", module.read_text(encoding="utf-8"), flags=re.M):
            assert f".{function}().show(" in text, f"{module}: {function} is shown nowhere"


def test_cells_fit_one_look():
    for path, text in CHAPTERS.items():
        for cell in re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```", text, flags=re.M | re.S):
            lines = [line for line in cell.splitlines() if line.strip() and not line.startswith(":")]
            assert len(lines) <= 20, f"{path}: a cell of {len(lines)} lines\n{cell}"


def test_pages_and_labs_import_what_is_there():
    """A page that runs is the last to tell: this is seen in a second."""
    for path in [*(ROOT / "chapters").rglob("*.md"), *(ROOT / "labs").rglob("*.md")]:
        for module, names in re.findall(r"^from (lecturelib[\w.]*) import ([\w, ]+)$", path.read_text("utf-8"), re.M):
            for name in (one.split(" as ")[0].strip() for one in names.split(",")):
                found = hasattr(importlib.import_module(module), name) or importlib.util.find_spec(f"{module}.{name}")
                assert found, f"{path} takes {name} from {module}, which has none"
