import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { loadRecipe } from "../load.js";
import { resolveRecipe } from "../resolve.js";
import { importReference } from "./import.js";
import { configurations, imported, moco, ncl, plusPlus } from "./reference.fixture.js";

const oneDevice = { "TRAIN.DISTRIBUTED": "False" };

describe("the reference's configurations", () => {
  test.each(configurations)("%s is imported, with remarks", (file) => {
    const { recipe, remarks } = imported(file);
    expect(recipe.method).toMatchObject({
      hardCategorySource: "first",
      otherLogits: "zeroed",
      logEpsilon: 1e-9,
    });
    expect(recipe.data.dropLast).toBe(true);
    expect(recipe.evaluation.groups).toBe("ncl");
    expect(remarks.join("\n")).not.toContain("DATASET.DATASET");
    expect(remarks).toContainEqual(expect.stringMatching(/^DATASET.TRAIN_JSON[:,]/));
  });

  test("NCL on CIFAR-100-LT", () => {
    expect(imported(ncl).recipe).toMatchObject({
      name: "NCL",
      seed: 42,
      epochs: 400,
      data: { kind: "cifar100", imbalance: 100, imageSize: 32, batch: 64, dropLast: true },
      backbone: "resnet32",
      classifier: { kind: "fc", bias: true },
      dropout: 0,
      pretrained: null,
      method: {
        ...{
          kind: "ncl",
          experts: 3,
          sharedStages: 0,
          hardCategories: 30,
          crossEntropy: 1,
          hardCrossEntropy: 1,
        },
        ...{
          distillation: 0.6,
          hardDistillation: 0.6,
          hardCategorySource: "first",
          otherLogits: "zeroed",
          logEpsilon: 1e-9,
        },
      },
      optimizer: { kind: "sgd", lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 2e-4, clipNorm: null },
      schedule: { kind: "multistep", milestones: [320, 360], gamma: 0.1, warmupEpochs: 5, warmupSteps: 0 },
      evaluation: { every: 1, batch: 256, groups: "ncl" },
    });
  });

  test("the built-in recipes are the same, apart from seed and how often they are evaluated and saved", async () => {
    const same = [
      [ncl, "cifar100-lt-ncl", {}],
      [moco, "cifar100-lt-ncl-contrastive", {}],
      [plusPlus, "cifar100-lt-ncl-plus-plus", {}],
      ["ImageNet_LT.yaml", "imagenet-lt-ncl", { "TRAIN.BATCH_SIZE": "256" }],
      ["inat18_NCL.yaml", "inat18-ncl", { "TRAIN.BATCH_SIZE": "512" }],
      ["Places_LT_NCL.yaml", "places-lt-ncl", { "TRAIN.BATCH_SIZE": "256" }],
    ] as const;
    for (const [file, name, settings] of same) {
      const { recipe } = imported(file, settings);
      const builtIn = await loadRecipe(name);
      const { description, citation, seed, evaluation, checkpoints } = recipe;
      const optimizer = { ...builtIn.optimizer, accumulate: recipe.optimizer.accumulate };
      const theirs = { checkpoints, name: recipe.name, description, citation, seed, evaluation, optimizer };
      expect({ ...builtIn, ...theirs }).toEqual(recipe);
    }
  });

  test("NCL on ImageNet-LT and iNaturalist 2018, on one device", () => {
    const cosine = { kind: "cosine", end: 1e-4, warmupEpochs: 0 };
    expect(imported("ImageNet_LT.yaml", oneDevice).recipe).toMatchObject({
      epochs: 200,
      data: { kind: "image-folder", imbalance: null, imageSize: 224, batch: 64, mean: [0.485, 0.456, 0.406] },
      backbone: "resnet50",
      classifier: { kind: "cosine", scale: 16 },
      method: { kind: "ncl", experts: 3, sharedStages: 0, hardCategories: 300, distillation: 0.6 },
      optimizer: { lr: 0.2, weightDecay: 2e-4 },
      schedule: cosine,
    });
    expect(imported("inat18_NCL.yaml", oneDevice).recipe).toMatchObject({
      epochs: 400,
      data: { mean: [0.466, 0.471, 0.38], std: [0.195, 0.194, 0.192] },
      classifier: { kind: "cosine", scale: 32 },
      method: { hardCategories: 2442 },
      optimizer: { lr: 0.2 },
      schedule: cosine,
    });
  });

  test("annotations that are there are read, from the working folder on", () => {
    const folder = mkdtempSync(join(tmpdir(), "longtail-annotations-"));
    const [train, valid] = ["train.json", "valid.json"].map((name) => join(folder, name));
    writeFileSync(train!, "{}");
    for (const file of [ncl, "ImageNet_LT.yaml"]) {
      const settings = {
        ...oneDevice,
        "DATASET.TRAIN_JSON": relative(".", train!),
        "DATASET.VALID_JSON": valid!,
      };
      const { recipe, remarks } = imported(file, settings);
      expect(recipe.data).toMatchObject({
        kind: "annotations",
        root: ".",
        trainFile: train,
        testFile: valid,
        imbalance: null,
      });
      expect(remarks.join("\n")).not.toContain("_JSON");
    }
    rmSync(folder, { recursive: true });
  });

  test("what differs from the reference and what has no effect is said", () => {
    expect(imported(ncl).remarks.join("\n")).toMatchInlineSnapshot(`
      "DATASET.TRAIN_JSON: no such file: CIFAR-100 from --data stands in, cut to imbalance 100; classes have as many images as there, but not the same ones
      DATASET.VALID_JSON: no effect: the test images are those of --data
      BACKBONE.TYPE: no effect: the networks are those of BACKBONE.MULTI_NETWORK_TYPE
      CLASSIFIER.SEMI_TYPE, LOSS.CON_RATIO: no effect: it belongs to NETWORK.MOCO True
      OUTPUT_DIR: no effect: a run lies in --out, or in runs/NAME
      SHOW_STEP: no effect: progress is shown all the time, and every step is in metrics.jsonl
      TRAIN.NUM_WORKERS, TEST.NUM_WORKERS: no effect: the number of threads is chosen; --set data.workers=N changes it, the images stay the same
      TRAIN.TENSORBOARD.ENABLE: no effect: what it would show is in metrics.jsonl
      TRAIN.SAMPLER.TYPE: no effect: the reference samples by TRAIN.SAMPLER.MULTI_NETWORK_TYPE
      TRAIN.SYNCBN: no effect: the reference synchronizes batch norm whenever TRAIN.DISTRIBUTED is True
      TEST.MODEL_FILE: no effect: the model to evaluate is the argument of \`longtail evaluate\`
      TRANSFORMS.TRAIN_TRANSFORMS, TRANSFORMS.TEST_TRANSFORMS: no effect: every data set of the reference brings its own transforms"
    `);
    expect(imported("ImageNet_LT.yaml", oneDevice).remarks.slice(0, 1).join("\n")).toMatchInlineSnapshot(
      `"DATASET.TRAIN_JSON: no such file; the images are those of --data DIR, in DIR/train/CLASS and DIR/test/CLASS"`,
    );
  });

  test("images are changed as the reference changes them", () => {
    const images = (file: string): unknown => {
      const { train, secondView, test } = imported(file).recipe.data;
      return { train, secondView, test };
    };
    const flip = { kind: "horizontal-flip", p: 0.5 };
    const crop = {
      kind: "random-resized-crop",
      size: 224,
      interpolation: "bilinear",
      scale: [0.08, 1],
      ratio: [3 / 4, 4 / 3],
      grows: false,
    };
    const jitter = { kind: "color-jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0, p: 1 };
    const gray = { kind: "grayscale", p: 0.2 };
    const blur = { kind: "gaussian-blur", sigma: [0.1, 2], p: 0.5 };
    const regular = [
      { kind: "random-crop", size: 32, padding: 4 },
      flip,
      { kind: "auto-augment", policy: "cifar10", fill: [128, 128, 128] },
      { kind: "cutout", size: 16, holes: 1 },
    ];
    const similar = [
      { ...crop, size: 32, scale: [0.2, 1] },
      flip,
      { ...jitter, hue: 0.1, p: 0.8 },
      gray,
      blur,
    ];
    const rand = { kind: "rand-augment", operations: 2, magnitude: 10, magnitudeStd: 0.5, p: 0.5 };
    const large = [crop, flip, jitter, { ...rand, fill: [124, 116, 104] }];
    const resized = [
      { kind: "resize", size: 256, interpolation: "bilinear" },
      { kind: "center-crop", size: 224 },
    ];
    expect(images(ncl)).toEqual({ train: regular, secondView: null, test: [] });
    expect(images(plusPlus)).toEqual({ train: regular, secondView: null, test: [] });
    expect(images(moco)).toEqual({ train: regular, secondView: similar, test: [] });
    expect(images("ImageNet_LT.yaml")).toEqual({ train: large, secondView: null, test: resized });
    expect(images("inat18_NCL.yaml")).toEqual({ train: large, secondView: null, test: resized });
    expect(images("Places_LT_NCL.yaml")).toEqual({
      train: [crop, jitter, gray, blur, flip],
      secondView: null, // the same, with other random numbers
      test: resized,
    });
  });

  test("NCL++", () => {
    const { recipe, remarks } = imported(plusPlus);
    expect(recipe.method).toEqual({
      ...{
        kind: "ncl-plus-plus",
        experts: 2,
        sharedStages: 0,
        augmentations: 4,
        hardCategories: 30,
        crossEntropy: 1,
        hardCrossEntropy: 1,
      },
      ...{ distillation: 0.6, hardCategorySource: "first", otherLogits: "zeroed", logEpsilon: 1e-9 },
    });
    expect(recipe.data).toMatchObject({ kind: "cifar100", imbalance: 100, batch: 64, secondView: null });
    expect(remarks.filter((remark) => remark.startsWith("DATASET.INTRA_N"))).toEqual([]);
    const factor = "LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR_HCM";
    expect(imported(plusPlus, { [factor]: "0.6" }).remarks).toContain(
      `${factor}: no effect: NIL_NBOD_plus does not read it, in the reference either`,
    );
  });

  test("the contrastive branch, as the reference has it", () => {
    const branch = { weight: 1, temperature: 0.2, momentum: 0.999, keyProjection: "frozen" };
    const { method } = imported(moco).recipe;
    expect(method).toMatchObject({ kind: "ncl", contrastive: { ...branch, queue: 1024, dimension: 64 } });
    expect(imported("Places_LT_NCL.yaml").recipe).toMatchObject({
      epochs: 30,
      backbone: "resnet152",
      classifier: { kind: "cosine", scale: 16 },
      pretrained: { file: "resnet152-b121ed2d.pth", load: "backbone" },
      method: { hardCategories: 122, contrastive: { ...branch, queue: 65536, dimension: 1024 } },
      schedule: { kind: "multistep", milestones: [10, 20], warmupEpochs: 5 },
    });
  });

  test("ADAM", () => {
    const { recipe, remarks } = imported(ncl, {
      "TRAIN.OPTIMIZER.TYPE": "ADAM",
      "TRAIN.OPTIMIZER.BASE_LR": "0.001",
    });
    expect(recipe.optimizer).toMatchObject({
      ...{ kind: "adam", lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 2e-4 },
    });
    expect(remarks).toContain(
      "TRAIN.OPTIMIZER.MOMENTUM: no effect: it does not belong to TRAIN.OPTIMIZER.TYPE ADAM",
    );
  });

  test("CLASSIFIER.BIAS and DROPOUT with the contrastive branch, as the reference has them", () => {
    const without = imported(moco, { "CLASSIFIER.BIAS": "False", DROPOUT: "True" }).recipe;
    expect(without).toMatchObject({
      dropout: 0.5,
      classifier: { kind: "fc", bias: false },
      method: { contrastive: { projectionBias: false } },
    });
    const cosine = imported(moco, { "CLASSIFIER.TYPE": "cos", "CLASSIFIER.BIAS": "False" });
    expect(cosine.recipe).toMatchObject({
      classifier: { kind: "cosine", bias: true },
      method: { contrastive: { projectionBias: false } },
    });
    expect(cosine.remarks.join("\n")).toContain("CLASSIFIER.BIAS: of the projections alone");
    expect(() => imported(moco, { "CLASSIFIER.TYPE": "FCNorm" })).toThrow(
      "CLASSIFIER.TYPE: expected FC or cos with NETWORK.MOCO True",
    );
  });

  test("a queue that the batch does not divide wraps, where the reference stops", () => {
    const { recipe, remarks } = imported(moco, { "NETWORK.MOCO_K": "1000" });
    expect(recipe.method).toMatchObject({ contrastive: { queue: 1000 } });
    expect(remarks).toContain(
      "NETWORK.MOCO_K: TRAIN.BATCH_SIZE does not divide it: the queue wraps, the reference stops",
    );
  });

  test("a single network has nobody to learn from, and may train", () => {
    const { recipe, remarks } = imported(ncl, { "BACKBONE.MULTI_NETWORK_TYPE": "['res32_cifar']" });
    expect(recipe.method).toMatchObject({ kind: "ncl", experts: 1, sharedStages: 0 });
    expect(remarks).toContain(
      "BACKBONE.MULTI_NETWORK_TYPE: a single network has no other to learn from: the distillation between experts is 0",
    );
  });

  test("several GPUs: one process trains, and it is said how to have their batch", () => {
    const { recipe, remarks } = imported("ImageNet_LT.yaml");
    expect(recipe.data.batch).toBe(64);
    expect(recipe).toEqual(imported("ImageNet_LT.yaml", oneDevice).recipe);
    expect(remarks.filter((remark) => remark.startsWith("TRAIN.DISTRIBUTED"))).toMatchInlineSnapshot(`
      [
        "TRAIN.DISTRIBUTED: TRAIN.BATCH_SIZE is of each process, as in the reference: one process trains with it; for the batch of N GPUs start N by \`longtail launch --nproc N\`, or multiply it by N and --set optimizer.accumulate=N",
      ]
    `);
  });
});

describe("settings after the file", () => {
  test("are laid over it", () => {
    const { recipe } = imported(ncl, {
      NAME: "short run",
      DROPOUT: "True",
      "BACKBONE.MULTI_NETWORK_TYPE": "['res32_cifar', 'res32_cifar']",
      "TRAIN.MAX_EPOCH": "100",
      "TRAIN.OPTIMIZER.BASE_LR": "2e-2",
      "TRAIN.LR_SCHEDULER.LR_STEP": "(80, 90)",
    });
    expect(recipe).toMatchObject({
      name: "short run",
      epochs: 100,
      dropout: 0.5,
      method: { experts: 2 },
      optimizer: { lr: 0.02 },
      schedule: { milestones: [80, 90] },
    });
  });

  test("the last of two for a key counts, and there are two for each", () => {
    const read = (...settings: string[]): unknown => {
      const { overrides } = importReference(
        { DATASET: { TRAIN_JSON: "cifar10_imbalance50.json" } },
        "mine.yaml",
        settings,
      );
      return overrides.find(({ path }) => path[0] === "epochs")?.value;
    };
    expect(read("TRAIN.MAX_EPOCH", "200", "TRAIN.MAX_EPOCH", "100")).toBe(100);
    expect(() => read("TRAIN.MAX_EPOCH", "200", "NAME")).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: expected KEY VALUE pairs after the file, found NAME without a value]`,
    );
  });

  test("numbers may be text in the file, too, and lists tuples", () => {
    const { recipe, overrides } = importReference(
      {
        DATASET: { TRAIN_JSON: "cifar10_imbalance50_train.json" },
        TRAIN: {
          OPTIMIZER: { BASE_LR: "5e-2", WEIGHT_DECAY: "2e-4" },
          LR_SCHEDULER: { LR_STEP: "(3, 4)" },
        },
      },
      "mine.yaml",
      [],
    );
    expect(resolveRecipe(recipe, "mine.yaml", overrides)).toMatchObject({
      name: "default",
      epochs: 60,
      data: { kind: "cifar10", imbalance: 50, batch: 32 },
      method: { kind: "cross-entropy", experts: 1, sharedStages: 0 },
      optimizer: { lr: 0.05, weightDecay: 2e-4 },
      schedule: { kind: "multistep", milestones: [3, 4], gamma: 0.1, warmupEpochs: 0 },
      evaluation: { every: 5, batch: 32 },
    });
  });

  test("VALID_STEP -1 evaluates once", () => {
    const { recipe, remarks } = imported(ncl, { VALID_STEP: "-1" });
    expect(recipe.evaluation.every).toBe(400);
    expect(remarks).toContain("VALID_STEP: the last epoch is evaluated all the same");
  });

  test.each([
    ["default", "instance"],
    ["weighted_balance", "class-balanced"],
    ["weighted_square", "fourth-root"],
    ["weighted_progressive", "progressive"],
  ])("the sampler %s is %s", (name, kind) => {
    const { recipe } = imported(ncl, { "TRAIN.SAMPLER.MULTI_NETWORK_TYPE": `['${name}']` });
    expect(recipe.data.sampler).toEqual({ kind });
  });

  test("weighted_square is the fourth root, and that is said", () => {
    const { remarks } = imported(ncl, { "TRAIN.SAMPLER.MULTI_NETWORK_TYPE": "['weighted_square']" });
    expect(remarks).toContain(
      "TRAIN.SAMPLER.MULTI_NETWORK_TYPE: weighted_square draws classes by the fourth root of their images, not the " +
        "square root, as in the reference; --set data.sampler.kind=square-root changes it",
    );
  });

  test("other samplers than the first are not used, as in the reference", () => {
    const { remarks } = imported(ncl, {
      "TRAIN.SAMPLER.MULTI_NETWORK_TYPE": "('default', 'weighted_balance')",
    });
    expect(remarks).toContain(
      "TRAIN.SAMPLER.MULTI_NETWORK_TYPE: no effect beyond the first, as in the reference",
    );
  });
});
