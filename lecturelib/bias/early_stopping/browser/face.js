// Stopping and ridge side by side: two paths from the start to the minimum, and how far each mode has gone.
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { guarded } from "../../../core/browser/failing.js";
import { words } from "../../../core/browser/numbers.js";
import { axes, byFlow, byRidge, ellipse, paths, penalty } from "./stopping.js";

const HEIGHT = [-2, 3.5];
const MIDDLE = 1;
const LEVELS = [0.02, 0.1, 0.3, 0.7, 1.4, 2.5];
const TIMES = [0, ...Array.from({ length: 161 }, (_, k) => 10 ** (-3 + k / 20))];
const [FIRST, LAST] = [0.01, 100]; // of c t, on the axis
const GROUND = Array.from({ length: 121 }, (_, k) => FIRST * (LAST / FIRST) ** (k / 120));
const rounded = (value) => Number(value.toFixed(6));
const number = (value) => words(Math.abs(value) < 5e-7 ? 0 : value);
const point = (w) => `(${w.map(number).join(", ")})`;

export default explorer(({ stage, further, givens, state, set, say, offer }) => {
  const { angle, limits } = givens;
  const picture = chart(stage, {
    name: "The plane of weights",
    x: { label: "w₁" },
    y: { label: "w₂", range: HEIGHT },
    height: 320,
    legend: [
      { words: "gradient flow, stopped at t", color: "blue" },
      { words: "ridge with λ = 1/t", color: "orange", mark: "dashed" },
      { words: "lines of equal loss", color: "muted" },
      { words: "start", color: "green", mark: "ring" },
      { words: "minimum", color: "ink", mark: "ring" },
    ],
  });
  const shares = chart(further, {
    name: "How far a mode has gone",
    x: { label: "curvature × time", range: [FIRST, LAST], log: true },
    y: { label: "part gone", range: [0, 1.05] },
    height: 130,
  });
  const fit = keeper(picture);
  let now = state;

  const problem = () => ({ start: [now.x, now.y], goal: [now.mx, now.my], angle, curvatures: [now.steep, now.flat] });

  function level() {
    const half = (picture.ratio() * (HEIGHT[1] - HEIGHT[0])) / 2;
    fit("x", [MIDDLE - half, MIDDLE + half]);
  }

  function look() {
    level();
    const task = problem();
    const both = paths(task, TIMES);
    const at = paths(task, [now.time]);
    const [flow, ridge] = [at.flow[0], at.ridge[0]];
    picture.draw((pen) => {
      for (const one of LEVELS) {
        const line = ellipse(task, one);
        pen.line(line.map(([x]) => x), line.map(([, y]) => y), { color: "muted", width: 0.8, opacity: 0.7 });
      }
      for (const [name, style] of [["flow", { color: "blue" }], ["ridge", { color: "orange", dash: [6, 4] }]]) {
        pen.line(both[name].map(([x]) => x), both[name].map(([, y]) => y), style);
      }
      pen.line([flow[0], ridge[0]], [flow[1], ridge[1]], { color: "muted", width: 1.2, dash: [2, 3] });
      pen.marks([flow[0]], [flow[1]], { color: "blue", size: 6 });
      pen.marks([ridge[0]], [ridge[1]], { color: "orange", size: 6, shape: "square" });
    });
    const ends = [
      { x: now.x, y: now.y, name: "Start", color: "green", free: "xy", picked: true },
      { x: now.mx, y: now.my, name: "Minimum", color: "ink", free: "xy", picked: true },
    ];
    picture.handles(ends, (index, x, y) => {
      if (x === null) return;
      const inside = (value, [low, high]) => rounded(Math.min(high, Math.max(low, value)));
      const [one, two] = [inside(x, limits.x), inside(y, limits.y)];
      set(index === 0 ? { x: one, y: two } : { mx: one, my: two });
    });
    follow();
    tell(flow, ridge);
  }

  function follow() {
    const marked = [now.steep * now.time, now.flat * now.time].filter((x) => x >= FIRST && x <= LAST);
    shares.draw((pen) => {
      pen.line(GROUND, GROUND.map((x) => byFlow(1, x)), { color: "blue" });
      pen.line(GROUND, GROUND.map((x) => byRidge(1, 1 / x)), { color: "orange", dash: [6, 4] });
      pen.marks(marked, marked.map((x) => byFlow(1, x)), { color: "blue", size: 5 });
      pen.marks(marked, marked.map((x) => byRidge(1, 1 / x)), { color: "orange", size: 5, shape: "square" });
    });
  }

  function tell(flow, ridge) {
    const percent = (share) => `${number(100 * share)} %`;
    const each = [["steep", now.steep], ["flat", now.flat]].map(([name, c]) =>
      `The ${name} mode has gone ${percent(byFlow(c, now.time))} of its distance by stopping, ${percent(byRidge(c, 1 / now.time))} by ridge; stopping is as a penalty of ${number(penalty(c, now.time))}.`);
    const apart = Math.hypot(flow[0] - ridge[0], flow[1] - ridge[1]);
    const text = [`At t = ${number(now.time)} the flow is at ${point(flow)}, and ridge with λ = ${number(1 / now.time)} at ${point(ridge)}, ${number(apart)} apart.`, ...each].join("\n");
    say(text);
    picture.describe(`two paths from the start ${point([now.x, now.y])} to the minimum ${point([now.mx, now.my])}, the steep direction being ${point(axes(angle)[0])}. ${text}`);
    shares.describe(`both rise from 0 to 1, ridge more slowly. ${each.join(" ")}`);
    offer({ flow, ridge });
  }

  const observer = new ResizeObserver(guarded(stage, () => look()));
  observer.observe(picture.box);
  return {
    update(next) {
      now = next;
      look();
    },
    end() {
      observer.disconnect();
      picture.end();
      shares.end();
    },
  };
});
