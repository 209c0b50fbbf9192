/**
 * The charts of the playground. Each is made once by `make…(stage)` and drawn anew by its `show(view)`.
 *
 * Blue is for neurons with v > 0, which bend the function upwards, orange for those with v < 0, as in the chapters.
 */

import { chart, keeper, key } from "../../../core/browser/drawing.js";
import { range, words } from "../../../core/browser/numbers.js";
import { apart, attraction, breakpointsBySign, deltaSlopesBySign, nice, waysBySign } from "./view.js";
import { valuesAt } from "../../training/browser/tables.js";

/**
 * @typedef {object} View  what is to be seen
 * @property {import("./recording.js").Frame} frame  the frame that is shown
 * @property {import("./recording.js").Frame[]} frames  all that were recorded
 * @property {import("../../training/browser/tables.js").Data} data
 * @property {ReturnType<typeof import("./view.js").backdrop>} back
 * @property {import("./session.js").Settings} settings
 */

const SIGNS = [
  { words: "bends upwards, v > 0", color: "blue", mark: "tick" },
  { words: "downwards, v < 0", color: "orange", mark: "tick" },
];
const MOST_PATHS = 120;

/** Part of full ink for many marks, so that a crowd still shows where it is dense. */
const ink = (/** @type {number} */ count) => Math.max(0.3, Math.min(0.9, 60 / count));

/** Data, network and what it is compared with; breakpoints as ticks. */
export function makeFunction(stage) {
  // above the chart, so that the ticks on its lower edge run into the paths of the next one
  const legend = key([]);
  stage.append(legend);
  const made = chart(stage, { name: "Data and network", x: { label: "x" }, y: { label: "f(x)" }, height: 200 });
  const ends = keeper(made);
  let listed = "";
  const list = ({ cubic, linear }) => {
    if (listed === `${cubic} ${linear}`) return;
    listed = `${cubic} ${linear}`;
    const entries = [
      { words: "data", color: "gold", mark: "dot" },
      { words: "network", color: "ink" },
      ...(cubic ? [{ words: "natural cubic spline", color: "green", mark: "dashed" }] : []),
      ...(linear ? [{ words: "linear interpolant", color: "pink", mark: "dashed" }] : []),
      ...SIGNS,
    ];
    legend.replaceChildren(...key(entries).children);
  };
  return {
    ...made,
    show({ frame, data, back, settings }) {
      ends("x", back.x);
      ends("y", back.y);
      list(settings);
      const { up, down } = breakpointsBySign(frame.network);
      const values = valuesAt(frame.network, back.at);
      made.draw((pen) => {
        pen.ticks(up, { color: "blue", from: 0.055, to: 0.11, opacity: ink(up.length) });
        pen.ticks(down, { color: "orange", from: 0, to: 0.055, opacity: ink(down.length) });
        pen.line(back.at, values, { color: "ink", width: 3 });
        // over the network, so that they are seen where it has reached them
        if (settings.cubic) pen.line(back.at, back.cubic, { color: "green", width: 1.75, dash: [7, 4] });
        if (settings.linear) pen.line(back.at, back.linear, { color: "pink", width: 1.75, dash: [3, 3] });
        pen.marks(data.x, data.y, { color: "gold", size: data.x.length > 80 ? 2.5 : 4 });
      });
    },
    tell({ frame, data }) {
      const miss = Math.sqrt((2 * frame.loss) / data.x.length);
      made.describe(`${data.x.length} data; the network misses them by ${words(miss, 2)} on average (root mean square).`);
    },
  };
}

/** The way of every breakpoint, the latest step on top, right below the ticks. */
export function makePaths(stage) {
  const name = "Paths of the breakpoints";
  const made = chart(stage, { name, x: { label: "breakpoint β" }, y: { label: "step + 1", log: true, range: [1, 100] }, height: 150 });
  const ends = keeper(made);
  return {
    ...made,
    show({ frame, frames, back }) {
      ends("x", back.x);
      const last = frames.at(-1).step;
      ends("y", [1, Math.max(100, 1.02 * (last + 1))]);
      const { up, down } = waysBySign(apart(frames, 110), frame.network, MOST_PATHS);
      made.draw((pen) => {
        pen.line(up.beta, up.height, { color: "blue", width: 1, opacity: 0.8 });
        pen.line(down.beta, down.height, { color: "orange", width: 1, opacity: 0.8 });
        if (frame.step < last) pen.line(back.x, [frame.step + 1, frame.step + 1], { color: "ink", width: 1.5 });
      });
    },
    tell({ frame, frames }) {
      const first = frames[0].network;
      const { w, b } = frame.network;
      const far = Array.from(w, (one, i) => Math.abs(b[i] / one - first.b[i] / first.w[i])).sort((p, q) => p - q);
      made.describe(`up to step ${words(frame.step, 6)}; half of the breakpoints have moved by more than ${words(far[far.length >> 1], 2)}.`);
    },
  };
}

