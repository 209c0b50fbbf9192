// Two weights, a parabola with two curvatures: where the flow is at a time, and ridge at a penalty. The same formulas as
// lecturelib/core/least_squares.py and lecturelib/bias/early_stopping, with which the tests compare them.

/** The part of its distance that a mode of curvature c has gone: by the flow at time t, by ridge with penalty λ. */
export const byFlow = (c, t) => -Math.expm1(-c * t);
export const byRidge = (c, penalty) => (penalty === Infinity ? 0 : c / (c + penalty));

/** The penalty with which ridge would be where the flow is. */
export const penalty = (c, t) => (c === 0 ? 1 / t : c / Math.expm1(c * t));

/** Directions of the two modes: the first at an angle to the first axis, in degrees. */
export function axes(angle) {
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  return [[cos, sin], [-sin, cos]];
}

/** The place from which mode k still has the rest of `parts[k]` to go. */
export function place(start, goal, angle, parts) {
  const way = [goal[0] - start[0], goal[1] - start[1]];
  return axes(angle).reduce(([x, y], [p, q], k) => {
    const gone = parts[k] * (way[0] * p + way[1] * q);
    return [x + gone * p, y + gone * q];
  }, start);
}

/** Places of both paths at these times, ridge with λ = 1/t. curvatures: of the two modes. */
export function paths({ start, goal, angle, curvatures }, times) {
  return {
    flow: times.map((t) => place(start, goal, angle, curvatures.map((c) => byFlow(c, t)))),
    ridge: times.map((t) => place(start, goal, angle, curvatures.map((c) => byRidge(c, 1 / t)))),
  };
}

/** A line of equal loss, ½ Σ c (distance along the mode)² = level, as a closed polygon. */
export function ellipse({ goal, angle, curvatures }, level, count = 120) {
  const modes = axes(angle);
  return Array.from({ length: count + 1 }, (_, k) => {
    const turn = (2 * Math.PI * k) / count;
    const radii = curvatures.map((c) => Math.sqrt((2 * level) / c));
    const [one, two] = [radii[0] * Math.cos(turn), radii[1] * Math.sin(turn)];
    return [goal[0] + one * modes[0][0] + two * modes[1][0], goal[1] + one * modes[0][1] + two * modes[1][1]];
  });
}
