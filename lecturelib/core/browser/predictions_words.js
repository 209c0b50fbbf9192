// What is said of a guess beside the result: how far off it is, and nothing else. Pure functions.
import { words } from "./numbers.js";

/** A guess of a number beside the answer. data: {answer, low, high, step, unit}. */
export function numberWords(guess, { answer, low, high, step, unit }) {
  const named = (value) => `${words(value, 4)}${unit ? ` ${unit}` : ""}`;
  const off = guess - answer;
  // what a slider cannot tell apart is the same
  if (Math.abs(off) <= 0.5 * step * (1 + 1e-9)) return `You said ${named(guess)}, and it is ${named(answer)}.`;
  const near = Math.abs(off) <= 0.05 * (high - low) ? "Close: your" : "Your";
  const ratio = Math.max(guess / answer, answer / guess);
  const part = ratio >= 1.5 && Number.isFinite(ratio) ? `, a factor of ${words(ratio, 2)}` : "";
  return `You said ${named(guess)}, it is ${named(answer)}. ${near} guess is ${named(Math.abs(off))} too ${off > 0 ? "high" : "low"}${part}.`;
}

/** A guessed order beside the answer; both are lists of the same numbers. */
export function orderWords(guess, answer) {
  const size = answer.length;
  const placed = guess.filter((item, place) => item === answer[place]).length;
  if (placed === size) return "Your order is the one that comes out.";
  const rank = guess.map((item) => answer.indexOf(item));
  let turned = 0;
  rank.forEach((one, place) => rank.slice(place + 1).forEach((other) => (turned += one > other)));
  const pairs = (size * (size - 1)) / 2;
  if (turned === pairs) return "Your order is the one that comes out, the other way round.";
  const where = placed === 0 ? "None stands where it comes out" : `${placed} of ${size} ${placed === 1 ? "stands" : "stand"} where ${placed === 1 ? "it comes" : "they come"} out`;
  return `${where}; of ${pairs} pairs, ${turned} ${turned === 1 ? "is" : "are"} the other way round.`;
}

/** The height at x of the straight pieces through (xs[k], ys[k]). */
export function heightAt(xs, ys, x) {
  let k = 1;
  while (k < xs.length - 1 && xs[k] < x) k += 1;
  const part = (x - xs[k - 1]) / (xs[k] - xs[k - 1]);
  return ys[k - 1] + Math.min(1, Math.max(0, part)) * (ys[k] - ys[k - 1]);
}

/** A sketch, heights at evenly spaced places, beside the curve. data: {x, y, low, high, xLabel, yLabel}. */
export function curveWords(sketch, { x, y, low, high, xLabel, yLabel }) {
  const places = sketch.map((_, k) => x[0] + ((x.at(-1) - x[0]) * k) / (sketch.length - 1));
  const off = sketch.map((height, k) => height - heightAt(x, y, places[k]));
  const mean = off.reduce((sum, one) => sum + Math.abs(one), 0) / off.length;
  const share = mean / (high - low);
  const far = off.reduce((best, one, k) => (Math.abs(one) > Math.abs(off[best]) ? k : best), 0);
  const average = `On average your sketch is ${words(mean, 2)} away from the curve, ${words(100 * share, 2)} % of the height of the picture`;
  if (share < 0.02) return `${average}: the two lie on top of each other.`;
  const side = off[far] > 0 ? "above" : "below";
  return `${average}. It is furthest, ${words(Math.abs(off[far]), 2)} ${side} it, where ${xLabel} is ${words(places[far], 2)}: there ${yLabel} is ${words(heightAt(x, y, places[far]), 2)}.`;
}
