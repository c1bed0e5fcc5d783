import { basename } from "node:path";
import { markup, type Markup } from "../../support/markup.js";
import {
  fineTuningText,
  type FitFile,
  headName,
  heldOutText,
  rankedTrials,
  type Suggestions,
  trialName,
  type Tuning,
} from "../../runs/fit-file.js";
import { type ReportedRun, SUSPECTS_SHOWN } from "../run/reported-run.js";
import {
  counted,
  percentText,
  picture,
  type Section,
  sentences,
  table,
  withoutPictures,
} from "../html/section.js";
import type { RunEvaluation } from "../run/run-evaluation.js";

const CLASSES = 6;
const NEEDY = 10;
const GROUPS = 12;

/** What `fit` tried, what the correction did to the classes, and what would make the model better. */
export function fitSection({ fit, evaluation, trainPictures }: ReportedRun): Section | null {
  if (fit === null) return null;
  const { suggestions, tuning } = fit;
  const corrected = tuning !== null && tuning.kept > 0 ? tuning.frozenResult : evaluation;
  return {
    id: "fit",
    title: "Choice and next steps",
    lead: sentences(chosenText(fit), gainText(fit, corrected), tuningText(fit)),
    body: markup`${networkTable(fit)}
${trials(fit)}
${tuning && tuningTable(tuning)}
${byClass(fit, corrected)}
${suggestions && photographs(suggestions)}
${suggestions && suspectLabels(suggestions, trainPictures)}
${suggestions && duplicates(suggestions)}`,
  };
}

function chosenText(fit: FitFile): string {
  const { trials, description } = fit;
  if (trials.length === 0) return `fit trained ${description}, without a choice.`;
  return `Of ${counted(trials.length, "classifier")} on the same frozen features, ${heldOutText(fit)}${fit.splits > 1 ? "," : ""} chose ${description}; test images chose nothing.`;
}

/** On the test images, of the corrected classifier on the frozen network. */
type Corrected = Pick<RunEvaluation, "ensemble" | "perClass"> | null;

function gainText({ plain }: FitFile, evaluation: Corrected): string | null {
  if (plain === null || evaluation === null) return null;
  const [before, after] = [plain.ensemble, evaluation.ensemble];
  const few =
    before.few === null || after.few === null
      ? ""
      : `, on few-shot classes from ${percentText(before.few)} to ${percentText(after.few)}`;
  return `Compared with a plain classifier on these features, correcting for the class counts took the accuracy from ${percentText(before.all)} to ${percentText(after.all)}${few}.`;
}

function tuningText({ tuning }: FitFile): string | null {
  if (tuning === null) return null;
  const { trials: tried, kept, late, frozen, frozenResult } = tuning;
  if (late)
    return "Fine-tuning the network was better on the held-out images, but there was no time left to train it on all images, so that it stays frozen.";
  if (kept === 0)
    return "Fine-tuning the network was not better on the held-out images, so that it stays frozen.";
  const trial = tried[kept - 1]!;
  return `${fineTuningText(trial)} took the mean accuracy over the classes on the held-out images from ${percentText(frozen)} to ${percentText(trial.balanced)} and was kept; on the test images the frozen network has ${percentText(frozenResult.ensemble.all)}.`;
}

function tuningTable({ trials: tried, frozen, frozenFew }: Tuning): Markup {
  return markup`<h3>Fine-tuning</h3>
${table({
  name: "Fine-tuning on held-out images",
  head: ["held-out images, %", "epochs", "mean over classes", "few"],
  rows: [
    ["network frozen, best classifier", null, frozen, frozenFew],
    ...tried.map((trial) => [...[trialName(trial), String(trial.epochs)], ...[trial.balanced, trial.few]]),
  ],
})}`;
}

function networkTable({ networks, weights }: FitFile): Markup | null {
  if (networks.length === 0) return null;
  const ranked = [...networks].sort((a, b) => b.balanced - a.balanced);
  return markup`<h3>Pretrained networks</h3>
<p>Each frozen, with the better of two classifiers on the held-out images; the best network was kept.</p>
${table({
  name: "Networks on held-out images",
  head: ["held-out images, %", "mean over classes", "few"],
  rows: ranked.map((network) => [
    network.weights === weights ? markup`<b>${weights}</b> (chosen)` : network.weights,
    ...[network.balanced, network.few],
  ]),
})}`;
}

