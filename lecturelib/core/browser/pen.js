// A pen for charts: lines and marks in the coordinates of the data. Not a number breaks a line.

const SHAPES = {
  dot: (ctx, x, y, r) => ctx.arc(x, y, r, 0, 2 * Math.PI),
  square: (ctx, x, y, r) => ctx.rect(x - r, y - r, 2 * r, 2 * r),
  up: (ctx, x, y, r) => polygon(ctx, [x, y - 1.2 * r], [x + 1.1 * r, y + 0.8 * r], [x - 1.1 * r, y + 0.8 * r]),
  down: (ctx, x, y, r) => polygon(ctx, [x, y + 1.2 * r], [x + 1.1 * r, y - 0.8 * r], [x - 1.1 * r, y - 0.8 * r]),
  diamond: (ctx, x, y, r) => polygon(ctx, [x, y - 1.3 * r], [x + 1.3 * r, y], [x, y + 1.3 * r], [x - 1.3 * r, y]),
};

function polygon(ctx, [x, y], ...rest) {
  ctx.moveTo(x, y);
  for (const corner of rest) ctx.lineTo(...corner);
  ctx.closePath();
}

/** Value → pixel of the canvas, as one multiplication: a frame asks for many thousands. */
export function scaleTo(min, max, from, length, log) {
  const [low, high] = log ? [Math.log10(min), Math.log10(max)] : [min, max];
  const factor = length / (high - low);
  return log ? (value) => from + (Math.log10(value) - low) * factor : (value) => from + (value - low) * factor;
}

