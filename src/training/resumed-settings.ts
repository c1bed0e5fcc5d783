import type { RunDescription } from "../runs/run-folder.js";
import { coresHere } from "../support/cores.js";
import type { Environment } from "../support/paths.js";
import { getKernels, getThreads } from "../torch/settings.js";
import type { RunSettings } from "./settings.js";

type Settings = Pick<RunSettings, "device" | "threads" | "kernels">;
/** How the run began. */
type Beginning = Pick<RunDescription, "device" | "threads" | "kernels">;

/**
 * The settings of a run that goes on: the device, the threads and the kernels that it began with, unless the settings or the
 * environment say otherwise, or this machine has fewer cores.
 */
export function resumedSettings<T extends Settings>(
  settings: T,
  before: Beginning,
  environment: Environment = process.env,
): T {
  const { device, threads, kernels } = settings;
  const isFree = environment["OMP_NUM_THREADS"] === undefined && before.threads <= coresHere(environment);
  return {
    ...settings,
    device: device ?? before.device,
    threads: threads ?? (isFree ? before.threads : undefined),
    kernels: kernels ?? (environment["LONGTAIL_KERNELS"] === undefined ? before.kernels : undefined),
  };
}

/** What a run goes on with that it did not begin with, once it is set: the bits may differ from here on. */
export function settingsChanges(before: Beginning, device: string): string[] {
  const now = { device, threads: getThreads(), kernels: getKernels() };
  return (["device", "threads", "kernels"] as const)
    .filter((name) => kindOf(now[name]) !== kindOf(before[name])) // of one machine's GPUs any will do
    .map(
      (name) =>
        `${name}: the run began with ${before[name]} and goes on with ${now[name]}; from here on its numbers differ a little from ` +
        `those of a run that was not interrupted (--${name} ${before[name]} keeps them the same).`,
    );
}

/** A device without its number; anything else as it is. */
function kindOf<T>(setting: T | string): T | string {
  return typeof setting === "string" ? setting.replace(/:\d+$/, "") : setting;
}
