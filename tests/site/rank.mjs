// What the search of a site finds: node rank.mjs <index.js> < queries as JSON > the addresses found, for each query.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { OPTIONS, find } from "../../lecturelib/site/browser/ranking.js";

const MiniSearch = createRequire(import.meta.url)("minisearch");
await import(pathToFileURL(process.argv[2]));
const { pages, sections, index } = JSON.parse(globalThis.bookIndex);
const book = { pages, sections, index: MiniSearch.loadJSON(index, OPTIONS) };
const places = ({ section, place }) => [pages[section.page].address, place];
const queries = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(queries.map((query) => find(book, query).map(places))));
