/** What is said of the images of a training before its first step. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe, writeToyData } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("test");

/** Toy data with a validation folder, in which a file is no image. */
function withValidation(): string {
  const root = at("with-validation");
  writeToyData(root);
  cpSync(join(root, "test"), join(root, "val"), { recursive: true });
  writeFileSync(join(root, "val/bee/broken.png"), "no image");
  return root;
}

const strings = (events: readonly { type: string }[], type: string): string[] =>
  events.flatMap((event) => (event.type === type && "message" in event ? [String(event.message)] : []));

test("images of a validation folder that choose nothing are named, and what of them is left out, also in the run", async () => {
  const root = withValidation();
  const recipe = toyRecipe(root, { epochs: 1, data: { ...toyRecipe(root).data, strict: false } });
  const { events } = await trainToy(recipe, at("run"));
  const warnings = strings(events, "warning").map((text) => text.replaceAll(`${root}/`, ""));
  expect(warnings).toEqual([
    expect.stringMatching(/^1 validation image is left out: val\/bee\/broken.png: .*found text/),
    "12 validation images (val) are not used; --select held-out (selection.kind=held-out) chooses the epoch by them.",
  ]);
  expect(JSON.parse(readFileSync(join(at("run"), "left-out.json"), "utf8"))).toMatchObject([
    { split: "validation", where: join(root, "val/bee/broken.png"), images: 1 },
  ]);
});

test.each<[string, Partial<ResolvedRecipe>, object]>([
  ["an epoch", { selection: { kind: "held-out", fraction: 0.25, seed: 0, patience: null } }, {}],
  ["the recipe, as fit says", {}, { validationChose: true }],
])("nothing is said where they choose %s", async (_, changes, options) => {
  const root = withValidation();
  const data = { ...toyRecipe(root).data, strict: false };
  const { events } = await trainToy(toyRecipe(root, { epochs: 1, data, ...changes }), at("run"), options);
  expect(strings(events, "warning")).toEqual([expect.stringContaining("broken.png")]);
});
