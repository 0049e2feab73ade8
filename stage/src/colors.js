/** Colour maps by matplotlib's names. */

import { interpolateGreys, interpolateMagma, interpolateRdBu, interpolateViridis } from "d3-scale-chromatic";
import { rgb } from "d3-color";

const MAPS = {
  viridis: interpolateViridis,
  magma: interpolateMagma,
  gray: (share) => interpolateGreys(1 - share),
  RdBu_r: (share) => interpolateRdBu(1 - share),
};
const tables = new Map();

/** 256 colours of a map, as [r, g, b]. */
function tableOf(name) {
  if (!tables.has(name)) {
    const table = Array.from({ length: 256 }, (_, step) => {
      const { r, g, b } = rgb(MAPS[name](step / 255));
      return [Math.round(r), Math.round(g), Math.round(b)];
    });
    tables.set(name, table);
  }
  return tables.get(name);
}

/**
 * A function from a value to [r, g, b], or null where there is none (NaN).
 * @param {{map?: string, palette?: string[], limits?: number[]}} style
 * @param {{color: (hex: string) => string}} theme
 */
export function colorsOf(style, theme) {
  if (style.palette) {
    const palette = style.palette.map((color) => {
      const { r, g, b } = rgb(theme.color(color));
      return [r, g, b];
    });
    return (value) => palette[Math.round(value)] ?? null;
  }
  const table = tableOf(style.map);
  const [low, high] = style.limits;
  return (value) => {
    if (Number.isNaN(value)) return null;
    const share = (value - low) / (high - low);
    return table[Math.max(0, Math.min(255, Math.round(255 * share)))];
  };
}

export const css = (color) => (color ? `rgb(${color[0]},${color[1]},${color[2]})` : "transparent");
