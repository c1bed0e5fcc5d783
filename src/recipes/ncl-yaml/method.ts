import type { Views } from "./data.js";
import type { Importer } from "./importer.js";
import type { ReferenceKey } from "./keys.js";

const losses = { CrossEntropy: "cross-entropy", NIL_NBOD: "ncl", NIL_NBOD_plus: "ncl-plus-plus" } as const;

type Kind = (typeof losses)[keyof typeof losses];

const lossKeys: readonly ReferenceKey[] = [
  "LOSS.HCM_N",
  "LOSS.HCM_RATIO",
  "LOSS.CE_RATIO",
  "LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR",
  "LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR_HCM",
];
const contrastiveKeys: readonly ReferenceKey[] = [
  "NETWORK.MA_MODEL_ALPHA",
  "NETWORK.MOCO_K",
  "NETWORK.MOCO_DIM",
  "NETWORK.MOCO_T",
  "CLASSIFIER.SEMI_TYPE",
  "LOSS.CON_RATIO",
];

/** LOSS, NETWORK and TRAIN.COMBINER. */
export function importMethod(from: Importer, views: Views | undefined): void {
  const kind = from.choice("LOSS.LOSS_TYPE", losses);
  const contrastive = from.value("NETWORK.MOCO");
  checkCombiner(from, contrastive);
  checkViews(from, { views, contrastive, kind });
  if (kind !== undefined) {
    from.set("method.kind", kind, "LOSS.LOSS_TYPE");
    importExperts(from, kind);
    if (kind === "cross-entropy") from.unused("LOSS.LOSS_TYPE CrossEntropy has no such term", ...lossKeys);
    else importNested(from, kind);
  }
  if (!contrastive) from.unused("it belongs to NETWORK.MOCO True", ...contrastiveKeys);
  else if (kind === undefined || kind === "ncl") importContrastive(from);
  else from.notYet("NETWORK.MOCO", "the contrastive branch with another LOSS.LOSS_TYPE than NIL_NBOD");
}

function importExperts(from: Importer, kind: Kind): void {
  const key = "BACKBONE.MULTI_NETWORK_TYPE";
  const experts = from.value(key).length;
  from.set("method.experts", experts, key);
  if (experts === 1 && kind !== "cross-entropy")
    from.remark(key, "a single network has no other to learn from: the distillation between experts is 0");
}

/** What NCL and NCL++ have in common, and what each has alone. */
function importNested(from: Importer, kind: "ncl" | "ncl-plus-plus"): void {
  const factor = "LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR";
  from.map("LOSS.HCM_N", "method.hardCategories");
  from.map("LOSS.CE_RATIO", "method.crossEntropy");
  from.map("LOSS.HCM_RATIO", "method.hardCrossEntropy");
  from.map(factor, "method.distillation");
  if (kind === "ncl") {
    from.map(`${factor}_HCM`, "method.hardDistillation");
  } else {
    from.unused("NIL_NBOD_plus does not read it, in the reference either", `${factor}_HCM`);
    from.map("DATASET.INTRA_N", "method.augmentations");
  }
  from.fix("method.hardCategorySource", "first");
  from.fix("method.otherLogits", "zeroed");
  from.fix("method.logEpsilon", 1e-9);
}

function importContrastive(from: Importer): void {
  const [queue, batch] = [from.value("NETWORK.MOCO_K"), from.value("TRAIN.BATCH_SIZE")];
  if (queue > 0 && queue < batch)
    from.refuse("NETWORK.MOCO_K", `expected at least TRAIN.BATCH_SIZE, ${batch}`);
  else if (queue % batch !== 0)
    from.remark(
      "NETWORK.MOCO_K",
      "TRAIN.BATCH_SIZE does not divide it: the queue wraps, the reference stops",
    );
  from.choice("CLASSIFIER.SEMI_TYPE", { mlp: true });
  from.map("LOSS.CON_RATIO", "method.contrastive.weight");
  from.map("NETWORK.MOCO_K", "method.contrastive.queue");
  from.map("NETWORK.MOCO_DIM", "method.contrastive.dimension");
  from.map("NETWORK.MOCO_T", "method.contrastive.temperature");
  from.map("NETWORK.MA_MODEL_ALPHA", "method.contrastive.momentum");
  from.set("method.contrastive.projectionBias", from.value("CLASSIFIER.BIAS"), "CLASSIFIER.BIAS");
  from.fix("method.contrastive.keyProjection", "frozen");
}

function checkCombiner(from: Importer, contrastive: boolean): void {
  const combiner = from.choice("TRAIN.COMBINER.TYPE", {
    multi_network_default: false,
    multi_network_default_CON: true,
  });
  if (combiner === undefined || combiner === contrastive) return;
  const expected = `multi_network_default${contrastive ? "_CON" : ""}`;
  from.refuse("TRAIN.COMBINER.TYPE", `expected ${expected} ${withMoco(contrastive)}`);
}

/** MoCo needs two views of an image, NCL++ its copies, and no other loss knows what to do with more than one. */
function checkViews(
  from: Importer,
  { views, contrastive, kind }: { views: Views | undefined; contrastive: boolean; kind: Kind | undefined },
): void {
  if (views === undefined) return;
  const plus = kind === "ncl-plus-plus";
  if ((views === "two") !== contrastive) {
    const which = contrastive ? "with two views (…_MOCO…)" : "without a second view";
    from.refuse("DATASET.DATASET", `expected a data set ${which} ${withMoco(contrastive)}`);
  } else if (views === "copies" && kind !== undefined && !plus) {
    from.refuse("LOSS.LOSS_TYPE", "expected NIL_NBOD_plus with a data set that makes INTRA_N copies");
  } else if (views === "one" && plus) {
    from.refuse("DATASET.DATASET", "expected a data set that makes INTRA_N copies with NIL_NBOD_plus");
  }
}

function withMoco(contrastive: boolean): string {
  return `with NETWORK.MOCO ${contrastive ? "True" : "False"}`;
}
