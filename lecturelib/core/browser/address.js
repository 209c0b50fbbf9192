// The reader's settings in the address of a page: ?loss-slice.place=0.3&loss-slice.neuron=2#explorer-loss-slice
// Several explorers of a page are told apart by their names. A preset is asked for as ?loss-slice=held.
import { format, parse } from "./settings.js";

const decoded = (text) => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
};

const pairs = (query) =>
  query
    .replace(/^\?/, "")
    .split("&")
    .filter(Boolean)
    .map((part) => {
      const [key, ...rest] = part.split("=");
      return [decoded(key), decoded(rest.join("="))];
    });

/** What a query says about one explorer: settings to change, and notes in words on what could not be done as it says. */
export function read(query, spec) {
  const state = {};
  const notes = [];
  const strange = [];
  for (const [key, text] of pairs(query)) {
    if (key === spec.name && Object.hasOwn(spec.presets, text)) Object.assign(state, spec.presets[text].state);
    else if (key === spec.name) strange.push(`${key}=${text}`);
  }
  for (const [key, text] of pairs(query)) {
    if (!key.startsWith(`${spec.name}.`)) continue;
    const setting = spec.settings.find((one) => one.name === key.slice(spec.name.length + 1));
    const value = setting && parse(setting, text);
    if (value === undefined) strange.push(`${key}=${text}`);
    else state[setting.name] = value;
    if (setting?.kind === "number" && value !== undefined && value !== Number(text)) {
      const edge = value === setting.low ? `least` : `most`;
      notes.push(`The address asks for ${key} = ${text}, but the ${edge} is ${format(setting, value)}, which was taken instead.`);
    }
  }
  if (strange.length) notes.push(`Not understood in the address, and left out: ${strange.join(", ")}.`);
  return { state, notes };
}

/** The query with what it says about one explorer replaced by those of its settings that are not as at first. */
export function write(query, spec, state, first) {
  const others = query
    .replace(/^\?/, "")
    .split("&")
    .filter((part) => part && decoded(part.split("=")[0]).split(".")[0] !== spec.name);
  const mine = [];
  for (const setting of spec.settings) {
    const text = format(setting, state[setting.name]);
    if (text !== format(setting, first[setting.name])) mine.push(`${spec.name}.${setting.name}=${quoted(text)}`);
  }
  const parts = [...others, ...mine];
  return parts.length ? `?${parts.join("&")}` : "";
}

const quoted = (text) => encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3B", ";");
