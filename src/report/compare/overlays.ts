import * as Plot from "@observablehq/plot";
import { markup, type Markup } from "../../support/markup.js";
import { chart, type LegendItem } from "../charts/chart.js";
import { curvesChart, DASHED, dotStyle, type Curve } from "../charts/curves.js";
import { ALL_AND_GROUPS } from "../../data/groups.js";
import { seriesStyle } from "../html/groups.js";
import { counted, percentText } from "../html/section.js";
import type { ComparedRun, RunGroup } from "./run-groups.js";
import type { GroupSummary } from "./comparison.js";
import { maxOf, mean, minOf, sum } from "../../support/math.js";
import type { Point } from "../charts/trend.js";

const STEPS = 40;
/** The kernel's width in parts of the range of log x. */
const WIDTHS = 8;

/** The mean of y over points of similar x: with Gaussian weights of log x (Nadaraya and Watson's estimate). */
function smoothed(points: readonly Point[]): Point[] {
  const logs = points.map(({ x }) => Math.log10(x));
  const [low, high] = [minOf(logs), maxOf(logs)];
  if (points.length < 3 || high === low) return [];
  const width = (high - low) / WIDTHS;
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    const at = low + ((high - low) * step) / STEPS;
    const weights = logs.map((log) => Math.exp(-(((log - at) / width) ** 2) / 2));
    const total = sum(weights);
    const y = sum(points.map((point, i) => weights[i]! * point.y)) / total;
    return { x: 10 ** at, y };
  });
}

/** Accuracy of each group of runs by group of classes: means, and bars of a standard deviation to each side. */
export function accuracyOverlay(groups: readonly GroupSummary[]): Markup {
  const points = groups.flatMap(({ name, measures }, place) =>
    ALL_AND_GROUPS.flatMap((of) => {
      const one = measures[of];
      const deviation = one?.deviation ?? 0;
      if (one === null) return [];
      return [
        {
          of,
          name,
          ...seriesStyle(place),
          mean: one.mean,
          low: one.mean - deviation,
          high: one.mean + deviation,
        },
      ];
    }),
  );
  const facet = { fy: "of", y: "name", stroke: "color" };
  return chart({
    title: "Accuracy by group",
    description: points.map(({ of, name, mean }) => `${name} ${of} ${percentText(mean)}`).join(", "),
    legend: legend(groups),
    plot: {
      height: 60 + 4 * Math.max(34, 20 * groups.length),
      marginLeft: 66,
      x: { label: "accuracy, %", domain: [0, 100], grid: true },
      y: { axis: null, domain: groups.map(({ name }) => name) },
      fy: { label: null, domain: ALL_AND_GROUPS, padding: 0.25 },
      color: { type: "identity" },
      marks: [
        Plot.frame({ stroke: "var(--line)" }),
        Plot.ruleY(points, { ...facet, x1: "low", x2: "high", strokeWidth: 2 }),
        Plot.dot(points, {
          ...{ fy: "of", y: "name", x: "mean", r: 5, stroke: "color", strokeWidth: 2 },
          fill: ({ color, dashed }: (typeof points)[number]) => (dashed ? "var(--back)" : color),
        }),
      ],
    },
  });
}

function legend(groups: readonly { name: string }[]): LegendItem[] {
  return groups.map(({ name }, place) => ({ name, ...seriesStyle(place) }));
}

/** Accuracy of each class against its training images, with a trend for each group of runs. */
export function frequencyOverlay(groups: readonly RunGroup[]): Markup {
  const series = groups.map(({ name, runs }, place) => {
    const points = classMeans(runs).filter(({ x }) => x > 0);
    return { name, points, line: smoothed(points), ...seriesStyle(place) };
  });
  return chart({
    title: "Accuracy of each class by its training images",
    description: `the lines are means over classes of similar size: ${series.map(({ name, line }) => `${name} from ${percentText(line[0]?.y ?? 0)} for the smallest to ${percentText(line.at(-1)?.y ?? 0)} for the largest`).join(", ")}`,
    legend: legend(groups),
    plot: {
      x: { type: "log", label: "training images", ticks: 5, tickFormat: "~s", inset: 8 },
      y: { label: "accuracy, %", domain: [0, 100], grid: true, clamp: true },
      marks: series.flatMap(({ points, line, color, dashed }) => [
        Plot.dot(points, {
          ...{ x: "x", y: "y", r: 3, title: "title" },
          ...(dashed ? dotStyle({ color, dashed }) : { fill: color, fillOpacity: 0.45 }),
        }),
        Plot.lineY(line, { x: "x", y: "y", stroke: color, strokeWidth: 2.5, ...(dashed ? DASHED : {}) }),
      ]),
    },
  });
}

interface ClassMean {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly title: string;
}

/** Each class's accuracy, in the mean over the runs. */
export function classMeans(runs: readonly ComparedRun[]): ClassMean[] {
  return runs[0]!.result.perClass.flatMap(({ name, trainImages, accuracy }, label) => {
    if (accuracy === null) return [];
    const y = mean(runs.map(({ result }) => result.perClass[label]?.accuracy ?? 0));
    return [
      { name, x: trainImages, y, title: `${name}: ${percentText(y)}, ${counted(trainImages, "image")}` },
    ];
  });
}

/** Loss of the training and accuracy of the evaluations over the epochs, in the mean over each group's runs. */
export function curveOverlays(groups: readonly RunGroup[]): Markup {
  const curves = (of: (run: ComparedRun) => Curve["points"]): Curve[] =>
    groups.map(({ name, runs }, place) => ({
      name,
      ...seriesStyle(place),
      points: meanCurve(runs.map(of)),
    }));
  const accuracy = (group: "all" | "few") => (run: ComparedRun) =>
    run.history.evaluations.flatMap(({ epoch, ensemble }) => {
      const y = ensemble[group];
      return y === null ? [] : [{ x: epoch, y }];
    });
  const y = { label: "accuracy, %", domain: [0, 100] };
  return markup`${curvesChart({
    title: "Accuracy over the epochs, all classes",
    description: "of the ensemble on the images of each run's evaluations",
    y,
    curves: curves(accuracy("all")),
  })}${curvesChart({
    title: "Accuracy over the epochs, few-shot classes",
    description: "of the ensemble on the images of each run's evaluations",
    y,
    curves: curves(accuracy("few")),
  })}${curvesChart({
    title: "Loss of the training",
    description: "methods of several terms or experts add them up: their losses do not compare",
    y: { label: "loss", zero: true },
    curves: curves((run) => run.history.training.map(({ at, loss }) => ({ x: at, y: loss }))),
  })}`;
}

/** The mean where all runs have a point. */
function meanCurve(curves: readonly Curve["points"][]): Curve["points"] {
  const values = curves.map((points) => new Map(points.map(({ x, y }) => [x, y])));
  return curves[0]!.flatMap(({ x }) => {
    const ys = values.flatMap((of) => of.get(x) ?? []);
    return ys.length === curves.length ? [{ x, y: mean(ys) }] : [];
  });
}
