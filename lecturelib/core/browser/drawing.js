// Charts. uPlot draws the axes; what stands between them is drawn by the explorer with a pen, in the colours of the book.
import uPlot from "uplot";
import { element } from "./controls.js";
import { guarded, tell } from "./failing.js";
import { handles } from "./handles.js";
import { makePen } from "./pen.js";

const [SIDES, ENDS] = [62, 50]; // pixels of a chart that axes and margins take, about
const LEAST = 110; // pixels, below which a chart cannot be read
const FONT = "12px system-ui, sans-serif";

/** A colour of the book (ink, muted, faint, paper, blue, orange, green, pink, gold) as the page has it now. */
export function color(root, name) {
  return getComputedStyle(root).getPropertyValue(`--figure-${name}`).trim() || "gray";
}

/**
 * A chart in `parent`.
 * options: name, a few words; x and y: {label, range: [low, high], log, at: places of the labels}; height: about how high, in
 * pixels, as charts share the room of their explorer in proportion to it; legend: [{words, color, mark}], mark one of line, dashed, band, tick, dot, up, down, square, empty, ring.
 * draw(paint) keeps paint(pen) and calls it whenever the chart is drawn; range({x, y}) changes the ends of axes;
 * ratio() is about that of width and height; describe(text) is what the chart shows, for those who cannot see it; onTap(act) calls act(x, y) when its ground is
 * touched; handles(list, act, pick) shows what can be taken and moved (see handles.js); end() takes the chart away.
 */
export function chart(parent, { name, x, y, height = 240, legend = [] }) {
  const ends = { x: x.range ?? [0, 1], y: y.range ?? [0, 1] };
  const least = Math.max(LEAST, Math.round(0.75 * height));
  const canvas = element("div", { class: "explorer-canvas", role: "img", "aria-label": name, style: `min-height: ${least}px` });
  const box = element("div", { class: "explorer-chart", style: `flex-grow: ${height}` }, canvas);
  if (legend.length) box.append(key(legend));
  parent.append(box);
  let paint = () => {};
  const draw = (u) => {
    try {
      paint(makePen(u, box, { x, y }));
    } catch (error) {
      queueMicrotask(() => tell(box, error)); // the chart goes away, but not while it is being drawn
    }
  };
  let request = 0;
  const plot = new uPlot(options({ x, y, ends, canvas, box, draw }), [[], []], canvas);

  const place = handles(box, plot, ends);
  let seen = true; // what is out of sight is not drawn while others play
  const redraw = () => {
    if (!seen) return;
    request ||= requestAnimationFrame(repaint);
  };
  const repaint = guarded(box, () => {
    request = 0;
    plot.redraw(false, true);
    place.move();
  });
  const fit = () => {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width && height && (width !== plot.width || height !== plot.height)) {
      plot.setSize({ width, height });
      queueMicrotask(place.move); // out of sight too, or a narrow page would be as wide as its handles once were
    }
    redraw();
  };
  const inSight = (entries) => {
    seen = entries.at(-1).isIntersecting;
    redraw();
  };
  const observers = [new ResizeObserver(guarded(box, fit)), new MutationObserver(redraw), new IntersectionObserver(inSight)];
  observers[0].observe(canvas);
  observers[2].observe(canvas);
  for (const marked of [document.documentElement, document.body]) {
    observers[1].observe(marked, { attributeFilter: ["data-theme", "data-jp-theme-light", "class"] });
  }
  fit();
  return {
    box,
    draw(painter) {
      paint = painter;
      redraw();
    },
    range(change) {
      Object.assign(ends, change);
      plot.batch(() => {
        for (const [axis, [min, max]] of Object.entries(change)) plot.setScale(axis, { min, max });
      });
      place.move();
    },
    /** About how many times as wide as high the ground between the axes is; at least a half, before a page has room too. */
    ratio: () => Math.max(0.5, (canvas.clientWidth - SIDES) / Math.max(1, canvas.clientHeight - ENDS)),
    describe: (text) => canvas.setAttribute("aria-label", `${name}: ${text}`),
    onTap: place.onTap,
    handles: place.show,
    end() {
      cancelAnimationFrame(request);
      observers.forEach((observer) => observer.disconnect());
      place.end();
      plot.destroy();
      box.remove();
    },
  };
}

/** Change the ends of an axis of a chart only where they differ, since that lays the axis out again. */
export function keeper(made) {
  const now = {};
  return (axis, ends) => {
    if (now[axis]?.[0] === ends[0] && now[axis]?.[1] === ends[1]) return;
    now[axis] = ends;
    made.range({ [axis]: ends });
  };
}

/** Of the places on a logarithmic axis only powers of ten get a line, else the lines outweigh the curves. */
function decades(plot, places) {
  return places.map((place) => (Math.abs(Math.log10(place) - Math.round(Math.log10(place))) < 1e-9 ? place : null));
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** A place on a logarithmic axis as it is read best: 0.01, 100, 10⁻⁴, 10⁶. */
function power(place) {
  if (place === null) return null;
  const exponent = Math.round(Math.log10(place));
  if (Math.abs(exponent) <= 3) return String(Number(place.toPrecision(3)));
  return `10${[...String(exponent)].map((one) => RAISED[one]).join("")}`;
}

/** A place on another axis, with a true minus sign. */
function plain(place) {
  return place.toLocaleString("en", { maximumSignificantDigits: 6 }).replace("-", "\u2212");
}

function options({ x, y, ends, canvas, box, draw }) {
  const axis = ({ label, log, at }, side) => ({
    label,
    side,
    stroke: () => color(box, "ink"),
    font: FONT,
    labelFont: FONT,
    labelSize: 18,
    size: side === 3 ? 46 : 30,
    grid: { stroke: () => color(box, "faint"), width: 1, ...(log && { filter: decades }) },
    ticks: { stroke: () => color(box, "faint"), width: 1, size: 4, ...(log && { filter: decades }) },
    values: (plot, places) => places.map(log ? power : plain),
    ...(at && { splits: () => at }),
  });
  const scale = (wanted, which) => ({
    time: false,
    auto: false,
    distr: wanted.log ? 3 : 1,
    range: (plot, low, high) => (low === null || low === undefined ? ends[which] : [low, high]),
    min: ends[which][0],
    max: ends[which][1],
  });
  return {
    width: Math.max(200, canvas.clientWidth),
    height: Math.max(LEAST, canvas.clientHeight),
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    select: { show: false },
    scales: { x: scale(x, "x"), y: scale(y, "y") },
    axes: [axis(x, 2), axis(y, 3)],
    series: [{}, { scale: "y" }],
    hooks: { draw: [draw] },
  };
}

/** A list that says what colours and marks mean; entries as in `chart`. */
export function key(legend) {
  const entries = legend.map(({ words, color: hue, mark = "line" }) =>
    element("li", {}, element("span", { class: `swatch ${mark}`, style: `--hue: var(--figure-${hue})`, "aria-hidden": "true" }), words),
  );
  return element("ul", { class: "explorer-legend" }, ...entries);
}
