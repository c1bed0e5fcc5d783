/** Networks from files that hold weights alone: the reference's checkpoints. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenPath } from "../../test/support/golden.js";
import { CheckpointError } from "../support/errors.js";
import { memory, scope } from "../torch/scope.js";
import { referenceRecipe, writeTenClasses } from "../training/reference.fixture.js";
import { temporaryFolder, writeToyData } from "../training/toy.fixture.js";
import { evaluateTrained } from "./evaluate.js";
import { loadTrained, loadWithRecipe } from "../training/trained.js";

const path = goldenPath("reference_checkpoint.pth");
let temporary: ReturnType<typeof temporaryFolder>;
let root: string;
beforeAll(() => {
  temporary = temporaryFolder();
  root = join(temporary.path, "data");
  writeTenClasses(root);
});
afterAll(() => {
  temporary[Symbol.dispose]();
});

test("golden checkpoint: judged with the recipe's network and the data's classes, the same in both formats", async () => {
  const before = memory().live;
  const results = [];
  for (const file of [path, goldenPath("reference_checkpoint_legacy.pth")]) {
    using trained = await loadWithRecipe(file, referenceRecipe(root));
    results.push(await evaluateTrained(trained));
  }
  expect(results[0]).toMatchObject({ images: 40, experts: [{}, {}] });
  expect(results[1]).toEqual(results[0]);
  expect(memory().live).toBe(before);
});

test("golden checkpoint, another network: the first tensor that is missing or has another shape is named", async () => {
  const before = memory().live;
  const load = (changes: Parameters<typeof referenceRecipe>[1], data = root) =>
    loadWithRecipe(path, referenceRecipe(data, changes));
  await expect(load({ backbone: "resnet44" })).rejects.toThrow(
    /checkpoint[.]pth does not fit this network: .*"backbone[.]0[.]layer1[.]5[.]conv1[.]weight": expected shape \[16, 16, 3, 3\], found no such tensor/,
  );
  await expect(load({ backbone: "resnet20" })).rejects.toThrow(/expected no such tensor, found one/);
  const threeClasses = join(temporary.path, "three");
  writeToyData(threeClasses);
  await expect(load({}, threeClasses)).rejects.toThrow(
    /"classifier[.]0[.]weight": expected shape \[3, 64\], found \[10, 64\]/,
  );
  expect(memory().live).toBe(before);
});

test("without a recipe, the way to give one is told", () => {
  using _ = scope();
  expect(() => loadTrained(path)).toThrow(CheckpointError);
  expect(() => loadTrained(path)).toThrow("is a PyTorch file, which does not say what network it is for");
});
