import type { Dataset } from "../data/dataset.js";
import { ALONE } from "../distributed/peers.js";
import { buildBackbone } from "../models/registry.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { phasesOf } from "../training/phases.js";
import { buildTrainee } from "../training/prepare.js";
import { executionFrom } from "../training/settings.js";
import { openExecutor } from "../training/steps.js";

const FORWARD_IMAGES = 8;
const STEP_IMAGES = 16;

/** Seconds that a recipe's network takes for an image on this machine as it is now. Its weights are random ones. */
export function forwardSeconds({ backbone, data: { imageSize: side } }: ResolvedRecipe): number {
  using _scope = scope();
  using _noGrad = noGrad();
  const rng = new Rng(0);
  using network = buildBackbone(backbone, { rng });
  network.eval().to({ memoryFormat: "channels_last" });
  const images = rng.normal([FORWARD_IMAGES, 3, side, side]).to({ memoryFormat: "channels_last" });
  return timed(() => network.forward(images)) / FORWARD_IMAGES;
}

/** Seconds that a training step of a recipe's last phase takes for an image, likewise. Its weights are random ones. */
export function stepSeconds(recipe: ResolvedRecipe, trainSubset: Dataset): number {
  using _scope = scope();
  const phase = phasesOf({ ...recipe, pretrained: null }).at(-1)!;
  const built = { recipe: phase.recipe, phase, device: "cpu", peers: ALONE } as const;
  using trainee = buildTrainee({ ...built, data: { trainSubset } }).trainee;
  using executor = openExecutor({ ...built, trainee, execution: executionFrom() });
  executor.startEpoch(0);
  const side = recipe.data.imageSize;
  const images = new Rng(0).normal([STEP_IMAGES, 3, side, side]).to({ memoryFormat: "channels_last" });
  const labels = tensor(BigInt64Array.from({ length: STEP_IMAGES }, () => 0n));
  const batch = { images, labels, views: [images], total: STEP_IMAGES };
  return timed(() => void executor.run(batch).read()) / STEP_IMAGES;
}

/** Seconds of the second time that something is done. */
function timed(work: () => unknown): number {
  work();
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}
