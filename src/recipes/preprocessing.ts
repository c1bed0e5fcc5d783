import { isObject, type Json, type JsonObject } from "../support/json.js";
import { WEIGHTS, type WeightsName } from "../weights/registry.js";

/**
 * The recipe with what its published weights decide and it does not say itself: the backbone, and how images are prepared
 * (data.imageSize, mean, std, train, test). Training images are prepared like test images then, the same every time.
 */
export function withPreprocessing(recipe: Json): Json {
  const pretrained = isObject(recipe) ? recipe["pretrained"] : undefined;
  const name = isObject(pretrained) ? pretrained["weights"] : undefined;
  if (!isObject(recipe) || typeof name !== "string" || !Object.hasOwn(WEIGHTS, name)) return recipe;
  const { backbone, preprocessing } = WEIGHTS[name as WeightsName];
  const { resize: size, interpolation, crop, mean, std } = preprocessing;
  const transforms: Json = [
    { kind: "resize", size, interpolation },
    { kind: "center-crop", size: crop },
  ];
  const prepared: JsonObject = { imageSize: crop, train: transforms, test: transforms, mean, std };
  const { data } = recipe;
  return { backbone, ...recipe, ...(isObject(data) && { data: { ...prepared, ...data } }) };
}
