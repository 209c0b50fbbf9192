// Small numerics that explorers share. Arrays of numbers are plain arrays or Float64Array.

/** n numbers from a to b, both included. */
export function linspace(a, b, n) {
  return Float64Array.from({ length: n }, (_, k) => (n === 1 ? a : a + ((b - a) * k) / (n - 1)));
}

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** How many of the sorted numbers are smaller than value: the index of the first that is not. */
export function countBelow(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Smallest and largest finite number in some arrays, with a margin as a part of their distance; [0, 1] if there is none. */
export function range(arrays, margin = 0) {
  let low = Infinity;
  let high = -Infinity;
  for (const array of arrays) {
    for (const value of array) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  const room = high > low ? margin * (high - low) : Math.max(0.5, 0.1 * Math.abs(low));
  return [low - room, high + room];
}

/** Draws of a uniform number in [0, 1), the same for the same seed (mulberry32). For settings, not for science. */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws of a standard normal number, from draws of a uniform one (Box and Muller). */
export function normal(draw) {
  return () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/** A number in words for a reader: a few digits, a true minus sign. */
export function words(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "undefined" : value > 0 ? "infinite" : "minus infinite";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(digits - 1) : trim(value, digits);
  return text.replace("e+", "e").replace(/-/g, "\u2212");
}

function trim(value, digits) {
  return String(Number(value.toPrecision(digits)));
}
