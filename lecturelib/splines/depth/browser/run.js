/** A deep network in training and what is kept of it: fewer and fewer frames as time goes on, each with its breakpoints. */

import { linspace } from "../../../core/browser/numbers.js";
import { Training, breakpointsOf, startOf, valuesAt } from "./deep.js";

export const REACH = 1.3; // breakpoints are shown on [−REACH, REACH]
export const COUNT = 40;
const MOST = 360;

/** What there is to fit on [−1, 1]. */
export const TARGETS = {
  sine: (x) => Math.sin(Math.PI * x),
  fast: (x) => Math.sin(3 * Math.PI * x),
  parabola: (x) => 2 * x * x - 1,
  corner: (x) => 2 * Math.abs(x) - 1,
  chirp: (x) => Math.sin(5 * x * x),
};
export const PLACES = linspace(-REACH, REACH, 521);

/** Settings make sizes: one input, so many layers of so many units, one output. */
export const sizesOf = ({ layers, width }) => [1, ...new Array(Math.round(layers)).fill(Math.round(width)), 1];

export class Run {
  /** @param {{target: string, layers: number, width: number, start: "pytorch" | "he", seed: number, optimizer: "gd" | "adam", rate: number}} settings */
  constructor(settings) {
    this.sizes = sizesOf(settings);
    const x = linspace(-1, 1, COUNT);
    this.data = { x, y: x.map(TARGETS[settings.target]) };
    const theta = startOf(this.sizes, settings.start, settings.seed);
    this.training = new Training(this.sizes, theta, this.data, settings);
    this.spacing = 0.02;
    this.frames = [];
    this.keep();
  }

  /** Take steps for so many milliseconds, at most `wanted` of them. */
  advance(wanted, milliseconds) {
    const end = performance.now() + milliseconds;
    const { training } = this;
    const goal = training.steps + wanted;
    while (training.steps < goal && !training.diverged && performance.now() < end) {
      training.run(Math.max(1, Math.min(goal - training.steps, this.due - training.steps, 50)));
      if (training.steps >= this.due) this.keep();
    }
  }

  get due() {
    const { step } = this.frames.at(-1);
    return Math.max(step + 1, Math.ceil(step * (1 + this.spacing)));
  }

  /** What is now, as a frame. */
  get now() {
    const { steps, loss, theta } = this.training;
    return { step: steps, loss, theta: theta.slice(), found: breakpointsOf(this.sizes, theta, -REACH, REACH) };
  }

  /** Keep what is now; frames of long ago are thinned out when there are too many. */
  keep() {
    if (this.training.diverged) return;
    if (this.frames.length && this.frames.at(-1).step === this.training.steps) this.frames.pop();
    this.frames.push(this.now);
    if (this.frames.length <= MOST) return;
    this.spacing *= 2;
    this.frames = this.frames.filter((_, k) => k % 2 === 0 || k === this.frames.length - 1);
  }

  /** f on the places of the chart, for a frame. */
  values({ theta }) {
    return valuesAt(this.sizes, theta, PLACES);
  }
}

/** How many breakpoints each layer has, and how many of all bend the function. */
export function tally(sizes, found) {
  const counts = new Array(sizes.length - 2).fill(0);
  for (const { layer } of found) counts[layer - 1] += 1;
  return { counts, bends: found.filter((one) => one.bends).length };
}
