import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UsageError } from "../support/errors.js";
import { loadRecipe } from "./load.js";
import { parseOverride } from "./overrides.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-recipes-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The message of the UsageError that a recipe and its overrides cause. */
async function fault(recipe: string, ...overrides: string[]): Promise<string> {
  const error: unknown = await loadRecipe(recipe, overrides.map(parseOverride)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UsageError);
  return (error as UsageError).message.replaceAll(folder, "FOLDER");
}

describe("faults", () => {
  test("a file that holds itself, or has thousands of levels, is named", async () => {
    const expected = "expected at most 200 lists and mappings within each other";
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    expect(await fault(file("cyclic.yaml", "name: &a [*a]\n"))).toBe(
      `FOLDER/cyclic.yaml: ${expected}; an alias must not lead back to itself`,
    );
    expect(await fault(file("deep.json", `{"data":${deep}}`))).toContain(`FOLDER/deep.json: ${expected}`);
    expect(await fault(file("deep.yaml", deep))).toContain(`FOLDER/deep.yaml: not YAML: ${expected}`);
  });

  test("a file of many keys takes linear time, and shows the first faults", async () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join("\n");
    for (const text of [await fault(file("keys.yaml", keys)), await fault(file("K.yaml", `A: 1\n${keys}`))]) {
      expect(text.split("\n")).toHaveLength(21);
      expect(text).toMatch(/\nand \d+ more$/);
    }
    expect(await fault(file("long.yaml", `a: ${"x".repeat(2 ** 20)}`))).toBe(
      "FOLDER/long.yaml: not YAML: expected at most 1048576 characters, found 1048579",
    );
    expect(await fault(file("long.json", `[${"1,".repeat(600_000)}1]`))).toBe(
      "FOLDER/long.json: not JSON: expected at most 1048576 characters, found 1200003",
    );
    expect(await fault(file("list.json", `[${"1,".repeat(100_000)}1]`))).toBe(
      "FOLDER/list.json: expected a recipe, found a list of 100001",
    );
  });

  test("a key that is there twice is named with its line", async () => {
    expect(await fault(file("twice.json", '{\n"epochs": 1,\n"epochs": 2\n}'))).toBe(
      'FOLDER/twice.json: not JSON: "epochs" is there twice, the second time in line 3',
    );
    expect(await fault(file("twice.yaml", "data:\n  batch: 1\n  batch: 2\n"))).toBe(
      'FOLDER/twice.yaml: not YAML: "batch" is there twice, the second time in line 3',
    );
  });

  test("an unknown recipe names the nearest one", async () => {
    expect(await fault("cifar100-lt-nlc")).toMatchInlineSnapshot(
      `"unknown recipe "cifar100-lt-nlc"; did you mean cifar100-lt-ncl? \`longtail recipes\` lists the built-in ones; a file ends in .json, .yaml, .yml, .js, .mjs, .ts"`,
    );
    expect(await fault("imagenet")).not.toContain("did you mean");
  });

  test("an unknown key names the nearest one", async () => {
    expect(await fault("cifar100-lt-ncl", "optimzer.lr=1")).toMatchInlineSnapshot(
      `"unknown key optimzer.lr; did you mean optimizer.lr? (--set optimzer.lr=1)"`,
    );
    expect(await fault("cifar100-lt-ncl", "data.train.0.pading=1")).toMatchInlineSnapshot(
      `"unknown key data.train.0.pading; did you mean data.train.N.padding? (--set data.train.0.pading=1)"`,
    );
    expect(await fault("cifar100-lt-ncl", "color=blue")).toMatchInlineSnapshot(
      `"unknown key color; \`longtail recipes --keys\` lists all of them (--set color=blue)"`,
    );
  });

  test("a key of another kind says whose it is", async () => {
    expect(await fault("cifar100-lt-ce", "method.hardCategories=3")).toMatchInlineSnapshot(
      `"method.hardCategories: not a key of method.kind "cross-entropy", only of ncl, ncl-plus-plus (--set method.hardCategories=3)"`,
    );
  });

  test("a wrong value says what was expected, found and where", async () => {
    expect(
      await fault(
        "cifar100-lt-ncl",
        "epochs=many",
        "data.batch=1.5",
        "optimizer.lr=-1",
        "optimizer.momentum=2",
        "optimizer.clipNorm=big",
        "backbone=resnet-32",
        "method.kind=nlc",
        "data.mean=[0.5]",
        "schedule.milestones=[0]",
        "deterministic=yes",
        "classifier=cosine",
      ),
    ).toMatchInlineSnapshot(`
      "epochs: expected a whole number > 0, found "many" (--set epochs=many)
      data.batch: expected a whole number > 0, found 1.5 (--set data.batch=1.5)
      data.mean: expected a list of 3 numbers, found [0.5] (--set data.mean=[0.5])
      backbone: expected one of resnet8, resnet14, resnet20, resnet32, resnet44, resnet56, resnet110, resnet10, resnet18, resnet34, resnet50, resnet101, resnet152, resnext50-32x4d, resnext101-32x4d, resnext101-32x8d, resnext101-64x4d, efficientnet-lite0, mobilenet-v3-small, mobilenet-v3-large, convnext-tiny, convnext-small, convnext-base, convnext-large, vit-ti16, vit-s16, vit-b16, vit-b16-384, vit-b32, vit-l16, clip-b32, clip-b16, clip-l14, clip-l14-336, openclip-b32, openclip-b16, openclip-l14, dinov2-s14, dinov2-b14, dinov2-l14, dinov2-s14-reg, dinov2-b14-reg, dinov2-l14-reg, siglip-b16, siglip-b16-384, siglip-l16-256, found "resnet-32", did you mean resnet32? (--set backbone=resnet-32)
      classifier: expected an object whose kind is one of fc, fc-norm, cosine, found "cosine" (--set classifier=cosine)
      method.kind: expected one of cross-entropy, balanced-softmax, ncl, ncl-plus-plus, ldam, distill, found "nlc" (--set method.kind=nlc)
      optimizer.lr: expected a number > 0, found -1 (--set optimizer.lr=-1)
      optimizer.momentum: expected a number >= 0 and <= 1, found 2 (--set optimizer.momentum=2)
      optimizer.clipNorm: expected a number > 0 or null, found "big" (--set optimizer.clipNorm=big)
      schedule.milestones: expected a list of whole numbers > 0, found [0] (--set schedule.milestones=[0])
      deterministic: expected true or false, found "yes" (--set deterministic=yes)"
    `);
  });

  test("a file that is missing, broken or no recipe", async () => {
    expect(await fault(join(folder, "none.json"))).toMatchInlineSnapshot(
      `"cannot read recipe FOLDER/none.json: there is no such file"`,
    );
    expect(await fault(file("broken.json", "{"))).toMatch(/^FOLDER\/broken\.json: not JSON: /);
    expect(await fault(file("broken.yaml", "a: [1"))).toMatch(/^FOLDER\/broken\.yaml: not YAML: /);
    expect(await fault(file("list.yaml", "- 1"))).toBe(
      "FOLDER/list.yaml: expected a recipe, found a list of 1",
    );
    expect(await fault(file("no-default.mjs", "export const a = 1;"))).toMatchInlineSnapshot(
      `"FOLDER/no-default.mjs: expected a recipe as its default export"`,
    );
    expect(await fault(file("throws.mjs", "throw new Error('no');"))).toBe(
      "FOLDER/throws.mjs: cannot be run: no",
    );
    expect(await fault(file("base.json", '{"extends": "cifar100-lt-nc"}'))).toMatchInlineSnapshot(
      `"extends: expected the name of a built-in recipe, found "cifar100-lt-nc" (FOLDER/base.json); did you mean cifar100-lt-ncl? \`longtail recipes\` lists the built-in ones"`,
    );
    expect(await fault(file("base.json", '{"extends": "./cifar100-lt-nc.yaml"}'))).toMatchInlineSnapshot(
      `"extends: expected the name of a built-in recipe, found "./cifar100-lt-nc.yaml" (FOLDER/base.json); did you mean cifar100-lt-ncl? \`longtail recipes\` lists the built-in ones"`,
    );
  });

  test("a missing key is named with the file", async () => {
    const path = file("short.json", '{"extends": "cifar100-lt-ce", "schedule": {"kind": "multistep"}}');
    expect(await fault(path, "schedule.kind=cosine", "schedule.kind=multistep")).toMatchInlineSnapshot(
      `"schedule.milestones: expected a list of whole numbers > 0, but it is missing (FOLDER/short.json)"`,
    );
  });
});

