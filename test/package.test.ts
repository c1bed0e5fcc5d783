/** The package as people get it: packed by npm, installed into an empty project, and used there. */
import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quick } from "../src/cli/cli.fixture.js";
import { locateEngine } from "../src/libtorch/locate.js";

const repository = join(import.meta.dirname, "..");

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

let folder = "";
let project = "";
let installed = "";
let packed: Packed;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "longtail package "));
  project = join(folder, "my project");
  installed = join(project, "node_modules", "longtail");
  mkdirSync(project);
  const answer = await npm(repository, "pack", "--json", "--pack-destination", folder);
  const parsed = JSON.parse(answer.slice(answer.search(/^[[{]/m))) as Packed[] | Record<string, Packed>;
  packed = Object.values(parsed)[0]!;
  writeFileSync(join(project, "package.json"), '{ "private": true }');
  await npm(project, "install", "--prefer-offline", "--no-audit", "--no-fund", join(folder, packed.filename));
  copyFileSync(join(installed, "prebuilds/linux-x64/vision.node"), join(folder, "good-vision.node"));
}, 600_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run("npm", args, { cwd });
  if (code !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stderr}`);
  return stdout;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without blocking this process, which has to answer vitest meanwhile. */
function run(
  command: string,
  args: readonly string[],
  { cwd = project, environment = {} }: { cwd?: string; environment?: Record<string, string> } = {},
): Promise<Outcome> {
  const options = { cwd, env: { ...process.env, ...environment }, maxBuffer: 64 << 20 };
  return new Promise((resolve) => {
    const child = execFile(command, args, options, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

/** Runs a file of the project with Node. */
function runFile(name: string, text: string, environment: Record<string, string> = {}): Promise<Outcome> {
  writeFileSync(join(project, name), text);
  return run(process.execPath, [name], { environment });
}

/** A line that computes with the engine through the installed package. */
const compute = 'const { native } = await import("./node_modules/longtail/dist/torch/native.js");';

describe("the package", () => {
  test("holds what runs and nothing else, and is small", () => {
    const paths = packed.files.map(({ path }) => path);
    const isPhotograph = (path: string): boolean => path.startsWith("examples/caltech20-lt/");
    expect(new Set(paths.filter((path) => !isPhotograph(path)).map((path) => path.split("/")[0]))).toEqual(
      new Set([
        "LICENSE",
        "NOTICE",
        "README.md",
        "bin",
        "dist",
        "docs",
        "examples",
        "native",
        "package.json",
        "prebuilds",
        "recipes",
        "scripts",
      ]),
    );
    expect(paths.filter((path) => /\.(map|tsbuildinfo)$|\.(test|fixture)\./.test(path))).toEqual([]);
    expect(paths.filter((path) => path.startsWith("prebuilds/"))).toEqual(
      ["addon.json", "longtail.node", "preload.node", "vision.node"].map(
        (name) => `prebuilds/linux-x64/${name}`,
      ),
    );
    const photographs = packed.files.filter(({ path }) => isPhotograph(path));
    expect(photographs.length).toBeGreaterThan(2000);
    const withoutPhotographs = packed.size - photographs.reduce((sum, { size }) => sum + size, 0);
    expect(withoutPhotographs).toBeLessThan(5e6);
  });

  test("holds a module for each source, so that nothing is left of renamed ones", () => {
    const modules = packed.files.map(({ path }) => /^dist\/(?!web\/)(.*)\.js$/.exec(path)?.[1]);
    const stray = modules.filter(
      (name) => name !== undefined && !existsSync(join(repository, "src", `${name}.ts`)),
    );
    expect(stray).toEqual([]);
  });

  test("installs no compiler and no headers", () => {
    const beside = readdirSync(join(project, "node_modules"));
    for (const name of ["typescript", "node-api-headers", "vite", "svelte"])
      expect(beside).not.toContain(name);
    expect(existsSync(join(project, "node_modules", "@img", "sharp-libvips-dev"))).toBe(false);
  });
});

describe("in a project", () => {
  test("npx longtail recipes", async () => {
    const { code, stdout } = await run("npx", ["longtail", "recipes"]);
    expect(stdout).toContain("caltech20-lt-ncl");
    expect(code).toBe(0);
  });

  test("npx longtail recipes for a recipe in TypeScript, without the compiler", async () => {
    const example = join(installed, "examples/own-method/recipe.ts");
    const { code, stdout, stderr } = await run("npx", ["longtail", "recipes", example]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ name: "focal", method: { kind: "focal", experts: 1 } });
  });

  test("import from an ES module", async () => {
    const text = 'import { train } from "longtail"; import { defineRecipe } from "longtail/recipes";';
    expect(await runFile("module.mjs", `${text} console.log(typeof train, typeof defineRecipe);`)).toEqual({
      code: 0,
      stdout: "function function\n",
      stderr: "",
    });
  });

  test("await import from CommonJS", async () => {
    const text = 'import("longtail").then(({ train }) => console.log(typeof train));';
    expect(await runFile("common.cjs", text)).toEqual({ code: 0, stdout: "function\n", stderr: "" });
  });

  test("every declaration compiles in strict TypeScript, without the DOM's types and without ONNX Runtime", async () => {
    const entries = ["longtail", "longtail/methods", "longtail/recipes", "longtail/runtime"];
    const text = entries.map(
      (entry, k) => `import * as entry${k} from "${entry}";\nconsole.log(entry${k});\n`,
    );
    writeFileSync(join(project, "strict.mts"), text.join(""));
    const flags =
      "--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --target es2022 --types node";
    const lib = ["--lib", "es2022,esnext.disposable", "--typeRoots", join(repository, "node_modules/@types")];
    for (const [module, resolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ] as const) {
      const how = ["--module", module, "--moduleResolution", resolution];
      const tsc = join(repository, "node_modules/typescript/bin/tsc");
      const args = [tsc, ...flags.split(" "), ...lib, ...how, "strict.mts"];
      expect(await run(process.execPath, args)).toEqual({ code: 0, stdout: "", stderr: "" });
    }
  });

  test("a worker thread computes, beside the main thread", async () => {
    const worker = `${compute} const { parentPort } = await import("node:worker_threads");
      parentPort.postMessage(native().engineInfo().version);`;
    writeFileSync(join(project, "worker.mjs"), worker);
    const main = `import { Worker } from "node:worker_threads"; ${compute}
      const own = native().engineInfo().version;
      const worker = new Worker(new URL("./worker.mjs", import.meta.url));
      worker.once("message", (version) => console.log(own, version));`;
    const { version } = locateEngine();
    expect(await runFile("main.mjs", main)).toEqual({
      code: 0,
      stdout: `${version} ${version}\n`,
      stderr: "",
    });
  });

  test("npx longtail quickstart trains on the package's photographs, and predict uses the result", async () => {
    const short = [...quick, "--set", "epochs=1", "--set", "data.batch=64"];
    const { code, stderr, stdout } = await run("npx", ["longtail", "quickstart", "--json", ...short]);
    expect(stderr).toContain("NCL, three");
    expect(JSON.parse(stdout)).toMatchObject({ ncl: { images: 400 }, runs: { ncl: "runs/quickstart/ncl" } });
    expect(code).toBe(0);
    const photograph = join(installed, "examples/caltech20-lt/test/helicopter/image_0077.jpg");
    const prediction = await run("npx", ["longtail", "predict", "runs/quickstart/ncl", photograph]);
    expect(prediction.stdout).toContain("image_0077.jpg");
    expect(prediction.code).toBe(0);
  });
});

describe("without an engine", () => {
  const nowhere = { LONGTAIL_TORCH: "", PIP_NO_INDEX: "1", PIP_CONFIG_FILE: "/dev/null", PIP_FIND_LINKS: "" };

  test("the first tensor installs it, and the command's own words say why it could not", async () => {
    const environment = { ...nowhere, XDG_CACHE_HOME: join(folder, "empty cache") };
    const { code, stderr } = await runFile("first.mjs", `${compute} native();`, environment);
    expect(stderr).toContain("error: cannot find torch-");
    expect(stderr).toContain("EngineError: the engine could not be installed; see above");
    expect(code).toBe(1);
  });

  test("LONGTAIL_INSTALL=never forbids that", async () => {
    const environment = {
      ...nowhere,
      XDG_CACHE_HOME: join(folder, "empty cache"),
      LONGTAIL_INSTALL: "never",
    };
    const { stderr } = await runFile("never.mjs", `${compute} native();`, environment);
    expect(stderr).toMatch(/EngineError: the engine \(libtorch [\d.]+\) is not installed: expected in /);
    expect(stderr).not.toContain("cannot find");
  });

  test("on another platform one message says what works instead, and recipes works", async () => {
    const platform = 'Object.defineProperty(process, "platform", { value: "darwin" });';
    const environment = {
      XDG_CACHE_HOME: join(folder, "empty cache"),
      LONGTAIL_TORCH: "",
      NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(platform)}"`,
    };
    const program = join(installed, "bin", "longtail.js");
    for (const outcome of [
      await run(process.execPath, [program, "engine", "install"], { environment }),
      await runFile("other.mjs", `${compute} native();`, environment),
    ]) {
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain("found darwin, x64, without glibc. On a Mac use a Linux container");
    }
    const { code, stdout } = await run(process.execPath, [program, "recipes"], { environment });
    expect(stdout).toContain("caltech20-lt-ncl");
    expect(code).toBe(0);
  });
});

