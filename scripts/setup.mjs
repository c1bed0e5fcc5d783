// Makes a clone ready: dependencies, compiled TypeScript, the page of `longtail watch`, the engine, the native addon. Each
// step is skipped when its result is there and current, so that `npm run quickstart` and `npm test` call this every time.
//   node scripts/setup.mjs
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => join(root, ...parts);
const compiler = process.env.CXX ?? "g++";

class SetupError extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return `Node.js ${process.versions.node}`;
  throw new SetupError(
    `longtail needs Node.js 20.19 or newer, found ${process.versions.node}; see nodejs.org`,
  );
}

/** Runs a program with its output shown; throws with `remedy` when it fails. */
function run(command, args, remedy, env = process.env) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env });
  if (signal === "SIGINT") process.exit(130);
  if (error) throw new SetupError(`${command} cannot be started: ${error.message}; ${remedy}`);
  if (status !== 0) throw new SetupError(remedy);
}

function installDependencies() {
  const stamp = inRoot("node_modules", ".longtail-lock");
  const lock = createHash("sha256")
    .update(readFileSync(inRoot("package-lock.json")))
    .digest("hex");
  if (isInstalled(stamp, lock)) return "current";
  // npm names itself to the scripts that it runs, so that the same one is used again.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const remedy =
    "npm could not install the dependencies; check the network and npm's configuration, then run it again";
  // onnxruntime-node's install script would fetch libraries for GPUs, which nothing here uses.
  const env = { ONNXRUNTIME_NODE_INSTALL: "skip", ...process.env };
  if (npm?.endsWith("js")) run(process.execPath, [npm, ...args], remedy, env);
  else run("npm", args, remedy, env);
  writeFileSync(stamp, lock);
  return "installed";
}

/** Ours by its stamp, or the user's own `npm ci` since the lock file changed. */
function isInstalled(stamp, lock) {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return true;
  const record = inRoot("node_modules", ".package-lock.json");
  return (
    !existsSync(stamp) &&
    existsSync(record) &&
    statSync(record).mtimeMs >= statSync(inRoot("package-lock.json")).mtimeMs
  );
}

/** `npx longtail` in the clone finds its command where npx looks first. */
function linkCommand() {
  const link = inRoot("node_modules", ".bin", "longtail");
  if (existsSync(link)) return "current";
  rmSync(link, { force: true });
  symlinkSync("../../bin/longtail.js", link);
  return "npx longtail";
}

/** First of all: it would be a pity to find no compiler after the long download. */
function checkCompiler() {
  const source =
    "#include <concepts>\ntemplate <std::integral T> T twice(T x) { return x + x; }\nint main() { return twice(0); }\n";
  const args = ["-std=c++20", "-fsyntax-only", "-x", "c++", "-"];
  const { status, error } = spawnSync(compiler, args, { input: source, encoding: "utf8" });
  if (status === 0) return `${compiler} compiles C++20`;
  const found = error?.code === "ENOENT" ? `${compiler} was not found` : `${compiler} does not compile C++20`;
  throw new SetupError(
    `a C++20 compiler is needed (g++ 10 or newer): ${found}. Debian, Ubuntu: apt install g++; ` +
      "Fedora: dnf install gcc-c++; or name another in the environment variable CXX",
  );
}

function compileTypeScript() {
  run(
    process.execPath,
    [inRoot("node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"],
    "the TypeScript sources do not compile; see above",
  );
  return "dist";
}

async function buildPage() {
  const { buildWeb } = await import("./build-web.mjs");
  return (await buildWeb()).length > 0 ? "built" : "current";
}

async function installEngine() {
  const { locateEngine } = await import("../dist/libtorch/locate.js");
  try {
    const { version, root: folder } = locateEngine();
    return `libtorch ${version} in ${folder}`;
  } catch (error) {
    if (process.env.LONGTAIL_TORCH) throw new SetupError(error.message);
  }
  run(
    process.execPath,
    [inRoot("bin/longtail.js"), "engine", "install"],
    "the engine could not be installed; see above",
  );
  return `libtorch ${locateEngine().version} installed`;
}

/** Without them everything works but what starts from a pretrained network, which fetches them when it needs them. */
function fetchWeights() {
  const args = [inRoot("bin/longtail.js"), "weights", "get", "efficientnet-lite0"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  return status === 0
    ? "efficientnet-lite0"
    : `not fetched: ${stderr.trim()}; later: npx longtail weights get efficientnet-lite0`;
}

async function buildNative() {
  const { buildNative: build } = await import("./build-native.mjs");
  return (await build()) ? "built" : "current";
}

const steps = [
  ["Node.js", checkNode],
  ["compiler", checkCompiler],
  ["dependencies", installDependencies],
  ["command", linkCommand],
  ["TypeScript", compileTypeScript],
  ["page of longtail watch", buildPage],
  ["engine", installEngine],
  ["native addon", buildNative],
  ["pretrained weights", fetchWeights],
];

try {
  for (const [name, step] of steps) {
    const started = performance.now();
    const outcome = await step();
    console.error(`setup: ${name}: ${outcome} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }
} catch (error) {
  console.error(
    `setup: ${error instanceof SetupError || error.code === undefined ? error.message : error.stack}`,
  );
  process.exitCode = 1;
}
