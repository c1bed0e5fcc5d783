import { writePth } from "../torch/pth/write.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { type CheckpointDescription, readCheckpointOf, type Weights } from "../training/checkpoint.js";
import { mergedWeights } from "../training/trained.js";

/**
 * Settings of an export.
 *
 * @example
 * const options: ExportOptions = { format: "pth", out: "ncl.pth", prefix: "module." };
 */
export interface ExportOptions {
  readonly format: "pth" | "safetensors";
  /** File to write. */
  readonly out: string;
  /** Text before every name, such as "module." for a model inside PyTorch's DataParallel; none unless given. */
  readonly prefix?: string;
  /** The weights' moving averages or the raw weights; what the recipe says unless given. */
  readonly weights?: Weights | undefined;
}

/**
 * Writes the weights of a run's checkpoint, or of a checkpoint by itself, under PyTorch's names, for other programs. A .pth file is laid out as NCL's
 * PyTorch code has it, { state_dict, epoch }, with the classes' names besides; safetensors has these as metadata. LoRA's
 * updates are in the weights that they change. Returns the checkpoint's path.
 * @throws CheckpointError when the checkpoint cannot be read; LongtailError when the file cannot be written.
 */
export function exportWeights(
  runOrCheckpoint: string,
  { format, out, prefix = "", weights: asked }: ExportOptions,
): string {
  using _scope = scope();
  const checkpoint = readCheckpointOf(runOrCheckpoint);
  const used = mergedWeights(checkpoint, asked);
  const weights = new Map([...used].map(([name, tensor]) => [prefix + name, tensor]));
  write(weights, checkpoint, { format, out });
  return checkpoint.path;
}

function write(
  weights: Map<string, Tensor>,
  { epoch, classes }: Pick<CheckpointDescription, "epoch" | "classes">,
  { format, out }: Pick<ExportOptions, "format" | "out">,
): void {
  switch (format) {
    case "pth":
      writePth(out, { state_dict: weights, epoch: BigInt(epoch), classes });
      break;
    case "safetensors":
      // "pt": the tensors are laid out as PyTorch's, which readers of this format ask for
      writeSafetensors(out, weights, {
        format: "pt",
        epoch: String(epoch),
        classes: JSON.stringify(classes),
      });
      break;
    default:
      format satisfies never;
  }
}
