import type { ResolvedRecipe } from "../recipes/schema.js";

type Data = ResolvedRecipe["data"];

/** What a recipe says of where the images are. */
export type DataSpec = Pick<
  Data,
  | "kind"
  | "root"
  | "trainFile"
  | "testFile"
  | "classNames"
  | "columns"
  | "strict"
  | "imbalance"
  | "imbalanceSeed"
>;

/** The same when the folder is there. */
export type DataSource = DataSpec & { readonly root: string };
