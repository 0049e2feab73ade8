/**
 * What one stage shows and wants, and the traffic with whoever computes its pictures.
 *
 * At most one question is in flight, and the newest settings win: a slow kernel gives fewer pictures, never a backlog.
 */

import { Store } from "./store.js";

const PATIENCE = 400; // ms until a picture under way is spoken of
const GRACE = 4000; // ms beyond the time budget until the kernel counts as lost
const RETRY = 3000; // ms between questions to a kernel that doesn't answer
const SETTLED = 300; // ms without a new picture until the last one is kept for the notebook

const LOST = "The kernel does not answer: it is busy, or it was stopped. If it was restarted, run this cell again.";

/**
 * @typedef {object} Host
 * @property {object} spec controls, presets, defaults, name, budget
 * @property {object} opening a first answer, with its buffer
 * @property {(question: object) => void} ask
 * @property {(answered: (message: object, buffer?: DataView) => void) => void} listen
 * @property {(picture: object) => void} [keep] for the notebook
 */
export class Session {
  #host;
  #listeners = new Set();
  #number = 0;
  #holds = -1;
  #askedAt = 0;
  #inFlight = false;
  #dirty = false;
  #pressed = null;
  #timers = {};

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    this.spec = host.spec;
    this.store = new Store();
    this.panels = [];
    this.note = "";
    this.error = "";
    this.busy = false;
    this.settings = { ...host.spec.settings, ...host.opening?.settings };
    this.shown = this.settings;
    if (host.opening?.kind) this.#take(host.opening, host.opening.buffer);
    host.listen((message, buffer) => this.#answered(message, buffer));
  }

  /** Call `changed(what)` with "settings", "picture" or "state". Returns what ends it. */
  subscribe(changed) {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Want these settings. */
  set(changes) {
    this.settings = { ...this.settings, ...changes };
    this.#dirty = true;
    this.#tell("settings");
    this.#pump();
  }

  /** Press a button that sets others: what it sets, the kernel says. */
  press(name) {
    this.#pressed = name;
    this.#dirty = true;
    this.#pump();
  }

  get waiting() {
    return this.#inFlight || this.#dirty;
  }

  #pump() {
    const silent = this.#inFlight && this.error === LOST && performance.now() - this.#askedAt > RETRY;
    if (!this.#dirty || (this.#inFlight && !silent)) return;
    this.#number += 1;
    this.#inFlight = true;
    this.#dirty = false;
    this.#askedAt = performance.now();
    const question = { kind: "ask", settings: this.settings, number: this.#number, holds: this.#holds };
    if (this.#pressed) question.pressed = this.#pressed;
    this.#pressed = null;
    clearTimeout(this.#timers.busy);
    clearTimeout(this.#timers.lost);
    this.#timers.busy = setTimeout(() => this.#state({ busy: true }), PATIENCE);
    this.#timers.lost = setTimeout(() => this.#state({ error: LOST, busy: false }), 1000 * this.spec.budget + GRACE);
    this.#host.ask(question);
  }

  #answered(message, buffer) {
    if (message.number !== this.#number) return;
    clearTimeout(this.#timers.busy);
    clearTimeout(this.#timers.lost);
    this.#inFlight = false;
    this.busy = false;
    if (!this.#dirty && JSON.stringify(message.settings) !== JSON.stringify(this.settings)) {
      this.settings = message.settings;
      this.#tell("settings");
    }
    this.#take(message, buffer);
    this.#pump(); // before painting, so that the kernel works meanwhile
    this.#tell("picture");
    clearTimeout(this.#timers.keep);
    if (!this.error) this.#timers.keep = setTimeout(() => this.#keep(), SETTLED);
  }

  #take(message, buffer) {
    this.error = message.error ?? "";
    if (!message.panels) return;
    this.store.update(message.arrays, buffer, message.panels);
    this.panels = message.panels;
    this.shown = message.settings; // the settings of this picture; those that are wanted may be newer
    this.note = message.note;
    this.#holds = message.number;
  }

  #keep() {
    const { entries, buffer } = this.store.whole();
    const { panels, note, settings } = this;
    this.#host.keep?.({ kind: "picture", number: 0, panels, note, settings, arrays: entries, buffer });
  }

  #state(changes) {
    Object.assign(this, changes);
    this.#tell("state");
  }

  #tell(what) {
    for (const listener of this.#listeners) listener(what);
  }
}
