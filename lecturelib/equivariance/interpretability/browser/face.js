// A mask in Fourier space that can be painted, the picture that is left, and what a linear classifier says of it.
import { button } from "../../../core/browser/controls.js";
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, words } from "../../../core/browser/numbers.js";
import { SIDE, maskOf, masked, scores, shareOf, signed, toggled, transform } from "./waves.js";

const HALF = SIDE / 2;
const ENDS = [-HALF - 0.5, HALF - 0.5];

const gray = (shade) => {
  const level = Math.round(255 * (1 - clamp(shade, 0, 1)));
  return `rgb(${level}, ${level}, ${level})`;
};

/** Cells {x, y, shade} of a chart, 1 black on white, in light and dark mode. */
function cells(pen, list) {
  const { ctx } = pen;
  ctx.save();
  for (const { x, y, shade } of list) {
    ctx.fillStyle = gray(shade);
    const [left, right, top, bottom] = [pen.x(x - 0.5), pen.x(x + 0.5), pen.y(y + 0.5), pen.y(y - 0.5)];
    ctx.fillRect(left, top, right - left + 1, bottom - top + 1);
  }
  ctx.restore();
}

/** Pictures with square pixels side by side in the middle of a chart. */
function stamps(pen, list) {
  const { ctx, box } = pen;
  const size = Math.floor(Math.min(box.height / SIDE, box.width / (list.length * (SIDE + 1))));
  const start = box.left + (box.width - size * (list.length * (SIDE + 1) - 1)) / 2;
  ctx.save();
  list.forEach((values, which) => {
    values.forEach((shade, k) => {
      ctx.fillStyle = gray(shade);
      ctx.fillRect(start + size * (which * (SIDE + 1) + (k % SIDE)), box.top + size * Math.floor(k / SIDE), size, size);
    });
  });
  ctx.restore();
}

export default explorer(({ stage, further, bar, givens, state, set, say, offer }) => {
  const { pictures, weights, biases } = givens;
  const plane = chart(stage, {
    name: "Waves of the picture",
    x: { label: "periods across", range: ENDS },
    y: { label: "periods down", range: ENDS },
    height: 230,
    legend: [
      { words: "kept, dark where the wave is strong", color: "ink", mark: "square" },
      { words: "erased", color: "orange", mark: "empty" },
      { words: "the wave chosen", color: "pink", mark: "ring" },
    ],
  });
  const left = chart(further, {
    name: "The picture, and what is left of it",
    x: { label: "the picture, and what is left of it", range: [0, 1], at: [] },
    y: { label: "", range: [0, 1], at: [] },
    height: 190,
  });
  const answer = chart(further, {
    name: "Scores",
    x: { label: "digit", range: [-0.6, 9.6], at: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
    y: { label: "score", range: [-0.6, 1.2] },
    height: 150,
    legend: [
      { words: "with the waves that are kept", color: "blue", mark: "band" },
      { words: "of the whole picture", color: "muted", mark: "empty" },
    ],
  });
  let now = state;
  const chosen = () => [Math.round(now.across), Math.round(now.down)];
  const choose = (x, y) => ({ across: clamp(Math.round(x), -HALF, HALF - 1), down: clamp(Math.round(y), -HALF, HALF - 1) });
  const flip = ({ across, down }) => set({ across, down, flipped: toggled(now.flipped, [across, down]) });
  plane.onTap((x, y) => flip(choose(x, y)));
  bar.append(button("Keep or erase the wave chosen", () => flip(choose(now.across, now.down))));

  function look() {
    const x = pictures[Number(now.digit)].map((value) => value / 16);
    const mask = maskOf(now.radius, now.flipped);
    const { re, im } = transform(x);
    const found = masked(x, mask);
    const [before, after] = [scores(x, weights, biases), scores(found, weights, biases)];
    const [across, down] = chosen();
    const strength = (i, j) => Math.log1p(Math.hypot(re[j][i], im[j][i])) / Math.log1p(Math.abs(re[0][0]));
    const grid = mask.flatMap((row, j) => row.map((value, i) => ({ i, j, value, x: signed(i), y: signed(j) })));
    plane.draw((pen) => {
      cells(pen, grid.map((one) => ({ ...one, shade: one.value ? 0.12 + 0.85 * strength(one.i, one.j) : 0 })));
      const out = grid.filter((one) => !one.value);
      pen.marks(out.map((one) => one.x), out.map((one) => one.y), { color: "orange", shape: "square", size: 6, hollow: true });
    });
    plane.handles([{ x: across, y: down, name: "Wave chosen", color: "pink", free: "xy", picked: true }], (index, x, y) => {
      if (x === null) return;
      // a key moves by a hundredth: any move is at least one wave
      const step = (to, from) => (Math.abs(to - from) > 1e-9 && Math.round(to) === from ? from + Math.sign(to - from) : to);
      set(choose(step(x, across), step(y, down)));
    });
    left.draw((pen) => stamps(pen, [x, found]));
    answer.draw((pen) => {
      const digits = before.map((_, k) => k);
      pen.columns(digits, after, { color: "blue", half: 0.36, opacity: 0.75 });
      pen.columns(digits, before, { color: "muted", half: 0.4, hollow: true });
    });
    tell(x, mask, found, before, after);
  }

  function tell(x, mask, found, before, after) {
    const best = (values) => values.indexOf(Math.max(...values));
    const [first, last] = [best(before), best(after)];
    const kept = mask.flat().reduce((sum, one) => sum + one, 0);
    const [across, down] = chosen();
    const isKept = mask[(down + SIDE) % SIDE][(across + SIDE) % SIDE];
    const share = shareOf(x, weights[first], [across, down]);
    const verdict = last === first ? `The classifier still names a ${last}` : `The classifier now names a ${last}, no longer a ${first}`;
    const text = `${kept} of 64 waves are kept. ${verdict}, with a score of ${words(after[last], 2)}; the whole picture has ${words(before[first], 2)}.\nThe wave (${words(across)}, ${words(down)}), in periods across and down, is ${isKept ? "kept" : "erased"}: with its opposite it is worth ${words(share, 2)} of the score of ${first}.`;
    say(text);
    plane.describe(`a square of 8 × 8 waves, of which ${kept} are kept. ${text}`);
    left.describe(`the picture of a ${now.digit} at the left, and what is left of it at the right, from ${words(Math.min(...found), 2)} to ${words(Math.max(...found), 2)}.`);
    answer.describe(`columns, ${after.map((value, k) => `${k}: ${words(value, 2)}`).join(", ")}; of the whole picture ${before.map((value) => words(value, 2)).join(", ")}.`);
    offer({ mask, picture: found, scores: after });
  }

  return {
    update(next) {
      now = next;
      look();
    },
    end() {
      for (const one of [plane, left, answer]) one.end();
    },
  };
});
