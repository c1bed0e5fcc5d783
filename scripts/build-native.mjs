// Builds the native addon with the C++ compiler alone (no make, cmake or node-gyp, so that a fresh machine needs
// nothing else). An object is rebuilt when its source, a header of ours that it includes, the flags, the compiler or
// the engine changed.
//   node scripts/build-native.mjs [--force]
// LONGTAIL_WERROR=1 makes a warning an error, as .ci/run does: not the default, since a newer compiler may warn of more.
// Reads dist/libtorch/locate.js for the engine's folder: run `npm run build` first. CXX chooses the compiler.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const clone = join(root, "build");
const require = createRequire(import.meta.url);
const compiler = process.env.CXX ?? "g++";

/** What needs CUDA's headers, a library of its own: scripts/build-cuda.mjs. */
const cudaSources = "native/cuda/library";

const isWithin = (folder, file) => !relative(join(root, folder), file).startsWith("..");

/**
 * A header package's folder: below `headers`, or where npm put it. By path and not by require.resolve: they export no
 * entry for it.
 */
function packageFolder(name, headers) {
  const folders = [headers, root, dirname(root), dirname(dirname(root))].filter(Boolean);
  const found = folders.map((folder) => join(folder, "node_modules", name)).find((path) => existsSync(path));
  if (!found) throw new Error(`the headers of ${name} are not there: expected it in ${folders.join(", ")}`);
  return found;
}

const ourHeaders = [`-I${join(root, "native")}`];

/** Our headers, and those of others, whose warnings are not ours; without an engine those of vision.node alone. */
function searchPathOf(engine, headers) {
  const vips = join(packageFolder("@img/sharp-libvips-dev", headers), "include");
  const theirs = [
    join(packageFolder("node-api-headers", headers), "include"),
    ...(engine === null ? [] : [join(engine, "include"), join(engine, "include/torch/csrc/api/include")]),
    vips,
    join(vips, "glib-2.0"),
    join(dirname(visionLibrary()), "glib-2.0/include"),
  ];
  return [...ourHeaders, ...theirs.flatMap((folder) => ["-isystem", folder])];
}

function sources() {
  const found = readdirSync(join(root, "native"), { recursive: true, withFileTypes: true }).filter((e) =>
    e.isFile(),
  );
  const paths = found.map((e) => join(e.parentPath, e.name)).sort();
  const isApart = (p) => basename(p) === "preload.cpp" || isWithin(cudaSources, p);
  return {
    files: paths.filter((p) => p.endsWith(".cpp") && !isApart(p)),
    preload: join(root, "native/torch/preload.cpp"),
  };
}

/** The entry of vision.node, and what it is made of: what needs no libtorch. */
const visionEntry = "native/vision/bindings/standalone.cpp";
const visionFolders = [
  ...["codecs", "image", "sources", "transforms"].map((name) => `native/vision/${name}`),
  "native/network",
];
const visionFiles = [
  visionEntry,
  ...["avx2", "avx512", "inverted-residual", "winograd"].map((name) => `native/kernels/${name}.cpp`),
  ...["prepare", "encoding", "conversions"].map((name) => `native/vision/bindings/${name}.cpp`),
  ...["napi", "parallel-for", "timeline"].map((name) => `native/common/${name}.cpp`),
];
const isVision = (file) =>
  visionFolders.some((folder) => isWithin(folder, file)) || visionFiles.includes(relative(root, file));
const isVisionAlone = (file) => relative(root, file) === visionEntry || isWithin("native/network", file);

/** A source file's text and that of our headers that it includes, directly or not. */
function textsOf(file, seen = new Set()) {
  if (seen.has(file)) return [];
  seen.add(file);
  const text = readFileSync(file, "utf8");
  const ours = [...text.matchAll(/^\s*#include "([^"]+)"/gm)].map(([, name]) => join(root, "native", name));
  return [text, ...ours.filter((path) => existsSync(path)).flatMap((path) => textsOf(path, seen))];
}

const hash = (...parts) =>
  parts
    .reduce((h, part) => h.update(part).update("\0"), createHash("sha256"))
    .digest("hex")
    .slice(0, 20);

/** The library file that an addon links with and that src/torch/native.ts opens before it. */
export function visionLibrary() {
  return require.resolve("@img/sharp-libvips-linux-x64/binary", { paths: [root] });
}

const werror = process.env.LONGTAIL_WERROR === "1" ? ["-Werror"] : [];

/** Returns the compiler's warnings. */
async function compile(args, what) {
  try {
    const { stderr } = await promisify(execFile)(compiler, [...args, ...werror], {
      cwd: root,
      maxBuffer: 64 << 20,
    });
    return stderr;
  } catch (error) {
    throw new Error(
      `${compiler} could not build ${what}:\n${(error.stderr || error.message).split("\n").slice(0, 40).join("\n")}`,
    );
  }
}

/** Runs jobs side by side, as many as there are cores (each compiler takes about 1 GB). */
async function inParallel(jobs) {
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) await job();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, worker));
}

