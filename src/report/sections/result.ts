import { ALL_AND_GROUPS, GROUPS } from "../../data/groups.js";
import { modelRows } from "../../evaluation/results-table.js";
import type { GroupAccuracy } from "../../evaluation/scores.js";
import { markup, type Markup } from "../../support/markup.js";
import { farGroups } from "../html/groups.js";
import { counted, listed, percentText, pointsText, type Section, sentences, table } from "../html/section.js";
import type { RunEvaluation } from "../run/run-evaluation.js";
import type { ReportedRun } from "../run/reported-run.js";
import { maxOf } from "../../support/math.js";

const WORST = 8;

/** Accuracy of the ensemble and each expert by group, the worst classes, and how the epoch was chosen. */
export function resultSection({ evaluation, description }: ReportedRun): Section | null {
  if (evaluation === null) return null;
  return {
    id: "result",
    title: "Result",
    lead: sentences(gapText(evaluation), expertsText(evaluation), chosenText(evaluation)),
    body: markup`${tiles(evaluation)}
${scores(evaluation)}
<h3>Worst classes</h3>
${worstClasses(evaluation)}
${otherEpochs(evaluation, description.recipe.epochs)}`,
  };
}

function gapText({ ensemble, images, split, experts }: RunEvaluation): string {
  const who = experts.length > 1 ? "The ensemble" : "The network";
  const all = `${who} is right on ${percentText(ensemble.all)} of ${counted(images, `${split} image`)}`;
  const far = farGroups(ensemble);
  if (far === null) return `${all}.`;
  const [head, tail] = [ensemble[far.head]!, ensemble[far.tail]!];
  const verb = tail < head ? "lose" : "gain";
  return `${all}; ${far.tail}-shot classes ${verb} ${pointsText(head - tail)} against ${far.head}-shot ones (${percentText(tail)} against ${percentText(head)}).`;
}

function expertsText({ ensemble, experts }: RunEvaluation): string | null {
  if (experts.length < 2) return null;
  const best = maxOf(experts.map(({ all }) => all));
  const gain = ensemble.all - best;
  const verb = gain >= 0 ? "gains" : "loses";
  return `Averaging ${experts.length} experts ${verb} ${pointsText(gain)} against the best of them alone.`;
}

function chosenText({ selection, epoch, split }: RunEvaluation): string {
  if (selection === null)
    return `The run has not ended: this is its last evaluation, after epoch ${epoch}, on the ${split} images.`;
  const { selectedOn, selectionScore } = selection;
  switch (selectedOn) {
    case "held-out":
      return `Epoch ${epoch} was chosen by training images held out for that (${percentText(selectionScore ?? 0)} there); the test images were looked at once, at the end.`;
    case "test":
      return `Epoch ${epoch} was chosen by the test images themselves, so these numbers are too good.`;
    case "last-epoch":
      return `It is the last epoch, ${epoch}: nothing was chosen by the test images.`;
    default:
      return selectedOn satisfies never;
  }
}

/** The numbers that matter most, large. */
function tiles({ ensemble, groupOfClass }: RunEvaluation): Markup {
  const classes = (name: (typeof ALL_AND_GROUPS)[number]): number =>
    name === "all" ? groupOfClass.length : groupOfClass.filter((group) => group === name).length;
  return markup`<ul class="tiles">${ALL_AND_GROUPS.map((name) => {
    const value = ensemble[name];
    return markup`<li class="${name}"><span class="label">${name}</span> <span class="value">${value === null ? "-" : value.toFixed(1)}<small> %</small></span>
<span class="detail">${counted(classes(name), "class", "classes")}</span></li>
`;
  })}</ul>`;
}

function scores(evaluation: RunEvaluation): Markup {
  return table({
    name: "Accuracy of each network",
    head: ["accuracy, %", ...ALL_AND_GROUPS, "balanced", "harmonic mean", "worst class", "macro F1", "top 5"],
    rows: modelRows(evaluation).map(([name, one]) => [
      name,
      ...ALL_AND_GROUPS.map((group) => one[group]),
      ...[one.balanced, one.harmonicMean, one.worstClass, one.macroF1, one.top5],
    ]),
  });
}

function worstClasses({ perClass, groupOfClass }: RunEvaluation): Markup {
  const classes = perClass.map((one, label) => ({ ...one, group: groupOfClass[label]! }));
  const worst = classes
    .filter(({ accuracy }) => accuracy !== null)
    .sort((a, b) => a.accuracy! - b.accuracy! || a.trainImages - b.trainImages)
    .slice(0, WORST);
  const never = classes.filter(({ accuracy }) => accuracy === 0);
  const of = GROUPS.map((group) => [group, never.filter((one) => one.group === group).length] as const);
  const byGroup = of.filter(([, count]) => count > 0).map(([group, count]) => `${count} ${group}-shot`);
  const text =
    never.length === 0
      ? "Every class is recognized at least once."
      : `${counted(never.length, "class is", "classes are")} never recognized: ${listed(byGroup)}.`;
  return markup`<p>${text}</p>
${table({
  name: "Worst classes",
  head: ["class", "group", "training images", "test images", "accuracy, %"],
  rows: worst.map(({ name, group, trainImages, testImages, accuracy }) => [
    ...[name, group, String(trainImages), String(testImages)],
    accuracy,
  ]),
  text: [1],
})}`;
}

/** The last epoch beside the chosen one, and what NCL's PyTorch code would report. */
function otherEpochs({ selection, epoch, ensemble }: RunEvaluation, epochs: number): Markup | null {
  if (selection === null) return null;
  const { lastEpoch, bestOnTest } = selection;
  const row = (name: string, one: GroupAccuracy) => [name, ...ALL_AND_GROUPS.map((group) => one[group])];
  const last =
    epoch === epochs
      ? null
      : markup`<h3>The last epoch beside it</h3>
${table({
  name: "The chosen and the last epoch",
  head: ["accuracy, %", ...ALL_AND_GROUPS],
  rows: [
    row(`epoch ${epoch}, chosen`, ensemble),
    row(`epoch ${lastEpoch.epoch}, the last`, lastEpoch.ensemble),
  ],
})}`;
  const best =
    bestOnTest === null
      ? null
      : markup`<p>By the habit of NCL's PyTorch code, the best of all evaluations on the test images, it would be ${percentText(bestOnTest.ensemble.score)} for the ensemble (epoch ${bestOnTest.ensemble.epoch}) and ${percentText(bestOnTest.single.score)} for one expert (epoch ${bestOnTest.single.epoch}).</p>`;
  return markup`${last}${best}`;
}
