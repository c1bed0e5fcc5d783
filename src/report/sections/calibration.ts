import { ALL_AND_GROUPS, GROUPS } from "../../data/groups.js";
import type { Analysis, ByGroup, Calibration, Temperature } from "../../evaluation/analysis.js";
import { modelRows } from "../../evaluation/results-table.js";
import { markup, type Markup } from "../../support/markup.js";
import { GROUP_COLORS, groupsOf } from "../html/groups.js";
import {
  counted,
  type Cell,
  percentText,
  pointsText,
  type Section,
  sentences,
  table,
} from "../html/section.js";
import type { ReportedRun } from "../run/reported-run.js";
import { maxOf } from "../../support/math.js";
import * as Plot from "@observablehq/plot";
import { chart } from "../charts/chart.js";

/** How far the probabilities can be trusted: by group, by network, and after temperature scaling. */
export function calibrationSection({ analysis }: ReportedRun): Section | null {
  if (analysis === null) return null;
  const { ensemble } = analysis.calibration;
  return {
    id: "calibration",
    title: "Calibration",
    lead: sentences(worstGroupText(ensemble), temperatureText(analysis)),
    body: markup`${groupTable(ensemble)}
<div class="charts">${ALL_AND_GROUPS.map((group) => {
      const of = ensemble[group];
      return of === null ? null : reliabilityChart(group, of, GROUP_COLORS[group]);
    })}</div>
${networks(analysis)}
${temperatures(analysis)}`,
  };
}

function worstGroupText(ensemble: ByGroup<Calibration>): string {
  const groups = groupsOf(ensemble, GROUPS);
  const errors = groups.map((group) => ensemble[group]!.ece);
  const worst = groups[errors.indexOf(maxOf(errors))]!;
  const { confidence, accuracy } = means(ensemble[worst]!);
  const off = confidence - accuracy;
  const how = off >= 0 ? "too sure" : "too unsure";
  return `The probabilities are least to be trusted on ${worst}-shot classes: there the network is ${percentText(confidence)} sure on average and right in ${percentText(accuracy)}, ${how} by ${pointsText(off)} (expected calibration error ${percentText(ensemble[worst]!.ece)}; over all images ${percentText(ensemble.all.ece)}).`;
}

function temperatureText({ temperature }: Analysis): string {
  const global = temperature?.fits.find(({ temperature: one }) => one.kind === "global");
  if (!global)
    return "No temperature was fitted: that needs training images held out (selection.kind=held-out).";
  return `One temperature, fitted on held-out images, brings that error to ${percentText(global.calibration.all.ece)}${global.calibration.few === null ? "" : `, on few-shot classes to ${percentText(global.calibration.few.ece)}`}.`;
}

/** Over all images of the bins. */
function means({ bins, images }: Calibration): { confidence: number; accuracy: number } {
  const mean = (of: "confidence" | "accuracy"): number =>
    bins.reduce((sum, bin) => sum + bin.images * (bin[of] ?? 0), 0) / images;
  return { confidence: mean("confidence"), accuracy: mean("accuracy") };
}

function groupTable(ensemble: ByGroup<Calibration>): Markup {
  return table({
    name: "Calibration by group",
    head: ["", "images", "mean probability, %", "right, %", "ECE, %", "MCE, %", "NLL", "Brier"],
    rows: groupsOf(ensemble, ALL_AND_GROUPS).map((group) => {
      const one = ensemble[group]!;
      const { confidence, accuracy } = means(one);
      const losses = [one.nll, one.brier].map((value) => value.toFixed(3));
      return [group, String(one.images), confidence, accuracy, one.ece, one.mce, ...losses];
    }),
  });
}

function networks({ calibration }: Analysis): Markup | null {
  if (calibration.experts.length < 2) return null;
  return markup`<h3>Each network</h3>
${table({
  name: "Expected calibration error of each network",
  head: ["ECE, %", ...ALL_AND_GROUPS],
  rows: modelRows(calibration).map(([name, one]) => [name, ...errors(one)]),
})}`;
}

