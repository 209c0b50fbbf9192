// The widest margin: points of two classes to drag, and the flow that turns towards it as slowly as 1/ln t.
import { clock, prefersStill } from "../../../core/browser/clock.js";
import { button, element } from "../../../core/browser/controls.js";
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, linspace, words } from "../../../core/browser/numbers.js";
import { bound, follow, margin, smoothMargin, turned, widest } from "./margins.js";

const HALF = 2.5; // of the picture's height
const LAST = 12; // power of ten at which time ends
const POWERS = Array.from(linspace(0, LAST, 121));
const SECONDS = 9; // that playing takes

const degrees = ([a, b]) => (180 * Math.atan2(b, a)) / Math.PI;
const apart = (one, other) => Math.abs(((degrees(one) - degrees(other) + 540) % 360) - 180);
const pair = ([a, b]) => `(${words(a)}, ${words(b)})`;
const timed = (t) => words(Number(t.toPrecision(2)), 2);

export default explorer(({ stage, further, state, set, say, offer }) => {
  const plane = chart(stage, {
    name: "Two classes and the line between them",
    x: { label: "x₁", range: [-HALF, HALF] },
    y: { label: "x₂", range: [-HALF, HALF] },
    height: 290,
    legend: [
      { words: "label +1", color: "blue", mark: "dot" },
      { words: "label −1", color: "orange", mark: "square" },
      { words: "line of w", color: "ink" },
      { words: "line of the widest margin", color: "green", mark: "dashed" },
      { words: "support vector", color: "ink", mark: "ring" },
    ],
  });
  const wide = keeper(plane);
  const go = button("▶ Play", () => (playing.running ? pause() : play()), { class: "explorer-play" });
  stage.append(element("div", { class: "explorer-transport" }, go));
  const trace = chart(further, {
    name: "Margins in time",
    x: { label: "time t", range: [1, 10 ** LAST], log: true, at: [1, 1e3, 1e6, 1e9, 1e12] },
    y: { label: "margin", range: [-1, 1] },
    height: 170,
    legend: [
      { words: "margin", color: "blue" },
      { words: "smooth margin", color: "pink" },
      { words: "bound", color: "muted", mark: "dashed" },
      { words: "the widest", color: "green", mark: "dashed" },
    ],
  });
  const tall = keeper(trace);
  let now = null;
  let time = state.time;

  const playing = clock(stage, (milliseconds) => {
    const next = Math.log10(time) + (milliseconds / 1000) * (LAST / SECONDS);
    if (next >= LAST) pause();
    set({ time: 10 ** Math.min(LAST, next) });
  });
  const pause = () => {
    playing.stop();
    go.textContent = "▶ Play";
  };
  const play = () => {
    if (prefersStill()) return set({ time: Math.min(10 ** LAST, 10 * time) });
    if (time >= 10 ** LAST) set({ time: 1 });
    go.textContent = "❚❚ Pause";
    playing.start();
  };
  trace.onTap((t) => (pause(), set({ time: clamp(t, 1, 10 ** LAST) })));

  /** All that depends on the data alone. */
  function scene({ plus, minus }) {
    const z = turned(plus, minus);
    const best = widest(z);
    const times = POWERS.map((power) => 10 ** power);
    const path = follow(z, times.map(Math.log1p));
    const lines = { margin: path.map((w) => margin(w, z)), smooth: path.map((w) => smoothMargin(w, z)) };
    const least = best ? times.map((t) => bound(z, best.margin, t)) : [];
    return { plus, minus, z, best, times, lines, least };
  }

  const across = ([a, b], reach) => {
    const size = Math.hypot(a, b) || 1;
    return [[(-b / size) * reach, (b / size) * reach], [(a / size) * reach, (-a / size) * reach]];
  };

  function paintPlane(pen, w) {
    const ratio = pen.box.width / pen.box.height;
    wide("x", [-HALF * ratio, HALF * ratio]); // so that right angles look like right angles
    const reach = 3 * HALF * Math.max(1, ratio);
    const size = Math.hypot(...w);
    const gap = margin(w, now.z);
    if (gap > 0) {
      for (const side of [-gap, gap]) {
        const [xs, ys] = across(w, reach);
        pen.line(xs.map((x) => x + (side * w[0]) / size), ys.map((y) => y + (side * w[1]) / size), { color: "muted", width: 1 });
      }
    }
    if (now.best) pen.line(...across(now.best.w, reach), { color: "green", dash: [7, 5], width: 2 });
    pen.line(...across(w, reach), { color: "ink", width: 2.5 });
    const long = 0.2 * pen.box.height / pen.ratio;
    pen.arrow(0, 0, (long * w[0]) / size, (long * w[1]) / size, { color: "ink" });
    pen.marks(now.plus.map(([x]) => x), now.plus.map(([, y]) => y), { color: "blue", size: 5 });
    pen.marks(now.minus.map(([x]) => x), now.minus.map(([, y]) => y), { color: "orange", size: 5, shape: "square" });
  }

  function paintTrace(pen, w) {
    const { times, lines, least, best } = now;
    if (best) {
      pen.line([1, 10 ** LAST], [best.margin, best.margin], { color: "green", dash: [7, 5] });
      pen.line(times, least, { color: "muted", dash: [5, 4] });
    }
    pen.line(times, lines.smooth, { color: "pink" });
    pen.line(times, lines.margin, { color: "blue", width: 2.5 });
    pen.line([time, time], [-1e3, 1e3], { color: "ink", width: 1 });
    pen.marks([time, time], [margin(w, now.z), smoothMargin(w, now.z)], { color: "ink", size: 4 });
  }

  function sentence(w) {
    const begin = `At t = ${timed(time)}, w = ${pair(w)}, of length ${words(Math.hypot(...w))}.`;
    if (Math.hypot(...w) < 1e-12) return `At t = ${timed(time)}, w is 0: the points pull equally hard in all directions. A direction, and so a margin, is not there.`;
    const gap = margin(w, now.z);
    if (!now.best) return `${begin} No line through 0 has all points on their sides, so there is no margin: the least w·z divided by |w| is ${words(gap)}.`;
    const { best, z } = now;
    const held = best.support.map((i) => pair(i < now.plus.length ? now.plus[i] : now.minus[i - now.plus.length]));
    const off = `Its direction is ${words(apart(w, best.w), 2)}° from that of the widest margin.`;
    const share = `The margin is ${words(gap)}, the widest ${words(best.margin)}, the smooth margin ${words(smoothMargin(w, z))}.`;
    return `${begin}\n${off} ${share}\nSupport vector${held.length > 1 ? "s" : ""}: ${held.join(" and ")}.`;
  }

  function look() {
    const [w] = follow(now.z, [Math.log1p(time)]);
    const text = sentence(w);
    plane.draw((pen) => paintPlane(pen, w));
    trace.draw((pen) => paintTrace(pen, w));
    const held = new Set(now.best?.support);
    const knob = (label, color, from) => ([x, y], k) => ({
      x, y, name: `Point ${k + 1} with label ${label}`, color, free: "xy", picked: held.has(from + k),
    });
    const list = [...now.plus.map(knob("+1", "blue", 0)), ...now.minus.map(knob("−1", "orange", now.plus.length))];
    plane.handles(list, (index, x, y) => {
      if (x === null) return;
      const place = [x, y].map((part) => Number(clamp(part, -HALF, HALF).toFixed(3)));
      const [name, k] = index < now.plus.length ? ["plus", index] : ["minus", index - now.plus.length];
      set({ [name]: now[name].map((one, other) => (other === k ? place : one)) });
    });
    const classes = `${now.plus.length} points with label +1 and ${now.minus.length} with label −1`;
    plane.describe(`${classes}, the line of w through 0 and that of the widest margin. ${text}`);
    const end = now.lines.margin.at(-1);
    trace.describe(`the margin goes from ${words(now.lines.margin[0])} at t = 1 to ${words(end)} at t = 10¹²${now.best ? `, the widest is ${words(now.best.margin)}` : ""}. ${text}`);
    say(text);
    offer({ w, margin: margin(w, now.z), widest: now.best?.margin ?? null });
  }

  return {
    update(next, before, anew) {
      if (anew) pause();
      if (!before || next.plus !== before.plus || next.minus !== before.minus) {
        now = scene(next);
        const top = Math.max(now.best?.margin ?? 0, ...now.lines.margin);
        const low = Math.min(...now.lines.margin, now.best ? 0 : Math.max(-2, Math.min(...now.lines.smooth)));
        tall("y", [low - 0.05 * (top - low) - 1e-3, top + 0.12 * (top - low) + 1e-3]);
      }
      time = next.time;
      look();
    },
    reset: () => pause(),
    end() {
      playing.end();
      plane.end();
      trace.end();
    },
  };
});
