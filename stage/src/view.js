/** The whole stage on a page: presets, panels, the note, controls. */

import { controlOf, element } from "./controls.js";
import { codeOf } from "./code.js";
import { nodes, plain } from "./mathtext.js";
import { PanelView } from "./panel.js";
import { themeOf, watchTheme } from "./theme.js";
import style from "./style.css";

const NARROWEST = 300; // pixels of a panel before the next one wraps
const GAP = 12;
const QUIET = 500; // ms without a new picture until the note is read aloud
const TOGETHER = 60; // ms that the numbers beside the controls wait for their picture: one frame is less work than two

/**
 * Show a session in an element. Returns what takes it away again.
 * @param {import("./session.js").Session} session
 * @param {HTMLElement} host
 */
export function show(session, host) {
  const { spec } = session;
  const controls = spec.controls.map((control) => controlOf(control, session));
  const byKind = (wanted) => controls.filter((_, at) => (spec.controls[at].kind === "play") === wanted).map((control) => control.element);
  const picture = element("div", { className: "stg-picture" });
  const note = element("p", { className: "stg-note" });
  const spoken = element("div", { className: "stg-spoken", role: "status", "aria-live": "polite" });
  let speaking = 0;
  const top = topBar(session, (text) => {
    clearTimeout(speaking);
    spoken.textContent = text;
  });
  const root = element(
    "section",
    { className: "stg", "aria-label": `Interactive picture ${spec.name}`, "data-lm-suppress-shortcuts": "true" },
    element("style", { textContent: style }),
    top.element,
    picture,
    note,
    ...byKind(true),
    element("div", { className: "stg-controls" }, ...byKind(false)),
    spoken,
  );
  root.addEventListener("keydown", (event) => event.stopPropagation());
  host.replaceChildren(root);

  const views = [];
  let width = 0;
  let frame = 0;
  let theme = null;
  let longest = 0;

  // Settings may change many times between two pictures: controls follow with the picture, or soon without it.
  let stale = 0;
  let fresh = true;
  let drawn = null;
  const paint = () => {
    frame = 0;
    if (stale) showSettings();
    clearTimeout(stale);
    stale = 0;
    if (fresh) draw();
    if (drawn) root.dispatchEvent(new CustomEvent("stage-painted", { bubbles: true, detail: { settings: drawn } }));
    drawn = null;
  };
  const draw = () => {
    fresh = false;
    width ||= Math.floor(picture.clientWidth);
    if (!width) return;
    theme ??= readTheme(root);
    arrange(session.panels, views, picture, session);
    const places = placesOf(session.panels, width);
    session.panels.forEach((panel, at) => views[at].show(panel, session.store, theme, ...places[at]));
    drawn = session.shown;
  };
  const next = () => (frame ||= requestAnimationFrame(paint));
  // A picture is drawn when it comes, so that it is ready when the next frame begins; a second one waits for that frame.
  const later = () => {
    fresh = true;
    if (width && !drawn) draw();
    next();
  };

  const say = () => {
    const text = session.error || session.note;
    root.classList.toggle("stg-wrong", Boolean(session.error));
    root.classList.toggle("stg-busy", session.busy);
    if (note.dataset.text === text) return;
    note.dataset.text = text;
    fill(note, text);
    // The note may grow but never shrinks, so that the controls below stay under the hand that drags them.
    if (text.length > longest) {
      longest = text.length;
      note.style.minHeight = `${Math.max(parseFloat(note.style.minHeight) || 0, note.scrollHeight)}px`;
    }
    clearTimeout(speaking);
    speaking = setTimeout(() => (spoken.textContent = plain(text)), QUIET);
  };
  const showSettings = () => [top, ...controls].forEach((part) => part.show(session.settings));

  const ends = [
    session.subscribe((what) => {
      if (what === "settings") {
        stale ||= setTimeout(next, TOGETHER);
      } else say();
      if (what === "picture") later();
    }),
    watchTheme(() => {
      theme = null;
      later();
    }),
  ];
  const resize = new ResizeObserver(() => {
    const now = Math.floor(picture.clientWidth);
    if (now !== width) {
      width = now;
      note.style.minHeight = "";
      longest = 0;
      later();
    }
  });
  resize.observe(picture);
  showSettings();
  say();
  later();
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(speaking);
    clearTimeout(stale);
    resize.disconnect();
    ends.forEach((end) => end());
    controls.forEach((control) => control.end?.());
  };
}

function readTheme(root) {
  root.dataset.theme = "";
  const theme = themeOf(root);
  root.dataset.theme = theme.dark ? "dark" : "light";
  return theme;
}

/** One view for each panel or table, kept while the kinds stay. */
function arrange(panels, views, picture, session) {
  panels.forEach((panel, at) => {
    if (views[at]?.kind === panel.kind) return;
    const view = panel.kind === "table" ? tableView() : panelView(session);
    if (views[at]) views[at].element.replaceWith(view.element);
    else picture.append(view.element);
    views[at] = view;
  });
  while (views.length > panels.length) views.pop().element.remove();
}

