import type { ResolvedRecipe } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";

interface MixedRecipe extends Pick<ResolvedRecipe, "method"> {
  readonly data: Pick<ResolvedRecipe["data"], "mix">;
}

/** @throws UsageError for mixed images with a method that needs one target an image. */
export function assertMixFits({ method, data: { mix } }: MixedRecipe): void {
  if (mix === null || method.kind === "cross-entropy" || method.kind === "balanced-softmax") return;
  throw new UsageError(
    `data.mix: expected null with method.kind ${method.kind}, whose hard categories need one target an image; found ${mix.kind}`,
  );
}
