/** Messages name the key, what was expected, what was found and where. */
import { expect, test } from "vitest";
import { importReference } from "./import.js";
import { fault, moco, ncl, plusPlus } from "./reference.fixture.js";

test("unknown keys", () => {
  expect(fault(ncl, { "TRAIN.BATCHSIZE": "3", "LOSS.HCMN": "3", Color: "3" })).toMatchInlineSnapshot(`
    "unknown key TRAIN.BATCHSIZE; did you mean TRAIN.BATCH_SIZE? (TRAIN.BATCHSIZE 3)
    unknown key LOSS.HCMN; did you mean LOSS.HCM_N? (LOSS.HCMN 3)
    unknown key Color; it is none of the reference's (Color 3)"
  `);
  expect(fault(ncl, { TRAIN: "4" })).toMatchInlineSnapshot(
    `"TRAIN: expected a section of keys such as TRAIN.BATCH_SIZE, found "4" (TRAIN 4)"`,
  );
});

test("wrong types", () => {
  expect(fault(ncl, { "TRAIN.MAX_EPOCH": "many", "TRAIN.BATCH_SIZE": "1.5", "NETWORK.MOCO": "maybe" }))
    .toMatchInlineSnapshot(`
    "TRAIN.BATCH_SIZE: expected a whole number, found "1.5" (TRAIN.BATCH_SIZE 1.5)
    TRAIN.MAX_EPOCH: expected a whole number, found "many" (TRAIN.MAX_EPOCH many)
    NETWORK.MOCO: expected True or False, found "maybe" (NETWORK.MOCO maybe)"
  `);
});

test("tuples that are none", () => {
  expect(fault(ncl, { INPUT_SIZE: "(32, 32", "TRANSFORMS.TEST_TRANSFORMS": "(center_crop)" }))
    .toMatchInlineSnapshot(`
    "INPUT_SIZE: expected a tuple of two whole numbers, such as (32, 32), found "(32, 32" (INPUT_SIZE (32, 32)
    TRANSFORMS.TEST_TRANSFORMS: expected a list or tuple of names, such as ('a', 'b'), found "(center_crop)" (TRANSFORMS.TEST_TRANSFORMS (center_crop))"
  `);
  expect(fault(ncl, { "TRAIN.LR_SCHEDULER.LR_STEP": "(320.5, 360)" })).toMatchInlineSnapshot(
    `"TRAIN.LR_SCHEDULER.LR_STEP: expected a list or tuple of whole numbers, such as [320, 360], found "(320.5, 360)" (TRAIN.LR_SCHEDULER.LR_STEP (320.5, 360))"`,
  );
});

test("in the file", () => {
  const document = { TRAIN: { BATCHSIZE: 3, MAX_EPOCH: "many", LR_SCHEDULER: 7 }, epochs: 4 };
  expect(() => importReference(document, "mine.yaml", [])).toThrowErrorMatchingInlineSnapshot(`
    [UsageError: unknown key TRAIN.BATCHSIZE; did you mean TRAIN.BATCH_SIZE? (mine.yaml)
    TRAIN.LR_SCHEDULER: expected a section of keys such as TRAIN.LR_SCHEDULER.TYPE, found 7 (mine.yaml)
    unknown key epochs; it is none of the reference's (mine.yaml)
    TRAIN.MAX_EPOCH: expected a whole number, found "many" (mine.yaml)]
  `);
});