function panelView(session) {
  const view = new PanelView(session);
  return { kind: "panel", element: view.element, show: (...what) => view.update(...what) };
}

/** Put a text into an element; where runs of the same kinds stand there already, only what they say is changed. */
function fill(home, text) {
  const made = nodes(text);
  const there = [...home.childNodes];
  const alike = made.length === there.length && made.every((node, at) => node.nodeName === there[at].nodeName);
  if (!alike) home.replaceChildren(...made);
  else made.forEach((node, at) => there[at].textContent === node.textContent || (there[at].textContent = node.textContent));
}

function tableView() {
  const made = element("div", { className: "stg-table", tabIndex: 0, role: "region", "aria-label": "table" });
  let drawn = "";
  let shape = "";
  return {
    kind: "table",
    element: made,
    show(panel, store, theme, width) {
      made.style.width = `${width}px`;
      const state = JSON.stringify([panel, theme.dark]);
      if (state === drawn) return;
      drawn = state;
      const same = JSON.stringify([panel.title, panel.header, panel.colors, panel.rows.map((row) => [row[0], row.length]), theme.dark]);
      if (same === shape) {
        const bodies = made.querySelectorAll("tbody tr");
        panel.rows.forEach((row, at) => row.forEach((cell, column) => column && fill(bodies[at].children[column], cell)));
        return;
      }
      shape = same;
      const stroke = (at) => {
        const color = panel.colors?.[at];
        return color ? [element("span", { className: "stg-stroke", style: `background:${theme.color(color)}` })] : [];
      };
      const rows = panel.rows.map((row, at) =>
        element("tr", {}, ...row.map((cell, column) => element(column ? "td" : "th", column ? {} : { scope: "row" }, ...(column ? [] : stroke(at)), ...nodes(cell)))),
      );
      const head = element("tr", {}, ...panel.header.map((cell) => element("th", { scope: "col" }, ...nodes(cell))));
      const caption = panel.title ? [element("caption", {}, ...nodes(panel.title))] : [];
      made.replaceChildren(element("table", {}, ...caption, element("thead", {}, head), element("tbody", {}, ...rows)));
      made.setAttribute("aria-label", plain(panel.title) || "table");
    },
  };
}

/** Width and height of each panel: rows as full as the width allows, all rows of about the same number. */
function placesOf(panels, width) {
  const most = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  const rows = Math.ceil(panels.length / most);
  const each = Math.ceil(panels.length / rows);
  const places = [];
  for (let first = 0; first < panels.length; first += each) {
    const row = panels.slice(first, first + each);
    const wishes = row.map((panel) => (panel.kind === "table" ? { share: 1, ratio: 0 } : PanelView.wish(panel)));
    const shares = wishes.reduce((sum, { share }) => sum + share, 0);
    const free = width - GAP * (row.length - 1);
    const widths = wishes.map(({ share }) => Math.floor((free * share) / shares));
    const height = Math.max(220, Math.min(430, Math.max(...wishes.map(({ ratio }, at) => ratio * widths[at]))));
    widths.forEach((wide) => places.push([wide, Math.round(height)]));
  }
  return places;
}

function topBar(session, say) {
  const { spec } = session;
  const presets = spec.presets.map(([title, settings]) => {
    const made = element("button", { type: "button", className: "stg-preset" }, ...nodes(title));
    made.addEventListener("click", () => session.set(settings));
    return made;
  });
  const mark = (settings) =>
    presets.forEach((made, at) => {
      const here = Object.entries(spec.presets[at][1]).every(([name, value]) => JSON.stringify(settings[name]) === JSON.stringify(value));
      if (made.getAttribute("aria-pressed") !== String(here)) made.setAttribute("aria-pressed", here);
    });
  const reset = element("button", { type: "button", className: "stg-plain", title: "back to the first settings" }, "reset");
  reset.addEventListener("click", () => session.set(spec.defaults));
  const copy = element("button", { type: "button", className: "stg-plain", title: "copy these settings as one line of Python" }, "copy as code");
  copy.addEventListener("click", async () => {
    const code = codeOf(spec, session.settings);
    const done = await toClipboard(code, copy);
    copy.textContent = done ? "copied" : "copy as code";
    say(done ? `Copied: ${code}` : code);
    copy.title = code;
    setTimeout(() => (copy.textContent = "copy as code"), 1500);
  });
  const tries = presets.length ? [element("div", { className: "stg-presets", role: "group", "aria-label": "settings worth seeing" }, element("span", { className: "stg-try" }, "try"), ...presets)] : [];
  return { element: element("div", { className: "stg-top" }, ...tries, element("div", { className: "stg-actions" }, reset, copy)), show: mark };
}

/** By the clipboard's interface where the page may use it, else by a selection. */
async function toClipboard(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { value: text, className: "stg-spoken" });
    near.after(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    near.focus();
    return done;
  }
}
