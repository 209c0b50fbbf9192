"""One page built alone, from a book that was never built, and from one that was."""

from __future__ import annotations

import re

import pytest

from lecturelib.site.one_page import find, skeleton
from tests.site.books import NOTEBOOK, build, cell, write_book
from tests.site.link_checks import read

OTHER = (
    NOTEBOOK
    + """
:::{prf:theorem} Large
:label: thm-large

Words {cite}`deboor2001`, $x$ and {def}`some term`.
:::

$$
x = 1
$$ (eq-one)

```{math}
:label: eq-two
x = 2
```

(sec-there)=
## There

````{exercise} Small
:label: ex-small

```python
# no heading
```
````
"""
    + cell(
        "# no heading either\nfrom lecturelib.core import figures\n\nfigure, axes = figures.new()\n"
        "figures.show(figure, label='fig-there', caption='C', alt='A')\n1 / 0  # of another page"
    )
)
ASKING = """
See {prf:ref}`thm-large`, {eq}`eq-one`, {eq}`eq-two`, [](#sec-there), {prf:ref}`thm-own`, {numref}`fig-there`,
[](other.md), {numref}`Exercise {number} <ex-small>` {cite:t}`deboor2001` and {term}`some term`.

:::{prf:theorem} Own
:label: thm-own

$y = 1$
:::
"""


def text_of(book) -> str:
    html = (book / "_build" / "page" / "chapters" / "one" / "page.html").read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]*>", " ", html.split("<article", 1)[1].split("</article>")[0]).split())


def test_a_page_is_built_alone_and_then_leads_into_the_built_book(tmp_path):
    chapters = {
        "welcome": "# Welcome\n",
        "chapters/one/other": OTHER,
        "chapters/one/page": NOTEBOOK + ASKING + cell("print(6 * 7)"),
    }
    write_book(tmp_path, chapters)
    toc = {"file": "chapters/one/other"}, {"file": "chapters/one/page"}, {"file": "bibliography"}
    parts = f"format: jb-book\nroot: welcome\nparts:\n- caption: One\n  numbered: true\n  chapters: {[*toc]}\n"
    (tmp_path / "_toc.yml").write_text(parts, encoding="utf-8")
    done = build(tmp_path, "page", "./chapters/one/page.md")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "chapters/one/page.md: Executing notebook"
    assert lines[2:] == [f"The page is at {(tmp_path / '_build/page/chapters/one/page.html').as_uri()}"]
    text = text_of(tmp_path)
    assert (
        "See Theorem 1.1 , (1.1) , (1.2) , There , Theorem 2.1 , Fig. 1.1 , A page with code , Exercise 1.1" in text
    ), text
    assert "de Boor" in text
    assert "42" in text

    site = tmp_path / "_build" / "html" / "chapters" / "one"
    site.mkdir(parents=True)
    (site / "other.html").touch()
    page = tmp_path / "chapters" / "one" / "page.md"
    wrong = "\nAlso {prf:ref}`thm-lagre`, {numref}`no-figure` and {explore}`this <nothing a=1>`.\n"
    page.write_text(page.read_text(encoding="utf-8") + wrong, encoding="utf-8")
    done = build(tmp_path, "page", "chapters/one/page")
    assert done.returncode == 1
    assert "notebook" not in done.stdout, "nothing but words has changed"
    told = re.findall(r"page\.md.*WARNING: (.*)", done.stdout)
    assert len(told) == 3, done.stdout
    assert all(any(name in line for line in told) for name in ("thm-lagre", "no-figure", "'nothing'"))
    assert "other.md" not in done.stdout
    links = {link for _, link in read(tmp_path / "_build" / "page" / "chapters" / "one" / "page.html").refers}
    assert "../../../html/chapters/one/other.html#thm-large" in links


def test_a_cell_that_fails_is_shown_and_what_is_wrong_is_told(tmp_path):
    write_book(tmp_path, {"welcome": "# Welcome\n", "page": NOTEBOOK + cell("1 / 0")})
    done = build(tmp_path, "page", "page")
    assert done.returncode == 1
    assert "page.md: WARNING: Executing notebook failed: CellExecutionError" in done.stdout
    assert done.stdout.endswith("_build/page/page.html, with the warnings above\n")
    assert "ZeroDivisionError" in (tmp_path / "_build" / "page" / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("chapters/one/pgae", "no page 'chapters/one/pgae'. Did you mean chapters/one/page?"),
        ("page.md", "no page 'page.md'. Did you mean chapters/one/page?"),
        ("pages", "Did you mean chapters/one/page?"),
        ("xyz", "The pages are: chapters/one/page, welcome"),
        ("", "PAGE is empty. The pages are: chapters/one/page, welcome"),
    ],
)
def test_a_page_that_is_not_there_is_answered_with_names_near_it(tmp_path, wanted, told):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: welcome\nchapters:\n- file: chapters/one/page\n")
    with pytest.raises(ValueError, match=re.escape(told)):
        find(tmp_path, wanted)
    assert (
        find(tmp_path, "chapters/one/page.md") == find(tmp_path, f"{tmp_path}/chapters/one/page") == "chapters/one/page"
    )


def test_a_skeleton_has_what_others_refer_to_and_nothing_else():
    assert skeleton("# Bibliography\n\n```{bibliography}\n```\n") == "# Bibliography\n\n```{bibliography}\n```\n"
    kept = skeleton(OTHER)
    assert re.findall(r"(?:label: |figure\} )(\S+)", kept) == ["thm-large", "eq-one", "eq-two", "ex-small", "fig-there"]
    assert re.findall(r"^#+ .*", kept, re.M) == ["# A page with code", "## There"]
    assert "(sec-there)=\n## There" in kept
    assert "\n{def}`some term`\n" in kept
    assert not re.search("cite|import|Words", kept)
