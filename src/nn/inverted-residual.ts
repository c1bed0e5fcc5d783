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

/**
 * project(relu6(depthwise(relu6(expand(x))))), plus x where the block adds it; each convolution is followed by its norm.
 * x [N, Cin, H, W] → [N, C, H', W'], the size that the convolutions leave.
 */
export function invertedResidual(x: Tensor, { expand, depthwise, project, addsInput }: Block): Tensor {
  const first = expand?.conv.applied(x);
  const inner = expand?.conv.outputShape(x.shape) ?? x.shape;
  const layers = [
    ...(expand === null ? [] : [{ kernel: first!.kernel, norm: expand.norm }]),
    { kernel: depthwise.conv.kernelFor(inner), norm: depthwise.norm },
    { kernel: project.conv.weight, norm: project.norm },
  ];
  for (const { norm } of layers) norm.countBatch();
  const parameters = layers.flatMap(({ kernel, norm }) => [kernel, norm.weight, norm.bias]);
  const running = layers.flatMap(({ norm }) => [norm.runningMean, norm.runningVar]);
  const { training, momentum, eps, group } = depthwise.norm;
  return fusedInvertedResidual(
    first?.input ?? x,
    parameters,
    running,
    first?.geometry.stride ?? [1, 1],
    first?.geometry.padding ?? [0, 0],
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
