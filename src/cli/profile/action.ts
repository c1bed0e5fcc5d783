import type { ResolvedRecipe } from "../../recipes/schema.js";
import { writeFileAtomic } from "../../support/atomic-file.js";
import type { KernelChoice } from "../../torch/native.js";
import { emitter } from "../../runs/events.js";
import { applySettings } from "../../training/prepare.js";
import { consoleListener } from "../../logs/console.js";
import { chromeTrace } from "../../profile/chrome-trace.js";
import { profileRun } from "../../profile/profile-run.js";
import type { Profile } from "../../profile/summary.js";
import { profileText } from "../../profile/text.js";
import { onInterrupt } from "../interrupt.js";
import type { Output } from "../output.js";
import { progressDisplay } from "../progress.js";

interface ProfilingOptions {
  readonly steps: number;
  readonly warmup: number;
  readonly trace?: string | undefined;
  readonly device: string;
  readonly threads?: number | undefined;
  readonly kernels?: KernelChoice | undefined;
  readonly output: Output;
}

/**
 * Profiles a recipe while people watch and can interrupt it, and prints what was found.
 * @throws InterruptedError
 */
export async function profileWatched(recipe: ResolvedRecipe, options: ProfilingOptions): Promise<Profile> {
  const { trace, output } = options;
  const { profile, timeline } = await recorded(recipe, options);
  output.say(profileText(profile));
  if (trace !== undefined) {
    writeFileAtomic(trace, JSON.stringify(chromeTrace(timeline)));
    output.say(`\ntrace: ${trace} (ui.perfetto.dev and chrome://tracing open it)`);
  }
  return profile;
}

async function recorded(
  recipe: ResolvedRecipe,
  { steps, warmup, ...options }: ProfilingOptions,
): ReturnType<typeof profileRun> {
  const device = applySettings(recipe, options);
  using interruption = onInterrupt("ending after this step");
  using progress = progressDisplay(process.stderr);
  const { signal } = interruption;
  const onStep = (done: number, total: number): void => {
    const which = done <= warmup ? `to warm up: ${done} of ${warmup}` : `${done - warmup} of ${steps}`;
    progress.show({ done, total, text: `steps ${which}` });
  };
  const report = emitter([consoleListener(process.stderr)]); // of a cache that is filled first
  try {
    return await profileRun(recipe, { device, steps, warmup, signal, onStep, report });
  } catch (error) {
    throw error === signal.reason ? interruption.error("interrupted") : error;
  }
}
