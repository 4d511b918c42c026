// Bundles the page into ../static, and writes the digest of this folder into the bundle, by which a test notices
// that somebody has changed one without the other. `npm ci && npm run build`.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const STATIC = join(HERE, "..", "static");

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules" || entry.name.startsWith(".")) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

// sha256 over "path\0content\0" of every file, by path; tests/sandbox/test_page_bundle.py computes the same.
export function digest() {
  const hash = createHash("sha256");
  const named = files(HERE).map((path) => [relative(HERE, path).split(sep).join("/"), path]);
  for (const [name, path] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(name).update("\0").update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}

// The published package draws in Slack's own light colours, and again in dark ones. Here both are the page's: its
// colours become variables, its second set goes, and its rules sink into a layer, below the page's own.
const COLOURS = [
  [/rgb\(29 28 29\s*\/\s*var\([^)]*\)\)/g, "var(--ink)"],
  [/rgb\(97 96 97\s*\/\s*var\([^)]*\)\)/g, "var(--ink-2)"],
  [/rgba\(29,28,29,\.7\)/g, "var(--ink-2)"],
  [/([{;]color:)rgba\(29,28,29,\.3\)/g, "$1var(--ink-3)"],
  [/rgba\(29,28,29,\.3\)/g, "var(--line-2)"],
  [/rgba\(29,28,29,\.(04|06|08)\)/g, "var(--lift)"],
  [/rgba\(29,28,29,\.(13|2)\)/g, "var(--line)"],
  [/(border(?:-[a-z]+)?-color:)rgb\((?:221 221 221|229 231 235|243 244 246|209 213 219|97 96 97)\s*\/\s*var\([^)]*\)\)/g, "$1var(--line)"],
  [/background-color:rgb\((?:221 221 221|209 213 219)\s*\/\s*var\([^)]*\)\)/g, "background-color:var(--line-2)"],
  [/background-color:rgb\((?:246 246 246|243 244 246|248 248 248|255 255 255|240 253 244|254 242 242)\s*\/\s*var\([^)]*\)\)/g, "background-color:var(--lift)"],
  [/([{;]color:)rgb\(18 100 163\s*\/\s*var\([^)]*\)\)/g, "$1var(--link)"],
  [/background-color:rgb\((?:18 100 163|59 130 246)\s*\/\s*var\([^)]*\)\)/g, "background-color:var(--accent)"],
  [/rgba\(18,100,163,\.(08|1|3)\)/g, "var(--accent-soft)"],
  [/([{;]color:)rgb\(224 30 90\s*\/\s*var\([^)]*\)\)/g, "$1var(--code)"],
  [/background-color:rgb\(224 30 90\s*\/\s*var\([^)]*\)\)/g, "background-color:var(--danger)"],
  [/background-color:rgb\(220 38 38\s*\/\s*var\([^)]*\)\)/g, "background-color:var(--bad)"],
  [/background-color:rgb\(0 122 90\s*\/\s*var\([^)]*\)\)/g, "background-color:var(--primary)"],
  [/([{;]color:)rgb\((?:22 163 74|0 122 90)\s*\/\s*var\([^)]*\)\)/g, "$1var(--good)"],
  [/([{;]color:)rgb\(232 145 45\s*\/\s*var\([^)]*\)\)/g, "$1var(--warn)"],
];

function repaint(css) {
  const light = css.replace(/[^{}]*data-theme=dark[^{}]*\{[^}]*\}/g, "").replace(/@media[^{}]*prefers-color[^{}]*\{\}/g, "");
  const weak = light.replaceAll("#slack_blocks_to_jsx", ".slack_blocks_to_jsx").replaceAll("!important", "");
  return `@layer package {${COLOURS.reduce((text, [colour, variable]) => text.replace(colour, variable), weak)}}`;
}

const repainted = {
  name: "repainted",
  setup(build) {
    build.onLoad({ filter: /slack-blocks-to-jsx[\\/]dist[\\/]style\.css$/ }, ({ path }) => ({
      contents: repaint(readFileSync(path, "utf8")),
      loader: "css",
    }));
  },
};

const options = {
  entryPoints: { app: join(HERE, "src", "main.jsx") },
  outdir: STATIC,
  assetNames: "[name]",
  loader: { ".woff2": "file" },
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome111", "firefox113", "safari16.4"],
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  banner: { js: `/* source sha256 ${digest()} */`, css: `/* source sha256 ${digest()} */` },
  legalComments: "none",
  logLevel: "warning",
  plugins: [repainted],
};

const notices = [
  "react", "react-dom", "slack-blocks-to-jsx", "node-emoji", "react-markdown", "remark-gfm",
  "@fontsource-variable/inter", "@fontsource-variable/jetbrains-mono",
];

function licences() {
  const texts = notices.map((name) => {
    const folder = join(HERE, "node_modules", name);
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return `${name} ${version}\n\n${file ? readFileSync(join(folder, file), "utf8").trim() : "MIT"}`;
  });
  writeFileSync(join(STATIC, "LICENSES.txt"), `${texts.join("\n\n----\n\n")}\n`);
}

mkdirSync(STATIC, { recursive: true });
for (const name of ["index.html", "icon.svg"]) copyFileSync(join(HERE, "src", name), join(STATIC, name));
if (process.argv.includes("--watch")) {
  await (await esbuild.context(options)).watch();
} else {
  await esbuild.build(options);
  licences();
}
