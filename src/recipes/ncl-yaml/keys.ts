import type { Json } from "../../support/json.js";

/** A key of the reference's YAML. */
export interface KeySpec<T extends Json> {
  /** For messages: "a whole number", … */
  readonly type: string;
  /** The value as T, undefined when it is of another type. */
  readonly read: (value: Json) => T | undefined;
  /** The reference's. */
  readonly default: T;
  /** Why the key changes nothing here; null for keys that do. */
  readonly noEffect: string | null;
}

type Spec<T extends Json> = (value: T, noEffect?: string) => KeySpec<T>;

/** Makes the specifications of keys of one type. */
function type<T extends Json>(name: string, is: (value: Json) => boolean): Spec<T> {
  const read = (value: Json): T | undefined => (is(value) ? (value as T) : undefined);
  return (value, noEffect) => ({ type: name, read, default: value, noEffect: noEffect ?? null });
}

const isText = (value: Json): boolean => typeof value === "string";
const isNumber = (value: Json): boolean => typeof value === "number" && Number.isFinite(value);
const isList = (value: Json, isItem: (item: Json) => boolean, length?: number): boolean =>
  Array.isArray(value) && value.every(isItem) && (length === undefined || value.length === length);

const text = type<string>("text", isText);
const flag = type<boolean>("True or False", (value) => typeof value === "boolean");
const whole = type<number>("a whole number", Number.isSafeInteger);
const number = type<number>("a number", isNumber);
const names = type<readonly string[]>("a list or tuple of names, such as ('a', 'b')", (value) =>
  isList(value, isText),
);
const wholes = type<readonly number[]>("a list or tuple of whole numbers, such as [320, 360]", (value) =>
  isList(value, Number.isSafeInteger),
);
const size = type<readonly number[]>("a tuple of two whole numbers, such as (32, 32)", (value) =>
  isList(value, Number.isSafeInteger, 2),
);
const range = type<readonly number[]>("a tuple of two numbers, such as (0.08, 1.0)", (value) =>
  isList(value, isNumber, 2),
);

const ownTransforms = "every data set of the reference brings its own transforms";
const unread = "the reference does not read it";
const threads = "the number of threads is chosen; --set data.workers=N changes it, the images stay the same";

