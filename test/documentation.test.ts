/** README.md, CONTRIBUTING.md, docs/: every command runs or at least parses, every key, flag, file and link is there. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renamedKeys } from "../src/recipes/renamed-keys.js";
import { longtail, quick } from "../src/cli/cli.fixture.js";
import {
  anchorsIn,
  commandsIn,
  documents,
  inlineCodeIn,
  linksIn,
  NEEDS,
  project,
  shellWords,
  snippetsIn,
  type DocumentedCommand,
  type Passage,
} from "./support/documentation.js";
import {
  checkChange,
  checkCommand,
  checkMention,
  helpExamples,
  isKnownFlag,
  isKnownKey,
  parseLongtail,
} from "./support/documented-command.js";

const all = documents();
/** Those for people who use or change longtail now; the others tell of the past. */
const current = all.filter((name) => !["CHANGELOG.md", "docs/LOG.md", "bench/RESULTS.md"].includes(name));
const commands = current.flatMap(commandsIn);

test.each(commands)("$where is a command as longtail has it: $text", async ({ words, needs }) => {
  if (needs !== null) expect(NEEDS).toContain(needs);
  await checkCommand(words);
});

test.each(helpExamples())("an example of --help is a command as longtail has it: %s", async (example) => {
  await checkMention(shellWords(example));
});

describe("what needs nothing runs", () => {
  const home = process.cwd();
  const folders: string[] = [];
  afterAll(() => {
    process.chdir(home);
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  const runnable = current.filter((name) => commandsIn(name).some(({ needs }) => needs === null));
  test.each(runnable)(
    "the commands of %s, one after the other",
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), "longtail-documentation-"));
      folders.push(folder);
      writePhotographs(folder);
      process.chdir(folder);
      for (const command of commandsIn(name).filter(({ needs }) => needs === null))
        await expectSuccess(command);
    },
    600_000,
  );
});

async function expectSuccess({ where, text, words }: DocumentedCommand): Promise<void> {
  expect(words.slice(0, 2), `${where}: a command that is not longtail's says what it needs`).toEqual([
    "npx",
    "longtail",
  ]);
  const { code, stderr } = await longtail(...shortened(words.slice(2)));
  expect(code, `${where}: ${text}\n${stderr}`).toBe(0);
}

/** The same command with a training of seconds. */
function shortened(words: readonly string[]): string[] {
  const [command] = words;
  const trains = command === "train" || command === "profile" || command === "launch";
  if (!trains || words.includes("--resume")) return [...words];
  const epochs = words.some((word) => word.includes("phases")) ? "25" : "1"; // the sum of the phases' epochs
  const threads = words.includes("--threads") ? [] : ["--threads", "1"];
  return [...words, ...quick, "--set", `epochs=${epochs}`, ...threads];
}

/** examples/, my-photos/ and photo.jpg in small: of a few classes more images, for those that are held out. */
function writePhotographs(folder: string): void {
  const from = join(project, "examples/caltech20-lt");
  const classes = readdirSync(join(from, "train")).sort();
  for (const [k, name] of classes.entries()) {
    copyImages(name, { to: join(folder, "examples/caltech20-lt"), train: k < 3 ? 12 : 4 });
    if (k < 6) copyImages(name, { to: join(folder, "my-photos"), train: 6 });
  }
  const photo = join(from, "test/helicopter/image_0077.jpg");
  cpSync(photo, join(folder, "photo.jpg"));
  cpSync(photo, join(folder, "examples/caltech20-lt/test/helicopter/image_0077.jpg"));
  for (const name of readdirSync(join(project, "examples")).filter((one) => one.endsWith(".yaml")))
    cpSync(join(project, "examples", name), join(folder, "examples", name));
}

function copyImages(name: string, { to, train }: { to: string; train: number }): void {
  const from = join(project, "examples/caltech20-lt");
  for (const [split, count] of [
    ["train", train],
    ["test", 2],
  ] as const) {
    mkdirSync(join(to, split, name), { recursive: true });
    for (const file of readdirSync(join(from, split, name))
      .sort()
      .slice(0, count))
      cpSync(join(from, split, name, file), join(to, split, name, file));
  }
}

