"""Does an explorer fit one screen with what is moved, and the room that its page keeps? Asked in a page, by name."""

from __future__ import annotations

from pathlib import Path

ONE_SCREEN = Path(__file__).with_name("one_screen.js").read_text(encoding="utf-8").partition("\n\n")[2]
"""Problems in words: controls that cannot be seen together with the charts of the stage."""
ROOM = """(name) => {
  const root = document.querySelector(`#explorer-${name} .explorer-live`);
  const { minHeight } = getComputedStyle(root);
  const problems = [];
  if (Math.abs(root.offsetHeight - parseFloat(minHeight)) > 1) {
    problems.push(`is ${root.offsetHeight} pixels high; \\`heights\\` of its class keep ${minHeight}`);
  }
  if (root.scrollWidth > root.clientWidth) problems.push(`sticks out by ${root.scrollWidth - root.clientWidth} pixels`);
  return problems;
}"""
"""Problems in words: an explorer that is higher than what its page keeps for it, or wider."""
