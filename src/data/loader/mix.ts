import type { ResolvedRecipe } from "../../recipes/schema.js";
import { tensor } from "../../torch/create.js";
import { Rng } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";
import { scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
export type Mix = NonNullable<ResolvedRecipe["data"]["mix"]>;

/** How a step's images are mixed: image i keeps `share` of itself, the rest is image partners[i]. */
export interface MixPlan {
  readonly share: number;
  /** A permutation of 0 … N − 1. */
  readonly partners: Int32Array;
  /** Which pixels are the partner's; null: all are, by 1 − share. */
  readonly box: Box | null;
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/**
 * What is drawn for a step (of the training, from 0): of seed and step alone. One λ for the batch, from Beta(α, α), as the
 * papers' own code has it: Zhang et al., "mixup", ICLR 2018; Yun et al., "CutMix", ICCV 2019, where 1 − λ is a box's
 * share of the image before the edges cut it, and the labels' share is what is left. Null: the step is not mixed.
 */
export function planMix(
  mix: Mix,
  { seed, step, images, side }: { seed: number; step: number; images: number; side: number },
): MixPlan | null {
  const rng = new Rng(seed, streamOf("mix", step));
  const uniform = uniforms(rng);
  if (uniform() >= mix.p) return null;
  const share = drawBeta(mix.alpha, uniform);
  const box =
    mix.kind === "mixup" ? null : drawBox(side, { edge: Math.trunc(side * Math.sqrt(1 - share)), uniform });
  return {
    share: box === null ? share : 1 - (box.height * box.width) / side ** 2,
    partners: rng.permutation(images), // last: the rest is the same for any part of the batch
    box,
  };
}

/** Mixes float images [N, 3, S, S] in place. */
export function mixImages(images: Tensor, { share, partners, box }: MixPlan): void {
  using _ = scope();
  const index = tensor(partners, { device: images.device });
  if (box === null) {
    const others = images.indexSelect(0, index);
    images.lerp_(
      others.to({ memoryFormat: images.isChannelsLast ? "channels_last" : "contiguous" }),
      1 - share,
    );
  } else if (box.height > 0 && box.width > 0) {
    const part = images.narrow(2, box.top, box.height).narrow(3, box.left, box.width);
    part.copy_(part.indexSelect(0, index));
  }
}

/** A square around a pixel that is drawn, as far as it lies inside the image. */
function drawBox(side: number, { edge, uniform }: { edge: number; uniform: () => number }): Box {
  const half = Math.trunc(edge / 2);
  const within = (): [start: number, length: number] => {
    const middle = Math.trunc(uniform() * side);
    const start = Math.max(0, middle - half);
    return [start, Math.min(side, middle + half) - start];
  };
  const [left, width] = within();
  const [top, height] = within();
  return { top, left, height, width };
}

/** The stream's next numbers in [0, 1), one at each call. */
function uniforms(rng: Rng): () => number {
  let drawn: number[] = [];
  return () => {
    if (drawn.length === 0) drawn = nextUniforms(rng);
    return drawn.shift()!;
  };
}

function nextUniforms(rng: Rng): number[] {
  using _ = scope();
  return rng.uniform([16]).toList();
}

/** Numbers in [0, 1), one at each call. */
type Uniform = () => number;

/**
 * A draw from Beta(alpha, alpha): X / (X + Y) with X, Y from Gamma(alpha). In logs, so that shapes near 0, whose
 * draws are below the smallest number, end at 0 or 1 and not at 0 / 0.
 */
export function drawBeta(alpha: number, uniform: Uniform): number {
  const [x, y] = [logGamma(alpha, uniform), logGamma(alpha, uniform)];
  return 1 / (1 + Math.exp(y - x));
}

/**
 * The log of a draw from Gamma(shape, 1): Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS
 * 2000; shapes below 1 by Gamma(a) = Gamma(a + 1) · U^(1/a).
 */
function logGamma(shape: number, uniform: Uniform): number {
  if (shape < 1) return logGamma(shape + 1, uniform) + Math.log(1 - uniform()) / shape;
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal(uniform);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - uniform()) < (x * x) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}

/** Box and Muller's transform. */
function normal(uniform: Uniform): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
