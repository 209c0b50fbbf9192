// What the explorer of the risk curve says.
import { words } from "../../../core/browser/numbers.js";

const KINDS = {
  none: () => "no ridge",
  own: (ridge) => `the ridge λ = ${words(ridge)}`,
  best: (ridge) => `the best ridge for each p, here λ = ${words(ridge)}`,
};

/** The risk at p and its parts, where the peak is, and what the best ridge would give. */
export function sentence({ n, p, kind, ridge, here, best, atBest, highest }) {
  const lines = [`${n} data, ${p} of 60 features, ${KINDS[kind](ridge)}.`];
  if (!Number.isFinite(here.total)) {
    lines.push("The expected risk is infinite: with about as many features as data, small singular values blow up the noise.");
  } else {
    const parts = `${words(here.leftOut)} for features left out, ${words(here.bias)} for bias, ${words(here.variance)} for variance and ${words(here.noise)} for noise`;
    lines.push(`The expected risk is ${words(here.total)}: ${parts}.`);
  }
  if (kind !== "best") lines.push(`The best ridge for this p, λ = ${words(best)}, would give ${words(atBest)}.`);
  lines.push(Number.isFinite(highest.risk) ? `Over all p the risk is largest at p = ${highest.p}, ${words(highest.risk)}.` : `Over all p it is infinite from p = ${n - 1} to ${n + 1}.`);
  return lines.join("\n");
}
