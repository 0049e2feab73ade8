/** Controls as native inputs, so that keyboard, focus and screen readers work as everywhere. */

import { short } from "./axes.js";
import { nodes, plain } from "./mathtext.js";

// Every widget of a page loads this module anew, so a counter alone would give the same names twice.
const own = Math.random().toString(36).slice(2, 8);
let count = 0;
const fresh = () => `stg-${own}-${(count += 1)}`;

/** An element with properties, attributes (names with a dash, or role and for) and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/**
 * A control's element, and what shows the settings in it.
 * @param {object} control from the specification
 * @param {import("./session.js").Session} session
 * @returns {{element: HTMLElement, show: (settings: object) => void, end?: () => void}}
 */
export function controlOf(control, session) {
  const make = { slider, log_slider: slider, int_slider: slider, choice, choices, toggle, button, number, text, point, play }[control.kind];
  const made = make(control, session, (value) => session.set({ [control.name]: value }));
  made.element.dataset.control = control.name;
  const show = made.show;
  return {
    ...made,
    show(settings) {
      made.element.hidden = !Object.entries(control.when).every(([name, allowed]) => allowed.includes(settings[name]));
      show(settings);
    },
  };
}

/** From a range input's position to the value, and back. */
function scaleOf(control, settings) {
  if (control.stops) {
    const nearest = (value) => control.stops.reduce((best, stop, at) => (Math.abs(stop - value) < Math.abs(control.stops[best] - value) ? at : best), 0);
    return { min: 0, max: control.stops.length - 1, step: 1, to: (at) => control.stops[at], from: nearest };
  }
  const high = typeof control.high === "string" ? settings[control.high] : control.high;
  if (control.kind === "log_slider") {
    const ratio = Math.log(high / control.low);
    const to = (at) => (at >= 100 ? high : at <= 0 ? control.low : Number((control.low * Math.exp((ratio * at) / 100)).toPrecision(3)));
    return { min: 0, max: 100, step: 0.5, to, from: (value) => (100 * Math.log(value / control.low)) / ratio };
  }
  const step = control.step;
  const clean = (value) => Number(value.toPrecision(10));
  return { min: control.low, max: high, step, to: clean, from: (value) => value };
}

const written = (control, value) => short(Number(Number(value).toPrecision(4))) + (control.unit ? ` ${control.unit}` : "");

function slider(control, session, set) {
  const id = fresh();
  const output = element("output", { className: "stg-value", htmlFor: id });
  const input = element("input", { type: "range", id, className: "stg-range" });
  let scale = scaleOf(control, session.settings);
  input.addEventListener("input", () => set(scale.to(input.valueAsNumber)));
  return {
    element: element("div", { className: "stg-control stg-slider" }, element("label", { htmlFor: id }, ...nodes(control.label)), output, input),
    show(settings) {
      scale = scaleOf(control, settings);
      place(input, scale, settings[control.name]);
      output.textContent = written(control, settings[control.name]);
      input.setAttribute("aria-valuetext", `${output.textContent}`);
    },
  };
}

/** Put a range input where the value is, and colour its track up to there. */
function place(input, scale, value) {
  Object.assign(input, { min: scale.min, max: scale.max, step: scale.step });
  const at = scale.from(value);
  if (Math.abs(input.valueAsNumber - at) > 1e-9 * Math.abs(at) && scale.to(input.valueAsNumber) !== value) input.valueAsNumber = at;
  input.style.setProperty("--stg-share", (input.valueAsNumber - scale.min) / (scale.max - scale.min || 1));
}

function choice(control, session, set) {
  const { options } = control;
  const few = options.length <= 4 && options.join("").length <= 40;
  if (!few) {
    const id = fresh();
    const select = element("select", { id, className: "stg-select" }, ...options.map((option, at) => new Option(plain(String(option)).replaceAll("_", " "), at)));
    select.addEventListener("change", () => set(options[select.value]));
    return {
      element: element("div", { className: "stg-control stg-choice" }, element("label", { htmlFor: id }, ...nodes(control.label)), select),
      show: (settings) => (select.value = options.indexOf(settings[control.name])),
    };
  }
  return group(control, "radio", (inputs, settings) => inputs.forEach((input, at) => (input.checked = options[at] === settings[control.name])), (inputs) => set(options[inputs.findIndex((input) => input.checked)]));
}

function choices(control, session, set) {
  const { options } = control;
  return group(control, "checkbox", (inputs, settings) => inputs.forEach((input, at) => (input.checked = settings[control.name].includes(options[at]))), (inputs) => set(options.filter((_, at) => inputs[at].checked)));
}

/** Radio buttons or check boxes as chips beside each other. */
function group(control, type, show, changed) {
  const name = fresh();
  const inputs = control.options.map((_, at) => element("input", { type, name, id: `${name}-${at}` }));
  inputs.forEach((input) => input.addEventListener("change", () => changed(inputs)));
  const chips = inputs.map((input, at) => element("label", { className: "stg-chip", htmlFor: input.id }, input, element("span", {}, ...nodes(String(control.options[at]).replaceAll("_", " ")))));
  const legend = element("legend", {}, ...nodes(control.label));
  return {
    element: element("fieldset", { className: "stg-control stg-group" }, legend, element("div", { className: `stg-chips stg-${type}` }, ...chips)),
    show: (settings) => show(inputs, settings),
  };
}

function toggle(control, session, set) {
  const input = element("input", { type: "checkbox", id: fresh(), className: "stg-switch", role: "switch" });
  input.addEventListener("change", () => set(input.checked));
  return {
    element: element("div", { className: "stg-control stg-toggle" }, input, element("label", { htmlFor: input.id }, ...nodes(control.label))),
    show: (settings) => (input.checked = settings[control.name]),
  };
}

