// A group, what it moves, a basis of the maps that commute, and one map applied before and after an element moves things.
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, words } from "../../../core/browser/numbers.js";
import { tiles } from "../../../core/browser/tiles.js";
import { action, basis, compare, cycles, dimension, elementsOf, fits, layer } from "./bases.js";

const MOST = 3; // of a coefficient, up or down
const SAME = 1e-9;
const NAMES = { number: "one number", vectors: "a vector", points: "numbers at the corners", pairs: "numbers for pairs of corners", pixels: "3 × 3 pixels" };
const number = (value) => words(Math.abs(value) < 5e-7 ? 0 : value, 3);
const percent = (share) => `${number(share < SAME ? 0 : 100 * share)} %`;

/** Where corners are drawn, right and down from the middle: seen from above where they are those of a tetrahedron. */
function places(corners) {
  if (corners[0].length === 2) return corners.map(([down, right]) => [right, down]);
  return corners.map((_, k) => (k ? [Math.sin((2 * Math.PI * k) / 3), -Math.cos((2 * Math.PI * k) / 3)] : [0, 0]));
}

/** Numbers at corners: discs, with lines between all that are moved. */
function discs(pen, values, corners, { largest, x, y, size }) {
  const { ctx, hue, ratio } = pen;
  const spots = places(corners);
  const reach = (0.37 * size) / Math.max(...spots.flat().map(Math.abs));
  const at = spots.map(([right, down]) => [x + reach * right, y + reach * down]);
  ctx.save();
  ctx.strokeStyle = hue("faint");
  ctx.lineWidth = ratio;
  ctx.beginPath();
  at.forEach((from, k) => at.slice(0, k).forEach((to) => (ctx.moveTo(...from), ctx.lineTo(...to))));
  ctx.stroke();
  at.forEach((spot, k) => {
    ctx.beginPath();
    ctx.arc(...spot, 0.12 * size, 0, 2 * Math.PI);
    ctx.fillStyle = hue("paper");
    ctx.fill();
    ctx.globalAlpha = Math.min(1, Math.abs(values[k]) / largest);
    ctx.fillStyle = hue(values[k] > 0 ? "blue" : "orange");
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.strokeStyle = hue("muted");
    ctx.stroke();
  });
  ctx.restore();
}

/** Something that the group moves, around a place (across, up) of a chart. */
function picture(pen, kind, values, corners, { largest, across, up, size }) {
  const spot = { largest, x: pen.x(across), y: pen.y(up), size };
  if (kind === "points") discs(pen, values, corners, spot);
  else if (kind === "vectors" && values.length === 2) {
    const reach = (0.45 * size) / largest / pen.ratio;
    tiles(pen, [0], { ...spot, columns: 1 });
    if (Math.hypot(...values) > SAME) pen.arrow(across, up, reach * values[1], -reach * values[0], { color: "blue" });
  } else tiles(pen, values, { ...spot, columns: kind === "number" || kind === "vectors" ? 1 : Math.sqrt(values.length), size: kind === "number" ? size / 3 : size });
}

function sign({ ctx, hue, ratio }, x, y, text, color) {
  ctx.save();
  Object.assign(ctx, { font: `${26 * ratio}px system-ui, sans-serif`, fillStyle: hue(color), textAlign: "center", textBaseline: "middle" });
  ctx.fillText(text, x, y);
  ctx.restore();
}

/** Whole numbers up to `count`, few enough to be read. */
const few = (count) => Array.from({ length: count }, (_, k) => k + 1).filter((one) => one % Math.ceil(count / 12) === 0);

