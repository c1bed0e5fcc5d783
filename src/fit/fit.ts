import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stratifiedSplit } from "../data/split.js";
import type { FittedTemperatures } from "../evaluation/analysis/analysis-meter.js";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { saveCalibration } from "../runs/calibration-file.js";
import { type Emit, emitter, type Listener, type RunEvent } from "../runs/events.js";
import { type FitFile, type NetworkTrial, type Tuning, writeFit } from "../runs/fit-file.js";
import { RunClaim } from "../runs/run-claim.js";
import type { RunFolder } from "../runs/run-folder.js";
import type { TrainOptions } from "../training/settings.js";
import { type FeatureSets, openFeatureSets, selectFeatures } from "../training/train-on-features.js";
import { trainRun } from "../training/train.js";
import { mapFeatures } from "./features-map.js";
import { sum } from "../support/math.js";
import { secondsSince } from "../support/units.js";
import { FAMILIES, type Head, PLAIN, QUICK_FAMILIES } from "./heads.js";
import type { FitPlan, NetworkPlan } from "./plan.js";
import { progress, trainingProgress } from "./progress.js";
import { suggest } from "./suggestions.js";
import { trainingsOf, tryHeads, type TrialSplit, type TrialsOptions, type TrialsOutcome } from "./trials.js";
import { HELD_OUT, tunedRecipe, tryTuning, type TuningPlan } from "./tune.js";

/** Outcome of `fit`. */
export interface FitOutcome extends FitFile {
  readonly folder: RunFolder;
  readonly evaluation: EvaluationResult;
}

export type FitSettings = Omit<TrainOptions, "recipe" | "from" | "resume" | "peers">;

/**
 * Carries out a plan: tries classifiers on held-out images, trains the best one on all training images into `out`, and a
 * plain one to compare with; then fine-tunes the network where there is time, which takes the place of the frozen one where it is
 * better. The run is an ordinary one; fit.json in it says what was chosen and why.
 * @throws What a training throws; the signal's reason. A run that is in `out` by then is whole.
 */
