/** Methods that a recipe's file defines: how a run remembers the file, and how it is read again. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileOfMethod } from "../methods/schemas.js";
import { UsageError } from "../support/errors.js";
import type { FileIdentity } from "../support/file-identity.js";
import { isObject, type Json } from "../support/json.js";
import { fileHash, readRecipeFile } from "./file.js";

/**
 * Makes the method of a stored run known, where a recipe's file defined it: reads the file that recipe.json names.
 * Nothing happens for methods of longtail, for methods that are known by now, and for a path that is of no run.
 *
 * @param runOrCheckpoint a run's folder, a checkpoint within one, or a folder of several runs.
 * @throws UsageError when the file is gone, or no longer what it was when the run was trained.
 */
export async function defineMethodOf(runOrCheckpoint: string): Promise<void> {
  for (const path of descriptionsOf(runOrCheckpoint)) await defineMethodIn(path);
}

async function defineMethodIn(path: string): Promise<void> {
  const description = readJson(path);
  const from = isObject(description) ? description["methodFile"] : null;
  if (!isFileIdentity(from)) return;
  const kind = isObject(description) ? kindOf(description["recipe"]) : "";
  if (fileOfMethod(kind)?.sha256 === from.sha256) return;
  assertUnchanged(from, { kind, path });
  await readRecipeFile(from.file);
}

function assertUnchanged(
  { file, sha256 }: FileIdentity,
  { kind, path }: { kind: string; path: string },
): void {
  const needs = `method ${kind} of ${path} is defined by ${file}`;
  if (!existsSync(file))
    throw new UsageError(`${needs}, which is not there; put it back, or change methodFile in ${path}`);
  const found = fileHash(file);
  if (found !== sha256)
    throw new UsageError(
      `${needs}: expected the content that the run was trained with (SHA-256 ${sha256.slice(0, 12)}…), found another ` +
        `(${found.slice(0, 12)}…); restore it, or change methodFile in ${path} if the method computes the same`,
    );
}

/** The recipe.json that goes with a run or a checkpoint; those of all runs in a folder of several. */
function descriptionsOf(runOrCheckpoint: string): string[] {
  if (!existsSync(runOrCheckpoint)) return [];
  const isFolder = statSync(runOrCheckpoint).isDirectory();
  const own = join(isFolder ? runOrCheckpoint : dirname(dirname(runOrCheckpoint)), "recipe.json");
  if (existsSync(own) || !isFolder) return existsSync(own) ? [own] : [];
  const within = readdirSync(runOrCheckpoint).map((name) => join(runOrCheckpoint, name, "recipe.json"));
  return within.filter((path) => existsSync(path));
}

function readJson(path: string): Json {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Json;
  } catch {
    return null; // whoever reads the description itself says what is wrong with it
  }
}

function kindOf(recipe: Json | undefined): string {
  const method = isObject(recipe) ? recipe["method"] : undefined;
  const kind = isObject(method) ? method["kind"] : undefined;
  return typeof kind === "string" ? kind : "";
}

function isFileIdentity(value: unknown): value is FileIdentity {
  return isObject(value) && typeof value["file"] === "string" && typeof value["sha256"] === "string";
}
