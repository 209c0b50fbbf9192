// The loss slice: a breakpoint to slide through the data, and the loss along its way.
import { clock, prefersStill } from "../../../core/browser/clock.js";
import { button } from "../../../core/browser/controls.js";
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { countBelow, linspace, range, words } from "../../../core/browser/numbers.js";
import { downhill, flow, gapOf, lossAt, onPiece, restFrom, sliceLoss, types, values } from "./slices.js";

const LOOKS = {
  passthrough: { shape: "dot", color: "muted" },
  repeller: { shape: "up", color: "orange" },
  attractor: { shape: "down", color: "green" },
  edge: { shape: "square", color: "pink" },
};
const MEANING = {
  passthrough: "a passthrough: the loss falls across it in one direction",
  repeller: "a repeller: the loss falls away from it on both sides",
  attractor: "an attractor: the loss falls towards it from both sides, so it holds the breakpoint",
  edge: "the edge: beyond it the neuron sees no datum and the loss is flat",
};

/** The slice that a state of the explorer asks for, and all that is drawn of it. */
function scene(givens, state) {
  const { x, y, rest } = givens.scenes[state.scene];
  const side = state.facing === "right" ? 1 : -1;
  const slice = sliceLoss(rest, x, y, state.mu, side);
  const grid = Float64Array.from([...linspace(...givens.reach, 501), ...slice.knots]).sort();
  return { x, y, rest, side, mu: state.mu, slice, types: types(slice), grid, losses: grid.map((at) => lossAt(slice, at)) };
}

const whole = ({ rest, mu, side }, beta) => ({
  breakpoints: [...rest.breakpoints, beta],
  delta_slopes: [...rest.delta_slopes, mu],
  orientations: [...rest.orientations, side],
  b0: rest.b0,
});

/** What is seen, in words. */
function sentence(now, beta) {
  const { slice } = now;
  const gap = gapOf(slice, beta);
  const { way, slope } = downhill(slice, beta);
  const loss = `The loss is ${words(lossAt(slice, beta))}.`;
  if (slice.knots[gap] === beta) return `The breakpoint stands on the datum at ${words(beta)}, ${MEANING[now.types[gap]]}. ${loss}`;
  const place = `The breakpoint stands at ${words(beta)} and the neuron sees ${slice.seen[gap]} of ${now.x.length} data.`;
  if (way === 0) return `${place} ${loss} The slope is 0: it rests here.`;
  const next = way > 0 ? gap : gap - 1;
  const ahead = now.types[next] ? ` The next knot that way, at ${words(slice.knots[next])}, is ${MEANING[now.types[next]]}.` : "";
  return `${place} ${loss} Its slope is ${words(slope)}, so downhill is to the ${way > 0 ? "right" : "left"}.${ahead}`;
}

function paintFunction(pen, now, beta, began) {
  const [low, high] = now.side > 0 ? [beta, 1e3] : [-1e3, beta];
  pen.band(low, high, { color: "blue", opacity: 0.08 });
  pen.line(now.grid, values(whole(now, began), now.grid), { color: "muted", dash: [5, 4], width: 1.5 });
  const grid = Float64Array.from([...now.grid, beta]).sort();
  const heights = values(whole(now, beta), grid);
  pen.line(grid, heights, { color: "blue", width: 2.5 });
  pen.marks(now.x, now.y, { color: "ink", size: 4 });
  pen.marks([beta], [heights[countBelow(grid, beta)]], { color: "blue", shape: "diamond", size: 5 });
}

function paintLoss(pen, now, beta, ends) {
  const { slice } = now;
  const gap = gapOf(slice, beta);
  const parabola = now.grid.map((at) => onPiece(slice, gap, at));
  pen.line(now.grid, parabola, { color: "orange", dash: [5, 4], width: 1.5 });
  pen.line(now.grid, now.losses, { color: "blue", width: 2.5 });
  slice.knots.forEach((knot, k) => pen.marks([knot], [lossAt(slice, knot)], { size: 5, ...LOOKS[now.types[k]] }));
  const { way, slope } = downhill(slice, beta);
  if (way === 0) return;
  const run = pen.box.width / (pen.ratio * (ends.x[1] - ends.x[0]));
  const rise = pen.box.height / (pen.ratio * (ends.y[1] - ends.y[0]));
  // along the curve as it is drawn, and longer where it is steeper
  const turn = Math.atan2(-Math.abs(slope) * rise, run);
  const length = 24 + 40 * Math.tanh(Math.abs(slope) * 0.5);
  pen.arrow(beta, lossAt(slice, beta), way * length * Math.cos(turn), length * Math.sin(turn), { lift: 16 });
}

