"""A solution is planted in every place, in every disguise that a site has, and has to be found there."""

import base64
import gzip
import html
import io
import json
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest

from lecturelib.homework.lab import leaks, source, versions
from lecturelib.homework.lab.lab import KEPT_BACK, split
from tests.homework.labs import LAB

LINE = "return rise / (q[0] - p[0])"
PROSE = "nothing can be divided by zero"


@pytest.fixture(scope="module")
def lab():
    return source.reads(LAB, Path("labs/lines.md"))


def find(lab, folder, name, content, allowed=()):
    path = folder / Path(name).name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return leaks.find(lab, [(name, path)], allowed)


def archive(content: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner/notes.txt", content)
    return buffer.getvalue()


def colored(code: str) -> str:
    return " ".join(f'<span class="n">{html.escape(word)}</span>' for word in code.split(" "))


DISGUISES = {
    "as it stands": lambda text: text,
    "spaces": lambda text: text.replace(" ", "  \n "),
    "colored": colored,
    "entities": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "json": lambda text: json.dumps({"cells": [{"source": text}]}),
    "json lines": lambda text: json.dumps({"cells": [{"source": [text[:12], text[12:]]}]}),
    "json of html": lambda text: json.dumps([colored(text)]),
    "code points": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "percent": lambda text: quote(f"{text} =", safe=""),
    "base64": lambda text: f"data:text/plain;base64,{base64.b64encode(text.encode()).decode()}",
    "zip": archive,
    "zip in a zip": lambda text: archive(archive(text).decode("latin-1")),
    "gzip": lambda text: gzip.compress(text.encode()),
    "inventory": lambda text: b"# Sphinx inventory\n# P\n# V\n# Z\n" + zlib.compress(text.encode()),
    "upper case": str.upper,
}
del DISGUISES["zip in a zip"]  # made below, of bytes


@pytest.mark.parametrize("text", [LINE, PROSE])
@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("name", ["html/_sources/labs/lines.md", "html/chapters/other.html"])
def test_disguised_secret_is_found(lab, tmp_path, name, disguise, text):
    found = find(lab, tmp_path, name, DISGUISES[disguise](text))
    assert any(leak.secret.key in leaks.normal(text) for leak in found), found
    assert found[0].place.startswith(name)
    assert found[0].secret.cell.name == ("slope" if text == LINE else "explain")


def test_archive_within_an_archive(lab, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("inner.zip", archive(LINE))
    [leak] = find(lab, tmp_path, "html/lines.zip", buffer.getvalue())
    assert leak.place == "html/lines.zip → inner.zip → inner/notes.txt"


def test_every_line_that_is_kept_back_is_a_secret(lab):
    keys = {secret.key for secret in leaks.secrets(lab)}
    seen = leaks.normal(versions.page(lab))
    for cell in lab.cells:
        for text in [cell.source] if cell.kind in KEPT_BACK and cell.is_code else split(cell)[1]:
            for line in text.splitlines():
                key = leaks.normal(line)
                if cell.is_code and len(key) >= leaks.SHORT and key not in seen:
                    assert key in keys, line


@pytest.mark.parametrize(
    "text",
    [
        "the points need not begin at the origin",  # the message of a hidden test
        "takes the first point to be the origin",  # what is said about a wrong answer
        "Two points for the run of zero, two for the division",  # the rubric
        "return (p[1] - q[1]) / (p[0] - q[0])",  # another right answer
    ],
)
def test_each_kind_of_secret_is_found(lab, tmp_path, text):
    assert find(lab, tmp_path, "html/labs/lines.html", f"<p>{text}</p>")


def test_what_students_see_is_no_secret(lab, tmp_path):
    assert not find(lab, tmp_path, "html/_sources/labs/lines.md", versions.page(lab))


def test_short_pieces_are_looked_for_in_the_labs_own_files_only(lab, tmp_path):
    assert find(lab, tmp_path, "html/labs/lines.html", "guess = 1 / 7")
    assert not find(lab, tmp_path, "html/chapters/other.html", "guess = 1 / 7")


def test_what_chapters_say_may_stand_in_chapters_but_not_in_the_lab(lab, tmp_path):
    assert not find(lab, tmp_path, "html/chapters/other.html", LINE, allowed=[f"x = 1\n{LINE}\n"])
    assert find(lab, tmp_path, "html/labs/lines.html", LINE, allowed=[f"x = 1\n{LINE}\n"])


def index(terms: dict) -> str:
    """As `lecturelib.site.search` writes it: the words of a page for the root, 0, of sections for the lab, 1."""
    places = {word: [where] if isinstance(where, int) else where for word, where in {**terms, "line": 1}.items()}
    words = [[word, {"4": {str(number): 1 for number in where}}] for word, where in places.items()]
    found = {
        "pages": [{"address": "root.html"}, {"address": "labs/lines.html"}],
        "sections": [{"page": 0}, {"page": 1}],
        "index": json.dumps({"documentIds": {"0": 0, "1": 1}, "index": words}),
    }
    return f"globalThis.bookIndex = {json.dumps(json.dumps(found))};"


def test_word_that_only_secrets_have_is_found_in_the_index(lab, tmp_path):
    shown = tmp_path / "lines.ipynb"
    shown.write_text(json.dumps({"source": [versions.page(lab)]}), encoding="utf-8")
    path = tmp_path / "index.js"
    files = [("html/_sources/labs/lines.ipynb", shown), ("html/search/index.js", path)]
    path.write_text(index({"slope": 1, "point": [0, 1], "noth": 0, "upright": 1}), encoding="utf-8")
    assert leaks.find(lab, files, []) == []
    path.write_text(index({"slope": 1, "noth": [0, 1]}), encoding="utf-8")
    [leak] = leaks.find(lab, files, [])
    assert (leak.secret.text, leak.secret.cell.name, leak.place) == ("nothing", "explain", "html/search/index.js")


def test_word_whose_stem_students_see_is_no_secret(tmp_path):
    lab = source.reads(
        LAB.replace("Two points for the run", "Two lets for the run").replace("A line has", "Let it have"), "x"
    )
    shown, path = tmp_path / "x.ipynb", tmp_path / "index.js"
    shown.write_text(json.dumps({"source": [versions.page(lab)]}), encoding="utf-8")
    path.write_text(index({"let": 1}).replace("labs/lines", "labs/x"), encoding="utf-8")
    assert leaks.find(lab, [("html/_sources/labs/x.ipynb", shown), ("html/search/index.js", path)], []) == []


def test_words_of_the_question_are_no_secret_whatever_their_marks(tmp_path):
    text = LAB.replace("Why has an upright line", "Why, *at this point*, has an upright line")
    text = text.replace("Its run is zero, and", "At this point has an upright line no slope, and")
    lab = source.reads(text, Path("labs/lines.md"))
    assert not [secret for secret in leaks.secrets(lab) if b"uprightline" in secret.key]


def test_a_word_or_two_are_no_secret():
    lab = source.reads(LAB.replace("two for the division", "**Division**, of *course*"), Path("labs/lines.md"))
    assert not [secret for secret in leaks.secrets(lab) if secret.key in (b"division", b"course", b"of", b"ofcourse")]
