/** Commands of the documentation, held against what there is: the command line's own parser, npm's scripts, files. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { createProgram } from "../../src/cli/program.js";
import { recipeKeys } from "../../src/recipes/keys.js";
import { loadRecipe } from "../../src/recipes/load.js";
import { parseOverride } from "../../src/recipes/overrides.js";
import { project } from "./documentation.js";

/** A command line of longtail as its parser reads it. */
export interface Parsed {
  /** ["data", "convert", "json"] */
  readonly path: readonly string[];
  readonly args: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
}

const SCRIPTS = (
  JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  }
).scripts;

/** Recipes of which at least one has each key that the documentation changes. */
const BASES = [
  "caltech20-lt-ncl",
  "caltech20-lt-ce",
  "cifar100-lt-ncl",
  "cifar100-lt-ncl-plus-plus",
  "places-lt-ncl",
];

/** Parses without running. @throws the parser's error for an unknown command, option or value. */
export function parseLongtail(words: readonly string[]): Parsed {
  let parsed: Parsed | undefined;
  const capture = (command: CommandUnknownOpts, path: readonly string[]): void => {
    command.configureOutput({ writeErr: () => undefined, outputError: () => undefined });
    for (const inner of command.commands) capture(inner, [...path, inner.name()]);
    if (command.commands.length > 0) return;
    command.action(() => {
      parsed = { path, args: command.processedArgs.flat() as string[], options: command.opts() };
    });
  };
  const program = createProgram() as CommandUnknownOpts;
  capture(program, []);
  program.parse(words, { from: "user" });
  if (parsed === undefined) throw new Error(`expected a command of longtail, found: ${words.join(" ")}`);
  return parsed;
}

/** The examples of every command's --help. */
export function helpExamples(): string[] {
  const examples: string[] = [];
  const collect = (command: CommandUnknownOpts): void => {
    let help = "";
    command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
    for (const [, example] of help.matchAll(/^ {2}((?:ssh .*)?(?:npx )?longtail .*)$/gm))
      examples.push(example!.split(/ {2,}| \| /)[0]!); // what follows explains, or is another program's
    command.commands.forEach(collect);
  };
  collect(createProgram());
  return examples;
}

/** Everything of a command that can be checked without running it. @throws an error that says what is wrong. */
export async function checkCommand(line: readonly string[]): Promise<void> {
  const words = line.slice(line.findIndex((word) => !/^[A-Z_]+=/.test(word))); // behind variables of the environment
  const [program, ...rest] = words;
  const at = words.indexOf("longtail");
  if (program === "npm") checkNpm(rest);
  else if (at >= 0) await checkLongtail(words.slice(at + 1));
  else if (program === "node") checkScript(rest);
  else if (program === "npx" && rest[0] === "vitest") checkFiles(rest.filter((word) => word.includes("/")));
  else if (program?.startsWith(".ci/") === true) checkFiles([program]);
  else if (program !== "curl" && !(program === "npx" && rest[0] === "serve"))
    throw new Error(`expected longtail, npm, node, curl, npx serve or npx vitest, found: ${words.join(" ")}`);
}

/** A command of running text, which may be named without its arguments; N stands for a number. */
export async function checkMention(words: readonly string[]): Promise<void> {
  try {
    await checkCommand(words.map((word) => (word === "N" ? "1" : word)));
  } catch (error) {
    const isIncomplete = ["commander.missingArgument", "commander.missingMandatoryOptionValue"];
    if (!(error instanceof CommanderError && isIncomplete.includes(error.code))) throw error;
  }
}

/** A long option that some command, bench or script has. */
export function isKnownFlag(flag: string): boolean {
  knownFlags ??= new Set([...flagsOf(createProgram()), ...flagsOfScripts()]);
  return knownFlags.has(flag);
}
let knownFlags: Set<string> | undefined;

/** A recipe's key, or the beginning of one. */
export function isKnownKey(path: string): boolean {
  keys ??= recipeKeys().map((key) => key.path);
  return keys.some((key) => key === path || key.startsWith(`${path}.`));
}
let keys: readonly string[] | undefined;

