import type { Importer } from "./importer.js";
import type { ReferenceKey } from "./keys.js";

/** TRAIN and TEST, and the keys of the first level. */
export function importTraining(from: Importer, worldSize: number): void {
  from.map("NAME", "name");
  from.map("RAND_SEED", "seed");
  from.map("TRAIN.MAX_EPOCH", "epochs");
  from.fix("data.dropLast", true);
  importOptimizer(from);
  importSchedule(from);
  importEvaluation(from);
  importSampler(from);
  importBatch(from, worldSize);
  refuseOtherWays(from);
}

function importOptimizer(from: Importer): void {
  const type = "TRAIN.OPTIMIZER.TYPE";
  const kind = from.choice(type, { SGD: "sgd", ADAM: "adam" });
  if (kind === undefined) return;
  from.set("optimizer.kind", kind, type);
  from.map("TRAIN.OPTIMIZER.BASE_LR", "optimizer.lr");
  from.map("TRAIN.OPTIMIZER.WEIGHT_DECAY", "optimizer.weightDecay");
  if (kind === "adam") {
    from.unused(`it does not belong to ${type} ADAM`, "TRAIN.OPTIMIZER.MOMENTUM");
    from.fix("optimizer.beta1", 0.9);
    from.fix("optimizer.beta2", 0.999);
  } else {
    from.map("TRAIN.OPTIMIZER.MOMENTUM", "optimizer.momentum");
    from.fix("optimizer.nesterov", true);
  }
}

function importSchedule(from: Importer): void {
  const type = "TRAIN.LR_SCHEDULER.TYPE";
  const kind = from.choice(type, { multistep: "multistep", warmup: "warmup", cosine: "cosine" } as const);
  if (kind === undefined) return;
  const unused = (...keys: readonly ReferenceKey[]): void => {
    from.unused(`it does not belong to ${type} ${kind}`, ...keys);
  };
  from.set("schedule.kind", kind === "cosine" ? "cosine" : "multistep", type);
  if (kind === "warmup") from.map("TRAIN.LR_SCHEDULER.WARM_EPOCH", "schedule.warmupEpochs");
  else unused("TRAIN.LR_SCHEDULER.WARM_EPOCH");
  if (kind === "cosine") {
    unused("TRAIN.LR_SCHEDULER.LR_STEP", "TRAIN.LR_SCHEDULER.LR_FACTOR");
    importCosine(from);
  } else {
    unused("TRAIN.LR_SCHEDULER.COSINE_DECAY_END");
    from.map("TRAIN.LR_SCHEDULER.LR_STEP", "schedule.milestones");
    from.map("TRAIN.LR_SCHEDULER.LR_FACTOR", "schedule.gamma");
  }
}

/** COSINE_DECAY_END is the epoch of the lowest rate, the last one where it is 0. */
function importCosine(from: Importer): void {
  from.fix("schedule.end", 1e-4);
  const end = from.value("TRAIN.LR_SCHEDULER.COSINE_DECAY_END");
  if (end > 0 && end !== from.value("TRAIN.MAX_EPOCH"))
    from.notYet("TRAIN.LR_SCHEDULER.COSINE_DECAY_END", "a cosine that does not end with TRAIN.MAX_EPOCH");
}

function importEvaluation(from: Importer): void {
  from.map("TEST.BATCH_SIZE", "evaluation.batch");
  from.fix("evaluation.groups", "ncl");
  from.fix("evaluation.reportBest", true);
  from.fix("selection.kind", "last");
  if (from.value("SAVE_STEP") > 0) from.map("SAVE_STEP", "checkpoints.epochs");
  else from.unused("the last epoch leaves a checkpoint all the same", "SAVE_STEP");
  if (from.value("VALID_STEP") === -1) {
    from.set("evaluation.every", from.value("TRAIN.MAX_EPOCH"), "VALID_STEP");
    from.remark("VALID_STEP", "the last epoch is evaluated all the same");
  } else {
    from.map("VALID_STEP", "evaluation.every");
  }
}

const samplers = {
  default: "instance",
  weighted_balance: "class-balanced",
  weighted_square: "fourth-root",
  weighted_progressive: "progressive",
};

/** All experts see the same batch, and its sampler is the first of the list. */
function importSampler(from: Importer): void {
  const key = "TRAIN.SAMPLER.MULTI_NETWORK_TYPE";
  const [first = ""] = from.value(key);
  const kind = from.choiceOf(key, first, samplers);
  if (kind !== undefined) from.set("data.sampler.kind", kind, key);
  if (kind === "fourth-root")
    from.remark(
      key,
      "weighted_square draws classes by the fourth root of their images, not the square root, as in the reference; " +
        "--set data.sampler.kind=square-root changes it",
    );
  if (from.value(key).length > 1) from.remark(key, "no effect beyond the first, as in the reference");
}

/** With TRAIN.DISTRIBUTED the reference has a batch of TRAIN.BATCH_SIZE in every process; data.batch is that of all. */
function importBatch(from: Importer, worldSize: number): void {
  const size = from.value("TRAIN.BATCH_SIZE");
  if (!from.value("TRAIN.DISTRIBUTED")) {
    from.map("TRAIN.BATCH_SIZE", "data.batch");
    return;
  }
  from.set("data.batch", size * worldSize, "TRAIN.BATCH_SIZE");
  const ofAll =
    worldSize === 1
      ? "one process trains with it; for the batch of N GPUs start N by `longtail launch --nproc N`, or multiply it by N and --set optimizer.accumulate=N"
      : `${worldSize} processes train with ${size * worldSize} together`;
  from.remark("TRAIN.DISTRIBUTED", `TRAIN.BATCH_SIZE is of each process, as in the reference: ${ofAll}`);
}

function refuseOtherWays(from: Importer): void {
  if (!from.value("TRAIN.SHUFFLE")) from.notYet("TRAIN.SHUFFLE", "training images in the order of the data");
  if (from.value("EVAL_MODE")) from.notYet("EVAL_MODE", "training with batch norm as in evaluation");
  if (from.value("RESUME_MODEL") !== "")
    from.refuse("RESUME_MODEL", "expected '' and the checkpoint as --from FILE");
  if (from.value("COLOR_SPACE") !== "RGB") from.notYet("COLOR_SPACE", "another order of colors than RGB");
}
