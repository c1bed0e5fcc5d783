/** Several views of each training image for a frozen network. */
import { describe, expect, test } from "vitest";
import { FeatureBatches } from "../data/features/feature-batches.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { scope } from "../torch/scope.js";
import { featureViewsIssues, viewsOf } from "./feature-views.js";
import { frozenFolder } from "./frozen.fixture.js";
import { trainingBatches } from "./loaders.js";
import { prepare } from "./prepare.js";
import { toyRecipe } from "./toy.fixture.js";
import { openFeatureSets } from "./train-on-features.js";

const at = frozenFolder();

function recipe(changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  const base = toyRecipe(at("data"));
  return {
    ...base,
    method: { kind: "balanced-softmax", experts: 1, sharedStages: 0, tau: 1 },
    data: { ...base.data, train: [] },
    pretrained: { weights: null, file: at("weights/resnet8.safetensors"), load: "backbone", key: null },
    freezeBackbone: true,
    freezeBatchNorm: true,
    ...changes,
  };
}

describe("what is done for each view", () => {
  const train = [
    { kind: "resize", size: 20, interpolation: "bilinear" },
    { kind: "center-crop", size: 16 },
  ] as const;
  const of = (featureViews: ResolvedRecipe["featureViews"]): string[] =>
    viewsOf({ data: { ...recipe().data, train: [...train] }, featureViews }).map((view) =>
      view.map((one) => ("corner" in one ? one.corner : one.kind)).join(" "),
    );

  test("one, its mirror image, ten crops", () => {
    expect(of("plain")).toEqual(["resize center-crop"]);
    expect(of("mirrored")).toEqual(["resize center-crop", "resize center-crop horizontal-flip"]);
    expect(of("ten-crops")).toEqual(
      ["center-crop", "top-left", "top-right", "bottom-left", "bottom-right"].flatMap((crop) => [
        `resize ${crop}`,
        `resize ${crop} horizontal-flip`,
      ]),
    );
  });

  test("does not go together with training on images, or with ten crops of what is not cropped", async () => {
    expect(featureViewsIssues(recipe({ featureViews: "mirrored" }), true)).toEqual([]);
    expect(featureViewsIssues(recipe({ featureViews: "ten-crops" }), true).map(({ key }) => key)).toEqual([
      "featureViews",
    ]);
    await expect(prepare(recipe({ featureViews: "mirrored", freezeBackbone: false }), "cpu")).rejects.toThrow(
      "featureViews: expected plain where no features are computed once",
    );
  });
});

test("an epoch takes one view of each image, the next epoch the next one", async () => {
  const two = recipe({ featureViews: "mirrored" });
  const { train } = await openFeatureSets(two, {});
  const { dataset, features, moreViews = [] } = train;
  expect(moreViews.map(({ length }) => length)).toEqual([features.length]);
  expect(moreViews[0]).not.toEqual(features);
  const views = [features, ...moreViews];
  using _ = scope();
  const options = trainingBatches(two, { dataset, views: ["train"], device: "cpu", firstEpoch: 0 });
  using batches = new FeatureBatches(options, views);
  for (const epoch of [0, 1, 2])
    for (const { images, indices } of batches.epoch(epoch))
      indices.forEach((index, row) => {
        const expected = views[(epoch + index) % 2]!.slice(64 * index, 64 * (index + 1));
        expect(images.narrow(0, row, 1).toList()).toEqual(Array.from(expected));
      });
});
