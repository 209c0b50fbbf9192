// Euler's path on a surface, the flow, and the two modified flows, with the distances of their ends.
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, linspace, words } from "../../../core/browser/numbers.js";
import { contour, curvatures, derivatives, distances, eulerPath, fitting, flowPath, value } from "./paths.js";

const COLORS = ["muted", "orange", "green"];
const DASHES = [[], [7, 4], [2, 3]];
const NAMES = ["flow", "modified flow", "modified flow of order 2"];
const COUNTS = [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];
const LOW = 1e-7;
const rounded = (one) => Number(one.toFixed(4));

function contoursOf({ terms, x, y }) {
  const [xs, ys] = [linspace(...x, 61), linspace(...y, 61)];
  const grid = Array.from(xs, (a) => Array.from(ys, (b) => value(terms, [a, b])));
  return [0.02, 0.1, 0.3, 0.8, 2, 5, 12].flatMap((level) => contour(grid, xs, ys, level));
}

export default explorer(({ stage, further, givens, state, set, say, offer, use }) => {
  const first = givens.surfaces[state.surface];
  const plane = chart(stage, {
    name: "Paths on the surface",
    x: { label: "weight a", range: first.x },
    y: { label: "weight b", range: first.y },
    height: 270,
    legend: [
      { words: "gradient descent", color: "blue", mark: "dot" },
      ...NAMES.map((name, k) => ({ words: name, color: COLORS[k], mark: k ? "dashed" : "line" })),
    ],
  });
  const gaps = chart(further, {
    name: "Distance from where descent ends",
    x: { label: "learning rate h", range: [0.01, 1], log: true },
    y: { label: "distance", range: [LOW, 10], log: true },
    height: 190,
    legend: NAMES.map((name, k) => ({ words: name, color: COLORS[k], mark: k ? "dashed" : "line" })),
  });
  let now = null;

  function scene(next) {
    const given = givens.surfaces[next.surface];
    const start = [clamp(next.a, ...given.x), clamp(next.b, ...given.y)];
    const same = now && now.given === given;
    const surface = same ? now.surface : derivatives(given.terms);
    const curves = same && now.start.every((one, k) => one === start[k]) ? now.curves
      : COUNTS.map((steps) => ({ h: given.time / steps, gap: distances(surface, start, given.time, steps, 200) }));
    const { steps, h } = fitting(given.time, next.h);
    const euler = eulerPath(surface, start, h, steps);
    const flows = [0, 1, 2].map((order) => flowPath(surface, start, h, order, given.time, 300));
    const gap = distances(surface, start, given.time, steps, 300);
    return { given, surface, start, steps, h, euler, flows, gap, curves, lines: same ? now.lines : contoursOf(given), chosen: next.surface };
  }

  function paint(pen) {
    for (const [x0, y0, x1, y1] of now.lines) pen.line([x0, x1], [y0, y1], { color: "faint", width: 1 });
    now.flows.forEach((path, k) => pen.line(path.map((w) => w[0]), path.map((w) => w[1]), { color: COLORS[k], width: 2.2, dash: DASHES[k] }));
    const [xs, ys] = [0, 1].map((n) => now.euler.map((w) => w[n]));
    pen.line(xs, ys, { color: "blue", width: 1 });
    pen.marks(xs, ys, { color: "blue", size: 3.5 });
  }

  function paintGaps(pen) {
    [0, 1, 2].forEach((order) => {
      const seen = now.curves.filter(({ gap }) => gap[order] !== null);
      pen.line(seen.map(({ h }) => h), seen.map(({ gap }) => Math.max(gap[order], LOW)), { color: COLORS[order], dash: DASHES[order] });
      if (now.gap[order] !== null) pen.marks([now.h], [Math.max(now.gap[order], LOW)], { color: COLORS[order], size: 5 });
    });
  }

  function sentence() {
    const { steps, h, gap, euler, surface, given } = now;
    const head = `${steps} step${steps > 1 ? "s" : ""} of h = ${words(h)} to the time ${words(given.time)}.`;
    if (euler.length <= steps) return `${head}\nDescent leaves all bounds at step ${euler.length}: the learning rate is too large.`;
    const end = euler.at(-1);
    const place = `Descent ends at (${words(end[0])}, ${words(end[1])}), where the loss is ${words(value(surface.loss, end))}.`;
    const off = gap.map((one, k) => `${one === null ? "out of bounds from" : words(one, 2)} ${one === null ? "" : "from "}the ${NAMES[k]}`).join(", ");
    const [most] = curvatures(surface, end);
    const balance = now.chosen === "valley" ? `\na² − b² was ${words(now.start[0] ** 2 - now.start[1] ** 2)} and is ${words(end[0] ** 2 - end[1] ** 2)}.` : "";
    return `${head} ${place}\nIts distance is ${off}.\nThe largest curvature there is ${words(most)}; steps up to 2 / ${words(most)} = ${most > 0 ? words(2 / most) : "any size"} are stable.${balance}`;
  }

  function look() {
    plane.draw(paint);
    gaps.draw(paintGaps);
    plane.handles([{ x: now.start[0], y: now.start[1], name: "Start", color: "blue", free: "xy", picked: true }], (_, x, y) => {
      if (x !== null) set({ a: rounded(x), b: rounded(y) });
    });
    const text = sentence();
    plane.describe(`contour lines, descent from (${words(now.start[0])}, ${words(now.start[1])}), and three flows from there. ${text}`);
    const told = now.curves.filter((_, k) => k % 4 === 0).map(({ h, gap }) => `at h = ${words(h)}: ${gap.map((one) => (one === null ? "none" : words(one, 2))).join(", ")}`);
    gaps.describe(`distances from the ${NAMES.join(", the ")}, ${told.join("; ")}.`);
    say(text);
    offer({ steps: now.steps, h: now.h, end: now.euler.at(-1), gaps: now.gap });
  }

  return {
    update(next, before) {
      const other = !before || before.surface !== next.surface;
      // another surface begins from its own start, unless a link or preset asks for one
      if (before && other && next.a === before.a && next.b === before.b) {
        const [a, b] = givens.surfaces[next.surface].start;
        set({ a, b });
        return;
      }
      now = scene(next);
      if (other) {
        plane.range({ x: now.given.x, y: now.given.y });
        gaps.range({ x: [now.given.time / COUNTS.at(-1) / 1.2, (now.given.time / COUNTS[0]) * 1.2] });
      }
      const used = { h: now.h, a: now.start[0], b: now.start[1] };
      use(Object.fromEntries(Object.entries(used).filter(([name, one]) => Math.abs(one - next[name]) > 1e-9)));
      look();
    },
    end() {
      plane.end();
      gaps.end();
    },
  };
});