const flags = [
  "-std=c++20",
  "-O3",
  "-fPIC",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
  "-Wno-unused-parameter",
  "-DNAPI_VERSION=8",
];

const distributedFlags = [
  "-DUSE_DISTRIBUTED",
  "-DUSE_C10D_GLOO",
  "-Inative/distributed/headers", // relative, so that objects stay current in a copy of the clone
];

/** Whether libjpeg-turbo's headers are there. Without them JPEG goes by libvips. */
function hasJpegHeaders() {
  const includes = "#include <cstdio>\n#include <jpeglib.h>\n#include <jerror.h>\n";
  const input = `${includes}static_assert(LIBJPEG_TURBO_VERSION_NUMBER >= 2000000);\n`;
  return spawnSync(compiler, ["-fsyntax-only", "-x", "c++", "-"], { input }).status === 0;
}

/** Units that libjpeg-turbo is for; native/vision/codecs/jpeg-library.h opens it at run time, so that nothing is linked. */
const usesJpeg = (file) => basename(file).startsWith("jpeg");
/** Units that know process groups, whose headers name Gloo's. */
const isDistributed = (file) => isWithin("native/distributed", file);
/** Units with loops on libtorch's threads, which are OpenMP's. */
const isParallel = (file) =>
  file === join(root, "native/torch/random.cpp") ||
  relative(join(root, "native/kernels"), file) === basename(file);

function flagsOf(file, jpeg) {
  if (jpeg && usesJpeg(file)) return [...flags, "-DLT_JPEG"];
  if (isDistributed(file)) return [...flags, ...distributedFlags];
  return isParallel(file) ? [...flags, "-fopenmp"] : flags;
}

