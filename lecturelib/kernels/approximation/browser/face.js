// A curve with its tolerance, the hinges that keep it, and the error that is left beside what is guaranteed.
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { linspace, range, words } from "../../../core/browser/numbers.js";
import { approximate, CURVES } from "./hinges.js";

const PLACES = 1601;
const MARKED = 120; // hinges, above which dots would hide the curve

export default explorer(({ stage, further, say, offer }) => {
  const x = linspace(-1, 1, PLACES);
  const picture = chart(stage, {
    name: "Curve and network",
    x: { label: "x", range: [-1.05, 1.05] },
    y: { label: "output", range: [-1, 1] },
    height: 230,
    legend: [
      { words: "the curve, give or take the tolerance", color: "green", mark: "band" },
      { words: "the network", color: "blue", mark: "line" },
      { words: "its hinges", color: "orange", mark: "dot" },
    ],
  });
  const below = chart(further, {
    name: "Error",
    x: { label: "x", range: [-1.05, 1.05] },
    y: { label: "error", range: [-0.1, 0.1] },
    height: 150,
    legend: [
      { words: "network minus curve", color: "blue", mark: "line" },
      { words: "guaranteed", color: "orange", mark: "dashed" },
      { words: "tolerance", color: "green", mark: "line" },
    ],
  });
  const fit = keeper(picture);

  /** The network at all places: they and its pieces go from left to right together. */
  function outputs({ ends, values }) {
    let piece = 0;
    return Array.from(x, (at) => {
      while (piece < ends.length - 2 && at > ends[piece + 1]) piece += 1;
      const share = (at - ends[piece]) / (ends[piece + 1] - ends[piece]);
      return values[piece] + share * (values[piece + 1] - values[piece]);
    });
  }

  function look({ curve: name, tolerance, known }) {
    const curve = CURVES[name];
    const network = approximate(curve, tolerance, known);
    const { ends, values, bounds } = network;
    const [f, g] = [Array.from(x, curve.f), outputs(network)];
    const error = g.map((value, k) => value - f[k]);
    const hinges = bounds.length;
    fit("y", range([f], 0.12));
    picture.draw((pen) => {
      pen.between(x, f.map((value) => value - tolerance), f.map((value) => value + tolerance), { color: "green", opacity: 0.25 });
      pen.line(ends, values, { color: "blue", width: 1.8 });
      if (hinges <= MARKED) pen.marks(ends.slice(0, -1), values.slice(0, -1), { color: "orange", size: 3.5 });
    });
    below.range({ y: [-1.15 * tolerance, 1.15 * tolerance] });
    below.draw((pen) => {
      for (const side of [-1, 1]) {
        pen.line([-1.05, 1.05], [side * tolerance, side * tolerance], { color: "green", width: 1.5 });
        bounds.forEach((bound, k) => pen.line([ends[k], ends[k + 1]], [side * bound, side * bound], { color: "orange", width: 1.5, dash: [4, 3] }));
      }
      pen.line(x, error, { color: "blue", width: 1.5 });
    });
    const worst = Math.max(...error.map(Math.abs));
    const lengths = bounds.map((_, k) => ends[k + 1] - ends[k]);
    const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
    const pieces = most - least < 1e-9 ? `all pieces are ${words(most)} long` : `pieces are ${words(least)} to ${words(most)} long`;
    const told = `${hinges} ${hinges === 1 ? "hinge keeps" : "hinges keep"} the tolerance ${words(tolerance)}; ${pieces}.`;
    const measured = `Guaranteed is an error of at most ${words(Math.max(...bounds))}; the largest is ${words(worst)}.`;
    say(`${told}\n${measured}`);
    picture.describe(`the curve ${name} and a network of straight pieces. ${told}`);
    below.describe(`network minus curve, between minus and plus the tolerance. ${measured}`);
    offer({ hinges, knots: ends.slice(0, -1), jumps: network.jumps, error: worst });
  }

  return {
    update: look,
    end() {
      picture.end();
      below.end();
    },
  };
});
