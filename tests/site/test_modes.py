"""The explorer of spectral bias on its page, without a kernel: frequencies fill in, as the forecast says or not.

Frames a second are printed, as they depend on the machine. To see them: pytest -rP.
"""

from __future__ import annotations

import re

import pytest

from tests.site.explorer_page import Seen, opener
from tests.site.weight import frame_rate

PAGE = "chapters/kernels/spectral_bias.html"


class Modes(Seen):
    """The explorer, once its network has come to the time that is shown."""

    def told(self) -> str:
        """What it says at rest."""
        self.root.locator(".explorer-words", has_text="Network and forecast are").wait_for()
        return self.words

    def columns(self) -> str:
        """The text alternative of the frequencies."""
        self.told()
        return self.root.get_by_role("img").nth(1).get_attribute("aria-label").replace("\N{NO-BREAK SPACE}", " ")

    @property
    def time(self) -> float:
        """The time beside its slider."""
        return float(self.root.locator(".explorer-time output").inner_text().removeprefix("t = "))

    def past(self, time: float) -> None:
        """Wait until it has played to this time."""
        self.page.wait_for_function(
            "time => parseFloat(document.querySelector('.explorer-time output').textContent.slice(4)) >= time", arg=time
        )


@pytest.fixture
def visit(browser, server):
    """Open the page with a query; what goes wrong there fails the test."""
    yield from opener(browser, server, PAGE, "modes", Modes)


def learned(text: str) -> list[str]:
    """The frequencies that are called learned."""
    return re.findall(r"sin \d?γ", re.search(r"Learned: ([^.]*)\.|$", text)[0])


def test_it_plays_and_frequencies_fill_in_one_after_the_other(visit):
    seen = visit("?modes.time=0")
    assert learned(seen.told()) == []
    seen.button("Play").click()
    seen.past(0.3)
    print(f"modes: {frame_rate(seen.page):.0f} frames a second at width 256 while playing")
    seen.button("Pause").click()
    assert learned(seen.told())[:1] == ["sin γ"]
    assert "sin 8γ" not in learned(seen.told())
    reached = seen.time
    seen.page.wait_for_timeout(300)
    assert seen.time == reached
    assert float(re.search(r"modes\.time=([\d.]+)", seen.asked())[1]) == pytest.approx(reached, rel=0.01)


def test_it_plays_to_the_end_and_then_again_from_the_beginning(visit):
    seen = visit("?modes.time=80&modes.width=16")
    seen.told()
    seen.button("Play").click()
    seen.past(100)
    seen.root.get_by_role("button", name="Play").wait_for()
    seen.button("Play").click()
    seen.page.wait_for_function("parseFloat(document.querySelector('.explorer-time output').textContent.slice(4)) < 80")
    seen.button("Pause").click()


def test_time_can_be_scrubbed(visit):
    seen = visit()
    begin = seen.told()
    seen.slider("time").focus()
    seen.page.keyboard.press("Home")
    assert seen.told().startswith("Time 0. Hardly begun: sin γ, ")
    assert seen.told().endswith("Network and forecast are 0 apart (root mean square).")
    seen.page.keyboard.press("ArrowRight")
    assert seen.time == 0.01
    seen.button("Reset").click()
    assert seen.told() == begin
    # a tap beside the curves goes to the time below the finger: the axis has four decades
    ground = seen.root.locator(".u-over").last
    place = ground.bounding_box()
    ground.click(position={"x": 0.5 * place["width"], "y": 0.5 * place["height"]})
    assert seen.time == pytest.approx(1, rel=0.1)


def test_presets_and_links_of_the_chapter(visit):
    seen = visit()
    seen.button("What a layer without biases cannot learn").click()
    assert (
        "Never, as the rate is 0: sin 3γ (forecast 0 %, network 0 %), sin 5γ (forecast 0 %, network 0 %)" in seen.told()
    )
    assert "sin 8γ" in learned(seen.told())
    assert "modes.bias=0" in seen.asked()
    seen.page.get_by_role("link", name="Eight neurons").click()
    seen.says("Time 4.99")
    narrow = float(re.search(r"are ([\d.]+) apart", seen.told())[1])
    assert "modes.width=8" in seen.asked()
    assert "modes.bias" not in seen.asked()
    seen.page.get_by_role("link", name="wider again").click()
    seen.page.wait_for_function("document.querySelector('.explorer-words').textContent.includes('still') === false")
    assert float(re.search(r"are ([\d.]+) apart", seen.told())[1]) < 0.5 * narrow


def test_the_target_is_composed_by_keyboard(visit):
    seen = visit()
    seen.told()
    seen.button("Low first").focus()
    for k in ("sin 2γ", "sin 3γ"):
        seen.tab_to(f"size of {k}")
        seen.page.keyboard.press("Home")
    assert "sin 2γ" not in seen.columns()
    assert "In frequencies that the target has not" in seen.columns()
    seen.tab_to("activation")
    seen.page.keyboard.press("ArrowDown")
    assert seen.asked() == "?modes.a2=0&modes.a3=0&modes.activation=erf"
    for k in ("γ", "4γ", "5γ", "8γ"):
        seen.slider(f"size of sin {k}").fill("0")
    seen.says("The target is 0: move one of the sliders")


def test_a_random_start_differs_from_draw_to_draw_and_one_at_zero_begins_there(visit):
    seen = visit("?modes=starts&modes.time=0")
    first = seen.told()
    assert "Network and forecast are 0 apart" not in first
    seen.root.get_by_text("one standard deviation either side").wait_for()
    assert "lies within one standard deviation at" in seen.root.get_by_role("img").first.get_attribute("aria-label")
    seen.button("New draw").click()
    seen.page.wait_for_function(
        "(first) => !document.querySelector('.explorer-words').textContent.endsWith(first)", arg=first[-60:]
    )
    assert seen.told() != first
    assert "modes.seed=2" in seen.asked()


def test_the_widest_network_plays(visit):
    seen = visit("?modes.time=0.01&modes.width=2000")
    seen.told()
    seen.button("Play").click()
    seen.past(0.1)
    print(f"modes: {frame_rate(seen.page):.0f} frames a second at width 2,000 while playing and training")
    seen.button("Pause").click()
    assert "sin γ" in learned(seen.told())
