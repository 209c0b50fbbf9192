// Searches the book as one types: in the dialog that every page can open, and on the page of the search.
import MiniSearch from "minisearch";
import { OPTIONS, find, snippet } from "./ranking.js";

const element = (name, className, ...children) => {
  const made = Object.assign(document.createElement(name), { className });
  made.append(...children);
  return made;
};

let book = null;
const known = () => {
  if (!book) {
    book = JSON.parse(globalThis.bookIndex);
    delete globalThis.bookIndex;
    book.index = MiniSearch.loadJSON(book.index, OPTIONS);
    // Which of the sections of its page each one is.
    const counts = {};
    for (const section of book.sections) section.row = counts[section.page] = (counts[section.page] ?? -1) + 1;
  }
  return book;
};

// The text of a section: those of a page come together, as a script, for a file can be asked for no other way.
const coming = {};
const text = async ({ page, row }, root) => {
  coming[page] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(`search/text-${page}.js?v=${book.version}`, root);
    script.addEventListener("load", () => resolve(JSON.parse(globalThis.bookTexts[page])));
    script.addEventListener("error", () => {
      delete coming[page];
      reject(new Error(script.src));
    });
    document.head.append(script);
  });
  return (await coming[page])[row];
};

const marked = (parts) => parts.map(([text, found]) => (found ? element("mark", "", text) : text));

function entry(hit, root) {
  const { section, place, defined, found } = hit;
  const page = book.pages[section.page];
  const link = element("a", "search-link");
  link.href = new URL(page.address + (place ? `#${place}` : ""), root);
  const chapter = section.anchor ? [element("span", "search-chapter", page.title), " "] : [];
  link.append(...chapter, element("span", "search-section", ...marked(snippet(section.title, found, 200))));
  const parts = [link];
  if (defined) parts.push(" ", element("span", "search-defined", `defines “${defined}”`));
  const lines = element("p", "search-snippet");
  text(section, root).then(
    (whole) => lines.replaceChildren(...marked(snippet(whole, found))),
    () => {}, // the place is found without its text too
  );
  return element("li", "", ...parts, lines);
}

const counted = (count, shown) => {
  if (!count) return "";
  const places = count === 1 ? "1 place found" : `${count} places found`;
  return count > shown ? `${places}, the best ${shown} shown` : places;
};

function attach(form, root) {
  if (form.dataset.awake) return;
  form.dataset.awake = "yes";
  const input = form.querySelector("input");
  const status = form.nextElementSibling;
  const list = element("ol", "search-results");
  status.after(list);
  const limit = Number(form.dataset.limit);
  const more = element("a", "search-more", "All results");
  let last = null;

  const show = () => {
    const query = input.value.trim();
    if (query === last) return;
    last = query;
    const hits = query ? find(known(), query) : [];
    list.replaceChildren(...hits.slice(0, limit).map((hit) => entry(hit, root)));
    status.textContent = query && !hits.length ? `Nothing found for “${query}”.` : counted(hits.length, limit);
    more.remove();
    if (hits.length > limit && form.closest("dialog")) {
      more.href = new URL(`search.html?q=${encodeURIComponent(query)}`, root);
      list.after(more);
    }
    // A file has no address that could be changed.
    if (form.closest("dialog") || location.protocol === "file:") return;
    history.replaceState(null, "", query ? `?q=${encodeURIComponent(query)}` : location.pathname);
  };

  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 120);
  });
  form.addEventListener("submit", (event) => {
    if (form.closest("dialog")) return;
    event.preventDefault();
    show();
  });
  // Arrows go from the field through the results and back.
  form.parentElement.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [input, ...list.querySelectorAll("a"), ...(more.isConnected ? [more] : [])];
    const at = stops.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    stops[Math.min(Math.max(at + (event.key === "ArrowDown" ? 1 : -1), 0), stops.length - 1)].focus();
  });
  show();
}

globalThis.bookSearch = attach;
