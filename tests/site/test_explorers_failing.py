"""What stops an explorer is said in its box, and the picture stays; what must not stop it does not."""

from __future__ import annotations

import pytest

from tests.site.serving import serve

FACE = "splines/loss_surface/browser/face.js"
PLANTED = f"""lectureExplorers.faces["{FACE}"] = {{
  default: lectureExplorers.shared["core/browser/explorer.js"].explorer((tools) => {{
    const {{ button, clock, chart }} = Object.assign({{}}, ...Object.values(lectureExplorers.shared));
    %s
  }}),
}};"""
UPDATE = "return { update({ beta }) { if (beta > 1) throw new Error('planted'); } };"
AXES = "{ name: 'A chart', x: { label: 'x' }, y: { label: 'y' } }"
LATER = {
    "a setting": UPDATE,
    "a button": "tools.bar.append(button('Break', () => { throw new Error('planted'); })); return {};",
    "a promise": "tools.bar.append(button('Break', async () => { throw new Error('planted'); })); return {};",
    "a frame": """const go = clock(tools.stage, () => { throw new Error('planted'); });
        tools.bar.append(button('Break', () => go.start())); return { end: go.end };""",
    "a picture": f"""const made = chart(tools.stage, {AXES});
        tools.bar.append(button('Break', () => made.draw(() => {{ throw new Error('planted'); }})));
        return {{ end: made.end }};""",
    "a handle": f"""const made = chart(tools.stage, {AXES});
        made.handles([{{ x: 0.5, y: 0.5, name: 'Break', free: 'xy' }}], () => {{ throw new Error('planted'); }});
        return {{ end: made.end }};""",
    "an end": """tools.bar.append(button('Break', () => { throw new Error('planted'); }));
        return { end() { throw new Error('another'); } };""",
}
"""What a face may run into once it is alive → a face that does. Where it has something called Break, this is used."""
FINISHED = "document.getAnimations().forEach((animation) => animation.finish())"


@pytest.fixture(scope="module")
def address(explorer_book):
    with serve(explorer_book) as address:
        yield address


@pytest.fixture
def page(browser):
    with browser.new_context() as context, context.new_page() as page:
        page.set_viewport_size({"width": 1300, "height": 800})
        page.said = []
        page.on("console", lambda message: page.said.append((message.type, message.text)))
        page.on("pageerror", lambda error: page.said.append(("error", str(error))))
        yield page


def open_page(page, address: str, query: str = "") -> None:
    page.goto(f"{address}/one.html{query}", wait_until="domcontentloaded")


def box(page):
    return page.locator("#explorer-slice")


def failed(page, words: str) -> None:
    """The box says so, and has its picture and nothing of a living explorer; the console has the error."""
    box(page).get_by_role("alert").get_by_text(words).wait_for()
    box(page).locator(".explorer-still svg[role=img]").wait_for()
    assert not box(page).locator(".explorer-live").count()
    assert "error" in [kind for kind, _ in page.said], page.said


def alive(page) -> None:
    """It is alive, and nothing of a failure is left."""
    box(page).locator(".explorer-words", has_text="The breakpoint stands").wait_for()
    assert not box(page).locator(".explorer-notice, .explorer-still").filter(visible=True).count()


@pytest.mark.parametrize("script", ["frame.js", FACE])
def test_a_script_that_is_lost_is_said_and_asked_for_again(page, address, script):
    page.route(f"**/assets/explorers/{script}*", lambda route: route.abort())
    open_page(page, address)
    failed(page, "could not be loaded: the connection may be lost")
    page.unroute(f"**/assets/explorers/{script}*")
    box(page).get_by_role("button", name="Try again").click()
    alive(page)


@pytest.mark.parametrize("text", ["this is no script", "throw new Error('planted')", ""])
@pytest.mark.parametrize("script", ["frame.js", FACE])
def test_a_script_that_stops_is_said(page, address, script, text):
    page.route(f"**/assets/explorers/{script}*", lambda route: route.fulfill(body=text, content_type="text/javascript"))
    open_page(page, address)
    failed(page, "This explorer cannot start")


def plant(page, face: str) -> None:
    body = PLANTED % face
    page.route(f"**/{FACE}*", lambda route: route.fulfill(body=body, content_type="text/javascript"))


def test_an_error_at_the_start_is_said(page, address):
    plant(page, "throw new Error('planted');")
    open_page(page, address)
    failed(page, "“A slice of the loss” ran into an error and was stopped (planted)")
    box(page).get_by_role("button", name="Start it anew").click()
    failed(page, "planted")


