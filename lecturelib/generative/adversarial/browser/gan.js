// A generator and a discriminator with one hidden layer of ReLU neurons each, trained in turns. The same algorithm and the
// same order of numbers as lecturelib/core/small_steps.py and lecturelib/generative/adversarial/steps.py, with which the
// tests compare it. Points stand one after the other, coordinate by coordinate.

const EPS = 1e-8;
const ADAM = { momentum: 0.5, decay: 0.999 };

/** How many numbers a network has: weights (hidden × 2) and biases, then those of the outputs. */
export const sizeOf = (hidden, out) => 3 * hidden + (hidden + 1) * out;

/** A network of two inputs and one or two outputs, with room for so many points. */
export function makeNetwork(hidden, out, points) {
  const count = sizeOf(hidden, out);
  const [biases, second, last] = [2 * hidden, 3 * hidden, 3 * hidden + hidden * out];
  const theta = new Float64Array(count);
  const gradient = new Float64Array(count);
  const means = [new Float64Array(count), new Float64Array(count)];
  const h = new Float64Array(points * hidden);
  let steps = 0;
  return {
    theta,
    gradient,
    /** Outputs y of the first n points of x; the hidden activations stay for `backward`. */
    forward(x, y, n) {
      for (let p = 0; p < n * out; p += 1) y[p] = theta[last + (p % out)];
      for (let i = 0; i < hidden; i += 1) {
        const [w, u, b, v] = [theta[2 * i], theta[2 * i + 1], theta[biases + i], theta[second + i]];
        const t = out === 2 ? theta[second + hidden + i] : 0;
        for (let p = 0; p < n; p += 1) {
          const a = Math.max(0, b + w * x[2 * p] + u * x[2 * p + 1]);
          h[i * points + p] = a;
          if (out === 2) {
            y[2 * p] += v * a;
            y[2 * p + 1] += t * a;
          } else y[p] += v * a;
        }
      }
    },
    /** From delta, derivatives by outputs, to the gradient. */
    backward(x, delta, n) {
      for (let i = 0; i < hidden; i += 1) {
        const v = theta[second + i];
        const t = out === 2 ? theta[second + hidden + i] : 0;
        let [forW, forU, forB, forV, forT] = [0, 0, 0, 0, 0];
        for (let p = 0; p < n; p += 1) {
          const a = h[i * points + p];
          const one = delta[out * p];
          const two = out === 2 ? delta[2 * p + 1] : 0;
          const back = a > 0 ? v * one + t * two : 0;
          forV += a * one;
          forT += a * two;
          forB += back;
          forW += back * x[2 * p];
          forU += back * x[2 * p + 1];
        }
        gradient[2 * i] = forW;
        gradient[2 * i + 1] = forU;
        gradient[biases + i] = forB;
        gradient[second + i] = forV;
        if (out === 2) gradient[second + hidden + i] = forT;
      }
      for (let o = 0; o < out; o += 1) {
        gradient[last + o] = 0;
        for (let p = 0; p < n; p += 1) gradient[last + o] += delta[out * p + o];
      }
    },
    /** From delta to blame, derivatives by inputs, of a network of one output. */
    pass(delta, blame, n) {
      blame.fill(0);
      for (let i = 0; i < hidden; i += 1) {
        const [w, u, v] = [theta[2 * i], theta[2 * i + 1], theta[second + i]];
        for (let p = 0; p < n; p += 1) {
          const back = h[i * points + p] > 0 ? v * delta[p] : 0;
          blame[2 * p] += w * back;
          blame[2 * p + 1] += u * back;
        }
      }
    },
    /** A step of Adam, as torch.optim has it. */
    move(rate) {
      steps += 1;
      const pace = rate / (1 - ADAM.momentum ** steps);
      const spread = 1 / Math.sqrt(1 - ADAM.decay ** steps);
      const [one, two] = means;
      for (let i = 0; i < count; i += 1) {
        const g = gradient[i];
        one[i] += (1 - ADAM.momentum) * (g - one[i]);
        two[i] = ADAM.decay * two[i] + (1 - ADAM.decay) * g * g;
        theta[i] -= (pace * one[i]) / (spread * Math.sqrt(two[i]) + EPS);
      }
    },
    /** Weights of variance 2 / (in + out), biases 0. */
    start(normal) {
      theta.fill(0);
      for (let i = 0; i < biases; i += 1) theta[i] = normal() * Math.sqrt(2 / (2 + hidden));
      for (let i = second; i < last; i += 1) theta[i] = normal() * Math.sqrt(2 / (hidden + out));
    },
  };
}

const sigmoid = (a) => 1 / (1 + Math.exp(-a));
const softplus = (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));

