/** One panel: a canvas, and over it the grips that take the mouse and the keyboard. */

import { drawAxes, drawGrid, layout, short } from "./axes.js";
import { drawField } from "./field.js";
import { drawArrows, drawEndLabels, drawHeads, drawKey, drawLine, drawPoints, drawRects, drawTexts, pixels } from "./marks.js";
import { drawNames, drawSurface, projection } from "./surface.js";
import { plain } from "./mathtext.js";

export class PanelView {
  #canvas;
  #context;
  #panel = null;
  #store = null;
  #theme = null;
  #box = null;
  #drawn = "";
  #fields = new Map();
  #grips = new Map();
  #turn = null;
  #turner = null;
  #size = [0, 0];
  #session;

  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.#session = session;
    this.element = document.createElement("div");
    this.element.className = "stg-panel";
    this.#canvas = document.createElement("canvas");
    this.#canvas.setAttribute("role", "img");
    this.#context = this.#canvas.getContext("2d", { alpha: false });
    this.element.append(this.#canvas);
    this.#canvas.addEventListener("pointerdown", (event) => this.#pressed(event));
  }

  /** How much room it would like: its width as a share, and height over width. */
  static wish(panel) {
    const { axes } = panel;
    if (axes.equal && axes.xlim && axes.ylim) {
      const ratio = Math.abs((axes.ylim[1] - axes.ylim[0]) / (axes.xlim[1] - axes.xlim[0]));
      return { share: axes.width, ratio: Math.min(1, Math.max(0.4, ratio)) };
    }
    return { share: axes.width, ratio: 0.78 };
  }