/** A program in the place of a compiler that needs minutes: it compiles nothing and links what was put aside. */
function fakeCompiler(): string {
  const compiler = join(folder, "compiler");
  writeFileSync(
    compiler,
    `#!/bin/sh
[ "$1" = --version ] && { echo "a compiler"; exit 0; }
for argument in "$@"; do
  case "$previous" in -o) out="$argument";; esac
  previous="$argument"
done
case "$out" in
  *preload.node*) cp "${join(installed, "prebuilds/linux-x64/preload.node")}" "$out";;
  *longtail.node*) cp "${join(folder, "good.node")}" "$out";;
  *vision.node*) cp "${join(folder, "good-vision.node")}" "$out";;
  ?*) echo object > "$out";;
esac
`,
  );
  chmodSync(compiler, 0o755);
  return compiler;
}

describe("where the prebuilt addon does not fit", () => {
  const prebuilt = (): string => join(installed, "prebuilds", "linux-x64", "longtail.node");
  const environment = (): Record<string, string> => ({
    LONGTAIL_TORCH: locateEngine().root,
    XDG_CACHE_HOME: join(folder, "addon cache"),
  });
  beforeAll(() => {
    copyFileSync(prebuilt(), join(folder, "good.node"));
    writeFileSync(prebuilt(), "no addon");
  });
  afterAll(() => {
    copyFileSync(join(folder, "good.node"), prebuilt());
  });

  test("without a compiler it says which to install", async () => {
    const { code, stderr } = await runFile("none.mjs", `${compute} native();`, {
      ...environment(),
      CXX: "no-such-compiler",
    });
    expect(stderr).toMatch(
      /^longtail's prebuilt addon does not fit this machine \(.*longtail\.node: .*\); building it, once/,
    );
    expect(stderr).toContain("a C++20 compiler is needed (g++ 10 or newer): no-such-compiler was not found.");
    expect(stderr).toContain("and it could not be built here; see above");
    expect(code).toBe(1);
  });

  test("it is built once, into the cache, and used from there", async () => {
    const compiler = fakeCompiler();
    const text = `${compute} console.log(native().engineInfo().version);`;
    const first = await runFile("built.mjs", text, { ...environment(), CXX: compiler });
    expect(first.stderr).toMatch(/\[1\/\d+\] native\//); // units as they are compiled
    expect(first).toMatchObject({ code: 0, stdout: `${locateEngine().version}\n` });
    const second = await runFile("built.mjs", text, { ...environment(), CXX: "no-such-compiler" });
    expect(second).toEqual({ code: 0, stdout: `${locateEngine().version}\n`, stderr: "" });
  });
});

describe("where the prebuilt vision.node does not fit", () => {
  const prebuilt = (): string => join(installed, "prebuilds", "linux-x64", "vision.node");
  const environment = (): Record<string, string> => ({
    LONGTAIL_TORCH: join(folder, "no engine"),
    XDG_CACHE_HOME: join(folder, "vision cache"),
  });
  const text =
    'const { visionAddon } = await import("./node_modules/longtail/dist/runtime/vision-addon.js");' +
    "console.log(typeof visionAddon().prepareImages);";
  beforeAll(() => {
    writeFileSync(prebuilt(), "no addon");
  });
  afterAll(() => {
    copyFileSync(join(folder, "good-vision.node"), prebuilt());
  });

  test("it is built once, without the engine, into the cache, and used from there", async () => {
    const first = await runFile("vision.mjs", text, { ...environment(), CXX: fakeCompiler() });
    expect(first.stderr).toMatch(
      /^Images cannot be decoded: .*vision\.node could not be loaded: .*; building it for this machine, once/,
    );
    expect(first.stderr).toMatch(/\[1\/\d+\] native\//);
    expect(first).toMatchObject({ code: 0, stdout: "function\n" });
    const second = await runFile("vision.mjs", text, { ...environment(), CXX: "no-such-compiler" });
    expect(second).toEqual({ code: 0, stdout: "function\n", stderr: "" });
  });

  test("where nothing may be installed, or without a compiler, it says what does not fit", async () => {
    const elsewhere = { XDG_CACHE_HOME: join(folder, "another cache") };
    const never = await runFile("vision.mjs", text, { ...elsewhere, LONGTAIL_INSTALL: "never" });
    expect(never.code).toBe(1);
    expect(never.stderr).toContain("vision.node could not be loaded");
    expect(never.stderr).not.toContain("building it");
    const none = await runFile("vision.mjs", text, { ...elsewhere, CXX: "no-such-compiler" });
    expect(none.code).toBe(1);
    expect(none.stderr).toContain("a C++20 compiler is needed (g++ 10 or newer)");
    expect(none.stderr).toContain("and it could not be built here: see above");
  });
});
