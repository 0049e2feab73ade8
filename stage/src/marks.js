/** Lines, points, rectangles, arrows, texts, and the key: marks on a plot's canvas. */

import { colorsOf, css } from "./colors.js";
import { keyLayout } from "./axes.js";
import * as text from "./mathtext.js";

const FAR = 1e5; // pixels; beyond it a canvas loses count
const far = (pixel) => (pixel > FAR ? FAR : pixel < -FAR ? -FAR : pixel);

/**
 * Where a layer's points lie on the canvas; NaN where there is nothing to draw.
 * @param {(x: number, y: number, z: number) => number[]} project from the panel
 */
export function pixels(layer, store, project) {
  const x = store.get(layer.arrays.x)?.values ?? [];
  const y = store.get(layer.arrays.y)?.values ?? [];
  const z = layer.arrays.z ? store.get(layer.arrays.z)?.values : undefined;
  const found = new Array(x.length);
  for (let at = 0; at < x.length; at += 1) {
    const [left, top] = project(x[at], y[at], z?.[at]);
    found[at] = Number.isFinite(left) && Number.isFinite(top) ? [far(left), far(top)] : null;
  }
  return found;
}

function trace(context, places) {
  context.beginPath();
  let pen = false;
  for (const place of places) {
    if (place) context[pen ? "lineTo" : "moveTo"](place[0], place[1]);
    pen = Boolean(place);
  }
}

/** @param {boolean} cased whether a rim of paper parts the line from the field below */
export function drawLine(context, layer, places, box, theme, cased) {
  const { style } = layer;
  const color = theme.color(style.color);
  context.save();
  context.globalAlpha = style.opacity;
  context.lineJoin = context.lineCap = "round";
  if (style.fill) {
    const seen = places.filter(Boolean);
    trace(context, seen);
    if (style.fill === "below" && seen.length) {
      const foot = Math.min(box.top + box.height, Math.max(box.top, box.y(0) || box.top + box.height));
      context.lineTo(seen.at(-1)[0], foot);
      context.lineTo(seen[0][0], foot);
    }
    context.closePath();
    context.globalAlpha = 0.15 * style.opacity;
    context.fillStyle = color;
    context.fill();
    context.globalAlpha = style.opacity;
  }
  trace(context, places);
  if (style.fill === "closed") context.closePath();
  if (cased) {
    context.strokeStyle = theme.paper;
    context.lineWidth = style.width + 2.4;
    context.globalAlpha = 0.8 * style.opacity;
    context.stroke();
    context.globalAlpha = style.opacity;
  }
  context.strokeStyle = color;
  context.lineWidth = style.width;
  if (style.dash.length) context.lineCap = "butt";
  context.setLineDash(style.dash.map((part) => part * style.width));
  context.stroke();
  context.restore();
}

/** A line's markers: at its last point, smaller ones before it; those within the plot are drawn whole. */
export function drawHeads(context, layer, places, box, theme) {
  const { style } = layer;
  if (!style.marker) return;
  const color = theme.color(style.color);
  const last = places.findLastIndex(Boolean);
  context.save();
  context.globalAlpha = style.opacity;
  for (let at = places.length - 1; at >= 0 && style.every; at -= style.every) {
    if (at !== last && within(places[at], box)) drawMarker(context, style.marker, places[at], 3.4, color, theme.paper);
  }
  if (within(places[last], box)) drawMarker(context, style.marker, places[last], 5, color, theme.paper);
  context.restore();
}

const within = (place, { left, top, width, height }) =>
  place && place[0] >= left - 1 && place[0] <= left + width + 1 && place[1] >= top - 1 && place[1] <= top + height + 1;

export function drawPoints(context, layer, places, store, theme) {
  const { style } = layer;
  const values = layer.arrays.values ? store.get(layer.arrays.values)?.values : undefined;
  const colors = values && colorsOf(style, theme);
  const plain = theme.color(style.color);
  context.save();
  context.globalAlpha = style.opacity;
  places.forEach((place, at) => {
    if (place) drawMarker(context, style.marker, place, style.size / 2, colors ? css(colors(values[at])) : plain, style.size > 3.5 ? theme.paper : "");
  });
  context.restore();
}

export function drawRects(context, layer, store, project, theme) {
  const { style } = layer;
  const get = (name) => store.get(layer.arrays[name])?.values ?? [];
  const [x, y, width, height] = ["x", "y", "width", "height"].map(get);
  context.save();
  context.globalAlpha = style.opacity;
  context.lineWidth = 1.3;
  context.setLineDash(style.dash.map((part) => part * 1.3));
  x.forEach((_, at) => {
    const [left, foot] = project(x[at], y[at]).map(far);
    const [right, head] = project(x[at] + width[at], y[at] + height[at]).map(far);
    const color = theme.color(style.colors?.[at] ?? style.color);
    context.beginPath();
    const sides = [Math.min(left, right), Math.min(foot, head), Math.abs(right - left), Math.abs(head - foot)];
    if (style.rounded) context.roundRect(...sides, Math.min(style.rounded, sides[2] / 2, sides[3] / 2));
    else context.rect(...sides);
    if (style.filled) {
      context.fillStyle = color;
      context.fill();
    } else {
      context.strokeStyle = color;
      context.stroke();
    }
  });
  context.restore();
}