test("unknown networks, losses, data sets, samplers and other names", () => {
  expect(
    fault(ncl, {
      "BACKBONE.MULTI_NETWORK_TYPE": "['res32_cifr']",
      "BACKBONE.TYPE": "vit",
      "LOSS.LOSS_TYPE": "NIL_NBOT",
      "DATASET.DATASET": "ImageNetLT",
      "TRAIN.SAMPLER.MULTI_NETWORK_TYPE": "['weighted_balanced']",
      "TRAIN.OPTIMIZER.TYPE": "LBFGS",
      "CLASSIFIER.TYPE": "fc",
      "MODULE.TYPE": "gap",
    }),
  ).toMatchInlineSnapshot(`
    "DATASET.DATASET: expected one of MULTI_NETWORK_CIFAR_AUGPLIS, MULTI_NETWORK_CIFAR_MOCO_AUGPLIS, MULTI_NETWORK_CIFAR_AUGPLIS_NCL_PLUS, ImageNet_LT, iNaturalist, Places_LT_MOCO, found "ImageNetLT", did you mean ImageNet_LT? (DATASET.DATASET ImageNetLT)
    BACKBONE.MULTI_NETWORK_TYPE: expected one of res32_cifar, res50, res152, found "res32_cifr", did you mean res32_cifar? (BACKBONE.MULTI_NETWORK_TYPE ['res32_cifr'])
    BACKBONE.TYPE: expected one of res32_cifar, res50, res152, found "vit" (BACKBONE.TYPE vit)
    CLASSIFIER.TYPE: expected one of FC, FCNorm, cos, found "fc" (CLASSIFIER.TYPE fc)
    MODULE.TYPE: expected one of GAP, Identity, found "gap" (MODULE.TYPE gap)
    LOSS.LOSS_TYPE: expected one of CrossEntropy, NIL_NBOD, NIL_NBOD_plus, found "NIL_NBOT", did you mean NIL_NBOD? (LOSS.LOSS_TYPE NIL_NBOT)
    TRAIN.OPTIMIZER.TYPE: expected one of SGD, ADAM, found "LBFGS" (TRAIN.OPTIMIZER.TYPE LBFGS)
    TRAIN.SAMPLER.MULTI_NETWORK_TYPE: expected one of default, weighted_balance, weighted_square, weighted_progressive, found "weighted_balanced", did you mean weighted_balance? (TRAIN.SAMPLER.MULTI_NETWORK_TYPE ['weighted_balanced'])"
  `);
});

test("values out of range name both keys", () => {
  expect(fault(ncl, { "TRAIN.BATCH_SIZE": "-3", "TRAIN.OPTIMIZER.BASE_LR": "0", "LOSS.HCM_N": "0" }))
    .toMatchInlineSnapshot(`
    "data.batch: expected a whole number > 0, found -3 (TRAIN.BATCH_SIZE -3)
    method.hardCategories: expected a whole number > 0, found 0 (LOSS.HCM_N 0)
    optimizer.lr: expected a number > 0, found 0 (TRAIN.OPTIMIZER.BASE_LR 0)"
  `);
});

test("no experts; data that the file's name does not say", () => {
  expect(fault(ncl, { "BACKBONE.MULTI_NETWORK_TYPE": "()", "DATASET.TRAIN_JSON": "train.json" }))
    .toMatchInlineSnapshot(`
      "DATASET.TRAIN_JSON: expected a file, or a name that says which data it is, such as cifar100_imbalance100_train.json, found "train.json" (DATASET.TRAIN_JSON train.json)
      BACKBONE.MULTI_NETWORK_TYPE: expected a network for each expert, found [] (BACKBONE.MULTI_NETWORK_TYPE ())"
    `);
});

test("parts that do not belong together", () => {
  expect(
    fault(ncl, {
      "TRAIN.COMBINER.TYPE": "multi_network_default_CON",
      "DATASET.DATASET": "MULTI_NETWORK_CIFAR_MOCO_AUGPLIS",
    }),
  ).toMatchInlineSnapshot(`
    "TRAIN.COMBINER.TYPE: expected multi_network_default with NETWORK.MOCO False, found "multi_network_default_CON" (TRAIN.COMBINER.TYPE multi_network_default_CON)
    DATASET.DATASET: expected a data set without a second view with NETWORK.MOCO False, found "MULTI_NETWORK_CIFAR_MOCO_AUGPLIS" (DATASET.DATASET MULTI_NETWORK_CIFAR_MOCO_AUGPLIS)"
  `);
  expect(fault(ncl, { "DATASET.DATASET": "MULTI_NETWORK_CIFAR_AUGPLIS_NCL_PLUS" })).toMatchInlineSnapshot(
    `"LOSS.LOSS_TYPE: expected NIL_NBOD_plus with a data set that makes INTRA_N copies, found "NIL_NBOD" (cifar100_im100_NCL.yaml)"`,
  );
});

