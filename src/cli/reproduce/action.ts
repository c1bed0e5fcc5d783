import { isDeepStrictEqual } from "node:util";
import { groupTable } from "../../evaluation/results-table.js";
import { loadRecipe } from "../../recipes/load.js";
import type { Override } from "../../recipes/overrides.js";
import { readDescription, readResult } from "../../runs/read-run.js";
import { freshRunFolder, type RunDescription, type RunResult } from "../../runs/run-folder.js";
import type { Output } from "../output.js";
import { withDataFolder } from "../recipe-arguments.js";
import { trainWatched } from "../train/action.js";

export interface Reproduction {
  readonly run: string;
  readonly again: string;
  /** Whether every accuracy, class by class, is the same. */
  readonly same: boolean;
  /** What is not as it was: versions, the code, threads, the data; as far as the run wrote it down. */
  readonly differences: readonly string[];
}

/** Trains a run again into a folder of its own and compares what came out. */
export async function reproduceRun(
  run: string,
  options: {
    data?: string | undefined;
    out?: string | undefined;
    threads?: number | undefined;
    output: Output;
  },
): Promise<Reproduction> {
  const { data, output } = options;
  const before = readDescription(run);
  const expected = readResult(run);
  const overrides: Override[] =
    data === undefined ? [] : [{ path: ["data", "root"], value: data, text: `--data ${data}` }];
  const recipe = withDataFolder(await loadRecipe(run, overrides));
  const again = options.out ?? freshRunFolder(`${run.replace(/\/+$/, "")}-again`);
  const { device } = before;
  const threads = options.threads ?? before.threads;
  const settings = { out: again, device, threads, force: false, command: process.argv.slice(2) };
  await trainWatched(recipe, { ...settings, output, listeners: [] });
  const differences = changes(before, readDescription(again));
  const found = readResult(again);
  const same = isDeepStrictEqual(scoresOf(found), scoresOf(expected));
  for (const difference of differences) output.say(`not as it was: ${difference}`);
  output.say(
    same ? `\n${again}: the same result as ${run}, to the digit` : `\n${comparison(expected, found)}`,
  );
  return { run, again, same, differences };
}

function changes(before: RunDescription, now: RunDescription): string[] {
  const facts = ({ versions, threads, device, data }: RunDescription): Record<string, unknown> => ({
    ...versions,
    threads,
    device,
    "training images": data.train.hash,
    "test images": data.test.hash,
    "held-out images": data.heldOutHash,
  });
  const [old, current] = [facts(before), facts(now)];
  return Object.keys(current)
    .filter((name) => old[name] !== undefined && old[name] !== current[name])
    .map((name) => `${name}: ${String(old[name])} then, ${String(current[name])} now`);
}

/** All of a result but what depends on the time. */
function scoresOf({ seconds: _, ...scores }: RunResult): unknown {
  return scores;
}

function comparison(expected: RunResult, found: RunResult): string {
  return groupTable("accuracy of the ensemble, %", [
    ["then", expected.ensemble],
    ["now", found.ensemble],
  ]);
}
