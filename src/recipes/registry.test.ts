import { expect, test } from "vitest";
import { builtInRecipes, findBuiltIn } from "./registry.js";
import { loadRecipe } from "./load.js";

const names = builtInRecipes.map((recipe) => recipe.name);

test("there are six recipes, each with a twin", () => {
  expect(names).toEqual([
    "cifar100-lt-ncl",
    "cifar100-lt-ce",
    "cifar10-lt-ncl",
    "cifar10-lt-ce",
    "caltech20-lt-ncl",
    "caltech20-lt-ce",
  ]);
});

test.each(names)("%s resolves to itself with every default", async (name) => {
  const resolved = await loadRecipe(name);
  expect(resolved).toMatchObject(findBuiltIn(name)!);
  expect(resolved.evaluation.groups).toBe("field");
  expect(JSON.parse(JSON.stringify(resolved))).toEqual(resolved);
});

test.each(["cifar100-lt", "cifar10-lt"])("%s: the twins differ in the method alone", async (task) => {
  const [ncl, ce] = await Promise.all([loadRecipe(`${task}-ncl`), loadRecipe(`${task}-ce`)]);
  const { name: _1, description: _2, method: _3, ...left } = ncl;
  const { name: _4, description: _5, method: _6, ...right } = ce;
  expect(left).toEqual(right);
});
