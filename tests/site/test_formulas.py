"""Formulas: typeset when the book is built, in every place of a page, and a wide one can be seen to scroll."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docutils import nodes
from docutils.utils import new_document

from lecturelib.site import formulas
from tests.site.books import build, built, write_book
from tests.site.link_checks import read
from tests.site.page_checks import AXE, FONTS_READY, NARROW, WIDE
from tests.site.serving import serve

WIDE_IN_LINE = r"\sqrt{" + " + ".join(f"a_{{{n}}}" for n in range(1, 15)) + "}"
PLACES = rf"""# A title with $x_2^n$ and $\R^{{k}}$

(See {{eq}}`eq-first`), and ($y$), $f(x)$: it has $n$th parts, "$\alpha$".
Here $1<x$ and $x \text{{ if }} y$.

$$ a &= b \\ &= \sign c $$ (eq-first)

\begin{{align}}
c &= d \\
e &= f
\end{{align}}

It comes to $\sigma_i^2$. And to $\sigma_i^2$. And to $\sigma_i^2$. And to $\sigma_i^2$, $\sigma_j^2$; or $\sigma_k^2$.

## A heading with $h_1$

In a line, ${WIDE_IN_LINE}$ is too wide for a phone, ${" + ".join(f"b_{{{n}}}" for n in range(1, 30))}$ breaks.

$$ {" + ".join(f"c_{{{n}}}" for n in range(1, 15))} $$ (eq-wide)

:::{{dropdown}} A fold with $d_1$
Inside is $d_2$.
:::

:::{{note}}
A note with $n_1$.
:::

| column $t_1$ | other |
|---|---|
| $t_2$ | $t_3$ |

```{{figure}} dot.svg
:alt: A dot.

A caption with $g_1$.
```

