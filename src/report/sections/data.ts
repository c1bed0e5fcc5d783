import type { DatasetCard } from "../../data/card.js";
import { longTailPlot } from "../../data/long-tail-plot.js";
import { GROUPS, groupOf } from "../../data/groups.js";
import { markup } from "../../support/markup.js";
import { facts } from "../../support/page/page.js";
import { counted, percentText, type Section, sentences, table } from "../html/section.js";
import type { ReportedRun } from "../run/reported-run.js";
import { maxOf, minOf, sum } from "../../support/math.js";

/** What was trained and evaluated on. */
export function dataSection({ description }: ReportedRun): Section {
  const { train, test } = description.data;
  const { groups: rule } = description.recipe.evaluation;
  const groups = groupOf(train.counts, rule);
  const sizes = train.classes.map((name, label) => ({
    name,
    train: train.counts[label] ?? 0,
    test: test.counts[label] ?? 0,
    group: groups[label]!,
  }));
  return {
    id: "data",
    title: "Data card",
    lead: leadText(train, rule),
    body: markup`<div class="plot" tabindex="0" role="group" aria-label="Plot of class sizes">${longTailPlot(sizes)}</div>
${facts([
  ["format", train.kind],
  ["folder", train.root],
  [
    "many and few",
    rule === "field" ? "more than 100, fewer than 20 images" : "100 or more, 20 or fewer images",
  ],
])}
${table({
  name: "The splits",
  head: ["", "images", "classes", "largest", "smallest", "imbalance", "Gini", "left out", "hash (SHA-256)"],
  rows: [splitRow("training", train), splitRow("test", test)],
  text: [8],
})}`,
  };
}

function leadText({ images, counts, imbalance, groups }: DatasetCard, rule: string): string {
  const sorted = counts.toSorted((a, b) => b - a);
  const tenth = Math.max(1, Math.round(counts.length / 10));
  const share = (100 * sum(sorted.slice(0, tenth))) / images;
  const sizes = GROUPS.map((group) => `${groups?.[group].classes ?? 0} ${group}`).join(", ");
  return sentences(
    `${counted(images, "training image")} of ${counted(counts.length, "class", "classes")}`.concat(
      imbalance === null ? "." : `, the largest ${imbalance.toFixed(0)} times as large as the smallest.`,
    ),
    `The largest tenth of the classes has ${percentText(share)} of the images; by the ${rule === "field" ? "field's" : "PyTorch code's"} bounds the classes are ${sizes}.`,
  );
}

function splitRow(name: string, { images, classes, counts, imbalance, gini, skipped, hash }: DatasetCard) {
  const [largest, smallest] = [maxOf(counts), minOf(counts)];
  return [
    name,
    ...[images, classes.length, largest, smallest].map((count) => count.toLocaleString("en")),
    imbalance === null ? null : imbalance.toFixed(imbalance < 10 ? 1 : 0),
    gini.toFixed(2),
    String(skipped),
    markup`<code title="${hash}">${hash.slice(0, 16)}…</code>`,
  ];
}
