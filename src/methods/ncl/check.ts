import type { RecipeIssue } from "../../recipes/faults.js";
import type { RecipeWith } from "../ensemble/define-method.js";
import type { NclSchema } from "./schema.js";

type NclRecipe = Pick<RecipeWith<typeof NclSchema>, "data" | "method">;

/** Faults of the contrastive branch: a queue that a batch does not fit in, a second view that nothing looks at. */
export function contrastiveIssues({ method, data }: NclRecipe): RecipeIssue[] {
  const { contrastive, sharedStages } = method;
  const issues: RecipeIssue[] = [];
  if (contrastive === null) return issues;
  if (contrastive.queue < data.batch)
    issues.push({
      key: "method.contrastive.queue",
      expected: `at least ${data.batch}, the images of a batch (data.batch)`,
    });
  if (sharedStages > 0)
    issues.push({
      key: "method.sharedStages",
      expected: "0 with method.contrastive, whose key encoders each follow a whole expert",
    });
  return issues;
}
