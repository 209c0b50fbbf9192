/** The face of the small classifier: points, what the network says everywhere, and what each of its units says. */

import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { makeFilm } from "../../../core/browser/film.js";
import { words } from "../../../core/browser/numbers.js";
import { draws } from "../../../core/browser/random.js";
import { makeRun, mapsOf } from "./classifier.js";

const MOST = 150; // recorded moments, before every second one is dropped
const END = 6; // of the square that is shown
const [SIDE, SMALL] = [44, 11]; // places in each direction of the map, and of those of the units
const LEVELS = 5; // of how strongly a map is coloured

const whole = (value) => value.toLocaleString("en");
const shapeOf = (hidden) => (hidden.length ? `Hidden units ${hidden.join(", ")}` : "No hidden units");

export default explorer((tools) => {
  const { stage, further, prefix, givens, state, set, spec } = tools;
  const picture = chart(stage, {
    name: "The plane",
    x: { label: "x₁" },
    y: { label: "x₂" },
    height: 270,
    legend: [
      { words: "label +1, and where the network says so", color: "blue", mark: "dot" },
      { words: "label −1", color: "orange", mark: "square" },
    ],
  });
  const film = makeFilm(stage, prefix, { begin: start, at: () => run.epochs, record, advance, look, pace: () => now.speed }, {
    unit: "epoch",
    most: MOST,
    further: { draw: { words: "New draw", act: () => set({ seed: (now.seed % 9999) + 1 }), title: "Other points and another start" } },
    pacing: { options: spec.settings.find(({ name }) => name === "speed").options, act: (speed) => set({ speed }) },
  });
  const rows = [1, 2]; // the labels of the layers that there are; charts read them whenever they draw
  const units = chart(further, { name: "What each hidden unit says", x: { label: "unit", at: [1, 2, 3, 4, 5, 6, 7, 8] }, y: { label: "layer", at: rows }, height: 140 });
  const curves = chart(further, {
    name: "Loss",
    x: { label: "epoch" },
    y: { label: "loss" },
    height: 100,
    legend: [
      { words: "points for training", color: "ink" },
      { words: "other points", color: "green", mark: "dashed" },
    ],
  });
  const [fit, fitUnits, fitCurves] = [picture, units, curves].map(keeper);

  let now = state;
  let run = null;

  const names = () => {
    const chosen = Object.entries(givens.features).flatMap(([key, some]) => (now[key] ? some : []));
    return chosen.length ? chosen : givens.features.plain;
  };
  const hidden = () => [1, 2, 3, 4].map((k) => Math.round(now[`layer${k}`])).filter((width) => width > 0);

  function start() {
    const plan = { cloud: now.cloud, noise: now.noise, names: names(), hidden: hidden(), activation: now.activation };
    run = makeRun({ ...plan, points: givens.points, batch: givens.batch }, draws(now.seed));
  }

  function record() {
    return { theta: run.network.theta.slice(), ...run.judge() };
  }

  function advance(count, milliseconds) {
    const begun = performance.now();
    for (let done = 0; done < count && performance.now() - begun < milliseconds; done += 1) {
      run.epoch(now.rate);
      film.keep(false);
    }
  }

  /** A map of values from −1 to 1 over a rectangle of the chart, in squares. */
  function paintMap(pen, value, side, [left, low, size]) {
    const { ctx } = pen;
    const [x, y] = [(k) => Math.round(pen.x(left + (size * k) / side)), (k) => Math.round(pen.y(low + (size * k) / side))];
    ctx.save();
    for (let row = 0; row < side; row += 1) {
      for (let k = 0; k < side; k += 1) {
        const level = Math.round(LEVELS * Math.min(1, Math.abs(value(row * side + k))));
        if (!level) continue;
        ctx.globalAlpha = (0.55 * level) / LEVELS;
        ctx.fillStyle = pen.hue(value(row * side + k) > 0 ? "blue" : "orange");
        ctx.fillRect(x(k), y(row + 1), x(k + 1) - x(k), y(row) - y(row + 1));
      }
    }
    ctx.restore();
  }

  function look({ frame, frames, speak, playing }) {
    level();
    const seen = { theta: frame.theta, sizes: run.network.sizes };
    const ground = mapsOf(seen, now.activation, names(), SIDE, END).at(-1);
    picture.draw((pen) => {
      paintMap(pen, (k) => ground[k], SIDE, [-END, -END, 2 * END]);
      for (const [sign, look] of [[1, { color: "blue", size: 2.4 }], [-1, { color: "orange", size: 2.4, shape: "square" }]]) {
        const which = Array.from(run.y.keys()).filter((n) => run.y[n] === sign && n < run.half);
        pen.marks(which.map((n) => run.x[2 * n]), which.map((n) => run.x[2 * n + 1]), look);
      }
    });
    drawUnits(seen);
    drawCurves(frame, frames);
    if (speak) tell(frame, frames.at(-1).at, playing);
  }

  function drawUnits(seen) {
    const inside = mapsOf(seen, now.activation, names(), SMALL, END).slice(1, -1);
    const widths = seen.sizes.slice(1, -1);
    rows.splice(0, rows.length, ...widths.map((_, layer) => layer + 1));
    fitUnits("x", [0.4, 8.6]);
    fitUnits("y", [0.4, Math.max(2, widths.length) + 0.6]);
    units.draw((pen) => {
      widths.forEach((width, layer) => {
        for (let i = 0; i < width; i += 1) {
          const value = (k) => inside[layer][k * width + i];
          let top = 1e-9;
          for (let k = 0; k < SMALL * SMALL; k += 1) top = Math.max(top, Math.abs(value(k)));
          unitMap(pen, value, [i + 1, layer + 1], top);
        }
      });
    });
  }

  /** The map of one unit, a square of pixels about a place of the chart. */
  function unitMap(pen, value, [unit, layer], top) {
    const { ctx } = pen;
    const room = 0.86 * Math.min(Math.abs(pen.x(1) - pen.x(0)), Math.abs(pen.y(1) - pen.y(0)));
    const cell = Math.max(1, Math.floor(room / SMALL));
    const [left, base] = [Math.round(pen.x(unit) - (cell * SMALL) / 2), Math.round(pen.y(layer) + (cell * SMALL) / 2)];
    ctx.save();
    for (let row = 0; row < SMALL; row += 1) {
      for (let k = 0; k < SMALL; k += 1) {
        const level = Math.round(LEVELS * Math.min(1, Math.abs(value(row * SMALL + k)) / top));
        ctx.globalAlpha = 0.15 + (0.8 * level) / LEVELS;
        ctx.fillStyle = pen.hue(level === 0 ? "faint" : value(row * SMALL + k) > 0 ? "blue" : "orange");
        ctx.fillRect(left + k * cell, base - (row + 1) * cell, cell, cell);
      }
    }
    ctx.restore();
  }

  function drawCurves(frame, frames) {
    const epochs = frames.map(({ at }) => at);
    const high = Math.max(...frames.map(({ train, test }) => Math.max(train.loss, test.loss)));
    fitCurves("x", [0, Math.max(10, frames.at(-1).at)]);
    fitCurves("y", [0, Number.isFinite(high) ? 0.1 * Math.ceil(10.5 * high) : 1]);
    curves.draw((pen) => {
      pen.line(epochs, frames.map(({ train }) => train.loss), { color: "ink" });
      pen.line(epochs, frames.map(({ test }) => test.loss), { color: "green", dash: [5, 4] });
      pen.marks([frame.at], [frame.test.loss], { color: "green", size: 5 });
    });
  }

  /** The plane has the same scale in both directions. */
  function level() {
    const ratio = picture.ratio();
    fit("y", ratio < 1 ? [-END / ratio, END / ratio] : [-END, END]);
    fit("x", ratio < 1 ? [-END, END] : [-END * ratio, END * ratio]);
  }

  function tell({ at: epoch, train, test }, last, playing) {
    const [share, known] = [test, train].map(({ wrong }) => words(100 * wrong, 2));
    const text =
      `${shapeOf(hidden())}; features ${names().join(", ")}. Epoch ${whole(epoch)}: of the points for training ${known} % are wrong, ` +
      `with the loss ${words(train.loss, 2)}; of the others ${share} %, with ${words(test.loss, 2)}.`;
    if (playing) tools.words.textContent = text;
    else tools.say(text);
    picture.describe(`points of two classes (${now.cloud}), and the side on which the network puts each place. ${text}`);
    units.describe(`maps of ${hidden().reduce((sum, one) => sum + one, 0)} hidden units over the same plane, layer by layer.`);
    curves.describe(`from epoch 0 to ${whole(last)}. ${text}`);
    tools.offer({ epoch, train: train.loss, test: test.loss, wrong: test.wrong, parameters: Array.from(run.network.theta) });
  }

  return {
    update(next, before, anew) {
      const old = now;
      now = next;
      const other = Object.keys(next).some((name) => name !== "speed" && name !== "rate" && old[name] !== next[name]);
      if (!before || anew || other) film.begin();
      film.show(true);
    },
    reset: film.pause,
    end() {
      film.end();
      for (const one of [picture, units, curves]) one.end();
    },
  };
});
