/** The face of the small classifier: points, what the network says everywhere, and what each of its units says. */

import { clock, prefersStill } from "../../../core/browser/clock.js";
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { words } from "../../../core/browser/numbers.js";
import { draws } from "../../../core/browser/random.js";
import { makeTransport } from "../../../core/browser/transport.js";
import { makeRun, mapsOf } from "./classifier.js";

const TRAINING = 9; // milliseconds a frame; the rest of the 16 is for drawing
const SLOW = 500; // milliseconds between pictures for readers who ask for less motion
const CALM = 1000; // milliseconds between descriptions while it plays
const MOST = 150; // recorded moments, before every second one is dropped
const END = 6; // of the square that is shown
const [SIDE, SMALL] = [44, 11]; // places in each direction of the map, and of those of the units
const [SIDES, ENDS] = [62, 50]; // pixels of a chart that axes and margins take
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
  const acts = {
    play: () => (ticking.running ? pause() : play()),
    scrub: (place) => (pause(), (index = place), look(true)),
  };
  const steering = {
    step: { words: "Step", act: () => (pause(), (index = null), advance(1), look(true)), title: "One epoch" },
    again: { words: "Start over", act: () => (begin(), look(true)) },
    draw: { words: "New draw", act: () => set({ seed: (now.seed % 9999) + 1 }), title: "Other points and another start" },
  };
  const pacing = { options: spec.settings.find(({ name }) => name === "speed").options, act: (speed) => set({ speed }) };
  const transport = makeTransport(stage, prefix, acts, steering, pacing);
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
  let frames = [];
  let every = 1;
  /** Index of the recorded moment that is shown, or null for what is now. @type {number | null} */
  let index = null;
  let [told, drawn] = [0, 0];
  const ticking = clock(stage, tick);

  const names = () => {
    const chosen = Object.entries(givens.features).flatMap(([key, some]) => (now[key] ? some : []));
    return chosen.length ? chosen : givens.features.plain;
  };
  const hidden = () => [1, 2, 3, 4].map((k) => Math.round(now[`layer${k}`])).filter((width) => width > 0);

  function begin() {
    const plan = { cloud: now.cloud, noise: now.noise, names: names(), hidden: hidden(), activation: now.activation };
    run = makeRun({ ...plan, points: givens.points, batch: givens.batch }, draws(now.seed));
    [frames, every, index] = [[], 1, null];
    keep();
  }

  /** Record the network as it is, if that is due or asked for. */
  function keep(due = true) {
    if (frames.at(-1)?.epoch === run.epochs) return;
    if (!due && frames.length && run.epochs < frames.at(-1).epoch + every) return;
    frames.push({ epoch: run.epochs, theta: run.network.theta.slice(), ...run.judge() });
    if (frames.length > MOST) {
      frames = frames.filter((_, k) => k % 2 === 0 || k === frames.length - 1);
      every *= 2;
    }
  }

  function advance(count, milliseconds = Infinity) {
    const start = performance.now();
    for (let done = 0; done < count && performance.now() - start < milliseconds; done += 1) {
      run.epoch(now.rate);
      keep(false);
    }
  }

  function play() {
    ticking.start();
    look();
  }

  function pause() {
    if (!ticking.running) return;
    ticking.stop();
    keep();
    look(true);
  }

  /** One frame of playing: recorded moments until the present is reached, then new epochs. */
  function tick() {
    if (index !== null) {
      index += 1;
      if (index >= frames.length - 1) index = null;
    } else {
      advance(now.speed === "full" ? Infinity : Number(now.speed), TRAINING);
    }
    const moment = performance.now();
    if (prefersStill() && moment - drawn < SLOW) return;
    drawn = moment;
    look(moment - told > CALM);
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

  function look(speak = false) {
    if (index === null && (speak || !ticking.running)) keep();
    const last = frames.length - 1;
    const frame = frames[index ?? last];
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
    drawCurves(frame, last);
    transport.show({ playing: ticking.running, speed: now.speed });
    const recorded = (index ?? last) < last ? ", recorded" : "";
    transport.at(index ?? last, last, `epoch ${whole(frame.epoch)}`, `epoch ${words(frame.epoch, 12)}${recorded}`);
    if (speak) tell(frame);
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

  function drawCurves(frame, last) {
    const epochs = frames.map(({ epoch }) => epoch);
    const high = Math.max(...frames.map(({ train, test }) => Math.max(train.loss, test.loss)));
    fitCurves("x", [0, Math.max(10, frames[last].epoch)]);
    fitCurves("y", [0, Number.isFinite(high) ? 0.1 * Math.ceil(10.5 * high) : 1]);
    curves.draw((pen) => {
      pen.line(epochs, frames.map(({ train }) => train.loss), { color: "ink" });
      pen.line(epochs, frames.map(({ test }) => test.loss), { color: "green", dash: [5, 4] });
      pen.marks([frame.epoch], [frame.test.loss], { color: "green", size: 5 });
    });
  }

  /** The plane has the same scale in both directions. */
  function level() {
    const canvas = picture.box.querySelector(".explorer-canvas");
    const ratio = Math.max(0.5, (canvas.clientWidth - SIDES) / Math.max(1, canvas.clientHeight - ENDS));
    fit("y", ratio < 1 ? [-END / ratio, END / ratio] : [-END, END]);
    fit("x", ratio < 1 ? [-END, END] : [-END * ratio, END * ratio]);
  }

  function tell({ epoch, train, test }) {
    told = performance.now();
    const [share, known] = [test, train].map(({ wrong }) => words(100 * wrong, 2));
    const text =
      `${shapeOf(hidden())}; features ${names().join(", ")}. Epoch ${whole(epoch)}: ${known} % of the points for training, ` +
      `${share} % of the others are on the wrong side. Loss ${words(train.loss, 2)} and ${words(test.loss, 2)}.`;
    if (ticking.running) tools.words.textContent = text;
    else tools.say(text);
    picture.describe(`points of two classes (${now.cloud}), and the side on which the network puts each place. ${text}`);
    units.describe(`maps of ${hidden().reduce((sum, one) => sum + one, 0)} hidden units over the same plane, layer by layer.`);
    curves.describe(`from epoch 0 to ${whole(frames.at(-1).epoch)}. ${text}`);
    tools.offer({ epoch, train: train.loss, test: test.loss, wrong: test.wrong, parameters: Array.from(run.network.theta) });
  }

  return {
    update(next, before, anew) {
      const old = now;
      now = next;
      const other = Object.keys(next).some((name) => name !== "speed" && name !== "rate" && old[name] !== next[name]);
      if (!before || anew || other) begin();
      look(true);
    },
    reset: pause,
    end() {
      ticking.end();
      for (const one of [picture, units, curves]) one.end();
    },
  };
});