function button(control, session, set) {
  const made = element("button", { type: "button", className: "stg-button" }, ...nodes(control.label));
  made.addEventListener("click", () => (control.acts ? session.press(control.name) : set(session.settings[control.name] + 1)));
  return { element: element("div", { className: "stg-control stg-press" }, made), show() {} };
}

function numberInput(label, change, ends = {}) {
  const input = element("input", { type: "number", className: "stg-number", "aria-label": plain(label), ...ends });
  input.addEventListener("input", () => {
    if (input.value !== "" && input.validity.valid) change(input.valueAsNumber);
  });
  return input;
}

/** Don't write into a field that is being typed in. */
const write = (input, value) => {
  if (input.getRootNode().activeElement !== input || input.valueAsNumber !== value) {
    if (input.getRootNode().activeElement !== input || Math.abs(input.valueAsNumber - value) > 1e-12) input.value = Number(value.toPrecision(6));
  }
};

function number(control, session, set) {
  const input = numberInput(control.label, set, { min: control.low ?? "", max: control.high ?? "", step: control.step ?? "any", id: fresh() });
  const unit = control.unit ? [element("span", { className: "stg-unit" }, control.unit)] : [];
  return {
    element: element("div", { className: "stg-control stg-field" }, element("label", { htmlFor: input.id }, ...nodes(control.label)), input, ...unit),
    show: (settings) => write(input, settings[control.name]),
  };
}

/** A line to type: it counts once Enter is pressed or the field is left. */
function text(control, session, set) {
  const id = fresh();
  const input = element("input", { type: "text", id, className: "stg-text", spellcheck: false, autocomplete: "off", maxLength: control.longest });
  const offers = element("datalist", { id: `${id}-offers` }, ...control.suggestions.map((line) => new Option(line, line)));
  input.setAttribute("list", offers.id);
  input.addEventListener("change", () => set(input.value));
  let shown = null;
  return {
    element: element("div", { className: "stg-control stg-field" }, element("label", { htmlFor: id }, ...nodes(control.label)), input, offers),
    show(settings) {
      const now = settings[control.name];
      if (now !== shown) input.value = now; // not while a line is being typed and something else changes
      shown = now;
    },
  };
}

function point(control, session, set) {
  const inputs = ["x", "y"].map((axis, at) => {
    const [min, max] = control[`${axis}lim`] ?? ["", ""];
    const change = (value) => set(session.settings[control.name].with(at, value));
    return numberInput(`${plain(control.label)}, ${axis}`, change, { min, max, step: "any" });
  });
  const made = element("fieldset", { className: "stg-control stg-point" }, element("legend", {}, ...nodes(control.label)), ...inputs);
  if (!control.fields) made.classList.add("stg-quiet");
  return { element: made, show: (settings) => inputs.forEach((input, at) => write(input, settings[control.name][at])) };
}

const SPEEDS = [0.25, 0.5, 1, 2, 4];

/** Time: the next tick is asked for when the last picture has been painted. */
function play(control, session, set) {
  const id = fresh();
  const input = element("input", { type: "range", id, className: "stg-range" });
  const output = element("output", { className: "stg-value", htmlFor: id });
  const start = element("button", { type: "button", className: "stg-round" });
  const back = element("button", { type: "button", className: "stg-round stg-small", "aria-label": "a step back", textContent: "‹" });
  const on = element("button", { type: "button", className: "stg-round stg-small", "aria-label": "a step on", textContent: "›" });
  const speed = element("select", { className: "stg-select stg-speed", "aria-label": "speed" }, ...SPEEDS.map((factor) => new Option(`${factor}×`, factor, factor === 1, factor === 1)));
  let scale = scaleOf(control, session.settings);
  let playing = 0;
  let last = 0;
  const position = () => Math.min(scale.from(session.settings[control.name]), scale.max);
  const go = (at) => set(scale.to(Math.max(scale.min, Math.min(scale.max, at))));
  const stride = control.stops ? 1 : control.step;

  const pause = () => {
    cancelAnimationFrame(playing);
    playing = 0;
    showState();
  };
  const tick = (now) => {
    playing = requestAnimationFrame(tick);
    if (session.error) return pause();
    const due = ((now - last) / 1000) * (control.speed / (control.stops ? control.step || 1 : 1)) * Number(speed.value);
    if (session.waiting || due < stride) return;
    if (position() >= scale.max) {
      if (!control.loop) return pause();
      go(scale.min);
    } else go(position() + stride * Math.max(1, Math.min(Math.floor(due / stride), Math.ceil((scale.max - scale.min) / 50 / stride))));
    last = now;
  };
  const showState = () => {
    start.textContent = playing ? "❚❚" : "▶";
    start.setAttribute("aria-label", playing ? "pause" : "play");
    start.classList.toggle("stg-playing", Boolean(playing));
  };
  start.addEventListener("click", () => {
    if (playing) return pause();
    if (position() >= scale.max) go(scale.min);
    last = performance.now();
    playing = requestAnimationFrame(tick);
    showState();
  });
  back.addEventListener("click", () => go(position() - stride));
  on.addEventListener("click", () => go(position() + stride));
  input.addEventListener("input", () => {
    if (playing) pause();
    go(input.valueAsNumber);
  });
  showState();
  return {
    element: element("div", { className: "stg-control stg-play", role: "group", "aria-label": plain(control.label) }, start, back, on, element("label", { htmlFor: id }, ...nodes(control.label)), input, output, speed),
    show(settings) {
      scale = scaleOf(control, settings);
      place(input, scale, Math.min(settings[control.name], scale.to(scale.max)));
      output.textContent = written(control, settings[control.name]);
      input.setAttribute("aria-valuetext", output.textContent);
    },
    end: pause,
  };
}
