/** A quantity over the plane: smooth, in contour bands, or in cells. Drawn once, then copied until it changes. */

import { contours } from "d3-contour";
import { colorsOf, css } from "./colors.js";
import { short } from "./axes.js";
import { inkOn } from "./theme.js";
import * as text from "./mathtext.js";

const KEPT = 3;

/** @param {Map<string, HTMLCanvasElement>} cache of the panel */
export function drawField(context, layer, box, store, theme, cache) {
  const found = store.get(layer.arrays.Z);
  if (!found) return;
  const { style } = layer;
  const place = placeOf(style, box);
  const ratio = context.getTransform().a;
  const width = Math.max(1, Math.round(box.width * ratio));
  const height = Math.max(1, Math.round(box.height * ratio));
  const sizes = [width, height, ratio, theme.dark, box.x.domain(), box.y.domain()];
  const key = JSON.stringify([layer.arrays.Z, style, sizes]);
  let image = cache.get(key);
  if (!image) {
    image = document.createElement("canvas");
    image.width = width;
    image.height = height;
    const inside = image.getContext("2d");
    inside.scale(ratio, ratio);
    inside.translate(-box.left, -box.top);
    ({ bands: drawBands, cells: drawCells, smooth: drawSmooth })[style.how](inside, found, style, place, theme);
    cache.set(key, image);
    if (cache.size > KEPT) cache.delete(cache.keys().next().value);
  }
  context.globalAlpha = style.opacity;
  context.drawImage(image, box.left, box.top, box.width, box.height);
  context.globalAlpha = 1;
  if (style.bar) drawBar(context, style, box, theme);
}

/** Pixels of the corners where row 0 and column 0 begin and the last end. */
function placeOf(style, box) {
  const [x0, x1] = style.x.map(box.x);
  const [y0, y1] = style.y.map(box.y);
  return { x0, x1, y0, y1 };
}

function drawSmooth(context, { values, shape }, style, { x0, x1, y0, y1 }, theme) {
  const [rows, columns] = shape;
  const image = imageOf(values, shape, colorsOf(style, theme));
  // Samples lie in the middle of the image's pixels, the first and last of them on the field's edges.
  const stepX = (x1 - x0) / Math.max(1, columns - 1);
  const stepY = (y1 - y0) / Math.max(1, rows - 1);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.setTransform(context.getTransform().translate(x0 - stepX / 2, y0 - stepY / 2).scale(stepX, stepY));
  context.drawImage(image, 0, 0);
}

function drawCells(context, { values, shape }, style, { x0, x1, y0, y1 }, theme) {
  const [rows, columns] = shape;
  const colors = colorsOf(style, theme);
  const image = imageOf(values, shape, colors);
  context.imageSmoothingEnabled = false;
  context.save();
  context.translate(x0, y0);
  context.scale((x1 - x0) / columns, (y1 - y0) / rows);
  context.drawImage(image, 0, 0);
  context.restore();
  const wide = Math.abs((x1 - x0) / columns);
  const tall = Math.abs((y1 - y0) / rows);
  if (wide > 14 && tall > 14) {
    context.strokeStyle = theme.paper;
    context.lineWidth = 1;
    context.beginPath();
    for (let column = 1; column < columns; column += 1) {
      const x = x0 + (column * (x1 - x0)) / columns;
      context.moveTo(x, y0);
      context.lineTo(x, y1);
    }
    for (let row = 1; row < rows; row += 1) {
      const y = y0 + (row * (y1 - y0)) / rows;
      context.moveTo(x0, y);
      context.lineTo(x1, y);
    }
    context.stroke();
  }
  if (!style.values || wide < 12 || tall < 9) return;
  const font = { size: Math.max(8, Math.min(12, wide / 3.2, tall / 1.4)), family: theme.family };
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const value = values[row * columns + column];
      const color = colors(value);
      if (!color) continue;
      const x = x0 + ((column + 0.5) * (x1 - x0)) / columns;
      const y = y0 + ((row + 0.5) * (y1 - y0)) / rows;
      text.draw(context, written(value, style.values), x, y, font, { align: "center", color: inkOn(css(color)) });
    }
  }
}

/** A number by the two of Python's formats that cells use: ".2f" and ".3g". */
function written(value, format) {
  const digits = /\.(\d+)([fde%g]?)/.exec(format);
  if (digits?.[2] === "f") return value.toFixed(digits[1]).replace("-", "−");
  if (digits?.[2] === "%") return `${(100 * value).toFixed(digits[1])}%`;
  return /d$/.test(format) ? String(Math.round(value)) : short(Number(value.toPrecision(digits?.[1] || 3)));
}

function drawBands(context, { values, shape }, style, { x0, x1, y0, y1 }, theme) {
  const [rows, columns] = shape;
  const colors = colorsOf(style, theme);
  const { levels } = style;
  const toX = (column) => x0 + ((column - 0.5) * (x1 - x0)) / Math.max(1, columns - 1);
  const toY = (row) => y0 + ((row - 0.5) * (y1 - y0)) / Math.max(1, rows - 1);
  // A hole where a value is missing: below everything, and the lowest band is a contour too.
  const finite = Array.from(values, (value) => (Number.isNaN(value) ? -Infinity : value));
  const least = finite.reduce((low, value) => (value > -Infinity && value < low ? value : low), Infinity);
  const trace = contours().size([columns, rows]).smooth(!values.some(Number.isNaN));
  const whole = !values.some(Number.isNaN);
  levels.slice(0, -1).forEach((level, band) => {
    context.beginPath();
    if (band === 0 && whole) context.rect(Math.min(x0, x1) - 1, Math.min(y0, y1) - 1, Math.abs(x1 - x0) + 2, Math.abs(y1 - y0) + 2);
    else {
      for (const polygon of trace.contour(finite, band ? level : Math.min(level, least)).coordinates) {
        for (const ring of polygon) {
          ring.forEach(([column, row], at) => context[at ? "lineTo" : "moveTo"](toX(column), toY(row)));
          context.closePath();
        }
      }
    }
    context.fillStyle = css(colors((level + levels[band + 1]) / 2));
    context.fill("evenodd");
    if (band) {
      context.strokeStyle = "rgba(255,255,255,0.28)";
      context.lineWidth = 0.7;
      context.stroke();
    }
  });
}

/** One pixel a value. */
function imageOf(values, [rows, columns], colors) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  values.forEach((value, at) => {
    const color = colors(value);
    if (color) image.data.set([...color, 255], 4 * at);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

function drawBar(context, style, box, theme) {
  if (style.palette) return;
  const colors = colorsOf(style, theme);
  const left = box.left + box.width + 10;
  const [low, high] = style.limits;
  for (let row = 0; row < box.height; row += 1) {
    context.fillStyle = css(colors(high - (row / box.height) * (high - low)));
    context.fillRect(left, box.top + row, 9, 1.5);
  }
  const font = { size: 10, family: theme.family };
  for (const share of [0, 0.5, 1]) {
    const value = low + share * (high - low);
    const y = box.top + box.height * (1 - share);
    text.draw(context, short(Number(value.toPrecision(2))), left + 13, Math.min(Math.max(y, box.top + 5), box.top + box.height - 5), font, { color: theme.soft });
  }
  context.save();
  context.translate(left + 46, box.top + box.height / 2);
  context.rotate(-Math.PI / 2);
  text.draw(context, style.bar, 0, 0, { size: 11, family: theme.family }, { align: "center", color: theme.ink });
  context.restore();
}
