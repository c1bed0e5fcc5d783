import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { DatasetCard } from "../data/card.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { Analysis } from "../evaluation/analysis.js";
import type { Position } from "./events.js";
import type { BestOnTest } from "./selection.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import type { FileIdentity } from "../support/file-identity.js";
import { prettyJson } from "../support/json.js";
import type { KernelChoice } from "../torch/native.js";

/**
 * Where everything of a run lies.
 *
 * @example
 * const { folder } = await train(recipe, options);
 * console.log(folder.result, folder.lastCheckpoint);
 */
export interface RunFolder {
  readonly path: string;
  readonly recipe: string;
  readonly metrics: string;
  /** A row an epoch. */
  readonly epochs: string;
  /** What the console says. */
  readonly log: string;
  /** Images of the first batch. */
  readonly firstBatch: string;
  readonly result: string;
  /** The test images that were taken from the training images; of data that has test images there is none. */
  readonly split: string;
  /** What of the data is not used, with the reasons; of data that is used whole there is none. */
  readonly leftOut: string;
  /** Calibration, agreement, confusions: see evaluation/analysis.ts. Runs of older versions have none. */
  readonly analysis: string;
  /** Temperatures for `predict`, where `evaluate --calibrate` has fitted some. */
  readonly calibration: string;
  /** What `fit` tried and chose; see fit-file.ts. Other runs have none. */
  readonly fit: string;
  readonly lastCheckpoint: string;
  /** The one before the last. */
  readonly previousCheckpoint: string;
  /** A last checkpoint that was found damaged: the run has gone on from the one before it. */
  readonly damagedCheckpoint: string;
  /** Of the epoch that was selected, where one is. */
  readonly bestCheckpoint: string;
  /** The page about the run, for people. */
  readonly report: string;
}

export function runFolder(path: string): RunFolder {
  return {
    path: resolve(path),
    recipe: resolve(path, "recipe.json"),
    metrics: resolve(path, "metrics.jsonl"),
    epochs: resolve(path, "epochs.csv"),
    log: resolve(path, "train.log"),
    firstBatch: resolve(path, "first-batch.png"),
    result: resolve(path, "result.json"),
    split: resolve(path, "split.json"),
    leftOut: resolve(path, "left-out.json"),
    analysis: resolve(path, "analysis.json"),
    calibration: resolve(path, "calibration.json"),
    fit: resolve(path, "fit.json"),
    lastCheckpoint: resolve(path, "checkpoints/last.safetensors"),
    previousCheckpoint: resolve(path, "checkpoints/previous.safetensors"),
    damagedCheckpoint: resolve(path, "checkpoints/damaged.safetensors"),
    bestCheckpoint: resolve(path, "checkpoints/best.safetensors"),
    report: resolve(path, "report/index.html"),
  };
}

/** Which program made the run. */
export interface Versions {
  readonly longtail: string;
  /** SHA-256 of its code; recipe.json of earlier versions has none. */
  readonly code?: string;
  readonly libtorch: string;
  readonly node: string;
}

/** How steps are executed on a GPU. */
export interface Execution {
  /** Whether a step is recorded as a CUDA graph, where it can be, and launched as a whole. */
  readonly cudaGraphs: boolean;
  /** Whether each expert has a stream of its own. */
  readonly expertStreams: boolean;
}

/** A trained run that another learns from. */
export interface TeacherIdentity {
  /** As the recipe names it: a folder or a checkpoint. */
  readonly run: string;
  /** Of its checkpoint, and of its fitted temperature where it has one. */
  readonly sha256: string;
}

/** recipe.json: all that decides a run's outcome, and how it was started. */
export interface RunDescription {
  /** Version of the run's files (runs/format.ts); recipe.json of earlier versions does not say it. */
  readonly format?: number;
  readonly recipe: ResolvedRecipe;
  readonly seed: number;
  readonly device: string;
  readonly threads: number;
  readonly kernels: KernelChoice;
  /** recipe.json of earlier versions does not say it. */
  readonly execution?: Execution;
  /**
   * What was trained and evaluated on, with a hash of each split. Held-out images count as training images and have a hash of
   * their own (see splitHash), null where there are none; recipe.json of earlier versions does not say it.
   */
  readonly data: {
    readonly train: DatasetCard;
    readonly test: DatasetCard;
    readonly heldOutHash?: string | null;
    /** Of split.json; null for data with test images. */
    readonly testSplitHash?: string | null;
  };
  /** Recipe file that defines the method; null for a method of longtail. recipe.json of earlier versions does not say it. */
  readonly methodFile?: FileIdentity | null;
  /** Trained runs that the method learns from; recipe.json of earlier versions does not say it. */
  readonly teachers?: readonly TeacherIdentity[];
  /** Names and meanings of the terms of the loss; recipe.json of earlier versions has none. */
  readonly terms?: Readonly<Record<string, string>>;
  /** Checkpoint of NCL's PyTorch code that the run continues; null where it starts. recipe.json of earlier versions does not say it. */
  readonly from?: FileIdentity | null;
  /** File of `pretrained.file`; null where the recipe names none. recipe.json of earlier versions does not say it. */
  readonly pretrained?: FileIdentity | null;
  /** Where the run was given more epochs than it had; none unless it was. */
  readonly extended?: readonly { readonly from: number; readonly to: number; readonly after: Position }[];
  readonly versions: Versions;
  /** The command line, program first; empty when started from code. */
  readonly command: readonly string[];
  /** ISO 8601, UTC. */
  readonly started: string;
}

/** A folder that does not exist yet: `base`, else `base-2`, `base-3` and so on. */
export function freshRunFolder(base: string): string {
  return existsSync(base) ? freeName(`${base}-`, 2) : base;
}

/**
 * result.json: accuracies in percent, of the selected epoch's network on the test images.
 *
 * @example
 * const result = JSON.parse(readFileSync("runs/mine/result.json", "utf8")) as RunResult;
 */
export interface RunResult extends EvaluationResult {
  /** What the epoch was chosen by: training images held out for it, the test images, or nothing. */
  readonly selectedOn: "held-out" | "last-epoch" | "test";
  readonly epoch: number;
  /** Mean accuracy over the classes on the images that the epoch was chosen by; null when nothing was chosen. */
  readonly selectionScore: number | null;
  /** What the last epoch's network does on the test images. */
  readonly lastEpoch: { readonly epoch: number } & Pick<EvaluationResult, "ensemble" | "experts">;
  /** What NCL's PyTorch code would report: the best of all evaluations on the test images. Null unless asked for. */
  readonly bestOnTest: BestOnTest | null;
  /** Of the process that finished the run. */
  readonly seconds: number;
}

export function writeResult(
  folder: RunFolder,
  { evaluation, ...facts }: Omit<RunResult, keyof EvaluationResult> & { evaluation: EvaluationResult },
): void {
  writeFileAtomic(folder.result, prettyJson({ ...evaluation, ...facts }));
}

/** Before the result: a run that has one has the other. */
export function writeAnalysis(folder: RunFolder, analysis: Analysis): void {
  writeFileAtomic(folder.analysis, `${JSON.stringify(analysis)}\n`);
}

/** The first of the names PREFIX and a number that nothing has yet. */
export function freeName(prefix: string, from = 1): string {
  let n = from;
  while (existsSync(`${prefix}${n}`)) n += 1;
  return `${prefix}${n}`;
}
