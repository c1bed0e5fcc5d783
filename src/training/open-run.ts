import { datasetCard, splitHash, type DatasetCard } from "../data/card.js";
import { contentByClass } from "../data/content.js";
import type { Dataset } from "../data/dataset.js";
import { RunLogs } from "../logs/run-logs.js";
import { fileOfMethod, termsOf } from "../methods/index.js";
import type { EndEvent, Listener, Position, RunEvent, Untimed } from "../runs/events.js";
import { RUN_FORMAT } from "../runs/format.js";
import { atWork } from "../distributed/peers.js";
import { rewindMetrics } from "../runs/metrics.js";
import type { RunClaim } from "../runs/run-claim.js";
import { type RunDescription, type RunFolder, runFolder } from "../runs/run-folder.js";
import type { Module } from "../nn/module.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { identityOf } from "../support/file-identity.js";
import { prettyJson } from "../support/json.js";
import type { Tensor } from "../torch/tensor.js";
import { getKernels, getThreads } from "../torch/settings.js";
import { shareStart } from "./distributed/share-state.js";
import { stepsPerEpochOf } from "./loaders.js";
import { phasesOf } from "./phases.js";
import type { Training } from "./prepare.js";
import { continueFrom, resume, type ResumePoint } from "./resume.js";
import type { TrainOptions } from "./settings.js";
import { classStatistics } from "../data/statistics.js";
import { readDescription } from "../runs/read-run.js";
import { DataError } from "../support/errors.js";
import { assertSameTeachers, teachersOf } from "./teacher.js";
import type { TrainingData } from "./training-data.js";
import { counted } from "../support/text.js";

/** A run whose folder is this process's, with its training in the state to start or resume from. */
export interface OpenRun extends ResumePoint, Disposable {
  readonly folder: RunFolder;
  /** Writes the run's events into its folder. */
  readonly listener: Listener;
  /** Ends what goes on beside the training, before its last event. */
  readonly finish: (reason: EndEvent["reason"]) => Promise<void>;
}

const START = { epoch: 0, step: 0, sums: null, best: null, bestOnTest: null } as const;

/** Steps may be shorter than a look at a file of a cluster's disk. */
const CHECK_MS = 1000;

/** Of several processes the first has the folder, its claim; the others get its state and write nothing. */
export async function openRun(
  training: Training,
  options: TrainOptions,
  { claim, resumes }: { readonly claim: RunClaim | null; readonly resumes: boolean },
): Promise<OpenRun> {
  const folder = runFolder(options.out);
  if (claim === null) {
    const start = await shareStart(training, () => begin(training, options));
    const silent = {
      listener: () => undefined,
      finish: () => Promise.resolve(),
      [Symbol.dispose]: () => undefined,
    };
    return { ...start, folder, ...silent };
  }
  const first = await atWork(training.peers, async (): Promise<() => ResumePoint> => {
    if (resumes) return resuming(training, options, folder);
    const fresh = begin(training, options);
    claim.begin(await describeRun(training, options));
    writeDataFiles(training, folder);
    rewindMetrics(folder.metrics, START); // of a run without a checkpoint
    return () => fresh;
  });
  const start = await shareStart(training, first);
  const logs = new RunLogs(folder, training.recipe.logs, options);
  let checkedAt = Number.NEGATIVE_INFINITY;
  const listener: Listener = (event) => {
    const now = performance.now();
    if (event.type === "step" ? now - checkedAt > CHECK_MS : event.type !== "end") {
      claim.assertInPlace();
      checkedAt = now;
    }
    logs.handle(event);
  };
  const finish = (reason: EndEvent["reason"]): Promise<void> => logs.finish(reason);
  return { ...start, folder, listener, finish, [Symbol.dispose]: () => logs[Symbol.dispose]() };
}

/** Writes which images are test images, where the data has none, and what of it is left out. */
function writeDataFiles({ data }: Training, folder: RunFolder): void {
  const { train, test, validation } = data;
  const leftOut = Object.entries({ train, test, validation }).flatMap(([split, dataset]) =>
    (dataset?.leftOut ?? []).map((item) => ({ split, ...item })),
  );
  if (data.testSplit !== null) writeFileAtomic(folder.split, prettyJson(data.testSplit));
  if (leftOut.length > 0) writeFileAtomic(folder.leftOut, prettyJson(leftOut));
}

/** What gives the state of a run that goes on, on the images that it began with. */
async function resuming(
  training: Training,
  options: TrainOptions,
  folder: RunFolder,
): Promise<() => ResumePoint> {
  assertSameTeachers(options.out, readDescription(options.out).teachers ?? [], teachersOf(options.recipe));
  const changes = await compareData(options.out, training.data, options);
  return () => {
    const point = resume(training, { recipe: options.recipe, folder });
    return { ...point, warnings: [...changes, ...point.warnings] };
  };
}

/** The state of a run that starts, or continues from a checkpoint of NCL's PyTorch code. */
function begin(training: Training, { from }: TrainOptions): ResumePoint {
  const epoch = from === undefined || training.peers.rank > 0 ? 0 : continueFrom(training, from);
  return { progress: { ...START, epoch }, warnings: [], randomStates: [] };
}

