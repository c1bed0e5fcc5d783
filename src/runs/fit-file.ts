import { existsSync } from "node:fs";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { prettyJson, valueAt } from "../support/json.js";
import { counted } from "../support/text.js";
import { readRunFile } from "./read-run.js";
import { runFolder, type RunFolder } from "./run-folder.js";

/** A classifier that `fit` tried, with its accuracy in percent on held-out images. */
export interface FitTrial {
  readonly name: string;
  /** How often images to hold out were drawn for it: FitFile's splits, or once where it did worse than others on the first ones. */
  readonly draws: number;
  readonly all: number;
  readonly many: number | null;
  readonly medium: number | null;
  readonly few: number | null;
  /** Mean over the classes. */
  readonly balanced: number;
  /** False for what was tried to compare with alone. */
  readonly selectable: boolean;
}

/** A pretrained network that `fit` tried, with the accuracy of its best quick classifier in percent on held-out images. */
export interface NetworkTrial {
  /** Name of its weights. */
  readonly weights: string;
  /** Mean over the classes. */
  readonly balanced: number;
  readonly few: number | null;
}

/** Accuracy with a part of the training images. */
export interface CurvePoint {
  readonly fraction: number;
  /** Mean accuracy over the classes on held-out images, in percent. */
  readonly balanced: number;
}

/** A class that more photographs would help. */
export interface NeedyClass {
  readonly name: string;
  readonly trainImages: number;
  /** In percent, of training images by classifiers that did not see them; null where there was none to judge by. */
  readonly accuracy: number | null;
  /** Error in percent, of few images drawn towards a half. */
  readonly error: number;
  /** Points that twice as many photographs are expected to gain; null without a learning curve. */
  readonly gain: number | null;
}

/** A training image whose label is probably wrong. */
export interface SuspectLabel {
  /** Place in the training images. */
  readonly index: number;
  readonly path: string;
  readonly label: string;
  readonly predicted: string;
  /** Of the predicted class, in percent. */
  readonly confidence: number;
}

/** Images that are the same, or nearly so. */
export interface AlikeImages {
  readonly exact: boolean;
  readonly images: readonly { readonly path: string; readonly label: string; readonly split: string }[];
  readonly severalClasses: boolean;
  /** Whether some are training and some test images, which makes the accuracy look better than it is. */
  readonly inBothSplits: boolean;
}

/** What would make a model better. */
export interface Suggestions {
  /** Empty where nothing was held out. */
  readonly learningCurve: readonly CurvePoint[];
  /** Those that gain most first. */
  readonly photographs: readonly NeedyClass[];
  /** The surest first; of many the first ones. */
  readonly suspects: readonly SuspectLabel[];
  /** How many there are in all. */
  readonly suspectImages: number;
  /** Those of several classes first; of many the first ones. */
  readonly duplicates: readonly AlikeImages[];
  readonly duplicateGroups: number;
}

/** What of the network was trained after the classifier, and for how long. */
export interface TuningStage {
  readonly trainable: "last-stage" | "all";
  readonly epochs: number;
}

/** Stages for people. */
export const STAGE_NAMES: Readonly<Record<TuningStage["trainable"], string>> = {
  "last-stage": "the network's last stage",
  all: "the whole network",
};

type NamedTrial = Pick<TuningTrial, "trainable" | "averaged" | "tau">;

/** What a trial trained, for people. */
export function trialName({ trainable, averaged, tau }: NamedTrial): string {
  const adjustment = tau === 0 ? "" : `, adjusted by τ ${tau}`;
  return `${STAGE_NAMES[trainable]}${averaged ? ", averaged with the frozen one" : ""}${adjustment}`;
}

/** "Fine-tuning the whole network", to begin a sentence with. */
export function fineTuningText(trial: NamedTrial): string {
  return `Fine-tuning ${trialName(trial)}${trial.averaged || trial.tau !== 0 ? "," : ""}`;
}

/** Accuracy on held-out images after a stage, in percent: mean over the classes, and of few-shot classes. */
export interface TuningTrial extends TuningStage {
  /** Of the moving average of the weights, which lies between the frozen network and the trained one. */
  readonly averaged: boolean;
  /** Strength of the adjustment for the class counts after training, on top of the loss's, that was best; 0: none. */
  readonly tau: number;
  readonly balanced: number;
  readonly few: number | null;
}

