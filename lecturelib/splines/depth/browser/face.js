// A deep network trains: its function, and the paths of its breakpoints, a lane for each layer.
import { clock, prefersStill } from "../../../core/browser/clock.js";
import { button, element } from "../../../core/browser/controls.js";
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { words } from "../../../core/browser/numbers.js";
import { makeTransport } from "../../../core/browser/transport.js";
import { PLACES, REACH, Run, tally } from "./run.js";

const TRAINING = 8; // milliseconds a frame; the rest of the 16 is for drawing
const GROWTH = 0.03; // part by which the number of steps grows in a frame, "even in log time"
const SLOW = 500; // milliseconds between pictures for readers who ask for less motion
const CALM = 1000; // milliseconds between descriptions while it plays
const COLORS = ["blue", "orange", "green", "pink", "ink", "gold"];
const SHAPES = ["dot", "square", "up", "down", "diamond", "dot"];
const ANEW = ["target", "layers", "width", "start", "seed", "optimizer", "rate"];

function pace(speed, steps) {
  if (speed === "full") return Infinity;
  return speed === "even" ? Math.max(4, Math.round(GROWTH * steps)) : Number(speed);
}

/** Places of breakpoints by layer. */
function byLayer(found, layers) {
  return Array.from({ length: layers }, (_, k) => found.filter((one) => one.layer === k + 1));
}

/** What is seen, in words. */
function sentence(run, frame, first) {
  const { counts, bends } = tally(run.sizes, frame.found);
  const before = tally(run.sizes, first.found).counts;
  const lanes = counts.map((one, k) => `layer ${k + 1}: ${one} (${before[k]} at the start)`).join(", ");
  return `Step ${frame.step.toLocaleString("en")}: loss ${words(frame.loss)}. Breakpoints shown, ${lanes}; ${bends} of ${frame.found.length} bend the function.`;
}