export default explorer(({ stage, bar, givens, state, set, say, offer }) => {
  const x = { range: givens.reach };
  const top = chart(stage, {
    name: "Data and network",
    x: { ...x, label: "x" },
    y: { label: "y", range: [-1, 1] },
    height: 200,
    legend: [
      { words: "data", color: "ink", mark: "dot" },
      { words: "network", color: "blue" },
      { words: "where it started", color: "muted", mark: "dashed" },
    ],
  });
  const bottom = chart(stage, {
    name: "Loss along the slice",
    x: { ...x, label: "breakpoint β" },
    y: { label: "loss", range: [0, 1] },
    height: 230,
    legend: [
      { words: "loss", color: "blue" },
      { words: "its piece here, continued", color: "orange", mark: "dashed" },
      ...Object.entries(LOOKS).map(([type, { shape, color }]) => ({ words: type, color, mark: shape })),
    ],
  });
  let now = null;
  let began = state.beta; // where the present run started
  const own = new Set(); // places to which it has rolled from there

  const go = clock(stage, (milliseconds) => {
    // the pace is chosen so that the crossing of a typical gap takes about a second
    const steepest = Math.max(...now.slice.quadratic, 1e-9);
    const { beta, resting } = flow(now.slice, current, (milliseconds / 1000) * (0.7 / steepest));
    const outside = beta <= givens.reach[0] || beta >= givens.reach[1];
    if (resting || outside || Math.abs(beta - current) < 1e-7) stop(resting ? beta : restFrom(now.slice, beta));
    else roll(beta);
  });
  let current = state.beta;
  const move = (beta) => set({ beta: Math.min(givens.reach[1], Math.max(givens.reach[0], beta)) });
  const roll = (beta) => {
    own.add(beta);
    move(beta);
  };
  const startAt = (beta) => {
    own.clear();
    began = beta;
  };
  const stop = (beta) => {
    go.stop();
    release.textContent = "Let go";
    if (beta !== undefined) roll(beta);
  };
  const release = button("Let go", () => {
    if (go.running) return stop();
    // one that was held rolls on; one that was put elsewhere starts there
    if (!own.has(current)) {
      startAt(current);
      look();
    }
    if (prefersStill()) return roll(restFrom(now.slice, current));
    release.textContent = "Hold";
    go.start();
  });
  bar.append(release);

  /** A place near a datum, on the datum: nobody hits it with a finger. */
  const snapped = (beta) => {
    const near = [...now.slice.knots].find((knot) => Math.abs(knot - beta) < 0.006 * (givens.reach[1] - givens.reach[0]));
    return near ?? beta;
  };
  const take = (_, beta) => {
    if (beta === null) return;
    stop();
    move(Math.abs(beta - current) > 0 ? snapped(beta) : beta);
  };
  bottom.onTap((beta) => take(0, beta));

  const look = () => {
    const text = sentence(now, current);
    const ends = { x: givens.reach, y: range([now.losses], 0.15) };
    top.draw((pen) => paintFunction(pen, now, current, began));
    bottom.draw((pen) => paintLoss(pen, now, current, ends));
    bottom.handles([{ x: current, y: lossAt(now.slice, current), name: "Breakpoint", color: "blue", free: "x" }], take);
    const bends = values(whole(now, current), [current])[0];
    const start = `It started with the bend at ${words(began)}.`;
    top.describe(`${now.x.length} data and a network that bends at ${words(current)}, at height ${words(bends)}. ${start}`);
    const list = now.types.map((type, k) => `${type} at ${words(now.slice.knots[k])}`).join(", ");
    bottom.describe(`arcs of parabolas with corners at data: ${list}. ${text}`);
    say(text);
    offer({ loss: lossAt(now.slice, current), slope: downhill(now.slice, current).slope, types: now.types });
  };

  return {
    update(next, before, anew) {
      // a place that it has passed may come back from Python, late
      if (anew) startAt(next.beta);
      if (anew || (go.running && next.beta !== current && !own.has(next.beta))) stop();
      if (!before || ["scene", "mu", "facing"].some((name) => next[name] !== before[name])) {
        now = scene(givens, next);
        const bend = [givens.reach[0], givens.reach[1]].map((beta) => values(whole(now, beta), now.grid));
        top.range({ y: range([now.y, values(now.rest, now.grid), ...bend.map((v) => v.map((one) => Math.max(-8, Math.min(8, one))))], 0.06) });
        bottom.range({ y: range([now.losses], 0.15) });
      }
      current = next.beta;
      look();
    },
    reset: () => stop(),
    end() {
      go.end();
      top.end();
      bottom.end();
    },
  };
});
