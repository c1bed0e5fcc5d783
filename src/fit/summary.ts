import type { ClassAccuracy } from "../evaluation/accuracy.js";
import { formatAccuracy } from "../evaluation/results-table.js";
import {
  fineTuningText,
  headName,
  heldOutText,
  rankedTrials,
  type Suggestions,
  type Tuning,
  trialName,
} from "../runs/fit-file.js";
import { formatTable } from "../support/table.js";
import type { FitOutcome } from "./fit.js";
import { counted } from "../support/text.js";

/** Classes that are listed. */
const SHOWN = 5;

/** Describes the outcome for people: accuracy by group, what the correction gained, the worst classes, what to photograph. */
export function summarizeFit(outcome: FitOutcome): string {
  const { evaluation, plain, tuning } = outcome;
  const corrected = isTuned(tuning) ? tuning.frozenResult : evaluation;
  const rows = [
    ...(plain === null ? [] : ([["plain classifier", plain.ensemble]] as const)),
    ...(isTuned(tuning) ? ([["corrected, network frozen", corrected.ensemble]] as const) : []),
    [plain === null ? "model" : "this model", evaluation.ensemble] as const,
  ];
  const parts = [formatAccuracy("accuracy on test images, %", rows)];
  parts.push(
    "many, medium and few: classes with more than 100, 20 to 100 and fewer than 20 training images.",
  );
  if (plain !== null) parts.push(gainText(corrected.ensemble, plain.ensemble));
  const network = networkText(outcome);
  if (network !== null) parts.push(network);
  const choice = choiceText(outcome);
  if (choice !== null) parts.push(choice);
  if (tuning !== null) parts.push(tuningText(tuning));
  const worst = worstClasses(evaluation.perClass);
  if (worst.length > 0)
    parts.push(
      formatTable(
        ["worst classes", "training images", "test images", "accuracy, %"],
        worst.map(({ name, trainImages, testImages, accuracy }) => [
          name,
          String(trainImages),
          String(testImages),
          accuracy,
        ]),
      ),
    );
  if (outcome.suggestions !== null) parts.push(...suggestionTexts(outcome.suggestions));
  const untested = evaluation.perClass.filter(({ testImages }) => testImages === 0);
  if (untested.length > 0)
    parts.push(
      `Without test images, and therefore not in these numbers: ${listed(untested.map(({ name }) => name))}.`,
    );
  return parts.join("\n\n");
}

/** Pretrained networks that were tried, the best first. */
function networkText({ networks, weights, heldOut }: FitOutcome): string | null {
  if (networks.length === 0) return null;
  const rows = [...networks]
    .sort((a, b) => b.balanced - a.balanced)
    .map(({ weights: name, balanced, few }): [string, number, number | null] => [
      name === weights ? `${name} (chosen)` : name,
      balanced,
      few,
    ]);
  const table = formatTable(["networks on held-out images, %", "mean over classes", "few"], rows);
  return `${table}\nChosen of ${networks.length} by ${counted(heldOut, "held-out image")}, each with the better of two classifiers.`;
}

/** Rows of what was tried that are shown; fit.json and the report have all. */
const TRIALS_SHOWN = 6;

const EXPLAINED =
  "τ: strength of the correction for the class counts, 1 the usual one. Adjusted afterwards, τ-normalized: a plain classifier, corrected " +
  "once it is trained. Cosine: compares directions of features alone; the scale says how sharply.";

/** What was tried on held-out images, the best first. */
function choiceText(outcome: FitOutcome): string | null {
  const { trials, head, description } = outcome;
  if (trials.length === 0) return null;
  const ranked = rankedTrials(trials);
  const shown = ranked.filter(({ selectable }) => selectable).slice(0, TRIALS_SHOWN);
  const rows = [...shown, ...ranked.filter(({ selectable }) => !selectable).slice(0, 1)].map(
    (trial): [string, number, number | null] => [
      trial.name === head ? `${head} (chosen)` : headName(trial, outcome),
      trial.balanced,
      trial.few,
    ],
  );
  const table = formatTable(["tried on held-out images, %", "mean over classes", "few"], rows);
  return `${table}\n${EXPLAINED}\nChosen of ${trials.length} by ${heldOutText(outcome)}: ${description}.`;
}

function isTuned(tuning: Tuning | null): tuning is Tuning {
  return tuning !== null && tuning.kept > 0;
}