```{{contents}}
```
"""


ENGINE = re.compile(r"mathjax/|window\.MathJax|katex\.(min\.)?m?js")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    book = tmp_path_factory.mktemp("formulas")
    (book / "dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', encoding="utf-8")
    return built(write_book(book, {"front": "# Front\n", "places": PLACES, "plain": "# Plain\n\nWords.\n"}))


@pytest.fixture(scope="module")
def text(site) -> str:
    return (site / "places.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address(site):
    with serve(site) as address:
        yield address


@pytest.fixture
def page(browser, address):
    with browser.new_context(viewport=NARROW) as context, context.new_page() as page:
        page.goto(f"{address}/places.html")
        page.evaluate(FONTS_READY)
        yield page


@pytest.fixture
def typesetter(tmp_path):
    made = formulas.Typesetter(tmp_path / "kept.sqlite")
    yield made
    made.close()


def test_a_formula_has_html_for_the_eye_and_mathml_with_its_tex(typesetter):
    html = typesetter.html(r"\frac{a}{b}", display=False)
    assert 'aria-hidden="true"' in html
    assert "<mfrac><mi>a</mi><mi>b</mi></mfrac>" in html
    assert r'<annotation encoding="application/x-tex">\frac{a}{b}</annotation>' in html
    assert "katex-display" in typesetter.html(r"\frac{a}{b}", display=True)


@pytest.mark.parametrize(
    ("formula", "complaint"), [(r"\nosuch", r"\\nosuch"), (r"\frac{1", "expected|Expected"), ("a – b", "8211")]
)
def test_what_cannot_be_read_is_refused_and_the_next_one_is_typeset(typesetter, formula, complaint):
    with pytest.raises(formulas.Unreadable, match=complaint):
        typesetter.html(formula, display=False)
    assert "katex" in typesetter.html("x", display=False)


def test_what_was_typeset_is_kept_until_what_typesets_it_changes(typesetter, tmp_path, monkeypatch):
    kept = typesetter.html("x", display=False)
    monkeypatch.setattr(formulas, "NODE", tmp_path / "none")
    again = formulas.Typesetter(tmp_path / "kept.sqlite")
    assert again.html("x", display=False) == kept
    with pytest.raises(FileNotFoundError):
        again.html("x", display=True)
    again.close()
    other = tmp_path / "typeset.mjs"
    other.write_text("// another edition", encoding="utf-8")
    monkeypatch.setattr(formulas, "PROGRAM", other)
    changed = formulas.Typesetter(tmp_path / "kept.sqlite")
    with pytest.raises(FileNotFoundError):
        changed.html("x", display=False)
    changed.close()


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("x_2^n", "x₂ⁿ"),
        (r"\R^k", "R^k"),
        (r"\frac{1}{2} \alpha", "1/2α"),
        ("x^{-1}", "x⁻¹"),
        (r"\sum_{i=1}^n i", "∑_i=1ⁿi"),
    ],
)
def test_a_formula_in_words(typesetter, formula, words):
    text = formulas.tex.expand(formula, {"R": r"\mathbb{R}"})
    assert formulas.words(typesetter.html(text, display=False)) == words


def test_a_formula_stays_in_the_line_of_what_belongs_to_it():
    def tied(before: str, after: str) -> str:
        document, paragraph = new_document("page"), nodes.paragraph()
        document += paragraph
        for part in (nodes.Text(before), nodes.math("", "x"), nodes.Text(after)):
            if part.astext():
                paragraph += part
        formulas.tie(None, document, "page")
        ties = list(paragraph.findall(nodes.inline))
        return "".join(f"[{part.astext()}]" if part in ties else part.astext() for part in paragraph.children)

    assert tied("see (", "), then") == "see [(x),] then"
    assert tied("a ", " b") == "a x b"
    assert tied("the ", "th and") == "the [xth] and"
    assert tied("a ", "-norm.") == "a [x-]norm."
    assert tied("", ".") == "[x.]"
    assert tied("", "") == "x"


PARTED = """() => [...document.querySelectorAll(".tied .katex-html")].filter((html) => {
  const after = html.closest(".math").nextSibling;
  if (html.children.length > 1 || after?.nodeType !== Node.TEXT_NODE) return false;
  const range = document.createRange();
  range.setStart(after, 0);
  range.setEnd(after, 1);
  return range.getBoundingClientRect().top > html.lastElementChild.getBoundingClientRect().bottom - 2;
}).length"""


def test_no_line_begins_with_the_comma_after_a_formula_of_one_part(page):
    def parted() -> int:
        """How often that happens in windows of many widths."""
        found = 0
        for width in range(300, 620, 8):
            page.set_viewport_size({"width": width, "height": 800})
            found += page.evaluate(PARTED)
        return found

    assert not parted()
    page.add_style_tag(content=".tied .katex { white-space: normal !important }")
    assert parted(), "browsers keep it there by themselves"


def test_formulas_are_typeset_wherever_they_stand(text):
    places = {
        "the title": r"<h1>.*?\bx_2\^n.*?</h1>",
        "a heading": r"<h2>.*?>h_1<.*?</h2>",
        "the contents": r"<nav[^>]*>.*?>h_1<.*?</nav>",
        "the title of a fold": r"<summary.*?>d_1<.*?</summary>",
        "a fold": r"</summary>.*?>d_2<.*?</details>",
        "a note": r'admonition note".*?>n_1<',
        "the head of a table": r"<th.*?>t_1<.*?</th>",
        "a table": r"<td.*?>t_2<.*?</td>",
        "a caption": r"<figcaption>.*?>g_1<.*?</figcaption>",
    }
    assert not [place for place, pattern in places.items() if not re.search(pattern, text, re.S)]


def test_displays_keep_their_numbers_and_links_to_them(site, text):
    place = r'id="equation-eq-first">\s*<span class="eqno">\(1\)<a class="headerlink" href="#equation-eq-first"'
    assert re.search(place, text)
    assert re.search(r'href="#equation-eq-first">\(1\)</a>', text)
    assert re.search(r'<span class="eqno">\(2\)', text), "amsmath"
    assert text.count("<mtable") == 2
    assert "equation-eq-first" in read(site / "places.html").names


def test_copied_formulas_are_tex_that_everyone_understands(text):
    assert r"\mathbb{R}^{k}</annotation>" in text
    assert r"\operatorname{sign} c" in text


def test_the_title_of_the_window_is_plain(text):
    assert re.search(r"<title>\s*A title with x₂ⁿ and R\^k\s", text)


def test_a_page_without_formulas_loads_nothing_of_them_and_none_loads_an_engine(tmp_path):
    plain = {"first": "# First\n", "second": "# Second\n\nWords.\n"}
    page = (built(write_book(tmp_path, plain)) / "second.html").read_text(encoding="utf-8")
    assert "katex" not in page
    assert "formulas." not in page
    assert not ENGINE.search(page)


def test_the_title_of_a_page_with_a_formula_stands_beside_other_pages_too(site, text):
    page = (site / "plain.html").read_text(encoding="utf-8")
    assert 'class="katex"' in page
    assert "katex.min.css" in page
    assert not ENGINE.search(page + text)


def test_a_formula_that_cannot_be_read_stops_the_build_and_is_named(tmp_path):
    done = build(write_book(tmp_path, {"chapter": "# A\n\nText.\n\n$$\na = \\nosuch\n$$\n\nAnd $\\frac{1$.\n"}))
    assert done.returncode
    assert re.search(r"chapter\.md:5: WARNING: formula: .*\\nosuch", done.stdout), done.stdout[-3000:]
    assert re.search(r"chapter\.md:9: WARNING: formula: ", done.stdout)


SCROLLING = """() => [...document.querySelectorAll('.katex .wide, .katex-display')]
  .map((box) => [box.classList.contains('scrolls'), box.tabIndex])"""


def test_only_formulas_that_are_too_wide_scroll_and_can_be_focused(page):
    found = page.evaluate(SCROLLING)
    assert found == [[False, -1]] * 2 + [[True, 0]] * 2
    page.set_viewport_size({**WIDE, "width": 2500})
    page.wait_for_function("!document.querySelector('.scrolls')")
    assert page.evaluate(SCROLLING) == [[False, -1]] * 4
    page.set_viewport_size(NARROW)
    page.wait_for_function("document.querySelectorAll('.scrolls').length == 2")
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


def test_what_scrolls_can_be_focused_and_is_in_nothing_hidden(page):
    page.set_viewport_size(NARROW)
    page.wait_for_function("document.querySelector('.katex .wide.scrolls')")
    assert not page.locator("[aria-hidden=true] [tabindex='0']").count()
    page.add_script_tag(path=AXE)
    wrong = page.evaluate("axe.run(document, {runOnly: ['aria-hidden-focus']})")["violations"]
    assert not wrong
    page.set_viewport_size({"width": 6000, "height": 900})
    page.wait_for_function("!document.querySelector('.katex .wide.scrolls')")
    assert page.evaluate("[...document.querySelectorAll('.katex-html')].every((one) => one.ariaHidden === 'true')")


@pytest.mark.parametrize("kind", [".wide", ".katex-display"])
def test_a_wide_formula_fades_where_it_goes_on_and_scrolls_by_keyboard(page, kind):
    box = page.locator(f"{kind}.scrolls")
    mask = (
        "box => getComputedStyle(box).maskImage.match(/rgba?\\([^)]*\\)/g).map((colour) => colour.startsWith('rgba'))"
    )
    assert box.evaluate(mask) == [False, False, False, True]
    box.focus()
    assert box.evaluate("box => getComputedStyle(box).outlineStyle") != "none"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 1")
    page.wait_for_function("document.activeElement.classList.contains('before')")
    box.evaluate("box => box.scrollTo({ left: 9999, behavior: 'instant' })")
    page.wait_for_function("!document.activeElement.classList.contains('after')")
    page.evaluate("document.activeElement.blur()")
    assert box.evaluate(mask) == [True, False, False, False]


def test_a_wide_formula_keeps_the_base_line_of_its_words(page):
    def heights() -> list[float]:
        """From the top of the paragraph to where the formula's letters stand."""
        return page.locator(".wide .katex-strut").evaluate(
            "strut => [strut, strut.closest('p')].map((one) => one.getBoundingClientRect().bottom)"
        )

    before = heights()
    page.add_style_tag(content=".katex .wide { display: inline !important; overflow: visible !important }")
    after = heights()
    assert before[0] - before[1] == pytest.approx(after[0] - after[1], abs=1.5)