  /** Draw what has changed. Returns whether anything had. */
  update(panel, store, theme, width, height) {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    const state = JSON.stringify([panel, width, height, ratio, theme.paper, theme.dark, this.#turn]);
    if (state === this.#drawn) return false;
    this.#drawn = state;
    [this.#panel, this.#store, this.#theme, this.#size] = [panel, store, theme, [width, height]];
    const [pixelsWide, pixelsHigh] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== pixelsWide || this.#canvas.height !== pixelsHigh) {
      this.#canvas.width = pixelsWide;
      this.#canvas.height = pixelsHigh;
      this.#canvas.style.width = `${width}px`;
      this.#canvas.style.height = `${height}px`;
    }
    const { title, x, y } = panel.axes;
    this.#canvas.setAttribute("aria-label", plain([title, y && x ? `${y} against ${x}` : x || y].filter(Boolean).join(": ") || "picture"));
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#context.fillStyle = theme.paper;
    this.#context.fillRect(0, 0, width, height);
    this.#draw(width, height);
    this.#placeGrips();
    return true;
  }

  #draw(width, height) {
    const [context, panel, store, theme] = [this.#context, this.#panel, this.#store, this.#theme];
    const surface = panel.layers.find((layer) => layer.kind === "surface");
    if (surface && !this.#turn) this.#turn = { azimuth: surface.style.turn[0], elevation: surface.style.turn[1] };
    const flat = surface ? { ...panel, axes: { ...panel.axes, axes: false } } : panel;
    const box = (this.#box = layout(flat, store, context, width, height, theme));
    const project = surface ? projection(surface, box, this.#turn) : (x, y) => [box.x(x), box.y(y)];
    if (!surface) drawGrid(context, panel, box, theme);
    const onField = panel.layers.some((layer) => layer.kind === "field" || layer.kind === "surface");
    const placesOf = new Map();
    context.save();
    if (!surface) {
      context.beginPath();
      context.rect(box.left - 1, box.top - 1, box.width + 2 + (box.bar ? 70 : 0), box.height + 2);
      context.clip();
    }
    for (const layer of panel.layers) {
      const places = ["line", "points", "texts"].includes(layer.kind) ? pixels(layer, store, project) : null;
      placesOf.set(layer, places);
      if (layer.kind === "field") drawField(context, layer, box, store, theme, this.#fields);
      else if (layer.kind === "surface") drawSurface(context, layer, box, store, theme, this.#turn);
      else if (layer.kind === "line") drawLine(context, layer, places, box, theme, onField);
      else if (layer.kind === "points") drawPoints(context, layer, places, store, theme);
      else if (layer.kind === "rects") drawRects(context, layer, store, project, theme);
      else if (layer.kind === "arrows") drawArrows(context, layer, store, project, theme, onField);
    }
    context.restore();
    drawAxes(context, flat, box, theme, width);
    if (surface) drawNames(context, panel, surface, project, theme);
    for (const layer of panel.layers) {
      if (layer.kind === "line") drawHeads(context, layer, placesOf.get(layer), box, theme);
      if (layer.kind === "texts") drawTexts(context, layer, placesOf.get(layer), theme);
    }
    if (panel.axes.key) drawKey(context, panel, panel.axes.title ? 32 : 12, width, theme);
    else drawEndLabels(context, panel, placesOf, box, theme);
    this.#offerTurning(Boolean(surface));
  }

  #placeGrips() {
    const known = new Set(this.#session.spec.controls.map(({ name }) => name)); // a frozen page lacks some
    const handles = this.#panel.layers.filter(({ kind, style }) => kind === "handle" && style.names.every((name) => !name || known.has(name)));
    const seen = new Set();
    for (const layer of handles) {
      const key = layer.style.names.join();
      seen.add(key);
      if (!this.#grips.has(key)) this.#grips.set(key, new Grip(this, this.#session));
      this.#grips.get(key).place(layer, this.#store, this.#box, this.#theme);
    }
    for (const [key, grip] of this.#grips) {
      if (!seen.has(key)) {
        grip.element.remove();
        this.#grips.delete(key);
      }
    }
    this.element.classList.toggle("stg-touchable", this.#grips.size === 1 || Boolean(this.#turner));
  }

  /** A press beside the only grip fetches it; on a surface it begins to turn. */
  #pressed(event) {
    if (event.button) return;
    if (this.#turner) this.#dragTurn(event);
    else if (this.#grips.size === 1) {
      const { left, top } = this.#canvas.getBoundingClientRect();
      const at = [event.clientX - left, event.clientY - top];
      const { left: x, top: y, width, height } = this.#box;
      if (at[0] >= x && at[0] <= x + width && at[1] >= y && at[1] <= y + height) [...this.#grips.values()][0].grab(event);
    }
  }

  #offerTurning(wanted) {
    if (wanted && !this.#turner) {
      this.#turner = document.createElement("div");
      this.#turner.className = "stg-turner";
      this.#turner.tabIndex = 0;
      this.#turner.setAttribute("role", "slider");
      this.#turner.setAttribute("aria-label", "Turn the surface");
      this.#turner.setAttribute("aria-valuemin", "-180");
      this.#turner.setAttribute("aria-valuemax", "180");
      this.#turner.title = "Drag, or use the arrow keys, to turn";
      this.#turner.addEventListener("pointerdown", (event) => this.#dragTurn(event));
      this.#turner.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] }[event.key];
        if (!step) return;
        event.preventDefault();
        this.#turnBy(step[0] * (event.shiftKey ? 4 : 1), step[1] * (event.shiftKey ? 4 : 1));
      });
      this.element.append(this.#turner);
    } else if (!wanted && this.#turner) {
      this.#turner.remove();
      this.#turner = this.#turn = null;
    }
    if (this.#turner) {
      this.#turner.setAttribute("aria-valuenow", Math.round(this.#turn.azimuth));
      this.#turner.setAttribute("aria-valuetext", `from ${Math.round(this.#turn.azimuth)} degrees, ${Math.round(this.#turn.elevation)} above`);
    }
  }

  #dragTurn(event) {
    event.preventDefault();
    this.#turner.focus({ preventScroll: true });
    let [x, y] = [event.clientX, event.clientY];
    follow(this.#turner, event, (moved) => {
      this.#turnBy(-0.5 * (moved.clientX - x), 0.4 * (moved.clientY - y));
      [x, y] = [moved.clientX, moved.clientY];
    });
  }

  #turnBy(azimuth, elevation) {
    const around = ((((this.#turn.azimuth + azimuth + 180) % 360) + 360) % 360) - 180;
    this.#turn = { azimuth: around, elevation: Math.max(-5, Math.min(90, this.#turn.elevation + elevation)) };
    this.#redraw();
  }

  #redraw() {
    if (this.queued) return;
    this.queued = requestAnimationFrame(() => {
      this.queued = 0;
      this.update(this.#panel, this.#store, this.#theme, ...this.#size);
    });
  }
}

/** A handle of a scene: a round grip that moves its settings. */
class Grip {
  #layer;
  #box;
  #held = false;
  #session;

  constructor(panel, session) {
    this.#session = session;
    this.element = document.createElement("div");
    this.element.className = "stg-grip";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "slider");
    this.element.append(Object.assign(document.createElement("span"), { className: "stg-grip-label" }));
    this.element.addEventListener("pointerdown", (event) => this.grab(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    panel.element.append(this.element);
  }

  /** Show the handle where the scene has it, unless it is being dragged. */
  place(layer, store, box, theme) {
    [this.#layer, this.#box] = [layer, box];
    const [x, y] = [store.get(layer.arrays.x)?.values[0], store.get(layer.arrays.y)?.values[0]];
    const control = this.#session.spec.controls.find(({ name }) => layer.style.names.includes(name));
    const label = plain(layer.style.label || control?.label || layer.style.names.filter(Boolean).join(", "));
    this.element.style.setProperty("--stg-color", theme.color(layer.style.color));
    this.element.setAttribute("aria-label", label);
    this.element.firstChild.textContent = plain(layer.style.label);
    this.element.setAttribute("aria-valuenow", Number(x.toPrecision(4)));
    const [low, high] = box.x.domain().toSorted((a, b) => a - b);
    this.element.setAttribute("aria-valuemin", Number(low.toPrecision(4)));
    this.element.setAttribute("aria-valuemax", Number(high.toPrecision(4)));
    this.element.setAttribute("aria-valuetext", `at ${short(x)}, ${short(y)}`);
    this.at = [x, y];
    if (!this.#held) this.#show(x, y);
  }

  #show(x, y) {
    const [left, top] = [this.#box.x(x), this.#box.y(y)];
    const inside = Number.isFinite(left) && Number.isFinite(top);
    this.element.hidden = !inside;
    if (inside) this.element.style.transform = `translate(${left}px, ${top}px)`;
  }

  grab(event) {
    if (event.button) return;
    event.preventDefault();
    event.stopPropagation();
    this.element.focus({ preventScroll: true });
    this.#held = true;
    this.element.classList.add("stg-held");
    const move = (moved) => {
      const { left, top } = this.element.parentElement.getBoundingClientRect();
      this.#move(this.#box.x.invert(moved.clientX - left), this.#box.y.invert(moved.clientY - top));
    };
    if (event.currentTarget !== this.element) move(event);
    follow(this.element, event, move, () => {
      this.#held = false;
      this.element.classList.remove("stg-held");
      if (!this.#session.waiting) this.#show(...this.at);
    });
  }

  #key(event) {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!direction) return;
    event.preventDefault();
    const step = event.shiftKey ? 10 : 1;
    const { x, y, width, height } = this.#box;
    const [fromX, fromY] = this.pending ?? this.at;
    const left = x(fromX) + (step * direction[0] * width) / 100;
    const top = y(fromY) - (step * direction[1] * height) / 100;
    this.#move(direction[0] ? x.invert(left) : fromX, direction[1] ? y.invert(top) : fromY);
    this.pending = this.wanted; // several keys may come before the picture does
    clearTimeout(this.forget);
    this.forget = setTimeout(() => (this.pending = null), 300);
  }

  #move(x, y) {
    const { names, kind } = this.#layer.style;
    const controls = names.map((name) => this.#session.spec.controls.find((control) => control.name === name));
    const limits = kind === "point" ? [controls[0]?.xlim, controls[0]?.ylim] : controls.map((control) => control && endsOf(control));
    const domains = [this.#box.x.domain(), this.#box.y.domain()];
    const wanted = [x, y].map((value, axis) => {
      if (!names[axis]) return this.at[axis];
      const [low, high] = domains[axis].toSorted((a, b) => a - b);
      const [least, most] = limits[axis] ?? [low, high];
      const held = Math.max(low, Math.min(high, value));
      return Number(Math.max(least ?? -Infinity, Math.min(most ?? Infinity, held)).toPrecision(4));
    });
    this.wanted = wanted;
    this.#show(...wanted);
    if (kind === "point") this.#session.set({ [names[0]]: wanted });
    else this.#session.set(Object.fromEntries(names.map((name, axis) => [name, wanted[axis]]).filter(([name]) => name)));
  }
}

const endsOf = ({ low, high }) => [low, typeof high === "number" ? high : undefined];

/** Call `move` while a pointer that is down moves, then `end`. */
function follow(element, event, move, end = () => {}) {
  element.setPointerCapture(event.pointerId);
  const stop = () => {
    element.removeEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) element.removeEventListener(name, stop);
    end();
  };
  element.addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) element.addEventListener(name, stop);
}
