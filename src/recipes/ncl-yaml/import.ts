import { basename } from "node:path";
import type { Json, JsonObject } from "../../support/json.js";
import type { Override } from "../overrides.js";
import { ReferenceConfig } from "./config.js";
import { importData } from "./data.js";
import { Importer } from "./importer.js";
import { importMethod } from "./method.js";
import { importTraining } from "./training.js";
import type { ResolvedRecipe } from "../schema.js";

/** The names that the reference's code knows. */
const backbones = {
  res32_cifar: "resnet32",
  res50: "resnet50",
  res152: "resnet152",
} as const satisfies Record<string, ResolvedRecipe["backbone"]>;

const classifiers = {
  FC: "fc",
  FCNorm: "fc-norm",
  cos: "cosine",
} as const satisfies Record<string, ResolvedRecipe["classifier"]["kind"]>;

const DROPOUT = 0.5; // no choice in the reference

/** BACKBONE, MODULE, DROPOUT, CLASSIFIER. The number of experts is that of the networks. */
function importNetworks(from: Importer): void {
  importBackbone(from);
  importClassifier(from);
  from.set("dropout", from.value("DROPOUT") ? DROPOUT : 0, "DROPOUT");
  from.map("BACKBONE.FREEZE", "freezeBackbone");
  const file = from.value("BACKBONE.PRETRAINED_MODEL");
  from.set("pretrained", file === "" ? null : { file, load: "backbone" }, "BACKBONE.PRETRAINED_MODEL");
  const pooling = from.choice("MODULE.TYPE", { GAP: true, Identity: false });
  if (pooling === false) from.notYet("MODULE.TYPE", "features that are not averaged");
}

function importBackbone(from: Importer): void {
  const key = "BACKBONE.MULTI_NETWORK_TYPE";
  const names = from.value(key);
  const [first, ...others] = names.map((name) => from.choiceOf(key, name, backbones));
  if (names.length === 0) from.refuse(key, "expected a network for each expert");
  else if (others.some((other) => other !== first)) from.notYet(key, "experts with different networks");
  else if (first !== undefined) from.set("backbone", first, key);
  if (from.choice("BACKBONE.TYPE", backbones) !== undefined)
    from.unused("the networks are those of BACKBONE.MULTI_NETWORK_TYPE", "BACKBONE.TYPE");
}

function importClassifier(from: Importer): void {
  const kind = from.choice("CLASSIFIER.TYPE", classifiers);
  if (kind === undefined) return;
  from.set("classifier.kind", kind, "CLASSIFIER.TYPE");
  const contrastive = from.value("NETWORK.MOCO");
  if (kind === "fc-norm" && contrastive)
    from.refuse("CLASSIFIER.TYPE", "expected FC or cos with NETWORK.MOCO True, as the reference does");
  else if (kind === "fc-norm") from.unused("FCNorm has none", "CLASSIFIER.BIAS");
  else if (kind === "cosine" && contrastive) {
    from.fix("classifier.bias", true);
    if (!from.value("CLASSIFIER.BIAS"))
      from.remark(
        "CLASSIFIER.BIAS",
        "of the projections alone: with NETWORK.MOCO the cosine classifiers have biases, as in the reference",
      );
  } else from.map("CLASSIFIER.BIAS", "classifier.bias");
  if (kind === "cosine") from.map("CLASSIFIER.COS_SCALE", "classifier.scale");
  else from.unused("it belongs to CLASSIFIER.TYPE cos", "CLASSIFIER.COS_SCALE");
}

export interface Imported {
  readonly recipe: Json;
  /** To be laid over the recipe: each knows the key of the file behind it. */
  readonly overrides: readonly Override[];
  /** What has no effect and what differs from the reference, a line each. */
  readonly remarks: readonly string[];
}

/**
 * Turns a YAML file of the reference code into a recipe that behaves as the reference does (its hard-coded constants
 * and its deviations included): every key is mapped, or remarked on, or refused.
 *
 * @param settings KEY, VALUE, … laid over the file.
 * @param worldSize processes that will train.
 * @throws UsageError with a line for every key that is unknown, of a wrong type, or asks for what is not there.
 */
export function importReference(
  document: JsonObject,
  path: string,
  settings: readonly string[],
  worldSize = 1,
): Imported {
  const importer = new Importer(ReferenceConfig.read(document, path, settings));
  const views = importData(importer);
  importNetworks(importer);
  importMethod(importer, views);
  importTraining(importer, worldSize);
  const remarks = importer.finish();
  return {
    recipe: { description: `imported from ${basename(path)}` },
    overrides: importer.overrides,
    remarks,
  };
}
