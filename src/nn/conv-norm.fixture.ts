import type { DType } from "../torch/dispatch.js";
import type { Rng } from "../torch/random.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Conv2d } from "./conv2d.js";
import type { ConvNorm } from "./inverted-residual.js";

interface Geometry {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number | "same";
}

/** A convolution and its norm, in training mode, of values that a generator draws; channels_last. */
export function drawConvNorm(rng: Rng, geometry: Geometry, dtype: DType): ConvNorm {
  const channels = geometry.outChannels;
  const conv = new Conv2d({ ...geometry, rng });
  const norm = new BatchNorm2d({ channels });
  for (const tensor of [norm.weight, norm.bias, norm.runningMean])
    tensor.detach().copy_(rng.normal([channels]));
  norm.runningVar.copy_(rng.uniform([channels], { low: 0.5, high: 2 }));
  for (const layer of [conv, norm]) layer.to({ dtype, memoryFormat: "channels_last" });
  return { conv, norm };
}
