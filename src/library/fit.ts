import { basename, join, resolve } from "node:path";
import type { EvaluationResult } from "../evaluation/accuracy.js";
import type { Listener } from "../runs/events.js";
import type { RunFolder } from "../runs/run-folder.js";
import { knownWeights } from "./weights.js";

/**
 * Settings of `fit`.
 *
 * @example
 * const options: FitOptions = { out: "runs/birds", minutes: 10, onText: (text) => console.log(text) };
 */
export interface FitOptions {
  /** Folder of the run; runs/NAME, or runs/NAME-2, …, unless given. */
  readonly out?: string | undefined;
  /** Minutes that it may take; what is left goes into fine-tuning the network. Without a limit and fine-tuning unless given. */
  readonly minutes?: number | undefined;
  /** Share of the images to test on, where the folder has no test images; 0.2 of the mean class size unless given. */
  readonly testFraction?: number | undefined;
  /**
   * Names of pretrained networks' weights (`listWeights`) to choose among by held-out images. Unless given, EfficientNet-Lite0 and
   * those that were fetched already, as far as the time allows.
   */
  readonly weights?: readonly string[] | undefined;
  /** Whether to stop after saying what would be done; false unless given. */
  readonly dryRun?: boolean | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal;
  /** Receive every event of the trainings, in order. */
  readonly listeners?: readonly Listener[];
  /** Receives what people should read: the plan, then the result. */
  readonly onText?: (text: string) => void;
  /** Command line that started it, program first, for recipe.json; empty unless given. */
  readonly command?: readonly string[];
}

/**
 * Model that `fit` has made, and its accuracy on the test images.
 *
 * @example
 * const { folder, evaluation, plain }: FitResult = (await fit("my-photos"))!;
 */
export interface FitResult {
  readonly folder: RunFolder;
  readonly evaluation: EvaluationResult;
  /** Accuracy of a plain classifier on the same features; null where there was no time for one. */
  readonly plain: EvaluationResult | null;
}

/**
 * Makes a model of a folder of photographs: reads the folder as it is, says what it will do and about how long that takes,
 * and trains classifiers that are corrected for the class counts on a network that was trained on ImageNet. The result is
 * an ordinary run. Null for a dry run.
 *
 * @throws DataError for a folder without images or with fewer than two classes; UsageError for unknown weights; DownloadError,
 *   what `train` throws; the signal's reason.
 * @example
 * const result = await fit("my-photos", { onText: (text) => console.log(text) });
 * if (result !== null) console.log(result.folder.path, result.evaluation.ensemble.all);
 */
export async function fit(photos: string, options: FitOptions = {}): Promise<FitResult | null> {
  const { describePlan, planFit } = await import("../fit/plan.js");
  const { listeners = [], onText = () => undefined, signal, command = [], dryRun = false, threads } = options;
  const { emitter } = await import("../runs/events.js");
  const { setThreads } = await import("../torch/settings.js");
  if (threads !== undefined) setThreads(threads);
  const weights = options.weights?.map(knownWeights);
  const plan = await planFit(photos, { ...options, weights, report: emitter(listeners), signal });
  onText(describePlan(photos, plan, options));
  if (dryRun) return null;
  const { carryOut } = await import("../fit/fit.js");
  const { summarizeFit } = await import("../fit/summary.js");
  const { freshRunFolder } = await import("../runs/run-folder.js");
  const { versions } = await import("../runs/versions.js");
  const out = options.out ?? freshRunFolder(join("runs", basename(resolve(photos))));
  const settings = { out, threads, listeners, versions: versions(), command };
  const outcome = await carryOut(plan, signal === undefined ? settings : { ...settings, signal });
  onText(summarizeFit(outcome));
  const { folder, evaluation, plain } = outcome;
  return { folder, evaluation, plain };
}
