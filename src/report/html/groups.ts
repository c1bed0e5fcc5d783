import { GROUPS, type Group } from "../../data/groups.js";
import type { GroupAccuracy } from "../../evaluation/scores.js";
import type { LegendItem } from "../charts/chart.js";

/** CSS colors: of the groups, and of all images together. */
export const GROUP_COLORS = {
  all: "var(--text)",
  many: "var(--many)",
  medium: "var(--medium)",
  few: "var(--few)",
} as const;

/** Colors of things that have no order: experts, terms, runs. */
const SERIES = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `var(--s${number})`);

export function seriesColor(place: number): string {
  return SERIES[place % SERIES.length]!;
}

/** The color of one of many things, dashed where the colors repeat. */
export function seriesStyle(place: number): Required<Pick<LegendItem, "color" | "dashed">> {
  return { color: seriesColor(place), dashed: Math.floor(place / SERIES.length) % 2 === 1 };
}

export function groupLegend(groups: readonly (keyof GroupAccuracy)[]): LegendItem[] {
  return groups.map((name) => ({ name, color: GROUP_COLORS[name] }));
}

/** The groups that have a value, in the order many, medium, few; all first where it is asked for. */
export function groupsOf<K extends keyof GroupAccuracy>(
  values: Readonly<Record<K, unknown>>,
  among: readonly K[],
): K[] {
  return among.filter((group) => values[group] !== null);
}

/** The groups at the two ends of the class sizes that have test images; null where there is one group alone. */
export function farGroups(accuracy: GroupAccuracy): { head: Group; tail: Group } | null {
  const there = groupsOf(accuracy, GROUPS);
  const [head, tail] = [there[0], there.at(-1)];
  return head === undefined || tail === undefined || head === tail ? null : { head, tail };
}
