import { expect, test } from "vitest";
import { loadRecipe } from "./load.js";
import { builtInRecipes, findBuiltIn } from "./registry.js";

const names = builtInRecipes.map((recipe) => recipe.name);
const tasks = ["cifar100-lt", "cifar100-lt50", "cifar10-lt", "cifar10-lt50"];

test("every method is there for every CIFAR", () => {
  for (const task of tasks)
    for (const method of ["ncl", "ncl-contrastive", "ncl-plus-plus", "balanced-softmax", "ce"])
      expect(names).toContain(`${task}-${method}`);
  expect(names).toContain("caltech20-lt-ncl");
  expect(new Set(names).size).toBe(names.length);
});

test.each(names)("%s resolves to itself with every default", async (name) => {
  const resolved = await loadRecipe(name);
  expect(resolved).toMatchObject(findBuiltIn(name)!);
  expect(JSON.parse(JSON.stringify(resolved))).toEqual(resolved);
});

test.each(names.filter((name) => !/^caltech|-(lift|lift-plus|pretrained)$/.test(name)))(
  "%s can be compared with the papers, and says with what",
  async (name) => {
    const { data, evaluation, citation, method } = await loadRecipe(name);
    expect(data.dropLast).toBe(true);
    expect(evaluation.groups).toBe("ncl");
    if (method.kind === "ncl" || method.kind === "ncl-plus-plus")
      expect(method).toMatchObject({ hardCategorySource: "first", otherLogits: "zeroed", logEpsilon: 1e-9 });
    if (name.includes("contrastive"))
      expect(method).toMatchObject({ contrastive: { keyProjection: "frozen", queue: 1024, dimension: 64 } });
    expect(citation).toContain("; measured: ");
  },
);

test.each(tasks)("%s: the methods have the same images, network and schedule", async (task) => {
  const recipes = await Promise.all(
    names
      .filter(
        (name) => name.startsWith(`${task}-`) && !/-(crt|ldam-drw|lift|lift-plus|pretrained)$/.test(name),
      ) // with their papers' own
      .map((name) => loadRecipe(name)),
  );
  const [first, ...others] = recipes.map(
    ({
      name: _1,
      description: _2,
      citation: _3,
      method: _4,
      data: { secondView: _5, ...data },
      ...rest
    }) => ({
      ...rest,
      data,
    }),
  );
  expect(others.length).toBeGreaterThan(1);
  for (const other of others) expect(other).toEqual(first);
});

test("the long-tailed CIFARs differ in the data alone", async () => {
  const [hundred, fifty] = await Promise.all([
    loadRecipe("cifar100-lt-ncl"),
    loadRecipe("cifar100-lt50-ncl"),
  ]);
  expect({ ...fifty, data: { ...fifty.data, imbalance: 100 } }).toEqual({
    ...hundred,
    name: fifty.name,
    description: fifty.description,
    citation: fifty.citation,
  });
});
