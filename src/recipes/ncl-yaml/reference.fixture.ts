import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { parse } from "yaml";
import { UsageError } from "../../support/errors.js";
import type { JsonObject } from "../../support/json.js";
import { resolveRecipe } from "../resolve.js";
import type { ResolvedRecipe } from "../schema.js";
import { importReference } from "./import.js";

export interface Outcome {
  readonly recipe: ResolvedRecipe;
  readonly remarks: readonly string[];
}

/** Settings after the file, by key. */
export type Settings = Readonly<Record<string, string>>;

const folder = join(import.meta.dirname, "../../../test/ncl-recipes");

/** All six files. */
export const configurations = readdirSync(folder);

/** What one of the reference's configurations becomes. */
export function imported(file: string, settings: Settings = {}): Outcome {
  const document = parse(readFileSync(join(folder, file), "utf8")) as JsonObject;
  const { recipe, overrides, remarks } = importReference(document, file, Object.entries(settings).flat());
  return { recipe: resolveRecipe(recipe, file, overrides), remarks };
}

/** The message of the UsageError that settings cause. */
export function fault(file: string, settings: Settings = {}): string {
  try {
    imported(file, settings);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error("expected a fault");
}

export const ncl = "cifar100_im100_NCL.yaml";
export const moco = "cifar100_im100_NCL_with_contrastive.yaml";
export const plusPlus = "cifar100_im100_NCL++.yaml";
