// What the explorer of a neuron says: formulas with their numbers, and what is seen, in words.
import { words } from "../../../core/browser/numbers.js";
import { breakpoint, gradientOf, lossOf, slope } from "./neuron.js";

const number = (value) => words(Math.abs(value) < 5e-7 ? 0 : value);
const SUBSCRIPTS = ["₁", "₂"];

/** "1.5 (2 x − 1)₊"; a number of 1 is not written, but for its sign. */
export function formula({ w, b, v }) {
  const factor = (value) => ({ 1: "", "-1": "−" })[value] ?? `${number(value)} `;
  const shift = Math.abs(b) < 5e-7 ? "" : ` ${b > 0 ? "+" : "−"} ${number(Math.abs(b))}`;
  const inside = w === 0 ? number(b) : `${factor(w)}x${shift}`;
  return `${factor(v)}(${inside})₊`;
}

/** f(x) = … with the numbers of all neurons. */
export function network(neurons) {
  const terms = neurons.map(formula);
  return `f(x) = ${terms.reduce((sum, term) => `${sum} ${term.startsWith("−") ? `− ${term.slice(1)}` : `+ ${term}`}`)}`;
}

/** What one neuron does. */
export function deed(neuron) {
  const bend = breakpoint(neuron);
  if (bend === null) {
    const height = neuron.v * Math.max(0, neuron.b);
    return `w is 0, so it bends nowhere: its output is ${number(height)} for every x.`;
  }
  const side = neuron.w > 0 ? "right" : "left";
  const sign = neuron.w > 0 ? ">" : "<";
  const place = `Its breakpoint −b/w is ${number(bend)}. It faces ${side}: active where x ${sign} ${number(bend)}`;
  return `${place}, with slope w v = ${number(slope(neuron))}, and zero on the other side.`;
}

/** The loss, and where downhill is; `steps` taken so far. */
export function progress(neurons, data, steps) {
  const named = (name, k) => `∂${name}${neurons.length > 1 ? SUBSCRIPTS[k] : ""}`;
  const parts = gradientOf(neurons, data).map((one, k) => ["w", "b", "v"].map((name) => `${named(name, k)} = ${number(one[name])}`));
  const taken = steps ? `After ${steps} step${steps > 1 ? "s" : ""} the` : "The";
  return `${taken} loss is ${number(lossOf(neurons, data))}. Gradient: ${parts.flat().join(", ")}.`;
}

/** All that is said, line by line. */
export function sentence(neurons, data, steps) {
  const each = neurons.map((neuron, k) => (neurons.length > 1 ? `Neuron ${k + 1}: ${lower(deed(neuron))}` : deed(neuron)));
  const training = data.length ? [progress(neurons, data, steps)] : [];
  return [network(neurons), ...each, ...training].join("\n");
}

const lower = (text) => text[0].toLowerCase() + text.slice(1);
