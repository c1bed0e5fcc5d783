import { ALL_AND_GROUPS } from "../../data/groups.js";
import { spreadText } from "../../support/spread.js";
import { formatTable } from "../../support/table.js";
import { MEASURES, type Comparison, type Difference, type GroupSummary } from "./comparison.js";

/** A comparison for a terminal: one row a group, then the differences to the first. */
export function comparisonText({ groups, differences, recipes, notes }: Comparison): string {
  const measures = MEASURES.filter(({ key }) => groups.some((group) => group.measures[key] !== null));
  const table = formatTable(
    ["in percent", "seeds", ...measures.map(({ title }) => title)],
    groups.map((group) => [
      group.name,
      seedsText(group),
      ...measures.map(({ key }) => spreadText(group.measures[key])),
    ]),
  );
  return [table, differencesText(groups, differences), recipesText(groups, recipes), ...notes]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** "3", of runs by seed. */
function seedsText({ runs }: GroupSummary): string {
  return runs.length === 1 ? `1 (${runs[0]!.seed})` : String(runs.length);
}

function differencesText([first]: readonly GroupSummary[], differences: readonly Difference[]): string {
  if (first === undefined || differences.length === 0) return "";
  const rows = differences.flatMap((difference) => differenceRows(difference));
  const tested = rows.some(({ test }) => test !== null);
  return formatTable(
    [`against ${first.name}`, "points", ...(tested ? ["95 % interval", "p (Welch)"] : [])],
    rows.map(({ name, measure, points, test }) => [
      `${name}, ${measure}`,
      points,
      ...(tested ? [test?.interval ?? null, test?.p ?? null] : []),
    ]),
  );
}

interface DifferenceRow {
  readonly name: string;
  readonly measure: string;
  /** "+10.8" */
  readonly points: string;
  /** "+8.6 to +13.0", and the probability; null where nothing is said of chance. */
  readonly test: { readonly interval: string; readonly p: string } | null;
}

/** A group's differences for people, a measure a row; those that cannot be taken are left out. */
export function differenceRows({ name, measures }: Difference): DifferenceRow[] {
  return ALL_AND_GROUPS.flatMap((measure) => {
    const one = measures[measure];
    if (one === null) return [];
    const { difference, test } = one;
    const said = test && {
      interval: `${signed(test.low)} to ${signed(test.high)}`,
      p: probability(test.p),
    };
    return [{ name, measure, points: signed(difference), test: said }];
  });
}

function signed(points: number): string {
  return `${points < 0 ? "-" : "+"}${Math.abs(points).toFixed(1)}`;
}

function probability(p: number): string {
  return p < 0.0001 ? "< 0.0001" : String(Number(p.toPrecision(2)));
}

const MAX_KEYS = 12;

function recipesText(groups: readonly GroupSummary[], recipes: Comparison["recipes"]): string {
  if (recipes.length === 0) return "";
  const shown = recipes.slice(0, MAX_KEYS);
  const table = formatTable(
    ["recipes differ in", ...groups.map(({ name }) => name)],
    shown.map(({ key, values }) => [key, ...values.map((value) => shortened(value ?? "-"))]),
  );
  const rest = recipes.length - shown.length;
  return rest > 0 ? `${table}\nand ${rest} more: --json or the page (--out) lists them` : table;
}

function shortened(text: string): string {
  return text.length > 30 ? `${text.slice(0, 29)}…` : text;
}
