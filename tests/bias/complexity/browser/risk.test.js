import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { bestRidge, riskAt, spectra, spectrum } from "../../../../lecturelib/bias/complexity/browser/risk.js";
import { sentence } from "../../../../lecturelib/bias/complexity/browser/risk_words.js";

const CASES = JSON.parse(readFileSync(new URL("risks.json", import.meta.url)));
const NAMES = { bias: "bias", variance: "variance", leftOut: "left_out", noise: "noise" };

function same(found, expected, name, tolerance = 1e-9) {
  if (expected === null) assert.equal(found, Infinity, name);
  else assert.ok(Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);
}

CASES.forEach((one, number) => {
  test(`case ${number}: all parts of the risk are those of the library`, () => {
    const find = spectra(one.n, 0.01);
    one.p.forEach((p, k) => {
      const found = riskAt(one.n, p, { total: 60, sigma: one.sigma, ridge: one.ridge }, find);
      for (const [name, stored] of Object.entries(NAMES)) same(found[name], one[stored][k], `${name} at p = ${p}`);
      same(found.total, Object.values(NAMES).some((name) => one[name][k] === null) ? null : Object.values(NAMES).reduce((sum, name) => sum + one[name][k], 0), "total");
      same(bestRidge(p, { total: 60, sigma: one.sigma }), one.best[k], "best ridge");
    });
  });
});

test("weights add up to the number of eigenvalues, and to the mean of the trace", () => {
  for (const [n, p] of [[1, 1], [2, 2], [9, 4], [40, 39], [60, 40]]) {
    const { s, weights } = spectrum(n, p, 0.01);
    same(weights.reduce((sum, weight) => sum + weight, 0), p, `count of ${n}, ${p}`);
    same(weights.reduce((sum, weight, k) => sum + weight * s[k], 0), n * p, `trace of ${n}, ${p}`);
  }
});

test("what is seen is said, with the peak or that the risk is infinite", () => {
  const [n, p, sigma] = [20, 20, 0.5];
  const find = spectra(n, 0.01);
  const at = (ridge) => riskAt(n, p, { total: 60, sigma, ridge }, find);
  const best = bestRidge(p, { total: 60, sigma });
  const common = { n, p, best, atBest: at(best).total };
  const without = sentence({ ...common, kind: "none", ridge: 0, here: at(0), highest: { p: 19, risk: Infinity } });
  assert.match(without, /20 data, 20 of 60 features, no ridge/);
  assert.match(without, /infinite from p = 19 to 21/);
  assert.match(without, /λ = 55/);
  const withBest = sentence({ ...common, kind: "best", ridge: best, here: at(best), highest: { p: 0, risk: 1.25 } });
  assert.match(withBest, /the best ridge for each p, here λ = 55/);
  assert.match(withBest, /largest at p = 0, 1.25/);
  assert.doesNotMatch(withBest, /would give/);
});
