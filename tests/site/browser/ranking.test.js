import assert from "node:assert/strict";
import test from "node:test";
import MiniSearch from "minisearch";
import { OPTIONS, find, fold, folded, snippet, split } from "../../../lecturelib/site/browser/ranking.js";

test("words are compared without accents, case and plural", () => {
  const same = { Éclair: "eclair", Networks: "network", boxes: "box", entries: "entry", batches: "batch", kernels: "kernel" };
  for (const [word, expected] of Object.entries(same)) assert.equal(fold(word), expected);
  for (const word of ["bias", "loss", "is", "radius", "analysis"]) assert.equal(fold(word), word);
});

test("what a hyphen joins is found apart and as one word", () => {
  assert.deepEqual(split("A mean-field limit."), ["A", "mean", "field", "limit", "meanfield"]);
  assert.equal(folded("Weight-Decays"), "weight decay");
});

const SECTIONS = [
  { page: 0, anchor: "", title: "1. Bends", terms: {}, words: ["overfitting"], names: [], text: "Where a network bends." },
  { page: 0, anchor: "a", title: "1.1. Parts", terms: { breakpoint: "term-breakpoint" }, words: [], names: [], text: "A breakpoint." },
  { page: 0, anchor: "b", title: "1.2. More", terms: {}, words: [], names: ["Depth"], text: "Breakpoints, breakpoint, breakpoint!" },
  { page: 1, anchor: "", title: "Errata", terms: {}, words: [], names: [], text: "A breakpoint, printed otherwise." },
];
const PAGES = [
  { address: "bends.html", title: "1. Bends", weight: 1 },
  { address: "errata.html", title: "Errata", weight: 0.4 },
];

const book = () => {
  const index = new MiniSearch(OPTIONS);
  const line = ({ terms, words, names, ...rest }) => ({ ...rest, terms: Object.keys(terms).join(" "), words: words.join(" "), names: names.join(" ") });
  index.addAll(SECTIONS.map((section, id) => ({ id, ...line(section) })));
  return { index, sections: SECTIONS, pages: PAGES };
};
const titles = (query) => find(book(), query).map(({ section }) => section.title);

test("the place where a term is defined comes first, pages aside last", () => {
  for (const query of ["breakpoint", "Breakpoints", "break point", "break-points", "breakpiont", "breakp"]) {
    const found = titles(query);
    assert.equal(found[0], "1.1. Parts", query);
    assert.equal(found.at(-1), "Errata", query);
  }
});

test("a definition is linked to directly", () => {
  const [first, second] = find(book(), "breakpoints");
  assert.deepEqual([first.place, first.defined], ["term-breakpoint", "breakpoint"]);
  assert.deepEqual([second.place, second.defined], ["b", undefined]);
});

test("names of theorems and further words find their section", () => {
  assert.deepEqual(titles("depth"), ["1.2. More"]);
  assert.deepEqual(titles("overfit"), ["1. Bends"]);
});

test("where no section has all words, those with some are found; nothing is found for nothing", () => {
  assert.equal(titles("breakpoint unheard")[0], "1.1. Parts");
  assert.deepEqual(titles("  … "), []);
  assert.deepEqual(titles("zzzzz"), []);
});

test("words that say nothing are left out", () => {
  assert.deepEqual(titles("what is the depth"), titles("depth"));
  assert.deepEqual(titles("and"), []);
  assert.deepEqual(find(book(), "where the network")[0].found, ["where", "network"]);
});

test("a snippet shows the words found, cut between words", () => {
  const text = `${"before ".repeat(60)}the breakpoint and the Slopes ${"after ".repeat(60)}`;
  const parts = snippet(text, ["breakpoint", "slope"], 100);
  assert.deepEqual(parts.filter(([, found]) => found).map(([part]) => part), ["breakpoint", "Slopes"]);
  const whole = parts.map(([part]) => part).join("");
  assert.match(whole, /^… before .* after …$/);
  assert.ok(whole.length < 120);
  assert.deepEqual(snippet("Short.", ["nothing"]), [["Short.", false]]);
});