/** The content of recipe.json. @throws The signal's reason. */
async function describeRun(
  { data, device, execution }: Training,
  {
    recipe,
    versions,
    command,
    from,
    signal,
  }: Pick<TrainOptions, "recipe" | "versions" | "command" | "from" | "signal">,
): Promise<RunDescription> {
  const { groups } = recipe.evaluation;
  const start = recipe.pretrained?.file ?? null;
  return {
    format: RUN_FORMAT,
    recipe,
    seed: recipe.seed,
    device,
    threads: getThreads(),
    kernels: getKernels(),
    execution,
    data: {
      train: { ...datasetCard(data.train, groups), content: await contentByClass(data.train, signal) },
      test: { ...datasetCard(data.test, groups), content: await contentByClass(data.test, signal) },
      heldOutHash: data.heldOut && splitHash(data.heldOut),
      testSplitHash: data.testSplit?.hash ?? null,
    },
    methodFile: fileOfMethod(recipe.method.kind),
    teachers: teachersOf(recipe),
    from: from === undefined ? null : identityOf(from),
    pretrained: start === null ? null : identityOf(start),
    terms: termsOf(recipe),
    versions,
    command,
    started: new Date().toISOString(),
  };
}

/** The first event of a run; the recipe with all its phases. */
export function runEvent(
  { device, data, trainee, loaders }: Training,
  {
    recipe,
    folder,
    from,
  }: Pick<TrainOptions, "recipe"> & { readonly folder: RunFolder; readonly from: Position },
): Untimed<RunEvent> {
  const { statistics, trainSubset, test } = data;
  return {
    type: "run",
    name: recipe.name,
    folder: folder.path,
    seed: recipe.seed,
    device,
    threads: getThreads(),
    classes: statistics.classes.length,
    trainImages: trainSubset.size,
    testImages: test.size,
    imbalance: statistics.imbalance,
    ...parameterCounts(trainee.method.model),
    epochs: recipe.epochs,
    stepsPerEpoch: loaders.train.stepsPerEpoch,
    ...(recipe.phases !== undefined && { phases: phaseSteps(recipe, trainSubset) }),
    from: from.epoch + from.step === 0 ? null : { epoch: from.epoch, step: from.step },
  };
}

function parameterCounts(model: Module): Pick<RunEvent, "parameters" | "trained"> {
  const count = (parameters: readonly Tensor[]): number =>
    parameters.reduce((sum, { size }) => sum + size, 0);
  const all = model.parameters();
  const [parameters, trained] = [count(all), count(all.filter(({ requiresGrad }) => requiresGrad))];
  return trained === parameters ? { parameters } : { parameters, trained };
}

function phaseSteps(recipe: TrainOptions["recipe"], dataset: Dataset): NonNullable<RunEvent["phases"]> {
  return phasesOf(recipe).map((phase) => ({
    name: phase.name ?? "",
    epochs: phase.recipe.epochs,
    stepsPerEpoch: stepsPerEpochOf(phase.recipe, dataset),
  }));
}

/**
 * Compares the images of a run that is resumed with those that it began with: classes, numbers of images, names, content.
 *
 * @returns warnings, where other images are allowed
 * @throws DataError that names what differs, where they are not or the classes are others; the signal's reason
 */
export async function compareData(
  run: string,
  data: Pick<TrainingData, "train" | "test">,
  { changedData = false, signal }: { changedData?: boolean | undefined; signal?: AbortSignal | undefined },
): Promise<string[]> {
  const before = readDescription(run).data;
  const splits = [
    { name: "training", then: before.train, now: data.train },
    { name: "test", then: before.test, now: data.test },
  ];
  const texts: string[] = [];
  for (const { name, then, now } of splits) {
    const difference = classDifference(then, now) ?? (await imageDifference(then, now, signal));
    if (difference !== null)
      texts.push(`the ${name} images are not those that the run began with: ${difference}`);
  }
  const [first] = texts;
  if (first === undefined) return [];
  const isOtherNetwork = splits.some(({ then, now }) => then.classes.length !== now.classes.length);
  if (changedData && !isOtherNetwork) return texts;
  const way = isOtherNetwork ? "" : ", or resume with --changed-data";
  throw new DataError(
    `${run}: ${texts.join("; ")}. Restore the images in ${data.train.root}, or begin a new run${way}.`,
  );
}

function classDifference({ classes: then }: DatasetCard, { classes: now }: Dataset): string | null {
  const more = now.find((name) => !then.includes(name));
  const gone = then.find((name) => !now.includes(name));
  if (more !== undefined && gone !== undefined) return `class "${gone}" is gone and class "${more}" is new`;
  if (more !== undefined)
    return `${counted(now.length, "class", "classes")}, ${then.length} then; class "${more}" is new`;
  if (gone !== undefined)
    return `${counted(now.length, "class", "classes")}, ${then.length} then; class "${gone}" is gone`;
  const moved = then.findIndex((name, label) => now[label] !== name);
  return moved < 0
    ? null
    : `the classes are in another order: number ${moved} is "${now[moved]!}", "${then[moved]!}" then`;
}

async function imageDifference(
  then: DatasetCard,
  now: Dataset,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const { counts, classes } = classStatistics(now);
  const label = counts.findIndex((count, index) => count !== then.counts[index]);
  if (label >= 0)
    return `${now.size === then.images ? "" : `${counted(now.size, "image")}, ${then.images} then; first: `}class "${classes[label]!}" has ${counts[label]!}, ${then.counts[label]!} then`;
  const content =
    then.content === undefined || then.content === null ? null : await contentByClass(now, signal);
  const changed = content?.findIndex((hash, index) => hash !== then.content![index]) ?? -1;
  if (changed >= 0) return `other content in class "${classes[changed]!}"`;
  return splitHash(now) === then.hash
    ? null
    : `other names or another order of files (hash ${splitHash(now).slice(0, 12)}, ${then.hash.slice(0, 12)} then)`;
}
