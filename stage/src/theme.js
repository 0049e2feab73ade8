/** Light and dark: what the page around uses, and the course's colours in both. */

import { hsl, rgb } from "d3-color";

const DARK = {
  "#1f2430": "#e4e7ee",
  "#3e90d5": "#64b1f0",
  "#e36c17": "#ff9147",
  "#0f5e35": "#4fce92",
  "#68147e": "#d69aec",
  "#8d929a": "#8f96a3",
};

/**
 * The colours and the font to draw with now.
 * @param {HTMLElement} root its CSS decides
 */
export function themeOf(root) {
  const style = getComputedStyle(root);
  const paper = rgb(style.backgroundColor);
  const dark = luminance(paper) < 0.4;
  return {
    dark,
    paper: paper.formatHex(),
    ink: dark ? "#e4e7ee" : "#1f2430",
    soft: dark ? "#a7adb9" : "#5a606b",
    faint: dark ? "#343a47" : "#e3e6ea",
    family: style.fontFamily || "system-ui, sans-serif",
    color: (hex) => (dark ? (DARK[hex.toLowerCase()] ?? turned(hex)) : hex),
  };
}

/** A very light or very dark colour of a scene's own, made for white paper, as it should be on dark paper. */
function turned(color) {
  const found = hsl(color);
  if (found.l > 0.75) found.l = 1.12 - found.l;
  else if (found.l < 0.25) found.l = 1 - found.l;
  return found.formatHex();
}

/** Call `changed` when the page turns light or dark. Returns what ends it. */
export function watchTheme(changed) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", changed);
  const observer = new MutationObserver(() => requestAnimationFrame(changed));
  const attributes = { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-light", "data-jp-theme-name"] };
  observer.observe(document.body, attributes);
  observer.observe(document.documentElement, attributes);
  return () => {
    query.removeEventListener("change", changed);
    observer.disconnect();
  };
}

const luminance = ({ r, g, b }) => (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;

/** Black or white, whichever reads better on a colour. */
export const inkOn = (color) => (luminance(rgb(color)) > 0.5 ? "#1f2430" : "#ffffff");
