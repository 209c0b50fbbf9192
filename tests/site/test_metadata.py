"""What stands in the head of pages and below their foot, and pages that no chapter makes."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tests.site.books import SETTINGS, built, write_book
from tests.site.serving import QuietHandler

BOOK = SETTINGS["title"]
PAGES = {
    "chapters/start": f"# {BOOK}\n\nThe first page, which is not very long. See [](part/deep.md).\n",
    "chapters/part/deep": """---
description: Words of the author, "quoted".
---

# Waves & tides of $x$

Not these.

```{prf:theorem} One
:label: thm-one

It holds.
```

```{prf:theorem} Two
:label: thm-two

It holds too.
```

````{exercise} Do it
:label: exercise-one

Do.
````

```{solution} exercise-one
It is done.
```
""",
    "chapters/part/long": "# Long\n\nLong.\n\n"
    + "A paragraph.\n\n" * 40
    + "See [](#far-below) and [](plain.md).\n\n"
    + "A paragraph.\n\n" * 40
    + "(far-below)=\n## Far below\n\n"
    + "A paragraph.\n\n" * 20,
    "chapters/part/plain": "# Plain\n\nOnly $x$.\n\n"
    "What $x^2$ is. It says *this* much, and it says it plainly. So it is.\n\nNot this.\n",
}


@pytest.fixture(scope="module")
def sites(tmp_path_factory) -> dict[str, Path]:
    """The same book built without an address and with one: address → folder of the site."""
    folder, found = tmp_path_factory.mktemp("metadata"), {}
    for name, base in (("none", ""), ("some", "https://example.org/a/book")):
        html = {**SETTINGS["html"], "baseurl": base}
        found[base] = built(write_book(folder / name, PAGES, {"html": html}))
    return found


@pytest.fixture(scope="module", params=["", "https://example.org/a/book"])
def base(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def book(sites, base) -> Path:
    return sites[base]


def read(book: Path, page: str) -> BeautifulSoup:
    return BeautifulSoup((book / page).read_text(encoding="utf-8"), "html.parser")


def meta(page: BeautifulSoup, name: str) -> str | None:
    found = page.find_all("meta", attrs={"name": name}) + page.find_all("meta", attrs={"property": name})
    assert len(found) < 2, name
    return found[0]["content"] if found else None


TITLES = {
    "chapters/start.html": BOOK,
    "chapters/part/deep.html": f"Waves & tides of x · {BOOK}",
    "chapters/part/plain.html": f"Plain · {BOOK}",
    "genindex.html": f"Index · {BOOK}",
    "search.html": f"Search · {BOOK}",
    "index.html": BOOK,
    "404.html": f"Page not found · {BOOK}",
}


@pytest.mark.parametrize("page", TITLES)
def test_a_page_has_one_title_with_the_book_in_it(book, page):
    assert [title.get_text() for title in read(book, page).find_all("title")] == [TITLES[page]]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("chapters/start.html", "The first page, which is not very long. See Waves"),
        ("chapters/part/deep.html", 'Words of the author, "quoted".'),
        ("chapters/part/plain.html", "It says this much, and it says it plainly. So it is."),
        ("genindex.html", f"Index: {BOOK}, a course textbook"),
    ],
)
def test_a_page_is_described(book, page, words):
    description = meta(read(book, page), "description")
    assert description.startswith(words)
    assert len(description) <= 200
    assert meta(read(book, page), "og:description") == description


def test_a_page_says_how_it_is_passed_on(book, base):
    page = read(book, "chapters/part/plain.html")
    assert meta(page, "og:title") == "Plain"
    assert meta(page, "og:site_name") == BOOK
    assert meta(page, "og:url") == (f"{base}/chapters/part/plain.html" if base else None)
    picture = meta(page, "og:image")
    assert picture == (f"{base}/_static/preview.png" if base else "../../_static/preview.png")
    with Image.open(book / "_static" / "preview.png") as image:
        assert image.size == (1200, 630)
        assert len(image.convert("RGB").getcolors(1 << 20)) > 100, "a drawing, not one colour"


def test_a_page_says_at_which_address_it_is_published_where_there_is_one(book, base):
    links = [link["href"] for link in read(book, "chapters/part/plain.html").find_all("link", rel="canonical")]
    assert links == ([f"{base}/chapters/part/plain.html"] if base else [])
    assert not read(book, "404.html").find_all("link", rel="canonical")


def test_pages_are_listed_for_search_engines_where_there_is_an_address(book, base):
    if not base:
        assert not (book / "sitemap.xml").exists()
        return
    found = [place.text for place in ElementTree.parse(book / "sitemap.xml").iter() if place.tag.endswith("loc")]
    assert found == [f"{base}/{page}.html" for page in ("bibliography", *sorted(PAGES))]


def test_what_browsers_ask_for(book):
    page = read(book, "chapters/part/deep.html")
    assert page.html["lang"] == "en"
    assert len(page.find_all("meta", attrs={"name": "viewport"})) == 1
    assert meta(page, "color-scheme") == "light dark"
    assert len(page.find_all("meta", attrs={"name": "theme-color"})) == 2
    icons = {
        link["href"].split("?")[0] for rel in ("icon", "apple-touch-icon") for link in page.find_all("link", rel=rel)
    }
    assert icons == {"../../favicon.ico", "../../_static/mark.svg", "../../_static/touch.png"}
    with Image.open(book / "favicon.ico") as icon:
        assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    with Image.open(book / "_static" / "touch.png") as icon:
        assert icon.size == (180, 180)
        assert len(icon.getcolors(1 << 16)) > 2


@pytest.mark.parametrize("page", ["chapters/start.html", "chapters/part/deep.html", "genindex.html", "search.html"])
def test_every_page_has_the_licence_and_one_heading_and_no_id_twice(book, page):
    found = read(book, page)
    licences = [link.get_text() for link in found.select("footer a[rel=license]")]
    assert licences == ["CC BY 4.0", "MIT licence"]
    assert len(found.find_all("h1")) == 1
    ids = [element["id"] for element in found.find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))


def test_the_first_address_leads_to_the_first_page(book, base):
    page = read(book, "index.html")
    assert page.find("meta", attrs={"http-equiv": "refresh"})["content"] == "0; url=chapters/start.html"
    links = [link["href"] for link in page.find_all("link", rel="canonical")]
    assert links == ([f"{base}/chapters/start.html"] if base else [])


class Missing(QuietHandler):
    """Serves a site below /a/book, and its page for what does not exist, as hosts of sites do."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/a/book"))

    def send_error(self, code: int, *arguments) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write((Path(self.directory) / "404.html").read_bytes())