/** Both networks, for batches of so many points in the plane. */
export function makePair(hidden, batch) {
  const g = makeNetwork(hidden, 2, batch);
  const d = makeNetwork(hidden, 1, 2 * batch);
  const made = new Float64Array(2 * batch);
  const both = new Float64Array(4 * batch);
  const logits = new Float64Array(2 * batch);
  const delta = new Float64Array(2 * batch);
  const blame = new Float64Array(2 * batch);
  const points = { real: new Float64Array(2 * batch), noise: new Float64Array(2 * batch) };
  return {
    g,
    d,
    batch,
    /** A step of D, by what it says of real points and of those made from noise, (x, y) each. */
    learn(real, noise, rate) {
      g.forward(noise, made, batch);
      both.set(real);
      both.set(made, 2 * batch);
      d.forward(both, logits, 2 * batch);
      for (let n = 0; n < batch; n += 1) {
        delta[n] = -sigmoid(-logits[n]) / batch;
        delta[batch + n] = sigmoid(logits[batch + n]) / batch;
      }
      d.backward(both, delta, 2 * batch);
      d.move(rate);
    },
    /** A step of G, through D, on the saturating loss or on the other one. */
    make(noise, rate, saturating) {
      g.forward(noise, made, batch);
      d.forward(made, logits, batch);
      for (let n = 0; n < batch; n += 1) delta[n] = -sigmoid(saturating ? logits[n] : -logits[n]) / batch;
      d.pass(delta, blame, batch);
      g.backward(noise, blame, batch);
      g.move(rate);
    },
    /** One step of training: `rounds` of D and one of G, with fresh points from real() and normal(). */
    step({ rate, rounds, saturating }, real, normal) {
      const noise = () => points.noise.forEach((_, k) => (points.noise[k] = normal()));
      for (let k = 0; k < rounds; k += 1) {
        real(points.real);
        noise();
        this.learn(points.real, points.noise, rate);
      }
      noise();
      this.make(points.noise, rate, saturating);
    },
  };
}

/** The game of the explorer: data of side² clumps, a pair, and what it makes of `shown` latent points that stay. */
export function makeGame({ side, spacing, scale, hidden, batch, shown }, { uniform, normal }) {
  const pair = makePair(hidden, batch);
  pair.g.start(normal);
  pair.d.start(normal);
  const middle = (side - 1) / 2;
  const centres = Array.from({ length: side * side }, (_, k) => [spacing * (Math.floor(k / side) - middle), spacing * ((k % side) - middle)]);
  const real = (into) => {
    for (let n = 0; n < into.length; n += 2) {
      const [x, y] = centres[Math.floor(uniform() * centres.length)];
      into[n] = x + scale * normal();
      into[n + 1] = y + scale * normal();
    }
  };
  const latents = Float64Array.from({ length: 2 * shown }, normal);
  const data = new Float64Array(2 * shown);
  real(data);
  // as many points at a time as the room of the networks holds
  const inPieces = (network, x, out) => {
    const [n, y] = [x.length / 2, new Float64Array((x.length / 2) * out)];
    for (let k = 0; k < n; k += batch) {
      const end = Math.min(n, k + batch);
      network.forward(x.subarray(2 * k, 2 * end), y.subarray(out * k, out * end), end - k);
    }
    return y;
  };
  return {
    pair,
    centres,
    data,
    steps: 0,
    advance(settings, count) {
      for (let k = 0; k < count; k += 1) pair.step(settings, real, normal);
      this.steps += count;
    },
    samples: () => inPieces(pair.g, latents, 2),
    /** Logits of D at points (x, y) one after the other. */
    judge: (x) => inPieces(pair.d, x, 1),
    /** V / 2 + ln 2 on the points shown: what D sees of the divergence. */
    seen(samples) {
      const mean = (values, sign) => values.reduce((sum, a) => sum - softplus(sign * a), 0) / values.length;
      return (mean(inPieces(pair.d, data, 1), -1) + mean(inPieces(pair.d, samples, 1), 1)) / 2 + Math.LN2;
    },
  };
}

/** Modes that points cover: within `radius` standard deviations of the nearest centre; `well` with a share of them. */
export function coveredModes(samples, centres, scale, radius = 3, share = 0.01) {
  const counts = centres.map(() => 0);
  const total = samples.length / 2;
  for (let n = 0; n < samples.length; n += 2) {
    let [best, least] = [0, Infinity];
    centres.forEach(([x, y], k) => {
      const away = Math.hypot(samples[n] - x, samples[n + 1] - y);
      if (away < least) [best, least] = [k, away];
    });
    if (least <= radius * scale) counts[best] += 1;
  }
  const enough = Math.max(1, Math.ceil(share * total));
  return {
    counts,
    hit: counts.filter((one) => one > 0).length,
    well: counts.filter((one) => one >= enough).length,
    none: 1 - counts.reduce((sum, one) => sum + one, 0) / total,
  };
}
