// Settings of an explorer: what Python declared (see lecturelib/core/controls.py), as values, as text, in the address.
import { clamp } from "./numbers.js";

/** The nearest value that a number setting can have. */
export function rounded(setting, value) {
  const inside = clamp(value, setting.low, setting.high);
  if (!setting.step) return Number(inside.toPrecision(4));
  const steps = Math.round((inside - setting.low) / setting.step);
  return clamp(Number((setting.low + steps * setting.step).toPrecision(12)), setting.low, setting.high);
}

/** Where a number stands on its slider, from 0 to 1. */
export function position(setting, value) {
  if (!setting.log) return (value - setting.low) / (setting.high - setting.low);
  return Math.log(value / setting.low) / Math.log(setting.high / setting.low);
}

/** The number at a place of its slider. */
export function atPosition(setting, place) {
  if (!setting.log) return rounded(setting, setting.low + place * (setting.high - setting.low));
  return rounded(setting, setting.low * (setting.high / setting.low) ** place);
}

/** A coordinate with six decimals, as Python has it: two places are the same or can be told apart. NaN for no number. */
const coordinate = (text) => (text.trim() === "" ? NaN : Number(Number(text).toFixed(6)));

const KINDS = {
  number: {
    parse(setting, text) {
      const value = text.trim() === "" ? NaN : Number(text);
      return Number.isFinite(value) ? clamp(value, setting.low, setting.high) : undefined;
    },
    format: (setting, value) => String(Number(value.toPrecision(12))),
  },
  choice: {
    parse: (setting, text) => (Object.hasOwn(setting.options, text) ? text : undefined),
    format: (setting, value) => value,
  },
  switch: {
    parse: (setting, text) => ({ on: true, off: false })[text],
    format: (setting, value) => (value ? "on" : "off"),
  },
  points: {
    parse(setting, text) {
      const points = text === "" ? [] : text.split(";").map((pair) => pair.split(",").map(coordinate));
      const fine = points.every((pair) => pair.length === 2 && pair.every((part) => Math.abs(part) <= setting.limit));
      return fine && points.length <= setting.most ? points : undefined;
    },
    format: (setting, value) => value.map((pair) => pair.map((v) => Number(v.toPrecision(6))).join(",")).join(";"),
  },
};

/** A value from its text, undefined where the text is none; numbers are brought within their limits. */
export function parse(setting, text) {
  return KINDS[setting.kind].parse(setting, text);
}

/** A value as text that `parse` reads again. */
export function format(setting, value) {
  return KINDS[setting.kind].format(setting, value);
}
