import * as Plot from "@observablehq/plot";
import { GROUPS, type Group } from "../../data/groups.js";
import { markup, type Markup } from "../../support/markup.js";
import { chart } from "../charts/chart.js";
import { logTrend, trendAt, type Trend } from "../charts/trend.js";
import { GROUP_COLORS, groupLegend } from "../html/groups.js";
import { counted, percentText, pointsText, type Section, sentences, table } from "../html/section.js";
import type { RunEvaluation } from "../run/run-evaluation.js";
import type { ReportedRun } from "../run/reported-run.js";
import { maxOf, minOf } from "../../support/math.js";

/** With more classes than this a point says nothing when pointed at: the page would grow by megabytes. */
const MAX_TITLES = 1500;
const EXTREMES = 4;

interface ClassPoint {
  readonly name: string;
  readonly group: Group;
  readonly x: number;
  readonly y: number;
}

/** Accuracy of each class against its training images, with the trend, and the classes that do not follow it. */
export function frequencySection({ evaluation }: ReportedRun): Section | null {
  const points = evaluation === null ? [] : classPoints(evaluation);
  if (points.length < 2) return null;
  const trend = logTrend(points);
  return {
    id: "frequency",
    title: "Accuracy against class size",
    lead: leadText(points, trend),
    body: markup`<div class="charts">${scatter(points, trend)}${trend === null ? null : extremes(points, trend)}</div>`,
  };
}

function classPoints({ perClass, groupOfClass }: RunEvaluation): ClassPoint[] {
  return perClass.flatMap(({ name, trainImages, accuracy }, label) =>
    accuracy === null || trainImages === 0
      ? []
      : [{ name, group: groupOfClass[label]!, x: trainImages, y: accuracy }],
  );
}

function leadText(points: readonly ClassPoint[], trend: Trend | null): string {
  if (trend === null) return "Each point is a class. They are too few, or too much of one size, for a trend.";
  const { slope, explained } = trend;
  const cost =
    slope > 0
      ? `ten times fewer training images cost ${pointsText(slope)} on average`
      : `smaller classes are not worse: ten times fewer training images go with ${pointsText(slope)} more`;
  return sentences(
    `Each point is a class: ${cost}.`,
    `Class size explains ${(100 * explained).toFixed(0)} % of the differences between the ${points.length} classes; the rest is how hard they are, and chance.`,
  );
}

function scatter(points: readonly ClassPoint[], trend: Trend | null): Markup {
  const xs = points.map(({ x }) => x);
  const ends = [minOf(xs), maxOf(xs)];
  const titled = points.length <= MAX_TITLES;
  const line = trend === null ? [] : ends.map((x) => ({ x, y: trendAt(trend, x) }));
  return chart({
    title: "Accuracy of each class by its training images",
    description: `${points.length} classes with ${ends[0]!} to ${ends[1]!} training images each; the dashed line is the trend`,
    legend: [...groupLegend(GROUPS), { name: "trend", color: "var(--soft)", dashed: true }],
    plot: {
      x: { type: "log", label: "training images", ticks: 5, tickFormat: "~s", inset: 8 },
      y: { label: "accuracy, %", domain: [0, 100], grid: true, clamp: true },
      color: { domain: [...GROUPS], range: GROUPS.map((group) => GROUP_COLORS[group]) },
      marks: [
        Plot.lineY(line, { x: "x", y: "y", stroke: "var(--soft)", strokeDasharray: "6 5", strokeWidth: 2 }),
        Plot.dot(points, {
          ...{ x: "x", y: "y", fill: "group", r: points.length > 300 ? 2.5 : 4.5, fillOpacity: 0.75 },
          ...(titled
            ? { title: ({ name, x, y }: ClassPoint) => `${name}: ${percentText(y)}, ${counted(x, "image")}` }
            : {}),
        }),
      ],
    },
  });
}

/** The classes farthest from the trend: better or worse than their size lets one expect. */
function extremes(points: readonly ClassPoint[], trend: Trend): Markup {
  const byResidual = points
    .map((point) => ({ ...point, residual: point.y - Math.min(100, Math.max(0, trendAt(trend, point.x))) }))
    .sort((a, b) => b.residual - a.residual);
  const rows = (some: typeof byResidual) =>
    some.map(({ name, x, y, residual }) => [
      name,
      String(x),
      y,
      `${residual >= 0 ? "+" : "−"}${Math.abs(residual).toFixed(1)}`,
    ]);
  const head = ["class", "images", "accuracy, %", "against the trend"];
  const count = Math.min(EXTREMES, Math.floor(points.length / 2));
  const best = rows(byResidual.slice(0, count));
  const worst = rows(byResidual.slice(-count).reverse());
  return markup`<div><h3>Better than their size</h3>
${table({ name: "Classes better than the trend", head, rows: best })}
<h3>Worse than their size</h3>
${table({ name: "Classes worse than the trend", head, rows: worst })}</div>`;
}
