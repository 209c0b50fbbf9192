/**
 * Training a shallow ReLU network exactly, O(neurons + data) a step: lecturelib/splines/training/steps.py for the browser.
 *
 * From the same start it takes the steps of `lecturelib.splines.descend`, up to rounding.
 */

import { ADAM_FIRST, ADAM_SECOND, MOMENTUM_DECAY, adam, adamStep, gd, momentum, move } from "./optimizers.js";
import { copyOf, findRows, residuals, runInwards, tabulate } from "./tables.js";

export const OPTIMIZERS = ["gd", "momentum", "adam"];
const HUGE = 1e12; // a loss that has grown by this factor is not coming back

/** @typedef {import("./tables.js").Network} Network */
/** @typedef {import("./tables.js").Data} Data */

/** A network on its way: `run` takes steps, `network` is where it stands. The loss is ½ Σ (f(x_n) − y_n)². */
export class Training {
  /**
   * @param {Network} network  the start, left as it is
   * @param {Data} data
   * @param {{optimizer?: string, rate: number}} options
   */
  constructor(network, data, { optimizer = "gd", rate }) {
    if (!OPTIMIZERS.includes(optimizer)) {
      throw new RangeError(`optimizer: expected one of ${OPTIMIZERS.join(", ")}, got ${optimizer}`);
    }
    if (!(rate > 0)) throw new RangeError(`rate: expected a positive number, got ${rate}`);
    this.optimizer = optimizer;
    /** The learning rate; it may be changed between steps. */
    this.rate = rate;
    this.data = data;
    /** Steps taken so far. */
    this.steps = 0;
    this.b0 = network.b0;
    this.residuals = new Float64Array(data.x.length);
    this.state = startOf(copyOf(network), data, optimizer);
    // the output bias has moments like every weight
    this.first = new Float64Array(1);
    this.second = new Float64Array(1);
    fill(this.state);
    /** ½ Σ (f(x_n) − y_n)² now. */
    this.loss = evaluate(this);
    const least = Math.max(this.loss, 0.5 * data.y.reduce((sum, y) => sum + y * y, 0), 1);
    this.limit = Math.min(HUGE * least, 1e300);
    /** Whether the loss has grown beyond return; then no more steps are taken. */
    this.diverged = !(this.loss <= this.limit);
  }

  /** The network now; its arrays go on changing with the next steps. */
  get network() {
    const { w, b, v } = this.state;
    return { w, b, v, b0: this.b0 };
  }

  /**
   * Take up to `steps` steps, fewer where the run diverges.
   * @param {number} steps
   */
  run(steps) {
    for (let k = 0; k < steps && !this.diverged; k++) {
      advance(this);
      this.steps += 1;
      this.loss = evaluate(this);
      this.diverged = !(this.loss <= this.limit);
    }
  }
}

/**
 * @param {Network} network
 * @param {Data} data
 * @param {string} optimizer
 * @returns {import("./optimizers.js").State}
 */
function startOf(network, data, optimizer) {
  const width = network.w.length;
  const table = () => new Float64Array(2 * data.x.length + 2);
  return {
    w: network.w,
    b: network.b,
    v: network.v,
    first: new Float64Array(optimizer === "gd" ? 0 : 3 * width),
    second: new Float64Array(optimizer === "adam" ? 3 * width : 0),
    rows: findRows(network, data.walls),
    silent: new Float64Array(width),
    awake: new Float64Array(width),
    walls: data.walls,
    pull: table(),
    tilt: table(),
    slope: table(),
    height: table(),
  };
}

/** Place every neuron, and fill the tables `slope` and `height` for the first time. */
function fill(/** @type {import("./optimizers.js").State} */ state) {
  const { w, b, v, slope, height } = state;
  for (let i = 0; i < w.length; i++) {
    const row = move(state, i);
    slope[row] += w[i] * v[i];
    height[row] += b[i] * v[i];
  }
}

/** Read the residuals off the tables; returns the loss. */
function evaluate(/** @type {Training} */ training) {
  const { slope, height } = training.state;
  const { x, y } = training.data;
  runInwards(slope, height);
  return 0.5 * residuals(slope, height, training.b0, x, y, training.residuals);
}

/** One step of all weights, the output bias first, as in the library. */
function advance(/** @type {Training} */ training) {
  const { state, rate, optimizer } = training;
  const scale = optimizer === "gd" ? rate : 1;
  const total = tabulate(training.residuals, training.data.x, scale, state.pull, state.tilt);
  if (optimizer === "gd") {
    training.b0 -= total;
    gd(state);
  } else if (optimizer === "momentum") {
    training.first[0] = MOMENTUM_DECAY * training.first[0] + total;
    training.b0 -= rate * training.first[0];
    momentum(state, rate);
  } else {
    const spread = 1 / Math.sqrt(1 - ADAM_SECOND ** (training.steps + 1));
    const pace = rate / (1 - ADAM_FIRST ** (training.steps + 1));
    training.b0 -= adamStep(training.first, training.second, 0, total, pace, spread);
    adam(state, pace, spread);
  }
}
