/**
 * A run kept in bounded memory: all of its early steps, then ever fewer, so that a plot over log time stays dense.
 *
 * The next frame is due when the number of steps has grown by the part `spacing`. When there are too many frames, the
 * spacing doubles, and frames that stand closer are dropped; the first and the last stay.
 */

/** @typedef {import("../../training/browser/tables.js").Network} Network */
/** @typedef {{step: number, loss: number, roughness: number, network: Network}} Frame */

const MEMORY = 48e6; // bytes of weights
const [FEWEST, MOST] = [64, 600];
const SPACING = 0.01;

export class Recording {
  /** @param {number} width  of the network that will be recorded */
  constructor(width, memory = MEMORY) {
    this.most = Math.max(FEWEST, Math.min(MOST, Math.floor(memory / (24 * width))));
    this.spacing = SPACING;
    /** @type {Frame[]} sorted by step */
    this.frames = [];
  }

  /** The step at which the next frame is due. */
  get due() {
    const last = this.frames.at(-1);
    return last ? Math.max(last.step + 1, Math.ceil(last.step * (1 + this.spacing))) : 0;
  }

  /**
   * Keep a copy of what is now; a frame of the same step is replaced.
   * @param {Frame} frame
   */
  add(frame) {
    const last = this.frames.at(-1);
    if (last && frame.step < last.step) throw new RangeError(`step: expected at least ${last.step}, got ${frame.step}`);
    if (last && frame.step === last.step) this.frames.pop();
    const { w, b, v, b0 } = frame.network;
    this.frames.push({ ...frame, network: { w: w.slice(), b: b.slice(), v: v.slice(), b0 } });
    while (this.frames.length > this.most) this.thin();
  }

  /** Double the spacing, and drop the frames that are now too close. */
  thin() {
    this.spacing *= 2;
    const end = this.frames.length - 1;
    let reached = -1;
    this.frames = this.frames.filter(({ step }, k) => {
      const keep = k === end || step >= Math.max(reached + 1, Math.ceil(reached * (1 + this.spacing)));
      if (keep) reached = step;
      return keep;
    });
  }
}