export function makePen(plot, box, { x: xAxis, y: yAxis }) {
  const { ctx, bbox, scales } = plot;
  const style = getComputedStyle(box);
  const ratio = window.devicePixelRatio || 1;
  const hues = new Map(); // asking the style takes longer than a short line
  const hue = (name) => {
    if (!hues.has(name)) hues.set(name, style.getPropertyValue(`--figure-${name}`).trim() || name);
    return hues.get(name);
  };
  const x = scaleTo(scales.x.min, scales.x.max, bbox.left, bbox.width, xAxis.log);
  const y = scaleTo(scales.y.min, scales.y.max, bbox.top + bbox.height, -bbox.height, yAxis.log);
  const within = (clip, act) => {
    ctx.save();
    if (clip) {
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
    }
    ctx.lineJoin = "round";
    act();
    ctx.restore();
  };
  const stroke = ({ color = "ink", width = 2, dash = [], opacity = 1 }) => {
    ctx.globalAlpha = opacity;
    ctx.strokeStyle = hue(color);
    ctx.lineWidth = width * ratio;
    ctx.setLineDash(dash.map((part) => part * ratio));
  };
  return {
    ctx,
    x,
    y,
    ratio,
    box: bbox,
    hue,
    /** A line through (xs[k], ys[k]). look: color, width, dash, opacity. */
    line(xs, ys, look = {}) {
      within(true, () => {
        stroke(look);
        ctx.beginPath();
        let drawn = false;
        for (let k = 0; k < xs.length; k += 1) {
          const [px, py] = [x(xs[k]), y(ys[k])];
          if (!Number.isFinite(px) || !Number.isFinite(py)) drawn = false;
          else if (drawn) ctx.lineTo(px, py);
          else {
            ctx.moveTo(px, py);
            drawn = true;
          }
        }
        ctx.stroke();
      });
    },
    /** The ground between (xs[k], low[k]) and (xs[k], high[k]). */
    between(xs, low, high, { color = "blue", opacity = 0.2 } = {}) {
      within(true, () => {
        ctx.globalAlpha = opacity;
        ctx.fillStyle = hue(color);
        ctx.beginPath();
        for (let k = 0; k < xs.length; k += 1) ctx.lineTo(x(xs[k]), y(low[k]));
        for (let k = xs.length - 1; k >= 0; k -= 1) ctx.lineTo(x(xs[k]), y(high[k]));
        ctx.fill();
      });
    },
    /** Columns from 0 to heights[k], `half` wide on both sides of xs[k]; hollow ones show what is behind them. */
    columns(xs, heights, { color = "ink", half = 0.4, hollow = false, width = 1.5, opacity = 1 } = {}) {
      within(true, () => {
        stroke({ color, width, opacity });
        ctx.fillStyle = hue(color);
        ctx.beginPath();
        for (let k = 0; k < xs.length; k += 1) {
          const [left, base] = [x(xs[k] - half), y(0)];
          ctx.rect(left, base, x(xs[k] + half) - left, y(heights[k]) - base);
        }
        if (hollow) ctx.stroke();
        else ctx.fill();
      });
    },
    /** Marks at (xs[k], ys[k]). look: color, size (radius in pixels), shape (dot, square, up, down, diamond), hollow. */
    marks(xs, ys, { color = "ink", size = 3.5, shape = "dot", hollow = false, opacity = 1 } = {}) {
      within(false, () => {
        ctx.globalAlpha = opacity;
        ctx.fillStyle = hollow ? hue("paper") : hue(color);
        ctx.strokeStyle = hue(color);
        ctx.lineWidth = 1.5 * ratio;
        ctx.beginPath();
        for (let k = 0; k < xs.length; k += 1) {
          const [px, py] = [x(xs[k]), y(ys[k])];
          if (!(px >= bbox.left - 1 && px <= bbox.left + bbox.width + 1 && py >= bbox.top - 1 && py <= bbox.top + bbox.height + 1)) continue;
          ctx.moveTo(px + (shape === "dot" ? size * ratio : 0), py);
          SHAPES[shape](ctx, px, py, size * ratio);
        }
        ctx.fill();
        if (hollow) ctx.stroke();
      });
    },
    /** Short upright strokes on the lower edge (or from `from` to `to`, parts of the height), at each of xs. */
    ticks(xs, { from = 0, to = 0.06, ...look } = {}) {
      within(true, () => {
        stroke({ width: 1.5, ...look });
        ctx.beginPath();
        const base = bbox.top + bbox.height;
        for (const value of xs) {
          ctx.moveTo(x(value), base - from * bbox.height);
          ctx.lineTo(x(value), base - to * bbox.height);
        }
        ctx.stroke();
      });
    },
    /** The strip from x = low to x = high over the whole height. */
    band(low, high, { color = "blue", opacity = 0.12 } = {}) {
      within(true, () => {
        ctx.globalAlpha = opacity;
        ctx.fillStyle = hue(color);
        ctx.fillRect(x(low), bbox.top, x(high) - x(low), bbox.height);
      });
    },
    /** An arrow that starts at a point, or `lift` pixels above it, and goes some pixels to the right and up. */
    arrow(fromX, fromY, right, up, { lift = 0, ...look } = {}) {
      within(false, () => {
        stroke({ width: 2.5, ...look });
        ctx.fillStyle = hue(look.color ?? "ink");
        const [px, py] = [x(fromX), y(fromY) - lift * ratio];
        const [qx, qy] = [px + right * ratio, py - up * ratio];
        const turn = Math.atan2(qy - py, qx - px);
        const head = 9 * ratio;
        ctx.beginPath();
        ctx.moveTo(px, py);
        ctx.lineTo(qx - 0.7 * head * Math.cos(turn), qy - 0.7 * head * Math.sin(turn));
        ctx.stroke();
        ctx.beginPath();
        polygon(
          ctx, [qx, qy],
          [qx - head * Math.cos(turn - 0.45), qy - head * Math.sin(turn - 0.45)],
          [qx - head * Math.cos(turn + 0.45), qy - head * Math.sin(turn + 0.45)],
        );
        ctx.fill();
      });
    },
    text(atX, atY, words, { color = "ink", align = "left", dx = 6, dy = -6 } = {}) {
      within(false, () => {
        ctx.font = `${12 * ratio}px system-ui, sans-serif`;
        ctx.fillStyle = hue(color);
        ctx.textAlign = align;
        ctx.fillText(words, x(atX) + dx * ratio, y(atY) + dy * ratio);
      });
    },
  };
}
