// Makes the index of the book from its pages, given as JSON: node index.mjs <folder to write to>. The texts of pages, of
// which search shows a few lines, are files of their own.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import MiniSearch from "minisearch";
import { OPTIONS } from "./browser/ranking.js";

const folder = process.argv[2];
const pages = JSON.parse(readFileSync(0, "utf8"));
const sections = pages.flatMap((page, number) => page.sections.map((section) => ({ ...section, page: number })));
const index = new MiniSearch(OPTIONS);
index.addAll(
  sections.map(({ terms, words, title, names, text }, id) => ({
    id,
    terms: Object.keys(terms).join("\n"),
    words: words.join("\n"),
    title,
    names: names.join("\n"),
    text,
  })),
);
const version = createHash("sha256").update(JSON.stringify(pages)).digest("hex").slice(0, 12);
const found = {
  version,
  pages: pages.map(({ address, title, weight }) => ({ address, title, weight })),
  sections: sections.map(({ page, anchor, title, terms, words, names }) => ({ page, anchor, title, terms, words, names })),
  index: JSON.stringify(index),
};
// Scripts that hold data as a string: a browser reads that faster than it reads a program.
const write = (name, target, data) => {
  writeFileSync(join(folder, name), `${target} = ${JSON.stringify(JSON.stringify(data))};\n`);
};
write("index.js", "globalThis.bookIndex", found);
pages.forEach((page, number) => {
  const texts = page.sections.map(({ text }) => text);
  write(`text-${number}.js`, `(globalThis.bookTexts ??= {})[${number}]`, texts);
});
