/** A run that goes on while it plays and is recorded on its way, led by Play, Step, Start over and a slider for the time. */
import { clock, prefersStill } from "./clock.js";
import { words } from "./numbers.js";
import { makeTransport } from "./transport.js";

const TRAINING = 9; // milliseconds a frame that a run may take; the rest of the 16 is for drawing
const SLOW = 500; // milliseconds between pictures for readers who ask for less motion
const CALM = 1000; // milliseconds between descriptions while it plays

/**
 * What a face tells of its run; `at` counts its steps.
 * @typedef {object} Run
 * @property {() => void} begin  start the run anew
 * @property {() => number} at
 * @property {() => object} record  what is kept of this moment
 * @property {(count: number, milliseconds: number) => void} advance  so many steps, or fewer if time is up
 * @property {(seen: {frame: any, frames: any[], speak: boolean, playing: boolean}) => void} look  draw a recorded moment,
 *   and describe it where `speak`
 * @property {() => string} pace  how many steps a frame takes, or "full"
 * @property {() => boolean} [ended]
 */

/**
 * @param {HTMLElement} stage
 * @param {string} prefix  of ids
 * @param {Run} run
 * @param {object} [how]
 * @param {string} [how.unit]  what a step is called
 * @param {number} [how.most]  recorded moments, before every second one is dropped
 * @param {Record<string, {words: string, act: () => void, title?: string}>} [how.further]  more buttons
 * @param {{options: Record<string, string>, act: (value: string) => void}} [how.pacing]
 */
export function makeFilm(stage, prefix, run, { unit = "step", most = Infinity, further = {}, pacing } = {}) {
  let frames = [];
  let every = 1;
  /** Index of the recorded moment that is shown, or null for what is now. @type {number | null} */
  let index = null;
  let [told, drawn] = [0, 0];
  const ended = () => run.ended?.() ?? false;
  const ticking = clock(stage, tick);
  const buttons = {
    step: { words: "Step", act: () => (pause(), (index = null), run.advance(1, Infinity), show(true)), title: `One ${unit}` },
    again: { words: "Start over", act: () => (begin(), show(true)) },
    ...further,
  };
  const transport = makeTransport(stage, prefix, { play: () => (ticking.running ? pause() : play()), scrub }, buttons, pacing);

  function begin() {
    run.begin();
    [frames, every, index] = [[], 1, null];
    keep();
  }

  /** Record this moment, if that is due or asked for. */
  function keep(due = true) {
    const at = run.at();
    const last = frames.at(-1)?.at;
    if (last === at || (!due && last !== undefined && at < last + every)) return;
    frames.push({ at, ...run.record() });
    if (frames.length <= most) return;
    frames = frames.filter((_, k) => k % 2 === 0 || k === frames.length - 1);
    every = Math.max(2 * every, Math.ceil(at / most));
  }

  function play() {
    if (ended() && (index === null || index >= frames.length - 1)) begin();
    ticking.start();
    show();
  }

  function pause() {
    if (!ticking.running) return;
    ticking.stop();
    show(true);
  }

  function scrub(place) {
    pause();
    index = place;
    show(true);
  }

  /** One frame of playing: recorded moments until the present is reached, then new steps. */
  function tick() {
    if (index !== null) {
      index += 1;
      if (index >= frames.length - 1) index = null;
    } else {
      const pace = run.pace();
      run.advance(pace === "full" ? Infinity : Number(pace), TRAINING);
      if (ended()) return pause();
    }
    const moment = performance.now();
    if (prefersStill() && moment - drawn < SLOW) return;
    drawn = moment;
    show(moment - told > CALM);
  }

  function show(speak = false) {
    const playing = ticking.running;
    if (index === null && (speak || !playing)) keep();
    if (speak) told = performance.now();
    const last = frames.length - 1;
    const place = index ?? last;
    const frame = frames[place];
    run.look({ frame, frames, speak, playing });
    transport.show({ playing, speed: run.pace() });
    const recorded = place < last ? ", recorded" : "";
    transport.at(place, last, `${unit} ${frame.at.toLocaleString("en")}`, `${unit} ${words(frame.at, 12)}${recorded}`);
  }

  return { begin, keep, show, pause, end: ticking.end };
}
