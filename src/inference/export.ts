import { writePth } from "../torch/pth/write.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import {
  type CheckpointDescription,
  readCheckpoint,
  usedWeights,
  type Weights,
} from "../training/checkpoint.js";

export interface ExportOptions {
  readonly format: "pth" | "safetensors";
  readonly out: string;
  /** Before every name: "module." for a model inside PyTorch's DataParallel. */
  readonly prefix: string;
  /** Their moving averages or the raw ones; what the recipe says unless given. */
  readonly weights?: Weights | undefined;
}

/**
 * Writes the weights of a checkpoint, under PyTorch's names, for other programs. A .pth file is laid out as NCL's
 * PyTorch code has it, { state_dict, epoch }, with the classes' names besides; safetensors has these as metadata.
 * @throws CheckpointError when the checkpoint cannot be read; LongtailError when the file cannot be written.
 */
export function exportWeights(
  checkpoint: string,
  { format, out, prefix, weights: asked }: ExportOptions,
): void {
  using _scope = scope();
  const description = readCheckpoint(checkpoint);
  const used = usedWeights(description, asked);
  const weights = new Map([...used].map(([name, tensor]) => [prefix + name, tensor]));
  write(weights, description, { format, out });
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
