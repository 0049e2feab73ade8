/** The front end of course.stage: an anywidget, and pages without a kernel. */

import { thaw } from "./frozen.js";
import { Session } from "./session.js";
import { show } from "./view.js";

const sessions = new WeakMap();

/** All views of a model share one session: its settings, its picture, its traffic. */
function sessionOf(model) {
  if (!sessions.has(model)) {
    const host = {
      spec: model.get("spec"),
      opening: model.get("opening"),
      ask: (question) => model.send(question),
      listen: (answered) => model.on("msg:custom", (message, buffers) => answered(message, buffers?.[0])),
      keep: (picture) => model.set("opening", picture), // in the notebook's saved state; the kernel has its own
    };
    sessions.set(model, new Session(host));
  }
  return sessions.get(model);
}

function initialize({ model }) {
  sessionOf(model);
}

function render({ model, el }) {
  return show(sessionOf(model), el);
}

thaw();

export default { initialize, render };
