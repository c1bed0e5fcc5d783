import type { z } from "zod";
import type { RecipeIssue } from "../../recipes/faults.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { UsageError } from "../../support/errors.js";
import { builtInSchemas, type MethodSchema, registerSchema } from "../schemas.js";
import type { BatchPeers, Method, TrainingClasses } from "./method.js";

/** A resolved recipe whose method has the keys of this schema. */
export type RecipeWith<S extends MethodSchema> = Omit<ResolvedRecipe, "method"> & {
  readonly method: z.output<S>;
};

/** The keys of a recipe that a method is built from. */
export type BuildRecipe<S extends MethodSchema = MethodSchema> = Pick<
  RecipeWith<S>,
  "backbone" | "classifier" | "dropout" | "epochs" | "freezeBackbone" | "method" | "seed"
> &
  Partial<Pick<ResolvedRecipe, "adapter">>;

/**
 * Class shares that raw logits stand for: those of the images drawn ("sampled": the loss is on the raw logits), or
 * those divided by the classes' numbers of images ("balanced": it is on balanced logits, or weighs classes by 1 / n), or
 * by their power τ ({ tau }: logit adjustment).
 *
 * @example
 * const logitPrior: LogitPrior = "sampled";
 */
export type LogitPrior = "sampled" | "balanced" | { readonly tau: number };

/**
 * Everything that the rest of longtail asks about a method. docs/extending.md says what each field is for.
 *
 * @example
 * const { terms, logitPrior }: MethodDefinition = defineMethod(focal);
 */
export interface MethodDefinition<S extends MethodSchema = MethodSchema> {
  /** Name of the method: the recipe's `method.kind`. */
  readonly kind: string;
  /** Keys of `method` in a recipe: a strict object with `kind` as a literal, and `...ensembleKeys(experts)`. */
  readonly schema: S;
  /** Names of the loss's terms, which add up to it, and what each does. */
  readonly terms: Readonly<Record<string, string>>;
  /** Whether images may be mixed with others (data.mix), and so have two targets. */
  readonly mixedTargets: boolean;
  /** Whether a step takes a second view of each image (data.secondView); false unless given. */
  readonly secondView?: boolean | ((recipe: BuildRecipe<S>) => boolean);
  readonly logitPrior: LogitPrior | ((recipe: BuildRecipe<S>) => LogitPrior);
  /** What a step decides in JavaScript each time, so that no CUDA graph can record it; null, the default: nothing. */
  readonly graphCaptureBlocker?: string | null | ((recipe: BuildRecipe<S>) => string | null);
  /** The trained run that a training learns from: its folder, or one of its checkpoints; none unless given. */
  readonly teacher?: (recipe: BuildRecipe<S>) => string;
  /**
   * Settings that do not go together. Called before the data is opened, with null for the number of classes, and after.
   */
  check?(recipe: RecipeWith<S>, classes: number | null): readonly RecipeIssue[];
  /** Builds the method with new weights, which the recipe's seed determines. */
  build(recipe: BuildRecipe<S>, training: TrainingClasses, peers?: BatchPeers): Method;
}

const definitions = new Map<string, MethodDefinition>();

/**
 * Defines a method and makes it known to recipes: one that comes with longtail has its schema in methods/schemas.ts too.
 *
 * @throws UsageError for a kind that is taken or a schema without the keys that every method has.
 * @example
 * import { buildEnsemble } from "longtail/methods";
 *
 * defineMethod({
 *   kind: "focal",
 *   schema: FocalSchema,
 *   terms: { focal: "each expert learns the labels, above all of images that it finds hard" },
 *   mixedTargets: true,
 *   logitPrior: "sampled",
 *   build: (recipe, { classes }) =>
 *     buildEnsemble(recipe, classes.length, (model) => new FocalMethod(model, recipe.method)),
 * });
 */
export function defineMethod<S extends MethodSchema>(definition: MethodDefinition<S>): MethodDefinition<S> {
  const { kind, schema } = definition;
  if (!(builtInSchemas as readonly unknown[]).includes(schema)) {
    assertSchema(kind, schema);
    assertTerms(kind, definition.terms);
    registerSchema(kind, schema);
  }
  definitions.set(kind, definition);
  return definition;
}

/** The definition of a method. @throws UsageError for a kind that nothing has defined. */
export function methodDefinition(kind: string): MethodDefinition {
  const found = definitions.get(kind);
  if (found !== undefined) return found;
  throw new UsageError(
    `method.kind: expected one of ${[...definitions.keys()].join(", ")}, found ${JSON.stringify(kind)}; a method of your own ` +
      "is known once the recipe's file that defines it has been read",
  );
}

/** Keys that every method has, with values of each kind that they must take and refuse. */
const SHARED_KEYS = ["experts", "sharedStages"] as const;

function assertSchema(kind: string, schema: MethodSchema): void {
  const shape = schema.shape as unknown as Readonly<Record<string, z.ZodType>>;
  const fault = (expected: string): UsageError =>
    new UsageError(`method ${JSON.stringify(kind)}: expected ${expected}`);
  if (shape["kind"]?.safeParse(kind).success !== true || shape["kind"].safeParse(`${kind} `).success)
    throw fault(`a schema whose kind is z.literal(${JSON.stringify(kind)})`);
  if (schema.safeParse({ kind, "no such key": 0 }).success)
    throw fault("a schema that refuses unknown keys: z.strictObject");
  for (const key of SHARED_KEYS) {
    const own = shape[key];
    if (own === undefined) throw fault(`the key ${key} in its schema; spread ensembleKeys(1) into it`);
    const numbers = own.safeParse(2).success && own.safeParse(undefined).success;
    if (!numbers || own.safeParse("2").success || own.safeParse(-1).success)
      throw fault(
        `the key ${key} as every method has it, found another schema that shadows it; spread ensembleKeys(1) instead`,
      );
  }
}

function assertTerms(kind: string, terms: MethodDefinition["terms"]): void {
  if (Object.keys(terms).length > 0) return;
  throw new UsageError(`method ${JSON.stringify(kind)}: expected at least one term of its loss, found none`);
}