/** Fine-tuning that was tried. */
export interface Tuning {
  /** In order. */
  readonly trials: readonly TuningTrial[];
  /** Mean accuracy over the classes on held-out images of the best classifier on the frozen network, in percent. */
  readonly frozen: number;
  /** The same of few-shot classes. */
  readonly frozenFew: number | null;
  /** The trial that the run's network is of, from 1; 0 where the frozen network was as good. */
  readonly kept: number;
  /** Whether a trial was better, but the limit left no time to train it on all images, and the network stayed frozen. */
  readonly late: boolean;
  /** On the test images, of the run with the frozen network; it chose nothing. */
  readonly frozenResult: EvaluationResult;
}

/** An image of a map. */
export interface MapPoint {
  readonly path: string;
  readonly label: string;
  /** From 0 to 1, as y. */
  readonly x: number;
  readonly y: number;
}

/** A map of test images: those that the frozen network finds alike are near. */
export interface FeaturesMap {
  readonly points: readonly MapPoint[];
  /** Test images that there are; of many, the map shows some. */
  readonly images: number;
}

/** fit.json: what `longtail fit` chose for a run, and why. */
export interface FitFile {
  readonly version: 1;
  /** Name of the pretrained network's weights. */
  readonly weights: string;
  /** Networks that it was chosen among; empty where there was one alone. */
  readonly networks: readonly NetworkTrial[];
  /** Name of the classifier on the frozen network that was chosen. */
  readonly head: string;
  readonly description: string;
  /** Images that it was chosen by; 0 where nothing was chosen. */
  readonly heldOut: number;
  /** How often they were drawn; each trial is the mean over its draws. */
  readonly splits: number;
  readonly trials: readonly FitTrial[];
  /** On the test images, of a plain classifier on the same features; null where none was trained. */
  readonly plain: EvaluationResult | null;
  /** Null where nothing was fine-tuned. */
  readonly tuning: Tuning | null;
  /** What to do next; null where there was no time to look. */
  readonly suggestions: Suggestions | null;
  /** Null where there was no time for it or there are too few test images. */
  readonly map: FeaturesMap | null;
}

/** Writes fit.json of a run. */
export function writeFit(folder: RunFolder, file: FitFile): void {
  writeFileAtomic(folder.fit, prettyJson(file));
}

/** fit.json of a run; null for a run that `fit` did not make, or one of another version. */
export function readFit(run: string): FitFile | null {
  const { fit } = runFolder(run);
  if (!existsSync(fit)) return null;
  const found = readRunFile(fit, "what longtail fit wrote");
  return valueAt(found, ["version"]) === 1 ? ofToday(found as StoredFit) : null;
}

/** As earlier versions wrote it. */
type StoredFit = Omit<FitFile, "weights" | "networks" | "splits" | "trials" | "map" | "tuning"> & {
  readonly weights?: string;
  readonly networks?: FitFile["networks"];
  readonly splits?: number;
  readonly trials: readonly (Omit<FitTrial, "draws"> & { readonly draws?: number })[];
  readonly map?: FitFile["map"];
  readonly tuning?: StoredTuning | null;
};
type StoredTuning = Omit<Tuning, "trials" | "frozenFew"> & {
  readonly frozenFew?: number | null;
  readonly trials: readonly (Omit<TuningTrial, "tau"> & { readonly tau?: number })[];
};

function ofToday({ trials: stored, tuning = null, ...file }: StoredFit): FitFile {
  const { splits = 1 } = file;
  const trials = stored.map((trial) => ({ draws: splits, ...trial }));
  const today = { weights: "efficientnet-lite0", networks: [], splits, map: null, ...file, trials };
  if (tuning === null) return { ...today, tuning };
  const { frozenFew = trials.find(({ name }) => name === file.head)?.few ?? null } = tuning;
  const tuned = tuning.trials.map((trial) => ({ tau: 0, ...trial }));
  return { ...today, tuning: { ...tuning, frozenFew, trials: tuned } };
}

/** Trials to show, the best first; those that dropped out after the first draw come last. */
export function rankedTrials(trials: readonly FitTrial[]): FitTrial[] {
  return [...trials].sort((a, b) => b.draws - a.draws || b.balanced - a.balanced);
}

/** "cosine, scale 25", and whether it dropped out. */
export function headName({ name, draws }: FitTrial, { splits }: Pick<FitFile, "splits">): string {
  return draws < splits ? `${name} (first draw only)` : name;
}

/** "1307 held-out images, drawn 3 times". */
export function heldOutText({ heldOut, splits }: Pick<FitFile, "heldOut" | "splits">): string {
  return `${counted(heldOut, "held-out image")}${splits > 1 ? `, drawn ${splits} times` : ""}`;
}
