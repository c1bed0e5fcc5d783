import type { ResolvedRecipe } from "../recipes/schema.js";
import type { TrainingEvent } from "../runs/events.js";
import type { TrainOptions } from "./settings.js";
import { type TrainResult, trainRun } from "./train.js";

/** Trains quietly, collecting the events. */
export async function trainToy(
  recipe: ResolvedRecipe,
  out: string,
  options: Partial<TrainOptions> = {},
): Promise<{ result: TrainResult; events: TrainingEvent[] }> {
  const events: TrainingEvent[] = [];
  const result = await trainRun({
    recipe,
    out,
    threads: 1,
    versions: { longtail: "0.1.0", libtorch: "2.11.0", node: process.version },
    command: ["longtail", "train", "toy"],
    ...options,
    listeners: [(event) => events.push(event), ...(options.listeners ?? [])],
  });
  return { result, events };
}
