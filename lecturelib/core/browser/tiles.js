// Numbers as coloured squares: blue above 0, orange below, fainter where they are small.

/** Rows of so many `columns`, with the largest side `size`, around a place (x, y) of the canvas, in pixels. */
export function tiles({ ctx, hue, ratio }, values, { columns, largest, x, y, size, frame = "muted", width = 1 }) {
  const rows = Math.ceil(values.length / columns);
  const cell = size / Math.max(rows, columns);
  const [left, top] = [Math.round(x - (columns * cell) / 2), Math.round(y - (rows * cell) / 2)];
  ctx.save();
  values.forEach((value, k) => {
    const [column, row] = [k % columns, Math.floor(k / columns)];
    const [from, to] = [Math.floor(column * cell), Math.floor((column + 1) * cell)];
    const [above, below] = [Math.floor(row * cell), Math.floor((row + 1) * cell)];
    ctx.globalAlpha = Math.min(1, Math.abs(value) / largest);
    ctx.fillStyle = hue(value > 0 ? "blue" : "orange");
    ctx.fillRect(left + from, top + above, to - from, below - above);
  });
  ctx.globalAlpha = 1;
  ctx.strokeStyle = hue(frame);
  ctx.lineWidth = width * ratio;
  ctx.strokeRect(left, top, columns * cell, rows * cell);
  ctx.restore();
}
