import { ALL_AND_GROUPS, GROUPS } from "../../data/groups.js";
import * as Plot from "@observablehq/plot";
import type { Agreement, ByGroup } from "../../evaluation/analysis.js";
import { markup, type Markup } from "../../support/markup.js";
import { chart } from "../charts/chart.js";
import { groupsOf } from "../html/groups.js";
import { percentText, pointsText, type Section, sentences, table } from "../html/section.js";
import type { RunEvaluation } from "../run/run-evaluation.js";
import type { ReportedRun } from "../run/reported-run.js";
import { maxOf } from "../../support/math.js";

/** How far the experts agree, and what their differences are worth. */
export function expertsSection({ analysis, evaluation }: ReportedRun): Section | null {
  const agreement = analysis?.agreement;
  if (!agreement || evaluation === null) return null;
  return {
    id: "experts",
    title: "Agreement between the experts",
    lead: leadText(agreement, evaluation),
    body: markup`<div class="charts">${[reachChart(agreement, evaluation), pairChart(agreement.all, evaluation.experts.length)]}</div>
${groupTable(agreement, evaluation)}
${pairTable(agreement.all)}`,
  };
}

function leadText(agreement: ByGroup<Agreement>, { ensemble }: RunEvaluation): string {
  const groups = groupsOf(agreement, GROUPS);
  const values = groups.map((group) => agreement[group]!.disagreement);
  const most = groups[values.indexOf(maxOf(values))]!;
  const reserve = agreement.all.anyRight - ensemble.all;
  return sentences(
    `Two experts disagree on ${percentText(agreement.all.disagreement)} of the images, most on ${most}-shot classes (${percentText(agreement[most]!.disagreement)}).`,
    `At least one expert is right on ${percentText(agreement.all.anyRight)}: a perfect choice among them would gain ${pointsText(reserve)} over averaging them.`,
  );
}

/** By group: each expert, the ensemble, and what a perfect choice among the experts would reach. */
function reachChart(agreement: ByGroup<Agreement>, { ensemble, experts }: RunEvaluation): Markup {
  const groups = groupsOf(agreement, ALL_AND_GROUPS);
  const single = groups.flatMap((group) => experts.map((one) => ({ group, value: one[group] ?? 0 })));
  const together = groups.map((group) => ({ group, value: ensemble[group] ?? 0 }));
  const range = groups.map((group) => ({
    group,
    from: agreement[group]!.allRight,
    to: agreement[group]!.anyRight,
  }));
  const place = { x: "value", y: "group" };
  return chart({
    title: "What the experts reach, by group",
    description:
      "accuracy of each expert, of the ensemble and of a perfect choice among the experts; bars from all right to any right",
    legend: [
      { name: "all to any expert right", color: "var(--line)" },
      { name: "ensemble", color: "var(--s1)" },
      { name: "an expert", color: "var(--s2)" },
    ],
    plot: {
      height: 60 + 50 * groups.length,
      marginLeft: 70,
      x: { label: "accuracy, %", domain: [0, 100], grid: true },
      y: { label: null, domain: groups },
      marks: [
        Plot.barX(range, {
          x1: "from",
          x2: "to",
          y: "group",
          fill: "var(--line)",
          insetTop: 8,
          insetBottom: 8,
        }),
        Plot.tickX(range, { x: "to", y: "group", stroke: "var(--soft)", strokeWidth: 2, inset: 8 }),
        Plot.dot(single, { ...place, stroke: "var(--s2)", r: 5, strokeWidth: 2 }),
        Plot.dot(together, { ...place, fill: "var(--s1)", r: 5 }),
      ],
    },
  });
}

/** Fraction of equal predictions of every two experts. */
function pairChart({ pairs }: Agreement, experts: number): Markup {
  const names = Array.from({ length: experts }, (_, k) => String(k + 1));
  const cells = pairs.flatMap(({ experts: [a, b], same }) => [
    { a: String(a + 1), b: String(b + 1), same },
    { a: String(b + 1), b: String(a + 1), same },
  ]);
  return chart({
    title: "Images with the same prediction, %",
    description: pairs
      .map(({ experts: [a, b], same }) => `experts ${a + 1} and ${b + 1} ${percentText(same)}`)
      .join(", "),
    plot: {
      height: 60 + 50 * ALL_AND_GROUPS.length,
      x: { label: "expert", domain: names, tickSize: 0 },
      y: { label: "expert", domain: names, tickSize: 0 },
      marks: [
        Plot.cell(cells, {
          x: "a",
          y: "b",
          fill: "var(--s1)",
          fillOpacity: ({ same }: { same: number }) => 0.75 * (same / 100) ** 2,
          inset: 1,
        }),
        Plot.text(cells, {
          x: "a",
          y: "b",
          text: ({ same }: { same: number }) => same.toFixed(1),
          fontSize: 15,
        }),
      ],
    },
  });
}

function groupTable(agreement: ByGroup<Agreement>, { ensemble }: RunEvaluation): Markup {
  return table({
    name: "Agreement by group",
    head: [
      "in percent of the images",
      "images",
      "different predictions",
      "all right",
      "ensemble right",
      "any right",
    ],
    rows: groupsOf(agreement, ALL_AND_GROUPS).map((group) => {
      const { images, disagreement, allRight, anyRight } = agreement[group]!;
      return [group, String(images), disagreement, allRight, ensemble[group], anyRight];
    }),
  });
}

function pairTable({ pairs }: Agreement): Markup {
  return table({
    name: "Agreement of each two experts",
    head: ["experts", "same prediction, %", "both right, %", "both wrong, %", "divergence, nats"],
    rows: pairs.map(({ experts: [a, b], same, bothRight, bothWrong, divergence }) => [
      `${a + 1} and ${b + 1}`,
      ...[same, bothRight, bothWrong],
      divergence.toFixed(3),
    ]),
  });
}
