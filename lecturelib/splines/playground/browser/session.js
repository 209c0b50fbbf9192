/**
 * A playground without its face: settings make a start and data, training goes on from there and is recorded.
 *
 * A change of what the start or the data are made of begins anew. Own points may be moved while the network goes on
 * learning, and so may the learning rate; another optimizer takes over where the last one stopped. After a run that went
 * astray there is nothing to go on from, and each of these begins anew.
 */

import { initialize } from "../../initialization/browser/starts.js";
import { edgeRate, roughness, stableRate } from "../../regimes/browser/measures.js";
import { Recording } from "./recording.js";
import { copyOf, sortedData } from "../../training/browser/tables.js";
import { sampled } from "./targets.js";
import { Training } from "../../training/browser/steps.js";

/** @typedef {import("../../training/browser/tables.js").Network} Network */
/** @typedef {import("../../training/browser/tables.js").Data} Data */
/**
 * @typedef {object} Settings
 * @property {string} target  a key of `TARGETS`, or "own" for `points`, or "given"
 * @property {number[][]} points
 * @property {number} count
 * @property {number} noise
 * @property {number} width
 * @property {string} scheme  one of `SCHEMES`, or "given"
 * @property {number} alpha
 * @property {number} seed
 * @property {string} optimizer
 * @property {boolean} auto  whether the learning rate is chosen such that it is stable
 * @property {number} rate  the learning rate, unless `auto`
 */
/** @typedef {{network?: {w: number[], b: number[], v: number[], b0: number}, data?: {x: number[], y: number[]}}} Givens */

const BEGINS_ANEW = /** @type {const} */ (["target", "count", "noise", "width", "scheme", "alpha", "seed"]);
const STEERS = /** @type {const} */ (["optimizer", "auto", "rate"]);
const CHUNK = 40_000; // neurons and data between two looks at the watch: some tenths of a millisecond

/**
 * The start that settings ask for.
 * @param {Settings} settings
 * @param {Givens} givens
 * @returns {Network}
 */
function startFor({ scheme, width, alpha, seed }, { network }) {
  if (scheme !== "given" || !network) {
    return initialize(Math.round(width), scheme === "given" ? "he" : scheme, { alpha, seed });
  }
  const { w, b, v, b0 } = copyOf(network);
  return { w: w.map((one) => alpha * one), b: b.map((one) => alpha * one), v: v.map((one) => one / alpha), b0 };
}

/**
 * The data that settings ask for.
 * @param {Settings} settings
 * @param {Givens} givens
 * @returns {Data}
 */
function dataFor({ target, points, count, noise, seed }, { data }) {
  if (target === "given" && data) return sortedData(data.x, data.y);
  if (target === "own" && points.length) {
    return sortedData(points.map((point) => point[0]), points.map((point) => point[1]));
  }
  const name = target === "own" || target === "given" ? "sine" : target;
  // other draws than those of the start
  const { x, y } = sampled(name, { count: Math.round(count), noise, seed: seed + 1000 });
  return sortedData(x, y);
}

export class Session {
  /**
   * @param {Settings} settings
   * @param {Givens} givens
   */
  constructor(settings, givens = {}) {
    this.settings = settings;
    this.givens = givens;
    this.begin();
  }

  /** Begin anew: a start and data as the settings say, and an empty record. */
  begin() {
    this.start = startFor(this.settings, this.givens);
    this.data = dataFor(this.settings, this.givens);
    this.before = 0; // steps of earlier optimizers or data
    this.recording = new Recording(this.start.w.length);
    this.takeOver(this.start);
  }

  /**
   * Train on from a network, with the present data, optimizer and rate.
   * @param {Network} network
   */
  takeOver(network) {
    const { auto, rate, optimizer } = this.settings;
    /** A learning rate that is stable here. */
    this.stable = stableRate(network, this.data, optimizer);
    this.training = new Training(network, this.data, { optimizer, rate: auto ? this.stable : rate });
    this.keep();
  }

  /** Steps taken since the start. */
  get steps() {
    return this.before + this.training.steps;
  }

  /**
   * Follow a change of the settings. Returns whether it began anew, as it does where that is asked for.
   * @param {Settings} settings
   */
  follow(settings, anew = false) {
    const old = this.settings;
    this.settings = settings;
    const differs = (/** @type {keyof Settings} */ name) => settings[name] !== old[name];
    const moved = settings.target === "own" && JSON.stringify(settings.points) !== JSON.stringify(old.points);
    const steered = moved || STEERS.some(differs);
    if (anew || BEGINS_ANEW.some(differs) || (steered && this.astray)) {
      this.begin();
      return true;
    }
    if (moved || differs("optimizer")) {
      if (moved) this.data = dataFor(settings, this.givens);
      this.before = this.steps;
      this.takeOver(this.training.network);
    } else if (steered) {
      this.training.rate = settings.auto ? this.stable : settings.rate;
    }
    return false;
  }

  /**
   * Take up to `wanted` steps within so many milliseconds, at least one; record those that are due. Returns how many.
   * @param {number} wanted
   */
  advance(wanted, milliseconds = Infinity) {
    const end = performance.now() + milliseconds;
    const chunk = Math.max(1, Math.floor(CHUNK / (this.start.w.length + this.data.x.length)));
    const first = this.steps;
    while (this.steps - first < wanted && !this.training.diverged) {
      const left = wanted - (this.steps - first);
      this.training.run(Math.min(left, chunk, Math.max(1, this.recording.due - this.steps)));
      if (this.steps >= this.recording.due) this.keep();
      if (performance.now() > end) break;
    }
    return this.steps - first;
  }

  /** Record what is now, unless it is past all measure. */
  keep() {
    const { network, loss } = this.training;
    const bends = roughness(network);
    if (Number.isFinite(loss) && Number.isFinite(bends)) {
      this.recording.add({ step: this.steps, loss, roughness: bends, network });
    }
  }

  /**
   * Whether no neuron sees any datum: then all gradients but that of the output bias are zero, for ever.
   * A rate that is too large may lead there within a few steps, by throwing all breakpoints far away.
   */
  get dead() {
    const size = this.data.x.length;
    return this.training.state.rows.every((row) => row === size || row === size + 1);
  }

  /** Whether no step leads anywhere any more. */
  get astray() {
    return this.training.diverged || this.dead;
  }

  /** What to say of a run that went astray, and a rate that would not; null where it did not. */
  get trouble() {
    const { rate, loss } = this.training;
    if (!this.astray) return null;
    // neurons may all fall silent before a loss that explodes has passed its limit
    const diverged = !(loss <= 100 * this.recording.frames[0].loss);
    const { optimizer } = this.settings;
    const edge = optimizer === "adam" ? NaN : edgeRate(this.start, this.data, optimizer);
    // where even a rate below the edge went astray, the loss has become steeper on the way
    const offer = optimizer !== "adam" && rate > 1.5 * this.stable ? this.stable : rate / 4;
    return { diverged, step: this.steps, rate, edge, offer };
  }
}
