/** The reader's own points: dragged, added and removed by mouse, finger or keyboard. */

import { button } from "../../../core/browser/controls.js";
import { clamp } from "../../../core/browser/numbers.js";

const MOST_TAKEN = 16; // of the present data, when they become the reader's own
const TIP = "Drag points, or touch the chart beside them to add one. “Remove point” takes away the one touched last, which alone has a ring.";
const KEYS = " Arrow keys move the point in focus, and Delete removes it.";

const rounded = (/** @type {number} */ value) => Number(value.toFixed(3));

/**
 * The middle of the widest gap between points, or the ends of [−1, 1]: where a point that is added is easy to find.
 * @param {number[][]} points
 */
export function freePlace(points) {
  const sorted = [...points].sort((one, other) => one[0] - other[0]);
  if (sorted.length < 2) return sorted.length && sorted[0][0] > 0 ? [-0.5, 0] : [0.5, 0];
  let best = 1;
  for (let k = 2; k < sorted.length; k++) {
    if (sorted[k][0] - sorted[k - 1][0] > sorted[best][0] - sorted[best - 1][0]) best = k;
  }
  const [left, right] = [sorted[best - 1], sorted[best]];
  return [rounded((left[0] + right[0]) / 2), rounded((left[1] + right[1]) / 2)];
}

/**
 * Some of the data, evenly chosen, as points of the reader's own.
 * @param {import("../../training/browser/tables.js").Data} data
 */
export function taken({ x, y }) {
  const count = Math.min(MOST_TAKEN, x.length);
  const pick = Array.from({ length: count }, (_, k) => Math.round((k * (x.length - 1)) / Math.max(1, count - 1)));
  return pick.map((n) => [rounded(x[n]), rounded(y[n])]);
}

/**
 * @param {{handles: Function, onTap: Function, box: HTMLElement}} chart  where the data are drawn
 * @param {HTMLElement} bar  where the buttons go
 * @param {HTMLElement} tip  where it is said what can be done
 * @param {(changes: object) => void} set
 * @param {{most: number, limit: number}} bounds  how many points there may be, and how far away
 */
export function makePoints(chart, bar, tip, set, { most, limit }) {
  /** @type {number[][]} */
  let points = [];
  let own = false;
  /** @type {import("../../training/browser/tables.js").Data} */
  let data;
  let picked = -1; // index of the point that was touched or had the focus last
  const placed = (/** @type {number} */ x, /** @type {number} */ y) => [x, y].map((one) => rounded(clamp(one, -limit, limit)));
  const add = (x, y) => {
    if (points.length >= most) return;
    picked = points.length;
    set({ points: [...points, placed(x, y)] });
  };
  const press = () => (own ? add(...freePlace(points)) : set({ target: "own", points: taken(data) }));
  const adder = button("Edit the data", press);
  const remover = button("Remove point", () => change(picked, null));
  bar.append(adder, remover);
  chart.onTap((x, y) => own && add(x, y));
  const change = (index, x, y) => {
    if (x !== null) set({ points: points.map((point, k) => (k === index ? placed(x, y) : point)) });
    else if (points.length > 1) set({ points: points.filter((_, k) => k !== index) });
  };
  const pick = (index) => {
    picked = index;
    mark();
  };
  const mark = () => {
    const name = (k) => `Point ${k + 1} of ${points.length}; arrow keys move it, Delete removes it`;
    const list = points.map(([x, y], k) => ({ x, y, name: name(k), color: "gold", free: "xy", picked: k === picked }));
    chart.handles(own ? list : [], change, pick);
    remover.hidden = !own;
    const left = document.activeElement === remover;
    remover.disabled = !own || picked < 0 || points.length < 2;
    // a button at rest hears no keys, so whoever pressed it goes on beside it
    if (left && remover.disabled) adder.focus();
    remover.setAttribute("aria-label", picked < 0 ? "Remove point" : `Remove point ${picked + 1}`);
  };
  return {
    /**
     * @param {import("./session.js").Settings} settings
     * @param {import("../../training/browser/tables.js").Data} now
     */
    show(settings, now) {
      data = now;
      own = settings.target === "own";
      points = settings.points;
      picked = own ? Math.min(picked, points.length - 1) : -1;
      adder.textContent = own ? "Add a point" : "Edit the data";
      tip.textContent = own ? (matchMedia("(hover: none)").matches ? TIP : TIP + KEYS) : "";
      adder.disabled = own && points.length >= most;
      chart.box.classList.toggle("explorer-editable", own);
      mark();
    },
  };
}
