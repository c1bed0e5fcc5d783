import type { Temperature } from "../../evaluation/analysis.js";
import type { OnImages } from "../../training/evaluate.js";
import type { Trained } from "../../inference/trained.js";
import type { Addition } from "./addition.js";
import { calibrationAddition } from "./calibration.js";
import { priorAddition, targetNamed } from "./prior.js";
import { tauAddition } from "./tau.js";

export interface AdditionOptions {
  readonly calibrate?: Temperature["kind"] | undefined;
  readonly prior?: string | undefined;
  readonly tau?: readonly number[] | undefined;
  /** The data's folder; the one of the training unless given. */
  readonly data?: string | undefined;
  /** Hears how far the pass over the held-out images is. */
  readonly onHeldOut: OnImages;
  readonly signal: AbortSignal;
}

/** What `evaluate` was asked for besides. Null when the signal ended it early. */
export async function additionsFor(
  trained: Trained,
  run: string,
  { calibrate: kind, prior, tau, data: root, onHeldOut, signal }: AdditionOptions,
): Promise<readonly Addition[] | null> {
  const target = prior === undefined ? null : targetNamed(prior, trained);
  const additions: Addition[] = [];
  if (tau !== undefined) additions.push(tauAddition(trained, tau));
  if (target !== null) additions.push(priorAddition(trained, target));
  if (kind === undefined) return additions;
  const options = { kind, root, target, onImages: onHeldOut, signal };
  const calibration = await calibrationAddition(trained, run, options);
  return calibration && [...additions, calibration];
}
