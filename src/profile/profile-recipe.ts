import type { ResolvedRecipe } from "../recipes/schema.js";
import { emitter, type Listener } from "../runs/events.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import type { KernelChoice } from "../torch/native.js";
import { applySettings } from "../training/prepare.js";
import { chromeTrace } from "./chrome-trace.js";
import { profileRun } from "./profile-run.js";
import type { Profile } from "./summary.js";

/**
 * Settings of a profile.
 *
 * @example
 * const options: ProfileOptions = { steps: 50, trace: "trace.json" };
 */
export interface ProfileOptions {
  /** Number of steps that are measured; 20 unless given. */
  readonly steps?: number;
  /** Number of steps before them that are not; 3 unless given. */
  readonly warmup?: number;
  /** File of a Chrome trace with every span; none unless given. */
  readonly trace?: string | undefined;
  /** Device to train on; "cpu" unless given. */
  readonly device?: string;
  /** Number of threads that operators use; libtorch's choice unless given. */
  readonly threads?: number | undefined;
  /** Kernels of the CPU's convolutions; as set before unless given. */
  readonly kernels?: KernelChoice | undefined;
  /** Receive the events of a cache that is filled first. */
  readonly listeners?: readonly Listener[];
  /** Receives progress after every step, those that warm up included. */
  readonly onStep?: (done: number, total: number) => void;
  /** Ends the profile after the current step; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Sets what the recipe and the options ask for, profiles, and writes the trace. @throws the signal's reason. */
export async function profileRecipe(
  recipe: ResolvedRecipe,
  { steps = 20, warmup = 3, trace, listeners = [], device = "cpu", ...options }: ProfileOptions,
): Promise<Profile> {
  const checked = applySettings(recipe, { ...options, device });
  const report = emitter(listeners);
  const { profile, timeline } = await profileRun(recipe, {
    ...options,
    device: checked,
    steps,
    warmup,
    report,
  });
  if (trace !== undefined) writeFileAtomic(trace, JSON.stringify(chromeTrace(timeline)));
  return profile;
}
