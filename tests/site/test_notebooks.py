"""A small book with every construct is built; its notebooks must say what its pages say, in plain Markdown."""

import base64
import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from docutils import nodes
from myst_nb.core.read import read_myst_markdown_notebook
from nbclient import NotebookClient

from lecturelib.site import notebooks
from lecturelib.site.markdown import Cell, Markdown
from tests.site.books import NOTEBOOK, SETTINGS, built, cell, write_book

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("root", "constructs", "other", "strange", "bibliography")
CHAPTER = ROOT / "tests" / "site" / "book" / "chapters" / "constructs.md"
MYST = re.compile(r":::|\{(eq|cite|prf|ref|numref|glue|doc|term|sub|sup)\b.*?\}|`{3,}\{|^\(\S+\)=$", re.M)


def build(folder: Path) -> str:
    """What jupyter-book says while it builds the folder anew."""
    path = os.pathsep.join([str(ROOT), str(folder), os.environ.get("PYTHONPATH", "")])
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(folder), "-n", "--all"]
    environment = {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The book, built with the settings of the real one: its folder and what was said."""
    folder = tmp_path_factory.mktemp("book")
    shutil.copytree(ROOT / "tests" / "site" / "book", folder, dirs_exist_ok=True)
    (folder / "_build" / "extra").mkdir(parents=True)
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config = settings["sphinx"]["config"]
    config["extensions"].append("mystery")
    config["formula_macros"]["abs"] = [r"\left|#1\right|", 1]
    del config["html_favicon"]
    (folder / "_config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return SimpleNamespace(folder=folder, said=build(folder))


def notebook_file(book, page: str) -> Path:
    return book.folder / "_build" / "html" / "_sources" / "chapters" / f"{page}.ipynb"


def notebook(book, page: str):
    return nbformat.read(notebook_file(book, page), as_version=4)


def text(book, page: str) -> str:
    """All Markdown of the notebook, the spaces that hold names together as plain ones."""
    cells = [cell.source for cell in notebook(book, page).cells if cell.cell_type == "markdown"]
    return "\n\n".join(cells).replace("\N{NO-BREAK SPACE}", " ")


def web(book, page: str) -> str:
    """The article of the page, as HTML."""
    page = (book.folder / "_build" / "html" / "chapters" / f"{page}.html").read_text(encoding="utf-8")
    return re.search(r"<article.*</article>", page, re.S)[0]


def seen(fragment: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", fragment)).replace("¶", "").split())


@pytest.mark.parametrize("page", PAGES)
def test_notebook_is_valid_and_free_of_myst(book, page):
    found = notebook(book, page)
    nbformat.validate(found)
    assert found.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in found.cells}) == len(found.cells)
    assert not MYST.search(text(book, page))
    assert "\\R" not in text(book, page)


def test_the_chapter_is_full_of_myst():
    assert len(MYST.findall(CHAPTER.read_text(encoding="utf-8"))) > 50


def test_page_offers_its_notebook(book):
    page = (book.folder / "_build" / "html" / "chapters" / "constructs.html").read_text(encoding="utf-8")
    assert 'href="../_sources/chapters/constructs.ipynb"' in page


def test_numbers_are_those_of_the_page(book):
    page, plain = web(book, "constructs"), text(book, "constructs")
    titles = {seen(found) for found in re.findall(r'<span class="caption-number">(.*?)</span>', page)}
    # definitions, theorems and lemmas share one count
    assert {"Theorem 1.1", "Lemma 1.2", "Exercise 1.2", "Table 1.1", "Listing 1.1", "Fig. 1.1"} <= titles
    for title in titles - {"Definition"}:
        assert title in plain
    equations = re.findall(r'<span class="eqno">\((.*?)\)', page)
    assert len(equations) >= 3
    assert re.findall(r"\\tag\{(.*?)\}", plain) == equations
    headings = [seen(found).removesuffix("#") for found in re.findall(r"<h\d>(.*?)</h\d>", page)]
    assert [line.lstrip("# ") for line in plain.splitlines() if re.match("#+ ", line)] == [*headings, "References"]


def test_references_read_as_on_the_page(book):
    page, plain = seen(web(book, "constructs")), " ".join(text(book, "constructs").split())
    sentences = re.findall(r"Cited .*?A footnote", page)
    assert len(sentences) == 1
    assert sentences[0].replace("Definition ,", "Definition,") in plain
    assert "See Section 1, Every construct, (1.1), Theorem 1.1 and [Noether, 1918]." in text(book, "other")


def test_code_is_that_of_the_chapter_and_in_order(book):
    chapter = read_myst_markdown_notebook(CHAPTER.read_text(encoding="utf-8"))
    chapter = [cell for cell in chapter.cells if cell.cell_type == "code"]
    setup, names, *code = [cell for cell in notebook(book, "constructs").cells if cell.cell_type == "code"]
    assert "lecturelib" in setup.source
    assert '"fig-line": "Fig. 1.2"' in names.source
    assert names.metadata.jupyter.source_hidden
    assert setup.source.startswith("#")
    assert [cell.source for cell in code] == [cell.source for cell in chapter]
    assert all(cell.execution_count is None for cell in code)
    tags = [cell.metadata.get("tags", []) for cell in code]
    assert tags == [cell.metadata.get("tags", []) for cell in chapter]
    hidden = [cell.metadata.get("jupyter", {}).get("source_hidden", False) for cell in code]
    assert hidden == [False, True, True, False, True, False]  # by its tag, by its tag, and in a solution


@pytest.mark.parametrize("page", ["root", "other", "bibliography"])
def test_page_without_code_has_no_code_cell(book, page):
    assert {cell.cell_type for cell in notebook(book, page).cells} == {"markdown"}


EXPECTED = [
    r"It costs 5<span>\$</span> or 6<span>\$</span>",
    r"1 < 2 \<b> and H<sub>2</sub>O",
    "a [link](<https://example.org/a_(b)>).",
    "Hard\\\nbreak.",
    r"$x \in \mathbb{R}^n$",
    r"$\left|x \cdot 2\right|$",
    "Raw HTML goes.",
    "footnote<sup>1</sup>",
    "<sup>1</sup> The note with $n$.",
    "$$\n\\begin{split}\nx &= \\operatorname{\\mathbb{E}}[\\left|y\\right|] \\\\\n  &= 2\n\\end{split} \\tag{1.1}\n$$",
    "$$\ny = 3\n$$",
    "$$\n\\begin{aligned}\na &= b \\\\\nc &= d\n\\end{aligned} \\tag{1.2}\n$$",
    "$$\ne = f\n$$",
    '  1. inner\n\n  2. inner two\n\n     ```python\n     code = "in a list"\n     ```',
    "3. three\n4. four",
    "- **Term with $t$**\n\n  Definition one.\n\n  It goes on.",
    "> A quote\n> over lines\n>\n> $$ z = 1 $$",
    "\n\n---\n\n",
    "| left | right $y$ |\n| :-- | --: |\n| `a` | $\\vert z\\vert$ |",
    "**Table 1.1** A caption\n\n| A | B |\n| --- | --- |\n| x | - bullet<br>- $z$ |",
    '**Listing 1.1** A listing\n\n```python\nprint("$hi$")\n```',
    "```text\nplain text\n```",
    "\n\n**Fig. 1.1** The dot $d$.",
    "> Quoted.\n>\n> — Someone",
    "> **Theorem 1.1 (A name $n$).** Foo $x$.\n>\n> $$ q = 1 \\tag{1.3} $$\n>\n> - item",
    "> *Proof.* Because of Theorem 1.1.\n>\n> Next.",
    "> **Definition.** A definition.",
    "> **Algorithm 1.1 (Steps).**\n>\n> 1. first\n> 2. second",
    "> **Note.** A note.",
    "> **Titled *it*?** Advice.",
    "<details>\n<summary>Folded</summary>\n\nUnder the fold.\n\n</details>",
    "<details>\n<summary>Open me &amp; $m$</summary>\n\nInside.\n\n</details>",
    "**Tab A**\n\nContent A\n\n**Tab B**",
    "**Card title**\n\nCard body",
    "The value is 3.14.",
    "> **Exercise 1.1 (Hard one).** Do it.",
    "<details>\n<summary>Solution to Exercise 1.1 (Hard one)</summary>\n\nDone: $x^2$.\n\n</details>",
    "<summary>Solution to Exercise 1.2 (continued)</summary>\n\nThat was it.",
    "## References\n\n- Donald E. Knuth. *The TeXbook*. Addison-Wesley, Reading, 1984.",
]


@pytest.mark.parametrize("expected", EXPECTED)
def test_construct(book, expected):
    assert expected in text(book, "constructs")


def test_outputs_are_not_repeated_as_text(book):
    assert "A line, see" not in text(book, "constructs")
    assert "output above" not in text(book, "constructs")
    assert "an output" not in text(book, "constructs")


def test_images_travel_with_their_cell(book):
    cell = next(cell for cell in notebook(book, "constructs").cells if "A dot." in cell.source)
    drawing = base64.b64encode((CHAPTER.parent / "dot.svg").read_bytes()).decode()
    assert f'<img alt="A dot." src="data:image/svg+xml;base64,{drawing}">' in cell.source
    assert "![a pixel](attachment:pixel.png)" in cell.source
    pixel = base64.b64encode((CHAPTER.parent / "pixel.png").read_bytes()).decode()
    assert cell.attachments == {"pixel.png": {"image/png": pixel}}


def test_bibliography_lists_the_works_once(book):
    found = text(book, "bibliography")
    assert "- **[Knu84]** Donald E. Knuth." in found
    assert found.count("Noether") == 1


def test_unknown_node_warns_and_nothing_else_does(book):
    warnings = [line for line in book.said.splitlines() if "WARNING:" in line]
    assert len(warnings) == 1, warnings
    assert "strange.md" in warnings[0]
    assert "mystery" in warnings[0]
    assert "What is *inside* stays." in text(book, "strange")


def test_notebook_runs(book, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    ran = NotebookClient(notebook(book, "constructs"), timeout=60).execute()
    outputs = [cell.outputs for cell in ran.cells if cell.cell_type == "code"]
    assert outputs[6][0]["data"]["text/plain"] == "7"
    # run again, cells show what is stored with them
    stored = [cell.outputs for cell in notebook(book, "constructs").cells if cell.cell_type == "code"]
    drawn = outputs[7]
    assert [dict(output.data) for output in drawn] == [dict(output.data) for output in stored[7]]
    assert "text/html" not in drawn[0].data


def figure(outputs: list) -> tuple[dict, dict, str]:
    """Of a figure in a notebook: the data of the image, how it is to be shown, and the caption."""
    image, caption = outputs
    assert image.output_type == caption.output_type == "display_data"
    return image.data, image.metadata["image/png"], caption.data["text/markdown"]


def test_figures_are_images_with_the_captions_of_the_page(book):
    cells = [cell for cell in notebook(book, "constructs").cells if cell.cell_type == "code"]
    data, shown, caption = figure(cells[7].outputs)
    assert set(data) == {"image/png", "text/plain"}, "what drops drawings in HTML leaves these"
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert shown["alt"] == "It rises."
    assert shown["width"] == 538
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", web(book, "constructs"), re.S)
    assert [seen(one).removesuffix("#") for one in captions if "line" in one] == ["Fig. 1.2 A line, see (2.1)."]
    assert caption.startswith("**Fig. 1.2.** A line, see (2.1).\n\n<details>")
    assert "It rises." in caption


def test_what_is_only_for_the_builder_is_not_stored(book):
    outputs = [output for cell in notebook(book, "constructs").cells for output in cell.get("outputs", [])]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert kinds <= {"text/plain", "text/markdown", "text/html", "image/png"}
    # glue("value", …, display=False) is in the chapter, and shows nothing
    assert not [output for output in outputs if "3.14" in str(output)]


def test_a_notebook_says_where_it_comes_from(book):
    found = notebook(book, "constructs")
    assert found.metadata.title == "Every construct — Neural Networks in Function Space"
    assert found.metadata.authors == [{"name": "The authors of Neural Networks in Function Space"}]
    assert found.metadata.license.text.name == "CC BY 4.0"
    assert "address" not in found.metadata, "the book has none"
    first = found.cells[0].source
    assert first.startswith("*Neural Networks in Function Space*, © 2026 The authors")
    assert "(https://creativecommons.org/licenses/by/4.0/)" in first


def test_where_the_book_has_an_address_notebooks_name_it(tmp_path):
    html_settings = {**SETTINGS["html"], "baseurl": "https://example.org/book/"}
    text = NOTEBOOK + "Words.\n\n" + cell("1 + 1")
    chapters = {"root": "# Root\n", "part/page": text}
    site = built(write_book(tmp_path, chapters, {"html": html_settings}))
    found = nbformat.read(site / "_sources" / "part" / "page.ipynb", as_version=4)
    assert found.metadata.address == "https://example.org/book/part/page.html"
    assert "The page in the book: <https://example.org/book/part/page.html>." in found.cells[0].source
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    assert "The book is at https://example.org/book/." in code[0].source
    assert [output.data for output in code[1].outputs] == [{"text/plain": "2"}]
    assert len(code) == 2, "nothing has a name"


def test_second_build_gives_the_same_bytes(book):
    before = {page: notebook_file(book, page).read_bytes() for page in PAGES}
    shutil.rmtree(book.folder / "_build" / "html")
    build(book.folder)
    assert {page: notebook_file(book, page).read_bytes() for page in PAGES} == before


# The visitor by itself


def lower(*found: nodes.Node, **options) -> list:
    return Markdown(unknown=lambda node: pytest.fail(f"unknown: {node!r}"), **options).parts(*found)


def test_reference_to_another_page_is_a_link_where_the_book_has_an_address():
    reference = nodes.reference("", "Theorem 2.1", refuri="../b/other.html#thm", internal=True)
    assert lower(nodes.paragraph("", "", reference)) == ["Theorem 2.1"]
    address = "https://example.org/book/a/page.html"
    expected = "[Theorem 2.1](https://example.org/book/b/other.html#thm)"
    assert lower(nodes.paragraph("", "", reference), address=address) == [expected]


def test_reference_within_the_page_is_plain_text():
    reference = nodes.reference("", "Exercise 1", refuri="#ex", internal=True)
    assert lower(nodes.paragraph("", "", reference), address="https://example.org/page.html") == ["Exercise 1"]


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [
        ("# no heading", r"\# no heading"),
        ("- no list", r"\- no list"),
        ("1986. A year", r"1986\. A year"),
        ("a_b and _c_", r"a_b and \_c\_"),
        ("[no](link)", r"\[no](link)"),
        ("&amp; stays", "&amp;amp; stays"),
        ("`no code`", r"\`no code\`"),
    ],
)
def test_text_stays_text(plain, escaped):
    assert lower(nodes.paragraph("", plain)) == [escaped]


def test_unknown_nodes_are_reported_and_read():
    met = []
    inside, block = nodes.option_string("", "what"), nodes.field_list("")
    assert Markdown(unknown=met.append).parts(nodes.paragraph("", "", inside), block) == ["what"]
    assert met == [inside, block]


def test_code_cells_split_what_is_folded():
    cell = nodes.container(nb_element="cell_code", cell_index=3)
    note = nodes.admonition("", nodes.title("", "More"), nodes.paragraph("", "a"), cell, classes=["dropdown"])
    first, place = lower(note)
    assert first.startswith("<details>")
    assert place == Cell(3, folded=True)


@pytest.mark.parametrize(
    ("address", "expected"), [("", "copy of the book"), ("https://a.org/b/c/", "git+https://a.org/b/c@main")]
)
def test_first_cell_makes_the_library_available(address, expected):
    options = {"repository_url": address, "repository_branch": "main"}
    config = SimpleNamespace(html_theme_options=options, html_baseurl="", html_title="The book")
    assert expected in notebooks.setup_cell(SimpleNamespace(config=config))
