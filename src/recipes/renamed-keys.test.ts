import { expect, test } from "vitest";
import { UsageError } from "../support/errors.js";
import { type Json, valueAt } from "../support/json.js";
import { recipeKeys } from "./keys.js";
import { loadRecipe } from "./load.js";
import { parseOverride } from "./overrides.js";
import { migrateRecipe, migrateValue, renamedKeys } from "./renamed-keys.js";
import { resolveRecipe } from "./resolve.js";

const keys = recipeKeys();
const paths = new Set(
  keys.flatMap(({ path }) => path.split(".").map((_, i, all) => all.slice(0, i + 1).join("."))),
);

test.each(renamedKeys)("$before is no key of today, and $now is one", ({ before, now, values }) => {
  expect(paths).toContain(now);
  if (before !== now) expect(paths).not.toContain(before);
  const { type } = keys.find(({ path }) => path === now)!;
  for (const [old, value] of Object.entries(values ?? {})) {
    expect(type.split(/ of |, /)).toContain(value);
    expect(type.split(/ of |, /)).not.toContain(old);
  }
});

test.each(renamedKeys)("$before is migrated, and nothing else", ({ before, now, values }) => {
  const [old = "kept", value = "kept"] = Object.entries(values ?? {})[0] ?? [];
  const nested = (path: string, leaf: Json): Json =>
    path.split(".").reduceRight<Json>((inner, key) => ({ other: 1, [key]: inner }), leaf);
  const recipe = nested(before, old);
  const text = JSON.stringify(recipe);
  const migrated = migrateRecipe(recipe);
  expect(valueAt(migrated, now.split("."))).toBe(value);
  if (before !== now) expect(valueAt(migrated, before.split("."))).toBeUndefined();
  expect(valueAt(migrated, ["other"])).toBe(1);
  expect(JSON.stringify(recipe)).toBe(text);
  expect(migrateRecipe(migrated)).toEqual(migrated);
});

test("a recipe of today is migrated to itself", async () => {
  const recipe = (await loadRecipe("cifar100-lt-ncl")) as unknown as Json;
  expect(migrateRecipe(recipe)).toEqual(recipe);
  expect(migrateRecipe(null)).toBe(null);
  expect(migrateValue("evaluation.groups", "reference")).toBe("ncl");
  expect(migrateValue("evaluation.groups", "field")).toBe("field");
  expect(migrateValue("backbone", "reference")).toBe("reference");
});

/** The message for an old name in a recipe that is written today. */
function fault(recipe: Json, ...overrides: string[]): string {
  try {
    resolveRecipe(recipe, "my.yaml", overrides.map(parseOverride));
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  return "no error";
}

test("an old name in a recipe of today is an error that says the new one, wherever it is written", async () => {
  const today = (await loadRecipe("cifar100-lt-ncl")) as unknown as Record<string, Json>;
  const old = {
    ...today,
    reference: "a paper",
    schedule: { kind: "multistep", at: [3], factor: 0.5 },
    evaluation: { groups: "reference" },
    selection: { kind: "held-out", share: 0.2 },
  };
  expect(fault(old)).toMatchInlineSnapshot(`
    "schedule.at is now schedule.milestones (my.yaml)
    schedule.factor is now schedule.gamma (my.yaml)
    evaluation.groups: "reference" is now "ncl" (my.yaml)
    selection.share is now selection.fraction (my.yaml)
    reference is now citation (my.yaml)"
  `);
  expect(fault(today, "schedule.at=[3]")).toMatchInlineSnapshot(
    `"schedule.at is now schedule.milestones (--set schedule.at=[3])"`,
  );
  expect(fault(today, 'schedule={"kind":"multistep","at":[3]}')).toMatchInlineSnapshot(
    `"schedule.at is now schedule.milestones (--set schedule={"kind":"multistep","at":[3]})"`,
  );
  expect(fault(today, "evaluation.groups=reference")).toMatchInlineSnapshot(
    `"evaluation.groups: "reference" is now "ncl" (--set evaluation.groups=reference)"`,
  );
  expect(fault(today, "selection.kind=held-out", "selection.share=0.2")).toMatchInlineSnapshot(
    `"selection.share is now selection.fraction (--set selection.share=0.2)"`,
  );
});
