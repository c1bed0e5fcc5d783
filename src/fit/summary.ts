import type { ClassAccuracy } from "../evaluation/accuracy.js";
import { formatAccuracy } from "../evaluation/results-table.js";
import { formatTable } from "../support/table.js";
import type { FitOutcome } from "./fit.js";

/** Classes that are listed. */
const SHOWN = 5;
/** Accuracy in percent below which a class is weak, and training images below which more of them help most. */
const WEAK = { accuracy: 80, images: 100 } as const;

/** Describes the outcome for people: accuracy by group, what the correction gained, the worst classes, what to photograph. */
export function summarizeFit(outcome: FitOutcome): string {
  const { evaluation, plain } = outcome;
  const rows = [
    ...(plain === null ? [] : ([["plain classifier", plain.ensemble]] as const)),
    [plain === null ? "model" : "this model", evaluation.ensemble] as const,
  ];
  const parts = [formatAccuracy("accuracy on test images, %", rows)];
  parts.push(
    "many, medium and few: classes with more than 100, 20 to 100 and fewer than 20 training images.",
  );
  if (plain !== null) parts.push(gainText(evaluation.ensemble, plain.ensemble));
  const choice = choiceText(outcome);
  if (choice !== null) parts.push(choice);
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
  const needy = worst.filter(
    ({ accuracy, trainImages }) => accuracy! < WEAK.accuracy && trainImages < WEAK.images,
  );
  if (needy.length > 0)
    parts.push(
      `More photographs would help most for: ${needy.map(({ name, trainImages }) => `${name} (has ${trainImages})`).join(", ")}.`,
    );
  const untested = evaluation.perClass.filter(({ testImages }) => testImages === 0);
  if (untested.length > 0)
    parts.push(
      `Without test images, and therefore not in these numbers: ${listed(untested.map(({ name }) => name))}.`,
    );
  return parts.join("\n\n");
}

/** Rows of what was tried that are shown; fit.json and the report have all. */
const TRIALS_SHOWN = 6;

/** What was tried on held-out images, the best first. */
function choiceText({ trials, head, heldOut, description }: FitOutcome): string | null {
  if (trials.length === 0) return null;
  const ranked = [...trials].sort((a, b) => b.balanced - a.balanced);
  const shown = ranked.filter(({ selectable }) => selectable).slice(0, TRIALS_SHOWN);
  const rows = [...shown, ...ranked.filter(({ selectable }) => !selectable).slice(0, 1)].map(
    ({ name, balanced, few }): [string, number, number | null] => [
      name === head ? `${name} (chosen)` : name,
      balanced,
      few,
    ],
  );
  const table = formatTable(["tried on held-out images, %", "mean over classes", "few"], rows);
  return `${table}\nChosen of ${trials.length} by ${heldOut} held-out images: ${description}.`;
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
