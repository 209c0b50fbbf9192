/** The face of the first page: one network that learns, seen as a function and as a cloud of weights. */

import { clock, prefersStill } from "../../../core/browser/clock.js";
import { button } from "../../../core/browser/controls.js";
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, linspace, words } from "../../../core/browser/numbers.js";
import { valuesAt } from "../../training/browser/tables.js";
import { Session } from "./session.js";

const GROWTH = 0.02; // part by which the number of steps grows in a frame, so that the first steps can be seen
const MOST = 50; // steps a frame, however long it has learned: the line can be seen to follow a point that is dragged
const TRAINING = 8; // milliseconds a frame at most
const LEARNED = 1e-6; // a loss below which nothing more can be seen
const LONGEST = 50_000; // steps, after which a run that nobody touches rests
const SLOW = 500; // milliseconds between pictures for readers who ask for less motion
const CALM = 1000; // milliseconds between descriptions while it plays
const REACH = /** @type {[number, number]} */ ([-1.25, 1.25]);
const LEAST = { x: 2.5, y: 1.5 }; // how far the axes of the weights reach at least
const PLACES = linspace(...REACH, 501);

export default explorer(({ stage, further, bar, spec, state, set, say, offer, words: line }) => {
  stage.closest(".explorer-live").classList.add("explorer-abreast");
  const most = spec.settings.find(({ name }) => name === "points").most;
  const settingsOf = ({ points, width, seed }) => ({
    target: "own", points, width, seed, scheme: "he", alpha: 1, optimizer: "momentum", auto: true, rate: 0.01, count: 2, noise: 0,
  });
  const session = new Session(settingsOf(state));
  const made = chart(stage, {
    name: "The function",
    x: { label: "x", range: REACH },
    y: { label: "f(x)", range: REACH },
    legend: [{ words: "data", color: "gold", mark: "dot" }, { words: "what the network computes", color: "blue" }],
  });
  const cloud = chart(further, {
    name: "The weights",
    x: { label: "input weight w", range: [-LEAST.x, LEAST.x] },
    y: { label: "output weight v", range: [-LEAST.y, LEAST.y] },
    legend: [{ words: "neurons, and where they began", color: "orange", mark: "dot" }],
  });
  const ends = keeper(cloud);
  const playing = button("", () => (ticking.running ? pause() : play()), { class: "explorer-play" });
  bar.append(playing, button("New draw", () => set({ seed: (state.seed % 9999) + 1 }), { title: "Other random weights" }));
  const ticking = clock(stage, tick);
  let until = LONGEST;
  let told = 0;
  let drawn = 0;

  function play() {
    until = session.steps + LONGEST;
    ticking.start();
    look(true);
  }

  function pause() {
    ticking.stop();
    look(true);
  }

  function tick() {
    session.advance(clamp(Math.round(GROWTH * session.steps), 1, MOST), TRAINING);
    if (session.astray || session.steps >= until || session.training.loss < LEARNED) return pause();
    const now = performance.now();
    if (prefersStill() && now - drawn < SLOW) return;
    drawn = now;
    look(now - told > CALM);
  }

  const rounded = (place) => Number(clamp(place, ...REACH).toFixed(3));
  const placed = (x, y) => [rounded(x), rounded(y)];
  const change = (index, x, y) => {
    const { points } = state;
    if (x !== null) set({ points: points.map((point, k) => (k === index ? placed(x, y) : point)) });
    else if (points.length > 1) set({ points: points.filter((_, k) => k !== index) });
  };
  made.onTap((x, y) => state.points.length < most && set({ points: [...state.points, placed(x, y)] }));
  made.box.classList.add("explorer-editable");

  function look(speak) {
    const { network } = session.training;
    const values = valuesAt(network, PLACES);
    made.draw((pen) => pen.line(PLACES, values, { color: "blue", width: 3 }));
    for (const [axis, part] of [["x", network.w], ["y", network.v]]) {
      const reach = Math.max(LEAST[axis], Math.ceil(2 * part.reduce((most, one) => Math.max(most, Math.abs(one)), 0)) / 2);
      ends(axis, [-reach, reach]);
    }
    cloud.draw((pen) => {
      const { w, v } = session.start;
      for (let i = 0; i < w.length; i++) pen.line([w[i], network.w[i]], [v[i], network.v[i]], { color: "orange", width: 1.2, opacity: 0.5 });
      pen.marks(network.w, network.v, { color: "orange", size: 4 });
    });
    playing.textContent = ticking.running ? "❚❚ Pause" : "▶ Learn";
    if (speak) tell(network);
  }

  /** Text for those who do not see the charts. */
  function tell({ w, b, v }) {
    told = performance.now();
    const { loss } = session.training;
    const count = w.length;
    const far = Math.sqrt(w.reduce((sum, one, i) => sum + (one - session.start.w[i]) ** 2 + (v[i] - session.start.v[i]) ** 2, 0) / count);
    const bends = Array.from(w, (one, i) => -b[i] / one).filter((place) => Math.abs(place) <= 1).length;
    const step = `Step ${session.steps.toLocaleString("en")}`;
    made.describe(`${state.points.length} data, and a line that misses them by ${words(Math.sqrt((2 * loss) / state.points.length), 2)} (root mean square).`);
    cloud.describe(`${count} dots, one for each neuron. On average they have moved by ${words(far, 2)} from where they began (root mean square).`);
    const text = `${step}: loss ${words(loss)}. ${count} neurons, and the line bends at ${bends} places between −1 and 1.`;
    // a voice that speaks all the time is none
    if (ticking.running) line.textContent = text;
    else say(text);
    offer({ steps: session.steps, loss });
  }

  return {
    update(next, before, anew) {
      state = next;
      const began = session.follow(settingsOf(next), anew);
      const name = (k) => `Point ${k + 1} of ${next.points.length}; arrow keys move it, Delete removes it`;
      made.handles(next.points.map(([x, y], k) => ({ x, y, name: name(k), color: "gold", free: "xy" })), change);
      // it goes on learning what is asked of it now; at first, unless less motion is asked for
      if (before || !prefersStill()) play();
      else look(true);
      if (began) told = 0;
    },
    reset: pause,
    end() {
      ticking.end();
      made.end();
      cloud.end();
    },
  };
});
