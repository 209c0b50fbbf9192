// What assistive technology needs and the theme leaves out.
document.addEventListener("DOMContentLoaded", () => {
  // The name of the search button has to hold all the words on it, and "Ctrl+K" is one.
  document.querySelectorAll(".search-button-field").forEach((button) => button.removeAttribute("aria-label"));
  // So does the name of what unfolds a code cell.
  document.querySelectorAll("details.hide > summary").forEach((summary) => summary.removeAttribute("aria-label"));
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
