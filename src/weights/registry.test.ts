import { expect, test } from "vitest";
import { resolveRecipe } from "../recipes/resolve.js";
import { Recipe, type ResolvedRecipe } from "../recipes/schema.js";
import type { Json, JsonObject } from "../support/json.js";
import type { WeightsEntry } from "./entry.js";
import { autoWeights, WEIGHTS } from "./registry.js";

const recipe = {
  name: "mine",
  epochs: 1,
  data: { kind: "image-folder" },
  method: { kind: "cross-entropy" },
  optimizer: { kind: "sgd", lr: 0.1 },
  schedule: { kind: "constant" },
};
const resolved = (more: JsonObject): ResolvedRecipe => resolveRecipe({ ...recipe, ...more }, "a test");

test("each network's weights name a backbone that there is, and where they are from", () => {
  for (const [name, entry] of Object.entries<WeightsEntry>(WEIGHTS)) {
    expect(entry.name).toBe(name);
    expect(Recipe.shape.backbone.safeParse(entry.backbone).success, entry.backbone).toBe(true);
    expect(entry.license).toMatch(/^(Apache-2\.0|BSD-3-Clause|MIT)$/);
    const { source, sha256 } = entry;
    if (source.kind === "address") expect(source.url).toContain(sha256);
    if (source.kind === "hub") expect(source.repository).toMatch(/^[\w-]+\/[\w.-]+$/);
  }
});

test("preprocessing comes with the weights: crop and squash", () => {
  const cropped = resolved({ pretrained: { weights: "resnet50" } });
  expect(cropped.backbone).toBe("resnet50");
  expect(cropped.data.test).toMatchObject([
    { kind: "resize", size: 232, interpolation: "bilinear" },
    { kind: "center-crop", size: 224 },
  ]);
  const squashed = resolved({ pretrained: { weights: "vit-b16-in21k" } });
  expect(squashed.data.test).toMatchObject([{ kind: "resize-exact", height: 224, width: 224 }]);
  expect(squashed.data.mean).toEqual([0.5, 0.5, 0.5]);
});

test("auto: the weights for the backbone, or those that are quickest on CPUs, with the reason", () => {
  expect(resolved({ pretrained: { weights: "auto" } })).toMatchObject({
    backbone: "efficientnet-lite0",
    pretrained: {
      weights: "efficientnet-lite0",
      reason: expect.stringContaining("quickest on CPUs") as string,
    },
  });
  expect(resolved({ backbone: "resnet50", pretrained: { weights: "auto" } }).pretrained).toMatchObject({
    weights: "resnet50",
    reason: "of the weights known for resnet50 they are the most accurate ones beside resnet50-v1",
  });
  expect(autoWeights("dinov2-s14")?.reason).toContain("the only ones");
  expect(() => resolved({ backbone: "resnet32", pretrained: { weights: "auto" } })).toThrow(
    /auto knows no published weights for backbone "resnet32"; `longtail weights list` shows for which there are some/,
  );
});

test("a resolved recipe keeps what auto chose, and why", () => {
  const first = resolved({ pretrained: { weights: "auto" } });
  expect(resolveRecipe(first as unknown as Json, "recipe.json")).toEqual(first);
});
