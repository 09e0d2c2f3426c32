/*
 * Bundles the browser's part of jigai into web/static/dist.
 *
 * Every .ts, .tsx and .css file directly in src/ is an entry and becomes a file of the same name; what they share
 * becomes a chunk of its own, so that a page loads only what it uses. Names stay as they are, so templates can name
 * them; manifest.json gives the hash of each for `?v=`, so browsers may keep them for ever.
 *
 *     node web/frontend/build.mjs            once
 *     node web/frontend/build.mjs --watch    again at every change, with readable output
 */
import { createHash } from "node:crypto";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, "src");
const target = path.join(here, "..", "static", "dist");
const watching = process.argv.includes("--watch");

async function filesOf(folder) {
  const found = await readdir(folder, { withFileTypes: true });
  return found.filter((file) => file.isFile()).map((file) => file.name).sort();
}

/** Writes manifest.json: {"app.css": "first 16 hex digits of its SHA-256", …}, of what templates can name. */
async function writeManifest() {
  const manifest = {};
  for (const name of await filesOf(target)) {
    if (!/\.(css|js)$/.test(name)) continue;
    manifest[name] = createHash("sha256").update(await readFile(path.join(target, name))).digest("hex").slice(0, 16);
  }
  await writeFile(path.join(target, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

const manifestPlugin = {
  name: "manifest",
  setup(build) {
    build.onEnd(async (result) => {
      if (result.errors.length === 0) await writeManifest();
    });
  },
};

const entries = (await filesOf(source)).filter((name) => /\.(tsx?|css)$/.test(name) && !name.endsWith(".d.ts"));

await rm(target, { recursive: true, force: true });
const context = await esbuild.context({
  absWorkingDir: here,
  entryPoints: entries.map((name) => path.join("src", name)),
  outdir: target,
  outbase: source,
  plugins: [manifestPlugin],
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  jsx: "automatic",
  charset: "utf8",
  minify: !watching,
  sourcemap: watching ? "inline" : false,
  // React reads it to leave its development checks out.
  define: { "process.env.NODE_ENV": watching ? '"development"' : '"production"' },
  loader: { ".woff2": "file", ".woff": "file", ".svg": "text", ".bpmn": "text" },
  assetNames: "assets/[name]-[hash]",
  chunkNames: "chunks/[name]-[hash]",
  legalComments: "linked",
  logLevel: "info",
});

if (watching) {
  await context.watch();
} else {
  try {
    await context.rebuild();
  } catch {
    process.exitCode = 1; // esbuild has already said what and where
  } finally {
    await context.dispose();
  }
}
