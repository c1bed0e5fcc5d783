import { ALONE, type Peers } from "../../distributed/peers.js";
import type { EvaluationResult } from "../../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { consoleListener } from "../../logs/console.js";
import type { KernelChoice } from "../../torch/native.js";
import type { Listener } from "../../runs/events.js";
import type { MlflowSettings } from "../../logs/mlflow/settings.js";
import { trainRun } from "../../training/train.js";
import { onInterrupt } from "../interrupt.js";
import type { Output } from "../output.js";
import { versions } from "../../runs/versions.js";

export interface TrainingArguments {
  readonly out: string;
  readonly device: string;
  readonly threads?: number | undefined;
  readonly kernels?: KernelChoice | undefined;
  readonly force: boolean;
  /** Go on with the run that lies in `out`. */
  readonly resume?: boolean;
  /** A checkpoint of NCL's PyTorch code to go on from. */
  readonly from?: string | undefined;
  /** What was typed, for recipe.json. */
  readonly command: readonly string[];
  readonly output: Output;
  /** The processes that train together; the first one speaks and writes. */
  readonly peers?: Peers;
  /** An MLflow server to tell besides. */
  readonly mlflow?: MlflowSettings | undefined;
  /** Listeners besides the console. */
  readonly listeners: readonly Listener[];
}

/**
 * Trains one recipe while people watch and can interrupt it.
 *
 * @throws InterruptedError that says how to go on.
 */
export async function trainWatched(
  recipe: ResolvedRecipe,
  options: TrainingArguments,
): Promise<EvaluationResult> {
  const { out, device, threads, kernels, force, resume = false, from, command, output } = options;
  const { peers = ALONE, listeners, mlflow } = options;
  const isFirst = peers.rank === 0;
  using interruption = onInterrupt("ending after this step, with a checkpoint");
  const { evaluation, folder } = await trainRun({
    recipe,
    out,
    device,
    threads,
    kernels,
    force,
    resume,
    from,
    command: ["longtail", ...command],
    versions: versions(),
    listeners: isFirst ? [consoleListener(output.people), ...listeners] : [],
    peers,
    mlflow,
    signal: interruption.signal,
  }).catch((error: unknown) => {
    const { reason } = interruption.signal as { reason: unknown };
    throw error === reason ? interruption.error("interrupted before the training began") : error;
  });
  if (evaluation === null)
    throw interruption.error(
      `interrupted; \`longtail train ${out} --resume\` goes on from ${folder.lastCheckpoint}`,
    );
  if (isFirst) await report(folder.path, output);
  return evaluation;
}

/** Makes the page about the run. The training has ended well whether or not that works. */
async function report(run: string, output: Output): Promise<void> {
  const { writeReport } = await import("../../report/write-report.js");
  try {
    output.say(`report: ${await writeReport(run)}`);
  } catch (error) {
    output.say(`warning: no report was made: ${(error as Error).message}`);
  }
}
