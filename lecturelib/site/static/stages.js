// Lays out a long page section by section, see loading.py: each section in a moment in which nothing else is to be done.
{
  const root = document.documentElement;
  const sections = [...document.querySelectorAll("article > section > section, article > section > section > section")];
  const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 50));

  const finish = () => root.classList.remove("in-stages");
  const next = () => {
    if (!root.classList.contains("in-stages")) return;
    const section = sections.shift();
    if (!section) return finish();
    section.classList.add("laid-out");
    // the next frame lays it out, and only then is it the turn of another
    requestAnimationFrame(() => whenIdle(next, { timeout: 1000 }));
  };

  addEventListener("load", () => whenIdle(next, { timeout: 1000 }));
  // a link into the page, or paper, needs the whole page now
  addEventListener("click", (event) => event.target.closest?.("a[href*='#']") && finish(), { capture: true });
  addEventListener("hashchange", finish);
  addEventListener("beforeprint", finish);
}
