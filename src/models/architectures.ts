/** How each network with an architecture of its own numbers is made, by the recipe's `backbone`. */
import type { ConvNextArchitecture } from "./convnext.js";
import type { ResNetArchitecture } from "./resnet.js";
import type { VisionTransformerArchitecture } from "./vision-transformer.js";

/** Torchvision's networks for large images. */
export const RESNETS = {
  resnet10: { block: "basic", blocks: [1, 1, 1, 1] },
  resnet18: { block: "basic", blocks: [2, 2, 2, 2] },
  resnet34: { block: "basic", blocks: [3, 4, 6, 3] },
  resnet50: { block: "bottleneck", blocks: [3, 4, 6, 3] },
  resnet101: { block: "bottleneck", blocks: [3, 4, 23, 3] },
  resnet152: { block: "bottleneck", blocks: [3, 8, 36, 3] },
  "resnext50-32x4d": { block: "bottleneck", blocks: [3, 4, 6, 3], groups: 32, groupWidth: 4 },
  "resnext101-32x4d": { block: "bottleneck", blocks: [3, 4, 23, 3], groups: 32, groupWidth: 4 },
  "resnext101-32x8d": { block: "bottleneck", blocks: [3, 4, 23, 3], groups: 32, groupWidth: 8 },
  "resnext101-64x4d": { block: "bottleneck", blocks: [3, 4, 23, 3], groups: 64, groupWidth: 4 },
} as const satisfies Record<string, ResNetArchitecture>;

export const CONVNEXTS = {
  "convnext-tiny": { blocks: [3, 3, 9, 3], channels: [96, 192, 384, 768] },
  "convnext-small": { blocks: [3, 3, 27, 3], channels: [96, 192, 384, 768] },
  "convnext-base": { blocks: [3, 3, 27, 3], channels: [128, 256, 512, 1024] },
  "convnext-large": { blocks: [3, 3, 27, 3], channels: [192, 384, 768, 1536] },
} as const satisfies Record<string, ConvNextArchitecture>;

type Size = Pick<VisionTransformerArchitecture, "width" | "depth" | "heads">;
const TINY: Size = { width: 192, depth: 12, heads: 3 };
const SMALL: Size = { width: 384, depth: 12, heads: 6 };
const BASE: Size = { width: 768, depth: 12, heads: 12 };
const LARGE: Size = { width: 1024, depth: 24, heads: 16 };

/** Of timm and of Google, whose original code has this epsilon, too (Hugging Face's has 1e-12). */
const PLAIN = {
  activation: "gelu",
  eps: 1e-6,
  registers: 0,
  layerScale: null,
  isClip: false,
  positions: "antialiased",
  pooling: "class",
} as const;
const CLIP = { ...PLAIN, activation: "quick-gelu", eps: 1e-5, isClip: true } as const;
const OPEN_CLIP = { ...CLIP, activation: "gelu" } as const;
/** Pretrained at 518 pixels. */
const DINOV2 = { ...PLAIN, patch: 14, grid: 37, layerScale: 1e-5, positions: "offset" } as const;
const DINOV2_REGISTERS = { ...DINOV2, registers: 4, positions: "antialiased" } as const;

/** Of SigLIP and SigLIP 2, for images of one size. */
const SIGLIP = { ...PLAIN, activation: "gelu-tanh", pooling: "attention" } as const;

export const VISION_TRANSFORMERS = {
  "vit-ti16": { ...PLAIN, ...TINY, patch: 16, grid: 14 },
  "vit-s16": { ...PLAIN, ...SMALL, patch: 16, grid: 14 },
  "vit-b16": { ...PLAIN, ...BASE, patch: 16, grid: 14 },
  "vit-b16-384": { ...PLAIN, ...BASE, patch: 16, grid: 24 },
  "vit-b32": { ...PLAIN, ...BASE, patch: 32, grid: 7 },
  "vit-l16": { ...PLAIN, ...LARGE, patch: 16, grid: 14 },
  "clip-b32": { ...CLIP, ...BASE, patch: 32, grid: 7 },
  "clip-b16": { ...CLIP, ...BASE, patch: 16, grid: 14 },
  "clip-l14": { ...CLIP, ...LARGE, patch: 14, grid: 16 },
  "clip-l14-336": { ...CLIP, ...LARGE, patch: 14, grid: 24 },
  "openclip-b32": { ...OPEN_CLIP, ...BASE, patch: 32, grid: 7 },
  "openclip-b16": { ...OPEN_CLIP, ...BASE, patch: 16, grid: 14 },
  "openclip-l14": { ...OPEN_CLIP, ...LARGE, patch: 14, grid: 16 },
  "dinov2-s14": { ...DINOV2, ...SMALL },
  "dinov2-b14": { ...DINOV2, ...BASE },
  "dinov2-l14": { ...DINOV2, ...LARGE },
  "dinov2-s14-reg": { ...DINOV2_REGISTERS, ...SMALL },
  "dinov2-b14-reg": { ...DINOV2_REGISTERS, ...BASE },
  "dinov2-l14-reg": { ...DINOV2_REGISTERS, ...LARGE },
  "siglip-b16": { ...SIGLIP, ...BASE, patch: 16, grid: 14 },
  "siglip-b16-384": { ...SIGLIP, ...BASE, patch: 16, grid: 24 },
  "siglip-l16-256": { ...SIGLIP, ...LARGE, patch: 16, grid: 16 },
} as const satisfies Record<string, VisionTransformerArchitecture>;
