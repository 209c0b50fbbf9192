/**
 * The charts of the explorer of spectral bias: the function, its frequencies now, and their shares over time.
 * Orange is the forecast, blue the trained network, as in the chapter.
 */

import { chart, keeper, key } from "../../../core/browser/drawing.js";
import { range, words } from "../../../core/browser/numbers.js";
import { FOLD, MOMENTS, SIZE, coefficient, target } from "./filling.js";
import { distance, standing } from "./words.js";
import { equalAngles } from "../../tangent_kernel/browser/wide_network.js";

const DEGREES = 360;
const LAST = 10; // the highest frequency that is drawn
const CLOCK = [MOMENTS[1], MOMENTS.at(-1)];
const PAIR = [
  { words: "forecast", color: "orange" },
  { words: "trained network", color: "blue" },
];

const closed = (/** @type {Float64Array} */ values) => [...values, values[0]]; // once around
const angles = closed(equalAngles(SIZE * FOLD)).map((_, p) => (DEGREES * p) / (SIZE * FOLD));
const onData = (/** @type {Float64Array} */ values) => values.filter((_, p) => p % FOLD === 0);

/**
 * @typedef {object} View  what is to be seen
 * @property {import("./filling.js").Filling} run
 * @property {number} moment
 * @property {Float64Array} mean  the forecast at all places
 * @property {Float64Array | null} deviation  over random starts; null where all start at zero
 * @property {Float64Array | null} values  the network; null where it has not come so far
 * @property {import("./words.js").Share[]} shares
 */

/** How much of a network lies in the band of a forecast, in words. */
function inBand(mean, deviation, values) {
  if (!deviation || !values) return "";
  const inside = values.filter((value, p) => Math.abs(value - mean[p]) <= deviation[p]).length;
  return ` The network lies within one standard deviation at ${Math.round((100 * inside) / values.length)} % of the places.`;
}

/** Target, forecast and network around the circle. */
export function makeFunction(stage) {
  const made = chart(stage, {
    name: "Target, forecast and network",
    x: { label: "angle γ in degrees", range: [0, DEGREES], at: [0, 90, 180, 270, 360] },
    y: { label: "f" },
    height: 200,
  });
  const legend = key([]);
  made.box.append(legend);
  const ends = keeper(made);
  let listed = null;
  const list = (random) => {
    if (listed === random) return;
    listed = random;
    const band = { words: "one standard deviation either side, over starts", color: "orange", mark: "band" };
    legend.replaceChildren(...key([{ words: "target and data", color: "ink", mark: "dot" }, ...PAIR, ...(random ? [band] : [])]).children);
  };
  return {
    ...made,
    show(/** @type {View} */ { run, mean, deviation, values }) {
      const fine = closed(target(run.amplitudes, equalAngles(SIZE * FOLD)));
      const room = deviation ? 1.2 * run.forecast.deviation(0)[0] : 0;
      list(deviation !== null);
      const [low, high] = range([fine, [-0.5, 0.5]], 0.15);
      ends("y", [low - room, high + room]);
      const data = onData(Float64Array.from(fine.slice(0, -1)));
      made.draw((pen) => {
        pen.line([0, DEGREES], [0, 0], { color: "muted", width: 1 });
        if (deviation) {
          const side = (sign) => closed(mean.map((value, p) => value + sign * deviation[p]));
          pen.between(angles, side(-1), side(1), { color: "orange", opacity: 0.25 });
        }
        pen.line(angles, fine, { color: "ink", width: 1, dash: [2, 3] });
        pen.line(angles, closed(mean), { color: "orange", width: 3 });
        if (values) pen.line(angles, closed(values), { color: "blue", width: 2 });
        pen.marks(angles.filter((_, p) => p % FOLD === 0).slice(0, SIZE), data, { color: "ink", size: 3 });
      });
    },
    tell({ run, mean, deviation, values }) {
      const fine = target(run.amplitudes, equalAngles(SIZE * FOLD));
      const network = values ? `; the trained network is off the target by ${distance(values, fine)} and off the forecast by ${distance(values, mean)}` : "";
      made.describe(`${SIZE} data around the circle. The forecast is off the target by ${distance(mean, fine)} (root mean square)${network}.${inBand(mean, deviation, values)}`);
    },
  };
}