describe("code in running text", () => {
  const passages = current.flatMap(inlineCodeIn);
  const matching = (pattern: RegExp): Passage[] => passages.filter(({ text }) => pattern.test(text));

  test.each(matching(/^(npx )?longtail |^npm (run|test)|^node (scripts|bench)/))(
    "$where: $text",
    async ({ text }) => {
      await checkMention(shellWords(text).filter((word) => word !== "…"));
    },
  );

  test.each(matching(/^--set \S+=[^A-Z…]/))(
    "$where: $text is a change that a recipe takes",
    async ({ text }) => {
      await checkChange(shellWords(text)[1]!);
    },
  );

  test("flags are those of a command or a bench", () => {
    const ofOthers = ["--no-install-recommends", "--cpus-per-task"]; // apt's and Slurm's
    const flags = matching(/^--[a-z]/).map(({ where, text }) => ({
      where,
      flag: /^--[\w-]+/.exec(text)![0],
    }));
    const unknown = flags.filter(({ flag }) => !ofOthers.includes(flag) && !isKnownFlag(flag));
    expect(unknown).toEqual([]);
  });

  test("keys are those of a recipe", () => {
    const key =
      /^((?:data|method|optimizer|schedule|evaluation|selection|checkpoints|logs|ema|pretrained|classifier)(?:\.(?!ts$)[a-z]\w*)+)(?=$|[:= ])/;
    const unknown = matching(key).filter(({ text }) => !isKnownKey(key.exec(text)![1]!));
    expect(unknown).toEqual([]);
  });

  test("environment variables are read by the code", () => {
    const named = [...new Set(matching(/^LONGTAIL_[A-Z_]+/).map(({ text }) => /^[A-Z_]+/.exec(text)![0]))];
    const unread = named.filter((name) => {
      const args = [
        "grep",
        "-q",
        name,
        "--",
        "src",
        "native",
        "scripts",
        "test",
        ":!test/documentation.test.ts",
      ];
      return spawnSync("git", args, { cwd: project }).status !== 0;
    });
    expect(unread).toEqual([]);
  });

  test("files and folders of the project are there", () => {
    const path = /^(?:src|native|scripts|bench|test|docs|examples|recipes|web|bin|\.ci)\/[\w./-]+$/;
    const missing = matching(path).filter(
      ({ text }) => !/\/my-|\/[A-Z]+\/?$/.test(text) && !existsSync(join(project, text)),
    );
    expect(missing).toEqual([]);
  });
});

describe("TypeScript", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "longtail-snippets-"));
    mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
    symlinkSync(project, join(folder, "node_modules/longtail"));
    for (const name of ["@types/node", "hono", "zod"])
      symlinkSync(join(project, "node_modules", name), join(folder, "node_modules", name));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test("every snippet compiles against the built types", () => {
    const snippets = current.flatMap(snippetsIn);
    const files = snippets.map(({ where, text }) => {
      const file = `${where.replaceAll(/[/:.]/g, "-")}.ts`;
      writeFileSync(join(folder, file), `${text}\nexport {};\n`);
      return file;
    });
    const compilerOptions = {
      module: "NodeNext",
      target: "ES2022",
      strict: true,
      noEmit: true,
      types: ["node"],
    };
    const lib = ["ES2023", "ESNext.Disposable"];
    const config = { compilerOptions: { ...compilerOptions, lib, skipLibCheck: true }, files };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    expect(files.length).toBeGreaterThan(0);
    const tsc = join(project, "node_modules/typescript/bin/tsc");
    expect(spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout).toBe("");
  });
});

describe("links", () => {
  const isLocal = ({ text }: Passage): boolean => !/^[a-z]+:/.test(text);

  test.each(all)("those of %s lead somewhere", (name) => {
    const broken = linksIn(name)
      .filter(isLocal)
      .filter(({ text }) => {
        const [path = "", anchor] = text.split("#");
        const target = path === "" ? name : normalize(join(dirname(name), path));
        if (!existsSync(join(project, target))) return true;
        return anchor !== undefined && !anchorsIn(target).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  test("README leads to every page of docs/", () => {
    const reached = linksIn("README.md").map(({ text }) => text.split("#")[0]);
    expect(all.filter((name) => name.startsWith("docs/")).filter((name) => !reached.includes(name))).toEqual(
      [],
    );
  });
});

test("CONTRIBUTING's layout names every folder of src", () => {
  const layout = readFileSync(join(project, "CONTRIBUTING.md"), "utf8").split("```")[3] ?? "";
  const folders = readdirSync(join(project, "src"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(folders.map(({ name }) => name).filter((name) => !layout.includes(` ${name}/ `))).toEqual([]);
});

test("the changelog names every renamed key", () => {
  const mentioned = inlineCodeIn("CHANGELOG.md").map(({ text }) => text.replace(/:.*/, ""));
  const missing = renamedKeys
    .flatMap(({ before, now }) => [before, now])
    .filter((key) => !mentioned.includes(key));
  expect(missing).toEqual([]);
});

test("a wrong option, recipe, key and script are found", async () => {
  expect(() => parseLongtail(["train", "x", "--sed", "1"])).toThrow("unknown option '--sed'");
  expect(() => parseLongtail(["trian"])).toThrow("unknown command 'trian'");
  await expect(checkCommand(shellWords("npx longtail train caltech20-lt-nlc"))).rejects.toThrow(
    "caltech20-lt-ncl",
  );
  await expect(checkCommand(shellWords("longtail recipes caltech20-lt-ncl --set epoch=1"))).rejects.toThrow(
    "epochs",
  );
  await expect(checkCommand(shellWords("npm run bench:speed"))).rejects.toThrow("bench:speed");
  await expect(checkCommand(shellWords("npm run bench:step -- --turns 3"))).rejects.toThrow("--turns");
  await expect(checkCommand(shellWords("node scripts/setup.js"))).rejects.toThrow("scripts/setup.js");
  await expect(checkChange("data.cache=tape")).rejects.toThrow("data.cache");
  expect(shellWords("a 'b c' \"d\"e f\\ g # no")).toEqual(["a", "b c", "de", "f g"]);
});
