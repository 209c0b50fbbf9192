// The risk curve: how the expected risk goes with the number of features, and at one of them with the ridge.
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, words } from "../../../core/browser/numbers.js";
import { bestRidge, riskAt, spectra } from "./risk.js";
import { sentence } from "./risk_words.js";

export default explorer(({ stage, further, givens, state, set, say, offer }) => {
  const { total, ridges, heights } = givens;
  const features = Array.from({ length: total + 1 }, (_, p) => p);
  const prices = Float64Array.from({ length: 61 }, (_, k) => ridges[0] * (ridges[1] / ridges[0]) ** (k / 60));
  const curve = chart(stage, {
    name: "Expected risk by the number of features",
    x: { label: "features p", range: [0, total] },
    y: { label: "expected risk", range: heights, log: true },
    height: 270,
    legend: [
      { words: "risk", color: "blue" },
      { words: "variance", color: "green", mark: "dashed" },
      { words: "left out and bias", color: "orange", mark: "dashed" },
      { words: "noise", color: "muted", mark: "dashed" },
    ],
  });
  const price = chart(further, {
    name: "Expected risk by the ridge",
    x: { label: "ridge λ", range: ridges, log: true },
    y: { label: "risk at this p", range: heights, log: true },
    height: 150,
    legend: [
      { words: "risk", color: "blue" },
      { words: "best ridge", color: "orange", mark: "ring" },
    ],
  });
  let known = Math.round(state.n);
  let find = spectra(known, ridges[0]);

  function look(now) {
    const { sigma, kind } = now;
    const [n, p] = [Math.round(now.n), Math.round(now.p)]; // an address may say anything between
    if (n !== known) [find, known] = [spectra(n, ridges[0]), n];
    const ridgeOf = (count) => ({ none: 0, own: now.ridge, best: bestRidge(count, { total, sigma }) })[kind];
    const risk = (count, ridge) => riskAt(n, count, { total, sigma, ridge }, find);
    const all = features.map((count) => risk(count, ridgeOf(count)));
    const here = all[p];
    const best = bestRidge(p, { total, sigma });
    const atBest = risk(p, best).total;
    const highest = all.reduce((top, one, count) => (one.total > top.risk ? { p: count, risk: one.total } : top), { p: 0, risk: -1 });
    const low = all.map((one) => Math.max(one.variance, 1e-9));
    const rest = all.map((one) => Math.max(one.leftOut + one.bias, 1e-9));
    curve.draw((pen) => {
      pen.line([n, n], [1e-9, 1e9], { color: "faint", width: 2 });
      pen.line(features, all.map((one) => Math.max(one.noise, 1e-9)), { color: "muted", dash: [5, 4], width: 1.5 });
      pen.line(features, rest, { color: "orange", dash: [6, 4], width: 1.8 });
      pen.line(features, low, { color: "green", dash: [2, 3], width: 1.8 });
      pen.line(features, all.map((one) => one.total), { color: "blue", width: 2.5 });
    });
    const height = clamp(here.total, heights[0], heights[1]);
    curve.handles([{ x: p, y: height, name: "Number of features", color: "blue", free: "x" }], (_, x) => {
      if (x !== null) set({ p: clamp(Math.round(x), 0, total) });
    });
    const risks = [...prices].map((one) => risk(p, one).total);
    price.draw((pen) => {
      pen.line(prices, risks, { color: "blue", width: 2.5 });
      pen.marks([best], [atBest], { color: "orange", size: 5, hollow: true });
      if (kind !== "none") pen.marks([ridgeOf(p)], [here.total], { color: "blue", size: 4 });
    });
    const text = sentence({ n, p, kind, ridge: ridgeOf(p), here, best, atBest, highest });
    curve.describe(`a curve over 0 to ${total} features, with a line at p = n = ${n}. ${text}`);
    price.describe(`the risk with ${p} features falls from ${words(risks[0])} to ${words(atBest)} at the best ridge, ${words(best)}, and is ${words(risks.at(-1))} at λ = ${words(ridges[1])}.`);
    say(text);
    offer({ risk: all.map((one) => (Number.isFinite(one.total) ? one.total : null)), best });
  }

  return {
    update: look,
    end() {
      curve.end();
      price.end();
    },
  };
});