/** How much of every frequency there is: the target as an empty column that fills in. */
export function makeColumns(stage) {
  const frequencies = Array.from({ length: LAST }, (_, k) => k + 1);
  const made = chart(stage, {
    name: "Frequencies now",
    x: { label: "frequency k", range: [0.4, LAST + 0.6], at: frequencies },
    y: { label: "coefficient" },
    height: 160,
    legend: [{ words: "target", color: "ink", mark: "empty" }, ...PAIR.map((one) => ({ ...one, mark: "square" }))],
  });
  const ends = keeper(made);
  const coefficients = (values) => frequencies.map((k) => coefficient(onData(values), k));
  return {
    ...made,
    show({ run, moment, mean, deviation, values }) {
      const top = Math.max(0.25, ...run.amplitudes.values());
      const spread = (k) => run.forecast.spread(k, MOMENTS[moment]);
      const room = run.settings.start === "random" ? 1.2 * run.forecast.spread(1, 0) : 0;
      ends("y", [-0.2 * top - room, 1.2 * top + room]);
      const wanted = frequencies.map((k) => run.amplitudes.get(k) ?? 0);
      const [found, expected] = [values && coefficients(values), coefficients(mean)];
      const [left, right] = [-0.19, 0.19].map((shift) => frequencies.map((k) => k + shift));
      made.draw((pen) => {
        pen.line([0, LAST + 1], [0, 0], { color: "muted", width: 1 });
        pen.columns(left, expected, { color: "orange", half: 0.15 });
        if (found) pen.columns(right, found, { color: "blue", half: 0.15 });
        if (deviation) {
          left.forEach((x, n) => pen.line([x, x], [-1, 1].map((sign) => expected[n] + sign * spread(frequencies[n])), { color: "ink", width: 1.5 }));
        }
        const some = frequencies.filter((k) => run.amplitudes.has(k));
        pen.columns(some, some.map((k) => wanted[k - 1]), { color: "ink", half: 0.4, hollow: true });
      });
    },
    tell({ run, moment, shares, values }) {
      const others = frequencies.filter((k) => !run.amplitudes.has(k));
      const found = values && coefficients(values);
      const most = found ? Math.max(...others.map((k) => Math.abs(found[k - 1]))) : 0;
      const spill = found ? ` In frequencies that the target has not, the network has at most ${words(most, 2)}.` : "";
      made.describe(`at time ${words(MOMENTS[moment])}. ${standing(shares)}${spill}`);
    },
  };
}

/** The share of each frequency that is learned, over log time. A tap goes to a time. */
export function makeShares(stage, goTo) {
  const made = chart(stage, {
    name: "Share learned over time",
    x: { label: "time t", log: true, range: CLOCK },
    y: { label: "share learned", range: [-0.15, 1.2] },
    height: 160,
    legend: PAIR,
  });
  made.onTap((time) => goTo(time));
  const clock = MOMENTS.slice(1);
  return {
    ...made,
    show({ run, moment }) {
      const { amplitudes, forecast, measured } = run;
      const all = [...amplitudes.keys()];
      const half = (k, share) => Math.max(CLOCK[0], Math.min(CLOCK[1], -Math.log(1 - share) / forecast.rates[k]));
      made.draw((pen) => {
        pen.line(CLOCK, [0, 0], { color: "muted", width: 1 });
        pen.line(CLOCK, [1, 1], { color: "muted", width: 1 });
        pen.line([MOMENTS[moment], MOMENTS[moment]], [-1, 2], { color: "ink", width: 1.5 });
        for (const [k, amplitude] of amplitudes) {
          pen.line(clock, clock.map((time) => forecast.share(k, time)), { color: "orange", width: 2.5 });
          const way = measured.slice(1).map((one) => one.get(k) / amplitude);
          pen.line(clock.slice(0, way.length), way, { color: "blue", width: 1.5 });
        }
        all.forEach((k, n) => {
          const level = [0.6, 0.35, 0.8][n % 3]; // neighbours apart
          if (forecast.rates[k] === 0) pen.text(CLOCK[1], 0, String(k), { align: "right", dx: -2 - 12 * n });
          else pen.text(half(k, level), level, String(k), { dx: 5, dy: 4 });
        });
      });
    },
    tell({ run }) {
      const { amplitudes, forecast } = run;
      const list = [...amplitudes.keys()].map((k) =>
        forecast.rates[k] === 0 ? `frequency ${k} never` : `frequency ${k} at time ${words(Math.LN2 / forecast.rates[k], 2)}`,
      );
      made.describe(list.length ? `half is forecast to be learned of ${list.join(", ")}.` : "the target is 0.");
    },
  };
}
