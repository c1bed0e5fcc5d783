/** Nothing in a file of the reference is ignored in silence. */
import { expect, test } from "vitest";
import type { UsageError } from "../../support/errors.js";
import { type ReferenceKey, referenceKeyNames, referenceKeys } from "./keys.js";
import { imported, moco, ncl, type Outcome, plusPlus, type Settings } from "./reference.fixture.js";
/** Another valid or refused value for every key. */
const changes: Record<ReferenceKey, string> = {
  RAND_SEED: "7",
  NAME: "other",
  OUTPUT_DIR: "elsewhere",
  VALID_STEP: "9",
  SAVE_STEP: "9",
  SHOW_STEP: "9",
  PIN_MEMORY: "False",
  INPUT_SIZE: "(64, 64)",
  COLOR_SPACE: "BGR",
  RESUME_MODEL: "epoch_5.pth",
  RESUME_MODE: "state_dict",
  EVAL_MODE: "True",
  CLASSES_NUM: "10",
  "DATASET.DATASET": "ImageNet_LT",
  "DATASET.INTRA_N": "2",
  "DATASET.TRAIN_JSON": "cifar10_imbalance50_train.json",
  "DATASET.VALID_JSON": "cifar10_imbalance50_valid.json",
  "NETWORK.PRETRAINED_MODEL": "weights.pth",
  "NETWORK.LOAD_BACKBONE_ONLY": "True",
  "NETWORK.MA_MODEL_ALPHA": "0.99",
  "NETWORK.MOCO": "True",
  "NETWORK.MOCO_K": "128",
  "NETWORK.MOCO_DIM": "128",
  "NETWORK.MOCO_T": "0.3",
  "BACKBONE.TYPE": "res50",
  "BACKBONE.MULTI_NETWORK_TYPE": "['res32_cifar']",
  "BACKBONE.FREEZE": "True",
  "BACKBONE.PRETRAINED_MODEL": "weights.safetensors",
  "MODULE.TYPE": "Identity",
  DROPOUT: "True",
  "CLASSIFIER.TYPE": "cos",
  "CLASSIFIER.COS_SCALE": "32",
  "CLASSIFIER.SEMI_TYPE": "FC",
  "CLASSIFIER.MULTI_NETWORK_TYPE": "['cos']",
  "CLASSIFIER.BIAS": "False",
  "CLASSIFIER.NUM": "3",
  "LOSS.LOSS_TYPE": "CrossEntropy",
  "LOSS.HCM_N": "10",
  "LOSS.CON_RATIO": "0.5",
  "LOSS.HCM_RATIO": "0.5",
  "LOSS.CE_RATIO": "0.5",
  "LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR": "0.5",
  "LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR_HCM": "0.5",
  "TRAIN.BATCH_SIZE": "16",
  "TRAIN.MAX_EPOCH": "10",
  "TRAIN.SHUFFLE": "False",
  "TRAIN.NUM_WORKERS": "1",
  "TRAIN.TENSORBOARD.ENABLE": "False",
  "TRAIN.COMBINER.TYPE": "multi_network_default_CON",
  "TRAIN.SAMPLER.TYPE": "weighted sampler",
  "TRAIN.SAMPLER.MULTI_NETWORK_TYPE": "['weighted_balance']",
  "TRAIN.OPTIMIZER.TYPE": "ADAM",
  "TRAIN.OPTIMIZER.BASE_LR": "0.5",
  "TRAIN.OPTIMIZER.MOMENTUM": "0.5",
  "TRAIN.OPTIMIZER.WEIGHT_DECAY": "5e-4",
  "TRAIN.LR_SCHEDULER.TYPE": "cosine",
  "TRAIN.LR_SCHEDULER.LR_STEP": "[1, 2]",
  "TRAIN.LR_SCHEDULER.LR_FACTOR": "0.5",
  "TRAIN.LR_SCHEDULER.WARM_EPOCH": "2",
  "TRAIN.LR_SCHEDULER.COSINE_DECAY_END": "10",
  "TRAIN.DISTRIBUTED": "True",
  "TRAIN.SYNCBN": "False",
  "TEST.BATCH_SIZE": "16",
  "TEST.NUM_WORKERS": "1",
  "TEST.MODEL_FILE": "other.pth",
  "TRANSFORMS.MULTI_AUG": "True",
  "TRANSFORMS.TRAIN_TRANSFORMS": "('random_crop',)",
  "TRANSFORMS.TEST_TRANSFORMS": "('center_crop',)",
  "TRANSFORMS.PROCESS_DETAIL.RANDOM_CROP.PADDING": "2",
  "TRANSFORMS.PROCESS_DETAIL.RANDOM_RESIZED_CROP.SCALE": "(0.5, 1.0)",
  "TRANSFORMS.PROCESS_DETAIL.RANDOM_RESIZED_CROP.RATIO": "(1.0, 1.0)",
};

/** Where keys that belong to some choice change the recipe. */
const context: Partial<Record<ReferenceKey, { file: string; settings?: Settings }>> = {
  "CLASSIFIER.COS_SCALE": { file: ncl, settings: { "CLASSIFIER.TYPE": "cos" } },
  "DATASET.INTRA_N": { file: plusPlus },
  "NETWORK.MA_MODEL_ALPHA": { file: moco },
  "NETWORK.MOCO_K": { file: moco },
  "NETWORK.MOCO_DIM": { file: moco },
  "NETWORK.MOCO_T": { file: moco },
  "LOSS.CON_RATIO": { file: moco },
};

const plain = imported(ncl);

test.each(referenceKeyNames)("%s changes the recipe, is remarked on, or is refused", (key) => {
  const outcome = (): Outcome | string => {
    try {
      return imported(ncl, { [key]: changes[key] });
    } catch (error) {
      return (error as UsageError).message;
    }
  };
  const found = outcome();
  if (typeof found === "string") expect(found).toContain(key);
  else if (remarksOn(key, found).length === 0) expect(found.recipe).not.toEqual(plain.recipe);
});

test.each(referenceKeyNames.filter((key) => referenceKeys[key].noEffect !== null))(
  "%s has no effect: the recipe stays, and it is said why",
  (key) => {
    const outcome = imported(ncl, { [key]: changes[key] });
    expect(outcome.recipe).toEqual(plain.recipe);
    expect(remarksOn(key, outcome)).toEqual([expect.stringContaining(": no effect: ")]);
  },
);

test.each(Object.entries(context))("%s where it belongs", (key, { file, settings = {} }) => {
  const before = imported(file, settings).recipe;
  const after = imported(file, { ...settings, [key]: changes[key as ReferenceKey] });
  expect(after.recipe).not.toEqual(before);
  expect(remarksOn(key, after)).toEqual([]);
});

function remarksOn(key: string, { remarks }: Outcome): string[] {
  return remarks.filter((remark) => remark.split(": ")[0]?.split(", ").includes(key));
}