/** `--set KEY=VALUE` of running text: one of BASES must take it. */
export async function checkChange(change: string): Promise<void> {
  const tries = await Promise.allSettled(BASES.map((name) => loadRecipe(name, [parseOverride(change)])));
  if (tries.some(({ status }) => status === "fulfilled")) return;
  throw (tries[0] as PromiseRejectedResult).reason;
}

async function checkLongtail(words: readonly string[]): Promise<void> {
  const { path, args, options } = parseLongtail(words);
  if (path[0] === "launch") return checkLongtail(args.map(String));
  const {
    set = [],
    recipe,
    resume,
  } = options as { set?: readonly string[]; recipe?: string; resume?: boolean };
  const takesRecipe =
    ["train", "profile", "recipes"].includes(path[0]!) || (path[0] === "data" && "kind" in options);
  const [name, ...settings] = takesRecipe ? args : [recipe];
  if (path[0] === "quickstart") await checkRecipe("caltech20-lt-ncl", { set, settings: [] });
  else if (name !== undefined && resume !== true)
    await checkRecipe(name, { set, settings: settings.map(String) });
}

interface Changes {
  readonly set: readonly string[];
  readonly settings: readonly string[];
}

/** RECIPE and FILE.yaml stand for any; a run's folder is not there. */
async function checkRecipe(name: string, { set, settings }: Changes): Promise<void> {
  if (name.startsWith("runs/")) return;
  const real = { RECIPE: "caltech20-lt-ncl", "FILE.yaml": "cifar100_im100_NCL.yaml" }[name] ?? name;
  const file = ["test/ncl-recipes", ".", "examples"]
    .map((folder) => join(project, folder, real))
    .find(existsSync);
  const isOfNcl = (change: string): boolean => /^[A-Z]/.test(change);
  const pairs = set.filter(isOfNcl).flatMap((change) => change.split(/=(.*)/s, 2));
  const overrides = set.filter((change) => !isOfNcl(change)).map(parseOverride);
  await loadRecipe(file ?? real, overrides, {
    settings: [...settings, ...pairs],
    onRemarks: () => undefined,
  });
}

function checkNpm([verb, ...rest]: readonly string[]): void {
  const script = verb === "run" ? rest[0] : verb;
  if (["ci", "install", "pack", "uninstall"].includes(verb ?? "")) return;
  const found = SCRIPTS[script ?? ""];
  if (found === undefined) throw new Error(`expected a script of package.json, found ${script}`);
  const flags = rest.slice(1).filter((word) => word.startsWith("--") && word !== "--");
  const file = /node ((?:bench|scripts)\/\S+)/.exec(found)?.[1];
  if (flags.length > 0 && file !== undefined) checkScript([...found.split(" ").slice(-1), ...flags]);
}

/** A script of ours and its options. */
function checkScript([file, ...words]: readonly string[]): void {
  checkFiles([file!]);
  const flags = words.filter((word) => word.startsWith("--") && word !== "--");
  const known = flagsIn(join(project, file!));
  const unknown = flags.filter((flag) => !known.includes(flag));
  if (unknown.length > 0) throw new Error(`expected options of ${file}, found ${unknown.join(", ")}`);
}

function checkFiles(files: readonly string[]): void {
  const missing = files.filter((file) => !existsSync(join(project, file)));
  if (missing.length > 0)
    throw new Error(`expected a file of the project, found none: ${missing.join(", ")}`);
}

function flagsOf(command: CommandUnknownOpts): string[] {
  const own = command.options.flatMap(({ long }) => (typeof long === "string" ? [long] : []));
  return [...own, "--help", ...command.commands.flatMap(flagsOf)];
}

function flagsOfScripts(): string[] {
  return ["bench", "scripts"].flatMap((folder) =>
    readdirSync(join(project, folder))
      .filter((name) => name.endsWith(".mjs"))
      .flatMap((name) => flagsIn(join(project, folder, name))),
  );
}

/** Options as node:util's parseArgs is given them, and those that are looked for by name. */
function flagsIn(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const parsed = [...text.matchAll(/["']?([\w-]+)["']?: \{ type: "(?:string|boolean)"/g)].map(
    ([, name]) => `--${name}`,
  );
  return [...parsed, ...[...text.matchAll(/"(--[\w-]+)"/g)].map(([, flag]) => flag!)];
}
