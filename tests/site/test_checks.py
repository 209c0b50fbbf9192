"""The checks of pages can fail: each finds the mistake that is planted here, and nothing in a page without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.site.books import ROOT
from tests.site.link_checks import broken, outside, outside_styles
from tests.site.page_checks import looking, visit
from tests.site.serving import serve

PAGE = """<!doctype html>
<html lang="en" data-theme="light">
<head><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,">
<style>
  html {{ --ink: #111; --figure: #1f2328; background: #fff; color: var(--ink); }}
  html[data-theme=dark] {{ --ink: #eee; --figure: #e6e6e6; background: #111; }}
  pre, figure {{ overflow: auto; }}
</style>
<link rel="stylesheet" href="assets/katex/katex.min.css">
</head>
<body><main><article><h1>A page</h1>
<div class="article-header-buttons"><button class="theme-switch-button"
  onclick="document.documentElement.dataset.theme = 'dark'">mode</button></div>
{body}
</article></main></body></html>
"""
FORMULA = """<p>A formula: <span class="math"><span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi>
<annotation encoding="application/x-tex">x</annotation></semantics></math></span>
<span class="katex-html" aria-hidden="true"><span class="katex-base">x</span></span></span></span></p>"""
FIGURE = """<figure><svg role="img" {alt} width="90" height="20">
<g id="text_1"><g style="fill: {ink}"><path d="M0 0H9V9z"/></g></g></svg>
<figcaption>{caption}</figcaption></figure>"""
DRAWN = {"alt": 'aria-label="a dash"', "ink": "var(--figure)", "caption": "A dash."}
GOOD = FORMULA + FIGURE.format(**DRAWN)
CODE = '<div class="cell_input"><div class="highlight"><pre>1 + 1</pre></div></div>'
# check, body of a page that has one thing wrong, words of the complaint
PLANTED = [
    ("hosts", '<img alt="" src="http://example.org/a.png">', "example.org"),
    ("requests", '<img alt="a" src="missing.png">', "404"),
    ("console", "<script>console.warn('careful')</script>", "careful"),
    ("errors", "<script>undefinedName()</script>", "undefinedName"),
    ("formulas", '<span class="katex-error" title="no such command">\\unheard</span>', "error in a formula: no such"),
    ("formulas", FORMULA.replace("annotation", "span"), "not to be read aloud"),
    ("formulas", f"{FORMULA}<style>.katex {{ font-family: Nowhere }}</style>", "without its font"),
    ("formulas", '<p><span class="math">not TeX</span></p>', "not rendered: not TeX"),
    ("formulas", "<p>A formula: \\(x</p>", "raw TeX"),
    ("descriptions", FIGURE.format(**{**DRAWN, "alt": ""}), "no alternative text"),
    ("descriptions", FIGURE.format(**{**DRAWN, "caption": ""}), "no caption"),
    ("sizes", FIGURE.format(**DRAWN).replace('width="90"', 'width="0"'), "no size"),
    ("copy buttons", CODE, "1 + 1"),
    ("modes", "<style>html, html[data-theme=dark] { background: #fff; color: #111 }</style>", "the same"),
    ("figures", FIGURE.format(**{**DRAWN, "ink": "#1f2328"}), "the same ink"),
    ("figures", FIGURE.format(**{**DRAWN, "ink": "#aaa"}), "light: "),
    ("figures", FIGURE.format(**{**DRAWN, "ink": "#222"}), "dark: "),
    ("accessibility", '<p style="color: #999">Pale words.</p>', "light, color-contrast"),
    ("accessibility", '<p style="color: #333">Dark words.</p>', "dark, color-contrast"),
    ("accessibility", f"<pre>{'x' * 90}</pre>", "narrow, scrollable-region-focusable"),
    ("narrow", '<div id="wide" style="width: 600px">Wide.</div>', "sticks out: div#wide"),
    ("narrow", f'<div id="cut" style="overflow: hidden"><b>{"x" * 99}</b></div>', "cut off: div#cut"),
]


def write_page(folder: Path, body: str) -> None:
    (folder / "page.html").write_text(PAGE.format(body=body), encoding="utf-8")
    (folder / "assets").symlink_to(ROOT / "_build" / "extra" / "assets")


def look_at(browser, folder: Path, body: str, *, chapter: bool = False) -> dict[str, list[str]]:
    write_page(folder, body)
    with serve(folder) as address, looking(browser) as context:
        return visit(context, address, "page.html", chapter=chapter).problems


def test_a_good_page_has_no_problem(surveyor, tmp_path):
    problems = look_at(surveyor, tmp_path, GOOD)
    assert not any(problems.values()), problems


@pytest.mark.parametrize(("check", "body", "complaint"), PLANTED)
def test_a_mistake_is_found(surveyor, tmp_path, check, body, complaint):
    problems = look_at(surveyor, tmp_path, body)[check]
    assert any(complaint in problem for problem in problems), problems


def test_a_switch_that_does_nothing_is_found(surveyor, tmp_path):
    body = "<script>document.querySelector('.theme-switch-button').onclick = null</script>"
    assert look_at(surveyor, tmp_path, body)["modes"] == ["the switch does not lead to dark mode"]


@pytest.mark.parametrize(
    ("menu", "complaint"),
    [
        ("", "no notebook"),
        ('<a href="missing.ipynb">', "404"),
        ('<a href="page.html?.ipynb">', "is no notebook"),
    ],
)
def test_a_wrong_download_is_found(surveyor, tmp_path, menu, complaint):
    body = f'<div class="dropdown-download-buttons"><button>get</button>{menu}as a notebook</a></div>'
    assert complaint in look_at(surveyor, tmp_path, body, chapter=True)["download"][0]


def test_links_that_lead_nowhere_are_found(tmp_path):
    links = ["page.html", "page.html#here", "#here", "http://example.org/", "mailto:a@example.org"]
    wrong = ["other.html", "page.html#there", "#there", "/other/", "page.html/../a.css"]
    write_page(tmp_path, '<p id="here">' + "".join(f'<a href="{link}">link</a>' for link in links + wrong))
    found = broken(tmp_path, ["page.html"])
    assert [problem.split()[2] for problem in found] == wrong


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="//cdn.example.org/a.js"></script>',
        '<link rel="preconnect" href="https://example.org">',
        '<link rel="dns-prefetch" href="//example.org">',
        '<img alt="" src="https://example.org/a.png">',
        '<img alt="" srcset="a.png 1x, https://example.org/b.png 2x">',
        '<iframe src="https://example.org"></iframe>',
        "<style>@import 'https://example.org/a.css';</style>",
        '<p style="background: url(https://example.org/a.png)">',
    ],
)
def test_what_comes_from_another_host_is_found(tmp_path, tag):
    write_page(tmp_path, tag)
    assert "example.org" in "".join(outside(tmp_path / "page.html"))


def test_style_sheets_that_take_from_another_host_are_found(tmp_path):
    sheet = tmp_path / "a.css"
    sheet.write_text("@import url(//example.org/b.css); a { background: url('data:image/svg+xml;http://www.w3.org') }")
    assert outside_styles(sheet) == ["//example.org/b.css"]
