/** A stage without a kernel: a grid of settings, each with its picture, all inside one page. */

import { Session } from "./session.js";
import { show } from "./view.js";

const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

/**
 * @param {{spec: object, axes: [string, any[]][], pictures: object[], arrays: Record<string, [string, number[]]>}} frozen
 * the grid's settings with their stops, pictures in the order of the grid (the last setting runs fastest), arrays in base64
 */
export function hostOf({ spec, axes, pictures, arrays }) {
  let listener = () => {};
  const decoded = new Map();
  const valuesOf = (name) => {
    if (!decoded.has(name)) decoded.set(name, new Float32Array(decode(arrays[name][0])));
    return decoded.get(name);
  };
  const answerTo = (settings, number) => {
    const stops = axes.map(([name, values]) => nearest(values, settings[name]));
    const at = stops.reduce((index, stop, axis) => index * axes[axis][1].length + stop, 0);
    const { panels, note, error } = pictures[at];
    const exact = { ...settings, ...Object.fromEntries(axes.map(([name, values], axis) => [name, values[stops[axis]]])) };
    if (error) return [{ kind: "picture", number, error, settings: exact, arrays: [] }];
    const names = new Set(panels.flatMap((panel) => (panel.layers ?? []).flatMap((layer) => Object.values(layer.arrays))));
    const entries = [];
    const pieces = [];
    let offset = 0;
    for (const name of names) {
      const piece = valuesOf(name);
      entries.push([name, offset, arrays[name][1]]);
      pieces.push(piece);
      offset += piece.length;
    }
    const all = new Float32Array(offset);
    pieces.forEach((piece, which) => all.set(piece, entries[which][1]));
    return [{ kind: "picture", number, panels, note, settings: exact, arrays: entries }, all.buffer];
  };
  const [opening, buffer] = answerTo(spec.settings, 0);
  return {
    spec,
    opening: { ...opening, buffer },
    ask: ({ settings, number }) => queueMicrotask(() => listener(...answerTo(settings, number))),
    listen: (answered) => (listener = answered),
  };
}

function nearest(values, wanted) {
  const distance = (value) => {
    if (typeof value === "number") return Math.abs(value - wanted);
    if (Array.isArray(value) && typeof value[0] === "number") return Math.hypot(value[0] - wanted[0], value[1] - wanted[1]);
    return JSON.stringify(value) === JSON.stringify(wanted) ? 0 : 1;
  };
  return values.reduce((best, value, at) => (distance(value) < distance(values[best]) ? at : best), 0);
}

/** Show every frozen stage that the page holds. */
export function thaw() {
  for (const script of document.querySelectorAll("script[data-frozen-stage]")) {
    const host = document.createElement("div");
    script.after(host);
    show(new Session(hostOf(JSON.parse(script.textContent))), host);
  }
}
