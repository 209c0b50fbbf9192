/**
 * The activations of the part on kernels, in place on whole layers: ReLU, and the error function with its slope.
 *
 * The error function is read off a table of Taylor polynomials about places 1/128 apart, each good to the last digits:
 * with p_n the coefficients of g(x) = 2/√π e^{−x²}, g' = −2 x g gives (n + 1) p_{n+1} = −2 (x p_n + p_{n−1}), and those
 * of its integral are p_n / (n + 1).
 */

export const ACTIVATIONS = ["relu", "erf"];

const APART = 128; // places in a unit
const LAST = 6; // beyond it erf is 1 to the last digit
const TERMS = 6; // of the slope

/** erf(x) for x ≥ 0 by a series of positive terms: 2/√π e^{−x²} Σ 2ⁿ x^{2n+1} / (2n+1)!! */
function series(x) {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-18 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** For each place the value, the coefficients of the slope, and those of the value beyond the first, 2 TERMS + 1 in all. */
const ROW = 2 * TERMS + 1;
const TABLE = (() => {
  const table = new Float64Array((LAST * APART + 1) * ROW);
  for (let place = 0; place <= LAST * APART; place++) {
    const x = place / APART;
    const row = table.subarray(place * ROW, (place + 1) * ROW);
    row[0] = series(x);
    row[1] = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
    for (let n = 0; n < TERMS - 1; n++) row[2 + n] = (-2 * (x * row[1 + n] + (n ? row[n] : 0))) / (n + 1);
    for (let n = 0; n < TERMS; n++) row[1 + TERMS + n] = row[1 + n] / (n + 1);
  }
  return table;
})();

/**
 * φ(z) and, where `slopes` is given, φ'(z) of a whole layer.
 * @param {string} activation
 * @param {Float64Array} z
 * @param {Float64Array} values
 * @param {Float64Array} [slopes]
 */
export function activate(activation, z, values, slopes) {
  if (activation === "relu") relu(z, values, slopes);
  else errorFunction(z, values, slopes);
}

function relu(z, values, slopes) {
  for (let k = 0; k < z.length; k++) values[k] = z[k] > 0 ? z[k] : 0;
  if (slopes) for (let k = 0; k < z.length; k++) slopes[k] = z[k] > 0 ? 1 : 0;
}

function errorFunction(z, values, slopes) {
  for (let k = 0; k < z.length; k++) {
    const x = Math.abs(z[k]);
    let value = 1;
    let slope = 0;
    if (x < LAST) {
      const place = Math.round(x * APART);
      const d = x - place / APART;
      const at = place * ROW;
      slope = ((((TABLE[at + 6] * d + TABLE[at + 5]) * d + TABLE[at + 4]) * d + TABLE[at + 3]) * d + TABLE[at + 2]) * d + TABLE[at + 1];
      value = ((((TABLE[at + 12] * d + TABLE[at + 11]) * d + TABLE[at + 10]) * d + TABLE[at + 9]) * d + TABLE[at + 8]) * d + TABLE[at + 7];
      value = TABLE[at] + value * d;
    }
    values[k] = z[k] < 0 ? -value : value;
    if (slopes) slopes[k] = slope;
  }
}