/** What fine-tuning gave on held-out images, and what was kept. */
function tuningText({ trials, frozen, frozenFew, kept, late }: Tuning): string {
  const rows = [
    ["network frozen, best classifier", frozen, frozenFew] as const,
    ...trials.map(
      (trial) => [`${trialName(trial)}, ${trial.epochs} epochs`, trial.balanced, trial.few] as const,
    ),
  ];
  const table = formatTable(["fine-tuned, held-out images, %", "mean over classes", "few"], rows);
  const outcome = late
    ? "Fine-tuning was better on the held-out images, but slower than planned: no time is left to train it on all images, and the network stays frozen. Take more --minutes."
    : kept === 0
      ? "Fine-tuning was not better on the held-out images: the network stays frozen."
      : `${fineTuningText(trials[kept - 1]!)} was better on the held-out images: the model is the fine-tuned network.`;
  return `${table}\n${outcome}`;
}

/** What to do next: photograph, look at labels, remove duplicates. */
function suggestionTexts(suggestions: Suggestions): string[] {
  return [photographsText(suggestions), suspectsText(suggestions), duplicatesText(suggestions)].filter(
    (text) => text !== null,
  );
}

function photographsText({ photographs, learningCurve }: Suggestions): string | null {
  const most = photographs.slice(0, SHOWN);
  if (most.length === 0) return null;
  const curve = learningCurve
    .map(
      ({ fraction, balanced }) => `${balanced.toFixed(1)} % with ${PARTS.get(fraction) ?? String(fraction)}`,
    )
    .join(", ");
  const rows = most.map(({ name, trainImages, accuracy, gain }) => [
    name,
    String(trainImages),
    accuracy,
    gain === null ? null : `+${gain.toFixed(1)}`,
  ]);
  const head = ["more photographs would help most", "training images", "right, %", "twice as many, points"];
  const explained = "right: of training images, by classifiers that did not see them.";
  const grown =
    curve === ""
      ? ""
      : ` Learning curve, mean over classes on held-out images: ${curve} of the training images.`;
  return `${formatTable(head, rows)}\n${explained}${grown}`;
}

const PARTS: ReadonlyMap<number, string> = new Map([
  [0.25, "a quarter"],
  [0.5, "half"],
  [1, "all"],
]);

function suspectsText({ suspects, suspectImages }: Suggestions): string | null {
  if (suspectImages === 0) return null;
  const lines = suspects
    .slice(0, SHOWN)
    .map(
      ({ path, label, predicted, confidence }) =>
        `  ${path}: labeled ${label}, looks like ${predicted} (${confidence.toFixed(0)} %)`,
    );
  return (
    `${counted(suspectImages, "label looks", "labels look")} wrong; check them (fit.json and the report have more):\n` +
    lines.join("\n")
  );
}

function duplicatesText({ duplicates, duplicateGroups }: Suggestions): string | null {
  if (duplicateGroups === 0) return null;
  const several = duplicates.filter(({ severalClasses }) => severalClasses).length;
  const both = duplicates.filter(({ inBothSplits }) => inBothSplits).length;
  const notes = [
    ...(several > 0 ? [`${several} of them in several classes, of which one label is wrong`] : []),
    ...(both > 0 ? [`${both} with images in training and test, which makes the accuracy look too good`] : []),
  ];
  const lines = duplicates
    .slice(0, SHOWN)
    .map(
      ({ images, exact }) =>
        `  ${images.map(({ path }) => path).join(" and ")}${exact ? " (the same pixels)" : ""}`,
    );
  return (
    `${counted(duplicateGroups, "group")} of images that are the same or nearly so` +
    `${notes.length === 0 ? "" : `: ${notes.join("; ")}`}. Look at them, and keep one of each that is the same:\n${lines.join("\n")}`
  );
}

/** What the correction changes, in points, by group. */
function gainText(corrected: FitOutcome["evaluation"]["ensemble"], plain: typeof corrected): string {
  const gain = (key: "all" | "few"): string | null => {
    const [a, b] = [corrected[key], plain[key]];
    if (a === null || b === null) return null;
    const points = a - b;
    return `${points >= 0 ? "+" : ""}${points.toFixed(1)} points ${key === "all" ? "over all classes" : "on few-shot classes"}`;
  };
  const gains = [gain("all"), gain("few")].filter((one) => one !== null);
  return `Correcting for the class counts changed accuracy by ${gains.join(" and ")}, compared with a plain linear classifier on the same features.`;
}

/** Worst first; classes that are always right are not among them. */
function worstClasses(perClass: readonly ClassAccuracy[]): ClassAccuracy[] {
  return perClass
    .filter(({ accuracy }) => accuracy !== null && accuracy < 100)
    .sort((a, b) => a.accuracy! - b.accuracy! || a.trainImages - b.trainImages)
    .slice(0, SHOWN);
}

function listed(names: readonly string[]): string {
  return (
    names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? `, and ${names.length - SHOWN} more` : "")
  );
}
