import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { draws } from "../../../../lecturelib/core/browser/random.js";
import { coveredModes, makeGame, makeNetwork, makePair } from "../../../../lecturelib/generative/adversarial/browser/gan.js";

const GAMES = JSON.parse(readFileSync(new URL("games.json", import.meta.url)));
const near = (found, expected, name, most = 1e-10) => assert.ok(Math.abs(found - expected) <= most, `${name}: ${found}, expected ${expected}`);

GAMES.forEach((game) => {
  const loss = game.saturating ? "saturating" : "non-saturating";

  test(`${loss}: some steps are those of the library`, () => {
    const pair = makePair(game.hidden, game.batch);
    pair.g.theta.set(game.start[0]);
    pair.d.theta.set(game.start[1]);
    game.real.forEach((rounds, step) => {
      rounds.forEach((points, k) => pair.learn(points.flat(), game.noise[step][k].flat(), game.rate));
      pair.make(game.noise[step].at(-1).flat(), game.rate, game.saturating);
    });
    game.end[0].forEach((value, k) => near(pair.g.theta[k], value, `number ${k} of G`));
    game.end[1].forEach((value, k) => near(pair.d.theta[k], value, `number ${k} of D`));
    assert.ok(game.end[0].some((value, k) => Math.abs(value - game.start[0][k]) > 1e-3));
  });

  test(`${loss}: modes are counted as the library counts them`, () => {
    const found = coveredModes(game.samples.flat(), game.centres, 0.1, 3, 0.1);
    assert.deepEqual(found.counts, game.counts);
    assert.equal(found.well, game.well);
    near(found.none, game.none, "share near none");
  });
});

test("gradients by inputs and by numbers are slopes", () => {
  const { normal } = draws(3);
  const network = makeNetwork(4, 1, 3);
  network.start(normal);
  const x = Float64Array.from({ length: 6 }, normal);
  const y = new Float64Array(3);
  const value = () => (network.forward(x, y, 3), y.reduce((sum, one, k) => sum + (k + 1) * one, 0));
  const blame = new Float64Array(6);
  value();
  network.backward(x, Float64Array.of(1, 2, 3), 3);
  network.pass(Float64Array.of(1, 2, 3), blame, 3);
  const slope = (numbers, k) => {
    const [before, small] = [numbers[k], 1e-6];
    const ends = [1, -1].map((sign) => ((numbers[k] = before + sign * small), value()));
    numbers[k] = before;
    return (ends[0] - ends[1]) / (2 * small);
  };
  const gradient = network.gradient.slice();
  for (let k = 0; k < 6; k += 1) near(blame[k], slope(x, k), `input ${k}`, 1e-7);
  for (let k = 0; k < gradient.length; k += 1) near(gradient[k], slope(network.theta, k), `number ${k}`, 1e-7);
});

test("a game learns a single clump, from the same seed in the same way", () => {
  const play = () => {
    const game = makeGame({ side: 1, spacing: 2, scale: 0.3, hidden: 8, batch: 16, shown: 100 }, draws(5));
    game.advance({ rate: 0.005, rounds: 1, saturating: false }, 1500);
    return game;
  };
  const [one, other] = [play(), play()];
  assert.deepEqual(one.samples(), other.samples());
  assert.equal(one.steps, 1500);
  assert.deepEqual(one.centres, [[0, 0]]);
  assert.ok(coveredModes(one.samples(), one.centres, 0.3).none < 0.2);
  assert.ok(one.seen(one.samples()) < 0.2);
});
