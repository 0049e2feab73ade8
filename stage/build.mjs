/**
 * Bundles the front end into the one file that the package ships: `npm run build`.
 *
 * Its first line holds a hash of what it was made from, so that without Node's packages a test can still tell whether
 * it is up to date. `npm run check` builds in memory and compares.
 */
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const target = new URL("../course/stage/static/stage.js", import.meta.url);

/** A hash of all sources, in the order of their names; tests/test_stage_bundle.py computes the same. */
function sourceHash() {
  const hash = createHash("sha256");
  const sources = readdirSync(new URL("./src/", import.meta.url)).sort().map((name) => `src/${name}`);
  for (const name of ["build.mjs", "package-lock.json", ...sources]) {
    hash.update(`${name}\n`).update(readFileSync(new URL(name, import.meta.url), "utf8"));
  }
  return hash.digest("hex");
}

const result = await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  banner: { js: `/* networks-by-hand stage, built from ${sourceHash()}. d3 modules: ISC licence, Mike Bostock. */` },
  bundle: true,
  charset: "utf8",
  entryPoints: ["src/index.js"],
  format: "esm",
  legalComments: "none",
  loader: { ".css": "text" },
  minify: true,
  target: "es2022",
  write: false,
});
const fresh = result.outputFiles[0].text;

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== fresh) {
    console.error("course/stage/static/stage.js is not what stage/src gives; run `npm run build` in stage/");
    process.exit(1);
  }
} else {
  writeFileSync(target, fresh);
  console.log(`course/stage/static/stage.js: ${(Buffer.byteLength(fresh) / 1000).toFixed(1)} kB`);
}
