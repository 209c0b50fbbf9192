// What search finds and in which order: pure functions, used in Node when the index is made and in the browser.

const LETTERS = /[\p{L}\p{N}]+/gu;
const JOINED = /[\p{L}\p{N}]+(?:[-‐‑–'’][\p{L}\p{N}]+)+/gu;

// Words as they are compared: without accents, in lower case, the plural as the singular.
export const fold = (word) => {
  const plain = word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  if (plain.length < 4 || /(ss|us|is|as)$/.test(plain)) return plain;
  if (/[^aeiou]ies$/.test(plain)) return plain.replace(/ies$/, "y");
  if (/(x|ch|sh|ss|z)es$/.test(plain)) return plain.replace(/es$/, "");
  return plain.replace(/s$/, "");
};

// The words of a text; what a hyphen joins is one more word: "mean-field" is mean, field and meanfield.
export const split = (text) => {
  const joined = text.match(JOINED) ?? [];
  return [...(text.match(LETTERS) ?? []), ...joined.map((word) => word.match(LETTERS).join(""))];
};

// A text as it is compared as a whole.
export const folded = (text) => (text.match(LETTERS) ?? []).map(fold).join(" ");

// Words that say nothing of a subject: they are neither searched nor marked.
const EMPTY = new Set("a an and are as at be by for from in is it of on or that the to was what with".split(" "));

export const OPTIONS = {
  fields: ["terms", "words", "title", "names", "text"],
  tokenize: (text) => split(text),
  processTerm: (word) => {
    const folded = fold(word);
    return EMPTY.has(folded) ? null : folded;
  },
};

const BOOST = { terms: 6, words: 5, title: 4, names: 3, text: 1 };

const SEARCHING = {
  boost: BOOST,
  prefix: (word) => word.length > 1,
  fuzzy: (word) => (word.length > 3 ? 0.2 : false),
  maxFuzzy: 2,
  weights: { fuzzy: 0.2, prefix: 0.5 },
  tokenize: (text) => text.match(LETTERS) ?? [],
};

const together = (text) => folded(text).replaceAll(" ", "");

// What a section is about, as it is compared with a whole query: "2.1. Bends" is about bends.
const subjects = ({ terms, words, title }) =>
  [...Object.keys(terms), ...words, title.replace(/^[\d.]+ /, "")].map(together);

// The sections that a query asks for, best first: { section, terms: the words by which it was found, place: the anchor }.
// Those that are about just that come first; where no section has all the words, those that have some are found.
export function find({ index, sections, pages }, query) {
  const words = query.match(LETTERS) ?? [];
  if (!words.length) return [];
  const whole = together(query);
  const options = { ...SEARCHING, boostDocument: (id) => pages[sections[id].page].weight };
  const all = [{ queries: [query], combineWith: "AND" }];
  if (words.length > 1) all.push({ queries: [words.join("")], prefix: false, fuzzy: false, boost: BOOST });
  let found = index.search({ combineWith: "OR", queries: all }, options);
  if (!found.length) found = index.search(query, { ...options, combineWith: "OR" });
  const hits = found.map(({ id, score, match }) => {
    const section = sections[id];
    const weight = pages[section.page].weight;
    const exact = subjects(section).includes(whole);
    const term = Object.keys(section.terms).find((name) => together(name) === whole);
    const place = term ? section.terms[term] : section.anchor;
    return { section, place, defined: term, found: Object.keys(match), score: score * (exact ? 10 * weight : 1) };
  });
  return hits.sort((one, other) => other.score - one.score);
}

// About `length` signs of a text around the words found, as [text, whether it is one of them] …
export function snippet(text, found, length = 180) {
  const wanted = new Set(found);
  const marks = [...text.matchAll(LETTERS)]
    .filter(([word]) => wanted.has(fold(word)))
    .map((match) => ({ start: match.index, end: match.index + match[0].length, word: fold(match[0]) }));
  const seen = marks.map(({ start }) => new Set(marks.filter((mark) => mark.start >= start && mark.end <= start + length - 40).map(({ word }) => word)).size);
  const best = marks[seen.indexOf(Math.max(...seen))]?.start ?? 0;
  const from = best < 40 ? 0 : text.indexOf(" ", best - 40) + 1;
  const to = text.length - from <= length ? text.length : text.lastIndexOf(" ", from + length);
  const parts = from > 0 ? [["… ", false]] : [];
  let at = from;
  for (const { start, end } of marks) {
    if (start < from || end > to) continue;
    parts.push([text.slice(at, start), false], [text.slice(start, end), true]);
    at = end;
  }
  parts.push([text.slice(at, to) + (to < text.length ? " …" : ""), false]);
  return parts.filter(([part]) => part);
}