/** Every key. What those without `noEffect` become is in the files beside this one. */
export const referenceKeys = {
  RAND_SEED: whole(42),
  NAME: text("default"),
  OUTPUT_DIR: text("", "a run lies in --out, or in runs/NAME"),
  VALID_STEP: whole(5),
  SAVE_STEP: whole(5),
  SHOW_STEP: whole(20, "progress is shown all the time, and every step is in metrics.jsonl"),
  PIN_MEMORY: flag(true, "how images reach the device is no choice"),
  INPUT_SIZE: size([224, 224]),
  COLOR_SPACE: text("RGB"),
  RESUME_MODEL: text(""),
  RESUME_MODE: text("all", "--from takes all that a checkpoint holds"),
  EVAL_MODE: flag(false),
  CLASSES_NUM: whole(100, "the classes come from the data; the reference does not read it either"),
  "DATASET.DATASET": text("MULTI_NETWORK_CIFAR_AUGPLIS"),
  "DATASET.INTRA_N": whole(1),
  "DATASET.TRAIN_JSON": text(""),
  "DATASET.VALID_JSON": text(""),
  "NETWORK.PRETRAINED_MODEL": text("", `${unread}; weights to start from are BACKBONE.PRETRAINED_MODEL`),
  "NETWORK.LOAD_BACKBONE_ONLY": flag(false, unread),
  "NETWORK.MA_MODEL_ALPHA": number(0.999),
  "NETWORK.MOCO": flag(false),
  "NETWORK.MOCO_K": whole(65536),
  "NETWORK.MOCO_DIM": whole(65536),
  "NETWORK.MOCO_T": number(0.07),
  "BACKBONE.TYPE": text("res50"),
  "BACKBONE.MULTI_NETWORK_TYPE": names(["res32_cifar"]),
  "BACKBONE.FREEZE": flag(false),
  "BACKBONE.PRETRAINED_MODEL": text(""),
  "MODULE.TYPE": text("GAP"),
  DROPOUT: flag(false),
  "CLASSIFIER.TYPE": text("FC"),
  "CLASSIFIER.COS_SCALE": number(16),
  "CLASSIFIER.SEMI_TYPE": text("mlp"),
  "CLASSIFIER.MULTI_NETWORK_TYPE": names(["FC"], `${unread}; every expert has a CLASSIFIER.TYPE`),
  "CLASSIFIER.BIAS": flag(true),
  "CLASSIFIER.NUM": whole(0, unread),
  "LOSS.LOSS_TYPE": text("CrossEntropy"),
  "LOSS.HCM_N": whole(5),
  "LOSS.CON_RATIO": number(0),
  "LOSS.HCM_RATIO": number(0),
  "LOSS.CE_RATIO": number(0),
  "LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR": number(0),
  "LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR_HCM": number(0),
  "TRAIN.BATCH_SIZE": whole(32),
  "TRAIN.MAX_EPOCH": whole(60),
  "TRAIN.SHUFFLE": flag(true),
  "TRAIN.NUM_WORKERS": whole(8, threads),
  "TRAIN.TENSORBOARD.ENABLE": flag(true, "what it would show is in metrics.jsonl"),
  "TRAIN.COMBINER.TYPE": text("multi_network_default"),
  "TRAIN.SAMPLER.TYPE": text("default", "the reference samples by TRAIN.SAMPLER.MULTI_NETWORK_TYPE"),
  "TRAIN.SAMPLER.MULTI_NETWORK_TYPE": names(["default"]),
  "TRAIN.OPTIMIZER.TYPE": text("SGD"),
  "TRAIN.OPTIMIZER.BASE_LR": number(0.001),
  "TRAIN.OPTIMIZER.MOMENTUM": number(0.9),
  "TRAIN.OPTIMIZER.WEIGHT_DECAY": number(1e-4),
  "TRAIN.LR_SCHEDULER.TYPE": text("multistep"),
  "TRAIN.LR_SCHEDULER.LR_STEP": wholes([40, 50]),
  "TRAIN.LR_SCHEDULER.LR_FACTOR": number(0.1),
  "TRAIN.LR_SCHEDULER.WARM_EPOCH": whole(5),
  "TRAIN.LR_SCHEDULER.COSINE_DECAY_END": whole(0),
  "TRAIN.DISTRIBUTED": flag(false),
  "TRAIN.SYNCBN": flag(false, "the reference synchronizes batch norm whenever TRAIN.DISTRIBUTED is True"),
  "TEST.BATCH_SIZE": whole(32),
  "TEST.NUM_WORKERS": whole(8, threads),
  "TEST.MODEL_FILE": text("", "the model to evaluate is the argument of `longtail evaluate`"),
  "TRANSFORMS.MULTI_AUG": flag(false, unread),
  "TRANSFORMS.TRAIN_TRANSFORMS": names(["random_resized_crop", "random_horizontal_flip"], ownTransforms),
  "TRANSFORMS.TEST_TRANSFORMS": names(["shorter_resize_for_crop", "center_crop"], ownTransforms),
  "TRANSFORMS.PROCESS_DETAIL.RANDOM_CROP.PADDING": whole(4, ownTransforms),
  "TRANSFORMS.PROCESS_DETAIL.RANDOM_RESIZED_CROP.SCALE": range([0.08, 1], ownTransforms),
  "TRANSFORMS.PROCESS_DETAIL.RANDOM_RESIZED_CROP.RATIO": range([0.75, 1.333333333], ownTransforms),
} as const satisfies Record<string, KeySpec<Json>>;

export type ReferenceKey = keyof typeof referenceKeys;
export type ReferenceValue<K extends ReferenceKey> = (typeof referenceKeys)[K]["default"];

export const referenceKeyNames = Object.keys(referenceKeys) as ReferenceKey[];

export function isReferenceKey(name: string): name is ReferenceKey {
  return Object.hasOwn(referenceKeys, name);
}
