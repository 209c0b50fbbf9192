/** The face of the explorer of spectral bias: a network that is trained while the reader looks, and its forecast. */

import { clock, prefersStill } from "../../../core/browser/clock.js";
import { element } from "../../../core/browser/controls.js";
import { explorer } from "../../../core/browser/explorer.js";
import { words } from "../../../core/browser/numbers.js";
import { makeTransport } from "../../../core/browser/transport.js";
import { Filling, MOMENTS, momentAt } from "./filling.js";
import { makeColumns, makeFunction, makeShares } from "./charts.js";
import { distance, standing } from "./words.js";

const [BESIDE, ALONE] = [4, 8]; // milliseconds of training in a frame while it plays, where drawing needs the rest, and at rest
const WHOLE = 10_000; // milliseconds that playing from the first moment to the last takes
const SLOW = 500; // milliseconds between pictures for readers who ask for less motion
const CALM = 250; // milliseconds between changes of the words while it plays
const LAST = MOMENTS.length - 1;

/** Whether two states lead to the same run. */
const alike = (one, other) => Object.keys(one).every((name) => name === "time" || one[name] === other[name]);

/** What is to be seen of a run at a moment. */
function viewOf(run, moment) {
  const time = MOMENTS[moment];
  const { amplitudes, forecast, measured } = run;
  const reached = moment < run.frames.length;
  return {
    run,
    moment,
    mean: forecast.mean(amplitudes, time),
    deviation: run.settings.start === "random" ? forecast.deviation(time) : null,
    values: reached ? run.values(moment) : null,
    shares: [...amplitudes].map(([k, amplitude]) => ({
      k,
      rate: forecast.rates[k],
      forecast: forecast.share(k, time),
      network: reached ? measured[moment].get(k) / amplitude : undefined,
    })),
  };
}

function sentence({ run, moment, mean, values, shares }) {
  const begin = `Time ${words(MOMENTS[moment])}. ${standing(shares)}`;
  if (run.diverged && !values) return `${begin} The network has left all bounds: its kernel has grown too much for steps of this length.`;
  if (!values) return `${begin} The network is still being trained.`;
  return `${begin} Network and forecast are ${distance(values, mean)} apart (root mean square).`;
}

export default explorer((tools) => {
  const { stage, further, prefix, state, set, say, offer, words: written } = tools;
  let run = new Filling(state);
  let moment = momentAt(state.time);
  let playing = false;
  let way = 0; // parts of a moment that have passed while it plays
  let drawn = 0;
  let told = 0;
  let waiting = false; // for the network to come to the moment that is shown

  const go = (index) => set({ time: Number(MOMENTS[index].toPrecision(3)) });
  const acts = {
    play: () => (playing ? pause() : play()),
    scrub: (index) => (pause(), go(index)),
  };
  const steering = {
    draw: { words: "New draw", act: () => set({ seed: (run.settings.seed % 9999) + 1 }), title: "Other random weights at the start" },
  };
  const transport = makeTransport(stage, prefix, acts, steering);
  const lower = element("div", { class: "explorer-pair" });
  further.append(lower);
  const shares = makeShares(lower, (time) => (pause(), go(momentAt(time))));
  const charts = [makeFunction(stage), makeColumns(lower), shares];
  lower.append(shares.box);
  const ticking = clock(stage, tick);

  function play() {
    playing = true;
    way = 0;
    drawn = performance.now();
    if (moment === LAST) go(0);
    ticking.start();
    look();
  }

  function pause() {
    if (!playing) return;
    playing = false;
    look();
  }

  /** One frame: some training where there is some left, and the next moment while it plays. */
  function tick(milliseconds) {
    const before = run.frames.length;
    if (!run.done) run.advance(playing ? BESIDE : ALONE);
    if (playing) step(milliseconds);
    else if (waiting) look();
    else if (run.frames.length > before) shares.show(viewOf(run, moment));
    if (!playing && run.done && !waiting) ticking.stop();
  }

  /** The moment that is due, if the network has come so far. */
  function step(milliseconds) {
    way += (milliseconds / WHOLE) * LAST;
    const now = performance.now();
    if (prefersStill() && now - drawn < SLOW) return;
    const next = Math.min(LAST, moment + Math.floor(way), run.frames.length - 1);
    way -= Math.floor(way);
    drawn = now;
    if (next > moment) go(next);
    if (moment === LAST || (run.diverged && moment >= run.frames.length - 1)) pause();
  }

  /** Draw everything, and put it into words: all the time for the eye, at rest for the ear. */
  function look() {
    const seen = viewOf(run, moment);
    waiting = !seen.values && !run.diverged;
    for (const one of charts) one.show(seen);
    transport.show({ playing });
    const time = words(MOMENTS[moment]);
    transport.at(moment, LAST, `t = ${time}`, `time ${time}`);
    const now = performance.now();
    if (playing) {
      if (now - told < CALM) return;
      told = now;
      written.textContent = sentence(seen);
      return;
    }
    for (const one of charts) one.tell(seen);
    say(sentence(seen));
    if (seen.values) tell(seen);
  }

  /** The network for Python. */
  function tell({ shares: all }) {
    const { network, steps } = run.frames[moment];
    const { activation, bias, w, b, v, c } = network;
    const measured = all.map(({ k, forecast, network: share }) => [k, forecast, share]);
    offer({ activation, bias, w: [...w], b: [...b], v: [...v], c, steps, time: MOMENTS[moment], shares: measured });
  }

  return {
    update(next, before, anew) {
      const other = before && !alike(next, run.settings);
      if (other) run = new Filling(next);
      if (other || anew) pause();
      moment = momentAt(next.time);
      run.advance(ALONE, moment); // while a slider is dragged, the network comes along
      ticking.start();
      look();
    },
    reset: pause,
    end() {
      ticking.end();
      for (const one of charts) one.end();
    },
  };
});
