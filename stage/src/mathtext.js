/** Text with formulas: "speed $\\alpha\\lambda_1$" as runs of plain, italic, raised and lowered text. */

const SYMBOLS = {
  alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", varepsilon: "ε", zeta: "ζ", eta: "η", theta: "θ",
  kappa: "κ", lambda: "λ", mu: "μ", nu: "ν", xi: "ξ", pi: "π", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ", varphi: "φ",
  chi: "χ", psi: "ψ", omega: "ω", Gamma: "Γ", Delta: "Δ", Theta: "Θ", Lambda: "Λ", Sigma: "Σ", Phi: "Φ", Psi: "Ψ",
  Omega: "Ω", nabla: "∇", partial: "∂", sum: "∑", prod: "∏", int: "∫", sqrt: "√", infty: "∞", times: "×", cdot: "·",
  pm: "±", leq: "≤", le: "≤", geq: "≥", ge: "≥", neq: "≠", ne: "≠", approx: "≈", sim: "∼", propto: "∝", to: "→",
  leftarrow: "←", rightarrow: "→", in: "∈", ldots: "…", dots: "…", prime: "′", ell: "ℓ", quad: "  ", log: "log",
  ln: "ln", exp: "exp", min: "min", max: "max", sin: "sin", cos: "cos", tanh: "tanh", det: "det", top: "⊤", star: "*",
  bar: "̄", hat: "̂", tilde: "̃", dot: "̇", ddot: "̈",
};
const ACCENTS = new Set(["bar", "hat", "tilde", "dot", "ddot"]);
const cache = new Map();
const widths = new Map();

/**
 * @param {string} source
 * @returns {{text: string, italic: boolean, level: number}[]} runs; level 1 is raised, -1 lowered, 0 neither
 */
export function runs(source) {
  const known = cache.get(source);
  if (known) return known;
  const found = [];
  source.split("$").forEach((part, number) => {
    if (number % 2) formula(part, 0, found);
    else if (part) found.push({ text: part, italic: false, level: 0 });
  });
  if (cache.size > 500) cache.clear();
  cache.set(source, found);
  return found;
}

/** The text as a screen reader hears it. */
export const plain = (source) => runs(source).map((run) => run.text).join("");

function formula(source, level, found) {
  let at = 0;
  const push = (text) => {
    for (const piece of text.match(/[\p{L}\u0300-\u036f]+|[^\p{L}\u0300-\u036f]+/gu) ?? []) {
      found.push({ text: piece, italic: /^\p{L}/u.test(piece) && (piece.length < 2 || !/^[a-z]{2,}$/.test(piece)), level });
    }
  };
  while (at < source.length) {
    const letter = source[at];
    if (letter === "\\") {
      const name = /^[A-Za-z]+/.exec(source.slice(at + 1))?.[0] ?? source[at + 1] ?? "";
      at += 1 + name.length;
      if (ACCENTS.has(name)) {
        const [inside, next] = argument(source, at);
        const before = found.length;
        formula(inside, level, found);
        if (found.length > before) found[found.length - 1] = { ...found.at(-1), text: found.at(-1).text + SYMBOLS[name] };
        at = next;
      } else if (["mathrm", "text", "mathbf", "operatorname"].includes(name)) {
        const [inside, next] = argument(source, at);
        found.push({ text: inside, italic: false, level });
        at = next;
      } else if (/^[,;:! ]$/.test(name)) push(name === "!" ? "" : " ");
      else push(SYMBOLS[name] ?? name);
    } else if (letter === "_" || letter === "^") {
      const [inside, next] = argument(source, at + 1);
      formula(inside, letter === "^" ? 1 : -1, found);
      at = next;
    } else if (letter === "{" || letter === "}") at += 1;
    else {
      push(letter === "-" ? "−" : letter === "'" ? "′" : letter);
      at += 1;
    }
  }
}

/** What a command or a raised sign takes: a group in braces, a command, or one letter; and where it ends. */
function argument(source, at) {
  while (source[at] === " ") at += 1;
  if (source[at] === "{") {
    let depth = 0;
    for (let end = at; end < source.length; end += 1) {
      if (source[end] === "{") depth += 1;
      if (source[end] === "}" && --depth === 0) return [source.slice(at + 1, end), end + 1];
    }
    return [source.slice(at + 1), source.length];
  }
  if (source[at] === "\\") {
    const name = /^\\[A-Za-z]+/.exec(source.slice(at))?.[0] ?? "\\";
    return [name, at + name.length];
  }
  return [source[at] ?? "", at + 1];
}

const fontOf = (run, font) =>
  `${run.italic ? "italic " : ""}${font.bold ? "600 " : ""}${run.level ? 0.72 * font.size : font.size}px ${font.family}`;

/** How wide a text is, in pixels. */
export function width(context, source, font) {
  const key = `${font.size} ${font.bold} ${font.family} ${source}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  let sum = 0;
  for (const run of runs(source)) {
    context.font = fontOf(run, font);
    sum += context.measureText(run.text).width;
  }
  if (widths.size > 2000) widths.clear();
  widths.set(key, sum);
  return sum;
}

/**
 * Draw a text whose middle line is at y.
 * @param {{size: number, family: string, bold?: boolean}} font
 * @param {{align?: string, color: string, halo?: string}} look
 */
export function draw(context, source, x, y, font, { align = "left", color, halo }) {
  const pieces = runs(source);
  let left = x - (align === "left" ? 0 : width(context, source, font) * (align === "center" ? 0.5 : 1));
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const run of pieces) {
    context.font = fontOf(run, font);
    const level = y - run.level * 0.34 * font.size;
    if (halo) {
      context.lineJoin = "round";
      context.lineWidth = 3;
      context.strokeStyle = halo;
      context.strokeText(run.text, left, level);
    }
    context.fillStyle = color;
    context.fillText(run.text, left, level);
    left += context.measureText(run.text).width;
  }
}

/** The text as DOM nodes. */
export function nodes(source) {
  return runs(source).map((run) => {
    const node = document.createElement(run.level > 0 ? "sup" : run.level < 0 ? "sub" : run.italic ? "i" : "span");
    node.textContent = run.text;
    return node;
  });
}
