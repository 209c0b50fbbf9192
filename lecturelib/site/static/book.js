// Paper is white: a page is printed as it is in light mode, whatever mode it is read in.
{
  const root = document.documentElement;
  let read = null;
  const paper = (printing) => {
    if (printing) read ??= root.dataset.theme;
    else if (read === null) return;
    root.dataset.theme = printing ? "light" : read;
    if (!printing) read = null;
  };
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  matchMedia("print").addEventListener("change", (query) => paper(query.matches));
}

// Some browsers keep nothing in its place while what is above it grows, as fonts come and explorers wake: there the
// address leads to its place again, until the reader moves or the page has been there for some time.
if (location.hash && !CSS.supports("overflow-anchor", "auto")) {
  document.addEventListener("DOMContentLoaded", () => {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const again = new ResizeObserver(() => place?.scrollIntoView({ behavior: "instant" }));
    const stop = () => again.disconnect();
    again.observe(document.body);
    for (const moves of ["wheel", "touchstart", "pointerdown", "keydown", "hashchange"]) {
      addEventListener(moves, stop, { once: true, passive: true });
    }
    addEventListener("load", () => setTimeout(stop, 10_000));
  });
}

// What assistive technology needs and the theme leaves out.
document.addEventListener("DOMContentLoaded", () => {
  // The name of the search button has to hold all the words on it, and "Ctrl+K" is one.
  document.querySelectorAll(".search-button-field").forEach((button) => button.removeAttribute("aria-label"));
  // So does the name of what unfolds a code cell.
  document.querySelectorAll("details.hide > summary").forEach((summary) => summary.removeAttribute("aria-label"));
  // What unfolds the pages below an entry of the contents shows an arrow alone.
  document.querySelectorAll(".bd-sidenav details > summary").forEach((summary) => {
    const entry = summary.closest("li").querySelector("a").textContent.trim();
    summary.setAttribute("aria-label", `Pages below ${entry}`);
  });
  // The switch of colours says what it is set to, which the theme shows by its icon alone.
  const modes = { light: "light", dark: "dark", auto: "as the system has them" };
  const tell = () => {
    const mode = modes[document.documentElement.dataset.mode] ?? modes.auto;
    document.querySelectorAll(".theme-switch-button").forEach((button) => {
      button.setAttribute("aria-label", `Colours: ${mode}`);
      // the hint of the theme takes its words from one of these
      button.dataset.bsOriginalTitle = `Colours: ${mode}`;
      button.title = "";
    });
  };
  new MutationObserver(tell).observe(document.documentElement, { attributeFilter: ["data-mode"] });
  tell();
  // A list holds list items; entries of a bibliography have a role of their own.
  document.querySelectorAll(".citation-list").forEach((list) => list.removeAttribute("role"));
  // What scrolls can be scrolled by keyboard once it can have the focus. This holds after a window was made narrow too.
  const reach = new ResizeObserver((changes) =>
    changes.forEach(({ target: box }) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }),
  );
  document.querySelectorAll(".pst-scrollable-table-container, .drawing, pre").forEach((box) => reach.observe(box));
});