export default explorer(({ stage, bar, prefix, state, set, say, offer, words: written, spec }) => {
  const named = (wanted) => spec.settings.find(({ name }) => name === wanted);
  let run = new Run(state);
  let settings = state;
  /** Index of the frame that is shown, or null for what is now. @type {number | null} */
  let index = null;
  let told = 0;
  let drawn = 0;

  const acts = {
    play: () => (ticking.running ? pause() : play()),
    scrub: (place) => (pause(), (index = place), look(true)),
  };
  const steering = {
    again: { words: "Start over", act: () => (begin(), look(true)) },
    draw: { words: "New draw", act: () => set({ seed: (settings.seed % 9999) + 1 }), title: "Other random weights" },
  };
  const transport = makeTransport(stage, prefix, acts, steering, { options: named("speed").options, act: (speed) => set({ speed }) });
  const alarm = element("div", { class: "explorer-alarm", role: "alert" });
  stage.append(alarm);
  const x = { label: "x", range: [-REACH, REACH] };
  const top = chart(stage, {
    name: "Data and network",
    x,
    y: { label: "f(x)", range: [-1.6, 1.6] },
    height: 190,
    legend: [
      { words: "data", color: "gold", mark: "dot" },
      { words: "network", color: "ink" },
    ],
  });
  const lanes = chart(stage, {
    name: "Breakpoints by layer",
    x,
    y: { label: "layer", range: [0.5, 5.5], at: [1, 2, 3, 4, 5, 6] },
    height: 250,
  });
  const ends = keeper(lanes);
  const ticking = clock(stage, tick);

  function begin() {
    run = new Run(settings);
    index = null;
    alarm.replaceChildren();
  }

  function play() {
    if (index === null && run.training.diverged) return;
    ticking.start();
    look();
  }

  function pause() {
    if (!ticking.running) return;
    ticking.stop();
    look(true);
  }

  /** One frame of playing: recorded frames until the present is reached, then new steps. */
  function tick() {
    if (index !== null) {
      index += Math.max(1, Math.round(run.frames.length / 200));
      if (index >= run.frames.length - 1) index = null;
    } else {
      run.advance(pace(settings.speed, run.training.steps), TRAINING);
      if (run.training.diverged) return pause();
    }
    const now = performance.now();
    if (prefersStill() && now - drawn < SLOW) return;
    drawn = now;
    look(now - told > CALM);
  }

  /** Draw everything; `speak`: put it into words too. */
  function look(speak = false) {
    if (speak) run.keep();
    const live = index === null && !run.training.diverged;
    const frame = live ? run.now : run.frames[index ?? run.frames.length - 1];
    const layers = run.sizes.length - 2;
    drawFunction(frame, layers);
    drawLanes(frame, layers);
    const last = run.frames.length - 1;
    transport.show({ playing: ticking.running, stuck: index === null && run.training.diverged, speed: settings.speed });
    const step = frame.step.toLocaleString("en");
    transport.at(index ?? last, last, `step ${step}`, `step ${step}${(index ?? last) < last ? ", recorded" : ""}`);
    warn();
    if (speak) tell(frame);
  }

  function drawFunction(frame, layers) {
    const values = run.values(frame);
    const height = (place) => {
      const k = Math.min(PLACES.length - 2, Math.max(0, Math.floor(((place + REACH) / (2 * REACH)) * (PLACES.length - 1))));
      return values[k] + ((values[k + 1] - values[k]) * (place - PLACES[k])) / (PLACES[k + 1] - PLACES[k]);
    };
    const groups = byLayer(frame.found.filter((one) => one.bends), layers);
    top.draw((pen) => {
      pen.line(PLACES, values, { color: "ink", width: 2.5 });
      pen.marks(run.data.x, run.data.y, { color: "gold", size: 3 });
      groups.forEach((group, k) => {
        const at = group.map((one) => one.x);
        pen.marks(at, at.map(height), { color: COLORS[k], shape: SHAPES[k], size: 3.5 });
      });
    });
  }

  /** In the lane of each layer time runs upwards, and what is now stands on its upper edge. */
  function drawLanes(frame, layers) {
    ends("y", [0.5, layers + 0.5]);
    const shown = index === null ? run.frames : run.frames.slice(0, index + 1);
    const trails = Array.from({ length: layers }, () => ({ x: [], y: [] }));
    shown.forEach(({ found }, k) => {
      const rise = shown.length > 1 ? k / (shown.length - 1) : 1;
      for (const { x, layer } of found) {
        trails[layer - 1].x.push(x);
        trails[layer - 1].y.push(layer - 0.42 + 0.7 * rise);
      }
    });
    const groups = byLayer(frame.found, layers);
    lanes.draw((pen) => {
      for (let k = 0; k < layers; k++) {
        if (k) pen.line([-REACH, REACH], [k + 0.5, k + 0.5], { color: "muted", width: 1 });
        pen.marks(trails[k].x, trails[k].y, { color: COLORS[k], shape: "square", size: 0.9 });
        for (const bends of [true, false]) {
          const at = groups[k].filter((one) => one.bends === bends).map((one) => one.x);
          pen.marks(at, at.map(() => k + 1.36), { color: COLORS[k], shape: SHAPES[k], size: 4, hollow: !bends });
        }
      }
    });
  }

  function warn() {
    if (!run.training.diverged) return alarm.replaceChildren();
    if (alarm.childElementCount) return;
    const rate = Number((settings.rate / 4).toPrecision(2));
    const said = `Diverged: step ${run.training.steps.toLocaleString("en")}, learning rate ${words(settings.rate, 2)}.`;
    alarm.replaceChildren(element("p", {}, said), button(`Start over with ${words(rate, 2)}`, () => (set({ rate }), play())));
  }

  /** Text for those who do not see the charts, and the network for Python. */
  function tell(frame) {
    told = performance.now();
    const text = sentence(run, frame, run.frames[0]);
    top.describe(`${run.data.x.length} data; the loss is ${words(frame.loss)}.`);
    lanes.describe(text);
    // a voice that speaks all the time is none
    if (ticking.running) written.textContent = text;
    else say(text);
    offer({ sizes: run.sizes, theta: [...frame.theta], steps: frame.step, loss: frame.loss });
  }

  return {
    update(next, before, anew) {
      const old = settings;
      settings = next;
      if (anew || (before && ANEW.some((name) => next[name] !== old[name]))) begin();
      look(true);
    },
    reset: pause,
    end() {
      ticking.end();
      top.end();
      lanes.end();
    },
  };
});
