// A formula that is wider than its place scrolls. Those that do, and no others, can be reached by keyboard, and fade
// towards the edge beyond which they go on.
{
  const SLACK = 3; // pixels by which KaTeX's boxes reach beyond their letters
  const boxes = document.querySelectorAll(".katex .wide, div.math > .katex-display");

  const fade = (box) => {
    box.classList.toggle("before", box.scrollLeft > 1);
    box.classList.toggle("after", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  };
  const onScroll = ({ currentTarget }) => fade(currentTarget);

  const hide = (part, hidden) => {
    if (hidden) part.setAttribute("aria-hidden", "true");
    else part.removeAttribute("aria-hidden");
  };

  /**
   * Letters of a formula in a line are hidden from readers of screens, which read its MathML; but what takes the focus
   * may not be in anything hidden: where a part scrolls, all letters are hidden one by one, and that part says its name.
   */
  const uncover = (box, wide) => {
    const formula = box.parentElement;
    if (!formula.matches(".katex-html")) return;
    const scrolling = [...formula.children].filter((part) => part.classList.contains("scrolls"));
    hide(formula, scrolling.length === 0);
    for (const part of formula.children) hide(part, !scrolling.includes(part));
    for (const part of box.children) hide(part, true);
    for (const [name, value] of [["role", "group"], ["aria-label", "Part of the formula, scrolls"]]) {
      if (wide) box.setAttribute(name, value);
      else box.removeAttribute(name);
    }
  };

  /** Look at some boxes: all are measured before any is changed, so that the page is laid out once. */
  const look = (some) => {
    const found = [...some].map((box) => [box, box.scrollWidth > box.clientWidth + SLACK]);
    for (const [box, wide] of found) {
      if (wide === box.classList.contains("scrolls")) {
        if (wide) fade(box);
        continue;
      }
      box.classList.toggle("scrolls", wide);
      uncover(box, wide);
      if (wide) {
        box.tabIndex = 0;
        box.addEventListener("scroll", onScroll, { passive: true });
        fade(box);
      } else {
        box.removeAttribute("tabindex");
        box.removeEventListener("scroll", onScroll);
      }
    }
  };

  // Those that have been laid out: to ask the others, folded away, for their width would lay them out.
  const seen = new Set();
  const sizes = new ResizeObserver((changes) => {
    const found = changes.filter(({ contentRect }) => contentRect.width > 0).map(({ target }) => target);
    found.forEach((box) => seen.add(box));
    look(found);
  });
  boxes.forEach((box) => sizes.observe(box));
  // letters that come late may be wider than those they take the place of
  document.fonts.addEventListener("loadingdone", () => look([...seen].filter((box) => box.checkVisibility())));
}