def test_without_scripts_formulas_are_there_and_a_wide_one_scrolls(browser, address):
    with browser.new_context(viewport=NARROW, java_script_enabled=False) as context, context.new_page() as page:
        page.goto(f"{address}/places.html")
        letters = page.locator("article .katex-base")
        assert letters.first.is_visible()
        assert "KaTeX_Main" in letters.first.evaluate("letter => getComputedStyle(letter).fontFamily")
        assert page.locator(".wide").evaluate("box => box.scrollWidth > box.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


def test_print_cuts_no_formula(page):
    page.emulate_media(media="print")
    for kind in (".wide", ".katex-display"):
        look = page.locator(kind).last.evaluate(
            "box => [getComputedStyle(box).overflowX, getComputedStyle(box).maskImage]"
        )
        assert look == ["visible", "none"]


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_formulas_have_the_colour_of_the_text_around_them(browser, address, options):
    with browser.new_context(**options) as context, context.new_page() as page:
        page.goto(f"{address}/places.html")
        colours = page.evaluate(
            "() => ['.katex-base .mord', '.katex svg', 'article p'].map((part) => document.querySelector(part))"
            ".map((part) => part.localName === 'svg' ? getComputedStyle(part).fill : getComputedStyle(part).color)"
        )
        assert len(set(colours[1:])) == 1, colours
        mode = page.evaluate("document.documentElement.dataset.theme")
        assert mode == ("dark" if "color_scheme" in options else "light")


def test_a_copied_formula_is_tex(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    paragraph = page.locator("article p").filter(has_text="parts").first
    paragraph.evaluate("p => getSelection().selectAllChildren(p)")
    page.keyboard.press("Control+C")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "($y$), $f(x)$: it has $n$th parts, “$\\alpha$”." in copied


def test_fonts_before_the_first_section_are_fetched_ahead():
    one, other = '<span class="mop op-symbol small-op">∑</span>', '<span class="mord mathbb">R</span>'
    body = f"<section><h1>Title</h1><p>{one}</p><section><h2>Later</h2>{other}</section></section>"
    assert formulas.first_fonts(body) == ["Main-Regular", "Math-Italic", "Size1-Regular"]
    assert formulas.first_fonts("") == ["Main-Regular", "Math-Italic"]
