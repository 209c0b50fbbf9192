// The valley: two weights, their minima, and descent from a point that can be dragged.
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, linspace, words } from "../../../core/browser/numbers.js";
import { curvatures, descent, lossAt, minima, stablePart } from "./valley.js";

const SETTLED = 1e-9; // how little the last two steps may differ

/** What is seen, in words. */
function sentence(run, { rate, penalty }, steps) {
  const last = run.us.length - 1;
  const start = `From (${words(run.us[0])}, ${words(run.vs[0])})`;
  if (run.lost) return `${start} the weights leave all bounds within ${run.lost} steps. A smaller learning rate keeps them.`;
  const [u, v] = [run.us[last], run.vs[last]];
  const moved = Math.hypot(u - run.us[last - 1], v - run.vs[last - 1]);
  const sharp = curvatures(u, v, penalty);
  const limit = `steps of ${words(rate)} are stable up to ${words(2 / rate)}`;
  const there = `(${words(u)}, ${words(v)}), with the loss ${words(lossAt(u, v, penalty))}`;
  if (moved > SETTLED) return `${start}, ${steps} steps do not come to rest; they are at ${there}. The sharpness there is ${words(sharp[1])}, and ${limit}.`;
  return `${start}, descent ends at ${there}. The curvatures there are ${words(Math.abs(sharp[0]) < 1e-6 ? 0 : sharp[0])} and ${words(sharp[1])}, and ${limit}.`;
}

function paint(pen, run, state, reach) {
  const [low, high] = reach;
  for (const sign of [1, -1]) {
    const ends = sign > 0 ? [1 / high, high] : [1 / -low, -low];
    const grid = linspace(Math.log(ends[0]), Math.log(ends[1]), 161).map(Math.exp);
    const line = (us, look) => pen.line(us.map((u) => sign * u), us.map((u) => sign / u), look);
    line([...grid], { color: state.penalty > 0 ? "faint" : "gold", width: 2.5, dash: [5, 4] });
    const stable = stablePart(state.rate);
    if (state.penalty === 0 && stable) {
      line([...linspace(Math.log(Math.max(stable[0], ends[0])), Math.log(Math.min(stable[1], ends[1])), 121).map(Math.exp)], { color: "green", width: 4 });
    }
  }
  for (const [u, v] of minima(state.penalty) ?? []) pen.marks([u], [v], { color: "green", shape: "diamond", size: 7 });
  pen.line(run.us, run.vs, { color: "blue", width: 1.5, opacity: 0.7 });
  pen.marks(run.us, run.vs, { color: "blue", size: 2.5 });
  if (!run.lost) pen.marks([run.us.at(-1)], [run.vs.at(-1)], { color: "orange", shape: "square", size: 5 });
}

export default explorer(({ stage, givens, state, set, say, offer }) => {
  const { reach, steps } = givens;
  const plane = chart(stage, {
    name: "Weights",
    x: { label: "u", range: reach },
    y: { label: "v", range: reach },
    height: 380,
    legend: [
      { words: "u v = 1", color: "gold", mark: "dashed" },
      { words: "minima that hold", color: "green" },
      { words: "descent", color: "blue", mark: "dot" },
      { words: "its end", color: "orange", mark: "square" },
    ],
  });
  const move = (_, u, v) => {
    if (u !== null) set({ u: clamp(u, ...reach), v: clamp(v, ...reach) }); // null asks to take the start away
  };
  plane.onTap((u, v) => move(0, u, v));
  return {
    update(next) {
      const run = descent([next.u, next.v], next.rate, next.penalty, steps);
      plane.draw((pen) => paint(pen, run, next, reach));
      plane.handles([{ x: next.u, y: next.v, name: "Start", color: "blue" }], move);
      const text = sentence(run, next, steps);
      const line = next.penalty > 0 ? "With the penalty only the diamonds are minima." : "Every point of the line u v = 1 is a minimum.";
      plane.describe(`${line} ${text}`);
      say(text);
      offer({ end: [run.us.at(-1), run.vs.at(-1)], lost: run.lost });
    },
    end() {
      plane.end();
    },
  };
});
