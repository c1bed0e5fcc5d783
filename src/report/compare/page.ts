import { spreadText } from "../../support/spread.js";
import { markup, type Markup } from "../../support/markup.js";
import { pageText } from "../../support/page/page.js";
import {
  contents,
  counted,
  pointsText,
  type Section,
  sectionMarkup,
  sentences,
  table,
} from "../html/section.js";
import { REPORT_STYLE } from "../html/style.js";
import { MEASURES, type Comparison } from "./comparison.js";
import { accuracyOverlay, curveOverlays, frequencyOverlay, classMeans } from "./overlays.js";
import type { RunGroup } from "./run-groups.js";
import { differenceRows } from "./text.js";
import * as Plot from "@observablehq/plot";
import { GROUPS, groupOf } from "../../data/groups.js";
import { chart } from "../charts/chart.js";
import { GROUP_COLORS, groupLegend } from "../html/groups.js";

const EXTREMES = 5;

interface Change {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly group: string;
  readonly title: string;
}

/** How each class's accuracy changes from one group of runs to another. */
function classChanges(from: RunGroup, to: RunGroup): { lead: string; body: Markup } {
  const changes = changesOf(from, to);
  if (changes === null) return { lead: `${to.name} has other classes than ${from.name}.`, body: markup`` };
  const better = changes.filter(({ y }) => y > 0).length;
  const worse = changes.filter(({ y }) => y < 0).length;
  return {
    lead: `From ${from.name} to ${to.name} ${better} of ${changes.length} classes get better and ${worse} worse.`,
    body: markup`<h3>${to.name}</h3>
<div class="charts">${[scatter(changes, to.name), extremes(changes)]}</div>`,
  };
}

/** Null for other classes. */
function changesOf(from: RunGroup, to: RunGroup): Change[] | null {
  const [before, after] = [classMeans(from.runs), classMeans(to.runs)];
  if (before.length !== after.length || before.some(({ name }, i) => after[i]!.name !== name)) return null;
  const { groups: rule } = from.runs[0]!.result;
  const groups = groupOf(
    before.map(({ x }) => x),
    rule,
  );
  return before.map(({ name, x, y }, i) => {
    const change = after[i]!.y - y;
    const title = `${name}: ${change < 0 ? "−" : "+"}${pointsText(change)}, ${counted(x, "image")}`;
    return { name, x, y: change, group: groups[i]!, title };
  });
}

function scatter(changes: readonly Change[], name: string): Markup {
  return chart({
    title: "Change of each class by its training images",
    description: `${changes.length} classes; above the line ${name} is better`,
    legend: groupLegend(GROUPS),
    plot: {
      x: { type: "log", label: "training images", ticks: 5, tickFormat: "~s", inset: 8 },
      y: { label: "points", grid: true, inset: 8 },
      color: { domain: [...GROUPS], range: GROUPS.map((group) => GROUP_COLORS[group]) },
      marks: [
        Plot.ruleY([0], { stroke: "var(--soft)" }),
        Plot.dot(changes, { x: "x", y: "y", fill: "group", r: 4, fillOpacity: 0.8, title: "title" }),
      ],
    },
  });
}

function extremes(changes: readonly Change[]): Markup {
  const sorted = changes.toSorted((a, b) => b.y - a.y);
  const row = ({ name, x, group, y }: Change) => [
    ...[name, group, String(x)],
    `${y < 0 ? "−" : "+"}${Math.abs(y).toFixed(1)}`,
  ];
  const count = Math.min(EXTREMES, Math.floor(sorted.length / 2));
  const options = { head: ["class", "group", "images", "points"], text: [1] };
  return markup`<div><h3>Gain most</h3>
${table({ ...options, name: "Classes that gain most", rows: sorted.slice(0, count).map(row) })}
<h3>Lose most</h3>
${table({ ...options, name: "Classes that lose most", rows: sorted.slice(-count).reverse().map(row) })}</div>`;
}

/** A comparison as one HTML file. */
export function comparisonPage(
  comparison: Comparison,
  groups: readonly RunGroup[],
  made: { at: Date; by: string },
): string {
  const title = `Comparison of ${counted(groups.length, "recipe")}`;
  const runs = groups.reduce((sum, group) => sum + group.runs.length, 0);
  const sections = [
    results(comparison, groups),
    ...(groups.length > 1 ? [classesSection(groups)] : []),
    curves(groups),
    recipesSection(comparison),
  ];
  return pageText({
    title,
    style: REPORT_STYLE,
    header: markup`<h1>${title}</h1>
<p class="about">${counted(runs, "run")}; runs that differ in nothing but the seed are taken together</p>`,
    main: markup`${comparison.notes.map((note) => markup`<p class="note">${withCode(note)}</p>`)}${contents(sections)}
${sections.map(sectionMarkup)}`,
    ...made,
  });
}

