// Typesets formulas with KaTeX: each line of the input is one formula, {tex, display}; each line of the output what became
// of it, {html} or {error}. formulas.py holds the other end.
import { createInterface } from "node:readline";
import katex from "katex";

const LONG = 11; // em; a phone's column has about 17, a narrow cell of a table less

/** How wide a part is, about, in em: KaTeX knows the widths of letters, and leaves the rest to the browser. */
function width(part) {
  if (part.children) return Math.max(0, ...rows(part).map((row) => row.reduce((sum, child) => sum + width(child), 0)));
  // letters of one kind that follow each other have become one part, with the width of the first
  return part.text ? [...part.text].length * (part.width || 0.5) : 0;
}

/** What stands above each other in a part, as in a fraction, or one row. */
function rows(part) {
  return part.classes?.includes("vlist") ? part.children.map((child) => [child]) : [part.children];
}

/** The same kind of element with other classes and children. */
const like = (element, classes, children) => Object.assign(Object.create(Object.getPrototypeOf(element)), element, { classes, children, style: {}, attributes: {} });

/** Put a box that may scroll around each part of a formula in a line that no line break divides and that may be too wide. */
function boxed(html) {
  html.children = html.children.map((base) =>
    base.classes.includes("katex-base") && width(base) > LONG ? like(base, ["wide"], [base]) : base,
  );
}

const SCRIPTS = ["msub", "msup", "msubsup", "munder", "mover", "munderover", "mfrac"];

/** Make MathML valid where KaTeX's is not: "max" as a script brings an invisible sign as one child too many, an empty
    attribute. */
function mend(node) {
  if (node.attributes?.columnspacing === "") delete node.attributes.columnspacing;
  // what is neither an element nor a text holds several in the place of one
  const one = (child) => (child.children && !child.attributes ? child.children[0] : child);
  if (SCRIPTS.includes(node.type)) node.children = node.children.map(one);
  node.children?.forEach(mend);
}

function typeset({ tex, display }) {
  try {
    const root = katex.__renderToDomTree(tex, { displayMode: display, output: "htmlAndMathml", throwOnError: true, strict: "error" });
    const formula = display ? root.children[0] : root;
    mend(formula.children.find((child) => child.classes.includes("katex-mathml")));
    if (!display) boxed(formula.children.find((child) => child.classes.includes("katex-html")));
    return { html: root.toMarkup() };
  } catch (error) {
    if (!(error instanceof katex.ParseError)) throw error;
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(typeset(JSON.parse(line)))}\n`);
}
