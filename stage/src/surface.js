/** A surface in perspective-free projection, painted from back to front, with its box and its axes. */

import { colorsOf } from "./colors.js";
import { short } from "./axes.js";
import { scaleLinear } from "d3-scale";
import * as text from "./mathtext.js";

const FINEST = 56; // quadrilaterals along an edge
const RADIANS = Math.PI / 180;

/**
 * From the panel's space to its canvas.
 * @param {{azimuth: number, elevation: number}} turn in degrees, as matplotlib counts them
 * @returns {(x: number, y: number, z: number) => [number, number, number]} left, top, and nearness
 */
export function projection(layer, box, turn) {
  const { x, y, limits, height } = layer.style;
  const [sinA, cosA] = [Math.sin(turn.azimuth * RADIANS), Math.cos(turn.azimuth * RADIANS)];
  const [sinE, cosE] = [Math.sin(turn.elevation * RADIANS), Math.cos(turn.elevation * RADIANS)];
  const size = Math.min(box.width / 1.6, box.height / (0.95 + 0.9 * height));
  const middle = [box.left + box.width / 2, box.top + box.height / 2];
  const share = (value, [low, high]) => (value - low) / (high - low) - 0.5;
  return (a, b, c) => {
    const [u, v, w] = [share(a, x), share(b, y), height * share(c ?? limits[0], limits)];
    const across = -sinA * u + cosA * v;
    const towards = cosA * u + sinA * v;
    return [middle[0] + size * across, middle[1] - size * (cosE * w - sinE * towards), cosE * towards + sinE * w];
  };
}

export function drawSurface(context, layer, box, store, theme, turn) {
  const found = store.get(layer.arrays.Z);
  if (!found) return;
  const { values, shape } = found;
  const [rows, columns] = shape;
  const { style } = layer;
  const project = projection(layer, box, turn);
  drawBox(context, style, project, theme);
  const pick = (count) => {
    const cells = Math.min(FINEST, count - 1);
    return Array.from({ length: cells + 1 }, (_, at) => Math.round((at * (count - 1)) / cells));
  };
  const [rs, cs] = [pick(rows), pick(columns)];
  const clamp = (z) => Math.max(style.limits[0], Math.min(style.limits[1], z));
  const nodes = rs.map((row) =>
    cs.map((column) => {
      const z = clamp(values[row * columns + column]);
      const a = style.x[0] + (column / (columns - 1)) * (style.x[1] - style.x[0]);
      const b = style.y[0] + (row / (rows - 1)) * (style.y[1] - style.y[0]);
      return [...project(a, b, z), z];
    }),
  );
  const colors = colorsOf(style, theme);
  const faces = [];
  for (let row = 0; row + 1 < rs.length; row += 1) {
    for (let column = 0; column + 1 < cs.length; column += 1) {
      const corners = [nodes[row][column], nodes[row][column + 1], nodes[row + 1][column + 1], nodes[row + 1][column]];
      const z = (corners[0][3] + corners[1][3] + corners[2][3] + corners[3][3]) / 4;
      if (Number.isFinite(z)) faces.push({ corners, z, near: corners[0][2] + corners[1][2] + corners[2][2] + corners[3][2], slope: corners[2][3] - corners[0][3] });
    }
  }
  faces.sort((a, b) => a.near - b.near);
  const steep = (style.limits[1] - style.limits[0]) / 8;
  context.lineWidth = 0.6;
  context.lineJoin = "round";
  for (const { corners, z, slope } of faces) {
    const light = 1 + 0.3 * Math.max(-1, Math.min(1, slope / steep));
    const color = colors(z).map((part) => Math.min(255, part * light) | 0);
    context.fillStyle = context.strokeStyle = `rgb(${color[0]},${color[1]},${color[2]})`;
    context.beginPath();
    for (const [left, top] of corners) context.lineTo(left, top);
    context.closePath();
    context.fill();
    context.stroke();
  }
}

/** The foot of the box with its ticks, and an upright edge. */
function drawBox(context, style, project, theme) {
  const [low, high] = style.limits;
  const font = { size: 10, family: theme.family };
  const corner = (a, b, c) => project(style.x[a], style.y[b], c);
  context.strokeStyle = theme.faint;
  context.lineWidth = 1;
  for (const [name, other] of [["x", "y"], ["y", "x"]]) {
    for (const value of scaleLinear().domain(style[name]).ticks(4)) {
      const ends = style[other].map((edge) => (name === "x" ? project(value, edge, low) : project(edge, value, low)));
      context.beginPath();
      ends.forEach(([left, top]) => context.lineTo(left, top));
      context.stroke();
      const near = ends[0][1] > ends[1][1] ? ends[0] : ends[1];
      const away = ends[0][1] > ends[1][1] ? ends[1] : ends[0];
      const length = Math.hypot(near[0] - away[0], near[1] - away[1]) || 1;
      const out = [(near[0] - away[0]) / length, (near[1] - away[1]) / length];
      text.draw(context, short(value), near[0] + 11 * out[0], near[1] + 11 * out[1], font, { align: "center", color: theme.soft });
    }
  }
  const corners = [[0, 0], [1, 0], [1, 1], [0, 1]];
  const leftmost = corners.toSorted((a, b) => corner(...a, low)[0] - corner(...b, low)[0])[0];
  context.strokeStyle = theme.soft;
  context.beginPath();
  corners.forEach((at) => context.lineTo(...corner(...at, low).slice(0, 2)));
  context.closePath();
  const [foot, head] = [corner(...leftmost, low), corner(...leftmost, high)];
  context.moveTo(foot[0], foot[1]);
  context.lineTo(head[0], head[1]);
  context.stroke();
  for (const value of scaleLinear().domain(style.limits).ticks(4)) {
    const [left, top] = project(style.x[leftmost[0]], style.y[leftmost[1]], value);
    text.draw(context, short(value), left - 5, top, font, { align: "right", color: theme.soft });
  }
  if (style.z) text.draw(context, style.z, head[0], head[1] - 12, { size: 11, family: theme.family }, { align: "center", color: theme.ink, halo: theme.paper });
}

/** Names of the axes of the foot, beside its near edges. */
export function drawNames(context, panel, layer, project, theme) {
  const { style } = layer;
  const font = { size: 12, family: theme.family };
  for (const [name, label] of [["x", panel.axes.x], ["y", panel.axes.y]]) {
    if (!label) continue;
    const middle = (style[name][0] + style[name][1]) / 2;
    const other = style[name === "x" ? "y" : "x"];
    const ends = other.map((edge) => (name === "x" ? project(middle, edge, style.limits[0]) : project(edge, middle, style.limits[0])));
    const [near, away] = ends[0][1] > ends[1][1] ? ends : ends.toReversed();
    const length = Math.hypot(near[0] - away[0], near[1] - away[1]) || 1;
    text.draw(context, label, near[0] + (26 * (near[0] - away[0])) / length, near[1] + (26 * (near[1] - away[1])) / length, font, { align: "center", color: theme.ink, halo: theme.paper });
  }
}
