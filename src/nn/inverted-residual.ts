/**
 * The convolutions of an inverted residual block as one operator: without gradients, the CPU kernels (native/kernels) keep
 * what lies between them in the caches. Sandler et al., "MobileNetV2", CVPR 2018.
 */
import { invertedResidual as fusedInvertedResidual } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";
import type { BatchNorm2d } from "./batch-norm.js";
import type { Conv2d } from "./conv2d.js";

/** A convolution without a bias, and its norm. */
export interface ConvNorm {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d;
}

interface Block {
  /** 1×1, or a network's first convolution; null where the input has the depthwise convolution's channels. */
  readonly expand: ConvNorm | null;
  readonly depthwise: ConvNorm;
  /** 1×1. */
  readonly project: ConvNorm;
  readonly addsInput: boolean;
}

const UNCHANGED = { stride: [1, 1], padding: [0, 0] };

/**
 * project(relu6(depthwise(relu6(expand(x))))), plus x where the block adds it; each convolution is followed by its norm.
 * x [N, Cin, H, W] → [N, C, H', W'], the size that the convolutions leave.
 */
export function invertedResidual(x: Tensor, { expand, depthwise, project, addsInput }: Block): Tensor {
  const layers = [...(expand === null ? [] : [expand]), depthwise, project];
  for (const { norm } of layers) norm.countBatch();
  const before = expand?.conv.applied(x) ?? { input: x, geometry: UNCHANGED };
  const shape = expand?.conv.outputShape(x.shape) ?? x.shape;
  const parameters = layers.flatMap(({ conv, norm }) => [
    conv.kernelFor(conv === depthwise.conv ? shape : x.shape),
    norm.weight,
    norm.bias,
  ]);
  const running = layers.flatMap(({ norm }) => [norm.runningMean, norm.runningVar]);
  const { training, momentum, eps, group } = depthwise.norm;
  return fusedInvertedResidual(
    before.input,
    parameters,
    running,
    before.geometry.stride,
    before.geometry.padding,
    depthwise.conv.geometry.stride,
    depthwise.conv.geometry.padding,
    training,
    momentum,
    eps,
    addsInput,
    "relu6",
    group,
  );
}