function trials(fit: FitFile): Markup | null {
  if (fit.trials.length === 0) return null;
  return markup`<details><summary>All classifiers that were tried</summary>
${table({
  name: "Classifiers on held-out images",
  head: ["held-out images, %", "mean over classes", "all", "many", "medium", "few"],
  rows: rankedTrials(fit.trials).map((trial) => [
    trial.name === fit.head
      ? markup`<b>${trial.name}</b> (chosen)`
      : `${headName(trial, fit)}${trial.selectable ? "" : " (to compare)"}`,
    ...[trial.balanced, trial.all, trial.many, trial.medium, trial.few],
  ]),
})}</details>`;
}

/** The classes that the correction changed most, both ways. */
function byClass({ plain }: FitFile, evaluation: Corrected): Markup | null {
  if (plain === null || evaluation === null) return null;
  const changes = evaluation.perClass.flatMap(({ name, trainImages, accuracy }, label) => {
    const before = plain.perClass[label]?.accuracy ?? null;
    if (accuracy === null || before === null || accuracy === before) return [];
    return [{ name, trainImages, before, accuracy, change: accuracy - before }];
  });
  if (changes.length === 0) return null;
  changes.sort((a, b) => b.change - a.change || a.trainImages - b.trainImages);
  const gains = changes.filter(({ change }) => change > 0);
  const losses = changes.filter(({ change }) => change < 0);
  const shown = [...gains.slice(0, CLASSES), ...losses.slice(-CLASSES)];
  return markup`<h3>What the correction did by class</h3>
<p>${counted(gains.length, "class gains", "classes gain")}, ${counted(losses.length, "class loses", "classes lose")}; those that changed most:</p>
${table({
  name: "Classes that the correction changed",
  head: ["class", "training images", "plain, %", "corrected, %", "points"],
  rows: shown.map(({ name, trainImages, before, accuracy, change }) => [
    ...[name, String(trainImages)],
    ...[before, accuracy],
    `${change > 0 ? "+" : ""}${change.toFixed(1)}`,
  ]),
})}`;
}

function photographs({ photographs: classes, learningCurve }: Suggestions): Markup | null {
  if (classes.length === 0) return null;
  const points = learningCurve.map(
    ({ fraction, balanced }) => `${percentText(balanced)} at ${100 * fraction} %`,
  );
  const curve =
    points.length === 0
      ? null
      : `Learning curve, mean accuracy over the classes on held-out images by the part of the training images: ${points.join(", ")}.`;
  return markup`<h3>Where photographs help most</h3>
<p>${sentences("How often training images are right by classifiers that did not see them, and what twice as many photographs of a class are expected to gain.", curve)}</p>
${table({
  name: "Classes that need photographs",
  head: ["class", "training images", "right, %", "expected gain, points"],
  rows: classes
    .slice(0, NEEDY)
    .map(({ name, trainImages, accuracy, gain }) => [
      ...[name, String(trainImages)],
      accuracy,
      gain === null ? null : `+${gain.toFixed(1)}`,
    ]),
})}`;
}

function suspectLabels(
  { suspects, suspectImages }: Suggestions,
  pictures: ReportedRun["trainPictures"],
): Markup | null {
  if (suspectImages === 0) return null;
  const cards = suspects.slice(0, SUSPECTS_SHOWN).map(({ index, path, label, predicted, confidence }) =>
    picture(pictures, index, {
      alt: `${path}: labeled ${label}, looks like ${predicted}`,
      caption: markup`<b>${label}</b>? looks like <b>${predicted}</b> <span class="soft">${percentText(confidence)}</span>
<span class="detail" title="${path}">${basename(path)}</span>`,
    }),
  );
  const more = suspectImages - cards.length;
  return markup`<h3>Labels that look wrong</h3>
<p>${counted(suspectImages, "training image looks", "training images look")} like another class than their label’s to classifiers that did not see them. Check them: some are wrong, others are merely unusual.${more > 0 ? " The surest are shown." : ""}</p>
${withoutPictures(pictures)}
<div class="images">${cards}</div>`;
}

function duplicates({ duplicates: groups, duplicateGroups }: Suggestions): Markup | null {
  if (duplicateGroups === 0) return null;
  const note = ({ severalClasses, inBothSplits, exact }: (typeof groups)[number]): string =>
    [
      exact ? "the same pixels" : "nearly the same",
      ...(severalClasses ? ["several classes"] : []),
      ...(inBothSplits ? ["in training and test"] : []),
    ].join(", ");
  return markup`<h3>Images that are there twice</h3>
<p>${counted(duplicateGroups, "group")} of images that are the same or nearly so. Of those in several classes one label is wrong; those in training and test make the accuracy look better than it is.</p>
<ul class="remarks">${groups.slice(0, GROUPS).map(
    (
      group,
    ) => markup`<li>${group.images.map(({ path }) => path).join(", ")} <span class="soft">(${note(group)})</span></li>
`,
  )}</ul>`;
}
