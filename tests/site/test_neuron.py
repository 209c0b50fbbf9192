"""The explorer of a neuron on a page: what is dragged, what it says, and steps downhill."""

from __future__ import annotations

import pytest

from tests.site.books import NOTEBOOK, built, cell, write_book
from tests.site.explorer_page import opener
from tests.site.page_checks import AXE, NARROW, SERIOUS, SETTLED
from tests.site.serving import serve

PAGE = f"""{NOTEBOOK}
{{explore}}`Bend it at −1 <one w=2 b=2>`, or turn it {{explore}}`to the left <one=left>`.

{cell("from lecturelib.splines import NeuronExplorer" + chr(10) * 2 + "NeuronExplorer('one')")}

{cell("NeuronExplorer('two', neurons=2)")}

{cell("NeuronExplorer('fit', data=[(-1, 0), (1, 2), (2, 3)])")}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    book = write_book(tmp_path_factory.mktemp("book"), {"plain": "# Plain\n", "page": PAGE})
    with serve(built(book)) as address:
        yield address


@pytest.fixture
def one(browser, address):
    yield from opener(browser, address, "page.html", "one")


@pytest.fixture
def two(browser, address):
    yield from opener(browser, address, "page.html", "two")


@pytest.fixture
def fit(browser, address):
    yield from opener(browser, address, "page.html", "fit")


def drag(seen, name: str, right: float, up: float) -> None:
    """Take a handle by the mouse and move it some pixels."""
    box = seen.slider(name).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seen.page.mouse.move(x, y)
    seen.page.mouse.down()
    seen.page.mouse.move(x + right, y - up, steps=4)
    seen.page.mouse.up()


def weights(seen) -> dict[str, float]:
    """The numbers of the sliders, by their labels."""
    sliders = seen.root.locator(".explorer-control.number").all()
    return {
        one.locator("label").inner_text(): float(one.locator("output").inner_text().replace("−", "-"))
        for one in sliders
    }


def test_the_breakpoint_is_dragged_and_only_b_changes(one):
    seen = one()
    assert seen.words == (
        "f(x) = (x)₊\nIts breakpoint -b/w is 0. It faces right: active where x > 0, with slope w v = 1, "
        "and zero on the other side."
    )
    drag(seen, "Breakpoint", 120, 0)
    seen.says("faces right: active where x > ")
    now = weights(seen)
    assert (now["w"], now["v"]) == (1.0, 1.0)
    assert now["b"] < -0.5
    assert f"x > {-now['b']:.3g}" in seen.words


def test_the_outer_point_turns_the_neuron_round_and_its_breakpoint_stays(one):
    seen = one("?one.b=-1")
    width = seen.root.locator(".u-over").bounding_box()["width"]
    drag(seen, "Point where w x + b = 1", -2 * width / 8, 0)  # as far to the left as it was to the right
    seen.says("faces left")
    now = weights(seen)
    assert now["w"] == pytest.approx(-1, abs=0.05)
    assert now["b"] == pytest.approx(1, abs=0.05)
    assert "Its breakpoint −b/w is 1. " in seen.root.locator(".explorer-words").inner_text()


def test_everything_can_be_done_by_keyboard(one):
    seen = one()
    seen.tab_to("Breakpoint")
    seen.page.keyboard.press("Shift+ArrowRight")
    seen.says("Its breakpoint −b/w is 0.8.")
    seen.tab_to("Point where w x + b = 1")
    seen.page.keyboard.press("Shift+ArrowUp")
    seen.says("slope w v = 1.8")
    seen.page.keyboard.press("Delete")
    seen.says("slope w v = 1.8")
    seen.tab_to("v")
    seen.page.keyboard.press("ArrowRight")
    seen.says("slope w v = 1.85")


def test_a_neuron_is_rescaled_and_the_function_stays(one):
    seen = one("?one.w=2&one.b=-1&one.v=1.5")
    picture = seen.root.get_by_role("img").first.get_attribute("aria-label")
    assert "a graph that bends at 0.5" in picture
    seen.button("w, b × 2 and v ÷ 2").click()
    seen.says(
        "f(x) = 0.75 (4 x − 2)₊ Its breakpoint −b/w is 0.5. It faces right: active where x > 0.5, with slope w v = 3,"
    )
    assert seen.button("w, b × 2 and v ÷ 2").is_disabled(), "w would leave its limits"
    for _ in range(2):
        seen.button("w, b ÷ 2 and v × 2").click()
    seen.says("f(x) = 3 (x − 0.5)₊")


def test_without_w_there_is_nothing_to_take(one):
    seen = one()
    seen.button("No breakpoint").click()
    seen.says("w is 0, so it bends nowhere: its output is 2 for every x.")
    assert not seen.root.locator(".explorer-handle").count()
    seen.page.get_by_role("link", name="Bend it at −1").click()
    seen.says("Its breakpoint −b/w is −1.")
    assert seen.root.locator(".explorer-handle").count() == 2
    seen.page.get_by_role("link", name="to the left").click()
    seen.says("faces left")


def test_two_neurons_are_added(two):
    seen = two()
    assert seen.root.locator(".explorer-handle").count() == 4
    seen.button("A straight line").click()
    seen.says("f(x) = (x)₊ − (−x)₊ Neuron 1: its breakpoint −b/w is 0.")
    drag(seen, "Breakpoint of neuron 2", 60, 0)
    seen.says("Neuron 1: its breakpoint −b/w is 0.")
    now = weights(seen)
    assert (now["w₁"], now["b₁"], now["w₂"]) == (1.0, 0.0, -1.0)
    assert now["b₂"] > 0


def test_steps_go_downhill(fit):
    seen = fit()
    seen.says("The loss is 1. Gradient: ∂w = −3, ∂b = −2, ∂v = −3.")
    seen.button("One step downhill").click()
    seen.says("f(x) = 1.3 (1.3 x + 0.2)₊")
    seen.says("After 1 step the loss is 0.206.")
    trace = seen.root.get_by_role("img", name="Loss, step by step")
    assert "the loss after steps 0 to 1: 1, 0.206." in trace.get_attribute("aria-label")
    seen.button("Ten steps").click()
    seen.says("After 11 steps")
    # what a reader sets begins a new run
    seen.root.get_by_role("slider", name="w", exact=True).fill("1")
    seen.says("The loss is")
    seen.button("Reset").click()
    seen.says("The loss is 1. Gradient: ∂w = −3, ∂b = −2, ∂v = −3.")


def test_a_learning_rate_too_large_leads_out_of_the_picture_and_says_so(fit):
    seen = fit("?fit.rate=0.5")
    seen.button("One step downhill").click()
    seen.says("After 1 step the loss is 94.8.")
    seen.button("One step downhill").click()
    seen.says("far outside the picture: the learning rate is too large here.")
    seen.says("After 1 step the loss is 94.8.")


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", ["one", "two", "fit"])
def test_axe_finds_nothing_serious_and_a_phone_holds_it(browser, address, name, mode):
    for open_page in opener(browser, address, "page.html", name):
        seen = open_page(color_scheme=mode)
        seen.page.add_script_tag(path=AXE)
        seen.page.set_viewport_size(NARROW)
        seen.page.evaluate(SETTLED)
        found = seen.page.evaluate("name => axe.run('#explorer-' + name)", name)["violations"]
        assert not [one["id"] for one in found if one["impact"] in SERIOUS]
        assert seen.root.evaluate("root => root.scrollWidth <= root.clientWidth")