function temperatures({ temperature, calibration }: Analysis): Markup | null {
  if (temperature === null) return null;
  const row = (name: string, values: string, one: ByGroup<Calibration>): Cell[] => [
    name,
    values,
    ...errors(one),
    one.all.nll.toFixed(3),
  ];
  return markup`<h3>Temperature scaling</h3>
<p>Fitted on ${counted(temperature.images, "held-out image")}, evaluated on the test images; the predictions stay as they are, apart from temperatures of experts before averaging.</p>
${table({
  name: "Temperature scaling",
  head: ["ECE, %", "temperature", ...ALL_AND_GROUPS, "NLL, all"],
  rows: [
    row("as trained", "1", calibration.ensemble),
    ...temperature.fits.map((fit) => {
      const [name, values] = described(fit.temperature);
      return row(name, values, fit.calibration);
    }),
  ],
})}`;
}

function errors(one: ByGroup<Calibration>): Cell[] {
  return ALL_AND_GROUPS.map((group) => one[group]?.ece ?? null);
}

function described(temperature: Temperature): [name: string, values: string] {
  const shown = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(", ");
  switch (temperature.kind) {
    case "global":
      return ["one temperature", shown([temperature.temperature])];
    case "group":
      return ["one a group", shown(GROUPS.map((group) => temperature.temperatures[group]))];
    case "expert":
      return ["one an expert", shown(temperature.temperatures)];
    default:
      return temperature satisfies never;
  }
}

interface Bin {
  readonly images: number;
  readonly confidence: number;
  readonly accuracy: number;
  /** The range of probabilities, in percent. */
  readonly from: number;
  readonly to: number;
}

/** How often predictions are correct against how confident they are; on the diagonal the probabilities can be trusted. */
function reliabilityChart(name: string, calibration: Calibration, color: string): Markup {
  const bins = filledBins(calibration);
  return chart({
    title: `${name}: ECE ${percentText(calibration.ece)}`,
    description: `reliability diagram of ${counted(calibration.images, "image")} in ${bins.length} ranges of probability; below the diagonal the network is too sure`,
    plot: {
      x: { label: "confidence of the prediction, %", domain: [0, 100], ticks: 5 },
      y: { label: "right, %", domain: [0, 100], ticks: 5, grid: true },
      r: { type: "identity" },
      marks: marks(bins, color),
    },
    numbers: {
      head: ["probability", "images", "mean, %", "right, %"],
      rows: bins.map(({ images, confidence, accuracy, from, to }) => [
        `${from.toFixed(0)} to ${to.toFixed(0)} %`,
        String(images),
        confidence,
        accuracy,
      ]),
    },
  });
}

function filledBins({ bins }: Calibration): Bin[] {
  const width = 100 / bins.length;
  return bins.flatMap(({ images, confidence, accuracy }, place) =>
    confidence === null || accuracy === null
      ? []
      : [{ images, confidence, accuracy, from: place * width, to: (place + 1) * width }],
  );
}

/** A bar a range, a dot where its images are, larger for more of them. */
function marks(bins: readonly Bin[], color: string): Plot.Markish[] {
  const most = Math.max(1, maxOf(bins.map(({ images }) => images)));
  const bar = { x1: "from", x2: "to", y1: 0, y2: "accuracy", fill: color, fillOpacity: 0.3, inset: 0.5 };
  return [
    Plot.rect(bins, bar),
    Plot.link([0], { x1: 0, y1: 0, x2: 100, y2: 100, stroke: "var(--soft)", strokeDasharray: "6 5" }),
    Plot.dot(bins, {
      ...{ x: "confidence", y: "accuracy", fill: color },
      r: ({ images }: Bin) => 2.5 + 5.5 * Math.sqrt(images / most),
      title: ({ images, confidence, accuracy }: Bin) =>
        `${counted(images, "image")}: ${percentText(confidence)} sure, ${percentText(accuracy)} right`,
    }),
  ];
}
