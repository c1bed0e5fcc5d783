import type { RecipeIssue } from "../recipes/faults.js";
import type { ResolvedRecipe, TransformSpec } from "../recipes/schema.js";

type Pipeline = readonly TransformSpec[];

const CORNERS = ["top-left", "top-right", "bottom-left", "bottom-right"] as const;
const MIRROR = { kind: "horizontal-flip", p: 1 } as const;

/**
 * What is done to a training image for each of its views: as the recipe says; mirrored as well; in place of the middle the corners, too,
 * each mirrored as well (ten crops; Krizhevsky et al., NeurIPS 2012). Every view is the same each time.
 */
export function viewsOf({ data, featureViews }: Pick<ResolvedRecipe, "data" | "featureViews">): Pipeline[] {
  const { train } = data;
  const at = train.findLastIndex(({ kind }) => kind === "center-crop");
  const middle = train[at];
  const crops =
    featureViews === "ten-crops" && middle?.kind === "center-crop"
      ? [train, ...CORNERS.map((corner) => train.with(at, { ...middle, kind: "corner-crop", corner }))]
      : [train];
  return featureViews === "plain" ? crops : crops.flatMap((crop) => [crop, [...crop, MIRROR]]);
}

/** Settings that several views do not go together with. */
export function featureViewsIssues(recipe: ResolvedRecipe, hasFeatures: boolean): RecipeIssue[] {
  const { featureViews, data } = recipe;
  if (featureViews === "plain") return [];
  const key = "featureViews";
  if (!hasFeatures)
    return [
      {
        key,
        expected: "plain where no features are computed once",
        remedy:
          "set freezeBackbone=true, freezeBatchNorm=true and pretrained, and take transforms that are the same every time",
      },
    ];
  if (featureViews === "ten-crops" && !data.train.some(({ kind }) => kind === "center-crop"))
    return [
      {
        key,
        expected: "plain or mirrored where data.train has no center-crop, whose place the corners take",
      },
    ];
  return [];
}
