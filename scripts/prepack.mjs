// Makes the clone ready to be packed: compiled TypeScript without leftovers, the page, and the addon in prebuilds/linux-x64,
// linked so that it loads wherever the engine does. `npm pack` and `npm publish` run it.
//   node scripts/prepack.mjs
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNative, linkAgain } from "./build-native.mjs";
import { buildWeb } from "./build-web.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const prebuild = join(root, "prebuilds", "linux-x64");
const compiler = process.env.CXX ?? "g++";
const run = (command, args) =>
  execFileSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });

/** The newest versions of symbols that the engine's own libraries need. */
const limits = { GLIBC: [2, 28], GLIBCXX: [3, 4, 25], CXXABI: [1, 3, 11] };

/** What scripts/prebuild/older-systems.cpp stands in for. */
const wrapped = [
  "dlopen",
  "dlsym",
  "dlerror",
  "pthread_once",
  "pthread_cond_clockwait",
  "fstat",
  "exp",
  "log",
  "pow",
  "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE",
  "_ZSt8to_charsPcS_dSt12chars_formati",
  "_ZSt10from_charsPKcS0_RdSt12chars_format",
];

/** Modules in dist whose source is gone: the compiler leaves them there. */
function removeStaleModules() {
  const dist = join(root, "dist");
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const stem = /^(.*)\.(js|js\.map|d\.ts)$/.exec(path.slice(dist.length))?.[1];
    if (!entry.isFile() || stem === undefined || stem.startsWith("/web/")) continue;
    if (!existsSync(join(root, "src", `${stem}.ts`))) rmSync(path);
  }
}

async function linkPrebuilt() {
  await buildNative();
  mkdirSync(prebuild, { recursive: true });
  const object = join(root, "build", "older-systems.o");
  const source = join(root, "scripts", "prebuild", "older-systems.cpp");
  run(compiler, [
    "-std=c++20",
    "-O2",
    "-fPIC",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    "-c",
    source,
    "-o",
    object,
  ]);
  const extra = [object, "-Wl,--strip-all", ...wrapped.map((name) => `-Wl,--wrap=${name}`)];
  return linkAgain({ folder: prebuild, extra });
}

/** What the addon needs of the system. @throws when that is more than the engine needs. */
function checkNeeds(file) {
  const tables = run("readelf", ["--wide", "--dynamic", "--version-info", file]);
  const wrong = [...tables.matchAll(/Name: ([A-Z]+)_([\d.]+)/g)].filter(([, set, version]) => {
    const limit = limits[set];
    return limit && isNewer(version.split(".").map(Number), limit);
  });
  if (wrong.length > 0) {
    const names = [...new Set(wrong.map(([, set, version]) => `${set}_${version}`))].join(", ");
    throw new Error(
      `${file} needs ${names}, newer than the engine's own libraries do; see scripts/prebuild/older-systems.cpp`,
    );
  }
  if (/R(UN)?PATH/.test(tables)) throw new Error(`${file} names folders of this machine (RPATH)`);
}

function isNewer(version, limit) {
  for (let i = 0; i < limit.length; i++) {
    const difference = (version[i] ?? 0) - limit[i];
    if (difference !== 0) return difference > 0;
  }
  return version.length > limit.length && version.slice(limit.length).some((part) => part > 0);
}

try {
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"]);
  removeStaleModules();
  await buildWeb();
  const key = await linkPrebuilt();
  for (const name of ["longtail.node", "preload.node", "vision.node"]) checkNeeds(join(prebuild, name));
  const { LIBTORCH_VERSION } = await import("../dist/libtorch/version.js");
  writeFileSync(join(prebuild, "addon.json"), `${JSON.stringify({ libtorch: LIBTORCH_VERSION, key })}\n`);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.error(`longtail ${version} is ready to be packed`);
} catch (error) {
  console.error(error.stdout ? `${error.message}\n${error.stdout}` : error.message);
  process.exitCode = 1;
}
