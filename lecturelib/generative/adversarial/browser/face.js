/** The face of the game: two networks that train while the reader looks, what is made, and how many clumps it covers. */

import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { makeFilm } from "../../../core/browser/film.js";
import { words } from "../../../core/browser/numbers.js";
import { draws } from "../../../core/browser/random.js";
import { coveredModes, makeGame } from "./gan.js";

const MOST = 200; // recorded moments, before every second one is dropped
const SIDE = 26; // places at which the discriminator is asked, in each direction

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
  const film = makeFilm(stage, prefix, { begin: start, at: () => game.steps, record, advance, look, pace: () => now.speed }, {
    most: MOST,
    further: { draw: { words: "New draw", act: () => set({ seed: (now.seed % 9999) + 1 }), title: "Other networks and other points" } },
    pacing: { options: spec.settings.find(({ name }) => name === "speed").options, act: (speed) => set({ speed }) },
  });
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

  function start() {
    game = makeGame({ ...givens, side: Number(now.clumps), spacing: now.spacing }, draws(now.seed));
  }

  function record() {
    const samples = game.samples();
    return { samples, covered: coveredModes(samples, game.centres, givens.scale), seen: game.seen(samples), ground: ground() };
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

  function advance(count, milliseconds) {
    const start = performance.now();
    for (let done = 0; done < count && performance.now() - start < milliseconds; ) {
      const some = Math.min(5, count - done);
      game.advance(settings(), some);
      done += some;
      film.keep(false);
    }
  }

  function look({ frame, frames, speak, playing }) {
    level();
    picture.draw((pen) => {
      pen.marks(column(frame.ground, 0), column(frame.ground, 1), { color: "green", size: 2, shape: "square", opacity: 0.35 });
      pen.marks(column(game.data, 0), column(game.data, 1), { color: "blue", size: 1.8 });
      pen.marks(column(frame.samples, 0), column(frame.samples, 1), { color: "orange", size: 1.8 });
    });
    fitCounts("x", [0, Math.max(10, frames.at(-1).at)]);
    fitCounts("y", [0, game.centres.length + 0.5]);
    counts.draw((pen) => {
      pen.line(frames.map(({ at }) => at), frames.map(({ covered }) => covered.well), { color: "orange" });
      pen.marks([frame.at], [frame.covered.well], { color: "orange", size: 5 });
    });
    if (speak) tell(frame, frames.at(-1).at, playing);
  }

  /** The plane has the same scale in both directions. */
  function level() {
    const end = reach();
    fit("y", [-end, end]);
    fit("x", [-end * picture.ratio(), end * picture.ratio()]);
  }

  function tell({ at: step, covered, seen }, last, playing) {
    const total = game.centres.length;
    const text =
      `Step ${whole(step)}: ${covered.well} of ${total} clumps get at least 1 % of the points, ${covered.hit} get at least one. ` +
      `${words(100 * covered.none, 2)} % of the points lie near no clump. V/2 + ln 2 is ${words(seen, 2)}.`;
    if (playing) tools.words.textContent = text;
    else tools.say(text);
    picture.describe(`${total} clumps of data, and generated points. ${text}`);
    counts.describe(`the clumps covered, from step 0 to ${whole(last)}. ${text}`);
    tools.offer({ step, hit: covered.hit, well: covered.well, none: covered.none, seen });
  }

  return {
    update(next, before, anew) {
      const old = now;
      now = next;
      const other = ["clumps", "spacing", "seed", "loss", "rounds", "rate"].some((name) => old[name] !== next[name]);
      if (!before || anew || other) film.begin();
      film.show(true);
    },
    reset: film.pause,
    end() {
      film.end();
      picture.end();
      counts.end();
    },
  };
});