export function drawArrows(context, layer, store, project, theme, cased) {
  const { style } = layer;
  const get = (name) => store.get(layer.arrays[name])?.values ?? [];
  const [x, y, dx, dy] = ["x", "y", "dx", "dy"].map(get);
  const color = theme.color(style.color);
  context.save();
  context.globalAlpha = style.opacity;
  x.forEach((_, at) => {
    const from = project(x[at], y[at]).map(far);
    const to = project(x[at] + dx[at], y[at] + dy[at]).map(far);
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (!(length > 0.5)) return;
    const head = Math.min(5 + 2 * style.width, 0.7 * length);
    const along = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
    const neck = [to[0] - head * along[0], to[1] - head * along[1]];
    const barb = (side) => [neck[0] - side * 0.42 * head * along[1], neck[1] + side * 0.42 * head * along[0]];
    const strokes = cased ? [[theme.paper, 2.4], [color, 0]] : [[color, 0]];
    for (const [paint, more] of strokes) {
      context.strokeStyle = context.fillStyle = paint;
      context.lineWidth = style.width + more;
      context.setLineDash(more ? [] : style.dash.map((part) => part * style.width));
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(...neck);
      context.stroke();
      context.setLineDash([]);
      context.beginPath();
      context.moveTo(...to);
      context.lineTo(...barb(1));
      context.lineTo(...barb(-1));
      context.closePath();
      context.fill();
      if (more) context.stroke();
    }
  });
  context.restore();
}

export function drawTexts(context, layer, places, theme) {
  const { style } = layer;
  places.forEach((place, at) => {
    if (!place) return;
    const font = { size: style.size, family: theme.family, bold: style.bold };
    const color = theme.color(style.colors?.[at] ?? style.color);
    text.draw(context, style.strings[at], ...place, font, { align: style.align, color, halo: style.halo ? theme.paper : "" });
  });
}

const TURN = Math.PI * 2;
const polygon = (points) => (context, x, y, r) => {
  context.beginPath();
  for (const [across, up] of points) context.lineTo(x + r * across, y - r * up);
  context.closePath();
};
const star = Array.from({ length: 10 }, (_, at) => {
  const r = at % 2 ? 0.55 : 1.4;
  return [r * Math.sin((at * TURN) / 10), r * Math.cos((at * TURN) / 10)];
});
const cross = [[0.35, 0], [1.05, 0.7], [0.7, 1.05], [0, 0.35], [-0.7, 1.05], [-1.05, 0.7], [-0.35, 0], [-1.05, -0.7], [-0.7, -1.05], [0, -0.35], [0.7, -1.05], [1.05, -0.7]];
const plus = cross.map(([x, y]) => [(x - y) * 0.75, (x + y) * 0.75]);
const SHAPES = {
  o: (context, x, y, r) => (context.beginPath(), context.arc(x, y, r, 0, TURN)),
  ".": (context, x, y, r) => (context.beginPath(), context.arc(x, y, 0.7 * r, 0, TURN)),
  s: polygon([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
  D: polygon([[0, 1.2], [1.2, 0], [0, -1.2], [-1.2, 0]]),
  v: polygon([[-1.05, 0.85], [1.05, 0.85], [0, -1.1]]),
  "^": polygon([[-1.05, -0.85], [1.05, -0.85], [0, 1.1]]),
  "*": polygon(star),
  X: polygon(cross),
  "+": polygon(plus),
};

/** A marker of radius r; rim: the colour around it, "" for none. */
export function drawMarker(context, marker, [x, y], r, color, rim) {
  if (!SHAPES[marker]) return;
  SHAPES[marker](context, x, y, r);
  context.lineJoin = "round";
  if (rim) {
    context.lineWidth = 2;
    context.strokeStyle = rim;
    context.stroke();
  }
  context.fillStyle = color;
  context.fill();
}

/** Labels at the lines' ends, moved apart where they would touch. */
export function drawEndLabels(context, panel, placesOf, box, theme) {
  const font = { size: 12, family: theme.family, bold: true };
  const labels = [];
  for (const layer of panel.layers) {
    if (layer.kind !== "line" || !layer.style.label) continue;
    const end = placesOf.get(layer)?.findLast((place) => within(place, box));
    if (end) labels.push({ label: layer.style.label, color: theme.color(layer.style.color), x: end[0] + 8, y: end[1] });
  }
  labels.sort((a, b) => a.y - b.y);
  for (let at = 1; at < labels.length; at += 1) labels[at].y = Math.max(labels[at].y, labels[at - 1].y + 14);
  let limit = box.top + box.height + 4;
  for (const label of labels.toReversed()) {
    label.y = Math.min(label.y, limit);
    limit = label.y - 14;
  }
  for (const { label, color, x, y } of labels) text.draw(context, label, x, y, font, { color, halo: theme.paper });
}

/** The key above the plot: colour, dash and marker of each labelled layer. */
export function drawKey(context, panel, top, width, theme) {
  const { entries, font } = keyLayout(panel, context, width, theme);
  for (const { layer, x, row } of entries) {
    const y = top + 18 * row;
    const color = theme.color(layer.style.color);
    context.save();
    if (layer.kind === "line" || layer.kind === "arrows") {
      const lineWidth = Math.min(layer.style.width, 3);
      context.strokeStyle = color;
      context.lineWidth = lineWidth;
      context.setLineDash(layer.style.dash.map((part) => part * lineWidth));
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 28, y);
      context.stroke();
      context.setLineDash([]);
    } else if (layer.kind === "rects") {
      context.globalAlpha = layer.style.opacity;
      context.fillStyle = context.strokeStyle = color;
      context[layer.style.filled ? "fillRect" : "strokeRect"](x + 6, y - 5, 16, 10);
    }
    if (layer.style.marker) drawMarker(context, layer.style.marker, [x + 14, y], 4, color, theme.paper);
    context.restore();
    text.draw(context, layer.style.label, x + 34, y, font, { color: theme.ink });
  }
}
