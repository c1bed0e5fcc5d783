import { maxOf } from "../../support/math.js";
import * as Plot from "@observablehq/plot";
import type { Calibration } from "../../evaluation/analysis.js";
import type { Markup } from "../../support/markup.js";
import { percentText } from "../html/section.js";
import { chart } from "./chart.js";

interface Bin {
  readonly images: number;
  readonly confidence: number;
  readonly accuracy: number;
  /** The range of probabilities, in percent. */
  readonly from: number;
  readonly to: number;
}

/** How often predictions are correct against how confident they are; on the diagonal the probabilities can be trusted. */
export function reliabilityChart(name: string, calibration: Calibration, color: string): Markup {
  const bins = filledBins(calibration);
  return chart({
    title: `${name}: ECE ${percentText(calibration.ece)}`,
    description: `reliability diagram of ${calibration.images} images in ${bins.length} ranges of probability; below the diagonal the network is too sure`,
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
        `${images} images: ${percentText(confidence)} sure, ${percentText(accuracy)} right`,
    }),
  ];
}
