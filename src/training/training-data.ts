import type { CacheListener } from "../data/cache/report.js";
import type { Dataset } from "../data/dataset.js";
import { imagesLeftOut } from "../data/left-out.js";
import { openData } from "../data/registry.js";
import { classStatistics, type ClassStatistics } from "../data/statistics.js";
import type { TestSplit } from "../data/test-split.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { splitHeldOut } from "./loaders.js";
import { counted, noun } from "../support/text.js";

/** The images of a training. */
export interface TrainingData {
  /** All training images, before some are held out. */
  readonly train: Dataset;
  readonly test: Dataset;
  /** The training images that are trained on. */
  readonly trainSubset: Dataset;
  /** The images that select an epoch: of a validation folder, or training images that are held out; null where there are none. */
  readonly heldOut: Dataset | null;
  /** Images of a validation folder beside the test images; null where there is none. */
  readonly validation: Dataset | null;
  /** The split that was made because the data has no test images; null where it has some. */
  readonly testSplit: TestSplit | null;
  /** Statistics of all training images, those held out as well: they decide a class's group. */
  readonly statistics: ClassStatistics;
}

/** Opens the images that a recipe names, with test images taken from data that has none. */
export async function openTrainingData(
  { data, selection }: Pick<ResolvedRecipe, "data" | "selection">,
  { report, signal }: CacheListener = {},
): Promise<TrainingData> {
  const onImages = (images: number, total: number): void => report?.({ type: "inspection", images, total });
  const { train, test, validation, testSplit } = await openData(data, { onImages, signal });
  const selects = selection.kind === "held-out";
  const { trainSubset, heldOut } =
    selects && validation !== null
      ? { trainSubset: train, heldOut: validation }
      : splitHeldOut(train, selection);
  return { train, test, trainSubset, heldOut, validation, testSplit, statistics: classStatistics(train) };
}

/** What was decided about the data without being asked. */
export function dataNotes({ train, test, testSplit }: TrainingData): string[] {
  const notes: string[] = [];
  if (testSplit !== null)
    notes.push(
      `test images: the data has none, so ${test.size} of ${counted(train.size + test.size, "image")} ${noun(test.size, "is", "are")} kept from training to test on ` +
        `(data.testSplit; split.json, hash ${testSplit.hash.slice(0, 12)})`,
    );
  else if (test.source !== undefined && !/^test/i.test(test.source))
    notes.push(`test images: those of ${test.source}`);
  if (train.kind !== "image-folder" && train.source !== undefined)
    notes.push(`training images: those that ${train.source} lists`);
  return notes;
}

/**
 * What people should know of the data before they rely on the result.
 *
 * @param validationUse what is to be said of a validation folder that selects no epoch; null where it serves otherwise.
 */
export function dataWarnings(
  { train, test, validation, heldOut, statistics }: TrainingData,
  validationUse: string | null = "--select held-out (selection.kind=held-out) chooses the epoch by them",
): string[] {
  const splits = { training: train, test, ...(validation !== null && { validation }) };
  const warnings = Object.entries(splits).flatMap(([name, { notes = [], leftOut = [] }]) => [
    ...notes,
    ...leftOutTexts(leftOut, name),
  ]);
  if (validation !== null && heldOut !== validation && validationUse !== null)
    warnings.push(
      `${counted(validation.size, "validation image")} (${validation.source ?? validation.root}) ${noun(validation.size, "is", "are")} not used; ${validationUse}.`,
    );
  const { classes } = statistics;
  if (classes.length === 1)
    warnings.push(
      `expected two classes or more, found one, "${classes[0]!}": the network learns nothing. Is ${train.root} a folder too high or too low?`,
    );
  for (const names of alikeNames(classes))
    warnings.push(
      `classes ${names.map((name) => `"${name}"`).join(" and ")} differ by case or Unicode form alone; if they are one class, ` +
        "put their images into one folder.",
    );
  const lone = classes.filter((_, label) => classStatistics(test).counts[label] === 1);
  if (lone.length > 0)
    warnings.push(
      `${counted(lone.length, "class has", "classes have")} a single test image (${lone.slice(0, 3).join(", ")}${lone.length > 3 ? ", …" : ""}): ` +
        "its accuracy is 0 or 100 % by chance.",
    );
  return warnings;
}

/** "3 training images are left out: …": the first ones by name. */
function leftOutTexts(leftOut: Dataset["leftOut"] & object, what: string): string[] {
  const images = imagesLeftOut(leftOut);
  const [lost, others] = [leftOut.filter((one) => one.images > 0), leftOut.filter((one) => one.images === 0)];
  const some = (items: typeof lost): string =>
    items
      .slice(0, 3)
      .map(({ where, reason }) => `${where}: ${reason}`)
      .join("; ") + (items.length > 3 ? "; … (all of them: left-out.json in the run's folder)" : "");
  return [
    ...(lost.length > 0
      ? [`${counted(images, `${what} image is`, `${what} images are`)} left out: ${some(lost)}`]
      : []),
    ...(others.length > 0
      ? [`${counted(others.length, "file")} among the ${what} images ignored: ${some(others)}`]
      : []),
  ];
}

/** Names of classes that are the same but for case and Unicode form. */
function alikeNames(classes: readonly string[]): string[][] {
  const byForm = new Map<string, string[]>();
  for (const name of classes) {
    const form = name.normalize("NFKC").toLowerCase();
    byForm.set(form, [...(byForm.get(form) ?? []), name]);
  }
  return [...byForm.values()].filter((names) => names.length > 1);
}
