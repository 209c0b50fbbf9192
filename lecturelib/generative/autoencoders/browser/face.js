// A walk in the plane of codes: two ends to drag, a way between them, and what the decoder draws on it.
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, linspace, words } from "../../../core/browser/numbers.js";
import { between, nearest, picture } from "./plane.js";

const HUES = ["blue", "orange", "green", "pink", "gold", "ink", "blue", "orange", "green", "pink"];
const SIDE = 8; // pixels of a digit along a side
const rounded = (value) => Number(value.toFixed(3));
const point = (code) => `(${code.map((one) => words(rounded(one))).join(", ")})`;

/** A digit as a square of some pixels around a place of the canvas: dark strokes on white, in light and dark mode. */
function stamp(ctx, pixels, x, y, size) {
  const [left, top, cell] = [Math.round(x - size / 2), Math.round(y - size / 2), size / SIDE];
  ctx.fillStyle = "#fff";
  ctx.fillRect(left - 1, top - 1, size + 2, size + 2);
  pixels.forEach((value, k) => {
    const [from, to] = [Math.floor((k % SIDE) * cell), Math.ceil((k % SIDE) * cell + cell)];
    const [above, below] = [Math.floor(Math.floor(k / SIDE) * cell), Math.ceil(Math.floor(k / SIDE) * cell + cell)];
    const shade = Math.round(255 * (1 - value));
    ctx.fillStyle = `rgb(${shade}, ${shade}, ${shade})`;
    ctx.fillRect(left + from, top + above, to - from, below - above);
  });
}

export default explorer(({ stage, further, givens, state, set, say, offer }) => {
  const { planes, names, reach, places, nearest: count } = givens;
  const plane = chart(stage, {
    name: "The plane of codes",
    x: { label: "z₁", range: [-reach, reach] },
    y: { label: "z₂", range: [-reach, reach] },
    height: 330,
    legend: [
      { words: "test digits, where the encoder puts them", color: "muted", mark: "dot" },
      { words: "start", color: "blue", mark: "ring" },
      { words: "end", color: "orange", mark: "ring" },
      { words: "where we are", color: "ink", mark: "square" },
    ],
  });
  const strip = chart(further, {
    name: "What the decoder draws on the way",
    x: { label: "part of the way", range: [-0.07, 1.07], at: [0, 0.25, 0.5, 0.75, 1] },
    y: { label: "", range: [0, 1], at: [] },
    height: 150,
  });
  let now = state;

  const ends = () => [[now.x, now.y], [now.u, now.v]];
  const move = (index, x, y) => {
    if (x === null) return; // nothing to take away
    const [one, two] = [x, y].map((value) => rounded(clamp(value, -reach, reach)));
    set(index === 0 ? { x: one, y: two } : { u: one, v: two });
  };

  function look() {
    const { layers, codes } = planes[now.kind];
    const [start, end] = ends();
    const here = between(start, end, now.part);
    const parts = [...linspace(0, 1, places)];
    plane.draw((pen) => {
      codes.forEach(([x, y], k) => {
        if (Math.abs(x) < reach && Math.abs(y) < reach) pen.text(x, y, String(names[k]), { color: HUES[names[k]], align: "center", dx: 0, dy: 4 });
      });
      pen.line([start[0], end[0]], [start[1], end[1]], { color: "ink", width: 2 });
      pen.marks([here[0]], [here[1]], { color: "ink", shape: "square", size: 5 });
    });
    plane.handles(
      [
        { x: now.x, y: now.y, name: "Start", color: "blue", free: "xy", picked: true },
        { x: now.u, y: now.v, name: "End", color: "orange", free: "xy", picked: true },
      ],
      move,
    );
    const row = parts.map((part) => picture(layers, between(start, end, part)));
    const large = picture(layers, here);
    strip.draw((pen) => {
      const { ctx, box } = pen;
      const small = Math.min(0.34 * box.height, (0.9 * (pen.x(1) - pen.x(0))) / places);
      const big = Math.min(0.58 * box.height, 96 * pen.ratio);
      ctx.save();
      row.forEach((pixels, k) => stamp(ctx, pixels, pen.x(parts[k]), box.top + box.height - small / 2 - 2, small));
      stamp(ctx, large, pen.x(now.part), box.top + big / 2 + 2, big);
      ctx.restore();
    });
    tell(codes, here, parts.map((part) => nearest(codes, names, between(start, end, part), count)[0][0]));
  }

  function tell(codes, here, along) {
    const around = nearest(codes, names, here, count);
    const told = around.map(([name, many]) => `${many} ${many === 1 ? "is" : "are"} ${name}`).join(", ");
    const far = words(Math.sqrt(Math.min(...codes.map(([x, y]) => (x - here[0]) ** 2 + (y - here[1]) ** 2))), 2);
    const text = `At ${words(now.part)} of the way, ${point(here)}: of the ${count} nearest digits ${told}; the nearest is ${far} away. Along the way the most frequent neighbours are ${along.join(", ")}.`;
    say(text);
    plane.describe(`a straight way from ${point([now.x, now.y])} to ${point([now.u, now.v])} among ${names.length} digits. ${text}`);
    strip.describe(`${places} pictures from the start to the end, and a larger one of where we are. The neighbours of the places are ${along.join(", ")}.`);
    offer({ code: here, neighbours: around });
  }

  plane.onTap((x, y) => move(1, x, y));
  return {
    update(next) {
      now = next;
      look();
    },
    end() {
      plane.end();
      strip.end();
    },
  };
});
