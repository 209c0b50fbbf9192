/**
 * What a network of infinite width has learned at every time, on equally spaced points of the circle of radius √2:
 * `predict` of lecturelib/kernels/spectral_bias/prediction.py, where the modes are waves and every matrix is a circulant.
 */

const TURN = 2 * Math.PI;

/**
 * Tangent kernel and covariance of one hidden layer, weight scale √2, at two points an angle γ apart.
 * Cho and Saul 2009 (ReLU), Williams 1997 (erf), Jacot et al. 2018, theorem 1. The angle between the inputs of the
 * hidden layer has sin(θ/2) = √(2/q) |sin(γ/2)|, which loses no digits where it is small.
 * @param {string} activation
 * @param {number} bias  the bias scale
 */
export function kernels(activation, bias, /** @type {number} */ gamma) {
  const square = bias * bias;
  const q = 2 + square; // variance before the activation
  const c = 2 * Math.cos(gamma) + square; // covariance before it
  if (activation === "relu") {
    const theta = 2 * Math.asin(Math.min(1, Math.sqrt(2 / q) * Math.abs(Math.sin(gamma / 2))));
    const covariance = (q * (Math.sin(theta) + (Math.PI - theta) * Math.cos(theta))) / Math.PI + square;
    return { covariance, tangent: covariance + ((Math.PI - theta) / Math.PI) * c };
  }
  const root = Math.sqrt((1 + 2 * q) ** 2 - 4 * c * c);
  const covariance = (4 / Math.PI) * Math.atan2(2 * c, root) + square;
  return { covariance, tangent: covariance + ((8 / Math.PI) * c) / root };
}

/** (1 − e^{−λt}) / λ, which is t at λ = 0. */
function growth(rate, time) {
  return rate * time > 0 ? -Math.expm1(-rate * time) / rate : time;
}

/** One more than the number of a wave that n points can carry: frequencies 0 to n / 2. */
const carried = (size) => Math.floor(size / 2) + 1;

export class Forecast {
  /**
   * @param {{activation: string, bias: number}} layer
   * @param {number} size  number of data, even
   * @param {number} fold  places to look at for each datum, itself included
   */
  constructor({ activation, bias }, size, fold) {
    this.size = size;
    this.fold = fold;
    const places = Array.from({ length: size * fold }, (_, p) => kernels(activation, bias, (TURN * p) / (size * fold)));
    /** Both kernels at angles that are multiples of the distance between two places. */
    this.tangent = Float64Array.from(places, (one) => one.tangent);
    this.covariance = Float64Array.from(places, (one) => one.covariance);
    const rates = this.wavesOf(this.tangent);
    const largest = Math.max(...rates);
    /** Rates λ_k of frequencies 0 to size / 2; those that are 0 but for rounding are 0. */
    this.rates = rates.map((rate) => (rate > 1e-12 * largest ? rate : 0));
    /** The same of the covariance of outputs at the start. */
    this.spreads = this.wavesOf(this.covariance).map((one) => Math.max(0, one));
  }

  /** Σ_n K(x_0, x_n) cos(k γ_n) for all frequencies, of a kernel given at all places. */
  wavesOf(/** @type {Float64Array} */ kernel) {
    const { size, fold } = this;
    return Float64Array.from({ length: carried(size) }, (_, k) => {
      let sum = 0;
      for (let n = 0; n < size; n++) sum += kernel[n * fold] * Math.cos((TURN * ((k * n) % size)) / size);
      return sum;
    });
  }

  /** 1 − e^{−λ_k t}: the share of frequency k that is learned at a time. */
  share(/** @type {number} */ k, /** @type {number} */ time) {
    return -Math.expm1(-this.rates[k] * time);
  }

  /** Over starts: the standard deviation of the coefficient of a wave of frequency k at a time, 0 < k < size / 2. */
  spread(/** @type {number} */ k, /** @type {number} */ time) {
    return Math.exp(-this.rates[k] * time) * Math.sqrt((2 * this.spreads[k]) / this.size);
  }

  /**
   * Mean of outputs at all places, for the target Σ_k amplitudes[k] sin(k γ).
   * @param {Map<number, number>} amplitudes  by frequency, below size / 2
   */
  mean(amplitudes, /** @type {number} */ time) {
    const { size, fold } = this;
    const mean = new Float64Array(size * fold);
    for (const [k, amplitude] of amplitudes) {
      const wave = this.waveOf(k);
      const factor = amplitude * growth(this.rates[k], time);
      for (let p = 0; p < mean.length; p++) mean[p] += factor * wave[p];
    }
    return mean;
  }

  /** Σ_n Θ(·, x_n) sin(k γ_n) at all places. */
  waveOf(/** @type {number} */ k) {
    this.waves ??= new Map();
    if (this.waves.has(k)) return this.waves.get(k);
    const { size, fold, tangent } = this;
    const wave = new Float64Array(size * fold);
    for (let n = 0; n < size; n++) {
      const height = Math.sin((TURN * ((k * n) % size)) / size);
      for (let p = 0; p < wave.length; p++) wave[p] += tangent[(p - n * fold + wave.length) % wave.length] * height;
    }
    this.waves.set(k, wave);
    return wave;
  }

  /** Standard deviation of outputs over starts, at all places: the same between every two data. */
  deviation(/** @type {number} */ time) {
    const { size, fold, tangent, covariance } = this;
    const total = size * fold;
    // the circulant (1 − e^{−Θt}) / Θ, by its first row
    const row = Float64Array.from({ length: size }, (_, n) => {
      let sum = 0;
      for (let k = 0; k < this.rates.length; k++) {
        const twice = k === 0 || 2 * k === size ? 1 : 2;
        sum += twice * growth(this.rates[k], time) * Math.cos((TURN * ((k * n) % size)) / size);
      }
      return sum / size;
    });
    const cell = Float64Array.from({ length: fold }, (_, p) => {
      const kernel = (n) => (p - n * fold + total) % total;
      const pull = Float64Array.from({ length: size }, (_, n) => {
        let sum = 0;
        for (let m = 0; m < size; m++) sum += tangent[kernel(m)] * row[(n - m + size) % size];
        return sum;
      });
      let variance = covariance[0];
      for (let n = 0; n < size; n++) {
        variance -= 2 * pull[n] * covariance[kernel(n)];
        for (let m = 0; m < size; m++) variance += pull[n] * pull[m] * covariance[((n - m + size) % size) * fold];
      }
      return Math.sqrt(Math.max(0, variance));
    });
    return Float64Array.from({ length: total }, (_, p) => cell[p % fold]);
  }
}
