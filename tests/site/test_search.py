"""The search: what it finds first, and how it is used, from a server, from a folder of files, and without scripts."""

from __future__ import annotations

import functools
import gzip
import json
import subprocess
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from lecturelib.site.search import NODE, bundle
from tests.site.books import NOTEBOOK, ROOT, built, cell, write_book
from tests.site.page_checks import NARROW, WIDE, Visit, looking, survey
from tests.site.serving import QuietHandler, serve

QUERIES = {
    "first_steps": [
        "overfitting", "overfit", "overfiting", "weight decay", "weight-decay", "learning rate", "adam",
    ],
    "kernels/models": [
        "kernel trick", "representer theorem", "feature map", "backpropagation",
    ],
    "kernels/models_more": [
        "softmax", "cross entropy", "cross-entropy", "sgd", "stochastic gradient descent", "mini-batch",
        "matrix calculus",
    ],
    "kernels/tangent_kernel": [
        "neural tangent kernel", "neural tangent kernels", "tangent kernel", "NTK", "infinite width", "lazy training",
    ],
    "kernels/tangent_kernel_more": ["arc-cosine kernel", "NNGP"],
    "kernels/spectral_bias": ["spectral bias", "frequency principle", "gaussian process"],
    "kernels/initialization": ["vanishing gradients", "exploding gradient", "xavier"],
    "kernels/lazy_or_feature": ["feature learning", "mean field", "mean-field limit"],
    "kernels/approximation": [
        "universal approximation", "barron norm", "barron functions", "curse of dimension", "maurey",
    ],
    "bias/complexity": [
        "ridge regression", "hessian", "bias variance", "double descent", "dropout", "degrees of freedom",
    ],
    "bias/complexity_more": ["standardization"],
    "bias/minimum_norm": [
        "implicit bias", "minimum norm", "pseudo-inverse", "pseudoinverse", "least norm", "sparse solution",
        "underdetermined",
    ],
    "bias/early_stopping": ["learning rate schedule", "early stopping", "stop training early"],
    "bias/stability": ["edge of stability", "hyperbolic minimum", "robbins-monro", "sharpness"],
    "bias/stability_more": ["hartman grobman"],
    "bias/maximum_margin": ["support vector machine", "maximum margin", "separable data"],
    "bias/maximum_margin_more": ["regularization path", "weight normalization"],
    "bias/matrix_factorization": ["matrix completion", "nuclear norm", "low rank", "deep linear network"],
    "bias/discretization": ["backward error analysis", "implicit gradient regularization"],
    "bias/discretization_more": ["linear scaling rule", "advantages of SGD"],
    "generative/adversarial": ["generative adversarial network", "GAN", "jensen-shannon", "non-saturating loss"],
    "generative/flows": [
        "normalizing flow", "neural ODE", "residual network", "adjoint", "change of variables", "Hutchinson",
    ],
    "generative/mode_collapse": ["mode collapse", "minimax", "extragradient", "follow the ridge"],
    "equivariance/groups": [
        "deep sets", "permutation equivariant", "group convolution", "Kondor-Trivedi", "steerable", "Schur's lemma",
    ],
    "splines/breakpoints": [
        "breakpoint", "Breakpoints", "break point", "delta-slope", "delta slopes", "scaling symmetry",
    ],
    "splines/breakpoints_more": ["white noise"],
    "splines/initialization": ["roughness", "density of breakpoints"],
    "splines/loss_surface": [
        "saddle points", "local minima", "loss landscape", "dead neurons", "flat minima",
    ],
    "splines/dynamics": ["conservation law", "laws of motion", "training dynamics"],
    "splines/regimes": ["natural cubic spline", "cubic splines", ],
    "splines/fitting": ["dynamic programming"],
    "splines/fitting_more": ["batch norm", "greedy merging"],
    "splines/dimensions": ["break plane", "dual radon transform", "adversarial direction", "saturating relu"],
    "splines/depth": ["deep network breakpoints", "linear regions", "births and deaths"],
    "equivariance/augmentation": ["data augmentation", "adversarial training", "adversarial examples"],
    "equivariance/convolution": [
        "convolution", "stride", "zero padding", "translation equivariance", "aliasing", "weight sharing",
        "max pooling",
    ],
    "equivariance/composition": ["tensorflow playground", "exclusive or"],
    "equivariance/composition_more": ["intrinsic dimension", "capsule network", "feature visualization"],
    "equivariance/interpretability": [
        "interpretability", "class activation map", "Grad-CAM", "texture bias", "PDE-FIND", "soliton",
    ],
    "generative/autoencoders_more": ["naive bayes"],
    "generative/autoencoders": [
        "autoencoder", "variational autoencoder", "ELBO", "reparametrization trick", "latent space",
        "posterior collapse",
    ],
    "appendix/notation": ["notation"],
    "appendix/errata": ["errata"],
}  # fmt: skip
"""Chapter → what a student would type to find it."""

