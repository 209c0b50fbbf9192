// Two networks that begin as one function and differ in the scale of their weights alone, side by side.
import { element } from "../../../core/browser/controls.js";
import { chart, keeper, key } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { makeFilm } from "../../../core/browser/film.js";
import { clamp, words } from "../../../core/browser/numbers.js";
import { apart, backdrop, Pair } from "./scales.js";

const LAST = 20_000; // steps, after which a run ends
const GROWTH = 0.03; // part by which the number of steps grows in a frame
const MOST = 300; // recorded moments
const SIDES = ["left", "right"];
const LEGEND = [
  { words: "network", color: "blue" },
  { words: "polygon", color: "orange", mark: "dashed" },
  { words: "natural cubic spline", color: "green", mark: "dashed" },
  { words: "breakpoint", color: "blue", mark: "tick" },
];

const rounded = (value, limit) => Number(clamp(value, -limit, limit).toFixed(3));

export default explorer((tools) => {
  const { stage, prefix, state, set, spec } = tools;
  const { limit } = spec.settings.find(({ name }) => name === "points");
  const both = element("div", { class: "explorer-pair" });
  stage.append(key(LEGEND), both);
  const charts = SIDES.map((side) =>
    chart(both, { name: `The network on the ${side}`, x: { label: "x" }, y: { label: "" }, height: 220 }),
  );
  const fits = charts.map(keeper);
  const run = { begin, at: () => pair.steps, record: () => ({ both: pair.seen(back.at) }), advance, look, pace, ended: () => pair.steps >= LAST };
  const draw = { words: "New draw", act: () => set({ seed: (now.seed % 9999) + 1 }), title: "Other random breakpoints" };
  const film = makeFilm(stage, prefix, run, { most: MOST, further: { draw } });
  let now = state;
  let back = null;
  let pair = null;

  function begin() {
    back = backdrop(now.points);
    pair = new Pair(back.data, { scales: SIDES.map((side) => now[side]), width: now.width, seed: now.seed });
  }

  function pace() {
    return Math.max(1, Math.round(GROWTH * pair.steps));
  }

  function advance(count, milliseconds) {
    pair.advance(Math.min(count, LAST - pair.steps), milliseconds);
    film.keep(false);
  }

  function take(index, x, y) {
    if (x === null) return;
    set({ points: now.points.map((point, k) => (k === index ? [rounded(x, limit), rounded(y, limit)] : point)) });
  }

  function look({ frame, speak, playing }) {
    charts.forEach((one, k) => {
      const { values, places } = frame.both[k];
      fits[k]("x", back.x);
      fits[k]("y", back.y);
      one.draw((pen) => {
        pen.ticks(places, { color: "blue", to: 0.05, opacity: Math.max(0.3, Math.min(0.9, 60 / places.length)) });
        pen.line(back.at, values, { color: "blue", width: 3 });
        pen.line(back.at, back.polygon, { color: "orange", width: 1.5, dash: [7, 4] });
        pen.line(back.at, back.cubic, { color: "green", width: 1.5, dash: [3, 3] });
      });
      const name = (n) => `Point ${n + 1} of ${now.points.length}; arrow keys move it`;
      one.handles(now.points.map(([x, y], n) => ({ x, y, name: name(n), color: "ink", free: "xy" })), take);
    });
    if (speak) tell(frame, playing);
  }

  function tell({ at, both: seen }, playing) {
    const parts = seen.map(({ values, loss, moved }, k) => {
      const [polygon, cubic] = [back.polygon, back.cubic].map((other) => words(apart(back, values, other), 2));
      return `α = ${words(now[SIDES[k]])}: loss ${words(loss, 2)}, distance ${polygon} from the polygon and ${cubic} from the spline; the median breakpoint has moved by ${words(moved, 2)}.`;
    });
    const text = `Step ${at.toLocaleString("en")}. ${parts.join(" ")}`;
    if (playing) tools.words.textContent = text;
    else tools.say(text);
    charts.forEach((one, k) => one.describe(`${now.points.length} points and a network of ${now.width} neurons, after ${words(at, 6)} steps. ${parts[k]}`));
    tools.offer({ step: at, losses: seen.map(({ loss }) => loss), moved: seen.map(({ moved }) => moved) });
  }

  return {
    update(next, before, anew) {
      const old = now;
      now = next;
      const other = ["left", "right", "width", "seed"].some((name) => old[name] !== next[name]);
      const placed = JSON.stringify(old.points) !== JSON.stringify(next.points);
      if (!before || anew || other || placed) film.begin();
      film.show(true);
    },
    reset: film.pause,
    end() {
      film.end();
      charts.forEach((one) => one.end());
    },
  };
});
