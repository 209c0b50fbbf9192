// One neuron, or two, to take by the breakpoint or by the outer point; with data, the loss and steps downhill.
import { button, element } from "../../../core/browser/controls.js";
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { range, words } from "../../../core/browser/numbers.js";
import { breakpoint, corners, fits, lossOf, outerPoint, output, rescaled, stepped, valueOf, withBreakpoint, withOuterPoint } from "./neuron.js";
import { sentence } from "./neuron_words.js";

const COLORS = ["orange", "green"];
const NAMES = [["w", "b", "v"], ["w2", "b2", "v2"]];

/** The neurons that a state holds, and the settings that hold these neurons. */
const neuronsOf = (state, count) => NAMES.slice(0, count).map(([w, b, v]) => ({ w: state[w], b: state[b], v: state[v] }));
const rounded = (value) => Number(value.toFixed(6));
const settingsOf = (neurons) =>
  Object.fromEntries(neurons.flatMap(({ w, b, v }, k) => [w, b, v].map((value, part) => [NAMES[k][part], rounded(value)])));
const same = (one, other) => JSON.stringify(settingsOf(one)) === JSON.stringify(settingsOf(other));

export default explorer(({ stage, further, bar, givens, state, set, say, offer }) => {
  const { count, data, reach, limits } = givens;
  const hues = count > 1 ? COLORS : ["blue"];
  const legend = [
    ...(data.length ? [{ words: "data", color: "ink", mark: "dot" }] : []),
    ...(count > 1 ? hues.map((color, k) => ({ words: `neuron ${k + 1}`, color, mark: "dashed" })) : []),
    { words: count > 1 ? "their sum" : "output of the neuron", color: "blue" },
    { words: "breakpoint", color: hues[0], mark: "dot" },
    { words: "where w x + b = 1", color: hues[0], mark: "ring" },
  ];
  const picture = chart(stage, {
    name: count > 1 ? "Two neurons and their sum" : "Output of the neuron",
    x: { label: "x", range: reach },
    y: { label: "f(x)", range: reach },
    height: data.length ? 240 : 270,
    legend,
  });
  const trace = data.length ? chart(further, {
    name: "Loss, step by step",
    x: { label: "step", range: [0, 10] },
    y: { label: "loss", range: [0, 1] },
    height: 130,
  }) : null;
  let neurons = neuronsOf(state, count);
  let path = [neurons]; // what the steps of the present run have passed
  let at = 0;

  const move = (k, neuron) => set(settingsOf(neurons.map((one, other) => (other === k ? neuron : one))));
  const walk = (steps) => {
    path.length = at + 1;
    let stopped = "";
    for (let step = 0; step < steps && !stopped; step += 1) {
      const next = neuronsOf(settingsOf(stepped(path.at(-1), data, rate)), count);
      if (next.every((neuron) => fits(neuron, limits))) path.push(next);
      else stopped = `The next step would lead to a loss of ${words(lossOf(next, data))}, far outside the picture: the learning rate is too large here.`;
    }
    at = path.length - 1;
    set(settingsOf(path[at]));
    lost = stopped;
    look();
  };
  let rate = state.rate;
  let lost = "";
  if (data.length) {
    const go = [button("One step downhill", () => walk(1), { class: "explorer-play" }), button("Ten steps", () => walk(10))];
    stage.append(element("div", { class: "explorer-transport" }, ...go));
  }
  const turns = count > 1 ? [] : [["w, b × 2 and v ÷ 2", 2], ["w, b ÷ 2 and v × 2", 0.5]].map(([text, alpha]) => {
    const made = button(text, () => set(settingsOf([rescaled(neurons[0], alpha)])));
    bar.append(made);
    return { made, alpha };
  });

  const inView = ({ x, y }) => x >= reach[0] && x <= reach[1] && y >= reach[0] && y <= reach[1];
  const handlesOf = (neuron, k) => {
    const bend = breakpoint(neuron);
    const whose = count > 1 ? ` of neuron ${k + 1}` : "";
    return [
      { what: "bend", k, x: bend, y: 0, name: `Breakpoint${whose}`, color: hues[k], free: "x" },
      { what: "outer", k, ...outerPoint(neuron), name: `Point where w x + b = 1${whose}`, color: hues[k], free: "xy", picked: true },
    ].filter((one) => bend !== null && inView(one));
  };

  function paint(pen) {
    if (count === 1 && breakpoint(neurons[0]) !== null) {
      const bend = breakpoint(neurons[0]);
      pen.band(...(neurons[0].w > 0 ? [Math.max(bend, reach[0]), 2 * reach[1]] : [2 * reach[0], Math.min(bend, reach[1])]), { color: "blue", opacity: 0.08 });
    }
    for (const [k, neuron] of count > 1 ? neurons.entries() : []) {
      const xs = corners([neuron], ...reach);
      pen.line(xs, xs.map((x) => valueOf(neuron, x)), { color: hues[k], dash: [6, 4], width: 1.8 });
    }
    const xs = corners(neurons, ...reach);
    pen.line(xs, xs.map((x) => output(neurons, x)), { color: "blue", width: 2.5 });
    for (const [x, y] of data) pen.line([x, x], [y, output(neurons, x)], { color: "muted", width: 1.5, dash: [3, 3] });
    pen.marks(data.map(([x]) => x), data.map(([, y]) => y), { color: "ink", size: 4.5 });
  }

  function look() {
    const list = neurons.flatMap(handlesOf);
    picture.draw(paint);
    picture.handles(list, (index, x, y) => {
      if (x === null) return;
      const { what, k } = list[index];
      move(k, what === "bend" ? withBreakpoint(neurons[k], x, limits) : withOuterPoint(neurons[k], x, y, limits));
    });
    for (const { made, alpha } of turns) made.disabled = !fits(rescaled(neurons[0], alpha), limits);
    const text = [sentence(neurons, data, at), lost].filter(Boolean).join("\n");
    picture.describe(`${data.length ? `${data.length} data, and ` : ""}a graph that bends at ${neurons.map(breakpoint).map((place) => (place === null ? "no place" : words(place))).join(" and at ")}. ${text}`);
    if (trace) {
      const losses = path.map((one) => lossOf(one, data));
      trace.range({ x: [0, Math.max(10, losses.length - 1)], y: [0, range([losses], 0.1)[1]] });
      trace.draw((pen) => {
        pen.line(losses.map((_, step) => step), losses, { color: "orange" });
        pen.marks(losses.map((_, step) => step), losses, { color: "orange", size: 3 });
      });
      trace.describe(`the loss after steps 0 to ${losses.length - 1}: ${losses.slice(-12).map((loss) => words(loss)).join(", ")}${losses.length > 12 ? " at the last twelve" : ""}.`);
    }
    say(text);
    offer({ breakpoints: neurons.map(breakpoint), loss: data.length ? lossOf(neurons, data) : null, steps: at });
  }

  return {
    update(next, before, anew) {
      neurons = neuronsOf(next, count);
      rate = next.rate;
      lost = "";
      // a place that was passed may come back from Python, late; any other place begins a new run
      const known = same(path[at], neurons) ? at : path.findIndex((one) => same(one, neurons));
      if (anew || known < 0) path = [neurons];
      at = anew || known < 0 ? 0 : known;
      look();
    },
    end() {
      picture.end();
      trace?.end();
    },
  };
});
