import { expect, test } from "vitest";
import { builtInSchemas } from "../methods/schemas.js";
import { recipeKeys } from "./keys.js";

const keys = recipeKeys();

test("every key has a type, and what is not plain from its name a description", () => {
  for (const key of keys) expect(key.type, key.path).not.toBe("an object");
  expect(keys.map((key) => `${key.path}: ${key.type}`).join("\n")).toMatchInlineSnapshot(`
    "name: text
    description: text
    citation: text
    seed: a whole number >= 0
    epochs: a whole number > 0
    phases: a list
    data.kind: one of cifar10, cifar100, image-folder, annotations, list, inaturalist, csv, parquet, webdataset
    data.root: text or null
    data.trainFile: text or null
    data.testFile: text or null
    data.testSplit.fraction: a number > 0
    data.testSplit.seed: a whole number >= 0
    data.testSplit.file: text or null
    data.classNames: text or null
    data.labels: one of auto, numbers, names
    data.imageFolder: text or null
    data.imageExtension: text or null
    data.columns.image: text
    data.columns.label: text
    data.strict: true or false
    data.imbalance: a number >= 1 or null
    data.imbalanceSeed: a whole number >= 0 and <= 4294967295
    data.imageSize: a whole number > 0
    data.batch: a whole number > 0
    data.dropLast: true or false
    data.sampler.kind: one of instance, class-balanced, square-root, fourth-root, progressive, repeat-factor
    data.sampler.threshold: a number > 0 or null
    data.train: a list
    data.train.N.kind: one of resize, resize-exact, center-crop, corner-crop, random-crop, horizontal-flip, random-resized-crop, color-jitter, grayscale, gaussian-blur, auto-augment, rand-augment, trivial-augment, cutout, operation
    data.train.N.size: a whole number > 0
    data.train.N.interpolation: one of bilinear, bicubic
    data.train.N.height: a whole number > 0
    data.train.N.width: a whole number > 0
    data.train.N.interpolation: one of bilinear, bicubic
    data.train.N.size: a whole number > 0
    data.train.N.size: a whole number > 0
    data.train.N.corner: one of top-left, top-right, bottom-left, bottom-right
    data.train.N.size: a whole number > 0
    data.train.N.padding: a whole number >= 0
    data.train.N.p: a number >= 0 and <= 1
    data.train.N.size: a whole number > 0
    data.train.N.interpolation: one of bilinear, bicubic
    data.train.N.scale: a list of 2 numbers > 0 and <= 1
    data.train.N.ratio: a list of 2 numbers > 0
    data.train.N.grows: true or false
    data.train.N.brightness: a number >= 0 or a list of 2 numbers >= 0
    data.train.N.contrast: a number >= 0 or a list of 2 numbers >= 0
    data.train.N.saturation: a number >= 0 or a list of 2 numbers >= 0
    data.train.N.hue: a number >= 0 and <= 0.5 or a list of 2 numbers >= -0.5 and <= 0.5
    data.train.N.p: a number >= 0 and <= 1
    data.train.N.p: a number >= 0 and <= 1
    data.train.N.sigma: a list of 2 numbers >= 0
    data.train.N.p: a number >= 0 and <= 1
    data.train.N.policy: one of cifar10, imagenet
    data.train.N.fill: a list of 3 numbers >= 0 and <= 255
    data.train.N.operations: a whole number > 0
    data.train.N.magnitude: a number >= 0 and <= 10
    data.train.N.magnitudeStd: a number >= 0
    data.train.N.p: a number >= 0 and <= 1
    data.train.N.fill: a list of 3 numbers >= 0 and <= 255
    data.train.N.fill: a list of 3 numbers >= 0 and <= 255
    data.train.N.size: a whole number > 0
    data.train.N.holes: a whole number > 0
    data.train.N.name: one of identity, shear-x, shear-y, translate-x, translate-y, translate-x-pixels, translate-y-pixels, rotate, brightness, color, contrast, sharpness, posterize, solarize, solarize-add, auto-contrast, equalize, invert
    data.train.N.value: a number >= -1000 and <= 1000
    data.train.N.interpolation: one of nearest, bilinear, bicubic
    data.train.N.fill: a list of 3 numbers >= 0 and <= 255
    data.secondView: a list or null
    data.secondView.N.kind: one of resize, resize-exact, center-crop, corner-crop, random-crop, horizontal-flip, random-resized-crop, color-jitter, grayscale, gaussian-blur, auto-augment, rand-augment, trivial-augment, cutout, operation
    data.secondView.N.size: a whole number > 0
    data.secondView.N.interpolation: one of bilinear, bicubic
    data.secondView.N.height: a whole number > 0
    data.secondView.N.width: a whole number > 0
    data.secondView.N.interpolation: one of bilinear, bicubic
    data.secondView.N.size: a whole number > 0
    data.secondView.N.size: a whole number > 0
    data.secondView.N.corner: one of top-left, top-right, bottom-left, bottom-right
    data.secondView.N.size: a whole number > 0
    data.secondView.N.padding: a whole number >= 0
    data.secondView.N.p: a number >= 0 and <= 1
    data.secondView.N.size: a whole number > 0
    data.secondView.N.interpolation: one of bilinear, bicubic
    data.secondView.N.scale: a list of 2 numbers > 0 and <= 1
    data.secondView.N.ratio: a list of 2 numbers > 0
    data.secondView.N.grows: true or false
    data.secondView.N.brightness: a number >= 0 or a list of 2 numbers >= 0
    data.secondView.N.contrast: a number >= 0 or a list of 2 numbers >= 0
    data.secondView.N.saturation: a number >= 0 or a list of 2 numbers >= 0
    data.secondView.N.hue: a number >= 0 and <= 0.5 or a list of 2 numbers >= -0.5 and <= 0.5
    data.secondView.N.p: a number >= 0 and <= 1
    data.secondView.N.p: a number >= 0 and <= 1
    data.secondView.N.sigma: a list of 2 numbers >= 0
    data.secondView.N.p: a number >= 0 and <= 1
    data.secondView.N.policy: one of cifar10, imagenet
    data.secondView.N.fill: a list of 3 numbers >= 0 and <= 255
    data.secondView.N.operations: a whole number > 0
    data.secondView.N.magnitude: a number >= 0 and <= 10
    data.secondView.N.magnitudeStd: a number >= 0
    data.secondView.N.p: a number >= 0 and <= 1
    data.secondView.N.fill: a list of 3 numbers >= 0 and <= 255
    data.secondView.N.fill: a list of 3 numbers >= 0 and <= 255
    data.secondView.N.size: a whole number > 0
    data.secondView.N.holes: a whole number > 0
    data.secondView.N.name: one of identity, shear-x, shear-y, translate-x, translate-y, translate-x-pixels, translate-y-pixels, rotate, brightness, color, contrast, sharpness, posterize, solarize, solarize-add, auto-contrast, equalize, invert
    data.secondView.N.value: a number >= -1000 and <= 1000
    data.secondView.N.interpolation: one of nearest, bilinear, bicubic
    data.secondView.N.fill: a list of 3 numbers >= 0 and <= 255
    data.mix: an object or null
    data.mix.kind: one of mixup, cutmix
    data.mix.alpha: a number > 0
    data.mix.p: a number >= 0 and <= 1
    data.test: a list
    data.test.N.kind: one of resize, resize-exact, center-crop, corner-crop, random-crop, horizontal-flip, random-resized-crop, color-jitter, grayscale, gaussian-blur, auto-augment, rand-augment, trivial-augment, cutout, operation
    data.test.N.size: a whole number > 0
    data.test.N.interpolation: one of bilinear, bicubic
    data.test.N.height: a whole number > 0
    data.test.N.width: a whole number > 0
    data.test.N.interpolation: one of bilinear, bicubic
    data.test.N.size: a whole number > 0
    data.test.N.size: a whole number > 0
    data.test.N.corner: one of top-left, top-right, bottom-left, bottom-right
    data.test.N.size: a whole number > 0
    data.test.N.padding: a whole number >= 0
    data.test.N.p: a number >= 0 and <= 1
    data.test.N.size: a whole number > 0
    data.test.N.interpolation: one of bilinear, bicubic
    data.test.N.scale: a list of 2 numbers > 0 and <= 1
    data.test.N.ratio: a list of 2 numbers > 0
    data.test.N.grows: true or false
    data.test.N.brightness: a number >= 0 or a list of 2 numbers >= 0
    data.test.N.contrast: a number >= 0 or a list of 2 numbers >= 0
    data.test.N.saturation: a number >= 0 or a list of 2 numbers >= 0
    data.test.N.hue: a number >= 0 and <= 0.5 or a list of 2 numbers >= -0.5 and <= 0.5
    data.test.N.p: a number >= 0 and <= 1
    data.test.N.p: a number >= 0 and <= 1
    data.test.N.sigma: a list of 2 numbers >= 0
    data.test.N.p: a number >= 0 and <= 1
    data.test.N.policy: one of cifar10, imagenet
    data.test.N.fill: a list of 3 numbers >= 0 and <= 255
    data.test.N.operations: a whole number > 0
    data.test.N.magnitude: a number >= 0 and <= 10
    data.test.N.magnitudeStd: a number >= 0
    data.test.N.p: a number >= 0 and <= 1
    data.test.N.fill: a list of 3 numbers >= 0 and <= 255
    data.test.N.fill: a list of 3 numbers >= 0 and <= 255
    data.test.N.size: a whole number > 0
    data.test.N.holes: a whole number > 0
    data.test.N.name: one of identity, shear-x, shear-y, translate-x, translate-y, translate-x-pixels, translate-y-pixels, rotate, brightness, color, contrast, sharpness, posterize, solarize, solarize-add, auto-contrast, equalize, invert
    data.test.N.value: a number >= -1000 and <= 1000
    data.test.N.interpolation: one of nearest, bilinear, bicubic
    data.test.N.fill: a list of 3 numbers >= 0 and <= 255
    data.mean: a list of 3 numbers
    data.std: a list of 3 numbers
    data.decode: one of exact, reduced
    data.cache: one of none, memory, disk
    data.cacheFolder: text or null
    data.workers: a whole number >= 0
    backbone: one of resnet8, resnet14, resnet20, resnet32, resnet44, resnet56, resnet110, resnet10, resnet18, resnet34, resnet50, resnet101, resnet152, resnext50-32x4d, resnext101-32x4d, resnext101-32x8d, resnext101-64x4d, efficientnet-lite0, mobilenet-v3-small, mobilenet-v3-large, convnext-tiny, convnext-small, convnext-base, convnext-large, vit-ti16, vit-s16, vit-b16, vit-b16-384, vit-b32, vit-l16, clip-b32, clip-b16, clip-l14, clip-l14-336, openclip-b32, openclip-b16, openclip-l14, dinov2-s14, dinov2-b14, dinov2-l14, dinov2-s14-reg, dinov2-b14-reg, dinov2-l14-reg, siglip-b16, siglip-b16-384, siglip-l16-256
    classifier.kind: one of fc, fc-norm, cosine
    classifier.bias: true or false
    classifier.scale: a number > 0
    classifier.bias: true or false
    classifier.start: one of random, class-means, text
    classifier.prompt: text
    classifier.names: text or null
    dropout: a number >= 0 and <= 1
    freezeBackbone: true or false
    trainable: one of all, last-stage, norm, bias
    adapter: an object or null
    adapter.kind: one of lora, adaptformer
    adapter.rank: a whole number > 0
    adapter.alpha: a number > 0
    adapter.targets: a list of q, k, v, proj, fc1, fc2
    adapter.dim: a whole number > 0
    adapter.scale: a number > 0
    adapter.learnScale: true or false
    adapter.init: one of uniform, normal
    freezeBatchNorm: true or false
    featureViews: one of plain, mirrored, ten-crops
    pretrained: an object or null
    pretrained.weights: one of auto, efficientnet-lite0, resnet18, resnet34, resnet50, resnet50-v1, resnet101, resnet101-v1, resnet152, resnet152-v1, resnext50-32x4d, resnext101-32x8d, resnext101-64x4d, convnext-tiny, convnext-small, convnext-base, convnext-large, mobilenet-v3-small, mobilenet-v3-large, vit-ti16, vit-s16, vit-b16, vit-b32, vit-b16-384, vit-l16, vit-b16-in21k, vit-b16-imagenet1k, dinov2-s14, dinov2-b14, dinov2-l14, dinov2-s14-reg, dinov2-b14-reg, dinov2-l14-reg, clip-b32, clip-b16, clip-l14, clip-l14-336, openclip-b32, openclip-b16, openclip-l14, siglip2-b16, siglip-b16, siglip2-b16-384, siglip2-l16-256 or null
    pretrained.file: text or null
    pretrained.load: one of backbone, all
    pretrained.key: text or null
    pretrained.reason: text
    method.kind: one of cross-entropy, balanced-softmax, ncl, ncl-plus-plus, ldam, distill
    method.experts: a whole number > 0
    method.sharedStages: a whole number >= 0
    method.labelSmoothing: a number >= 0 and <= 1
    method.experts: a whole number > 0
    method.tau: a number >= 0
    method.experts: a whole number > 0
    method.hardCategories: a whole number > 0
    method.crossEntropy: a number >= 0
    method.hardCrossEntropy: a number >= 0
    method.hardCategorySource: one of first, own, mean
    method.otherLogits: one of zeroed, removed
    method.logEpsilon: a number >= 0
    method.distillation: a number >= 0
    method.hardDistillation: a number >= 0
    method.contrastive: an object or null
    method.contrastive.weight: a number >= 0
    method.contrastive.queue: a whole number > 0
    method.contrastive.dimension: a whole number > 0
    method.contrastive.projectionBias: true or false
    method.contrastive.temperature: a number > 0
    method.contrastive.momentum: a number >= 0 and <= 1
    method.contrastive.keyProjection: one of frozen, ema
    method.experts: a whole number > 0
    method.augmentations: a whole number > 0
    method.hardCategories: a whole number > 0
    method.crossEntropy: a number >= 0
    method.hardCrossEntropy: a number >= 0
    method.hardCategorySource: one of first, own, mean
    method.otherLogits: one of zeroed, removed
    method.logEpsilon: a number >= 0
    method.distillation: a number >= 0
    method.experts: a whole number > 0
    method.maxMargin: a number > 0
    method.scale: a number > 0
    method.weighting: one of deferred, none
    method.beta: a number >= 0 and <= 0.999999
    method.deferUntil: a number >= 0 and <= 1
    method.deferUntilEpoch: a whole number >= 0 or null
    method.experts: a whole number > 0
    method.teacher: text
    method.temperature: a number > 0
    method.labels: a number >= 0 and <= 1
    method.features: a number >= 0
    adjustment.kind: one of none, logit-adjustment, tau-normalization, learned-scales
    adjustment.tau: a number > 0
    adjustment.tau: a number > 0
    adjustment.epochs: a whole number > 0
    adjustment.lr: a number > 0
    optimizer.kind: one of sgd, adam, adamw
    optimizer.lr: a number > 0
    optimizer.momentum: a number >= 0 and <= 1
    optimizer.nesterov: true or false
    optimizer.weightDecay: a number >= 0
    optimizer.accumulate: a whole number > 0
    optimizer.clipNorm: a number > 0 or null
    optimizer.backboneLr: a number > 0
    optimizer.layerDecay: a number > 0 and <= 1
    optimizer.weightDecay: a number >= 0
    optimizer.beta1: a number >= 0 and <= 0.999999
    optimizer.beta2: a number >= 0 and <= 0.999999
    optimizer.eps: a number > 0
    optimizer.weightDecay: a number >= 0
    optimizer.beta1: a number >= 0 and <= 0.999999
    optimizer.beta2: a number >= 0 and <= 0.999999
    optimizer.eps: a number > 0
    schedule.kind: one of multistep, cosine, constant
    schedule.milestones: a list of whole numbers > 0
    schedule.gamma: a number > 0
    schedule.warmupEpochs: a whole number >= 0
    schedule.warmupSteps: a whole number >= 0
    schedule.end: a number >= 0
    schedule.every: one of epoch, epoch-from-0, step
    ema: an object or null
    ema.decay: a number >= 0 and <= 1
    ema.warmup: true or false
    evaluation.every: a whole number > 0
    evaluation.batch: a whole number > 0
    evaluation.groups: one of field, ncl
    evaluation.fiveCrops: an object or null
    evaluation.fiveCrops.size: a whole number > 0
    evaluation.fiveCrops.interpolation: one of bilinear, bicubic
    evaluation.reportBest: true or false
    evaluation.weights: one of ema, raw
    selection.kind: one of held-out, last, test
    selection.fraction: a number > 0
    selection.seed: a whole number >= 0
    selection.patience: a whole number > 0 or null
    checkpoints.epochs: a whole number > 0
    checkpoints.steps: a whole number > 0 or null
    checkpoints.minutes: a number > 0 or null
    logs.tensorboard: true or false
    logs.csv: true or false
    logs.everySteps: a whole number > 0
    logs.histogramsEvery: a whole number > 0 or null
    logs.histogramsOf: one of ends, all
    logs.images: a whole number >= 0
    precision: one of float32, bfloat16, float16
    memoryFormat: one of channels_last, contiguous
    syncBatchNorm: true or false
    deterministic: true or false"
  `);
});

test("keys of one choice say which, shared keys come once", () => {
  expect(keys.filter(({ path }) => path === "method.experts")).toHaveLength(builtInSchemas.length);
  expect(keys.filter(({ path }) => path === "schedule.warmupSteps")).toMatchObject([
    { when: null, default: 0 },
  ]);
  expect(keys.find(({ path }) => path === "method.hardCategorySource")?.when).toEqual({
    path: "method.kind",
    kind: "ncl",
  });
});
