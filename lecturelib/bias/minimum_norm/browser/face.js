// A line of solutions in the plane of two weights: drag the start and the kick, and see where descent ends.
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { guarded } from "../../../core/browser/failing.js";
import { linspace, range, words } from "../../../core/browser/numbers.js";
import { diagonal, diagonalEnd, diagonalPath, nearest, parts, sparse, walk } from "./plane.js";
import { ofDescent, ofDiagonal, point } from "./plane_words.js";

const HEIGHT = [-3, 4.5]; // of the picture, in weights; its width follows, so that right angles look right
const MIDDLE = 1.5;
const LEGEND = [
  { words: "solutions a·w = b", color: "ink" },
  { words: "start", color: "blue", mark: "ring" },
  { words: "path of training", color: "blue" },
  { words: "after the kick", color: "orange", mark: "ring" },
  { words: "nearest to the start", color: "green", mark: "up" },
  { words: "least norm", color: "gold", mark: "square" },
  { words: "least |w₁| + |w₂|", color: "pink", mark: "down" },
];
const FAR = 12; // what is beyond does not stretch the axis
const rounded = (value) => Number(value.toFixed(6));

export default explorer(({ stage, further, givens, state, set, say, offer }) => {
  const { a, b, steps, when, limits } = givens;
  const picture = chart(stage, { name: "The plane of weights", x: { label: "w₁" }, y: { label: "w₂", range: HEIGHT }, height: 330, legend: LEGEND });
  const trace = chart(further, {
    name: "Along the line and across it",
    x: { label: "step", range: [0, steps] },
    y: { label: "position", range: [-3, 5] },
    height: 130,
    legend: [{ words: "along the line of solutions", color: "green", mark: "dashed" }, { words: "across it", color: "blue" }],
  });
  const [fit, keep] = [keeper(picture), keeper(trace)];
  let now = state;

  const startOf = () => [now.x, now.y];
  const kickOf = () => [now.kx, now.ky];

  /** The same length for a unit of both weights. */
  function level() {
    const half = (picture.ratio() * (HEIGHT[1] - HEIGHT[0])) / 2;
    fit("x", [MIDDLE - half, MIDDLE + half]);
    return [MIDDLE - half, MIDDLE + half];
  }

  function look() {
    const ends = level();
    const plain = now.model === "plain";
    const path = plain
      ? walk({ a, b, start: startOf(), rate: now.rate, decay: now.decay, kick: kickOf(), when, steps })
      : diagonalPath(a, b, now.alpha, 60);
    const [one, two] = [sparse(a, b), nearest(a, b, [0, 0])];
    picture.draw((pen) => {
      pen.line(ends, ends.map((x) => (b - a[0] * x) / a[1]), { color: "ink", width: 1.6 });
      if (plain) {
        const foot = nearest(a, b, startOf());
        pen.line([now.x, foot[0]], [now.y, foot[1]], { color: "muted", width: 1.2, dash: [3, 4] });
        pen.marks([foot[0]], [foot[1]], { color: "green", size: 6, shape: "up" });
      } else {
        pen.marks([one[0]], [one[1]], { color: "pink", size: 6, shape: "down" });
      }
      pen.marks([two[0]], [two[1]], { color: "gold", size: 5, shape: "square" });
      pen.line(path.map(([x]) => x), path.map(([, y]) => y), { color: "blue" });
      if (plain) pen.marks(path.map(([x]) => x), path.map(([, y]) => y), { color: "blue", size: 3 });
      else pen.marks([path.at(-1)[0]], [path.at(-1)[1]], { color: "blue", size: 5 });
    });
    handle(plain, path);
    tell(plain, path);
    follow(plain, path);
  }

  function handle(plain, path) {
    const list = plain ? [{ x: now.x, y: now.y, name: "Start", color: "blue", free: "xy", picked: true }] : [];
    const blow = path[when];
    const inView = blow && Math.abs(blow[0] - MIDDLE) < 5 && blow[1] > HEIGHT[0] && blow[1] < HEIGHT[1];
    if (plain && inView) list.push({ x: blow[0], y: blow[1], name: `Weights after the kick in step ${when}`, color: "orange", free: "xy", picked: true });
    picture.handles(list, (index, x, y) => {
      if (x === null) return;
      const inside = (value, [low, high]) => rounded(Math.min(high, Math.max(low, value)));
      if (index === 0) set({ x: inside(x, limits.x), y: inside(y, limits.y) });
      else set({ kx: inside(x - (blow[0] - now.kx), limits.k), ky: inside(y - (blow[1] - now.ky), limits.k) });
    });
  }

  function tell(plain, path) {
    const end = plain ? path.at(-1) : diagonal(a, now.alpha, diagonalEnd(a, b, now.alpha));
    const text = plain
      ? ofDescent({ a, b, start: startOf(), rate: now.rate, decay: now.decay, kick: kickOf(), when, path })
      : ofDiagonal({ a, b, alpha: now.alpha, end });
    say(text);
    picture.describe(`the line of solutions, and a path from ${point(path[0])} to ${point(end)}. ${text}`);
    offer({ end, path });
  }

  function follow(plain, path) {
    if (!plain) {
      trace.draw(() => {});
      trace.describe("empty, as the path of a diagonal network is that of the flow, without steps.");
      return;
    }
    const both = path.map((w) => parts(a, w));
    const at = linspace(0, path.length - 1, path.length);
    const [along, across] = ["along", "across"].map((name) => both.map((one) => one[name]));
    keep("y", range([[...along, ...across].filter((value) => Math.abs(value) < FAR)], 0.1));
    trace.draw((pen) => {
      pen.line(at, along, { color: "green", dash: [6, 4] });
      pen.line(at, across, { color: "blue" });
    });
    trace.describe(`at the end ${words(along.at(-1))} along the line and ${words(across.at(-1))} across it.`);
  }

  const observer = new ResizeObserver(guarded(stage, () => look()));
  observer.observe(picture.box);
  return {
    update(next) {
      now = next;
      look();
    },
    end() {
      observer.disconnect();
      picture.end();
      trace.end();
    },
  };
});