export default explorer(({ stage, further, givens, state, set, use, say, offer }) => {
  const table = chart(stage, {
    name: "Before and after",
    x: { label: "", range: [0, 3], at: [] },
    y: { label: "", range: [0, 2], at: [] },
    height: 300,
    legend: [
      { words: "above 0", color: "blue", mark: "square" },
      { words: "below 0", color: "orange", mark: "square" },
    ],
  });
  const shelf = chart(further, {
    name: "Basis",
    x: { label: "all maps that commute are sums of these", range: [0, 1], at: [] },
    y: { label: "", range: [0, 1], at: [] },
    height: 120,
  });
  const marked = []; // places on the axis, which it reads whenever it is laid out
  const bars = chart(further, {
    name: "Coefficients",
    x: { label: "map of the basis", at: marked },
    y: { label: "coefficient", range: [-MOST, MOST], at: [-2, 0, 2] },
    height: 95,
  });
  const [fitShelf, fitBars] = [keeper(shelf), keeper(bars)];
  let now = state;
  let grid = { columns: 1, rows: 1 };
  let found = null;
  const known = new Map(); // bases by group and kinds: they take longest

  const choose = (chosen) => chosen >= 1 && chosen <= found.maps.length && set({ chosen });
  const change = (chosen, value) => {
    const others = now.changed.filter(([one]) => one !== chosen);
    const rounded = Math.round(100 * clamp(value, -MOST, MOST)) / 100;
    set({ chosen, alone: false, changed: value === null ? others : [...others, [chosen, rounded]] });
  };
  shelf.onTap((x, y) => choose(Math.floor(x) + grid.columns * Math.floor(grid.rows - y) + 1));
  bars.onTap((x, y) => Math.round(x) >= 1 && Math.round(x) <= found.maps.length && change(Math.round(x), y));

  /** The settings as they can be used. */
  function settled() {
    const group = givens.groups[now.group];
    const kinds = [now.inputs, now.outputs].map((kind) => (fits(group, kind) ? kind : "points"));
    const elements = elementsOf(group.generators);
    const element = clamp(Math.round(now.element), 1, elements.length) - 1;
    const [inside, outside] = kinds.map((kind) => action(group, kind));
    return { group, kinds, elements, element, inside, outside };
  }

  function input(kind, size) {
    const all = givens.given[kind];
    return kind === "pairs" && size === 9 ? all.filter((_, k) => k % 4 < 3 && k < 12) : all.slice(0, size);
  }

  function look() {
    const { group, kinds, elements, element, inside, outside } = settled();
    const counted = dimension(inside, outside);
    const chosen = clamp(Math.round(now.chosen), Math.min(1, counted.count), counted.count);
    const key = [now.group, ...kinds].join(" ");
    if (!known.has(key)) known.set(key, basis(inside, outside));
    const any = givens.weights.slice(0, outside.size).map((row) => row.slice(0, inside.size));
    const maps = known.get(key);
    found = { maps, ...layer(maps, any, { ...now, alone: now.alone && chosen }) };
    const seen = compare(inside, outside, found.w, input(kinds[0], inside.size), element);
    use({ element: element + 1, ...(kinds[0] !== now.inputs && { inputs: kinds[0] }), ...(kinds[1] !== now.outputs && { outputs: kinds[1] }) });
    drawTable(group, kinds, inside, seen);
    drawShelf(inside, chosen);
    drawBars(chosen);
    tell({ group, kinds, elements, element, counted, chosen, seen });
  }

  function drawTable({ corners }, [given, wanted], inside, seen) {
    const longest = (kind, ...lists) => Math.max(1e-9, ...lists.map((one) => (kind === "vectors" ? Math.hypot(...one) : Math.max(...one.map(Math.abs)))));
    const [first, second] = [longest(given, seen.moved), longest(wanted, seen.after, seen.wanted, seen.before)];
    const same = seen.error < SAME;
    table.draw((pen) => {
      const size = Math.min((0.8 * pen.box.width) / 3, (0.66 * pen.box.height) / 2);
      const middle = (row) => (row ? 0.4 : 1.4);
      const spot = (column, row, largest) => ({ across: column + 0.5, up: middle(row), size, largest });
      picture(pen, given, input(given, inside.size), corners, spot(0, 0, first));
      picture(pen, given, seen.moved, corners, spot(0, 1, first));
      picture(pen, wanted, seen.before, corners, spot(1, 0, second));
      picture(pen, wanted, seen.after, corners, spot(1, 1, second));
      picture(pen, wanted, seen.wanted, corners, spot(2, 1, second));
      const w = found.w.flat();
      tiles(pen, w, { columns: inside.size, largest: Math.max(1e-9, ...w.map(Math.abs)), x: pen.x(2.5), y: pen.y(middle(0)), size });
      const names = [["x", "W x", "the map W"], ["g x", "W g x", "g W x"]];
      names.forEach((row, r) => row.forEach((name, k) => pen.text(k + 0.5, middle(r) + 0.39, name, { align: "center", dx: 0, dy: 0 })));
      sign(pen, pen.x(2), pen.y(middle(1)), same ? "=" : "≠", same ? "green" : "pink");
    });
  }

  function drawShelf(inside, chosen) {
    const count = Math.max(1, found.maps.length);
    const columns = Math.min(count, Math.max(1, Math.ceil(Math.sqrt(count * shelf.ratio()))));
    grid = { columns, rows: Math.ceil(count / columns) };
    fitShelf("x", [0, grid.columns]);
    fitShelf("y", [0, grid.rows]);
    shelf.draw((pen) => {
      const size = 0.84 * Math.min(pen.box.width / grid.columns, pen.box.height / grid.rows);
      found.maps.forEach((one, k) => {
        const values = one.flat();
        const [x, y] = [pen.x((k % columns) + 0.5), pen.y(grid.rows - Math.floor(k / columns) - 0.5)];
        tiles(pen, values, { columns: inside.size, largest: Math.max(...values.map(Math.abs)), x, y, size, ...(k + 1 === chosen && { frame: "pink", width: 3 }) });
      });
      if (!found.maps.length) pen.text(0.5, 0.5, "no map but 0", { align: "center", dx: 0 });
    });
  }

  function drawBars(chosen) {
    const count = Math.max(1, found.maps.length);
    const at = found.maps.map((_, k) => k + 1);
    const shown = now.alone ? at.map((k) => (k === chosen ? 1 : 0)) : found.coefficients;
    marked.splice(0, marked.length, ...few(count));
    fitBars("x", [0.4, count + 0.6]);
    bars.draw((pen) => {
      pen.columns(at, shown, { color: "green", half: 0.36, opacity: 0.75 });
      pen.line([0.4, count + 0.6], [0, 0], { color: "muted", width: 1 });
    });
    const handle = { x: chosen, y: shown[chosen - 1], name: `Coefficient of map ${chosen}`, color: "pink", free: "xy", picked: true };
    bars.handles(chosen ? [handle] : [], (index, x, y) => {
      if (x === null) return change(chosen, null);
      // a key moves by a hundredth: any move sideways is at least one map
      const next = Math.abs(x - chosen) > 1e-9 && Math.round(x) === chosen && y === handle.y ? chosen + Math.sign(x - chosen) : Math.round(x);
      if (next !== chosen) choose(next);
      else change(chosen, y);
    });
  }

  function tell({ group, kinds, elements, element, counted, chosen, seen }) {
    const many = new Map();
    for (const one of counted.products) many.set(one, (many.get(one) ?? 0) + 1);
    const parts = [...many].filter(([value]) => value).map(([value, times]) => (times > 1 ? `${times} · ` : "") + (value < 0 ? `(${number(value)})` : number(value)));
    const size = found.w.length * found.w[0].length;
    const moved = `g is element ${element + 1} of ${elements.length}, corners ${cycles(elements[element])}.`;
    const error = seen.error < SAME ? "W g x and g W x are the same: their difference is 0." : `W g x and g W x differ by ${percent(seen.error)} of their size.`;
    const worst = `Over all elements it is at most ${percent(seen.worst)}.`;
    const total = parts.length > 1 ? `(${parts.join(" + ")})` : parts.join("") || "0";
    const count = `From ${NAMES[kinds[0]]} to ${NAMES[kinds[1]]}, ${size} ${size > 1 ? "weights" : "weight"}: characters give ${total}/${elements.length} = ${counted.count}, and the basis has ${found.maps.length}.`;
    const pixels = [now.inputs, now.outputs].includes("pixels") && !fits(group, "pixels") ? " Pixels stay on pixels only for a square." : "";
    say(`${moved} ${error} ${worst}\n${count}${pixels}`);
    const list = (values) => values.map(number).join(", ");
    table.describe(`pictures in two rows. x is ${list(input(kinds[0], found.w[0].length))}; g x is ${list(seen.moved)}; W g x is ${list(seen.after)}; g W x is ${list(seen.wanted)}. ${error}`);
    shelf.describe(chosen ? `${found.maps.length} matrices of ${found.w.length} × ${found.w[0].length}. Chosen is number ${chosen}, with ${found.maps[chosen - 1].flat().filter((one) => Math.abs(one) > SAME).length} numbers other than 0.` : "no matrix at all: only the map 0 commutes with this group.");
    bars.describe(`columns, ${list(found.coefficients) || "none"}. ${chosen ? `Chosen is number ${chosen}; arrow keys change it and choose others.` : "There is no map to choose."}`);
    offer({ dimension: counted.count, W: found.w, error: seen.error, worst: seen.worst });
  }

  return {
    update(next) {
      now = next;
      look();
    },
    end() {
      for (const one of [table, shelf, bars]) one.end();
    },
  };
});
