/** The face of three widths: the weights of ten neurons of each network, and the three functions. */

import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { makeFilm } from "../../../core/browser/film.js";
import { linspace, range, words } from "../../../core/browser/numbers.js";
import { equalAngles } from "./wide_network.js";
import { PLACES, SHOWN, SIZE, ThreeWidths, WIDTHS, target } from "./three_widths.js";

const MOST = 200; // recorded moments, before every second one is dropped
const PACE = 10; // steps in a frame
const LAST = 3000; // steps of a run
const APART = 7; // between the middles of two clouds of weights
const HALF = 3.4; // of the height
const COLORS = ["pink", "orange", "blue"];
const DEGREES = 360;

const whole = (value) => value.toLocaleString("en");
const inWords = (list) => `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
const angles = linspace(0, DEGREES, PLACES + 1);
const closed = (values) => [...values, values[0]];

export default explorer((tools) => {
  const { stage, further, prefix, state, set } = tools;
  const weights = chart(stage, {
    name: "Input weights",
    x: { label: "first input weight, one cloud for each network", range: [-APART - HALF, APART + HALF], at: [] },
    y: { label: "second input weight", range: [-HALF, HALF + 0.9] },
    height: 260,
    legend: [
      { words: "at the start", color: "ink", mark: "dot" },
      { words: "now", color: "blue", mark: "ring" },
    ],
  });
  const film = makeFilm(stage, prefix, { begin, at: () => run.steps, record: () => ({ seen: run.now() }), advance, look, pace: () => String(PACE), ended: () => run.steps >= LAST }, {
    most: MOST,
    further: { draw: { words: "New draw", act: () => set({ seed: (now.seed % 9999) + 1 }), title: "Other random weights at the start" } },
  });
  const functions = chart(further, {
    name: "The three functions",
    x: { label: "angle γ in degrees", range: [0, DEGREES], at: [0, 90, 180, 270, 360] },
    y: { label: "f" },
    height: 200,
    legend: [{ words: "data", color: "ink", mark: "dot" }, ...WIDTHS.map((width, k) => ({ words: `${whole(width)} neurons`, color: COLORS[k] }))],
  });
  const fit = keeper(functions);

  let now = state;
  /** @type {ThreeWidths} */
  let run;

  function begin() {
    run = new ThreeWidths({ size: now.size, activation: now.activation, seed: Math.round(now.seed) });
  }

  function advance(count, milliseconds) {
    const start = performance.now();
    for (let done = 0; done < count && run.steps < LAST && performance.now() - start < milliseconds; done += 1) {
      run.advance(1);
      film.keep(false);
    }
  }

  function look({ frame: { at, seen }, speak, playing }) {
    weights.draw((pen) => {
      WIDTHS.forEach((width, k) => {
        const middle = (k - 1) * APART;
        const [before, after] = [run.starts[k].w, seen[k].weights];
        for (let i = 0; i < SHOWN; i += 1) {
          pen.line([middle + before[2 * i], middle + after[2 * i]], [before[2 * i + 1], after[2 * i + 1]], { color: "muted", width: 1 });
          pen.marks([middle + after[2 * i]], [after[2 * i + 1]], { color: COLORS[k], size: 5, hollow: true });
          pen.marks([middle + before[2 * i]], [before[2 * i + 1]], { color: "ink", size: 2 });
        }
        pen.text(middle, HALF + 0.2, `${whole(width)} neurons`, { align: "center" });
      });
    });
    fit("y", range([target(now.size, equalAngles(PLACES)), [-4, 4]], 0.1));
    functions.draw((pen) => {
      seen.forEach(({ values }, k) => pen.line(angles, closed(values), { color: COLORS[k], width: 2 }));
      pen.marks(equalAngles(SIZE).map((one) => (one * DEGREES) / (2 * Math.PI)), run.y, { color: "ink", size: 3.5 });
    });
    if (speak) tell(at, seen, playing);
  }

  function tell(at, seen, playing) {
    const [off, moved] = ["off", "moved"].map((name) => inWords(seen.map((one) => words(one[name], 2))));
    const text =
      `Step ${whole(at)}, with ${inWords(WIDTHS.map(whole))} neurons: the functions are ${off} off the data. ` +
      `One weight has moved by ${moved} (all root mean squares).`;
    if (playing) tools.words.textContent = text;
    else tools.say(text);
    weights.describe(`the input weights of ${SHOWN} neurons of each network, at the start and now. ${text}`);
    functions.describe(`three functions on the circle and ${SIZE} data. ${text}`);
    tools.offer({ step: at, off: seen.map((one) => one.off), moved: seen.map((one) => one.moved) });
  }

  return {
    update(next, before, anew) {
      const old = now;
      now = next;
      if (!before || anew || ["size", "activation", "seed"].some((name) => old[name] !== next[name])) film.begin();
      film.show(true);
    },
    reset: film.pause,
    end() {
      film.end();
      weights.end();
      functions.end();
    },
  };
});
