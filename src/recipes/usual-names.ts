/** What other programs call a recipe's keys. No zod here: the command line looks names up before anything is loaded. */

const usualNames: Readonly<Record<string, readonly string[]>> = {
  epochs: ["epoch", "num-epochs", "max-epochs", "train-epochs", "num-train-epochs"],
  "optimizer.lr": ["learning-rate", "base-lr", "initial-lr", "rate"],
  "optimizer.kind": ["opt", "optim", "optimizer"],
  "optimizer.weightDecay": ["wd"],
  "optimizer.momentum": [],
  "optimizer.accumulate": ["accumulation", "gradient-accumulation-steps"],
  "optimizer.clipNorm": ["clip", "clip-grad", "grad-clip", "max-grad-norm"],
  "data.batch": ["batch-size", "train-batch-size", "per-device-train-batch-size", "bs"],
  "data.imageSize": ["img-size", "input-size", "resolution"],
  "data.workers": ["num-workers", "dataloader-num-workers"],
  "data.sampler.kind": ["sampler"],
  "data.mix.kind": ["mixup", "cutmix", "mix"],
  "data.train": ["augmentation", "aug", "transforms"],
  backbone: ["arch", "model", "network", "net"],
  "classifier.kind": ["classifier", "head"],
  dropout: ["drop", "drop-rate"],
  freezeBackbone: ["freeze"],
  trainable: ["unfreeze", "train-only"],
  "optimizer.backboneLr": ["lr-backbone"],
  "optimizer.layerDecay": ["layer-lr-decay"],
  "selection.patience": ["early-stopping", "early-stop", "early-stopping-patience"],
  "pretrained.file": ["pretrained", "weights", "checkpoint"],
  "method.kind": ["method", "loss", "criterion"],
  "method.experts": [],
  "schedule.kind": ["schedule", "scheduler", "lr-scheduler", "lr-scheduler-type"],
  "schedule.warmupEpochs": ["warmup"],
  "schedule.warmupSteps": [],
  "schedule.milestones": ["lr-steps", "steps", "decay-epochs", "decay-milestones"],
  "schedule.gamma": ["lr-gamma", "decay-rate"],
  "ema.decay": ["model-ema-decay"],
  "evaluation.every": ["eval-every", "val-interval", "eval-freq"],
  "checkpoints.epochs": ["save-every", "save-freq", "checkpoint-every"],
  precision: ["amp", "fp16", "bf16", "half", "mixed-precision"],
};

const keys = new Map<string, string>();
for (const [key, names] of Object.entries(usualNames))
  for (const name of [key, key.split(".").at(-1)!, ...names].filter((one) => one !== "kind"))
    if (!keys.has(plain(name))) keys.set(plain(name), key);

/** Key of a recipe that a name of another program stands for, also with a prefix: optimizer.learning_rate. */
export function keyUnderUsualName(name: string): string | undefined {
  return keys.get(plain(name)) ?? keys.get(plain(name.split(".").at(-1)!));
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}
