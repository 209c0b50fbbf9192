// Time: frames while something plays, and calls that come not too often.
import { tell } from "./failing.js";

/** Calls `tick(milliseconds since the last frame)` once a frame while it runs; rests while nobody can see `seen`. */
export function clock(seen, tick) {
  let running = false;
  let visible = true;
  let request = 0;
  let last = 0;
  const frame = (now) => {
    request = 0;
    if (!running) return; // a frame was asked for before it was stopped
    try {
      tick(Math.min(100, now - last));
    } catch (error) {
      running = false;
      tell(seen, error);
    }
    last = now;
    next();
  };
  const next = () => {
    if (running && visible && !request) request = requestAnimationFrame(frame);
  };
  const observer = new IntersectionObserver((entries) => {
    visible = entries.at(-1).isIntersecting;
    last = performance.now();
    next();
  });
  observer.observe(seen);
  return {
    get running() {
      return running;
    },
    start() {
      running = true;
      last = performance.now();
      next();
    },
    stop() {
      running = false;
    },
    end() {
      running = false;
      cancelAnimationFrame(request);
      observer.disconnect();
    },
  };
}

/** `act` at once, and then at most every so many milliseconds; the last call is never lost. */
export function throttled(milliseconds, act) {
  let timer = 0;
  let waiting = null;
  const rest = () => {
    timer = 0;
    if (waiting) call(...waiting);
  };
  const call = (...values) => {
    waiting = null;
    timer = setTimeout(rest, milliseconds);
    act(...values);
  };
  const limited = (...values) => {
    if (timer) waiting = values;
    else call(...values);
  };
  limited.cancel = () => {
    clearTimeout(timer);
    timer = 0;
    waiting = null;
  };
  return limited;
}

/** Does the reader ask for less motion? Then nothing may glide or play unless started by hand. */
export function prefersStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
