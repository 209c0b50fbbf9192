import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { GAMES, minimax, play, spectrum } from "../../../../lecturelib/generative/mode_collapse/browser/games.js";

const CASES = JSON.parse(readFileSync(new URL("games.json", import.meta.url)));
const near = (found, expected, name, by = 1e-10) => assert.ok(Math.abs(found - expected) <= by * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);

CASES.forEach((one) => {
  const game = GAMES[one.game];
  test(`${one.game}, ${one.method}: the path is that of the library`, () => {
    const path = play(game, [one.x, one.y], one.path.length - 1, one);
    assert.equal(path.length, one.path.length);
    one.path.forEach((z, k) => z.forEach((value, axis) => near(path[k][axis], value, `step ${k}`)));
  });

  test(`${one.game}, ${one.method}: minimax and the spectrum at (0, 0) are those of the library`, () => {
    assert.equal(minimax(game, [0, 0]).holds, one.minimax);
    if (one.sizes === null) return;
    const found = spectrum(game, [0, 0], one).map((mu) => Math.hypot(...mu)).sort((p, q) => q - p);
    one.sizes.forEach((size, k) => near(found[k], size, "size", 1e-5));
  });
});

test("slopes and second derivatives are differences", () => {
  const h = 1e-5;
  for (const [name, game] of Object.entries(GAMES)) {
    const z = [1.3, -0.7];
    const { slope, bend } = game(z);
    [[h, 0], [0, h]].forEach(([p, q], k) => {
      const [more, less] = [game([z[0] + p, z[1] + q]), game([z[0] - p, z[1] - q])];
      near((more.value - less.value) / (2 * h), slope[k], `${name}: slope`, 1e-7);
      near((more.slope[k] - less.slope[k]) / (2 * h), bend[2 * k], `${name}: bend`, 1e-7);
      near((more.slope[1 - k] - less.slope[1 - k]) / (2 * h), bend[1], `${name}: mixed`, 1e-7);
    });
  }
});

test("a path that leaves all bounds ends", () => {
  assert.ok(play(GAMES.left, [1, 0], 4000, { method: "simultaneous", rate: 0.5, ratio: 1, damping: 0 }).length < 100);
});
