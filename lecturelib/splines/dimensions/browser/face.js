// Two inputs: break lines over the map of the function, with a gap in the data, while the network learns.
import { button, element } from "../../../core/browser/controls.js";
import { clock } from "../../../core/browser/clock.js";
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { words } from "../../../core/browser/numbers.js";
import { dataOf, descend, ends, flatStart, linesOf, lossOf, medianShift, stableRate, totalJump, valueAt } from "./lines.js";

const CELLS = 44; // of the map, along a side
const LEVELS = [-1.5, 2]; // of the shades
const KEEP = 300; // losses drawn

export default explorer(({ stage, further, givens, state, say, offer }) => {
  const { width, count, limit } = givens;
  const plane = chart(stage, {
    name: "Break lines over the function",
    x: { label: "x₁", range: [-limit, limit] },
    y: { label: "x₂", range: [-limit, limit] },
    height: 360,
    legend: [
      { words: "data", color: "ink", mark: "dot" },
      { words: "bends up", color: "orange" },
      { words: "bends down", color: "blue" },
      { words: "no jump yet", color: "muted" },
    ],
  });
  const trace = chart(further, {
    name: "Loss and total jump",
    x: { label: "step", range: [0, 100] },
    y: { label: "", range: [0, 1] },
    height: 140,
    legend: [{ words: "loss, relative to the start", color: "green" }, { words: "total jump Σ|κ| divided by 10", color: "pink", mark: "dashed" }],
  });
  let data = [];
  let net = null;
  let first = [];
  let rate = 0;
  let steps = 0;
  let history = [];
  let pace = state.pace;

  const play = button("▶ Play", () => (time.running ? halt() : go()), { class: "explorer-play" });
  const once = button("100 steps", () => (halt(), walk(100)));
  stage.append(element("div", { class: "explorer-transport" }, play, once));
  const time = clock(plane.box, () => walk(pace));
  function go() {
    play.textContent = "❚❚ Pause";
    time.start();
  }
  function halt() {
    play.textContent = "▶ Play";
    time.stop();
    look(true);
  }

  function begin({ target, gap, alpha, seed }) {
    data = dataOf(target, count, gap, 2 * seed + 1);
    net = flatStart(width, alpha, 2 * seed + 2);
    first = linesOf(net);
    rate = stableRate(net);
    steps = 0;
    history = [];
    note();
  }
  function note() {
    history.push({ steps, loss: lossOf(net, data), jump: totalJump(linesOf(net)) });
    if (history.length > KEEP) history = history.filter((_, k) => k % 2 === 0 || k === history.length - 1);
  }
  function walk(many) {
    descend(net, data, rate, many);
    steps += many;
    note();
    look(!time.running || history.length % 20 === 0);
  }

  function paint(pen, lines) {
    const { ctx } = pen;
    const size = (2 * limit) / CELLS;
    ctx.save();
    ctx.fillStyle = pen.hue("ink");
    for (let i = 0; i < CELLS; i += 1) {
      for (let k = 0; k < CELLS; k += 1) {
        const [x, z] = [-limit + i * size, -limit + k * size];
        const share = (valueAt(net, x + size / 2, z + size / 2) - LEVELS[0]) / (LEVELS[1] - LEVELS[0]);
        ctx.globalAlpha = 0.4 * Math.min(1, Math.max(0, share));
        const [left, top] = [Math.round(pen.x(x)), Math.round(pen.y(z + size))];
        ctx.fillRect(left, top, Math.round(pen.x(x + size)) - left, Math.round(pen.y(z)) - top);
      }
    }
    ctx.restore();
    const most = Math.max(1e-9, ...lines.map((one) => Math.abs(one?.jump ?? 0)));
    for (const one of lines) {
      if (!one) continue;
      const size = Math.abs(one.jump) / most;
      const color = Math.abs(one.jump) < 1e-6 ? "muted" : one.jump > 0 ? "orange" : "blue";
      pen.line(...ends(one), { color, width: 0.7 + (color === "muted" ? 0 : 4 * size), opacity: 0.85 });
    }
    pen.marks(data.map(([x]) => x), data.map(([, z]) => z), { color: "ink", size: 3.2 });
  }

  function look(tell = true) {
    const lines = linesOf(net);
    plane.draw((pen) => paint(pen, lines));
    const top = Math.max(1e-12, history[0].loss);
    trace.range({ x: [0, Math.max(100, steps)], y: [0, Math.max(1, ...history.map((one) => one.jump / 10)) * 1.05] });
    trace.draw((pen) => {
      const at = history.map((one) => one.steps);
      pen.line(at, history.map((one) => one.loss / top), { color: "green" });
      pen.line(at, history.map((one) => one.jump / 10), { color: "pink", dash: [6, 4] });
    });
    if (!tell) return;
    const { loss, jump } = history.at(-1);
    const shift = medianShift(lines, first);
    const strong = lines.filter(Boolean).sort((one, other) => Math.abs(other.jump) - Math.abs(one.jump)).slice(0, 5);
    const share = jump > 0 ? strong.reduce((sum, one) => sum + Math.abs(one.jump), 0) / jump : 0;
    const text = `After ${words(steps)} steps the loss is ${words(loss, 2)}. The jumps add up to ${words(jump, 3)}; the five largest are ${words(100 * share, 2)} % of it. Half of the lines have shifted by more than ${words(shift, 2)}.`;
    say(text);
    plane.describe(`${width} break lines of a network of two inputs and ${data.length} data, none with |x₁| below ${words(state.gap)}. ${text}`);
    trace.describe(`the loss fell from ${words(top, 2)} to ${words(loss, 2)} in ${words(steps)} steps, and the total jump is ${words(jump, 3)}.`);
    offer({ steps, loss, jump, shift, network: net });
  }

  return {
    update(next, before, anew) {
      pace = next.pace;
      if (anew || !before || ["target", "gap", "alpha", "seed"].some((name) => next[name] !== before[name])) {
        begin(next);
      }
      look(true);
    },
    reset() {
      halt();
    },
    end() {
      time.end();
      plane.end();
      trace.end();
    },
  };
});
