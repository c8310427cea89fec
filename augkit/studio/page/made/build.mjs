// Bundles editor.mjs into ../editor.js; the first line of it says of what.
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const parts = Object.entries(dependencies).map(([name, version]) => `${name}@${version}`);
await build({
  entryPoints: ["editor.mjs"],
  outfile: "../editor.js",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: `/* CodeMirror 6, MIT, see editor.LICENSE: ${parts.join(" ")} */` },
});
