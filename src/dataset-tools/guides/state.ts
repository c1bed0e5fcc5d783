import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Expected, Guide, Step } from "./guide.js";

/** A step, and whether what it makes is there. */
export interface StepState extends Omit<Step, "makes"> {
  readonly done: boolean;
  readonly makes: readonly { readonly path: string; readonly problem: string | null }[];
}

/** Looks at what is there of a guide's steps. One that makes nothing is never done. */
export function stepStates(guide: Guide, root: string): StepState[] {
  return guide.steps(root).map((step) => {
    const makes = step.makes.map((expected) => ({
      path: join(root, expected.path),
      problem: problemOf(root, expected),
    }));
    return { ...step, makes, done: makes.length > 0 && makes.every(({ problem }) => problem === null) };
  });
}

function problemOf(root: string, { path, lines, until }: Expected): string | null {
  if (until !== undefined && existsSync(join(root, until))) return null;
  const full = join(root, path);
  if (!existsSync(full)) return "not there";
  if (lines === undefined) return null;
  const found = readFileSync(full, "utf8").trimEnd().split("\n").length;
  return found === lines ? null : `expected ${lines} lines, found ${found}`;
}
