/** The face of the game: two networks that train while the reader looks, what is made, and how many clumps it covers. */

import { clock, prefersStill } from "../../../core/browser/clock.js";
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { words } from "../../../core/browser/numbers.js";
import { draws } from "../../../core/browser/random.js";
import { makeTransport } from "../../../core/browser/transport.js";
import { coveredModes, makeGame } from "./gan.js";

const TRAINING = 9; // milliseconds a frame; the rest of the 16 is for drawing
const SLOW = 500; // milliseconds between pictures for readers who ask for less motion
const CALM = 1000; // milliseconds between descriptions while it plays
const MOST = 200; // recorded moments, before every second one is dropped
const SIDE = 26; // places at which the discriminator is asked, in each direction
const SIDES = 62; // pixels of a chart that its axis and its margins take from the width
const ENDS = 50; // and from the height

const whole = (value) => value.toLocaleString("en");
const column = (points, k) => Array.from({ length: points.length / 2 }, (_, n) => points[2 * n + k]);

export default explorer((tools) => {
  const { stage, further, prefix, givens, state, set, spec } = tools;
  const picture = chart(stage, {
    name: "The plane of data",
    x: { label: "x₁" },
    y: { label: "x₂" },
    height: 330,
    legend: [
      { words: "data", color: "blue", mark: "dot" },
      { words: "generated", color: "orange", mark: "dot" },
      { words: "D > ½: taken for data", color: "green", mark: "square" },
    ],
  });
  const acts = {
    play: () => (ticking.running ? pause() : play()),
    scrub: (place) => (pause(), (index = place), look(true)),
  };
  const steering = {
    step: { words: "Step", act: () => (pause(), (index = null), advance(1), look(true)) },
    again: { words: "Start over", act: () => (begin(), look(true)) },
    draw: { words: "New draw", act: () => set({ seed: (now.seed % 9999) + 1 }), title: "Other networks and other points" },
  };
  const pacing = { options: spec.settings.find(({ name }) => name === "speed").options, act: (speed) => set({ speed }) };
  const transport = makeTransport(stage, prefix, acts, steering, pacing);
  const counts = chart(further, {
    name: "Clumps covered",
    x: { label: "step" },
    y: { label: "clumps" },
    height: 120,
    legend: [{ words: "clumps with at least 1 % of the points", color: "orange" }],
  });
  const fit = keeper(picture);
  const fitCounts = keeper(counts);

  let now = state;
  let game = null;
  let frames = [];
  let every = 1;
  /** Index of the recorded moment that is shown, or null for what is now. @type {number | null} */
  let index = null;
  let [told, drawn] = [0, 0];
  const ticking = clock(stage, tick);

  function begin() {
    game = makeGame({ ...givens, side: Number(now.clumps), spacing: now.spacing }, draws(now.seed));
    [frames, every, index] = [[], 1, null];
    keep();
  }

  /** Record what is made now, if that is due or asked for. */
  function keep(due = true) {
    if (frames.at(-1)?.step === game.steps) return;
    if (!due && frames.length && game.steps < frames.at(-1).step + every) return;
    const samples = game.samples();
    frames.push({ step: game.steps, samples, covered: coveredModes(samples, game.centres, givens.scale), seen: game.seen(samples), ground: ground() });
    if (frames.length > MOST) {
      frames = frames.filter((_, k) => k % 2 === 0 || k === frames.length - 1);
      every = Math.max(2 * every, Math.ceil(game.steps / MOST));
    }
  }

  const reach = () => (now.spacing * (Number(now.clumps) - 1)) / 2 + 0.9;

  /** Places, x and y one after the other, at which the discriminator takes a point for data rather than generated. */
  function ground() {
    const [end, places] = [reach(), []];
    for (let i = 0; i < SIDE; i += 1) for (let k = 0; k < SIDE; k += 1) places.push(end * ((2 * i + 1) / SIDE - 1), end * ((2 * k + 1) / SIDE - 1));
    const logits = game.judge(Float64Array.from(places));
    return places.filter((_, k) => logits[k >> 1] > 0);
  }

  const settings = () => ({ rate: now.rate, rounds: Math.round(now.rounds), saturating: now.loss === "saturating" });

  function advance(count, milliseconds = Infinity) {
    const start = performance.now();
    for (let done = 0; done < count && performance.now() - start < milliseconds; ) {
      const some = Math.min(5, count - done);
      game.advance(settings(), some);
      done += some;
      keep(false);
    }
  }

  function play() {
    ticking.start();
    look();
  }

  function pause() {
    if (!ticking.running) return;
    ticking.stop();
    keep();
    look(true);
  }

  /** One frame of playing: recorded moments until the present is reached, then new steps. */
  function tick() {
    if (index !== null) {
      index += 1;
      if (index >= frames.length - 1) index = null;
    } else {
      advance(now.speed === "full" ? Infinity : Number(now.speed), TRAINING);
    }
    const moment = performance.now();
    if (prefersStill() && moment - drawn < SLOW) return;
    drawn = moment;
    look(moment - told > CALM);
  }

  function look(speak = false) {
    if (index === null && (speak || !ticking.running)) keep();
    const last = frames.length - 1;
    const frame = frames[index ?? last];
    level();
    picture.draw((pen) => {
      pen.marks(column(frame.ground, 0), column(frame.ground, 1), { color: "green", size: 2, shape: "square", opacity: 0.35 });
      pen.marks(column(game.data, 0), column(game.data, 1), { color: "blue", size: 1.8 });
      pen.marks(column(frame.samples, 0), column(frame.samples, 1), { color: "orange", size: 1.8 });
    });
    fitCounts("x", [0, Math.max(10, frames[last].step)]);
    fitCounts("y", [0, game.centres.length + 0.5]);
    counts.draw((pen) => {
      pen.line(frames.map(({ step }) => step), frames.map(({ covered }) => covered.well), { color: "orange" });
      pen.marks([frame.step], [frame.covered.well], { color: "orange", size: 5 });
    });
    transport.show({ playing: ticking.running, speed: now.speed });
    const recorded = (index ?? last) < last ? ", recorded" : "";
    transport.at(index ?? last, last, `step ${whole(frame.step)}`, `step ${words(frame.step, 12)}${recorded}`);
    if (speak) tell(frame);
  }

  /** The plane has the same scale in both directions. */
  function level() {
    const canvas = picture.box.querySelector(".explorer-canvas");
    const ratio = Math.max(0.5, (canvas.clientWidth - SIDES) / Math.max(1, canvas.clientHeight - ENDS));
    const end = reach();
    fit("y", [-end, end]);
    fit("x", [-end * ratio, end * ratio]);
  }

  function tell({ step, covered, seen }) {
    told = performance.now();
    const total = game.centres.length;
    const text =
      `Step ${whole(step)}: ${covered.well} of ${total} clumps get at least 1 % of the points, ${covered.hit} get at least one. ` +
      `${words(100 * covered.none, 2)} % of the points lie near no clump. V/2 + ln 2 is ${words(seen, 2)}.`;
    if (ticking.running) tools.words.textContent = text;
    else tools.say(text);
    picture.describe(`${total} clumps of data, and generated points. ${text}`);
    counts.describe(`the clumps covered, from step 0 to ${whole(frames.at(-1).step)}. ${text}`);
    tools.offer({ step, hit: covered.hit, well: covered.well, none: covered.none, seen });
  }

  return {
    update(next, before, anew) {
      const old = now;
      now = next;
      const other = ["clumps", "spacing", "seed", "loss", "rounds", "rate"].some((name) => old[name] !== next[name]);
      if (!before || anew || other) begin();
      look(true);
    },
    reset: pause,
    end() {
      ticking.end();
      picture.end();
      counts.end();
    },
  };
});
