import { ALL_AND_GROUPS } from "../../data/groups.js";
import type { GroupAccuracy } from "../../evaluation/scores.js";
import { spread, type Spread } from "../../support/spread.js";
import { welchTest, type WelchTest } from "../../evaluation/significance/welch.js";
import { differingKeys, type DifferingKey } from "./recipe-keys.js";
import type { ComparedRun, RunGroup } from "./run-groups.js";

/**
 * What a comparison compares.
 *
 * @example
 * const measures: Measure[] = ["all", "few", "ece"];
 */
export type Measure = "all" | "many" | "medium" | "few" | "balanced" | "worstClass" | "ece";

/** What is compared, in percent, and how a table calls it. */
export const MEASURES: readonly { readonly key: Measure; readonly title: string }[] = [
  { key: "all", title: "all" },
  { key: "many", title: "many" },
  { key: "medium", title: "medium" },
  { key: "few", title: "few" },
  { key: "balanced", title: "balanced" },
  { key: "worstClass", title: "worst class" },
  { key: "ece", title: "ECE" },
];

/**
 * One recipe of a comparison: its runs, which differ in the seed alone.
 *
 * @example
 * for (const { name, runs, measures } of comparison.groups) console.log(name, runs.length, measures.all?.mean);
 */
export interface GroupSummary {
  readonly name: string;
  readonly runs: readonly { readonly path: string; readonly seed: number }[];
  /** null where a run does not have the number. */
  readonly measures: Readonly<Record<Measure, Spread | null>>;
}

/**
 * A group against the first one.
 *
 * @example
 * for (const { name, measures } of comparison.differences) console.log(name, measures.few?.difference);
 */
export interface Difference {
  readonly name: string;
  readonly measures: Readonly<Record<keyof GroupAccuracy, MeasureDifference | null>>;
}

/**
 * Difference of two recipes in one measure.
 *
 * @example
 * const isClear = ({ test }: MeasureDifference): boolean => test !== null && test.p < 0.05;
 */
export interface MeasureDifference {
  /** Of the means, in points. */
  readonly difference: number;
  /** Null where a group has one run alone: nothing is said of chance. Interval and p are adjusted for the number of groups (Bonferroni). */
  readonly test: Omit<WelchTest, "difference"> | null;
}

/**
 * Runs, compared by recipe.
 *
 * @example
 * const { groups, differences, notes }: Comparison = await compare(["runs/ce", "runs/ncl"]);
 */
export interface Comparison {
  readonly groups: readonly GroupSummary[];
  /** Of the other groups against the first. */
  readonly differences: readonly Difference[];
  /** Recipe keys that are not the same, a value a group. */
  readonly recipes: readonly DifferingKey[];
  readonly notes: readonly string[];
}

export function compareGroups(groups: readonly RunGroup[], notes: readonly string[]): Comparison {
  const summaries = groups.map(summary);
  return {
    groups: summaries,
    differences: differences(summaries),
    recipes: differingKeys(groups.map(({ keys }) => keys)),
    notes: [...notes, ...chanceNotes(summaries)],
  };
}

function summary({ name, runs }: RunGroup): GroupSummary {
  const of = (measure: Measure): Spread | null => {
    const values = runs.map((run) => measured(run, measure));
    return values.every((value) => value !== null) ? spread(values) : null;
  };
  return {
    name,
    runs: runs.map(({ path, description }) => ({ path, seed: description.seed })),
    measures: {
      ...{ all: of("all"), many: of("many"), medium: of("medium"), few: of("few") },
      ...{ balanced: of("balanced"), worstClass: of("worstClass"), ece: of("ece") },
    },
  };
}

function measured({ result, analysis }: ComparedRun, measure: Measure): number | null {
  if (measure === "ece") return analysis?.calibration.ensemble.all.ece ?? null;
  return result.ensemble[measure];
}

function differences([first, ...others]: readonly GroupSummary[]): Difference[] {
  if (first === undefined) return [];
  const byMeasure = ALL_AND_GROUPS.map((measure) => {
    const base = first.measures[measure];
    const compared = others.map((other) => other.measures[measure]);
    const tests = compared.filter((other) => differenceOf(base, other)?.test).length;
    return compared.map((other) => differenceOf(base, other, tests));
  });
  return others.map(({ name }, place) => {
    const [all, many, medium, few] = byMeasure.map((of) => of[place] ?? null);
    return { name, measures: { all: all!, many: many!, medium: medium!, few: few! } };
  });
}

/** tests: how many groups are tested against the first. */
function differenceOf(base: Spread | null, other: Spread | null, tests = 1): MeasureDifference | null {
  if (base === null || other === null) return null;
  const test = welchTest(base.values, other.values, { tests });
  return {
    difference: other.mean - base.mean,
    test: test && { low: test.low, high: test.high, p: test.p },
  };
}

function chanceNotes(groups: readonly GroupSummary[]): string[] {
  const single = groups.filter(({ runs }) => runs.length === 1).map(({ name }) => name);
  if (groups.length < 2 || single.length === 0) return [];
  return [
    `One run alone of ${single.join(", ")}: how much of a difference is chance cannot be said; \`longtail train --seeds 3\` would show it.`,
  ];
}
