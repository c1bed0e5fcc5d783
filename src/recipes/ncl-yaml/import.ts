import { basename } from "node:path";
import type { Json, JsonObject } from "../../support/json.js";
import type { Override } from "../overrides.js";
import { ReferenceConfig } from "./config.js";
import { importData } from "./data.js";
import { Importer } from "./importer.js";
import { importMethod } from "./method.js";
import { importNetworks } from "./networks.js";
import { importTraining } from "./training.js";

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
 * @param ranks processes that will train.
 * @throws UsageError with a line for every key that is unknown, of a wrong type, or asks for what is not there.
 */
export function importReference(
  document: JsonObject,
  path: string,
  settings: readonly string[],
  ranks = 1,
): Imported {
  const importer = new Importer(ReferenceConfig.read(document, path, settings));
  const views = importData(importer);
  importNetworks(importer);
  importMethod(importer, views);
  importTraining(importer, ranks);
  const remarks = importer.finish();
  return {
    recipe: { description: `imported from ${basename(path)}` },
    overrides: importer.overrides,
    remarks,
  };
}
