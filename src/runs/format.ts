/**
 * Versions of what a run's folder holds, and how older ones are read: everything that reads a run comes through here. Old
 * files are migrated in memory and stay as they are.
 *
 * | version | since | what changed |
 * |---|---|---|
 * | 2 | before November 2026 | the first version that is read |
 * | 3 | November 2026 | keys of the recipe have the field's names: recipes/renamed-keys.ts lists them, stored-recipe.ts reads them |
 * | 4 | December 2026 | events and checkpoints say `terms` for `parts`, checkpoints `correct` for `right`; recipe.json has a `format` |
 *
 * Keys that were added in between have their defaults where an old file lacks them. A new version goes here with its
 * migration, and a run that it made before goes to test/fixtures.
 */
import { CheckpointError, LongtailError } from "../support/errors.js";
import { isObject, type JsonObject } from "../support/json.js";

/** Version of runs that are written today: of recipe.json, and of checkpoints. */
export const RUN_FORMAT = 4;

const OLDEST_FORMAT = 2;

/** recipe.json did not say its version before version 4. */
export function assertReadableDescription(format: unknown, path: string): void {
  if (format === undefined || isReadable(format)) return;
  throw new LongtailError(`${path} has ${formatText(format)}.`);
}

/** @param version as the checkpoint's metadata has it, in text. */
export function assertReadableCheckpoint(version: string | undefined, path: string): void {
  if (version !== undefined && /^\d+$/.test(version) && isReadable(Number(version))) return;
  throw new CheckpointError(`${path} has ${formatText(version)}.`);
}

function isReadable(format: unknown): boolean {
  return typeof format === "number" && format >= OLDEST_FORMAT && format <= RUN_FORMAT;
}

function formatText(format: unknown): string {
  const advice =
    Number(format) > RUN_FORMAT
      ? "a newer longtail wrote it; update longtail to read it"
      : "train it again, or read it with the longtail that wrote it";
  return `format ${String(format)}; this version of longtail reads formats ${OLDEST_FORMAT} to ${RUN_FORMAT}: ${advice}`;
}

/** An event as a line of metrics.jsonl has it, under today's names. */
export function migrateEvent(event: JsonObject): JsonObject {
  const named = withNames(event, { parts: "terms" });
  return event["type"] === "evaluation" ? { split: "test", ...named } : named;
}

/** What a checkpoint says besides its tensors and its recipe, under today's names and with what was added since. */
export function migrateProgress(description: JsonObject): JsonObject {
  const { sums = null, best = null, bestOnTest = null, trained = null } = description;
  const migrated = isObject(sums) ? withNames(sums, { parts: "terms", right: "correct" }) : sums;
  return { ...description, sums: migrated, best, bestOnTest, trained };
}

/** The object with keys renamed, in their order; a key that is there under its new name stays. */
function withNames(object: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  if (!Object.keys(names).some((name) => Object.hasOwn(object, name))) return object;
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => {
      const now = names[key];
      return [now === undefined || Object.hasOwn(object, now) ? key : now, value];
    }),
  );
}
