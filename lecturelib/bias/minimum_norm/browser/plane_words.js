// What the explorer of the line of solutions says.
import { words } from "../../../core/browser/numbers.js";
import { nearest, parts, sparse } from "./plane.js";

const number = (value) => words(Math.abs(value) < 5e-7 ? 0 : value);
export const point = (w) => `(${w.map(number).join(", ")})`;
const apart = ([p, q], [x, y]) => Math.hypot(p - x, q - y);

/** The end of a path that may have left, or not have settled. */
function whereTo(path, end, rate) {
  if (rate >= 2 && path.every((w) => apart(w, path[0]) < 1e-9)) return "It starts on the line, where the data ask for no step, and stays.";
  if (rate > 2) return "Its step is too large: every step lands farther from the line than the one before.";
  if (rate === 2) return "At exactly this rate every step crosses the line to the mirror image, and never comes nearer.";
  if (apart(path.at(-1), end) > 0.01) return `After ${path.length - 1} steps it is at ${point(path.at(-1))}, and still on its way to ${point(end)}.`;
  return `It ends at ${point(end)}.`;
}

/** All that is said of descent on the weights themselves. */
export function ofDescent({ a, b, start, rate, decay, kick, when, path }) {
  const kicked = Math.hypot(...kick) > 1e-9;
  const end = nearest(a, b, kicked ? [start[0] + kick[0], start[1] + kick[1]] : start);
  const first = `The start is ${point(start)}. Nearest to it on the line is ${point(nearest(a, b, start))}, nearest to 0 is ${point(nearest(a, b, [0, 0]))}.`;
  const { along, across } = parts(a, kick);
  const blow = kicked ? `The kick after step ${when} has ${number(along)} along the line and ${number(across)} across it.` : "";
  if (decay > 0) {
    const left = (1 - rate * decay) ** (path.length - 1 - when);
    const leaves = rate * (1 + decay) > 2 ? " Data and decay together are too much for this rate: every step across the line lands farther away." : "";
    const fading = kicked ? ` Of the kick's part along the line ${number(100 * left)} % are left after the last step.` : "";
    return [first, blow, `With weight decay each step keeps ${number(1 - rate * decay)} of what lies along the line.${fading}${leaves} At the last step it is at ${point(path.at(-1))}.`].filter(Boolean).join("\n");
  }
  const remembered = kicked && rate < 2 ? " The part across is forgotten, the part along stays." : "";
  return [first, blow, whereTo(path, end, rate) + remembered].filter(Boolean).join("\n");
}

/** All that is said of a diagonal network. */
export function ofDiagonal({ a, b, alpha, end }) {
  const [one, two] = [sparse(a, b), nearest(a, b, [0, 0])];
  const sum = (w) => Math.abs(w[0]) + Math.abs(w[1]);
  const places = `Of all solutions ${point(one)} has the least |w₁| + |w₂|, and ${point(two)} has the least norm.`;
  const own = `The network with α = ${number(alpha)} ends at ${point(end)}, where |w₁| + |w₂| = ${number(sum(end))} and the norm is ${number(Math.hypot(...end))}.`;
  return `${places}\n${own}`;
}
