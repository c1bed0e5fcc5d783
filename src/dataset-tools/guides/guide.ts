import { shellQuoted } from "../../support/text.js";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** From a publisher's files to training, as commands with the user's own paths. */
export interface Guide {
  readonly name: string;
  readonly title: string;
  /** What it takes and what to know before. */
  readonly about: string;
  /** @param root the data folder, to be written into commands by `shellQuoted` */
  readonly steps: (root: string) => readonly Step[];
}

export interface Step {
  readonly title: string;
  /** Shell commands, one an element. */
  readonly commands: readonly string[];
  /** What is there when the step is done, below the data folder. */
  readonly makes: readonly Expected[];
}

export interface Expected {
  readonly path: string;
  /** A list's lines, as published. */
  readonly lines?: number;
  /** Once this is there the other is needed no more. */
  readonly until?: string;
}

/** The last two steps of every guide: the data is looked at, then trained on. */
export function lastSteps(recipe: string, root: string, settings: readonly string[]): Step[] {
  const data = [
    recipe,
    `--data ${shellQuoted(root)}`,
    ...settings.map((setting) => `--set ${shellQuoted(setting)}`),
  ].join(" ");
  return [
    {
      title: "See that every image is there and can be read",
      commands: [`longtail data check ${data}`],
      makes: [],
    },
    {
      title: "Train",
      commands: [`longtail train ${data}${recipe.startsWith("cifar") ? "" : " --device cuda"}`],
      makes: [],
    },
  ];
}

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
