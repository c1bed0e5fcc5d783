/**
 * A convolution with what follows it in a network, as one operator: the CPU kernels (native/kernels) take together what
 * they can, and in evaluation the norm becomes part of the convolution. Networks need not know when.
 */
import { convNorm as fusedConvNorm } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";
import type { BatchNorm2d } from "./batch-norm.js";
import type { Conv2d } from "./conv2d.js";

/** norm(conv(x)), plus a shortcut where there is one. x [N, Cin, H, W], shortcut [N, Cout, H', W'] → as the latter. */
export function convNorm(x: Tensor, conv: Conv2d, norm: BatchNorm2d, shortcut: Tensor | null = null): Tensor {
  return apply(x, conv, norm, { shortcut, activation: "none" });
}

/** relu(norm(conv(x)) + shortcut), or without a shortcut. x [N, Cin, H, W], shortcut [N, Cout, H', W'] → as the latter. */
export function convNormRelu(
  x: Tensor,
  conv: Conv2d,
  norm: BatchNorm2d,
  shortcut: Tensor | null = null,
): Tensor {
  return apply(x, conv, norm, { shortcut, activation: "relu" });
}

/** min(relu(norm(conv(x))), 6): the activation of networks for phones. x [N, Cin, H, W] → [N, Cout, H', W']. */
export function convNormRelu6(x: Tensor, conv: Conv2d, norm: BatchNorm2d): Tensor {
  return apply(x, conv, norm, { shortcut: null, activation: "relu6" });
}

interface Epilogue {
  readonly shortcut: Tensor | null;
  readonly activation: "none" | "relu" | "relu6";
}

function apply(x: Tensor, conv: Conv2d, norm: BatchNorm2d, { shortcut, activation }: Epilogue): Tensor {
  if (conv.bias !== null)
    throw new RangeError("convNorm: expected a convolution without a bias, found one with a bias");
  norm.countBatch();
  const { input, kernel, geometry } = conv.applied(x);
  const { weight, bias, runningMean, runningVar, training, momentum, eps, group } = norm;
  return fusedConvNorm(
    input,
    kernel,
    geometry.stride,
    geometry.padding,
    geometry.groups,
    weight,
    bias,
    runningMean,
    runningVar,
    training,
    momentum,
    eps,
    shortcut,
    activation,
    group,
  );
}
