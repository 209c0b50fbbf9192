// A filter that slides over a signal on a ring of N places, and what is left of shifts. The same formulas as
// lecturelib/equivariance/convolution, with which the tests compare them.

const SAME = 1e-6; // of the largest output, below which places count as equal

/** x moved to the right by m places, round the ring. */
export const moved = (x, m) => x.map((_, i) => x[(((i - m) % x.length) + x.length) % x.length]);

/** What the filter reads at a place: for each of its numbers the place, and the value, 0 beyond the ends for "zeros". */
export function read(x, w, place, padding) {
  const [size, before] = [x.length, Math.floor((w.length - 1) / 2)];
  return w.map((factor, j) => {
    const at = place + j - before;
    const inside = at >= 0 && at < size;
    return { factor, at: ((at % size) + size) % size, value: inside || padding === "ring" ? x[((at % size) + size) % size] : 0 };
  });
}

/** y_i = Σ_j w_j x_{s i + j − c}, c the middle of the filter. */
export function correlate(x, w, stride, padding) {
  const places = Array.from({ length: Math.ceil(x.length / stride) }, (_, i) => i * stride);
  return places.map((place) => read(x, w, place, padding).reduce((sum, { factor, value }) => sum + factor * value, 0));
}

/** x at `at` places, whole or not: the sum of waves of |k| ≤ N/2 through its values, the fastest as a cosine. */
export function between(x, at) {
  const size = x.length;
  return at.map((place) =>
    x.reduce((sum, value, n) => {
      let weight = 1;
      for (let k = 1; k <= size / 2; k += 1) {
        const turn = (2 * Math.PI * k) / size;
        if (2 * k === size) weight += Math.cos(turn * place) * Math.cos(turn * n);
        else weight += 2 * Math.cos(turn * (place - n));
      }
      return sum + (value * weight) / size;
    }, 0),
  );
}

/** Output of the moved signal, the old output moved as far, their relative distance, and how many places differ. */
export function compare(x, w, { shift, stride, padding }) {
  const before = correlate(x, w, stride, padding);
  const after = correlate(moved(x, shift), w, stride, padding);
  const wanted = between(before, before.map((_, i) => i - shift / stride));
  const off = after.map((value, i) => value - wanted[i]);
  const length = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const largest = Math.max(...before.map(Math.abs), ...after.map(Math.abs));
  const wrong = off.filter((value) => Math.abs(value) > SAME * largest).length;
  return { before, after, wanted, wrong, error: wrong ? length(off) / (length(before) || 1) : 0 };
}