describe("files", () => {
  const expected = {
    name: "mine",
    epochs: 8,
    backbone: "resnet32",
    method: { kind: "ncl", experts: 2, hardCategories: 30 },
  };
  const yaml = "extends: cifar100-lt-ncl\nepochs: 8\nmethod: { kind: ncl, experts: 2 }\n";
  const json = '{"extends": "cifar100-lt-ncl", "epochs": 8, "method": {"experts": 2}}';

  test.each([
    ["mine.json", json],
    ["mine.yaml", yaml],
    ["mine.yml", yaml],
    ["mine.mjs", `export default ${json};`],
    ["mine.ts", `const recipe: Record<string, unknown> = ${json};\nexport default recipe;`],
    [
      "mine.ts",
      `import { ResolvedRecipe } from "longtail";\nexport default ${json} as Partial<ResolvedRecipe>;`,
    ],
  ])("%s extends a built-in and is named after itself", async (name, text) => {
    expect(await loadRecipe(file(name, text))).toMatchObject(expected);
    expect(readdirSync(folder)).toEqual([name]);
  });

  test("what is no TypeScript is said with its line", async () => {
    const path = file("mine.ts", "const epochs: number = 8;\nexport default { epochs: };\n");
    await expect(loadRecipe(path)).rejects.toThrow(`${path}: not TypeScript: Expression expected in line 2`);
    expect(readdirSync(folder)).toEqual(["mine.ts"]);
  });

  test("another kind starts from its own defaults", async () => {
    const path = file(
      "mine.yaml",
      "extends: cifar100-lt-ncl\nname: other\nmethod: { kind: cross-entropy }\n",
    );
    const recipe = await loadRecipe(path);
    expect(recipe.name).toBe("other");
    expect(recipe.method).toEqual({ kind: "cross-entropy", experts: 1, sharedStages: 0, labelSmoothing: 0 });
  });

  test("another format of the data keeps how images are prepared", async () => {
    const recipe = await loadRecipe(file("mine.yaml", "extends: imagenet-lt-ncl\ndata: { kind: list }\n"));
    expect(recipe.data).toMatchObject({ kind: "list", imageSize: 224, batch: 256 });
  });

  test("the example is one", async () => {
    const recipe = await loadRecipe(join(import.meta.dirname, "../../examples/my-recipe.yaml"));
    expect(recipe).toMatchObject({
      name: "my-recipe",
      method: { kind: "ncl", experts: 2, hardCategories: 5 },
    });
  });
});
