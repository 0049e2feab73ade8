/** Settings as one line of Python: what differs from the first settings. */

/** @param {{name: string, given: string[], defaults: object}} spec */
export function codeOf(spec, settings) {
  const differing = Object.entries(settings)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(spec.defaults[name]))
    .map(([name, value]) => `${name}=${python(value, spec.controls.find((control) => control.name === name)?.kind)}`);
  return `${spec.name}(${[...spec.given, ...differing].join(", ")})`;
}

function python(value, kind) {
  if (Array.isArray(value)) {
    const inside = value.map((one) => python(one)).join(", ");
    return kind === "point" ? `(${inside})` : `[${inside}]`;
  }
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  return JSON.stringify(value);
}
