// A picture of n × n numbers as a sum of waves, some of which are kept, and the scores of a linear classifier. The same
// formulas as lecturelib/equivariance/interpretability, with which the tests compare them.

export const SIDE = 8;
const around = (k) => ((k % SIDE) + SIDE) % SIDE;

/** Periods that stand for a place in the order of the transform: 0, 1, 2, 3, −4, −3, −2, −1. */
export const signed = (k) => (around(k) >= SIDE / 2 ? around(k) - SIDE : around(k));

/** 1 for waves within a radius, rows (down) of columns (across), the other way for those that are flipped. */
export function maskOf(radius, flipped) {
  const mask = Array.from({ length: SIDE }, (_, down) =>
    Array.from({ length: SIDE }, (_, across) => (Math.hypot(signed(down), signed(across)) <= radius + 1e-9 ? 1 : 0)),
  );
  const pairs = new Map(flipped.map(([across, down]) => [`${around(Math.round(across))} ${around(Math.round(down))}`, [around(Math.round(across)), around(Math.round(down))]]));
  for (const [across, down] of pairs.values()) {
    mask[down][across] = 1 - mask[down][across];
    const [other, below] = [around(-across), around(-down)];
    if (other !== across || below !== down) mask[below][other] = 1 - mask[below][other];
  }
  return mask;
}

/** Whether a wave is the same as another or its opposite. */
export const same = ([a, b], [c, d]) => (around(a) === around(c) && around(b) === around(d)) || (around(a) === around(-c) && around(b) === around(-d));

/** The list of flipped waves with this one put in, or taken out where it or its opposite stands there. */
export function toggled(flipped, wave) {
  const others = flipped.filter((one) => !same(one, wave));
  return others.length < flipped.length ? others : [...others, wave.map(signed)];
}

/** Sums of a picture with cosines and sines: {re, im}, each rows of columns. */
export function transform(x) {
  const [re, im] = [0, 1].map(() => Array.from({ length: SIDE }, () => Array(SIDE).fill(0)));
  for (let down = 0; down < SIDE; down += 1) {
    for (let across = 0; across < SIDE; across += 1) {
      x.forEach((value, place) => {
        const angle = (2 * Math.PI * (down * Math.floor(place / SIDE) + across * (place % SIDE))) / SIDE;
        re[down][across] += value * Math.cos(angle);
        im[down][across] -= value * Math.sin(angle);
      });
    }
  }
  return { re, im };
}

/** The real part of what the masked waves of a picture add up to. */
export function masked(x, mask) {
  const { re, im } = transform(x);
  return x.map((_, place) => {
    let sum = 0;
    for (let down = 0; down < SIDE; down += 1) {
      for (let across = 0; across < SIDE; across += 1) {
        const angle = (2 * Math.PI * (down * Math.floor(place / SIDE) + across * (place % SIDE))) / SIDE;
        sum += mask[down][across] * (re[down][across] * Math.cos(angle) - im[down][across] * Math.sin(angle));
      }
    }
    return sum / (SIDE * SIDE);
  });
}

export const scores = (x, weights, biases) => weights.map((row, k) => row.reduce((sum, weight, place) => sum + weight * x[place], biases[k]));

/** What a wave with its opposite adds to a score where it is kept: the part in `row` of the classifier. */
export function shareOf(x, row, [across, down]) {
  const one = maskOf(-1, [[across, down]]);
  return masked(x, one).reduce((sum, value, place) => sum + value * row[place], 0);
}