FIRST = """---
terms: [overfitting]
---

# Bends

Where a network bends, seen from far away.

## Parts of $x$

A {def}`breakpoint` is one such place.

:::{prf:theorem} The deep one
:label: thm-deep

Nothing is <b>here</b>.
:::

```python
secret = "in code"
```
"""
SLIDER = cell("import ipywidgets\n\nipywidgets.IntSlider(value=7, max=9, description='n')")
SECOND = NOTEBOOK.replace("A page with code", "Widgets") + "Breakpoints again.\n\n" + SLIDER
TERMS = "# Index of terms\n\n```{terms}\n```\n"
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'none'; form-action 'self'; base-uri 'none'"
)


class StrictHandler(QuietHandler):
    """Serves files as a host does that lets pages use nothing but files of their own."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", STRICT)
        super().end_headers()


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """The site of a small book."""
    chapters = {"part/first": FIRST, "second": SECOND, "terms": TERMS}
    return built(write_book(tmp_path_factory.mktemp("book"), chapters))


@pytest.fixture(scope="module")
def address(small):
    with serve(small.parent) as address:
        yield f"{address}/{small.name}"  # not at the root of its host


@pytest.fixture
def window(browser):
    with looking(browser) as context:
        yield context.new_page()


def opened(page, query: str):
    """The dialog, opened by keyboard, in which a query was typed that finds something."""
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Search")
    dialog.wait_for()
    page.keyboard.type(query)
    dialog.get_by_role("listitem").first.wait_for()
    return dialog


# What is found


def test_a_word_with_a_slip_leads_to_a_chapter_on_it(site):
    for slip, pages in {"breakpiont": {"breakpoints", "depth"}, "convlution": {"convolution", "groups"}}.items():
        (hits,) = ranked(site, [slip])
        assert hits[0][0].rsplit("/")[-1].removesuffix(".html") in pages, hits[:3]


def test_the_chapter_of_a_subject_is_found_first(site):
    queries = [(query, page) for page, listed in QUERIES.items() for query in listed]
    assert len(queries) >= 30
    found = ranked(site, [query for query, _ in queries])
    wrong = {
        query: [address for address, _ in hits[:3]]
        for (query, page), hits in zip(queries, found, strict=True)
        if not hits or hits[0][0] != f"chapters/{page}.html"
    }
    assert not wrong


def ranked(site: Path, queries: list[str]) -> list[list[tuple[str, str]]]:
    """For each query the places found, best first, as (address, anchor)."""
    command = [str(NODE), str(ROOT / "tests" / "site" / "rank.mjs"), str(site / "search" / "index.js")]
    done = subprocess.run(command, input=json.dumps(queries), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_index_has_words_names_and_terms_and_no_code(small):
    found = ranked(small, ["breakpoint", "overfit", "deep one", "secret", "again", "widget", "ipywidgets"])
    assert found[0][0] == ["part/first.html", "term-breakpoint"]
    assert found[1] == [["part/first.html", ""]]
    assert found[2][0] == ["part/first.html", "parts-of-x"]
    assert found[3] == []
    assert found[4] == [["second.html", ""]]
    assert found[5] == [["second.html", ""]]
    assert found[6][:1] != [["terms.html", ""]]


def test_the_index_follows_a_change_and_a_page_that_is_gone(tmp_path):
    book = write_book(tmp_path, {"one": "# One\n\nAbout apples.\n", "two": "# Two\n\nAbout pears.\n"})
    assert ranked(built(book), ["apples", "pears"]) == [[["one.html", ""]], [["two.html", ""]]]
    write_book_again = {"one": "# One\n\nAbout plums.\n"}
    (book / "two.md").unlink()
    write_book(book, write_book_again)
    assert ranked(built(book), ["apples", "pears", "plums"]) == [[], [], [["one.html", ""]]]


# How it is used


def test_the_dialog_by_keyboard(window, address):
    visit = Visit(window, address)
    visit.listen()
    window.goto(f"{address}/second.html")
    loaded = list(visit.asked)
    assert not [url for url in loaded if "/search/" in url], "loaded only by those who search"
    dialog = opened(window, "breakpoint")
    first = dialog.get_by_role("listitem").first
    assert dialog.get_by_role("status").inner_text() == "2 places found"
    assert first.get_by_role("link").inner_text() == "Bends Parts of x"
    first.locator("mark", has_text="breakpoint").wait_for()
    assert "defines “breakpoint”" in first.inner_text()
    window.keyboard.press("ArrowDown")
    window.keyboard.press("ArrowDown")
    assert window.evaluate("document.activeElement.href").endswith("/second.html")
    window.keyboard.press("ArrowUp")
    window.keyboard.press("ArrowUp")
    assert window.evaluate("document.activeElement.name") == "q"
    window.keyboard.press("ArrowDown")
    asked = {url.removeprefix(address).split("?")[0] for url in visit.asked if url not in loaded}
    program = {"/search/index.js", "/search/search.css", "/search/search.js"}
    assert {name for name in asked if "/search/" in name} == program | {"/search/text-0.js", "/search/text-1.js"}
    assert not [name for name in asked if name.endswith(".html")]
    window.keyboard.press("Enter")
    window.wait_for_url(f"{address}/part/first.html#term-breakpoint")
    assert not any(visit.problems.values()), visit.problems


def test_escape_closes_the_dialog_and_gives_the_focus_back(window, address):
    window.goto(f"{address}/part/first.html")
    window.locator(".search-open:visible").first.focus()
    window.keyboard.press("Enter")
    dialog = window.get_by_role("dialog", name="Search")
    dialog.wait_for()
    window.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert "search-open" in window.evaluate("document.activeElement.className")


def test_enter_leads_to_the_page_of_the_search(window, address):
    window.goto(f"{address}/part/first.html")
    opened(window, "breakpoint")
    window.keyboard.press("Enter")
    window.wait_for_url(f"{address}/search.html?q=breakpoint")
    window.locator(".search-results li").first.wait_for()
    assert window.get_by_role("status").inner_text() == "2 places found"
    window.get_by_label("Search the book").fill("overfiting")
    window.locator(".search-results a", has_text="Bends").first.wait_for()
    window.wait_for_url(f"{address}/search.html?q=overfiting")
    window.get_by_label("Search the book").fill("zzzz")
    window.get_by_role("status").filter(has_text="Nothing found for “zzzz”.").wait_for()
    assert not window.locator(".search-results li").count()


def test_from_a_folder_of_files(window, small):
    window.goto((small / "part" / "first.html").as_uri())
    dialog = opened(window, "again")
    assert dialog.get_by_role("link", name="Widgets").get_attribute("href") == (small / "second.html").as_uri()
    window.keyboard.press("Enter")
    window.locator(".search-page .search-results li").first.wait_for()


def test_under_a_strict_policy(window, small):
    handler = functools.partial(StrictHandler, directory=str(small))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        window.goto(f"http://127.0.0.1:{server.server_port}/part/first.html")
        window.locator(".search-open:visible").first.click()
        window.get_by_role("dialog", name="Search").wait_for()
        window.keyboard.type("overfit")
        window.locator(".search-results li").first.wait_for()
        server.shutdown()


def test_beside_widgets_whose_loader_takes_scripts_for_its_own(window, address):
    visit = Visit(window, address)
    visit.listen()
    window.goto(f"{address}/second.html")
    window.locator(".widget-slider").wait_for()
    opened(window, "breakpoint")
    assert not any(visit.problems.values()), visit.problems


def test_an_index_that_does_not_come_is_said_and_asked_for_again(window, address):
    window.route("**/search/index.js", lambda route: route.abort())
    window.goto(f"{address}/search.html?q=breakpoint")
    window.get_by_role("status").filter(has_text="could not be loaded").wait_for()
    window.unroute("**/search/index.js")
    window.get_by_label("Search the book").fill("breakpoints")
    window.locator(".search-results li").first.wait_for()


def test_without_scripts_a_link_leads_to_the_index_of_terms(browser, address):
    with browser.new_context(java_script_enabled=False) as context, context.new_page() as page:
        page.goto(f"{address}/part/first.html")
        page.locator(".search-open:visible").first.click()
        page.wait_for_url(f"{address}/search.html")
        assert "needs JavaScript" in page.locator("noscript p").inner_text()
        assert not page.locator("form").first.is_visible()
        page.get_by_role("link", name="index of terms").first.click()
        page.wait_for_url(f"{address}/terms.html")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_dialog_can_be_read(browser, address, size, mode):
    with browser.new_context(viewport=size, color_scheme=mode) as context, context.new_page() as page:
        page.goto(f"{address}/part/first.html")
        dialog = opened(page, "breakpoint")
        box, field = dialog.bounding_box(), dialog.locator("input").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        # nothing covers what is typed
        at = f"document.elementFromPoint({field['x'] + 14}, {field['y'] + field['height'] / 2}).name"
        assert page.evaluate(at) == "q"
        page.add_script_tag(path=ROOT / "node_modules" / "axe-core" / "axe.min.js")
        found = page.evaluate("axe.run('.search-dialog', {resultTypes: ['violations'], preload: false})")
        assert not [violation["id"] for violation in found["violations"]]


def test_the_page_of_the_search_has_no_problem(browser, address, small):
    problems = survey(browser, address, small, ["search.html", "terms.html"])
    assert not any(problems.values()), problems


def test_what_searches_is_light(tmp_path):
    bundle(ROOT / "lecturelib" / "site" / "browser" / "search.js", tmp_path / "search.js")
    assert len(gzip.compress((tmp_path / "search.js").read_bytes())) < 12_000
