import { markup } from "../../support/markup.js";
import { curvesChart } from "../charts/curves.js";
import { seriesStyle } from "../html/groups.js";
import { percentText, type Section, sentences, table } from "../html/section.js";
import type { ReportedRun } from "../run/reported-run.js";
import type { TrainingPoint } from "../run/step-means.js";
import { maxOf } from "../../support/math.js";

/** Meanings of the terms in runs of earlier versions, which do not record them. */
const MEANINGS: Readonly<Record<string, string>> = {
  crossEntropy: "each expert learns the labels, on all classes",
  hard: "each expert learns the labels among an image's hardest classes",
  distillation: "the experts learn from one another, on all classes (NBOD)",
  hardDistillation: "the experts learn from one another among the hardest classes (NBOD)",
  contrastive: "each expert matches an image's two views among other images (MoCo)",
  intra: "each expert predicts the same for all augmentations of an image",
  inter: "the experts learn from one another, image by image",
};

/** The terms by which experts, or the copies of an image, are drawn together. */
const AGREEMENT = ["distillation", "hardDistillation", "intra", "inter"];

/** The loss and its terms over some steps. */
type Terms = Pick<TrainingPoint, "loss" | "terms">;

/** The terms of the loss over the epochs; nothing for a loss of one term. */
export function lossTermsSection({ history, description }: ReportedRun): Section | null {
  const { training, epochs } = history;
  const end = epochs.at(-1) ?? training.at(-1);
  const names = Object.keys(end?.terms ?? {});
  if (end === undefined || training.length === 0 || names.length < 2) return null;
  const { experts } = description.recipe.method;
  return {
    id: "loss-terms",
    title: "What the terms of the loss did",
    lead: sentences(sharesText(end, names), agreementText(training, end, { names, experts })),
    body: markup`<div class="charts">${[termsChart(training, names), sharesChart(training, names)]}</div>
${termsTable(training, end, { ...MEANINGS, ...description.terms })}`,
  };
}

function total({ terms }: Terms, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (terms[name] ?? 0), 0);
}

function sharesText(end: Terms, names: readonly string[]): string {
  const shares = names
    .map((name) => ({ name, share: (100 * (end.terms[name] ?? 0)) / end.loss }))
    .sort((a, b) => b.share - a.share);
  const [most] = shares;
  return `In the last epoch ${percentText(most!.share)} of the loss is ${most!.name}.`;
}

/** Whether the experts came together, by the terms that say how far apart they are. */
function agreementText(
  training: readonly TrainingPoint[],
  end: Terms,
  { names, experts }: { names: readonly string[]; experts: number },
): string | null {
  const terms = names.filter((name) => AGREEMENT.includes(name));
  if (terms.length === 0 || training.length < 2) return null;
  const values = training.map((point) => total(point, terms));
  const [highest, last] = [maxOf(values), total(end, terms)];
  const peak = training[values.indexOf(highest)]!;
  const when = peak === training[0] ? "at the start" : `after epoch ${peak.at.toFixed(1)}`;
  const who = experts > 1 ? "the experts" : "the copies of an image";
  const course =
    last < 0.8 * highest
      ? `from ${highest.toFixed(3)} ${when} to ${last.toFixed(3)}: ${who} came to agree`
      : `to ${last.toFixed(3)}, near its highest: ${who} have not come to agree`;
  return `The terms that draw ${who} together (${terms.join(", ")}) are ${percentText((100 * last) / end.loss)} of it; their sum went ${course}.`;
}

function termsChart(training: readonly TrainingPoint[], names: readonly string[]) {
  return curvesChart({
    title: "Terms of the loss",
    description: "each weighted term over the epochs, on a logarithmic scale; they add up to the loss",
    y: { label: "weighted term", type: "log", tickFormat: "~g" },
    curves: names.map((name, place) => ({
      name,
      ...seriesStyle(place),
      points: training.flatMap(({ at, terms }) =>
        (terms[name] ?? 0) > 0 ? [{ x: at, y: terms[name]! }] : [],
      ),
    })),
  });
}

function sharesChart(training: readonly TrainingPoint[], names: readonly string[]) {
  return curvesChart({
    title: "Their shares of the loss",
    description: "each term's share of the loss over the epochs",
    y: { label: "share, %", zero: true },
    curves: names.map((name, place) => ({
      name,
      ...seriesStyle(place),
      points: training.map((point) => ({
        x: point.at,
        y: (100 * (point.terms[name] ?? 0)) / total(point, names),
      })),
    })),
  });
}

function termsTable(
  training: readonly TrainingPoint[],
  end: Terms,
  meanings: Readonly<Record<string, string>>,
) {
  const names = Object.keys(end.terms);
  return table({
    name: "Terms of the loss",
    head: ["term", "what it does", "at first", "highest", "last epoch", "share then, %"],
    rows: names.map((name) => {
      const values = training.map(({ terms }) => terms[name] ?? 0);
      const last = end.terms[name] ?? 0;
      const shown = [values[0]!, maxOf(values), last].map((value) => value.toFixed(3));
      return [name, meanings[name] ?? "", ...shown, (100 * last) / total(end, names)];
    }),
    text: [1],
  });
}
