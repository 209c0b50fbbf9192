// A small classifier of points in the plane, trained by mini-batches: the same steps and the same order of numbers as
// lecturelib/equivariance/composition/classifier.py, with which the tests compare it.

const RADIUS = 5;
const FORMULAS = {
  x1: (a) => a,
  x2: (a, b) => b,
  "x1²": (a) => a * a,
  "x2²": (a, b) => b * b,
  x1x2: (a, b) => a * b,
  "sin x1": (a) => Math.sin(a),
  "sin x2": (a, b) => Math.sin(b),
};
/** Each activation, and its slope as a function of its value. */
const BENDS = {
  tanh: [Math.tanh, (h) => 1 - h * h],
  relu: [(z) => Math.max(0, z), (h) => (h > 0 ? 1 : 0)],
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (h) => h * (1 - h)],
  linear: [(z) => z, () => 1],
};

/** Features of points (x, y) one after the other: those of the first point, then those of the second, … */
export function features(x, names) {
  const found = new Float64Array((x.length / 2) * names.length);
  for (let n = 0; 2 * n < x.length; n += 1) names.forEach((name, k) => (found[n * names.length + k] = FORMULAS[name](x[2 * n], x[2 * n + 1])));
  return found;
}

/** How many numbers a network has; sizes from its features to its output. */
export const countOf = (sizes) => sizes.slice(1).reduce((sum, width, k) => sum + (sizes[k] + 1) * width, 0);

/** A network with room for so many points. Values stand point by point, in one array for each layer. */
export function makeNetwork(sizes, activation, points) {
  const [bend, slope] = BENDS[activation];
  const theta = new Float64Array(countOf(sizes));
  const gradient = new Float64Array(theta.length);
  const values = sizes.map((width) => new Float64Array(width * points));
  const deltas = sizes.map((width) => new Float64Array(width * points));
  const places = [0];
  for (let k = 1; k < sizes.length; k += 1) places.push(places[k - 1] + (sizes[k - 1] + 1) * sizes[k]);
  const last = sizes.length - 1;
  return {
    theta,
    gradient,
    sizes,
    /** Values of all layers for the first n points of the features x; the last is the output tanh. */
    forward(x, n) {
      values[0].set(x.subarray ? x.subarray(0, n * sizes[0]) : x);
      for (let layer = 1; layer <= last; layer += 1) {
        const [fan, width, at] = [sizes[layer - 1], sizes[layer], places[layer - 1]];
        const [from, to, f] = [values[layer - 1], values[layer], layer === last ? Math.tanh : bend];
        for (let p = 0; p < n; p += 1) {
          for (let i = 0; i < width; i += 1) {
            let z = theta[at + fan * width + i];
            for (let j = 0; j < fan; j += 1) z += theta[at + i * fan + j] * from[p * fan + j];
            to[p * width + i] = f(z);
          }
        }
      }
      return values;
    },
    /** The gradient of the mean of ½ (f − y)² over the points of the last `forward`, with labels y. */
    backward(y, n) {
      gradient.fill(0);
      for (let p = 0; p < n; p += 1) {
        const f = values[last][p];
        deltas[last][p] = ((f - y[p]) * (1 - f * f)) / n;
      }
      for (let layer = last; layer > 0; layer -= 1) {
        const [fan, width, at] = [sizes[layer - 1], sizes[layer], places[layer - 1]];
        const [from, to, back, delta] = [values[layer - 1], deltas[layer - 1], layer > 1, deltas[layer]];
        for (let p = 0; p < n; p += 1) {
          for (let j = 0; j < fan; j += 1) {
            let sum = 0;
            for (let i = 0; i < width; i += 1) {
              gradient[at + i * fan + j] += delta[p * width + i] * from[p * fan + j];
              sum += theta[at + i * fan + j] * delta[p * width + i];
            }
            if (back) to[p * fan + j] = sum * slope(from[p * fan + j]);
          }
          for (let i = 0; i < width; i += 1) gradient[at + fan * width + i] += delta[p * width + i];
        }
      }
    },
    move(rate) {
      for (let k = 0; k < theta.length; k += 1) theta[k] -= rate * gradient[k];
    },
    /** Weights uniform on (−½, ½), biases 0.1. */
    start(uniform) {
      theta.fill(0.1);
      for (let layer = 1; layer <= last; layer += 1) {
        const [count, at] = [sizes[layer - 1] * sizes[layer], places[layer - 1]];
        for (let k = 0; k < count; k += 1) theta[at + k] = uniform() - 0.5;
      }
    },
  };
}

