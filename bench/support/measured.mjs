// Measured accuracy of recipes: from finished runs into recipes/measured.json, and from there into the table of README.md.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { overSeeds } from "../../dist/evaluation/over-seeds.js";
import { accuracyText, measurements, parseMeasurements } from "../../dist/recipes/measured.js";
import { writeFileAtomic } from "../../dist/support/atomic-file.js";
import { engineInfo } from "../../dist/torch/settings.js";

const project = fileURLToPath(new URL("../..", import.meta.url));
const FILE = join(project, "recipes/measured.json");
const BEGIN = "<!-- measured: written by bench/record.mjs -->\n";
const END = "<!-- /measured -->";
const GROUPS = ["all", "many", "medium", "few"];

/** The commit whose code is measured. @throws when sources differ from it. */
export function currentCommit() {
  const git = (...args) => execFileSync("git", args, { cwd: project, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--", "src", "native", "package-lock.json");
  if (changed !== "")
    throw new Error(`expected sources as committed, found changes; commit them first:\n${changed}`);
  return git("rev-parse", "HEAD");
}

/** The recipe's name and the measurement of finished runs that differ only in the seed. */
export function measurementOf(runs, { commit, command, machine = thisMachine(), provenance }) {
  const read = (run, file) => JSON.parse(readFileSync(join(run, file), "utf8"));
  const described = runs.map((run) => ({ run, ...read(run, "recipe.json") }));
  const results = runs.map((run) => read(run, "result.json"));
  const [first] = described;
  for (const one of described) assertComparable(one, first);
  const seeds = described.map(({ seed }) => seed);
  if (new Set(seeds).size < seeds.length)
    throw new Error(`expected a run a seed, found the seeds ${seeds.join(", ")}`);
  const { ensemble, experts } = overSeeds(results);
  const measurement = {
    command: command ?? commandOf(first),
    seeds,
    selectedOn: results[0].selectedOn,
    epochs: first.recipe.epochs,
    ensemble: rounded(ensemble),
    experts: experts.length > 1 ? experts.map(rounded) : [],
    date: first.started.slice(0, 10),
    commit,
    machine,
    threads: first.threads,
    kernels: first.kernels,
    provenance,
  };
  const { name } = first.recipe;
  return { name, measurement: parseMeasurements({ [name]: measurement })[name] };
}

/** Replaces the named recipes' measurements and writes README's table anew. */
export function saveMeasurements(changes) {
  writeFileAtomic(FILE, formatted({ ...measurements(), ...changes }));
  const { path, text, expected } = readmeTable({ ...measurements(), ...changes });
  if (text !== expected) writeFileAtomic(path, expected);
}

/** README.md as it is, and as it should be. */
export function readmeTable(measured = measurements()) {
  const path = join(project, "README.md");
  const text = readFileSync(path, "utf8");
  const [before, rest] = split(text, BEGIN);
  const [, after] = split(rest, END);
  return { path, text, expected: `${before}${BEGIN}${table(measured)}${END}${after}` };
}

export function printMeasurement({ name, measurement }) {
  console.log(`${name}, seeds ${measurement.seeds.join(", ")}`);
  const rows = [
    ["ensemble", measurement.ensemble],
    ...measurement.experts.map((one, k) => [`expert ${k + 1}`, one]),
  ];
  for (const [network, groups] of rows)
    console.log(
      `  ${network.padEnd(10)}${GROUPS.map((group) => `${group} ${cell(groups[group])}`).join("   ")}`,
    );
}

function assertComparable(one, first) {
  const same = (pick) => JSON.stringify(pick(one)) === JSON.stringify(pick(first));
  const learned = ({ recipe }) => ({ ...recipe, seed: 0, data: { ...recipe.data, root: null }, logs: null });
  if (!same(learned) || !same(({ threads, kernels }) => [threads, kernels]))
    throw new Error(
      `expected runs that differ only in the seed, but ${one.run} and ${first.run} differ in more`,
    );
}

/** The command line that started the run, with N for the seed and DIR for the data. */
function commandOf({ command, seed }) {
  const args = command.slice(1).flatMap((arg, i, all) => {
    if (arg === "--resume" || arg === "--force" || arg === "--out" || all[i - 1] === "--out") return [];
    if (all[i - 1] === "--data") return ["DIR"];
    return all[i - 1] === "--seed" && arg === String(seed) ? ["N"] : [arg];
  });
  return ["npx longtail", ...args].join(" ");
}

function thisMachine() {
  return `${cpus().length} cores (${cpus()[0].model.trim()}), ${engineInfo().cpuCapability}`;
}

const tenth = (value) => (value === null ? null : Math.round(10 * value) / 10);

function rounded(spreads) {
  const entry = (one) => (one === null ? null : { mean: tenth(one.mean), std: tenth(one.deviation) });
  return Object.fromEntries(GROUPS.map((group) => [group, entry(spreads[group])]));
}

/** JSON as the project's formatter leaves it: an accuracy and a list of seeds each on a line. */
function formatted(measured) {
  const text = JSON.stringify(measured, null, 2);
  const short = text.replace(/\{\s+("mean": \S+)\s+("std": \S+)\s+\}/g, "{ $1 $2 }");
  const rates = short.replace(/\{\s+("lr": \S+)\s+("heldOut": \S+)\s+\}/g, "{ $1 $2 }");
  return `${rates.replace(/"seeds": \[([^\]]*)\]/g, (_, seeds) => `"seeds": [${seeds.trim().replace(/\s+/g, " ")}]`)}\n`;
}

const cell = (accuracy) => (accuracy === null ? "" : accuracyText(accuracy));

/** Rows of README's table: quickstart's, and what else is known of their runs. */
const README_ROWS = [
  ["caltech20-lt-ce", "cross-entropy, one ResNet-8", ({ ensemble }) => ensemble],
  ["caltech20-lt-balanced-softmax", "balanced softmax, one ResNet-8", ({ ensemble }) => ensemble],
  ["caltech20-lt-balanced-softmax-3", "balanced softmax, mean of three ResNet-8", ({ ensemble }) => ensemble],
  ["caltech20-lt-ncl", "NCL, three ResNet-8", ({ ensemble }) => ensemble],
  ["caltech20-lt-ncl", "NCL, its first network alone", ({ experts }) => experts[0]],
  ["caltech20-lt-pretrained", "pretrained EfficientNet-Lite0, balanced softmax", ({ ensemble }) => ensemble],
];

function table(measured) {
  const ncl = measured["caltech20-lt-ncl"];
  const rows = README_ROWS.filter(([recipe]) => measured[recipe] !== undefined);
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  return [
    "| accuracy, % | all | many | medium | few |\n|---|---|---|---|---|\n",
    ...rows.map(([recipe, name, pick]) => {
      const groups = pick(measured[recipe]);
      return line([name, ...GROUPS.map((group) => cell(groups[group]))]);
    }),
    `\nMean ± standard deviation of \`${ncl.command}\` over seeds ${listed(ncl.seeds)}, ${ncl.epochs} epochs from random weights; ` +
      `${ncl.machine}, ${ncl.threads === 1 ? "1 thread" : `${ncl.threads} threads`} (${ncl.date}, commit ${ncl.commit.slice(0, 7)}).\n`,
  ].join("");
}

function listed(numbers) {
  return numbers.length < 2 ? numbers.join("") : `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;
}

function split(text, mark) {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`README.md: expected the line ${mark.trim()}, found none`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
