import { describe, expect, it } from "vitest";
import { parseOverride } from "../../recipes/overrides.js";
import { findBuiltIn } from "../../recipes/registry.js";
import { resolveRecipe } from "../../recipes/resolve.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { adviseOn, type Situation } from "./advise.js";

/** Class sizes that fall evenly (on a logarithmic scale) from the largest to the smallest. */
function falling(classes: number, largest: number, smallest: number): number[] {
  const factor = (smallest / largest) ** (1 / (classes - 1));
  return Array.from({ length: classes }, (_, label) => Math.round(largest * factor ** label));
}

const caltech20: Situation = {
  kind: "image-folder",
  counts: falling(20, 400, 5),
  side: 48,
  smallestTest: 20,
};

/** The recipe that the advice leads to. */
function advised(situation: Situation): ResolvedRecipe {
  const { recipe, advice } = adviseOn(situation);
  const overrides = advice.flatMap(({ set }) => set).map(parseOverride);
  return resolveRecipe(findBuiltIn(recipe) as never, recipe, overrides);
}

describe("advice", () => {
  const situations: Record<string, Situation> = {
    caltech20,
    balanced: { ...caltech20, counts: falling(20, 60, 50) },
    mild: { ...caltech20, counts: falling(20, 60, 12) },
    "small images, many": { ...caltech20, counts: falling(50, 2000, 50) },
    "cifar100-lt": { kind: "cifar100", counts: falling(100, 500, 5), side: 32, smallestTest: 100 },
    "cifar10, balanced": { kind: "cifar10", counts: falling(10, 5000, 5000), side: 32, smallestTest: 1000 },
    "few photographs": { kind: "csv", counts: falling(30, 300, 3), side: 400, smallestTest: null },
    "places-lt": { kind: "list", counts: falling(365, 900, 5), side: 256, smallestTest: 100 },
    "imagenet-lt": { kind: "list", counts: falling(1000, 1280, 5), side: 375, smallestTest: 50 },
    "three classes": { ...caltech20, counts: [500, 30, 4], smallestTest: 0 },
  };

  it.each(Object.keys(situations))("%s: every key and value is one of this program's", (name) => {
    expect(() => advised(situations[name]!)).not.toThrow();
  });

  it("chooses method, network and schedule by the numbers", () => {
    const chosen = Object.entries(situations).map(([name, situation]) => {
      const { method, backbone, epochs, pretrained, selection } = advised(situation);
      return [name, method.kind, backbone, pretrained?.weights ?? "-", epochs, selection.kind].join(" | ");
    });
    expect(chosen).toMatchInlineSnapshot(`
      [
        "caltech20 | ncl | resnet8 | - | 25 | last",
        "balanced | cross-entropy | resnet8 | - | 25 | held-out",
        "mild | balanced-softmax | resnet8 | - | 25 | held-out",
        "small images, many | ncl | resnet32 | - | 100 | held-out",
        "cifar100-lt | ncl | resnet32 | - | 400 | last",
        "cifar10, balanced | cross-entropy | resnet32 | - | 400 | held-out",
        "few photographs | ncl | resnet18 | resnet18 | 60 | last",
        "places-lt | ncl | resnet50 | resnet50 | 30 | last",
        "imagenet-lt | ncl | resnet50 | - | 200 | last",
        "three classes | ncl | resnet8 | - | 25 | last",
      ]
    `);
  });

  it("gives a reason for everything", () => {
    for (const situation of Object.values(situations)) {
      for (const { why, advice, topic, sources } of adviseOn(situation).advice) {
        expect(`${topic}: ${advice} ${why}`).not.toMatch(/NaN|undefined|Infinity/);
        if (["method", "sampling", "network", "schedule"].includes(topic))
          expect(sources.length).toBeGreaterThan(0);
      }
    }
  });

  it("hard classes are no more than there are", () => {
    expect(advised(situations["three classes"]!).method).toMatchObject({ kind: "ncl", hardCategories: 2 });
  });
});
