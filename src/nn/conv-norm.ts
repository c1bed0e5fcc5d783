/**
 * A convolution with what follows it in a network, as one operator: the CPU kernels (native/kernels) take together what
 * they can, and in evaluation the norm becomes part of the convolution. Networks need not know when.
 */
import { convNorm as fusedConvNorm } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";
import type { BatchNorm2d } from "./batch-norm.js";
import type { Conv2d } from "./conv2d.js";

/** norm(conv(x)). x [N, Cin, H, W] → [N, Cout, H', W']. */
export function convNorm(x: Tensor, conv: Conv2d, norm: BatchNorm2d): Tensor {
  return apply(x, conv, norm, { shortcut: null, relu: false });
}

/** relu(norm(conv(x)) + shortcut), or without a shortcut. x [N, Cin, H, W], shortcut [N, Cout, H', W'] → as the latter. */
export function convNormRelu(
  x: Tensor,
  conv: Conv2d,
  norm: BatchNorm2d,
  shortcut: Tensor | null = null,
): Tensor {
  return apply(x, conv, norm, { shortcut, relu: true });
}

interface Following {
  shortcut: Tensor | null;
  relu: boolean;
}

function apply(x: Tensor, conv: Conv2d, norm: BatchNorm2d, { shortcut, relu }: Following): Tensor {
  norm.countBatch();
  const { stride, padding, groups } = conv.geometry;
  const { weight, bias, runningMean, runningVar, training, momentum, eps, group } = norm;
  return fusedConvNorm(
    conv.reads(x),
    conv.weight,
    stride,
    padding,
    groups,
    weight,
    bias,
    runningMean,
    runningVar,
    training,
    momentum,
    eps,
    shortcut,
    relu,
    group,
  );
}