function results(comparison: Comparison, groups: readonly RunGroup[]): Section {
  const { groups: summaries } = comparison;
  return {
    id: "result",
    title: "Result",
    lead: leadText(comparison),
    body: markup`${table({
      name: "Results",
      head: ["in percent", "seeds", ...MEASURES.map(({ title }) => title)],
      rows: summaries.map(({ name, runs, measures }) => [
        name,
        runs.map(({ seed }) => seed).join(", "),
        ...MEASURES.map(({ key }) => spreadText(measures[key])),
      ]),
    })}
${differences(comparison)}
<div class="charts">${[accuracyOverlay(summaries), frequencyOverlay(groups)]}</div>`,
  };
}

function leadText({ groups, differences: others }: Comparison): string {
  const [first] = groups;
  if (others.length === 0)
    return `Mean ± standard deviation over ${counted(first?.runs.length ?? 0, "seed")}; the deviation says how much chance alone does.`;
  const clear = others.filter(({ measures }) => (measures.all?.test?.p ?? 1) < 0.05);
  const gains = others.map(({ name, measures: { all, few } }) => {
    const change = (one: typeof all, what: string): string =>
      one === null ? "" : `${one.difference < 0 ? "−" : "+"}${pointsText(one.difference)} ${what}`;
    return `${name} has ${[change(all, "over all images"), change(few, "on few-shot classes")].filter(Boolean).join(", ")}`;
  });
  const tested = others.some(({ measures }) => measures.all?.test);
  return sentences(
    `Against ${first!.name}: ${gains.join("; ")}.`,
    tested
      ? `${clear.length === 0 ? "No difference over all images is" : `The difference over all images is ${clear.length === others.length ? "" : `for ${clear.map(({ name }) => name).join(", ")} `}`} clearer than chance at the 5 % level (Welch's t-test over the seeds).`
      : "With one run each, nothing is claimed beyond these numbers.",
  );
}

function differences({ groups, differences: others }: Comparison): Markup | null {
  if (others.length === 0) return null;
  const rows = others.flatMap(differenceRows);
  const tested = rows.some(({ test }) => test !== null);
  return markup`<h3>Against ${groups[0]!.name}</h3>
${tested ? markup`<p class="soft">The 95 % interval and p are of Welch's t-test over the seeds${others.length > 1 ? "; both are adjusted for the number of groups that are compared (Bonferroni)" : ""}.</p>` : null}
${table({
  name: "Differences",
  head: ["", "images", "points", ...(tested ? ["95 % interval", "p"] : [])],
  rows: rows.map(({ name, measure, points, test }) => [
    ...[name, measure, withMinus(points)],
    ...(tested ? [test === null ? null : withMinus(test.interval), test?.p ?? null] : []),
  ]),
  text: [1],
})}`;
}

/** A terminal's numbers with the minus sign of print. */
function withMinus(text: string): string {
  return text.replaceAll("-", "−");
}

/** What stands between backticks is a command. */
function withCode(text: string): Markup[] {
  return text.split("`").map((part, i) => (i % 2 === 1 ? markup`<code>${part}</code>` : markup`${part}`));
}

function classesSection(groups: readonly RunGroup[]): Section {
  const [first, ...others] = groups as [RunGroup, ...RunGroup[]];
  const changes = others.map((other) => classChanges(first, other));
  return {
    id: "classes",
    title: "Which classes change",
    lead: changes.map(({ lead }) => lead).join(" "),
    body: markup`${changes.map(({ body }) => body)}`,
  };
}

function curves(groups: readonly RunGroup[]): Section {
  const epochs = groups.map(({ name, runs }) => `${name} ${runs[0]!.description.recipe.epochs}`);
  return {
    id: "curves",
    title: "Curves",
    lead: `Means over the seeds; epochs: ${epochs.join(", ")}.`,
    body: markup`<div class="charts">${curveOverlays(groups)}</div>`,
  };
}

function recipesSection({ groups, recipes }: Comparison): Section {
  return {
    id: "recipes",
    title: "Recipes and runs",
    lead:
      recipes.length === 0
        ? "The recipes are the same."
        : `The recipes differ in ${counted(recipes.length, "key")}; what is not listed is the same, apart from where things lie and the seed.`,
    body: markup`${
      recipes.length === 0
        ? null
        : table({
            name: "What the recipes differ in",
            head: ["key", ...groups.map(({ name }) => name)],
            rows: recipes.map(({ key, values }) => [key, ...values]),
            text: groups.map((_, place) => place + 1),
          })
    }
${table({
  name: "Runs",
  head: ["run", "recipe", "seed"],
  rows: groups.flatMap(({ name, runs }) => runs.map(({ path, seed }) => [path, name, String(seed)])),
  text: [1],
})}`,
  };
}
