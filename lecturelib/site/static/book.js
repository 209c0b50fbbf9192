// What assistive technology needs and the theme leaves out.
document.addEventListener("DOMContentLoaded", () => {
  // The name of the search button has to hold all the words on it, and "Ctrl+K" is one.
  document.querySelectorAll(".search-button-field").forEach((button) => button.removeAttribute("aria-label"));
  // So does the name of what unfolds a code cell.
  document.querySelectorAll("details.hide > summary").forEach((summary) => summary.removeAttribute("aria-label"));
  // A list holds list items; entries of a bibliography have a role of their own.
  document.querySelectorAll(".citation-list").forEach((list) => list.removeAttribute("role"));
  // Tables of sentences: on a phone their rows stand as blocks, each cell under the name of its column. They stay tables.
  document.querySelectorAll("article table").forEach((table) => {
    const names = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
    const cells = [...table.querySelectorAll("tbody td")];
    if (names.length < 3 || !cells.some((cell) => cell.textContent.trim().length > 80)) return;
    table.classList.add("sentences");
    table.setAttribute("role", "table");
    table.querySelectorAll("tr").forEach((row) => row.setAttribute("role", "row"));
    table.querySelectorAll("thead th").forEach((head) => head.setAttribute("role", "columnheader"));
    cells.forEach((cell) => {
      cell.setAttribute("role", "cell");
      if (cell.textContent.trim()) cell.dataset.column = names[cell.cellIndex];
    });
  });
  // What scrolls can be scrolled by keyboard once it can have the focus. This holds after a window was made narrow too.
  const reach = new ResizeObserver((changes) =>
    changes.forEach(({ target: box }) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }),
  );
  document.querySelectorAll(".pst-scrollable-table-container, .drawing, pre").forEach((box) => reach.observe(box));
});