@pytest.mark.parametrize("what", LATER)
def test_an_error_later_is_said_and_it_can_start_anew(page, address, what):
    plant(page, LATER[what])
    open_page(page, address)
    box(page).locator(".explorer-live").wait_for()
    assert "error" not in [kind for kind, _ in page.said]
    if what == "a setting":
        box(page).get_by_role("slider", name="breakpoint β").fill("1.5")
    elif what == "a handle":
        box(page).get_by_role("slider", name="Break", exact=True).press("ArrowUp")
    else:
        box(page).get_by_role("button", name="Break").click()
    failed(page, "was stopped (planted)")
    box(page).get_by_role("button", name="Start it anew").click()
    box(page).get_by_role("slider", name="breakpoint β").wait_for()
    assert box(page).get_by_role("slider", name="breakpoint β").input_value() == "0.3"
    assert not box(page).get_by_role("alert").count()


def test_data_that_cannot_be_read_stop_one_explorer_alone(page, address):
    def spoil(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"name": "slice"', '"name": slice', 1))

    page.route("**/one.html", spoil)
    open_page(page, address)
    failed(page, "cannot start")
    page.locator("#explorer-far").scroll_into_view_if_needed()
    page.locator("#explorer-far.alive .explorer-words").wait_for()


@pytest.mark.parametrize("how", ["lost", "broken"])
def test_the_page_itself_says_where_no_script_of_explorers_runs(page, address, how):
    lose = {"lost": lambda route: route.abort(), "broken": lambda route: route.fulfill(body="no script")}
    page.route("**/assets/explorers/page.js*", lose[how])
    open_page(page, address)
    said = box(page).locator(".explorer-dead")
    assert not said.is_visible()
    page.evaluate(FINISHED)  # ten seconds have passed
    assert "no script of this page has run" in said.inner_text()
    assert said.is_visible()


def test_the_page_itself_says_nothing_where_explorers_are_alive_or_wait(page, address):
    open_page(page, address)
    alive(page)
    page.evaluate(FINISHED)
    assert not page.locator(".explorer-dead").filter(visible=True).count()


def test_pages_without_scripts_say_so(browser, address):
    with browser.new_context(java_script_enabled=False) as context, context.new_page() as page:
        page.goto(f"{address}/one.html")
        box(page).locator(".explorer-dead").wait_for(timeout=15000)


@pytest.mark.parametrize("language", ["en-US@posix", "C", "", "xx-invalid-language-tag-that-is-long"])
def test_any_language_of_the_browser_will_do(page, address, language):
    page.add_init_script(f"Object.defineProperty(navigator, 'language', {{ get: () => {language!r} }});")
    open_page(page, address)
    alive(page)
    assert page.evaluate("navigator.language") == language
    assert box(page).locator("canvas").count() == 2


@pytest.mark.parametrize("policy", ["'self' 'unsafe-inline'", "'self'"])
def test_it_lives_under_a_strict_policy(page, address, policy):
    def with_policy(route):
        answer = route.fetch()
        headers = {"Content-Security-Policy": f"default-src 'self'; script-src 'self'; style-src {policy}"}
        route.fulfill(response=answer, headers={**answer.headers, **headers})

    page.route("**/one.html", with_policy)
    open_page(page, address)
    box(page).locator(".explorer-words", has_text="The breakpoint stands").wait_for()
    blue = "(swatch) => getComputedStyle(swatch).getPropertyValue('--hue')"
    assert "--figure-ink" in box(page).locator(".swatch").first.evaluate("(swatch) => swatch.style.cssText")
    assert box(page).locator(".swatch").first.evaluate(blue)
    assert not [text for _, text in page.said if "assets/explorers" in text and "style" not in text], page.said


def test_a_page_works_in_a_folder(page, explorer_book):
    open_page(page, explorer_book.as_uri(), "?slice.beta=9")
    alive(page)
    box(page).get_by_text(
        "The address asks for slice.beta = 9, but the most is 3.6, which was taken instead."
    ).wait_for()
    page.get_by_role("link", name="preset").click()
    box(page).locator(".explorer-words", has_text="The breakpoint stands at 3.2").wait_for()
    page.wait_for_function("location.search === '?slice.beta=3.2'")
    page.reload()
    box(page).locator(".explorer-words", has_text="The breakpoint stands at 3.2").wait_for()
    errors = [text for kind, text in page.said if kind == "error" and "assets/explorers" in text]
    assert not errors
