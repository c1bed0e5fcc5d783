import { ALL_AND_GROUPS } from "../../data/groups.js";
import { markup, type Markup } from "../../support/markup.js";
import { formatBytes, formatSeconds } from "../../support/units.js";
import { curvesChart, type Curve, type Mark } from "../charts/curves.js";
import { GROUP_COLORS, farGroups, seriesColor } from "../html/groups.js";
import { counted, percentText, pointsText, type Section, sentences } from "../html/section.js";
import type { EvaluationPoint, History } from "../run/history.js";
import type { ReportedRun } from "../run/reported-run.js";
import type { TrainingPoint } from "../run/step-means.js";
import { maxOf } from "../../support/math.js";

/** Loss, accuracy by group, learning rate and speed over the epochs. */
export function trainingSection(run: ReportedRun): Section | null {
  const { training, evaluations } = run.history;
  if (training.length === 0) return null;
  const marks = [...phaseEnds(run.history), ...chosenEpoch(run)];
  return {
    id: "training",
    title: "Training",
    lead: sentences(
      phasesText(run.history),
      lossText(run.history),
      overfitText(run.history),
      tailText(evaluations),
      speedText(run),
    ),
    body: markup`<div class="charts">${[
      lossChart(run.history, marks),
      accuracyChart(run.history, marks),
      rateChart(training),
      speedChart(training),
    ]}</div>
${warnings(run.history)}`,
  };
}

function chosenEpoch({ evaluation, description }: ReportedRun): Mark[] {
  if (evaluation === null || evaluation.epoch >= description.recipe.epochs) return [];
  return [{ x: evaluation.epoch, label: "chosen" }];
}

/** Last epoch of each phase but the last. */
function phaseEnds({ run }: History): Mark[] {
  let end = 0;
  return (run?.phases ?? []).slice(0, -1).map(({ name, epochs }) => ({ x: (end += epochs), label: name }));
}

function phasesText({ run }: History): string | null {
  if (run?.phases === undefined) return null;
  let end = 0;
  const texts = run.phases.map(({ name, epochs }) => {
    const start = end + 1;
    end += epochs;
    return `${name} (${start === end ? `epoch ${end}` : `epochs ${start} to ${end}`})`;
  });
  return `It was trained in ${counted(texts.length, "phase")}: ${texts.join(", ")}.`;
}

function lossText({ training, epochs }: History): string {
  const [first, last] = [training[0]!, training.at(-1)!];
  const end = epochs.at(-1)?.loss ?? last.loss;
  const fell = end < first.loss ? "fell" : "rose";
  return `The loss ${fell} from ${first.loss.toFixed(2)} to ${end.toFixed(2)} in ${counted(epochs.length, "epoch")}.`;
}

function overfitText({ epochs, evaluations }: History): string | null {
  const [train, tested] = [epochs.at(-1), evaluations.at(-1)];
  if (train === undefined || tested?.epoch !== train.epoch) return null;
  const gap = train.accuracy - tested.ensemble.all;
  const whose = tested.split === "test" ? "the test images" : "the held-out images";
  return `At the end the ensemble is right on ${percentText(train.accuracy)} of the training images as it saw them and on ${percentText(tested.ensemble.all)} of ${whose}: a gap of ${pointsText(gap)}, of which the classes' different shares are a part.`;
}

/** Since when the smallest classes are no longer getting better. */
function tailText(evaluations: readonly EvaluationPoint[]): string | null {
  const last = evaluations.at(-1);
  const far = last === undefined ? null : farGroups(last.ensemble);
  if (evaluations.length < 3 || far === null) return null;
  const values = evaluations.map(({ ensemble }) => ensemble[far.tail] ?? 0);
  const best = evaluations[values.indexOf(maxOf(values))]!;
  return `${far.tail}-shot classes were at their best after epoch ${best.epoch} (${percentText(best.ensemble[far.tail]!)}).`.replace(
    /^./,
    (letter) => letter.toUpperCase(),
  );
}

function speedText({ history: { training, end, run } }: ReportedRun): string {
  const speeds = training.map(({ imagesPerSecond }) => imagesPerSecond).sort((a, b) => a - b);
  const median = speeds[Math.floor(speeds.length / 2)]!;
  const where = run === null ? "" : ` on ${run.device} with ${counted(run.threads, "thread")}`;
  const cost =
    end === null
      ? ""
      : `; the last process took ${formatSeconds(end.seconds)} and at most ${formatBytes(end.peakMemory)} of memory`;
  return `It trained on ${median.toFixed(0)} images a second${where} (the median)${cost}.`;
}

function lossChart({ training, evaluations }: History, marks: readonly Mark[]): Markup {
  const lossOn = (split: EvaluationPoint["split"]): Curve["points"] =>
    evaluations.filter((one) => one.split === split).map(({ epoch, loss }) => ({ x: epoch, y: loss }));
  return curvesChart({
    title: "Loss",
    description:
      "the training's loss, and the cross-entropy of the ensemble on the images that it is evaluated on",
    y: { label: "loss", zero: true },
    marks,
    curves: [
      { name: "training, all terms", color: seriesColor(0), points: curve(training, "loss") },
      { name: "test, cross-entropy", color: seriesColor(1), points: lossOn("test") },
      { name: "held-out, cross-entropy", color: seriesColor(2), points: lossOn("held-out") },
    ],
  });
}

function accuracyChart({ training, evaluations }: History, marks: readonly Mark[]): Markup {
  const split = evaluations.some((one) => one.split === "held-out") ? "held-out" : "test";
  const shown = evaluations.filter((one) => one.split === split);
  return curvesChart({
    title: `Accuracy by group, ${split} images`,
    description: `accuracy of the ensemble over the epochs, over all ${split} images and by group; dashed on the training batches`,
    y: { label: "accuracy, %", domain: [0, 100] },
    marks,
    curves: [
      ...ALL_AND_GROUPS.map((group) => ({
        name: group,
        color: GROUP_COLORS[group],
        points: shown.flatMap(({ epoch, ensemble }) => {
          const y = ensemble[group];
          return y === null ? [] : [{ x: epoch, y }];
        }),
      })),
      { name: "training", color: "var(--soft)", dashed: true, points: curve(training, "accuracy") },
    ],
  });
}

function rateChart(training: readonly TrainingPoint[]): Markup {
  return curvesChart({
    title: "Learning rate",
    description: "of the optimizer over the epochs",
    y: { label: "learning rate", zero: true },
    curves: [{ name: "learning rate", color: seriesColor(0), points: curve(training, "lr") }],
  });
}

function speedChart(training: readonly TrainingPoint[]): Markup {
  return curvesChart({
    title: "Throughput",
    description: "training images a second over the epochs",
    y: { label: "images a second", zero: true },
    curves: [{ name: "images a second", color: seriesColor(2), points: curve(training, "imagesPerSecond") }],
  });
}

function curve(
  training: readonly TrainingPoint[],
  key: "loss" | "accuracy" | "lr" | "imagesPerSecond",
): Curve["points"] {
  return training.map((point) => ({ x: point.at, y: point[key] }));
}

function warnings({ warnings: messages, resumed }: History): Markup | null {
  const times = resumed === 0 ? [] : [`The run went on ${counted(resumed, "time")} after an interruption.`];
  const all = [...times, ...messages];
  if (all.length === 0) return null;
  return markup`<h3>Remarks</h3><ul class="remarks">${all.map((message) => markup`<li>${message}</li>`)}</ul>`;
}
