import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "../../support/errors.js";
import { maxOf } from "../../support/math.js";
import { readHistory, type History } from "../run/history.js";
import { hasResult, readAnalysis, readDescription, readResult } from "../../runs/read-run.js";
import { runFolder, type RunDescription, type RunResult } from "../../runs/run-folder.js";
import type { Analysis } from "../../evaluation/analysis.js";
import { outcomeKeys } from "./recipe-keys.js";

/** A finished run as a comparison sees it. */
export interface ComparedRun {
  readonly path: string;
  readonly description: RunDescription;
  readonly result: RunResult;
  /** null for a run of an older version. */
  readonly analysis: Analysis | null;
  readonly history: History;
}

/** Runs that differ in nothing but the seed. */
export interface RunGroup {
  readonly name: string;
  readonly runs: readonly ComparedRun[];
  /** See outcomeKeys. */
  readonly keys: ReadonlyMap<string, string>;
}

/** Folders of runs, and for a folder that holds runs (as `train --seeds` makes it) theirs; each once. */
export function runPaths(given: readonly string[]): string[] {
  const paths = given.flatMap((path) => {
    const folder = path.replace(/(?<=.)\/+$/, "");
    if (isRun(folder)) return [folder];
    const inside = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
    const runs = inside.filter((one) => isRun(one)).sort(byNumber);
    if (runs.length > 0) return runs;
    throw new UsageError(`${path}: expected a run's folder (with recipe.json), or a folder of such`);
  });
  return [...new Map(paths.map((path) => [resolve(path), path])).values()];
}

function isRun(path: string): boolean {
  return existsSync(runFolder(path).recipe);
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** @throws LongtailError for a run that has not finished. */
export async function readComparedRun(path: string): Promise<ComparedRun> {
  const description = readDescription(path);
  if (!hasResult(path))
    throw new UsageError(`${path}: expected a run that has finished, found no result.json in it`);
  return {
    path,
    description,
    result: readResult(path),
    analysis: readAnalysis(path),
    history: await readHistory(runFolder(path).metrics),
  };
}

/** Groups in the order of their first runs, and what a reader should know of how they came about. */
export function groupRuns(runs: readonly ComparedRun[]): { groups: RunGroup[]; notes: string[] } {
  const notes: string[] = [];
  const groups = new Map<string, { keys: Map<string, string>; runs: ComparedRun[] }>();
  for (const run of runs) {
    const { recipe, data } = run.description;
    const keys = outcomeKeys(recipe);
    const id = JSON.stringify([[...keys].sort(), data.train.hash, data.test.hash]);
    const group = groups.get(id) ?? { keys, runs: [] };
    groups.set(id, group);
    const twin = group.runs.find((other) => other.description.seed === run.description.seed);
    if (twin === undefined) group.runs.push(run);
    else
      notes.push(
        `${run.path} is ${twin.path} again, by recipe, data and seed; it is left out, since it says nothing of chance.`,
      );
  }
  const all = [...groups.values()];
  return { groups: named(all), notes: [...notes, ...dataNotes(all)] };
}

/** Recipes' names; where two are the same, with their folders. */
function named(groups: readonly Omit<RunGroup, "name">[]): RunGroup[] {
  const nameOf = ({ runs }: Omit<RunGroup, "name">): string => runs[0]!.description.recipe.name;
  return groups.map((group) => {
    const namesakes = groups.filter((other) => nameOf(other) === nameOf(group));
    if (namesakes.length === 1) return { ...group, name: nameOf(group) };
    const folders = shortest(namesakes.map(folderOf));
    return { ...group, name: `${nameOf(group)} (${folders[namesakes.indexOf(group)]!})` };
  });
}

/** A run's folder, or that which holds a group's runs and no other's; else the first run's. Names from the root on. */
function folderOf(
  { runs }: Omit<RunGroup, "name">,
  place: number,
  all: readonly Omit<RunGroup, "name">[],
): string[] {
  const own = runs.map(({ path }) => resolve(path).split("/"));
  const others = all.flatMap((group, i) => (i === place ? [] : group.runs)).map(({ path }) => resolve(path));
  const depth = own[0]!.findIndex((name, at) => own.some((path) => path[at] !== name));
  const common = own[0]!.slice(0, depth < 0 ? undefined : depth);
  return others.some((path) => `${path}/`.startsWith(`${common.join("/")}/`)) ? own[0]! : common;
}

/** As many of each path's last names as it takes to tell all apart. */
function shortest(paths: readonly string[][]): string[] {
  const longest = maxOf(paths.map(({ length }) => length));
  for (let count = 1; count < longest; count += 1) {
    const names = paths.map((path) => path.slice(-count).join("/"));
    if (new Set(names).size === names.length) return names;
  }
  return paths.map((path) => path.join("/"));
}

function dataNotes(groups: readonly Omit<RunGroup, "name">[]): string[] {
  const differ = (split: "train" | "test"): boolean =>
    new Set(groups.map(({ runs }) => runs[0]!.description.data[split].hash)).size > 1;
  return [
    ...(differ("train") ? ["The runs were not trained on the same images."] : []),
    ...(differ("test")
      ? ["The runs were not evaluated on the same test images: their numbers do not compare."]
      : []),
  ];
}