const readsLibtorch = (texts) => texts.some((text) => /^#include <(torch|ATen|c10)\//m.test(text));

/**
 * Files by what is compiled at once. Reading libtorch's headers takes most of the time of a file that includes them, so that those of
 * a folder with the same flags share it: the addon takes half of the time. Others are alone.
 */
function grouped(files, jpeg) {
  const groups = new Map();
  for (const file of files) {
    const texts = textsOf(file);
    const flags = flagsOf(file, jpeg);
    const path = relative(root, file);
    const isShared = readsLibtorch(texts);
    const what = isShared ? path.split(sep).slice(0, 2).join("/") : path;
    const name = [what, ...flags].join(" ");
    const group = groups.get(name) ?? { what, files: [], texts: [], flags, isShared };
    group.files.push(file);
    group.texts.push(...texts);
    groups.set(name, group);
  }
  // The longest first: no core waits for one at the end.
  const length = ({ texts }) => texts.reduce((sum, text) => sum + text.length, 0);
  return [...groups.values()].sort((a, b) => b.isShared - a.isShared || length(b) - length(a));
}

/** What to build, each unit with the object file whose name says from what exactly it is made. */
function plan(engine, folder) {
  const { files, preload } = sources();
  const version = execFileSync(compiler, ["--version"], { encoding: "utf8" });
  const keyOf = ({ files: some, texts, flags: its }) =>
    hash(hash(version, engine.version, its.join(" ")), ...some.map((file) => relative(root, file)), ...texts);
  const units = grouped(files, hasJpegHeaders()).map((group) => {
    const key = keyOf(group);
    return { ...group, key, object: join(folder, "objects", `${basename(group.what, ".cpp")}-${key}.o`) };
  });
  const keyOfPreload = keyOf({ files: [preload], texts: textsOf(preload), flags });
  return { units, preload, key: hash(...units.map(({ key }) => key).sort(), keyOfPreload, visionLibrary()) };
}

/**
 * Builds what is not current. Returns whether anything was built.
 *
 * @param folder where the addon and its objects go.
 * @param headers a folder whose node_modules holds the header packages.
 */
export async function buildNative({ force = false, log = console.log, folder = clone, headers } = {}) {
  const { locateEngine } = await import("../dist/libtorch/locate.js");
  const engine = locateEngine();
  if (force) rmSync(folder, { recursive: true, force: true });
  const objects = join(folder, "objects");
  mkdirSync(objects, { recursive: true });
  const { units, preload, key } = plan(engine, folder);
  const stamp = join(folder, "stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return false;

  const searchPath = searchPathOf(engine.root, headers);
  await compileUnits(
    units.filter(({ object }) => !existsSync(object)),
    { searchPath, log },
  );
  await link({
    units,
    preload,
    engine: engine.root,
    searchPath,
    folder,
  });
  const current = new Set(units.map(({ object }) => basename(object)));
  for (const file of readdirSync(objects)) if (!current.has(file)) rmSync(join(objects, file));
  writeFileSync(stamp, key);
  return true;
}

/** Builds vision.node and preload.node into `folder`, for a machine without the engine; everything anew. */
export async function buildVision({ log = console.log, folder, headers }) {
  const objects = join(folder, "objects");
  mkdirSync(objects, { recursive: true });
  const { files, preload } = sources();
  const units = grouped(files.filter(isVision), hasJpegHeaders()).map((unit) => ({
    ...unit,
    object: join(objects, `${hash(unit.what)}.o`),
  }));
  const searchPath = searchPathOf(null, headers);
  await compileUnits(units, { searchPath, log });
  await linkVision({ units, preload, searchPath, folder });
}

/**
 * Links the clone's objects once more, with other objects and flags of the linker, into `folder`. They have to be
 * current. Returns the hash of what they are made of.
 */
export async function linkAgain({ folder, extra }) {
  const { locateEngine } = await import("../dist/libtorch/locate.js");
  const engine = locateEngine();
  const { units, preload, key } = plan(engine, clone);
  mkdirSync(folder, { recursive: true });
  await link({ units, preload, engine: engine.root, searchPath: searchPathOf(engine.root), folder, extra });
  return key;
}

/** The compiler's arguments for files, several as if they were one. */
function inputs(files) {
  if (files.length === 1) return ["-c", ...files];
  return [...files.flatMap((file) => ["-include", file]), "-x", "c++", "-c", "/dev/null"];
}

async function compileUnits(stale, { searchPath, log }) {
  let done = 0;
  await inParallel(
    stale.map(({ what, files, object, flags }) => async () => {
      const partial = `${object}.${process.pid}`;
      // libvips' headers have another libjpeg's among them.
      const headers = files.some(usesJpeg) ? ourHeaders : searchPath;
      const warnings = await compile([...flags, ...headers, ...inputs(files), "-o", partial], what);
      renameSync(partial, object);
      log(`  [${++done}/${stale.length}] ${what}${warnings && `\n${warnings}`}`);
    }),
  );
}

/** Links `target` in the folder, where it replaces another at once. */
async function replace(target, { folder, args }) {
  const partial = join(folder, `${target}.${process.pid}`);
  await compile([...args, "-shared", "-o", partial], target);
  renameSync(partial, join(folder, target));
}

const objectsOf = (units, isChosen) =>
  units.filter(({ files }) => files.every(isChosen)).map(({ object }) => object);

async function linkVision({ units, preload, searchPath, folder, extra = [] }) {
  await replace("preload.node", {
    folder,
    args: [...flags, ...searchPath, preload, "-lpthread", "-ldl", ...extra],
  });
  const args = [...objectsOf(units, isVision), visionLibrary(), "-lpthread", "-ldl", ...extra];
  await replace("vision.node", { folder, args });
}

async function link({ units, preload, engine, searchPath, folder, extra = [] }) {
  const lib = join(engine, "lib");
  await linkVision({ units, preload, searchPath, folder, extra });
  const args = [
    ...objectsOf(units, (file) => !isVisionAlone(file)),
    `-L${lib}`,
    "-ltorch_cpu",
    "-lc10",
    "-l:libgomp.so.1",
    visionLibrary(),
    "-lpthread",
    "-ldl",
    ...extra,
  ];
  await replace("longtail.node", { folder, args });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const started = Date.now();
    const built = await buildNative({ force: process.argv.includes("--force") });
    console.log(
      built
        ? `native addon built in ${((Date.now() - started) / 1000).toFixed(0)} s`
        : "native addon is current",
    );
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
