import * as Plot from "@observablehq/plot";
import { GROUPS, groupOf } from "../../data/groups.js";
import { markup, type Markup } from "../../support/markup.js";
import { chart } from "../charts/chart.js";
import { GROUP_COLORS, groupLegend } from "../html/groups.js";
import { pointsText, table } from "../html/section.js";
import { classMeans } from "./overlays.js";
import type { RunGroup } from "./run-groups.js";

const EXTREMES = 5;

interface Change {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly group: string;
  readonly title: string;
}

/** How each class's accuracy changes from one group of runs to another. */
export function classChanges(from: RunGroup, to: RunGroup): { lead: string; body: Markup } {
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
    const title = `${name}: ${change < 0 ? "−" : "+"}${pointsText(change)}, ${x} images`;
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