export async function carryOut(plan: FitPlan, settings: FitSettings): Promise<FitOutcome> {
  const started = performance.now();
  const temporary = mkdtempSync(join(tmpdir(), "longtail-fit-"));
  const report = emitter(settings.listeners);
  const { signal } = settings;
  try {
    const own = { ...settings, validationChose: true }; // or the plan has said that they are not used
    const beside = { ...own, force: false, mlflow: undefined };
    const { network, sets, networks } = await chooseNetwork(plan, { emit: report, signal });
    const recipeOf = (one: Head): ResolvedRecipe => plan.recipeOf(one, network.weights);
    const splits = plan.families.length === 0 ? null : splitsToChoose(sets, plan.splits);
    const chosen = splits && (await choose(plan.families, { recipeOf, splits, sets, emit: report, signal }));
    const head = chosen?.best ?? FAMILIES[0].heads[0];
    const plain = plan.compares
      ? await trained(recipeOf(PLAIN), { ...beside, out: join(temporary, "plain") })
      : null;
    const { evaluation, folder } = await trained(recipeOf(head), own);
    if (chosen !== null) keepTemperature(folder, recipeOf(head), chosen.temperatures);
    const file: FitFile = {
      version: 1,
      weights: network.weights,
      networks,
      head: head.name,
      description: head.description,
      heldOut: plan.heldOut,
      splits: splits?.length ?? 0,
      trials: chosen?.trials ?? [],
      plain: plain?.evaluation ?? null,
      tuning: null,
      suggestions: plan.suggests
        ? await suggest({ recipe: recipeOf(head), sets, split: splits?.[0] ?? null, signal })
        : null,
      map: plan.suggests ? mapFeatures(sets.test) : null,
    };
    writeFit(folder, file);
    const frozen = { ...file, folder, evaluation };
    if (network.tuning === null || chosen === null) return frozen;
    const start = recipeOf(FAMILIES[0].heads[0]); // not the chosen one: see docs/LOG.md
    const { stages } = network.tuning;
    return await fineTune(frozen, { plan, start, stages, chosen, settings: beside, emit: report, started });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

interface Chosen {
  readonly network: NetworkPlan;
  /** Its features of all images. */
  readonly sets: FeatureSets;
  readonly networks: readonly NetworkTrial[];
}

/** Computes the features of each network, and chooses the one whose best quick classifier has the highest mean accuracy over the classes. */
async function chooseNetwork(
  { networks, recipeOf }: FitPlan,
  { emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal | undefined },
): Promise<Chosen> {
  const open = ({ weights }: NetworkPlan): Promise<FeatureSets> => {
    if (networks.length > 1) emit({ type: "note", message: `features of ${weights}` });
    return openFeatureSets(recipeOf(FAMILIES[0].heads[0], weights), { report: emit, signal });
  };
  if (networks.length === 1) return { network: networks[0], sets: await open(networks[0]), networks: [] };
  const tried: NetworkTrial[] = [];
  let chosen: Omit<Chosen, "networks"> | null = null;
  let most = -Infinity;
  for (const network of networks) {
    const { weights } = network;
    const sets = await open(network);
    const options = {
      recipeOf: (one: Head) => recipeOf(one, weights),
      splits: splitsToChoose(sets, 1),
      signal,
    };
    const found = await tryHeads({
      ...options,
      families: QUICK_FAMILIES,
      counts: sets.data.statistics.counts,
    });
    const { balanced, few } = found.onFirst;
    tried.push({ weights, balanced, few });
    emit({
      type: "note",
      message: `${weights}: ${balanced.toFixed(1)} % of the held-out images, mean over the classes`,
    });
    if (balanced > most) [chosen, most] = [{ network, sets }, balanced];
  }
  return { ...chosen!, networks: tried };
}

/** How much longer than the limit a training on all images may take that the trial was already made for. */
const LATENESS = 1.2;

interface TuneOptions {
  readonly plan: FitPlan;
  /** Recipe of the classifier that it starts from. */
  readonly start: ResolvedRecipe;
  readonly stages: TuningPlan["stages"];
  readonly chosen: TrialsOutcome;
  readonly settings: FitSettings;
  readonly emit: Emit;
  /** When the plan began to be carried out, by performance.now(). */
  readonly started: number;
}

/** Fine-tunes the network and puts the run in the frozen one's place where it is better on held-out images. */
async function fineTune(
  frozen: FitOutcome,
  { plan, start, stages, chosen, settings, emit, started }: TuneOptions,
): Promise<FitOutcome> {
  const { signal } = settings;
  const { folder } = frozen;
  using claim = new RunClaim(folder.path, { resume: true }); // nobody else writes to it meanwhile
  const begun = performance.now();
  const of = { stages, images: plan.images.train, averaged: true, tau: 0 };
  const trials = await tryTuning({ recipe: tunedRecipe(start, of), stages, emit, signal });
  const { balanced: toBeat, few: frozenFew } = chosen.onFirst; // of the images that the trial is held out for, too
  const best = trials.reduce(
    (found, { balanced }, i) => (balanced > found.balanced ? { balanced, kept: i + 1 } : found),
    { balanced: toBeat, kept: 0 },
  );
  const onAll = secondsSince(begun) / (1 - HELD_OUT.portion.fraction);
  const late = plan.limit !== null && secondsSince(started) + onAll > LATENESS * plan.limit;
  const tuning: Tuning = {
    trials: trials.map(({ temperature: _, ...trial }) => trial),
    frozen: toBeat,
    frozenFew,
    kept: late ? 0 : best.kept,
    late: late && best.kept > 0,
    frozenResult: frozen.evaluation,
  };
  if (tuning.kept === 0) {
    writeFit(folder, fileOf({ ...frozen, tuning }));
    return { ...frozen, tuning };
  }
  const { averaged, trainable, tau, temperature } = trials[tuning.kept - 1]!;
  const kept = stages.slice(0, stages.findIndex((stage) => stage.trainable === trainable) + 1);
  const recipe = tunedRecipe(start, { ...of, stages: kept, averaged, tau });
  const scratch = claim.makeScratch();
  try {
    const out = join(scratch, "tuned");
    const { evaluation, folder: tuned } = await trained(recipe, {
      ...settings,
      out,
      listeners: [...settings.listeners, progressNotes(emit)],
    });
    keepTemperature(tuned, recipe, { ...temperature, averaged });
    const outcome = { ...frozen, tuning, evaluation };
    writeFit(tuned, fileOf(outcome));
    claim.replaceBy(out);
    return outcome;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Says how far the phases that train the network are, which come after the classifier's. */
function progressNotes(emit: Emit): Listener {
  let phases: RunEvent["phases"] = [];
  let done = 0;
  let note: ((done: number) => void) | null = null;
  return (event) => {
    if (event.type === "run") ({ phases } = event);
    const [classifier, ...network] = phases!;
    if (event.type === "epoch-start" && event.epoch === classifier!.epochs + 1) {
      const epochs = sum(network.map((phase) => phase.epochs));
      const { stepsPerEpoch } = network[0]!; // the same in all of them
      note = trainingProgress("fine-tuning on all training images", { epochs, stepsPerEpoch, emit });
    }
    if (event.type === "step") note?.((done += 1));
  };
}

function fileOf({ folder: _folder, evaluation: _evaluation, ...file }: FitOutcome): FitFile {
  return file;
}

/** Images to train heads on and to choose one by: of a validation folder, or training images, drawn several times. */
function splitsToChoose(
  { train, validation }: FeatureSets,
  count: number,
): readonly [TrialSplit, ...TrialSplit[]] {
  if (validation !== null) return [{ train, heldOut: validation }];
  const splitOf = (seed: number): TrialSplit => {
    const { kept, taken } = stratifiedSplit(train.dataset, { ...HELD_OUT, seed });
    return { train: selectFeatures(train, kept), heldOut: selectFeatures(train, taken) };
  };
  const others = Array.from({ length: count - 1 }, (_, i) => splitOf(HELD_OUT.seed + i + 1));
  return [splitOf(HELD_OUT.seed), ...others];
}

interface ChoiceOptions extends Pick<TrialsOptions, "recipeOf" | "splits" | "signal"> {
  readonly sets: FeatureSets;
  readonly emit: Emit;
}

function choose(
  families: FitPlan["families"],
  { recipeOf, sets, splits, emit, signal }: ChoiceOptions,
): Promise<TrialsOutcome> {
  const total = trainingsOf(families.length, splits.length);
  const text = (done: number): string => `classifiers on the features: ${done} of ${total} trainings`;
  const report = progress(text, { total, emit });
  let done = 0;
  const onFamily = (): void => {
    report((done += 1));
  };
  return tryHeads({ families, recipeOf, counts: sets.data.statistics.counts, splits, onFamily, signal });
}

/** The run's probabilities are calibrated by the temperature of its trial, whose held-out images the trial had not seen. */
function keepTemperature(
  folder: RunFolder,
  { epochs }: ResolvedRecipe,
  { temperatures, images, averaged = false }: FittedTemperatures & { readonly averaged?: boolean },
): void {
  const [temperature] = temperatures;
  if (temperature === undefined) return;
  const state = { epoch: epochs, step: 0, weights: averaged ? "ema" : "raw" } as const;
  saveCalibration(folder.path, { state }, { temperature, images });
}

interface Trained {
  readonly evaluation: EvaluationResult;
  readonly folder: RunFolder;
}

async function trained(recipe: ResolvedRecipe, settings: FitSettings): Promise<Trained> {
  const { evaluation, folder } = await trainRun({ ...settings, recipe });
  if (evaluation !== null) return { evaluation, folder };
  settings.signal?.throwIfAborted();
  throw new Error("fit: a training ended without a result");
}
