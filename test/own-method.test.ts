/** A recipe's file outside of longtail that brings a method of its own, on the built package. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { smallPhotographs } from "../src/cli/cli.fixture.js";

const root = join(import.meta.dirname, "..");
const example = readFileSync(join(root, "examples/own-method/recipe.ts"), "utf8");
let folder = "";

beforeAll(() => {
  folder = smallPhotographs();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/longtail"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  /** Both streams, one after the other. */
  readonly out: string;
  readonly stdout: string;
}

/** Runs a program in the folder. */
function run(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, stdout, out: (stdout + stderr).replaceAll(folder, "FOLDER") });
    });
  });
}

const longtail = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [join(root, "bin/longtail.js"), ...args]);

const short = ["--data", ".", "--threads", "1", "--set", "epochs=2", "--set", "data.batch=8"];

/** Writes a recipe file and trains with it. */
function trainWith(name: string, text: string): Promise<Ended> {
  writeFileSync(join(folder, name), text);
  return longtail("train", name, ...short, "--out", `runs/${name}`);
}

test("the example trains, is evaluated, predicts, is reproduced and reported, its terms explained", async () => {
  // A report explains terms where there are two or more.
  const halves = example
    .replace("return { focal };", "return { focal: focal.mul(0.75), rest: focal.mul(0.25) };")
    .replace('finds hard" },', 'finds hard", rest: "a quarter of it" },');
  expect((await trainWith("focal.ts", halves)).code).toBe(0);
  const evaluated = await longtail("evaluate", "runs/focal.ts", "--json");
  const result = JSON.parse(readFileSync(join(folder, "runs/focal.ts/result.json"), "utf8")) as object;
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ ensemble: (result as { ensemble: object }).ensemble });
  const report = readFileSync(join(folder, "runs/focal.ts/report/index.html"), "utf8");
  expect(report).toContain("above all of images that it finds hard");
  expect(report).toContain("a quarter of it");
  expect(await longtail("reproduce", "runs/focal.ts", "--out", "runs/again")).toMatchObject({ code: 0 });
  expect(await longtail("report", "runs/again")).toMatchObject({ code: 0 });
});

const resumed = `
import { load, train } from "longtail";
const options = { data: ".", threads: 1 };
const recipe = "focal.ts";
const stop = new AbortController();
const listeners = [({ type, epoch, step }) => type === "step" && epoch === 2 && step === 1 && stop.abort()];
await train(recipe, { ...options, out: "runs/cut", signal: stop.signal, listeners }).catch(() => {});
const { evaluation } = await train("runs/cut", { ...options, out: "runs/cut", resume: true });
await train(recipe, { ...options, out: "runs/whole" });
const model = await load("runs/cut");
console.log(evaluation !== null, model.recipe.method.kind);
model[Symbol.dispose]();
`;

test("an interrupted run of such a method resumes to the same bytes", async () => {
  writeFileSync(join(folder, "focal.ts"), example.replace("epochs: 25", "epochs: 2"));
  writeFileSync(join(folder, "resumed.mjs"), resumed);
  expect(await run(process.execPath, ["resumed.mjs"])).toMatchObject({ code: 0, out: "true focal\n" });
  const weights = (name: string): Buffer =>
    readFileSync(join(folder, `runs/${name}/checkpoints/last.safetensors`));
  expect(weights("cut").equals(weights("whole"))).toBe(true);
});

test("a file that is gone or has changed is said, with the run that needs it", async () => {
  cpSync(join(folder, "focal.ts"), join(folder, "other.ts"));
  await longtail("train", "other.ts", ...short, "--out", "runs/other");
  writeFileSync(join(folder, "other.ts"), `${example}\n`);
  const changed = await longtail("evaluate", "runs/other");
  rmSync(join(folder, "other.ts"));
  const gone = await longtail("evaluate", "runs/other");
  const digits = /\(?(SHA-256 )?[0-9a-f]{12}…\)?/g;
  expect([changed, gone].map(({ code, out }) => ({ code, out: out.replaceAll(digits, "HASH") })))
    .toMatchInlineSnapshot(`
    [
      {
        "code": 2,
        "out": "error: method focal of runs/other/recipe.json is defined by FOLDER/other.ts: expected the content that the run was trained with HASH, found another HASH; restore it, or change methodFile in runs/other/recipe.json if the method computes the same
    ",
      },
      {
        "code": 2,
        "out": "error: method focal of runs/other/recipe.json is defined by FOLDER/other.ts, which is not there; put it back, or change methodFile in runs/other/recipe.json
    ",
      },
    ]
  `);
});

test.each([
  ["taken", ['kind: "focal"', 'kind: "ncl"'], ['z.literal("focal")', 'z.literal("ncl")']],
  ["another-kind", ['z.literal("focal")', 'z.literal("other")']],
  ["shadowed", ["gamma: z.number()", "experts: z.string(),\n  gamma: z.number()"]],
  ["terms", ["return { focal };", "return { focal, twice: focal };"]],
  ["unnamed", ["return { focal };", "return { other: focal };"]],
  ["unknown-key", ["gamma: 2 }", "gama: 2 }"]],
])("what is wrong with a method is said: %s", async (name, ...changes) => {
  const text = (changes as [string, string][]).reduce((all, [from, to]) => all.replace(from, to), example);
  expect(text).not.toBe(example);
  const { code, out } = await trainWith(`${name}.ts`, text);
  expect(code).not.toBe(0);
  expect(out.split("\n").filter((line) => line.startsWith("error"))).toMatchSnapshot();
});

test("a method that is defined twice is refused", async () => {
  writeFileSync(join(folder, "first.ts"), example);
  const text = `import "./first-part.mjs";\n${example}`;
  const typescript = await import("typescript");
  const { outputText } = typescript.transpileModule(example, {
    compilerOptions: { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022 },
  });
  writeFileSync(join(folder, "first-part.mjs"), outputText);
  writeFileSync(
    join(folder, "twice.mjs"),
    `import { loadRecipe } from "longtail";
await loadRecipe("first.ts");
await loadRecipe("second.ts").catch(({ message }) => console.log(message));`,
  );
  writeFileSync(join(folder, "second.ts"), text);
  const { out } = await run(process.execPath, ["twice.mjs"]);
  expect(out).toMatchInlineSnapshot(`
    "second.ts: cannot be run: method "focal": expected to be defined once, found a second definition in FOLDER/second.ts; the first is in FOLDER/first.ts
    "
  `);
});