test("NCL++ needs copies of images, the contrastive branch two views", () => {
  expect(fault(plusPlus, { "DATASET.DATASET": "MULTI_NETWORK_CIFAR_AUGPLIS" })).toMatchInlineSnapshot(
    `"DATASET.DATASET: expected a data set that makes INTRA_N copies with NIL_NBOD_plus, found "MULTI_NETWORK_CIFAR_AUGPLIS" (DATASET.DATASET MULTI_NETWORK_CIFAR_AUGPLIS)"`,
  );
  expect(fault(moco, { "DATASET.DATASET": "MULTI_NETWORK_CIFAR_AUGPLIS" })).toMatchInlineSnapshot(
    `"DATASET.DATASET: expected a data set with two views (…_MOCO…) with NETWORK.MOCO True, found "MULTI_NETWORK_CIFAR_AUGPLIS" (DATASET.DATASET MULTI_NETWORK_CIFAR_AUGPLIS)"`,
  );
  expect(fault(moco, { "TRAIN.COMBINER.TYPE": "multi_network_default" })).toMatchInlineSnapshot(
    `"TRAIN.COMBINER.TYPE: expected multi_network_default_CON with NETWORK.MOCO True, found "multi_network_default" (TRAIN.COMBINER.TYPE multi_network_default)"`,
  );
});

test("the contrastive branch: a queue smaller than the batch, another projection, another loss", () => {
  expect(fault(moco, { "NETWORK.MOCO_K": "32" })).toMatchInlineSnapshot(
    `"NETWORK.MOCO_K: expected at least TRAIN.BATCH_SIZE, 64, found 32 (NETWORK.MOCO_K 32)"`,
  );
  expect(fault(moco, { "CLASSIFIER.SEMI_TYPE": "linear" })).toMatchInlineSnapshot(
    `"CLASSIFIER.SEMI_TYPE: expected mlp, found "linear" (CLASSIFIER.SEMI_TYPE linear)"`,
  );
  expect(fault(moco, { "LOSS.LOSS_TYPE": "CrossEntropy" })).toMatchInlineSnapshot(
    `"NETWORK.MOCO True: not yet: the contrastive branch with another LOSS.LOSS_TYPE than NIL_NBOD (cifar100_im100_NCL_with_contrastive.yaml)"`,
  );
  expect(fault(moco, { "NETWORK.MOCO_K": "0", "NETWORK.MOCO_T": "0", "NETWORK.MA_MODEL_ALPHA": "1.5" }))
    .toMatchInlineSnapshot(`
    "method.contrastive.queue: expected a whole number > 0, found 0 (NETWORK.MOCO_K 0)
    method.contrastive.temperature: expected a number > 0, found 0 (NETWORK.MOCO_T 0)
    method.contrastive.momentum: expected a number >= 0 and <= 1, found 1.5 (NETWORK.MA_MODEL_ALPHA 1.5)"
  `);
});

test("what the reference can do and longtail cannot", () => {
  expect(
    fault(ncl, {
      "BACKBONE.MULTI_NETWORK_TYPE": "('res50', 'res152')",
      "MODULE.TYPE": "Identity",
      "TRAIN.LR_SCHEDULER.TYPE": "cosine",
      "TRAIN.LR_SCHEDULER.COSINE_DECAY_END": "300",
      "TRAIN.SHUFFLE": "False",
      EVAL_MODE: "True",
      RESUME_MODEL: "epoch_5.pth",
      COLOR_SPACE: "BGR",
    }),
  ).toMatchInlineSnapshot(`
    "BACKBONE.MULTI_NETWORK_TYPE ["res50","res152"]: not yet: experts with different networks (BACKBONE.MULTI_NETWORK_TYPE ('res50', 'res152'))
    MODULE.TYPE "Identity": not yet: features that are not averaged (MODULE.TYPE Identity)
    TRAIN.LR_SCHEDULER.COSINE_DECAY_END 300: not yet: a cosine that does not end with TRAIN.MAX_EPOCH (TRAIN.LR_SCHEDULER.COSINE_DECAY_END 300)
    TRAIN.SHUFFLE False: not yet: training images in the order of the data (TRAIN.SHUFFLE False)
    EVAL_MODE True: not yet: training with batch norm as in evaluation (EVAL_MODE True)
    RESUME_MODEL: expected '' and the checkpoint as --from FILE, found "epoch_5.pth" (RESUME_MODEL epoch_5.pth)
    COLOR_SPACE "BGR": not yet: another order of colors than RGB (COLOR_SPACE BGR)"
  `);
});