/** Points of a cloud in a random order: {x: (x, y) one after the other, y: labels ±1}. */
export function drawPoints(cloud, count, noise, { uniform, normal }) {
  const made = [];
  const between = (low, high) => low + (high - low) * uniform();
  const first = Math.ceil(count / 2);
  for (let n = 0; n < count; n += 1) {
    const inside = n < first;
    const away = [noise * between(-1, 1), noise * between(-1, 1)];
    if (cloud === "gauss") {
      const [middle, spread] = [inside ? 2 : -2, Math.sqrt(0.5 + 7 * noise)];
      made.push([middle + spread * normal(), middle + spread * normal(), inside ? 1 : -1]);
    } else if (cloud === "spiral") {
      const part = (n % first) / first;
      const angle = 3.5 * Math.PI * part + (inside ? 0 : Math.PI);
      made.push([RADIUS * part * Math.sin(angle) + away[0], RADIUS * part * Math.cos(angle) + away[1], inside ? 1 : -1]);
    } else if (cloud === "circle") {
      const radius = inside ? between(0, RADIUS / 2) : between(0.7 * RADIUS, RADIUS);
      const angle = between(0, 2 * Math.PI);
      const [x, y] = [radius * Math.sin(angle), radius * Math.cos(angle)];
      made.push([x, y, Math.hypot(x + RADIUS * away[0], y + RADIUS * away[1]) < RADIUS / 2 ? 1 : -1]);
    } else {
      const [x, y] = [between(-RADIUS, RADIUS), between(-RADIUS, RADIUS)].map((one) => one + (one > 0 ? 0.3 : -0.3));
      made.push([x, y, (x + RADIUS * away[0]) * (y + RADIUS * away[1]) >= 0 ? 1 : -1]);
    }
  }
  for (let n = count - 1; n > 0; n -= 1) {
    const other = Math.floor(uniform() * (n + 1));
    [made[n], made[other]] = [made[other], made[n]];
  }
  return { x: Float64Array.from(made.flatMap(([x, y]) => [x, y])), y: Float64Array.from(made.map((one) => one[2])) };
}

/**
 * A run of the explorer: points, one half of them for training, and a network that learns them.
 * @param {{cloud: string, noise: number, names: string[], hidden: number[], activation: string, points: number, batch: number}} plan
 */
export function makeRun({ cloud, noise, names, hidden, activation, points, batch }, draws) {
  const { x, y } = drawPoints(cloud, points, noise, draws);
  const half = Math.floor(points / 2);
  const sizes = [names.length, ...hidden, 1];
  const network = makeNetwork(sizes, activation, Math.max(batch, half));
  network.start(draws.uniform);
  const inputs = features(x, names);
  const wide = names.length;
  /** Loss and share of errors on points from..to. */
  const judge = (from, to) => {
    const f = network.forward(inputs.subarray(from * wide, to * wide), to - from).at(-1);
    let [loss, wrong] = [0, 0];
    for (let n = from; n < to; n += 1) {
      loss += (0.5 * (f[n - from] - y[n]) ** 2) / (to - from);
      if (f[n - from] >= 0 !== y[n] > 0) wrong += 1 / (to - from);
    }
    return { loss, wrong };
  };
  return {
    x,
    y,
    half,
    network,
    epochs: 0,
    /** One pass over the points for training, batch after batch. */
    epoch(rate) {
      for (let k = 0; k + batch <= half; k += batch) {
        network.forward(inputs.subarray(k * wide, (k + batch) * wide), batch);
        network.backward(y.subarray(k, k + batch), batch);
        network.move(rate);
      }
      this.epochs += 1;
    },
    judge: () => ({ train: judge(0, half), test: judge(half, points) }),
  };
}

/** Values of all layers on `side` × `side` places of the square [−end, end]², the lowest row first. */
export function mapsOf({ theta, sizes }, activation, names, side, end) {
  const places = [];
  for (let row = 0; row < side; row += 1) for (let k = 0; k < side; k += 1) places.push(end * ((2 * k + 1) / side - 1), end * ((2 * row + 1) / side - 1));
  const network = makeNetwork(sizes, activation, side * side);
  network.theta.set(theta);
  return network.forward(features(places, names), side * side);
}
