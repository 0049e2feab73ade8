/** Axes: limits from what the layers need, scales, room for labels, ticks. */

import { format } from "d3-format";
import { scaleLinear, scaleLog } from "d3-scale";
import * as text from "./mathtext.js";

const SMALL = 11;
const LABEL = 12;
const TITLE = 13;

/** A number in few characters, as at ticks and beside sliders. */
export function short(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const shape = size && (size < 1e-4 || size >= 1e6) ? format(".2~e")(value) : format(".4~g")(value);
  return shape.replace("e+", "e").replaceAll("-", "−");
}

/** The interval that a coordinate's values need; on a logarithmic axis only positive values count. */
function needed(panel, store, name, log) {
  let low = Infinity;
  let high = -Infinity;
  const include = (value) => {
    if (Number.isFinite(value) && (!log || value > 0)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  };
  const fields = panel.layers.filter((layer) => layer.kind === "field");
  for (const layer of fields.length ? fields : panel.layers) {
    const values = (key) => store.get(layer.arrays[key])?.values ?? [];
    if (layer.kind === "field") {
      layer.style[name].forEach(include);
    } else if (layer.kind === "rects" || layer.kind === "arrows") {
      const size = values({ rects: { x: "width", y: "height" }, arrows: { x: "dx", y: "dy" } }[layer.kind][name]);
      values(name).forEach((value, at) => [value, value + size[at]].forEach(include));
    } else if (layer.kind !== "surface") {
      values(name).forEach(include);
      if (layer.style.fill === "below" && name === "y" && !log) include(0);
    }
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (fields.length) return [low, high];
  if (log) {
    const edge = low === high ? 2 : (high / low) ** 0.05;
    return [low / edge, high * edge];
  }
  const edge = low === high ? Math.abs(low) * 0.1 || 0.5 : (high - low) * 0.05;
  const bars = panel.layers.some((layer) => layer.kind === "rects") && name === "y";
  return [bars && low === 0 ? 0 : low - edge, high + edge];
}

function ticksOf(scale, given, log, room) {
  if (given) return given.map(([where, label]) => ({ where, label }));
  if (!log) {
    const wheres = scale.ticks(Math.max(2, Math.round(room / 55)));
    const shape = scale.tickFormat(wheres.length);
    return wheres.map((where) => ({ where, label: Math.abs(where) >= 1e5 ? short(where) : shape(where).replaceAll("-", "−") }));
  }
  const [low, high] = scale.domain().toSorted((a, b) => a - b);
  const decades = Math.log10(high / low);
  if (decades < 1.2) return scale.ticks(4).map((where) => ({ where, label: short(where) }));
  const stride = Math.max(1, Math.ceil(decades / Math.max(2, room / 38)));
  const ticks = [];
  for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; power += 1) {
    if (power % stride === 0) ticks.push({ where: 10 ** power, label: Math.abs(power) < 3 ? short(10 ** power) : `$10^{${power}}$` });
  }
  return ticks;
}

/**
 * Where a panel's plot lies on its canvas, and its scales.
 * @returns {{left: number, top: number, width: number, height: number, x: Function, y: Function}}
 */
export function layout(panel, store, context, width, height, theme) {
  const { axes } = panel;
  const small = { size: SMALL, family: theme.family };
  const limits = { x: axes.xlim ?? needed(panel, store, "x", axes.xlog), y: axes.ylim ?? needed(panel, store, "y", axes.ylog) };
  const make = (name, log) => (log ? scaleLog() : scaleLinear()).domain(limits[name]);
  const x = make("x", axes.xlog);
  const y = make("y", axes.ylog);

  const keyRows = axes.key ? keyLayout(panel, context, width, theme).rows : 0;
  let top = 8 + (axes.title ? 20 : 0) + keyRows * 18;
  let bottom = axes.axes ? 22 + (axes.x ? 16 : 0) : 8;
  let right = 12;
  const bar = panel.layers.find((layer) => layer.style.bar);
  if (bar) right += 62;
  if (!axes.key) {
    const ends = panel.layers.filter((layer) => layer.kind === "line" && layer.style.label);
    const widest = Math.max(0, ...ends.map((layer) => text.width(context, layer.style.label, { ...small, size: LABEL, bold: true })));
    if (widest) right = Math.max(right, Math.min(widest + 14, 0.38 * width));
  }
  let plotHeight = Math.max(40, height - top - bottom);
  const yTicks = axes.axes ? ticksOf(y, axes.yticks, axes.ylog, plotHeight) : [];
  const widestTick = Math.max(0, ...yTicks.map((tick) => text.width(context, tick.label, small)));
  let left = axes.axes ? 10 + widestTick + (axes.y ? 20 : 4) : 8;
  let plotWidth = Math.max(40, width - left - right);

  if (axes.equal) {
    const unit = (name) => Math.abs(limits[name][1] - limits[name][0]);
    const held = (axes.xlim && axes.ylim) || panel.layers.some((layer) => layer.kind === "field");
    const scale = Math.min(plotWidth / unit("x"), plotHeight / unit("y"));
    if (held) {
      const spareX = plotWidth - scale * unit("x");
      const spareY = plotHeight - scale * unit("y");
      left += spareX / 2;
      top += spareY / 2;
      bottom += spareY / 2;
      plotWidth -= spareX;
      plotHeight -= spareY;
    } else {
      for (const [name, room, scaleOf] of [["x", plotWidth, x], ["y", plotHeight, y]]) {
        const middle = (limits[name][0] + limits[name][1]) / 2;
        const half = (room / scale / 2) * Math.sign(limits[name][1] - limits[name][0]);
        scaleOf.domain([middle - half, middle + half]);
      }
    }
  }
  x.range([left, left + plotWidth]);
  y.range([top + plotHeight, top]);
  const xTicks = axes.axes ? ticksOf(x, axes.xticks, axes.xlog, plotWidth) : [];
  return { left, top, width: plotWidth, height: plotHeight, x, y, xTicks, yTicks, bar };
}

/** Frame, ticks, names, title. */
export function drawAxes(context, panel, box, theme, width) {
  const { axes } = panel;
  const small = { size: SMALL, family: theme.family };
  const filled = panel.layers.some((layer) => layer.kind === "field");
  if (axes.title) text.draw(context, axes.title, 4, 12, { size: TITLE, family: theme.family, bold: true }, { color: theme.ink });
  if (!axes.axes) return;
  const foot = box.top + box.height;
  context.lineWidth = 1;
  context.strokeStyle = theme.soft;
  context.beginPath();
  if (filled) context.rect(Math.round(box.left) + 0.5, Math.round(box.top) + 0.5, Math.round(box.width) - 1, Math.round(box.height) - 1);
  else {
    context.moveTo(Math.round(box.left) + 0.5, box.top);
    context.lineTo(Math.round(box.left) + 0.5, Math.round(foot) + 0.5);
    context.lineTo(box.left + box.width, Math.round(foot) + 0.5);
  }
  context.stroke();
  context.beginPath();
  let free = -Infinity;
  for (const { where, label } of box.xTicks) {
    const at = box.x(where);
    if (!(at >= box.left - 1 && at <= box.left + box.width + 1)) continue;
    context.moveTo(Math.round(at) + 0.5, foot);
    context.lineTo(Math.round(at) + 0.5, foot + 4);
    const half = text.width(context, label, small) / 2;
    if (at - half < free) continue;
    free = at + half + 4;
    text.draw(context, label, Math.min(at, width - half - 1), foot + 13, small, { align: "center", color: theme.soft });
  }
  for (const { where, label } of box.yTicks) {
    const at = box.y(where);
    if (!(at >= box.top - 1 && at <= foot + 1)) continue;
    context.moveTo(box.left - 4, Math.round(at) + 0.5);
    context.lineTo(box.left, Math.round(at) + 0.5);
    text.draw(context, label, box.left - 7, at, small, { align: "right", color: theme.soft });
  }
  context.stroke();
  const label = { size: LABEL, family: theme.family };
  if (axes.x) text.draw(context, axes.x, box.left + box.width / 2, foot + 29, label, { align: "center", color: theme.ink });
  if (axes.y) {
    const ticks = Math.max(0, ...box.yTicks.map((tick) => text.width(context, tick.label, small)));
    context.save();
    context.translate(Math.max(9, box.left - ticks - 19), box.top + box.height / 2);
    context.rotate(-Math.PI / 2);
    text.draw(context, axes.y, 0, 0, label, { align: "center", color: theme.ink });
    context.restore();
  }
}

/** A faint grid behind lines; fields and boards have none. */
export function drawGrid(context, panel, box, theme) {
  if (!panel.axes.axes || panel.layers.some((layer) => layer.kind === "field")) return;
  context.lineWidth = 1;
  context.strokeStyle = theme.faint;
  context.beginPath();
  for (const { where } of box.xTicks) {
    const at = Math.round(box.x(where)) + 0.5;
    if (at > box.left && at <= box.left + box.width + 1) context.moveTo(at, box.top), context.lineTo(at, box.top + box.height);
  }
  for (const { where } of box.yTicks) {
    const at = Math.round(box.y(where)) + 0.5;
    if (at >= box.top && at < box.top + box.height) context.moveTo(box.left, at), context.lineTo(box.left + box.width, at);
  }
  context.stroke();
}

/** The labelled layers of a panel and where each stands in the key, in rows that fit the width. */
export function keyLayout(panel, context, width, theme) {
  const font = { size: LABEL, family: theme.family };
  const entries = [];
  let x = 4;
  let row = 0;
  for (const layer of panel.layers) {
    if (!layer.style.label || layer.kind === "handle") continue;
    const size = 34 + text.width(context, layer.style.label, font) + 14;
    if (x > 4 && x + size > width) {
      x = 4;
      row += 1;
    }
    entries.push({ layer, x, row });
    x += size;
  }
  return { entries, rows: entries.length ? row + 1 : 0, font };
}
