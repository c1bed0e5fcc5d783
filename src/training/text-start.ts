import { resolve } from "node:path";
import { readNames } from "../data/formats/class-names.js";
import type { Method } from "../methods/ensemble/method.js";
import { VISION_TRANSFORMERS } from "../models/architectures.js";
import { textArchitecture, textDirections, textWeights } from "../models/clip-text.js";
import { promptTokens, readClipTokenizer } from "../models/clip-tokenizer.js";
import { Ensemble } from "../models/ensemble.js";
import { fitting, loadWeights } from "../models/load-weights.js";
import { pretrainedFile } from "../models/pretrained.js";
import { CosineClassifier } from "../models/registry.js";
import type { RecipeIssue } from "../recipes/faults.js";
import { phasesOf } from "./phases.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { DataError } from "../support/errors.js";
import { noGrad } from "../torch/autograd.js";
import { scope } from "../torch/scope.js";
import { installClipVocabulary } from "../weights/install.js";
import { isClip } from "../weights/clip.js";

/** Settings that leave no text tower for a classifier that starts from texts. */
export function textStartIssues(recipe: ResolvedRecipe): RecipeIssue[] {
  const { backbone, pretrained } = recipe;
  const startsFromText = phasesOf(recipe).some(
    ({ recipe: { classifier } }) => classifier.kind === "cosine" && classifier.start === "text",
  );
  if (!startsFromText) return [];
  const key = "classifier.start";
  if (!isClip(backbone))
    return [
      {
        key,
        expected: `class-means or random for backbone ${backbone}; text needs a CLIP's, such as clip-b16`,
      },
    ];
  return pretrained === null
    ? [{ key, expected: "weights to start from (pretrained) beside text: a CLIP's, with its text tower" }]
    : [];
}

/**
 * Sets each class's row of the cosine classifiers to what the text tower of the pretrained weights makes of its name, in the
 * space of the images' features: text initialization of LIFT (Shi et al., ICML 2024).
 * @throws DataError for classes that have numbers in place of names; CheckpointError for weights without a text tower.
 */
export async function startFromText(
  { model }: Pick<Method, "model">,
  { recipe, classes }: { readonly recipe: ResolvedRecipe; readonly classes: readonly string[] },
): Promise<void> {
  const { classifier, pretrained, backbone } = recipe;
  if (!(model instanceof Ensemble) || classifier.kind !== "cosine" || pretrained === null) return;
  const words =
    classifier.names === null
      ? classes
      : wordsFor(classes, resolve(recipe.data.root ?? "", classifier.names));
  assertNames(words);
  const tokenizer = readClipTokenizer(await installClipVocabulary());
  const { file, key } = pretrainedFile(pretrained);
  using _scope = scope();
  using _noGrad = noGrad();
  const weights = fitting(file, () => textWeights(loadWeights(file, key)));
  const { activation } = VISION_TRANSFORMERS[backbone as keyof typeof VISION_TRANSFORMERS];
  const { context } = textArchitecture(weights, { activation });
  const texts = promptTokens(tokenizer, words, { prompt: classifier.prompt, context });
  const directions = fitting(file, () => textDirections(weights, texts, { activation }));
  for (const layer of model.classifiers)
    if (layer instanceof CosineClassifier) layer.weight.copy_(directions.to({ device: layer.weight.device }));
}

/** Words for the classes from a file; classes may share them. @throws DataError where it has not as many. */
function wordsFor(classes: readonly string[], file: string): readonly string[] {
  const words = readNames(file);
  if (words.length === classes.length) return words;
  throw new DataError(
    `${file} (classifier.names): expected words for each of the ${classes.length} classes, found ${words.length}`,
  );
}

/** Numbers and WordNet's ids say nothing to a text tower. */
function assertNames(classes: readonly string[]): void {
  const nameless = classes.find((name) => /^(?:n\d{8}|\d+)$/.test(name));
  if (nameless === undefined) return;
  throw new DataError(
    `classifier.start text: expected names of classes, found ${JSON.stringify(nameless)}; classifier.names takes a file of words, one a ` +
      "line in the order of the labels, and classifier.start class-means needs none",
  );
}
