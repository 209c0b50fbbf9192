"""The browsers of the tests: Chromium by Playwright, Firefox and WebKit by the protocols that they speak themselves.

Playwright drives builds of Firefox and WebKit of its own. Readers have the browsers of their system, and so have these
tests: `firefox` speaks WebDriver BiDi to Firefox ESR, `webkit` the classic WebDriver to WebKitGTK. Their pages answer
as those of Playwright do, to the part of its interface that `window.Window` has. A test that asks for no more runs in
all three.
"""
