import type { Views } from "./data.js";
import type { Importer } from "./importer.js";
import type { ReferenceKey } from "./keys.js";

const losses = { CrossEntropy: "cross-entropy", NIL_NBOD: "ncl", NIL_NBOD_plus: "ncl-plus-plus" } as const;

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
  importContrastive(from, views);
  if (kind === undefined) return;
  if (kind === "ncl-plus-plus") {
    from.notYet("LOSS.LOSS_TYPE", "NCL++");
    return;
  }
  if (views === "copies")
    from.refuse("LOSS.LOSS_TYPE", "expected NIL_NBOD_plus with a data set that makes INTRA_N copies");
  from.set("method.kind", kind, "LOSS.LOSS_TYPE");
  from.set("method.experts", from.value("BACKBONE.MULTI_NETWORK_TYPE").length, "BACKBONE.MULTI_NETWORK_TYPE");
  if (kind === "ncl") importNcl(from);
  else from.unused("LOSS.LOSS_TYPE CrossEntropy has no such term", ...lossKeys);
}

function importNcl(from: Importer): void {
  from.map("LOSS.HCM_N", "method.hardCategories");
  from.map("LOSS.CE_RATIO", "method.crossEntropy");
  from.map("LOSS.HCM_RATIO", "method.hard");
  from.map("LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR", "method.distillation");
  from.map("LOSS.MULTI_CLASIIFIER_LOSS.DIVERSITY_FACTOR_HCM", "method.hardDistillation");
  from.fix("method.mask", "first");
  from.fix("method.nonHard", "zeroed");
  from.fix("method.logEpsilon", 1e-9);
}

/** MoCo, the views and the combiner go together. */
function importContrastive(from: Importer, views: Views | undefined): void {
  const contrastive = from.value("NETWORK.MOCO");
  const combiner = from.choice("TRAIN.COMBINER.TYPE", {
    multi_network_default: false,
    multi_network_default_CON: true,
  });
  const together = `with NETWORK.MOCO ${contrastive ? "True" : "False"}`;
  if (combiner !== undefined && combiner !== contrastive)
    from.refuse(
      "TRAIN.COMBINER.TYPE",
      `expected multi_network_default${contrastive ? "_CON" : ""} ${together}`,
    );
  if (views !== undefined && (views === "two") !== contrastive)
    from.refuse(
      "DATASET.DATASET",
      `expected a data set ${contrastive ? "with two views, …_MOCO…" : "without a second view"} ${together}`,
    );
  if (contrastive) from.notYet("NETWORK.MOCO", "the contrastive branch");
  else from.unused("it belongs to NETWORK.MOCO True", ...contrastiveKeys);
}