@contextlib.contextmanager
def hosted(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Missing, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a/book"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("missing", ["nothing.html", "chapters/part/no-such_thing.html", "x/y/z/"])
def test_an_address_that_does_not_exist_leads_back_from_any_depth(browser, sites, missing):
    with hosted(sites[""]) as address, browser.new_context() as context, context.new_page() as page:
        assert page.goto(f"{address}/{missing}").status == 404
        link = page.get_by_role("link", name="the first page")
        page.wait_for_function(
            "() => document.querySelector('[data-place]').href.endsWith('/a/book/chapters/start.html')"
        )
        assert page.get_by_role("searchbox").input_value() == (
            "" if missing.endswith("/") else re.sub("[-_]", " ", missing.split("/")[-1].removesuffix(".html"))
        )
        link.click()
        page.wait_for_url(f"{address}/chapters/start.html")
        assert page.title() == BOOK


def test_where_the_address_is_known_links_back_are_whole_without_scripts(sites):
    page = read(sites["https://example.org/a/book"], "404.html")
    assert page.a["href"] == "https://example.org/a/book/chapters/start.html"
    assert page.form["action"] == "https://example.org/a/book/search.html"
    assert not page.find_all(["link", "img"]), "nothing is taken from a place that depends on the depth"


def test_the_switch_of_colours_says_its_mode(browser, sites):
    with browser.new_context(color_scheme="light") as context, context.new_page() as page:
        page.goto((sites[""] / "chapters" / "part" / "plain.html").as_uri())
        button = page.locator(".article-header-buttons .theme-switch-button")
        told = []
        for _ in range(3):
            told.append(button.get_attribute("aria-label"))
            button.click()
        assert sorted(told) == ["Colours: as the system has them", "Colours: dark", "Colours: light"]
        assert told[0] == "Colours: as the system has them"


def test_back_returns_to_the_place_of_a_link_in_the_prose(browser, sites):
    options = {
        "viewport": {"width": 1000, "height": 400},
        "reduced_motion": "reduce",
    }  # which jumps, and does not glide
    with browser.new_context(**options) as context, context.new_page() as page:
        page.goto((sites[""] / "chapters" / "part" / "long.html").as_uri())
        link = page.get_by_role("article").get_by_role("link", name="Far below")
        link.scroll_into_view_if_needed()
        before = page.evaluate("scrollY")
        assert before > 500
        link.click()
        page.wait_for_function("() => Math.abs(document.querySelector('#far-below').getBoundingClientRect().y) < 100")
        assert page.url.endswith("#far-below")
        page.go_back()
        page.wait_for_function("before => Math.abs(scrollY - before) < 2", arg=before)
        page.get_by_role("article").get_by_role("link", name="Plain").click()
        page.wait_for_url("**/plain.html")
        page.go_back()
        page.wait_for_function("before => Math.abs(scrollY - before) < 2", arg=before)
