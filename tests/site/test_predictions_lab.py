"""A prediction in a real JupyterLab: it asks there as on a page, with formulas that nobody else typesets."""

from __future__ import annotations

import pytest

from tests.site.lab import PATIENCE, run_first_cell, running

CELL = r"""from lecturelib.core import predictions

predictions.number(
    "half", question=r"How large is $\frac{1}{2}$ of 6?", answer=3, low=0, high=10, explanation="$3 + 3 = 6$."
)"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running(tmp_path_factory.mktemp("notebooks")) as lab:
        yield lab


def test_it_asks_and_keeps_the_guess(lab, browser):
    errors = []
    with browser.new_context(viewport={"width": 1300, "height": 900}) as context, context.new_page() as page:
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(lab.write("asked.ipynb", [CELL]))
        run_first_cell(page)
        box = page.locator(".prediction")
        box.locator("mfrac").wait_for()
        assert not box.locator(".prediction-result").is_visible()
        box.get_by_label("Your guess", exact=True).fill("5")
        box.get_by_role("button", name="This is my guess").click()
        said = box.locator(".prediction-verdict")
        assert said.inner_text() == "You said 5, it is 3. Your guess is 2 too high, a factor of 1.7."
        assert box.locator(".prediction-explanation math").is_visible()
        assert said.evaluate("one => getComputedStyle(one).borderLeftColor") != "rgba(0, 0, 0, 0)"
        assert page.evaluate("Object.keys(localStorage).some(key => key.startsWith('prediction '))")
        box.get_by_role("button", name="Forget my guess").click()
        assert not box.locator(".prediction-result").is_visible()
    assert not errors