/** ψ for both orientations, and where breakpoints gather. */
export function makePsi(stage) {
  const made = chart(stage, {
    name: "What moves breakpoints",
    x: { label: "breakpoint β" },
    y: { label: "± ψ(β)" },
    height: 150,
    legend: [
      { words: "ψ₊, neurons that face right", color: "ink" },
      { words: "−ψ₋, that face left", color: "muted", mark: "dashed" },
      { words: "gather v > 0", color: "blue", mark: "ring" },
      { words: "gather v < 0", color: "orange", mark: "ring" },
    ],
  });
  const ends = keeper(made);
  let scale = 0;
  const found = ({ frame, data, back }) => attraction(frame.network, data, back.x);
  return {
    ...made,
    show(view) {
      const sides = found(view);
      const top = Math.max(1e-12, ...sides.map(({ value }) => Math.max(...value.map(Math.abs))));
      // the axis waits until the curve has shrunk to a third, so that the eye sees it shrink
      if (top > scale || top < 0.3 * scale) scale = nice(top);
      ends("x", view.back.x);
      ends("y", [-1.1 * scale, 1.1 * scale]);
      made.draw((pen) => {
        pen.line(view.back.x, [0, 0], { color: "muted", width: 1 });
        pen.line(sides[1].at, sides[1].value, { color: "muted", width: 1.5, dash: [5, 4] });
        pen.line(sides[0].at, sides[0].value, { color: "ink", width: 2 });
        for (const [sign, color] of [[1, "blue"], [-1, "orange"]]) {
          sides.forEach(({ places }, side) => {
            const here = places.filter((one) => one.sign === sign).map(({ place }) => place);
            pen.marks(here, here.map(() => 0), { color, hollow: true, size: side ? 3 : 5 });
          });
        }
      });
    },
    tell(view) {
      const [{ places }] = found(view);
      const kind = (sign) => places.filter((one) => one.sign === sign).map(({ place }) => words(place, 2)).join(", ") || "nowhere";
      made.describe(`of neurons that face right, those with v > 0 gather at ${kind(1)}; those with v < 0 at ${kind(-1)}.`);
    },
  };
}

/** Loss and roughness over the whole run. */
export function makeLoss(stage) {
  const made = chart(stage, {
    name: "Loss and roughness",
    x: { label: "step + 1", log: true, range: [1, 100] },
    y: { label: "", log: true, range: [1e-3, 10] },
    height: 150,
    legend: [
      { words: "loss ½ Σ ε²", color: "ink" },
      { words: "roughness Σ μ²", color: "pink", mark: "dashed" },
    ],
  });
  const ends = keeper(made);
  return {
    ...made,
    show({ frame, frames }) {
      const rows = apart(frames, 300);
      const steps = rows.map(({ step }) => step + 1);
      const losses = rows.map(({ loss }) => Math.max(loss, 1e-12));
      const bends = rows.map(({ roughness }) => Math.max(roughness, 1e-12));
      const [low, high] = range([losses, bends.filter((one) => one > 1e-12)]);
      ends("x", [1, Math.max(100, 1.02 * steps.at(-1))]);
      ends("y", [10 ** Math.floor(Math.log10(0.9 * low)), 10 ** Math.ceil(Math.log10(1.1 * high))]);
      made.draw((pen) => {
        pen.line(steps, bends, { color: "pink", width: 2, dash: [6, 4] });
        pen.line(steps, losses, { color: "ink", width: 2 });
        pen.marks([frame.step + 1], [Math.max(frame.loss, 1e-12)], { color: "ink", size: 4 });
        pen.marks([frame.step + 1], [Math.max(frame.roughness, 1e-12)], { color: "pink", size: 4 });
      });
    },
    tell({ frame, frames }) {
      const first = frames[0];
      made.describe(
        `at step ${words(frame.step, 6)} the loss is ${words(frame.loss)}, it was ${words(first.loss)} at the start; ` +
          `the roughness is ${words(frame.roughness)}, it was ${words(first.roughness)}.`,
      );
    },
  };
}

/** Every neuron as a dot at its breakpoint and delta-slope. */
export function makeScatter(stage) {
  const made = chart(stage, {
    name: "Breakpoints and delta-slopes",
    x: { label: "breakpoint β" },
    y: { label: "delta-slope μ" },
    height: 150,
  });
  const ends = keeper(made);
  let scale = 0;
  return {
    ...made,
    show({ frame, back }) {
      const { up, down } = deltaSlopesBySign(frame.network);
      let top = 1e-9;
      for (const { mu } of [up, down]) for (const one of mu) top = Math.max(top, Math.abs(one));
      // beyond that a run has gone astray, and the labels find no room
      top = Math.min(top, 5000);
      if (top > scale || top < 0.3 * scale) scale = nice(top);
      ends("x", back.x);
      ends("y", [-1.1 * scale, 1.1 * scale]);
      const count = frame.network.w.length;
      // thousands of discs take long to fill, squares do not
      const look = { size: count > 400 ? 1.5 : 3, shape: count > 400 ? "square" : "dot", opacity: Math.max(0.35, ink(count / 8)) };
      made.draw((pen) => {
        pen.line(back.x, [0, 0], { color: "muted", width: 1 });
        pen.marks(up.beta, up.mu, { color: "blue", ...look });
        pen.marks(down.beta, down.mu, { color: "orange", ...look });
      });
    },
    tell({ frame }) {
      const { up, down } = deltaSlopesBySign(frame.network);
      const largest = [...up.mu, ...down.mu].reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      made.describe(`${up.mu.length} neurons bend upwards, ${down.mu.length} downwards; the largest delta-slope is ${words(largest)}.`);
    },
  };
}
